using System.Collections.Immutable;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Particles.Interactions;

/// <summary>
/// Bonds, angles or dihedrals by the places where their atoms stand. Atoms change places only when neighbors are looked for, so this is made
/// anew only then, and into the same memory.
/// </summary>
/// <remarks>
/// Two atoms: each atom has all its bonds, so a bond stands in twice. More: each term stands in once, with its second atom, and the atoms
/// of term t have the slots t·n … t·n + n − 1 of whatever is kept for it; <see cref="SlotStarts"/> and <see cref="Slots"/> say which are an atom's.
/// </remarks>
internal sealed unsafe class PlacedTerms(int size)
{
    private readonly AlignedArray<int> _starts = new();
    private readonly AlignedArray<int> _others = new();
    private readonly AlignedArray<int> _kinds = new();
    private readonly AlignedArray<int> _slotStarts = new();
    private readonly AlignedArray<int> _slots = new();
    private int[] _ownerStarts = [];        // By index in the configuration: its entries.
    private int[] _atoms = [];              // Of each entry the atoms that are looked up.
    private int[] _kindOf = [];
    private int[] _next = [];
    private NeighborList? _list;
    private long _build;

    /// <summary>How many entries there are.</summary>
    public int Count { get; private set; }

    /// <summary>Where the entries of the atom in each place begin; one more than there are atoms.</summary>
    public int* Starts => _starts.Pointer;

    /// <summary>Of a bond the place of the other atom; of other terms the places of all their atoms.</summary>
    public int* Others => _others.Pointer;

    /// <summary>The kind of each entry.</summary>
    public int* Kinds => _kinds.Pointer;

    /// <summary>Where the slots of the atom in each place begin; one more than there are atoms.</summary>
    public int* SlotStarts => _slotStarts.Pointer;

    /// <summary>The slots of all atoms.</summary>
    public int* Slots => _slots.Pointer;

    // Of each entry so many places.
    private int Width => size == 2 ? 1 : size;

    /// <summary>Takes the terms of a configuration.</summary>
    /// <exception cref="ScaleModelException">A term has no parameters or atoms that are not there; all such are counted and the first is named.</exception>
    public void Attach(ImmutableArray<Connection> terms, int atoms, int kinds, string name)
    {
        var faults = terms.Select((t, i) => Fault(t, atoms, kinds, $"{name} {i + 1}")).OfType<string>().ToList();
        if (faults.Count > 0)
        {
            throw new ScaleModelException($"{faults[0]}{(faults.Count > 1 ? $" {faults.Count - 1} more {name}s have faults." : "")}");
        }

        var entries = new List<(int Owner, int Kind, int[] Atoms)>();
        foreach (var (kind, of) in terms)
        {
            if (size == 2)
            {
                entries.Add((of[0], kind, [of[1]]));
                entries.Add((of[1], kind, [of[0]]));
            }
            else
            {
                entries.Add((of[1], kind, [.. of]));
            }
        }

        Count = entries.Count;
        entries = [.. entries.OrderBy(e => e.Owner)];       // Keeps the order of the configuration.
        _ownerStarts = new int[atoms + 1];
        foreach (var (owner, _, _) in entries)
        {
            _ownerStarts[owner + 1]++;
        }

        for (var i = 0; i < atoms; i++)
        {
            _ownerStarts[i + 1] += _ownerStarts[i];
        }

        (_atoms, _kindOf, _list) = ([.. entries.SelectMany(e => e.Atoms)], [.. entries.Select(e => e.Kind)], null);
        _starts.Ensure(atoms + 1);
        _others.Ensure(Count * Width);
        _kinds.Ensure(Count);
        if (size > 2)
        {
            _slotStarts.Ensure(atoms + 1);
            _slots.Ensure(Count * size);
            _next = new int[atoms];
        }
    }

    /// <summary>Looks up the places, if they have changed.</summary>
    public void Update(ParticleStore atoms, NeighborList list)
    {
        if (ReferenceEquals(list, _list) && list.Builds == _build)
        {
            return;
        }

        (_list, _build) = (list, list.Builds);
        var (places, at) = (list.Places, 0);
        var starts = _starts.Pointer;
        var others = _others.Pointer;
        var kinds = _kinds.Pointer;
        for (var i = 0; i < atoms.Count; i++)
        {
            starts[i] = at;
            var id = atoms.Ids[i];
            for (var e = _ownerStarts[id]; e < _ownerStarts[id + 1]; e++, at++)
            {
                kinds[at] = _kindOf[e];
                for (var k = 0; k < Width; k++)
                {
                    others[(at * Width) + k] = places[_atoms[(e * Width) + k]];
                }
            }
        }

        starts[atoms.Count] = at;
        if (size > 2)
        {
            AssignSlots(atoms.Count);
        }
    }

    private void AssignSlots(int atoms)
    {
        var starts = _slotStarts.Pointer;
        var others = _others.Pointer;
        _slotStarts.Span(atoms + 1).Clear();
        for (var s = 0; s < Count * size; s++)
        {
            starts[others[s] + 1]++;
        }

        for (var i = 0; i < atoms; i++)
        {
            starts[i + 1] += starts[i];
            _next[i] = starts[i];
        }

        for (var s = 0; s < Count * size; s++)
        {
            _slots.Pointer[_next[others[s]]++] = s;
        }
    }

    private string? Fault(Connection term, int atoms, int kinds, string name) =>
        term.Atoms.IsDefault || term.Atoms.Length != size ? $"The {name} has {(term.Atoms.IsDefault ? 0 : term.Atoms.Length)} atoms; it needs {size}."
        : term.Atoms.Any(a => a < 0 || a >= atoms) ? $"The {name} has an atom that is not among the {atoms}."
        : term.Atoms.Distinct().Count() < size ? $"The {name} has an atom twice."
        : term.Kind < 0 || term.Kind >= kinds ? $"The {name} is of kind {term.Kind + 1}, and its law has parameters for {kinds}."
        : null;
}

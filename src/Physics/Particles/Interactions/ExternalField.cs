using System.Collections.Immutable;
using System.Runtime.Intrinsics;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Particles.Interactions;

/// <summary>An atom as a field meets it.</summary>
/// <param name="Index">Its index in the configuration.</param>
/// <param name="Kind">Its kind.</param>
/// <param name="Mass">Its mass.</param>
/// <param name="Charge">Its charge; 0 where atoms have none.</param>
/// <param name="Position">Where it is; in the box where that is periodic, or not far from it.</param>
/// <param name="Unwrapped">Where it has gone on: not moved back where it left a periodic box.</param>
public readonly record struct FieldAtom(int Index, int Kind, double Mass, double Charge, Vec3 Position, Vec3 Unwrapped);

/// <summary>Something outside that acts on each atom by itself: a wall, gravity, a tether. Implement it as a struct: the loop is compiled for each by itself.</summary>
public interface IExternalField
{
    /// <summary>The force on an atom, and its energy.</summary>
    /// <param name="atom">The atom.</param>
    /// <param name="energy">Potential energy, of which the force is minus the gradient.</param>
    /// <exception cref="ScaleModelException">The atom is where it cannot be.</exception>
    Vec3 Force(in FieldAtom atom, out double energy);

    /// <summary>What is wrong with these atoms for this field; null if nothing is.</summary>
    string? Fault(AtomConfiguration atoms) => null;
}

/// <summary>A field over all atoms, or over some. Its energy counts; its virial does not, as what holds a wall is not the box.</summary>
internal sealed unsafe class FieldInteraction<TField> : Interaction where TField : struct, IExternalField
{
    private readonly TField _field;
    private readonly ImmutableArray<int> _chosen;
    private readonly Action<int, int, int> _run;
    private bool[] _isChosen = [];          // By the index in the configuration; empty: all are.
    private double[] _charges = [];
    private double[] _masses = [];          // Of each kind.
    private ForcePass? _pass;
    private AtomConfiguration? _start;
    private SimulationBox? _box;            // For which the field has been found to be sound.
    private ScaleModelException?[] _faults = [];    // Of each chunk.

    public FieldInteraction(TField field, ImmutableArray<int> atoms) => (_field, _chosen, _run) = (field, atoms, Forces);

    public override double Cutoff => 0;

    internal override bool KeepsMomentum => false;

    internal override bool HasShares => true;

    internal override void Attach(AtomConfiguration atoms)
    {
        if (!_chosen.IsDefault && _chosen.Any(a => a < 0 || a >= atoms.Count))
        {
            throw new ScaleModelException($"A field was told to act on atom {_chosen.First(a => a < 0 || a >= atoms.Count)}, counted from 0; there are {atoms.Count}.");
        }

        _start = atoms;
        Require(atoms.Box);
        _faults = new ScaleModelException?[ChunkedLoop.Chunks(atoms.Count, ForcePass.Chunk)];

        _isChosen = _chosen.IsDefault ? [] : new bool[atoms.Count];
        foreach (var i in _chosen.IsDefault ? [] : _chosen)
        {
            _isChosen[i] = true;
        }

        (_charges, _masses) = (atoms.Charges.Length == atoms.Count ? [.. atoms.Charges] : [], [.. atoms.Species.Select(s => s.Mass)]);
    }

    internal override void Run(ForcePass pass)
    {
        _pass = pass;
        if (!ReferenceEquals(pass.Box, _box))
        {
            Require(pass.Box);
        }

        Array.Clear(_faults);
        pass.Loop.Run(pass.Atoms.Count, ForcePass.Chunk, _run);

        // Of several atoms that are where they cannot be, the same is named on any number of threads.
        if (Array.Find(_faults, f => f is not null) is { } fault)
        {
            throw fault;
        }
    }

    // A box that is being deformed may come to lie so that the field makes no sense in it.
    private void Require(SimulationBox box)
    {
        if (_field.Fault(_start! with { Box = box }) is { } fault)
        {
            throw new ScaleModelException(fault);
        }

        _box = box;
    }

    private void Forces(int chunk, int first, int past)
    {
        try
        {
            Add(chunk, first, past);
        }
        catch (ScaleModelException fault)
        {
            _faults[chunk] = fault;
        }
    }

    private void Add(int chunk, int first, int past)
    {
        var (field, atoms, cell) = (_field, _pass!.Atoms, _pass.Box.Cell);
        var sum = 0.0;
        for (var i = first; i < past; i++)
        {
            var row = Vector256<double>.Zero;
            var index = atoms.Ids[i];
            if (_isChosen.Length == 0 || _isChosen[index])
            {
                var (x, kind) = (atoms.Position(i), (int)atoms.X[(4L * i) + 3]);
                var force = field.Force(new(index, kind, _masses[kind], _charges.Length == 0 ? 0 : _charges[index], x, x + (cell * atoms.Images[i])), out var energy);
                row = Vector256.Create(force.X, force.Y, force.Z, 0);
                sum += energy;
                if (_pass.WantsShares)
                {
                    _pass.Share(i)[0] += energy;
                }
            }

            if (!_pass.IsFirst)
            {
                row += Vector256.LoadAligned(atoms.F + (4L * i));
            }

            row.StoreAligned(atoms.F + (4L * i));
        }

        if (_pass.Counts)
        {
            _pass.Sums(chunk)[0] += sum;
        }
    }
}

using System.Collections.Immutable;
using System.Runtime.Intrinsics;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Particles.Interactions;

/// <summary>Forces on three or four atoms that belong together.</summary>
internal unsafe interface ITerm
{
    /// <summary>How many atoms a term has.</summary>
    static abstract int Size { get; }

    /// <summary>What messages call it.</summary>
    static abstract string Name { get; }

    /// <summary>The terms of a configuration.</summary>
    static abstract ImmutableArray<Connection> Of(AtomConfiguration atoms);

    /// <summary>How many kinds there are parameters for.</summary>
    int Kinds { get; }

    /// <summary>The energy of a term, and the forces on its atoms.</summary>
    /// <param name="d">x₁ − x₂, x₂ − x₃, …</param>
    /// <param name="f">The force on each atom, to be set.</param>
    /// <param name="kind">The kind of the term.</param>
    double Forces(Vec3* d, Vec3* f, int kind);
}

/// <summary>
/// All terms of one sort. Each writes its forces to slots of its own, and then each atom adds up its slots in one order: no two threads
/// write to the same place. The virial of a term is Σ (x_a − x_1) ⊗ f_a over its atoms a, as its forces add up to zero.
/// </summary>
/// <remarks>
/// Each atom is taken at the image that is nearest to the atom before it, so a term may be longer than half the box as long as none of its
/// steps is. LAMMPS takes the image nearest to one atom of the term: there the two differ, and it warns of such a box.
/// </remarks>
internal sealed unsafe class TermInteraction<TTerm> : Interaction where TTerm : struct, ITerm
{
    private const int MostAtoms = 4;

    private readonly TTerm _term;
    private readonly PlacedTerms _places = new(TTerm.Size);
    private readonly AlignedArray<double> _slots = new();
    private readonly AlignedArray<double> _shares = new();      // Of each slot, where they are wanted.
    private readonly Action<int, int, int> _terms;
    private readonly Action<int, int, int> _gather;
    private ForcePass? _pass;

    public TermInteraction(TTerm term) => (_term, _terms, _gather) = (term, Terms, Gather);

    public override double Cutoff => 0;

    internal override bool HasShares => true;

    internal override void Attach(AtomConfiguration atoms)
    {
        _places.Attach(TTerm.Of(atoms), atoms.Count, _term.Kinds, TTerm.Name);
        _slots.Ensure(4 * TTerm.Size * _places.Count);
    }

    internal override void Run(ForcePass pass)
    {
        _pass = pass;
        _places.Update(pass.Atoms, pass.List);
        if (pass.WantsShares)
        {
            _shares.Ensure(ForcePass.FlowShare * TTerm.Size * _places.Count);
        }

        pass.Loop.Run(pass.Atoms.Count, ForcePass.Chunk, _terms);
        pass.Loop.Run(pass.Atoms.Count, ForcePass.Chunk, _gather);
    }

    private void Terms(int chunk, int first, int past)
    {
        var (term, nearest) = (_term, _pass!.Nearest);
        var x = _pass.Atoms.X;
        var d = stackalloc Vec3[MostAtoms];
        var f = stackalloc Vec3[MostAtoms];
        var (energy, virial) = (0.0, default(SymTensor3));
        for (var t = _places.Starts[first]; t < _places.Starts[past]; t++)
        {
            var places = _places.Others + ((long)t * TTerm.Size);
            for (var a = 0; a < TTerm.Size - 1; a++)
            {
                var difference = nearest.Of(Vector256.LoadAligned(x + (4L * places[a])) - Vector256.LoadAligned(x + (4L * places[a + 1])));
                d[a] = new(difference[0], difference[1], difference[2]);
            }

            var phi = term.Forces(d, f, _places.Kinds[t]);
            energy += phi;
            if (_pass.WantsShares)
            {
                Share(t, phi, d, f);
            }

            var from = Vec3.Zero;       // x_a − x_1
            for (var a = 0; a < TTerm.Size; a++)
            {
                ParticleStore.Write(_slots.Pointer, (t * TTerm.Size) + a, f[a], 0);
                if (a > 0)
                {
                    from -= d[a - 1];
                    virial += new SymTensor3(from.X * f[a].X, from.Y * f[a].Y, from.Z * f[a].Z, from.Y * f[a].Z, from.X * f[a].Z, from.X * f[a].Y);
                }
            }
        }

        if (_pass.Counts)
        {
            var sums = _pass.Sums(chunk);
            sums[0] += energy;
            for (var k = 0; k < 6; k++)
            {
                sums[1 + k] += virial[k];
            }
        }
    }

    // Energy in equal parts, and of the virial (x_a − x̄) ⊗ f_a with the mean x̄ of the atoms of the term: what the flow of heat needs
    // (D. Surblys, H. Matsubara, G. Kikugawa, T. Ohara, Phys. Rev. E 99 (2019) 051301).
    private void Share(int t, double energy, Vec3* d, Vec3* f)
    {
        // x_1 − x̄ = Σ_a (x_1 − x_a) / n
        var (from, sum) = (Vec3.Zero, Vec3.Zero);
        for (var a = 1; a < TTerm.Size; a++)
        {
            from += d[a - 1];
            sum += from;
        }

        from = sum / TTerm.Size;
        for (var a = 0; a < TTerm.Size; a++)
        {
            if (a > 0)
            {
                from -= d[a - 1];
            }

            var to = _shares.Pointer + ((long)ForcePass.FlowShare * ((t * TTerm.Size) + a));
            to[0] = energy / TTerm.Size;
            (to[1], to[2], to[3]) = (from.X * f[a].X, from.Y * f[a].Y, from.Z * f[a].Z);
            (to[4], to[7]) = (0.5 * ((from.Y * f[a].Z) + (from.Z * f[a].Y)), 0.5 * ((from.Y * f[a].Z) - (from.Z * f[a].Y)));
            (to[5], to[8]) = (0.5 * ((from.X * f[a].Z) + (from.Z * f[a].X)), 0.5 * ((from.X * f[a].Z) - (from.Z * f[a].X)));
            (to[6], to[9]) = (0.5 * ((from.X * f[a].Y) + (from.Y * f[a].X)), 0.5 * ((from.X * f[a].Y) - (from.Y * f[a].X)));
        }
    }

    private void Gather(int chunk, int first, int past)
    {
        var f = _pass!.Atoms.F;
        for (var i = first; i < past; i++)
        {
            var sum = _pass.IsFirst ? Vector256<double>.Zero : Vector256.LoadAligned(f + (4L * i));
            for (var s = _places.SlotStarts[i]; s < _places.SlotStarts[i + 1]; s++)
            {
                sum += Vector256.LoadAligned(_slots.Pointer + (4L * _places.Slots[s]));
            }

            sum.StoreAligned(f + (4L * i));
            for (var s = _places.SlotStarts[i]; _pass.WantsShares && s < _places.SlotStarts[i + 1]; s++)
            {
                for (var k = 0; k < ForcePass.FlowShare; k++)
                {
                    _pass.Share(i)[k] += _shares.Pointer[((long)ForcePass.FlowShare * _places.Slots[s]) + k];
                }
            }
        }
    }
}

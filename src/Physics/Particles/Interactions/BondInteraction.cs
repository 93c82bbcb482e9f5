using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles.Interactions;

/// <summary>How two bonded atoms act on each other along the line between them. Implement it as a struct: the kernel is compiled for each law by itself.</summary>
public interface IBondLaw
{
    /// <summary>How many kinds of bonds there are parameters for.</summary>
    int Kinds { get; }

    /// <summary>−φ′(r)/r, and φ(r) where it is wanted.</summary>
    /// <param name="r2">r².</param>
    /// <param name="kind">The kind of the bond: below <see cref="Kinds"/>.</param>
    /// <param name="wantsEnergy">Whether <paramref name="energy"/> is wanted; a constant when the kernel is compiled.</param>
    /// <param name="energy">φ(r); anything if it is not wanted.</param>
    /// <returns>Not a number where no bond can be so long: the engine then refuses to go on and says which bond it is.</returns>
    double ForceOverDistance(double r2, int kind, bool wantsEnergy, out double energy);
}

/// <summary>
/// The bonds of a configuration under a law: f_i = Σ_j (−φ′(r)/r) (x_i − x_j) over the bonds of each atom, where x_i − x_j is the shortest
/// of all images. Each bond is computed from both its ends, so that an atom's force is one sum in one order, whoever computes it.
/// </summary>
internal sealed unsafe class BondInteraction<TLaw> : Interaction where TLaw : struct, IBondLaw
{
    private readonly TLaw _law;
    private readonly Action<int, int, int> _forces;
    private readonly Action<int, int, int> _all;
    private readonly Action<int, int, int> _shares;
    private readonly PlacedTerms _places = new(2);
    private ImmutableArray<Connection> _bonds;      // Those of the configuration unless others are given.
    private AtomConfiguration? _atoms;
    private ForcePass? _pass;
    private bool _isBroken;         // A bond has a length that its law does not allow; set by whichever thread sees it.

    public BondInteraction(TLaw law, ImmutableArray<Connection> bonds = default)
    {
        (_law, _bonds) = (law, bonds);
        _forces = (_, first, past) => Run<ForcesOnly>(first, past, null);
        _all = (chunk, first, past) => Run<ForcesAndEnergy>(first, past, _pass!.Sums(chunk));
        _shares = (_, first, past) =>
        {
            // The sums of one atom are its share.
            for (var i = first; i < past; i++)
            {
                Run<ForcesAndEnergy>(i, i + 1, _pass!.Share(i));
            }
        };
    }

    public override double Cutoff => 0;

    internal override bool HasShares => true;

    internal override bool HasPairs => true;

    internal override void Attach(AtomConfiguration atoms)
    {
        _bonds = _bonds.IsDefault ? atoms.Bonds : _bonds;
        _places.Attach(_bonds, atoms.Count, _law.Kinds, "bond");
        _atoms = atoms;
    }

    internal override void Run(ForcePass pass)
    {
        (_pass, _isBroken) = (pass, false);
        _places.Update(pass.Atoms, pass.List);
        pass.Loop.Run(pass.Atoms.Count, ForcePass.Chunk, pass.WantsShares ? _shares : pass.Counts ? _all : _forces);
        if (_isBroken)
        {
            throw Broken(pass);
        }
    }

    internal override void Visit(ForcePass pass, PairVisitor visitor)
    {
        for (var i = 0; i < pass.Atoms.Count; i++)
        {
            for (var e = _places.Starts[i]; e < _places.Starts[i + 1]; e++)
            {
                var d = pass.Box.Nearest(pass.Atoms.Position(i) - pass.Atoms.Position(_places.Others[e]));
                visitor(new(pass.Atoms.Ids[i], pass.Atoms.Ids[_places.Others[e]], d, _law.ForceOverDistance(d.NormSquared, _places.Kinds[e], false, out _)));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Run<TTally>(int first, int past, double* sums) where TTally : struct, ITally
    {
        var (law, nearest, pass) = (_law, _pass!.Nearest, _pass);
        var x = pass.Atoms.X;
        var f = pass.Atoms.F;
        var starts = _places.Starts;
        var others = _places.Others;
        var kinds = _places.Kinds;
        var (energy, diagonal, rest) = (0.0, Vector256<double>.Zero, Vector256<double>.Zero);
        var check = 0.0;
        for (var i = first; i < past; i++)
        {
            var xi = Vector256.LoadAligned(x + (4L * i));
            var sum = pass.IsFirst ? Vector256<double>.Zero : Vector256.LoadAligned(f + (4L * i));
            for (var e = starts[i]; e < starts[i + 1]; e++)
            {
                var d = nearest.Of(xi - Vector256.LoadAligned(x + (4L * others[e])));
                var force = law.ForceOverDistance(Vector256.Dot(d, d), kinds[e], TTally.Counts, out var phi);
                var g = Vector256.Create(force) * d;
                sum += g;
                check += force;
                if (TTally.Counts)
                {
                    // xx, yy, zz and yz, zx, xy
                    energy += phi;
                    diagonal += g * d;
                    rest += Vector256.Shuffle(g, Vector256.Create(1L, 2, 0, 3)) * Vector256.Shuffle(d, Vector256.Create(2L, 0, 1, 3));
                }
            }

            sum.StoreAligned(f + (4L * i));
        }

        // Anything that is not a number makes the sum none.
        if (double.IsNaN(check))
        {
            _isBroken = true;
        }

        if (TTally.Counts)
        {
            sums[0] += 0.5 * energy;
            for (var k = 0; k < 3; k++)
            {
                sums[1 + k] += 0.5 * diagonal[k];
                sums[4 + k] += 0.5 * rest[k];
            }
        }
    }

    // The first in the order of the configuration, so that all numbers of threads say the same.
    private ScaleModelException Broken(ForcePass pass)
    {
        foreach (var (kind, atoms) in _bonds)
        {
            var d = pass.Box.Nearest(pass.Atoms.Position(pass.List.Places[atoms[0]]) - pass.Atoms.Position(pass.List.Places[atoms[1]]));
            if (double.IsNaN(_law.ForceOverDistance(d.NormSquared, kind, false, out _)))
            {
                return new(FormattableString.Invariant($"The bond between the atoms {_atoms!.IdOf(atoms[0])} and {_atoms.IdOf(atoms[1])} is {d.Norm} long, which its law of kind {kind + 1} does not allow. The time step is probably too long, or the atoms began too far apart."));
            }
        }

        return new("The forces of bonds are not finite: the time step is probably too long.");
    }
}

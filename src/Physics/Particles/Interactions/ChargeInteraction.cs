using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Particles.Interactions;

/// <summary>
/// How two unit charges act on each other along the line between them, in units where C = 1 in φ = C q₁q₂/r; for eight pairs at once.
/// Implement it as a struct: the kernel is compiled for each law by itself.
/// </summary>
public interface IChargeLaw
{
    /// <summary>Pairs at this distance and beyond do not act on each other.</summary>
    double Cutoff { get; }

    /// <summary>The energy that a unit charge has by itself; of a charge q it is q² times this.</summary>
    double Self { get; }

    /// <summary>−φ′(r)/r of eight pairs, and φ(r) where it is wanted.</summary>
    /// <param name="r2">r². Beyond the cutoff the result does not matter.</param>
    /// <param name="wantsEnergy">Whether <paramref name="energy"/> is wanted; a constant when the kernel is compiled.</param>
    /// <param name="energy">φ(r); anything if it is not wanted.</param>
    Vector512<double> ForceOverDistance(Vector512<double> r2, bool wantsEnergy, out Vector512<double> energy);
}

/// <summary>The charges of the atoms by the places where they stand, and rows of x, y, z and the charge for atoms and images.</summary>
internal sealed unsafe class PlacedCharges
{
    private readonly AlignedArray<double> _rows = new();
    private readonly Action<int, int, int> _follow;
    private double[] _charges = [];         // By the index in the configuration,
    private double[] _placed = [];          // and by the place.
    private NeighborList? _list;
    private long _build;
    private ForcePass? _pass;

    public PlacedCharges() => _follow = Follow;

    /// <summary>Rows of x, y, z and the charge: atoms, images, and the one that nobody feels.</summary>
    public double* Rows => _rows.Pointer;

    /// <summary>The charge of the atom in each place.</summary>
    public double[] Placed => _placed;

    /// <summary>Energy of two unit charges at a unit distance.</summary>
    public double Coulomb { get; private set; }

    /// <summary>Σ q².</summary>
    public double Squares { get; private set; }

    /// <summary>Takes the charges of a configuration.</summary>
    /// <exception cref="ScaleModelException">There are none, or not one for each atom, or one is not a finite number.</exception>
    public void Attach(AtomConfiguration atoms)
    {
        if (atoms.Charges.Length != atoms.Count)
        {
            throw new ScaleModelException($"An interaction of charges needs the charge of each atom: there are {atoms.Charges.Length} charges for {atoms.Count} atoms.");
        }

        var bad = Array.FindIndex(atoms.Charges, q => !double.IsFinite(q));
        if (bad >= 0)
        {
            throw new ScaleModelException(FormattableString.Invariant($"The charge of atom {atoms.IdOf(bad)} is {atoms.Charges[bad]}: it must be a finite number."));
        }

        (_charges, _placed, _list) = ([.. atoms.Charges], new double[atoms.Count], null);
        (Coulomb, Squares) = (atoms.Units.Coulomb, FixedOrderSum.Dot(_charges, _charges));
    }

    /// <summary>Looks up the charges, if atoms have changed places, and where everybody is.</summary>
    public void Update(ForcePass pass)
    {
        var (atoms, list) = (pass.Atoms, pass.List);
        if (!ReferenceEquals(list, _list) || list.Builds != _build)
        {
            (_list, _build) = (list, list.Builds);
            for (var i = 0; i < atoms.Count; i++)
            {
                _placed[i] = _charges[atoms.Ids[i]];
            }
        }

        _pass = pass;
        _rows.Ensure(4 * (atoms.Nobody + 1));
        pass.Loop.Run(atoms.Nobody, 1024, _follow);
        Vector256.LoadAligned(atoms.X + (4L * atoms.Nobody)).WithElement(3, 0).StoreAligned(Rows + (4L * atoms.Nobody));
    }

    private void Follow(int chunk, int first, int past)
    {
        var x = _pass!.Atoms.X;
        var n = _pass.Atoms.Count;
        var owners = _pass.List.Owners;
        for (var i = first; i < past; i++)
        {
            Vector256.LoadAligned(x + (4L * i)).WithElement(3, _placed[i < n ? i : owners[i - n]]).StoreAligned(Rows + (4L * i));
        }
    }
}

/// <summary>A law of charges over all neighbors: f_i = C q_i Σ_j q_j (−φ′(r)/r) (x_i − x_j).</summary>
internal sealed unsafe class ChargeInteraction<TLaw> : Interaction where TLaw : struct, IChargeLaw
{
    private readonly TLaw _law;
    private readonly PlacedCharges _charges;
    private readonly Action<int, int, int> _forces;
    private readonly Action<int, int, int> _all;
    private readonly Action<int, int, int> _shares;
    private ForcePass? _pass;

    public ChargeInteraction(TLaw law, PlacedCharges? charges = null)
    {
        (_law, _charges) = (law, charges ?? new());
        _forces = (_, first, past) => Forces<ForcesOnly>(first, past, null);
        _all = (chunk, first, past) => Forces<ForcesAndEnergy>(first, past, _pass!.Sums(chunk));
        _shares = (_, first, past) =>
        {
            // The sums of one atom are its share, and what its charge has by itself is its own.
            for (var i = first; i < past; i++)
            {
                Forces<ForcesAndEnergy>(i, i + 1, _pass!.Share(i));
                _pass.Share(i)[0] += _charges.Coulomb * _law.Self * _charges.Placed[i] * _charges.Placed[i];
            }
        };
    }

    public override double Cutoff => _law.Cutoff;

    internal override bool HasShares => true;

    internal override bool HasPairs => true;

    internal override void Attach(AtomConfiguration atoms) => _charges.Attach(atoms);

    internal override void Run(ForcePass pass)
    {
        _pass = pass;
        _charges.Update(pass);
        pass.Loop.Run(pass.Atoms.Count, ForcePass.Chunk, pass.WantsShares ? _shares : pass.Counts ? _all : _forces);
        if (pass.Counts)
        {
            pass.Sums(0)[0] += _charges.Coulomb * _law.Self * _charges.Squares;
        }
    }

    internal override void Visit(ForcePass pass, PairVisitor visitor)
    {
        var rows = _charges.Rows;
        for (var i = 0; i < pass.Atoms.Count; i++)
        {
            var row = rows + (4L * i);
            var entry = pass.List.Entries + pass.List.Starts[i];
            for (var end = entry + pass.List.Counts[i]; entry < end; entry += NeighborList.Width)
            {
                PairForces.Load((byte*)rows, entry, out var xj, out var yj, out var zj, out var qj);
                var (dx, dy, dz) = (Vector512.Create(row[0]) - xj, Vector512.Create(row[1]) - yj, Vector512.Create(row[2]) - zj);
                var r2 = (dx * dx) + (dy * dy) + (dz * dz);
                var force = _law.ForceOverDistance(r2, false, out _) * Vector512.Create(_charges.Coulomb * row[3]) * qj;
                for (var k = 0; k < NeighborList.Width; k++)
                {
                    if (r2[k] < _law.Cutoff * _law.Cutoff)
                    {
                        visitor(new(pass.Atoms.Ids[i], pass.IdAt(entry[k]), new(dx[k], dy[k], dz[k]), force[k]));
                    }
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Forces<TTally>(int first, int past, double* sums) where TTally : struct, ITally
    {
        var law = _law;
        var (list, isFirst, coulomb) = (_pass!.List, _pass.IsFirst, _charges.Coulomb);
        var rows = _charges.Rows;
        var f = _pass.Atoms.F;
        var cutoff2 = Vector512.Create(law.Cutoff * law.Cutoff);
        var energies = Vector512<double>.Zero;
        var virial = default(VirialSum);
        for (var i = first; i < past; i++)
        {
            var row = rows + (4L * i);
            var (xi, yi, zi, qi) = (Vector512.Create(row[0]), Vector512.Create(row[1]), Vector512.Create(row[2]), Vector512.Create(coulomb * row[3]));
            var (fx, fy, fz) = (Vector512<double>.Zero, Vector512<double>.Zero, Vector512<double>.Zero);
            var entry = list.Entries + list.Starts[i];
            var end = entry + list.Counts[i];
            for (; entry < end; entry += NeighborList.Width)
            {
                PairForces.Load((byte*)rows, entry, out var xj, out var yj, out var zj, out var qj);
                var (dx, dy, dz) = (xi - xj, yi - yj, zi - zj);
                var r2 = Vector512.FusedMultiplyAdd(dz, dz, Vector512.FusedMultiplyAdd(dy, dy, dx * dx));
                var isNear = Vector512.LessThan(r2, cutoff2);
                var charges = qi * qj;
                var force = (law.ForceOverDistance(r2, TTally.Counts, out var phi) * charges) & isNear;
                fx = Vector512.FusedMultiplyAdd(force, dx, fx);
                fy = Vector512.FusedMultiplyAdd(force, dy, fy);
                fz = Vector512.FusedMultiplyAdd(force, dz, fz);
                if (TTally.Counts)
                {
                    energies += (phi * charges) & isNear;
                    virial.Add(force, dx, dy, dz);
                }
            }

            var sum = PairForces.Total(fx, fy, fz);
            if (!isFirst)
            {
                sum += Vector256.LoadAligned(f + (4L * i));
            }

            sum.StoreAligned(f + (4L * i));
        }

        if (TTally.Counts)
        {
            sums[0] += 0.5 * Vector512.Sum(energies);
            virial.AddTo(sums);
        }
    }
}

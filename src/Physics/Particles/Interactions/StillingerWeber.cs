using System.Collections.Immutable;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Particles.Interactions;

/// <summary>
/// The numbers of a Stillinger–Weber potential, by the names that the paper and LAMMPS have for them:
/// φ₂ = ε A [B (σ/r)^p − (σ/r)^q] e^(σ/(r − aσ)), φ₃ = ε λ (cos θ − cos θ₀)² e^(γσ/(r − aσ)) e^(γσ/(r′ − aσ)); both end at aσ.
/// </summary>
/// <remarks>After: F. H. Stillinger, T. A. Weber, Phys. Rev. B 31 (1985) 5262, eq. 2.3 to 2.5.</remarks>
/// <param name="Epsilon">ε, an energy.</param>
/// <param name="Sigma">σ, a length.</param>
/// <param name="Reach">a: the potential ends at aσ.</param>
/// <param name="Lambda">λ, the strength of the part of three atoms.</param>
/// <param name="Gamma">γ, how fast that part ends.</param>
/// <param name="Cosine">cos θ₀ of the angle that costs nothing.</param>
/// <param name="A">A, the strength of the part of two atoms.</param>
/// <param name="B">B.</param>
/// <param name="P">p.</param>
/// <param name="Q">q.</param>
public sealed record StillingerWeberParameters(double Epsilon, double Sigma, double Reach, double Lambda, double Gamma, double Cosine, double A, double B, double P, double Q)
{
    /// <summary>Silicon, in eV and Å: the numbers of the paper with ε = 2.1683 eV, as in LAMMPS's <c>Si.sw</c>.</summary>
    public static StillingerWeberParameters Silicon { get; } = new(2.1683, 2.0951, 1.80, 21.0, 1.20, -0.333333333333, 7.049556277, 0.6022245584, 4, 0);

    /// <summary>aσ.</summary>
    public double Cutoff => Reach * Sigma;

    internal string? Fault => Epsilon >= 0 && Sigma > 0 && Reach > 0 && Lambda >= 0 && Gamma >= 0 && A >= 0 && P >= 0 && Q >= 0
        && double.IsFinite(Epsilon + Sigma + Reach + Lambda + Gamma + Cosine + A + B + P + Q)
        ? null : FormattableString.Invariant($"{this}: σ and a are above zero, ε, λ, γ, A, p and q zero or more, all are finite");

    internal bool HasAnglesOf(StillingerWeberParameters other) => (Epsilon * Lambda, Cosine) == (other.Epsilon * other.Lambda, other.Cosine);

    internal bool HasPairsOf(StillingerWeberParameters other) => this with { Lambda = 0, Gamma = 0, Cosine = 0 } == other with { Lambda = 0, Gamma = 0, Cosine = 0 };
}

/// <summary>
/// The Stillinger–Weber potential of up to eight kinds of atoms. In a first pass each atom i, as the middle of all its angles, finds what it does to
/// its neighbors j and keeps that, a slot for each; in a second one each atom adds up the slots that are meant for it. Nobody writes to
/// another's memory, and each sum has one order.
/// </summary>
/// <remarks>
/// With u_j = (x_j − x_i)/r_j, c = u_j·u_k and g = e^(γσ/(r − aσ)) the force on j of an angle j-i-k is
/// −ελ g_j g_k [−γσ/(r_j − aσ)² (c − cos θ₀)² u_j + 2 (c − cos θ₀) (u_k − c u_j)/r_j]. Of several kinds ε, λ and cos θ₀ are those of the
/// triple (i, j, k), all others those of (i, j, j), as in LAMMPS.
/// </remarks>
internal sealed unsafe class StillingerWeberInteraction : Interaction
{
    private const int Width = NeighborList.Width;
    private const int MostNear = 256;
    private const int MostKinds = KindTable.MostKinds;
    private const double Vanished = 800;        // e^(−800) is zero in double precision.

    private readonly int _kinds;
    private readonly bool _isPlain;             // All p are 4 and all q are 0.
    private readonly KindTable _sigma;
    private readonly KindTable _end;            // aσ
    private readonly KindTable _first;          // ε A B
    private readonly KindTable _second;         // ε A
    private readonly KindTable _p;
    private readonly KindTable _q;
    private readonly KindTable _gammaSigma;
    private readonly double[] _strengths = new double[MostKinds * MostKinds * MostKinds];      // ελ of i, j, k,
    private readonly double[] _cosines = new double[MostKinds * MostKinds * MostKinds];        // and cos θ₀.
    private readonly AlignedArray<int> _starts = new();         // Of each atom: its first slot among those of its chunk,
    private readonly AlignedArray<int> _counts = new();         // and how many there are.
    private Slots[] _slots = [];                                // Of each chunk.
    private readonly Action<int, int, int> _forces;
    private readonly Action<int, int, int> _all;
    private readonly Action<int, int, int> _shares;
    private readonly Action<int, int, int> _gather;
    private ForcePass? _pass;
    private bool _isCrowded;                    // An atom has more neighbors than there may be; set by whichever thread sees it.

    public StillingerWeberInteraction(int kinds, Func<int, int, int, StillingerWeberParameters> of)
    {
        ArgumentNullException.ThrowIfNull(of);
        if (kinds is < 1 or > MostKinds)
        {
            throw new ScaleModelException($"A Stillinger-Weber potential has 1 to {MostKinds} kinds of atoms; these are {kinds}.");
        }

        var all = ImmutableArray.CreateRange(from i in Enumerable.Range(0, kinds) from j in Enumerable.Range(0, kinds) from k in Enumerable.Range(0, kinds) select (I: i, J: j, K: k, Of: of(i, j, k)));
        var faults = all.Where(t => t.Of.Fault is not null).Select(t => $"kinds {t.I + 1}, {t.J + 1}, {t.K + 1}: {t.Of.Fault}")
            .Concat(all.Where(t => t.J == t.K && t.I < t.J && !t.Of.HasPairsOf(of(t.J, t.I, t.I))).Select(t => $"kinds {t.I + 1} and {t.J + 1} act on each other as a pair by two laws, {t.Of} and {of(t.J, t.I, t.I)}"))
            .Concat(all.Where(t => t.J < t.K && !t.Of.HasAnglesOf(of(t.I, t.K, t.J))).Select(t => $"the angle of kinds {t.J + 1}-{t.I + 1}-{t.K + 1} has two laws, {t.Of} and {of(t.I, t.K, t.J)}")).ToList();
        if (faults.Count > 0)
        {
            throw new ScaleModelException($"These are no Stillinger-Weber potentials: {string.Join("; ", faults)}.");
        }

        KindTable Table(Func<StillingerWeberParameters, double> value) => new(kinds, (i, j) => value(of(i, j, j)));
        (_kinds, _isPlain) = (kinds, all.All(t => t.J != t.K || t.Of is { P: 4, Q: 0 }));
        (_sigma, _end, _first, _second) = (Table(s => s.Sigma), Table(s => s.Cutoff), Table(s => s.Epsilon * s.A * s.B), Table(s => s.Epsilon * s.A));
        (_p, _q, _gammaSigma) = (Table(s => s.P), Table(s => s.Q), Table(s => s.Gamma * s.Sigma));
        Cutoff = all.Where(t => t.J == t.K).Max(t => t.Of.Cutoff);
        foreach (var (i, j, k, s) in all)
        {
            (_strengths[Index(i, j, k)], _cosines[Index(i, j, k)]) = (s.Epsilon * s.Lambda, s.Cosine);
        }

        (_forces, _gather) = ((_, first, past) => Forces<ForcesOnly>(first, past, null, false), Gather);
        _all = (chunk, first, past) => Forces<ForcesAndEnergy>(first, past, _pass!.Sums(chunk), hasAngles: true);
        _shares = (_, first, past) =>
        {
            // The sums of one atom are its share, but for the virial of angles: that is of those on which they act.
            for (var i = first; i < past && !_isCrowded; i++)
            {
                Forces<ForcesAndEnergy>(i, i + 1, _pass!.Share(i), hasAngles: false);
            }
        };
    }

    public override double Cutoff { get; }

    internal override bool HasShares => true;

    private static int Index(int i, int j, int k) => (((i * MostKinds) + j) * MostKinds) + k;

    internal override void Attach(AtomConfiguration atoms)
    {
        // Tables are read without a look at their bounds.
        RequireKinds(atoms, _kinds, "Stillinger-Weber potential has parameters for");
    }

    internal override void Run(ForcePass pass)
    {
        (_pass, _isCrowded) = (pass, false);
        var n = pass.Atoms.Count;
        _starts.Ensure(n);
        _counts.Ensure(n);
        if (_slots.Length < ChunkedLoop.Chunks(n, ForcePass.Chunk))
        {
            _slots = [.. Enumerable.Range(0, ChunkedLoop.Chunks(n, ForcePass.Chunk)).Select(_ => new Slots())];
        }

        pass.Loop.Run(n, ForcePass.Chunk, pass.WantsShares ? _shares : pass.Counts ? _all : _forces);
        if (_isCrowded)
        {
            throw new ScaleModelException($"An atom has {MostNear} neighbors or more within the cutoff {Cutoff} of the Stillinger-Weber potential: atoms lie upon each other, or the units are wrong.");
        }

        pass.Loop.Run(n, ForcePass.Chunk, _gather);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Forces<TTally>(int first, int past, double* sums, bool hasAngles) where TTally : struct, ITally
    {
        var (list, isFirst) = (_pass!.List, _pass.IsFirst);
        var x = _pass.Atoms.X;
        var f = _pass.Atoms.F;
        var cutoff2 = Vector512.Create(Cutoff * Cutoff);
        var slots = _slots[first / ForcePass.Chunk];
        var slot = first % ForcePass.Chunk == 0 ? 0 : _starts.Pointer[first - 1] + _counts.Pointer[first - 1];
        var (energies, angles, virial, angular) = (Vector512<double>.Zero, 0.0, default(VirialSum), SymTensor3.Zero);

        // Columns of what is near: x_i − x_j, r², the kind, then 1/r, g and its logarithmic slope.
        var memory = stackalloc double[(8 * (MostNear + (2 * Width))) + 8];
        var dxs = (double*)(((nuint)memory + 63) & ~(nuint)63);
        const int Stride = MostNear + (2 * Width);
        var (dys, dzs, r2s, kinds) = (1 * Stride, 2 * Stride, 3 * Stride, 4 * Stride);
        var (inverses, gs, slopes) = (5 * Stride, 6 * Stride, 7 * Stride);
        var near = stackalloc uint[MostNear];
        for (var i = first; i < past; i++)
        {
            var row = x + (4L * i);
            var kind = (int)row[3];
            var (xi, yi, zi) = (Vector512.Create(row[0]), Vector512.Create(row[1]), Vector512.Create(row[2]));
            var entry = list.Entries + list.Starts[i];
            var end = entry + list.Counts[i];
            var count = 0;
            for (; entry < end; entry += Width)
            {
                PairForces.Load((byte*)x, entry, out var xj, out var yj, out var zj, out var kj);
                var (dx, dy, dz) = (xi - xj, yi - yj, zi - zj);
                var r2 = Vector512.FusedMultiplyAdd(dz, dz, Vector512.FusedMultiplyAdd(dy, dy, dx * dx));
                var bits = (uint)Vector512.ExtractMostSignificantBits(Vector512.LessThan(r2, cutoff2));
                for (; bits != 0 && count < MostNear; bits &= bits - 1, count++)
                {
                    // Few are near.
                    var k = BitOperations.TrailingZeroCount(bits);
                    (dxs[count], dxs[dys + count], dxs[dzs + count], dxs[r2s + count], dxs[kinds + count], near[count]) = (dx[k], dy[k], dz[k], r2[k], kj[k], entry[k]);
                }
            }

            if (count == MostNear)
            {
                _isCrowded = true;
                return;
            }

            if (slot + count > slots.Near.Capacity)
            {
                // Counted to the end of the chunk, so that room is made once and not with every atom.
                var room = slot + Near(i, Math.Min(_pass.Atoms.Count, ((i / ForcePass.Chunk) + 1) * ForcePass.Chunk));
                slots.Near.Ensure(room, keep: slot);
                slots.Given.Ensure(4 * slots.Near.Capacity, keep: 4 * slot);
            }

            new Span<uint>(near, count).CopyTo(new Span<uint>(slots.Near.Pointer + slot, count));

            // Filled up with atoms at the cutoff, where everything is zero.
            cutoff2.Store(dxs + r2s + count);
            Vector512<double>.Zero.Store(dxs + count);
            Vector512<double>.Zero.Store(dxs + dys + count);
            Vector512<double>.Zero.Store(dxs + dzs + count);
            Vector512<double>.Zero.Store(dxs + kinds + count);
            var (fx, fy, fz) = (Vector512<double>.Zero, Vector512<double>.Zero, Vector512<double>.Zero);
            for (var k = 0; k < count; k += Width)
            {
                var force = Pairs(kind, Vector512.LoadAligned(dxs + r2s + k), Vector512.LoadAligned(dxs + kinds + k), out var phi, out var inverse, out var g, out var slope);
                inverse.StoreAligned(dxs + inverses + k);
                g.StoreAligned(dxs + gs + k);
                slope.StoreAligned(dxs + slopes + k);
                var (dx, dy, dz) = (Vector512.LoadAligned(dxs + k), Vector512.LoadAligned(dxs + dys + k), Vector512.LoadAligned(dxs + dzs + k));
                fx = Vector512.FusedMultiplyAdd(force, dx, fx);
                fy = Vector512.FusedMultiplyAdd(force, dy, fy);
                fz = Vector512.FusedMultiplyAdd(force, dz, fz);
                if (TTally.Counts)
                {
                    energies += phi;
                    virial.Add(force, dx, dy, dz);
                }
            }

            var given = slots.Given.Pointer + (4L * slot);
            new Span<double>(given, 4 * count).Clear();
            for (var j = 0; j < count; j++)
            {
                if (dxs[gs + j] == 0)
                {
                    continue;
                }

                var uj = -dxs[inverses + j] * new Vec3(dxs[j], dxs[dys + j], dxs[dzs + j]);
                var onJ = Vec3.Zero;
                for (var k = j + 1; k < count; k++)
                {
                    var index = Index(kind, (int)dxs[kinds + j], (int)dxs[kinds + k]);
                    var strength = _strengths[index] * dxs[gs + j] * dxs[gs + k];
                    if (strength == 0)
                    {
                        continue;
                    }

                    var uk = -dxs[inverses + k] * new Vec3(dxs[k], dxs[dys + k], dxs[dzs + k]);
                    var c = Vec3.Dot(uj, uk);
                    var rest = c - _cosines[index];
                    var (bend, stretch) = (2 * strength * rest, strength * rest * rest);
                    onJ -= (stretch * dxs[slopes + j] * uj) + (bend * dxs[inverses + j] * (uk - (c * uj)));
                    var onK = (stretch * dxs[slopes + k] * uk) + (bend * dxs[inverses + k] * (uj - (c * uk)));
                    (given[4 * k], given[(4 * k) + 1], given[(4 * k) + 2]) = (given[4 * k] - onK.X, given[(4 * k) + 1] - onK.Y, given[(4 * k) + 2] - onK.Z);
                    angles += stretch;
                }

                (given[4 * j], given[(4 * j) + 1], given[(4 * j) + 2]) = (given[4 * j] + onJ.X, given[(4 * j) + 1] + onJ.Y, given[(4 * j) + 2] + onJ.Z);
            }

            // What the angles do to the neighbors they do to the atom in the middle, the other way.
            var sum = PairForces.Total(fx, fy, fz);
            for (var j = 0; j < count; j++)
            {
                var part = Vector256.LoadAligned(given + (4 * j));
                sum -= part;
                if (TTally.Counts)
                {
                    var (dx, dy, dz) = (-dxs[j], -dxs[dys + j], -dxs[dzs + j]);
                    angular += new SymTensor3(dx * part[0], dy * part[1], dz * part[2], dy * part[2], dx * part[2], dx * part[1]);
                }
            }

            if (!isFirst)
            {
                sum += Vector256.LoadAligned(f + (4L * i));
            }

            sum.StoreAligned(f + (4L * i));
            (_starts.Pointer[i], _counts.Pointer[i]) = (slot, count);
            slot += count;
        }

        if (TTally.Counts)
        {
            sums[0] += (0.5 * Vector512.Sum(energies)) + angles;
            virial.AddTo(sums);
            for (var e = 0; e < 6 && hasAngles; e++)
            {
                sums[1 + e] += angular[e];
            }
        }
    }

    // −φ₂′/r and φ₂ of eight pairs, 1/r, g and g′/g; all but 1/r vanish from aσ on.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Vector512<double> Pairs(int kind, Vector512<double> r2, Vector512<double> kinds, out Vector512<double> phi, out Vector512<double> inverse, out Vector512<double> g, out Vector512<double> slope)
    {
        var one = Vector512<double>.One;
        var (sigma, end, gammaSigma) = (KindTable.Of(_sigma.Row(kind), kinds), KindTable.Of(_end.Row(kind), kinds), KindTable.Of(_gammaSigma.Row(kind), kinds));
        var (first, second) = (KindTable.Of(_first.Row(kind), kinds), KindTable.Of(_second.Row(kind), kinds));
        var r = Vector512.Sqrt(r2);
        inverse = one / r;
        var isNear = Vector512.LessThan(r, end);

        // Just before the end, and behind it, the exponents are as they are where exponentials have vanished.
        var perVanished = Vector512.Create(1 / Vanished);
        var beforeEnd = one / Vector512.Min(r - end, -(sigma * perVanished));
        var beforeGammaEnd = one / Vector512.Min(r - end, -Vector512.Max(gammaSigma * perVanished, sigma * Vector512.Create(1e-9)));
        g = Exponential.Of(gammaSigma * beforeGammaEnd) & isNear;
        slope = -(gammaSigma * beforeGammaEnd * beforeGammaEnd);

        var ratio = sigma * inverse;
        Vector512<double> attraction, repulsion, steep;       // ε A (σ/r)^q, ε A B (σ/r)^p, and p times that less q times the former.
        if (_isPlain)
        {
            var square = ratio * ratio;
            (attraction, repulsion) = (second, first * square * square);
            steep = Vector512.Create(4.0) * repulsion;
        }
        else
        {
            var (p, q, log) = (KindTable.Of(_p.Row(kind), kinds), KindTable.Of(_q.Row(kind), kinds), Logarithm(ratio));
            (attraction, repulsion) = (second * Exponential.Of(q * log), first * Exponential.Of(p * log));
            steep = (p * repulsion) - (q * attraction);
        }

        var decay = Exponential.Of(sigma * beforeEnd) & isNear;
        phi = (repulsion - attraction) * decay;
        return ((steep * inverse * inverse) + ((repulsion - attraction) * sigma * beforeEnd * beforeEnd * inverse)) * decay;
    }

    // One by one: exponents other than 4 and 0 are rare, and the library's own for eight has other last bits at other stages of compilation.
    private static Vector512<double> Logarithm(Vector512<double> x) =>
        Vector512.Create(Math.Log(x[0]), Math.Log(x[1]), Math.Log(x[2]), Math.Log(x[3]), Math.Log(x[4]), Math.Log(x[5]), Math.Log(x[6]), Math.Log(x[7]));

    private void Gather(int chunk, int first, int past)
    {
        const int RowBytes = 4 * sizeof(double);
        var (atoms, list, own) = (_pass!.Atoms, _pass.List, _slots[chunk]);
        var x = (byte*)atoms.X;
        var f = atoms.F;
        for (var i = first; i < past; i++)
        {
            var sum = Vector256.LoadAligned(f + (4L * i));
            var xi = Vector256.LoadAligned((double*)(x + ((long)i * RowBytes)));
            for (var s = _starts.Pointer[i]; s < _starts.Pointer[i] + _counts.Pointer[i]; s++)
            {
                // The neighbor j is an image of an atom in this place; among that one's slots, which are those of images of i, the one in the opposite direction.
                var row = (int)(own.Near.Pointer[s] / RowBytes);
                var j = row < atoms.Count ? row : list.Owners[row - atoms.Count];
                var theirs = _slots[j / ForcePass.Chunk];
                var d = (xi - Vector256.LoadAligned((double*)(x + own.Near.Pointer[s]))).WithElement(3, 0);
                var xj = Vector256.LoadAligned((double*)(x + ((long)j * RowBytes)));
                var (best, miss) = (-1, 1e-10 * Vector256.Dot(d, d));
                for (var t = _starts.Pointer[j]; t < _starts.Pointer[j] + _counts.Pointer[j]; t++)
                {
                    var other = (int)(theirs.Near.Pointer[t] / RowBytes);
                    if ((other < atoms.Count ? other : list.Owners[other - atoms.Count]) == i)
                    {
                        var gap = (d + xj - Vector256.LoadAligned((double*)(x + theirs.Near.Pointer[t]))).WithElement(3, 0);
                        var distance = Vector256.Dot(gap, gap);
                        (best, miss) = distance < miss ? (t, distance) : (best, miss);
                    }
                }

                // By round-off a pair just at the cutoff may be near from one side only: there the force has vanished.
                if (best >= 0)
                {
                    var force = Vector256.LoadAligned(theirs.Given.Pointer + (4L * best));
                    sum += force;
                    if (_pass.WantsShares)
                    {
                        Share(_pass.Share(i), new(d[0], d[1], d[2]), new(force[0], force[1], force[2]));
                    }
                }
            }

            sum.StoreAligned(f + (4L * i));
        }
    }

    // How many neighbors within the cutoff some atoms have together.
    private int Near(int first, int past)
    {
        var list = _pass!.List;
        var x = _pass.Atoms.X;
        var cutoff2 = Vector512.Create(Cutoff * Cutoff);
        var count = 0;
        for (var i = first; i < past; i++)
        {
            var row = x + (4L * i);
            var (xi, yi, zi) = (Vector512.Create(row[0]), Vector512.Create(row[1]), Vector512.Create(row[2]));
            var entry = list.Entries + list.Starts[i];
            for (var end = entry + list.Counts[i]; entry < end; entry += Width)
            {
                PairForces.Load((byte*)x, entry, out var xj, out var yj, out var zj, out _);
                var (dx, dy, dz) = (xi - xj, yi - yj, zi - zj);
                count += BitOperations.PopCount(Vector512.ExtractMostSignificantBits(Vector512.LessThan(Vector512.FusedMultiplyAdd(dz, dz, Vector512.FusedMultiplyAdd(dy, dy, dx * dx)), cutoff2)));
            }
        }

        return count;
    }

    // (xᵢ − xⱼ) ⊗ f, where f is what the angles about j do to i.
    private static void Share(double* share, Vec3 d, Vec3 f)
    {
        share[1] += d.X * f.X;
        share[2] += d.Y * f.Y;
        share[3] += d.Z * f.Z;
        share[4] += 0.5 * ((d.Y * f.Z) + (d.Z * f.Y));
        share[5] += 0.5 * ((d.X * f.Z) + (d.Z * f.X));
        share[6] += 0.5 * ((d.X * f.Y) + (d.Y * f.X));
        share[7] += 0.5 * ((d.Y * f.Z) - (d.Z * f.Y));
        share[8] += 0.5 * ((d.X * f.Z) - (d.Z * f.X));
        share[9] += 0.5 * ((d.X * f.Y) - (d.Y * f.X));
    }

    // The neighbors within the cutoff of the atoms of a chunk, one atom after the other. A chunk makes room for itself when it has more than ever before.
    private sealed class Slots
    {
        /// <summary>Of each slot the neighbor, as its offset in the rows,</summary>
        public AlignedArray<uint> Near { get; } = new();

        /// <summary>and the force of angles on it, a row.</summary>
        public AlignedArray<double> Given { get; } = new();
    }
}

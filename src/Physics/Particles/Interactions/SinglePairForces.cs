using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Particles.Interactions;

/// <summary>
/// A pair law over all neighbors, each pair in single precision and all sums in double.
/// </summary>
/// <remarks>
/// Differences of positions in single precision would lose what the positions have in common. So positions become whole numbers of a unit
/// that is a 2³¹st of the extent of all atoms and images; differences of these are exact, and only then rounded to single precision.
/// Where one atom is so far from the others that the unit would be too coarse for them, pairs are computed in double precision.
/// (The idea is old; in molecular dynamics for instance S. Le Grand, A. W. Götz, R. C. Walker, Comput. Phys. Commun. 184 (2013) 374, who keep sums in whole numbers.)
/// </remarks>
internal sealed unsafe class SinglePairInteraction<TLaw> : Interaction where TLaw : struct, IPairLaw
{
    private const int Lanes = 16;
    private const int Half = 1 << 30;           // The extent goes from −2³⁰ to 2³⁰ units; nobody, at −2³¹, is 2³⁰ from everyone, whichever way round.
    private const double CoarsestUnit = 1e-7;   // Of the cutoff: differences are then as exact as single precision has them.
    private readonly TLaw _law;
    private readonly PairInteraction<TLaw> _double;
    private readonly AlignedArray<int> _rows = new();
    private readonly Action<int, int, int> _round;
    private readonly Action<int, int, int> _forces;
    private readonly Action<int, int, int> _all;
    private ForcePass? _pass;
    private Vector256<double> _perUnit;
    private Vector256<double> _shift;
    private double _unit;

    public SinglePairInteraction(TLaw law)
    {
        _law = law.HasSingle ? law : throw new Models.ScaleModelException($"{typeof(TLaw).Name} is not known in single precision; compute it in double.");
        _double = new(law);
        _round = Round;
        _forces = (_, first, past) => Run<ForcesOnly>(first, past, null);
        _all = (chunk, first, past) => Run<ForcesAndEnergy>(first, past, _pass!.Sums(chunk));
    }

    public override double Cutoff => _law.Cutoff;

    internal override void Attach(AtomConfiguration atoms) => RequireKinds(atoms, _law.Kinds, "pair law has parameters for");

    // Shares and single pairs are for those who look closely: they are of double precision.
    internal override bool HasShares => true;

    internal override bool SharesKeepForces => false;

    internal override bool HasPairs => true;

    internal override void Visit(ForcePass pass, PairVisitor visitor) => _double.Visit(pass, visitor);

    internal override void Run(ForcePass pass)
    {
        if (pass.WantsShares)
        {
            _double.Run(pass);
            return;
        }

        _pass = pass;
        var (corner, extent) = (pass.List.Corner, pass.List.Extent);
        var slack = 2 * Cutoff;             // Atoms move between two lists, though less far.
        _unit = (extent + (2 * slack)) / (2.0 * Half);
        if (!(_unit <= CoarsestUnit * Cutoff))
        {
            // That depends on the list alone, so that looks, threads and saved states have the same.
            _double.Run(pass);
            return;
        }

        var perUnit = 1 / _unit;
        _perUnit = Vector256.Create(perUnit, perUnit, perUnit, 1);
        _shift = Vector256.Create(((slack - corner.X) * perUnit) - Half, ((slack - corner.Y) * perUnit) - Half, ((slack - corner.Z) * perUnit) - Half, 0);
        var nobody = pass.Atoms.Nobody;
        _rows.Ensure(4 * (nobody + 1));
        pass.Loop.Run(nobody, 4096, _round);
        Vector128.Create(int.MinValue, int.MinValue, int.MinValue, 0).StoreAligned(_rows.Pointer + (4L * nobody));
        pass.Loop.Run(pass.Atoms.Count, ForcePass.Chunk, pass.Counts ? _all : _forces);
    }

    private void Round(int chunk, int first, int past)
    {
        var x = _pass!.Atoms.X;
        var rows = _rows.Pointer;
        for (var i = first; i < past; i++)
        {
            var row = Vector256.FusedMultiplyAdd(Vector256.LoadAligned(x + (4L * i)), _perUnit, _shift);
            (Avx.IsSupported ? Avx.ConvertToVector128Int32(row) : Nearest(row)).StoreAligned(rows + (4L * i));
        }
    }

    private static Vector128<int> Nearest(Vector256<double> row) => Vector128.Create((int)Math.Round(row[0]), (int)Math.Round(row[1]), (int)Math.Round(row[2]), (int)Math.Round(row[3]));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Run<TTally>(int first, int past, double* sums) where TTally : struct, ITally
    {
        var law = _law;
        var (atoms, list) = (_pass!.Atoms, _pass.List);
        var rows = _rows.Pointer;
        var f = atoms.F;
        var (isFirst, lead) = (_pass.IsFirst, list.Lead);
        var unit2 = Vector512.Create((float)(_unit * _unit));
        var cutoff2 = Vector512.Create((float)(law.Cutoff * law.Cutoff));
        var (energy, xx, yy, zz, yz, xz, xy) = (Vector512<double>.Zero, Vector512<double>.Zero, Vector512<double>.Zero, Vector512<double>.Zero, Vector512<double>.Zero, Vector512<double>.Zero, Vector512<double>.Zero);
        var last = stackalloc uint[Lanes];
        new Span<uint>(last, Lanes).Fill((uint)(atoms.Nobody * 4 * sizeof(double)));
        for (var i = first; i < past; i++)
        {
            var own = rows + (4L * i);
            PairForces.FetchRow((double*)(own + (4L * lead)));
            law.Begin(own[3]);
            var (xi, yi, zi) = (Vector512.Create(own[0]), Vector512.Create(own[1]), Vector512.Create(own[2]));
            var (fx, fy, fz) = (Vector512<double>.Zero, Vector512<double>.Zero, Vector512<double>.Zero);
            var entry = list.Entries + list.Starts[i];
            var end = entry + ((list.Counts[i] + NeighborList.Width - 1) & -NeighborList.Width);
            for (; entry < end; entry += Lanes)
            {
                var offsets = entry;
                PairForces.FetchAhead(entry);
                if (end - entry < Lanes)
                {
                    Vector256.Load(entry).Store(last);
                    offsets = last;
                }

                Load((byte*)rows, offsets, out var xj, out var yj, out var zj, out var kinds);
                var (dx, dy, dz) = (Vector512.ConvertToSingle(xi - xj), Vector512.ConvertToSingle(yi - yj), Vector512.ConvertToSingle(zi - zj));
                var r2 = Vector512.FusedMultiplyAdd(dz, dz, Vector512.FusedMultiplyAdd(dy, dy, dx * dx)) * unit2;
                var isNear = Vector512.LessThan(r2, cutoff2);
                var force = law.ForceOverDistance(r2, kinds, TTally.Counts, out var phi) & isNear;
                fx = Add(fx, force * dx);
                fy = Add(fy, force * dy);
                fz = Add(fz, force * dz);
                if (TTally.Counts)
                {
                    energy = Add(energy, phi & isNear);
                    var (gx, gy, gz) = (force * dx, force * dy, force * dz);
                    xx = Add(xx, gx * dx);
                    yy = Add(yy, gy * dy);
                    zz = Add(zz, gz * dz);
                    yz = Add(yz, gy * dz);
                    xz = Add(xz, gx * dz);
                    xy = Add(xy, gx * dy);
                }
            }

            // The sums so far are in units of length.
            var sum = PairForces.Total(fx, fy, fz) * _unit;
            if (!isFirst)
            {
                sum += Vector256.LoadAligned(f + (4L * i));
            }

            sum.StoreAligned(f + (4L * i));
        }

        if (TTally.Counts)
        {
            sums[0] += 0.5 * Vector512.Sum(energy);
            var half2 = 0.5 * _unit * _unit;
            sums[1] += half2 * Vector512.Sum(xx);
            sums[2] += half2 * Vector512.Sum(yy);
            sums[3] += half2 * Vector512.Sum(zz);
            sums[4] += half2 * Vector512.Sum(yz);
            sums[5] += half2 * Vector512.Sum(xz);
            sums[6] += half2 * Vector512.Sum(xy);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<double> Add(Vector512<double> sum, Vector512<float> terms)
    {
        var (low, high) = Vector512.Widen(terms);
        return sum + (low + high);
    }

    // Sixteen rows, turned into columns; a row here has half as many bytes as one of positions, for which the offsets are.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Load(byte* rows, uint* offsets, out Vector512<int> x, out Vector512<int> y, out Vector512<int> z, out Vector512<int> w)
    {
        var (a, b, c, d) = (Four(rows, offsets), Four(rows, offsets + 1), Four(rows, offsets + 2), Four(rows, offsets + 3));
        if (Avx512F.IsSupported)
        {
            var (xy01, zw01) = (Avx512F.UnpackLow(a, b).AsDouble(), Avx512F.UnpackHigh(a, b).AsDouble());
            var (xy23, zw23) = (Avx512F.UnpackLow(c, d).AsDouble(), Avx512F.UnpackHigh(c, d).AsDouble());
            x = Avx512F.UnpackLow(xy01, xy23).AsInt32();
            y = Avx512F.UnpackHigh(xy01, xy23).AsInt32();
            z = Avx512F.UnpackLow(zw01, zw23).AsInt32();
            w = Avx512F.UnpackHigh(zw01, zw23).AsInt32();
            return;
        }

        Vector512<int> Column(int k) => Vector512.Create(
            a[k], b[k], c[k], d[k], a[k + 4], b[k + 4], c[k + 4], d[k + 4], a[k + 8], b[k + 8], c[k + 8], d[k + 8], a[k + 12], b[k + 12], c[k + 12], d[k + 12]);
        (x, y, z, w) = (Column(0), Column(1), Column(2), Column(3));
    }

    // The rows at every fourth offset.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Four(byte* rows, uint* offsets)
    {
        var low = Vector128.LoadAligned((int*)(rows + (offsets[0] >> 1))).ToVector256Unsafe().WithUpper(Vector128.LoadAligned((int*)(rows + (offsets[4] >> 1))));
        var high = Vector128.LoadAligned((int*)(rows + (offsets[8] >> 1))).ToVector256Unsafe().WithUpper(Vector128.LoadAligned((int*)(rows + (offsets[12] >> 1))));
        return low.ToVector512Unsafe().WithUpper(high);
    }
}

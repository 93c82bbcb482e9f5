using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ActorMultiscale.Physics.Particles.Interactions;

/// <summary>What a kernel keeps beside forces; a type, so that kernels that keep nothing carry no code for it.</summary>
internal interface ITally
{
    static abstract bool Counts { get; }
}

internal readonly struct ForcesOnly : ITally
{
    public static bool Counts => false;
}

internal readonly struct ForcesAndEnergy : ITally
{
    public static bool Counts => true;
}

/// <summary>
/// Forces of all pairs on a range of atoms: f_i = Σ_j (−φ′(r)/r) (x_i − x_j), and where it is asked for the energy ½ Σ φ and the virial
/// ½ Σ (x_i − x_j) ⊗ f_ij.
/// </summary>
internal static unsafe class PairForces
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<TLaw, TTally>(TLaw law, ParticleStore atoms, NeighborList list, int first, int past, bool isFirst, double* sums)
        where TLaw : struct, IPairLaw
        where TTally : struct, ITally
    {
        var x = atoms.X;
        var f = atoms.F;
        var bytes = (byte*)x;
        var lead = list.Lead;
        var cutoff2 = Vector512.Create(law.Cutoff * law.Cutoff);
        var (energy, xx, yy, zz, yz, xz, xy) = (Vector512<double>.Zero, Vector512<double>.Zero, Vector512<double>.Zero, Vector512<double>.Zero, Vector512<double>.Zero, Vector512<double>.Zero, Vector512<double>.Zero);
        for (var i = first; i < past; i++)
        {
            var row = x + (4L * i);
            FetchRow(row + (4L * lead));
            law.Begin((int)row[3]);
            var (xi, yi, zi) = (Vector512.Create(row[0]), Vector512.Create(row[1]), Vector512.Create(row[2]));
            var (fx, fy, fz) = (Vector512<double>.Zero, Vector512<double>.Zero, Vector512<double>.Zero);
            var entry = list.Entries + list.Starts[i];
            var end = entry + list.Counts[i];
            for (; entry < end; entry += NeighborList.Width)
            {
                FetchAhead(entry);
                Load(bytes, entry, out var xj, out var yj, out var zj, out var kinds);
                var (dx, dy, dz) = (xi - xj, yi - yj, zi - zj);
                var r2 = Vector512.FusedMultiplyAdd(dz, dz, Vector512.FusedMultiplyAdd(dy, dy, dx * dx));
                var isNear = Vector512.LessThan(r2, cutoff2);
                var force = law.ForceOverDistance(r2, kinds, TTally.Counts, out var phi) & isNear;
                fx = Vector512.FusedMultiplyAdd(force, dx, fx);
                fy = Vector512.FusedMultiplyAdd(force, dy, fy);
                fz = Vector512.FusedMultiplyAdd(force, dz, fz);
                if (TTally.Counts)
                {
                    energy += phi & isNear;
                    var (gx, gy, gz) = (force * dx, force * dy, force * dz);
                    xx = Vector512.FusedMultiplyAdd(gx, dx, xx);
                    yy = Vector512.FusedMultiplyAdd(gy, dy, yy);
                    zz = Vector512.FusedMultiplyAdd(gz, dz, zz);
                    yz = Vector512.FusedMultiplyAdd(gy, dz, yz);
                    xz = Vector512.FusedMultiplyAdd(gx, dz, xz);
                    xy = Vector512.FusedMultiplyAdd(gx, dy, xy);
                }
            }

            var sum = Total(fx, fy, fz);
            if (!isFirst)
            {
                sum += Vector256.LoadAligned(f + (4L * i));
            }

            sum.StoreAligned(f + (4L * i));
        }

        if (TTally.Counts)
        {
            sums[0] += 0.5 * Vector512.Sum(energy);
            sums[1] += 0.5 * Vector512.Sum(xx);
            sums[2] += 0.5 * Vector512.Sum(yy);
            sums[3] += 0.5 * Vector512.Sum(zz);
            sums[4] += 0.5 * Vector512.Sum(yz);
            sums[5] += 0.5 * Vector512.Sum(xz);
            sums[6] += 0.5 * Vector512.Sum(xy);
        }
    }

    /// <summary>Asks for what is a few atoms further in the list: it is read once a step, and of many atoms it does not stay in the cache.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void FetchAhead(uint* entry)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch0(entry + 512);
        }
    }

    /// <summary>Asks for the row of an atom that is about to come into reach: of many atoms it does not stay in the cache from step to step.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void FetchRow(double* row)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch0(row);
        }
    }

    /// <summary>Eight rows, turned into columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(byte* rows, uint* offsets, out Vector512<double> x, out Vector512<double> y, out Vector512<double> z, out Vector512<double> w)
    {
        var a = Two(rows + offsets[0], rows + offsets[2]);
        var b = Two(rows + offsets[1], rows + offsets[3]);
        var c = Two(rows + offsets[4], rows + offsets[6]);
        var d = Two(rows + offsets[5], rows + offsets[7]);
        if (Avx512F.IsSupported)
        {
            var (xz0123, yw0123) = (Avx512F.UnpackLow(a, b), Avx512F.UnpackHigh(a, b));
            var (xz4567, yw4567) = (Avx512F.UnpackLow(c, d), Avx512F.UnpackHigh(c, d));
            x = Avx512F.Shuffle4x128(xz0123, xz4567, 0b10_00_10_00);
            z = Avx512F.Shuffle4x128(xz0123, xz4567, 0b11_01_11_01);
            y = Avx512F.Shuffle4x128(yw0123, yw4567, 0b10_00_10_00);
            w = Avx512F.Shuffle4x128(yw0123, yw4567, 0b11_01_11_01);
            return;
        }

        x = Vector512.Create(a[0], b[0], a[4], b[4], c[0], d[0], c[4], d[4]);
        y = Vector512.Create(a[1], b[1], a[5], b[5], c[1], d[1], c[5], d[5]);
        z = Vector512.Create(a[2], b[2], a[6], b[6], c[2], d[2], c[6], d[6]);
        w = Vector512.Create(a[3], b[3], a[7], b[7], c[3], d[3], c[7], d[7]);
    }

    // As an insertion into what has been loaded: Vector512.Create would insert both, the first into whatever the register held before.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<double> Two(byte* lower, byte* upper)
    {
        var first = Vector256.LoadAligned((double*)lower).ToVector512Unsafe();
        return first.WithUpper(Vector256.LoadAligned((double*)upper));
    }

    /// <summary>The sums of three vectors, as a row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<double> Total(Vector512<double> x, Vector512<double> y, Vector512<double> z)
    {
        if (Avx512F.IsSupported)
        {
            // Pairs of neighbors first: x₀+x₁, y₀+y₁, x₂+x₃, … and z₀+z₁, 0, z₂+z₃, …
            var xy = Avx512F.UnpackLow(x, y) + Avx512F.UnpackHigh(x, y);
            var z0 = Avx512F.UnpackLow(z, Vector512<double>.Zero) + Avx512F.UnpackHigh(z, Vector512<double>.Zero);
            var (xy4, z4) = (xy.GetLower() + xy.GetUpper(), z0.GetLower() + z0.GetUpper());
            return Vector256.Create(xy4.GetLower() + xy4.GetUpper(), z4.GetLower() + z4.GetUpper());
        }

        return Vector256.Create(Vector512.Sum(x), Vector512.Sum(y), Vector512.Sum(z), 0);
    }
}

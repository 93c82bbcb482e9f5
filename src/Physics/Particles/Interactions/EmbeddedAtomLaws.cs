using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Particles.Interactions;

/// <summary>The functions of an embedded-atom potential, those of a distance for eight pairs at once; a struct, so that kernels are compiled for each.</summary>
internal interface IEmbeddedLaw
{
    /// <summary>Whether atoms of several kinds differ.</summary>
    static abstract bool HasKinds { get; }

    double Cutoff { get; }

    /// <summary>How many kinds of atoms there may be.</summary>
    int Kinds { get; }

    /// <summary>Makes the law that of the neighbors j of an atom i of this kind.</summary>
    void Begin(int kind);

    /// <summary>All that depends on the distance; at the cutoff anything finite.</summary>
    /// <param name="r2">r², at most the square of the cutoff.</param>
    /// <param name="kinds">The kinds of the neighbors where there are several.</param>
    /// <param name="pairs">What the pairs do.</param>
    void Evaluate(Vector512<double> r2, Vector512<double> kinds, out EmbeddedPairs pairs);

    /// <summary>F(ρ) and F′(ρ) of an atom.</summary>
    (double Value, double Slope) Embedding(double density, int kind);
}

/// <summary>What eight pairs of atoms i and j do.</summary>
internal struct EmbeddedPairs
{
    /// <summary>ρ(r) that j brings to i.</summary>
    public Vector512<double> Density;

    /// <summary>−ρ′(r)/r of it.</summary>
    public Vector512<double> Slope;

    /// <summary>−ρ′(r)/r of what i brings to j; where there is one kind of atoms it is the same, and not set.</summary>
    public Vector512<double> Reverse;

    /// <summary>−φ′(r)/r.</summary>
    public Vector512<double> Force;

    /// <summary>φ(r).</summary>
    public Vector512<double> Energy;
}

/// <summary>Cubics of ρ(r) and r φ(r), interleaved: what one pair needs is one line of cache, or two where kinds differ.</summary>
internal static unsafe class Cubics
{
    /// <summary>c₀, c₁, c₂, c₃ of an interval.</summary>
    public static void Write(HermiteTable table, int interval, double* to) => (to[0], to[1], to[2], to[3]) = table.Cubic(interval);

    /// <summary>1/r, the interval of each of eight distances, and how far within it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Locate(Vector512<double> r2, double perSpacing, double lastInterval, out Vector512<double> inverse, out Vector512<double> interval, out Vector512<double> p)
    {
        var r = Vector512.Sqrt(r2);
        inverse = Vector512<double>.One / r;
        var position = r * Vector512.Create(perSpacing);
        interval = Vector512.Min(Vector512.Floor(position), Vector512.Create(lastInterval));
        p = Vector512.Min(position - interval, Vector512<double>.One);
    }

    /// <summary>Whole numbers as offsets of so many rows of 2^shift bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Offsets(Vector512<double> rows, int shift, uint* to)
    {
        if (Avx512F.IsSupported)
        {
            (Avx512F.ConvertToVector256Int32WithTruncation(rows).AsUInt32() << shift).Store(to);
            return;
        }

        for (var k = 0; k < Vector512<double>.Count; k++)
        {
            to[k] = (uint)rows[k] << shift;
        }
    }

    /// <summary>Value and slope, a spacing, of eight cubics.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Evaluate(byte* rows, uint* offsets, Vector512<double> p, out Vector512<double> value, out Vector512<double> slope)
    {
        PairForces.Load(rows, offsets, out var c0, out var c1, out var c2, out var c3);
        value = Vector512.FusedMultiplyAdd(Vector512.FusedMultiplyAdd(Vector512.FusedMultiplyAdd(c3, p, c2), p, c1), p, c0);
        slope = Vector512.FusedMultiplyAdd(Vector512.FusedMultiplyAdd(c3 + c3 + c3, p, c2 + c2), p, c1);
    }
}

/// <summary>One element from tables.</summary>
internal unsafe struct TabulatedElement : IEmbeddedLaw
{
    private const int RowShift = 6;     // 2⁶ bytes: four coefficients of ρ(r), four of r φ(r).

    private readonly EamTable _table;
    private readonly AlignedArray<double> _memory = new();
    private readonly byte* _rows;
    private readonly double _perSpacing;
    private readonly double _lastInterval;

    public TabulatedElement(EamTable table)
    {
        _table = table;
        var n = table.PairTable.Intervals;
        _memory.Ensure(8 * n);
        for (var i = 0; i < n; i++)
        {
            Cubics.Write(table.DensityTable, i, _memory.Pointer + (8L * i));
            Cubics.Write(table.PairTable, i, _memory.Pointer + (8L * i) + 4);
        }

        _rows = (byte*)_memory.Pointer;
        (_perSpacing, _lastInterval) = (1 / table.PairTable.Spacing, n - 1);
    }

    public static bool HasKinds => false;

    public readonly double Cutoff => _table.Cutoff;

    public readonly int Kinds => int.MaxValue;

    public readonly void Begin(int kind)
    {
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Evaluate(Vector512<double> r2, Vector512<double> kinds, out EmbeddedPairs pairs)
    {
        var offsets = stackalloc uint[Vector512<double>.Count];
        Cubics.Locate(r2, _perSpacing, _lastInterval, out var inverse, out var interval, out var p);
        Cubics.Offsets(interval, RowShift, offsets);
        Cubics.Evaluate(_rows, offsets, p, out pairs.Density, out var slope);
        Cubics.Evaluate(_rows + (4 * sizeof(double)), offsets, p, out var z, out var zSlope);

        // φ = z/r, −φ′/r = (φ − z′)/r²
        var perSpacing = Vector512.Create(_perSpacing);
        pairs.Energy = z * inverse;
        pairs.Force = (pairs.Energy - (zSlope * perSpacing)) * (inverse * inverse);
        pairs.Slope = -(slope * perSpacing * inverse);
        pairs.Reverse = default;
    }

    public readonly (double Value, double Slope) Embedding(double density, int kind) => _table.Embedding(density);
}

/// <summary>Up to eight elements from tables.</summary>
internal unsafe struct TabulatedAlloy : IEmbeddedLaw
{
    private const int RowShift = 7;     // 2⁷ bytes: four coefficients of ρ(r) from j at i, of r φ(r), of ρ(r) from i at j, and nothing.
    private const int MostRows = 1 << 23;

    private readonly HermiteTable[] _embeddings;        // Of each kind.
    private readonly AlignedArray<double> _memory = new();
    private readonly double _perSpacing;
    private readonly int _intervals;
    private readonly int _kinds;
    private byte* _rows;        // Of the kind of atom i.

    public TabulatedAlloy(EamAlloy alloy, ImmutableArray<string> elements)
    {
        if (elements.Length is 0 or > KindTable.MostKinds || elements.Any(e => !alloy.Elements.Contains(e)))
        {
            throw new ScaleModelException($"Each of 1 to {KindTable.MostKinds} kinds of atoms is of one of the elements of the potential, {string.Join(", ", alloy.Elements)}; found: '{string.Join("', '", elements)}'.");
        }

        int[] of = [.. elements.Select(e => alloy.Elements.IndexOf(e))];
        (Cutoff, _kinds, _intervals, _perSpacing) = (alloy.Cutoff, of.Length, alloy.Pairs[0][0].Intervals, 1 / alloy.Pairs[0][0].Spacing);
        if ((long)_kinds * _kinds * _intervals > MostRows)
        {
            throw new ScaleModelException(FormattableString.Invariant($"Tables of {_intervals + 1} distances are too long for {_kinds} kinds of atoms: {MostRows / (_kinds * _kinds)} are the most."));
        }

        _embeddings = [.. of.Select(e => alloy.Embeddings[e])];
        _memory.Ensure(16 * _kinds * _kinds * _intervals);
        var row = _memory.Pointer;
        foreach (var i in of)
        {
            foreach (var j in of)
            {
                for (var k = 0; k < _intervals; k++, row += 16)
                {
                    Cubics.Write(alloy.Densities[j][i], k, row);
                    Cubics.Write(alloy.Pairs[i][j], k, row + 4);
                    Cubics.Write(alloy.Densities[i][j], k, row + 8);
                }
            }
        }
    }

    public static bool HasKinds => true;

    public double Cutoff { get; }

    public readonly int Kinds => _kinds;

    public void Begin(int kind) => _rows = (byte*)_memory.Pointer + (((long)kind * _kinds * _intervals) << RowShift);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Evaluate(Vector512<double> r2, Vector512<double> kinds, out EmbeddedPairs pairs)
    {
        var offsets = stackalloc uint[Vector512<double>.Count];
        Cubics.Locate(r2, _perSpacing, _intervals - 1, out var inverse, out var interval, out var p);
        Cubics.Offsets((kinds * Vector512.Create((double)_intervals)) + interval, RowShift, offsets);
        Cubics.Evaluate(_rows, offsets, p, out pairs.Density, out var slope);
        Cubics.Evaluate(_rows + (4 * sizeof(double)), offsets, p, out var z, out var zSlope);
        Cubics.Evaluate(_rows + (8 * sizeof(double)), offsets, p, out _, out var reverse);

        // φ = z/r, −φ′/r = (φ − z′)/r²
        var perSpacing = Vector512.Create(_perSpacing);
        pairs.Energy = z * inverse;
        pairs.Force = (pairs.Energy - (zSlope * perSpacing)) * (inverse * inverse);
        pairs.Slope = -(slope * perSpacing * inverse);
        pairs.Reverse = -(reverse * perSpacing * inverse);
    }

    public readonly (double Value, double Slope) Embedding(double density, int kind) => EamTable.Embedding(_embeddings[kind], density);
}

/// <summary>The Sutton–Chen potential: φ = ε (a/r)ⁿ, ρ = (a/r)ᵐ, and −φ′/r = n φ/r², −ρ′/r = m ρ/r².</summary>
internal readonly struct SuttonChenElement(SuttonChen potential) : IEmbeddedLaw
{
    private readonly (double Epsilon, double A, int N, int M) _of = potential.Parameters;

    public static bool HasKinds => false;

    public double Cutoff => potential.Cutoff;

    public int Kinds => int.MaxValue;

    public void Begin(int kind)
    {
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Evaluate(Vector512<double> r2, Vector512<double> kinds, out EmbeddedPairs pairs)
    {
        var inverse2 = Vector512<double>.One / r2;
        var ratio = Vector512.Create(_of.A) * Vector512.Sqrt(inverse2);
        pairs.Density = Power(ratio, _of.M);
        pairs.Slope = Vector512.Create((double)_of.M) * pairs.Density * inverse2;
        pairs.Reverse = default;
        pairs.Energy = Vector512.Create(_of.Epsilon) * Power(ratio, _of.N);
        pairs.Force = Vector512.Create((double)_of.N) * pairs.Energy * inverse2;
    }

    public (double Value, double Slope) Embedding(double density, int kind) => potential.Embedding(density);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<double> Power(Vector512<double> x, int exponent)
    {
        var power = Vector512<double>.One;
        for (; exponent > 0; exponent >>= 1, x *= x)
        {
            power = (exponent & 1) == 1 ? power * x : power;
        }

        return power;
    }
}

/// <summary>Any potential of one element, one pair after the other.</summary>
internal readonly struct EmbeddedOneByOne(IEmbeddedAtomPotential potential) : IEmbeddedLaw
{
    public static bool HasKinds => false;

    public double Cutoff => potential.Cutoff;

    public int Kinds => int.MaxValue;

    public void Begin(int kind)
    {
    }

    public void Evaluate(Vector512<double> r2, Vector512<double> kinds, out EmbeddedPairs pairs)
    {
        pairs = default;
        for (var k = 0; k < Vector512<double>.Count; k++)
        {
            if (r2[k] < Cutoff * Cutoff)
            {
                var r = Math.Sqrt(r2[k]);
                var (density, slope) = potential.Density(r);
                var (energy, rise) = potential.Pair(r);
                pairs.Density = pairs.Density.WithElement(k, density);
                pairs.Slope = pairs.Slope.WithElement(k, -slope / r);
                pairs.Energy = pairs.Energy.WithElement(k, energy);
                pairs.Force = pairs.Force.WithElement(k, -rise / r);
            }
        }
    }

    public (double Value, double Slope) Embedding(double density, int kind) => potential.Embedding(density);
}

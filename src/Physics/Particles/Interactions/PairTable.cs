using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Particles.Interactions;

/// <summary>What lies between the points of a table of a pair potential; all go by r², so that no root is needed.</summary>
public enum TableInterpolation
{
    /// <summary>Energy, and force over distance, each along straight lines: LAMMPS <c>pair_style table linear</c>. The force is the slope of the energy only about.</summary>
    Linear,

    /// <summary>Energy, and force over distance, each along a cubic spline: LAMMPS <c>pair_style table spline</c>. The force is the slope of the energy very nearly.</summary>
    Spline,

    /// <summary>Energy along cubics that have energy and force of the points; the force is the slope of the energy everywhere.</summary>
    Hermite,
}

/// <summary>
/// A pair potential by its points. What is given at any distances is sampled at points that are equally spaced in r², along the clamped cubic
/// splines of energy and force: as LAMMPS does it with a table from a file (its documents of <c>pair_style table</c>, and <c>pair_table.cpp</c>).
/// </summary>
public sealed class PairTable
{
    /// <summary>Coefficients of an interval: four of φ, four of −φ′/r, by how far within it r² is.</summary>
    internal const int PerInterval = 8;

    /// <summary>The table of a potential.</summary>
    /// <param name="distances">r of each point, ascending and above zero; the first is the least distance that two atoms may have.</param>
    /// <param name="energies">φ(r).</param>
    /// <param name="forces">−φ′(r).</param>
    /// <param name="points">How many points are made of them.</param>
    /// <param name="cutoff">Where the potential ends, plainly; at most the last distance.</param>
    /// <param name="interpolation">What lies between the points.</param>
    /// <param name="slopes">−φ″ at the first and the last distance; those of the straight lines to the next points if null.</param>
    /// <exception cref="ScaleModelException">The arrays do not fit, a number is not finite, or distances do not ascend; all that is wrong is named.</exception>
    public PairTable(
        ReadOnlySpan<double> distances, ReadOnlySpan<double> energies, ReadOnlySpan<double> forces, int points, double cutoff, TableInterpolation interpolation, (double First, double Last)? slopes = null)
    {
        var (r, e, f) = (distances.ToArray(), energies.ToArray(), forces.ToArray());
        Check(r, e, f, points, cutoff);
        (Inner, Cutoff, Intervals) = (r[0], cutoff, points - 1);
        var (inner2, n) = (Inner * Inner, points);
        var spacing = ((cutoff * cutoff) - inner2) / Intervals;
        var last = r.Length - 1;
        var eSpline = new ClampedSpline(r, e, -f[0], -f[last]);
        var (fFirst, fLast) = slopes ?? ((f[1] - f[0]) / (r[1] - r[0]), (f[last] - f[last - 1]) / (r[last] - r[last - 1]));
        var fSpline = new ClampedSpline(r, f, fFirst, fLast);
        var squares = Enumerable.Range(0, n).Select(i => inner2 + (i * spacing)).ToArray();
        var energy = squares.Select(s => eSpline.At(Math.Sqrt(s))).ToArray();
        double Pull(double square) => fSpline.At(Math.Sqrt(square)) / Math.Sqrt(square);
        var force = squares.Select(Pull).ToArray();

        Coefficients = new double[PerInterval * Intervals];
        if (interpolation == TableInterpolation.Spline)
        {
            // Slopes at the ends: dφ/dr² = −(−φ′/r)/2, and that of the force over a tenth of an interval, or with f = −φ′ by f′ where it is given: d(f/r)/dr² = (f′/r − f/r²)/2r.
            var step = 0.1 * spacing;
            var first = slopes is var (low, _) ? (low - force[0]) / (2 * inner2) : (Pull(inner2 + step) - force[0]) / step;
            var end = slopes is var (_, high) && cutoff == r[last] ? (high - force[^1]) / (2 * cutoff * cutoff) : (force[^1] - Pull((cutoff * cutoff) - step)) / step;
            var (a, b) = (new ClampedSpline(squares, energy, -0.5 * force[0], -0.5 * force[^1]), new ClampedSpline(squares, force, first, end));
            for (var i = 0; i < Intervals; i++)
            {
                a.Cubic(i).CopyTo(Coefficients, PerInterval * i);
                b.Cubic(i).CopyTo(Coefficients, (PerInterval * i) + 4);
            }

            return;
        }

        for (var i = 0; i < Intervals; i++)
        {
            var rise = energy[i + 1] - energy[i];
            var at = Coefficients.AsSpan(PerInterval * i, PerInterval);
            (at[0], at[4]) = (energy[i], force[i]);
            if (interpolation == TableInterpolation.Linear)
            {
                (at[1], at[5]) = (rise, force[i + 1] - force[i]);
                continue;
            }

            // φ = c₀ + c₁p + c₂p² + c₃p³ with slopes −½(−φ′/r) a unit of r² at both ends, and −φ′/r = −2 dφ/dr².
            var (s0, s1) = (-0.5 * spacing * force[i], -0.5 * spacing * force[i + 1]);
            (at[1], at[2], at[3]) = (s0, (3 * rise) - (2 * s0) - s1, s0 + s1 - (2 * rise));
            (at[5], at[6]) = (-4 / spacing * at[2], -6 / spacing * at[3]);
        }
    }

    /// <summary>The least distance that two atoms may have.</summary>
    public double Inner { get; }

    /// <summary>Where the potential ends.</summary>
    public double Cutoff { get; }

    /// <summary>One less than there are points.</summary>
    public int Intervals { get; }

    /// <summary>Eight numbers an interval.</summary>
    internal double[] Coefficients { get; }

    private static void Check(double[] r, double[] e, double[] f, int points, double cutoff)
    {
        var faults = new List<string>();
        void Require(bool holds, FormattableString fault)
        {
            if (!holds)
            {
                faults.Add(FormattableString.Invariant(fault));
            }
        }

        Require(r.Length >= 2 && e.Length == r.Length && f.Length == r.Length, $"there are {r.Length} distances, {e.Length} energies and {f.Length} forces; they are as many, two or more");
        Require(points >= 2, $"{points} points are to be made; they are two or more");
        Require(r.Concat(e).Concat(f).All(double.IsFinite), $"a number is not finite");
        Require(r.Length == 0 || r[0] > 0, $"the first distance is {r.FirstOrDefault()}; it is above zero");
        Require(r.Zip(r.Skip(1)).All(p => p.First < p.Second), $"distances do not ascend");
        Require(r.Length == 0 || (cutoff > r[0] && cutoff <= r[^1] * (1 + 1e-12)), $"the cutoff is {cutoff}; it lies between the first and the last distance, {r.FirstOrDefault()} and {r.LastOrDefault()}");
        if (faults.Count > 0)
        {
            throw new ScaleModelException($"This is no table of a pair potential: {string.Join("; ", faults)}.");
        }
    }

    /// <summary>The cubic spline through points with given slopes at both ends (C. de Boor, A Practical Guide to Splines, ch. IV).</summary>
    private sealed class ClampedSpline
    {
        private readonly double[] _x;
        private readonly double[] _y;
        private readonly double[] _second;      // y″ at the points.

        public ClampedSpline(double[] x, double[] y, double firstSlope, double lastSlope)
        {
            (_x, _y, _second) = (x, y, new double[x.Length]);

            // hᵢ₋₁ y″ᵢ₋₁ + 2(hᵢ₋₁ + hᵢ) y″ᵢ + hᵢ y″ᵢ₊₁ = 6 (slopeᵢ − slopeᵢ₋₁), at the ends with the given slope and half the diagonal; solved from the front.
            var n = x.Length;
            var (upper, right) = (new double[n], new double[n]);
            for (var i = 0; i < n; i++)
            {
                var before = i > 0 ? x[i] - x[i - 1] : 0;
                var behind = i < n - 1 ? x[i + 1] - x[i] : 0;
                var slopeBefore = i > 0 ? (y[i] - y[i - 1]) / before : firstSlope;
                var slopeBehind = i < n - 1 ? (y[i + 1] - y[i]) / behind : lastSlope;
                var pivot = (2 * (before + behind)) - (i > 0 ? before * upper[i - 1] : 0);
                upper[i] = behind / pivot;
                right[i] = ((6 * (slopeBehind - slopeBefore)) - (i > 0 ? before * right[i - 1] : 0)) / pivot;
            }

            for (var i = n - 1; i >= 0; i--)
            {
                _second[i] = right[i] - (i < n - 1 ? upper[i] * _second[i + 1] : 0);
            }
        }

        /// <summary>c₀ … c₃ of an interval, by how far within it, 0 to 1.</summary>
        public double[] Cubic(int i)
        {
            var h2 = (_x[i + 1] - _x[i]) * (_x[i + 1] - _x[i]);
            var (a, b) = (h2 * _second[i], h2 * _second[i + 1]);
            return [_y[i], _y[i + 1] - _y[i] - (((2 * a) + b) / 6), a / 2, (b - a) / 6];
        }

        public double At(double x)
        {
            var found = Array.BinarySearch(_x, x);
            var i = Math.Clamp(found >= 0 ? found : ~found - 1, 0, _x.Length - 2);
            var (p, c) = ((x - _x[i]) / (_x[i + 1] - _x[i]), Cubic(i));
            return (((((c[3] * p) + c[2]) * p) + c[1]) * p) + c[0];
        }
    }
}

/// <summary>Pair potentials by tables, one for each pair of up to eight kinds. Nearer than the first point of a table there is nothing: energy and force are not numbers.</summary>
public unsafe struct TabulatedLaw : IPairLaw
{
    private const int RowShift = 6;         // 2⁶ bytes: the eight numbers of an interval.
    private const int MostRows = 1 << 23;

    private readonly AlignedArray<double> _memory = new();
    private readonly int _kinds;
    private readonly int _intervals;
    private readonly double _inner2;
    private readonly double _perSpacing;
    private byte* _rows;                    // Of the kind of atom i.

    /// <summary>One table for all pairs, whatever their kinds.</summary>
    public TabulatedLaw(PairTable table) : this(1, (_, _) => table) => Kinds = KindTable.MostKinds;

    /// <summary>A table for each pair of kinds.</summary>
    /// <param name="kinds">How many kinds there are.</param>
    /// <param name="of">The table of a pair; the same for (i, j) and (j, i). All have the same first distance, cutoff and number of points.</param>
    /// <exception cref="ScaleModelException">There are no kinds or more than eight, tables do not fit together, or they are too long.</exception>
    public TabulatedLaw(int kinds, Func<int, int, PairTable> of)
    {
        ArgumentNullException.ThrowIfNull(of);
        if (kinds is < 1 or > KindTable.MostKinds)
        {
            throw new ScaleModelException($"Tables are of 1 to {KindTable.MostKinds} kinds of atoms; these are {kinds}.");
        }

        var tables = new PairTable[kinds, kinds];
        for (var i = 0; i < kinds * kinds; i++)
        {
            tables[i / kinds, i % kinds] = of(i / kinds, i % kinds);
        }

        var first = tables[0, 0];
        for (var i = 0; i < kinds; i++)
        {
            for (var j = 0; j < kinds; j++)
            {
                var table = tables[i, j];
                if (!ReferenceEquals(table, tables[j, i]) || (table.Inner, table.Cutoff, table.Intervals) != (first.Inner, first.Cutoff, first.Intervals))
                {
                    throw new ScaleModelException($"The table of the kinds {i + 1} and {j + 1} must be that of {j + 1} and {i + 1}, and have the first distance, the cutoff and the number of points of all others.");
                }
            }
        }

        (Cutoff, _kinds, Kinds, _intervals, _inner2) = (first.Cutoff, kinds, kinds, first.Intervals, first.Inner * first.Inner);
        _perSpacing = _intervals / ((Cutoff * Cutoff) - _inner2);
        if ((long)kinds * kinds * _intervals > MostRows)
        {
            throw new ScaleModelException($"Tables of {_intervals + 1} points are too long for {kinds} kinds of atoms: {MostRows / (kinds * kinds)} are the most.");
        }

        var length = PairTable.PerInterval * _intervals;
        _memory.Ensure(kinds * kinds * length);
        for (var i = 0; i < kinds * kinds; i++)
        {
            tables[i / kinds, i % kinds].Coefficients.CopyTo(new Span<double>(_memory.Pointer + ((long)i * length), length));
        }
    }

    /// <inheritdoc/>
    public double Cutoff { get; }

    /// <inheritdoc/>
    public int Kinds { get; }

    /// <inheritdoc/>
    public void Begin(int kind) => _rows = (byte*)_memory.Pointer + (((long)Math.Min(kind, _kinds - 1) * _kinds * _intervals) << RowShift);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly Vector512<double> ForceOverDistance(Vector512<double> r2, Vector512<double> kinds, bool wantsEnergy, out Vector512<double> energy)
    {
        var offsets = stackalloc uint[Vector512<double>.Count];
        var position = (r2 - Vector512.Create(_inner2)) * Vector512.Create(_perSpacing);
        var interval = Vector512.Max(Vector512.Min(Vector512.Floor(position), Vector512.Create(_intervals - 1.0)), Vector512<double>.Zero);

        // Nearer than the first point by more than round-off: not a number.
        var p = Vector512.Min(position - interval, Vector512<double>.One);
        p = Vector512.ConditionalSelect(Vector512.LessThan(position, Vector512.Create(-1e-9)), Vector512.Create(double.NaN), p);
        // Nothing is read that is not there, whatever the kinds.
        kinds = Vector512.Min(kinds, Vector512.Create(_kinds - 1.0));
        Cubics.Offsets(Vector512.FusedMultiplyAdd(kinds, Vector512.Create((double)_intervals), interval), RowShift, offsets);
        energy = default;
        if (wantsEnergy)
        {
            Cubics.Evaluate(_rows, offsets, p, out energy, out _);
        }

        Cubics.Evaluate(_rows + (4 * sizeof(double)), offsets, p, out var force, out _);
        return force;
    }
}

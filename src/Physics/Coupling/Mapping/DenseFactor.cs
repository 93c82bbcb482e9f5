using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Coupling.Mapping;

/// <summary>
/// P A = L U of a dense matrix, with rows exchanged for the greatest pivot. Radial basis matrices are symmetric, but definite only for
/// some bases and nearly singular for many; one elimination serves all of them. Blocked so that the inner loops run over vectors of eight
/// numbers; a fused multiply-add rounds once on every machine, so that the bits do not depend on the width of its registers.
/// </summary>
/// <remarks>After: Golub, Van Loan, Matrix Computations, 4th ed. (2013), algorithm 3.4.1 and section 3.2.11. Cost 2n³/3, then 2n² a right side.</remarks>
internal sealed class DenseFactor
{
    private const int Panel = 32;
    private const int RowChunk = 16;

    // Least pivot over the greatest one. Below it a pivot is round-off, and the solution does not solve what was asked.
    private const double LeastPivot = 1e-15;

    private readonly double[] _a;
    private readonly int _n;
    private readonly int _stride;
    private readonly int[] _pivots;

    /// <summary>Factors a matrix in place.</summary>
    /// <param name="a">n rows of <see cref="Padded"/>(n) numbers; overwritten and kept.</param>
    /// <param name="n">The number of rows.</param>
    /// <param name="loop">Who works.</param>
    /// <exception cref="ArithmeticException">A pivot is zero but for round-off, or not finite: the matrix is singular.</exception>
    public DenseFactor(double[] a, int n, ChunkedLoop loop)
    {
        (_a, _n, _stride, _pivots) = (a, n, Padded(n), new int[n]);
        var greatestPivot = 0.0;
        for (var first = 0; first < n; first += Panel)
        {
            var past = Math.Min(n, first + Panel);
            FactorPanel(first, past, ref greatestPivot);
            if (past == n)
            {
                break;
            }

            // past is a multiple of eight here, and the padding may be computed with: it is zero and stays so.
            var width = _stride - past;
            for (var i = first + 1; i < past; i++)
            {
                Subtract(ref _a[(i * _stride) + past], ref _a[(first * _stride) + past], _stride, _a.AsSpan((i * _stride) + first, i - first), width);
            }

            loop.Run(n - past, RowChunk, (_, from, to) =>
            {
                for (var i = past + from; i < past + to; i++)
                {
                    Subtract(ref _a[(i * _stride) + past], ref _a[(first * _stride) + past], _stride, _a.AsSpan((i * _stride) + first, past - first), width);
                }
            });
        }
    }

    /// <summary>The next multiple of eight: how long rows are in memory.</summary>
    public static int Padded(int n) => (n + 7) & ~7;

    /// <summary>Solves A X = B in place.</summary>
    /// <param name="x">n rows of <paramref name="width"/> numbers: B on entry, X on return.</param>
    /// <param name="width">The number of right sides, a multiple of eight.</param>
    public void Solve(Span<double> x, int width)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(x.Length, _n * width);
        for (var i = 0; i < _n; i++)
        {
            if (_pivots[i] != i)
            {
                Swap(x.Slice(i * width, width), x.Slice(_pivots[i] * width, width));
            }
        }

        for (var i = 1; i < _n; i++)
        {
            Subtract(ref x[i * width], ref x[0], width, _a.AsSpan(i * _stride, i), width);
        }

        for (var i = _n - 1; i >= 0; i--)
        {
            var row = x.Slice(i * width, width);
            if (i + 1 < _n)
            {
                Subtract(ref row[0], ref x[(i + 1) * width], width, _a.AsSpan((i * _stride) + i + 1, _n - i - 1), width);
            }

            var pivot = 1 / _a[(i * _stride) + i];
            for (var j = 0; j < width; j++)
            {
                row[j] *= pivot;
            }
        }
    }

    private void FactorPanel(int first, int past, ref double greatestPivot)
    {
        for (var j = first; j < past; j++)
        {
            var (pivot, greatest) = (j, -1.0);
            for (var i = j; i < _n; i++)
            {
                var size = Math.Abs(_a[(i * _stride) + j]);
                if (size > greatest)
                {
                    (pivot, greatest) = (i, size);
                }
            }

            greatestPivot = Math.Max(greatestPivot, greatest);
            if (!(greatest > LeastPivot * greatestPivot && greatest < double.PositiveInfinity))
            {
                throw new ArithmeticException(FormattableString.Invariant($"pivot {j} of {_n} is {greatest:G3}, the greatest {greatestPivot:G3}"));
            }

            _pivots[j] = pivot;
            if (pivot != j)
            {
                Swap(_a.AsSpan(j * _stride, _stride), _a.AsSpan(pivot * _stride, _stride));
            }

            var top = _a.AsSpan((j * _stride) + j, past - j);
            var inverse = 1 / top[0];
            for (var i = j + 1; i < _n; i++)
            {
                var row = _a.AsSpan((i * _stride) + j, past - j);
                var factor = row[0] *= inverse;
                for (var k = 1; k < row.Length; k++)
                {
                    row[k] -= factor * top[k];
                }
            }
        }
    }

    private static void Swap(Span<double> a, Span<double> b)
    {
        for (var k = 0; k < a.Length; k++)
        {
            (a[k], b[k]) = (b[k], a[k]);
        }
    }

    /// <summary>target −= Σ_k coefficients[k] · row k, over the first <paramref name="width"/> columns, a multiple of eight.</summary>
    private static void Subtract(ref double target, ref double rows, int stride, ReadOnlySpan<double> coefficients, int width)
    {
        var column = 0;
        for (; column + 32 <= width; column += 32)
        {
            ref var t = ref Unsafe.Add(ref target, column);
            var (a, b, c, d) = (Vector512.LoadUnsafe(ref t), Vector512.LoadUnsafe(ref t, 8), Vector512.LoadUnsafe(ref t, 16), Vector512.LoadUnsafe(ref t, 24));
            var row = (nuint)column;
            foreach (var coefficient in coefficients)
            {
                var factor = Vector512.Create(-coefficient);
                a = Vector512.FusedMultiplyAdd(factor, Vector512.LoadUnsafe(ref rows, row), a);
                b = Vector512.FusedMultiplyAdd(factor, Vector512.LoadUnsafe(ref rows, row + 8), b);
                c = Vector512.FusedMultiplyAdd(factor, Vector512.LoadUnsafe(ref rows, row + 16), c);
                d = Vector512.FusedMultiplyAdd(factor, Vector512.LoadUnsafe(ref rows, row + 24), d);
                row += (nuint)stride;
            }

            a.StoreUnsafe(ref t);
            b.StoreUnsafe(ref t, 8);
            c.StoreUnsafe(ref t, 16);
            d.StoreUnsafe(ref t, 24);
        }

        for (; column < width; column += 8)
        {
            ref var t = ref Unsafe.Add(ref target, column);
            var row = (nuint)column;
            var a = Vector512.LoadUnsafe(ref t);
            foreach (var coefficient in coefficients)
            {
                a = Vector512.FusedMultiplyAdd(Vector512.Create(-coefficient), Vector512.LoadUnsafe(ref rows, row), a);
                row += (nuint)stride;
            }

            a.StoreUnsafe(ref t);
        }
    }

    /// <summary>to += Σ_k factors[k] · row k, rows of <paramref name="width"/> numbers, a multiple of eight, one after the other.</summary>
    internal static void AddRows(Span<double> to, ReadOnlySpan<double> rows, ReadOnlySpan<double> factors, int width)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows.Length, factors.Length * width);
        ArgumentOutOfRangeException.ThrowIfLessThan(to.Length, width);
        ref var target = ref MemoryMarshal.GetReference(to);
        ref var all = ref MemoryMarshal.GetReference(rows);
        var column = 0;
        for (; column + 32 <= width; column += 32)
        {
            ref var t = ref Unsafe.Add(ref target, column);
            var (a, b, c, d) = (Vector512.LoadUnsafe(ref t), Vector512.LoadUnsafe(ref t, 8), Vector512.LoadUnsafe(ref t, 16), Vector512.LoadUnsafe(ref t, 24));
            var row = (nuint)column;
            foreach (var value in factors)
            {
                var factor = Vector512.Create(value);
                a = Vector512.FusedMultiplyAdd(factor, Vector512.LoadUnsafe(ref all, row), a);
                b = Vector512.FusedMultiplyAdd(factor, Vector512.LoadUnsafe(ref all, row + 8), b);
                c = Vector512.FusedMultiplyAdd(factor, Vector512.LoadUnsafe(ref all, row + 16), c);
                d = Vector512.FusedMultiplyAdd(factor, Vector512.LoadUnsafe(ref all, row + 24), d);
                row += (nuint)width;
            }

            a.StoreUnsafe(ref t);
            b.StoreUnsafe(ref t, 8);
            c.StoreUnsafe(ref t, 16);
            d.StoreUnsafe(ref t, 24);
        }

        for (; column < width; column += 8)
        {
            ref var t = ref Unsafe.Add(ref target, column);
            var row = (nuint)column;
            var a = Vector512.LoadUnsafe(ref t);
            foreach (var value in factors)
            {
                a = Vector512.FusedMultiplyAdd(Vector512.Create(value), Vector512.LoadUnsafe(ref all, row), a);
                row += (nuint)width;
            }

            a.StoreUnsafe(ref t);
        }
    }
}

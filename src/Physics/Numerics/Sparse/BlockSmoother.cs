using System.Numerics;
using System.Runtime.CompilerServices;

namespace ActorMultiscale.Physics.Numerics.Sparse;

/// <summary>
/// Chebyshev polynomials in D⁻¹A, with the diagonal blocks D: damps what belongs to the upper part of the spectrum, by products with A
/// alone, so by any number of threads. Works on its own vectors <see cref="Right"/>, <see cref="Solution"/> and <see cref="Rest"/>, and
/// allocates nothing after construction.
/// </summary>
/// <remarks>
/// After: Saad, "Iterative Methods for Sparse Linear Systems", 2nd ed. (2003), algorithm 12.1; as a smoother, Adams, Brezina, Hu,
/// Tuminaro, J. Comput. Phys. 188, 593 (2003).
/// </remarks>
internal sealed unsafe class BlockSmoother<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int LanczosSteps = 12;
    private readonly BlockRows<T> _a;
    private readonly T[] _inverse;
    private readonly ChunkedLoop _loop;
    private readonly T[] _product;
    private readonly double[] _partial;
    private readonly Action<int, int, int> _begin;
    private readonly Action<int, int, int> _step;
    private readonly Action<int, int, int> _residual;
    private readonly Action<int, int, int> _last;
    private T[] _direction;
    private T[] _next;
    private bool _fromZero;
    private T _old;
    private T _new;

    /// <summary>The smoother of a matrix.</summary>
    /// <param name="a">A, symmetric positive definite.</param>
    /// <param name="inverse">D⁻¹, a block a block row.</param>
    /// <param name="loop">The threads.</param>
    public BlockSmoother(BlockRows<T> a, double[] inverse, ChunkedLoop loop)
    {
        (_a, _loop) = (a, loop);
        _inverse = Array.ConvertAll(inverse, T.CreateTruncating);
        var length = a.RowBlocks * a.Rows;
        (Right, Solution, Rest) = (new T[length], new T[length], new T[length]);
        (_product, _direction, _next) = (new T[length], new T[length], new T[length]);
        _partial = new double[ChunkedLoop.Chunks(a.RowBlocks, a.ChunkRows)];
        (_begin, _step, _residual, _last) = (Begin, Step, Residual, Last);
        Largest = EstimateLargest();
    }

    /// <summary>A.</summary>
    public BlockRows<T> Matrix => _a;

    /// <summary>b, set by the caller.</summary>
    public T[] Right { get; }

    /// <summary>x.</summary>
    public T[] Solution { get; }

    /// <summary>b − A x after <see cref="Smooth"/> with the rest.</summary>
    public T[] Rest { get; }

    /// <summary>An estimate of the largest eigenvalue of D⁻¹A, from below and within a tenth.</summary>
    public double Largest { get; }

    /// <summary>Improves <see cref="Solution"/> by the polynomial of the given degree.</summary>
    /// <param name="degree">Steps.</param>
    /// <param name="range">From λ/range to λ.</param>
    /// <param name="fromZero">Whether to begin at x = 0, whatever stands there.</param>
    /// <param name="withRest">Whether <see cref="Rest"/> is wanted after.</param>
    public void Smooth(int degree, double range, bool fromZero, bool withRest)
    {
        // The estimate is from below: a tenth more holds the whole spectrum.
        var upper = 1.1 * Largest;
        var (middle, half) = ((upper + (upper / range)) / 2, (upper - (upper / range)) / 2);
        if (!fromZero)
        {
            Run(_residual);
        }

        // d = D⁻¹ r / θ; x += d. Then ρ' = 1 / (2 θ/δ − ρ); d = ρ' ρ d + (2 ρ'/δ) D⁻¹ (r −= A d); x += d.
        _fromZero = fromZero;
        _new = T.CreateTruncating(1 / middle);
        Run(_begin);
        var rho = half / middle;
        for (var step = 1; step < degree; step++)
        {
            var next = 1 / ((2 * middle / half) - rho);
            (_old, _new) = (T.CreateTruncating(next * rho), T.CreateTruncating(2 * next / half));
            rho = next;
            Run(_step);
            (_direction, _next) = (_next, _direction);
        }

        if (withRest)
        {
            Run(_last);
        }
    }

    private void Run(Action<int, int, int> body) => _loop.Run(_a.RowBlocks, _a.ChunkRows, body);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Begin(int chunk, int first, int past)
    {
        var b = _a.Rows;
        fixed (T* x = Solution, r = Rest, right = Right, d = _direction)
        {
            for (var i = first * b; _fromZero && i < past * b; i++)
            {
                (r[i], x[i]) = (right[i], T.Zero);
            }

            // What stands in d is of a call before: 0 · NaN would be NaN for good.
            new Span<T>(d + (first * b), (past - first) * b).Clear();
            Combine(T.Zero, _new, d, d, first, past);
            for (var i = first * b; i < past * b; i++)
            {
                x[i] += d[i];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Step(int chunk, int first, int past)
    {
        var b = _a.Rows;
        fixed (T* x = Solution, r = Rest, p = _product, d = _direction, next = _next)
        {
            _a.Multiply(d, p, first, past);
            for (var i = first * b; i < past * b; i++)
            {
                r[i] -= p[i];
            }

            Combine(_old, _new, d, next, first, past);
            for (var i = first * b; i < past * b; i++)
            {
                x[i] += next[i];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Residual(int chunk, int first, int past)
    {
        var b = _a.Rows;
        fixed (T* x = Solution, r = Rest, right = Right, p = _product)
        {
            _a.Multiply(x, p, first, past);
            for (var i = first * b; i < past * b; i++)
            {
                r[i] = right[i] - p[i];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Last(int chunk, int first, int past)
    {
        var b = _a.Rows;
        fixed (T* r = Rest, p = _product, d = _direction)
        {
            _a.Multiply(d, p, first, past);
            for (var i = first * b; i < past * b; i++)
            {
                r[i] -= p[i];
            }
        }
    }

    // to = old · d + factor · D⁻¹ r.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Combine(T old, T factor, T* d, T* to, int first, int past)
    {
        var b = _a.Rows;
        fixed (T* inverse = _inverse, r = Rest)
        {
            if (b == 1)
            {
                for (var i = first; i < past; i++)
                {
                    to[i] = (old * d[i]) + (factor * (inverse[i] * r[i]));
                }

                return;
            }

            if (b == 3)
            {
                for (var i = first; i < past; i++)
                {
                    var (m, s) = ((nint)i * 9, (nint)i * 3);
                    var (r0, r1, r2) = (r[s], r[s + 1], r[s + 2]);
                    to[s] = (old * d[s]) + (factor * ((inverse[m] * r0) + (inverse[m + 3] * r1) + (inverse[m + 6] * r2)));
                    to[s + 1] = (old * d[s + 1]) + (factor * ((inverse[m + 1] * r0) + (inverse[m + 4] * r1) + (inverse[m + 7] * r2)));
                    to[s + 2] = (old * d[s + 2]) + (factor * ((inverse[m + 2] * r0) + (inverse[m + 5] * r1) + (inverse[m + 8] * r2)));
                }

                return;
            }

            for (var i = first; i < past; i++)
            {
                var block = inverse + ((nint)i * b * b);
                for (var row = 0; row < b; row++)
                {
                    var sum = T.Zero;
                    for (var c = 0; c < b; c++)
                    {
                        sum += block[(c * b) + row] * r[(i * b) + c];
                    }

                    var at = (i * b) + row;
                    to[at] = (old * d[at]) + (factor * sum);
                }
            }
        }
    }

    // The largest eigenvalue of the tridiagonal matrix that conjugate gradients with D⁻¹ from a fixed right-hand side leave behind.
    // After: Saad (2003), section 6.7.3.
    private double EstimateLargest()
    {
        var length = Rest.Length;
        for (var i = 0; i < length; i++)
        {
            // Weyl's sequence: as good as random here, and the same everywhere.
            var fraction = (i + 1) * 0.6180339887498949;
            Rest[i] = T.CreateTruncating(fraction - Math.Floor(fraction) - 0.5);
        }

        var (alphas, betas) = (new List<double>(), new List<double>());
        var z = Right;
        var search = _direction;
        Preconditioned(z);
        z.CopyTo(search, 0);
        var rz = Dot(Rest, z);
        for (var step = 0; step < Math.Min(LanczosSteps, length) && rz > 0; step++)
        {
            Products(search);
            var curvature = Dot(search, _product);
            if (!(curvature > 0))
            {
                break;
            }

            var alpha = rz / curvature;
            alphas.Add(alpha);
            AddTo(Rest, -alpha, _product, 1);
            Preconditioned(z);
            var next = Dot(Rest, z);
            betas.Add(next / rz);
            AddTo(search, 1, z, next / rz);
            if (next <= 1e-12 * rz)
            {
                break;
            }

            rz = next;
        }

        Array.Clear(Right);
        Array.Clear(Rest);
        Array.Clear(search);
        return alphas.Count == 0 ? 1 : LargestOfTridiagonal(alphas, betas);

        void Preconditioned(T[] to) => _loop.Run(_a.RowBlocks, _a.ChunkRows, (_, first, past) =>
        {
            fixed (T* t = to)
            {
                Combine(T.Zero, T.One, t, t, first, past);
            }
        });

        void Products(T[] from) => _loop.Run(_a.RowBlocks, _a.ChunkRows, (_, first, past) =>
        {
            fixed (T* f = from, p = _product)
            {
                _a.Multiply(f, p, first, past);
            }
        });

        void AddTo(T[] to, double factor, T[] what, double keep) => _loop.Run(length, 8192, (_, first, past) =>
        {
            var (f, k) = (T.CreateTruncating(factor), T.CreateTruncating(keep));
            for (var i = first; i < past; i++)
            {
                to[i] = (k * to[i]) + (f * what[i]);
            }
        });

        double Dot(T[] x, T[] y)
        {
            _loop.Run(_a.RowBlocks, _a.ChunkRows, (chunk, first, past) =>
            {
                var sum = 0.0;
                for (var i = first * _a.Rows; i < past * _a.Rows; i++)
                {
                    sum += double.CreateTruncating(x[i]) * double.CreateTruncating(y[i]);
                }

                _partial[chunk] = sum;
            });
            return FixedOrderSum.Of(_partial);
        }
    }

    // T_jj = 1/α_j + β_{j−1}/α_{j−1}, T_{j,j+1} = √β_j / α_j. By bisection: T − λ has no positive pivot where λ is above all eigenvalues.
    private static double LargestOfTridiagonal(List<double> alphas, List<double> betas)
    {
        double Diagonal(int j) => (1 / alphas[j]) + (j == 0 ? 0 : betas[j - 1] / alphas[j - 1]);
        double SquaredSide(int j) => betas[j] / (alphas[j] * alphas[j]);
        var (low, high) = (0.0, 0.0);
        for (var j = 0; j < alphas.Count; j++)
        {
            low = Math.Max(low, Diagonal(j));
            high = Math.Max(high, Diagonal(j) + (j == 0 ? 0 : Math.Sqrt(SquaredSide(j - 1))) + (j + 1 == alphas.Count ? 0 : Math.Sqrt(SquaredSide(j))));
        }

        for (var halving = 0; halving < 40; halving++)
        {
            var middle = (low + high) / 2;
            var isAbove = true;
            var pivot = Diagonal(0) - middle;
            for (var j = 1; j < alphas.Count && isAbove; j++)
            {
                isAbove = pivot < 0;
                pivot = Diagonal(j) - middle - (SquaredSide(j - 1) / pivot);
            }

            (low, high) = isAbove && pivot < 0 ? (low, middle) : (middle, high);
        }

        return high;
    }
}

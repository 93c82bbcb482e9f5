namespace ActorMultiscale.Physics.Numerics;

/// <summary>
/// A symmetric positive definite matrix whose entries lie within a band about its diagonal, factored once as A = L Lᵀ and
/// solved with as often as needed. Factoring takes n·b² operations, a solve 4·n·b, for n rows of half-bandwidth b.
/// </summary>
/// <remarks>After: Golub, Van Loan, "Matrix Computations", 4th ed. (2013), section 4.3.5 (band Cholesky).</remarks>
public sealed class BandedCholesky
{
    private readonly int _size;
    private readonly int _band;
    private readonly double[] _factor;      // Row i holds L(i, i−b) … L(i, i), zeros before the first column.

    /// <summary>Factors a matrix.</summary>
    /// <param name="size">The number of rows n, at least one.</param>
    /// <param name="band">The half-bandwidth b: A(i, j) = 0 for |i − j| &gt; b.</param>
    /// <param name="lower">
    /// The lower half of the band, n × (b + 1) numbers, row by row: entry i·(b + 1) + (j − i + b) is A(i, j) for i − b ≤ j ≤ i.
    /// Entries before the first column are not read. Copied.
    /// </param>
    /// <exception cref="ArgumentException">The matrix is not positive definite, or the array has another length.</exception>
    public BandedCholesky(int size, int band, ReadOnlySpan<double> lower)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(band);
        if (lower.Length != size * (band + 1))
        {
            throw new ArgumentException($"The band of {size} rows and half-bandwidth {band} has {size * (band + 1)} numbers; found {lower.Length}.", nameof(lower));
        }

        (_size, _band) = (size, band);
        _factor = lower.ToArray();
        Factor();
    }

    /// <summary>Replaces <paramref name="x"/>, the right-hand side, by the solution of A x = b.</summary>
    /// <param name="x">n numbers; overwritten.</param>
    public void Solve(Span<double> x)
    {
        if (x.Length != _size)
        {
            throw new ArgumentException($"The matrix has {_size} rows; the right-hand side has {x.Length}.", nameof(x));
        }

        // L y = b, then Lᵀ x = y.
        for (var i = 0; i < _size; i++)
        {
            for (var j = Math.Max(0, i - _band); j < i; j++)
            {
                x[i] -= _factor[At(i, j)] * x[j];
            }

            x[i] /= _factor[At(i, i)];
        }

        for (var i = _size - 1; i >= 0; i--)
        {
            x[i] /= _factor[At(i, i)];
            for (var j = Math.Max(0, i - _band); j < i; j++)
            {
                x[j] -= _factor[At(i, j)] * x[i];
            }
        }
    }

    // L(i, j) = (A(i, j) − Σₖ L(i, k) L(j, k)) / L(j, j), and L(i, i) = √(A(i, i) − Σₖ L(i, k)²).
    private void Factor()
    {
        for (var i = 0; i < _size; i++)
        {
            var first = Math.Max(0, i - _band);
            for (var j = first; j <= i; j++)
            {
                var sum = _factor[At(i, j)];
                for (var k = Math.Max(first, j - _band); k < j; k++)
                {
                    sum -= _factor[At(i, k)] * _factor[At(j, k)];
                }

                if (j < i)
                {
                    _factor[At(i, j)] = sum / _factor[At(j, j)];
                }
                else
                {
                    _factor[At(i, i)] = sum > 0
                        ? Math.Sqrt(sum)
                        : throw new ArgumentException(FormattableString.Invariant($"The matrix is not positive definite: the pivot of row {i} is {sum}."));
                }
            }
        }
    }

    private int At(int row, int column) => (row * (_band + 1)) + (column - row + _band);
}

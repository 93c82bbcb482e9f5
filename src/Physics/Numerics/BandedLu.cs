namespace ActorMultiscale.Physics.Numerics;

/// <summary>Solves A x = b for a square matrix whose entries lie within a band about its diagonal, by elimination with row exchanges.</summary>
/// <remarks>After: Golub, Van Loan, "Matrix Computations", 4th ed. (2013), section 4.3.3 (band elimination with pivoting).</remarks>
public sealed class BandedLu
{
    private readonly int _size;
    private readonly int _band;
    private readonly int _width;
    private readonly double[] _rows;        // Row i holds A(i, i−b) … A(i, i+2b): row exchanges fill b columns more on the right.

    /// <summary>A matrix of zeros.</summary>
    /// <param name="size">The number of rows, at least one.</param>
    /// <param name="band">The half-bandwidth b: A(i, j) = 0 for |i − j| &gt; b.</param>
    public BandedLu(int size, int band)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(band);
        (_size, _band, _width) = (size, band, (3 * band) + 1);
        _rows = new double[size * _width];
    }

    /// <summary>Adds to A(i, j).</summary>
    /// <param name="i">Row.</param>
    /// <param name="j">Column, at most the half-bandwidth away.</param>
    /// <param name="value">What is added.</param>
    public void Add(int i, int j, double value)
    {
        if (Math.Abs(i - j) > _band || Math.Min(i, j) < 0 || Math.Max(i, j) >= _size)
        {
            throw new ArgumentOutOfRangeException(nameof(j), $"The entry ({i}, {j}) lies outside the band of half-width {_band} of {_size} rows.");
        }

        _rows[At(i, j)] += value;
    }

    /// <summary>Replaces <paramref name="x"/>, the right-hand side, by the solution. The matrix is used up: it is zero afterwards.</summary>
    /// <param name="x">As many numbers as there are rows; overwritten.</param>
    /// <exception cref="ArithmeticException">The matrix is singular, or holds a number that is not finite.</exception>
    public void Solve(Span<double> x)
    {
        if (x.Length != _size)
        {
            throw new ArgumentException($"The matrix has {_size} rows; the right-hand side has {x.Length}.", nameof(x));
        }

        for (var k = 0; k < _size; k++)
        {
            var (lastRow, lastColumn) = (Math.Min(_size - 1, k + _band), Math.Min(_size - 1, k + (2 * _band)));
            var pivot = k;
            for (var i = k + 1; i <= lastRow; i++)
            {
                pivot = Math.Abs(_rows[At(i, k)]) > Math.Abs(_rows[At(pivot, k)]) ? i : pivot;
            }

            if (!(Math.Abs(_rows[At(pivot, k)]) > 0) || !double.IsFinite(_rows[At(pivot, k)]))
            {
                throw new ArithmeticException($"The matrix is singular or not finite: no pivot in column {k} of {_size}.");
            }

            if (pivot != k)
            {
                (x[k], x[pivot]) = (x[pivot], x[k]);
                for (var j = k; j <= lastColumn; j++)
                {
                    (_rows[At(k, j)], _rows[At(pivot, j)]) = (_rows[At(pivot, j)], _rows[At(k, j)]);
                }
            }

            for (var i = k + 1; i <= lastRow; i++)
            {
                var factor = _rows[At(i, k)] / _rows[At(k, k)];
                x[i] -= factor * x[k];
                for (var j = k + 1; j <= lastColumn; j++)
                {
                    _rows[At(i, j)] -= factor * _rows[At(k, j)];
                }
            }
        }

        for (var i = _size - 1; i >= 0; i--)
        {
            for (var j = i + 1; j <= Math.Min(_size - 1, i + (2 * _band)); j++)
            {
                x[i] -= _rows[At(i, j)] * x[j];
            }

            x[i] /= _rows[At(i, i)];
        }

        Array.Clear(_rows);
    }

    // A row reaches from i − b to i + 2b; a row below the pivot's is b further down at most, and so its entries fit.
    private int At(int i, int j) => (i * _width) + j - i + _band;
}

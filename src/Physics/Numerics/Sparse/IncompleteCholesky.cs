namespace ActorMultiscale.Physics.Numerics.Sparse;

/// <summary>
/// Incomplete Cholesky, IC(0): A + α D ≈ L Lᵀ, with L where A has entries and nowhere else, and D the diagonal of A. α is zero where that
/// works, and else the least of a few that keep all pivots positive. Sweeps run in the order of the rows, by one thread.
/// </summary>
/// <remarks>
/// After: Meijerink, van der Vorst, Math. Comp. 31, 148 (1977); the shift: Manteuffel, Math. Comp. 34, 473 (1980), found as by Lin, Moré,
/// SIAM J. Sci. Comput. 21, 24 (1999), algorithm 2.4.
/// </remarks>
public sealed class IncompleteCholesky : IPreconditioner
{
    private const double LeastShift = 1e-3;
    private const double LeastPivot = 1e-10;        // Of the diagonal entry: less is rounding.
    private readonly int[] _rowStart;               // L by rows, the diagonal last in each.
    private readonly int[] _columns;
    private readonly double[] _values;

    /// <summary>The preconditioner of a matrix as it is now; later changes of the matrix are not seen.</summary>
    /// <param name="matrix">A, symmetric positive definite; the lower triangle is read.</param>
    /// <exception cref="ArgumentException">A diagonal entry is not positive.</exception>
    public IncompleteCholesky(CsrMatrix matrix)
    {
        var diagonal = JacobiPreconditioner.PositiveDiagonal(matrix);
        var n = matrix.RowCount;
        _rowStart = new int[n + 1];
        for (var i = 0; i < n; i++)
        {
            var row = matrix.Columns[matrix.RowStart[i]..matrix.RowStart[i + 1]];
            _rowStart[i + 1] = _rowStart[i] + row.BinarySearch(i) + 1;
        }

        (_columns, _values) = (new int[_rowStart[n]], new double[_rowStart[n]]);
        for (var i = 0; i < n; i++)
        {
            matrix.Columns.Slice(matrix.RowStart[i], _rowStart[i + 1] - _rowStart[i]).CopyTo(_columns.AsSpan(_rowStart[i]));
        }

        while (!Factor(matrix, diagonal))
        {
            Shift = Math.Max(LeastShift, 2 * Shift);
        }
    }

    /// <summary>α.</summary>
    public double Shift { get; private set; }

    /// <inheritdoc/>
    public void Apply(ReadOnlySpan<double> r, Span<double> z)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(r.Length, _rowStart.Length - 1);
        ArgumentOutOfRangeException.ThrowIfNotEqual(z.Length, _rowStart.Length - 1);

        // L y = r, with y in z, and Lᵀ z = y.
        for (var i = 0; i < z.Length; i++)
        {
            var (rest, last) = (r[i], _rowStart[i + 1] - 1);
            for (var k = _rowStart[i]; k < last; k++)
            {
                rest -= _values[k] * z[_columns[k]];
            }

            z[i] = rest / _values[last];
        }

        for (var i = z.Length - 1; i >= 0; i--)
        {
            var last = _rowStart[i + 1] - 1;
            z[i] /= _values[last];
            for (var k = _rowStart[i]; k < last; k++)
            {
                z[_columns[k]] -= _values[k] * z[i];
            }
        }
    }

    // L_ij = (A_ij − Σ_k<j L_ik L_jk) / L_jj and L_ii = √(A_ii (1 + α) − Σ L_ik²), over entries that both rows have. False at a bad pivot.
    private bool Factor(CsrMatrix matrix, double[] diagonal)
    {
        for (var i = 0; i < diagonal.Length; i++)
        {
            var last = _rowStart[i + 1] - 1;
            var pivot = diagonal[i] * (1 + Shift);
            for (var e = _rowStart[i]; e < last; e++)
            {
                var j = _columns[e];
                var sum = matrix.Values[matrix.RowStart[i] + e - _rowStart[i]];
                var (p, q, lastOfJ) = (_rowStart[i], _rowStart[j], _rowStart[j + 1] - 1);
                while (p < e && q < lastOfJ)
                {
                    if (_columns[p] == _columns[q])
                    {
                        sum -= _values[p++] * _values[q++];
                    }
                    else if (_columns[p] < _columns[q])
                    {
                        p++;
                    }
                    else
                    {
                        q++;
                    }
                }

                _values[e] = sum / _values[lastOfJ];
                pivot -= _values[e] * _values[e];
            }

            if (!(pivot > LeastPivot * diagonal[i]))
            {
                return double.IsFinite(pivot) ? false : throw new ArgumentException($"Row {i} of the matrix is not finite.", nameof(matrix));
            }

            _values[last] = Math.Sqrt(pivot);
        }

        return true;
    }
}

namespace ActorMultiscale.Physics.Numerics.Sparse;

/// <summary>
/// A = L D Lᵀ of a dense symmetric positive semidefinite matrix. A pivot of rounding's size belongs to a vector without energy: its
/// unknown is set to zero, so that consistent singular systems (a body that floats) are solved up to such vectors.
/// </summary>
/// <remarks>After: Golub, Van Loan, "Matrix Computations", 4th ed. (2013), section 4.1.2.</remarks>
internal sealed class CoarseFactor : IPreconditioner
{
    private const double Nothing = 1e-12;
    private readonly int _size;
    private readonly double[] _lower;       // L below the diagonal, 1/D or 0 on it.

    /// <summary>Factors the matrix.</summary>
    public CoarseFactor(BlockRows<double> a)
    {
        var b = a.Rows;
        _size = a.RowBlocks * b;
        _lower = new double[_size * _size];
        for (var i = 0; i < a.RowBlocks; i++)
        {
            for (var k = a.RowStart[i]; k < a.RowStart[i + 1]; k++)
            {
                for (var n = 0; n < b * b; n++)
                {
                    _lower[(((i * b) + (n % b)) * _size) + (a.BlockColumns[k] * b) + (n / b)] = a.Values[(k * b * b) + n];
                }
            }
        }

        var scaled = new double[_size];
        for (var i = 0; i < _size; i++)
        {
            // L_ij = (A_ij − Σ_k<j L_ik D_k L_jk) / D_j, with L_ik D_k in scaled.
            var row = _lower.AsSpan(i * _size, i + 1);
            var own = row[i];
            for (var j = 0; j < i; j++)
            {
                scaled[j] = row[j] - FixedOrderSum.Dot(scaled.AsSpan(0, j), _lower.AsSpan(j * _size, j));
                row[j] = scaled[j] * _lower[(j * _size) + j];
            }

            var pivot = own - FixedOrderSum.Dot(scaled.AsSpan(0, i), row[..i]);
            row[i] = pivot > Nothing * own ? 1 / pivot : 0;
        }
    }

    /// <summary>x = A⁻¹ r.</summary>
    public void Apply(ReadOnlySpan<double> r, Span<double> x)
    {
        r.CopyTo(x);
        for (var i = 0; i < _size; i++)
        {
            x[i] -= FixedOrderSum.Dot(_lower.AsSpan(i * _size, i), x[..i]);
        }

        for (var i = 0; i < _size; i++)
        {
            x[i] *= _lower[(i * _size) + i];
        }

        for (var i = _size - 1; i > 0; i--)
        {
            var row = _lower.AsSpan(i * _size, i);
            for (var k = 0; k < row.Length; k++)
            {
                x[k] -= row[k] * x[i];
            }
        }
    }
}

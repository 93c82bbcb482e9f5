namespace ActorMultiscale.Physics.Numerics;

/// <summary>
/// The factorization A = L Lᵀ of a small symmetric positive definite matrix, always in the same order of operations,
/// so that the solution has the same bits everywhere.
/// </summary>
/// <remarks>After: Golub, Van Loan, Matrix Computations, 4th ed. (2013), algorithm 4.2.1. Cost n³/3 to factor, 2n² to solve.</remarks>
public sealed class CholeskyFactor
{
    private readonly double[] _lower;

    /// <summary>Factors <paramref name="matrix"/>.</summary>
    /// <param name="matrix">n × n numbers, row by row; only the lower triangle is read.</param>
    /// <param name="size">n.</param>
    /// <exception cref="InvalidOperationException">The matrix is not positive definite.</exception>
    public CholeskyFactor(ReadOnlySpan<double> matrix, int size)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(matrix.Length, size * size);
        Size = size;
        _lower = matrix.ToArray();
        for (var j = 0; j < size; j++)
        {
            for (var i = j; i < size; i++)
            {
                // L_ij = (A_ij − Σ_k<j L_ik L_jk) / L_jj, and L_jj is the root of the same expression.
                var sum = _lower[(i * size) + j];
                for (var k = 0; k < j; k++)
                {
                    sum -= _lower[(i * size) + k] * _lower[(j * size) + k];
                }

                if (i > j)
                {
                    _lower[(i * size) + j] = sum / _lower[(j * size) + j];
                }
                else if (sum > 0)
                {
                    _lower[(j * size) + j] = Math.Sqrt(sum);
                }
                else
                {
                    throw new InvalidOperationException(FormattableString.Invariant($"The matrix is not positive definite: pivot {j} of {size} is {sum}."));
                }
            }
        }
    }

    /// <summary>n.</summary>
    public int Size { get; }

    /// <summary>Solves A x = b in place.</summary>
    /// <param name="x">b on entry, the solution on return; n numbers.</param>
    public void Solve(Span<double> x)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(x.Length, Size);
        for (var i = 0; i < Size; i++)
        {
            for (var k = 0; k < i; k++)
            {
                x[i] -= _lower[(i * Size) + k] * x[k];
            }

            x[i] /= _lower[(i * Size) + i];
        }

        for (var i = Size - 1; i >= 0; i--)
        {
            for (var k = i + 1; k < Size; k++)
            {
                x[i] -= _lower[(k * Size) + i] * x[k];
            }

            x[i] /= _lower[(i * Size) + i];
        }
    }
}

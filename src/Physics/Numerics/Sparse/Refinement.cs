namespace ActorMultiscale.Physics.Numerics.Sparse;

/// <summary>Solutions of A x = b by a factorization, improved with their residuals while that helps. Usable by one caller at a time.</summary>
/// <remarks>After: Arioli, Demmel, Duff, SIAM J. Matrix Anal. Appl. 10, 165 (1989), with the error by norms.</remarks>
/// <param name="matrix">A; its values must not change.</param>
/// <param name="factor">A⁻¹ as roundings left it.</param>
internal sealed class Refinement(CsrMatrix matrix, IPreconditioner factor)
{
    private const int Most = 4;
    private readonly double _norm = NormOf(matrix);
    private readonly double[] _residual = new double[matrix.RowCount];
    private readonly double[] _correction = new double[matrix.RowCount];

    /// <summary>
    /// (n + 100) ε: a pivot that is no larger, relative to what it was computed from, is what n roundings may leave of zero, or has fewer
    /// than two digits where n is small.
    /// </summary>
    public static double Roundings(int n) => (n + 100) * 2.220446049250313E-16;

    /// <summary>Solves A x = b, with further solutions for the residual while each at least halves the backward error; returns that error.</summary>
    public double Solve(ReadOnlySpan<double> b, Span<double> x)
    {
        factor.Apply(b, x);
        var error = Error(b, x);
        for (var step = 0; step < Most && error > 0; step++)
        {
            factor.Apply(_residual, _correction);
            Add(1, x);
            var next = Error(b, x);
            if (!(next < error))
            {
                Add(-1, x);
                break;
            }

            var helped = next < error / 2;
            error = next;
            if (!helped)
            {
                break;
            }
        }

        return error;
    }

    private double Error(ReadOnlySpan<double> b, ReadOnlySpan<double> x)
    {
        matrix.Multiply(x, _residual);
        for (var i = 0; i < _residual.Length; i++)
        {
            _residual[i] = b[i] - _residual[i];
        }

        var scale = (_norm * Largest(x)) + Largest(b);
        return scale == 0 ? 0 : Largest(_residual) / scale;
    }

    private void Add(double sign, Span<double> x)
    {
        for (var i = 0; i < x.Length; i++)
        {
            x[i] += sign * _correction[i];
        }
    }

    private static double NormOf(CsrMatrix matrix)
    {
        var norm = 0.0;
        for (var i = 0; i < matrix.RowCount; i++)
        {
            var sum = 0.0;
            foreach (var value in matrix.Values[matrix.RowStart[i]..matrix.RowStart[i + 1]])
            {
                sum += Math.Abs(value);
            }

            norm = Math.Max(norm, sum);
        }

        return norm;
    }

    // NaN where any is.
    private static double Largest(ReadOnlySpan<double> x)
    {
        var most = 0.0;
        foreach (var value in x)
        {
            most = Math.Max(most, Math.Abs(value));
        }

        return most;
    }
}

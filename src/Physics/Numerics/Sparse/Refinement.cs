namespace ActorMultiscale.Physics.Numerics.Sparse;

/// <summary>Iterative refinement of a direct solution.</summary>
/// <remarks>After: Arioli, Demmel, Duff, SIAM J. Matrix Anal. Appl. 10, 165 (1989), with the error by norms.</remarks>
internal static class Refinement
{
    /// <summary>
    /// (n + 100) ε: a pivot that is no larger, relative to what it was computed from, is what n roundings may leave of zero, or has fewer
    /// than two digits where n is small.
    /// </summary>
    public static double Roundings(int n) => (n + 100) * 2.220446049250313E-16;

    /// <summary>Improves x by solutions for its residual, while each at least halves the backward error; returns that error.</summary>
    public static double Improve(
        CsrMatrix matrix, ReadOnlySpan<double> b, Span<double> x, Span<double> residual, Span<double> correction, int most, IPreconditioner solver)
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

        var error = Error(b, x, residual);
        for (var step = 0; step < most && error > 0; step++)
        {
            solver.Apply(residual, correction);
            Add(1, correction, x);
            var next = Error(b, x, residual);
            if (!(next < error))
            {
                Add(-1, correction, x);
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

        double Error(ReadOnlySpan<double> right, ReadOnlySpan<double> solution, Span<double> rest)
        {
            matrix.Multiply(solution, rest);
            for (var i = 0; i < rest.Length; i++)
            {
                rest[i] = right[i] - rest[i];
            }

            var scale = (norm * Largest(solution)) + Largest(right);
            return scale == 0 ? 0 : Largest(rest) / scale;
        }
    }

    private static void Add(double sign, ReadOnlySpan<double> correction, Span<double> x)
    {
        for (var i = 0; i < x.Length; i++)
        {
            x[i] += sign * correction[i];
        }
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

namespace ActorMultiscale.Physics.Numerics.Sparse;

/// <summary>Whether a matrix that was factored is regular beyond rounding.</summary>
/// <remarks>
/// After: Hager, SIAM J. Sci. Stat. Comput. 5, 311 (1984); Higham, ACM Trans. Math. Softw. 14, 381 (1988), algorithm 4.1. The estimate is never above the norm
/// but for rounding, and rarely below a third of it.
/// </remarks>
internal static class ConditionEstimate
{
    /// <summary>1/ε: with a condition beyond, a change of the matrix by its rounding makes it singular.</summary>
    public const double Most = 4503599627370496;

    private const int MostSteps = 5;

    /// <summary>‖A‖₁ ‖A⁻¹‖₁ of A = diag(r) M diag(c), the latter norm from at most eleven solutions.</summary>
    /// <param name="matrix">M.</param>
    /// <param name="rowScale">r.</param>
    /// <param name="columnScale">c.</param>
    /// <param name="solve">Overwrites x by A⁻¹ x; rows and columns may stand in any order.</param>
    /// <param name="solveTransposed">Overwrites x by A⁻ᵀ x.</param>
    public static double Of(CsrMatrix matrix, double[] rowScale, double[] columnScale, Action<double[]> solve, Action<double[]> solveTransposed)
    {
        var sums = new double[matrix.ColumnCount];
        for (var i = 0; i < matrix.RowCount; i++)
        {
            for (var k = matrix.RowStart[i]; k < matrix.RowStart[i + 1]; k++)
            {
                var j = matrix.Columns[k];
                sums[j] += Math.Abs(rowScale[i] * matrix.Values[k] * columnScale[j]);
            }
        }

        return sums.Length == 0 ? 1 : sums.Max() * InverseNorm(sums.Length, solve, solveTransposed);
    }

    // max ‖A⁻¹ x‖₁ with ‖x‖₁ = 1 is found at a unit vector; from one to the next where A⁻ᵀ sign(A⁻¹ x) is largest.
    private static double InverseNorm(int n, Action<double[]> solve, Action<double[]> solveTransposed)
    {
        var (x, signs) = (new double[n], new double[n]);
        Array.Fill(x, 1.0 / n);
        solve(x);
        var norm = Sum(x);
        var last = -1;
        for (var step = 0; step < MostSteps && n > 1; step++)
        {
            var changed = false;
            for (var i = 0; i < n; i++)
            {
                var sign = x[i] >= 0 ? 1 : -1;
                changed |= sign != signs[i];
                signs[i] = sign;
            }

            if (!changed)
            {
                break;
            }

            signs.CopyTo(x, 0);
            solveTransposed(x);
            var at = 0;
            for (var i = 1; i < n; i++)
            {
                at = Math.Abs(x[i]) > Math.Abs(x[at]) ? i : at;
            }

            if (last >= 0 && Math.Abs(x[at]) <= Math.Abs(x[last]))
            {
                break;
            }

            last = at;
            Array.Clear(x);
            x[at] = 1;
            solve(x);
            var next = Sum(x);
            if (next <= norm)
            {
                break;
            }

            norm = next;
        }

        // What escapes by cancellation is seen by a vector of rising numbers with alternating signs.
        for (var i = 0; i < n; i++)
        {
            x[i] = (i % 2 == 0 ? 1 : -1) * (1 + ((double)i / Math.Max(1, n - 1)));
        }

        solve(x);
        return Math.Max(norm, 2 * Sum(x) / (3 * n));
    }

    private static double Sum(double[] x) => FixedOrderSum.Of(Array.ConvertAll(x, Math.Abs));
}

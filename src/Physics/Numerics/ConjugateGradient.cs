using System.Globalization;

namespace ActorMultiscale.Physics.Numerics;

/// <summary>Solves A x = b for a symmetric positive definite sparse A by preconditioned conjugate gradients.</summary>
public static class ConjugateGradient
{
    /// <summary>Improves x until ‖b − A x‖ ≤ <paramref name="relativeTolerance"/> · ‖b‖.</summary>
    /// <remarks>
    /// αₖ = rₖ·zₖ / pₖ·A pₖ; x += αₖ pₖ; r −= αₖ A pₖ; z = P⁻¹ r; βₖ = rₖ₊₁·zₖ₊₁ / rₖ·zₖ; p = z + βₖ p. The stopping test uses the
    /// recursive residual; the answer carries the true one.
    /// After: Saad, "Iterative Methods for Sparse Linear Systems", 2nd ed. (2003), algorithm 9.1.
    /// </remarks>
    /// <param name="matrix">A, symmetric positive definite.</param>
    /// <param name="b">The right-hand side, one number a row.</param>
    /// <param name="x">The first guess; overwritten by the solution.</param>
    /// <param name="preconditioner">An approximate inverse of A.</param>
    /// <param name="relativeTolerance">The residual to reach, relative to ‖b‖.</param>
    /// <param name="maxIterations">After how many iterations to give up; ten times the number of rows if null.</param>
    /// <exception cref="InvalidOperationException">A turns out not to be positive definite, or the residual was not reached.</exception>
    public static ConjugateGradientResult Solve(
        CsrMatrix matrix, ReadOnlySpan<double> b, Span<double> x, IPreconditioner preconditioner,
        double relativeTolerance = 1e-12, int? maxIterations = null)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        ArgumentNullException.ThrowIfNull(preconditioner);
        ArgumentOutOfRangeException.ThrowIfNotEqual(matrix.ColumnCount, matrix.RowCount, nameof(matrix));
        ArgumentOutOfRangeException.ThrowIfNotEqual(b.Length, matrix.RowCount);
        ArgumentOutOfRangeException.ThrowIfNotEqual(x.Length, matrix.RowCount);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(relativeTolerance);
        var limit = maxIterations ?? (10 * matrix.RowCount);
        var norm = FixedOrderSum.Norm(b);
        if (norm == 0)
        {
            x.Clear();
            return new(0, 0);
        }

        var r = new double[b.Length];
        var z = new double[b.Length];
        var p = new double[b.Length];
        var ap = new double[b.Length];
        Residual(matrix, b, x, r);
        preconditioner.Apply(r, z);
        z.CopyTo(p, 0);
        var rz = FixedOrderSum.Dot(r, z);
        var iteration = 0;
        while (FixedOrderSum.Norm(r) > relativeTolerance * norm)
        {
            if (iteration == limit)
            {
                throw Failure($"The residual is {FixedOrderSum.Norm(r) / norm:0.##e+0} of the right-hand side after {limit} iterations; {relativeTolerance:0.##e+0} was asked for. Is the matrix symmetric, and the tolerance above round-off?");
            }

            matrix.Multiply(p, ap);
            var curvature = FixedOrderSum.Dot(p, ap);
            if (!(curvature > 0))
            {
                throw Failure($"In iteration {iteration} a direction p has p·A p = {curvature:0.###e+0}; a positive definite matrix has positive ones only. Is a body left free to move, or a stiffness negative?");
            }

            var alpha = rz / curvature;
            for (var i = 0; i < r.Length; i++)
            {
                x[i] += alpha * p[i];
                r[i] -= alpha * ap[i];
            }

            preconditioner.Apply(r, z);
            var next = FixedOrderSum.Dot(r, z);
            var beta = next / rz;
            for (var i = 0; i < r.Length; i++)
            {
                p[i] = z[i] + (beta * p[i]);
            }

            rz = next;
            iteration++;
        }

        Residual(matrix, b, x, r);
        return new(iteration, FixedOrderSum.Norm(r) / norm);
    }

    private static void Residual(CsrMatrix matrix, ReadOnlySpan<double> b, ReadOnlySpan<double> x, Span<double> r)
    {
        matrix.Multiply(x, r);
        for (var i = 0; i < r.Length; i++)
        {
            r[i] = b[i] - r[i];
        }
    }

    private static InvalidOperationException Failure(FormattableString text) => new(text.ToString(CultureInfo.InvariantCulture));
}

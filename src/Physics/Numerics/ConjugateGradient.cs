namespace ActorMultiscale.Physics.Numerics;

/// <summary>Solves A x = b for a symmetric positive definite sparse A by preconditioned conjugate gradients.</summary>
public static unsafe class ConjugateGradient
{
    private const double Nothing = 4e-15;       // Of the largest Rayleigh quotient: a few roundings.

    /// <summary>Improves x until ‖b − A x‖ ≤ <paramref name="relativeTolerance"/> · ‖b‖.</summary>
    /// <remarks>
    /// αₖ = rₖ·zₖ / pₖ·A pₖ; x += αₖ pₖ; r −= αₖ A pₖ; z = P⁻¹ r; βₖ = rₖ₊₁·zₖ₊₁ / rₖ·zₖ; p = z + βₖ p. The stopping test uses the
    /// recursive residual; where that is small enough, the true one is computed, and iterations begin anew from it where it is not. The
    /// Rayleigh quotient of P⁻¹A is pₖ·A pₖ / pₖ·P pₖ with pₖ₊₁·P pₖ₊₁ = rₖ₊₁·zₖ₊₁ + βₖ² pₖ·P pₖ: where it is a rounding of the largest seen,
    /// A is singular.
    /// After: Saad, "Iterative Methods for Sparse Linear Systems", 2nd ed. (2003), algorithm 9.1.
    /// </remarks>
    /// <param name="matrix">A, symmetric positive definite.</param>
    /// <param name="b">The right-hand side, one number a row.</param>
    /// <param name="x">The first guess; overwritten by the solution.</param>
    /// <param name="preconditioner">An approximate inverse of A.</param>
    /// <param name="relativeTolerance">The residual to reach, relative to ‖b‖.</param>
    /// <param name="maxIterations">After how many iterations to give up; ten times the number of rows if null.</param>
    /// <param name="loop">The threads that share the vectors; the caller's if null. The bits do not depend on it.</param>
    /// <exception cref="InvalidOperationException">A turns out not to be positive definite, or singular to rounding; or the residual was not reached, as where rounding keeps it above.</exception>
    public static IterationResult Solve(
        ILinearOperator matrix, ReadOnlySpan<double> b, Span<double> x, IPreconditioner preconditioner,
        double relativeTolerance = 1e-12, int? maxIterations = null, ChunkedLoop? loop = null)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        ArgumentNullException.ThrowIfNull(preconditioner);
        ArgumentOutOfRangeException.ThrowIfNotEqual(matrix.ColumnCount, matrix.RowCount, nameof(matrix));
        ArgumentOutOfRangeException.ThrowIfNotEqual(b.Length, matrix.RowCount);
        ArgumentOutOfRangeException.ThrowIfNotEqual(x.Length, matrix.RowCount);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(relativeTolerance);
        var limit = maxIterations ?? ((int)Math.Min(10L * matrix.RowCount, int.MaxValue));
        var vectors = new VectorLoop(b.Length, loop);
        fixed (double* right = b, solution = x, r = new double[b.Length], z = new double[b.Length], p = new double[b.Length], ap = new double[b.Length])
        {
            var norm = vectors.Norm(right);
            if (norm == 0)
            {
                x.Clear();
                return new(0, 0);
            }

            vectors.Residual(matrix, right, solution, r);
            var (isTrue, before, iteration) = (true, double.PositiveInfinity, 0);
            var (rz, square, largest) = (0.0, 0.0, 0.0);
            while (true)
            {
                var residual = vectors.Norm(r);
                if (residual <= relativeTolerance * norm && !isTrue)
                {
                    (isTrue, residual) = (true, vectors.TrueResidual(matrix, right, solution, r, norm, relativeTolerance, ref before, iteration));
                }

                if (residual <= relativeTolerance * norm)
                {
                    return new(iteration, residual / norm);
                }

                if (isTrue)
                {
                    preconditioner.Apply(vectors.Of(r), vectors.Of(z));
                    vectors.Of(z).CopyTo(vectors.Of(p));
                    rz = square = vectors.Dot(r, z);
                    isTrue = false;
                }

                if (iteration == limit || !double.IsFinite(residual))
                {
                    throw VectorLoop.Failure($"The residual is {residual / norm:0.##e+0} of the right-hand side after {iteration} iterations; {relativeTolerance:0.##e+0} was asked for. Is the matrix symmetric, and the tolerance above round-off?");
                }

                if (!(rz > 0))
                {
                    throw VectorLoop.Failure($"In iteration {iteration} a residual r has r·P⁻¹ r = {rz:0.###e+0}; the preconditioner has to be positive definite.");
                }

                matrix.Multiply(vectors.Of(p), vectors.Of(ap));
                var curvature = vectors.Dot(p, ap);
                if (!(curvature > 0))
                {
                    throw VectorLoop.Failure($"In iteration {iteration} a direction p has p·A p = {curvature:0.###e+0}; a positive definite matrix has positive ones only. Is a body left free to move, or a stiffness negative?");
                }

                largest = Math.Max(largest, curvature / square);
                if (curvature <= Nothing * largest * square)
                {
                    throw VectorLoop.Failure($"In iteration {iteration} a direction p has p·A p = {curvature:0.###e+0}, which is rounding alone: the matrix is singular, and the residual stays at {residual / norm:0.##e+0} of the right-hand side. Is a body left free to move, under loads that do not balance?");
                }

                var alpha = rz / curvature;
                vectors.Add(alpha, p, solution);
                vectors.Add(-alpha, ap, r);
                preconditioner.Apply(vectors.Of(r), vectors.Of(z));
                var next = vectors.Dot(r, z);
                vectors.Combine(1, z, next / rz, p);
                square = next + (next / rz * (next / rz) * square);
                rz = next;
                iteration++;
            }
        }
    }
}

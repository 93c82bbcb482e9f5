using System.Globalization;

namespace ActorMultiscale.Physics.Numerics;

/// <summary>Solves A x = b for a symmetric positive definite sparse A by preconditioned conjugate gradients.</summary>
public static unsafe class ConjugateGradient
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
    /// <param name="loop">The threads that share the vectors; the caller's if null. The bits do not depend on it.</param>
    /// <exception cref="InvalidOperationException">A turns out not to be positive definite, or the residual was not reached.</exception>
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
            preconditioner.Apply(vectors.Of(r), vectors.Of(z));
            vectors.Of(z).CopyTo(vectors.Of(p));
            var rz = vectors.Dot(r, z);
            var iteration = 0;
            for (var residual = vectors.Norm(r); !(residual <= relativeTolerance * norm); residual = vectors.Norm(r))
            {
                if (iteration == limit || !double.IsFinite(residual))
                {
                    throw Failure($"The residual is {residual / norm:0.##e+0} of the right-hand side after {iteration} iterations; {relativeTolerance:0.##e+0} was asked for. Is the matrix symmetric, and the tolerance above round-off?");
                }

                if (!(rz > 0))
                {
                    throw Failure($"In iteration {iteration} a residual r has r·P⁻¹ r = {rz:0.###e+0}; the preconditioner has to be positive definite.");
                }

                matrix.Multiply(vectors.Of(p), vectors.Of(ap));
                var curvature = vectors.Dot(p, ap);
                if (!(curvature > 0))
                {
                    throw Failure($"In iteration {iteration} a direction p has p·A p = {curvature:0.###e+0}; a positive definite matrix has positive ones only. Is a body left free to move, or a stiffness negative?");
                }

                var alpha = rz / curvature;
                vectors.Add(alpha, p, solution);
                vectors.Add(-alpha, ap, r);
                preconditioner.Apply(vectors.Of(r), vectors.Of(z));
                var next = vectors.Dot(r, z);
                vectors.Combine(1, z, next / rz, p);
                rz = next;
                iteration++;
            }

            vectors.Residual(matrix, right, solution, r);
            return new(iteration, vectors.Norm(r) / norm);
        }
    }

    private static InvalidOperationException Failure(FormattableString text) => new(text.ToString(CultureInfo.InvariantCulture));
}

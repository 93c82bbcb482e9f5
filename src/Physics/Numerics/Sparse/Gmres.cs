namespace ActorMultiscale.Physics.Numerics.Sparse;

/// <summary>Solves A x = b for any square sparse A by generalized minimal residuals, restarted after m steps.</summary>
public static unsafe class Gmres
{
    /// <summary>Improves x until ‖b − A x‖ ≤ <paramref name="relativeTolerance"/> · ‖b‖.</summary>
    /// <remarks>
    /// Minimizes ‖b − A P⁻¹ u‖ over the Krylov space of A P⁻¹, x = P⁻¹ u: preconditioned from the right, so that the residual that is
    /// minimized is the one that is asked for. Arnoldi's basis by modified Gram and Schmidt, Givens rotations. After: Saad, Schultz, SIAM
    /// J. Sci. Stat. Comput. 7, 856 (1986); Saad, "Iterative Methods for Sparse Linear Systems", 2nd ed. (2003), algorithm 9.5.
    /// </remarks>
    /// <param name="matrix">A.</param>
    /// <param name="b">The right-hand side, one number a row.</param>
    /// <param name="x">The first guess; overwritten by the solution.</param>
    /// <param name="preconditioner">P⁻¹; it may be unsymmetric.</param>
    /// <param name="relativeTolerance">The residual to reach, relative to ‖b‖.</param>
    /// <param name="restart">m, steps from one restart to the next: m + 3 vectors are kept.</param>
    /// <param name="maxIterations">After how many steps to give up; ten times the number of rows if null.</param>
    /// <param name="loop">The threads that share the vectors; the caller's if null. The bits do not depend on it.</param>
    /// <param name="residuals">Receives ‖b − A x‖/‖b‖ after every step: it never rises.</param>
    /// <exception cref="InvalidOperationException">The residual was not reached, or m steps did not lower it at all.</exception>
    public static IterationResult Solve(
        ILinearOperator matrix, ReadOnlySpan<double> b, Span<double> x, IPreconditioner preconditioner, double relativeTolerance = 1e-10,
        int restart = 40, int? maxIterations = null, ChunkedLoop? loop = null, ICollection<double>? residuals = null)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        ArgumentNullException.ThrowIfNull(preconditioner);
        ArgumentOutOfRangeException.ThrowIfNotEqual(matrix.ColumnCount, matrix.RowCount, nameof(matrix));
        ArgumentOutOfRangeException.ThrowIfNotEqual(b.Length, matrix.RowCount);
        ArgumentOutOfRangeException.ThrowIfNotEqual(x.Length, matrix.RowCount);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(relativeTolerance);
        ArgumentOutOfRangeException.ThrowIfLessThan(restart, 1);
        var n = b.Length;
        var m = Math.Min(restart, n);
        var limit = maxIterations ?? (int)Math.Min(10L * n, int.MaxValue);
        var vectors = new VectorLoop(n, loop);
        var memory = GC.AllocateArray<double>(checked((m + 3) * n), pinned: true);
        var (h, g, y) = (new double[(m + 1) * m], new double[m + 1], new double[m]);
        var (cosine, sine) = (new double[m], new double[m]);
        fixed (double* right = b, solution = x, basis = memory)
        {
            double* z = basis + ((nint)(m + 1) * n), sum = z + n;
            var norm = vectors.Norm(right);
            if (norm == 0)
            {
                x.Clear();
                return new(0, 0);
            }

            var iteration = 0;
            var before = double.PositiveInfinity;
            while (true)
            {
                vectors.Residual(matrix, right, solution, basis);
                var residual = vectors.Norm(basis);
                if (residual <= relativeTolerance * norm)
                {
                    return new(iteration, residual / norm);
                }

                if (iteration == limit || !(residual < before))
                {
                    throw VectorLoop.Failure($"The residual is {residual / norm:0.##e+0} of the right-hand side after {iteration} iterations{(iteration == limit ? "" : ", and restarts no longer lower it")}; {relativeTolerance:0.##e+0} was asked for. Try a longer restart than {restart}, or a better preconditioner; is the matrix regular, and the tolerance above round-off?");
                }

                before = residual;
                vectors.Combine(0, basis, 1 / residual, basis);
                Array.Clear(g);
                g[0] = residual;
                var steps = 0;
                while (steps < m && iteration < limit && Math.Abs(g[steps]) > relativeTolerance * norm)
                {
                    var (j, next) = (steps, steps + 1);
                    var to = basis + ((nint)next * n);
                    preconditioner.Apply(vectors.Of(basis + ((nint)j * n)), vectors.Of(z));
                    matrix.Multiply(vectors.Of(z), vectors.Of(to));
                    for (var i = 0; i <= j; i++)
                    {
                        h[(i * m) + j] = vectors.Dot(basis + ((nint)i * n), to);
                        vectors.Add(-h[(i * m) + j], basis + ((nint)i * n), to);
                    }

                    var length = vectors.Norm(to);
                    if (!double.IsFinite(length))
                    {
                        throw VectorLoop.Failure($"Products with the matrix or its preconditioner are not finite in iteration {iteration}.");
                    }

                    for (var i = 0; i < j; i++)
                    {
                        (h[(i * m) + j], h[((i + 1) * m) + j]) = ((cosine[i] * h[(i * m) + j]) + (sine[i] * h[((i + 1) * m) + j]), (cosine[i] * h[((i + 1) * m) + j]) - (sine[i] * h[(i * m) + j]));
                    }

                    var pivot = Math.Sqrt((h[(j * m) + j] * h[(j * m) + j]) + (length * length));
                    if (pivot == 0)
                    {
                        // A direction that A P⁻¹ sends to nothing: the steps before are what there is.
                        break;
                    }

                    (cosine[j], sine[j]) = (h[(j * m) + j] / pivot, length / pivot);
                    h[(j * m) + j] = pivot;
                    (g[j], g[next]) = (cosine[j] * g[j], -sine[j] * g[j]);
                    residuals?.Add(Math.Abs(g[next]) / norm);
                    steps++;
                    iteration++;
                    if (length == 0)
                    {
                        break;
                    }

                    vectors.Combine(0, to, 1 / length, to);
                }

                // H y = g, x += P⁻¹ V y.
                vectors.Of(sum).Clear();
                for (var i = steps - 1; i >= 0; i--)
                {
                    y[i] = g[i];
                    for (var k = i + 1; k < steps; k++)
                    {
                        y[i] -= h[(i * m) + k] * y[k];
                    }

                    y[i] /= h[(i * m) + i];
                    vectors.Add(y[i], basis + ((nint)i * n), sum);
                }

                preconditioner.Apply(vectors.Of(sum), vectors.Of(z));
                vectors.Add(1, z, solution);
            }
        }
    }
}

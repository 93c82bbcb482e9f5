namespace ActorMultiscale.Physics.Numerics.Sparse;

/// <summary>Solves A x = b for a symmetric sparse A that may be indefinite, as those of saddle points are, by minimal residuals.</summary>
public static unsafe class Minres
{
    private const double Epsilon = 2.220446049250313E-16;       // From 1 to the next number.
    private const double Nothing = 1e-14;       // Of the matrix's own size: rounding.

    /// <summary>Improves x until ‖b − A x‖ ≤ <paramref name="relativeTolerance"/> · ‖b‖.</summary>
    /// <remarks>
    /// Each step minimizes the residual in the norm √(r·P⁻¹r) over a Krylov space that grows by one; vectors of the last two steps alone
    /// are kept. The products A w of the search directions are carried along by the same recurrence, so that the stopping test sees the
    /// residual itself; where that is small enough, it is computed anew from x, and iterations begin anew from it where it is not. After: Paige, Saunders, SIAM J. Numer. Anal. 12, 617 (1975); preconditioned as in Elman, Silvester, Wathen,
    /// "Finite Elements and Fast Iterative Solvers", 2nd ed. (2014), algorithm 4.1.
    /// </remarks>
    /// <param name="matrix">A, symmetric.</param>
    /// <param name="b">The right-hand side, one number a row.</param>
    /// <param name="x">The first guess; overwritten by the solution.</param>
    /// <param name="preconditioner">P⁻¹, symmetric positive definite even where A is not.</param>
    /// <param name="relativeTolerance">The residual to reach, relative to ‖b‖.</param>
    /// <param name="maxIterations">After how many iterations to give up; ten times the number of rows if null.</param>
    /// <param name="loop">The threads that share the vectors; the caller's if null. The bits do not depend on it.</param>
    /// <param name="residuals">Receives √(r·P⁻¹r), relative to the first, after every step: it never rises, unless roundings make iterations begin anew.</param>
    /// <exception cref="InvalidOperationException">
    /// The residual was not reached, as where rounding keeps it above; the preconditioner is not positive definite, or A is singular and b outside its range.
    /// </exception>
    public static IterationResult Solve(
        ILinearOperator matrix, ReadOnlySpan<double> b, Span<double> x, IPreconditioner preconditioner, double relativeTolerance = 1e-10,
        int? maxIterations = null, ChunkedLoop? loop = null, ICollection<double>? residuals = null)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        ArgumentNullException.ThrowIfNull(preconditioner);
        ArgumentOutOfRangeException.ThrowIfNotEqual(matrix.ColumnCount, matrix.RowCount, nameof(matrix));
        ArgumentOutOfRangeException.ThrowIfNotEqual(b.Length, matrix.RowCount);
        ArgumentOutOfRangeException.ThrowIfNotEqual(x.Length, matrix.RowCount);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(relativeTolerance);
        var n = b.Length;
        var limit = maxIterations ?? (int)Math.Min(10L * n, int.MaxValue);
        var vectors = new VectorLoop(n, loop);
        var memory = GC.AllocateArray<double>(checked(10 * n), pinned: true);
        fixed (double* right = b, solution = x, start = memory)
        {
            var norm = vectors.Norm(right);
            if (norm == 0)
            {
                x.Clear();
                return new(0, 0);
            }

            double* r = start, v = r + n, vOld = v + n, z = vOld + n, az = z + n, zNext = az + n;
            double* w = zNext + n, wOld = w + n, aw = wOld + n, awOld = aw + n;
            vectors.Residual(matrix, right, solution, r);
            var (isTrue, before, iteration) = (true, double.PositiveInfinity, 0);
            var (gamma, gammaOld, first, from, eta, scale) = (0.0, 1.0, 0.0, 0.0, 0.0, 0.0);
            var (cosine, cosineOld, sine, sineOld) = (1.0, 1.0, 0.0, 0.0);
            while (true)
            {
                var residual = vectors.Norm(r);
                // No recurrence takes a residual further down than rounding does.
                if ((residual <= relativeTolerance * norm || Math.Abs(eta) <= Epsilon * from) && !isTrue)
                {
                    (isTrue, residual) = (true, vectors.TrueResidual(matrix, right, solution, r, norm, relativeTolerance, ref before, iteration));
                }

                if (residual <= relativeTolerance * norm)
                {
                    return new(iteration, residual / norm);
                }

                if (isTrue)
                {
                    foreach (var old in (ReadOnlySpan<nint>)[(nint)vOld, (nint)w, (nint)wOld, (nint)aw, (nint)awOld])
                    {
                        vectors.Of((double*)old).Clear();
                    }

                    vectors.Of(r).CopyTo(vectors.Of(v));
                    preconditioner.Apply(vectors.Of(v), vectors.Of(z));
                    (gamma, gammaOld, scale) = (Root(vectors.Dot(z, v), iteration), 1, 0);
                    (cosine, cosineOld, sine, sineOld) = (1, 1, 0, 0);
                    (first, from, eta, isTrue) = (iteration == 0 ? gamma : first, gamma, gamma, false);
                }

                if (gamma <= Nothing * scale)
                {
                    throw VectorLoop.Failure($"The matrix is singular and the right-hand side outside its range: no direction is left after {iteration} iterations, with a residual of {residual / norm:0.##e+0}. Is a body left free to move, or a constraint given twice?");
                }

                if (iteration == limit || !double.IsFinite(residual))
                {
                    throw VectorLoop.Failure($"The residual is {residual / norm:0.##e+0} of the right-hand side after {iteration} iterations; {relativeTolerance:0.##e+0} was asked for. Is the matrix symmetric and regular, and the tolerance above round-off?");
                }

                // Lanczos: v' = A z/γ − (δ/γ) v − (γ/γ₋) v₋, with δ = z·A z/γ².
                vectors.Combine(0, z, 1 / gamma, z);
                matrix.Multiply(vectors.Of(z), vectors.Of(az));
                var delta = vectors.Dot(az, z);
                vectors.Combine(1, az, -gamma / gammaOld, vOld);
                vectors.Add(-delta / gamma, v, vOld);
                Swap(ref v, ref vOld);
                preconditioner.Apply(vectors.Of(v), vectors.Of(zNext));
                var gammaNext = Root(vectors.Dot(zNext, v), iteration);
                scale = Math.Max(scale, Math.Max(Math.Abs(delta), gammaNext));

                // Givens: the next column of the triangular factor of the tridiagonal matrix.
                var a0 = (cosine * delta) - (cosineOld * sine * gamma);
                var a1 = Math.Sqrt((a0 * a0) + (gammaNext * gammaNext));
                var a2 = (sine * delta) + (cosineOld * cosine * gamma);
                var a3 = sineOld * gamma;
                if (!(a1 > 0))
                {
                    gamma = 0;
                    continue;
                }

                (cosineOld, cosine, sineOld, sine) = (cosine, a0 / a1, sine, gammaNext / a1);

                // w = (z − a₃ w₋₋ − a₂ w₋)/a₁, A w likewise; x += c η w; r −= c η A w.
                vectors.Combine(1 / a1, z, -a3 / a1, wOld);
                vectors.Add(-a2 / a1, w, wOld);
                vectors.Combine(1 / a1, az, -a3 / a1, awOld);
                vectors.Add(-a2 / a1, aw, awOld);
                Swap(ref w, ref wOld);
                Swap(ref aw, ref awOld);
                vectors.Add(cosine * eta, w, solution);
                vectors.Add(-cosine * eta, aw, r);
                eta *= -sine;
                residuals?.Add(Math.Abs(eta) / first);
                Swap(ref z, ref zNext);
                (gammaOld, gamma) = (gamma, gammaNext);
                iteration++;
            }
        }
    }

    private static void Swap(ref double* a, ref double* b)
    {
        var kept = a;
        a = b;
        b = kept;
    }

    private static double Root(double square, int iteration) => square >= 0 ? Math.Sqrt(square) : throw VectorLoop.Failure(
        $"In iteration {iteration} a residual r has r·P⁻¹ r = {square:0.###e+0}; the preconditioner has to be positive definite, even where the matrix is not.");
}

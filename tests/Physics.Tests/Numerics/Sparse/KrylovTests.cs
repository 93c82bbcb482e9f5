using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Numerics.Sparse;
using CsCheck;
using MathNet.Numerics.LinearAlgebra;

namespace ActorMultiscale.Tests.Numerics.Sparse;

/// <summary>MINRES, GMRES and the preconditioners that go with them, against dense solutions.</summary>
public sealed class KrylovTests
{
    // Diagonals of both signs, dominant, so that conditions stay moderate and the signs are known.
    private static readonly Gen<CsrMatrix> _indefinite =
        from n in Gen.Int[1, 60]
        from entries in Gen.Select(Gen.Int[0, n - 1], Gen.Int[0, n - 1], Gen.Double[-1, 1]).List[0, 2 * n]
        from signs in Gen.Bool.Array[n]
        select Dominant(n, entries, signs, isSymmetric: true);

    private static readonly Gen<CsrMatrix> _unsymmetric =
        from n in Gen.Int[1, 60]
        from entries in Gen.Select(Gen.Int[0, n - 1], Gen.Int[0, n - 1], Gen.Double[-1, 1]).List[0, 3 * n]
        from signs in Gen.Bool.Array[n]
        select Dominant(n, entries, signs, isSymmetric: false);

    [Fact]
    public void Minimal_residuals_solve_indefinite_systems_and_never_rise() => _indefinite.Sample(matrix =>
    {
        var absolute = new AbsoluteJacobi(matrix);
        foreach (IPreconditioner preconditioner in new IPreconditioner[] { new NoPreconditioner(), absolute })
        {
            var residuals = new List<double>();
            var (b, x) = (Wave(matrix.RowCount), new double[matrix.RowCount]);

            var result = Minres.Solve(matrix, b, x, preconditioner, 1e-11, residuals: residuals);

            AssertLikeDense(matrix, b, x, result);
            AssertNeverRises(residuals, 1);
            Assert.Equal(result.Iterations, residuals.Count);
        }
    });

    [Fact]
    public void Generalized_minimal_residuals_solve_any_system_and_never_rise() => Gen.Select(_unsymmetric, Gen.Int[2, 30]).Sample((matrix, restart) =>
    {
        foreach (IPreconditioner preconditioner in new IPreconditioner[] { new NoPreconditioner(), new AbsoluteJacobi(matrix) })
        {
            var residuals = new List<double>();
            var (b, x) = (Wave(matrix.RowCount), new double[matrix.RowCount]);

            var result = Gmres.Solve(matrix, b, x, preconditioner, 1e-11, Math.Max(restart, 20), residuals: residuals);

            AssertLikeDense(matrix, b, x, result);
            AssertNeverRises(residuals, 1);
        }
    });

    [Fact]
    public void A_right_preconditioner_may_be_a_factorization_and_leaves_one_step()
    {
        var matrix = Convection(30);
        var (b, x) = (Wave(900), new double[900]);

        Assert.InRange(Gmres.Solve(matrix, b, x, new SparseLu(matrix), 1e-12).Iterations, 1, 2);
    }

    [Fact]
    public void Convection_is_solved_across_restarts_with_the_same_bits_on_any_number_of_threads()
    {
        var matrix = Convection(90);
        var b = Wave(matrix.RowCount);
        var (expected, x, residuals) = (new double[b.Length], new double[b.Length], new List<double>());
        var jacobi = new JacobiPreconditioner(matrix);
        var result = Gmres.Solve(matrix, b, expected, jacobi, 1e-8, 30, residuals: residuals);
        using var team = new ChunkedLoop(3).Gather();

        Assert.InRange(result.RelativeResidual, 0, 1.001e-8);
        Assert.True(result.Iterations > 60);
        AssertNeverRises(residuals, 1 + 1e-6);
        Assert.Equal(result, Gmres.Solve(matrix.On(team.Loop), b, x, jacobi, 1e-8, 30, loop: team.Loop));
        Assert.Equal(expected, x);

        var shifted = Shifted(TestMatrices.Laplacian(70, 70, 1), 0.5);
        b = Wave(shifted.RowCount);
        (expected, x) = (new double[b.Length], new double[b.Length]);
        var minimal = Minres.Solve(shifted, b, expected, new NoPreconditioner(), 1e-9);
        Assert.InRange(minimal.RelativeResidual, 0, 1.01e-9);
        Assert.Equal(minimal, Minres.Solve(shifted.On(team.Loop), b, x, new NoPreconditioner(), 1e-9, loop: team.Loop));
        Assert.Equal(expected, x);
    }

    [Fact]
    public void A_saddle_point_with_its_ideal_preconditioner_takes_three_steps()
    {
        // diag(A, B A⁻¹ Bᵀ) leaves three eigenvalues: Murphy, Golub, Wathen, SIAM J. Sci. Comput. 21, 1969 (2000). A is diagonal here.
        const int n = 40;
        const int m = 15;
        var entries = new List<(int, int, double)>();
        var schur = Matrix<double>.Build.Dense(m, m);
        var constraint = Matrix<double>.Build.Dense(m, n, (i, j) => (i == j ? 2 : 0) + (0.3 * Math.Sin((i * 7) + (j * 3))));
        for (var j = 0; j < n; j++)
        {
            var a = 1 + (j % 4);
            entries.Add((j, j, a));
            for (var i = 0; i < m; i++)
            {
                entries.AddRange([(n + i, j, constraint[i, j]), (j, n + i, constraint[i, j])]);
                for (var k = 0; k < m; k++)
                {
                    schur[i, k] += constraint[i, j] * constraint[k, j] / a;
                }
            }
        }

        var blocks = Enumerable.Range(0, n).Select(j => (j, j, 1.0 + (j % 4)))
            .Concat(Enumerable.Range(0, m * m).Select(k => (n + (k / m), n + (k % m), schur[Math.Max(k / m, k % m), Math.Min(k / m, k % m)])));
        var ideal = SparseLdl.PositiveDefinite(TestMatrices.Of(n + m, n + m, blocks));
        var (b, x) = (Wave(n + m), new double[n + m]);

        Assert.InRange(Minres.Solve(TestMatrices.Of(n + m, n + m, entries), b, x, ideal, 1e-10).Iterations, 1, 3);
    }

    [Fact]
    public void Iterations_allocate_nothing()
    {
        var matrix = TestMatrices.Laplacian(40, 40, 1);
        using var team = new ChunkedLoop(2).Gather();
        var (operation, jacobi) = (matrix.On(team.Loop), new JacobiPreconditioner(matrix));
        var b = Wave(matrix.RowCount);
        var x = new double[b.Length];
        foreach (var solve in new Func<double, IterationResult>[]
        {
            tolerance => ConjugateGradient.Solve(operation, b, x, jacobi, tolerance, loop: team.Loop),
            tolerance => Minres.Solve(operation, b, x, jacobi, tolerance, loop: team.Loop),
            tolerance => Gmres.Solve(operation, b, x, jacobi, tolerance, 10, loop: team.Loop),
        })
        {
            (long Bytes, int Iterations) Cost(double tolerance)
            {
                var iterations = 0;
                var bytes = Allocation.Of(() =>
                {
                    Array.Clear(x);
                    iterations = solve(tolerance).Iterations;
                });
                return (bytes, iterations);
            }

            var (few, many) = (Cost(1e-1), Cost(1e-7));
            Assert.True(many.Iterations > 2 * few.Iterations);
            Assert.Equal(few.Bytes, many.Bytes);
        }
    }

    // From a guess 10⁸ times too large the recursive residual parts from the true one by 10⁸ roundings.
    [Fact]
    public void What_is_asked_for_is_reached_by_the_true_residual()
    {
        var matrix = TestMatrices.Laplacian(30, 31, 1);
        var b = Wave(matrix.RowCount);
        foreach (var solve in new Func<double[], double, IterationResult>[]
        {
            (x, tolerance) => ConjugateGradient.Solve(matrix, b, x, new JacobiPreconditioner(matrix), tolerance),
            (x, tolerance) => Minres.Solve(matrix, b, x, new JacobiPreconditioner(matrix), tolerance),
        })
        {
            var far = Array.ConvertAll(b, v => 1e8 * (v + 0.3));
            var result = solve(far, 1e-12);
            Assert.InRange(result.RelativeResidual, 0, 1e-12);
            Assert.True(Matches(matrix, far, b, 1.01e-12));

            Assert.Contains("rounding lets it come no nearer", Failure(() => solve(new double[b.Length], 1e-18)), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_body_that_floats_under_loads_out_of_balance_is_named_before_long()
    {
        var body = TestMatrices.FloatingSolid(new(1, 2, 3), 3, Tangent6.Isotropic(210e9, 0.3)).Matrix;
        var chain = TestMatrices.Of(100, 100, Enumerable.Range(0, 99).SelectMany(i => new[] { (i, i, 1.0), (i + 1, i + 1, 1.0), (i, i + 1, -1.0), (i + 1, i, -1.0) }));
        foreach (var matrix in new[] { body, chain })
        {
            foreach (IPreconditioner preconditioner in new IPreconditioner[] { new NoPreconditioner(), new JacobiPreconditioner(matrix), new SsorPreconditioner(matrix) })
            {
                // Within as many iterations as rows, of the ten times as many that are allowed.
                var message = Failure(() => ConjugateGradient.Solve(matrix, Wave(matrix.RowCount), new double[matrix.RowCount], preconditioner));
                Assert.Contains("Is a body left free to move", message, StringComparison.Ordinal);
                Assert.InRange(int.Parse(message.Split(' ')[2], System.Globalization.CultureInfo.InvariantCulture), 1, matrix.RowCount);
            }
        }
    }

    [Fact]
    public void A_residual_that_is_not_a_number_leaves_nothing_behind()
    {
        var (solid, places, load) = TestMatrices.Elasticity(4);
        var blocks = BcsrMatrix.FromCsr(solid, 3);
        var kernel = NearKernel.RigidBodyModes(places, 3);
        foreach (var make in new Func<IPreconditioner>[]
        {
            () => new AmgPreconditioner(blocks, kernel, new() { CoarsestUnknowns = 60 }),
            () => new AmgPreconditioner(blocks, kernel, new() { CoarsestUnknowns = 60, SinglePrecision = false }),
            () => new ChebyshevPreconditioner(blocks),
            () => new ChebyshevPreconditioner(BcsrMatrix.FromCsr(solid, 1)),
            () => new ChebyshevPreconditioner(BcsrMatrix.FromCsr(solid, 5)),
            () => new SsorPreconditioner(solid),
            () => new IncompleteCholesky(solid),
            () => SparseLdl.PositiveDefinite(solid),
            () => new SparseLu(solid),
        })
        {
            var (expected, z) = (new double[load.Length], new double[load.Length]);
            make().Apply(load, expected);
            foreach (var bad in new[] { double.NaN, double.PositiveInfinity })
            {
                var spoilt = make();
                spoilt.Apply(Array.ConvertAll(load, _ => bad), z);
                spoilt.Apply(load, z);
                Assert.Equal(expected, z);
            }
        }
    }

    [Fact]
    public void What_fails_is_said()
    {
        var singular = TestMatrices.Of(2, 2, [(0, 0, 1)]);
        var turn = TestMatrices.Of(4, 4, [(0, 1, 1), (1, 2, 1), (2, 3, 1), (3, 0, 1)]);
        var negative = TestMatrices.Of(2, 2, [(0, 0, -1), (1, 1, -1)]);
        var x = new double[2];

        Assert.Contains("singular", Failure(() => Minres.Solve(singular, [1, 1], x, new NoPreconditioner())), StringComparison.Ordinal);
        Assert.Contains("positive definite", Failure(() => Minres.Solve(negative, [1, 1], x, new Scaled(-1))), StringComparison.Ordinal);
        Assert.Contains("restarts no longer lower it", Failure(() => Gmres.Solve(singular, [1, 1], x, new NoPreconditioner())), StringComparison.Ordinal);
        Assert.Contains("not finite", Failure(() => Gmres.Solve(negative, [1, 1], x, new Scaled(double.NaN))), StringComparison.Ordinal);

        // A cyclic shift: GMRES stands still until the whole space is there.
        var four = new double[4];
        Assert.Contains("longer restart than 3", Failure(() => Gmres.Solve(turn, [1, 0, 0, 0], four, new NoPreconditioner(), restart: 3)), StringComparison.Ordinal);
        Array.Clear(four);
        Assert.Equal(4, Gmres.Solve(turn, [1, 0, 0, 0], four, new NoPreconditioner(), restart: 4).Iterations);
        Assert.Equal([0, 1, 0, 0], four.Select(v => Math.Round(v, 12)));
        Assert.Contains("after 3 iterations", Failure(() => Minres.Solve(TestMatrices.Laplacian(20, 20, 1), Wave(400), new double[400], new NoPreconditioner(), maxIterations: 3)), StringComparison.Ordinal);
    }

    [Fact]
    public void Incomplete_Cholesky_is_exact_without_fill_and_helps_with_it()
    {
        var chain = TestMatrices.Laplacian(200, 1, 1);
        var (b, z) = (Wave(200), new double[200]);
        new IncompleteCholesky(chain).Apply(b, z);
        Assert.True(Matches(chain, z, b, 1e-12));

        var grid = TestMatrices.Laplacian(25, 25, 5, 1, 1e-2);
        var incomplete = new IncompleteCholesky(grid);
        var solution = new double[grid.RowCount];
        Assert.Equal(0, incomplete.Shift);
        var few = ConjugateGradient.Solve(grid, Wave(grid.RowCount), solution, incomplete, 1e-10).Iterations;
        Array.Clear(solution);
        var many = ConjugateGradient.Solve(grid, Wave(grid.RowCount), solution, new JacobiPreconditioner(grid), 1e-10).Iterations;
        Assert.InRange(few, 3, many / 2);
    }

    [Fact]
    public void Incomplete_Cholesky_shifts_where_a_pivot_would_fail()
    {
        // Kershaw, J. Comput. Phys. 26, 43 (1978), section 2: positive definite, but IC(0) has a pivot of −5.
        var kershaw = TestMatrices.Of(4, 4,
        [
            (0, 0, 3), (0, 1, -2), (0, 3, 2), (1, 0, -2), (1, 1, 3), (1, 2, -2),
            (2, 1, -2), (2, 2, 3), (2, 3, -2), (3, 0, 2), (3, 2, -2), (3, 3, 3),
        ]);
        var incomplete = new IncompleteCholesky(kershaw);
        var x = new double[4];

        Assert.InRange(incomplete.Shift, 1e-3, 1);
        Assert.InRange(ConjugateGradient.Solve(kershaw, [1, 2, 3, 4], x, incomplete, 1e-12).Iterations, 1, 5);
        Assert.Throws<ArgumentException>(() => new IncompleteCholesky(TestMatrices.Of(2, 2, [(0, 0, 1), (1, 1, -1)])));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void A_Chebyshev_polynomial_knows_the_largest_eigenvalue_and_lowers_iterations(int block)
    {
        var (solid, _, load) = TestMatrices.Elasticity(4);
        var matrix = BcsrMatrix.FromCsr(solid, block);
        var chebyshev = new ChebyshevPreconditioner(matrix);

        // D⁻¹A, densely: the eigenvalues of L⁻¹ A L⁻ᵀ with D = L Lᵀ.
        var dense = Matrix<double>.Build.Dense(load.Length, load.Length, (i, j) => solid[i, j]);
        var diagonal = Matrix<double>.Build.Dense(load.Length, load.Length, (i, j) => i / block == j / block ? solid[i, j] : 0);
        var lower = diagonal.Cholesky().Factor.Inverse();
        var largest = (lower * dense * lower.Transpose()).Evd(Symmetricity.Symmetric).EigenValues.Max(e => e.Real);
        Assert.InRange(chebyshev.LargestEigenvalue, 0.9 * largest, largest * (1 + 1e-12));

        var x = new double[load.Length];
        var result = ConjugateGradient.Solve(matrix, load, x, chebyshev, 1e-9);
        Array.Clear(x);
        Assert.InRange(result.Iterations, 3, ConjugateGradient.Solve(matrix, load, x, new JacobiPreconditioner(solid), 1e-9).Iterations / 2);
        Assert.Equal(0, Allocation.Of(() => chebyshev.Apply(load, x)));
        using var team = new ChunkedLoop(3).Gather();
        var again = new double[load.Length];
        new ChebyshevPreconditioner(matrix, loop: team.Loop).Apply(load, again);
        Assert.Equal(x, again);
    }

    private static void AssertLikeDense(CsrMatrix matrix, double[] b, double[] x, IterationResult result)
    {
        var dense = Matrix<double>.Build.Dense(matrix.RowCount, matrix.ColumnCount, (i, j) => matrix[i, j]);
        var exact = dense.Solve(Vector<double>.Build.Dense(b));
        Assert.InRange(result.RelativeResidual, 0, 1.1e-11);
        Assert.Equal((dense * Vector<double>.Build.Dense(x) - Vector<double>.Build.Dense(b)).L2Norm() / FixedOrderSum.Norm(b), result.RelativeResidual, 1e-14);
        Assert.True((exact - Vector<double>.Build.Dense(x)).L2Norm() <= 1e-7 * exact.L2Norm());
    }

    private static void AssertNeverRises(List<double> residuals, double first)
    {
        foreach (var residual in residuals)
        {
            Assert.InRange(residual, 0, first * (1 + 1e-6));
            first = residual;
        }
    }

    private static bool Matches(CsrMatrix matrix, double[] x, double[] b, double tolerance)
    {
        var ax = new double[b.Length];
        matrix.Multiply(x, ax);
        return FixedOrderSum.Distance(ax, b) < tolerance * FixedOrderSum.Norm(b);
    }

    private static CsrMatrix Dominant(int n, List<(int Row, int Column, double Value)> entries, bool[] signs, bool isSymmetric)
    {
        var sums = new double[n];
        var all = new List<(int, int, double)>();
        foreach (var (row, column, value) in entries.Where(e => e.Row != e.Column))
        {
            all.Add((row, column, value));
            sums[row] += Math.Abs(value);
            if (isSymmetric)
            {
                all.Add((column, row, value));
                sums[column] += Math.Abs(value);
            }
        }

        return TestMatrices.Of(n, n, all.Concat(Enumerable.Range(0, n).Select(i => (i, i, (signs[i] ? 1 : -1) * ((1.2 * sums[i]) + 0.5)))));
    }

    // Upwind differences across a grid: unsymmetric.
    private static CsrMatrix Convection(int n)
    {
        var entries = new List<(int, int, double)>();
        for (var i = 0; i < n * n; i++)
        {
            entries.Add((i, i, 4 + 0.7));
            entries.AddRange(new[] { (i % n > 0, i - 1, -1.5), (i % n < n - 1, i + 1, -1.0), (i >= n, i - n, -1.2), (i < n * (n - 1), i + n, -1.0) }
                .Where(e => e.Item1).Select(e => (i, e.Item2, e.Item3)));
        }

        return TestMatrices.Of(n * n, n * n, entries);
    }

    private static CsrMatrix Shifted(CsrMatrix matrix, double shift)
    {
        for (var i = 0; i < matrix.RowCount; i++)
        {
            for (var k = matrix.RowStart[i]; k < matrix.RowStart[i + 1]; k++)
            {
                matrix.Values[k] -= matrix.Columns[k] == i ? shift : 0;
            }
        }

        return matrix;
    }

    private static double[] Wave(int n) => Enumerable.Range(0, n).Select(i => Math.Sin(1 + (3 * i))).ToArray();

    private static string Failure(Action solve) => Assert.Throws<InvalidOperationException>(solve).Message;

    private sealed class AbsoluteJacobi(CsrMatrix matrix) : IPreconditioner
    {
        public void Apply(ReadOnlySpan<double> r, Span<double> z)
        {
            for (var i = 0; i < r.Length; i++)
            {
                z[i] = r[i] / Math.Abs(matrix[i, i]);
            }
        }
    }

    private sealed class Scaled(double factor) : IPreconditioner
    {
        public void Apply(ReadOnlySpan<double> r, Span<double> z)
        {
            for (var i = 0; i < r.Length; i++)
            {
                z[i] = factor * r[i];
            }
        }
    }
}

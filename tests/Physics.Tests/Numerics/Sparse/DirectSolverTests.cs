using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Numerics.Sparse;
using CsCheck;
using MathNet.Numerics.LinearAlgebra;

namespace ActorMultiscale.Tests.Numerics.Sparse;

/// <summary>Sparse factorizations against MathNet's dense ones, over matrices of all kinds.</summary>
public sealed class DirectSolverTests
{
    // A few roundings of each number of the solution.
    private const double Exact = 1e-14;

    // Half of the rows' off-diagonals are drawn; the diagonals make it what it is to be.
    private static readonly Gen<double[,]> _symmetric =
        from n in Gen.Int[1, 50]
        from density in Gen.Double[0, 0.3]
        from values in Gen.Double[-1, 1].Array[n * n]
        from drawn in Gen.Double[0, 1].Array[n * n]
        select Fill(n, (i, j) => drawn[(i * n) + j] < density && i != j ? values[(Math.Max(i, j) * n) + Math.Min(i, j)] : 0, drawn);

    [Fact]
    public void Positive_definite_matrices_are_factored_however_they_are_scaled() => Gen.Select(_symmetric, Gen.Int[0, 1000]).Sample((matrix, seed) =>
    {
        var n = matrix.GetLength(0);
        var dominant = Fill(n, (i, j) => (i == j ? 0.1 + RowSum(matrix, i) : matrix[i, j]) * Scale(i) * Scale(j));
        double Scale(int i) => Math.Pow(10, ((i * 37) + seed) % 13 - 6);

        var sparse = Sparse(dominant);
        foreach (var factor in new[] { SparseLdl.PositiveDefinite(sparse), SparseLdl.Indefinite(sparse) })
        {
            AssertSolves(sparse, factor.Solve);
            Assert.Equal(0, factor.NegativeEigenvalues);
            Assert.InRange(factor.FactorNumbers, n, n * n);
        }

        AssertSolves(sparse, new SparseLu(sparse).Solve);
    });

    [Fact]
    public void Indefinite_matrices_are_solved_and_their_signs_counted() => Gen.Select(_symmetric, Gen.Int[0, 1000]).Sample((matrix, seed) =>
    {
        // Zeros on the diagonal; a shifted antidiagonal makes most of them regular.
        var n = matrix.GetLength(0);
        var indefinite = Fill(n, (i, j) => matrix[i, j] + ((i + j + seed) % n == 0 && i != j ? 1.5 : 0));
        AssertLikeDense(indefinite);
    });

    [Fact]
    public void Saddle_points_are_solved_and_have_one_negative_eigenvalue_a_constraint() => Gen.Select(_symmetric, Gen.Int[1, 12]).Sample((matrix, constraints) =>
    {
        var n = matrix.GetLength(0);
        var m = Math.Min(constraints, n);
        var saddle = Fill(n + m, (i, j) => (i < n, j < n) switch
        {
            (true, true) => i == j ? 0.1 + RowSum(matrix, i) : matrix[i, j],
            (false, false) => 0,
            _ => Math.Max(i, j) - n == Math.Min(i, j) ? 1 : matrix[Math.Max(i, j) - n, Math.Min(i, j)] > 0.7 ? 0.5 : 0,
        });

        // Constraints drawn at random may repeat each other.
        var singular = Matrix<double>.Build.DenseOfArray(saddle).Svd().S;
        if (singular[n + m - 1] < 1e-10 * singular[0])
        {
            return;
        }

        var factor = SparseLdl.Indefinite(Sparse(saddle));
        AssertSolves(Sparse(saddle), factor.Solve);
        Assert.Equal(m, factor.NegativeEigenvalues);
    });

    [Fact]
    public void Unsymmetric_matrices_are_solved() => Gen.Select(_symmetric, Gen.Int[0, 1000]).Sample((matrix, seed) =>
    {
        // A random permutation keeps the pivots off the diagonal.
        var n = matrix.GetLength(0);
        var unsymmetric = Fill(n, (i, j) => (((i + j) % 3 == 0 ? 0 : matrix[i, j]) + ((i + seed) % n == j ? 1.2 : 0)) * Math.Pow(10, (i % 5) - 2));
        var dense = Matrix<double>.Build.DenseOfArray(unsymmetric).Svd().S;
        if (dense[n - 1] > 1e-10 * dense[0])
        {
            AssertSolves(Sparse(unsymmetric), new SparseLu(Sparse(unsymmetric)).Solve);
        }
    });

    [Fact]
    public void Large_matrices_of_grids_and_solids_are_solved_with_the_same_bits_on_any_number_of_threads()
    {
        var (solid, _, load) = TestMatrices.Elasticity(11);
        var expected = new double[load.Length];
        var factor = SparseLdl.PositiveDefinite(solid);
        Assert.InRange(factor.Solve(load, expected), 0, Exact);
        Assert.InRange(factor.FactorNumbers, solid.EntryCount, 12L * solid.EntryCount);
        using var team = new ChunkedLoop(3).Gather();
        foreach (var other in new[] { SparseLdl.PositiveDefinite(solid, team.Loop), SparseLdl.PositiveDefinite(solid, new ChunkedLoop(2)) })
        {
            var x = new double[load.Length];
            other.Solve(load, x);
            Assert.Equal(expected, x);
        }

        Assert.Equal(0, Allocation.Of(() => factor.Solve(load, expected)));

        var shifted = TestMatrices.Laplacian(40, 41, 1);
        for (var i = 0; i < shifted.RowCount; i++)
        {
            for (var k = shifted.RowStart[i]; k < shifted.RowStart[i + 1]; k++)
            {
                shifted.Values[k] -= shifted.Columns[k] == i ? 3 : 0;
            }
        }

        // The eigenvalues of the grid: 6 − 2 cos(πp/41) − 2 cos(πq/42) before the shift.
        var negative = 0;
        for (var p = 1; p <= 40; p++)
        {
            for (var q = 1; q <= 41; q++)
            {
                negative += 3 - (2 * Math.Cos(Math.PI * p / 41)) - (2 * Math.Cos(Math.PI * q / 42)) < 0 ? 1 : 0;
            }
        }

        var indefinite = SparseLdl.Indefinite(shifted);
        AssertSolves(shifted, indefinite.Solve);
        Assert.InRange(negative, 100, 1000);
        Assert.Equal(negative, indefinite.NegativeEigenvalues);
        AssertSolves(shifted, new SparseLu(shifted).Solve);
    }

    [Fact]
    public void The_order_keeps_factors_sparse()
    {
        // An arrow whose tip comes first fills in all but where the tip goes last.
        var entries = new List<(int, int, double)> { (0, 0, 1000) };
        for (var i = 1; i < 400; i++)
        {
            entries.AddRange([(i, i, 2), (0, i, 1), (i, 0, 1)]);
        }

        var arrow = TestMatrices.Of(400, 400, entries);
        Assert.InRange(SparseLdl.PositiveDefinite(arrow).FactorNumbers, 799, 1600);
        Assert.InRange(new SparseLu(arrow).FactorNumbers, 1198, 1200);

        // A grid of 100²: its own order fills in 100 numbers a row, a million.
        Assert.InRange(SparseLdl.PositiveDefinite(TestMatrices.Laplacian(100, 100, 1)).FactorNumbers, 200_000, 400_000);
    }

    // C M Cᵀ of a well-conditioned M and of a C with rows that are sums of others has no inverse, in whatever units; M is positive definite, or has eigenvalues of both signs.
    [Fact]
    public void Singular_matrices_are_refused() => Gen.Select(_symmetric, Gen.Int[0, 1000], Gen.Int[1, 4], Gen.Bool).Sample((matrix, seed, more, isPositive) =>
    {
        var n = matrix.GetLength(0);
        double Scale(int i) => Math.Pow(10, ((i * 37) + seed) % 13 - 6);
        double Weight(int extra, int of) => of == (extra * 7 + seed) % n ? 0.7 : of == (extra * 5 + 1 + seed) % n ? -1.3 : 0;
        var regular = Matrix<double>.Build.Dense(n, n, (i, j) => i == j ? (isPositive || i % 3 > 0 ? 1 : -1) * (1 + (2 * RowSum(matrix, i))) : matrix[Math.Max(i, j), Math.Min(i, j)]);
        var repeats = Matrix<double>.Build.Dense(n + more, n, (i, j) => i < n ? (i == j ? 1 : 0) : Weight(i - n, j));
        var product = repeats * regular * repeats.Transpose();
        var singular = Sparse(Fill(n + more, (i, j) => product[Math.Max(i, j), Math.Min(i, j)] * Scale(i) * Scale(j)));
        AssertRefused(singular);
    });

    // The same with rows that are sums of others, and columns of others: of no symmetry.
    [Fact]
    public void Singular_matrices_without_symmetry_are_refused() => Gen.Select(_symmetric, Gen.Int[0, 1000], Gen.Int[1, 4]).Sample((matrix, seed, more) =>
    {
        var n = matrix.GetLength(0);
        double Scale(int i, int times) => Math.Pow(10, ((i * times) + seed) % 13 - 6);
        double Weight(int extra, int of, int shift) => of == (extra * 7 + seed + shift) % n ? 0.7 : of == (extra * 5 + 1 + seed) % n ? -1.3 : 0;
        var regular = Matrix<double>.Build.Dense(n, n, (i, j) => ((i + seed) % n == j ? 1 + (2 * RowSum(matrix, i)) : 0) + ((i + j) % 3 == 0 ? 0 : matrix[i, j]));
        Matrix<double> Repeats(int shift) => Matrix<double>.Build.Dense(n + more, n, (i, j) => i < n ? (i == j ? 1 : 0) : Weight(i - n, j, shift));
        var product = Repeats(0) * regular * Repeats(3).Transpose();
        AssertSingular(() => new SparseLu(Sparse(Fill(n + more, (i, j) => product[i, j] * Scale(i, 37) * Scale(j, 41)))));
    });

    // In units of twelve orders of magnitude the same matrices without the rows that repeat others are solved.
    [Fact]
    public void Regular_matrices_in_any_units_are_not_taken_for_singular() => Gen.Select(_symmetric, Gen.Int[0, 1000]).Sample((matrix, seed) =>
    {
        var n = matrix.GetLength(0);
        double Scale(int i, int times) => Math.Pow(10, ((i * times) + seed) % 13 - 6);
        var symmetric = Sparse(Fill(n, (i, j) => (i == j ? (i % 3 > 0 ? 1 : -1) * (1 + (2 * RowSum(matrix, i))) : matrix[i, j]) * Scale(i, 37) * Scale(j, 37)));
        AssertSolves(symmetric, SparseLdl.Indefinite(symmetric).Solve);
        AssertSolves(symmetric, new SparseLu(symmetric).Solve);
        var any = Sparse(Fill(n, (i, j) => (((i + seed) % n == j ? 1 + (2 * RowSum(matrix, i)) : 0) + ((i + j) % 3 == 0 ? 0 : matrix[i, j])) * Scale(i, 37) * Scale(j, 41)));
        AssertSolves(any, new SparseLu(any).Solve);
    });

    // Against ‖A‖₁ ‖A⁻¹‖₁ by a dense inverse. The largest entry of each row is 1, so that nothing is scaled; rows that are nearly equal, or of opposite sign, make the condition
    // large. Of matrices that are all alike when turned round by a half, the first guess of the estimate, even numbers, may see nothing.
    [Fact]
    public void The_condition_is_estimated_from_below() => Gen.Select(_symmetric, Gen.Double[0.1, 1], Gen.Int[0, 7]).Sample((matrix, part, power) =>
    {
        var n = matrix.GetLength(0);
        var values = Fill(n, (i, j) => i == j ? 1 : i + j == n - 1 ? (Math.Min(i, j) % 2 == 0 ? -1 : 1) * (1 - (part * Math.Pow(10, -power))) : 0.5 * matrix[i, j]);
        var dense = Matrix<double>.Build.DenseOfArray(values);
        var singular = dense.Svd().S;
        if (singular[n - 1] < 1e-9 * singular[0])
        {
            return;
        }

        var condition = dense.L1Norm() * dense.Inverse().L1Norm();
        foreach (var estimate in new[] { SparseLdl.Indefinite(Sparse(values)).EstimateCondition(), new SparseLu(Sparse(values)).EstimateCondition() })
        {
            Assert.InRange(estimate, condition / 10, 1.0001 * condition);
        }
    });

    // The condition of Hilbert's matrix grows as e^{3.5 n}. After: Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed. (2002), section 28.1.
    [Fact]
    public void Hilberts_matrix_is_refused_where_it_is_singular_to_rounding()
    {
        CsrMatrix Hilbert(int n) => Sparse(Fill(n, (i, j) => 1.0 / (i + j + 1)));
        AssertSingular(() => SparseLdl.Indefinite(Hilbert(14)));
        AssertSingular(() => new SparseLu(Hilbert(14)));
        AssertSolves(Hilbert(8), SparseLdl.Indefinite(Hilbert(8)).Solve);
        AssertSolves(Hilbert(8), new SparseLu(Hilbert(8)).Solve);
    }

    [Fact]
    public void Floating_chains_are_refused_and_held_ones_are_not() => Gen.Select(Gen.Double[-4, 4].Array[1, 200], Gen.Int[0, 1000]).Sample((powers, seed) =>
    {
        // Springs of eight orders of magnitude: the weakest still hold. Of one order they float: sums of more would round a ground in.
        var count = powers.Length + 1;
        List<(int, int, double)> Chain(double spread) => [.. powers.SelectMany((power, i) =>
        {
            var k = Math.Pow(10, power * spread);
            return new[] { (i, i, k), (i + 1, i + 1, k), (i, i + 1, -k), (i + 1, i, -k) };
        })];
        AssertRefused(TestMatrices.Of(count, count, Chain(0.1)));
        var held = TestMatrices.Of(count, count, [.. Chain(1), (seed % count, seed % count, 1.0)]);
        AssertSolves(held, SparseLdl.PositiveDefinite(held).Solve);
        AssertSolves(held, SparseLdl.Indefinite(held).Solve);
        AssertSolves(held, new SparseLu(held).Solve);
    });

    [Theory]
    [InlineData(1, 0.3)]
    [InlineData(2, 0)]
    [InlineData(3, 0.45)]
    [InlineData(6, 0.3)]
    public void Floating_bodies_are_refused(int cells, double poisson) =>
        AssertRefused(TestMatrices.FloatingSolid(new(1, 2, 3), cells, Tangent6.Isotropic(210e9, poisson)).Matrix);

    private static void AssertRefused(CsrMatrix singular)
    {
        Assert.Contains("positive definite", Assert.Throws<InvalidOperationException>(() => SparseLdl.PositiveDefinite(singular)).Message, StringComparison.Ordinal);
        AssertSingular(() => SparseLdl.Indefinite(singular));
        AssertSingular(() => new SparseLu(singular));
    }

    private static void AssertSingular(Func<object> factor) => Assert.Contains("singular", Assert.Throws<InvalidOperationException>(factor).Message, StringComparison.Ordinal);

    [Fact]
    public void What_cannot_be_factored_is_said()
    {
        var zeroRow = TestMatrices.Of(3, 3, [(0, 0, 1), (2, 2, 1)]);
        var dependent = TestMatrices.Of(3, 3, [(0, 0, 1), (0, 1, 2), (1, 0, 2), (1, 1, 4), (2, 2, 1)]);
        var negative = TestMatrices.Of(2, 2, [(0, 0, 1), (1, 1, -1)]);
        foreach (var singular in new[] { zeroRow, dependent })
        {
            AssertSingular(() => SparseLdl.Indefinite(singular));
            AssertSingular(() => new SparseLu(singular));
        }

        Assert.Contains("row 1 has no positive pivot", Assert.Throws<InvalidOperationException>(() => SparseLdl.PositiveDefinite(negative)).Message, StringComparison.Ordinal);
        Assert.Contains("SparseLu takes any", Assert.Throws<ArgumentException>(() => SparseLdl.Indefinite(TestMatrices.Of(2, 2, [(0, 0, 1), (1, 1, 1), (0, 1, 0.5)]))).Message, StringComparison.Ordinal);
        Assert.Contains("(0, 1) is NaN", Assert.Throws<ArgumentException>(() => new SparseLu(TestMatrices.Of(2, 2, [(0, 0, 1), (1, 1, 1), (0, 1, double.NaN)]))).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => new SparseLu(TestMatrices.Of(2, 3, [])));
    }

    private static void AssertLikeDense(double[,] values)
    {
        var n = values.GetLength(0);
        var eigenvalues = Matrix<double>.Build.DenseOfArray(values).Evd(Symmetricity.Symmetric).EigenValues;
        var (least, most) = (eigenvalues.Min(e => Math.Abs(e.Real)), eigenvalues.Max(e => Math.Abs(e.Real)));
        if (least < 1e-10 * most || most == 0)
        {
            return;
        }

        var factor = SparseLdl.Indefinite(Sparse(values));
        AssertSolves(Sparse(values), factor.Solve);
        Assert.Equal(eigenvalues.Count(e => e.Real < 0), factor.NegativeEigenvalues);

        // Forward, too: as far as the condition lets both agree.
        var b = Vector<double>.Build.Dense(n, i => Math.Sin(1 + i));
        var x = new double[n];
        factor.Solve(b.AsArray(), x);
        var dense = Matrix<double>.Build.DenseOfArray(values).Solve(b);
        Assert.True((dense - Vector<double>.Build.Dense(x)).L2Norm() <= 1e-13 * n * most / least * dense.L2Norm());
    }

    private static double RowSum(double[,] matrix, int row) =>
        FixedOrderSum.Of(Enumerable.Range(0, matrix.GetLength(0)).Select(k => k == row ? 0 : Math.Abs(matrix[row, k])).ToArray());

    private delegate double Solver(ReadOnlySpan<double> b, Span<double> x);

    private static void AssertSolves(CsrMatrix matrix, Solver solve)
    {
        var b = Enumerable.Range(0, matrix.RowCount).Select(i => Math.Sin(1 + (2 * i))).ToArray();
        var x = new double[b.Length];
        var reported = solve(b, x);

        // The backward error, anew.
        var (ax, norm) = (new double[b.Length], 0.0);
        matrix.Multiply(x, ax);
        for (var i = 0; i < b.Length; i++)
        {
            norm = Math.Max(norm, FixedOrderSum.Of(matrix.Values[matrix.RowStart[i]..matrix.RowStart[i + 1]].ToArray().Select(Math.Abs).ToArray()));
        }

        var error = ax.Zip(b, (p, q) => Math.Abs(p - q)).Max() / ((norm * x.Max(Math.Abs)) + b.Max(Math.Abs));
        // A correction that does not help is taken back to a rounding.
        Assert.Equal(error, reported, 2e-16);
        Assert.InRange(error, 0, Exact);
    }

    private static double[,] Fill(int n, Func<int, int, double> entry, double[]? seen = null)
    {
        var values = new double[n, n];
        for (var i = 0; i < n; i++)
        {
            for (var j = 0; j < n; j++)
            {
                // Of a drawn pattern, one half decides for both.
                values[i, j] = seen is null ? entry(i, j) : entry(Math.Max(i, j), Math.Min(i, j));
            }
        }

        return values;
    }

    private static CsrMatrix Sparse(double[,] values)
    {
        var n = values.GetLength(0);
        return TestMatrices.Of(n, n, Enumerable.Range(0, n * n).Where(k => values[k / n, k % n] != 0).Select(k => (k / n, k % n, values[k / n, k % n])));
    }
}

using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Numerics.Sparse;
using CsCheck;

namespace ActorMultiscale.Tests.Numerics.Sparse;

/// <summary>Smoothed-aggregation multigrid.</summary>
public sealed class AmgTests
{
    // Small enough to make levels of small problems.
    private static readonly AmgOptions _small = new() { CoarsestUnknowns = 60 };

    [Fact]
    public void Iterations_hardly_grow_with_the_number_of_unknowns_of_a_solid()
    {
        int Iterations(int n)
        {
            var (matrix, places, load) = TestMatrices.Elasticity(n);
            var blocks = BcsrMatrix.FromCsr(matrix, 3);
            var amg = new AmgPreconditioner(blocks, NearKernel.RigidBodyModes(places, 3));
            Assert.InRange(amg.OperatorComplexity, 1, 1.3);
            var x = new double[load.Length];
            var result = ConjugateGradient.Solve(blocks, load, x, amg, 1e-8);
            Assert.InRange(result.RelativeResidual, 0, 1.01e-8);
            return result.Iterations;
        }

        // 1,512 and 14,700 unknowns.
        var (few, many) = (Iterations(7), Iterations(16));

        Assert.InRange(many, 5, 14);
        Assert.InRange(many, 0, 1.5 * few);
    }

    [Theory]
    [InlineData(1, 1, 16)]
    [InlineData(1, 1e-3, 24)]
    [InlineData(1e-4, 1e-4, 24)]
    [InlineData(1e3, 1, 24)]
    public void Diffusion_converges_where_couplings_differ_by_direction_too(double y, double z, int atMost)
    {
        var matrix = TestMatrices.Laplacian(24, 22, 20, y, z);
        var b = Enumerable.Range(0, matrix.RowCount).Select(i => Math.Sin(i)).ToArray();
        var exact = new double[b.Length];
        ConjugateGradient.Solve(matrix, b, exact, new SsorPreconditioner(matrix), 1e-13);
        foreach (var single in new[] { true, false })
        {
            var amg = new AmgPreconditioner(matrix, _small with { SinglePrecision = single });
            var x = new double[b.Length];

            var result = ConjugateGradient.Solve(matrix, b, x, amg, 1e-10);

            Assert.InRange(result.Iterations, 3, atMost);
            Assert.True(FixedOrderSum.Distance(exact, x) < 1e-8 * FixedOrderSum.Norm(exact));
            Assert.InRange(amg.Levels.Count, 3, 8);
            Assert.InRange(amg.OperatorComplexity, 1, 2.2);
        }
    }

    [Fact]
    public void Set_up_and_solution_have_the_same_bits_on_any_number_of_threads_and_cycles_allocate_nothing()
    {
        var (matrix, places, load) = TestMatrices.Elasticity(11);
        var blocks = BcsrMatrix.FromCsr(matrix, 3);
        var kernel = NearKernel.RigidBodyModes(places, 3);
        var expected = new double[load.Length];
        var result = ConjugateGradient.Solve(blocks, load, expected, new AmgPreconditioner(blocks, kernel, _small), 1e-9);
        foreach (var degree in new[] { 2, 3, 5 })
        {
            using var team = new ChunkedLoop(degree).Gather();
            foreach (var loop in new[] { team.Loop, new ChunkedLoop(degree) })
            {
                var x = new double[load.Length];
                var amg = new AmgPreconditioner(blocks, kernel, _small, loop);
                Assert.Equal(result, ConjugateGradient.Solve(blocks.On(loop), load, x, amg, 1e-9, loop: loop));
                Assert.Equal(expected, x);
                if (loop == team.Loop)
                {
                    Assert.Equal(0, Allocation.Of(() => amg.Apply(load, x)));
                }
            }
        }
    }

    // Contrasts cost iterations: what is soft beside what is stiff has vectors of little energy of its own, which aggregates that keep
    // to strong couplings have half as many of.
    [Theory]
    [InlineData(1, 18)]
    [InlineData(1000, 75)]
    public void A_plane_solid_of_soft_and_stiff_layers_converges_with_its_three_motions(double contrast, int atMost)
    {
        // Springs along edges and diagonals of a square grid, whose lower side is held; every fourth layer is stiffer.
        const int n = 60;
        var places = new double[2 * n * n];
        var entries = new List<(int, int, double)>();
        void Spring(int a, int b, double dx, double dy, double stiffness)
        {
            double[] direction = [dx, dy];
            for (var i = 0; i < 2; i++)
            {
                for (var j = 0; j < 2; j++)
                {
                    var k = stiffness * direction[i] * direction[j] / ((dx * dx) + (dy * dy));
                    entries.AddRange([((2 * a) + i, (2 * a) + j, k), ((2 * b) + i, (2 * b) + j, k), ((2 * a) + i, (2 * b) + j, -k), ((2 * b) + i, (2 * a) + j, -k)]);
                }
            }
        }

        for (var node = 0; node < n * n; node++)
        {
            var (x, y) = (node % n, node / n);
            var stiffness = y % 4 == 0 ? contrast : 1;
            (places[2 * node], places[(2 * node) + 1]) = (x, y);
            if (y == 0)
            {
                entries.AddRange([(2 * node, 2 * node, 1000), ((2 * node) + 1, (2 * node) + 1, 1000)]);
            }

            foreach (var (dx, dy) in new[] { (1, 0), (0, 1), (1, 1), (-1, 1) })
            {
                if (x + dx is >= 0 and < n && y + dy < n)
                {
                    Spring(node, node + dx + (n * dy), dx, dy, stiffness);
                }
            }
        }

        var matrix = BcsrMatrix.FromCsr(TestMatrices.Of(2 * n * n, 2 * n * n, entries), 2);
        var amg = new AmgPreconditioner(matrix, NearKernel.RigidBodyModes(places, 2), _small);
        var load = Enumerable.Range(0, 2 * n * n).Select(i => i % 2 == 0 ? 1e-3 : 0).ToArray();
        var x0 = new double[load.Length];
        var result = ConjugateGradient.Solve(matrix, load, x0, amg, 1e-9);
        var exact = new double[load.Length];
        SparseLdl.PositiveDefinite(matrix.ToCsr()).Solve(load, exact);

        Assert.InRange(result.Iterations, 5, atMost);
        Assert.True(FixedOrderSum.Distance(exact, x0) < 1e-5 * FixedOrderSum.Norm(exact));
    }

    [Theory]
    [InlineData(150, -190)]
    [InlineData(-180, 60)]
    [InlineData(0, -200)]
    public void Units_do_not_matter_even_beyond_the_range_of_single_precision(int stiffness, int force)
    {
        var (matrix, places, load) = TestMatrices.Elasticity(7);
        (double[] X, IterationResult Result) Solve(double a, double b)
        {
            var blocks = BcsrMatrix.FromCsr(matrix, 3);
            foreach (ref var value in blocks.Values)
            {
                value *= a;
            }

            var x = new double[load.Length];
            return (x, ConjugateGradient.Solve(blocks, load.Select(f => f * b).ToArray(), x, new AmgPreconditioner(blocks, NearKernel.RigidBodyModes(places, 3), _small), 1e-9));
        }

        var (expected, result) = Solve(1, 1);
        var (found, same) = Solve(Math.ScaleB(1, stiffness), Math.ScaleB(1, force));

        Assert.Equal(result, same);
        Assert.Equal(expected, found.Select(x => Math.ScaleB(x, stiffness - force)));
    }

    [Fact]
    public void Near_kernels_may_have_any_number_of_vectors()
    {
        // All displacements that are linear in space: three translations and nine gradients.
        var (matrix, places, load) = TestMatrices.Elasticity(8);
        var linear = new double[12 * places.Length];
        for (var i = 0; i < places.Length; i++)
        {
            linear[(12 * i) + (i % 3)] = 1;
            for (var c = 0; c < 3; c++)
            {
                linear[(12 * i) + 3 + (3 * (i % 3)) + c] = places[(i / 3 * 3) + c] - 0.5;
            }
        }

        foreach (var single in new[] { true, false })
        {
            var blocks = BcsrMatrix.FromCsr(matrix, 3);
            var amg = new AmgPreconditioner(blocks, new(12, linear), _small with { SinglePrecision = single });
            var x = new double[load.Length];

            Assert.InRange(amg.Levels.Count, 2, 4);
            Assert.InRange(ConjugateGradient.Solve(blocks, load, x, amg, 1e-9).Iterations, 5, 15);
        }
    }

    [Fact]
    public void A_level_that_is_solved_directly_may_be_large()
    {
        var (matrix, places, load) = TestMatrices.Elasticity(16);
        var blocks = BcsrMatrix.FromCsr(matrix, 3);
        var amg = new AmgPreconditioner(blocks, NearKernel.RigidBodyModes(places, 3), new() { MaxLevels = 1, SinglePrecision = false });
        var x = new double[load.Length];

        Assert.Single(amg.Levels);
        Assert.InRange(ConjugateGradient.Solve(blocks, load, x, amg, 1e-10).Iterations, 1, 2);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_cycle_is_linear_symmetric_and_positive(bool single)
    {
        var (matrix, places, _) = TestMatrices.Elasticity(6);
        var blocks = BcsrMatrix.FromCsr(matrix, 3);
        var amg = new AmgPreconditioner(blocks, NearKernel.RigidBodyModes(places, 3), _small with { SinglePrecision = single });
        var tolerance = single ? 1e-4 : 1e-11;
        Gen.Select(Gen.Double[-1, 1].Array[places.Length], Gen.Double[-1, 1].Array[places.Length]).Sample(
            (x, y) =>
            {
                var (mx, my, sum) = (new double[x.Length], new double[x.Length], new double[x.Length]);
                amg.Apply(x, mx);
                amg.Apply(y, my);
                amg.Apply(x.Zip(y, (p, q) => p - (3 * q)).ToArray(), sum);

                var scale = FixedOrderSum.Norm(mx) * FixedOrderSum.Norm(y);
                Assert.Equal(FixedOrderSum.Dot(mx, y), FixedOrderSum.Dot(x, my), tolerance * scale);
                Assert.True(FixedOrderSum.Dot(x, mx) > 0);
                Assert.True(FixedOrderSum.Distance(sum, mx.Zip(my, (p, q) => p - (3 * q)).ToArray()) < tolerance * (FixedOrderSum.Norm(mx) + (3 * FixedOrderSum.Norm(my))));
            },
            iter: 20, threads: 1);
    }

    [Fact]
    public void Given_unknowns_may_stay_in_the_matrix_with_a_diagonal_alone()
    {
        // Every third unknown of some nodes is given, so that nodes are of different kinds.
        var (matrix, places, load) = TestMatrices.Elasticity(9);
        bool IsGiven(int i) => i % 3 == 2 && i / 3 % 9 == 8;
        var entries = new List<(int, int, double)>();
        for (var row = 0; row < matrix.RowCount; row++)
        {
            for (var k = matrix.RowStart[row]; k < matrix.RowStart[row + 1]; k++)
            {
                var column = matrix.Columns[k];
                if (row == column || (!IsGiven(row) && !IsGiven(column)))
                {
                    entries.Add((row, column, matrix.Values[k]));
                }
            }

            load[row] = IsGiven(row) ? 0.3 * matrix[row, row] : load[row];
        }

        var constrained = BcsrMatrix.FromCsr(TestMatrices.Of(matrix.RowCount, matrix.RowCount, entries), 3);
        var x = new double[load.Length];
        var result = ConjugateGradient.Solve(constrained, load, x, new AmgPreconditioner(constrained, NearKernel.RigidBodyModes(places, 3), _small), 1e-10);

        Assert.InRange(result.Iterations, 3, 20);
        Assert.All(Enumerable.Range(0, x.Length).Where(IsGiven), i => Assert.Equal(0.3, x[i], 1e-9));
    }

    [Fact]
    public void A_floating_body_is_solved_up_to_its_constant()
    {
        // Neumann's problem: rows sum to zero, as do the loads.
        const int n = 15;
        var grid = TestMatrices.Laplacian(n, n, n);
        for (var i = 0; i < grid.RowCount; i++)
        {
            var sum = 0.0;
            for (var k = grid.RowStart[i]; k < grid.RowStart[i + 1]; k++)
            {
                sum += grid.Columns[k] == i ? 0 : grid.Values[k];
            }

            for (var k = grid.RowStart[i]; k < grid.RowStart[i + 1]; k++)
            {
                grid.Values[k] = grid.Columns[k] == i ? -sum : grid.Values[k];
            }
        }

        var b = Enumerable.Range(0, n * n * n).Select(i => Math.Cos(Math.PI * (0.5 + (i % n)) / n)).ToArray();
        var x = new double[b.Length];
        var result = ConjugateGradient.Solve(grid, b, x, new AmgPreconditioner(grid, _small), 1e-9);

        // cos is an eigenvector: λ = 2 − 2 cos(π/n).
        var mean = FixedOrderSum.Of(x) / x.Length;
        Assert.InRange(result.Iterations, 3, 20);
        Assert.All(Enumerable.Range(0, b.Length), i => Assert.Equal(b[i] / (2 - (2 * Math.Cos(Math.PI / n))), x[i] - mean, 1e-6));
    }

    [Fact]
    public void Rigid_motions_have_no_energy()
    {
        var (stiffness, basis) = TestMatrices.FloatingSolid(new(1, 2, 3), 2, Tangent6.Isotropic(2, 0.3));
        var places = basis.Interpolate(x => x);

        var modes = NearKernel.RigidBodyModes(places, 3);
        for (var k = 0; k < 6; k++)
        {
            var mode = Enumerable.Range(0, places.Length).Select(i => modes.Values[(6 * i) + k]).ToArray();
            var force = new double[mode.Length];
            stiffness.Multiply(mode, force);
            Assert.Equal(0, FixedOrderSum.Norm(force), 1e-12);
            Assert.True(FixedOrderSum.Norm(mode) > 1);
        }

        // In the plane: the rotation is at right angles to the place from the mean.
        var plane = NearKernel.RigidBodyModes([0, 0, 2, 0, 2, 2, 0, 2], 2);
        Assert.Equal([1, 0, 1, 0, 1, -1], plane.Values[..6].ToArray());
        Assert.Equal(3, plane.Modes);
    }

    [Fact]
    public void What_cannot_work_is_said()
    {
        var matrix = TestMatrices.Laplacian(12, 12, 12);
        var values = matrix.Values.ToArray();
        for (var k = matrix.RowStart[700]; k < matrix.RowStart[701]; k++)
        {
            values[k] = matrix.Columns[k] == 700 ? -1 : values[k];
        }

        var negative = new CsrMatrix(matrix.ColumnCount, matrix.RowStart.ToArray(), matrix.Columns.ToArray(), values);
        Assert.Contains("node 700", Assert.Throws<ArgumentException>(() => new AmgPreconditioner(negative, _small)).Message, StringComparison.Ordinal);
        Assert.Contains("near-kernel has", Assert.Throws<ArgumentException>(() => new AmgPreconditioner(BcsrMatrix.FromCsr(matrix, 3), NearKernel.Constants(3, 3))).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => new AmgPreconditioner(matrix, _small with { Degree = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new AmgPreconditioner(matrix, _small with { SmoothedRange = double.NaN }));
        Assert.Contains("Mode 0 is NaN in row 1", Assert.Throws<ArgumentException>(() => new NearKernel(1, [1, double.NaN])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => NearKernel.RigidBodyModes([0, 0], 1));
    }
}

using ActorMultiscale.Physics.Coupling.Mapping;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using CsCheck;

namespace ActorMultiscale.Tests.Numerics;

/// <summary>Sparse matrices against dense ones, and what stands on them.</summary>
public sealed class SparseTests
{
    private static readonly Gen<(int Rows, int Columns, List<(int Row, int Column, double Value)> Entries)> _matrices =
        from rows in Gen.Int[1, 12]
        from columns in Gen.Int[1, 12]
        from entries in Gen.Select(Gen.Int[0, rows - 1], Gen.Int[0, columns - 1], Gen.Double[-10, 10]).List[0, 60]
        select (rows, columns, entries);

    [Fact]
    public void The_sum_of_two_matrices_is_that_of_all_their_entries() => Gen.Select(_matrices, Gen.Int[0, 60]).Sample((m, cut) =>
    {
        CsrMatrix Of(IEnumerable<(int Row, int Column, double Value)> entries)
        {
            var builder = new CsrBuilder(m.Rows, m.Columns);
            foreach (var (row, column, value) in entries)
            {
                builder.Add(row, column, value);
            }

            return builder.ToMatrix();
        }

        var (sum, all) = (Of(m.Entries.Take(cut)).Plus(Of(m.Entries.Skip(cut))), Of(m.Entries));
        Assert.Equal(all.RowStart.ToArray(), sum.RowStart.ToArray());
        Assert.Equal(all.Columns.ToArray(), sum.Columns.ToArray());
        Assert.All(all.Values.ToArray().Zip(sum.Values.ToArray()), v => Assert.Equal(v.First, v.Second, 1e-12));
        Assert.Throws<ArgumentOutOfRangeException>(() => sum.Plus(new CsrMatrix(m.Columns + 1, new int[m.Rows + 1], [], [])));
    });

    [Fact]
    public void Products_are_those_of_the_dense_matrix_and_the_transpose_is_the_adjoint() => _matrices.Sample(m =>
    {
        var dense = new double[m.Rows, m.Columns];
        var builder = new CsrBuilder(m.Rows, m.Columns);
        foreach (var (row, column, value) in m.Entries)
        {
            dense[row, column] += value;
            builder.Add(row, column, value);
        }

        var sparse = builder.ToMatrix();
        var x = Enumerable.Range(0, 2 * m.Columns).Select(i => Math.Sin(i)).ToArray();
        var y = Enumerable.Range(0, 2 * m.Rows).Select(i => Math.Cos(3 * i)).ToArray();
        var (ax, aty) = (new double[2 * m.Rows], new double[2 * m.Columns]);
        sparse.Multiply(x, ax, 2);
        sparse.TransposeMultiply(y, aty, 2);
        for (var row = 0; row < m.Rows; row++)
        {
            for (var c = 0; c < 2; c++)
            {
                var expected = 0.0;
                for (var column = 0; column < m.Columns; column++)
                {
                    expected += dense[row, column] * x[(2 * column) + c];
                }

                Assert.Equal(expected, ax[(2 * row) + c], 1e-11);
            }
        }

        Assert.Equal(FixedOrderSum.Dot(y, ax), FixedOrderSum.Dot(aty, x), 1e-10);
    });

    [Theory]
    [InlineData("none")]
    [InlineData("jacobi")]
    [InlineData("ssor")]
    public void Conjugate_gradients_solve_a_Laplacian_with_any_preconditioner(string kind)
    {
        const int n = 60;
        var builder = new CsrBuilder(n, n);
        for (var i = 0; i < n; i++)
        {
            builder.Add(i, i, 2.5 + (i % 3));
            if (i > 0)
            {
                builder.Add(i, i - 1, -1);
                builder.Add(i - 1, i, -1);
            }
        }

        var matrix = builder.ToMatrix();
        var exact = Enumerable.Range(0, n).Select(i => Math.Sin(0.3 * i)).ToArray();
        var (b, x) = (new double[n], new double[n]);
        matrix.Multiply(exact, b);
        IPreconditioner preconditioner = kind switch { "none" => new NoPreconditioner(), "jacobi" => new JacobiPreconditioner(matrix), _ => new SsorPreconditioner(matrix) };

        var result = ConjugateGradient.Solve(matrix, b, x, preconditioner, 1e-13);

        Assert.True(result.RelativeResidual < 1e-12);
        Assert.Equal(0, FixedOrderSum.Distance(exact, x), 1e-11);
    }

    [Fact]
    public void A_matrix_that_is_not_positive_definite_is_refused_by_conjugate_gradients()
    {
        var builder = new CsrBuilder(2, 2);
        builder.Add(0, 0, 1);
        builder.Add(1, 1, -1);
        var x = new double[2];

        Assert.Throws<InvalidOperationException>(() => ConjugateGradient.Solve(builder.ToMatrix(), [1.0, 1.0], x, new NoPreconditioner()));
    }

    [Fact]
    public void Nearest_neighbor_keeps_constants_straight_and_sums_transposed()
    {
        var from = PointCloud.OnLine([0, 1, 2.5, 4]);
        var to = PointCloud.OnLine([0.4, 0.6, 2, 3.9, 7]);
        var mapping = NearestNeighbor.Build(from, to);
        var (ones, sums) = (new double[5], new double[4]);

        mapping.Consistent([1, 2, 3, 4], ones, 1);
        Assert.Equal([1, 2, 3, 4, 4], ones);
        mapping.Conservative([1, 2, 3, 4, 5], sums, 1);
        Assert.Equal([1, 2, 3, 9], sums);
    }

    [Fact]
    public void Philox_gives_the_known_answers_of_Random123()
    {
        Assert.Equal((0x16554d9eca36314cUL, 0xdb20fe9d672d0fdcUL, 0xd7e772cee186176bUL, 0x7e68b68aec7ba23bUL), new Philox(0, 0).Bits(0, 0, 0, 0));
        const ulong all = ulong.MaxValue;
        Assert.Equal((0x87b092c3013fe90bUL, 0x438c3c67be8d0224UL, 0x9cc7d7c69cd777b6UL, 0xa09caebf594f0ba0UL), new Philox(all, all).Bits(all, all, all, all));
    }

    [Fact]
    public void Random_numbers_have_the_moments_of_their_distributions()
    {
        // Fixed seed; the bounds are six standard errors, a false alarm in 10⁹ seeds.
        const int count = 200_000;
        var random = new Philox(42, Fingerprint.OfName("test"));
        var (sum, squares, normal, normalSquares) = (0.0, 0.0, 0.0, 0.0);
        for (var i = 0; i < count; i++)
        {
            var u = random.Uniform(7, 0, i);
            Assert.InRange(u, double.Epsilon, 1 - 1e-17);
            sum += u;
            squares += (u - 0.5) * (u - 0.5);
            var (a, b) = random.Normal(7, 1, i);
            normal += a + b;
            normalSquares += (a * a) + (b * b);
        }

        Assert.Equal(0.5, sum / count, 6 * Math.Sqrt(1.0 / 12 / count));
        Assert.Equal(1.0 / 12, squares / count, 6 * Math.Sqrt(1.0 / 180 / count));
        Assert.Equal(0, normal / (2 * count), 6 / Math.Sqrt(2.0 * count));
        Assert.Equal(1, normalSquares / (2 * count), 6 * Math.Sqrt(2 / (2.0 * count)));
    }

    [Fact]
    public void Sums_agree_with_exact_ones_and_loops_give_the_same_bits_on_any_number_of_threads()
    {
        // Multiples of 2⁻³⁰, so that whole numbers give the exact sum.
        var whole = Enumerable.Range(0, 10_001).Select(i => (Int128)Math.Round(Math.Sin(i) * (1 << 20)) << (i % 25)).ToArray();
        var values = whole.Select(w => Math.ScaleB((double)w, -30)).ToArray();
        var exact = Math.ScaleB((double)whole.Aggregate((x, y) => x + y), -30);
        var magnitude = Math.ScaleB((double)whole.Aggregate(Int128.Zero, (x, y) => x + Int128.Abs(y)), -30);
        Assert.Equal(exact, FixedOrderSum.Of(values), (128 + 14) * Math.BitIncrement(1.0) * 1.2e-16 * magnitude);      // Chunks of 128, halved 14 times.
        double[] Run(int degree)
        {
            var partial = new double[ChunkedLoop.Chunks(values.Length, 64)];
            new ChunkedLoop(degree).Run(values.Length, 64, (chunk, first, past) => partial[chunk] = FixedOrderSum.Of(values.AsSpan(first, past - first)));
            return partial;
        }

        var expected = Run(1);
        Assert.All(new[] { 2, 3, 8 }, degree => Assert.Equal(expected, Run(degree)));
    }

    [Fact]
    public void A_fingerprint_changes_with_any_bit() => Gen.Select(Gen.Double[-1, 1].Array[1, 40], Gen.Int[0, 39], Gen.Int[0, 63]).Sample((values, index, bit) =>
    {
        var changed = values.ToArray();
        index %= values.Length;
        changed[index] = BitConverter.UInt64BitsToDouble(BitConverter.DoubleToUInt64Bits(changed[index]) ^ (1UL << bit));

        Assert.NotEqual(Fingerprint.Fold(Fingerprint.Empty, values), Fingerprint.Fold(Fingerprint.Empty, changed));
        Assert.NotEqual(Fingerprint.Fold(Fingerprint.Empty, values), Fingerprint.Fold(Fingerprint.Empty, values.Append(0).ToArray()));
    });
}

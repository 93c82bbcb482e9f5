using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Numerics.Sparse;
using CsCheck;

namespace ActorMultiscale.Tests.Numerics.Sparse;

/// <summary>Products by blocks and on several threads against those of compressed rows.</summary>
public sealed class BlockProductTests
{
    private static readonly Gen<(CsrMatrix Matrix, int Block)> _matrices =
        from block in Gen.Int[1, 10]
        from rows in Gen.Int[1, 9]
        from columns in Gen.Int[1, 9]
        from entries in Gen.Select(Gen.Int[0, (rows * block) - 1], Gen.Int[0, (columns * block) - 1], Gen.Double[-10, 10]).List[0, 200]
        select (TestMatrices.Of(rows * block, columns * block, entries), block);

    [Fact]
    public void Blocks_hold_the_entries_of_the_rows_and_multiply_as_they_do() => _matrices.Sample(m =>
    {
        var blocks = BcsrMatrix.FromCsr(m.Matrix, m.Block);
        var x = Enumerable.Range(0, m.Matrix.ColumnCount).Select(i => Math.Sin(1 + i)).ToArray();
        var (expected, found) = (new double[m.Matrix.RowCount], new double[m.Matrix.RowCount]);
        m.Matrix.Multiply(x, expected);
        blocks.Multiply(x, found);

        Assert.Equal((m.Matrix.RowCount, m.Matrix.ColumnCount), (blocks.RowCount, blocks.ColumnCount));
        Assert.All(Enumerable.Range(0, expected.Length), i => Assert.Equal(expected[i], found[i], 1e-12 * 10 * 200));
        var back = blocks.ToCsr();
        for (var row = 0; row < blocks.RowCount; row++)
        {
            for (var column = 0; column < blocks.ColumnCount; column++)
            {
                Assert.Equal(m.Matrix[row, column], blocks[row, column]);
                Assert.Equal(m.Matrix[row, column], back[row, column]);
            }
        }
    });

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(6)]
    [InlineData(9)]
    public void Products_have_the_same_bits_on_any_number_of_threads_and_allocate_nothing(int block)
    {
        var matrix = TestMatrices.Laplacian(18, 18, 18);
        var blocks = BcsrMatrix.FromCsr(matrix, block);
        var x = Enumerable.Range(0, matrix.RowCount).Select(i => Math.Sin(i)).ToArray();
        var (serial, rows) = (new double[x.Length], new double[x.Length]);
        blocks.Multiply(x, serial);
        matrix.Multiply(x, rows);
        foreach (var degree in new[] { 1, 2, 3, 7 })
        {
            using var team = new ChunkedLoop(degree).Gather();
            foreach (var (operation, expected) in new[] { (blocks.On(team.Loop), serial), (matrix.On(team.Loop), rows) })
            {
                var y = new double[x.Length];
                operation.Multiply(x, y);
                Assert.Equal(expected, y);
                Assert.Equal(0, Allocation.Of(() => operation.Multiply(x, y)));
            }
        }

        Assert.Equal(serial, rows.Zip(serial, (r, s) => Math.Abs(r - s) < 1e-13 * 40 ? s : r));
        var (again, tasks) = (new double[x.Length], BcsrMatrix.FromCsr(matrix, block, new ChunkedLoop(3)));
        tasks.On(new ChunkedLoop(2)).Multiply(x, again);
        Assert.Equal(serial, again);
    }

    [Fact]
    public void A_matrix_without_whole_blocks_and_a_wrong_pattern_are_refused()
    {
        var matrix = TestMatrices.Laplacian(2, 2, 1);

        Assert.Contains("no whole number of blocks", Assert.Throws<ArgumentException>(() => BcsrMatrix.FromCsr(matrix, 3)).Message, StringComparison.Ordinal);
        Assert.Contains("columns rise", Assert.Throws<ArgumentException>(() => new BcsrMatrix(2, 2, [0, 2], [1, 0])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => BcsrMatrix.FromCsr(matrix, 2).Multiply(new double[3], new double[4]));
    }

    [Fact]
    public void Conjugate_gradients_have_the_same_bits_on_any_number_of_threads_and_say_what_is_wrong()
    {
        var matrix = TestMatrices.Laplacian(22, 22, 22);
        var b = Enumerable.Range(0, matrix.RowCount).Select(i => Math.Cos(i)).ToArray();
        var expected = new double[b.Length];
        var result = ConjugateGradient.Solve(matrix, b, expected, new JacobiPreconditioner(matrix), 1e-10);
        using var team = new ChunkedLoop(3).Gather();
        var x = new double[b.Length];
        var same = ConjugateGradient.Solve(matrix.On(team.Loop), b, x, new JacobiPreconditioner(matrix), 1e-10, loop: team.Loop);

        Assert.Equal(expected, x);
        Assert.Equal(result, same);
        Assert.InRange(result.RelativeResidual, 0, 1.1e-10);
        Assert.Contains("after 2 iterations", Failure(() => ConjugateGradient.Solve(matrix, b, new double[b.Length], new JacobiPreconditioner(matrix), 1e-10, 2)), StringComparison.Ordinal);
        Assert.Contains("preconditioner has to be positive", Failure(() => ConjugateGradient.Solve(matrix, b, new double[b.Length], new Negative(), 1e-10)), StringComparison.Ordinal);
        b[7] = double.NaN;
        Assert.Contains("after 0 iterations", Failure(() => ConjugateGradient.Solve(matrix, b, new double[b.Length], new NoPreconditioner())), StringComparison.Ordinal);
    }

    private static string Failure(Action solve) => Assert.Throws<InvalidOperationException>(solve).Message;

    private sealed class Negative : IPreconditioner
    {
        public void Apply(ReadOnlySpan<double> r, Span<double> z)
        {
            for (var i = 0; i < r.Length; i++)
            {
                z[i] = -r[i];
            }
        }
    }
}

using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Tests.Numerics;

public sealed class ChunkedLoopTests
{
    private static double[] PartialSums(int degree, int length, int chunk)
    {
        var partial = new double[ChunkedLoop.Chunks(length, chunk)];
        new ChunkedLoop(degree).Run(length, chunk, (c, first, past) =>
        {
            for (var i = first; i < past; i++)
            {
                partial[c] += Math.Sin(i) / (i + 1);
            }
        });
        return partial;
    }

    [Theory]
    [InlineData(10_000, 64)]
    [InlineData(10_001, 100)]
    [InlineData(5, 64)]
    public void Any_number_of_threads_gives_the_same_bits(int length, int chunk)
    {
        var serial = PartialSums(1, length, chunk);

        Assert.All([2, 3, 8], degree => Assert.Equal<double>(serial, PartialSums(degree, length, chunk)));
    }

    [Theory]
    [InlineData(0, 7, 1)]
    [InlineData(1, 7, 3)]
    [InlineData(20, 7, 1)]
    [InlineData(21, 7, 3)]
    public void Every_index_is_visited_once(int length, int chunk, int degree)
    {
        var visits = new int[length];
        new ChunkedLoop(degree).Run(length, chunk, (_, first, past) =>
        {
            for (var i = first; i < past; i++)
            {
                visits[i]++;
            }
        });

        Assert.All(visits, count => Assert.Equal(1, count));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void The_longest_range_is_not_forgotten(int degree)
    {
        var covered = 0L;
        new ChunkedLoop(degree).Run(int.MaxValue, 1 << 30, (_, first, past) => Interlocked.Add(ref covered, past - first));

        Assert.Equal(int.MaxValue, covered);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_fault_of_the_body_comes_out_as_it_is(int degree) =>
        Assert.Equal("chunk", Assert.Throws<InvalidOperationException>(() => new ChunkedLoop(degree).Run(10, 1, (_, _, _) => throw new InvalidOperationException("chunk"))).Message);
}

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

    // Loops of every length, one right after the other: whoever is late with one must not touch the next.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    public void A_team_visits_every_index_of_every_loop_once(int degree)
    {
        using var team = new ChunkedLoop(degree).Gather();
        var visits = new int[700];
        for (var loop = 0; loop < 3000; loop++)
        {
            var (length, chunk) = (loop * 37 % 701, 1 + (loop % 23));
            Array.Clear(visits);
            team.Loop.Run(length, chunk, (_, first, past) =>
            {
                for (var i = first; i < past; i++)
                {
                    Interlocked.Increment(ref visits[i]);
                }
            });
            Assert.True(visits.AsSpan(0, length).IndexOfAnyExcept(1) < 0 && visits.AsSpan(length).IndexOfAnyExcept(0) < 0, $"loop {loop}");
        }
    }

    [Fact]
    public void What_a_body_throws_comes_out_of_a_team_and_the_next_loop_is_whole()
    {
        using var team = new ChunkedLoop(3).Gather();
        for (var loop = 0; loop < 200; loop++)
        {
            Assert.Equal("7", Assert.Throws<InvalidOperationException>(() => team.Loop.Run(20, 1, (c, _, _) =>
            {
                if (c == 7)
                {
                    throw new InvalidOperationException("7");
                }
            })).Message);
            var sum = 0;
            team.Loop.Run(100, 3, (_, first, past) => Interlocked.Add(ref sum, past - first));
            Assert.Equal(100, sum);
        }
    }

    // The only thread of a scheduler that is busy: the caller does all the work.
    [Fact]
    public async Task A_team_whose_threads_never_come_is_not_waited_for()
    {
        var pair = new ConcurrentExclusiveSchedulerPair();
        var gate = new TaskCompletionSource();
        var busy = Task.Factory.StartNew(() => gate.Task.GetAwaiter().GetResult(), CancellationToken.None, TaskCreationOptions.LongRunning, pair.ExclusiveScheduler);
        using (var team = new ChunkedLoop(4, pair.ExclusiveScheduler).Gather())
        {
            var sum = 0;
            team.Loop.Run(1000, 10, (_, first, past) => Interlocked.Add(ref sum, past - first));
            Assert.Equal(1000, sum);
        }

        gate.SetResult();
        await busy;
    }
}

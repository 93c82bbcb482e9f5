using ActorMultiscale.Actors;
using ActorMultiscale.Actors.Observation;
using ActorMultiscale.Physics.Numerics;
using Akka.Actor;

namespace ActorMultiscale.Tests.Actors;

/// <summary>Loops of models on the threads on which models compute.</summary>
public sealed class SolverThreadTests
{
    // Each thread has a job whose loop would like others: what these were to do must not wait for a thread that never comes free.
    [Fact]
    public async Task Loops_end_where_all_threads_have_one()
    {
        const int Threads = 2;
        using var actors = ActorSystem.Create("solvers", ActorSettings.For(Threads, null));
        var solvers = actors.Dispatchers.Lookup(ActorSettings.SolverDispatcher);
        var jobs = Enumerable.Range(0, 3 * Threads).Select(_ => new TaskCompletionSource<double>(TaskCreationOptions.RunContinuationsAsynchronously)).ToList();
        foreach (var job in jobs)
        {
            solvers.Schedule(() =>
            {
                var loop = new ChunkedLoop(Threads, new DispatcherScheduler(solvers, WorkAccount.None));
                var parts = new double[64];
                for (var round = 0; round < 200; round++)
                {
                    loop.Run(parts.Length, 1, (c, _, _) => parts[c] += Math.Sqrt(c + round));
                }

                job.SetResult(FixedOrderSum.Of(parts));
            });
        }

        var sums = await Task.WhenAll(jobs.Select(job => job.Task)).WaitAsync(TimeSpan.FromMinutes(1));

        Assert.All(sums, sum => Assert.Equal(sums[0], sum));
        await actors.Terminate();
    }
}

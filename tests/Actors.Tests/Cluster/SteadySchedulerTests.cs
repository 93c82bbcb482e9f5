using System.Collections.Concurrent;
using System.Diagnostics;
using ActorMultiscale.Actors.Cluster;
using Akka.Actor;
using Akka.Configuration;
using Akka.Event;

namespace ActorMultiscale.Tests.Actors;

/// <summary>Timers that do not depend on the pool of the runtime.</summary>
public sealed class SteadySchedulerTests
{
    private static readonly TimeSpan _soon = TimeSpan.FromSeconds(20);

    [Fact]
    public void Work_runs_in_the_order_of_its_time_and_not_before()
    {
        using var scheduler = new SteadyScheduler(Config.Empty, NoLogger.Instance);
        IActionScheduler timers = scheduler;
        var (ran, clock) = (new ConcurrentQueue<(int, double)>(), Stopwatch.StartNew());
        using var done = new CountdownEvent(4);
        foreach (var delay in new[] { 120, 0, 60, 30 })
        {
            timers.ScheduleOnce(TimeSpan.FromMilliseconds(delay), () =>
            {
                ran.Enqueue((delay, clock.Elapsed.TotalMilliseconds));
                done.Signal();
            });
        }

        Assert.True(done.Wait(_soon));
        Assert.Equal([0, 30, 60, 120], ran.Select(r => r.Item1));
        Assert.All(ran, r => Assert.True(r.Item2 >= r.Item1 - 1, $"{r}"));
    }

    [Fact]
    public void What_repeats_repeats_until_it_is_cancelled_and_a_fault_of_one_is_no_fault_of_others()
    {
        using var scheduler = new SteadyScheduler(Config.Empty, NoLogger.Instance);
        IActionScheduler timers = scheduler;
        using var five = new CountdownEvent(5);
        using var cancelable = new Cancelable(timers);
        var count = 0;
        timers.ScheduleOnce(TimeSpan.FromMilliseconds(1), () => throw new InvalidOperationException("meant"));
        timers.ScheduleRepeatedly(TimeSpan.Zero, TimeSpan.FromMilliseconds(5), () =>
        {
            if (Interlocked.Increment(ref count) == 5)
            {
                cancelable.Cancel();
            }

            five.Signal();
        }, cancelable);
        Assert.True(five.Wait(_soon));
        using var later = new ManualResetEventSlim();
        timers.ScheduleOnce(TimeSpan.FromMilliseconds(50), later.Set);
        Assert.True(later.Wait(_soon));
        Assert.Equal(5, count);
    }

    [Fact]
    public void Nothing_is_taken_after_the_end()
    {
        var scheduler = new SteadyScheduler(Config.Empty, NoLogger.Instance);
        IActionScheduler timers = scheduler;
        var ran = false;
        timers.ScheduleOnce(TimeSpan.FromMilliseconds(50), () => ran = true);
        scheduler.Dispose();
        Assert.Throws<SchedulerException>(() => timers.ScheduleOnce(TimeSpan.Zero, () => { }));
        Thread.Sleep(100);
        Assert.False(ran);
    }
}

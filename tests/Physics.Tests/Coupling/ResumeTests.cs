using ActorMultiscale.Physics.Coupling;

namespace ActorMultiscale.Tests.Coupling;

/// <summary>Snapshots, stops, and going on from them.</summary>
public sealed class ResumeTests
{
    private static CoupledSystem Compose(int seed, Func<Experiment, Experiment> change) =>
        Composition.Compose(change(RandomExperiment.Of(seed).Experiment));

    private static CoupledSystem WithSnapshots(int seed) =>
        Compose(seed, e => e with { SnapshotEvery = 1, Until = e.Window * (seed % 2 == 0 ? 4 : 3.3) });

    [Fact]
    public void A_run_resumed_from_any_snapshot_ends_as_if_it_had_never_paused()
    {
        var resumed = 0;
        for (var seed = 0; seed < 500; seed++)
        {
            var whole = SerialTrace.Run(WithSnapshots(seed));
            foreach (var snapshot in whole.Snapshots)
            {
                var rest = SerialTrace.Run(WithSnapshots(seed), snapshot);

                Trace.Same($"seed {seed}, from {snapshot.Window}", whole.Trace with { Records = whole.Trace.Records[(int)snapshot.Window..] }, rest.Trace);
                Assert.Equal(whole.Result.FinalHash, rest.Result.FinalHash);
                Assert.Equal(whole.Result.Windows, rest.Result.Windows);
                resumed++;
            }
        }

        Assert.True(resumed > 1000, $"{resumed} snapshots are too few to say anything.");
    }

    [Fact]
    public void The_numbers_of_a_run_follow_from_its_records_alone()
    {
        for (var seed = 0; seed < 100; seed++)
        {
            var run = SerialTrace.Run(WithSnapshots(seed));
            var metrics = new RunMetrics();
            foreach (var record in run.Trace.Records)
            {
                metrics.Add(record);
            }

            Assert.All(metrics.With([]), pair => Assert.Equal(pair.Value, run.Result.Metrics[pair.Key]));
        }
    }

    [Fact]
    public void A_run_stopped_and_snapshotted_at_any_moment_goes_on_as_if_it_had_never_paused()
    {
        var (stopped, snapshots) = (0, 0);
        for (var seed = 0; seed < 1_000; seed++)
        {
            CoupledSystem System() => Compose(seed, e => e with { Until = e.Window * 6, SnapshotEvery = 0 });
            var whole = SerialTrace.Run(System());
            var runner = new ShuffledRunner(System(), seed) { Stops = 0.02, SnapshotRequests = 0.05 };
            var first = runner.Run();
            foreach (var snapshot in runner.Snapshots)
            {
                var rest = new ShuffledRunner(System(), seed + 1, snapshot);
                var records = first.Records[..(int)snapshot.Window];

                var second = rest.Run();

                Trace.Same($"seed {seed}, from {snapshot.Window}", whole.Trace, second with { Records = [.. records, .. second.Records] });
                Assert.True(second.Outcome == RunOutcome.Failed || whole.Result.FinalHash == rest.FinalHash, $"seed {seed}, from {snapshot.Window}: the hashes differ.");
                snapshots++;
            }

            stopped += first.Outcome == RunOutcome.Stopped ? 1 : 0;
        }

        Assert.True(stopped > 200 && snapshots > 1000, $"{stopped} stops and {snapshots} snapshots are too few to say anything.");
    }

    [Theory]
    [InlineData(1, 64)]
    [InlineData(2, 1)]
    [InlineData(3, 64)]
    public void A_run_stops_at_the_boundary_at_which_it_is_told(int windows, int runAhead)
    {
        var stopped = SerialTrace.Run(Compose(3, e => e with { Until = e.Window * 5, RunAhead = runAhead }), windows: windows);

        Assert.Equal(RunOutcome.Stopped, stopped.Result.Outcome);
        Assert.Equal(windows, stopped.Result.Windows);
        Assert.Equal(windows, stopped.Snapshots[^1].Window);
    }

    [Fact]
    public void A_run_that_had_ended_ends_again_with_the_same_hash()
    {
        var seed = Enumerable.Range(0, 100).First(seed => SerialTrace.Run(WithSnapshots(seed)).Result.Outcome == RunOutcome.Completed);
        var whole = SerialTrace.Run(WithSnapshots(seed));
        var again = SerialTrace.Run(WithSnapshots(seed), whole.Snapshots[^1]);

        Assert.Equal(RunOutcome.Completed, again.Result.Outcome);
        Assert.Equal(whole.Result.FinalHash, again.Result.FinalHash);
        Assert.Empty(again.Trace.Records);
    }

    [Fact]
    public void A_snapshot_and_a_stop_at_one_boundary_make_one_snapshot()
    {
        var stopped = SerialTrace.Run(WithSnapshots(3), windows: 2);

        Assert.Equal([1, 2], stopped.Snapshots.Select(s => s.Window));
    }
}

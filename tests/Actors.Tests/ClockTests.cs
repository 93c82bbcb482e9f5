using ActorMultiscale.Actors;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Actors.Observation;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Examples;
using ActorMultiscale.Testing;

namespace ActorMultiscale.Tests.Actors;

/// <summary>A time of day that jumps by an hour, forth and back, changes neither numbers nor decisions.</summary>
public sealed class ClockTests(PostgresServer server) : IClassFixture<PostgresServer>, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("actor-multiscale-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private sealed class JumpingClock : TimeProvider
    {
        private int _asked;

        /// <summary>Where it stands; forth and back each time it is asked, if null.</summary>
        public TimeSpan? Offset { get; set; }

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + (Offset ?? TimeSpan.FromHours(Interlocked.Increment(ref _asked) % 2 == 0 ? 1 : -1));
    }

    private static CoupledSystem Oscillator(double until) => Composition.Compose(new Experiment
    {
        Name = "oscillator",
        Until = until,
        Window = 0.01,
        SnapshotInterval = TimeSpan.FromMilliseconds(100),
        Participants = [Participant.Of("left", OscillatorMass.Entry, ("side", "left")), Participant.Of("right", OscillatorMass.Entry, ("side", "right"))],
        Conduits = [new("left.spring-force", "right.force") { Degree = 3 }, new("right.spring-force", "left.force") { Degree = 3 }],
        Scheme = CouplingScheme.Serial("left", "right").Iterated(200, new ConvergenceCriterion("left.force", ResidualMeasure.Relative, 1e-10)),
    });

    private static async Task<RunReport> Run(RunStore store, double until, JumpingClock clock, Action<RunProgress>? onProgress = null)
    {
        var start = new RunStart(store.Run, store.Origin(), new MachineStamp("test", "test", "test"), until);
        await using var observations = new ObservationStore(store);
        await using var run = ActorRun.Start(Oscillator(until), new RunSettings { Clock = clock, Observations = observations }, store, start, onProgress);
        return await run.Completion.WaitAsync(TimeSpan.FromMinutes(3));
    }

    private static RunOrigin Origin => new() { Run = "test", Experiment = "oscillator", Program = "test" };

    [Fact]
    public async Task A_run_is_recorded_and_gone_on_with_as_ever()
    {
        using var store = RunStore.Create(Path.Combine(_folder, "test.sqlite"), Origin, [], new JumpingClock().GetUtcNow());
        foreach (var until in new[] { 1.0, 2.0 })
        {
            var report = await Run(store, until, new JumpingClock());
            Assert.True(report.Status == RunStatus.Completed, report.Result.Reason);
            Assert.Equal(new SerialRunner(Oscillator(until)).Run().FinalHash, report.Result.FinalHash);
            Assert.Empty(RecordCheck.Of(store).Faults);
            Assert.Equal((int)Math.Round(until * 100), ObservationStore.Read(store).Iterations.Select(row => row.RootWindow).Distinct().Count());
        }
    }

    [Fact]
    public async Task A_database_that_is_away_is_waited_for_as_long_as_it_is_away_and_no_hour_longer_or_shorter()
    {
        if (PostgresServer.Missing is not null)
        {
            return;
        }

        const double Until = 500;
        using var store = RunStore.Create(new PostgresDatabase(server.NewDatabase()), Origin, [], new JumpingClock().GetUtcNow());
        var isGoing = new TaskCompletionSource();
        var clock = new JumpingClock { Offset = TimeSpan.Zero };
        var running = Run(store, Until, clock, progress =>
        {
            if (progress.Durable > 100)
            {
                isGoing.TrySetResult();
            }
        });
        await isGoing.Task.WaitAsync(TimeSpan.FromMinutes(1));
        Assert.False(running.IsCompleted);
        server.Stop();
        foreach (var hours in new[] { 0, 1, -1 })
        {
            clock.Offset = TimeSpan.FromHours(hours);
            await Task.Delay(TimeSpan.FromSeconds(2.5));        // Some tries.
        }

        server.Start();

        var report = await running;
        Assert.True(report.Status == RunStatus.Completed, report.Result.Reason);
        Assert.Equal(new SerialRunner(Oscillator(Until)).Run().FinalHash, report.Result.FinalHash);
    }
}

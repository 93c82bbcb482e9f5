using ActorMultiscale.Actors;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Examples;

namespace ActorMultiscale.Tests.Actors;

/// <summary>The same experiment through the serial runner and through the actors gives the same bits.</summary>
public sealed class MasterInvariantTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("actor-multiscale-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static Experiment Oscillator(CouplingScheme scheme) => new()
    {
        Name = "oscillator",
        Until = 1,
        Window = 0.02,
        Participants =
        [
            Participant.Of("left", OscillatorMass.Entry, ("side", "left")),
            Participant.Of("right", OscillatorMass.Entry, ("side", "right")),
        ],
        Conduits = [new("left.spring-force", "right.force") { Degree = 3 }, new("right.spring-force", "left.force") { Degree = 3 }],
        Scheme = scheme,
    };

    public static TheoryData<string, CouplingScheme> Schemes => new()
    {
        { "serial-explicit", CouplingScheme.Serial("left", "right") },
        { "parallel-explicit", CouplingScheme.Parallel("left", "right") },
        { "serial-implicit", CouplingScheme.Serial("left", "right").Iterated(200, new ConvergenceCriterion("left.force", ResidualMeasure.Relative, 1e-10)) },
        { "parallel-implicit", CouplingScheme.Parallel("left", "right").Iterated(200, new ConvergenceCriterion("left.force", ResidualMeasure.Relative, 1e-10)).Relaxed(0.7) },
    };

    [Theory]
    [MemberData(nameof(Schemes))]
    public async Task Actors_and_serial_runner_agree_to_the_last_bit(string name, CouplingScheme scheme)
    {
        Assert.NotEmpty(name);
        var system = Composition.Compose(Oscillator(scheme));
        var records = new List<WindowRecord>();
        var serial = new SerialRunner(system) { OnWindow = record => { records.Add(record); return true; } }.Run();
        Assert.Equal(RunOutcome.Completed, serial.Outcome);

        foreach (var threads in new[] { 1, 2, 4 })
        {
            var path = Path.Combine(_folder, $"{threads}.db");
            using var store = RunStore.Create(path, Start("test", 1).Origin, [], DateTimeOffset.UnixEpoch);
            await using (var run = ActorRun.Start(system, new RunSettings { Threads = threads }, store, Start("test", 1)))
            {
                var report = await run.Completion;

                Assert.True(report.Status == RunStatus.Completed, report.Result.Reason);
                Assert.Equal(serial.FinalHash, report.Result.FinalHash);
                Assert.Equal(serial.Metrics, report.Result.Metrics);
            }

            // Window by window: ticks, iterations, residuals, and the fingerprint of all that every port wrote.
            var recorded = store.Entries().Select(RunEventCodec.Decode).OfType<RunEvent.WindowsCommitted>().SelectMany(e => e.Windows).ToList();
            Assert.Equal(records.Count, recorded.Count);
            foreach (var (expected, found) in records.Zip(recorded))
            {
                Assert.Equal(expected.Residuals.AsEnumerable(), found.Residuals);
                Assert.Equal(expected.Fingerprints.AsEnumerable(), found.Fingerprints);
                Assert.Equal(expected with { Residuals = [], Fingerprints = [] }, found with { Residuals = [], Fingerprints = [] });
            }

            var history = store.History();
            Assert.Equal(serial.Windows, history.Windows);
            Assert.Equal("completed", store.Summary().Status);
            Assert.Equal(serial.FinalHash, store.Summary().FinalHash);
        }
    }

    [Fact]
    public async Task An_unrecorded_run_gives_the_same_bits_too()
    {
        var system = Composition.Compose(Oscillator(CouplingScheme.Serial("left", "right")));
        var serial = new SerialRunner(system).Run();

        await using var run = ActorRun.Start(system);

        Assert.Equal(serial.FinalHash, (await run.Completion).Result.FinalHash);
    }

    // The head is written in the transaction of the event itself: at no time is there a gap in which a cut would not be seen.
    [Theory]
    [InlineData("DELETE FROM journal WHERE ordering = (SELECT max(ordering) FROM journal)", "its tail is cut off")]
    [InlineData("DELETE FROM journal WHERE ordering = (SELECT min(ordering) FROM journal)", "does not follow")]
    [InlineData("UPDATE journal SET message = (SELECT message FROM journal WHERE manifest = 'ST2'), manifest = 'ST2' WHERE ordering = (SELECT max(ordering) FROM journal)", "does not follow")]
    [InlineData("UPDATE journal SET message = CAST(message || x'00' AS BLOB) WHERE ordering = (SELECT max(ordering) FROM journal)", "another hash")]
    [InlineData("UPDATE journal SET message = 'text' WHERE ordering = (SELECT max(ordering) FROM journal)", "another hash")]
    [InlineData("UPDATE run SET head_hash = 'f00' || substr(head_hash, 4)", "is not the one that was written")]
    public async Task A_record_that_was_cut_or_changed_is_refused(string damage, string complaint)
    {
        var path = Path.Combine(_folder, "damaged.db");
        using var store = RunStore.Create(path, Start("test", 1).Origin, [], DateTimeOffset.UnixEpoch);
        await using (var run = ActorRun.Start(Composition.Compose(Oscillator(CouplingScheme.Serial("left", "right"))), new RunSettings(), store, Start("test", 1)))
        {
            Assert.Equal(RunStatus.Completed, (await run.Completion).Status);
        }

        var history = store.History();
        Assert.Equal((history.Chain.Events, history.Chain.HeadHash), store.Head());
        using (var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={path};Pooling=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = damage;
            Assert.Equal(1, command.ExecuteNonQuery());
        }

        Assert.Contains(complaint, Assert.Throws<RunStoreException>(store.History).Message, StringComparison.Ordinal);
    }

    // The same models, declared light and not: carried by the coordinator itself, or by actors and solver threads.
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4096)]
    public async Task However_far_ahead_and_wherever_models_advance_the_bits_are_the_same(int runAhead)
    {
        var serial = new SerialRunner(Composition.Compose(Oscillator(CouplingScheme.Parallel("left", "right")))).Run();
        foreach (var limit in new TimeSpan?[] { null, TimeSpan.FromMinutes(10) })
        {
            var experiment = Oscillator(CouplingScheme.Parallel("left", "right")) with { RunAhead = runAhead };
            experiment = experiment with { Participants = [experiment.Participants[0] with { TimeLimit = limit }, experiment.Participants[1]] };
            using var store = RunStore.Create(Path.Combine(_folder, $"{runAhead} {limit is null}.db"), Start("test", 1).Origin, [], DateTimeOffset.UnixEpoch);
            await using var run = ActorRun.Start(Composition.Compose(experiment), new RunSettings(), store, Start("test", 1));
            var report = await run.Completion.WaitAsync(TimeSpan.FromMinutes(1));

            Assert.Equal((RunStatus.Completed, serial.FinalHash), (report.Status, report.Result.FinalHash));
            Assert.Equal(serial.Windows, store.History().Windows);
        }
    }

    public static RunStart Start(string run, double until) => new(run,
        new RunOrigin { Run = run, Experiment = "oscillator", Program = "test" }, new MachineStamp("test", "test", "test"), until);
}

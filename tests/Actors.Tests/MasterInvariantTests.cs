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

    public static RunStart Start(string run, double until) => new(run,
        new RunOrigin { Run = run, Experiment = "oscillator", Program = "test" }, new MachineStamp("test", "test", "test"), until, 0);
}

using System.Collections.Concurrent;
using System.Collections.Immutable;
using ActorMultiscale.Actors;
using ActorMultiscale.Actors.Cluster;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Actors.Observation;
using ActorMultiscale.Actors.Protocol;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Distribution;
using ActorMultiscale.Physics.Coupling.Recording;
using ActorMultiscale.Physics.Examples;
using ActorMultiscale.Physics.Homogenization;
using Akka.Actor;

namespace ActorMultiscale.Tests.Actors.Cluster;

/// <summary>A coordinator and sites as actors of one process: the shells around the script. The bits are those of the serial runner.</summary>
public sealed class SpreadRunTests
{
    private static readonly ConvergenceCriterion _tight = new("left.force", ResidualMeasure.Relative, 1e-10);

    private static CoupledSystem Oscillator(CouplingScheme scheme) => Composition.Compose(new Experiment
    {
        Name = "oscillator",
        Until = 1,
        Window = 0.02,
        SnapshotEvery = 7,
        Participants =
        [
            Participant.Of("left", OscillatorMass.Entry, ("side", "left")),
            Participant.Of("right", OscillatorMass.Entry, ("side", "right")),
        ],
        Conduits = [new("left.spring-force", "right.force") { Degree = 3 }, new("right.spring-force", "left.force") { Degree = 3 }],
        Scheme = scheme,
    });

    [Theory]
    [InlineData(1, 0, 0)]
    [InlineData(2, 0, 1)]
    [InlineData(2, 1, 0)]
    [InlineData(3, 2, 1)]
    public async Task Sites_and_serial_runner_agree_to_the_last_bit(int sites, int left, int right)
    {
        foreach (var scheme in new[]
        {
            CouplingScheme.Serial("left", "right"),
            CouplingScheme.Parallel("left", "right"),
            CouplingScheme.Serial("left", "right").Iterated(200, _tight),
            CouplingScheme.Parallel("left", "right").Iterated(200, _tight).Relaxed(0.7),
        })
        {
            var system = Oscillator(scheme);
            var serial = new SerialRunner(system).Run();
            Assert.Equal(RunOutcome.Completed, serial.Outcome);

            var ended = await SpreadRun.Of(system, new FieldPlacement(system, [left, right], sites)).WaitAsync(TimeSpan.FromMinutes(1));

            Assert.True(ended.Outcome == RunOutcome.Completed, ended.Reason);
            Assert.Equal((serial.FinalHash, serial.Windows), (ended.FinalHash, ended.Windows));
            Assert.Equal(serial.Metrics, ended.Metrics);
        }
    }

    [Fact]
    public async Task Members_of_an_ensemble_give_the_same_bits_in_the_serial_runner_in_one_process_and_on_sites()
    {
        // Some of the volume elements have four times the cells of the others; some yield.
        var system = Composition.Compose(new Experiment
        {
            Name = "plate",
            Until = 2,
            Window = 1,
            SnapshotEvery = 1,
            Participants =
            [
                Participant.Of("plate", TwoScalePlateModel.Entry, ("radial", 1L), ("around", 2L), ("speed", 0.006)),
                Participant.Of("rve", VolumeElementModel.Entry, ("cells", 3L), ("most-periods", 2L)) with { Count = 8 },
            ],
            Conduits =
            [
                new("plate.strain[*]", "rve[*].strain"), new("rve[*].stress", "plate.stress[*]"),
                new("rve[*].tangent", "plate.tangent[*]"), new("rve[*].answered-strain", "plate.answered-strain[*]"),
            ],
            Scheme = CouplingScheme.Serial("plate", "rve").Iterated(30, new ConvergenceCriterion("plate.stress[*]", ResidualMeasure.Relative, 1e-8)),
        });
        var serial = new SerialRunner(system).Run();
        Assert.True(serial.Outcome == RunOutcome.Completed, serial.Reason);

        await using (var run = ActorRun.Start(system, new RunSettings { Threads = 2 }))
        {
            var report = await run.Completion.WaitAsync(TimeSpan.FromMinutes(1));
            Assert.Equal((serial.FinalHash, serial.Windows), (report.Result.FinalHash, report.Result.Windows));
        }

        foreach (var plate in new[] { 0, 2 })
        {
            ImmutableArray<int> at = [.. system.Participants.Select(p => p.Name == "plate" ? plate : p.Index % 3)];
            var ended = await SpreadRun.Of(system, new FieldPlacement(system, at, 3)).WaitAsync(TimeSpan.FromMinutes(1));
            Assert.True(ended.Outcome == RunOutcome.Completed, ended.Reason);
            Assert.Equal((serial.FinalHash, serial.Windows), (ended.FinalHash, ended.Windows));
            Assert.Equal(serial.Metrics, ended.Metrics);
        }
    }

    [Theory]
    [InlineData(1, 0, 0)]
    [InlineData(2, 0, 1)]
    [InlineData(3, 2, 1)]
    public async Task What_sites_record_is_in_the_journal_before_the_snapshot_behind_it_and_suffices_to_compute_each_participant_alone(int sites, int left, int right)
    {
        var system = Oscillator(CouplingScheme.Parallel("left", "right").Iterated(200, _tight));
        var record = new List<object>();

        var ended = await SpreadRun.Of(system, new FieldPlacement(system, [left, right], sites), [], record).WaitAsync(TimeSpan.FromMinutes(1));

        Assert.True(ended.Outcome == RunOutcome.Completed, ended.Reason);
        var windows = new List<RecordedWindow>();
        foreach (var what in record)
        {
            switch (what)
            {
                case JournalOrder.Fields { Block: var block }:
                    windows.AddRange(FieldBlockReader.Read(system, block.Bytes));
                    break;
                case JournalOrder.Keep { Snapshot: var snapshot }:
                    Assert.InRange(windows[^1].Index, snapshot.Window - 1, 49);
                    break;
            }
        }

        Assert.Equal(Enumerable.Range(-1, 51).Select(i => (long)i), windows.Select(w => w.Index));

        // One may overtake another that is under way; the last is kept.
        Assert.Equal(50, record.OfType<JournalOrder.Keep>().Last().Snapshot.Window);
        foreach (var node in system.Participants)
        {
            using var replay = new ParticipantReplay(system, node.Index);
            Assert.All(windows, window => Assert.Null(replay.Advance(window)));
        }
    }
}

/// <summary>A run over sites in one actor system, whose lines are mailboxes.</summary>
internal static class SpreadRun
{
    public static Task<RunEvent.RunEnded> Of(CoupledSystem system, FieldPlacement placement, params ImmutableArray<TeamSites> teams) => Of(system, placement, teams, null);

    // The list takes what a journal would be told; without it the run leaves no record.
    public static async Task<RunEvent.RunEnded> Of(CoupledSystem system, FieldPlacement placement, ImmutableArray<TeamSites> teams, List<object>? record, RunSnapshot? from = null, MemoryRows? rows = null)
    {
        rows ??= new MemoryRows();
        using var actors = ActorSystem.Create("sites", ActorSettings.For(2, null));
        var ended = new TaskCompletionSource<RunEvent.RunEnded>(TaskCreationOptions.RunContinuationsAsynchronously);
        var lines = new Lines(placement.Sites);
        var settings = new RunSettings();
        var journal = actors.ActorOf(Props.Create(() => new Listener(ended, record ?? new List<object>(), rows)), "journal");
        var states = new List<SiteStates>();
        for (var i = 0; i < placement.Sites; i++)
        {
            var site = i;
            var own = new SiteStates(rows, TimeSpan.Zero, settings.Clock, lines.ToCoordinator);
            states.Add(own);
            var fields = from?.Fields;
            lines.Sites[i] = actors.ActorOf(Props.Create(() => new SiteActor(system, placement, teams, site, fields, settings, lines, own)), $"site-{i}");
        }

        var protocol = new CoordinatorProtocol(system, new RunHistory(), from, isRecorded: record is not null, recordsFields: record is not null, placement: placement);
        var trace = new WindowTrace();
        var telemetry = new RunTelemetry(system, system.Experiment.Name, settings.Clock, trace);
        lines.Coordinator = actors.ActorOf(Props.Create(() => new CoordinatorActor(system, protocol, journal, _ => new RemoteCrew(system, placement, lines, trace), null, telemetry, WorkAccount.None)), "coordinator");
        try
        {
            return await ended.Task;
        }
        finally
        {
            await actors.Terminate();
            states.ForEach(own => own.Dispose());
        }
    }

    private sealed class Listener : ReceiveActor
    {
        public Listener(TaskCompletionSource<RunEvent.RunEnded> ended, List<object> record, MemoryRows rows)
        {
            Receive<JournalOrder.End>(end => ended.TrySetResult(end.Hash is null ? end.What : end.What with { FinalHash = end.Hash(part => [rows.Read(part.Hash)]) }));
            Receive<JournalOrder.Commit>(commit => Sender.Tell(new JournalAnswer.Announced(commit.Records[^1].Index + 1)));
            Receive<JournalOrder.Fields>(fields =>
            {
                record.Add(fields);
                Sender.Tell(new JournalAnswer.FieldsRecorded(fields.Block.Bytes.Length));
            });
            Receive<JournalOrder.Keep>(record.Add);
            ReceiveAny(static _ => { });
        }
    }

    private sealed class Lines(int sites) : ISiteLines, ICoordinatorLines
    {
        private readonly TaskCompletionSource<IActorRef> _coordinator = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public IActorRef[] Sites { get; } = new IActorRef[sites];

        public IActorRef Coordinator { set => _coordinator.SetResult(value); }

        public void ToSite(int site, SiteOrder order) => Sites[site].Tell(Copy(order));

        public void ToCoordinator(object answer) => _coordinator.Task.Result.Tell(Copy(answer));

        public void ToSite(int site, object parcel) => Sites[site].Tell(Copy(parcel));

        // As it would arrive over a network.
        private static object Copy(object message) => SiteCodec.Decode(SiteCodec.Encode(message).Span);

        public void Dispose() { }
    }
}

/// <summary>Chunks in memory, which all sites of a test reach.</summary>
internal sealed class MemoryRows : IStateRows
{
    private readonly ConcurrentDictionary<string, byte[]> _rows = new(StringComparer.Ordinal);

    /// <summary>Called before rows are written.</summary>
    public Action Writes { get; init; } = static () => { };

    public byte[] Read(string hash)
    {
        using var content = new MemoryStream();
        foreach (var part in ChunkCodec.Parts(_rows[hash], hash, piece => _rows[piece]))
        {
            content.Write(part.Content);
        }

        return content.ToArray();
    }

    public void Write(ImmutableArray<(string Hash, byte[] Bytes)> rows)
    {
        Writes();
        foreach (var (hash, bytes) in rows)
        {
            _rows[hash] = bytes;
        }
    }

    public void Answered(SiteOrder.RowsWritten answer) => throw new InvalidOperationException("Nobody was asked.");

    public void End() { }

    public void Dispose() { }
}

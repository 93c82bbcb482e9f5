using System.Collections.Concurrent;
using System.Collections.Immutable;
using ActorMultiscale.Actors;
using ActorMultiscale.Actors.Cluster;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Actors.Protocol;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Distribution;
using ActorMultiscale.Physics.Particles.Domains;
using Akka.Actor;

namespace ActorMultiscale.Tests.Actors.Cluster;

/// <summary>The states of a team's members go to the store one by one, and back to whoever has the members then.</summary>
public sealed class TeamSnapshotTests : IDisposable
{
    private static readonly MachineStamp _machine = new("os", "rt", "v");
    private readonly string _folder = Directory.CreateTempSubdirectory("actor-multiscale-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string File => Path.Combine(_folder, "run.sqlite");

    private static CoupledSystem Melt(double until, int snapshotEvery = 1) => Composition.Compose(new Experiment
    {
        Name = "melt",
        Until = until,
        Window = 0.05,
        SnapshotEvery = snapshotEvery,
        Participants =
        [
            Participant.Of("atoms", MolecularDomains.ReducedEntry(static (_, _) => throw new InvalidOperationException("No file is read.")),
                ("cells", ImmutableArray.Create(8.0, 8.0, 4.0)), ("lattice-constant", 1.68), ("temperature", 1.44), ("cutoff", 1.5), ("domains", ImmutableArray.Create(2.0, 2.0, 1.0)), ("atom-ports", false)),
        ],
        Conduits = [],
        Scheme = CouplingScheme.Parallel("atoms"),
    });

    // The sites of the members; none for a run in one process.
    public static TheoryData<int[], int[]> Moves => new()
    {
        { [], [0, 1, 0, 1] },
        { [0, 1, 1, 0], [2, 2, 0, 1] },
        { [1, 0, 2, 3], [] },
        { [0, 1, 2, 3], [0, 0, 0, 0] },
    };

    [Theory]
    [MemberData(nameof(Moves))]
    public async Task A_region_goes_on_wherever_its_domains_are_and_no_message_is_as_long_as_the_state_of_two(int[] before, int[] after)
    {
        var undisturbed = new SerialRunner(Melt(0.3)).Run();
        Assert.True(undisturbed.Outcome == RunOutcome.Completed, undisturbed.Reason);
        var origin = new RunOrigin { Run = "run", Experiment = "melt", Program = "test" };
        using (var store = RunStore.Create(File, origin, [], DateTimeOffset.UnixEpoch))
        {
            await Complete(store, 0.15, before);
        }

        using (var store = RunStore.Open(File))
        {
            store.Acquire();
            var end = await Complete(store, 0.3, after);

            Assert.Equal((undisturbed.FinalHash, undisturbed.Windows), (end.FinalHash, end.Windows));
            var history = store.History();
            Assert.Equal(2, history.Epoch);
            Assert.All(history.Snapshots, snapshot => Assert.Equal(4, snapshot.States.Length));
            Assert.All(history.Snapshots, snapshot => Assert.Equal(4, Assert.Single(snapshot.Members)));
            Assert.Equal(history.Windows, history.Snapshots[^1].Window);
        }
    }

    private static async Task<RunResult> Complete(RunStore store, double until, int[] members)
    {
        var system = Melt(until);
        var start = new RunStart("run", store.Origin(), _machine, until);
        var sites = members.Length == 0 ? null : new LocalSites(store.Database.Name, members);
        await using var run = sites is null ? ActorRun.Start(system, new RunSettings(), store, start) : ActorRun.Start(system, new RunSettings(), store, start, static _ => { }, sites);
        var report = await run.Completion.WaitAsync(TimeSpan.FromMinutes(1));

        Assert.True(report.Status == RunStatus.Completed, report.Result.Reason);
        if (sites is not null && members.Distinct().Count() > 1)
        {
            List<long> states = [.. store.History().Snapshots[^1].States.Select(hash => (long)store.ReadChunk(hash).Length)];
            Assert.All(states, length => Assert.InRange(length, 20_000, 200_000));
            Assert.InRange(sites.Longest, states.Min() / 4, states.Max() + 200);
        }

        return report.Result;
    }

    [Fact]
    public async Task A_record_in_which_the_state_of_a_team_is_one_archive_is_gone_on_with()
    {
        var system = Melt(0.2);
        RunSnapshot? first = null;
        var undisturbed = new SerialRunner(system) { OnSnapshot = snapshot => first ??= snapshot }.Run();
        var rows = new MemoryRows();
        var whole = first!.States[0].Whole();
        rows.Write([.. ChunkCodec.Rows(whole)]);
        var from = first with { States = [new ParticipantState([new StatePart.Stored(RunEventCodec.Hash(whole), whole.Length)])] };

        var ended = await SpreadRun.Of(system, new FieldPlacement(system, [1], 2), [new TeamSites(0, [1, 0, 0, 1])], null, from, rows).WaitAsync(TimeSpan.FromMinutes(1));

        Assert.True(ended.Outcome == RunOutcome.Completed, ended.Reason);
        Assert.Equal(undisturbed.FinalHash, ended.FinalHash);
        Assert.Equal(undisturbed.FinalHash, new SerialRunner(system).Run(first with { States = [whole] }).FinalHash);
    }

    [Fact]
    public async Task Where_the_store_is_slow_each_snapshot_that_is_begun_comes_to_an_end_and_the_last_one_is_at_the_end_of_the_run()
    {
        var system = Melt(0.6);
        var undisturbed = new SerialRunner(system).Run();
        var record = new List<object>();

        var ended = await SpreadRun.Of(system, new FieldPlacement(system, [0], 2), [new TeamSites(0, [0, 1, 0, 1])], record, null, new MemoryRows { Writes = () => Thread.Sleep(100) }).WaitAsync(TimeSpan.FromMinutes(1));

        Assert.True(ended.Outcome == RunOutcome.Completed, ended.Reason);
        Assert.Equal(undisturbed.FinalHash, ended.FinalHash);
        List<RunSnapshot> kept = [.. record.OfType<JournalOrder.Keep>().Select(keep => keep.Snapshot)];
        Assert.InRange(kept.Count, 1, 11);
        Assert.Equal(12, kept[^1].Window);
        Assert.All(kept, snapshot => Assert.Equal(4, snapshot.States.Single().Parts.OfType<StatePart.Stored>().Count()));
    }
}

/// <summary>Sites in this process, whose messages to the coordinator are measured as they would travel. The store is a file of which the coordinator is the only writer.</summary>
internal sealed class LocalSites(string file, int[] members) : ISites, ICoordinatorLines
{
    private readonly ActorSystem _actors = ActorSystem.Create("sites", ActorSettings.For(2, null));
    private readonly List<SiteStates> _states = [];
    private readonly ConcurrentQueue<long> _lengths = new();
    private IActorRef[] _sites = [];

    /// <summary>The length of the longest message that came to the coordinator, bytes.</summary>
    public long Longest => _lengths.Max();

    public Task<OpenedSites> OpenAsync(CoupledSystem system, int epoch, byte[] fields, Action<object> take, Action<string> lost)
    {
        var placement = new FieldPlacement(system, [members[0]], members.Max() + 1);
        ImmutableArray<TeamSites> teams = placement.Sites == 1 ? [] : [new TeamSites(0, [.. members])];
        var settings = new RunSettings();
        var lines = new Lines(this, system, placement.Sites, take);
        _sites = new IActorRef[placement.Sites];
        for (var i = 0; i < placement.Sites; i++)
        {
            var site = i;
            var states = new SiteStates(new SiteRows(() => RunStore.Open(file), i, lines.ToCoordinator), TimeSpan.Zero, settings.Clock, lines.ToCoordinator, atOnce: 1);
            _states.Add(states);
            _sites[i] = _actors.ActorOf(Props.Create(() => new SiteActor(system, placement, teams, site, fields, settings, lines, states)), $"site-{i}");
        }

        return Task.FromResult(new OpenedSites(placement, this));
    }

    public void ToSite(int site, SiteOrder order) => _sites[site].Tell(SiteCodec.Decode(SiteCodec.Encode(order).Span));

    public void Dispose()
    {
        _actors.Dispose();
        _states.ForEach(states => states.Dispose());
    }

    private sealed class Lines(LocalSites sites, CoupledSystem system, int count, Action<object> take) : ISiteLines
    {
        public void ToCoordinator(object answer)
        {
            var bytes = SiteCodec.Encode(answer);
            sites._lengths.Enqueue(bytes.Length);
            take(SiteGate.Pass(system, count, SiteCodec.Decode(bytes.Span)));
        }

        public void ToSite(int site, object parcel) => sites._sites[site].Tell(SiteCodec.Decode(SiteCodec.Encode(parcel).Span));
    }
}

using System.Collections.Immutable;
using ActorMultiscale.Actors.Journal;
using Akka.Actor;
using Akka.Cluster;
using Akka.Event;
using AkkaCluster = Akka.Cluster.Cluster;

namespace ActorMultiscale.Actors.Cluster;

/// <summary>
/// Keeps one run going: opens its record, asks who is there, places its participants, and begins an incarnation; when that loses a site,
/// it begins the next one from the last snapshot. It ends when the run does.
/// </summary>
internal sealed class KeptRun : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan _betweenTries = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _answerWithin = TimeSpan.FromSeconds(1.5);

    // Longer than a site that hears nothing goes on: see WireOptions.Silence.
    private static readonly TimeSpan _restOfSites = TimeSpan.FromSeconds(5);

    private readonly string _name;
    private readonly ClusterNode _node;
    private readonly IRunSource _source;
    private readonly IActorRef _keeper;
    private readonly AkkaCluster _cluster = AkkaCluster.Get(Context.System);
    private bool _isNew;
    private RunStore? _store;
    private SourcedRun? _sourced;
    private ClusterSites? _sites;
    private ActorRun? _run;
    private RunStanding _standing;
    private Wish _wish;

    /// <summary>What is to become of the run when its incarnation ends at a boundary.</summary>
    private enum Wish
    {
        GoOn,
        Move,
        HandOver,
        Stop,
    }

    /// <summary>Keeps a run, which the cluster was just told to keep, or took over.</summary>
    public KeptRun(string run, ClusterNode node, IRunSource source, IActorRef keeper, bool isNew)
    {
        (_name, _node, _source, _keeper, _isNew) = (run, node, source, keeper, isNew);
        _standing = new RunStanding(run, RunState.Waiting, "", 0, 0, 0, 0, 0, 0);
        Receive<TryAgain>(_ => Open());
        Receive<Opened>(OnOpened);
        Receive<NotOpened>(OnNotOpened);
        Receive<Offers>(OnOffers);
        Receive<RunProgress>(progress => Stand(_standing with
        {
            State = RunState.Running,
            Note = "",
            Time = progress.Time,
            Accepted = progress.Accepted,
            Durable = progress.Durable,
            Iterations = progress.Iterations,
            Nodes = _sites?.Nodes ?? [],
        }));
        Receive<Ended>(OnEnded);
        Receive<StopKeeping>(_ => End(Wish.Stop));
        Receive<HandOver>(_ => End(Wish.HandOver));
        Receive<NodeLeaves>(leaves =>
        {
            if (_sites?.Nodes.Contains(leaves.Node) == true)
            {
                End(Wish.Move);
            }
        });
        Receive<NodeComes>(static _ => { });
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>A node leaves: what is on it moves at the next boundary.</summary>
    public sealed record NodeLeaves(NodeAddress Node);

    /// <summary>A node has come.</summary>
    public sealed record NodeComes;

    /// <summary>The run is to end at the next boundary, and to be kept by another.</summary>
    public sealed record HandOver;

    /// <inheritdoc/>
    protected override void PreStart() => Open();

    /// <inheritdoc/>
    protected override void PostStop()
    {
        var (run, store) = (_run, _store);
        _ = run is null ? Task.Run(() => store?.Dispose()) : run.DisposeAsync().AsTask().ContinueWith(_ => store?.Dispose(), TaskScheduler.Default);
        base.PostStop();
    }

    private void Stand(RunStanding standing)
    {
        _standing = standing;
        _keeper.Tell(standing);
    }

    private void Wait(string note)
    {
        if (_wish is Wish.Stop or Wish.HandOver)
        {
            Finish(RunStatus.Stopped, note, isKept: _wish == Wish.HandOver);
            return;
        }

        Stand(_standing with { State = RunState.Waiting, Note = note });
        Timers.StartSingleTimer("again", new TryAgain(), _betweenTries);
    }

    // Reads the record, which blocks.
    private void Open()
    {
        var (name, source, isNew, held) = (_name, _source, _isNew, _store);
        Blocking(() =>
        {
            var store = held ?? source.Open(name);
            try
            {
                // One that the cluster keeps is taken from whoever had it: a keeper that is no more.
                store.Acquire(takesOver: !isNew);
                store.Keep();
                return new Opened(store, source.Compose(store));
            }
            catch (RunStoreException fault) when (fault.Passes)
            {
                return new NotOpened(store, fault.Message, IsFinal: false);
            }
            catch (RunStoreException fault)
            {
                return new NotOpened(store, fault.Message, IsFinal: isNew);
            }
        });
    }

    private void Blocking(Func<object> work) => Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)
        .PipeTo(Self, failure: fault => new NotOpened(null, fault.GetBaseException().Message, IsFinal: fault.GetBaseException() is not RunStoreException { Passes: true }));

    private void OnNotOpened(NotOpened fault)
    {
        _store = fault.Store ?? _store;
        if (fault.IsFinal)
        {
            Finish(RunStatus.StoreUnavailable, fault.Reason, isKept: false);
            return;
        }

        Wait(fault.Reason);
    }

    private void OnOpened(Opened opened)
    {
        (_store, _sourced, _isNew) = (opened.Store, opened.Run, false);
        AskAround();
    }

    // Who answers is there; what gossip says of a node that was just killed is late.
    private void AskAround()
    {
        var (actors, isSecure) = (Context.System, _node.Settings.Certificates is not null);
        var members = _cluster.State.Members.Where(m => m.Status == MemberStatus.Up && !_cluster.State.Unreachable.Contains(m)).Select(m => NodeAddress.Of(m.Address))
            .OrderBy(a => a.Host, StringComparer.Ordinal).ThenBy(a => a.Port).ToList();
        Stand(_standing with { State = RunState.Waiting, Until = _sourced!.Start.Until });
        Task.WhenAll(members.Select(async address =>
        {
            try
            {
                return await actors.ActorSelection(NodeAgent.PathAt(address.ToAkka(isSecure))).Ask<IControlMessage>(new StatusQuestion(), _answerWithin).ConfigureAwait(false) is NodeStatus status
                    ? new NodeOffer(address, status.Roles, status.Cores)
                    : null;
            }
            catch (AskTimeoutException)
            {
                return null;
            }
        })).PipeTo(Self, success: offers => new Offers([.. offers.OfType<NodeOffer>()]), failure: fault => new NotOpened(null, fault.GetBaseException().Message, IsFinal: false));
    }

    private void OnOffers(Offers offers)
    {
        if (_wish is Wish.Stop or Wish.HandOver)
        {
            Finish(RunStatus.Stopped, "it was stopped before it began", isKept: _wish == Wish.HandOver);
            return;
        }

        _wish = Wish.GoOn;
        var (self, sourced) = (Self, _sourced!);
        (ImmutableArray<NodeAddress>, ImmutableArray<int>, ImmutableArray<TeamSites>) Place(Physics.Coupling.CoupledSystem system) => NodePlacement.Choose(system, offers.Nodes, new double[system.Participants.Length]);
        try
        {
            _ = Place(sourced.System);
        }
        catch (InvalidOperationException fault)
        {
            Wait(fault.Message);
            return;
        }

        _sites = new ClusterSites(Context.System, _node.Settings, _name, Place);
        Stand(_standing with { State = RunState.Opening, Note = "" });
        _run = ActorRun.Start(sourced.System, new RunSettings { Threads = 1 }, _store!, sourced.Start, progress => self.Tell(progress), _sites);
        _run.Completion.PipeTo(Self, success: report => new Ended(report));
    }

    private void End(Wish wish)
    {
        if (wish > _wish)
        {
            _wish = wish;
            _run?.RequestStop();
            if (_run is null && Timers.IsTimerActive("again"))
            {
                Timers.Cancel("again");
                Open();
            }
        }
    }

    private void OnEnded(Ended ended)
    {
        var (run, report) = (_run!, ended.Report);
        _run = null;
        _ = run.DisposeAsync().AsTask();
        switch (report.Status)
        {
            case RunStatus.SitesLost when _wish is not (Wish.Stop or Wish.HandOver):
                Context.GetLogger().Warning("run '{0}' goes back to its last snapshot: {1}", _name, report.Result.Reason);
                Stand(_standing with { State = RunState.Waiting, Note = report.Result.Reason });
                Timers.StartSingleTimer("again", new TryAgain(), _restOfSites);
                break;
            case RunStatus.Stopped when _wish == Wish.Move:
                Open();
                break;
            case RunStatus.StoreUnavailable when _wish is not (Wish.Stop or Wish.HandOver):
                Wait(report.Result.Reason);
                break;
            default:
                Finish(report.Status, report.Result.Reason, isKept: _wish == Wish.HandOver && report.Status is RunStatus.Stopped or RunStatus.SitesLost);
                break;
        }
    }

    private void Finish(RunStatus status, string reason, bool isKept)
    {
        Stand(_standing with { State = isKept ? RunState.Waiting : RunState.Over, Note = reason, Status = status });
        if (!isKept && _store is { } store)
        {
            try
            {
                store.Unkeep();
            }
            catch (RunStoreException fault)
            {
                Context.GetLogger().Warning("run '{0}' is over, and the store does not know it yet: {1}", _name, fault.Message);
            }
        }

        Context.Stop(Self);
    }

    private sealed record TryAgain;

    private sealed record Opened(RunStore Store, SourcedRun Run);

    private sealed record NotOpened(RunStore? Store, string Reason, bool IsFinal);

    private sealed record Offers(ImmutableArray<NodeOffer> Nodes);

    private sealed record Ended(RunReport Report);
}

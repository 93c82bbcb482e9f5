using System.Collections.Immutable;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Actors.Observation;
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

    // A node that has come knows the others by then, and they it.
    private static readonly TimeSpan _untilNodesAreKnown = TimeSpan.FromSeconds(3);

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
    private ObservationStore? _observations;
    private ChosenNodes? _chosen;                            // Where the run is.
    private ImmutableArray<double> _costs = [];              // As they were measured, of this incarnation or one before.
    private bool _mayMove;                                   // It is where it is for long enough.
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
        Receive<RunProgress>(progress =>
        {
            _costs = progress.Costs.IsEmpty ? _costs : progress.Costs;
            Stand(_standing with
            {
                State = RunState.Running,
                Note = "",
                Time = progress.Time,
                Accepted = progress.Accepted,
                Durable = progress.Durable,
                Iterations = progress.Iterations,
                Nodes = _sites?.Nodes ?? [],
            });
        });
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
        Receive<NodeComes>(_ =>
        {
            if (_mayMove)
            {
                Timers.StartSingleTimer("look", new LookAround(), _untilNodesAreKnown);
            }
        });
        Receive<LookAround>(_ =>
        {
            _mayMove = true;
            Timers.StartSingleTimer("look", new LookAround(), Rebalancing.Every);
            if (_run is not null && _wish == Wish.GoOn)
            {
                AskAround(onlyLooks: true);
            }
        });
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
        _ = ReleaseAsync(_run, _observations, _store);
        base.PostStop();
    }

    private static async Task ReleaseAsync(ActorRun? run, ObservationStore? observations, RunStore? store)
    {
        if (run is not null)
        {
            await run.DisposeAsync().ConfigureAwait(false);
        }

        _ = observations is null ? null : await CloseAsync(observations).ConfigureAwait(false);
        await Task.Run(() => store?.Dispose()).ConfigureAwait(false);
    }

    // What was observed belongs to one incarnation: the next one writes when this has. What is lost is told, and is no failure of the run.
    private static async Task<string?> CloseAsync(ObservationStore observations)
    {
        try
        {
            await observations.DisposeAsync().ConfigureAwait(false);
            return observations.Lost > 0 ? $"{observations.Lost} observations came faster than they could be written" : null;
        }
        catch (Exception fault)
        {
            return fault.Message;
        }
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
        Stand(_standing with { State = RunState.Waiting, Until = _sourced.Start.Until });
        AskAround(onlyLooks: false);
    }

    // Who answers is there; what gossip says of a node that was just killed is late.
    private void AskAround(bool onlyLooks)
    {
        var (actors, isSecure) = (Context.System, _node.Settings.Certificates is not null);
        var members = _cluster.State.Members.Where(m => m.Status == MemberStatus.Up && !_cluster.State.Unreachable.Contains(m)).Select(m => NodeAddress.Of(m.Address))
            .OrderBy(a => a.Host, StringComparer.Ordinal).ThenBy(a => a.Port).ToList();
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
        })).PipeTo(Self, success: offers => new Offers([.. offers.OfType<NodeOffer>()], onlyLooks),
            failure: fault => onlyLooks ? new Offers([], true) : new NotOpened(null, fault.GetBaseException().Message, IsFinal: false));
    }

    private void OnOffers(Offers offers)
    {
        if (offers.OnlyLooks)
        {
            Consider(offers.Nodes);
            return;
        }

        if (_wish is Wish.Stop or Wish.HandOver)
        {
            Finish(RunStatus.Stopped, "it was stopped before it began", isKept: _wish == Wish.HandOver);
            return;
        }

        _wish = Wish.GoOn;
        var (self, sourced) = (Self, _sourced!);
        ChosenNodes chosen;
        try
        {
            chosen = NodePlacement.Choose(sourced.System, offers.Nodes, _costs.IsEmpty ? new double[sourced.System.Participants.Length] : _costs);
        }
        catch (InvalidOperationException fault)
        {
            Wait(fault.Message);
            return;
        }

        _chosen = chosen;
        _sites = new ClusterSites(Context.System, _node.Settings, _name, _ => chosen);
        Stand(_standing with { State = RunState.Opening, Note = "" });
        _observations = Observe(_store!);
        _run = ActorRun.Start(sourced.System, new RunSettings { Threads = 1, Observations = _observations }, _store!, sourced.Start, progress => self.Tell(progress), _sites);
        EndAsync(_run, _observations).PipeTo(Self);
        _mayMove = false;
        Timers.StartSingleTimer("look", new LookAround(), Rebalancing.Every);
    }

    private static ObservationStore Observe(RunStore store) => new(store);

    private static async Task<Ended> EndAsync(ActorRun run, ObservationStore observations)
    {
        var report = await run.Completion.ConfigureAwait(false);
        return new Ended(report, await CloseAsync(observations).ConfigureAwait(false));
    }

    // At a root boundary, and only for what it is worth.
    private void Consider(ImmutableArray<NodeOffer> offers)
    {
        var system = _sourced!.System;
        if (_run is not null && _wish == Wish.GoOn && Rebalancing.IsWorthwhile(system, offers, _chosen!, _costs, (_standing.Until - _standing.Time) / system.Experiment.Window))
        {
            Context.GetLogger().Info("run '{0}' moves: other nodes would be done sooner", _name);
            End(Wish.Move);
        }
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
        (_run, _observations) = (null, null);
        _ = run.DisposeAsync().AsTask();
        if (ended.Lost is { } lost)
        {
            Context.GetLogger().Warning("what was observed of run '{0}' is not complete: {1}", _name, lost);
        }

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

    private sealed record Offers(ImmutableArray<NodeOffer> Nodes, bool OnlyLooks);

    private sealed record Ended(RunReport Report, string? Lost);

    private sealed record LookAround;
}

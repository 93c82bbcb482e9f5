using System.Collections.Immutable;
using System.Globalization;
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

    // Longer than a site that hears nothing goes on: see WireOptions.Silence. Of sites that are known to have ended nothing is waited for.
    private static readonly TimeSpan _restOfSites = TimeSpan.FromSeconds(5);

    // A node that is about to leave is given nothing to do; it may have been started again by then.
    private static readonly TimeSpan _leavesWithin = TimeSpan.FromSeconds(10);

    // A node that did not open its site, for it does not reach the store, say, is asked again after that, the second time after twice as long; before only where the others do not do.
    private static readonly TimeSpan _shunnedFor = TimeSpan.FromSeconds(60);
    private const int MostDoublings = 6;

    // Incarnations that come no further than the one before follow each other ever more slowly, up to that.
    private static readonly TimeSpan _longestRest = TimeSpan.FromSeconds(30);

    // While nodes are lacking, the store is looked into every so many tries: whether the run is still to be kept.
    private const int TriesWithoutStore = 30;

    private readonly string _name;
    private readonly ClusterNode _node;
    private readonly IRunSource _source;
    private readonly IActorRef _keeper;
    private readonly AkkaCluster _cluster = AkkaCluster.Get(Context.System);
    private readonly Dictionary<NodeAddress, long> _leaving = [];
    private readonly Dictionary<NodeAddress, (long Since, int Times)> _shunned = [];       // Who did not open a site, when last, and how often.
    private ImmutableArray<NodeOffer> _offers = [];
    private bool _isNew;
    private RunStore? _store;
    private SourcedRun? _sourced;
    private ClusterSites? _sites;
    private ActorRun? _run;
    private ObservationStore? _observations;
    private ChosenNodes? _chosen;                            // Where the run is.
    private ImmutableArray<double> _costs = [];              // As they were measured, of this incarnation or one before.
    private bool _lacksNodes;                                // When it was to be placed last;
    private int _tries;                                      // and how often that was.
    private long _reached;                                   // Windows that were durable when the last incarnation was lost,
    private int _vain;                                       // and how many were lost since without more.
    private bool _mayMove;                                   // It is where it is for long enough.
    private RunStanding _standing;
    private Wish _wish;
    private (RunStatus Status, string Reason)? _over;        // What is told of its end, once the store knows that nobody goes on with it.
    private bool _isLettingGo;

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
        Receive<TryAgain>(_ => AskAround());
        Receive<LetGoAgain>(_ => LetGo());
        Receive<LetGone>(OnLetGone);
        Receive<Opened>(OnOpened);
        Receive<NotOpened>(OnNotOpened);
        Receive<Offers>(OnOffers);
        Receive<IsComplete>(complete =>
        {
            _store = complete.Store;
            Stand(_standing with { Accepted = complete.Windows, Durable = complete.Windows });
            Finish(RunStatus.Completed, "", isKept: false);
        });
        Receive<Progressed>(what =>
        {
            // One of an incarnation that has ended may come late.
            if (_run is null || what.Sites != _sites)
            {
                return;
            }

            var progress = what.Progress;
            _vain = progress.Durable > _reached ? 0 : _vain;
            _costs = progress.Costs.IsEmpty ? _costs : progress.Costs;
            Stand(_standing with
            {
                State = RunState.Running,
                Note = "",
                Epoch = what.Sites.Epoch,
                Time = progress.Time,
                Accepted = progress.Accepted,
                Durable = progress.Durable,
                Iterations = progress.Iterations,
                Nodes = what.Sites.Nodes,
            });
        });
        Receive<Ended>(OnEnded);
        Receive<SitesEnded>(OnSitesEnded);
        Receive<StopKeeping>(_ => End(Wish.Stop));
        Receive<HandOver>(_ => End(Wish.HandOver));
        Receive<NodeIsLost>(lost => _sites?.Lose(lost.Node));
        Receive<NodeLeaves>(leaves =>
        {
            _leaving[leaves.Node] = TimeProvider.System.GetTimestamp();
            if (_sites?.Nodes.Contains(leaves.Node) == true)
            {
                End(Wish.Move);
            }
        });
        Receive<NodeComes>(_ =>
        {
            if (_run is null && _vain > 4 && Timers.IsTimerActive("again"))
            {
                Timers.StartSingleTimer("again", new TryAgain(), _restOfSites);     // It may be the one that was lacking.
            }

            if (_mayMove)
            {
                Timers.StartSingleTimer("look", new LookAround(), _untilNodesAreKnown);
            }
        });
        Receive<LookAround>(_ =>
        {
            _mayMove = true;
            Timers.StartSingleTimer("look", new LookAround(), _node.Settings.LookAround);
            if (_run is not null && _wish == Wish.GoOn)
            {
                AskAround(onlyLooks: true);
            }
        });
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>A node has come.</summary>
    public sealed record NodeComes;

    /// <summary>A node answers no more.</summary>
    public sealed record NodeIsLost(NodeAddress Node);

    /// <summary>The run is to end at the next boundary, and to be kept by another.</summary>
    public sealed record HandOver;

    /// <inheritdoc/>
    protected override void PreStart() => AskAround();

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
        if (_wish == Wish.HandOver)
        {
            Finish(RunStatus.Stopped, note, isKept: true);
            return;
        }

        Stand(_standing with { State = RunState.Waiting, Note = note });
        Timers.StartSingleTimer("again", new TryAgain(), _betweenTries);
    }

    // Reads the record, which blocks.
    private void Open()
    {
        var (name, source, isNew, held, cluster) = (_name, _source, _isNew, _store, _node.Settings.Cluster);
        Blocking(() =>
        {
            var (store, keeper) = (held, (string?)null);
            try
            {
                store ??= source.Open(name);

                // One that the cluster keeps is taken from whoever had it: a keeper that is no more. (A client that had no answer tells the next one the same.) One that somebody has taken
                // from the cluster is his.
                keeper = store.KeptBy;
                if (keeper is null ? !isNew : keeper != cluster)
                {
                    return new NotOpened(store, keeper is null ? "the cluster keeps it no more: it was taken over, or told to stop" : store.KeptByAnother(keeper).Message, IsFinal: true);
                }

                store.Acquire(takesOver: keeper is not null);
                if (store.Summary() is { Status: "completed" } summary)
                {
                    return new IsComplete(store, summary.Windows);
                }

                store.Keep(cluster);
                return new Opened(store, source.Compose(store));
            }
            catch (RunStoreException fault) when (fault.Passes)
            {
                return new NotOpened(store, fault.Message, IsFinal: false);
            }
            catch (RunStoreException fault)
            {
                return new NotOpened(store, fault.Message, IsFinal: isNew && (store is null || !IsKept(store, cluster)));
            }
            catch (Exception fault)
            {
                // What is recorded is no experiment for this program; or only not for this node, where it is taken over.
                return new NotOpened(store, fault.GetBaseException().Message, IsFinal: isNew && keeper is null) { Status = RunStatus.Failed };
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
            Finish(fault.Status, fault.Reason, isKept: false);
            return;
        }

        Wait(fault.Reason);
    }

    private void OnOpened(Opened opened)
    {
        (_store, _sourced, _isNew) = (opened.Store, opened.Run, false);
        Begin();
    }

    private static bool IsKept(RunStore store, string cluster)
    {
        try
        {
            return store.KeptBy == cluster;
        }
        catch (RunStoreException)
        {
            return false;
        }
    }

    // Who answers is there; what gossip says of a node that was just killed is late. And most of the members must still take this node for one: a keeper that was cut off, or stood still, may
    // have been replaced, and would take the run from the one that has it now.
    private void AskAround(bool onlyLooks = false)
    {
        var (actors, own, program, isTrial) = (Context.System, _node.Address, _node.Settings.Identity.Program, _node.Settings.IsTrial);
        var members = _cluster.State.Members.Where(m => m.Status is MemberStatus.Up or MemberStatus.Leaving or MemberStatus.Exiting).ToList();
        if (!onlyLooks)
        {
            Stand(_standing with { State = RunState.Waiting });
        }

        async Task<Voice?> AskAsync(Member member)
        {
            var (address, agent) = (NodeAddress.Of(member.Address), actors.ActorSelection(NodeAgent.PathAt(member.Address)));
            try
            {
                var (status, list) = (agent.Ask<IControlMessage>(new StatusQuestion(), _answerWithin), agent.Ask<IControlMessage>(new MembersQuestion(), _answerWithin));
                return await status.ConfigureAwait(false) is NodeStatus how && await list.ConfigureAwait(false) is MemberList seen
                    ? new Voice(new NodeOffer(address, how.Roles, how.Cores) { IsTrial = isTrial && how.Roles.IsEmpty }, seen.Members.Any(m => m.Address == own && m.Status is "up" or "leaving"),
                        how.Identity.Program == program && seen.Members.Any(m => m.Address == address && m.Status == "up"))
                    : null;
            }
            catch (AskTimeoutException)
            {
                return null;
            }
        }

        Task.WhenAll(members.Select(AskAsync)).PipeTo(Self,
            success: voices => new Offers([.. voices.OfType<Voice>().Where(v => v.TakesOwnForMember)], members.Count, onlyLooks),
            failure: fault => onlyLooks ? new Offers([], members.Count, true) : new NotOpened(null, fault.GetBaseException().Message, IsFinal: false));
    }

    private void OnOffers(Offers offers)
    {
        var isHeard = 2 * offers.Voices.Length > offers.Members;
        var now = TimeProvider.System.GetTimestamp();
        ImmutableArray<NodeOffer> nodes = [.. offers.Voices.Where(v => v.IsFit && !(_leaving.TryGetValue(v.Offer.Address, out var since) && TimeProvider.System.GetElapsedTime(since, now) < _leavesWithin))
            .Select(v => v.Offer).OrderBy(o => o.Address.Host, StringComparer.Ordinal).ThenBy(o => o.Address.Port)];
        if (offers.OnlyLooks)
        {
            if (isHeard)
            {
                Consider(nodes);
            }
        }
        else if (isHeard)
        {
            _offers = nodes;
            if (_wish == Wish.Stop)
            {
                Finish(RunStatus.Stopped, "it was stopped before it began", isKept: false);
            }
            else if (_lacksNodes && ++_tries % TriesWithoutStore != 0 && Choose() is null)
            {
                // The experiment need not be composed anew every second.
            }
            else
            {
                Open();
            }
        }
        else
        {
            Wait(string.Create(CultureInfo.InvariantCulture, $"of {offers.Members} nodes only {offers.Voices.Length} answer that this one is a member"));
        }
    }

    private void Begin()
    {
        if (_wish is Wish.Stop or Wish.HandOver)
        {
            Finish(RunStatus.Stopped, "it was stopped before it began", isKept: _wish == Wish.HandOver);
            return;
        }

        _wish = Wish.GoOn;
        var (self, sourced) = (Self, _sourced!);
        if (Choose() is not { } chosen)
        {
            return;
        }

        _chosen = chosen;
        var account = WorkAccount.Open(_node.Address.ToString());
        var sites = new ClusterSites(Context.System, _node.Settings, _name, RunEventCodec.HashOf(sourced.Start.Origin), account, _ => chosen);
        _sites = sites;
        Stand(_standing with { State = RunState.Opening, Note = "", Until = sourced.Start.Until });
        _observations = Observe(_store!);
        _run = ActorRun.Start(
            sourced.System, new RunSettings { Threads = 1, Observations = _observations, Account = account }, _store!, sourced.Start, progress => self.Tell(new Progressed(sites, progress)), sites);
        EndAsync(_run, _observations).PipeTo(Self);
        _mayMove = false;
        Timers.StartSingleTimer("look", new LookAround(), _node.Settings.LookAround);
    }

    private ImmutableArray<NodeOffer> Best(ImmutableArray<NodeOffer> offers) =>
        [.. offers.Where(offer => !(_shunned.TryGetValue(offer.Address, out var how) && TimeProvider.System.GetElapsedTime(how.Since) < _shunnedFor * (1 << Math.Min(how.Times - 1, MostDoublings))))];

    // Null where there are not the nodes for it: then it waits.
    private ChosenNodes? Choose()
    {
        var system = _sourced!.System;
        IReadOnlyList<double> costs = _costs.IsEmpty ? new double[system.Participants.Length] : _costs;
        var best = Best(_offers);
        try
        {
            ChosenNodes chosen;
            try
            {
                chosen = NodePlacement.Choose(system, best, costs);
            }
            catch (InvalidOperationException) when (best.Length < _offers.Length)
            {
                chosen = NodePlacement.Choose(system, _offers, costs);
            }

            _lacksNodes = false;
            return chosen;
        }
        catch (InvalidOperationException fault)
        {
            _lacksNodes = true;
            Wait(fault.Message);
            return null;
        }
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
        if (_run is not null && _wish == Wish.GoOn && Rebalancing.IsWorthwhile(system, Best(offers), _chosen!, _costs, (_standing.Until - _standing.Time) / system.Experiment.Window))
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
            if (_run is not null && wish == Wish.Stop)
            {
                // At once, so that it stays a stop whatever becomes of this keeper.
                LetGo();
            }

            if (_run is null && Timers.IsTimerActive("again"))
            {
                Timers.Cancel("again");
                AskAround();
            }
        }
    }

    private void OnEnded(Ended ended)
    {
        var (run, report) = (_run!, ended.Report);
        (_run, _observations) = (null, null);
        _ = run.DisposeAsync().AsTask();
        if (ended.Lost is { } left)
        {
            Context.GetLogger().Warning("what was observed of run '{0}' is not complete: {1}", _name, left);
        }

        switch (report.Status)
        {
            case RunStatus.SitesLost when _wish is not (Wish.Stop or Wish.HandOver):
                Context.GetLogger().Warning("run '{0}' goes back to its last snapshot: {1}", _name, report.Result.Reason);
                // Where most have failed, it was not they.
                foreach (var node in 2 * _sites!.Failed.Length <= _sites.Nodes.Length ? _sites.Failed : [])
                {
                    _shunned[node] = (TimeProvider.System.GetTimestamp(), _shunned.GetValueOrDefault(node).Times + 1);
                }

                BeginAgain(_standing.State == RunState.Running, report.Result.Reason);
                break;
            case RunStatus.Stopped when _wish == Wish.Move:
                AskAround();
                break;
            case RunStatus.StoreUnavailable when _wish is not (Wish.Stop or Wish.HandOver):
                BeginAgain(false, report.Result.Reason);
                break;
            case RunStatus.StoreUnavailable when _wish == Wish.HandOver:
                Finish(RunStatus.Stopped, report.Result.Reason, isKept: true);
                break;
            default:
                Finish(report.Status, report.Result.Reason, isKept: _wish == Wish.HandOver && report.Status is RunStatus.Stopped or RunStatus.SitesLost);
                break;
        }
    }

    // When nothing of the incarnation that was lost computes any more.
    private void BeginAgain(bool hadBegun, string reason)
    {
        var lost = TimeProvider.System.GetTimestamp();
        _vain = _standing.Durable > _reached ? 0 : _vain + 1;
        _reached = Math.Max(_reached, _standing.Durable);
        Stand(_standing with { State = RunState.Waiting, Note = reason });
        _sites!.Ended.WaitAsync(_restOfSites).PipeTo(Self, success: isCertain => new SitesEnded(isCertain, hadBegun, lost), failure: _ => new SitesEnded(false, hadBegun, lost));
    }

    private void OnSitesEnded(SitesEnded ended)
    {
        if (_wish is Wish.Stop or Wish.HandOver)
        {
            AskAround();
            return;
        }

        // One that did not even begin would fail again at once.
        var rest = !ended.IsCertain ? _restOfSites - TimeProvider.System.GetElapsedTime(ended.Lost) : ended.HadBegun ? TimeSpan.Zero : _betweenTries;
        if (_vain > 1)
        {
            var longer = TimeSpan.FromSeconds(Math.Min(_longestRest.TotalSeconds, Math.Pow(2, Math.Min(_vain - 2, 10))));
            rest = longer > rest ? longer : rest;
        }

        if (rest > TimeSpan.Zero)
        {
            Timers.StartSingleTimer("again", new TryAgain(), rest);
        }
        else
        {
            AskAround();
        }
    }

    // What is over is told as over when the store knows it: a keeper that comes after this one would go on with it, and a client would have been told what is not so.
    private void Finish(RunStatus status, string reason, bool isKept)
    {
        if (isKept)
        {
            Stand(_standing with { State = RunState.Waiting, Note = reason, Status = status });
            Context.Stop(Self);
            return;
        }

        _over = (status, reason);
        LetGo();
    }

    // Has the store know that the cluster goes on with the run no more.
    private void LetGo()
    {
        if (_isLettingGo)
        {
            return;     // What comes of it, is told soon.
        }

        _isLettingGo = true;
        var (name, source, held, cluster) = (_name, _source, _store, _node.Settings.Cluster);
        Task.Factory.StartNew(() =>
        {
            var store = held;
            try
            {
                store ??= source.Open(name);
                store.Unkeep(cluster);
                return new LetGone(store, null);
            }
            catch (RunStoreException fault)
            {
                return new LetGone(store, fault);
            }
        }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).PipeTo(Self, failure: fault => new LetGone(null, fault.GetBaseException()));
    }

    private void OnLetGone(LetGone letGone)
    {
        (_isLettingGo, _store) = (false, letGone.Store ?? _store);
        if (letGone.Fault is RunStoreException { Passes: true } away)
        {
            Stand(_over is null
                ? _standing with { Note = "the store is away, and does not know yet that the run is to stop: " + away.Message }
                : _standing with { State = RunState.Waiting, Note = "the run has ended; the store is away, and does not know yet that nobody goes on with it: " + away.Message });
            Timers.StartSingleTimer("let-go", new LetGoAgain(), _betweenTries);
            return;
        }

        if (letGone.Fault is { } fault)
        {
            // It is another's now, or is no more.
            Context.GetLogger().Warning("run '{0}' ends, and the store was not told that nobody goes on with it: {1}", _name, fault.Message);
        }

        var standing = _standing with { IsLetGo = letGone.Fault is null };
        if (_over is { } over)
        {
            Stand(standing with { State = RunState.Over, Note = over.Reason, Status = over.Status });
            Context.Stop(Self);
        }
        else
        {
            Stand(standing with { Note = "" });
        }
    }

    private sealed record TryAgain;

    private sealed record LetGoAgain;

    // The store, if it could be opened; and what kept it from being told, if anything did.
    private sealed record LetGone(RunStore? Store, Exception? Fault);

    private sealed record Progressed(ClusterSites Sites, RunProgress Progress);

    private sealed record Opened(RunStore Store, SourcedRun Run);

    private sealed record NotOpened(RunStore? Store, string Reason, bool IsFinal)
    {
        public RunStatus Status { get; init; } = RunStatus.StoreUnavailable;
    }

    private sealed record IsComplete(RunStore Store, long Windows);

    // What a member says: what it offers, whether it takes this node for a member, and whether a run may be on it: nodes of another program wait for the old ones to go.
    private sealed record Voice(NodeOffer Offer, bool TakesOwnForMember, bool IsFit);

    private sealed record Offers(ImmutableArray<Voice> Voices, int Members, bool OnlyLooks);

    private sealed record SitesEnded(bool IsCertain, bool HadBegun, long Lost);

    private sealed record Ended(RunReport Report, string? Lost);

    private sealed record LookAround;
}

using System.Collections.Immutable;
using ActorMultiscale.Actors.Cluster;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Actors.Observation;
using ActorMultiscale.Actors.Observers;
using ActorMultiscale.Actors.Protocol;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Distribution;
using ActorMultiscale.Physics.Coupling.Recording;
using Akka.Actor;

namespace ActorMultiscale.Actors;

/// <summary>
/// The parent of everything that belongs to one run. It recovers the journal first, then starts the coordinator where the
/// record ends, and says how the run ended, once. A child that fails is not restarted: its state is in the record.
/// </summary>
internal sealed class RunSupervisor : ReceiveActor, IWithTimers
{
    private readonly CoupledSystem _system;
    private readonly RunSettings _settings;
    private readonly RunStore? _store;
    private readonly TaskCompletionSource<RunReport> _completion;
    private readonly Action<RunProgress> _onProgress;
    private readonly IActorRef _journal;
    private readonly IActorRef _chunks = ActorRefs.Nobody;
    private readonly ISites? _sites;
    private volatile IActorRef _coordinator = ActorRefs.Nobody;      // Links tell it what they bring, on threads of theirs.
    private Task<OpenedSites>? _opening;
    private bool _stopWanted;

    /// <summary>The supervisor of a run whose participants are in this process, or on <paramref name="sites"/>.</summary>
    public RunSupervisor(CoupledSystem system, RunSettings settings, RunStore? store, RunStart? start, TaskCompletionSource<RunReport> completion, Action<RunProgress> onProgress, ISites? sites)
    {
        _sites = sites;
        _system = system;
        _settings = settings;
        _store = store;
        _completion = completion;
        _onProgress = onProgress;
        var self = Self;
        if (store is not null && start is not null)
        {
            var (runAhead, database, readsStates) = (system.Experiment.RunAhead, store.Database, sites is null);
            var chunks = _chunks = Context.ActorOf(Props.Create(() => new ChunkStore(store, readsStates, settings.Account)).WithDispatcher(ActorSettings.StoreDispatcher), "chunks");
            _journal = Context.ActorOf(Props.Create(() => new RunJournal(start, runAhead, settings, database, self, chunks)), "journal");
            Context.Watch(chunks);
        }
        else
        {
            _journal = Context.ActorOf(Props.Create(() => new NoJournal(self)), "journal");
        }

        Context.Watch(_journal);
        Receive<JournalAnswer.Recovered>(OnRecovered);
        Receive<SitesAreOpen>(open => Begin(open.Recovered, open.Sites));
        Receive<SitesAreLost>(lost => Complete(RunStatus.SitesLost, lost.Reason));
        Receive<JournalAnswer.Ended>(OnEnded);
        Receive<JournalAnswer.Unusable>(fault => Complete(RunStatus.StoreUnavailable, fault.Reason));
        Receive<JournalAnswer.Diverged>(OnDiverged);
        Receive<Terminated>(dead => Complete(dead.ActorRef.Equals(_coordinator) ? RunStatus.Failed : RunStatus.StoreUnavailable,
            $"The actor '{dead.ActorRef.Path.Name}' stopped; the log says why."));
        Receive<StopRun>(_ =>
        {
            _stopWanted = true;
            _coordinator.Tell(new CouplingEvent.StopRequested());
        });
        Receive<SnapshotIsDue>(_ => _coordinator.Tell(new CouplingEvent.SnapshotRequested()));
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <inheritdoc/>
    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Stop);

    /// <inheritdoc/>
    protected override void PostStop()
    {
        _ = CloseAsync(_opening);
        _completion.TrySetResult(new RunReport(RunStatus.Failed, new RunResult(RunOutcome.Failed, "What supervises the run stopped; the log says why.", 0, "", ImmutableSortedDictionary<string, double>.Empty)));
        base.PostStop();
    }

    // Sites that open after all are not wanted any more.
    private static async Task CloseAsync(Task<OpenedSites>? opening)
    {
        try
        {
            (opening is null ? null : await opening.ConfigureAwait(false))?.Lines.Dispose();
        }
        catch (Exception)
        {
            // They did not open, and that was told.
        }
    }

    private void OnRecovered(JournalAnswer.Recovered recovered)
    {
        if (_sites is null)
        {
            Begin(recovered, null);
            return;
        }

        var self = Self;
        _opening = _sites.OpenAsync(_system, Math.Max(1, recovered.History.Epoch), recovered.Snapshot?.Fields ?? [], answer => (answer is StateRows ? _journal : _coordinator).Tell(answer), reason => self.Tell(new SitesAreLost(reason)));
        _opening.PipeTo(Self, success: opened => new SitesAreOpen(recovered, opened), failure: fault => new SitesAreLost(fault.GetBaseException().Message));
    }

    private void Begin(JournalAnswer.Recovered recovered, OpenedSites? sites)
    {
        var (system, settings, journal, from) = (_system, _settings, _journal, recovered.Snapshot);
        var observer = settings.Observations is { } observations && _store is not null
            ? new RunObserver(system, from?.Window ?? 0, observations, settings.ObservesDetails, settings.Clock, settings.Account)
            : null;
        CoordinatorProtocol protocol;
        try
        {
            protocol = new CoordinatorProtocol(system, recovered.History, from, isRecorded: _store is not null, observer, settings.RecordsFields, placement: sites?.Placement);
        }
        catch (InvalidDataException fault)
        {
            Complete(RunStatus.Failed, $"The snapshot at window {from?.Window} does not fit the experiment as it is composed now: {fault.Message}");
            return;
        }

        _chunks.Tell(new ChunkStore.ObservedBy(observer));
        if (sites is not null)
        {
            _chunks.Tell(new ChunkStore.Sites(sites.Lines));
        }

        var trace = new WindowTrace();
        Func<IUntypedActorContext, ICrew> crew = sites is null
            ? context => new LocalCrew(context, system, system.Participants, settings, observer, new ParticipantMeter(settings.Clock, trace, settings.Account, tells: false))
            : _ => new RemoteCrew(system, sites.Placement, sites.Lines, trace);
        var run = _store?.Run ?? system.Experiment.Name;
        var telemetry = new RunTelemetry(system, run, settings.Clock, trace);
        Telemetry.Incarnations.Add(1, new KeyValuePair<string, object?>("run", run));
        _coordinator = Context.ActorOf(Props.Create(() => new CoordinatorActor(system, protocol, journal, crew, observer, telemetry, settings.Account)), "coordinator");
        Context.Watch(_coordinator);
        _journal.Tell(new JournalAnswer.ReadyFor(_coordinator, observer));
        var (coordinator, onProgress) = (_coordinator, _onProgress);
        Context.ActorOf(Props.Create(() => new ProgressActor(coordinator, settings.ProgressEvery, onProgress)), "progress");
        Timers.StartPeriodicTimer("snapshot", new SnapshotIsDue(), system.Experiment.SnapshotInterval);
        if (_stopWanted)
        {
            _coordinator.Tell(new CouplingEvent.StopRequested());
        }
    }

    private void OnEnded(JournalAnswer.Ended ended)
    {
        var what = ended.What;
        var status = what.Outcome switch
        {
            RunOutcome.Completed => RunStatus.Completed,
            RunOutcome.Stopped => RunStatus.Stopped,
            RunOutcome.LimitBroken => RunStatus.LimitBroken,
            _ => RunStatus.Failed,
        };
        Release(RunStatusWord.Of(status), what.Windows, what.FinalHash);
        _completion.TrySetResult(new RunReport(status, new RunResult(what.Outcome, what.Reason, what.Windows, what.FinalHash, what.Metrics)));
        Context.Stop(Self);
    }

    private void OnDiverged(JournalAnswer.Diverged diverged)
    {
        var ports = _system.OutPorts.ToList();
        var port = Enumerable.Range(0, ports.Count).FirstOrDefault(i => diverged.Recorded.Fingerprints[i] != diverged.Computed.Fingerprints[i], -1);
        Complete(RunStatus.Diverged, $"window {diverged.Recorded.Index} had been committed, and came out otherwise when it was computed again{(port < 0 ? "" : $": first at '{ports[port]}'")}. The program, the machine or a model differs from what made the record.");
    }

    private void Complete(RunStatus status, string reason)
    {
        if (status is not (RunStatus.StoreUnavailable or RunStatus.SitesLost))
        {
            Release(RunStatusWord.Of(status), null, "");
        }

        _completion.TrySetResult(new RunReport(status, new RunResult(RunOutcome.Failed, reason, 0, "", ImmutableSortedDictionary<string, double>.Empty)));
        Context.Stop(Self);
    }

    private void Release(string status, long? windows, string hash)
    {
        try
        {
            _store?.SetEnd(status, windows ?? _store.Summary().Windows, hash, _settings.Clock.GetUtcNow());
        }
        catch (RunStoreException)
        {
            // The record itself is complete; the listing will call the run interrupted.
        }
    }

    private sealed record SnapshotIsDue;

    private sealed record SitesAreOpen(JournalAnswer.Recovered Recovered, OpenedSites Sites);

    private sealed record SitesAreLost(string Reason);
}

/// <summary>The words for a status that listings and scripts see.</summary>
public static class RunStatusWord
{
    /// <summary>The word for <paramref name="status"/>.</summary>
    public static string Of(RunStatus status) => status switch
    {
        RunStatus.Completed => "completed",
        RunStatus.Stopped => "stopped",
        RunStatus.LimitBroken => "limit-broken",
        RunStatus.StoreUnavailable => "store-unavailable",
        RunStatus.Diverged => "diverged",
        RunStatus.SitesLost => "interrupted",
        _ => "failed",
    };
}

/// <summary>The user wants the run to end at the next root boundary.</summary>
internal sealed record StopRun;

/// <summary>Stands in for the journal of a run that is not recorded.</summary>
internal sealed class NoJournal : ReceiveActor
{
    public NoJournal(IActorRef supervisor)
    {
        Receive<JournalOrder.End>(end => supervisor.Tell(new JournalAnswer.Ended(end.What)));
        Receive<JournalOrder.Keep>(static _ => { });
        Receive<JournalOrder.Note>(static _ => { });
        Receive<JournalAnswer.ReadyFor>(static _ => { });
        supervisor.Tell(new JournalAnswer.Recovered(new RunHistory(), null));
    }
}

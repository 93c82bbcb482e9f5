using System.Collections.Immutable;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Actors.Observation;
using ActorMultiscale.Actors.Protocol;
using ActorMultiscale.Physics.Coupling;
using Akka.Actor;
using Akka.Event;

namespace ActorMultiscale.Actors;

/// <summary>
/// The journal of one run: recovers it, checks it, and makes what the coordinator decides durable, in the order that
/// <see cref="JournalProtocol"/> says. Nothing is announced before the database has it.
/// </summary>
/// <remarks>
/// While the database is away it waits, and with it, by the bound on running ahead, the run. When the database is back, the record says
/// whether what was under way had arrived; if somebody else has written meanwhile, this run ends.
/// </remarks>
internal sealed class RunJournal : ReceiveActor, IWithTimers
{
    // Long against the work of a write, short against what anybody notices.
    private static readonly TimeSpan _linger = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan _betweenTries = TimeSpan.FromSeconds(1);
    private static readonly LingerIsOver _lingerIsOver = new();

    private readonly RunStart _start;
    private readonly RunSettings _settings;
    private readonly StoreDatabase _database;
    private readonly IActorRef _supervisor;
    private readonly IActorRef _store;
    private readonly int _runAhead;
    private readonly Queue<(JournalEntry Entry, Action Then, long Began)> _underWay = new();     // Told to the writer, not answered yet.
    private RunHistory _history = new();
    private JournalProtocol? _protocol;
    private IActorRef _writer = ActorRefs.Nobody;
    private IActorRef _coordinator = ActorRefs.Nobody;
    private RunObserver? _observer;
    private (long Events, string Hash) _durable;      // The chain as far as the writer has answered.
    private long? _awaySince;         // As a timestamp: the time of day may jump.
    private int _writers;

    /// <summary>A journal of a run that may be <paramref name="runAhead"/> windows ahead of it.</summary>
    public RunJournal(RunStart start, int runAhead, RunSettings settings, StoreDatabase database, IActorRef supervisor, IActorRef store)
    {
        (_start, _runAhead, _settings, _database, _supervisor, _store) = (start, runAhead, settings, database, supervisor, store);
        Receive<JournalWriter.Recovered>(OnRecovered);
        Receive<JournalWriter.Written>(_ => OnWritten());
        Receive<JournalWriter.Failed>(OnFailed);
        Receive<TryAgain>(_ => StartWriter());
        Receive<ChunkStore.Opened>(_ => OnOpened());
        Receive<ChunkStore.Loaded>(loaded => _supervisor.Tell(new JournalAnswer.Recovered(_history, loaded.Snapshot)));
        Receive<ChunkStore.Stored>(stored => CarryOut(_protocol!.Stored(stored.Reference)));
        Receive<ChunkStore.Failed>(failed => _supervisor.Tell(new JournalAnswer.Unusable(failed.Reason)));
        Receive<JournalAnswer.ReadyFor>(ready => (_coordinator, _observer) = (ready.Coordinator, ready.Observer));
        Receive<JournalOrder.Commit>(commit => CarryOut(_protocol!.Commit(commit.Records.AsSpan())));
        Receive<JournalOrder.Keep>(keep => CarryOut(_protocol!.Snapshot(keep.Snapshot)));
        Receive<JournalOrder.Note>(note => CarryOut(_protocol!.Note(note.Text)));
        Receive<JournalOrder.End>(end => CarryOut(_protocol!.End(end.What)));
        Receive<LingerIsOver>(_ => CarryOut(_protocol!.LingerIsOver()));
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <inheritdoc/>
    protected override void PreStart() => StartWriter();

    /// <inheritdoc/>
    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Stop);

    private void StartWriter()
    {
        var (id, self) = ("run-" + _start.Run, Self);
        _writer = Context.ActorOf(Props.Create(() => new JournalWriter(id, self)), $"writer-{++_writers}");
    }

    private void OnRecovered(JournalWriter.Recovered recovered)
    {
        var damage = recovered.Damage;
        var found = recovered.History.Chain;
        if (damage is null && found.Events < _start.HeadEvents)
        {
            damage = $"It has {found.Events} events, and had {_start.HeadEvents} when it was last written to: its tail is cut off.";
        }

        if (damage is not null)
        {
            _supervisor.Tell(new JournalAnswer.Unusable($"The journal of the run '{_start.Run}' is damaged. {damage}"));
            return;
        }

        if (_protocol is null)
        {
            _history = recovered.History;
            _durable = (found.Events, found.HeadHash);
            if (found.Events == 0)
            {
                _history.Begin(_start.Origin);
            }

            _protocol = new JournalProtocol(_history, _settings.Clock, Math.Max(1, _runAhead / 4));
            _store.Tell(new ChunkStore.Open());
            return;
        }

        // What was under way may have arrived, from the first on.
        while (_durable.Events < found.Events && _underWay.Count > 0)
        {
            OnWritten();
        }

        if ((found.Events, found.HeadHash) != _durable)
        {
            _supervisor.Tell(new JournalAnswer.Unusable(
                $"Another process has written to the record of '{_start.Run}' while the store was away. What it writes counts; this one ends."));
            return;
        }

        foreach (var (entry, _, _) in _underWay)
        {
            _writer.Tell(new JournalWriter.Write(entry));
        }

        Context.GetLogger().Warning("the store '{0}' is back after {1:0} s; the run goes on", _database.Name, Away.TotalSeconds);
        _awaySince = null;
    }

    private void OnWritten()
    {
        var (entry, then, began) = _underWay.Dequeue();
        _durable = (_durable.Events + 1, RunEventCodec.HashOf(entry));
        _observer?.Stored(began);
        then();
    }

    private TimeSpan Away => _awaySince is { } since ? _settings.Clock.GetElapsedTime(since) : TimeSpan.Zero;

    private void OnFailed(JournalWriter.Failed failed)
    {
        var reason = $"The journal of '{_start.Run}' in '{_database.Name}' {failed.What}: {failed.Cause.GetBaseException().Message}{_database.Hint(failed.Cause.GetBaseException())}";
        if (_protocol is null || !_database.Passes(failed.Cause) || Away > _settings.StorePatience)
        {
            _supervisor.Tell(new JournalAnswer.Unusable(reason));
            return;
        }

        if (_awaySince is null)
        {
            _awaySince = _settings.Clock.GetTimestamp();
            Context.GetLogger().Warning("the store '{0}' is away, and the run waits: {1}", _database.Name, failed.Cause.GetBaseException().Message);
        }

        Timers.StartSingleTimer("again", new TryAgain(), _betweenTries);
    }

    private void OnOpened()
    {
        var events = new List<RunEvent>();
        if (_durable.Events == 0)
        {
            events.Add(new RunEvent.RunStarted { At = _settings.Clock.GetUtcNow(), Origin = _start.Origin });
        }

        events.Add(new RunEvent.CoordinatorStarted { At = _settings.Clock.GetUtcNow(), Epoch = _history.Epoch + 1, Machine = _start.Machine, Until = _start.Until });
        var left = events.Count;
        foreach (var what in events)
        {
            Write(what, () =>
            {
                if (--left == 0)
                {
                    _store.Tell(new ChunkStore.Load(_history.Snapshot));
                }
            });
        }
    }

    private void CarryOut(ImmutableArray<JournalEffect> effects)
    {
        foreach (var effect in effects)
        {
            switch (effect)
            {
                case JournalEffect.Persist persist:
                    Write(persist.Event, () => CarryOut(_protocol!.Persisted(persist.Event)));
                    break;
                case JournalEffect.Linger:
                    Timers.StartSingleTimer("linger", _lingerIsOver, _linger);
                    break;
                case JournalEffect.StoreChunks store:
                    _store.Tell(new ChunkStore.Store(store.Snapshot));
                    break;
                case JournalEffect.Announce announce:
                    _coordinator.Tell(new JournalAnswer.Announced(announce.Windows));
                    break;
                case JournalEffect.Diverged diverged:
                    _supervisor.Tell(new JournalAnswer.Diverged(diverged.Recorded, diverged.Computed));
                    break;
                case JournalEffect.Ended ended:
                    _supervisor.Tell(new JournalAnswer.Ended(ended.End));
                    break;
                default:
                    throw new InvalidOperationException($"The journal knows no effect {effect.GetType().Name}.");
            }
        }
    }

    // The chain is drawn in the order of writing, which is the order of the journal.
    private void Write(RunEvent what, Action then)
    {
        var entry = _history.Chain.Extend(what);
        _underWay.Enqueue((entry, then, _observer?.Now() ?? 0));
        if (_awaySince is null)
        {
            _writer.Tell(new JournalWriter.Write(entry));
        }
    }

    private sealed record LingerIsOver;

    private sealed record TryAgain;
}

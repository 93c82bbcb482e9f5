using System.Collections.Immutable;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Actors.Observation;
using ActorMultiscale.Actors.Protocol;
using ActorMultiscale.Physics.Coupling;
using Akka.Actor;
using Akka.Persistence;

namespace ActorMultiscale.Actors;

/// <summary>
/// The journal of one run: recovers it, checks it, and makes what the coordinator decides durable, in the order that
/// <see cref="JournalProtocol"/> says. Nothing is announced before the database has it.
/// </summary>
internal sealed class RunJournal : UntypedPersistentActor, IWithTimers
{
    // Long against the work of a write, short against what anybody notices.
    private static readonly TimeSpan _linger = TimeSpan.FromMilliseconds(5);
    private static readonly LingerIsOver _lingerIsOver = new();

    private readonly RunStart _start;
    private readonly TimeProvider _clock;
    private readonly IActorRef _supervisor;
    private readonly IActorRef _store;
    private readonly RunHistory _history = new();
    private JournalProtocol? _protocol;
    private IActorRef _coordinator = ActorRefs.Nobody;
    private RunObserver? _observer;
    private readonly int _runAhead;
    private string? _damage;

    /// <summary>A journal of a run that may be <paramref name="runAhead"/> windows ahead of it.</summary>
    public RunJournal(RunStart start, int runAhead, TimeProvider clock, IActorRef supervisor, IActorRef store)
    {
        _start = start;
        _runAhead = runAhead;
        _clock = clock;
        _supervisor = supervisor;
        _store = store;
        PersistenceId = "run-" + start.Run;
    }

    public override string PersistenceId { get; }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    protected override void OnRecover(object message)
    {
        switch (message)
        {
            case JournalEntry entry when _damage is null:
                try
                {
                    _history.Apply(entry);
                }
                catch (InvalidDataException fault)
                {
                    _damage = fault.Message;
                }

                break;
            case RecoveryCompleted:
                OnRecovered();
                break;
        }
    }

    private void OnRecovered()
    {
        if (_damage is null && _history.Chain.Events < _start.HeadEvents)
        {
            _damage = $"It has {_history.Chain.Events} events, and had {_start.HeadEvents} when it was last written to: its tail is cut off.";
        }

        if (_damage is not null)
        {
            _supervisor.Tell(new JournalAnswer.Unusable($"The journal of the run '{_start.Run}' is damaged. {_damage}"));
            return;
        }

        _protocol = new JournalProtocol(_history, _clock, Math.Max(1, _runAhead / 4));
        _store.Tell(new ChunkStore.Open());
    }

    private void OnOpened()
    {
        var events = new List<RunEvent>();
        if (_history.Origin is null)
        {
            events.Add(new RunEvent.RunStarted { At = _clock.GetUtcNow(), Origin = _start.Origin });
        }

        events.Add(new RunEvent.CoordinatorStarted { At = _clock.GetUtcNow(), Epoch = _history.Epoch + 1, Machine = _start.Machine, Until = _start.Until });
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

    protected override void OnCommand(object message)
    {
        switch (message)
        {
            case ChunkStore.Opened:
                OnOpened();
                break;
            case ChunkStore.Loaded loaded:
                _supervisor.Tell(new JournalAnswer.Recovered(_history, loaded.Snapshot));
                break;
            case JournalAnswer.ReadyFor ready:
                (_coordinator, _observer) = (ready.Coordinator, ready.Observer);
                break;
            case JournalOrder.Commit commit:
                CarryOut(_protocol!.Commit(commit.Records.AsSpan()));
                break;
            case LingerIsOver:
                CarryOut(_protocol!.LingerIsOver());
                break;
            case JournalOrder.Keep keep:
                CarryOut(_protocol!.Snapshot(keep.Snapshot));
                break;
            case JournalOrder.Note note:
                CarryOut(_protocol!.Note(note.Text));
                break;
            case JournalOrder.End end:
                CarryOut(_protocol!.End(end.What));
                break;
            case ChunkStore.Stored stored:
                CarryOut(_protocol!.Stored(stored.Reference));
                break;
            case ChunkStore.Failed failed:
                _supervisor.Tell(new JournalAnswer.Unusable(failed.Reason));
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    protected override void OnPersistFailure(Exception cause, object @event, long sequenceNr)
    {
        _supervisor.Tell(new JournalAnswer.Unusable($"The journal could not be written: {cause.GetBaseException().Message}"));
        base.OnPersistFailure(cause, @event, sequenceNr);
    }

    protected override void OnPersistRejected(Exception cause, object @event, long sequenceNr) =>
        _supervisor.Tell(new JournalAnswer.Unusable($"The journal refused an event: {cause.GetBaseException().Message}"));

    protected override void OnRecoveryFailure(Exception reason, object? message = null)
    {
        _supervisor.Tell(new JournalAnswer.Unusable($"The journal could not be read: {reason.GetBaseException().Message}"));
        base.OnRecoveryFailure(reason, message!);
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

    // Asynchronous: orders go on arriving while the database writes; the protocol has one write under way at most.
    // The chain is drawn in the order of writing, which is the order of the journal.
    private void Write(RunEvent what, Action then)
    {
        var (observer, began) = (_observer, _observer?.Now() ?? 0);
        PersistAsync(_history.Chain.Extend(what), _ =>
        {
            observer?.Stored(began);
            then();
        });
    }

    private sealed record LingerIsOver;
}

using System.Collections.Immutable;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Actors.Observation;
using ActorMultiscale.Actors.Protocol;
using Akka.Actor;
using Akka.Event;

namespace ActorMultiscale.Actors;

/// <summary>The journal of one run: carries out what <see cref="RecordProtocol"/> says, by its writer and the store.</summary>
internal sealed class RunJournal : ReceiveActor, IWithTimers
{
    // Long against the work of a write, short against what anybody notices.
    private static readonly TimeSpan _linger = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan _betweenTries = TimeSpan.FromSeconds(1);

    private readonly RecordProtocol _protocol;
    private readonly WorkAccount _account;
    private readonly string _persistenceId;
    private readonly IActorRef _supervisor;
    private readonly IActorRef _store;
    private readonly IActorRef _packer;
    private IActorRef _writer = ActorRefs.Nobody;
    private IActorRef _coordinator = ActorRefs.Nobody;
    private RunObserver? _observer;
    private long _began;        // When the last write was begun.

    /// <summary>A journal of a run that may be <paramref name="runAhead"/> windows ahead of it.</summary>
    public RunJournal(RunStart start, int runAhead, RunSettings settings, StoreDatabase database, IActorRef supervisor, IActorRef store)
    {
        _protocol = new RecordProtocol(start, database.Name, settings.StorePatience, settings.Clock, Math.Max(1, runAhead / 4));
        _account = settings.Account;
        _packer = Context.ActorOf(Props.Create(() => new FieldPacker(settings.Account)).WithDispatcher(ActorSettings.StoreDispatcher), "packer");
        Context.Watch(_packer);
        Receive<Terminated>(_ => Context.Stop(Self));       // What it was given would come back never.
        (_persistenceId, _supervisor, _store) = ("run-" + start.Run, supervisor, store);
        Receive<JournalWriter.Started>(started => CarryOut(_protocol.WriterStarted(started.Writer, started.Last)));
        Receive<JournalWriter.Written>(OnWritten);
        Receive<JournalWriter.Failed>(failed => CarryOut(_protocol.WriterFailed(failed.Writer, $"{failed.What}: {failed.Cause.GetBaseException().Message}{database.Hint(failed.Cause.GetBaseException())}", database.Passes(failed.Cause))));
        Receive<ChunkStore.HistoryRead>(read => CarryOut(_protocol.Read(read.History)));
        Receive<ChunkStore.Opened>(_ => CarryOut(_protocol.Opened()));
        Receive<ChunkStore.Loaded>(loaded => CarryOut(_protocol.Loaded(loaded.Snapshot)));
        Receive<ChunkStore.Stored>(stored => CarryOut(_protocol.Stored(stored.Reference)));
        Receive<PackedFields>(packed => CarryOut(_protocol.Packed(packed)));
        Receive<ChunkStore.FieldsStored>(stored => CarryOut(_protocol.FieldsStored(stored.References)));
        Receive<StateRows>(rows => CarryOut(_protocol.Rows(rows)));
        Receive<ChunkStore.RowsWritten>(_ => CarryOut(_protocol.RowsWritten()));
        Receive<ChunkStore.StatesHashed>(hashed => CarryOut(_protocol.Hashed(hashed.Hash)));
        Receive<ChunkStore.Failed>(failed => CarryOut(_protocol.StoreFailed(failed.Reason, failed.Passes)));
        Receive<JournalAnswer.ReadyFor>(ready => (_coordinator, _observer) = (ready.Coordinator, ready.Observer));
        Receive<JournalOrder.Commit>(commit => CarryOut(_protocol.Commit(commit.Records)));
        Receive<JournalOrder.Keep>(keep => CarryOut(_protocol.Keep(keep.Snapshot)));
        Receive<JournalOrder.Fields>(fields => CarryOut(_protocol.Fields(fields.Block)));
        Receive<JournalOrder.Note>(note => CarryOut(_protocol.Note(note.Text)));
        Receive<JournalOrder.End>(end => CarryOut(_protocol.End(end.What, end.Hash)));
        Receive<JournalOrder.GiveUp>(fault => CarryOut(_protocol.GiveUp(fault.Reason)));
        Receive<LingerIsOver>(_ => CarryOut(_protocol.LingerIsOver()));
        Receive<TryAgain>(_ => CarryOut(_protocol.TryAgain()));
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <inheritdoc/>
    protected override bool AroundReceive(Receive receive, object message)
    {
        using var shift = _account.As(WorkPurpose.Journal);
        return base.AroundReceive(receive, message);
    }

    /// <inheritdoc/>
    protected override void PreStart() => CarryOut(_protocol.Start());

    /// <inheritdoc/>
    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Stop);

    private void OnWritten(JournalWriter.Written written)
    {
        _observer?.Stored(_began);
        CarryOut(_protocol.Written(written.Writer));
    }

    private void CarryOut(ImmutableArray<JournalEffect> effects)
    {
        foreach (var effect in effects)
        {
            switch (effect)
            {
                case JournalEffect.ReadHistory:
                    _store.Tell(new ChunkStore.ReadHistory());
                    break;
                case JournalEffect.StartWriter start:
                    StartWriter(start.Writer);
                    break;
                case JournalEffect.Open:
                    _store.Tell(new ChunkStore.Open());
                    break;
                case JournalEffect.LoadSnapshot:
                    _store.Tell(new ChunkStore.Load());
                    break;
                case JournalEffect.Recovered recovered:
                    _supervisor.Tell(new JournalAnswer.Recovered(recovered.History, recovered.Snapshot));
                    break;
                case JournalEffect.Write write:
                    _began = _observer?.Now() ?? 0;
                    _writer.Tell(new JournalWriter.Write(write.Entry));
                    break;
                case JournalEffect.Linger:
                    Timers.StartSingleTimer("linger", new LingerIsOver(), _linger);
                    break;
                case JournalEffect.StoreChunks store:
                    _store.Tell(new ChunkStore.Store(store.Snapshot));
                    break;
                case JournalEffect.Pack pack:
                    _packer.Tell(pack.Block);
                    break;
                case JournalEffect.StoreFields store:
                    _store.Tell(new ChunkStore.StorePacked(store.Fields));
                    break;
                case JournalEffect.WriteRows write:
                    _store.Tell(write.Rows);
                    break;
                case JournalEffect.HashStates states:
                    _store.Tell(new ChunkStore.HashStates(states.Hash));
                    break;
                case JournalEffect.FieldsRecorded fields:
                    _coordinator.Tell(new JournalAnswer.FieldsRecorded(fields.Bytes));
                    break;
                case JournalEffect.Announce announce:
                    _coordinator.Tell(new JournalAnswer.Announced(announce.Windows));
                    break;
                case JournalEffect.Wait:
                    Timers.StartSingleTimer("again", new TryAgain(), _betweenTries);
                    break;
                case JournalEffect.Warn warn:
                    Context.GetLogger().Warning("{0}", warn.Text);
                    break;
                case JournalEffect.Diverged diverged:
                    _supervisor.Tell(new JournalAnswer.Diverged(diverged.Recorded, diverged.Computed));
                    break;
                case JournalEffect.Ended ended:
                    _supervisor.Tell(new JournalAnswer.Ended(ended.End));
                    break;
                case JournalEffect.Unusable unusable:
                    _supervisor.Tell(new JournalAnswer.Unusable(unusable.Reason));
                    break;
                default:
                    throw new InvalidOperationException($"The journal knows no effect {effect.GetType().Name}.");
            }
        }
    }

    private void StartWriter(long number)
    {
        var (id, self, account) = (_persistenceId, Self, _account);
        Context.Stop(_writer);
        _writer = Context.ActorOf(Props.Create(() => new JournalWriter(id, number, self, account)), $"writer-{number}");
    }

    private sealed record LingerIsOver;

    private sealed record TryAgain;
}

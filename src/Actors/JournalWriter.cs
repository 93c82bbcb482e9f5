using ActorMultiscale.Actors.Journal;
using Akka.Actor;
using Akka.Persistence;

namespace ActorMultiscale.Actors;

/// <summary>
/// Writes to the journal of one run; it is read by others. The plugin ends it when a write fails; what was under way is known to its parent,
/// who makes another one, and finds in the record how far the last one came.
/// </summary>
internal sealed class JournalWriter : UntypedPersistentActor
{
    private readonly IActorRef _parent;

    public JournalWriter(string persistenceId, IActorRef parent) => (PersistenceId, _parent) = (persistenceId, parent);

    public override string PersistenceId { get; }

    // It asks for the number of the last event alone.
    public override Recovery Recovery => Recovery.None;

    public sealed record Write(JournalEntry Entry);

    public sealed record Written;

    /// <summary>It will write after event <paramref name="Last"/>.</summary>
    public sealed record Started(long Last);

    public sealed record Failed(string What, Exception Cause);

    protected override void OnRecover(object message)
    {
        if (message is RecoveryCompleted)
        {
            _parent.Tell(new Started(LastSequenceNr));
        }
    }

    // Asynchronous: orders go on arriving while the database writes.
    protected override void OnCommand(object message)
    {
        if (message is Write write)
        {
            PersistAsync(write.Entry, _ => _parent.Tell(new Written()));
        }
        else
        {
            Unhandled(message);
        }
    }

    protected override void OnPersistFailure(Exception cause, object @event, long sequenceNr)
    {
        _parent.Tell(new Failed("could not be written", cause));
        base.OnPersistFailure(cause, @event, sequenceNr);
    }

    protected override void OnPersistRejected(Exception cause, object @event, long sequenceNr) => _parent.Tell(new Failed("refused an event", cause));

    protected override void OnRecoveryFailure(Exception reason, object? message = null)
    {
        _parent.Tell(new Failed("could not be read", reason));
        base.OnRecoveryFailure(reason, message!);
    }
}

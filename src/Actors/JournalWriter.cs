using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Actors.Observation;
using Akka.Actor;
using Akka.Persistence;

namespace ActorMultiscale.Actors;

/// <summary>
/// Writes to the journal of one run; it is read by others. The plugin ends it when a write fails; what was under way is known to its parent,
/// who makes another one, under another number.
/// </summary>
internal sealed class JournalWriter : UntypedPersistentActor
{
    private readonly IActorRef _parent;
    private readonly long _number;
    private readonly WorkAccount _account;

    public JournalWriter(string persistenceId, long number, IActorRef parent, WorkAccount account) => (PersistenceId, _number, _parent, _account) = (persistenceId, number, parent, account);

    public override string PersistenceId { get; }

    // It asks for the number of the last event alone.
    public override Recovery Recovery => Recovery.None;

    public sealed record Write(JournalEntry Entry);

    public sealed record Written(long Writer);

    /// <summary>It will write after event <paramref name="Last"/>.</summary>
    public sealed record Started(long Writer, long Last);

    public sealed record Failed(long Writer, string What, Exception Cause);

    protected override bool AroundReceive(Receive receive, object message)
    {
        using var shift = _account.As(WorkPurpose.Journal);
        return base.AroundReceive(receive, message);
    }

    protected override void OnRecover(object message)
    {
        if (message is RecoveryCompleted)
        {
            _parent.Tell(new Started(_number, LastSequenceNr));
        }
    }

    protected override void OnCommand(object message)
    {
        if (message is Write write)
        {
            Persist(write.Entry, _ => _parent.Tell(new Written(_number)));
        }
        else
        {
            Unhandled(message);
        }
    }

    protected override void OnPersistFailure(Exception cause, object @event, long sequenceNr)
    {
        _parent.Tell(new Failed(_number, "could not be written", cause));
        base.OnPersistFailure(cause, @event, sequenceNr);
    }

    protected override void OnPersistRejected(Exception cause, object @event, long sequenceNr) => _parent.Tell(new Failed(_number, "refused an event", cause));

    protected override void OnRecoveryFailure(Exception reason, object? message = null)
    {
        _parent.Tell(new Failed(_number, "could not be read", reason));
        base.OnRecoveryFailure(reason, message!);
    }
}

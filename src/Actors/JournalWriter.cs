using ActorMultiscale.Actors.Journal;
using Akka.Actor;
using Akka.Persistence;

namespace ActorMultiscale.Actors;

/// <summary>
/// Reads the journal of one run, checks it, and writes to it. The plugin ends it when a write fails; what was under way is known to its parent,
/// who makes another one, and finds in the record how far the last one came.
/// </summary>
internal sealed class JournalWriter : UntypedPersistentActor
{
    private readonly RunHistory _history = new();
    private readonly IActorRef _parent;
    private string? _damage;

    public JournalWriter(string persistenceId, IActorRef parent) => (PersistenceId, _parent) = (persistenceId, parent);

    public override string PersistenceId { get; }

    public sealed record Write(JournalEntry Entry);

    public sealed record Written;

    /// <summary>The journal was read; <paramref name="Damage"/> says what is wrong with it, if anything.</summary>
    public sealed record Recovered(RunHistory History, string? Damage);

    public sealed record Failed(string What, Exception Cause);

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
                _parent.Tell(new Recovered(_history, _damage));
                break;
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

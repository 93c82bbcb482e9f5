using System.Collections.Immutable;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Actors.Observation;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Recording;
using ActorMultiscale.Physics.Fields;
using Akka.Actor;

namespace ActorMultiscale.Actors;

/// <summary>What participants tell the coordinator, apart from <see cref="CouplingEvent"/>.</summary>
internal static class ParticipantAnswer
{
    /// <summary>The participant stands at the start of the run, or at its snapshot.</summary>
    public sealed record Ready(int Participant, ImmutableArray<ImmutableArray<FieldSample>> Start);

    /// <summary>The participant cannot start.</summary>
    public sealed record CannotStart(int Participant, string Reason);

    /// <summary>The participant's state at a root boundary cannot be kept.</summary>
    public sealed record CannotSave(int Participant, string Reason);

    /// <summary>The participant did a job between two times on the observer's clock: an advance, or else the saving of its state.</summary>
    public sealed record Worked(int Participant, bool IsAdvance, long Began, long Ended);

    /// <summary>How far the participant has come in what it computes, from 0 to 1: for people only.</summary>
    public sealed record Underway(int Participant, double Done);

    /// <summary>The participant's state at a root boundary; null where that is on its way to the store, and <see cref="StateStored"/> follows.</summary>
    public sealed record Saved(int Participant, long Window, ParticipantState? State)
    {
        /// <summary>How long that took, ns, where the time was taken beside it; else 0.</summary>
        public long Nanoseconds { get; init; }
    }

    /// <summary>The state of a participant at a root boundary, or of one member of its team, is in the store.</summary>
    /// <param name="Participant">The participant.</param>
    /// <param name="Window">The boundary.</param>
    /// <param name="Part">Which part of the state it is, from 0.</param>
    /// <param name="Parts">How many the state has.</param>
    /// <param name="What">How it is known.</param>
    public sealed record StateStored(int Participant, long Window, int Part, int Parts, StatePart.Stored What);

    /// <summary>States cannot be stored, or read, and it does not pass.</summary>
    public sealed record StoreFails(string Reason);
}

/// <summary>What the coordinator tells the journal.</summary>
internal static class JournalOrder
{
    public sealed record Commit(ImmutableArray<WindowRecord> Records);

    public sealed record Keep(RunSnapshot Snapshot);

    public sealed record Fields(FieldBlock Block);

    public sealed record Note(string Text);

    /// <param name="What">The end.</param>
    /// <param name="Hash">Computes the final hash, where states lie in the store; null where it is known.</param>
    public sealed record End(RunEvent.RunEnded What, Func<StateReader, string>? Hash);

    /// <summary>Somebody else who writes for the run cannot use the store.</summary>
    public sealed record GiveUp(string Reason);
}

/// <summary>What the journal tells the supervisor and the coordinator.</summary>
internal static class JournalAnswer
{
    public sealed record Recovered(RunHistory History, RunSnapshot? Snapshot);

    public sealed record Announced(long Windows);

    /// <summary>Fields of so many bytes are in the record.</summary>
    public sealed record FieldsRecorded(long Bytes);

    public sealed record Diverged(WindowRecord Recorded, WindowRecord Computed);

    public sealed record Ended(RunEvent.RunEnded What);

    public sealed record Unusable(string Reason);

    public sealed record ReadyFor(IActorRef Coordinator, RunObserver? Observer);
}

/// <summary>How far a run has come, for those who watch.</summary>
/// <param name="Time">Where it stands, s.</param>
/// <param name="Accepted">Root windows accepted.</param>
/// <param name="Durable">Root windows durable.</param>
/// <param name="Iterations">Root iterations.</param>
/// <param name="Ledger">The ports marked as entries of the conservation ledger, by name.</param>
public sealed record RunProgress(double Time, long Accepted, long Durable, long Iterations, ImmutableArray<KeyValuePair<string, double>> Ledger)
{
    /// <summary>Participants that say how far they are in their present window, by name, from 0 to 1.</summary>
    public ImmutableArray<KeyValuePair<string, double>> Underway { get; init; } = [];

    /// <summary>Seconds that participants compute in a root window, in the order of the system, of a run over several nodes; empty otherwise, and before there is a measure.</summary>
    public ImmutableArray<double> Costs { get; init; } = [];
}

using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Actors.Cluster;

/// <summary>What the members of a team that is on several sites tell each other.</summary>
/// <param name="Participant">The participant that the team computes.</param>
/// <param name="Act">The number of the act to which it belongs: what of an earlier one comes later is dropped.</param>
internal abstract record TeamPacket(int Participant, long Act)
{
    /// <summary>Member 0 has a member do an act.</summary>
    public sealed record Order(int Participant, long Act, int Member, TeamAct What) : TeamPacket(Participant, Act);

    /// <summary>The result of an act is not wanted any more.</summary>
    public sealed record Cancel(int Participant, long Act, int Member) : TeamPacket(Participant, Act);

    /// <summary>A member has done its act.</summary>
    /// <param name="Participant">The participant.</param>
    /// <param name="Act">The act.</param>
    /// <param name="Member">The member.</param>
    /// <param name="Fault">Why it could not; null where it could.</param>
    public sealed record Done(int Participant, long Act, int Member, string? Fault) : TeamPacket(Participant, Act);

    /// <summary>A message from member to member.</summary>
    public sealed record Mail(int Participant, long Act, TeamMessage Message) : TeamPacket(Participant, Act);
}

/// <summary>What a member of a team does.</summary>
internal abstract record TeamAct
{
    private TeamAct() { }

    /// <summary>Set the state at the start of the run.</summary>
    public sealed record Initialize : TeamAct;

    /// <summary>Set the state of a snapshot.</summary>
    public sealed record Restore(StatePart State) : TeamAct;

    /// <summary>Advance; or only do what later orders rely on.</summary>
    public sealed record Advance(CouplingCommand.Advance What, bool PrepareOnly) : TeamAct;

    /// <summary>Keep the state at this root boundary: done when it is on its way to the store.</summary>
    public sealed record Save(long Window) : TeamAct;
}

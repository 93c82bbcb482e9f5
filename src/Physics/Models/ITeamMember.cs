using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Models;

/// <summary>
/// One of those who compute one participant together: a domain of a region, for instance. It owns a part of the state, knows nothing of the memory
/// of others, and gets what it needs of them as messages. It never waits: <see cref="TryRun"/> returns where a message is missing.
/// </summary>
/// <remarks>
/// <para>
/// Every member does the same acts in the same order: it begins one, and is run until the act is done. Messages are arrays of numbers with a
/// <see cref="TeamKey"/>; a member takes them by their keys, not as they come. What it computes may depend on what the messages hold and on
/// nothing else, so that the bits do not depend on who ran first, where, and on which threads.
/// </para>
/// <para>
/// Member 0 speaks for the team: it alone is given inputs and outputs, and it tells or asks the others by messages.
/// </para>
/// <para>An act that failed or was given up leaves a state that is good for nothing but being restored.</para>
/// </remarks>
public interface ITeamMember
{
    /// <summary>Begins to set the state at the start of the run. Forgets an act that was not done.</summary>
    /// <param name="loop">The way to run a loop on the threads of this member.</param>
    /// <param name="outputs">Of member 0: is written the start values; null for others.</param>
    void BeginInitialize(ChunkedLoop loop, PortWriter? outputs);

    /// <summary>Begins a window. Forgets an act that was not done.</summary>
    /// <param name="context">The window, and the threads of this member.</param>
    /// <param name="inputs">Of member 0: what peers tell the team; null for others.</param>
    /// <param name="outputs">Of member 0: is written what the team tells; null for others.</param>
    void BeginAdvance(AdvanceContext context, PortReader? inputs, PortWriter? outputs);

    /// <summary>Goes on as far as the messages reach that are there.</summary>
    /// <param name="inbox">What has come for it.</param>
    /// <param name="outbox">Takes what it sends.</param>
    /// <returns>Whether the act is done. If not, <see cref="WaitsFor"/> says what is missing.</returns>
    /// <exception cref="ScaleModelException">It cannot be computed.</exception>
    bool TryRun(TeamInbox inbox, TeamOutbox outbox);

    /// <summary>The message without which it cannot go on; null if there is none.</summary>
    TeamKey? WaitsFor { get; }

    /// <summary>Saves or restores its part of the state, between two acts.</summary>
    void Archive(StateArchive archive);
}

using System.Collections.Immutable;
using ActorMultiscale.Physics.Coupling.Distribution;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Coupling;

/// <summary>Why a participant did not advance.</summary>
public enum FailureKind
{
    /// <summary>The model threw, or wrote a number that is not finite. Repeating the same window would give the same.</summary>
    Model,

    /// <summary>The model did not answer within its time. Repeating the window must give the same numbers as if nothing had happened.</summary>
    Timeout,

    /// <summary>What computes the model is gone, such as the process that it runs in. The model is made anew and the same window repeated.</summary>
    Lost,

    /// <summary>The model did not even heed its cancellation. Its thread is lost, and the run ends.</summary>
    Unresponsive,
}

/// <summary>What the coupling machine is told.</summary>
public abstract record CouplingEvent
{
    private CouplingEvent() { }

    /// <summary>All participants stand at <paramref name="Tick"/>, after <paramref name="Window"/> root windows.</summary>
    public sealed record Started(long Tick, long Window) : CouplingEvent;

    /// <summary>A participant advanced; one list of samples per port of its description.</summary>
    public sealed record Advanced(int Participant, WindowAddress Address, ImmutableArray<ImmutableArray<FieldSample>> Samples) : CouplingEvent
    {
        /// <summary>The longest window, s, that the participant proposes to take next; null if it proposes nothing new.</summary>
        public double? Proposal { get; init; }

        /// <summary>The ports that stand on other points from the next window on.</summary>
        public ImmutableArray<MeshChange> Meshes { get; init; } = [];

        /// <summary>Whether ports stand on other points from the next window on, where the coordinator is not told on which.</summary>
        public bool ChangesMeshes { get; init; }

        /// <summary>The fingerprints of the participant's ports afterwards, where the coordinator is not told all samples; else default.</summary>
        public ImmutableArray<ulong> Fingerprints { get; init; }

        /// <summary>What the watches on the participant say then, in their order; default where there are none, or the coordinator reads them itself.</summary>
        public ImmutableArray<double> Watched { get; init; }

        /// <summary>How long it took, ns, where the time was taken beside it; else 0. It may decide where the participant is computed, and decides no number.</summary>
        public long Nanoseconds { get; init; }
    }

    /// <summary>The fields cannot go on, such as after a change of a mesh that cannot be mapped.</summary>
    public sealed record Broken(string Reason) : CouplingEvent;

    /// <summary>A participant could not advance.</summary>
    public sealed record Failed(int Participant, WindowAddress Address, FailureKind Kind, string Reason) : CouplingEvent;

    /// <summary>The residuals that <see cref="CouplingCommand.Measure"/> asked for, one per criterion, and the estimated coupling error of the window, 1 where it is just tolerated.</summary>
    public sealed record Measured(WindowAddress Address, ImmutableArray<Residual> Residuals, double Error = 0) : CouplingEvent;

    /// <summary>The root window's values are in place; <paramref name="BrokenLimit"/> says which conservation limit they pass, if any.</summary>
    public sealed record Accepted(ImmutableArray<ulong> Fingerprints, string? BrokenLimit) : CouplingEvent;

    /// <summary>Root windows up to <paramref name="Window"/> (a count) are durable.</summary>
    public sealed record Durable(long Window) : CouplingEvent;

    /// <summary>Somebody wants a snapshot at the next root boundary.</summary>
    public sealed record SnapshotRequested : CouplingEvent;

    /// <summary>The user wants the run to end at the next root boundary.</summary>
    public sealed record StopRequested : CouplingEvent;
}

/// <summary>How a run ended.</summary>
public enum RunOutcome
{
    /// <summary>It reached its end.</summary>
    Completed,

    /// <summary>The user stopped it at a root boundary; it can be resumed.</summary>
    Stopped,

    /// <summary>A window could not be computed.</summary>
    Failed,

    /// <summary>A conservation limit was passed.</summary>
    LimitBroken,
}

/// <summary>
/// What the coupling machine wants done. The first group are field operations, carried out where the fields are;
/// the others concern participants, the journal and the user.
/// </summary>
public abstract record CouplingCommand
{
    private CouplingCommand() { }

    /// <summary>A window of a group begins; its conduits hold their first guess. <paramref name="Again"/> if it was begun before and failed.</summary>
    public sealed record OpenWindow(int Group, TimeWindow Window, bool Again) : CouplingCommand;

    /// <summary>Take the samples of the event at hand.</summary>
    public sealed record Deliver(int Participant, TimeWindow Window) : CouplingCommand;

    /// <summary>All entries of a stage are done; forward conduits hold the fresh values from now on.</summary>
    public sealed record PublishStage(int Group, int Stage) : CouplingCommand;

    /// <summary>Measure the residuals of a group's criteria, and the error that its window controller watches; answered by <see cref="CouplingEvent.Measured"/>.</summary>
    public sealed record Measure(int Group, WindowAddress Address, TimeWindow Window) : CouplingCommand;

    /// <summary>Not converged: the next iterate, and everything inside back to the window's start.</summary>
    public sealed record Iterate(int Group) : CouplingCommand;

    /// <summary>A window of a group is done. For the root it is answered by <see cref="CouplingEvent.Accepted"/>.</summary>
    public sealed record AcceptWindow(int Group, TimeWindow Window) : CouplingCommand;

    /// <summary>
    /// A participant advances: first, in this order, it is made anew from its factory (<paramref name="Rebuild"/>), goes back to the
    /// checkpoint of the group at depth <paramref name="RestoreDepth"/> (unless −1), and keeps its state for the groups whose
    /// depths are set in <paramref name="SaveDepths"/>.
    /// </summary>
    public sealed record Advance(int Participant, WindowAddress Address, TimeWindow Window, string? Phase, bool Rebuild, int RestoreDepth, int SaveDepths) : CouplingCommand;

    /// <summary>Tell all sites of a run whose fields lie on several: the next entry of their script.</summary>
    public sealed record Script(ScriptEntry Entry) : CouplingCommand;

    /// <summary>A root window is decided.</summary>
    public sealed record Commit(WindowRecord Record) : CouplingCommand;

    /// <summary>All participants keep their state at this root boundary for good.</summary>
    public sealed record TakeSnapshot(long Window, long Tick) : CouplingCommand;

    /// <summary>The run is over. Whoever carries this out waits for what was committed to be durable.</summary>
    public sealed record Finish(RunOutcome Outcome, long Window, long Tick, string Reason) : CouplingCommand;

    /// <summary>Something for the log: a failure that is retried, a window that did not converge.</summary>
    public sealed record Note(string Text) : CouplingCommand;
}

/// <summary>What the journal keeps of a root window.</summary>
/// <param name="Index">How many root windows were accepted before.</param>
/// <param name="StartTick">Start.</param>
/// <param name="EndTick">End.</param>
/// <param name="Iterations">Iterations of the root group in the attempt that was accepted.</param>
/// <param name="InnerWindows">Windows of nested groups that were accepted inside, over all iterations of the attempts that were accepted.</param>
/// <param name="InnerIterations">Their iterations.</param>
/// <param name="Attempts">How often this window, or one inside that was accepted, was begun anew after a failure.</param>
/// <param name="Converged">Whether every implicit group met its criteria in every window.</param>
/// <param name="Residuals">The root's residuals ‖H(x) − x‖, one per criterion.</param>
/// <param name="Fingerprints">One per out-port (in the order of <see cref="CoupledSystem.OutPorts"/>), over all that it wrote in the attempts that were accepted, in order.</param>
public sealed record WindowRecord(long Index, long StartTick, long EndTick, int Iterations, int InnerWindows, int InnerIterations,
    int Attempts, bool Converged, ImmutableArray<double> Residuals, ImmutableArray<ulong> Fingerprints);

using System.Collections.Immutable;
using ActorMultiscale.Physics.Coupling.Mapping;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Coupling;

/// <summary>
/// An experiment made ready to run: names resolved to indices, layouts known, mappings built, windows in ticks.
/// Immutable; made by <see cref="Composition.Compose"/>.
/// </summary>
public sealed class CoupledSystem
{
    internal CoupledSystem(Experiment experiment, ImmutableArray<ParticipantNode> participants, ImmutableArray<ConduitNode> conduits,
        ImmutableArray<GroupNode> groups, double tickLength, long endTick)
    {
        Experiment = experiment;
        Participants = participants;
        Conduits = conduits;
        Groups = groups;
        TickLength = tickLength;
        EndTick = endTick;
        var (outgoing, incoming) = (conduits.ToLookup(c => c.Producer), conduits.ToLookup(c => c.Consumer));
        Outgoing = [.. participants.Select(p => outgoing[p.Index].ToImmutableArray())];
        Incoming = [.. participants.Select(p => incoming[p.Index].ToImmutableArray())];
    }

    /// <summary>The experiment that was composed.</summary>
    public Experiment Experiment { get; }

    /// <summary>Participants in ordinal order of their names: the order of everything that is summed or hashed.</summary>
    public ImmutableArray<ParticipantNode> Participants { get; }

    /// <summary>Conduits, in the experiment's order.</summary>
    public ImmutableArray<ConduitNode> Conduits { get; }

    /// <summary>Of each participant the conduits that it writes, in their order.</summary>
    public ImmutableArray<ImmutableArray<ConduitNode>> Outgoing { get; }

    /// <summary>Of each participant the conduits that it reads, in their order.</summary>
    public ImmutableArray<ImmutableArray<ConduitNode>> Incoming { get; }

    /// <summary>Groups, parents before children; the root first.</summary>
    public ImmutableArray<GroupNode> Groups { get; }

    /// <summary>What is watched, in the experiment's order.</summary>
    public ImmutableArray<WatchNode> Watches { get; init; } = [];

    /// <summary>Length of a tick, s: the shortest nominal window is at least 2²⁰ ticks.</summary>
    public double TickLength { get; }

    /// <summary>The tick at which the run ends.</summary>
    public long EndTick { get; }

    /// <summary>The root group.</summary>
    public GroupNode Root => Groups[0];

    /// <summary>The number of root windows of an undisturbed run.</summary>
    public long NominalWindows => (EndTick + Root.NominalTicks - 1) / Root.NominalTicks;

    /// <summary>The window between two ticks.</summary>
    public TimeWindow Window(long start, long end) => new(start, end, TickLength);

    /// <summary>The out-ports of all participants, <c>participant.port</c>, in the order of a <see cref="WindowRecord"/>'s fingerprints.</summary>
    public IEnumerable<string> OutPorts =>
        from participant in Participants
        from layout in participant.Description.Ports
        where layout.Port.Direction == PortDirection.Out
        select $"{participant.Name}.{layout.Port.Name}";
}

/// <summary>A participant of a coupled system.</summary>
/// <param name="Index">Position in <see cref="CoupledSystem.Participants"/>.</param>
/// <param name="Spec">What the experiment says.</param>
/// <param name="Description">What the model says of itself.</param>
/// <param name="Group">Index of the group that it is a member of.</param>
public sealed record ParticipantNode(int Index, Participant Spec, ModelDescription Description, int Group)
{
    /// <summary>The participant's name.</summary>
    public string Name => Spec.Name;

    /// <summary>For each port the index of the conduit that leads to it, or −1.</summary>
    public required ImmutableArray<int> IncomingConduits { get; init; }

    /// <summary>For each vector port the indices of the conduits that lead to its slots, in order; empty for other ports.</summary>
    public required ImmutableArray<ImmutableArray<int>> SlotConduits { get; init; }
}

/// <summary>A conduit of a coupled system. It belongs to the innermost group that contains both its ends.</summary>
/// <param name="Index">Position in <see cref="CoupledSystem.Conduits"/>.</param>
/// <param name="Spec">What the experiment says.</param>
/// <param name="Producer">Index of the writing participant.</param>
/// <param name="ProducerPort">Index of the out-port in its description.</param>
/// <param name="Consumer">Index of the reading participant.</param>
/// <param name="ConsumerPort">Index of the in-port in its description.</param>
/// <param name="Group">Index of the group to which the conduit belongs.</param>
/// <param name="ProducerStage">The stage of the group after which fresh values are there.</param>
/// <param name="IsBackward">
/// Whether the consumer advances before, or together with, the producer. It then reads an iterate (or the last window's value);
/// the backward conduits of an implicit group are the unknowns of its fixed-point problem.
/// </param>
/// <param name="Meaning">How samples stand in time.</param>
/// <param name="Map">The mapping between point sets as they are at the start; null for point by point.</param>
public sealed record ConduitNode(int Index, Conduit Spec, int Producer, int ProducerPort, int Consumer, int ConsumerPort,
    int Group, int ProducerStage, bool IsBackward, TimeMeaning Meaning, IDataMapping? Map)
{
    /// <summary>Index of the producer's port that holds the gradient for the mapping; −1 for none.</summary>
    public int GradientPort { get; init; } = -1;

    /// <summary>The slot of the producer's vector port; −1 for the whole port.</summary>
    public int FromSlot { get; init; } = -1;

    /// <summary>The slot of the consumer's vector port; −1 for the whole port.</summary>
    public int ToSlot { get; init; } = -1;
}

/// <summary>A group of a coupled system.</summary>
/// <param name="Index">Position in <see cref="CoupledSystem.Groups"/>.</param>
/// <param name="Spec">Name, scheme, windows per parent window, halvings.</param>
/// <param name="Parent">Index of the parent; −1 for the root.</param>
/// <param name="Depth">0 for the root.</param>
/// <param name="Stages">Its stages, resolved.</param>
/// <param name="NominalTicks">Length of an undisturbed window.</param>
/// <param name="Measured">For each convergence criterion the index of its conduit.</param>
public sealed record GroupNode(int Index, CouplingGroup Spec, int Parent, int Depth, ImmutableArray<ImmutableArray<StageEntry>> Stages,
    long NominalTicks, ImmutableArray<int> Measured)
{
    /// <summary>Participants anywhere below, by index.</summary>
    public required ImmutableArray<int> Leaves { get; init; }

    /// <summary>Groups anywhere below, by index.</summary>
    public required ImmutableArray<int> Subgroups { get; init; }

    /// <summary>
    /// Whether the state at the start of each of its windows is kept: where it iterates, may be halved, or has members whose
    /// time is limited. A group that never goes back keeps none.
    /// </summary>
    public required bool KeepsCheckpoint { get; init; }

    /// <summary>Whether one of its windows may be begun anew, shorter or as it was, after a failure.</summary>
    public required bool MayBeginAnew { get; init; }

    /// <summary>How its lengths are chosen; null for windows of equal length.</summary>
    public WindowLengths? Lengths { get; init; }

    /// <summary>The shortest window that halving may reach.</summary>
    public long ShortestTicks => Lengths?.ShortestTicks ?? Math.Max(1, NominalTicks >> Spec.Halvings);
}

/// <summary>A window policy, resolved.</summary>
/// <param name="ShortestTicks">The shortest window.</param>
/// <param name="LongestTicks">The longest.</param>
/// <param name="Follows">Participants whose proposals bound the windows.</param>
/// <param name="Controller">Adapts the windows to an error; null for none.</param>
/// <param name="Bonds">Conduits of the controller's power bonds: effort, flow.</param>
/// <param name="Watched">Conduits whose first guess is compared with what was accepted, where there are no bonds.</param>
public sealed record WindowLengths(long ShortestTicks, long LongestTicks, ImmutableArray<int> Follows, WindowController? Controller,
    ImmutableArray<(int Effort, int Flow)> Bonds, ImmutableArray<int> Watched);

/// <summary>An entry of a stage: a participant, in a phase or as a whole, or a nested group.</summary>
/// <param name="Participant">Index of the participant, or −1.</param>
/// <param name="Phase">The phase in which it advances; null for a model without phases.</param>
/// <param name="Group">Index of the nested group, or −1.</param>
public readonly record struct StageEntry(int Participant, string? Phase, int Group);

using System.Collections.Immutable;

namespace ActorMultiscale.Actors.Observation;

/// <summary>Everything that was observed of a run, read from its file.</summary>
public sealed record RunObservations
{
    /// <summary>Names of the participants, in ordinal order.</summary>
    public ImmutableArray<string> Participants { get; init; } = [];

    /// <summary>The conduits, <c>from → to</c>, with the index of the participant that reads.</summary>
    public ImmutableArray<(string Name, int Reader)> Conduits { get; init; } = [];

    /// <summary>The implicit groups' iterations, in order.</summary>
    public ImmutableArray<IterationRow> Iterations { get; init; } = [];

    /// <summary>What is watched.</summary>
    public ImmutableArray<WatchColumn> Watches { get; init; } = [];

    /// <summary>What the watches said, in order: a row a root window.</summary>
    public ImmutableArray<WatchRow> WatchRows { get; init; } = [];

    /// <summary>Where the time went, in order.</summary>
    public ImmutableArray<TimingRow> Timings { get; init; } = [];

    /// <summary>What the processes of a run on nodes have spent, in order, some rows a second for each site and for the coordinator.</summary>
    public ImmutableArray<WorkRow> Work { get; init; } = [];
}

/// <summary>One row of the iteration table: what one criterion saw in one iteration.</summary>
/// <param name="RootWindow">Index of the root window.</param>
/// <param name="Path">The address in the tree of groups.</param>
/// <param name="Group">Name of the group.</param>
/// <param name="Start">Start of the group's window, s.</param>
/// <param name="End">Its end, s.</param>
/// <param name="Attempt">How often the window was begun anew.</param>
/// <param name="Iteration">Index of the iteration, from 0.</param>
/// <param name="Converged">Whether the group had converged.</param>
/// <param name="Conduit">The conduit of the criterion; empty where the group has none.</param>
/// <param name="Distance">‖H(x) − x‖; null where the group has no criterion.</param>
/// <param name="Norm">‖H(x)‖; null where the group has no criterion.</param>
public sealed record IterationRow(long RootWindow, string Path, string Group, double Start, double End, int Attempt, int Iteration, bool Converged,
    string Conduit, double? Distance, double? Norm);

/// <summary>A watch.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Unit">The unit of its numbers.</param>
/// <param name="Components">How many there are.</param>
public sealed record WatchColumn(string Name, string Unit, int Components);

/// <summary>What all watches said at the end of a root window.</summary>
/// <param name="Window">Index of the root window.</param>
/// <param name="Time">Its end, s.</param>
/// <param name="Values">The numbers of the watches in order.</param>
public sealed record WatchRow(long Window, double Time, ImmutableArray<double> Values);

/// <summary>What somebody did for a while.</summary>
public enum WorkKind
{
    /// <summary>A participant advanced.</summary>
    Computing,

    /// <summary>A participant's state was saved for a snapshot.</summary>
    Persisting,

    /// <summary>Values were mapped for the participant that reads them.</summary>
    Mapping,

    /// <summary>A group's next iterate was made.</summary>
    Accelerating,

    /// <summary>The store wrote, beside everything else.</summary>
    Storing,
}

/// <summary>Somebody at work.</summary>
/// <param name="Kind">What was done.</param>
/// <param name="Who">Index of the participant (computing, persisting), the conduit (mapping) or the group (accelerating); 0 for the store.</param>
/// <param name="Begin">Begin, ns since the first process of the run began.</param>
/// <param name="Length">How long it took, ns.</param>
public readonly record struct WorkSpan(WorkKind Kind, int Who, long Begin, long Length);

/// <summary>What a site, or the coordinator, had spent at some time.</summary>
/// <param name="Incarnation">How often the run had begun, or gone on, by then: sums begin anew with each.</param>
/// <param name="Windows">Root windows that this incarnation had accepted by then.</param>
/// <param name="Site">The site; <see cref="Coordinator"/> for the coordinator.</param>
/// <param name="Sum">What it had spent since the incarnation began.</param>
public sealed record WorkRow(int Incarnation, long Windows, int Site, WorkSum Sum)
{
    /// <summary>The number under which the coordinator stands.</summary>
    public const int Coordinator = -1;
}

/// <summary>Where the time of one participant went, ns.</summary>
/// <param name="Computing">In its own advances.</param>
/// <param name="Mapping">In mappings of what it reads.</param>
/// <param name="Persisting">In saving its state.</param>
/// <param name="Advances">How often it advanced.</param>
public readonly record struct ParticipantTime(long Computing, long Mapping, long Persisting, long Advances);

/// <summary>Where the time of a root window went; of several that follow each other, where they take less than a millisecond together.</summary>
/// <param name="Window">Index of the first root window.</param>
/// <param name="Windows">How many there are; none for what was done after the last window, which is its snapshot.</param>
/// <param name="Begin">Begin, ns since the first process of the run began.</param>
/// <param name="Length">How long it took, ns.</param>
/// <param name="Participants">By participant.</param>
/// <param name="Accelerating">Time in the accelerations of all groups, ns.</param>
/// <param name="Storing">Time in which the store wrote beside the run, ns.</param>
/// <param name="Spans">What was done when; empty for several windows together.</param>
public sealed record TimingRow(long Window, long Windows, long Begin, long Length, ImmutableArray<ParticipantTime> Participants,
    long Accelerating, long Storing, ImmutableArray<WorkSpan> Spans)
{
    /// <summary>How long a participant waited for others, ns: what is left of the time.</summary>
    public long Waiting(int participant)
    {
        var own = Participants[participant];
        return Math.Max(0, Length - own.Computing - own.Mapping - own.Persisting);
    }
}

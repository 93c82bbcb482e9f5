using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Actors.Observation;

namespace ActorMultiscale.Actors;

/// <summary>How a run is carried out. None of it changes a bit of the result.</summary>
public sealed record RunSettings
{
    /// <summary>Where so many bytes of fields wait to be stored, the run waits too.</summary>
    public const long MostFieldsWaiting = 64 << 20;

    /// <summary>Where so many bytes of states wait at a site to be stored, members of teams wait there before they archive theirs.</summary>
    public const long MostStatesWaiting = 64 << 20;

    /// <summary>How many threads compute: models side by side, and loops inside a model.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>How long a cancelled advance may take to end before it is given up.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How often progress is told.</summary>
    public TimeSpan ProgressEvery { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Where iterations, watches and times are kept; null for nowhere. Of use for recorded runs.</summary>
    public ObservationStore? Observations { get; init; }

    /// <summary>Whether iterations and times are kept too, and not the experiment's watches alone.</summary>
    public bool ObservesDetails { get; init; } = true;

    /// <summary>Whether fields are recorded, of those participants whose experiment wants it. Of use for recorded runs.</summary>
    public bool RecordsFields { get; init; } = true;

    /// <summary>How long a run waits for a database that is away before it ends. It can be resumed then.</summary>
    public TimeSpan StorePatience { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>The clock.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>What each job needs; null where a job needs nothing but to be ordered.</summary>
    internal WorkPermit? Permit { get; init; }

    /// <summary>Where it is summed up what processors work for.</summary>
    internal WorkAccount Account { get; init; } = WorkAccount.None;
}

/// <summary>The beginning, or the going on, of a recorded run.</summary>
/// <param name="Run">The run's name.</param>
/// <param name="Origin">What it was started from.</param>
/// <param name="Machine">Where it is carried out now.</param>
/// <param name="Until">Where it ends, s.</param>
public sealed record RunStart(string Run, RunOrigin Origin, MachineStamp Machine, double Until);

/// <summary>How a run through the actors ended.</summary>
public enum RunStatus
{
    /// <summary>It reached its end.</summary>
    Completed,

    /// <summary>The user stopped it at a root boundary; it can be resumed.</summary>
    Stopped,

    /// <summary>A window could not be computed; the last good one is kept.</summary>
    Failed,

    /// <summary>A conservation limit was passed.</summary>
    LimitBroken,

    /// <summary>The store failed.</summary>
    StoreUnavailable,

    /// <summary>A window that had been committed came out otherwise when it was computed again.</summary>
    Diverged,

    /// <summary>A node, or the way to it, was lost: the run goes on from its last snapshot with those that are left.</summary>
    SitesLost,
}

/// <summary>What a run through the actors left.</summary>
/// <param name="Status">How it ended.</param>
/// <param name="Result">Windows, hash and numbers.</param>
public sealed record RunReport(RunStatus Status, Physics.Coupling.RunResult Result);

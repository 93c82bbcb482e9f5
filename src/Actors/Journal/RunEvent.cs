using System.Collections.Immutable;
using ActorMultiscale.Physics.Coupling;

namespace ActorMultiscale.Actors.Journal;

/// <summary>
/// What a run's journal holds: the decisions of the run, in order. Time stands in the event, never asked for when it is read.
/// Versioned and extend-only: a member may be added with a default, never renamed, moved or given another meaning.
/// </summary>
public abstract record RunEvent
{
    private RunEvent() { }

    /// <summary>When it was written.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>SHA-256 of the event before, hex; empty for the first. Makes a missing or changed event visible.</summary>
    public string Previous { get; init; } = "";

    /// <summary>The run began.</summary>
    public sealed record RunStarted : RunEvent
    {
        /// <summary>What was started.</summary>
        public required RunOrigin Origin { get; init; }
    }

    /// <summary>A coordinator took the run over.</summary>
    public sealed record CoordinatorStarted : RunEvent
    {
        /// <summary>Number of the incarnation, from 1.</summary>
        public required int Epoch { get; init; }

        /// <summary>Where it ran.</summary>
        public required MachineStamp Machine { get; init; }

        /// <summary>Where the run ends from now on, s.</summary>
        public required double Until { get; init; }
    }

    /// <summary>Root windows were accepted, in order.</summary>
    public sealed record WindowsCommitted : RunEvent
    {
        /// <summary>The windows.</summary>
        public required ImmutableArray<WindowRecord> Windows { get; init; }
    }

    /// <summary>All participants kept their state. The chunks were stored before this event was written.</summary>
    public sealed record SnapshotTaken : RunEvent
    {
        /// <summary>The cut.</summary>
        public required SnapshotReference Snapshot { get; init; }

        /// <summary>What was counted up to there (<see cref="RunMetrics.Counts"/>); empty in records of before format 4.</summary>
        public ImmutableArray<long> Counted { get; init => field = value.IsDefault ? [] : value; } = [];

        /// <summary>From where on the journal is to be read to go on from here; null in records of before format 4.</summary>
        public JournalMark? From { get; init; }
    }

    /// <summary>The fields of some root windows were recorded. The chunks were stored before this event was written, and the windows are committed.</summary>
    public sealed record FieldsRecorded : RunEvent
    {
        /// <summary>The windows and their chunks, in order.</summary>
        public required ImmutableArray<FieldsReference> Fields { get; init => field = value.IsDefault ? [] : value; }
    }

    /// <summary>Snapshots were let go: their chunks are gone on purpose, unless something else refers to them. Never the newest one, nor what a fork began with.</summary>
    public sealed record SnapshotsReleased : RunEvent
    {
        /// <summary>The windows of the snapshots.</summary>
        public required ImmutableArray<long> Windows { get; init; }
    }

    /// <summary>Something a reader of the record should know: a failure that was retried, a window that did not converge.</summary>
    public sealed record Noted : RunEvent
    {
        /// <summary>What happened.</summary>
        public required string Text { get; init; }
    }

    /// <summary>The run ended, for now or for good.</summary>
    public sealed record RunEnded : RunEvent
    {
        /// <summary>How.</summary>
        public required RunOutcome Outcome { get; init; }

        /// <summary>Why, where it did not complete.</summary>
        public required string Reason { get; init; }

        /// <summary>How many root windows it has.</summary>
        public required long Windows { get; init; }

        /// <summary>The hash by which two runs are called the same.</summary>
        public required string FinalHash { get; init; }

        /// <summary>Its numbers.</summary>
        public required ImmutableSortedDictionary<string, double> Metrics { get; init; }
    }
}

/// <summary>What a run was started from; enough to start it again.</summary>
/// <remarks>Members that older records do not have are read as nothing, which the reader sets like any value: hence the care in their setters.</remarks>
public sealed record RunOrigin
{
    /// <summary>The run's name.</summary>
    public required string Run { get; init; }

    /// <summary>The experiment's name.</summary>
    public required string Experiment { get; init; }

    /// <summary>The file as the user named it; empty for an experiment written in code.</summary>
    public string File { get; init => field = value ?? ""; } = "";

    /// <summary>The text of the file.</summary>
    public string Text { get; init => field = value ?? ""; } = "";

    /// <summary>The settings given on the command line, <c>key=value</c>.</summary>
    public ImmutableArray<string> Overrides { get; init => field = value.IsDefault ? [] : value; } = [];

    /// <summary>Files that the models read; their text is kept as chunks.</summary>
    public ImmutableArray<InputReference> Inputs { get; init => field = value.IsDefault ? [] : value; } = [];

    /// <summary>Assemblies of user-written models.</summary>
    public ImmutableArray<InputReference> Libraries { get; init => field = value.IsDefault ? [] : value; } = [];

    /// <summary>Which of the experiment's run stages it is; empty for an experiment without.</summary>
    public string Stage { get; init => field = value ?? ""; } = "";

    /// <summary>The run in whose state it begins; empty for a run that begins by itself.</summary>
    public string Parent { get; init => field = value ?? ""; } = "";

    /// <summary>How many root windows the parent had then.</summary>
    public long ParentWindow { get; init; }

    /// <summary>The states that participants bring along from the parent; the bytes are kept as chunks.</summary>
    public ImmutableArray<InputReference> Carried { get; init => field = value.IsDefault ? [] : value; } = [];

    /// <summary>The snapshot with which the run begins, its chunks in the run's own store; null for a run that begins at its beginning.</summary>
    public SnapshotReference? Begins { get; init; }

    /// <summary>What was counted up to there (<see cref="RunMetrics.Counts"/>): the parent's windows are also this run's.</summary>
    public ImmutableArray<long> Counted { get; init => field = value.IsDefault ? [] : value; } = [];

    /// <summary>Version of the program.</summary>
    public required string Program { get; init; }

    /// <summary>Seed of all random numbers.</summary>
    public ulong Seed { get; init; }
}

/// <summary>A file by name and content.</summary>
/// <param name="Name">The path as the user wrote it.</param>
/// <param name="Hash">SHA-256 of its bytes, hex.</param>
public sealed record InputReference(string Name, string Hash);

/// <summary>What decides about bits apart from the program: equal stamps promise equal results.</summary>
/// <param name="OperatingSystem">Name and architecture.</param>
/// <param name="Runtime">Version of .NET.</param>
/// <param name="Vectors">Widest vector instructions in use.</param>
public sealed record MachineStamp(string OperatingSystem, string Runtime, string Vectors);

/// <summary>The recorded fields of some root windows, by the hash of their chunk.</summary>
/// <param name="First">Index of the first window.</param>
/// <param name="Windows">How many windows.</param>
/// <param name="Bytes">How many bytes the chunk has before it is compressed.</param>
/// <param name="Chunk">The chunk.</param>
public sealed record FieldsReference(long First, int Windows, long Bytes, string Chunk)
{
    /// <summary>The window behind the last one.</summary>
    public long End => First + Windows;
}

/// <summary>A snapshot by the hashes of its chunks.</summary>
/// <param name="Window">How many root windows were accepted.</param>
/// <param name="Tick">Where the run stands.</param>
/// <param name="Fields">Chunk of the fields between participants.</param>
/// <param name="States">Chunks of the participants' archives, in ordinal order of names; of one that a team computes those of its members, one after the other.</param>
public sealed record SnapshotReference(long Window, long Tick, string Fields, ImmutableArray<string> States)
{
    /// <summary>Of each participant how many of the states are its; empty where each has one, and in records of before format 5, where the state of a team is one archive.</summary>
    public ImmutableArray<int> Members { get; init => field = value.IsDefault ? [] : value; } = [];

    /// <summary>The states of each participant.</summary>
    public IEnumerable<ImmutableArray<string>> ByParticipant()
    {
        var at = 0;
        foreach (var members in Members.IsEmpty ? Enumerable.Repeat(1, States.Length) : Members)
        {
            yield return States.Slice(at, members);
            at += members;
        }
    }

    /// <summary>The reference to a snapshot that is here.</summary>
    public static SnapshotReference Of(RunSnapshot snapshot)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        return Of(snapshot, RunEventCodec.Hash(snapshot.Fields), [.. snapshot.States.SelectMany(state => state.Parts).Select(part => part is StatePart.Here here ? RunEventCodec.Hash(here.Bytes) : ((StatePart.Stored)part).Hash)]);
    }

    /// <summary>The reference to a snapshot.</summary>
    /// <param name="snapshot">The snapshot.</param>
    /// <param name="fields">The hash of its fields.</param>
    /// <param name="states">The hashes of the parts of its states, in order.</param>
    internal static SnapshotReference Of(RunSnapshot snapshot, string fields, ImmutableArray<string> states) => new(snapshot.Window, snapshot.Tick, fields, states)
    {
        Members = snapshot.States.All(state => state.Parts.Length == 1) ? [] : [.. snapshot.States.Select(state => state.Parts.Length)],
    };
}

/// <summary>Where a reader of the journal may begin who goes on from a snapshot: everything after the snapshot stands from there on.</summary>
/// <param name="Event">Number of the first event to read, from 1: the one with the first window after the snapshot, or the snapshot's own.</param>
/// <param name="Previous">SHA-256 of the event before it, hex.</param>
/// <param name="Windows">How many root windows the events before it commit.</param>
/// <param name="First">SHA-256 of the first event, hex, which says what was started.</param>
/// <param name="Epoch">The incarnation that took the snapshot.</param>
/// <param name="Until">Where the run ends, s, as it was when the snapshot was taken.</param>
/// <param name="Machine">Where it was taken.</param>
public sealed record JournalMark(long Event, string Previous, long Windows, string First, int Epoch, double Until, MachineStamp Machine);

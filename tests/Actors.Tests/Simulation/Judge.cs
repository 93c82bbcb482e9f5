using ActorMultiscale.Actors;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Actors.Protocol;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Recording;

namespace ActorMultiscale.Tests.Actors.Simulation;

/// <summary>A simulated run broke a promise.</summary>
internal sealed class BrokenPromiseException(string message) : Exception(message);

/// <summary>
/// Knows what must hold, and nothing of how it is brought about: it looks at what reaches the disk, at what participants are made to
/// compute, and at what the coordinator is told, and compares with the undisturbed run.
/// </summary>
internal sealed class Judge
{
    private readonly CoupledSystem _system;
    private readonly List<WindowRecord> _expected = [];
    private readonly List<string> _complaints;
    private readonly HashSet<(SimulatedProcess By, long Host, int Participant, WindowAddress Address)> _computed = [];
    private readonly HashSet<(SimulatedProcess By, int Participant, object What)> _delivered = [];
    private readonly HashSet<(SimulatedProcess By, long Windows, string Hash)> _ends = [];
    private SimulatedProcess? _owner;
    private string _head = "";
    private long _events;
    private readonly List<FieldsReference> _fields = [];
    private long _told;

    public Judge(CoupledSystem system, List<string> complaints)
    {
        (_system, _complaints) = (system, complaints);
        Expected = new SerialRunner(system)
        {
            OnWindow = record =>
            {
                _expected.Add(record);
                return true;
            },
        }.Run();
    }

    /// <summary>The result of the undisturbed run.</summary>
    public RunResult Expected { get; }

    /// <summary>How many root windows are on the disk.</summary>
    public long Durable { get; private set; }

    /// <summary>How the run ended by the record, if it ended.</summary>
    public RunEvent.RunEnded? End { get; private set; }

    /// <summary>An event reached the disk.</summary>
    public void Appended(SimulatedProcess by, JournalEntry entry, SimulatedDisk disk)
    {
        var what = RunEventCodec.Decode(entry);
        Require(what.Previous == _head, $"event {_events + 1} does not follow event {_events}");
        Require(what is RunEvent.RunStarted == (_events == 0), $"a run starts once");
        (_events, _head) = (_events + 1, RunEventCodec.HashOf(entry));
        if (what is RunEvent.CoordinatorStarted started)
        {
            Require(started.Epoch == Epoch + 1, $"epoch {started.Epoch} follows epoch {Epoch}");
            (_owner, Epoch, End) = (by, started.Epoch, null);
            return;
        }

        Require(what is RunEvent.RunStarted || by == _owner, $"{by} writes, although {_owner} has taken the run");
        switch (what)
        {
            case RunEvent.WindowsCommitted committed:
                foreach (var record in committed.Windows)
                {
                    Require(record.Index == Durable, $"window {record.Index} is written where window {Durable} is due");
                    Require(Durable < _expected.Count && AreSame(_expected[(int)Durable], record), $"window {record.Index} is not that of the undisturbed run");
                    Durable++;
                }

                break;
            case RunEvent.FieldsRecorded recorded:
                foreach (var fields in recorded.Fields)
                {
                    Require(fields.First == FieldsEnd, $"the fields from window {fields.First} on are named where those from {FieldsEnd} on are due");
                    Require(fields.End <= Durable, $"the fields up to window {fields.End} are named where {Durable} windows are durable");
                    Require(disk.Has(fields.Chunk), $"fields are named whose chunk is not stored");
                    _fields.Add(fields);
                }

                break;
            case RunEvent.SnapshotTaken { Snapshot: var snapshot }:
                Require(snapshot.Window <= FieldsEnd, $"a snapshot at window {snapshot.Window} is named where the fields up to {FieldsEnd} are recorded");
                Require(snapshot.Window <= Durable, $"a snapshot at window {snapshot.Window} is named where {Durable} are durable");
                Require(snapshot.States.Append(snapshot.Fields).All(disk.Has), $"a snapshot is named whose chunks are not stored");
                break;
            case RunEvent.RunEnded end:
                Require(end.Outcome != RunOutcome.Completed || FieldsEnd == end.Windows, $"the run ends after {end.Windows} windows where the fields up to {FieldsEnd} are recorded");
                Require(end.Outcome == RunOutcome.Completed ? end.Windows == Durable : end.Windows <= Durable, $"the run ends after {end.Windows} windows where {Durable} are durable");
                Require(end.Outcome != RunOutcome.Completed || end.FinalHash == Expected.FinalHash, $"the final hash is not that of the undisturbed run");
                End = end;
                _ends.Add((by, end.Windows, end.FinalHash));
                break;
        }
    }

    /// <summary>The window behind the last one whose fields are recorded.</summary>
    private long FieldsEnd => _fields.Count == 0 ? 0 : _fields[^1].End;

    /// <summary>When the run is over: the fields are those of the undisturbed run's windows, and every participant alone computes on them what it computed then.</summary>
    public void FieldsAreWhole(SimulatedDisk disk)
    {
        List<RecordedWindow> windows = [.. _fields.SelectMany(fields => FieldBlockReader.Read(_system, disk.Read(fields.Chunk))).Where(window => window.Index >= 0)];
        Require(windows.Select(w => (w.Index, w.StartTick, w.EndTick)).SequenceEqual(_expected.Take(windows.Count).Select(r => (r.Index, r.StartTick, r.EndTick))), $"the recorded fields are of other windows");
        foreach (var node in _system.Participants)
        {
            using var replay = new ParticipantReplay(_system, node.Index);
            var difference = windows.Select(replay.Advance).FirstOrDefault(d => d is not null);
            Require(difference is null, $"participant {node.Index} does something else on its recorded inputs: {difference}");
        }
    }

    /// <summary>The last incarnation of a coordinator that is on the disk.</summary>
    public int Epoch { get; private set; }

    /// <summary>A participant begins to compute.</summary>
    public void Computes(SimulatedProcess by, long host, int participant, ParticipantJob job)
    {
        if (job is not ParticipantJob.Advance { PrepareOnly: false, Order.Address: var address })
        {
            return;
        }

        var root = address;
        for (; root.Parent is not null; root = root.Parent)
        {
        }

        Require(root.Window <= by.Accepted, $"participant {participant} computes window {root.Window} where {by.Accepted} are accepted");
        Require(root.Window - Durable < _system.Experiment.RunAhead, $"participant {participant} computes window {root.Window} where {Durable} are durable, and may be {_system.Experiment.RunAhead} ahead");
        Require(_computed.Add((by, host, participant, address)), $"participant {participant} computes {address} twice");
    }

    /// <summary>An answer of a participant reaches the coordinator.</summary>
    public void Delivered(SimulatedProcess by, object answer)
    {
        (int, object)? what = answer switch
        {
            CouplingEvent.Advanced advanced => (advanced.Participant, advanced.Address),
            CouplingEvent.Failed failed => (failed.Participant, failed.Address),
            ParticipantAnswer.Ready ready => (ready.Participant, "ready"),
            ParticipantAnswer.Saved saved => (saved.Participant, saved.Window),
            _ => null,
        };
        if (what is var (participant, key))
        {
            Require(_delivered.Add((by, participant, key)), $"{by} is told twice what participant {participant} answered: {key}");
        }
    }

    /// <summary>The coordinator is told that windows are durable.</summary>
    public void Announced(long windows)
    {
        Require(windows <= Durable, $"{windows} windows are announced where {Durable} are durable");
        _told = Math.Max(_told, windows);
    }

    /// <summary>A record was read.</summary>
    public void WasRead(RunHistory history) => Require(history.Windows >= _told, $"{_told} windows were announced, and {history.Windows} are left");

    /// <summary>A process says that the run is over: whether it is as it would have been undisturbed.</summary>
    public bool IsDone(RunEvent.RunEnded end) =>
        (end.Outcome, end.Windows, end.FinalHash) == (Expected.Outcome, Expected.Windows, Expected.FinalHash);

    /// <summary>The end is announced.</summary>
    public void Ended(SimulatedProcess by, RunEvent.RunEnded end)
    {
        Require(_ends.Contains((by, end.Windows, end.FinalHash)), $"the end is announced, and is not durable");
        NothingIsWrong();
    }

    /// <summary>No model complains of what it was told to do.</summary>
    public void NothingIsWrong() => Require(_complaints.Count == 0, $"a model complains: {_complaints.FirstOrDefault()}");

    private static void Require(bool holds, FormattableString otherwise)
    {
        if (!holds)
        {
            throw new BrokenPromiseException(FormattableString.Invariant(otherwise));
        }
    }

    private static bool AreSame(WindowRecord a, WindowRecord b) => a.Fingerprints.AsSpan().SequenceEqual(b.Fingerprints.AsSpan())
        && a.Residuals.AsSpan().SequenceEqual(b.Residuals.AsSpan())
        && a with { Attempts = 0, Residuals = [], Fingerprints = [] } == b with { Attempts = 0, Residuals = [], Fingerprints = [] };
}

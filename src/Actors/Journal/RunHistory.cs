using ActorMultiscale.Physics.Coupling;

namespace ActorMultiscale.Actors.Journal;

/// <summary>The chain of hashes through a journal: every event carries the hash of the one before it.</summary>
public sealed class JournalChain
{
    /// <summary>How many events there are.</summary>
    public long Events { get; private set; }

    /// <summary>SHA-256 of the last event; empty before the first.</summary>
    public string HeadHash { get; private set; } = "";

    /// <summary>Takes the next entry.</summary>
    /// <exception cref="InvalidDataException">It does not follow the one before it.</exception>
    public RunEvent Follow(JournalEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        var what = RunEventCodec.Decode(entry);
        if (what.Previous != HeadHash)
        {
            throw new InvalidDataException($"Event {Events + 1} of the journal does not follow event {Events}: an event is missing, repeated or changed. The record cannot be trusted from there on.");
        }

        Advance(entry);
        return what;
    }

    /// <summary>Makes the next entry.</summary>
    public JournalEntry Extend(RunEvent what)
    {
        ArgumentNullException.ThrowIfNull(what);
        var entry = RunEventCodec.Encode(what with { Previous = HeadHash });
        Advance(entry);
        return entry;
    }

    /// <summary>Compares the end of the chain with the head that was written down with its last event.</summary>
    /// <exception cref="InvalidDataException">The tail is cut off, or is another.</exception>
    public void CheckHead(long events, string hash)
    {
        if (Events < events)
        {
            throw new InvalidDataException($"It has {Events} events, and had {events} when it was last written to: its tail is cut off.");
        }

        if (Events == events && HeadHash != hash)
        {
            throw new InvalidDataException("Its last event is not the one that was written: it has another hash.");
        }
    }

    private void Advance(JournalEntry entry)
    {
        Events++;
        HeadHash = RunEventCodec.HashOf(entry);
    }
}

/// <summary>What a journal says about its run: a pure fold over the events, which refuses a chain that is broken.</summary>
public sealed class RunHistory
{
    private readonly List<WindowRecord> _sinceSnapshot = [];
    private RunMetrics _metricsAtSnapshot = new();

    /// <summary>What was started; null for an empty journal.</summary>
    public RunOrigin? Origin { get; private set; }

    /// <summary>The machine of the last incarnation.</summary>
    public MachineStamp? Machine { get; private set; }

    /// <summary>The last incarnation of the coordinator.</summary>
    public int Epoch { get; private set; }

    /// <summary>Where the run ends, s.</summary>
    public double Until { get; private set; }

    /// <summary>How many root windows are committed.</summary>
    public long Windows { get; private set; }

    /// <summary>All snapshots that are kept, in order; the first of a fork is what it began with.</summary>
    public List<SnapshotReference> Snapshots { get; } = [];

    /// <summary>The last snapshot.</summary>
    public SnapshotReference? Snapshot => Snapshots.LastOrDefault();

    /// <summary>The windows of the snapshots that were let go.</summary>
    public SortedSet<long> Released { get; } = [];

    /// <summary>How the run ended, unless it was interrupted or goes on.</summary>
    public RunEvent.RunEnded? End { get; private set; }

    /// <summary>The windows after the last snapshot: they are computed again, and must come out the same.</summary>
    public IReadOnlyList<WindowRecord> SinceSnapshot => _sinceSnapshot;

    /// <summary>The numbers of the coupling as of the last snapshot.</summary>
    public RunMetrics MetricsAtSnapshot => _metricsAtSnapshot.Copy();

    /// <summary>What happened on the way.</summary>
    public List<string> Notes { get; } = [];

    /// <summary>The chain of hashes, up to the last event.</summary>
    public JournalChain Chain { get; } = new();

    /// <summary>Takes the next entry.</summary>
    /// <exception cref="InvalidDataException">The entry does not follow the one before it.</exception>
    public RunEvent Apply(JournalEntry entry)
    {
        var what = Chain.Follow(entry);
        Apply(what);
        return what;
    }

    /// <summary>Stands where the run begins: for one without events.</summary>
    public void Begin(RunOrigin origin)
    {
        ArgumentNullException.ThrowIfNull(origin);
        Origin = origin;
        if (origin.Begins is { } begins)
        {
            Snapshots.Add(begins);
            Windows = begins.Window;
            _metricsAtSnapshot = RunMetrics.From(origin.Counted);
        }
    }

    private void Apply(RunEvent what)
    {
        switch (what)
        {
            case RunEvent.RunStarted e:
                Begin(e.Origin);
                break;
            case RunEvent.CoordinatorStarted e:
                (Epoch, Machine, Until, End) = (e.Epoch, e.Machine, e.Until, null);
                break;
            case RunEvent.WindowsCommitted e:
                foreach (var record in e.Windows)
                {
                    if (record.Index != Windows)
                    {
                        throw new InvalidDataException($"The journal commits window {record.Index} where window {Windows} is due.");
                    }

                    _sinceSnapshot.Add(record);
                    Windows++;
                }

                break;
            case RunEvent.SnapshotTaken e:
                Snapshots.Add(e.Snapshot);
                foreach (var record in _sinceSnapshot.Where(r => r.Index < e.Snapshot.Window))
                {
                    _metricsAtSnapshot.Add(record);
                }

                _sinceSnapshot.RemoveAll(r => r.Index < e.Snapshot.Window);
                break;
            case RunEvent.SnapshotsReleased e:
                if (e.Windows.Contains(Snapshot?.Window ?? -1) || e.Windows.Contains(Origin?.Begins?.Window ?? -1))
                {
                    throw new InvalidDataException("The journal lets go of a snapshot that the run needs.");
                }

                Snapshots.RemoveAll(s => e.Windows.Contains(s.Window));
                Released.UnionWith(e.Windows);
                break;
            case RunEvent.Noted e:
                Notes.Add(e.Text);
                break;
            case RunEvent.RunEnded e:
                End = e;
                break;
            default:
                throw new InvalidOperationException($"The history knows no event {what.GetType().Name}.");
        }
    }
}

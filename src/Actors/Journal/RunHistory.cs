using System.Collections.Immutable;
using ActorMultiscale.Physics.Coupling;

namespace ActorMultiscale.Actors.Journal;

/// <summary>The chain of hashes through a journal: every event carries the hash of the one before it.</summary>
public sealed class JournalChain
{
    /// <summary>A chain from the first event on.</summary>
    public JournalChain() : this(0, "") { }

    /// <summary>A chain that goes on after event <paramref name="begin"/>, whose hash is <paramref name="hash"/>.</summary>
    internal JournalChain(long begin, string hash) => (Begin, Events, HeadHash) = (begin, begin, hash);

    /// <summary>The event after which it begins: 0 where everything is followed.</summary>
    internal long Begin { get; }

    /// <summary>How many events there are.</summary>
    public long Events { get; private set; }

    /// <summary>SHA-256 of the last event; empty before the first.</summary>
    public string HeadHash { get; private set; }

    /// <summary>Takes the next entry.</summary>
    /// <exception cref="InvalidDataException">It does not follow the one before it.</exception>
    public RunEvent Follow(JournalEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        var what = Decoded(Events + 1, entry);
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

    /// <summary>The event of an entry; who cannot read it says which one it is.</summary>
    internal static RunEvent Decoded(long number, JournalEntry entry)
    {
        try
        {
            return RunEventCodec.Decode(entry);
        }
        catch (InvalidDataException fault)
        {
            throw new InvalidDataException($"Event {number} of the journal cannot be used. {fault.Message}", fault);
        }
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

    /// <summary>The same where nobody writes meanwhile: it has no more events than the head says, either.</summary>
    /// <exception cref="InvalidDataException">The tail is cut off, or is another, or longer.</exception>
    public void CheckEnd(long events, string hash)
    {
        CheckHead(events, hash);
        if (Events > events)
        {
            throw new InvalidDataException($"It has {Events} events, and its head says {events}: one of them was changed.");
        }
    }

    private void Advance(JournalEntry entry)
    {
        Events++;
        HeadHash = RunEventCodec.HashOf(entry);
    }
}

/// <summary>What a journal says about its run: a pure fold over the events, which refuses a chain that is broken.</summary>
/// <remarks>
/// Read from the beginning it stands at the last snapshot (<see cref="Snapshot"/>), whatever that is worth. <see cref="At"/> makes one that stands at a
/// snapshot which is known to be sound, and need not read what lies before it.
/// </remarks>
public sealed class RunHistory
{
    private readonly List<WindowRecord> _sinceSnapshot = [];
    private readonly List<(long Event, string Previous, long First)> _batches = [];     // The events of windows that a coming snapshot may fall into.
    private readonly bool _stays;               // At its snapshot, whatever snapshots follow.
    private RunMetrics _metricsAtSnapshot = new();
    private string _first = "";                 // The hash of the first event.
    private long _letGo;                        // The windows before this one are not kept.
    private bool _wentBack;                     // The last snapshot lies before that.

    /// <summary>A history that follows the journal from its beginning, and stands at the last snapshot.</summary>
    public RunHistory() => Chain = new JournalChain();

    private RunHistory(SnapshotReference? at, JournalChain chain) => (Snapshot, Chain, _stays) = (at, chain, true);

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

    /// <summary>All snapshots that were read and are kept, in order; the first of a fork is what it began with.</summary>
    public List<SnapshotReference> Snapshots { get; } = [];

    /// <summary>The snapshot at which the history stands: the last one, or the one that it was asked to stand at. Null for the beginning.</summary>
    public SnapshotReference? Snapshot { get; private set; }

    /// <summary>The recorded fields, in order of windows.</summary>
    public List<FieldsReference> Fields { get; } = [];

    /// <summary>The window behind the last one whose fields are recorded.</summary>
    public long FieldsEnd => Fields.Count == 0 ? 0 : Fields[^1].End;

    /// <summary>The windows whose fields are recorded: each stretch without a gap, in order.</summary>
    public ImmutableArray<WindowRange> FieldStretches
    {
        get
        {
            var stretches = new List<WindowRange>();
            foreach (var fields in Fields)
            {
                if (stretches is [.., var last] && last.To == fields.First)
                {
                    stretches[^1] = last with { To = fields.End };
                }
                else
                {
                    stretches.Add(new WindowRange(fields.First, fields.End));
                }
            }

            return [.. stretches];
        }
    }

    /// <summary>The windows of the snapshots that were let go.</summary>
    public SortedSet<long> Released { get; } = [];

    /// <summary>How the run ended, unless it was interrupted or goes on.</summary>
    public RunEvent.RunEnded? End { get; private set; }

    /// <summary>The windows after the snapshot: they are computed again, and must come out the same.</summary>
    /// <exception cref="InvalidOperationException">The last snapshot lies before an earlier one, which was damaged when it was taken: only <see cref="At"/> knows them.</exception>
    public IReadOnlyList<WindowRecord> SinceSnapshot => _wentBack
        ? throw new InvalidOperationException("The windows after this snapshot have been let go; read the journal to stand at it.")
        : _sinceSnapshot;

    /// <summary>The numbers of the coupling as of the snapshot.</summary>
    public RunMetrics MetricsAtSnapshot => _metricsAtSnapshot.Copy();

    /// <summary>What happened on the way, as far as it was read.</summary>
    public List<string> Notes { get; } = [];

    /// <summary>The chain of hashes, up to the last event.</summary>
    public JournalChain Chain { get; }

    /// <summary>
    /// A history that stands at <paramref name="taken"/>, whatever snapshots follow it, or at the beginning of the run. It is to be given the entries from
    /// <see cref="JournalMark.Event"/> on, or from the first on.
    /// </summary>
    /// <param name="taken">The snapshot; null for the beginning.</param>
    /// <param name="first">The first entry of the journal, where reading begins at the snapshot's mark; null where it begins at the first entry.</param>
    /// <exception cref="InvalidDataException">The snapshot has no mark to begin at, or the first entry is not the one that it names.</exception>
    public static RunHistory At(RunEvent.SnapshotTaken? taken, JournalEntry? first = null)
    {
        if (first is null)
        {
            return new RunHistory(taken?.Snapshot, new JournalChain());
        }

        if (taken?.From is not { } from || from.Event < 2 || from.Windows > taken.Snapshot.Window || taken.Counted.IsEmpty)
        {
            throw new InvalidDataException($"The snapshot at window {taken?.Snapshot.Window} does not say from which event on the journal is to be read.");
        }

        if (RunEventCodec.HashOf(first) != from.First || JournalChain.Decoded(1, first) is not RunEvent.RunStarted { Origin: var origin })
        {
            throw new InvalidDataException("Event 1 is not the one that was written: it has another hash.");
        }

        return new RunHistory(taken.Snapshot, new JournalChain(from.Event - 1, from.Previous))
        {
            Origin = origin,
            Windows = from.Windows,
            Epoch = from.Epoch,
            Until = from.Until,
            Machine = from.Machine,
            _first = from.First,
            _metricsAtSnapshot = RunMetrics.From(taken.Counted),
        };
    }

    /// <summary>Takes the next entry.</summary>
    /// <exception cref="InvalidDataException">The entry does not follow the one before it.</exception>
    public RunEvent Apply(JournalEntry entry)
    {
        var (number, previous) = (Chain.Events + 1, Chain.HeadHash);
        var what = Chain.Follow(entry);
        if (number == 1)
        {
            _first = Chain.HeadHash;
        }

        Apply(what, number, previous);
        return what;
    }

    /// <summary>
    /// Makes the next entry, for an event that is decided now. A snapshot learns from where on the journal is to be read for it. What the history says of the past
    /// (<see cref="Snapshot"/>, <see cref="SinceSnapshot"/>, <see cref="MetricsAtSnapshot"/>) stays.
    /// </summary>
    public JournalEntry Extend(RunEvent what)
    {
        switch (what)
        {
            case RunEvent.CoordinatorStarted e:
                (Epoch, Machine, Until) = (e.Epoch, e.Machine, e.Until);
                break;
            case RunEvent.WindowsCommitted e:
                _batches.Add((Chain.Events + 1, Chain.HeadHash, e.Windows[0].Index));
                Windows = e.Windows[^1].Index + 1;
                break;
            case RunEvent.SnapshotTaken e:
                what = e with { From = MarkOf(e.Snapshot.Window, Chain.Events + 1, Chain.HeadHash) };
                LetGo(e.Snapshot.Window);
                break;
        }

        var entry = Chain.Extend(what);
        if (Chain.Events == 1)
        {
            _first = Chain.HeadHash;
        }

        return entry;
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
            Snapshot ??= begins;
        }
    }

    private void Apply(RunEvent what, long number, string previous)
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
                _batches.Add((number, previous, Windows));
                foreach (var record in e.Windows)
                {
                    if (record.Index != Windows)
                    {
                        throw new InvalidDataException($"The journal commits window {record.Index} where window {Windows} is due.");
                    }

                    Take(record);
                    Windows++;
                }

                break;
            case RunEvent.SnapshotTaken e:
                Snapshots.Add(e.Snapshot);
                Released.Remove(e.Snapshot.Window);         // Taken again.
                Take(e, number, previous);
                break;
            case RunEvent.FieldsRecorded e:
                foreach (var fields in e.Fields)
                {
                    if (fields.First < FieldsEnd || fields.Windows > Windows - fields.First)
                    {
                        throw new InvalidDataException($"The journal records the fields of {fields.Windows} windows from {fields.First} on where {Windows} windows are committed and the fields of those before {FieldsEnd} are recorded.");
                    }

                    Fields.Add(fields);
                }

                break;
            case RunEvent.SnapshotsReleased e:
                HashSet<long> windows = [.. e.Windows];
                // The newest that there was then: one may stand at another, which was taken again afterwards.
                if (Snapshots is [.., var newest] && windows.Contains(newest.Window) || windows.Contains(Origin?.Begins?.Window ?? -1))
                {
                    throw new InvalidDataException("The journal lets go of a snapshot that the run needs.");
                }

                Snapshots.RemoveAll(s => windows.Contains(s.Window));
                Released.UnionWith(windows);
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

    private void Take(WindowRecord record)
    {
        if (!_stays || record.Index >= (Snapshot?.Window ?? 0))
        {
            _sinceSnapshot.Add(record);
        }
        else if (Chain.Begin == 0)
        {
            // Otherwise the snapshot itself says what was counted up to it.
            _metricsAtSnapshot.Add(record);
        }
    }

    private void Take(RunEvent.SnapshotTaken taken, long number, string previous)
    {
        if (_stays)
        {
            return;
        }

        var window = taken.Snapshot.Window;
        var isFolded = !_wentBack && window >= _letGo;
        if (isFolded)
        {
            foreach (var record in _sinceSnapshot.TakeWhile(r => r.Index < window))
            {
                _metricsAtSnapshot.Add(record);
            }
        }

        Snapshot = taken.Snapshot;
        _wentBack = window < _letGo;
        if (!_wentBack && ((taken.From is { } from && from != MarkOf(window, number, previous)) || (isFolded && !taken.Counted.IsEmpty && !_metricsAtSnapshot.AgreesWith(taken.Counted))))
        {
            throw new InvalidDataException($"Event {number}, the snapshot at window {window}, says something else of the events before it than they do.");
        }

        if (!taken.Counted.IsEmpty)
        {
            _metricsAtSnapshot = RunMetrics.From(taken.Counted);
        }

        if (_wentBack)
        {
            return;
        }

        _letGo = window;
        _sinceSnapshot.RemoveAll(r => r.Index < window);
        LetGo(window);
    }

    // The event in which the window stands, or the one that comes next, where it is not committed yet. Null where that was let go.
    private JournalMark? MarkOf(long window, long number, string previous)
    {
        var batch = window < Windows ? _batches.FindLastIndex(b => b.First <= window) : -1;
        var (at, before, windows) = batch < 0 ? (number, previous, Windows) : _batches[batch];
        return windows > window ? null : new JournalMark(at, before, windows, _first, Epoch, Until, Machine!);
    }

    // Later snapshots lie behind this one.
    private void LetGo(long window)
    {
        var kept = _batches.FindLastIndex(b => b.First <= window);
        _batches.RemoveRange(0, Math.Max(0, kept));
    }
}

/// <summary>Root windows that follow each other.</summary>
/// <param name="From">The first.</param>
/// <param name="To">The one behind the last.</param>
public readonly record struct WindowRange(long From, long To);

using System.Collections.Immutable;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Recording;

namespace ActorMultiscale.Actors.Protocol;

/// <summary>What the journal's shell is to do.</summary>
internal abstract record JournalEffect
{
    private JournalEffect() { }

    /// <summary>Read the whole record, checked; answered with <see cref="RecordProtocol.Read"/>.</summary>
    public sealed record ReadHistory : JournalEffect;

    /// <summary>Make a writer, which goes by this number; answered with <see cref="RecordProtocol.WriterStarted"/>.</summary>
    public sealed record StartWriter(long Writer) : JournalEffect;

    /// <summary>Make ready for the first event; answered with <see cref="RecordProtocol.Opened"/>.</summary>
    public sealed record Open : JournalEffect;

    /// <summary>Read the chunks of a snapshot, if there is one; answered with <see cref="RecordProtocol.Loaded"/>.</summary>
    public sealed record LoadSnapshot(SnapshotReference? Reference) : JournalEffect;

    /// <summary>The record is open: the run goes on from here.</summary>
    public sealed record Recovered(RunHistory History, RunSnapshot? Snapshot) : JournalEffect;

    /// <summary>Persist an event; answered with <see cref="JournalProtocol.Persisted"/>. <see cref="RecordProtocol"/> makes a <see cref="Write"/> of it.</summary>
    public sealed record Persist(RunEvent Event) : JournalEffect;

    /// <summary>Have an entry written by the writer of this number; answered with <see cref="RecordProtocol.Written"/>.</summary>
    public sealed record Write(JournalEntry Entry, long Writer) : JournalEffect;

    /// <summary>The store is away: wait a while, then <see cref="RecordProtocol.TryAgain"/>.</summary>
    public sealed record Wait : JournalEffect;

    /// <summary>Something for the log.</summary>
    public sealed record Warn(string Text) : JournalEffect;

    /// <summary>The record cannot be used, or not by this run any more.</summary>
    public sealed record Unusable(string Reason) : JournalEffect;

    /// <summary>Wait a little for more windows; answered with <see cref="JournalProtocol.LingerIsOver"/>.</summary>
    public sealed record Linger : JournalEffect;

    /// <summary>Store the chunks of a snapshot; answered with <see cref="JournalProtocol.Stored"/>.</summary>
    public sealed record StoreChunks(RunSnapshot Snapshot) : JournalEffect;

    /// <summary>Compress a block of fields, beside everything else; answered with <see cref="JournalProtocol.Packed"/>.</summary>
    public sealed record Pack(FieldBlock Block) : JournalEffect;

    /// <summary>Store the chunks of blocks of fields; answered with <see cref="JournalProtocol.FieldsStored"/>.</summary>
    public sealed record StoreFields(ImmutableArray<PackedFields> Fields) : JournalEffect;

    /// <summary>Write rows of a site, and tell it; answered with <see cref="JournalProtocol.RowsWritten"/>.</summary>
    public sealed record WriteRows(StateRows Rows) : JournalEffect;

    /// <summary>Compute the final hash over states that lie in the store; answered with <see cref="JournalProtocol.Hashed"/>.</summary>
    public sealed record HashStates(Func<StateReader, string> Hash) : JournalEffect;

    /// <summary>Fields of so many bytes are in the record.</summary>
    public sealed record FieldsRecorded(long Bytes) : JournalEffect;

    /// <summary>Root windows up to <paramref name="Windows"/> (a count) are durable.</summary>
    public sealed record Announce(long Windows) : JournalEffect;

    /// <summary>A window that had been committed came out otherwise when it was computed again.</summary>
    public sealed record Diverged(WindowRecord Recorded, WindowRecord Computed) : JournalEffect;

    /// <summary>Everything up to the run's end is durable.</summary>
    public sealed record Ended(RunEvent.RunEnded End) : JournalEffect;
}

/// <summary>Rows of chunks of states that a site has the coordinator write, who owns the store; answered when they are durable.</summary>
/// <param name="Site">The site.</param>
/// <param name="Number">How many it sent before.</param>
/// <param name="Rows">The rows.</param>
internal sealed record StateRows(int Site, long Number, ImmutableArray<(string Hash, byte[] Bytes)> Rows);

/// <summary>A block of fields, compressed.</summary>
/// <param name="First">Index of its first window.</param>
/// <param name="Windows">How many windows it has.</param>
/// <param name="Bytes">How many bytes it had before.</param>
/// <param name="Chunk">What is to be stored.</param>
internal sealed record PackedFields(long First, int Windows, long Bytes, PackedChunk Chunk)
{
    /// <summary>What the journal says of it.</summary>
    public FieldsReference Reference => new(First, Windows, Bytes, Chunk.Hash);
}

/// <summary>
/// The order in which a run becomes durable, pure: accepted windows gather while a write is under way, and for a little while
/// without one, because a write costs the same for one window and for a thousand; then they go out as one batch;
/// a snapshot's chunks are stored before the event that names them, and that after the windows before it and their fields; so are blocks of
/// fields, which are compressed beside everything else; rows of sites take turns with all that; the end comes last.
/// </summary>
internal sealed class JournalProtocol
{
    private const int LargestBatch = 4096;

    private readonly TimeProvider _clock;
    private readonly int _urgent;
    private readonly Dictionary<long, WindowRecord> _recorded;     // Windows that are durable and are computed again.
    private readonly Queue<WindowRecord> _windows = new();
    private readonly Queue<string> _notes = new();
    private RunSnapshot? _snapshot;                                // The newest one that waits; an older one that waits is superseded.
    private SnapshotReference? _stored;
    private ImmutableArray<long> _counted = [];                    // Up to the snapshot whose chunks are stored.
    private readonly List<PackedFields> _packed = [];              // Fields, in order.
    private ImmutableArray<FieldsReference> _storedFields = [];
    private readonly Queue<StateRows> _rows = new();               // Of sites, which wait for them: no more than one of each.
    private bool _isTurnOfRows;
    private long _fieldsTold;                                      // The window behind the last one whose fields were handed over;
    private long _fieldsRecorded;                                  // and whose fields the record has.
    private RunEvent.RunEnded? _end;
    private Func<StateReader, string>? _hash;                      // Of the end, where it is not known yet.
    private bool _lingers;
    private bool _isDue;                                           // What waits has waited long enough.
    private bool _writes;
    private bool _stores;
    private bool _ended;
    private long _durable;

    /// <summary>A protocol that goes on from <paramref name="history"/>.</summary>
    /// <param name="history">What the journal holds.</param>
    /// <param name="clock">The time that stands in events.</param>
    /// <param name="urgent">How many windows are written at once; fewer may wait a little for others.</param>
    public JournalProtocol(RunHistory history, TimeProvider clock, int urgent = 1)
    {
        ArgumentNullException.ThrowIfNull(history);
        _clock = clock;
        _urgent = urgent;
        _durable = history.Windows;
        _fieldsTold = _fieldsRecorded = history.FieldsEnd;
        _recorded = history.SinceSnapshot.ToDictionary(record => record.Index);
    }

    /// <summary>Root windows were accepted, in order.</summary>
    public ImmutableArray<JournalEffect> Commit(params ReadOnlySpan<WindowRecord> records)
    {
        var repeated = -1L;
        foreach (var record in records)
        {
            if (record.Index >= _durable + _windows.Count && !_recorded.ContainsKey(record.Index))
            {
                _windows.Enqueue(record);
                continue;
            }

            if (_recorded.Remove(record.Index, out var recorded) && !Same(recorded, record))
            {
                return [new JournalEffect.Diverged(recorded, record)];
            }

            repeated = record.Index;
        }

        return repeated < 0 ? Next() : [new JournalEffect.Announce(Math.Min(_durable, repeated + 1)), .. Next()];
    }

    /// <summary>What <see cref="JournalEffect.Linger"/> asked for is over.</summary>
    public ImmutableArray<JournalEffect> LingerIsOver()
    {
        _lingers = false;
        _isDue = true;
        return Next();
    }

    /// <summary>A snapshot was taken.</summary>
    public ImmutableArray<JournalEffect> Snapshot(RunSnapshot snapshot)
    {
        _snapshot = snapshot;
        return Next();
    }

    /// <summary>Fields of the windows that follow those of the block before.</summary>
    public ImmutableArray<JournalEffect> Fields(FieldBlock block)
    {
        ArgumentNullException.ThrowIfNull(block);
        _fieldsTold = block.First + block.Windows;
        return [new JournalEffect.Pack(block)];
    }

    /// <summary>The next block of fields is compressed.</summary>
    public ImmutableArray<JournalEffect> Packed(PackedFields fields)
    {
        _packed.Add(fields);
        return Next();
    }

    /// <summary>The chunks of the fields at hand are stored.</summary>
    public ImmutableArray<JournalEffect> FieldsStored(ImmutableArray<FieldsReference> references)
    {
        _stores = false;
        _storedFields = references;
        return Next();
    }

    /// <summary>A site wants rows written.</summary>
    public ImmutableArray<JournalEffect> Rows(StateRows rows)
    {
        _rows.Enqueue(rows);
        return Next();
    }

    /// <summary>The rows at hand are written.</summary>
    public ImmutableArray<JournalEffect> RowsWritten()
    {
        _stores = false;
        return Next();
    }

    /// <summary>Something worth keeping happened.</summary>
    public ImmutableArray<JournalEffect> Note(string text)
    {
        _notes.Enqueue(text);
        return Next();
    }

    /// <summary>The run is over.</summary>
    /// <param name="end">How.</param>
    /// <param name="hash">Computes its final hash, where states lie in the store; null where it is known.</param>
    public ImmutableArray<JournalEffect> End(RunEvent.RunEnded end, Func<StateReader, string>? hash = null)
    {
        (_end, _hash) = (end, hash);
        return Next();
    }

    /// <summary>The final hash.</summary>
    public ImmutableArray<JournalEffect> Hashed(string hash)
    {
        (_stores, _hash, _end) = (false, null, _end! with { FinalHash = hash });
        return Next();
    }

    /// <summary>The event at hand is durable.</summary>
    public ImmutableArray<JournalEffect> Persisted(RunEvent what)
    {
        _writes = false;
        var effects = ImmutableArray.CreateBuilder<JournalEffect>();
        switch (what)
        {
            case RunEvent.WindowsCommitted committed:
                _durable = committed.Windows[^1].Index + 1;
                effects.Add(new JournalEffect.Announce(_durable));
                break;
            case RunEvent.FieldsRecorded recorded:
                _fieldsRecorded = recorded.Fields[^1].End;
                effects.Add(new JournalEffect.FieldsRecorded(recorded.Fields.Sum(fields => fields.Bytes)));
                break;
            case RunEvent.RunEnded ended:
                _ended = true;
                effects.Add(new JournalEffect.Ended(ended));
                break;
        }

        effects.AddRange(Next());
        return effects.ToImmutable();
    }

    /// <summary>The chunks at hand are stored.</summary>
    public ImmutableArray<JournalEffect> Stored(SnapshotReference reference)
    {
        _stores = false;
        _stored = reference;
        return Next();
    }

    private static bool Same(WindowRecord a, WindowRecord b) =>
        a.StartTick == b.StartTick && a.EndTick == b.EndTick && a.Iterations == b.Iterations && a.Fingerprints.AsSpan().SequenceEqual(b.Fingerprints.AsSpan());

    private ImmutableArray<JournalEffect> Next()
    {
        // One at a time: the database has one writer, and one that finds it busy sleeps far longer than the other takes.
        if (_writes || _stores || _ended)
        {
            return [];
        }

        // Turn by turn: of either there may always be more.
        var own = _isTurnOfRows && _rows.Count > 0 ? [] : NextOwn();
        _isTurnOfRows = true;
        if (_writes || _stores || !_rows.TryDequeue(out var rows))
        {
            return own;
        }

        (_isTurnOfRows, _stores) = (false, true);
        return [.. own, new JournalEffect.WriteRows(rows)];
    }

    private ImmutableArray<JournalEffect> NextOwn()
    {
        if (_stored is null && _snapshot is { } snapshot)
        {
            _snapshot = null;
            _stores = true;
            _counted = snapshot.Counted;
            return [new JournalEffect.StoreChunks(snapshot)];
        }

        // All that there are: a run may seal them faster than a disk writes. Then the event that names them, before others are stored.
        if (_packed.Count > 0 && _storedFields.IsEmpty)
        {
            _stores = true;
            ImmutableArray<PackedFields> fields = [.. _packed];
            _packed.Clear();
            return [new JournalEffect.StoreFields(fields)];
        }

        if (MayWait)
        {
            var isNew = !_lingers;
            _lingers = true;
            return isNew ? [new JournalEffect.Linger()] : [];
        }

        if (NextEvent() is not { } what)
        {
            if (_hash is null || !IsAllWritten)
            {
                return [];
            }

            _stores = true;
            return [new JournalEffect.HashStates(_hash)];
        }

        _writes = true;
        return [new JournalEffect.Persist(what)];
    }

    // A few windows, and nothing that waits for them.
    private bool MayWait => _windows.Count > 0 && _windows.Count < _urgent && !_isDue && _stored is null && _storedFields.IsEmpty && _end is null;

    private RunEvent? NextEvent()
    {
        var now = _clock.GetUtcNow();

        // What is ready comes before windows: of those a fast run has more after every write, and they would leave no room for anything else.
        if (_storedFields is [.., var last] && last.End <= _durable)
        {
            var fields = _storedFields;
            _storedFields = [];
            return new RunEvent.FieldsRecorded { At = now, Fields = fields };
        }

        // Whoever goes on from a snapshot records the fields behind it, not those before.
        if (_stored is { } snapshot && snapshot.Window <= _durable && Math.Min(snapshot.Window, _fieldsTold) <= _fieldsRecorded)
        {
            _stored = null;
            return new RunEvent.SnapshotTaken { At = now, Snapshot = snapshot, Counted = _counted };
        }

        if (_notes.TryDequeue(out var text))
        {
            return new RunEvent.Noted { At = now, Text = text };
        }

        if (_windows.Count > 0)
        {
            var batch = ImmutableArray.CreateBuilder<WindowRecord>(Math.Min(_windows.Count, LargestBatch));
            while (batch.Count < LargestBatch && _windows.TryDequeue(out var record))
            {
                batch.Add(record);
            }

            _isDue = false;
            return new RunEvent.WindowsCommitted { At = now, Windows = batch.MoveToImmutable() };
        }

        return IsAllWritten && _hash is null && _end is { } end ? end with { At = now } : null;
    }

    // But the end.
    private bool IsAllWritten => _stored is null && _fieldsTold == _fieldsRecorded && _windows.Count == 0;
}

using System.Collections.Immutable;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Physics.Coupling;

namespace ActorMultiscale.Actors.Protocol;

/// <summary>What the journal's shell is to do.</summary>
public abstract record JournalEffect
{
    private JournalEffect() { }

    /// <summary>Persist an event; answered with <see cref="JournalProtocol.Persisted"/>.</summary>
    public sealed record Persist(RunEvent Event) : JournalEffect;

    /// <summary>Wait a little for more windows; answered with <see cref="JournalProtocol.LingerIsOver"/>.</summary>
    public sealed record Linger : JournalEffect;

    /// <summary>Store the chunks of a snapshot; answered with <see cref="JournalProtocol.Stored"/>.</summary>
    public sealed record StoreChunks(RunSnapshot Snapshot) : JournalEffect;

    /// <summary>Root windows up to <paramref name="Windows"/> (a count) are durable.</summary>
    public sealed record Announce(long Windows) : JournalEffect;

    /// <summary>A window that had been committed came out otherwise when it was computed again.</summary>
    public sealed record Diverged(WindowRecord Recorded, WindowRecord Computed) : JournalEffect;

    /// <summary>Everything up to the run's end is durable.</summary>
    public sealed record Ended(RunEvent.RunEnded End) : JournalEffect;
}

/// <summary>
/// The order in which a run becomes durable, pure: accepted windows gather while a write is under way, and for a little while
/// without one, because a write costs the same for one window and for a thousand; then they go out as one batch;
/// a snapshot's chunks are stored before the event that names them, and that after the windows before it; the end comes last.
/// </summary>
public sealed class JournalProtocol
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
    private RunEvent.RunEnded? _end;
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

    /// <summary>Something worth keeping happened.</summary>
    public ImmutableArray<JournalEffect> Note(string text)
    {
        _notes.Enqueue(text);
        return Next();
    }

    /// <summary>The run is over.</summary>
    public ImmutableArray<JournalEffect> End(RunEvent.RunEnded end)
    {
        _end = end;
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

        if (_stored is null && _snapshot is { } snapshot)
        {
            _snapshot = null;
            _stores = true;
            _counted = snapshot.Counted;
            return [new JournalEffect.StoreChunks(snapshot)];
        }

        if (MayWait)
        {
            var isNew = !_lingers;
            _lingers = true;
            return isNew ? [new JournalEffect.Linger()] : [];
        }

        if (NextEvent() is not { } what)
        {
            return [];
        }

        _writes = true;
        return [new JournalEffect.Persist(what)];
    }

    // A few windows, and nothing that waits for them.
    private bool MayWait => _windows.Count > 0 && _windows.Count < _urgent && !_isDue && _stored is null && _end is null;

    private RunEvent? NextEvent()
    {
        var now = _clock.GetUtcNow();
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

        if (_stored is { } snapshot && snapshot.Window <= _durable)
        {
            _stored = null;
            return new RunEvent.SnapshotTaken { At = now, Snapshot = snapshot, Counted = _counted };
        }

        if (_notes.TryDequeue(out var text))
        {
            return new RunEvent.Noted { At = now, Text = text };
        }

        return _stored is null && _end is { } end ? end with { At = now } : null;
    }
}

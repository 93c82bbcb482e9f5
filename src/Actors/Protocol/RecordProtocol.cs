using System.Collections.Immutable;
using System.Globalization;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Recording;

namespace ActorMultiscale.Actors.Protocol;

/// <summary>
/// How the record of a run is opened, written to, and found again after a failure, pure. In which order things become durable is
/// <see cref="JournalProtocol"/>'s, which this one drives; here the store may fail.
/// </summary>
/// <remarks>
/// One thing at a time is asked of the store. First the record is read; then a writer is made, which must stand where the reading
/// ended; then the incarnation is written down, and the last snapshot loaded. When a write fails, it is not known whether it arrived:
/// the record is read again, and says so by its hashes. If it holds anything that this run has not written, somebody else has it, and this
/// run ends; it never writes again. While the store is away, the same is tried until the patience is at its end.
/// </remarks>
internal sealed class RecordProtocol
{
    private readonly RunStart _start;
    private readonly string _store;
    private readonly TimeSpan _patience;
    private readonly TimeProvider _clock;
    private readonly int _urgent;
    private RunHistory? _history;                       // As it was at the opening, but its chain goes on.
    private JournalProtocol? _protocol;
    private JournalEffect? _asked;                      // Of the store, and not answered.
    private (RunEvent Event, JournalEntry Entry)? _underWay;
    private (long Events, string Hash) _durable;        // The chain as far as it is known to be in the store.
    private (long Events, string Hash) _found;          // The chain as it was last read.
    private long _unequal = -1;                         // How many events there were when a writer stood somewhere else.
    private long _writer;
    private long? _awaySince;                           // As a timestamp: the time of day may jump.
    private bool _isOver;

    /// <summary>The record of a run that begins, or goes on.</summary>
    /// <param name="start">The run.</param>
    /// <param name="store">The store as messages name it.</param>
    /// <param name="patience">How long it may be away.</param>
    /// <param name="clock">The time that stands in events.</param>
    /// <param name="urgent">How many windows are written at once; fewer may wait a little for others.</param>
    public RecordProtocol(RunStart start, string store, TimeSpan patience, TimeProvider clock, int urgent) =>
        (_start, _store, _patience, _clock, _urgent) = (start, store, patience, clock, urgent);

    /// <summary>The run is to be recorded from now on.</summary>
    public ImmutableArray<JournalEffect> Start() => Ask(new JournalEffect.ReadHistory());

    /// <summary>What <see cref="JournalEffect.ReadHistory"/> asked for.</summary>
    public ImmutableArray<JournalEffect> Read(RunHistory history)
    {
        if (_isOver || _asked is not JournalEffect.ReadHistory)
        {
            return [];
        }

        _found = (history.Chain.Events, history.Chain.HeadHash);
        if (_underWay is null)
        {
            // Nothing of this run is in it yet.
            _history = history;
            _durable = _found;
            if (_found.Events == 0)
            {
                history.Begin(_start.Origin);
            }
        }
        else if (_found != _durable && !HasArrived)
        {
            return End(new JournalEffect.Unusable($"Another process has written to the record of '{_start.Run}' while the store was away. What it writes counts; this one ends."));
        }

        return Ask(new JournalEffect.StartWriter(++_writer));
    }

    /// <summary>What <see cref="JournalEffect.StartWriter"/> asked for: it will write after event <paramref name="last"/>.</summary>
    public ImmutableArray<JournalEffect> WriterStarted(long writer, long last)
    {
        if (_isOver || writer != _writer || _asked is not JournalEffect.StartWriter)
        {
            return [];
        }

        if (last != _found.Events)
        {
            // Something was written in between, perhaps by a writer of before: what it is, the record says.
            var isDamaged = _unequal == _found.Events;
            _unequal = _found.Events;
            return isDamaged
                ? End(new JournalEffect.Unusable(string.Create(CultureInfo.InvariantCulture,
                    $"The journal of '{_start.Run}' in '{_store}' is damaged. It has {_found.Events} events, and the last one has the number {last}.")))
                : Ask(new JournalEffect.ReadHistory());
        }

        return _underWay is not { } underWay ? Ask(new JournalEffect.Open())
            : HasArrived ? OnWritten(underWay)
            : Ask(new JournalEffect.Write(underWay.Entry, _writer));
    }

    /// <summary>What <see cref="JournalEffect.Open"/> asked for.</summary>
    public ImmutableArray<JournalEffect> Opened() =>
        !Answers<JournalEffect.Open>() ? []
        : _durable.Events == 0 ? Write(new RunEvent.RunStarted { At = _clock.GetUtcNow(), Origin = _start.Origin })
        : WriteIncarnation();

    /// <summary>What <see cref="JournalEffect.LoadSnapshot"/> asked for.</summary>
    public ImmutableArray<JournalEffect> Loaded(RunSnapshot? snapshot)
    {
        if (!Answers<JournalEffect.LoadSnapshot>())
        {
            return [];
        }

        _protocol = new JournalProtocol(_history!, _clock, _urgent);
        return Back([new JournalEffect.Recovered(_history!, snapshot)]);
    }

    /// <summary>What <see cref="JournalEffect.Write"/> asked for.</summary>
    public ImmutableArray<JournalEffect> Written(long writer) =>
        !_isOver && writer == _writer && _asked is JournalEffect.Write ? OnWritten(_underWay!.Value) : [];

    /// <summary>What <see cref="JournalEffect.StoreChunks"/> asked for.</summary>
    public ImmutableArray<JournalEffect> Stored(SnapshotReference reference) =>
        Answers<JournalEffect.StoreChunks>() ? Back(Sealed(_protocol!.Stored(reference))) : [];

    /// <summary>What <see cref="JournalEffect.Pack"/> asked for: beside everything else, and without the store.</summary>
    public ImmutableArray<JournalEffect> Packed(PackedFields fields) => _isOver ? [] : Sealed(_protocol!.Packed(fields));

    /// <summary>What <see cref="JournalEffect.StoreFields"/> asked for.</summary>
    public ImmutableArray<JournalEffect> FieldsStored(ImmutableArray<FieldsReference> references) =>
        Answers<JournalEffect.StoreFields>() ? Back(Sealed(_protocol!.FieldsStored(references))) : [];

    /// <summary>What <see cref="JournalEffect.WriteRows"/> asked for.</summary>
    public ImmutableArray<JournalEffect> RowsWritten() => Answers<JournalEffect.WriteRows>() ? Back(Sealed(_protocol!.RowsWritten())) : [];

    /// <summary>What <see cref="JournalEffect.HashStates"/> asked for.</summary>
    public ImmutableArray<JournalEffect> Hashed(string hash) => Answers<JournalEffect.HashStates>() ? Back(Sealed(_protocol!.Hashed(hash))) : [];

    /// <summary>A writer could not do what it was asked. <paramref name="passes"/>: the store is only away.</summary>
    public ImmutableArray<JournalEffect> WriterFailed(long writer, string reason, bool passes) =>
        writer == _writer && _asked is JournalEffect.StartWriter or JournalEffect.Write
            ? Failed($"The journal of '{_start.Run}' in '{_store}' {reason}", reason, passes)
            : [];

    /// <summary>The store could not do what it was asked. <paramref name="passes"/>: it is only away.</summary>
    public ImmutableArray<JournalEffect> StoreFailed(string reason, bool passes) =>
        _asked is null or JournalEffect.StartWriter or JournalEffect.Write ? [] : Failed(reason, reason, passes);

    /// <summary>What <see cref="JournalEffect.Wait"/> asked for is over.</summary>
    public ImmutableArray<JournalEffect> TryAgain() =>
        _isOver || _asked is null ? []
        : _asked is JournalEffect.StartWriter or JournalEffect.Write ? Ask(new JournalEffect.ReadHistory())
        : [_asked];

    /// <summary>What <see cref="JournalEffect.Linger"/> asked for is over.</summary>
    public ImmutableArray<JournalEffect> LingerIsOver() => _isOver ? [] : Sealed(_protocol!.LingerIsOver());

    /// <summary>Root windows were accepted, in order.</summary>
    public ImmutableArray<JournalEffect> Commit(ImmutableArray<WindowRecord> records) => _isOver ? [] : Sealed(_protocol!.Commit(records.AsSpan()));

    /// <summary>A snapshot was taken.</summary>
    public ImmutableArray<JournalEffect> Keep(RunSnapshot snapshot) => _isOver ? [] : Sealed(_protocol!.Snapshot(snapshot));

    /// <summary>Fields of the windows that follow those of the block before.</summary>
    public ImmutableArray<JournalEffect> Fields(FieldBlock block) => _isOver ? [] : Sealed(_protocol!.Fields(block));

    /// <summary>A site wants rows written.</summary>
    public ImmutableArray<JournalEffect> Rows(StateRows rows) => _isOver ? [] : Sealed(_protocol!.Rows(rows));

    /// <summary>Something worth keeping happened.</summary>
    public ImmutableArray<JournalEffect> Note(string text) => _isOver ? [] : Sealed(_protocol!.Note(text));

    /// <summary>The run is over.</summary>
    /// <param name="end">How.</param>
    /// <param name="hash">Computes its final hash, where states lie in the store; null where it is known.</param>
    public ImmutableArray<JournalEffect> End(RunEvent.RunEnded end, Func<StateReader, string>? hash = null) => _isOver ? [] : Sealed(_protocol!.End(end, hash));

    /// <summary>Somebody else who writes for the run cannot use the store.</summary>
    public ImmutableArray<JournalEffect> GiveUp(string reason) => _isOver ? [] : End(new JournalEffect.Unusable(reason));

    private bool HasArrived => _underWay is { } underWay && _found == (_durable.Events + 1, RunEventCodec.HashOf(underWay.Entry));

    private ImmutableArray<JournalEffect> Ask(JournalEffect what)
    {
        _asked = what;
        return [what];
    }

    private bool Answers<T>() where T : JournalEffect
    {
        if (_isOver || _asked is not T)
        {
            return false;
        }

        _asked = null;
        return true;
    }

    private ImmutableArray<JournalEffect> OnWritten((RunEvent Event, JournalEntry Entry) arrived)
    {
        _durable = (_durable.Events + 1, RunEventCodec.HashOf(arrived.Entry));
        (_asked, _underWay) = (null, null);
        return Back(arrived.Event switch
        {
            RunEvent.RunStarted => WriteIncarnation(),
            RunEvent.CoordinatorStarted => Ask(new JournalEffect.LoadSnapshot(_history!.Snapshot)),
            var what => Sealed(_protocol!.Persisted(what)),
        });
    }

    private ImmutableArray<JournalEffect> WriteIncarnation() => Write(new RunEvent.CoordinatorStarted
    {
        At = _clock.GetUtcNow(),
        Epoch = _history!.Epoch + 1,
        Machine = _start.Machine,
        Until = _start.Until,
    });

    private ImmutableArray<JournalEffect> Write(RunEvent what)
    {
        var entry = _history!.Extend(what);
        _underWay = (what, entry);
        return Ask(new JournalEffect.Write(entry, _writer));
    }

    // Events become entries: the chain is drawn in the order of writing, which is the order of the journal.
    private ImmutableArray<JournalEffect> Sealed(ImmutableArray<JournalEffect> effects)
    {
        var result = ImmutableArray.CreateBuilder<JournalEffect>(effects.Length);
        foreach (var effect in effects)
        {
            result.AddRange(effect switch
            {
                JournalEffect.Persist persist => Write(persist.Event),
                JournalEffect.StoreChunks or JournalEffect.StoreFields or JournalEffect.WriteRows or JournalEffect.HashStates => Ask(effect),
                JournalEffect.Diverged or JournalEffect.Ended => End(effect),
                _ => [effect],
            });
        }

        return result.ToImmutable();
    }

    private ImmutableArray<JournalEffect> Failed(string reason, string cause, bool passes)
    {
        if (_isOver)
        {
            return [];
        }

        if (!passes || (_awaySince is { } since && _clock.GetElapsedTime(since) > _patience))
        {
            return End(new JournalEffect.Unusable(reason));
        }

        var isNew = _awaySince is null;
        _awaySince ??= _clock.GetTimestamp();
        return isNew ? [new JournalEffect.Warn($"the store '{_store}' is away, and the run waits: {cause}"), new JournalEffect.Wait()] : [new JournalEffect.Wait()];
    }

    // What had failed has been done.
    private ImmutableArray<JournalEffect> Back(ImmutableArray<JournalEffect> effects)
    {
        if (_awaySince is not { } since)
        {
            return effects;
        }

        _awaySince = null;
        return [new JournalEffect.Warn(string.Create(CultureInfo.InvariantCulture, $"the store '{_store}' is back after {_clock.GetElapsedTime(since).TotalSeconds:0} s; the run goes on")), .. effects];
    }

    private ImmutableArray<JournalEffect> End(JournalEffect last)
    {
        _isOver = true;
        return [last];
    }
}

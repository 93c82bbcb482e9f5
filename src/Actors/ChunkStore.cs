using System.Collections.Immutable;
using ActorMultiscale.Actors.Cluster;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Actors.Observation;
using ActorMultiscale.Actors.Protocol;
using ActorMultiscale.Physics.Coupling;
using Akka.Actor;
using Akka.Event;

namespace ActorMultiscale.Actors;

/// <summary>Does the blocking work on a run's store, on a thread of its own: the record is read, snapshots are stored and loaded, fields are stored.</summary>
internal sealed class ChunkStore : ReceiveActor
{
    private readonly RunStore _store;
    private readonly bool _readsStates;
    private ICoordinatorLines? _lines;          // To sites, where those bring states.
    private readonly WorkAccount _account;
    private RunObserver? _observer;
    private RunSnapshot? _from;
    private bool _isOpen;

    /// <summary>The work on a store.</summary>
    /// <param name="store">The store.</param>
    /// <param name="readsStates">Whether the states of a snapshot are read from it; where others read them, they are only known by their hashes.</param>
    /// <param name="account">Whose work it is.</param>
    public ChunkStore(RunStore store, bool readsStates, WorkAccount account)
    {
        (_store, _readsStates, _account) = (store, readsStates, account);
        Receive<Sites>(sites => _lines = sites.Lines);
        Receive<StateRows>(rows => Guarded(() => Write(rows)));
        Receive<HashStates>(order => Guarded(() => new StatesHashed(order.Hash(part => _store.Pieces(part.Hash)))));
        Receive<ObservedBy>(what => _observer = what.Observer);
        Receive<ReadHistory>(_ => Guarded(() => new HistoryRead(Read())));
        Receive<Store>(order => Guarded(() => Write(order.Snapshot)));
        Receive<Load>(_ =>
        {
            Sender.Tell(new Loaded(_from));
            (_from, _isOpen) = (null, true);
        });
        Receive<StorePacked>(order => Guarded(() => Write(order.Fields)));
        Receive<Open>(_ => Guarded(() =>
        {
            _store.Begin();
            return new Opened();
        }));
    }

    protected override bool AroundReceive(Receive receive, object message)
    {
        using var shift = _account.As(WorkPurpose.Journal);
        return base.AroundReceive(receive, message);
    }

    public sealed record ObservedBy(RunObserver? Observer);

    public sealed record ReadHistory;

    public sealed record HistoryRead(RunHistory History);

    public sealed record Open;

    public sealed record Opened;

    public sealed record Store(RunSnapshot Snapshot);

    public sealed record Stored(SnapshotReference Reference);

    public sealed record StorePacked(ImmutableArray<PackedFields> Fields);

    public sealed record FieldsStored(ImmutableArray<FieldsReference> References);

    public sealed record RowsWritten;

    public sealed record HashStates(Func<StateReader, string> Hash);

    public sealed record StatesHashed(string Hash);

    /// <summary>The lines to sites that have no way to the store of their own.</summary>
    public sealed record Sites(ICoordinatorLines Lines);

    public sealed record Load;

    public sealed record Loaded(RunSnapshot? Snapshot);

    /// <summary>An order was not carried out. <paramref name="Passes"/>: the database is only away.</summary>
    public sealed record Failed(string Reason, bool Passes);

    // Until it is opened with the snapshot that the run goes on from: the history stands at the last one that is sound.
    private RunHistory Read()
    {
        if (_isOpen)
        {
            return _store.Recent();
        }

        (var history, _from) = _store.Recover(text => Context.GetLogger().Warning("{0}", text), _readsStates);
        return history;
    }

    // What was observed before the snapshot is stored before it: whoever goes on from there observes what comes after.
    private Stored Write(RunSnapshot snapshot)
    {
        _observer?.Flush();
        var began = _observer?.Now() ?? 0;
        List<StatePart> parts = [.. snapshot.States.SelectMany(state => state.Parts)];
        var hashes = new Queue<string>(_store.WriteChunks([snapshot.Fields, .. parts.OfType<StatePart.Here>().Select(part => part.Bytes)]));
        var fields = hashes.Dequeue();
        var stored = new Stored(SnapshotReference.Of(snapshot, fields, [.. parts.Select(part => part is StatePart.Stored known ? known.Hash : hashes.Dequeue())]));
        _observer?.Stored(began);
        return stored;
    }

    private RowsWritten Write(StateRows rows)
    {
        _store.WriteRows(rows.Rows);
        _lines?.ToSite(rows.Site, new SiteOrder.RowsWritten(rows.Number));
        return new RowsWritten();
    }

    private FieldsStored Write(ImmutableArray<PackedFields> fields)
    {
        var began = _observer?.Now() ?? 0;
        _store.WritePacked([.. fields.Select(block => block.Chunk)]);
        _observer?.Stored(began);
        return new FieldsStored([.. fields.Select(block => block.Reference)]);
    }

    private void Guarded(Func<object> work)
    {
        object answer;
        try
        {
            answer = work();
        }
        catch (RunStoreException fault)
        {
            answer = new Failed(fault.Message, fault.Passes);
        }

        Sender.Tell(answer);
    }
}

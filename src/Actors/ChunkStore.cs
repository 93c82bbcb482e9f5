using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Actors.Observation;
using ActorMultiscale.Physics.Coupling;
using Akka.Actor;

namespace ActorMultiscale.Actors;

/// <summary>Does the blocking work on a run's store, on a thread of its own: chunks of snapshots.</summary>
internal sealed class ChunkStore : ReceiveActor
{
    private readonly RunStore _store;
    private RunObserver? _observer;

    public ChunkStore(RunStore store)
    {
        _store = store;
        Receive<ObservedBy>(what => _observer = what.Observer);
        Receive<Store>(order => Guarded(() => Write(order.Snapshot)));
        Receive<Load>(order => Guarded(() => new Loaded(order.Reference is { } reference
            ? new RunSnapshot(reference.Window, reference.Tick, _store.ReadChunk(reference.Fields), [.. reference.States.Select(_store.ReadChunk)])
            : null)));
        Receive<Open>(_ => Guarded(() =>
        {
            store.KeepHead();
            return new Opened();
        }));
    }

    public sealed record ObservedBy(RunObserver? Observer);

    public sealed record Open;

    public sealed record Opened;

    public sealed record Store(RunSnapshot Snapshot);

    public sealed record Stored(SnapshotReference Reference);

    public sealed record Load(SnapshotReference? Reference);

    public sealed record Loaded(RunSnapshot? Snapshot);

    public sealed record Failed(string Reason);

    // What was observed before the snapshot is stored before it: whoever goes on from there observes what comes after.
    private Stored Write(RunSnapshot snapshot)
    {
        _observer?.Flush();
        var began = _observer?.Now() ?? 0;
        var stored = new Stored(new SnapshotReference(snapshot.Window, snapshot.Tick, _store.WriteChunk(snapshot.Fields), [.. snapshot.States.Select(_store.WriteChunk)]));
        _observer?.Stored(began);
        return stored;
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
            answer = new Failed(fault.Message);
        }

        Sender.Tell(answer);
    }
}

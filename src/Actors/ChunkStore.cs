using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Physics.Coupling;
using Akka.Actor;

namespace ActorMultiscale.Actors;

/// <summary>Does the blocking work on a run's store, on a thread of its own: chunks of snapshots.</summary>
internal sealed class ChunkStore : ReceiveActor
{
    private readonly RunStore _store;

    public ChunkStore(RunStore store)
    {
        _store = store;
        Receive<Store>(order => Guarded(() => new Stored(new SnapshotReference(order.Snapshot.Window, order.Snapshot.Tick,
            _store.WriteChunk(order.Snapshot.Fields), [.. order.Snapshot.States.Select(_store.WriteChunk)]))));
        Receive<Load>(order => Guarded(() => new Loaded(order.Reference is { } reference
            ? new RunSnapshot(reference.Window, reference.Tick, _store.ReadChunk(reference.Fields), [.. reference.States.Select(_store.ReadChunk)])
            : null)));
        Receive<Open>(_ => Guarded(() =>
        {
            store.KeepHead();
            return new Opened();
        }));
    }

    public sealed record Open;

    public sealed record Opened;

    public sealed record Store(RunSnapshot Snapshot);

    public sealed record Stored(SnapshotReference Reference);

    public sealed record Load(SnapshotReference? Reference);

    public sealed record Loaded(RunSnapshot? Snapshot);

    public sealed record Failed(string Reason);

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

using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Actors.Observation;
using ActorMultiscale.Physics.Coupling;
using Akka.Actor;

namespace ActorMultiscale.Actors;

/// <summary>Does the blocking work on a run's store, on a thread of its own: chunks of snapshots.</summary>
internal sealed class ChunkStore : ReceiveActor
{
    private static readonly TimeSpan _betweenTries = TimeSpan.FromSeconds(1);

    private readonly RunStore _store;
    private readonly RunSettings _settings;
    private RunObserver? _observer;
    private long? _awaySince;         // As a timestamp: the time of day may jump.

    public ChunkStore(RunStore store, RunSettings settings)
    {
        (_store, _settings) = (store, settings);
        Receive<ObservedBy>(what => _observer = what.Observer);
        Receive<Store>(order => Guarded(order, () => Write(order.Snapshot)));
        Receive<Load>(order => Guarded(order, () => new Loaded(order.Reference is { } reference
            ? new RunSnapshot(reference.Window, reference.Tick, _store.ReadChunk(reference.Fields), [.. reference.States.Select(_store.ReadChunk)])
            : null)));
        Receive<Open>(order => Guarded(order, () =>
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
        var hashes = _store.WriteChunks([snapshot.Fields, .. snapshot.States]);
        var stored = new Stored(new SnapshotReference(snapshot.Window, snapshot.Tick, hashes[0], hashes[1..]));
        _observer?.Stored(began);
        return stored;
    }

    private void Guarded(object order, Func<object> work)
    {
        object answer;
        try
        {
            answer = work();
            _awaySince = null;
        }
        catch (RunStoreException fault) when (fault.Passes && !(_awaySince is { } since && _settings.Clock.GetElapsedTime(since) > _settings.StorePatience))
        {
            // Its line of orders stands meanwhile: there is one at a time.
            _awaySince ??= _settings.Clock.GetTimestamp();
            Context.System.Scheduler.ScheduleTellOnce(_betweenTries, Self, order, Sender);
            return;
        }
        catch (RunStoreException fault)
        {
            answer = new Failed(fault.Message);
        }

        Sender.Tell(answer);
    }
}

using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Actors.Observation;
using ActorMultiscale.Physics.Coupling;
using Akka.Actor;
using Akka.Event;

namespace ActorMultiscale.Actors;

/// <summary>Does the blocking work on a run's store, on a thread of its own: chunks of snapshots.</summary>
internal sealed class ChunkStore : ReceiveActor
{
    private static readonly TimeSpan _betweenTries = TimeSpan.FromSeconds(1);

    private readonly RunStore _store;
    private readonly RunSettings _settings;
    private RunObserver? _observer;
    private DateTimeOffset? _awaySince;

    public ChunkStore(RunStore store, RunSettings settings)
    {
        (_store, _settings) = (store, settings);
        Receive<ObservedBy>(what => _observer = what.Observer);
        Receive<Store>(order => Guarded(order, () => Write(order.Snapshot)));
        Receive<ReadHistory>(order => Guarded(order, () => new HistoryRead(_store.Recent())));
        Receive<Recover>(order => Guarded(order, () =>
        {
            var (history, snapshot) = _store.Recover(text => Context.GetLogger().Warning("{0}", text));
            return new Recovered(history, snapshot);
        }));
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

    public sealed record ReadHistory;

    public sealed record HistoryRead(RunHistory History);

    public sealed record Recover;

    public sealed record Recovered(RunHistory History, RunSnapshot? Snapshot);

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
        catch (RunStoreException fault) when (fault.Passes && !(_settings.Clock.GetUtcNow() - _awaySince > _settings.StorePatience))
        {
            // Its line of orders stands meanwhile: there is one at a time.
            _awaySince ??= _settings.Clock.GetUtcNow();
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

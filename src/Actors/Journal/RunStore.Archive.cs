using System.Collections.Immutable;
using System.Data.Common;
using ActorMultiscale.Actors.Observation;

namespace ActorMultiscale.Actors.Journal;

/// <summary>What <see cref="RunStore.Collect"/> did to one run, or to one database.</summary>
/// <param name="Released">How many snapshots were let go.</param>
/// <param name="Swept">What was removed.</param>
/// <param name="File">The length of the run's file before and after, where it has one.</param>
public sealed record CollectedRun(int Released, SweptChunks Swept, (long Before, long After)? File);

// What a store does as a whole, beside the work of a run that is computed.
public sealed partial class RunStore
{
    /// <summary>Makes a run from rows that are there already, whole or not at all; null where there is one of the name.</summary>
    internal static RunStore? MakeFrom(StoreDatabase database, string run, Func<DbConnection, DbTransaction, bool> fill) => Guarded(database, () =>
        database.Make(run, Tables(database) + ObservationStore.Table(database), fill) is { } made ? new RunStore(database, made, run) : null);

    /// <summary>Reads the run as it is at one moment, on a connection of its own.</summary>
    /// <exception cref="RunStoreException">The record is damaged.</exception>
    internal T Archive<T>(Func<StoredRun, T> read) => Guarded(Database, () =>
    {
        using var connection = Database.Connect();
        using var transaction = Database.BeginReading(connection);
        try
        {
            return read(new StoredRun(Database, Run, connection, transaction));
        }
        catch (InvalidDataException fault)
        {
            throw new RunStoreException($"The record of '{Run}' in '{Database.Name}' is damaged. {fault.Message}", fault);
        }
    });

    /// <summary>Takes the run for this process, not to compute it; false where another process has it.</summary>
    public bool TryHold() => Locked(() => _isOwner = Database.Own(_connection, Run, takesOver: false) is null);

    /// <summary>Gives a run free that was taken with <see cref="TryHold"/>.</summary>
    public void Release() => Locked(() =>
    {
        _isOwner = false;
        Execute("UPDATE run SET owner = '' WHERE run = @run");
        Database.Release();
        return true;
    });

    /// <summary>
    /// Lets go of all snapshots but the newest <paramref name="keep"/>, and what a fork began with. That is an event of the journal: afterwards
    /// nobody takes them for damaged, and their chunks are free to be swept. The run is to be owned by this process.
    /// </summary>
    /// <param name="keep">How many are kept, from 1.</param>
    /// <param name="now">The time.</param>
    /// <param name="isDry">Whether nothing is written.</param>
    /// <returns>The event; null where there is nothing to let go.</returns>
    /// <exception cref="RunStoreException">The journal is damaged, or a snapshot that is to be kept.</exception>
    public RunEvent.SnapshotsReleased? ReleaseSnapshots(int keep, DateTimeOffset now, bool isDry)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(keep, 1);
        var history = History();
        List<SnapshotReference> kept = [.. history.Snapshots.TakeLast(keep), .. history.Origin?.Begins is { } begins ? [begins] : Array.Empty<SnapshotReference>()];
        List<SnapshotReference> old = [.. history.Snapshots.Where(s => kept.TrueForAll(k => k.Window != s.Window))];
        if (old.Count == 0)
        {
            return null;
        }

        kept.ForEach(CheckKept);
        ImmutableArray<long> windows = [.. old.Select(s => s.Window).Distinct()];
        var released = new RunEvent.SnapshotsReleased { At = now, Windows = windows };
        if (!isDry)
        {
            Locked(() =>
            {
                KeepHead();
                using var transaction = _connection.BeginTransaction();
                var entry = history.Chain.Extend(released);
                new StoredRun(Database, Run, _connection, transaction).Append(history.Chain.Events, entry, now);

                // They were named, and nobody writes them now: nothing of them is pending.
                foreach (var hash in Database.IsShared ? old.SelectMany(s => s.States.Add(s.Fields)) : [])
                {
                    StoreDatabase.Execute(_connection, transaction, "DELETE FROM pending WHERE run = @run AND hash = @hash", ("@run", Run), ("@hash", hash));
                }

                transaction.Commit();
                return true;
            });
        }

        return released;
    }

    // Older snapshots are what is left where a newer one is damaged.
    private void CheckKept(SnapshotReference snapshot)
    {
        try
        {
            foreach (var hash in snapshot.States.Add(snapshot.Fields))
            {
                CheckChunk(hash);
            }
        }
        catch (RunStoreException fault) when (!fault.Passes)
        {
            throw new RunStoreException($"No snapshot of '{Run}' was let go: the one at window {snapshot.Window}, which would be kept, is damaged. {fault.Message}", fault);
        }
    }

    /// <summary>Removes the chunks of the run's file that nothing refers to, and makes it smaller. The run is to be owned by this process.</summary>
    /// <param name="released">Snapshots that are taken for let go although no event says so; null for none.</param>
    /// <param name="isDry">Whether nothing is removed.</param>
    /// <exception cref="RunStoreException">The record is damaged.</exception>
    public CollectedRun Collect(RunEvent.SnapshotsReleased? released, bool isDry) => Guarded(Database, () =>
    {
        var swept = ChunkSweep.Sweep(Database, isDry, released is null ? null : ImmutableDictionary<string, RunEvent.SnapshotsReleased>.Empty.Add(Run, released));
        using var connection = isDry ? null : Database.Connect();
        return new CollectedRun(released?.Windows.Length ?? 0, swept, connection is null ? null : Database.Shrink(connection));
    });

    /// <summary>Removes the chunks of a database that no run in it refers to.</summary>
    /// <param name="database">A database of many runs.</param>
    /// <param name="released">Snapshots that are taken for let go although no event says so, by run.</param>
    /// <param name="isDry">Whether nothing is removed.</param>
    /// <exception cref="RunStoreException">A record is damaged, so that nobody knows what it refers to: nothing was removed.</exception>
    public static SweptChunks Sweep(StoreDatabase database, IReadOnlyDictionary<string, RunEvent.SnapshotsReleased> released, bool isDry)
    {
        ArgumentNullException.ThrowIfNull(database);
        return Guarded(database, () => ChunkSweep.Sweep(database, isDry, released));
    }
}

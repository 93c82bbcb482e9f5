using System.Collections.Immutable;
using System.Data.Common;

namespace ActorMultiscale.Actors.Journal;

/// <summary>Chunks that were removed, or would be.</summary>
/// <param name="Chunks">How many.</param>
/// <param name="Bytes">How many bytes they take as they are kept.</param>
public sealed record SweptChunks(long Chunks, long Bytes);

/// <summary>Removes from a database the chunks to which no run in it refers.</summary>
/// <remarks>
/// A chunk is written before the event that names it. In a SQLite file there is one run, and who sweeps owns it: nobody writes. In a PostgreSQL database many
/// write. There whoever writes chunks shares a lock until they are committed, and lists them as pending with them; who sweeps holds the lock alone while it
/// reads what has come since, and removes. So a chunk is named by an event, or pending, or nobody's. What is pending stops to be so when an event of its run names
/// it, or when the run has ended: not with time, for a process may be frozen, or away, as long as it pleases.
/// </remarks>
internal sealed class ChunkSweep
{
    private const int AtOnce = 1000;
    private readonly StoreDatabase _database;
    private readonly DbConnection _connection;
    private readonly IReadOnlyDictionary<string, RunEvent.SnapshotsReleased> _asIf;
    private readonly Dictionary<string, Follower> _followers = new(StringComparer.Ordinal);

    private ChunkSweep(StoreDatabase database, DbConnection connection, IReadOnlyDictionary<string, RunEvent.SnapshotsReleased> asIf) =>
        (_database, _connection, _asIf) = (database, connection, asIf);

    /// <summary>Sweeps <paramref name="database"/>.</summary>
    /// <param name="database">The database; the run in a SQLite file is to be owned by this process.</param>
    /// <param name="isDry">Whether nothing is removed.</param>
    /// <param name="asIf">Snapshots that are taken for released, by run.</param>
    /// <exception cref="RunStoreException">The record of a run is damaged, so that nobody knows what it refers to: nothing was removed.</exception>
    public static SweptChunks Sweep(StoreDatabase database, bool isDry, IReadOnlyDictionary<string, RunEvent.SnapshotsReleased>? asIf = null)
    {
        using var connection = database.Connect();
        if (!database.HasTable(connection, "run"))
        {
            return new SweptChunks(0, 0);
        }

        var sweep = new ChunkSweep(database, connection, asIf ?? ImmutableDictionary<string, RunEvent.SnapshotsReleased>.Empty);

        // Most of the reading is done while everybody works on.
        sweep.CatchUp(null);
        var (chunks, bytes) = (0L, 0L);
        for (var isMore = true; isMore;)
        {
            using var transaction = database.BeginSweeping(connection);
            sweep.CatchUp(transaction);
            List<(string Hash, long Length)> found = [.. sweep.Unreferenced(transaction).Take(isDry ? int.MaxValue : AtOnce)];
            foreach (var (hash, length) in found)
            {
                (chunks, bytes) = (chunks + 1, bytes + length);
                if (!isDry)
                {
                    StoreDatabase.Execute(connection, transaction, "DELETE FROM chunk WHERE hash = @hash", ("@hash", hash));
                }
            }

            if (!isDry)
            {
                transaction.Commit();
            }

            isMore = !isDry && found.Count == AtOnce;
        }

        return new SweptChunks(chunks, bytes);
    }

    // Follows every journal to its end.
    private void CatchUp(DbTransaction? transaction)
    {
        List<(string Run, string Started, string Origin, long Events, string Hash)> runs = [.. Rows(transaction, "SELECT run, started, origin, head_events, head_hash FROM run ORDER BY run",
            row => (row.GetString(0), row.GetString(1), row.GetString(2), row.GetInt64(3), row.GetString(4)))];
        foreach (var gone in _followers.Keys.Except(runs.Select(r => r.Run)).ToList())
        {
            _followers.Remove(gone);
        }

        foreach (var (run, started, origin, events, hash) in runs)
        {
            try
            {
                // Meanwhile it may have been removed, and another of its name begun.
                if (!_followers.TryGetValue(run, out var follower) || follower.Began != (started, origin))
                {
                    _followers[run] = follower = new Follower(started, origin);
                }

                foreach (var (_, entry) in new StoredRun(_database, run, _connection, transaction).Entries(follower.Events))
                {
                    follower.Apply(entry);
                }

                follower.Chain.CheckHead(events, hash);
            }
            catch (InvalidDataException fault)
            {
                throw new RunStoreException($"The record of '{run}' in '{_database.Name}' is damaged, and no chunk was removed: what it refers to cannot be told. {fault.Message} Put back a sound copy, or remove it with 'runs rm {run}'.", fault);
            }
        }
    }

    private IEnumerable<(string Hash, long Length)> Unreferenced(DbTransaction transaction)
    {
        var held = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (run, follower) in _followers)
        {
            held.UnionWith(follower.References.Without(_asIf.GetValueOrDefault(run)));
        }

        held.UnionWith(Pending(transaction));
        var lists = Rows(transaction, "SELECT hash, bytes FROM chunk WHERE length(bytes) <= @most AND substr(bytes, 1, 4) = @list", row => (row.GetString(0), row[1] as byte[] ?? []),
            ("@most", ChunkCodec.LongestList), ("@list", ChunkCodec.ListMark));
        List<string> pieces = [.. lists.Where(list => held.Contains(list.Item1)).SelectMany(list => ChunkCodec.Pieces(list.Item2) ?? [])];
        held.UnionWith(pieces);
        return Rows(transaction, "SELECT hash, length(bytes) FROM chunk ORDER BY hash", row => (Hash: row.GetString(0), Length: row.GetInt64(1))).Where(chunk => !held.Contains(chunk.Hash));
    }

    // What was written and is not named yet. What is named, or of a run that has ended, is crossed out.
    private List<string> Pending(DbTransaction transaction)
    {
        if (!_database.HasTable(_connection, "pending", transaction))
        {
            return [];
        }

        var still = new List<string>();
        foreach (var (run, hash) in Rows(transaction, "SELECT run, hash FROM pending", row => (row.GetString(0), row.GetString(1))).ToList())
        {
            if (_followers.TryGetValue(run, out var follower) && !follower.HasEnded && !follower.References.Hashes.Contains(hash))
            {
                still.Add(hash);
            }
            else
            {
                StoreDatabase.Execute(_connection, transaction, "DELETE FROM pending WHERE run = @run AND hash = @hash", ("@run", run), ("@hash", hash));
            }
        }

        return still;
    }

    private IEnumerable<T> Rows<T>(DbTransaction? transaction, string sql, Func<DbDataReader, T> row, params (string Name, object Value)[] parameters)
    {
        using var command = StoreDatabase.Command(_connection, transaction, sql, parameters);
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            yield return row(reader);
        }
    }

    private sealed class Follower(string started, string origin)
    {
        public (string Started, string Origin) Began { get; } = (started, origin);

        public JournalChain Chain { get; } = new();

        public RunReferences References { get; } = new(RunEventCodec.OriginFromText(origin));

        public bool HasEnded { get; private set; }

        public long Events => Chain.Events;

        public void Apply(JournalEntry entry)
        {
            var what = Chain.Follow(entry);
            References.Apply(what);
            HasEnded = what is RunEvent.RunEnded || (HasEnded && what is not RunEvent.CoordinatorStarted);
        }
    }
}

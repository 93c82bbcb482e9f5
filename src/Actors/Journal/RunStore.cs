using System.Collections.Immutable;
using System.Data;
using System.Data.Common;
using System.Globalization;
using ActorMultiscale.Physics.Coupling;

namespace ActorMultiscale.Actors.Journal;

/// <summary>A run as listings show it.</summary>
public sealed record RunSummary(string Run, string Experiment, string Status, long Windows, string FinalHash, DateTimeOffset Started, DateTimeOffset Changed);

/// <summary>The store of a run cannot be used.</summary>
public sealed class RunStoreException : Exception
{
    /// <summary>A fault without a text.</summary>
    public RunStoreException() { }

    /// <summary>A fault with a sentence.</summary>
    public RunStoreException(string message) : base(message) { }

    /// <summary>A fault with its cause.</summary>
    public RunStoreException(string message, Exception inner) : base(message, inner) { }

    /// <summary>Whether it is of the kind that passes: the database is away.</summary>
    public bool Passes { get; init; }
}

/// <summary>
/// Everything about one run in one database: the journal (tables of Akka.Persistence.Sql), chunks by content hash, the
/// summary for listings, the head of the journal, and who owns the run.
/// </summary>
/// <remarks>
/// The journal's table is made here, as the plugin would make it, and written to by the plugin; this class owns the tables <c>run</c> and <c>chunk</c>. Calls block; they are made from the
/// store's own actor or from the command line. A connection that was lost is opened anew by the next call, and the run taken again.
/// </remarks>
public sealed partial class RunStore : IDisposable
{
    // A journal is long where more lies before the snapshot than can be read in a tenth of a second or so: see Recent.
    private const long ShortEvents = 2000;
    private const long ShortWindows = 100_000;

    private readonly Lock _gate = new();        // One connection, and callers on several threads.
    private DbConnection _connection;
    private bool _isOwner;
    private volatile bool _isDisposed;
    private bool _isRobbed;         // Another process has taken the run while the connection was lost.
    private bool _isBegun;          // Whether this process has made it, or writes to it.

    private RunStore(StoreDatabase database, DbConnection connection, string run)
    {
        Database = database;
        _connection = connection;
        Run = run;
    }

    /// <summary>The database.</summary>
    public StoreDatabase Database { get; }

    /// <summary>The run's name.</summary>
    public string Run { get; }

    /// <summary>Makes the SQLite file for a new run.</summary>
    /// <exception cref="RunStoreException">It exists already, or cannot be made.</exception>
    public static RunStore Create(string path, RunOrigin origin, IEnumerable<byte[]> inputs, DateTimeOffset now) => Create(new SqliteDatabase(path), origin, inputs, now);

    /// <summary>Makes a new run, whole or not at all.</summary>
    /// <param name="database">The database.</param>
    /// <param name="origin">What the run is started from.</param>
    /// <param name="inputs">The content of the files that <paramref name="origin"/> names.</param>
    /// <param name="now">The time.</param>
    /// <exception cref="RunStoreException">It exists already, or cannot be made.</exception>
    public static RunStore Create(StoreDatabase database, RunOrigin origin, IEnumerable<byte[]> inputs, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(database);
        ArgumentNullException.ThrowIfNull(origin);
        return Guarded(database, () => database.Make(origin.Run, Tables(database), (connection, transaction) =>
        {
            var isNew = StoreDatabase.Execute(connection, transaction, """
                INSERT INTO run (run, format, experiment, status, windows, final_hash, started, changed, head_events, head_hash, owner, origin)
                VALUES (@run, @format, @experiment, 'running', 0, '', @now, @now, 0, '', @owner, @origin) ON CONFLICT DO NOTHING
                """,
                ("@format", (long)RunEventCodec.Format), ("@run", origin.Run), ("@experiment", origin.Experiment), ("@now", StoreDatabase.Text(now)), ("@owner", OwnerName.Own.Text),
                ("@origin", RunEventCodec.OriginToText(origin))) == 1;
            foreach (var input in isNew ? inputs : [])
            {
                Write(connection, transaction, input);
            }

            return isNew;
        }) is { } made
            ? new RunStore(database, made, origin.Run) { _isOwner = true, _isBegun = true }
            : throw new RunStoreException($"There is a run '{origin.Run}' already ({database.Name}). Give another --name, or remove it with 'runs rm {origin.Run}'."));
    }

    private static string Tables(StoreDatabase database) => $"""
        CREATE TABLE IF NOT EXISTS run (
          run TEXT PRIMARY KEY, format BIGINT NOT NULL, experiment TEXT NOT NULL,
          status TEXT NOT NULL, windows BIGINT NOT NULL, final_hash TEXT NOT NULL, started TEXT NOT NULL, changed TEXT NOT NULL,
          head_events BIGINT NOT NULL, head_hash TEXT NOT NULL, owner TEXT NOT NULL, origin TEXT NOT NULL);
        CREATE TABLE IF NOT EXISTS chunk (hash TEXT PRIMARY KEY, bytes {database.Bytes} NOT NULL);
        {database.OwnTables}
        {database.Journal}
        """;

    /// <summary>What the run was started from: as good as its first event, and there before it.</summary>
    /// <exception cref="RunStoreException">It is damaged.</exception>
    public RunOrigin Origin() => Locked(() =>
    {
        try
        {
            return RunEventCodec.OriginFromText(Scalar("SELECT origin FROM run WHERE run = @run") as string ?? "");
        }
        catch (InvalidDataException fault)
        {
            throw new RunStoreException($"The row of the run '{Run}' in '{Database.Name}' is damaged. {fault.Message}", fault);
        }
    });

    /// <summary>Opens the SQLite file of a run.</summary>
    /// <exception cref="RunStoreException">It is not there, is no run, or was written by a newer program.</exception>
    public static RunStore Open(string path)
    {
        var database = new SqliteDatabase(path);
        return Open(database, Guarded(database, () =>
        {
            using var connection = database.Connect();
            return StoreDatabase.Scalar(connection, null, "SELECT run FROM run") as string ?? throw new RunStoreException($"'{path}' holds no run.");
        }));
    }

    /// <summary>Opens a run.</summary>
    /// <exception cref="RunStoreException">It is not there, is no run, or was written by a newer program.</exception>
    public static RunStore Open(StoreDatabase database, string run)
    {
        ArgumentNullException.ThrowIfNull(database);
        return Guarded(database, () =>
        {
            var store = new RunStore(database, database.Connect(), run);
            try
            {
                var format = store.HasTable("run") ? store.Scalar("SELECT format FROM run WHERE run = @run") : null;
                return format is null
                    ? throw new RunStoreException($"There is no run '{run}' in '{database.Name}'. 'runs list' shows what there is.")
                    : Convert.ToInt64(format, CultureInfo.InvariantCulture) is var found && found <= RunEventCodec.Format
                    ? store
                    : throw new RunStoreException($"The run '{run}' in '{database.Name}' has format {found}; this program reads up to {RunEventCodec.Format}. Use a newer program.");
            }
            catch
            {
                store.Dispose();
                throw;
            }
        });
    }

    /// <summary>
    /// The run as listings show it. A run whose owner is gone although it says that it runs was interrupted; how far such a run,
    /// or one that goes on, has come stands in its journal.
    /// </summary>
    public RunSummary Summary() => Locked(() =>
    {
        RunSummary summary;
        string owner;
        using (var command = Command("SELECT run, experiment, status, windows, final_hash, started, changed, owner FROM run WHERE run = @run"))
        using (var reader = command.ExecuteReader())
        {
            if (!reader.Read())
            {
                throw new RunStoreException($"There is no run '{Run}' in '{Database.Name}' any more.");
            }

            summary = new RunSummary(reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetInt64(3), reader.GetString(4),
                DateTimeOffset.Parse(reader.GetString(5), CultureInfo.InvariantCulture), DateTimeOffset.Parse(reader.GetString(6), CultureInfo.InvariantCulture));
            owner = reader.GetString(7);
        }

        return summary.Status != "running" ? summary : summary with
        {
            Status = Database.IsOwned(_connection, Run, owner) ? summary.Status : "interrupted",
            Changed = Last("%") is { } last && last.At > summary.Changed ? last.At : summary.Changed,
            Windows = Last("WC_") is RunEvent.WindowsCommitted { Windows: [.., var newest] } ? Math.Max(summary.Windows, newest.Index + 1) : summary.Windows,
        };
    });

    // A listing shows what it can; whether a journal is sound is asked when it is read.
    private RunEvent? Last(string manifest)
    {
        if (!HasTable("journal"))
        {
            return null;
        }

        using var command = Command("SELECT manifest, message FROM journal WHERE persistence_id = @id AND manifest LIKE @manifest ORDER BY sequence_number DESC LIMIT 1",
            ("@id", PersistenceId), ("@manifest", manifest));
        using var reader = command.ExecuteReader();
        try
        {
            return reader.Read() ? RunEventCodec.Decode(new JournalEntry(reader[0] as string ?? "", reader[1] as byte[] ?? [])) : null;
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    private string PersistenceId => "run-" + Run;

    internal bool HasTable(string table) => Database.HasTable(_connection, table);

    /// <summary>What the database itself finds wrong; null for nothing.</summary>
    internal string? Damage() => Locked(() => Database.Damage(_connection));

    /// <summary>Takes the run for this process. It stands as it stood until <see cref="Begin"/>, and if that is not called, the run is given free with the store.</summary>
    /// <param name="takesOver">Whether it is taken from a process of which only the user knows that it is gone: on another host, or unknown to the server.</param>
    /// <exception cref="RunStoreException">Another process that lives, or may live, has it.</exception>
    public void Acquire(bool takesOver = false) => Locked(() =>
    {
        _isRobbed = false;
        if (Database.Own(_connection, Run, takesOver) is { } refusal)
        {
            throw new RunStoreException($"The run '{Run}' in '{Database.Name}' {refusal}");
        }

        _isOwner = true;
        return true;
    }, evenIfRobbed: true);

    /// <summary>Stores bytes under the hash of their content, once.</summary>
    public string WriteChunk(byte[] bytes) => WriteChunks([bytes])[0];

    /// <summary>Stores several at once: all or none, and for the disk it is one write.</summary>
    public ImmutableArray<string> WriteChunks(IReadOnlyList<byte[]> chunks) => Written(transaction => [.. chunks.Select(bytes => Write(_connection, transaction, bytes))]);

    /// <summary>The same of what <see cref="ChunkCodec.Pack"/> made.</summary>
    internal ImmutableArray<string> WritePacked(IReadOnlyList<PackedChunk> chunks) => Written(transaction =>
    {
        foreach (var (hash, bytes) in chunks.SelectMany(chunk => chunk.Parts))
        {
            Put(_connection, transaction, hash, bytes);
        }

        return [.. chunks.Select(chunk => chunk.Hash)];
    });

    /// <summary>
    /// Stores some of what <see cref="ChunkCodec.Rows"/> gives, in one transaction: of a chunk that is large, piece after piece. The run need not be this process's own. Until the list that names
    /// it is stored, a piece is pending as a chunk is that no event names.
    /// </summary>
    internal void WriteRows(IReadOnlyList<(string Hash, byte[] Bytes)> rows) => Locked(() =>
    {
        using var transaction = _connection.BeginTransaction();
        Database.ShareChunks(_connection, transaction);
        // In one order, so that sites which bring the same rows at once wait for each other, and not one for the other.
        var named = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var (hash, bytes) in rows.OrderBy(row => row.Hash, StringComparer.Ordinal))
        {
            var pieces = ChunkCodec.Pieces(bytes);
            if (StoreDatabase.Scalar(_connection, transaction, "SELECT bytes FROM chunk WHERE hash = @hash", ("@hash", hash)) is not byte[] stored
                || !(pieces is null ? ChunkCodec.Decode(stored, hash) is not null : stored.AsSpan().SequenceEqual(bytes)))
            {
                Put(_connection, transaction, hash, bytes);
            }

            if (Database.IsShared)
            {
                StoreDatabase.Execute(_connection, transaction, "INSERT INTO pending (run, hash) VALUES (@run, @hash) ON CONFLICT DO NOTHING", ("@run", Run), ("@hash", hash));
                named.UnionWith(pieces ?? []);
            }
        }

        foreach (var piece in named)
        {
            StoreDatabase.Execute(_connection, transaction, "DELETE FROM pending WHERE run = @run AND hash = @hash", ("@run", Run), ("@hash", piece));
        }

        transaction.Commit();
        return rows.Count;
    });

    // Until an event names them, chunks are pending: nobody sweeps them away.
    private ImmutableArray<string> Written(Func<DbTransaction, ImmutableArray<string>> write) => Locked(() =>
    {
        using var transaction = _connection.BeginTransaction();
        Database.ShareChunks(_connection, transaction);
        var hashes = write(transaction);
        foreach (var hash in Database.IsShared ? hashes : [])
        {
            StoreDatabase.Execute(_connection, transaction, "INSERT INTO pending (run, hash) VALUES (@run, @hash) ON CONFLICT DO NOTHING", ("@run", Run), ("@hash", hash));
        }

        transaction.Commit();
        return hashes;
    });

    // What stands there already is looked at: a damaged chunk is mended by who brings its content again.
    private static string Write(DbConnection connection, DbTransaction transaction, byte[] bytes)
    {
        var hash = RunEventCodec.Hash(bytes);
        var stored = StoreDatabase.Scalar(connection, transaction, "SELECT bytes FROM chunk WHERE hash = @hash", ("@hash", hash)) as byte[];
        if (bytes.Length > ChunkCodec.Piece)
        {
            var list = ChunkCodec.EncodeList(bytes.Length, [.. bytes.Chunk(ChunkCodec.Piece).Select(piece => Write(connection, transaction, piece))]);
            if (stored is null || !stored.AsSpan().SequenceEqual(list))
            {
                Put(connection, transaction, hash, list);
            }
        }
        else if (stored is null || ChunkCodec.Decode(stored, hash) is null)
        {
            Put(connection, transaction, hash, ChunkCodec.Encode(bytes));
        }

        return hash;
    }

    private static void Put(DbConnection connection, DbTransaction transaction, string hash, byte[] bytes) =>
        StoreDatabase.Execute(connection, transaction, "INSERT INTO chunk (hash, bytes) VALUES (@hash, @bytes) ON CONFLICT (hash) DO UPDATE SET bytes = excluded.bytes", ("@hash", hash), ("@bytes", bytes));

    /// <summary>The bytes stored under <paramref name="hash"/>.</summary>
    /// <exception cref="RunStoreException">They are missing, or are not what was stored.</exception>
    public byte[] ReadChunk(string hash) => Locked(() =>
    {
        // A large one is read twice: no memory is taken before it is known to be worth it.
        var (stored, length) = (Read(hash), 0L);
        foreach (var part in Parts(hash, stored))
        {
            if (part.Hash == hash)
            {
                return part.Content;
            }

            length += part.Content.Length;
        }

        var (content, at) = (new byte[length], 0);
        foreach (var part in Parts(hash, stored))
        {
            part.Content.CopyTo(content, at);
            at += part.Content.Length;
        }

        return content;
    });

    /// <summary>Reads the chunk as <see cref="ReadChunk"/> does, and holds no more than a piece of it.</summary>
    /// <returns>How many bytes it has.</returns>
    /// <exception cref="RunStoreException">It is missing, or is not what was stored.</exception>
    internal long CheckChunk(string hash) => Pieces(hash).Sum(piece => (long)piece.Length);

    /// <summary>The content of a chunk, piece after piece.</summary>
    /// <exception cref="RunStoreException">It is missing, or is not what was stored; said while it is read.</exception>
    internal IEnumerable<ReadOnlyMemory<byte>> Pieces(string hash) => Parts(hash, Locked(() => Read(hash))).Select(part => (ReadOnlyMemory<byte>)part.Content);

    private IEnumerable<ChunkPart> Parts(string hash, byte[] stored)
    {
        using var parts = ChunkCodec.Parts(stored, hash, piece => Locked(() => Read(piece)), $" in '{Database.Name}'").GetEnumerator();
        while (Next())
        {
            yield return parts.Current;
        }

        bool Next()
        {
            try
            {
                return parts.MoveNext();
            }
            catch (InvalidDataException fault)
            {
                throw new RunStoreException(fault.Message, fault);
            }
        }
    }

    private byte[] Read(string hash) => Scalar("SELECT bytes FROM chunk WHERE hash = @hash", ("@hash", hash)) as byte[]
        ?? throw new RunStoreException($"The chunk {hash} is missing from '{Database.Name}'.");

    /// <summary>Opens the record for a process that computes the run: from now on it is running.</summary>
    public void Begin() => Locked(() =>
    {
        KeepHead();
        _isBegun = true;
        return Execute("UPDATE run SET status = 'running' WHERE run = @run");
    });

    // Makes the database itself write down how far the journal has come, in the transaction that writes an event: before the first event that this process writes. Recovery refuses a
    // journal that is shorter than that. What is written from now on is of the newest format, whatever stands there already.
    private void KeepHead()
    {
        Execute(Database.KeepHead);
        Execute("UPDATE run SET format = @format WHERE run = @run", ("@format", (long)RunEventCodec.Format));
    }

    /// <summary>How far the journal had come when it was last written to: how many events, and the hash of the last.</summary>
    public (long Events, string Hash) Head() => Locked(() =>
    {
        using var command = Command("SELECT head_events, head_hash FROM run WHERE run = @run");
        using var reader = command.ExecuteReader();
        reader.Read();
        return (reader.GetInt64(0), reader.GetString(1));
    });

    /// <summary>Writes down how the run ended and gives it free.</summary>
    public void SetEnd(string status, long windows, string finalHash, DateTimeOffset now) => Locked(() =>
    {
        _isOwner = false;
        return Execute("UPDATE run SET status = @status, windows = @windows, final_hash = @hash, changed = @now, owner = '' WHERE run = @run",
            ("@status", status), ("@windows", windows), ("@hash", finalHash), ("@now", StoreDatabase.Text(now)));
    });

    /// <summary>The entries of the journal in order, read straight from the table.</summary>
    /// <param name="from">Number of the first one, from 1.</param>
    public IEnumerable<JournalEntry> Entries(long from = 1) => Rows("sequence_number >= @number ORDER BY sequence_number", from);

    // The snapshots that were recorded and not let go since, the newest first; each is looked for when it is asked for.
    private IEnumerable<RunEvent.SnapshotTaken> SnapshotsTaken()
    {
        var (before, released) = (long.MaxValue, new HashSet<long>());
        while (Locked(() => HasTable("journal") ? Scalar("SELECT sequence_number FROM journal WHERE persistence_id = @id AND manifest IN ('ST1', 'ST2', 'SR2') AND sequence_number < @before ORDER BY sequence_number DESC LIMIT 1", ("@id", PersistenceId), ("@before", before)) : null) is long number)
        {
            switch (JournalChain.Decoded(number, Rows("sequence_number = @number", number).First()))
            {
                case RunEvent.SnapshotTaken taken when !released.Contains(taken.Snapshot.Window):
                    yield return taken;
                    break;
                case RunEvent.SnapshotsReleased e:
                    released.UnionWith(e.Windows);
                    break;
            }

            before = number;
        }
    }

    private IEnumerable<JournalEntry> Rows(string which, long number)
    {
        // On a connection of its own: who reads may ask for chunks meanwhile.
        using var connection = Guarded(Database, () => Database.Connect());
        if (!Database.HasTable(connection, "journal"))
        {
            yield break;
        }

        using var command = StoreDatabase.Command(connection, null, $"SELECT manifest, message FROM journal WHERE persistence_id = @id AND {which}", ("@id", PersistenceId), ("@number", number));
        using var reader = Guarded(Database, () => command.ExecuteReader(CommandBehavior.SequentialAccess));
        while (Guarded(Database, reader.Read))
        {
            yield return new JournalEntry(reader[0] as string ?? "", reader[1] as byte[] ?? []);
        }
    }

    /// <summary>The run's whole history, checked event by event and against its head.</summary>
    /// <exception cref="RunStoreException">The journal is damaged.</exception>
    public RunHistory History()
    {
        var head = Head();        // First: a run that goes on writes events meanwhile.
        return Sound(() => Followed(new RunHistory(), 1, head));
    }

    /// <summary>
    /// The run's history as of its last snapshot. It is read and checked from the beginning where little lies before the snapshot. Where more than 2000 events or 100,000 windows do, nothing of
    /// that is read; but no event is missing or doubled, and those that are read lead from the snapshot to the head.
    /// </summary>
    /// <exception cref="RunStoreException">The journal is damaged.</exception>
    public RunHistory Recent() => Standing(static _ => true);

    /// <summary>
    /// What a process needs that goes on with the run: the history as of the last snapshot that is sound, and that snapshot; null for the beginning. A snapshot that is not sound is named to
    /// <paramref name="warn"/>; what is damaged of it is mended when the same content is stored again. To be called by who owns the run.
    /// </summary>
    /// <param name="warn">Is told what is not sound.</param>
    /// <param name="readsStates">Whether the states are read; where others read them, it is only looked whether they are sound.</param>
    /// <exception cref="RunStoreException">The journal is damaged, or all of it that a fork could go on from.</exception>
    public (RunHistory History, RunSnapshot? Snapshot) Recover(Action<string> warn, bool readsStates = true)
    {
        RunSnapshot? snapshot = null;
        var history = Standing(reference => (snapshot = Load(reference, warn, readsStates)) is not null);
        return (history, snapshot);
    }

    /// <summary>The first of <paramref name="references"/> that is sound; null if none is. One that is not is named to <paramref name="warn"/>.</summary>
    public RunSnapshot? LoadFirst(IEnumerable<SnapshotReference> references, Action<string> warn) =>
        references.Select(reference => Load(reference, warn)).FirstOrDefault(snapshot => snapshot is not null);

    private RunSnapshot? Load(SnapshotReference reference, Action<string> warn, bool readsStates = true)
    {
        StatePart Part(string hash) => readsStates ? new StatePart.Here(ReadChunk(hash)) : new StatePart.Stored(hash, CheckChunk(hash));
        try
        {
            return new RunSnapshot(reference.Window, reference.Tick, ReadChunk(reference.Fields), [.. reference.ByParticipant().Select(hashes => new ParticipantState([.. hashes.Select(Part)]))]);
        }
        catch (RunStoreException fault) when (!fault.Passes)
        {
            warn($"the snapshot of '{Run}' at window {reference.Window} cannot be used: {fault.Message}");
            return null;
        }
    }

    // Stands at the newest snapshot that is usable; else where the run begins.
    private RunHistory Standing(Func<SnapshotReference, bool> isUsable)
    {
        var head = Head();
        return Sound(() =>
        {
            foreach (var taken in SnapshotsTaken())
            {
                if (!isUsable(taken.Snapshot))
                {
                    continue;
                }

                if (taken is not { From: { } from, Counted.IsEmpty: false } || (from.Event <= ShortEvents && from.Windows <= ShortWindows))
                {
                    return Followed(RunHistory.At(taken), 1, head);
                }

                CheckNumbers(head.Events);
                return Followed(RunHistory.At(taken, Rows("sequence_number = @number", 1).First()), from.Event, head);
            }

            var origin = Origin();
            return origin.Begins is not { } begins || isUsable(begins) ? Followed(RunHistory.At(null), 1, head)
                : throw new RunStoreException($"The run '{Run}' begins at window {begins.Window} with the state of '{origin.Parent}', and that state is damaged: there is nothing to compute from.");
        });
    }

    private RunHistory Followed(RunHistory history, long from, (long Events, string Hash) head)
    {
        foreach (var entry in Entries(from))
        {
            history.Apply(entry);
        }

        CheckHead(history, head);
        return history;
    }

    /// <summary>Compares a history that was read to its end with the head as it was before the reading.</summary>
    /// <exception cref="RunStoreException">The journal is damaged.</exception>
    internal void CheckHead(RunHistory history, (long Events, string Hash) head) => Sound(() =>
    {
        history.Chain.CheckHead(head.Events, head.Hash);

        // The database writes the head with the event: it is never behind, however many came meanwhile.
        if (history.Chain.Events > head.Events && Head() is var now && now.Events <= history.Chain.Events)
        {
            history.Chain.CheckEnd(now.Events, now.Hash);
        }

        return history;
    });

    // That every event from the first to the last is there once, the index says.
    private void CheckNumbers(long events)
    {
        var (count, last, sum) = Locked(() =>
        {
            using var command = Command("SELECT count(*), coalesce(max(sequence_number), 0), CAST(coalesce(sum(sequence_number), 0) AS BIGINT) FROM journal WHERE persistence_id = @id",
                ("@id", PersistenceId));
            using var reader = command.ExecuteReader();
            reader.Read();
            return (reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2));
        });
        if (last < events)
        {
            throw new InvalidDataException($"It ends with event {last}, and had {events} events when it was last written to: its tail is cut off.");
        }

        if (count != last || sum != last * (last + 1) / 2)
        {
            throw new InvalidDataException($"It has {count} events with numbers up to {last}: an event is missing or doubled. 'verify {Run}' says where.");
        }
    }

    /// <summary>Does what may find the journal damaged, and says so in the store's words.</summary>
    /// <exception cref="RunStoreException">The journal is damaged.</exception>
    internal T Sound<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (InvalidDataException fault)
        {
            throw new RunStoreException($"The journal of the run '{Run}' in '{Database.Name}' is damaged. {fault.Message}", fault);
        }
    }

    /// <summary>The names of the runs in a database, or of the one called <paramref name="run"/>, if it is there.</summary>
    public static IReadOnlyList<string> NamesIn(StoreDatabase database, string? run = null)
    {
        ArgumentNullException.ThrowIfNull(database);
        return Guarded(database, () =>
        {
            var names = new List<string>();
            using var connection = database.Connect();
            if (database.HasTable(connection, "run"))
            {
                using var command = StoreDatabase.Command(connection, null, "SELECT run FROM run WHERE run = @run OR @run = '' ORDER BY run", ("@run", run ?? ""));
                using var reader = command.ExecuteReader();
                while (reader.Read())
                {
                    names.Add(reader.GetString(0));
                }
            }

            return names;
        });
    }

    /// <summary>Removes the run, which this process has acquired, with everything that belongs to it alone.</summary>
    public void Remove() => Locked(() =>
    {
        _isOwner = false;
        Database.Remove(this);
        return true;
    });

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_isOwner && !_isBegun)
        {
            try
            {
                Release();
            }
            catch (RunStoreException)
            {
                // It is taken by who looks whether this process lives.
            }
        }

        _isDisposed = true;     // Whoever is at work with it on another thread does not open it anew.
        _connection.Dispose();
        Database.Release();
    }

    // What this process would write after another has taken the run is not its own; it may look, and take the run anew.
    private T Locked<T>(Func<T> work, bool evenIfRobbed = false)
    {
        lock (_gate)
        {
            return Guarded(Database, () =>
            {
                Reconnect(evenIfRobbed);
                return work();
            });
        }
    }

    private void Reconnect(bool evenIfRobbed)
    {
        if (_isDisposed)
        {
            throw new RunStoreException($"The record of the run '{Run}' is closed.");
        }

        if (!Database.IsThere)
        {
            throw new RunStoreException($"The file '{Database.Name}' is gone: it was removed or moved while the run '{Run}' used it. What is written to it now is kept nowhere.");
        }

        if (_connection.State is not ConnectionState.Open)
        {
            _connection.Dispose();
            _connection = Database.Connect();
            _isRobbed |= _isOwner && Database.Own(_connection, Run, takesOver: false) is not null;
        }

        if (_isRobbed && !evenIfRobbed)
        {
            throw new RunStoreException($"The connection to '{Database.Name}' was lost, and another process has taken the run '{Run}' meanwhile. What it writes counts; this one ends.");
        }
    }

    private static T Guarded<T>(StoreDatabase database, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception fault) when (fault is DbException or IOException or UnauthorizedAccessException or System.Net.Sockets.SocketException)
        {
            throw new RunStoreException($"The store '{database.Name}' cannot be used: {fault.Message}{database.Hint(fault)}", fault) { Passes = database.Passes(fault) };
        }
        catch (Exception fault) when (fault is FormatException or InvalidCastException or OverflowException)
        {
            throw new RunStoreException($"A row in '{database.Name}' is damaged: {fault.Message}", fault);
        }
    }

    private DbCommand Command(string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        var command = StoreDatabase.Command(_connection, null, sql, parameters);
        if (sql.Contains("@run", StringComparison.Ordinal))
        {
            var run = command.CreateParameter();
            (run.ParameterName, run.Value) = ("@run", Run);
            command.Parameters.Add(run);
        }

        return command;
    }

    // @run is this run.
    internal int Execute(string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        using var command = Command(sql, parameters);
        return command.ExecuteNonQuery();
    }

    private object? Scalar(string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        using var command = Command(sql, parameters);
        return command.ExecuteScalar();
    }
}

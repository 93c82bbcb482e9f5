using System.Diagnostics;
using System.Globalization;
using Microsoft.Data.Sqlite;

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
}

/// <summary>
/// Everything about one run in one SQLite file: the journal (tables of Akka.Persistence.Sql), chunks by content hash, the
/// summary for listings, the head of the journal, and who owns the run.
/// </summary>
/// <remarks>
/// WAL mode, synchronous = FULL: a commit survives the loss of power. The journal tables belong to the plugin; this class
/// owns the tables <c>run</c> and <c>chunk</c>. Calls block; they are made from the store's own actor or from the command line.
/// </remarks>
public sealed class RunStore : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly Lock _gate = new();        // One connection, and callers on several threads.

    private RunStore(string path, SqliteConnection connection)
    {
        Path = path;
        _connection = connection;
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The connection string for the journal plugin.</summary>
    public string ConnectionString => ConnectionStringOf(Path);

    /// <summary>Makes the file for a new run, whole or not at all: it appears under its name when everything is in it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="origin">What the run is started from.</param>
    /// <param name="inputs">The content of the files that <paramref name="origin"/> names.</param>
    /// <param name="now">The time.</param>
    /// <exception cref="RunStoreException">It exists already, or cannot be made.</exception>
    public static RunStore Create(string path, RunOrigin origin, IEnumerable<byte[]> inputs, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(origin);
        if (File.Exists(path))
        {
            throw new RunStoreException($"There is a run '{origin.Run}' already ({path}). Give another --name, or remove it with 'runs rm {origin.Run}'.");
        }

        return Guarded(path, () =>
        {
            if (System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path)) is { } folder)
            {
                Directory.CreateDirectory(folder);
                RemoveAbandonedDrafts(folder);
            }

            var draft = $"{path}.{Environment.ProcessId}.new";
            File.Delete(draft);
            using (var store = new RunStore(draft, Connect(draft)))
            {
                using var transaction = store._connection.BeginTransaction();
                store.Execute("""
                    CREATE TABLE run (
                      id INTEGER PRIMARY KEY CHECK (id = 1), format INTEGER NOT NULL, run TEXT NOT NULL, experiment TEXT NOT NULL,
                      status TEXT NOT NULL, windows INTEGER NOT NULL, final_hash TEXT NOT NULL, started TEXT NOT NULL, changed TEXT NOT NULL,
                      head_events INTEGER NOT NULL, head_hash TEXT NOT NULL, owner TEXT NOT NULL, origin TEXT NOT NULL);
                    CREATE TABLE chunk (hash TEXT PRIMARY KEY, bytes BLOB NOT NULL) WITHOUT ROWID;
                    """, transaction);
                store.Execute("INSERT INTO run VALUES (1, $format, $run, $experiment, 'running', 0, '', $now, $now, 0, '', $owner, $origin)", transaction,
                    ("$format", RunEventCodec.Format), ("$run", origin.Run), ("$experiment", origin.Experiment), ("$now", Text(now)), ("$owner", Owner()),
                    ("$origin", RunEventCodec.OriginToText(origin)));
                foreach (var input in inputs)
                {
                    store.Execute("INSERT OR IGNORE INTO chunk VALUES ($hash, $bytes)", transaction, ("$hash", RunEventCodec.Hash(input)), ("$bytes", input));
                }

                transaction.Commit();
            }

            File.Move(draft, path, overwrite: false);
            var created = new RunStore(path, Connect(path));
            created.Execute("PRAGMA journal_mode=WAL");
            return created;
        });
    }

    /// <summary>What the run was started from: as good as its first event, and there before it.</summary>
    public RunOrigin Origin() => Locked(() => RunEventCodec.OriginFromText((string)Scalar("SELECT origin FROM run WHERE id = 1")!));

    /// <summary>Opens the file of a run.</summary>
    /// <exception cref="RunStoreException">It is not there, is no run, or was written by a newer program.</exception>
    public static RunStore Open(string path)
    {
        if (!File.Exists(path))
        {
            throw new RunStoreException($"There is no run in '{path}'. 'runs list' shows what there is.");
        }

        return Guarded(path, () =>
        {
            var store = new RunStore(path, Connect(path));
            store.Execute("PRAGMA journal_mode=WAL");
            var format = Convert.ToInt64(store.Scalar("SELECT format FROM run WHERE id = 1"), CultureInfo.InvariantCulture);
            return format <= RunEventCodec.Format
                ? store
                : throw new RunStoreException($"'{path}' has format {format}; this program reads up to {RunEventCodec.Format}. Use a newer program.");
        });
    }

    /// <summary>
    /// The run as listings show it. A run whose owner is gone although it says that it runs was interrupted; how far such a run,
    /// or one that goes on, has come stands in its journal.
    /// </summary>
    public RunSummary Summary() => Locked(() =>
    {
        using var command = Command("SELECT run, experiment, status, windows, final_hash, started, changed, owner FROM run WHERE id = 1");
        using var reader = command.ExecuteReader();
        reader.Read();
        var (status, windows) = (reader.GetString(2), reader.GetInt64(3));
        var changed = DateTimeOffset.Parse(reader.GetString(6), CultureInfo.InvariantCulture);
        if (status == "running")
        {
            status = IsAlive(reader.GetString(7)) ? status : "interrupted";
            changed = Last("%") is { } last && last.At > changed ? last.At : changed;
            windows = Last("WC_") is RunEvent.WindowsCommitted { Windows: [.., var newest] } ? Math.Max(windows, newest.Index + 1) : windows;
        }

        return new RunSummary(reader.GetString(0), reader.GetString(1), status, windows, reader.GetString(4),
            DateTimeOffset.Parse(reader.GetString(5), CultureInfo.InvariantCulture), changed);
    });

    // A listing shows what it can; whether a journal is sound is asked when it is read.
    private RunEvent? Last(string manifest)
    {
        if (!HasJournal())
        {
            return null;
        }

        using var command = Command("SELECT manifest, message FROM journal WHERE manifest LIKE $manifest ORDER BY ordering DESC LIMIT 1", null, ("$manifest", manifest));
        using var reader = command.ExecuteReader();
        try
        {
            return reader.Read() ? RunEventCodec.Decode(new JournalEntry(reader.GetString(0), reader[1] as byte[] ?? [])) : null;
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    private bool HasJournal() => Scalar("SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'journal'") is not null;

    /// <summary>Takes the run for this process.</summary>
    /// <exception cref="RunStoreException">Another process that lives has it.</exception>
    public void Acquire() => Locked(() =>
    {
        using var transaction = _connection.BeginTransaction(deferred: false);
        var owner = (string)Scalar("SELECT owner FROM run WHERE id = 1", transaction)!;
        var self = Owner();
        if (owner != self && IsAlive(owner))
        {
            throw new RunStoreException($"The run in '{Path}' is being computed by process {owner.Split(' ')[0]}; two cannot write one record. Wait for it, or stop it.");
        }

        // What is written from now on is of the newest format, whatever stands there already.
        Execute("UPDATE run SET owner = $owner, status = 'running', format = $format WHERE id = 1", transaction, ("$owner", self), ("$format", RunEventCodec.Format));
        transaction.Commit();
        return true;
    });

    /// <summary>Stores bytes under the hash of their content, once.</summary>
    public string WriteChunk(byte[] bytes) => Locked(() =>
    {
        var hash = RunEventCodec.Hash(bytes);
        Execute("INSERT OR IGNORE INTO chunk VALUES ($hash, $bytes)", null, ("$hash", hash), ("$bytes", bytes));
        return hash;
    });

    /// <summary>The bytes stored under <paramref name="hash"/>.</summary>
    /// <exception cref="RunStoreException">They are missing, or are not what was stored.</exception>
    public byte[] ReadChunk(string hash) => Locked(() =>
        Scalar("SELECT bytes FROM chunk WHERE hash = $hash", null, ("$hash", hash)) is not byte[] bytes
            ? throw new RunStoreException($"The chunk {hash} is missing from '{Path}'.")
            : RunEventCodec.Hash(bytes) != hash
            ? throw new RunStoreException($"The chunk {hash} in '{Path}' is damaged: its content has another hash.")
            : bytes);

    /// <summary>
    /// Makes the database itself write down how far the journal has come, in the transaction that writes an event. To be asked when
    /// the plugin has made its table, and before the first event. Recovery refuses a journal that is shorter than that.
    /// </summary>
    public void KeepHead() => Locked(() => Execute("""
        CREATE TRIGGER IF NOT EXISTS journal_head AFTER INSERT ON journal BEGIN
          UPDATE run SET head_events = NEW.sequence_number, head_hash = lower(hex(substr(NEW.message, 1, 32))) WHERE id = 1;
        END;
        """));

    /// <summary>How far the journal had come when it was last written to: how many events, and the hash of the last.</summary>
    public (long Events, string Hash) Head() => Locked(() =>
    {
        using var command = Command("SELECT head_events, head_hash FROM run WHERE id = 1");
        using var reader = command.ExecuteReader();
        reader.Read();
        return (reader.GetInt64(0), reader.GetString(1));
    });

    /// <summary>Writes down how the run ended and gives it free.</summary>
    public void SetEnd(string status, long windows, string finalHash, DateTimeOffset now) => Locked(() => Execute(
        "UPDATE run SET status = $status, windows = $windows, final_hash = $hash, changed = $now, owner = '' WHERE id = 1",
        null, ("$status", status), ("$windows", windows), ("$hash", finalHash), ("$now", Text(now))));

    /// <summary>Every entry of the journal in order, read straight from the table.</summary>
    public IEnumerable<JournalEntry> Entries()
    {
        using var command = Command("SELECT manifest, message FROM journal ORDER BY sequence_number");
        using var reader = Locked(command.ExecuteReader);
        while (reader.Read())
        {
            yield return new JournalEntry(reader.GetString(0), reader[1] as byte[] ?? []);
        }
    }

    /// <summary>The run's history, checked event by event and against its head.</summary>
    /// <exception cref="RunStoreException">The journal is damaged.</exception>
    public RunHistory History()
    {
        var (events, hash) = Head();        // First: a run that goes on writes events meanwhile.
        var history = new RunHistory();
        try
        {
            if (HasJournal())
            {
                foreach (var entry in Entries())
                {
                    history.Apply(entry);
                }
            }
        }
        catch (InvalidDataException fault)
        {
            throw new RunStoreException($"The journal in '{Path}' is damaged. {fault.Message}", fault);
        }

        return history.Chain.Events < events
            ? throw new RunStoreException($"The journal in '{Path}' has {history.Chain.Events} events, and had {events} when it was last written to: its tail is cut off.")
            : history.Chain.Events == events && history.Chain.HeadHash != hash
            ? throw new RunStoreException($"The last event of the journal in '{Path}' is not the one that was written: it has another hash.")
            : history;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _connection.Dispose();
        SqliteConnection.ClearPool(_connection);
    }

    // A process that was killed while it made a run leaves a draft that nobody will ever finish.
    private static void RemoveAbandonedDrafts(string folder)
    {
        foreach (var draft in Directory.EnumerateFiles(folder, "*.new*"))
        {
            var parts = System.IO.Path.GetFileName(draft).Split(".new")[0].Split('.');
            if (int.TryParse(parts[^1], CultureInfo.InvariantCulture, out var id) && !Process.GetProcesses().Any(p => p.Id == id))
            {
                File.Delete(draft);
            }
        }
    }

    private static string ConnectionStringOf(string path) =>
        new SqliteConnectionStringBuilder { DataSource = path, DefaultTimeout = 30, Pooling = true }.ToString();

    private static SqliteConnection Connect(string path)
    {
        var connection = new SqliteConnection(ConnectionStringOf(path));
        connection.Open();
        return connection;
    }

    private T Locked<T>(Func<T> work)
    {
        lock (_gate)
        {
            return Guarded(Path, work);
        }
    }

    private static T Guarded<T>(string path, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception fault) when (fault is SqliteException or IOException or UnauthorizedAccessException)
        {
            throw new RunStoreException($"The store '{path}' cannot be used: {fault.Message}", fault);
        }
    }

    private SqliteCommand Command(string sql, SqliteTransaction? transaction = null, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        var command = _connection.CreateCommand();
        command.CommandText = sql;
        command.Transaction = transaction;
        foreach (var (name, value) in parameters)
        {
            command.Parameters.AddWithValue(name, value);
        }

        return command;
    }

    private int Execute(string sql, SqliteTransaction? transaction = null, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        using var command = Command(sql, transaction, parameters);
        return command.ExecuteNonQuery();
    }

    private object? Scalar(string sql, SqliteTransaction? transaction = null, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        using var command = Command(sql, transaction, parameters);
        return command.ExecuteScalar();
    }

    private static string Text(DateTimeOffset time) => time.ToString("O", CultureInfo.InvariantCulture);

    // A process id alone may have been given out again; with the time at which the process started it names one process.
    private static string Owner()
    {
        using var self = Process.GetCurrentProcess();
        return string.Create(CultureInfo.InvariantCulture, $"{self.Id} {self.StartTime.ToUniversalTime():O}");
    }

    private static bool IsAlive(string owner)
    {
        var parts = owner.Split(' ');
        if (parts.Length != 2 || !int.TryParse(parts[0], CultureInfo.InvariantCulture, out var id))
        {
            return false;
        }

        try
        {
            using var process = Process.GetProcessById(id);
            var started = DateTime.Parse(parts[1], CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal);
            return Math.Abs((process.StartTime.ToUniversalTime() - started).TotalSeconds) < 2;
        }
        catch (Exception fault) when (fault is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}

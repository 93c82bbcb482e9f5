using System.Data.Common;
using Microsoft.Data.Sqlite;

namespace ActorMultiscale.Actors.Journal;

/// <summary>One SQLite file, with one run in it.</summary>
/// <remarks>WAL mode, synchronous = FULL: a commit survives the loss of power. A file on a network drive is not safe: SQLite's locks are not.</remarks>
/// <param name="path">The file.</param>
public sealed class SqliteDatabase(string path) : StoreDatabase
{
    private const string LockSuffix = "-owner";
    private const string DraftSuffix = ".new";
    private RunLock? _lock;

    /// <summary>The file.</summary>
    public string Path { get; } = path;

    /// <inheritdoc/>
    public override string Name => Path;

    /// <inheritdoc/>
    public override string ConnectionString => ConnectionStringOf(Path, isPooled: true, SqliteOpenMode.ReadWrite);

    internal override string Profile => "sqlite";

    internal override bool IsShared => false;

    internal override string Bytes => "BLOB";

    internal override string Serial => "INTEGER PRIMARY KEY";

    internal override string KeepHead => Journal + """

        CREATE TRIGGER IF NOT EXISTS journal_head AFTER INSERT ON journal BEGIN
          UPDATE run SET head_events = NEW.sequence_number, head_hash = lower(hex(substr(NEW.message, 1, 32))) WHERE run = substr(NEW.persistence_id, 5);
        END;
        """;

    internal override DbConnection Connect(bool isPatient = false)
    {
        if (!File.Exists(Path))
        {
            throw new RunStoreException($"There is no run in '{Path}'. 'runs list' shows what there is.");
        }

        var connection = Open(Path);
        Execute(connection, null, isPatient ? "PRAGMA synchronous=NORMAL" : "PRAGMA journal_mode=WAL");
        return connection;
    }

    internal override string Journal => """
        CREATE TABLE IF NOT EXISTS [journal] (
          [ordering] INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, [created] INTEGER NOT NULL, [deleted] Bit NOT NULL, [persistence_id] NVarChar(255) NOT NULL,
          [sequence_number] INTEGER NOT NULL, [message] VarBinary NOT NULL, [manifest] NVarChar(500) NULL, [identifier] INTEGER NULL, [writer_uuid] NVarChar(128) NULL);
        CREATE UNIQUE INDEX IF NOT EXISTS journal_uq ON journal (persistence_id, sequence_number);
        CREATE INDEX IF NOT EXISTS journal_created_idx ON journal (created);
        CREATE INDEX IF NOT EXISTS journal_sequence_number_idx ON journal (sequence_number);
        """;

    internal override DbTransaction BeginSweeping(DbConnection connection) => ((SqliteConnection)connection).BeginTransaction(deferred: false);

    internal override (long Before, long After)? Shrink(DbConnection connection)
    {
        Execute(connection, null, "PRAGMA wal_checkpoint(TRUNCATE)");
        var before = Length;
        if (Scalar(connection, null, "PRAGMA freelist_count") is > 0L)
        {
            Execute(connection, null, "VACUUM");
            Execute(connection, null, "PRAGMA wal_checkpoint(TRUNCATE)");
        }

        return (before, Length);
    }

    private long Length => new FileInfo(Path).Length;

    internal override DbTransaction BeginReading(DbConnection connection) => ((SqliteConnection)connection).BeginTransaction(deferred: true);

    internal override DbConnection? Make(string run, string tables, Func<DbConnection, DbTransaction, bool> fill)
    {
        if (File.Exists(Path))
        {
            return null;
        }

        if (System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path)) is { } folder)
        {
            Directory.CreateDirectory(folder);
            RemoveAbandoned(folder);
        }

        // It appears under its name when everything is in it, and from the first moment on nobody else can take it.
        _lock = RunLock.TryTake(Path + LockSuffix);
        if (_lock is null || File.Exists(Path))
        {
            Release();
            return null;
        }

        var draft = Path + DraftSuffix;
        try
        {
            RemoveDraft(draft);
            using (var connection = Open(draft, SqliteOpenMode.ReadWriteCreate))
            {
                using var transaction = connection.BeginTransaction();
                Execute(connection, transaction, tables);
                fill(connection, transaction);
                transaction.Commit();
            }

            File.Move(draft, Path, overwrite: false);
            return Connect();
        }
        catch
        {
            RemoveDraft(draft);
            Release();
            throw;
        }
    }

    internal override bool HasTable(DbConnection connection, string table, DbTransaction? transaction = null) =>
        Scalar(connection, transaction, "SELECT name FROM sqlite_master WHERE type = 'table' AND name = @table", ("@table", table)) is not null;

    internal override bool HasColumn(DbConnection connection, string table, string column) =>
        Scalar(connection, null, "SELECT 1 FROM pragma_table_info(@table) WHERE name = @column", ("@table", table), ("@column", column)) is not null;

    // Who adds one has the run to itself.
    internal override string AddColumn => "ADD COLUMN";

    internal override string? Own(DbConnection connection, string run, bool takesOver)
    {
        if (_lock is null)
        {
            _lock = RunLock.TryTake(Path + LockSuffix);
            var owner = new OwnerName((string)Scalar(connection, null, "SELECT owner FROM run WHERE run = @run", ("@run", run))!);
            if (_lock is null)
            {
                return $"is being computed by {owner.Sentence}; two cannot write one record. Wait for it, or stop it.";
            }

            if (!takesOver && owner.MayLiveUnseen)
            {
                Release();
                return $"is being computed by {owner.Sentence}, as far as can be seen from here; two cannot write one record. If that process is gone for good, 'resume {run} --take-over' takes the run from it.";
            }
        }

        Execute(connection, null, "UPDATE run SET owner = @owner WHERE run = @run", ("@owner", OwnerName.Own.Text), ("@run", run));
        return null;
    }

    internal override bool IsOwned(DbConnection connection, string run, string owner) =>
        _lock is not null || RunLock.IsHeld(Path + LockSuffix) || new OwnerName(owner).MayLiveUnseen;

    internal override void Release()
    {
        _lock?.Dispose();
        _lock = null;
    }

    /// <inheritdoc/>
    public override bool Passes(Exception fault) => false;

    /// <summary>Whether a file is only busy, or could not be read just then: whoever must know what is in it looks again.</summary>
    public static bool IsBusy(Exception? fault) => fault is SqliteException { SqliteErrorCode: 5 or 6 or 10 };

    internal override bool IsThere => File.Exists(Path);

    internal override string Hint(Exception fault) => fault is SqliteException { SqliteErrorCode: var code } ? code switch
    {
        8 or 14 => " The file, or the folder or disk it is on, is read-only, or full.",
        11 or 26 => " The file is damaged, or no record of a run.",
        13 => " Free some space there; what is recorded is whole, and a run that was begun can be resumed.",
        _ => "",
    }
    : "";

    internal override string? Damage(DbConnection connection) => Scalar(connection, null, "PRAGMA integrity_check(1)") is string and not "ok" and var found ? found : null;

    internal override void Remove(RunStore store)
    {
        // Nobody takes it before it is gone.
        (var held, _lock) = (_lock, null);
        store.Dispose();
        SqliteConnection.ClearAllPools();
        foreach (var part in new[] { Path, Path + "-wal", Path + "-shm" })
        {
            File.Delete(part);
        }

        held?.Dispose();
    }

    // A process that was killed leaves its lock's file, and a draft that nobody will ever finish if it was just making a run.
    private static void RemoveAbandoned(string folder)
    {
        foreach (var path in Directory.EnumerateFiles(folder, "*" + LockSuffix))
        {
            try
            {
                if (!RunLock.IsHeld(path) && RunLock.TryTake(path) is { } abandoned)
                {
                    RemoveDraft(path[..^LockSuffix.Length] + DraftSuffix);
                    abandoned.Dispose();
                }
            }
            catch (UnauthorizedAccessException)
            {
                // It is another user's.
            }
        }
    }

    private static void RemoveDraft(string draft)
    {
        foreach (var part in new[] { draft, draft + "-journal" })
        {
            File.Delete(part);
        }
    }

    // Only a draft is made: a file that was removed must not come back empty.
    private static string ConnectionStringOf(string path, bool isPooled, SqliteOpenMode mode) =>
        new SqliteConnectionStringBuilder { DataSource = path, DefaultTimeout = 30, Pooling = isPooled, Mode = mode }.ToString();

    private static SqliteConnection Open(string path, SqliteOpenMode mode = SqliteOpenMode.ReadWrite)
    {
        var connection = new SqliteConnection(ConnectionStringOf(path, isPooled: false, mode));
        connection.Open();

        // SQLite itself tries again within milliseconds; the library above it would sleep for 150.
        Execute(connection, null, "PRAGMA busy_timeout=30000");
        return connection;
    }
}

using System.Data.Common;
using System.Diagnostics;
using System.Globalization;
using Microsoft.Data.Sqlite;

namespace ActorMultiscale.Actors.Journal;

/// <summary>One SQLite file, with one run in it.</summary>
/// <remarks>WAL mode, synchronous = FULL: a commit survives the loss of power. A file on a network drive is not safe: SQLite's locks are not.</remarks>
/// <param name="path">The file.</param>
public sealed class SqliteDatabase(string path) : StoreDatabase
{
    /// <summary>The file.</summary>
    public string Path { get; } = path;

    /// <inheritdoc/>
    public override string Name => Path;

    /// <inheritdoc/>
    public override string ConnectionString => ConnectionStringOf(Path, isPooled: true);

    internal override string Profile => "sqlite";

    internal override bool IsShared => false;

    internal override string Bytes => "BLOB";

    internal override string Serial => "INTEGER PRIMARY KEY";

    internal override string KeepHead => """
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
            Drafts.RemoveAbandoned(folder, "*");
        }

        // It appears under its name when everything is in it.
        var draft = Drafts.NameOf(Path);
        File.Delete(draft);
        try
        {
            using (var connection = Open(draft))
            {
                using var transaction = connection.BeginTransaction();
                Execute(connection, transaction, tables);
                fill(connection, transaction);
                transaction.Commit();
                SqliteConnection.ClearPool(connection);
            }

            File.Move(draft, Path, overwrite: false);
        }
        catch
        {
            File.Delete(draft);
            throw;
        }

        return Connect();
    }

    internal override bool HasTable(DbConnection connection, string table, DbTransaction? transaction = null) =>
        Scalar(connection, transaction, "SELECT name FROM sqlite_master WHERE type = 'table' AND name = @table", ("@table", table)) is not null;

    internal override bool TryOwn(DbConnection connection, string run, string owner)
    {
        // The write lock first: two that ask at once are told one after the other.
        using var transaction = ((SqliteConnection)connection).BeginTransaction(deferred: false);
        var taken = (string)Scalar(connection, transaction, "SELECT owner FROM run WHERE run = @run", ("@run", run))!;
        if (taken != owner && ProcessName.IsAlive(taken))
        {
            return false;
        }

        Execute(connection, transaction, "UPDATE run SET owner = @owner WHERE run = @run", ("@owner", owner), ("@run", run));
        transaction.Commit();
        return true;
    }

    internal override bool IsOwned(DbConnection connection, string run, string owner) => ProcessName.IsAlive(owner);

    /// <inheritdoc/>
    public override bool Passes(Exception fault) => false;

    internal override void Remove(RunStore store)
    {
        store.Dispose();
        SqliteConnection.ClearAllPools();
        foreach (var part in new[] { Path, Path + "-wal", Path + "-shm" })
        {
            File.Delete(part);
        }
    }

    private static string ConnectionStringOf(string path, bool isPooled) =>
        new SqliteConnectionStringBuilder { DataSource = path, DefaultTimeout = 30, Pooling = isPooled }.ToString();

    private static SqliteConnection Open(string path)
    {
        var connection = new SqliteConnection(ConnectionStringOf(path, isPooled: false));
        connection.Open();

        // SQLite itself tries again within milliseconds; the library above it would sleep for 150.
        Execute(connection, null, "PRAGMA busy_timeout=30000");
        return connection;
    }
}

/// <summary>A process by its number and the time at which it started: a number alone may have been given out again.</summary>
internal static class ProcessName
{
    /// <summary>The name of this process.</summary>
    public static string Own { get; } = OfSelf();

    /// <summary>Whether a process on this machine has the name, and lives.</summary>
    public static bool IsAlive(string name)
    {
        var parts = name.Split(' ');
        if (parts.Length < 2 || !int.TryParse(parts[0], CultureInfo.InvariantCulture, out var id))
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

    private static string OfSelf()
    {
        using var self = Process.GetCurrentProcess();
        return string.Create(CultureInfo.InvariantCulture, $"{self.Id} {self.StartTime.ToUniversalTime():O}");
    }
}

using System.Data;
using System.Data.Common;
using System.Net.Sockets;
using Npgsql;

namespace ActorMultiscale.Actors.Journal;

/// <summary>A PostgreSQL database, with any number of runs in the schema <c>actor_multiscale</c>.</summary>
/// <remarks>
/// Who computes a run holds a session lock on it (<c>pg_advisory_lock</c>): it is gone with the process, or with its connection. Should two
/// believe that they own a run, the unique key of the journal stops one of them.
/// </remarks>
public sealed class PostgresDatabase : StoreDatabase
{
    /// <summary>The schema in which all tables are, those of the journal plugin too.</summary>
    public const string Schema = "actor_multiscale";

    private const int FrozenSeconds = 10;               // A transaction of ours takes milliseconds.
    private const long Setup = 0x4163746F724D5331;      // The lock under which tables are made.
    private const long Chunks = Setup + 1;              // Shared by who writes chunks; held alone by who sweeps.
    private const int SweepTries = 1000;                // Of 30 ms.
    private const int OwnTries = 300;                   // Of 30 ms, while a session that has ended the run is being closed.
    private readonly NpgsqlConnectionStringBuilder _connection;

    /// <summary>The database that <paramref name="text"/> names.</summary>
    /// <param name="text"><c>postgresql://user:password@host:port/database</c>, or <c>postgresql:</c> and a connection string of Npgsql (<c>Host=…;Database=…</c>).</param>
    /// <exception cref="RunStoreException">The text is neither.</exception>
    public PostgresDatabase(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        try
        {
            _connection = !IsNamedBy(text) ? throw new FormatException()
                : text.Contains("://", StringComparison.Ordinal) ? OfUri(new Uri(text))
                : new NpgsqlConnectionStringBuilder(text[(text.IndexOf(':', StringComparison.Ordinal) + 1)..]);
        }
        catch (Exception fault) when (fault is ArgumentException or FormatException or UriFormatException or KeyNotFoundException)
        {
            // The text itself may hold a password.
            throw new RunStoreException("The store is no PostgreSQL database: write postgresql://user@host:5432/database, or 'postgresql:Host=…;Port=…;Database=…;Username=…'. A password is best left to PGPASSWORD or a password file (PGPASSFILE).");
        }

        if (string.IsNullOrEmpty(_connection.Host))
        {
            throw new RunStoreException("The store names no PostgreSQL server: write postgresql://user@host:5432/database, with 127.0.0.1 or a host.");
        }

        _connection.SearchPath = Schema;
        _connection.ApplicationName = "actor-multiscale";
        _connection.PersistSecurityInfo = false;
        _connection.Timeout = Math.Min(_connection.Timeout, 10);

        // A process that is frozen amid a transaction holds its rows; the server ends it, so that another can take the run. So it does with one whose host is gone, within two minutes.
        _connection.Options = $"{_connection.Options} -c idle_in_transaction_session_timeout={FrozenSeconds}s -c tcp_keepalives_idle=60 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=6".TrimStart();
    }

    /// <summary>Whether <paramref name="text"/> begins as one that names a PostgreSQL database does: <c>postgresql:</c> or <c>postgres:</c>, in letters of any case.</summary>
    public static bool IsNamedBy(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.StartsWith("postgresql:", StringComparison.OrdinalIgnoreCase) || text.StartsWith("postgres:", StringComparison.OrdinalIgnoreCase);
    }

    /// <inheritdoc/>
    public override string Name => $"postgresql://{_connection.Host}:{_connection.Port}/{_connection.Database}";

    /// <inheritdoc/>
    public override string ConnectionString => _connection.ConnectionString;

    internal override string Profile => "postgresql";

    internal override bool IsShared => true;

    internal override string Bytes => "BYTEA";

    internal override string Serial => "BIGSERIAL PRIMARY KEY";

    internal override string KeepHead => $"""
        SELECT pg_advisory_xact_lock({Setup});
        {OwnTables}
        {Journal}
        """;

    internal override DbConnection Connect(bool isPatient = false)
    {
        // No pool: a session that owns a run must end when it is closed.
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(ConnectionString) { Pooling = false }.ConnectionString);
        connection.Open();

        // Nobody is patient here: a server that crashes would lose what it has acknowledged, and its clients live on to write what builds on it.
        return connection;
    }

    // Looked for first: index and trigger, even with IF NOT EXISTS or OR REPLACE, wait for all who have written to the table, and everybody waits behind them.
    internal override string Journal => $"""
        DO $do$ BEGIN
          IF to_regclass('{Schema}.journal') IS NULL THEN
            CREATE TABLE {Schema}.journal (
              ordering BIGINT GENERATED ALWAYS AS IDENTITY CONSTRAINT "PK_journal" PRIMARY KEY, created BIGINT NOT NULL, deleted BOOLEAN NOT NULL, persistence_id TEXT NOT NULL,
              sequence_number BIGINT NOT NULL, message BYTEA NOT NULL, manifest TEXT NULL, identifier INTEGER NULL, writer_uuid TEXT NULL,
              CONSTRAINT journal_uq UNIQUE (persistence_id, sequence_number));
            CREATE INDEX journal_created_idx ON {Schema}.journal (created);
            CREATE INDEX journal_sequence_number_idx ON {Schema}.journal (sequence_number);
          END IF;
          IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = '{Schema}.journal'::regclass AND tgname = 'journal_head') THEN
            CREATE OR REPLACE FUNCTION {Schema}.journal_head() RETURNS trigger LANGUAGE plpgsql AS $head$
            BEGIN
              UPDATE {Schema}.run SET head_events = NEW.sequence_number, head_hash = encode(substring(NEW.message FROM 1 FOR 32), 'hex') WHERE run = substr(NEW.persistence_id, 5);
              RETURN NULL;
            END $head$;
            CREATE TRIGGER journal_head AFTER INSERT ON {Schema}.journal FOR EACH ROW EXECUTE FUNCTION {Schema}.journal_head();
          END IF;
        END $do$;
        """;

    internal override string OwnTables => "CREATE TABLE IF NOT EXISTS pending (run TEXT NOT NULL, hash TEXT NOT NULL, PRIMARY KEY (run, hash));";

    internal override void ShareChunks(DbConnection connection, DbTransaction transaction) =>
        Execute(connection, transaction, $"SELECT pg_advisory_xact_lock_shared({Chunks})");

    internal override DbTransaction BeginSweeping(DbConnection connection)
    {
        // Asked for again and again instead of waited for: who waits in line keeps all others from writing behind it.
        for (var tries = 0; tries < SweepTries; tries++)
        {
            var transaction = connection.BeginTransaction();
            if (Scalar(connection, transaction, $"SELECT pg_try_advisory_xact_lock({Chunks})") is true)
            {
                return transaction;
            }

            transaction.Dispose();
            Scalar(connection, null, "SELECT pg_sleep(0.03)");
        }

        throw new RunStoreException($"Chunks are written to '{Name}' all the time, probably by an import; nothing was removed. Try again later.");
    }

    internal override DbTransaction BeginReading(DbConnection connection) => connection.BeginTransaction(IsolationLevel.RepeatableRead);

    internal override DbConnection? Make(string run, string tables, Func<DbConnection, DbTransaction, bool> fill)
    {
        var connection = Connect();
        try
        {
            using (var setup = connection.BeginTransaction())
            {
                Execute(connection, setup, $"SELECT pg_advisory_xact_lock({Setup}); CREATE SCHEMA IF NOT EXISTS {Schema};");
                Execute(connection, setup, tables);
                setup.Commit();
            }

            using var transaction = connection.BeginTransaction();
            ShareChunks(connection, transaction);
            if (!fill(connection, transaction))
            {
                connection.Dispose();
                return null;
            }

            // From the first moment on nobody else can take it.
            Scalar(connection, transaction, "SELECT pg_advisory_lock(hashtextextended(@run, 0))", ("@run", run));
            transaction.Commit();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    internal override bool HasTable(DbConnection connection, string table, DbTransaction? transaction = null) =>
        Scalar(connection, transaction, "SELECT to_regclass(@table) IS NOT NULL", ("@table", $"{Schema}.{table}")) is true;

    internal override bool HasColumn(DbConnection connection, string table, string column) =>
        Scalar(connection, null, "SELECT 1 FROM pg_attribute WHERE attrelid = to_regclass(@table) AND attname = @column AND NOT attisdropped", ("@table", $"{Schema}.{table}"), ("@column", column)) is not null;

    internal override string AddColumn => "ADD COLUMN IF NOT EXISTS";

    internal override string? Own(DbConnection connection, string run, bool takesOver)
    {
        if (takesOver)
        {
            // Its sessions end, and with them what they hold; if it lives, it finds that out before it writes.
            Execute(connection, null, $"SELECT pg_terminate_backend(pid, 10000) FROM pg_locks WHERE {IsTheLock} AND pid <> pg_backend_pid()", ("@run", run));
        }

        for (var tries = 1; ; tries++)
        {
            // One after the other, and each in one transaction: whoever is refused reads the name of the owner, and not of the one before.
            Execute(connection, null, $"""
                SELECT pg_advisory_xact_lock(hashtextextended(@run, 1));
                SELECT pg_try_advisory_lock(hashtextextended(@run, 0));
                UPDATE run SET owner = @owner WHERE run = @run AND EXISTS (SELECT FROM pg_locks WHERE {IsTheLock} AND pid = pg_backend_pid());
                """, ("@owner", OwnerName.Own.Text), ("@run", run));
            if (IsMine(connection, run))
            {
                return null;
            }

            // Without a name its owner has ended it, and the server ends that session in a moment.
            var owner = new OwnerName(Scalar(connection, null, "SELECT owner FROM run WHERE run = @run", ("@run", run)) as string ?? "");
            if (owner.Text.Length > 0)
            {
                return $"is being computed by {owner.Sentence}; two cannot write one record. Wait for it, or stop it. If it is gone for good and the server has not noticed, 'resume {run} --take-over' takes the run from it.";
            }

            if (tries == OwnTries)
            {
                return "is still held by a process that has ended it; two cannot write one record. Try again.";
            }

            Scalar(connection, null, "SELECT pg_sleep(0.03)");
        }
    }

    internal override bool IsOwned(DbConnection connection, string run, string owner) => Holds(connection, run, "true");

    /// <inheritdoc/>
    public override bool Passes(Exception fault)
    {
        for (var at = fault; at is not null; at = at.InnerException)
        {
            // 08: connection; 57P01 to 57P03: the server stops, has crashed, starts; 25P03: this process was frozen too long; 53300: too many connections; 40001 and 40P01: two stood in each other's way. 23505: an event of this number
            // is there already, which may be our own that arrived unanswered; the record is read again, and says.
            if (at is PostgresException { SqlState: var state })
            {
                return state.StartsWith("08", StringComparison.Ordinal) || state is "57P01" or "57P02" or "57P03" or "25P03" or "53300" or "40001" or "40P01" or "23505";
            }

            if (at is SocketException or EndOfStreamException or TimeoutException or NpgsqlException { IsTransient: true } or NpgsqlException { InnerException: IOException })
            {
                return true;
            }
        }

        return false;
    }

    internal override void Remove(RunStore store)
    {
        // Statements that are sent together are one transaction.
        var tables = new[] { "observation", "pending", "kept" }.Where(store.HasTable).Append("run").Select(table => $"DELETE FROM {table} WHERE run = @run");
        store.Execute(string.Join("; ", store.HasTable("journal") ? tables.Prepend("DELETE FROM journal WHERE persistence_id = 'run-' || @run") : tables));
        store.Dispose();
    }

    private static NpgsqlConnectionStringBuilder OfUri(Uri uri)
    {
        var builder = new NpgsqlConnectionStringBuilder { Host = uri.Host, Database = Uri.UnescapeDataString(uri.AbsolutePath.Trim('/')) };
        if (uri.Port > 0)
        {
            builder.Port = uri.Port;
        }

        var user = uri.UserInfo.Split(':', 2);
        if (user[0].Length > 0)
        {
            builder.Username = Uri.UnescapeDataString(user[0]);
        }

        if (user.Length > 1)
        {
            builder.Password = Uri.UnescapeDataString(user[1]);
        }

        foreach (var part in uri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var pair = part.Split('=', 2);
            builder[Uri.UnescapeDataString(pair[0])] = Uri.UnescapeDataString(pair.Length > 1 ? pair[1] : "");
        }

        return builder;
    }

    private static bool IsMine(DbConnection connection, string run) => Holds(connection, run, "pid = pg_backend_pid()");

    private static bool Holds(DbConnection connection, string run, string whose) =>
        Scalar(connection, null, $"SELECT count(*) > 0 FROM pg_locks WHERE {IsTheLock} AND {whose}", ("@run", run)) is true;

    private const string IsTheLock = """
        locktype = 'advisory' AND granted AND objsubid = 1 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND classid::bigint = ((hashtextextended(@run, 0) >> 32) & 4294967295) AND objid::bigint = (hashtextextended(@run, 0) & 4294967295)
        """;
}

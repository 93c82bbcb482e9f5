using System.Data.Common;
using ActorMultiscale.Actors.Observation;

namespace ActorMultiscale.Actors.Journal;

/// <summary>The rows of one run as they are, within one transaction: for who moves it between stores, or writes to it without computing it.</summary>
internal sealed class StoredRun(StoreDatabase database, string run, DbConnection connection, DbTransaction? transaction)
{
    private readonly string _writer = Guid.NewGuid().ToString("N");

    private string Id => "run-" + run;

    /// <summary>The run's own row.</summary>
    public RunArchive.Head Head()
    {
        using var command = Command("SELECT format, run, status, windows, final_hash, started, changed, head_events, head_hash, origin FROM run WHERE run = @run", ("@run", run));
        using var reader = command.ExecuteReader();
        return reader.Read()
            ? new RunArchive.Head(reader.GetInt64(0), reader.GetString(1), reader.GetString(2), reader.GetInt64(3), reader.GetString(4), reader.GetString(5), reader.GetString(6),
                reader.GetInt64(7), reader.GetString(8), reader.GetString(9))
            : throw new RunStoreException($"There is no run '{run}' in '{database.Name}' any more.");
    }

    /// <summary>The entries of the journal after the first <paramref name="after"/> with their numbers, in order.</summary>
    public IEnumerable<(long Sequence, JournalEntry Entry)> Entries(long after = 0) => !database.HasTable(connection, "journal", transaction) ? []
        : Rows("SELECT sequence_number, manifest, message FROM journal WHERE persistence_id = @id AND sequence_number > @after ORDER BY sequence_number",
            row => (row.GetInt64(0), new JournalEntry(row[1] as string ?? "", row[2] as byte[] ?? [])), ("@id", Id), ("@after", after));

    /// <summary>A chunk as it is kept.</summary>
    public byte[] Chunk(string hash) => StoreDatabase.Scalar(connection, transaction, "SELECT bytes FROM chunk WHERE hash = @hash", ("@hash", hash)) as byte[]
        ?? throw new InvalidDataException($"The chunk {hash} is missing.");

    /// <summary>What was observed, row by row.</summary>
    public IEnumerable<byte[]> Observations() => !database.HasTable(connection, "observation", transaction) ? []
        : Rows($"SELECT bytes FROM observation{(database.IsShared ? " WHERE run = @run" : "")} ORDER BY serial", row => row[0] as byte[] ?? [], ("@run", run));

    /// <summary>Makes the run's own row; false where there is one.</summary>
    public bool Begin(RunArchive.Head head, string experiment) => StoreDatabase.Execute(connection, transaction, """
        INSERT INTO run (run, format, experiment, status, windows, final_hash, started, changed, head_events, head_hash, owner, origin)
        VALUES (@run, @format, @experiment, @status, @windows, @final, @started, @changed, 0, '', '', @origin) ON CONFLICT DO NOTHING
        """,
        ("@run", run), ("@format", head.Format), ("@experiment", experiment), ("@status", head.Status), ("@windows", head.Windows), ("@final", head.FinalHash),
        ("@started", head.Started), ("@changed", head.Changed), ("@origin", head.Origin)) == 1;

    /// <summary>Adds an entry to the journal, as the plugin would.</summary>
    public void Append(long sequence, JournalEntry entry, DateTimeOffset at) => StoreDatabase.Execute(connection, transaction, """
        INSERT INTO journal (created, deleted, persistence_id, sequence_number, message, manifest, identifier, writer_uuid)
        VALUES (@created, @deleted, @id, @sequence, @message, @manifest, @identifier, @writer)
        """,
        ("@created", at.UtcTicks), ("@deleted", false), ("@id", Id), ("@sequence", sequence), ("@message", entry.Payload), ("@manifest", entry.Manifest),
        ("@identifier", JournalEntrySerializer.Number), ("@writer", _writer));

    /// <summary>Writes down how far the journal has come.</summary>
    public void SetHead(long events, string hash) => StoreDatabase.Execute(connection, transaction, "UPDATE run SET head_events = @events, head_hash = @hash WHERE run = @run",
        ("@events", events), ("@hash", hash), ("@run", run));

    /// <summary>Keeps a chunk whose bytes were found right; where there is one already that is not, it is mended by that.</summary>
    public void Keep(string hash, byte[] stored) => StoreDatabase.Execute(connection, transaction,
        "INSERT INTO chunk (hash, bytes) VALUES (@hash, @bytes) ON CONFLICT (hash) DO UPDATE SET bytes = excluded.bytes", ("@hash", hash), ("@bytes", stored));

    /// <summary>Adds a row of what was observed.</summary>
    public void Observe(byte[] bytes) => ObservationStore.Insert(connection, transaction, database, run, bytes);

    private DbCommand Command(string sql, params ReadOnlySpan<(string Name, object Value)> parameters) => StoreDatabase.Command(connection, transaction, sql, parameters);

    private IEnumerable<T> Rows<T>(string sql, Func<DbDataReader, T> row, params (string Name, object Value)[] parameters)
    {
        using var command = Command(sql, parameters);
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            yield return row(reader);
        }
    }
}

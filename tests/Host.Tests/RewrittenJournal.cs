using System.Data.Common;
using ActorMultiscale.Actors.Journal;
using Npgsql;

namespace ActorMultiscale.Tests.Host;

/// <summary>The journal of a run written anew with fewer windows in an event: many events, made in seconds.</summary>
internal static class RewrittenJournal
{
    /// <summary>Writes the journal anew, with at most <paramref name="most"/> windows in an event, chained and marked as the program does it; events may be <paramref name="change"/>d on the way.</summary>
    /// <returns>How many events it has now.</returns>
    public static long Write(RunStore store, DbConnection connection, int most, Func<RunEvent, RunEvent>? change = null)
    {
        var head = new RunHistory();
        var entries = store.Entries().Select(RunEventCodec.Decode)
            .SelectMany(what => what is RunEvent.WindowsCommitted committed ? committed.Windows.Chunk(most).Select(part => (RunEvent)(committed with { Windows = [.. part] })) : [what])
            .Select(what => head.Extend(change?.Invoke(what) ?? what));
        var events = connection is NpgsqlConnection server ? Write(server, store.Run, entries) : Write(connection, store.Run, entries);
        using var command = connection.CreateCommand();
        command.CommandText = $"UPDATE run SET head_events = {events}, head_hash = '{head.Chain.HeadHash}' WHERE run = '{store.Run}'";
        command.ExecuteNonQuery();
        return events;
    }

    private static long Write(DbConnection connection, string run, IEnumerable<JournalEntry> entries)
    {
        using var transaction = connection.BeginTransaction();
        using var command = connection.CreateCommand();
        command.Transaction = transaction;

        // Beside the old ones, which are still being read.
        command.CommandText = $"INSERT INTO journal (created, deleted, persistence_id, sequence_number, message, manifest, identifier) VALUES (0, 0, 'new-{run}', @number, @message, @manifest, 7301)";
        var (number, message, manifest) = (command.CreateParameter(), command.CreateParameter(), command.CreateParameter());
        (number.ParameterName, message.ParameterName, manifest.ParameterName) = ("@number", "@message", "@manifest");
        command.Parameters.AddRange(new[] { number, message, manifest });
        var count = 0L;
        foreach (var entry in entries)
        {
            (number.Value, message.Value, manifest.Value) = (++count, entry.Payload, entry.Manifest);
            command.ExecuteNonQuery();
        }

        command.CommandText = $"DELETE FROM journal WHERE persistence_id = 'run-{run}'; UPDATE journal SET persistence_id = 'run-{run}' WHERE persistence_id = 'new-{run}'";
        command.Parameters.Clear();
        command.ExecuteNonQuery();
        transaction.Commit();
        return count;
    }

    private static long Write(NpgsqlConnection connection, string run, IEnumerable<JournalEntry> entries)
    {
        // The trigger that keeps the head would touch the run's row once an event, all in one transaction.
        using var command = connection.CreateCommand();
        command.CommandText = "CREATE TEMP TABLE fresh (number BIGINT, message BYTEA, manifest TEXT)";
        command.ExecuteNonQuery();
        var count = 0L;
        using (var import = connection.BeginBinaryImport("COPY fresh FROM STDIN (FORMAT BINARY)"))
        {
            foreach (var entry in entries)
            {
                import.StartRow();
                import.Write(++count, NpgsqlTypes.NpgsqlDbType.Bigint);
                import.Write(entry.Payload, NpgsqlTypes.NpgsqlDbType.Bytea);
                import.Write(entry.Manifest, NpgsqlTypes.NpgsqlDbType.Text);
            }

            import.Complete();
        }

        command.CommandTimeout = 600;
        command.CommandText = $"""
            DELETE FROM journal WHERE persistence_id = 'run-{run}';
            ALTER TABLE journal DISABLE TRIGGER journal_head;
            INSERT INTO journal (created, deleted, persistence_id, sequence_number, message, manifest, identifier) SELECT 0, false, 'run-{run}', number, message, manifest, 7301 FROM fresh ORDER BY number;
            ALTER TABLE journal ENABLE TRIGGER journal_head;
            DROP TABLE fresh;
            """;
        command.ExecuteNonQuery();
        return count;
    }
}

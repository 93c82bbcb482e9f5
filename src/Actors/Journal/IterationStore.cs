using System.Collections.Immutable;
using System.Globalization;
using System.Threading.Channels;
using ActorMultiscale.Physics.Coupling;
using Microsoft.Data.Sqlite;

namespace ActorMultiscale.Actors.Journal;

/// <summary>One row of the iteration table: what one criterion saw in one iteration.</summary>
/// <param name="RootWindow">Index of the root window.</param>
/// <param name="Path">The address in the tree of groups.</param>
/// <param name="Group">Name of the group.</param>
/// <param name="Start">Start of the group's window, s.</param>
/// <param name="End">Its end, s.</param>
/// <param name="Attempt">How often the window was begun anew.</param>
/// <param name="Iteration">Index of the iteration, from 0.</param>
/// <param name="Converged">Whether the group had converged.</param>
/// <param name="Conduit">The conduit of the criterion; empty where the group has none.</param>
/// <param name="Distance">‖H(x) − x‖; null where the group has no criterion.</param>
/// <param name="Norm">‖H(x)‖; null where the group has no criterion.</param>
public sealed record IterationRow(long RootWindow, string Path, string Group, double Start, double End, int Attempt, int Iteration, bool Converged,
    string Conduit, double? Distance, double? Norm);

/// <summary>
/// The table <c>iteration</c> of a run's file, on a connection of its own. One background writer stores what it is told in
/// batches; whoever tells never waits for it.
/// </summary>
/// <remarks>
/// This is an observation, not the record: at a crash the last batch may be lost, and when the disk cannot keep up for
/// <see cref="Capacity"/> iterations, further ones are left out and counted in <see cref="Lost"/>. Going on from a snapshot first
/// removes what was stored from there on, so that no window stands twice.
/// </remarks>
public sealed class IterationStore : IAsyncDisposable
{
    /// <summary>The greatest number of iterations that wait to be written.</summary>
    public const int Capacity = 65536;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    private readonly Channel<IterationRecord> _waiting = Channel.CreateBounded<IterationRecord>(new BoundedChannelOptions(Capacity) { SingleReader = true });
    private readonly CancellationTokenSource _hurry = new();
    private readonly Task _writer;
    private long _lost;

    /// <summary>Begins to write to the file of <paramref name="store"/>.</summary>
    public IterationStore(RunStore store)
    {
        ArgumentNullException.ThrowIfNull(store);
        var path = store.Path;
        _writer = Task.Run(() => WriteAsync(path));
    }

    /// <summary>How many iterations were left out.</summary>
    public long Lost => Interlocked.Read(ref _lost);

    /// <summary>Takes one iteration; returns at once.</summary>
    public void Add(IterationRecord iteration)
    {
        if (!_waiting.Writer.TryWrite(iteration))
        {
            Interlocked.Increment(ref _lost);
        }
    }

    /// <summary>Writes what waits, and ends.</summary>
    /// <exception cref="SqliteException">The table could not be written.</exception>
    public async ValueTask DisposeAsync()
    {
        _waiting.Writer.TryComplete();
        await _hurry.CancelAsync().ConfigureAwait(false);
        try
        {
            await _writer.ConfigureAwait(false);
        }
        finally
        {
            _hurry.Dispose();
        }
    }

    /// <summary>All rows of the run in the file of <paramref name="store"/>, in order; none where the run was made before there was a table.</summary>
    public static ImmutableArray<IterationRow> Read(RunStore store)
    {
        ArgumentNullException.ThrowIfNull(store);
        using var connection = Connect(store.Path);
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'iteration'";
        if (Convert.ToInt64(command.ExecuteScalar(), CultureInfo.InvariantCulture) == 0)
        {
            return [];
        }

        command.CommandText = """
            SELECT root_window, path, group_name, start, "end", attempt, iteration, converged, conduit, distance, norm
            FROM iteration ORDER BY serial
            """;
        using var reader = command.ExecuteReader();
        var rows = ImmutableArray.CreateBuilder<IterationRow>();
        while (reader.Read())
        {
            rows.Add(new IterationRow(reader.GetInt64(0), reader.GetString(1), reader.GetString(2), reader.GetDouble(3), reader.GetDouble(4),
                reader.GetInt32(5), reader.GetInt32(6), reader.GetBoolean(7), reader.GetString(8),
                reader.IsDBNull(9) ? null : reader.GetDouble(9), reader.IsDBNull(10) ? null : reader.GetDouble(10)));
        }

        return rows.ToImmutable();
    }

    private static SqliteConnection Connect(string path)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, DefaultTimeout = 30, Pooling = false }.ToString());
        connection.Open();
        return connection;
    }

    private async Task WriteAsync(string path)
    {
        SqliteConnection? connection = null;
        try
        {
            while (await _waiting.Reader.WaitToReadAsync().ConfigureAwait(false))
            {
                await Task.Delay(Pause, _hurry.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                var begins = connection is null;
                connection ??= Connect(path);
                WriteBatch(connection, begins);
            }
        }
        finally
        {
            _waiting.Writer.TryComplete();
            connection?.Dispose();
        }
    }

    private void WriteBatch(SqliteConnection connection, bool begins)
    {
        using var command = connection.CreateCommand();
        if (begins)
        {
            // Without waiting for the disk: the lock that the journal may want is held for moments only.
            command.CommandText = "PRAGMA synchronous=NORMAL";
            command.ExecuteNonQuery();
        }

        using var transaction = connection.BeginTransaction(deferred: false);
        command.Transaction = transaction;
        if (begins)
        {
            command.CommandText = """
                CREATE TABLE IF NOT EXISTS iteration (
                  serial INTEGER PRIMARY KEY, root_window INTEGER NOT NULL, path TEXT NOT NULL, group_name TEXT NOT NULL, start REAL NOT NULL,
                  "end" REAL NOT NULL, attempt INTEGER NOT NULL, iteration INTEGER NOT NULL, converged INTEGER NOT NULL, conduit TEXT NOT NULL,
                  distance REAL, norm REAL)
                """;
            command.ExecuteNonQuery();
            if (_waiting.Reader.TryPeek(out var first))
            {
                command.CommandText = "DELETE FROM iteration WHERE root_window >= $from";
                command.Parameters.AddWithValue("$from", first.RootWindow);
                command.ExecuteNonQuery();
                command.Parameters.Clear();
            }
        }

        command.CommandText = "INSERT INTO iteration VALUES (NULL, $p0, $p1, $p2, $p3, $p4, $p5, $p6, $p7, $p8, $p9, $p10)";
        var parameters = Enumerable.Range(0, 11).Select(i => command.Parameters.AddWithValue($"$p{i}", DBNull.Value)).ToArray();
        for (var count = 0; count < Capacity && _waiting.Reader.TryRead(out var record); count++)
        {
            foreach (var residual in record.Residuals.IsEmpty ? [null] : record.Residuals.AsEnumerable<CriterionResidual?>())
            {
                object[] values = [record.RootWindow, record.Address.ToString(), record.Group, record.Window.Start, record.Window.End,
                    record.Address.Attempt, record.Address.Iteration, record.Converged, residual?.Conduit ?? "",
                    Number(residual?.Distance), Number(residual?.Norm)];
                for (var i = 0; i < values.Length; i++)
                {
                    parameters[i].Value = values[i];
                }

                command.ExecuteNonQuery();
            }
        }

        transaction.Commit();
    }

    private static object Number(double? value) => value is { } number && double.IsFinite(number) ? number : DBNull.Value;
}

using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using ActorMultiscale.Actors.Journal;
using Microsoft.Data.Sqlite;

namespace ActorMultiscale.Actors.Observation;

/// <summary>
/// The table <c>observation</c> of a run's file, on a connection of its own: records as <see cref="ObservationBytes"/> writes them, many
/// together. One background writer stores them every half second; whoever observes never waits for it.
/// </summary>
/// <remarks>
/// This is no part of what is hashed. But before a snapshot is stored, everything that was observed up to there is: so a run that goes on from
/// a snapshot lacks nothing, and what was stored of windows beyond it is void (the first record of the new process says so). Where the disk
/// cannot keep up for <see cref="Capacity"/> bytes, or refuses them so long, further records are left out and counted in <see cref="Lost"/>.
/// </remarks>
public sealed class ObservationStore : IAsyncDisposable
{
    /// <summary>The greatest number of bytes that wait to be written.</summary>
    public const int Capacity = 16 << 20;

    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(500);

    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _wake = new(0);
    private readonly Task _writer;
    private ArrayBufferWriter<byte> _filling = new(4096);
    private ArrayBufferWriter<byte> _taken = new(4096);
    private TaskCompletionSource? _flushed;
    private bool _isEnding;
    private long _lost;

    /// <summary>Begins to write to the file of <paramref name="store"/>.</summary>
    public ObservationStore(RunStore store)
    {
        ArgumentNullException.ThrowIfNull(store);
        var path = store.Path;
        _writer = Task.Run(() => WriteAsync(path));
    }

    /// <summary>How many records were left out.</summary>
    public long Lost => Interlocked.Read(ref _lost);

    /// <summary>Takes records; returns at once.</summary>
    internal void Add(ReadOnlySpan<byte> records)
    {
        lock (_gate)
        {
            if (_isEnding || _filling.WrittenCount + records.Length > Capacity)
            {
                _lost++;
                return;
            }

            _filling.Write(records);
        }
    }

    /// <summary>Returns when everything that was taken so far is stored, or cannot be.</summary>
    internal void Flush()
    {
        Task flushed;
        lock (_gate)
        {
            if (_writer.IsCompleted)
            {
                return;
            }

            flushed = (_flushed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }

        _wake.Release();
        Task.WaitAny(flushed, _writer);
    }

    /// <summary>Writes what waits, and ends.</summary>
    /// <exception cref="SqliteException">The table could not be written.</exception>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _isEnding = true;
        }

        _wake.Release();
        await _writer.ConfigureAwait(false);
    }

    /// <summary>Everything that was observed of the run in the file of <paramref name="store"/>; nothing where it was made before there was a table.</summary>
    /// <exception cref="RunStoreException">The table cannot be read.</exception>
    public static RunObservations Read(RunStore store)
    {
        ArgumentNullException.ThrowIfNull(store);
        var reader = new ObservationReader();
        try
        {
            using var connection = Connect(store.Path);
            using var command = connection.CreateCommand();
            command.CommandText = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'observation'";
            if (Convert.ToInt64(command.ExecuteScalar(), CultureInfo.InvariantCulture) > 0)
            {
                command.CommandText = "SELECT bytes FROM observation ORDER BY serial";
                using var rows = command.ExecuteReader();
                while (rows.Read())
                {
                    reader.Apply(rows[0] as byte[] ?? []);
                }
            }
        }
        catch (Exception fault) when (fault is SqliteException or InvalidDataException)
        {
            throw new RunStoreException($"What was observed of the run in '{store.Path}' cannot be read: {fault.Message} The run itself is not touched by that.", fault);
        }

        return reader.Result();
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
            for (var isEnding = false; !isEnding;)
            {
                await _wake.WaitAsync(_pause).ConfigureAwait(false);
                TaskCompletionSource? flushed;
                lock (_gate)
                {
                    Take();
                    (flushed, _flushed) = (_flushed, null);
                    isEnding = _isEnding && _filling.WrittenCount == 0;
                }

                try
                {
                    if (_taken.WrittenCount > 0)
                    {
                        connection ??= Open(path);
                        Insert(connection, _taken.WrittenMemory);
                        _taken.ResetWrittenCount();
                    }
                }
                catch (SqliteException) when (!_isEnding)
                {
                    connection?.Dispose();      // What was taken stays, and is tried again.
                    connection = null;
                }

                flushed?.SetResult();
            }
        }
        finally
        {
            connection?.Dispose();
        }
    }

    // Behind what could not be written the time before, if anything; as much as there may be.
    private void Take()
    {
        if (_taken.WrittenCount == 0)
        {
            (_filling, _taken) = (_taken, _filling);
        }
        else if (_taken.WrittenCount + _filling.WrittenCount <= Capacity)
        {
            _taken.Write(_filling.WrittenSpan);
            _filling.ResetWrittenCount();
        }
    }

    private static SqliteConnection Open(string path)
    {
        var connection = Connect(path);
        using var command = connection.CreateCommand();

        // Without waiting for the disk: the lock that the journal may want is held for moments only.
        command.CommandText = "PRAGMA synchronous=NORMAL; CREATE TABLE IF NOT EXISTS observation (serial INTEGER PRIMARY KEY, bytes BLOB NOT NULL)";
        command.ExecuteNonQuery();
        return connection;
    }

    private static void Insert(SqliteConnection connection, ReadOnlyMemory<byte> bytes)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "INSERT INTO observation (bytes) VALUES ($bytes)";
        command.Parameters.AddWithValue("$bytes", bytes.ToArray());
        command.ExecuteNonQuery();
    }
}

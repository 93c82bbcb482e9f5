using System.Buffers;
using System.Collections.Immutable;
using System.Data.Common;
using ActorMultiscale.Actors.Journal;

namespace ActorMultiscale.Actors.Observation;

/// <summary>
/// The table <c>observation</c> of a run's database, on a connection of its own: records as <see cref="ObservationBytes"/> writes them, many
/// together. One background writer stores them every half second; whoever observes never waits for it.
/// </summary>
/// <remarks>
/// This is no part of what is hashed. But before a snapshot is stored, everything that was observed up to there is: so a run that goes on from
/// a snapshot lacks nothing (unless the database refuses it for seconds), and what was stored of windows beyond it is void (the first record of the new process says so). Where the disk
/// cannot keep up for <see cref="Capacity"/> bytes, or refuses them so long, further records are left out and counted in <see cref="Lost"/>.
/// </remarks>
public sealed class ObservationStore : IAsyncDisposable
{
    /// <summary>The greatest number of bytes that wait to be written.</summary>
    public const int Capacity = 16 << 20;

    private const int MostRefusals = 5;      // While somebody waits for it.
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(500);

    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _wake = new(0);
    private readonly Task _writer;
    private ArrayBufferWriter<byte> _filling = new(4096);
    private ArrayBufferWriter<byte> _taken = new(4096);
    private TaskCompletionSource? _flushed;
    private int _refused;                   // How many bytes of what was taken the database has refused so far.
    private bool _isEnding;
    private long _lost;

    /// <summary>Begins to write to the database of <paramref name="store"/>.</summary>
    public ObservationStore(RunStore store)
    {
        ArgumentNullException.ThrowIfNull(store);
        _writer = Task.Run(() => WriteAsync(store));
    }

    /// <summary>How many records were left out.</summary>
    public long Lost => Interlocked.Read(ref _lost);

    /// <summary>Takes records; returns at once.</summary>
    internal void Add(ReadOnlySpan<byte> records)
    {
        lock (_gate)
        {
            if (_isEnding || _filling.WrittenCount + Volatile.Read(ref _refused) + records.Length > Capacity)
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
    /// <exception cref="DbException">The table could not be written.</exception>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _isEnding = true;
        }

        _wake.Release();
        await _writer.ConfigureAwait(false);
    }

    /// <summary>Everything that was observed of the run <paramref name="store"/>; nothing where it was made before there was a table.</summary>
    /// <exception cref="RunStoreException">The table cannot be read.</exception>
    public static RunObservations Read(RunStore store)
    {
        ArgumentNullException.ThrowIfNull(store);
        var reader = new ObservationReader();
        try
        {
            using var connection = store.Database.Connect();
            if (store.Database.HasTable(connection, "observation"))
            {
                var own = store.Database.IsShared ? " WHERE run = @run" : "";
                using var command = StoreDatabase.Command(connection, null, $"SELECT bytes FROM observation{own} ORDER BY serial", ("@run", store.Run));
                using var rows = command.ExecuteReader();
                while (rows.Read())
                {
                    reader.Apply(rows[0] as byte[] ?? []);
                }
            }
        }
        catch (Exception fault) when (fault is DbException or InvalidDataException)
        {
            throw new RunStoreException($"What was observed of the run '{store.Run}' in '{store.Database.Name}' cannot be read: {fault.Message} The run itself is not touched by that.", fault);
        }

        return reader.Result();
    }

    private async Task WriteAsync(RunStore store)
    {
        DbConnection? connection = null;
        TaskCompletionSource? flushed = null;
        var refusals = 0;
        try
        {
            for (var isEnding = false; !isEnding;)
            {
                await _wake.WaitAsync(_pause).ConfigureAwait(false);
                lock (_gate)
                {
                    Take();
                    if (flushed is null)
                    {
                        (flushed, _flushed) = (_flushed, null);
                    }

                    isEnding = _isEnding && _filling.WrittenCount == 0;
                }

                try
                {
                    if (_taken.WrittenCount > 0)
                    {
                        connection ??= Open(store);
                        var stored = _refused > 0 ? StoredOf(_taken.WrittenSpan, connection, store) : 0;
                        if (_taken.WrittenCount > stored)
                        {
                            Insert(connection, null, store.Database, store.Run, _taken.WrittenSpan[stored..].ToArray());
                        }

                        _taken.ResetWrittenCount();
                        Volatile.Write(ref _refused, 0);
                    }

                    refusals = 0;
                }
                catch (DbException) when (!_isEnding)
                {
                    connection?.Dispose();      // What was taken stays, and is tried again.
                    connection = null;
                    Volatile.Write(ref _refused, _taken.WrittenCount);
                    refusals++;
                }

                // A snapshot waits for what was observed before it, but not for ever.
                if (refusals is 0 or > MostRefusals)
                {
                    flushed?.SetResult();
                    flushed = null;
                }
            }
        }
        finally
        {
            connection?.Dispose();
            flushed?.TrySetResult();
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

    // How many of the bytes that the database has refused are there all the same: stored, and then the connection was lost with the answer.
    private static int StoredOf(ReadOnlySpan<byte> taken, DbConnection connection, RunStore store)
    {
        var own = store.Database.IsShared ? " WHERE run = @run" : "";
        using var command = StoreDatabase.Command(connection, null, $"SELECT bytes FROM observation{own} ORDER BY serial DESC LIMIT 1", ("@run", store.Run));
        return command.ExecuteScalar() is byte[] last && taken.StartsWith(last) ? last.Length : 0;
    }

    private static DbConnection Open(RunStore store)
    {
        // Without waiting for the disk: the lock that the journal may want is held for moments only.
        var connection = store.Database.Connect(isPatient: true);
        StoreDatabase.Execute(connection, null, Table(store.Database));
        return connection;
    }

    /// <summary>The statement that makes the table.</summary>
    internal static string Table(StoreDatabase database) =>
        $"CREATE TABLE IF NOT EXISTS observation (serial {database.Serial}, {(database.IsShared ? "run TEXT NOT NULL, " : "")}bytes {database.Bytes} NOT NULL);";

    /// <summary>Adds a row of records.</summary>
    internal static void Insert(DbConnection connection, DbTransaction? transaction, StoreDatabase database, string run, byte[] bytes) =>
        StoreDatabase.Execute(connection, transaction, database.IsShared ? "INSERT INTO observation (run, bytes) VALUES (@run, @bytes)" : "INSERT INTO observation (bytes) VALUES (@bytes)",
            ("@bytes", bytes), ("@run", run));
}

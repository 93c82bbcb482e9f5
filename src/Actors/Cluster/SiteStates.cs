using System.Collections.Immutable;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Actors.Observation;
using ActorMultiscale.Actors.Protocol;
using ActorMultiscale.Physics.Coupling;

namespace ActorMultiscale.Actors.Cluster;

/// <summary>A state at a root boundary that is to be stored.</summary>
/// <param name="Participant">The participant.</param>
/// <param name="Window">The boundary.</param>
/// <param name="Part">Which part of its state it is, from 0.</param>
/// <param name="Parts">How many parts the state has.</param>
internal readonly record struct SavedPart(int Participant, long Window, int Part, int Parts);

/// <summary>
/// The states of a site's participants on their way to the store and back, on a thread of its own, which waits for the store. Archives go one after the other, in pieces; what of them waits is
/// bounded. The coordinator is told of each that is durable.
/// </summary>
internal sealed class SiteStates : IDisposable
{
    private static readonly TimeSpan _betweenTries = TimeSpan.FromSeconds(1);

    private readonly IStateRows _rows;
    private readonly TimeSpan _patience;
    private readonly TimeProvider _clock;
    private readonly Action<object> _tell;
    private readonly long _mostWaiting;
    private readonly int _atOnce;
    private readonly WorkAccount _account;
    private readonly object _gate = new();
    private readonly Queue<(SavedPart Part, byte[] Bytes)> _saved = new();
    private readonly Queue<(StatePart.Stored Part, Action<byte[]> Take)> _wanted = new();
    private readonly Queue<Action> _turns = new();      // Who waits for room for an archive.
    private readonly ImmutableArray<(string Hash, byte[] Bytes)>.Builder _batch = ImmutableArray.CreateBuilder<(string Hash, byte[] Bytes)>();
    private long _batched;                              // Bytes of it.
    private long _waiting;                              // Bytes that were handed over and are not stored.
    private bool _isTurn;                               // Somebody makes an archive, or has one fetched.
    private bool _isOver;

    /// <summary>States on their way.</summary>
    /// <param name="rows">Where they are kept.</param>
    /// <param name="patience">How long the store may be away.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="tell">Tells the coordinator <see cref="ParticipantAnswer.StateStored"/> and <see cref="ParticipantAnswer.StoreFails"/>; from the thread.</param>
    /// <param name="mostWaiting">While so many bytes wait, no member of a team makes one or has one fetched.</param>
    /// <param name="atOnce">Archives that are small are stored together, up to so many bytes.</param>
    /// <param name="account">Whose work it is; null for nobody's.</param>
    public SiteStates(IStateRows rows, TimeSpan patience, TimeProvider clock, Action<object> tell, long mostWaiting = RunSettings.MostStatesWaiting, int atOnce = ChunkCodec.Piece, WorkAccount? account = null)
    {
        (_rows, _patience, _clock, _tell, _mostWaiting, _atOnce, _account) = (rows, patience, clock, tell, mostWaiting, atOnce, account ?? WorkAccount.None);
        new Thread(Work) { IsBackground = true, Name = "site-states" }.Start();
    }

    /// <summary>What the coordinator answers to rows that it was sent.</summary>
    public void Answered(SiteOrder.RowsWritten answer) => _rows.Answered(answer);

    /// <summary>
    /// Calls <paramref name="begin"/> when there is room for an archive, from any thread. Whoever was called makes one and hands it over (<see cref="Store"/>), or has one fetched, and passes the
    /// turn on when it has used it (<see cref="PassTurn"/>).
    /// </summary>
    public void WhenRoom(Action begin)
    {
        lock (_gate)
        {
            _turns.Enqueue(begin);
        }

        NextTurn();
    }

    /// <summary>Whoever had a turn has no archive any more.</summary>
    public void PassTurn()
    {
        lock (_gate)
        {
            _isTurn = false;
        }

        NextTurn();
    }

    /// <summary>Stores an archive, which is not to be changed any more.</summary>
    /// <param name="part">What it is of.</param>
    /// <param name="bytes">The archive.</param>
    /// <param name="endsTurn">Whether it was made in a turn that had been waited for.</param>
    public void Store(SavedPart part, byte[] bytes, bool endsTurn)
    {
        lock (_gate)
        {
            _saved.Enqueue((part, bytes));
            _waiting += bytes.Length;
            _isTurn &= !endsTurn;
            Monitor.Pulse(_gate);
        }

        NextTurn();
    }

    /// <summary>Reads an archive, and hands it over on the thread.</summary>
    public void Fetch(StatePart.Stored part, Action<byte[]> take)
    {
        lock (_gate)
        {
            _wanted.Enqueue((part, take));
            Monitor.Pulse(_gate);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _isOver = true;
            _saved.Clear();
            _wanted.Clear();
            _turns.Clear();
            Monitor.Pulse(_gate);
        }

        _rows.End();
    }

    private void NextTurn()
    {
        Action? begin = null;
        lock (_gate)
        {
            if (!_isTurn && _waiting < _mostWaiting && _turns.TryDequeue(out begin))
            {
                _isTurn = true;
            }
        }

        begin?.Invoke();
    }

    private void Work()
    {
        try
        {
            while (Next() is { } work)
            {
                using var shift = _account.As(WorkPurpose.Journal);
                work();
            }
        }
        catch (OperationCanceledException)
        {
            // The site is no more.
        }
        catch (Exception fault)
        {
            _tell(new ParticipantAnswer.StoreFails(fault.Message));
        }
        finally
        {
            _rows.Dispose();
        }
    }

    // What is read comes first: nobody goes on without it.
    private Action? Next()
    {
        lock (_gate)
        {
            while (!_isOver)
            {
                if (_wanted.TryDequeue(out var wanted))
                {
                    return () => wanted.Take(Patiently(() => _rows.Read(wanted.Part.Hash)));
                }

                if (_saved.Count > 0)
                {
                    return StoreSome;
                }

                Monitor.Wait(_gate);
            }

            return null;
        }
    }

    private void StoreSome()
    {
        var (stored, bytes) = (new List<ParticipantAnswer.StateStored>(), 0L);
        while (bytes < _atOnce && TryTake(out var part, out var archive))
        {
            var hash = "";
            foreach (var row in ChunkCodec.Rows(archive))
            {
                hash = row.Hash;
                _batch.Add(row);
                _batched += row.Bytes.Length;
                if (_batched >= _atOnce)
                {
                    Flush();
                }
            }

            bytes += archive.Length;
            stored.Add(new ParticipantAnswer.StateStored(part.Participant, part.Window, part.Part, part.Parts, new StatePart.Stored(hash, archive.Length)));
        }

        Flush();
        lock (_gate)
        {
            _waiting -= bytes;
        }

        stored.ForEach(_tell);
        NextTurn();
    }

    private bool TryTake(out SavedPart part, out byte[] archive)
    {
        lock (_gate)
        {
            var has = _saved.TryDequeue(out var saved);
            (part, archive) = saved;
            return has;
        }
    }

    private void Flush()
    {
        lock (_gate)
        {
            // The rest of an archive is nobody's any more.
            if (_isOver)
            {
                throw new OperationCanceledException();
            }
        }

        if (_batch.Count > 0)
        {
            var rows = _batch.DrainToImmutable();
            _batched = 0;
            _ = Patiently(() =>
            {
                _rows.Write(rows);
                return true;
            });
        }
    }

    // A database that is away comes back, as a rule.
    private T Patiently<T>(Func<T> work)
    {
        for (long? since = null; ; )
        {
            try
            {
                return work();
            }
            catch (RunStoreException fault) when (fault.Passes && _clock.GetElapsedTime(since ??= _clock.GetTimestamp()) < _patience)
            {
                lock (_gate)
                {
                    if (_isOver)
                    {
                        throw new OperationCanceledException();
                    }

                    Monitor.Wait(_gate, _betweenTries);
                }
            }
        }
    }
}

/// <summary>The rows of a store's chunks (<see cref="ChunkCodec"/>), as a site reaches them. Has a single caller, who may be kept waiting.</summary>
internal interface IStateRows : IDisposable
{
    /// <summary>The content of a chunk.</summary>
    /// <exception cref="RunStoreException">It is missing or damaged, or the store is away.</exception>
    byte[] Read(string hash);

    /// <summary>Writes rows, and returns when they are durable.</summary>
    /// <exception cref="RunStoreException">They cannot be written, or the store is away.</exception>
    /// <exception cref="OperationCanceledException"><see cref="End"/> was called.</exception>
    void Write(ImmutableArray<(string Hash, byte[] Bytes)> rows);

    /// <summary>Nobody waits for an answer any more; from any thread.</summary>
    void End();

    /// <summary>The coordinator's answer to <see cref="StateRows"/>; from any thread.</summary>
    void Answered(SiteOrder.RowsWritten answer);
}

/// <summary>Rows that the site itself writes to a database that all nodes share; those of a file its owner writes, who has the coordinator.</summary>
/// <param name="open">Opens the record of the run.</param>
/// <param name="site">The number of the site.</param>
/// <param name="toCoordinator">Tells the coordinator.</param>
internal sealed class SiteRows(Func<RunStore> open, int site, Action<object> toCoordinator) : IStateRows
{
    private readonly object _gate = new();
    private RunStore? _store;
    private long _number;
    private long _written;
    private bool _isOver;

    private RunStore Store => _store ??= open();

    public byte[] Read(string hash) => Store.ReadChunk(hash);

    public void Write(ImmutableArray<(string Hash, byte[] Bytes)> rows)
    {
        if (Store.Database.IsShared)
        {
            Store.WriteRows(rows);
            return;
        }

        // One message at a time: the coordinator has no more of them at once than there are sites.
        lock (_gate)
        {
            _number++;
            toCoordinator(new StateRows(site, _number, rows));
            while (_written < _number)
            {
                if (_isOver)
                {
                    throw new OperationCanceledException();
                }

                Monitor.Wait(_gate);
            }
        }
    }

    public void Answered(SiteOrder.RowsWritten answer)
    {
        lock (_gate)
        {
            _written = answer.Number;
            Monitor.Pulse(_gate);
        }
    }

    public void End()
    {
        lock (_gate)
        {
            _isOver = true;
            Monitor.Pulse(_gate);
        }
    }

    public void Dispose() => _store?.Dispose();
}

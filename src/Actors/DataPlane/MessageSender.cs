using System.Buffers.Binary;
using System.Net.Sockets;

namespace ActorMultiscale.Actors.DataPlane;

/// <summary>
/// Writes the lane of messages. Whoever sends while nobody else does writes on its own thread, at once, which is soonest; what comes meanwhile waits, and the thread
/// of the lane writes all of it together. Nobody who sends waits for the peer: where the socket has no room, that thread does.
/// </summary>
/// <param name="socket">The connection.</param>
/// <param name="stream">Its bytes.</param>
/// <param name="meter">Counts what goes.</param>
/// <param name="backlog">How many bytes may wait.</param>
/// <param name="sent">Told on the thread of the lane whenever that has written.</param>
internal sealed class MessageSender(Socket socket, Stream stream, WireMeter meter, int backlog, Action sent)
{
    private readonly object _gate = new();
    private FrameBuffer _waiting = new();
    private FrameBuffer _leaving = new();
    private uint _sequence;
    private bool _isWriting;            // Somebody owns the stream and what is leaving.
    private bool _isHandedOver;         // It is the thread of the lane.
    private bool _isClosed;
    private long _beatAt;

    /// <summary>Sends a frame after those before it.</summary>
    /// <returns>False where the lane is closed.</returns>
    /// <exception cref="WireException">More waits than may wait.</exception>
    /// <exception cref="IOException">The connection broke.</exception>
    public bool Send(FrameKind kind, uint field, ReadOnlySpan<byte> payload)
    {
        lock (_gate)
        {
            if (_isClosed)
            {
                return false;
            }

            if (kind != FrameKind.Bye && _waiting.Count + payload.Length > backlog)
            {
                throw new WireException($"It has not taken what was sent before: {_waiting.Count} bytes of messages wait, and {backlog} may.");
            }

            _waiting.Append(kind, field, _sequence++, payload);
            if (kind == FrameKind.Message)
            {
                meter.MessageSent();
            }

            if (_isWriting)
            {
                return true;
            }

            _isWriting = true;
            Take();
        }

        if (!HasRoom() || !Write())
        {
            lock (_gate)
            {
                _isHandedOver = true;
                Monitor.Pulse(_gate);
            }
        }

        return true;
    }

    /// <summary>Sends a sign of life, unless the last one is younger than <paramref name="pause"/>. It says when it was sent: the peer's answer proves that it lived then.</summary>
    public void SendBeat(TimeSpan pause)
    {
        var now = TimeProvider.System.GetTimestamp();
        lock (_gate)
        {
            if (_beatAt != 0 && TimeProvider.System.GetElapsedTime(_beatAt, now) < pause)
            {
                return;
            }

            _beatAt = now;
        }

        Span<byte> payload = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(payload, now);
        Send(FrameKind.Beat, 0, payload);
    }

    /// <summary>Takes nothing more, and ends the thread once what waits is written.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _isClosed = true;
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>The thread of the lane: ends when it is closed, and nothing waits.</summary>
    /// <exception cref="IOException">The connection broke.</exception>
    public void Run()
    {
        while (true)
        {
            lock (_gate)
            {
                while (!_isHandedOver)
                {
                    if (_isClosed && !_isWriting)
                    {
                        return;
                    }

                    Monitor.Wait(_gate);
                }
            }

            while (!Write())
            {
            }

            sent();
        }
    }

    // A socket that says it has room has room for more than a message (on Linux a third of its buffer): the write does not wait.
    private bool HasRoom()
    {
        try
        {
            return socket.Poll(0, SelectMode.SelectWrite);
        }
        catch (Exception fault) when (WireLane.IsBroken(fault))
        {
            return false;       // The thread of the lane will meet it too.
        }
    }

    // Of who writes, with the lock: what waits is about to leave.
    private void Take() => (_waiting, _leaving) = (_leaving, _waiting);

    // Of who writes: writes what was taken. True where nothing has come meanwhile, and nobody writes any more; otherwise that is taken now.
    private bool Write()
    {
        try
        {
            stream.Write(_leaving.Written);
        }
        catch
        {
            lock (_gate)
            {
                // Nobody writes any more.
                _isWriting = _isHandedOver = false;
            }

            Close();
            throw;
        }

        meter.BytesSent(_leaving.Count);
        _leaving.Clear();
        lock (_gate)
        {
            if (_waiting.Count > 0)
            {
                Take();
                return false;
            }

            _isWriting = _isHandedOver = false;
            Monitor.Pulse(_gate);
            return true;
        }
    }
}

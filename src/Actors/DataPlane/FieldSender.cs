using System.Buffers.Binary;

namespace ActorMultiscale.Actors.DataPlane;

/// <summary>
/// Writes the lane of fields, on a thread of its own: a chunk of each field in turn, so that a small one need not wait for a large one. Fields begin in the order in which they were given,
/// each when the receiver's budget has room for it.
/// </summary>
/// <param name="stream">The bytes of the lane.</param>
/// <param name="meter">Counts what goes.</param>
/// <param name="options">How.</param>
/// <param name="budget">How many bytes the receiver takes before it has released some.</param>
/// <param name="sent">Told on the thread of the lane whenever a chunk is written.</param>
internal sealed class FieldSender(Stream stream, WireMeter meter, WireOptions options, long budget, Action sent)
{
    // A shorter payload is copied behind its head, and both are written at once.
    private const int Together = 32 << 10;
    private const int Measurable = 1 << 20;
    private readonly object _gate = new();
    private readonly Queue<Outgoing> _queued = new();
    private readonly Dictionary<uint, (long Began, long Bytes)> _passages = [];     // Of fields that are measured, until they are taken.
    private readonly long _budget = budget;
    private long _credit = budget;
    private double _speed;
    private WireException? _closed;

    // Of the thread of the lane.
    private readonly Queue<Outgoing> _active = new();
    private readonly FrameBuffer _buffer = new();
    private readonly byte[] _packed = new byte[FrameHead.LongestChunk];
    private uint _sequence;
    private uint _number;
    private long _written;
    private long _wroteAt = TimeProvider.System.GetTimestamp();
    private long _chunksPacked;

    /// <summary>The measured speed of the link, bytes a second; zero where it is not known yet.</summary>
    public double LinkSpeed => Volatile.Read(ref _speed);

    /// <summary>Sends a field. The task ends when all of it has been handed to the socket.</summary>
    public Task SendAsync(ReadOnlySpan<byte> header, ReadOnlyMemory<byte> body)
    {
        var field = new Outgoing(header.ToArray(), body);
        lock (_gate)
        {
            if (_closed is not null)
            {
                return Task.FromException(_closed);
            }

            _queued.Enqueue(field);
            Monitor.Pulse(_gate);
        }

        return field.Sent.Task;
    }

    /// <summary>The receiver has released so many bytes.</summary>
    /// <exception cref="InvalidDataException">It never had them.</exception>
    public void Credit(long count)
    {
        lock (_gate)
        {
            if (count <= 0 || count > _budget - _credit)
            {
                throw new InvalidDataException($"{count} bytes of fields were released, with {_budget - _credit} sent.");
            }

            _credit += count;
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>The field has come whole: the time it took says how fast the link is.</summary>
    public void Taken(uint number)
    {
        lock (_gate)
        {
            if (_passages.Remove(number, out var passage))
            {
                var speed = passage.Bytes / TimeProvider.System.GetElapsedTime(passage.Began).TotalSeconds;
                Volatile.Write(ref _speed, _speed > 0 ? 0.5 * (_speed + speed) : speed);
            }
        }
    }

    /// <summary>Takes nothing more, and ends the thread; what was not sent fails with <paramref name="reason"/>.</summary>
    public void Close(WireException reason)
    {
        lock (_gate)
        {
            _closed ??= reason;
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>The thread of the lane: ends when it is closed.</summary>
    /// <exception cref="IOException">The connection broke.</exception>
    public void Run()
    {
        using var packing = new FieldPacking(options.Compression);
        while (TryNext(out var field))
        {
            if (field is null)
            {
                _buffer.Append(FrameKind.Beat, 0, _sequence++, []);
                Flush();
                continue;
            }

            // First in the queue until its chunk is written: should that fail, so does the field.
            WriteChunk(field, packing);
            sent();
            _active.Dequeue();
            if (field.Written < field.Body.Length)
            {
                _active.Enqueue(field);
            }
            else
            {
                meter.FieldSent();
                field.Sent.SetResult();
            }
        }
    }

    /// <summary>Fails what was not sent. Called on the thread of the lane, when it is done: nobody reads the bodies any more.</summary>
    public void Abandon(WireException reason)
    {
        Close(reason);
        foreach (var field in _active.Concat(_queued))
        {
            field.Sent.TrySetException(reason);
        }
    }

    // Waits for something to send: nothing where it is time for a sign of life. False when closed.
    private bool TryNext(out Outgoing? next)
    {
        lock (_gate)
        {
            while (true)
            {
                while (_queued.TryPeek(out var first) && (_credit >= first.Charge || _credit == _budget))
                {
                    _credit -= first.Charge;
                    _active.Enqueue(_queued.Dequeue());
                }

                next = null;
                var pause = options.Beat - TimeProvider.System.GetElapsedTime(_wroteAt);
                if (_closed is not null || _active.TryPeek(out next) || pause <= TimeSpan.Zero)
                {
                    return _closed is null;
                }

                // Whole milliseconds, upwards: less than one would be none.
                Monitor.Wait(_gate, (int)pause.TotalMilliseconds + 1);
            }
        }
    }

    private void WriteChunk(Outgoing field, FieldPacking packing)
    {
        if (field.Written == 0)
        {
            Open(field, packing);
        }

        var chunk = field.Body.Span.Slice(field.Written, Math.Min(options.Chunk, field.Body.Length - field.Written));
        field.Written += chunk.Length;
        if (chunk.Length > 0 && field.IsPacked && packing.TryPack(chunk, _packed.AsSpan(sizeof(int)), out var length))
        {
            BinaryPrimitives.WriteInt32LittleEndian(_packed, chunk.Length);
            Write(FrameKind.Packed, field, _packed.AsSpan(0, sizeof(int) + length));
            _chunksPacked++;
            meter.ChunkPacked();
        }
        else
        {
            Write(FrameKind.Chunk, field, chunk);
        }
    }

    private void Open(Outgoing field, FieldPacking packing)
    {
        field.Number = ++_number;
        field.IsPacked = packing.Pays(field.Body.Span, LinkSpeed);
        (field.Began, field.BeganAt, field.PackedAt) = (TimeProvider.System.GetTimestamp(), _written, _chunksPacked);
        Span<byte> payload = new byte[sizeof(long) + field.Header.Length];
        BinaryPrimitives.WriteInt64LittleEndian(payload, field.Body.Length);
        field.Header.CopyTo(payload[sizeof(long)..]);
        _buffer.Append(FrameKind.Open, field.Number, _sequence++, payload);
    }

    private void Write(FrameKind kind, Outgoing field, ReadOnlySpan<byte> payload)
    {
        if (payload.IsEmpty)
        {
            Flush();            // A field without a body is whole when it is open.
            return;
        }

        if (payload.Length <= Together)
        {
            _buffer.Append(kind, field.Number, _sequence++, payload);
            payload = [];
        }
        else
        {
            _buffer.AppendHead(kind, field.Number, _sequence++, payload);
        }

        // Known before the last byte leaves: the answer may be here before this thread is back.
        if (field.Written == field.Body.Length && _chunksPacked == field.PackedAt && kind == FrameKind.Chunk && _written + _buffer.Count + payload.Length - field.BeganAt is var bytes and >= Measurable)
        {
            lock (_gate)
            {
                _passages[field.Number] = (field.Began, bytes);
            }
        }

        Flush();
        if (!payload.IsEmpty)
        {
            stream.Write(payload);
            Wrote(payload.Length);
        }
    }

    private void Flush()
    {
        stream.Write(_buffer.Written);
        Wrote(_buffer.Count);
        _buffer.Clear();
    }

    private void Wrote(int count)
    {
        _written += count;
        _wroteAt = TimeProvider.System.GetTimestamp();
        meter.BytesSent(count);
    }

    private sealed class Outgoing(byte[] header, ReadOnlyMemory<byte> body)
    {
        public byte[] Header { get; } = header;

        public ReadOnlyMemory<byte> Body { get; } = body;

        public long Charge { get; } = WireField.Charge(header.Length, body.Length);

        public TaskCompletionSource Sent { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public uint Number { get; set; }

        /// <summary>How many bytes of the body have been written.</summary>
        public int Written { get; set; }

        public bool IsPacked { get; set; }

        /// <summary>When it was opened; what the lane had written by then; how many chunks were compressed by then.</summary>
        public long Began { get; set; }

        public long BeganAt { get; set; }

        public long PackedAt { get; set; }
    }
}

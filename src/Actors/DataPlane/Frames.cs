using System.Buffers.Binary;
using System.IO.Hashing;

namespace ActorMultiscale.Actors.DataPlane;

/// <summary>What a frame is.</summary>
internal enum FrameKind : byte
{
    /// <summary>A message. On the lane of messages, as all up to <see cref="Taken"/>.</summary>
    Message = 1,

    /// <summary>A sign of life; on both lanes. On that of messages with the time at which it was sent, by the clock of the sender (8 bytes), which the peer sends back.</summary>
    Beat,

    /// <summary>So many bytes of fields were released (8 bytes).</summary>
    Credit,

    /// <summary>The link is closed; why (UTF-8).</summary>
    Bye,

    /// <summary>The field has come whole.</summary>
    Taken,

    /// <summary>A field begins: the length of its body (8 bytes), its header. On the lane of fields, as all that follow.</summary>
    Open,

    /// <summary>The next bytes of the body of a field.</summary>
    Chunk,

    /// <summary>The next bytes of the body of a field, shuffled and compressed: how many they are (4 bytes), a frame of Zstandard.</summary>
    Packed,

    /// <summary>A sign of life has come: the time that stood in it (8 bytes). On the lane of messages.</summary>
    Echo,
}

/// <summary>With what every frame begins. Numbers are little-endian.</summary>
/// <remarks>
/// <code>
/// frame = length of the payload (4), kind (1), zero (3), number of the field (4), number of the frame on its lane (4), XxHash3 of the payload (8), XxHash3 of the 24 bytes before (8), payload
/// </code>
/// The head has a checksum of its own, since nobody may wait for bytes that a damaged length promises. The number of the frame finds frames that are lost or come twice.
/// </remarks>
/// <param name="Kind">What it is.</param>
/// <param name="Length">Length of the payload, bytes.</param>
/// <param name="Field">Number of the field on its link; 0 for frames that are of none.</param>
/// <param name="Sequence">Number of the frame on its lane, modulo 2³².</param>
/// <param name="Check">Checksum of the payload.</param>
internal readonly record struct FrameHead(FrameKind Kind, int Length, uint Field, uint Sequence, ulong Check)
{
    /// <summary>Length of a head, bytes.</summary>
    public const int Size = 32;

    /// <summary>Greatest length of a message, and of the header of a field, bytes.</summary>
    public const int LongestMessage = 64 << 10;

    /// <summary>Greatest length of a chunk, bytes.</summary>
    public const int LongestChunk = 1 << 20;

    private const int Checked = Size - sizeof(ulong);

    /// <summary>The head of a frame with <paramref name="payload"/>.</summary>
    public static FrameHead Of(FrameKind kind, uint field, uint sequence, ReadOnlySpan<byte> payload) =>
        new(kind, payload.Length, field, sequence, XxHash3.HashToUInt64(payload));

    /// <summary>Writes the head as <see cref="Size"/> bytes.</summary>
    public void Write(Span<byte> to)
    {
        BinaryPrimitives.WriteInt32LittleEndian(to, Length);
        BinaryPrimitives.WriteUInt32LittleEndian(to[4..], (uint)Kind);
        BinaryPrimitives.WriteUInt32LittleEndian(to[8..], Field);
        BinaryPrimitives.WriteUInt32LittleEndian(to[12..], Sequence);
        BinaryPrimitives.WriteUInt64LittleEndian(to[16..], Check);
        BinaryPrimitives.WriteUInt64LittleEndian(to[Checked..], XxHash3.HashToUInt64(to[..Checked]));
    }

    /// <summary>Reads a head, and believes nothing.</summary>
    /// <param name="from">Its bytes.</param>
    /// <param name="sequence">The number that the frame must have.</param>
    /// <param name="ofFields">Whether it comes on the lane of fields.</param>
    /// <exception cref="InvalidDataException">It is damaged, or no frame of that lane.</exception>
    public static FrameHead Read(ReadOnlySpan<byte> from, uint sequence, bool ofFields)
    {
        if (BinaryPrimitives.ReadUInt64LittleEndian(from[Checked..]) != XxHash3.HashToUInt64(from[..Checked]))
        {
            throw new InvalidDataException("The head of a frame is damaged: its checksum is another.");
        }

        var (length, kind) = (BinaryPrimitives.ReadInt32LittleEndian(from), BinaryPrimitives.ReadUInt32LittleEndian(from[4..]));
        var (least, most) = Lengths(kind, ofFields);
        if (length < least || length > most)
        {
            throw new InvalidDataException($"A frame of kind {kind} has {length} bytes; {(most < 0 ? "there is none on this lane" : $"it has {least} to {most}")}.");
        }

        var head = new FrameHead((FrameKind)kind, length, BinaryPrimitives.ReadUInt32LittleEndian(from[8..]), BinaryPrimitives.ReadUInt32LittleEndian(from[12..]), BinaryPrimitives.ReadUInt64LittleEndian(from[16..]));
        return head.Sequence == sequence ? head : throw new InvalidDataException($"Frame {head.Sequence} came where {sequence} was due.");
    }

    /// <summary>Refuses a payload that is not the one that was sent.</summary>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    public void Require(ReadOnlySpan<byte> payload)
    {
        if (XxHash3.HashToUInt64(payload) != Check)
        {
            throw new InvalidDataException($"The {Length} bytes of a frame are damaged: their checksum is another.");
        }
    }

    private static (int Least, int Most) Lengths(uint kind, bool ofFields) => ((FrameKind)kind, ofFields) switch
    {
        _ when kind > byte.MaxValue => (0, -1),
        (FrameKind.Message, false) => (0, LongestMessage),
        (FrameKind.Beat or FrameKind.Echo, false) => (sizeof(long), sizeof(long)),
        (FrameKind.Beat, true) => (0, 0),
        (FrameKind.Credit, false) => (sizeof(long), sizeof(long)),
        (FrameKind.Bye, false) => (0, LongestMessage),
        (FrameKind.Taken, false) => (0, 0),
        (FrameKind.Open, true) => (sizeof(long), sizeof(long) + LongestMessage),
        (FrameKind.Chunk, true) => (1, LongestChunk),
        (FrameKind.Packed, true) => (sizeof(int) + 1, LongestChunk),
        _ => (0, -1),
    };
}

/// <summary>Frames that wait to be written together.</summary>
internal sealed class FrameBuffer
{
    private byte[] _bytes = new byte[2 * FrameHead.LongestMessage];

    /// <summary>How many bytes wait.</summary>
    public int Count { get; private set; }

    /// <summary>The bytes.</summary>
    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Count);

    /// <summary>Adds a whole frame.</summary>
    public void Append(FrameKind kind, uint field, uint sequence, ReadOnlySpan<byte> payload)
    {
        AppendHead(kind, field, sequence, payload);
        payload.CopyTo(Space(payload.Length));
    }

    /// <summary>Adds a head whose payload is written elsewhere, behind it.</summary>
    public void AppendHead(FrameKind kind, uint field, uint sequence, ReadOnlySpan<byte> payload) =>
        FrameHead.Of(kind, field, sequence, payload).Write(Space(FrameHead.Size));

    /// <summary>Forgets the bytes, and gives back room that only a crowd needed.</summary>
    public void Clear()
    {
        Count = 0;
        if (_bytes.Length > FrameHead.LongestChunk)
        {
            _bytes = new byte[2 * FrameHead.LongestMessage];
        }
    }

    private Span<byte> Space(int length)
    {
        if (_bytes.Length - Count < length)
        {
            Array.Resize(ref _bytes, Math.Max(Count + length, 2 * _bytes.Length));
        }

        Count += length;
        return _bytes.AsSpan(Count - length, length);
    }
}

/// <summary>Reads the frames of a lane, one after the other, on one thread.</summary>
/// <param name="stream">The bytes of the lane.</param>
/// <param name="ofFields">Whether it is the lane of fields.</param>
/// <param name="meter">Counts what comes.</param>
internal sealed class FrameReader(Stream stream, bool ofFields, WireMeter meter)
{
    private readonly byte[] _buffer = new byte[2 * (FrameHead.Size + sizeof(long) + FrameHead.LongestMessage)];
    private int _from;
    private int _to;
    private uint _sequence;
    private long _waitsSince;

    /// <summary>For how long the thread has waited for bytes; zero while it does something else. From any thread.</summary>
    public TimeSpan Waits => Volatile.Read(ref _waitsSince) is var since and not 0 ? TimeProvider.System.GetElapsedTime(since) : TimeSpan.Zero;

    /// <summary>The head of the next frame. The payload is to be taken before the next one.</summary>
    /// <returns>False where the lane has ended, between two frames.</returns>
    /// <exception cref="InvalidDataException">The frame is damaged.</exception>
    /// <exception cref="IOException">The connection broke.</exception>
    public bool TryRead(out FrameHead head)
    {
        if (!TryFill(FrameHead.Size))
        {
            head = default;
            return _from == _to ? false : throw Cut();
        }

        head = FrameHead.Read(_buffer.AsSpan(_from), _sequence, ofFields);
        _from += FrameHead.Size;
        _sequence++;
        return true;
    }

    /// <summary>The payload of a frame that is not longer than a message with a length before it. The bytes are good until the next call.</summary>
    public ReadOnlySpan<byte> Payload(in FrameHead head)
    {
        if (!TryFill(head.Length))
        {
            throw Cut();
        }

        var payload = _buffer.AsSpan(_from, head.Length);
        _from += head.Length;
        Finish(head, payload);
        return payload;
    }

    /// <summary>Puts the payload where it belongs, without a copy between.</summary>
    /// <param name="head">Its head.</param>
    /// <param name="to">As long as the payload.</param>
    public void Payload(in FrameHead head, Span<byte> to)
    {
        var here = Math.Min(_to - _from, head.Length);
        _buffer.AsSpan(_from, here).CopyTo(to);
        _from += here;
        for (var at = here; at < head.Length;)
        {
            at += Read(to[at..head.Length]) is var count and > 0 ? count : throw Cut();
        }

        Finish(head, to[..head.Length]);
    }

    /// <summary>Reads on until the lane ends, and looks at nothing.</summary>
    /// <exception cref="IOException">The connection broke.</exception>
    public void Drain()
    {
        while (Read(_buffer) > 0)
        {
        }
    }

    private void Finish(in FrameHead head, ReadOnlySpan<byte> payload)
    {
        head.Require(payload);
        meter.BytesReceived(FrameHead.Size + head.Length);
    }

    private bool TryFill(int length)
    {
        if (_buffer.Length - _from < length || _from == _to)
        {
            _buffer.AsSpan(_from, _to - _from).CopyTo(_buffer);
            (_from, _to) = (0, _to - _from);
        }

        while (_to - _from < length)
        {
            var count = Read(_buffer.AsSpan(_to));
            if (count == 0)
            {
                return false;
            }

            _to += count;
        }

        return true;
    }

    private int Read(Span<byte> to)
    {
        Volatile.Write(ref _waitsSince, TimeProvider.System.GetTimestamp());
        try
        {
            return stream.Read(to);
        }
        finally
        {
            Volatile.Write(ref _waitsSince, 0);
        }
    }

    private static EndOfStreamException Cut() => new("it ended in the middle of a frame.");
}

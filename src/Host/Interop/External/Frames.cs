using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace ActorMultiscale.Host.Interop.External;

/// <summary>What a frame is. Even the numbers of unknown kinds are read safely: every frame says how long it is.</summary>
internal enum FrameKind : byte
{
    /// <summary>Peer: who I am.</summary>
    Hello = 1,

    /// <summary>Program: you take part.</summary>
    Welcome = 2,

    /// <summary>Program: set the state at the start of the run. The answer is <see cref="Samples"/>.</summary>
    Initialize = 3,

    /// <summary>Program: advance over a window. The answer is <see cref="Samples"/>.</summary>
    Advance = 4,

    /// <summary>Program: give your state. The answer is <see cref="State"/>.</summary>
    Save = 5,

    /// <summary>Program: take this state. The answer is <see cref="Done"/>.</summary>
    Restore = 6,

    /// <summary>Program: it is over. No answer.</summary>
    ShutDown = 7,

    /// <summary>Peer: samples of the out-ports.</summary>
    Samples = 10,

    /// <summary>Peer: a state.</summary>
    State = 11,

    /// <summary>Peer: done.</summary>
    Done = 12,

    /// <summary>Either side, in place of any answer: a sentence that says why not.</summary>
    Error = 13,
}

/// <summary>Writes one frame: its length without these four bytes, its kind, and what it holds; little-endian.</summary>
internal sealed class FrameWriter
{
    private byte[] _bytes = new byte[1024];
    private int _length;

    /// <summary>Begins a frame; what was written before is dropped.</summary>
    public FrameWriter Begin(FrameKind kind)
    {
        _length = 5;
        _bytes[4] = (byte)kind;
        return this;
    }

    public FrameWriter Int32(int value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(Room(4), value);
        return this;
    }

    public FrameWriter Int64(long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(Room(8), value);
        return this;
    }

    public FrameWriter Number(double value)
    {
        BinaryPrimitives.WriteDoubleLittleEndian(Room(8), value);
        return this;
    }

    /// <summary>How many, and then the numbers.</summary>
    public FrameWriter Numbers(ReadOnlySpan<double> values)
    {
        Int32(values.Length);
        if (BitConverter.IsLittleEndian)
        {
            return Bytes(MemoryMarshal.AsBytes(values));
        }

        foreach (var value in values)
        {
            Number(value);
        }

        return this;
    }

    /// <summary>How many bytes, and then the text in UTF-8.</summary>
    public FrameWriter Text(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return Int32(bytes.Length).Bytes(bytes);
    }

    public FrameWriter Bytes(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Room(bytes.Length));
        return this;
    }

    /// <summary>The whole frame, ready to be sent. Valid until the next one begins.</summary>
    public ReadOnlySpan<byte> Frame()
    {
        BinaryPrimitives.WriteInt32LittleEndian(_bytes, _length - 4);
        return _bytes.AsSpan(0, _length);
    }

    private Span<byte> Room(int bytes)
    {
        if (_length + (long)bytes > _bytes.Length)
        {
            Array.Resize(ref _bytes, (int)Math.Min(Array.MaxLength, Math.Max(2L * _bytes.Length, _length + (long)bytes)));
        }

        _length += bytes;
        return _bytes.AsSpan(_length - bytes, bytes);
    }
}

/// <summary>Reads what a frame holds, and believes none of its numbers before it has looked.</summary>
/// <param name="bytes">What stands behind the frame's kind.</param>
internal ref struct FrameReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    /// <summary>Whether nothing is left.</summary>
    public readonly bool IsAtEnd => _rest.IsEmpty;

    /// <summary>How many bytes are left.</summary>
    public readonly int Left => _rest.Length;

    public int Int32(string what) => BinaryPrimitives.ReadInt32LittleEndian(Take(4, what));

    public double Number(string what) => BinaryPrimitives.ReadDoubleLittleEndian(Take(8, what));

    public int Count(string what, int bytesEach)
    {
        var count = Int32(what);
        return count >= 0 && count <= _rest.Length / bytesEach
            ? count
            : throw new FrameException($"it says that it holds {count} of {what}, and {_rest.Length} bytes are left");
    }

    public void Numbers(Span<double> into, string what)
    {
        var bytes = Take(into.Length * sizeof(double), what);
        if (BitConverter.IsLittleEndian)
        {
            bytes.CopyTo(MemoryMarshal.AsBytes(into));
            return;
        }

        for (var i = 0; i < into.Length; i++)
        {
            into[i] = BinaryPrimitives.ReadDoubleLittleEndian(bytes[(8 * i)..]);
        }
    }

    public string Text(string what) => Encoding.UTF8.GetString(Take(Count(what, 1), what));

    private ReadOnlySpan<byte> Take(int count, string what)
    {
        if (_rest.Length < count)
        {
            throw new FrameException($"it ends within {what}");
        }

        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }
}

/// <summary>What came cannot be a frame of this protocol.</summary>
internal sealed class FrameException(string message) : Exception(message);

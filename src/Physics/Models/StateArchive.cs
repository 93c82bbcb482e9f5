using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace ActorMultiscale.Physics.Models;

/// <summary>
/// One walk over a model's state that saves or restores it. Entries are named and little-endian; restoring checks every
/// name and length, so that a walk which does not match what was saved is an error and never a silent shift.
/// </summary>
/// <remarks>Layout of an entry: length of the name (2 bytes), name in UTF-8, number of bytes (8 bytes), bytes.</remarks>
public sealed class StateArchive
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private byte[] _bytes;
    private int _position;

    private StateArchive(byte[] bytes, bool restoring)
    {
        _bytes = bytes;
        IsRestoring = restoring;
    }

    /// <summary>Whether the walk sets the state from the archive (true) or records it (false).</summary>
    public bool IsRestoring { get; }

    /// <summary>The bytes of everything that <paramref name="walk"/> names.</summary>
    /// <param name="walk">The walk, such as <see cref="IScaleModel.Archive"/>.</param>
    /// <param name="sizeHint">About how many bytes are expected; saves growing.</param>
    public static byte[] Save(Action<StateArchive> walk, int sizeHint = 256)
    {
        ArgumentNullException.ThrowIfNull(walk);
        var archive = new StateArchive(new byte[Math.Max(sizeHint, 64)], restoring: false);
        walk(archive);
        return archive._position == archive._bytes.Length ? archive._bytes : archive._bytes.AsSpan(0, archive._position).ToArray();
    }

    /// <summary>What stands before the bytes of an entry.</summary>
    internal static byte[] HeadOf(string name, long length)
    {
        var head = new byte[2 + Encoding.UTF8.GetByteCount(name) + 8];
        WriteHead(head, name, length);
        return head;
    }

    private static void WriteHead(Span<byte> head, string name, long length)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(head, checked((ushort)(head.Length - 2 - 8)));
        Encoding.UTF8.GetBytes(name, head[2..]);
        BinaryPrimitives.WriteInt64LittleEndian(head[^8..], length);
    }

    /// <summary>Sets everything that <paramref name="walk"/> names from <paramref name="bytes"/>.</summary>
    /// <exception cref="InvalidDataException">The walk and the bytes do not match, or what the bytes say can be the state of nothing.</exception>
    public static void Restore(byte[] bytes, Action<StateArchive> walk)
    {
        ArgumentNullException.ThrowIfNull(walk);
        var archive = new StateArchive(bytes, restoring: true);
        try
        {
            walk(archive);
        }
        catch (Exception fault) when (fault is ScaleModelException or ArgumentException or ArithmeticException or IndexOutOfRangeException or InvalidOperationException)
        {
            // What is made of the values has refused them: no nodes, times that go back.
            throw new InvalidDataException($"The archive holds what can be no state: {fault.Message}", fault);
        }

        if (archive._position != bytes.Length)
        {
            throw new InvalidDataException($"The archive holds {bytes.Length - archive._position} bytes more than the model asked for; it was written by another version of the model.");
        }
    }

    /// <summary>The version of the walk. Restoring returns the version that was saved, so that a newer model can read an older archive.</summary>
    /// <exception cref="InvalidDataException">The archive is newer than <paramref name="current"/>, or its version is below 1.</exception>
    public int Version(int current)
    {
        var version = current;
        Value("version", ref version);
        return version >= 1 && version <= current
            ? version
            : throw new InvalidDataException($"The archive has version {version}; this model reads 1 to {current}. Use the version of the program that wrote it.");
    }

    /// <summary>One value: a number, a flag or a struct of numbers.</summary>
    public void Value<T>(string name, ref T value) where T : unmanaged => Bytes(name, MemoryMarshal.AsBytes(new Span<T>(ref value)));

    /// <summary>An array, restored with the length that it was saved with.</summary>
    public void Field<T>(string name, ref T[] values) where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(values);
        if (IsRestoring)
        {
            var length = Begin(name);
            if (length % Unsafe.SizeOf<T>() != 0)
            {
                throw new InvalidDataException($"The entry '{name}' holds {length} bytes, which is no whole number of {typeof(T).Name}.");
            }

            var count = length / Unsafe.SizeOf<T>();
            if (values.Length != count)
            {
                values = new T[count];
            }

            Take(MemoryMarshal.AsBytes(values.AsSpan()));
        }
        else
        {
            Bytes(name, MemoryMarshal.AsBytes(values.AsSpan()));
        }
    }

    /// <summary>A text.</summary>
    public void Text(string name, ref string value)
    {
        var bytes = Encoding.UTF8.GetBytes(value);
        Field(name, ref bytes);
        try
        {
            value = Strict.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw new InvalidDataException($"The entry '{name}' should hold a text, and its bytes are not one.");
        }
    }

    private void Bytes(string name, Span<byte> bytes)
    {
        if (IsRestoring)
        {
            var length = Begin(name);
            if (length != bytes.Length)
            {
                throw new InvalidDataException($"The entry '{name}' holds {length} bytes; the model asked for {bytes.Length}.");
            }

            Take(bytes);
            return;
        }

        var head = 2 + Encoding.UTF8.GetByteCount(name) + 8;
        Grow(head + bytes.Length);
        WriteHead(_bytes.AsSpan(_position, head), name, bytes.Length);
        _position += head;
        bytes.CopyTo(_bytes.AsSpan(_position));
        _position += bytes.Length;
    }

    private int Begin(string name)
    {
        var rest = _bytes.AsSpan(_position);
        var nameLength = rest.Length >= 2 ? BinaryPrimitives.ReadUInt16LittleEndian(rest) : 0;
        if (rest.Length < 2 + nameLength + 8)
        {
            throw new InvalidDataException($"The archive ends before the entry '{name}'.");
        }

        var found = Encoding.UTF8.GetString(rest.Slice(2, nameLength));
        if (found != name)
        {
            throw new InvalidDataException($"The archive has the entry '{found}' where the model asked for '{name}'; it was written by another version of the model.");
        }

        var length = BinaryPrimitives.ReadInt64LittleEndian(rest[(2 + nameLength)..]);
        if (length < 0 || length > rest.Length - 2 - nameLength - 8)
        {
            throw new InvalidDataException($"The entry '{name}' says that it holds {length} bytes, and fewer are left.");
        }

        _position += 2 + nameLength + 8;
        return (int)length;
    }

    private void Take(Span<byte> into)
    {
        _bytes.AsSpan(_position, into.Length).CopyTo(into);
        _position += into.Length;
    }

    private void Grow(int more)
    {
        if (_position + more > _bytes.Length)
        {
            Array.Resize(ref _bytes, checked((int)Math.Min(Array.MaxLength, Math.Max(2L * _bytes.Length, (long)_position + more))));
        }
    }
}

using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace ActorMultiscale.Physics.Numerics;

/// <summary>
/// How records stand in bytes: words of 8 bytes, little-endian; integers as zigzag varints, seven bits a byte, the lowest first, the sign in
/// the lowest bit; text as its length and UTF-8.
/// </summary>
public static class RecordBytes
{
    /// <summary>What is thrown where bytes are no record.</summary>
    public static InvalidDataException Damaged() => new("A record cannot be read: its bytes end too early, go on too long, or are none that this program writes.");

    /// <summary>Writes 8 bytes.</summary>
    public static void WriteWord(ArrayBufferWriter<byte> to, ulong word)
    {
        ArgumentNullException.ThrowIfNull(to);
        BinaryPrimitives.WriteUInt64LittleEndian(to.GetSpan(8), word);
        to.Advance(8);
    }

    /// <summary>Writes the bits of a number.</summary>
    public static void WriteNumber(ArrayBufferWriter<byte> to, double number) => WriteWord(to, BitConverter.DoubleToUInt64Bits(number));

    /// <summary>Writes an integer.</summary>
    public static void WriteInteger(ArrayBufferWriter<byte> to, long value)
    {
        ArgumentNullException.ThrowIfNull(to);
        // Zigzag: 0, −1, 1, −2, … become 0, 1, 2, 3, …
        var rest = (ulong)((value << 1) ^ (value >> 63));
        var span = to.GetSpan(10);
        var length = 0;
        for (; rest >= 0x80; rest >>= 7)
        {
            span[length++] = (byte)(rest | 0x80);
        }

        span[length++] = (byte)rest;
        to.Advance(length);
    }

    /// <summary>Writes a text.</summary>
    public static void WriteText(ArrayBufferWriter<byte> to, string text)
    {
        ArgumentNullException.ThrowIfNull(to);
        ArgumentNullException.ThrowIfNull(text);
        var length = Encoding.UTF8.GetByteCount(text);
        WriteInteger(to, length);
        to.Advance(Encoding.UTF8.GetBytes(text, to.GetSpan(Math.Max(1, length))));
    }

    /// <summary>Takes an integer off the front.</summary>
    /// <exception cref="InvalidDataException">There is none.</exception>
    public static long ReadInteger(ref ReadOnlySpan<byte> from)
    {
        var bits = 0UL;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = Take(ref from, 1)[0];
            bits |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
            {
                return (long)(bits >> 1) ^ -(long)(bits & 1);
            }
        }

        throw Damaged();
    }

    /// <summary>An integer that is not negative and fits.</summary>
    public static int ReadCount(ref ReadOnlySpan<byte> from) => ReadInteger(ref from) is >= 0 and <= int.MaxValue and var count ? (int)count : throw Damaged();

    /// <summary>Takes a number off the front.</summary>
    /// <exception cref="InvalidDataException">The bytes end too early.</exception>
    public static double ReadNumber(ref ReadOnlySpan<byte> from) => BitConverter.UInt64BitsToDouble(BinaryPrimitives.ReadUInt64LittleEndian(Take(ref from, 8)));

    /// <summary>Takes a text off the front.</summary>
    /// <exception cref="InvalidDataException">The bytes end too early.</exception>
    public static string ReadText(ref ReadOnlySpan<byte> from) => Encoding.UTF8.GetString(Take(ref from, ReadCount(ref from)));

    /// <summary>Takes bytes off the front.</summary>
    /// <exception cref="InvalidDataException">There are fewer.</exception>
    public static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> from, int length)
    {
        if (from.Length < length)
        {
            throw Damaged();
        }

        var taken = from[..length];
        from = from[length..];
        return taken;
    }

    /// <summary>Takes words of 8 bytes off the front.</summary>
    /// <exception cref="InvalidDataException">There are fewer.</exception>
    public static ulong[] Words(ref ReadOnlySpan<byte> from, int count)
    {
        if (count > from.Length / 8)
        {
            throw Damaged();
        }

        var words = new ulong[count];
        for (var i = 0; i < count; i++)
        {
            words[i] = BinaryPrimitives.ReadUInt64LittleEndian(Take(ref from, 8));
        }

        return words;
    }
}

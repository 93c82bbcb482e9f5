using System.Buffers.Binary;
using System.Collections.Immutable;
using ZstdSharp;

namespace ActorMultiscale.Actors.Journal;

/// <summary>
/// How chunks are kept: as they are, compressed, or, the large ones, as a list of pieces that are chunks themselves. The hash by which a chunk is
/// known is always that of its content.
/// </summary>
/// <remarks>
/// <code>
/// compressed = "AMZ1", length of the content (8 bytes), the content with its bytes shuffled, as a frame of Zstandard
/// list       = "AML1", length of the content (8 bytes), SHA-256 of each piece (32 bytes)
/// </code>
/// Shuffled: all first bytes of the numbers of 8 bytes, then all second ones, and so on; what is behind the last whole number stays. Neighboring
/// numbers share signs, exponents and leading digits, which then stand together. Bytes whose hash is that of the chunk are its content as it is.
/// </remarks>
internal static class ChunkCodec
{
    /// <summary>The greatest length of a piece.</summary>
    public const int Piece = 4 << 20;

    private const int Head = 12;
    private const int Least = 256;          // Less is not worth a frame.
    private const int Number = sizeof(double);
    private static ReadOnlySpan<byte> Compressed => "AMZ1"u8;
    private static ReadOnlySpan<byte> List => "AML1"u8;

    /// <summary>With what a list begins.</summary>
    public static byte[] ListMark => [.. List];

    /// <summary>The greatest length of a list: of a content that fits into memory.</summary>
    public const long LongestList = Head + ((((long)int.MaxValue / Piece) + 1) * RunEventCodec.HashLength);

    /// <summary>A piece as it is kept: compressed where that makes it a tenth smaller.</summary>
    public static byte[] Encode(byte[] content)
    {
        if (content.Length < Least)
        {
            return content;
        }

        using var compressor = new Compressor(1);
        var frame = compressor.Wrap(Shuffle(content));
        return Head + frame.Length > 0.9 * content.Length ? content : [.. Compressed, .. Length(content.Length), .. frame];
    }

    /// <summary>A list of pieces.</summary>
    public static byte[] EncodeList(long length, IEnumerable<string> hashes) => [.. List, .. Length(length), .. hashes.SelectMany(Convert.FromHexString)];

    /// <summary>The pieces that a list names; null where the bytes are none.</summary>
    public static ImmutableArray<string>? Pieces(ReadOnlySpan<byte> stored)
    {
        const int Hash = RunEventCodec.HashLength;
        if (!stored.StartsWith(List) || stored.Length < Head || (stored.Length - Head) % Hash != 0)
        {
            return null;
        }

        var hashes = ImmutableArray.CreateBuilder<string>((stored.Length - Head) / Hash);
        for (var at = Head; at < stored.Length; at += Hash)
        {
            hashes.Add(Convert.ToHexStringLower(stored.Slice(at, Hash)));
        }

        // A list says no more than its pieces can hold.
        return BinaryPrimitives.ReadInt64LittleEndian(stored[4..]) is var length && length >= 0 && length <= (long)hashes.Count * Piece ? hashes.MoveToImmutable() : null;
    }

    /// <summary>The content of a piece; null where the bytes hold none with that hash.</summary>
    public static byte[]? Decode(byte[] stored, string hash)
    {
        if (RunEventCodec.Hash(stored) == hash)
        {
            return stored;
        }

        if (!stored.AsSpan().StartsWith(Compressed) || stored.Length < Head || BinaryPrimitives.ReadInt64LittleEndian(stored.AsSpan(4)) is < 0 or > Piece)
        {
            return null;
        }

        var shuffled = new byte[BinaryPrimitives.ReadInt64LittleEndian(stored.AsSpan(4))];
        try
        {
            using var decompressor = new Decompressor();
            if (decompressor.Unwrap(stored.AsSpan(Head), shuffled) != shuffled.Length)
            {
                return null;
            }
        }
        catch (ZstdException)
        {
            return null;
        }

        var content = Unshuffle(shuffled);
        return RunEventCodec.Hash(content) == hash ? content : null;
    }

    private static byte[] Length(long length)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, length);
        return bytes;
    }

    private static byte[] Shuffle(byte[] content) => Transpose(content, content.Length / Number, Number);

    private static byte[] Unshuffle(byte[] shuffled) => Transpose(shuffled, Number, shuffled.Length / Number);

    // A matrix of bytes, row by row, becomes one of columns; what is behind it stays.
    private static byte[] Transpose(byte[] bytes, int rows, int columns)
    {
        var result = new byte[bytes.Length];
        for (var column = 0; column < columns; column++)
        {
            for (var row = 0; row < rows; row++)
            {
                result[(column * rows) + row] = bytes[(row * columns) + column];
            }
        }

        bytes.AsSpan(rows * columns).CopyTo(result.AsSpan(rows * columns));
        return result;
    }
}

using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
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
        var frame = compressor.Wrap(Shuffled(content));
        return Head + frame.Length > 0.9 * content.Length ? content : [.. Compressed, .. Length(content.Length), .. frame];
    }

    /// <summary>A chunk with everything that is to be stored for it: its pieces first, where it has any. The work of hashing and compressing, without a database.</summary>
    public static PackedChunk Pack(byte[] content)
    {
        ImmutableArray<(string Hash, byte[] Bytes)> rows = [.. Rows(content)];
        return new PackedChunk(rows[^1].Hash, rows);
    }

    /// <summary>The same, one after the other: its pieces first, where it has any, and last what goes by its own hash. Beside the content no more than a piece is held.</summary>
    public static IEnumerable<(string Hash, byte[] Bytes)> Rows(byte[] content)
    {
        if (content.Length <= Piece)
        {
            yield return (RunEventCodec.Hash(content), Encode(content));
            yield break;
        }

        var pieces = new List<string>();
        foreach (var piece in content.Chunk(Piece))
        {
            pieces.Add(RunEventCodec.Hash(piece));
            yield return (pieces[^1], Encode(piece));
        }

        yield return (RunEventCodec.Hash(content), EncodeList(content.Length, pieces));
    }

    /// <summary>A list of pieces.</summary>
    public static byte[] EncodeList(long length, IEnumerable<string> hashes) => [.. List, .. Length(length), .. hashes.SelectMany(Convert.FromHexString)];

    /// <summary>
    /// The parts of a chunk, which make its content in order: itself, or its pieces, one at a time, so that nobody needs to hold a large one whole. The content is what it
    /// should be when all of them have been read, not before.
    /// </summary>
    /// <param name="stored">The chunk as it is kept.</param>
    /// <param name="hash">Its hash.</param>
    /// <param name="read">Reads a piece as it is kept, by its hash.</param>
    /// <param name="place">Where it is kept, for the sentence that says that it is damaged: nothing, or " in 'NAME'".</param>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    public static IEnumerable<ChunkPart> Parts(byte[] stored, string hash, Func<string, byte[]> read, string place = "")
    {
        InvalidDataException Damaged(string which) => new($"The chunk {which}{place} is damaged: its content has another hash.");
        if (Decode(stored, hash) is { } whole)
        {
            yield return new ChunkPart(hash, stored, whole);
            yield break;
        }

        var pieces = Pieces(stored) ?? throw Damaged(hash);
        var left = BinaryPrimitives.ReadInt64LittleEndian(stored.AsSpan(4));
        using var content = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var piece in pieces)
        {
            var bytes = read(piece);
            var part = new ChunkPart(piece, bytes, Decode(bytes, piece) ?? throw Damaged(piece));
            content.AppendData(part.Content);
            left -= part.Content.Length;
            yield return part;
        }

        if (left != 0 || Convert.ToHexStringLower(content.GetHashAndReset()) != hash)
        {
            throw Damaged(hash);
        }
    }

    /// <summary>The pieces that a list names; null where the bytes are none.</summary>
    public static ImmutableArray<string>? Pieces(ReadOnlySpan<byte> stored)
    {
        const int Hash = RunEventCodec.HashLength;
        if (!stored.StartsWith(List) || stored.Length < Head || stored.Length > LongestList || (stored.Length - Head) % Hash != 0)
        {
            return null;
        }

        var hashes = ImmutableArray.CreateBuilder<string>((stored.Length - Head) / Hash);
        for (var at = Head; at < stored.Length; at += Hash)
        {
            hashes.Add(Convert.ToHexStringLower(stored.Slice(at, Hash)));
        }

        // A list says no more than its pieces can hold, and an array.
        return BinaryPrimitives.ReadInt64LittleEndian(stored[4..]) is var length && length >= 0 && length <= Math.Min(Array.MaxLength, (long)hashes.Count * Piece) ? hashes.MoveToImmutable() : null;
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

        var content = GC.AllocateUninitializedArray<byte>(shuffled.Length);
        Unshuffle(shuffled, content);
        return RunEventCodec.Hash(content) == hash ? content : null;
    }

    private static byte[] Length(long length)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, length);
        return bytes;
    }

    private static byte[] Shuffled(byte[] content)
    {
        var result = GC.AllocateUninitializedArray<byte>(content.Length);
        Shuffle(content, result);
        return result;
    }

    /// <summary>Writes all first bytes of the numbers of 8 bytes, then all second ones, and so on; what is behind the last whole number stays.</summary>
    /// <param name="content">The numbers.</param>
    /// <param name="result">As long, and somewhere else.</param>
    public static void Shuffle(ReadOnlySpan<byte> content, Span<byte> result)
    {
        var numbers = content.Length / Number;
        var from = MemoryMarshal.Cast<byte, ulong>(content);
        var square = new Square();
        for (var at = 0; at < numbers; at += Number)
        {
            var count = Math.Min(Number, numbers - at);
            from.Slice(at, count).CopyTo(square);
            Transpose(ref square);
            for (var plane = 0; plane < Number; plane++)
            {
                MemoryMarshal.AsBytes(square[plane..(plane + 1)])[..count].CopyTo(result[((plane * numbers) + at)..]);
            }
        }

        content[(numbers * Number)..].CopyTo(result[(numbers * Number)..]);
    }

    /// <summary>Undoes <see cref="Shuffle"/>.</summary>
    /// <param name="shuffled">The shuffled numbers.</param>
    /// <param name="result">As long, and somewhere else.</param>
    public static void Unshuffle(ReadOnlySpan<byte> shuffled, Span<byte> result)
    {
        var numbers = shuffled.Length / Number;
        var to = MemoryMarshal.Cast<byte, ulong>(result);
        var square = new Square();
        for (var at = 0; at < numbers; at += Number)
        {
            var count = Math.Min(Number, numbers - at);
            for (var plane = 0; plane < Number; plane++)
            {
                shuffled.Slice((plane * numbers) + at, count).CopyTo(MemoryMarshal.AsBytes(square[plane..(plane + 1)]));
            }

            Transpose(ref square);
            square[..count].CopyTo(to[at..]);
        }

        shuffled[(numbers * Number)..].CopyTo(result[(numbers * Number)..]);
    }

    // Byte j of word i and byte i of word j change places: squares of 4, of 2, of 1 (H. S. Warren, Hacker's Delight, 7-3).
    private static void Transpose(ref Square words)
    {
        Exchange(ref words[0], ref words[4], 32, 0x00000000FFFFFFFF);
        Exchange(ref words[1], ref words[5], 32, 0x00000000FFFFFFFF);
        Exchange(ref words[2], ref words[6], 32, 0x00000000FFFFFFFF);
        Exchange(ref words[3], ref words[7], 32, 0x00000000FFFFFFFF);
        Exchange(ref words[0], ref words[2], 16, 0x0000FFFF0000FFFF);
        Exchange(ref words[1], ref words[3], 16, 0x0000FFFF0000FFFF);
        Exchange(ref words[4], ref words[6], 16, 0x0000FFFF0000FFFF);
        Exchange(ref words[5], ref words[7], 16, 0x0000FFFF0000FFFF);
        Exchange(ref words[0], ref words[1], 8, 0x00FF00FF00FF00FF);
        Exchange(ref words[2], ref words[3], 8, 0x00FF00FF00FF00FF);
        Exchange(ref words[4], ref words[5], 8, 0x00FF00FF00FF00FF);
        Exchange(ref words[6], ref words[7], 8, 0x00FF00FF00FF00FF);
    }

    private static void Exchange(ref ulong a, ref ulong b, int shift, ulong mask)
    {
        var difference = ((a >> shift) ^ b) & mask;
        b ^= difference;
        a ^= difference << shift;
    }

    // Eight numbers, or a byte of each of them in eight words.
    [InlineArray(Number)]
    private struct Square
    {
        private ulong _first;
    }
}

/// <summary>A chunk, or a piece of one.</summary>
/// <param name="Hash">The hash of its content.</param>
/// <param name="Stored">The bytes as they are kept.</param>
/// <param name="Content">The content.</param>
internal readonly record struct ChunkPart(string Hash, byte[] Stored, byte[] Content);

/// <summary>A chunk made ready to be stored.</summary>
/// <param name="Hash">The hash of its content.</param>
/// <param name="Parts">What is stored, by hash.</param>
internal sealed record PackedChunk(string Hash, ImmutableArray<(string Hash, byte[] Bytes)> Parts);

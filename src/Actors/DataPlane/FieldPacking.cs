using ActorMultiscale.Actors.Journal;
using ZstdSharp;

namespace ActorMultiscale.Actors.DataPlane;

/// <summary>
/// Compresses chunks of fields: the bytes of numbers of 8 bytes shuffled, as chunks of the journal are, then Zstandard at its fastest level. It has its price, so it is
/// decided for each field whether it pays.
/// </summary>
internal sealed class FieldPacking(WireCompression mode) : IDisposable
{
    private const int Slice = 32 << 10;
    private const int Least = 256 << 10;            // A smaller field is no matter of time.
    private const double Fast = 500e6;              // Bytes a second; no link that is faster gains by Zstandard on one core.
    private const int PlainEvery = 16;
    private readonly byte[] _shuffled = new byte[FrameHead.LongestChunk];
    private readonly Compressor _compressor = new(1);
    private int _asked;

    /// <summary>
    /// Whether a field should be compressed. Where the link is measured, slices of the field are compressed to see what it gives. Now and then the answer is no
    /// although it would pay: the speed of a link is seen by fields that are not compressed.
    /// </summary>
    /// <param name="body">The bytes of the field.</param>
    /// <param name="speed">The measured speed of the link, bytes a second; zero where it is not known yet.</param>
    public bool Pays(ReadOnlySpan<byte> body, double speed)
    {
        if (mode != WireCompression.Measured || body.Length < Least || speed is 0 or > Fast || ++_asked % PlainEvery == 0)
        {
            return mode == WireCompression.Always;
        }

        var (began, packed, sampled) = (TimeProvider.System.GetTimestamp(), 0, 0);
        Span<byte> to = new byte[Slice];
        for (var slice = 0; slice < 3; slice++)
        {
            // From the beginning, the middle and the end, on a border of numbers.
            var from = body.Slice((int)((long)(body.Length - Slice) * slice / 2) & ~7, Slice);
            (packed, sampled) = (packed + (TryPack(from, to, out var length) ? length : Slice), sampled + Slice);
        }

        return Pays((double)packed / sampled, sampled / TimeProvider.System.GetElapsedTime(began).TotalSeconds, speed);
    }

    /// <summary>
    /// Whether compressing at <paramref name="packing"/> bytes a second and sending what is left arrives a tenth sooner than sending all, on one thread:
    /// <code>1 / packing + ratio / link &lt; 0.9 / link</code>
    /// </summary>
    /// <param name="ratio">Length when compressed over length.</param>
    /// <param name="packing">Speed of compressing, bytes a second.</param>
    /// <param name="link">Speed of the link, bytes a second.</param>
    public static bool Pays(double ratio, double packing, double link) => (1 / packing) + (ratio / link) < 0.9 / link;

    /// <summary>Compresses a chunk.</summary>
    /// <param name="chunk">Its bytes, at most <see cref="FrameHead.LongestChunk"/>.</param>
    /// <param name="to">Where to.</param>
    /// <param name="length">How long it is now.</param>
    /// <returns>False where it did not get smaller, or does not fit.</returns>
    public bool TryPack(ReadOnlySpan<byte> chunk, Span<byte> to, out int length)
    {
        ChunkCodec.Shuffle(chunk, _shuffled);
        return _compressor.TryWrap(_shuffled.AsSpan(0, chunk.Length), to[..Math.Min(to.Length, chunk.Length - 1)], out length);
    }

    /// <inheritdoc/>
    public void Dispose() => _compressor.Dispose();
}

/// <summary>Undoes what <see cref="FieldPacking"/> does.</summary>
internal sealed class FieldUnpacking : IDisposable
{
    private readonly byte[] _shuffled = new byte[FrameHead.LongestChunk];
    private readonly Decompressor _decompressor = new();

    /// <summary>Decompresses a chunk.</summary>
    /// <param name="packed">As it came.</param>
    /// <param name="to">As long as the chunk, at most <see cref="FrameHead.LongestChunk"/>.</param>
    /// <exception cref="InvalidDataException">It is no such chunk.</exception>
    public void Unpack(ReadOnlySpan<byte> packed, Span<byte> to)
    {
        try
        {
            if (_decompressor.Unwrap(packed, _shuffled.AsSpan(0, to.Length)) != to.Length)
            {
                throw new InvalidDataException($"A compressed chunk is shorter than the {to.Length} bytes that it was to be.");
            }
        }
        catch (ZstdException fault)
        {
            throw new InvalidDataException($"A compressed chunk is none: {fault.Message}", fault);
        }

        ChunkCodec.Unshuffle(_shuffled.AsSpan(0, to.Length), to);
    }

    /// <inheritdoc/>
    public void Dispose() => _decompressor.Dispose();
}

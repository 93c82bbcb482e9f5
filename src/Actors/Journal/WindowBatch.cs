using System.Buffers;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using ActorMultiscale.Physics.Coupling;
using static ActorMultiscale.Physics.Numerics.RecordBytes;

namespace ActorMultiscale.Actors.Journal;

/// <summary>
/// Windows as bytes. What a window has in common with the one before it (its length, its counts) is one bit; fingerprints and
/// residuals, which have nothing in common, stand raw and little-endian.
/// </summary>
/// <remarks>
/// <code>
/// batch  = time of writing (UTC ticks of 100 ns), number of windows, windows
/// window = flags, [shape], residuals (8 bytes each), fingerprints (8 bytes each)
/// shape  = index − (previous index + 1), start − previous end, end − start, iterations, inner windows, inner iterations,
///          attempts, number of residuals, number of fingerprints
/// flags  = 1 if converged, + 2 if the shape is that of the window before and does not stand here
/// </code>
/// Integers as in <see cref="Physics.Numerics.RecordBytes"/>.
/// </remarks>
internal static class WindowBatch
{
    private const byte Converged = 1;
    private const byte SameShape = 2;

    /// <summary>Appends the batch to <paramref name="to"/>.</summary>
    public static void Write(ArrayBufferWriter<byte> to, DateTimeOffset at, ReadOnlySpan<WindowRecord> windows)
    {
        WriteInteger(to, at.UtcTicks);
        WriteInteger(to, windows.Length);
        var (index, end, last) = (0L, 0L, default(Shape));
        foreach (var window in windows)
        {
            var shape = new Shape(window.Index - index, window.StartTick - end, window.EndTick - window.StartTick, window.Iterations, window.InnerWindows,
                window.InnerIterations, window.Attempts, window.Residuals.Length, window.Fingerprints.Length);
            var isSame = shape == last;
            to.GetSpan(1)[0] = (byte)((window.Converged ? Converged : 0) | (isSame ? SameShape : 0));
            to.Advance(1);
            if (!isSame)
            {
                shape.Write(to);
            }

            foreach (var residual in window.Residuals)
            {
                WriteWord(to, BitConverter.DoubleToUInt64Bits(residual));
            }

            foreach (var fingerprint in window.Fingerprints)
            {
                WriteWord(to, fingerprint);
            }

            (index, end, last) = (window.Index + 1, window.EndTick, shape);
        }
    }

    /// <summary>The batch in <paramref name="from"/>.</summary>
    /// <exception cref="InvalidDataException">The bytes are no batch.</exception>
    public static (DateTimeOffset At, ImmutableArray<WindowRecord> Windows) Read(ReadOnlySpan<byte> from)
    {
        var ticks = ReadInteger(ref from);
        var count = ReadInteger(ref from);
        if (ticks < 0 || ticks > DateTime.MaxValue.Ticks || count < 0 || count > from.Length)
        {
            throw Damaged();
        }

        var windows = ImmutableArray.CreateBuilder<WindowRecord>((int)count);
        var (index, end, shape) = (0L, 0L, default(Shape));
        for (var i = 0; i < count; i++)
        {
            var flags = Take(ref from, 1)[0];
            if (flags > (Converged | SameShape))
            {
                throw Damaged();
            }

            shape = (flags & SameShape) != 0 ? shape : Shape.Read(ref from);
            var start = end + shape.Gap;
            index += shape.Skipped;
            end = start + shape.Length;
            windows.Add(new WindowRecord(index, start, end, shape.Iterations, shape.InnerWindows, shape.InnerIterations, shape.Attempts, (flags & Converged) != 0,
                ImmutableCollectionsMarshal.AsImmutableArray(Array.ConvertAll(Words(ref from, shape.Residuals), BitConverter.UInt64BitsToDouble)),
                ImmutableCollectionsMarshal.AsImmutableArray(Words(ref from, shape.Fingerprints))));
            index++;
        }

        return from.IsEmpty ? (new DateTimeOffset(ticks, TimeSpan.Zero), windows.MoveToImmutable()) : throw Damaged();
    }

    private readonly record struct Shape(long Skipped, long Gap, long Length, int Iterations, int InnerWindows, int InnerIterations, int Attempts, int Residuals, int Fingerprints)
    {
        public void Write(ArrayBufferWriter<byte> to)
        {
            foreach (var part in (ReadOnlySpan<long>)[Skipped, Gap, Length, Iterations, InnerWindows, InnerIterations, Attempts, Residuals, Fingerprints])
            {
                WriteInteger(to, part);
            }
        }

        public static Shape Read(ref ReadOnlySpan<byte> from) => new(ReadInteger(ref from), ReadInteger(ref from), ReadInteger(ref from),
            ReadCount(ref from), ReadCount(ref from), ReadCount(ref from), ReadCount(ref from), ReadCount(ref from), ReadCount(ref from));
    }
}

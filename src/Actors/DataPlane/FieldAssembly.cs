using System.Buffers.Binary;

namespace ActorMultiscale.Actors.DataPlane;

/// <summary>Puts the fields of a link together from their chunks, on one thread, and holds the sender to its budget.</summary>
/// <param name="budget">How many bytes may have been begun and not released.</param>
/// <param name="credit">Told how many bytes were released, on the thread that does so.</param>
internal sealed class FieldAssembly(long budget, Action<long> credit)
{
    private readonly Dictionary<uint, (WireField Field, int Filled)> _open = [];
    private long _held;

    /// <summary>How many bytes have been begun and not released.</summary>
    public long Held => Interlocked.Read(ref _held);

    /// <summary>Begins a field.</summary>
    /// <param name="number">Its number.</param>
    /// <param name="payload">The length of its body, and its header.</param>
    /// <returns>The field where it is whole by that; otherwise null.</returns>
    /// <exception cref="InvalidDataException">No such field may come.</exception>
    public WireField? Open(uint number, ReadOnlySpan<byte> payload)
    {
        var length = BinaryPrimitives.ReadInt64LittleEndian(payload);
        var header = payload[sizeof(long)..];
        if (length < 0 || length > Array.MaxLength)
        {
            throw new InvalidDataException($"Field {number} is to have {length} bytes; at most {Array.MaxLength} fit into an array.");
        }

        var charge = WireField.Charge(header.Length, length);
        if (Held is var held and not 0 && held + charge > budget)
        {
            throw new InvalidDataException($"Field {number} of {length} bytes was begun with {held} of {budget} bytes taken: beyond what the sender may.");
        }

        if (_open.ContainsKey(number))
        {
            throw new InvalidDataException($"Field {number} was begun twice.");
        }

        var field = new WireField(header.ToArray(), GC.AllocateUninitializedArray<byte>((int)length), Release);
        Interlocked.Add(ref _held, charge);
        if (length == 0)
        {
            return field;
        }

        _open.Add(number, (field, 0));
        return null;
    }

    /// <summary>Where the next bytes of a field belong.</summary>
    /// <param name="number">Its number.</param>
    /// <param name="length">How many come.</param>
    /// <exception cref="InvalidDataException">It has no room for them.</exception>
    public Span<byte> Room(uint number, int length)
    {
        if (!_open.TryGetValue(number, out var entry))
        {
            throw new InvalidDataException($"{length} bytes came for field {number}, which is not open.");
        }

        var left = entry.Field.Body.Length - entry.Filled;
        return length > 0 && length <= left ? entry.Field.Body.AsSpan(entry.Filled, length) : throw new InvalidDataException($"{length} bytes came for field {number}, which lacks {left}.");
    }

    /// <summary>Says that the room was filled.</summary>
    /// <returns>The field where it is whole now; otherwise null.</returns>
    public WireField? Fill(uint number, int length)
    {
        var (field, filled) = _open[number];
        if (filled + length < field.Body.Length)
        {
            _open[number] = (field, filled + length);
            return null;
        }

        _open.Remove(number);
        return field;
    }

    private void Release(long charge)
    {
        // Here first: by the time at which the sender knows, it may send.
        Interlocked.Add(ref _held, -charge);
        credit(charge);
    }
}

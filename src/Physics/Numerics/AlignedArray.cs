namespace ActorMultiscale.Physics.Numerics;

/// <summary>
/// An array that stays where it is and begins at a multiple of 64 bytes, for kernels that read whole cache lines through a pointer.
/// The memory is the garbage collector's: it lives as long as this object.
/// </summary>
internal sealed unsafe class AlignedArray<T> where T : unmanaged
{
    private const int Line = 64;
    private byte[] _memory = [];

    /// <summary>The first entry; another one after the array has grown.</summary>
    public T* Pointer { get; private set; }

    /// <summary>How many entries there is space for.</summary>
    public int Capacity { get; private set; }

    /// <summary>Makes space for <paramref name="count"/> entries, a little more where it must grow; the first <paramref name="keep"/> of them stay.</summary>
    public void Ensure(int count, int keep = 0)
    {
        if (count <= Capacity)
        {
            return;
        }

        var capacity = count + (count / 16) + 16;
        var memory = GC.AllocateUninitializedArray<byte>(checked((int)(((long)capacity * sizeof(T)) + Line)), pinned: true);
        fixed (byte* start = memory)
        {
            var pointer = (T*)(((nuint)start + (Line - 1)) & ~(nuint)(Line - 1));
            new ReadOnlySpan<T>(Pointer, keep).CopyTo(new Span<T>(pointer, keep));
            Pointer = pointer;
            (Capacity, _memory) = (capacity, memory);
        }
    }

    /// <summary>The first <paramref name="count"/> entries.</summary>
    public Span<T> Span(int count) => new(Pointer, count <= Capacity ? count : throw new ArgumentOutOfRangeException(nameof(count), count, "The array is shorter."));

    /// <summary>Exchanges the memory of two arrays.</summary>
    public static void Swap(AlignedArray<T> a, AlignedArray<T> b)
    {
        var pointer = a.Pointer;
        a.Pointer = b.Pointer;
        b.Pointer = pointer;
        (a.Capacity, b.Capacity) = (b.Capacity, a.Capacity);
        (a._memory, b._memory) = (b._memory, a._memory);
    }
}

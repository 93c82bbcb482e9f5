using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Coupling;

/// <summary>
/// The arrays behind samples, leased and given back, so that a run in its steady state allocates none. A buffer is
/// free, leased (somebody writes to it), or held (a sample was made of it). Which held ones nobody needs any more is found out when
/// a lease finds no free one: all samples that are still of use are visited, and the rest is free. Samples of the operation under way
/// may not have found their place yet; they count as of use until it is over.
/// </summary>
/// <remarks>
/// Has a single caller. A lease whose holder was given up is never taken back: a late writer writes to an array of its own.
/// Where it is strict, which is for tests, no more are free than must be, and what is free is not a number.
/// </remarks>
internal sealed class SampleBuffers(Action<Action<FieldSample>> visitSamplesInUse, bool isStrict)
{
    // Of arrays shorter than this there may be twice as many as are needed: a visit then pays for many leases.
    private const int Short = 4096;

    private readonly Dictionary<int, Shelf> _shelves = [];
    private readonly List<FieldBuffer> _held = [];
    private readonly List<FieldBuffer> _new = [];         // Held since the present operation began.
    private Action<FieldSample>? _see;
    private long _visit;

    /// <summary>An operation begins: whatever was held before is found by a visit, if it is still of use.</summary>
    public void BeginOperation()
    {
        _held.AddRange(_new);
        _new.Clear();
        foreach (var shelf in _shelves.Values)
        {
            shelf.Leased = 0;
        }
    }

    /// <summary>An array of <paramref name="length"/> numbers, of any content.</summary>
    public FieldBuffer Lease(int length)
    {
        var shelf = ShelfOf(length);
        if (!shelf.Free.TryPop(out var buffer))
        {
            Sweep();
            Fill(shelf, length);
            buffer = shelf.Free.Pop();
        }

        shelf.Leased++;
        return buffer;
    }

    /// <summary>A sample was made of a leased array, which will come back when nobody needs the sample any more.</summary>
    public FieldSample Hold(FieldSample sample)
    {
        if (sample.Buffer is { } buffer)
        {
            _new.Add(buffer);
        }

        return sample;
    }

    /// <summary>A leased array that was not used.</summary>
    public void Return(FieldBuffer buffer) => ShelfOf(buffer.Values.Length).Free.Push(buffer);

    private Shelf ShelfOf(int length)
    {
        if (!_shelves.TryGetValue(length, out var shelf))
        {
            _shelves[length] = shelf = new Shelf();
        }

        return shelf;
    }

    private void Fill(Shelf shelf, int length)
    {
        // As many as are taken, those of the operation under way among them: an operation that leases thousands, one for each member of an ensemble, makes a few visits.
        var wanted = isStrict || length >= Short ? 1 : Math.Max(1, shelf.InUse + shelf.Leased);
        while (shelf.Free.Count < wanted)
        {
            shelf.Free.Push(new FieldBuffer(GC.AllocateUninitializedArray<double>(length)));
        }
    }

    private void Sweep()
    {
        _visit++;
        visitSamplesInUse(_see ??= See);
        foreach (var shelf in _shelves.Values)
        {
            shelf.InUse = 0;
        }

        var kept = 0;
        for (var i = 0; i < _held.Count; i++)
        {
            var buffer = _held[i];
            var shelf = ShelfOf(buffer.Values.Length);
            if (buffer.Seen == _visit)
            {
                _held[kept++] = buffer;
                shelf.InUse++;
                continue;
            }

            shelf.Free.Push(buffer);
            if (isStrict)
            {
                Array.Fill(buffer.Values, double.NaN);
            }
        }

        _held.RemoveRange(kept, _held.Count - kept);
    }

    private void See(FieldSample sample)
    {
        if (sample.Buffer is { } buffer)
        {
            buffer.Seen = _visit;
        }
    }

    // The arrays of one length.
    private sealed class Shelf
    {
        public Stack<FieldBuffer> Free { get; } = new();
        public int InUse { get; set; }          // Held at the last visit.
        public int Leased { get; set; }         // Since the present operation began.
    }
}

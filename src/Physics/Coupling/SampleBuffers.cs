using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Coupling;

/// <summary>
/// The arrays behind large samples, leased and given back, so that a run in its steady state allocates none. A buffer is
/// free, leased (somebody writes to it), or held (a sample was made of it). Which held ones nobody needs any more is found out when
/// a lease finds no free one: all samples that are still of use are visited, and the rest is free. Samples of the operation under way
/// may not have found their place yet; they count as of use until it is over.
/// </summary>
/// <remarks>
/// Has a single caller. A lease whose holder was given up is never taken back: a late writer writes to an array of its own.
/// Small arrays come from the heap, which is quicker: leasing single numbers too cost a quarter of all windows per second. Where it is
/// strict, which is for tests, all are leased, and what is free is not a number.
/// </remarks>
internal sealed class SampleBuffers(Action<Action<FieldSample>> visitSamplesInUse, bool isStrict)
{
    // Arrays shorter than this come from the heap.
    private readonly int _least = isStrict ? 1 : 64;

    private readonly Dictionary<int, Stack<double[]>> _free = [];
    private readonly HashSet<double[]> _held = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<double[]> _inUse = new(ReferenceEqualityComparer.Instance);
    private readonly List<double[]> _new = [];         // Held since the present operation began.

    /// <summary>Whether arrays of such a length are leased.</summary>
    public bool Leases(int length) => length >= _least;

    /// <summary>How many arrays were ever allocated.</summary>
    public long Allocated { get; private set; }

    /// <summary>An operation begins: whatever was held before is found by a visit, if it is still of use.</summary>
    public void BeginOperation()
    {
        foreach (var array in _new)
        {
            _held.Add(array);
        }

        _new.Clear();
    }

    /// <summary>An array of <paramref name="length"/> numbers, of any content.</summary>
    public double[] Lease(int length)
    {
        if (!Leases(length))
        {
            return new double[length];
        }

        if (!_free.TryGetValue(length, out var stack))
        {
            _free[length] = stack = new Stack<double[]>();
        }

        if (stack.Count == 0)
        {
            Sweep();
        }

        if (stack.TryPop(out var array))
        {
            return array;
        }

        Allocated++;
        return GC.AllocateUninitializedArray<double>(length);
    }

    /// <summary>A sample was made of a leased array, which will come back when nobody needs the sample any more.</summary>
    public void Hold(FieldSample sample)
    {
        if (Leases(sample.Length))
        {
            _new.Add(sample.Array);
        }
    }

    /// <summary>A leased array that was not used.</summary>
    public void Return(double[] array)
    {
        if (Leases(array.Length))
        {
            _free[array.Length].Push(array);
        }
    }

    private void Sweep()
    {
        _inUse.Clear();
        visitSamplesInUse(sample => _inUse.Add(sample.Array));
        foreach (var array in _held)
        {
            if (!_inUse.Contains(array))
            {
                _held.Remove(array);        // Allowed while the set is walked.
                if (!_free.TryGetValue(array.Length, out var stack))
                {
                    _free[array.Length] = stack = new Stack<double[]>();
                }

                stack.Push(array);
                if (isStrict)
                {
                    Array.Fill(array, double.NaN);
                }
            }
        }

        _inUse.Clear();
    }
}

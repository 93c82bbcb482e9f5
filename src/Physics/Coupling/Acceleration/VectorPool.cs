namespace ActorMultiscale.Physics.Coupling.Acceleration;

/// <summary>Arrays that come and go with the columns of an acceleration, by length, so that an iteration allocates none.</summary>
internal sealed class VectorPool
{
    private readonly Dictionary<int, Stack<double[]>> _free = [];

    /// <summary>An array of any content.</summary>
    public double[] Rent(int length) => _free.TryGetValue(length, out var stack) && stack.TryPop(out var array) ? array : new double[length];

    /// <summary>An array of zeros.</summary>
    public double[] RentZeros(int length)
    {
        var array = Rent(length);
        Array.Clear(array);
        return array;
    }

    /// <summary>A copy.</summary>
    public double[] Copy(ReadOnlySpan<double> values)
    {
        var array = Rent(values.Length);
        values.CopyTo(array);
        return array;
    }

    /// <summary>Takes an array to which nobody refers any more.</summary>
    public void Return(double[] array)
    {
        if (!_free.TryGetValue(array.Length, out var stack))
        {
            _free[array.Length] = stack = new Stack<double[]>();
        }

        System.Diagnostics.Debug.Assert(!stack.Contains(array), "An array is returned twice.");
        stack.Push(array);
    }

    /// <summary>The same for many.</summary>
    public void Return(IEnumerable<double[]> arrays)
    {
        foreach (var array in arrays)
        {
            Return(array);
        }
    }

    /// <summary>Lets go of all arrays: those of other lengths are needed from now on.</summary>
    public void Clear() => _free.Clear();
}

namespace ActorMultiscale.Physics.Numerics.Sparse;

/// <summary>The block rows of one chunk of a product of sparse matrices, whose number of blocks shows only while it is computed.</summary>
/// <param name="numbers">Numbers a block.</param>
/// <param name="capacity">How many blocks are expected, at least one.</param>
internal sealed class BlockBuffer(int numbers, int capacity)
{
    /// <summary>The block columns of all blocks so far.</summary>
    public int[] Columns { get; private set; } = new int[capacity];

    /// <summary>The numbers of all blocks so far; each is cleared as it is added.</summary>
    public double[] Values { get; private set; } = GC.AllocateUninitializedArray<double>(checked(capacity * numbers));

    /// <summary>The number of blocks so far.</summary>
    public int Count { get; private set; }

    /// <summary>Where each row ends, and the next starts.</summary>
    public List<int> Ends { get; } = [0];

    /// <summary>A further block of zeros in the row that is open; its position.</summary>
    public int Add(int column)
    {
        if (Count == Columns.Length)
        {
            var (columns, values) = (new int[2 * Count], GC.AllocateUninitializedArray<double>(checked(2 * Count * numbers)));
            Columns.CopyTo(columns, 0);
            Values.CopyTo(values, 0);
            (Columns, Values) = (columns, values);
        }

        Values.AsSpan(Count * numbers, numbers).Clear();
        Columns[Count] = column;
        return Count++;
    }

    /// <summary>Closes the row.</summary>
    public void End() => Ends.Add(Count);
}

namespace ActorMultiscale.Physics.Numerics;

/// <summary>
/// Collects the triplets (row, column, value) of a sparse matrix. Triplets of one place are summed in the order in which they
/// were added, so the same assembly gives the same bits.
/// </summary>
/// <param name="rowCount">The number of rows.</param>
/// <param name="columnCount">The number of columns.</param>
/// <param name="capacity">How many triplets are expected.</param>
public sealed class CsrBuilder(int rowCount, int columnCount, int capacity = 0)
{
    private readonly List<int> _rows = new(capacity);
    private readonly List<int> _columns = new(capacity);
    private readonly List<double> _values = new(capacity);

    /// <summary>The number of triplets so far.</summary>
    public int Count => _values.Count;

    /// <summary>Adds a value to a place. Zeros are kept: they are part of the pattern.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The place is outside the matrix.</exception>
    public void Add(int row, int column, double value)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)rowCount, nameof(row));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)column, (uint)columnCount, nameof(column));
        _rows.Add(row);
        _columns.Add(column);
        _values.Add(value);
    }

    /// <summary>The matrix of all triplets so far. Linear in their number.</summary>
    public CsrMatrix ToMatrix()
    {
        // Two stable counting sorts, by column and then by row, leave each place's triplets in the order of Add.
        var byColumn = StableOrder(columnCount, _columns, previous: null);
        var order = StableOrder(rowCount, _rows, byColumn);

        var rowStart = new int[rowCount + 1];
        var columns = new List<int>(Count);
        var values = new List<double>(Count);
        var last = -1;
        foreach (var t in order)
        {
            var (row, column) = (_rows[t], _columns[t]);
            if (last >= 0 && _rows[last] == row && _columns[last] == column)
            {
                values[^1] += _values[t];
            }
            else
            {
                columns.Add(column);
                values.Add(_values[t]);
                rowStart[row + 1]++;
            }

            last = t;
        }

        for (var row = 0; row < rowCount; row++)
        {
            rowStart[row + 1] += rowStart[row];
        }

        return new CsrMatrix(columnCount, rowStart, [.. columns], [.. values]);
    }

    private static int[] StableOrder(int keyCount, List<int> keys, int[]? previous)
    {
        var next = new int[keyCount + 1];
        foreach (var key in keys)
        {
            next[key + 1]++;
        }

        for (var key = 0; key < keyCount; key++)
        {
            next[key + 1] += next[key];
        }

        var order = new int[keys.Count];
        for (var n = 0; n < order.Length; n++)
        {
            var t = previous is null ? n : previous[n];
            order[next[keys[t]]++] = t;
        }

        return order;
    }
}

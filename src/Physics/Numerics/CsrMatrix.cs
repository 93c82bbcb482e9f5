namespace ActorMultiscale.Physics.Numerics;

/// <summary>
/// A sparse matrix by compressed rows: the entries of row i stand at positions RowStart[i] … RowStart[i+1]−1 of
/// <see cref="Columns"/> and <see cref="Values"/>, by rising column. The pattern is fixed, the values may be changed.
/// Products visit entries in storage order, so their bits depend on nothing else.
/// </summary>
public sealed class CsrMatrix : ILinearOperator
{
    private readonly int[] _rowStart;
    private readonly int[] _columns;
    private readonly double[] _values;

    /// <summary>A matrix of the given rows; the arrays are kept, not copied.</summary>
    /// <param name="columnCount">The number of columns.</param>
    /// <param name="rowStart">Where each row starts, and the number of entries: rows + 1 rising numbers, the first 0.</param>
    /// <param name="columns">The column of each entry, rising within a row.</param>
    /// <param name="values">The value of each entry.</param>
    /// <exception cref="ArgumentException">The arrays do not describe a matrix.</exception>
    public CsrMatrix(int columnCount, int[] rowStart, int[] columns, double[] values)
    {
        ArgumentNullException.ThrowIfNull(rowStart);
        ArgumentNullException.ThrowIfNull(columns);
        ArgumentNullException.ThrowIfNull(values);
        ArgumentOutOfRangeException.ThrowIfNegative(columnCount);
        RequirePattern(columnCount, rowStart, columns);
        if (values.Length != columns.Length)
        {
            throw new ArgumentException($"There are {columns.Length} column indices and {values.Length} values; each entry has one of both.", nameof(values));
        }

        ColumnCount = columnCount;
        (_rowStart, _columns, _values) = (rowStart, columns, values);
    }

    private CsrMatrix(CsrMatrix pattern)
    {
        (ColumnCount, _rowStart, _columns, _values) = (pattern.ColumnCount, pattern._rowStart, pattern._columns, new double[pattern._values.Length]);
    }

    /// <summary>A matrix of zeros with the pattern of this one, which both share.</summary>
    public CsrMatrix WithSamePattern() => new(this);

    /// <summary>The number of rows.</summary>
    public int RowCount => _rowStart.Length - 1;

    /// <summary>The number of columns.</summary>
    public int ColumnCount { get; }

    /// <summary>The number of stored entries.</summary>
    public int EntryCount => _values.Length;

    /// <summary>Where each row starts, and the number of entries: rows + 1 numbers.</summary>
    public ReadOnlySpan<int> RowStart => _rowStart;

    /// <summary>The column of each entry.</summary>
    public ReadOnlySpan<int> Columns => _columns;

    /// <summary>The value of each entry; may be written.</summary>
    public Span<double> Values => _values;

    /// <summary>An entry, zero where none is stored. Costs a binary search.</summary>
    public double this[int row, int column]
    {
        get
        {
            var start = _rowStart[row];
            var found = Array.BinarySearch(_columns, start, _rowStart[row + 1] - start, column);
            return found < 0 ? 0 : _values[found];
        }
    }

    /// <summary>to = M · from. As a data mapping between two point sets this is the <em>consistent</em> one: rows that sum to 1 keep constants constant.</summary>
    /// <param name="from">columns × components numbers, components interleaved.</param>
    /// <param name="to">rows × components numbers; overwritten.</param>
    /// <param name="components">Numbers a point: 1 for a scalar field, 3 for a vector field.</param>
    public void Multiply(ReadOnlySpan<double> from, Span<double> to, int components = 1)
    {
        Require(from.Length, ColumnCount, components, nameof(from));
        Require(to.Length, RowCount, components, nameof(to));
        if (components == 1)
        {
            Multiply(from, to, 0, RowCount);
            return;
        }

        to.Clear();
        for (var row = 0; row < RowCount; row++)
        {
            for (var k = _rowStart[row]; k < _rowStart[row + 1]; k++)
            {
                for (var c = 0; c < components; c++)
                {
                    to[(row * components) + c] += _values[k] * from[(_columns[k] * components) + c];
                }
            }
        }
    }

    /// <summary>to = Mᵀ · from. As a data mapping back between the same point sets this is the <em>conservative</em> one: sums stay equal.</summary>
    /// <param name="from">rows × components numbers, components interleaved.</param>
    /// <param name="to">columns × components numbers; overwritten.</param>
    /// <param name="components">Numbers a point.</param>
    public void TransposeMultiply(ReadOnlySpan<double> from, Span<double> to, int components = 1)
    {
        Require(from.Length, RowCount, components, nameof(from));
        Require(to.Length, ColumnCount, components, nameof(to));
        to.Clear();
        for (var row = 0; row < RowCount; row++)
        {
            for (var k = _rowStart[row]; k < _rowStart[row + 1]; k++)
            {
                for (var c = 0; c < components; c++)
                {
                    to[(_columns[k] * components) + c] += _values[k] * from[(row * components) + c];
                }
            }
        }
    }

    /// <summary>The diagonal.</summary>
    /// <param name="to">One number a row; overwritten.</param>
    public void Diagonal(Span<double> to)
    {
        Require(to.Length, RowCount, 1, nameof(to));
        for (var row = 0; row < RowCount; row++)
        {
            to[row] = row < ColumnCount ? this[row, row] : 0;
        }
    }

    void ILinearOperator.Multiply(ReadOnlySpan<double> from, Span<double> to) => Multiply(from, to);

    /// <summary>This matrix with products that several threads share: the same bits as those of one. Usable by one caller at a time.</summary>
    /// <param name="loop">The threads. Where it is the loop of a <see cref="LoopTeam"/>, products allocate nothing.</param>
    public unsafe ILinearOperator On(ChunkedLoop loop) => new ThreadedProduct(
        RowCount, ColumnCount, RowCount, 1024, (from, to, first, past) => Multiply(new(from, ColumnCount), new(to, RowCount), first, past), loop);

    // Rows first … past − 1 of the product. Both vectors have been measured.
    internal void Multiply(ReadOnlySpan<double> from, Span<double> to, int first, int past)
    {
        for (var row = first; row < past; row++)
        {
            var sum = 0.0;
            for (var k = _rowStart[row]; k < _rowStart[row + 1]; k++)
            {
                sum += _values[k] * from[_columns[k]];
            }

            to[row] = sum;
        }
    }

    /// <summary>The transpose.</summary>
    internal CsrMatrix Transposed()
    {
        var start = new int[ColumnCount + 1];
        foreach (var column in _columns)
        {
            start[column + 1]++;
        }

        for (var r = 0; r < ColumnCount; r++)
        {
            start[r + 1] += start[r];
        }

        var (columns, values) = (new int[EntryCount], new double[EntryCount]);
        var next = start.AsSpan(0, ColumnCount).ToArray();
        for (var row = 0; row < RowCount; row++)
        {
            for (var k = _rowStart[row]; k < _rowStart[row + 1]; k++)
            {
                var at = next[_columns[k]]++;
                (columns[at], values[at]) = (row, _values[k]);
            }
        }

        return new(RowCount, start, columns, values);
    }

    internal static void RequirePattern(int columnCount, int[] rowStart, int[] columns)
    {
        if (rowStart.Length == 0 || rowStart[0] != 0 || rowStart[^1] != columns.Length)
        {
            throw new ArgumentException($"Row starts run from 0 to the number of entries, here {columns.Length}.", nameof(rowStart));
        }

        for (var row = 0; row + 1 < rowStart.Length; row++)
        {
            if (rowStart[row + 1] < rowStart[row])
            {
                throw new ArgumentException($"Row {row} starts at {rowStart[row]} and ends before, at {rowStart[row + 1]}.", nameof(rowStart));
            }

            for (var k = rowStart[row]; k < rowStart[row + 1]; k++)
            {
                if (columns[k] < 0 || columns[k] >= columnCount || (k > rowStart[row] && columns[k] <= columns[k - 1]))
                {
                    throw new ArgumentException(
                        $"Entry {k}, in row {row}, names column {columns[k]}; columns rise within a row and lie in 0 … {columnCount - 1}.", nameof(columns));
                }
            }
        }
    }

    internal static void Require(int found, int points, int components, string name)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(components, 1);
        if (found != points * components)
        {
            throw new ArgumentException($"The matrix takes {points} × {components} numbers here and was given {found}.", name);
        }
    }
}

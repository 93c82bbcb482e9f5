namespace ActorMultiscale.Physics.Numerics.Sparse;

/// <summary>Matrices of several fields, made of the matrices between each two.</summary>
public static class BlockMatrix
{
    /// <summary>One matrix of a grid of matrices. Entries keep their numbers, stored zeros included.</summary>
    /// <param name="blocks">The grid by rows and columns; null is a block of zeros. Each row and each column has a matrix.</param>
    /// <exception cref="ArgumentException">A row or column of blocks is empty, or its blocks have unlike sizes.</exception>
    public static CsrMatrix Join(CsrMatrix?[,] blocks)
    {
        ArgumentNullException.ThrowIfNull(blocks);
        var (rowSizes, columnSizes) = Sizes(blocks, b => (b.RowCount, b.ColumnCount));
        var columnFirst = Firsts(columnSizes);
        var entries = 0L;
        foreach (var block in blocks)
        {
            entries += block?.EntryCount ?? 0;
        }

        if (entries > Array.MaxLength)
        {
            throw new ArgumentException($"The blocks have {entries} entries together; a matrix has at most {Array.MaxLength}.", nameof(blocks));
        }

        var start = new int[rowSizes.Sum() + 1];
        var (columns, values) = (new int[entries], new double[entries]);
        var (row, at) = (0, 0);
        for (var i = 0; i < rowSizes.Length; i++)
        {
            for (var r = 0; r < rowSizes[i]; r++)
            {
                for (var j = 0; j < columnSizes.Length; j++)
                {
                    if (blocks[i, j] is { } block)
                    {
                        for (var k = block.RowStart[r]; k < block.RowStart[r + 1]; k++, at++)
                        {
                            (columns[at], values[at]) = (columnFirst[j] + block.Columns[k], block.Values[k]);
                        }
                    }
                }

                start[++row] = at;
            }
        }

        return new(columnSizes.Sum(), start, columns, values);
    }

    /// <summary>The sizes of rows and columns of blocks.</summary>
    internal static (int[] Rows, int[] Columns) Sizes<T>(T?[,] blocks, Func<T, (int Rows, int Columns)> size) where T : class
    {
        var (rows, columns) = (new int[blocks.GetLength(0)], new int[blocks.GetLength(1)]);
        Array.Fill(rows, -1);
        Array.Fill(columns, -1);
        for (var i = 0; i < rows.Length; i++)
        {
            for (var j = 0; j < columns.Length; j++)
            {
                if (blocks[i, j] is { } block)
                {
                    var (r, c) = size(block);
                    if (rows[i] >= 0 && rows[i] != r)
                    {
                        throw new ArgumentException($"Block ({i}, {j}) is {r} × {c}; others of its row of blocks have {rows[i]} rows.", nameof(blocks));
                    }

                    if (columns[j] >= 0 && columns[j] != c)
                    {
                        throw new ArgumentException($"Block ({i}, {j}) is {r} × {c}; others of its column of blocks have {columns[j]} columns.", nameof(blocks));
                    }

                    (rows[i], columns[j]) = (r, c);
                }
            }
        }

        return rows.Contains(-1) || columns.Contains(-1)
            ? throw new ArgumentException("A row or a column of blocks has no matrix, which leaves its size open. Take a matrix without entries for zeros.", nameof(blocks))
            : (rows, columns);
    }

    internal static int[] Firsts(int[] sizes)
    {
        var firsts = new int[sizes.Length];
        for (var i = 1; i < sizes.Length; i++)
        {
            firsts[i] = firsts[i - 1] + sizes[i - 1];
        }

        return firsts;
    }
}

/// <summary>The product with a grid of operators, to_i = Σ_j M_ij from_j: nothing is copied together. Usable by one caller at a time.</summary>
public sealed class BlockOperator : ILinearOperator
{
    private readonly ILinearOperator?[,] _blocks;
    private readonly int[] _rowSizes;
    private readonly int[] _columnSizes;
    private readonly double[] _part;

    /// <summary>The operator of a grid.</summary>
    /// <param name="blocks">The grid by rows and columns; null is zero. Each row and each column has an operator.</param>
    /// <exception cref="ArgumentException">A row or column of blocks is empty, or its blocks have unlike sizes.</exception>
    public BlockOperator(ILinearOperator?[,] blocks)
    {
        ArgumentNullException.ThrowIfNull(blocks);
        _blocks = blocks;
        (_rowSizes, _columnSizes) = BlockMatrix.Sizes(blocks, b => (b.RowCount, b.ColumnCount));
        (RowCount, ColumnCount, _part) = (_rowSizes.Sum(), _columnSizes.Sum(), new double[_rowSizes.Max()]);
    }

    /// <inheritdoc/>
    public int RowCount { get; }

    /// <inheritdoc/>
    public int ColumnCount { get; }

    /// <inheritdoc/>
    public void Multiply(ReadOnlySpan<double> from, Span<double> to)
    {
        CsrMatrix.Require(from.Length, ColumnCount, 1, nameof(from));
        CsrMatrix.Require(to.Length, RowCount, 1, nameof(to));
        for (var (i, row) = (0, 0); i < _rowSizes.Length; row += _rowSizes[i++])
        {
            var sum = to.Slice(row, _rowSizes[i]);
            sum.Clear();
            for (var (j, column) = (0, 0); j < _columnSizes.Length; column += _columnSizes[j++])
            {
                if (_blocks[i, j] is { } block)
                {
                    var part = _part.AsSpan(0, sum.Length);
                    block.Multiply(from.Slice(column, _columnSizes[j]), part);
                    for (var r = 0; r < sum.Length; r++)
                    {
                        sum[r] += part[r];
                    }
                }
            }
        }
    }
}

/// <summary>A preconditioner of several fields, each by its own: P = diag(P_1, P_2, …). Usable by one caller at a time.</summary>
/// <param name="blocks">How many unknowns each field has, and its preconditioner.</param>
public sealed class BlockPreconditioner(params (int Size, IPreconditioner Preconditioner)[] blocks) : IPreconditioner
{
    private readonly int _size = blocks.Sum(b => b.Size);

    /// <inheritdoc/>
    public void Apply(ReadOnlySpan<double> r, Span<double> z)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(r.Length, _size);
        ArgumentOutOfRangeException.ThrowIfNotEqual(z.Length, _size);
        var first = 0;
        foreach (var (size, preconditioner) in blocks)
        {
            preconditioner.Apply(r.Slice(first, size), z.Slice(first, size));
            first += size;
        }
    }
}

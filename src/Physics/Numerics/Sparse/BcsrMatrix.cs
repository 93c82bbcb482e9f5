namespace ActorMultiscale.Physics.Numerics.Sparse;

/// <summary>
/// A sparse matrix of square dense blocks by compressed block rows: one index a block, and products that work on whole blocks. Made for
/// systems with several unknowns a node (2 × 2 and 3 × 3 for displacements), where it takes two thirds of the memory of a
/// <see cref="CsrMatrix"/>. The blocks of block row i stand at positions RowStart[i] … RowStart[i+1]−1 by rising block column. The pattern
/// is fixed, the values may be changed. Products have the same bits on any number of threads and any processor.
/// </summary>
public sealed unsafe class BcsrMatrix : ILinearOperator
{
    /// <summary>A matrix of zeros.</summary>
    /// <param name="blockSize">b, the rows and columns of a block.</param>
    /// <param name="columnBlocks">The number of block columns.</param>
    /// <param name="rowStart">Where each block row starts, and the number of blocks: block rows + 1 rising numbers, the first 0. Kept.</param>
    /// <param name="blockColumns">The block column of each block, rising within a block row. Kept.</param>
    /// <exception cref="ArgumentException">The arrays do not describe a matrix.</exception>
    public BcsrMatrix(int blockSize, int columnBlocks, int[] rowStart, int[] blockColumns)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(blockSize, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(columnBlocks);
        ArgumentNullException.ThrowIfNull(rowStart);
        ArgumentNullException.ThrowIfNull(blockColumns);
        CsrMatrix.RequirePattern(columnBlocks, rowStart, blockColumns);
        Storage = new(blockSize, blockSize, columnBlocks, rowStart, blockColumns);
    }

    internal BcsrMatrix(BlockRows<double> storage) => Storage = storage;

    /// <summary>b, the rows and columns of a block.</summary>
    public int BlockSize => Storage.Rows;

    /// <summary>The number of block rows.</summary>
    public int RowBlocks => Storage.RowBlocks;

    /// <summary>The number of block columns.</summary>
    public int ColumnBlocks => Storage.ColumnBlocks;

    /// <summary>The number of rows, b a block row.</summary>
    public int RowCount => BlockSize * RowBlocks;

    /// <summary>The number of columns, b a block column.</summary>
    public int ColumnCount => BlockSize * ColumnBlocks;

    /// <summary>The number of stored blocks.</summary>
    public int BlockCount => Storage.BlockColumns.Length;

    /// <summary>Where each block row starts, and the number of blocks.</summary>
    public ReadOnlySpan<int> RowStart => Storage.RowStart;

    /// <summary>The block column of each block.</summary>
    public ReadOnlySpan<int> BlockColumns => Storage.BlockColumns;

    /// <summary>b² numbers a block, column by column: the entry (r, c) of block k is number k·b² + c·b + r. May be written.</summary>
    public Span<double> Values => Storage.Values.AsSpan(0, Storage.Numbers);

    internal BlockRows<double> Storage { get; }

    /// <summary>An entry, zero where none is stored. Costs a binary search.</summary>
    public double this[int row, int column]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)RowCount, nameof(row));
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)column, (uint)ColumnCount, nameof(column));
            var (b, block) = (BlockSize, Find(row / BlockSize, column / BlockSize));
            return block < 0 ? 0 : Storage.Values[(block * b * b) + (column % b * b) + (row % b)];
        }
    }

    /// <summary>The blocks of a matrix: every block that holds an entry is stored.</summary>
    /// <param name="matrix">The matrix.</param>
    /// <param name="blockSize">b; divides the numbers of rows and of columns.</param>
    /// <param name="loop">The threads; the caller's if null.</param>
    /// <exception cref="ArgumentException">The rows or columns are no whole number of blocks.</exception>
    public static BcsrMatrix FromCsr(CsrMatrix matrix, int blockSize, ChunkedLoop? loop = null)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        ArgumentOutOfRangeException.ThrowIfLessThan(blockSize, 1);
        if (matrix.RowCount % blockSize != 0 || matrix.ColumnCount % blockSize != 0)
        {
            throw new ArgumentException(
                $"A matrix of {matrix.RowCount} × {matrix.ColumnCount} has no whole number of blocks of {blockSize} × {blockSize}. Were single unknowns of a node taken out? Keep their rows, with a diagonal alone.",
                nameof(matrix));
        }

        loop ??= ChunkedLoop.Serial;
        var rowStart = new int[(matrix.RowCount / blockSize) + 1];
        loop.Run(rowStart.Length - 1, 512, (_, first, past) =>
        {
            for (var i = first; i < past; i++)
            {
                rowStart[i + 1] = Merge(matrix, i, blockSize, [], []);
            }
        });
        for (var i = 0; i + 1 < rowStart.Length; i++)
        {
            rowStart[i + 1] = checked(rowStart[i + 1] + rowStart[i]);
        }

        var blocks = new BcsrMatrix(new BlockRows<double>(blockSize, blockSize, matrix.ColumnCount / blockSize, rowStart, new int[rowStart[^1]]));
        loop.Run(rowStart.Length - 1, 512, (_, first, past) =>
        {
            var numbers = blockSize * blockSize;
            for (var i = first; i < past; i++)
            {
                var count = rowStart[i + 1] - rowStart[i];
                Merge(matrix, i, blockSize, blocks.Storage.BlockColumns.AsSpan(rowStart[i], count), blocks.Storage.Values.AsSpan(rowStart[i] * numbers, count * numbers));
            }
        });
        return blocks;
    }

    /// <summary>The same matrix by single rows, as the direct solvers take it; zeros within blocks stay.</summary>
    public CsrMatrix ToCsr() => Storage.ToCsr();

    /// <summary>The position of a block among all, or −1 where none is stored. Costs a binary search.</summary>
    public int Find(int blockRow, int blockColumn) => Storage.Find(blockRow, blockColumn);

    /// <inheritdoc/>
    public void Multiply(ReadOnlySpan<double> from, Span<double> to)
    {
        CsrMatrix.Require(from.Length, ColumnCount, 1, nameof(from));
        CsrMatrix.Require(to.Length, RowCount, 1, nameof(to));
        fixed (double* f = from, t = to)
        {
            Storage.Multiply(f, t, 0, RowBlocks);
        }
    }

    /// <summary>This matrix with products that several threads share: the same bits as those of one. Usable by one caller at a time.</summary>
    /// <param name="loop">The threads. Where it is the loop of a <see cref="LoopTeam"/>, products allocate nothing.</param>
    public ILinearOperator On(ChunkedLoop loop) => new ThreadedProduct(RowCount, ColumnCount, RowBlocks, Storage.ChunkRows, Storage.Multiply, loop);

    /// <summary>A copy in which the rows and columns of some unknowns have their diagonal alone.</summary>
    internal BcsrMatrix Masked(bool[] isAlone, ChunkedLoop loop)
    {
        var (b, from) = (BlockSize, Storage);
        var copy = new BlockRows<double>(b, b, from.ColumnBlocks, from.RowStart, from.BlockColumns, isFilled: true);
        loop.Run(RowBlocks, 512, (_, first, past) =>
        {
            var (start, end) = (b * b * from.RowStart[first], b * b * from.RowStart[past]);
            from.Values.AsSpan(start, end - start).CopyTo(copy.Values.AsSpan(start));
            for (var i = first; i < past; i++)
            {
                var row = isAlone.AsSpan(b * i, b);
                for (var k = from.RowStart[i]; k < from.RowStart[i + 1]; k++)
                {
                    var column = isAlone.AsSpan(b * from.BlockColumns[k], b);
                    if (!row.Contains(true) && !column.Contains(true))
                    {
                        continue;
                    }

                    for (var c = 0; c < b; c++)
                    {
                        for (var r = 0; r < b; r++)
                        {
                            if ((row[r] || column[c]) && !(r == c && i == from.BlockColumns[k]))
                            {
                                copy.Values[(k * b * b) + (c * b) + r] = 0;
                            }
                        }
                    }
                }
            }
        });
        return new(copy);
    }

    // Merges the rows of a block row, each of which rises. Returns the number of blocks, and fills them in where there is space for them.
    private static int Merge(CsrMatrix matrix, int blockRow, int b, Span<int> columns, Span<double> values)
    {
        var rowStart = matrix.RowStart;
        Span<int> next = b <= 64 ? stackalloc int[b] : new int[b];
        for (var r = 0; r < b; r++)
        {
            next[r] = rowStart[(blockRow * b) + r];
        }

        for (var count = 0; ; count++)
        {
            var column = int.MaxValue;
            for (var r = 0; r < b; r++)
            {
                if (next[r] < rowStart[(blockRow * b) + r + 1])
                {
                    column = Math.Min(column, matrix.Columns[next[r]] / b);
                }
            }

            if (column == int.MaxValue)
            {
                return count;
            }

            for (var r = 0; r < b; r++)
            {
                for (; next[r] < rowStart[(blockRow * b) + r + 1] && matrix.Columns[next[r]] / b == column; next[r]++)
                {
                    if (!values.IsEmpty)
                    {
                        values[(count * b * b) + (matrix.Columns[next[r]] % b * b) + r] = matrix.Values[next[r]];
                    }
                }
            }

            if (!columns.IsEmpty)
            {
                columns[count] = column;
            }
        }
    }
}

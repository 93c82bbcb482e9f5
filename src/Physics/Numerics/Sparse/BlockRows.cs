using System.Numerics;
using System.Runtime.CompilerServices;

namespace ActorMultiscale.Physics.Numerics.Sparse;

/// <summary>
/// A sparse matrix of equal dense blocks of <see cref="Rows"/> × <see cref="Columns"/> numbers by compressed block rows, in single or
/// double precision. Within a block numbers stand column by column: a column is one load, and a product needs no sum across a register.
/// </summary>
/// <typeparam name="T">double or float.</typeparam>
internal sealed unsafe class BlockRows<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Padding = 8;      // A column's load may reach so far past the last block.
    private const int ChunkNumbers = 32768;

    /// <summary>A matrix of zeros with the given pattern; the index arrays are kept.</summary>
    /// <param name="rows">Rows of a block.</param>
    /// <param name="columns">Columns of a block.</param>
    /// <param name="columnBlocks">The number of block columns.</param>
    /// <param name="rowStart">Where each block row starts, and the number of blocks.</param>
    /// <param name="blockColumns">The block column of each block.</param>
    /// <param name="isFilled">Whether the caller writes every number: then threads touch the memory first that need it, not this one.</param>
    public BlockRows(int rows, int columns, int columnBlocks, int[] rowStart, int[] blockColumns, bool isFilled = false)
    {
        (Rows, Columns, ColumnBlocks, RowStart, BlockColumns) = (rows, columns, columnBlocks, rowStart, blockColumns);
        var count = (long)blockColumns.Length * rows * columns;
        Numbers = count <= Array.MaxLength - Padding ? (int)count : throw new ArgumentException(
            $"{blockColumns.Length} blocks of {rows} × {columns} numbers are more than one array holds ({Array.MaxLength}).", nameof(blockColumns));
        Values = isFilled ? GC.AllocateUninitializedArray<T>(Numbers + Padding) : new T[Numbers + Padding];
        Values.AsSpan(Numbers).Clear();
        ChunkRows = Math.Clamp((int)(ChunkNumbers / Math.Max(1, count / Math.Max(1, RowBlocks))), 32, 2048);
    }

    /// <summary>Rows of a block.</summary>
    public int Rows { get; }

    /// <summary>Columns of a block.</summary>
    public int Columns { get; }

    /// <summary>The number of block rows.</summary>
    public int RowBlocks => RowStart.Length - 1;

    /// <summary>The number of block columns.</summary>
    public int ColumnBlocks { get; }

    /// <summary>Where each block row starts, and the number of blocks.</summary>
    public int[] RowStart { get; }

    /// <summary>The block column of each block.</summary>
    public int[] BlockColumns { get; }

    /// <summary>The numbers of all blocks, and padding.</summary>
    public T[] Values { get; }

    /// <summary>How many of <see cref="Values"/> belong to blocks.</summary>
    public int Numbers { get; }

    /// <summary>How many block rows make a chunk for one thread: a function of the matrix alone.</summary>
    public int ChunkRows { get; }

    /// <summary>Block rows first … past − 1 of to = M · from.</summary>
    public void Multiply(T* from, T* to, int first, int past)
    {
        fixed (T* values = Values)
        fixed (int* rowStart = RowStart, columns = BlockColumns)
        {
            // The comparisons of types are settled at compile time.
            if (Rows == 1 && Columns == 1)
            {
                Scalars(rowStart, columns, values, from, to, first, past);
            }
            else if (Rows <= 4 && typeof(T) == typeof(double))
            {
                Blocks<Double4, double>(rowStart, columns, (double*)values, (double*)from, (double*)to, first, past);
            }
            else if (Rows <= 4)
            {
                Blocks<Single4, float>(rowStart, columns, (float*)values, (float*)from, (float*)to, first, past);
            }
            else if (Rows <= 8 && typeof(T) == typeof(double))
            {
                Blocks<Double8, double>(rowStart, columns, (double*)values, (double*)from, (double*)to, first, past);
            }
            else if (Rows <= 8)
            {
                Blocks<Single8, float>(rowStart, columns, (float*)values, (float*)from, (float*)to, first, past);
            }
            else
            {
                Any(rowStart, columns, values, from, to, first, past);
            }
        }
    }

    /// <summary>The same matrix in another precision, times a factor; itself where both are as they are.</summary>
    public BlockRows<TOther> As<TOther>(double factor, ChunkedLoop loop) where TOther : unmanaged, IBinaryFloatingPointIeee754<TOther>
    {
        if (this is BlockRows<TOther> same && factor == 1)
        {
            return same;
        }

        var other = new BlockRows<TOther>(Rows, Columns, ColumnBlocks, RowStart, BlockColumns, isFilled: true);
        loop.Run(Numbers, 1 << 16, (_, first, past) =>
        {
            for (var i = first; i < past; i++)
            {
                other.Values[i] = TOther.CreateTruncating(double.CreateTruncating(Values[i]) * factor);
            }
        });
        return other;
    }

    /// <summary>The same matrix by single rows, with the zeros within blocks.</summary>
    public CsrMatrix ToCsr()
    {
        var rowStart = new int[(RowBlocks * Rows) + 1];
        var (columns, values) = (new int[Numbers], new double[Numbers]);
        for (var row = 0; row + 1 < rowStart.Length; row++)
        {
            var to = rowStart[row];
            for (var k = RowStart[row / Rows]; k < RowStart[(row / Rows) + 1]; k++)
            {
                for (var c = 0; c < Columns; c++, to++)
                {
                    columns[to] = (BlockColumns[k] * Columns) + c;
                    values[to] = double.CreateTruncating(Values[(k * Rows * Columns) + (c * Rows) + (row % Rows)]);
                }
            }

            rowStart[row + 1] = to;
        }

        return new(ColumnBlocks * Columns, rowStart, columns, values);
    }

    /// <summary>The position of a block, or −1. Costs a binary search.</summary>
    public int Find(int row, int column)
    {
        var found = Array.BinarySearch(BlockColumns, RowStart[row], RowStart[row + 1] - RowStart[row], column);
        return found < 0 ? -1 : found;
    }

    private static void Scalars(int* rowStart, int* columns, T* values, T* from, T* to, int first, int past)
    {
        for (var row = first; row < past; row++)
        {
            var sum = T.Zero;
            for (var k = rowStart[row]; k < rowStart[row + 1]; k++)
            {
                sum += values[k] * from[columns[k]];
            }

            to[row] = sum;
        }
    }

    // Three sums a row, since one alone would wait for itself.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Blocks<TLanes, TNumber>(int* rowStart, int* columns, TNumber* values, TNumber* from, TNumber* to, int first, int past)
        where TLanes : struct, ILanes<TLanes, TNumber> where TNumber : unmanaged
    {
        var (height, width) = (Rows, Columns);
        var a = values + ((nint)rowStart[first] * height * width);
        for (var row = first; row < past; row++)
        {
            var (s0, s1, s2) = (default(TLanes), default(TLanes), default(TLanes));
            for (var k = rowStart[row]; k < rowStart[row + 1]; k++)
            {
                var x = from + ((nint)columns[k] * width);
                var q = 0;
                for (; q + 3 <= width; q += 3)
                {
                    s0 = TLanes.Add(s0, TLanes.Load(a), x[q]);
                    s1 = TLanes.Add(s1, TLanes.Load(a + height), x[q + 1]);
                    s2 = TLanes.Add(s2, TLanes.Load(a + (2 * height)), x[q + 2]);
                    a += 3 * height;
                }

                for (; q < width; q++)
                {
                    s0 = TLanes.Add(s0, TLanes.Load(a), x[q]);
                    a += height;
                }
            }

            TLanes.Store(TLanes.Add(TLanes.Add(s0, s1), s2), to + ((nint)row * height), height);
        }
    }

    private void Any(int* rowStart, int* columns, T* values, T* from, T* to, int first, int past)
    {
        for (var row = first; row < past; row++)
        {
            var y = to + ((nint)row * Rows);
            new Span<T>(y, Rows).Clear();
            for (var k = rowStart[row]; k < rowStart[row + 1]; k++)
            {
                var a = values + ((nint)k * Rows * Columns);
                var x = from + ((nint)columns[k] * Columns);
                for (var q = 0; q < Columns; q++)
                {
                    for (var r = 0; r < Rows; r++)
                    {
                        y[r] += a[(q * Rows) + r] * x[q];
                    }
                }
            }
        }
    }
}

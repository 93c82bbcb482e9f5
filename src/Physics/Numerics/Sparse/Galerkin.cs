using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ActorMultiscale.Physics.Numerics.Sparse;

/// <summary>The matrix of a coarse level, Pᵀ A P for a symmetric A, by blocks.</summary>
internal static unsafe class Galerkin
{
    private const int CoarseChunk = 16;

    /// <summary>
    /// Pᵀ A P. W = A P is computed row by row; then each coarse row gathers P_iIᵀ W_iJ of the fine nodes i that it sees, for J ≥ I alone,
    /// and the rest is mirrored. Every sum runs in the order of the fine nodes. Unknowns that P leaves out get the equation c·x = 0.
    /// </summary>
    /// <param name="a">A, symmetric.</param>
    /// <param name="p">P.</param>
    /// <param name="transposed">Of <see cref="Prolongator.Transpose"/>.</param>
    /// <param name="loop">The threads.</param>
    /// <param name="alone">c.</param>
    public static BlockRows<double> Product(BlockRows<double> a, Prolongator p, (int[] Start, int[] Rows, int[] Blocks) transposed, ChunkedLoop loop, double alone = 1)
    {
        var (m, stride) = (p.Width, p.Stride);
        var scratch = new ConcurrentBag<int[]>();
        var products = new BlockBuffer[ChunkedLoop.Chunks(a.RowBlocks, a.ChunkRows)];
        loop.Run(a.RowBlocks, a.ChunkRows, (chunk, first, past) =>
        {
            var slots = Prolongator.Scratch(scratch, p.CoarseCount);
            products[chunk] = Rows(a, p, first, past, slots);
            scratch.Add(slots);
        });

        var upper = new BlockBuffer[ChunkedLoop.Chunks(p.CoarseCount, CoarseChunk)];
        var order = new int[upper.Length][];
        loop.Run(p.CoarseCount, CoarseChunk, (chunk, first, past) =>
        {
            var slots = Prolongator.Scratch(scratch, p.CoarseCount);
            var buffer = upper[chunk] = UpperRows(p, transposed, products, a.ChunkRows, first, past, slots);
            order[chunk] = Order(buffer);
            scratch.Add(slots);
        });

        return Mirror(p.CoarseCount, m, stride, upper, order, loop, alone);
    }

    /// <summary>sum += a · x, where a is rows × inner by columns, and sum and x are by rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Add(double* sum, double* a, double* x, int rows, int inner, int stride)
    {
        if (stride == 1)
        {
            for (var r = 0; r < rows; r++)
            {
                for (var q = 0; q < inner; q++)
                {
                    sum[r] += a[(q * rows) + r] * x[q];
                }
            }

            return;
        }

        // Displacements in space, by far the most frequent: the factor stays in registers.
        if (rows == 3 && inner == 3)
        {
            for (var v = 0; v < stride; v += 4)
            {
                var (x0, x1, x2) = (Vector256.Load(x + v), Vector256.Load(x + stride + v), Vector256.Load(x + (2 * stride) + v));
                for (var r = 0; r < 3; r++)
                {
                    var to = sum + (r * stride) + v;
                    (Vector256.Load(to) + (Vector256.Create(a[r]) * x0) + (Vector256.Create(a[3 + r]) * x1) + (Vector256.Create(a[6 + r]) * x2)).Store(to);
                }
            }

            return;
        }

        for (var v = 0; v < stride; v += 4)
        {
            for (var r = 0; r < rows; r++)
            {
                var s = Vector256.Load(sum + (r * stride) + v);
                for (var q = 0; q < inner; q++)
                {
                    s += Vector256.Create(a[(q * rows) + r]) * Vector256.Load(x + (q * stride) + v);
                }

                s.Store(sum + (r * stride) + v);
            }
        }
    }

    // sum += leftᵀ · right, all by rows.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddTransposed(double* sum, double* left, double* right, int b, int m, int stride)
    {
        if (stride == 1)
        {
            for (var r = 0; r < b; r++)
            {
                *sum += left[r] * right[r];
            }

            return;
        }

        if (b == 3)
        {
            for (var v = 0; v < stride; v += 4)
            {
                var (w0, w1, w2) = (Vector256.Load(right + v), Vector256.Load(right + stride + v), Vector256.Load(right + (2 * stride) + v));
                for (var s = 0; s < m; s++)
                {
                    var to = sum + (s * stride) + v;
                    (Vector256.Load(to) + (Vector256.Create(left[s]) * w0) + (Vector256.Create(left[stride + s]) * w1) + (Vector256.Create(left[(2 * stride) + s]) * w2)).Store(to);
                }
            }

            return;
        }

        for (var v = 0; v < stride; v += 4)
        {
            for (var s = 0; s < m; s++)
            {
                var t = Vector256.Load(sum + (s * stride) + v);
                for (var r = 0; r < b; r++)
                {
                    t += Vector256.Create(left[(r * stride) + s]) * Vector256.Load(right + (r * stride) + v);
                }

                t.Store(sum + (s * stride) + v);
            }
        }
    }

    // Set-up runs once: what is hot in it must not wait to be found so.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static BlockBuffer Rows(BlockRows<double> a, Prolongator p, int first, int past, int[] slots)
    {
        var (b, stride) = (p.Height, p.Stride);
        var buffer = new BlockBuffer(b * stride, 16 * (past - first));
        for (var i = first; i < past; i++)
        {
            var start = buffer.Count;
            for (var k = a.RowStart[i]; k < a.RowStart[i + 1]; k++)
            {
                var j = a.BlockColumns[k];
                for (var e = p.RowStart[j]; e < p.RowStart[j + 1]; e++)
                {
                    var column = p.Columns[e];
                    if (slots[column] < 0)
                    {
                        slots[column] = buffer.Add(column);
                    }

                    fixed (double* sum = &buffer.Values[slots[column] * b * stride], left = &a.Values[k * b * b], right = &p.Values[e * b * stride])
                    {
                        Add(sum, left, right, b, b, stride);
                    }
                }
            }

            for (var k = start; k < buffer.Count; k++)
            {
                slots[buffer.Columns[k]] = -1;
            }

            buffer.End();
        }

        return buffer;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static BlockBuffer UpperRows(
        Prolongator p, (int[] Start, int[] Rows, int[] Blocks) transposed, BlockBuffer[] products, int chunkRows, int first, int past, int[] slots)
    {
        var (b, m, stride) = (p.Height, p.Width, p.Stride);
        var buffer = new BlockBuffer(m * stride, 64 * (past - first));
        for (var row = first; row < past; row++)
        {
            // The diagonal is there even where P leaves a whole node out.
            var start = buffer.Count;
            slots[row] = buffer.Add(row);
            for (var e = transposed.Start[row]; e < transposed.Start[row + 1]; e++)
            {
                var i = transposed.Rows[e];
                var product = products[i / chunkRows];
                var (from, to) = (product.Ends[i % chunkRows], product.Ends[(i % chunkRows) + 1]);
                for (var k = from; k < to; k++)
                {
                    var column = product.Columns[k];
                    if (column < row)
                    {
                        continue;
                    }

                    if (slots[column] < 0)
                    {
                        slots[column] = buffer.Add(column);
                    }

                    fixed (double* sum = &buffer.Values[slots[column] * m * stride], left = &p.Values[transposed.Blocks[e] * b * stride], right = &product.Values[k * b * stride])
                    {
                        AddTransposed(sum, left, right, b, m, stride);
                    }
                }
            }

            for (var k = start; k < buffer.Count; k++)
            {
                slots[buffer.Columns[k]] = -1;
            }

            buffer.End();
        }

        return buffer;
    }

    // The positions of a buffer's blocks, each row by rising column.
    private static int[] Order(BlockBuffer buffer)
    {
        var order = new int[buffer.Count];
        for (var k = 0; k < order.Length; k++)
        {
            order[k] = k;
        }

        for (var row = 0; row + 1 < buffer.Ends.Count; row++)
        {
            var (start, count) = (buffer.Ends[row], buffer.Ends[row + 1] - buffer.Ends[row]);
            buffer.Columns.AsSpan(start, count).ToArray().AsSpan().Sort(order.AsSpan(start, count));
        }

        return order;
    }

    private static BlockRows<double> Mirror(int rows, int m, int stride, BlockBuffer[] upper, int[][] order, ChunkedLoop loop, double alone)
    {
        // Counts: a block above the diagonal stands in its own row and, mirrored, in that of its column.
        var below = new int[rows];
        var rowStart = new int[rows + 1];
        foreach (var buffer in upper)
        {
            foreach (var column in buffer.Columns.AsSpan(0, buffer.Count))
            {
                below[column]++;
            }
        }

        for (var i = 0; i < rows; i++)
        {
            below[i]--;     // The diagonal.
            var ends = upper[i / CoarseChunk].Ends;
            rowStart[i + 1] = checked(rowStart[i] + below[i] + ends[(i % CoarseChunk) + 1] - ends[i % CoarseChunk]);
        }

        var columns = new int[rowStart[^1]];
        var next = rowStart[..^1];
        var mirrored = Array.ConvertAll(order, o => new int[o.Length]);
        for (var i = 0; i < rows; i++)
        {
            var (buffer, chunk) = (upper[i / CoarseChunk], i / CoarseChunk);
            var (start, count) = (buffer.Ends[i % CoarseChunk], buffer.Ends[(i % CoarseChunk) + 1] - buffer.Ends[i % CoarseChunk]);
            for (var k = 0; k < count; k++)
            {
                var column = buffer.Columns[order[chunk][start + k]];
                columns[rowStart[i] + below[i] + k] = column;
                if (column > i)
                {
                    mirrored[chunk][start + k] = next[column];
                    columns[next[column]++] = i;
                }
            }
        }

        var matrix = new BlockRows<double>(m, m, rows, rowStart, columns, isFilled: true);
        loop.Run(rows, CoarseChunk, (chunk, first, past) =>
        {
            var buffer = upper[chunk];
            for (var i = first; i < past; i++)
            {
                var (start, count) = (buffer.Ends[i - first], buffer.Ends[i - first + 1] - buffer.Ends[i - first]);
                for (var k = 0; k < count; k++)
                {
                    var slot = order[chunk][start + k];
                    var from = buffer.Values.AsSpan(slot * m * stride, m * stride);
                    var own = matrix.Values.AsSpan((rowStart[i] + below[i] + k) * m * m, m * m);
                    var isDiagonal = buffer.Columns[slot] == i;
                    var other = isDiagonal ? own : matrix.Values.AsSpan(mirrored[chunk][start + k] * m * m, m * m);
                    for (var s = 0; s < m; s++)
                    {
                        for (var t = isDiagonal ? s : 0; t < m; t++)
                        {
                            own[(t * m) + s] = from[(s * stride) + t];
                            other[(s * m) + t] = from[(s * stride) + t];
                        }

                        if (isDiagonal && own[(s * m) + s] == 0)
                        {
                            own[(s * m) + s] = alone;
                        }
                    }
                }
            }
        });
        return matrix;
    }
}

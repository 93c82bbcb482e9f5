using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace ActorMultiscale.Physics.Numerics.Sparse;

/// <summary>
/// The interpolation from a coarse level to a finer one, by blocks of <see cref="Height"/> × <see cref="Width"/>. Within a block numbers
/// stand row by row, rows <see cref="Stride"/> apart, which suits the products of <see cref="Galerkin"/>.
/// </summary>
internal sealed class Prolongator
{
    private Prolongator(int height, int width, int coarse, int[] rowStart, int[] columns, double[] values) =>
        (Height, Width, CoarseCount, RowStart, Columns, Values) = (height, width, coarse, rowStart, columns, values);

    /// <summary>Rows of a block: the unknowns of a fine node.</summary>
    public int Height { get; }

    /// <summary>Columns of a block: the unknowns of a coarse node.</summary>
    public int Width { get; }

    /// <summary>From one row of a block to the next.</summary>
    public int Stride => StrideOf(Width);

    /// <summary>The number of coarse nodes.</summary>
    public int CoarseCount { get; }

    /// <summary>Where each fine node's blocks start, and the number of blocks.</summary>
    public int[] RowStart { get; }

    /// <summary>The coarse node of each block, rising for a fine node.</summary>
    public int[] Columns { get; }

    /// <summary>The numbers.</summary>
    public double[] Values { get; }

    /// <summary>
    /// P = (I − ω D⁻¹ A_F) T, and the near-kernel vectors of the coarse level. T holds the near-kernel vectors B of each aggregate made
    /// orthonormal there, B = T R, and R is what the coarse level sees of them. A_F is A with its weak couplings taken to the row's own
    /// aggregate: a weak neighbor counts as if its near-kernel vectors went on from there, so that P R = (I − ω D⁻¹ A) B all the same.
    /// </summary>
    /// <remarks>After: Vaněk, Mandel, Brezina, Computing 56, 179 (1996), equations 3.1 to 3.4 and 5.1; the filter is theirs for constants.</remarks>
    /// <param name="a">A.</param>
    /// <param name="kernel">B, <paramref name="modes"/> numbers a row.</param>
    /// <param name="modes">The number of vectors.</param>
    /// <param name="aggregates">The aggregates.</param>
    /// <param name="strengths">Of each block of A, zero where it is weak.</param>
    /// <param name="inverse">D⁻¹, a block a block row.</param>
    /// <param name="omega">ω.</param>
    /// <param name="loop">The threads.</param>
    public static unsafe (Prolongator P, double[] Kernel) Build(
        BlockRows<double> a, double[] kernel, int modes, Aggregates aggregates, float[] strengths, double[] inverse, double omega, ChunkedLoop loop)
    {
        var (b, m, stride, group) = (a.Rows, modes, StrideOf(modes), aggregates.Of);
        var (t, r) = Tentative(a, kernel, m, aggregates, loop);
        var buffers = new BlockBuffer[ChunkedLoop.Chunks(a.RowBlocks, a.ChunkRows)];
        var scratch = new ConcurrentBag<int[]>();
        loop.Run(a.RowBlocks, a.ChunkRows, [MethodImpl(MethodImplOptions.AggressiveOptimization)] (chunk, first, past) =>
        {
            var slots = Scratch(scratch, aggregates.Count);
            var buffer = buffers[chunk] = new(b * stride, 6 * (past - first));
            var beyond = stackalloc double[b * stride];
            var product = stackalloc double[b];
            for (var i = first; i < past; i++)
            {
                var start = buffer.Count;
                if (group[i] >= 0)
                {
                    // Σ A_F,ij T_j by coarse node.
                    for (var k = a.RowStart[i]; k < a.RowStart[i + 1]; k++)
                    {
                        var j = a.BlockColumns[k];
                        var isOwn = j == i || strengths[k] == 0;
                        var coarse = isOwn ? group[i] : group[j];
                        if (coarse < 0)
                        {
                            continue;
                        }

                        if (slots[coarse] < 0)
                        {
                            slots[coarse] = buffer.Add(coarse);
                        }

                        fixed (double* values = a.Values, tentative = t, sum = &buffer.Values[slots[coarse] * b * stride])
                        {
                            var from = tentative + ((nint)j * b * stride);
                            if (isOwn && j != i)
                            {
                                Continue(kernel.AsSpan(j * b * m, b * m), r.AsSpan(coarse * m * m, m * m), new(beyond, b * stride), b, m);
                                from = beyond;
                            }

                            Galerkin.Add(sum, values + ((nint)k * b * b), from, b, b, stride);
                        }
                    }

                    // T_i − ω D_i⁻¹ Σ, column by column.
                    for (var slot = start; slot < buffer.Count; slot++)
                    {
                        var sum = buffer.Values.AsSpan(slot * b * stride, b * stride);
                        var isOwn = buffer.Columns[slot] == group[i];
                        for (var c = 0; c < m; c++)
                        {
                            for (var row = 0; row < b; row++)
                            {
                                product[row] = 0;
                                for (var q = 0; q < b; q++)
                                {
                                    product[row] += inverse[(i * b * b) + (q * b) + row] * sum[(q * stride) + c];
                                }
                            }

                            for (var row = 0; row < b; row++)
                            {
                                sum[(row * stride) + c] = (isOwn ? t[(((i * b) + row) * stride) + c] : 0) - (omega * product[row]);
                            }
                        }

                        slots[buffer.Columns[slot]] = -1;
                    }
                }

                buffer.End();
            }

            scratch.Add(slots);
        });

        return (Join(a.RowBlocks, a.ChunkRows, b, m, aggregates.Count, buffers, loop), r);
    }

    /// <summary>The interpolation between the nodes of meshes, the same for each unknown of a node, without the unknowns that are given on either side.</summary>
    /// <param name="nodes">The factors, a row a fine node, by rising column.</param>
    /// <param name="unknowns">Unknowns of a node.</param>
    /// <param name="isFineGiven">Fine unknowns that no coarse one bears on.</param>
    /// <param name="isCoarseGiven">Coarse unknowns that bear on none.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Prolongator OfNodes(CsrMatrix nodes, int unknowns, bool[] isFineGiven, bool[] isCoarseGiven)
    {
        var stride = StrideOf(unknowns);
        var (rowStart, columns, values) = (new int[nodes.RowCount + 1], new int[nodes.EntryCount], new double[nodes.EntryCount * unknowns * stride]);
        var count = 0;
        for (var row = 0; row < nodes.RowCount; row++)
        {
            var fine = isFineGiven.AsSpan(unknowns * row, unknowns);
            for (var k = nodes.RowStart[row]; k < nodes.RowStart[row + 1] && fine.Contains(false); k++)
            {
                var coarse = isCoarseGiven.AsSpan(unknowns * nodes.Columns[k], unknowns);
                if (!coarse.Contains(false))
                {
                    continue;
                }

                columns[count] = nodes.Columns[k];
                for (var r = 0; r < unknowns; r++)
                {
                    values[(((count * unknowns) + r) * stride) + r] = fine[r] || coarse[r] ? 0 : nodes.Values[k];
                }

                count++;
            }

            rowStart[row + 1] = count;
        }

        Array.Resize(ref columns, count);
        Array.Resize(ref values, count * unknowns * stride);
        return new(unknowns, unknowns, nodes.ColumnCount, rowStart, columns, values);
    }

    /// <summary>P in the form in which vectors are interpolated with it.</summary>
    public BlockRows<T> Interpolation<T>(ChunkedLoop loop) where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
    {
        var p = new BlockRows<T>(Height, Width, CoarseCount, RowStart, Columns, isFilled: true);
        loop.Run(RowStart.Length - 1, p.ChunkRows, (_, first, past) =>
        {
            for (var k = RowStart[first]; k < RowStart[past]; k++)
            {
                for (var c = 0; c < Width; c++)
                {
                    for (var row = 0; row < Height; row++)
                    {
                        p.Values[(k * Width * Height) + (c * Height) + row] = T.CreateTruncating(Values[(((k * Height) + row) * Stride) + c]);
                    }
                }
            }
        });
        return p;
    }

    /// <summary>Pᵀ, in the form in which vectors are restricted with it.</summary>
    /// <param name="transposed">Of <see cref="Transpose"/>.</param>
    /// <param name="loop">The threads.</param>
    public BlockRows<T> Restriction<T>((int[] Start, int[] Rows, int[] Blocks) transposed, ChunkedLoop loop) where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
    {
        var r = new BlockRows<T>(Width, Height, RowStart.Length - 1, transposed.Start, transposed.Rows, isFilled: true);
        loop.Run(CoarseCount, r.ChunkRows, (_, first, past) =>
        {
            for (var k = transposed.Start[first]; k < transposed.Start[past]; k++)
            {
                for (var row = 0; row < Height; row++)
                {
                    for (var c = 0; c < Width; c++)
                    {
                        r.Values[(k * Width * Height) + (row * Width) + c] = T.CreateTruncating(Values[(((transposed.Blocks[k] * Height) + row) * Stride) + c]);
                    }
                }
            }
        });
        return r;
    }

    /// <summary>For each coarse node, the fine nodes that see it, rising, and the positions of their blocks.</summary>
    public (int[] Start, int[] Rows, int[] Blocks) Transpose()
    {
        var start = new int[CoarseCount + 1];
        foreach (var column in Columns)
        {
            start[column + 1]++;
        }

        for (var c = 0; c < CoarseCount; c++)
        {
            start[c + 1] += start[c];
        }

        var next = start[..^1];
        var (rows, blocks) = (new int[Columns.Length], new int[Columns.Length]);
        for (var row = 0; row + 1 < RowStart.Length; row++)
        {
            for (var k = RowStart[row]; k < RowStart[row + 1]; k++)
            {
                var at = next[Columns[k]]++;
                (rows[at], blocks[at]) = (row, k);
            }
        }

        return (start, rows, blocks);
    }

    /// <summary>An array of −1, one a coarse node, made or taken back.</summary>
    internal static int[] Scratch(ConcurrentBag<int[]> bag, int count)
    {
        if (!bag.TryTake(out var slots))
        {
            slots = new int[count];
            Array.Fill(slots, -1);
        }

        return slots;
    }

    // Whole registers of four, but for scalars.
    private static int StrideOf(int width) => width == 1 ? 1 : (width + 3) / 4 * 4;

    // T and R of each aggregate by Gram and Schmidt, twice, since once leaves what rounding put in. A vector that the aggregate cannot
    // tell from the others (a rotation about the one node of an aggregate) is left out: its column of T and its row of R are zero.
    private static (double[] T, double[] R) Tentative(BlockRows<double> a, double[] kernel, int m, Aggregates aggregates, ChunkedLoop loop)
    {
        const double dependent = 1e-8;
        var (b, stride) = (a.Rows, StrideOf(m));
        var (t, r) = (new double[a.RowBlocks * b * stride], new double[aggregates.Count * m * m]);
        var start = new int[aggregates.Count + 1];
        foreach (var group in aggregates.Of.Where(g => g >= 0))
        {
            start[group + 1]++;
        }

        for (var g = 0; g < aggregates.Count; g++)
        {
            start[g + 1] += start[g];
        }

        var next = start[..^1];
        var members = new int[start[^1]];
        for (var i = 0; i < a.RowBlocks; i++)
        {
            if (aggregates.Of[i] >= 0)
            {
                members[next[aggregates.Of[i]]++] = i;
            }
        }

        loop.Run(aggregates.Count, 64, [MethodImpl(MethodImplOptions.AggressiveOptimization)] (_, first, past) =>
        {
            for (var g = first; g < past; g++)
            {
                var nodes = members.AsSpan(start[g], start[g + 1] - start[g]);
                foreach (var node in nodes)
                {
                    for (var row = 0; row < b; row++)
                    {
                        if (!IsFixed(a, node, row))
                        {
                            kernel.AsSpan(((node * b) + row) * m, m).CopyTo(t.AsSpan(((node * b) + row) * stride, m));
                        }
                    }
                }

                for (var c = 0; c < m; c++)
                {
                    var whole = Math.Sqrt(Dot(nodes, c, c));
                    for (var pass = 0; pass < 2; pass++)
                    {
                        for (var q = 0; q < c; q++)
                        {
                            var overlap = Dot(nodes, q, c);
                            r[(((g * m) + q) * m) + c] += overlap;
                            Subtract(nodes, overlap, q, c);
                        }
                    }

                    var norm = Math.Sqrt(Dot(nodes, c, c));
                    norm = norm > dependent * whole ? norm : 0;
                    r[(((g * m) + c) * m) + c] = norm;
                    Scale(nodes, norm == 0 ? 0 : 1 / norm, c);
                }
            }
        });
        return (t, r);

        double Dot(ReadOnlySpan<int> nodes, int p, int q)
        {
            var sum = 0.0;
            foreach (var node in nodes)
            {
                for (var row = node * b; row < (node + 1) * b; row++)
                {
                    sum += t[(row * stride) + p] * t[(row * stride) + q];
                }
            }

            return sum;
        }

        void Subtract(ReadOnlySpan<int> nodes, double factor, int what, int from)
        {
            foreach (var node in nodes)
            {
                for (var row = node * b; row < (node + 1) * b; row++)
                {
                    t[(row * stride) + from] -= factor * t[(row * stride) + what];
                }
            }
        }

        void Scale(ReadOnlySpan<int> nodes, double factor, int what)
        {
            foreach (var node in nodes)
            {
                for (var row = node * b; row < (node + 1) * b; row++)
                {
                    t[(row * stride) + what] *= factor;
                }
            }
        }
    }

    // Whether an unknown is coupled to no other: a boundary value that was given. Coarse corrections leave it alone.
    private static bool IsFixed(BlockRows<double> a, int node, int row)
    {
        var b = a.Rows;
        for (var k = a.RowStart[node]; k < a.RowStart[node + 1]; k++)
        {
            for (var c = 0; c < b; c++)
            {
                if (a.Values[(k * b * b) + (c * b) + row] != 0 && (a.BlockColumns[k] != node || c != row))
                {
                    return false;
                }
            }
        }

        return true;
    }

    // Y with Y R = B, the rows of T that an aggregate with this R would have there; columns left out stay zero.
    private static void Continue(ReadOnlySpan<double> kernel, ReadOnlySpan<double> r, Span<double> to, int b, int m)
    {
        var stride = StrideOf(m);
        to.Clear();
        for (var row = 0; row < b; row++)
        {
            for (var c = 0; c < m; c++)
            {
                var rest = kernel[(row * m) + c];
                for (var q = 0; q < c; q++)
                {
                    rest -= to[(row * stride) + q] * r[(q * m) + c];
                }

                to[(row * stride) + c] = r[(c * m) + c] == 0 ? 0 : rest / r[(c * m) + c];
            }
        }
    }

    private static Prolongator Join(int rows, int chunkRows, int b, int m, int coarse, BlockBuffer[] buffers, ChunkedLoop loop)
    {
        var numbers = b * StrideOf(m);
        var rowStart = new int[rows + 1];
        for (var i = 0; i < rows; i++)
        {
            var ends = buffers[i / chunkRows].Ends;
            rowStart[i + 1] = checked(rowStart[i] + ends[(i % chunkRows) + 1] - ends[i % chunkRows]);
        }

        var (columns, values) = (new int[rowStart[^1]], GC.AllocateUninitializedArray<double>(checked(rowStart[^1] * numbers)));
        loop.Run(rows, chunkRows, (chunk, first, past) =>
        {
            var buffer = buffers[chunk];
            Span<int> order = stackalloc int[64];
            for (var i = first; i < past; i++)
            {
                var (start, count) = (buffer.Ends[i - first], rowStart[i + 1] - rowStart[i]);
                order = count <= order.Length ? order : new int[count];
                for (var k = 0; k < count; k++)
                {
                    (order[k], columns[rowStart[i] + k]) = (start + k, buffer.Columns[start + k]);
                }

                columns.AsSpan(rowStart[i], count).Sort(order[..count]);
                for (var k = 0; k < count; k++)
                {
                    buffer.Values.AsSpan(order[k] * numbers, numbers).CopyTo(values.AsSpan((rowStart[i] + k) * numbers, numbers));
                }
            }

            buffers[chunk] = null!;
        });
        return new(b, m, coarse, rowStart, columns, values);
    }
}

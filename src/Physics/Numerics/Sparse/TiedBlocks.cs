using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace ActorMultiscale.Physics.Numerics.Sparse;

/// <summary>Nᵀ A N by blocks, where N ties few nodes to others and leaves the rest as they are: hanging nodes.</summary>
internal static class TiedBlocks
{
    // Like all of set-up it runs once a mesh: what is hot in it must not wait to be found so.
    private const int Chunk = 1024;

    /// <summary>
    /// The blocks of Nᵀ A N, in which the rows and columns of some unknowns have their diagonal of A alone. Rows that no tie touches are copied; the numbers of one place
    /// are summed in the order of A's rows and columns, whatever the number of threads.
    /// </summary>
    /// <param name="matrix">A.</param>
    /// <param name="map">N: of a tied node its factors on others that are not tied, of all else 1 on itself.</param>
    /// <param name="isAlone">Unknowns that keep their diagonal alone; those of tied nodes do.</param>
    /// <param name="loop">The threads.</param>
    public static BcsrMatrix Condense(BcsrMatrix matrix, CsrMatrix map, bool[] isAlone, ChunkedLoop loop)
    {
        var (a, b, rows) = (matrix.Storage, matrix.BlockSize, matrix.RowBlocks);
        var back = map.Transposed();
        var isTied = new bool[rows];
        for (var n = 0; n < rows; n++)
        {
            isTied[n] = !(map.RowStart[n + 1] - map.RowStart[n] == 1 && map.Columns[map.RowStart[n]] == n);
        }

        // A row that no tie touches: no tied node bears on it, and it has no tied column.
        bool IsPlain(int row)
        {
            if (back.RowStart[row + 1] - back.RowStart[row] != 1)
            {
                return false;
            }

            for (var k = a.RowStart[row]; k < a.RowStart[row + 1]; k++)
            {
                if (isTied[a.BlockColumns[k]])
                {
                    return false;
                }
            }

            return true;
        }

        // The columns of a row, without order; their places in the scratch are left at 0.
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        void Gather(int row, int[] seen, List<int> found)
        {
            for (var t = back.RowStart[row]; t < back.RowStart[row + 1]; t++)
            {
                var i = back.Columns[t];
                for (var k = a.RowStart[i]; k < a.RowStart[i + 1]; k++)
                {
                    var j = a.BlockColumns[k];
                    for (var s = map.RowStart[j]; s < map.RowStart[j + 1]; s++)
                    {
                        if (seen[map.Columns[s]] < 0)
                        {
                            seen[map.Columns[s]] = 0;
                            found.Add(map.Columns[s]);
                        }
                    }
                }
            }
        }

        var scratch = new ConcurrentBag<int[]>();
        var start = new int[rows + 1];
        loop.Run(rows, Chunk, [MethodImpl(MethodImplOptions.AggressiveOptimization)] (_, first, past) =>
        {
            var seen = Prolongator.Scratch(scratch, rows);
            List<int> found = [];
            for (var row = first; row < past; row++)
            {
                if (isTied[row] || IsPlain(row))
                {
                    start[row + 1] = isTied[row] ? 1 : a.RowStart[row + 1] - a.RowStart[row];
                    continue;
                }

                Gather(row, seen, found);
                start[row + 1] = found.Count;
                foreach (var column in found)
                {
                    seen[column] = -1;
                }

                found.Clear();
            }

            scratch.Add(seen);
        });
        for (var row = 0; row < rows; row++)
        {
            start[row + 1] = checked(start[row + 1] + start[row]);
        }

        var result = new BlockRows<double>(b, b, rows, start, new int[start[^1]]);
        loop.Run(rows, Chunk, [MethodImpl(MethodImplOptions.AggressiveOptimization)] (_, first, past) =>
        {
            var place = Prolongator.Scratch(scratch, rows);
            List<int> found = [];
            var (size, columns, values) = (b * b, result.BlockColumns, result.Values);
            for (var row = first; row < past; row++)
            {
                var at = start[row];
                if (isTied[row])
                {
                    columns[at] = row;
                    a.Values.AsSpan(a.Find(row, row) * size, size).CopyTo(values.AsSpan(at * size));
                }
                else if (IsPlain(row))
                {
                    var (from, count) = (a.RowStart[row], start[row + 1] - at);
                    a.BlockColumns.AsSpan(from, count).CopyTo(columns.AsSpan(at));
                    a.Values.AsSpan(from * size, count * size).CopyTo(values.AsSpan(at * size));
                }
                else
                {
                    Gather(row, place, found);
                    found.Sort();
                    foreach (var column in found)
                    {
                        (columns[at], place[column]) = (column, at);
                        at++;
                    }

                    Sum(row, place);
                    foreach (var column in found)
                    {
                        place[column] = -1;
                    }

                    found.Clear();
                }

                Isolate(row);
            }

            scratch.Add(place);
        });
        return new(result);

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        void Sum(int row, int[] place)
        {
            var size = b * b;
            for (var t = back.RowStart[row]; t < back.RowStart[row + 1]; t++)
            {
                var (i, factor) = (back.Columns[t], back.Values[t]);
                for (var k = a.RowStart[i]; k < a.RowStart[i + 1]; k++)
                {
                    var j = a.BlockColumns[k];
                    for (var s = map.RowStart[j]; s < map.RowStart[j + 1]; s++)
                    {
                        var (weight, to) = (factor * map.Values[s], place[map.Columns[s]] * size);
                        for (var n = 0; n < size; n++)
                        {
                            result.Values[to + n] += weight * a.Values[(k * size) + n];
                        }
                    }
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        void Isolate(int row)
        {
            var mine = isAlone.AsSpan(b * row, b);
            var isAny = mine.Contains(true);
            for (var k = start[row]; k < start[row + 1]; k++)
            {
                var column = result.BlockColumns[k];
                var other = isAlone.AsSpan(b * column, b);
                if (!isAny && !other.Contains(true))
                {
                    continue;
                }

                for (var c = 0; c < b; c++)
                {
                    for (var r = 0; r < b; r++)
                    {
                        ref var value = ref result.Values[(((k * b) + c) * b) + r];
                        value = !(mine[r] || other[c]) ? value : r == c && row == column ? a.Values[(((a.Find(row, row) * b) + c) * b) + r] : 0;
                    }
                }
            }
        }
    }
}

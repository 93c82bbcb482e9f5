namespace ActorMultiscale.Physics.Numerics.Sparse;

/// <summary>
/// What can be known of the factor of a symmetric matrix before its numbers: the order of elimination, and its supernodes, runs of columns
/// with one structure of rows below, which are factored as one dense matrix.
/// </summary>
/// <remarks>
/// After: Liu, "The role of elimination trees in sparse factorization", SIAM J. Matrix Anal. Appl. 11, 134 (1990); supernodes are joined
/// to their parents, at the price of some zeros, as Ashcraft and Grimes, ACM Trans. Math. Softw. 15, 291 (1989), propose.
/// </remarks>
internal sealed class EliminationTree
{
    private EliminationTree(int[] order, int[] start, int[] parent, int[][] rows) => (Order, Start, Parent, Rows) = (order, start, parent, rows);

    /// <summary>Which row of the matrix is eliminated as k-th.</summary>
    public int[] Order { get; }

    /// <summary>The first column of each supernode, in the order of elimination, and the number of columns.</summary>
    public int[] Start { get; }

    /// <summary>The supernode into which each one's rest goes; −1 for a root. Children come before parents.</summary>
    public int[] Parent { get; }

    /// <summary>The rows below each supernode, in the order of elimination, rising.</summary>
    public int[][] Rows { get; }

    /// <summary>The tree of a matrix whose pattern need not be symmetric: an entry counts for its mirror, too.</summary>
    public static EliminationTree Of(CsrMatrix matrix)
    {
        var n = matrix.RowCount;
        var (start, columns) = SymmetricPattern(matrix);
        var order = MinimumDegree.Order(n, start, columns);
        var parent = Parents(order, start, columns);
        var post = PostOrder(parent);
        order = Array.ConvertAll(post, k => order[k]);
        var place = Inverse(post);
        var renumbered = new int[n];
        for (var k = 0; k < n; k++)
        {
            renumbered[place[k]] = parent[k] < 0 ? -1 : place[parent[k]];
        }

        return Supernodes(order, renumbered, start, columns);
    }

    /// <summary>The inverse of a permutation.</summary>
    public static int[] Inverse(int[] order)
    {
        var inverse = new int[order.Length];
        for (var k = 0; k < order.Length; k++)
        {
            inverse[order[k]] = k;
        }

        return inverse;
    }

    // Without the diagonal.
    private static (int[] Start, int[] Columns) SymmetricPattern(CsrMatrix matrix)
    {
        var n = matrix.RowCount;
        var count = new int[n + 1];
        for (var i = 0; i < n; i++)
        {
            for (var k = matrix.RowStart[i]; k < matrix.RowStart[i + 1]; k++)
            {
                if (matrix.Columns[k] != i)
                {
                    count[i + 1]++;
                    count[matrix.Columns[k] + 1]++;
                }
            }
        }

        for (var i = 0; i < n; i++)
        {
            count[i + 1] = checked(count[i + 1] + count[i]);
        }

        var next = count[..^1];
        var all = new int[count[^1]];
        for (var i = 0; i < n; i++)
        {
            for (var k = matrix.RowStart[i]; k < matrix.RowStart[i + 1]; k++)
            {
                var j = matrix.Columns[k];
                if (j != i)
                {
                    all[next[i]++] = j;
                    all[next[j]++] = i;
                }
            }
        }

        var start = new int[n + 1];
        for (var i = 0; i < n; i++)
        {
            var row = all.AsSpan(count[i], count[i + 1] - count[i]);
            row.Sort();
            start[i + 1] = start[i];
            for (var k = 0; k < row.Length; k++)
            {
                if (k == 0 || row[k] != row[k - 1])
                {
                    all[start[i + 1]++] = row[k];
                }
            }
        }

        return (start, all[..start[^1]]);
    }

    // The parent of a column is the first row below the diagonal of its factor: Liu (1990), algorithm 4.2.
    private static int[] Parents(int[] order, int[] start, int[] columns)
    {
        var place = Inverse(order);
        var (parent, ancestor) = (new int[order.Length], new int[order.Length]);
        for (var i = 0; i < order.Length; i++)
        {
            (parent[i], ancestor[i]) = (-1, -1);
            for (var k = start[order[i]]; k < start[order[i] + 1]; k++)
            {
                for (var j = place[columns[k]]; j >= 0 && j < i;)
                {
                    var above = ancestor[j];
                    ancestor[j] = i;
                    if (above < 0)
                    {
                        parent[j] = i;
                    }

                    j = above;
                }
            }
        }

        return parent;
    }

    private static int[] PostOrder(int[] parent)
    {
        var n = parent.Length;
        var (first, following) = (new int[n + 1], new int[n]);
        Array.Fill(first, -1);
        for (var k = n - 1; k >= 0; k--)
        {
            var above = parent[k] < 0 ? n : parent[k];
            (following[k], first[above]) = (first[above], k);
        }

        var (post, stack) = (new List<int>(n), new Stack<int>());
        for (var root = first[n]; root >= 0; root = following[root])
        {
            stack.Push(root);
            while (stack.Count > 0)
            {
                var k = stack.Peek();
                if (first[k] >= 0)
                {
                    stack.Push(first[k]);
                    first[k] = following[first[k]];
                }
                else
                {
                    post.Add(stack.Pop());
                }
            }
        }

        return [.. post];
    }

    private static EliminationTree Supernodes(int[] order, int[] parent, int[] start, int[] columns)
    {
        var n = order.Length;
        var place = Inverse(order);

        // Rows of each column of the factor: row i holds the columns on the paths from its entries up to i.
        var (count, seen) = (new int[n], new int[n]);
        Array.Fill(seen, -1);
        for (var i = 0; i < n; i++)
        {
            seen[i] = i;
            for (var k = start[order[i]]; k < start[order[i] + 1]; k++)
            {
                for (var j = place[columns[k]]; j < i && seen[j] != i; j = parent[j])
                {
                    seen[j] = i;
                    count[j]++;
                }
            }
        }

        // A column whose rows are those of the next joins it; then whole supernodes join where that costs few zeros.
        var nodes = new List<(int Start, int Past, long Zeros)>();
        for (var j = 0; j < n; j++)
        {
            if (j > 0 && parent[j - 1] == j && count[j - 1] == count[j] + 1)
            {
                nodes[^1] = nodes[^1] with { Past = j + 1 };
            }
            else
            {
                Settle();
                nodes.Add((j, j + 1, 0));
            }
        }

        Settle();
        var starts = new int[nodes.Count + 1];
        var nodeOf = new int[n];
        for (var s = 0; s < nodes.Count; s++)
        {
            starts[s + 1] = nodes[s].Past;
            Array.Fill(nodeOf, s, nodes[s].Start, nodes[s].Past - nodes[s].Start);
        }

        var above = new int[nodes.Count];
        var rows = new int[nodes.Count][];
        var children = Array.ConvertAll(rows, _ => new List<int>());
        Array.Fill(seen, -1);
        for (var s = 0; s < nodes.Count; s++)
        {
            var below = new List<int>();
            for (var j = starts[s]; j < starts[s + 1]; j++)
            {
                for (var k = start[order[j]]; k < start[order[j] + 1]; k++)
                {
                    Take(place[columns[k]]);
                }
            }

            foreach (var child in children[s])
            {
                foreach (var row in rows[child])
                {
                    Take(row);
                }
            }

            void Take(int row)
            {
                if (row >= starts[s + 1] && seen[row] != s)
                {
                    seen[row] = s;
                    below.Add(row);
                }
            }

            below.Sort();
            rows[s] = [.. below];
            above[s] = below.Count == 0 ? -1 : nodeOf[below[0]];
            if (above[s] >= 0)
            {
                children[above[s]].Add(s);
            }
        }

        return new(order, starts, above, rows);

        // Joins the last supernodes while the one before is the last one's child, and little is lost.
        void Settle()
        {
            while (nodes.Count > 1 && parent[nodes[^2].Past - 1] is var up && up >= nodes[^1].Start && up < nodes[^1].Past)
            {
                var (child, node) = (nodes[^2], nodes[^1]);
                var (width, below) = (node.Past - child.Start, count[node.Past - 1]);
                long Entries(int w, int b) => ((long)w * (w + 1) / 2) + ((long)w * b);
                var whole = Entries(width, below);
                var zeros = child.Zeros + node.Zeros + whole - Entries(node.Past - node.Start, below) - Entries(child.Past - child.Start, count[child.Past - 1]);
                var bound = width switch { <= 4 => 1.0, <= 16 => 0.5, <= 48 => 0.15, _ => 0.05 };
                if (zeros > bound * whole)
                {
                    return;
                }

                nodes.RemoveAt(nodes.Count - 1);
                nodes[^1] = (child.Start, node.Past, zeros);
            }
        }
    }
}

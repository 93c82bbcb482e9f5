namespace ActorMultiscale.Physics.Numerics.Sparse;

/// <summary>
/// Any square sparse matrix, factored once as P R A C Q = L U and solved with as often as needed. The scales R and C are
/// powers of two that bring entries to about one. Column by column, by triangular solutions
/// that visit only what is not zero; rows are exchanged for the largest pivot but where the diagonal is good enough, columns ordered for
/// a sparse AᵀA. Solutions are refined. For symmetric matrices <see cref="SparseLdl"/> is several times faster. Usable by one caller
/// at a time.
/// </summary>
/// <remarks>
/// After: Gilbert, Peierls, "Sparse partial pivoting in time proportional to arithmetic operations", SIAM J. Sci. Stat. Comput. 9, 862
/// (1988). Columns by <see cref="MinimumDegree"/> of AᵀA, whose factor bounds that of U for any pivots: George, Ng, SIAM J. Sci. Stat.
/// Comput. 6, 390 (1985). Scales: Ruiz, RAL-TR-2001-034 (2001).
/// </remarks>
public sealed class SparseLu : IPreconditioner
{
    private const double DiagonalIsGood = 0.1;      // Of the largest: the entry on the diagonal is taken for the pivot.
    private readonly CsrMatrix _matrix;
    private readonly double[] _rowScale;
    private readonly double[] _columnScale;
    private readonly int[] _columnOrder;
    private readonly int[] _pivotOf;                // Of each row, the column of L that it is the pivot of.
    private readonly Columns _lower;
    private readonly Columns _upper;
    private readonly double[] _diagonal;
    private readonly double[] _work;
    private readonly Refinement _refinement;

    /// <summary>Factors a matrix.</summary>
    /// <param name="matrix">A, square. Kept for refinement: the values must not change.</param>
    /// <exception cref="ArgumentException">A is not square, or an entry not finite.</exception>
    /// <exception cref="InvalidOperationException">A is singular to rounding: a pivot is rounding alone, or <see cref="EstimateCondition"/> says so.</exception>
    public SparseLu(CsrMatrix matrix)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        ArgumentOutOfRangeException.ThrowIfNotEqual(matrix.ColumnCount, matrix.RowCount, nameof(matrix));
        var n = matrix.RowCount;
        _matrix = matrix;
        for (var i = 0; i < n; i++)
        {
            for (var k = matrix.RowStart[i]; k < matrix.RowStart[i + 1]; k++)
            {
                if (!double.IsFinite(matrix.Values[k]))
                {
                    throw new ArgumentException(FormattableString.Invariant($"Entry ({i}, {matrix.Columns[k]}) is {matrix.Values[k]}; a matrix to factor is finite."), nameof(matrix));
                }
            }
        }

        (_rowScale, _columnScale) = Scales(matrix);
        _columnOrder = ColumnOrder(matrix);
        (_pivotOf, _diagonal) = (new int[n], new double[n]);
        (_lower, _upper) = (new(n), new(n));
        (_work, _refinement) = (new double[n], new(matrix, this));
        Factor();
        if (EstimateCondition() is var condition && !(condition < ConditionEstimate.Most))
        {
            throw SparseLdl.SingularToRounding(condition);
        }
    }

    /// <summary>The number of rows.</summary>
    public int Size => _matrix.RowCount;

    /// <summary>The numbers of both factors.</summary>
    public long FactorNumbers => _lower.Count + _upper.Count + Size;

    /// <summary>Solves A x = b, and improves x with its residual while that helps.</summary>
    /// <param name="b">The right-hand side, one number a row.</param>
    /// <param name="x">The solution; overwritten.</param>
    /// <returns>The backward error max|b − A x| / (‖A‖ max|x| + max|b|), with the largest row sum for the norm.</returns>
    public double Solve(ReadOnlySpan<double> b, Span<double> x)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(b.Length, Size);
        ArgumentOutOfRangeException.ThrowIfNotEqual(x.Length, Size);
        return _refinement.Solve(b, x);
    }

    /// <summary>
    /// An estimate, from below, of the condition ‖R A C‖₁ ‖(R A C)⁻¹‖₁ of the scaled matrix: its solutions may be off by so many times
    /// 2⁻⁵². After: Higham, ACM Trans. Math. Softw. 14, 381 (1988).
    /// </summary>
    public double EstimateCondition() => ConditionEstimate.Of(_matrix, _rowScale, _columnScale, Eliminate, EliminateTransposed);

    /// <summary>z = A⁻¹ r by the factors as they are, without refinement.</summary>
    /// <param name="r">One number a row.</param>
    /// <param name="z">Overwritten.</param>
    public void Apply(ReadOnlySpan<double> r, Span<double> z)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(r.Length, Size);
        ArgumentOutOfRangeException.ThrowIfNotEqual(z.Length, Size);
        for (var i = 0; i < Size; i++)
        {
            _work[_pivotOf[i]] = r[i] * _rowScale[i];
        }

        Eliminate(_work);
        for (var j = 0; j < Size; j++)
        {
            z[_columnOrder[j]] = _work[j] * _columnScale[_columnOrder[j]];
        }
    }

    // L U x = b, in place.
    private void Eliminate(double[] x)
    {
        for (var j = 0; j < Size; j++)
        {
            _lower.Subtract(j, x[j], x);
        }

        for (var j = Size - 1; j >= 0; j--)
        {
            x[j] /= _diagonal[j];
            _upper.Subtract(j, x[j], x);
        }
    }

    // Uᵀ Lᵀ x = b, in place.
    private void EliminateTransposed(double[] x)
    {
        for (var j = 0; j < Size; j++)
        {
            x[j] = (x[j] - _upper.Dot(j, x)) / _diagonal[j];
        }

        for (var j = Size - 1; j >= 0; j--)
        {
            x[j] -= _lower.Dot(j, x);
        }
    }

    private void Factor()
    {
        var (start, rows, values) = Transpose(_matrix);
        var n = Size;
        var (x, size, reached, next) = (new double[n], new double[n], new List<int>(), new int[n]);
        var (visited, stack) = (new int[n], new Stack<int>());
        Array.Fill(_pivotOf, -1);
        Array.Fill(visited, -1);
        for (var j = 0; j < n; j++)
        {
            var column = _columnOrder[j];
            reached.Clear();
            for (var k = start[column]; k < start[column + 1]; k++)
            {
                Reach(rows[k], j);
                x[rows[k]] = values[k] * _rowScale[rows[k]] * _columnScale[column];
                size[rows[k]] = Math.Abs(x[rows[k]]);
            }

            // L x = a: in the reverse of the order in which the search left the rows, each comes before those that it changes.
            for (var k = reached.Count - 1; k >= 0; k--)
            {
                if (_pivotOf[reached[k]] is var pivot && pivot >= 0)
                {
                    _lower.Subtract(pivot, x[reached[k]], size[reached[k]], x, size);
                }
            }

            // |x_i| ≤ (n + 100) ε max(|a_ij|, max_k |l_ik u_kj|): what is left of an entry by rounding alone is nothing, in whatever units its row and
            // its column are. After: Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed. (2002), theorem 9.3.
            bool IsNothing(int row) => !(Math.Abs(x[row]) > Refinement.Roundings(n) * size[row]);
            var (best, most) = (-1, 0.0);
            foreach (var row in reached)
            {
                if (_pivotOf[row] < 0 && !IsNothing(row) && (Math.Abs(x[row]) > most || (Math.Abs(x[row]) == most && most > 0 && row < best)))
                {
                    (best, most) = (row, Math.Abs(x[row]));
                }
            }

            if (best < 0)
            {
                throw new InvalidOperationException($"The matrix is singular: column {column} depends on others. Is a body left free to move, or a constraint given twice?");
            }

            if (visited[column] == j && _pivotOf[column] < 0 && !IsNothing(column) && Math.Abs(x[column]) >= DiagonalIsGood * most)
            {
                best = column;
            }

            _diagonal[j] = x[best];
            foreach (var row in reached)
            {
                if (_pivotOf[row] >= 0)
                {
                    _upper.Add(_pivotOf[row], x[row]);
                }
                else if (row != best && x[row] != 0)
                {
                    _lower.Add(row, x[row] / _diagonal[j]);
                }

                (x[row], size[row]) = (0, 0);
            }

            _pivotOf[best] = j;
            _upper.End();
            _lower.End();
        }

        // Until now L named rows of A; from now on those of P A.
        _lower.Renumber(_pivotOf);

        // All rows that the columns of L lead to from one, by depth first, without recursion.
        void Reach(int from, int mark)
        {
            if (visited[from] == mark)
            {
                return;
            }

            visited[from] = mark;
            next[from] = 0;
            stack.Push(from);
            while (stack.Count > 0)
            {
                var row = stack.Peek();
                var below = _pivotOf[row] >= 0 ? _lower.Rows(_pivotOf[row]) : [];
                while (next[row] < below.Length && visited[below[next[row]]] == mark)
                {
                    next[row]++;
                }

                if (next[row] == below.Length)
                {
                    reached.Add(stack.Pop());
                }
                else
                {
                    var deeper = below[next[row]++];
                    visited[deeper] = mark;
                    next[deeper] = 0;
                    stack.Push(deeper);
                }
            }
        }
    }

    // By the pattern of AᵀA: columns are neighbors where a row has both. Rows with very many entries would couple all to all and are left out.
    private static int[] ColumnOrder(CsrMatrix matrix)
    {
        var n = matrix.RowCount;
        var dense = Math.Max(16, 10 * Math.Sqrt(n));
        var (start, rows, _) = Transpose(matrix);
        var (seen, neighbors, at) = (new int[n], new List<int>(), new int[n + 1]);
        Array.Fill(seen, -1);
        for (var j = 0; j < n; j++)
        {
            seen[j] = j;
            for (var k = start[j]; k < start[j + 1]; k++)
            {
                var row = rows[k];
                if (matrix.RowStart[row + 1] - matrix.RowStart[row] > dense)
                {
                    continue;
                }

                for (var e = matrix.RowStart[row]; e < matrix.RowStart[row + 1]; e++)
                {
                    var column = matrix.Columns[e];
                    if (seen[column] != j)
                    {
                        seen[column] = j;
                        neighbors.Add(column);
                    }
                }
            }

            at[j + 1] = neighbors.Count;
        }

        return MinimumDegree.Order(n, at, [.. neighbors]);
    }

    // r_i /= √max_j |r_i a_ij c_j|, c_j likewise, thrice, rounded to powers of two: pivots are compared in like units.
    private static (double[] Rows, double[] Columns) Scales(CsrMatrix matrix)
    {
        var n = matrix.RowCount;
        var (rows, columns, rowMost, columnMost) = (new double[n], new double[n], new double[n], new double[n]);
        Array.Fill(rows, 1);
        Array.Fill(columns, 1);
        for (var pass = 0; pass < 3; pass++)
        {
            Array.Clear(rowMost);
            Array.Clear(columnMost);
            for (var i = 0; i < n; i++)
            {
                for (var k = matrix.RowStart[i]; k < matrix.RowStart[i + 1]; k++)
                {
                    var size = Math.Abs(rows[i] * matrix.Values[k] * columns[matrix.Columns[k]]);
                    rowMost[i] = Math.Max(rowMost[i], size);
                    columnMost[matrix.Columns[k]] = Math.Max(columnMost[matrix.Columns[k]], size);
                }
            }

            for (var i = 0; i < n; i++)
            {
                rows[i] /= rowMost[i] > 0 ? Math.Sqrt(rowMost[i]) : 1;
                columns[i] /= columnMost[i] > 0 ? Math.Sqrt(columnMost[i]) : 1;
            }
        }

        return (Array.ConvertAll(rows, r => Math.ScaleB(1, Math.ILogB(r))), Array.ConvertAll(columns, c => Math.ScaleB(1, Math.ILogB(c))));
    }

    private static (int[] Start, int[] Rows, double[] Values) Transpose(CsrMatrix matrix)
    {
        var start = new int[matrix.ColumnCount + 1];
        foreach (var column in matrix.Columns)
        {
            start[column + 1]++;
        }

        for (var j = 0; j < matrix.ColumnCount; j++)
        {
            start[j + 1] += start[j];
        }

        var next = start[..^1];
        var (rows, values) = (new int[matrix.EntryCount], new double[matrix.EntryCount]);
        for (var i = 0; i < matrix.RowCount; i++)
        {
            for (var k = matrix.RowStart[i]; k < matrix.RowStart[i + 1]; k++)
            {
                var to = next[matrix.Columns[k]]++;
                (rows[to], values[to]) = (i, matrix.Values[k]);
            }
        }

        return (start, rows, values);
    }

    /// <summary>A triangular factor without its diagonal, column by column, while it grows.</summary>
    private sealed class Columns(int count)
    {
        private readonly int[] _start = new int[count + 1];
        private int[] _rows = new int[16];
        private double[] _values = new double[16];
        private int _closed;

        public int Count { get; private set; }

        public void Add(int row, double value)
        {
            if (Count == _rows.Length)
            {
                var capacity = (int)Math.Min(2L * Count, Array.MaxLength);
                Array.Resize(ref _rows, capacity);
                Array.Resize(ref _values, capacity);
            }

            (_rows[Count], _values[Count]) = (row, value);
            Count++;
        }

        public void End() => _start[++_closed] = Count;

        public ReadOnlySpan<int> Rows(int column) => _rows.AsSpan(_start[column], _start[column + 1] - _start[column]);

        // x −= factor · column.
        public void Subtract(int column, double factor, double[] x)
        {
            for (var k = _start[column]; factor != 0 && k < _start[column + 1]; k++)
            {
                x[_rows[k]] -= _values[k] * factor;
            }
        }

        // column · x.
        public double Dot(int column, double[] x)
        {
            var sum = 0.0;
            for (var k = _start[column]; k < _start[column + 1]; k++)
            {
                sum += _values[k] * x[_rows[k]];
            }

            return sum;
        }

        // x −= factor · column, and the largest number whose roundings may stand in each place.
        public void Subtract(int column, double factor, double factorSize, double[] x, double[] size)
        {
            for (var k = _start[column]; factor != 0 && k < _start[column + 1]; k++)
            {
                var row = _rows[k];
                x[row] -= _values[k] * factor;
                size[row] = Math.Max(size[row], Math.Abs(_values[k]) * factorSize);
            }
        }

        public void Renumber(int[] to)
        {
            for (var k = 0; k < Count; k++)
            {
                _rows[k] = to[_rows[k]];
            }
        }
    }
}

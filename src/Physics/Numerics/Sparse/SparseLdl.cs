namespace ActorMultiscale.Physics.Numerics.Sparse;

/// <summary>
/// A symmetric sparse matrix, factored once as S A S = Pᵀ L D Lᵀ P and solved with as often as needed. The order P keeps L sparse, the
/// scales S are powers of two that bring entries to about one. Columns of like structure are factored together as dense matrices, along
/// the tree of eliminations; what such a matrix leaves goes to its parent (the multifrontal method). Solutions are refined. The bits
/// do not depend on the number of threads. Usable by one caller at a time.
/// </summary>
/// <remarks>
/// After: Duff, Reid, "The multifrontal solution of indefinite sparse symmetric linear equations", ACM Trans. Math. Softw. 9, 302 (1983);
/// order: <see cref="MinimumDegree"/>; scales: Ruiz, RAL-TR-2001-034 (2001). In three dimensions the factor of n unknowns has of the order
/// of n^(4/3) numbers and takes n² operations: beyond some ten thousand unknowns an <see cref="AmgPreconditioner"/> is cheaper.
/// </remarks>
public sealed class SparseLdl : IPreconditioner
{
    private readonly CsrMatrix _matrix;
    private readonly EliminationTree _tree;
    private readonly double[] _scale;
    private readonly List<Panel> _panels = [];
    private readonly double[] _work;
    private readonly double[] _front;
    private readonly Refinement _refinement;

    private SparseLdl(CsrMatrix matrix, bool isPositive, ChunkedLoop? loop)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        ArgumentOutOfRangeException.ThrowIfNotEqual(matrix.ColumnCount, matrix.RowCount, nameof(matrix));
        RequireSymmetry(matrix);
        (_matrix, _scale, _tree) = (matrix, ScalesOf(matrix), EliminationTree.Of(matrix));
        Factor(isPositive, loop ?? ChunkedLoop.Serial);
        (_work, _refinement) = (new double[matrix.RowCount], new(matrix, this));
        _front = new double[_panels.Select(p => p.Index.Length).DefaultIfEmpty(0).Max()];
        if (!isPositive && EstimateCondition() is var condition && !(condition < ConditionEstimate.Most))
        {
            throw SingularToRounding(condition);
        }
    }

    /// <summary>The factor of a positive definite matrix: D is positive, and no pivots are looked for.</summary>
    /// <param name="matrix">A, with both triangles. Kept for refinement: the values must not change.</param>
    /// <param name="loop">The threads; the caller's if null.</param>
    /// <exception cref="ArgumentException">A is not symmetric.</exception>
    /// <exception cref="InvalidOperationException">A is not positive definite, or singular to rounding.</exception>
    public static SparseLdl PositiveDefinite(CsrMatrix matrix, ChunkedLoop? loop = null) => new(matrix, isPositive: true, loop);

    /// <summary>
    /// The factor of a matrix that may be indefinite, as those of saddle points are: pivots of 1 × 1 and 2 × 2 that let no entry of L grow
    /// above 100 (u = 0.01); a column without one waits for the parent in the tree. Nothing is perturbed.
    /// </summary>
    /// <param name="matrix">A, with both triangles. Kept for refinement: the values must not change.</param>
    /// <param name="loop">The threads; the caller's if null.</param>
    /// <exception cref="ArgumentException">A is not symmetric.</exception>
    /// <exception cref="InvalidOperationException">A is singular to rounding: a pivot is rounding alone, or <see cref="EstimateCondition"/> says so.</exception>
    public static SparseLdl Indefinite(CsrMatrix matrix, ChunkedLoop? loop = null) => new(matrix, isPositive: false, loop);

    /// <summary>The number of rows.</summary>
    public int Size => _matrix.RowCount;

    /// <summary>The numbers that the factor takes, zeros within its dense parts included.</summary>
    public long FactorNumbers { get; private set; }

    /// <summary>The number of negative eigenvalues of A, by Sylvester's law of inertia.</summary>
    public int NegativeEigenvalues { get; private set; }

    /// <summary>Solves A x = b, and improves x with its residual while that helps.</summary>
    /// <param name="b">The right-hand side, one number a row.</param>
    /// <param name="x">The solution; overwritten.</param>
    /// <returns>
    /// The backward error max|b − A x| / (‖A‖ max|x| + max|b|), with the largest row sum for the norm: of the size of rounding, whatever
    /// the condition of A.
    /// </returns>
    public double Solve(ReadOnlySpan<double> b, Span<double> x)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(b.Length, Size);
        ArgumentOutOfRangeException.ThrowIfNotEqual(x.Length, Size);
        return _refinement.Solve(b, x);
    }

    /// <summary>
    /// An estimate, from below, of the condition ‖S A S‖₁ ‖(S A S)⁻¹‖₁ of the scaled matrix: its solutions may be off by so many times
    /// 2⁻⁵². After: Higham, ACM Trans. Math. Softw. 14, 381 (1988).
    /// </summary>
    public double EstimateCondition() => ConditionEstimate.Of(_matrix, _scale, _scale, SolveScaled, SolveScaled);

    /// <summary>z = A⁻¹ r by the factor as it is, without refinement.</summary>
    /// <param name="r">One number a row.</param>
    /// <param name="z">Overwritten.</param>
    public void Apply(ReadOnlySpan<double> r, Span<double> z)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(r.Length, Size);
        ArgumentOutOfRangeException.ThrowIfNotEqual(z.Length, Size);
        for (var k = 0; k < Size; k++)
        {
            _work[k] = r[_tree.Order[k]] * _scale[_tree.Order[k]];
        }

        Eliminate();
        for (var k = 0; k < Size; k++)
        {
            z[_tree.Order[k]] = _work[k] * _scale[_tree.Order[k]];
        }
    }

    /// <summary>The fault of a matrix that cannot be told from a singular one.</summary>
    internal static InvalidOperationException SingularToRounding(double condition) => new(FormattableString.Invariant(
        $"The matrix is singular to rounding: its condition is about {condition:0.#e+0} after scaling, and a number has a relative rounding of 2e-16. Is a body left free to move, a constraint given twice, or are stiffnesses too far apart?"));

    private void SolveScaled(double[] x)
    {
        x.CopyTo(_work, 0);
        Eliminate();
        _work.CopyTo(x, 0);
    }

    // L D Lᵀ x = b in _work, by the order of the factor.
    private void Eliminate()
    {
        foreach (var panel in _panels)
        {
            Forward(panel);
        }

        for (var s = _panels.Count - 1; s >= 0; s--)
        {
            Backward(_panels[s]);
        }
    }

    // L y = b, and y = D⁻¹ y of the columns that are done.
    private void Forward(Panel panel)
    {
        var (size, width) = (panel.Index.Length, panel.Diagonal.Length);
        var y = _front.AsSpan(0, size);
        for (var i = 0; i < size; i++)
        {
            y[i] = _work[panel.Index[i]];
        }

        for (var t = 0; t < width; t++)
        {
            var column = panel.Lower.AsSpan(t * size, size);
            var factor = y[t];
            for (var i = t + 1; i < size; i++)
            {
                y[i] -= column[i] * factor;
            }
        }

        for (var t = 0; t < width; t++)
        {
            if (panel.Side[t] == 0)
            {
                y[t] /= panel.Diagonal[t];
                continue;
            }

            var (b, ab, db) = (panel.Side[t], panel.Diagonal[t] / panel.Side[t], panel.Diagonal[t + 1] / panel.Side[t]);
            var factor = 1 / (((ab * db) - 1) * b);
            (y[t], y[t + 1]) = (factor * ((db * y[t]) - y[t + 1]), factor * ((ab * y[t + 1]) - y[t]));
            t++;
        }

        for (var i = 0; i < size; i++)
        {
            _work[panel.Index[i]] = y[i];
        }
    }

    // Lᵀ x = y.
    private void Backward(Panel panel)
    {
        var (size, width) = (panel.Index.Length, panel.Diagonal.Length);
        var x = _front.AsSpan(0, size);
        for (var i = 0; i < size; i++)
        {
            x[i] = _work[panel.Index[i]];
        }

        for (var t = width - 1; t >= 0; t--)
        {
            x[t] -= FixedOrderSum.Dot(panel.Lower.AsSpan((t * size) + t + 1, size - t - 1), x[(t + 1)..]);
        }

        for (var t = 0; t < width; t++)
        {
            _work[panel.Index[t]] = x[t];
        }
    }

    private void Factor(bool isPositive, ChunkedLoop loop)
    {
        var (order, place) = (_tree.Order, EliminationTree.Inverse(_tree.Order));
        var local = new int[Size];
        var nothing = Nothing(isPositive);
        var children = Array.ConvertAll(_tree.Parent, _ => new List<(DenseFront Front, int First)>());
        for (var s = 0; s < _tree.Parent.Length; s++)
        {
            // The rows: what children could not eliminate, the own columns, what is below.
            var waiting = children[s].SelectMany(c => c.Front.Index[c.First..c.Front.Candidates]);
            int[] index = [.. waiting, .. Enumerable.Range(_tree.Start[s], _tree.Start[s + 1] - _tree.Start[s]), .. _tree.Rows[s]];
            for (var i = 0; i < index.Length; i++)
            {
                local[index[i]] = i;
            }

            var front = new DenseFront(index, index.Length - _tree.Rows[s].Length, nothing, isPositive, loop);
            for (var j = _tree.Start[s]; j < _tree.Start[s + 1]; j++)
            {
                var row = order[j];
                for (var k = _matrix.RowStart[row]; k < _matrix.RowStart[row + 1]; k++)
                {
                    var i = place[_matrix.Columns[k]];
                    if (i >= j)
                    {
                        front[local[i], local[j]] = _matrix.Values[k] * _scale[row] * _scale[_matrix.Columns[k]];
                    }
                }
            }

            foreach (var (child, first) in children[s])
            {
                for (var j = first; j < child.Size; j++)
                {
                    var column = child.Column(j);
                    var at = local[child.Index[j]];
                    for (var i = j; i < child.Size; i++)
                    {
                        front[local[child.Index[i]], at] += column[i - j];
                    }
                }
            }

            children[s].Clear();
            var parent = _tree.Parent[s];
            var bad = front.Factor(all: parent < 0);
            if (bad >= 0)
            {
                throw new InvalidOperationException(isPositive
                    ? $"The matrix is not positive definite: row {order[bad]} has no positive pivot beyond rounding. Is a body left free to move, or a stiffness negative?"
                    : $"The matrix is singular: nothing is left to eliminate row {order[bad]} with. Is a body left free to move, or a constraint given twice?");
            }

            Keep(front);
            if (parent >= 0)
            {
                children[parent].Add((front, front.Eliminated));
            }
        }
    }

    // (n + 100) ε max_i |a_ij| of the scaled matrix: up to there a pivot is what rounding left, ten times as much where entries of L may
    // grow to 100 and roundings with them. Of a positive definite matrix the diagonal is what
    // pivots are taken from, whatever the units. After: Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed. (2002), section 10.3.
    private double[] Nothing(bool isPositive)
    {
        var nothing = new double[Size];
        var most = (isPositive ? 1 : 10) * Refinement.Roundings(Size);
        for (var j = 0; j < Size; j++)
        {
            var row = _tree.Order[j];
            for (var k = _matrix.RowStart[row]; k < _matrix.RowStart[row + 1]; k++)
            {
                var column = _matrix.Columns[k];
                if (!isPositive || column == row)
                {
                    nothing[j] = Math.Max(nothing[j], most * Math.Abs(_matrix.Values[k] * _scale[row] * _scale[column]));
                }
            }
        }

        return nothing;
    }

    private void Keep(DenseFront front)
    {
        var (size, width) = (front.Size, front.Eliminated);
        if (width == 0)
        {
            return;
        }

        var lower = new double[size * width];
        for (var t = 0; t < width; t++)
        {
            front.Column(t).CopyTo(lower.AsSpan((t * size) + t));
            if (front.Side[t] == 0)
            {
                NegativeEigenvalues += front.Diagonal[t] < 0 && (t == 0 || front.Side[t - 1] == 0) ? 1 : 0;
            }
            else
            {
                // One of each sign where the determinant is negative, and else both of one.
                var determinant = (front.Diagonal[t] / front.Side[t] * (front.Diagonal[t + 1] / front.Side[t])) - 1;
                NegativeEigenvalues += determinant < 0 ? 1 : front.Diagonal[t] < 0 ? 2 : 0;
            }
        }

        FactorNumbers += lower.Length;
        _panels.Add(new([.. front.Index], front.Diagonal[..width], front.Side[..width], lower));
    }

    private static void RequireSymmetry(CsrMatrix matrix)
    {
        for (var i = 0; i < matrix.RowCount; i++)
        {
            for (var k = matrix.RowStart[i]; k < matrix.RowStart[i + 1]; k++)
            {
                var (j, value) = (matrix.Columns[k], matrix.Values[k]);
                if (!double.IsFinite(value))
                {
                    throw new ArgumentException(FormattableString.Invariant($"Entry ({i}, {j}) is {value}; a matrix to factor is finite."), nameof(matrix));
                }

                // Assembly rounds the mirrored entries apart: by as much as the larger of the two diagonals' roundings.
                var mirrored = j == i ? value : matrix[j, i];
                if (Math.Abs(value - mirrored) > 1e-8 * Math.Max(Math.Abs(value), Math.Abs(mirrored)) && Math.Abs(value - mirrored) > 1e-12 * Math.Sqrt(Math.Abs(matrix[i, i] * matrix[j, j])))
                {
                    throw new ArgumentException(
                        FormattableString.Invariant($"Entry ({i}, {j}) is {value} and entry ({j}, {i}) is {mirrored}; a symmetric matrix has them equal. SparseLu takes any matrix."), nameof(matrix));
                }
            }
        }
    }

    // s_i /= √max_j |s_i a_ij s_j|, thrice, rounded to powers of two.
    private static double[] ScalesOf(CsrMatrix matrix)
    {
        var scale = new double[matrix.RowCount];
        Array.Fill(scale, 1.0);
        var most = new double[scale.Length];
        for (var pass = 0; pass < 3; pass++)
        {
            for (var i = 0; i < scale.Length; i++)
            {
                most[i] = 0;
                for (var k = matrix.RowStart[i]; k < matrix.RowStart[i + 1]; k++)
                {
                    most[i] = Math.Max(most[i], Math.Abs(scale[i] * matrix.Values[k] * scale[matrix.Columns[k]]));
                }
            }

            for (var i = 0; i < scale.Length; i++)
            {
                scale[i] /= most[i] > 0 ? Math.Sqrt(most[i]) : 1;
            }
        }

        return Array.ConvertAll(scale, s => Math.ScaleB(1, Math.ILogB(s)));
    }

    /// <summary>Columns of L with their part of D: Lower is column by column, Index says where its rows are.</summary>
    private sealed record Panel(int[] Index, double[] Diagonal, double[] Side, double[] Lower);
}

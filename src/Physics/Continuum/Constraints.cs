using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Numerics.Sparse;

namespace ActorMultiscale.Physics.Continuum;

/// <summary>
/// Affine constraints on the dofs of a system, u_i = Σ c_j u_j + b: given values (no terms), periodic images, hanging nodes. Terms may be constrained
/// themselves, but not by way of u_i.
/// </summary>
/// <param name="dofCount">The number of dofs.</param>
public sealed class Constraints(int dofCount)
{
    private readonly List<Line> _lines = [];                // In the order in which they were given.
    private readonly int[] _lineOf = new int[dofCount];     // 1 + the line of a dof, 0 for none.
    private AffineMap? _map;        // Until the next constraint.

    /// <summary>The number of dofs.</summary>
    public int DofCount { get; } = dofCount;

    /// <summary>The number of dofs that are constrained.</summary>
    public int Count => _lines.Count;

    /// <summary>Whether a dof is constrained.</summary>
    public bool Contains(int dof) => (uint)dof < (uint)_lineOf.Length && _lineOf[dof] > 0;

    /// <summary>u = value. A dof may be given the same value twice, as at corners.</summary>
    /// <exception cref="ScaleModelException">The dof has another value or is tied.</exception>
    public Constraints Fix(int dof, double value)
    {
        if (Contains(dof) && LineOf(dof) is { Terms.Length: 0 } line && line.Offset == value)
        {
            return this;
        }

        return Tie(dof, [], value);
    }

    /// <summary>u = value for one component at some nodes.</summary>
    /// <param name="basis">The functions.</param>
    /// <param name="nodes">The nodes.</param>
    /// <param name="component">The component.</param>
    /// <param name="value">The value at all of them.</param>
    public Constraints Fix(Basis basis, IEnumerable<int> nodes, int component, double value)
    {
        ArgumentNullException.ThrowIfNull(basis);
        ArgumentNullException.ThrowIfNull(nodes);
        foreach (var node in nodes)
        {
            Fix(basis.Dof(node, component), value);
        }

        return this;
    }

    /// <summary>u = g(x) for a scalar field at some nodes.</summary>
    /// <param name="basis">The functions.</param>
    /// <param name="nodes">The nodes.</param>
    /// <param name="value">g.</param>
    public Constraints Fix(Basis basis, IEnumerable<int> nodes, Func<Vec3, double> value)
    {
        ArgumentNullException.ThrowIfNull(basis);
        ArgumentNullException.ThrowIfNull(nodes);
        ArgumentNullException.ThrowIfNull(value);
        foreach (var node in nodes)
        {
            Fix(basis.Dof(node), value(basis.Nodes[node]));
        }

        return this;
    }

    /// <summary>u = g(x) for all components at some nodes.</summary>
    /// <param name="basis">The functions.</param>
    /// <param name="nodes">The nodes.</param>
    /// <param name="value">g.</param>
    public Constraints Fix(Basis basis, IEnumerable<int> nodes, Func<Vec3, Vec3> value)
    {
        ArgumentNullException.ThrowIfNull(basis);
        ArgumentNullException.ThrowIfNull(nodes);
        ArgumentNullException.ThrowIfNull(value);
        foreach (var node in nodes)
        {
            var given = value(basis.Nodes[node]);
            for (var c = 0; c < basis.Components; c++)
            {
                Fix(basis.Dof(node, c), given[c]);
            }
        }

        return this;
    }

    /// <summary>The constraints of several fields as those of one vector, in which the dofs of the fields stand one after another.</summary>
    /// <param name="fields">The constraints of each field.</param>
    public static Constraints Join(params ReadOnlySpan<Constraints> fields)
    {
        var count = 0;
        foreach (var field in fields)
        {
            count += field.DofCount;
        }

        var (joined, first) = (new Constraints(count), 0);
        foreach (var field in fields)
        {
            foreach (var (dof, terms, offset) in field._lines)
            {
                joined.Add(new(first + dof, Array.ConvertAll(terms, t => (first + t.Dof, t.Factor)), offset));
            }

            first += field.DofCount;
        }

        return joined;
    }

    /// <summary>u_i = Σ c_j u_j + b.</summary>
    /// <param name="dof">i.</param>
    /// <param name="terms">j and c_j.</param>
    /// <param name="offset">b.</param>
    /// <exception cref="ScaleModelException">The dof is constrained already, there is no such dof, or a number is not finite.</exception>
    public Constraints Tie(int dof, ReadOnlySpan<(int Dof, double Factor)> terms, double offset = 0)
    {
        RequireDof(dof);
        foreach (var (j, c) in terms)
        {
            RequireDof(j);
            if (!double.IsFinite(c) || j == dof)
            {
                throw new ScaleModelException(string.Create(CultureInfo.InvariantCulture, $"The constraint of dof {dof} has the term {c}·u_{j}; factors are finite, and no dof depends on itself."));
            }
        }

        if (!double.IsFinite(offset))
        {
            throw new ScaleModelException(string.Create(CultureInfo.InvariantCulture, $"The constraint of dof {dof} has the value {offset}, which is not finite."));
        }

        Line line = new(dof, terms.ToArray(), offset);
        if (Contains(dof))
        {
            throw new ScaleModelException(string.Create(CultureInfo.InvariantCulture, $"Dof {dof} is constrained twice: {Text(LineOf(dof))} and {Text(line)}. A dof has one constraint."));
        }

        Add(line);
        return this;
    }

    /// <summary>The same for terms that are known to be right, which are kept and not copied, of a dof that has no constraint.</summary>
    internal void TieKnown(int dof, (int Dof, double Factor)[] terms) => Add(new(dof, terms, 0));

    /// <summary>
    /// The system of the dofs that are left: with u = C x + b, (CᵀK C) x = Cᵀ(f − K b).
    /// </summary>
    /// <param name="matrix">K, square.</param>
    /// <param name="right">f.</param>
    /// <param name="loop">The threads; one if null.</param>
    /// <exception cref="ScaleModelException">Constraints depend on each other in a circle.</exception>
    public CondensedSystem Condense(CsrMatrix matrix, ReadOnlySpan<double> right, ChunkedLoop? loop = null)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        ArgumentOutOfRangeException.ThrowIfNotEqual(matrix.RowCount, DofCount, nameof(matrix));
        ArgumentOutOfRangeException.ThrowIfNotEqual(matrix.ColumnCount, DofCount, nameof(matrix));
        ArgumentOutOfRangeException.ThrowIfNotEqual(right.Length, DofCount, nameof(right));
        return Condense(matrix, right, Map().Offsets, loop ?? ChunkedLoop.Serial);
    }

    /// <summary>
    /// The same by whole blocks: all dofs stay, and what is constrained keeps its diagonal K_ii alone, with 0 on the right. With C x for the free dofs and b,
    /// A = CᵀK C + diag(K_ii of constrained i), y = Cᵀ(f − K b), u = C x + b.
    /// </summary>
    /// <param name="matrix">K, square.</param>
    /// <param name="right">f.</param>
    /// <param name="loop">The threads; one if null.</param>
    /// <exception cref="ScaleModelException">Constraints depend on each other in a circle, or the diagonal of one is not positive.</exception>
    public BlockSystem CondenseBlocks(BcsrMatrix matrix, ReadOnlySpan<double> right, ChunkedLoop? loop = null)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        ArgumentOutOfRangeException.ThrowIfNotEqual(matrix.RowCount, DofCount, nameof(matrix));
        ArgumentOutOfRangeException.ThrowIfNotEqual(matrix.ColumnCount, DofCount, nameof(matrix));
        ArgumentOutOfRangeException.ThrowIfNotEqual(right.Length, DofCount, nameof(right));
        loop ??= ChunkedLoop.Serial;
        var isGiven = new bool[DofCount];
        for (var dof = 0; dof < DofCount; dof++)
        {
            isGiven[dof] = _lineOf[dof] > 0;
            if (isGiven[dof] && !(matrix[dof, dof] > 0))
            {
                throw new ScaleModelException(FormattableString.Invariant($"Dof {dof} is constrained, and its diagonal entry is {matrix[dof, dof]}; it has to be positive. Does the form cover all cells?"));
            }
        }

        var (map, offsets) = KeptDirections();
        var y = new double[DofCount];
        matrix.On(loop).Multiply(offsets, y);
        for (var i = 0; i < y.Length; i++)
        {
            y[i] = right[i] - y[i];
        }

        if (_lines.TrueForAll(l => l.Terms.Length == 0))
        {
            for (var i = 0; i < y.Length; i++)
            {
                y[i] = isGiven[i] ? 0 : y[i];
            }

            return new(matrix.Masked(isGiven, loop), y, map, offsets);
        }

        var reduced = new double[DofCount];
        map.TransposeMultiply(y, reduced);
        return new(NodeTies(matrix.BlockSize) is { } ties ? TiedBlocks.Condense(matrix, ties, isGiven, loop) : ByRows(matrix, map, isGiven, loop), reduced, map, offsets);
    }

    // The ties as a map between nodes, where all dofs of a tied node are tied alike to their own component; else null. Given values are no part of it.
    private CsrMatrix? NodeTies(int components)
    {
        var nodes = new Constraints(DofCount / components);
        foreach (var (dof, terms, _) in _lines)
        {
            var (node, component) = Math.DivRem(dof, components);
            if (terms.Length == 0)
            {
                continue;
            }

            var ofNode = components == 1 ? terms : Array.ConvertAll(terms, t => (Dof: t.Dof / components, t.Factor));
            for (var c = 0; c < components && components > 1; c++)
            {
                var (other, shift) = ((components * node) + c, c);
                if (!Contains(other) || !LineOf(other).Terms.AsSpan().SequenceEqual(Array.ConvertAll(ofNode, t => ((components * t.Dof) + shift, t.Factor))))
                {
                    return null;
                }
            }

            if (component == 0)
            {
                nodes.TieKnown(node, ofNode);
            }
        }

        return nodes.KeptDirections().Map;
    }

    private static BcsrMatrix ByRows(BcsrMatrix matrix, CsrMatrix map, bool[] isGiven, ChunkedLoop loop)
    {
        var count = isGiven.Length;
        var (start, columns, values) = (new int[count + 1], new List<int>(), new List<double>());
        var inner = Triple(map.Transposed(), matrix.ToCsr(), map, loop);
        for (var i = 0; i < count; i++)
        {
            var (from, length) = (inner.RowStart[i], inner.RowStart[i + 1] - inner.RowStart[i]);
            columns.AddRange(isGiven[i] ? [i] : inner.Columns.Slice(from, length));
            values.AddRange(isGiven[i] ? [matrix[i, i]] : inner.Values.Slice(from, length));
            start[i + 1] = columns.Count;
        }

        return BcsrMatrix.FromCsr(new CsrMatrix(count, start, [.. columns], [.. values]), matrix.BlockSize, loop);
    }

    /// <summary>The system of a step from u: K du = f with the constraints on u + du.</summary>
    internal CondensedSystem CondenseStep(CsrMatrix matrix, ReadOnlySpan<double> right, ReadOnlySpan<double> u, ChunkedLoop loop) => Condense(matrix, right, Gaps(u), loop);

    /// <summary>The largest |C x + b − u| with x from u: 0 if u fulfills the constraints.</summary>
    internal double Gap(ReadOnlySpan<double> u) => Gaps(u).Max(Math.Abs);

    /// <summary>C, of which rates and changes are multiples: du = C dx.</summary>
    internal CsrMatrix Directions() => Map().Directions;

    /// <summary>u with its constrained dofs set to what the free ones say; what they were is not read.</summary>
    internal double[] Fulfilled(ReadOnlySpan<double> u)
    {
        var (map, offsets, _) = Map();
        var (free, count) = (new double[map.ColumnCount], 0);
        for (var i = 0; i < u.Length; i++)
        {
            if (_lineOf[i] == 0)
            {
                free[count++] = u[i];
            }
        }

        return CondensedSystem.Expand(map, offsets, free);
    }

    /// <summary>The matrix of changes, CᵀK C.</summary>
    internal static CsrMatrix Reduced(CsrMatrix matrix, CsrMatrix directions) => Triple(directions.Transposed(), matrix, directions, ChunkedLoop.Serial);

    /// <summary>The same constraints without their values, u_i = Σ c_j u_j, which differences and rates of fields with constant values obey.</summary>
    internal Constraints WithoutValues()
    {
        var result = new Constraints(DofCount);
        foreach (var line in _lines)
        {
            result.Add(line with { Offset = 0 });
        }

        return result;
    }

    /// <summary>The value that is given of a dof which is constrained without terms.</summary>
    internal double Value(int dof) => LineOf(dof).Offset;

    /// <summary>Throws if other constraints are not these with other values.</summary>
    /// <param name="other">The other ones.</param>
    /// <param name="time">When these others hold, s, for the message.</param>
    /// <exception cref="ScaleModelException">Other dofs are constrained, or with other factors.</exception>
    internal void RequireLike(Constraints other, double time)
    {
        var fault = DofCount != other.DofCount ? $"they are of {other.DofCount} dofs instead of {DofCount}"
            : Count != other.Count ? $"{other.Count} dofs are constrained instead of {Count}"
            : null;
        if (fault is null)
        {
            var unlike = _lines.Where(line => !other.Contains(line.Dof) || !line.Terms.AsSpan().SequenceEqual(other.LineOf(line.Dof).Terms)).Select(line => (int?)line.Dof).Min();
            fault = unlike is null ? null : $"that of dof {unlike} differs";
        }

        if (fault is not null)
        {
            throw new ScaleModelException(FormattableString.Invariant(
                $"The constraints at t = {time} s are not those of the beginning with other values: {fault}. Which dofs are constrained, and by which terms, stays; values may change."));
        }
    }

    /// <summary>C with a column for each dof, zero for those that are constrained, and b: u = C x + b.</summary>
    internal (CsrMatrix Map, double[] Offsets) KeptDirections() => Resolved(keep: true);

    /// <summary>The matrix between the changes of two fields, Dᵀ K C.</summary>
    internal static CsrMatrix Between(CsrMatrix rows, CsrMatrix matrix, CsrMatrix columns, ChunkedLoop loop) => Triple(rows.Transposed(), matrix, columns, loop);

    /// <summary>‖Cᵀ r‖.</summary>
    internal double FreeNorm(ReadOnlySpan<double> r)
    {
        var map = Directions();
        var free = new double[map.ColumnCount];
        map.TransposeMultiply(r, free);
        return FixedOrderSum.Norm(free);
    }

    /// <summary>C x + b − u with x from u: what constrained dofs lack, zero for those that are free.</summary>
    internal double[] Gaps(ReadOnlySpan<double> u)
    {
        var (map, offsets, _) = Map();
        List<double> x = [];
        for (var i = 0; i < u.Length; i++)
        {
            if (_lineOf[i] == 0)
            {
                x.Add(u[i]);
            }
        }

        var gaps = new double[u.Length];
        map.Multiply(x.ToArray(), gaps);
        for (var i = 0; i < u.Length; i++)
        {
            gaps[i] = offsets[i] + (gaps[i] - u[i]);
        }

        return gaps;
    }

    private CondensedSystem Condense(CsrMatrix matrix, ReadOnlySpan<double> right, double[] offsets, ChunkedLoop loop)
    {
        var (map, _, back) = Map();
        var condensed = Triple(back, matrix, map, loop);
        var moved = new double[DofCount];
        matrix.On(loop).Multiply(offsets, moved);
        for (var i = 0; i < moved.Length; i++)
        {
            moved[i] = right[i] - moved[i];
        }

        var reduced = new double[map.ColumnCount];
        back.On(loop).Multiply(moved, reduced);
        var isGiven = new bool[DofCount];
        foreach (var line in _lines)
        {
            isGiven[line.Dof] = true;
        }

        return new(condensed, reduced, map, offsets, [.. Enumerable.Range(0, DofCount).Where(i => !isGiven[i])]);
    }

    /// <summary>Solves K u = f under the constraints.</summary>
    /// <param name="matrix">K, positive definite where the constraints leave dofs free.</param>
    /// <param name="right">f.</param>
    /// <param name="solve">Solves A x = y; if null a factorization of up to <see cref="FactorOrIterate.BesideOthers"/> unknowns, and conjugate gradients with SSOR to 1e-12 of more.</param>
    /// <exception cref="ScaleModelException">The matrix has no inverse, as that of a body that floats, or rounding keeps conjugate gradients from getting there.</exception>
    /// <returns>u, one number a dof.</returns>
    public double[] Solve(CsrMatrix matrix, ReadOnlySpan<double> right, Func<CsrMatrix, double[], double[]>? solve = null)
    {
        var system = Condense(matrix, right);
        return system.Expand(system.Right.Length == 0 ? [] : Solving.Of(() => (solve ?? Default)(system.Matrix, system.Right)));
    }

    private static double[] Default(CsrMatrix matrix, double[] right)
    {
        if (right.Length <= FactorOrIterate.BesideOthers)
        {
            return FactorOrIterate.Factored(matrix)(right);
        }

        var x = new double[right.Length];
        ConjugateGradient.Solve(matrix, right, x, new SsorPreconditioner(matrix));
        return x;
    }

    // C, b and Cᵀ, with a column of C for each free dof. Of threads that ask at once each makes the same one.
    private AffineMap Map()
    {
        if (_map is { } known)
        {
            return known;
        }

        var (directions, offsets) = Resolved(keep: false);
        return _map = new(directions, offsets, directions.Transposed());
    }

    private sealed record AffineMap(CsrMatrix Directions, double[] Offsets, CsrMatrix Back);

    // C and b. Constraints are followed down to dofs that are free. C has a column a free dof, or if kept one a dof.
    private (CsrMatrix Map, double[] Offsets) Resolved(bool keep)
    {
        var free = new int[DofCount];
        var count = 0;
        for (var i = 0; i < DofCount; i++)
        {
            free[i] = _lineOf[i] > 0 ? -1 : keep ? i : count++;
        }

        count = keep ? DofCount : count;

        // By lines. A chain may be long, so what waits stands on a list instead of the stack of the thread. A line is begun, waits for its terms, and is summed.
        var (isBegun, resolved) = (new bool[_lines.Count], new Line?[_lines.Count]);
        Stack<int> waiting = [];
        Line Resolve(int line)
        {
            waiting.Push(line);
            while (waiting.TryPeek(out var i))
            {
                if (!isBegun[i])
                {
                    isBegun[i] = true;
                    foreach (var (j, _) in _lines[i].Terms)
                    {
                        if (free[j] >= 0)
                        {
                            continue;
                        }

                        if (!isBegun[_lineOf[j] - 1])
                        {
                            waiting.Push(_lineOf[j] - 1);
                        }
                        else if (resolved[_lineOf[j] - 1] is null)
                        {
                            throw new ScaleModelException($"The constraint of dof {j} depends on dof {j}, by way of others. A chain of constraints ends at free dofs.");
                        }
                    }

                    continue;
                }

                // It is known already if two lines waited for it.
                resolved[i] ??= Summed(i);
                waiting.Pop();
            }

            return resolved[line]!.Value;
        }

        // By rising dof; the factors of one dof are summed in the order of the terms.
        List<(int Dof, double Factor)> sum = [];
        Line Summed(int line)
        {
            var (dof, terms, offset) = _lines[line];
            if (terms.Length == 0)
            {
                return _lines[line];
            }

            sum.Clear();
            foreach (var (j, c) in terms)
            {
                if (free[j] >= 0)
                {
                    Add(free[j], c);
                    continue;
                }

                var inner = resolved[_lineOf[j] - 1]!.Value;
                offset += c * inner.Offset;
                foreach (var (column, factor) in inner.Terms)
                {
                    Add(column, c * factor);
                }
            }

            return new(dof, [.. sum], offset);
        }

        void Add(int column, double factor)
        {
            var at = sum.Count;
            while (at > 0 && sum[at - 1].Dof > column)
            {
                at--;
            }

            if (at > 0 && sum[at - 1].Dof == column)
            {
                sum[at - 1] = (column, sum[at - 1].Factor + factor);
            }
            else
            {
                sum.Insert(at, (column, factor));
            }
        }

        var offsets = new double[DofCount];
        var start = new int[DofCount + 1];
        for (var i = 0; i < DofCount; i++)
        {
            if (free[i] < 0)
            {
                offsets[i] = Resolve(_lineOf[i] - 1).Offset;
            }

            start[i + 1] = start[i] + (free[i] >= 0 ? 1 : resolved[_lineOf[i] - 1]!.Value.Terms.Length);
        }

        var (columns, values) = (new int[start[^1]], new double[start[^1]]);
        for (var i = 0; i < DofCount; i++)
        {
            if (free[i] >= 0)
            {
                (columns[start[i]], values[start[i]]) = (free[i], 1);
                continue;
            }

            foreach (var (k, (column, factor)) in resolved[_lineOf[i] - 1]!.Value.Terms.Index())
            {
                (columns[start[i] + k], values[start[i] + k]) = (column, factor);
            }
        }

        return (new CsrMatrix(count, start, columns, values), offsets);
    }

    // Cᵀ K C row by row; the numbers of one place are summed in the order of K's rows and columns. After: Gustavson, ACM Trans. Math. Softw. 4 (1978) 250.
    private static CsrMatrix Triple(CsrMatrix back, CsrMatrix matrix, CsrMatrix map, ChunkedLoop loop)
    {
        const int chunk = 4096;
        var rows = back.RowCount;
        var start = new int[rows + 1];

        // Arrays of −1, one a column, which chunks hand on to each other: to clear one for each chunk would take time with the square of the rows.
        ConcurrentBag<int[]> idle = [];
        int[] Rent()
        {
            if (!idle.TryTake(out var array))
            {
                array = new int[map.ColumnCount];
                Array.Fill(array, -1);
            }

            return array;
        }

        loop.Run(rows, chunk, (_, first, last) =>
        {
            var seen = Rent();
            var found = new List<int>();
            for (var row = first; row < last; row++)
            {
                for (var k = back.RowStart[row]; k < back.RowStart[row + 1]; k++)
                {
                    var i = back.Columns[k];
                    foreach (var j in matrix.Columns[matrix.RowStart[i]..matrix.RowStart[i + 1]])
                    {
                        for (var s = map.RowStart[j]; s < map.RowStart[j + 1]; s++)
                        {
                            if (seen[map.Columns[s]] < 0)
                            {
                                seen[map.Columns[s]] = row;
                                found.Add(map.Columns[s]);
                            }
                        }
                    }
                }

                start[row + 1] = found.Count;
                foreach (var column in found)
                {
                    seen[column] = -1;
                }

                found.Clear();
            }

            idle.Add(seen);
        });
        for (var row = 0; row < rows; row++)
        {
            start[row + 1] = (int)Math.Min((long)start[row] + start[row + 1], int.MaxValue);
        }

        if (start[^1] > Array.MaxLength)
        {
            throw new ScaleModelException($"The system without its constraints has {rows} rows and more than {Array.MaxLength} entries; a matrix has at most so many. Does one dof bear the ties of many others?");
        }

        var (columns, values) = (new int[start[^1]], new double[start[^1]]);
        loop.Run(rows, chunk, (_, first, last) =>
        {
            var place = Rent();
            for (var row = first; row < last; row++)
            {
                var end = start[row];
                var rising = true;
                for (var k = back.RowStart[row]; k < back.RowStart[row + 1]; k++)
                {
                    var (i, factor) = (back.Columns[k], back.Values[k]);
                    for (var e = matrix.RowStart[i]; e < matrix.RowStart[i + 1]; e++)
                    {
                        var (j, entry) = (matrix.Columns[e], factor * matrix.Values[e]);
                        for (var s = map.RowStart[j]; s < map.RowStart[j + 1]; s++)
                        {
                            var column = map.Columns[s];
                            if (place[column] < 0)
                            {
                                rising &= end == start[row] || columns[end - 1] < column;
                                (columns[end], place[column]) = (column, end++);
                            }

                            values[place[column]] += entry * map.Values[s];
                        }
                    }
                }

                foreach (var column in columns.AsSpan(start[row], end - start[row]))
                {
                    place[column] = -1;
                }

                if (!rising)
                {
                    Array.Sort(columns, values, start[row], end - start[row]);
                }
            }

            idle.Add(place);
        });
        return new(map.ColumnCount, start, columns, values);
    }

    private void RequireDof(int dof)
    {
        if (dof < 0 || dof >= DofCount)
        {
            throw new ScaleModelException($"There is no dof {dof}; dofs are 0 to {DofCount - 1}.");
        }
    }

    private Line LineOf(int dof) => _lines[_lineOf[dof] - 1];

    private void Add(Line line)
    {
        _map = null;
        _lines.Add(line);
        _lineOf[line.Dof] = _lines.Count;
    }

    private readonly record struct Line(int Dof, (int Dof, double Factor)[] Terms, double Offset);

    private static string Text(Line line) =>
        string.Join(" + ", line.Terms.Select(t => FormattableString.Invariant($"{t.Factor}·u_{t.Dof}")).Append(line.Offset.ToString(CultureInfo.InvariantCulture)));
}

/// <summary>A system freed from its constraints: A x = y, u = C x + b.</summary>
public sealed class CondensedSystem
{
    private readonly CsrMatrix _map;
    private readonly double[] _offsets;

    internal CondensedSystem(CsrMatrix matrix, double[] right, CsrMatrix map, double[] offsets, ImmutableArray<int> freeDofs) =>
        (Matrix, Right, _map, _offsets, FreeDofs) = (matrix, right, map, offsets, freeDofs);

    /// <summary>Which dof of u each number of x is, by rising number.</summary>
    public ImmutableArray<int> FreeDofs { get; }

    /// <summary>A = CᵀK C.</summary>
    public CsrMatrix Matrix { get; }

    /// <summary>y = Cᵀ(f − K b).</summary>
    public double[] Right { get; }

    /// <summary>u = C x + b.</summary>
    /// <param name="x">The free dofs.</param>
    public double[] Expand(ReadOnlySpan<double> x) => Expand(_map, _offsets, x);

    internal static double[] Expand(CsrMatrix map, double[] offsets, ReadOnlySpan<double> x)
    {
        var u = new double[offsets.Length];
        map.Multiply(x, u);
        for (var i = 0; i < u.Length; i++)
        {
            u[i] += offsets[i];
        }

        return u;
    }
}

/// <summary>A system freed from its constraints that has kept its blocks: A x = y, u = C x + b.</summary>
public sealed class BlockSystem
{
    private readonly CsrMatrix _map;
    private readonly double[] _offsets;

    internal BlockSystem(BcsrMatrix matrix, double[] right, CsrMatrix map, double[] offsets) => (Matrix, Right, _map, _offsets) = (matrix, right, map, offsets);

    /// <summary>Whether a dof is constrained: it does not stand for itself.</summary>
    internal bool IsConstrained(int dof) => !(_map.RowStart[dof + 1] - _map.RowStart[dof] == 1 && _map.Columns[_map.RowStart[dof]] == dof);

    /// <summary>A.</summary>
    public BcsrMatrix Matrix { get; }

    /// <summary>y.</summary>
    public double[] Right { get; }

    /// <summary>u = C x + b.</summary>
    /// <param name="x">One number a dof; those of constrained dofs are not read.</param>
    public double[] Expand(ReadOnlySpan<double> x) => CondensedSystem.Expand(_map, _offsets, x);
}

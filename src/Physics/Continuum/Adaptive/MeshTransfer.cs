using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using ActorMultiscale.Physics.Adaptivity;
using ActorMultiscale.Physics.Continuum.Assembling;
using ActorMultiscale.Physics.Continuum.Elements;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Continuum.Adaptive;

/// <summary>
/// Takes fields from one adaptive mesh to another with the same roots, however far apart the two are: nodal values, densities of cells, and what is known at
/// quadrature points. Found by one walk along both forests.
/// </summary>
/// <remarks>
/// Each cell of the one mesh lies in a cell of the other, or holds a run of them; places go from cell to cell by whole numbers on the lattice of the root, so no search
/// in space and no round-off decides which cell a node belongs to.
/// </remarks>
public sealed class MeshTransfer
{
    private readonly int[] _first;      // Of the old cells that meet new cell c; those up to _last do.
    private readonly int[] _last;

    /// <summary>From one mesh to another.</summary>
    /// <param name="from">The old mesh.</param>
    /// <param name="to">The new mesh.</param>
    /// <exception cref="ScaleModelException">They do not grow from the same roots.</exception>
    public MeshTransfer(AdaptiveMesh from, AdaptiveMesh to)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(to);
        if (!ReferenceEquals(from.Coarse, to.Coarse) && from.Coarse.Fingerprint != to.Coarse.Fingerprint)
        {
            throw new ScaleModelException("The two meshes do not grow from the same root cells; a transfer needs that.");
        }

        (From, To) = (from, to);
        (_first, _last) = (new int[to.Forest.Count], new int[to.Forest.Count]);
        var n = 0;
        for (var c = 0; c < _first.Length; c++)
        {
            // The old leaf where the new one begins, and those behind it up to where the new one ends.
            while (n + 1 < from.Forest.Count && Begin(from, n + 1) <= Begin(to, c))
            {
                n++;
            }

            _first[c] = n;
            while (n + 1 < from.Forest.Count && (c + 1 == _first.Length || Begin(from, n + 1) < Begin(to, c + 1)))
            {
                n++;
            }

            _last[c] = n;
        }
    }

    /// <summary>The old mesh.</summary>
    public AdaptiveMesh From { get; }

    /// <summary>The new mesh.</summary>
    public AdaptiveMesh To { get; }

    /// <summary>
    /// The field with the old field's values at the new nodes, where constraints then hold too: the matrix from old dofs of one component to new ones. Exact where
    /// cells are only cut, for elements of the same degree; cut and merged again, dofs come back to the bit.
    /// </summary>
    /// <param name="from">The old functions.</param>
    /// <param name="to">The new functions, of the same number of components.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public CsrMatrix Interpolation(Basis from, Basis to)
    {
        Require(from, to);
        var shape = From.Mesh.Blocks[0].Shape;
        var (places, kept) = (Lagrange.Of(shape, to.Degree).Nodes, new KeptValues(Lagrange.Of(shape, from.Degree)));
        var start = new int[to.NodeCount + 1];
        var (rowCell, rowPlace) = (new int[to.NodeCount], new int[to.NodeCount]);
        Array.Fill(rowCell, -1);
        for (var c = 0; c < To.Forest.Count; c++)
        {
            var nodes = to.CellNodes(c);
            var child = _first[c] == _last[c] ? kept.Child(To.Forest, c, From.Forest, _first[c], places) : -1;
            for (var a = 0; a < nodes.Length; a++)
            {
                ref var cell = ref rowCell[nodes[a]];
                if (cell >= 0)
                {
                    continue;
                }

                (cell, rowPlace[nodes[a]]) = child >= 0 ? (_first[c], child + a) : Search(c, To.Lattice(c, places[a]), kept);
                start[nodes[a] + 1] = kept.Of(rowPlace[nodes[a]]).Length;
            }
        }

        for (var n = 0; n < to.NodeCount; n++)
        {
            start[n + 1] += start[n];
        }

        var (columns, weights) = (new int[start[^1]], new double[start[^1]]);
        for (var n = 0; n < to.NodeCount; n++)
        {
            // By rising column, by insertion: a row has few.
            var of = from.CellNodes(rowCell[n]);
            var count = start[n];
            foreach (var (node, value) in kept.Of(rowPlace[n]))
            {
                var (column, at) = (of[node], count++);
                for (; at > start[n] && columns[at - 1] > column; at--)
                {
                    (columns[at], weights[at]) = (columns[at - 1], weights[at - 1]);
                }

                (columns[at], weights[at]) = (column, value);
            }
        }

        return new(from.NodeCount, start, columns, weights);
    }

    // Of the old cells that meet a new one, the first that has a place; a place on the boundary of a cell may lie in others just as well.
    private (int Cell, int Place) Search(int c, LatticePoint at, KeptValues kept)
    {
        for (var n = _first[c]; n < _last[c]; n++)
        {
            if (From.Local(n, at) is var local && Inside(local))
            {
                return (n, kept.Add(local));
            }
        }

        return (_last[c], kept.Add(From.Local(_last[c], at)));
    }

    /// <summary>The functions of an element that are not zero, at places to which numbers are given: those of the nodes of its parts, and others one by one.</summary>
    private sealed class KeptValues(ReferenceElement element)
    {
        private const int MostLevels = 5;
        private readonly List<(int Node, double Value)> _values = [];
        private readonly List<int> _start = [0];
        private readonly int[]?[] _children = new int[]?[MostLevels];     // By levels, and by which part it is: the number of its first node; −1 as long as there is none.
        private readonly (double[] Values, Vec3[] Gradients) _scratch = (new double[element.Nodes.Length], new Vec3[element.Nodes.Length]);

        public ReadOnlySpan<(int Node, double Value)> Of(int place) =>
            System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_values)[_start[place].._start[place + 1]];

        public int Add(Vec3 local)
        {
            element.Evaluate(local, _scratch.Values, _scratch.Gradients);
            foreach (var (node, value) in _scratch.Values.Index())
            {
                if (value != 0)
                {
                    _values.Add((node, value));
                }
            }

            _start.Add(_values.Count);
            return _start.Count - 2;
        }

        /// <summary>The number of the first node of a leaf that is a part of a leaf of another forest, whose nodes come one after another; −1 if it is a part of many levels, or none.</summary>
        public int Child(TreeForest fine, int leaf, TreeForest coarse, int of, ImmutableArray<Vec3> nodes)
        {
            var levels = fine.LevelOf(leaf) - coarse.LevelOf(of);
            if (levels is < 0 or >= MostLevels)
            {
                return -1;
            }

            var d = fine.Dimension;
            var part = (int)(((fine.Codes[leaf] >> 5) - (coarse.Codes[of] >> 5)) >> (d * (fine.Roots.MaxLevel - fine.LevelOf(leaf))));
            if (_children[levels] is not { } known)
            {
                known = _children[levels] = new int[1 << (d * levels)];
                Array.Fill(known, -1);
            }

            if (known[part] < 0)
            {
                var (corner, outer) = (fine.Corner(fine[leaf]), coarse.Corner(coarse[of]));
                var edge = (double)coarse.EdgeOf(coarse[of]);
                var origin = new Vec3((corner.X - outer.X) / edge, (corner.Y - outer.Y) / edge, (corner.Z - outer.Z) / edge);
                known[part] = _start.Count - 1;
                foreach (var node in nodes)
                {
                    Add(origin + (Math.ScaleB(1, -levels) * node));
                }
            }

            return known[part];
        }
    }

    /// <summary>
    /// Nodal values on the new mesh by <see cref="Interpolation"/>, for all components; hanging nodes then follow the nodes that they hang on, as they do in every field
    /// of the new mesh.
    /// </summary>
    /// <param name="from">The old functions.</param>
    /// <param name="dofs">The old field.</param>
    /// <param name="to">The new functions.</param>
    public double[] Interpolate(Basis from, double[] dofs, Basis to)
    {
        ArgumentNullException.ThrowIfNull(dofs);
        Require(from, to);
        from.RequireDofs(dofs.Length);
        var result = new double[to.DofCount];
        Interpolation(from, to).Multiply(dofs, result, to.Components);
        return result;
    }

    /// <summary>Densities that are constant in each cell, so that ∫ stays the same in every cell that the two meshes have in common or that is cut or merged: copied into parts, and averaged by volume over parts.</summary>
    /// <param name="densities">One an old cell.</param>
    /// <returns>One a new cell.</returns>
    public double[] Densities(ReadOnlySpan<double> densities)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(densities.Length, From.Forest.Count, nameof(densities));
        var volumes = Volumes(From);
        var result = new double[To.Forest.Count];
        for (var c = 0; c < result.Length; c++)
        {
            if (_first[c] == _last[c])
            {
                result[c] = densities[_first[c]];
                continue;
            }

            // About the first, so that equal densities stay so to the bit.
            var (sum, volume, about) = (0.0, 0.0, densities[_first[c]]);
            for (var n = _first[c]; n <= _last[c]; n++)
            {
                sum += volumes[n] * (densities[n] - about);
                volume += volumes[n];
            }

            result[c] = about + (sum / volume);
        }

        return result;
    }

    /// <summary>
    /// The field v of the new functions that is nearest to the old field u in the mean square: ∫ v w = ∫ u w for all w of the new mesh, integrated over the parts that the
    /// two meshes have in common. ∫ v = ∫ u to round-off, whether cells are cut or merged; where cells are only cut, v = u.
    /// </summary>
    /// <param name="from">The old functions.</param>
    /// <param name="dofs">The old field.</param>
    /// <param name="to">The new functions.</param>
    /// <param name="weight">A density ρ for ∫ ρ v w, whose mass ∫ ρ v is kept then; 1 if null.</param>
    public double[] Project(Basis from, double[] dofs, Basis to, Func<QuadraturePoint, double>? weight = null)
    {
        ArgumentNullException.ThrowIfNull(dofs);
        Require(from, to);
        from.Require(1);
        from.RequireDofs(dofs.Length);
        var shape = To.Mesh.Blocks[0].Shape;
        var (geometry, rule) = (To.Mesh.Blocks[0].Geometry, Quadrature.Of(shape, to.QuadratureDegree));
        var (oldElement, newElement) = (Lagrange.Of(shape, from.Degree), Lagrange.Of(shape, to.Degree));
        var larger = (Old: new double[oldElement.Nodes.Length], New: new double[newElement.Nodes.Length]);
        var (oldGradients, newGradients) = (new Vec3[larger.Old.Length], new Vec3[larger.New.Length]);
        double[] At(ReferenceElement element, Vec3 place)
        {
            var values = new double[element.Nodes.Length];
            element.Evaluate(place, values, new Vec3[values.Length]);
            return values;
        }

        var atRule = (Old: rule.Points.Select(x => At(oldElement, x)).ToArray(), New: rule.Points.Select(x => At(newElement, x)).ToArray());

        // ∫ u N_a over each part with the rule of the mass matrix: a part is the new cell, or an old one inside it.
        var right = new double[to.NodeCount];
        var inNew = new CellPoints(To.Mesh, new PointTable(geometry, newElement, -1, to.QuadratureDegree), 1 + To.Mesh.Dimension);
        var inOld = new CellPoints(From.Mesh, new PointTable(geometry, oldElement, -1, to.QuadratureDegree), 1 + To.Mesh.Dimension);
        for (var c = 0; c < To.Forest.Count; c++)
        {
            var nodes = to.CellNodes(c);
            for (var n = _first[c]; n <= _last[c]; n++)
            {
                var fine = _first[c] == _last[c] ? inNew : inOld;
                fine.Move(0, _first[c] == _last[c] ? c : n);
                var oldNodes = from.CellNodes(n);
                for (var q = 0; q < rule.Points.Length; q++)
                {
                    // The functions at the points of the rule stand in the tables; only those of the larger cell need be evaluated.
                    var (oldValues, newValues) = (atRule.Old[q], atRule.New[q]);
                    if (From.Forest.LevelOf(n) < To.Forest.LevelOf(c))
                    {
                        oldElement.Evaluate(Between(To, c, From, n, rule.Points[q]), oldValues = larger.Old, oldGradients);
                    }
                    else if (From.Forest.LevelOf(n) > To.Forest.LevelOf(c))
                    {
                        newElement.Evaluate(Between(From, n, To, c, rule.Points[q]), newValues = larger.New, newGradients);
                    }

                    var u = 0.0;
                    for (var b = 0; b < oldValues.Length; b++)
                    {
                        u += oldValues[b] * dofs[oldNodes[b]];
                    }

                    u *= fine.Weights[q] * (weight?.Invoke(new(fine.Places[q], Vec3.Zero, c, q)) ?? 1);
                    for (var a = 0; a < newValues.Length; a++)
                    {
                        right[nodes[a]] += u * newValues[a];
                    }
                }
            }
        }

        var mass = Assembly.Matrix(to, weight is null ? Heat.Capacity(1) : BilinearForm.Scalar((x, t) => ScalarJet.Source(weight(x) * t.Value)));
        var constraints = To.Constrain(to);
        return constraints.Solve(mass, right, (matrix, y) =>
        {
            // The interpolated field is the answer already where cells are only cut.
            var guess = Interpolate(from, dofs, to);
            var x = new double[y.Length];
            for (var (n, at) = (0, 0); n < guess.Length; n++)
            {
                if (!constraints.Contains(n))
                {
                    x[at++] = guess[n];
                }
            }

            ConjugateGradient.Solve(matrix, y, x, new JacobiPreconditioner(matrix), 1e-14);
            return x;
        });
    }

    /// <summary>
    /// Histories at the quadrature points of cells, such as plastic strains: each new point takes those of the nearest old point in the old cell, or cells, that
    /// meet its cell. Values are copied, not mixed, so that what a material allows stays allowed.
    /// </summary>
    /// <param name="rule">The rule of both meshes.</param>
    /// <param name="values">Old numbers, cell by cell, point by point.</param>
    /// <param name="components">How many there are at a point.</param>
    public double[] NearestHistory(Quadrature rule, ReadOnlySpan<double> values, int components = 1)
    {
        var each = RequireHistory(rule, values.Length, components);
        var result = new double[To.Forest.Count * each * components];
        for (var c = 0; c < To.Forest.Count; c++)
        {
            for (var q = 0; q < each; q++)
            {
                var (best, nearest) = (-1, double.PositiveInfinity);
                for (var n = _first[c]; n <= _last[c]; n++)
                {
                    var here = Between(To, c, From, n, rule.Points[q]);
                    for (var p = 0; p < each; p++)
                    {
                        // In units of the new cell, for cells of all sizes alike; among equals the first.
                        var distance = (here - rule.Points[p]).NormSquared * Math.Pow(4, To.Forest.LevelOf(c) - From.Forest.LevelOf(n));
                        if (distance < nearest * (1 - 1e-9))
                        {
                            (best, nearest) = ((n * each) + p, distance);
                        }
                    }
                }

                values.Slice(best * components, components).CopyTo(result.AsSpan(((c * each) + q) * components, components));
            }
        }

        return result;
    }

    /// <summary>
    /// Histories at the quadrature points recovered: in each new cell the polynomial of degree 1 in each coordinate that is nearest to the old numbers in the old cell, or
    /// cells, that meet it. Exact for histories that are such polynomials in the roots' coordinates; with one point a cell, the mean. Values may leave the range of the old ones.
    /// </summary>
    /// <remarks>Least squares over the points of the patch, as: Zienkiewicz, Zhu, Int. J. Numer. Meth. Eng. 33 (1992) 1331, cell by cell. A cell that stays keeps its numbers.</remarks>
    /// <param name="rule">The rule of both meshes.</param>
    /// <param name="values">Old numbers, cell by cell, point by point.</param>
    /// <param name="components">How many there are at a point.</param>
    public double[] RecoveredHistory(Quadrature rule, ReadOnlySpan<double> values, int components = 1)
    {
        var each = RequireHistory(rule, values.Length, components);
        var linear = Lagrange.Of(To.Mesh.Blocks[0].Shape, 1);
        var terms = linear.Nodes.Length;
        var result = new double[To.Forest.Count * each * components];
        var (shape, gradients) = (new double[terms], new Vec3[terms]);
        for (var c = 0; c < To.Forest.Count; c++)
        {
            var mine = result.AsSpan(c * each * components, each * components);
            var (first, count) = (_first[c], _last[c] - _first[c] + 1);
            if (count == 1 && From.Forest.LevelOf(first) == To.Forest.LevelOf(c))
            {
                values.Slice(first * each * components, mine.Length).CopyTo(mine);
                continue;
            }

            // In coordinates of the one old cell, or of the new cell over all old ones, the mean comes first and the rest is fitted to what differs from it.
            var samples = count * each;
            var fit = MathNet.Numerics.LinearAlgebra.Matrix<double>.Build.Dense(samples, terms);
            var data = MathNet.Numerics.LinearAlgebra.Matrix<double>.Build.Dense(samples, components);
            for (var s = 0; s < samples; s++)
            {
                var at = count == 1 ? rule.Points[s] : Between(From, first + (s / each), To, c, rule.Points[s % each]);
                linear.Evaluate(at, shape, gradients);
                fit.SetRow(s, shape);
                for (var k = 0; k < components; k++)
                {
                    data[s, k] = values[(((first * each) + s) * components) + k];
                }
            }

            // Of the least norm where there are fewer points than functions: with one point, the same number everywhere.
            var nodal = fit.Svd().Solve(data);
            for (var q = 0; q < each; q++)
            {
                linear.Evaluate(count == 1 ? Between(To, c, From, first, rule.Points[q]) : rule.Points[q], shape, gradients);
                for (var k = 0; k < components; k++)
                {
                    var sum = 0.0;
                    for (var a = 0; a < terms; a++)
                    {
                        sum += shape[a] * nodal[a, k];
                    }

                    mine[(q * components) + k] = sum;
                }
            }
        }

        return result;
    }

    /// <summary>The volumes of the cells, m³, or m² in two dimensions.</summary>
    public static double[] Volumes(AdaptiveMesh mesh)
    {
        ArgumentNullException.ThrowIfNull(mesh);
        var block = mesh.Mesh.Blocks[0];
        var points = new CellPoints(mesh.Mesh, new PointTable(block.Geometry, Lagrange.Of(block.Shape, 1), -1, 3 * block.Geometry.Degree), 1 + mesh.Mesh.Dimension);
        var result = new double[mesh.Forest.Count];
        for (var c = 0; c < result.Length; c++)
        {
            points.Move(0, c);
            foreach (var w in points.Weights)
            {
                result[c] += w;
            }
        }

        return result;
    }

    // Where a leaf begins on the curve.
    private static ulong Begin(AdaptiveMesh mesh, int leaf) => mesh.Forest.Codes[leaf] >> 5;

    private static bool Inside(Vec3 at) => at.X is >= 0 and <= 1 && at.Y is >= 0 and <= 1 && at.Z is >= 0 and <= 1;

    // A place in one cell's coordinates, in those of another of the same root: both are boxes on its lattice.
    private static Vec3 Between(AdaptiveMesh of, int cell, AdaptiveMesh other, int otherCell, Vec3 at)
    {
        var corner = other.Local(otherCell, of.Forest.Corner(of.Forest[cell]));
        return corner + (Math.ScaleB(1, other.Forest.LevelOf(otherCell) - of.Forest.LevelOf(cell)) * at);
    }

    private int RequireHistory(Quadrature rule, int length, int components)
    {
        ArgumentNullException.ThrowIfNull(rule);
        ArgumentOutOfRangeException.ThrowIfLessThan(components, 1);
        var each = rule.Points.Length;
        return rule.Cell.Shape == To.Mesh.Blocks[0].Shape && length == From.Forest.Count * each * components ? each : throw new ArgumentException(
            $"{From.Forest.Count} old cells have {each} points of {components} numbers each; found {length} numbers.");
    }

    private void Require(Basis from, Basis to)
    {
        From.RequireMine(from);
        To.RequireMine(to);
        if (from.Components != to.Components)
        {
            throw new ArgumentException($"The old functions have {from.Components} components and the new ones {to.Components}.");
        }
    }
}

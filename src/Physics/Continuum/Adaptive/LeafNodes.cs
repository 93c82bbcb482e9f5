using System.Runtime.CompilerServices;
using ActorMultiscale.Physics.Adaptivity;
using ActorMultiscale.Physics.Continuum.Elements;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Continuum.Adaptive;

/// <summary>
/// Numbers for the nodes of the leaves of a forest, in the order in which the leaves show them, and their places. Leaves come in blocks, cells of the forest with leaves of a few
/// levels: nodes inside a block are found on a small grid, and only those on its boundary by their names in a table.
/// </summary>
internal sealed class LeafNodes
{
    private const int Depth = 3;                // Levels of a block, at most.
    private readonly TreeForest _forest;
    private readonly Mesh _coarse;
    private readonly ReferenceElement _element;
    private readonly (int X, int Y, int Z)[] _halves;   // Nodes of a cell, in halves of its edge.
    private readonly CodeTable _numbers;
    private readonly Vec3[] _corners;           // Of the root with the number below.
    private int _root = -1;
    private Vec3[] _places;
    private int _count;

    /// <param name="coarse">The root cells.</param>
    /// <param name="forest">The forest on them.</param>
    public LeafNodes(Mesh coarse, TreeForest forest)
    {
        (_coarse, _forest, _element) = (coarse, forest, coarse.Blocks[0].Geometry);
        _halves = [.. _element.Nodes.Select(n => ((int)(2 * n.X), (int)(2 * n.Y), (int)(2 * n.Z)))];
        _corners = new Vec3[_halves.Length];
        _numbers = new((forest.Count / 3) + 1);
        _places = GC.AllocateUninitializedArray<Vec3>((5 * forest.Count / 4) + 16);
    }

    /// <summary>The nodes of the leaves, leaf by leaf in the order of the element, and where the nodes are, m.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public (int[] Nodes, Vec3[] Places) Number()
    {
        var (forest, each) = (_forest, _halves.Length);
        var codes = forest.Codes;
        var nodes = GC.AllocateUninitializedArray<int>(forest.Count * each);

        // Lines of the grid stand half an edge of the finest leaf apart for curved cells, else a whole one.
        var (d, degree) = (forest.Dimension, _element.Degree);
        var lines = (degree << Depth) + 1;
        var grid = new int[d == 2 ? lines * lines : lines * lines * lines];
        int Index(int x, int y, int z) => x + (lines * (y + (lines * z)));

        // By its place on the curve in the block, where a finest leaf lies on the grid; and by how much coarser a leaf is than the finest, where its nodes do.
        var corners = new (int X, int Y, int Z)[1 << (d * Depth)];
        for (var n = 0; n < corners.Length; n++)
        {
            var (x, y, z) = (0, 0, 0);
            for (var bit = 0; bit < Depth; bit++)
            {
                var child = n >> (d * bit);
                (x, y, z) = (x | ((child & 1) << bit), y | (((child >> 1) & 1) << bit), z | (d == 3 ? ((child >> 2) & 1) << bit : 0));
            }

            corners[n] = (degree * x, degree * y, degree * z);
        }

        int[] cornerIndex = Array.ConvertAll(corners, c => Index(c.X, c.Y, c.Z));
        (int X, int Y, int Z)[][] nodesOf = [.. Enumerable.Range(0, Depth + 1).Select(coarser => Array.ConvertAll(_halves, h => ((h.X * degree << coarser) / 2, (h.Y * degree << coarser) / 2, (h.Z * degree << coarser) / 2)))];
        int[][] nodeIndex = Array.ConvertAll(nodesOf, of => Array.ConvertAll(of, n => Index(n.X, n.Y, n.Z)));
        for (var first = 0; first < forest.Count;)
        {
            var (block, past, depth) = forest.Block(first, Depth);
            var (origin, finest, units) = (forest.Corner(block), block.Level + depth, degree << depth);
            var (begin, shift, unit) = (block.Code >> 5, d * (forest.Roots.MaxLevel - finest), forest.EdgeOf(block) / units);
            grid.AsSpan().Fill(-1);
            for (var leaf = first; leaf < past; leaf++)
            {
                var at = (int)(((codes[leaf] >> 5) - begin) >> shift);
                var coarser = finest - (int)(codes[leaf] & 31);
                var (corner, index) = (cornerIndex[at], nodeIndex[coarser]);
                for (var a = 0; a < index.Length; a++)
                {
                    ref var number = ref grid[corner + index[a]];
                    if (number < 0)
                    {
                        var (from, to) = (corners[at], nodesOf[coarser][a]);
                        var (x, y, z) = (from.X + to.X, from.Y + to.Y, from.Z + to.Z);
                        var place = new LatticePoint(origin.Root, origin.X + (unit * x), origin.Y + (unit * y), origin.Z + (unit * z));
                        var isInside = x > 0 && x < units && y > 0 && y < units && (d == 2 || (z > 0 && z < units));
                        number = isInside ? Add(place) : OnBoundary(place);
                    }

                    nodes[(leaf * each) + a] = number;
                }
            }

            first = past;
        }

        return (nodes, _places.AsSpan(0, _count).ToArray());
    }

    private int OnBoundary(LatticePoint at)
    {
        var name = _forest.Roots.Name(at);
        ref var number = ref _numbers.At(name, -1);
        return number >= 0 ? number : number = Add(_forest.Roots.Place(name));
    }

    // x(ξ) = Σ N_a(ξ) x_a in the root.
    private int Add(LatticePoint at)
    {
        if (_count == _places.Length)
        {
            Array.Resize(ref _places, 2 * _count);
        }

        var unit = 1.0 / _forest.Roots.Edge;
        var (x, y, z) = (unit * at.X, unit * at.Y, unit * at.Z);
        if (_element.Degree > 1)
        {
            _places[_count] = _coarse.Place(at.Root, new(x, y, z));
            return _count++;
        }

        // The same for straight edges, without derivatives.
        if (at.Root != _root)
        {
            _root = at.Root;
            foreach (var (a, point) in _coarse.Cell(_root).ToArray().Index())
            {
                _corners[a] = _coarse.Points[point];
            }
        }

        var (px, py, pz) = (0.0, 0.0, 0.0);
        for (var a = 0; a < _corners.Length; a++)
        {
            ref readonly var half = ref _halves[a];
            ref readonly var corner = ref _corners[a];
            var n = (half.X == 0 ? 1 - x : x) * (half.Y == 0 ? 1 - y : y);
            n = _forest.Dimension == 2 ? n : n * (half.Z == 0 ? 1 - z : z);
            px += n * corner.X;
            py += n * corner.Y;
            pz += n * corner.Z;
        }

        _places[_count] = new(px, py, pz);
        return _count++;
    }
}

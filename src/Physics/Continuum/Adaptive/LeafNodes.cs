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
    private readonly List<Vec3> _places;

    /// <param name="coarse">The root cells.</param>
    /// <param name="forest">The forest on them.</param>
    public LeafNodes(Mesh coarse, TreeForest forest)
    {
        (_coarse, _forest, _element) = (coarse, forest, coarse.Blocks[0].Geometry);
        _halves = [.. _element.Nodes.Select(n => ((int)(2 * n.X), (int)(2 * n.Y), (int)(2 * n.Z)))];
        _numbers = new(forest.Count / 2);
        _places = new(forest.Count + (forest.Count / 4));
    }

    /// <summary>The nodes of the leaves, leaf by leaf in the order of the element, and where the nodes are, m.</summary>
    public (int[] Nodes, Vec3[] Places) Number()
    {
        var forest = _forest;
        var nodes = new int[forest.Count * _halves.Length];

        // Along an edge of a block of curved cells there are twice as many nodes.
        var most = (_element.Degree << Depth) + 1;
        var grid = new int[forest.Dimension == 2 ? most * most : most * most * most];
        for (var first = 0; first < forest.Count;)
        {
            var (block, past, depth) = forest.Block(first, Depth);
            var origin = forest.Corner(block);

            // A unit of the grid on the lattice: half an edge of the finest leaf for curved cells, else a whole one. The grid has units + 1 lines.
            var units = _element.Degree << depth;
            var unit = forest.EdgeOf(block) / units;
            var (row, layer) = (units + 1, (units + 1) * (units + 1));
            grid.AsSpan(0, forest.Dimension == 2 ? layer : layer * row).Fill(-1);
            for (var leaf = first; leaf < past; leaf++)
            {
                var (corner, half) = (forest.Corner(forest[leaf]), forest.EdgeOf(forest[leaf]) / 2);
                for (var a = 0; a < _halves.Length; a++)
                {
                    var (hx, hy, hz) = _halves[a];
                    var at = new LatticePoint(corner.Root, corner.X + (half * hx), corner.Y + (half * hy), corner.Z + (half * hz));
                    var (x, y, z) = ((at.X - origin.X) / unit, (at.Y - origin.Y) / unit, (at.Z - origin.Z) / unit);
                    ref var number = ref grid[x + (row * y) + (layer * z)];
                    if (number < 0)
                    {
                        var isInside = x > 0 && x < units && y > 0 && y < units && (forest.Dimension == 2 || (z > 0 && z < units));
                        number = isInside ? Add(at) : OnBoundary(at);
                    }

                    nodes[(leaf * _halves.Length) + a] = number;
                }
            }

            first = past;
        }

        return (nodes, [.. _places]);
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
        var edge = (double)_forest.Roots.Edge;
        var (x, y, z) = (at.X / edge, at.Y / edge, at.Z / edge);
        if (_element.Degree > 1)
        {
            _places.Add(_coarse.Place(at.Root, new(x, y, z)));
            return _places.Count - 1;
        }

        // The same for straight edges, without derivatives.
        var place = Vec3.Zero;
        var corners = _coarse.Blocks[0].Cell(at.Root);
        for (var a = 0; a < corners.Length; a++)
        {
            var (hx, hy, hz) = _halves[a];
            var n = (hx == 0 ? 1 - x : x) * (hy == 0 ? 1 - y : y);
            place += (_forest.Dimension == 2 ? n : n * (hz == 0 ? 1 - z : z)) * _coarse.Points[corners[a]];
        }

        _places.Add(place);
        return _places.Count - 1;
    }
}

using ActorMultiscale.Physics.Adaptivity;
using ActorMultiscale.Physics.Continuum.Assembling;
using ActorMultiscale.Physics.Continuum.Elements;
using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Continuum.Adaptive;

/// <summary>
/// Both sides of all facets inside an adaptive mesh, one by one: the finer side with its quadrature points, and the same points in the coarser cell, or in the equal one.
/// Usable by one thread at a time.
/// </summary>
internal sealed class FacetPairs
{
    private readonly AdaptiveMesh _mesh;
    private readonly Basis _basis;
    private readonly CellPoints[] _here;
    private readonly Dictionary<int, CellPoints> _there = [];
    private readonly CellPoints?[] _sameRoot;       // By facet, and by which child of a coarser neighbor's size the cell is.
    private readonly (int Leaf, LatticePoint At)[] _around;
    private readonly LatticePoint[] _views;

    public FacetPairs(AdaptiveMesh mesh, Basis basis)
    {
        (_mesh, _basis) = (mesh, basis);
        var cell = mesh.Mesh.Blocks[0].Geometry.Cell;
        _here = [.. cell.Facets.Select((_, f) => new CellPoints(mesh.Mesh, basis.Table(0, f), 1 + mesh.Mesh.Dimension))];
        _sameRoot = new CellPoints?[cell.Facets.Length * (1 + cell.Vertices.Length)];
        (_around, _views) = (new (int, LatticePoint)[8 * mesh.Forest.Roots.MostRoots], new LatticePoint[mesh.Forest.Roots.MostRoots]);
    }

    /// <summary>Calls a body for each facet between two cells, once, from one of the two: with the facet's number in that cell, and the points in both cells, in one order.</summary>
    /// <param name="first">The first cell whose facets come; a facet comes with one of its cells alone.</param>
    /// <param name="past">The cell past the last.</param>
    /// <param name="body">Gets the facet, its points here, and those there.</param>
    public void ForEach(int first, int past, Action<int, CellPoints, CellPoints> body)
    {
        var cell = _mesh.Mesh.Blocks[0].Geometry.Cell;
        var forest = _mesh.Forest;
        Vec3[] middles = [.. cell.Facets.Select(f => cell.Mean(f.Vertices.AsSpan()))];
        Vec3[] normals = [.. cell.Facets.Select((_, f) => cell.FacetNormal(f))];
        int[] axes = [.. normals.Select(n => n.X != 0 ? 0 : n.Y != 0 ? 1 : 2)];
        for (var c = first; c < past; c++)
        {
            for (var f = 0; f < middles.Length; f++)
            {
                var at = _mesh.Lattice(c, middles[f]);
                var (axis, low) = (axes[f], normals[f][axes[f]] < 0);
                if (at[axis] > 0 && at[axis] < forest.Roots.Edge)
                {
                    // The neighbor is in the same root: the leaf just beyond.
                    var beyond = low ? 1 : 0;
                    var other = forest.FindNear(new(at.Root, at.X - (axis == 0 ? beyond : 0), at.Y - (axis == 1 ? beyond : 0), at.Z - (axis == 2 ? beyond : 0)), c);
                    if (IsMine(c, other))
                    {
                        ref var there = ref _sameRoot[f + (middles.Length * (forest.LevelOf(other) == forest.LevelOf(c) ? 0 : 1 + forest.ChildIndexOf(c)))];
                        Meet(f, c, there ??= There(c, f, other, at.Root), other, body);
                    }

                    continue;
                }

                foreach (var (other, seen) in _around.AsSpan(0, forest.Around(at, _around)))
                {
                    if (other != c && IsMine(c, other))
                    {
                        Meet(f, c, There(c, f, other, seen.Root), other, body);
                        break;
                    }
                }
            }
        }
    }

    // Finer neighbors see the facet themselves, and equal ones are met twice.
    private bool IsMine(int c, int other)
    {
        var difference = _mesh.Forest.LevelOf(other) - _mesh.Forest.LevelOf(c);
        return difference < 0 || (difference == 0 && c < other);
    }

    private void Meet(int facet, int c, CellPoints there, int other, Action<int, CellPoints, CellPoints> body)
    {
        _here[facet].Move(0, c);
        there.Move(0, other);
        body(facet, _here[facet], there);
    }

    // The map from facet to neighbor is affine in lattice coordinates, so three vertices tell it. There are few such maps, and each has its table.
    private CellPoints There(int c, int facet, int other, int root)
    {
        var cell = _mesh.Mesh.Blocks[0].Geometry.Cell;
        var vertices = cell.Facets[facet].Vertices;
        Span<Vec3> corners = stackalloc Vec3[3];
        var key = facet;
        for (var k = 0; k < _mesh.Mesh.Dimension; k++)
        {
            var at = _mesh.Lattice(c, cell.Vertices[k == 0 ? vertices[0] : k == 1 ? vertices[1] : vertices[^1]]);
            if (at.Root != root)
            {
                var count = _mesh.Forest.Roots.Views(at, _views);
                at = _views[Array.FindIndex(_views, 0, count, v => v.Root == root)];
            }

            corners[k] = _mesh.Local(other, at);
            key = (27 * key) + (int)(2 * corners[k].X) + (3 * (int)(2 * corners[k].Y)) + (9 * (int)(2 * corners[k].Z));
        }

        if (!_there.TryGetValue(key, out var points))
        {
            var rule = Quadrature.Of(cell.Facets[facet].Shape, _basis.QuadratureDegree);
            var places = new Vec3[rule.Points.Length];
            for (var q = 0; q < places.Length; q++)
            {
                places[q] = corners[0] + (rule.Points[q].X * (corners[1] - corners[0])) + (rule.Points[q].Y * (_mesh.Mesh.Dimension == 3 ? corners[2] - corners[0] : Vec3.Zero));
            }

            points = new(_mesh.Mesh, new PointTable(_mesh.Mesh.Blocks[0].Geometry, _basis.Element(0), places), 1 + _mesh.Mesh.Dimension);
            _there.Add(key, points);
        }

        return points;
    }
}

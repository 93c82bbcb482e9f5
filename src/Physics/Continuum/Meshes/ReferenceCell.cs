using System.Collections.Immutable;
using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Continuum.Meshes;

/// <summary>A facet of a reference cell.</summary>
/// <param name="Shape">Its shape.</param>
/// <param name="Vertices">Vertices of the cell, in the order that lets the normal point outward: counter-clockwise seen from outside.</param>
public sealed record ReferenceFacet(CellShape Shape, ImmutableArray<int> Vertices);

/// <summary>
/// The cell in its own coordinates: lines, quadrilaterals and hexahedra are [0, 1]ᵈ, triangles and tetrahedra have the vertices 0 and the unit vectors.
/// Vertices, edges and faces are numbered as in VTK.
/// </summary>
public sealed class ReferenceCell
{
    private static readonly ImmutableArray<ReferenceCell> _all =
    [
        new(CellShape.Point, 0, 1, [default], [], [], []),
        new(CellShape.Line, 1, 1, [default, new(1, 0, 0)], [(0, 1)], [], [Facet(0), Facet(1)]),
        new(CellShape.Triangle, 2, 0.5, [default, new(1, 0, 0), new(0, 1, 0)], [(0, 1), (1, 2), (2, 0)], [[0, 1, 2]], [Facet(0, 1), Facet(1, 2), Facet(2, 0)]),
        new(
            CellShape.Quadrilateral, 2, 1, [default, new(1, 0, 0), new(1, 1, 0), new(0, 1, 0)], [(0, 1), (1, 2), (2, 3), (3, 0)], [[0, 1, 2, 3]],
            [Facet(0, 1), Facet(1, 2), Facet(2, 3), Facet(3, 0)]),
        new(
            CellShape.Tetrahedron, 3, 1.0 / 6, [default, new(1, 0, 0), new(0, 1, 0), new(0, 0, 1)], [(0, 1), (1, 2), (2, 0), (0, 3), (1, 3), (2, 3)],
            [[0, 1, 3], [1, 2, 3], [0, 3, 2], [0, 2, 1]], [Facet(0, 1, 3), Facet(1, 2, 3), Facet(0, 3, 2), Facet(0, 2, 1)]),
        new(
            CellShape.Hexahedron, 3, 1,
            [default, new(1, 0, 0), new(1, 1, 0), new(0, 1, 0), new(0, 0, 1), new(1, 0, 1), new(1, 1, 1), new(0, 1, 1)],
            [(0, 1), (1, 2), (2, 3), (3, 0), (4, 5), (5, 6), (6, 7), (7, 4), (0, 4), (1, 5), (2, 6), (3, 7)],
            [[0, 4, 7, 3], [1, 2, 6, 5], [0, 1, 5, 4], [3, 7, 6, 2], [0, 3, 2, 1], [4, 5, 6, 7]],
            [Facet(0, 4, 7, 3), Facet(1, 2, 6, 5), Facet(0, 1, 5, 4), Facet(3, 7, 6, 2), Facet(0, 3, 2, 1), Facet(4, 5, 6, 7)]),
    ];

    private ReferenceCell(
        CellShape shape, int dimension, double volume, ImmutableArray<Vec3> vertices, ImmutableArray<(int, int)> edges, ImmutableArray<ImmutableArray<int>> faces,
        ImmutableArray<ReferenceFacet> facets)
    {
        (Shape, Dimension, Volume, Vertices, Edges, Faces, Facets) = (shape, dimension, volume, vertices, edges, faces, facets);
    }

    /// <summary>The shape.</summary>
    public CellShape Shape { get; }

    /// <summary>The number of its coordinates, 0 to 3.</summary>
    public int Dimension { get; }

    /// <summary>Its length, area or volume.</summary>
    public double Volume { get; }

    /// <summary>Where the vertices are.</summary>
    public ImmutableArray<Vec3> Vertices { get; }

    /// <summary>The edges by their two vertices; a line is its own edge.</summary>
    public ImmutableArray<(int A, int B)> Edges { get; }

    /// <summary>The faces by their vertices, outward; a triangle or quadrilateral is its own face.</summary>
    public ImmutableArray<ImmutableArray<int>> Faces { get; }

    /// <summary>The facets, of one dimension less: ends of a line, edges in two dimensions, faces in three.</summary>
    public ImmutableArray<ReferenceFacet> Facets { get; }

    /// <summary>Whether it is a line, triangle or tetrahedron.</summary>
    public bool IsSimplex => Vertices.Length == Dimension + 1;

    /// <summary>The middle, the mean of the vertices.</summary>
    public Vec3 Middle => Mean([.. Enumerable.Range(0, Vertices.Length)]);

    /// <summary>The reference cell of a shape.</summary>
    public static ReferenceCell Of(CellShape shape) => _all[(int)shape];

    /// <summary>The mean of some vertices.</summary>
    public Vec3 Mean(params ReadOnlySpan<int> vertices)
    {
        var sum = Vec3.Zero;
        foreach (var v in vertices)
        {
            sum += Vertices[v];
        }

        return sum / vertices.Length;
    }

    /// <summary>Whether a point lies in the cell, or outside by no more than <paramref name="slack"/> in its coordinates.</summary>
    public bool Contains(Vec3 at, double slack = 0)
    {
        var sum = 0.0;
        for (var d = 0; d < Dimension; d++)
        {
            if (at[d] < -slack || (!IsSimplex && at[d] > 1 + slack))
            {
                return false;
            }

            sum += at[d];
        }

        return !IsSimplex || sum <= 1 + slack;
    }

    /// <summary>The facet's area vector: its outward normal times the ratio of areas between it and its own reference cell.</summary>
    public Vec3 FacetNormal(int facet)
    {
        var v = Facets[facet].Vertices;
        var along = v.Length > 1 ? Vertices[v[1]] - Vertices[v[0]] : Vec3.Zero;
        return Dimension switch
        {
            1 => new Vec3(facet == 0 ? -1 : 1, 0, 0),
            2 => new Vec3(along.Y, -along.X, 0),
            _ => Vec3.Cross(along, Vertices[v[^1]] - Vertices[v[0]]),
        };
    }

    /// <summary>The place in the cell of a point in the coordinates of one of its facets.</summary>
    public Vec3 OnFacet(int facet, Vec3 at)
    {
        var v = Facets[facet].Vertices;
        var place = Vertices[v[0]];
        return v.Length switch
        {
            1 => place,
            2 => place + (at.X * (Vertices[v[1]] - place)),
            _ => place + (at.X * (Vertices[v[1]] - place)) + (at.Y * (Vertices[v[^1]] - place)),
        };
    }

    private static ReferenceFacet Facet(params ImmutableArray<int> vertices) => new(
        vertices.Length switch { 1 => CellShape.Point, 2 => CellShape.Line, 3 => CellShape.Triangle, _ => CellShape.Quadrilateral }, vertices);
}

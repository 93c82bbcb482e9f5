using System.Collections.Immutable;
using ActorMultiscale.Physics.Continuum.Elements;
using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Continuum.Meshes;

/// <summary>How a cell is cut into 2ᵈ children whose vertices are nodes of its element of degree 2.</summary>
internal sealed class ReferenceCut
{
    private static readonly ImmutableArray<ReferenceCut> _tetrahedra = [.. new[] { (4, 9), (5, 7), (6, 8) }.Select(d => Tetrahedron(d))];

    private static readonly ReferenceCut _line = new(CellShape.Line, [[0, 2], [2, 1]]);
    private static readonly ReferenceCut _triangle = new(CellShape.Triangle, [[0, 3, 5], [3, 1, 4], [5, 4, 2], [3, 4, 5]]);
    private static readonly ReferenceCut _quadrilateral = Tensor(CellShape.Quadrilateral);
    private static readonly ReferenceCut _hexahedron = Tensor(CellShape.Hexahedron);

    private ReferenceCut(CellShape shape, ImmutableArray<ImmutableArray<int>> children)
    {
        Children = children;
        var cell = ReferenceCell.Of(shape);
        var parent = Lagrange.Of(shape, 2);
        var (linear, quadratic) = (Lagrange.Of(shape, 1), Lagrange.Of(shape, 2));
        var values = new double[linear.Nodes.Length];
        var gradients = new Vec3[values.Length];
        Vec3 Of(ImmutableArray<int> child, Vec3 at)
        {
            linear.Evaluate(at, values, gradients);
            return child.Select((v, n) => values[n] * parent.Nodes[v]).Aggregate(Vec3.Zero, (sum, x) => sum + x);
        }

        NodePlaces = [.. children.Select(child => quadratic.Nodes.Select(at => Of(child, at)).ToImmutableArray())];
        OnFacet =
        [
            .. cell.Facets.Select((_, f) =>
                (from c in Enumerable.Range(0, children.Length)
                 from local in Enumerable.Range(0, cell.Facets.Length)
                 where cell.Facets[local].Vertices.All(v => parent.FacetNodes[f].Contains(children[c][v]))
                 select new Facet(c, local)).ToImmutableArray()),
        ];
    }

    /// <summary>The children by their vertices.</summary>
    public ImmutableArray<ImmutableArray<int>> Children { get; }

    /// <summary>Where the children's nodes of degree 2 are in the parent's coordinates.</summary>
    public ImmutableArray<ImmutableArray<Vec3>> NodePlaces { get; }

    /// <summary>The children's facets on each facet of the parent.</summary>
    public ImmutableArray<ImmutableArray<Facet>> OnFacet { get; }

    /// <summary>The cut of a cell.</summary>
    /// <param name="shape">Its shape.</param>
    /// <param name="nodes">Its nodes of degree 2.</param>
    /// <param name="places">Where they are, m.</param>
    public static ReferenceCut Of(CellShape shape, ReadOnlySpan<int> nodes, ReadOnlySpan<Vec3> places)
    {
        if (shape != CellShape.Tetrahedron)
        {
            return shape switch { CellShape.Line => _line, CellShape.Triangle => _triangle, CellShape.Quadrilateral => _quadrilateral, _ => _hexahedron };
        }

        // The shortest of the octahedron's diagonals 01–23, 12–03 and 20–13; among equals the first.
        var best = 0;
        var shortest = double.PositiveInfinity;
        foreach (var (n, (a, b)) in new[] { (4, 9), (5, 7), (6, 8) }.Index())
        {
            var length = (places[nodes[a]] - places[nodes[b]]).NormSquared;
            if (length < (1 - 1e-9) * shortest)
            {
                (best, shortest) = (n, length);
            }
        }

        return _tetrahedra[best];
    }

    // Child (i, j, k) is the copy of the cell by one half, moved by (i, j, k)/2.
    private static ReferenceCut Tensor(CellShape shape)
    {
        var cell = ReferenceCell.Of(shape);
        var nodes = Lagrange.Of(shape, 2).Nodes;
        int At(Vec3 place) => nodes.IndexOf(place);
        return new(shape, [.. cell.Vertices.Select(corner => cell.Vertices.Select(v => At(0.5 * (corner + v))).ToImmutableArray())]);
    }

    // Four children at the vertices, four about a diagonal of the octahedron that is left.
    private static ReferenceCut Tetrahedron((int A, int B) diagonal)
    {
        var nodes = Lagrange.Of(CellShape.Tetrahedron, 2).Nodes;
        int[] ring = [.. Enumerable.Range(4, 6).Where(n => n != diagonal.A && n != diagonal.B)];

        // Around the diagonal neighbors are those that share a face, which are not opposite: opposite mid-edges have the sum (½, ½, ½).
        bool Opposite(int a, int b) => (nodes[a] + nodes[b] - new Vec3(0.5, 0.5, 0.5)).Norm < 1e-12;
        var across = ring.First(n => Opposite(ring[0], n));
        var others = ring.Where(n => n != ring[0] && n != across).ToArray();
        int[] round = [ring[0], others[0], across, others[1]];
        List<ImmutableArray<int>> children = [[0, 4, 6, 7], [4, 1, 5, 8], [6, 5, 2, 9], [7, 8, 9, 3]];
        for (var n = 0; n < 4; n++)
        {
            children.Add([diagonal.A, diagonal.B, round[n], round[(n + 1) % 4]]);
        }

        return new(CellShape.Tetrahedron, [.. children.Select(c => Vec3.Dot(nodes[c[3]] - nodes[c[0]], Vec3.Cross(nodes[c[1]] - nodes[c[0]], nodes[c[2]] - nodes[c[0]])) > 0 ? c : [c[1], c[0], c[2], c[3]])]);
    }
}

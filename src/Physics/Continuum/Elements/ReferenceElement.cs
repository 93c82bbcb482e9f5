using System.Collections.Immutable;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Continuum.Elements;

/// <summary>
/// Functions N_a on a reference cell, one a node: N_a is 1 at node a and 0 at the others. Nodes stand at the vertices, then on edges, on faces and
/// inside, each in the order of the <see cref="ReferenceCell"/>.
/// </summary>
public abstract class ReferenceElement
{
    private protected ReferenceElement(ReferenceCell cell, int degree, ImmutableArray<Vec3> nodes)
    {
        (Cell, Degree, Nodes) = (cell, degree, nodes);
        FacetNodes = [.. cell.Facets.Select((_, f) => OnFacet(f))];
    }

    /// <summary>The cell.</summary>
    public ReferenceCell Cell { get; }

    /// <summary>All polynomials up to this degree are sums of the functions.</summary>
    public int Degree { get; }

    /// <summary>Where the nodes are.</summary>
    public ImmutableArray<Vec3> Nodes { get; }

    /// <summary>The nodes on each facet, by rising number.</summary>
    public ImmutableArray<ImmutableArray<int>> FacetNodes { get; }

    /// <summary>All N_a and ∂N_a/∂ξ at a place of the cell.</summary>
    /// <param name="at">The place ξ.</param>
    /// <param name="values">One number a node; overwritten.</param>
    /// <param name="gradients">One vector a node; overwritten.</param>
    public abstract void Evaluate(Vec3 at, Span<double> values, Span<Vec3> gradients);

    private ImmutableArray<int> OnFacet(int facet)
    {
        var (normal, on) = (Cell.FacetNormal(facet), Cell.Vertices[Cell.Facets[facet].Vertices[0]]);
        return [.. Enumerable.Range(0, Nodes.Length).Where(a => Math.Abs(Vec3.Dot(normal, Nodes[a] - on)) < 1e-12)];
    }
}

/// <summary>The Lagrange elements: P1 and P2 on lines, triangles and tetrahedra, Q1 and Q2 on quadrilaterals and hexahedra.</summary>
public static class Lagrange
{
    private static readonly ImmutableArray<ReferenceElement> _all =
        [.. from shape in Enum.GetValues<CellShape>() where shape != CellShape.Point from degree in new[] { 1, 2 } select Make(ReferenceCell.Of(shape), degree)];

    /// <summary>All of them.</summary>
    public static ImmutableArray<ReferenceElement> All => _all;

    /// <summary>The element of a shape and a degree.</summary>
    /// <param name="shape">The shape, no point.</param>
    /// <param name="degree">1 or 2.</param>
    public static ReferenceElement Of(CellShape shape, int degree)
    {
        ArgumentOutOfRangeException.ThrowIfEqual((int)shape, (int)CellShape.Point, nameof(shape));
        ArgumentOutOfRangeException.ThrowIfLessThan(degree, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(degree, 2);
        return _all[(2 * ((int)shape - 1)) + degree - 1];
    }

    private static ReferenceElement Make(ReferenceCell cell, int degree) => cell.IsSimplex ? new SimplexLagrange(cell, degree) : new TensorLagrange(cell, degree);
}

/// <summary>P1 and P2: all polynomials of total degree 1 or 2.</summary>
/// <remarks>
/// With the barycentric coordinates λᵥ: P1 has N_v = λᵥ; P2 has N_v = λᵥ (2λᵥ − 1) at vertices and 4 λᵥ λ_w on the edge between v and w.
/// After: Ciarlet, "The Finite Element Method for Elliptic Problems" (1978), section 2.2.
/// </remarks>
internal sealed class SimplexLagrange(ReferenceCell cell, int degree)
    : ReferenceElement(cell, degree, degree == 1 ? cell.Vertices : [.. cell.Vertices, .. cell.Edges.Select(e => cell.Mean(e.A, e.B))])
{
    /// <inheritdoc/>
    public override void Evaluate(Vec3 at, Span<double> values, Span<Vec3> gradients)
    {
        Span<double> lambda = [1 - at.X - at.Y - at.Z, at.X, at.Y, at.Z];
        Span<Vec3> slope = [new(-1, Cell.Dimension > 1 ? -1 : 0, Cell.Dimension > 2 ? -1 : 0), new(1, 0, 0), new(0, 1, 0), new(0, 0, 1)];
        var vertices = Cell.Vertices.Length;
        for (var v = 0; v < vertices; v++)
        {
            (values[v], gradients[v]) = Degree == 1 ? (lambda[v], slope[v]) : (lambda[v] * ((2 * lambda[v]) - 1), ((4 * lambda[v]) - 1) * slope[v]);
        }

        for (var e = 0; Degree == 2 && e < Cell.Edges.Length; e++)
        {
            var (v, w) = Cell.Edges[e];
            (values[vertices + e], gradients[vertices + e]) = (4 * lambda[v] * lambda[w], (4 * lambda[v] * slope[w]) + (4 * lambda[w] * slope[v]));
        }
    }
}

/// <summary>Q1 and Q2: products of polynomials of degree 1 or 2 in each coordinate.</summary>
/// <remarks>
/// N_a(ξ) = Π_d n(ξ_d), n the function of one coordinate that belongs to the node's place in it: 1 − t and t; of degree 2 they are
/// (1 − t)(1 − 2t) at 0, 4 t (1 − t) at ½ and t (2t − 1) at 1. After: Ciarlet (1978), section 2.2.
/// </remarks>
internal sealed class TensorLagrange(ReferenceCell cell, int degree) : ReferenceElement(cell, degree, NodesOf(cell, degree))
{
    /// <inheritdoc/>
    public override void Evaluate(Vec3 at, Span<double> values, Span<Vec3> gradients)
    {
        for (var a = 0; a < Nodes.Length; a++)
        {
            var node = Nodes[a];
            var ((x, dx), (y, dy), (z, dz)) = (Along(node.X, at.X), Along(node.Y, at.Y), Cell.Dimension > 2 ? Along(node.Z, at.Z) : (1, 0));
            (values[a], gradients[a]) = (x * y * z, new Vec3(dx * y * z, x * dy * z, x * y * dz));
        }
    }

    private (double Value, double Slope) Along(double place, double t) => (Degree, place) switch
    {
        (1, 0) => (1 - t, -1),
        (1, _) => (t, 1),
        (_, 0) => ((1 - t) * (1 - (2 * t)), (4 * t) - 3),
        (_, 1) => (t * ((2 * t) - 1), (4 * t) - 1),
        _ => (4 * t * (1 - t), 4 - (8 * t)),
    };

    private static ImmutableArray<Vec3> NodesOf(ReferenceCell cell, int degree) => degree == 1 ? cell.Vertices :
    [
        .. cell.Vertices, .. cell.Edges.Select(e => cell.Mean(e.A, e.B)), .. cell.Faces.Select(f => cell.Mean(f.AsSpan())),
        .. (ReadOnlySpan<Vec3>)(cell.Dimension == 3 ? [cell.Middle] : []),
    ];
}

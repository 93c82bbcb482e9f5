using System.Collections.Immutable;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Numerics.Sparse;

namespace ActorMultiscale.Physics.Continuum.Participants;

/// <summary>
/// Nodes of a body or of one of its surfaces as the points of ports, and the way between densities and shares there: what belongs to node a of a density
/// q is ∫ N_a Σ_b N_b q_b, consistent with the functions of the elements. For a body in the plane, integrals are times its thickness.
/// </summary>
internal sealed class BodyPoints
{
    private readonly CsrMatrix _mass;
    private readonly Lazy<SparseLdl> _factor;

    private BodyPoints(ImmutableArray<int> nodes, PointCloud cloud, CsrMatrix mass)
    {
        (Nodes, Cloud, _mass) = (nodes, cloud, mass);
        _factor = new(() => SparseLdl.PositiveDefinite(_mass));
    }

    /// <summary>The nodes, by rising number.</summary>
    public ImmutableArray<int> Nodes { get; }

    /// <summary>Where they are, and how they hang together; cells and facets of degree 2 are cut into those of degree 1.</summary>
    public PointCloud Cloud { get; }

    /// <summary>All nodes.</summary>
    public static BodyPoints OfBody(Basis scalar, double thickness)
    {
        var mesh = scalar.Mesh;
        ImmutableArray<int> nodes = [.. Enumerable.Range(0, scalar.NodeCount)];
        return new(nodes, Of(scalar, nodes, from c in Enumerable.Range(0, mesh.CellCount) from child in Children(scalar, c) select (mesh.Geometry(c).Cell.Shape, child.ToArray())),
            Assembly.Matrix(scalar, Heat.Capacity(thickness)));
    }

    /// <summary>The nodes of a surface.</summary>
    public static BodyPoints OfSurface(Basis scalar, double thickness, string surface)
    {
        var nodes = scalar.NodesOn(surface);
        var facets =
            from f in scalar.Mesh.Boundary(surface)
            let shape = scalar.Mesh.Geometry(f.Cell).Cell.Shape
            let children = Children(scalar, f.Cell)
            from part in scalar.Degree == 1 ? [new Facet(0, f.Local)] : CutOf(scalar, f.Cell).OnFacet[f.Local]
            let facet = ReferenceCell.Of(shape).Facets[part.Local]
            select (facet.Shape, facet.Vertices.Select(v => children[part.Cell][v]).ToArray());

        // Of the mass matrix of the whole body the rows and columns of the surface; all others are zero.
        var whole = Assembly.Matrix(scalar, Heat.Robin(thickness), Domain.Boundary(surface));
        var builder = new CsrBuilder(nodes.Length, nodes.Length);
        for (var i = 0; i < nodes.Length; i++)
        {
            for (var k = whole.RowStart[nodes[i]]; k < whole.RowStart[nodes[i] + 1]; k++)
            {
                if (whole.Values[k] != 0 && nodes.BinarySearch(whole.Columns[k]) is >= 0 and var j)
                {
                    builder.Add(i, j, whole.Values[k]);
                }
            }
        }

        return new(nodes, Of(scalar, nodes, facets), builder.ToMatrix());
    }

    /// <summary>The shares of a density.</summary>
    /// <param name="density">Numbers at the nodes, components interleaved, per area or volume.</param>
    /// <param name="components">Numbers a node.</param>
    public double[] Shares(ReadOnlySpan<double> density, int components)
    {
        var shares = new double[density.Length];
        _mass.Multiply(density, shares, components);
        return shares;
    }

    /// <summary>The density whose shares these are.</summary>
    /// <param name="shares">Numbers at the nodes, components interleaved.</param>
    /// <param name="components">Numbers a node.</param>
    public double[] Density(ReadOnlySpan<double> shares, int components)
    {
        var (density, from, to) = (new double[shares.Length], new double[Nodes.Length], new double[Nodes.Length]);
        for (var c = 0; c < components; c++)
        {
            for (var n = 0; n < from.Length; n++)
            {
                from[n] = shares[(n * components) + c];
            }

            _factor.Value.Solve(from, to);
            for (var n = 0; n < to.Length; n++)
            {
                density[(n * components) + c] = to[n];
            }
        }

        return density;
    }

    // The vertices of a cell, or of the cells of degree 1 into which one of degree 2 is cut, as nodes.
    private static ImmutableArray<ImmutableArray<int>> Children(Basis scalar, int cell)
    {
        var nodes = scalar.CellNodes(cell).ToImmutableArray();
        return scalar.Degree == 1 ? [nodes] : [.. CutOf(scalar, cell).Children.Select(child => child.Select(a => nodes[a]).ToImmutableArray())];
    }

    private static ReferenceCut CutOf(Basis scalar, int cell) => ReferenceCut.Of(scalar.Mesh.Geometry(cell).Cell.Shape, scalar.CellNodes(cell), scalar.Nodes);

    private static PointCloud Of(Basis scalar, ImmutableArray<int> nodes, IEnumerable<(CellShape Shape, int[] Nodes)> parts)
    {
        var coordinates = new double[3 * nodes.Length];
        for (var n = 0; n < nodes.Length; n++)
        {
            for (var k = 0; k < 3; k++)
            {
                coordinates[(3 * n) + k] = scalar.Nodes[nodes[n]][k];
            }
        }

        var lists = parts.GroupBy(p => p.Shape).ToDictionary(g => g.Key, g => g.SelectMany(p => p.Nodes.Select(n => nodes.BinarySearch(n))).ToImmutableArray());
        ImmutableArray<int> List(CellShape shape) => lists.TryGetValue(shape, out var list) ? list : [];
        return new(coordinates, new Connectivity
        {
            Edges = List(CellShape.Line), Triangles = List(CellShape.Triangle), Quadrilaterals = List(CellShape.Quadrilateral), Tetrahedra = List(CellShape.Tetrahedron),
            Hexahedra = List(CellShape.Hexahedron),
        });
    }
}

using System.Collections.Immutable;
using ActorMultiscale.Physics.Continuum.Assembling;
using ActorMultiscale.Physics.Continuum.Elements;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Numerics.Sparse;

namespace ActorMultiscale.Physics.Continuum;

/// <summary>
/// The functions of finite elements on a mesh: Lagrange elements of one degree, for a scalar field or a vector field. The dofs of node n are
/// C·n … C·n + C − 1, for C components. Immutable.
/// </summary>
/// <remarks>
/// Where the mesh has the degree of the elements, its points are the nodes, by the same numbers. Else nodes are numbered from the vertices on, by the order
/// of points, then those on edges, on faces and inside cells.
/// </remarks>
public sealed class Basis
{
    private readonly NodeNumbers _nodes;
    private readonly Lazy<Vec3[]> _places;
    private readonly Lazy<NodePattern> _pattern;
    private readonly PointTable?[,] _tables;        // By block and 1 + facet.

    private Basis(Mesh mesh, int degree, int components, int? quadratureDegree, NodeNumbers? nodes = null)
    {
        ArgumentNullException.ThrowIfNull(mesh);
        ArgumentOutOfRangeException.ThrowIfLessThan(degree, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(degree, 2);
        ArgumentOutOfRangeException.ThrowIfNegative(quadratureDegree ?? 0, nameof(quadratureDegree));
        (Mesh, Degree, Components, QuadratureDegree) = (mesh, degree, components, quadratureDegree ?? (2 * degree));
        _nodes = nodes ?? NodeNumbers.Of(mesh, degree);
        _places = new(() => _nodes.Places(mesh, degree));
        _pattern = new(() => new NodePattern(this, this));
        _tables = new PointTable?[mesh.Blocks.Length, 7];
    }

    /// <summary>The mesh.</summary>
    public Mesh Mesh { get; }

    /// <summary>The degree of the elements, 1 or 2.</summary>
    public int Degree { get; }

    /// <summary>Numbers a node: 1 for a scalar field, the dimension for a vector field.</summary>
    public int Components { get; }

    /// <summary>What the quadrature of forms is exact for, on cells with straight edges.</summary>
    public int QuadratureDegree { get; }

    /// <summary>The number of nodes.</summary>
    public int NodeCount => _nodes.Count;

    /// <summary>The number of dofs, nodes times components.</summary>
    public int DofCount => _nodes.Count * Components;

    /// <summary>Where the nodes are, m.</summary>
    public ReadOnlySpan<Vec3> Nodes => _places.Value;

    internal NodePattern Pattern => _pattern.Value;

    /// <summary>A basis for a scalar field.</summary>
    /// <param name="mesh">The mesh.</param>
    /// <param name="degree">1 or 2.</param>
    /// <param name="quadratureDegree">What quadrature is exact for; twice the degree of the elements if null, which is exact for masses.</param>
    public static Basis Scalar(Mesh mesh, int degree, int? quadratureDegree = null) => new(mesh, degree, 1, quadratureDegree);

    /// <summary>A basis for a vector field of as many components as the mesh has dimensions.</summary>
    /// <param name="mesh">The mesh.</param>
    /// <param name="degree">1 or 2.</param>
    /// <param name="quadratureDegree">What quadrature is exact for; twice the degree of the elements if null.</param>
    public static Basis Vector(Mesh mesh, int degree, int? quadratureDegree = null)
    {
        ArgumentNullException.ThrowIfNull(mesh);
        return new(mesh, degree, mesh.Dimension, quadratureDegree);
    }

    /// <summary>The element on a cell.</summary>
    public ReferenceElement Element(int cell) => Lagrange.Of(Mesh.Geometry(cell).Cell.Shape, Degree);

    /// <summary>The nodes of a cell, in the order of the element.</summary>
    public ReadOnlySpan<int> CellNodes(int cell) => _nodes.Cell(cell);

    /// <summary>The nodes on a boundary, by rising number.</summary>
    /// <exception cref="ScaleModelException">There is no such boundary.</exception>
    public ImmutableArray<int> NodesOn(string boundary) => NodesOf(Mesh.Boundary(boundary));

    /// <summary>The nodes on the outer facets, by rising number.</summary>
    public ImmutableArray<int> NodesOnSurface() => NodesOf(Mesh.Topology.Outer);

    /// <summary>The nodes whose places fulfill a condition, by rising number.</summary>
    public ImmutableArray<int> NodesWhere(Func<Vec3, bool> where)
    {
        ArgumentNullException.ThrowIfNull(where);
        return [.. Enumerable.Range(0, NodeCount).Where(n => where(_places.Value[n]))];
    }

    /// <summary>The dof of a component at a node.</summary>
    public int Dof(int node, int component = 0)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)component, (uint)Components, nameof(component));
        return (Components * node) + component;
    }

    /// <summary>The dofs of a function that has its values at the nodes.</summary>
    public double[] Interpolate(Func<Vec3, double> function)
    {
        ArgumentNullException.ThrowIfNull(function);
        Require(1);
        return Array.ConvertAll(_places.Value, x => function(x));
    }

    /// <summary>The dofs of a vector function that has its values at the nodes; components beyond the dimension are not read.</summary>
    public double[] Interpolate(Func<Vec3, Vec3> function)
    {
        ArgumentNullException.ThrowIfNull(function);
        Require(Mesh.Dimension);
        var dofs = new double[DofCount];
        for (var n = 0; n < NodeCount; n++)
        {
            var value = function(_places.Value[n]);
            for (var c = 0; c < Components; c++)
            {
                dofs[(Components * n) + c] = value[c];
            }
        }

        return dofs;
    }

    /// <summary>
    /// The fields that cost next to no energy, which multigrid asks for: the rigid motions of a body in the plane or in space; the constants of a scalar
    /// field, or of a bar.
    /// </summary>
    public NearKernel RigidMotions()
    {
        if (Components == 1)
        {
            return NearKernel.Constants(NodeCount);
        }

        var places = new double[DofCount];
        for (var n = 0; n < NodeCount; n++)
        {
            for (var c = 0; c < Components; c++)
            {
                places[(Components * n) + c] = _places.Value[n][c];
            }
        }

        return NearKernel.RigidBodyModes(places, Components);
    }

    /// <summary>A scalar field and its gradient at a place of a cell.</summary>
    /// <param name="dofs">The field.</param>
    /// <param name="cell">The cell.</param>
    /// <param name="at">The place ξ in the reference cell; <see cref="CellLocator"/> finds it.</param>
    public ScalarJet ScalarAt(ReadOnlySpan<double> dofs, int cell, Vec3 at)
    {
        Require(1);
        var jet = At(dofs, cell, at);
        return new(jet.Value.X, jet.Gradient.Row(0));
    }

    /// <summary>A vector field and its gradient at a place of a cell; without the mean gradient.</summary>
    /// <param name="dofs">The field.</param>
    /// <param name="cell">The cell.</param>
    /// <param name="at">The place ξ in the reference cell; <see cref="CellLocator"/> finds it.</param>
    public VectorJet VectorAt(ReadOnlySpan<double> dofs, int cell, Vec3 at)
    {
        Require(Mesh.Dimension);
        return At(dofs, cell, at);
    }

    internal PointTable Table(int block, int facet)
    {
        ref var table = ref _tables[block, facet + 1];
        return Volatile.Read(ref table) ?? (table = new PointTable(Mesh.Blocks[block].Geometry, Lagrange.Of(Mesh.Blocks[block].Shape, Degree), facet, QuadratureDegree));
    }

    /// <summary>The same functions with quadrature that is exact for another degree.</summary>
    internal Basis WithQuadrature(int degree) => degree == QuadratureDegree ? this : new(Mesh, Degree, Components, degree, _nodes);

    internal void RequireDofs(int length)
    {
        if (length != DofCount)
        {
            throw new ArgumentException($"The basis has {DofCount} dofs; found {length} numbers.");
        }
    }

    internal void Require(int components)
    {
        if (Components != components)
        {
            throw new ScaleModelException(Components == 1
                ? "The basis is for a scalar field, and this is for a vector field. Basis.Vector makes the other."
                : "The basis is for a vector field, and this is for a scalar field. Basis.Scalar makes the other.");
        }
    }

    private ImmutableArray<int> NodesOf(ImmutableArray<Facet> facets)
    {
        var on = new bool[NodeCount];
        foreach (var facet in facets)
        {
            foreach (var a in Element(facet.Cell).FacetNodes[facet.Local])
            {
                on[CellNodes(facet.Cell)[a]] = true;
            }
        }

        return [.. Enumerable.Range(0, NodeCount).Where(n => on[n])];
    }

    private VectorJet At(ReadOnlySpan<double> dofs, int cell, Vec3 at)
    {
        RequireDofs(dofs.Length);
        var (block, local) = Mesh.Locate(cell);
        var points = new CellPoints(Mesh, new PointTable(Mesh.Blocks[block].Geometry, Lagrange.Of(Mesh.Blocks[block].Shape, Degree), at), 1 + Mesh.Dimension);
        points.Move(block, local);
        return points.Jet(0, dofs, CellNodes(cell), Components);
    }
}

using System.Collections.Immutable;
using ActorMultiscale.Physics.Continuum.Elements;

namespace ActorMultiscale.Physics.Continuum.Meshes;

/// <summary>Cells of one kind.</summary>
/// <param name="Shape">Their shape, no point.</param>
/// <param name="Order">1 for straight edges, 2 for curved ones: cells have the nodes of the Lagrange element of this degree, in its order.</param>
/// <param name="Nodes">The points of the nodes, cell by cell.</param>
public sealed record CellBlock(CellShape Shape, int Order, ImmutableArray<int> Nodes)
{
    /// <summary>The element whose functions map the reference cell to the cells: x(ξ) = Σ N_a(ξ) x_a.</summary>
    public ReferenceElement Geometry { get; } = Lagrange.Of(Shape, Order);

    /// <summary>The number of cells.</summary>
    public int Count => Nodes.Length / Geometry.Nodes.Length;

    /// <summary>The nodes of a cell.</summary>
    /// <param name="cell">Its number in the block.</param>
    public ReadOnlySpan<int> Cell(int cell) => Nodes.AsSpan(cell * Geometry.Nodes.Length, Geometry.Nodes.Length);
}

/// <summary>A facet, named by a cell that it bounds; its normal points out of that cell.</summary>
/// <param name="Cell">The cell.</param>
/// <param name="Local">The number of the facet in the reference cell.</param>
public readonly record struct Facet(int Cell, int Local);

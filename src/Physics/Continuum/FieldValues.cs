using ActorMultiscale.Physics.Continuum.Assembling;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Continuum;

/// <summary>
/// A field and its gradient at all quadrature points of cells, or of facets, for forms that depend on it: with <c>var w = FieldValues.Of(basis, dofs)</c>, the change of
/// ∫ w² v is <c>BilinearForm.Scalar((x, u) => ScalarJet.Source(2 * w.Scalar(x).Value * u.Value))</c>.
/// </summary>
/// <remarks>Points are told by their cell, facet and number, so the form is assembled with the mesh and the quadrature of the field's own basis, over the same domain.</remarks>
public sealed class FieldValues
{
    private const int MostFacets = 6;

    private readonly Basis _basis;
    private readonly int[] _starts;         // Of the points of a cell, or of facet f of cell c at 6 c + f; −1 if there are none.
    private readonly bool _isOnFacets;
    private readonly Vec3[] _places;
    private readonly VectorJet[] _jets;

    private FieldValues(Basis basis, int[] starts, bool isOnFacets, Vec3[] places, VectorJet[] jets) =>
        (_basis, _starts, _isOnFacets, _places, _jets) = (basis, starts, isOnFacets, places, jets);

    /// <summary>The values of a field.</summary>
    /// <param name="basis">The functions.</param>
    /// <param name="dofs">The field, one number a dof.</param>
    /// <param name="loop">The threads; one if null.</param>
    /// <param name="domain">Where they are asked for; all cells if null.</param>
    /// <exception cref="ArgumentException">There are not as many numbers as dofs.</exception>
    public static FieldValues Of(Basis basis, double[] dofs, ChunkedLoop? loop = null, Domain? domain = null)
    {
        ArgumentNullException.ThrowIfNull(basis);
        ArgumentNullException.ThrowIfNull(dofs);
        basis.RequireDofs(dofs.Length);
        var plan = IntegrationPlan.Of(basis, domain ?? Domain.Body);
        var isOnFacets = plan.Exists(group => group.Table.IsFacet);
        var (starts, count) = (new int[basis.Mesh.CellCount * (isOnFacets ? MostFacets : 1)], 0);
        Array.Fill(starts, -1);
        int Slot(IntegrationGroup group, int cell) => isOnFacets ? (MostFacets * (basis.Mesh.FirstCell(group.Block) + cell)) + group.Table.Facet : basis.Mesh.FirstCell(group.Block) + cell;
        foreach (var group in plan)
        {
            foreach (var cell in group.Cells)
            {
                starts[Slot(group, cell)] = count;
                count += group.Table.Count;
            }
        }

        var (places, jets) = (new Vec3[count], new VectorJet[count]);
        foreach (var group in plan)
        {
            group.Run(loop ?? ChunkedLoop.Serial, chunk =>
            {
                var points = new CellPoints(basis.Mesh, group.Table, 1 + basis.Mesh.Dimension);
                foreach (var cell in group.CellsOf(chunk))
                {
                    points.Move(group.Block, cell);
                    for (var q = 0; q < group.Table.Count; q++)
                    {
                        var at = starts[Slot(group, cell)] + q;
                        places[at] = points.Point(q).Position;
                        jets[at] = points.Jet(q, dofs, basis.CellNodes(points.Cell), basis.Components);
                    }
                }
            });
        }

        return new(basis, starts, isOnFacets, places, jets);
    }

    /// <summary>A scalar field and its gradient.</summary>
    /// <param name="x">The point.</param>
    /// <exception cref="ScaleModelException">The field is a vector field, or the point not one of the quadrature of the field's basis over its domain.</exception>
    public ScalarJet Scalar(in QuadraturePoint x)
    {
        _basis.Require(1);
        return At(x).First;
    }

    /// <summary>A vector field and its gradient, without the mean gradient.</summary>
    /// <param name="x">The point.</param>
    /// <exception cref="ScaleModelException">The field is a scalar field, or the point not one of the quadrature of the field's basis over its domain.</exception>
    public VectorJet Vector(in QuadraturePoint x)
    {
        _basis.Require(_basis.Mesh.Dimension);
        return At(x);
    }

    private VectorJet At(in QuadraturePoint x)
    {
        // Other rules of integration have points of the same numbers elsewhere.
        var slot = _isOnFacets == x.Facet >= 0 ? _isOnFacets ? (MostFacets * x.Cell) + x.Facet : x.Cell : -1;
        var at = (uint)slot < (uint)_starts.Length && _starts[slot] >= 0 ? _starts[slot] + x.Index : _jets.Length;
        return at < _jets.Length && _places[at] == x.Position
            ? _jets[at]
            : throw new ScaleModelException("The values of a field are known at the quadrature points of its own basis, in the cells or on the facets that they were asked for. A form that uses them is assembled with that basis over that domain.");
    }
}

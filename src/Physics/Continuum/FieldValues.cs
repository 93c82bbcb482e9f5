using ActorMultiscale.Physics.Continuum.Assembling;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Continuum;

/// <summary>
/// A field and its gradient at all quadrature points of cells, for forms that depend on it: with <c>var w = FieldValues.Of(basis, dofs)</c>, the change of
/// ∫ w² v is <c>BilinearForm.Scalar((x, u) => ScalarJet.Source(2 * w.Scalar(x).Value * u.Value))</c>.
/// </summary>
/// <remarks>Points are told by their cell and number, so the form is assembled with the mesh and the quadrature of the field's own basis, over cells.</remarks>
public sealed class FieldValues
{
    private readonly Basis _basis;
    private readonly int[] _starts;
    private readonly Vec3[] _places;
    private readonly VectorJet[] _jets;

    private FieldValues(Basis basis, int[] starts, Vec3[] places, VectorJet[] jets) => (_basis, _starts, _places, _jets) = (basis, starts, places, jets);

    /// <summary>The values of a field.</summary>
    /// <param name="basis">The functions.</param>
    /// <param name="dofs">The field, one number a dof.</param>
    /// <param name="loop">The threads; one if null.</param>
    /// <exception cref="ArgumentException">There are not as many numbers as dofs.</exception>
    public static FieldValues Of(Basis basis, double[] dofs, ChunkedLoop? loop = null)
    {
        ArgumentNullException.ThrowIfNull(basis);
        ArgumentNullException.ThrowIfNull(dofs);
        basis.RequireDofs(dofs.Length);
        var starts = SolidBody.Starts(basis);
        var (places, jets) = (new Vec3[starts[^1]], new VectorJet[starts[^1]]);
        foreach (var group in IntegrationPlan.Of(basis, Domain.Body))
        {
            group.Run(loop ?? ChunkedLoop.Serial, chunk =>
            {
                var points = new CellPoints(basis.Mesh, group.Table, 1 + basis.Mesh.Dimension);
                foreach (var cell in group.CellsOf(chunk))
                {
                    points.Move(group.Block, cell);
                    for (var q = 0; q < group.Table.Count; q++)
                    {
                        places[starts[points.Cell] + q] = points.Point(q).Position;
                        jets[starts[points.Cell] + q] = points.Jet(q, dofs, basis.CellNodes(points.Cell), basis.Components);
                    }
                }
            });
        }

        return new(basis, starts, places, jets);
    }

    /// <summary>A scalar field and its gradient.</summary>
    /// <param name="x">The point.</param>
    /// <exception cref="ScaleModelException">The field is a vector field, or the point on a facet, or not of the quadrature of the field's basis.</exception>
    public ScalarJet Scalar(in QuadraturePoint x)
    {
        _basis.Require(1);
        return At(x).First;
    }

    /// <summary>A vector field and its gradient, without the mean gradient.</summary>
    /// <param name="x">The point.</param>
    /// <exception cref="ScaleModelException">The field is a scalar field, or the point on a facet, or not of the quadrature of the field's basis.</exception>
    public VectorJet Vector(in QuadraturePoint x)
    {
        _basis.Require(_basis.Mesh.Dimension);
        return At(x);
    }

    private VectorJet At(in QuadraturePoint x)
    {
        // Other rules of integration have points of the same numbers elsewhere.
        var at = x.Cell >= 0 && x.Cell < _starts.Length - 1 ? _starts[x.Cell] + x.Index : _jets.Length;
        return x.Normal == default && at < _jets.Length && at < _starts[x.Cell + 1] && _places[at] == x.Position
            ? _jets[at]
            : throw new ScaleModelException("The values of a field are known at the quadrature points of its own basis in cells. A form that uses them is assembled with that basis, and not over facets.");
    }
}

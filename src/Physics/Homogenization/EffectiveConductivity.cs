using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Materials;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Homogenization;

/// <summary>The conductivity of a representative volume element: of heat, charge, or whatever else diffuses.</summary>
public static class EffectiveConductivity
{
    /// <summary>k̄ with ⟨k ∇T⟩ = k̄ ⟨∇T⟩, W/(m K), by one matrix and a solve for each axis.</summary>
    /// <param name="mesh">A box along the axes, in two or three dimensions; pores that its cells leave out do not conduct.</param>
    /// <param name="degree">The degree of the elements, 1 or 2; 2 if cells are curved.</param>
    /// <param name="conductivities">k of each cell, symmetric and positive definite, W/(m K).</param>
    /// <param name="condition">What holds at the faces.</param>
    /// <param name="loop">The threads; one if null.</param>
    /// <exception cref="ScaleModelException">The mesh does not suit the condition.</exception>
    /// <returns>k̄; of a plane element zero beyond xx, yy, xy and yx.</returns>
    public static Matrix3 Of(
        Mesh mesh, int degree, Phases<Matrix3> conductivities, BoundaryCondition condition = BoundaryCondition.Periodic, ChunkedLoop? loop = null)
    {
        ArgumentNullException.ThrowIfNull(mesh);
        ArgumentNullException.ThrowIfNull(conductivities);
        conductivities.RequireCells(mesh);
        var field = new MacroField(mesh, degree, isScalar: true, condition);
        var k = field.Tangent(Assembly.Matrix(field.Basis, BilinearForm.Scalar((x, t) => ScalarJet.Flux(conductivities[x.Cell] * t.Gradient)), null, loop), loop);
        double At(int i, int j) => i < k.RowCount && j < k.ColumnCount ? k[i, j] : 0;
        return new(At(0, 0), At(0, 1), At(0, 2), At(1, 0), At(1, 1), At(1, 2), At(2, 0), At(2, 1), At(2, 2));
    }
}

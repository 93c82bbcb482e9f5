using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Materials;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using MathNet.Numerics.LinearAlgebra;

namespace ActorMultiscale.Physics.Homogenization;

/// <summary>The conductivity of a representative volume element: of heat, charge, or whatever else diffuses.</summary>
public static class EffectiveConductivity
{
    /// <summary>k̄ with ⟨k ∇T⟩ = k̄ ⟨∇T⟩, W/(m K), by one matrix and a solve for each axis.</summary>
    /// <param name="mesh">A box along the axes, in two or three dimensions; pores that its cells leave out do not conduct.</param>
    /// <param name="degree">The degree of the elements, 1 or 2; 2 if cells are curved.</param>
    /// <param name="conductivities">k of each cell, symmetric and positive definite, W/(m K); in the plane the components xx, yy, xy and yx count.</param>
    /// <param name="condition">What holds at the faces.</param>
    /// <param name="loop">The threads; one if null.</param>
    /// <exception cref="ScaleModelException">The mesh does not suit the condition, a conductivity is not symmetric and positive definite, or a part of the body is loose.</exception>
    /// <returns>k̄; of a plane element zero beyond xx, yy, xy and yx.</returns>
    public static Matrix3 Of(
        Mesh mesh, int degree, Phases<Matrix3> conductivities, BoundaryCondition condition = BoundaryCondition.Periodic, ChunkedLoop? loop = null)
    {
        ArgumentNullException.ThrowIfNull(mesh);
        ArgumentNullException.ThrowIfNull(conductivities);
        conductivities.RequireCells(mesh);
        foreach (var phase in conductivities.Values)
        {
            RequirePositive(phase, mesh.Dimension);
        }

        var field = new MacroField(mesh, degree, isScalar: true, condition);
        Matrix<double> k;
        try
        {
            k = field.Tangent(Assembly.Matrix(field.Basis, BilinearForm.Scalar((x, t) => ScalarJet.Flux(conductivities[x.Cell] * t.Gradient)), null, loop), loop);
        }
        catch (Exception e) when (e is InvalidOperationException or ScaleModelException)
        {
            throw new ScaleModelException($"The temperature within does not follow from that of the faces: {e.Message} Does an island of material lie in a pore?", e);
        }

        double At(int i, int j) => i < k.RowCount && j < k.ColumnCount ? k[i, j] : 0;
        return new(At(0, 0), At(0, 1), At(0, 2), At(1, 0), At(1, 1), At(1, 2), At(2, 0), At(2, 1), At(2, 2));
    }

    private static void RequirePositive(Matrix3 k, int dimension)
    {
        // In the plane only its block counts.
        var all = dimension == 3 ? k : new(k.XX, k.XY, 0, k.YX, k.YY, 0, 0, 0, 1);
        var size = Math.Sqrt(Matrix3.Contract(all, all));
        var skew = all - all.Transposed;
        var values = double.IsFinite(size) ? SymTensor3.SymmetricPart(all).Principal().Values : Vec3.Zero;
        if (!(Matrix3.Contract(skew, skew) <= 1e-24 * size * size && Math.Min(values.X, Math.Min(values.Y, values.Z)) > 0))
        {
            throw new ScaleModelException($"A phase has the conductivity {k}; conductivities are finite, symmetric and positive definite. Pores are what the mesh leaves out.");
        }
    }
}

using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Continuum;

/// <summary>The trilinear hexahedron on [−1, 1]³ with 2 × 2 × 2 Gauss points.</summary>
/// <remarks>N_a(ξ) = ⅛ (1 + ξ_a ξ)(1 + η_a η)(1 + ζ_a ζ). After: Hughes, "The Finite Element Method" (1987), section 3.5.</remarks>
public static class HexElement
{
    private static readonly (int X, int Y, int Z)[] _corner =
        [(-1, -1, -1), (1, -1, -1), (1, 1, -1), (-1, 1, -1), (-1, -1, 1), (1, -1, 1), (1, 1, 1), (-1, 1, 1)];

    /// <summary>The quadrature points; each has weight 1.</summary>
    public static IReadOnlyList<Vec3> QuadraturePoints { get; } = Array.ConvertAll(_corner, c => (1 / Math.Sqrt(3)) * new Vec3(c.X, c.Y, c.Z));

    /// <summary>Place of a node in the reference cell.</summary>
    public static Vec3 Node(int a) => new(_corner[a].X, _corner[a].Y, _corner[a].Z);

    /// <summary>N_a at a point of the reference cell.</summary>
    public static double Value(int a, Vec3 at)
    {
        var (x, y, z) = _corner[a];
        return 0.125 * (1 + (x * at.X)) * (1 + (y * at.Y)) * (1 + (z * at.Z));
    }

    /// <summary>∂N_a/∂ξ at a point of the reference cell.</summary>
    public static Vec3 ReferenceGradient(int a, Vec3 at)
    {
        var (x, y, z) = _corner[a];
        var (fx, fy, fz) = (1 + (x * at.X), 1 + (y * at.Y), 1 + (z * at.Z));
        return 0.125 * new Vec3(x * fy * fz, y * fx * fz, z * fx * fy);
    }

    /// <summary>
    /// ∂N_a/∂x of all eight functions at a point of a cell, and det J, by J = Σ x_a ⊗ ∂N_a/∂ξ, ∂N/∂x = J⁻ᵀ ∂N/∂ξ.
    /// </summary>
    /// <exception cref="ScaleModelException">The cell is turned inside out there.</exception>
    public static double Gradients(HexMesh mesh, int cell, Vec3 at, Span<Vec3> gradients)
    {
        ArgumentNullException.ThrowIfNull(mesh);
        var nodes = mesh.Cell(cell);
        var jacobian = default(Matrix3);
        for (var a = 0; a < 8; a++)
        {
            gradients[a] = ReferenceGradient(a, at);
            var x = mesh.Nodes[nodes[a]];
            jacobian += Matrix3.FromColumns(gradients[a].X * x, gradients[a].Y * x, gradients[a].Z * x);
        }

        var determinant = jacobian.Determinant;
        if (!(determinant > 0))
        {
            throw new ScaleModelException(FormattableString.Invariant($"Cell {cell} of the mesh is turned inside out (det J = {determinant}). Its nodes are numbered in the wrong order, or it is too distorted."));
        }

        var inverse = jacobian.Inverse().Transposed;
        for (var a = 0; a < 8; a++)
        {
            gradients[a] = inverse * gradients[a];
        }

        return determinant;
    }
}

using System.Collections.Immutable;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Continuum;

/// <summary>
/// A tensile test on finite elements: a bar is held at x = 0, its other end is moved along x, and its sides are free. Only what is needed
/// against rigid motion is fixed beside.
/// </summary>
public static class SolidBar
{
    // Moduli are differences of two pulls: what the solver leaves over is divided by the strain.
    private const double Residual = 1e-13;

    /// <summary>Modulus and lateral contraction from strains ±<paramref name="strain"/>, and the axial stress at +strain, Pa.</summary>
    /// <param name="size">Length, width and height, m.</param>
    /// <param name="cells">Cells along the three.</param>
    /// <param name="tangent">C in the axes of the bar, Pa.</param>
    /// <param name="residual">σ₀, the stress at no strain, Pa.</param>
    /// <param name="strain">The axial strain, above zero.</param>
    /// <exception cref="InvalidOperationException">The bar has no stiffness against some motion, or rounding keeps conjugate gradients from getting there.</exception>
    /// <exception cref="Models.ScaleModelException">The tangent is not finite, or there are no lengths or cells.</exception>
    public static (TensileResponse Response, double AxialStress) Pull(Vec3 size, (int X, int Y, int Z) cells, Tangent6 tangent, SymTensor3 residual, double strain)
    {
        var basis = Basis.Vector(StructuredMesh.Box(size, cells.X, cells.Y, cells.Z), 1);
        var stiffness = Assembly.Matrix(basis, Elasticity.Stiffness(tangent));
        var load = Assembly.Vector(basis, Elasticity.InitialStress(_ => residual));
        var plus = PullOnce(basis, stiffness, load, size, strain);
        var minus = PullOnce(basis, stiffness, load, size, -strain);
        return (new TensileResponse((plus.Stress - minus.Stress) / (2 * strain), -(plus.Y - minus.Y) / (2 * strain), -(plus.Z - minus.Z) / (2 * strain)), plus.Stress);
    }

    private static (double Stress, double Y, double Z) PullOnce(Basis basis, CsrMatrix stiffness, double[] load, Vec3 size, double strain)
    {
        // The two ends keep the bar from turning about y and z; one corner holds its place, and its neighbor along y its height.
        var held = new Constraints(basis.DofCount)
            .Fix(basis, basis.NodesOn("left"), 0, 0)
            .Fix(basis, basis.NodesOn("right"), 0, strain * size.X)
            .Fix(basis, Common(basis, "left", "front", "bottom"), 1, 0)
            .Fix(basis, Common(basis, "left", "front", "bottom"), 2, 0)
            .Fix(basis, Common(basis, "left", "back", "bottom"), 2, 0);
        var u = held.Solve(stiffness, load, (matrix, right) =>
        {
            var x = new double[right.Length];
            ConjugateGradient.Solve(matrix, right, x, new SsorPreconditioner(matrix), Residual);
            return x;
        });

        // K u − f: the forces that hold the bar.
        var reaction = new double[u.Length];
        stiffness.Multiply(u, reaction);
        var force = FixedOrderSum.Of([.. basis.NodesOn("right").Select(n => reaction[basis.Dof(n)] - load[basis.Dof(n)])]);
        double Mean(string side, int component)
        {
            var edge = Common(basis, "right", side);
            return FixedOrderSum.Of([.. edge.Select(n => u[basis.Dof(n, component)])]) / edge.Length;
        }

        return (force / (size.Y * size.Z), (Mean("back", 1) - Mean("front", 1)) / size.Y, (Mean("top", 2) - Mean("bottom", 2)) / size.Z);
    }

    // The nodes that lie on all of some sides.
    private static ImmutableArray<int> Common(Basis basis, params ReadOnlySpan<string> sides)
    {
        IEnumerable<int> nodes = basis.NodesOn(sides[0]);
        foreach (var side in sides[1..])
        {
            nodes = nodes.Intersect(basis.NodesOn(side));
        }

        return [.. nodes];
    }
}

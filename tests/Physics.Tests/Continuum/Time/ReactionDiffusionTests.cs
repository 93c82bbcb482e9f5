using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Continuum.Time;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Numerics.Sparse;

namespace ActorMultiscale.Tests.Continuum.Time;

/// <summary>
/// Fisher's equation, u̇ = ∇²u + u (1 − u), whose wave u = (1 + e^{z/√6})⁻², z = x − 5t/√6, is exact: Ablowitz, Zeppetella, Bull. Math. Biol. 41, 835 (1979).
/// The wave runs askew through the body, with values given all round that change in time.
/// </summary>
public sealed class ReactionDiffusionTests
{
    private static ScalarJet Wave(Vec3 x, double t, Vec3 direction)
    {
        var e = Math.Exp((Vec3.Dot(direction, x) - (5 * t / Math.Sqrt(6))) / Math.Sqrt(6));
        return new(1 / ((1 + e) * (1 + e)), -2 / Math.Sqrt(6) * e / Math.Pow(1 + e, 3) * direction);
    }

    private static double[] Error(Mesh mesh, int degree, Vec3 direction, DiffusionScheme scheme, double until, int steps, out double l2)
    {
        var basis = Basis.Scalar(mesh, degree);

        // ∫ ∇u·∇v − u (1 − u) v and its change ∫ ∇u·∇v − (1 − 2w) u v.
        SystemResponse System(double t, double[] u)
        {
            var w = FieldValues.Of(basis, u);
            return new(
                Assembly.Residual(basis, u, (_, jet) => new ScalarJet(-jet.Value * (1 - jet.Value), jet.Gradient)),
                () => Assembly.Matrix(basis, BilinearForm.Scalar((x, jet) => new ScalarJet(((2 * w.Scalar(x).Value) - 1) * jet.Value, jet.Gradient))));
        }

        var surface = basis.NodesOnSurface();
        var diffusion = new NonlinearDiffusion(
            Assembly.Matrix(basis, Heat.Capacity(1)), System, t => new Constraints(basis.DofCount).Fix(basis, surface, x => Wave(x, t, direction).Value), scheme, until / steps,
            (a, y) =>
            {
                var x = new double[y.Length];
                SparseLdl.PositiveDefinite(a).Solve(y, x);
                return x;
            });
        var course = diffusion.Start(basis.Interpolate(x => Wave(x, 0, direction).Value));
        for (var n = 0; n < steps; n++)
        {
            course = diffusion.Next(course);
        }

        l2 = Assembly.Error(basis, course.Value, x => Wave(x, until, direction)).L2;
        return course.Value;
    }

    [Theory]
    [InlineData(CellShape.Triangle, 1)]
    [InlineData(CellShape.Quadrilateral, 1)]
    [InlineData(CellShape.Triangle, 2)]
    public void The_wave_has_its_order_in_space(CellShape shape, int degree)
    {
        var direction = new Vec3(0.6, 0.8, 0);
        double L2(int n)
        {
            // Long waves need long bodies. The steps grow fewer with the order, so that space makes most of the error.
            Error(StructuredMesh.Rectangle(8, 6, 4 * n / 3, n, shape), degree, direction, DiffusionScheme.Bdf2, 0.2, degree == 1 ? 2 * n : 8 * n, out var l2);
            return l2;
        }

        Assert.InRange(Math.Log2(L2(6) / L2(12)), degree + 0.85, degree + 1.15);
    }

    [Theory]
    [InlineData(DiffusionScheme.BackwardEuler, 1)]
    [InlineData(DiffusionScheme.CrankNicolson, 2)]
    [InlineData(DiffusionScheme.Bdf2, 2)]
    public void The_wave_has_its_order_in_time(DiffusionScheme scheme, double order)
    {
        // Against itself with half the step, so that space makes no error.
        double[] At(int steps) => Error(StructuredMesh.Interval(10, 20), 2, new(1, 0, 0), scheme, 1, steps, out _);
        var (coarse, middle, fine) = (At(20), At(40), At(80));
        Assert.InRange(Math.Log2(FixedOrderSum.Distance(coarse, middle) / FixedOrderSum.Distance(middle, fine)), order - 0.1, order + 0.1);
    }

    [Fact]
    public void Values_of_a_field_are_those_of_its_own_points()
    {
        var basis = Basis.Scalar(StructuredMesh.Rectangle(1, 1, 2, 2), 1);
        var dofs = basis.Interpolate(x => (2 * x.X) - x.Y);
        var w = FieldValues.Of(basis, dofs, new ChunkedLoop(2));

        // ∫ w³ by the values, and by the fields themselves.
        var sum = Assembly.Integral(basis, x => Math.Pow(w.Scalar(x).Value, 3) + w.Scalar(x).Gradient.X);
        Assert.Equal(Assembly.Integral(basis, dofs, (QuadraturePoint _, ScalarJet u) => Math.Pow(u.Value, 3) + 2), sum, 1e-14);
        Assert.Contains("facets", Assert.Throws<ScaleModelException>(() => Assembly.Integral(basis, x => w.Scalar(x).Value, Domain.Surface)).Message, StringComparison.Ordinal);
        Assert.Contains("for a scalar field", Assert.Throws<ScaleModelException>(() => Assembly.Integral(basis, x => w.Vector(x).Value.X)).Message, StringComparison.Ordinal);
        var finer = Basis.Scalar(basis.Mesh, 1, 7);
        Assert.Contains("own basis", Assert.Throws<ScaleModelException>(() => Assembly.Integral(finer, x => w.Scalar(x).Value)).Message, StringComparison.Ordinal);
    }
}

using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Models;
using CsCheck;

namespace ActorMultiscale.Tests.Continuum;

/// <summary>Problems with bounds.</summary>
public sealed class BoundedProblemTests
{
    // −u″ = −1 on (−1, 1) with u = 0 at the ends above the floor −1/8: u = ½ (|x| − ½)² − 1/8 until it lies on it, for |x| < ½.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_string_comes_to_lie_on_a_floor(bool startsOnIt)
    {
        var basis = Basis.Scalar(StructuredMesh.Interval(2, 64), 1);
        var (lower, upper) = (new double[65], new double[65]);
        Array.Fill(lower, -0.125);
        Array.Fill(upper, double.PositiveInfinity);
        (lower[0], upper[0], lower[64], upper[64]) = (0, 0, 0, 0);
        var u = BoundedProblem.Solve(
            basis, Assembly.Blocks(basis, Heat.Conduction(1)), Assembly.Vector(basis, Heat.Source(x => -1)), lower, upper, startsOnIt ? null : new double[65]);
        for (var n = 0; n <= 64; n++)
        {
            var x = Math.Abs((n / 32.0) - 1);
            Assert.Equal(x < 0.5 ? -0.125 : (0.5 * Math.Pow(x - 0.5, 2)) - 0.125, u[n], 1e-9);
        }
    }

    // Whatever the bounds: x keeps them, and the force left over pushes away from the bound that x is at.
    [Fact]
    public void A_solution_is_the_least_one_within_random_bounds()
    {
        var basis = Basis.Scalar(StructuredMesh.Rectangle(1, 1, 6, 5), 1);
        var matrix = Assembly.Blocks(basis, Heat.Conduction(1) + Heat.Capacity(3));
        var (low, high) = (0, 0);
        Gen.Select(Gen.Double[-1, 1].Array[42], Gen.Double[0, 0.6].Array[42], Gen.Double[-4, 4].Array[42]).Sample((lower, width, load) =>
        {
            double[] upper = [.. lower.Zip(width, (l, w) => l + w)];
            var x = BoundedProblem.Solve(basis, matrix, load, lower, upper);
            var force = new double[42];
            matrix.Multiply(x, force);
            for (var i = 0; i < 42; i++)
            {
                Assert.InRange(x[i], lower[i], upper[i]);
                var push = force[i] - load[i];
                Assert.True(push > -1e-7 || x[i] == upper[i]);
                Assert.True(push < 1e-7 || x[i] == lower[i]);
                Interlocked.Add(ref low, x[i] == lower[i] ? 1 : 0);
                Interlocked.Add(ref high, x[i] == upper[i] ? 1 : 0);
            }
        }, iter: 60);
        Assert.True(low > 100 && high > 100);
    }

    // The same of a membrane that multigrid solves for, over a bump.
    [Fact]
    public void A_large_membrane_lies_on_a_bump()
    {
        var basis = Basis.Scalar(StructuredMesh.Rectangle(1, 1, 60, 60), 1);
        Assert.True(basis.DofCount > FactorOrIterate.BesideMultigrid);
        var matrix = Assembly.Blocks(basis, Heat.Conduction(1));
        var load = Assembly.Vector(basis, Heat.Source(x => -2));
        var lower = basis.Interpolate(x => 0.2 - (2 * Math.Pow(x.X - 0.5, 2)) - (3 * Math.Pow(x.Y - 0.4, 2)));
        var upper = new double[lower.Length];
        Array.Fill(upper, double.PositiveInfinity);
        foreach (var n in basis.NodesOnSurface())
        {
            (lower[n], upper[n]) = (0, 0);
        }

        var x = BoundedProblem.Solve(basis, matrix, load, lower, upper);
        var force = new double[x.Length];
        matrix.Multiply(x, force);
        var lies = 0;
        for (var i = 0; i < x.Length; i++)
        {
            if (upper[i] > lower[i])
            {
                var push = force[i] - load[i];
                Assert.True(x[i] >= lower[i] && push > -1e-8);
                Assert.True(x[i] == lower[i] || push < 1e-8);
                lies += x[i] == lower[i] ? 1 : 0;
            }
        }

        Assert.InRange(lies, 50, 2000);
    }

    [Fact]
    public void Bounds_that_cross_and_numbers_that_are_none_are_refused()
    {
        var basis = Basis.Scalar(StructuredMesh.Interval(1, 1), 1);
        var matrix = Assembly.Blocks(basis, Heat.Capacity(1));
        var error = Assert.Throws<ScaleModelException>(() => BoundedProblem.Solve(basis, matrix, [0, 0], [0, 1], [1, 0.5]));
        Assert.Contains("Dof 1 is to lie between 1 and 0.5", error.Message, StringComparison.Ordinal);
        const double far = double.PositiveInfinity;
        Assert.Contains("Dof 0 is to", Assert.Throws<ScaleModelException>(() => BoundedProblem.Solve(basis, matrix, [0, 0], [far, 0], [far, 1])).Message, StringComparison.Ordinal);
        Assert.Contains("Dof 1 is to", Assert.Throws<ScaleModelException>(() => BoundedProblem.Solve(basis, matrix, [0, 0], [0, -far], [1, -far])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => BoundedProblem.Solve(basis, matrix, [0, 0], [0, 0], [1, 1], [0]));
        Assert.Contains(
            "no finite solution", Assert.Throws<ScaleModelException>(() => BoundedProblem.Solve(basis, matrix, [double.NaN, 0], [-1, -1], [1, 1], [0, 0])).Message, StringComparison.Ordinal);

        // What is given does not hang on where to start.
        Assert.Equal([0.5, 0.25], BoundedProblem.Solve(basis, matrix, [0, 0], [0.5, 0.25], [0.5, 0.25], [double.NaN, 7]));
    }
}

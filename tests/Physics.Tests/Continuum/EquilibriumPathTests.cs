using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Tests.Continuum;

/// <summary>Paths through limit points.</summary>
public sealed class EquilibriumPathTests
{
    // A shallow truss of two bars, height 1: P(w) = w (w − 1)(w − 2) / 2 with limit points at w = 1 ∓ 1/√3; the load is ∓ 1/(3√3) there.
    private static (double[], CsrMatrix) Truss(double[] u) =>
        ([0.5 * u[0] * (u[0] - 1) * (u[0] - 2)], new(1, [0, 1], [0], [(1.5 * u[0] * u[0]) - (3 * u[0]) + 1]));

    [Fact]
    public void A_truss_snaps_through_by_arc_and_by_displacement()
    {
        foreach (var byArc in new[] { true, false })
        {
            var (point, loads) = (new PathPoint([0], 0), new List<double>());
            for (var n = 1; n <= 24; n++)
            {
                point = byArc ? EquilibriumPath.ByArc(point, new(1), Truss, [1], 0.1, 1e-12) : EquilibriumPath.ByDof(point, new(1), Truss, [1], 0, 0.1, 1e-12);
                Assert.Equal(0.1 * n, point.Displacement[0], 1e-9);
                Assert.Equal(Truss(point.Displacement).Item1[0], point.Factor, 1e-11);
                Assert.InRange(point.Iterations, 1, 5);
                loads.Add(point.Factor);
            }

            Assert.Equal(1 / (3 * Math.Sqrt(3)), loads.Take(10).Max(), 1e-3);
            Assert.Equal(-1 / (3 * Math.Sqrt(3)), loads.Min(), 1e-3);
            Assert.True(loads[^1] > 0.3);
        }
    }

    // A soft spring k and a joint of force T(s) = e s exp(−s), in a row: the end moves by T/k + s, which turns back where k + T' < 0.
    private static (double[], CsrMatrix) Joint(double[] u)
    {
        const double k = 0.2;
        var (s, stretch) = (u[0], u[1] - u[0]);
        var (t, slope) = (Math.E * s * Math.Exp(-s), Math.E * (1 - s) * Math.Exp(-s));
        return ([t - (k * stretch), k * stretch], new(2, [0, 2, 4], [0, 1, 0, 1], [slope + k, -k, -k, k]));
    }

    [Fact]
    public void A_joint_that_softens_snaps_back_and_the_arc_follows()
    {
        var point = new PathPoint([0, 0], 0);
        var (turnsBack, peak) = (false, 0.0);
        while (point.Displacement[0] < 6)
        {
            var next = EquilibriumPath.ByArc(point, new(2), Joint, [0, 1], 0.1, 1e-12);
            var s = next.Displacement[0];
            Assert.Equal(Math.E * s * Math.Exp(-s), next.Factor, 1e-10);
            Assert.Equal((next.Factor / 0.2) + s, next.Displacement[1], 1e-9);
            Assert.Equal(0.1, Math.Sqrt(Math.Pow(next.Step![0], 2) + Math.Pow(next.Step[1], 2)), 1e-5);
            Assert.True(s > point.Displacement[0]);
            turnsBack |= next.Displacement[1] < point.Displacement[1];
            (peak, point) = (Math.Max(peak, next.Factor), next);
        }

        Assert.True(turnsBack);
        Assert.Equal(1, peak, 1e-2);

        // Led by the joint itself it goes on too; led by the end it is lost, or jumps, where that turns back.
        var led = EquilibriumPath.ByDof(new([0, 0], 0), new(2), Joint, [0, 1], 0, 2);
        Assert.Equal(2 * Math.Exp(-1), led.Factor, 1e-8);
    }

    // r = u − u²/2: K is zero at the top, u = 1, λ = ½, exactly where steps of ½ and 1 arrive and begin.
    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 1)]
    [InlineData(true, 0.5)]
    [InlineData(false, 0.5)]
    public void A_limit_point_is_met_and_passed(bool byArc, double length)
    {
        static (double[], CsrMatrix) Hill(double[] u) => ([u[0] - (0.5 * u[0] * u[0])], new(1, [0, 1], [0], [1 - u[0]]));
        var point = new PathPoint([0], 0);
        for (var n = 1; n <= 4; n++)
        {
            point = byArc ? EquilibriumPath.ByArc(point, new(1), Hill, [1], length) : EquilibriumPath.ByDof(point, new(1), Hill, [1], 0, length);
            Assert.Equal(n * length, point.Displacement[0], 1e-9);
            Assert.Equal(Hill(point.Displacement).Item1[0], point.Factor, 1e-9);
        }
    }

    // λ is what the load is multiplied by: with a load of a thousand million a factor of a thousand-millionth part, met to as many digits.
    [Theory]
    [InlineData(1e-9)]
    [InlineData(1e9)]
    public void The_unit_of_the_load_does_not_matter(double load)
    {
        foreach (var byArc in new[] { true, false })
        {
            var point = new PathPoint([0], 0);
            for (var n = 1; n <= 12; n++)
            {
                point = byArc ? EquilibriumPath.ByArc(point, new(1), Truss, [load], 0.1) : EquilibriumPath.ByDof(point, new(1), Truss, [load], 0, 0.1);
                Assert.Equal(Truss(point.Displacement).Item1[0], point.Factor * load, 1e-9);
            }
        }
    }

    [Fact]
    public void What_cannot_be_followed_is_refused()
    {
        string Fault(Func<object> follow) => Assert.Throws<ScaleModelException>(follow).Message;
        var held = new Constraints(2).Fix(1, 0.1);
        Assert.Contains("a dof is off by 1e-1", Fault(() => EquilibriumPath.ByDof(new([0, 0], 0), held, Joint, [1, 0], 0, 0.1)), StringComparison.Ordinal);
        Assert.Contains("a dof is off by 1e-1", Fault(() => EquilibriumPath.ByArc(new([0, 0], 0), held, Joint, [1, 0], 0.1)), StringComparison.Ordinal);
        Assert.Equal(0.1, EquilibriumPath.ByDof(new([0, 0.1], 0), held, Joint, [1, 0], 0, 0.1).Displacement[0], 1e-12);
        foreach (var length in new[] { 0, -0.1, double.NaN })
        {
            Assert.Contains("The length of an arc", Fault(() => EquilibriumPath.ByArc(new([0], 0), new(1), Truss, [1], length)), StringComparison.Ordinal);
        }

        // At the start nothing is stiff, and no step tells where the path goes on.
        static (double[], CsrMatrix) Bowl(double[] u) => ([u[0] * u[0]], new(1, [0, 1], [0], [2 * u[0]]));
        Assert.Contains("path is lost", Fault(() => EquilibriumPath.ByArc(new([0], 0), new(1), Bowl, [1], 0.1)), StringComparison.Ordinal);
        Assert.Contains("free dof", Assert.Throws<ScaleModelException>(() => EquilibriumPath.ByDof(new([0], 0), new Constraints(1).Fix(0, 0), Truss, [1], 0, 1)).Message, StringComparison.Ordinal);
        Assert.Contains("path is lost", Assert.Throws<ScaleModelException>(() => EquilibriumPath.ByArc(new([0], 0), new(1), Truss, [1], 0.1, 1e-12, 1)).Message, StringComparison.Ordinal);
    }
}

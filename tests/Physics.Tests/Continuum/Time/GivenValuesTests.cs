using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Continuum.Time;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Numerics.Sparse;

namespace ActorMultiscale.Tests.Continuum.Time;

/// <summary>Given values that change in time. Solutions w q(t) with the load that belongs to them, so that time alone makes errors.</summary>
public sealed class GivenValuesTests
{
    private const int Tied = 7;

    private static readonly Basis _basis = Basis.Scalar(StructuredMesh.Interval(1, 8), 1);
    private static readonly CsrMatrix _mass = Assembly.Matrix(_basis, Heat.Capacity(1));
    private static readonly CsrMatrix _stiffness = Assembly.Matrix(_basis, Heat.Conduction(1));
    private static readonly double[] _w = _basis.Interpolate(x => 1.3 - (0.4 * x.X) + Math.Sin(2 * x.X));

    private static double Q(double t) => Math.Cos(2 * t) * Math.Exp(-t / 2);

    private static double V(double t) => Math.Exp(-t / 2) * ((-2 * Math.Sin(2 * t)) - (0.5 * Math.Cos(2 * t)));

    private static double A(double t) => Math.Exp(-t / 2) * ((-3.75 * Math.Cos(2 * t)) + (2 * Math.Sin(2 * t)));

    // Both ends move by w q; one dof is tied to another with a value that changes.
    private static Constraints Ends(double q, bool isTied)
    {
        var constraints = new Constraints(_basis.DofCount).Fix(0, _w[0] * q).Fix(8, _w[8] * q);
        return isTied ? constraints.Tie(Tied, [(6, 0.5)], (_w[Tied] - (0.5 * _w[6])) * q) : constraints;
    }

    private static double[] Sum(params (double Factor, CsrMatrix? Matrix)[] terms)
    {
        var (sum, product) = (new double[_w.Length], new double[_w.Length]);
        foreach (var (factor, matrix) in terms)
        {
            matrix?.Multiply(_w, product);
            for (var i = 0; i < sum.Length && matrix is not null; i++)
            {
                sum[i] += factor * product[i];
            }
        }

        return sum;
    }

    private static void HasOrder(double expected, Func<int, double> error) => Assert.InRange(Math.Log2(error(80) / error(160)), expected - 0.1, expected + 0.1);

    [Theory]
    [InlineData(DiffusionScheme.BackwardEuler, 1)]
    [InlineData(DiffusionScheme.CrankNicolson, 2)]
    [InlineData(DiffusionScheme.Bdf2, 2)]
    public void Diffusion_has_its_order(DiffusionScheme scheme, double order)
    {
        double Off(Func<Course, Course> next, Course course, int steps)
        {
            for (var n = 0; n < steps; n++)
            {
                course = next(course);
                Assert.Equal(_w[8] * Q(course.Time), course.Value[8], 1e-12);
                Assert.Equal((0.5 * course.Value[6]) + ((_w[Tied] - (0.5 * _w[6])) * Q(course.Time)), course.Value[Tied], 1e-12);
            }

            return Math.Abs(course.Value[3] - (_w[3] * Q(course.Time))) + Math.Abs(course.Value[Tied] - (_w[Tied] * Q(course.Time)));
        }

        HasOrder(order, steps =>
        {
            var diffusion = new ImplicitDiffusion(_mass, _stiffness, t => Sum((V(t), _mass), (Q(t), _stiffness)), t => Ends(Q(t), true), scheme, 1.0 / steps);
            return Off(diffusion.Next, diffusion.Start(_w), steps);
        });

        // The same with a reaction u³, whose load is w³ q³ in the mean of M.
        HasOrder(order, steps =>
        {
            SystemResponse System(double t, double[] u)
            {
                var field = FieldValues.Of(_basis, u);
                var w = FieldValues.Of(_basis, _w);
                var load = Sum((V(t), _mass), (Q(t), _stiffness));
                var rest = Assembly.Residual(_basis, u, (x, jet) => new ScalarJet(Math.Pow(jet.Value, 3) - Math.Pow(w.Scalar(x).Value * Q(t), 3), jet.Gradient));
                return new([.. rest.Zip(load, (r, f) => r - f)],
                    () => Assembly.Matrix(_basis, BilinearForm.Scalar((x, jet) => new ScalarJet(3 * Math.Pow(field.Scalar(x).Value, 2) * jet.Value, jet.Gradient))));
            }

            var diffusion = new NonlinearDiffusion(_mass, System, t => Ends(Q(t), true), scheme, 1.0 / steps, Factor);
            return Off(diffusion.Next, diffusion.Start(_w), steps);
        });
    }

    private static double[] Factor(CsrMatrix a, double[] y)
    {
        var x = new double[y.Length];
        SparseLdl.PositiveDefinite(a).Solve(y, x);
        return x;
    }

    [Theory]
    [InlineData(0.0, 0.25, 0.5, 2)]
    [InlineData(0.0, 0.3025, 0.6, 1)]
    [InlineData(0.8, 0, 0, 2)]
    [InlineData(0.2, 0, 0, 2)]
    public void Implicit_dynamics_has_its_order(double spectralRadius, double beta, double gamma, double order)
    {
        var scheme = spectralRadius == 0 ? DynamicScheme.Newmark(beta, gamma) : DynamicScheme.GeneralizedAlpha(spectralRadius);
        var damping = Assembly.Matrix(_basis, Heat.Capacity(0.3) + Heat.Conduction(0.05));
        var given = new GivenMotion(t => Ends(Q(t), true), t => Ends(V(t), true), t => Ends(A(t), true));
        HasOrder(order, steps =>
        {
            var dynamics = new ImplicitDynamics(_mass, damping, _stiffness, t => Sum((A(t), _mass), (V(t), damping), (Q(t), _stiffness)), given, scheme, 1.0 / steps);
            var motion = dynamics.Start(_w, Array.ConvertAll(_w, x => x * V(0)));
            Assert.Equal(A(0) * _w[3], motion.Acceleration[3], 1e-11);
            for (var n = 0; n < steps; n++)
            {
                motion = dynamics.Next(motion);
                var (q, v, a) = (Q(motion.Time), V(motion.Time), A(motion.Time - ((scheme.AlphaF - scheme.AlphaM) / steps)));
                Assert.Equal(_w[0] * q, motion.Displacement[0], 1e-12);
                Assert.Equal(_w[0] * v, motion.Velocity[0], 1e-12);
                Assert.Equal(_w[0] * a, motion.Acceleration[0], 1e-12);
                Assert.Equal((0.5 * motion.Displacement[6]) + ((_w[Tied] - (0.5 * _w[6])) * q), motion.Displacement[Tied], 1e-12);
                Assert.Equal((0.5 * motion.Velocity[6]) + ((_w[Tied] - (0.5 * _w[6])) * v), motion.Velocity[Tied], 1e-12);
            }

            return Math.Abs(motion.Displacement[3] - (Q(1) * _w[3])) + Math.Abs(motion.Velocity[3] - (V(1) * _w[3]));
        });
    }

    [Fact]
    public void Central_differences_have_their_order()
    {
        var mass = LumpedMass.RowSums(_mass);
        var damping = Array.ConvertAll(mass, x => 0.3 * x);
        var given = new GivenMotion(t => Ends(Q(t), false), t => Ends(V(t), false), t => Ends(A(t), false));
        HasOrder(2, steps =>
        {
            var motion = new CentralDifference(
                mass, damping, (t, u, f) =>
                {
                    _stiffness.Multiply(u, f);
                    var load = Sum((Q(t), _stiffness));
                    for (var i = 0; i < f.Length; i++)
                    {
                        f[i] = load[i] - f[i] + (_w[i] * ((mass[i] * A(t)) + (damping[i] * V(t))));
                    }
                }, given, _w, Array.ConvertAll(_w, x => x * V(0)));
            for (var n = 0; n < steps; n++)
            {
                motion.Advance(1.0 / steps);
                Assert.Equal(_w[8] * Q(motion.Time), motion.Displacement[8], 1e-12);
                Assert.Equal(_w[8] * V(motion.Time), motion.Velocity[8], 1e-12);
                Assert.Equal(_w[8] * A(motion.Time), motion.Acceleration[8], 1e-12);
            }

            return Math.Abs(motion.Displacement[3] - (Q(1) * _w[3])) + Math.Abs(motion.Velocity[3] - (V(1) * _w[3]));
        });
    }

    // A bar at rest whose end is pulled by g = sin⁴(πt/T): until the front has come back, the bar is u = g(t − (1 − x)/c).
    [Fact]
    public void A_driven_end_sends_a_wave()
    {
        const double period = 0.4;
        double G(double t) => t <= 0 ? 0 : t >= period ? 0 : Math.Pow(Math.Sin(Math.PI * t / period), 4);
        double Rate(double t) => t <= 0 || t >= period ? 0 : 4 * Math.PI / period * Math.Pow(Math.Sin(Math.PI * t / period), 3) * Math.Cos(Math.PI * t / period);
        double Change(double t)
        {
            var ((s, c), k) = (Math.SinCos(Math.PI * t / period), Math.PI / period);
            return t <= 0 || t >= period ? 0 : 4 * k * k * s * s * ((3 * c * c) - (s * s));
        }

        double Error(int cells)
        {
            var basis = Basis.Scalar(StructuredMesh.Interval(1, cells), 1);
            Constraints End(double value) => new Constraints(basis.DofCount).Fix(cells, value);
            var dynamics = new ImplicitDynamics(
                Assembly.Matrix(basis, Heat.Capacity(1)), null, Assembly.Matrix(basis, Heat.Conduction(1)), _ => new double[basis.DofCount],
                new GivenMotion(t => End(G(t)), t => End(Rate(t)), t => End(Change(t))), DynamicScheme.Newmark(), 0.25 / cells);
            var motion = dynamics.Start(new double[basis.DofCount], new double[basis.DofCount]);
            for (var n = 0; n < 3 * cells; n++)
            {
                motion = dynamics.Next(motion);
            }

            Assert.Equal(0.75, motion.Time, 1e-12);
            return Enumerable.Range(0, cells + 1).Max(i => Math.Abs(motion.Displacement[i] - G(0.75 - (1 - basis.Nodes[i].X))));
        }

        var (coarse, fine) = (Error(80), Error(160));
        Assert.InRange(Math.Log2(coarse / fine), 1.8, 2.2);
        Assert.InRange(fine, 0, 0.01);
    }

    [Fact]
    public void Which_dofs_are_given_does_not_change()
    {
        Constraints Later(double t) => t < 0.15 ? Ends(1, true) : new Constraints(_basis.DofCount).Fix(0, 1).Fix(8, 1);
        var diffusion = new ImplicitDiffusion(_mass, _stiffness, _ => new double[9], Later, DiffusionScheme.Bdf2, 0.1);
        var error = Assert.Throws<ScaleModelException>(() => diffusion.Next(diffusion.Next(diffusion.Start(_w))));
        Assert.Contains("at t = 0.2 s", error.Message, StringComparison.Ordinal);
        Assert.Contains("2 dofs are constrained instead of 3", error.Message, StringComparison.Ordinal);
        var factor = new GivenMotion(t => new Constraints(9).Tie(3, [(2, 1 + t)]), _ => new Constraints(9).Tie(3, [(2, 1)]), _ => new Constraints(9).Tie(3, [(2, 1)]));
        var dynamics = new ImplicitDynamics(_mass, null, _stiffness, _ => new double[9], factor, DynamicScheme.Newmark(), 0.1);
        Assert.Contains("dof 3", Assert.Throws<ScaleModelException>(() => dynamics.Next(dynamics.Start(_w, _w))).Message, StringComparison.Ordinal);
        var size = new ImplicitDiffusion(_mass, _stiffness, _ => new double[9], t => new Constraints(t > 0 ? 8 : 9), DiffusionScheme.Bdf2, 0.1);
        Assert.Contains("8 dofs", Assert.Throws<ScaleModelException>(() => size.Next(size.Start(_w))).Message, StringComparison.Ordinal);
    }
}

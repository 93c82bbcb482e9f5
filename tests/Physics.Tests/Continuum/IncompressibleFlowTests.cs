using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Continuum.Time;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Numerics.Sparse;

namespace ActorMultiscale.Tests.Continuum;

/// <summary>Flow that starts up, flow with inertia.</summary>
public sealed class IncompressibleFlowTests
{
    private static double[] Lu(CsrMatrix a, double[] y)
    {
        var x = new double[y.Length];
        new SparseLu(a).Solve(y, x);
        return x;
    }

    // u = 1 − y − (2/π) Σ sin(nπy) e^{−n²π²t}/n: the plate at y = 0 sets out with speed 1, the other at y = 1 rests; ν = 1.
    private static double Couette(double y, double t)
    {
        var sum = 1 - y;
        for (var n = 1; n < 60; n++)
        {
            sum -= 2 / (Math.PI * n) * Math.Sin(n * Math.PI * y) * Math.Exp(-n * n * Math.PI * Math.PI * t);
        }

        return sum;
    }

    private static Course Run(Func<Course, Course> next, Course course, int steps)
    {
        for (var n = 0; n < steps; n++)
        {
            course = next(course);
        }

        return course;
    }

    // A channel along x with the moving wall at y = 0, as a row of cells with open ends.
    private static (IncompressibleFlow Flow, ImplicitDiffusion Motion) Channel(double height, int cells, double step, DiffusionScheme scheme, CellShape shape)
    {
        var mesh = StructuredMesh.Rectangle(2 * height / cells, height, 2, cells, shape);
        var (velocity, pressure) = (Basis.Vector(mesh, 2), Basis.Scalar(mesh, 1));
        var flow = new IncompressibleFlow(velocity, pressure, 1, Flow.GradientViscosity(1));
        var walls = new Constraints(velocity.DofCount).Fix(velocity, velocity.NodesOn("bottom"), _ => new(1, 0, 0)).Fix(velocity, velocity.NodesOn("top"), _ => Vec3.Zero);
        var given = Constraints.Join(walls, new(pressure.DofCount));
        return (flow, new(flow.Mass, flow.Stokes, _ => new double[flow.DofCount], given, scheme, step, SaddleProblem.Factor));
    }

    private static double SpeedAt(IncompressibleFlow flow, double[] x, double y)
    {
        Assert.True(new CellLocator(flow.Velocity.Mesh).TryFind(new(0, y, 0), out var cell, out var at));
        return flow.Velocity.VectorAt(flow.VelocityOf(x), cell, at).Value.X;
    }

    // Values of the series above; no flow across, and no pressure.
    [Theory]
    [InlineData(CellShape.Quadrilateral, 0.05, 0.751830, 0.429195, 0.113844, 0.017629, 0.003922)]
    [InlineData(CellShape.Quadrilateral, 0.2, 0.872603, 0.687349, 0.411566, 0.187587, 0.072742)]
    [InlineData(CellShape.Triangle, 0.1, 0.823044, 0.576059, 0.262756, 0.088344, 0.030265)]
    public void A_channel_starts_up_as_the_series_says(CellShape shape, double time, params double[] expected)
    {
        var (flow, motion) = Channel(1, 20, 0.0005, DiffusionScheme.Bdf2, shape);
        var course = Run(motion.Next, motion.Start(new double[flow.DofCount]), (int)Math.Round(time / 0.0005));
        foreach (var (i, y) in new[] { 0.1, 0.25, 0.5, 0.75, 0.9 }.Index())
        {
            Assert.Equal(expected[i], Couette(y, time), 1e-6);
            Assert.Equal(expected[i], SpeedAt(flow, course.Value, y), 1e-4);
        }

        var u = flow.VelocityOf(course.Value);
        var isEven = shape == CellShape.Quadrilateral;      // Triangles are not alike from left and from right.
        Assert.All(Enumerable.Range(0, flow.Velocity.NodeCount), n => Assert.Equal(0, u[flow.Velocity.Dof(n, 1)], isEven ? 1e-9 : 2e-5));
        Assert.All(flow.PressureOf(course.Value), p => Assert.Equal(0, p, isEven ? 1e-8 : 2e-2));
    }

    // The same as the diffusion of a velocity over one line, with the error of space alone and of time alone. A jump at the start takes Crank and Nicolson's order; the others keep theirs.
    [Theory]
    [InlineData(DiffusionScheme.BackwardEuler, 1)]
    [InlineData(DiffusionScheme.Bdf2, 2)]
    public void The_start_up_of_a_channel_has_its_order_in_space_and_in_time(DiffusionScheme scheme, double order)
    {
        double Error(int cells, int degree, int steps)
        {
            var basis = Basis.Scalar(StructuredMesh.Interval(1, cells), degree);
            var walls = new Constraints(basis.DofCount).Fix(basis, basis.NodesWhere(x => x.X == 0), 0, 1).Fix(basis, basis.NodesWhere(x => x.X == 1), 0, 0);
            var motion = new ImplicitDiffusion(
                Assembly.Matrix(basis, Heat.Capacity(1)), Assembly.Matrix(basis, Heat.Conduction(1)), _ => new double[basis.DofCount], walls, scheme, 0.2 / steps);
            var u = Run(motion.Next, motion.Start(new double[basis.DofCount]), steps).Value;
            return new[] { 0.25, 0.5, 0.75 }.Max(y => Math.Abs(u[basis.NodesWhere(x => Math.Abs(x.X - y) < 1e-9)[0]] - Couette(y, 0.2)));
        }

        Assert.InRange(Math.Log2(Error(40, 2, 40) / Error(40, 2, 80)), order - 0.1, order + 0.1);
        if (scheme == DiffusionScheme.Bdf2)
        {
            Assert.InRange(Math.Log2(Error(8, 1, 4000) / Error(16, 1, 4000)), 1.9, 2.1);
        }
    }

    // Stokes' first problem: a plate sets out below a fluid without end, u = erfc(y/2√(νt)); here 2√(νt) = 1 at the end, and the fluid is six deep.
    [Fact]
    public void A_plate_sets_out_below_a_deep_fluid()
    {
        var (flow, motion) = Channel(6, 60, 0.0005, DiffusionScheme.Bdf2, CellShape.Quadrilateral);
        var course = Run(motion.Next, motion.Start(new double[flow.DofCount]), 500);
        foreach (var (y, expected) in new[] { (0.25, 0.723674), (0.5, 0.479500), (1, 0.157299), (1.5, 0.033895), (1.8214, 0.009999) })
        {
            Assert.Equal(expected, SpeedAt(flow, course.Value, y), 1e-4);
        }
    }

    // A decaying row of vortices, u = (−cos x sin y, sin x cos y) e^{−2νt}, p = −¼ (cos 2x + cos 2y) e^{−4νt}: an exact flow with inertia (Taylor 1923). Without inertia the
    // same velocity is driven by nothing and p = 0.
    private static double[] Vortices(bool isHeavy, int n, DiffusionScheme scheme, int steps, out double velocityError, out double pressureError)
    {
        const double nu = 0.4, until = 0.6;
        var mesh = StructuredMesh.Rectangle(1, 1, n, n, CellShape.Triangle).Moved(x => new(x.X + 0.3 + (0.05 * Math.Sin(3 * x.Y)), x.Y - 0.2, 0));
        var (velocity, pressure) = (Basis.Vector(mesh, 2), Basis.Scalar(mesh, 1));
        VectorJet U(Vec3 x, double t)
        {
            var ((sx, cx), (sy, cy), e) = (Math.SinCos(x.X), Math.SinCos(x.Y), Math.Exp(-2 * nu * t));
            return new(e * new Vec3(-cx * sy, sx * cy, 0), e * new Matrix3(sx * sy, -cx * cy, 0, cx * cy, -sx * sy, 0, 0, 0, 0));
        }

        double P(Vec3 x, double t) => isHeavy ? -0.25 * (Math.Cos(2 * x.X) + Math.Cos(2 * x.Y)) * Math.Exp(-4 * nu * t) : 0;
        var flow = new IncompressibleFlow(velocity, pressure, 1, Flow.Viscosity(nu));
        Constraints Round(double t) => new Constraints(velocity.DofCount).Fix(velocity, velocity.NodesOnSurface(), x => U(x, t).Value);
        Constraints Corner(double t) => new Constraints(pressure.DofCount).Fix(0, P(pressure.Nodes[0], t));
        Constraints Given(double t) => Constraints.Join(Round(t), Corner(t));
        var start = flow.Joined(flow.Projected(velocity.Interpolate(x => U(x, -0.1).Value), Round(-0.1), Corner(-0.1)), pressure.Interpolate(x => P(x, -0.1)));
        Course From(double[] x, double time, DiffusionScheme by, double span, int count)
        {
            if (isHeavy)
            {
                var motion = new NonlinearDiffusion(flow.Mass, (_, y) => flow.Respond(y), Given, by, span / count, Lu);
                return Run(motion.Next, motion.Start(x, time), count);
            }

            var light = new ImplicitDiffusion(flow.Mass, flow.Stokes, _ => new double[flow.DofCount], Given, by, span / count, SaddleProblem.Factor);
            return Run(light.Next, light.Start(x, time), count);
        }

        // What the interpolated start has of quick motions is gone by t = 0; Crank and Nicolson's scheme would keep it.
        var course = From(From(start, -0.1, DiffusionScheme.Bdf2, 0.1, 8).Value, 0, scheme, until, steps);
        velocityError = Assembly.Error(velocity, flow.VelocityOf(course.Value), x => U(x, until)).L2;
        pressureError = Assembly.Error(pressure, flow.PressureOf(course.Value), x => new ScalarJet(P(x, until), Vec3.Zero)).L2;
        return flow.VelocityOf(course.Value);
    }

    [Theory]
    [InlineData(false, DiffusionScheme.BackwardEuler, 1)]
    [InlineData(false, DiffusionScheme.CrankNicolson, 2)]
    [InlineData(false, DiffusionScheme.Bdf2, 2)]
    [InlineData(true, DiffusionScheme.BackwardEuler, 1)]
    [InlineData(true, DiffusionScheme.CrankNicolson, 2)]
    [InlineData(true, DiffusionScheme.Bdf2, 2)]
    public void Unsteady_flow_has_its_order_in_time(bool isHeavy, DiffusionScheme scheme, double order)
    {
        // Against itself with half the step, so that space makes no error.
        double[] At(int steps) => Vortices(isHeavy, 3, scheme, steps, out _, out _);
        var (coarse, middle, fine) = (At(12), At(24), At(48));
        Assert.InRange(Math.Log2(FixedOrderSum.Distance(coarse, middle) / FixedOrderSum.Distance(middle, fine)), order - 0.1, order + 0.1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Unsteady_flow_comes_to_the_exact_one_with_its_order_in_space(bool isHeavy)
    {
        (double U, double P) Error(int n, int steps)
        {
            Vortices(isHeavy, n, DiffusionScheme.Bdf2, steps, out var u, out var p);
            return (u, p);
        }

        var (coarse, fine) = (Error(4, 24), Error(8, 68));
        Assert.InRange(Math.Log2(coarse.U / fine.U), 2.85, 3.15);
        Assert.InRange(Math.Log2(coarse.P / fine.P), 1.85, 2.4);
    }

    // The flow behind a grid at Re = 40: u = 1 − e^{λx} cos 2πy, v = λ/2π e^{λx} sin 2πy, p = −½ e^{2λx} with λ = Re/2 − √(Re²/4 + 4π²). Kovasznay, Proc. Camb. Philos. Soc. 44, 58 (1948).
    [Theory]
    [InlineData(CellShape.Triangle)]
    [InlineData(CellShape.Quadrilateral)]
    public void The_flow_behind_a_grid_has_its_orders(CellShape shape)
    {
        const double re = 40;
        var lambda = (re / 2) - Math.Sqrt((re * re / 4) + (4 * Math.PI * Math.PI));
        VectorJet U(Vec3 x)
        {
            var (e, (s, c), k) = (Math.Exp(lambda * x.X), Math.SinCos(2 * Math.PI * x.Y), lambda / (2 * Math.PI));
            return new(new(1 - (e * c), k * e * s, 0), new(-lambda * e * c, 2 * Math.PI * e * s, 0, lambda * k * e * s, lambda * e * c, 0, 0, 0, 0));
        }

        double P(Vec3 x) => -0.5 * Math.Exp(2 * lambda * x.X);
        (double L2, double H1, double P) Error(int n)
        {
            var mesh = StructuredMesh.Rectangle(1, 1, n, n, shape).Moved(x => new(x.X - 0.2, x.Y - 0.3, 0));
            var (velocity, pressure) = (Basis.Vector(mesh, 2), Basis.Scalar(mesh, 1));
            var flow = new IncompressibleFlow(velocity, pressure, 1, Flow.Viscosity(1 / re));
            var given = Constraints.Join(
                new Constraints(velocity.DofCount).Fix(velocity, velocity.NodesOnSurface(), x => U(x).Value), new Constraints(pressure.DofCount).Fix(0, P(pressure.Nodes[0])));
            var result = Newton.Solve(new double[flow.DofCount], given, x => flow.Respond(x), Lu, 1e-11);
            // Quadratic, once near.
            var near = result.Residuals.Where(r => r is < 1e-2 and > 1e-14).ToArray();
            Assert.InRange(result.Residuals.Length, 4, 9);
            Assert.True(near.Length < 2 || near[1] < 100 * near[0] * near[0]);
            var p = flow.PressureOf(result.Solution);
            var fine = Basis.Scalar(mesh, 1, 7);
            var mean = Assembly.Integral(fine, p, (QuadraturePoint x, ScalarJet jet) => jet.Value - P(x.Position));
            var (l2, h1) = Assembly.Error(velocity, flow.VelocityOf(result.Solution), U);
            return (l2, h1, Assembly.Error(pressure, p, x => new ScalarJet(P(x) + mean, Vec3.Zero)).L2);
        }

        var (coarse, fine) = (Error(8), Error(16));
        Assert.Equal(3, Math.Log2(coarse.L2 / fine.L2), 0.15);
        Assert.Equal(2, Math.Log2(coarse.H1 / fine.H1), 0.1);
        Assert.InRange(Math.Log2(coarse.P / fine.P), 1.9, 2.6);
    }

    // The cavity below a lid at Re = 100: the extremes on its middle lines by a spectral method, Botella, Peyret, Comput. Fluids 27, 421 (1998). The elements, whose lid comes to rest within a cell of its ends, miss them by up to 3e-4.
    [Fact]
    public void The_flow_in_a_cavity_is_the_published_one()
    {
        // Cells become smaller towards the walls.
        static double Graded(double x) => 0.5 * (1 - Math.Cos(Math.PI * x));
        var mesh = StructuredMesh.Rectangle(1, 1, 16, 16).Moved(x => new(Graded(x.X), Graded(x.Y), 0));
        var (velocity, pressure) = (Basis.Vector(mesh, 2), Basis.Scalar(mesh, 1));
        var lid = velocity.NodesOn("top").Except(velocity.NodesOn("left")).Except(velocity.NodesOn("right")).ToHashSet();
        var walls = new Constraints(velocity.DofCount).Fix(velocity, lid, _ => new(1, 0, 0)).Fix(velocity, velocity.NodesOnSurface().Except(lid), _ => Vec3.Zero);
        var flow = new IncompressibleFlow(velocity, pressure, 1, Flow.Viscosity(0.01));
        var x = Newton.Solve(new double[flow.DofCount], Constraints.Join(walls, new Constraints(pressure.DofCount).Fix(0, 0)), x => flow.Respond(x), Lu).Solution;
        var (u, locator) = (flow.VelocityOf(x), new CellLocator(mesh));
        Vec3 At(double x0, double y0)
        {
            Assert.True(locator.TryFind(new(x0, y0, 0), out var cell, out var at));
            return velocity.VectorAt(u, cell, at).Value;
        }

        double[] along = [.. Enumerable.Range(0, 501).Select(i => i / 500.0)];
        var (lowest, v) = (along.MinBy(y => At(0.5, y).X), (Least: along.MinBy(x0 => At(x0, 0.5).Y), Most: along.MaxBy(x0 => At(x0, 0.5).Y)));
        Assert.Equal(-0.2140424, At(0.5, lowest).X, 4e-4);
        Assert.Equal(0.4581, lowest, 3e-3);
        Assert.Equal(-0.2538030, At(v.Least, 0.5).Y, 4e-4);
        Assert.Equal(0.8104, v.Least, 3e-3);
        Assert.Equal(0.1795728, At(v.Most, 0.5).Y, 4e-4);
        Assert.Equal(0.2370, v.Most, 3e-3);
    }

    // ∂r/∂x d against differences; the change of convection at w is Oseen's at w and what d carries of w.
    [Fact]
    public void The_tangent_is_the_derivative()
    {
        var mesh = StructuredMesh.Rectangle(1, 1, 3, 2, CellShape.Triangle);
        var flow = new IncompressibleFlow(Basis.Vector(mesh, 2), Basis.Scalar(mesh, 1), 1.7, Flow.Viscosity(0.3));
        var random = new Philox(3, 1);
        double[] Random(int key) => [.. Enumerable.Range(0, flow.DofCount).Select(i => random.Uniform(key, 0, i) - 0.5)];
        var (x, d, load) = (Random(0), Random(1), Random(2));
        var tangent = flow.Respond(x, load).Stiffness;
        var product = new double[x.Length];
        tangent.Multiply(d, product);
        const double h = 1e-4;      // r is quadratic: central differences are exact.
        var (up, down) = (flow.Respond([.. x.Zip(d, (a, b) => a + (h * b))], load).Force, flow.Respond([.. x.Zip(d, (a, b) => a - (h * b))], load, new ChunkedLoop(2)).Force);
        for (var i = 0; i < x.Length; i++)
        {
            Assert.Equal((up[i] - down[i]) / (2 * h), product[i], 1e-10);
        }

        var u = flow.VelocityOf(x);
        var w = FieldValues.Of(flow.Velocity, u);
        var (oseen, carried) = (new double[u.Length], Assembly.Residual(flow.Velocity, u, (QuadraturePoint _, VectorJet jet) => VectorJet.Source(1.7 * (jet.Gradient * jet.Value))));
        Assembly.Matrix(flow.Velocity, Flow.Convection(1.7, q => w.Vector(q).Value)).Multiply(u, oseen);
        Assert.All(Enumerable.Range(0, u.Length), i => Assert.Equal(carried[i], oseen[i], 1e-13));

        // Points of the rule of degree 1 are others.
        var lower = Basis.Vector(flow.Velocity.Mesh, 1);
        Assert.Contains("quadrature points of its own basis", Assert.Throws<ScaleModelException>(() => Assembly.Matrix(lower, Flow.Convection(1.7, q => w.Vector(q).Value))).Message, StringComparison.Ordinal);
        Assert.Contains("density", Assert.Throws<ScaleModelException>(() => new IncompressibleFlow(flow.Velocity, flow.Pressure, -1, Flow.Viscosity(1))).Message, StringComparison.Ordinal);
        Assert.Equal(x, flow.Joined(u, flow.PressureOf(x)));

        // Projected onto flows that keep mass, twice as once; what was such a flow stays.
        var walls = new Constraints(u.Length).Fix(flow.Velocity, flow.Velocity.NodesOn("left"), _ => new(1, 2, 0));
        var once = flow.Projected(u, walls);
        var divergence = new double[flow.Pressure.DofCount];
        Assembly.Matrix(flow.Velocity, flow.Pressure, Flow.Divergence).Multiply(once, divergence);
        Assert.All(divergence, b => Assert.Equal(0, b, 1e-13));
        var twice = flow.Projected(once, walls);
        Assert.All(Enumerable.Range(0, u.Length), i => Assert.Equal(once[i], twice[i], 1e-11));
        Assert.Equal(2, once[flow.Velocity.Dof(flow.Velocity.NodesOn("left")[1], 1)]);
    }
}

using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Continuum.Time;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Numerics.Sparse;

namespace ActorMultiscale.Tests.Continuum.Forms;

/// <summary>What a flow carries along, and flow between plates.</summary>
public sealed class TransportTests
{
    private static double[] Solve(CsrMatrix a, double[] y)
    {
        var x = new double[y.Length];
        new SparseLu(a).Solve(y, x);
        return x;
    }

    // w u' − k u'' = 1, u(0) = u(1) = 0: u = (x − (e^{(x−1)w/k} − e^{−w/k})/(1 − e^{−w/k}))/w. Without the streamline terms the nodes oscillate at Pe = 10.
    [Theory]
    [InlineData(0.2)]
    [InlineData(1)]
    [InlineData(10)]
    public void A_line_is_exact_at_its_nodes_at_any_peclet_number(double peclet)
    {
        const int cells = 20;
        const double speed = 3;
        var k = speed / (2 * cells * peclet);
        var basis = Basis.Scalar(StructuredMesh.Interval(1, cells), 1);
        Vec3 W(Vec3 _) => new(speed, 0, 0);
        double Tau(QuadraturePoint _) => Transport.Time(new(speed, 0, 0), k, 1.0 / cells);
        var constraints = new Constraints(basis.DofCount).Fix(basis, basis.NodesOnSurface(), 0, 0);
        var plain = Heat.Conduction(k) + Transport.Advection(W);
        var u = constraints.Solve(
            Assembly.Matrix(basis, plain + Transport.Streamline(W, Tau)), Assembly.Vector(basis, Heat.Source(_ => 1) + Transport.StreamlineSource(_ => 1, W, Tau)), Solve);
        double Exact(double x) => (x - ((Math.Exp((x - 1) * speed / k) - Math.Exp(-speed / k)) / (1 - Math.Exp(-speed / k)))) / speed;
        for (var n = 0; n < basis.NodeCount; n++)
        {
            Assert.Equal(Exact(basis.Nodes[n].X), u[n], 1e-12);
        }

        var without = constraints.Solve(Assembly.Matrix(basis, plain), Assembly.Vector(basis, Heat.Source(_ => 1)), Solve);
        var worst = Enumerable.Range(0, basis.NodeCount).Max(n => Math.Abs(without[n] - Exact(basis.Nodes[n].X)));
        Assert.True(peclet < 10 || worst > 0.05);
    }

    // w·∇u − k ∇²u = q with u = sin πx sin πy.
    [Fact]
    public void A_plane_has_its_order()
    {
        const double k = 0.05;
        Vec3 w = new(1, 0.5, 0);
        double Error(int cells)
        {
            var basis = Basis.Scalar(StructuredMesh.Rectangle(1, 1, cells, cells), 1);
            double Tau(QuadraturePoint _) => Transport.Time(w, k, 1.0 / cells);
            double Q(Vec3 x)
            {
                var ((sx, cx), (sy, cy)) = (Math.SinCos(Math.PI * x.X), Math.SinCos(Math.PI * x.Y));
                return (Math.PI * ((w.X * cx * sy) + (w.Y * sx * cy))) + (2 * Math.PI * Math.PI * k * sx * sy);
            }

            var u = new Constraints(basis.DofCount).Fix(basis, basis.NodesOnSurface(), 0, 0).Solve(
                Assembly.Matrix(basis, Heat.Conduction(k) + Transport.Advection(_ => w) + Transport.Streamline(_ => w, Tau)),
                Assembly.Vector(basis, Heat.Source(Q) + Transport.StreamlineSource(Q, _ => w, Tau)), Solve);
            return Assembly.Error(basis, u, x => new ScalarJet(Math.Sin(Math.PI * x.X) * Math.Sin(Math.PI * x.Y), Vec3.Zero)).L2;
        }

        Assert.InRange(Math.Log2(Error(24) / Error(48)), 1.9, 2.1);
    }

    // A plate at y = 0 sets out with speed 1, the other at y = 1 rests; ν = 1. Values of the series, u = 1 − y − (2/π) Σ sin(nπy) e^{−n²π²t}/n.
    [Theory]
    [InlineData(0.05, 0.751830, 0.429195, 0.113844, 0.017629, 0.003922)]
    [InlineData(0.1, 0.823044, 0.576059, 0.262756, 0.088344, 0.030265)]
    [InlineData(0.2, 0.872603, 0.687349, 0.411566, 0.187587, 0.072742)]
    [InlineData(0.5, 0.898585, 0.746763, 0.495422, 0.246763, 0.098585)]
    public void A_channel_starts_up_as_the_series_says(double time, params double[] expected)
    {
        var basis = Basis.Scalar(StructuredMesh.Interval(1, 40), 2);
        var constraints = new Constraints(basis.DofCount).Fix(basis, basis.NodesWhere(x => x.X == 0), 0, 1).Fix(basis, basis.NodesWhere(x => x.X == 1), 0, 0);
        var steps = (int)Math.Round(time / 0.00025);
        var flow = new ImplicitDiffusion(
            Assembly.Matrix(basis, Heat.Capacity(1)), Assembly.Matrix(basis, Heat.Conduction(1)), _ => new double[basis.DofCount], constraints, DiffusionScheme.Bdf2, time / steps);
        var course = flow.Start(new double[basis.DofCount]);
        for (var n = 0; n < steps; n++)
        {
            course = flow.Next(course);
        }

        foreach (var (i, y) in new[] { 0.1, 0.25, 0.5, 0.75, 0.9 }.Index())
        {
            Assert.Equal(expected[i], course.Value[basis.NodesWhere(x => Math.Abs(x.X - y) < 1e-9)[0]], 1e-4);
        }
    }
}

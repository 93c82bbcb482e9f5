using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Materials;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Numerics.Sparse;
using CsCheck;

namespace ActorMultiscale.Tests.Continuum.Materials;

/// <summary>Finite strains: derivatives, closed solutions, Newton's method.</summary>
public sealed class HyperelasticTests
{
    private const double Young = 3;
    private const double Poisson = 0.3;
    private const double Mu = Young / (2 * (1 + Poisson));
    private const double Lambda = Young * Poisson / ((1 + Poisson) * (1 - (2 * Poisson)));

    private static double[] Solve(CsrMatrix a, double[] y)
    {
        var x = new double[y.Length];
        SparseLdl.Indefinite(a).Solve(y, x);
        return x;
    }

    private static Matrix3 Of(double[] m) => new(m[0], m[1], m[2], m[3], m[4], m[5], m[6], m[7], m[8]);

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public void Stress_and_tangent_are_derivatives_and_a_rotation_turns_the_stress(double fiber)
    {
        var law = new NeoHookean(Young, Poisson, fiber, new(1, 2, -0.5));
        var entries = Gen.Double[-0.3, 0.3].Array[9];
        Gen.Select(entries, entries).Sample((g, d) =>
        {
            var (f, change) = (Matrix3.Identity + Of(g), Of(d));
            if (f.Determinant < 0.2)
            {
                return;
            }

            const double h = 1e-5;
            var slope = (law.Energy(f + (h * change)) - law.Energy(f - (h * change))) / (2 * h);
            Assert.Equal(slope, Matrix3.Contract(law.Stress(f), change), 1e-6);
            var numeric = (0.5 / h) * (law.Stress(f + (h * change)) - law.Stress(f - (h * change)));
            var off = numeric - law.Change(f, change);
            Assert.True(Matrix3.Contract(off, off) < 1e-10 * (1 + Matrix3.Contract(numeric, numeric)));

            // P(R F) = R P(F).
            var (c, s) = (Math.Cos(d[0] * 9), Math.Sin(d[0] * 9));
            var rotation = new Matrix3(c, -s, 0, s, c, 0, 0, 0, 1);
            var turned = law.Stress(rotation * f) - (rotation * law.Stress(f));
            Assert.True(Matrix3.Contract(turned, turned) < 1e-22 * (1 + Matrix3.Contract(numeric, numeric)) * 1e2);
        }, iter: 300);
    }

    // All round, the work of a pressure is p times the volume, ∫ det F: forces are its derivative, and their tangent is symmetric. On one surface it is the derivative too, without symmetry.
    [Theory]
    [InlineData(CellShape.Triangle, 2)]
    [InlineData(CellShape.Quadrilateral, 1)]
    [InlineData(CellShape.Tetrahedron, 2)]
    [InlineData(CellShape.Hexahedron, 1)]
    [InlineData(CellShape.Hexahedron, 2)]
    public void Pressure_that_follows_has_the_volume_for_its_potential(CellShape shape, int degree)
    {
        const double p = 3, h = 1e-5;
        var mesh = (shape is CellShape.Triangle or CellShape.Quadrilateral ? StructuredMesh.Rectangle(1, 0.7, 2, 1, shape) : StructuredMesh.Box(new(1, 0.7, 0.5), 2, 1, 1, shape)).Moved(x => new(x.X + (0.05 * x.Y), x.Y + (0.1 * x.X * x.Y), x.Z * (1 + (0.05 * x.X))));
        var (basis, exact) = (Basis.Vector(mesh, degree), Basis.Vector(mesh, degree, 8));
        var random = Gen.Double[-0.05, 0.05].Array[basis.DofCount];
        double Volume(double[] u) => Assembly.Integral(exact, u, (QuadraturePoint _, VectorJet jet) => (Matrix3.Identity + jet.Gradient).Determinant);
        double[] Go(double[] u, double[] d, double by) => [.. u.Zip(d, (x, y) => x + (by * y))];
        Gen.Select(random, random).Sample((u, d) =>
        {
            var (force, tangent, all) = (new double[u.Length], 0.0, new List<CsrMatrix>());
            foreach (var surface in mesh.Boundaries.Keys)
            {
                var loop = new ChunkedLoop(2);
                var response = HyperelasticBody.Pressure(basis, surface, p, u, loop);
                var (forward, back) = (HyperelasticBody.Pressure(basis, surface, p, Go(u, d, h)).Force, HyperelasticBody.Pressure(basis, surface, p, Go(u, d, -h)).Force);
                var change = new double[u.Length];
                response.Stiffness.Multiply(d, change);
                Assert.All(forward.Zip(back, (a, b) => (a - b) / (2 * h)).Zip(change), n => Assert.Equal(n.First, n.Second, 1e-8));
                force = [.. force.Zip(response.Force, (a, b) => a + b)];
                all.Add(response.Stiffness);
                tangent = Math.Max(tangent, Unsymmetric(response.Stiffness));
            }

            Assert.Equal(p * (Volume(Go(u, d, h)) - Volume(Go(u, d, -h))) / (2 * h), force.Zip(d, (f, x) => f * x).Sum(), 1e-8);
            var sum = all[0].WithSamePattern();
            foreach (var matrix in all)
            {
                for (var k = 0; k < sum.Values.Length; k++)
                {
                    sum.Values[k] += matrix.Values[k];
                }
            }

            Assert.Equal(0, Unsymmetric(sum), 1e-13);
            Assert.True(tangent > 1e-3);
        }, iter: 5);

        static double Unsymmetric(CsrMatrix a)
        {
            var most = 0.0;
            for (var i = 0; i < a.RowCount; i++)
            {
                for (var k = a.RowStart[i]; k < a.RowStart[i + 1]; k++)
                {
                    most = Math.Max(most, Math.Abs(a.Values[k] - a[a.Columns[k], i]));
                }
            }

            return most;
        }
    }

    // At small strains the moduli are Hooke's.
    [Fact]
    public void Small_strains_are_hookes()
    {
        var law = new NeoHookean(Young, Poisson);
        var strain = new SymTensor3(0.3, -0.2, 0.5, 0.1, 0.4, -0.6);
        var off = law.Change(Matrix3.Identity, strain.ToMatrix()) - Tangent6.Isotropic(Young, Poisson).Stress(strain).ToMatrix();
        Assert.True(Matrix3.Contract(off, off) < 1e-26);
    }

    // A bar pulled to stretch l with free sides of stretch t: μ (t − 1/t) + λ ln(l t²)/t = 0, P = μ (l − 1/l) + λ ln(l t²)/l.
    [Theory]
    [InlineData(2.0)]
    [InlineData(0.6)]
    public void A_bar_is_stretched_as_the_closed_solution_says(double stretch)
    {
        var law = new NeoHookean(Young, Poisson);
        var basis = Basis.Vector(StructuredMesh.Box(new(1, 1, 1), 2, 1, 2).Moved(x => new(x.X + (0.1 * x.X * (1 - x.X)), x.Y, x.Z)), 1);
        var u = new double[basis.DofCount];
        for (var n = 1; n <= 4; n++)
        {
            var constraints = new Constraints(basis.DofCount).Fix(basis, basis.NodesOn("left"), 0, 0).Fix(basis, basis.NodesOn("front"), 1, 0)
                .Fix(basis, basis.NodesOn("bottom"), 2, 0).Fix(basis, basis.NodesOn("right"), 0, (stretch - 1) * n / 4);
            u = Newton.Solve(u, constraints, v => HyperelasticBody.Respond(basis, law, v, new ChunkedLoop(2)), Solve, 1e-12).Solution;
        }

        var (low, high) = (0.3, 2.0);
        for (var n = 0; n < 100; n++)
        {
            var t = 0.5 * (low + high);
            (low, high) = (Mu * (t - (1 / t))) + (Lambda * Math.Log(stretch * t * t) / t) > 0 ? (low, t) : (t, high);
        }

        var expected = (Mu * (stretch - (1 / stretch))) + (Lambda * Math.Log(stretch * low * low) / stretch);
        var force = HyperelasticBody.Respond(basis, law, u).Force;
        Assert.Equal(expected, basis.NodesOn("right").Sum(n => force[3 * n]), 1e-9);
        Assert.Equal(low - 1, u[basis.Dof(basis.NodesWhere(x => x.X == 1 && x.Y == 1)[0], 1)], 1e-9);
    }

    // Simple shear γ: P_xy = μ γ.
    [Fact]
    public void Simple_shear_has_its_stresses()
    {
        var stress = new NeoHookean(Young, Poisson).Stress(new(1, 0.7, 0, 0, 1, 0, 0, 0, 1));
        Assert.Equal(Mu * 0.7, stress.XY, 1e-14);
        Assert.Equal(Mu * 0.7, stress.YX, 1e-14);
        Assert.Equal(0, stress.XX, 1e-14);
    }

    [Fact]
    public void Newtons_method_converges_quadratically_and_forces_are_the_slope_of_the_energy()
    {
        var law = new NeoHookean(Young, Poisson, 2, new(1, 1, 0));
        var basis = Basis.Vector(StructuredMesh.PlateWithHole(1, 3, 4, 6), 2);
        var constraints = new Constraints(basis.DofCount).Fix(basis, basis.NodesOn("left"), 0, 0).Fix(basis, basis.NodesOn("bottom"), 1, 0).Fix(basis, basis.NodesOn("right"), 0, 0.6);
        var result = Newton.Solve(new double[basis.DofCount], constraints, v => HyperelasticBody.Respond(basis, law, v), Solve, 1e-13);
        var r = result.Residuals.Select(x => x / result.Residuals.Max()).ToArray();

        // r_{k+1} / r_k² is of one size where the method has come near.
        var ratios = Enumerable.Range(0, r.Length - 1).Where(k => r[k] is < 0.1 and > 1e-6).Select(k => r[k + 1] / (r[k] * r[k])).ToArray();
        Assert.True(ratios.Length >= 2, string.Join(" ", r));
        Assert.All(ratios, q => Assert.InRange(q, 0, 50));

        var d = basis.Interpolate(x => new Vec3(Math.Sin(x.X * x.Y), Math.Cos(x.Y), 0));
        double Energy(double h) => HyperelasticBody.Energy(basis, law, [.. result.Solution.Zip(d, (u, v) => u + (h * v))]);
        Assert.Equal((Energy(1e-5) - Energy(-1e-5)) / 2e-5, FixedOrderSum.Dot(HyperelasticBody.Respond(basis, law, result.Solution).Force, d), 1e-7);
        Assert.Contains("inside out", Assert.Throws<ScaleModelException>(() => HyperelasticBody.Respond(basis, law, basis.Interpolate(x => new Vec3(-2 * x.X, 0, 0)))).Message, StringComparison.Ordinal);
        Assert.Contains("ν = 0.5", Assert.Throws<ScaleModelException>(() => new NeoHookean(1, 0.5)).Message, StringComparison.Ordinal);
    }
}

using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Numerics.Sparse;
using ActorMultiscale.Tests.Continuum.Forms;
using MathNet.Numerics.LinearAlgebra;

namespace ActorMultiscale.Tests.Continuum;

/// <summary>Viscous flow without inertia: orders, exact flows, the cavity, which pairs of elements belong together, iterations.</summary>
public sealed class SaddleProblemTests
{
    private const double Mu = 0.7;

    private static (Basis Velocity, Basis Pressure) TaylorHood(Mesh mesh) => (Basis.Vector(mesh, 2), Basis.Scalar(mesh, 1));

    private static SaddleResult Solve(
        Basis velocity, Basis pressure, double[] load, Constraints given, Constraints? givenPressure = null, bool iterate = false, ChunkedLoop? loop = null, double tolerance = 1e-10) =>
        SaddleProblem.Solve(
            velocity, pressure, Flow.Viscosity(Mu), Flow.Divergence, Flow.Schur(Mu), load, given, givenPressure, null, tolerance, iterate ? 0 : FactorOrIterate.BesideOthers, loop);

    // Flows without divergence: in the plane (sin a cos b, −cos a sin b) with a = 2x + 0.3, b = 2y − 0.4, Δu = −8u; in space that of Arnold, Beltrami and Childress
    // with k = 2, Δu = −k² u. The pressure is sin 3x cos(y + z) less its mean.
    private static VectorJet Velocity(Vec3 x, int dimension)
    {
        if (dimension == 2)
        {
            var ((sa, ca), (sb, cb)) = (Math.SinCos((2 * x.X) + 0.3), Math.SinCos((2 * x.Y) - 0.4));
            return new(new(sa * cb, -ca * sb, 0), new(2 * ca * cb, -2 * sa * sb, 0, 2 * sa * sb, -2 * ca * cb, 0, 0, 0, 0));
        }

        const double a = 1, b = 0.7, c = 0.4;
        var ((sx, cx), (sy, cy), (sz, cz)) = (Math.SinCos(2 * x.X), Math.SinCos(2 * x.Y), Math.SinCos(2 * x.Z));
        return new(
            new((a * sz) + (c * cy), (b * sx) + (a * cz), (c * sy) + (b * cx)),
            new(0, -2 * c * sy, 2 * a * cz, 2 * b * cx, 0, -2 * a * sz, -2 * b * sx, 2 * c * cy, 0));
    }

    private static ScalarJet Pressure(Vec3 x)
    {
        var ((s, c), (t, d)) = (Math.SinCos(3 * x.X), Math.SinCos(x.Y + x.Z));
        return new(s * d, new(3 * c * d, -s * t, -s * t));
    }

    private static Vec3 Force(Vec3 x, int dimension) => (Mu * (dimension == 2 ? 8 : 4) * Velocity(x, dimension).Value) + Pressure(x).Gradient;

    private static Mesh Uneven(CellShape shape, int n)
    {
        // Bent smoothly, so that no symmetry of the mesh makes the solution better than the elements are.
        var mesh = ConvergenceTests.Unit(shape, n);
        return mesh.Moved(x => new(
            x.X + (0.08 * Math.Sin(Math.PI * x.X) * Math.Sin(Math.PI * x.Y)), x.Y - (0.06 * Math.Sin(Math.PI * x.X) * Math.Sin(2 * Math.PI * x.Y)), x.Z + (mesh.Dimension > 2 ? 0.05 * Math.Sin(Math.PI * x.Z) * x.X : 0)));
    }

    [Theory]
    [InlineData(CellShape.Triangle, 8)]
    [InlineData(CellShape.Quadrilateral, 8)]
    [InlineData(CellShape.Tetrahedron, 4)]
    [InlineData(CellShape.Hexahedron, 3)]
    public void Taylor_Hood_elements_have_their_orders(CellShape shape, int n)
    {
        (double L2, double H1, double P) Error(int cells)
        {
            var (velocity, pressure) = TaylorHood(Uneven(shape, cells));
            var d = velocity.Mesh.Dimension;
            var result = Solve(
                velocity, pressure, Assembly.Vector(velocity, Elasticity.BodyForce(x => Force(x, d))),
                new Constraints(velocity.DofCount).Fix(velocity, velocity.NodesOnSurface(), x => Velocity(x, d).Value), iterate: d == 3);
            var fine = Basis.Scalar(velocity.Mesh, 1, 7);
            var mean = Assembly.Integral(fine, x => Pressure(x.Position).Value) / Assembly.Integral(fine, _ => 1);
            var (l2, h1) = Assembly.Error(velocity, result.Velocity, x => Velocity(x, d));
            return (l2, h1, Assembly.Error(pressure, result.Pressure, x => new ScalarJet(Pressure(x).Value - mean, Vec3.Zero)).L2);
        }

        var (coarse, fine) = (Error(n), Error(2 * n));
        Assert.Equal(3, Math.Log2(coarse.L2 / fine.L2), 0.1);
        Assert.Equal(2, Math.Log2(coarse.H1 / fine.H1), 0.1);
        Assert.Equal(2, Math.Log2(coarse.P / fine.P), 0.1);
    }

    // A channel of height 1, u = (4 y (1 − y), 0), p = 8 μ (2 − x): the space of the elements has it. Given at the entry and at the walls; free at the end, where μ ∂ₙu − p n = 0.
    [Theory]
    [InlineData(CellShape.Triangle, false)]
    [InlineData(CellShape.Triangle, true)]
    [InlineData(CellShape.Quadrilateral, false)]
    [InlineData(CellShape.Quadrilateral, true)]
    public void Flow_through_a_channel_is_exact(CellShape shape, bool iterate)
    {
        var mesh = StructuredMesh.Rectangle(2, 1, 8, 4, shape);
        var (velocity, pressure) = TaylorHood(mesh);
        Vec3 U(Vec3 x) => new(4 * x.Y * (1 - x.Y), 0, 0);
        var given = new Constraints(velocity.DofCount).Fix(velocity, velocity.NodesOn("left").Union(velocity.NodesOn("top")).Union(velocity.NodesOn("bottom")), U);
        var result = SaddleProblem.Solve(
            velocity, pressure, Flow.GradientViscosity(Mu), Flow.Divergence, Flow.Schur(Mu), new double[velocity.DofCount], given,
            tolerance: 1e-13, largestDirect: iterate ? 0 : FactorOrIterate.BesideOthers);
        Assert.Equal(0, result.Imbalance);
        Assert.Equal(iterate, result.Iterations > 0);
        Near(velocity.Interpolate(U), result.Velocity, 1e-10);
        Near(pressure.Interpolate(x => 8 * Mu * (2 - x.X)), result.Pressure, 1e-10);
    }

    // The same flow driven by a force through a channel whose ends are tied to each other; the pressure is tied too, and zero.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Flow_through_a_periodic_channel_is_exact(bool iterate)
    {
        var (velocity, pressure) = TaylorHood(StructuredMesh.Rectangle(2, 1, 6, 4, CellShape.Triangle));
        Vec3 U(Vec3 x) => new(4 * x.Y * (1 - x.Y), 0, 0);
        var walls = velocity.NodesOn("top").Union(velocity.NodesOn("bottom")).ToHashSet();
        var given = new Constraints(velocity.DofCount).Fix(velocity, walls, _ => Vec3.Zero);
        foreach (var (node, image) in Periodicity.Pairs(velocity, [0]).Where(p => !walls.Contains(p.Node)))
        {
            given.Tie(velocity.Dof(node, 0), [(velocity.Dof(image, 0), 1)]).Tie(velocity.Dof(node, 1), [(velocity.Dof(image, 1), 1)]);
        }

        var result = Solve(
            velocity, pressure, Assembly.Vector(velocity, Elasticity.BodyForce(_ => new(8 * Mu, 0, 0))), given,
            new Constraints(pressure.DofCount).TiePeriodic(pressure, Vec3.Zero, [0]), iterate, tolerance: 1e-13);
        Near(velocity.Interpolate(U), result.Velocity, 1e-10);
        Near(new double[pressure.DofCount], result.Pressure, 1e-10);
    }

    // Two layers of unlike viscosity between y = 0, ½ and 1, driven by ∂p/∂x = −G: μ u′ = G (c − y), with the c for which u is one at y = ½. All round given, so p = G (1 − x)
    // has the mean zero.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Two_layers_of_fluid_are_exact(bool iterate)
    {
        const double g = 3, lower = 0.5, upper = 5;
        const double c = ((1 / lower) + (3 / upper)) / (4 * ((1 / lower) + (1 / upper)));
        static double Mu(Vec3 x) => x.Y < 0.5 ? lower : upper;
        static Vec3 U(Vec3 x) => new(x.Y < 0.5 ? g / lower * ((c * x.Y) - (0.5 * x.Y * x.Y)) : g / upper * ((0.5 * (1 - (x.Y * x.Y))) - (c * (1 - x.Y))), 0, 0);
        var (velocity, pressure) = TaylorHood(StructuredMesh.Rectangle(2, 1, 6, 4, CellShape.Triangle));
        var result = SaddleProblem.Solve(
            velocity, pressure, Flow.Viscosity(x => Mu(x.Position)), Flow.Divergence, BilinearForm.Scalar((x, p) => ScalarJet.Source(p.Value / Mu(x.Position))),
            new double[velocity.DofCount], new Constraints(velocity.DofCount).Fix(velocity, velocity.NodesOnSurface(), U), tolerance: 1e-13, largestDirect: iterate ? 0 : FactorOrIterate.BesideOthers);
        Assert.Equal(iterate, result.Iterations > 0);
        Near(velocity.Interpolate(U), result.Velocity, 1e-10);
        Near(pressure.Interpolate(x => g * (1 - x.X)), result.Pressure, 1e-9);
    }

    private static void Near(double[] expected, double[] found, double tolerance)
    {
        Assert.Equal(expected.Length, found.Length);
        for (var i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], found[i], tolerance);
        }
    }

    private static (Basis Velocity, Basis Pressure, Constraints Given) Cavity(Mesh mesh)
    {
        var (velocity, pressure) = TaylorHood(mesh);
        var lid = velocity.NodesOn("top").Where(n => velocity.Nodes[n].X is > 1e-9 and < 1 - 1e-9).ToHashSet();
        return (velocity, pressure, new Constraints(velocity.DofCount)
            .Fix(velocity, velocity.NodesOnSurface().Except(lid), _ => Vec3.Zero).Fix(velocity, lid, _ => new(1, 0, 0)));
    }

    // Without inertia the flow below a lid is its own mirror image run backwards: u(1 − x) = u(x), v(1 − x) = −v(x), p(1 − x) = −p(x). No fluid passes the middle
    // in sum, up to the error of elements that keep mass in the mean over the functions of the pressure: 2e-6 here.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_cavity_below_a_lid_has_its_symmetry(bool iterate)
    {
        const int n = 16;
        var (velocity, pressure, given) = Cavity(StructuredMesh.Rectangle(1, 1, n, n));
        var result = Solve(velocity, pressure, new double[velocity.DofCount], given, iterate: iterate, tolerance: 1e-11);
        var at = Enumerable.Range(0, velocity.NodeCount).ToDictionary(i => Key(velocity.Nodes[i]));
        static (int, int) Key(Vec3 x) => ((int)Math.Round(2 * n * x.X), (int)Math.Round(2 * n * x.Y));
        for (var i = 0; i < velocity.NodeCount; i++)
        {
            var (x, y) = Key(velocity.Nodes[i]);
            var mirror = at[((2 * n) - x, y)];
            Assert.Equal(result.Velocity[velocity.Dof(i, 0)], result.Velocity[velocity.Dof(mirror, 0)], 1e-8);
            Assert.Equal(result.Velocity[velocity.Dof(i, 1)], -result.Velocity[velocity.Dof(mirror, 1)], 1e-8);
        }

        var across = Enumerable.Range(0, (2 * n) + 1).Sum(y => (y is 0 or 2 * n ? 1 : y % 2 == 1 ? 4 : 2) / (6.0 * n) * result.Velocity[velocity.Dof(at[(n, y)], 0)]);
        Assert.Equal(0, across, 1e-5);
        Assert.InRange(Enumerable.Range(0, 2 * n).Min(y => result.Velocity[velocity.Dof(at[(n, y)], 0)]), -0.22, -0.19);
    }

    // Both ways to the same solution, which fulfills both equations: K u + Bᵀ p is zero but where u is given, B u everywhere.
    [Theory]
    [InlineData(CellShape.Triangle)]
    [InlineData(CellShape.Hexahedron)]
    public void Factorization_and_iteration_find_the_same_flow(CellShape shape)
    {
        var (velocity, pressure) = TaylorHood(Uneven(shape, 4));
        var d = velocity.Mesh.Dimension;
        var load = Assembly.Vector(velocity, Elasticity.BodyForce(x => Force(x, d)));

        // An open end, and a pressure that is given at one corner without need, so that its constraint is felt.
        var walls = new Constraints(velocity.DofCount).Fix(velocity, velocity.NodesOnSurface().Except(velocity.NodesOn("right")), x => Velocity(x, d).Value);
        var corner = new Constraints(pressure.DofCount).Fix(0, 0.25);
        foreach (var given in new[] { null, corner })
        {
            var direct = Solve(velocity, pressure, load, walls, given);
            var iterated = Solve(velocity, pressure, load, walls, given, iterate: true, tolerance: 1e-12);
            Assert.InRange(direct.RelativeResidual, 0, 1e-15);
            var shared = Solve(velocity, pressure, load, walls, given, loop: new ChunkedLoop(3));
            Assert.Equal(direct.Velocity, shared.Velocity);
            Assert.Equal(direct.Pressure, shared.Pressure);
            Near(direct.Velocity, iterated.Velocity, 1e-9);
            Near(direct.Pressure, iterated.Pressure, 1e-7);
            Assert.True(given is null || direct.Pressure[0] == 0.25);
            var (k, b) = (Assembly.Matrix(velocity, Flow.Viscosity(Mu)), Assembly.Matrix(velocity, pressure, Flow.Divergence));
            var rest = new double[load.Length + pressure.DofCount];
            SaddleProblem.Matrix(k, b).Multiply([.. direct.Velocity, .. direct.Pressure], rest);
            for (var i = 0; i < rest.Length; i++)
            {
                if (!(i < load.Length ? walls.Contains(i) : given?.Contains(i - load.Length) ?? false))
                {
                    Assert.Equal(i < load.Length ? load[i] : 0, rest[i], 1e-13);
                }
            }
        }
    }

    [Theory]
    [InlineData(CellShape.Triangle)]
    [InlineData(CellShape.Quadrilateral)]
    public void Iterations_do_not_grow_with_the_mesh_and_bits_do_not_depend_on_threads(CellShape shape)
    {
        SaddleResult Lid(int n, ChunkedLoop? loop = null)
        {
            var (velocity, pressure, given) = Cavity(StructuredMesh.Rectangle(1, 1, n, n, shape));
            return Solve(velocity, pressure, new double[velocity.DofCount], given, iterate: true, tolerance: 1e-8, loop: loop);
        }

        var results = new[] { 12, 24, 48 }.Select(n => Lid(n)).ToArray();
        Assert.InRange(results[2].Iterations, 10, 1.15 * results[0].Iterations);
        var other = Lid(24, new ChunkedLoop(3));
        Assert.Equal(results[1].Velocity, other.Velocity);
        Assert.Equal(results[1].Pressure, other.Pressure);
    }

    // The inf-sup constant: β² is the least eigenvalue but that of the constant of B A⁻¹ Bᵀ q = β² M q, with ∫ ∇u:∇v for a and u = 0 all round.
    private static double InfSup(int velocityDegree, int pressureDegree, CellShape shape, int n)
    {
        var mesh = StructuredMesh.Rectangle(1, 1, n, n, shape);
        var (velocity, pressure) = (Basis.Vector(mesh, velocityDegree), Basis.Scalar(mesh, pressureDegree));
        var given = new Constraints(velocity.DofCount).Fix(velocity, velocity.NodesOnSurface(), _ => Vec3.Zero);
        var system = given.Condense(Assembly.Matrix(velocity, Flow.GradientViscosity(1)), new double[velocity.DofCount]);
        var factor = SparseLdl.PositiveDefinite(system.Matrix);
        var b = Assembly.Matrix(velocity, pressure, Flow.Divergence);
        var schur = Matrix<double>.Build.Dense(pressure.DofCount, pressure.DofCount);
        var mass = schur.Clone();
        var m = Assembly.Matrix(pressure, Heat.Capacity(1));
        for (var q = 0; q < pressure.DofCount; q++)
        {
            var (unit, force, flow, product) = (new double[pressure.DofCount], new double[velocity.DofCount], new double[system.FreeDofs.Length], new double[pressure.DofCount]);
            unit[q] = 1;
            b.TransposeMultiply(unit, force);
            factor.Solve([.. system.FreeDofs.Select(i => force[i])], flow);
            b.Multiply(system.Expand(flow), product);
            schur.SetColumn(q, product);
            m.Multiply(unit, product);
            mass.SetColumn(q, product);
        }

        var root = mass.Cholesky().Factor;
        var inner = root.Solve(root.Solve(schur).Transpose());
        var values = (0.5 * (inner + inner.Transpose())).Evd(Symmetricity.Symmetric).EigenValues.Select(e => e.Real).Order().ToArray();
        Assert.InRange(values[0], -1e-12, 1e-12);
        return Math.Sqrt(Math.Max(values[1], 0));
    }

    [Theory]
    [InlineData(CellShape.Triangle)]
    [InlineData(CellShape.Quadrilateral)]
    public void The_inf_sup_constant_of_Taylor_Hood_elements_does_not_fall_with_the_mesh_and_that_of_equal_degrees_is_zero(CellShape shape)
    {
        var (good, bad) = (new[] { 4, 8, 16 }.Select(n => InfSup(2, 1, shape, n)).ToArray(), new[] { 4, 8 }.Select(n => InfSup(1, 1, shape, n)));
        Assert.All(good, b => Assert.InRange(b, 0.25, 0.5));
        Assert.True(good[2] > 0.97 * good[1]);
        Assert.All(bad.Append(InfSup(2, 2, shape, 4)), b => Assert.InRange(b, 0, 1e-6));
    }

    [Fact]
    public void What_has_no_flow_is_refused_and_what_is_given_nearly_right_is_told()
    {
        var (velocity, pressure) = TaylorHood(StructuredMesh.Rectangle(1, 1, 4, 4));
        var walls = new Constraints(velocity.DofCount).Fix(velocity, velocity.NodesOn("left"), x => new(x.Y * (1 - x.Y), 0, 0))
            .Fix(velocity, velocity.NodesOnSurface().Except(velocity.NodesOn("left")), _ => Vec3.Zero);
        var error = Assert.Throws<ScaleModelException>(() => Solve(velocity, pressure, new double[velocity.DofCount], walls));
        Assert.Contains("flux", error.Message, StringComparison.Ordinal);

        // A hundredth more flows in than out: Σ (−B u) is what flows out less what flows in.
        Vec3 Through(Vec3 x) => new((x.X < 0.5 ? 1.01 : 1) * x.Y * (1 - x.Y), 0, 0);
        var nearly = new Constraints(velocity.DofCount).Fix(velocity, velocity.NodesOnSurface(), Through);
        foreach (var iterate in new[] { false, true })
        {
            var result = Solve(velocity, pressure, new double[velocity.DofCount], nearly, iterate: iterate);
            Assert.Equal(-0.01 / 6, result.Imbalance, 1e-12);
            var divergence = new double[pressure.DofCount];
            Assembly.Matrix(velocity, pressure, Flow.Divergence).Multiply(result.Velocity, divergence);
            Near(Array.ConvertAll(Assembly.Vector(pressure, LinearForm.Scalar(_ => ScalarJet.Source(1))), v => v * 0.01 / 6), divergence, 1e-9);
        }
    }

    [Fact]
    public void Blocks_are_joined_and_multiplied_with()
    {
        CsrMatrix Random(int rows, int columns, int key)
        {
            var builder = new CsrBuilder(rows, columns);
            for (var k = 0; k < rows * columns; k++)
            {
                if (k % 3 != key % 3)
                {
                    builder.Add(k / columns, k % columns, new Philox(7, (ulong)key).Uniform(0, 0, k));
                }
            }

            return builder.ToMatrix();
        }

        CsrMatrix?[,] grid = { { Random(3, 4, 0), null, Random(3, 2, 1) }, { Random(5, 4, 2), Random(5, 3, 3), null } };
        var joined = BlockMatrix.Join(grid);
        Assert.Equal((8, 9), (joined.RowCount, joined.ColumnCount));
        Assert.Equal(grid[1, 1]![4, 2], joined[7, 6]);
        Assert.Equal(grid[0, 2]![2, 1], joined[2, 8]);
        Assert.Equal(0, joined[1, 5]);
        double[] from = [.. Enumerable.Range(1, 9).Select(i => Math.Sqrt(i))];
        var (a, b) = (new double[8], new double[8]);
        joined.Multiply(from, a);
        new BlockOperator(new ILinearOperator?[,] { { grid[0, 0], null, grid[0, 2] }, { grid[1, 0], grid[1, 1], null } }).Multiply(from, b);
        Near(a, b, 1e-14);
        var back = joined.Transposed();
        for (var row = 0; row < 8; row++)
        {
            for (var column = 0; column < 9; column++)
            {
                Assert.Equal(joined[row, column], back[column, row]);
            }
        }

        Assert.Contains("others of its row", Assert.Throws<ArgumentException>(() => BlockMatrix.Join(new[,] { { grid[0, 0], grid[1, 1] } })).Message, StringComparison.Ordinal);
        Assert.Contains("others of its column", Assert.Throws<ArgumentException>(() => new BlockOperator(new ILinearOperator[,] { { grid[0, 0]! }, { grid[1, 1]! } })).Message, StringComparison.Ordinal);
        Assert.Contains("no matrix", Assert.Throws<ArgumentException>(() => BlockMatrix.Join(new[,] { { grid[0, 0], null } })).Message, StringComparison.Ordinal);
        var z = new double[5];
        new BlockPreconditioner((3, new NoPreconditioner()), (2, new JacobiPreconditioner(new CsrMatrix(2, [0, 1, 2], [0, 1], [2, 4])))).Apply([1, 2, 3, 4, 4], z);
        Assert.Equal([1, 2, 3, 2, 1], z);
    }
}

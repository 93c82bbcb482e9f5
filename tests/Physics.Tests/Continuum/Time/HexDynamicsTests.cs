using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Elements;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Continuum.Time;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using MathNet.Numerics.LinearAlgebra;

namespace ActorMultiscale.Tests.Continuum.Time;

/// <summary>The kernel of one-point hexahedra: against its definition, and what a body owes to mechanics.</summary>
public sealed class HexDynamicsTests
{
    private const double Young = 2;
    private const double Poisson = 0.3;
    private const double Density = 1.5;

    // Every face of a cell is warped.
    private static Mesh Warped(int nx, int ny, int nz) => StructuredMesh.Box(new(2, 1, 1), nx, ny, nz)
        .Moved(x => new(x.X + (0.06 * Math.Sin(5 * x.Y) * x.Z), x.Y + (0.05 * Math.Sin((4 * x.X) + x.Z)), x.Z + (0.07 * x.X * Math.Cos(3 * x.Y))));

    private static double[] Field(Mesh mesh, Func<Vec3, Vec3> u) => [.. mesh.Points.ToArray().SelectMany(x => new[] { u(x).X, u(x).Y, u(x).Z })];

    private static Vec3 Wild(Vec3 x) => new(Math.Sin(9 * x.X * x.Y), Math.Cos(11 * x.Z) * x.X, Math.Sin((7 * x.Y) - (5 * x.X)));

    // f_I = V σ b_I + Σ γ_αI c q_α, written as it stands.
    private static double[] Slowly(Mesh mesh, double[] u, double kappa)
    {
        const double lambda = Young * Poisson / ((1 + Poisson) * (1 - (2 * Poisson)));
        const double mu = Young / (2 * (1 + Poisson));
        var forces = new double[u.Length];
        var element = Lagrange.Of(CellShape.Hexahedron, 1);
        for (var cell = 0; cell < mesh.CellCount; cell++)
        {
            var nodes = mesh.Cell(cell).ToArray();
            var x = nodes.Select(n => mesh.Points[n]).ToArray();
            var of = nodes.Select(n => new Vec3(u[3 * n], u[(3 * n) + 1], u[(3 * n) + 2])).ToArray();
            var (b, volume) = (new Vec3[8], 0.0);
            var rule = Quadrature.Of(CellShape.Hexahedron, 5);
            for (var q = 0; q < rule.Points.Length; q++)
            {
                var (values, slopes, jacobian) = (new double[8], new Vec3[8], default(Matrix3));
                element.Evaluate(rule.Points[q], values, slopes);
                for (var i = 0; i < 8; i++)
                {
                    jacobian += Matrix3.Dyad(x[i], slopes[i]);
                }

                for (var i = 0; i < 8; i++)
                {
                    b[i] += rule.Weights[q] * jacobian.Determinant * (jacobian.Inverse().Transposed * slopes[i]);
                }

                volume += rule.Weights[q] * jacobian.Determinant;
            }

            b = Array.ConvertAll(b, v => v / volume);
            var gradient = default(Matrix3);
            for (var i = 0; i < 8; i++)
            {
                gradient += Matrix3.Dyad(of[i], b[i]);
            }

            var stress = (lambda * gradient.Trace * Matrix3.Identity) + (mu * (gradient + gradient.Transposed));
            var f = Array.ConvertAll(b, v => volume * (stress * v));
            foreach (var mode in new Func<Vec3, double>[] { s => s.Y * s.Z, s => s.Z * s.X, s => s.X * s.Y, s => s.X * s.Y * s.Z })
            {
                var h = element.Nodes.Select(n => mode((2 * n) - new Vec3(1, 1, 1))).ToArray();
                var sum = h.Zip(x, (k, p) => k * p).Aggregate((p, q) => p + q);
                var gamma = h.Zip(b, (k, v) => k - Vec3.Dot(v, sum)).ToArray();
                var force = kappa * (lambda + (2 * mu)) * volume * b.Sum(v => v.NormSquared) / 8 * gamma.Zip(of, (k, v) => k * v).Aggregate((p, q) => p + q);
                for (var i = 0; i < 8; i++)
                {
                    f[i] += gamma[i] * force;
                }
            }

            for (var i = 0; i < 8; i++)
            {
                for (var c = 0; c < 3; c++)
                {
                    forces[(3 * nodes[i]) + c] -= f[i][c];
                }
            }
        }

        return forces;
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(3, 2, 1)]
    [InlineData(7, 5, 9)]
    public void The_kernel_computes_what_the_definition_says_to_the_bit_on_any_threads(int nx, int ny, int nz)
    {
        var mesh = Warped(nx, ny, nz);
        var u = Field(mesh, Wild);
        var kernel = new HexDynamics(mesh, Young, Poisson, Density, 0.13);
        var (found, again) = (new double[u.Length], new double[u.Length]);
        kernel.Forces(u, found);
        var expected = Slowly(mesh, u, 0.13);
        var largest = expected.Max(Math.Abs);
        for (var i = 0; i < u.Length; i++)
        {
            Assert.Equal(expected[i], found[i], 1e-13 * largest);
        }

        foreach (var threads in new[] { 2, 3, 7 })
        {
            using var team = new ChunkedLoop(threads).Gather();
            kernel.Forces(u, again, team.Loop);
            Assert.Equal(found, again);
        }
    }

    [Fact]
    public void A_constant_strain_leaves_inner_nodes_in_balance_and_rigid_motions_all()
    {
        var mesh = Warped(5, 4, 3);
        var kernel = new HexDynamics(mesh, Young, Poisson, Density);
        var surface = Basis.Scalar(mesh, 1).NodesOnSurface().ToHashSet();
        var f = new double[3 * mesh.Points.Length];
        kernel.Forces(Field(mesh, x => new((0.3 * x.X) - (0.1 * x.Y) + 1, (0.2 * x.Y) + (0.5 * x.Z), (0.4 * x.X) - (0.7 * x.Z))), f);
        for (var i = 0; i < f.Length; i++)
        {
            if (!surface.Contains(i / 3))
            {
                Assert.Equal(0, f[i], 1e-13);
            }
        }

        Assert.True(f.Max(Math.Abs) > 0.01);
        kernel.Forces(Field(mesh, x => new Vec3(1, 2, 3) + Vec3.Cross(new(0.4, -0.3, 0.8), x)), f);
        Assert.All(f, v => Assert.Equal(0, v, 1e-13));

        // The energy of a constant strain is that of Hooke's law.
        var strain = new SymTensor3(0.3, 0.2, -0.7, 0.05, 0.1, 0.02);
        var energy = kernel.Energy(Field(mesh, x => strain.ToMatrix() * x));
        var volume = kernel.Mass.Sum() / (3 * Density);
        Assert.Equal(0.5 * volume * Matrix3.Contract(strain.ToMatrix(), Tangent6.Isotropic(Young, Poisson).Stress(strain).ToMatrix()), energy, 1e-12);
    }

    [Fact]
    public void A_cell_has_six_motions_without_energy_and_no_frequency_beyond_the_step()
    {
        var mesh = Warped(1, 1, 1);
        Matrix<double> Stiffness(double kappa)
        {
            var kernel = new HexDynamics(mesh, Young, Poisson, Density, kappa);
            return Matrix<double>.Build.DenseOfColumns(Enumerable.Range(0, 24).Select(i =>
            {
                var (u, f) = (new double[24], new double[24]);
                u[i] = -1;
                kernel.Forces(u, f);
                return f;
            }));
        }

        int Zeros(Matrix<double> k) => k.Evd(Symmetricity.Symmetric).EigenValues.Count(e => Math.Abs(e.Real) < 1e-12);
        Assert.Equal(0, (Stiffness(0.1) - Stiffness(0.1).Transpose()).Enumerate().Max(Math.Abs), 1e-14);
        Assert.Equal(6, Zeros(Stiffness(0.1)));
        Assert.Equal(18, Zeros(Stiffness(0)));
        foreach (var kappa in new[] { 0.0, 0.1, 1 })
        {
            var kernel = new HexDynamics(mesh, Young, Poisson, Density, kappa);
            var highest = Stiffness(kappa).Evd(Symmetricity.Symmetric).EigenValues.Max(e => e.Real) / kernel.Mass[0];
            Assert.InRange(kernel.LongestStep * Math.Sqrt(highest), 1.2, 2);
        }
    }

    [Fact]
    public void Energy_is_kept_up_to_the_longest_step_and_the_work_of_loads_is_found_again()
    {
        var mesh = Warped(6, 4, 4);
        var basis = Basis.Vector(mesh, 1);
        var kernel = new HexDynamics(mesh, Young, Poisson, Density);
        var constraints = new Constraints(basis.DofCount).Fix(basis, basis.NodesOn("left"), _ => Vec3.Zero);
        var free = new CentralDifference(kernel.Mass, null, (_, u, f) => kernel.Forces(u, f), constraints, Field(mesh, x => 0.01 * x.X * Wild(x)), new double[basis.DofCount]);
        var start = kernel.Energy(free.Displacement);
        for (var n = 0; n < 3000; n++)
        {
            // What central differences keep at any stable step is ½ v·m v + ½ u·K u − ⅛ Δt² a·m a.
            free.Advance(0.98 * kernel.LongestStep);
        }

        double Kept(CentralDifference motion, double dt) =>
            kernel.Energy(motion.Displacement) + motion.KineticEnergy - (dt * dt / 8 * Enumerable.Range(0, basis.DofCount).Sum(i => kernel.Mass[i] * motion.Acceleration[i] * motion.Acceleration[i]));
        var before = Kept(free, 0.98 * kernel.LongestStep);
        for (var n = 0; n < 3000; n++)
        {
            free.Advance(0.98 * kernel.LongestStep);
        }

        Assert.Equal(before, Kept(free, 0.98 * kernel.LongestStep), 1e-9 * before);
        Assert.InRange(free.KineticEnergy + kernel.Energy(free.Displacement), 0.5 * start, 1.5 * start);

        // A load that grows: its work, by the trapezoidal rule over displacements, is all of the energy, up to Δt².
        double Gap(double part)
        {
            var dt = part * kernel.LongestStep;
            var motion = new CentralDifference(kernel.Mass, null, (t, u, f) =>
            {
                kernel.Forces(u, f);
                for (var i = 0; i < f.Length; i++)
                {
                    f[i] += kernel.Mass[i] * Math.Sin(t) * ((i % 3) - 1);
                }
            }, constraints, new double[basis.DofCount], new double[basis.DofCount]);
            var work = 0.0;
            while (motion.Time < 4)
            {
                var (old, time) = ((double[])motion.Displacement.Clone(), motion.Time);
                motion.Advance(dt);
                for (var i = 0; i < old.Length; i++)
                {
                    work += kernel.Mass[i] * ((i % 3) - 1) * 0.5 * (Math.Sin(time) + Math.Sin(motion.Time)) * (motion.Displacement[i] - old[i]);
                }
            }

            return Math.Abs(work - motion.KineticEnergy - kernel.Energy(motion.Displacement)) / work;
        }

        Assert.InRange(Gap(0.9), 0, 1e-2);
        Assert.InRange(Gap(0.1), 0, 1e-4);
    }

    // A bar that cannot widen, fixed at one end, free at the other: ω = (π/2L) √((λ + 2μ)/ρ), met ∝ h².
    [Fact]
    public void A_bar_swings_with_its_frequency()
    {
        double Error(int cells)
        {
            var mesh = StructuredMesh.Box(new(1, 0.2, 0.2), cells, 1, 1);
            var basis = Basis.Vector(mesh, 1);
            var kernel = new HexDynamics(mesh, Young, Poisson, Density);
            var every = Enumerable.Range(0, basis.NodeCount).ToArray();
            var constraints = new Constraints(basis.DofCount).Fix(basis, basis.NodesOn("left"), _ => Vec3.Zero).Fix(basis, every, 1, 0).Fix(basis, every, 2, 0);
            var stiffness = Young * (1 - Poisson) / ((1 + Poisson) * (1 - (2 * Poisson)));
            var omega = Math.PI / 2 * Math.Sqrt(stiffness / Density);
            var motion = new CentralDifference(kernel.Mass, null, (_, u, f) => kernel.Forces(u, f), constraints, Field(mesh, x => new(Math.Sin(Math.PI / 2 * x.X), 0, 0)), new double[basis.DofCount]);
            var steps = 40 * cells;
            for (var n = 0; n < steps; n++)
            {
                motion.Advance(2.2 / steps);
            }

            var tip = basis.NodesWhere(x => x.X == 1)[0];
            return Math.Abs(motion.Displacement[3 * tip] - Math.Cos(2.2 * omega));
        }

        Assert.InRange(Math.Log2(Error(8) / Error(16)), 1.9, 2.1);
    }

    [Fact]
    public void Other_cells_and_moduli_without_sense_are_refused()
    {
        Assert.Contains("hexahedra", Assert.Throws<ScaleModelException>(() => new HexDynamics(StructuredMesh.Rectangle(1, 1, 1, 1), 1, 0.3, 1)).Message, StringComparison.Ordinal);
        Assert.Contains("with the determinant -", Assert.Throws<ScaleModelException>(
            () => new HexDynamics(StructuredMesh.Box(new(1, 1, 1), 1, 1, 1).Moved(x => x == new Vec3(1, 1, 1) ? new(-0.2, -0.2, -0.2) : x), 1, 0.3, 1)).Message, StringComparison.Ordinal);
        Assert.Contains("ν = 0.5", Assert.Throws<ScaleModelException>(() => new HexDynamics(Warped(1, 1, 1), 1, 0.5, 1)).Message, StringComparison.Ordinal);
    }
}

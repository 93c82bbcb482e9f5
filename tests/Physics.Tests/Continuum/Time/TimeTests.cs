using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Continuum.Time;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Tests.Continuum.Time;

/// <summary>Schemes in time: orders, energy, limits of stability, waves and heat.</summary>
public sealed class TimeTests
{
    // A bar fixed at both ends. sin πx at the nodes of an even mesh is an eigenvector of K, M and lumped M, so that time alone makes errors.
    private static (Basis Basis, CsrMatrix Mass, CsrMatrix Stiffness, Constraints Constraints, double[] Mode) Bar(int cells)
    {
        var basis = Basis.Scalar(StructuredMesh.Interval(1, cells), 1);
        return (basis, Assembly.Matrix(basis, Heat.Capacity(1)), Assembly.Matrix(basis, Heat.Conduction(1)),
            new Constraints(basis.DofCount).Fix(basis, basis.NodesOnSurface(), 0, 0), basis.Interpolate(x => Math.Sin(Math.PI * x.X)));
    }

    private static double Quotient(CsrMatrix k, CsrMatrix m, double[] x)
    {
        var (kx, mx) = (new double[x.Length], new double[x.Length]);
        k.Multiply(x, kx);
        m.Multiply(x, mx);
        return FixedOrderSum.Dot(x, kx) / FixedOrderSum.Dot(x, mx);
    }

    private static void HasOrder(double expected, Func<int, double> error)
    {
        var (coarse, fine) = (error(80), error(160));
        Assert.InRange(Math.Log2(coarse / fine), expected - 0.1, expected + 0.1);
    }

    [Theory]
    [InlineData(0.0, 0.25, 0.5, 2)]
    [InlineData(0.0, 0.3025, 0.6, 1)]
    [InlineData(0.8, 0, 0, 2)]
    [InlineData(0.2, 0, 0, 2)]
    public void Implicit_dynamics_has_its_order_with_damping_and_load(double spectralRadius, double beta, double gamma, double order)
    {
        var scheme = spectralRadius == 0 ? DynamicScheme.Newmark(beta, gamma) : DynamicScheme.GeneralizedAlpha(spectralRadius);
        var (basis, m, k, constraints, mode) = Bar(8);
        var square = Quotient(k, m, mode);

        // q'' + 2ζω q' + ω² q = g(t) with q = cos(2t) e^{−t/2}, of which g follows; C = 0.3 M + 0.05 K.
        var c = m.WithSamePattern();
        for (var i = 0; i < c.Values.Length; i++)
        {
            c.Values[i] = (0.3 * m.Values[i]) + (0.05 * k.Values[i]);
        }

        var damping = 0.3 + (0.05 * square);
        double Q(double t) => Math.Cos(2 * t) * Math.Exp(-t / 2);
        double V(double t) => Math.Exp(-t / 2) * ((-2 * Math.Sin(2 * t)) - (0.5 * Math.Cos(2 * t)));
        double A(double t) => Math.Exp(-t / 2) * ((-3.75 * Math.Cos(2 * t)) + (2 * Math.Sin(2 * t)));
        var inertia = new double[mode.Length];
        m.Multiply(mode, inertia);
        HasOrder(order, steps =>
        {
            var dynamics = new ImplicitDynamics(m, c, k, t => Array.ConvertAll(inertia, x => x * (A(t) + (damping * V(t)) + (square * Q(t)))), constraints, scheme, 1.0 / steps);
            var motion = dynamics.Start(mode, Array.ConvertAll(mode, x => V(0) * x));
            for (var n = 0; n < steps; n++)
            {
                motion = dynamics.Next(motion);
            }

            return Math.Abs(motion.Displacement[4] - (Q(1) * mode[4])) + Math.Abs(motion.Velocity[4] - (V(1) * mode[4]));
        });
    }

    [Fact]
    public void Central_differences_have_their_order()
    {
        var (_, m, k, constraints, mode) = Bar(8);
        var mass = LumpedMass.RowSums(m);
        var product = new double[mode.Length];
        k.Multiply(mode, product);
        var square = product[4] / (mass[4] * mode[4]);

        // Free vibration with c = 0.6 m: q = e^{−0.3t} (cos ωt + 0.3/ω sin ωt), ω² = ω₀² − 0.09.
        var omega = Math.Sqrt(square - 0.09);
        HasOrder(2, steps =>
        {
            var motion = new CentralDifference(mass, Array.ConvertAll(mass, x => 0.6 * x), (_, u, f) => Minus(k, u, f), constraints, mode, new double[mode.Length]);
            for (var n = 0; n < steps; n++)
            {
                motion.Advance(1.0 / steps);
            }

            return Math.Abs(motion.Displacement[4] - (mode[4] * Math.Exp(-0.3) * (Math.Cos(omega) + (0.3 / omega * Math.Sin(omega)))));
        });
    }

    private static void Minus(CsrMatrix k, double[] u, double[] f)
    {
        k.Multiply(u, f);
        for (var i = 0; i < f.Length; i++)
        {
            f[i] = -f[i];
        }
    }

    [Theory]
    [InlineData(DiffusionScheme.BackwardEuler, 1)]
    [InlineData(DiffusionScheme.CrankNicolson, 2)]
    [InlineData(DiffusionScheme.Bdf2, 2)]
    public void Implicit_diffusion_has_its_order(DiffusionScheme scheme, double order)
    {
        var (_, m, k, constraints, mode) = Bar(8);
        var rate = Quotient(k, m, mode);
        var inertia = new double[mode.Length];
        m.Multiply(mode, inertia);

        // q' + λ q = g with q = cos 3t.
        HasOrder(order, steps =>
        {
            var diffusion = new ImplicitDiffusion(m, k, t => Array.ConvertAll(inertia, x => x * ((rate * Math.Cos(3 * t)) - (3 * Math.Sin(3 * t)))), constraints, scheme, 1.0 / steps);
            var course = diffusion.Start(mode);
            for (var n = 0; n < steps; n++)
            {
                course = diffusion.Next(course);
            }

            Assert.Equal(1, course.Time, 1e-12);
            return Math.Abs(course.Value[4] - (mode[4] * Math.Cos(3)));
        });
    }

    [Fact]
    public void The_trapezoidal_rule_keeps_the_energy_and_generalized_alpha_damps_what_it_does_not_resolve()
    {
        var basis = Basis.Vector(StructuredMesh.Rectangle(2, 1, 6, 3), 1);
        var m = Assembly.Matrix(basis, Elasticity.Bedding(1));
        var k = Assembly.Matrix(basis, Elasticity.Stiffness(Tangent6.Isotropic(1, 0.3)));
        var constraints = new Constraints(basis.DofCount).Fix(basis, basis.NodesOn("left"), _ => Vec3.Zero);
        var u0 = basis.Interpolate(x => new Vec3(Math.Sin(7 * x.X * x.Y), x.X * x.X, 0));
        double[] Energies(DynamicScheme scheme, double dt)
        {
            var dynamics = new ImplicitDynamics(m, null, k, _ => new double[basis.DofCount], constraints, scheme, dt);
            var motion = dynamics.Start(u0, new double[basis.DofCount]);
            var energies = new double[201];
            for (var n = 0; n <= 200; n++)
            {
                energies[n] = dynamics.Energy(motion);
                motion = dynamics.Next(motion);
            }

            return energies;
        }

        var kept = Energies(DynamicScheme.Newmark(), 0.1);
        Assert.All(kept, e => Assert.Equal(kept[0], e, 1e-11 * kept[0]));

        // At steps far too long every mode is multiplied by ρ each step, so the energy by ρ².
        foreach (var rho in new[] { 0.5, 0.9 })
        {
            var damped = Energies(DynamicScheme.GeneralizedAlpha(rho), 1e4);
            Assert.InRange(Math.Pow(damped[60] / damped[40], 1.0 / 40), 0.97 * rho, 1.03 * rho);
        }

        Assert.InRange(Energies(DynamicScheme.GeneralizedAlpha(0.8), 0.1)[200] / kept[0], 0.3, 0.99);
    }

    [Fact]
    public void Central_differences_are_stable_up_to_the_longest_step_and_no_further()
    {
        // Uneven and with fixed dofs.
        var mesh = StructuredMesh.Rectangle(2, 1, 8, 5).Moved(x => new(x.X + (0.05 * Math.Sin(3 * x.X) * x.Y), x.Y + (0.04 * x.X * (1 - x.Y)), 0));
        var basis = Basis.Vector(mesh, 1);
        var k = Assembly.Matrix(basis, Elasticity.Stiffness(Tangent6.Isotropic(1, 0.3)));
        var mass = LumpedMass.RowSums(Assembly.Matrix(basis, Elasticity.Bedding(1)));
        var constraints = new Constraints(basis.DofCount).Fix(basis, basis.NodesOn("left"), _ => Vec3.Zero);
        var longest = LumpedMass.LongestStep(k, mass, constraints);
        double Greatest(double dt)
        {
            var motion = new CentralDifference(mass, null, (_, u, f) => Minus(k, u, f), constraints, basis.Interpolate(x => new Vec3(Math.Sin(31 * x.X) * Math.Cos(17 * x.Y), Math.Sin(23 * x.Y), 0)), new double[basis.DofCount]);
            var greatest = 0.0;
            for (var n = 0; n < 3000; n++)
            {
                motion.Advance(dt);
                greatest = Math.Max(greatest, motion.Displacement.Max(Math.Abs));
            }

            return greatest;
        }

        Assert.InRange(Greatest(0.999 * longest), 0, 100);
        Assert.True(!(Greatest(1.03 * longest) < 1e6));

        // A bar of even cells with free ends: ω = 2c/h.
        var bar = Basis.Scalar(StructuredMesh.Interval(1, 20), 1);
        var step = LumpedMass.LongestStep(Assembly.Matrix(bar, Heat.Conduction(4)), LumpedMass.RowSums(Assembly.Matrix(bar, Heat.Capacity(1))));
        Assert.Equal(0.05 / 2, step, 0.01 * 0.025);
    }

    // No step is longer than 2/ω of a spot that is stiffer than all the rest. The quotient of a mode that was found beginning there is at most ω².
    [Fact]
    public void One_stiff_spot_bounds_the_step()
    {
        static double Square(CsrMatrix k, double[] mass, int dof)
        {
            var (x, y, square) = (new double[mass.Length], new double[mass.Length], 0.0);
            x[dof] = 1;
            for (var n = 0; n < 2000; n++)
            {
                k.Multiply(x, y);
                square = FixedOrderSum.Dot(x, y) / x.Zip(mass, (a, m) => m * a * a).Sum();
                var next = y.Zip(mass, (b, m) => b / m).ToArray();
                var norm = FixedOrderSum.Norm(next);
                x = Array.ConvertAll(next, a => a / norm);
            }

            return square;
        }

        void Check(CsrMatrix k, double[] mass, int dof, double? known = null)
        {
            var limit = 2 / Math.Sqrt(known ?? Square(k, mass, dof));
            Assert.InRange(LumpedMass.LongestStep(k, mass), 0.99 * limit, (1 + 1e-12) * limit);
        }

        // A cell of a bar is shorter by 3 %; one of many springs is stiffer; a cell of a plate is stiffer.
        var bar = Basis.Scalar(StructuredMesh.Interval(1000, 1000).Moved(x => new(x.X > 500.5 ? x.X - 0.03 : x.X, 0, 0)), 1);
        Check(Assembly.Matrix(bar, Heat.Conduction(1)), LumpedMass.RowSums(Assembly.Matrix(bar, Heat.Capacity(1))), 500);
        const int springs = 100_000;
        double[] stiffnesses = [.. Enumerable.Range(0, springs).Select(i => i == 77_777 ? 1.2 : 1)];
        Check(new(springs, [.. Enumerable.Range(0, springs + 1)], [.. Enumerable.Range(0, springs)], stiffnesses), [.. Enumerable.Repeat(1.0, springs)], 0, 1.2);
        var plate = Basis.Vector(StructuredMesh.Rectangle(1, 1, 30, 30), 1);
        foreach (var factor in new[] { 1.05, 3 })
        {
            var k = Assembly.Matrix(plate, Elasticity.Stiffness(x => (x.Cell == 435 ? factor : 1) * Tangent6.Isotropic(1, 0.3)));
            Check(k, LumpedMass.RowSums(Assembly.Matrix(plate, Elasticity.Bedding(1))), plate.Dof(plate.CellNodes(435)[0], 0));
        }
    }

    [Fact]
    public void Steps_of_masses_or_stiffnesses_without_sense_are_refused()
    {
        string Fault(double k, double m) => Assert.Throws<ScaleModelException>(() => LumpedMass.LongestStep(new(2, [0, 1, 2], [0, 1], [1, k]), [1, m])).Message;
        Assert.Contains("The mass of dof 1 is -1 kg", Fault(1, -1), StringComparison.Ordinal);
        Assert.Contains("The mass of dof 1 is 0 kg", Fault(1, 0), StringComparison.Ordinal);
        Assert.Contains("The mass of dof 1 is NaN kg", Fault(1, double.NaN), StringComparison.Ordinal);
        Assert.Contains("Row 1 of the stiffness matrix", Fault(double.NaN, 1), StringComparison.Ordinal);
        Assert.Equal(double.PositiveInfinity, LumpedMass.LongestStep(new(1, [0, 1], [0], [0]), [1]));
        Assert.Equal(double.PositiveInfinity, LumpedMass.LongestStep(new(1, [0, 1], [0], [1]), [1], new Constraints(1).Fix(0, 0)));
    }

    [Fact]
    public void Schemes_that_feed_motions_and_dampings_without_sense_are_refused()
    {
        var one = new CsrMatrix(1, [0, 1], [0], [1]);
        string Fault(DynamicScheme scheme) => Assert.Throws<ScaleModelException>(() => new ImplicitDynamics(one, null, one, _ => [0], new Constraints(1), scheme, 0.1)).Message;
        Assert.Contains("γ = 0.4", Fault(DynamicScheme.Newmark(0.25, 0.4)), StringComparison.Ordinal);
        Assert.Contains("α_m = 1", Fault(new(1, 0, 0.25, 0.5)), StringComparison.Ordinal);
        Assert.Contains("β = NaN", Fault(DynamicScheme.Newmark(double.NaN)), StringComparison.Ordinal);
        for (var rho = 0.0; rho <= 1; rho += 0.125)
        {
            _ = new ImplicitDynamics(one, null, one, _ => [0], new Constraints(1), DynamicScheme.GeneralizedAlpha(rho), 0.1);
        }

        CentralDifference Damped(double[] damping) => new([1], damping, (_, _, f) => f[0] = 0, new Constraints(1), [0], [1]);
        Assert.Contains("The damping of dof 0 is -1 kg/s", Assert.Throws<ScaleModelException>(() => Damped([-1])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => Damped([1, 1]));

        // What the caller does with the numbers later changes nothing.
        double[] damping = [1];
        var (motion, other) = (Damped(damping), Damped([1]));
        damping[0] = 100;
        motion.Advance(0.1);
        other.Advance(0.1);
        Assert.Equal(other.Velocity, motion.Velocity);
    }

    // A linear system asks for one derivative a step, however often its residual is asked for: Crank–Nicolson needs that of the old time too.
    [Theory]
    [InlineData(DiffusionScheme.BackwardEuler)]
    [InlineData(DiffusionScheme.CrankNicolson)]
    [InlineData(DiffusionScheme.Bdf2)]
    public void A_step_assembles_a_tangent_only_where_it_solves_with_it(DiffusionScheme scheme)
    {
        CsrMatrix One(double value) => new(1, [0, 1], [0], [value]);
        var (residuals, tangents) = (0, 0);
        SystemResponse Decay(double t, double[] u)
        {
            residuals++;
            return new([2 * u[0]], () =>
            {
                tangents++;
                return One(2);
            });
        }

        var diffusion = new NonlinearDiffusion(One(1), Decay, _ => new(1), scheme, 0.1, (a, y) => [y[0] / a.Values[0]]);
        var course = diffusion.Start([1]);
        for (var step = 0; step < 5; step++)
        {
            course = diffusion.Next(course);
        }

        Assert.Equal(5, tangents);
        Assert.Equal(scheme == DiffusionScheme.CrankNicolson ? 15 : 10, residuals);
        Assert.Equal(Math.Exp(-1), course.Value[0], 0.05);
    }

    // u̇ = 1 is met by BDF2 whatever the steps, if it knows how long the last one was.
    [Fact]
    public void A_course_goes_on_with_steps_of_another_length()
    {
        CsrMatrix One(double value) => new(1, [0, 1], [0], [value]);
        Func<Course, Course>[] Steps(double step)
        {
            var linear = new ImplicitDiffusion(One(1), One(0), _ => [1], new Constraints(1), DiffusionScheme.Bdf2, step);
            var other = new NonlinearDiffusion(One(1), (_, _) => new([-1], () => One(0)), _ => new(1), DiffusionScheme.Bdf2, step, (a, y) => [y[0] / a.Values[0]]);
            return [linear.Next, other.Next];
        }

        for (var kind = 0; kind < 2; kind++)
        {
            var (course, time) = (new Course(0, [0]), 0.0);
            foreach (var step in new[] { 0.1, 0.1, 0.01, 0.01, 0.05 })
            {
                (course, time) = (Steps(step)[kind](course), time + step);
                Assert.Equal(time, course.Time, 1e-15);
                Assert.Equal(time, course.Value[0], 1e-14);
            }
        }
    }

    // A step of pressure on a bar, E = ρ = 1: v = σ₀ up to the front at x = t, twice that behind one that a free end has thrown back; a fixed end
    // doubles the stress. With Δt = h central differences are exact but for the width of the front, ∝ h^½ in L2.
    [Fact]
    public void A_struck_bar_carries_a_step_and_throws_it_back()
    {
        (double L2, double[] V, double[] U) Strike(int cells, double until, bool isFixed)
        {
            var basis = Basis.Scalar(StructuredMesh.Interval(1, cells), 1);
            var k = Assembly.Matrix(basis, Heat.Conduction(1));
            var constraints = new Constraints(basis.DofCount);
            if (isFixed)
            {
                constraints.Fix(basis, basis.NodesWhere(x => x.X == 1), 0, 0);
            }

            var motion = new CentralDifference(LumpedMass.RowSums(Assembly.Matrix(basis, Heat.Capacity(1))), null, (_, u, f) =>
            {
                Minus(k, u, f);
                f[0] += 1;
            }, constraints, new double[basis.DofCount], new double[basis.DofCount]);
            while (motion.Time < until - (0.5 / cells))
            {
                motion.Advance(1.0 / cells);
            }

            // The exact front is a jump: each cell is integrated by halves of cells.
            var fine = Basis.Scalar(basis.Mesh, 1, 7);
            var error = Assembly.Integral(fine, motion.Velocity, (QuadraturePoint x, ScalarJet v) => Math.Pow(v.Value - (x.Position.X < until ? 1 : 0), 2));
            return (Math.Sqrt(error), motion.Velocity, motion.Displacement);
        }

        var errors = new[] { 20, 40, 80 }.Select(n => Strike(n, 0.5, false)).ToArray();
        Assert.InRange(Math.Log2(errors[0].L2 / errors[1].L2), 0.4, 0.6);
        Assert.InRange(Math.Log2(errors[1].L2 / errors[2].L2), 0.4, 0.6);
        for (var i = 0; i <= 80; i++)
        {
            if (Math.Abs(i - 40) > 2)
            {
                Assert.Equal(i < 40 ? 1 : 0, errors[2].V[i], 1e-9);
            }
        }

        var free = Strike(80, 1.5, false);
        Assert.All(free.V[..38], v => Assert.Equal(1, v, 1e-9));
        Assert.All(free.V[43..], v => Assert.Equal(2, v, 1e-9));
        var held = Strike(80, 1.5, true);
        Assert.Equal(-1, (held.U[10] - held.U[9]) * 80, 1e-9);
        Assert.Equal(-2, (held.U[70] - held.U[69]) * 80, 1e-9);
    }

    // sin πx cools as e^{−π²t}: at t = 0.1 its middle has 0.37270784.
    [Fact]
    public void A_bar_cools_as_theory_says()
    {
        double Middle(int cells)
        {
            var (_, m, k, constraints, mode) = Bar(cells);
            var diffusion = new ImplicitDiffusion(m, k, _ => new double[mode.Length], constraints, DiffusionScheme.CrankNicolson, 0.1 / (10 * cells));
            var course = diffusion.Start(mode);
            for (var n = 0; n < 10 * cells; n++)
            {
                course = diffusion.Next(course);
            }

            return Math.Abs(course.Value[cells / 2] - 0.37270784);
        }

        var (coarse, fine) = (Middle(8), Middle(16));
        Assert.InRange(Math.Log2(coarse / fine), 1.9, 2.1);
        Assert.InRange(Middle(64), 0, 1e-4);
    }

    [Fact]
    public void Given_values_that_are_not_zero_stay_and_ties_hold()
    {
        var (basis, m, k, _, _) = Bar(8);
        var constraints = new Constraints(basis.DofCount).Fix(0, 2).Tie(8, [(7, 0.5)], 1);
        var diffusion = new ImplicitDiffusion(m, k, _ => new double[9], constraints, DiffusionScheme.Bdf2, 0.5);
        var course = diffusion.Start(new double[9]);
        var dynamics = new ImplicitDynamics(m, null, k, _ => new double[9], constraints, DynamicScheme.GeneralizedAlpha(0), 0.5);
        var motion = dynamics.Start(new double[9], new double[9]);
        for (var n = 0; n < 400; n++)
        {
            (course, motion) = (diffusion.Next(course), dynamics.Next(motion));
            Assert.Equal(2, course.Value[0], 1e-12);
            Assert.Equal((0.5 * course.Value[7]) + 1, course.Value[8], 1e-12);
            Assert.Equal((0.5 * motion.Displacement[7]) + 1, motion.Displacement[8], 1e-12);
        }

        var rest = constraints.Solve(k, new double[9]);
        for (var i = 0; i < 9; i++)
        {
            Assert.Equal(rest[i], course.Value[i], 1e-9);
        }

        var error = Assert.Throws<ScaleModelException>(() => new CentralDifference(LumpedMass.RowSums(m), null, (_, _, _) => { }, constraints, new double[9], new double[9]));
        Assert.Contains("tied", error.Message, StringComparison.Ordinal);
        var p2 = Basis.Scalar(StructuredMesh.Rectangle(1, 1, 2, 2, CellShape.Triangle), 2);
        Assert.Contains("degree 2", Assert.Throws<ScaleModelException>(() => LumpedMass.RowSums(Assembly.Matrix(p2, Heat.Capacity(1)))).Message, StringComparison.Ordinal);
        Assert.Contains("above zero", Assert.Throws<ScaleModelException>(() => new ImplicitDiffusion(m, k, _ => [], constraints, DiffusionScheme.Bdf2, 0)).Message, StringComparison.Ordinal);
        Assert.Contains("0 … 1", Assert.Throws<ScaleModelException>(() => DynamicScheme.GeneralizedAlpha(1.5)).Message, StringComparison.Ordinal);
    }
}

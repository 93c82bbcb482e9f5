using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Elements;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Fracture;
using ActorMultiscale.Physics.Continuum.Materials;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Numerics.Sparse;
using CsCheck;

namespace ActorMultiscale.Tests.Continuum.Fracture;

/// <summary>Cracks as phase fields: the material at a point, bars, a plate with a notch, a cube.</summary>
public sealed class PhaseFieldTests
{
    private static readonly Gen<SymTensor3> _strain = Gen.Double[-1, 1].Array[6].Select(e => new SymTensor3(e[0], e[1], e[2], e[3], e[4], e[5]));

    private static PhaseFieldMaterial Bar(CrackDensity density, Irreversibility irreversibility = Irreversibility.Damage) => new(1, 0, 1, 0.1, density, EnergySplit.None, irreversibility);

    // A bar of which the right end is moved to u.
    private static PhaseFieldState Pull(PhaseFieldBody bar, PhaseFieldState from, double u, double tolerance = 1e-6)
    {
        var last = bar.Motion.DofCount - 1;
        return bar.Next(from, new Constraints(last + 1).Fix(0, 0).Fix(last, u), tolerance: tolerance);
    }

    [Theory]
    [InlineData(EnergySplit.None)]
    [InlineData(EnergySplit.VolumetricDeviatoric)]
    [InlineData(EnergySplit.Spectral)]
    public void The_parts_of_the_energy_add_up_and_stress_and_tangent_are_their_derivatives(EnergySplit split)
    {
        var material = new PhaseFieldMaterial(3, 0.25, 1, 0.1, CrackDensity.AT2, split);
        var elastic = Tangent6.Isotropic(3, 0.25);
        Gen.Select(_strain, Gen.Double[0, 1]).Sample((strain, g) =>
        {
            var (tension, compression) = material.Energy(strain);
            Assert.True(tension >= 0 && compression >= 0);
            Assert.Equal(0.5 * SymTensor3.Contract(strain, elastic.Stress(strain)), tension + compression, 1e-12);
            var (stress, tangent) = (material.Stress(strain, g), material.Tangent(strain, g));
            double Energy(SymTensor3 e) => (g * material.Energy(e).Tension) + material.Energy(e).Compression;

            // The derivative jumps where tr ε = 0, and where an eigenvalue is 0.
            const double h = 1e-6;
            var edges = strain.Principal().Values;
            var smooth = new[] { strain.Trace, edges.X, edges.Y, edges.Z }.Min(Math.Abs) > 1e-2;
            for (var j = 0; j < 6; j++)
            {
                var voigt = new double[6];
                voigt[j] = h;
                var d = SymTensor3.FromVoigtStrain(voigt);
                Assert.Equal((Energy(strain + d) - Energy(strain - d)) / (2 * h), stress[j], 1e-5);
                var (plus, minus) = (material.Stress(strain + d, g), material.Stress(strain - d, g));
                for (var i = 0; smooth && i < 6; i++)
                {
                    Assert.Equal((plus[i] - minus[i]) / (2 * h), tangent[i, j], 1e-6);
                    Assert.Equal(tangent[j, i], tangent[i, j], 1e-12);
                }
            }

            var again = tangent.Stress(strain);
            Assert.True((again - stress).Norm <= 1e-12 * (1 + stress.Norm));
        }, iter: 300);
    }

    // d* = 0.4 + 0.2 cos πx cos πy solves the equation of the crack field for the H that it asks for, with no flux through the edges.
    [Theory]
    [InlineData(CrackDensity.AT1, CellShape.Quadrilateral, 1)]
    [InlineData(CrackDensity.AT1, CellShape.Triangle, 2)]
    [InlineData(CrackDensity.AT2, CellShape.Triangle, 1)]
    [InlineData(CrackDensity.AT2, CellShape.Quadrilateral, 2)]
    public void The_crack_field_converges_with_the_order_of_theory(CrackDensity density, CellShape shape, int degree)
    {
        var material = new PhaseFieldMaterial(1, 0, 0.7, 0.3, density);
        ScalarJet Exact(Vec3 x)
        {
            var ((sx, cx), (sy, cy)) = (Math.SinCos(Math.PI * x.X), Math.SinCos(Math.PI * x.Y));
            return new(0.4 + (0.2 * cx * cy), new(-0.2 * Math.PI * sx * cy, -0.2 * Math.PI * cx * sy, 0));
        }

        // 2 (1 − d) H = (G_c/c) (w′(d)/l − 2 l ∇²d).
        double Drive(QuadraturePoint x)
        {
            var d = Exact(x.Position).Value;
            var laplacian = -2 * Math.PI * Math.PI * (d - 0.4);
            var force = density == CrackDensity.AT1 ? 0.7 * 3 / 8 * ((1 / 0.3) - (2 * 0.3 * laplacian)) : 0.7 / 2 * ((2 * d / 0.3) - (2 * 0.3 * laplacian));
            return force / (2 * (1 - d));
        }

        (double L2, double H1) Error(int n)
        {
            var basis = Basis.Scalar(StructuredMesh.Rectangle(1, 1, n, n, shape), degree, (2 * degree) + 2);
            var found = StaticProblem.Solve(
                basis, PhaseField.Resistance(material, Drive), Assembly.Vector(basis, PhaseField.Drive(material, Drive)), new Constraints(basis.DofCount)).Solution;
            return Assembly.Error(basis, found, Exact);
        }

        var (coarse, fine) = (Error(8), Error(16));
        Assert.Equal(degree + 1, Math.Log2(coarse.L2 / fine.L2), 0.1);
        Assert.Equal(degree, Math.Log2(coarse.H1 / fine.H1), 0.1);
    }

    // V66: a bar that stays alike along its length, being shorter than a crack is wide: AT2 σ = (1 − d)² E ε, d = E ε²/(G_c/l + E ε²), at most
    // 9/16 √(E G_c/(3 l)) = 1.026977; AT1 d = 1 − 3 G_c/(8 l E ε²) beyond the strength √(3 E G_c/(8 l)) = 1.936492, elastic up to it. After: Pham, Amor, Marigo,
    // Maurini, Int. J. Damage Mech. 20, 618 (2011); Borden et al., Comput. Methods Appl. Mech. Eng. 217, 77 (2012).
    [Theory]
    [InlineData(CrackDensity.AT2, 1.026977)]
    [InlineData(CrackDensity.AT1, 1.936492)]
    public void A_bar_that_stays_alike_reaches_the_strength_of_theory(CrackDensity density, double strength)
    {
        foreach (var irreversibility in new[] { Irreversibility.Damage, Irreversibility.History })
        {
            var bar = new PhaseFieldBody(StructuredMesh.Interval(0.1, 4), Bar(density, irreversibility));
            var (state, peak) = (bar.Start(), 0.0);
            for (var step = 1; step <= 150; step++)
            {
                var strain = 0.025 * step;
                state = Pull(bar, state, 0.1 * strain);
                var d = density == CrackDensity.AT2 ? strain * strain / (10 + (strain * strain)) : Math.Max(0, 1 - (3.75 / (strain * strain)));
                Assert.All(state.Damage, found => Assert.Equal(d, found, 2e-6));
                Assert.Equal(((1 - d) * (1 - d) + 1e-6) * strain, state.Force[^1], 1e-6);
                peak = Math.Max(peak, state.Force[^1]);
            }

            // The steps meet the peak to a part of their length.
            Assert.Equal(strength, peak, 0.01 * strength);

            // A load that goes leaves d where it is; the energies have taken up the work.
            Assert.Equal(state.Work, state.ElasticEnergy + state.SurfaceEnergy, 2e-3 * state.Work);
            Assert.Equal(state.Damage, Pull(bar, state, 0.02).Damage);
        }
    }

    // V66: a long bar with intact ends breaks in its middle, which costs G_c, and by a crack over one cell of the length h: G_c (1 + h/(2 l)) with AT2, G_c (1 + 3 h/(8 l)) with AT1.
    // After: Bourdin, Francfort, Marigo, J. Elasticity 91, 5 (2008). With AT2 the damage beside the crack would stay too; here it heals.
    [Theory]
    [InlineData(CrackDensity.AT1, 0.5)]
    [InlineData(CrackDensity.AT1, 0.25)]
    [InlineData(CrackDensity.AT2, 0.5)]
    [InlineData(CrackDensity.AT2, 0.25)]
    public void A_bar_that_breaks_dissipates_its_toughness(CrackDensity density, double h)
    {
        var cells = (int)(20 / h) + 1;
        var mesh = StructuredMesh.Interval(cells * h * 0.1, cells);
        var bar = new PhaseFieldBody(mesh, Bar(density, Irreversibility.Cracks), intact: [0, cells]);
        var (state, strength) = (bar.Start(), density == CrackDensity.AT1 ? 1.936492 : 1.026977);
        var peak = 0.0;
        while (state.Damage.Max() < 0.99)
        {
            state = Pull(bar, state, state.Displacement[^1] + (0.02 * cells * h * 0.1), 1e-4);
            peak = Math.Max(peak, state.Force[^1]);
        }

        var excess = (density == CrackDensity.AT1 ? 0.375 : 0.5) * h;
        Assert.Equal(1 + excess, state.SurfaceEnergy, 0.02);
        Assert.Equal(strength, peak, 0.02 * strength);
    }

    // A bar of two parts in series, tough and weak: elastic as 1/(L₁/E₁ + L₂/E₂), it breaks within the weak part at the strength of that, √(3 E G_c/(8 l)), and dissipates its toughness alone.
    [Fact]
    public void A_bar_of_two_parts_breaks_in_the_weak_one_and_dissipates_its_toughness()
    {
        const double cell = 0.025, length = 0.1;
        const int cells = 161;
        var mesh = StructuredMesh.Interval(cells * cell, cells).WithRegion("tough", x => x.X < 80 * cell).WithRegion("weak", x => x.X > 80 * cell);
        PhaseFieldMaterial Of(double young, double toughness) => new(young, 0, toughness, length, CrackDensity.AT1, EnergySplit.None, Irreversibility.Cracks);
        var bar = new PhaseFieldBody(mesh, Phases.ByRegion(mesh, ("tough", Of(3, 2)), ("weak", Of(1.5, 0.4))), intact: [80, cells]);
        var (state, peak, strength) = (bar.Start(), 0.0, Math.Sqrt(3 * 1.5 * 0.4 / (8 * length)));
        while (state.Damage.Max() < 0.99)
        {
            if (state.Damage.Max() == 0)
            {
                // The part of the stiffness that a crack would leave, 10⁻⁶, is there from the start.
                Assert.Equal(state.Displacement[^1] / ((80 * cell / 3) + (81 * cell / 1.5)), state.Force[^1], 2e-6);
            }

            state = Pull(bar, state, state.Displacement[^1] + 0.05, 1e-4);
            peak = Math.Max(peak, state.Force[^1]);
        }

        var broken = state.Damage.Index().Where(d => d.Item > 0).Select(d => d.Index).ToArray();
        Assert.InRange(broken.Min(), 81, cells - 1);
        Assert.Equal(0.4 * (1 + (0.375 * cell / length)), state.SurfaceEnergy, 0.02 * 0.4);
        Assert.Equal(strength, peak, 0.02 * strength);
    }

    [Fact]
    public void Materials_that_count_cracks_unlike_are_refused()
    {
        var mesh = StructuredMesh.Interval(1, 2);
        PhaseFieldBody Of(PhaseFieldMaterial other) => new(mesh, Phases.ByCell(mesh, Bar(CrackDensity.AT1), other));
        Assert.Contains("found AT1 with Damage, and AT2 with Damage", Assert.Throws<ScaleModelException>(() => Of(Bar(CrackDensity.AT2))).Message, StringComparison.Ordinal);
        Assert.Contains("and AT1 with History", Assert.Throws<ScaleModelException>(() => Of(Bar(CrackDensity.AT1, Irreversibility.History))).Message, StringComparison.Ordinal);
        Assert.Equal(2, Of(new(3, 0, 2, 0.3, CrackDensity.AT1, EnergySplit.Spectral)).Materials.CellCount);
    }

    // A strip of space between two walls that hold it across is one of plane strain, crack and all: it runs through both at the same load and costs a thickness times as much.
    [Theory]
    [InlineData(EnergySplit.Spectral)]
    [InlineData(EnergySplit.VolumetricDeviatoric)]
    public void A_crack_runs_through_a_strip_of_space_as_through_plane_strain(EnergySplit split)
    {
        const double thickness = 0.1;
        double[] heights = [0, 0.025, 0.05, 0.08, 0.13, 0.2, 0.3];
        Vec3 Place(Vec3 x, bool isFlat) => isFlat ? new(x.X, heights[(int)Math.Round(x.Y)], 0) : new(x.X, x.Y, heights[(int)Math.Round(x.Z)]);
        var (flat, space) = (StructuredMesh.Rectangle(0.6, 6, 18, 6).Moved(x => Place(x, true)), StructuredMesh.Box(new(0.6, thickness, 6), 18, 2, 6).Moved(x => Place(x, false)));
        (PhaseFieldState[] States, PhaseFieldBody Body) Run(Mesh mesh, int up)
        {
            var body = new PhaseFieldBody(mesh, new PhaseFieldMaterial(1, 0.3, 1, 0.08, CrackDensity.AT1, split, Irreversibility.Cracks), intact: Basis.Scalar(mesh, 1).NodesOn("top"));
            var basis = body.Motion;
            List<PhaseFieldState> states = [body.Start(body.Crack.NodesWhere(x => x[up] == 0 && x.X <= 0.2))];
            foreach (var load in (double[])[0.3, 0.5, 0.9])
            {
                var held = new Constraints(basis.DofCount).Fix(basis, basis.NodesOn("top"), 0, 0).Fix(basis, basis.NodesOn("top"), up, load).Fix(basis, basis.NodesWhere(x => x[up] == 0 && x.X > 0.21), up, 0);
                if (up == 2)
                {
                    held.Fix(basis, basis.NodesOn("front"), 1, 0).Fix(basis, basis.NodesOn("back"), 1, 0);
                }

                states.Add(body.Next(states[^1], held, tolerance: 1e-6));
            }

            return ([.. states], body);
        }

        var (plane, strip) = (Run(flat, 1), Run(space, 2));
        var places = flat.Points.ToArray();
        foreach (var (of, to) in plane.States.Zip(strip.States))
        {
            Assert.Equal(thickness * of.SurfaceEnergy, to.SurfaceEnergy, 1e-4 * thickness);
            Assert.Equal(thickness * of.ElasticEnergy, to.ElasticEnergy, 1e-4 * thickness);
        }

        for (var n = 0; n < space.Points.Length; n++)
        {
            var x = space.Points[n];
            var image = Array.FindIndex(places, p => Math.Abs(p.X - x.X) < 1e-9 && Math.Abs(p.Y - x.Z) < 1e-9);
            Assert.Equal(plane.States[^1].Damage[image], strip.States[^1].Damage[n], 1e-4);
        }

        // It did not run at first, and broke through at the end.
        Assert.InRange(plane.States[1].SurfaceEnergy - plane.States[0].SurfaceEnergy, 0, 0.02);
        Assert.True(strip.Body.Crack.NodesWhere(x => x.Z == 0).All(n => strip.States[^1].Damage[n] > 0.97));
    }

    // Bars shorter than their cracks are wide soften without a jump, so the energies take up the work, the better the smaller the steps are.
    [Theory]
    [InlineData(CrackDensity.AT1)]
    [InlineData(CrackDensity.AT2)]
    public void Energies_balance_the_work_where_no_crack_jumps(CrackDensity density)
    {
        double Gap(int steps)
        {
            var bar = new PhaseFieldBody(StructuredMesh.Interval(0.2, 20), Bar(density), intact: [0, 20]);
            var (state, gap) = (bar.Start(), 0.0);
            for (var n = 1; n <= steps; n++)
            {
                state = Pull(bar, state, 1.5 * n / steps, 1e-7);
                gap = Math.Max(gap, Math.Abs(state.Work - state.ElasticEnergy - state.SurfaceEnergy));
            }

            Assert.True(state.Damage.Max() > 0.9);
            return gap / state.Work;
        }

        var (coarse, fine) = (Gap(100), Gap(200));
        Assert.True(fine < 2e-3, $"{coarse} {fine}");
        Assert.True(fine < 0.6 * coarse, $"{coarse} {fine}");
    }

    // The upper half of a square plate of plane strain with a crack from its left edge to its middle: the other half is its image. It runs to the right edge at once, which
    // costs G_c/2 for each half; cells are l/4 high at the crack, and as one row of them breaks in each half, AT1 pays up to 3 h/(4 l) more, AT2 h/l. The field around the first
    // tip is paid for at the start, and is no longer there at the end.
    [Theory]
    [InlineData(CrackDensity.AT1, EnergySplit.Spectral, 0.75)]
    [InlineData(CrackDensity.AT2, EnergySplit.VolumetricDeviatoric, 1)]
    public void A_plate_with_a_crack_breaks_under_the_load_of_Griffith_and_dissipates_its_toughness(CrackDensity density, EnergySplit split, double rows)
    {
        const double length = 0.08;
        double[] heights = [0, 0.02, 0.04, 0.06, 0.08, 0.11, 0.15, 0.2, 0.26, 0.34, 0.42, 0.5];
        var mesh = StructuredMesh.Rectangle(1, 11, 30, 11).Moved(x => new(x.X, heights[(int)Math.Round(x.Y)], 0));
        var body = new PhaseFieldBody(mesh, new PhaseFieldMaterial(1, 0.3, 1, length, density, split, Irreversibility.Cracks), intact: Basis.Scalar(mesh, 1).NodesOn("top"));
        var basis = body.Motion;
        Constraints Moved(double top, double crack) =>
            new Constraints(basis.DofCount).Fix(basis, basis.NodesOn("top"), x => new(0, top, 0)).Fix(basis, basis.NodesWhere(x => x.Y == 0 && x.X > crack + 0.01), 1, 0);

        // Without a crack field, of a crack of the length a and the top moved by 1: ½ ∫ σ:ε. Griffith's crack runs from u on with −u² dΠ/da = ½ G_c (1 + …).
        double Elastic(double crack)
        {
            var (stiffness, force) = (Assembly.Matrix(basis, Elasticity.Stiffness(Tangent6.Isotropic(1, 0.3))), new double[basis.DofCount]);
            var u = Moved(1, crack).Solve(stiffness, force);
            stiffness.Multiply(u, force);
            return 0.5 * FixedOrderSum.Dot(u, force);
        }

        var toughness = 1 + (rows * 0.02 / length);
        var griffith = Math.Sqrt(0.5 * toughness / (15 * (Elastic(0.5 - (1 / 30.0)) - Elastic(0.5 + (1 / 30.0)))));
        var start = body.Start(body.Crack.NodesWhere(x => x.Y == 0 && x.X <= 0.5));
        var state = start;
        foreach (var load in new[] { 0.3, 0.5, 0.65, 0.8, 0.9, 0.95, 1.12 })
        {
            Assert.Equal(state.Work, state.ElasticEnergy + state.SurfaceEnergy - start.SurfaceEnergy, 0.02 * state.Work);
            Assert.InRange(state.SurfaceEnergy - start.SurfaceEnergy, 0, 0.06);
            state = body.Next(state, Moved(load * griffith, 0.5), tolerance: 1e-4);
        }

        // Broken through.
        Assert.True(body.Crack.NodesWhere(x => x.Y == 0).All(n => state.Damage[n] > 0.97));
        Assert.InRange(state.SurfaceEnergy - start.SurfaceEnergy, 0.25, 0.25 * toughness);
        Assert.Equal(0.25 + (0.25 * toughness), state.SurfaceEnergy, 0.07 * 0.5);
        Assert.True(state.ElasticEnergy < 0.1 * state.Work);
    }

    [Fact]
    public void Compression_cracks_nothing_that_the_split_keeps()
    {
        // Squeezed between walls all strains are pressed or zero; squeezed from all sides there is no deviator.
        foreach (var (split, sides, cracks) in new[]
        {
            (EnergySplit.Spectral, false, false), (EnergySplit.Spectral, true, false), (EnergySplit.VolumetricDeviatoric, true, false), (EnergySplit.None, true, true),
            (EnergySplit.VolumetricDeviatoric, false, true),
        })
        {
            foreach (var density in new[] { CrackDensity.AT1, CrackDensity.AT2 })
            {
                var body = new PhaseFieldBody(StructuredMesh.Box(new(1, 1, 1), 2, 2, 2), new PhaseFieldMaterial(1, 0.2, 1, 0.5, density, split));
                var basis = body.Motion;
                var state = body.Next(
                    body.Start(), new Constraints(basis.DofCount).Fix(basis, Basis.Scalar(basis.Mesh, 1).NodesOnSurface(), x => sides ? -2 * x : new(-4 * x.X, 0, 0)));
                Assert.Equal(cracks, state.Damage.Max() > 0.1);
                Assert.True(cracks || state.Damage.All(d => d < 1e-12));
            }
        }
    }

    // A cube of plain stress along x, ν = 0.2: as in a bar, d = E ε²/(G_c/l + E ε²), where no part of the strain is spared.
    [Fact]
    public void A_cube_cracks_as_a_bar_does()
    {
        var body = new PhaseFieldBody(StructuredMesh.Box(new(1, 1, 1), 2, 2, 2), new PhaseFieldMaterial(1, 0.2, 1, 0.5, CrackDensity.AT2, EnergySplit.None));
        var (state, basis) = (body.Start(), body.Motion);
        for (var n = 1; n <= 3; n++)
        {
            var strain = 0.4 * n;
            state = body.Next(
                state,
                new Constraints(basis.DofCount).Fix(basis, basis.NodesOn("left"), 0, 0).Fix(basis, basis.NodesOn("front"), 1, 0).Fix(basis, basis.NodesOn("bottom"), 2, 0)
                    .Fix(basis, basis.NodesOn("right"), 0, strain), tolerance: 1e-8);
            var d = strain * strain / (2 + (strain * strain));
            Assert.All(state.Damage, found => Assert.Equal(d, found, 1e-7));
            Assert.Equal(((1 - d) * (1 - d) + 1e-6) * strain, basis.NodesOn("right").Sum(k => state.Force[basis.Dof(k, 0)]), 1e-7);
        }
    }

    // Whatever is done to a body, d stays within 0 … 1 and does not fall.
    [Theory]
    [InlineData(CrackDensity.AT1, Irreversibility.Damage)]
    [InlineData(CrackDensity.AT2, Irreversibility.Damage)]
    [InlineData(CrackDensity.AT1, Irreversibility.History)]
    [InlineData(CrackDensity.AT2, Irreversibility.History)]
    public void Damage_never_falls(CrackDensity density, Irreversibility irreversibility)
    {
        var mesh = StructuredMesh.Rectangle(1, 1, 6, 6, CellShape.Triangle);
        var material = new PhaseFieldMaterial(1, 0.3, 1, 0.3, density, EnergySplit.Spectral, irreversibility);
        var body = new PhaseFieldBody(mesh, material);
        var basis = body.Motion;
        var most = 0.0;
        Gen.Double[-3, 3].Array[3].Array[4].Sample(loads =>
        {
            var state = body.Start();
            double[] last = [0, 4, 0];
            foreach (var load in loads.Append(last))
            {
                var constraints = new Constraints(basis.DofCount).Fix(basis, basis.NodesOn("bottom"), x => Vec3.Zero)
                    .Fix(basis, basis.NodesOn("top"), x => new(load[0], load[1] + (load[2] * (x.X - 0.5)), 0));
                var next = body.Next(state, constraints, tolerance: 1e-4);
                Assert.All(next.Damage.Zip(state.Damage), d => Assert.InRange(d.First, d.Second, 1));
                most = Math.Max(most, next.Damage.Max());
                state = next;
            }
        }, iter: 3, threads: 1);
        Assert.True(most > 0.9);
    }

    // 512 cells are several chunks of work.
    [Theory]
    [InlineData(CrackDensity.AT1)]
    [InlineData(CrackDensity.AT2)]
    public void Two_threads_do_what_one_does_to_the_bit(CrackDensity density)
    {
        var mesh = StructuredMesh.Rectangle(1, 1, 16, 16, CellShape.Triangle);
        var material = new PhaseFieldMaterial(1, 0.3, 1, 0.3, density);
        var (body, twice) = (new PhaseFieldBody(mesh, material), new PhaseFieldBody(mesh, material, loop: new ChunkedLoop(2)));
        var basis = body.Motion;
        var (state, other) = (body.Start(), twice.Start());
        foreach (var load in new[] { new Vec3(0.3, 0.8, 0.4), new Vec3(-0.2, 1.2, 0), new Vec3(0.5, 0, 0) })
        {
            var constraints = new Constraints(basis.DofCount).Fix(basis, basis.NodesOn("bottom"), x => Vec3.Zero)
                .Fix(basis, basis.NodesOn("top"), x => new(load.X, load.Y + (load.Z * (x.X - 0.5)), 0));
            (state, other) = (body.Next(state, constraints, tolerance: 1e-4), twice.Next(other, constraints, tolerance: 1e-4));
            Assert.Equal(state.Displacement, other.Displacement);
            Assert.Equal(state.Damage, other.Damage);
            Assert.Equal(state.Force, other.Force);
            Assert.Equal((state.Work, state.ElasticEnergy, state.SurfaceEnergy, state.Passes), (other.Work, other.ElasticEnergy, other.SurfaceEnergy, other.Passes));
        }

        Assert.InRange(state.Damage.Max(), 0.2, 1);
    }

    // By d = 1 − 3 G_c/(8 l E ε²) again, up and down: below 0.95 nothing stays.
    [Fact]
    public void What_is_not_broken_heals_when_the_load_goes()
    {
        var bar = new PhaseFieldBody(StructuredMesh.Interval(0.1, 4), Bar(CrackDensity.AT1, Irreversibility.Cracks));
        var state = bar.Start();
        foreach (var strain in new[] { 2.5, 0, 2.2, 2, 1 })
        {
            state = Pull(bar, state, 0.1 * strain);
            var d = strain == 0 ? 0 : Math.Max(0, 1 - (3.75 / (strain * strain)));
            Assert.All(state.Damage, found => Assert.Equal(d, found, 2e-6));
            Assert.Equal(((1 - d) * (1 - d) + 1e-6) * strain, state.Force[^1], 1e-6);
        }
    }

    // A crack that is there at the beginning costs what one costs that has run, and carries next to nothing.
    [Fact]
    public void A_crack_may_be_given()
    {
        foreach (var (density, excess) in new[] { (CrackDensity.AT1, 0.375), (CrackDensity.AT2, 0.5) })
        {
            var bar = new PhaseFieldBody(StructuredMesh.Interval(2.02, 101), Bar(density));
            var state = bar.Start([50, 51]);
            Assert.Equal(1 + (excess * 0.2), state.SurfaceEnergy, 0.01);
            Assert.True(Pull(bar, state, 0.2).Force[^1] < 1e-4);
        }
    }

    // Under a given stress σ below the strength the bar finds the ε with (1 − d)² E ε = σ; under one above it breaks.
    [Fact]
    public void A_bar_under_a_load_holds_up_to_its_strength()
    {
        var bar = new PhaseFieldBody(StructuredMesh.Interval(0.1, 4), Bar(CrackDensity.AT2));
        var held = new Constraints(5).Fix(0, 0);
        var state = bar.Start();
        foreach (var stress in new[] { 0.4, 0.8, 1.0 })
        {
            state = bar.Next(state, held, [0, 0, 0, 0, stress], tolerance: 1e-9);
            var strain = state.Displacement[4] / 0.1;
            var d = strain * strain / (10 + (strain * strain));
            Assert.Equal(stress, ((1 - d) * (1 - d) + 1e-6) * strain, 1e-6);
            Assert.InRange(d, 0, 0.25);
            Assert.All(state.Damage, found => Assert.Equal(d, found, 1e-6));
            Assert.Equal(stress, state.Force[4], 1e-8);
            Assert.Equal(-stress, state.Force[0], 1e-8);
        }

        Assert.True(bar.Next(state, held, [0, 0, 0, 0, 1.05]).Damage.Min() > 0.99);
    }

    // Beyond FactorOrIterate.BesideMultigrid dofs multigrid solves for u; a factorization finds the same.
    [Fact]
    public void A_large_body_cracks_alike_by_multigrid_and_by_factorization()
    {
        var mesh = StructuredMesh.Rectangle(1, 1, 40, 40);
        var body = new PhaseFieldBody(mesh, new PhaseFieldMaterial(1, 0.3, 1, 0.1, CrackDensity.AT2, EnergySplit.VolumetricDeviatoric), loop: new ChunkedLoop(2));
        var basis = body.Motion;
        var start = body.Start(body.Crack.NodesWhere(x => Math.Abs(x.Y - 0.5) < 1e-9 && x.X <= 0.5));
        var constraints = new Constraints(basis.DofCount).Fix(basis, basis.NodesOn("bottom"), x => Vec3.Zero).Fix(basis, basis.NodesOn("top"), x => new(0, 0.6, 0));
        Assert.True(basis.DofCount - constraints.Count > FactorOrIterate.BesideMultigrid);
        var multigrid = body.Next(start, constraints);
        var factored = body.Next(start, constraints, solve: (a, y) =>
        {
            var x = new double[y.Length];
            SparseLdl.PositiveDefinite(a).Solve(y, x);
            return x;
        });
        Assert.True(factored.SurfaceEnergy > start.SurfaceEnergy * 1.001);
        Assert.Equal(factored.SurfaceEnergy, multigrid.SurfaceEnergy, 1e-6);
        Assert.Equal(factored.ElasticEnergy, multigrid.ElasticEnergy, 1e-6);
        Assert.All(factored.Damage.Zip(multigrid.Damage), d => Assert.Equal(d.First, d.Second, 1e-5));
    }

    [Fact]
    public void What_does_not_settle_and_what_makes_no_sense_is_refused()
    {
        var mesh = StructuredMesh.Interval(2, 40);
        var bar = new PhaseFieldBody(mesh, Bar(CrackDensity.AT1), intact: [0, 40]);
        var state = Pull(bar, bar.Start(), 3.8);
        var error = Assert.Throws<ScaleModelException>(() => bar.Next(state, new Constraints(41).Fix(0, 0).Fix(40, 4), maxPasses: 3));
        Assert.Contains("do not settle", error.Message, StringComparison.Ordinal);
        Assert.Contains("after 3 passes", error.Message, StringComparison.Ordinal);
        Assert.Contains("no node 41", Assert.Throws<ScaleModelException>(() => bar.Start([41])).Message, StringComparison.Ordinal);
        var longer = new PhaseFieldBody(StructuredMesh.Interval(2, 41), Bar(CrackDensity.AT1)).Start();
        Assert.Contains("of another body", Assert.Throws<ScaleModelException>(() => Pull(bar, longer, 1)).Message, StringComparison.Ordinal);
        Assert.Contains("Node 0 is to be cracked", Assert.Throws<ScaleModelException>(() => bar.Start([0])).Message, StringComparison.Ordinal);
        Assert.Contains("0 ≤ ν with Spectral", Assert.Throws<ScaleModelException>(() => new PhaseFieldMaterial(1, -0.1, 1, 1, CrackDensity.AT1)).Message, StringComparison.Ordinal);
        Assert.Equal(EnergySplit.None, new PhaseFieldMaterial(1, -0.1, 1, 1, CrackDensity.AT1, EnergySplit.None).Split);
        Assert.Contains("l = 0", Assert.Throws<ScaleModelException>(() => new PhaseFieldMaterial(1, 0, 1, 0, CrackDensity.AT1)).Message, StringComparison.Ordinal);
    }
}

using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Continuum.Participants;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Acceleration;
using ActorMultiscale.Physics.Coupling.Mapping;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using CsCheck;
using static ActorMultiscale.Tests.Continuum.Participants.BodyStand;

namespace ActorMultiscale.Tests.Continuum.Participants;

public sealed class SolidModelTests
{
    private const double Young = 200;
    private const double Poisson = 0.3;
    private const double Pull = 0.1;

    // A block pulled along x by a traction has one stress and a linear displacement; elements have them exactly. E' and ν' of plane strain are E/(1 − ν²), ν/(1 − ν).
    [Theory]
    [InlineData(2, "strain", "block", 1)]
    [InlineData(2, "stress", "block", 2)]
    [InlineData(2, "stress", "simplex", 1)]
    [InlineData(2, "strain", "simplex", 2)]
    [InlineData(3, "strain", "block", 1)]
    [InlineData(3, "strain", "block", 2)]
    [InlineData(3, "strain", "simplex", 1)]
    [InlineData(3, "strain", "simplex", 2)]
    public void A_block_under_traction_passes_the_patch_test(int dimension, string plane, string cell, int degree)
    {
        var (size, cells) = dimension == 2 ? (Numbers(2, 0.5), Numbers(3, 2)) : (Numbers(2, 0.5, 0.4), Numbers(3, 2, 1));
        (string, object)[] flat = dimension == 2 ? [("thickness", 0.4), ("plane", plane), ("symmetry", Names("left", "bottom"))] : [("symmetry", Names("left", "front", "bottom"))];
        var block = Solid(1, [("size", size), ("cells", cells), ("cell", cell), ("degree", degree), ("young", Numbers(Young)), ("poisson", Numbers(Poisson)), ("traction-in", Names("right")),
            ("force-out", Names("left", "right")), ("traction-out", Names("left", "right")), ("displacement-out", Names("right")), .. flat]);
        block.Advance(("traction-in-right", (_, _) => new(Pull, 0, 0)));

        var isHeld = dimension == 2 && plane == "strain";
        var (e, nu) = isHeld ? (Young / (1 - (Poisson * Poisson)), Poisson / (1 - Poisson)) : (Young, Poisson);
        Assert.All(block.Vectors("displacement").Zip(block.Places("displacement")), n =>
        {
            Assert.Equal(Pull / e * n.Second.X, n.First.X, 1e-12);
            Assert.Equal(-nu * Pull / e * n.Second.Y, n.First.Y, 1e-12);
            Assert.Equal(dimension == 2 ? 0 : -nu * Pull / e * n.Second.Z, n.First.Z, 1e-12);
        });
        Assert.All(block.Read("stress").Chunk(6), s => Assert.All(s.Zip([Pull, 0, isHeld ? Poisson * Pull : 0, 0, 0, 0]), x => Assert.Equal(x.Second, x.First, 1e-12)));
        Assert.Equal(Pull * 0.2, block.Sum("force-out-left").X, 1e-13);
        Assert.Equal(-Pull * 0.2, block.Sum("force-out-right").X, 1e-13);
        Assert.All(block.Vectors("traction-out-left"), t => Assert.Equal(Pull, t.X, 1e-11));
        Assert.All(block.Vectors("traction-out-right"), t => Assert.Equal(-Pull, t.X, 1e-11));
        Assert.Equal(2 * Pull / e, block.Vectors("displacement-out-right")[0].X, 1e-12);

        // All of the volume, 0.4, stores ½ σ ε, half of which came in by a load that grew from nothing.
        Assert.Equal(0.4 * 0.5 * Pull * Pull / e, block.Read("strain-energy")[0], 1e-15);
        Assert.InRange(block.Read("energy-defect")[0], 0, 1e-11);
    }

    // The same load as forces of nodes, a constant traction, a pressure; and the same displacement from a displacement-in.
    [Fact]
    public void Loads_of_all_kinds_are_the_same_load()
    {
        (string, object)[] all = [("size", Numbers(2, 1)), ("cells", Numbers(4, 3)), ("degree", 2), ("young", Numbers(Young)), ("fixed", Names("left")), ("traction-out", Names("right")), ("force-out", Names("left", "right"))];
        var traction = Solid(1, [.. all, ("traction-in", Names("right"))]);
        traction.Advance(("traction-in-right", (x, _) => new(0.1, 0, 0)));
        var given = Solid(1, [.. all, ("constant-traction", Names("right")), ("constant-tractions", Numbers(0.1, 0))]);
        given.Advance();
        var pressure = Solid(1, [.. all, ("constant-pressure", Names("right")), ("constant-pressures", Numbers(-0.1))]);
        pressure.Advance();
        var forces = traction.Places("force-out-right").Zip(traction.Vectors("force-out-right")).ToDictionary(n => n.First.Y, n => -n.Second);
        var nodal = Solid(1, [.. all, ("force-in", Names("right"))]);
        nodal.Advance(("force-in-right", (x, _) => forces[x.Y]));
        var moved = traction.Places("displacement").Zip(traction.Vectors("displacement")).Where(n => n.First.X == 2).ToDictionary(n => n.First.Y, n => n.Second);
        var driven = Solid(1, [.. all, ("displacement-in", Names("right"))]);
        driven.Advance(("displacement-in-right", (x, _) => moved[x.Y]));
        foreach (var other in (BodyStand[])[given, pressure, nodal, driven])
        {
            Assert.All(other.Read("displacement").Zip(traction.Read("displacement")), n => Assert.Equal(n.Second, n.First, 1e-14));
            Assert.All(other.Read("force-out-right").Zip(traction.Read("force-out-right")), n => Assert.Equal(n.Second, n.First, 1e-13));
        }

        Assert.Equal(0, traction.Sum("force-out-left").X + traction.Sum("force-out-right").X, 1e-13);
    }

    // A bar on springs at its end: they give way by t/κ, and it grows by t x/E; what the springs get is what pulls.
    [Theory]
    [InlineData("isotropic")]
    [InlineData("plastic")]
    public void A_bar_on_a_bedding_gives_way(string material)
    {
        var bar = Solid(1, ("size", Numbers(2, 1, 1)), ("cells", Numbers(3, 2, 1)), ("material", Names(material)), ("young", Numbers(Young)), ("poisson", Numbers(Poisson)), ("bedding", Names("left")),
            ("bedding-stiffnesses", Numbers(5, 0, 0)), ("symmetry", Names("front", "bottom")), ("traction-in", Names("right")), ("force-out", Names("left", "right")), ("traction-out", Names("left")));
        bar.Advance(("traction-in-right", (_, _) => new(Pull, 0, 0)));
        Assert.All(bar.Vectors("displacement").Zip(bar.Places("displacement")), n =>
        {
            Assert.Equal((Pull / 5) + (Pull / Young * n.Second.X), n.First.X, 1e-12);
            Assert.Equal(-Poisson * Pull / Young * n.Second.Y, n.First.Y, 1e-12);
        });
        Assert.Equal(Pull, bar.Sum("force-out-left").X, 1e-12);
        Assert.Equal(-Pull, bar.Sum("force-out-right").X, 1e-12);
        Assert.All(bar.Vectors("traction-out-left"), t => Assert.Equal(Pull, t.X, 1e-11));
        Assert.InRange(bar.Read("energy-defect")[0], 0, 1e-11);
    }

    // A stiff block on springs swings as u = V/ω sin ωt, ω² = κ A/m; the trapezoidal rule does so with the period 2π/ω (1 + (ωΔt)²/12 + …).
    [Theory]
    [InlineData("newmark", 1e6)]
    [InlineData("generalized-alpha", 1e6)]
    [InlineData("explicit", 1e4)]
    public void A_block_on_springs_swings(string motion, double young)
    {
        var block = Solid(0.1, ("size", Numbers(1, 1)), ("cells", Numbers(2, 2)), ("motion", motion), ("young", Numbers(young)), ("density", Numbers(2)), ("bedding", Names("left")), ("bedding-stiffnesses", Numbers(8, 8)),
            ("initial-velocity", Numbers(0.3, 0)), ("symmetry", Names("bottom", "top")), ("step", motion == "explicit" ? 0.002 : 0.01));
        for (var w = 1; w <= 20; w++)
        {
            block.Advance();
            Assert.All(block.Vectors("displacement"), u => Assert.Equal(0.3 / 2 * Math.Sin(2 * 0.1 * w), u.X, 5e-4));
        }

        // With generalized α the work is of first order.
        Assert.InRange(block.Read("energy-defect")[0], 0, motion switch { "newmark" => 1e-9, "explicit" => 1e-3, _ => 2e-2 });
    }

    // Of a body that is far softer than its bedding the highest frequency is that of the nodes of the surface, ω² = κ/(½ ρ h).
    [Fact]
    public void A_bedding_shortens_the_stable_step()
    {
        var model = (SolidModel)Participant.Of("body", SolidModel.Entry(NoFiles), ("motion", "explicit"), ("young", Numbers(1e-9)), ("density", Numbers(3)), ("cells", Numbers(5, 4)), ("bedding", Names("left")), ("bedding-stiffnesses", Numbers(7, 7))).CreateModel();
        Assert.InRange(model.LongestStep, 0.99 * 2 * Math.Sqrt(0.5 * 3 * 0.2 / 7), 1.0001 * 2 * Math.Sqrt(0.5 * 3 * 0.2 / 7));
    }

    // Pressed from all sides by a pressure that follows, a body is as it was but smaller, λ, with the true stress −p: P/λ^(d−1), P = μ (λ − 1/λ) + d Λ ln λ/λ.
    [Theory]
    [InlineData(2, "block", 1)]
    [InlineData(2, "simplex", 2)]
    [InlineData(3, "simplex", 1)]
    [InlineData(3, "block", 2)]
    public void Pressure_that_follows_is_the_true_stress(int dimension, string cell, int degree)
    {
        const double Pressure = 150;
        var (size, cells) = dimension == 2 ? (Numbers(2, 0.5), Numbers(3, 2)) : (Numbers(2, 0.5, 0.4), Numbers(2, 1, 1));
        (string, object)[] sides = dimension == 2
            ? [("thickness", 0.4), ("symmetry", Names("left", "bottom")), ("follower-pressure", Names("right")), ("follower-pressures", Numbers(Pressure)), ("follower-pressure-in", Names("top"))]
            : [("symmetry", Names("left", "front", "bottom")), ("follower-pressure", Names("right", "back")), ("follower-pressures", Numbers(Pressure)), ("follower-pressure-in", Names("top"))];
        var block = Solid(1, [("size", size), ("cells", cells), ("cell", cell), ("degree", degree), ("material", Names("neo-hookean")), ("young", Numbers(Young)), ("poisson", Numbers(Poisson)), ("force-out", Names("left", "right")), .. sides]);
        block.Advance(("follower-pressure-in-top", (_, _) => new(Pressure, 0, 0)));

        var (lame, mu) = (Young * Poisson / ((1 + Poisson) * (1 - (2 * Poisson))), Young / (2 * (1 + Poisson)));
        var (low, high) = (0.3, 1.0);
        for (var i = 0; i < 100; i++)
        {
            var middle = 0.5 * (low + high);
            var stress = ((mu * (middle - (1 / middle))) + (dimension * lame * Math.Log(middle) / middle)) / Math.Pow(middle, dimension - 1);
            (low, high) = stress < -Pressure ? (middle, high) : (low, middle);
        }

        Assert.InRange(low, 0.5, 0.85);
        Assert.All(block.Vectors("displacement").Zip(block.Places("displacement")), n => Assert.Equal(0, (n.First - ((low - 1) * new Vec3(n.Second.X, n.Second.Y, dimension == 2 ? 0 : n.Second.Z))).Norm, 1e-8));
        Assert.All(block.Read("stress").Chunk(6), s => Assert.All(s.Take(dimension), x => Assert.Equal(-Pressure, x, 1e-5)));
        var area = 0.2 * Math.Pow(low, dimension - 1);
        Assert.Equal(Pressure * area, block.Sum("force-out-right").X, 1e-6);
        Assert.Equal(-Pressure * area, block.Sum("force-out-left").X, 1e-6);
    }

    // A thick tube of rubber, blown up. Along a radius dP_R/dR = (P_Θ − P_R)/R, with λ_r = dr/dR, λ_θ = r/R, P_i = μ (λ_i − 1/λ_i) + Λ ln(λ_r λ_θ)/λ_i, and outside P_R = 0;
    // the pressure is −P_R/λ_θ inside. Of rubber that keeps its volume p = μ (ln(λ_a/λ_b) + ½ c (1/a² − 1/b²)), c = b² − B² = a² − A²; from the same balance, after: Rivlin,
    // Phil. Trans. R. Soc. A 242, 173 (1949).
    [Fact]
    public void A_tube_of_rubber_is_blown_up_as_its_theory_says()
    {
        const double Inner = 1, Outer = 2;
        static (double Radius, double Pressure) Tube(double b, double mu, double lame)
        {
            (double, double) Slope(double at, double r, double p)
            {
                var (around, low, high) = (r / at, 0.05, 20.0);
                for (var i = 0; i < 60; i++)
                {
                    var middle = 0.5 * (low + high);
                    (low, high) = (mu * (middle - (1 / middle))) + (lame * Math.Log(middle * around) / middle) < p ? (middle, high) : (low, middle);
                }

                return (low, ((mu * (around - (1 / around))) + (lame * Math.Log(low * around) / around) - p) / at);
            }

            const int Steps = 400;
            var (r, p, h) = (b, 0.0, (Inner - Outer) / Steps);
            for (var n = 0; n < Steps; n++)
            {
                var at = Outer + (n * h);
                var (r1, p1) = Slope(at, r, p);
                var (r2, p2) = Slope(at + (0.5 * h), r + (0.5 * h * r1), p + (0.5 * h * p1));
                var (r3, p3) = Slope(at + (0.5 * h), r + (0.5 * h * r2), p + (0.5 * h * p2));
                var (r4, p4) = Slope(at + h, r + (h * r3), p + (h * p3));
                (r, p) = (r + (h / 6 * (r1 + (2 * r2) + (2 * r3) + r4)), p + (h / 6 * (p1 + (2 * p2) + (2 * p3) + p4)));
            }

            return (r, -p / (r / Inner));
        }

        // The integration, where the theory is closed.
        var (a, limit) = Tube(2.4, 1, 1e5);
        Assert.Equal(Math.Sqrt((2.4 * 2.4) - 3), a, 1e-4);
        Assert.Equal(Math.Log(a / 1.2) + (0.5 * ((2.4 * 2.4) - 4) * ((1 / (a * a)) - (1 / (2.4 * 2.4)))), limit, 1e-4);

        var quarter = StructuredMesh.Rectangle(1, 1, 4, 32).Moved(x =>
        {
            var (sin, cos) = Math.SinCos(0.5 * Math.PI * x.Y);
            return (Inner + ((Outer - Inner) * x.X)) * new Vec3(x.Y == 1 ? 0 : cos, sin, 0);
        });
        var tube = new BodyStand(Participant.Of("body", SolidModel.Entry(_ => quarter), ("mesh", new InputFile("tube.msh", "")), ("degree", 2), ("material", Names("neo-hookean")), ("young", Numbers(Young)), ("poisson", Numbers(Poisson)),
            ("symmetry", Names("bottom", "top")), ("follower-pressure-in", Names("left")), ("displacement-out", Names("left", "right"))).CreateModel(), 1);
        foreach (var outer in (double[])[2.1, 2.2, 2.3])
        {
            var (inner, pressure) = Tube(outer, Young / (2 * (1 + Poisson)), Young * Poisson / ((1 + Poisson) * (1 - (2 * Poisson))));
            tube.Advance(("follower-pressure-in-left", (_, _) => new(pressure, 0, 0)));
            Assert.All(tube.Vectors("displacement-out-left"), u => Assert.Equal(inner - Inner, u.Norm, 1e-3 * (inner - Inner)));
            Assert.All(tube.Vectors("displacement-out-right"), u => Assert.Equal(outer - Outer, u.Norm, 1e-3 * (outer - Outer)));
        }

        Assert.True(tube.Vectors("displacement-out-left")[0].Norm > 0.3);
    }

    // A strip that is held at one end and pressed on from above bends until the pressure pushes it sidewards: its tangent is not symmetric. Action is reaction.
    [Fact]
    public void A_strip_bends_under_a_pressure_that_follows()
    {
        var strip = Solid(1, ("size", Numbers(4, 1)), ("cells", Numbers(8, 2)), ("degree", 2), ("material", Names("neo-hookean")), ("young", Numbers(1000)), ("fixed", Names("left")), ("follower-pressure-in", Names("top")),
            ("force-out", Names("left", "top")), ("displacement-out", Names("right")));
        for (var w = 1; w <= 8; w++)
        {
            strip.Advance(("follower-pressure-in-top", (_, _) => new(1.0 * w, 0, 0)));

            // The corner is in both lists with what holds it, which is the difference of what all others hold.
            var held = strip.Vectors("force-out-left").Zip(strip.Places("force-out-left")).Where(n => n.Second.Y < 1).Aggregate(Vec3.Zero, (sum, n) => sum + n.First);
            Assert.Equal(0, (held + strip.Sum("force-out-top")).Norm, 1e-6);
        }

        Assert.True(strip.Vectors("displacement-out-right")[0].Y < -1);
        Assert.True(Math.Abs(strip.Sum("force-out-top").X) > 0.2 * Math.Abs(strip.Sum("force-out-top").Y));
    }

    // Waves along a bar that is held across make strains that are constant in cells: there one point is as good as eight.
    [Fact]
    public void One_point_a_cell_makes_the_same_plane_waves()
    {
        BodyStand Bar(string integration) => Solid(0.05, ("size", Numbers(2, 0.3, 0.2)), ("cells", Numbers(20, 3, 2)), ("motion", "explicit"), ("integration", integration), ("young", Numbers(4)), ("poisson", Numbers(Poisson)), ("density", Numbers(1)), ("step", 0.01),
            ("symmetry", Names("front", "back", "bottom", "top")), ("displacement-in", Names("left")), ("traction-in", Names("right")), ("force-out", Names("left")));
        var (full, fast) = (Bar("full"), Bar("one-point"));
        for (var w = 0; w < 30; w++)
        {
            foreach (var bar in (BodyStand[])[full, fast])
            {
                bar.Advance(("displacement-in-left", (_, t) => new(0.02 * t * t, 0, 0)), ("traction-in-right", (_, t) => new(0.1 * Math.Sin(9 * t), 0, 0)));
            }

            foreach (var port in (string[])["displacement", "velocity", "stress", "force-out-left", "kinetic-energy", "strain-energy", "work"])
            {
                Assert.All(full.Read(port).Zip(fast.Read(port)), n => Assert.Equal(n.First, n.Second, 1e-11));
            }
        }

        Assert.True(full.Read("strain-energy")[0] > 1e-4);
    }

    // A beam that swings: bending is of hourglass modes in part, and what one point makes of it is another element's answer, that comes to the same on finer meshes.
    [Fact]
    public void One_point_a_cell_comes_to_the_same_with_finer_cells()
    {
        double[] Tip(string integration, int n)
        {
            var beam = Solid(0.5, ("size", Numbers(4, 0.5, 1)), ("cells", Numbers(4 * n, n, n)), ("motion", "explicit"), ("integration", integration), ("young", Numbers(100)), ("poisson", Numbers(Poisson)), ("density", Numbers(1)), ("fixed", Names("left")),
                ("constant-traction", Names("right")), ("constant-tractions", Numbers(0, 0, 0.1)), ("displacement-out", Names("right")));
            var course = new double[8];
            for (var w = 0; w < course.Length; w++)
            {
                beam.Advance();
                course[w] = beam.Vectors("displacement-out-right").Average(u => u.Z);
                Assert.InRange(beam.Read("energy-defect")[0], 0, 0.02);
            }

            return course;
        }

        double Apart(int n)
        {
            var (full, fast) = (Tip("full", n), Tip("one-point", n));
            return full.Zip(fast).Max(p => Math.Abs(p.First - p.Second)) / full.Max(Math.Abs);
        }

        var (coarse, fine) = (Apart(2), Apart(4));
        Assert.InRange(fine, 1e-6, 0.1);
        Assert.True(fine < 0.5 * coarse);
    }

    // Warm all over by 50 K: a free body grows without stress, a held one is pressed by −E α ΔT/(1 − 2ν) in space.
    [Theory]
    [InlineData(2, true)]
    [InlineData(3, true)]
    [InlineData(3, false)]
    public void A_warm_body_grows_or_is_pressed(int dimension, bool isFree)
    {
        var (size, cells) = dimension == 2 ? (Numbers(1, 1), Numbers(2, 3)) : (Numbers(1, 1, 1), Numbers(2, 2, 1));
        string[] low = dimension == 2 ? ["left", "bottom"] : ["left", "front", "bottom"], high = ["right", "back", "top"];
        var body = Solid(1, ("size", size), ("cells", cells), ("plane", "stress"), ("young", Numbers(Young)), ("poisson", Numbers(Poisson)), ("expansion", Numbers(1e-5)), ("reference-temperature", 300.0), ("symmetry", Names(isFree ? low : [.. low, .. high])));
        body.Advance(("temperature", (_, _) => new(350, 0, 0)));
        var stress = isFree ? 0 : -Young * 50e-5 / (1 - (2 * Poisson));
        Assert.All(body.Read("stress").Chunk(6), s => Assert.All(s.Take(3), x => Assert.Equal(stress, x, 1e-12)));
        Assert.All(body.Vectors("displacement").Zip(body.Places("displacement")), n => Assert.Equal(isFree ? 50e-5 * n.Second.X : 0, n.First.X, 1e-15));
        Assert.Equal(isFree ? 0 : 1.5 * stress * stress * (1 - (2 * Poisson)) / Young, body.Read("strain-energy")[0], 1e-13);
    }

    // Held across in plane strain, and free in the plane: ε = (1 + ν) α ΔT along x and y, and σ_zz = −E α ΔT alone. Held along x as well, σ_x = −E α ΔT/(1 − ν) and σ_z the same.
    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(1, true)]
    public void A_warm_body_is_held_across_in_plane_strain(int degree, bool isHeld)
    {
        var body = Solid(1, ("size", Numbers(2, 1)), ("cells", Numbers(3, 2)), ("degree", degree), ("thickness", 0.1), ("young", Numbers(Young)), ("poisson", Numbers(Poisson)), ("expansion", Numbers(1e-5)), ("reference-temperature", 300.0),
            ("symmetry", Names(isHeld ? ["left", "right", "bottom"] : ["left", "bottom"])), ("force-out", Names("left")));
        body.Advance(("temperature", (_, _) => new(340, 0, 0)));
        const double Warm = 40e-5;
        var (along, across) = isHeld ? (-Young * Warm / (1 - Poisson), -Young * Warm / (1 - Poisson)) : (0, -Young * Warm);
        Assert.All(body.Read("stress").Chunk(6), s => Assert.All(s.Zip([along, 0, across, 0, 0, 0]), x => Assert.Equal(x.Second, x.First, 1e-12)));
        var (x, y) = isHeld ? (0, Warm * (1 + Poisson) / (1 - Poisson)) : ((1 + Poisson) * Warm, (1 + Poisson) * Warm);
        Assert.All(body.Vectors("displacement").Zip(body.Places("displacement")), n => Assert.Equal(0, (n.First - new Vec3(x * n.Second.X, y * n.Second.Y, 0)).Norm, 1e-14));

        // It stores ½ σ:(ε − ε_θ), where σ is not zero by strains that are held.
        Assert.Equal(0.2 * (isHeld ? (1 - Poisson) * along * along / Young : 0.5 * across * across / Young), body.Read("strain-energy")[0], 1e-13);
        Assert.Equal(0.1 * -along, -body.Sum("force-out-left").X, 1e-12);
    }

    // A temperature that rises along the body: the thermal strain is that of each place, and a free body in plane stress bends without stress.
    [Fact]
    public void A_body_that_is_warm_on_one_side_bends_without_stress()
    {
        const double Expansion = 1e-5, Slope = 30;
        var body = Solid(1, ("size", Numbers(2, 1)), ("cells", Numbers(4, 3)), ("degree", 2), ("plane", "stress"), ("young", Numbers(Young)), ("poisson", Numbers(Poisson)), ("expansion", Numbers(Expansion)), ("displacement-in", Names("left", "bottom")));

        // ε = α ΔT 1 with ΔT = s y comes from u = α s (x y, ½ (y² − x²)).
        Vec3 Free(Vec3 x) => Expansion * Slope * new Vec3(x.X * x.Y, 0.5 * ((x.Y * x.Y) - (x.X * x.X)), 0);
        body.Advance(("temperature", (x, _) => new(Slope * x.Y, 0, 0)), ("displacement-in-left", (x, _) => Free(x)), ("displacement-in-bottom", (x, _) => Free(x)));
        Assert.All(body.Vectors("displacement").Zip(body.Places("displacement")), n => Assert.Equal(0, (n.First - Free(n.Second)).Norm, 1e-14));
        Assert.All(body.Read("stress"), s => Assert.Equal(0, s, 1e-12));
    }

    // An even strain of any kind: orthotropic stresses and strains obey ε_x = σ_x/E_x − ν_xy σ_y/E_x − ν_xz σ_z/E_x, and so on, and τ = G γ in each of the three planes.
    [Theory]
    [InlineData(3, "strain")]
    [InlineData(2, "strain")]
    [InlineData(2, "stress")]
    public void An_orthotropic_body_has_its_shear_moduli(int dimension, string plane) => Gen.Double[-0.01, 0.01].Array[9].Sample(g =>
    {
        var a = dimension == 3 ? new Matrix3(g[0], g[1], g[2], g[3], g[4], g[5], g[6], g[7], g[8]) : new(g[0], g[1], 0, g[3], g[4], 0, 0, 0, 0);
        (string, object)[] shape = dimension == 3 ? [("size", Numbers(1, 2, 1)), ("cells", Numbers(2, 2, 1))] : [("size", Numbers(1, 2)), ("cells", Numbers(2, 2)), ("plane", plane)];
        string[] all = dimension == 3 ? ["left", "right", "front", "back", "bottom", "top"] : ["left", "right", "bottom", "top"];
        var body = Solid(1, [.. shape, ("material", Names("orthotropic")), ("young-axes", Numbers(100, 40, 7)), ("poisson-axes", Numbers(0.3, 0.25, 0.2)), ("shear-axes", Numbers(5, 11, 23)), ("displacement-in", Names(all))]);
        body.Advance([.. all.Select(name => ($"displacement-in-{name}", (Func<Vec3, double, Vec3>)((x, _) => a * x)))]);
        Assert.All(body.Read("stress").Chunk(6), s =>
        {
            Assert.Equal(a.XX, (s[0] / 100) - (0.3 / 100 * s[1]) - (0.25 / 100 * s[2]), 1e-13);
            Assert.Equal(a.YY, (-0.3 / 100 * s[0]) + (s[1] / 40) - (0.2 / 40 * s[2]), 1e-13);
            if (plane == "strain")
            {
                Assert.Equal(a.ZZ, (-0.25 / 100 * s[0]) - (0.2 / 40 * s[1]) + (s[2] / 7), 1e-13);
            }
            else
            {
                Assert.Equal(0, s[2], 1e-13);
            }

            Assert.Equal(5 * (a.YZ + a.ZY), s[3], 1e-12);
            Assert.Equal(11 * (a.XZ + a.ZX), s[4], 1e-12);
            Assert.Equal(23 * (a.XY + a.YX), s[5], 1e-12);
        });
    }, iter: 10);

    // A cubic crystal held across answers with C11; an orthotropic bar that is free across with E_x; in one body, one beside the other.
    [Fact]
    public void Regions_have_their_materials()
    {
        var body = Solid(1, ("size", Numbers(2, 1, 1)), ("cells", Numbers(4, 1, 1)), ("material", Names("cubic", "orthotropic")), ("regions", Names("a", "b")), ("region-boxes", Numbers(0, 0, 0, 1, 1, 1, 1, 0, 0, 2, 1, 1)),
            ("cubic-constants", Numbers(170, 120, 75)), ("young-axes", Numbers(100, 10, 7)), ("poisson-axes", Numbers(0, 0, 0)), ("shear-axes", Numbers(5, 4, 3)), ("symmetry", Names("left", "front", "back", "bottom", "top")),
            ("displaced", Names("right")), ("displacements", Numbers(0.01, 0, 0)), ("force-out", Names("left")));
        body.Advance();
        Assert.Equal(0.01 / ((1 / 170.0) + (1 / 100.0)), body.Sum("force-out-left").X, 1e-12);
    }

    // A bar pulled beyond its yield stress: σ = σ_y + (ε − σ_y/E) E K/(E + K); and unloaded again, elastically.
    [Fact]
    public void A_metal_yields_and_remembers_it()
    {
        const double Yield = 1;
        const double Hardening = 20;
        var free = Solid(1, ("size", Numbers(1, 1, 1)), ("cells", Numbers(1, 1, 1)), ("material", Names("plastic")), ("young", Numbers(Young)), ("yield-stress", Numbers(Yield)), ("isotropic-hardening", Numbers(Hardening)),
            ("symmetry", Names("left", "front", "bottom")), ("traction-in", Names("right")), ("displacement-out", Names("right")));
        foreach (var (stress, strain) in ((double, double)[])[(0.8, 0.8 / Young), (1.5, (1.5 / Young) + (0.5 / Hardening)), (0.5, (0.5 / Young) + (0.5 / Hardening)), (2, (2 / Young) + (1 / Hardening))])
        {
            free.Advance(("traction-in-right", (_, _) => new(stress, 0, 0)));
            Assert.Equal(strain, free.Vectors("displacement-out-right")[0].X, 1e-10);
        }
    }

    // Held across, a neo-Hookean block that is stretched by λ pulls with P = μ (λ − 1/λ) + Λ ln λ/λ.
    [Fact]
    public void Rubber_answers_a_large_stretch()
    {
        var (lambda, mu) = (Young * Poisson / ((1 + Poisson) * (1 - (2 * Poisson))), Young / (2 * (1 + Poisson)));
        var block = Solid(1, ("size", Numbers(1, 1)), ("cells", Numbers(2, 2)), ("cell", "simplex"), ("material", Names("neo-hookean")), ("young", Numbers(Young)), ("symmetry", Names("left", "bottom", "top")),
            ("displacement-in", Names("right")), ("force-out", Names("left")));
        block.Advance(("displacement-in-right", (_, t) => new(0.8 * t, 0, 0)));
        Assert.Equal((mu * (1.8 - (1 / 1.8))) + (lambda * Math.Log(1.8) / 1.8), block.Sum("force-out-left").X, 1e-7);

        // Across F is one, so the stress along x is that of the body at rest.
        Assert.All(block.Read("stress").Chunk(6), s => Assert.Equal(block.Sum("force-out-left").X, s[0], 1e-9));
    }

    // Under its weight alone a body falls: u = ½ g t² of all schemes, for an acceleration that does not change.
    [Theory]
    [InlineData("newmark")]
    [InlineData("generalized-alpha")]
    [InlineData("explicit")]
    public void A_free_body_falls(string motion)
    {
        var body = Solid(0.5, ("motion", motion), ("young", Numbers(100)), ("density", Numbers(2)), ("constant-body-force", Numbers(0, -6)), ("initial-velocity", Numbers(1, 0)));
        for (var w = 0; w < 4; w++)
        {
            body.Advance();
        }

        Assert.All(body.Vectors("displacement"), u => Assert.Equal(2, u.X, 1e-11));
        Assert.All(body.Vectors("displacement"), u => Assert.Equal(-6, u.Y, 1e-11));
        Assert.All(body.Vectors("velocity"), v => Assert.Equal(-6, v.Y, 1e-11));
        Assert.InRange(body.Read("energy-defect")[0], 0, 1e-11);
    }

    // A bar of speed V meets a wall: ρ c V A presses on it until the wave comes back from the other end after 2 L/c.
    [Theory]
    [InlineData("generalized-alpha", "block", 0.01)]
    [InlineData("explicit", "block", 0.01)]
    [InlineData("explicit", "simplex", 0.01)]
    public void A_bar_presses_on_the_wall_that_it_meets(string motion, string cell, double tolerance)
    {
        // c = √(E/ρ) = 2, L/c = 1.
        var bar = Solid(0.02, ("size", Numbers(2, 0.02)), ("cells", Numbers(100, 1)), ("cell", cell), ("motion", motion), ("young", Numbers(8)), ("poisson", Numbers(0)), ("density", Numbers(2)), ("initial-velocity", Numbers(-0.1, 0)),
            ("symmetry", Names("left")), ("force-out", Names("left")));
        var impulse = 0.0;
        for (var w = 0; w < 90; w++)
        {
            bar.Advance();
            impulse += w >= 10 ? bar.Samples("force-out-left").Average(s => s.Chunk(3).Sum(f => f[0])) * 0.02 : 0;
        }

        Assert.Equal(-2 * 2 * 0.1 * 0.02 * 1.6, impulse, tolerance * 0.0128);
    }

    // The trapezoidal rule keeps the energy of what it is given, whatever the load and the motion of an end.
    [Fact]
    public void Newmark_keeps_account_of_all_energy()
    {
        var body = Solid(0.05, ("size", Numbers(2, 1)), ("motion", "newmark"), ("degree", 2), ("young", Numbers(100)), ("density", Numbers(1)), ("initial-velocity", Numbers(0.3, 0.1)), ("displacement-in", Names("left")),
            ("traction-in", Names("right")), ("step", 0.02));
        for (var w = 0; w < 20; w++)
        {
            body.Advance(("displacement-in-left", (x, t) => new(0.01 * t * t, 0.01 * t * t * x.Y, 0)), ("traction-in-right", (x, t) => new(Math.Sin(5 * t), x.Y, 0)), ("body-force", (x, t) => new(x.Y * t, 1, 0)));
            Assert.InRange(body.Read("energy-defect")[0], 0, 1e-11);
        }

        Assert.True(body.Read("work")[0] > 0.1);
    }

    // Under a load and a motion of an end that change in time; no step is resolved so badly that schemes would differ.
    [Theory]
    [InlineData("newmark")]
    [InlineData("generalized-alpha")]
    [InlineData("explicit")]
    public void Motions_are_of_second_order(string motion)
    {
        Vec3[] At(int windows)
        {
            var body = Solid(2.0 / windows, ("cells", Numbers(2, 2)), ("motion", motion), ("young", Numbers(1)), ("density", Numbers(1)), ("displacement-in", Names("left")), ("traction-in", Names("right")), ("step", 2.0 / windows));
            for (var w = 0; w < windows; w++)
            {
                body.Advance(("displacement-in-left", (x, t) => new(0.1 * t * t * t, 0.1 * t * t * t * x.Y, 0)), ("traction-in-right", (x, t) => new(1 - Math.Cos(2 * t), x.Y * Math.Sin(t) * t, 0)));
            }

            return body.Vectors("displacement");
        }

        var (coarse, middle, fine) = (At(40), At(80), At(160));
        double Distance(Vec3[] a, Vec3[] b) => a.Zip(b).Max(n => (n.First - n.Second).Norm);
        Assert.InRange(Math.Log2(Distance(coarse, middle) / Distance(middle, fine)), 1.85, 2.15);
    }

    [Fact]
    public void A_step_beyond_stability_is_refused()
    {
        (string, object)[] all = [("motion", "explicit"), ("young", Numbers(1)), ("poisson", Numbers(0)), ("density", Numbers(1)), ("size", Numbers(1, 1)), ("cells", Numbers(10, 10))];
        var model = (SolidModel)Participant.Of("body", SolidModel.Entry(NoFiles), all).CreateModel();

        // Of squares of the edge h the highest frequency of a wave across is 2 c/h, with a lumped mass and ν = 0.
        Assert.InRange(model.LongestStep, 0.09, 0.101);
        var fault = Assert.Throws<ScaleModelException>(() => Solid(1, [.. all, ("step", 0.2)]));
        Assert.Contains("'step' is 0.2 s, and explicit steps are stable up to ", fault.Message, StringComparison.Ordinal);
        _ = Solid(1, [.. all, ("step", 0.99 * model.LongestStep)]);
    }

    // Two halves of a bar with meshes that do not match: action is reaction in every iteration, and in the end it is one bar.
    [Fact]
    public void Two_halves_are_one_bar()
    {
        var entry = SolidModel.Entry(NoFiles);
        var mapping = new MappingSpec { Method = MappingMethod.NearestProjection };
        var experiment = new Experiment
        {
            Name = "halves",
            Until = 1,
            Window = 1,
            Participants =
            [
                Participant.Of("left", entry, ("size", Numbers(1, 0.5)), ("cells", Numbers(4, 7)), ("plane", "stress"), ("young", Numbers(10)), ("poisson", Numbers(0)), ("symmetry", Names("left")), ("displacement-in", Names("right")),
                    ("force-out", Names("left", "right"))),
                Participant.Of("right", entry, ("size", Numbers(1, 0.5)), ("origin", Numbers(1, 0)), ("cells", Numbers(3, 4)), ("cell", "simplex"), ("plane", "stress"), ("young", Numbers(40)), ("poisson", Numbers(0)), ("symmetry", Names("bottom")),
                    ("force-in", Names("left")), ("displaced", Names("right")), ("displacements", Numbers(0.05, 0)), ("displacement-out", Names("left")), ("force-out", Names("left", "right"))),
            ],
            Conduits = [new("left.force-out-right", "right.force-in-left") { Mapping = mapping }, new("right.displacement-out-left", "left.displacement-in-right") { Mapping = mapping }],
            Scheme = CouplingScheme.Serial("left", "right").Iterated(60, new ConvergenceCriterion("left.displacement-in-right", ResidualMeasure.Absolute, 1e-12)).Accelerated(new AccelerationSpec { Method = AccelerationMethod.LeastSquares }),
            Watches = [new("out", "left.force-out-left", WatchKind.Sum), new("action", "left.force-out-right", WatchKind.Sum), new("reaction", "right.force-out-left", WatchKind.Sum)],
        };
        var metrics = new SerialRunner(Composition.Compose(experiment)).Run().Metrics;
        var force = 0.05 / ((1 / 10.0) + (1 / 40.0)) * 0.5;

        // Forces that were mapped pass no patch test: they are shared out a little unlike those of one bar.
        Assert.Equal(-force, metrics["watch.action.0"], 1e-4 * force);
        Assert.Equal(0, metrics["watch.action.0"] + metrics["watch.reaction.0"], 1e-12);
        Assert.Equal(0, metrics["watch.out.0"] + metrics["watch.action.0"], 1e-12);
        Assert.Equal(0, metrics["not-converged"]);
    }

    [Fact]
    public void All_that_is_wrong_is_said_at_once()
    {
        var fault = Assert.Throws<ScaleModelException>(() => Solid(1, ("material", Names("plastic", "wood")), ("plane", "stress"), ("poisson", Numbers(0.5)), ("fixed", Names("left")), ("displacement-in", Names("left")),
            ("velocity-out", Names("right")), ("constant-body-force", Numbers(1, 2, 3)), ("constant-pressures", Numbers(1)), ("initial-velocity", Numbers(1, 0)), ("symmetry", Names("hole"))));
        foreach (var part in (string[])
            ["'material' has 2 words; it takes one, or one for each of the 1 regions", "'material' holds 'wood'; known are isotropic, cubic, orthotropic, plastic, neo-hookean",
                "'plane' is stress, and 'material' plastic", "'displacement-in' and 'fixed' both name 'left'", "'velocity-out' names surfaces, and 'motion' is static", "'constant-body-force' has 3 numbers; the body has 2 dimensions",
                "'constant-pressures' is given, and no surface by 'constant-pressure'", "'initial-velocity' is given, and 'motion' is static", "'symmetry' names the surface 'hole'"])
        {
            Assert.Contains(part, fault.Message, StringComparison.Ordinal);
        }

        var other = Assert.Throws<ScaleModelException>(() => Solid(1, ("young", Numbers(-1)), ("poisson", Numbers(0.5)), ("motion", "explicit"), ("degree", 2), ("cell", "simplex")));
        Assert.Contains("'young' holds -1; allowed is above 0", other.Message, StringComparison.Ordinal);
        Assert.Contains("'poisson' holds 0.5; allowed is above -1 and below 0.5", other.Message, StringComparison.Ordinal);
        Assert.Contains("have no lumped mass", other.Message, StringComparison.Ordinal);
        Assert.Contains("no stable crystal", Assert.Throws<ScaleModelException>(() => Solid(1, ("material", Names("cubic")), ("cubic-constants", Numbers(1, 2, 1)))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_would_have_no_effect_is_refused()
    {
        string Fault(params (string, object)[] settings) => Assert.Throws<ScaleModelException>(() => Solid(1, settings)).Message;
        (string, object)[] displaced = [("displaced", Names("right")), ("displacements", Numbers(0.1, 0))];
        Assert.Contains("'displaced' and 'fixed' both name 'right'", Fault([.. displaced, ("fixed", Names("left", "right"))]), StringComparison.Ordinal);
        Assert.Contains("'displaced' and 'symmetry' both name 'right'", Fault([.. displaced, ("symmetry", Names("right"))]), StringComparison.Ordinal);
        Assert.Contains("'follower-pressure-in' names surfaces, and 'material' is not neo-hookean", Fault(("follower-pressure-in", Names("right"))), StringComparison.Ordinal);
        Assert.Contains("'bedding-stiffnesses' gives 'left' 0, -1; none is below zero", Fault(("bedding", Names("left")), ("bedding-stiffnesses", Numbers(0, -1))), StringComparison.Ordinal);
        var fast = Fault(("integration", "one-point"), ("material", Names("cubic")), ("expansion", Numbers(1)));
        foreach (var part in (string[])["'motion' is not explicit", "not of hexahedra of degree 1 alone", "not one isotropic region", "and 'expansion' is given"])
        {
            Assert.Contains($"'integration' is one-point", fast, StringComparison.Ordinal);
            Assert.Contains(part, fast, StringComparison.Ordinal);
        }

        var unused = Fault(
            ("yield-stress", Numbers(1)), ("isotropic-hardening", Numbers(1)), ("kinematic-hardening", Numbers(1)), ("cubic-constants", Numbers(3, 1, 1)), ("young-axes", Numbers(1, 1, 1)),
            ("poisson-axes", Numbers(0, 0, 0)), ("shear-axes", Numbers(1, 1, 1)));
        foreach (var (key, kind) in ((string, string)[])[("yield-stress", "plastic"), ("isotropic-hardening", "plastic"), ("kinematic-hardening", "plastic"), ("cubic-constants", "cubic"),
            ("young-axes", "orthotropic"), ("poisson-axes", "orthotropic"), ("shear-axes", "orthotropic")])
        {
            Assert.Contains($"'{key}' is given, and no region is {kind}", unused, StringComparison.Ordinal);
        }

        var crystal = Fault(("material", Names("cubic")), ("young", Numbers(1)), ("poisson", Numbers(0.2)));
        Assert.Contains("'young' is given, and no region is isotropic or plastic or neo-hookean", crystal, StringComparison.Ordinal);
        Assert.Contains("'poisson' is given, and no region is isotropic or plastic or neo-hookean", crystal, StringComparison.Ordinal);
    }

    [Fact]
    public void A_state_of_another_mesh_or_material_is_refused()
    {
        IScaleModel Of(int cells, string material) => Participant.Of("body", SolidModel.Entry(NoFiles), ("cells", Numbers(cells, 2)), ("material", Names(material))).CreateModel();
        var saved = StateArchive.Save(Of(3, "isotropic").Archive);
        StateArchive.Restore(saved, Of(3, "isotropic").Archive);
        Assert.Contains("has 24 numbers of 'displacement', and the body 30", Assert.Throws<InvalidDataException>(() => StateArchive.Restore(saved, Of(4, "isotropic").Archive)).Message, StringComparison.Ordinal);
        Assert.Contains("numbers of 'material', and the body", Assert.Throws<InvalidDataException>(() => StateArchive.Restore(saved, Of(3, "plastic").Archive)).Message, StringComparison.Ordinal);
    }

    // Perfectly plastic, and pulled by far more than it yields at: no displacement balances that.
    [Fact]
    public void A_load_that_is_more_than_a_body_bears_is_said()
    {
        var bar = Solid(1, ("size", Numbers(1, 1)), ("cells", Numbers(1, 1)), ("material", Names("plastic")), ("young", Numbers(Young)), ("yield-stress", Numbers(1)), ("symmetry", Names("left", "bottom")), ("traction-in", Names("right")));
        Assert.Contains("the load is more than the body bears", Assert.Throws<ScaleModelException>(() => bar.Advance(("traction-in-right", (_, _) => new(5, 0, 0)))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_body_at_rest_that_nothing_holds_is_refused()
    {
        var free = Solid(1, ("traction-in", Names("right")));
        var fault = Assert.Throws<ScaleModelException>(() => free.Advance(("traction-in-right", (_, _) => new(1, 0, 0))));
        Assert.Contains("A body at rest has to be held", fault.Message, StringComparison.Ordinal);
    }
}

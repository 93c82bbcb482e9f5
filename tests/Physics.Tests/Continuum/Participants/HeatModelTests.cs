using System.Collections.Immutable;
using ActorMultiscale.Physics.Continuum.Participants;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Acceleration;
using ActorMultiscale.Physics.Coupling.Mapping;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using CsCheck;
using static ActorMultiscale.Tests.Continuum.Participants.BodyStand;

namespace ActorMultiscale.Tests.Continuum.Participants;

public sealed class HeatModelTests
{
    // T = a + b x: elements have it exactly, and −k b flows through every section.
    [Theory]
    [InlineData(2, "block", 1)]
    [InlineData(2, "block", 2)]
    [InlineData(2, "simplex", 1)]
    [InlineData(2, "simplex", 2)]
    [InlineData(3, "block", 1)]
    [InlineData(3, "block", 2)]
    [InlineData(3, "simplex", 1)]
    [InlineData(3, "simplex", 2)]
    public void A_wall_between_two_temperatures_has_the_flux_of_fourier(int dimension, string cell, int degree)
    {
        var (size, cells, origin) = dimension == 2 ? (Numbers(2, 0.5), Numbers(3, 2), Numbers(1, -1)) : (Numbers(2, 0.5, 0.4), Numbers(3, 2, 1), Numbers(1, -1, 7));
        var t = dimension == 2 ? 0.4 : 1;
        (string, object)[] flat = dimension == 2 ? [("thickness", 0.4)] : [];
        var wall = Heat(1, [("size", size), ("cells", cells), ("origin", origin), ("cell", cell), ("degree", degree), ("scheme", "steady"), ("conductivity", Numbers(3)),
            ("temperature-in", Names("left")), ("fixed-temperature", Names("right")), ("fixed-temperatures", Numbers(280)), ("flux-out", Names("left", "right")), ("heat-out", Names("left", "right")), ("temperature-out", Names("top")), .. flat]);
        wall.Advance(("temperature-in-left", (_, _) => new(300, 0, 0)));
        Assert.All(wall.Read("temperature").Zip(wall.Places("temperature")), n => Assert.Equal(300 - (10 * (n.Second.X - 1)), n.First, 1e-10));
        Assert.All(wall.Read("temperature-out-top").Zip(wall.Places("temperature-out-top")), n => Assert.Equal(300 - (10 * (n.Second.X - 1)), n.First, 1e-10));
        Assert.All(wall.Read("flux-out-right"), q => Assert.Equal(30, q, 1e-9));
        Assert.All(wall.Read("flux-out-left"), q => Assert.Equal(-30, q, 1e-9));
        var area = 0.5 * (dimension == 2 ? t : 0.4);
        Assert.Equal(30 * area, wall.Read("heat-out-right").Sum(), 1e-10);
        Assert.Equal(-30 * area, wall.Read("heat-out-left").Sum(), 1e-10);
        var view = wall.View();
        Assert.Equal(wall.Places("temperature"), view.Basis.Nodes.ToArray());
        Assert.Equal(wall.Read("temperature"), view.NodeFields.Single(f => f.Name == "temperature").Values);
        var flux = view.CellFields.Single(f => f.Name == "flux").Values;
        Assert.Equal(3 * view.Basis.Mesh.CellCount, flux.Length);
        Assert.All(flux.Chunk(3), q => Assert.Equal(0, (new Vec3(q[0], q[1], q[2]) - new Vec3(30, 0, 0)).Norm, 1e-9));
    }

    // A layer of two materials: series of two resistances.
    [Fact]
    public void Regions_have_their_conductivities()
    {
        var wall = Heat(1, ("size", Numbers(2, 1)), ("cells", Numbers(4, 2)), ("scheme", "steady"), ("regions", Names("one", "two")), ("region-boxes", Numbers(0, 0, 1, 1, 1, 0, 2, 1)),
            ("conductivity", Numbers(1, 4)), ("fixed-temperature", Names("left", "right")), ("fixed-temperatures", Numbers(0, 5)), ("heat-out", Names("left")));
        wall.Advance();
        Assert.Equal(5 / ((1 / 1.0) + (1 / 4.0)), wall.Read("heat-out-left").Sum(), 1e-10);
    }

    // T = (1 + x) sin 3t: exact in space, so all that is wrong is the scheme's; with ports that change in time.
    [Theory]
    [InlineData("backward-euler", 1)]
    [InlineData("crank-nicolson", 2)]
    [InlineData("bdf2", 2)]
    public void Schemes_have_their_order_with_what_ports_give(string scheme, int order)
    {
        static double Course(double t) => Math.Sin(3 * t);
        double Error(int windows)
        {
            var body = Heat(1.0 / windows, ("scheme", scheme), ("capacity", Numbers(2)), ("conductivity", Numbers(0.3)),  ("temperature-in", Names("left")), ("flux-in", Names("right")));

            for (var w = 0; w < windows; w++)
            {
                body.Advance(
                    ("temperature-in-left", (x, t) => new(Course(t), 0, 0)), ("flux-in-right", (x, t) => new(0.3 * Course(t), 0, 0)),
                    ("source", (x, t) => new(2 * (1 + x.X) * 3 * Math.Cos(3 * t), 0, 0)));
            }

            return body.Read("temperature").Zip(body.Places("temperature")).Max(n => Math.Abs(n.First - ((1 + n.Second.X) * Course(1))));
        }

        var (coarse, fine) = (Error(160), Error(320));
        Assert.InRange(Math.Log2(coarse / fine), order - 0.15, order + 0.3);
    }

    // Steps of unlike lengths within BDF2: a line in time is met exactly.
    [Fact]
    public void Steps_of_any_length_meet_a_line_in_time()
    {
        var model = Participant.Of("body", HeatModel.Entry(NoFiles), ("scheme", "bdf2"), ("constant-source", Numbers(6)), ("capacity", Numbers(2)), ("step", 0.03)).CreateModel();
        var start = PortWriter.ForStart(model.Description, 0);
        model.Initialize(start);
        var now = 0L;
        foreach (var length in (long[])[100, 37, 64, 250, 11])
        {
            var window = new TimeWindow(now, now + length, 0.001);
            now += length;
            var outputs = PortWriter.ForWindow(model.Description, window, null);
            model.Advance(new(window, null, new(1, 1), Physics.Numerics.ChunkedLoop.Serial, default), new(model.Description, window, [.. model.Description.Ports.Select(_ => (Waveform?)null)]), outputs);
            var field = outputs.Publish()[model.Description.IndexOf("temperature")][^1];
            Assert.All(field.Values.ToArray(), t => Assert.Equal(3 * window.End, t, 1e-12));
        }
    }

    // Whatever comes in through ports and settings is there at the end: what goes out through opposite sides, and the source in the middle.
    [Theory]
    [InlineData("backward-euler")]
    [InlineData("crank-nicolson")]
    public void What_comes_in_is_there_at_the_end(string scheme) => Gen.Select(Gen.Double[1, 5], Gen.Double[-5, 5], Gen.Double[-5, 5], Gen.Int[1, 3]).Sample((held, flux, source, kind) =>
    {
        var body = Heat(0.1, ("scheme", scheme), ("degree", kind == 3 ? 2 : kind), ("cell", kind == 3 ? "simplex" : "block"), ("size", Numbers(0.5, 2)), ("constant-source", Numbers(source)), ("constant-flux", Names("right")),
            ("constant-fluxes", Numbers(flux)), ("temperature-in", Names("left")), ("heat-in", Names("right")), ("heat-out", Names("left", "right")), ("step", 0.04));
        var entered = 0.0;
        for (var w = 0; w < 3; w++)
        {
            body.Advance(("temperature-in-left", (x, t) => new(held * Math.Sin(t + x.Y), 0, 0)), ("heat-in-right", (x, t) => new(flux * Math.Cos(x.Y - t), 0, 0)));
            Assert.InRange(body.Read("energy-defect")[0], 0, 1e-12);

            // Three steps a window.
            var left = body.Samples("heat-out-left").Concat(body.Samples("heat-out-right")).Sum(s => s.Sum());
            entered += (0.1 * source) - (left * 0.1 / 3);
        }

        Assert.Equal(entered, body.Read("energy")[0], 1e-11);
    }, iter: 20);

    // Two insulated bodies of unlike meshes: what one loses the other gains, in each window, however far the iteration came.
    [Theory]
    [InlineData(MappingMethod.NearestProjection, 1, 20)]
    [InlineData(MappingMethod.NearestNeighbor, 2, 2)]
    [InlineData(MappingMethod.PartitionOfUnity, 2, 4)]
    public void Heat_out_of_one_body_is_heat_into_the_other(MappingMethod method, int degree, int iterations)
    {
        var entry = HeatModel.Entry(NoFiles);
        var mapping = new MappingSpec { Method = method };
        var experiment = new Experiment
        {
            Name = "exchange",
            Until = 1,
            Window = 0.1,
            Participants =
            [
                Participant.Of("hot", entry, ("size", Numbers(1, 1, 0.5)), ("cells", Numbers(3, 7, 4)), ("conductivity", Numbers(1)), ("capacity", Numbers(2)), ("initial-temperature", 400.0), ("step", 0.03),
                    ("temperature-in", Names("right")), ("heat-out", Names("right"))),
                Participant.Of("cold", entry, ("size", Numbers(1, 1, 0.5)), ("origin", Numbers(1, 0, 0)), ("cells", Numbers(4, 5, 2)), ("cell", "simplex"), ("degree", degree), ("conductivity", Numbers(5)),
                    ("capacity", Numbers(3)), ("initial-temperature", 300.0), ("step", 0.04), ("heat-in", Names("left")), ("temperature-out", Names("left"))),
            ],
            Conduits = [new("hot.heat-out-right", "cold.heat-in-left") { Mapping = mapping }, new("cold.temperature-out-left", "hot.temperature-in-right") { Mapping = mapping }],
            Scheme = CouplingScheme.Serial("hot", "cold").Iterated(iterations, new ConvergenceCriterion("hot.temperature-in-right", ResidualMeasure.Absolute, 1e-8)).Relaxed(0.7),
        };
        var metrics = new SerialRunner(Composition.Compose(experiment)).Run().Metrics;
        Assert.InRange(metrics["cold.energy"], 1, 1e3);
        Assert.Equal(0, (metrics["hot.energy"] + metrics["cold.energy"]) / metrics["cold.energy"], 1e-12);
        Assert.InRange(metrics["hot.energy-defect"], 0, 1e-12);
        Assert.InRange(metrics["cold.energy-defect"], 0, 1e-12);
    }

    // A wall between two fluids: resistances 1/h + L/k + 1/h in series. Where the temperature outside comes by a port, it is the same.
    [Theory]
    [InlineData("block", 1, false)]
    [InlineData("simplex", 2, true)]
    public void A_wall_between_two_fluids_is_resistances_in_series(string cell, int degree, bool isByPort)
    {
        (string, object)[] outside = isByPort ? [("ambient-in", Names("left")), ("ambient-temperatures", Numbers(280))] : [("ambient-temperatures", Numbers(350, 280))];
        var wall = Heat(1, [("size", Numbers(0.4, 1, 0.5)), ("cells", Numbers(3, 2, 2)), ("cell", cell), ("degree", degree), ("scheme", "steady"), ("conductivity", Numbers(2)), ("initial-temperature", 300.0),
            ("film", Names("left", "right")), ("film-coefficients", Numbers(8, 25)), ("flux-out", Names("left", "right")), ("heat-out", Names("left", "right")), ("temperature-out", Names("left", "right")), .. outside]);
        wall.Advance(("ambient-in-left", (_, _) => new(350, 0, 0)));
        var flux = 70 / ((1 / 8.0) + (0.4 / 2) + (1 / 25.0));
        Assert.All(wall.Read("temperature-out-left"), t => Assert.Equal(350 - (flux / 8), t, 1e-10));
        Assert.All(wall.Read("temperature-out-right"), t => Assert.Equal(280 + (flux / 25), t, 1e-10));
        Assert.All(wall.Read("flux-out-right"), q => Assert.Equal(flux, q, 1e-8));
        Assert.Equal(-0.5 * flux, wall.Read("heat-out-left").Sum(), 1e-10);
    }

    // A plane wall of half the thickness L that is put into a fluid: θ = Σ C_n cos(ζ_n x/L) exp(−ζ_n² Fo), ζ tan ζ = Bi, C_n = 4 sin ζ/(2 ζ + sin 2ζ).
    // After: Incropera, DeWitt, "Fundamentals of Heat and Mass Transfer", 6th ed. (2007), section 5.5.
    [Theory]
    [InlineData("crank-nicolson")]
    [InlineData("bdf2")]
    public void A_wall_in_a_fluid_cools_as_the_series_says(string scheme)
    {
        var (half, k, c, h, fluid) = (0.05, 40.0, 4e6, 1600.0, 300.0);
        var wall = Heat(10, ("size", Numbers(half, 0.01)), ("cells", Numbers(10, 1)), ("degree", 2), ("scheme", scheme), ("step", 0.25), ("conductivity", Numbers(k)), ("capacity", Numbers(c)), ("initial-temperature", 900.0),
            ("film", Names("right")), ("film-coefficients", Numbers(h)), ("ambient-temperatures", Numbers(fluid)));
        for (var w = 0; w < 12; w++)
        {
            wall.Advance();
            Assert.InRange(wall.Read("energy-defect")[0], 0, scheme == "bdf2" ? 1e-2 : 1e-12);
        }

        var (bi, fourier) = (h * half / k, k / c * 120 / (half * half));
        double Course(double x)
        {
            var sum = 0.0;
            for (var n = 0; n < 20; n++)
            {
                // ζ tan ζ rises from 0 to infinity within n π … (n + ½) π, where sin and cos have one sign.
                var (low, high) = (n * Math.PI, (n + 0.5) * Math.PI);
                for (var i = 0; i < 60; i++)
                {
                    var middle = 0.5 * (low + high);
                    (low, high) = middle * Math.Tan(middle) < bi ? (middle, high) : (low, middle);
                }

                sum += 4 * Math.Sin(low) / ((2 * low) + Math.Sin(2 * low)) * Math.Cos(low * x / half) * Math.Exp(-low * low * fourier);
            }

            return fluid + (600 * sum);
        }

        Assert.All(wall.Read("temperature").Zip(wall.Places("temperature")), n => Assert.Equal(Course(n.Second.X), n.First, 0.02));
        Assert.InRange(wall.Read("temperature").Max() - wall.Read("temperature").Min(), 50, 600);
    }

    // Heat that a fluid gives is counted, with a temperature outside that changes: what went out through all nodes of the surface is what the body lacks.
    [Theory]
    [InlineData("backward-euler")]
    [InlineData("crank-nicolson")]
    public void What_a_fluid_gives_is_there_at_the_end(string scheme)
    {
        var body = Heat(0.1, ("scheme", scheme), ("film", Names("left", "right")), ("film-coefficients", Numbers(3, 5)), ("ambient-in", Names("right")), ("ambient-temperatures", Numbers(4)), ("fixed-temperature", Names("top")),
            ("fixed-temperatures", Numbers(2)), ("heat-out", Names("left", "top", "right")), ("step", 0.04));
        var entered = 0.0;
        for (var w = 0; w < 3; w++)
        {
            body.Advance(("ambient-in-right", (x, t) => new(Math.Sin(20 * t) * x.Y, 0, 0)));
            Assert.InRange(body.Read("energy-defect")[0], 0, 1e-12);

            // Corners are in two lists, each with what holds them: those of left and right have what the fluid gives too.
            var inner = body.Places("heat-out-top").Index().Where(n => n.Item.X is > 0 and < 1).Select(n => n.Index).ToArray();
            var left = body.Samples("heat-out-left").Concat(body.Samples("heat-out-right")).Sum(s => s.Sum()) + body.Samples("heat-out-top").Sum(s => inner.Sum(n => s[n]));
            entered -= left * 0.1 / 3;
        }

        Assert.Equal(entered, body.Read("energy")[0], 1e-12);
        Assert.True(Math.Abs(entered) > 0.1);
    }

    [Fact]
    public void Films_that_say_too_little_or_too_much_are_refused()
    {
        string Fault(params (string, object)[] settings) => Assert.Throws<ScaleModelException>(() => Heat(1, settings)).Message;
        Assert.Contains("'film-coefficients' gives 'left' 0; allowed is above 0", Fault(("film", Names("left")), ("film-coefficients", Numbers(0)), ("ambient-temperatures", Numbers(1))), StringComparison.Ordinal);
        Assert.Contains("'ambient-in' names 'right', and 'film' does not", Fault(("film", Names("left")), ("film-coefficients", Numbers(1)), ("ambient-temperatures", Numbers(1)), ("ambient-in", Names("right"))), StringComparison.Ordinal);
        Assert.Contains("'ambient-temperatures' has 0 numbers", Fault(("film", Names("left")), ("film-coefficients", Numbers(1))), StringComparison.Ordinal);
        Assert.Contains(
            "'ambient-temperatures' is given, and no surface by 'film' without 'ambient-in'",
            Fault(("film", Names("left")), ("film-coefficients", Numbers(1)), ("ambient-in", Names("left")), ("ambient-temperatures", Numbers(1))), StringComparison.Ordinal);
    }

    [Fact]
    public void All_that_is_wrong_is_said_at_once()
    {
        var fault = Assert.Throws<ScaleModelException>(() => Heat(1, ("cells", Numbers(2, 2)), ("size", Numbers(1, 1)), ("regions", Names("a", "b")), ("region-boxes", Numbers(0, 0, 0.5, 1, 0, 0, 0.5, 1)),
            ("conductivity", Numbers(1, 2, 3)), ("capacity", Numbers(1, -2)), ("temperature-in", Names("left", "rear")), ("fixed-temperature", Names("left")), ("scheme", "crank-nicolson"), ("flux-out", Names("top", "top")), ("mesh-unit", 0.001)));
        Assert.Contains("'mesh-unit' is given without 'mesh'", fault.Message, StringComparison.Ordinal);
        Assert.Contains("2 of 4 cells are in none of 'regions', the first at (0.75, 0.25, 0)", fault.Message, StringComparison.Ordinal);
        Assert.Contains("'conductivity' has 3 numbers; it takes 1, or 1 for each of the 2 of 'regions'", fault.Message, StringComparison.Ordinal);
        Assert.Contains("'capacity' holds -2; allowed is above 0", fault.Message, StringComparison.Ordinal);
        Assert.Contains("'temperature-in' names the surface 'rear'; the mesh has bottom, left, right, top", fault.Message, StringComparison.Ordinal);
        Assert.Contains("'temperature-in' and 'fixed-temperature' both name 'left'", fault.Message, StringComparison.Ordinal);
        Assert.Contains("'fixed-temperatures' has 0 numbers; it takes 1, or 1 for each of the 1 of 'fixed-temperature'", fault.Message, StringComparison.Ordinal);
        Assert.Contains("'flux-out' names a surface twice", fault.Message, StringComparison.Ordinal);
        Assert.Contains("take 'heat-out' instead", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Regions_without_cells_grids_without_end_and_numbers_that_are_none_are_refused()
    {
        string Fault(params (string, object)[] settings) => Assert.Throws<ScaleModelException>(() => Heat(1, settings)).Message;

        // The corners of the second box are reversed; the third lies between the middles of cells.
        var lost = Fault(("regions", Names("all", "reversed", "thin")), ("region-boxes", Numbers(0, 0, 1, 1, 1, 1, 0, 0, 0.2, 0.2, 0.3, 0.3)));
        Assert.Contains("the region 'reversed' has no cell", lost, StringComparison.Ordinal);
        Assert.Contains("the region 'thin' has no cell", lost, StringComparison.Ordinal);
        Assert.DoesNotContain("the region 'all'", lost, StringComparison.Ordinal);
        Assert.Contains("'cells' makes more than 1e8 nodes", Fault(("size", Numbers(1, 1, 1)), ("cells", Numbers(2000, 2000, 2000))), StringComparison.Ordinal);
        foreach (var number in (double[])[double.NaN, double.PositiveInfinity])
        {
            Assert.Contains("'origin' takes finite numbers", Fault(("origin", Numbers(0, number))), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_state_of_another_mesh_is_refused()
    {
        IScaleModel Of(int cells) => Participant.Of("body", HeatModel.Entry(NoFiles), ("cells", Numbers(cells, 2))).CreateModel();
        var saved = StateArchive.Save(Of(3).Archive);
        StateArchive.Restore(saved, Of(3).Archive);
        Assert.Contains("has 12 numbers of 'excess', and the body 15", Assert.Throws<InvalidDataException>(() => StateArchive.Restore(saved, Of(4).Archive)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_steady_body_has_a_temperature_somewhere() =>
        Assert.Contains("no surface has a temperature", Assert.Throws<ScaleModelException>(() => Heat(1, ("scheme", "steady"))).Message, StringComparison.Ordinal);
}

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

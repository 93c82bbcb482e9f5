using System.Collections.Immutable;
using ActorMultiscale.Physics.Continuum.Participants;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Acceleration;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Tests.Coupling.Distribution;
using Xunit.Abstractions;
using static ActorMultiscale.Tests.Continuum.Participants.BodyStand;

namespace ActorMultiscale.Tests.Continuum.Participants;

/// <summary>Bodies that conduct heat, in sub-domains, against the same bodies as a whole.</summary>
public sealed class HeatSubdomainTests(ITestOutputHelper output)
{
    private static readonly ModelEntry _heat = HeatModel.Entry(NoFiles);

    [Fact]
    public void Sub_domains_of_any_shape_have_the_temperatures_of_the_whole_body()
    {
        for (var seed = 0; seed < 24; seed++)
        {
            var random = new Random(seed);
            var shape = DividedShape.Random(random, seed % 4 == 3 ? 3 : 2);
            var sides = shape.Sides;
            var scheme = new[] { "steady", "backward-euler", "crank-nicolson" }[random.Next(3)];
            (string, object)[] settings =
            [
                .. shape.Settings, ("scheme", scheme), ("conductivity", Numbers(0.1 + random.NextDouble(), Math.Exp(3 * random.NextDouble()))), ("capacity", Numbers(0.1 + random.NextDouble(), 1)), ("constant-source", Numbers(random.NextDouble(), -1)),
                ("initial-temperature", random.NextDouble()), ("fixed-temperature", Names(sides[0])), ("fixed-temperatures", Numbers(2)), ("constant-flux", Names(sides[1], sides[2])), ("constant-fluxes", Numbers(1, -0.5)),
                ("film", Names(sides[3])), ("film-coefficients", Numbers(2)), ("ambient-temperatures", Numbers(3)),
            ];
            var windows = scheme == "steady" ? 1 : 3;
            var whole = DividedStand.Run(DividedStand.Of(_heat, settings, 0.1, windows, null));
            var divided = DividedStand.Run(DividedStand.Of(_heat, settings, 0.1, windows, shape.Scheme));

            var difference = DividedStand.Difference(whole.Views[0], divided.Views);
            output.WriteLine($"{seed}: {scheme}, {shape}: {divided.Iterations} iterations, off by {difference:g2}");
            Assert.Equal(shape.Scheme.Count, divided.Views.Count);
            Assert.InRange(difference, 0, 1e-8);

            // What sub-domains hold adds up.
            var energies = Enumerable.Range(0, divided.Views.Count).Sum(i => divided.Result.Metrics[$"body[{i}].energy"]);
            Assert.Equal(whole.Result.Metrics["body.energy"], energies, 1e-7 * (1 + Math.Abs(energies)));
        }
    }

    // More and more parts of 4 × 4 cells with an overlap of 1.
    [Fact]
    public void With_a_coarse_level_the_iterations_do_not_grow_with_the_number_of_sub_domains()
    {
        double[] Counts(bool hasCoarse) =>
        [
            .. new[] { 2, 4, hasCoarse ? 8 : 6 }.Select(n => DividedStand.Run(DividedStand.Of(
                _heat, [("cells", Numbers(4 * n, 4 * n)), ("scheme", "steady"), ("constant-source", Numbers(1)), ("fixed-temperature", Names("left")), ("fixed-temperatures", Numbers(0))],
                1, 1, DividedStand.Scheme([n, n], 1, hasCoarse ? [n, n] : []) with { Tolerance = 1e-8, Absolute = null })).Iterations),
        ];
        var (two, one) = (Counts(true), Counts(false));
        output.WriteLine($"with: {string.Join(", ", two)}; without: {string.Join(", ", one)}");
        Assert.InRange(two[2], 1, 1.25 * two[1]);
        Assert.True(one[1] > 1.5 * one[0] && one[2] > 1.2 * one[1], string.Join(", ", one));
    }

    // On (0, 1) in (0, b) and (a, 1) the error falls by a (1 − b)/(b (1 − a)) each time that both have answered each other. After: Schwarz, Vierteljahrsschrift Naturforsch. Ges. Zürich 15 (1870) 272;
    // Gander, Electron. Trans. Numer. Anal. 31 (2008) 228, section 2.
    [Fact]
    public void Two_sub_domains_of_a_line_contract_as_theory_says()
    {
        double Iterations(double tolerance) => DividedStand.Run(DividedStand.Of(
            _heat, [("cells", Numbers(10, 1)), ("scheme", "steady"), ("fixed-temperature", Names("left", "right")), ("fixed-temperatures", Numbers(1, 2))],
            1, 1, DividedStand.Scheme([2, 1], 1, []) with { Tolerance = tolerance, Absolute = null, Acceleration = AccelerationSpec.Constant(1) })).Iterations;

        var sweeps = (Iterations(1e-11) - Iterations(1e-3)) / 2;
        output.WriteLine($"{Math.Pow(1e-8, 1 / sweeps)}");
        Assert.Equal(0.4 * 0.4 / (0.6 * 0.6), Math.Pow(1e-8, 1 / sweeps), 0.015);
    }

    // Half of the body stays cold but for rounding: edges there are judged with the others.
    [Fact]
    public void Edges_where_nothing_happens_keep_nobody_waiting()
    {
        (string, object)[] settings =
        [
            ("size", Numbers(20, 1)), ("cells", Numbers(80, 4)), ("conductivity", Numbers(1e-2)), ("fixed-temperature", Names("left")), ("fixed-temperatures", Numbers(1)),
        ];
        var divided = DividedStand.Run(DividedStand.Of(_heat, settings, 0.1, 1, DividedStand.Scheme([8, 2], 2, [8, 2]) with { Tolerance = 1e-10, Absolute = null }));
        Assert.InRange(divided.Iterations, 2, 15);
        Assert.InRange(DividedStand.Difference(DividedStand.Run(DividedStand.Of(_heat, settings, 0.1, 1, null)).Views[0], divided.Views), 0, 1e-9);
    }

    // A window later most is known: directions are used again, and traces go on as they did.
    [Fact]
    public void Later_windows_take_fewer_iterations()
    {
        double Iterations(int windows) => windows * DividedStand.Run(DividedStand.Of(
            _heat, [("cells", Numbers(12, 12)), ("constant-source", Numbers(1)), ("fixed-temperature", Names("left")), ("fixed-temperatures", Numbers(0))],
            0.2, windows, DividedStand.Scheme([3, 3], 1, [3, 3]) with { Tolerance = 1e-9, Absolute = null })).Iterations;

        var (first, all) = (Iterations(1), Iterations(10));
        output.WriteLine($"{first} of the first window, {all} of ten");
        Assert.True((all - first) / 9 < 0.8 * first, $"{first} of the first window, {all} of ten");
    }

    [Fact]
    public void Wherever_sub_domains_are_the_bits_are_the_same()
    {
        var travelled = 0L;
        for (var seed = 0; seed < 12; seed++)
        {
            var random = new Random(seed);
            var shape = DividedShape.Random(random, 2);
            CoupledSystem Compose() => Composition.Compose(DividedStand.Of(
                _heat, [.. shape.Settings, ("fixed-temperature", Names("left")), ("fixed-temperatures", Numbers(1)), ("constant-source", Numbers(1, 2))], 0.1, 2, shape.Scheme));
            var hash = new SerialRunner(Compose()).Run().FinalHash;
            var system = Compose();
            var runner = new SpreadRunner(system, SpreadRunner.RandomPlacement(system, random, 2 + random.Next(4)), seed);
            _ = runner.Run();
            Assert.NotEmpty(hash);
            Assert.Equal(hash, runner.FinalHash);
            travelled += runner.Travelled;
        }

        Assert.True(travelled > 500, $"Hardly anything travels: {travelled} parcels.");
    }

    // A peer gives a flux to the sub-domains that have a piece of the surface, and hears of one of them.
    [Fact]
    public void A_peer_is_connected_to_the_sub_domains_that_it_touches()
    {
        (string, object)[] settings = [("cells", Numbers(6, 4)), ("flux-in", Names("top")), ("temperature-out", Names("right")), ("fixed-temperature", Names("left")), ("fixed-temperatures", Numbers(0))];
        (string, object)[] ofPeer = [("cells", Numbers(9, 3)), ("origin", Numbers(0, 1)), ("flux-out", Names("bottom")), ("temperature-in", Names("bottom", "top")), ("initial-temperature", 3.0)];
        Experiment Of(SubdomainScheme? scheme)
        {
            var body = Participant.Of("body", _heat, settings) with { Subdomains = scheme };
            string[] touching = scheme is null ? ["body"] : ["body[2]", "body[3]"];
            var peer = Participant.Of("peer", HeatModel.Entry(NoFiles), ofPeer);
            var source = Participant.Of("far", HeatModel.Entry(NoFiles), ("origin", Numbers(0, 2)), ("temperature-out", Names("bottom")), ("initial-temperature", 4.0));
            return DividedStand.Of(_heat, settings, 0.1, 3, scheme) with
            {
                Participants = [body, peer, source],
                Conduits =
                [
                    .. touching.Select(name => new Conduit("peer.flux-out-bottom", $"{name}.flux-in-top") { Mapping = new() { Method = Physics.Coupling.Mapping.MappingMethod.LinearCell } }),
                    new("far.temperature-out-bottom", "peer.temperature-in-bottom") { Mapping = new() }, new("far.temperature-out-bottom", "peer.temperature-in-top") { Mapping = new() },
                ],
                Scheme = CouplingScheme.Serial("far", "peer", "body"),
            };
        }

        var whole = DividedStand.Run(Of(null)).Views.Single(v => v.Basis.Mesh.CellCount == 24);
        var parts = DividedStand.Run(Of(DividedStand.Scheme([2, 2], 1, [2, 2]))).Views.Where(v => v.Basis.Mesh.CellCount < 16 + 5 && v.Basis.Nodes.ToArray().All(x => x.Y <= 1)).ToList();
        Assert.Equal(4, parts.Count);
        Assert.InRange(DividedStand.Difference(whole, parts), 0, 1e-9);
        Assert.True(whole.NodeFields[0].Values.Max(Math.Abs) > 0.01);
    }

    [Fact]
    public void A_source_of_a_port_is_shared_out_once()
    {
        (string, object)[] settings = [("cells", Numbers(6, 5)), ("thickness", 0.3), ("cell", "simplex"), ("fixed-temperature", Names("left")), ("fixed-temperatures", Numbers(0))];
        Experiment Of(SubdomainScheme? scheme) => DividedStand.Loaded(
            DividedStand.Of(_heat, settings, 0.3, 3, scheme), "source", Port.Out<double>("glow", new("q", Physics.Fields.Unit.Parse("W/m^3"))), [1], 0, 1, 2, 3);

        var whole = DividedStand.Run(Of(null));
        Assert.InRange(DividedStand.Difference(whole.Views[0], DividedStand.Run(Of(DividedStand.Scheme([2, 2], 1, [2, 2]))).Views), 0, 1e-9);
        Assert.True(whole.Views[0].NodeFields[0].Values.Max(Math.Abs) > 0.01);
    }

    [Theory]
    [InlineData("parts", "'parts' has 9 along axis 0, where the body has 4 cells")]
    [InlineData("overlap", "'overlap' is 3, and the smallest part has 2 cells along axis 0")]
    [InlineData("coarse", "'coarse' has 5 along axis 1, where the body has 4 cells")]
    [InlineData("dimensions", "'parts' has 3 numbers and 'coarse' 2; both have 2 for this body")]
    [InlineData("whole", "'overlap' is 2, so that every sub-domain would be the whole body")]
    [InlineData("one", "'parts' makes 1 sub-domains")]
    [InlineData("step", "'step' cannot be given for a body in sub-domains: sub-domains take one step a window")]
    [InlineData("ports", "'heat-in' cannot be given for a body in sub-domains")]
    [InlineData("bdf2", "'scheme' is bdf2; a body in sub-domains takes steady, backward-euler or crank-nicolson")]
    [InlineData("empty region", "the region 'b' has no cell")]
    [InlineData("no region", "8 of 16 cells are in none of 'regions', the first at (0.625, 0.125, 0)")]
    [InlineData("large coarse level", "'coarse' makes 4.004e+06 unknowns, which one participant solves for; allowed are 1000000")]
    [InlineData("larger coarse level", "'coarse' makes 8.01201e+09 unknowns")]
    [InlineData("group", "The sub-domains of 'body' are a group of that name, and 'groups' has one too")]
    [InlineData("participant", "The coarse level of 'body' is called 'body-coarse', and so is another participant")]
    [InlineData("group like coarse level", "The coarse level of 'body' is called 'body-coarse', and so is a group")]
    [InlineData("count", "either 'count' or 'subdomains'")]
    [InlineData("model", "is computed as a whole")]
    [InlineData("port", "'body' is in sub-domains, and ports are those of one of them, such as 'body[0].temperature'")]
    public void What_cannot_be_divided_is_refused(string wrong, string message)
    {
        var scheme = wrong switch
        {
            "parts" => DividedStand.Scheme([9, 2], 1, []),
            "overlap" => DividedStand.Scheme([2, 2], 3, []),
            "coarse" => DividedStand.Scheme([2, 2], 1, [2, 5]),
            "dimensions" => DividedStand.Scheme([2, 2, 2], 1, [2, 2]),
            "whole" => DividedStand.Scheme([2, 2], 2, []),
            "one" => DividedStand.Scheme([1, 1], 1, []),
            "large coarse level" => DividedStand.Scheme([2, 2], 1, [2000, 2000]),
            "larger coarse level" => DividedStand.Scheme([2, 2, 2], 1, [2000, 2000, 2000]),
            _ => DividedStand.Scheme([2, 2], 1, [2, 2]),
        };
        (string, object)[] settings = wrong switch
        {
            "step" => [("step", 0.1)],
            "ports" => [("heat-in", Names("left"))],
            "bdf2" => [("scheme", "bdf2")],
            "empty region" => [("regions", Names("a", "b")), ("region-boxes", Numbers(0, 0, 1, 1, 5, 5, 6, 6))],
            "no region" => [("regions", Names("a")), ("region-boxes", Numbers(0, 0, 0.4, 1))],
            "large coarse level" => [("cells", Numbers(2000, 2000))],
            "larger coarse level" => [("size", Numbers(1, 1, 1)), ("cells", Numbers(2000, 2000, 2000))],
            _ => [],
        };
        var experiment = DividedStand.Of(_heat, settings, 0.1, 1, scheme);
        experiment = wrong switch
        {
            "count" => experiment with { Participants = [experiment.Participants[0] with { Count = 2 }] },
            "model" => experiment with { Participants = [experiment.Participants[0] with { Model = _heat with { Divide = null } }] },
            "group" or "group like coarse level" => experiment with { Groups = [new(wrong == "group" ? "body" : "body-coarse", CouplingScheme.Serial("peer"))], Participants = [.. experiment.Participants, Participant.Of("peer", _heat)] },
            "participant" => experiment with { Participants = [.. experiment.Participants, Participant.Of("body-coarse", _heat)] },
            "port" => experiment with { Conduits = [new("body.temperature", "body[0].source")] },
            _ => experiment,
        };
        var (system, faults) = Composition.TryCompose(experiment);
        Assert.Null(system);
        var fault = Assert.Single(faults, f => !f.IsWarning);
        Assert.Contains(message, fault.Message, StringComparison.Ordinal);
        Assert.Equal(wrong == "port" ? "conduits.0.from" : "participants.body.subdomains", fault.Path);
    }

    [Fact]
    public void All_that_is_wrong_with_sub_domains_is_said_at_once()
    {
        var (_, faults) = Composition.TryCompose(DividedStand.Of(_heat, [("step", 0.1), ("heat-out", Names("left")), ("scheme", "bdf2")], 0.1, 1, DividedStand.Scheme([7, 2], 3, [2, 9])));
        var message = Assert.Single(faults, f => !f.IsWarning).Message;
        Assert.All((string[])["'step'", "'heat-out'", "bdf2", "'parts' has 7", "'overlap' is 3", "'coarse' has 9"], part => Assert.Contains(part, message, StringComparison.Ordinal));

        // Where there is no grid to look at, what was found before is not lost.
        (_, faults) = Composition.TryCompose(DividedStand.Of(_heat, [("step", 0.1), ("size", Numbers(1, 1, 1))], 0.1, 1, DividedStand.Scheme([2, 2], 1, [])));
        message = Assert.Single(faults, f => !f.IsWarning).Message;
        Assert.All((string[])["'step'", "'size' has 3 numbers, 'cells' 2"], part => Assert.Contains(part, message, StringComparison.Ordinal));
    }
}

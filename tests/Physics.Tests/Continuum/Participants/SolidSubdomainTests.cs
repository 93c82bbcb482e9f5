using ActorMultiscale.Physics.Continuum.Participants;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using Xunit.Abstractions;
using static ActorMultiscale.Tests.Continuum.Participants.BodyStand;

namespace ActorMultiscale.Tests.Continuum.Participants;

/// <summary>Solid bodies in sub-domains against the same bodies as a whole.</summary>
public sealed class SolidSubdomainTests(ITestOutputHelper output)
{
    private static readonly ModelEntry _solid = SolidModel.Entry(NoFiles);

    [Fact]
    public void Sub_domains_at_rest_have_the_displacements_of_the_whole_body()
    {
        for (var seed = 0; seed < 12; seed++)
        {
            var random = new Random(seed);
            var dimension = seed % 4 == 3 ? 3 : 2;
            var shape = DividedShape.Random(random, dimension);
            var sides = shape.Sides;
            double[] Vector() => [.. Enumerable.Range(0, dimension).Select(_ => random.NextDouble() - 0.5)];
            (string, object)[] settings =
            [
                .. shape.Settings, ("material", Names("isotropic", "cubic")), ("young", Numbers(1 + random.NextDouble())), ("poisson", Numbers(0.3)), ("cubic-constants", Numbers(3 + random.NextDouble(), 1, 1.5)),
                ("fixed", Names(sides[0])), ("constant-traction", Names(sides[1])), ("constant-tractions", Numbers(Vector())), ("constant-pressure", Names(sides[2])), ("constant-pressures", Numbers(0.3)),
                ("constant-body-force", Numbers(Vector())), .. random.Next(2) == 0 ? new (string, object)[] { ("symmetry", Names(sides[3])) } : [("bedding", Names(sides[3])), ("bedding-stiffnesses", Numbers([.. Enumerable.Range(1, dimension).Select(k => (double)k)]))],
            ];
            Check($"{seed}: {shape}", settings, 1, 1, shape.Scheme);
        }
    }

    [Fact]
    public void Sub_domains_in_motion_have_the_displacements_of_the_whole_body()
    {
        for (var seed = 0; seed < 6; seed++)
        {
            var random = new Random(100 + seed);
            var dimension = seed % 4 == 3 ? 3 : 2;
            var shape = DividedShape.Random(random, dimension);
            (string, object)[] settings =
            [
                .. shape.Settings, ("motion", "newmark"), ("young", Numbers(1 + random.NextDouble(), 4)), ("density", Numbers(1, 0.5)), ("fixed", Names(shape.Sides[0])),
                ("initial-velocity", Numbers([.. Enumerable.Range(0, dimension).Select(_ => random.NextDouble() - 0.5)])),
            ];
            var (whole, divided) = Check($"{seed}: {shape}", settings, 0.3, 3, shape.Scheme);

            // What sub-domains have adds up.
            foreach (var energy in (string[])["kinetic-energy", "strain-energy"])
            {
                var sum = Enumerable.Range(0, shape.Scheme.Count!.Value).Sum(i => divided.Metrics[$"body[{i}].{energy}"]);
                Assert.Equal(whole.Metrics[$"body.{energy}"], sum, 1e-7 * (1 + sum));
            }
        }
    }

    // What iterations leave at the edges stays as small as it is, and falls with the tolerance: velocities and accelerations there begin each window as their owners have them.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Over_many_windows_a_motion_stays_that_of_the_whole_body(bool hasCoarse)
    {
        const int windows = 300;
        (string, object)[] settings = [("cells", Numbers(6, 4)), ("motion", "newmark"), ("young", Numbers(1)), ("density", Numbers(1)), ("fixed", Names("left")), ("initial-velocity", Numbers(0.1, 0.3))];
        var whole = DividedStand.Run(DividedStand.Of(_solid, settings, 0.05, windows, null)).Views[0];
        double Off(double tolerance)
        {
            var divided = DividedStand.Run(DividedStand.Of(_solid, settings, 0.05, windows, DividedStand.Scheme([2, 2], 1, hasCoarse ? [2, 2] : []) with { Tolerance = tolerance, Absolute = null }));
            var off = DividedStand.Difference(whole, divided.Views, ofField: 1);
            output.WriteLine($"{tolerance}, {divided.Iterations} iterations a window: velocities are off by {off:g2}, displacements by {DividedStand.Difference(whole, divided.Views):g2}");
            return off;
        }

        Assert.InRange(Off(1e-9), 0, 1e-6);
        Assert.InRange(Off(1e-11), 0, 1e-8);
    }

    // Only the upper sub-domains have the top.
    [Theory]
    [InlineData("static")]
    [InlineData("newmark")]
    public void Loads_of_ports_are_shared_out_once(string motion)
    {
        (string, object)[] settings = [("cells", Numbers(6, 5)), ("degree", 2), ("thickness", 0.3), ("motion", motion), ("young", Numbers(2)), ("density", Numbers(1)), ("fixed", Names("left")), ("traction-in", Names("top")), ("displacement-out", Names("top"))];
        Experiment Of(SubdomainScheme? scheme)
        {
            var body = DividedStand.Loaded(DividedStand.Of(_solid, settings, 0.3, 3, scheme), "body-force", Port.Out<Vec3>("weight", new("b", Unit.Parse("N/m^3"))), [0.1, -0.2, 0], 0, 1, 2, 3);
            return DividedStand.Loaded(body, "traction-in-top", Port.Out<Vec3>("pull", new("t", Unit.Parse("Pa"))), [0.3, 0.1, 0], 2, 3);
        }

        var whole = DividedStand.Run(Of(null));
        var divided = DividedStand.Run(Of(DividedStand.Scheme([2, 2], 1, [2, 2])));
        Assert.InRange(DividedStand.Difference(whole.Views[0], divided.Views), 0, 1e-8);
        Assert.True(whole.Views[0].NodeFields[0].Values.Max(Math.Abs) > 0.01);
    }

    // Its acceleration would be a matter of all sub-domains before the first window.
    [Fact]
    public void A_load_of_a_port_that_is_there_at_the_start_is_refused()
    {
        var body = DividedStand.Of(_solid, [("motion", "newmark"), ("fixed", Names("left"))], 0.1, 1, DividedStand.Scheme([2, 2], 1, [2, 2]));
        var load = Port.Out<Vec3>("weight", new("b", Unit.Parse("N/m^3")));
        var steady = DividedStand.Loaded(body, "body-force", load, [0, -1, 0], 0, 1, 2, 3);
        steady = steady with { Participants = [steady.Participants[0], steady.Participants[1] with { Model = new("weight", "", _ => new RampModel(load, [0, -1, 0]) { Start = 2 }) }] };
        var result = new SerialRunner(Composition.Compose(steady)).Run();
        Assert.Equal(RunOutcome.Failed, result.Outcome);
        Assert.Contains("A body in sub-domains begins its motion without acceleration", result.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("motion", "explicit", "'motion' is explicit; a body in sub-domains takes static or newmark")]
    [InlineData("material", "plastic", "'material' is plastic; a body in sub-domains takes isotropic, cubic and orthotropic")]
    [InlineData("force-in", "left", "'force-in' cannot be given for a body in sub-domains")]
    public void What_cannot_be_divided_is_refused(string key, string value, string message)
    {
        (string, object)[] settings = [(key, key == "motion" ? value : Names(value)), ("fixed", Names("right"))];
        var (_, faults) = Composition.TryCompose(DividedStand.Of(_solid, settings, 0.1, 1, DividedStand.Scheme([2, 2], 1, [2, 2])));
        Assert.Contains(message, Assert.Single(faults, f => !f.IsWarning).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_body_at_rest_that_nothing_holds_is_refused(bool hasCoarse)
    {
        var (_, faults) = Composition.TryCompose(DividedStand.Of(_solid, [("constant-body-force", Numbers(0, -1))], 0.1, 1, DividedStand.Scheme([2, 2], 1, hasCoarse ? [2, 2] : [])));
        Assert.Contains("'motion' is static, and nothing holds the body", Assert.Single(faults, f => !f.IsWarning).Message, StringComparison.Ordinal);
    }

    // It can slide along the wall.
    [Fact]
    public void A_coarse_level_that_is_not_held_says_what_to_do()
    {
        var result = new SerialRunner(Composition.Compose(DividedStand.Of(_solid, [("symmetry", Names("left"))], 0.1, 1, DividedStand.Scheme([2, 2], 1, [2, 2])))).Run();
        Assert.Equal(RunOutcome.Failed, result.Outcome);
        Assert.Contains("has to be held somewhere", result.Reason, StringComparison.Ordinal);
    }

    // Its acceleration would be a matter of all sub-domains before the first window.
    [Fact]
    public void A_motion_that_begins_with_a_load_is_refused()
    {
        var (_, faults) = Composition.TryCompose(DividedStand.Of(
            _solid, [("motion", "newmark"), ("constant-body-force", Numbers(0, -1)), ("fixed", Names("left"))], 0.1, 1, DividedStand.Scheme([2, 2], 1, [2, 2])));
        Assert.Contains("'constant-body-force' cannot be given for a body in sub-domains: it begins its motion without acceleration", Assert.Single(faults, f => !f.IsWarning).Message, StringComparison.Ordinal);
    }

    private (RunResult Whole, RunResult Divided) Check(string what, (string, object)[] settings, double window, int windows, SubdomainScheme scheme)
    {
        var whole = DividedStand.Run(DividedStand.Of(_solid, settings, window, windows, null));
        var divided = DividedStand.Run(DividedStand.Of(_solid, settings, window, windows, scheme));
        var difference = DividedStand.Difference(whole.Views[0], divided.Views);
        output.WriteLine($"{what}: {divided.Iterations} iterations, off by {difference:g2}");
        Assert.InRange(difference, 0, 1e-8);
        return (whole.Result, divided.Result);
    }
}

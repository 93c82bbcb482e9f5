using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Tests.Coupling;

/// <summary>Windows of unequal length: whose proposals they follow, what the controller makes of an error, and first guesses.</summary>
public sealed class WindowLengthTests
{
    // Writes a function of time, hears its peer, proposes windows.
    private sealed class Clockwork(Func<double, double> value, Func<double, double?> proposes) : IScaleModel
    {
        private static readonly Port<double> _in = Port.In<double>("in", Quantities.Number);
        private static readonly Port<double> _out = Port.Out<double>("out", Quantities.Number);
        private static readonly Port<double> _worst = Port.Out<double>("worst", Quantities.Number);
        private double _error;

        public ModelDescription Description { get; } = new(new(_in, 1), new(_out, 1), new(_worst, 1));

        public void Initialize(PortWriter outputs)
        {
            outputs.Write(_out, 0, value(0));
            outputs.Write(_worst, 0, 0);
        }

        public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
        {
            var (start, end) = (context.Window.Start, context.Window.End);
            foreach (var time in new[] { (0.5 * start) + (0.5 * end), end })
            {
                _error = Math.Max(_error, Math.Abs(inputs.Read(_in, time)[0] - value(time)));
                outputs.Write(_out, time, value(time));
                outputs.Write(_worst, time, _error);
            }

            if (proposes(end) is { } proposal)
            {
                outputs.ProposeWindow(proposal);
            }
        }

        public void Archive(StateArchive archive) => archive.Value("error", ref _error);

        public static Participant Of(string name, Func<double, double> value, Func<double, double?>? proposes = null) =>
            Participant.Of(name, new ModelEntry("clockwork", "", _ => new Clockwork(value, proposes ?? (static _ => null))));
    }

    private static Experiment Pair(Func<double, double> value, Func<double, double?>? a, Func<double, double?>? b, WindowPolicy lengths, double until = 10) => new()
    {
        Name = "lengths",
        Until = until,
        Window = 1,
        Participants = [Clockwork.Of("a", value, a), Clockwork.Of("b", value, b)],
        Conduits = [new("a.out", "b.in"), new("b.out", "a.in")],
        Scheme = CouplingScheme.Parallel("a", "b"),
        Lengths = lengths,
    };

    private static double[] Ends(CoupledSystem system) => [.. SerialTrace.Of(system).Records.Select(r => Math.Round(r.EndTick * system.TickLength, 9))];

    [Fact]
    public void Windows_follow_the_participant_that_is_named()
    {
        var system = Composition.Compose(Pair(_ => 1, t => t < 3 ? 2 : 4, _ => 0.1, new WindowPolicy(0.5, 100) { Follows = ["a"] }, until: 11));

        // The first is nominal, then two of 2; then those of 4, which would leave a sliver of 2 and so are halved.
        Assert.Equal([1, 3, 7, 11], Ends(system));
    }

    [Fact]
    public void Without_a_name_the_least_proposal_decides_within_the_bounds()
    {
        var policy = new WindowPolicy(0.5, 2);

        Assert.Equal([1, 1.75, 2.5, 3.25, 4], Ends(Composition.Compose(Pair(_ => 1, _ => 5, _ => 0.75, policy, until: 4))));
        Assert.Equal([1, 1.5, 2], Ends(Composition.Compose(Pair(_ => 1, _ => 5, _ => 0.01, policy, until: 2))));
        Assert.Equal([1, 3, 5], Ends(Composition.Compose(Pair(_ => 1, _ => 5, null, policy, until: 5))));
    }

    [Fact]
    public void The_last_two_windows_share_what_is_left()
    {
        Assert.Equal([1, 4, 6, 8], Ends(Composition.Compose(Pair(_ => 1, _ => 3, null, new WindowPolicy(0.1, 10), until: 8))));
    }

    [Fact]
    public void A_controller_keeps_the_error_of_the_first_guess_at_its_tolerance()
    {
        // x = sin t: the error of a value that is held is about h |cos t|, of the line about h² |sin t|.
        foreach (var (extrapolation, order) in new[] { (Extrapolation.Constant, 1.0), (Extrapolation.Linear, 2.0) })
        {
            double Windows(double tolerance)
            {
                var experiment = Pair(Math.Sin, null, null, new WindowPolicy(1e-6, 3) { Controller = new WindowController(tolerance, 0) }, until: 20);
                experiment = experiment with { Window = 1e-5, Conduits = [.. experiment.Conduits.Select(c => c with { Extrapolation = extrapolation })] };
                var run = SerialTrace.Run(Composition.Compose(experiment));
                Assert.InRange(run.Result.Metrics["a.worst"], 0, 3 * tolerance);
                return run.Result.Windows;
            }

            var (coarse, fine) = (Windows(1e-2), Windows(1e-4));
            Assert.InRange(Math.Log(fine / coarse) / Math.Log(100), 0.8 / order, 1.2 / order);
        }
    }

    [Fact]
    public void Linear_first_guesses_of_a_linear_function_have_no_error()
    {
        foreach (var meaning in new[] { Extrapolation.Constant, Extrapolation.Linear })
        {
            var experiment = Pair(t => 1 + (2 * t), t => 0.3 + (0.1 * t), null, new WindowPolicy(0.1, 5));
            experiment = experiment with { Conduits = [.. experiment.Conduits.Select(c => c with { Extrapolation = meaning })] };
            var first = SerialTrace.Run(Composition.Compose(experiment with { Until = 1 })).Result.Metrics["a.worst"];
            var last = SerialTrace.Run(Composition.Compose(experiment)).Result.Metrics["a.worst"];

            // Only the first window knows no line: it is off by 2 h at its end.
            Assert.Equal(2, first, 12);
            Assert.Equal(meaning == Extrapolation.Linear, last < 2 + 1e-12);
        }
    }

    [Theory]
    [InlineData(0, 1, "shortest above zero (found 0 s)")]
    [InlineData(2, 1, "longest not below it (found 1 s)")]
    public void Bounds_that_make_no_sense_are_named(double shortest, double longest, string says) =>
        Assert.Contains(Composition.TryCompose(Pair(_ => 1, null, null, new WindowPolicy(shortest, longest))).Faults, f => f.Message.Contains(says, StringComparison.Ordinal));

    [Fact]
    public void A_follower_that_is_nobody_is_named_with_who_is_meant() =>
        Assert.Contains(Composition.TryCompose(Pair(_ => 1, null, null, new WindowPolicy(1, 2) { Follows = ["aa"] })).Faults,
            f => f.Path == "window-lengths.follow" && f.Message.Contains("'a'", StringComparison.Ordinal));

    [Fact]
    public void Who_waits_for_whom_is_a_sentence()
    {
        static MixerSpec Spec() => new() { Inputs = [new("in", TimeMeaning.Instant)], Outputs = [new("out", TimeMeaning.Instant, HasStart: false)] };
        var experiment = new Experiment
        {
            Name = "waiting",
            Until = 1,
            Window = 1,
            Participants = [Mixer.Participant("a", Spec()), Mixer.Participant("b", Spec()), Mixer.Participant("c", Spec())],
            Conduits = [new("a.out", "b.in"), new("b.out", "c.in"), new("c.out", "a.in")],
            Scheme = CouplingScheme.Serial("a", "b", "c"),
        };

        var fault = Assert.Single(Composition.TryCompose(experiment).Faults);

        Assert.Contains("'a' waits for 'c.out', 'c' waits for 'b.out', 'b' waits for 'a.out'; so nobody can begin", fault.Message, StringComparison.Ordinal);
    }
}

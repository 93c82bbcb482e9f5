using System.Collections.Immutable;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Acceleration;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Tests.Coupling;

/// <summary>What happens where a model cannot compute a window.</summary>
public sealed class FailureTests
{
    private static readonly MixerSpec Plain = new()
    {
        Inputs = [new("in", TimeMeaning.Instant)],
        Outputs = [new("out", TimeMeaning.Instant)],
    };

    // a and b read each other; the window is one second.
    private static Experiment Pair(MixerSpec a, CouplingScheme scheme, double until = 3) => new()
    {
        Name = "pair",
        Until = until,
        Window = 1,
        Participants = [Mixer.Participant("a", a), Mixer.Participant("b", Plain)],
        Conduits = [new("a.out", "b.in"), new("b.out", "a.in")],
        Scheme = scheme,
    };

    private static MixerSpec FailingFor(Func<TimeWindow, bool> fails, bool nan = false) => Plain with { Fails = (window, _) => fails(window), FailsByNaN = nan };

    private static double[] Ends(CoupledSystem system, Trace trace) => [.. trace.Records.Select(r => r.EndTick * system.TickLength)];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_failing_window_is_halved_until_it_succeeds_and_grows_back_to_the_grid(bool nan)
    {
        var system = Composition.Compose(Pair(FailingFor(w => w.Start < 1.5 && w.End > 1 && w.Length > 0.3, nan), CouplingScheme.Serial("a", "b")) with { Halvings = 2 });

        var trace = SerialTrace.Of(system);

        Assert.Equal(RunOutcome.Completed, trace.Outcome);
        Assert.Equal([1, 1.25, 1.5, 2, 3], Ends(system, trace));
        // Windows double back to the grid: the second short one is not tried in vain again.
        Assert.Equal([0, 2, 0, 0, 0], trace.Records.Select(r => r.Attempts));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Halving_stops_at_its_limit_and_the_run_ends_with_the_last_good_window(int halvings)
    {
        var experiment = Pair(FailingFor(w => w.End > 1 && w.Start < 2 && w.Length > 0.3), CouplingScheme.Serial("b", "a")) with { Halvings = halvings };
        var good = SerialTrace.Run(Composition.Compose(experiment with { Until = 1 }));

        var run = SerialTrace.Run(Composition.Compose(experiment));

        Assert.Equal(RunOutcome.Failed, run.Result.Outcome);
        Assert.Equal(1, run.Result.Windows);
        Assert.Equal("", run.Result.FinalHash);
        Assert.Contains("'a' failed in the window from t = 1", run.Result.Reason, StringComparison.Ordinal);
        Assert.Equal<double>(good.Trace.Scalars, run.Trace.Scalars);
    }

    [Fact]
    public void After_a_short_window_the_grid_is_regained_by_windows_that_double()
    {
        var system = Composition.Compose(Pair(FailingFor(w => w is { Start: >= 1 and < 1.25, Length: > 0.2 }), CouplingScheme.Serial("a", "b"), 2) with { Halvings = 3 });

        Assert.Equal([1, 1.125, 1.25, 1.5, 2], Ends(system, SerialTrace.Of(system)));
    }

    [Fact]
    public void A_failure_that_an_inner_group_cannot_help_is_its_parents()
    {
        var inner = new CouplingGroup("inner", CouplingScheme.Serial("a", "b"), 2) { Halvings = 1 };
        var system = Composition.Compose(Pair(FailingFor(w => w is { Start: < 1, End: > 0.4, Length: > 0.13 } && w.Start >= 0.4), CouplingScheme.Serial("inner"), 2) with
        {
            Groups = [inner],
            Halvings = 3,
        });
        // Inner windows: 0–0.5, then 0.5–1 and its half fail, so the root takes 0–0.5; from there only 1/8 will do.
        var run = SerialTrace.Run(system);

        Assert.True(run.Result.Outcome == RunOutcome.Completed, run.Result.Reason);
        Assert.Equal([0.5, 0.625, 0.75, 0.875, 1, 2], Ends(system, run.Trace));
    }

    [Fact]
    public void Lengths_chosen_inside_in_the_first_iteration_hold_for_the_later_ones()
    {
        // Fails only as long as the outer iterate is that of the first iteration: later iterations would not have halved.
        var lengths = new List<double>();
        var first = true;
        var spec = Plain with
        {
            Fails = (window, _) =>
            {
                var fails = first && window is { StartTick: 0, Length: > 0.3 };
                first &= window.Length > 0.3;
                if (!fails)
                {
                    lengths.Add(window.Length);
                }

                return fails;
            },
        };
        var experiment = Pair(spec, CouplingScheme.Serial("inner", "b").Iterated(3), 1) with
        {
            Groups = [new CouplingGroup("inner", CouplingScheme.Serial("a"), 2) { Halvings = 1 }],
        };

        var run = SerialTrace.Run(Composition.Compose(experiment));

        Assert.True(run.Result.Outcome == RunOutcome.Completed, run.Result.Reason);
        Assert.Equal([0.25, 0.25, 0.5, 0.25, 0.25, 0.5, 0.25, 0.25, 0.5], lengths);
    }

    [Fact]
    public void Lengths_hold_also_two_groups_below_the_one_that_iterates()
    {
        var lengths = new List<double>();
        var failed = false;
        var spec = Plain with
        {
            Fails = (window, _) =>
            {
                var fails = !failed && window.StartTick == 0;
                failed |= fails;
                if (!fails)
                {
                    lengths.Add(window.Length);
                }

                return fails;
            },
        };
        var experiment = Pair(spec, CouplingScheme.Serial("middle", "b").Iterated(2), 1) with
        {
            Groups =
            [
                new CouplingGroup("middle", CouplingScheme.Serial("inner"), 2),
                new CouplingGroup("inner", CouplingScheme.Serial("a")) { Halvings = 1 },
            ],
        };

        SerialTrace.Run(Composition.Compose(experiment));

        Assert.Equal([0.25, 0.25, 0.5, 0.25, 0.25, 0.5], lengths);
    }

    [Fact]
    public void The_fingerprints_of_a_window_forget_the_attempts_that_failed()
    {
        // b never feels that a had to be asked twice.
        var fails = 0;
        CoupledSystem System(int failures)
        {
            fails = failures;
            return Composition.Compose(Pair(FailingFor(w => w.Length > 0.6 && fails-- > 0), CouplingScheme.Serial("b", "inner"), 1) with
            {
                Groups = [new CouplingGroup("inner", CouplingScheme.Serial("a"), 1) { Halvings = 1 }],
                Halvings = 1,
            });
        }

        var halved = SerialTrace.Of(System(1)).Records[0].Fingerprints;
        var undisturbed = SerialTrace.Of(System(0)).Records[0].Fingerprints;

        Assert.Equal(undisturbed[1], halved[1]);
        Assert.NotEqual(undisturbed[0], halved[0]);
    }

    [Theory]
    [InlineData(false, 0)]
    [InlineData(true, 1)]
    public void A_timeout_is_forgiven_once_where_the_state_can_be_had_back(bool limited, int forgiven)
    {
        var experiment = Pair(Plain, CouplingScheme.Serial("a", "b"), 1);
        var participants = experiment.Participants.Select(p => p with { TimeLimit = limited ? TimeSpan.FromSeconds(1) : null });
        var machine = new CouplingMachine(Composition.Compose(experiment with { Participants = [.. participants] }));
        var order = machine.Handle(new CouplingEvent.Started(0, 0)).OfType<CouplingCommand.Advance>().Single();
        for (var timeout = 0; timeout < forgiven; timeout++)
        {
            var again = machine.Handle(new CouplingEvent.Failed(0, order.Address, FailureKind.Timeout, "slow")).OfType<CouplingCommand.Advance>().Single();

            Assert.True(again is { Rebuild: true, RestoreDepth: 0, SaveDepths: 0 });
            Assert.Equal(order.Window, again.Window);
            Assert.Empty(machine.Handle(new CouplingEvent.Failed(0, order.Address, FailureKind.Timeout, "slow")));
            order = again;
        }

        var finish = machine.Handle(new CouplingEvent.Failed(0, order.Address, FailureKind.Timeout, "slow")).OfType<CouplingCommand.Finish>().Single();

        Assert.Equal(RunOutcome.Failed, finish.Outcome);
        Assert.True(machine.HasEnded);
    }

    [Fact]
    public void A_broken_limit_ends_the_run_before_the_window_that_breaks_it()
    {
        var experiment = new Experiment
        {
            Name = "limit",
            Until = 4,
            Window = 1,
            Participants = [Source.Participant("source"), Sink.Participant("sink")],
            Conduits = [new("source.given", "sink.taken")],
            Scheme = CouplingScheme.Serial("source", "sink"),
            Limits = [new("sink.total", 4)],
        };

        // ∫ (1 + t) dt over [0, 1], [0, 2] is 1.5 and 4; over [0, 3] it is 7.5.
        var run = SerialTrace.Run(Composition.Compose(experiment));

        Assert.True(run.Result.Outcome == RunOutcome.LimitBroken, run.Result.Reason);
        Assert.Equal(2, run.Result.Windows);
        Assert.Equal(2, run.Trace.Records.Length);
        Assert.Contains("'sink.total'", run.Result.Reason, StringComparison.Ordinal);
        Assert.Contains("7.5", run.Result.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_window_in_which_a_model_is_late_twice_is_shortened_where_the_user_wants_it_and_the_lengths_hold_when_computed_again()
    {
        var experiment = Pair(Plain, CouplingScheme.Serial("a", "b"), until: 4) with { Halvings = 3 };
        experiment = experiment with
        {
            Participants = [experiment.Participants[0] with { TimeLimit = TimeSpan.FromSeconds(1), ShortensWhenLate = true }, experiment.Participants[1]],
        };
        var system = Composition.Compose(experiment);
        var machine = new CouplingMachine(system);
        var records = new List<WindowRecord>();
        var waiting = new Queue<CouplingCommand>(machine.Handle(new CouplingEvent.Started(0, 0)));
        while (waiting.TryDequeue(out var command))
        {
            // The first participant is late in every window of the second second that is longer than a quarter.
            IReadOnlyList<CouplingCommand> answer = command switch
            {
                CouplingCommand.Advance { Participant: 0 } order when order.Window is { Start: >= 1 and < 2, Length: > 0.3 } =>
                    machine.Handle(new CouplingEvent.Failed(0, order.Address, FailureKind.Timeout, "slow")),
                CouplingCommand.Advance order => machine.Handle(new CouplingEvent.Advanced(order.Participant, order.Address, [])),
                CouplingCommand.AcceptWindow { Group: 0 } => machine.Handle(new CouplingEvent.Accepted([], null)),
                _ => [],
            };
            if (command is CouplingCommand.Commit commit)
            {
                records.Add(commit.Record);
            }

            foreach (var next in answer)
            {
                waiting.Enqueue(next);
            }
        }

        Assert.Equal([1, 1.25, 1.5, 2, 3, 4], records.Select(r => r.EndTick * system.TickLength).Where(e => e != 1.75));
        var again = new List<long>();
        new SerialRunner(system) { RecordedEnds = records.Select(r => r.EndTick), OnWindow = r => { again.Add(r.EndTick); return true; } }.Run();
        Assert.Equal(records.Select(r => r.EndTick), again);

        // Without the record the clock has its way, or here, where nobody is late, nominal windows.
        again.Clear();
        new SerialRunner(system) { OnWindow = r => { again.Add(r.EndTick); return true; } }.Run();
        Assert.Equal(4, again.Count);
    }

    // What the acceleration learned in an attempt that is given up must go with it. It is kept where windows may be begun anew; elsewhere the run ends.
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_solver_that_is_lost_in_any_iteration_repeats_the_window_as_it_was_or_ends_the_run(int halvings)
    {
        var scheme = CouplingScheme.Serial("a", "b") with { Iteration = new IterationPolicy(3, 4, [new("a.in", ResidualMeasure.Relative, 1e-12)], AccelerationSpec.LeastSquares(0.5)) };
        var whole = SerialTrace.Run(Composition.Compose(Pair(Plain, scheme) with { Halvings = 0 }));
        Assert.Equal(RunOutcome.Completed, whole.Result.Outcome);
        for (var lost = 1; lost <= 9; lost++)
        {
            var calls = 0;
            var frail = Plain with { Fails = (_, _) => ++calls == lost ? throw new SolverLostException("gone") : false };
            var run = SerialTrace.Run(Composition.Compose(Pair(frail, scheme) with { Halvings = halvings }));

            Assert.Equal(halvings == 0 ? RunOutcome.Failed : RunOutcome.Completed, run.Result.Outcome);
            if (halvings > 0)
            {
                Trace.Same($"lost in call {lost}", whole.Trace.WithoutAttempts, run.Trace.WithoutAttempts);
            }
        }
    }

    [Fact]
    public void A_checkpoint_of_an_earlier_window_is_not_taken_for_one_that_could_not_be_made()
    {
        var isGone = false;
        var entry = new ModelEntry("frail", "a model for tests", _ => new Frail(new Mixer(Plain), () => isGone));
        var experiment = Pair(Plain, CouplingScheme.Serial("a", "b"));
        var node = Composition.Compose(experiment with { Participants = [Participant.Of("a", entry), experiment.Participants[1]] }).Participants[0];
        using var session = new ParticipantSession(node, 1, ChunkedLoop.Serial);
        CouplingCommand.Advance Order(bool rebuild, int restore, int save) => new(0, new WindowAddress(null, 0, 0, 0, 0, 0), new TimeWindow(0, 1, 1), null, rebuild, restore, save);
        session.Initialize();
        session.Prepare(Order(rebuild: false, restore: -1, save: 0b11));

        // In the next window of the inner group the solver is gone before the way back is made.
        isGone = true;
        Assert.Throws<SolverLostException>(() => session.Prepare(Order(rebuild: false, restore: 0, save: 0b10)));
        isGone = false;

        Assert.Contains("cannot be saved: gone", Assert.Throws<SolverLostException>(() => session.Prepare(Order(rebuild: true, restore: 1, save: 0))).Message, StringComparison.Ordinal);
        session.Prepare(Order(rebuild: true, restore: 0, save: 0b10));
    }

    private sealed class Frail(IScaleModel model, Func<bool> isGone) : IScaleModel
    {
        public ModelDescription Description => model.Description;

        public void Initialize(PortWriter outputs) => model.Initialize(outputs);

        public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs) => model.Advance(context, inputs, outputs);

        public void Archive(StateArchive archive)
        {
            if (isGone())
            {
                throw new SolverLostException("gone");
            }

            model.Archive(archive);
        }
    }
}

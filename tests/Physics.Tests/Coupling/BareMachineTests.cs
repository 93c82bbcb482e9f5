using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Tests.Coupling;

/// <summary>The bare machine: events in, commands out, no field and no model anywhere.</summary>
public sealed class BareMachineTests
{
    private static readonly MixerSpec Spec = new()
    {
        Inputs = [new("in", TimeMeaning.Instant)],
        Outputs = [new("out", TimeMeaning.Instant)],
    };

    private static Experiment Pair(CouplingScheme scheme, double until = 6) => new()
    {
        Name = "pair",
        Until = until,
        Window = 1,
        Participants = [Mixer.Participant("a", Spec), Mixer.Participant("b", Spec)],
        Conduits = [new("a.out", "b.in"), new("b.out", "a.in")],
        Scheme = scheme,
    };

    // Answers what the field exchange would, and keeps all that came out.
    private sealed class Bench(Experiment experiment)
    {
        private readonly CouplingMachine _machine = new(Composition.Compose(experiment));

        public List<CouplingCommand> All { get; } = [];

        public List<CouplingCommand.Advance> Orders { get; } = [];

        public CouplingMachine Machine => _machine;

        public int Committed => All.OfType<CouplingCommand.Commit>().Count();

        public CouplingCommand.Finish? Finish => All.OfType<CouplingCommand.Finish>().SingleOrDefault();

        // Gives what came out of this event alone.
        public List<CouplingCommand> Tell(CouplingEvent what)
        {
            var commands = _machine.Handle(what).ToList();
            All.AddRange(commands);
            Orders.AddRange(commands.OfType<CouplingCommand.Advance>());
            foreach (var command in commands.ToList())
            {
                switch (command)
                {
                    case CouplingCommand.Measure measure:
                        commands.AddRange(Tell(new CouplingEvent.Measured(measure.Address, [])));
                        break;
                    case CouplingCommand.AcceptWindow { Group: 0 }:
                        commands.AddRange(Tell(new CouplingEvent.Accepted([], null)));
                        break;
                }
            }

            return commands;
        }

        public void Start() => Tell(new CouplingEvent.Started(0, 0));

        // Answers the orders that stand, until there are none.
        public void Work()
        {
            while (Orders.Count > 0)
            {
                Answer(Orders[0]);
            }
        }

        public List<CouplingCommand> Answer(CouplingCommand.Advance order)
        {
            Orders.Remove(order);
            return Tell(new CouplingEvent.Advanced(order.Participant, order.Address, []));
        }
    }

    private static Bench Started(Experiment experiment)
    {
        var bench = new Bench(experiment);
        bench.Start();
        return bench;
    }

    // ---- answers -------------------------------------------------------------------------------------------------

    [Fact]
    public void An_answer_that_comes_twice_counts_once()
    {
        var bench = Started(Pair(CouplingScheme.Parallel("a", "b"), 1));
        var (a, b) = (bench.Orders[0], bench.Orders[1]);
        bench.Answer(a);

        Assert.Empty(bench.Answer(a));
        Assert.Equal(1, bench.Machine.Dropped);
        bench.Answer(b);
        Assert.Equal(RunOutcome.Completed, bench.Finish!.Outcome);
    }

    [Fact]
    public void An_answer_of_one_phase_is_not_that_of_the_next()
    {
        var phased = Spec with { Phases = ["predict", "correct"] };
        var bench = Started(Pair(CouplingScheme.Staged(["a:predict"], ["b"], ["a:correct"]), 1) with { Participants = [Mixer.Participant("a", phased), Mixer.Participant("b", Spec)] });
        var predict = bench.Orders[0];
        bench.Answer(predict);
        bench.Answer(bench.Orders[0]);

        Assert.Equal("correct", bench.Orders[0].Phase);
        Assert.Empty(bench.Answer(predict));
        bench.Work();
        Assert.Equal(RunOutcome.Completed, bench.Finish!.Outcome);
    }

    [Fact]
    public void An_answer_of_an_earlier_iteration_or_attempt_or_window_is_dropped()
    {
        var bench = Started(Pair(CouplingScheme.Serial("a", "b").Iterated(2), 2) with { Halvings = 1 });
        var orders = new List<CouplingCommand.Advance>();
        var failed = false;
        while (bench.Finish is null)
        {
            var order = bench.Orders[0];
            Assert.All(orders, old => Assert.Empty(bench.Answer(old)));
            orders.Add(order);
            if (!failed && order.Address.Iteration == 1)
            {
                failed = true;
                bench.Orders.Remove(order);
                bench.Tell(new CouplingEvent.Failed(order.Participant, order.Address, FailureKind.Model, "no"));
            }
            else
            {
                bench.Answer(order);
            }
        }

        Assert.Equal(orders.Count, orders.Select(o => (o.Participant, o.Address)).Distinct().Count());
        Assert.True(bench.Machine.Dropped > 50);
    }

    [Fact]
    public void A_measurement_that_comes_after_its_group_was_undone_is_dropped()
    {
        // The root goes back to a stage before that of the group, whose address is not renewed yet.
        var machine = new CouplingMachine(Composition.Compose(Pair(CouplingScheme.Staged(["a"], ["one", "two"]), 1) with
        {
            Participants = [Mixer.Participant("a", Spec), Mixer.Participant("b", Spec), Mixer.Participant("c", Spec)],
            Conduits = [new("a.out", "b.in"), new("b.out", "a.in"), new("b.out", "c.in")],
            Groups = [new CouplingGroup("one", CouplingScheme.Serial("b").Iterated(2)), new CouplingGroup("two", CouplingScheme.Serial("c"))],
            Halvings = 1,
        }));
        CouplingEvent Advanced(CouplingCommand.Advance order) => new CouplingEvent.Advanced(order.Participant, order.Address, []);
        var a = machine.Handle(new CouplingEvent.Started(0, 0)).OfType<CouplingCommand.Advance>().Single();
        var orders = machine.Handle(Advanced(a)).OfType<CouplingCommand.Advance>().ToList();
        var measure = machine.Handle(Advanced(orders[0])).OfType<CouplingCommand.Measure>().Single();
        machine.Handle(new CouplingEvent.Failed(2, orders[1].Address, FailureKind.Model, "no"));

        Assert.Empty(machine.Handle(new CouplingEvent.Measured(measure.Address, [])));
        Assert.Equal(1, machine.Dropped);
    }

    // ---- checkpoints ---------------------------------------------------------------------------------------------

    [Fact]
    public void Checkpoints_are_kept_only_for_groups_that_may_go_back_and_once_a_window()
    {
        var bench = Started(Pair(CouplingScheme.Serial("a", "inner").Iterated(2), 1) with { Groups = [new CouplingGroup("inner", CouplingScheme.Serial("b"), 2)] });
        bench.Work();

        // a and b are saved at depth 0 in the first iteration, and restored from it in the second; b's own group keeps nothing.
        Assert.Equal(
            [(0, -1, 1), (1, -1, 1), (1, -1, 0), (0, 0, 0), (1, 0, 0), (1, -1, 0)],
            bench.All.OfType<CouplingCommand.Advance>().Select(o => (o.Participant, o.RestoreDepth, o.SaveDepths)));
    }

    [Fact]
    public void The_outermost_group_that_goes_back_decides_what_is_restored()
    {
        // b fails in the second window of the inner group and, as that cannot be halved, in the root's.
        var bench = Started(Pair(CouplingScheme.Serial("inner"), 1) with
        {
            Halvings = 1,
            Groups = [new CouplingGroup("inner", CouplingScheme.Serial("a", "b").Iterated(2), 2)],
        });
        for (var i = 0; i < 7; i++)
        {
            bench.Answer(bench.Orders[0]);
        }

        var failing = bench.Orders[0];
        bench.Orders.Clear();
        Assert.Equal((1, 1, 0), (failing.Participant, failing.RestoreDepth, failing.SaveDepths));
        bench.Tell(new CouplingEvent.Failed(1, failing.Address, FailureKind.Model, "no"));
        bench.Answer(bench.Orders[0]);
        bench.Answer(bench.Orders[0]);

        Assert.Equal(
            [(0, 0, 2), (1, 0, 2), (0, 1, 0)],
            bench.All.OfType<CouplingCommand.Advance>().Skip(8).Select(o => (o.Participant, o.RestoreDepth, o.SaveDepths)));
    }

    // ---- durability ----------------------------------------------------------------------------------------------

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void A_run_is_never_further_ahead_of_its_journal_than_allowed(int runAhead)
    {
        var bench = Started(Pair(CouplingScheme.Serial("a", "b")) with { RunAhead = runAhead });
        bench.Work();
        Assert.Equal(runAhead, bench.Committed);

        bench.Tell(new CouplingEvent.Durable(1));
        bench.Work();
        Assert.Equal(runAhead + 1, bench.Committed);

        bench.Tell(new CouplingEvent.Durable(0));
        Assert.Empty(bench.Orders);

        while (bench.Finish is null)
        {
            var committed = bench.Committed;
            bench.Tell(new CouplingEvent.Durable(committed));
            bench.Work();
            Assert.Equal(Math.Min(6, committed + runAhead), bench.Committed);
        }

        Assert.Equal(RunOutcome.Completed, bench.Finish.Outcome);
        Assert.Equal([0, 1, 2, 3, 4, 5], bench.All.OfType<CouplingCommand.Commit>().Select(c => c.Record.Index));
    }

    [Fact]
    public void Durability_that_is_told_while_a_window_is_under_way_is_not_forgotten()
    {
        var bench = Started(Pair(CouplingScheme.Serial("a", "b")) with { RunAhead = 2 });
        bench.Answer(bench.Orders[0]);
        bench.Answer(bench.Orders[0]);
        bench.Tell(new CouplingEvent.Durable(1));
        bench.Work();

        Assert.Equal(3, bench.Committed);
    }

    // ---- snapshots and stops -------------------------------------------------------------------------------------

    [Fact]
    public void A_snapshot_is_taken_at_the_next_boundary_and_once()
    {
        var bench = Started(Pair(CouplingScheme.Serial("a", "b"), 3));
        bench.Tell(new CouplingEvent.SnapshotRequested());
        bench.Tell(new CouplingEvent.SnapshotRequested());
        bench.Work();

        Assert.Equal([1, 3], bench.All.OfType<CouplingCommand.TakeSnapshot>().Select(s => s.Window));
    }

    [Fact]
    public void A_snapshot_comes_after_its_commit_and_before_any_further_order()
    {
        var bench = Started(Pair(CouplingScheme.Serial("a", "b"), 3) with { SnapshotEvery = 1 });
        bench.Work();
        var kinds = bench.All.Where(c => c is CouplingCommand.Commit or CouplingCommand.TakeSnapshot or CouplingCommand.Advance or CouplingCommand.Finish).Select(c => c.GetType().Name);

        Assert.Equal("Advance Advance Commit TakeSnapshot Advance Advance Commit TakeSnapshot Advance Advance Commit TakeSnapshot Finish", string.Join(' ', kinds));
    }

    [Fact]
    public void A_stop_before_the_start_ends_the_run_where_it_stands()
    {
        var bench = new Bench(Pair(CouplingScheme.Serial("a", "b")));
        bench.Tell(new CouplingEvent.StopRequested());
        bench.Tell(new CouplingEvent.Started(1 << 20, 1));

        Assert.Empty(bench.Orders);
        Assert.True(bench.Finish is { Outcome: RunOutcome.Stopped, Window: 1, Tick: 1 << 20 });
        Assert.Single(bench.All.OfType<CouplingCommand.TakeSnapshot>());
    }

    [Fact]
    public void A_stop_inside_a_window_lets_it_end()
    {
        var bench = Started(Pair(CouplingScheme.Serial("a", "b").Iterated(3)));
        bench.Answer(bench.Orders[0]);
        bench.Tell(new CouplingEvent.StopRequested());
        bench.Work();

        Assert.True(bench.Finish is { Outcome: RunOutcome.Stopped, Window: 1 });
        Assert.Equal(1, bench.Committed);
    }

    [Fact]
    public void A_stop_while_the_journal_lags_ends_the_run_at_once()
    {
        var bench = Started(Pair(CouplingScheme.Serial("a", "b")) with { RunAhead = 2 });
        bench.Work();
        bench.Tell(new CouplingEvent.StopRequested());

        Assert.True(bench.Finish is { Outcome: RunOutcome.Stopped, Window: 2 });
    }

    [Fact]
    public void A_stop_in_the_last_window_does_not_keep_the_run_from_completing()
    {
        var bench = Started(Pair(CouplingScheme.Serial("a", "b"), 1));
        bench.Tell(new CouplingEvent.StopRequested());
        bench.Work();

        Assert.Equal(RunOutcome.Completed, bench.Finish!.Outcome);
    }

    [Fact]
    public void After_the_end_nothing_happens_any_more()
    {
        var bench = Started(Pair(CouplingScheme.Serial("a", "b"), 1));
        var order = bench.Orders[0];
        bench.Work();

        Assert.All<CouplingEvent>(
            [
                new CouplingEvent.Advanced(0, order.Address, []), new CouplingEvent.Failed(0, order.Address, FailureKind.Timeout, ""), new CouplingEvent.Durable(1),
                new CouplingEvent.StopRequested(), new CouplingEvent.SnapshotRequested(), new CouplingEvent.Started(0, 0),
            ],
            what => Assert.Empty(bench.Machine.Handle(what)));
    }

    [Fact]
    public void Relaxation_and_iterations_may_be_given_in_any_order()
    {
        var criterion = new ConvergenceCriterion("a.in", ResidualMeasure.Absolute, 1);

        Assert.Equal(0.5, CouplingScheme.Serial("a").Relaxed(0.5).Iterated(3, criterion).Iteration.Acceleration.Relaxation);
        Assert.Equal(3, CouplingScheme.Serial("a").Iterated(3, criterion).Relaxed(0.5).Iteration.Maximum);
    }
}

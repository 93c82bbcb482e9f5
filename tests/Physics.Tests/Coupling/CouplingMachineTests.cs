using System.Collections.Immutable;
using ActorMultiscale.Physics.Coupling;

namespace ActorMultiscale.Tests.Coupling;

/// <summary>What the machine promises, whoever answers first and whatever goes wrong on the way.</summary>
public sealed class CouplingMachineTests
{
    private static Participant P(string name, params ReadOnlySpan<(string, object)> settings) => Participant.Of(name, Listener.Entry, settings);

    private static Conduit C(string from, string to) => new($"{from}.out", $"{to}.in") { Degree = 3 };

    private static Experiment With(ImmutableArray<Participant> participants, ImmutableArray<Conduit> conduits, CouplingScheme scheme, params ImmutableArray<CouplingGroup> groups) => new()
    {
        Name = "test",
        Window = 1,
        Until = 6,
        Participants = participants,
        Conduits = conduits,
        Scheme = scheme,
        Groups = groups,
    };

    private static ConvergenceCriterion Tight(string conduit) => new(conduit, ResidualMeasure.Relative, 1e-9);

    private static readonly ImmutableArray<Participant> _ring = [P("a"), P("b", ("substeps", 3L), ("start", -0.5)), P("c", ("substeps", 2L), ("start", 0.2))];

    private static readonly ImmutableArray<Conduit> _ringConduits = [C("a", "b"), C("b", "c"), C("c", "a")];

    // Three levels, two rates, implicit at two of them, an explicit group beside, conduits across levels both ways, flows.
    private static Experiment Deep => With(
        [P("outer", ("substeps", 2L)), P("mid"), P("fast", ("substeps", 3L)), P("faster", ("start", 0.7)), P("beside", ("substeps", 2L))],
        [
            C("fast", "outer"), C("outer", "mid"), C("mid", "fast"), C("fast", "faster"), C("outer", "beside"),
            new("faster.out", "fast.extra") { Degree = 2 }, new("beside.out", "outer.extra") { Degree = 1 }, new("outer.out", "faster.extra") { Degree = 3, Substeps = false },
            new("faster.flow", "outer.flow-in"), new("outer.flow", "mid.flow-in"), new("mid.flow", "faster.flow-in"),
        ],
        CouplingScheme.Staged([["outer"], ["middle", "beside"]]).Iterated(12, Tight("outer.in"), Tight("outer.extra")).Relaxed(0.8),
        new CouplingGroup("middle", CouplingScheme.Serial("mid", "inner"), Windows: 2),
        new CouplingGroup("inner", CouplingScheme.Parallel("fast", "faster").Iterated(20, Tight("fast.extra"), Tight("faster.in")), Windows: 3));

    public static TheoryData<string> Cases => ["serial-explicit", "parallel-explicit", "mixed", "serial-implicit", "parallel-implicit", "deep", "deep-with-halvings"];

    private static Experiment Case(string name) => name switch
    {
        "serial-explicit" => With(_ring, _ringConduits, CouplingScheme.Serial("a", "b", "c")),
        "parallel-explicit" => With(_ring, _ringConduits, CouplingScheme.Parallel("a", "b", "c")),
        "mixed" => With(_ring, _ringConduits, CouplingScheme.Staged([["a", "c"], ["b"]])),
        "serial-implicit" => With(_ring, _ringConduits, CouplingScheme.Serial("a", "b", "c").Iterated(30, Tight("a.in"))),
        "parallel-implicit" => With(_ring, _ringConduits, CouplingScheme.Parallel("a", "b", "c").Iterated(30, Tight("a.in"), Tight("b.in"))),
        "deep" => Deep,
        "deep-with-halvings" => Deep with
        {
            Participants = Deep.Participants.SetItem(3, P("faster", ("start", 0.7), ("longest", 0.1))).SetItem(0, P("outer", ("substeps", 2L), ("longest", 0.5))),
            Halvings = 2,
            Groups = [Deep.Groups[0], Deep.Groups[1] with { Halvings = 3 }],
        },
        _ => throw new ArgumentOutOfRangeException(nameof(name)),
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Neither_the_order_of_answers_nor_repeated_stale_or_late_ones_nor_timeouts_change_a_bit(string name)
    {
        // Time limits make every group keep checkpoints, so that a timeout can be injected anywhere.
        var plain = Case(name);
        var system = Composition.Compose(plain with { Participants = [.. plain.Participants.Select(p => p with { TimeLimit = TimeSpan.FromHours(1) })] });
        var records = new List<WindowRecord>();
        var expected = new SerialRunner(system) { OnWindow = record => { records.Add(record); return true; } }.Run();
        Assert.True(expected.Outcome == RunOutcome.Completed, expected.Reason);
        var timeouts = 0;

        var isDeep = name.StartsWith("deep", StringComparison.Ordinal);
        for (ulong seed = 1; seed <= (isDeep ? 60UL : 300UL); seed++)
        {
            var harness = new Harness(system, seed) { DuplicateRate = 0.2, TimeoutRate = seed % 3 != 0 ? 0 : isDeep ? 0.02 : 0.2, DurableBatch = 1 + (int)(seed % 4) };
            var found = harness.Run();

            Assert.True(expected.FinalHash == found.FinalHash, $"seed {seed}: {found.Outcome} {found.Reason}");
            foreach (var (undisturbed, disturbed) in records.Zip(harness.Records))
            {
                // Everything but how often something was begun anew.
                Assert.Equal(undisturbed.Fingerprints.AsEnumerable(), disturbed.Fingerprints);
                Assert.Equal(undisturbed.Residuals.AsEnumerable(), disturbed.Residuals);
                Assert.Equal(undisturbed with { Attempts = 0, Fingerprints = [], Residuals = [] }, disturbed with { Attempts = 0, Fingerprints = [], Residuals = [] });
            }

            Assert.Equal(records.Count, harness.Records.Count);
            timeouts += harness.Timeouts;
        }

        Assert.True(timeouts > 20, "hardly any timeout was injected");
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_run_that_goes_on_from_any_snapshot_ends_in_the_same_bits(string name)
    {
        var system = Composition.Compose(Case(name) with { SnapshotEvery = 1 });
        var snapshots = new List<RunSnapshot>();
        var expected = new SerialRunner(system) { OnSnapshot = snapshots.Add }.Run();
        Assert.True(snapshots.Count >= 6);

        foreach (var snapshot in snapshots)
        {
            Assert.Equal(expected.FinalHash, new SerialRunner(system).Run(snapshot).FinalHash);
        }
    }

    [Fact]
    public void Flows_between_groups_of_unlike_windows_lose_nothing()
    {
        foreach (var name in new[] { "deep", "deep-with-halvings" })
        {
            var result = new SerialRunner(Composition.Compose(Case(name))).Run();

            // 'outer' hears what 'faster' wrote in the iteration before; it agrees to the limit of the iteration. 'mid' and 'faster' hear at once.
            Assert.True(result.Outcome == RunOutcome.Completed, result.Reason);
            Assert.Equal(result.Metrics["outer.flow-sent"], result.Metrics["mid.flow-heard"], 1e-12);
            Assert.Equal(result.Metrics["mid.flow-sent"], result.Metrics["faster.flow-heard"], 1e-12);
            Assert.Equal(result.Metrics["faster.flow-sent"], result.Metrics["outer.flow-heard"], 1e-4);
        }
    }

    [Fact]
    public void Phases_run_in_their_stages_and_see_what_the_stage_before_wrote()
    {
        // x ← 2x is predicted; the listener with gain 0.3 hears it and answers; the answer is added in the same window.
        var experiment = With(
            [Participant.Of("model", TwoPhase.Entry), P("handshake", ("start", 0.0))],
            [new("model.prediction", "handshake.in"), new("handshake.out", "model.correction")],
            CouplingScheme.Staged([["model:predict"], ["handshake"], ["model:correct"]])) with
        { Until = 1 };

        var result = new SerialRunner(Composition.Compose(experiment)).Run();

        var answer = (0.3 * 2) + (0.01 * Math.Sin(1)) + (1e-3 * 2);
        Assert.Equal(2 + answer, result.Metrics["model.value"], 1e-15);
    }

    [Fact]
    public void A_window_that_fails_is_halved_and_the_run_finds_back_to_the_grid()
    {
        var records = new List<WindowRecord>();
        var system = Composition.Compose(With([P("a", ("longest", 0.25)), P("b")], [C("a", "b"), C("b", "a")], CouplingScheme.Serial("b", "a")) with { Halvings = 2 });
        var result = new SerialRunner(system) { OnWindow = record => { records.Add(record); return true; } }.Run();

        Assert.Equal(RunOutcome.Completed, result.Outcome);
        Assert.Equal(24, records.Count);
        Assert.All(records, r => Assert.Equal(system.Root.NominalTicks / 4, r.EndTick - r.StartTick));
        Assert.Equal(24, result.Metrics["a.count"]);      // What failed was undone.
    }

    [Fact]
    public void Numbers_that_are_not_finite_fail_the_window_like_an_exception()
    {
        var system = Composition.Compose(With([P("a", ("longest", 0.5), ("nan-after", 2.5)), P("b")], [C("a", "b"), C("b", "a")], CouplingScheme.Parallel("a", "b")) with { Halvings = 1 });

        var result = new SerialRunner(system).Run();

        Assert.True(result.Outcome == RunOutcome.Completed, result.Reason);
        Assert.Equal(2 + (2 * 4), result.Windows);
    }

    [Fact]
    public void A_window_that_cannot_be_computed_ends_the_run_with_the_last_good_one()
    {
        var system = Composition.Compose(With([P("a", ("longest", 0.5), ("nan-after", 2.5)), P("b")], [C("a", "b"), C("b", "a")], CouplingScheme.Parallel("a", "b")));

        var result = new SerialRunner(system).Run();

        Assert.Equal(RunOutcome.Failed, result.Outcome);
        Assert.Equal(2, result.Windows);
        Assert.Contains("'a' failed in the window from t = 2 to 3", result.Reason, StringComparison.Ordinal);
        Assert.Contains("only finite numbers cross a port", result.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_failure_that_an_inner_group_cannot_mend_is_its_parents()
    {
        // The model needs 1/8. Neither the inner group (1/2, one halving) nor the root (1, two halvings) may go below 1/4.
        var records = new List<WindowRecord>();
        var experiment = With([P("a", ("longest", 0.125)), P("b")], [C("a", "b"), C("b", "a")],
            CouplingScheme.Serial("b", "inner"), new CouplingGroup("inner", CouplingScheme.Serial("a"), Windows: 2) { Halvings = 1 }) with
        { Halvings = 2, Until = 1 };
        var system = Composition.Compose(experiment);
        var result = new SerialRunner(system) { OnWindow = record => { records.Add(record); return true; } }.Run();

        Assert.Equal(RunOutcome.Failed, result.Outcome);
        Assert.Empty(records);

        // With three halvings the root does what the inner group may not.
        var mended = new SerialRunner(Composition.Compose(experiment with { Groups = [experiment.Groups[0] with { Halvings = 0 }], Halvings = 3 })).Run();
        Assert.Equal(RunOutcome.Completed, mended.Outcome);
        Assert.Equal(8, mended.Windows);
    }

    [Fact]
    public void Nobody_computes_further_ahead_of_durability_than_allowed()
    {
        foreach (var ahead in new[] { 1, 2, 5 })
        {
            var system = Composition.Compose(Case("serial-implicit") with { RunAhead = ahead, Until = 30 });
            for (ulong seed = 1; seed < 20; seed++)
            {
                var harness = new Harness(system, seed) { DurableBatch = 3 };
                Assert.Equal(RunOutcome.Completed, harness.Run().Outcome);
                Assert.InRange(harness.MostAhead, 1, ahead);
            }
        }
    }

    [Fact]
    public void A_second_timeout_in_the_same_window_ends_the_run()
    {
        var system = Composition.Compose(Case("serial-explicit") with { Participants = [.. _ring.Select(p => p with { TimeLimit = TimeSpan.FromHours(1) })] });
        var machine = new CouplingMachine(system);
        CouplingCommand.Advance Order(IReadOnlyList<CouplingCommand> commands) => commands.OfType<CouplingCommand.Advance>().Single();
        var first = Order(machine.Handle(new CouplingEvent.Started(0, 0)));
        var second = Order(machine.Handle(new CouplingEvent.Failed(first.Participant, first.Address, FailureKind.Timeout, "slow")));

        Assert.True(second.Rebuild);
        Assert.Equal(0, second.RestoreDepth);
        Assert.Equal(first.Window, second.Window);
        Assert.Equal(1, second.Address.Attempt);

        var finish = machine.Handle(new CouplingEvent.Failed(second.Participant, second.Address, FailureKind.Timeout, "slow")).OfType<CouplingCommand.Finish>().Single();
        Assert.Equal(RunOutcome.Failed, finish.Outcome);
    }

    [Fact]
    public void A_conservation_limit_ends_the_run_before_the_window_that_breaks_it()
    {
        var system = Composition.Compose(Case("serial-explicit") with { Limits = [new("a.count", 3.5)] });

        var result = new SerialRunner(system).Run();

        Assert.Equal(RunOutcome.LimitBroken, result.Outcome);
        Assert.Equal(3, result.Windows);
    }

    [Fact]
    public void A_scheme_is_iterated_and_relaxed_in_either_order() => Assert.Equal(
        CouplingScheme.Serial("a", "b").Iterated(9).Relaxed(0.5).Iteration,
        CouplingScheme.Serial("a", "b").Relaxed(0.5).Iterated(9).Iteration);

    [Fact]
    public void A_group_that_never_goes_back_keeps_no_checkpoint()
    {
        var system = Composition.Compose(Case("serial-explicit"));
        var machine = new CouplingMachine(system);

        var order = machine.Handle(new CouplingEvent.Started(0, 0)).OfType<CouplingCommand.Advance>().Single();

        Assert.Equal(0, order.SaveDepths);
    }
}

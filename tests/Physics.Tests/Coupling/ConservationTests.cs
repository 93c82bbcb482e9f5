using ActorMultiscale.Physics.Coupling;

namespace ActorMultiscale.Tests.Coupling;

/// <summary>What one side gives as window integrals, the other takes, to the last bit: all times here are dyadic.</summary>
public sealed class ConservationTests
{
    private static Experiment Flow(int substeps, bool exchangeSubsteps, Func<ActorMultiscale.Physics.Fields.TimeWindow, bool>? fails = null) => new()
    {
        Name = "flow",
        Until = 4,
        Window = 1,
        Participants = [Source.Participant("source", substeps), Sink.Participant("sink", fails)],
        Conduits = [new("source.given", "sink.taken") { Substeps = exchangeSubsteps }],
        Scheme = CouplingScheme.Serial("source", "sink"),
        Halvings = 3,
    };

    private static void GivenIsTaken(Experiment experiment)
    {
        var run = SerialTrace.Run(Composition.Compose(experiment));

        Assert.True(run.Result.Outcome == RunOutcome.Completed, run.Result.Reason);
        Assert.Equal(12, run.Result.Metrics["source.total"]);       // ∫₀⁴ (1 + t) dt
        Assert.Equal(12, run.Result.Metrics["sink.total"]);
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(4, true)]
    [InlineData(4, false)]
    public void Halved_windows_conserve_sums(int substeps, bool exchangeSubsteps) =>
        GivenIsTaken(Flow(substeps, exchangeSubsteps, w => w.Start is >= 1 and < 1.5 && w.Length > 0.2));

    [Theory]
    [InlineData(1, true)]
    [InlineData(4, true)]
    [InlineData(4, false)]
    public void A_consumer_nested_deeper_takes_what_is_given(int substeps, bool exchangeSubsteps) =>
        GivenIsTaken(Flow(substeps, exchangeSubsteps, w => w.Start is >= 1 and < 1.25 && w.Length > 0.1) with
        {
            Scheme = CouplingScheme.Serial("source", "outer"),
            Groups =
            [
                new CouplingGroup("outer", CouplingScheme.Serial("inner"), 2),
                new CouplingGroup("inner", CouplingScheme.Serial("sink"), 2) { Halvings = 2 },
            ],
        });

    [Theory]
    [InlineData(1, true)]
    [InlineData(4, true)]
    [InlineData(4, false)]
    public void A_producer_nested_deeper_gives_what_is_taken(int substeps, bool exchangeSubsteps) =>
        GivenIsTaken(Flow(substeps, exchangeSubsteps, w => w.Start is >= 1 and < 1.5 && w.Length > 0.2) with
        {
            Scheme = CouplingScheme.Serial("outer", "sink"),
            Groups =
            [
                new CouplingGroup("outer", CouplingScheme.Serial("inner"), 2),
                new CouplingGroup("inner", CouplingScheme.Serial("source"), 4),
            ],
        });

    [Fact]
    public void An_implicit_parallel_scheme_gives_what_is_taken_once_it_has_converged() =>
        GivenIsTaken(Flow(4, true, w => w.Start is >= 1 and < 1.5 && w.Length > 0.2) with
        {
            Scheme = CouplingScheme.Parallel("source", "sink").Iterated(5, new ConvergenceCriterion("sink.taken", ResidualMeasure.Absolute, 1e-300)),
        });
}

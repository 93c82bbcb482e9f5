using System.Collections.Immutable;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Examples;

namespace ActorMultiscale.Tests.Examples;

/// <summary>The four textbook examples: each number can be worked out on paper.</summary>
public sealed class TextbookTests
{
    private const double RoundOff = 1e-14;      // A hundred additions of numbers of order 1 to 10 lose less.

    private static ImmutableSortedDictionary<string, double> Run(double until, double window, CouplingScheme scheme, ImmutableArray<Participant> participants, params ImmutableArray<Conduit> conduits)
    {
        var result = new SerialRunner(Composition.Compose(new Experiment
        {
            Name = "textbook",
            Until = until,
            Window = window,
            Participants = participants,
            Conduits = conduits,
            Scheme = scheme,
        })).Run();

        Assert.Equal(RunOutcome.Completed, result.Outcome);
        return result.Metrics;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(10)]
    public void Atoms_move_by_force_times_step_while_the_stress_of_the_continuum_grows_with_the_strain_rate(int steps)
    {
        var metrics = Run(0.01 * steps, 0.01, CouplingScheme.Serial("atoms", "continuum"),
            [Participant.Of("atoms", TextbookAtoms.Entry), Participant.Of("continuum", TextbookContinuum.Entry)],
            new("continuum.force", "atoms.force"), new("atoms.strain-rate", "continuum.strain-rate"));

        Assert.Equal(0.01 * steps, metrics["atoms.position"], RoundOff);
        Assert.Equal(0.1, metrics["atoms.strain-rate"], RoundOff);
        Assert.Equal(0.001 * steps, metrics["continuum.stress"], RoundOff);
    }

    [Fact]
    public void The_settings_of_atoms_and_continuum_scale_what_they_say()
    {
        var metrics = Run(0.01, 0.01, CouplingScheme.Serial("atoms", "continuum"),
            [Participant.Of("atoms", TextbookAtoms.Entry, ("length", 5.0)), Participant.Of("continuum", TextbookContinuum.Entry, ("load", -2.0), ("modulus", 3.0))],
            new("continuum.force", "atoms.force"), new("atoms.strain-rate", "continuum.strain-rate"));

        Assert.Equal(-0.02, metrics["atoms.position"], RoundOff);
        Assert.Equal(-0.012, metrics["continuum.stress"], RoundOff);     // 3 · (−2 / 5) · 0.01
    }

    [Theory]
    [InlineData(100, 1, 0.1, 0.2, 0.3)]
    [InlineData(7, 2, 0.05, 0.1, 0.15)]
    public void The_mean_over_identical_atoms_is_the_stress_of_one(int atoms, double volume, double xx, double yy, double zz)
    {
        var metrics = Run(1, 1, CouplingScheme.Serial("crystal", "average"),
            [
                Participant.Of("crystal", TextbookCrystal.Entry, ("atoms", (long)atoms)),
                Participant.Of("average", TextbookAverage.Entry, ("atoms", (long)atoms), ("volume", volume)),
            ],
            new Conduit("crystal.virial", "average.virial"));

        Assert.Equal(xx, metrics["average.stress-xx"], RoundOff);
        Assert.Equal(yy, metrics["average.stress-yy"], RoundOff);
        Assert.Equal(zz, metrics["average.stress-zz"], RoundOff);
    }

    [Theory]
    [InlineData(1, 1.2, 11)]
    [InlineData(2, 1.44, 21)]
    public void A_fine_and_a_coarse_solver_each_work_on_their_half_of_the_field(int windows, double left, double right)
    {
        var metrics = Run(windows, 1, CouplingScheme.Staged(["fine", "coarse"], ["field"]),
            [Participant.Of("field", TextbookField.Entry), Participant.Of("fine", TextbookFine.Entry), Participant.Of("coarse", TextbookCoarse.Entry)],
            new("field.left", "fine.field"), new("fine.result", "field.left-result"),
            new("field.right", "coarse.field"), new("coarse.result", "field.right-result"));

        Assert.Equal(left, metrics["field.left-mean"], RoundOff);
        Assert.Equal(right, metrics["field.right-mean"], RoundOff);
    }

    [Theory]
    [InlineData(2.5, new double[] { 1, 2, 4, 8, 16 }, new double[] { 1, 2, 4, 6, 8, 12, 16 })]
    [InlineData(2, new double[] { 1, 2, 4, 8, 16 }, new double[] { 1, 2, 4, 6, 8, 12, 16 })]      // A difference of the limit itself is left alone.
    [InlineData(1.5, new double[] { 4, 2, 2 }, new double[] { 4, 3, 2, 2 })]
    [InlineData(1, new double[] { 5 }, new double[] { 5 })]
    [InlineData(1, new double[0], new double[0])]
    public void Midpoints_come_between_neighbours_that_differ_by_more_than_the_limit(double limit, double[] values, double[] refined)
    {
        var metrics = Run(1, 1, CouplingScheme.Serial("list", "refiner"),
            [
                Participant.Of("list", TextbookList.Entry, ("values", values.ToImmutableArray())),
                Participant.Of("refiner", TextbookRefiner.Entry, ("limit", limit), ("watch", 8L)),
            ],
            new Conduit("list.values", "refiner.values"));

        Assert.Equal(refined.Length, metrics["refiner.count"]);
        for (var i = 0; i < 8; i++)
        {
            Assert.Equal(i < refined.Length ? refined[i] : 0, metrics[FormattableString.Invariant($"refiner.value-{i + 1}")]);
        }
    }

    [Fact]
    public void A_virial_of_another_number_of_components_is_refused()
    {
        var participant = Participant.Of("crystal", TextbookCrystal.Entry, ("virial", ImmutableArray.Create(1.0, 2.0)));

        Assert.Contains("three numbers xx, yy, zz; found 2", Assert.ThrowsAny<Exception>(participant.CreateModel).Message, StringComparison.Ordinal);
    }
}

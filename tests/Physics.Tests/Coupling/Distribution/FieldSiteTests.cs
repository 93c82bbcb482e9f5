using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Acceleration;
using ActorMultiscale.Physics.Coupling.Distribution;
using ActorMultiscale.Physics.Examples;

namespace ActorMultiscale.Tests.Coupling.Distribution;

/// <summary>Random experiments, spread over sites at random: each gives the bits of one exchange alone.</summary>
public sealed class FieldSiteTests
{
    private static CoupledSystem Compose(int seed, bool timeLimits, out List<string> complaints)
    {
        (var experiment, complaints) = RandomExperiment.Of(seed, timeLimits);
        return Composition.Compose(experiment);
    }

    [Fact]
    public void Wherever_participants_and_conduits_are_the_bits_are_the_same()
    {
        var travelled = 0L;
        for (var seed = 0; seed < 3_000; seed++)
        {
            var system = Compose(seed, false, out _);
            var expected = SerialTrace.Of(system);
            var hash = new SerialRunner(system).Run().FinalHash;
            var random = new Random(seed);
            var placement = SpreadRunner.RandomPlacement(system, random, 1 + random.Next(5));
            system = Compose(seed, false, out var complaints);
            var runner = new SpreadRunner(system, placement, seed);

            Trace.Same($"seed {seed}", expected, runner.Run());
            Assert.True(complaints.Count == 0, $"seed {seed}: {string.Join("; ", complaints)}");
            Assert.Equal(hash, runner.FinalHash);
            travelled += runner.Travelled;
        }

        Assert.True(travelled > 100_000, $"Hardly anything travels: {travelled} parcels.");
    }

    // Two pairs that have nothing to do with each other, each on two sites of its own.
    [Fact]
    public void Sites_hear_what_concerns_them_and_meet_whom_they_exchange_something_with()
    {
        var system = Composition.Compose(new Experiment
        {
            Name = "pairs",
            Until = 1,
            Window = 0.1,
            Participants =
            [
                Participant.Of("a", OscillatorMass.Entry, ("side", "left")), Participant.Of("b", OscillatorMass.Entry, ("side", "right")),
                Participant.Of("c", OscillatorMass.Entry, ("side", "left")), Participant.Of("d", OscillatorMass.Entry, ("side", "right")),
            ],
            Conduits = [new("a.spring-force", "b.force"), new("b.spring-force", "a.force"), new("c.spring-force", "d.force"), new("d.spring-force", "c.force")],
            Scheme = CouplingScheme.Parallel("a", "b", "c", "d"),
        });
        var placement = new FieldPlacement(system, [0, 1, 2, 3], 4);

        Assert.Equal([[1], [0], [3], [2]], Enumerable.Range(0, 4).Select(site => placement.PeersOf(system, site).AsEnumerable()));
        var (deliver, advance) = (new CouplingCommand.Deliver(2, new(0, 1, 0.1)), new CouplingCommand.Advance(2, new(null, 0, 0, 0, 0, 0), new(0, 1, 0.1), null, false, -1, 0));
        Assert.Equal([2, 3], placement.SitesOf(system, new ScriptEntry.Deliver(deliver, 1, true)).AsEnumerable());
        Assert.Equal([2], placement.SitesOf(system, new ScriptEntry.Advance(advance, 1)).Where(site => site != 3));
        Assert.Contains(2, placement.SitesOf(system, new ScriptEntry.Start(2)));
        Assert.Equal(Enumerable.Range(0, 4), placement.SitesOf(system, new ScriptEntry.SaveShare(1)));
    }

    [Fact]
    public void A_timeout_changes_no_bit()
    {
        var reported = 0;
        for (var seed = 0; seed < 1_000; seed++)
        {
            var expected = SerialTrace.Of(Compose(seed, true, out _)).WithoutAttempts;
            var system = Compose(seed, true, out var complaints);
            var random = new Random(seed);
            var runner = new SpreadRunner(system, SpreadRunner.RandomPlacement(system, random, 1 + random.Next(4)), seed) { Timeouts = 0.1 };

            Trace.Same($"seed {seed}", expected, runner.Run().WithoutAttempts);
            Assert.True(complaints.Count == 0, $"seed {seed}: {string.Join("; ", complaints)}");
            reported += runner.TimeoutsReported;
        }

        Assert.True(reported > 200, "Timeouts hardly ever happen.");
    }

    // The snapshots themselves are the same bytes; each goes on elsewhere, on other sites.
    [Fact]
    public void A_snapshot_is_the_same_wherever_it_was_taken_and_goes_on_anywhere()
    {
        var resumed = 0;
        for (var seed = 0; seed < 1_000; seed++)
        {
            var experiment = RandomExperiment.Of(seed).Experiment with { SnapshotEvery = 2 };
            var system = Composition.Compose(experiment);
            var snapshots = new List<RunSnapshot>();
            var serial = new SerialRunner(system) { OnSnapshot = snapshots.Add }.Run();
            if (serial.Outcome != RunOutcome.Completed)
            {
                continue;
            }

            var random = new Random(seed);
            var runner = new SpreadRunner(system, SpreadRunner.RandomPlacement(system, random, 1 + random.Next(4)), seed);
            _ = runner.Run();
            var taken = runner.Snapshots[random.Next(runner.Snapshots.Count)];
            var same = snapshots.Single(s => s.Window == taken.Window);
            Assert.Equal(same.Fields, taken.Fields);
            Assert.Equal(same.States.Select(s => s.Whole()), taken.States.Select(s => s.Whole()));
            if (taken.Tick < system.EndTick)
            {
                var again = new SpreadRunner(system, SpreadRunner.RandomPlacement(system, random, 1 + random.Next(4)), seed, taken);
                _ = again.Run();
                Assert.Equal(serial.FinalHash, again.FinalHash);
                resumed++;
            }
        }

        Assert.True(resumed > 100, $"Only {resumed} runs went on.");
    }

    // Meshes change at the end of every window; all sites follow, and accelerations forget, wherever they are.
    [Theory]
    [InlineData("serial")]
    [InlineData("parallel")]
    [InlineData("serial-implicit")]
    [InlineData("parallel-implicit")]
    [InlineData("quasi-newton")]
    public void Meshes_that_change_change_on_all_sites(string kind)
    {
        var scheme = kind == "quasi-newton"
            ? CouplingScheme.Serial("a", "b").Iterated(6, new ConvergenceCriterion("a.heard-t", ResidualMeasure.Relative, 1e-12)).Accelerated(AccelerationSpec.LeastSquares())
            : ChangingMeshTests.SchemeOf(kind);
        foreach (var failsOnce in kind is "serial" or "quasi-newton" ? new[] { false, true } : [false])
        {
            var serial = SerialTrace.Run(Composition.Compose(ChangingMeshTests.Pair(scheme, failsOnce)));
            Assert.True(serial.Result.Outcome == RunOutcome.Completed, serial.Result.Reason);
            for (var seed = 0; seed < 30; seed++)
            {
                var random = new Random(seed);
                var system = Composition.Compose(ChangingMeshTests.Pair(scheme, failsOnce));
                var runner = new SpreadRunner(system, SpreadRunner.RandomPlacement(system, random, 1 + random.Next(4)), seed);

                Trace.Same($"{kind}, seed {seed}", serial.Trace, runner.Run());
                Assert.Equal(serial.Result.FinalHash, runner.FinalHash);
                var taken = runner.Snapshots[random.Next(runner.Snapshots.Count)];
                Assert.Equal(serial.Snapshots.Single(s => s.Window == taken.Window).Fields, taken.Fields);
                if (!failsOnce && taken.Tick < system.EndTick)
                {
                    var again = new SpreadRunner(system, SpreadRunner.RandomPlacement(system, random, 1 + random.Next(4)), seed, taken);
                    _ = again.Run();
                    Assert.Equal(serial.Result.FinalHash, again.FinalHash);
                }
            }
        }
    }

    // What is found when a window of an outer group is accepted, and at one site alone, ends the run as it does in one process.
    [Fact]
    public void A_mesh_that_changes_where_it_must_not_ends_the_run_wherever_it_is_found()
    {
        var experiment = ChangingMeshTests.Pair(CouplingScheme.Serial("inner", "b")) with { Groups = [new CouplingGroup("inner", CouplingScheme.Serial("a"), 2)], Halvings = 0 };
        for (var seed = 0; seed < 30; seed++)
        {
            var random = new Random(seed);
            var system = Composition.Compose(experiment);
            var runner = new SpreadRunner(system, SpreadRunner.RandomPlacement(system, random, 1 + random.Next(4)), seed);

            Assert.Equal(RunOutcome.Failed, runner.Run().Outcome);
        }
    }
}

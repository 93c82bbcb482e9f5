using ActorMultiscale.Physics.Coupling;

namespace ActorMultiscale.Tests.Coupling;

/// <summary>Random experiments, against the scheme read aloud by nested loops, and against every order in which answers may arrive.</summary>
public sealed class ArrivalOrderTests
{
    private static CoupledSystem Compose(int seed, bool timeLimits, out List<string> complaints)
    {
        (var experiment, complaints) = RandomExperiment.Of(seed, timeLimits);
        return Composition.Compose(experiment);
    }

    [Fact]
    public void A_serial_run_does_what_nested_loops_do()
    {
        for (var seed = 0; seed < 2_000; seed++)
        {
            var system = Compose(seed, false, out var complaints);

            Trace.Same($"seed {seed}", new Interpreter(system).Run(), SerialTrace.Of(system));
            Assert.True(complaints.Count == 0, $"seed {seed}: {string.Join("; ", complaints)}");
        }
    }

    [Fact]
    public void No_order_of_arrival_changes_a_bit()
    {
        var dropped = 0L;
        for (var seed = 0; seed < 10_000; seed++)
        {
            var expected = SerialTrace.Of(Compose(seed, false, out _));
            for (var order = 0; order < (seed < 1_000 ? 3 : 1); order++)
            {
                var system = Compose(seed, false, out var complaints);
                var runner = new ShuffledRunner(system, (seed * 100) + order);

                Trace.Same($"seed {seed}, order {order}", expected, runner.Run());
                Assert.True(complaints.Count == 0, $"seed {seed}, order {order}: {string.Join("; ", complaints)}");
                dropped += runner.Dropped;
            }
        }

        Assert.True(dropped > 1000, "The orders of arrival are hardly shuffled.");
    }

    [Fact]
    public void A_timeout_changes_no_bit()
    {
        var reported = 0;
        for (var seed = 0; seed < 2_000; seed++)
        {
            var expected = SerialTrace.Of(Compose(seed, true, out _)).WithoutAttempts;
            var system = Compose(seed, true, out var complaints);
            var runner = new ShuffledRunner(system, seed) { Timeouts = 0.1 };

            Trace.Same($"seed {seed}", expected, runner.Run().WithoutAttempts);
            Assert.True(complaints.Count == 0, $"seed {seed}: {string.Join("; ", complaints)}");
            reported += runner.TimeoutsReported;
        }

        Assert.True(reported > 500, "Timeouts hardly ever happen.");
    }

    [Fact]
    public void The_random_experiments_hold_every_feature_often_enough()
    {
        var found = new SortedDictionary<string, int>(StringComparer.Ordinal);
        void Count(string feature, bool there) => found[feature] = found.GetValueOrDefault(feature) + (there ? 1 : 0);
        for (var seed = 0; seed < 2_000; seed++)
        {
            var system = Compose(seed, false, out _);
            var trace = SerialTrace.Of(system);
            Count("failed", trace.Outcome == RunOutcome.Failed);
            Count("retried", trace.Records.Any(r => r.Attempts > 0));
            Count("retried and completed", trace.Outcome == RunOutcome.Completed && trace.Records.Any(r => r.Attempts > 0));
            Count("depth 3", system.Groups.Any(g => g.Depth == 2));
            Count("implicit at two levels", system.Groups.Count(g => g.Spec.Scheme.Iteration.IsImplicit) > 1);
            Count("implicit, and lengths chosen inside", trace.Records.Any(r => r.Attempts > 0 && r.Iterations > 1 && r.InnerWindows > 0));
            Count("implicit root over an explicit group over a third",
                system.Root.Spec.Scheme.Iteration.IsImplicit && system.Groups.Any(g => g.Depth == 2 && !system.Groups[g.Parent].Spec.Scheme.Iteration.IsImplicit));
            Count("windows by proposal", system.Groups.Any(g => g.Lengths is { Controller: null, Follows.Length: > 0 }));
            Count("windows by power bonds", system.Groups.Any(g => g.Lengths?.Controller?.Bonds.Length > 0));
            Count("windows by first guess", system.Groups.Any(g => g.Lengths?.Controller is { Bonds.IsEmpty: true }));
            Count("windows of unequal length inside an iteration", system.Groups.Any(g => g.Lengths is not null && g.Parent >= 0 && system.Groups[g.Parent].Spec.Scheme.Iteration.IsImplicit));
            Count("linear first guesses", system.Conduits.Any(c => c.IsBackward && c.Spec.Extrapolation == Physics.Coupling.Extrapolation.Linear));
            Count("strict criteria", system.Groups.Any(g => g.Spec.Scheme.Iteration.Criteria.Any(c => c.IsStrict)));
            Count("criteria that suffice", system.Groups.Any(g => g.Spec.Scheme.Iteration.Criteria.Any(c => c.Suffices)));
            Count("joint criteria", system.Groups.Any(g => g.Spec.Scheme.Iteration.Criteria.Count(c => c.IsJoint) > 1));
            Count("phases", system.Participants.Any(p => !p.Description.Phases.IsEmpty));
            Count("did not converge", trace.Records.Any(r => !r.Converged));
            Count("ports without a value at the start", system.Conduits.Any(c => !system.Participants[c.Producer].Description.Ports[c.ProducerPort].Port.HasStart));
            Count("parallel groups", system.Groups.Any(g => g.Stages.Any(s => s.Count(e => e.Group >= 0) > 1)));
            Count("conduits between unlike depths", system.Conduits.Any(c => system.Groups[system.Participants[c.Producer].Group].Depth != system.Groups[system.Participants[c.Consumer].Group].Depth));
        }

        Assert.All(found, feature => Assert.True(feature.Value >= 50, $"{feature.Key}: {feature.Value} of 2000."));
    }
}

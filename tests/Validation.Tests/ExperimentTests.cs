using ActorMultiscale.Actors;
using ActorMultiscale.Host.Composition;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Testing;

namespace ActorMultiscale.Tests.Validation;

/// <summary>Every experiment of the repository composes without a warning and meets its own expectations, through the serial runner.</summary>
public sealed class ExperimentTests
{
    public static TheoryData<string> Experiments => [.. ShippedExperiments.Names];

    // Skipped, with the reason, where one is left out.
    [AllExperimentsFact]
    public void No_experiment_is_left_out() => Assert.Null(ShippedExperiments.LeftOut);

    [Theory]
    [MemberData(nameof(Experiments))]
    public void The_experiment_meets_its_own_expectations(string file)
    {
        var loaded = ExperimentLoader.Load(Path.Combine(ShippedExperiments.Folder, file), []);
        Assert.Empty(loaded.Warnings);
        Assert.NotEmpty(loaded.System.Experiment.Checks);
        Assert.All(loaded.System.Experiment.Checks, check => Assert.NotEmpty(check.Source));

        var result = new SerialRunner(loaded.System).Run();

        Assert.True(result.Outcome == RunOutcome.Completed, result.Reason);
        Assert.All(loaded.Judge(result.Metrics), check => Assert.True(check.Passes, $"{check.Check.Name}: found {check.Actual}, expected {check.Expected}"));
    }

    [Theory]
    [MemberData(nameof(Experiments))]
    public async Task The_actors_give_the_bits_of_the_serial_runner_on_any_number_of_threads(string file)
    {
        var system = ExperimentLoader.Load(Path.Combine(ShippedExperiments.Folder, file), []).System;
        var records = new List<ulong>();
        var serial = new SerialRunner(system) { OnWindow = record => { records.AddRange(record.Fingerprints); return true; } }.Run();
        foreach (var threads in new[] { 1, 2, 4 })
        {
            await using var run = ActorRun.Start(system, new RunSettings { Threads = threads });
            var report = await run.Completion;

            Assert.Equal(serial.FinalHash, report.Result.FinalHash);
            Assert.Equal(serial.Metrics, report.Result.Metrics);
        }

        var again = new List<ulong>();
        new SerialRunner(system, degree: 3) { OnWindow = record => { again.AddRange(record.Fingerprints); return true; } }.Run();
        Assert.Equal(records, again);
    }
}

/// <summary>A test that is skipped where an experiment needs what is not there.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class AllExperimentsFactAttribute : FactAttribute
{
    public AllExperimentsFactAttribute() => Skip = ShippedExperiments.LeftOut;
}

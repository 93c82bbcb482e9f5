using ActorMultiscale.Actors;
using ActorMultiscale.Host.Composition;
using ActorMultiscale.Physics.Coupling;

namespace ActorMultiscale.Tests.Validation;

/// <summary>Every experiment of the repository composes without a warning and meets its own expectations, through the serial runner.</summary>
public sealed class ExperimentTests
{
    // Needs a potential file that is not part of the repository.
    private const string Potential = "/usr/share/lammps/potentials/Cu_u3.eam";

    private static string Root
    {
        get
        {
            var folder = new DirectoryInfo(AppContext.BaseDirectory);
            while (!File.Exists(Path.Combine(folder!.FullName, "ActorMultiscale.sln")))
            {
                folder = folder.Parent;
            }

            return folder.FullName;
        }
    }

    public static TheoryData<string> Experiments
    {
        get
        {
            var data = new TheoryData<string>();
            var folder = Path.Combine(Root, "hocon", "experiments");
            foreach (var file in Directory.EnumerateFiles(folder, "*.conf", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
            {
                // Without the file the experiment cannot even be composed; where tests must be complete, it must be there.
                if (!File.ReadAllText(file).Contains(Potential + "\"", StringComparison.Ordinal) || File.Exists(Potential) || Environment.GetEnvironmentVariable("CI") == "true")
                {
                    data.Add(Path.GetRelativePath(folder, file));
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Experiments))]
    public void The_experiment_meets_its_own_expectations(string file)
    {
        var loaded = ExperimentLoader.Load(Path.Combine(Root, "hocon", "experiments", file), []);
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
        var system = ExperimentLoader.Load(Path.Combine(Root, "hocon", "experiments", file), []).System;
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

using System.Diagnostics;
using ActorMultiscale.Actors;
using ActorMultiscale.Host.Composition;
using ActorMultiscale.Physics.Coupling;

namespace ActorMultiscale.Tests.Host.External;

/// <summary>A test that needs an interpreter or a compiler: left out, with the reason, where it is missing; never where tests must be complete.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class NeedsFactAttribute : FactAttribute
{
    public NeedsFactAttribute(params string[] tools) => Skip = Tools.Missing(tools);
}

/// <summary>The same for theories.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class NeedsTheoryAttribute : TheoryAttribute
{
    public NeedsTheoryAttribute(params string[] tools) => Skip = Tools.Missing(tools);
}

internal static class Tools
{
    public static string? Missing(params string[] tools)
    {
        var path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        var missing = tools.Where(tool => !path.Any(folder => File.Exists(Path.Combine(folder, tool)))).ToList();
        return missing.Count == 0 || Environment.GetEnvironmentVariable("CI") == "true" ? null : $"needs {string.Join(" and ", missing)}, which the path does not have";
    }
}

/// <summary>A folder for one test, experiments in it, and an eye on the processes that they leave.</summary>
internal sealed class ExternalStand : IDisposable
{
    private const string BadPorts = "ports = [\"in y x 1\", \"out x x 1\"]";
    private readonly string _folder = Directory.CreateTempSubdirectory("actor-multiscale-").FullName;

    /// <summary>A word that stands in the command line of every process of this test.</summary>
    public string Mark => Path.Combine(_folder, "mark");

    public string Folder => _folder;

    public static string Root => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(HostProcess.Experiment("x"))!, "..", ".."));

    private static string BadPeer => Path.Combine(Root, "tests", "Host.Tests", "External", "bad_peer.py");

    /// <summary>
    /// A peer of <c>bad_peer.py</c> beside another that behaves, over eight windows of one second:
    /// x ← ½ x + ¼ y + Δt for both. <paramref name="scheme"/> and <paramref name="more"/> go to the experiment as they are.
    /// </summary>
    public LoadedExperiment Bad(string mode, string settings = "", string scheme = "stages = [[bad], [good]]", string participant = "", string more = "") => Load($$"""
        name = bad
        until = 8 s
        window = 1 s
        {{more}}
        participants {
          bad { model = external, {{participant}} settings { program = python3, arguments = ["{{BadPeer}}", "{{mode}}", "{{Mark}}"], {{BadPorts}}, {{settings}} } }
          good { model = external, settings { program = python3, arguments = ["{{BadPeer}}", "good", "{{Mark}}"], {{BadPorts}} } }
        }
        conduits = [ { from = bad.x, to = good.y }, { from = good.x, to = bad.y } ]
        scheme { {{scheme}} }
        """);

    public LoadedExperiment Load(string text)
    {
        var file = Path.Combine(_folder, "experiment.conf");
        File.WriteAllText(file, text);
        return ExperimentLoader.Load(file, []);
    }

    public static async Task<RunReport> Run(LoadedExperiment loaded)
    {
        await using var run = ActorRun.Start(loaded.System, new RunSettings { Threads = 2 });
        return await run.Completion.WaitAsync(TimeSpan.FromSeconds(60));
    }

    /// <summary>Compiles the client and a solver in C, the mass of the oscillator or another; gives the program.</summary>
    public string Compile(string? text = null)
    {
        var (program, clients) = (Path.Combine(_folder, "solver"), Path.Combine(Root, "clients", "c"));
        var source = Path.Combine(clients, "oscillator_mass.c");
        if (text is not null)
        {
            File.WriteAllText(source = Path.Combine(_folder, "solver.c"), text);
        }

        using var compiler = Process.Start("gcc", ["-std=c99", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror", "-pedantic", "-I", clients, "-o", program, source, "-lm"]);
        Assert.True(compiler.WaitForExit(TimeSpan.FromSeconds(60)) && compiler.ExitCode == 0, "the client in C does not compile");
        return program;
    }

    /// <summary>The processes of this test that are there now, by their command lines.</summary>
    public List<string> Processes()
    {
        var found = new List<string>();
        foreach (var folder in Directory.EnumerateDirectories("/proc").Where(f => int.TryParse(Path.GetFileName(f), out _)))
        {
            try
            {
                var line = File.ReadAllText(Path.Combine(folder, "cmdline")).Replace('\0', ' ');
                if (line.Contains(_folder, StringComparison.Ordinal))
                {
                    found.Add($"{Path.GetFileName(folder)}: {line}");
                }
            }
            catch (IOException)
            {
                // It has ended while we looked.
            }
        }

        return found;
    }

    /// <summary>Waits until there are so many processes.</summary>
    public void AwaitProcesses(int count)
    {
        var clock = Stopwatch.StartNew();
        while (Processes() is var found && found.Count != count)
        {
            Assert.True(clock.Elapsed.TotalSeconds < 20, $"{found.Count} processes instead of {count}: {string.Join("; ", found)}");
            Thread.Sleep(20);
        }
    }

    /// <summary>Nothing of this test runs any more, after a moment at most.</summary>
    public void RequireNoProcess(double seconds = 10)
    {
        var clock = Stopwatch.StartNew();
        while (Processes() is { Count: > 0 } left)
        {
            Assert.True(clock.Elapsed.TotalSeconds < seconds, $"still there: {string.Join("; ", left)}");
            Thread.Sleep(20);
        }
    }

    /// <summary>Waits for the mark that a peer sets when it begins to misbehave.</summary>
    public void AwaitMark()
    {
        var clock = Stopwatch.StartNew();
        while (!File.Exists(Mark))
        {
            Assert.True(clock.Elapsed.TotalSeconds < 30, "the peer did not get that far");
            Thread.Sleep(10);
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>The windows of a run through the serial runner, and its result.</summary>
    public static (RunResult Result, List<WindowRecord> Windows) Serial(LoadedExperiment loaded)
    {
        var windows = new List<WindowRecord>();
        var runner = new SerialRunner(loaded.System)
        {
            OnWindow = window =>
            {
                windows.Add(window);
                return true;
            },
        };
        return (runner.Run(), windows);
    }
}

using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using ActorMultiscale.Actors;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Host.Commands;
using ActorMultiscale.Physics.Coupling;
using Spectre.Console;

namespace ActorMultiscale.Host;

/// <summary>What <c>run</c> and <c>resume</c> print.</summary>
public sealed record RunOutput
{
    /// <summary>The run's name.</summary>
    public required string Run { get; init; }

    /// <summary>How it ended, in one word.</summary>
    public required string Status { get; init; }

    /// <summary>Root windows.</summary>
    public required long Windows { get; init; }

    /// <summary>Root iterations, all together.</summary>
    public required long Iterations { get; init; }

    /// <summary>The hash by which two runs are called the same.</summary>
    public required string FinalHash { get; init; }

    /// <summary>Wall-clock time of this process, s.</summary>
    public required double WallSeconds { get; init; }

    /// <summary>Why the run did not complete.</summary>
    public string? Reason { get; init; }

    /// <summary>The run's numbers.</summary>
    public required IReadOnlyDictionary<string, double> Metrics { get; init; }

    /// <summary>The experiment's own checks.</summary>
    public required ImmutableArray<CheckOutput> Checks { get; init; }

    /// <summary>The output of a run that ended with <paramref name="report"/>.</summary>
    public static RunOutput Of(string run, RunReport report, ImmutableArray<CheckResult> checks, double wallSeconds)
    {
        ArgumentNullException.ThrowIfNull(report);
        var result = report.Result;
        return new RunOutput
        {
            Run = run,
            Status = RunStatusWord.Of(report.Status),
            Windows = result.Windows,
            Iterations = (long)result.Metrics.GetValueOrDefault("iterations.total"),
            FinalHash = result.FinalHash,
            WallSeconds = Math.Round(wallSeconds, 3),
            Reason = result.Reason.Length == 0 ? null : result.Reason,
            Metrics = result.Metrics,
            Checks = [.. checks.Select(CheckOutput.Of)],
        };
    }

    /// <summary>Prints it on standard output, as JSON or for people.</summary>
    public static void Print(RunOutput output, bool json)
    {
        ArgumentNullException.ThrowIfNull(output);
        if (json)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(output, HostJson.Readable.RunOutput));
            return;
        }

        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"run {output.Run}: {output.Status}, {output.Windows} windows, {output.Iterations} iterations, {output.WallSeconds:0.00} s"));
        if (output.FinalHash.Length > 0)
        {
            Console.Out.WriteLine($"final hash {output.FinalHash}");
        }

        if (output.Checks.IsEmpty)
        {
            return;
        }

        var table = new Table().Border(TableBorder.Rounded).AddColumns("check", "found", "expected", "").HideFooters();
        table.Columns[1].RightAligned();
        foreach (var check in output.Checks)
        {
            table.AddRow(new Text(check.Name), new Text(check.Found), new Text(check.Meaning),
                new Markup(check.Pass ? "[green]ok[/]" : "[red]FAILS[/]"));
        }

        ConsoleTables.Write(table);
    }
}

/// <summary>A check as scripts see it.</summary>
/// <param name="Name">What it says.</param>
/// <param name="Value">What was found; null if there is no such number.</param>
/// <param name="Expected">What was expected: the value, or the limit.</param>
/// <param name="Tolerance">The greatest deviation; 0 for a limit.</param>
/// <param name="Pass">The verdict.</param>
/// <param name="Relation">How the two compare: <c>within</c>, <c>at-least</c>, <c>at-most</c> or <c>between</c>.</param>
/// <param name="Metric">What was looked at.</param>
/// <param name="Source">Where the expected value comes from.</param>
/// <param name="Meaning">The expectation in words.</param>
/// <param name="Found">What was found, in words.</param>
public sealed record CheckOutput(string Name, double? Value, double Expected, double Tolerance, bool Pass, string Relation, string Metric, string Source,
    [property: JsonIgnore] string Meaning, [property: JsonIgnore] string Found)
{
    /// <summary>The output of a verdict.</summary>
    public static CheckOutput Of(CheckResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        var check = result.Check;
        var relation = check.Value is not null ? "within" : check.AtLeast is not null && check.AtMost is not null ? "between" : check.AtLeast is not null ? "at-least" : "at-most";
        return new(check.Name, double.IsFinite(result.Actual) ? result.Actual : null, check.Value ?? check.AtLeast ?? check.AtMost ?? 0, check.Tolerance,
            result.Passes, relation, check.Metric, check.Source, result.Expected, result.Found);
    }
}

/// <summary>Tables for people; plain and wide where standard output is no terminal.</summary>
internal static class ConsoleTables
{
    public static void Write(Table table)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) });
        if (Console.IsOutputRedirected)
        {
            console.Profile.Width = 200;
        }

        console.Write(table);
    }
}

/// <summary>What is written as JSON.</summary>
[JsonSerializable(typeof(RunOutput))]
[JsonSerializable(typeof(ImmutableArray<RunListEntry>))]
[JsonSerializable(typeof(RunDetails))]
[JsonSerializable(typeof(RecordCheck))]
[JsonSerializable(typeof(ImmutableArray<ConvergenceRow>))]
[JsonSerializable(typeof(WatchOutput))]
[JsonSerializable(typeof(ProfileOutput))]
[JsonSerializable(typeof(ImmutableArray<ProfileWindow>))]
[JsonSerializable(typeof(ImmutableArray<ModelOutput>))]
[JsonSerializable(typeof(VersionOutput))]
[JsonSerializable(typeof(VerifyOutput))]
[JsonSerializable(typeof(ReplayOutput))]
[JsonSerializable(typeof(VtuOutput))]
[JsonSerializable(typeof(DiffOutput))]
[JsonSerializable(typeof(ExperimentCheckOutput))]
[JsonSerializable(typeof(ArchiveOutput))]
[JsonSerializable(typeof(GarbageOutput))]
[JsonSerializable(typeof(NodeEventOutput))]
[JsonSerializable(typeof(ImmutableArray<NodeOutput>))]
[JsonSerializable(typeof(CertificateOutput))]
[JsonSerializable(typeof(DetachedRunOutput))]
internal sealed partial class HostJson : JsonSerializerContext
{
    // Letters beyond ASCII (σ, ², names of units) stay readable: the output goes to files and pipes, not into HTML.
    public static HostJson Readable { get; } = Of(isIndented: true);

    /// <summary>For many objects, one a line.</summary>
    public static HostJson Lines { get; } = Of(isIndented: false);

    private static HostJson Of(bool isIndented) => new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = isIndented,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}

using System.Collections.Immutable;
using ActorMultiscale.Physics.Coupling;

namespace ActorMultiscale.Tests.Coupling;

/// <summary>What came out of a run, as far as two runs that are called the same must agree on it.</summary>
public sealed record Trace(RunOutcome Outcome, ImmutableArray<WindowRecord> Records, ImmutableArray<string> States, ImmutableArray<double> Scalars)
{
    /// <summary>Everything on a line each; for comparing, and for reading where two differ.</summary>
    public string Text => string.Join('\n',
    [
        Outcome.ToString(),
        .. Records.Select(Line),
        .. States,
        .. Scalars.Select(s => FormattableString.Invariant($"{s:R}")),
    ]);

    public static string Line(WindowRecord r) => FormattableString.Invariant(
        $"{r.Index}: {r.StartTick}–{r.EndTick}, {r.Iterations} iterations, inner {r.InnerWindows}/{r.InnerIterations}, {r.Attempts} attempts, {r.Converged}, [{string.Join(", ", r.Residuals)}], [{string.Join(", ", r.Fingerprints)}]");

    /// <summary>The same without what a timeout may change.</summary>
    public Trace WithoutAttempts => this with { Records = [.. Records.Select(r => r with { Attempts = 0 })] };

    /// <summary>Fails with the first line that differs.</summary>
    public static void Same(string what, Trace expected, Trace actual)
    {
        var (left, right) = (expected.Text.Split('\n'), actual.Text.Split('\n'));
        for (var line = 0; line < Math.Max(left.Length, right.Length); line++)
        {
            var (a, b) = (line < left.Length ? left[line] : "nothing", line < right.Length ? right[line] : "nothing");
            Assert.True(a == b, $"{what}, line {line}\n expected: {a}\n actual:   {b}");
        }
    }
}

/// <summary>A run by the serial runner, with all that came out on the way.</summary>
public sealed record SerialTrace(Trace Trace, RunResult Result, ImmutableArray<RunSnapshot> Snapshots, ImmutableArray<string> Notes)
{
    public static Trace Of(CoupledSystem system) => Run(system).Trace;

    /// <summary>Runs; stops at the boundary after <paramref name="windows"/> more windows, if given.</summary>
    public static SerialTrace Run(CoupledSystem system, RunSnapshot? from = null, int windows = int.MaxValue)
    {
        var records = ImmutableArray.CreateBuilder<WindowRecord>();
        var snapshots = ImmutableArray.CreateBuilder<RunSnapshot>();
        var notes = ImmutableArray.CreateBuilder<string>();
        var result = new SerialRunner(system)
        {
            OnWindow = record =>
            {
                records.Add(record);
                return records.Count < windows;
            },
            OnSnapshot = snapshots.Add,
            OnNote = notes.Add,
        }.Run(from);
        var scalars = system.OutPorts.Where(result.Metrics.ContainsKey).Select(port => result.Metrics[port]);
        var states = result.Outcome is RunOutcome.Completed or RunOutcome.Stopped ? snapshots[^1].States : [];
        return new SerialTrace(new Trace(result.Outcome, records.ToImmutable(), [.. states.Select(s => Convert.ToHexString(s.Whole()))], [.. scalars]),
            result, snapshots.ToImmutable(), notes.ToImmutable());
    }
}

using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using ActorMultiscale.Actors;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Host.Composition;
using ActorMultiscale.Physics.Coupling;

namespace ActorMultiscale.Host.Commands;

/// <summary><c>verify RUN</c>: computes a run again, or some of its windows, without actors, and compares window by window with what was recorded.</summary>
internal static class VerifyCommand
{
    public static Command Create()
    {
        var name = new Argument<string>("run") { Description = "The run" };
        var (store, threads, json, quiet) = (SharedOptions.Store(), SharedOptions.Threads(), SharedOptions.Json(), SharedOptions.Quiet());
        var from = new Option<long?>("--from") { Description = "The first window that must be compared; computing begins at the last snapshot before it. Without it, at the beginning" };
        var to = new Option<long?>("--to") { Description = "The window before which to stop. Without it, all that are recorded" };
        var alone = new Option<string?>("--participant") { Description = "Compute this participant alone, from its recorded inputs, and compare what it writes with the recorded fields" };
        var command = new Command("verify", "Compute a run again and compare it with its record") { name, from, to, alone, store, threads, json, quiet };
        command.SetAction(parsed =>
        {
            var catalog = RunCatalog.Of(parsed.GetValue(store)!);
            var run = parsed.GetValue(name)!;
            using var file = catalog.Open(run);
            var record = RecordedRun.Of(run, file);
            var (first, end) = record.Choose(parsed.GetValue(from), parsed.GetValue(to));
            var output = parsed.GetValue(alone) is { } participant
                ? ParticipantVerification.Verify(record, participant, first, end, parsed.GetValue(threads), parsed.GetValue(quiet))
                : Verify(record, first, end, parsed.GetValue(threads), parsed.GetValue(quiet));
            Console.Out.WriteLine(parsed.GetValue(json) ? JsonSerializer.Serialize(output, HostJson.Readable.VerifyOutput) : output.Sentence);
            return output.Matches ? ExitCode.Ok : ExitCode.Mismatch;
        });
        return command;
    }

    private static VerifyOutput Verify(RecordedRun record, long first, long end, int threads, bool quiet)
    {
        var from = record.SnapshotBefore(first);
        var begin = from?.Window ?? 0;
        var (compared, difference, result) = Recompute(record, from, end, threads, quiet, static _ => { });
        var sentence = difference?.Sentence;
        if (difference is null && end == record.Windows && record.History.End is { Outcome: RunOutcome.Completed, FinalHash: var hash } && result.FinalHash != hash)
        {
            sentence = $"every window agrees, but the final hash is {result.FinalHash} and was recorded as {hash}";
        }

        return new VerifyOutput(record.Name, sentence is null, compared, sentence) { From = begin, Window = difference };
    }

    /// <summary>Computes windows again, from a snapshot or the beginning up to <paramref name="end"/>, and compares each with the record.</summary>
    /// <returns>How many were compared, and the first difference.</returns>
    public static (long Compared, WindowDifference? Difference, RunResult Result) Recompute(RecordedRun record, RunSnapshot? from, long end, int threads, bool quiet, Action<RunSnapshot> onSnapshot)
    {
        var system = record.Loaded.System;
        var begin = from?.Window ?? 0;
        using var recorded = record.WindowsFrom(begin).GetEnumerator();
        using var line = new ProgressLine(quiet, new ProgressMeter(system.Window(0, from?.Tick ?? 0).End, system.Experiment.Until));
        var compared = 0L;
        WindowDifference? difference = null;
        var runner = new SerialRunner(system, threads)
        {
            RecordedEnds = record.WindowsFrom(begin).Select(window => window.EndTick),
            OnSnapshot = onSnapshot,
            OnWindow = computed =>
            {
                if (difference is not null || begin + compared >= end || !recorded.MoveNext())
                {
                    return false;
                }

                difference = Difference(system, recorded.Current, computed);
                compared++;
                line.Show(new RunProgress(system.Window(computed.StartTick, computed.EndTick).End, begin + compared, begin + compared, 0, []));
                return difference is null && begin + compared < end;
            },
        };
        var result = runner.Run(from);
        line.End();
        return (compared, difference ?? (begin + compared < end
            ? new WindowDifference(begin + compared, double.NaN, null, null, $"the record has {end} windows, and computing again ended after {begin + compared}: {result.Reason}") : null), result);
    }

    private static WindowDifference? Difference(CoupledSystem system, WindowRecord recorded, WindowRecord computed)
    {
        WindowDifference Other(string what, string? port = null) => WindowDifference.Of(recorded.Index, system.Window(recorded.StartTick, recorded.EndTick).End, port, what);
        if ((recorded.StartTick, recorded.EndTick) != (computed.StartTick, computed.EndTick))
        {
            return Other("it has another length when it is computed again");
        }

        var ports = system.OutPorts.ToList();
        for (var i = 0; i < ports.Count; i++)
        {
            if (recorded.Fingerprints.Length != ports.Count || recorded.Fingerprints[i] != computed.Fingerprints[i])
            {
                return Other("", ports[i]);
            }
        }

        return recorded.Iterations == computed.Iterations ? null : Other($"it took {recorded.Iterations} iterations and takes {computed.Iterations} when it is computed again");
    }
}

/// <summary>The verdict of <c>verify</c>.</summary>
/// <param name="Run">The run.</param>
/// <param name="Matches">Whether everything agrees.</param>
/// <param name="Windows">How many windows were compared.</param>
/// <param name="Difference">The first difference, as a sentence.</param>
public sealed record VerifyOutput(string Run, bool Matches, long Windows, string? Difference)
{
    /// <summary>The window at which computing began: 0, or that of a snapshot.</summary>
    public long From { get; init; }

    /// <summary>The participant that was computed again alone; null for all of them together.</summary>
    public string? Participant { get; init; }

    /// <summary>The first difference, where it is of a window.</summary>
    public WindowDifference? Window { get; init; }

    internal string Sentence => !Matches ? $"{Run}: {Difference}"
        : $"{Run}{(Participant is null ? "" : $", '{Participant}' alone")}: {Windows} windows come out as recorded, to the last bit{(From > 0 ? $" (from the snapshot at window {From})" : "")}";
}

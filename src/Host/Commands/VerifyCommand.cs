using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using ActorMultiscale.Actors;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Host.Composition;
using ActorMultiscale.Physics.Coupling;

namespace ActorMultiscale.Host.Commands;

/// <summary><c>verify RUN</c>: computes a run again, without actors, and compares window by window with what was recorded.</summary>
internal static class VerifyCommand
{
    public static Command Create()
    {
        var name = new Argument<string>("run") { Description = "The run" };
        var (store, threads, json, quiet) = (SharedOptions.Store(), SharedOptions.Threads(), SharedOptions.Json(), SharedOptions.Quiet());
        var command = new Command("verify", "Compute a run again and compare it with its record") { name, store, threads, json, quiet };
        command.SetAction(parsed =>
        {
            var catalog = RunCatalog.Of(parsed.GetValue(store)!);
            var run = parsed.GetValue(name)!;
            using var file = catalog.Open(run);
            var history = file.History();
            if (history.Origin is not { } origin)
            {
                throw new RunStoreException($"The run '{run}' has no events; there is nothing to verify.");
            }

            var loaded = ExperimentLoader.Reload(file, origin, history.Until);
            var output = Verify(run, file, history, loaded.System, parsed.GetValue(threads), parsed.GetValue(quiet));
            Console.Out.WriteLine(parsed.GetValue(json) ? JsonSerializer.Serialize(output, HostJson.Readable.VerifyOutput) : output.Sentence);
            return output.Matches ? ExitCode.Ok : ExitCode.Mismatch;
        });
        return command;
    }

    private static VerifyOutput Verify(string run, RunStore file, RunHistory history, CoupledSystem system, int threads, bool quiet)
    {
        using var recorded = Recorded(file).GetEnumerator();
        using var line = new ProgressLine(quiet, new ProgressMeter(0, system.Experiment.Until));
        var compared = 0L;
        string? difference = null;
        var runner = new SerialRunner(system, threads)
        {
            RecordedEnds = Recorded(file).Select(record => record.EndTick),
            OnWindow = computed =>
            {
                if (difference is not null || compared >= history.Windows || !recorded.MoveNext())
                {
                    return false;
                }

                difference = Difference(system, recorded.Current, computed);
                compared++;
                line.Show(new RunProgress(system.Window(computed.StartTick, computed.EndTick).End, compared, compared, 0, []));
                return difference is null && compared < history.Windows;
            },
        };
        var result = runner.Run();
        line.End();
        if (difference is null && compared < history.Windows)
        {
            difference = $"the record has {history.Windows} windows, and computing again ended after {compared}: {result.Reason}";
        }
        else if (difference is null && history.End is { Outcome: RunOutcome.Completed, FinalHash: var hash } && result.FinalHash != hash)
        {
            difference = $"every window agrees, but the final hash is {result.FinalHash} and was recorded as {hash}";
        }

        return new VerifyOutput(run, difference is null, compared, difference);
    }

    private static string? Difference(CoupledSystem system, WindowRecord recorded, WindowRecord computed)
    {
        var at = string.Create(CultureInfo.InvariantCulture, $"window {recorded.Index} (t = {system.Window(recorded.StartTick, recorded.EndTick).End})");
        if ((recorded.StartTick, recorded.EndTick) != (computed.StartTick, computed.EndTick))
        {
            return $"{at} has another length when it is computed again";
        }

        var ports = system.OutPorts.ToList();
        for (var i = 0; i < ports.Count; i++)
        {
            if (recorded.Fingerprints.Length != ports.Count || recorded.Fingerprints[i] != computed.Fingerprints[i])
            {
                var dot = ports[i].IndexOf('.', StringComparison.Ordinal);
                return $"{at}: the participant '{ports[i][..dot]}' wrote something else to its port '{ports[i][(dot + 1)..]}'";
            }
        }

        return recorded.Iterations == computed.Iterations ? null : $"{at} took {recorded.Iterations} iterations and takes {computed.Iterations} when it is computed again";
    }

    private static IEnumerable<WindowRecord> Recorded(RunStore file)
    {
        foreach (var entry in file.Entries())
        {
            if (RunEventCodec.Decode(entry) is RunEvent.WindowsCommitted committed)
            {
                foreach (var record in committed.Windows)
                {
                    yield return record;
                }
            }
        }
    }
}

/// <summary>The verdict of <c>verify</c>.</summary>
/// <param name="Run">The run.</param>
/// <param name="Matches">Whether everything agrees.</param>
/// <param name="Windows">How many windows were compared.</param>
/// <param name="Difference">The first difference.</param>
public sealed record VerifyOutput(string Run, bool Matches, long Windows, string? Difference)
{
    internal string Sentence => Matches ? $"{Run}: {Windows} windows come out as recorded, to the last bit" : $"{Run}: {Difference}";
}

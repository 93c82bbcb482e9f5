using System.Diagnostics;
using System.Runtime.InteropServices;
using ActorMultiscale.Actors;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Actors.Observation;
using ActorMultiscale.Host.Composition;

namespace ActorMultiscale.Host.Commands;

/// <summary>Carries a recorded run out and tells the user: what <c>run</c> and <c>resume</c> have in common.</summary>
internal static class RunExecution
{
    /// <summary>How the user wants it.</summary>
    public sealed record Manners(int Threads, bool Json, bool Quiet, bool ObservesDetails, bool RecordsFields)
    {
        /// <summary>The cluster that carries the run out; null where this process does.</summary>
        public ClusterTarget? Cluster { get; init; }
    }

    public static async Task<int> ExecuteAsync(LoadedExperiment loaded, RunStore store, RunStart start, Manners manners, double resumedAt)
    {
        var system = loaded.System;
        StandardErrorLogger.Sink = line => Console.Error.WriteLine(line);
        var observations = new ObservationStore(store);
        var settings = new RunSettings { Threads = manners.Threads, Observations = observations, ObservesDetails = manners.ObservesDetails, RecordsFields = manners.RecordsFields };
        var wall = Stopwatch.StartNew();
        using var progress = new ProgressLine(manners.Quiet, new ProgressMeter(resumedAt, system.Experiment.Until));
        var run = ActorRun.Start(system, settings, store, start, progress.Show);
        var interrupts = 0;
        void OnSignal(PosixSignalContext context)
        {
            context.Cancel = true;
            if (Interlocked.Increment(ref interrupts) > 1)
            {
                Environment.Exit(ExitCode.Stopped);
            }

            Console.Error.WriteLine();
            Console.Error.WriteLine("stopping at the next window; once more ends now (the run can be resumed either way)");
            run.RequestStop();
        }

        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        var report = await run.Completion.ConfigureAwait(false);
        progress.End();

        // A model that does not heed cancellation still holds a thread; the process does not wait for it.
        await Task.WhenAny(run.DisposeAsync().AsTask(), Task.Delay(TimeSpan.FromSeconds(3))).ConfigureAwait(false);

        await EndAsync(observations).ConfigureAwait(false);

        return Tell(start.Run, report, loaded, manners, wall.Elapsed);
    }

    /// <summary>Tells the user how a run ended.</summary>
    /// <returns>The exit code.</returns>
    public static int Tell(string run, RunReport report, LoadedExperiment loaded, Manners manners, TimeSpan wall)
    {
        // The checks speak of the end of the run; one that stopped early is not judged.
        var checks = report.Status == RunStatus.Completed ? loaded.Judge(report.Result.Metrics) : [];
        RunOutput.Print(RunOutput.Of(run, report, checks, wall.TotalSeconds), manners.Json);
        if (report.Result.Metrics.GetValueOrDefault("not-converged") is > 0 and var unconverged)
        {
            // A run that goes on with iterates that nobody agreed on should not end in silence.
            Console.Error.WriteLine(FormattableString.Invariant(
                $"warning: {unconverged} of {report.Result.Windows} windows did not converge, and their last iterates were taken; 'runs show {run} --convergence' says which. A criterion that is 'strict' ends the run instead."));
        }

        if (report.Status is not (RunStatus.Completed or RunStatus.Stopped))
        {
            Console.Error.WriteLine($"{RunStatusWord.Of(report.Status)}: {report.Result.Reason}");
        }

        return ExitCode.Of(report.Status, checks.All(c => c.Passes));
    }

    // An observation that is lost is told, and is no failure of the run.
    private static async Task EndAsync(ObservationStore observations)
    {
        try
        {
            await observations.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception fault)
        {
            await Console.Error.WriteLineAsync($"warning: what was observed of the run is not complete: {fault.Message}").ConfigureAwait(false);
        }

        if (observations.Lost > 0)
        {
            await Console.Error.WriteLineAsync($"warning: {observations.Lost} observations (iterations, watches, times) are left out: they came faster than they could be written").ConfigureAwait(false);
        }
    }
}

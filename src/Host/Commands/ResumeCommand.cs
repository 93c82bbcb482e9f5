using System.CommandLine;
using ActorMultiscale.Actors;
using ActorMultiscale.Actors.Cluster;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Host.Composition;
using ActorMultiscale.Physics.Coupling;

namespace ActorMultiscale.Host.Commands;

/// <summary><c>resume RUN</c>: goes on from the last snapshot; what was committed after it is computed again and must come out the same.</summary>
internal static class ResumeCommand
{
    public static Command Create()
    {
        var name = new Argument<string?>("run") { Description = "The run", Arity = ArgumentArity.ZeroOrOne };
        var last = new Option<bool>("--last") { Description = "The newest run" };
        var force = new Option<bool>("--other-machine") { Description = "Go on although the machine differs from the one that made the record; the bits may then differ" };
        var takeOver = SharedOptions.TakeOver();
        var until = SharedOptions.Until();
        var store = SharedOptions.Store();
        var (cluster, certificates) = (NodeCommand.AddressOption("--cluster", "Have a cluster carry the run out: any node of it, as host:port. Its nodes use the same --store"), SharedOptions.Certificates());
        var command = new Command("resume", "Go on with a run that was interrupted or stopped, or extend a finished one") { name, last, until, force, takeOver, store, cluster, certificates };
        var how = new MannerOptions(command, cluster);
        command.Validators.Add(result =>
        {
            if ((result.GetValue(name) is null) != result.GetValue(last))
            {
                result.AddError("Name the run, or give --last for the newest one.");
            }

            if (result.GetResult(cluster) is not null && result.GetValue(until) is not null)
            {
                result.AddError("A cluster goes on with a run up to where it was to end: --until and --cluster do not go together.");
            }
        });
        command.SetAction(async (parsed, _) =>
        {
            var catalog = RunCatalog.Of(parsed.GetValue(store)!);
            var run = parsed.GetValue(name) ?? catalog.Last() ?? throw new RunStoreException($"There are no runs in '{catalog.Name}'.");
            var manners = how.Of(parsed);
            using var file = catalog.Open(run);
            try
            {
                file.Acquire(parsed.GetValue(takeOver));
            }
            catch (RunStoreException) when (parsed.GetResult(cluster) is not null && file.KeptBy is not null)
            {
                throw new RunStoreException($"The cluster '{file.KeptBy}' carries '{run}' out: 'attach {run} --cluster {parsed.GetValue(cluster)}' looks at it, 'stop {run} --cluster {parsed.GetValue(cluster)}' ends it.");
            }

            if (parsed.GetResult(cluster) is not null)
            {
                manners = manners with { Cluster = new ClusterTarget(parsed.GetValue(cluster), parsed.GetValue(certificates) is { } folder ? NodeCertificates.Load(folder) : null, IsDetached: false) };
            }

            if (file.KeptBy is { } keeper)
            {
                // Nobody computes it now. A cluster of a trial ended with whoever tried it; of another only the user knows that it will not come again.
                if (parsed.GetValue(takeOver) || keeper.StartsWith(NodeSettings.TrialPrefix, StringComparison.Ordinal))
                {
                    file.Unkeep();
                }
                else if (manners.Cluster is null)
                {
                    throw new RunStoreException($"The cluster '{keeper}' keeps the run '{run}' going. 'stop {run} --cluster HOST:PORT' ends that, 'resume {run} --cluster HOST:PORT' has it go on; if the cluster is gone for good, --take-over takes the run from it.");
                }
            }

            var history = file.Recent();
            if (history.Chain.Events == 0)
            {
                history.Begin(file.Origin());
            }

            var origin = history.Origin!;
            var extended = parsed.GetValue(until);

            // A run that was interrupted before its first event starts from the beginning.
            double? end = extended is not null ? ExperimentLoader.Time(extended, "--until") : history.Epoch > 0 ? history.Until : null;
            var loaded = ExperimentLoader.Reload(file, origin, end);
            var system = loaded.System;
            if (history.End is { Outcome: RunOutcome.Completed } done && extended is null)
            {
                // Nothing is left to compute: the result is in the record.
                file.SetEnd("completed", done.Windows, done.FinalHash, TimeProvider.System.GetUtcNow());
                var checks = loaded.Judge(done.Metrics);
                await Console.Error.WriteLineAsync($"the run '{run}' is complete; 'resume {run} --until T' extends it").ConfigureAwait(false);
                RunOutput.Print(RunOutput.Of(run, new RunReport(RunStatus.Completed, new RunResult(done.Outcome, done.Reason, done.Windows, done.FinalHash, done.Metrics)), checks, 0), manners.Json);
                file.Dispose();
                var verdict = ExitCode.Of(RunStatus.Completed, checks.All(c => c.Passes));
                return verdict == ExitCode.Ok ? await RunStages.ContinueAsync(catalog, run, loaded, manners).ConfigureAwait(false) : verdict;
            }

            var reached = Math.Max(history.Snapshot?.Tick ?? 0, history.SinceSnapshot.Count > 0 ? history.SinceSnapshot[^1].EndTick : 0);
            if (reached > system.EndTick)
            {
                throw new RunStoreException($"The run '{run}' stands at t = {system.Window(0, reached).End} already; --until must lie beyond that.");
            }

            if (!parsed.GetValue(force) && history.Machine is { } recorded && Machine.Difference(recorded, Machine.Stamp) is { } difference)
            {
                throw new RunStoreException($"The run '{run}' was made elsewhere: {difference}. The same bits are not promised. Use the same machine, or --other-machine.");
            }

            if (manners.Cluster is not null)
            {
                // The record is free now: the cluster takes it.
                file.Dispose();
                var ended = await ClusterExecution.RunAsync(catalog, run, loaded, manners).ConfigureAwait(false);
                return ended == ExitCode.Ok ? await RunStages.ContinueAsync(catalog, run, loaded, manners).ConfigureAwait(false) : ended;
            }

            var start = new RunStart(run, origin, Machine.Stamp, system.Experiment.Until);
            var exit = await RunExecution.ExecuteAsync(loaded, file, start, manners, system.Window(0, history.Snapshot?.Tick ?? 0).End).ConfigureAwait(false);
            file.Dispose();
            return exit == ExitCode.Ok ? await RunStages.ContinueAsync(catalog, run, loaded, manners).ConfigureAwait(false) : exit;
        });
        return command;
    }
}

using System.CommandLine;
using System.Text;
using ActorMultiscale.Actors;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Host.Composition;

namespace ActorMultiscale.Host.Commands;

/// <summary><c>run FILE</c>: runs an experiment and keeps its record.</summary>
internal static class RunCommand
{
    public static Command Create()
    {
        var experiment = SharedOptions.Experiment();
        var set = SharedOptions.Set();
        var until = SharedOptions.Until();
        var name = new Option<string?>("--name") { Description = "The name of the run; made from the experiment and the time if not given" };
        var (store, threads, json, quiet) = (SharedOptions.Store(), SharedOptions.Threads(), SharedOptions.Json(), SharedOptions.Quiet());
        var command = new Command("run", "Run an experiment") { experiment, set, until, name, store, threads, json, quiet };
        command.SetAction(async (parsed, _) =>
        {
            var overrides = parsed.GetValue(set) ?? [];
            if (parsed.GetValue(until) is { } end)
            {
                overrides = [.. overrides, $"until={end}"];
            }

            var loaded = ExperimentLoader.Load(parsed.GetValue(experiment)!, overrides);
            foreach (var warning in loaded.Warnings)
            {
                await Console.Error.WriteLineAsync("warning: " + warning).ConfigureAwait(false);
            }

            var clock = TimeProvider.System;
            var folder = new RunFolder(parsed.GetValue(store)!);
            var run = parsed.GetValue(name) ?? folder.NewName(loaded.System.Experiment.Name, clock.GetUtcNow());
            var origin = loaded.OriginOf(run);
            using var file = RunStore.Create(folder.FileOf(run), origin, loaded.Inputs.Select(input => Encoding.UTF8.GetBytes(input.Text)), clock.GetUtcNow());
            var start = new RunStart(run, origin, Machine.Stamp, loaded.System.Experiment.Until, HeadEvents: 0);
            return await RunExecution.ExecuteAsync(loaded, file, start,
                new RunExecution.Manners(parsed.GetValue(threads), parsed.GetValue(json), parsed.GetValue(quiet)), resumedAt: 0).ConfigureAwait(false);
        });
        return command;
    }
}

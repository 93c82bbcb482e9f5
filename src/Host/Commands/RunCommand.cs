using System.CommandLine;
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
        var from = new Option<string?>("--from") { Description = "Begin in the state in which another run ended" };
        var store = SharedOptions.Store();
        var command = new Command("run", "Run an experiment") { experiment, set, until, name, from, store };
        var how = new MannerOptions(command);
        command.SetAction(async (parsed, _) =>
        {
            var overrides = parsed.GetValue(set) ?? [];
            if (parsed.GetValue(until) is { } end)
            {
                overrides = [.. overrides, $"until={end}"];
            }

            var catalog = RunCatalog.Of(parsed.GetValue(store)!);
            var carried = parsed.GetValue(from) is { } parent ? RunStages.LastStateOf(catalog, parent) : null;
            var loaded = ExperimentLoader.Load(parsed.GetValue(experiment)!, overrides, stage: null, carried);
            var run = parsed.GetValue(name) ?? catalog.NewName(loaded.System.Experiment.Name, TimeProvider.System.GetUtcNow());
            var manners = how.Of(parsed);
            return await RunStages.RunAsync(catalog, run, loaded, manners).ConfigureAwait(false);
        });
        return command;
    }
}

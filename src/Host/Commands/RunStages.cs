using System.Collections.Immutable;
using System.Text;
using ActorMultiscale.Actors;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Host.Composition;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Host.Commands;

/// <summary>
/// Runs an experiment stage by stage. Every stage is a run of its own, with its own scheme, clock and record; its participants begin in the
/// state in which the stage before left them.
/// </summary>
internal static class RunStages
{
    /// <summary>Runs <paramref name="loaded"/>, and the stages after it.</summary>
    public static Task<int> RunAsync(RunCatalog catalog, string run, LoadedExperiment loaded, RunExecution.Manners manners) =>
        StartAsync(catalog, loaded, loaded.OriginOf(NameOf(run, loaded)), begins: null, manners);

    /// <summary>The name of the record of <paramref name="loaded"/>, which is a stage of the run called <paramref name="run"/>, or all of it.</summary>
    public static string NameOf(string run, LoadedExperiment loaded) => loaded.Stage.Length > 0 ? $"{run}.{loaded.Stage}" : run;

    /// <summary>Makes the record, and runs what it says from the beginning, or from the state in which it <paramref name="begins"/>; then the stages after it.</summary>
    public static async Task<int> StartAsync(RunCatalog catalog, LoadedExperiment loaded, RunOrigin origin, RunSnapshot? begins, RunExecution.Manners manners)
    {
        foreach (var warning in loaded.Warnings)
        {
            await Console.Error.WriteLineAsync("warning: " + warning).ConfigureAwait(false);
        }

        IEnumerable<byte[]> chunks = [.. loaded.Inputs.Select(input => Encoding.UTF8.GetBytes(input.Text)), .. loaded.Carried.States.Values.Select(s => s.Save()),
            .. begins is null ? [] : begins.States.SelectMany(state => state.Parts).OfType<StatePart.Here>().Select(part => part.Bytes).Append(begins.Fields)];
        int exit;
        using (var file = catalog.Create(origin, chunks, TimeProvider.System.GetUtcNow()))
        {
            var start = new RunStart(origin.Run, origin, Machine.Stamp, loaded.System.Experiment.Until);
            exit = manners.Cluster is not null ? ExitCode.Ok : await RunExecution.ExecuteAsync(loaded, file, start, manners, resumedAt: loaded.System.Window(0, begins?.Tick ?? 0).End).ConfigureAwait(false);
            if (manners.Cluster is not null)
            {
                try
                {
                    file.Release();
                }
                catch (RunStoreException)
                {
                    // The store is away just now; that this process is gone is known without it.
                }
            }
        }

        if (manners.Cluster is { } cluster)
        {
            // The record is free now: the cluster takes it.
            exit = await ClusterExecution.RunAsync(catalog, origin.Run, loaded, manners).ConfigureAwait(false);
            if (cluster.IsDetached)
            {
                return exit;
            }
        }

        return exit == ExitCode.Ok ? await ContinueAsync(catalog, origin.Run, loaded, manners).ConfigureAwait(false) : exit;
    }

    /// <summary>Runs the stages after <paramref name="loaded"/>, which is complete and recorded as <paramref name="name"/>.</summary>
    public static Task<int> ContinueAsync(RunCatalog catalog, string name, LoadedExperiment loaded, RunExecution.Manners manners)
    {
        if (loaded.NextStage is not { } next)
        {
            return Task.FromResult(ExitCode.Ok);
        }

        var run = name[..^(loaded.Stage.Length + 1)];
        if (catalog.Exists($"{run}.{next}"))
        {
            Console.Error.WriteLine($"the stage '{next}' has a record already; 'resume {run}.{next}' goes on with it");
            return Task.FromResult(ExitCode.Ok);
        }

        Console.Error.WriteLine($"stage '{loaded.Stage}' is complete; stage '{next}' begins");
        var left = LastStateOf(catalog, name);
        var carried = left with { States = loaded.Carried.States.SetItems(left.States) };      // Who rested keeps what it had.
        return RunAsync(catalog, run, ExperimentLoader.Load(loaded.File, loaded.Overrides, next, carried), manners);
    }

    /// <summary>The state in which the participants of a run stood at its last snapshot.</summary>
    /// <exception cref="RunStoreException">There is no such run, or it has no snapshot.</exception>
    public static CarriedStates LastStateOf(RunCatalog catalog, string run)
    {
        using var file = catalog.Open(run);
        var history = file.History();
        if (history.Origin is not { } origin || history.Snapshot is not { } snapshot)
        {
            throw new RunStoreException($"The run '{run}' has no snapshot from which another could begin. Let it run to a snapshot, or to its end.");
        }

        var system = ExperimentLoader.Reload(file, origin, history.Until).System;
        var core = new CouplingCore(system, file.ReadChunk(snapshot.Fields));
        List<ImmutableArray<string>> chunks = [.. snapshot.ByParticipant()];
        var states = ImmutableSortedDictionary.CreateBuilder<string, CarriedState>(StringComparer.Ordinal);
        foreach (var node in system.Participants)
        {
            var last = ImmutableSortedDictionary.CreateBuilder<string, double[]>(StringComparer.Ordinal);
            for (var port = 0; port < node.Description.Ports.Length; port++)
            {
                if (node.Description.Ports[port].Port is { Direction: PortDirection.Out } written && core.Fields.LastOf(node.Index, port) is { } sample)
                {
                    last[written.Name] = sample.Values.ToArray();
                }
            }

            states[node.Name] = new CarriedState($"'{run}', window {snapshot.Window}", ParticipantState.OfMembers(chunks[node.Index].Select(file.ReadChunk)).Whole(), last.ToImmutable());
        }

        return new CarriedStates(run, snapshot.Window, states.ToImmutable());
    }
}

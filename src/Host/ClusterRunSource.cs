using ActorMultiscale.Actors;
using ActorMultiscale.Actors.Cluster;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Host.Composition;

namespace ActorMultiscale.Host;

/// <summary>The store of a cluster's nodes, and the experiments of its runs.</summary>
internal sealed class ClusterRunSource(RunCatalog catalog) : IRunSource
{
    public RunStore Open(string run) => catalog.Open(run);

    public SourcedRun Compose(RunStore store)
    {
        var history = store.Recent();
        var origin = history.Chain.Events == 0 ? store.Origin() : history.Origin!;
        try
        {
            // A run that was interrupted before its first event starts from the beginning.
            var system = ExperimentLoader.Reload(store, origin, history.Epoch > 0 ? history.Until : null).System;
            return new SourcedRun(system, new RunStart(origin.Run, origin, Machine.Stamp, system.Experiment.Until));
        }
        catch (InvalidExperimentException fault)
        {
            throw new ArgumentException(fault.Message, fault);
        }
    }

    public IReadOnlyList<string> Kept(string cluster)
    {
        List<string> kept = [];
        foreach (var run in catalog.List())
        {
            if (run.Summary is not { } summary)
            {
                // A record that is damaged is nobody's; one that cannot be read at this moment makes the list one that nobody can go by.
                try
                {
                    catalog.Open(run.Place).Dispose();
                }
                catch (RunStoreException fault) when (!fault.Passes)
                {
                    continue;
                }

                throw new RunStoreException(run.Fault) { Passes = true };
            }

            using var store = catalog.Open(summary.Run);
            if (store.KeptBy == cluster)
            {
                kept.Add(summary.Run);
            }
        }

        return kept;
    }
}

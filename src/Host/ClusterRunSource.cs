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

    public IReadOnlyList<string> Kept(string cluster) => catalog.Kept(cluster);
}

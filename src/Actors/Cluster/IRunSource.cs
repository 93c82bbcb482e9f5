using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Physics.Coupling;

namespace ActorMultiscale.Actors.Cluster;

/// <summary>The store that all nodes of a cluster reach, and how a run is made of what is recorded there: which models there are, the program knows.</summary>
public interface IRunSource
{
    /// <summary>Opens the record of a run.</summary>
    /// <exception cref="RunStoreException">There is none, or the store is away.</exception>
    RunStore Open(string run);

    /// <summary>Makes the run that a record is of; from where it ends, or from the beginning.</summary>
    /// <exception cref="RunStoreException">The record is damaged.</exception>
    /// <exception cref="ArgumentException">What is recorded is no experiment for this program.</exception>
    SourcedRun Compose(RunStore store);

    /// <summary>The runs that the cluster of the name <paramref name="cluster"/> is to carry: told to, and not over.</summary>
    /// <exception cref="RunStoreException">The store is away.</exception>
    IReadOnlyList<string> Kept(string cluster);
}

/// <summary>A run made of its record.</summary>
/// <param name="System">The coupled system.</param>
/// <param name="Start">With what it begins, or goes on.</param>
public sealed record SourcedRun(CoupledSystem System, RunStart Start);

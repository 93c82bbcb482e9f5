using System.Collections.Immutable;
using ActorMultiscale.Actors.Observation;
using ActorMultiscale.Actors.Protocol;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Distribution;

namespace ActorMultiscale.Actors.Cluster;

/// <summary>Participants on sites, as their coordinator sees them: what it orders in one turn goes to each site in one batch.</summary>
internal sealed class RemoteCrew(CoupledSystem system, FieldPlacement placement, ICoordinatorLines lines, WindowTrace trace) : ICrew
{
    private readonly ImmutableArray<object>.Builder[] _batches = [.. Enumerable.Range(0, placement.Sites).Select(_ => ImmutableArray.CreateBuilder<object>())];

    public bool HasWork => false;

    public void Order(int participant, ParticipantJob job)
    {
        var site = placement.Participants[participant];
        if (job is ParticipantJob.Restore)
        {
            // Before anything else, and as long as it may be.
            lines.ToSite(site, new SiteOrder.Job(participant, job));
        }
        else
        {
            _batches[site].Add(new SiteOrder.Job(participant, job));
        }
    }

    public void Tell(ScriptEntry entry)
    {
        foreach (var site in placement.SitesOf(system, entry))
        {
            _batches[site].Add(entry);
        }
    }

    public bool TryWork(out object? answer)
    {
        answer = null;
        return false;
    }

    public void Flush()
    {
        for (var site = 0; site < _batches.Length; site++)
        {
            if (_batches[site].Count > 0)
            {
                lines.ToSite(site, new SiteOrder.Batch(_batches[site].DrainToImmutable()) { Trace = trace.Parent });
            }
        }
    }

    public void Dispose() => lines.Dispose();
}

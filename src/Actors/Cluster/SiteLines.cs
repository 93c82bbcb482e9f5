using System.Collections.Immutable;
using ActorMultiscale.Actors.Protocol;
using ActorMultiscale.Physics.Coupling.Distribution;

namespace ActorMultiscale.Actors.Cluster;

/// <summary>What a coordinator tells a site.</summary>
internal abstract record SiteOrder
{
    private SiteOrder() { }

    /// <summary>Entries of the script, and jobs of the site's participants, in order.</summary>
    public sealed record Batch(ImmutableArray<object> Items) : SiteOrder
    {
        /// <summary>The identity of the activity of the root window to which advances in the batch belong; null where nobody traces.</summary>
        public string? Trace { get; init; }
    }

    /// <summary>A job of a participant: inside a batch, but for the restoring of its state, which comes by itself.</summary>
    public sealed record Job(int Participant, ParticipantJob What) : SiteOrder;

    /// <summary>Where all sites listen: each connects to those behind it with which it exchanges something.</summary>
    public sealed record Meet(ImmutableArray<NodeAddress> Sites) : SiteOrder;

    /// <summary>The rows of this number that the site sent (<see cref="StateRows"/>) are durable.</summary>
    public sealed record RowsWritten(long Number) : SiteOrder;

    /// <summary>The fields of the snapshot from which the run goes on; empty for its start. The site's first order.</summary>
    public sealed record Begin(byte[] Fields) : SiteOrder;
}

/// <summary>Where the members of a team are, that is on several sites.</summary>
/// <param name="Participant">The participant that the team computes.</param>
/// <param name="Sites">Of each member its site; the participant's is that of member 0.</param>
public readonly record struct TeamSites(int Participant, ImmutableArray<int> Sites);

/// <summary>A site has links to all with which it exchanges something, and its participants are made.</summary>
internal sealed record SiteIsReady(int Site);

/// <summary>The lines of a site to the others.</summary>
internal interface ISiteLines
{
    /// <summary>Tells the coordinator what a participant, or the site, answers; in order.</summary>
    void ToCoordinator(object answer);

    /// <summary>Sends to another site a <see cref="FieldParcel"/>, whose values are copied before this returns, or a <see cref="TeamPacket"/>. From any thread.</summary>
    void ToSite(int site, object parcel);
}

/// <summary>The lines of a coordinator to its sites.</summary>
internal interface ICoordinatorLines : IDisposable
{
    /// <summary>Tells a site what to do; in order.</summary>
    void ToSite(int site, SiteOrder order);
}

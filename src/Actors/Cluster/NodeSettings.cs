using System.Collections.Immutable;
using System.Text.RegularExpressions;
using ActorMultiscale.Actors.Journal;

namespace ActorMultiscale.Actors.Cluster;

/// <summary>What a node is told when it is started.</summary>
public sealed partial record NodeSettings
{
    /// <summary>What the node is: its program and machine.</summary>
    public required NodeIdentity Identity { get; init; }

    /// <summary>The name of its cluster: nodes of another do not join, and clusters that share a store keep apart by it.</summary>
    public string Cluster { get; init; } = RunStore.DefaultCluster;

    /// <summary>How the names of clusters begin that end with the process which started them. What such a one has left in a store, nobody goes on with by himself.</summary>
    public const string TrialPrefix = "local-";

    /// <summary>Whether the cluster is one of these.</summary>
    public bool IsTrial => Cluster.StartsWith(TrialPrefix, StringComparison.Ordinal);

    /// <summary>
    /// Whether it joins nodes of another program, to replace them one after the other. It takes part in no run whose keeper is on one of them. Others see it by a role that nobody can give a
    /// node (<see cref="UpgradeMark"/>): that is told by the cluster itself, whatever messages the two programs know.
    /// </summary>
    public bool IsUpgrade { get; init; }

    /// <summary>The role of a node that <see cref="IsUpgrade"/>.</summary>
    public const string UpgradeMark = "+upgrade";

    /// <summary>Where it listens; with port 0 on any that is free.</summary>
    public NodeAddress Listen { get; init; } = new("127.0.0.1", 0);

    /// <summary>
    /// Nodes of the cluster that it joins, of which one that is a member is taken. Where this node itself is the first of them, it forms the cluster if most of them answer and none is a member;
    /// where there are none, at once.
    /// </summary>
    public ImmutableArray<NodeAddress> Contacts { get; init; } = [];

    /// <summary>How many roles a node may have.</summary>
    public const int MostRoles = 32;

    /// <summary>What may be placed on it.</summary>
    public ImmutableArray<string> Roles { get; init; } = [];

    /// <summary>Who it is to others, and whom it believes; null for connections that nobody protects.</summary>
    public NodeCertificates? Certificates { get; init; }

    /// <summary>How many threads compute.</summary>
    public int Threads { get; init; } = Math.Max(1, Environment.ProcessorCount - 1);

    /// <summary>Where runs are kept, as <c>--store</c> names it.</summary>
    public string Store { get; init; } = "";

    /// <summary>How long it tries to join.</summary>
    public TimeSpan JoinWithin { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How often a run whose keeper is on this node looks whether it would be done sooner on other nodes; it does not move sooner after it has begun.</summary>
    public TimeSpan LookAround { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Whether <paramref name="role"/> is the name of a role: small letters, digits and hyphens, at most 32.</summary>
    public static bool IsRole(string role) => Role().IsMatch(role);

    /// <summary>Whether <paramref name="name"/> is the name of a cluster: small letters, digits and hyphens, at most 64.</summary>
    public static bool IsClusterName(string name) => ClusterName().IsMatch(name);

    [GeneratedRegex("^[a-z][a-z0-9-]{0,63}$", RegexOptions.CultureInvariant)]
    private static partial Regex ClusterName();

    [GeneratedRegex("^[a-z][a-z0-9-]{0,31}$", RegexOptions.CultureInvariant)]
    private static partial Regex Role();
}

/// <summary>What happens to a node.</summary>
public enum NodeEventKind
{
    /// <summary>It listens.</summary>
    Listening,

    /// <summary>It is a member.</summary>
    Up,

    /// <summary>Another is a member.</summary>
    MemberUp,

    /// <summary>Heartbeats of another fail to come.</summary>
    MemberUnreachable,

    /// <summary>They come again.</summary>
    MemberReachable,

    /// <summary>Another leaves.</summary>
    MemberLeaving,

    /// <summary>Another is a member no more.</summary>
    MemberRemoved,

    /// <summary>Its own threads answer late, or do so no more.</summary>
    Stall,

    /// <summary>It ends.</summary>
    Ending,

    /// <summary>Participants of a run are computed here from now on.</summary>
    SiteBegins,

    /// <summary>They are computed here no more.</summary>
    SiteEnded,
}

/// <summary>Something that happened to a node.</summary>
/// <param name="Kind">What.</param>
/// <param name="Address">To whom.</param>
/// <param name="Text">The same in words.</param>
public sealed record NodeEvent(NodeEventKind Kind, NodeAddress Address, string Text)
{
    /// <summary>What is computed on it, where the event is about that.</summary>
    public SiteSpan? Site { get; init; }

    internal static NodeEvent OfSite(NodeEventKind kind, NodeAddress address, SiteSpan site) =>
        new(kind, address, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{string.Join(", ", Summed(site.Participants))} of '{site.Run}', epoch {site.Epoch}: {(kind == NodeEventKind.SiteBegins ? "computed here" : "computed here no more")}")) { Site = site };

    // Members of an ensemble by their number: there may be thousands.
    private static IEnumerable<string> Summed(ImmutableArray<string> participants) =>
        participants.GroupBy(name => name.EndsWith(']') ? name[..name.IndexOf('[', StringComparison.Ordinal)] : name, StringComparer.Ordinal)
            .Select(of => of.Count() == 1 ? of.First() : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{of.Count()} of {of.Key}[*]"));
}

/// <summary>Participants that a node computes, or has computed.</summary>
/// <param name="Run">The run.</param>
/// <param name="Epoch">The incarnation of its coordinator.</param>
/// <param name="Participants">Their names; of a team on several nodes those of its members that are here.</param>
/// <param name="From">Since when, by the clock of the node.</param>
public sealed record SiteSpan(string Run, int Epoch, ImmutableArray<string> Participants, DateTimeOffset From)
{
    /// <summary>When the last step that counts was begun or ended; null while they are computed.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>When the last step ended that was under way when nobody counted on it any more, and whose result went nowhere; null where there was none.</summary>
    public DateTimeOffset? InVain { get; init; }
}

/// <summary>Why a node ended.</summary>
public enum NodeEnd
{
    /// <summary>It was told to, and left.</summary>
    Left,

    /// <summary>The others removed it, or it was cut off from most of them and removed itself.</summary>
    Removed,

    /// <summary>It may not join: another program, another machine, another cluster's certificate.</summary>
    Refused,

    /// <summary>No node of the cluster answered.</summary>
    Unreachable,

    /// <summary>It failed.</summary>
    Failed,
}

/// <summary>How a node ended.</summary>
public sealed record NodeOutcome(NodeEnd End, string Reason);

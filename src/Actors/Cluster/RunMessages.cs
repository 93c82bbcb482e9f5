using System.Collections.Immutable;
using ActorMultiscale.Actors.Journal;

namespace ActorMultiscale.Actors.Cluster;

/// <summary>A node is to carry a site of a run. Lower epochs than the highest that it has heard of are refused.</summary>
/// <param name="Run">The run.</param>
/// <param name="Epoch">The incarnation of its coordinator.</param>
/// <param name="Site">The number of the site.</param>
/// <param name="Token">The secret of the incarnation, by which its processes know each other: 32 hexadecimal digits.</param>
/// <param name="Sites">Of each participant its site.</param>
/// <param name="Homes">Of each conduit its home.</param>
/// <param name="Groups">Of each group its home.</param>
/// <param name="Teams">Teams that are on several sites.</param>
/// <param name="Count">How many sites there are.</param>
/// <param name="Origin">Hash of what the run was started from, as the coordinator's store has it: another store may hold another run of the name.</param>
public sealed record OpenSite(string Run, int Epoch, int Site, string Token, ImmutableArray<int> Sites, ImmutableArray<int> Homes, ImmutableArray<int> Groups, ImmutableArray<TeamSites> Teams, int Count, string Origin) : IControlMessage;

/// <summary>The site listens.</summary>
public sealed record SiteIsOpen(string Run, int Epoch, int Site, NodeAddress Address) : IControlMessage;

/// <summary>The site is not opened.</summary>
public sealed record SiteRefused(string Run, int Epoch, int Site, string Reason) : IControlMessage;

/// <summary>The cluster is to carry out a run whose record is in its store.</summary>
public sealed record KeepRun(string Run) : IControlMessage;

/// <summary>A run of the cluster is to end at its next root boundary, with a snapshot.</summary>
public sealed record StopKeeping(string Run) : IControlMessage;

/// <summary>A node is about to leave: what it computes is to be moved to others.</summary>
public sealed record NodeLeaves(NodeAddress Node) : IControlMessage;

/// <summary>How does a run of the cluster stand?</summary>
public sealed record RunQuestion(string Run) : IControlMessage;

/// <summary>Which runs does the cluster carry?</summary>
public sealed record RunsQuestion : IControlMessage;

/// <summary>The runs that a cluster carries, or has carried since its keeper began.</summary>
public sealed record RunList(ImmutableArray<RunStanding> Runs) : IControlMessage;

/// <summary>How a run of the cluster stands.</summary>
/// <param name="Run">The run.</param>
/// <param name="State">What it does.</param>
/// <param name="Note">What holds it up, or how it ended.</param>
/// <param name="Epoch">The incarnation of its coordinator; 0 before the first.</param>
/// <param name="Time">Where it stands, s.</param>
/// <param name="Until">Where it ends, s.</param>
/// <param name="Accepted">Root windows accepted.</param>
/// <param name="Durable">Root windows durable.</param>
/// <param name="Iterations">Root iterations.</param>
public sealed record RunStanding(string Run, RunState State, string Note, int Epoch, double Time, double Until, long Accepted, long Durable, long Iterations) : IControlMessage
{
    /// <summary>How it ended, where it is over.</summary>
    public RunStatus Status { get; init; }

    /// <summary>Whether the store knows that the cluster goes on with it no more, whatever becomes of the keeper: it is over, or ends soon.</summary>
    public bool IsLetGo { get; init; }

    /// <summary>The nodes on which its participants are.</summary>
    public ImmutableArray<NodeAddress> Nodes { get; init; } = [];
}

/// <summary>What a run of a cluster does.</summary>
public enum RunState
{
    /// <summary>The cluster does not know it.</summary>
    Unknown,

    /// <summary>It waits: for nodes, for the store, for what another process still holds.</summary>
    Waiting,

    /// <summary>Its sites are opened.</summary>
    Opening,

    /// <summary>It runs.</summary>
    Running,

    /// <summary>It is over.</summary>
    Over,
}

/// <summary>How the messages about runs stand in bytes.</summary>
internal static class RunMessages
{
    private const int LongestReason = 2000;
    private const int MostParts = 20_000;

    public static ImmutableArray<ControlKind> Kinds { get; } =
    [
        ControlKind.Of("os2", static (to, what) =>
        {
            WriteSite(to, what.Run, what.Epoch, what.Site);
            to.Text(what.Token, 32);
            to.List(what.Sites, static (to, site) => to.Integer(site), MostParts);
            to.List(what.Homes, static (to, site) => to.Integer(site), MostParts);
            to.List(what.Groups, static (to, site) => to.Integer(site), MostParts);
            to.List(what.Teams, static (to, team) =>
            {
                to.Integer(team.Participant);
                to.List(team.Sites, static (to, site) => to.Integer(site), MostParts);
            }, MostParts);
            to.Integer(what.Count);
            to.Text(what.Origin, 2 * RunEventCodec.HashLength);
        }, static (ref ControlReader from) => new OpenSite(from.Text(), (int)from.Integer(1, int.MaxValue), Site(ref from), from.Text(32), Sites(ref from), Sites(ref from), Sites(ref from),
            from.List(static (ref ControlReader from) => new TeamSites(Site(ref from), Sites(ref from)), MostParts), (int)from.Integer(1, MostParts), from.Text(2 * RunEventCodec.HashLength))),
        ControlKind.Of("so1", static (to, what) =>
        {
            WriteSite(to, what.Run, what.Epoch, what.Site);
            NodeMessages.Write(to, what.Address);
        }, static (ref ControlReader from) => new SiteIsOpen(from.Text(), (int)from.Integer(1, int.MaxValue), Site(ref from), NodeMessages.Address(ref from))),
        ControlKind.Of("sr1", static (to, what) =>
        {
            WriteSite(to, what.Run, what.Epoch, what.Site);
            to.Text(what.Reason.Length <= LongestReason ? what.Reason : what.Reason[..LongestReason], LongestReason);
        }, static (ref ControlReader from) => new SiteRefused(from.Text(), (int)from.Integer(1, int.MaxValue), Site(ref from), from.Text(LongestReason))),
        ControlKind.Of("kr1", static (to, what) => to.Text(what.Run), static (ref ControlReader from) => new KeepRun(from.Text())),
        ControlKind.Of("sk1", static (to, what) => to.Text(what.Run), static (ref ControlReader from) => new StopKeeping(from.Text())),
        ControlKind.Of("nl1", static (to, what) => NodeMessages.Write(to, what.Node), static (ref ControlReader from) => new NodeLeaves(NodeMessages.Address(ref from))),
        ControlKind.Of("rq1", static (to, what) => to.Text(what.Run), static (ref ControlReader from) => new RunQuestion(from.Text())),
        ControlKind.Of("rl1", static (_, _) => { }, static (ref ControlReader _) => new RunsQuestion()),
        ControlKind.Of("rs2", Write, Standing),
        ControlKind.Of("rm2", static (to, list) => to.List(list.Runs, Write), static (ref ControlReader from) => new RunList(from.List(Standing))),
    ];

    private static void WriteSite(ControlWriter to, string run, int epoch, int site)
    {
        to.Text(run);
        to.Integer(epoch);
        to.Integer(site);
    }

    private static int Site(ref ControlReader from) => (int)from.Integer(0, MostParts);

    private static ImmutableArray<int> Sites(ref ControlReader from) => from.List(Site, MostParts);

    private static void Write(ControlWriter to, RunStanding what)
    {
        to.Text(what.Run);
        to.Integer((int)what.State);
        to.Text(what.Note.Length <= LongestReason ? what.Note : what.Note[..LongestReason], LongestReason);
        to.Integer(what.Epoch);
        to.Number(what.Time);
        to.Number(what.Until);
        to.Integer(what.Accepted);
        to.Integer(what.Durable);
        to.Integer(what.Iterations);
        to.Integer((int)what.Status);
        to.Flag(what.IsLetGo);
        to.List(what.Nodes, NodeMessages.Write);
    }

    private static RunStanding Standing(ref ControlReader from) => new(from.Text(), (RunState)from.Integer(0, (int)RunState.Over), from.Text(LongestReason), (int)from.Integer(0, int.MaxValue),
        from.Number(), from.Number(), from.Integer(0), from.Integer(0), from.Integer(0))
    {
        Status = (RunStatus)from.Integer(0, (int)RunStatus.SitesLost),
        IsLetGo = from.Flag(),
        Nodes = from.List(NodeMessages.Address),
    };
}

using System.Collections.Immutable;
using ActorMultiscale.Actors.Journal;

namespace ActorMultiscale.Actors.Cluster;

/// <summary>Who are you? Asked before a node joins. With <see cref="NodeIdentity"/> it stays as it is in every version, so that versions can tell that they differ.</summary>
public sealed record IdentityQuestion : IControlMessage;

/// <summary>What a node is; nodes of one cluster are equal in it.</summary>
/// <param name="Program">The version of the program.</param>
/// <param name="Machine">What decides about bits.</param>
/// <param name="AllowsOtherMachine">Whether it may differ from others in <paramref name="Machine"/>.</param>
public sealed record NodeIdentity(string Program, MachineStamp Machine, bool AllowsOtherMachine) : IControlMessage;

/// <summary>How are you?</summary>
public sealed record StatusQuestion : IControlMessage;

/// <summary>How a node is.</summary>
public sealed record NodeStatus : IControlMessage
{
    /// <summary>Where it listens.</summary>
    public required NodeAddress Address { get; init; }

    /// <summary>Its roles.</summary>
    public required ImmutableArray<string> Roles { get; init; }

    /// <summary>What it is.</summary>
    public required NodeIdentity Identity { get; init; }

    /// <summary>Cores that the process may use.</summary>
    public required int Cores { get; init; }

    /// <summary>How busy the process keeps them, as a fraction of all, 0 … 1, in the last second.</summary>
    public required double Load { get; init; }

    /// <summary>Managed memory in use, bytes.</summary>
    public required long ManagedBytes { get; init; }

    /// <summary>Time since the node was started, s.</summary>
    public required double Uptime { get; init; }

    /// <summary>How late its threads answer.</summary>
    public required NodeLag Lag { get; init; }

    /// <summary>Messages that it refused.</summary>
    public required long Refused { get; init; }

    /// <summary>How many participants it hosts.</summary>
    public required int Hosted { get; init; }

    /// <summary>The participants that it hosts, by run and name; the first <see cref="MostParticipants"/> of them.</summary>
    public required ImmutableArray<HostedParticipant> Participants { get; init; }

    /// <summary>The sites of runs on it; the first <see cref="MostSites"/> of them.</summary>
    public ImmutableArray<HostedSite> Sites { get; init; } = [];

    /// <summary>How many participants a status names.</summary>
    public const int MostParticipants = 256;

    /// <summary>How many sites a status names.</summary>
    public const int MostSites = 64;
}

/// <summary>How late the threads of a node answer, s: the greatest in the last seconds.</summary>
/// <param name="Pool">The pool of the runtime.</param>
/// <param name="Solvers">The threads on which models compute; these may be late by right.</param>
/// <param name="Timers">The timers, on which heartbeats rest.</param>
/// <param name="Process">The process itself: how much later than it wanted a thread of its own woke up, because all stood still (a collection, a signal, a machine that is overloaded).</param>
public readonly record struct NodeLag(double Pool, double Solvers, double Timers, double Process)
{
    /// <summary>The greatest that is not by right.</summary>
    public double Greatest => Math.Max(Pool, Math.Max(Timers, Process));
}

/// <summary>A participant of a run that a node hosts. Whoever hosts one tells the agent <see cref="NodeAgent.Hosts"/> and <see cref="NodeAgent.Releases"/>.</summary>
public readonly record struct HostedParticipant(string Name, string Run);

/// <summary>A site of a run that a node hosts.</summary>
/// <param name="Run">The run.</param>
/// <param name="Epoch">The incarnation of its coordinator.</param>
/// <param name="Site">The number of the site.</param>
/// <param name="Waiting">Messages that wait in its mailboxes.</param>
public readonly record struct HostedSite(string Run, int Epoch, int Site, int Waiting);

/// <summary>Who is in the cluster?</summary>
public sealed record MembersQuestion : IControlMessage;

/// <summary>The members of the cluster as one of them sees it.</summary>
/// <param name="Cluster">The name of the cluster.</param>
/// <param name="Members">The members.</param>
public sealed record MemberList(string Cluster, ImmutableArray<MemberEntry> Members) : IControlMessage;

/// <summary>A member as another sees it.</summary>
/// <param name="Address">Where it listens.</param>
/// <param name="Roles">Its roles.</param>
/// <param name="Status">joining, up, leaving, exiting or down.</param>
/// <param name="IsUnreachable">Whether heartbeats fail to come.</param>
public sealed record MemberEntry(NodeAddress Address, ImmutableArray<string> Roles, string Status, bool IsUnreachable);

/// <summary>How the messages of membership stand in bytes.</summary>
internal static class NodeMessages
{
    public static ImmutableArray<ControlKind> Kinds { get; } =
    [
        ControlKind.Of("iq1", static (_, _) => { }, static (ref ControlReader _) => new IdentityQuestion()),
        ControlKind.Of("id1", Write, Identity),
        ControlKind.Of("sq1", static (_, _) => { }, static (ref ControlReader _) => new StatusQuestion()),
        ControlKind.Of("st2", Write, Status),
        ControlKind.Of("mq1", static (_, _) => { }, static (ref ControlReader _) => new MembersQuestion()),
        ControlKind.Of("ml2", static (to, list) =>
        {
            to.Text(list.Cluster);
            to.List(list.Members, Write);
        }, static (ref ControlReader from) => new MemberList(from.Text(), from.List(Member))),
    ];

    private static void Write(ControlWriter to, NodeIdentity what)
    {
        to.Text(what.Program);
        to.Text(what.Machine.OperatingSystem);
        to.Text(what.Machine.Runtime);
        to.Text(what.Machine.Vectors);
        to.Flag(what.AllowsOtherMachine);
    }

    private static NodeIdentity Identity(ref ControlReader from) => new(from.Text(), new MachineStamp(from.Text(), from.Text(), from.Text()), from.Flag());

    private static void Write(ControlWriter to, NodeStatus what)
    {
        Write(to, what.Address);
        to.List(what.Roles, static (to, role) => to.Text(role), NodeSettings.MostRoles);
        Write(to, what.Identity);
        to.Integer(what.Cores);
        to.Number(what.Load);
        to.Integer(what.ManagedBytes);
        to.Number(what.Uptime);
        to.Number(what.Lag.Pool);
        to.Number(what.Lag.Solvers);
        to.Number(what.Lag.Timers);
        to.Number(what.Lag.Process);
        to.Integer(what.Refused);
        to.Integer(what.Hosted);
        to.List(what.Participants, static (to, participant) =>
        {
            to.Text(participant.Name);
            to.Text(participant.Run);
        }, NodeStatus.MostParticipants);
        to.List(what.Sites, static (to, site) =>
        {
            to.Text(site.Run);
            to.Integer(site.Epoch);
            to.Integer(site.Site);
            to.Integer(site.Waiting);
        }, NodeStatus.MostSites);
    }

    private static NodeStatus Status(ref ControlReader from) => new()
    {
        Address = Address(ref from),
        Roles = from.List(static (ref ControlReader from) => from.Text(), NodeSettings.MostRoles),
        Identity = Identity(ref from),
        Cores = (int)from.Integer(0, int.MaxValue),
        Load = from.Number(),
        ManagedBytes = from.Integer(0),
        Uptime = from.Number(),
        Lag = new NodeLag(from.Number(), from.Number(), from.Number(), from.Number()),
        Refused = from.Integer(0),
        Hosted = (int)from.Integer(0, int.MaxValue),
        Participants = from.List(static (ref ControlReader from) => new HostedParticipant(from.Text(), from.Text()), NodeStatus.MostParticipants),
        Sites = from.List(static (ref ControlReader from) => new HostedSite(from.Text(), (int)from.Integer(1, int.MaxValue), (int)from.Integer(0, int.MaxValue), (int)from.Integer(0, int.MaxValue)), NodeStatus.MostSites),
    };

    public static void Write(ControlWriter to, NodeAddress address)
    {
        to.Text(address.Host);
        to.Integer(address.Port);
    }

    public static NodeAddress Address(ref ControlReader from) => new(from.Text(), (int)from.Integer(0, ushort.MaxValue));

    private static void Write(ControlWriter to, MemberEntry member)
    {
        Write(to, member.Address);
        to.List(member.Roles, static (to, role) => to.Text(role), NodeSettings.MostRoles);
        to.Text(member.Status);
        to.Flag(member.IsUnreachable);
    }

    private static MemberEntry Member(ref ControlReader from) => new(Address(ref from), from.List(static (ref ControlReader from) => from.Text(), NodeSettings.MostRoles), from.Text(), from.Flag());
}

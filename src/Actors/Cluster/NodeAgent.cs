using System.Collections.Immutable;
using ActorMultiscale.Actors.Journal;
using Akka.Actor;
using Akka.Cluster;
using AkkaCluster = Akka.Cluster.Cluster;

namespace ActorMultiscale.Actors.Cluster;

/// <summary>
/// Speaks for a node, at <c>/user/agent</c>: what it is, how it is, whom it takes for members. It asks every member that comes up what that is; of two that
/// differ the younger goes.
/// </summary>
internal sealed class NodeAgent : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan _askAgainAfter = TimeSpan.FromSeconds(2);
    private readonly ClusterNode _node;
    private readonly StallWatch _watch;
    private readonly Action<NodeEvent> _onEvent;
    private readonly AkkaCluster _cluster = AkkaCluster.Get(Context.System);
    private readonly TimeProvider _clock = TimeProvider.System;
    private readonly Dictionary<Address, Member> _unknown = [];     // Who has not said what it is,
    private readonly Dictionary<Address, Member> _unnamed = [];     // and who has not said of which cluster.
    private readonly SortedSet<HostedParticipant> _participants = new(Comparer<HostedParticipant>.Create(static (a, b) => string.CompareOrdinal(a.Run, b.Run) is not 0 and var order ? order : string.CompareOrdinal(a.Name, b.Name)));
    private readonly Dictionary<(string Run, string Origin), int> _epochs = [];      // Of each run the highest that was heard of; a name may be used again.
    private readonly Dictionary<IActorRef, OpenSite> _sites = [];
    private readonly List<(OpenSite Order, IActorRef Asker)> _openLater = [];
    private readonly long _began;
    private long _unexpected;

    public NodeAgent(ClusterNode node, StallWatch watch, Action<NodeEvent> onEvent)
    {
        (_node, _watch, _onEvent) = (node, watch, onEvent);
        _began = _clock.GetTimestamp();
        Receive<IdentityQuestion>(_ => Sender.Tell(_node.Settings.Identity));
        Receive<StatusQuestion>(_ => Sender.Tell(Status()));
        Receive<MembersQuestion>(_ => Sender.Tell(Members()));
        Receive<NodeIdentity>(there => Judge(_unknown, (member, isOlder) => isOlder
            ? ClusterNode.Difference(there, _node.Settings.Identity, _node.Settings.IsUpgrade)
            : ClusterNode.Difference(_node.Settings.Identity, there, member.HasRole(NodeSettings.UpgradeMark))));
        Receive<MemberList>(there => Judge(_unnamed, (_, isOlder) => isOlder
            ? ClusterNode.Difference(there.Cluster, _node.Settings.Cluster)
            : ClusterNode.Difference(_node.Settings.Cluster, there.Cluster)));
        Receive<AskAgain>(_ => AskUnknown());
        Receive<OpenSite>(Open);
        Receive<Terminated>(OnSiteEnded);
        Receive<Hosts>(what => _participants.Add(what.Participant));
        Receive<Releases>(what => _participants.Remove(what.Participant));
        Receive<ClusterEvent.MemberUp>(up => OnUp(up.Member));
        Receive<ClusterEvent.MemberLeft>(left => Tell(NodeEventKind.MemberLeaving, left.Member, "leaves"));
        Receive<ClusterEvent.MemberRemoved>(removed =>
        {
            _unknown.Remove(removed.Member.Address);
            _unnamed.Remove(removed.Member.Address);
            Tell(NodeEventKind.MemberRemoved, removed.Member, "is removed");
        });
        Receive<ClusterEvent.UnreachableMember>(lost => Tell(NodeEventKind.MemberUnreachable, lost.Member, "is unreachable"));
        Receive<ClusterEvent.ReachableMember>(back => Tell(NodeEventKind.MemberReachable, back.Member, "is reachable again"));
        Receive<ClusterEvent.IMemberEvent>(static _ => { });
        ReceiveAny(_ => _unexpected++);
    }

    /// <summary>Where the agent of the node at <paramref name="address"/> is.</summary>
    public static ActorPath PathAt(Address address) => new RootActorPath(address) / "user" / "agent";

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <inheritdoc/>
    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Stop);

    /// <inheritdoc/>
    protected override void PreStart() =>
        _cluster.Subscribe(Self, ClusterEvent.SubscriptionInitialStateMode.InitialStateAsEvents, typeof(ClusterEvent.IMemberEvent), typeof(ClusterEvent.IReachabilityEvent));

    /// <inheritdoc/>
    protected override void PostStop() => _cluster.Unsubscribe(Self);

    private bool IsSelf(Member member) => member.UniqueAddress.Equals(_cluster.SelfUniqueAddress);

    private void Tell(NodeEventKind kind, Member member, string what)
    {
        if (!IsSelf(member))
        {
            _onEvent(new NodeEvent(kind, NodeAddress.Of(member.Address), $"member {NodeAddress.Of(member.Address)} {what}"));
        }
    }

    private void OnUp(Member member)
    {
        if (IsSelf(member))
        {
            return;
        }

        Tell(NodeEventKind.MemberUp, member, "is up");
        _unknown[member.Address] = member;
        _unnamed[member.Address] = member;
        AskUnknown();
    }

    private void AskUnknown()
    {
        foreach (var address in _unknown.Keys)
        {
            Context.ActorSelection(PathAt(address)).Tell(new IdentityQuestion());
        }

        foreach (var address in _unnamed.Keys)
        {
            Context.ActorSelection(PathAt(address)).Tell(new MembersQuestion());
        }

        if (_unknown.Count + _unnamed.Count > 0)
        {
            Timers.StartSingleTimer("ask", new AskAgain(), _askAgainAfter);
        }
    }

    private void Judge(Dictionary<Address, Member> asked, Func<Member, bool, string?> differenceFrom)
    {
        if (!asked.Remove(Sender.Path.Address, out var member))
        {
            return;
        }

        // The same pair is looked at from both sides: the younger ends itself, and the leader removes one that does not.
        var isOlder = member.IsOlderThan(_cluster.SelfMember);
        if (differenceFrom(member, isOlder) is not { } difference)
        {
            return;
        }

        if (isOlder)
        {
            _node.End(new NodeOutcome(NodeEnd.Refused, $"This node may not stay: {difference}."));
        }
        else if (_cluster.SelfAddress.Equals(_cluster.State.Leader))
        {
            _onEvent(new NodeEvent(NodeEventKind.Stall, NodeAddress.Of(member.Address), $"member {NodeAddress.Of(member.Address)} may not stay: {difference}"));
            _cluster.Down(member.Address);
        }
    }

    // One site of a run at a time: whoever comes with a later epoch waits until what was here computes no more.
    private void Open(OpenSite order)
    {
        if (order.Epoch < _epochs.GetValueOrDefault((order.Run, order.Origin)))
        {
            Sender.Tell(new SiteRefused(order.Run, order.Epoch, order.Site, $"the run is in epoch {_epochs[(order.Run, order.Origin)]} already"));
            return;
        }

        if (_node.Source is not { } source)
        {
            Sender.Tell(new SiteRefused(order.Run, order.Epoch, order.Site, "the node has no store"));
            return;
        }

        _epochs[(order.Run, order.Origin)] = order.Epoch;
        var earlier = _sites.Where(site => IsBefore(site.Value, order)).Select(site => site.Key).ToList();
        if (earlier.Count > 0)
        {
            _openLater.Add((order, Sender));
            earlier.ForEach(site => Context.Stop(site));
            return;
        }

        Start(order, Sender, source);
    }

    private static bool IsBefore(OpenSite site, OpenSite order) => site.Run == order.Run && (site.Origin != order.Origin || site.Epoch < order.Epoch);

    private void Start(OpenSite order, IActorRef asker, IRunSource source)
    {
        var (settings, self) = (_node.Settings, Self);
        Func<RunStore> open = () => source.Open(order.Run);
        Func<SourcedRun> compose = () =>
        {
            using var store = open();
            return source.Compose(store);
        };
        var onEvent = _onEvent;
        var site = Context.ActorOf(Props.Create(() => new SiteHost(order, settings, compose, open, self, asker, onEvent)).WithDispatcher(SiteHost.Dispatcher));
        _sites[site] = order;
        _node.Sites = _sites.Count;
        Context.Watch(site);
    }

    private void OnSiteEnded(Terminated ended)
    {
        _sites.Remove(ended.ActorRef);
        _node.Sites = _sites.Count;
        foreach (var (order, asker) in _openLater.ToList())
        {
            if (order.Epoch < _epochs[(order.Run, order.Origin)])
            {
                _openLater.Remove((order, asker));
                asker.Tell(new SiteRefused(order.Run, order.Epoch, order.Site, $"the run is in epoch {_epochs[(order.Run, order.Origin)]} already"));
            }
            else if (!_sites.Values.Any(site => IsBefore(site, order)))
            {
                _openLater.Remove((order, asker));
                Start(order, asker, _node.Source!);
            }
        }
    }

    private NodeStatus Status() => new()
    {
        Address = _node.Address,
        Roles = _node.Settings.Roles,
        Identity = _node.Settings.Identity,
        Cores = Environment.ProcessorCount,
        Load = _watch.Load,
        ManagedBytes = GC.GetTotalMemory(forceFullCollection: false),
        Uptime = _clock.GetElapsedTime(_began).TotalSeconds,
        Lag = _watch.Lag,
        Refused = ControlSerializer.Of(Context.System).Refused + _unexpected,
        Hosted = _participants.Count,
        Participants = [.. _participants.Take(NodeStatus.MostParticipants)],
        Sites = [.. _sites.Select(site => new HostedSite(site.Value.Run, site.Value.Epoch, site.Value.Site, SiteHost.WaitingAt(site.Key)))
            .OrderBy(site => site.Run, StringComparer.Ordinal).ThenBy(site => site.Epoch).Take(NodeStatus.MostSites)],
    };

    private MemberList Members() => new(_node.Settings.Cluster, [.. _cluster.State.Members.Take(ControlCodec.LongestList).Select(member => new MemberEntry(
        NodeAddress.Of(member.Address),
        [.. member.Roles.Where(role => role != NodeSettings.UpgradeMark).Order(StringComparer.Ordinal)],
        member.Status.ToString().ToLowerInvariant(),
        _cluster.State.Unreachable.Contains(member)))]);

    /// <summary>Told by whoever hosts a participant on this node.</summary>
    public sealed record Hosts(HostedParticipant Participant);

    /// <summary>Told when it is hosted no more.</summary>
    public sealed record Releases(HostedParticipant Participant);

    private sealed record AskAgain;
}

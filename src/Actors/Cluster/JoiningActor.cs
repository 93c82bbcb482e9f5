using System.Collections.Immutable;
using Akka.Actor;
using Akka.Cluster;
using AkkaCluster = Akka.Cluster.Cluster;

namespace ActorMultiscale.Actors.Cluster;

/// <summary>
/// Takes a node into its cluster: asks the contacts what they are and whether they are members, compares, joins one that is, and waits until it is a member itself; or says why not.
/// </summary>
/// <remarks>
/// Where the contacts name this node itself and first, it forms the cluster if there is none: if most of the contacts answer, itself counted, and none of them is a member. Two parts of a
/// network that is cut cannot both find that.
/// </remarks>
internal sealed class JoiningActor : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan _askEvery = TimeSpan.FromMilliseconds(500);

    // Whoever was joined may be gone meanwhile.
    private static readonly TimeSpan _chooseAgainAfter = TimeSpan.FromSeconds(10);

    // So long a member has to make itself heard before a cluster is formed without it; and who was not heard for so long may have died, and counts for nothing.
    private static readonly TimeSpan _isHeardWithin = TimeSpan.FromSeconds(3);

    private readonly ClusterNode _node;
    private readonly AkkaCluster _cluster = AkkaCluster.Get(Context.System);
    private readonly HashSet<Address> _alike = [];
    private readonly Dictionary<Address, (Standing Standing, long At)> _standings = [];       // Of each that has answered, and when it did last.
    private long _began = TimeProvider.System.GetTimestamp();
    private bool _joins;

    /// <summary>What a contact is.</summary>
    private enum Standing
    {
        /// <summary>It has no cluster either.</summary>
        NoMember,

        /// <summary>A member.</summary>
        Member,

        /// <summary>A member of a cluster in which the process that had this node's address before is one still: that one is waited for to be removed.</summary>
        MemberOfOld,
    }

    public JoiningActor(ClusterNode node)
    {
        _node = node;
        Receive<Ask>(_ =>
        {
            foreach (var contact in Others)
            {
                var agent = Context.ActorSelection(NodeAgent.PathAt(contact.ToAkka(_node.Settings.Certificates is not null)));
                agent.Tell(new IdentityQuestion());
                agent.Tell(new MembersQuestion());
            }

            Choose();
        });
        Receive<ChooseAgain>(_ =>
        {
            (_joins, _began) = (false, TimeProvider.System.GetTimestamp());
            _standings.Clear();
            Timers.StartPeriodicTimer("ask", new Ask(), TimeSpan.Zero, _askEvery);
        });
        Receive<NodeIdentity>(OnIdentity);
        Receive<MemberList>(list =>
        {
            var there = Sender.Path.Address;
            if (!IsContact(there))
            {
                return;
            }

            if (ClusterNode.Difference(list.Cluster, _node.Settings.Cluster) is { } difference)
            {
                Refuse(difference);
                return;
            }

            _standings[there] = (!list.Members.Any(m => m.Status == "up" && m.Address == NodeAddress.Of(there)) ? Standing.NoMember
                : list.Members.Any(m => m.Address == _node.Address) ? Standing.MemberOfOld
                : Standing.Member, TimeProvider.System.GetTimestamp());
            Choose();
        });
        Receive<Late>(_ => _node.End(new NodeOutcome(NodeEnd.Unreachable, _joins
            ? $"The cluster of {Contacts} did not take this node up within {Seconds} s; it may have members that are unreachable."
            : $"No node answers at {Contacts} within {Seconds} s. Is it started, is the address written as its 'listening on', and are its connections protected in the same way?")));
        Receive<ClusterEvent.MemberUp>(up =>
        {
            if (up.Member.UniqueAddress.Equals(_cluster.SelfUniqueAddress))
            {
                _node.IsMember();
                Context.Stop(Self);
            }
        });
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    private string Contacts => string.Join(", ", Others);

    private IEnumerable<NodeAddress> Others => _node.Settings.Contacts.Where(contact => contact != _node.Address);

    private double Seconds => _node.Settings.JoinWithin.TotalSeconds;

    /// <inheritdoc/>
    protected override void PreStart()
    {
        _cluster.Subscribe(Self, ClusterEvent.SubscriptionInitialStateMode.InitialStateAsEvents, typeof(ClusterEvent.MemberUp));
        if (_node.Settings.Contacts.IsEmpty)
        {
            _cluster.Join(_cluster.SelfAddress);
            return;
        }

        Timers.StartPeriodicTimer("ask", new Ask(), TimeSpan.Zero, _askEvery);
        Timers.StartSingleTimer("late", new Late(), _node.Settings.JoinWithin);
    }

    /// <inheritdoc/>
    protected override void PostStop() => _cluster.Unsubscribe(Self);

    // Nobody else was asked.
    private bool IsContact(Address there) => Others.Any(contact => contact.ToAkka(_node.Settings.Certificates is not null).Equals(there));

    private void OnIdentity(NodeIdentity there)
    {
        if (!IsContact(Sender.Path.Address))
        {
            return;
        }

        if (ClusterNode.Difference(there, _node.Settings.Identity, _node.Settings.IsUpgrade) is { } difference)
        {
            Refuse(difference);
            return;
        }

        _alike.Add(Sender.Path.Address);
        Choose();
    }

    private void Refuse(string difference)
    {
        Timers.Cancel("ask");
        _joins = true;
        _node.End(new NodeOutcome(NodeEnd.Refused, $"This node may not join: {difference}."));
    }

    private void Choose()
    {
        if (_joins)
        {
            return;
        }

        var contacts = _node.Settings.Contacts;
        foreach (var silent in _standings.Where(s => TimeProvider.System.GetElapsedTime(s.Value.At) > _isHeardWithin).Select(s => s.Key).ToList())
        {
            _standings.Remove(silent);
        }

        ImmutableArray<Address> members = [.. _alike.Where(there => _standings.TryGetValue(there, out var what) && what.Standing == Standing.Member)];
        if (members.Length > 0)
        {
            _joins = true;
            Timers.Cancel("ask");
            Timers.StartSingleTimer("again", new ChooseAgain(), _chooseAgainAfter);
            _cluster.JoinSeedNodes(members);
        }
        else if (contacts[0] == _node.Address && TimeProvider.System.GetElapsedTime(_began) > _isHeardWithin && _standings.Values.All(what => what.Standing == Standing.NoMember)
            && 2 * (_alike.Count(_standings.ContainsKey) + 1) > contacts.Length)
        {
            _joins = true;
            Timers.Cancel("ask");
            _cluster.Join(_cluster.SelfAddress);
        }
    }

    private sealed record Ask;

    private sealed record ChooseAgain;

    private sealed record Late;
}

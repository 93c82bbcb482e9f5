using Akka.Actor;
using Akka.Cluster;
using AkkaCluster = Akka.Cluster.Cluster;

namespace ActorMultiscale.Actors.Cluster;

/// <summary>Takes a node into its cluster: asks who is there, compares, joins, and waits until it is a member; or says why not.</summary>
internal sealed class JoiningActor : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan _askEvery = TimeSpan.FromMilliseconds(500);
    private readonly ClusterNode _node;
    private readonly AkkaCluster _cluster = AkkaCluster.Get(Context.System);
    private bool _joins;

    public JoiningActor(ClusterNode node)
    {
        _node = node;
        Receive<Ask>(_ =>
        {
            foreach (var contact in _node.Settings.Contacts)
            {
                Context.ActorSelection(NodeAgent.PathAt(contact.ToAkka(_node.Settings.Certificates is not null))).Tell(new IdentityQuestion());
            }
        });
        Receive<NodeIdentity>(OnIdentity);
        Receive<Late>(_ => _node.End(new NodeOutcome(NodeEnd.Unreachable, _joins
            ? $"The cluster of {Contacts} did not take this node up within {Seconds} s; it may have members that are unreachable."
            : $"No node answers at {Contacts} within {Seconds} s. Is it started, does it listen on that address, and are its connections protected in the same way?")));
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

    private string Contacts => string.Join(", ", _node.Settings.Contacts);

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

    private void OnIdentity(NodeIdentity there)
    {
        if (_joins)
        {
            return;
        }

        Timers.Cancel("ask");
        _joins = true;
        if (ClusterNode.Difference(there, _node.Settings.Identity) is { } difference)
        {
            _node.End(new NodeOutcome(NodeEnd.Refused, $"This node may not join: {difference}."));
            return;
        }

        _cluster.JoinSeedNodes([Sender.Path.Address]);
    }

    private sealed record Ask;

    private sealed record Late;
}

using System.Net.Sockets;
using ActorMultiscale.Actors.Journal;
using Akka;
using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Cluster.Tools.Singleton;
using AkkaCluster = Akka.Cluster.Cluster;

namespace ActorMultiscale.Actors.Cluster;

/// <summary>
/// A node: an actor system that is a member of a cluster. It asks a node of the cluster what that is before it joins, and joins only its like. Cut off from most
/// of the others, or removed by them, it ends; that is what keeps two halves of a cluster from going on with the same run.
/// </summary>
public sealed class ClusterNode
{
    /// <summary>The name of the actor system, part of every address.</summary>
    public const string SystemName = "actor-multiscale";

    // A phase of the shutdown, which has a little longer (see cluster.conf).
    private static readonly TimeSpan _givesAwayWithin = TimeSpan.FromSeconds(3);

    private readonly Action<NodeEvent> _onEvent;
    private NodeOutcome? _outcome;
    private volatile bool _isUp;
    private volatile int _sites;
    private volatile int _keeps;

    private ClusterNode(ActorSystem actors, NodeSettings settings, Action<NodeEvent> onEvent, IRunSource? source)
    {
        (Actors, Settings, _onEvent, Source) = (actors, settings, onEvent, source);
        Address = settings.Listen;
        Completion = EndAsync();
    }

    /// <summary>The actors of the node.</summary>
    public ActorSystem Actors { get; }

    /// <summary>What it was told.</summary>
    public NodeSettings Settings { get; }

    /// <summary>Where it listens.</summary>
    public NodeAddress Address { get; }

    /// <summary>The store of the cluster; a node without one carries no runs.</summary>
    public IRunSource? Source { get; }

    /// <summary>The agent, which says how the node is and which participants it hosts.</summary>
    public IActorRef Agent { get; private set; } = ActorRefs.Nobody;

    /// <summary>How the node ended. Never faults.</summary>
    public Task<NodeOutcome> Completion { get; }

    /// <summary>How the node ends, as soon as that is known; null before.</summary>
    public NodeOutcome? Outcome => _outcome;

    /// <summary>Whether its actors run.</summary>
    public bool IsAlive => !Actors.WhenTerminated.IsCompleted;

    /// <summary>Whether it is a member.</summary>
    public bool IsUp => _isUp;

    /// <summary>
    /// Lets the threads that watch the sockets of this process carry on what waited for them, instead of the pool of the runtime, which may be saturated: a
    /// heartbeat that came in is then heard. Only before the first socket, and unless the environment says otherwise. What continues after an <c>await</c> of a
    /// socket must not block from then on, nor compute for long: it holds up other sockets.
    /// </summary>
    public static void TakeSocketsOffThePool()
    {
        const string variable = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";
        if (Environment.GetEnvironmentVariable(variable) is null)
        {
            Environment.SetEnvironmentVariable(variable, "1");
        }
    }

    /// <summary>Starts a node; it joins by itself.</summary>
    /// <param name="settings">What it is told.</param>
    /// <param name="onEvent">Hears what happens, one call at a time; does not block.</param>
    /// <param name="source">The store that all nodes of the cluster reach; null for a node that carries no runs.</param>
    /// <exception cref="NodeStartException">It cannot listen there.</exception>
    public static ClusterNode Start(NodeSettings settings, Action<NodeEvent> onEvent, IRunSource? source = null)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(onEvent);
        var gate = new Lock();
        void OneByOne(NodeEvent what)
        {
            lock (gate)
            {
                onEvent(what);
            }
        }

        Action<NodeEvent> events = OneByOne;
        var (actors, address) = Listen(settings);
        settings = settings with { Listen = address };
        var node = new ClusterNode(actors, settings, events, source);
        OneByOne(new NodeEvent(NodeEventKind.Listening, address, $"listening on {address}"));
        var cluster = AkkaCluster.Get(actors);

        // Told by a thread of the cluster, whatever else is busy; also where a node ends that never was a member.
        cluster.RegisterOnMemberRemoved(() => node.Ends(OutcomeOf(CoordinatedShutdown.Get(actors).ShutdownReason)));
        var watch = new StallWatch(actors, text => OneByOne(new NodeEvent(NodeEventKind.Stall, address, text)));
        actors.RegisterOnTermination(watch.Dispose);
        node.Agent = actors.ActorOf(Props.Create(() => new NodeAgent(node, watch, events)), "agent");
        if (source is not null)
        {
            var keeper = Props.Create(() => new RunKeeper(node, source));
            actors.ActorOf(ClusterSingletonManager.Props(keeper, new RunKeeper.End(), ClusterSingletonManagerSettings.Create(actors).WithSingletonName(RunKeeper.Name)), "keepers");
            // Nothing is kept for a keeper that is not found: who asks asks again, and an order of before must not come late.
            actors.ActorOf(ClusterSingletonProxy.Props("/user/keepers", ClusterSingletonProxySettings.Create(actors).WithSingletonName(RunKeeper.Name).WithBufferSize(0)), RunKeeper.Name);
        }

        actors.ActorOf(Props.Create(() => new JoiningActor(node)), "joining");
        CoordinatedShutdown.Get(actors).AddTask(CoordinatedShutdown.PhaseBeforeServiceUnbind, "give-work-away", node.GiveWorkAwayAsync);
        return node;
    }

    /// <summary>Leaves the cluster and ends.</summary>
    public void Leave() => End(new NodeOutcome(NodeEnd.Left, "The node was told to end."), CoordinatedShutdown.ClusterLeavingReason.Instance);

    /// <summary>What keeps <paramref name="here"/> out of a cluster of which <paramref name="there"/> is a node, as a sentence; null if nothing does.</summary>
    /// <param name="there">What that is.</param>
    /// <param name="here">What this is.</param>
    /// <param name="isUpgrade">Whether this one comes to replace nodes of another program.</param>
    public static string? Difference(NodeIdentity there, NodeIdentity here, bool isUpgrade)
    {
        ArgumentNullException.ThrowIfNull(there);
        ArgumentNullException.ThrowIfNull(here);
        if (there.Program != here.Program && !isUpgrade)
        {
            return $"the cluster runs the program {there.Program}, this node is {here.Program}; all nodes run the same (--upgrade lets it in, to replace them)";
        }

        return here.AllowsOtherMachine || there.Machine == here.Machine ? null
            : $"the machine of the cluster is '{Words(there.Machine)}', that of this node '{Words(here.Machine)}': a run would not give the same bits on both; --other-machine allows that";
    }

    /// <summary>The same of the names of clusters.</summary>
    /// <param name="there">The name of that cluster.</param>
    /// <param name="here">The name that this node was told.</param>
    public static string? Difference(string there, string here) => there == here ? null
        : $"the cluster is called '{there}', and this node was told to be one of '{here}' (--cluster-name); clusters of one store keep apart by their names";

    private static string Words(MachineStamp machine) => $"{machine.OperatingSystem}, {machine.Runtime}, vectors of {machine.Vectors}";

    /// <summary>How many sites of runs are here; of the agent.</summary>
    internal int Sites
    {
        get => _sites;
        set => _sites = value;
    }

    /// <summary>How many runs are kept from here; of the keeper, if it is here.</summary>
    internal int Keeps
    {
        get => _keeps;
        set => _keeps = value;
    }

    internal void IsMember()
    {
        _isUp = true;
        _onEvent(new NodeEvent(NodeEventKind.Up, Address, "up"));
    }

    internal void End(NodeOutcome outcome, CoordinatedShutdown.Reason? how = null)
    {
        Ends(outcome);
        _ = CoordinatedShutdown.Get(Actors).Run(how ?? CoordinatedShutdown.ActorSystemTerminateReason.Instance);
    }

    // Before a node leaves, what it computes is moved to others, at a boundary where nothing is lost; and what its keeper keeps is stopped there, for the next keeper to go on with.
    private async Task<Done> GiveWorkAwayAsync()
    {
        if (_outcome is { End: NodeEnd.Left } && Source is not null)
        {
            var (began, told) = (TimeProvider.System.GetTimestamp(), 0);
            while ((Sites > 0 || Keeps > 0) && TimeProvider.System.GetElapsedTime(began) < _givesAwayWithin)
            {
                // Told again: the way to the keeper may not be known at once.
                if (told++ % 10 == 0)
                {
                    Actors.ActorSelection("/user/" + RunKeeper.Name).Tell(new NodeLeaves(Address));
                }

                await Task.Delay(50).ConfigureAwait(false);
            }
        }

        return Done.Instance;
    }

    private void Ends(NodeOutcome outcome)
    {
        _isUp = false;
        if (Interlocked.CompareExchange(ref _outcome, outcome, null) is null)
        {
            _onEvent(new NodeEvent(NodeEventKind.Ending, Address, outcome.Reason));
        }
    }

    private async Task<NodeOutcome> EndAsync()
    {
        await Actors.WhenTerminated.ConfigureAwait(false);
        Ends(OutcomeOf(CoordinatedShutdown.Get(Actors).ShutdownReason));
        return _outcome!;
    }

    private static NodeOutcome OutcomeOf(CoordinatedShutdown.Reason? reason) => reason switch
    {
        null or CoordinatedShutdown.ClusterDowningReason => new NodeOutcome(NodeEnd.Removed, "The cluster has removed this node, or it was cut off from most of the others and removed itself."),

        // Akka ends a node whose call was not believed; the reason itself is not public.
        { ExitCode: 79 } => new NodeOutcome(NodeEnd.Refused, "A certificate was refused: this node and the one that it called do not have theirs from the same authority, or for the address that was called. The log says more."),
        _ => new NodeOutcome(NodeEnd.Failed, $"The actor system has ended ({reason.GetType().Name}); the log says why."),
    };

    private static SocketException? SocketFault(Exception? fault) => fault switch
    {
        null => null,
        SocketException found => found,
        _ => SocketFault(fault.InnerException),
    };

    private static (ActorSystem Actors, NodeAddress Address) Listen(NodeSettings settings)
    {
        foreach (var address in settings.Listen.Port == 0 ? settings.Listen.Free() : [settings.Listen])
        {
            try
            {
                return (Create(ActorSettings.ForNode(settings with { Listen = address }), settings.Certificates), address);
            }
            catch (Exception fault) when (SocketFault(fault) is { } taken)
            {
                // Somebody may have taken a free port in between; one that was asked for is asked for.
                if (settings.Listen.Port != 0)
                {
                    throw new NodeStartException($"Nothing can listen on {address}: {taken.Message}.");
                }
            }
        }

        throw new NodeStartException($"No port is free on '{settings.Listen.Host}'.");
    }

    internal static ActorSystem Create(Akka.Configuration.Config settings, NodeCertificates? certificates)
    {
        ActorSystemSetup setup = ActorSystemSetup.Create(BootstrapSetup.Create().WithConfig(settings));
        return ActorSystem.Create(SystemName, certificates is null ? setup : setup.WithSetup(certificates.Setup()));
    }
}

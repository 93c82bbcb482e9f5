using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using ActorMultiscale.Actors.DataPlane;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Actors.Observation;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Distribution;
using Akka.Actor;
using Akka.Event;

namespace ActorMultiscale.Actors.Cluster;

/// <summary>
/// Opens a site on a node, and keeps it for as long as all its links stand: it makes the run from its record, listens, meets the other sites, and
/// then lets <see cref="SiteActor"/> work. It ends with the first link that breaks; what computes here then computes no more.
/// </summary>
internal sealed class SiteHost : ReceiveActor, IWithTimers, IDisposable
{
    /// <summary>The dispatcher of hosts and sites: orders, answers and parcels, apart from the mail of the cluster.</summary>
    public const string Dispatcher = "actor-multiscale.site-dispatcher";

    private const string SiteName = "site";

    // Who has not begun by then never will: the coordinator gives up sooner.
    private static readonly TimeSpan _beginsWithin = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan _lookEvery = TimeSpan.FromMilliseconds(20);

    private readonly OpenSite _order;
    private readonly NodeSettings _node;
    private readonly IActorRef _agent;
    private readonly IActorRef _asker;
    private readonly Action<NodeEvent> _onEvent;
    private readonly HashSet<int> _linked = [];
    private ImmutableArray<int> _peers = [];          // With whom something is exchanged; the coordinator is one of them.
    private readonly WorkAccount _account;
    private SiteWire? _wire;
    private WorkPermit? _permit;
    private SiteStates? _states;
    private readonly Func<RunStore> _open;
    private SourcedRun? _run;
    private FieldPlacement? _placement;
    private byte[]? _fields;
    private bool _hasMet;
    private IActorRef _site = ActorRefs.Nobody;
    private volatile IActorRef _taker;

    /// <summary>A host that answers <paramref name="asker"/>.</summary>
    /// <param name="order">What is to be opened.</param>
    /// <param name="node">What the node was told.</param>
    /// <param name="compose">Makes the run; may block.</param>
    /// <param name="open">Opens the record of the run; may block.</param>
    /// <param name="agent">Is told which participants are here.</param>
    /// <param name="asker">Is told where the site listens, or why it is not opened.</param>
    /// <param name="onEvent">Hears when it begins and ends to compute; from any thread.</param>
    public SiteHost(OpenSite order, NodeSettings node, Func<SourcedRun> compose, Func<RunStore> open, IActorRef agent, IActorRef asker, Action<NodeEvent> onEvent)
    {
        (_order, _node, _open, _agent, _asker, _taker, _onEvent) = (order, node, open, agent, asker, Self, onEvent);
        _account = WorkAccount.Open(node.Listen.ToString());
        Receive<Composed>(composed => Open(composed.Run));
        Receive<Status.Failure>(failure => Refuse(failure.Cause.GetBaseException().Message));
        Receive<LinkIsOpen>(link =>
        {
            _linked.Add(link.Site);
            BeginIfReady();
        });
        Receive<WireRefusal>(refusal => Context.GetLogger().Warning("site {0} of '{1}': {2}", _order.Site, _order.Run, refusal.Text));
        Receive<SiteOrder.Meet>(Meet);
        Receive<SiteOrder.Begin>(begin =>
        {
            _fields = begin.Fields;
            BeginIfReady();
        });
        Receive<LookAgain>(_ => BeginIfReady());
        Receive<Late>(_ =>
        {
            if (_site.IsNobody())
            {
                Self.Tell(new Broken(string.Create(CultureInfo.InvariantCulture, $"It was not told to begin within {_beginsWithin.TotalSeconds:0} s.")));
            }
        });
        Receive<Broken>(broken =>
        {
            Context.GetLogger().Info("site {0} of '{1}' ends: {2}", _order.Site, _order.Run, broken.Reason);
            Context.Stop(Self);
        });
        Receive<Terminated>(_ => Context.Stop(Self));

        // Reads the record, which blocks.
        _ = Task.Factory.StartNew(() => new Composed(compose()), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).PipeTo(Self);
    }

    /// <summary>How many messages wait at the host <paramref name="host"/> of this process and at its site.</summary>
    public static int WaitingAt(IActorRef host) =>
        host is ActorRefWithCell { Underlying: var cell } ? cell.NumberOfMessages + (cell.GetSingleChild(SiteName) is ActorRefWithCell site ? site.Underlying.NumberOfMessages : 0) : 0;

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <inheritdoc/>
    protected override void PreStart() => Timers.StartSingleTimer("late", new Late(), _beginsWithin);

    /// <inheritdoc/>
    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Stop);

    /// <inheritdoc/>
    protected override void PostStop()
    {
        Dispose();
        foreach (var participant in Participants)
        {
            _agent.Tell(new NodeAgent.Releases(participant));
        }

        base.PostStop();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // In this order: who hears that the links are closed may rely on it that nothing is computed here any more.
        _permit?.Withdraw();
        _states?.Dispose();
        _wire?.Dispose();
    }

    private IEnumerable<HostedParticipant> Participants =>
        _run?.System.Participants.Where(p => _order.Sites[p.Index] == _order.Site).Select(p => new HostedParticipant(p.Name, _order.Run)) ?? [];

    // Of a team on several sites each member is by itself, but for the first, which is where the participant is.
    private static ImmutableArray<string> Computed(OpenSite order, CoupledSystem system) =>
    [
        .. system.Participants.Where(p => order.Sites[p.Index] == order.Site).Select(p => p.Name),
        .. order.Teams.SelectMany(team => Enumerable.Range(1, team.Sites.Length - 1).Where(m => team.Sites[m] == order.Site)
            .Select(m => FormattableString.Invariant($"{system.Participants[team.Participant].Name}, member {m}"))),
    ];

    private void Open(SourcedRun run)
    {
        var system = run.System;
        if (RunEventCodec.HashOf(run.Start.Origin) != _order.Origin)
        {
            Refuse($"its store '{_node.Store}' has another run of that name, started from another experiment; all nodes of a cluster use one --store");
            return;
        }

        try
        {
            _placement = new FieldPlacement(system, _order.Sites, _order.Count, _order.Homes, _order.Groups);
        }
        catch (ArgumentException fault)
        {
            Refuse(fault.Message);
            return;
        }

        if (_order.Teams.Any(t => t.Participant >= system.Participants.Length || t.Sites.Length != system.Participants[t.Participant].Description.Members
            || t.Sites.Any(site => site >= _order.Count) || t.Sites[0] != _order.Sites[t.Participant]))
        {
            Refuse("where members of teams are to be is no placement of this system");
            return;
        }

        var teams = _order.Teams.Where(team => team.Sites.Contains(_order.Site)).SelectMany(team => team.Sites);
        _peers = [.. _placement.PeersOf(system, _order.Site).Concat(teams).Where(site => site != _order.Site).Distinct(), _order.Count];
        var self = Self;
        _run = run;
        try
        {
            _wire = new SiteWire(new WireOptions
            {
                Run = _order.Run,
                Site = _order.Site,
                Token = [.. Convert.FromHexString(_order.Token)],
                Epoch = _order.Epoch,
                Program = _node.Identity.Program,
                Certificates = _node.Certificates is { } own ? new WireCertificates(own.Node, own.Authority) : null,
            }, _order.Count, Dns.GetHostAddresses(_node.Listen.Host).First(a => a.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork), message => _taker.Tell(message), reason => self.Tell(new Broken(reason)), _account);
        }
        catch (Exception fault) when (fault is WireException or FormatException or System.Net.Sockets.SocketException or ArgumentException or InvalidOperationException)
        {
            Refuse(fault.Message);
            return;
        }

        foreach (var participant in Participants)
        {
            _agent.Tell(new NodeAgent.Hosts(participant));
        }

        _asker.Tell(new SiteIsOpen(_order.Run, _order.Epoch, _order.Site, new NodeAddress(_node.Listen.Host, _wire.Port)), _agent);
    }

    private void Refuse(string reason)
    {
        _asker.Tell(new SiteRefused(_order.Run, _order.Epoch, _order.Site, reason), _agent);
        Context.Stop(Self);
    }

    private void Meet(SiteOrder.Meet meet)
    {
        var (self, wire) = (Self, _wire!);
        _hasMet = true;
        foreach (var to in _peers.Where(site => site > _order.Site && site < meet.Sites.Length))
        {
            _ = wire.ConnectAsync(meet.Sites[to], to).ContinueWith(made => self.Tell(new Broken($"No link to site {to}: {made.Exception?.GetBaseException().Message}")),
                CancellationToken.None, TaskContinuationOptions.NotOnRanToCompletion, TaskScheduler.Default);
        }

        BeginIfReady();
    }

    private void BeginIfReady()
    {
        if (!_hasMet || _fields is null || !_peers.All(_linked.Contains) || !_site.IsNobody())
        {
            return;
        }

        var (order, run, fields, wire) = (_order, _run!, _fields, _wire!);
        if (!wire.IsTrustedBy(order.Count))
        {
            // The first sign of life is not answered yet.
            Timers.StartSingleTimer("look", new LookAgain(), _lookEvery);
            return;
        }

        var (self, onEvent, address, began) = (Self, _onEvent, _node.Listen, new SiteSpan(order.Run, order.Epoch, Computed(order, run.System), TimeProvider.System.GetUtcNow()));
        _permit = new WorkPermit(() => wire.IsTrustedBy(order.Count),
            () => self.Tell(new Broken("The coordinator counts on it no more: nothing was heard for too long, or this process stood still.")),
            span => onEvent(NodeEvent.OfSite(NodeEventKind.SiteEnded, address, began with { Until = span.Until, InVain = span.InVain })), TimeProvider.System);
        onEvent(NodeEvent.OfSite(NodeEventKind.SiteBegins, address, began));
        var settings = new RunSettings { Threads = _node.Threads, Permit = _permit, Account = _account };
        var (lines, placement) = (new Lines(wire, order.Count), _placement!);
        var states = _states = new SiteStates(new SiteRows(_open, order.Site, lines.ToCoordinator), settings.StorePatience, settings.Clock, lines.ToCoordinator, account: _account);
        _site = Context.ActorOf(Props.Create(() => new SiteActor(run.System, placement, order.Teams, order.Site, fields, settings, lines, states)).WithDispatcher(Dispatcher), SiteName);
        Context.Watch(_site);
        _fields = [];
        _taker = _site;
        wire.Send(order.Count, new SiteIsReady(order.Site));
    }

    private sealed record Composed(SourcedRun Run);

    private sealed record Broken(string Reason);

    private sealed record LookAgain;

    private sealed record Late;

    private sealed class Lines(SiteWire wire, int coordinator) : ISiteLines
    {
        public void ToCoordinator(object answer) => wire.Send(coordinator, answer);

        public void ToSite(int site, object parcel) => wire.Send(site, parcel);
    }
}

using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography;
using ActorMultiscale.Actors.DataPlane;
using ActorMultiscale.Actors.Observation;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Distribution;
using Akka.Actor;

namespace ActorMultiscale.Actors.Cluster;

/// <summary>Where the participants of a run are to be computed, as its supervisor sees it.</summary>
internal interface ISites
{
    /// <summary>Opens the sites of an incarnation.</summary>
    /// <param name="system">The coupled system.</param>
    /// <param name="epoch">The incarnation.</param>
    /// <param name="fields">The fields of the snapshot from which the run goes on; empty for its start.</param>
    /// <param name="take">Takes what sites and participants answer, on threads of the links.</param>
    /// <param name="lost">Told once when the sites are lost.</param>
    /// <returns>Fails with a <see cref="WireException"/> where they cannot be opened.</returns>
    Task<OpenedSites> OpenAsync(CoupledSystem system, int epoch, byte[] fields, Action<object> take, Action<string> lost);
}

/// <summary>Sites that wait for orders.</summary>
internal sealed record OpenedSites(FieldPlacement Placement, ICoordinatorLines Lines);

/// <summary>The sites of a run on nodes of a cluster.</summary>
/// <param name="actors">The actors of the coordinator's node.</param>
/// <param name="node">What that was told.</param>
/// <param name="run">The run.</param>
/// <param name="origin">Hash of what it was started from.</param>
/// <param name="account">Where it is summed up what the coordinator sends.</param>
/// <param name="place">Chooses the nodes, of each participant the index of its own, and of teams on several nodes those of their members.</param>
internal sealed class ClusterSites(ActorSystem actors, NodeSettings node, string run, string origin, WorkAccount account, Func<CoupledSystem, ChosenNodes> place) : ISites
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(20);

    private readonly List<NodeAddress> _failed = [];
    private readonly TaskCompletionSource _givenUp = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>A node is lost: one that has not opened its site yet never will, nor will there be a link to it. (Of one to which there is, that says so.)</summary>
    public void Lose(NodeAddress node)
    {
        if (Nodes.Contains(node))
        {
            _givenUp.TrySetException(new WireException($"The node {node} was lost before its site was open."));
        }
    }

    /// <summary>The nodes that did not open their site, or to whose site there was no link: another incarnation does better without them.</summary>
    public ImmutableArray<NodeAddress> Failed
    {
        get
        {
            lock (_failed)
            {
                return [.. _failed];
            }
        }
    }

    /// <summary>The nodes that have a site.</summary>
    public ImmutableArray<NodeAddress> Nodes { get; private set; } = [];

    /// <summary>The incarnation; 0 before it is known.</summary>
    public int Epoch { get; private set; }

    /// <summary>Ends soon after the incarnation has: with true where it is certain that no site of it computes any more (<see cref="SiteWire.Ended"/>).</summary>
    public Task<bool> Ended { get; private set; } = Task.FromResult(true);       // Without a link to its coordinator no site begins.

    public async Task<OpenedSites> OpenAsync(CoupledSystem system, int epoch, byte[] fields, Action<object> take, Action<string> lost)
    {
        var (nodes, participants, teams) = place(system);
        if (nodes.IsEmpty)
        {
            throw new WireException("There is no node that could take a participant.");
        }

        (Nodes, Epoch) = (nodes, epoch);
        var placement = new FieldPlacement(system, participants, nodes.Length);
        var token = RandomNumberGenerator.GetBytes(WireOptions.TokenLength);
        var opening = Task.WhenAll(nodes.Select((address, site) => OpenAsync(address, new OpenSite(run, epoch, site, Convert.ToHexStringLower(token),
            placement.Participants, placement.Homes, placement.Groups, teams, nodes.Length, origin))));
        await (await Task.WhenAny(opening, _givenUp.Task).ConfigureAwait(false)).ConfigureAwait(false);
        var addresses = await opening.ConfigureAwait(false);
        var options = new WireOptions
        {
            Run = run,
            Site = nodes.Length,
            Token = [.. token],
            Epoch = epoch,
            Program = node.Identity.Program,
            Certificates = node.Certificates is { } own ? new WireCertificates(own.Node, own.Authority) : null,
        };
        var links = SiteLinks.OpenAsync(options, Dns.GetHostAddresses(node.Listen.Host).First(a => a.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork),
            [.. addresses], fields, message => take(SiteGate.Pass(system, nodes.Length, message)), lost, account, ended => Ended = ended, site => Fails(nodes[site]));
        if (await Task.WhenAny(links, _givenUp.Task).ConfigureAwait(false) != links)
        {
            // Of a machine that is gone nothing comes, not even a refusal.
            _ = DisposeAsync(links);
            await _givenUp.Task.ConfigureAwait(false);
        }

        return new OpenedSites(placement, await links.ConfigureAwait(false));
    }

    private static async Task DisposeAsync(Task<SiteLinks> late)
    {
        try
        {
            (await late.ConfigureAwait(false)).Dispose();
        }
        catch (Exception)
        {
            // There are none, which is as well.
        }
    }

    private void Fails(NodeAddress node)
    {
        lock (_failed)
        {
            _failed.Add(node);
        }
    }

    private async Task<NodeAddress> OpenAsync(NodeAddress address, OpenSite order)
    {
        var agent = actors.ActorSelection(NodeAgent.PathAt(address.ToAkka(node.Certificates is not null)));
        try
        {
            switch (await agent.Ask<IControlMessage>(order, _patience).ConfigureAwait(false))
            {
                case SiteIsOpen open:
                    return open.Address;
                case SiteRefused refused:
                    Fails(address);
                    throw new WireException($"The node {address} does not take its site: {refused.Reason}");
                case var other:
                    throw new WireException($"The node {address} answered with {other.GetType().Name}.");
            }
        }
        catch (AskTimeoutException)
        {
            Fails(address);
            throw new WireException($"The node {address} did not open its site within {_patience.TotalSeconds:0} s.");
        }
    }
}

/// <summary>The links of a coordinator to its sites.</summary>
internal sealed class SiteLinks : ICoordinatorLines
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(20);
    private readonly SiteWire _wire;

    private SiteLinks(SiteWire wire) => _wire = wire;

    /// <summary>Connects to sites that listen, has them meet, and waits until all are ready.</summary>
    /// <param name="options">Who the coordinator is: its number is that behind the sites'.</param>
    /// <param name="host">Where it listens.</param>
    /// <param name="addresses">Where the sites listen.</param>
    /// <param name="fields">The fields of the snapshot from which the run goes on; empty for its start.</param>
    /// <param name="take">Takes what sites and participants answer, on threads of the links.</param>
    /// <param name="lost">Told once when a site is lost.</param>
    /// <param name="account">Where it is summed up what is sent.</param>
    /// <param name="ends">Is given what becomes of the links in the end, also where they cannot be opened (<see cref="SiteWire.Ended"/>).</param>
    /// <param name="fails">Is told of each to which there is no link.</param>
    /// <exception cref="WireException">They cannot be reached, or are not ready in time.</exception>
    public static async Task<SiteLinks> OpenAsync(WireOptions options, IPAddress host, ImmutableArray<NodeAddress> addresses, byte[] fields, Action<object> take, Action<string> lost,
        WorkAccount account, Action<Task<bool>>? ends = null, Action<int>? fails = null)
    {
        var opened = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var missing = addresses.Length;
        var ready = new bool[addresses.Length];
        void Take(object message)
        {
            switch (message)
            {
                case SiteIsReady { Site: var site }:
                    lock (ready)
                    {
                        if (site < ready.Length && !ready[site])
                        {
                            ready[site] = true;
                            if (--missing == 0)
                            {
                                opened.TrySetResult();
                            }
                        }
                    }

                    break;
                case LinkIsOpen or WireRefusal:
                    break;
                default:
                    take(message);
                    break;
            }
        }

        void Lost(string reason)
        {
            if (!opened.TrySetException(new WireException(reason)))
            {
                lost(reason);
            }
        }

        var wire = new SiteWire(options, addresses.Length, host, Take, Lost, account);
        async Task ConnectAsync(NodeAddress address, int site)
        {
            try
            {
                await wire.ConnectAsync(address, site).ConfigureAwait(false);
            }
            catch (WireException)
            {
                fails?.Invoke(site);
                throw;
            }
        }

        ends?.Invoke(wire.Ended);
        try
        {
            await Task.WhenAll(addresses.Select(ConnectAsync)).ConfigureAwait(false);
            for (var site = 0; site < addresses.Length; site++)
            {
                wire.Send(site, new SiteOrder.Meet(addresses));
                wire.Send(site, new SiteOrder.Begin(fields));
            }

            await opened.Task.WaitAsync(_patience).ConfigureAwait(false);
            return new SiteLinks(wire);
        }
        catch (TimeoutException)
        {
            wire.Dispose();
            throw new WireException($"Of {addresses.Length} sites {missing} were not ready within {_patience.TotalSeconds:0} s.");
        }
        catch
        {
            wire.Dispose();
            throw;
        }
    }

    /// <summary>What the links have carried.</summary>
    public WireCounters Counters => _wire.Counters;

    /// <inheritdoc/>
    public void ToSite(int site, SiteOrder order) => _wire.Send(site, order);

    /// <inheritdoc/>
    public void Dispose() => _wire.Dispose();
}

using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography;
using ActorMultiscale.Actors.DataPlane;
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
/// <param name="place">Chooses the nodes, and of each participant the index of its own.</param>
internal sealed class ClusterSites(ActorSystem actors, NodeSettings node, string run, Func<CoupledSystem, ChosenNodes> place) : ISites
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(20);

    /// <summary>The nodes that have a site.</summary>
    public ImmutableArray<NodeAddress> Nodes { get; private set; } = [];

    public async Task<OpenedSites> OpenAsync(CoupledSystem system, int epoch, byte[] fields, Action<object> take, Action<string> lost)
    {
        var (nodes, participants) = place(system);
        if (nodes.IsEmpty)
        {
            throw new WireException("There is no node that could take a participant.");
        }

        Nodes = nodes;
        var placement = new FieldPlacement(system, participants, nodes.Length);
        var token = RandomNumberGenerator.GetBytes(WireOptions.TokenLength);
        var opened = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var missing = nodes.Length;
        var ready = new bool[nodes.Length];
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

        var addresses = await Task.WhenAll(nodes.Select((address, site) => OpenAsync(address, new OpenSite(run, epoch, site, Convert.ToHexStringLower(token),
            placement.Participants, placement.Homes, placement.Groups, nodes.Length)))).ConfigureAwait(false);
        var wire = new SiteWire(new WireOptions
        {
            Run = run,
            Site = nodes.Length,
            Token = [.. token],
            Epoch = epoch,
            Program = node.Identity.Program,
            Certificates = node.Certificates is { } own ? new WireCertificates(own.Node, own.Authority) : null,
        }, nodes.Length, Dns.GetHostAddresses(node.Listen.Host).First(a => a.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork), Take, Lost);
        try
        {
            await Task.WhenAll(addresses.Select((address, site) => wire.ConnectAsync(address, site))).ConfigureAwait(false);
            for (var site = 0; site < nodes.Length; site++)
            {
                wire.Send(site, new SiteOrder.Meet([.. addresses]));
                wire.Send(site, new SiteOrder.Begin(fields));
            }

            await opened.Task.WaitAsync(_patience).ConfigureAwait(false);
            return new OpenedSites(placement, new Lines(wire));
        }
        catch (TimeoutException)
        {
            wire.Dispose();
            throw new WireException($"Of {nodes.Length} sites {missing} were not ready within {_patience.TotalSeconds:0} s.");
        }
        catch
        {
            wire.Dispose();
            throw;
        }
    }

    private async Task<NodeAddress> OpenAsync(NodeAddress address, OpenSite order)
    {
        var agent = actors.ActorSelection(NodeAgent.PathAt(address.ToAkka(node.Certificates is not null)));
        try
        {
            return await agent.Ask<IControlMessage>(order, _patience).ConfigureAwait(false) switch
            {
                SiteIsOpen open => open.Address,
                SiteRefused refused => throw new WireException($"The node {address} does not take its site: {refused.Reason}"),
                var other => throw new WireException($"The node {address} answered with {other.GetType().Name}."),
            };
        }
        catch (AskTimeoutException)
        {
            throw new WireException($"The node {address} did not open its site within {_patience.TotalSeconds:0} s.");
        }
    }

    private sealed class Lines(SiteWire wire) : ICoordinatorLines
    {
        public void ToSite(int site, SiteOrder order) => wire.Send(site, order);

        public void Dispose() => wire.Dispose();
    }
}

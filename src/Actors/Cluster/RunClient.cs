using System.Collections.Immutable;
using Akka.Actor;

namespace ActorMultiscale.Actors.Cluster;

/// <summary>Speaks to the keeper of a cluster's runs, without being a node: by whichever node answers.</summary>
public sealed class RunClient : IAsyncDisposable
{
    private static readonly TimeSpan _answerWithin = TimeSpan.FromSeconds(2);

    private readonly ActorSystem _actors;
    private readonly bool _isSecure;
    private readonly List<NodeAddress> _contacts;

    private RunClient(ActorSystem actors, bool isSecure, NodeAddress contact) => (_actors, _isSecure, _contacts) = (actors, isSecure, [contact]);

    /// <summary>A client that asks the node at <paramref name="contact"/> first, and later whoever else is there.</summary>
    /// <exception cref="NodeStartException">There is no way to the contact.</exception>
    public static RunClient Towards(NodeAddress contact, NodeCertificates? certificates) =>
        new(ClusterNode.Create(ActorSettings.ForClient(ClusterQuery.AddressTowards(contact), certificates is not null), certificates), certificates is not null, contact);

    /// <summary>Asks until somebody answers; null where nobody does within <paramref name="patience"/>.</summary>
    public async Task<RunStanding?> AskAsync(IControlMessage question, TimeSpan patience, CancellationToken cancellation = default)
    {
        var began = TimeProvider.System.GetTimestamp();
        do
        {
            foreach (var contact in _contacts.ToList())
            {
                if (await AskAsync(RunKeeper.PathAt(contact.ToAkka(_isSecure)), question).ConfigureAwait(false) is RunStanding standing)
                {
                    await LookAroundAsync(contact).ConfigureAwait(false);
                    return standing;
                }

                cancellation.ThrowIfCancellationRequested();
            }
        }
        while (TimeProvider.System.GetElapsedTime(began) < patience);
        return null;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _actors.Terminate().ConfigureAwait(false);
        _actors.Dispose();
    }

    private async Task<object?> AskAsync(ActorPath path, IControlMessage question)
    {
        try
        {
            return await _actors.ActorSelection(path).Ask<IControlMessage>(question, _answerWithin).ConfigureAwait(false);
        }
        catch (AskTimeoutException)
        {
            return null;
        }
    }

    // The one that answers is asked first from now on, and whoever it knows after it.
    private async Task LookAroundAsync(NodeAddress contact)
    {
        if (_contacts[0] != contact || _contacts.Count == 1)
        {
            var members = await AskAsync(NodeAgent.PathAt(contact.ToAkka(_isSecure)), new MembersQuestion()).ConfigureAwait(false) is MemberList list ? list.Members : [];
            ImmutableArray<NodeAddress> known = [contact, .. members.Select(m => m.Address), .. _contacts];
            _contacts.Clear();
            _contacts.AddRange(known.Distinct());
        }
    }
}

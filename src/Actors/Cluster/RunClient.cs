using System.Collections.Immutable;
using Akka.Actor;

namespace ActorMultiscale.Actors.Cluster;

/// <summary>Speaks to the keeper of a cluster's runs, without being a node: by whichever node answers.</summary>
public sealed class RunClient : IAsyncDisposable
{
    private static readonly TimeSpan _answerWithin = TimeSpan.FromSeconds(2);

    // Nodes come and go while a run is waited for.
    private static readonly TimeSpan _looksAgainAfter = TimeSpan.FromSeconds(5);

    private readonly ActorSystem _actors;
    private readonly bool _isSecure;
    private readonly NodeAddress _given;
    private ImmutableArray<NodeAddress> _contacts;
    private long? _looked;

    private RunClient(ActorSystem actors, bool isSecure, NodeAddress contact) => (_actors, _isSecure, _given, _contacts) = (actors, isSecure, contact, [contact]);

    /// <summary>The name of the cluster; null before a node has said it.</summary>
    public string? Cluster { get; private set; }

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
            foreach (var contact in _contacts)
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

    /// <summary>The runs that the cluster carries, or has carried since its keeper began; none where nobody answers at once.</summary>
    public async Task<ImmutableArray<RunStanding>> ListAsync() =>
        await AskAsync(RunKeeper.PathAt(_given.ToAkka(_isSecure)), new RunsQuestion()).ConfigureAwait(false) is RunList list ? list.Runs : [];

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

    // The one that answers is asked first from now on, whoever it knows as a member now after it, and last the one that was given: its address may be that of a node again.
    private async Task LookAroundAsync(NodeAddress contact)
    {
        if ((_contacts[0] != contact || _looked is not { } looked || TimeProvider.System.GetElapsedTime(looked) > _looksAgainAfter)
            && await AskAsync(NodeAgent.PathAt(contact.ToAkka(_isSecure)), new MembersQuestion()).ConfigureAwait(false) is MemberList list)
        {
            (Cluster, _looked) = (list.Cluster, TimeProvider.System.GetTimestamp());
            _contacts = [.. new[] { contact }.Concat(list.Members.Select(m => m.Address)).Append(_given).Distinct()];
        }
    }
}

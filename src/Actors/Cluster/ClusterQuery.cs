using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Akka.Actor;

namespace ActorMultiscale.Actors.Cluster;

/// <summary>A member with how it is.</summary>
/// <param name="Member">As the node sees it that was asked for members.</param>
/// <param name="Status">What it says itself; null if it did not answer.</param>
/// <param name="Cluster">The name of the cluster, as that node says it.</param>
public sealed record NodeReport(MemberEntry Member, NodeStatus? Status, string Cluster);

/// <summary>Asks a cluster who is in it, and every member how it is, without joining.</summary>
public static class ClusterQuery
{
    /// <summary>Asks the node at <paramref name="contact"/>.</summary>
    /// <param name="contact">Any node of the cluster.</param>
    /// <param name="certificates">As a node has them; null for connections that nobody protects.</param>
    /// <param name="patience">How long it waits for the members, and then for the members' answers.</param>
    /// <returns>The members in the order of their addresses; null if the node does not answer.</returns>
    /// <exception cref="NodeStartException">There is no way to the contact.</exception>
    public static async Task<ImmutableArray<NodeReport>?> AskAsync(NodeAddress contact, NodeCertificates? certificates, TimeSpan patience)
    {
        var actors = ClusterNode.Create(ActorSettings.ForClient(AddressTowards(contact), certificates is not null), certificates);
        try
        {
            var answer = new TaskCompletionSource<ImmutableArray<NodeReport>?>(TaskCreationOptions.RunContinuationsAsynchronously);
            var isSecure = certificates is not null;
            actors.ActorOf(Props.Create(() => new QueryActor(contact, isSecure, patience, answer)), "query");
            var first = await Task.WhenAny(answer.Task, actors.WhenTerminated).ConfigureAwait(false);
            return first == answer.Task ? await answer.Task.ConfigureAwait(false) : null;
        }
        finally
        {
            await actors.Terminate().ConfigureAwait(false);
        }
    }

    // The address under which this machine speaks to another; nothing is sent.
    internal static string AddressTowards(NodeAddress contact)
    {
        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            socket.Connect(contact.Host, contact.Port);
            return ((IPEndPoint)socket.LocalEndPoint!).Address.ToString();
        }
        catch (SocketException fault)
        {
            throw new NodeStartException($"There is no way to {contact}: {fault.Message}.");
        }
    }

    private sealed class QueryActor : ReceiveActor, IWithTimers
    {
        private readonly Dictionary<NodeAddress, NodeReport> _reports = [];
        private readonly TaskCompletionSource<ImmutableArray<NodeReport>?> _answer;
        private readonly TimeSpan _patience;
        private bool _hasMembers;

        public QueryActor(NodeAddress contact, bool isSecure, TimeSpan patience, TaskCompletionSource<ImmutableArray<NodeReport>?> answer)
        {
            (_patience, _answer) = (patience, answer);
            Receive<Ask>(_ =>
            {
                if (!_hasMembers)
                {
                    Context.ActorSelection(NodeAgent.PathAt(contact.ToAkka(isSecure))).Tell(new MembersQuestion());
                }

                foreach (var report in _reports.Values.Where(report => report.Status is null))
                {
                    Context.ActorSelection(NodeAgent.PathAt(report.Member.Address.ToAkka(isSecure))).Tell(new StatusQuestion());
                }
            });
            Receive<MemberList>(list =>
            {
                if (_hasMembers)
                {
                    return;
                }

                _hasMembers = true;
                foreach (var member in list.Members)
                {
                    _reports[member.Address] = new NodeReport(member, null, list.Cluster);
                }

                Self.Tell(new Ask());
                Timers.StartSingleTimer("late", new Late(), _patience);
                EndIfAnswered();
            });
            Receive<NodeStatus>(status =>
            {
                if (_reports.TryGetValue(status.Address, out var report))
                {
                    _reports[status.Address] = report with { Status = status };
                    EndIfAnswered();
                }
            });
            Receive<Late>(_ => End());
        }

        public ITimerScheduler Timers { get; set; } = null!;

        protected override void PreStart()
        {
            Timers.StartPeriodicTimer("ask", new Ask(), TimeSpan.Zero, TimeSpan.FromMilliseconds(500));
            Timers.StartSingleTimer("late", new Late(), _patience);
        }

        private void EndIfAnswered()
        {
            if (_reports.Values.All(report => report.Status is not null))
            {
                End();
            }
        }

        private void End() => _answer.TrySetResult(_hasMembers
            ? [.. _reports.Values.OrderBy(report => report.Member.Address.Host, StringComparer.Ordinal).ThenBy(report => report.Member.Address.Port)]
            : null);

        private sealed record Ask;

        private sealed record Late;
    }
}

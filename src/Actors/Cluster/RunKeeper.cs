using System.Collections.Immutable;
using Akka.Actor;
using Akka.Cluster;
using Akka.Cluster.Tools.Singleton;
using AkkaCluster = Akka.Cluster.Cluster;

namespace ActorMultiscale.Actors.Cluster;

/// <summary>
/// Keeps the runs of a cluster going: there is one in the cluster at a time, on its oldest node. What it is to keep stands in the store, so that the next one
/// knows it; each run has a <see cref="KeptRun"/>.
/// </summary>
internal sealed class RunKeeper : ReceiveActor, IWithTimers
{
    /// <summary>The name of the way to the keeper, on each node.</summary>
    public const string Name = "keeper";

    private static readonly TimeSpan _handOverWithin = TimeSpan.FromSeconds(3);

    // Of so many runs that are over it is known here how they ended; of others the record says it.
    private const int MostOver = 256;

    private static readonly TimeSpan _keepAgainAfter = TimeSpan.FromSeconds(5);

    private readonly ClusterNode _node;
    private readonly IRunSource _source;
    private readonly AkkaCluster _cluster = AkkaCluster.Get(Context.System);
    private readonly Dictionary<string, IActorRef> _runs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, RunStanding> _standings = new(StringComparer.Ordinal);
    private readonly HashSet<string> _stopping = new(StringComparer.Ordinal);      // Which were told to stop.
    private readonly Queue<string> _over = new();
    private bool _hasLooked;    // Into the store.
    private bool _ends;         // No run is taken any more,
    private bool _stops;        // and the last one to end ends the keeper.

    public RunKeeper(ClusterNode node, IRunSource source)
    {
        (_node, _source) = (node, source);
        Receive<Look>(_ => Task.Factory.StartNew(() => source.Kept(node.Settings.Cluster), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)
            .PipeTo(Self, success: kept => new Found(kept), failure: _ => new Found(null)));
        Receive<Found>(OnFound);
        Receive<KeepRun>(keep =>
        {
            // To what is about to end, or is handed to another keeper, it cannot be added: who has no answer asks again.
            if (!_ends && !(_runs.ContainsKey(keep.Run) && (_stopping.Contains(keep.Run) || StandingOf(keep.Run).State == RunState.Over)))
            {
                Sender.Tell(Keep(keep.Run, isNew: true));
            }
        });
        Receive<StopKeeping>(stop =>
        {
            if (!Knows(stop.Run))
            {
                return;
            }

            if (_runs.TryGetValue(stop.Run, out var run))
            {
                run.Tell(stop);
                _stopping.Add(stop.Run);
            }

            Sender.Tell(StandingOf(stop.Run));
        });
        Receive<RunQuestion>(question =>
        {
            if (Knows(question.Run))
            {
                Sender.Tell(StandingOf(question.Run));
            }
        });
        Receive<KeepAgain>(again => Keep(again.Run, isNew: false));
        Receive<RunsQuestion>(_ => Sender.Tell(new RunList([.. _standings.Values.OrderBy(s => s.Run, StringComparer.Ordinal).Take(ControlCodec.LongestList)])));
        Receive<RunStanding>(OnStanding);
        Receive<NodeLeaves>(leaves =>
        {
            if (leaves.Node == _node.Address)
            {
                HandOver();
            }
            else
            {
                TellAll(leaves);
            }
        });
        Receive<ClusterEvent.MemberLeft>(left => TellAll(new NodeLeaves(NodeAddress.Of(left.Member.Address))));
        Receive<ClusterEvent.MemberUp>(_ => TellAll(new KeptRun.NodeComes()));
        Receive<ClusterEvent.UnreachableMember>(lost => TellAll(new KeptRun.NodeIsLost(NodeAddress.Of(lost.Member.Address))));
        Receive<ClusterEvent.IMemberEvent>(static _ => { });
        Receive<ClusterEvent.IReachabilityEvent>(static _ => { });
        Receive<End>(_ =>
        {
            (_ends, _stops) = (true, true);
            HandOver();
            Timers.StartSingleTimer("late", new Late(), _handOverWithin);
            StopIfDone();
        });
        Receive<Late>(_ => Context.Stop(Self));
        Receive<Terminated>(ended =>
        {
            foreach (var run in _runs.Where(run => run.Value.Equals(ended.ActorRef)).Select(run => run.Key).ToList())
            {
                _runs.Remove(run);
                _stopping.Remove(run);
                if (!_ends && StandingOf(run).State != RunState.Over)
                {
                    // It ended by itself: what has failed is in the log, and the run is where it was.
                    _standings[run] = StandingOf(run) with { State = RunState.Waiting, Note = "what kept the run has failed; the log of the node says why" };
                    Timers.StartSingleTimer("again-" + run, new KeepAgain(run), _keepAgainAfter);
                }
            }

            _node.Keeps = _runs.Count;
            StopIfDone();
        });
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>Where the way to the keeper is on a node.</summary>
    public static ActorPath PathAt(Address address) => new RootActorPath(address) / "user" / Name;

    /// <inheritdoc/>
    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Stop);

    /// <inheritdoc/>
    protected override void PreStart()
    {
        _cluster.Subscribe(Self, ClusterEvent.SubscriptionInitialStateMode.InitialStateAsEvents, typeof(ClusterEvent.IMemberEvent), typeof(ClusterEvent.IReachabilityEvent));
        Self.Tell(new Look());
    }

    /// <inheritdoc/>
    protected override void PostStop()
    {
        _node.Keeps = 0;
        _cluster.Unsubscribe(Self);
    }

    private void OnFound(Found found)
    {
        if (found.Kept is null)
        {
            // The store is away.
            Timers.StartSingleTimer("look", new Look(), TimeSpan.FromSeconds(1));
            return;
        }

        _hasLooked = true;
        foreach (var run in found.Kept)
        {
            _ = Keep(run, isNew: false);
        }
    }

    private void OnStanding(RunStanding standing)
    {
        _standings[standing.Run] = standing;
        if (standing.State != RunState.Over)
        {
            return;
        }

        _over.Enqueue(standing.Run);
        if (_over.Count > MostOver && _over.Dequeue() is var oldest && StandingOf(oldest).State == RunState.Over && !_runs.ContainsKey(oldest))
        {
            _standings.Remove(oldest);
        }
    }

    private RunStanding Keep(string run, bool isNew)
    {
        if (!_runs.ContainsKey(run) && !_ends)
        {
            var (node, source, self) = (_node, _source, Self);
            _standings[run] = new RunStanding(run, RunState.Waiting, "", 0, 0, 0, 0, 0, 0);
            _runs[run] = Context.ActorOf(Props.Create(() => new KeptRun(run, node, source, self, isNew)));
            Context.Watch(_runs[run]);
            _node.Keeps = _runs.Count;
        }

        return StandingOf(run);
    }

    private RunStanding StandingOf(string run) => _standings.GetValueOrDefault(run) ?? new RunStanding(run, RunState.Unknown, "", 0, 0, 0, 0, 0, 0);

    private void HandOver()
    {
        _ends = true;
        TellAll(new KeptRun.HandOver());
    }

    private void TellAll(object what)
    {
        foreach (var run in _runs.Values)
        {
            run.Tell(what);
        }
    }

    private void StopIfDone()
    {
        if (_stops && _runs.Count == 0)
        {
            Context.Stop(Self);
        }
    }

    // Before the store was looked into, nobody can say that there is no such run: who asks asks again.
    private bool Knows(string run) => _hasLooked || _runs.ContainsKey(run);

    private sealed record Look;

    private sealed record KeepAgain(string Run);

    private sealed record Found(IReadOnlyList<string>? Kept);

    private sealed record Late;

    /// <summary>The keeper is to end: another node has one soon.</summary>
    public sealed record End;
}

using ActorMultiscale.Actors.Observation;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Distribution;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using Akka.Actor;
using Akka.Dispatch;

namespace ActorMultiscale.Actors.Cluster;

/// <summary>
/// One member of a team that is on several sites. It runs as far as its messages reach, on a solver thread, and is run again when the one that it waits for has come:
/// no thread ever waits. While it runs, the session belongs to that thread.
/// </summary>
internal sealed class TeamMemberActor : ReceiveActor, IDisposable
{
    private readonly ParticipantNode _node;
    private readonly int _member;
    private readonly TeamMemberSession _session;
    private readonly MessageDispatcher _solvers;
    private readonly SiteStates _states;
    private readonly Action<TeamPacket, int> _send;         // To the member of this number.
    private readonly WorkPermit? _permit;
    private readonly WorkAccount _account;
    private readonly List<TeamPacket.Mail> _waiting = [];   // While it runs, or before its act has begun.
    private CancellationTokenSource _cancellation = new();
    private TeamAct? _act;
    private long _number;
    private bool _isRunning;
    private TeamKey? _waitsFor;
    private long _cancelled;                                // An act whose result is not wanted any more.
    private readonly Queue<(TeamPacket.Order Order, PortReader? Inputs)> _next = new();       // Came while it was running.

    /// <summary>A member.</summary>
    /// <param name="node">The participant.</param>
    /// <param name="member">The number of the member.</param>
    /// <param name="seed">Seed of the run.</param>
    /// <param name="settings">How the run is carried out.</param>
    /// <param name="states">The way to the store.</param>
    /// <param name="send">Sends to another member, from any thread.</param>
    public TeamMemberActor(ParticipantNode node, int member, ulong seed, RunSettings settings, SiteStates states, Action<TeamPacket, int> send)
    {
        (_node, _member, _states, _send, _permit, _account) = (node, member, states, send, settings.Permit, settings.Account);
        _solvers = Context.System.Dispatchers.Lookup(ActorSettings.SolverDispatcher);
        _session = new TeamMemberSession(node, member, seed, new ChunkedLoop(settings.Threads, new DispatcherScheduler(_solvers, settings.Account)));
        Receive<TeamPacket.Order>(order => OnOrder(order, null));
        Receive<OrderWithInputs>(order => OnOrder(order.Order, order.Inputs));
        Receive<TeamPacket.Cancel>(cancel =>
        {
            if (cancel.Act == _number)
            {
                _cancellation.Cancel();
            }
            else if (cancel.Act > _number)
            {
                _cancelled = cancel.Act;
            }
        });
        Receive<TeamPacket.Mail>(mail =>
        {
            if (mail.Act < _number)
            {
                return;
            }

            _waiting.Add(mail);
            RunIfPossible();
        });
        Receive<HasRoom>(_ => Run(static () => true));
        Receive<Fetched>(fetched => Run(() =>
        {
            _states.PassTurn();
            _session.Restore(fetched.State);
            return true;
        }));
        Receive<Ran>(OnRan);
    }

    /// <summary>An order of member 0 to itself: its inputs are here.</summary>
    public sealed record OrderWithInputs(TeamPacket.Order Order, PortReader? Inputs);

    /// <summary>What member 0 has done: a result, or nothing but the knowledge that it is done.</summary>
    public sealed record Result(long Act, object? Answer, string? Fault);

    /// <inheritdoc/>
    protected override bool AroundReceive(Receive receive, object message)
    {
        using var shift = _account.As(WorkPurpose.Halo);
        return base.AroundReceive(receive, message);
    }

    /// <inheritdoc/>
    protected override void PostStop()
    {
        _cancellation.Cancel();
        Dispose();
        base.PostStop();
    }

    /// <inheritdoc/>
    public void Dispose() => _cancellation.Dispose();

    private void OnOrder(TeamPacket.Order order, PortReader? inputs)
    {
        if (order.Act <= _number && _number > 0)
        {
            return;
        }

        if (_isRunning)
        {
            _next.Enqueue((order, inputs));
            _cancellation.Cancel();        // What it computes is not wanted any more.
            return;
        }

        Begin(order, inputs);
    }

    private void Begin(TeamPacket.Order order, PortReader? inputs)
    {
        (_number, _act) = (order.Act, order.What);
        _waiting.RemoveAll(mail => mail.Act < _number);
        if (_cancellation.IsCancellationRequested)
        {
            _cancellation.Dispose();
            _cancellation = new CancellationTokenSource();
        }

        if (_cancelled == order.Act)
        {
            _cancellation.Cancel();
        }

        var (self, token) = (Self, _cancellation.Token);
        switch (order.What)
        {
            case TeamAct.Save:
                // What is ordered meanwhile waits, as if it were running.
                _isRunning = true;
                _states.WhenRoom(() => self.Tell(new HasRoom()));
                return;
            case TeamAct.Restore { State: StatePart.Stored stored }:
                _isRunning = true;
                _states.WhenRoom(() => _states.Fetch(stored, bytes => self.Tell(new Fetched(bytes))));
                return;
        }

        Run(() =>
        {
            switch (order.What)
            {
                case TeamAct.Initialize:
                    _session.BeginInitialize();
                    return false;
                case TeamAct.Restore { State: StatePart.Here here }:
                    _session.Restore(here.Bytes);
                    return true;
                case TeamAct.Advance { PrepareOnly: true } prepare:
                    _session.Inbox.Clear();
                    _session.Prepare(prepare.What);
                    return true;
                case TeamAct.Advance advance:
                    _session.Inbox.Clear();
                    _session.Prepare(advance.What);
                    _session.BeginAdvance(advance.What, inputs, token);
                    return false;
                default:
                    return true;
            }
        });
    }

    // The mail of the act that is there now goes in first; what comes meanwhile waits.
    private void Run(Func<bool> begin)
    {
        _isRunning = true;
        var (self, number, act) = (Self, _number, _act!);
        var mails = _waiting.Where(mail => mail.Act == number).ToList();
        _waiting.RemoveAll(mail => mail.Act == number);
        _solvers.Schedule(() =>
        {
            using var shift = _account.As(act is TeamAct.Save or TeamAct.Restore ? WorkPurpose.Journal : WorkPurpose.Computing);
            if (_permit?.TryBegin() == false)
            {
                return;
            }

            object? answer = null;
            string? fault = null;
            var isDone = false;
            try
            {
                isDone = begin();
                mails.ForEach(mail => _session.Inbox.Put(mail.Message));
                if (!isDone && _session.CanRun)
                {
                    isDone = _session.TryRun(message => _send(new TeamPacket.Mail(_node.Index, number, message), message.To));
                }

                if (act is TeamAct.Save save)
                {
                    _states.Store(new SavedPart(_node.Index, save.Window, _member, _node.Description.Members), _session.Save(), endsTurn: true);
                }

                answer = !isDone ? null : act switch
                {
                    TeamAct.Initialize when _member == 0 => _session.Start(),
                    TeamAct.Advance { PrepareOnly: false } advance when _member == 0 => _session.Result(advance.What),
                    _ => null,
                };
            }
            catch (Exception what)
            {
                if (act is TeamAct.Save)
                {
                    _states.PassTurn();
                }

                (isDone, fault) = (true, what is ScaleModelException ? what.Message : $"{what.GetType().Name}: {what.Message}");
            }

            if (_permit?.TryEnd() == false)
            {
                return;
            }

            self.Tell(new Ran(number, isDone, isDone ? null : _session.WaitsFor, answer, fault));
        });
    }

    private void OnRan(Ran ran)
    {
        (_isRunning, _waitsFor) = (false, ran.WaitsFor);
        if (_next.TryDequeue(out var next))
        {
            // One that is overtaken is not computed; what later ones rely on is done.
            Begin(_next.Count > 0 && next.Order.What is TeamAct.Advance advance ? next.Order with { What = advance with { PrepareOnly = true } } : next.Order, next.Inputs);
            return;
        }

        if (!ran.IsDone)
        {
            RunIfPossible();
            return;
        }

        _act = null;
        if (_member == 0)
        {
            Context.Parent.Tell(new Result(ran.Number, ran.Answer, ran.Fault));
        }
        else
        {
            _send(new TeamPacket.Done(_node.Index, ran.Number, _member, ran.Fault), 0);
        }
    }

    private void RunIfPossible()
    {
        if (!_isRunning && _act is not null && _waiting.Exists(mail => mail.Act == _number && (_waitsFor is not { } key || mail.Message.Key == key)))
        {
            Run(static () => false);
        }
    }

    private sealed record HasRoom;

    private sealed record Fetched(byte[] State);

    private sealed record Ran(long Number, bool IsDone, TeamKey? WaitsFor, object? Answer, string? Fault);
}

using ActorMultiscale.Actors.Protocol;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Distribution;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using Akka.Actor;
using System.Collections.Immutable;

namespace ActorMultiscale.Actors.Cluster;

/// <summary>
/// A participant whose team is on several sites, where member 0 is: what <see cref="ParticipantActor"/> is for others. It has all members do the acts that its jobs
/// consist of, and answers when all have done them.
/// </summary>
internal sealed class TeamActor : ReceiveActor, IWithTimers
{
    private readonly ParticipantNode _node;
    private readonly ParticipantProtocol _protocol;
    private readonly IActorRef _site;
    private readonly IActorRef _first;
    private readonly Action<TeamPacket, int> _send;
    private readonly TimeSpan _grace;
    private readonly TimeProvider _clock;
    private readonly bool[] _isDone;
    private readonly SiteStates _states;
    private ParticipantEffect.Start? _job;
    private object? _answer;
    private string? _fault;
    private long _act;
    private long _began;                        // When the act was begun: members compute, or wait for each other, since.

    /// <summary>The team of a participant.</summary>
    /// <param name="node">The participant.</param>
    /// <param name="seed">Seed of the run.</param>
    /// <param name="settings">How the run is carried out.</param>
    /// <param name="states">The way to the store.</param>
    /// <param name="send">Sends to another member, from any thread.</param>
    public TeamActor(ParticipantNode node, ulong seed, RunSettings settings, SiteStates states, Action<TeamPacket, int> send)
    {
        (_states, _node, _send, _grace, _clock, _site) = (states, node, send, settings.Grace, settings.Clock, Context.Parent);
        _protocol = new ParticipantProtocol(node.Spec.TimeLimit is not null);
        _isDone = new bool[node.Description.Members];
        _first = Context.ActorOf(Props.Create(() => new TeamMemberActor(node, 0, seed, settings, states, send)), "member-0");
        Receive<ParticipantJob>(job => CarryOut(_protocol.Take(job)));
        Receive<TeamPacket.Mail>(mail => _first.Tell(mail));
        Receive<TeamMemberActor.Result>(result =>
        {
            if (result.Act == _act)
            {
                _answer = result.Answer;
                OnDone(0, result.Fault);
            }
        });
        Receive<TeamPacket.Done>(done =>
        {
            if (done.Act == _act && done.Member > 0 && done.Member < _isDone.Length)
            {
                OnDone(done.Member, done.Fault);
            }
        });
        Receive<Fetched>(fetched =>
        {
            if (fetched.Act == _act && _job is not null)
            {
                Restore(fetched.State);
            }
        });
        Receive<TimeIsUp>(up => CarryOut(_protocol.Woken(up.Generation, up.AfterGrace)));
    }

    /// <summary>A child that fails takes all with it: its job would be done by nobody.</summary>
    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Escalate);

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    private void CarryOut(IReadOnlyList<ParticipantEffect> effects)
    {
        foreach (var effect in effects)
        {
            switch (effect)
            {
                case ParticipantEffect.Start start:
                    Start(start);
                    break;
                case ParticipantEffect.Cancel:
                    Tell(member => new TeamPacket.Cancel(_node.Index, _act, member), null);
                    break;
                case ParticipantEffect.Wake wake:
                    Timers.StartSingleTimer("limit", new TimeIsUp(wake.Generation, wake.AfterGrace), wake.AfterGrace ? _grace : _node.Spec.TimeLimit!.Value);
                    break;
                case ParticipantEffect.Reply reply:
                    _site.Tell(reply.Answer);
                    break;
                default:
                    throw new InvalidOperationException($"A team knows no effect {effect.GetType().Name}.");
            }
        }
    }

    private void Start(ParticipantEffect.Start start)
    {
        (_job, _answer, _fault) = (start, null, null);
        _began = _clock.GetTimestamp();
        _act++;
        Array.Clear(_isDone);
        PortReader? inputs = null;
        switch (start.Job)
        {
            case ParticipantJob.Restore { State.Parts: [StatePart.Stored whole] }:
                // Of a record in which the state of a team is one archive.
                var (self, act) = (Self, _act);
                _states.Fetch(whole, bytes => self.Tell(new Fetched(act, bytes)));
                return;
            case ParticipantJob.Restore restore:
                Restore(restore.State);
                return;
            case ParticipantJob.Advance advance:
                inputs = advance.PrepareOnly ? null : advance.Inputs;
                break;
        }

        Tell(member => new TeamPacket.Order(_node.Index, _act, member, start.Job switch
        {
            ParticipantJob.Initialize => new TeamAct.Initialize(),
            ParticipantJob.Advance advance => new TeamAct.Advance(advance.Order, advance.PrepareOnly),
            ParticipantJob.Save save => new TeamAct.Save(save.Window),
            var job => throw new InvalidOperationException($"A team knows no job {job.GetType().Name}."),
        }), inputs);
    }

    private void Restore(ParticipantState state)
    {
        try
        {
            state = state.Parts is [StatePart.Here { Bytes: var whole }] ? ParticipantState.OfMembers(TeamState.Split(whole)) : state;
        }
        catch (InvalidDataException fault)
        {
            Fail(fault.Message);
            return;
        }

        if (state.Parts.Length != _isDone.Length)
        {
            Fail($"The state is that of a team of {state.Parts.Length}, and this one has {_isDone.Length} members.");
            return;
        }

        Tell(member => new TeamPacket.Order(_node.Index, _act, member, new TeamAct.Restore(state.Parts[member])), null);
    }

    private void Tell(Func<int, TeamPacket> packet, PortReader? inputs)
    {
        for (var member = _isDone.Length - 1; member > 0; member--)
        {
            _send(packet(member), member);
        }

        _first.Tell(packet(0) is TeamPacket.Order order ? new TeamMemberActor.OrderWithInputs(order, inputs) : packet(0));
    }

    private void OnDone(int member, string? fault)
    {
        if (_job is null)
        {
            return;
        }

        _isDone[member] = true;
        _fault ??= fault is null ? null : _isDone.Length > 1 ? $"member {member}: {fault}" : fault;
        if (_fault is not null)
        {
            // The others wait for messages that nobody sends; what is ordered next ends their act.
            Fail(_fault);
        }
        else if (Array.TrueForAll(_isDone, isDone => isDone))
        {
            Answer(_job.Job switch
            {
                ParticipantJob.Initialize => new ParticipantAnswer.Ready(_node.Index, (ImmutableArray<ImmutableArray<FieldSample>>)_answer!),
                ParticipantJob.Restore => new ParticipantAnswer.Ready(_node.Index, []),
                ParticipantJob.Save save => new ParticipantAnswer.Saved(_node.Index, save.Window, null) { Nanoseconds = (long)_clock.GetElapsedTime(_began).TotalNanoseconds },
                ParticipantJob.Advance { PrepareOnly: true } => null,
                _ => _answer is CouplingEvent.Advanced advanced ? advanced with { Nanoseconds = (long)_clock.GetElapsedTime(_began).TotalNanoseconds } : _answer,
            });
        }
    }

    private void Fail(string reason) => Answer(_job!.Job switch
    {
        ParticipantJob.Advance advance => new CouplingEvent.Failed(advance.Order.Participant, advance.Order.Address, FailureKind.Model, reason),
        ParticipantJob.Save => new ParticipantAnswer.CannotSave(_node.Index, reason),
        _ => new ParticipantAnswer.CannotStart(_node.Index, reason),
    });

    private void Answer(object? answer)
    {
        var generation = _job!.Generation;
        _job = null;
        CarryOut(_protocol.Done(generation, answer));
    }

    private sealed record Fetched(long Act, byte[] State);

    private sealed record TimeIsUp(long Generation, bool AfterGrace);
}

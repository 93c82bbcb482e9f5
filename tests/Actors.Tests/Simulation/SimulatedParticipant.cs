using ActorMultiscale.Actors.Protocol;
using ActorMultiscale.Physics.Coupling;

namespace ActorMultiscale.Tests.Actors.Simulation;

/// <summary>The shell of a participant: it carries out what <see cref="ParticipantProtocol"/> says, in virtual time.</summary>
internal sealed class SimulatedParticipant(Simulation world, Somebody home, SimulatedProcess coordinator, long host, ParticipantNode node, Action<object> reply)
{
    private const long Grace = 5_000_000;

    private readonly ParticipantProtocol _protocol = new(node.Spec.TimeLimit is not null);
    private readonly Func<ParticipantJob, object?> _work = world.WorkOf(coordinator, host, node);
    private object? _answer;
    private long _generation;
    private bool _isDeaf;

    public void Take(ParticipantJob job) => CarryOut(_protocol.Take(job));

    private void CarryOut(IReadOnlyList<ParticipantEffect> effects)
    {
        foreach (var effect in effects)
        {
            if (!home.IsAlive)
            {
                return;
            }

            switch (effect)
            {
                case ParticipantEffect.Start start:
                    Start(start);
                    break;
                case ParticipantEffect.Cancel when !_isDeaf:
                    End(1_000);
                    break;
                case ParticipantEffect.Wake wake:
                    world.Time.After(wake.AfterGrace ? Grace : (long)node.Spec.TimeLimit!.Value.TotalMicroseconds, home,
                        () => CarryOut(_protocol.Woken(wake.Generation, wake.AfterGrace)));
                    break;
                case ParticipantEffect.Reply answer:
                    world.Say($"{home}: {node.Name} answers {answer.Answer.GetType().Name} {AddressOf(answer.Answer)}");
                    reply(answer.Answer);
                    break;
            }
        }
    }

    private void Start(ParticipantEffect.Start start)
    {
        world.Say($"{home}: {node.Name} begins {start.Job.GetType().Name} {AddressOf(start.Job)}");
        var length = world.Random.NextInt64(world.Tunables.JobLength + 1);
        if (node.Spec.TimeLimit is { } limit && world.SlowJobs > 0)
        {
            // Twice its limit, and perhaps deaf to being cancelled.
            world.SlowJobs--;
            coordinator.IsHarmed = true;
            length += 2 * (long)limit.TotalMicroseconds;
            _isDeaf = world.Random.Next(4) == 0;
            length += _isDeaf ? 2 * Grace : 0;
        }

        _generation = start.Generation;
        _answer = _work(start.Job);
        End(length);
    }

    private static WindowAddress? AddressOf(object what) => what switch
    {
        ParticipantJob.Advance job => job.Order.Address,
        CouplingEvent.Advanced answer => answer.Address,
        CouplingEvent.Failed answer => answer.Address,
        _ => null,
    };

    private void End(long after)
    {
        var (generation, answer) = (_generation, _answer);
        world.Time.After(after, home, () => CarryOut(_protocol.Done(generation, answer)));
    }
}

/// <summary>A process with one participant, which lives and dies apart from the coordinator's.</summary>
internal sealed class SimulatedWorker(Simulation world, ParticipantNode node, long host) : Somebody
{
    private ReliableLink _link = ReliableLink.OfParticipant(host);
    private SimulatedParticipant? _participant;
    private int _epoch;

    public override string ToString() => $"worker {node.Name} ({host})";

    public void Receive(LinkPacket packet)
    {
        if (world.Breakage == Breakage.EpochsAreIgnored && packet.Epoch < _epoch)
        {
            _link = ReliableLink.OfParticipant(host);
        }

        CarryOut(_link.Receive(packet));
    }

    private void CarryOut(IReadOnlyList<LinkEffect> effects)
    {
        foreach (var effect in effects)
        {
            switch (effect)
            {
                case LinkEffect.Anew anew:
                    _epoch = anew.Epoch;
                    var coordinator = world.CoordinatorOf(_epoch);
                    SimulatedParticipant? made = null;
                    _participant = made = new SimulatedParticipant(world, this, coordinator, host, node, answer =>
                    {
                        if (_participant == made)
                        {
                            CarryOut(_link.Send(answer));
                        }
                    });
                    break;
                case LinkEffect.Deliver deliver:
                    _participant!.Take((ParticipantJob)deliver.Message);
                    break;
                case LinkEffect.Transmit transmit:
                    world.Transmit(node.Index, transmit.Packet, toCoordinator: true);
                    break;
                case LinkEffect.Wake wake:
                    world.WakeLater(wake.Round, this, () => CarryOut(_link.Woken()));
                    break;
            }
        }
    }
}

using System.Collections.Immutable;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Actors.Observation;
using ActorMultiscale.Actors.Protocol;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Recording;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using Akka.Actor;

namespace ActorMultiscale.Actors;

/// <summary>
/// Carries out what <see cref="CoordinatorProtocol"/> says: events of participants and journal in, orders out. It decides nothing and
/// computes nothing; what happens is in <see cref="CouplingCore"/>, which the serial runner drives as well.
/// </summary>
/// <remarks>
/// Participants that are light have no actor: a message costs more than their step. Their jobs wait in line here and are done
/// when the others have been told theirs; after some the coordinator looks into its mailbox first.
/// </remarks>
internal sealed class CoordinatorActor : ReceiveActor
{
    private const int JobsAtATime = 32;
    private static readonly GoOn _goOn = new();

    private readonly CoupledSystem _system;
    private readonly CoordinatorProtocol _protocol;
    private readonly IActorRef _journal;
    private readonly IActorRef?[] _participants;               // Null where there is a session.
    private readonly ParticipantSession?[] _sessions;          // Of light participants.
    private readonly Queue<(ParticipantSession Session, ParticipantJob Job)> _light = new();
    private readonly RunObserver? _observer;
    private readonly double[] _done;                            // Of each participant, what it last said of its present window.
    private bool _willGoOn;

    /// <summary>A coordinator that starts as soon as all its participants are ready.</summary>
    public CoordinatorActor(CoupledSystem system, CoordinatorProtocol protocol, IActorRef journal, RunSettings settings, RunObserver? observer)
    {
        _system = system;
        _journal = journal;
        _observer = observer;
        _protocol = protocol;
        _participants = new IActorRef?[system.Participants.Length];
        _sessions = new ParticipantSession?[_participants.Length];
        _done = new double[_participants.Length];
        var self = Self;
        foreach (var node in system.Participants)
        {
            if (node.Description.IsLight && node.Spec.TimeLimit is null)
            {
                var solvers = new DispatcherScheduler(Context.System.Dispatchers.Lookup(ActorSettings.SolverDispatcher));
                _sessions[node.Index] = new ParticipantSession(node, system.Experiment.Seed, new ChunkedLoop(settings.Threads, solvers));
            }
            else
            {
                _participants[node.Index] = Context.ActorOf(
                    Props.Create(() => new ParticipantActor(node, system.Experiment.Seed, settings.Threads, self, settings.Grace, observer)), node.Name);
            }
        }

        _protocol.Start();
        CarryOut();

        ReceiveAndGoOn<ParticipantAnswer.Ready>(_protocol.Take);
        ReceiveAndGoOn<ParticipantAnswer.CannotStart>(_protocol.Take);
        ReceiveAndGoOn<ParticipantAnswer.Saved>(_protocol.Take);
        ReceiveAndGoOn<ParticipantAnswer.CannotSave>(_protocol.Take);
        Receive<ParticipantAnswer.Worked>(work => _observer!.Worked(work.Participant, work.IsAdvance, work.Began, work.Ended));
        Receive<ParticipantAnswer.Underway>(underway => _done[underway.Participant] = underway.Done);
        ReceiveAndGoOn<CouplingEvent>(_protocol.Take);
        ReceiveAndGoOn<JournalAnswer.Announced>(announced => _protocol.OnDurable(announced.Windows));
        ReceiveAndGoOn<JournalAnswer.FieldsRecorded>(recorded => _protocol.OnFieldsRecorded(recorded.Bytes));
        ReceiveAndGoOn<GoOn>(_ => _willGoOn = false);
        Receive<ProgressRequest>(_ => Sender.Tell(Progress()));
    }

    /// <inheritdoc/>
    protected override void PreStart() => Self.Tell(_goOn);

    /// <inheritdoc/>
    protected override void PostStop()
    {
        foreach (var session in _sessions)
        {
            session?.Dispose();
        }

        base.PostStop();
    }

    private void ReceiveAndGoOn<T>(Action<T> handle) => Receive<T>(message =>
    {
        handle(message);
        CarryOut();
        AdvanceLight();
    });

    // Until nothing is in line, or it is time to look into the mailbox.
    private void AdvanceLight()
    {
        var left = JobsAtATime;
        do
        {
            while (left > 0 && _light.TryDequeue(out var next))
            {
                left--;
                var began = _observer?.Now() ?? 0;
                var answer = ParticipantWork.Do(next.Session, next.Job, CancellationToken.None);
                if (_observer is not null && ParticipantWork.IsTimed(next.Job))
                {
                    _observer.Worked(next.Session.Node.Index, next.Job is ParticipantJob.Advance, began, _observer.Now());
                }

                _protocol.Take(answer);
                CarryOut();
            }

            _protocol.Flush();        // May set off the next window.
            CarryOut();
        }
        while (left > 0 && _light.Count > 0);

        if (_light.Count > 0 && !_willGoOn)
        {
            _willGoOn = true;
            Self.Tell(_goOn);
        }
    }

    private void CarryOut()
    {
        while (_protocol.TryTake(out var effect))
        {
            switch (effect)
            {
                case CoordinatorEffect.Order order:
                    Order(order.Participant, order.Job);
                    break;
                case CoordinatorEffect.Record record:
                    _journal.Tell(record.What);
                    break;
                case CoordinatorEffect.AllReady:
                    _observer?.Begin();
                    _protocol.Begin();
                    break;
                case CoordinatorEffect.EndRow:
                    _observer?.EndRow();
                    break;
                case CoordinatorEffect.End end:
                    _observer?.EndRow();
                    _journal.Tell(new JournalOrder.End(end.What));
                    break;
                default:
                    throw new InvalidOperationException($"The coordinator knows no effect {effect.GetType().Name}.");
            }
        }
    }

    private void Order(int participant, ParticipantJob job)
    {
        if (_sessions[participant] is { } session)
        {
            _light.Enqueue((session, job));
        }
        else
        {
            _done[participant] = 0;
            _participants[participant]!.Tell(job);
        }
    }

    private RunProgress Progress()
    {
        var ledger = ImmutableArray.CreateBuilder<KeyValuePair<string, double>>();
        foreach (var node in _system.Participants)
        {
            for (var port = 0; port < node.Description.Ports.Length; port++)
            {
                if (node.Description.Ports[port] is { Points: 1, Port: { InLedger: true, Direction: PortDirection.Out } entry }
                    && _protocol.Fields.LastOf(node.Index, port) is { } sample)
                {
                    ledger.Add(new($"{node.Name}.{entry.Name}", sample.Values[0]));
                }
            }
        }

        return new RunProgress(_protocol.Time, _protocol.Accepted, _protocol.Durable, _protocol.Iterations, ledger.ToImmutable())
        {
            Underway = [.. _system.Participants.Where(p => _done[p.Index] is > 0 and < 1).Select(p => KeyValuePair.Create(p.Name, _done[p.Index]))],
        };
    }

    private sealed record GoOn;
}

/// <summary>Asks the coordinator how far it has come.</summary>
internal sealed record ProgressRequest;

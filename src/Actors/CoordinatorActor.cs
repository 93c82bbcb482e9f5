using System.Collections.Immutable;
using ActorMultiscale.Actors.Cluster;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Actors.Observation;
using ActorMultiscale.Actors.Protocol;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Distribution;
using ActorMultiscale.Physics.Models;
using Akka.Actor;

namespace ActorMultiscale.Actors;

/// <summary>
/// Carries out what <see cref="CoordinatorProtocol"/> says: events of participants and journal in, orders out. It decides nothing and
/// computes nothing; what happens is in <see cref="CouplingCore"/>, which the serial runner drives as well.
/// </summary>
internal sealed class CoordinatorActor : ReceiveActor
{
    private const int JobsAtATime = 32;        // Of light participants, before it looks into its mailbox.
    private static readonly GoOn _goOn = new();

    private readonly CoupledSystem _system;
    private readonly CoordinatorProtocol _protocol;
    private readonly IActorRef _journal;
    private readonly ICrew _crew;
    private readonly RunObserver? _observer;
    private readonly RunTelemetry _telemetry;
    private readonly MeasuredCosts? _costs;                     // Of participants on sites.
    private readonly double[] _done;                            // Of each participant, what it last said of its present window.
    private readonly WorkAccount _account;
    private bool _willGoOn;

    /// <summary>A coordinator that starts as soon as all its participants are ready.</summary>
    public CoordinatorActor(CoupledSystem system, CoordinatorProtocol protocol, IActorRef journal, Func<IUntypedActorContext, ICrew> crew, RunObserver? observer, RunTelemetry telemetry, WorkAccount account)
    {
        _system = system;
        _account = account;
        _journal = journal;
        (_observer, _telemetry, _protocol) = (observer, telemetry, protocol);
        _costs = protocol.IsSpread ? new MeasuredCosts(system.Participants.Length) : null;
        _costs?.Begin(protocol.Accepted);
        _done = new double[system.Participants.Length];
        _crew = crew(Context);

        _protocol.Start();
        CarryOut();

        ReceiveAndGoOn<ParticipantAnswer.Ready>(_protocol.Take);
        ReceiveAndGoOn<ParticipantAnswer.CannotStart>(_protocol.Take);
        ReceiveAndGoOn<ParticipantAnswer.Saved>(saved =>
        {
            NoteWork(saved.Participant, isAdvance: false, saved.Nanoseconds);
            _protocol.Take(saved);
        });
        ReceiveAndGoOn<ParticipantAnswer.StateStored>(_protocol.Take);
        ReceiveAndGoOn<ParticipantAnswer.CannotSave>(_protocol.Take);
        Receive<ParticipantAnswer.StoreFails>(fault => _journal.Tell(new JournalOrder.GiveUp(fault.Reason)));
        ReceiveAndGoOn<SiteAnswer>(_protocol.Take);
        Receive<ParticipantAnswer.Worked>(work => _observer!.Worked(work.Participant, work.IsAdvance, work.Began, work.Ended));
        Receive<SiteWorked>(work => _observer?.Worked(work));
        Receive<ParticipantAnswer.Underway>(underway => _done[underway.Participant] = underway.Done);
        ReceiveAndGoOn<CouplingEvent>(Take);
        ReceiveAndGoOn<JournalAnswer.Announced>(announced =>
        {
            _telemetry.Durable(announced.Windows);
            _protocol.OnDurable(announced.Windows);
        });
        ReceiveAndGoOn<JournalAnswer.FieldsRecorded>(recorded => _protocol.OnFieldsRecorded(recorded.Bytes));
        ReceiveAndGoOn<GoOn>(_ => _willGoOn = false);
        Receive<ProgressRequest>(_ => Sender.Tell(Progress()));
    }

    /// <summary>A child that fails takes all with it: its job would be done by nobody.</summary>
    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Escalate);

    /// <inheritdoc/>
    protected override bool AroundReceive(Receive receive, object message)
    {
        using var shift = _account.As(WorkPurpose.Control);
        return base.AroundReceive(receive, message);
    }

    /// <inheritdoc/>
    protected override void PreStart() => Self.Tell(_goOn);

    /// <inheritdoc/>
    protected override void PostStop()
    {
        _crew.Dispose();
        _telemetry.Dispose();
        base.PostStop();
    }

    private void Take(object? answer)
    {
        if (answer is CouplingEvent.Advanced { Nanoseconds: > 0 } advanced)
        {
            NoteWork(advanced.Participant, isAdvance: true, advanced.Nanoseconds);
        }

        _protocol.Take(answer);
    }

    // Who computes here tells the observer when; of others it is known how long, and that they have just answered.
    private void NoteWork(int participant, bool isAdvance, long nanoseconds)
    {
        if (isAdvance)
        {
            _telemetry.Worked(participant, nanoseconds);
            _costs?.Add(participant, nanoseconds);
        }

        if (_protocol.IsSpread && _observer is not null)
        {
            var now = _observer.Now();
            _observer.Worked(participant, isAdvance, now - nanoseconds, now);
        }
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
            while (left > 0 && _crew.TryWork(out var answer))
            {
                left--;
                Take(answer);
                CarryOut();
            }

            _protocol.Flush();        // May set off the next window.
            CarryOut();
        }
        while (left > 0 && _crew.HasWork);

        _crew.Flush();
        if (_crew.HasWork && !_willGoOn)
        {
            _willGoOn = true;
            Self.Tell(_goOn);
        }
    }

    private void NoteOrder(bool isAdvance)
    {
        if (isAdvance)
        {
            _telemetry.Ordered();
        }
    }

    private void CarryOut()
    {
        _telemetry.Accepted(_protocol.Accepted);
        while (_protocol.TryTake(out var effect))
        {
            switch (effect)
            {
                case CoordinatorEffect.Order order:
                    _done[order.Participant] = 0;
                    NoteOrder(order.Job is ParticipantJob.Advance);
                    _crew.Order(order.Participant, order.Job);
                    break;
                case CoordinatorEffect.Script script:
                    NoteOrder(script.Entry is ScriptEntry.Advance);
                    _crew.Tell(script.Entry);
                    break;
                case CoordinatorEffect.Record record:
                    if (record.What is JournalOrder.Commit commit)
                    {
                        _telemetry.Committed(commit.Records[^1].Index + 1);
                    }

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
                    _journal.Tell(new JournalOrder.End(end.What, end.Hash));
                    break;
                default:
                    throw new InvalidOperationException($"The coordinator knows no effect {effect.GetType().Name}.");
            }
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
            Costs = _costs?.Of(_protocol.Accepted) ?? [],
        };
    }

    private sealed record GoOn;
}

/// <summary>Asks the coordinator how far it has come.</summary>
internal sealed record ProgressRequest;

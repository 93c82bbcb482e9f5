using System.Collections.Immutable;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Actors.Protocol;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Models;
using Akka.Actor;

namespace ActorMultiscale.Actors;

/// <summary>
/// Carries the coupling core: events of participants and journal in, orders out. It decides nothing and computes nothing;
/// what happens is in <see cref="CouplingCore"/>, which the serial runner drives as well.
/// </summary>
internal sealed class CoordinatorActor : ReceiveActor
{
    private readonly CoupledSystem _system;
    private readonly CouplingCore _core;
    private readonly RunMetrics _metrics;
    private readonly RunSnapshot? _from;
    private readonly IActorRef _journal;
    private readonly IActorRef[] _participants;
    private readonly TimeProvider _clock;
    private int _notReady;
    private RunSnapshot? _snapshot;            // Under way: its states arrive one by one.
    private int _statesMissing;
    private CouplingCommand.Finish? _finish;   // Decided, but its snapshot is still under way.
    private double _time;
    private long _accepted;
    private long _durable;

    /// <summary>A coordinator that starts as soon as all its participants are ready.</summary>
    public CoordinatorActor(CoupledSystem system, CouplingCore core, RunSnapshot? from, RunMetrics metrics, IActorRef journal, RunSettings settings)
    {
        _system = system;
        _from = from;
        _core = core;
        _metrics = metrics;
        _journal = journal;
        _clock = settings.Clock;
        _accepted = _durable = from?.Window ?? 0;
        _participants = new IActorRef[system.Participants.Length];
        _notReady = _participants.Length;
        foreach (var node in system.Participants)
        {
            var self = Self;
            _participants[node.Index] = Context.ActorOf(
                Props.Create(() => new ParticipantActor(node, system.Experiment.Seed, settings.Threads, self, settings.Grace)), node.Name);
            _participants[node.Index].Tell(from is null ? new ParticipantJob.Initialize() : new ParticipantJob.Restore(from.States[node.Index]));
        }

        Receive<ParticipantAnswer.Ready>(OnReady);
        Receive<ParticipantAnswer.CannotStart>(fault => End(RunOutcome.Failed, 0, $"'{system.Participants[fault.Participant].Name}' {(_notReady > 0 ? "cannot start" : "cannot be saved")}: {fault.Reason}", ""));
        Receive<ParticipantAnswer.Saved>(OnSaved);
        Receive<CouplingEvent>(Tell);
        Receive<JournalAnswer.Announced>(announced =>
        {
            _durable = Math.Max(_durable, announced.Windows);
            Tell(new CouplingEvent.Durable(announced.Windows));
        });
        Receive<ProgressRequest>(_ => Sender.Tell(Progress()));
    }

    private void OnReady(ParticipantAnswer.Ready ready)
    {
        if (_from is null)
        {
            _core.Fields.SetStart(ready.Participant, ready.Start);
        }

        if (--_notReady == 0)
        {
            Tell(new CouplingEvent.Started(_from?.Tick ?? 0, _from?.Window ?? 0));
        }
    }

    private void Tell(CouplingEvent what)
    {
        foreach (var command in _core.Handle(what))
        {
            CarryOut(command);
        }
    }

    private void CarryOut(CouplingCommand command)
    {
        switch (command)
        {
            case CouplingCommand.Advance order:
                _participants[order.Participant].Tell(new ParticipantJob.Advance(order, _core.InputsOf(order)));
                break;
            case CouplingCommand.Commit commit:
                _metrics.Add(commit.Record);
                _accepted = commit.Record.Index + 1;
                _time = _system.Window(commit.Record.StartTick, commit.Record.EndTick).End;
                _journal.Tell(new JournalOrder.Commit(commit.Record));
                break;
            case CouplingCommand.TakeSnapshot take:
                TakeSnapshot(take);
                break;
            case CouplingCommand.Note note:
                _journal.Tell(new JournalOrder.Note(note.Text));
                break;
            case CouplingCommand.Finish finish:
                _finish = finish;
                FinishIfComplete();
                break;
            default:
                throw new InvalidOperationException($"The coordinator knows no command {command.GetType().Name}.");
        }
    }

    // Participants stand at the boundary now; what they are told next waits behind the order to save.
    private void TakeSnapshot(CouplingCommand.TakeSnapshot take)
    {
        _snapshot = new RunSnapshot(take.Window, take.Tick, _core.SaveFields(), [.. new byte[_participants.Length][]]);
        _statesMissing = _participants.Length;
        foreach (var participant in _participants)
        {
            participant.Tell(new ParticipantJob.Save(take.Window));
        }
    }

    private void OnSaved(ParticipantAnswer.Saved saved)
    {
        if (_snapshot is null || saved.Window != _snapshot.Window)
        {
            return;     // Of a snapshot that a newer one has overtaken.
        }

        _snapshot = _snapshot with { States = _snapshot.States.SetItem(saved.Participant, saved.State) };
        if (--_statesMissing == 0)
        {
            _journal.Tell(new JournalOrder.Keep(_snapshot));
            FinishIfComplete();
        }
    }

    private void FinishIfComplete()
    {
        if (_finish is not { } finish)
        {
            return;
        }

        var isSaved = finish.Outcome is RunOutcome.Completed or RunOutcome.Stopped;
        if (!isSaved)
        {
            End(finish.Outcome, finish.Window, finish.Reason, "");
        }
        else if (_statesMissing == 0)
        {
            End(finish.Outcome, finish.Window, finish.Reason, _core.FinalHash(finish.Tick, _snapshot!.States));
        }
    }

    private void End(RunOutcome outcome, long windows, string reason, string hash) => _journal.Tell(new JournalOrder.End(new RunEvent.RunEnded
    {
        At = _clock.GetUtcNow(),
        Outcome = outcome,
        Reason = reason,
        Windows = windows,
        FinalHash = hash,
        Metrics = _metrics.With(_core.Fields.Scalars()),
    }));

    private RunProgress Progress()
    {
        var ledger = ImmutableArray.CreateBuilder<KeyValuePair<string, double>>();
        foreach (var node in _system.Participants)
        {
            for (var port = 0; port < node.Description.Ports.Length; port++)
            {
                if (node.Description.Ports[port] is { Points: 1, Port: { InLedger: true, Direction: PortDirection.Out } entry }
                    && _core.Fields.LastOf(node.Index, port) is { } sample)
                {
                    ledger.Add(new($"{node.Name}.{entry.Name}", sample.Values[0]));
                }
            }
        }

        return new RunProgress(_time, _accepted, _durable, _metrics.Iterations, ledger.ToImmutable());
    }
}

/// <summary>Asks the coordinator how far it has come.</summary>
internal sealed record ProgressRequest;

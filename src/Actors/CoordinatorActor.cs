using System.Collections.Immutable;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Actors.Observation;
using ActorMultiscale.Actors.Protocol;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using Akka.Actor;

namespace ActorMultiscale.Actors;

/// <summary>
/// Carries the coupling core: events of participants and journal in, orders out. It decides nothing and computes nothing;
/// what happens is in <see cref="CouplingCore"/>, which the serial runner drives as well.
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
    private readonly CouplingCore _core;
    private readonly RunMetrics _metrics;
    private readonly RunSnapshot? _from;
    private readonly IActorRef _journal;
    private readonly bool _isRecorded;
    private readonly IActorRef?[] _participants;               // Null where there is a session.
    private readonly ParticipantSession?[] _sessions;          // Of light participants.
    private readonly Queue<(ParticipantSession Session, ParticipantJob Job)> _light = new();
    private readonly ImmutableArray<WindowRecord>.Builder _decided = ImmutableArray.CreateBuilder<WindowRecord>(JobsAtATime);
    private readonly TimeProvider _clock;
    private readonly RunObserver? _observer;
    private bool _willGoOn;
    private int _notReady;
    private RunSnapshot? _snapshot;            // Under way: its states arrive one by one.
    private int _statesMissing;
    private CouplingCommand.Finish? _finish;   // Decided, but its snapshot is still under way.
    private double _time;
    private long _accepted;
    private long _durable;

    /// <summary>A coordinator that starts as soon as all its participants are ready.</summary>
    public CoordinatorActor(CoupledSystem system, CouplingCore core, RunSnapshot? from, RunMetrics metrics, IActorRef journal, bool isRecorded, RunSettings settings, RunObserver? observer)
    {
        _system = system;
        _from = from;
        _core = core;
        _metrics = metrics;
        _journal = journal;
        _clock = settings.Clock;
        _observer = observer;
        _accepted = _durable = from?.Window ?? 0;
        _isRecorded = isRecorded;
        _participants = new IActorRef?[system.Participants.Length];
        _sessions = new ParticipantSession?[_participants.Length];
        _notReady = _participants.Length;
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

            Order(node.Index, from is null ? new ParticipantJob.Initialize() : new ParticipantJob.Restore(from.States[node.Index]));
        }

        ReceiveAndGoOn<ParticipantAnswer.Ready>(OnReady);
        ReceiveAndGoOn<ParticipantAnswer.CannotStart>(OnCannotStart);
        ReceiveAndGoOn<ParticipantAnswer.Saved>(OnSaved);
        Receive<ParticipantAnswer.Worked>(work => _observer!.Worked(work.Participant, work.IsAdvance, work.Began, work.Ended));
        ReceiveAndGoOn<CouplingEvent>(Tell);
        ReceiveAndGoOn<JournalAnswer.Announced>(announced => OnDurable(announced.Windows));
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

                OnAnswer(answer);
            }

            Flush();        // May set off the next window.
        }
        while (left > 0 && _light.Count > 0);

        if (_light.Count > 0 && !_willGoOn)
        {
            _willGoOn = true;
            Self.Tell(_goOn);
        }
    }

    private void OnAnswer(object? answer)
    {
        switch (answer)
        {
            case CouplingEvent what:
                Tell(what);
                break;
            case ParticipantAnswer.Ready ready:
                OnReady(ready);
                break;
            case ParticipantAnswer.Saved saved:
                OnSaved(saved);
                break;
            case ParticipantAnswer.CannotStart fault:
                OnCannotStart(fault);
                break;
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
            _participants[participant]!.Tell(job);
        }
    }

    // One message for all windows that were decided since the last.
    private void Flush()
    {
        if (_decided.Count == 0)
        {
            return;
        }

        if (_isRecorded)
        {
            _journal.Tell(new JournalOrder.Commit(_decided.ToImmutable()));
            _decided.Clear();
        }
        else
        {
            _decided.Clear();
            OnDurable(_accepted);
        }
    }

    private void OnDurable(long windows)
    {
        _durable = Math.Max(_durable, windows);
        Tell(new CouplingEvent.Durable(windows));
    }

    private void OnCannotStart(ParticipantAnswer.CannotStart fault) =>
        End(RunOutcome.Failed, 0, $"'{_system.Participants[fault.Participant].Name}' cannot start: {fault.Reason}", "");

    private void OnReady(ParticipantAnswer.Ready ready)
    {
        if (_from is null)
        {
            _core.Fields.SetStart(ready.Participant, ready.Start);
        }

        if (--_notReady == 0)
        {
            _observer?.Begin();
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
                Order(order.Participant, new ParticipantJob.Advance(order, _core.InputsOf(order)));
                break;
            case CouplingCommand.Commit commit:
                _metrics.Add(commit.Record);
                _accepted = commit.Record.Index + 1;
                _time = _system.Window(commit.Record.StartTick, commit.Record.EndTick).End;
                _decided.Add(commit.Record);
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
        _observer?.EndRow();
        _snapshot = new RunSnapshot(take.Window, take.Tick, _core.SaveFields(), [.. new byte[_participants.Length][]]);
        _statesMissing = _participants.Length;
        for (var participant = 0; participant < _participants.Length; participant++)
        {
            Order(participant, new ParticipantJob.Save(take.Window));
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
            Flush();
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

    private void End(RunOutcome outcome, long windows, string reason, string hash)
    {
        Flush();
        _observer?.EndRow();
        _journal.Tell(new JournalOrder.End(new RunEvent.RunEnded
        {
            At = _clock.GetUtcNow(),
            Outcome = outcome,
            Reason = reason,
            Windows = windows,
            FinalHash = hash,
            Metrics = _metrics.With(_core.Fields.Scalars()),
        }));
    }

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

    private sealed record GoOn;
}

/// <summary>Asks the coordinator how far it has come.</summary>
internal sealed record ProgressRequest;

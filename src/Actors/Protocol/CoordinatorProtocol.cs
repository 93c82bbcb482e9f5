using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Physics.Coupling;

namespace ActorMultiscale.Actors.Protocol;

/// <summary>What the coordinator's shell is to do.</summary>
internal abstract record CoordinatorEffect
{
    private CoordinatorEffect() { }

    /// <summary>Give a participant a job; answered by what the job gives.</summary>
    public sealed record Order(int Participant, ParticipantJob Job) : CoordinatorEffect;

    /// <summary>All participants are ready: answered with <see cref="CoordinatorProtocol.Begin"/>.</summary>
    public sealed record AllReady : CoordinatorEffect;

    /// <summary>What was observed belongs to the windows before a snapshot.</summary>
    public sealed record EndRow : CoordinatorEffect;

    /// <summary>Tell the journal of windows, a snapshot or a note.</summary>
    public sealed record Record(object What) : CoordinatorEffect;

    /// <summary>The run is over; nothing is left to be told to the journal before it.</summary>
    public sealed record End(RunOutcome Outcome, string Reason, long Windows, string FinalHash) : CoordinatorEffect;
}

/// <summary>
/// What a coordinator decides, without the actors that carry it out: when all participants are ready, what the core's commands
/// mean for participants and journal, when a snapshot is complete, and when the run may end. Each event is followed by taking
/// the effects until there is none.
/// </summary>
/// <param name="core">The coupling core.</param>
/// <param name="system">The coupled system.</param>
/// <param name="from">The snapshot from which the run goes on; null for the start.</param>
/// <param name="metrics">The numbers of the coupling up to there; windows that are accepted are added.</param>
/// <param name="isRecorded">Whether windows wait for a journal to become durable.</param>
internal sealed class CoordinatorProtocol(CoupledSystem system, CouplingCore core, RunSnapshot? from, RunMetrics metrics, bool isRecorded)
{
    private readonly Queue<CoordinatorEffect> _effects = new();
    private readonly ImmutableArray<WindowRecord>.Builder _decided = ImmutableArray.CreateBuilder<WindowRecord>(32);
    private int _notReady = system.Participants.Length;
    private RunSnapshot? _snapshot;            // Under way: its states arrive one by one.
    private int _statesMissing;
    private CouplingCommand.Finish? _finish;   // Decided, but its snapshot is still under way.

    /// <summary>Where the accepted windows end, s.</summary>
    public double Time { get; private set; }

    /// <summary>How many root windows are accepted.</summary>
    public long Accepted { get; private set; } = from?.Window ?? 0;

    /// <summary>How many root windows are known to be durable.</summary>
    public long Durable { get; private set; } = from?.Window ?? 0;

    /// <summary>Takes the next effect, if there is one.</summary>
    public bool TryTake([NotNullWhen(true)] out CoordinatorEffect? effect) => _effects.TryDequeue(out effect);

    /// <summary>The participants exist now.</summary>
    public void Start()
    {
        for (var participant = 0; participant < system.Participants.Length; participant++)
        {
            Order(participant, from is null ? new ParticipantJob.Initialize() : new ParticipantJob.Restore(from.States[participant]));
        }
    }

    /// <summary>A participant, or the user, tells something.</summary>
    public void Take(object? answer)
    {
        switch (answer)
        {
            case null:          // Of an advance that was prepared only.
                break;
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
                End(RunOutcome.Failed, 0, $"'{system.Participants[fault.Participant].Name}' cannot start: {fault.Reason}", "");
                break;
            default:
                throw new InvalidOperationException($"The coordinator knows no answer {answer.GetType().Name}.");
        }
    }

    /// <summary>What <see cref="CoordinatorEffect.AllReady"/> asked for.</summary>
    public void Begin() => Tell(new CouplingEvent.Started(from?.Tick ?? 0, from?.Window ?? 0));

    /// <summary>Root windows up to <paramref name="windows"/> (a count) are durable.</summary>
    public void OnDurable(long windows)
    {
        Durable = Math.Max(Durable, windows);
        Tell(new CouplingEvent.Durable(windows));
    }

    /// <summary>Nothing more is to be done at once: the windows that were decided go to the journal, in one message.</summary>
    public void Flush()
    {
        if (_decided.Count == 0)
        {
            return;
        }

        if (isRecorded)
        {
            _effects.Enqueue(new CoordinatorEffect.Record(new JournalOrder.Commit(_decided.ToImmutable())));
            _decided.Clear();
        }
        else
        {
            _decided.Clear();
            OnDurable(Accepted);
        }
    }

    private void Order(int participant, ParticipantJob job) => _effects.Enqueue(new CoordinatorEffect.Order(participant, job));

    private void OnReady(ParticipantAnswer.Ready ready)
    {
        if (from is null)
        {
            core.Fields.SetStart(ready.Participant, ready.Start);
        }

        if (--_notReady == 0)
        {
            _effects.Enqueue(new CoordinatorEffect.AllReady());
        }
    }

    private void Tell(CouplingEvent what)
    {
        foreach (var command in core.Handle(what))
        {
            CarryOut(command);
        }
    }

    private void CarryOut(CouplingCommand command)
    {
        switch (command)
        {
            case CouplingCommand.Advance order:
                Order(order.Participant, new ParticipantJob.Advance(order, core.InputsOf(order)));
                break;
            case CouplingCommand.Commit commit:
                metrics.Add(commit.Record);
                Accepted = commit.Record.Index + 1;
                Time = system.Window(commit.Record.StartTick, commit.Record.EndTick).End;
                _decided.Add(commit.Record);
                break;
            case CouplingCommand.TakeSnapshot take:
                TakeSnapshot(take);
                break;
            case CouplingCommand.Note note:
                _effects.Enqueue(new CoordinatorEffect.Record(new JournalOrder.Note(note.Text)));
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
        _effects.Enqueue(new CoordinatorEffect.EndRow());
        _statesMissing = system.Participants.Length;
        _snapshot = new RunSnapshot(take.Window, take.Tick, core.SaveFields(), [.. new byte[_statesMissing][]]) { Counted = metrics.Counts };
        for (var participant = 0; participant < system.Participants.Length; participant++)
        {
            Order(participant, new ParticipantJob.Save(take.Window));
        }
    }

    private void OnSaved(ParticipantAnswer.Saved saved)
    {
        // Of a snapshot that a newer one has overtaken, or told twice.
        if (_snapshot is null || saved.Window != _snapshot.Window || _snapshot.States[saved.Participant] is not null)
        {
            return;
        }

        _snapshot = _snapshot with { States = _snapshot.States.SetItem(saved.Participant, saved.State) };
        if (--_statesMissing == 0)
        {
            Flush();
            _effects.Enqueue(new CoordinatorEffect.Record(new JournalOrder.Keep(_snapshot)));
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
            End(finish.Outcome, finish.Window, finish.Reason, core.FinalHash(finish.Tick, _snapshot!.States));
        }
    }

    private void End(RunOutcome outcome, long windows, string reason, string hash)
    {
        Flush();
        _effects.Enqueue(new CoordinatorEffect.End(outcome, reason, windows, hash));
    }
}

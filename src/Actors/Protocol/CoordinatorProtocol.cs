using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Distribution;
using ActorMultiscale.Physics.Coupling.Recording;

namespace ActorMultiscale.Actors.Protocol;

/// <summary>What the coordinator's shell is to do.</summary>
internal abstract record CoordinatorEffect
{
    private CoordinatorEffect() { }

    /// <summary>Give a participant a job; answered by what the job gives.</summary>
    public sealed record Order(int Participant, ParticipantJob Job) : CoordinatorEffect;

    /// <summary>Tell all sites the next entry of their script, where the fields lie on several.</summary>
    public sealed record Script(ScriptEntry Entry) : CoordinatorEffect;

    /// <summary>All participants are ready: answered with <see cref="CoordinatorProtocol.Begin"/>.</summary>
    public sealed record AllReady : CoordinatorEffect;

    /// <summary>What was observed belongs to the windows before a snapshot.</summary>
    public sealed record EndRow : CoordinatorEffect;

    /// <summary>Tell the journal of windows, a snapshot or a note.</summary>
    public sealed record Record(object What) : CoordinatorEffect;

    /// <summary>The run is over; nothing is left to be told to the journal before it.</summary>
    /// <param name="What">How it ended.</param>
    /// <param name="Hash">Computes the final hash, where states lie in the store; null where it is known.</param>
    public sealed record End(RunEvent.RunEnded What, Func<StateReader, string>? Hash) : CoordinatorEffect;
}

/// <summary>
/// What a coordinator decides, without the actors that carry it out: when all participants are ready, what the core's commands
/// mean for participants and journal, when a snapshot is complete, and when the run may end. Each event is followed by taking
/// the effects until there is none.
/// </summary>
internal sealed class CoordinatorProtocol
{
    private readonly CoupledSystem _system;
    private readonly CouplingCore _core;
    private readonly RunSnapshot? _from;
    private readonly RunMetrics _metrics;
    private readonly bool _isRecorded;
    private readonly FieldRecorder? _recorder;
    private readonly FieldMerger? _merger;     // Of what sites record, where the fields lie on several.
    private readonly long _recordsFrom;
    private int _sealsMissing;                 // Sites that were asked for what they have recorded, and have not answered yet.
    private readonly long _mostFieldsWaiting;
    private readonly Queue<CoordinatorEffect> _effects = new();
    private readonly ImmutableArray<WindowRecord>.Builder _decided = ImmutableArray.CreateBuilder<WindowRecord>(32);
    private readonly bool[] _isReady;
    private int _readyMissing;
    private RunSnapshot? _snapshot;            // Under way: its states arrive one by one.
    private ParticipantState?[] _states = [];
    private int _statesMissing;
    private readonly StatePart?[]?[] _parts;   // Of the snapshot under way, where states go to the store without coming here.
    private CouplingCommand.TakeSnapshot? _passedOver;      // The last one that was due while another was under way.
    private bool _isKept;
    private readonly FieldPlacement? _placement;
    private FieldGathering? _gathering;        // Of the snapshot under way, where the fields lie on several sites.
    private readonly Queue<CouplingEvent> _held = new();   // Answers, while too many fields wait.
    private long _fieldsWaiting;               // Bytes.
    private bool _saidThatFieldsAreLeftOut;
    private CouplingCommand.Finish? _finish;   // Decided, but its snapshot is still under way.
    private bool _isOver;

    /// <summary>A coordinator that goes on where a record ends.</summary>
    /// <param name="system">The coupled system.</param>
    /// <param name="history">What the record says.</param>
    /// <param name="from">Its last snapshot, from which the run goes on; null for the start.</param>
    /// <param name="isRecorded">Whether windows wait for a journal to become durable.</param>
    /// <param name="observer">Hears what happens in the core; null for nobody.</param>
    /// <param name="recordsFields">Whether fields are recorded, of those participants whose experiment wants it.</param>
    /// <param name="blockLength">A block of fields is complete when it has so many bytes.</param>
    /// <param name="mostFieldsWaiting">Where so many bytes of fields wait to be stored, the run waits too.</param>
    /// <param name="placement">On which sites the fields lie; null where they lie here.</param>
    /// <exception cref="InvalidDataException">The snapshot does not fit the system.</exception>
    public CoordinatorProtocol(CoupledSystem system, RunHistory history, RunSnapshot? from, bool isRecorded, ICouplingObserver? observer = null,
        bool recordsFields = false, int blockLength = FieldRecorder.BlockLength, long mostFieldsWaiting = RunSettings.MostFieldsWaiting, FieldPlacement? placement = null)
    {
        // Of what is computed again, the fields may be in the record already.
        _placement = placement;
        var isWanted = recordsFields && isRecorded && FieldRecorder.IsWanted(system);
        _recordsFrom = Math.Max(from?.Window ?? 0, history.FieldsEnd);
        _recorder = isWanted && placement is null ? new FieldRecorder(system, from?.Window ?? 0, _recordsFrom, blockLength) : null;
        _merger = isWanted && placement is not null ? new FieldMerger(system, placement.Sites, blockLength) : null;
        _mostFieldsWaiting = mostFieldsWaiting;
        (_system, _from, _isRecorded, _metrics) = (system, from, isRecorded, history.MetricsAtSnapshot);
        var recordedEnds = history.SinceSnapshot.Select(record => record.EndTick);
        _core = placement is null
            ? new CouplingCore(system, from?.Fields, recordedEnds: recordedEnds, observer: observer, recorder: _recorder)
            : new CouplingCore(system, placement, from?.Fields, recordedEnds, observer);
        (_isReady, _readyMissing) = (new bool[system.Participants.Length], system.Participants.Length);
        _parts = new StatePart?[]?[system.Participants.Length];
        Epoch = Math.Max(1, history.Epoch);
        Accepted = Durable = from?.Window ?? 0;
    }

    /// <summary>Whether the fields, and the participants, are on sites.</summary>
    public bool IsSpread => _placement is not null;

    /// <summary>The number of this incarnation, from 1.</summary>
    public int Epoch { get; }

    /// <summary>The fields between participants.</summary>
    public FieldExchange Fields => _core.Fields;

    /// <summary>How many root iterations there were.</summary>
    public long Iterations => _metrics.Iterations;

    /// <summary>Where the accepted windows end, s.</summary>
    public double Time { get; private set; }

    /// <summary>How many root windows are accepted.</summary>
    public long Accepted { get; private set; }

    /// <summary>How many root windows are known to be durable.</summary>
    public long Durable { get; private set; }

    /// <summary>Takes the next effect, if there is one.</summary>
    public bool TryTake([NotNullWhen(true)] out CoordinatorEffect? effect) => _effects.TryDequeue(out effect);

    /// <summary>The participants exist now.</summary>
    public void Start()
    {
        for (var participant = 0; participant < _system.Participants.Length; participant++)
        {
            Order(participant, _from is null ? new ParticipantJob.Initialize() : new ParticipantJob.Restore(_from.States[participant]));
        }
    }

    /// <summary>A participant, or the user, tells something.</summary>
    public void Take(object? answer)
    {
        switch (answer)
        {
            case null:          // Of an advance that was prepared only.
                break;
            case CouplingEvent.Advanced or CouplingEvent.Failed when _fieldsWaiting > _mostFieldsWaiting:
                _held.Enqueue((CouplingEvent)answer);
                break;
            case CouplingEvent what:
                Tell(what);
                break;
            case SiteAnswer.MeshesChanged changed:
                if (!_isOver)
                {
                    CarryOut(_core.Handle(changed));
                }

                break;
            case SiteAnswer.ShareSaved share:
                OnShareSaved(share);
                break;
            case SiteAnswer.FieldsSealed told:
                OnFieldsSealed(told);
                break;
            case ParticipantAnswer.Ready ready:
                OnReady(ready);
                break;
            case ParticipantAnswer.Saved saved:
                OnSaved(saved);
                break;
            case ParticipantAnswer.StateStored stored:
                OnStored(stored);
                break;
            case ParticipantAnswer.CannotSave fault:
                End(RunOutcome.Failed, Accepted, $"the state of '{_system.Participants[fault.Participant].Name}' cannot be kept: {fault.Reason}", "");
                break;
            case ParticipantAnswer.CannotStart fault:
                End(RunOutcome.Failed, Accepted, $"'{_system.Participants[fault.Participant].Name}' cannot start: {fault.Reason}", "");
                break;
            default:
                throw new InvalidOperationException($"The coordinator knows no answer {answer.GetType().Name}.");
        }
    }

    /// <summary>What <see cref="CoordinatorEffect.AllReady"/> asked for.</summary>
    public void Begin() => Tell(new CouplingEvent.Started(_from?.Tick ?? 0, _from?.Window ?? 0));

    /// <summary>Root windows up to <paramref name="windows"/> (a count) are durable.</summary>
    public void OnDurable(long windows)
    {
        Durable = Math.Max(Durable, windows);
        Tell(new CouplingEvent.Durable(windows));
    }

    /// <summary>Fields of so many bytes are in the record.</summary>
    public void OnFieldsRecorded(long bytes)
    {
        _fieldsWaiting -= bytes;
        while (_fieldsWaiting <= _mostFieldsWaiting && _held.TryDequeue(out var answer))
        {
            Tell(answer);
        }
    }

    /// <summary>Nothing more is to be done at once: the windows that were decided go to the journal, in one message.</summary>
    public void Flush()
    {
        if (_decided.Count == 0)
        {
            return;
        }

        if (_isRecorded)
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
        if (_isReady[ready.Participant])
        {
            return;     // Told twice.
        }

        _isReady[ready.Participant] = true;
        if (_from is null)
        {
            _core.Fields.SetStart(ready.Participant, ready.Start);
        }

        if (--_readyMissing == 0)
        {
            foreach (var node in _placement is not null && _from is null ? _system.Participants : [])
            {
                _effects.Enqueue(new CoordinatorEffect.Script(new ScriptEntry.Start(node.Index)));
            }

            if (_merger is not null)
            {
                _effects.Enqueue(new CoordinatorEffect.Script(new ScriptEntry.Record(Accepted, _recordsFrom)));
            }

            _effects.Enqueue(new CoordinatorEffect.AllReady());
        }
    }

    private void Tell(CouplingEvent what)
    {
        if (_isOver)
        {
            return;
        }

        CarryOut(_core.Handle(what));
    }

    private void CarryOut(ImmutableArray<CouplingCommand> commands)
    {
        foreach (var command in commands)
        {
            CarryOut(command);
        }

        TakeFields();
    }

    private void TakeFields()
    {
        if ((_recorder?.LeftOut ?? _merger?.LeftOut) > 0 && !_saidThatFieldsAreLeftOut)
        {
            _saidThatFieldsAreLeftOut = true;
            _effects.Enqueue(new CoordinatorEffect.Record(new JournalOrder.Note(string.Create(CultureInfo.InvariantCulture,
                $"the fields of window {Accepted - 1}, and of every other that has more than {FieldRecorder.LargestPath >> 20} MB of samples, are not recorded"))));
        }

        while (TryTakeBlock(out var block))
        {
            _fieldsWaiting += block.Bytes.Length;
            _effects.Enqueue(new CoordinatorEffect.Record(new JournalOrder.Fields(block)));
        }
    }

    private bool TryTakeBlock([NotNullWhen(true)] out FieldBlock? block)
    {
        block = null;
        return _recorder?.TryTake(out block) == true || _merger?.TryTake(out block) == true;
    }

    // Everything that was recorded so far, before a snapshot.
    private void SealFields()
    {
        _recorder?.Seal();
        AskForFields();
        TakeFields();
    }

    private void AskForFields()
    {
        if (_merger is not null)
        {
            _sealsMissing += _placement!.Sites;
            _effects.Enqueue(new CoordinatorEffect.Script(new ScriptEntry.SealFields()));
        }
    }

    private void OnFieldsSealed(SiteAnswer.FieldsSealed told)
    {
        if (_merger is null || _isOver)
        {
            return;
        }

        _sealsMissing -= told.IsAnswer ? 1 : 0;
        try
        {
            _merger.Take(told);
            _merger.Merge(Accepted);
        }
        catch (InvalidDataException fault)
        {
            End(RunOutcome.Failed, Accepted, $"what site {told.Site} recorded cannot be read: {fault.Message}", "");
            return;
        }

        if (HasAllFields)
        {
            _merger.Seal();
        }

        if (!told.IsAnswer && _sealsMissing == 0)
        {
            AskForFields();         // One site has a block full: it does not wait here until others have.
        }

        TakeFields();
        KeepIfComplete();
    }

    private bool HasAllFields => _merger is null || (_sealsMissing == 0 && _merger.IsGapless);

    private void CarryOut(CouplingCommand command)
    {
        switch (command)
        {
            case CouplingCommand.Advance order:
                Order(order.Participant, new ParticipantJob.Advance(order, _core.InputsOf(order)));
                break;
            case CouplingCommand.Script script:
                _effects.Enqueue(new CoordinatorEffect.Script(script.Entry));
                break;
            case CouplingCommand.Commit commit:
                _metrics.Add(commit.Record);
                Accepted = commit.Record.Index + 1;
                Time = _system.Window(commit.Record.StartTick, commit.Record.EndTick).End;
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
        // States that sites store take as long as the store does: one snapshot after the other, so that each comes to an end.
        if (_placement is not null && _snapshot is not null && !_isKept)
        {
            _passedOver = take;
            return;
        }

        _passedOver = null;
        Array.Clear(_parts);
        SealFields();
        _effects.Enqueue(new CoordinatorEffect.EndRow());
        (_states, _statesMissing, _isKept) = (new ParticipantState?[_system.Participants.Length], _system.Participants.Length, false);
        _snapshot = new RunSnapshot(take.Window, take.Tick, _placement is null ? _core.SaveFields() : [], []) { Counted = _metrics.Counts };
        if (_placement is not null)
        {
            _gathering = _core.Gather();
            _effects.Enqueue(new CoordinatorEffect.Script(new ScriptEntry.SaveShare(take.Window)));
        }

        for (var participant = 0; participant < _system.Participants.Length; participant++)
        {
            Order(participant, new ParticipantJob.Save(take.Window));
        }
    }

    private void OnSaved(ParticipantAnswer.Saved saved)
    {
        if (saved.State is { } state)
        {
            OnState(saved.Participant, saved.Window, state);
        }
    }

    private void OnStored(ParticipantAnswer.StateStored stored)
    {
        if (_snapshot is null || stored.Window != _snapshot.Window)
        {
            return;
        }

        var parts = _parts[stored.Participant] ??= new StatePart?[stored.Parts];
        if (parts.Length != stored.Parts)
        {
            return;     // A site that says two things of one state.
        }

        parts[stored.Part] = stored.What;
        if (Array.TrueForAll(parts, part => part is not null))
        {
            OnState(stored.Participant, stored.Window, new ParticipantState([.. parts!]));
        }
    }

    private void OnState(int participant, long window, ParticipantState state)
    {
        // Of a snapshot that a newer one has overtaken, or told twice.
        if (_snapshot is null || window != _snapshot.Window || _states[participant] is not null)
        {
            return;
        }

        _states[participant] = state;
        if (--_statesMissing == 0)
        {
            _snapshot = _snapshot with { States = [.. _states.Select(known => known!)] };
        }

        KeepIfComplete();
    }

    private void OnShareSaved(SiteAnswer.ShareSaved share)
    {
        if (_snapshot is null || share.Window != _snapshot.Window || _gathering is not { IsComplete: false } gathering)
        {
            return;
        }

        try
        {
            gathering.Take(share);
        }
        catch (InvalidDataException fault)
        {
            End(RunOutcome.Failed, Accepted, $"the fields of site {share.Site} cannot be kept: {fault.Message}", "");
            return;
        }

        if (gathering.IsComplete)
        {
            _snapshot = _snapshot with { Fields = gathering.SaveFields() };
            KeepIfComplete();
        }
    }

    private bool IsSnapshotComplete => _statesMissing == 0 && _gathering is null or { IsComplete: true } && HasAllFields;

    private void KeepIfComplete()
    {
        if (_snapshot is not null && IsSnapshotComplete && !_isKept && !_isOver)
        {
            _isKept = true;
            Flush();
            _effects.Enqueue(new CoordinatorEffect.Record(new JournalOrder.Keep(_snapshot)));
        }

        FinishIfComplete();
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
        else if (IsSnapshotComplete && _passedOver is { } take && take.Window == finish.Window)
        {
            TakeSnapshot(take);     // All stand there still.
        }
        else if (IsSnapshotComplete && _gathering is null)
        {
            End(finish.Outcome, finish.Window, finish.Reason, _core.FinalHash(finish.Tick, _snapshot!.States));
        }
        else if (IsSnapshotComplete)
        {
            var (gathering, states) = (_gathering!, _snapshot!.States);
            End(finish.Outcome, finish.Window, finish.Reason, "", read => gathering.FinalHash(finish.Tick, states, read));
        }
    }

    private void End(RunOutcome outcome, long windows, string reason, string hash, Func<StateReader, string>? compute = null)
    {
        if (_isOver)
        {
            return;
        }

        _isOver = true;
        _recorder?.Seal();
        _merger?.Seal();        // Where nothing is saved, what sites have recorded since they were last asked is not asked for: one of them may answer nobody.
        TakeFields();
        Flush();
        _effects.Enqueue(new CoordinatorEffect.End(new RunEvent.RunEnded
        {
            At = default,       // The journal says when.
            Outcome = outcome,
            Reason = reason,
            Windows = windows,
            FinalHash = hash,
            Metrics = _metrics.With(_core.Fields.Scalars()),
        }, compute));
    }
}

using System.Collections.Immutable;
using ActorMultiscale.Actors;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Actors.Protocol;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Tests.Actors.Simulation;

/// <summary>
/// A process with a coordinator and its journal, and with the participants that have no process of their own: the shells of
/// <see cref="RecordProtocol"/> and <see cref="CoordinatorProtocol"/> in virtual time. They decide nothing.
/// </summary>
internal sealed class SimulatedProcess : Somebody
{
    private const long BetweenTries = 1_000_000;
    private const long Lingering = 5_000;

    private readonly Simulation _world;
    private readonly int _number;
    private readonly RecordProtocol _record;
    private readonly Line _toJournal;
    private readonly Line _toCoordinator;
    private readonly Line _toPacker;
    private readonly Queue<(Func<ParticipantJob, object?> Work, ParticipantJob Job)> _light = new();
    private readonly SimulatedParticipant?[] _participants;
    private readonly Func<ParticipantJob, object?>?[] _work;          // Of light participants.
    private readonly ReliableLink?[] _links;
    private readonly Line[] _toParticipants;
    private readonly Acceptances _acceptances = new();
    private CoordinatorProtocol? _coordinator;
    private long _last;             // Of the writer at hand.
    private bool _willGoOn;
    private int _saidReady;

    public SimulatedProcess(Simulation world, int number)
    {
        (_world, _number) = (world, number);
        var tunables = world.Tunables;
        var participants = world.System.Participants.Length;
        _record = new RecordProtocol(Simulation.Start, "disk", tunables.Patience, world.Time, tunables.Urgent);
        Line Mail() => new(world.Time, world.Random, tunables.MailDelay);
        (_toJournal, _toCoordinator, _toPacker) = (Mail(), Mail(), new Line(world.Time, world.Random, tunables.DiskDelay));
        _toParticipants = [.. Enumerable.Range(0, participants).Select(_ => Mail())];
        (_participants, _work, _links) = (new SimulatedParticipant?[participants], new Func<ParticipantJob, object?>?[participants], new ReliableLink?[participants]);
    }

    /// <summary>How many root windows are accepted, as the core itself says.</summary>
    public long Accepted => _acceptances.Count;

    /// <summary>Whether a solver was lost or late, or the user said stop: it may end otherwise than undisturbed, and be gone on with.</summary>
    public bool IsHarmed { get; set; }

    public override string ToString() => FormattableString.Invariant($"process {_number}");

    public void Start() => CarryOut(_record.Start());

    /// <summary>The user, or a clock, tells the coordinator something.</summary>
    public void Tell(CouplingEvent what) => ToCoordinator(what);

    /// <summary>A packet of a participant's process arrives.</summary>
    public void Receive(int participant, LinkPacket packet)
    {
        if (_links[participant] is not { } link)
        {
            return;     // It does not know yet who takes part.
        }

        var effects = link.Receive(packet);
        CarryOut(participant, effects);
        var isDoubled = packet.Number > 0 && packet.Epoch == _coordinator!.Epoch && !effects.Any(e => e is LinkEffect.Deliver);
        if (isDoubled && (_world.Breakage == Breakage.DeliveredTwice || (_world.Breakage == Breakage.ReadyCountedTwice && packet.Message is ParticipantAnswer.Ready)))
        {
            Answer(packet.Message!);
        }
    }

    private void CarryOut(ImmutableArray<JournalEffect> effects)
    {
        foreach (var effect in effects)
        {
            if (!IsAlive || _world.CrashesHere(this, effect))
            {
                return;
            }

            switch (effect)
            {
                case JournalEffect.ReadHistory:
                    Ask(false, _world.Disk.History, _record.Read, _record.StoreFailed);
                    break;
                case JournalEffect.StartWriter start:
                    Ask(false, () => _world.Disk.Events, last =>
                    {
                        _last = last;
                        return _record.WriterStarted(start.Writer, last);
                    }, (reason, passes) => _record.WriterFailed(start.Writer, "could not be read: " + reason, passes));
                    break;
                case JournalEffect.Open:
                    Ask(true, () => true, _ => _record.Opened(), _record.StoreFailed);
                    break;
                case JournalEffect.LoadSnapshot load:
                    Ask(false, () => _world.Disk.Load(load.Reference), _record.Loaded, _record.StoreFailed);
                    break;
                case JournalEffect.StoreChunks store:
                    Ask(true, () => _world.Disk.Store(store.Snapshot), _record.Stored, _record.StoreFailed);
                    break;
                case JournalEffect.Pack pack:
                    _toPacker.Send(this, () => CarryOut(_record.Packed(new PackedFields(pack.Block.First, pack.Block.Windows, pack.Block.Bytes.Length, ChunkCodec.Pack(pack.Block.Bytes)))));
                    break;
                case JournalEffect.StoreFields store:
                    Ask(true, () => _world.Disk.Store(store.Fields), _record.FieldsStored, _record.StoreFailed);
                    break;
                case JournalEffect.FieldsRecorded fields:
                    _toCoordinator.Send(this, () => Handle(coordinator => coordinator.OnFieldsRecorded(fields.Bytes)));
                    break;
                case JournalEffect.Write write:
                    Write(write, ++_last);
                    break;
                case JournalEffect.Wait:
                    _world.Time.After(BetweenTries, this, () => CarryOut(_record.TryAgain()));
                    break;
                case JournalEffect.Linger:
                    _world.Time.After(Lingering, this, () => CarryOut(_record.LingerIsOver()));
                    break;
                case JournalEffect.Recovered recovered:
                    _toCoordinator.Send(this, () => GoOn(recovered));
                    break;
                case JournalEffect.Announce announce:
                    Announce(announce.Windows);
                    break;
                case JournalEffect.Warn warn:
                    _world.Say($"{this}: {warn.Text}");
                    break;
                case JournalEffect.Ended ended:
                    _world.Ended(this, ended.End);
                    break;
                case JournalEffect.Diverged diverged:
                    throw new BrokenPromiseException($"window {diverged.Recorded.Index} came out otherwise when it was computed again");
                case JournalEffect.Unusable unusable:
                    _world.Over(this, unusable.Reason);
                    break;
                default:
                    throw new InvalidOperationException($"The journal knows no effect {effect.GetType().Name}.");
            }
        }
    }

    private void Ask<T>(bool isWrite, Func<T> work, Func<T, ImmutableArray<JournalEffect>> done, Func<string, bool, ImmutableArray<JournalEffect>> failed) =>
        _world.Disk.Ask(this, isWrite, work, answer => CarryOut(done(answer)), (reason, passes) => CarryOut(failed(reason, passes)));

    private void Write(JournalEffect.Write write, long number)
    {
        if (_world.Breakage == Breakage.AnnouncedEarly && RunEventCodec.Decode(write.Entry) is RunEvent.WindowsCommitted committed)
        {
            Announce(committed.Windows[^1].Index + 1);
        }

        Ask(true, () => _world.Disk.Append(this, number, write.Entry), _ => _record.Written(write.Writer), (reason, passes) =>
        {
            if (_world.Breakage != Breakage.BlindRetry || !passes)
            {
                return _record.WriterFailed(write.Writer, "could not be written: " + reason, passes);
            }

            _last = _world.Disk.Events;
            Write(write, ++_last);
            return [];
        });
    }

    private void Announce(long windows) => _toCoordinator.Send(this, () =>
    {
        _world.Judge.Announced(windows);
        Handle(coordinator => coordinator.OnDurable(windows));
    });

    // ---- the coordinator -----------------------------------------------------------------------------------------

    private void GoOn(JournalEffect.Recovered recovered)
    {
        _coordinator = new CoordinatorProtocol(_world.System, recovered.History, recovered.Snapshot, isRecorded: true, _acceptances, recordsFields: true, _world.Tunables.FieldBlock, _world.Tunables.MostFieldsWaiting);
        _acceptances.Count = recovered.Snapshot?.Window ?? 0;
        _world.Say($"{this}: epoch {_coordinator.Epoch} goes on from window {_acceptances.Count}; {recovered.History.Windows} are recorded");
        foreach (var node in _world.System.Participants)
        {
            if (_world.Tunables.IsRemote[node.Index])
            {
                _links[node.Index] = ReliableLink.OfCoordinator(_coordinator.Epoch);
            }
            else if (_world.Tunables.IsLight[node.Index])
            {
                _work[node.Index] = _world.WorkOf(this, 0, node);
            }
            else
            {
                _participants[node.Index] = new SimulatedParticipant(_world, this, this, 0, node, ToCoordinator);
            }
        }

        _world.Took(this, _coordinator.Epoch);
        Handle(coordinator => coordinator.Start());
    }

    private void ToCoordinator(object what) => _toCoordinator.Send(this, () => Answer(what));

    private void Answer(object answer)
    {
        if (_coordinator is null)
        {
            return;
        }

        _world.Judge.Delivered(this, answer);
        Handle(coordinator => coordinator.Take(answer));
        if (_world.Breakage == Breakage.ReadyCountedTwice && answer is ParticipantAnswer.Ready && ++_saidReady == _links.Length)
        {
            Handle(coordinator => coordinator.Begin());
        }
    }

    private void Handle(Action<CoordinatorProtocol> what)
    {
        what(_coordinator!);
        CarryOut();
        AdvanceLight();
    }

    private void AdvanceLight()
    {
        var left = _world.Tunables.LightJobs;
        do
        {
            while (left > 0 && IsAlive && _light.TryDequeue(out var next))
            {
                left--;
                if (next.Work(next.Job) is { } answer)
                {
                    _world.Judge.Delivered(this, answer);
                    _coordinator!.Take(answer);
                }

                CarryOut();
            }

            _coordinator!.Flush();
            CarryOut();
        }
        while (left > 0 && IsAlive && _light.Count > 0);

        if (_light.Count > 0 && !_willGoOn)
        {
            _willGoOn = true;
            _toCoordinator.Send(this, () => Handle(_ => _willGoOn = false));
        }
    }

    private void CarryOut()
    {
        while (IsAlive && _coordinator!.TryTake(out var effect) && !_world.CrashesHere(this, effect))
        {
            switch (effect)
            {
                case CoordinatorEffect.Order order:
                    Order(order.Participant, order.Job);
                    break;
                case CoordinatorEffect.AllReady:
                    if (_world.Breakage != Breakage.ReadyCountedTwice)
                    {
                        _coordinator.Begin();
                    }

                    break;
                case CoordinatorEffect.Record { What: var what }:
                    _toJournal.Send(this, () => CarryOut(what switch
                    {
                        JournalOrder.Commit commit => _record.Commit(commit.Records),
                        JournalOrder.Keep keep => _record.Keep(keep.Snapshot),
                        JournalOrder.Fields fields => _record.Fields(fields.Block),
                        JournalOrder.Note note => _record.Note(note.Text),
                        _ => throw new InvalidOperationException($"The journal knows no order {what.GetType().Name}."),
                    }));
                    break;
                case CoordinatorEffect.EndRow:
                    break;
                case CoordinatorEffect.End end:
                    _toJournal.Send(this, () => CarryOut(_record.End(end.What)));
                    break;
                default:
                    throw new InvalidOperationException($"The coordinator knows no effect {effect.GetType().Name}.");
            }
        }
    }

    private void Order(int participant, ParticipantJob job)
    {
        if (_links[participant] is { } link)
        {
            CarryOut(participant, link.Send(job));
        }
        else if (_work[participant] is { } work)
        {
            _light.Enqueue((work, job));
        }
        else
        {
            _toParticipants[participant].Send(this, () => _participants[participant]!.Take(job));
        }
    }

    private void CarryOut(int participant, IReadOnlyList<LinkEffect> effects)
    {
        foreach (var effect in effects)
        {
            if (!IsAlive)
            {
                return;
            }

            switch (effect)
            {
                case LinkEffect.Transmit transmit:
                    _world.Transmit(participant, transmit.Packet, toCoordinator: false);
                    break;
                case LinkEffect.Deliver deliver:
                    ToCoordinator(deliver.Message);
                    break;
                case LinkEffect.Wake wake:
                    _world.WakeLater(wake.Round, this, () => CarryOut(participant, _links[participant]!.Woken()));
                    break;
                case LinkEffect.Superseded later:
                    _world.Over(this, $"epoch {later.Epoch} has begun");
                    break;
                case LinkEffect.PeerLost:
                    _world.Over(this, $"the process of participant {participant} is another one: back to the last snapshot");
                    break;
            }
        }
    }

    // Hears from the core itself what is accepted.
    private sealed class Acceptances : ICouplingObserver
    {
        public long Count { get; set; }

        public long Now() => 0;

        public void Iterated(WindowAddress address, TimeWindow window, bool converged, ImmutableArray<Residual> residuals)
        {
        }

        public void Mapped(int conduit, long began)
        {
        }

        public void Accelerated(int group, long began)
        {
        }

        public void Accepted(TimeWindow window, ReadOnlySpan<double> watched) => Count++;
    }
}

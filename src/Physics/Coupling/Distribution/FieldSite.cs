using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using ActorMultiscale.Physics.Coupling.Recording;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Coupling.Distribution;

/// <summary>
/// The share of a run's fields that one process holds, pure: the coordinator's script and parcels of other sites go in, advances
/// of the site's participants and parcels for others come out. All sites together do what one <see cref="FieldExchange"/> does.
/// </summary>
/// <remarks>
/// Entries of the script are carried out in order. A delivery waits for the parcel with what was written; an advance waits for what other
/// sites hold of its inputs, while the script goes on: whatever could change these comes behind the participant's answer.
/// </remarks>
public sealed class FieldSite
{
    private static readonly WindowAddress _nowhere = new(null, 0, 0, 0, 0, 0);

    private readonly CoupledSystem _system;
    private readonly FieldPlacement _placement;
    private readonly int _site;
    private readonly int _blockLength;
    private readonly FieldExchange _fields;
    private readonly Queue<ScriptEntry> _script = new();
    private readonly Queue<SiteEffect> _effects = new();
    private readonly List<FieldParcel.Samples>[] _arrived;                                   // By participant: what is not delivered yet. One or two: a scan is short.
    private readonly Dictionary<int, List<FieldParcel.Input>> _inputs = [];                  // By conduit: of other sites, ahead of the script.
    private readonly Dictionary<int, Waiting> _waiting = [];                                 // By participant.
    private readonly long[] _orders;                                                         // By participant: the last advance that it was told.
    private readonly List<(WindowAddress Address, long Order)>[] _orderOf;                   // By participant: advances that may still be answered.
    private FieldRecorder? _recorder;
    private long _told;                                                                      // Blocks of fields.
    private readonly HashSet<int> _changing = [];                                            // Participants of which a change of mesh waits to be accepted.

    /// <summary>A site at the start of a run, or, given the fields of a snapshot, at its boundary.</summary>
    /// <param name="system">The coupled system.</param>
    /// <param name="placement">Who is where.</param>
    /// <param name="site">The number of this site.</param>
    /// <param name="fields">The fields of the snapshot, whole; null for the start.</param>
    /// <param name="observer">Hears how long mapping and acceleration take here; null for nobody.</param>
    /// <exception cref="InvalidDataException">They do not fit the system.</exception>
    public FieldSite(CoupledSystem system, FieldPlacement placement, int site, byte[]? fields = null, ICouplingObserver? observer = null)
        : this(system, placement, site, fields, isStrict: false, observer: observer)
    {
    }

    /// <summary>For tests: a site whose exchange is strict.</summary>
    internal FieldSite(CoupledSystem system, FieldPlacement placement, int site, byte[]? fields, bool isStrict, int blockLength = FieldRecorder.BlockLength, ICouplingObserver? observer = null)
    {
        ArgumentNullException.ThrowIfNull(system);
        ArgumentNullException.ThrowIfNull(placement);
        (_system, _placement, _site, _blockLength) = (system, placement, site, blockLength);
        _fields = new FieldExchange(system, isStrict, placement.ShareOf(site)) { Observer = observer };
        _orders = new long[system.Participants.Length];
        _arrived = [.. system.Participants.Select(_ => new List<FieldParcel.Samples>())];
        _orderOf = [.. system.Participants.Select(_ => new List<(WindowAddress, long)>())];
        if (fields is not null)
        {
            CouplingCore.RestoreFields(system, _fields, fields);
        }
    }

    /// <summary>The participants of this site.</summary>
    public IEnumerable<ParticipantNode> Participants => _system.Participants.Where(p => IsHere(p.Index));

    /// <summary>Takes the next effect, if there is one.</summary>
    public bool TryTake([NotNullWhen(true)] out SiteEffect? effect) => _effects.TryDequeue(out effect);

    /// <summary>An entry of the script, in its turn.</summary>
    public void Take(ScriptEntry entry)
    {
        _script.Enqueue(entry);
        GoOn();
    }

    /// <summary>A parcel of another site.</summary>
    public void Take(FieldParcel parcel)
    {
        switch (parcel)
        {
            case FieldParcel.Samples strange when !IsOf(strange):
            case FieldParcel.Input { Conduit: var stray } when stray < 0 || stray >= _system.Conduits.Length || !IsHere(_system.Conduits[stray].Consumer):
                throw new InvalidDataException("A parcel is of what this site does not have.");
            case FieldParcel.Samples samples:
                Arrive(samples);
                break;
            case FieldParcel.Input input:
                var consumer = _system.Conduits[input.Conduit].Consumer;
                if (_waiting.TryGetValue(consumer, out var waiting) && waiting.Order == input.Order)
                {
                    if (waiting.Missing.Remove(input.Conduit))
                    {
                        waiting.Values[input.Conduit] = input.Value;
                        StartIfComplete(waiting);
                    }
                }
                else if (input.Order > _orders[consumer])
                {
                    if (!_inputs.TryGetValue(input.Conduit, out var ahead))
                    {
                        _inputs[input.Conduit] = ahead = [];
                    }

                    ahead.RemoveAll(known => known.Order == input.Order);
                    ahead.Add(input);
                }

                break;
            default:
                throw new InvalidOperationException($"A site knows no parcel {parcel?.GetType().Name}.");
        }
    }

    /// <summary>A participant of this site stands at the start of the run.</summary>
    /// <returns>What the coordinator is to be told of its samples.</returns>
    public ImmutableArray<ImmutableArray<FieldSample>> Started(int participant, ImmutableArray<ImmutableArray<FieldSample>> samples)
    {
        Spread(new FieldParcel.Samples(0, participant, samples, []));
        return NumbersOf(participant, samples);
    }

    /// <summary>A participant of this site has advanced, or could not.</summary>
    public void Answered(CouplingEvent answer)
    {
        switch (answer)
        {
            case CouplingEvent.Advanced advanced:
                // Before they are spread: what waits for them changes what stands here.
                var fingerprints = _fields.FingerprintsAfter(advanced.Participant, advanced.Samples);
                var watched = _fields.WatchedAfter(advanced.Participant, advanced.Samples, advanced.Meshes);
                _effects.Enqueue(new SiteEffect.Tell(advanced with
                {
                    Samples = NumbersOf(advanced.Participant, advanced.Samples),
                    Meshes = [],
                    ChangesMeshes = !advanced.Meshes.IsEmpty,
                    Fingerprints = fingerprints,
                    Watched = watched,
                }));
                Spread(new FieldParcel.Samples(_orderOf[advanced.Participant].Single(known => known.Address == advanced.Address).Order, advanced.Participant, advanced.Samples, advanced.Meshes) { Fingerprints = fingerprints });
                break;
            case CouplingEvent.Failed failed:
                _effects.Enqueue(new SiteEffect.Tell(failed));
                break;
            default:
                throw new InvalidOperationException($"A site knows no answer {answer?.GetType().Name}.");
        }
    }

    private bool IsOf(FieldParcel.Samples samples) => samples.Participant >= 0 && samples.Participant < _system.Participants.Length && !IsHere(samples.Participant)
        && samples.Values.Length == _system.Participants[samples.Participant].Description.Ports.Length && samples.Meshes.All(change => change.Port >= 0 && change.Port < samples.Values.Length);

    private bool IsHere(int participant) => _placement.Participants[participant] == _site;

    // The samples are held here until they are delivered; their copies go to whom they concern.
    private void Spread(FieldParcel.Samples parcel)
    {
        foreach (var site in _placement.SitesOf(_system, parcel.Participant, !parcel.Meshes.IsEmpty).Where(site => site != _site))
        {
            var wanted = _system.Outgoing[parcel.Participant].Where(c => _placement.Homes[c.Index] == site).SelectMany(c => new[] { c.ProducerPort, c.GradientPort }).ToHashSet();
            _effects.Enqueue(new SiteEffect.Send(site, parcel with { Values = [.. parcel.Values.Select((port, index) => wanted.Contains(index) ? port : [])], Fingerprints = default }));
        }

        Arrive(parcel);
    }

    private void Arrive(FieldParcel.Samples samples)
    {
        var waiting = _arrived[samples.Participant];
        waiting.RemoveAll(known => known.Order == samples.Order);
        waiting.Add(samples);
        GoOn();
    }

    // What arrived of an advance; with it everything of earlier ones goes.
    private bool TryTakeArrived(int participant, long order, [NotNullWhen(true)] out FieldParcel.Samples? samples)
    {
        samples = _arrived[participant].Find(known => known.Order == order);
        if (samples is not null)
        {
            _arrived[participant].RemoveAll(known => known.Order <= order);
        }

        return samples is not null;
    }

    // Ports of one number: what limits, metrics and the ledger look at.
    private ImmutableArray<ImmutableArray<FieldSample>> NumbersOf(int participant, ImmutableArray<ImmutableArray<FieldSample>> samples) =>
        [.. samples.Select((port, index) => _system.Participants[participant].Description.Ports[index].Points == 1 && !port.IsEmpty ? ImmutableArray.Create(new FieldSample(port[^1].Time, port[^1].Values.ToArray())) : [])];

    private void GoOn()
    {
        while (_script.TryPeek(out var entry) && TryCarryOut(entry))
        {
            _ = _script.Dequeue();
        }
    }

    // False where it waits for a parcel.
    private bool TryCarryOut(ScriptEntry entry)
    {
        switch (entry)
        {
            case ScriptEntry.Start start:
                if (_system.Participants[start.Participant].Description.Ports.IsEmpty || !Concerns(start.Participant, changesMeshes: false))
                {
                    return true;
                }

                if (!TryTakeArrived(start.Participant, 0, out var samples))
                {
                    return false;
                }

                _fields.SetStart(start.Participant, samples.Values);
                return true;
            case ScriptEntry.Record record:
                _recorder = new FieldRecorder(_system, record.Window, record.From, _blockLength, isMine: IsHere);
                _fields.Recorder = _recorder;
                _recorder.Begin(_fields);
                return true;
            case ScriptEntry.SealFields:
                _recorder?.Seal();
                TellFields(isAnswer: true, _recorder?.TryTake(out var rest) == true ? rest.Bytes : []);
                return true;
            case ScriptEntry.SaveShare save:
                _effects.Enqueue(new SiteEffect.Tell(new SiteAnswer.ShareSaved(_site, save.Window, StateArchive.Save(_fields.Archive, 1024))));
                return true;
            case ScriptEntry.Advance advance:
                Advance(advance.What, advance.Order);
                return true;
            case ScriptEntry.Deliver deliver:
                return TryDeliver(deliver);
            case ScriptEntry.Fields fields:
                CarryOut(fields.What);
                return true;
            default:
                throw new InvalidOperationException($"A site knows no entry {entry.GetType().Name}.");
        }
    }

    private bool Concerns(int participant, bool changesMeshes) => _placement.SitesOf(_system, participant, changesMeshes).Contains(_site);

    private void CarryOut(CouplingCommand what)
    {
        switch (what)
        {
            case CouplingCommand.OpenWindow open:
                Forget(open.Group);
                _recorder?.Open(open.Group, open.Again);
                _fields.Open(open.Group, open.Window, open.Again);
                break;
            case CouplingCommand.PublishStage publish:
                _fields.Publish(publish.Group, publish.Stage);
                break;
            case CouplingCommand.Measure measure:
                if (_placement.Groups[measure.Group] == _site)
                {
                    _effects.Enqueue(new SiteEffect.Tell(new CouplingEvent.Measured(measure.Address, _fields.Measure(measure.Group), _fields.WindowError(measure.Group, measure.Window))));
                }

                break;
            case CouplingCommand.Iterate iterate:
                Forget(iterate.Group);
                _recorder?.GoBack(iterate.Group);
                _fields.Iterate(iterate.Group);
                break;
            case CouplingCommand.AcceptWindow accept:
                Accept(accept);
                break;
            default:
                throw new InvalidOperationException($"A site knows no command {what.GetType().Name}.");
        }
    }

    private void Advance(CouplingCommand.Advance order, long number)
    {
        var consumer = order.Participant;
        _orders[consumer] = number;
        var incoming = _system.Incoming[consumer];
        if (!IsHere(consumer))
        {
            foreach (var conduit in incoming.Where(c => _placement.Homes[c.Index] == _site))
            {
                _effects.Enqueue(new SiteEffect.Send(_placement.Participants[consumer], new FieldParcel.Input(number, conduit.Index, _fields.CurrentOf(conduit.Index))));
            }

            return;
        }

        if (_waiting.Remove(consumer, out var overtaken))
        {
            _effects.Enqueue(new SiteEffect.Advance(overtaken.What, null));
        }

        _orderOf[consumer].RemoveAll(known => known.Address == order.Address);
        _orderOf[consumer].Add((order.Address, number));
        var waiting = new Waiting(order, number);
        foreach (var conduit in incoming)
        {
            if (_placement.Homes[conduit.Index] == _site)
            {
                waiting.Values[conduit.Index] = _fields.CurrentOf(conduit.Index);
            }
            else if (TakeInput(conduit.Index, number) is { } input)
            {
                waiting.Values[conduit.Index] = input.Value;
            }
            else
            {
                waiting.Missing.Add(conduit.Index);
            }
        }

        _waiting[consumer] = waiting;
        StartIfComplete(waiting);
    }

    // What another site told ahead of an advance; what it told of earlier ones is of no use any more.
    private FieldParcel.Input? TakeInput(int conduit, long order)
    {
        if (!_inputs.TryGetValue(conduit, out var ahead))
        {
            return null;
        }

        var input = ahead.Find(known => known.Order == order);
        ahead.RemoveAll(known => known.Order <= order);
        return input;
    }

    private void StartIfComplete(Waiting waiting)
    {
        if (waiting.Missing.Count == 0)
        {
            _waiting.Remove(waiting.What.Participant);
            var inputs = _fields.InputsOf(waiting.What.Participant, waiting.What.Window, conduit => waiting.Values[conduit]);
            _recorder?.Order(waiting.What, inputs);
            _effects.Enqueue(new SiteEffect.Advance(waiting.What, inputs));
        }
    }

    private bool TryDeliver(ScriptEntry.Deliver deliver)
    {
        var participant = deliver.What.Participant;
        if (!Concerns(participant, deliver.ChangesMeshes))
        {
            return true;
        }

        if (!TryTakeArrived(participant, deliver.Order, out var samples))
        {
            return false;
        }

        if (deliver.ChangesMeshes)
        {
            _changing.Add(participant);
        }

        _orderOf[participant].RemoveAll(known => known.Order <= deliver.Order);
        _fields.Deliver(participant, deliver.What.Window, new CouplingEvent.Advanced(participant, _nowhere, samples.Values) { Meshes = samples.Meshes, Fingerprints = samples.Fingerprints });
        if (IsHere(participant))
        {
            _recorder?.Deliver(participant, samples.Values);
        }

        return true;
    }

    private void TellFields(bool isAnswer, byte[] block) => _effects.Enqueue(new SiteEffect.Tell(new SiteAnswer.FieldsSealed(_site, _told++, isAnswer, block, _recorder?.Window ?? -1)));

    private void Forget(int group) => _changing.RemoveWhere(p => _system.Groups[group].Leaves.Contains(p));

    private void Accept(CouplingCommand.AcceptWindow accept)
    {
        var fault = _fields.Accept(accept.Group, accept.Window);
        if (accept.Group == 0)
        {
            // Whether it is accepted everywhere, and breaks no limit, the coordinator knows: it takes no windows that are not.
            _recorder?.Accept(accept.Window);
            while (_recorder?.TryTake(out var full) == true)
            {
                TellFields(isAnswer: false, full.Bytes);
            }
        }

        var tells = _changing.Any(p => _system.Groups[accept.Group].Leaves.Contains(p));
        if (accept.Group == 0)
        {
            _changing.Clear();
        }

        if (tells)
        {
            _effects.Enqueue(new SiteEffect.Tell(new SiteAnswer.MeshesChanged(_site, accept.Group, fault)));
        }
    }

    // An advance whose inputs may not all be there.
    private sealed class Waiting(CouplingCommand.Advance what, long order)
    {
        public CouplingCommand.Advance What => what;

        public long Order => order;

        public HashSet<int> Missing { get; } = [];

        public Dictionary<int, Waveform?> Values { get; } = [];
    }
}

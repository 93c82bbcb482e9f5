using System.Collections.Immutable;
using System.Security.Cryptography;
using ActorMultiscale.Physics.Coupling.Distribution;
using ActorMultiscale.Physics.Coupling.Recording;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Coupling;

/// <summary>
/// The machine and the fields together: an event of a participant, the journal or the user goes in; what participants, journal
/// and user are to be told comes out. The serial runner and the coordinator actor both drive this, so that they cannot differ.
/// </summary>
/// <remarks>
/// Where the fields lie on several sites, the core holds the machine and what is told of the fields: single numbers, fingerprints. The
/// commands that concern fields then go out as the sites' script.
/// </remarks>
public sealed class CouplingCore
{
    private readonly CoupledSystem _system;
    private readonly CouplingMachine _machine;
    private readonly FieldExchange _fields;
    private readonly ICouplingObserver? _observer;
    private readonly FieldRecorder? _recorder;
    private readonly Queue<CouplingEvent> _pending = new();
    private readonly FieldPlacement? _placement;
    private readonly long[] _orders = [];                   // By participant: the number of its last advance.
    private readonly HashSet<int> _changing = [];           // Participants of which a change of mesh waits to be accepted.
    private readonly Dictionary<int, CouplingCommand.Measure> _measures = [];
    private long _order;
    private int _meshAnswersMissing;
    private CouplingCommand.AcceptWindow? _accepting;       // The root's, which waits for these.

    /// <summary>A core at the start of a run, or, given <paramref name="fields"/> of a snapshot, at its boundary.</summary>
    /// <param name="system">The coupled system.</param>
    /// <param name="fields">What <see cref="SaveFields"/> gave.</param>
    /// <param name="runAhead">How many root windows may be computed before they are durable; null for what the experiment says.</param>
    /// <param name="recordedEnds">Where root windows ended when they were computed before: they hold again where lengths depend on the clock.</param>
    /// <param name="observer">Hears what happens; null for nobody.</param>
    /// <param name="recorder">Records the fields; null to leave no record of them.</param>
    public CouplingCore(CoupledSystem system, byte[]? fields = null, int? runAhead = null, IEnumerable<long>? recordedEnds = null, ICouplingObserver? observer = null, FieldRecorder? recorder = null)
        : this(system, fields, runAhead, recordedEnds, observer, recorder, isStrict: false)
    {
    }

    /// <summary>For tests: a core that leases no more arrays than it must, and spoils what is free.</summary>
    internal CouplingCore(CoupledSystem system, byte[]? fields, int? runAhead, IEnumerable<long>? recordedEnds, ICouplingObserver? observer, FieldRecorder? recorder, bool isStrict)
        : this(system, fields, runAhead, recordedEnds, observer, recorder, new FieldExchange(system, isStrict) { Observer = observer, Recorder = recorder })
    {
    }

    /// <summary>A core whose fields lie on the sites of <paramref name="placement"/>.</summary>
    /// <param name="system">The coupled system.</param>
    /// <param name="placement">Who is where.</param>
    /// <param name="fields">The fields of a snapshot, whole; null for the start.</param>
    /// <param name="recordedEnds">Where root windows ended when they were computed before.</param>
    /// <param name="observer">Hears what happens, but of mappings and accelerations, which are the sites'; null for nobody.</param>
    public CouplingCore(CoupledSystem system, FieldPlacement placement, byte[]? fields = null, IEnumerable<long>? recordedEnds = null, ICouplingObserver? observer = null)
        : this(system, fields, null, recordedEnds, observer, null, new FieldExchange(system, false, FieldShare.Ledger(system)) { Observer = observer })
    {
        _placement = placement;
        _orders = new long[system.Participants.Length];
    }

    private CouplingCore(CoupledSystem system, byte[]? fields, int? runAhead, IEnumerable<long>? recordedEnds, ICouplingObserver? observer, FieldRecorder? recorder, FieldExchange exchange)
    {
        ArgumentNullException.ThrowIfNull(system);
        _system = system;
        _machine = new CouplingMachine(system, runAhead, system.Experiment.Participants.Any(p => p.ShortensWhenLate) ? recordedEnds : null);
        _observer = observer;
        _recorder = recorder;
        _fields = exchange;
        if (fields is not null)
        {
            StateArchive.Restore(fields, Archive);
        }
    }

    /// <summary>The fields between participants.</summary>
    public FieldExchange Fields => _fields;

    /// <summary>Answers that came for an address no longer awaited.</summary>
    public long Dropped => _machine.Dropped;

    /// <summary>Takes one event; gives what is to be carried out outside, in order.</summary>
    public ImmutableArray<CouplingCommand> Handle(CouplingEvent what)
    {
        if (what is CouplingEvent.Started)
        {
            _recorder?.Begin(_fields);
        }

        if (what is CouplingEvent.Measured measured && _measures.TryGetValue(measured.Address.Group, out var measure) && measure.Address == measured.Address)
        {
            _measures.Remove(measured.Address.Group);
            Tell(measure, measured.Residuals);
        }

        _pending.Enqueue(what);
        return Work();
    }

    /// <summary>A site has accepted a window in which meshes changed.</summary>
    public ImmutableArray<CouplingCommand> Handle(SiteAnswer.MeshesChanged changed)
    {
        ArgumentNullException.ThrowIfNull(changed);
        _meshAnswersMissing--;
        if (changed.Fault is { } fault)
        {
            _accepting = null;
            _pending.Enqueue(new CouplingEvent.Broken(fault));
        }
        else if (_meshAnswersMissing == 0 && _accepting is { } accept)
        {
            _accepting = null;
            AcceptRoot(accept);
        }

        return Work();
    }

    private ImmutableArray<CouplingCommand> Work()
    {
        var outside = ImmutableArray.CreateBuilder<CouplingCommand>();
        while (_pending.TryDequeue(out var next))
        {
            foreach (var command in _machine.Handle(next))
            {
                if (_placement is not null)
                {
                    Relay(command, next, outside);
                }
                else if (!CarryOut(command, next))
                {
                    outside.Add(command);
                }
            }
        }

        return outside.ToImmutable();
    }

    /// <summary>What the in-ports of the participant of <paramref name="order"/> hold. Ask when the order is given, not later.</summary>
    public PortReader InputsOf(CouplingCommand.Advance order)
    {
        ArgumentNullException.ThrowIfNull(order);
        var inputs = _fields.InputsOf(order.Participant, order.Window);
        _recorder?.Order(order, inputs);
        return inputs;
    }

    /// <summary>The bytes of the fields at a root boundary, for a snapshot.</summary>
    public byte[] SaveFields() => StateArchive.Save(Archive, 1024);

    /// <summary>At a root boundary, the gathering of the fields from the sites, for a snapshot; the run may go on meanwhile.</summary>
    public FieldGathering Gather()
    {
        var machine = new CouplingMachine(_system);
        StateArchive.Restore(StateArchive.Save(_machine.Archive), machine.Archive);
        return new FieldGathering(_system, _placement ?? throw new InvalidOperationException("The fields lie here."), machine);
    }

    /// <summary>Sets the fields of <paramref name="exchange"/> from the bytes of a snapshot.</summary>
    internal static void RestoreFields(CoupledSystem system, FieldExchange exchange, byte[] fields) =>
        StateArchive.Restore(fields, archive =>
        {
            exchange.Archive(archive);
            new CouplingMachine(system).Archive(archive);
        });

    private void Archive(StateArchive archive)
    {
        _fields.Archive(archive);
        _machine.Archive(archive);
    }

    /// <summary>
    /// The hash by which two runs are called the same: over the end tick, the participants' archives in ordinal order of
    /// names, and the last sample of every out-port. Not over retries, snapshots or anything else that may differ.
    /// </summary>
    /// <param name="tick">Where the run stands.</param>
    /// <param name="states">The states of all participants, all of them here, in the order of the system.</param>
    public string FinalHash(long tick, IReadOnlyList<ParticipantState> states) => FinalHash(_system, _fields, tick, states, part => throw new ArgumentException($"The part {part.Hash} of a state lies in a store.", nameof(states)));

    internal static string FinalHash(CoupledSystem system, FieldExchange fields, long tick, IReadOnlyList<ParticipantState> states, StateReader read)
    {
        ArgumentNullException.ThrowIfNull(states);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> word = stackalloc byte[8];
        void AppendWord(Span<byte> buffer, long value)
        {
            System.Buffers.Binary.BinaryPrimitives.WriteInt64LittleEndian(buffer, value);
            hash.AppendData(buffer);
        }

        AppendWord(word, tick);
        for (var p = 0; p < states.Count; p++)
        {
            AppendWord(word, states[p].Length);
            foreach (var piece in states[p].Content(read))
            {
                hash.AppendData(piece.Span);
            }

            var ports = system.Participants[p].Description.Ports;
            for (var port = 0; port < ports.Length; port++)
            {
                if (fields.LastOf(p, port) is { } sample)
                {
                    AppendWord(word, sample.Length);
                    hash.AppendData(System.Runtime.InteropServices.MemoryMarshal.AsBytes(sample.Values));
                }
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private void Tell(CouplingCommand.Measure measure, ImmutableArray<Residual> residuals)
    {
        var policy = _system.Groups[measure.Group].Spec.Scheme.Iteration;
        if (policy.IsImplicit)
        {
            _observer?.Iterated(measure.Address, measure.Window, policy.IsSatisfiedBy(residuals) && measure.Address.Iteration + 1 >= policy.Minimum, residuals);
        }
    }

    private bool CarryOut(CouplingCommand command, CouplingEvent cause)
    {
        switch (command)
        {
            case CouplingCommand.OpenWindow open:
                _recorder?.Open(open.Group, open.Again);
                _fields.Open(open.Group, open.Window, open.Again);
                return true;
            case CouplingCommand.Deliver deliver:
                var advanced = (CouplingEvent.Advanced)cause;
                _fields.Deliver(deliver.Participant, deliver.Window, advanced);
                _recorder?.Deliver(deliver.Participant, advanced.Samples);
                return true;
            case CouplingCommand.PublishStage publish:
                _fields.Publish(publish.Group, publish.Stage);
                return true;
            case CouplingCommand.Measure measure:
                var residuals = _fields.Measure(measure.Group);
                Tell(measure, residuals);
                _pending.Enqueue(new CouplingEvent.Measured(measure.Address, residuals, _fields.WindowError(measure.Group, measure.Window)));
                return true;
            case CouplingCommand.Iterate iterate:
                _recorder?.GoBack(iterate.Group);
                _fields.Iterate(iterate.Group);
                return true;
            case CouplingCommand.AcceptWindow accept:
                if (_fields.Accept(accept.Group, accept.Window) is { } fault)
                {
                    _pending.Enqueue(new CouplingEvent.Broken(fault));
                    return true;
                }

                if (accept.Group == 0)
                {
                    AcceptRoot(accept);
                }

                return true;
            default:
                return false;
        }
    }

    private void AcceptRoot(CouplingCommand.AcceptWindow accept)
    {
        // A window that breaks a limit is not committed.
        var brokenLimit = _fields.BrokenLimit(accept.Window.End);
        if (brokenLimit is null)
        {
            _recorder?.Accept(accept.Window);
        }

        _observer?.Accepted(accept.Window, _fields.Watched);
        _pending.Enqueue(new CouplingEvent.Accepted(_fields.TakeFingerprints(), brokenLimit));
    }

    // The same where the fields lie on sites: what is told of them is kept here, and the sites are told the rest.
    private void Relay(CouplingCommand command, CouplingEvent cause, ImmutableArray<CouplingCommand>.Builder outside)
    {
        void Script(ScriptEntry entry) => outside.Add(new CouplingCommand.Script(entry));
        switch (command)
        {
            case CouplingCommand.Advance order:
                _orders[order.Participant] = ++_order;
                Script(new ScriptEntry.Advance(order, _order));
                break;
            case CouplingCommand.Deliver deliver:
                var advanced = (CouplingEvent.Advanced)cause;
                if (advanced.ChangesMeshes)
                {
                    _changing.Add(deliver.Participant);
                }

                _fields.Deliver(deliver.Participant, deliver.Window, advanced);
                Script(new ScriptEntry.Deliver(deliver, _orders[deliver.Participant], advanced.ChangesMeshes));
                break;
            case CouplingCommand.OpenWindow open:
                _ = _changing.RemoveWhere(_system.Groups[open.Group].Leaves.Contains);
                _fields.Open(open.Group, open.Window, open.Again);
                Script(new ScriptEntry.Fields(open));
                break;
            case CouplingCommand.PublishStage:
                Script(new ScriptEntry.Fields(command));
                break;
            case CouplingCommand.Measure measure:
                _measures[measure.Group] = measure;
                Script(new ScriptEntry.Fields(command));
                break;
            case CouplingCommand.Iterate iterate:
                _ = _changing.RemoveWhere(_system.Groups[iterate.Group].Leaves.Contains);
                _fields.Iterate(iterate.Group);
                Script(new ScriptEntry.Fields(command));
                break;
            case CouplingCommand.AcceptWindow accept:
                _ = _fields.Accept(accept.Group, accept.Window);        // Without conduits nothing can go wrong.
                Script(new ScriptEntry.Fields(command));
                // A conduit of a group around it follows when a window of that one is accepted.
                var changed = _changing.Where(_system.Groups[accept.Group].Leaves.Contains).ToList();
                if (accept.Group == 0)
                {
                    _changing.Clear();
                }

                _meshAnswersMissing += changed.SelectMany(p => _placement!.SitesOf(_system, p, changesMeshes: true)).Distinct().Count();
                if (accept.Group == 0 && _meshAnswersMissing == 0)
                {
                    AcceptRoot(accept);
                }
                else if (accept.Group == 0)
                {
                    _accepting = accept;
                }

                break;
            default:
                outside.Add(command);
                break;
        }
    }
}

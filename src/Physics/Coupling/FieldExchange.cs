using System.Collections.Immutable;
using System.Globalization;
using ActorMultiscale.Physics.Coupling.Acceleration;
using ActorMultiscale.Physics.Coupling.Distribution;
using ActorMultiscale.Physics.Coupling.Mapping;
using ActorMultiscale.Physics.Coupling.Recording;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Coupling;

/// <summary>
/// The fields between participants: for each conduit what its consumer reads now, and what its producer has written.
/// Carries out the field operations that the <see cref="CouplingMachine"/> asks for.
/// </summary>
/// <remarks>
/// The consumer of a conduit reads <c>Current</c>, a waveform over the window of the conduit's group. It changes at four moments
/// only: when the window opens (the first guess), when the producer's stage is complete (forward conduits), when the
/// group iterates (backward conduits), and when the window is accepted. So entries of one stage never see each other's
/// fresh values, in whatever order they finish.
/// </remarks>
public sealed class FieldExchange
{
    private const int MostLeased = 1024;                 // Of one port and advance: beyond, the heap serves as well.
    private readonly CoupledSystem _system;
    private readonly SampleBuffers _buffers;
    private readonly ConduitState[] _conduits;
    private readonly ConduitState[][] _ofGroup;          // By group.
    private readonly ConduitState[][] _unknowns;         // By group: its backward conduits, if it iterates.
    private readonly ConduitState[][] _anyOfGroup;       // The same with those that are held elsewhere: where their ends lie is known here too.
    private readonly ConduitState[][] _inSubgroups;      // By group: conduits of the groups below, of both kinds.
    private readonly ConduitState[][] _fromParticipant;  // By producer.
    private readonly IAcceleration?[] _accelerations;
    private readonly Workspace?[] _workspaces;           // By group.
    private readonly int[] _iterations;
    private readonly WindowStart?[] _windowStarts;       // By group: what must come back when its window is repeated.
    private readonly FieldSample?[][] _last;             // By participant and port, at the last root boundary.
    private readonly FieldSample?[][] _written;          // The same, provisional.
    private readonly ulong[][] _fingerprints;
    private readonly List<FieldBuffer>[] _leased;        // By participant: what it may write to, less what it has taken.
    private readonly bool[] _isComputing;                // By participant: whether it may still take of that.
    private readonly ImmutableArray<PortLayout>[] _layouts;   // By participant: as they stand now.
    private readonly List<MeshChange>[] _meshChanges;    // By participant: to come when its window is accepted.
    private readonly int[][] _samplesWritten;            // By participant and port: how many samples it wrote last time.
    private readonly (PortLayout? Layout, WatchGauge? Gauge)[] _gauges;      // By watch: on which mesh it was made.
    private readonly double[] _watched;
    private readonly FieldShare _share;
    private readonly Dictionary<int, ImmutableArray<double>> _told = [];     // By participant: what its site has read for the watches.

    /// <summary>An exchange without any values.</summary>
    public FieldExchange(CoupledSystem system)
        : this(system, isStrict: false)
    {
    }

    /// <summary>An exchange that holds a share of the fields, the whole if <paramref name="share"/> is null; for tests, strict: one that leases no more arrays than it must, and spoils what is free.</summary>
    internal FieldExchange(CoupledSystem system, bool isStrict, FieldShare? share = null)
    {
        ArgumentNullException.ThrowIfNull(system);
        _system = system;
        _share = share ?? FieldShare.Whole(system);
        _buffers = new SampleBuffers(VisitSamplesInUse, isStrict);
        _conduits = [.. system.Conduits.Select(node => new ConduitState(node, _buffers,
            new ConduitBridge(node.Map, system.Participants[node.Producer].Description.Ports[node.ProducerPort], system.Participants[node.Consumer].Description.Ports[node.ConsumerPort])))];
        var held = _conduits.Where(c => _share.Conduits[c.Node.Index]).ToArray();
        _ofGroup = [.. system.Groups.Select(g => held.Where(c => c.Node.Group == g.Index).ToArray())];
        _unknowns = [.. system.Groups.Select(g => held.Where(c => c.Node.Group == g.Index && c.Node.IsBackward).ToArray())];
        _anyOfGroup = [.. system.Groups.Select(g => _conduits.Where(c => c.Node.Group == g.Index).ToArray())];
        _inSubgroups = [.. system.Groups.Select(g => _conduits.Where(c => g.Subgroups.Contains(c.Node.Group)).ToArray())];
        _fromParticipant = [.. system.Outgoing.Select(written => written.Where(c => _share.Conduits[c.Index]).Select(c => _conduits[c.Index]).ToArray())];
        _iterations = new int[system.Groups.Length];
        _accelerations = [.. system.Groups.Select(g =>
            g.Spec.Scheme.Iteration.IsImplicit ? g.Spec.Scheme.Iteration.Acceleration.Create() : null)];
        _workspaces = new Workspace?[system.Groups.Length];
        _windowStarts = new WindowStart?[system.Groups.Length];
        _last = [.. system.Participants.Select(p => new FieldSample?[p.Description.Ports.Length])];
        _written = [.. system.Participants.Select(p => new FieldSample?[p.Description.Ports.Length])];
        _fingerprints = [.. system.Participants.Select(p => new ulong[p.Description.Ports.Length])];
        _leased = [.. system.Participants.Select(_ => new List<FieldBuffer>())];
        _isComputing = new bool[system.Participants.Length];
        _layouts = [.. system.Participants.Select(p => p.Description.Ports)];
        _meshChanges = [.. system.Participants.Select(_ => new List<MeshChange>())];
        _samplesWritten = [.. system.Participants.Select(p => new int[p.Description.Ports.Length])];
        _gauges = new (PortLayout?, WatchGauge?)[system.Watches.Length];
        _watched = new double[system.Watches.Sum(w => w.Components)];
        Array.Fill(_watched, double.NaN);
    }

    /// <summary>What the watches say at the last root boundary, one after the other in the experiment's order; NaN where there is no sample yet, or no point.</summary>
    public ReadOnlySpan<double> Watched => _watched;

    /// <summary>Hears how long mapping and acceleration take; null for nobody.</summary>
    public ICouplingObserver? Observer { get; init; }

    /// <summary>Holds samples until it has copied their values; null for nobody.</summary>
    internal FieldRecorder? Recorder { get; set; }

    /// <summary>The last sample of an out-port at the last root boundary; null before the first.</summary>
    public FieldSample? LastOf(int participant, int port) => _last[participant][port];

    /// <summary>Takes the samples of a participant's <see cref="IScaleModel.Initialize"/>.</summary>
    public void SetStart(int participant, ImmutableArray<ImmutableArray<FieldSample>> samples)
    {
        for (var port = 0; port < samples.Length; port++)
        {
            if (!samples[port].IsEmpty)
            {
                _last[participant][port] = samples[port][^1];
            }
        }

        foreach (var conduit in _fromParticipant[participant])
        {
            if (!samples[conduit.Node.ProducerPort].IsEmpty)
            {
                conduit.History = new ConduitHistory(Map(conduit, samples[conduit.Node.ProducerPort][^1], GradientAt(conduit, samples, ^1)), 0, null, 0);
            }
        }
    }

    /// <summary>What the in-ports of a participant hold now, for one advance over <paramref name="window"/>, and buffers for what it will write.</summary>
    public PortReader InputsOf(int participant, TimeWindow window) => InputsOf(participant, window, conduit => _conduits[conduit].Current);

    /// <summary>What the consumer of a conduit reads now; null where there is nothing yet.</summary>
    internal Waveform? CurrentOf(int conduit) => _conduits[conduit].Current;

    /// <summary>The same with what conduits hold as <paramref name="current"/> says: some of them may be held elsewhere.</summary>
    internal PortReader InputsOf(int participant, TimeWindow window, Func<int, Waveform?> current)
    {
        _buffers.BeginOperation();
        var node = _system.Participants[participant];
        var waveforms = ImmutableArray.CreateBuilder<Waveform?>(node.Description.Ports.Length);
        for (var port = 0; port < node.IncomingConduits.Length; port++)
        {
            var conduit = node.IncomingConduits[port];
            waveforms.Add(conduit >= 0 ? current(conduit)
                : node.SlotConduits[port].IsEmpty ? null
                : Waveform.OfSlots([.. node.SlotConduits[port].Select(current).OfType<Waveform>()]));
        }

        // A computation that was given up may still take of its list, and write.
        var leased = _isComputing[participant] ? [] : _leased[participant];
        (_leased[participant], _isComputing[participant]) = (leased, true);
        // They are taken from the end of the list, mostly port after port.
        for (var port = node.Description.Ports.Length - 1; port >= 0; port--)
        {
            for (var s = 0; s < _samplesWritten[participant][port]; s++)
            {
                leased.Add(_buffers.Lease(_layouts[participant][port].Length));
            }
        }

        return new PortReader(node.Description, window, waveforms.MoveToImmutable())
        {
            Layouts = _layouts[participant],
            Buffers = leased,
        };
    }

    /// <summary>A window of <paramref name="group"/> opens; or, <paramref name="again"/>, begins anew after a failure.</summary>
    public void Open(int group, TimeWindow window, bool again)
    {
        _buffers.BeginOperation();
        var node = _system.Groups[group];
        if (node.Depth == 0 && !again)
        {
            foreach (var ports in _fingerprints)
            {
                ports.AsSpan().Fill(Fingerprint.Empty);
            }
        }

        _iterations[group] = 0;
        if (again)
        {
            // An attempt that was given up leaves no trace: a timeout must not show in what is recorded.
            RestoreSubgroups(node);
            var start = _windowStarts[group]!;
            foreach (var (participant, ports) in start.Fingerprints)
            {
                ports.CopyTo(_fingerprints[participant]);
            }

            if (start.Acceleration is { } learned)
            {
                StateArchive.Restore(learned, _accelerations[group]!.Archive);
            }
        }
        else if (node.KeepsCheckpoint)
        {
            _windowStarts[group] = new WindowStart(
                [.. _inSubgroups[group].Select(c => (c, c.History, c.Bridge))],
                [.. node.Leaves.Select(p => (p, _layouts[p]))],
                [.. node.Leaves.Select(p => (p, _fingerprints[p].ToImmutableArray()))],
                node.MayBeginAnew ? Learned(group) : null,
                [.. node.Subgroups.Select(g => (g, Learned(g)))]);
        }

        ForgetMeshChanges(group);
        foreach (var conduit in _ofGroup[group])
        {
            conduit.Open(window);
        }
    }

    // What the members of a group asked for in an iteration or attempt that is given up.
    private void ForgetMeshChanges(int group)
    {
        foreach (var leaf in _system.Groups[group].Leaves)
        {
            if (_system.Participants[leaf].Group == group)
            {
                _meshChanges[leaf].Clear();
            }
        }
    }

    // What an acceleration that learns has learned; null for others.
    private byte[]? Learned(int group) => _accelerations[group] is { } acceleration and not ConstantRelaxation ? StateArchive.Save(acceleration.Archive, 1024) : null;

    /// <summary>A participant advanced over <paramref name="window"/>. What it wrote for that time before is void.</summary>
    public void Deliver(int participant, TimeWindow window, CouplingEvent.Advanced answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        _buffers.BeginOperation();
        var samples = answer.Samples;
        foreach (var change in answer.Meshes)
        {
            _meshChanges[participant].RemoveAll(c => c.Port == change.Port);
            _meshChanges[participant].Add(change);
        }

        for (var port = 0; port < samples.Length; port++)
        {
            if (samples[port].IsEmpty)
            {
                continue;
            }

            _written[participant][port] = samples[port][^1];
            var layout = _layouts[participant][port];
            _samplesWritten[participant][port] = layout.Points == PortLayout.Varying ? 0 : Math.Max(_samplesWritten[participant][port], Math.Min(samples[port].Length, MostLeased));
            foreach (var sample in samples[port])
            {
                _buffers.Hold(sample);
            }
        }

        if (_share.Participants[participant])
        {
            (answer.Fingerprints.IsDefault ? FingerprintsAfter(participant, samples) : answer.Fingerprints).CopyTo(_fingerprints[participant]);
            if (!answer.Watched.IsDefault)
            {
                _told[participant] = answer.Watched;
            }
        }

        foreach (var buffer in _leased[participant])
        {
            _buffers.Return(buffer);
        }

        _leased[participant].Clear();
        _isComputing[participant] = false;
        foreach (var conduit in _fromParticipant[participant])
        {
            if (samples[conduit.Node.ProducerPort] is { IsEmpty: false } written)
            {
                conduit.Written.RemoveAll(s => s.Time > window.Start);
                if (conduit.Node.Spec.Substeps)
                {
                    for (var i = 0; i < written.Length; i++)
                    {
                        conduit.Written.Add(Map(conduit, written[i], GradientAt(conduit, samples, i)));
                    }
                }
                else
                {
                    conduit.Written.Add(Map(conduit, ConduitState.WholeWindow(conduit.Node.Meaning, window, written, _buffers), GradientAt(conduit, samples, ^1)));
                }
            }
        }
    }

    /// <summary>The fingerprints of a participant's ports when it will have written <paramref name="samples"/> besides.</summary>
    internal ImmutableArray<ulong> FingerprintsAfter(int participant, ImmutableArray<ImmutableArray<FieldSample>> samples)
    {
        var result = _fingerprints[participant].ToImmutableArray().ToBuilder();
        for (var port = 0; port < samples.Length; port++)
        {
            foreach (var sample in samples[port])
            {
                result[port] = Fingerprint.Fold(result[port], sample.Values);
            }
        }

        return result.MoveToImmutable();
    }

    /// <summary>A stage of <paramref name="group"/> is complete.</summary>
    public void Publish(int group, int stage)
    {
        foreach (var conduit in _ofGroup[group])
        {
            if (conduit.Node.ProducerStage == stage)
            {
                conduit.Publish();
            }
        }
    }

    /// <summary>The residuals of the criteria of <paramref name="group"/>: what came out against what was used (backward), or against the iteration before (forward).</summary>
    public ImmutableArray<Residual> Measure(int group)
    {
        var node = _system.Groups[group];
        var residuals = ImmutableArray.CreateBuilder<Residual>(node.Measured.Length);
        foreach (var index in node.Measured)
        {
            var conduit = _conduits[index];
            var fresh = conduit.Fresh!.Last.Values;
            var distance = conduit.Used is { } used ? FixedOrderSum.Distance(fresh, used.Values) : FixedOrderSum.Norm(fresh);
            if (_iterations[group] == 0)
            {
                conduit.FirstResidual = distance;
            }

            residuals.Add(new Residual(distance, FixedOrderSum.Norm(fresh), conduit.FirstResidual));
        }

        return residuals.MoveToImmutable();
    }

    /// <summary>The estimated coupling error of the window of <paramref name="group"/>, 1 where it is just tolerated; 0 where nothing watches it.</summary>
    public double WindowError(int group, TimeWindow window)
    {
        if (_system.Groups[group].Lengths is not { Controller: { } controller } lengths)
        {
            return 0;
        }

        return lengths.Bonds.IsEmpty ? PredictionError(lengths.Watched, controller) : BondError(lengths.Bonds, controller, window.Length);
    }

    // e² = mean over all watched values of ((x − x̂) / (a + r |x|))², with x̂ the first guess of the window's end value.
    private double PredictionError(ImmutableArray<int> watched, WindowController controller)
    {
        var (sum, count) = (0.0, 0L);
        foreach (var index in watched)
        {
            var fresh = _conduits[index].Fresh!.Last.Values;
            var guess = _conduits[index].Guess;
            for (var i = 0; guess is not null && i < fresh.Length; i++)
            {
                var error = (fresh[i] - guess.Values[i]) / (controller.Absolute + (controller.Relative * Math.Abs(fresh[i])));
                sum += error * error;
                count++;
            }
        }

        return count == 0 ? 0 : Math.Sqrt(sum / count);
    }

    // What the effort's side pays is e·f₋, what the flow's side receives is e₋·f, where ₋ is what was used. ΔE = |e·f₋ − e₋·f| h, and
    // e² = mean over bonds of (ΔE / (a + r max E))², E = max(|e·f₋|, |e₋·f|) h (Sadjina et al. 2017, eqs. 9, 20).
    private double BondError(ImmutableArray<(int Effort, int Flow)> bonds, WindowController controller, double length)
    {
        Span<double> differences = bonds.Length <= 64 ? stackalloc double[bonds.Length] : new double[bonds.Length];
        var largest = 0.0;
        for (var b = 0; b < bonds.Length; b++)
        {
            var (effort, flow) = (_conduits[bonds[b].Effort], _conduits[bonds[b].Flow]);
            var paid = Product(_written[effort.Node.Producer][effort.Node.ProducerPort], Used(flow));
            var received = Product(Used(effort), _written[flow.Node.Producer][flow.Node.ProducerPort]);
            // An integral over the window holds its length already.
            var factor = effort.Node.Meaning == TimeMeaning.WindowIntegral || flow.Node.Meaning == TimeMeaning.WindowIntegral ? 1 : length;
            differences[b] = Math.Abs(paid - received) * factor;
            largest = Math.Max(largest, Math.Max(Math.Abs(paid), Math.Abs(received)) * factor);
        }

        var sum = 0.0;
        foreach (var difference in differences)
        {
            var error = difference / (controller.Absolute + (controller.Relative * largest));
            sum += error * error;
        }

        return Math.Sqrt(sum / bonds.Length);
    }

    // What the consumer computed with, on its own points.
    private static FieldSample? Used(ConduitState conduit) => (conduit.Node.IsBackward ? conduit.Current : conduit.Fresh)?.Last;

    private static double Product(FieldSample? a, FieldSample? b) => a is null || b is null ? 0 : FixedOrderSum.Dot(a.Values, b.Values);

    /// <summary>The next iterate of a group's backward conduits; subgroups go back to the window's start.</summary>
    public void Iterate(int group)
    {
        _buffers.BeginOperation();
        RestoreSubgroups(_system.Groups[group]);
        ForgetMeshChanges(group);
        if (_share.Groups[group])
        {
            Accelerate(group);
        }

        foreach (var conduit in _ofGroup[group])
        {
            conduit.EndIteration();
        }

        _iterations[group]++;
    }

    private void Accelerate(int group)
    {
        var workspace = Stack(group);
        var began = Observer?.Now() ?? 0;
        _accelerations[group]!.Next(workspace.Blocks, workspace.X, workspace.Hx, workspace.Next, _iterations[group]);
        Observer?.Accelerated(group, began);
        var at = 0;
        foreach (var conduit in _unknowns[group])
        {
            if (conduit.Fresh is not null)
            {
                conduit.Unstack(workspace.Next.AsSpan(at, conduit.StackedLength));
                at += conduit.StackedLength;
            }
        }
    }

    private Workspace Stack(int group)
    {
        var blocks = ImmutableArray.CreateBuilder<IterateBlock>(_unknowns[group].Length);
        var length = 0;
        foreach (var conduit in _unknowns[group])
        {
            if (conduit.Fresh is not null)
            {
                conduit.SettleGrid();
                blocks.Add(conduit.Block);
                length += conduit.StackedLength;
            }
        }

        var workspace = _workspaces[group] is { } old && old.X.Length == length ? old : new Workspace(new double[length], new double[length], new double[length]);
        _workspaces[group] = workspace;
        workspace.Blocks = blocks.ToImmutable();
        var at = 0;
        foreach (var conduit in _unknowns[group])
        {
            if (conduit.Fresh is not null)
            {
                conduit.Stack(workspace.X.AsSpan(at, conduit.StackedLength), workspace.Hx.AsSpan(at, conduit.StackedLength));
                at += conduit.StackedLength;
            }
        }

        return workspace;
    }

    /// <summary>A window of <paramref name="group"/> is done: the last values become the first of the next window, and meshes change.</summary>
    /// <returns>What is wrong with a change of a mesh, as a sentence; null if nothing is.</returns>
    public string? Accept(int group, TimeWindow window)
    {
        _buffers.BeginOperation();
        var node = _system.Groups[group];
        if (_share.Groups[group] && _accelerations[group] is { } acceleration and not ConstantRelaxation)
        {
            var workspace = Stack(group);
            var began = Observer?.Now() ?? 0;
            acceleration.Accept(workspace.Blocks, workspace.X, workspace.Hx, _iterations[group]);
            Observer?.Accelerated(group, began);
        }

        foreach (var conduit in _ofGroup[group])
        {
            if (conduit.Fresh is not null)
            {
                conduit.Accept();
            }
        }

        var fault = ChangeMeshes(node, window);
        for (var p = 0; group == 0 && p < _last.Length; p++)
        {
            for (var port = 0; port < _last[p].Length; port++)
            {
                _last[p][port] = _written[p][port] ?? _last[p][port];
            }
        }

        if (group == 0)
        {
            ReadWatches();
        }

        return fault;
    }

    // Participants change their ports when a window of their own group is accepted; a conduit follows when one of its group is. Those of
    // outer groups end at the same time, or the change is refused: their waveforms cannot hold values on two meshes.
    private string? ChangeMeshes(GroupNode node, TimeWindow window)
    {
        foreach (var p in node.Leaves)
        {
            foreach (var change in _system.Participants[p].Group == node.Index ? _meshChanges[p] : [])
            {
                var layout = _layouts[p][change.Port];
                _layouts[p] = _layouts[p].SetItem(change.Port, layout with { Points = change.Points.Count, Geometry = change.Points });
                _written[p][change.Port] = change.Value ?? _written[p][change.Port];
            }
        }

        ForgetMeshChanges(node.Index);
        var changed = false;
        foreach (var conduit in _anyOfGroup[node.Index])
        {
            if (IsBridged(conduit))
            {
                continue;
            }

            changed = true;
            if (!_share.Conduits[conduit.Node.Index])
            {
                Follow(conduit);
                continue;
            }

            if (Bridge(conduit) is { } reason)
            {
                return string.Create(CultureInfo.InvariantCulture, $"after a change of mesh at t = {window.End}: {reason}");
            }

            var c = conduit.Node;
            if (_written[c.Producer][c.ProducerPort] is { } last)
            {
                conduit.History = new ConduitHistory(Map(conduit, last, c.GradientPort < 0 ? null : _written[c.Producer][c.GradientPort]), conduit.History.LastLength, null, 0);
            }
        }

        if (changed)
        {
            _accelerations[node.Index]?.Forget();
        }

        for (var outer = node.Parent; outer >= 0; outer = _system.Groups[outer].Parent)
        {
            if (Array.Find(_ofGroup[outer], c => !IsBridged(c) && c.WindowEnd != window.EndTick) is { } unfit)
            {
                return string.Create(CultureInfo.InvariantCulture,
                    $"the mesh of '{unfit.Node.Spec.From}' or '{unfit.Node.Spec.To}' changed at t = {window.End}, in the middle of a window of the group '{_system.Groups[outer].Spec.Name}' in which they meet. A mesh changes at the end of a window of all groups that see it");
            }
        }

        return null;
    }

    private bool IsBridged(ConduitState conduit) =>
        ReferenceEquals(conduit.Bridge.From, _layouts[conduit.Node.Producer][conduit.Node.ProducerPort])
        && ReferenceEquals(conduit.Bridge.To, _layouts[conduit.Node.Consumer][conduit.Node.ConsumerPort]);

    // Of a conduit that is held elsewhere: between which meshes it leads now.
    private void Follow(ConduitState conduit) => conduit.Bridge = new ConduitBridge(null,
        _layouts[conduit.Node.Producer][conduit.Node.ProducerPort], _layouts[conduit.Node.Consumer][conduit.Node.ConsumerPort]);

    // Builds the mapping between the present meshes; what is wrong, if it cannot be built.
    private string? Bridge(ConduitState conduit)
    {
        var began = Observer?.Now() ?? 0;
        var (from, to) = (_layouts[conduit.Node.Producer][conduit.Node.ProducerPort], _layouts[conduit.Node.Consumer][conduit.Node.ConsumerPort]);
        if (!ConduitMapping.TryBuild(conduit.Node.Spec, from.Slot(conduit.Node.FromSlot), to.Slot(conduit.Node.ToSlot), out var map, out var fault))
        {
            return fault;
        }

        conduit.Bridge = new ConduitBridge(map, from, to);
        Observer?.Mapped(conduit.Node.Index, began);
        return null;
    }

    /// <summary>The fingerprints of everything written in the root window, one per out-port, in the order of <see cref="CoupledSystem.OutPorts"/>.</summary>
    public ImmutableArray<ulong> TakeFingerprints()
    {
        var result = ImmutableArray.CreateBuilder<ulong>();
        for (var p = 0; p < _fingerprints.Length; p++)
        {
            for (var port = 0; port < _fingerprints[p].Length; port++)
            {
                if (_system.Participants[p].Description.Ports[port].Port.Direction == PortDirection.Out)
                {
                    result.Add(_fingerprints[p][port]);
                }
            }
        }

        return result.ToImmutable();
    }

    /// <summary>Which conservation limit the present values pass, as a sentence; null if none.</summary>
    public string? BrokenLimit(double time)
    {
        foreach (var limit in _system.Experiment.Limits)
        {
            if (ScalarOf(limit.Metric) is { } value && !(Math.Abs(value) <= limit.Limit))
            {
                return string.Create(CultureInfo.InvariantCulture,
                    $"the conservation limit on '{limit.Metric}' is broken at t = {time}: it is {value:R}, and at most {limit.Limit:R} is allowed");
            }
        }

        return null;
    }

    private void ReadWatches()
    {
        var at = 0;
        var read = new int[_told.Count == 0 ? 0 : _system.Participants.Length];      // Of what was told, by participant.
        for (var w = 0; w < _gauges.Length; w++)
        {
            var node = _system.Watches[w];
            var numbers = _watched.AsSpan(at, node.Components);
            at += node.Components;
            if (_told.TryGetValue(node.Participant, out var told))
            {
                told.AsSpan(read[node.Participant], node.Components).CopyTo(numbers);
                read[node.Participant] += node.Components;
            }
            else
            {
                Read(w, _last[node.Participant][node.Port], _layouts[node.Participant][node.Port], numbers);
            }
        }
    }

    /// <summary>What the watches on a participant say after an advance, in their order; default where there are none.</summary>
    internal ImmutableArray<double> WatchedAfter(int participant, ImmutableArray<ImmutableArray<FieldSample>> samples, ImmutableArray<MeshChange> changes)
    {
        var numbers = ImmutableArray.CreateBuilder<double>();
        for (var w = 0; w < _gauges.Length; w++)
        {
            var node = _system.Watches[w];
            if (node.Participant != participant)
            {
                continue;
            }

            var (sample, layout) = (samples[node.Port] is [.., var newest] ? newest : _written[participant][node.Port] ?? _last[participant][node.Port], _layouts[participant][node.Port]);
            // Of this phase, or of one before it in the same window.
            if ((changes.LastOrDefault(c => c.Port == node.Port) ?? _meshChanges[participant].LastOrDefault(c => c.Port == node.Port)) is { } change)
            {
                (sample, layout) = (change.Value ?? sample, layout with { Points = change.Points.Count, Geometry = change.Points });
            }

            var into = new double[node.Components];
            Read(w, sample, layout, into);
            numbers.AddRange(into);
        }

        return numbers.Count == 0 ? default : numbers.ToImmutable();
    }

    private void Read(int watch, FieldSample? sample, PortLayout layout, Span<double> numbers)
    {
        var node = _system.Watches[watch];
        numbers.Fill(double.NaN);
        if (sample is null)
        {
            return;
        }

        if (!ReferenceEquals(_gauges[watch].Layout, layout))
        {
            // A mesh that has lost what the watch needs gives no number any more.
            _ = WatchGauge.TryBuild(node.Spec, layout.Slot(node.Slot), out var gauge, out _);
            _gauges[watch] = (layout, gauge);
        }

        var values = sample.Values;
        if (node.Slot >= 0)
        {
            values = values.Slice(node.Slot * (values.Length / layout.Slots), values.Length / layout.Slots);
        }

        _gauges[watch].Gauge?.Read(values, numbers);
    }

    /// <summary>The last value at a root boundary of every scalar out-port, <c>participant.port</c>, in ordinal order; then what the watches say, <c>watch.name</c>.</summary>
    public IEnumerable<KeyValuePair<string, double>> Scalars()
    {
        foreach (var participant in _system.Participants)
        {
            for (var port = 0; port < participant.Description.Ports.Length; port++)
            {
                if (participant.Description.Ports[port] is { Points: 1, Port: { Components: 1, Direction: PortDirection.Out } } layout
                    && _last[participant.Index][port] is { } sample)
                {
                    yield return new($"{participant.Name}.{layout.Port.Name}", sample.Values[0]);
                }
            }
        }

        foreach (var (metric, value) in _system.Watches.SelectMany(w => w.Metrics).Zip(_watched))
        {
            yield return new(metric, value);
        }
    }

    /// <summary>Names everything that must survive a snapshot at a root boundary.</summary>
    public void Archive(StateArchive archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        _ = archive.Version(1);
        for (var p = 0; p < _last.Length; p++)
        {
            for (var port = 0; port < _last[p].Length; port++)
            {
                _last[p][port] = Archive(archive, $"last {p} {port}", _last[p][port]);
            }
        }

        for (var c = 0; c < _conduits.Length; c++)
        {
            var (last, lastLength, earlier, earlierLength) = _conduits[c].History;
            archive.Value($"length {c}", ref lastLength);
            archive.Value($"earlier length {c}", ref earlierLength);
            _conduits[c].History = new ConduitHistory(Archive(archive, $"start {c}", last), lastLength, Archive(archive, $"earlier {c}", earlier), earlierLength);
        }

        foreach (var acceleration in _accelerations)
        {
            acceleration?.Archive(archive);
        }

        ArchiveMeshes(archive);
    }

    // Meshes that have changed since the start; the others are those of the descriptions.
    private void ArchiveMeshes(StateArchive archive)
    {
        for (var p = 0; p < _layouts.Length; p++)
        {
            for (var port = 0; port < _layouts[p].Length; port++)
            {
                // A mesh that has come back to what it was at the start is that one: what is saved must not tell the way.
                var (now, start) = (_layouts[p][port], _system.Participants[p].Description.Ports[port]);
                var changed = !ReferenceEquals(now, start) && now.Geometry?.Fingerprint != start.Geometry?.Fingerprint;
                archive.Value($"mesh {p} {port}", ref changed);
                if (changed)
                {
                    var points = _layouts[p][port].Geometry ?? new PointCloud([]);
                    archive.Points($"mesh {p} {port}", ref points);
                    if (!ReferenceEquals(points, _layouts[p][port].Geometry))
                    {
                        _layouts[p] = _layouts[p].SetItem(port, _layouts[p][port] with { Points = points.Count, Geometry = points });
                    }
                }
            }
        }

        foreach (var conduit in _conduits.Where(c => !_share.Conduits[c.Node.Index] && !IsBridged(c)))
        {
            Follow(conduit);
        }

        foreach (var conduit in _conduits.Where(c => _share.Conduits[c.Node.Index]))
        {
            if (!IsBridged(conduit) && Bridge(conduit) is { } fault)
            {
                throw new InvalidDataException($"The meshes of the snapshot do not fit: {fault}");
            }
        }

        if (archive.IsRestoring)
        {
            RequireLengths();
            ReadWatches();
        }
    }

    // What is restored stands on the ports as they are now; else it would be read beyond its end, long after.
    private void RequireLengths()
    {
        static void Require(string port, PortLayout layout, int slots, FieldSample? sample)
        {
            if (sample is not null && layout.Points != PortLayout.Varying && sample.Length * slots != layout.Length)
            {
                throw new InvalidDataException($"The port '{port}' has {layout.Length} numbers now, and {sample.Length * slots} in the snapshot.");
            }
        }

        for (var p = 0; p < _last.Length; p++)
        {
            for (var port = 0; port < _last[p].Length && _share.Participants[p]; port++)
            {
                Require($"{_system.Participants[p].Name}.{_layouts[p][port].Port.Name}", _layouts[p][port], 1, _last[p][port]);
            }
        }

        foreach (var conduit in _conduits.Where(c => _share.Conduits[c.Node.Index]))
        {
            // A conduit to a slot carries a part of its port.
            var (to, slots) = (conduit.Bridge.To, conduit.Node.ToSlot >= 0 ? conduit.Bridge.To.Slots : 1);
            Require(conduit.Node.Spec.To, to, slots, conduit.History.Last);
            Require(conduit.Node.Spec.To, to, slots, conduit.History.Earlier);
        }
    }

    /// <summary>Takes from <paramref name="other"/> what it holds of its share: of all shares together, the whole is made.</summary>
    internal void TakeShare(FieldExchange other)
    {
        for (var p = 0; p < _last.Length; p++)
        {
            if (other._share.Participants[p])
            {
                other._last[p].CopyTo(_last[p], 0);
                _layouts[p] = other._layouts[p];
            }
        }

        foreach (var conduit in other._conduits.Where(c => other._share.Conduits[c.Node.Index]))
        {
            _conduits[conduit.Node.Index].History = conduit.History;
            _conduits[conduit.Node.Index].Bridge = conduit.Bridge;
        }

        for (var group = 0; group < _accelerations.Length; group++)
        {
            if (other._share.Groups[group] && _accelerations[group] is { } acceleration)
            {
                StateArchive.Restore(StateArchive.Save(other._accelerations[group]!.Archive), acceleration.Archive);
            }
        }
    }

    private static FieldSample? Archive(StateArchive archive, string name, FieldSample? sample)
    {
        var time = sample?.Time ?? double.NaN;
        var values = sample?.Values.ToArray() ?? [];
        archive.Value(name + " time", ref time);
        archive.Field(name + " values", ref values);
        return double.IsNaN(time) ? null : new FieldSample(time, values);
    }

    private double? ScalarOf(string metric)
    {
        foreach (var (name, value) in Scalars())
        {
            if (name == metric)
            {
                return value;
            }
        }

        return null;
    }

    private void RestoreSubgroups(GroupNode node)
    {
        var start = _windowStarts[node.Index]!;
        foreach (var (conduit, history, bridge) in start.Conduits)
        {
            (conduit.History, conduit.Bridge) = (history, bridge);
        }

        foreach (var (participant, layouts) in start.Layouts)
        {
            _layouts[participant] = layouts;
        }

        foreach (var (group, learned) in start.Subgroups)
        {
            if (learned is not null)
            {
                StateArchive.Restore(learned, _accelerations[group]!.Archive);
            }
        }
    }

    private void VisitSamplesInUse(Action<FieldSample> visit)
    {
        Recorder?.VisitSamples(visit);
        foreach (var conduit in _conduits)
        {
            conduit.VisitSamples(visit);
        }

        foreach (var start in _windowStarts)
        {
            foreach (var (_, history, _) in start?.Conduits ?? [])
            {
                ConduitState.Visit(history, visit);
            }
        }

        for (var p = 0; p < _last.Length; p++)
        {
            for (var port = 0; port < _last[p].Length; port++)
            {
                if (_last[p][port] is { } last)
                {
                    visit(last);
                }

                if (_written[p][port] is { } written)
                {
                    visit(written);
                }
            }
        }
    }

    private FieldSample Slice(FieldSample sample, int slot, int slots)
    {
        var length = sample.Length / slots;
        var buffer = _buffers.Lease(length);
        sample.Values.Slice(slot * length, length).CopyTo(buffer.Values);
        return _buffers.Hold(new FieldSample(sample.Time, buffer));
    }

    private static FieldSample? GradientAt(ConduitState conduit, ImmutableArray<ImmutableArray<FieldSample>> samples, Index index) =>
        conduit.Node.GradientPort < 0 ? null : samples[conduit.Node.GradientPort][index];

    private FieldSample Map(ConduitState conduit, FieldSample sample, FieldSample? gradient)
    {
        if (conduit.Node.FromSlot is >= 0 and var slot)
        {
            sample = Slice(sample, slot, conduit.Bridge.From.Slots);
            gradient = gradient is null ? null : Slice(gradient, slot, conduit.Bridge.From.Slots);
        }

        if (conduit.Bridge.Map is not { } map)
        {
            return sample;      // Point by point: the producer's own buffer, no copy.
        }

        var began = Observer?.Now() ?? 0;
        var components = conduit.Bridge.To.Port.Components;
        var buffer = _buffers.Lease(map.ToPoints * components);
        if (gradient is not null && map is GradientMapping withGradient)
        {
            withGradient.Apply(sample.Values, gradient.Values, buffer.Values, components);
        }
        else
        {
            map.Apply(sample.Values, buffer.Values, components);
        }

        var mapped = _buffers.Hold(new FieldSample(sample.Time, buffer));
        Observer?.Mapped(conduit.Node.Index, began);
        return mapped;
    }

    // What the conduits of subgroups held, what the leaves had written, and what accelerations had learned, when a window opened.
    private sealed record WindowStart(ImmutableArray<(ConduitState Conduit, ConduitHistory History, ConduitBridge Bridge)> Conduits,
        ImmutableArray<(int Participant, ImmutableArray<PortLayout> Ports)> Layouts,
        ImmutableArray<(int Participant, ImmutableArray<ulong> Ports)> Fingerprints, byte[]? Acceleration, ImmutableArray<(int Group, byte[]? Learned)> Subgroups);

    // The unknowns of a group, stacked; kept from iteration to iteration.
    private sealed class Workspace(double[] x, double[] hx, double[] next)
    {
        public double[] X => x;
        public double[] Hx => hx;
        public double[] Next => next;
        public ImmutableArray<IterateBlock> Blocks { get; set; } = [];
    }
}

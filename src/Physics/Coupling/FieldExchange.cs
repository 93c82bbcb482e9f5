using System.Collections.Immutable;
using System.Globalization;
using ActorMultiscale.Physics.Coupling.Acceleration;
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
/// only: when the window opens (the last value, held), when the producer's stage is complete (forward conduits), when the
/// group iterates (backward conduits), and when the window is accepted. So entries of one stage never see each other's
/// fresh values, in whatever order they finish.
/// </remarks>
public sealed class FieldExchange
{
    private readonly CoupledSystem _system;
    private readonly ConduitState[] _conduits;
    private readonly IAcceleration?[] _accelerations;
    private readonly int[] _iterations;
    private readonly WindowStart?[] _windowStarts;                           // By group: what must come back when its window is repeated.
    private readonly FieldSample?[][] _last;                                 // By participant and port, at the last root boundary.
    private readonly FieldSample?[][] _written;                              // The same, provisional.
    private readonly ulong[][] _fingerprints;

    /// <summary>An exchange without any values.</summary>
    public FieldExchange(CoupledSystem system)
    {
        ArgumentNullException.ThrowIfNull(system);
        _system = system;
        _conduits = [.. system.Conduits.Select(node => new ConduitState(node))];
        _iterations = new int[system.Groups.Length];
        _accelerations = [.. system.Groups.Select(g =>
            g.Spec.Scheme.Iteration.IsImplicit ? new ConstantRelaxation(g.Spec.Scheme.Iteration.Relaxation) : null)];
        _windowStarts = new WindowStart?[system.Groups.Length];
        _last = [.. system.Participants.Select(p => new FieldSample?[p.Description.Ports.Length])];
        _written = [.. system.Participants.Select(p => new FieldSample?[p.Description.Ports.Length])];
        _fingerprints = [.. system.Participants.Select(p => new ulong[p.Description.Ports.Length])];
    }

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

        foreach (var conduit in _conduits)
        {
            if (conduit.Node.Producer == participant && !samples[conduit.Node.ProducerPort].IsEmpty)
            {
                conduit.Start = Map(conduit.Node, samples[conduit.Node.ProducerPort][^1]);
            }
        }
    }

    /// <summary>What the in-ports of a participant hold now, for one advance over <paramref name="window"/>.</summary>
    public PortReader InputsOf(int participant, TimeWindow window)
    {
        var node = _system.Participants[participant];
        var waveforms = ImmutableArray.CreateBuilder<Waveform?>(node.Description.Ports.Length);
        foreach (var conduit in node.IncomingConduits)
        {
            waveforms.Add(conduit < 0 ? null : _conduits[conduit].Current);
        }

        return new PortReader(node.Description, window, waveforms.MoveToImmutable());
    }

    /// <summary>A window of <paramref name="group"/> opens; or, <paramref name="again"/>, begins anew after a failure.</summary>
    public void Open(int group, TimeWindow window, bool again)
    {
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
            foreach (var (participant, ports) in _windowStarts[group]!.Fingerprints)
            {
                ports.CopyTo(_fingerprints[participant]);
            }
        }
        else if (node.KeepsCheckpoint)
        {
            _windowStarts[group] = new WindowStart(
                [.. _conduits.Where(c => node.Subgroups.Contains(c.Node.Group)).Select(c => (c, c.Start, c.StartLength))],
                [.. node.Leaves.Select(p => (p, _fingerprints[p].ToImmutableArray()))]);
        }

        foreach (var conduit in _conduits)
        {
            if (conduit.Node.Group == group)
            {
                conduit.Open(window);
            }
        }
    }

    /// <summary>A participant wrote <paramref name="samples"/> over <paramref name="window"/>. What it wrote for that time before is void.</summary>
    public void Deliver(int participant, TimeWindow window, ImmutableArray<ImmutableArray<FieldSample>> samples)
    {
        for (var port = 0; port < samples.Length; port++)
        {
            if (samples[port].IsEmpty)
            {
                continue;
            }

            _written[participant][port] = samples[port][^1];
            foreach (var sample in samples[port])
            {
                _fingerprints[participant][port] = Fingerprint.Fold(_fingerprints[participant][port], sample.Values);
            }
        }

        foreach (var conduit in _conduits)
        {
            if (conduit.Node.Producer == participant && samples[conduit.Node.ProducerPort] is { IsEmpty: false } written)
            {
                conduit.Written.RemoveAll(s => s.Time > window.Start);
                if (conduit.Node.Spec.Substeps)
                {
                    foreach (var sample in written)
                    {
                        conduit.Written.Add(Map(conduit.Node, sample));
                    }
                }
                else
                {
                    conduit.Written.Add(Map(conduit.Node, WholeWindow(conduit.Node.Meaning, window, written)));
                }
            }
        }
    }

    /// <summary>A stage of <paramref name="group"/> is complete.</summary>
    public void Publish(int group, int stage)
    {
        foreach (var conduit in _conduits)
        {
            if (conduit.Node.Group == group && conduit.Node.ProducerStage == stage)
            {
                conduit.Fresh = conduit.FromWritten();
                if (!conduit.Node.IsBackward)
                {
                    conduit.Current = conduit.Fresh;
                }
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
            var used = conduit.Node.IsBackward ? conduit.Current!.Last : conduit.Previous;
            var distance = used is null ? FixedOrderSum.Norm(fresh) : FixedOrderSum.Distance(fresh, used.Values);
            if (_iterations[group] == 0)
            {
                conduit.FirstResidual = distance;
            }

            residuals.Add(new Residual(distance, FixedOrderSum.Norm(fresh), conduit.FirstResidual));
        }

        return residuals.MoveToImmutable();
    }

    /// <summary>The next iterate of a group's backward conduits; subgroups go back to the window's start.</summary>
    public void Iterate(int group)
    {
        var node = _system.Groups[group];
        RestoreSubgroups(node);
        var unknowns = _conduits.Where(c => c.Node.Group == group && c.Node.IsBackward && c.Fresh is not null).ToList();
        var length = unknowns.Sum(c => c.StackedLength);
        var (x, hx, next) = (new double[length], new double[length], new double[length]);
        var at = 0;
        foreach (var conduit in unknowns)
        {
            conduit.Stack(x.AsSpan(at, conduit.StackedLength), hx.AsSpan(at, conduit.StackedLength));
            at += conduit.StackedLength;
        }

        _accelerations[group]!.Next(x, hx, next, _iterations[group]);
        at = 0;
        foreach (var conduit in unknowns)
        {
            conduit.Unstack(next.AsSpan(at, conduit.StackedLength));
            at += conduit.StackedLength;
        }

        foreach (var conduit in _conduits)
        {
            if (conduit.Node.Group == group)
            {
                conduit.Previous = conduit.Fresh?.Last;
            }
        }

        _iterations[group]++;
    }

    /// <summary>A window of <paramref name="group"/> is done: the last values become the first of the next window.</summary>
    public void Accept(int group)
    {
        foreach (var conduit in _conduits)
        {
            if (conduit.Node.Group == group && conduit.Fresh is not null)
            {
                conduit.Accept();
            }
        }

        _accelerations[group]?.WindowConverged();
        for (var p = 0; group == 0 && p < _last.Length; p++)
        {
            for (var port = 0; port < _last[p].Length; port++)
            {
                _last[p][port] = _written[p][port] ?? _last[p][port];
            }
        }
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

    /// <summary>The last value at a root boundary of every scalar out-port, <c>participant.port</c>, in ordinal order.</summary>
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
            var length = _conduits[c].StartLength;
            archive.Value($"length {c}", ref length);
            (_conduits[c].Start, _conduits[c].StartLength) = (Archive(archive, $"start {c}", _conduits[c].Start), length);
        }

        foreach (var acceleration in _accelerations)
        {
            acceleration?.Archive(archive);
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
        foreach (var (conduit, start, length) in _windowStarts[node.Index]!.Conduits)
        {
            (conduit.Start, conduit.StartLength) = (start, length);
        }
    }

    private FieldSample Map(ConduitNode conduit, FieldSample sample)
    {
        if (conduit.Map is not { } map)
        {
            return sample;      // Point by point: the producer's own buffer, no copy.
        }

        var port = _system.Participants[conduit.Consumer].Description.Ports[conduit.ConsumerPort];
        var values = new double[port.Length];
        if (port.Port.Quantity.Nature == Nature.Intensive)
        {
            map.Consistent(sample.Values, values, port.Port.Components);
        }
        else
        {
            map.Conservative(sample.Values, values, port.Port.Components);
        }

        return new FieldSample(sample.Time, values);
    }

    // The one sample that stands for the whole window: the last instant, the mean of averages, the sum of integrals.
    private static FieldSample WholeWindow(TimeMeaning meaning, TimeWindow window, ImmutableArray<FieldSample> samples)
    {
        if (meaning == TimeMeaning.Instant || samples.Length == 1)
        {
            return samples[^1];
        }

        var whole = new double[samples[^1].Length];
        var waveform = new Waveform(window.Start, samples, meaning, 0);
        if (meaning == TimeMeaning.WindowAverage)
        {
            waveform.Average(window.Start, window.End, whole);
        }
        else
        {
            waveform.Integral(window.Start, window.End, whole);
        }

        return new FieldSample(window.End, whole);
    }

    // What the conduits of subgroups held, and what the leaves had written, when a window opened.
    private sealed record WindowStart(ImmutableArray<(ConduitState Conduit, FieldSample? Start, double Length)> Conduits,
        ImmutableArray<(int Participant, ImmutableArray<ulong> Ports)> Fingerprints);

    private sealed class ConduitState(ConduitNode node)
    {
        private TimeWindow _window;

        public ConduitNode Node { get; } = node;

        /// <summary>The value at the window's start; for averages and integrals the last one of the window before.</summary>
        public FieldSample? Start { get; set; }

        /// <summary>The length of the window over which <see cref="Start"/> is an integral, s; 0 for the start of the run.</summary>
        public double StartLength { get; set; }

        public Waveform? Current { get; set; }

        public Waveform? Fresh { get; set; }

        public FieldSample? Previous { get; set; }

        public List<FieldSample> Written { get; } = [];

        public double FirstResidual { get; set; }

        public int StackedLength => (Fresh!.Samples.Count - FirstUnknown) * Fresh.Last.Length;

        // The value at the window's start is known: it is not iterated on.
        private int FirstUnknown => Node.Meaning == TimeMeaning.Instant && Start is not null ? 1 : 0;

        public void Open(TimeWindow window)
        {
            _window = window;
            Written.Clear();
            Fresh = null;
            Previous = Start;
            Current = Start is null ? null : new Waveform(window.Start, [Node.Meaning == TimeMeaning.Instant ? Start.At(window.Start) : FirstGuess(window)], Node.Meaning, Node.Spec.Degree);
        }

        public Waveform FromWritten()
        {
            var samples = new List<FieldSample>(Written.Count + 1);
            if (Node.Meaning == TimeMeaning.Instant && Start is not null)
            {
                samples.Add(Start.At(_window.Start));
            }

            samples.AddRange(Written);
            return new Waveform(_window.Start, samples, Node.Meaning, Node.Spec.Degree);
        }

        public void Stack(Span<double> x, Span<double> hx)
        {
            var length = Fresh!.Last.Length;
            for (var s = FirstUnknown; s < Fresh.Samples.Count; s++)
            {
                var sample = Fresh.Samples[s];
                var at = (s - FirstUnknown) * length;
                sample.Values.CopyTo(hx[at..]);
                var from = s == 0 ? Fresh.Start : Fresh.Samples[s - 1].Time;
                switch (Node.Meaning)
                {
                    case TimeMeaning.Instant:
                        Current!.At(sample.Time, x.Slice(at, length));
                        break;
                    case TimeMeaning.WindowAverage:
                        Current!.Average(from, sample.Time, x.Slice(at, length));
                        break;
                    default:
                        Current!.Integral(from, sample.Time, x.Slice(at, length));
                        break;
                }
            }
        }

        public void Unstack(ReadOnlySpan<double> next)
        {
            var length = Fresh!.Last.Length;
            var samples = new List<FieldSample>(Fresh.Samples.Count);
            if (FirstUnknown == 1)
            {
                samples.Add(Fresh.Samples[0]);
            }

            for (var s = FirstUnknown; s < Fresh.Samples.Count; s++)
            {
                samples.Add(new FieldSample(Fresh.Samples[s].Time, next.Slice((s - FirstUnknown) * length, length).ToArray()));
            }

            Current = new Waveform(Fresh.Start, samples, Node.Meaning, Node.Spec.Degree);
        }

        public void Accept()
        {
            Start = WholeWindow(Node.Meaning, _window, [.. Fresh!.Samples]);
            StartLength = _window.Length;
        }

        // Averages are held; integrals are held as a rate.
        private FieldSample FirstGuess(TimeWindow window)
        {
            if (Node.Meaning != TimeMeaning.WindowIntegral || StartLength == 0 || StartLength == window.Length)
            {
                return Start!.At(window.End);
            }

            var scaled = Start!.Values.ToArray();
            for (var i = 0; i < scaled.Length; i++)
            {
                scaled[i] *= window.Length / StartLength;
            }

            return new FieldSample(window.End, scaled);
        }
    }
}

using System.Collections.Immutable;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Acceleration;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Tests.Coupling;

/// <summary>
/// A coupling scheme read aloud: nested loops, no machine, nothing lazy, everything copied before and copied back after.
/// It resolves the experiment's names itself, and shares only the arithmetic of a waveform with what it is the oracle for.
/// </summary>
public sealed class Interpreter
{
    private readonly Experiment _experiment;
    private readonly CoupledSystem _system;
    private readonly Dictionary<string, CouplingGroup> _groups;
    private readonly Dictionary<string, string> _parentOf = [];
    private readonly string[] _names;
    private readonly IScaleModel[] _models;
    private readonly ulong[][] _fingerprints;
    private readonly double?[][] _last;
    private readonly List<Wire> _wires = [];
    private readonly Dictionary<string, SortedSet<long>> _frozen = [];
    private readonly Dictionary<string, (long Wanted, double Error)> _lengths = [];
    private readonly long[] _proposals;
    private readonly Dictionary<string, IAcceleration> _accelerations = [];

    public Interpreter(CoupledSystem system)
    {
        (_experiment, _system) = (system.Experiment, system);
        _groups = _experiment.Groups.ToDictionary(g => g.Name);
        _groups["root"] = new CouplingGroup("root", _experiment.Scheme) { Halvings = _experiment.Halvings, Lengths = _experiment.Lengths };
        foreach (var group in _groups.Values)
        {
            _frozen[group.Name] = [];
            if (group.Scheme.Iteration.Maximum > 1)
            {
                _accelerations[group.Name] = group.Scheme.Iteration.Acceleration.Create();
            }

            _lengths[group.Name] = (0, double.NaN);
            foreach (var entry in group.Scheme.Stages.SelectMany(s => s))
            {
                _parentOf[NameOf(entry)] = group.Name;
            }
        }

        _names = [.. _experiment.Participants.Select(p => p.Name).Order(StringComparer.Ordinal)];
        _models = [.. _names.Select(n => _experiment.Participants.Single(p => p.Name == n).CreateModel())];
        _proposals = [.. _models.Select(_ => long.MaxValue)];
        _fingerprints = [.. _models.Select(m => new ulong[m.Description.Ports.Length])];
        _last = [.. _models.Select(m => new double?[m.Description.Ports.Length])];
        foreach (var conduit in _experiment.Conduits)
        {
            _wires.Add(Resolve(conduit));
        }
    }

    public Trace Run()
    {
        for (var p = 0; p < _models.Length; p++)
        {
            var outputs = PortWriter.ForStart(_models[p].Description, 0);
            _models[p].Initialize(outputs);
            var samples = outputs.Publish();
            foreach (var wire in _wires.Where(w => w.Producer == p && !samples[w.ProducerPort].IsEmpty))
            {
                wire.History = new WireHistory(samples[wire.ProducerPort][^1], 0, null, 0);
            }

            for (var port = 0; port < samples.Length; port++)
            {
                _last[p][port] = samples[port].IsEmpty ? null : samples[port][^1].Values[0];
            }
        }

        var records = ImmutableArray.CreateBuilder<WindowRecord>();
        var outcome = RunOutcome.Completed;
        var tick = 0L;
        var good = Scalars();
        while (tick < _system.EndTick)
        {
            foreach (var frozen in _frozen.Values)
            {
                frozen.Clear();
            }

            foreach (var ports in _fingerprints)
            {
                Array.Fill(ports, Fingerprint.Empty);
            }

            try
            {
                var (end, attempts, counts) = RunWindowUntilItSucceeds(_groups["root"], tick, _system.EndTick);
                records.Add(new WindowRecord(records.Count, tick, end, counts.Iterations, counts.InnerWindows, counts.InnerIterations,
                    attempts + counts.Attempts, counts.Converged, counts.Residuals, [.. FingerprintsOfOutPorts()]));
                tick = end;
                good = Scalars();
            }
            catch (WindowFailedException)
            {
                outcome = RunOutcome.Failed;
                break;
            }
        }

        return new Trace(outcome, records.ToImmutable(),
            outcome == RunOutcome.Failed ? [] : [.. _models.Select(m => Convert.ToHexString(StateArchive.Save(m.Archive)))], good);
    }

    // ---- the scheme ----------------------------------------------------------------------------------------------

    private sealed record Counts
    {
        public int Iterations { get; set; }
        public int InnerWindows { get; set; }
        public int InnerIterations { get; set; }
        public int Attempts { get; set; }
        public bool Converged { get; set; } = true;
        public ImmutableArray<double> Residuals { get; set; } = [];
        public double Error { get; set; }
    }

    // A nested group's windows, one after the other, over one window of its parent.
    private void RunGroup(CouplingGroup group, long start, long end, Counts parent)
    {
        while (start < end)
        {
            var (reached, attempts, counts) = RunWindowUntilItSucceeds(group, start, end);
            parent.InnerWindows += 1 + counts.InnerWindows;
            parent.InnerIterations += counts.Iterations + counts.InnerIterations;
            parent.Attempts += attempts + counts.Attempts;
            parent.Converged &= counts.Converged;
            _frozen[group.Name].Add(reached);
            start = reached;
        }
    }

    private (long End, int Attempts, Counts Counts) RunWindowUntilItSucceeds(CouplingGroup group, long start, long limit)
    {
        var nominal = _system.Groups.Single(g => g.Spec.Name == group.Name).NominalTicks;
        var frozen = _frozen[group.Name].Where(e => e > start).DefaultIfEmpty(IsOffGrid(group.Name) ? start + Wanted(group, nominal, limit - start) : start + Longest(nominal, start, long.MaxValue)).First();
        var end = Math.Min(limit, frozen);
        var before = Remember(group);
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                var shorter = Shorter(group, nominal, start, end);
                var counts = RunWindow(group, start, end, canShorten: shorter > 0);
                Adapt(group, nominal, end - start, attempt, counts.Error);
                return (end, attempt, counts);
            }
            catch (WindowFailedException)
            {
                var shorter = Shorter(group, nominal, start, end);
                if (shorter == 0)
                {
                    throw;
                }

                GoBackAfterFailure(before);
                _frozen[group.Name].RemoveWhere(e => e > start && e <= limit);
                end = start + shorter;
            }
        }
    }

    // ---- lengths -------------------------------------------------------------------------------------------------

    private bool IsOffGrid(string group) => _groups[group].Lengths is not null || (group != "root" && IsOffGrid(_parentOf[group]));

    private (long Shortest, long Longest) Bounds(WindowPolicy policy) =>
        (Math.Max(1, (long)Math.Round(policy.Shortest / _system.TickLength)), Math.Max(1, (long)Math.Round(policy.Longest / _system.TickLength)));

    private long Wanted(CouplingGroup group, long nominal, long rest)
    {
        var wanted = nominal;
        if (group.Lengths is { } policy)
        {
            wanted = _lengths[group.Name].Wanted is > 0 and var adapted ? adapted : nominal;
            var followed = policy.Follows.IsEmpty && policy.Controller is null ? _names.Where(n => IsWithin(n, group.Name)) : policy.Follows;
            wanted = followed.Select(n => _proposals[Array.IndexOf(_names, n)]).Append(wanted).Min();
            var (shortest, longest) = Bounds(policy);
            wanted = Math.Min(longest, Math.Max(shortest, wanted));
        }

        return wanted >= rest ? rest : 2 * wanted > rest ? (rest + 1) / 2 : wanted;
    }

    private void Adapt(CouplingGroup group, long nominal, long length, int attempt, double error)
    {
        if (group.Lengths is not { } policy)
        {
            return;
        }

        var (shortest, longest) = Bounds(policy);
        var bound = attempt > 0 ? 2 * length : long.MaxValue;
        if (policy.Controller is { } control)
        {
            var previous = _lengths[group.Name].Error;
            var factor = error == 0 ? control.GreatestFactor
                : Math.Min(control.GreatestFactor, Math.Max(control.LeastFactor, control.Safety * Math.Pow(error, -(control.Integral + control.Proportional)) * Math.Pow(previous > 0 ? previous : error, control.Proportional)));
            _lengths[group.Name] = (Math.Min(longest, Math.Max(shortest, (long)Math.Min(bound, length * factor))), error);
        }
        else
        {
            _lengths[group.Name] = (Math.Min(bound, longest), double.NaN);
        }
    }

    private double ErrorOf(CouplingGroup group, TimeWindow window, List<Wire> wires)
    {
        if (group.Lengths?.Controller is not { } control)
        {
            return 0;
        }

        static double Used(Wire wire) => (wire.IsBackward ? wire.Current : wire.Fresh)?.Last.Values[0] ?? 0;
        double Last(Wire wire) => _last[wire.Producer][wire.ProducerPort]!.Value;
        var errors = new List<double>();
        foreach (var (effort, flow) in control.Bonds)
        {
            var (e, f) = (wires.Single(w => w.Conduit.To == effort), wires.Single(w => w.Conduit.To == flow));
            var h = e.Meaning == TimeMeaning.WindowIntegral || f.Meaning == TimeMeaning.WindowIntegral ? 1 : window.Length;
            var (paid, received) = (Last(e) * Used(f), Used(e) * Last(f));
            errors.Add(Math.Abs(paid - received) * h / (control.Absolute + (control.Relative * (Math.Max(Math.Abs(paid), Math.Abs(received)) * h))));
        }

        foreach (var wire in control.Bonds.IsEmpty ? wires.Where(w => w.IsBackward && w.Guess is not null) : [])
        {
            var x = wire.Fresh!.Last.Values[0];
            errors.Add((x - wire.Guess!.Values[0]) / (control.Absolute + (control.Relative * Math.Abs(x))));
        }

        return errors.Count == 0 ? 0 : Math.Sqrt(errors.Sum(e => e * e) / errors.Count);
    }

    private long Shorter(CouplingGroup group, long nominal, long start, long end)
    {
        var shorter = IsOffGrid(group.Name) ? (end - start) / 2 : Longest(nominal, start, end - start);
        var least = group.Lengths is { } policy ? Bounds(policy).Shortest : Math.Max(1, nominal >> group.Halvings);
        return group.Halvings > 0 && shorter >= least ? shorter : 0;
    }

    // The longest of nominal, half, a quarter, … on whose grid the start lies, and that is shorter than a limit.
    private static long Longest(long nominal, long start, long below)
    {
        for (var length = nominal; length > 0 && length >= nominal >> 16; length /= 2)
        {
            if (start % nominal % length == 0 && length < below)
            {
                return length;
            }
        }

        return Math.Min(nominal - (start % nominal), below / 2);
    }

    private Counts RunWindow(CouplingGroup group, long start, long end, bool canShorten)
    {
        var counts = new Counts();
        var window = _system.Window(start, end);
        var policy = group.Scheme.Iteration;
        var before = Remember(group);
        var wires = _wires.Where(w => w.Group == group.Name).ToList();
        wires.ForEach(w => w.Open(window));
        var first = new double[policy.Criteria.Length];
        while (true)
        {
            for (var stage = 0; stage < group.Scheme.Stages.Length; stage++)
            {
                foreach (var entry in group.Scheme.Stages[stage])
                {
                    if (_groups.TryGetValue(entry, out var child))
                    {
                        RunGroup(child, start, end, counts);
                    }
                    else
                    {
                        Advance(entry, window);
                    }
                }

                foreach (var wire in wires.Where(w => w.ProducerStage == stage))
                {
                    wire.Publish();
                }
            }

            counts.Iterations++;
            var (satisfied, enough, strictlyNot) = (policy.Criteria.Length > 0, false, false);
            counts.Residuals = [];
            var sizes = new double[policy.Criteria.Length];
            for (var c = 0; c < policy.Criteria.Length; c++)
            {
                var wire = wires.Single(w => w.Conduit.To == policy.Criteria[c].Conduit);
                var (fresh, used) = (wire.Fresh!.Last.Values[0], wire.IsBackward ? wire.Current!.Last.Values[0] : wire.Previous?.Values[0] ?? 0);
                var distance = Math.Sqrt((fresh - used) * (fresh - used));
                first[c] = counts.Iterations == 1 ? distance : first[c];
                counts.Residuals = counts.Residuals.Add(distance);
                sizes[c] = Math.Sqrt(fresh * fresh);
            }

            // What joint criteria measure is one field.
            double Together(IReadOnlyList<double> values, int c) => policy.Criteria[c].IsJoint
                ? Math.Sqrt(Enumerable.Range(0, sizes.Length).Where(o => policy.Criteria[o].IsJoint).Aggregate(0.0, (sum, o) => sum + (values[o] * values[o])))
                : values[c];
            for (var c = 0; c < policy.Criteria.Length; c++)
            {
                var criterion = policy.Criteria[c];
                var (distance, size, atFirst) = (Together(counts.Residuals, c), Together(sizes, c), Together(first, c));
                var holds = criterion.Measure switch
                {
                    ResidualMeasure.Absolute => distance <= criterion.Limit,
                    ResidualMeasure.Relative => distance <= criterion.Limit * size,
                    ResidualMeasure.ResidualRelative => distance <= criterion.Limit * atFirst,
                    _ => distance <= criterion.Limit || distance <= criterion.RelativeLimit * size,
                };
                satisfied &= holds;
                enough |= holds && criterion.Suffices;
                strictlyNot |= !holds && criterion.IsStrict;
            }

            satisfied |= enough && !strictlyNot;
            counts.Error = ErrorOf(group, window, wires);
            if (policy.Maximum == 1)
            {
                break;
            }

            if (counts.Iterations >= policy.Maximum && !satisfied && strictlyNot)
            {
                throw new WindowFailedException("a strict criterion does not hold");
            }

            if (counts.Iterations >= policy.Maximum && !satisfied && !policy.Criteria.IsEmpty && canShorten)
            {
                throw new WindowFailedException("it did not converge");
            }

            if (counts.Iterations >= policy.Maximum || (satisfied && counts.Iterations >= policy.Minimum))
            {
                counts.Converged &= satisfied || policy.Criteria.IsEmpty;
                break;
            }

            GoBackToIterate(before);
            Iterate(group.Name, wires, counts.Iterations - 1);
        }

        if (_accelerations.TryGetValue(group.Name, out var acceleration))
        {
            var (blocks, x, hx) = Stack(wires);
            acceleration.Accept(blocks, x, hx, counts.Iterations - 1);
        }

        wires.ForEach(w => w.Accept());
        return counts;
    }

    private void Iterate(string group, List<Wire> wires, int iteration)
    {
        var (blocks, x, hx) = Stack(wires);
        var next = new double[x.Length];
        _accelerations[group].Next(blocks, x, hx, next, iteration);
        var at = 0;
        foreach (var wire in wires)
        {
            at += wire.IsBackward ? wire.Take(next.AsSpan(at)) : 0;
            wire.EndIteration();
        }
    }

    private static (ImmutableArray<IterateBlock> Blocks, double[] X, double[] Hx) Stack(List<Wire> wires)
    {
        var stacked = wires.Where(w => w.IsBackward).Select(w => w.Unknowns()).ToList();
        return ([.. wires.Where(w => w.IsBackward).Select(w => w.Block)], [.. stacked.SelectMany(s => s.X)], [.. stacked.SelectMany(s => s.Hx)]);
    }

    private void Advance(string entry, TimeWindow window)
    {
        var p = Array.IndexOf(_names, NameOf(entry));
        var phase = entry.Contains(':', StringComparison.Ordinal) ? entry.Split(':')[1] : null;
        var description = _models[p].Description;
        var inputs = description.Ports.Select((_, port) => _wires.SingleOrDefault(w => w.Consumer == p && w.ConsumerPort == port)?.Current);
        var outputs = PortWriter.ForWindow(description, window, phase);
        ImmutableArray<ImmutableArray<FieldSample>> samples;
        try
        {
            var random = new Philox(_experiment.Seed, Fingerprint.OfName(_names[p]));
            _models[p].Advance(new AdvanceContext(window, phase, random, ChunkedLoop.Serial, CancellationToken.None), new PortReader(description, window, [.. inputs]), outputs);
            samples = outputs.Publish();
            if (outputs.ProposedWindow is { } proposed)
            {
                _proposals[p] = Math.Max(1, (long)(proposed / _system.TickLength));
            }
        }
        catch (ScaleModelException fault)
        {
            throw new WindowFailedException(fault.Message);
        }

        for (var port = 0; port < samples.Length; port++)
        {
            foreach (var sample in samples[port])
            {
                _last[p][port] = sample.Values[0];
                _fingerprints[p][port] = Fingerprint.Fold(_fingerprints[p][port], sample.Values);
            }
        }

        foreach (var wire in _wires.Where(w => w.Producer == p && !samples[w.ProducerPort].IsEmpty))
        {
            wire.Written.AddRange(wire.Conduit.Substeps ? samples[wire.ProducerPort] : [Wire.Whole(wire.Meaning, window, samples[wire.ProducerPort])]);
        }
    }

    // ---- going back ----------------------------------------------------------------------------------------------

    private sealed record Memory(List<(int Participant, byte[] State, ulong[] Fingerprints)> Models,
        List<(Wire Wire, WireHistory History)> Starts, List<(Wire Wire, int Count)> Written, List<(string Group, long[] Ends, (long, double) Lengths)> Frozen, List<(int Participant, long Ticks)> Proposals,
        List<(IAcceleration Acceleration, byte[] Learned)> Below, (IAcceleration Acceleration, byte[] Learned)? Own);

    // Everything below the group, and what its members wrote for others.
    private Memory Remember(CouplingGroup group)
    {
        var inside = Enumerable.Range(0, _names.Length).Where(p => IsWithin(_names[p], group.Name)).ToList();
        var below = _groups.Keys.Where(g => g != group.Name && IsWithin(g, group.Name)).ToList();
        return new Memory(
            [.. inside.Select(p => (p, StateArchive.Save(_models[p].Archive), _fingerprints[p].ToArray()))],
            [.. _wires.Where(w => below.Contains(w.Group)).Select(w => (w, w.History))],
            [.. _wires.Where(w => inside.Contains(w.Producer) && !below.Contains(w.Group)).Select(w => (w, w.Group == group.Name ? 0 : w.Written.Count))],
            [.. below.Select(g => (g, _frozen[g].ToArray(), _lengths[g]))],
            [.. inside.Select(p => (p, _proposals[p]))],
            [.. below.Where(_accelerations.ContainsKey).Select(g => (_accelerations[g], StateArchive.Save(_accelerations[g].Archive)))],
            _accelerations.TryGetValue(group.Name, out var own) ? (own, StateArchive.Save(own.Archive)) : null);
    }

    private void GoBackToIterate(Memory memory)
    {
        memory.Models.ForEach(m => StateArchive.Restore(m.State, _models[m.Participant].Archive));
        memory.Starts.ForEach(s => s.Wire.History = s.History);
        memory.Below.ForEach(a => StateArchive.Restore(a.Learned, a.Acceleration.Archive));
        memory.Written.ForEach(w => w.Wire.Written.RemoveRange(w.Count, w.Wire.Written.Count - w.Count));
    }

    private void GoBackAfterFailure(Memory memory)
    {
        GoBackToIterate(memory);
        memory.Models.ForEach(m => m.Fingerprints.CopyTo(_fingerprints[m.Participant], 0));
        memory.Frozen.ForEach(f => (_frozen[f.Group], _lengths[f.Group]) = ([.. f.Ends], f.Lengths));
        if (memory.Own is { } own)
        {
            StateArchive.Restore(own.Learned, own.Acceleration.Archive);
        }

        memory.Proposals.ForEach(p => _proposals[p.Participant] = p.Ticks);
    }

    // ---- names ---------------------------------------------------------------------------------------------------

    private static string NameOf(string entry) => entry.Split(':')[0];

    private bool IsWithin(string member, string group)
    {
        for (var above = member; above != "root"; above = _parentOf[above])
        {
            if (_parentOf[above] == group)
            {
                return true;
            }
        }

        return false;
    }

    private Wire Resolve(Conduit conduit)
    {
        (int Participant, int Port, string? Phase) Find(string address)
        {
            var p = Array.IndexOf(_names, address.Split('.')[0]);
            var port = _models[p].Description.IndexOf(address.Split('.')[1]);
            return (p, port, _models[p].Description.Ports[port].Port.Phase);
        }

        var (source, target) = (Find(conduit.From), Find(conduit.To));
        var common = _parentOf[_names[source.Participant]];
        while (!IsWithin(_names[target.Participant], common))
        {
            common = _parentOf[common];
        }

        IEnumerable<int> StagesOf(string participant, string? phase)
        {
            var member = participant;
            while (_parentOf[member] != common)
            {
                member = _parentOf[member];
            }

            return from stage in Enumerable.Range(0, _groups[common].Scheme.Stages.Length)
                   from entry in _groups[common].Scheme.Stages[stage]
                   where NameOf(entry) == member && (member != participant || phase is null || entry == $"{member}:{phase}")
                   select stage;
        }

        var written = StagesOf(_names[source.Participant], source.Phase).Last();
        var read = StagesOf(_names[target.Participant], target.Phase).First();
        var meaning = _models[source.Participant].Description.Ports[source.Port].Port.Quantity.Time;
        return new Wire(conduit, source.Participant, source.Port, target.Participant, target.Port, common, written, read <= written, meaning);
    }

    private ImmutableArray<double> Scalars() => [.. OutPorts().Where(o => _last[o.Participant][o.Port] is not null).Select(o => _last[o.Participant][o.Port]!.Value)];

    private IEnumerable<ulong> FingerprintsOfOutPorts() => OutPorts().Select(o => _fingerprints[o.Participant][o.Port]);

    private IEnumerable<(int Participant, int Port)> OutPorts() =>
        from p in Enumerable.Range(0, _models.Length)
        from port in Enumerable.Range(0, _models[p].Description.Ports.Length)
        where _models[p].Description.Ports[port].Port.Direction == PortDirection.Out
        select (p, port);

    private sealed class WindowFailedException(string message) : Exception(message);

    private sealed record WireHistory(FieldSample? Last, double LastLength, FieldSample? Earlier, double EarlierLength);

    private sealed class Wire(Conduit conduit, int producer, int producerPort, int consumer, int consumerPort, string group, int producerStage, bool isBackward, TimeMeaning meaning)
    {
        private TimeWindow _window;
        private List<double>? _grid;

        public Conduit Conduit { get; } = conduit;
        public int Producer { get; } = producer;
        public int ProducerPort { get; } = producerPort;
        public int Consumer { get; } = consumer;
        public int ConsumerPort { get; } = consumerPort;
        public string Group { get; } = group;
        public int ProducerStage { get; } = producerStage;
        public bool IsBackward { get; } = isBackward;
        public TimeMeaning Meaning { get; } = meaning;

        public WireHistory History { get; set; } = new(null, 0, null, 0);
        public FieldSample? Start => History.Last;
        public FieldSample? Guess { get; private set; }
        public Waveform? Current { get; private set; }
        public Waveform? Fresh { get; private set; }
        public FieldSample? Previous { get; private set; }
        public List<FieldSample> Written { get; } = [];

        public void Open(TimeWindow window)
        {
            _window = window;
            Written.Clear();
            (Guess, _grid) = (null, null);
            (Previous, Current) = (Start, null);
            if (Start is null)
            {
                return;
            }

            var (h, h1, h0, x, y) = (window.Length, History.LastLength, History.EarlierLength, Start.Values[0], History.Earlier?.Values[0] ?? 0);
            var isLinear = Conduit.Extrapolation == Extrapolation.Linear && History.Earlier is not null && h1 > 0 && (Meaning == TimeMeaning.Instant || h0 > 0);
            Current = new Waveform(window.Start, Meaning switch
            {
                // The line through the last two ends, or means; otherwise the last value, held, an integral as a rate.
                TimeMeaning.Instant when isLinear => [Start.At(window.Start), new FieldSample(window.End, [((1 + (h / h1)) * x) + (-h / h1 * y)])],
                TimeMeaning.Instant => [Start.At(window.Start)],
                TimeMeaning.WindowAverage when isLinear => [new FieldSample(window.End, [((1 + ((h1 + h) / (h0 + h1))) * x) + (-((h1 + h) / (h0 + h1)) * y)])],
                TimeMeaning.WindowIntegral when isLinear => [new FieldSample(window.End, [((1 + ((h1 + h) / (h0 + h1))) * h / h1 * x) + (-((h1 + h) / (h0 + h1)) * h / h0 * y)])],
                TimeMeaning.WindowIntegral when h1 > 0 && h1 != h => [new FieldSample(window.End, [h / h1 * x])],
                _ => [Start.At(window.End)],
            }, Meaning, Conduit.Degree);
            Guess = Current.Last;
        }

        public void Publish()
        {
            var samples = Meaning == TimeMeaning.Instant && Start is not null ? Written.Prepend(Start.At(_window.Start)) : Written;
            Fresh = new Waveform(_window.Start, [.. samples], Meaning, Conduit.Degree);
            Current = IsBackward ? Current : Fresh;
        }

        // The unknowns stand where the first iteration's samples stood; what is written elsewhere in a later one is read there.
        public (List<double> X, List<double> Hx) Unknowns()
        {
            var fresh = Fresh!.Samples.Where(s => s.Time != _window.Start).ToList();
            _grid ??= [.. fresh.Select(s => s.Time)];
            var same = _grid.SequenceEqual(fresh.Select(s => s.Time));
            var (x, hx) = (new List<double>(), new List<double>());
            for (var i = 0; i < _grid.Count; i++)
            {
                var from = i == 0 ? _window.Start : _grid[i - 1];
                var (used, written) = (new double[1], new double[1]);
                Read(Current!, from, _grid[i], used);
                Read(Fresh, from, _grid[i], written);
                x.Add(used[0]);
                hx.Add(same ? fresh[i].Values[0] : written[0]);
            }

            return (x, hx);
        }

        public IterateBlock Block => new(_grid!.Count, 1, true)
        {
            Times = [.. _grid.Select(t => (t - _window.Start) / _window.Length)],
            Meaning = Meaning,
            Degree = Conduit.Degree,
        };

        public int Take(ReadOnlySpan<double> next)
        {
            var samples = new List<FieldSample>(Fresh!.Samples.Where(s => s.Time == _window.Start));
            for (var i = 0; i < _grid!.Count; i++)
            {
                samples.Add(new FieldSample(_grid[i], [next[i]]));
            }

            Current = new Waveform(_window.Start, samples, Meaning, Conduit.Degree);
            return _grid.Count;
        }

        public void EndIteration() => Previous = Fresh!.Last;

        public void Accept() => History = new WireHistory(Whole(Meaning, _window, Fresh!.Samples), _window.Length, History.Last, Meaning == TimeMeaning.Instant ? 0 : History.LastLength);

        public static FieldSample Whole(TimeMeaning meaning, TimeWindow window, IReadOnlyList<FieldSample> samples)
        {
            if (meaning == TimeMeaning.Instant || samples.Count == 1)
            {
                return samples[^1];
            }

            var whole = new double[1];
            Read(new Waveform(window.Start, samples, meaning, 0), window.Start, window.End, whole);
            return new FieldSample(window.End, whole);
        }

        private static void Read(Waveform waveform, double from, double to, double[] into)
        {
            switch (waveform.Meaning)
            {
                case TimeMeaning.Instant:
                    waveform.At(to, into);
                    break;
                case TimeMeaning.WindowAverage:
                    waveform.Average(from, to, into);
                    break;
                default:
                    waveform.Integral(from, to, into);
                    break;
            }
        }
    }
}

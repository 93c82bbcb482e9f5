using System.Collections.Immutable;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Tests.Coupling;

/// <summary>An in-port or out-port of a <see cref="Mixer"/>.</summary>
public sealed record MixerPort(string Name, TimeMeaning Meaning, string? Phase = null, bool HasStart = true);

/// <summary>What a <see cref="Mixer"/> is like.</summary>
public sealed record MixerSpec
{
    public ImmutableArray<MixerPort> Inputs { get; init; } = [];

    public ImmutableArray<MixerPort> Outputs { get; init; } = [];

    public ImmutableArray<string> Phases { get; init; } = [];

    public int Substeps { get; init; } = 1;

    /// <summary>How strongly the inputs enter; below one half an iteration contracts.</summary>
    public double Gain { get; init; } = 0.3;

    /// <summary>Whether the window cannot be computed; the number is a hash of all that the model has seen so far.</summary>
    public Func<TimeWindow, ulong, bool> Fails { get; init; } = static (_, _) => false;

    /// <summary>Fails by writing NaN rather than by throwing.</summary>
    public bool FailsByNaN { get; init; }

    /// <summary>Whether it proposes windows, of lengths that depend on all that it has seen.</summary>
    public bool Proposes { get; init; }

    /// <summary>Where the model complains of an order that does not fit its state: a restore was missed or made twice.</summary>
    public List<string> Complaints { get; init; } = [];
}

/// <summary>
/// A model that remembers everything: a hash of every input that it ever read, the tick at which it stands, and the phase that
/// is next. A wrong input, a missed restore or a wrong order shows in its archive, and the latter two at once.
/// </summary>
public sealed class Mixer : IScaleModel
{
    private readonly MixerSpec _spec;
    private readonly Port<double>[] _inputs;
    private readonly Port<double>[] _outputs;
    private double _x;
    private long _tick;
    private int _nextPhase;
    private long _advances;
    private ulong _seen = Fingerprint.Empty;

    public Mixer(MixerSpec spec)
    {
        _spec = spec;
        _inputs = [.. spec.Inputs.Select(p => Port.In<double>(p.Name, QuantityOf(p.Meaning)) with { Phase = p.Phase })];
        _outputs = [.. spec.Outputs.Select(p => Port.Out<double>(p.Name, QuantityOf(p.Meaning)) with { Phase = p.Phase, HasStart = p.HasStart })];
        Description = new ModelDescription([.. _inputs.Concat(_outputs).Select(p => new PortLayout(p, 1))]) { Phases = spec.Phases };
    }

    public ModelDescription Description { get; }

    /// <summary>A participant that is such a model.</summary>
    public static Participant Participant(string name, MixerSpec spec) =>
        Physics.Coupling.Participant.Of(name, new ModelEntry("mixer", "a model for tests", _ => new Mixer(spec)));

    public static Quantity QuantityOf(TimeMeaning meaning) => new("x", Unit.One, Nature.Intensive, meaning);

    public void Initialize(PortWriter outputs)
    {
        _x = 1;
        for (var i = 0; i < _outputs.Length; i++)
        {
            if (_outputs[i].HasStart)
            {
                outputs.Write(_outputs[i], 0, _x * (i + 1));
            }
        }
    }

    public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
    {
        var window = context.Window;
        var phase = context.Phase is null ? 0 : _spec.Phases.IndexOf(context.Phase);
        if (_tick != window.StartTick || _nextPhase != phase)
        {
            _spec.Complaints.Add($"stands at {_tick} (phase {_nextPhase}), told to advance from {window.StartTick} (phase {phase})");
        }

        _advances++;
        var fails = _spec.Fails(window, _seen);
        for (var step = 0; step < _spec.Substeps; step++)
        {
            var from = step == 0 ? window.Start : window.EndOfStep(step - 1, _spec.Substeps);
            var to = window.EndOfStep(step, _spec.Substeps);
            _x = (0.5 * _x) + (_spec.Gain * Inputs(inputs, context.Phase, from, to)) + (0.1 * (to - from));
            Write(outputs, context.Phase, from, to, fails && _spec.FailsByNaN ? double.NaN : _x);
        }

        if (_spec.Proposes && (_seen ^ (ulong)_advances) % 3 != 0)
        {
            outputs.ProposeWindow(window.Length * (0.4 + (_seen % 1000 / 500.0)));
        }

        (_nextPhase, _tick) = phase + 1 < _spec.Phases.Length ? (phase + 1, _tick) : (0, window.EndTick);
        if (fails && !_spec.FailsByNaN)
        {
            (_x, _tick) = (1e9, -1);        // Whoever goes on from here without a restore will notice.
            throw new ScaleModelException("it was told to fail");
        }
    }

    public void Archive(StateArchive archive)
    {
        _ = archive.Version(1);
        archive.Value("x", ref _x);
        archive.Value("tick", ref _tick);
        archive.Value("next-phase", ref _nextPhase);
        archive.Value("advances", ref _advances);
        archive.Value("seen", ref _seen);
    }

    private double Inputs(PortReader inputs, string? phase, double from, double to)
    {
        var sum = 0.0;
        foreach (var port in _inputs)
        {
            if (port.Phase is not null && port.Phase != phase)
            {
                continue;
            }

            if (port.Quantity.Time == TimeMeaning.Instant)
            {
                sum += See(inputs.Read(port, to)[0]) - (0.25 * See(inputs.Read(port, from + (0.3 * (to - from)))[0]));
            }
            else
            {
                sum += See(inputs.Over(port, from, to)[0]);
            }
        }

        return sum / Math.Max(1, _inputs.Length);
    }

    private double See(double value)
    {
        _seen = Fingerprint.Fold(_seen, BitConverter.DoubleToUInt64Bits(value));
        return value;
    }

    private void Write(PortWriter outputs, string? phase, double from, double to, double x)
    {
        for (var i = 0; i < _outputs.Length; i++)
        {
            var port = _outputs[i];
            if ((port.Phase ?? (_spec.Phases.IsEmpty ? null : _spec.Phases[^1])) == phase)
            {
                outputs.Write(port, to, port.Quantity.Time == TimeMeaning.WindowIntegral ? x * (to - from) : x * (i + 1));
            }
        }
    }
}

/// <summary>Writes the integral of 1 + t over each of its steps, and the total that it has given so far.</summary>
public sealed class Source(int substeps) : IScaleModel
{
    private static readonly Port<double> Given = Port.Out<double>("given", Mixer.QuantityOf(TimeMeaning.WindowIntegral));
    private static readonly Port<double> Total = Port.Out<double>("total", Quantities.Number);
    private double _total;

    public ModelDescription Description { get; } = new(new(Given, 1), new(Total, 1));

    public static Participant Participant(string name, int substeps = 1) =>
        Physics.Coupling.Participant.Of(name, new ModelEntry("source", "gives", _ => new Source(substeps)));

    public void Initialize(PortWriter outputs)
    {
        outputs.Write(Given, 0, 0);
        outputs.Write(Total, 0, 0);
    }

    public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
    {
        for (var step = 0; step < substeps; step++)
        {
            var from = step == 0 ? context.Window.Start : context.Window.EndOfStep(step - 1, substeps);
            var to = context.Window.EndOfStep(step, substeps);
            var given = (to - from) * (1 + (0.5 * (from + to)));
            _total += given;
            outputs.Write(Given, to, given);
            outputs.Write(Total, to, _total);
        }
    }

    public void Archive(StateArchive archive) => archive.Value("total", ref _total);
}

/// <summary>Takes what a <see cref="Source"/> gives and adds it up; fails where it is told to.</summary>
public sealed class Sink(Func<TimeWindow, bool> fails) : IScaleModel
{
    private static readonly Port<double> Taken = Port.In<double>("taken", Mixer.QuantityOf(TimeMeaning.WindowIntegral));
    private static readonly Port<double> Total = Port.Out<double>("total", Quantities.Number);
    private double _total;

    public ModelDescription Description { get; } = new(new(Taken, 1), new(Total, 1));

    public static Participant Participant(string name, Func<TimeWindow, bool>? fails = null) =>
        Physics.Coupling.Participant.Of(name, new ModelEntry("sink", "takes", _ => new Sink(fails ?? (static _ => false))));

    public void Initialize(PortWriter outputs) => outputs.Write(Total, 0, 0);

    public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
    {
        _total += inputs.Read(Taken, context.Window.End)[0];
        outputs.Write(Total, context.Window.End, _total);
        if (fails(context.Window))
        {
            throw new ScaleModelException("too long a window");
        }
    }

    public void Archive(StateArchive archive) => archive.Value("total", ref _total);
}

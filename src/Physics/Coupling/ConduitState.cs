using System.Collections.Immutable;
using ActorMultiscale.Physics.Coupling.Acceleration;
using ActorMultiscale.Physics.Coupling.Mapping;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Coupling;

/// <summary>What a conduit carries over from window to window: all that its next first guess depends on.</summary>
/// <param name="Last">The value at the last window's end; for averages and integrals that of the whole window.</param>
/// <param name="LastLength">The length of that window, s; 0 where the value is of the start of the run.</param>
/// <param name="Earlier">The same of the window before; null if there was none.</param>
/// <param name="EarlierLength">The length of that window, s.</param>
internal readonly record struct ConduitHistory(FieldSample? Last, double LastLength, FieldSample? Earlier, double EarlierLength);

/// <summary>The mapping of a conduit and the layouts between which it leads.</summary>
/// <param name="Map">The mapping; null for point by point.</param>
/// <param name="From">The producer's port.</param>
/// <param name="To">The consumer's port.</param>
internal sealed record ConduitBridge(IDataMapping? Map, PortLayout From, PortLayout To);

/// <summary>What a conduit holds while a window of its group is computed.</summary>
internal sealed class ConduitState(ConduitNode node, SampleBuffers buffers, ConduitBridge bridge)
{
    private TimeWindow _window;
    private ImmutableArray<double> _grid = [];     // Where the unknowns stand in time: where the first iteration's samples stood.
    private ImmutableArray<double> _shares = [];   // The same as shares of the window.
    private bool _gridIsFresh;                     // Whether the fresh samples stand on the grid themselves.

    public ConduitNode Node { get; } = node;

    public ConduitHistory History { get; set; }

    /// <summary>The way between the present meshes.</summary>
    public ConduitBridge Bridge { get; set; } = bridge;

    /// <summary>The tick at which the present window ends.</summary>
    public long WindowEnd => _window.EndTick;


    /// <summary>What the consumer reads.</summary>
    public Waveform? Current { get; private set; }

    /// <summary>What the producer wrote in this iteration.</summary>
    public Waveform? Fresh { get; private set; }

    /// <summary>What the producer wrote in the iteration before, at the window's end.</summary>
    public FieldSample? Previous { get; private set; }

    /// <summary>The first guess at the window's end.</summary>
    public FieldSample? Guess { get; private set; }

    public List<FieldSample> Written { get; } = [];

    public double FirstResidual { get; set; }

    /// <summary>The unknowns of this conduit: one row per point in time.</summary>
    public IterateBlock Block => new(_grid.Length, Fresh!.Last.Length, Node.Spec.IsAccelerated) { Times = _shares, Meaning = Node.Meaning, Degree = Node.Spec.Degree };

    public int StackedLength => _grid.Length * Fresh!.Last.Length;

    // The value at the window's start is known: it is not iterated on.
    private bool StartsAtKnownValue => Node.Meaning == TimeMeaning.Instant && History.Last is not null;

    public void Open(TimeWindow window)
    {
        _window = window;
        Written.Clear();
        Fresh = null;
        _grid = [];
        Previous = History.Last;
        Current = History.Last is null ? null : new Waveform(window.Start, FirstGuess(window), Node.Meaning, Node.Spec.Degree);
        Guess = Current?.Last;
    }

    public void Publish()
    {
        var samples = new List<FieldSample>(Written.Count + 1);
        if (StartsAtKnownValue)
        {
            samples.Add(History.Last!.At(_window.Start));
        }

        samples.AddRange(Written);
        Fresh = new Waveform(_window.Start, samples, Node.Meaning, Node.Spec.Degree);
        if (!Node.IsBackward)
        {
            Current = Fresh;
        }
    }

    /// <summary>The residual at the window's end: what came out against what was used (backward), or against the iteration before (forward).</summary>
    public FieldSample? Used => Node.IsBackward ? Current?.Last : Previous;

    /// <summary>Settles where in time the unknowns stand: in the first iteration of a window, and for the rest of it.</summary>
    public void SettleGrid()
    {
        var first = StartsAtKnownValue ? 1 : 0;
        var fresh = Fresh!.Samples;
        if (_grid.IsEmpty)
        {
            _grid = [.. fresh.Skip(first).Select(s => s.Time)];
            _shares = [.. _grid.Select(t => (t - _window.Start) / _window.Length)];
        }

        _gridIsFresh = fresh.Count - first == _grid.Length;
        for (var s = 0; _gridIsFresh && s < _grid.Length; s++)
        {
            _gridIsFresh = fresh[first + s].Time == _grid[s];
        }
    }

    /// <summary>Writes what was used and what came out, time by time.</summary>
    public void Stack(Span<double> x, Span<double> hx)
    {
        var length = Fresh!.Last.Length;
        var first = StartsAtKnownValue ? 1 : 0;
        for (var s = 0; s < _grid.Length; s++)
        {
            var from = s == 0 ? _window.Start : _grid[s - 1];
            Read(Current!, from, _grid[s], x.Slice(s * length, length));
            if (_gridIsFresh)
            {
                Fresh.Samples[first + s].Values.CopyTo(hx[(s * length)..]);
            }
            else
            {
                Read(Fresh, from, _grid[s], hx.Slice(s * length, length));
            }
        }
    }

    /// <summary>The next iterate, time by time.</summary>
    public void Unstack(ReadOnlySpan<double> next)
    {
        var length = Fresh!.Last.Length;
        var samples = new List<FieldSample>(_grid.Length + 1);
        if (StartsAtKnownValue)
        {
            samples.Add(Fresh.Samples[0]);
        }

        for (var s = 0; s < _grid.Length; s++)
        {
            var values = buffers.Lease(length);
            next.Slice(s * length, length).CopyTo(values.Values);
            samples.Add(buffers.Hold(new FieldSample(_grid[s], values)));
        }

        Current = new Waveform(_window.Start, samples, Node.Meaning, Node.Spec.Degree);
    }

    public void EndIteration() => Previous = Fresh?.Last;

    public void Accept()
    {
        var whole = WholeWindow(Node.Meaning, _window, Fresh!.Samples, buffers);
        History = new ConduitHistory(whole, _window.Length, History.Last, Node.Meaning == TimeMeaning.Instant ? 0 : History.LastLength);
    }

    /// <summary>The one sample that stands for the whole window: the last instant, the mean of averages, the sum of integrals.</summary>
    public static FieldSample WholeWindow(TimeMeaning meaning, TimeWindow window, IReadOnlyList<FieldSample> samples, SampleBuffers buffers)
    {
        if (meaning == TimeMeaning.Instant || samples.Count == 1)
        {
            return samples[^1];
        }

        var values = buffers.Lease(samples[^1].Length);
        Read(new Waveform(window.Start, samples, meaning, 0), window.Start, window.End, values.Values);
        return buffers.Hold(new FieldSample(window.End, values));
    }

    /// <summary>Calls <paramref name="visit"/> with every sample that the conduit may still need.</summary>
    public void VisitSamples(Action<FieldSample> visit)
    {
        Visit(History, visit);
        VisitOne(Previous, visit);
        VisitOne(Guess, visit);
        foreach (var sample in Written)
        {
            visit(sample);
        }

        Current?.VisitSamples(visit);
        Fresh?.VisitSamples(visit);
    }

    public static void Visit(ConduitHistory history, Action<FieldSample> visit)
    {
        VisitOne(history.Last, visit);
        VisitOne(history.Earlier, visit);
    }

    private static void VisitOne(FieldSample? sample, Action<FieldSample> visit)
    {
        if (sample is not null)
        {
            visit(sample);
        }
    }

    private static void Read(Waveform waveform, double from, double to, Span<double> into)
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

    // Constant: the last value, held; integrals are held as a rate. Linear, with h the new length, h₁ the last and h₀ the one before:
    // instants  x₁ + (x₁ − x₀) h/h₁ at the end;  means  m₁ + (m₁ − m₀) (h₁ + h)/(h₀ + h₁);  integrals as their mean rates.
    private List<FieldSample> FirstGuess(TimeWindow window)
    {
        var (last, h1, earlier, h0) = History;
        var h = window.Length;
        var linear = Node.Spec.Extrapolation == Extrapolation.Linear && earlier is not null && earlier.Length == last!.Length;
        switch (Node.Meaning)
        {
            case TimeMeaning.Instant when linear && h1 > 0:
                return [last!.At(window.Start), Combine(window.End, 1 + (h / h1), last, -h / h1, earlier!)];
            case TimeMeaning.Instant:
                return [last!.At(window.Start)];
            case TimeMeaning.WindowAverage when linear && h0 > 0 && h1 > 0:
                var slope = (h1 + h) / (h0 + h1);
                return [Combine(window.End, 1 + slope, last!, -slope, earlier!)];
            case TimeMeaning.WindowAverage:
                return [last!.At(window.End)];
            case TimeMeaning.WindowIntegral when linear && h0 > 0 && h1 > 0:
                var change = (h1 + h) / (h0 + h1);
                return [Combine(window.End, (1 + change) * h / h1, last!, -change * h / h0, earlier!)];
            default:
                return h1 == 0 || h1 == h ? [last!.At(window.End)] : [Combine(window.End, h / h1, last!, 0, last!)];
        }
    }

    private FieldSample Combine(double time, double a, FieldSample x, double b, FieldSample y)
    {
        var buffer = buffers.Lease(x.Length);
        var values = buffer.Values;
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = b == 0 ? a * x.Values[i] : (a * x.Values[i]) + (b * y.Values[i]);
        }

        return buffers.Hold(new FieldSample(time, buffer));
    }
}

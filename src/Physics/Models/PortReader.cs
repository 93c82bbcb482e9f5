using System.Collections.Immutable;
using System.Runtime.InteropServices;
using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Models;

/// <summary>What a participant's in-ports hold while it advances over one window.</summary>
/// <param name="description">The participant's ports.</param>
/// <param name="window">The window over which it advances.</param>
/// <param name="waveforms">One waveform per port of the description; null for out-ports and for ports without a conduit.</param>
public sealed class PortReader(ModelDescription description, TimeWindow window, ImmutableArray<Waveform?> waveforms)
{
    /// <summary>Arrays for what the model will write in the same advance, any content. Its <see cref="PortWriter"/> takes of them.</summary>
    internal List<FieldBuffer> Buffers { get; init; } = [];

    /// <summary>What the ports hold.</summary>
    internal ImmutableArray<Waveform?> Waveforms => waveforms;

    /// <summary>The layouts of the model's ports as they stand now.</summary>
    public ImmutableArray<PortLayout> Layouts { get; init; } = description.Ports;

    /// <summary>Whether a conduit leads to the in-port.</summary>
    public bool IsConnected(Port port) => waveforms[IndexOf(port)] is not null;

    /// <summary>
    /// The values at <paramref name="time"/>: for an instant the interpolated value; for an average or an integral, which
    /// belong to an interval, those of the whole window, asked for with its end as the time.
    /// </summary>
    /// <returns>One entry per point. Valid until the model's advance returns: what it wants to keep, it copies.</returns>
    public ReadOnlySpan<T> Read<T>(Port<T> port, double time) where T : unmanaged
    {
        var waveform = WaveformOf(port);
        if (waveform.Meaning == TimeMeaning.Instant)
        {
            if (waveform.Stored(time) is { } stored)
            {
                return MemoryMarshal.Cast<double, T>(stored.Values);
            }
        }
        else if (time != window.End)
        {
            throw new ScaleModelException(
                $"The port '{port.Name}' carries a {waveform.Meaning}, which belongs to an interval: read it at the window's end for the whole window, or with Over(port, from, to).");
        }
        else if (waveform.Samples.Count == 1 && waveform.Start == window.Start && waveform.Last.Time == window.End)
        {
            return MemoryMarshal.Cast<double, T>(waveform.Last.Values);
        }

        var values = new double[waveform.Last.Length];
        if (waveform.Meaning == TimeMeaning.Instant)
        {
            waveform.At(time, values);
        }
        else
        {
            Over(waveform, window.Start, window.End, values);
        }

        return MemoryMarshal.Cast<double, T>(values.AsSpan());
    }

    /// <summary>Writes the value at <paramref name="time"/> of an instant into <paramref name="into"/>; allocates nothing.</summary>
    public void ReadInto<T>(Port<T> port, double time, Span<T> into) where T : unmanaged
    {
        var waveform = WaveformOf(port);
        if (waveform.Meaning != TimeMeaning.Instant)
        {
            throw new ScaleModelException($"The port '{port.Name}' carries a {waveform.Meaning}, which belongs to an interval: read it with Over(port, from, to).");
        }

        waveform.At(time, MemoryMarshal.Cast<T, double>(into));
    }

    /// <summary>The mean (of averages) or the sum (of integrals) over [<paramref name="from"/>, <paramref name="to"/>], a part of the window.</summary>
    public ReadOnlySpan<T> Over<T>(Port<T> port, double from, double to) where T : unmanaged
    {
        var waveform = WaveformOf(port);
        var values = new double[waveform.Last.Length];
        Over(waveform, from, to, values);
        return MemoryMarshal.Cast<double, T>(values.AsSpan());
    }

    /// <summary>
    /// All samples that the port holds, in order of time, starting at <see cref="Waveform.Start"/>: for models that need
    /// the peer's steps themselves rather than values between them.
    /// </summary>
    /// <remarks>Valid until the model's advance returns, samples too: what it wants to keep, it copies.</remarks>
    public Waveform Samples(Port port) => WaveformOf(port);

    /// <summary>NaN and infinity never cross a port.</summary>
    /// <exception cref="ScaleModelException">A value of an in-port is not finite.</exception>
    public void RequireFinite()
    {
        for (var p = 0; p < waveforms.Length; p++)
        {
            foreach (var sample in waveforms[p]?.Samples ?? [])
            {
                Finite.Require(sample.Values, description.Ports[p].Port.Name, sample.Time);
            }
        }
    }

    private static void Over(Waveform waveform, double from, double to, Span<double> into)
    {
        if (waveform.Meaning == TimeMeaning.WindowAverage)
        {
            waveform.Average(from, to, into);
        }
        else
        {
            waveform.Integral(from, to, into);
        }
    }

    private Waveform WaveformOf(Port port) =>
        waveforms[IndexOf(port)] ?? throw new ScaleModelException(
            $"The in-port '{port.Name}' is read but no conduit leads to it. Connect it, or let the model ask IsConnected first.");

    private int IndexOf(Port port)
    {
        var ports = description.Ports;
        for (var i = 0; i < ports.Length; i++)
        {
            if (ReferenceEquals(ports[i].Port, port))
            {
                return i;
            }
        }

        var index = description.IndexOf(port.Name);
        return index >= 0
            ? index
            : throw new ScaleModelException($"The port '{port.Name}' is read but not declared in the model's description.");
    }
}

using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Models;

/// <summary>
/// Where a participant writes its out-ports. Every write gives a buffer of its own, which nobody reads before the advance is over
/// and nobody overwrites while a reader may need it.
/// </summary>
public sealed class PortWriter
{
    private readonly ModelDescription _description;
    private readonly double _start;
    private readonly double _end;
    private readonly string? _phase;
    private readonly bool _initial;
    private readonly ImmutableArray<PortLayout> _layouts;
    private readonly List<FieldSample>?[] _samples;
    private readonly List<(int Port, PointCloud Points, double[] Values)> _meshes = [];
    private List<FieldBuffer> _buffers = [];

    private PortWriter(ModelDescription description, ImmutableArray<PortLayout> layouts, double start, double end, string? phase, bool initial)
    {
        _layouts = layouts;
        _description = description;
        _start = start;
        _end = end;
        _phase = phase;
        _initial = initial;
        _samples = new List<FieldSample>?[description.Ports.Length];
    }

    /// <summary>A writer for the values at the start of the run.</summary>
    public static PortWriter ForStart(ModelDescription description, double time) =>
        new(description, (description ?? throw new ArgumentNullException(nameof(description))).Ports, time, time, null, initial: true);

    /// <summary>A writer for one phase of one window.</summary>
    public static PortWriter ForWindow(ModelDescription description, TimeWindow window, string? phase) =>
        new(description, (description ?? throw new ArgumentNullException(nameof(description))).Ports, window.Start, window.End, phase, initial: false);

    /// <summary>The same, with layouts that may have changed since the start, into arrays that are leased.</summary>
    internal static PortWriter ForWindow(ModelDescription description, TimeWindow window, string? phase, PortReader inputs) =>
        new(description, inputs.Layouts, window.Start, window.End, phase, initial: false) { _buffers = inputs.Buffers };

    /// <summary>A buffer for the values of <paramref name="port"/> at <paramref name="time"/>, all zero, to be filled by the caller.</summary>
    /// <exception cref="ScaleModelException">The port is not an out-port of this model or phase, or the time is out of order.</exception>
    public Span<T> Write<T>(Port<T> port, double time) where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(port);
        var layout = LayoutOf(port, out var index);
        return layout.Points == PortLayout.Varying
            ? throw new ScaleModelException($"The out-port '{port.Name}' is a list of varying length: write it with WriteList and its number of points.")
            : Write<T>(index, time, layout.Points);
    }

    /// <summary>A buffer of <paramref name="points"/> entries for a list of varying length.</summary>
    public Span<T> WriteList<T>(Port<T> port, double time, int points) where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(port);
        var layout = LayoutOf(port, out var index);
        return layout.Points != PortLayout.Varying && layout.Points != points
            ? throw new ScaleModelException(Text($"The out-port '{port.Name}' was written with {points} points; its layout has {layout.Points}."))
            : Write<T>(index, time, points);
    }

    /// <summary>A buffer of plain numbers, point by point with components interleaved: for a port whose type is known only when the program runs.</summary>
    /// <exception cref="ScaleModelException">As for the other ways to write, or the layout has another number of points.</exception>
    public Span<double> WriteNumbers(Port port, double time, int points)
    {
        ArgumentNullException.ThrowIfNull(port);
        var layout = LayoutOf(port, out var index);
        return layout.Points != PortLayout.Varying && layout.Points != points
            ? throw new ScaleModelException(Text($"The out-port '{port.Name}' was written with {points} points; its layout has {layout.Points}."))
            : Write<double>(index, time, points);
    }

    /// <summary>Writes a scalar.</summary>
    public void Write(Port<double> port, double time, double value) => Write<double>(port, time)[0] = value;

    /// <summary>The longest window, s, that the model proposed to take next; null if it proposed none.</summary>
    public double? ProposedWindow { get; private set; }

    /// <summary>
    /// Proposes a length for the next window, such as the stable step at the present state. It counts where the experiment
    /// lets windows follow this participant, and holds until another is proposed.
    /// </summary>
    /// <param name="length">The longest window that the model wants, s, above zero; infinity takes an earlier proposal back.</param>
    /// <exception cref="ScaleModelException">The length is no time above zero.</exception>
    public void ProposeWindow(double length) =>
        ProposedWindow = length > 0 ? length : throw new ScaleModelException(Text($"The model proposed a next window of {length} s; a window has a length above zero."));

    /// <summary>
    /// From the next window on, an out-port stands on other points. The samples of this window are still of the old ones; what is written into
    /// the buffer is the value at this window's end (for averages and integrals, the first guess of the next) on the new ones.
    /// A window that is repeated forgets the change. Mappings are rebuilt, and what an acceleration has learned of the group is dropped.
    /// </summary>
    /// <exception cref="ScaleModelException">The port is not an out-port of a fixed number of points, or the writer is for the start of the run.</exception>
    public Span<T> ChangeMesh<T>(Port<T> port, PointCloud points) where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(port);
        ArgumentNullException.ThrowIfNull(points);
        RequireMesh(LayoutOf(port, out var index), points);
        var values = new double[points.Count * port.Components];
        _meshes.Add((index, points, values));
        return MemoryMarshal.Cast<double, T>(values.AsSpan());
    }

    /// <summary>From the next window on, an in-port stands on other points. What it reads is mapped to them.</summary>
    /// <exception cref="ScaleModelException">The port is not an in-port of a fixed number of points, or the writer is for the start of the run.</exception>
    public void ChangeInputMesh(Port port, PointCloud points)
    {
        ArgumentNullException.ThrowIfNull(port);
        ArgumentNullException.ThrowIfNull(points);
        var index = _description.IndexOf(port.Name);
        if (index < 0 || _description.Ports[index].Port.Direction != PortDirection.In)
        {
            throw new ScaleModelException($"The port '{port.Name}' is given other points but is no in-port of the model's description.");
        }

        RequireMesh(_layouts[index], points);
        _meshes.Add((index, points, []));
    }

    private void RequireMesh(PortLayout layout, PointCloud points)
    {
        if (_initial || layout.Points == PortLayout.Varying || points.Count == 0)
        {
            throw new ScaleModelException(_initial
                ? $"Initialize changes the points of the port '{layout.Port.Name}'; at the start they are those of the description."
                : points.Count == 0 ? $"The port '{layout.Port.Name}' is given no points at all; a mesh has at least one."
                : $"The port '{layout.Port.Name}' is a list of varying length, which has no mesh that could change.");
        }
    }

    /// <summary>The changes of meshes that were asked for, finite; ask after <see cref="Publish"/>.</summary>
    /// <exception cref="ScaleModelException">A value on a new mesh is not finite.</exception>
    public ImmutableArray<MeshChange> MeshChanges()
    {
        var changes = ImmutableArray.CreateBuilder<MeshChange>(_meshes.Count);
        foreach (var (port, points, values) in _meshes)
        {
            Finite.Require(values, _layouts[port].Port.Name, _end);
            changes.Add(new MeshChange(port, points, values.Length == 0 ? null : new FieldSample(_end, values)));
        }

        return changes.MoveToImmutable();
    }

    /// <summary>Ends the writing: checks that every out-port is complete and finite and hands the samples over.</summary>
    /// <returns>One list of samples per port of the description; empty for in-ports and for ports of other phases.</returns>
    /// <exception cref="ScaleModelException">A port is missing or incomplete, or holds a number that is not finite.</exception>
    public ImmutableArray<ImmutableArray<FieldSample>> Publish()
    {
        var published = ImmutableArray.CreateBuilder<ImmutableArray<FieldSample>>(_samples.Length);
        for (var i = 0; i < _samples.Length; i++)
        {
            var layout = _layouts[i];
            var port = layout.Port;
            var samples = _samples[i];
            var due = port.Direction == PortDirection.Out && (_initial ? port.HasStart : port.Phase is null || port.Phase == _phase);

            // A model with phases writes a port that names none in its last phase.
            if (due && !_initial && port.Phase is null && !_description.Phases.IsEmpty && _phase != _description.Phases[^1])
            {
                due = false;
            }

            if (!due)
            {
                if (samples is not null)
                {
                    throw new ScaleModelException(_initial
                        ? $"Initialize wrote the out-port '{port.Name}', which is declared with HasStart = false. Remove HasStart = false, or do not write it."
                        : $"Advance wrote the out-port '{port.Name}' in the phase '{_phase}'; a port without a phase is written in the last one, '{_description.Phases[^1]}'.");
                }

                published.Add([]);
                continue;
            }

            if (samples is null)
            {
                throw new ScaleModelException(_initial
                    ? $"Initialize did not write the out-port '{port.Name}'. Write it, or declare it with HasStart = false."
                    : $"Advance did not write the out-port '{port.Name}'; every out-port is written up to the window's end.");
            }

            if (samples[^1].Time != _end)
            {
                throw new ScaleModelException(Text($"The out-port '{port.Name}' was written last at t = {samples[^1].Time}; the window ends at {_end}. Use context.Window.End itself for the last write."));
            }

            foreach (var sample in samples)
            {
                Finite.Require(sample.Values, port.Name, sample.Time);
            }

            published.Add([.. samples]);
        }

        return published.MoveToImmutable();
    }

    private Span<T> Write<T>(int index, double time, int points) where T : unmanaged
    {
        var port = _description.Ports[index].Port;
        var samples = _samples[index] ??= new List<FieldSample>(1);
        var after = samples.Count == 0 ? _start : samples[^1].Time;
        var inOrder = _initial ? samples.Count == 0 : time > after && time <= _end;
        if (!inOrder)
        {
            throw new ScaleModelException(_initial
                ? $"The out-port '{port.Name}' was written twice in Initialize; it has one value at the start."
                : Text($"The out-port '{port.Name}' was written at t = {time}; allowed is after {after} and up to the window's end {_end}."));
        }

        var values = Lease(points * port.Components, _initial ? _start : time, samples);
        return MemoryMarshal.Cast<double, T>(values.AsSpan());
    }

    // A sample of zeros, in a leased array if there is one of that length.
    private double[] Lease(int length, double time, List<FieldSample> samples)
    {
        for (var i = _buffers.Count - 1; i >= 0; i--)
        {
            if (_buffers[i] is var buffer && buffer.Values.Length == length)
            {
                _buffers.RemoveAt(i);
                Array.Clear(buffer.Values);
                samples.Add(new FieldSample(time, buffer));
                return buffer.Values;
            }
        }

        var values = new double[length];
        samples.Add(new FieldSample(time, values));
        return values;
    }

    private PortLayout LayoutOf(Port port, out int index)
    {
        index = _description.IndexOf(port.Name);
        if (index < 0 || _description.Ports[index].Port.Direction != PortDirection.Out)
        {
            throw new ScaleModelException($"The port '{port.Name}' is written but is no out-port of the model's description.");
        }

        var declared = _description.Ports[index].Port;
        return declared.Components != port.Components
            ? throw new ScaleModelException(Text($"The out-port '{port.Name}' is declared with {declared.Components} components and was written with {port.Components}."))
            : !_initial && declared.Phase is { } phase && phase != _phase
            ? throw new ScaleModelException($"The out-port '{port.Name}' belongs to the phase '{phase}' and was written in '{_phase}'.")
            : _layouts[index];
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A port stands on other points from the next window on.</summary>
/// <param name="Port">Index of the port in the model's description.</param>
/// <param name="Points">The new points.</param>
/// <param name="Value">For an out-port its value there at the window's end.</param>
public sealed record MeshChange(int Port, PointCloud Points, FieldSample? Value);

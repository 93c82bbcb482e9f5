using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using static ActorMultiscale.Physics.Numerics.RecordBytes;

namespace ActorMultiscale.Physics.Coupling.Recording;

/// <summary>Reads the windows of a block that a <see cref="FieldRecorder"/> made.</summary>
public sealed class FieldBlockReader
{
    private readonly CoupledSystem _system;
    private readonly byte[] _bytes;
    private readonly long _first;
    private readonly long _windows;
    private readonly ImmutableArray<PortLayout>[] _layouts;
    private readonly List<double[]> _written = [];
    private readonly int _valuesEnd;
    private int _valuesAt = FieldBlockWriter.Head;
    private int _at;             // In the structure.
    private long _read;          // Windows.
    private long _end;

    private FieldBlockReader(CoupledSystem system, byte[] bytes)
    {
        (_system, _bytes) = (system, bytes);
        var values = bytes.Length < FieldBlockWriter.Head || !bytes.AsSpan().StartsWith(FieldBlockWriter.Magic) ? -1 : BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(24));
        if (values < 0 || values > (bytes.Length - FieldBlockWriter.Head) / sizeof(double))
        {
            throw Damaged();
        }

        _first = BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(8));
        _windows = BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(16));
        _valuesEnd = FieldBlockWriter.Head + (int)(values * sizeof(double));
        _at = _valuesEnd;
        _layouts = [.. system.Participants.Select(p => p.Description.Ports)];
    }

    /// <summary>The windows of a block, in order.</summary>
    /// <param name="system">The coupled system of the run.</param>
    /// <param name="bytes">The bytes of the block.</param>
    /// <exception cref="InvalidDataException">The bytes are no block, or one of other participants or ports. Said while the windows are read.</exception>
    public static IEnumerable<RecordedWindow> Read(CoupledSystem system, byte[] bytes)
    {
        ArgumentNullException.ThrowIfNull(system);
        ArgumentNullException.ThrowIfNull(bytes);
        var reader = new FieldBlockReader(system, bytes);
        while (reader._at < bytes.Length)
        {
            yield return reader.ReadWindow();
        }

        if (reader._read != reader._windows || reader._valuesAt != reader._valuesEnd)
        {
            throw Damaged();
        }
    }

    private RecordedWindow ReadWindow()
    {
        try
        {
            ReadOnlySpan<byte> from = _bytes.AsSpan(_at);
            var isStart = ReadInteger(ref from) == 1;
            var start = _end + ReadInteger(ref from);
            _end = start + ReadInteger(ref from);
            var advances = ImmutableArray.CreateBuilder<RecordedAdvance>(Count(ref from));
            while (advances.Count < advances.Capacity)
            {
                advances.Add(ReadAdvance(ref from, start));
            }

            _at = _bytes.Length - from.Length;
            return new RecordedWindow(isStart ? -1 : _first + _read++, start, _end, advances.MoveToImmutable());
        }
        catch (Exception fault) when (fault is ArgumentException or IndexOutOfRangeException)
        {
            // Participants, phases and ports that are not there; times that do not increase; points that are none.
            throw Damaged();
        }
    }

    // Never more than there are bytes left: each thing takes one at least.
    private static int Count(ref ReadOnlySpan<byte> from) => ReadCount(ref from) is var count && count <= from.Length ? count : throw Damaged();

    private RecordedAdvance ReadAdvance(ref ReadOnlySpan<byte> from, long start)
    {
        var node = _system.Participants[ReadCount(ref from)];
        var (ports, phases) = (node.Description.Ports, node.Description.Phases);
        var begin = start + ReadInteger(ref from);
        var window = _system.Window(begin, begin + ReadInteger(ref from));
        var phase = ReadCount(ref from);
        ReadLayouts(ref from, node.Index);
        var inputs = ReadInteger(ref from) == 1 ? new Waveform?[ports.Length] : null;
        var outputs = new ImmutableArray<FieldSample>[ports.Length];
        for (var port = 0; port < ports.Length; port++)
        {
            outputs[port] = [];
            if (ports[port].Port.Direction == PortDirection.Out)
            {
                outputs[port] = ReadSamples(ref from, Count(ref from), window);
            }
            else if (inputs is not null)
            {
                inputs[port] = ReadWaveform(ref from, window);
            }
        }

        return new RecordedAdvance(node.Index, window, phase == 0 ? null : phases[phase - 1], _layouts[node.Index],
            inputs is null ? default : ImmutableCollectionsMarshal.AsImmutableArray(inputs), ImmutableCollectionsMarshal.AsImmutableArray(outputs));
    }

    private void ReadLayouts(ref ReadOnlySpan<byte> from, int participant)
    {
        for (var left = Count(ref from); left > 0; left--)
        {
            var port = ReadCount(ref from);
            var points = new PointCloud([]);
            StateArchive.Restore(Take(ref from, Count(ref from)).ToArray(), archive => archive.Points("points", ref points));
            var layout = _layouts[participant][port];
            _layouts[participant] = _layouts[participant].SetItem(port, layout with { Points = points.Count, Geometry = points });
        }
    }

    private Waveform? ReadWaveform(ref ReadOnlySpan<byte> from, TimeWindow window)
    {
        var count = Count(ref from);
        if (count == 0)
        {
            return null;
        }

        var (meaning, degree, start) = ((TimeMeaning)ReadCount(ref from), ReadCount(ref from), ReadTime(ref from, window));
        return Enum.IsDefined(meaning) ? new Waveform(start, ReadSamples(ref from, count, window), meaning, degree) : throw Damaged();
    }

    private ImmutableArray<FieldSample> ReadSamples(ref ReadOnlySpan<byte> from, int count, TimeWindow window)
    {
        var samples = ImmutableArray.CreateBuilder<FieldSample>(count);
        for (var i = 0; i < count; i++)
        {
            var time = ReadTime(ref from, window);
            samples.Add(new FieldSample(time, ReadValues(ref from)));
        }

        return samples.MoveToImmutable();
    }

    private static double ReadTime(ref ReadOnlySpan<byte> from, TimeWindow window) => ReadInteger(ref from) switch
    {
        0 => window.End,
        1 => window.Start,
        2 => ReadNumber(ref from),
        _ => throw Damaged(),
    };

    private double[] ReadValues(ref ReadOnlySpan<byte> from)
    {
        if (ReadCount(ref from) is not 0 and var index)
        {
            return _written[index - 1];
        }

        var length = ReadCount(ref from);
        if (length > (_valuesEnd - _valuesAt) / sizeof(double))
        {
            throw Damaged();
        }

        var values = MemoryMarshal.Cast<byte, double>(_bytes.AsSpan(_valuesAt, length * sizeof(double))).ToArray();
        _valuesAt += length * sizeof(double);
        _written.Add(values);
        return values;
    }
}

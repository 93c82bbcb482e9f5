using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using static ActorMultiscale.Physics.Numerics.RecordBytes;

namespace ActorMultiscale.Physics.Coupling.Recording;

/// <summary>Writes recorded windows into a block of bytes, which can be read without any other.</summary>
/// <remarks>
/// <code>
/// block    = "AMFIELD1", first window, number of windows, number of values (8 bytes each), values (8 bytes each), structure
/// structure = windows; integers as in <see cref="Numerics.RecordBytes"/>
/// window   = flag (1: the start of the run), start − previous end, end − start, number of advances, advances
/// advance  = participant, start − start of the window, end − start, index of the phase + 1,
///            number of ports with other points than the block knows, (port, length, points as an archive)…,
///            flag (1: inputs follow), inputs, outputs
/// inputs   = for each in-port number of samples (0: no conduit), and if there are any: meaning, degree, time of the start, samples
/// outputs  = for each out-port number of samples, samples
/// sample   = time, then 0 and length: the next values of the block; or k: those of the k-th sample that was written so
/// time     = 0: the end of the advance's window, 1: its start, 2: 8 bytes follow
/// </code>
/// A peer often reads the very array that its producer wrote, now or in the window before: values are written once. Arrays of few numbers
/// are not looked for.
/// </remarks>
internal sealed class FieldBlockWriter(CoupledSystem system)
{
    internal const int Head = 32;
    internal static ReadOnlySpan<byte> Magic => "AMFIELD1"u8;
    private const int Few = 16;

    private readonly ArrayBufferWriter<byte> _structure = new(1024);
    private readonly ImmutableArray<PortLayout>[] _layouts = [.. system.Participants.Select(p => p.Description.Ports)];
    private double[] _values = [];
    private int _count;
    private int _written;                                                         // How many samples stand in the block with values of their own.
    private Dictionary<double[], int> _now = new(ReferenceEqualityComparer.Instance);
    private Dictionary<double[], int> _before = new(ReferenceEqualityComparer.Instance);
    private List<FieldSample> _heldNow = [];                                      // So that the arrays of the dictionaries hold what they held.
    private List<FieldSample> _heldBefore = [];
    private long _first;
    private long _end;

    /// <summary>How many root windows the block has.</summary>
    public int Windows { get; private set; }

    /// <summary>About how many bytes.</summary>
    public long Length => ((long)_count * sizeof(double)) + _structure.WrittenCount;

    public void Write(RecordedWindow window)
    {
        var isStart = window.Index < 0;
        if (!isStart)
        {
            _first = Windows == 0 ? window.Index : _first;
            Windows++;
        }

        WriteInteger(_structure, isStart ? 1 : 0);
        WriteInteger(_structure, window.StartTick - _end);
        WriteInteger(_structure, window.EndTick - window.StartTick);
        WriteInteger(_structure, window.Advances.Length);
        foreach (var advance in window.Advances)
        {
            Write(advance, window.StartTick);
        }

        _end = window.EndTick;
        (_now, _before) = (_before, _now);
        (_heldNow, _heldBefore) = (_heldBefore, _heldNow);
        _now.Clear();
        _heldNow.Clear();
    }

    /// <summary>The block; the next one begins.</summary>
    public FieldBlock Take()
    {
        var bytes = GC.AllocateUninitializedArray<byte>(checked((int)(Head + Length)));
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(8), _first);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(16), Windows);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(24), _count);
        var values = MemoryMarshal.AsBytes(_values.AsSpan(0, _count));
        values.CopyTo(bytes.AsSpan(Head));
        _structure.WrittenSpan.CopyTo(bytes.AsSpan(Head + values.Length));
        var block = new FieldBlock(_first, Windows, bytes);
        _structure.ResetWrittenCount();
        (_count, _written, Windows, _end) = (0, 0, 0, 0);
        foreach (var node in system.Participants)
        {
            _layouts[node.Index] = node.Description.Ports;
        }

        _before.Clear();
        _heldBefore.Clear();
        return block;
    }

    public void VisitSamples(Action<FieldSample> visit) => _heldBefore.ForEach(visit);

    private void Write(RecordedAdvance advance, long start)
    {
        var (window, description) = (advance.Window, system.Participants[advance.Participant].Description);
        WriteInteger(_structure, advance.Participant);
        WriteInteger(_structure, window.StartTick - start);
        WriteInteger(_structure, window.EndTick - window.StartTick);
        WriteInteger(_structure, advance.Phase is { } phase ? description.Phases.IndexOf(phase) + 1 : 0);
        WriteLayouts(advance);
        var hasInputs = !advance.Inputs.IsDefault;
        WriteInteger(_structure, hasInputs ? 1 : 0);
        for (var port = 0; port < description.Ports.Length; port++)
        {
            if (description.Ports[port].Port.Direction == PortDirection.Out)
            {
                WriteInteger(_structure, advance.Outputs[port].Length);
                foreach (var sample in advance.Outputs[port])
                {
                    Write(sample, window);
                }
            }
            else if (hasInputs)
            {
                Write(advance.Inputs[port], window);
            }
        }
    }

    private void WriteLayouts(RecordedAdvance advance)
    {
        var known = _layouts[advance.Participant];
        var changed = 0;
        for (var port = 0; port < known.Length; port++)
        {
            changed += ReferenceEquals(known[port], advance.Layouts[port]) ? 0 : 1;
        }

        WriteInteger(_structure, changed);
        for (var port = 0; port < known.Length && changed > 0; port++)
        {
            if (!ReferenceEquals(known[port], advance.Layouts[port]))
            {
                var points = advance.Layouts[port].Geometry ?? new PointCloud([]);
                var bytes = StateArchive.Save(archive => archive.Points("points", ref points));
                WriteInteger(_structure, port);
                WriteInteger(_structure, bytes.Length);
                _structure.Write(bytes);
            }
        }

        _layouts[advance.Participant] = advance.Layouts;
    }

    private void Write(Waveform? waveform, TimeWindow window)
    {
        WriteInteger(_structure, waveform?.Samples.Count ?? 0);
        if (waveform is null)
        {
            return;
        }

        WriteInteger(_structure, (int)waveform.Meaning);
        WriteInteger(_structure, waveform.Degree);
        Write(waveform.Start, window);
        foreach (var sample in waveform.Samples)
        {
            Write(sample, window);
        }
    }

    private void Write(double time, TimeWindow window)
    {
        var code = time == window.End ? 0 : time == window.Start ? 1 : 2;
        WriteInteger(_structure, code);
        if (code == 2)
        {
            WriteNumber(_structure, time);
        }
    }

    private void Write(FieldSample sample, TimeWindow window)
    {
        Write(sample.Time, window);
        var isLookedFor = sample.Length >= Few;
        if (isLookedFor && (_now.TryGetValue(sample.Array, out var index) || _before.TryGetValue(sample.Array, out index)))
        {
            WriteInteger(_structure, index);
        }
        else
        {
            index = ++_written;
            WriteInteger(_structure, 0);
            WriteInteger(_structure, sample.Length);
            if (_count + sample.Length > _values.Length)
            {
                Array.Resize(ref _values, checked(Math.Max(_count + sample.Length, Math.Min(2 * _values.Length, Array.MaxLength / sizeof(double)))));
            }

            sample.Values.CopyTo(_values.AsSpan(_count));
            _count += sample.Length;
        }

        if (isLookedFor && _now.TryAdd(sample.Array, index))
        {
            _heldNow.Add(sample);
        }
    }
}

using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Coupling.Recording;

/// <summary>
/// Records the fields of a run: what participants read and wrote on the way to every accepted root window. Works in memory; blocks of
/// windows come out as bytes. Belongs to the <see cref="CouplingCore"/> that tells it what happens.
/// </summary>
/// <remarks>
/// While a root window is computed, references to the samples of the path so far are kept; values are copied once, when the window is
/// accepted. What a group computed in an iteration or attempt that is given up is forgotten when the group goes back. A root window with more samples
/// than <see cref="LargestPath"/> bytes, such as one with thousands of inner windows, is left out: its fields are a gap in the record.
/// </remarks>
public sealed class FieldRecorder
{
    /// <summary>A block is complete when it has so many bytes.</summary>
    public const int BlockLength = 2 << 20;

    /// <summary>How many bytes of samples of one root window are held at most.</summary>
    public const long LargestPath = 256 << 20;

    private readonly CoupledSystem _system;
    private readonly long _largestPath;
    private readonly long _from;
    private readonly int _blockLength;
    private readonly FieldRecording[] _recordings;         // By participant.
    private readonly List<RecordedAdvance>[] _path;        // By participant: its advances since the root window began.
    private readonly RecordedAdvance?[] _ordered;          // By participant: told to advance, not answered yet.
    private readonly int[][] _marks;                       // By group and leaf: how long the path was when the group's window opened.
    private readonly FieldBlockWriter _writer;
    private readonly bool _isShare;                        // Of a record that is put together elsewhere.
    private readonly Queue<FieldBlock> _blocks = new();
    private long _window;
    private readonly Action<FieldSample> _add;             // To the length of the path, and from it: made once, not with every advance.
    private readonly Action<FieldSample> _take;
    private long _pathLength;                              // Bytes.

    /// <summary>A recorder for a run that stands before root window <paramref name="firstWindow"/>.</summary>
    /// <param name="system">The coupled system.</param>
    /// <param name="firstWindow">The first root window that is computed now.</param>
    /// <param name="from">The first that is recorded: those before it are in the record already.</param>
    /// <param name="blockLength">A block is complete when it has so many bytes.</param>
    /// <param name="largestPath">How many bytes of samples of one root window are held at most.</param>
    /// <param name="isMine">Whether it records a participant; null for all. Others record the rest: see <see cref="FieldMerger"/>.</param>
    public FieldRecorder(CoupledSystem system, long firstWindow = 0, long from = 0, int blockLength = BlockLength, long largestPath = LargestPath, Func<int, bool>? isMine = null)
    {
        ArgumentNullException.ThrowIfNull(system);
        (_system, _window, _from, _blockLength, _largestPath) = (system, firstWindow, from, blockLength, largestPath);
        _recordings = [.. system.Participants.Select(p => isMine?.Invoke(p.Index) == false ? FieldRecording.None : p.Spec.Recording)];
        _path = [.. system.Participants.Select(_ => new List<RecordedAdvance>())];
        _ordered = new RecordedAdvance?[system.Participants.Length];
        _marks = [.. system.Groups.Select(g => new int[g.Leaves.Length])];
        _writer = new FieldBlockWriter(system);
        _isShare = isMine is not null;
        _add = sample => _pathLength += sample.Length * sizeof(double);
        _take = sample => _pathLength -= sample.Length * sizeof(double);
    }

    /// <summary>Whether anything of <paramref name="system"/> is recorded at all.</summary>
    public static bool IsWanted(CoupledSystem system)
    {
        ArgumentNullException.ThrowIfNull(system);
        return system.Participants.Any(p => p.Spec.Recording != FieldRecording.None);
    }

    /// <summary>The root window that is computed now.</summary>
    public long Window => _window;

    /// <summary>How many root windows were left out, for they have too many samples.</summary>
    public long LeftOut { get; private set; }

    /// <summary>Takes the next complete block, in the order of windows.</summary>
    public bool TryTake([NotNullWhen(true)] out FieldBlock? block) => _blocks.TryDequeue(out block);

    /// <summary>What was recorded since the last block becomes one, if it is anything. The start of the run is by itself no block of a record; of a share of one it is: others may have more.</summary>
    public void Seal()
    {
        if (_writer.Windows > 0 || (_isShare && _writer.Length > 0))
        {
            _blocks.Enqueue(_writer.Take());
        }
    }

    /// <summary>The run begins with these values.</summary>
    internal void Begin(FieldExchange fields)
    {
        if (_window > 0 || _from > 0)
        {
            return;
        }

        var advances = ImmutableArray.CreateBuilder<RecordedAdvance>();
        foreach (var node in _system.Participants)
        {
            if (_recordings[node.Index] != FieldRecording.None)
            {
                ImmutableArray<ImmutableArray<FieldSample>> start =
                    [.. Enumerable.Range(0, node.Description.Ports.Length).Select(port => fields.LastOf(node.Index, port) is { } sample ? ImmutableArray.Create(sample) : [])];
                advances.Add(new RecordedAdvance(node.Index, _system.Window(0, 0), null, node.Description.Ports, default, start));
            }
        }

        _writer.Write(new RecordedWindow(-1, 0, 0, advances.ToImmutable()));
    }

    /// <summary>A participant is told to advance with these inputs.</summary>
    internal void Order(CouplingCommand.Advance order, PortReader inputs)
    {
        if (_recordings[order.Participant] != FieldRecording.None)
        {
            _ordered[order.Participant] = new RecordedAdvance(order.Participant, order.Window, order.Phase, inputs.Layouts,
                _recordings[order.Participant] == FieldRecording.All ? inputs.Waveforms : default, []);
        }
    }

    /// <summary>It has advanced.</summary>
    internal void Deliver(int participant, ImmutableArray<ImmutableArray<FieldSample>> outputs)
    {
        if (_ordered[participant] is { } ordered && !IsTooLong)
        {
            ordered = ordered with { Outputs = outputs };
            Visit(ordered, _add);
            _path[participant].Add(ordered);
            if (IsTooLong)
            {
                Forget();
            }
        }

        _ordered[participant] = null;
    }

    private bool IsTooLong => _pathLength > _largestPath;

    private void Forget()
    {
        foreach (var path in _path)
        {
            path.Clear();
        }
    }

    /// <summary>A window of a group opens; or, <paramref name="again"/>, begins anew.</summary>
    internal void Open(int group, bool again)
    {
        if (again)
        {
            GoBack(group);
            return;
        }

        _pathLength = group == 0 ? 0 : _pathLength;

        var leaves = _system.Groups[group].Leaves;
        for (var i = 0; i < leaves.Length; i++)
        {
            _marks[group][i] = _path[leaves[i]].Count;
        }
    }

    /// <summary>A group goes back to the start of its window.</summary>
    internal void GoBack(int group)
    {
        var leaves = _system.Groups[group].Leaves;
        for (var i = 0; i < leaves.Length && !IsTooLong; i++)
        {
            var path = _path[leaves[i]];
            foreach (var advance in path.Skip(_marks[group][i]))
            {
                Visit(advance, _take);
            }

            path.RemoveRange(_marks[group][i], path.Count - _marks[group][i]);
        }
    }

    /// <summary>The root window is accepted.</summary>
    internal void Accept(TimeWindow window)
    {
        if (IsTooLong)
        {
            Seal();             // The windows of a block follow each other.
            LeftOut++;
        }
        else if (_window >= _from)
        {
            _writer.Write(new RecordedWindow(_window, window.StartTick, window.EndTick, [.. _path.SelectMany(path => path)]));
            if (_writer.Length >= _blockLength)
            {
                Seal();
            }
        }

        Forget();
        _window++;
    }

    /// <summary>Calls <paramref name="visit"/> with every sample whose values are not copied yet.</summary>
    internal void VisitSamples(Action<FieldSample> visit)
    {
        for (var p = 0; p < _path.Length; p++)
        {
            foreach (var advance in _path[p])
            {
                Visit(advance, visit);
            }

            if (_ordered[p] is { } ordered)
            {
                Visit(ordered, visit);
            }
        }

        _writer.VisitSamples(visit);
    }

    private static void Visit(RecordedAdvance advance, Action<FieldSample> visit)
    {
        foreach (var waveform in advance.Inputs.IsDefault ? [] : advance.Inputs)
        {
            waveform?.VisitSamples(visit);
        }

        foreach (var samples in advance.Outputs)
        {
            foreach (var sample in samples)
            {
                visit(sample);
            }
        }
    }
}

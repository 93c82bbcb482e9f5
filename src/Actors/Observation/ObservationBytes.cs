using System.Buffers;
using System.Collections.Immutable;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Fields;
using static ActorMultiscale.Physics.Numerics.RecordBytes;

namespace ActorMultiscale.Actors.Observation;

/// <summary>What is observed as bytes.</summary>
/// <remarks>
/// <code>
/// record    = kind, content
/// legend    = version, first root window, begin (ns since 1970), tick length, participants, conduits, groups, watches     (names, counts)
/// iteration = root window, start tick, end tick, converged, address, residuals (distance, norm)
/// watches   = root window, end tick, numbers
/// timing    = root window, windows, begin, length, (computing, mapping, persisting, advances) a participant, accelerating, storing, spans
/// work      = root windows accepted, site (−1 for the coordinator), node, process, on the pool, purposes (time, messages, bytes), since the site was opened
/// </code>
/// A legend begins what one process observed, and says what the indices of the records after it mean. Records before it that speak of its
/// first root window, or of later ones, are void: the run went on from a snapshot there. Times of a process count from its begin.
/// </remarks>
internal static class ObservationBytes
{
    public const int Version = 1;
    public const byte Legend = 1;
    public const byte Iteration = 2;
    public const byte Watches = 3;
    public const byte Timing = 4;
    public const byte Work = 5;

    public static void WriteLegend(ArrayBufferWriter<byte> to, CoupledSystem system, long firstWindow, long beginNanoseconds)
    {
        WriteInteger(to, Legend);
        WriteInteger(to, Version);
        WriteInteger(to, firstWindow);
        WriteInteger(to, beginNanoseconds);
        WriteNumber(to, system.TickLength);
        WriteInteger(to, system.Participants.Length);
        foreach (var participant in system.Participants)
        {
            WriteText(to, participant.Name);
        }

        WriteInteger(to, system.Conduits.Length);
        foreach (var conduit in system.Conduits)
        {
            WriteText(to, $"{conduit.Spec.From} → {conduit.Spec.To}");
            WriteInteger(to, conduit.Consumer);
        }

        WriteInteger(to, system.Groups.Length);
        foreach (var group in system.Groups)
        {
            WriteText(to, group.Spec.Name);
            var criteria = group.Spec.Scheme.Iteration.Criteria;
            WriteInteger(to, criteria.Length);
            foreach (var criterion in criteria)
            {
                WriteText(to, criterion.Conduit);
            }
        }

        WriteInteger(to, system.Watches.Length);
        foreach (var watch in system.Watches)
        {
            WriteText(to, watch.Spec.Name);
            WriteText(to, watch.Unit);
            WriteInteger(to, watch.Components);
        }
    }

    public static void WriteIteration(ArrayBufferWriter<byte> to, long rootWindow, WindowAddress address, TimeWindow window, bool converged, ImmutableArray<Residual> residuals)
    {
        WriteInteger(to, Iteration);
        WriteInteger(to, rootWindow);
        WriteInteger(to, window.StartTick);
        WriteInteger(to, window.EndTick);
        WriteInteger(to, converged ? 1 : 0);
        WriteAddress(to, address, 1);
        WriteInteger(to, residuals.Length);
        foreach (var residual in residuals)
        {
            WriteNumber(to, residual.Distance);
            WriteNumber(to, residual.Norm);
        }
    }

    public static void WriteWatches(ArrayBufferWriter<byte> to, long rootWindow, long endTick, ReadOnlySpan<double> numbers)
    {
        WriteInteger(to, Watches);
        WriteInteger(to, rootWindow);
        WriteInteger(to, endTick);
        foreach (var number in numbers)
        {
            WriteNumber(to, number);
        }
    }

    public static void WriteTiming(ArrayBufferWriter<byte> to, long window, long windows, long begin, long length, ReadOnlySpan<ParticipantTime> participants,
        long accelerating, long storing, ReadOnlySpan<WorkSpan> spans)
    {
        WriteInteger(to, Timing);
        WriteInteger(to, window);
        WriteInteger(to, windows);
        WriteInteger(to, begin);
        WriteInteger(to, length);
        foreach (var time in participants)
        {
            WriteInteger(to, time.Computing);
            WriteInteger(to, time.Mapping);
            WriteInteger(to, time.Persisting);
            WriteInteger(to, time.Advances);
        }

        WriteInteger(to, accelerating);
        WriteInteger(to, storing);
        WriteInteger(to, spans.Length);
        foreach (var span in spans)
        {
            WriteInteger(to, (int)span.Kind);
            WriteInteger(to, span.Who);
            WriteInteger(to, span.Begin - begin);
            WriteInteger(to, span.Length);
        }
    }

    public static void WriteWork(ArrayBufferWriter<byte> to, long windows, int site, WorkSum sum)
    {
        WriteInteger(to, Work);
        WriteInteger(to, windows);
        WriteInteger(to, site);
        WriteSum(to, sum);
    }

    public static void WriteSum(ArrayBufferWriter<byte> to, WorkSum sum)
    {
        WriteText(to, sum.Node);
        WriteInteger(to, sum.Process);
        WriteInteger(to, sum.OnPool);
        WriteInteger(to, sum.Purposes.Length);
        foreach (var purpose in sum.Purposes)
        {
            WriteInteger(to, purpose.Nanoseconds);
            WriteInteger(to, purpose.Messages);
            WriteInteger(to, purpose.Bytes);
        }
    }

    /// <summary>What <see cref="WriteSum"/> wrote.</summary>
    /// <exception cref="InvalidDataException">The bytes are no such sum.</exception>
    public static WorkSum ReadSum(ref ReadOnlySpan<byte> from)
    {
        static long Amount(ref ReadOnlySpan<byte> from) => ReadInteger(ref from) is >= 0 and var amount ? amount : throw Damaged();
        var (node, process, onPool) = (ReadText(ref from), Amount(ref from), Amount(ref from));
        if (ReadCount(ref from) != WorkSum.Count)
        {
            throw Damaged();
        }

        var purposes = ImmutableArray.CreateBuilder<PurposeSum>(WorkSum.Count);
        while (purposes.Count < WorkSum.Count)
        {
            purposes.Add(new PurposeSum(Amount(ref from), Amount(ref from), Amount(ref from)));
        }

        return new WorkSum(node, process, onPool, purposes.MoveToImmutable());
    }

    // The number of levels, then each from the root down.
    private static void WriteAddress(ArrayBufferWriter<byte> to, WindowAddress address, int depth)
    {
        if (address.Parent is { } parent)
        {
            WriteAddress(to, parent, depth + 1);
        }
        else
        {
            WriteInteger(to, depth);
        }

        WriteInteger(to, address.Group);
        WriteInteger(to, address.Window);
        WriteInteger(to, address.Iteration);
        WriteInteger(to, address.Attempt);
        WriteInteger(to, address.Stage);
    }
}

/// <summary>Puts together what <see cref="ObservationBytes"/> took apart.</summary>
internal sealed class ObservationReader
{
    private const int Deepest = 256;        // No experiment nests its groups like that.
    private readonly List<IterationRow> _iterations = [];
    private readonly List<WatchRow> _watchRows = [];
    private readonly List<TimingRow> _timings = [];
    private readonly List<WorkRow> _work = [];
    private ImmutableArray<string> _participants = [];
    private ImmutableArray<(string Name, int Reader)> _conduits = [];
    private ImmutableArray<(string Name, ImmutableArray<string> Criteria)> _groups = [];
    private ImmutableArray<WatchColumn> _watches = [];
    private double _tick;
    private int _begins;        // Legends so far.
    private long _firstWindow;  // Of the present process.
    private long? _firstBegin;
    private long _offset;       // Of the process's begin from that of the first.

    /// <summary>Takes records, in the order in which they were stored.</summary>
    /// <exception cref="InvalidDataException">The bytes are no such records.</exception>
    public void Apply(ReadOnlySpan<byte> from)
    {
        while (!from.IsEmpty)
        {
            switch (ReadInteger(ref from))
            {
                case ObservationBytes.Legend:
                    ReadLegend(ref from);
                    break;
                case ObservationBytes.Iteration:
                    ReadIteration(ref from);
                    break;
                case ObservationBytes.Watches:
                    ReadWatches(ref from);
                    break;
                case ObservationBytes.Timing:
                    ReadTiming(ref from);
                    break;
                case ObservationBytes.Work:
                    _work.Add(new WorkRow(_begins, ReadInteger(ref from) - _firstWindow, (int)ReadInteger(ref from), ObservationBytes.ReadSum(ref from)));
                    break;
                default:
                    throw Damaged();
            }
        }
    }

    public RunObservations Result() => new()
    {
        Participants = _participants,
        Conduits = _conduits,
        Iterations = [.. _iterations],
        Watches = _watches,
        WatchRows = [.. _watchRows],
        Timings = [.. _timings],
        Work = [.. _work],
    };

    private void ReadLegend(ref ReadOnlySpan<byte> from)
    {
        if (ReadInteger(ref from) is var version && version != ObservationBytes.Version)
        {
            throw new InvalidDataException($"It has the format {version}; this program reads {ObservationBytes.Version}.");
        }

        _begins++;
        var first = _firstWindow = ReadInteger(ref from);
        _iterations.RemoveAll(row => row.RootWindow >= first);
        _watchRows.RemoveAll(row => row.Window >= first);
        _timings.RemoveAll(row => row.Window > first || (row.Window == first && row.Windows > 0));
        var begin = ReadInteger(ref from);
        _firstBegin ??= begin;
        _offset = begin - _firstBegin.Value;
        _tick = ReadNumber(ref from);
        _participants = List(ref from, static (ref ReadOnlySpan<byte> f) => ReadText(ref f));
        _conduits = List(ref from, static (ref ReadOnlySpan<byte> f) => (ReadText(ref f), ReadCount(ref f)));
        _groups = List(ref from, static (ref ReadOnlySpan<byte> f) => (ReadText(ref f), List(ref f, static (ref ReadOnlySpan<byte> c) => ReadText(ref c))));
        _watches = List(ref from, static (ref ReadOnlySpan<byte> f) => new WatchColumn(ReadText(ref f), ReadText(ref f), ReadCount(ref f)));
    }

    private void ReadIteration(ref ReadOnlySpan<byte> from)
    {
        var root = ReadInteger(ref from);
        var (start, end) = (ReadInteger(ref from) * _tick, ReadInteger(ref from) * _tick);
        var converged = ReadInteger(ref from) != 0;
        WindowAddress? address = null;
        var depth = ReadCount(ref from);
        if (depth > Math.Min(_groups.Length, Deepest))
        {
            throw Damaged();
        }

        for (var left = depth; left > 0; left--)
        {
            address = new WindowAddress(address, ReadCount(ref from), ReadInteger(ref from), ReadCount(ref from), ReadCount(ref from), ReadCount(ref from));
        }

        if (address is null || address.Group >= _groups.Length)
        {
            throw Damaged();
        }

        var (name, criteria) = _groups[address.Group];
        var path = address.ToString();
        var count = ReadCount(ref from);
        if (count > criteria.Length)
        {
            throw Damaged();
        }

        for (var c = 0; c < count; c++)
        {
            _iterations.Add(new IterationRow(root, path, name, start, end, address.Attempt, address.Iteration, converged, criteria[c],
                Finite(ReadNumber(ref from)), Finite(ReadNumber(ref from))));
        }

        if (count == 0)
        {
            _iterations.Add(new IterationRow(root, path, name, start, end, address.Attempt, address.Iteration, converged, "", null, null));
        }
    }

    private void ReadWatches(ref ReadOnlySpan<byte> from)
    {
        var (window, tick) = (ReadInteger(ref from), ReadInteger(ref from));
        var values = Words(ref from, _watches.Sum(w => (long)w.Components) is var count && count <= from.Length ? (int)count : throw Damaged());
        _watchRows.Add(new WatchRow(window, tick * _tick, [.. values.Select(BitConverter.UInt64BitsToDouble)]));
    }

    private void ReadTiming(ref ReadOnlySpan<byte> from)
    {
        var (window, windows, begin, length) = (ReadInteger(ref from), ReadInteger(ref from), ReadInteger(ref from), ReadInteger(ref from));
        var participants = ImmutableArray.CreateBuilder<ParticipantTime>(_participants.Length);
        for (var p = 0; p < _participants.Length; p++)
        {
            participants.Add(new ParticipantTime(ReadInteger(ref from), ReadInteger(ref from), ReadInteger(ref from), ReadInteger(ref from)));
        }

        var (accelerating, storing) = (ReadInteger(ref from), ReadInteger(ref from));
        var at = begin + _offset;
        var spans = List(ref from, (ref ReadOnlySpan<byte> f) => new WorkSpan((WorkKind)ReadInteger(ref f), ReadCount(ref f), at + ReadInteger(ref f), ReadInteger(ref f)));
        _timings.Add(new TimingRow(window, windows, at, length, participants.MoveToImmutable(), accelerating, storing, spans));
    }

    private static double? Finite(double number) => double.IsFinite(number) ? number : null;

    private delegate T ReadOne<out T>(ref ReadOnlySpan<byte> from);

    private static ImmutableArray<T> List<T>(ref ReadOnlySpan<byte> from, ReadOne<T> one)
    {
        var count = ReadCount(ref from);
        if (count > from.Length)
        {
            throw Damaged();        // Every item has a byte or more.
        }

        var items = ImmutableArray.CreateBuilder<T>(count);
        for (var i = 0; i < count; i++)
        {
            items.Add(one(ref from));
        }

        return items.MoveToImmutable();
    }
}

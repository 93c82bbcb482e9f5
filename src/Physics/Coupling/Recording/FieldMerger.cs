using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using ActorMultiscale.Physics.Coupling.Distribution;

namespace ActorMultiscale.Physics.Coupling.Recording;

/// <summary>
/// Puts together what the sites of a run recorded, each of its own participants: the windows come out in blocks as a <see cref="FieldRecorder"/> for all participants
/// would have made them.
/// </summary>
/// <remarks>A window that one of the sites left out, for it has too many samples there, is left out.</remarks>
public sealed class FieldMerger
{
    private readonly CoupledSystem _system;
    private readonly int _blockLength;
    private readonly Source[] _sources;
    private readonly FieldBlockWriter _writer;
    private readonly Queue<FieldBlock> _blocks = new();

    /// <summary>A merger for the blocks of some sites.</summary>
    /// <param name="system">The coupled system.</param>
    /// <param name="sites">How many sites there are.</param>
    /// <param name="blockLength">A block is complete when it has so many bytes.</param>
    public FieldMerger(CoupledSystem system, int sites, int blockLength = FieldRecorder.BlockLength)
    {
        ArgumentNullException.ThrowIfNull(system);
        (_system, _blockLength) = (system, blockLength);
        _sources = [.. Enumerable.Range(0, sites).Select(_ => new Source(system))];
        _writer = new FieldBlockWriter(system);
    }

    /// <summary>How many root windows were left out.</summary>
    public long LeftOut { get; private set; }

    /// <summary>Whether everything that sites told of came: nothing of a lower number is missing.</summary>
    public bool IsGapless => Array.TrueForAll(_sources, source => source.IsGapless);

    /// <summary>Takes what a site told. It comes in any order, and once.</summary>
    public void Take(SiteAnswer.FieldsSealed answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        _sources[answer.Site].Take(answer);
    }

    /// <summary>Puts together the windows before <paramref name="windows"/> (a count) that came from all sites.</summary>
    /// <exception cref="InvalidDataException">A block is damaged.</exception>
    public void Merge(long windows)
    {
        while (Array.TrueForAll(_sources, source => source.TryPeek(out var head) && head.Index < windows))
        {
            var heads = _sources.Select(source => source.Peek()).ToList();
            var last = heads.Max(head => head.Index);
            if (heads.Exists(head => head.Index < last))
            {
                Seal();         // The windows of a block follow each other.
                LeftOut++;
                var gap = heads.Min(head => head.Index);
                foreach (var source in _sources.Where(source => source.Peek().Index == gap))
                {
                    source.Next();
                }

                continue;
            }

            _writer.Write(heads[0] with { Advances = [.. heads.SelectMany(head => head.Advances).OrderBy(advance => advance.Participant)] });
            foreach (var source in _sources)
            {
                source.Next();
            }

            if (_writer.Length >= _blockLength)
            {
                Seal();
            }
        }
    }

    /// <summary>What was put together since the last block becomes one, if it is anything.</summary>
    public void Seal()
    {
        if (_writer.Windows > 0)
        {
            _blocks.Enqueue(_writer.Take());
        }
    }

    /// <summary>Takes the next complete block, in the order of windows.</summary>
    public bool TryTake([NotNullWhen(true)] out FieldBlock? block) => _blocks.TryDequeue(out block);

    // The blocks of one site, in the order of their numbers.
    private sealed class Source(CoupledSystem system)
    {
        private readonly SortedDictionary<long, byte[]> _came = [];
        private readonly Queue<byte[]> _line = new();
        private IEnumerator<RecordedWindow>? _windows;
        private RecordedWindow? _head;
        private long _next;

        public bool IsGapless => _came.Count == 0;

        public void Take(SiteAnswer.FieldsSealed answer)
        {
            if (answer.Number < _next)
            {
                return;     // Told twice.
            }

            _came[answer.Number] = answer.Block;
            while (_came.Remove(_next, out var block))
            {
                _next++;
                if (block.Length > 0)
                {
                    _line.Enqueue(block);
                }
            }
        }

        public bool TryPeek([NotNullWhen(true)] out RecordedWindow? head)
        {
            while (_head is null && (_windows is not null || _line.Count > 0))
            {
                _windows ??= FieldBlockReader.Read(system, _line.Dequeue()).GetEnumerator();
                if (_windows.MoveNext())
                {
                    _head = _windows.Current;
                }
                else
                {
                    _windows.Dispose();
                    _windows = null;
                }
            }

            head = _head;
            return head is not null;
        }

        public RecordedWindow Peek() => _head!;

        public void Next() => _head = null;
    }
}

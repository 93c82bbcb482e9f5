using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using ActorMultiscale.Physics.Coupling.Distribution;

namespace ActorMultiscale.Physics.Coupling.Recording;

/// <summary>
/// Puts together what the sites of a run recorded, each of its own participants: the windows come out in blocks as a <see cref="FieldRecorder"/> for all participants
/// would have made them.
/// </summary>
/// <remarks>A window that one of the sites left out, for it has too many samples there, is left out. That it was, a site says with whatever it tells next: nothing is held longer.</remarks>
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
        while (_sources.Min(source => source.Peek()?.Index) is { } first && first < windows)
        {
            List<Source> having = [.. _sources.Where(source => source.Peek()?.Index == first)];
            if (having.Count == _sources.Length)
            {
                var heads = having.ConvertAll(source => source.Peek()!);
                _writer.Write(heads[0] with { Advances = [.. heads.SelectMany(head => head.Advances).OrderBy(advance => advance.Participant)] });
            }
            else if (Array.TrueForAll(_sources, source => source.Peek() is not null || source.Before > first))
            {
                Seal();         // The windows of a block follow each other.
                LeftOut++;
            }
            else
            {
                return;         // Somebody has not told of it yet.
            }

            having.ForEach(source => source.Next());
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
        private readonly SortedDictionary<long, (byte[] Block, long Before)> _came = [];
        private readonly Queue<byte[]> _line = new();
        private IEnumerator<RecordedWindow>? _windows;
        private RecordedWindow? _head;
        private long _next;

        public bool IsGapless => _came.Count == 0;

        /// <summary>What it had before this window has come.</summary>
        public long Before { get; private set; } = -1;

        public void Take(SiteAnswer.FieldsSealed answer)
        {
            if (answer.Number < _next)
            {
                return;     // Told twice.
            }

            _came[answer.Number] = (answer.Block, answer.Before);
            while (_came.Remove(_next, out var told))
            {
                _next++;
                Before = told.Before;
                if (told.Block.Length > 0)
                {
                    _line.Enqueue(told.Block);
                }
            }
        }

        /// <summary>The next window that has come; null where there is none.</summary>
        public RecordedWindow? Peek()
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

            return _head;
        }

        public void Next() => _head = null;
    }
}

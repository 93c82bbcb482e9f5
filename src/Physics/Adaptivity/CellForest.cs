using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Adaptivity;

/// <summary>
/// A row of equal root cells on a line, each halved again and again where the solution asks for it. Neighboring leaves differ by at most
/// one level. Immutable: adapting gives a new forest.
/// </summary>
/// <remarks>A leaf is kept as where it begins, counted in cells of the finest level; a whole number, so that no rounding tells siblings from strangers.</remarks>
public sealed class CellForest
{
    private readonly int[] _starts;     // Of the leaves, in cells of the finest level, and the end behind the last.

    private CellForest(int levels, int[] starts) => (Levels, _starts) = (levels, starts);

    /// <summary>The finest level; level 0 is that of the root cells.</summary>
    public int Levels { get; }

    /// <summary>The number of leaves.</summary>
    public int Count => _starts.Length - 1;

    /// <summary>Where the leaves begin, in cells of the finest level, and the end behind the last.</summary>
    public ReadOnlySpan<int> Starts => _starts;

    /// <summary>The forest in which every leaf has the finest level.</summary>
    public static CellForest Finest(int roots, int levels) => new(levels, [.. Enumerable.Range(0, (roots << levels) + 1)]);

    /// <summary>The coarsest balanced forest whose leaves that reach into the first <paramref name="frozen"/> finest cells have the finest level.</summary>
    public static CellForest Coarsest(int roots, int levels, int frozen)
    {
        var forest = Finest(roots, levels);
        for (var level = 0; level < levels; level++)
        {
            var marks = new Mark[forest.Count];
            marks.AsSpan().Fill(Mark.Coarsen);
            forest = forest.Adapt(marks, frozen);
        }

        return forest;
    }

    /// <summary>The forest with the leaves of an archive.</summary>
    /// <exception cref="InvalidDataException">They are the leaves of no forest.</exception>
    public static CellForest FromStarts(int levels, int[] starts)
    {
        ArgumentNullException.ThrowIfNull(starts);
        var forest = new CellForest(levels, starts);
        for (var e = 0; e < forest.Count; e++)
        {
            var size = starts[e + 1] - starts[e];
            if (size < 1 || size > 1 << levels || (size & (size - 1)) != 0 || starts[e] % size != 0)
            {
                throw new InvalidDataException($"The leaf {e} from {starts[e]} to {starts[e + 1]} is no cell of a forest of {levels} levels.");
            }
        }

        return forest;
    }

    /// <summary>The level of leaf <paramref name="leaf"/>.</summary>
    public int LevelOf(int leaf) => Levels - int.Log2(_starts[leaf + 1] - _starts[leaf]);

    /// <summary>The nodes, on a mesh that begins at <paramref name="origin"/> with finest cells of length <paramref name="cell"/>.</summary>
    public double[] Nodes(double origin, double cell)
    {
        var nodes = new double[_starts.Length];
        for (var j = 0; j < nodes.Length; j++)
        {
            nodes[j] = origin + (_starts[j] * cell);
        }

        return nodes;
    }

    /// <summary>
    /// The forest after every leaf went at most one level up or down. Siblings merge if both are marked so; leaves that reach into the first
    /// <paramref name="frozen"/> finest cells stay; and 2:1 balance goes before all wishes to merge, and makes leaves halve that nobody marked.
    /// </summary>
    /// <param name="marks">One per leaf.</param>
    /// <param name="frozen">How many finest cells, from the beginning, keep their leaves.</param>
    public CellForest Adapt(ReadOnlySpan<Mark> marks, int frozen = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(marks.Length, Count);
        var wanted = new int[Count];
        for (var e = 0; e < wanted.Length; e++)
        {
            wanted[e] = _starts[e] < frozen ? LevelOf(e) : Math.Clamp(LevelOf(e) + (int)marks[e], 0, Levels);
        }

        // Levels only ever rise here, so the loop ends.
        bool changed;
        do
        {
            changed = false;
            for (var e = 0; e < wanted.Length; e++)
            {
                var least = Math.Max(e > 0 ? wanted[e - 1] - 1 : 0, e + 1 < wanted.Length ? wanted[e + 1] - 1 : 0);
                if (wanted[e] < LevelOf(e) && !SiblingMerges(wanted, e))
                {
                    least = Math.Max(least, LevelOf(e));
                }

                if (wanted[e] < least)
                {
                    wanted[e]++;
                    changed = true;
                }
            }
        }
        while (changed);

        var starts = new List<int>(_starts.Length);
        for (var e = 0; e < wanted.Length; e++)
        {
            var size = 1 << (Levels - wanted[e]);
            for (var at = _starts[e]; at < _starts[e + 1]; at += size)
            {
                if (at % size == 0)
                {
                    starts.Add(at);
                }
            }
        }

        starts.Add(_starts[^1]);
        return new CellForest(Levels, [.. starts]);
    }

    private bool SiblingMerges(int[] wanted, int e)
    {
        var size = _starts[e + 1] - _starts[e];
        var sibling = _starts[e] % (2 * size) == 0 ? e + 1 : e - 1;
        return sibling >= 0 && sibling < Count && _starts[sibling + 1] - _starts[sibling] == size && wanted[sibling] < LevelOf(sibling);
    }
}

using System.Collections.Immutable;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Continuum.Participants;

/// <summary>
/// A grid of cells divided into parts, each with its overlap, and a coarse grid over all of it. Nodes of elements of degree p stand on a lattice of p parts a
/// cell; each has one number in the whole body, by which sub-domains understand each other, and one owner.
/// </summary>
internal sealed class GridDivision
{
    private const double MostCoarseUnknowns = 1e6;
    private readonly int[] _parts;
    private readonly int _overlap;
    private readonly int[] _coarse;
    private readonly int _degree;
    private readonly Lazy<ImmutableSortedDictionary<int, ImmutableArray<long>>>[] _traces;

    /// <summary>Divides the body that settings describe.</summary>
    /// <param name="given">The settings.</param>
    /// <param name="asked">How it is to be divided.</param>
    /// <param name="hasVectors">Whether a node has a number along each axis; otherwise one.</param>
    /// <param name="faults">What else is wrong with it; what is found is added.</param>
    /// <exception cref="ScaleModelException">It cannot be divided so; all that is wrong is named.</exception>
    public GridDivision(ModelSettings given, Subdomains asked, bool hasVectors, List<string> faults)
    {
        (_parts, _overlap, _coarse, _degree) = ([.. asked.Parts], asked.Overlap, [.. asked.Coarse], given.Integer("degree"));
        if (given.File("mesh") is not null)
        {
            faults.Add("A body from a file, 'mesh', has no sub-domains: they are of rectangles and boxes, given by 'size' and 'cells'.");
            throw new ScaleModelException(string.Join(" ", faults));
        }

        try
        {
            Grid = BodyGrid.Of(given);
        }
        catch (ScaleModelException fault)
        {
            faults.Add($"{fault.Message}.");
            throw new ScaleModelException(string.Join(" ", faults), fault);
        }

        var d = Grid.Dimension;
        if (_parts.Length != d || (_coarse.Length != d && _coarse.Length != 0))
        {
            faults.Add($"'parts' has {_parts.Length} numbers and 'coarse' {_coarse.Length}; both have {d} for this body, or 'coarse' none.");
            throw new ScaleModelException(string.Join(" ", faults));
        }

        for (var k = 0; k < d; k++)
        {
            if (_parts[k] < 1 || _parts[k] > Grid.Cells[k])
            {
                faults.Add($"'parts' has {_parts[k]} along axis {k}, where the body has {Grid.Cells[k]} cells; allowed is 1 to that.");
            }
            else if (_parts[k] > 1 && (_overlap < 1 || _overlap > Grid.Cells[k] / _parts[k]))
            {
                faults.Add($"'overlap' is {_overlap}, and the smallest part has {Grid.Cells[k] / _parts[k]} cells along axis {k}; allowed is 1 to that.");
            }

            if (_coarse.Length > 0 && (_coarse[k] < 1 || _coarse[k] > Grid.Cells[k]))
            {
                faults.Add($"'coarse' has {_coarse[k]} along axis {k}, where the body has {Grid.Cells[k]} cells; allowed is 1 to that.");
            }
        }

        var count = _parts.Aggregate(1.0, (n, p) => n * p);
        if (count is < 2 or > 1_000_000)
        {
            faults.Add($"'parts' makes {count} sub-domains; a body has 2 to 1000000 of them.");
        }

        var unknowns = (hasVectors ? d : 1) * _coarse.Aggregate(1.0, (n, c) => n * (c + 1.0));
        if (_coarse.Length > 0 && unknowns > MostCoarseUnknowns)
        {
            faults.Add(FormattableString.Invariant($"'coarse' makes {unknowns:g6} unknowns, which one participant solves for; allowed are {MostCoarseUnknowns}. Take fewer cells: one a part is a good choice."));
        }

        // Once for all sub-domains, which may well have no cell of a region. In rows: the whole mesh may be too much for one process.
        if (BodySettings.RegionFaults(given, Rows().Select(Grid.Mesh)) is { Count: > 0 } ofRegions)
        {
            faults.Add($"These settings do not fit together: {string.Join("; ", ofRegions)}.");
        }

        if (faults.Count > 0)
        {
            throw new ScaleModelException(string.Join(" ", faults));
        }

        Count = (int)count;
        if (Enumerable.Range(0, Count).All(part => !Rim(Reach(part)).Any()))
        {
            throw new ScaleModelException($"'overlap' is {_overlap}, so that every sub-domain would be the whole body.");
        }

        _traces = [.. Enumerable.Range(0, Count).Select(part => new Lazy<ImmutableSortedDictionary<int, ImmutableArray<long>>>(
            () => Rim(Reach(part)).GroupBy(OwnerOf).ToImmutableSortedDictionary(g => g.Key, g => g.ToImmutableArray())))];
    }

    /// <summary>The whole body.</summary>
    public BodyGrid Grid { get; }

    /// <summary>The number of parts. Part number i is that of (x, y, z) with x fastest.</summary>
    public int Count { get; }

    /// <summary>Whether there is a coarse level.</summary>
    public bool HasCoarse => _coarse.Length > 0;

    /// <summary>The number of nodes of the coarse grid.</summary>
    public int CoarseCount => _coarse.Aggregate(1, (n, c) => n * (c + 1));

    /// <summary>The cells that belong to a part.</summary>
    public CellBox Own(int part)
    {
        var at = PartAt(part);
        return new([.. at.Select((i, k) => Begin(i, k))], [.. at.Select((i, k) => Begin(i + 1, k))]);
    }

    /// <summary>The cells of a sub-domain: its part and the overlap.</summary>
    public CellBox Reach(int part)
    {
        var own = Own(part);
        return new([.. own.First.Select(f => Math.Max(0, f - _overlap))], [.. own.End.Select((e, k) => Math.Min(Grid.Cells[k], e + _overlap))]);
    }

    /// <summary>The nodes at which a sub-domain takes values from others, on its boundary inside the body: by their owners, each list by rising number.</summary>
    public ImmutableSortedDictionary<int, ImmutableArray<long>> TracesOf(int part) => _traces[part].Value;

    /// <summary>The parts whose sub-domains may reach nodes of a part: as an overlap is no wider than a part, and the node between two parts is of the first, not farther than the second next. By rising number.</summary>
    public IEnumerable<int> PartsNear(int part)
    {
        var at = PartAt(part);
        int First(int k) => k < at.Length ? Math.Max(0, at[k] - 2) : 0;
        int Last(int k) => k < at.Length ? Math.Min(_parts[k] - 1, at[k] + 2) : 0;
        for (var z = First(2); z <= Last(2); z++)
        {
            for (var y = First(1); y <= Last(1); y++)
            {
                for (var x = First(0); x <= Last(0); x++)
                {
                    if (x + (_parts[0] * (y + (_parts[1] * z))) is var other && other != part)
                    {
                        yield return other;
                    }
                }
            }
        }
    }

    /// <summary>The nodes on the boundary of a box of cells inside the body, by rising number.</summary>
    public IEnumerable<long> Rim(CellBox box)
    {
        var (first, end) = (new int[3], new int[3]);
        var (isOpenBelow, isOpenAbove) = (new bool[3], new bool[3]);
        for (var k = 0; k < Grid.Dimension; k++)
        {
            (first[k], end[k]) = (_degree * box.First[k], _degree * box.End[k]);
            (isOpenBelow[k], isOpenAbove[k]) = (box.First[k] > 0, box.End[k] < Grid.Cells[k]);
        }

        bool IsRim(int at, int k) => (isOpenBelow[k] && at == first[k]) || (isOpenAbove[k] && at == end[k]);
        for (var z = first[2]; z <= end[2]; z++)
        {
            for (var y = first[1]; y <= end[1]; y++)
            {
                var isWholeLine = IsRim(y, 1) || IsRim(z, 2);
                for (var x = first[0]; x <= end[0]; x += isWholeLine || x == end[0] ? 1 : end[0] - first[0])
                {
                    if (isWholeLine || IsRim(x, 0))
                    {
                        yield return Number(x, y, z);
                    }
                }
            }
        }
    }

    /// <summary>The part that owns a node: of several that have it the first.</summary>
    public int OwnerOf(long number)
    {
        var at = NodeAt(number);
        var owner = 0;
        for (var k = Grid.Dimension - 1; k >= 0; k--)
        {
            // The ends of parts rise with their numbers; the guess is wrong by one at most.
            var part = (int)Math.Min(_parts[k] - 1, (long)at[k] * _parts[k] / (_degree * Grid.Cells[k]));
            while (part > 0 && at[k] <= _degree * Begin(part, k))
            {
                part--;
            }

            while (at[k] > _degree * Begin(part + 1, k))
            {
                part++;
            }

            owner = (owner * _parts[k]) + part;
        }

        return owner;
    }

    /// <summary>The numbers in the whole body of the nodes of functions on a part of its cells.</summary>
    public long[] NumbersOf(Basis basis)
    {
        var numbers = new long[basis.NodeCount];
        for (var n = 0; n < numbers.Length; n++)
        {
            var x = basis.Nodes[n];
            int At(int k) => k < Grid.Dimension ? (int)Math.Round((x[k] - Grid.Origin[k]) / Grid.Size[k] * _degree * Grid.Cells[k]) : 0;
            numbers[n] = Number(At(0), At(1), At(2));
        }

        return numbers;
    }

    /// <summary>For each node of functions on some cells the same node of functions on more cells.</summary>
    public int[] NodesOf(Basis some, Basis more)
    {
        var nodeOf = NumbersOf(more).Index().ToDictionary(n => n.Item, n => n.Index);
        return Array.ConvertAll(NumbersOf(some), n => nodeOf[n]);
    }

    /// <summary>The nodes of the coarse grid whose functions do not vanish on all of a box of cells, by rising number.</summary>
    public ImmutableArray<int> CoarseNodesOf(CellBox box)
    {
        var (first, last) = (new int[3], new int[3]);
        for (var k = 0; k < Grid.Dimension; k++)
        {
            first[k] = (int)((long)box.First[k] * _coarse[k] / Grid.Cells[k]);
            last[k] = (int)((((long)box.End[k] * _coarse[k]) + Grid.Cells[k] - 1) / Grid.Cells[k]);
        }

        var nodes = ImmutableArray.CreateBuilder<int>();
        for (var z = first[2]; z <= last[2]; z++)
        {
            for (var y = first[1]; y <= last[1]; y++)
            {
                for (var x = first[0]; x <= last[0]; x++)
                {
                    nodes.Add(CoarseNumber(x, y, z));
                }
            }
        }

        return nodes.ToImmutable();
    }

    /// <summary>The places of nodes of the coarse grid.</summary>
    public PointCloud CoarsePlaces(ImmutableArray<int> nodes)
    {
        var coordinates = new double[3 * nodes.Length];
        for (var n = 0; n < nodes.Length; n++)
        {
            var at = CoarseAt(nodes[n]);
            for (var k = 0; k < Grid.Dimension; k++)
            {
                coordinates[(3 * n) + k] = Grid.Place(at[k], _coarse[k], k);
            }
        }

        return new(coordinates);
    }

    /// <summary>Whether a node of the coarse grid is on a surface of the body.</summary>
    public bool IsCoarseNodeOn(int node, string surface)
    {
        var at = CoarseAt(node);
        for (var k = 0; k < Grid.Dimension; k++)
        {
            if ((Grid.Surfaces[k].Lower == surface && at[k] == 0) || (Grid.Surfaces[k].Upper == surface && at[k] == _coarse[k]))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The functions of the coarse grid, products of hats along the axes, that do not vanish at a node of the body, with their values there.</summary>
    public IEnumerable<(int CoarseNode, double Value)> CoarseFunctionsAt(long number)
    {
        var at = NodeAt(number);
        (int Cell, double Share)[] along = [(0, 0), (0, 0), (0, 0)];
        for (var k = 0; k < Grid.Dimension; k++)
        {
            // In whole numbers, so that everybody has the same bits.
            var (position, whole) = ((long)at[k] * _coarse[k], (long)_degree * Grid.Cells[k]);
            var cell = Math.Min(position / whole, _coarse[k] - 1);
            along[k] = ((int)cell, (position - (cell * whole)) / (double)whole);
        }

        for (var corner = 0; corner < 1 << Grid.Dimension; corner++)
        {
            var value = 1.0;
            int[] of = [0, 0, 0];
            for (var k = 0; k < Grid.Dimension; k++)
            {
                var up = (corner >> k) & 1;
                of[k] = along[k].Cell + up;
                value *= up == 1 ? along[k].Share : 1 - along[k].Share;
            }

            if (value != 0)
            {
                yield return (CoarseNumber(of[0], of[1], of[2]), value);
            }
        }
    }

    /// <summary>The values of functions of the coarse grid at nodes of the body: a row a node and component, a column a coarse node of the list and component.</summary>
    /// <param name="nodes">The nodes of the body.</param>
    /// <param name="coarse">All coarse nodes whose functions do not vanish there, by rising number.</param>
    /// <param name="components">Numbers a node.</param>
    public CsrMatrix CoarseFunctions(IReadOnlyList<long> nodes, ImmutableArray<int> coarse, int components)
    {
        var builder = new CsrBuilder(components * nodes.Count, components * coarse.Length);
        for (var n = 0; n < nodes.Count; n++)
        {
            foreach (var (node, value) in CoarseFunctionsAt(nodes[n]))
            {
                for (var c = 0; c < components; c++)
                {
                    builder.Add((components * n) + c, (components * coarse.BinarySearch(node)) + c, value);
                }
            }
        }

        return builder.ToMatrix();
    }

    // The cells of the whole grid, one row along the first axis at a time.
    private IEnumerable<CellBox> Rows() =>
        from z in Enumerable.Range(0, Grid.Dimension > 2 ? Grid.Cells[2] : 1)
        from y in Enumerable.Range(0, Grid.Cells[1])
        select Grid.Dimension > 2 ? new CellBox([0, y, z], [Grid.Cells[0], y + 1, z + 1]) : new([0, y], [Grid.Cells[0], y + 1]);

    private int Begin(int part, int axis) => (int)((long)Grid.Cells[axis] * part / _parts[axis]);

    private int[] PartAt(int part) => [.. Split(part, k => k < Grid.Dimension ? _parts[k] : 1).Take(Grid.Dimension)];

    private long Number(int x, int y, int z) => x + (Nodes(0) * (y + (Nodes(1) * z)));

    private int[] NodeAt(long number) => Split(number, Nodes);

    private long Nodes(int axis) => axis < Grid.Dimension ? ((long)_degree * Grid.Cells[axis]) + 1 : 1;

    private int CoarseNumber(int x, int y, int z) => x + ((_coarse[0] + 1) * (y + ((_coarse[1] + 1) * z)));

    private int[] CoarseAt(int node) => Split(node, k => k < Grid.Dimension ? _coarse[k] + 1 : 1);

    private static int[] Split(long number, Func<int, long> counts)
    {
        var (x, rest) = (number % counts(0), number / counts(0));
        return [(int)x, (int)(rest % counts(1)), (int)(rest / counts(1))];
    }
}

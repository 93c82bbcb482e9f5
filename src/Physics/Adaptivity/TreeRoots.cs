using System.Collections.Immutable;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Adaptivity;

/// <summary>A place on the lattice of a tree: whole numbers from 0 to <see cref="TreeRoots.Edge"/> along each axis of the root cell.</summary>
/// <param name="Root">The root cell.</param>
/// <param name="X">Along its first axis.</param>
/// <param name="Y">Along its second axis.</param>
/// <param name="Z">Along its third axis; zero in two dimensions.</param>
public readonly record struct LatticePoint(int Root, int X, int Y, int Z)
{
    internal int this[int axis] => axis switch { 0 => X, 1 => Y, _ => Z };
}

/// <summary>
/// Which root cells of a forest share vertices, edges and faces, and how their axes lie to each other. Root cells are squares or cubes in their own
/// coordinates and may be joined in any way, as long as they share whole edges and faces. Immutable.
/// </summary>
/// <remarks>
/// A place on the boundary of a root cell has coordinates in each root cell there. All are found by way of the vertex, edge or face on which the place lies:
/// it has a frame of its own, which begins at its lowest vertex and goes first to the lower of that vertex's neighbors. So no table of rotations is
/// needed, and a place has one name wherever it is seen from. After: Burstedde, Wilcox, Ghattas, SIAM J. Sci. Comput. 33 (2011) 1103, whose forests these are.
/// </remarks>
public sealed class TreeRoots
{
    private const int FrameBits = 42;

    private readonly int _positions;            // 3ᵈ: low, inside or high along each axis.
    private readonly int[] _entity;             // Of a root and a position.
    private readonly Frame[] _frame;            // The same.
    private readonly int[] _start;              // Of the places of an entity in the next array.
    private readonly (int Root, int Position)[] _seen;

    /// <summary>Root cells by their vertices.</summary>
    /// <param name="dimension">2 or 3.</param>
    /// <param name="corners">2ᵈ vertices a cell: bit k of a corner's number tells whether it is high along axis k.</param>
    /// <exception cref="ScaleModelException">There is no cell, a cell has a vertex twice, or there are more cells than cell codes can name.</exception>
    public TreeRoots(int dimension, ImmutableArray<int> corners)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(dimension, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(dimension, 3);
        (Dimension, Corners) = (dimension, corners);
        var cell = 1 << dimension;
        Count = corners.Length / cell;
        if (corners.IsDefaultOrEmpty || corners.Length % cell != 0 || Count > MaxCount)
        {
            throw new ScaleModelException($"A forest of dimension {dimension} has {cell} vertices a root cell and 1 to {MaxCount} root cells; found {(corners.IsDefault ? 0 : corners.Length)} vertices.");
        }

        _positions = dimension == 2 ? 9 : 27;
        (_entity, _frame) = (new int[Count * _positions], new Frame[Count * _positions]);
        Dictionary<(int, int, int, int), int> known = [];
        List<(int Entity, int Root, int Position)> seen = [];
        var entities = 0;
        for (var r = 0; r < Count; r++)
        {
            var of = corners.AsSpan(r * cell, cell);
            for (var c = 1; c < cell; c++)
            {
                if (of[..c].Contains(of[c]))
                {
                    throw new ScaleModelException($"Root cell {r} has vertex {of[c]} twice.");
                }
            }

            for (var position = 0; position < _positions; position++)
            {
                var (frame, key) = FrameOf(of, position);
                if (frame.Axes == dimension || !known.TryGetValue(key, out var entity))
                {
                    entity = entities++;
                    if (frame.Axes < dimension)
                    {
                        known.Add(key, entity);
                    }
                }

                (_entity[(r * _positions) + position], _frame[(r * _positions) + position]) = (entity, frame);
                seen.Add((entity, r, position));
            }
        }

        _start = new int[entities + 1];
        foreach (var s in seen)
        {
            _start[s.Entity + 1]++;
        }

        for (var e = 0; e < entities; e++)
        {
            _start[e + 1] += _start[e];
        }

        _seen = new (int, int)[seen.Count];
        var next = _start.AsSpan(0, entities).ToArray();
        foreach (var (entity, root, position) in seen)
        {
            _seen[next[entity]++] = (root, position);
        }

        for (var index = 0; index < _entity.Length && dimension == 3; index++)
        {
            MostRootsOnEdge = _frame[index].Axes == 1 ? Math.Max(MostRootsOnEdge, _start[_entity[index] + 1] - _start[_entity[index]]) : MostRootsOnEdge;
        }
    }

    /// <summary>How many root cells a forest may have.</summary>
    public const int MaxCount = 1 << 17;

    /// <summary>2 or 3.</summary>
    public int Dimension { get; }

    /// <summary>The number of root cells.</summary>
    public int Count { get; }

    /// <summary>The vertices of the root cells, 2ᵈ each.</summary>
    public ImmutableArray<int> Corners { get; }

    /// <summary>The finest level that a cell may have; that of root cells is 0.</summary>
    public int MaxLevel => Dimension == 2 ? 20 : 13;

    /// <summary>The edge of a root cell on its lattice, 2^(MaxLevel + 1): cells of the finest level have places in their middle.</summary>
    public int Edge => 1 << (MaxLevel + 1);

    /// <summary>The name of a place, the same from all root cells that share it.</summary>
    public ulong Name(LatticePoint at)
    {
        var index = (at.Root * _positions) + Position(at);
        ref readonly var frame = ref _frame[index];
        return ((ulong)_entity[index] << FrameBits) | Along(frame, at);
    }

    /// <summary>A place in the coordinates of each root cell that has it, by rising number of the root cell.</summary>
    /// <param name="at">The place.</param>
    /// <param name="all">Overwritten; the capacity that is needed is <see cref="MostRoots"/>.</param>
    /// <returns>How many there are.</returns>
    public int Views(LatticePoint at, Span<LatticePoint> all)
    {
        var index = (at.Root * _positions) + Position(at);
        ref readonly var frame = ref _frame[index];
        if (frame.Axes == Dimension)
        {
            all[0] = at;
            return 1;
        }

        var (entity, along) = (_entity[index], Along(frame, at));
        var count = 0;
        for (var s = _start[entity]; s < _start[entity + 1]; s++)
        {
            all[count++] = View(_seen[s].Root, _seen[s].Position, along);
        }

        return count;
    }

    /// <summary>The place of a name in the root cell with the lowest number that has it.</summary>
    public LatticePoint Place(ulong name)
    {
        var (root, position) = _seen[_start[(int)(name >> FrameBits)]];
        return View(root, position, name & ((1UL << FrameBits) - 1));
    }

    /// <summary>The greatest number of root cells that share a place.</summary>
    public int MostRoots => _mostRoots > 0 ? _mostRoots : _mostRoots = Enumerable.Range(0, _start.Length - 1).Max(e => _start[e + 1] - _start[e]);

    private int _mostRoots;

    /// <summary>The greatest number of root cells that share an edge in space; 0 in the plane, where two share one.</summary>
    internal int MostRootsOnEdge { get; }

    private int Bits => MaxLevel + 1;

    private LatticePoint View(int root, int position, ulong along)
    {
        ref readonly var frame = ref _frame[(root * _positions) + position];
        Span<int> x = stackalloc int[3];
        x[2] = 0;
        for (var (axis, left) = (0, position); axis < Dimension; axis++, left /= 3)
        {
            x[axis] = left % 3 == 2 ? Edge : 0;
        }

        for (var k = 0; k < frame.Axes; k++)
        {
            var axis = frame.Axis(k);
            var s = (int)((along >> (k * Bits)) & ((1UL << Bits) - 1));
            x[axis] = ((frame.Origin >> axis) & 1) == 0 ? s : Edge - s;
        }

        return new(root, x[0], x[1], x[2]);
    }

    private int Position(LatticePoint at)
    {
        var edge = Edge;
        var position = Along(at.X, edge) + (3 * Along(at.Y, edge));
        return Dimension == 2 ? position : position + (9 * Along(at.Z, edge));
        static int Along(int x, int edge) => x == 0 ? 0 : x == edge ? 2 : 1;
    }

    private ulong Along(in Frame frame, LatticePoint at)
    {
        var along = 0UL;
        for (var k = 0; k < frame.Axes; k++)
        {
            var axis = frame.Axis(k);
            var x = at[axis];
            along |= (ulong)(((frame.Origin >> axis) & 1) == 0 ? x : Edge - x) << (k * Bits);
        }

        return along;
    }

    // The frame of the vertex, edge, face or inside at a position, and the vertices that tell it from others.
    private (Frame Frame, (int, int, int, int) Key) FrameOf(ReadOnlySpan<int> corners, int position)
    {
        var (origin, free) = (0, 0);
        for (var (axis, left) = (0, position); axis < Dimension; axis++, left /= 3)
        {
            origin |= left % 3 == 2 ? 1 << axis : 0;
            free |= left % 3 == 1 ? 1 << axis : 0;
        }

        if (free == (1 << Dimension) - 1)
        {
            return (new(0, Dimension, 0, 1, 2), default);
        }

        var fixedBits = origin;
        for (var c = 0; c < corners.Length; c++)
        {
            if ((c & ~free) == fixedBits && corners[c] < corners[origin])
            {
                origin = c;
            }
        }

        Span<int> axes = stackalloc int[3];
        var count = 0;
        for (var axis = 0; axis < Dimension; axis++)
        {
            if (((free >> axis) & 1) != 0)
            {
                axes[count++] = axis;
            }
        }

        if (count == 2 && corners[origin ^ (1 << axes[1])] < corners[origin ^ (1 << axes[0])])
        {
            (axes[0], axes[1]) = (axes[1], axes[0]);
        }

        return (new(origin, count, axes[0], axes[1], 0),
            (corners[origin], count > 0 ? corners[origin ^ (1 << axes[0])] : -1, count > 1 ? corners[origin ^ (1 << axes[1])] : -1, corners[origin ^ free]));
    }

    // The corner where a frame begins, and the axes of the root cell along which it goes away from there.
    private readonly record struct Frame(int Origin, int Axes, int First, int Second, int Third)
    {
        public int Axis(int k) => k switch { 0 => First, 1 => Second, _ => Third };
    }
}

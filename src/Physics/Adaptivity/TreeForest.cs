using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Adaptivity;

/// <summary>A cell of a tree as one number, which sorts cells along a Morton curve, root by root, and puts each cell before those inside it.</summary>
/// <param name="Code">From the highest bit: the root cell, the interleaved coordinates of the lowest corner counted in finest cells, and the level in 5 bits.</param>
public readonly record struct TreeCell(ulong Code)
{
    /// <summary>How often the root cell was halved.</summary>
    public int Level => (int)(Code & 31);
}

/// <summary>
/// Quadtrees or octrees that grow from root cells. Leaves cover the roots, and leaves that touch each other, be it at a corner, differ by at most one level.
/// Leaves are kept as sorted numbers. Immutable: adapting gives a new forest, which depends on the old one and the marks alone.
/// </summary>
/// <remarks>After: Burstedde, Wilcox, Ghattas, SIAM J. Sci. Comput. 33 (2011) 1103; Morton, IBM report (1966).</remarks>
public sealed class TreeForest
{
    private readonly ulong[] _leaves;
    private readonly int[] _firstLeaf;      // Of each root, and the number of leaves.

    private TreeForest(TreeRoots roots, ulong[] leaves)
    {
        (Roots, _leaves) = (roots, leaves);
        _firstLeaf = new int[roots.Count + 1];
        foreach (var leaf in leaves)
        {
            _firstLeaf[RootOf(leaf) + 1]++;
        }

        for (var r = 0; r < roots.Count; r++)
        {
            _firstLeaf[r + 1] += _firstLeaf[r];
        }
    }

    /// <summary>The root cells.</summary>
    public TreeRoots Roots { get; }

    /// <summary>2 or 3.</summary>
    public int Dimension => Roots.Dimension;

    /// <summary>The number of leaves.</summary>
    public int Count => _leaves.Length;

    /// <summary>The codes of the leaves in their order; with the roots, all that there is to know of a forest.</summary>
    public ReadOnlySpan<ulong> Codes => _leaves;

    /// <summary>The forest whose leaves all have one level.</summary>
    public static TreeForest Uniform(TreeRoots roots, int level)
    {
        ArgumentNullException.ThrowIfNull(roots);
        ArgumentOutOfRangeException.ThrowIfNegative(level);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(level, roots.MaxLevel);
        var (d, max) = (roots.Dimension, roots.MaxLevel);
        var each = 1UL << (d * level);
        var leaves = new ulong[checked((int)each * roots.Count)];
        for (var n = 0UL; n < (ulong)leaves.Length; n++)
        {
            leaves[n] = ((((n / each) << (d * max)) | ((n % each) << (d * (max - level)))) << 5) | (uint)level;
        }

        return new(roots, leaves);
    }

    /// <summary>The forest with the leaves of an archive.</summary>
    /// <exception cref="ScaleModelException">They are the leaves of no forest: they leave out a part, overlap, or are not balanced.</exception>
    public static TreeForest FromCodes(TreeRoots roots, ReadOnlySpan<ulong> codes)
    {
        ArgumentNullException.ThrowIfNull(roots);
        var whole = 1UL << (roots.Dimension * roots.MaxLevel);
        var end = 0UL;
        for (var n = 0; n < codes.Length; n++)
        {
            var (level, at) = ((int)(codes[n] & 31), codes[n] >> 5);
            var size = level > roots.MaxLevel ? 0 : whole >> (roots.Dimension * level);
            if (size == 0 || at != end || at % size != 0)
            {
                throw new ScaleModelException($"Leaf {n} with the code {codes[n]} does not begin where the leaf before it ends, or is no cell; these are the leaves of no forest.");
            }

            end = at + size;
        }

        if (end != whole * (ulong)roots.Count)
        {
            throw new ScaleModelException($"The leaves cover {end / whole} of {roots.Count} root cells; these are the leaves of no forest.");
        }

        var forest = new TreeForest(roots, codes.ToArray());
        return forest.Rebuilt(new Mark[forest.Count], roots.MaxLevel).Count == forest.Count ? forest : throw new ScaleModelException("Leaves that touch each other differ by more than one level; these are the leaves of no forest.");
    }

    /// <summary>A leaf.</summary>
    public TreeCell this[int leaf] => new(_leaves[leaf]);

    /// <summary>How often a leaf's root cell was halved.</summary>
    public int LevelOf(int leaf) => (int)(_leaves[leaf] & 31);

    /// <summary>The number of leaves at each level, from 0 to the finest.</summary>
    public ImmutableArray<int> LeavesAtLevels
    {
        get
        {
            var counts = new int[Roots.MaxLevel + 1];
            foreach (var leaf in _leaves)
            {
                counts[leaf & 31]++;
            }

            return [.. counts.AsSpan(0, Array.FindLastIndex(counts, n => n > 0) + 1)];
        }
    }

    /// <summary>The leaves of a root cell: the first, and the one past the last.</summary>
    public (int First, int End) LeavesOf(int root) => (_firstLeaf[root], _firstLeaf[root + 1]);

    /// <summary>The leaves of a root cell on one of its facets, by rising number.</summary>
    /// <param name="root">The root cell.</param>
    /// <param name="axis">The axis of the facet's normal.</param>
    /// <param name="isHigh">Whether it is the facet at the far end of the axis.</param>
    internal List<int> LeavesOn(int root, int axis, bool isHigh)
    {
        // Parts of the curve one after another, and of each only those children that lie on the facet.
        List<int> found = [];
        var (first, end) = LeavesOf(root);
        Visit((ulong)root << (5 + (Dimension * Roots.MaxLevel)), first, end);
        return found;

        void Visit(ulong cell, int first, int end)
        {
            if (_leaves[first] == cell)
            {
                found.Add(first);
                return;
            }

            // A child begins with the leaf that begins where it does.
            var step = 1UL << (5 + (Dimension * (Roots.MaxLevel - (int)(cell & 31) - 1)));
            for (var child = 0; child < 1 << Dimension; child++)
            {
                if ((((child >> axis) & 1) != 0) == isHigh)
                {
                    var inside = cell + ((ulong)child * step) + 1;
                    var isLast = child + 1 == 1 << Dimension;
                    Visit(inside, Between(first, end, inside | 31), isLast ? end : Between(first, end, (inside + step) | 31));
                }
            }
        }
    }

    /// <summary>The largest cell that begins with a leaf and has no leaf more than some levels finer than itself.</summary>
    /// <param name="leaf">The leaf.</param>
    /// <param name="levels">How many levels.</param>
    /// <returns>The cell, the leaf past its last, and how much finer its finest leaf is.</returns>
    internal (TreeCell Cell, int Past, int Depth) Block(int leaf, int levels)
    {
        var (cell, past, finest) = (_leaves[leaf], leaf + 1, LevelOf(leaf));
        while ((cell & 31) > 0 && ChildIndex(cell) == 0)
        {
            var parent = Parent(cell);
            var level = (int)(parent & 31);
            var end = (parent >> 5) + (1UL << (Dimension * (Roots.MaxLevel - level)));
            var (n, deepest) = (past, finest);
            while (n < Count && _leaves[n] >> 5 < end && deepest - level <= levels)
            {
                deepest = Math.Max(deepest, LevelOf(n++));
            }

            if (deepest - level > levels)
            {
                break;
            }

            (cell, past, finest) = (parent, n, deepest);
        }

        return (new(cell), past, finest - (int)(cell & 31));
    }

    /// <summary>The lowest corner of a cell.</summary>
    public LatticePoint Corner(TreeCell cell)
    {
        var morton = MortonOf(cell.Code);
        return new(
            RootOf(cell.Code), 2 * Compact(morton, 0), 2 * Compact(morton, 1), Dimension == 3 ? 2 * Compact(morton, 2) : 0);
    }

    /// <summary>The edge of a cell on the lattice.</summary>
    public int EdgeOf(TreeCell cell) => Roots.Edge >> cell.Level;

    /// <summary>The leaf that holds the finest cell whose lowest corner is at a place, or that surrounds it.</summary>
    /// <param name="at">The place; along each axis less than the edge of the root cell.</param>
    public int Find(LatticePoint at) => Find(CodeOf(at.Root, at.X >> 1, at.Y >> 1, at.Z >> 1, 31));

    /// <summary>The same, looked for from a leaf on that is not far along the curve.</summary>
    /// <param name="at">The place.</param>
    /// <param name="near">The leaf, of the same root.</param>
    internal int FindNear(LatticePoint at, int near) => FindNear(CodeOf(at.Root, at.X >> 1, at.Y >> 1, at.Z >> 1, 31), near);

    // Steps that double until the code lies between.
    private int FindNear(ulong code, int near)
    {
        var root = RootOf(code);
        var (first, end) = (_firstLeaf[root], _firstLeaf[root + 1]);
        var (low, high, step) = (near, near, 1);
        if (_leaves[near] <= code)
        {
            do
            {
                (low, high, step) = (high, high + step, 2 * step);
            }
            while (high < end && _leaves[high] <= code);
            high = Math.Min(high, end);
        }
        else
        {
            do
            {
                (low, high, step) = (low - step, low, 2 * step);
            }
            while (low > first && _leaves[low] > code);
            low = Math.Max(low, first);
        }

        return Between(low, high, code);
    }

    /// <summary>Which of its parent's children a leaf is: bit k tells whether it is the high one along axis k.</summary>
    internal int ChildIndexOf(int leaf) => ChildIndex(_leaves[leaf]);

    /// <summary>The leaves that a place touches, without order, each once for each root cell through which it is seen: in which each has its own coordinates of the place.</summary>
    /// <param name="at">The place.</param>
    /// <param name="leaves">The leaf, and the place in the coordinates of its root cell; overwritten. Capacity for 2ᵈ times <see cref="TreeRoots.MostRoots"/> suffices.</param>
    /// <returns>How many there are.</returns>
    public int Around(LatticePoint at, Span<(int Leaf, LatticePoint At)> leaves)
    {
        Span<LatticePoint> views = stackalloc LatticePoint[Roots.MostRoots];
        var count = 0;
        foreach (var view in views[..Roots.Views(at, views)])
        {
            // Finest cells on both sides along each axis.
            var (x0, x1) = Sides(view.X);
            var (y0, y1) = Sides(view.Y);
            var (z0, z1) = Dimension == 3 ? Sides(view.Z) : (0, 0);
            for (var z = z0; z <= z1; z++)
            {
                for (var y = y0; y <= y1; y++)
                {
                    for (var x = x0; x <= x1; x++)
                    {
                        var leaf = Find(CodeOf(view.Root, x, y, z, 31));
                        var known = false;
                        for (var k = 0; k < count; k++)
                        {
                            known |= leaves[k].Leaf == leaf;
                        }

                        if (!known)
                        {
                            leaves[count++] = (leaf, view);
                        }
                    }
                }
            }
        }

        return count;
    }

    /// <summary>Whether a leaf touches another that is coarser.</summary>
    public bool HasCoarserNeighbor(int leaf)
    {
        var cell = _leaves[leaf];
        if ((cell & 31) == 0)
        {
            return false;
        }

        // Cells as large as the parent that touch the leaf meet at the corner that the two have in common.
        Span<ulong> cells = stackalloc ulong[8 * Roots.MostRoots];
        foreach (var other in cells[..RequiredOthers(cell, cells)])
        {
            if ((_leaves[Near(other, leaf)] & 31) <= (other & 31))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// The forest after every leaf went at most one level up or down. Siblings merge if all are leaves and marked so; and balance goes before all wishes to
    /// merge, and makes leaves halve that nobody marked.
    /// </summary>
    /// <remarks>
    /// A forest is the set I of its cells that are cut. A cell P of level m that is cut has children of level m + 1, so all cells of level m that touch P exist,
    /// which is to say that the cells of level m − 1 that touch P are cut: those that meet at the corner which P has in common with its parent. The result is the
    /// smallest set that holds what the marks leave of I, what they add to it, and with every cell those that it requires; it is found with a stack of cells whose
    /// requirements are to be looked at. Cost linear in the number of leaves.
    /// </remarks>
    /// <param name="marks">One a leaf.</param>
    /// <param name="finest">The level beyond which no mark leads; the greatest that there is if null.</param>
    public TreeForest Adapt(ReadOnlySpan<Mark> marks, int? finest = null)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(marks.Length, Count, nameof(marks));
        var limit = Math.Min(finest ?? Roots.MaxLevel, Roots.MaxLevel);
        if (marks.Contains(Mark.Coarsen))
        {
            return Rebuilt(marks, limit);
        }

        var cut = new bool[Count];
        for (var n = 0; n < cut.Length; n++)
        {
            cut[n] = marks[n] == Mark.Refine && LevelOf(n) < limit;
        }

        return Halved(cut);
    }

    // Adapt for all marks, and for leaves that are not known to be balanced.
    internal TreeForest Rebuilt(ReadOnlySpan<Mark> marks, int limit)
    {
        var siblings = 1 << Dimension;
        var cut = new CodeTable(_leaves.Length / (siblings - 1) * 2);
        var stack = new Stack<ulong>();

        // The ancestors of a leaf that begin where it begins: through all leaves, each cell that is cut comes once.
        for (var n = 0; n < _leaves.Length; n++)
        {
            var leaf = _leaves[n];
            for (var up = leaf; (up & 31) > 0 && ChildIndex(up) == 0;)
            {
                up = Parent(up);
                cut.At(up, 1) = 1;
            }

            if ((leaf & 31) > 0 && ChildIndex(leaf) == 0 && n + siblings <= Count && AllMerge(marks, n, siblings))
            {
                cut.At(Parent(leaf), 0) = 0;
            }

            if (marks[n] == Mark.Refine && LevelOf(n) < limit)
            {
                cut.At(leaf, 1) = 1;
            }
        }

        void Require(ulong cell, Span<ulong> cells)
        {
            foreach (var other in cells[..Required(cell, cells)])
            {
                ref var state = ref cut.At(other, 0);
                if (state == 0)
                {
                    state = 1;
                    stack.Push(other);
                }
            }
        }

        Span<ulong> cells = stackalloc ulong[8 * Roots.MostRoots];
        for (var n = 0; n < _leaves.Length; n++)
        {
            if ((_leaves[n] & 31) > 0 && cut.Get(_leaves[n], 0) == 1)
            {
                Require(_leaves[n], cells);
            }

            for (var up = _leaves[n]; (up & 31) > 1 && ChildIndex(up) == 0;)
            {
                up = Parent(up);
                if (cut.Get(up, 0) == 1)
                {
                    Require(up, cells);
                }
            }
        }

        while (stack.TryPop(out var cell))
        {
            if ((cell & 31) > 0)
            {
                Require(cell, cells);
            }
        }

        var leaves = new List<ulong>(_leaves.Length + (_leaves.Length / 2));
        var (last, stays) = (ulong.MaxValue, true);
        foreach (var leaf in _leaves)
        {
            if ((leaf & 31) > 0)
            {
                if (Parent(leaf) != last)
                {
                    (last, stays) = (Parent(leaf), cut.Get(Parent(leaf), 0) == 1);
                }

                if (!stays)
                {
                    if (ChildIndex(leaf) == 0)
                    {
                        leaves.Add(last);
                    }

                    continue;
                }
            }

            AddLeaves(leaf, cut, leaves);
        }

        return new(Roots, [.. leaves]);
    }

    /// <summary>The forest after every leaf was cut as often as it is told to; balance makes others halve that nobody told to.</summary>
    /// <param name="times">One a leaf, 0 or more: its parts are cut once less, and so on.</param>
    /// <param name="finest">The level beyond which no cut leads; the greatest that there is if null.</param>
    public TreeForest Cut(ReadOnlySpan<int> times, int? finest = null)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(times.Length, Count, nameof(times));
        var limit = Math.Min(finest ?? Roots.MaxLevel, Roots.MaxLevel);
        var (forest, left) = (this, times.ToArray());
        while (left.AsSpan().ContainsAnyExceptInRange(int.MinValue, 0))
        {
            var cut = new bool[left.Length];
            for (var n = 0; n < cut.Length; n++)
            {
                cut[n] = left[n] > 0 && forest.LevelOf(n) < limit;
            }

            // After this, cut tells of the leaves that balance halves, too.
            var next = forest.Halved(cut);
            var parts = new int[next.Count];
            for (var (n, at) = (0, 0); n < cut.Length; n++)
            {
                var count = cut[n] ? 1 << Dimension : 1;
                parts.AsSpan(at, count).Fill(Math.Max(0, left[n] - 1));
                at += count;
            }

            (forest, left) = (next, parts);
        }

        return forest;
    }

    // Adapt where nothing is to be merged. All that exists stays, so a leaf that is cut asks for nothing but that leaves one level coarser that it touches are cut as well.
    // Those that are, for this reason, are added to the marks.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private TreeForest Halved(bool[] cut)
    {
        var waiting = new Stack<int>();
        Span<ulong> cells = stackalloc ulong[8 * Roots.MostRoots];
        for (var n = 0; n < cut.Length; n++)
        {
            if (cut[n])
            {
                waiting.Push(n);
            }

            while (waiting.TryPop(out var leaf))
            {
                foreach (var other in cells[..RequiredOthers(_leaves[leaf], cells)])
                {
                    var at = Near(other, leaf);
                    if ((_leaves[at] & 31) == (other & 31) && !cut[at])
                    {
                        cut[at] = true;

                        // Those further on have their turn.
                        if (at < n)
                        {
                            waiting.Push(at);
                        }
                    }
                }
            }
        }

        var siblings = 1 << Dimension;
        var leaves = new ulong[Count + ((siblings - 1) * cut.AsSpan().Count(true))];
        for (var (n, to) = (0, 0); n < cut.Length; n++)
        {
            var leaf = _leaves[n];
            if (!cut[n])
            {
                leaves[to++] = leaf;
                continue;
            }

            var step = 1UL << (5 + (Dimension * (Roots.MaxLevel - (int)(leaf & 31) - 1)));
            for (var child = 0; child < siblings; child++)
            {
                leaves[to++] = leaf + ((ulong)child * step) + 1;
            }
        }

        return new(Roots, leaves);
    }

    internal static ulong Spread(uint x, int dimension)
    {
        var w = (ulong)x;
        if (dimension == 2)
        {
            w = (w | (w << 16)) & 0x0000FFFF0000FFFF;
            w = (w | (w << 8)) & 0x00FF00FF00FF00FF;
            w = (w | (w << 4)) & 0x0F0F0F0F0F0F0F0F;
            w = (w | (w << 2)) & 0x3333333333333333;
            return (w | (w << 1)) & 0x5555555555555555;
        }

        w = (w | (w << 32)) & 0x001F00000000FFFF;
        w = (w | (w << 16)) & 0x001F0000FF0000FF;
        w = (w | (w << 8)) & 0x100F00F00F00F00F;
        w = (w | (w << 4)) & 0x10C30C30C30C30C3;
        return (w | (w << 2)) & 0x1249249249249249;
    }

    private int Compact(ulong morton, int axis)
    {
        var w = morton >> axis;
        if (Dimension == 2)
        {
            w &= 0x5555555555555555;
            w = (w | (w >> 1)) & 0x3333333333333333;
            w = (w | (w >> 2)) & 0x0F0F0F0F0F0F0F0F;
            w = (w | (w >> 4)) & 0x00FF00FF00FF00FF;
            w = (w | (w >> 8)) & 0x0000FFFF0000FFFF;
            return (int)((w | (w >> 16)) & 0xFFFFFFFF);
        }

        w &= 0x1249249249249249;
        w = (w | (w >> 2)) & 0x10C30C30C30C30C3;
        w = (w | (w >> 4)) & 0x100F00F00F00F00F;
        w = (w | (w >> 8)) & 0x001F0000FF0000FF;
        w = (w | (w >> 16)) & 0x001F00000000FFFF;
        return (int)((w | (w >> 32)) & 0x1FFFFF);
    }

    private (int First, int Last) Sides(int x) => (Math.Max(0, (x - 1) >> 1), Math.Min((Roots.Edge >> 1) - 1, x >> 1));

    private int RootOf(ulong code) => (int)(code >> (5 + (Dimension * Roots.MaxLevel)));

    private ulong MortonOf(ulong code) => (code >> 5) & ((1UL << (Dimension * Roots.MaxLevel)) - 1);

    private ulong CodeOf(int root, int x, int y, int z, int level)
    {
        var morton = Spread((uint)x, Dimension) | (Spread((uint)y, Dimension) << 1) | (Dimension == 3 ? Spread((uint)z, 3) << 2 : 0);
        return (((ulong)root << (Dimension * Roots.MaxLevel)) | morton) << 5 | (uint)level;
    }

    private int ChildIndex(ulong cell) => (int)(cell >> (5 + (Dimension * (Roots.MaxLevel - (int)(cell & 31))))) & ((1 << Dimension) - 1);

    private ulong Parent(ulong cell)
    {
        var shift = 5 + (Dimension * (Roots.MaxLevel - (int)(cell & 31) + 1));
        return (cell >> shift << shift) | ((cell & 31) - 1);
    }

    // The last leaf whose code is not greater.
    private int Find(ulong code)
    {
        var root = RootOf(code);
        return Between(_firstLeaf[root], _firstLeaf[root + 1], code);
    }

    private int Between(int low, int high, ulong code)
    {
        while (high - low > 1)
        {
            var middle = (low + high) >>> 1;
            (low, high) = _leaves[middle] <= code ? (middle, high) : (low, middle);
        }

        return low;
    }

    private bool AllMerge(ReadOnlySpan<Mark> marks, int first, int siblings)
    {
        for (var s = first; s < first + siblings; s++)
        {
            if (marks[s] != Mark.Coarsen || ((_leaves[s] ^ _leaves[first]) & 31) != 0)
            {
                return false;
            }
        }

        return true;
    }

    // The cells as large as the parent G of a cell that meet at the corner which the two have in common; G is one of them.
    private int Required(ulong cell, Span<ulong> cells)
    {
        var (parent, child) = (Parent(cell), ChildIndex(cell));
        var (corner, edge) = (Corner(new(parent)), Roots.Edge >> (int)(parent & 31));
        var at = new LatticePoint(
            corner.Root, corner.X + (edge * (child & 1)), corner.Y + (edge * ((child >> 1) & 1)), corner.Z + (edge * (child >> 2)));
        Span<LatticePoint> views = stackalloc LatticePoint[Roots.MostRoots];
        var count = 0;
        foreach (var view in views[..Roots.Views(at, views)])
        {
            for (var side = 0; side < 1 << Dimension; side++)
            {
                var (x, y, z) = (view.X - (edge * (side & 1)), view.Y - (edge * ((side >> 1) & 1)), view.Z - (edge * (side >> 2)));
                if (x >= 0 && y >= 0 && z >= 0 && x < Roots.Edge && y < Roots.Edge && z < Roots.Edge)
                {
                    cells[count++] = CodeOf(view.Root, x >> 1, y >> 1, z >> 1, (int)(parent & 31));
                }
            }
        }

        return count;
    }

    // The same without G where all of them lie in one root cell: by sums and differences of interleaved numbers, axis by axis.
    private int RequiredOthers(ulong cell, Span<ulong> cells)
    {
        if ((cell & 31) == 0)
        {
            return 0;
        }

        var (parent, child) = (Parent(cell), ChildIndex(cell));
        var (morton, level) = (MortonOf(parent), (int)(parent & 31));
        var axes = (Dimension == 2 ? 0x5555555555555555UL : 0x1249249249249249UL) & ((1UL << (Dimension * Roots.MaxLevel)) - 1);
        var step = 1UL << (Dimension * (Roots.MaxLevel - level));
        cells[0] = morton;
        var count = 1;
        for (var axis = 0; axis < Dimension; axis++)
        {
            var mask = axes << axis;
            var (own, isHigh) = (morton & mask, ((child >> axis) & 1) != 0);
            var moved = (isHigh ? (own | ~mask) + (step << axis) : own - (step << axis)) & mask;
            if ((isHigh ? moved : own) == 0)
            {
                return Required(cell, cells);
            }

            for (var k = 0; k < count; k++)
            {
                cells[count + k] = (cells[k] & ~mask) | moved;
            }

            count *= 2;
        }

        for (var k = 1; k < count; k++)
        {
            cells[k - 1] = (parent & ~(((1UL << (Dimension * Roots.MaxLevel)) - 1) << 5)) | (cells[k] << 5);
        }

        return count - 1;
    }

    // The leaf in which a cell begins, looked for from another leaf on.
    private int Near(ulong cell, int leaf) => RootOf(cell) == RootOf(_leaves[leaf]) ? FindNear(cell | 31, leaf) : Find(cell | 31);

    private void AddLeaves(ulong cell, CodeTable cut, List<ulong> leaves)
    {
        if (cut.Get(cell, 0) == 0)
        {
            leaves.Add(cell);
            return;
        }

        var step = 1UL << (5 + (Dimension * (Roots.MaxLevel - (int)(cell & 31) - 1)));
        for (var child = 0UL; child < 1UL << Dimension; child++)
        {
            AddLeaves(cell + (child * step) + 1, cut, leaves);
        }
    }
}

using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Particles;

/// <summary>
/// For each atom all others, and images, within a reach, as offsets in bytes into the rows of positions. Each pair stands in both lists, so
/// that an atom's force is one sum in one order, whoever computes it.
/// </summary>
/// <remarks>
/// L. Verlet, Phys. Rev. 159 (1967) 98. Built from cells of half the reach or of the whole (after D. Frenkel, B. Smit, Understanding
/// Molecular Simulation, appendix F), which lie in rows along x: what an atom can reach are 25 or 9 runs of consecutive atoms. Distances are compared in single
/// precision, with a margin for its error: a pair too much costs a little time, none is missed.
/// </remarks>
internal sealed unsafe class NeighborList
{
    /// <summary>Lists are filled up to a multiple of this, for kernels that take so many neighbors at once.</summary>
    public const int Width = 8;

    private const int FewSuspects = 64;          // Up to one in so many is looked at before there is a new list.
    /// <summary>Atoms whose lists lie one behind the other.</summary>
    public const int Chunk = 64;

    private const int RowBytes = 4 * sizeof(double);
    private const int Slack = 16;               // A store of a whole vector may reach so far beyond what counts.
    private const int MostRows = 60_000_000;    // An array has two thousand million bytes at most, and so has that of entries.
    private const int MostEntries = 500_000_000;
    private const int MostShifts = 1_000_000;   // So that images of a chunk can be counted.

    private readonly AlignedArray<uint> _entries = new();
    private readonly AlignedArray<int> _starts = new();
    private readonly AlignedArray<int> _counts = new();
    private readonly AlignedArray<int> _cellOf = new();         // Of each atom and image,
    private readonly AlignedArray<int> _unsorted = new();       // and of each atom before they were sorted.
    private readonly AlignedArray<double> _bounds = new();      // A chunk: a row of least and a row of greatest coordinates.
    private readonly AlignedArray<int> _slotOf = new();         // Of each atom and image, in the order of cells.
    private readonly AlignedArray<int> _cellStarts = new();
    private readonly AlignedArray<float> _x = new();            // Positions in the order of cells, from the grid's corner.
    private readonly AlignedArray<float> _y = new();
    private readonly AlignedArray<float> _z = new();
    private readonly AlignedArray<uint> _offset = new();        // And whose they are.
    private readonly AlignedArray<int> _owners = new();         // Of each image the atom,
    private readonly AlignedArray<int> _shiftOf = new();        // and by which shift it lies beside it.
    private (int A, int B, int C) _most;                        // How many cell vectors away images are made, either way,
    private Vec3[] _shifts = [];                                // and all such shifts.
    private int[] _found = [];                                  // A chunk: images of its atoms, or entries of its lists.
    private double _perAtom = 16;                               // Entries an atom has room for.

    // What the loops read; their bodies are made once, so that a step allocates nothing.
    private readonly Action<int, int, int> _wrap;
    private readonly Action<int, int, int> _bound;
    private readonly Action<int, int, int> _countGhosts;
    private readonly Action<int, int, int> _makeGhosts;
    private readonly Action<int, int, int> _locate;
    private readonly Action<int, int, int> _locateGhosts;
    private readonly Action<int, int, int> _place;
    private readonly Action<int, int, int> _fill;
    private readonly Action<int, int, int> _follow;
    private readonly Action<int, int, int> _look;
    private readonly ParticleStore _atoms;
    private SimulationBox _box;
    private Grid _grid;
    private BoxVectors _vectors;                // The box.
    private Vector256<double> _margin;          // The reach in fractions of the heights, and zero where there are no images.
    private Vector256<double> _mostImages;      // How many cell vectors away images are made.
    [ThreadStatic]
    private static AlignedArray<float>? _candidates;    // What the atoms of a cell may have for neighbors.
    private float _limit;                       // Square of the reach, with the margin,
    private float _certain;                     // and less it: what is nearer is in both lists.
    private int[] _order = [];
    private bool _makesImages;                  // Whether images are made here; or others bring them.
    private double* _shiftRows;
    private double* _built;                     // Positions for which the list was made,
    private double _cutoff;                     // how near a newcomer must have come,
    private double _half;                       // after what way an atom is suspect,
    private double* _ways;                      // and how far those of each chunk can have gone.
    private double _beyond;                     // How far beyond the reach there still are all images.
    private readonly AlignedArray<double> _shiftVectors = new();
    private ExclusionTable? _excluded;
    private NearestImage _nearest;

    public NeighborList(ParticleStore atoms, SimulationBox box)
    {
        (_atoms, _box) = (atoms, box);
        (_wrap, _bound, _countGhosts, _makeGhosts, _locate, _locateGhosts, _place, _fill, _follow, _look) = (Wrap, Bound, CountGhosts, MakeGhosts, Locate, LocateGhosts, Place, Fill, Follow, Look);
    }

    /// <summary>Offsets, in bytes, of the neighbors of atom i: <c>Entries[Starts[i] …]</c>, <c>Counts[i]</c> of them and then some of nobody up to a multiple of <see cref="Width"/>.</summary>
    public uint* Entries => _entries.Pointer;

    public int* Starts => _starts.Pointer;

    public int* Counts => _counts.Pointer;

    /// <summary>Whose image a ghost is: <c>Owners[ghost]</c>, ghosts counted from 0.</summary>
    public int* Owners => _owners.Pointer;

    /// <summary>The place of each atom, by its index in the configuration; changes with a rebuild.</summary>
    public int[] Places { get; private set; } = [];

    /// <summary>The least coordinates of what the list was made of, atoms and images, and a little less.</summary>
    public Vec3 Corner => _grid.Corner;

    /// <summary>From <see cref="Corner"/> on that is the longest way along x, y or z.</summary>
    public double Extent => _grid.Extent;

    /// <summary>So many atoms further in their order one comes into reach that no atom before had for a neighbor, most often.</summary>
    public int Lead { get; private set; }

    /// <summary>How many rebuilds there were.</summary>
    public long Builds { get; private set; }

    /// <summary>
    /// Wraps and sorts the atoms, makes their images and finds everybody's neighbors within <paramref name="reach"/>. Forces are void afterwards.
    /// </summary>
    /// <param name="box">Where the atoms live now.</param>
    /// <param name="reach">Cutoff and skin.</param>
    /// <param name="beyond">How far beyond the reach images are made, so that <see cref="HasNewcomers"/> finds them.</param>
    /// <param name="excluded">Those that are not an atom's neighbors however near they are; none if null. Of each only the nearest image is left out.</param>
    /// <param name="loop">The way to run a loop on several threads.</param>
    /// <exception cref="ScaleModelException">An atom is nowhere, or there are too many images.</exception>
    public void Build(SimulationBox box, double reach, double beyond, ExclusionTable? excluded, ChunkedLoop loop)
    {
        (_box, _excluded, _nearest, _beyond, _makesImages) = (box, excluded, new(box), beyond, true);
        var n = _atoms.Count;
        Builds++;
        _vectors = new(box);
        _margin = _vectors.IsPeriodic * (reach + beyond) / _vectors.Heights * Vector256.Create(1 + 1e-12);
        _bounds.Ensure(8 * ChunkedLoop.Chunks(n, Chunk));
        loop.Run(n, Chunk, _wrap);
        _grid = Grid.Around(_bounds.Span(8 * ChunkedLoop.Chunks(n, Chunk)), _atoms, box, reach, beyond);
        Lead = _grid.Lead(n);
        Sort(loop);
        MakeGhosts(loop);
        FillLists(reach, loop);
    }

    /// <summary>
    /// Sorts the atoms of a part of a region, in which images are copies of atoms of other parts: whoever calls this brings them, and then has
    /// <see cref="FillAround"/> find the neighbors. Atoms are not wrapped. Forces are void afterwards.
    /// </summary>
    /// <param name="reach">Cutoff and skin.</param>
    /// <param name="beyond">How far beyond the reach images will be brought.</param>
    /// <param name="loop">The way to run a loop on several threads.</param>
    /// <exception cref="ScaleModelException">An atom is nowhere.</exception>
    public void SortPart(double reach, double beyond, ChunkedLoop loop)
    {
        (_excluded, _beyond, _makesImages) = (null, beyond, false);
        var n = _atoms.Count;
        Builds++;
        var chunks = ChunkedLoop.Chunks(n, Chunk);
        _bounds.Ensure(8 * chunks);
        loop.Run(n, Chunk, _bound);
        _grid = Grid.Around(_bounds.Span(8 * chunks), n, reach, beyond);
        Lead = _grid.Lead(n);
        Sort(loop);
        if (_found.Length < chunks)
        {
            _found = new int[chunks];
        }
    }

    /// <summary>Finds everybody's neighbors within <paramref name="reach"/>, among the atoms and the images that were brought.</summary>
    public void FillAround(double reach, ChunkedLoop loop) => FillLists(reach, loop);

    private void FillLists(double reach, ChunkedLoop loop)
    {
        var n = _atoms.Count;
        var all = n + _atoms.Ghosts;
        if (all >= MostRows)
        {
            throw TooManyImages(_atoms.Ghosts);
        }

        Bin(all, loop);
        (_limit, _certain) = (Limit(reach), Certain(reach));
        _starts.Ensure(n);
        _counts.Ensure(n);
        var chunks = ChunkedLoop.Chunks(n, Chunk);
        for (var fits = false; !fits;)
        {
            var entries = ((long)chunks * RoomOfChunk) + Slack;
            _entries.Ensure(entries <= MostEntries ? (int)entries
                : throw new ScaleModelException(FormattableString.Invariant($"The {n} atoms have {entries} neighbors within {reach}, and {MostEntries} are the most there may be: there are too many atoms for one region, or the cutoff is too long.")));
            loop.Run(n, Chunk, _fill);
            var most = 0;
            for (var c = 0; c < chunks; c++)
            {
                most = Math.Max(most, _found[c]);
            }

            fits = most <= RoomOfChunk;
            if (!fits)
            {
                _perAtom = 1.02 * most / Chunk;
            }
        }
    }

    /// <summary>
    /// Whether any two atoms or images are now nearer to each other than the cutoff and not in each other's lists, in a box that is as it was.
    /// Only the one that went farther need be looked at, and only if it went farther than half the skin.
    /// </summary>
    /// <param name="box">Where the atoms live now.</param>
    /// <param name="built">Positions for which the list was made, in the order of the atoms.</param>
    /// <param name="ways">How far the atoms of each <see cref="Chunk"/> can have gone since, at most; afterwards how far they have, where that was above half the skin.</param>
    /// <param name="cutoff">Of the interactions.</param>
    /// <param name="skin">How much longer than that the reach is.</param>
    /// <param name="loop">The way to run a loop on several threads.</param>
    /// <returns>Also true if so many have gone so far that looking costs more than a new list, or one farther than can be told.</returns>
    public bool HasNewcomers(SimulationBox box, double* built, double* ways, double cutoff, double skin, ChunkedLoop loop)
    {
        MoveTo(box);
        (_cutoff, _half) = (cutoff, 0.5 * skin);
        _built = built;
        _ways = ways;
        loop.Run(_atoms.Count, Chunk, _look);
        var suspects = 0L;
        for (var c = 0; c < ChunkedLoop.Chunks(_atoms.Count, Chunk); c++)
        {
            if (_found[c] < 0)
            {
                return true;
            }

            suspects += _found[c];
        }

        return suspects > _atoms.Count / FewSuspects;
    }

    /// <summary>Moves the images after their atoms, and after the box if it has changed.</summary>
    public void Follow(SimulationBox box, ChunkedLoop loop)
    {
        MoveTo(box);
        loop.Run(_atoms.Ghosts, 1024, _follow);
    }

    private void MoveTo(SimulationBox box)
    {
        if (!ReferenceEquals(box, _box))
        {
            _box = box;
            SetShifts();
        }
    }

    // The square of a distance, and more than the error of a difference of two coordinates in single precision, well counted.
    private float Limit(double distance)
    {
        var error = _grid.Extent * 4 * 1.2e-7;
        return (float)((distance + error) * (distance + error) * (1 + 1e-6));
    }

    // The same less the error: of two whose distance is between the two, images being somewhere else than their owners, one may know the other alone.
    private float Certain(double distance)
    {
        var nearer = Math.Max(0, distance - (_grid.Extent * 4 * 1.2e-7));
        return (float)(nearer * nearer * (1 - 1e-6));
    }

    // How many atoms of a chunk are suspect; less than none if one of them has a newcomer for a neighbor.
    private void Look(int chunk, int first, int past)
    {
        _found[chunk] = 0;
        if (_ways[chunk] <= _half)
        {
            return;
        }

        var (suspects, most) = (0, 0.0);
        for (var i = first; i < past; i++)
        {
            var at = Vector256.LoadAligned(_atoms.X + (4L * i));
            var step = at - Vector256.LoadAligned(_built + (4L * i));
            var way = Math.Sqrt(Vector256.Dot(step, step));
            most = Math.Max(most, way);
            if (way <= _half)
            {
                continue;
            }

            // The other one went no farther: it was within cutoff + 2 |u| then. What is not a number is found out by whoever builds.
            var then = _cutoff + (2 * way);
            if (!(then < _grid.Reach + _beyond) || HasNewcomer(i, at, Limit(then)))
            {
                _found[chunk] = -1;
                return;
            }

            suspects++;
        }

        (_found[chunk], _ways[chunk]) = (suspects, most);
    }

    private bool HasNewcomer(int i, Vector256<double> at, float farthest)
    {
        var runs = stackalloc int[2 * Grid.MostRuns];
        var runCount = _grid.Runs(_cellOf.Pointer[i], _cellOf.Pointer[i], _cellStarts.Pointer, runs, beyond: 1);
        var self = _slotOf.Pointer[i];
        var (x, y, z) = (Vector512.Create(_x.Pointer[self]), Vector512.Create(_y.Pointer[self]), Vector512.Create(_z.Pointer[self]));
        var (from, to) = (Vector512.Create(_certain), Vector512.Create(farthest));
        var near = _cutoff * _cutoff * (1 + 1e-12);
        for (var r = 0; r < runCount; r++)
        {
            var (begin, end) = (runs[2 * r], runs[(2 * r) + 1]);
            for (var k = begin; k < end; k += 16)
            {
                var r2 = SquaredDistance(Vector512.Load(_x.Pointer + k) - x, Vector512.Load(_y.Pointer + k) - y, Vector512.Load(_z.Pointer + k) - z);
                var bits = (uint)Vector512.ExtractMostSignificantBits(Vector512.GreaterThanOrEqual(r2, from) & Vector512.LessThan(r2, to));
                bits &= end - k < 16 ? (1u << (end - k)) - 1 : ~0u;
                for (; bits != 0; bits &= bits - 1)
                {
                    var row = (int)(_offset.Pointer[k + BitOperations.TrailingZeroCount(bits)] / RowBytes);
                    var way = at - (row < _atoms.Count || !_makesImages ? Vector256.LoadAligned(_atoms.X + (4L * row)) : Image(row - _atoms.Count));
                    way = way.WithElement(3, 0);        // That of kinds.
                    if (Vector256.Dot(way, way) < near)
                    {
                        return true;
                    }
                }
            }
        }

        return false;
    }

    // The square of a distance, for lists and for those who look whether they still serve.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> SquaredDistance(Vector512<float> x, Vector512<float> y, Vector512<float> z) =>
        Vector512.FusedMultiplyAdd(z, z, Vector512.FusedMultiplyAdd(y, y, x * x));

    private int RoomOfChunk => (((int)(_perAtom * Chunk) + Width - 1) / Width * Width) + Slack;

    private void Wrap(int chunk, int first, int past)
    {
        var x = _atoms.X;
        for (var i = first; i < past; i++)
        {
            _vectors.Wrap(x + (4L * i), ref _atoms.Images[i]);
        }

        Bound(chunk, first, past);
    }

    private void Bound(int chunk, int first, int past)
    {
        var low = Vector256.Create(double.PositiveInfinity);
        var high = -low;
        for (var i = first; i < past; i++)
        {
            // What is not a number stays one.
            var at = Vector256.LoadAligned(_atoms.X + (4L * i));
            (low, high) = (Vector256.Min(low, at), Vector256.Max(high, at));
        }

        low.StoreAligned(_bounds.Pointer + (8L * chunk));
        high.StoreAligned(_bounds.Pointer + (8L * chunk) + 4);
    }

    // Sorting by counting: cells, then how many atoms each has, then everybody to his place, in the order in which they stood.
    private void Sort(ChunkedLoop loop)
    {
        var n = _atoms.Count;
        if (_order.Length < n)
        {
            (_order, Places) = (new int[_atoms.Room], new int[_atoms.Room]);
        }

        _unsorted.Ensure(n);
        _cellOf.Ensure(n);
        loop.Run(n, 1024, _locate);
        CountCells(_unsorted.Pointer, n);
        var starts = _cellStarts.Pointer;
        for (var i = 0; i < n; i++)
        {
            var cell = _unsorted.Pointer[i];
            var place = starts[cell]++;
            (_order[place], _cellOf.Pointer[place]) = (i, cell);
        }

        _atoms.Reorder(_order, loop);
        for (var i = 0; i < n; i++)
        {
            Places[_atoms.Ids[i]] = i;
        }
    }

    private void CountCells(int* cellOf, int all)
    {
        var cells = _grid.Cells;
        _cellStarts.Ensure(cells + 1);
        var starts = _cellStarts.Pointer;
        _cellStarts.Span(cells + 1).Clear();
        for (var i = 0; i < all; i++)
        {
            starts[cellOf[i] + 1]++;
        }

        for (var c = 0; c < cells; c++)
        {
            starts[c + 1] += starts[c];
        }
    }

    private void Locate(int chunk, int first, int past)
    {
        for (var i = first; i < past; i++)
        {
            _unsorted.Pointer[i] = _grid.CellOf(_atoms.X + (4L * i));
        }
    }

    private void LocateGhosts(int chunk, int first, int past)
    {
        for (var i = _atoms.Count + first; i < _atoms.Count + past; i++)
        {
            _cellOf.Pointer[i] = _grid.CellOf(_atoms.X + (4L * i));
        }
    }

    private void Bin(int all, ChunkedLoop loop)
    {
        _cellOf.Ensure(all, _atoms.Count);
        loop.Run(_atoms.Ghosts, 1024, _locateGhosts);
        CountCells(_cellOf.Pointer, all);
        _x.Ensure(all + Slack);
        _y.Ensure(all + Slack);
        _z.Ensure(all + Slack);
        _offset.Ensure(all + Slack);
        _slotOf.Ensure(all);
        var starts = _cellStarts.Pointer;
        for (var i = 0; i < all; i++)
        {
            _slotOf.Pointer[i] = starts[_cellOf.Pointer[i]]++;
        }

        loop.Run(all, 1024, _place);

        // Each entry now says where its cell ends, which is where the next one begins.
        for (var c = _grid.Cells; c > 0; c--)
        {
            starts[c] = starts[c - 1];
        }

        starts[0] = 0;
    }

    private void Place(int chunk, int first, int past)
    {
        var x = _x.Pointer;
        var y = _y.Pointer;
        var z = _z.Pointer;
        var corner = _grid.Corner;
        for (var i = first; i < past; i++)
        {
            var slot = _slotOf.Pointer[i];
            var row = _atoms.X + (4L * i);
            (x[slot], y[slot], z[slot]) = ((float)(row[0] - corner.X), (float)(row[1] - corner.Y), (float)(row[2] - corner.Z));
            _offset.Pointer[slot] = (uint)i * RowBytes;
        }
    }

    private void MakeGhosts(ChunkedLoop loop)
    {
        // Every shift by so many cell vectors either way, in order.
        var n = _atoms.Count;
        double Sides(Func<double, double> of) => of(_margin[0]) * of(_margin[1]) * of(_margin[2]);
        if (!(n * Sides(m => 1 + (2 * m)) < 2.0 * MostRows && Sides(m => (2 * Math.Ceiling(m)) + 1) < MostShifts))
        {
            throw TooManyImages(n * (Sides(m => 1 + (2 * m)) - 1));
        }

        int Reach(int side) => (int)Math.Ceiling(_margin[side]);
        var most = (Reach(0), Reach(1), Reach(2));
        if (most != _most || _shifts.Length == 0)
        {
            _most = most;
            _shifts = Shifts(most);
        }

        _mostImages = Vector256.Create(most.Item1, most.Item2, most.Item3, 0.0);
        SetShifts();
        var chunks = ChunkedLoop.Chunks(n, Chunk);
        if (_found.Length < chunks)
        {
            _found = new int[chunks];
        }

        loop.Run(n, Chunk, _countGhosts);
        var ghosts = 0L;
        for (var c = 0; c < chunks; c++)
        {
            var before = ghosts;
            ghosts += _found[c];
            _found[c] = (int)Math.Min(before, int.MaxValue);
        }

        if (n + ghosts >= MostRows)
        {
            throw TooManyImages(ghosts);
        }

        _owners.Ensure((int)ghosts);
        _shiftOf.Ensure((int)ghosts);
        _atoms.SetGhosts((int)ghosts);
        loop.Run(n, Chunk, _makeGhosts);
        loop.Run((int)ghosts, 1024, _follow);
    }

    private ScaleModelException TooManyImages(double ghosts) => new(FormattableString.Invariant(
        $"The {_atoms.Count} atoms have {ghosts:0} images within their reach, and {MostRows} are the most there may be: the cutoff is far longer than the box."));

    private static Vec3[] Shifts((int A, int B, int C) most) =>
        [.. from a in Enumerable.Range(-most.A, (2 * most.A) + 1)
            from b in Enumerable.Range(-most.B, (2 * most.B) + 1)
            from c in Enumerable.Range(-most.C, (2 * most.C) + 1)
            select new Vec3(a, b, c)];

    private void SetShifts()
    {
        _shiftVectors.Ensure(4 * Math.Max(1, _shifts.Length));
        _shiftRows = _shiftVectors.Pointer;
        for (var s = 0; s < _shifts.Length; s++)
        {
            ParticleStore.Write(_shiftRows, s, _box.Cell * _shifts[s], 0);
        }
    }

    private void CountGhosts(int chunk, int first, int past)
    {
        var count = 0;
        for (var i = first; i < past; i++)
        {
            if (HasImages(i, out var from, out var to))
            {
                var sides = to - from + Vector256<double>.One;
                count += (int)(sides[0] * sides[1] * sides[2]) - 1;
            }
        }

        _found[chunk] = count;
    }

    private void MakeGhosts(int chunk, int first, int past)
    {
        var at = _found[chunk];
        for (var i = first; i < past; i++)
        {
            if (!HasImages(i, out var from, out var to))
            {
                continue;
            }

            var (a1, b1, c1) = ((int)to[0], (int)to[1], (int)to[2]);
            for (var a = (int)from[0]; a <= a1; a++)
            {
                for (var b = (int)from[1]; b <= b1; b++)
                {
                    for (var c = (int)from[2]; c <= c1; c++)
                    {
                        if (a != 0 || b != 0 || c != 0)
                        {
                            _owners.Pointer[at] = i;
                            _shiftOf.Pointer[at++] = ((((a + _most.A) * ((2 * _most.B) + 1)) + b + _most.B) * ((2 * _most.C) + 1)) + c + _most.C;
                        }
                    }
                }
            }
        }
    }

    // By how many cell vectors, from and to, an atom may be shifted so that it lies within the reach of the box.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool HasImages(int i, out Vector256<double> from, out Vector256<double> to)
    {
        // −margin ≤ s + shift ≤ 1 + margin; a wrapped atom needs no shift to lie in the box, and where a side ends there is none.
        var s = _vectors.Fraction(_atoms.X + (4L * i));
        from = Vector256.Min(Vector256.Max(Vector256.Ceiling(-_margin - s), -_mostImages), Vector256<double>.Zero);
        to = Vector256.Max(Vector256.Min(Vector256.Floor(_vectors.IsPeriodic + _margin - s), _mostImages), Vector256<double>.Zero);
        return from != Vector256<double>.Zero || to != Vector256<double>.Zero;
    }

    private void Follow(int chunk, int first, int past)
    {
        var ghosts = _atoms.X + (4L * _atoms.Count);
        for (var g = first; g < past; g++)
        {
            Image(g).StoreAligned(ghosts + (4L * g));
        }
    }

    // Where an image is now. The shift's fourth entry is zero: the kind stays.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Vector256<double> Image(int ghost) =>
        Vector256.LoadAligned(_atoms.X + (4L * _owners.Pointer[ghost])) + Vector256.LoadAligned(_shiftRows + (4L * _shiftOf.Pointer[ghost]));

    private void Fill(int chunk, int first, int past)
    {
        var entries = _entries.Pointer + ((long)chunk * RoomOfChunk);
        var room = RoomOfChunk - Slack;
        var used = 0;
        var last = -1;
        var nobody = (uint)_atoms.Nobody * RowBytes;
        var near = _candidates ??= new();
        var count = 0;
        var limit = Vector512.Create(_limit);
        for (var i = first; i < past; i++)
        {
            if (_cellOf.Pointer[i] > last)
            {
                (var cell, last) = _grid.Pair(_cellOf.Pointer[i]);
                count = Gather(cell, last, near);
            }

            var xs = near.Pointer;
            var ys = xs + Plane(count);
            var zs = ys + Plane(count);
            var offsets = (uint*)(zs + Plane(count));
            var (self, own) = (_slotOf.Pointer[i], Vector512.Create((uint)i * RowBytes));
            var (x, y, z) = (Vector512.Create(_x.Pointer[self]), Vector512.Create(_y.Pointer[self]), Vector512.Create(_z.Pointer[self]));
            var start = used;
            for (var k = 0; k < count; k += 16)
            {
                var r2 = SquaredDistance(Vector512.LoadAligned(xs + k) - x, Vector512.LoadAligned(ys + k) - y, Vector512.LoadAligned(zs + k) - z);
                var offset = Vector512.LoadAligned(offsets + k);
                var isNear = Vector512.LessThan(r2, limit).AsUInt32() & ~Vector512.Equals(offset, own);
                var bits = (uint)Vector512.ExtractMostSignificantBits(isNear);
                if (used <= room)
                {
                    Compress(entries + used, offset, isNear, bits);
                }

                used += BitOperations.PopCount(bits);
            }

            if (_excluded is { } excluded && used <= room)
            {
                used = start + WithoutExcluded(i, entries + start, used - start, excluded);
            }

            _starts.Pointer[i] = (int)(entries - _entries.Pointer) + start;
            _counts.Pointer[i] = used - start;
            for (; ((used - start) % Width) != 0; used++)
            {
                if (used <= room)
                {
                    entries[used] = nobody;
                }
            }
        }

        _found[chunk] = used + Slack;
    }

    // So far apart lie x, y, z and offsets of so many candidates: a store of a whole vector may reach beyond what counts.
    private static int Plane(int count) => count + Slack;

    // All that may be within the reach of what is in cells of a row: x, y, z and offsets, filled up to whole vectors with what is nowhere near.
    private int Gather(int cell, int last, AlignedArray<float> to)
    {
        var runs = stackalloc int[2 * Grid.MostRuns];
        var runCount = _grid.Runs(cell, last, _cellStarts.Pointer, runs, beyond: 0);
        var count = 0;
        for (var r = 0; r < runCount; r++)
        {
            count += runs[(2 * r) + 1] - runs[2 * r];
        }

        count = (count + 15) & ~15;
        to.Ensure(4 * Plane(count));
        var x = to.Pointer;
        var y = x + Plane(count);
        var z = y + Plane(count);
        var offset = z + Plane(count);
        var at = 0;
        for (var r = 0; r < runCount; r++)
        {
            var (begin, end) = (runs[2 * r], runs[(2 * r) + 1]);
            for (var k = begin; k < end; k += 16)
            {
                // Whole vectors: what is beyond the run's end is written over by the next.
                Vector512.Load(_x.Pointer + k).Store(x + at + k - begin);
                Vector512.Load(_y.Pointer + k).Store(y + at + k - begin);
                Vector512.Load(_z.Pointer + k).Store(z + at + k - begin);
                Vector512.Load((float*)_offset.Pointer + k).Store(offset + at + k - begin);
            }

            at += end - begin;
        }

        Vector512.Create(1e30f).Store(x + at);
        return count;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Compress(uint* to, Vector512<uint> from, Vector512<uint> mask, uint bits)
    {
        if (Avx512F.IsSupported)
        {
            Avx512F.Compress(Vector512<uint>.Zero, mask, from).Store(to);
            return;
        }

        for (; bits != 0; bits &= bits - 1)
        {
            *to++ = from[BitOperations.TrailingZeroCount(bits)];
        }
    }

    // Takes out the nearest image of each excluded atom, and leaves others where they are: in a box shorter than twice the reach they count.
    private int WithoutExcluded(int i, uint* entries, int count, ExclusionTable excluded)
    {
        var x = _atoms.X;
        var xi = Vector256.LoadAligned(x + (4L * i));
        var id = _atoms.Ids[i];
        for (var e = excluded.Starts[id]; e < excluded.Starts[id + 1]; e++)
        {
            var place = Places[excluded.Partners[e]];
            var at = -1;
            if (_nearest.Is(xi - Vector256.LoadAligned(x + (4L * place))))
            {
                at = new ReadOnlySpan<uint>(entries, count).IndexOf((uint)place * RowBytes);
            }
            else
            {
                for (var k = 0; k < count && at < 0; k++)
                {
                    var row = (int)(entries[k] / RowBytes);
                    if (row >= _atoms.Count && _owners.Pointer[row - _atoms.Count] == place && _nearest.Is(xi - Vector256.LoadAligned(x + (4L * row))))
                    {
                        at = k;
                    }
                }
            }

            if (at >= 0)
            {
                count--;
                new ReadOnlySpan<uint>(entries + at + 1, count - at).CopyTo(new Span<uint>(entries + at, count - at));
            }
        }

        return count;
    }

    /// <summary>Cells of half the reach, or of the whole where these would be all but empty, in rows along x, around all atoms and images.</summary>
    private readonly struct Grid
    {
        public const int MostRuns = 49;     // Of those that are one cell beyond two.
        private const int Strip = 8;
        private const double FarthestReaches = 1e6;         // Single precision tells no neighbors farther out.
        private readonly int _span;         // How many cells away neighbors may be.
        private readonly double _perLength;
        private readonly int _nx;
        private readonly int _ny;
        private readonly int _nz;

        private Grid(Vec3 low, Vec3 high, double reach, int count, double density)
        {
            (Corner, Reach) = (low, reach);
            var size = high - low;
            Extent = Math.Max(size.X, Math.Max(size.Y, size.Z));

            // A few cells an atom, however thin they are spread.
            _span = density * Math.Pow(reach / 2, 3) < 1 ? 1 : 2;
            var width = reach / _span;
            static double Number(double extent, double width) => Math.Floor(extent / width) + 1;
            while (Number(size.X, width) * Strip * Math.Ceiling(Number(size.Y, width) / Strip) * Number(size.Z, width) > 4096 + (64.0 * count))
            {
                width *= 1.3;
            }

            _perLength = 1 / width;
            (_nx, _ny, _nz) = ((int)(size.X * _perLength) + 1, (int)(size.Y * _perLength) + 1, (int)(size.Z * _perLength) + 1);
        }

        public Vec3 Corner { get; }

        public double Reach { get; }

        public double Extent { get; }

        // A layer of a strip is as thick as a cell, and one more than are in reach is already beyond it.
        public int Lead(int count) => (int)((_span + 1) * (long)count / (_nz * ((_ny + Strip - 1) / Strip)));

        public int Cells => _nx * Strip * ((_ny + Strip - 1) / Strip) * _nz;

        /// <summary>Cells around rows of least and greatest coordinates, in turn, and around the images of what is in the box.</summary>
        public static Grid Around(ReadOnlySpan<double> bounds, ParticleStore atoms, SimulationBox box, double reach, double beyond)
        {
            var count = atoms.Count;
            var (low, high) = Bounds(bounds, reach);
            var density = Density(count, high - low, reach);

            // Images lie within a margin around the box where it is periodic. Where it ends atoms may be farther out, and their images along
            // other sides as far as they.
            var (least, most) = (Vec3.Zero, new Vec3(1, 1, 1));
            if (!box.IsOrthogonal && !(box.IsPeriodic(0) && box.IsPeriodic(1) && box.IsPeriodic(2)))
            {
                for (var i = 0; i < count; i++)
                {
                    var s = box.Fraction(atoms.Position(i));
                    least = new(Math.Min(least.X, s.X), Math.Min(least.Y, s.Y), Math.Min(least.Z, s.Z));
                    most = new(Math.Max(most.X, s.X), Math.Max(most.Y, s.Y), Math.Max(most.Z, s.Z));
                }
            }

            for (var corner = 0; corner < 8; corner++)
            {
                double At(int side, double from, double to, double height)
                {
                    var margin = box.IsPeriodic(side) ? (reach + beyond) / height : 0;
                    return (corner >> side & 1) == 0 ? from - margin : to + margin;
                }

                var h = box.Heights;
                var x = box.Point(new(At(0, least.X, most.X, h.X), At(1, least.Y, most.Y, h.Y), At(2, least.Z, most.Z, h.Z)));
                low = new(Math.Min(low.X, x.X), Math.Min(low.Y, x.Y), Math.Min(low.Z, x.Z));
                high = new(Math.Max(high.X, x.X), Math.Max(high.Y, x.Y), Math.Max(high.Z, x.Z));
            }

            return Padded(low, high, 1e-6 * reach, reach, count, density);
        }

        /// <summary>Cells around rows of least and greatest coordinates, in turn, and around all that these atoms can feel. Images farther out are in the outermost cells, nearer than they are: nobody has them for a neighbor.</summary>
        public static Grid Around(ReadOnlySpan<double> bounds, int count, double reach, double beyond)
        {
            var (low, high) = Bounds(bounds, reach);
            return Padded(low, high, ((reach + beyond) * (1 + 1e-12)) + (1e-6 * reach), reach, count, Density(count, high - low, reach));
        }

        private static Grid Padded(Vec3 low, Vec3 high, double margin, double reach, int count, double density) =>
            new(low - new Vec3(margin, margin, margin), high + new Vec3(margin, margin, margin), reach, count, density);

        private static double Density(int count, Vec3 size, double reach) => count / ((size.X + reach) * (size.Y + reach) * (size.Z + reach));

        // What all rows lie between.
        private static (Vec3 Low, Vec3 High) Bounds(ReadOnlySpan<double> bounds, double reach)
        {
            var (low, high) = (new Vec3(bounds[0], bounds[1], bounds[2]), new Vec3(bounds[4], bounds[5], bounds[6]));
            for (var b = 8; b < bounds.Length; b += 8)
            {
                low = new(Math.Min(low.X, bounds[b]), Math.Min(low.Y, bounds[b + 1]), Math.Min(low.Z, bounds[b + 2]));
                high = new(Math.Max(high.X, bounds[b + 4]), Math.Max(high.Y, bounds[b + 5]), Math.Max(high.Z, bounds[b + 6]));
            }

            if (!double.IsFinite((high - low).NormSquared))
            {
                throw new ScaleModelException("An atom is nowhere: a coordinate is not a finite number. The time step is probably too long, or two atoms lie upon each other.");
            }

            var size = high - low;
            if (!(Math.Max(size.X, Math.Max(size.Y, size.Z)) < FarthestReaches * reach))
            {
                throw new ScaleModelException(FormattableString.Invariant($"Atoms are {size} apart, and feel each other within {reach}: some have flown away. The time step is probably too long, or two atoms lay almost upon each other."));
            }

            return (low, high);
        }

        public int CellOf(double* row) => (RowOf(Index(row[1] - Corner.Y, _ny), Index(row[2] - Corner.Z, _nz)) * _nx) + Index(row[0] - Corner.X, _nx);

        // Rows in strips along z, some of them wide: what an atom's neighbors are is then still in the cache, however large the box.
        private int RowOf(int y, int z) => (((y / Strip * _nz) + z) * Strip) + (y % Strip);

        private int Index(double x, int n) => Math.Clamp((int)(x * _perLength), 0, n - 1);

        /// <summary>The cells, first and last, for which candidates are gathered at once: two of a row.</summary>
        public (int First, int Last) Pair(int cell)
        {
            var cx = cell % _nx;
            var first = cell - (cx & 1);
            return (first, (cx | 1) < _nx ? first + 1 : first);
        }

        /// <summary>The runs of slots that hold all that is within the reach of cells of a row, and so many cells beyond: begin and end of each.</summary>
        public int Runs(int cell, int last, int* starts, int* runs, int beyond)
        {
            var span = _span + beyond;
            var (cx, line) = (cell % _nx, cell / _nx);
            var (cy, cz) = ((line / Strip / _nz * Strip) + (line % Strip), line / Strip % _nz);
            var (from, to) = (Math.Max(cx - span, 0), Math.Min(cx + last - cell + span, _nx - 1) + 1);
            var count = 0;
            for (var z = Math.Max(cz - span, 0); z <= Math.Min(cz + span, _nz - 1); z++)
            {
                for (var y = Math.Max(cy - span, 0); y <= Math.Min(cy + span, _ny - 1); y++)
                {
                    var row = RowOf(y, z) * _nx;
                    var (begin, end) = (starts[row + from], starts[row + to]);
                    if (end > begin)
                    {
                        (runs[2 * count], runs[(2 * count) + 1]) = (begin, end);
                        count++;
                    }
                }
            }

            return count;
        }
    }
}

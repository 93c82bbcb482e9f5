using System.Collections.Immutable;
using System.Globalization;
using ActorMultiscale.Physics.Continuum.Elements;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Continuum.Meshes;

/// <summary>
/// A mesh: points, cells of one or several kinds, named regions of cells and named boundaries of facets. Immutable; what changes it makes a new one.
/// Cells are numbered through all blocks in their order.
/// </summary>
public sealed class Mesh
{
    private readonly Vec3[] _points;
    private readonly int[] _firstCell;      // Of each block, and the number of cells.
    private readonly Lazy<MeshTopology> _topology;
    private readonly Lazy<ulong> _fingerprint;

    /// <summary>A mesh of points and cells.</summary>
    /// <param name="points">Where the points are, m; of a mesh in one or two dimensions y and z, or z, are zero. Copied.</param>
    /// <param name="blocks">The cells, all of one dimension.</param>
    /// <exception cref="ScaleModelException">There is no cell, a point is missing or in no cell or not finite, or the dimensions do not fit; all faults at once.</exception>
    public Mesh(ReadOnlySpan<Vec3> points, ImmutableArray<CellBlock> blocks)
        : this(points.ToArray(), blocks, ImmutableSortedDictionary.Create<string, ImmutableArray<int>>(StringComparer.Ordinal), ImmutableSortedDictionary.Create<string, ImmutableArray<Facet>>(StringComparer.Ordinal))
    {
        var faults = Faults();
        if (faults.Count > 0)
        {
            throw new ScaleModelException("These are no mesh: " + string.Join(" ", faults));
        }
    }

    private Mesh(
        Vec3[] points, ImmutableArray<CellBlock> blocks, ImmutableSortedDictionary<string, ImmutableArray<int>> regions,
        ImmutableSortedDictionary<string, ImmutableArray<Facet>> boundaries, Lazy<MeshTopology>? topology = null)
    {
        (_points, Blocks, Regions, Boundaries) = (points, blocks, regions, boundaries);
        _firstCell = new int[blocks.Length + 1];
        for (var b = 0; b < blocks.Length; b++)
        {
            _firstCell[b + 1] = _firstCell[b] + blocks[b].Count;
        }

        _topology = topology ?? new(() => new MeshTopology(this));
        _fingerprint = new(MakeFingerprint);
    }

    /// <summary>A mesh that is one by the way in which it was made: nothing is looked at, and nothing is copied.</summary>
    /// <param name="points">Where the points are, m.</param>
    /// <param name="block">The cells.</param>
    /// <param name="regions">By rising cells.</param>
    /// <param name="boundaries">By rising cells, and facets of a cell.</param>
    internal static Mesh OfForest(
        Vec3[] points, CellBlock block, ImmutableSortedDictionary<string, ImmutableArray<int>> regions, ImmutableSortedDictionary<string, ImmutableArray<Facet>> boundaries) =>
        new(points, [block], regions, boundaries);

    /// <summary>Where the points are, m.</summary>
    public ReadOnlySpan<Vec3> Points => _points;

    /// <summary>The cells by their kinds.</summary>
    public ImmutableArray<CellBlock> Blocks { get; }

    /// <summary>Named sets of cells, by rising number. A cell may be in several.</summary>
    public ImmutableSortedDictionary<string, ImmutableArray<int>> Regions { get; }

    /// <summary>Named sets of facets. Those inside the mesh bear the normal of the cell that they name.</summary>
    public ImmutableSortedDictionary<string, ImmutableArray<Facet>> Boundaries { get; }

    /// <summary>Whether another mesh has the same points and cells, whatever is named on it.</summary>
    internal bool HasCellsOf(Mesh other) =>
        ReferenceEquals(_points, other._points) && Blocks == other.Blocks
        || (_points.AsSpan().SequenceEqual(other._points) && Blocks.Length == other.Blocks.Length
            && Blocks.Zip(other.Blocks).All(b => b.First.Shape == b.Second.Shape && b.First.Order == b.Second.Order && b.First.Nodes.AsSpan().SequenceEqual(b.Second.Nodes.AsSpan())));

    /// <summary>The dimension of space and of the cells, 1 to 3.</summary>
    public int Dimension => Blocks[0].Geometry.Cell.Dimension;

    /// <summary>The number of cells.</summary>
    public int CellCount => _firstCell[^1];

    /// <summary>Edges and facets; derived when first asked for.</summary>
    /// <exception cref="ScaleModelException">Three cells have one facet, or two cells all facets in common.</exception>
    public MeshTopology Topology => _topology.Value;

    /// <summary>A number that tells this mesh from others: of its points, cells, regions and boundaries.</summary>
    public ulong Fingerprint => _fingerprint.Value;

    /// <summary>The number of a block's first cell.</summary>
    public int FirstCell(int block) => _firstCell[block];

    /// <summary>The block of a cell, and its number in there.</summary>
    public (int Block, int Local) Locate(int cell)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)cell, (uint)CellCount, nameof(cell));
        var block = 0;
        while (cell >= _firstCell[block + 1])
        {
            block++;
        }

        return (block, cell - _firstCell[block]);
    }

    /// <summary>The element that maps the reference cell to a cell.</summary>
    public ReferenceElement Geometry(int cell) => Blocks[Locate(cell).Block].Geometry;

    /// <summary>The points of a cell's nodes.</summary>
    public ReadOnlySpan<int> Cell(int cell)
    {
        var (block, local) = Locate(cell);
        return Blocks[block].Cell(local);
    }

    /// <summary>The points of a cell's vertices.</summary>
    public ReadOnlySpan<int> Vertices(int cell)
    {
        var (block, local) = Locate(cell);
        return Blocks[block].Cell(local)[..Blocks[block].Geometry.Cell.Vertices.Length];
    }

    /// <summary>The cells of a region.</summary>
    /// <exception cref="ScaleModelException">There is no such region; the message names those that are there.</exception>
    public ImmutableArray<int> Region(string name) => Regions.TryGetValue(name, out var cells) ? cells : throw Missing("region", name, Regions.Keys);

    /// <summary>The facets of a boundary.</summary>
    /// <exception cref="ScaleModelException">There is no such boundary; the message names those that are there.</exception>
    public ImmutableArray<Facet> Boundary(string name) => Boundaries.TryGetValue(name, out var facets) ? facets : throw Missing("boundary", name, Boundaries.Keys);

    /// <summary>The place of a point of the reference cell in a cell, x(ξ) = Σ N_a(ξ) x_a, m.</summary>
    public Vec3 Place(int cell, Vec3 at)
    {
        var (block, local) = Locate(cell);
        var element = Blocks[block].Geometry;
        Span<double> values = stackalloc double[element.Nodes.Length];
        Span<Vec3> gradients = stackalloc Vec3[element.Nodes.Length];
        element.Evaluate(at, values, gradients);
        var nodes = Blocks[block].Cell(local);
        var place = Vec3.Zero;
        for (var a = 0; a < nodes.Length; a++)
        {
            place += values[a] * _points[nodes[a]];
        }

        return place;
    }

    /// <summary>The same mesh with a named region: the cells whose middle fulfills a condition.</summary>
    /// <param name="name">The name; a region that has it is replaced.</param>
    /// <param name="where">The condition on the middle, m.</param>
    public Mesh WithRegion(string name, Func<Vec3, bool> where)
    {
        ArgumentNullException.ThrowIfNull(where);
        return WithRegion(name, Enumerable.Range(0, CellCount).Where(c => where(Place(c, Geometry(c).Cell.Middle))));
    }

    /// <summary>The same mesh with a named region of given cells.</summary>
    /// <exception cref="ScaleModelException">There is no such cell, or none is given.</exception>
    public Mesh WithRegion(string name, IEnumerable<int> cells)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ImmutableArray<int> sorted = [.. cells.Distinct().Order()];
        return sorted.Length == 0 ? throw new ScaleModelException($"The region '{name}' has no cell.")
            : sorted[0] < 0 || sorted[^1] >= CellCount ? throw new ScaleModelException($"The region '{name}' names cell {(sorted[0] < 0 ? sorted[0] : sorted[^1])}; cells are 0 to {CellCount - 1}.")
            : new(_points, Blocks, Regions.SetItem(name, sorted), Boundaries, _topology);
    }

    /// <summary>The same mesh with a named boundary: the outer facets all of whose nodes fulfill a condition.</summary>
    /// <param name="name">The name; a boundary that has it is replaced.</param>
    /// <param name="where">The condition on a node, m.</param>
    public Mesh WithBoundary(string name, Func<Vec3, bool> where)
    {
        ArgumentNullException.ThrowIfNull(where);
        return WithBoundary(name, Topology.Outer.Where(f =>
        {
            var nodes = Cell(f.Cell).ToArray();
            return Geometry(f.Cell).FacetNodes[f.Local].All(a => where(_points[nodes[a]]));
        }));
    }

    /// <summary>The same mesh with a named boundary inside it: the facets between two cells all of whose nodes fulfill a condition, each named by its first cell.</summary>
    /// <param name="name">The name; a boundary that has it is replaced.</param>
    /// <param name="where">The condition on a node, m.</param>
    /// <exception cref="ScaleModelException">There is no such facet.</exception>
    public Mesh WithInnerBoundary(string name, Func<Vec3, bool> where)
    {
        ArgumentNullException.ThrowIfNull(where);
        return WithBoundary(name, Enumerable.Range(0, Topology.FacetCount).Select(Topology.CellsOf).Where(f => f.Second.Cell >= 0).Select(f => f.First).Where(f =>
        {
            var nodes = Cell(f.Cell).ToArray();
            return Geometry(f.Cell).FacetNodes[f.Local].All(a => where(_points[nodes[a]]));
        }));
    }

    /// <summary>The same mesh with a named boundary of given facets.</summary>
    /// <exception cref="ScaleModelException">There is no such facet, or none is given.</exception>
    public Mesh WithBoundary(string name, IEnumerable<Facet> facets)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ImmutableArray<Facet> sorted = [.. facets.Distinct().OrderBy(f => f.Cell).ThenBy(f => f.Local)];
        return sorted.Length == 0 ? throw new ScaleModelException($"The boundary '{name}' has no facet.")
            : sorted.FirstOrDefault(f => f.Cell < 0 || f.Cell >= CellCount || f.Local < 0 || f.Local >= Geometry(f.Cell).Cell.Facets.Length, new(-2, 0)) is { Cell: not -2 } bad ? throw new ScaleModelException($"The boundary '{name}' names facet {bad.Local} of cell {bad.Cell}, which does not exist; cells are 0 to {CellCount - 1}.")
            : new(_points, Blocks, Regions, Boundaries.SetItem(name, sorted), _topology);
    }

    /// <summary>The same cells with the points moved.</summary>
    /// <param name="move">Where a point goes, m; a mesh in the plane or on the line stays there.</param>
    /// <exception cref="ScaleModelException">A point goes to a place that is not finite, or leaves the plane or the line; several faults at once.</exception>
    public Mesh Moved(Func<Vec3, Vec3> move)
    {
        ArgumentNullException.ThrowIfNull(move);
        Mesh moved = new(Array.ConvertAll(_points, x => move(x)), Blocks, Regions, Boundaries, _topology);
        List<string> faults = [];
        for (var p = 0; p < moved._points.Length && faults.Count < 20; p++)
        {
            moved.AddFaultsOfPoint(p, faults);
        }

        return faults.Count == 0 ? moved : throw new ScaleModelException("The points cannot be moved so: " + string.Join(" ", faults));
    }

    /// <summary>The same cells with curved edges, for the time being straight: nodes are added in the middle of edges, of faces with four vertices, and of hexahedra.</summary>
    public Mesh Quadratic()
    {
        var nodes = NodeNumbers.Of(this, 2);
        var points = nodes.Places(this, 2);
        return new(points, Of(nodes, 2), Regions, Boundaries);
    }

    /// <summary>Every line cut into two cells, every triangle and quadrilateral into four, every tetrahedron and hexahedron into eight. Curved cells stay so, regions and boundaries are kept.</summary>
    /// <remarks>
    /// New points stand where the cell's own map puts the middles of its edges, faces and itself. The octahedron inside a tetrahedron is cut along its shortest
    /// diagonal, which keeps the cells from degenerating. After: Zhang, Houston J. Math. 21 (1995) 541.
    /// </remarks>
    public Mesh Refined()
    {
        var numbers = NodeNumbers.Of(this, 2);
        var places = numbers.Places(this, 2);
        var blocks = ImmutableArray.CreateBuilder<CellBlock>();
        var cutOf = new ReferenceCut[CellCount];
        for (var b = 0; b < Blocks.Length; b++)
        {
            var nodes = ImmutableArray.CreateBuilder<int>();
            for (var c = _firstCell[b]; c < _firstCell[b + 1]; c++)
            {
                var of = numbers.Cell(c);
                cutOf[c] = ReferenceCut.Of(Blocks[b].Shape, of, places);
                foreach (var child in cutOf[c].Children)
                {
                    foreach (var v in child)
                    {
                        nodes.Add(of[v]);
                    }
                }
            }

            blocks.Add(new(Blocks[b].Shape, 1, nodes.ToImmutable()));
        }

        var children = cutOf.Length == 0 ? 0 : 1 << Dimension;
        var refined = new Mesh(
            places, blocks.ToImmutable(), Regions.ToImmutableSortedDictionary(r => r.Key, r => r.Value.SelectMany(c => Enumerable.Range(c * children, children)).ToImmutableArray(), StringComparer.Ordinal),
            Boundaries.ToImmutableSortedDictionary(
                s => s.Key, s => s.Value.SelectMany(f => cutOf[f.Cell].OnFacet[f.Local].Select(child => new Facet((f.Cell * children) + child.Cell, child.Local))).ToImmutableArray(), StringComparer.Ordinal));
        return Blocks.All(b => b.Order == 1) ? refined : refined.CurvedLike(this, cutOf);
    }

    // The children's middle nodes by the parents' maps.
    private Mesh CurvedLike(Mesh parent, ReferenceCut[] cutOf)
    {
        var numbers = NodeNumbers.Of(this, 2);
        var places = new Vec3[numbers.Count];
        for (var c = 0; c < CellCount; c++)
        {
            var (from, child) = (c / (1 << Dimension), c % (1 << Dimension));
            var at = cutOf[from].NodePlaces[child];
            for (var a = 0; a < at.Length; a++)
            {
                places[numbers.Cell(c)[a]] = parent.Place(from, at[a]);
            }
        }

        return new(places, Of(numbers, 2), Regions, Boundaries);
    }

    private ImmutableArray<CellBlock> Of(NodeNumbers nodes, int order)
    {
        var blocks = ImmutableArray.CreateBuilder<CellBlock>();
        for (var b = 0; b < Blocks.Length; b++)
        {
            var all = ImmutableArray.CreateBuilder<int>();
            for (var c = _firstCell[b]; c < _firstCell[b + 1]; c++)
            {
                all.AddRange(nodes.Cell(c));
            }

            blocks.Add(new(Blocks[b].Shape, order, all.ToImmutable()));
        }

        return blocks.ToImmutable();
    }

    private List<string> Faults()
    {
        List<string> faults = [];
        if (Blocks.IsDefaultOrEmpty || CellCount == 0)
        {
            return ["there is no cell."];
        }

        var dimension = Dimension;
        if (Blocks.FirstOrDefault(b => b.Geometry.Cell.Dimension != dimension) is { } other)
        {
            faults.Add($"{Blocks[0].Shape} and {other.Shape} have unlike dimensions; cells have one.");
        }

        var used = new bool[_points.Length];
        foreach (var (b, block) in Blocks.Index())
        {
            if (block.Nodes.Length % block.Geometry.Nodes.Length != 0)
            {
                faults.Add($"block {b} has {block.Nodes.Length} nodes, which is no multiple of the {block.Geometry.Nodes.Length} of a {block.Shape} of order {block.Order}.");
            }

            for (var c = 0; c < block.Count && faults.Count < 20; c++)
            {
                var nodes = block.Cell(c);
                for (var a = 0; a < nodes.Length; a++)
                {
                    if (nodes[a] < 0 || nodes[a] >= _points.Length)
                    {
                        faults.Add($"cell {_firstCell[b] + c} names point {nodes[a]}; points are 0 to {_points.Length - 1}.");
                        continue;
                    }

                    used[nodes[a]] = true;
                    if (nodes[..a].Contains(nodes[a]))
                    {
                        faults.Add($"cell {_firstCell[b] + c} names point {nodes[a]} twice.");
                    }
                }
            }
        }

        for (var p = 0; p < _points.Length && faults.Count < 20; p++)
        {
            AddFaultsOfPoint(p, faults);
            if (!used[p])
            {
                faults.Add($"point {p} belongs to no cell.");
            }
        }

        return faults;
    }

    private void AddFaultsOfPoint(int p, List<string> faults)
    {
        var x = _points[p];
        if (!double.IsFinite(x.X + x.Y + x.Z))
        {
            faults.Add($"point {p} is not finite.");
        }
        else if ((Dimension < 3 && x.Z != 0) || (Dimension < 2 && x.Y != 0))
        {
            faults.Add(string.Create(CultureInfo.InvariantCulture, $"point {p} is at ({x.X}, {x.Y}, {x.Z}), but a mesh of dimension {Dimension} has zeros beyond its first coordinates."));
        }
    }

    private ulong MakeFingerprint()
    {
        var result = Numerics.Fingerprint.Fold(Numerics.Fingerprint.Empty, System.Runtime.InteropServices.MemoryMarshal.Cast<Vec3, double>(_points.AsSpan()));
        foreach (var block in Blocks)
        {
            result = Numerics.Fingerprint.Fold(result, ((ulong)block.Shape << 8) | (uint)block.Order);
            foreach (var node in block.Nodes)
            {
                result = Numerics.Fingerprint.Fold(result, (ulong)node);
            }
        }

        foreach (var (name, cells) in Regions)
        {
            result = cells.Aggregate(Numerics.Fingerprint.Fold(result, Numerics.Fingerprint.OfName(name)), (sum, c) => Numerics.Fingerprint.Fold(sum, (ulong)c));
        }

        foreach (var (name, facets) in Boundaries)
        {
            result = facets.Aggregate(Numerics.Fingerprint.Fold(result, Numerics.Fingerprint.OfName(name)), (sum, f) => Numerics.Fingerprint.Fold(sum, ((ulong)f.Cell << 8) | (uint)f.Local));
        }

        return result;
    }

    private static ScaleModelException Missing(string what, string name, IEnumerable<string> present) =>
        new($"The mesh has no {what} '{name}'; it has {(present.Any() ? string.Join(", ", present.Select(p => $"'{p}'")) : "none")}.");
}

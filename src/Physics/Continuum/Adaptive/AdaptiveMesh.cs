using System.Collections.Immutable;
using System.Runtime.InteropServices;
using ActorMultiscale.Physics.Adaptivity;
using ActorMultiscale.Physics.Continuum.Elements;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Continuum.Adaptive;

/// <summary>
/// A mesh whose cells are the leaves of a forest: quadrilaterals or hexahedra that are cut into four or eight where it is asked for. Cell c is leaf c.
/// Immutable: adapting gives a new mesh.
/// </summary>
/// <remarks>
/// Places of nodes are those of the root cell's own map, so curved cells stay curved and no place depends on the way in which a mesh came about.
/// Where a cell touches finer ones, the finer ones' nodes on its boundary hang: <see cref="Constrain"/> ties them, for a basis of any degree, so that fields are continuous.
/// To the topology of the mesh the two sides of such a facet are outer facets; the boundaries of the roots, and <see cref="Surface"/>, are the true ones.
/// </remarks>
public sealed class AdaptiveMesh
{
    /// <summary>The name of the boundary that holds all facets on the surface of the body.</summary>
    public const string Surface = "surface";

    // By degree − 1, when first asked for; of threads that ask at once each makes the same ones.
    private readonly (int Node, (int Node, double Factor)[] Terms)[]?[] _ties = new (int, (int, double)[])[]?[2];

    private AdaptiveMesh(Mesh coarse, TreeForest forest) => (Coarse, Forest, Mesh) = (coarse, forest, Leaves(coarse, forest));

    /// <summary>The mesh of the root cells.</summary>
    public Mesh Coarse { get; }

    /// <summary>The forest.</summary>
    public TreeForest Forest { get; }

    /// <summary>The mesh of the leaves, with the regions and boundaries of the roots.</summary>
    public Mesh Mesh { get; }

    /// <summary>The forest of a mesh of quadrilaterals or hexahedra.</summary>
    /// <param name="coarse">The root cells; those beside each other share whole edges and faces.</param>
    /// <param name="level">How often all of them are cut.</param>
    /// <exception cref="ScaleModelException">The cells have another shape.</exception>
    public static AdaptiveMesh Of(Mesh coarse, int level = 0)
    {
        ArgumentNullException.ThrowIfNull(coarse);
        var shape = coarse.Blocks[0].Shape;
        if (coarse.Blocks.Length != 1 || shape is not (CellShape.Quadrilateral or CellShape.Hexahedron))
        {
            throw new ScaleModelException($"A forest grows from one block of quadrilaterals or hexahedra; found {string.Join(", ", coarse.Blocks.Select(b => b.Shape))}.");
        }

        var vertices = ReferenceCell.Of(shape).Vertices;
        var corners = ImmutableArray.CreateBuilder<int>(coarse.CellCount * vertices.Length);
        for (var r = 0; r < coarse.CellCount; r++)
        {
            for (var corner = 0; corner < vertices.Length; corner++)
            {
                corners.Add(coarse.Cell(r)[vertices.IndexOf(new Vec3(corner & 1, (corner >> 1) & 1, corner >> 2))]);
            }
        }

        return new(coarse, TreeForest.Uniform(new TreeRoots(coarse.Dimension, corners.MoveToImmutable()), level));
    }

    /// <summary>The mesh after cells were cut and merged; <see cref="TreeForest.Adapt"/> has the rules.</summary>
    /// <param name="marks">One a cell.</param>
    /// <param name="finest">The level beyond which no mark leads.</param>
    public AdaptiveMesh Adapt(ReadOnlySpan<Mark> marks, int? finest = null) => new(Coarse, Forest.Adapt(marks, finest));

    /// <summary>The mesh after cells were cut, some of them more than once; <see cref="TreeForest.Cut"/> has the rules.</summary>
    /// <param name="times">One a cell, as of <see cref="Marking.Cuts"/>.</param>
    /// <param name="finest">The level beyond which no cut leads.</param>
    public AdaptiveMesh Cut(ReadOnlySpan<int> times, int? finest = null) => new(Coarse, Forest.Cut(times, finest));

    /// <summary>The mesh whose cells are merged once wherever siblings are leaves and balance allows it; itself, without a copy, where nothing can be.</summary>
    internal AdaptiveMesh Merged()
    {
        var marks = new Mark[Forest.Count];
        marks.AsSpan().Fill(Mark.Coarsen);
        var merged = Forest.Adapt(marks);
        return merged.Count == Forest.Count ? this : new(Coarse, merged);
    }

    /// <summary>The mesh of another forest with the same roots, as of one from an archive.</summary>
    /// <exception cref="ScaleModelException">The codes are those of no such forest.</exception>
    public AdaptiveMesh WithLeaves(ReadOnlySpan<ulong> codes) => new(Coarse, TreeForest.FromCodes(Forest.Roots, codes));

    /// <summary>
    /// Constraints that tie hanging nodes: a node n of a fine cell at the place ξ of a coarser one has u_n = Σ N_a(ξ) u_a, with the coarse cell's functions.
    /// Nodes that these name may hang on still coarser cells, so chains end.
    /// </summary>
    /// <param name="basis">The functions, on the mesh of the leaves.</param>
    public Constraints Constrain(Basis basis)
    {
        RequireMine(basis);
        var constraints = new Constraints(basis.DofCount);
        foreach (var (node, terms) in _ties[basis.Degree - 1] ??= Ties(basis))
        {
            for (var c = 0; c < basis.Components; c++)
            {
                var component = c;
                constraints.TieKnown(basis.Dof(node, c), basis.Components == 1 ? terms : Array.ConvertAll(terms, t => (basis.Dof(t.Node, component), t.Factor)));
            }
        }

        return constraints;
    }

    // The nodes that hang, and what they hang on.
    private (int Node, (int Node, double Factor)[] Terms)[] Ties(Basis basis)
    {
        var element = Lagrange.Of(Mesh.Blocks[0].Shape, basis.Degree);
        var values = new double[element.Nodes.Length];
        var gradients = new Vec3[values.Length];
        var around = new (int Leaf, LatticePoint At)[8 * Forest.Roots.MostRoots];
        List<(int Node, (int Node, double Factor)[] Terms)> ties = [];
        List<(int Node, double Factor)> terms = [];
        var seen = new bool[basis.NodeCount];
        var corners = CornersAtPoints();
        for (var f = 0; f < Forest.Count; f++)
        {
            if (!MayHang(f, corners) || !Forest.HasCoarserNeighbor(f))
            {
                continue;
            }

            var nodes = basis.CellNodes(f);
            for (var a = 0; a < nodes.Length; a++)
            {
                if (seen[nodes[a]])
                {
                    continue;
                }

                seen[nodes[a]] = true;
                foreach (var (leaf, at) in around.AsSpan(0, Forest.Around(Lattice(f, element.Nodes[a]), around)))
                {
                    if (Forest.LevelOf(leaf) >= Forest.LevelOf(f))
                    {
                        continue;
                    }

                    element.Evaluate(Local(leaf, at), values, gradients);
                    terms.Clear();
                    for (var b = 0; b < values.Length; b++)
                    {
                        if (values[b] != 0)
                        {
                            terms.Add((basis.CellNodes(leaf)[b], values[b]));
                        }
                    }

                    // The node itself, where the two cells have it in common.
                    if (terms is not [var (node, _)] || node != nodes[a])
                    {
                        ties.Add((nodes[a], [.. terms]));
                    }

                    break;
                }
            }
        }

        return [.. ties];
    }

    // How many leaves have a point for a vertex. Where as many meet as there are in a grid, and no more can, nothing hangs; and a leaf has a vertex that hangs if any of its nodes does.
    private int[] CornersAtPoints()
    {
        var corners = new int[Mesh.Points.Length];
        for (var c = 0; c < Forest.Count; c++)
        {
            foreach (var v in Mesh.Vertices(c))
            {
                corners[v]++;
            }
        }

        return corners;
    }

    private bool MayHang(int leaf, int[] corners)
    {
        if (Forest.Roots.MostRootsOnEdge > 4)
        {
            return true;
        }

        foreach (var v in Mesh.Vertices(leaf))
        {
            if (corners[v] < 1 << Forest.Dimension)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The nodes on a boundary that do not hang, by rising number: those whose values may be given. The others follow from them.</summary>
    /// <param name="basis">The functions.</param>
    /// <param name="constraints">Those of <see cref="Constrain"/>.</param>
    /// <param name="boundary">The name of the boundary.</param>
    public ImmutableArray<int> NodesOn(Basis basis, Constraints constraints, string boundary = Surface)
    {
        RequireMine(basis);
        ArgumentNullException.ThrowIfNull(constraints);
        return [.. basis.NodesOn(boundary).Where(n => !constraints.Contains(basis.Dof(n)))];
    }

    /// <summary>The place of a point of a leaf's reference cell on the lattice of its root; its coordinates are 0, ½ or 1.</summary>
    internal LatticePoint Lattice(int leaf, Vec3 at)
    {
        var (corner, edge) = (Forest.Corner(Forest[leaf]), Forest.EdgeOf(Forest[leaf]));
        return new(corner.Root, corner.X + (int)(edge * at.X), corner.Y + (int)(edge * at.Y), corner.Z + (int)(edge * at.Z));
    }

    /// <summary>A place in the coordinates of a leaf's reference cell.</summary>
    internal Vec3 Local(int leaf, LatticePoint at)
    {
        var (corner, edge) = (Forest.Corner(Forest[leaf]), (double)Forest.EdgeOf(Forest[leaf]));
        return new((at.X - corner.X) / edge, (at.Y - corner.Y) / edge, (at.Z - corner.Z) / edge);
    }

    internal void RequireMine(Basis basis)
    {
        ArgumentNullException.ThrowIfNull(basis);
        if (!ReferenceEquals(basis.Mesh, Mesh))
        {
            throw new ArgumentException("The basis is one of another mesh.", nameof(basis));
        }
    }

    private static Mesh Leaves(Mesh coarse, TreeForest forest)
    {
        var (nodes, places) = new LeafNodes(coarse, forest).Number();
        var cell = coarse.Blocks[0].Geometry.Cell;
        var regions = coarse.Regions.ToImmutableSortedDictionary(r => r.Key, r => LeavesOf(forest, r.Value), StringComparer.Ordinal);
        var boundaries = coarse.Boundaries.ToBuilder();
        foreach (var (name, facets) in coarse.Boundaries)
        {
            boundaries[name] = OnFacets(forest, cell, facets);
        }

        boundaries[Surface] = OnFacets(forest, cell, coarse.Topology.Outer);
        return Mesh.OfForest(places, new(cell.Shape, coarse.Blocks[0].Geometry.Degree, ImmutableCollectionsMarshal.AsImmutableArray(nodes)), regions, boundaries.ToImmutable());
    }

    private static ImmutableArray<int> LeavesOf(TreeForest forest, ImmutableArray<int> roots)
    {
        var leaves = ImmutableArray.CreateBuilder<int>();
        foreach (var root in roots)
        {
            var (first, end) = forest.LeavesOf(root);
            leaves.AddRange(Enumerable.Range(first, end - first));
        }

        return leaves.ToImmutable();
    }

    // The leaves' facets on facets of roots: those that have the coordinate of the facet along its axis.
    private static ImmutableArray<Facet> OnFacets(TreeForest forest, ReferenceCell cell, ImmutableArray<Facet> facets)
    {
        List<Facet> found = [];
        foreach (var facet in facets)
        {
            var normal = cell.FacetNormal(facet.Local);
            var axis = normal.X != 0 ? 0 : normal.Y != 0 ? 1 : 2;
            foreach (var leaf in forest.LeavesOn(facet.Cell, axis, isHigh: normal[axis] > 0))
            {
                found.Add(new(leaf, facet.Local));
            }
        }

        found.Sort((a, b) => a.Cell != b.Cell ? a.Cell.CompareTo(b.Cell) : a.Local.CompareTo(b.Local));
        return [.. found];
    }
}

using System.Collections.Immutable;
using ActorMultiscale.Physics.Adaptivity;
using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Adaptive;
using ActorMultiscale.Physics.Continuum.Elements;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Numerics.Sparse;
using CsCheck;

namespace ActorMultiscale.Tests.Continuum.Adaptive;

/// <summary>Quadtrees and octrees with hanging nodes.</summary>
public sealed class AdaptiveMeshTests
{
    /// <summary>Three quadrilaterals about a point, each with axes of its own; its edges are straight, but no cell is a parallelogram.</summary>
    internal static Mesh Star() => new(
        [new(0, 0, 0), new(1, 0.1, 0), new(0.6, 1, 0), new(-0.5, 0.9, 0), new(-1, 0, 0), new(-0.5, -0.9, 0), new(0.5, -0.8, 0)],
        [new(CellShape.Quadrilateral, 1, [0, 1, 2, 3, 4, 5, 0, 3, 0, 5, 6, 1])]);

    /// <summary>The star as three prisms, two layers high; the upper layer is turned over and about, so that hexahedra meet with unlike axes.</summary>
    internal static Mesh Tower()
    {
        var star = Star();
        Vec3[] points = [.. Enumerable.Range(0, 3).SelectMany(z => star.Points.ToArray().Select(p => p + new Vec3(0.1 * z, 0, 0.8 * z)))];
        var nodes = ImmutableArray.CreateBuilder<int>();
        int[] turned = [5, 1, 0, 4, 6, 2, 3, 7];
        for (var layer = 0; layer < 2; layer++)
        {
            for (var c = 0; c < 3; c++)
            {
                int[] hex = [.. star.Cell(c).ToArray().Select(v => v + (7 * layer)), .. star.Cell(c).ToArray().Select(v => v + (7 * (layer + 1)))];
                nodes.AddRange(layer == 0 ? hex : [.. turned.Select(v => hex[v])]);
            }
        }

        return new(points, [new(CellShape.Hexahedron, 1, nodes.ToImmutable())]);
    }

    internal static Mesh Root(string name) => name switch
    {
        "square" => StructuredMesh.Rectangle(2, 1, 2, 1),
        "star" => Star(),
        "ring" => StructuredMesh.QuarterRing(1, 2, 1, 2),
        "box" => StructuredMesh.Box(new(2, 1, 1), 2, 1, 1),
        _ => Tower(),
    };

    /// <summary>A mesh that marks at random made; most of them where the last ones were, so that levels differ.</summary>
    internal static AdaptiveMesh Random(Mesh root, int seed, int rounds, int finest = 6)
    {
        var mesh = AdaptiveMesh.Of(root);
        var random = new Philox((ulong)seed, 7);
        for (var round = 0; round < rounds; round++)
        {
            var (block, marks) = (0L, new Mark[mesh.Forest.Count]);
            var centre = mesh.Mesh.Place((int)(mesh.Forest.Count * Next()), new(0.3, 0.6, root.Dimension == 3 ? 0.2 : 0));
            var reach = 0.1 + (0.5 * Next());
            for (var c = 0; c < marks.Length; c++)
            {
                var near = (mesh.Mesh.Place(c, mesh.Mesh.Geometry(c).Cell.Middle) - centre).Norm < reach;
                marks[c] = near && Next() < 0.8 ? Mark.Refine : Next() < 0.7 ? Mark.Coarsen : Mark.Keep;
            }

            mesh = mesh.Adapt(marks, finest);
            double Next() => random.Uniform(round, 0, block++);
        }

        return mesh;
    }

    public static TheoryData<string> Roots => ["square", "star", "ring", "box", "tower"];

    [Theory]
    [MemberData(nameof(Roots))]
    public void Cutting_more_than_once_is_cutting_again_and_again(string root) => Gen.Int[0, 100000].Sample(seed =>
    {
        var coarse = Root(root);
        var mesh = Random(coarse, seed, 3);
        var random = new Philox((ulong)seed, 9);
        int[] times = [.. Enumerable.Range(0, mesh.Forest.Count).Select(c => random.Uniform(0, 0, c) < 0.1 ? 2 : c % 11 == 0 ? 1 : 0)];
        var once = mesh.Adapt([.. times.Select(t => t > 0 ? Mark.Refine : Mark.Keep)]);

        // Of the cells of the first cut, those inside of a cell that is to be cut twice.
        var transfer = new MeshTransfer(mesh, once);
        var twice = transfer.Densities([.. times.Select(t => t == 2 ? 1.0 : 0)]);
        var expected = once.Adapt([.. twice.Select(t => t > 0 ? Mark.Refine : Mark.Keep)]);
        Assert.Equal(expected.Forest.Codes.ToArray(), mesh.Cut(times).Forest.Codes.ToArray());
    }, iter: 10, threads: 1);

    // Two ways to the same forest: leaf by leaf, and by the set of all cells that are cut.
    [Theory]
    [MemberData(nameof(Roots))]
    public void Cutting_alone_is_adapting_without_merges(string root) => Gen.Int[0, 100000].Sample(seed =>
    {
        var forest = Random(Root(root), seed, 4).Forest;
        var random = new Philox((ulong)seed, 11);
        Mark[] marks = [.. Enumerable.Range(0, forest.Count).Select(c => random.Uniform(0, 0, c) < 0.15 ? Mark.Refine : Mark.Keep)];
        Assert.Equal(forest.Rebuilt(marks, 5).Codes.ToArray(), forest.Adapt(marks, 5).Codes.ToArray());
        for (var leaf = 0; leaf < forest.Count; leaf++)
        {
            // A leaf touches a coarser one just where cutting it has that one cut.
            var alone = new Mark[forest.Count];
            alone[leaf] = Mark.Refine;
            Assert.Equal(forest.Rebuilt(alone, forest.Roots.MaxLevel).Count > forest.Count + (1 << forest.Dimension) - 1, forest.HasCoarserNeighbor(leaf));
            leaf += forest.Count / 40;
        }
    }, iter: 10, threads: 1);

    // Each place of a vertex of a leaf has one number, in the order in which leaves show them, and every leaf on a facet of a root is found.
    [Theory]
    [MemberData(nameof(Roots))]
    public void Nodes_and_boundaries_of_leaves_are_those_of_their_places(string root) => Gen.Int[0, 100000].Sample(seed =>
    {
        var mesh = Random(Root(root), seed, Root(root).Dimension == 2 ? 6 : 3);
        var (forest, element) = (mesh.Forest, mesh.Mesh.Blocks[0].Geometry);
        Dictionary<ulong, int> numbers = [];
        for (var leaf = 0; leaf < forest.Count; leaf++)
        {
            var nodes = mesh.Mesh.Cell(leaf);
            for (var a = 0; a < nodes.Length; a++)
            {
                var at = mesh.Lattice(leaf, element.Nodes[a]);
                var name = forest.Roots.Name(at);
                Assert.True(numbers.TryGetValue(name, out var number) ? number == nodes[a] : nodes[a] == numbers.Count);
                numbers.TryAdd(name, nodes[a]);
                var edge = (double)forest.Roots.Edge;
                var place = mesh.Coarse.Place(at.Root, new(at.X / edge, at.Y / edge, at.Z / edge));
                Assert.InRange((place - mesh.Mesh.Points[nodes[a]]).Norm, 0, 1e-14);
            }
        }

        Assert.Equal(numbers.Count, mesh.Mesh.Points.Length);
        var outer = mesh.Coarse.Topology.Outer.ToHashSet();
        var cell = element.Cell;
        List<Facet> expected = [];
        for (var leaf = 0; leaf < forest.Count; leaf++)
        {
            for (var f = 0; f < cell.Facets.Length; f++)
            {
                // The middle of a facet lies on the facet of the root with the same number.
                var at = mesh.Lattice(leaf, cell.Mean(cell.Facets[f].Vertices.AsSpan()));
                var (normal, edge) = (cell.FacetNormal(f), forest.Roots.Edge);
                var isOn = (normal.X != 0 ? at.X : normal.Y != 0 ? at.Y : at.Z) == (normal.X + normal.Y + normal.Z > 0 ? edge : 0);
                if (isOn && outer.Contains(new(at.Root, f)))
                {
                    expected.Add(new(leaf, f));
                }
            }
        }

        Assert.Equal(expected, mesh.Mesh.Boundary(AdaptiveMesh.Surface));
    }, iter: 8, threads: 1);

    // By places alone, without the tree: cells touch if a node of the finer one lies in the coarser one.
    [Theory]
    [MemberData(nameof(Roots))]
    public void Random_forests_are_balanced_and_cover_the_body(string root) => Gen.Int[0, 100000].Sample(seed =>
    {
        var coarse = Root(root);
        var mesh = Random(coarse, seed, coarse.Dimension == 2 ? 7 : 4);
        Assert.Equal(mesh.Forest.Count, mesh.WithLeaves(mesh.Forest.Codes).Forest.Count);
        var basis = Basis.Scalar(mesh.Mesh, 2, 6);
        var whole = Assembly.Integral(Basis.Scalar(coarse, 1, 6), _ => 1);
        Assert.Equal(whole, Assembly.Integral(basis, _ => 1), 1e-12 * whole);
        var levels = new (int Least, int Most)[mesh.Mesh.Points.Length];
        Array.Fill(levels, (99, 0));
        var locator = new CellLocator(mesh.Mesh);
        for (var c = 0; c < mesh.Forest.Count; c++)
        {
            foreach (var p in mesh.Mesh.Vertices(c))
            {
                levels[p] = (Math.Min(levels[p].Least, mesh.Forest.LevelOf(c)), Math.Max(levels[p].Most, mesh.Forest.LevelOf(c)));
            }
        }

        for (var p = 0; p < levels.Length; p++)
        {
            if (levels[p].Most > 0)
            {
                Assert.InRange(levels[p].Most - levels[p].Least, 0, 1);
                Assert.True(locator.TryFind(mesh.Mesh.Points[p], out var cell, out _, 1e-7));
                Assert.InRange(levels[p].Most - mesh.Forest.LevelOf(cell), 0, 1);
            }
        }
    }, iter: 20, threads: 1);

    // All fields that the constraints leave have one value on both sides of every facet.
    [Theory]
    [MemberData(nameof(Roots))]
    public void Every_node_is_a_master_or_tied_and_fields_are_continuous(string root) => Gen.Int[0, 100000].Select(Gen.Int[1, 2]).Sample((seed, degree) =>
    {
        var coarse = Root(root);
        var mesh = Random(coarse, seed, coarse.Dimension == 2 ? 6 : 4);
        var basis = Basis.Scalar(mesh.Mesh, degree);
        var constraints = mesh.Constrain(basis);
        var random = new Philox((ulong)seed, 8);
        var identity = new CsrBuilder(basis.DofCount, basis.DofCount);
        for (var i = 0; i < basis.DofCount; i++)
        {
            identity.Add(i, i, 1);
        }

        var system = constraints.Condense(identity.ToMatrix(), new double[basis.DofCount]);
        Assert.Equal(basis.DofCount, system.Right.Length + constraints.Count);
        var u = system.Expand([.. Enumerable.Range(0, system.Right.Length).Select(i => random.Uniform(0, 0, i))]);
        var around = new (int Leaf, LatticePoint At)[8 * mesh.Forest.Roots.MostRoots];
        for (var c = 0; c < mesh.Forest.Count; c++)
        {
            foreach (var at in Lagrange.Of(mesh.Mesh.Blocks[0].Shape, 2).Nodes)
            {
                var here = basis.ScalarAt(u, c, at).Value;
                foreach (var (leaf, place) in around.AsSpan(0, mesh.Forest.Around(mesh.Lattice(c, at), around)))
                {
                    Assert.Equal(here, basis.ScalarAt(u, leaf, mesh.Local(leaf, place)).Value, 1e-12);
                    Assert.True((mesh.Mesh.Place(c, at) - mesh.Mesh.Place(leaf, mesh.Local(leaf, place))).Norm < 1e-12);
                }
            }
        }
    }, iter: 20, threads: 1);

    [Theory]
    [InlineData("square", 1)]
    [InlineData("square", 2)]
    [InlineData("star", 1)]
    [InlineData("star", 2)]
    [InlineData("box", 1)]
    [InlineData("box", 2)]
    [InlineData("tower", 1)]
    [InlineData("tower", 2)]
    public void The_patch_test_is_exact_across_hanging_nodes(string root, int degree)
    {
        var coarse = Root(root);
        var mesh = Random(coarse, 12, coarse.Dimension == 2 ? 6 : 4);
        var basis = Basis.Scalar(mesh.Mesh, degree);
        double Exact(Vec3 x) => 1 + (2 * x.X) - (3 * x.Y) + (0.5 * x.Z);
        var constraints = mesh.Constrain(basis);
        Assert.True(constraints.Count > 0);
        constraints.Fix(basis, mesh.NodesOn(basis, constraints), Exact);
        var u = constraints.Solve(Assembly.Matrix(basis, Heat.Conduction(1)), new double[basis.DofCount], (a, y) =>
        {
            var x = new double[y.Length];
            _ = SparseLdl.PositiveDefinite(a).Solve(y, x);
            return x;
        });
        Assert.All(Enumerable.Range(0, basis.NodeCount), n => Assert.Equal(Exact(basis.Nodes[n]), u[n], 1e-12));
    }

    [Fact]
    public void Regions_and_boundaries_are_those_of_the_roots()
    {
        var coarse = StructuredMesh.Box(new(2, 1, 1), 2, 1, 1).WithRegion("half", x => x.X < 1);
        var mesh = Random(coarse, 5, 4);
        var basis = Basis.Scalar(mesh.Mesh, 1);
        Assert.Equal(1, Assembly.Integral(basis, _ => 1, Domain.Region("half")), 1e-12);
        foreach (var (name, area) in new[] { ("left", 1.0), ("top", 2.0), ("front", 2.0), (AdaptiveMesh.Surface, 10.0) })
        {
            Assert.Equal(area, Assembly.Integral(basis, _ => 1, Domain.Boundary(name)), 1e-12);
        }

        Assert.Equal(mesh.Forest.Count, mesh.Forest.LeavesAtLevels.Sum());
        Assert.Equal(2, mesh.Forest.LeavesAtLevels.Index().Sum(l => l.Item / Math.Pow(8, l.Index)), 1e-12);
    }

    [Fact]
    public void Refining_all_and_merging_all_gives_the_forest_back() => Gen.Int[0, 100000].Sample(seed =>
    {
        var mesh = Random(Star(), seed, 5);
        var forest = mesh.Forest;
        Mark[] All(TreeForest f, Mark mark) => [.. Enumerable.Repeat(mark, f.Count)];
        var fine = forest.Adapt(All(forest, Mark.Refine));
        Assert.Equal(4 * forest.Count, fine.Count);
        Assert.Equal(forest.Codes.ToArray(), fine.Adapt(All(fine, Mark.Coarsen)).Codes.ToArray());
    }, iter: 20, threads: 1);

    [Fact]
    public void What_is_no_forest_is_refused()
    {
        var mesh = AdaptiveMesh.Of(StructuredMesh.Rectangle(1, 1, 1, 1), 2);
        Assert.Contains("begin", Assert.Throws<ScaleModelException>(() => mesh.WithLeaves([.. mesh.Forest.Codes.ToArray().Skip(1)])).Message, StringComparison.Ordinal);
        Assert.Contains("cover", Assert.Throws<ScaleModelException>(() => mesh.WithLeaves([])).Message, StringComparison.Ordinal);
        Assert.Contains("one block", Assert.Throws<ScaleModelException>(() => AdaptiveMesh.Of(StructuredMesh.Rectangle(1, 1, 1, 1, CellShape.Triangle))).Message, StringComparison.Ordinal);
    }
}

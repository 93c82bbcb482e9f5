using System.Collections.Immutable;
using ActorMultiscale.Physics.Continuum.Elements;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using CsCheck;

namespace ActorMultiscale.Tests.Continuum.Meshes;

/// <summary>Meshes, their topology, and their refinement.</summary>
public sealed class MeshTests
{
    private static readonly Vec3 _unit = new(1, 1, 1);

    /// <summary>A mesh of each sort, by name.</summary>
    internal static readonly ImmutableSortedDictionary<string, Func<Mesh>> All = new Dictionary<string, Func<Mesh>>
    {
        ["interval"] = () => StructuredMesh.Interval(2, 5),
        ["triangles"] = () => StructuredMesh.Rectangle(2, 1, 4, 3, CellShape.Triangle),
        ["quadrilaterals"] = () => StructuredMesh.Rectangle(2, 1, 4, 3),
        ["tetrahedra"] = () => StructuredMesh.Box(_unit, 2, 3, 2, CellShape.Tetrahedron),
        ["hexahedra"] = () => StructuredMesh.Box(_unit, 2, 3, 2),
        ["curved triangles"] = () => StructuredMesh.QuarterRing(1, 2, 2, 4, CellShape.Triangle),
        ["ball in a ball"] = () => StructuredMesh.BallOctant(1, 2, 2, 1, 2),
        ["curved quadrilaterals"] = () => StructuredMesh.QuarterRing(1, 2, 2, 4),
        ["plate with hole"] = () => StructuredMesh.PlateWithHole(0.5, 1, 3, 4, growth: 1.3),
        ["curved tetrahedra"] = () => StructuredMesh.Box(_unit, 2, 2, 2, CellShape.Tetrahedron).Quadratic().Moved(Bent),
        ["curved hexahedra"] = () => StructuredMesh.Box(_unit, 2, 2, 2).Quadratic().Moved(Bent),
        ["distorted hexahedra"] = () => StructuredMesh.Box(_unit, 4, 4, 4).Moved(Distorted),
        ["mixed"] = Mixed,
        ["L"] = () => StructuredMesh.LShape(2, CellShape.Triangle),
    }.ToImmutableSortedDictionary(StringComparer.Ordinal);

    public static TheoryData<string> Names => [.. All.Keys];

    private static Vec3 Bent(Vec3 x) => new(x.X + (0.1 * x.Y * x.Y), x.Y + (0.1 * x.X * x.Z), x.Z - (0.1 * x.X * x.X));

    // Cells without a right angle: inner points are moved, those on the surface stay.
    private static Vec3 Distorted(Vec3 x) =>
        x + (4 * x.X * (1 - x.X) * x.Y * (1 - x.Y) * x.Z * (1 - x.Z) * new Vec3(Math.Sin(9 * x.Y), Math.Cos(7 * x.Z), Math.Sin((8 * x.X) + 1)));

    private static Mesh Mixed() => new(
        [default, new(1, 0, 0), new(2, 0, 0), new(0, 1, 0), new(1, 1, 0), new(2, 1, 0)],
        [new(CellShape.Quadrilateral, 1, [0, 1, 4, 3]), new(CellShape.Triangle, 1, [1, 2, 5, 1, 5, 4])]);

    // ∫ dV and the outward flux of x over the outer facets, by the cells' maps; they are linked by ∫ x·n dA = d V.
    internal static (double Volume, double Flux) Measure(Mesh mesh)
    {
        var (volume, flux) = (0.0, 0.0);
        Matrix3 Jacobian(int cell, Vec3 at)
        {
            var element = mesh.Geometry(cell);
            var (values, gradients) = (new double[element.Nodes.Length], new Vec3[element.Nodes.Length]);
            element.Evaluate(at, values, gradients);
            var sum = default(Matrix3);
            foreach (var (a, node) in mesh.Cell(cell).ToArray().Index())
            {
                var (x, g) = (mesh.Points[node], gradients[a]);
                sum += Matrix3.FromColumns(g.X * x, g.Y * x, g.Z * x);
            }

            return new(sum.XX, sum.XY, sum.XZ, sum.YX, mesh.Dimension > 1 ? sum.YY : 1, sum.YZ, sum.ZX, sum.ZY, mesh.Dimension > 2 ? sum.ZZ : 1);
        }

        for (var c = 0; c < mesh.CellCount; c++)
        {
            var rule = Quadrature.Of(mesh.Geometry(c).Cell.Shape, 6);
            for (var q = 0; q < rule.Points.Length; q++)
            {
                var j = Jacobian(c, rule.Points[q]).Determinant;
                Assert.True(j > 0);
                volume += rule.Weights[q] * j;
            }
        }

        foreach (var (cell, local) in mesh.Topology.Outer)
        {
            var reference = mesh.Geometry(cell).Cell;
            var rule = Quadrature.Of(reference.Facets[local].Shape, 6);
            for (var q = 0; q < rule.Points.Length; q++)
            {
                var at = reference.OnFacet(local, rule.Points[q]);
                var j = Jacobian(cell, at);
                var area = j.Determinant * (j.Inverse().Transposed * reference.FacetNormal(local));
                flux += rule.Weights[q] * Vec3.Dot(area, mesh.Place(cell, at));
            }
        }

        return (volume, flux);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_outer_facets_enclose_the_cells(string name)
    {
        var mesh = All[name]();
        var (volume, flux) = Measure(mesh);

        Assert.Equal(mesh.Dimension * volume, flux, 1e-12);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Refining_keeps_volume_regions_boundaries_and_curves(string name)
    {
        var coarse = All[name]();
        coarse = coarse.WithBoundary("some", coarse.Topology.Outer.Take(2)).WithRegion("part", [0, coarse.CellCount - 1]);
        var fine = coarse.Refined();

        Assert.Equal(coarse.CellCount << coarse.Dimension, fine.CellCount);
        Assert.Equal(2 << coarse.Dimension, fine.Region("part").Length);
        Assert.Equal(2 << (coarse.Dimension - 1), fine.Boundary("some").Length);
        Assert.Equal(coarse.Topology.Outer.Length << (coarse.Dimension - 1), fine.Topology.Outer.Length);
        Assert.Equal(Measure(coarse).Volume, Measure(fine).Volume, 1e-13 * fine.CellCount);
        Assert.Equal(Measure(coarse).Flux, Measure(fine).Flux, 1e-13 * fine.CellCount);
        Assert.Equal(coarse.Blocks.Select(b => (b.Shape, b.Order)), fine.Blocks.Select(b => (b.Shape, b.Order)));
        var outer = fine.Topology.Outer.ToHashSet();
        Assert.All(fine.Boundaries.Values.SelectMany(f => f), facet => Assert.Contains(facet, outer));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Topology_counts_agree_with_Euler(string name)
    {
        // Vertices − edges + faces − cells of a body without a hole, each counted once.
        var mesh = All[name]();
        var t = mesh.Topology;
        var (v, e, f) = (t.VertexCount, t.EdgeCount, t.FaceCount);
        Assert.Equal(1, mesh.Dimension switch { 1 => v - e, 2 => v - e + f, _ => v - e + f - mesh.CellCount });
        Assert.Equal(mesh.Dimension == 1 ? mesh.CellCount : mesh.Dimension == 2 ? mesh.CellCount : t.FacetCount, mesh.Dimension == 1 ? e : f);
        for (var facet = 0; facet < t.FacetCount; facet++)
        {
            var (first, second) = t.CellsOf(facet);
            Assert.Equal(facet, t.FacetsOf(first.Cell)[first.Local]);
            Assert.True(second.Cell < 0 || t.FacetsOf(second.Cell)[second.Local] == facet);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_cell_given_twice_or_thrice_is_refused_by_its_numbers(string name)
    {
        var mesh = All[name]();
        var (first, last) = (mesh.Blocks[0], mesh.CellCount);
        Mesh With(int copies) => new(mesh.Points, [.. mesh.Blocks, new(first.Shape, first.Order, [.. Enumerable.Range(0, copies).SelectMany(_ => first.Cell(0).ToArray())])]);
        static string Message(Mesh mesh) => Assert.Throws<ScaleModelException>(() => mesh.Topology).Message;

        // The copy meets the facets that the cell shares with a neighbor, or all facets of a cell without one.
        Assert.Matches($"Cells 0, \\d+ and {last} of the mesh have a facet in common", Message(With(1)));
        var alone = new Mesh([.. first.Cell(0).ToArray().Select(p => mesh.Points[p])], [new(first.Shape, first.Order, [.. Enumerable.Range(0, first.Cell(0).Length), .. Enumerable.Range(0, first.Cell(0).Length)])]);
        Assert.Contains("Cells 0 and 1 of the mesh have the same vertices, 0, 1", Message(alone), StringComparison.Ordinal);
    }

    // 0.8·3/3 is not 0.8.
    [Fact]
    public void A_grid_reaches_its_ends_whatever_rounding_says() => Gen.Select(Gen.Double[0.1, 10], Gen.Int[1, 7]).Sample((length, n) =>
    {
        var box = StructuredMesh.Box(new(length, 0.8, 1), n, 3, 1);
        Assert.Equal(3, box.Boundary("right").Length);
        Assert.Equal(n, box.Boundary("back").Length);
    });

    [Fact]
    public void A_facet_of_three_cells_is_refused()
    {
        var fan = new Mesh([default, new(1, 0, 0), new(0.5, 1, 0), new(0.4, 1.2, 0), new(0.5, -1, 0)], [new(CellShape.Triangle, 1, [0, 1, 2, 0, 1, 3, 1, 0, 4])]);
        Assert.Contains("Cells 0, 1 and 2 of the mesh have a facet in common, that of the points 0, 1;", Assert.Throws<ScaleModelException>(() => fan.Topology).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Points_are_moved_to_finite_places_within_the_space_of_the_mesh()
    {
        static string Message(Mesh mesh, Func<Vec3, Vec3> move) => Assert.Throws<ScaleModelException>(() => mesh.Moved(move)).Message;
        var (line, plane, body) = (StructuredMesh.Interval(1, 2), StructuredMesh.Rectangle(1, 1, 1, 1), StructuredMesh.Box(_unit, 1, 1, 1));

        Assert.Contains("point 1 is not finite. point 2 is not finite.", Message(line, x => new(x.X > 0 ? double.NaN : 0, 0, 0)), StringComparison.Ordinal);
        Assert.Contains("point 7 is not finite.", Message(body, x => x.X * x.Y * x.Z * double.PositiveInfinity > 0 ? new(double.PositiveInfinity, 0, 0) : x), StringComparison.Ordinal);
        Assert.Contains("point 2 is at (1, 0.5, 0), but a mesh of dimension 1", Message(line, x => new(x.X, x.X * 0.5, 0)), StringComparison.Ordinal);
        Assert.Contains("point 3 is at (1, 1, 2), but a mesh of dimension 2", Message(plane, x => new(x.X, x.Y, 2 * x.X * x.Y)), StringComparison.Ordinal);
        Assert.Equal(2, body.Moved(x => new(2 * x.X, x.Y, x.Z)).Points[7].X);
    }

    [Fact]
    public void Repeatedly_refined_tetrahedra_do_not_degenerate()
    {
        // Volume over the cube of the longest edge, the worst of all cells.
        static double Quality(Mesh mesh)
        {
            var worst = double.PositiveInfinity;
            for (var c = 0; c < mesh.CellCount; c++)
            {
                var x = mesh.Cell(c).ToArray().Select(p => mesh.Points[p]).ToArray();
                var longest = (from a in x from b in x select (a - b).Norm).Max();
                worst = Math.Min(worst, Vec3.Dot(x[3] - x[0], Vec3.Cross(x[1] - x[0], x[2] - x[0])) / (longest * longest * longest));
            }

            return worst;
        }

        var mesh = new Mesh([default, new(1, 0.1, 0), new(0.3, 1, 0), new(0.2, 0.4, 0.9)], [new(CellShape.Tetrahedron, 1, [0, 1, 2, 3])]);
        var first = Quality(mesh.Refined());
        Assert.Equal(first, Quality(mesh.Refined().Refined().Refined().Refined()), 0.35 * first);
    }

    [Fact]
    public void Curved_rings_have_the_area_of_circles_to_high_order()
    {
        var exact = 0.75 * Math.PI;
        double Error(int n) => Math.Abs(Measure(StructuredMesh.QuarterRing(1, 2, n, 2 * n)).Volume - exact);

        // Parabolas meet arcs to the fourth order in their area.
        Assert.Equal(4, Math.Log2(Error(2) / Error(4)), 0.1);
    }

    // 0.9 · 9 / 9 is not 0.9 in binary numbers; the last point is still at the end.
    [Fact]
    public void Grids_of_any_length_have_their_ends()
    {
        Gen.Select(Gen.Double[1e-3, 1e3], Gen.Int[1, 50]).Sample((length, cells) =>
        {
            Assert.Equal(length, StructuredMesh.Interval(length, cells).Points[^1].X);
            var square = StructuredMesh.Rectangle(length, length, cells, 2);
            Assert.Equal((2, cells), (square.Boundary("right").Length, square.Boundary("top").Length));
        }, iter: 200);
        Assert.Equal(0.9, StructuredMesh.Interval(0.9, 9).Points[^1].X);
    }

    [Fact]
    public void Boundaries_of_boxes_have_their_names_and_sizes()
    {
        var mesh = StructuredMesh.Box(_unit, 2, 3, 4, CellShape.Tetrahedron);
        Assert.Equal(["back", "bottom", "front", "left", "right", "top"], mesh.Boundaries.Keys);
        Assert.Equal(2 * 3 * 4, mesh.Boundary("left").Length);
        Assert.Equal(2 * 2 * 4, mesh.Boundary("front").Length);
        Assert.Equal(2 * 2 * 3, mesh.Boundary("top").Length);
        Assert.Equal(mesh.Topology.Outer.Length, mesh.Boundaries.Values.Select(f => f.Length).Aggregate((a, b) => a + b));
        Assert.Contains("it has 'back', 'bottom', 'front', 'left', 'right', 'top'", Assert.Throws<ScaleModelException>(() => mesh.Boundary("lft")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_fingerprint_tells_meshes_apart()
    {
        var mesh = Mixed();
        Assert.Equal(mesh.Fingerprint, Mixed().Fingerprint);
        ulong[] others =
        [
            mesh.Fingerprint, mesh.Moved(x => x.X == 2 && x.Y == 1 ? new(2, 1.0000000001, 0) : x).Fingerprint, mesh.WithRegion("a", [1]).Fingerprint, mesh.WithRegion("b", [1]).Fingerprint,
            mesh.WithRegion("a", [2]).Fingerprint, mesh.WithBoundary("a", [new(0, 0)]).Fingerprint, mesh.Quadratic().Fingerprint, mesh.Refined().Fingerprint,
        ];
        Assert.Equal(others.Length, others.Distinct().Count());
    }

    [Fact]
    public void What_is_no_mesh_is_refused_with_all_faults()
    {
        var message = Assert.Throws<ScaleModelException>(() => new Mesh(
            [default, new(1, 0, 0), new(0, 1, 5), new(double.NaN, 0, 0)], [new(CellShape.Triangle, 1, [0, 1, 2, 1, 1, 9])])).Message;

        Assert.Contains("cell 1 names point 1 twice", message, StringComparison.Ordinal);
        Assert.Contains("cell 1 names point 9; points are 0 to 3", message, StringComparison.Ordinal);
        Assert.Contains("point 2 is at (0, 1, 5)", message, StringComparison.Ordinal);
        Assert.Contains("point 3 is not finite", message, StringComparison.Ordinal);
        Assert.Contains("point 3 belongs to no cell", message, StringComparison.Ordinal);
        Assert.Contains("unlike dimensions", Assert.Throws<ScaleModelException>(() => new Mesh([default, new(1, 0, 0), new(0, 1, 0)], [new(CellShape.Triangle, 1, [0, 1, 2]), new(CellShape.Line, 1, [0, 1])])).Message, StringComparison.Ordinal);
        Assert.Throws<ScaleModelException>(() => StructuredMesh.Rectangle(1, 1, 0, 2));
        Assert.Throws<ScaleModelException>(() => StructuredMesh.Rectangle(1, double.NaN, 1, 2));
        Assert.Contains("finite growth", Assert.Throws<ScaleModelException>(() => StructuredMesh.BallOctant(1, 2, 1, 1, 2, double.PositiveInfinity)).Message, StringComparison.Ordinal);
        Assert.Throws<ScaleModelException>(() => Mixed().WithRegion("a", [3]));
        Assert.Throws<ScaleModelException>(() => Mixed().WithBoundary("a", [new(2, 3)]));
        Assert.Throws<ScaleModelException>(() => Mixed().WithBoundary("none", _ => false));
    }
}

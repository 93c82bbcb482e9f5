using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Tests.Continuum.Meshes;

/// <summary>Meshes cut open along facets inside them.</summary>
public sealed class MeshCutTests
{
    private static readonly Vec3 _unit = new(1, 1, 1);

    /// <summary>Meshes of [0, 1]ᵈ in fourths along x.</summary>
    internal static readonly Dictionary<string, Func<Mesh>> Blocks = new()
    {
        ["line"] = () => StructuredMesh.Interval(1, 4),
        ["triangles"] = () => StructuredMesh.Rectangle(1, 1, 4, 3, CellShape.Triangle),
        ["quadrilaterals"] = () => StructuredMesh.Rectangle(1, 1, 4, 3),
        ["tetrahedra"] = () => StructuredMesh.Box(_unit, 4, 2, 2, CellShape.Tetrahedron),
        ["hexahedra"] = () => StructuredMesh.Box(_unit, 4, 2, 2),
        ["triangles of order 2"] = () => StructuredMesh.Rectangle(1, 1, 4, 3, CellShape.Triangle).Quadratic(),
        ["quadrilaterals of order 2"] = () => StructuredMesh.Rectangle(1, 1, 4, 3).Quadratic(),
        ["tetrahedra of order 2"] = () => StructuredMesh.Box(_unit, 4, 2, 2, CellShape.Tetrahedron).Quadratic(),
        ["hexahedra of order 2"] = () => StructuredMesh.Box(_unit, 4, 2, 2).Quadratic(),
    };

    public static TheoryData<string> Names => [.. Blocks.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_cut_through_the_body_doubles_its_points_and_leaves_two_parts(string name)
    {
        var whole = Blocks[name]().WithRegion("low", x => x.X < 0.5).WithInnerBoundary("joint", x => x.X == 0.5);
        var cut = MeshCut.Along(whole, "joint");
        var on = whole.Points.ToArray().Count(x => x.X == 0.5);
        var facets = whole.Boundary("joint").Length;

        Assert.Equal(whole.Points.Length + on, cut.Points.Length);
        Assert.Equal(whole.CellCount, cut.CellCount);
        Assert.Equal(whole.Topology.FacetCount + facets, cut.Topology.FacetCount);
        Assert.Equal(whole.Topology.Outer.Length + (2 * facets), cut.Topology.Outer.Length);
        Assert.Equal(MeshTests.Measure(whole).Volume, MeshTests.Measure(cut).Volume, 1e-12);
        Assert.Equal(whole.Region("low").AsEnumerable(), cut.Region("low"));
        Assert.Equal(whole.Boundary("right").AsEnumerable(), cut.Boundary("right"));

        // No point is in cells of both halves, and each facet of the cut lies on the side that its name says.
        int[] Of(bool low) => [.. Enumerable.Range(0, cut.CellCount).Where(c => cut.Place(c, cut.Geometry(c).Cell.Middle).X < 0.5 == low).SelectMany(c => cut.Cell(c).ToArray()).Distinct()];
        Assert.Empty(Of(true).Intersect(Of(false)));
        Assert.All(cut.Boundary("joint"), f => Assert.True(cut.Place(f.Cell, cut.Geometry(f.Cell).Cell.Middle).X < 0.5));
        Assert.All(cut.Boundary(MeshCut.Opposite("joint")), f => Assert.True(cut.Place(f.Cell, cut.Geometry(f.Cell).Cell.Middle).X > 0.5));
        Assert.Equal(facets, cut.Boundary("joint.opposite").Length);
    }

    [Theory]
    [InlineData(CellShape.Quadrilateral)]
    [InlineData(CellShape.Triangle)]
    public void The_tip_of_a_crack_stays_one_until_the_cut_goes_on(CellShape shape)
    {
        var mesh = StructuredMesh.Rectangle(1, 1, 4, 4, shape).WithInnerBoundary("crack", x => x.Y == 0.5 && x.X <= 0.5).WithInnerBoundary("ligament", x => x.Y == 0.5 && x.X >= 0.5);
        static int At(Mesh mesh, double x) => mesh.Points.ToArray().Count(p => p == new Vec3(x, 0.5, 0));
        var crack = MeshCut.Along(mesh, "crack");
        Assert.Equal([2, 2, 1, 1, 1], Enumerable.Range(0, 5).Select(n => At(crack, n / 4.0)));
        Assert.Equal(mesh.Points.Length + 2, crack.Points.Length);
        var whole = MeshCut.Along(crack, "ligament");
        Assert.Equal([2, 2, 2, 2, 2], Enumerable.Range(0, 5).Select(n => At(whole, n / 4.0)));
        Assert.Equal(mesh.Boundary("crack").AsEnumerable(), whole.Boundary("crack"));

        // The nodes in the middle of its edges are doubled too, whether they are there before or after.
        var before = MeshCut.Along(mesh.Quadratic(), "crack");
        Assert.Equal(mesh.Quadratic().Points.Length + 4, before.Points.Length);
        Assert.Equal(before.Points.Length, crack.Quadratic().Points.Length);

        // Inside the body both ends stay one.
        var inner = MeshCut.Along(mesh.WithInnerBoundary("slit", x => x.Y == 0.5 && x.X is >= 0.25 and <= 0.75), "slit");
        Assert.Equal([1, 1, 2, 1, 1], Enumerable.Range(0, 5).Select(n => At(inner, n / 4.0)));
    }

    [Theory]
    [InlineData(CellShape.Hexahedron)]
    [InlineData(CellShape.Tetrahedron)]
    public void The_front_of_a_crack_in_space_stays_one(CellShape shape)
    {
        var mesh = StructuredMesh.Box(_unit, 4, 3, 2, shape).WithInnerBoundary("crack", x => x.Z == 0.5 && x.X <= 0.5);
        var cut = MeshCut.Along(mesh, "crack");
        Assert.Equal(mesh.Points.Length + (2 * 4), cut.Points.Length);
        Assert.All(cut.Points.ToArray().Where(x => x.Z == 0.5).GroupBy(x => x), g => Assert.Equal(g.Key.X < 0.5 ? 2 : 1, g.Count()));
    }

    [Fact]
    public void Where_cuts_cross_each_part_gets_a_point()
    {
        var mesh = StructuredMesh.Rectangle(1, 1, 4, 4).WithInnerBoundary("x", x => x.X == 0.5).WithInnerBoundary("y", x => x.Y == 0.5);
        var both = MeshCut.Along(mesh.WithBoundary("cross", mesh.Boundary("x").Concat(mesh.Boundary("y"))), "cross");
        Assert.Equal(mesh.Points.Length + 8 + 3, both.Points.Length);
        Assert.Equal(4, both.Points.ToArray().Count(x => x == new Vec3(0.5, 0.5, 0)));

        // One after the other comes to the same, and so does a boundary that names both of its sides.
        Assert.Equal(both.Points.Length, MeshCut.Along(MeshCut.Along(mesh, "x"), "y").Points.Length);
        var sides = mesh.WithBoundary("x", mesh.Boundary("x").Concat(MeshCut.Along(mesh, "x").Boundary("x.opposite")));
        var twice = MeshCut.Along(sides, "x");
        Assert.Equal(mesh.Points.Length + 5, twice.Points.Length);
        Assert.Equal(4, twice.Boundary("x").Length);
    }

    [Fact]
    public void What_cannot_open_is_refused()
    {
        static string Message(Mesh mesh, string name) => Assert.Throws<ScaleModelException>(() => MeshCut.Along(mesh, name)).Message;
        var mesh = StructuredMesh.Rectangle(1, 1, 4, 4).WithInnerBoundary("short", x => x.Y == 0.5 && x.X is >= 0.25 and <= 0.5).WithInnerBoundary("long", x => x.Y == 0.5);
        Assert.Contains("one side only", Message(mesh, "left"), StringComparison.Ordinal);
        Assert.Contains("is it cut already", Message(MeshCut.Along(mesh, "long"), "long"), StringComparison.Ordinal);
        Assert.Contains("all of them are ends of the cut", Message(mesh, "short"), StringComparison.Ordinal);
        Assert.Contains("a boundary 'long.opposite' already", Message(mesh.WithBoundary("long.opposite", mesh.Boundary("left")), "long"), StringComparison.Ordinal);
        Assert.Contains("no boundary 'other'", Message(mesh, "other"), StringComparison.Ordinal);
        Assert.Throws<ScaleModelException>(() => mesh.WithInnerBoundary("none", x => x.X == 0));

        // In space one cell, all around which the body holds together.
        var box = StructuredMesh.Box(_unit, 3, 3, 2);
        Assert.Contains("all of them are ends", Message(box.WithInnerBoundary("cell", x => x.Z == 0.5 && x.X is > 0.3 and < 0.7 && x.Y is > 0.3 and < 0.7), "cell"), StringComparison.Ordinal);
    }
}

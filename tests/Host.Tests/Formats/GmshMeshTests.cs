using System.Globalization;
using System.Text;
using ActorMultiscale.Host.Formats;
using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Tests.Host.Interop;
using CsCheck;

namespace ActorMultiscale.Tests.Host.Formats;

/// <summary>Meshes as Gmsh writes them.</summary>
public sealed class GmshMeshTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("actor-multiscale-");

    // A square of a quadrilateral and two triangles; the second triangle is clockwise. Node 9 belongs to no cell.
    private const string Two = """
        $MeshFormat
        2.2 0 8
        $EndMeshFormat
        $PhysicalNames
        2
        1 4 "left side"
        2 7 "plate"
        $EndPhysicalNames
        $Nodes
        7
        1 0 0 0
        2 1 0 0
        3 2 0 0
        5 0 1 0
        6 1 1 0
        8 2 1 0
        9 5 5 0
        $EndNodes
        $Periodic
        anything
        $EndPeriodic
        $Elements
        6
        1 15 2 0 1 9
        2 1 2 4 1 5 1
        3 1 2 12 1 3 8
        4 3 2 7 1 1 2 6 5
        5 2 2 7 1 2 3 8
        6 2 2 8 1 2 6 8
        $EndElements
        """;

    private const string Four = """
        $MeshFormat
        4.1 0 8
        $EndMeshFormat
        $PhysicalNames
        2
        1 4 "left side"
        2 7 "plate"
        $EndPhysicalNames
        $Entities
        0 2 2 0
        1 0 0 0 0 1 0 1 4 0
        2 2 0 0 2 1 0 1 -12 2 1 -2
        1 0 0 0 2 1 0 1 7 0
        2 0 0 0 2 1 0 1 8 0
        $EndEntities
        $Nodes
        2 7 1 9
        2 1 0 6
        1
        2
        3
        5
        6
        8
        0 0 0
        1 0 0
        2 0 0
        0 1 0
        1 1 0
        2 1 0
        0 3 0 1
        9
        5 5 0
        $EndNodes
        $Elements
        5 5 1 6
        1 1 1 1
        2 5 1
        1 2 1 1
        3 3 8
        2 1 3 1
        4 1 2 6 5
        2 1 2 1
        5 2 3 8
        2 2 2 1
        6 2 6 8
        $EndElements
        """;

    public void Dispose() => _folder.Delete(recursive: true);

    private static Mesh Read(string text) => GmshMesh.Read("m.msh", Encoding.UTF8.GetBytes(text));

    [Fact]
    public void Both_versions_of_one_mesh_are_read_alike()
    {
        var (two, four) = (Read(Two), Read(Four));

        Assert.Equal(two.Fingerprint, four.Fingerprint);
        Assert.Equal(6, two.Points.Length);
        Assert.Equal([CellShape.Quadrilateral, CellShape.Triangle], two.Blocks.Select(b => b.Shape));
        Assert.Equal<int>([1, 2, 5, 1, 5, 4], two.Blocks[1].Nodes);
        Assert.Equal(["8", "plate"], two.Regions.Keys);
        Assert.Equal<int>([0, 1], two.Region("plate"));
        Assert.Equal(["12", "left side"], two.Boundaries.Keys);
        Assert.Equal<Facet>([new Facet(0, 3)], two.Boundary("left side"));
        Assert.Equal<Facet>([new Facet(1, 1)], two.Boundary("12"));
    }

    [Fact]
    public void Lines_that_run_backwards_are_turned()
    {
        var mesh = Read("""
            $MeshFormat
            2.2 0 8
            $EndMeshFormat
            $Nodes
            5
            1 0 0 0
            2 1 0 0
            3 3 0 0
            4 0.5 0 0
            5 2 0 0
            $EndNodes
            $Elements
            2
            1 8 2 7 1 2 1 4
            2 8 2 7 1 2 3 5
            $EndElements
            """);

        Assert.Equal<int>([0, 1, 3, 1, 2, 4], mesh.Blocks[0].Nodes);
        Assert.Equal(3, Assembly.Integral(Basis.Scalar(mesh, 2), _ => 1), 1e-14);
    }

    [Fact]
    public void Groups_that_cannot_be_known_are_refused()
    {
        var start = Four.IndexOf("$Entities", StringComparison.Ordinal);
        var end = Four.IndexOf("$Nodes", StringComparison.Ordinal);
        var (entities, without) = (Four[start..end], Four.Remove(start, end - start));
        static string Message(string text) => Assert.Throws<MeshFileException>(() => Read(text)).Message;

        Assert.Matches(@"^m\.msh:\d+: a block has elements of the entity 1 of dimension 1, which neither", Message(without));
        Assert.Matches(@"^m\.msh:\d+: a block has elements", Message(without + "\n" + entities));
        Assert.Matches(@"entity 2 of dimension 2", Message(Four.Replace("0 2 2 0\n", "0 2 1 0\n", StringComparison.Ordinal).Replace("2 0 0 0 2 1 0 1 8 0\n", "", StringComparison.Ordinal)));

        // Without names there may be no groups at all; but what comes too late is told.
        var names = without.IndexOf("$PhysicalNames", StringComparison.Ordinal);
        var bare = without.Remove(names, without.IndexOf("$Nodes", StringComparison.Ordinal) - names);
        Assert.Empty(Read(bare).Regions);
        Assert.Matches(@"^m\.msh:\d+: the section \$Entities stands after \$Elements", Message(bare + "\n" + entities));
    }

    // What Gmsh cuts into parts keeps its groups, and the lines between the parts are no boundary.
    [PeerTheory("gmsh")]
    [InlineData(0)]
    [InlineData(1)]
    public void Files_in_parts_keep_their_groups(int binary)
    {
        FormatStand.Save(_folder, "m.geo", """
            Mesh.CharacteristicLengthMax = 0.3;
            Point(1) = {0, 0, 0}; Point(2) = {1, 0, 0}; Point(3) = {1, 1, 0}; Point(4) = {0, 1, 0};
            Line(1) = {1, 2}; Line(2) = {2, 3}; Line(3) = {3, 4}; Line(4) = {4, 1}; Line Loop(1) = {1, 2, 3, 4}; Plane Surface(1) = {1};
            Physical Surface("body") = {1}; Physical Line("low") = {1};

            """);
        Mesh Written(params string[] more)
        {
            FormatStand.Run(_folder, Peers.Gmsh, ["m.geo", "-2", "-format", "msh41", "-setnumber", "Mesh.Binary", binary.ToString(CultureInfo.InvariantCulture), "-o", "m.msh", .. more]);
            return GmshMesh.Read("m.msh", File.ReadAllBytes(Path.Combine(_folder.FullName, "m.msh")));
        }

        var (whole, parts) = (Written(), Written("-part", "3"));
        Assert.Contains("$PartitionedEntities", Encoding.Latin1.GetString(File.ReadAllBytes(Path.Combine(_folder.FullName, "m.msh"))), StringComparison.Ordinal);
        Assert.Equal(whole.CellCount, parts.CellCount);
        Assert.Equal(["body"], parts.Regions.Keys);
        Assert.Equal(parts.CellCount, parts.Region("body").Length);
        Assert.Equal(["low"], parts.Boundaries.Keys);
        Assert.Equal(1, Assembly.Integral(Basis.Scalar(parts, 1), _ => 1, Physics.Continuum.Forms.Domain.Boundary("low")), 1e-14);
    }

    [Theory]
    [InlineData("4.1 0 8", "3 0 8", @"^m\.msh:3: the format is '3 0 8'; it may be '2\.2' or '4\.1'")]
    [InlineData("$MeshFormat\n", "solid\n", @"^m\.msh:2: a file of Gmsh begins with")]
    [InlineData("4 1 2 6 5\n", "4 1 2 6 77\n", @"^m\.msh:\d+: an element names node 77, which is not in \$Nodes")]
    [InlineData("2 1 3 1\n", "2 1 6 1\n", @"the type of an element is 6; it may be 1 \(Line, 2 nodes\).*Prisms, pyramids")]
    [InlineData("2 1 0 6\n", "2 1 0 60000\n", @"60000 nodes are announced, for which the \d+ bytes that follow are too few")]
    [InlineData("1 1 0\n2 1 0\n", "1 1 0\n2 x 0\n", @"^m\.msh:\d+: a coordinate is a finite number; found 'x'")]
    [InlineData("2 1 0\n", "2 1 nan\n", @"finite number; found 'nan'")]
    [InlineData("1 4 \"left side\"", "1 4 left", @"^m\.msh:7: a physical name stands between")]
    [InlineData("2 5 1\n", "2 6 1\n", @"^m\.msh: an element of the boundary 'left side' is no facet of any cell")]
    [InlineData("$EndElements", "", @"'\$EndElements' is needed here; found the end of the file")]
    [InlineData("$EndNodes", "7 $EndNodes", @"'\$EndNodes' is needed here; found '7 \$EndNodes'")]
    [InlineData("2\n3\n5\n", "2\n3\n3\n", @"node 3 stands there twice")]
    [InlineData("1 0 0\n2 0 0", "1 0 1\n2 0 0", @"^m\.msh: These are no mesh: point 1 is at \(1, 0, 1\)")]
    public void What_is_wrong_is_told_with_its_place(string right, string wrong, string message)
    {
        Assert.Contains(right, Four, StringComparison.Ordinal);
        Assert.Matches(message, Assert.Throws<MeshFileException>(() => Read(Four.Replace(right, wrong, StringComparison.Ordinal))).Message);
    }

    [Fact]
    public void Damaged_files_are_read_or_refused_and_nothing_else_happens()
    {
        var refused = 0;
        Gen.Select(Gen.Bool, Gen.Int[0, 4000], Gen.Int[1, 30], Gen.Int[0, 5]).Array[1, 3].Sample(damages =>
        {
            var text = damages[0].Item1 ? Two : Four;
            foreach (var (_, where, length, what) in damages)
            {
                var at = where % text.Length;
                var end = Math.Min(text.Length, at + length);
                text = what switch
                {
                    0 => text[..at],
                    1 => text[..at] + text[end..],
                    2 => text[..at] + new[] { "-1", "999999999999", "\0", "$End", "1e400", "2147483648" }[length % 6] + text[at..],
                    _ => text[..end] + text[at..],
                };
                text = text.Length == 0 ? "x" : text;
            }

            try
            {
                _ = Read(text);
            }
            catch (MeshFileException fault)
            {
                Assert.StartsWith("m.msh", fault.Message, StringComparison.Ordinal);
                Interlocked.Increment(ref refused);
            }
        }, iter: 3000);
        Assert.InRange(refused, 1000, 3000);
    }

    [PeerTheory("gmsh")]
    [InlineData("msh22")]
    [InlineData("msh41")]
    public void Damaged_binary_files_are_read_or_refused_and_nothing_else_happens(string format)
    {
        FormatStand.Save(_folder, "m.geo", "Point(1) = {0, 0, 0, 0.6}; l[] = Extrude {1, 0, 0} { Point{1}; }; s[] = Extrude {0, 1, 0} { Line{l[1]}; }; Physical Surface(\"body\") = {s[1]}; Physical Line(\"low\") = {l[1]};\n");
        FormatStand.Run(_folder, Peers.Gmsh, "m.geo", "-2", "-format", format, "-setnumber", "Mesh.Binary", "1", "-o", "m.msh");
        var whole = File.ReadAllBytes(Path.Combine(_folder.FullName, "m.msh"));
        Assert.Single(GmshMesh.Read("m.msh", whole).Boundaries);
        var refused = 0;
        Gen.Select(Gen.Int[0, whole.Length - 1], Gen.Byte, Gen.Int[0, 3]).Array[1, 3].Sample(damages =>
        {
            var bytes = whole;
            foreach (var (at, value, what) in damages)
            {
                bytes = what switch
                {
                    0 => [.. bytes.Take(at)],
                    1 => [.. bytes.Take(at), .. bytes.Skip(at + 1 + (value % 16))],
                    _ => [.. bytes.Take(at), value, .. bytes.Skip(at + 1)],
                };
            }

            try
            {
                _ = GmshMesh.Read("m.msh", bytes);
            }
            catch (MeshFileException fault)
            {
                Assert.StartsWith("m.msh", fault.Message, StringComparison.Ordinal);
                Interlocked.Increment(ref refused);
            }
        }, iter: 3000);
        Assert.InRange(refused, 1000, 3000);
    }

    // Each body in both versions, as text and binary, gives one mesh: what Gmsh made, its volume, and its groups.
    [PeerTheory("gmsh")]
    [InlineData(2, 1, false)]
    [InlineData(2, 2, false)]
    [InlineData(2, 1, true)]
    [InlineData(2, 2, true)]
    [InlineData(3, 1, false)]
    [InlineData(3, 2, false)]
    [InlineData(3, 1, true)]
    [InlineData(3, 2, true)]
    public void Files_of_Gmsh_are_read(int dimension, int order, bool tensor)
    {
        FormatStand.Save(_folder, "m.geo", $$"""
            Mesh.CharacteristicLengthMax = 0.4;
            Point(1) = {0, 0, 0}; Point(2) = {1, 0, 0}; Point(3) = {0, 1, 0}; Point(4) = {2, 0, 0}; Point(5) = {0, 2, 0};
            Line(1) = {2, 4}; Circle(2) = {4, 1, 5}; Line(3) = {5, 3}; Circle(4) = {3, 1, 2};
            Line Loop(1) = {1, 2, 3, 4}; Plane Surface(1) = {1};
            {{(tensor ? "Transfinite Line{1, 3} = 4; Transfinite Line{2, 4} = 6; Transfinite Surface{1}; Recombine Surface{1};" : "")}}
            {{(dimension == 2
                ? "Physical Surface(\"body\") = {1}; Physical Line(\"inner\") = {4}; Physical Line(\"outer\", 40) = {2};"
                : "out[] = Extrude {0, 0, 0.5} { Surface{1}; Layers{2}; " + (tensor ? "Recombine;" : "") + " }; Physical Volume(\"body\") = {out[1]}; Physical Surface(\"inner\") = {out[5]}; Physical Surface(\"outer\", 40) = {out[3]};")}}

            """);
        List<Mesh> meshes = [];
        foreach (var (version, binary) in new[] { ("2.2", 0), ("2.2", 1), ("4.1", 0), ("4.1", 1) })
        {
            FormatStand.Run(_folder, Peers.Gmsh, "m.geo", $"-{dimension}", "-order", order.ToString(CultureInfo.InvariantCulture), "-format", "msh" + version.Replace(".", "", StringComparison.Ordinal), "-setnumber", "Mesh.Binary", binary.ToString(CultureInfo.InvariantCulture), "-o", "m.msh");
            meshes.Add(GmshMesh.Read("m.msh", File.ReadAllBytes(Path.Combine(_folder.FullName, "m.msh"))));
        }

        // Text has sixteen digits, so that points may differ in the last bit.
        Assert.Equal(meshes[0].Fingerprint, meshes[2].Fingerprint);
        Assert.Equal(meshes[1].Fingerprint, meshes[3].Fingerprint);
        Assert.Equal(meshes[0].Blocks.SelectMany(b => b.Nodes), meshes[1].Blocks.SelectMany(b => b.Nodes));
        var mesh = meshes[3];
        Assert.Equal(dimension, mesh.Dimension);
        Assert.All(mesh.Blocks, b => Assert.Equal((order, !tensor), (b.Order, b.Geometry.Cell.IsSimplex)));
        Assert.Equal(mesh.CellCount, mesh.Region("body").Length);
        var basis = Basis.Scalar(mesh, order, 4);
        var depth = dimension == 2 ? 1 : 0.5;
        var (volume, inner, outer) = (
            Assembly.Integral(basis, _ => 1), Assembly.Integral(basis, _ => 1, Physics.Continuum.Forms.Domain.Boundary("inner")), Assembly.Integral(basis, _ => 1, Physics.Continuum.Forms.Domain.Boundary("outer")));

        // Parabolas follow the arcs far better than chords do.
        var slack = order == 1 ? 0.02 : 2e-4;
        Assert.Equal(0.75 * Math.PI * depth, volume, slack * 3);
        Assert.Equal(0.5 * Math.PI * depth, inner, slack * 2);
        Assert.Equal(Math.PI * depth, outer, slack * 4);
    }

    [PeerTheory("gmsh")]
    [InlineData(2)]
    [InlineData(3)]
    public void Elements_without_inner_nodes_get_them_where_their_map_puts_them(int dimension)
    {
        FormatStand.Save(_folder, "m.geo", $$"""
            Mesh.SecondOrderIncomplete = 1;
            Point(1) = {0, 0, 0}; Point(2) = {1, 0, 0}; Point(3) = {0, 1, 0}; Point(4) = {2, 0, 0}; Point(5) = {0, 2, 0};
            Line(1) = {2, 4}; Circle(2) = {4, 1, 5}; Line(3) = {5, 3}; Circle(4) = {3, 1, 2};
            Line Loop(1) = {1, 2, 3, 4}; Plane Surface(1) = {1};
            Transfinite Line{1, 3} = 3; Transfinite Line{2, 4} = 4; Transfinite Surface{1}; Recombine Surface{1};
            {{(dimension == 3 ? "Extrude {0, 0, 0.5} { Surface{1}; Layers{2}; Recombine; }" : "")}}

            """);
        FormatStand.Run(_folder, Peers.Gmsh, "m.geo", $"-{dimension}", "-order", "2", "-format", "msh41", "-o", "m.msh");
        var mesh = GmshMesh.Read("m.msh", File.ReadAllBytes(Path.Combine(_folder.FullName, "m.msh")));

        Assert.Equal(dimension == 2 ? 6 : 12, mesh.CellCount);
        Assert.Equal(2, mesh.Blocks[0].Order);

        // Neighbors share the added nodes: those of a 4 by 6 grid of half cells, and all planes of nodes.
        Assert.Equal(5 * 7 * (dimension == 2 ? 1 : 5), mesh.Points.Length);
        Assert.Equal(0.75 * Math.PI * (dimension == 2 ? 1 : 0.5), Assembly.Integral(Basis.Scalar(mesh, 2), _ => 1), 2e-3);
    }
}

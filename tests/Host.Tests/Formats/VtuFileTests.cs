using System.Globalization;
using ActorMultiscale.Host.Formats;
using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Tests.Host.Interop;

namespace ActorMultiscale.Tests.Host.Formats;

/// <summary>VTU files as VTK and meshio read them.</summary>
public sealed class VtuFileTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("actor-multiscale-");

    public static TheoryData<string> Kinds => [.. _meshes.Keys];

    private static readonly Vec3 _unit = new(1, 1, 1);

    private static readonly Dictionary<string, Func<Mesh>> _meshes = new()
    {
        ["line"] = () => StructuredMesh.Interval(2, 3),
        ["curved line"] = () => StructuredMesh.Interval(2, 3).Quadratic().Moved(Bent),
        ["triangle"] = () => StructuredMesh.Rectangle(2, 1, 2, 3, CellShape.Triangle),
        ["curved triangle"] = () => StructuredMesh.QuarterRing(1, 2, 2, 3, CellShape.Triangle),
        ["quadrilateral"] = () => StructuredMesh.Rectangle(2, 1, 2, 3),
        ["curved quadrilateral"] = () => StructuredMesh.QuarterRing(1, 2, 2, 3),
        ["tetrahedron"] = () => StructuredMesh.Box(_unit, 2, 1, 1, CellShape.Tetrahedron),
        ["curved tetrahedron"] = () => StructuredMesh.Box(_unit, 2, 1, 1, CellShape.Tetrahedron).Quadratic().Moved(Bent),
        ["hexahedron"] = () => StructuredMesh.Box(_unit, 2, 1, 2),
        ["quadrilaterals and triangles"] = () => new Mesh(
            [new(0, 0, 0), new(1, 0, 0), new(2, 0, 0), new(0, 1, 0), new(1, 1, 0), new(2, 1, 0)],
            [new CellBlock(CellShape.Triangle, 1, [1, 2, 4, 2, 5, 4]), new CellBlock(CellShape.Quadrilateral, 1, [0, 1, 4, 3])]),
        ["curved quadrilaterals and triangles"] = () => new Mesh(
            [new(0, 0, 0), new(1, 0, 0), new(2, 0, 0), new(0, 1, 0), new(1, 1, 0), new(2, 1, 0)],
            [new CellBlock(CellShape.Quadrilateral, 1, [0, 1, 4, 3]), new CellBlock(CellShape.Triangle, 1, [1, 2, 4, 2, 5, 4])]).Quadratic().Moved(Bent),
        ["curved hexahedron"] = () => StructuredMesh.Box(_unit, 2, 1, 2).Quadratic().Moved(Bent),
    };

    public void Dispose() => _folder.Delete(recursive: true);

    private static Vec3 Bent(Vec3 x) => new(x.X + (0.1 * x.X * x.X) + (0.07 * x.Y * x.Z), x.Y + (0.05 * x.X * x.Z) - (0.03 * x.Y * x.X), x.Z - (x.Z == 0 ? 0 : 0.1 * x.X * x.Y));

    private void Save(string name, Action<Stream> write)
    {
        using var to = File.Create(Path.Combine(_folder.FullName, name));
        write(to);
    }

    private double[][] Python(string script)
    {
        FormatStand.Save(_folder, "read.py", script);
        return [.. FormatStand.Run(_folder, Peers.Python, "read.py").Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(word => double.Parse(word, CultureInfo.InvariantCulture)).ToArray())];
    }

    [PeerTheory("vtk")]
    [MemberData(nameof(Kinds))]
    public void VTK_finds_the_same_places_in_the_same_cells_and_the_same_fields(string kind)
    {
        var mesh = _meshes[kind]();
        var (points, cells) = (mesh.Points.Length, mesh.CellCount);
        double[] scalar = [.. Enumerable.Range(0, points).Select(n => Math.Sqrt(n) / 3)];
        double[] plane = [.. Enumerable.Range(0, 2 * points).Select(n => 1.0 / (n + 1))];
        double[] tensor = [.. Enumerable.Range(0, 6 * cells).Select(n => Math.Exp(-n))];
        Save("m.vtu", to => VtuFile.Write(to, mesh, [new("T <&> \"q\"", 1, scalar), new("u", 2, plane)], [new("stress", 6, tensor)]));
        var read = Python("""
            import vtk
            r = vtk.vtkXMLUnstructuredGridReader(); r.SetFileName('m.vtu'); r.Update(); g = r.GetOutput()
            def flat(a): return ' '.join(repr(a.GetComponent(i, j)) for i in range(a.GetNumberOfTuples()) for j in range(a.GetNumberOfComponents()))
            print(g.GetNumberOfPoints(), g.GetNumberOfCells())
            print(flat(g.GetPoints().GetData()))
            print(flat(g.GetPointData().GetArray('T <&> "q"')))
            print(flat(g.GetPointData().GetArray('u')))
            print(flat(g.GetCellData().GetArray('stress')))
            for c in range(g.GetNumberOfCells()):
                x = [0, 0, 0]; sub = vtk.reference(0); w = [0] * 30
                g.GetCell(c).EvaluateLocation(sub, [0.3, 0.2, 0.1], x, w)
                print(*map(repr, x))
            """);

        Assert.Equal([points, cells], read[0].Select(x => (int)x));
        Assert.Equal(mesh.Points.ToArray().SelectMany(x => new[] { x.X, x.Y, x.Z }), read[1]);
        Assert.Equal(scalar, read[2]);
        Assert.Equal(Enumerable.Range(0, 3 * points).Select(n => n % 3 == 2 ? 0 : plane[(n / 3 * 2) + (n % 3)]), read[3]);
        Assert.Equal(tensor, read[4]);
        for (var c = 0; c < cells; c++)
        {
            var x = mesh.Place(c, new(0.3, mesh.Dimension > 1 ? 0.2 : 0, mesh.Dimension > 2 ? 0.1 : 0));
            Assert.Equal(0, (x - new Vec3(read[5 + c][0], read[5 + c][1], read[5 + c][2])).Norm, 1e-14);
        }
    }

    [PeerTheory("meshio")]
    [MemberData(nameof(Kinds))]
    public void Meshio_reads_the_same_cells(string kind)
    {
        var mesh = _meshes[kind]();
        Save("m.vtu", to => VtuFile.Write(to, mesh, [], [new("n", 1, [.. Enumerable.Range(0, mesh.CellCount).Select(c => 1.5 * c)])]));
        var read = Python("""
            import meshio
            m = meshio.read('m.vtu')
            print(*map(repr, m.points.flatten()))
            print(*(n for block in m.cells for n in block.data.flatten()))
            print(*(repr(x) for block in m.cell_data['n'] for x in block))
            print(*(block.data.shape[1] for block in m.cells))
            """);

        Assert.Equal(mesh.Points.ToArray().SelectMany(x => new[] { x.X, x.Y, x.Z }), read[0]);
        Assert.Equal(mesh.Blocks.SelectMany(b => b.Nodes), read[1].Select(x => (int)x));
        Assert.Equal(mesh.Blocks.Select(b => b.Geometry.Nodes.Length), read[3].Select(x => (int)x));
        Assert.Equal(Enumerable.Range(0, mesh.CellCount).Select(c => 1.5 * c), read[2]);
    }

    [PeerFact("vtk")]
    public void VTK_finds_the_components_of_a_tensor_where_they_belong()
    {
        var mesh = StructuredMesh.Rectangle(2, 1, 1, 1);
        SymTensor3[] tensors = [.. Enumerable.Range(0, mesh.Points.Length).Select(n => new SymTensor3(n + 0.1, n + 0.2, n + 0.3, n + 0.4, n + 0.5, n + 0.6))];
        Save("m.vtu", to => VtuFile.Write(to, mesh, [VtuField.OfTensors("stress", tensors)], []));
        var read = Python("""
            import vtk
            r = vtk.vtkXMLUnstructuredGridReader(); r.SetFileName('m.vtu'); r.Update(); g = r.GetOutput()
            g.GetPointData().SetActiveTensors('stress')
            for i in range(3):
                for j in range(3):
                    f = vtk.vtkExtractTensorComponents(); f.SetInputData(g); f.ExtractScalarsOn(); f.SetScalarModeToComponent(); f.SetScalarComponents(i, j); f.Update()
                    s = f.GetOutput().GetPointData().GetScalars()
                    print(*(repr(s.GetTuple1(n)) for n in range(g.GetNumberOfPoints())))
            """);

        Func<SymTensor3, double>[] rows = [t => t.XX, t => t.XY, t => t.XZ, t => t.XY, t => t.YY, t => t.YZ, t => t.XZ, t => t.YZ, t => t.ZZ];
        Assert.Equal(rows.Select(component => tensors.Select(component).ToArray()), read);
    }

    [PeerFact("vtk")]
    public void Fields_of_degree_two_come_with_all_their_nodes_and_large_ones_in_blocks()
    {
        var basis = Basis.Scalar(StructuredMesh.Rectangle(1, 1, 150, 150), 2);
        var u = basis.Interpolate(x => Math.Sin(5 * x.X) * x.Y);
        Save("m.vtu", to => VtuFile.Write(to, basis, [new("u", 1, u)], []));
        var read = Python("""
            import vtk
            r = vtk.vtkXMLUnstructuredGridReader(); r.SetFileName('m.vtu'); r.Update(); g = r.GetOutput()
            p = vtk.vtkProbeFilter(); s = vtk.vtkPointSource(); q = vtk.vtkPoints(); q.InsertNextPoint(0.123, 0.456, 0)
            d = vtk.vtkPolyData(); d.SetPoints(q); p.SetSourceData(g); p.SetInputData(d); p.Update()
            print(g.GetNumberOfPoints(), repr(p.GetOutput().GetPointData().GetArray('u').GetValue(0)))
            """);

        Assert.Equal(basis.NodeCount, read[0][0]);
        Assert.True(8 * 3 * basis.NodeCount > 2 << 20);
        var locator = new CellLocator(basis.Mesh);
        Assert.True(locator.TryFind(new(0.123, 0.456, 0), out var cell, out var at));

        // VTK finds the place in a curved cell by iteration; between the vertices alone the value would be off by h² u″/8, some 1e-5.
        Assert.Equal(basis.ScalarAt(u, cell, at).Value, read[0][1], 1e-7);
    }

    [PeerTheory("vtk")]
    [InlineData("curved triangle")]
    [InlineData("curved quadrilateral")]
    [InlineData("curved tetrahedron")]
    [InlineData("curved hexahedron")]
    public void Fields_of_degree_1_on_curved_cells_have_their_values_at_all_points(string kind)
    {
        var mesh = _meshes[kind]();
        var basis = Basis.Vector(mesh, 1);
        Assert.True(basis.NodeCount < mesh.Points.Length);
        var u = basis.Interpolate(x => new Vec3(Math.Exp(x.X), Math.Sin(x.Y + x.Z), x.X * x.Y));
        Save("m.vtu", to => VtuFile.Write(to, basis, [new("u", basis.Components, u)], []));
        var read = Python("""
            import vtk
            r = vtk.vtkXMLUnstructuredGridReader(); r.SetFileName('m.vtu'); r.Update(); g = r.GetOutput()
            for n in range(g.GetNumberOfPoints()): print(*map(repr, g.GetPointData().GetArray('u').GetTuple(n)))
            """);
        Assert.Equal(mesh.Points.Length, read.Length);
        for (var c = 0; c < mesh.CellCount; c++)
        {
            foreach (var (a, point) in mesh.Cell(c).ToArray().Index())
            {
                Assert.Equal(0, (basis.VectorAt(u, c, mesh.Geometry(c).Nodes[a]).Value - new Vec3(read[point][0], read[point][1], read[point][2])).Norm, 1e-14);
            }
        }
    }

    [PeerFact("vtk")]
    public void A_series_names_its_files_by_time()
    {
        using var text = new StringWriter(CultureInfo.InvariantCulture);
        VtuFile.WriteSeries(text, [(0, "a.vtu"), (0.1, "b & c.vtu")]);
        FormatStand.Save(_folder, "s.pvd", text.ToString());
        var read = Python("""
            import xml.etree.ElementTree as t
            for d in t.parse('s.pvd').getroot().find('Collection'): print(d.get('timestep'), len(d.get('file')))
            """);

        Assert.Equal([[0, 5], [0.1, 9]], read);
    }

    [Fact]
    public void Fields_that_do_not_fit_are_refused()
    {
        var mesh = StructuredMesh.Rectangle(1, 1, 1, 1);
        static string Message(Action action) => Assert.Throws<MeshFileException>(action).Message;

        Assert.Equal("The field 'u' has 5 numbers; 2 for each of the 4 points are needed.", Message(() => VtuFile.Write(Stream.Null, mesh, [new("u", 2, new double[5])], [])));
        Assert.Contains("for each of the 1 cells", Message(() => VtuFile.Write(Stream.Null, mesh, [], [new("u", 1, [])])), StringComparison.Ordinal);
        Assert.Contains("stands there twice", Message(() => VtuFile.Write(Stream.Null, mesh, [new("u", 1, new double[4]), new("u", 1, new double[4])], [])), StringComparison.Ordinal);
        Assert.Contains("for each of the 4 nodes", Message(() => VtuFile.Write(Stream.Null, Basis.Scalar(mesh.Quadratic(), 1), [new("u", 1, new double[9])], [])), StringComparison.Ordinal);
    }
}

using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Security;
using System.Text;
using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Host.Formats;

/// <summary>A field for a VTU file.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Components">Numbers a point or cell; 2 become 3 with a zero, as viewers take three for a vector.</param>
/// <param name="Values">The numbers, point by point or cell by cell.</param>
/// <remarks>
/// Viewers take six numbers for the components xx, yy, zz, xy, yz, xz of a symmetric tensor, which is not the order of <see cref="SymTensor3"/>:
/// <see cref="OfTensors"/> puts those in their places.
/// </remarks>
public sealed record VtuField(string Name, int Components, double[] Values)
{
    /// <summary>A field of symmetric tensors, in the order that viewers expect.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="values">A tensor a point or cell.</param>
    public static VtuField OfTensors(string name, ReadOnlySpan<SymTensor3> values)
    {
        var numbers = new double[6 * values.Length];
        for (var n = 0; n < values.Length; n++)
        {
            var t = values[n];
            ((ReadOnlySpan<double>)[t.XX, t.YY, t.ZZ, t.XY, t.YZ, t.XZ]).CopyTo(numbers.AsSpan(6 * n));
        }

        return new(name, 6, numbers);
    }
}

/// <summary>
/// Writes meshes with fields as VTK XML unstructured grids (<c>.vtu</c>), binary and compressed, for ParaView and all else that reads VTK; and series of
/// them over time (<c>.pvd</c>).
/// </summary>
/// <remarks>The format: "VTK File Formats", VTK documentation; arrays are base64 of zlib blocks with 64-bit headers.</remarks>
public static class VtuFile
{
    private const int BlockSize = 1 << 20;

    /// <summary>Writes a mesh with fields.</summary>
    /// <param name="to">Where to.</param>
    /// <param name="mesh">The mesh.</param>
    /// <param name="pointFields">Fields with values at the points of the mesh.</param>
    /// <param name="cellFields">Fields with a value a cell.</param>
    /// <exception cref="MeshFileException">A field has not as many numbers as the mesh needs, or has no name, or the name of another.</exception>
    public static void Write(Stream to, Mesh mesh, IReadOnlyCollection<VtuField> pointFields, IReadOnlyCollection<VtuField> cellFields)
    {
        ArgumentNullException.ThrowIfNull(to);
        ArgumentNullException.ThrowIfNull(mesh);
        ArgumentNullException.ThrowIfNull(pointFields);
        ArgumentNullException.ThrowIfNull(cellFields);
        Check(pointFields, mesh.Points.Length, "points");
        Check(cellFields, mesh.CellCount, "cells");
        using var writer = new StreamWriter(to, new UTF8Encoding(false), leaveOpen: true) { NewLine = "\n" };
        writer.WriteLine("<?xml version=\"1.0\"?>");
        writer.WriteLine("<VTKFile type=\"UnstructuredGrid\" version=\"1.0\" byte_order=\"LittleEndian\" header_type=\"UInt64\" compressor=\"vtkZLibDataCompressor\">");
        writer.WriteLine("<UnstructuredGrid>");
        writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"<Piece NumberOfPoints=\"{mesh.Points.Length}\" NumberOfCells=\"{mesh.CellCount}\">"));
        Fields(writer, "PointData", pointFields);
        Fields(writer, "CellData", cellFields);
        writer.WriteLine("<Points>");
        Put(writer, "Points", "Float64", 3, MemoryMarshal.AsBytes(mesh.Points));
        writer.WriteLine("</Points>");
        writer.WriteLine("<Cells>");
        Cells(writer, mesh);
        writer.WriteLine("</Cells>");
        writer.WriteLine("</Piece>");
        writer.WriteLine("</UnstructuredGrid>");
        writer.WriteLine("</VTKFile>");
    }

    /// <summary>
    /// Writes fields of finite elements; of degree 2 with all their nodes, on a mesh of order 2. Of degree 1 on a mesh of order 2 at all points of the mesh: a file has one
    /// set of points for both.
    /// </summary>
    /// <param name="to">Where to.</param>
    /// <param name="basis">A basis for the fields' elements.</param>
    /// <param name="fields">Fields by their dofs: one or as many numbers a node as there are components.</param>
    /// <param name="cellFields">Fields with a value a cell.</param>
    /// <exception cref="MeshFileException">A field has not as many numbers as the basis needs, or has no name, or the name of another.</exception>
    public static void Write(Stream to, Basis basis, IReadOnlyCollection<VtuField> fields, IReadOnlyCollection<VtuField> cellFields)
    {
        ArgumentNullException.ThrowIfNull(basis);
        ArgumentNullException.ThrowIfNull(fields);
        if (basis.Mesh.Blocks.All(b => b.Order == basis.Degree))
        {
            Write(to, basis.Mesh, fields, cellFields);
        }
        else if (basis.Degree == 2)
        {
            Write(to, basis.Mesh.Quadratic(), fields, cellFields);
        }
        else
        {
            Check(fields, basis.NodeCount, "nodes");
            Write(to, basis.Mesh, [.. fields.Select(field => AtPoints(basis, field))], cellFields);
        }
    }

    // The values Σ N_a u_a at all points of the mesh.
    private static VtuField AtPoints(Basis basis, VtuField field)
    {
        var (mesh, width) = (basis.Mesh, field.Components);
        var values = new double[width * mesh.Points.Length];
        for (var cell = 0; cell < mesh.CellCount; cell++)
        {
            var (element, places) = (basis.Element(cell), mesh.Geometry(cell).Nodes);
            var nodes = basis.CellNodes(cell);
            var points = mesh.Cell(cell);
            var (functions, gradients) = (new double[nodes.Length], new Vec3[nodes.Length]);
            for (var p = 0; p < points.Length; p++)
            {
                element.Evaluate(places[p], functions, gradients);
                for (var c = 0; c < width; c++)
                {
                    var value = 0.0;
                    for (var a = 0; a < nodes.Length; a++)
                    {
                        value += functions[a] * field.Values[(width * nodes[a]) + c];
                    }

                    values[(width * points[p]) + c] = value;
                }
            }
        }

        return field with { Values = values };
    }

    /// <summary>Writes a series: which file belongs to which time.</summary>
    /// <param name="to">Where to.</param>
    /// <param name="files">The times, and the files as seen from the folder of this one.</param>
    public static void WriteSeries(TextWriter to, IEnumerable<(double Time, string File)> files)
    {
        ArgumentNullException.ThrowIfNull(to);
        ArgumentNullException.ThrowIfNull(files);
        to.Write("<?xml version=\"1.0\"?>\n<VTKFile type=\"Collection\" version=\"0.1\" byte_order=\"LittleEndian\">\n<Collection>\n");
        foreach (var (time, file) in files)
        {
            to.Write(string.Create(CultureInfo.InvariantCulture, $"<DataSet timestep=\"{time:R}\" part=\"0\" file=\"{SecurityElement.Escape(file)}\"/>\n"));
        }

        to.Write("</Collection>\n</VTKFile>\n");
    }

    private static void Check(IReadOnlyCollection<VtuField> fields, int count, string what)
    {
        HashSet<string> names = new(StringComparer.Ordinal);
        foreach (var field in fields)
        {
            if (string.IsNullOrWhiteSpace(field.Name) || field.Name.Any(char.IsControl) || !names.Add(field.Name))
            {
                throw new MeshFileException($"The name of a field, '{TextLines.Shown(field.Name)}', is empty, has characters that are no text, or stands there twice.");
            }

            if (field.Components < 1 || field.Values.Length != (long)field.Components * count)
            {
                throw new MeshFileException(string.Create(CultureInfo.InvariantCulture, $"The field '{field.Name}' has {field.Values.Length} numbers; {field.Components} for each of the {count} {what} are needed."));
            }
        }
    }

    private static void Fields(StreamWriter to, string section, IReadOnlyCollection<VtuField> fields)
    {
        to.WriteLine($"<{section}>");
        foreach (var field in fields)
        {
            var values = field.Values;
            if (field.Components == 2)
            {
                values = new double[values.Length / 2 * 3];
                for (var n = 0; n < field.Values.Length; n++)
                {
                    values[(n / 2 * 3) + (n % 2)] = field.Values[n];
                }
            }

            Put(to, field.Name, "Float64", field.Components == 2 ? 3 : field.Components, MemoryMarshal.AsBytes(values.AsSpan()));
        }

        to.WriteLine($"</{section}>");
    }

    private static void Cells(StreamWriter to, Mesh mesh)
    {
        List<int> nodes = [];
        var offsets = new long[mesh.CellCount];
        var types = new byte[mesh.CellCount];
        for (var c = 0; c < mesh.CellCount; c++)
        {
            // Our order of nodes is VTK's.
            nodes.AddRange(mesh.Cell(c));
            offsets[c] = nodes.Count;
            var element = mesh.Geometry(c);
            types[c] = (element.Cell.Shape, element.Degree) switch
            {
                (CellShape.Line, 1) => 3,
                (CellShape.Triangle, 1) => 5,
                (CellShape.Quadrilateral, 1) => 9,
                (CellShape.Tetrahedron, 1) => 10,
                (CellShape.Hexahedron, 1) => 12,
                (CellShape.Line, _) => 21,
                (CellShape.Triangle, _) => 22,
                (CellShape.Quadrilateral, _) => 28,
                (CellShape.Tetrahedron, _) => 24,
                _ => 29,
            };
        }

        Put(to, "connectivity", "Int32", 1, MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(nodes)));
        Put(to, "offsets", "Int64", 1, MemoryMarshal.AsBytes(offsets.AsSpan()));
        Put(to, "types", "UInt8", 1, types);
    }

    // Header: number of blocks, size of a block, size of the last if it is shorter (else 0), compressed sizes; then the blocks.
    private static void Put(StreamWriter to, string name, string type, int components, ReadOnlySpan<byte> bytes)
    {
        // Without a number of components there is one; meshio makes a table of one column of it otherwise.
        var width = components == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $" NumberOfComponents=\"{components}\"");
        to.Write($"<DataArray type=\"{type}\" Name=\"{SecurityElement.Escape(name)}\"{width} format=\"binary\">");
        var blocks = (bytes.Length + BlockSize - 1) / BlockSize;
        var header = new byte[8 * (3 + blocks)];
        BinaryPrimitives.WriteInt64LittleEndian(header, blocks);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(8), BlockSize);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(16), bytes.Length % BlockSize);
        using var packed = new MemoryStream();
        for (var b = 0; b < blocks; b++)
        {
            var start = packed.Length;
            using (var zlib = new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            {
                zlib.Write(bytes.Slice(b * BlockSize, Math.Min(BlockSize, bytes.Length - (b * BlockSize))));
            }

            BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(8 * (3 + b)), packed.Length - start);
        }

        to.Write(Convert.ToBase64String(header));
        to.Write(Convert.ToBase64String(packed.GetBuffer().AsSpan(0, (int)packed.Length)));
        to.WriteLine("</DataArray>");
    }
}

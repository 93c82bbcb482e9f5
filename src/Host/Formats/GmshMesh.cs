using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Host.Formats;

/// <summary>
/// Meshes of Gmsh: files <c>.msh</c> of the versions 2.2 and 4.1, text or binary. The elements of the highest dimension become cells, and their physical
/// groups regions; those of one dimension less that are in a physical group become boundaries. Groups without a name get their number as one.
/// </summary>
/// <remarks>
/// Read are lines, triangles, quadrilaterals, tetrahedra and hexahedra of first and second order. Quadrilaterals with eight nodes and hexahedra with
/// twenty get the missing nodes where their own functions put them, so their shape is the same. Cells in the plane that are numbered clockwise are turned, and lines that run against x.
/// Points that no cell uses are left out. Lengths are taken as they stand. The format: Geuzaine, Remacle, "Gmsh", reference manual, chapter "File formats".
/// </remarks>
public static class GmshMesh
{
    // By Gmsh's numbers of element types: shape, order, number of nodes, and for each node of ours that of Gmsh; −1 for nodes that are to be added.
    private static readonly ImmutableSortedDictionary<int, (CellShape Shape, int Order, int Nodes, int[] From)> _types =
        new Dictionary<int, (CellShape, int, int, int[])>
        {
            [1] = (CellShape.Line, 1, 2, [0, 1]),
            [2] = (CellShape.Triangle, 1, 3, [0, 1, 2]),
            [3] = (CellShape.Quadrilateral, 1, 4, [0, 1, 2, 3]),
            [4] = (CellShape.Tetrahedron, 1, 4, [0, 1, 2, 3]),
            [5] = (CellShape.Hexahedron, 1, 8, [0, 1, 2, 3, 4, 5, 6, 7]),
            [8] = (CellShape.Line, 2, 3, [0, 1, 2]),
            [9] = (CellShape.Triangle, 2, 6, [0, 1, 2, 3, 4, 5]),
            [10] = (CellShape.Quadrilateral, 2, 9, [0, 1, 2, 3, 4, 5, 6, 7, 8]),
            [11] = (CellShape.Tetrahedron, 2, 10, [0, 1, 2, 3, 4, 5, 6, 7, 9, 8]),
            [12] = (CellShape.Hexahedron, 2, 27, [0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 13, 9, 16, 18, 19, 17, 10, 12, 14, 15, 22, 23, 21, 24, 20, 25, 26]),
            [15] = (CellShape.Point, 1, 1, [0]),
            [16] = (CellShape.Quadrilateral, 2, 8, [0, 1, 2, 3, 4, 5, 6, 7, -1]),
            [17] = (CellShape.Hexahedron, 2, 20, [0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 13, 9, 16, 18, 19, 17, 10, 12, 14, 15, -1, -1, -1, -1, -1, -1, -1]),
        }.ToImmutableSortedDictionary();

    /// <summary>Reads a mesh.</summary>
    /// <param name="name">The file's name, for messages.</param>
    /// <param name="bytes">What the file holds.</param>
    /// <exception cref="MeshFileException">The bytes are no such file; the message says where and why.</exception>
    public static Mesh Read(string name, ReadOnlyMemory<byte> bytes)
    {
        var reader = new Reader(name, new GmshCursor(name, bytes));
        try
        {
            return reader.Read();
        }
        catch (ScaleModelException fault)
        {
            throw new MeshFileException($"{name}: {fault.Message}", fault);
        }
    }

    private sealed record Element(int Type, int[] Nodes, int[] Groups);

    private sealed class Reader(string name, GmshCursor cursor)
    {
        private readonly Dictionary<(int Dimension, int Tag), string> _names = [];
        private readonly Dictionary<(int Dimension, int Tag), int[]> _groupsOf = [];       // Of entities, in version 4.
        private readonly Dictionary<long, int> _numberOf = [];
        private readonly List<Vec3> _points = [];
        private readonly List<Element> _elements = [];
        private bool _isFour;
        private bool _hasNodes;
        private bool _hasElements;

        public Mesh Read()
        {
            if (cursor.FilledLine() is not "$MeshFormat")
            {
                throw cursor.Fault("a file of Gmsh begins with the line '$MeshFormat'; this one does not");
            }

            ReadFormat();
            while (NextSection() is { } section)
            {
                switch (section)
                {
                    case "PhysicalNames":
                        ReadNames();
                        break;
                    case "Entities" or "PartitionedEntities" when _isFour && _hasElements:
                        throw cursor.Fault($"the section ${section} stands after $Elements, which refers to it");
                    case "Entities" when _isFour:
                        ReadEntities(ofParts: false);
                        break;
                    case "PartitionedEntities" when _isFour:
                        cursor.Size("the number of parts");
                        for (var ghosts = cursor.Size("the number of ghost entities"); ghosts > 0; ghosts--)
                        {
                            cursor.Int("the number of a ghost entity");
                            cursor.Int("the part of a ghost entity");
                        }

                        ReadEntities(ofParts: true);
                        break;
                    case "Nodes":
                        ReadNodes();
                        _hasNodes = true;
                        break;
                    case "Elements" when !_hasNodes:
                        throw cursor.Fault("the section $Elements stands before $Nodes, to which it refers");
                    case "Elements":
                        ReadElements();
                        _hasElements = true;
                        break;
                    default:
                        cursor.SkipSection(section);
                        continue;
                }

                cursor.End(section);
            }

            return Build();
        }

        private string? NextSection() => cursor.FilledLine() switch
        {
            null => null,
            ['$', .. var section] => section,
            var other => throw cursor.Fault($"a line '$Section' is needed here; found '{TextLines.Shown(other)}'"),
        };

        private void ReadFormat()
        {
            var words = (cursor.FilledLine() ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            if (words is not [("2.2" or "2" or "4.1") and var version, ("0" or "1") and var binary, "8"])
            {
                throw cursor.Fault($"the format is '{TextLines.Shown(string.Join(' ', words))}'; it may be '2.2' or '4.1', then 0 (text) or 1 (binary), then 8. In Gmsh, 'Mesh.MshFileVersion = 4.1' chooses it");
            }

            _isFour = version == "4.1";
            cursor.IsBinary = binary == "1";
            if (cursor.IsBinary && cursor.Int("the mark of the byte order") is not 1)
            {
                throw cursor.Fault("the mark of the byte order is not 1; the file comes from a machine whose bytes stand the other way round");
            }

            cursor.End("MeshFormat");
        }

        private void ReadNames()
        {
            // Text even in binary files.
            var isBinary = cursor.IsBinary;
            cursor.IsBinary = false;
            var count = cursor.Count("names", cursor.Size("the number of physical names"), 6);
            for (var n = 0; n < count; n++)
            {
                var (dimension, tag) = (cursor.Int("the dimension of a physical name", 0, 3), cursor.Int("the number of a physical name"));
                var text = cursor.Line() ?? "";
                _names[(dimension, tag)] = text is ['"', .. var inner, '"'] && inner.Length > 0 ? inner
                    : throw cursor.Fault($"a physical name stands between \" and \"; found '{TextLines.Shown(text)}'");
            }

            cursor.IsBinary = isBinary;
        }

        // Where the mesh is cut into parts, elements belong to entities of parts, with their own groups.
        private void ReadEntities(bool ofParts)
        {
            var counts = new int[4];
            for (var d = 0; d < 4; d++)
            {
                counts[d] = cursor.Count("entities", cursor.Size("the number of entities"), 4);
            }

            for (var d = 0; d < 4; d++)
            {
                for (var n = 0; n < counts[d]; n++)
                {
                    var tag = cursor.Int("the number of an entity");
                    var parent = d;
                    if (ofParts)
                    {
                        parent = cursor.Int("the dimension of the entity that a part is of", -1, 3);
                        cursor.Int("the number of the entity that a part is of", -1);
                        for (var parts = cursor.Size("the number of parts that an entity is in"); parts > 0; parts--)
                        {
                            cursor.Int("the number of a part");
                        }
                    }

                    for (var k = 0; k < (d == 0 ? 3 : 6); k++)
                    {
                        cursor.Real("a bound of an entity");
                    }

                    var groups = new int[cursor.Count("physical groups", cursor.Size("the number of physical groups"), 2)];
                    for (var k = 0; k < groups.Length; k++)
                    {
                        // A minus sign tells that the entity is turned in this group.
                        groups[k] = Math.Abs(cursor.Int("the number of a physical group", -int.MaxValue));
                    }

                    // What parts an entity has in common is written with the groups of that entity, which is one dimension above.
                    _groupsOf[(d, tag)] = parent == d ? groups : [];
                    var bounding = d == 0 ? 0 : cursor.Size("the number of bounding entities");
                    for (var k = 0L; k < bounding; k++)
                    {
                        cursor.Int("the number of a bounding entity");
                    }
                }
            }
        }

        private void AddNode(long tag, Vec3 place)
        {
            if (!_numberOf.TryAdd(tag, _points.Count))
            {
                throw cursor.Fault($"node {tag} stands there twice");
            }

            _points.Add(place);
        }

        private Vec3 Place() => new(cursor.Real("a coordinate"), cursor.Real("a coordinate"), cursor.Real("a coordinate"));

        private void ReadNodes()
        {
            if (!_isFour)
            {
                // The count is text in binary files too.
                var count = cursor.Count("nodes", LineCount("the number of nodes"), cursor.IsBinary ? 28 : 8);
                for (var n = 0; n < count; n++)
                {
                    AddNode(cursor.Int("the number of a node"), Place());
                }

                return;
            }

            var blocks = cursor.Size("the number of node blocks");
            cursor.Size("the number of nodes");
            cursor.Size("the lowest node");
            cursor.Size("the highest node");
            for (var b = 0L; b < blocks; b++)
            {
                var dimension = cursor.Int("the dimension of an entity", 0, 3);
                cursor.Int("the number of an entity");
                var parametric = cursor.Int("whether parameters follow", 0, 1);
                var tags = new long[cursor.Count("nodes", cursor.Size("the number of nodes in a block"), 6)];
                for (var n = 0; n < tags.Length; n++)
                {
                    tags[n] = cursor.Size("the number of a node");
                }

                foreach (var tag in tags)
                {
                    AddNode(tag, Place());
                    for (var k = 0; k < dimension * parametric; k++)
                    {
                        cursor.Real("a parameter");
                    }
                }
            }
        }

        private void ReadElements()
        {
            long NextSize() => cursor.Size("a node of an element");
            long NextInt() => cursor.Int("a node of an element");
            Func<long> next = _isFour ? NextSize : NextInt;
            if (_isFour)
            {
                var blocks = cursor.Size("the number of element blocks");
                cursor.Size("the number of elements");
                cursor.Size("the lowest element");
                cursor.Size("the highest element");
                for (var b = 0L; b < blocks; b++)
                {
                    var entity = (cursor.Int("the dimension of an entity", 0, 3), cursor.Int("the number of an entity"));
                    var type = Type(cursor.Int("the type of an element"));
                    var count = cursor.Count("elements", cursor.Size("the number of elements in a block"), 4);
                    if (!_groupsOf.TryGetValue(entity, out var groups))
                    {
                        groups = _names.Count == 0 ? [] : throw cursor.Fault($"a block has elements of the entity {entity.Item2} of dimension {entity.Item1}, which neither $Entities nor $PartitionedEntities names: their physical groups are unknown, though there are physical names. Write the file with Gmsh itself, or as version 2.2, where elements carry their groups");
                    }

                    for (var n = 0; n < count; n++)
                    {
                        cursor.Size("the number of an element");
                        _elements.Add(new(type, Nodes(type, next), groups));
                    }
                }

                return;
            }

            var all = cursor.Count("elements", LineCount("the number of elements"), 8);
            for (var read = 0; read < all;)
            {
                // In text: number, type, number of tags; in binary: type, how many, number of tags, and then the elements.
                var first = cursor.IsBinary ? 0 : cursor.Int("the number of an element");
                var type = Type(cursor.Int("the type of an element"));
                var run = cursor.IsBinary ? cursor.Int("the number of elements of a type", 1, all - read) : 1;
                var tags = cursor.Int("the number of tags", 0, 1000);
                for (var n = 0; n < run; n++, read++)
                {
                    _ = cursor.IsBinary ? cursor.Int("the number of an element") : first;
                    var group = 0;
                    for (var k = 0; k < tags; k++)
                    {
                        var tag = cursor.Int("a tag", -int.MaxValue);
                        group = k == 0 ? Math.Abs(tag) : group;
                    }

                    _elements.Add(new(type, Nodes(type, next), group == 0 ? [] : [group]));
                }
            }
        }

        private long LineCount(string what) => long.TryParse(cursor.FilledLine(), NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : throw cursor.Fault($"{what} is needed, a whole number on a line of its own");

        private int Type(int type) => _types.ContainsKey(type) ? type
            : throw cursor.Fault($"the type of an element is {type}; it may be {string.Join(", ", _types.Select(t => $"{t.Key} ({t.Value.Shape}, {t.Value.Nodes} nodes)"))}. Prisms, pyramids and higher orders are not read: in Gmsh, 'Mesh.ElementOrder' is 1 or 2, and 'Mesh.SubdivisionAlgorithm' makes hexahedra");

        private int[] Nodes(int type, Func<long> next)
        {
            var nodes = new int[_types[type].Nodes];
            for (var a = 0; a < nodes.Length; a++)
            {
                var tag = next();
                nodes[a] = _numberOf.TryGetValue(tag, out var number) ? number : throw cursor.Fault($"an element names node {tag}, which is not in $Nodes");
            }

            return nodes;
        }

        private Mesh Build()
        {
            int Dimension(Element e) => ReferenceCell.Of(_types[e.Type].Shape).Dimension;
            var dimension = _elements.Count == 0 ? 0 : _elements.Max(Dimension);
            if (dimension == 0)
            {
                throw new MeshFileException($"{name}: the file has no lines, faces or solids, of which a mesh is made. If Gmsh was told physical groups, it saves their elements only.");
            }

            // An element in several groups may stand there several times; blocks follow the order in which kinds appear.
            Dictionary<(CellShape Shape, int Order), (List<int> Nodes, List<List<int>> Groups)> blocks = [];
            Dictionary<Key, ((CellShape, int) Block, int Local)> seen = [];
            foreach (var element in _elements.Where(e => Dimension(e) == dimension))
            {
                var (shape, order, _, _) = _types[element.Type];
                var vertices = ReferenceCell.Of(shape).Vertices.Length;
                if (!blocks.TryGetValue((shape, order), out var block))
                {
                    blocks[(shape, order)] = block = ([], []);
                }

                if (seen.TryGetValue(Key.Of(element.Nodes.AsSpan(0, vertices)), out var known))
                {
                    blocks[known.Block].Groups[known.Local].AddRange(element.Groups);
                    continue;
                }

                seen[Key.Of(element.Nodes.AsSpan(0, vertices))] = ((shape, order), block.Groups.Count);
                block.Groups.Add([.. element.Groups]);
                block.Nodes.AddRange(Turned(Completed(element), shape, order));
            }

            // Only the points of cells are kept, in their order.
            var number = new int[_points.Count];
            foreach (var node in blocks.Values.SelectMany(b => b.Nodes))
            {
                number[node] = 1;
            }

            List<Vec3> kept = [];
            for (var p = 0; p < number.Length; p++)
            {
                if (number[p] > 0)
                {
                    number[p] = kept.Count;
                    kept.Add(_points[p]);
                }
                else
                {
                    number[p] = -1;
                }
            }

            var mesh = new Mesh(CollectionsMarshal.AsSpan(kept), [.. blocks.Select(b => new CellBlock(b.Key.Shape, b.Key.Order, [.. b.Value.Nodes.Select(n => number[n])]))]);
            var regions = blocks.Values.SelectMany(b => b.Groups).SelectMany((groups, c) => groups.Distinct().Select(g => (Cell: c, Group: g)));
            foreach (var region in regions.GroupBy(r => Name(dimension, r.Group)))
            {
                mesh = mesh.WithRegion(region.Key, region.Select(r => r.Cell));
            }

            return WithBoundaries(mesh, dimension, [.. _elements.Where(e => Dimension(e) == dimension - 1 && e.Groups.Length > 0)], number);
        }

        private Mesh WithBoundaries(Mesh mesh, int dimension, List<Element> elements, int[] number)
        {
            if (elements.Count == 0)
            {
                return mesh;
            }

            var topology = mesh.Topology;
            Dictionary<Key, int> facets = [];
            for (var f = 0; f < topology.FacetCount; f++)
            {
                facets[Key.Of(topology.FacetVertices(f))] = f;
            }

            Dictionary<string, List<Facet>> boundaries = [];
            foreach (var element in elements)
            {
                var vertices = element.Nodes.AsSpan(0, ReferenceCell.Of(_types[element.Type].Shape).Vertices.Length).ToArray();
                foreach (var group in element.Groups)
                {
                    var boundary = Name(dimension - 1, group);
                    if (!facets.TryGetValue(Key.Of(Array.ConvertAll(vertices, v => number[v])), out var facet))
                    {
                        throw new MeshFileException($"{name}: an element of the boundary '{boundary}' is no facet of any cell. The nodes of a boundary and of the cells beside it must be the same: in Gmsh, 'Coherence' merges what touches.");
                    }

                    if (!boundaries.TryGetValue(boundary, out var list))
                    {
                        boundaries[boundary] = list = [];
                    }

                    list.Add(topology.CellsOf(facet).First);
                }
            }

            return boundaries.Aggregate(mesh, (m, b) => m.WithBoundary(b.Key, b.Value));
        }

        private string Name(int dimension, int group) => _names.TryGetValue((dimension, group), out var known) ? known : group.ToString(CultureInfo.InvariantCulture);

        private readonly Dictionary<Key, int> _middles = [];

        // Our order of nodes, with those that elements of eight and twenty nodes lack.
        private int[] Completed(Element element)
        {
            var (shape, _, _, from) = _types[element.Type];
            var nodes = Array.ConvertAll(from, a => a < 0 ? -1 : element.Nodes[a]);
            if (!nodes.Contains(-1))
            {
                return nodes;
            }

            // At the middle of a face N is −¼ at its corners and ½ at its edges; at that of the hexahedron −¼ and ¼.
            var cell = ReferenceCell.Of(shape);
            int corners = cell.Vertices.Length, edges = cell.Edges.Length;
            int Middle(ReadOnlySpan<int> vertices, double edgeWeight)
            {
                var inside = vertices.ToArray();
                var key = Key.Of(inside.Select(v => nodes[v]).ToArray());
                if (!_middles.TryGetValue(key, out var found))
                {
                    var sum = Vec3.Zero;
                    foreach (var v in inside)
                    {
                        sum -= 0.25 * _points[nodes[v]];
                    }

                    for (var e = 0; e < edges; e++)
                    {
                        if (inside.Contains(cell.Edges[e].A) && inside.Contains(cell.Edges[e].B))
                        {
                            sum += edgeWeight * _points[nodes[corners + e]];
                        }
                    }

                    found = _middles[key] = _points.Count;
                    _points.Add(sum);
                }

                return found;
            }

            for (var f = 0; f < cell.Faces.Length; f++)
            {
                nodes[corners + edges + f] = Middle(cell.Faces[f].AsSpan(), 0.5);
            }

            if (cell.Dimension == 3)
            {
                nodes[^1] = Middle([.. Enumerable.Range(0, corners)], 0.25);
            }

            return nodes;
        }

        // In the plane, cells are counter-clockwise; lines run along x.
        private int[] Turned(int[] nodes, CellShape shape, int order)
        {
            var cell = ReferenceCell.Of(shape);
            if (cell.Dimension == 1)
            {
                return _points[nodes[1]].X < _points[nodes[0]].X ? [nodes[1], nodes[0], .. nodes[2..]] : nodes;
            }

            if (cell.Dimension != 2)
            {
                return nodes;
            }

            var n = cell.Vertices.Length;
            var area = 0.0;
            for (var v = 0; v < n; v++)
            {
                area += Vec3.Cross(_points[nodes[v]], _points[nodes[(v + 1) % n]]).Z;
            }

            if (area >= 0)
            {
                return nodes;
            }

            int[] turned = [nodes[0], .. nodes[1..n].Reverse()];
            return order == 1 ? turned : [.. turned, .. nodes[n..(2 * n)].Reverse(), .. nodes[(2 * n)..]];
        }
    }

    // The vertices of a cell or facet in any order.
    private readonly record struct Key(int A, int B, int C, int D, int E, int F, int G, int H)
    {
        public static Key Of(ReadOnlySpan<int> vertices)
        {
            Span<int> sorted = [-1, -1, -1, -1, -1, -1, -1, -1];
            vertices.CopyTo(sorted);
            sorted[..vertices.Length].Sort();
            return new(sorted[0], sorted[1], sorted[2], sorted[3], sorted[4], sorted[5], sorted[6], sorted[7]);
        }
    }
}

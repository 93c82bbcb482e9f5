using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Continuum.Meshes;

/// <summary>
/// Edges, faces and facets of a mesh, which its cells share. They are numbered in the order in which the cells show them. Two cells share one if it has
/// the same vertices in both. No three cells share a facet, and no two all of theirs.
/// </summary>
public sealed class MeshTopology
{
    private readonly EntityTable _edges;
    private readonly EntityTable _faces;
    private readonly EntityTable _facets;
    private readonly int[] _vertexOf;
    private readonly Facet[] _first;
    private readonly Facet[] _second;

    internal MeshTopology(Mesh mesh)
    {
        _vertexOf = new int[mesh.Points.Length];
        Array.Fill(_vertexOf, -1);
        for (var c = 0; c < mesh.CellCount; c++)
        {
            foreach (var point in mesh.Vertices(c))
            {
                _vertexOf[point] = 0;
            }
        }

        for (var p = 0; p < _vertexOf.Length; p++)
        {
            _vertexOf[p] = _vertexOf[p] < 0 ? -1 : VertexCount++;
        }

        _edges = new(mesh, static cell => [.. cell.Edges.Select(e => ImmutableArray.Create(e.A, e.B))]);
        _faces = new(mesh, static cell => cell.Faces);
        _facets = mesh.Dimension switch
        {
            2 => _edges,
            3 => _faces,
            _ => new(mesh, static cell => [.. cell.Facets.Select(f => f.Vertices)]),
        };
        (_first, _second) = (new Facet[_facets.Count], new Facet[_facets.Count]);
        Array.Fill(_second, new Facet(-1, -1));
        var seen = new bool[_facets.Count];
        for (var c = 0; c < mesh.CellCount; c++)
        {
            var facets = _facets.Of(c);
            for (var f = 0; f < facets.Length; f++)
            {
                if (_second[facets[f]].Cell >= 0)
                {
                    throw new ScaleModelException(
                        $"Cells {_first[facets[f]].Cell}, {_second[facets[f]].Cell} and {c} of the mesh have a facet in common, that of the points {string.Join(", ", FacetVertices(facets[f]).ToArray())}; two cells have at most. Are cells given twice, or do they overlap?");
                }

                (seen[facets[f]] ? _second : _first)[facets[f]] = new Facet(c, f);
                seen[facets[f]] = true;
            }

            // Of two cells with all facets in common one lies on the other.
            var twin = _first[facets[0]].Cell;
            for (var f = 0; f < facets.Length; f++)
            {
                twin = _first[facets[f]].Cell == twin && _second[facets[f]].Cell == c ? twin : -1;
            }

            if (twin >= 0)
            {
                throw new ScaleModelException($"Cells {twin} and {c} of the mesh have the same vertices, {string.Join(", ", mesh.Vertices(c).ToArray())}; a cell is given once.");
            }
        }

        Outer = [.. Enumerable.Range(0, _facets.Count).Where(f => _second[f].Cell < 0).Select(f => _first[f])];
    }

    /// <summary>How many points are vertices of cells; all in a mesh of order 1.</summary>
    public int VertexCount { get; }

    /// <summary>The number of edges.</summary>
    public int EdgeCount => _edges.Count;

    /// <summary>The number of faces; in two dimensions that of the cells.</summary>
    public int FaceCount => _faces.Count;

    /// <summary>The number of facets.</summary>
    public int FacetCount => _facets.Count;

    /// <summary>The facets that bound one cell only.</summary>
    public ImmutableArray<Facet> Outer { get; }

    /// <summary>The number of a point among the vertices, −1 if it is none.</summary>
    public int VertexOf(int point) => _vertexOf[point];

    /// <summary>The edges of a cell, in the order of the reference cell.</summary>
    public ReadOnlySpan<int> EdgesOf(int cell) => _edges.Of(cell);

    /// <summary>The faces of a cell, in the order of the reference cell.</summary>
    public ReadOnlySpan<int> FacesOf(int cell) => _faces.Of(cell);

    /// <summary>The facets of a cell, in the order of the reference cell.</summary>
    public ReadOnlySpan<int> FacetsOf(int cell) => _facets.Of(cell);

    /// <summary>The two vertices of an edge, as points, the lower first.</summary>
    public (int A, int B) Edge(int edge) => (_edges.Vertices(edge)[0], _edges.Vertices(edge)[1]);

    /// <summary>The vertices of a facet, as points by rising number.</summary>
    public ReadOnlySpan<int> FacetVertices(int facet) => _facets.Vertices(facet);

    /// <summary>The one or two cells of a facet; without a second its cell is −1.</summary>
    public (Facet First, Facet Second) CellsOf(int facet) => (_first[facet], _second[facet]);

    /// <summary>Edges, faces or facets by their vertices, each once.</summary>
    private sealed class EntityTable
    {
        private readonly int[] _start;              // Of the entities of a cell; one more than there are cells.
        private readonly int[] _ofCell;
        private readonly List<int> _vertexStart = [0];
        private readonly List<int> _vertices = [];  // By rising number.

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public EntityTable(Mesh mesh, Func<ReferenceCell, ImmutableArray<ImmutableArray<int>>> entities)
        {
            _start = new int[mesh.CellCount + 1];
            var of = mesh.Blocks.Select(b => entities(b.Geometry.Cell)).ToArray();
            for (var (b, c) = (0, 0); b < of.Length; b++)
            {
                for (var n = 0; n < mesh.Blocks[b].Count; n++, c++)
                {
                    _start[c + 1] = _start[c] + of[b].Length;
                }
            }

            _ofCell = new int[_start[^1]];

            // Entities with the same lowest vertex stand in a chain, in which an equal one is looked for.
            var head = new int[mesh.Points.Length];
            Array.Fill(head, -1);
            var next = new List<int>();
            Span<int> sorted = stackalloc int[4];
            for (var (b, c) = (0, 0); b < of.Length; b++)
            {
                for (var n = 0; n < mesh.Blocks[b].Count; n++, c++)
                {
                    var nodes = mesh.Blocks[b].Cell(n);
                    for (var e = 0; e < of[b].Length; e++)
                    {
                        var key = sorted[..of[b][e].Length];
                        for (var v = 0; v < key.Length; v++)
                        {
                            key[v] = nodes[of[b][e][v]];
                        }

                        key.Sort();
                        var found = head[key[0]];
                        while (found >= 0 && !Vertices(found).SequenceEqual(key))
                        {
                            found = next[found];
                        }

                        if (found < 0)
                        {
                            found = next.Count;
                            next.Add(head[key[0]]);
                            head[key[0]] = found;
                            _vertices.AddRange(key);
                            _vertexStart.Add(_vertices.Count);
                        }

                        _ofCell[_start[c] + e] = found;
                    }
                }
            }
        }

        public int Count => _vertexStart.Count - 1;

        public ReadOnlySpan<int> Of(int cell) => _ofCell.AsSpan(_start[cell], _start[cell + 1] - _start[cell]);

        public ReadOnlySpan<int> Vertices(int entity) =>
            CollectionsMarshal.AsSpan(_vertices)[_vertexStart[entity].._vertexStart[entity + 1]];
    }
}

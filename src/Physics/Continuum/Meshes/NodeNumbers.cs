using ActorMultiscale.Physics.Continuum.Elements;
using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Continuum.Meshes;

/// <summary>Numbers for the nodes of the Lagrange elements of a degree on a mesh: neighbors have the nodes between them in common.</summary>
internal sealed class NodeNumbers
{
    private readonly int[] _start;
    private readonly int[] _nodes;

    private NodeNumbers(int count, int[] start, int[] nodes) => (Count, _start, _nodes) = (count, start, nodes);

    /// <summary>How many there are.</summary>
    public int Count { get; }

    /// <summary>The nodes of a cell, in the order of the element.</summary>
    public ReadOnlySpan<int> Cell(int cell) => _nodes.AsSpan(_start[cell], _start[cell + 1] - _start[cell]);

    /// <summary>
    /// Where the mesh has nodes of the same degree, theirs. Else vertices by the order of points, then edges, faces with four vertices and hexahedra, by
    /// the order of the topology.
    /// </summary>
    public static NodeNumbers Of(Mesh mesh, int degree)
    {
        var start = new int[mesh.CellCount + 1];
        for (var (b, c) = (0, 0); b < mesh.Blocks.Length; b++)
        {
            var size = Lagrange.Of(mesh.Blocks[b].Shape, degree).Nodes.Length;
            for (var n = 0; n < mesh.Blocks[b].Count; n++, c++)
            {
                start[c + 1] = start[c] + size;
            }
        }

        var nodes = new int[start[^1]];
        if (mesh.Blocks.All(b => b.Order == degree))
        {
            for (var b = 0; b < mesh.Blocks.Length; b++)
            {
                mesh.Blocks[b].Nodes.CopyTo(nodes, start[mesh.FirstCell(b)]);
            }

            return new(mesh.Points.Length, start, nodes);
        }

        var topology = mesh.Topology;
        var firstEdge = topology.VertexCount;
        var count = degree == 1 ? firstEdge : firstEdge + topology.EdgeCount;
        var faceNode = new int[topology.FaceCount];
        Array.Fill(faceNode, -1);
        for (var b = 0; b < mesh.Blocks.Length; b++)
        {
            var cell = mesh.Blocks[b].Geometry.Cell;
            for (var c = mesh.FirstCell(b); c < mesh.FirstCell(b + 1); c++)
            {
                var at = start[c];
                foreach (var point in mesh.Vertices(c))
                {
                    nodes[at++] = topology.VertexOf(point);
                }

                if (degree == 1)
                {
                    continue;
                }

                foreach (var edge in topology.EdgesOf(c))
                {
                    nodes[at++] = firstEdge + edge;
                }

                if (!cell.IsSimplex)
                {
                    foreach (var face in topology.FacesOf(c))
                    {
                        faceNode[face] = faceNode[face] < 0 ? count++ : faceNode[face];
                        nodes[at++] = faceNode[face];
                    }

                    if (cell.Dimension == 3)
                    {
                        nodes[at++] = count++;
                    }
                }
            }
        }

        return new(count, start, nodes);
    }

    /// <summary>Where the nodes are, by the cells' maps, m.</summary>
    public Vec3[] Places(Mesh mesh, int degree)
    {
        if (mesh.Blocks.All(b => b.Order == degree))
        {
            return mesh.Points.ToArray();
        }

        var places = new Vec3[Count];
        var known = new bool[Count];
        for (var b = 0; b < mesh.Blocks.Length; b++)
        {
            var at = Lagrange.Of(mesh.Blocks[b].Shape, degree).Nodes;
            for (var c = mesh.FirstCell(b); c < mesh.FirstCell(b + 1); c++)
            {
                var nodes = Cell(c);
                for (var a = 0; a < nodes.Length; a++)
                {
                    if (!known[nodes[a]])
                    {
                        places[nodes[a]] = mesh.Place(c, at[a]);
                        known[nodes[a]] = true;
                    }
                }
            }
        }

        return places;
    }
}

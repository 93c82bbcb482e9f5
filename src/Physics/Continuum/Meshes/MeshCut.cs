using System.Collections.Immutable;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Continuum.Meshes;

/// <summary>Cuts meshes open along facets inside them: for cracks, and for interfaces that are to open.</summary>
public static class MeshCut
{
    /// <summary>The name of the far side of a boundary that was cut open.</summary>
    /// <param name="boundary">The name of the near side.</param>
    public static string Opposite(string boundary) => boundary + ".opposite";

    /// <summary>
    /// The same cells cut open along a boundary inside the mesh. Its facets keep their name on the side of the cells that they name; those of the other
    /// side are the boundary <see cref="Opposite"/>. Regions and other boundaries stay.
    /// </summary>
    /// <remarks>
    /// The cells around a point are one part if one gets from each to each through facets that are not cut; each part gets a point of its own, at the same
    /// place. So points are doubled where the cut goes through them or reaches the surface, and tripled where three of its branches meet; the end of a cut
    /// within the body, a crack's tip, stays one. It opens when a later cut goes on from there. The first part keeps the number, others get new ones
    /// behind those of all points.
    /// </remarks>
    /// <param name="mesh">The mesh, of any dimension and order.</param>
    /// <param name="boundary">The facets to cut; of each one or both sides.</param>
    /// <exception cref="ScaleModelException">There is no such boundary, one has the name of the far side, a facet is outside, or one cannot open as all of its points are ends of the cut.</exception>
    public static Mesh Along(Mesh mesh, string boundary)
    {
        ArgumentNullException.ThrowIfNull(mesh);
        var topology = mesh.Topology;
        var isCut = new bool[topology.FacetCount];
        List<Facet> near = [], far = [];
        foreach (var f in mesh.Boundary(boundary))
        {
            var facet = topology.FacetsOf(f.Cell)[f.Local];
            var (first, second) = topology.CellsOf(facet);
            if (second.Cell < 0)
            {
                throw new ScaleModelException($"The boundary '{boundary}' cannot be cut open: facet {f.Local} of cell {f.Cell} has a cell on one side only. A cut runs between cells; is it cut already?");
            }

            if (!isCut[facet])
            {
                isCut[facet] = true;
                near.Add(f);
                far.Add(f == first ? second : first);
            }
        }

        if (mesh.Boundaries.ContainsKey(Opposite(boundary)))
        {
            throw new ScaleModelException($"There is a boundary '{Opposite(boundary)}' already, which the cut would replace. Give the cut another name.");
        }

        var cellsOf = new Dictionary<int, List<int>>();
        foreach (var f in near)
        {
            foreach (var a in mesh.Geometry(f.Cell).FacetNodes[f.Local])
            {
                cellsOf[mesh.Cell(f.Cell)[a]] = [];
            }
        }

        for (var c = 0; c < mesh.CellCount; c++)
        {
            foreach (var p in mesh.Cell(c))
            {
                if (cellsOf.TryGetValue(p, out var cells))
                {
                    cells.Add(c);
                }
            }
        }

        var (points, nodes) = (new List<Vec3>(mesh.Points.ToArray()), mesh.Blocks.Select(b => b.Nodes.ToArray()).ToArray());
        foreach (var (p, cells) in cellsOf.OrderBy(e => e.Key))
        {
            foreach (var part in Parts(mesh, isCut, cells, [p]).Skip(1))
            {
                foreach (var c in part)
                {
                    var (block, local) = mesh.Locate(c);
                    var at = local * mesh.Blocks[block].Geometry.Nodes.Length;
                    nodes[block][at + mesh.Blocks[block].Cell(local).IndexOf(p)] = points.Count;
                }

                points.Add(mesh.Points[p]);
            }
        }

        var cut = new Mesh([.. points], [.. mesh.Blocks.Zip(nodes, (b, n) => new CellBlock(b.Shape, b.Order, [.. n]))]);
        RequireOpen(mesh, cut, boundary, isCut, near, cellsOf);
        cut = mesh.Regions.Aggregate(cut, (m, r) => m.WithRegion(r.Key, r.Value));
        cut = mesh.Boundaries.Aggregate(cut, (m, b) => m.WithBoundary(b.Key, b.Value));
        return cut.WithBoundary(boundary, near).WithBoundary(Opposite(boundary), far);
    }

    // The cells that have all the points, in parts between which all ways are cut; by the lowest cell of each.
    private static List<List<int>> Parts(Mesh mesh, bool[] isCut, List<int> cells, int[] points)
    {
        List<int> left = [.. cells.Where(c => Has(mesh.Cell(c), points))];
        List<List<int>> parts = [];
        while (left.Count > 0)
        {
            List<int> part = [left[0]];
            left.RemoveAt(0);
            for (var n = 0; n < part.Count; n++)
            {
                var facets = mesh.Topology.FacetsOf(part[n]);
                for (var f = 0; f < facets.Length; f++)
                {
                    var (first, second) = mesh.Topology.CellsOf(facets[f]);
                    var other = first.Cell == part[n] ? second.Cell : first.Cell;
                    if (!isCut[facets[f]] && left.Contains(other) && Has(OnFacet(mesh, new(part[n], f)), points))
                    {
                        left.Remove(other);
                        part.Add(other);
                    }
                }
            }

            parts.Add(part);
        }

        return parts;
    }

    // Facets, and in three dimensions edges, are known by their vertices: two sides that have all in common would stay together in the middle.
    private static void RequireOpen(Mesh mesh, Mesh cut, string boundary, bool[] isCut, List<Facet> near, Dictionary<int, List<int>> cellsOf)
    {
        foreach (var f in near)
        {
            var cell = mesh.Geometry(f.Cell).Cell;
            var vertices = cell.Facets[f.Local].Vertices;
            IEnumerable<ImmutableArray<int>> entities = mesh.Dimension < 3 ? [vertices]
                : [vertices, .. cell.Edges.Where(e => vertices.Contains(e.A) && vertices.Contains(e.B)).Select(e => ImmutableArray.Create(e.A, e.B))];
            foreach (var entity in entities)
            {
                var points = entity.Select(v => mesh.Cell(f.Cell)[v]).ToArray();
                var parts = Parts(mesh, isCut, cellsOf[points[0]], points);
                var sides = parts.Select(part => string.Join(' ', points.Select(p => cut.Cell(part[0])[mesh.Cell(part[0]).IndexOf(p)]))).ToArray();
                if (sides.Distinct().Count() < sides.Length)
                {
                    throw new ScaleModelException(
                        $"The boundary '{boundary}' cannot be cut open between the points {string.Join(", ", points)}: all of them are ends of the cut within the body. Take a finer mesh, or a longer cut.");
                }
            }
        }
    }

    private static ReadOnlySpan<int> OnFacet(Mesh mesh, Facet facet)
    {
        var nodes = mesh.Cell(facet.Cell).ToArray();
        return mesh.Geometry(facet.Cell).FacetNodes[facet.Local].Select(a => nodes[a]).ToArray();
    }

    private static bool Has(ReadOnlySpan<int> nodes, int[] points)
    {
        foreach (var p in points)
        {
            if (!nodes.Contains(p))
            {
                return false;
            }
        }

        return true;
    }
}

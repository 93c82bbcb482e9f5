using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Continuum.Assembling;

/// <summary>Cells of one block, or facets of one local number, in chunks that may be worked on side by side.</summary>
/// <param name="Table">The functions at their quadrature points.</param>
/// <param name="Block">The block.</param>
/// <param name="Cells">The cells by their numbers in the block.</param>
/// <param name="Colors">Chunks of <see cref="Chunk"/> cells by colors: those of one color have no node in common.</param>
internal sealed record IntegrationGroup(PointTable Table, int Block, int[] Cells, int[][] Colors)
{
    public const int Chunk = 128;

    public int ChunkCount => ChunkedLoop.Chunks(Cells.Length, Chunk);

    public ReadOnlySpan<int> CellsOf(int chunk) => Cells.AsSpan(chunk * Chunk, Math.Min(Chunk, Cells.Length - (chunk * Chunk)));

    /// <summary>
    /// Calls the body for all chunks, color by color. The order in which chunks with a common node come is that of their colors, whatever the number of
    /// threads; so sums have the same bits.
    /// </summary>
    public void Run(ChunkedLoop loop, Action<int> body)
    {
        foreach (var color in Colors)
        {
            loop.Run(color.Length, 1, (_, first, last) =>
            {
                for (var n = first; n < last; n++)
                {
                    body(color[n]);
                }
            });
        }
    }
}

/// <summary>How the integral over a domain is taken apart.</summary>
internal static class IntegrationPlan
{
    public static List<IntegrationGroup> Of(Basis basis, Domain domain)
    {
        var mesh = basis.Mesh;
        List<IntegrationGroup> groups = [];
        switch (domain)
        {
            case Domain.All:
                for (var b = 0; b < mesh.Blocks.Length; b++)
                {
                    groups.Add(Group(basis, b, -1, [.. Enumerable.Range(0, mesh.Blocks[b].Count)]));
                }

                break;
            case Domain.NamedRegion region:
                foreach (var cells in mesh.Region(region.Name).Select(mesh.Locate).GroupBy(c => c.Block).OrderBy(g => g.Key))
                {
                    groups.Add(Group(basis, cells.Key, -1, [.. cells.Select(c => c.Local)]));
                }

                break;
            default:
                var facets = domain is Domain.NamedBoundary boundary ? mesh.Boundary(boundary.Name) : mesh.Topology.Outer;
                foreach (var cells in facets.Select(f => (Cell: mesh.Locate(f.Cell), f.Local)).GroupBy(f => (f.Cell.Block, f.Local)).OrderBy(g => g.Key))
                {
                    groups.Add(Group(basis, cells.Key.Block, cells.Key.Local, [.. cells.Select(c => c.Cell.Local)]));
                }

                break;
        }

        return groups;
    }

    private static IntegrationGroup Group(Basis basis, int block, int facet, int[] cells)
    {
        var group = new IntegrationGroup(basis.Table(block, facet), block, cells, []);

        // Each chunk takes the first color that no chunk before it with a common node has. When 64 do not suffice, 64 new ones begin.
        var taken = new ulong[basis.NodeCount];
        List<List<int>> colors = [];
        var epoch = 0;
        for (var chunk = 0; chunk < group.ChunkCount; chunk++)
        {
            var near = 0UL;
            foreach (var c in group.CellsOf(chunk))
            {
                foreach (var n in basis.CellNodes(basis.Mesh.FirstCell(block) + c))
                {
                    near |= taken[n];
                }
            }

            if (near == ulong.MaxValue)
            {
                Array.Clear(taken);
                (near, epoch) = (0, colors.Count);
            }

            var color = System.Numerics.BitOperations.TrailingZeroCount(~near);
            foreach (var c in group.CellsOf(chunk))
            {
                foreach (var n in basis.CellNodes(basis.Mesh.FirstCell(block) + c))
                {
                    taken[n] |= 1UL << color;
                }
            }

            while (colors.Count <= epoch + color)
            {
                colors.Add([]);
            }

            colors[epoch + color].Add(chunk);
        }

        return group with { Colors = [.. colors.Select(c => c.ToArray())] };
    }
}

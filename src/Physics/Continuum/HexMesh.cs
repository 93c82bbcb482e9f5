using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Continuum;

/// <summary>A mesh of hexahedra with eight nodes.</summary>
/// <param name="nodes">Where the nodes are, m.</param>
/// <param name="cells">Eight nodes a cell: the lower face counter-clockwise seen from above, then the upper one.</param>
public sealed class HexMesh(Vec3[] nodes, int[] cells)
{
    /// <summary>Where the nodes are, m.</summary>
    public ReadOnlySpan<Vec3> Nodes => nodes;

    /// <summary>The number of nodes.</summary>
    public int NodeCount => nodes.Length;

    /// <summary>The number of cells.</summary>
    public int CellCount => cells.Length / 8;

    /// <summary>The eight nodes of a cell.</summary>
    public ReadOnlySpan<int> Cell(int cell) => cells.AsSpan(8 * cell, 8);

    /// <summary>A box of <paramref name="nx"/> × <paramref name="ny"/> × <paramref name="nz"/> equal cells from the origin.</summary>
    /// <param name="size">Lengths of the edges, m.</param>
    /// <param name="nx">Cells along x.</param>
    /// <param name="ny">Cells along y.</param>
    /// <param name="nz">Cells along z.</param>
    public static HexMesh Box(Vec3 size, int nx, int ny, int nz)
    {
        int Node(int i, int j, int k) => i + ((nx + 1) * (j + ((ny + 1) * k)));
        var nodes = new Vec3[(nx + 1) * (ny + 1) * (nz + 1)];
        for (var k = 0; k <= nz; k++)
        {
            for (var j = 0; j <= ny; j++)
            {
                for (var i = 0; i <= nx; i++)
                {
                    nodes[Node(i, j, k)] = new Vec3(size.X * i / nx, size.Y * j / ny, size.Z * k / nz);
                }
            }
        }

        var cells = new int[8 * nx * ny * nz];
        var at = 0;
        for (var k = 0; k < nz; k++)
        {
            for (var j = 0; j < ny; j++)
            {
                for (var i = 0; i < nx; i++)
                {
                    foreach (var node in (ReadOnlySpan<int>)
                    [
                        Node(i, j, k), Node(i + 1, j, k), Node(i + 1, j + 1, k), Node(i, j + 1, k),
                        Node(i, j, k + 1), Node(i + 1, j, k + 1), Node(i + 1, j + 1, k + 1), Node(i, j + 1, k + 1),
                    ])
                    {
                        cells[at++] = node;
                    }
                }
            }
        }

        return new HexMesh(nodes, cells);
    }

    /// <summary>The same cells with the nodes moved by <paramref name="move"/>.</summary>
    public HexMesh Moved(Func<Vec3, Vec3> move) => new(Array.ConvertAll(nodes, x => move(x)), cells);
}

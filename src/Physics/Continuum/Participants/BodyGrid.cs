using System.Collections.Immutable;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Continuum.Participants;

/// <summary>The rectangle or box that settings describe, and the meshes of its parts.</summary>
/// <param name="Size">Its edges, m; two or three.</param>
/// <param name="Origin">Its lowest corner, m.</param>
/// <param name="Cells">Parts along its edges.</param>
/// <param name="IsBlock">Whether cells are quadrilaterals and hexahedra; otherwise triangles and tetrahedra.</param>
internal sealed record BodyGrid(ImmutableArray<double> Size, Vec3 Origin, ImmutableArray<int> Cells, bool IsBlock)
{
    /// <summary>Two or three.</summary>
    public int Dimension => Cells.Length;

    /// <summary>The surfaces at the lower and the upper end of each axis.</summary>
    public ImmutableArray<(string Lower, string Upper)> Surfaces => Dimension == 2 ? [("left", "right"), ("bottom", "top")] : [("left", "right"), ("front", "back"), ("bottom", "top")];

    /// <summary>The grid that settings describe.</summary>
    /// <exception cref="ScaleModelException">They describe none.</exception>
    public static BodyGrid Of(ModelSettings given)
    {
        var (size, cells, origin) = (given.Numbers("size"), given.Numbers("cells"), given.Numbers("origin"));
        if (size.Length is not (2 or 3) || cells.Length != size.Length || (!origin.IsEmpty && origin.Length != size.Length))
        {
            throw new ScaleModelException($"'size' has {size.Length} numbers, 'cells' {cells.Length} and 'origin' {origin.Length}; they have two each for a rectangle, three for a box, and 'origin' may be left out");
        }

        if (cells.Any(c => c != Math.Floor(c) || c is < 1 or > 10_000) || size.Any(s => !(s > 0)))
        {
            throw new ScaleModelException("'cells' takes whole numbers from 1 to 10000, and 'size' lengths above zero");
        }

        return new(size, origin.IsEmpty ? Vec3.Zero : BodySettings.ToVector(origin), [.. cells.Select(c => (int)c)], given.Choice("cell") == "block");
    }

    /// <summary>The mesh of all cells.</summary>
    /// <exception cref="ScaleModelException">They are too many.</exception>
    public Mesh Mesh()
    {
        var grid = Grid([.. Size], [.. Cells]);
        return Origin == Vec3.Zero ? grid : grid.Moved(x => x + Origin);
    }

    /// <summary>The mesh of the cells of a box. Its points are those of the whole grid to the last bit; its boundaries are what it has of the surfaces of the grid.</summary>
    /// <exception cref="ScaleModelException">They are too many.</exception>
    public Mesh Mesh(CellBox box)
    {
        // First with points at whole numbers.
        int[] count = [.. box.End.Zip(box.First, (end, first) => end - first)];
        var counted = Grid(Array.ConvertAll(count, n => (double)n), count);
        double At(Vec3 x, int d) => d < Dimension ? Place(box.First[d] + (int)x[d], Cells[d], d) : 0;
        var placed = counted.Moved(x => new(At(x, 0), At(x, 1), At(x, 2)));
        var mesh = new Mesh(placed.Points, placed.Blocks);
        for (var d = 0; d < Dimension; d++)
        {
            mesh = box.First[d] == 0 ? mesh.WithBoundary(Surfaces[d].Lower, placed.Boundary(Surfaces[d].Lower)) : mesh;
            mesh = box.End[d] == Cells[d] ? mesh.WithBoundary(Surfaces[d].Upper, placed.Boundary(Surfaces[d].Upper)) : mesh;
        }

        return mesh;
    }

    private Mesh Grid(double[] size, int[] cells)
    {
        // Far more would leave the range of the whole numbers that count nodes.
        if (cells.Aggregate(1.0, (n, c) => n * (c + 1)) > 1e8)
        {
            throw new ScaleModelException("'cells' makes more than 1e8 nodes");
        }

        return Dimension == 2
            ? StructuredMesh.Rectangle(size[0], size[1], cells[0], cells[1], IsBlock ? CellShape.Quadrilateral : CellShape.Triangle)
            : StructuredMesh.Box(new(size[0], size[1], size[2]), cells[0], cells[1], cells[2], IsBlock ? CellShape.Hexahedron : CellShape.Tetrahedron);
    }

    /// <summary>Where the i-th of n equal parts along an axis begins, m; the upper end is the size itself, which size·n/n may miss by rounding.</summary>
    public double Place(int i, int n, int axis) => Origin[axis] + (i == n ? Size[axis] : Size[axis] * i / n);
}

/// <summary>Cells of a grid from the first along each axis up to, without it, an end.</summary>
internal readonly record struct CellBox(ImmutableArray<int> First, ImmutableArray<int> End);

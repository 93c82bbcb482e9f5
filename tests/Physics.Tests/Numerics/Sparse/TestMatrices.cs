using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Numerics;
using Forms = ActorMultiscale.Physics.Continuum.Forms;

namespace ActorMultiscale.Tests.Numerics.Sparse;

/// <summary>Matrices to solve with.</summary>
internal static class TestMatrices
{
    public static CsrMatrix Of(int rows, int columns, IEnumerable<(int Row, int Column, double Value)> entries)
    {
        var builder = new CsrBuilder(rows, columns);
        foreach (var (row, column, value) in entries)
        {
            builder.Add(row, column, value);
        }

        return builder.ToMatrix();
    }

    /// <summary>The seven-point Laplacian of a grid with zero outside; with other weights along y and z, an anisotropic one.</summary>
    public static CsrMatrix Laplacian(int nx, int ny, int nz, double y = 1, double z = 1)
    {
        var builder = new CsrBuilder(nx * ny * nz, nx * ny * nz);
        for (var i = 0; i < nx * ny * nz; i++)
        {
            builder.Add(i, i, 2 + (2 * y) + (2 * z));
            foreach (var (stride, count, weight) in new[] { (1, nx, 1.0), (nx, ny, y), (nx * ny, nz, z) })
            {
                if (i / stride % count + 1 < count)
                {
                    builder.Add(i, i + stride, -weight);
                    builder.Add(i + stride, i, -weight);
                }
            }
        }

        return builder.ToMatrix();
    }

    /// <summary>The stiffness of a box of n³ hexahedra that nothing holds, and its functions.</summary>
    public static (CsrMatrix Matrix, Basis Basis) FloatingSolid(Vec3 size, int n, Tangent6 tangent)
    {
        var basis = Basis.Vector(StructuredMesh.Box(size, n, n, n), 1);
        return (Assembly.Matrix(basis, Forms.Elasticity.Stiffness(tangent)), basis);
    }

    /// <summary>
    /// Elasticity of a box of n³ hexahedra of the unit cube whose face x = 0 is clamped, its nodes taken out; and the places of the rest.
    /// Young's modulus 1.
    /// </summary>
    public static (CsrMatrix Matrix, double[] Places, double[] Load) Elasticity(int n, double poisson = 0.3)
    {
        var (whole, basis) = FloatingSolid(new Vec3(1, 1, 1), n, Tangent6.Isotropic(1, poisson));
        var kept = Enumerable.Range(0, basis.NodeCount).Where(i => i % (n + 1) != 0).ToArray();
        var index = new int[basis.NodeCount];
        Array.Fill(index, -1);
        for (var i = 0; i < kept.Length; i++)
        {
            index[kept[i]] = i;
        }

        var entries = new List<(int, int, double)>();
        for (var row = 0; row < whole.RowCount; row++)
        {
            for (var k = whole.RowStart[row]; k < whole.RowStart[row + 1]; k++)
            {
                if (index[row / 3] >= 0 && index[whole.Columns[k] / 3] >= 0)
                {
                    entries.Add(((3 * index[row / 3]) + (row % 3), (3 * index[whole.Columns[k] / 3]) + (whole.Columns[k] % 3), whole.Values[k]));
                }
            }
        }

        var places = new double[3 * kept.Length];
        var load = new double[places.Length];
        for (var i = 0; i < kept.Length; i++)
        {
            var x = basis.Nodes[kept[i]];
            (places[3 * i], places[(3 * i) + 1], places[(3 * i) + 2]) = (x.X, x.Y, x.Z);
            load[(3 * i) + 2] = -1.0 / kept.Length;
        }

        return (Of(places.Length, places.Length, entries), places, load);
    }
}

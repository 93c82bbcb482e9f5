using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Continuum;

/// <summary>
/// A tensile test on finite elements: a bar is held at x = 0, its other end is moved along x, and its sides are free. Only what is needed
/// against rigid motion is fixed beside.
/// </summary>
public static class SolidBar
{
    /// <summary>Modulus and lateral contraction from strains ±<paramref name="strain"/>, and the axial stress at +strain, Pa.</summary>
    /// <param name="size">Length, width and height, m.</param>
    /// <param name="cells">Cells along the three.</param>
    /// <param name="tangent">C in the axes of the bar, Pa.</param>
    /// <param name="residual">σ₀, the stress at no strain, Pa.</param>
    /// <param name="strain">The axial strain, above zero.</param>
    public static (TensileResponse Response, double AxialStress) Pull(Vec3 size, (int X, int Y, int Z) cells, Tangent6 tangent, SymTensor3 residual, double strain)
    {
        var mesh = HexMesh.Box(size, cells.X, cells.Y, cells.Z);
        var stiffness = LinearElasticity.Stiffness(mesh, tangent);
        var load = Array.ConvertAll(LinearElasticity.ForceOf(mesh, residual), f => -f);
        var plus = PullOnce(mesh, stiffness, load, size, strain);
        var minus = PullOnce(mesh, stiffness, load, size, -strain);
        return (new TensileResponse((plus.Stress - minus.Stress) / (2 * strain), -(plus.Y - minus.Y) / (2 * strain), -(plus.Z - minus.Z) / (2 * strain)), plus.Stress);
    }

    private static (double Stress, double Y, double Z) PullOnce(HexMesh mesh, Numerics.CsrMatrix stiffness, double[] load, Vec3 size, double strain)
    {
        bool At(double x, double end) => Math.Abs(x - end) <= 1e-9 * size.X;
        var given = new SortedDictionary<int, double>();
        for (var n = 0; n < mesh.NodeCount; n++)
        {
            var x = mesh.Nodes[n];
            if (At(x.X, 0) || At(x.X, size.X))
            {
                given[3 * n] = strain * x.X;
            }

            // The two ends keep the bar from turning about y and z; one corner holds its place, and its neighbour along y its height.
            if (At(x.X, 0) && At(x.Y, 0) && At(x.Z, 0))
            {
                given[(3 * n) + 1] = given[(3 * n) + 2] = 0;
            }
            else if (At(x.X, 0) && At(x.Y, size.Y) && At(x.Z, 0))
            {
                given[(3 * n) + 2] = 0;
            }
        }

        var (u, reaction) = LinearElasticity.Solve(stiffness, load, given);
        var (force, width, height, count) = (0.0, 0.0, 0.0, 0);
        for (var n = 0; n < mesh.NodeCount; n++)
        {
            var x = mesh.Nodes[n];
            if (!At(x.X, size.X))
            {
                continue;
            }

            force += reaction[3 * n];
            width += u[(3 * n) + 1] * (At(x.Y, size.Y) ? 1 : At(x.Y, 0) ? -1 : 0);
            height += u[(3 * n) + 2] * (At(x.Z, size.Z) ? 1 : At(x.Z, 0) ? -1 : 0);
            count++;
        }

        // A side face of the end section has as many nodes as there are along the other edge.
        var ny = mesh.Nodes.ToArray().Count(x => At(x.X, size.X) && At(x.Z, 0));
        var nz = count / ny;
        return (force / (size.Y * size.Z), width / nz / size.Y, height / ny / size.Z);
    }
}

using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Continuum;

/// <summary>
/// Small-strain elasticity on hexahedra: find u with ∫ ε(v) : (σ₀ + C : ε(u)) dΩ = ∫ v·b dΩ for all v that vanish where u is given.
/// Three unknowns a node: u = (u_x, u_y, u_z) of node n stand at 3n, 3n + 1, 3n + 2.
/// </summary>
public static class LinearElasticity
{
    /// <summary>K with K_{ai,bj} = ∫ B_aiᵀ C B_bj dΩ, where B_ai is the strain of the function N_a in the direction i.</summary>
    /// <param name="mesh">The mesh.</param>
    /// <param name="tangent">C, Pa.</param>
    public static CsrMatrix Stiffness(HexMesh mesh, Tangent6 tangent)
    {
        ArgumentNullException.ThrowIfNull(mesh);
        ArgumentNullException.ThrowIfNull(tangent);
        var builder = new CsrBuilder(3 * mesh.NodeCount, 3 * mesh.NodeCount, 576 * mesh.CellCount);
        var gradients = new Vec3[8];
        var strains = new double[24 * 6];
        var stresses = new double[24 * 6];
        var local = new double[24 * 24];
        for (var cell = 0; cell < mesh.CellCount; cell++)
        {
            Array.Clear(local);
            foreach (var point in HexElement.QuadraturePoints)
            {
                var weight = HexElement.Gradients(mesh, cell, point, gradients);
                for (var a = 0; a < 24; a++)
                {
                    StrainOf(gradients[a / 3], a % 3, strains.AsSpan(6 * a, 6));
                    Apply(tangent, strains.AsSpan(6 * a, 6), stresses.AsSpan(6 * a, 6));
                }

                for (var a = 0; a < 24; a++)
                {
                    for (var b = 0; b < 24; b++)
                    {
                        var work = 0.0;
                        for (var v = 0; v < 6; v++)
                        {
                            work += strains[(6 * a) + v] * stresses[(6 * b) + v];
                        }

                        local[(24 * a) + b] += weight * work;
                    }
                }
            }

            var nodes = mesh.Cell(cell);
            for (var a = 0; a < 24; a++)
            {
                for (var b = 0; b < 24; b++)
                {
                    builder.Add((3 * nodes[a / 3]) + (a % 3), (3 * nodes[b / 3]) + (b % 3), local[(24 * a) + b]);
                }
            }
        }

        return builder.ToMatrix();
    }

    /// <summary>The load ∫ N_a b dΩ of a body force, N, three numbers a node.</summary>
    /// <param name="mesh">The mesh.</param>
    /// <param name="force">b at a place, N/m³.</param>
    public static double[] BodyForce(HexMesh mesh, Func<Vec3, Vec3> force)
    {
        ArgumentNullException.ThrowIfNull(mesh);
        ArgumentNullException.ThrowIfNull(force);
        var load = new double[3 * mesh.NodeCount];
        var gradients = new Vec3[8];
        for (var cell = 0; cell < mesh.CellCount; cell++)
        {
            var nodes = mesh.Cell(cell);
            foreach (var point in HexElement.QuadraturePoints)
            {
                var weight = HexElement.Gradients(mesh, cell, point, gradients);
                var place = Vec3.Zero;
                for (var a = 0; a < 8; a++)
                {
                    place += HexElement.Value(a, point) * mesh.Nodes[nodes[a]];
                }

                var b = force(place);
                for (var a = 0; a < 8; a++)
                {
                    for (var i = 0; i < 3; i++)
                    {
                        load[(3 * nodes[a]) + i] += weight * HexElement.Value(a, point) * b[i];
                    }
                }
            }
        }

        return load;
    }

    /// <summary>The internal force ∫ Bᵀ σ₀ dΩ of a uniform stress, N, three numbers a node.</summary>
    public static double[] ForceOf(HexMesh mesh, SymTensor3 stress)
    {
        ArgumentNullException.ThrowIfNull(mesh);
        var force = new double[3 * mesh.NodeCount];
        var gradients = new Vec3[8];
        for (var cell = 0; cell < mesh.CellCount; cell++)
        {
            var nodes = mesh.Cell(cell);
            foreach (var point in HexElement.QuadraturePoints)
            {
                var weight = HexElement.Gradients(mesh, cell, point, gradients);
                for (var a = 0; a < 8; a++)
                {
                    var traction = stress * gradients[a];
                    for (var i = 0; i < 3; i++)
                    {
                        force[(3 * nodes[a]) + i] += weight * traction[i];
                    }
                }
            }
        }

        return force;
    }

    /// <summary>
    /// Solves K u = f with some unknowns given: their rows and columns are taken out of the system and their part moved to the right.
    /// </summary>
    /// <param name="stiffness">K.</param>
    /// <param name="load">f, N.</param>
    /// <param name="given">The unknowns that are given, with their values, m.</param>
    /// <param name="tolerance">Residual of the conjugate gradients, relative to the load.</param>
    /// <returns>u, m; and the reactions K u − f, N, which vanish where u is free.</returns>
    public static (double[] Displacement, double[] Reaction) Solve(CsrMatrix stiffness, ReadOnlySpan<double> load, IReadOnlyDictionary<int, double> given, double tolerance = 1e-13)
    {
        ArgumentNullException.ThrowIfNull(stiffness);
        ArgumentNullException.ThrowIfNull(given);
        var count = stiffness.RowCount;
        var index = new int[count];
        var free = 0;
        for (var i = 0; i < count; i++)
        {
            index[i] = given.ContainsKey(i) ? -1 : free++;
        }

        var u = new double[count];
        foreach (var (i, value) in given)
        {
            u[i] = value;
        }

        var builder = new CsrBuilder(free, free, stiffness.EntryCount);
        var right = new double[free];
        for (var row = 0; row < count; row++)
        {
            if (index[row] < 0)
            {
                continue;
            }

            right[index[row]] += load[row];
            for (var k = stiffness.RowStart[row]; k < stiffness.RowStart[row + 1]; k++)
            {
                var column = stiffness.Columns[k];
                if (index[column] >= 0)
                {
                    builder.Add(index[row], index[column], stiffness.Values[k]);
                }
                else
                {
                    right[index[row]] -= stiffness.Values[k] * u[column];
                }
            }
        }

        var solution = new double[free];
        if (free > 0)
        {
            var reduced = builder.ToMatrix();
            ConjugateGradient.Solve(reduced, right, solution, new SsorPreconditioner(reduced), tolerance);
        }

        for (var i = 0; i < count; i++)
        {
            if (index[i] >= 0)
            {
                u[i] = solution[index[i]];
            }
        }

        var reaction = new double[count];
        stiffness.Multiply(u, reaction);
        for (var i = 0; i < count; i++)
        {
            reaction[i] -= load[i];
        }

        return (u, reaction);
    }

    /// <summary>The strain at a point of a cell.</summary>
    public static SymTensor3 Strain(HexMesh mesh, ReadOnlySpan<double> displacement, int cell, Vec3 at)
    {
        ArgumentNullException.ThrowIfNull(mesh);
        Span<Vec3> gradients = stackalloc Vec3[8];
        HexElement.Gradients(mesh, cell, at, gradients);
        var nodes = mesh.Cell(cell);
        var gradient = default(Matrix3);
        for (var a = 0; a < 8; a++)
        {
            var u = new Vec3(displacement[3 * nodes[a]], displacement[(3 * nodes[a]) + 1], displacement[(3 * nodes[a]) + 2]);
            gradient += Matrix3.FromColumns(gradients[a].X * u, gradients[a].Y * u, gradients[a].Z * u);
        }

        return SymTensor3.SymmetricPart(gradient);
    }

    // The Voigt strain, with engineering shears, of the displacement N e_i.
    private static void StrainOf(Vec3 g, int direction, Span<double> strain)
    {
        strain.Clear();
        switch (direction)
        {
            case 0:
                (strain[0], strain[4], strain[5]) = (g.X, g.Z, g.Y);
                break;
            case 1:
                (strain[1], strain[3], strain[5]) = (g.Y, g.Z, g.X);
                break;
            default:
                (strain[2], strain[3], strain[4]) = (g.Z, g.Y, g.X);
                break;
        }
    }

    private static void Apply(Tangent6 tangent, ReadOnlySpan<double> strain, Span<double> stress)
    {
        for (var row = 0; row < 6; row++)
        {
            var sum = 0.0;
            for (var column = 0; column < 6; column++)
            {
                sum += tangent[row, column] * strain[column];
            }

            stress[row] = sum;
        }
    }
}

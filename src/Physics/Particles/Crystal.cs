using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles;

/// <summary>What a crystal's atoms feel.</summary>
/// <param name="Energy">Potential energy of the cell, eV.</param>
/// <param name="Stress">Virial stress at rest, eV/Å³, positive in tension.</param>
/// <param name="Forces">Force on each atom, eV/Å.</param>
public sealed record CrystalResponse(double Energy, SymTensor3 Stress, Vec3[] Forces);

/// <summary>
/// Atoms of one element in a periodic cell at rest. Images are summed explicitly, so that the cell may be as small as one atom:
/// a perfect crystal needs no more.
/// </summary>
/// <param name="cell">The cell vectors as columns, Å.</param>
/// <param name="positions">Where the atoms are, Å; one per atom.</param>
public sealed class Crystal(Matrix3 cell, Vec3[] positions)
{
    private static readonly Vec3[] _fcc = [new(0, 0, 0), new(0, 0.5, 0.5), new(0.5, 0, 0.5), new(0.5, 0.5, 0)];
    private static readonly Vec3[] _bcc = [new(0, 0, 0), new(0.5, 0.5, 0.5)];
    private static readonly Vec3[] _sc = [new(0, 0, 0)];

    /// <summary>The cell vectors as columns, Å.</summary>
    public Matrix3 Cell { get; } = cell;

    /// <summary>The number of atoms.</summary>
    public int Count => positions.Length;

    /// <summary>Where the atoms are, Å.</summary>
    public ReadOnlySpan<Vec3> Positions => positions;

    /// <summary>A perfect crystal of <paramref name="cells"/> repeats of the smallest right-angled cell along each axis.</summary>
    /// <param name="lattice">Fcc, bcc or sc: the lattices whose atoms are all centres of symmetry.</param>
    /// <param name="a">Lattice constant, Å.</param>
    /// <param name="orientation">How the axes lie.</param>
    /// <param name="cells">Repeats along x, y, z.</param>
    /// <exception cref="ScaleModelException">The lattice is another.</exception>
    public static Crystal Perfect(Lattice lattice, double a, Orientation orientation, (int X, int Y, int Z) cells)
    {
        var axes = OrientationAxes.Of(orientation);

        // Along [110] a lattice of cubes repeats after a√2; half of that for fcc, which the count of cells makes up for.
        var (lx, ly, lz) = orientation == Orientation.Cube ? (a, a, a) : (a * Math.Sqrt(2), a * Math.Sqrt(2), a);
        var box = Matrix3.Diagonal(lx * cells.X, ly * cells.Y, lz * cells.Z);
        var basis = lattice switch
        {
            Lattice.Fcc => _fcc,
            Lattice.Bcc => _bcc,
            Lattice.Sc => _sc,
            _ => throw new ScaleModelException($"A crystal of {lattice} is asked for; one that is at rest under strain is made of the lattices fcc, bcc and sc."),
        };
        var atoms = new List<Vec3>();
        var reach = 2 + (2 * Math.Max(cells.X, Math.Max(cells.Y, cells.Z)));
        for (var i = -reach; i <= reach; i++)
        {
            for (var j = -reach; j <= reach; j++)
            {
                for (var k = -reach; k <= reach; k++)
                {
                    foreach (var b in basis)
                    {
                        var x = axes * (a * (new Vec3(i, j, k) + b));
                        const double slack = 1e-6;      // Å; atoms on the far sides belong to the next cell.
                        if (x.X > -slack && x.X < box.XX - slack && x.Y > -slack && x.Y < box.YY - slack && x.Z > -slack && x.Z < box.ZZ - slack)
                        {
                            atoms.Add(x);
                        }
                    }
                }
            }
        }

        return new Crystal(box, [.. atoms]);
    }

    /// <summary>The same atoms after a uniform strain: x → (1 + ε) x, cell and atoms alike.</summary>
    public Crystal Strained(SymTensor3 strain)
    {
        var deformation = Matrix3.Identity + strain.ToMatrix();
        return new Crystal(deformation * Cell, Array.ConvertAll(positions, x => deformation * x));
    }

    /// <summary>
    /// Energy, virial stress and forces: σ = (1/V) ½ Σᵢ Σⱼ [φ′ + (F′ᵢ + F′ⱼ) ρ′] x⊗x / r over all pairs of an atom and an image of another.
    /// </summary>
    public CrystalResponse Evaluate(IEmbeddedAtomPotential potential)
    {
        ArgumentNullException.ThrowIfNull(potential);
        var pairs = Pairs(potential.Cutoff);
        var density = new double[Count];
        foreach (var (i, _, _, r) in pairs)
        {
            density[i] += potential.Density(r).Value;
        }

        var energy = 0.0;
        var embeddingSlope = new double[Count];
        for (var i = 0; i < Count; i++)
        {
            (var embedding, embeddingSlope[i]) = potential.Embedding(density[i]);
            energy += embedding;
        }

        var forces = new Vec3[Count];
        var virial = SymTensor3.Zero;
        foreach (var (i, j, x, r) in pairs)
        {
            var (phi, phiSlope) = potential.Pair(r);
            var slope = phiSlope + ((embeddingSlope[i] + embeddingSlope[j]) * potential.Density(r).Slope);
            energy += 0.5 * phi;
            forces[i] += slope / r * x;              // x points from i to j: a falling energy pushes i away from j.
            virial += 0.5 * slope / r * SymTensor3.Dyad(x);
        }

        return new CrystalResponse(energy, virial / Cell.Determinant, forces);
    }

    // Every atom i with every image of every atom j within the cutoff, as the vector from i to it; each pair from both sides.
    private List<(int I, int J, Vec3 Vector, double Distance)> Pairs(double cutoff)
    {
        var (a, b, c) = (Cell.Column(0), Cell.Column(1), Cell.Column(2));
        var volume = Cell.Determinant;
        int Reach(Vec3 side1, Vec3 side2) => (int)Math.Ceiling(cutoff * Vec3.Cross(side1, side2).Norm / volume) + 1;
        var (na, nb, nc) = (Reach(b, c), Reach(c, a), Reach(a, b));
        var pairs = new List<(int, int, Vec3, double)>();
        for (var i = 0; i < Count; i++)
        {
            for (var j = 0; j < Count; j++)
            {
                for (var u = -na; u <= na; u++)
                {
                    for (var v = -nb; v <= nb; v++)
                    {
                        for (var w = -nc; w <= nc; w++)
                        {
                            var x = positions[j] - positions[i] + (u * a) + (v * b) + (w * c);
                            var r2 = x.NormSquared;
                            if (r2 > 1e-12 && r2 < cutoff * cutoff)
                            {
                                pairs.Add((i, j, x, Math.Sqrt(r2)));
                            }
                        }
                    }
                }
            }
        }

        return pairs;
    }
}

using System.Collections.Immutable;
using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Particles.Interactions;

/// <summary>The energy of four atoms 1-2-3-4 by the angle φ between the planes 1-2-3 and 2-3-4. Implement it as a struct.</summary>
public interface IDihedralLaw
{
    /// <summary>How many kinds of dihedrals there are parameters for.</summary>
    int Kinds { get; }

    /// <summary>E′(φ) and E(φ).</summary>
    /// <param name="angle">φ in radians, −π to π: 0 where 1 and 4 lie on the same side (cis), ±π where they lie on opposite sides (trans).</param>
    /// <param name="kind">The kind of the dihedral: below <see cref="Kinds"/>.</param>
    /// <param name="energy">E(φ).</param>
    double Slope(double angle, int kind, out double energy);
}

/// <summary>
/// Forces of a dihedral (A. Blondel, M. Karplus, J. Comput. Chem. 17 (1996) 1132, eq. 27), with F = x₁ − x₂, G = x₂ − x₃, H = x₄ − x₃, A = F × G, B = H × G,
/// φ = atan2((B × A)·G/|G|, A·B):
/// ∂φ/∂x₁ = −(|G|/A²) A, ∂φ/∂x₄ = (|G|/B²) B, ∂φ/∂x₂ = −∂φ/∂x₁ + S, ∂φ/∂x₃ = −∂φ/∂x₄ − S with S = (F·G)/(A²|G|) A − (H·G)/(B²|G|) B.
/// </summary>
/// <remarks>Three atoms in a line have no plane: the dihedral then has no force.</remarks>
internal readonly unsafe struct DihedralTerm<TLaw>(TLaw law) : ITerm where TLaw : struct, IDihedralLaw
{
    public static int Size => 4;

    public static string Name => "dihedral";

    public int Kinds => law.Kinds;

    public static ImmutableArray<Connection> Of(AtomConfiguration atoms) => atoms.Dihedrals;

    public double Forces(Vec3* d, Vec3* f, int kind)
    {
        var (first, axis, last) = (d[0], d[1], -d[2]);
        var (a, b) = (Vec3.Cross(first, axis), Vec3.Cross(last, axis));
        var (a2, b2, length) = (a.NormSquared, b.NormSquared, axis.Norm);
        if (a2 == 0 || b2 == 0)
        {
            (f[0], f[1], f[2], f[3]) = (Vec3.Zero, Vec3.Zero, Vec3.Zero, Vec3.Zero);
            _ = law.Slope(0, kind, out var flat);
            return flat;
        }

        var slope = law.Slope(Math.Atan2(Vec3.Dot(Vec3.Cross(b, a), axis) / length, Vec3.Dot(a, b)), kind, out var energy);
        f[0] = slope * length / a2 * a;
        f[3] = -slope * length / b2 * b;
        var shear = slope * ((Vec3.Dot(first, axis) / (a2 * length) * a) - (Vec3.Dot(last, axis) / (b2 * length) * b));
        f[1] = -f[0] - shear;
        f[2] = -f[3] + shear;
        return energy;
    }
}

/// <summary>The same for impropers.</summary>
internal readonly unsafe struct ImproperTerm<TLaw>(TLaw law) : ITerm where TLaw : struct, IDihedralLaw
{
    private readonly DihedralTerm<TLaw> _term = new(law);

    public static int Size => 4;

    public static string Name => "improper";

    public int Kinds => _term.Kinds;

    public static ImmutableArray<Connection> Of(AtomConfiguration atoms) => atoms.Impropers;

    public double Forces(Vec3* d, Vec3* f, int kind) => _term.Forces(d, f, kind);
}

using System.Collections.Immutable;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles.Interactions;

/// <summary>
/// E(φ) = ½K₁[1 + cos φ] + ½K₂[1 − cos 2φ] + ½K₃[1 + cos 3φ] + ½K₄[1 − cos 4φ]
/// (W. L. Jorgensen, J. D. Madura, C. J. Swenson, J. Am. Chem. Soc. 106 (1984) 6638; LAMMPS <c>dihedral_style opls</c>).
/// </summary>
public readonly struct OplsDihedral : IDihedralLaw
{
    private readonly ImmutableArray<(double K1, double K2, double K3, double K4)> _kinds;

    /// <summary>A law with K₁ to K₄ for each kind of dihedral.</summary>
    /// <exception cref="ScaleModelException">A number is not finite.</exception>
    public OplsDihedral(params ImmutableArray<(double K1, double K2, double K3, double K4)> kinds) =>
        _kinds = kinds.All(k => double.IsFinite(k.K1 + k.K2 + k.K3 + k.K4)) ? kinds : throw new ScaleModelException("An OPLS dihedral has a K that is not a finite number.");

    /// <inheritdoc/>
    public int Kinds => _kinds.Length;

    /// <inheritdoc/>
    public double Slope(double angle, int kind, out double energy)
    {
        // E′ = −½K₁ sin φ + K₂ sin 2φ − (3/2)K₃ sin 3φ + 2K₄ sin 4φ
        var (k1, k2, k3, k4) = _kinds[kind];
        var (s1, c1) = Math.SinCos(angle);
        var (s2, c2) = Math.SinCos(2 * angle);
        var (s3, c3) = Math.SinCos(3 * angle);
        var (s4, c4) = Math.SinCos(4 * angle);
        energy = 0.5 * ((k1 * (1 + c1)) + (k2 * (1 - c2)) + (k3 * (1 + c3)) + (k4 * (1 - c4)));
        return (-0.5 * k1 * s1) + (k2 * s2) - (1.5 * k3 * s3) + (2 * k4 * s4);
    }
}

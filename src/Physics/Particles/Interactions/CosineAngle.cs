using System.Collections.Immutable;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles.Interactions;

/// <summary>E(θ) = K [1 + cos θ]: chains that are stiff with K above zero (LAMMPS <c>angle_style cosine</c>).</summary>
public readonly struct CosineAngle : IAngleLaw
{
    private readonly ImmutableArray<double> _stiffness;

    /// <summary>A law with K for each kind of angle.</summary>
    /// <exception cref="ScaleModelException">K is not finite.</exception>
    public CosineAngle(params ImmutableArray<double> stiffness) =>
        _stiffness = stiffness.All(double.IsFinite) ? stiffness : throw new ScaleModelException("A cosine angle has a K that is not a finite number.");

    /// <inheritdoc/>
    public int Kinds => _stiffness.Length;

    /// <inheritdoc/>
    public double Slope(double angle, int kind, out double energy)
    {
        // E′ = −K sin θ
        var (sine, cosine) = Math.SinCos(angle);
        energy = _stiffness[kind] * (1 + cosine);
        return -_stiffness[kind] * sine;
    }
}

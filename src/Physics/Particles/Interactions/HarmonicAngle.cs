using System.Collections.Immutable;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles.Interactions;

/// <summary>E(θ) = K (θ − θ₀)²; as in LAMMPS <c>angle_style harmonic</c> the half is part of K.</summary>
public readonly struct HarmonicAngle : IAngleLaw
{
    private readonly ImmutableArray<(double Stiffness, double Angle)> _kinds;

    /// <summary>A law with K, in energy a radian squared, and θ₀ in radians for each kind of angle.</summary>
    /// <exception cref="ScaleModelException">K is below zero, or θ₀ is not within 0 to π.</exception>
    public HarmonicAngle(params ImmutableArray<(double Stiffness, double Angle)> kinds)
    {
        foreach (var (k, angle) in kinds)
        {
            if (!(k >= 0 && angle is >= 0 and <= Math.PI) || !double.IsFinite(k))
            {
                throw new ScaleModelException(FormattableString.Invariant($"A harmonic angle has K = {k} and θ₀ = {angle}; K is zero or more, and θ₀ is 0 to π, in radians."));
            }
        }

        _kinds = kinds;
    }

    /// <inheritdoc/>
    public int Kinds => _kinds.Length;

    /// <inheritdoc/>
    public double Slope(double angle, int kind, out double energy)
    {
        // E′ = 2K (θ − θ₀)
        var (k, rest) = _kinds[kind];
        energy = k * (angle - rest) * (angle - rest);
        return 2 * k * (angle - rest);
    }
}

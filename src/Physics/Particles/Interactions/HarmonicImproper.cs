using System.Collections.Immutable;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles.Interactions;

/// <summary>E(χ) = K (χ − χ₀)² with χ = |φ|, the angle between the planes 1-2-3 and 2-3-4 from 0 to π (LAMMPS <c>improper_style harmonic</c>).</summary>
/// <remarks>Where χ₀ is not zero the energy has an edge at χ = 0, and likewise at π: there the force is taken as zero.</remarks>
public readonly struct HarmonicImproper : IDihedralLaw
{
    private readonly ImmutableArray<(double Strength, double Angle)> _kinds;

    /// <summary>A law with K and χ₀, in radians, for each kind of improper.</summary>
    /// <exception cref="ScaleModelException">K is not finite or below zero, or χ₀ not between 0 and π.</exception>
    public HarmonicImproper(params ImmutableArray<(double Strength, double Angle)> kinds)
    {
        foreach (var (k, angle) in kinds)
        {
            if (!(k >= 0 && angle >= 0 && angle <= Math.PI) || !double.IsFinite(k))
            {
                throw new ScaleModelException(FormattableString.Invariant($"A harmonic improper has K = {k} and χ₀ = {angle}; K is zero or more, χ₀ lies between 0 and π, in radians."));
            }
        }

        _kinds = kinds;
    }

    /// <inheritdoc/>
    public int Kinds => _kinds.Length;

    /// <inheritdoc/>
    public double Slope(double angle, int kind, out double energy)
    {
        // dE/dφ = 2K (|φ| − χ₀) sgn φ
        var (k, at) = _kinds[kind];
        var rest = Math.Abs(angle) - at;
        energy = k * rest * rest;
        return 2 * k * rest * Math.Sign(angle);
    }
}

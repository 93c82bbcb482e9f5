using System.Collections.Immutable;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles.Interactions;

/// <summary>E(φ) = K [1 + d cos(nφ)] with d = ±1 and n = 0, 1, 2, … (LAMMPS <c>dihedral_style harmonic</c>).</summary>
public readonly struct HarmonicDihedral : IDihedralLaw
{
    private readonly ImmutableArray<(double Strength, int Sign, int Folds)> _kinds;

    /// <summary>A law with K, d and n for each kind of dihedral.</summary>
    /// <exception cref="ScaleModelException">K is not finite, d is not 1 or −1, or n is below zero.</exception>
    public HarmonicDihedral(params ImmutableArray<(double Strength, int Sign, int Folds)> kinds)
    {
        foreach (var (k, sign, folds) in kinds)
        {
            if (!double.IsFinite(k) || sign is not (1 or -1) || folds < 0)
            {
                throw new ScaleModelException(FormattableString.Invariant($"A harmonic dihedral has K = {k}, d = {sign} and n = {folds}; K is finite, d is 1 or -1, n is zero or more."));
            }
        }

        _kinds = kinds;
    }

    /// <inheritdoc/>
    public int Kinds => _kinds.Length;

    /// <inheritdoc/>
    public double Slope(double angle, int kind, out double energy)
    {
        // E′ = −K d n sin(nφ)
        var (k, sign, folds) = _kinds[kind];
        var (sine, cosine) = Math.SinCos(folds * angle);
        energy = k * (1 + (sign * cosine));
        return -k * sign * folds * sine;
    }
}

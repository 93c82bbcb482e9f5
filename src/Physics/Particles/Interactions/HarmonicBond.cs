using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles.Interactions;

/// <summary>φ(r) = K (r − r₀)²; as in LAMMPS <c>bond_style harmonic</c> the half is part of K.</summary>
public readonly struct HarmonicBond : IBondLaw
{
    private readonly ImmutableArray<(double Stiffness, double Length)> _kinds;

    /// <summary>A law with K and r₀ for each kind of bond.</summary>
    /// <exception cref="ScaleModelException">A number is not finite or below zero.</exception>
    public HarmonicBond(params ImmutableArray<(double Stiffness, double Length)> kinds)
    {
        foreach (var (k, r) in kinds)
        {
            if (!(k >= 0 && r >= 0) || !double.IsFinite(k + r))
            {
                throw new ScaleModelException(FormattableString.Invariant($"A harmonic bond has K = {k} and r₀ = {r}; both are zero or more."));
            }
        }

        _kinds = kinds;
    }

    /// <inheritdoc/>
    public int Kinds => _kinds.Length;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public double ForceOverDistance(double r2, int kind, bool wantsEnergy, out double energy)
    {
        // −φ′/r = −2K (r − r₀)/r; where atoms lie upon each other there is no direction, and no force.
        var (k, length) = _kinds[kind];
        var r = Math.Sqrt(r2);
        var stretch = r - length;
        energy = k * stretch * stretch;
        return r2 == 0 ? 0 : -2 * k * stretch / r;
    }
}

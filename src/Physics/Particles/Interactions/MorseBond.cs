using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles.Interactions;

/// <summary>φ(r) = D [1 − e^(−α(r − r₀))]² (P. M. Morse, Phys. Rev. 34 (1929) 57); zero at r₀, as in LAMMPS <c>bond_style morse</c>.</summary>
public readonly struct MorseBond : IBondLaw
{
    private readonly ImmutableArray<(double Depth, double Alpha, double Length)> _kinds;

    /// <summary>A law with D, α and r₀ for each kind of bond.</summary>
    /// <exception cref="ScaleModelException">A number is not finite, D or r₀ is below zero, or α is not above it.</exception>
    public MorseBond(params ImmutableArray<(double Depth, double Alpha, double Length)> kinds)
    {
        foreach (var (depth, alpha, r) in kinds)
        {
            if (!(depth >= 0 && alpha > 0 && r >= 0) || !double.IsFinite(depth + alpha + r))
            {
                throw new ScaleModelException(FormattableString.Invariant($"A Morse bond has D = {depth}, α = {alpha} and r₀ = {r}; α is above zero, the others are zero or more."));
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
        // −φ′/r = −2Dα u (1 − u)/r with u = e^(−α(r − r₀)); where atoms lie upon each other there is no direction, and no force.
        var (depth, alpha, length) = _kinds[kind];
        var r = Math.Sqrt(r2);
        var u = Math.Exp(-alpha * (r - length));
        energy = depth * (1 - u) * (1 - u);
        return r2 == 0 ? 0 : -2 * depth * alpha * u * (1 - u) / r;
    }
}

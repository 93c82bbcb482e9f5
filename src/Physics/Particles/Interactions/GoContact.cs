using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles.Interactions;

/// <summary>
/// Native contacts of a Gō model: φ(r) = ε[5(r₀/r)¹² − 6(r₀/r)¹⁰], the least −ε at r₀
/// (C. Clementi, H. Nymeyer, J. N. Onuchic, J. Mol. Biol. 298 (2000) 937, eq. 1).
/// </summary>
public readonly struct GoContact : IBondLaw
{
    private readonly ImmutableArray<(double Epsilon, double Distance)> _kinds;

    /// <summary>A law with ε and r₀ for each kind of contact, usually one for each contact.</summary>
    /// <exception cref="ScaleModelException">A number is not finite, ε is below zero, or r₀ is not above it.</exception>
    public GoContact(params ImmutableArray<(double Epsilon, double Distance)> kinds)
    {
        foreach (var (epsilon, distance) in kinds)
        {
            if (!(epsilon >= 0 && distance > 0) || !double.IsFinite(epsilon + distance))
            {
                throw new ScaleModelException(FormattableString.Invariant($"A contact has ε = {epsilon} and r₀ = {distance}; ε is zero or more, r₀ above zero."));
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
        // −φ′/r = 60 ε [(r₀/r)¹² − (r₀/r)¹⁰]/r²
        var (epsilon, distance) = _kinds[kind];
        var s2 = distance * distance / r2;
        var s10 = s2 * s2 * s2 * s2 * s2;
        energy = epsilon * s10 * ((5 * s2) - 6);
        return 60 * epsilon * s10 * (s2 - 1) / r2;
    }
}

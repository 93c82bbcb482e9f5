using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles.Interactions;

/// <summary>
/// A spring that cannot be stretched beyond R₀, with a core:
/// φ(r) = −½ K R₀² ln[1 − (r/R₀)²] + {4ε[(σ/r)¹² − (σ/r)⁶] + ε where r &lt; 2^(1/6) σ} (K. Kremer, G. S. Grest, J. Chem. Phys. 92 (1990) 5057).
/// </summary>
/// <remarks>
/// As in LAMMPS <c>bond_style fene</c>, but for bonds longer than 0.9487 R₀: that program lets their force grow no further,
/// and here they are as the formula says up to R₀. A bond of R₀ or more is an error.
/// </remarks>
public readonly struct FeneBond : IBondLaw
{
    private readonly ImmutableArray<Parameters> _kinds;

    /// <summary>A law with K, R₀, ε and σ for each kind of bond.</summary>
    /// <exception cref="ScaleModelException">A number is not finite, K or ε is below zero, or R₀ or σ is not above it.</exception>
    public FeneBond(params ImmutableArray<(double Stiffness, double Longest, double Epsilon, double Sigma)> kinds)
    {
        foreach (var (k, r, epsilon, sigma) in kinds)
        {
            if (!(k >= 0 && r > 0 && epsilon >= 0 && sigma > 0) || !double.IsFinite(k + r + epsilon + sigma))
            {
                throw new ScaleModelException(FormattableString.Invariant($"A FENE bond has K = {k}, R₀ = {r}, ε = {epsilon} and σ = {sigma}; K and ε are zero or more, the others are above zero."));
            }
        }

        _kinds = [.. kinds.Select(k => new Parameters(k.Stiffness, k.Longest * k.Longest, k.Epsilon, Math.Pow(k.Sigma, 6), Math.Cbrt(2) * k.Sigma * k.Sigma))];
    }

    /// <inheritdoc/>
    public int Kinds => _kinds.Length;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public double ForceOverDistance(double r2, int kind, bool wantsEnergy, out double energy)
    {
        // −φ′/r = −K/(1 − r²/R₀²) + {48ε[(σ/r)¹² − ½(σ/r)⁶]/r²}; both quotients with one division.
        var (k, longest2, epsilon, sigma6, core2) = _kinds[kind];
        var rest = longest2 - r2;
        var inverse = 1 / (r2 * rest);
        var inverse2 = rest * inverse;
        var force = rest > 0 ? -k * longest2 * r2 * inverse : double.NaN;
        energy = wantsEnergy ? -0.5 * k * longest2 * Math.Log(rest / longest2) : 0;
        if (r2 < core2)
        {
            var q6 = sigma6 * inverse2 * inverse2 * inverse2;
            force += 48 * epsilon * q6 * (q6 - 0.5) * inverse2;
            energy += epsilon * ((4 * q6 * (q6 - 1)) + 1);
        }

        return force;
    }

    private readonly record struct Parameters(double Stiffness, double LongestSquared, double Epsilon, double SigmaToThe6, double CoreSquared);
}

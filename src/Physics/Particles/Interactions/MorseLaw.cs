using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Particles.Interactions;

/// <summary>φ(r) = D[e^(−2α(r − r₀)) − 2e^(−α(r − r₀))], up to the cutoff (P. M. Morse, Phys. Rev. 34 (1929) 57).</summary>
public readonly struct MorseLaw : IPairLaw
{
    private readonly double _depth;
    private readonly double _alpha;
    private readonly double _distance;

    /// <summary>A potential of this depth D, inverse width α, distance r₀ of the least energy, and cutoff.</summary>
    /// <exception cref="ScaleModelException">A number is not finite, or not above zero.</exception>
    public MorseLaw(double depth, double alpha, double distance, double cutoff)
    {
        if (!(depth >= 0 && alpha > 0 && distance > 0 && cutoff > 0) || !double.IsFinite(depth + alpha + distance + cutoff))
        {
            throw new ScaleModelException(FormattableString.Invariant($"A Morse potential has depth = {depth}, α = {alpha}, r₀ = {distance} and cutoff = {cutoff}; the depth is zero or more, the others are above zero."));
        }

        (_depth, _alpha, _distance, Cutoff) = (depth, alpha, distance, cutoff);
    }

    /// <inheritdoc/>
    public double Cutoff { get; }

    /// <inheritdoc/>
    public void Begin(int kind)
    {
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector512<double> ForceOverDistance(Vector512<double> r2, Vector512<double> kinds, bool wantsEnergy, out Vector512<double> energy)
    {
        // −φ′/r = 2Dα (u² − u)/r with u = e^(−α(r − r₀))
        var r = Vector512.Sqrt(r2);
        var u = Exponential.Of(Vector512.Create(_alpha) * (Vector512.Create(_distance) - r));
        energy = wantsEnergy ? Vector512.Create(_depth) * u * (u - Vector512.Create(2.0)) : default;
        return Vector512.Create(2 * _depth * _alpha) * u * (u - Vector512<double>.One) / r;
    }
}

using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Continuum.Materials;

/// <summary>
/// A cohesive law that counts sliding with a weight β: it follows a curve T(δ) of the effective opening δ = √(⟨δ_n⟩² + β² δ_s²). The state is the largest δ
/// so far, κ; below it the law unloads to the origin. Sides that overlap are pushed apart by a penalty.
/// </summary>
/// <remarks>
/// t = T(κ)/κ (⟨δ_n⟩, β² δ_s), + c δ_n where δ_n &lt; 0. Sliding alone has the strength β σ, and the same toughness as opening. Dissipated is
/// ∫₀^κ T dδ − ½ κ T(κ). After: Ortiz, Pandolfi, Int. J. Numer. Methods Eng. 44, 1267 (1999).
/// </remarks>
public sealed class EffectiveOpening : ICohesiveLaw
{
    private readonly TractionCurve _curve;
    private readonly double _weight;
    private readonly double _contact;

    /// <summary>A law.</summary>
    /// <param name="curve">T(δ).</param>
    /// <param name="sliding">β, zero or more; of zero, sliding is free.</param>
    /// <param name="contact">c, N/m³, zero or more; the stiffness of the curve if null.</param>
    /// <exception cref="ScaleModelException">A number is out of its range.</exception>
    public EffectiveOpening(TractionCurve curve, double sliding = 1, double? contact = null)
    {
        ArgumentNullException.ThrowIfNull(curve);
        (_curve, _weight, _contact) = (curve, sliding * sliding, contact ?? curve.Stiffness);
        if (!(sliding >= 0 && _contact >= 0 && double.IsFinite(sliding + _contact)))
        {
            throw new ScaleModelException(FormattableString.Invariant($"The weight of sliding and the penalty of contact are zero or more; found {sliding} and {contact}."));
        }
    }

    /// <inheritdoc/>
    public int StateSize => 1;

    /// <inheritdoc/>
    public Vec3 Respond(Vec3 opening, ReadOnlySpan<double> state, Span<double> next, out Matrix3 tangent)
    {
        // With M = diag(1, β², β²) and d = M (⟨δ_n⟩, δ_s): t = k(κ) d, k = T/κ, dk/dκ = (T′ − k)/κ, and where κ grows dκ/dδ = d/κ.
        var open = opening.X > 0;
        var d = new Vec3(open ? opening.X : 0, _weight * opening.Y, _weight * opening.Z);
        var effective = Math.Sqrt(Vec3.Dot(d, opening));
        var largest = Math.Max(state[0], effective);
        next[0] = largest;
        var (traction, slope) = _curve.At(largest);
        var secant = largest > 0 ? traction / largest : _curve.Stiffness;
        tangent = Matrix3.Diagonal(open ? secant : _contact, secant * _weight, secant * _weight);
        if (effective >= state[0] && effective > 0)
        {
            // At the κ of an accepted step too: that it opens on is the better guess for the next.
            tangent += (slope - secant) / (largest * largest) * Matrix3.Dyad(d, d);
        }

        return (secant * d) + new Vec3(open ? 0 : _contact * opening.X, 0, 0);
    }

    /// <inheritdoc/>
    public double Dissipated(ReadOnlySpan<double> state) => _curve.Work(state[0]) - (0.5 * state[0] * _curve.At(state[0]).Traction);
}

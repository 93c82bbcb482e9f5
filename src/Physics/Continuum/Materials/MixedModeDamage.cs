using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Continuum.Materials;

/// <summary>
/// A bilinear cohesive law with unlike strengths and toughnesses for opening and sliding: it begins to break by a quadratic criterion of the tractions, and
/// its toughness follows Benzeggagh and Kenane. A state is the damage d and the dissipated energy, J/m². The damage never falls, below it the law unloads to
/// the origin; overlaps are pushed apart by a penalty. The tangent has no symmetry where the mode changes as it breaks.
/// </summary>
/// <remarks>
/// δ = √(⟨δ_n⟩² + δ_s²), B = δ_s²/δ². δ₀⁻² = (1 − B) (K/N)² + B (K/S)², which is (⟨t_n⟩/N)² + (t_s/S)² = 1; G = G_I + (G_II − G_I) B^η; δ_f = 2 G/(K δ₀);
/// d = δ_f (δ − δ₀)/(δ (δ_f − δ₀)); t = (1 − d) K (⟨δ_n⟩, δ_s), + c δ_n where δ_n &lt; 0.
/// After: Camanho, Dávila, NASA/TM-2002-211737 (2002), there with the largest δ for the state; with d for it, damage does not heal when the mode changes. G(B):
/// Benzeggagh, Kenane, Compos. Sci. Technol. 56, 439 (1996).
/// </remarks>
public sealed class MixedModeDamage : ICohesiveLaw
{
    private readonly double _stiffness;
    private readonly double _opening;       // Squares of δ₀ in the pure modes.
    private readonly double _sliding;
    private readonly (double Opening, double Sliding) _toughness;
    private readonly double _exponent;
    private readonly double _contact;

    /// <summary>A law.</summary>
    /// <param name="stiffness">K, N/m³, of all directions.</param>
    /// <param name="strength">N and S, N/m².</param>
    /// <param name="toughness">G_I and G_II, J/m².</param>
    /// <param name="exponent">η, at least 1.</param>
    /// <param name="contact">c, N/m³, zero or more; K if null.</param>
    /// <exception cref="ScaleModelException">A number is out of its range, or some mode would be broken where it begins to break (asked at 65 values of B).</exception>
    public MixedModeDamage(double stiffness, (double Opening, double Sliding) strength, (double Opening, double Sliding) toughness, double exponent, double? contact = null)
    {
        if (!(stiffness > 0 && strength.Opening > 0 && strength.Sliding > 0 && toughness.Opening > 0 && toughness.Sliding > 0 && exponent >= 1 && contact is null or >= 0)
            || !double.IsFinite(stiffness + strength.Opening + strength.Sliding + toughness.Opening + toughness.Sliding + exponent + (contact ?? 0)))
        {
            throw new ScaleModelException(FormattableString.Invariant(
                $"An interface has a stiffness, strengths and toughnesses above zero, an exponent of at least 1 and a penalty of at least zero; found K = {stiffness}, strengths {strength}, toughnesses {toughness}, η = {exponent}, c = {contact}."));
        }

        (_stiffness, _toughness, _exponent, _contact) = (stiffness, toughness, exponent, contact ?? stiffness);
        (_opening, _sliding) = (Math.Pow(strength.Opening / stiffness, 2), Math.Pow(strength.Sliding / stiffness, 2));
        for (var n = 0; n <= 64; n++)
        {
            var (first, _, last, _, _) = Mode(n / 64.0);
            if (!(last > first))
            {
                throw new ScaleModelException(FormattableString.Invariant(
                    $"The interface begins to break at {first} m and is broken at {last} m where sliding has the part {n / 64.0} in δ²; the second has to be more. Take a larger K."));
            }
        }
    }

    /// <inheritdoc/>
    public int StateSize => 2;

    /// <inheritdoc/>
    public Vec3 Respond(Vec3 opening, ReadOnlySpan<double> state, Span<double> next, out Matrix3 tangent)
    {
        var open = opening.X > 0;
        var d = new Vec3(open ? opening.X : 0, opening.Y, opening.Z);
        var size = d.Norm;
        var part = size > 0 ? 1 - (d.X * d.X / (size * size)) : 0;
        var (first, firstSlope, last, lastSlope, toughness) = Mode(part);
        var damage = size <= first ? 0 : Math.Min(1, last * (size - first) / (size * (last - first)));

        // At the damage of an accepted step too: that it goes on is the better guess for the next.
        var grows = damage > 0 && damage >= state[0];
        damage = grows ? damage : state[0];
        var left = (1 - damage) * _stiffness;
        tangent = Matrix3.Diagonal(open ? left : _contact, left, left);
        next[0] = damage;
        next[1] = state[1];
        if (grows)
        {
            // G − ½ T δ_f on the curve of this mode, with T = (1 − d) K δ(d), is what the damage d has dissipated.
            double Used(double x) => toughness - (0.5 * (1 - x) * _stiffness * first * last * last / (last - (x * (last - first))));
            next[1] += Used(damage) - Used(state[0]);
        }

        if (grows && size < last)
        {
            // dd = ∂d/∂δ dδ + (∂d/∂δ₀ δ₀′ + ∂d/∂δ_f δ_f′) dB, dδ = d·/δ, dB = 2/δ² (−B ⟨δ_n⟩, (1 − B) δ_s)·.
            var range = last - first;
            var bySize = last * first / (size * size * range);
            var byPart = ((last * (size - last) * firstSlope) - (first * (size - first) * lastSlope)) / (size * range * range);
            var change = (bySize / size * d) + (byPart * 2 / (size * size) * new Vec3(-part * d.X, (1 - part) * d.Y, (1 - part) * d.Z));
            tangent += -_stiffness * Matrix3.Dyad(d, change);
        }

        return (left * d) + new Vec3(open ? 0 : _contact * opening.X, 0, 0);
    }

    /// <inheritdoc/>
    public double Dissipated(ReadOnlySpan<double> state) => state[1];

    // δ₀, δ_f and their derivatives with respect to B, and G.
    private (double First, double FirstSlope, double Last, double LastSlope, double Toughness) Mode(double part)
    {
        var first = 1 / Math.Sqrt(((1 - part) / _opening) + (part / _sliding));
        var firstSlope = -0.5 * first * first * first * ((1 / _sliding) - (1 / _opening));
        var more = _toughness.Sliding - _toughness.Opening;
        var toughness = _toughness.Opening + (more * Math.Pow(part, _exponent));
        var last = 2 * toughness / (_stiffness * first);
        return (first, firstSlope, last, (2 * more * _exponent * Math.Pow(part, _exponent - 1) / (_stiffness * first)) - (last / first * firstSlope), toughness);
    }
}

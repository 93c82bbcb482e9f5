using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Continuum.Materials;

/// <summary>
/// Metal plasticity of von Mises with isotropic hardening along a curve and linear kinematic hardening, for small strains: the stress never leaves
/// ‖s − β‖ = √⅔ σ_y(α).
/// A state is the plastic strain (6 numbers, tensor shears), the back stress β (6) and the equivalent plastic strain α.
/// </summary>
/// <remarks>
/// Radial return: ξ = 2μ (dev ε − e^p) − β, f = ‖ξ‖ − √⅔ σ_y(α); with the slope K of the curve, if f &gt; 0: Δγ = f / (2μ + ⅔ (K + H)), n = ξ/‖ξ‖, e^p += Δγ n, β += ⅔ H Δγ n, α += √⅔ Δγ,
/// σ = κ tr ε 1 + 2μ (dev ε − e^p). Its derivative is κ 1⊗1 + 2μ (θ I_dev − θ̄ n⊗n), θ = 1 − 2μ Δγ/‖ξ‖, θ̄ = 1/(1 + (K + H)/3μ) − (1 − θ).
/// Where the curve bends within the step, Δγ is the sum of those of its parts, and K the slope of the last.
/// After: Simo, Hughes, "Computational Inelasticity" (1998), boxes 3.1 and 3.2.
/// </remarks>
public sealed class J2Plasticity : IConstitutiveLaw
{
    private readonly double _bulk;
    private readonly double _shear;
    private readonly HardeningCurve _curve;
    private readonly double _kinematic;

    /// <summary>A metal with linear hardening.</summary>
    /// <param name="young">E, Pa.</param>
    /// <param name="poisson">ν.</param>
    /// <param name="yield">σ_y, the stress at which it yields in tension, Pa.</param>
    /// <param name="isotropic">K, by how much the yield stress rises with α, Pa.</param>
    /// <param name="kinematic">H, by how much the back stress follows, Pa.</param>
    /// <exception cref="ScaleModelException">A modulus is out of its range.</exception>
    public J2Plasticity(double young, double poisson, double yield, double isotropic = 0, double kinematic = 0)
        : this(young, poisson, Linear(young, poisson, yield, isotropic, kinematic), kinematic)
    {
    }

    /// <summary>A metal that hardens along a curve.</summary>
    /// <param name="young">E, Pa.</param>
    /// <param name="poisson">ν.</param>
    /// <param name="curve">σ_y(α), Pa.</param>
    /// <param name="kinematic">H, by how much the back stress follows, Pa.</param>
    /// <exception cref="ScaleModelException">A modulus is out of its range.</exception>
    public J2Plasticity(double young, double poisson, HardeningCurve curve, double kinematic = 0)
    {
        ArgumentNullException.ThrowIfNull(curve);
        if (!IsMetal(young, poisson, kinematic))
        {
            throw new ScaleModelException(FormattableString.Invariant(
                $"A metal has E > 0, −1 < ν < ½ and hardening moduli of at least zero; found E = {young}, ν = {poisson}, H = {kinematic}."));
        }

        (_bulk, _shear) = (young / (3 * (1 - (2 * poisson))), young / (2 * (1 + poisson)));
        (_curve, _kinematic) = (curve, kinematic);
    }

    /// <inheritdoc/>
    public int StateSize => 13;

    /// <inheritdoc/>
    public SymTensor3 Respond(SymTensor3 strain, ReadOnlySpan<double> state, Span<double> next, out Tangent6 tangent)
    {
        var one = SymTensor3.Identity;
        var pressure = _bulk * strain.Trace * one;
        var (plastic, back, alpha) = (SymTensor3.FromVoigtStress(state[..6]), SymTensor3.FromVoigtStress(state[6..12]), state[12]);
        var trial = 2 * _shear * (strain - (strain.Trace / 3 * one) - plastic);
        var xi = trial - back;
        var size = xi.Norm;
        var f = size - (Math.Sqrt(2.0 / 3) * _curve.Stress(alpha));

        // A point that has flowed is on the surface but for rounding; whether its next step begins elastically is not for rounding to say.
        // What is no number passes through as such.
        if (!(f > 1e-13 * size))
        {
            state.CopyTo(next);
            tangent = Derivative(1, 0, default);
            return pressure + trial;
        }

        // Along the parts of the curve, until what is left of f ends within one.
        var step = 0.0;
        var part = _curve.PartOf(alpha);
        for (; ; part++)
        {
            var rate = (2 * _shear) + (2.0 / 3 * (_curve.Slope(part) + _kinematic));
            var room = (_curve.End(part) - alpha) / Math.Sqrt(2.0 / 3);

            // The last part has no end, nor has anything else if the strain is not a number.
            if (f <= rate * (room - step) || double.IsPositiveInfinity(room))
            {
                step += f / rate;
                break;
            }

            f -= rate * (room - step);
            step = room;
        }

        var hardening = _curve.Slope(part) + _kinematic;
        var n = xi / size;
        Put(plastic + (step * n), next[..6]);
        Put(back + (2.0 / 3 * _kinematic * step * n), next[6..12]);
        next[12] = alpha + (Math.Sqrt(2.0 / 3) * step);
        var theta = 1 - (2 * _shear * step / size);
        tangent = Derivative(theta, (1 / (1 + (hardening / (3 * _shear)))) - (1 - theta), n);
        return pressure + trial - (2 * _shear * step * n);
    }

    private static bool IsMetal(double young, double poisson, double kinematic) =>
        young > 0 && poisson > -1 && poisson < 0.5 && kinematic >= 0 && double.IsFinite(young + kinematic);

    // All numbers are checked at once.
    private static HardeningCurve Linear(double young, double poisson, double yield, double isotropic, double kinematic) =>
        yield > 0 && isotropic >= 0 && double.IsFinite(yield + isotropic) && IsMetal(young, poisson, kinematic)
            ? HardeningCurve.Linear(yield, isotropic)
            : throw new ScaleModelException(FormattableString.Invariant(
                $"A metal has E > 0, −1 < ν < ½, a yield stress above zero and hardening moduli of at least zero; found E = {young}, ν = {poisson}, σ_y = {yield}, K = {isotropic}, H = {kinematic}."));

    // In Voigt order with engineering shears I_dev has ⅔ and −⅓ among the normal components and ½ at the shears.
    private Tangent6 Derivative(double theta, double thetaBar, SymTensor3 n)
    {
        Span<double> c = stackalloc double[36];
        for (var i = 0; i < 6; i++)
        {
            for (var j = 0; j < 6; j++)
            {
                var normal = i < 3 && j < 3;
                var deviator = (i == j ? normal ? 1 : 0.5 : 0) - (normal ? 1.0 / 3 : 0);
                c[(6 * i) + j] = (normal ? _bulk : 0) + (2 * _shear * ((theta * deviator) - (thetaBar * n[i] * n[j])));
            }
        }

        return new(c);
    }

    private static void Put(SymTensor3 from, Span<double> to)
    {
        for (var i = 0; i < 6; i++)
        {
            to[i] = from[i];
        }
    }
}

using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Continuum.Materials;

/// <summary>
/// A compressible neo-Hookean material, if wished with fibers along a direction a of the body at rest:
/// W = ½ μ (F:F − 3) − μ ln J + ½ λ (ln J)² + ½ k (|F a|² − 1)², J = det F.
/// </summary>
/// <remarks>
/// P = μ (F − F⁻ᵀ) + λ ln J F⁻ᵀ + 2 k (|F a|² − 1) F a ⊗ a. After: Bonet, Wood, "Nonlinear Continuum Mechanics for Finite Element Analysis", 2nd ed. (2008),
/// eq. 6.27; the fibers after: Holzapfel, "Nonlinear Solid Mechanics" (2000), section 6.7.
/// </remarks>
public sealed class NeoHookean : IHyperelasticLaw
{
    private readonly double _lambda;
    private readonly double _mu;
    private readonly double _fiber;
    private readonly Vec3 _along;

    /// <summary>A material that has these moduli at small strains.</summary>
    /// <param name="young">E, Pa, without fibers.</param>
    /// <param name="poisson">ν, 0 … ½.</param>
    /// <param name="fiber">k, Pa; fibers add 4 k to the stiffness along a.</param>
    /// <param name="along">a; normalized. Along x if null.</param>
    /// <exception cref="ScaleModelException">A modulus is out of its range.</exception>
    public NeoHookean(double young, double poisson, double fiber = 0, Vec3? along = null)
    {
        if (!(young > 0 && poisson is >= 0 and < 0.5 && fiber >= 0) || !double.IsFinite(young + fiber))
        {
            throw new ScaleModelException(FormattableString.Invariant($"E = {young}, ν = {poisson}, k = {fiber}: E is above zero, ν within 0 … ½, k not below zero."));
        }

        (_lambda, _mu) = (young * poisson / ((1 + poisson) * (1 - (2 * poisson))), young / (2 * (1 + poisson)));
        (_fiber, _along) = (fiber, (along ?? new(1, 0, 0)).Normalized());
    }

    /// <inheritdoc/>
    public double Energy(in Matrix3 f)
    {
        var log = Math.Log(Volume(f));
        var fiber = (f * _along).NormSquared - 1;
        return (0.5 * _mu * (Matrix3.Contract(f, f) - 3)) - (_mu * log) + (0.5 * _lambda * log * log) + (0.5 * _fiber * fiber * fiber);
    }

    /// <inheritdoc/>
    public Matrix3 Stress(in Matrix3 f)
    {
        var log = Math.Log(Volume(f));
        var stress = (_mu * f) + (((_lambda * log) - _mu) * f.Inverse().Transposed);
        var fiber = f * _along;
        return _fiber == 0 ? stress : stress + (2 * _fiber * (fiber.NormSquared - 1) * Matrix3.Dyad(fiber, _along));
    }

    /// <inheritdoc/>
    public Matrix3 Change(in Matrix3 f, in Matrix3 change)
    {
        // d(F⁻ᵀ) = −F⁻ᵀ dFᵀ F⁻ᵀ, d ln J = F⁻ᵀ:dF.
        var inverse = f.Inverse().Transposed;
        var log = Math.Log(Volume(f));
        var result = (_mu * change) + ((_mu - (_lambda * log)) * (inverse * (change.Transposed * inverse))) + (_lambda * Matrix3.Contract(inverse, change) * inverse);
        if (_fiber == 0)
        {
            return result;
        }

        var (fiber, turn) = (f * _along, change * _along);
        return result + (2 * _fiber * Matrix3.Dyad((2 * Vec3.Dot(fiber, turn) * fiber) + ((fiber.NormSquared - 1) * turn), _along));
    }

    private static double Volume(in Matrix3 f)
    {
        var volume = f.Determinant;
        return volume > 0 ? volume : throw new ScaleModelException(FormattableString.Invariant($"A deformation gradient has the determinant {volume:0.###e+0}: the body is turned inside out there. Is the load step too large?"));
    }
}

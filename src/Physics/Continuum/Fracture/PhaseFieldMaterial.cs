using ActorMultiscale.Physics.Continuum.Materials;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Continuum.Fracture;

/// <summary>What a crack field d costs: γ(d, ∇d) = (w(d)/l + l |∇d|²)/c, c = 4 ∫₀¹ √w, so that a crack costs 1 an area.</summary>
public enum CrackDensity
{
    /// <summary>w = d, c = 8/3: elastic up to the strength, cracks of the width 4 l. After: Pham, Amor, Marigo, Maurini, Int. J. Damage Mech. 20, 618 (2011).</summary>
    AT1,

    /// <summary>w = d², c = 2: softens from the beginning, cracks that fade as e^(−|x|/l). After: Bourdin, Francfort, Marigo, J. Mech. Phys. Solids 48, 797 (2000).</summary>
    AT2,
}

/// <summary>Which part ψ⁺ of the elastic energy a crack takes away; ψ⁻ = ½ ε:C:ε − ψ⁺ stays.</summary>
public enum EnergySplit
{
    /// <summary>All of it: ψ⁺ = ½ ε:C:ε. Cracks under compression too.</summary>
    None,

    /// <summary>ψ⁺ = ½ K ⟨tr ε⟩² + μ e:e, e the deviator. After: Amor, Marigo, Maurini, J. Mech. Phys. Solids 57, 1209 (2009).</summary>
    VolumetricDeviatoric,

    /// <summary>ψ⁺ = ½ λ ⟨tr ε⟩² + μ Σ ⟨ε_i⟩². After: Miehe, Hofacker, Welschinger, Comput. Methods Appl. Mech. Eng. 199, 2765 (2010).</summary>
    Spectral,
}

/// <summary>What is not undone when the load goes.</summary>
public enum Irreversibility
{
    /// <summary>d: no value of it falls. The energies balance the work.</summary>
    Damage,

    /// <summary>ψ⁺: the largest one so far drives d (the history field of Miehe et al. 2010), and no value of d falls.</summary>
    History,

    /// <summary>Cracks: values of d of <see cref="PhaseFieldMaterial.Broken"/> and more do not fall, others heal. After: Bourdin, Interfaces Free Bound. 9, 411 (2007).</summary>
    Cracks,
}

/// <summary>
/// An isotropic elastic material that cracks where that costs less than to strain it: the energy ∫ g(d) ψ⁺(ε) + ψ⁻(ε) + G_c γ(d, ∇d), g = (1 − d)² + k, is as small
/// as can be. In two dimensions for plane strain.
/// </summary>
/// <remarks>A bar breaks at √(3 E G_c/(8 l)) with AT1 and at (9/16) √(E G_c/(3 l)) with AT2: l is what the strength says.</remarks>
public sealed class PhaseFieldMaterial
{
    /// <summary>From which d on <see cref="Irreversibility.Cracks"/> takes a crack to be there.</summary>
    public const double Broken = 0.95;

    private readonly double _lambda;
    private readonly double _mu;
    private readonly double _bulk;

    /// <summary>A material.</summary>
    /// <param name="young">E, Pa.</param>
    /// <param name="poisson">ν; not below zero with <see cref="EnergySplit.Spectral"/>, whose parts would not be convex.</param>
    /// <param name="toughness">G_c, what a crack costs, J/m².</param>
    /// <param name="length">l, m; cells are at most half of it where cracks run.</param>
    /// <param name="density">What d costs.</param>
    /// <param name="split">What cracks take away.</param>
    /// <param name="irreversibility">What stays.</param>
    /// <param name="residual">k, the part of the stiffness that a crack leaves, so that the matrix keeps an inverse.</param>
    /// <exception cref="ScaleModelException">A number is out of its range.</exception>
    public PhaseFieldMaterial(
        double young, double poisson, double toughness, double length, CrackDensity density, EnergySplit split = EnergySplit.Spectral,
        Irreversibility irreversibility = Irreversibility.Damage, double residual = 1e-6)
    {
        if (!(young > 0 && poisson > -1 && poisson < 0.5 && (poisson >= 0 || split != EnergySplit.Spectral) && toughness > 0 && length > 0 && residual > 0 && residual < 0.1 && double.IsFinite(young + toughness + length)))
        {
            throw new ScaleModelException(FormattableString.Invariant(
                $"A material that cracks has E, G_c and l above zero, −1 < ν < ½ (0 ≤ ν with Spectral) and 0 < k < 0.1; found E = {young}, ν = {poisson}, G_c = {toughness}, l = {length}, k = {residual}."));
        }

        (Toughness, Length, Density, Split, Irreversibility, Residual) = (toughness, length, density, split, irreversibility, residual);
        (_lambda, _mu) = (young * poisson / ((1 + poisson) * (1 - (2 * poisson))), young / (2 * (1 + poisson)));
        _bulk = _lambda + (2.0 / 3 * _mu);
    }

    /// <summary>G_c, J/m².</summary>
    public double Toughness { get; }

    /// <summary>l, m.</summary>
    public double Length { get; }

    /// <summary>What d costs.</summary>
    public CrackDensity Density { get; }

    /// <summary>What cracks take away.</summary>
    public EnergySplit Split { get; }

    /// <summary>What stays.</summary>
    public Irreversibility Irreversibility { get; }

    /// <summary>k.</summary>
    public double Residual { get; }

    /// <summary>g(d) = (1 − d)² + k.</summary>
    public double Degradation(double damage) => ((1 - damage) * (1 - damage)) + Residual;

    /// <summary>ψ⁺ and ψ⁻ of a strain, J/m³.</summary>
    public (double Tension, double Compression) Energy(SymTensor3 strain)
    {
        var trace = strain.Trace;
        var (opening, closing) = (Math.Max(trace, 0), Math.Min(trace, 0));
        switch (Split)
        {
            case EnergySplit.None:
                return ((0.5 * _lambda * trace * trace) + (_mu * SymTensor3.Contract(strain, strain)), 0);
            case EnergySplit.VolumetricDeviatoric:
                var deviator = strain - (trace / 3 * SymTensor3.Identity);
                return ((0.5 * _bulk * opening * opening) + (_mu * SymTensor3.Contract(deviator, deviator)), 0.5 * _bulk * closing * closing);
            default:
                var positive = PositivePart.Of(strain);
                var negative = strain - positive;
                return ((0.5 * _lambda * opening * opening) + (_mu * SymTensor3.Contract(positive, positive)),
                    (0.5 * _lambda * closing * closing) + (_mu * SymTensor3.Contract(negative, negative)));
        }
    }

    /// <summary>σ = g ∂ψ⁺/∂ε + ∂ψ⁻/∂ε, Pa.</summary>
    /// <remarks>
    /// With a = g where tr ε ≥ 0 or nothing is split, else 1: spectral σ = a λ tr ε 1 + 2μ (g ε⁺ + ε⁻), else σ = a K tr ε 1 + 2μ g e.
    /// </remarks>
    /// <param name="strain">ε.</param>
    /// <param name="degradation">g.</param>
    public SymTensor3 Stress(SymTensor3 strain, double degradation)
    {
        var (g, volume) = (degradation, VolumeFactor(strain, degradation) * strain.Trace * SymTensor3.Identity);
        return Split == EnergySplit.Spectral ? (_lambda * volume) + (2 * _mu * (strain + ((g - 1) * PositivePart.Of(strain))))
            : (_bulk * volume) + (2 * _mu * g * (strain - (strain.Trace / 3 * SymTensor3.Identity)));
    }

    /// <summary>dσ/dε, Pa, symmetric: a λ 1⊗1 + 2μ (I + (g − 1) dε⁺/dε), or a K 1⊗1 + 2μ g I_dev.</summary>
    /// <param name="strain">ε.</param>
    /// <param name="degradation">g.</param>
    public Tangent6 Tangent(SymTensor3 strain, double degradation)
    {
        var (g, a, spectral) = (degradation, VolumeFactor(strain, degradation), Split == EnergySplit.Spectral);
        var (values, axes) = spectral ? strain.Principal() : default;
        Span<double> c = stackalloc double[36];
        Span<double> unit = stackalloc double[6];
        for (var j = 0; j < 6; j++)
        {
            // Column by column, for strains with engineering shears.
            unit.Clear();
            unit[j] = 1;
            var change = SymTensor3.FromVoigtStrain(unit);
            var volume = a * change.Trace * SymTensor3.Identity;
            var answer = spectral ? (_lambda * volume) + (2 * _mu * (change + ((g - 1) * PositivePart.Change(values, axes, change))))
                : (_bulk * volume) + (2 * _mu * g * (change - (change.Trace / 3 * SymTensor3.Identity)));
            for (var i = 0; i < 6; i++)
            {
                c[(6 * i) + j] = answer[i];
            }
        }

        return new(c);
    }

    // a.
    private double VolumeFactor(SymTensor3 strain, double degradation) => Split == EnergySplit.None || strain.Trace >= 0 ? degradation : 1;

    /// <summary>c of γ: 8/3 or 2.</summary>
    internal double Scale => Density == CrackDensity.AT1 ? 8.0 / 3 : 2;
}

using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Continuum.Materials;

/// <summary>Which number of a strain drives damage. Each is ε in a bar under the tension E ε.</summary>
public enum EquivalentStrain
{
    /// <summary>ε̃ = √(Σ ⟨ε_i⟩²) over the principal strains: tension alone. The tangent is not symmetric.</summary>
    /// <remarks>After: Mazars, Pijaudier-Cabot, J. Eng. Mech. 115, 345 (1989).</remarks>
    Mazars,

    /// <summary>ε̃ = √(ε:C:ε / E): tension and compression alike. The tangent is symmetric.</summary>
    /// <remarks>After: Simo, Ju, Int. J. Solids Struct. 23, 821 (1987).</remarks>
    Energy,
}

/// <summary>How the stress falls behind the strength.</summary>
public enum Softening
{
    /// <summary>Along a line, to zero.</summary>
    Linear,

    /// <summary>As e^(−x).</summary>
    Exponential,
}

/// <summary>
/// Isotropic damage of quasi-brittle materials, with small strains: σ = (1 − d(κ)) C:ε. A state is κ, the largest equivalent strain so far, so d never falls.
/// The work that a crack takes does not depend on the mesh, as the softening depends on the length of the cell (crack band).
/// </summary>
/// <remarks>
/// <para>With ε₀ = f_t/E, for κ &gt; ε₀: linear 1 − d = (ε₀/κ)(ε_f − κ)/(ε_f − ε₀), ε_f = 2 G_f/(h f_t); exponential 1 − d = (ε₀/κ) exp(−(κ − ε₀)/(ε_f − ε₀)),
/// ε_f = G_f/(h f_t) + ε₀/2. Either way ∫ σ dε = G_f/h in a bar. After: Bazant, Oh, Mater. Struct. 16, 155 (1983); Oliver, Cervera, Oller, Lubliner,
/// Proc. SCI-C 1990, 945.</para>
/// <para>When κ grows, dσ/dε = (1 − d) C − d′(κ) (C:ε) ⊗ ∂ε̃/∂ε; ∂ε̃/∂ε = Σ ⟨ε_i⟩ n_i⊗n_i / ε̃ or C:ε/(E ε̃).</para>
/// <para>The stiffness is lost under compression too after tension: cracks do not close.</para>
/// </remarks>
public sealed class ScalarDamage : IConstitutiveLaw
{
    /// <summary>Where damage stops, so that a body that is broken through keeps a stiffness with an inverse.</summary>
    public const double MostDamage = 1 - 1e-8;

    private readonly Tangent6 _stiffness;
    private readonly double _young;
    private readonly double _first;
    private readonly double _last;
    private readonly EquivalentStrain _measure;
    private readonly Softening _softening;

    /// <summary>A material in cells of one length.</summary>
    /// <param name="young">E, Pa.</param>
    /// <param name="poisson">ν; not below zero with <see cref="EquivalentStrain.Mazars"/>: a bar would widen, and break below f_t.</param>
    /// <param name="strength">f_t, the stress at which damage begins in tension, Pa.</param>
    /// <param name="toughness">G_f, the work that a crack takes, J/m².</param>
    /// <param name="length">h, over which the crack is smeared, m: <see cref="SolidBody.CellLengths"/>.</param>
    /// <param name="measure">What drives damage.</param>
    /// <param name="softening">How the stress falls.</param>
    /// <exception cref="ScaleModelException">A number is out of its range, or the cell is too long: its elastic energy at the strength would be more than the crack takes.</exception>
    public ScalarDamage(
        double young, double poisson, double strength, double toughness, double length, EquivalentStrain measure = EquivalentStrain.Mazars,
        Softening softening = Softening.Exponential)
    {
        if (!(young > 0 && poisson > -1 && poisson < 0.5 && strength > 0 && toughness > 0 && length > 0 && double.IsFinite(young + strength + toughness + length)))
        {
            throw new ScaleModelException(FormattableString.Invariant(
                $"Damage has E, f_t, G_f and h above zero and −1 < ν < ½; found E = {young}, ν = {poisson}, f_t = {strength}, G_f = {toughness}, h = {length}."));
        }

        if (measure == EquivalentStrain.Mazars && poisson < 0)
        {
            throw new ScaleModelException(FormattableString.Invariant(
                $"Mazars' strain is that of a bar for ν ≥ 0 alone; found ν = {poisson}. EquivalentStrain.Energy takes any."));
        }

        var longest = 2 * young * toughness / (strength * strength);
        if (!(length < longest))
        {
            throw new ScaleModelException(FormattableString.Invariant(
                $"Cells of a length of {length:0.####e+0} break at once: at the strength they store more than a crack takes. Below 2 E G_f/f_t² = {longest:0.####e+0} they soften."));
        }

        (_stiffness, _young, _measure, _softening) = (Tangent6.Isotropic(young, poisson), young, measure, softening);
        _first = strength / young;
        _last = softening == Softening.Linear ? 2 * toughness / (length * strength) : (toughness / (length * strength)) + (0.5 * _first);
    }

    /// <inheritdoc/>
    public int StateSize => 1;

    /// <summary>d of a point's state, 0 … <see cref="MostDamage"/>.</summary>
    /// <param name="state">The state of a point.</param>
    public double Damage(ReadOnlySpan<double> state)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(state.Length, StateSize);
        return Damage(state[0]).Value;
    }

    /// <inheritdoc/>
    public SymTensor3 Respond(SymTensor3 strain, ReadOnlySpan<double> state, Span<double> next, out Tangent6 tangent)
    {
        var effective = _stiffness.Stress(strain);
        var (equivalent, direction) = Equivalent(strain, effective);
        next[0] = Math.Max(state[0], equivalent);
        var (damage, slope) = Damage(next[0]);
        tangent = (1 - damage) * _stiffness;
        if (equivalent > state[0] && slope > 0)
        {
            Span<double> c = stackalloc double[36];
            tangent.Entries.CopyTo(c);
            for (var i = 0; i < 6; i++)
            {
                for (var j = 0; j < 6; j++)
                {
                    // A sum over engineering shears: A:dε = Σ A_j dε_j with the tensor components of A.
                    c[(6 * i) + j] -= slope * effective[i] * direction[j];
                }
            }

            tangent = new(c);
        }

        return (1 - damage) * effective;
    }

    // ε̃ and ∂ε̃/∂ε.
    private (double Value, SymTensor3 Direction) Equivalent(SymTensor3 strain, SymTensor3 effective)
    {
        if (_measure == EquivalentStrain.Mazars)
        {
            var positive = PositivePart.Of(strain);
            var size = positive.Norm;
            return (size, size > 0 ? positive / size : default);
        }

        var value = Math.Sqrt(Math.Max(SymTensor3.Contract(strain, effective), 0) / _young);
        return (value, value > 0 ? effective / (_young * value) : default);
    }

    // d and d′ of κ.
    private (double Value, double Slope) Damage(double kappa)
    {
        if (kappa <= _first)
        {
            return (0, 0);
        }

        var (whole, slope) = _softening == Softening.Linear
            ? (_first / kappa * (_last - kappa) / (_last - _first), _first / (kappa * kappa) * _last / (_last - _first))
            : Exponential(kappa);
        return whole > 1 - MostDamage ? (1 - whole, slope) : (MostDamage, 0);
    }

    private (double Whole, double Slope) Exponential(double kappa)
    {
        var whole = _first / kappa * Math.Exp(-(kappa - _first) / (_last - _first));
        return (whole, whole * ((1 / kappa) + (1 / (_last - _first))));
    }
}

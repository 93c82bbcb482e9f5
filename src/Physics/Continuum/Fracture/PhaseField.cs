using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Materials;

namespace ActorMultiscale.Physics.Continuum.Fracture;

/// <summary>
/// Forms of the crack field d at a given driving energy H (ψ⁺, or the largest so far): find d with ∫ −2 (1 − d) H v + (G_c/c) (w′(d)/l v + 2 l ∇d·∇v) = 0 for all v
/// where no bound holds d; w′ = 2 d (AT2) or 1 (AT1). Written as <see cref="Resistance(PhaseFieldMaterial, Func{QuadraturePoint, double})"/>(d, v) = <see cref="Drive(PhaseFieldMaterial, Func{QuadraturePoint, double})"/>(v).
/// </summary>
public static class PhaseField
{
    /// <summary>AT2: ∫ (G_c/l + 2 H) d v + G_c l ∇d·∇v; AT1: ∫ 2 H d v + ¾ G_c l ∇d·∇v.</summary>
    /// <param name="material">G_c, l and γ.</param>
    /// <param name="drive">H, J/m³, not below zero.</param>
    public static BilinearForm Resistance(PhaseFieldMaterial material, Func<QuadraturePoint, double> drive)
    {
        ArgumentNullException.ThrowIfNull(material);
        ArgumentNullException.ThrowIfNull(drive);
        return Resistance(_ => material, drive);
    }

    /// <summary>The same of a body with several materials.</summary>
    /// <param name="materials">The material of each cell.</param>
    /// <param name="drive">H, J/m³, not below zero.</param>
    public static BilinearForm Resistance(Phases<PhaseFieldMaterial> materials, Func<QuadraturePoint, double> drive)
    {
        ArgumentNullException.ThrowIfNull(materials);
        ArgumentNullException.ThrowIfNull(drive);
        return Resistance(cell => materials[cell], drive);
    }

    private static BilinearForm Resistance(Func<int, PhaseFieldMaterial> materialOf, Func<QuadraturePoint, double> drive) => BilinearForm.Scalar((x, d) =>
    {
        var material = materialOf(x.Cell);
        var (toughness, length) = (material.Toughness / material.Scale, material.Length);
        var own = material.Density == CrackDensity.AT2 ? 2 * toughness / length : 0;
        return new((own + (2 * drive(x))) * d.Value, 2 * toughness * length * d.Gradient);
    });

    /// <summary>AT2: ∫ 2 H v; AT1: ∫ (2 H − 3 G_c/(8 l)) v.</summary>
    /// <param name="material">G_c, l and γ.</param>
    /// <param name="drive">H, J/m³, not below zero.</param>
    public static LinearForm Drive(PhaseFieldMaterial material, Func<QuadraturePoint, double> drive)
    {
        ArgumentNullException.ThrowIfNull(material);
        ArgumentNullException.ThrowIfNull(drive);
        return Drive(_ => material, drive);
    }

    /// <summary>The same of a body with several materials.</summary>
    /// <param name="materials">The material of each cell.</param>
    /// <param name="drive">H, J/m³, not below zero.</param>
    public static LinearForm Drive(Phases<PhaseFieldMaterial> materials, Func<QuadraturePoint, double> drive)
    {
        ArgumentNullException.ThrowIfNull(materials);
        ArgumentNullException.ThrowIfNull(drive);
        return Drive(cell => materials[cell], drive);
    }

    private static LinearForm Drive(Func<int, PhaseFieldMaterial> materialOf, Func<QuadraturePoint, double> drive) => LinearForm.Scalar(x =>
    {
        var material = materialOf(x.Cell);
        return ScalarJet.Source((2 * drive(x)) - (material.Density == CrackDensity.AT1 ? material.Toughness / (material.Scale * material.Length) : 0));
    });

    /// <summary>G_c γ = (G_c/c) (w(d)/l + l |∇d|²), the density of the energy of cracks, J/m³.</summary>
    /// <param name="material">G_c, l and γ.</param>
    /// <param name="damage">d and ∇d.</param>
    public static double Energy(PhaseFieldMaterial material, ScalarJet damage)
    {
        ArgumentNullException.ThrowIfNull(material);
        var w = material.Density == CrackDensity.AT1 ? damage.Value : damage.Value * damage.Value;
        return material.Toughness / material.Scale * ((w / material.Length) + (material.Length * damage.Gradient.NormSquared));
    }
}

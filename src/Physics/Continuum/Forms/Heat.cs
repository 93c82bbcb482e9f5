using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Continuum.Forms;

/// <summary>
/// Forms of heat conduction, and of all that is like it: find T with ∫ (k ∇T)·∇v + ∫_R h T v = ∫ q v + ∫_N φ v + ∫_R h T∞ v for all v that vanish where T is
/// given; φ is the heat that flows in through a surface, W/m².
/// </summary>
public static class Heat
{
    /// <summary>∫ k ∇T·∇v.</summary>
    /// <param name="conductivity">k, W/(m K).</param>
    public static BilinearForm Conduction(double conductivity) => BilinearForm.Scalar(t => ScalarJet.Flux(conductivity * t.Gradient));

    /// <summary>∫ (k ∇T)·∇v of a material that conducts unlike in its directions.</summary>
    /// <param name="conductivity">k, W/(m K).</param>
    public static BilinearForm Conduction(Matrix3 conductivity) => BilinearForm.Scalar(t => ScalarJet.Flux(conductivity * t.Gradient));

    /// <summary>∫ k(x) ∇T·∇v.</summary>
    /// <param name="conductivity">k, W/(m K).</param>
    public static BilinearForm Conduction(Func<QuadraturePoint, double> conductivity) => BilinearForm.Scalar((x, t) => ScalarJet.Flux(conductivity(x) * t.Gradient));

    /// <summary>∫ ρ T v, the capacity (or the mass matrix).</summary>
    /// <param name="density">ρ, J/(m³ K) for heat.</param>
    public static BilinearForm Capacity(double density) => BilinearForm.Scalar(t => ScalarJet.Source(density * t.Value));

    /// <summary>∫ q v, a source in the body.</summary>
    /// <param name="source">q, W/m³.</param>
    public static LinearForm Source(Func<Vec3, double> source) => LinearForm.Scalar(x => ScalarJet.Source(source(x.Position)));

    /// <summary>∫ φ v over a surface.</summary>
    /// <param name="inflow">φ, W/m², of the place and its outward normal.</param>
    public static LinearForm Flux(Func<QuadraturePoint, double> inflow) => LinearForm.Scalar(x => ScalarJet.Source(inflow(x)));

    /// <summary>∫ h T v over a surface, for the exchange φ = h (T∞ − T) with what is outside.</summary>
    /// <param name="transfer">h, W/(m² K).</param>
    public static BilinearForm Robin(double transfer) => BilinearForm.Scalar(t => ScalarJet.Source(transfer * t.Value));

    /// <summary>∫ h T∞ v over a surface, the other half of <see cref="Robin"/>.</summary>
    /// <param name="transfer">h, W/(m² K).</param>
    /// <param name="outside">T∞, K.</param>
    public static LinearForm RobinLoad(double transfer, Func<Vec3, double> outside) => LinearForm.Scalar(x => ScalarJet.Source(transfer * outside(x.Position)));
}

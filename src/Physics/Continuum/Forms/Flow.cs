using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Continuum.Forms;

/// <summary>
/// Forms of incompressible flow: find u and p with ∫ ρ ∂ₜu·v + ∫ ρ (u·∇)u·v + ∫ 2μ ε(u):ε(v) − ∫ p div v = ∫ f·v + ∫_N t·v and −∫ q div u = 0 for all q, and all v
/// that vanish where u is given. Inertia is <see cref="Elasticity.Mass"/>, body forces and tractions are those of <see cref="Elasticity"/>.
/// </summary>
/// <remarks>After: Elman, Silvester, Wathen, "Finite Elements and Fast Iterative Solvers", 2nd ed. (2014), sections 3.1 and 8.1.</remarks>
public static class Flow
{
    /// <summary>∫ 2μ ε(u):ε(v). Where nothing is given, the traction (2μ ε − p 1) n is zero.</summary>
    /// <param name="viscosity">μ, Pa s.</param>
    public static BilinearForm Viscosity(double viscosity) => BilinearForm.Vector(u => VectorJet.Stress(2 * viscosity * u.Strain));

    /// <summary>∫ 2μ ε(u):ε(v) with a viscosity that differs from place to place.</summary>
    /// <param name="viscosity">μ, Pa s.</param>
    public static BilinearForm Viscosity(Func<QuadraturePoint, double> viscosity)
    {
        ArgumentNullException.ThrowIfNull(viscosity);
        return BilinearForm.Vector((x, u) => VectorJet.Stress(2 * viscosity(x) * u.Strain));
    }

    /// <summary>
    /// ∫ μ ∇u:∇v, the same inside where div u = 0. Where nothing is given, μ ∂ₙu − p n is zero: so a channel may end anywhere, and the flow through it goes on.
    /// </summary>
    /// <param name="viscosity">μ, Pa s.</param>
    public static BilinearForm GradientViscosity(double viscosity) => BilinearForm.Vector(u => VectorJet.Flux(viscosity * u.Gradient));

    /// <summary>−∫ q div u, tested by the functions of the pressure.</summary>
    public static MixedForm Divergence { get; } = MixedForm.VectorToScalar(u => ScalarJet.Source(-u.Gradient.Trace));

    /// <summary>−∫ p div v, tested by the functions of the velocity: the transpose of <see cref="Divergence"/>.</summary>
    public static MixedForm Pressure { get; } = MixedForm.ScalarToVector(p => VectorJet.Flux(-p.Value * Matrix3.Identity));

    /// <summary>∫ p q / μ, to which B A⁻¹ Bᵀ is alike on any mesh. After: Silvester, Wathen, SIAM J. Numer. Anal. 31, 1352 (1994).</summary>
    /// <param name="viscosity">μ, Pa s.</param>
    public static BilinearForm Schur(double viscosity) => Heat.Capacity(1 / viscosity);

    /// <summary>∫ ρ ((w·∇) u)·v, what a given flow carries along (Oseen).</summary>
    /// <param name="density">ρ, kg/m³.</param>
    /// <param name="carrier">w, m/s.</param>
    public static BilinearForm Convection(double density, Func<QuadraturePoint, Vec3> carrier)
    {
        ArgumentNullException.ThrowIfNull(carrier);
        return BilinearForm.Vector((x, u) => VectorJet.Source(density * (u.Gradient * carrier(x))));
    }

    /// <summary>∫ ρ ((w·∇) u + (u·∇) w)·v, the derivative of convection at the flow w.</summary>
    /// <param name="density">ρ, kg/m³.</param>
    /// <param name="flow">w and ∇w.</param>
    public static BilinearForm ConvectionChange(double density, Func<QuadraturePoint, VectorJet> flow)
    {
        ArgumentNullException.ThrowIfNull(flow);
        return BilinearForm.Vector((x, u) =>
        {
            var w = flow(x);
            return VectorJet.Source(density * ((u.Gradient * w.Value) + (w.Gradient * u.Value)));
        });
    }
}

using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Continuum;

/// <summary>
/// What a system answers to its unknowns: a body to a displacement, a flow to velocity and pressure, r(u) to u. The stiffness is assembled when it is first asked for: who needs
/// the forces alone does not pay for it.
/// </summary>
/// <param name="force">r, one number a dof; of a body ∫ σ:ε(N_a), N.</param>
/// <param name="stiffness">Computes its derivative with respect to the dofs.</param>
/// <param name="state">The state of all points at the end of the step; nothing if null.</param>
public sealed class SystemResponse(double[] force, Func<CsrMatrix> stiffness, double[]? state = null)
{
    private readonly Lazy<CsrMatrix> _stiffness = new(stiffness);

    /// <summary>r, one number a dof; of a body ∫ σ:ε(N_a), N.</summary>
    public double[] Force { get; } = force;

    /// <summary>The derivative of the forces with respect to the dofs.</summary>
    public CsrMatrix Stiffness => _stiffness.Value;

    /// <summary>The state of all points at the end of the step; a step is accepted by going on from it.</summary>
    public double[] State { get; } = state ?? [];
}

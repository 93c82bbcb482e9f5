using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Continuum.Materials;

/// <summary>
/// How a material answers a strain, with a memory: a law, a table, or a finer model. A law keeps nothing itself; what it remembers are the numbers of a
/// point's state, which its user keeps or throws away.
/// </summary>
public interface IConstitutiveLaw
{
    /// <summary>How many numbers a point remembers. All zero is the state at the beginning.</summary>
    int StateSize { get; }

    /// <summary>The stress that a strain gives, and its derivative. Several threads may call it at once.</summary>
    /// <param name="strain">The whole strain, with tensor shears.</param>
    /// <param name="state">The state at the beginning of the step; <see cref="StateSize"/> numbers.</param>
    /// <param name="next">The state at its end; overwritten.</param>
    /// <param name="tangent">dσ/dε, Pa: the derivative of what this function computes.</param>
    /// <returns>σ, Pa.</returns>
    SymTensor3 Respond(SymTensor3 strain, ReadOnlySpan<double> state, Span<double> next, out Tangent6 tangent);
}

/// <summary>Linear elasticity as a law: σ = C:ε.</summary>
/// <param name="stiffness">C, Pa.</param>
public sealed class ElasticLaw(Tangent6 stiffness) : IConstitutiveLaw
{
    /// <inheritdoc/>
    public int StateSize => 0;

    /// <inheritdoc/>
    public SymTensor3 Respond(SymTensor3 strain, ReadOnlySpan<double> state, Span<double> next, out Tangent6 tangent)
    {
        tangent = stiffness;
        return stiffness.Stress(strain);
    }
}

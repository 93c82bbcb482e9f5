using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Continuum.Materials;

/// <summary>A law with a strain ε* that the material takes on freely, as by heat, a change of phase, or swelling: σ(ε − ε*).</summary>
/// <param name="law">The law of ε − ε*.</param>
/// <param name="eigenstrain">ε*, with tensor shears; α ΔT 1 for a change of temperature.</param>
public sealed class EigenstrainLaw(IConstitutiveLaw law, SymTensor3 eigenstrain) : IConstitutiveLaw
{
    private readonly IConstitutiveLaw _law = law ?? throw new ArgumentNullException(nameof(law));

    /// <inheritdoc/>
    public int StateSize => _law.StateSize;

    /// <inheritdoc/>
    public SymTensor3 Respond(SymTensor3 strain, ReadOnlySpan<double> state, Span<double> next, out Tangent6 tangent) =>
        _law.Respond(strain - eigenstrain, state, next, out tangent);
}

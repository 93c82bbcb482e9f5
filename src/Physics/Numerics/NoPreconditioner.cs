namespace ActorMultiscale.Physics.Numerics;

/// <summary>P = 1: plain conjugate gradients.</summary>
public sealed class NoPreconditioner : IPreconditioner
{
    /// <inheritdoc/>
    public void Apply(ReadOnlySpan<double> r, Span<double> z) => r.CopyTo(z);
}

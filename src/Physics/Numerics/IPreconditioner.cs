namespace ActorMultiscale.Physics.Numerics;

/// <summary>
/// An approximate inverse P⁻¹ ≈ A⁻¹ of a matrix. For <see cref="ConjugateGradient"/> and <see cref="Sparse.Minres"/> it is symmetric
/// positive definite; <see cref="Sparse.Gmres"/> takes any.
/// </summary>
public interface IPreconditioner
{
    /// <summary>z = P⁻¹ r.</summary>
    /// <param name="r">A residual, one number a row.</param>
    /// <param name="z">The preconditioned residual; overwritten.</param>
    void Apply(ReadOnlySpan<double> r, Span<double> z);
}

using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Coupling.Mapping;

/// <summary>
/// A mapping between point sets: a sparse matrix of weights, one row per target point, and nothing more. Consistent and
/// conservative mapping are the same weights used straight and transposed.
/// </summary>
/// <param name="weights">One row per target point of a consistent mapping, summing to 1.</param>
public sealed class LinearMapping(CsrMatrix weights)
{
    /// <summary>The weights.</summary>
    public CsrMatrix Weights { get; } = weights;

    /// <summary>to = M · from: constants stay constant. Of shapes columns × components and rows × components.</summary>
    public void Consistent(ReadOnlySpan<double> from, Span<double> to, int components) => Weights.Multiply(from, to, components);

    /// <summary>to = Mᵀ · from: sums stay equal. Of shapes rows × components and columns × components.</summary>
    public void Conservative(ReadOnlySpan<double> from, Span<double> to, int components) => Weights.TransposeMultiply(from, to, components);
}

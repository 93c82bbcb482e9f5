using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Particles.Measures;

/// <summary>The two sums that correlators are made of.</summary>
internal static class Correlation
{
    /// <summary>Σ xᵢ yᵢ or Σ (xᵢ − yᵢ)².</summary>
    public static double Of(CorrelationKind kind, ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        if (kind == CorrelationKind.Product)
        {
            return FixedOrderSum.Dot(x, y);
        }

        var distance = FixedOrderSum.Distance(x, y);
        return distance * distance;
    }
}

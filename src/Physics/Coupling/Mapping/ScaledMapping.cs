using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Coupling.Mapping;

/// <summary>
/// A consistent mapping whose result is scaled, component by component, by ∫from / ∫to. Not linear, but it keeps integrals. The factor
/// is 1 where the mapped integral vanishes to round-off: no factor could make up for it.
/// </summary>
internal sealed class ScaledMapping(IDataMapping consistent, double[] fromWeights, double[] toWeights) : IDataMapping
{
    private const double RoundOff = 1e-13;

    public int FromPoints => consistent.FromPoints;

    public int ToPoints => consistent.ToPoints;

    public void Apply(ReadOnlySpan<double> from, Span<double> to, int components)
    {
        consistent.Apply(from, to, components);
        for (var c = 0; c < components; c++)
        {
            var (source, _) = Integral(from, fromWeights, components, c);
            var (target, size) = Integral(to, toWeights, components, c);
            if (Math.Abs(target) <= RoundOff * size)
            {
                continue;
            }

            var factor = source / target;
            for (var i = 0; i < ToPoints; i++)
            {
                to[(i * components) + c] *= factor;
            }
        }
    }

    // ∫f and ∫|f|.
    private static (double Value, double Size) Integral(ReadOnlySpan<double> values, double[] weights, int components, int component)
    {
        var (terms, sizes) = (new double[weights.Length], new double[weights.Length]);
        for (var i = 0; i < weights.Length; i++)
        {
            terms[i] = weights[i] * values[(i * components) + component];
            sizes[i] = Math.Abs(terms[i]);
        }

        return (FixedOrderSum.Of(terms), FixedOrderSum.Of(sizes));
    }
}

using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Coupling.Mapping;

/// <summary>
/// Consistent mapping from the nearest point by value and gradient: f_j + g_j · (y_i − x_j). Without gradients they are fitted to the values
/// around; with gradients given, those are used.
/// </summary>
public sealed class GradientMapping : IDataMapping
{
    private readonly IDataMapping _fitted;
    private readonly int[] _nearest;
    private readonly Vec3[] _step;

    internal GradientMapping(IDataMapping fitted, PointCloud from, PointCloud to, ChunkedLoop loop)
    {
        _fitted = fitted;
        _nearest = NearestNeighbor.Build(from, to, loop).Weights.Columns.ToArray();
        var (sources, targets) = (MappingSpec.Points(from), MappingSpec.Points(to));
        _step = [.. targets.Select((y, i) => y - sources[_nearest[i]])];
    }

    /// <inheritdoc/>
    public int FromPoints => _fitted.FromPoints;

    /// <inheritdoc/>
    public int ToPoints => _fitted.ToPoints;

    /// <inheritdoc/>
    public void Apply(ReadOnlySpan<double> from, Span<double> to, int components) => _fitted.Apply(from, to, components);

    /// <summary>Maps the values of one field with the gradients that the source computed.</summary>
    /// <param name="from">FromPoints × components numbers.</param>
    /// <param name="gradients">FromPoints × components × 3 numbers: the derivatives by x, y and z of each component of each point, per m.</param>
    /// <param name="to">ToPoints × components numbers; overwritten.</param>
    /// <param name="components">Numbers a point.</param>
    /// <exception cref="ArgumentException">The lengths do not fit the point sets.</exception>
    public void Apply(ReadOnlySpan<double> from, ReadOnlySpan<double> gradients, Span<double> to, int components)
    {
        OperatorMapping.Require(this, from, to, components);
        if (gradients.Length != 3 * from.Length)
        {
            throw new ArgumentException($"The mapping takes three derivatives for each of {from.Length} numbers and was given {gradients.Length}.", nameof(gradients));
        }

        for (var i = 0; i < _nearest.Length; i++)
        {
            for (var c = 0; c < components; c++)
            {
                var at = (_nearest[i] * components) + c;
                to[(i * components) + c] = from[at] + Vec3.Dot(new Vec3(gradients[3 * at], gradients[(3 * at) + 1], gradients[(3 * at) + 2]), _step[i]);
            }
        }
    }
}

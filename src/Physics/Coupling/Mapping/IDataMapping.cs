namespace ActorMultiscale.Physics.Coupling.Mapping;

/// <summary>
/// A data mapping between two point sets, made once by <see cref="MappingSpec.Build"/> and applied every time values pass. It keeps no
/// state between applications, and gives the same bits on any number of threads.
/// </summary>
public interface IDataMapping
{
    /// <summary>The number of points that values come from.</summary>
    int FromPoints { get; }

    /// <summary>The number of points that values go to.</summary>
    int ToPoints { get; }

    /// <summary>Maps the values of one field.</summary>
    /// <param name="from">FromPoints × components numbers, components interleaved.</param>
    /// <param name="to">ToPoints × components numbers, components interleaved; overwritten. Must not overlap <paramref name="from"/>.</param>
    /// <param name="components">Numbers a point: 1 for a scalar field, 3 for a vector field.</param>
    /// <exception cref="ArgumentException">The lengths do not fit the point sets.</exception>
    void Apply(ReadOnlySpan<double> from, Span<double> to, int components);
}

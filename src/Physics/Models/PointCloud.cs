using System.Collections.Immutable;
using System.Globalization;

namespace ActorMultiscale.Physics.Models;

/// <summary>
/// How the points of a <see cref="PointCloud"/> hang together. Each list names points by index, so many a primitive, one primitive
/// after the other. Whatever a mapping or an integral does not need may stay empty.
/// </summary>
public sealed record Connectivity
{
    /// <summary>Two points an edge.</summary>
    public ImmutableArray<int> Edges { get; init; } = [];

    /// <summary>Three points a triangle.</summary>
    public ImmutableArray<int> Triangles { get; init; } = [];

    /// <summary>Four points a quadrilateral, around its border.</summary>
    public ImmutableArray<int> Quadrilaterals { get; init; } = [];

    /// <summary>Four points a tetrahedron.</summary>
    public ImmutableArray<int> Tetrahedra { get; init; } = [];

    /// <summary>Eight points a hexahedron: one face around its border, then the opposite one in the same order.</summary>
    public ImmutableArray<int> Hexahedra { get; init; } = [];

    /// <summary>Points joined one to the next by edges.</summary>
    public static Connectivity Chain(int points) => new() { Edges = [.. Enumerable.Range(0, Math.Max(0, points - 1)).SelectMany(i => new[] { i, i + 1 })] };

    /// <summary>Whether nothing is connected.</summary>
    public bool IsEmpty => Edges.IsEmpty && Triangles.IsEmpty && Quadrilaterals.IsEmpty && Tetrahedra.IsEmpty && Hexahedra.IsEmpty;

    // Name, points a primitive, and the list, from the lowest dimension on.
    internal IEnumerable<(string Name, int Size, ImmutableArray<int> Points)> Lists =>
    [
        ("edge", 2, Edges), ("triangle", 3, Triangles), ("quadrilateral", 4, Quadrilaterals), ("tetrahedron", 4, Tetrahedra), ("hexahedron", 8, Hexahedra),
    ];
}

/// <summary>Where the points of a port lie, and how they hang together. Needed only for mappings between unlike point sets.</summary>
public sealed class PointCloud
{
    private readonly double[] _coordinates;

    /// <summary>Points at <paramref name="coordinates"/>, joined by <paramref name="connectivity"/>.</summary>
    /// <param name="coordinates">Three coordinates per point, m; missing dimensions are zero. Handed over: the caller does not write to it again.</param>
    /// <param name="connectivity">The mesh; <see langword="null"/> for points without one, such as atoms.</param>
    /// <exception cref="ArgumentException">A coordinate is not finite, or the connectivity names a point that is not there or the same point twice in a primitive.</exception>
    public PointCloud(double[] coordinates, Connectivity? connectivity = null)
    {
        ArgumentNullException.ThrowIfNull(coordinates);
        if (coordinates.Length % 3 != 0)
        {
            throw new ArgumentException($"There are {coordinates.Length} coordinates; every point has three, and those of missing dimensions are zero.", nameof(coordinates));
        }

        for (var i = 0; i < coordinates.Length; i++)
        {
            if (!double.IsFinite(coordinates[i]))
            {
                throw new ArgumentException(string.Create(CultureInfo.InvariantCulture,
                    $"Coordinate {"xyz"[i % 3]} of point {i / 3} is {coordinates[i]}; coordinates are finite numbers of meters. A diverged solver or an uninitialized mesh gives such numbers."), nameof(coordinates));
            }
        }

        _coordinates = coordinates;
        Count = coordinates.Length / 3;
        Connectivity = connectivity ?? new Connectivity();
        Check(Connectivity, Count);
        Fingerprint = FingerprintOf();
    }

    /// <summary>Three coordinates per point, m.</summary>
    public ReadOnlySpan<double> Coordinates => _coordinates;

    /// <summary>The number of points.</summary>
    public int Count { get; }

    /// <summary>How the points hang together; empty for points without a mesh.</summary>
    public Connectivity Connectivity { get; }

    /// <summary>
    /// A fingerprint of the coordinates' bits and of the connectivity. Two clouds with unlike fingerprints are unlike, so that a mapping
    /// made for another state of a mesh is noticed.
    /// </summary>
    public ulong Fingerprint { get; }

    /// <summary>Points on a line, at <paramref name="x"/>, each joined to the next by an edge if <paramref name="joined"/>.</summary>
    public static PointCloud OnLine(ReadOnlySpan<double> x, bool joined = false)
    {
        var coordinates = new double[3 * x.Length];
        for (var i = 0; i < x.Length; i++)
        {
            coordinates[3 * i] = x[i];
        }

        return new PointCloud(coordinates, joined ? Connectivity.Chain(x.Length) : null);
    }

    private static void Check(Connectivity connectivity, int count)
    {
        foreach (var (name, size, points) in connectivity.Lists)
        {
            if (points.IsDefault || points.Length % size != 0)
            {
                throw new ArgumentException($"The list of primitives of kind '{name}' has {(points.IsDefault ? 0 : points.Length)} entries; each {name} names {size} points.", nameof(connectivity));
            }

            for (var i = 0; i < points.Length; i++)
            {
                if (points[i] < 0 || points[i] >= count)
                {
                    throw new ArgumentException($"The {name} {i / size} names point {points[i]}; there are the points 0 … {count - 1}. Indices that count from 1 are a common cause.", nameof(connectivity));
                }

                for (var j = i / size * size; j < i; j++)
                {
                    if (points[j] == points[i])
                    {
                        throw new ArgumentException($"The {name} {i / size} names point {points[i]} twice; its {size} points are different ones.", nameof(connectivity));
                    }
                }
            }
        }
    }

    private ulong FingerprintOf()
    {
        var result = Numerics.Fingerprint.Fold(Numerics.Fingerprint.Empty, _coordinates);
        foreach (var (_, _, points) in Connectivity.Lists)
        {
            result = Numerics.Fingerprint.Fold(result, (ulong)points.Length);
            foreach (var point in points)
            {
                result = Numerics.Fingerprint.Fold(result, (ulong)point);
            }
        }

        return result;
    }
}

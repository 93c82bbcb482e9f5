using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Coupling.Mapping;

/// <summary>Mapping from the nearest point. First order; the lower index wins a tie.</summary>
public static class NearestNeighbor
{
    private const int Chunk = 512;

    /// <summary>Weights for consistent mapping from <paramref name="from"/> to <paramref name="to"/>: one 1 per row.</summary>
    /// <param name="from">Where values come from; at least one point.</param>
    /// <param name="to">Where values go to.</param>
    /// <param name="loop">Who works; the caller's thread if null.</param>
    public static LinearMapping Build(PointCloud from, PointCloud to, ChunkedLoop? loop = null)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(to);
        ArgumentOutOfRangeException.ThrowIfZero(from.Count, nameof(from));
        var index = BoxIndex.OfPoints(from.Coordinates);
        var column = new int[to.Count];
        (loop ?? ChunkedLoop.Serial).Run(to.Count, Chunk, (_, first, past) =>
        {
            for (var i = first; i < past; i++)
            {
                column[i] = index.Nearest(new Vec3(to.Coordinates[3 * i], to.Coordinates[(3 * i) + 1], to.Coordinates[(3 * i) + 2]));
            }
        });
        var weight = new double[to.Count];
        Array.Fill(weight, 1);
        return new LinearMapping(new CsrMatrix(from.Count, [.. Enumerable.Range(0, to.Count + 1)], column, weight));
    }
}

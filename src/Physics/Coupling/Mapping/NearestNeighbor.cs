using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Coupling.Mapping;

/// <summary>Mapping from the nearest point. First order; the lower index wins a tie.</summary>
public static class NearestNeighbor
{
    /// <summary>Weights for consistent mapping from <paramref name="from"/> to <paramref name="to"/>: one 1 per row. All pairs are compared.</summary>
    public static LinearMapping Build(PointCloud from, PointCloud to)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(to);
        ArgumentOutOfRangeException.ThrowIfZero(from.Count, nameof(from));
        var column = new int[to.Count];
        var rowStart = new int[to.Count + 1];
        var weight = new double[to.Count];
        for (var i = 0; i < to.Count; i++)
        {
            var best = double.PositiveInfinity;
            for (var j = 0; j < from.Count; j++)
            {
                var distance = 0.0;
                for (var k = 0; k < 3; k++)
                {
                    var difference = to.Coordinates[(3 * i) + k] - from.Coordinates[(3 * j) + k];
                    distance += difference * difference;
                }

                if (distance < best)
                {
                    (best, column[i]) = (distance, j);
                }
            }

            weight[i] = 1;
            rowStart[i + 1] = i + 1;
        }

        return new LinearMapping(new CsrMatrix(from.Count, rowStart, column, weight));
    }
}

using System.Runtime.InteropServices;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Coupling.Mapping;

/// <summary>Sparse weights from the source points around each target.</summary>
internal static class LocalWeights
{
    private const int Chunk = 512;

    /// <summary>f_j + g_j · (y_i − x_j) at the nearest source j, with the gradient g_j by least squares from the values around it.</summary>
    /// <remarks>
    /// g = (Σ d dᵀ)⁺ Σ d (f_l − f_j), d = x_l − x_j, over the nearest points l: linear in f, so that it is one row of weights. The
    /// pseudoinverse leaves directions out in which the points do not extend; along them the gradient is zero.
    /// </remarks>
    public static CsrMatrix FittedGradient(PointCloud from, PointCloud to, int neighbors, ChunkedLoop loop)
    {
        var (sources, targets, index) = (MappingSpec.Points(from), MappingSpec.Points(to), BoxIndex.OfPoints(from.Coordinates));
        return Rows(from.Count, targets.Length, loop, (i, found, row) =>
        {
            var nearest = index.Nearest(targets[i]);
            var center = sources[nearest];
            index.Nearest(Box.Of(center), neighbors + 1, found);
            var axes = new PrincipalAxes(sources, CollectionsMarshal.AsSpan(found), center);
            var step = targets[i] - center;

            // (Σ d dᵀ)⁺ (y_i − x_j), along the axes.
            var direction = Vec3.Zero;
            for (var k = 0; k < axes.Count; k++)
            {
                direction += Vec3.Dot(step, axes[k]) / axes.Squares[k] * axes[k];
            }

            var (self, rest) = (found.IndexOf(nearest), 0.0);
            for (var k = 0; k < found.Count; k++)
            {
                var weight = Vec3.Dot(sources[found[k]] - center, direction);
                row.Add(weight);
                rest += weight;
            }

            row[self] = 1 - (rest - row[self]);
        });
    }

    /// <summary>w_ij = K(|y_i − x_j|/width) / Σ_j K: the interpolation of D. Shepard, Proc. 23rd ACM Nat. Conf. (1968) 517, with a compact kernel. Targets that the kernel reaches from nowhere take the nearest value.</summary>
    public static CsrMatrix KernelAverage(PointCloud from, PointCloud to, AveragingKernel kernel, double width, ChunkedLoop loop)
    {
        var (sources, targets, index) = (MappingSpec.Points(from), MappingSpec.Points(to), BoxIndex.OfPoints(from.Coordinates));
        return Rows(from.Count, targets.Length, loop, (i, found, row) =>
        {
            index.Within(Box.Of(targets[i]), width * width, found);
            var sum = 0.0;
            foreach (var j in found)
            {
                row.Add(Kernel(kernel, Math.Sqrt((targets[i] - sources[j]).NormSquared) / width));
                sum += row[^1];
            }

            // Near its border a kernel falls below what can be divided by.
            if (sum < 1e-200)
            {
                found.Clear();
                row.Clear();
                found.Add(index.Nearest(targets[i]));
                row.Add(1);
                return;
            }

            for (var k = 0; k < row.Count; k++)
            {
                row[k] /= sum;
            }
        });
    }

    /// <summary>A kernel at q = r/width; constant factors are left out.</summary>
    internal static double Kernel(AveragingKernel kernel, double q)
    {
        if (q >= 1)
        {
            return 0;
        }

        static double Fifth(double x) => x > 0 ? x * x * x * x * x : 0;
        return kernel switch
        {
            AveragingKernel.Lucy => (1 + (3 * q)) * (1 - q) * (1 - q) * (1 - q),
            AveragingKernel.Quintic => Fifth(3 - (3 * q)) - (6 * Fifth(2 - (3 * q))) + (15 * Fifth(1 - (3 * q))),
            _ => Math.Exp(-9 * q * q),
        };
    }

    /// <summary>A matrix whose rows are computed independently: columns rising, and a weight for each.</summary>
    internal static CsrMatrix Rows(int columnCount, int rowCount, ChunkedLoop loop, Action<int, List<int>, List<double>> fill)
    {
        var pieces = new (List<int> Lengths, List<int> Columns, List<double> Values)[ChunkedLoop.Chunks(rowCount, Chunk)];
        loop.Run(rowCount, Chunk, (chunk, first, past) =>
        {
            var (lengths, columns, values) = pieces[chunk] = ([], [], []);
            var (found, row) = (new List<int>(), new List<double>());
            for (var i = first; i < past; i++)
            {
                found.Clear();
                row.Clear();
                fill(i, found, row);
                lengths.Add(found.Count);
                columns.AddRange(found);
                values.AddRange(row);
            }
        });
        var rowStart = new int[rowCount + 1];
        var at = 0;
        foreach (var length in pieces.SelectMany(p => p.Lengths))
        {
            rowStart[at + 1] = rowStart[at] + length;
            at++;
        }

        return new CsrMatrix(columnCount, rowStart, [.. pieces.SelectMany(p => p.Columns)], [.. pieces.SelectMany(p => p.Values)]);
    }
}

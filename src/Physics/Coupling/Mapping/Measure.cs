using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Coupling.Mapping;

/// <summary>Quadrature over a mesh: one weight a point, exact for fields that are linear on each triangle, edge and tetrahedron.</summary>
internal static class Measure
{
    /// <summary>The weights, m³, m² or m by what there is to integrate over; null if there is nothing.</summary>
    /// <param name="cloud">The mesh.</param>
    /// <param name="ofVolume">Over cells, or faces where there are no cells; otherwise over faces, or edges where there are no faces.</param>
    public static double[]? Of(PointCloud cloud, bool ofVolume)
    {
        var points = MappingSpec.Points(cloud);
        var cells = ofVolume ? Primitives.Tetrahedra(cloud) : [];
        if (cells.Length > 0)
        {
            return Spread(points.Length, cells, 4, p => Math.Abs(Vec3.Dot(points[p[1]] - points[p[0]], Vec3.Cross(points[p[2]] - points[p[0]], points[p[3]] - points[p[0]]))) / 6);
        }

        var faces = Primitives.Triangles(cloud, points);
        if (faces.Length > 0)
        {
            return Spread(points.Length, faces, 3, p => Vec3.Cross(points[p[1]] - points[p[0]], points[p[2]] - points[p[0]]).Norm / 2);
        }

        return ofVolume || cloud.Connectivity.Edges.IsEmpty ? null : Spread(points.Length, cloud.Connectivity.Edges.AsSpan(), 2, p => (points[p[1]] - points[p[0]]).Norm);
    }

    private delegate double Size(ReadOnlySpan<int> points);

    private static double[] Spread(int count, ReadOnlySpan<int> primitives, int size, Size of)
    {
        var weights = new double[count];
        for (var p = 0; p < primitives.Length; p += size)
        {
            var points = primitives.Slice(p, size);
            var share = of(points) / size;
            foreach (var point in points)
            {
                weights[point] += share;
            }
        }

        return weights;
    }
}

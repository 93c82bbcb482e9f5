using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Coupling.Mapping;

/// <summary>Sparse weights by linear interpolation on a mesh.</summary>
internal static class ProjectionWeights
{
    // By how much a weight may be below zero for a place to count as inside of a tetrahedron: round-off on its faces.
    private const double Outside = -1e-10;

    /// <summary>
    /// Linear interpolation at the closest point of the mesh, which lies inside of a triangle, on an edge or at a vertex; no weight is negative.
    /// Of equally close primitives the lower-numbered one is taken, triangles before edges before points that belong to neither.
    /// </summary>
    public static CsrMatrix Projection(PointCloud from, PointCloud to, ChunkedLoop loop)
    {
        var surface = new Surface(from);
        var targets = MappingSpec.Points(to);
        return LocalWeights.Rows(from.Count, targets.Length, loop, (i, found, row) => surface.Fill(targets[i], found, row));
    }

    /// <summary>Linear interpolation in the tetrahedron that contains the target; where none does, <see cref="Projection"/>.</summary>
    public static CsrMatrix Cells(PointCloud from, PointCloud to, ChunkedLoop loop)
    {
        var cells = Primitives.Tetrahedra(from);
        if (cells.Length == 0)
        {
            return Projection(from, to, loop);
        }

        var (points, targets, surface) = (MappingSpec.Points(from), MappingSpec.Points(to), new Surface(from));
        var boxes = new Box[cells.Length / 4];
        for (var t = 0; t < boxes.Length; t++)
        {
            boxes[t] = Box.Of(points[cells[4 * t]]).With(Box.Of(points[cells[(4 * t) + 1]])).With(Box.Of(points[cells[(4 * t) + 2]])).With(Box.Of(points[cells[(4 * t) + 3]]));
        }

        var index = new BoxIndex(boxes);
        return LocalWeights.Rows(from.Count, targets.Length, loop, (i, found, row) =>
        {
            index.Within(Box.Of(targets[i]), 0, found);
            var (best, inside, weights) = (-1, Outside, Vec3.Zero);
            foreach (var t in found)
            {
                var w = Primitives.InTetrahedron(targets[i], points[cells[4 * t]], points[cells[(4 * t) + 1]], points[cells[(4 * t) + 2]], points[cells[(4 * t) + 3]]);
                var least = Math.Min(Math.Min(w.X, w.Y), Math.Min(w.Z, 1 - w.X - w.Y - w.Z));
                if (least > inside)
                {
                    (best, inside, weights) = (t, least, w);
                }
            }

            found.Clear();
            if (best < 0)
            {
                surface.Fill(targets[i], found, row);
                return;
            }

            Sorted(found, row, [cells[4 * best], cells[(4 * best) + 1], cells[(4 * best) + 2], cells[(4 * best) + 3]],
                [1 - weights.X - weights.Y - weights.Z, weights.X, weights.Y, weights.Z]);
        });
    }

    // Points by rising index, without those of weight zero; what round-off put below zero is zero, and the rest sums to 1.
    private static void Sorted(List<int> found, List<double> row, Span<int> points, Span<double> weights)
    {
        points.Sort(weights);
        var sum = 0.0;
        foreach (var weight in weights)
        {
            sum += Math.Max(0, weight);
        }

        for (var k = 0; k < points.Length; k++)
        {
            if (weights[k] > 0)
            {
                found.Add(points[k]);
                row.Add(weights[k] / sum);
            }
        }
    }

    /// <summary>Triangles, edges and lone points, and the closest of them.</summary>
    private sealed class Surface
    {
        private readonly Vec3[] _points;
        private readonly int[] _primitives;     // Three points each; an edge repeats its second, a lone point itself.
        private readonly BoxIndex _index;

        public Surface(PointCloud cloud)
        {
            _points = MappingSpec.Points(cloud);
            var primitives = new List<int>(Primitives.Triangles(cloud, _points));
            var edges = cloud.Connectivity.Edges;
            for (var e = 0; e < edges.Length; e += 2)
            {
                primitives.AddRange([edges[e], edges[e + 1], edges[e + 1]]);
            }

            // The inside of cells is no part of the surface, but no lone point either.
            var joined = new bool[_points.Length];
            foreach (var p in primitives.Concat(Primitives.Tetrahedra(cloud)))
            {
                joined[p] = true;
            }

            for (var p = 0; p < joined.Length; p++)
            {
                if (!joined[p])
                {
                    primitives.AddRange([p, p, p]);
                }
            }

            _primitives = [.. primitives];
            var boxes = new Box[_primitives.Length / 3];
            for (var t = 0; t < boxes.Length; t++)
            {
                boxes[t] = Box.Of(_points[_primitives[3 * t]]).With(Box.Of(_points[_primitives[(3 * t) + 1]])).With(Box.Of(_points[_primitives[(3 * t) + 2]]));
            }

            _index = new BoxIndex(boxes);
        }

        public void Fill(Vec3 place, List<int> found, List<double> row)
        {
            var t = _index.Nearest(place, new ToPrimitive(this), out _);
            var (a, b, c) = (_primitives[3 * t], _primitives[(3 * t) + 1], _primitives[(3 * t) + 2]);
            if (a == b)
            {
                found.Add(a);
                row.Add(1);
            }
            else if (b == c)
            {
                var w = Primitives.OnEdge(place, _points[a], _points[b]);
                Sorted(found, row, [a, b], [1 - w, w]);
            }
            else
            {
                var (v, w) = Primitives.OnTriangle(place, _points[a], _points[b], _points[c]);
                Sorted(found, row, [a, b, c], [1 - v - w, v, w]);
            }
        }

        private readonly struct ToPrimitive(Surface surface) : IItemDistance
        {
            public double Squared(int item, Vec3 place)
            {
                var (a, b, c) = (surface._primitives[3 * item], surface._primitives[(3 * item) + 1], surface._primitives[(3 * item) + 2]);
                var (pa, pb, pc) = (surface._points[a], surface._points[b], surface._points[c]);
                if (b == c)
                {
                    return (pa + (Primitives.OnEdge(place, pa, pb) * (pb - pa)) - place).NormSquared;
                }

                var (v, w) = Primitives.OnTriangle(place, pa, pb, pc);
                return (pa + (v * (pb - pa)) + (w * (pc - pa)) - place).NormSquared;
            }
        }
    }
}

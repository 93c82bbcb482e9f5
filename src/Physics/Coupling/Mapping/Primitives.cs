using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Coupling.Mapping;

/// <summary>What a mapping interpolates on: triangles, edges and tetrahedra, made of whatever the connectivity holds.</summary>
internal static class Primitives
{
    /// <summary>
    /// Three points a triangle. Quadrilaterals are split along the shorter diagonal. Where there are neither, the outer faces of the
    /// cells: those that belong to one cell alone.
    /// </summary>
    public static int[] Triangles(PointCloud cloud, ReadOnlySpan<Vec3> points)
    {
        var connectivity = cloud.Connectivity;
        var triangles = new List<int>(connectivity.Triangles);
        var quads = connectivity.Quadrilaterals;
        for (var q = 0; q < quads.Length; q += 4)
        {
            var (a, b, c, d) = (quads[q], quads[q + 1], quads[q + 2], quads[q + 3]);
            triangles.AddRange((points[a] - points[c]).NormSquared <= (points[b] - points[d]).NormSquared ? [a, b, c, a, c, d] : [a, b, d, b, c, d]);
        }

        return triangles.Count > 0 ? [.. triangles] : OuterFaces(Tetrahedra(cloud));
    }

    /// <summary>Four points a tetrahedron. Hexahedra are split into six around the diagonal from their first point to their seventh.</summary>
    public static int[] Tetrahedra(PointCloud cloud)
    {
        var tetrahedra = new List<int>(cloud.Connectivity.Tetrahedra);
        var hexahedra = cloud.Connectivity.Hexahedra;
        ReadOnlySpan<int> ring = [1, 2, 3, 7, 4, 5, 1];
        for (var h = 0; h < hexahedra.Length; h += 8)
        {
            for (var k = 0; k < 6; k++)
            {
                tetrahedra.AddRange([hexahedra[h], hexahedra[h + ring[k]], hexahedra[h + ring[k + 1]], hexahedra[h + 6]]);
            }
        }

        return [.. tetrahedra];
    }

    // Faces in the order of the cells.
    private static int[] OuterFaces(int[] tetrahedra)
    {
        ReadOnlySpan<int> corners = [1, 2, 3, 0, 3, 2, 0, 1, 3, 0, 2, 1];
        var count = new Dictionary<(int, int, int), int>();
        var faces = new List<(int A, int B, int C)>();
        for (var t = 0; t < tetrahedra.Length; t += 4)
        {
            for (var f = 0; f < 12; f += 3)
            {
                var face = (tetrahedra[t + corners[f]], tetrahedra[t + corners[f + 1]], tetrahedra[t + corners[f + 2]]);
                faces.Add(face);
                var key = Sorted(face);
                count[key] = count.GetValueOrDefault(key) + 1;
            }
        }

        return [.. faces.Where(f => count[Sorted(f)] == 1).SelectMany(f => new[] { f.A, f.B, f.C })];

        static (int, int, int) Sorted((int A, int B, int C) f)
        {
            var (low, high) = (Math.Min(f.A, Math.Min(f.B, f.C)), Math.Max(f.A, Math.Max(f.B, f.C)));
            return (low, f.A + f.B + f.C - low - high, high);
        }
    }

    /// <summary>The weights of b and c, and of b at an edge's, at the point of triangle abc closest to a place; none is negative, nor that of a.</summary>
    /// <remarks>After: C. Ericson, Real-Time Collision Detection (2005), section 5.1.5: the seven regions of a triangle. Flat triangles are treated as their edges.</remarks>
    public static (double B, double C) OnTriangle(Vec3 place, Vec3 a, Vec3 b, Vec3 c)
    {
        var (ab, ac, ap) = (b - a, c - a, place - a);
        var (d1, d2) = (Vec3.Dot(ab, ap), Vec3.Dot(ac, ap));
        if (d1 <= 0 && d2 <= 0)
        {
            return (0, 0);
        }

        var bp = place - b;
        var (d3, d4) = (Vec3.Dot(ab, bp), Vec3.Dot(ac, bp));
        if (d3 >= 0 && d4 <= d3)
        {
            return (1, 0);
        }

        var cp = place - c;
        var (d5, d6) = (Vec3.Dot(ab, cp), Vec3.Dot(ac, cp));
        if (d6 >= 0 && d5 <= d6)
        {
            return (0, 1);
        }

        var (va, vb, vc) = ((d3 * d6) - (d5 * d4), (d5 * d2) - (d1 * d6), (d1 * d4) - (d3 * d2));
        if (va > 0 && vb > 0 && vc > 0)
        {
            var sum = va + vb + vc;
            return (vb / sum, vc / sum);
        }

        // On the border: the closest of the edges.
        var (tab, tac, tbc) = (OnEdge(place, a, b), OnEdge(place, a, c), OnEdge(place, b, c));
        var (toAb, toAc, toBc) = ((a + (tab * ab) - place).NormSquared, (a + (tac * ac) - place).NormSquared, (b + (tbc * (c - b)) - place).NormSquared);
        return toAb <= toAc && toAb <= toBc ? (tab, 0) : toAc <= toBc ? (0, tac) : (1 - tbc, tbc);
    }

    /// <summary>The weight of b at the point of the edge ab closest to a place, 0 to 1.</summary>
    public static double OnEdge(Vec3 place, Vec3 a, Vec3 b)
    {
        var (ab, square) = (b - a, (b - a).NormSquared);
        return square > 0 ? Math.Clamp(Vec3.Dot(place - a, ab) / square, 0, 1) : 0;
    }

    /// <summary>The weights of b, c and d at a place in the tetrahedron abcd; not numbers where it is flat.</summary>
    public static Vec3 InTetrahedron(Vec3 place, Vec3 a, Vec3 b, Vec3 c, Vec3 d)
    {
        var (ab, ac, ad, ap) = (b - a, c - a, d - a, place - a);
        var volume = Vec3.Dot(ab, Vec3.Cross(ac, ad));
        return new Vec3(Vec3.Dot(ap, Vec3.Cross(ac, ad)), Vec3.Dot(ab, Vec3.Cross(ap, ad)), Vec3.Dot(ab, Vec3.Cross(ac, ap))) / volume;
    }
}

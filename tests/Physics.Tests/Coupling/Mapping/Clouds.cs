using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Tests.Coupling.Mapping;

/// <summary>Point sets and fields that the mapping tests share.</summary>
internal static class Clouds
{
    /// <summary>n × n nodes on the unit square, each cell split from its lower left to its upper right node.</summary>
    public static PointCloud Square(int n, double z = 0)
    {
        var coordinates = new double[3 * n * n];
        var triangles = new List<int>();
        for (var j = 0; j < n; j++)
        {
            for (var i = 0; i < n; i++)
            {
                var p = (j * n) + i;
                (coordinates[3 * p], coordinates[(3 * p) + 1], coordinates[(3 * p) + 2]) = ((double)i / (n - 1), (double)j / (n - 1), z);
                if (i + 1 < n && j + 1 < n)
                {
                    triangles.AddRange([p, p + 1, p + n + 1, p, p + n + 1, p + n]);
                }
            }
        }

        return new PointCloud(coordinates, new Connectivity { Triangles = [.. triangles] });
    }

    /// <summary>n × n centers of equal cells of the unit square.</summary>
    public static PointCloud Centers(int n)
    {
        var coordinates = new double[3 * n * n];
        for (var p = 0; p < n * n; p++)
        {
            (coordinates[3 * p], coordinates[(3 * p) + 1]) = ((p % n + 0.5) / n, (p / n + 0.5) / n);
        }

        return new PointCloud(coordinates);
    }

    /// <summary>n³ nodes on the unit cube, in hexahedra.</summary>
    public static PointCloud Cube(int n)
    {
        var coordinates = new double[3 * n * n * n];
        var cells = new List<int>();
        for (var p = 0; p < n * n * n; p++)
        {
            var (i, j, k) = (p % n, p / n % n, p / n / n);
            (coordinates[3 * p], coordinates[(3 * p) + 1], coordinates[(3 * p) + 2]) = ((double)i / (n - 1), (double)j / (n - 1), (double)k / (n - 1));
            if (i + 1 < n && j + 1 < n && k + 1 < n)
            {
                cells.AddRange([p, p + 1, p + n + 1, p + n, p + (n * n), p + (n * n) + 1, p + (n * n) + n + 1, p + (n * n) + n]);
            }
        }

        return new PointCloud(coordinates, new Connectivity { Hexahedra = [.. cells] });
    }

    /// <summary>Uniformly random points in the unit square (two dimensions) or cube (three).</summary>
    public static PointCloud Random(int count, int dimensions, ulong seed)
    {
        var random = new Philox(seed, Fingerprint.OfName("cloud"));
        var coordinates = new double[3 * count];
        for (var i = 0; i < count; i++)
        {
            for (var k = 0; k < dimensions; k++)
            {
                coordinates[(3 * i) + k] = random.Uniform(k, 0, i);
            }
        }

        return new PointCloud(coordinates);
    }

    /// <summary>The same points, each joined to the next by an edge.</summary>
    public static PointCloud Connected(PointCloud cloud) =>
        new(cloud.Coordinates.ToArray(), new Connectivity { Edges = [.. Enumerable.Range(0, cloud.Count - 1).SelectMany(i => new[] { i, i + 1 })] });

    /// <summary>Random points on the unit sphere.</summary>
    public static PointCloud Sphere(int count, ulong seed)
    {
        var random = new Philox(seed, Fingerprint.OfName("sphere"));
        var coordinates = new double[3 * count];
        for (var i = 0; i < count; i++)
        {
            var (z, angle) = ((2 * random.Uniform(0, 0, i)) - 1, 2 * Math.PI * random.Uniform(1, 0, i));
            var radius = Math.Sqrt(1 - (z * z));
            (coordinates[3 * i], coordinates[(3 * i) + 1], coordinates[(3 * i) + 2]) = (radius * Math.Cos(angle), radius * Math.Sin(angle), z);
        }

        return new PointCloud(coordinates);
    }

    /// <summary>The values of a function at the points.</summary>
    public static double[] Values(PointCloud cloud, Func<double, double, double, double> f)
    {
        var values = new double[cloud.Count];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = f(cloud.Coordinates[3 * i], cloud.Coordinates[(3 * i) + 1], cloud.Coordinates[(3 * i) + 2]);
        }

        return values;
    }

    /// <summary>R. Franke, Math. Comput. 38 (1982) 181, test function 1.</summary>
    public static double Franke(double x, double y, double z) =>
        (0.75 * Math.Exp(-(Square((9 * x) - 2) + Square((9 * y) - 2)) / 4))
        + (0.75 * Math.Exp((-Square((9 * x) + 1) / 49) - (((9 * y) + 1) / 10)))
        + (0.5 * Math.Exp(-(Square((9 * x) - 7) + Square((9 * y) - 3)) / 4))
        - (0.2 * Math.Exp(-Square((9 * x) - 4) - Square((9 * y) - 7)));

    /// <summary>√(mean (a−b)²).</summary>
    public static double RootMeanSquare(double[] a, double[] b) => FixedOrderSum.Distance(a, b) / Math.Sqrt(a.Length);

    private static double Square(double x) => x * x;
}

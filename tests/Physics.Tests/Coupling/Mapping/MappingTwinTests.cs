using ActorMultiscale.Physics.Coupling.Mapping;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using MathNet.Numerics.LinearAlgebra;

namespace ActorMultiscale.Tests.Coupling.Mapping;

/// <summary>Every method against its definition, written down as slowly and plainly as it reads: all pairs, library solvers, no index.</summary>
public sealed class MappingTwinTests
{
    public static TheoryData<string, PointCloud, PointCloud> Pairs => new()
    {
        { "random in space", Clouds.Random(400, 3, 1), Clouds.Random(500, 3, 2) },
        { "random on a plane", Clouds.Random(400, 2, 3), Clouds.Random(500, 2, 4) },
        { "random on a sphere", Clouds.Sphere(400, 5), Clouds.Sphere(500, 6) },
        { "grids full of ties", Clouds.Square(21), Clouds.Square(41) },
        { "on a line, far from the origin", PointCloud.OnLine([.. Enumerable.Range(0, 50).Select(i => 1e6 + (0.1 * i))]), PointCloud.OnLine([.. Enumerable.Range(0, 99).Select(i => 1e6 + (0.05 * i))]) },
        { "coinciding points", new PointCloud([.. Enumerable.Range(0, 300).Select(i => (double)(i / 3 % 10))]), Clouds.Random(100, 3, 7) },
    };

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Nearest_neighbor_is_what_comparing_all_pairs_gives(string name, PointCloud from, PointCloud to)
    {
        var columns = NearestNeighbor.Build(from, to).Weights.Columns.ToArray();
        for (var i = 0; i < to.Count; i++)
        {
            Assert.True(Nearest(from, to, i) == columns[i], $"{name}: target {i}");
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Nearest_neighbor_gives_the_bits_of_its_matrix_straight_and_transposed(string name, PointCloud from, PointCloud to)
    {
        foreach (var components in new[] { 1, 3 })
        {
            var random = new Philox(3, (ulong)components);
            double[] values = [.. Enumerable.Range(0, components * from.Count).Select(i => random.Uniform(0, 0, i) - 0.5)];
            var (expected, mapped) = (new double[components * to.Count], new double[components * to.Count]);

            NearestNeighbor.Build(from, to).Consistent(values, expected, components);
            new MappingSpec().Build(from, to, new ChunkedLoop(3)).Apply(values, mapped, components);
            Assert.True(expected.AsSpan().SequenceEqual(mapped), $"{name}, consistent");

            NearestNeighbor.Build(to, from).Conservative(values, expected, components);
            new MappingSpec { Constraint = MappingConstraint.Conservative }.Build(from, to, new ChunkedLoop(3)).Apply(values, mapped, components);
            Assert.True(expected.AsSpan().SequenceEqual(mapped), $"{name}, conservative");
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Kernel_averages_are_sums_over_all_pairs(string name, PointCloud from, PointCloud to)
    {
        // Kernels as published, with the support at three lengths for the quintic spline and the Gaussian.
        var kernels = new Dictionary<AveragingKernel, Func<double, double>>
        {
            [AveragingKernel.Lucy] = q => (1 + (3 * q)) * Math.Pow(1 - q, 3),
            [AveragingKernel.Gaussian] = q => Math.Exp(-Math.Pow(3 * q, 2)),
            [AveragingKernel.Quintic] = q => Math.Pow(3 - (3 * q), 5) - (3 * q < 2 ? 6 * Math.Pow(2 - (3 * q), 5) : 0) + (3 * q < 1 ? 15 * Math.Pow(1 - (3 * q), 5) : 0),
        };
        const double width = 0.17;
        var values = Clouds.Values(from, (x, y, z) => Math.Sin(3 * x) + y + (z * z));
        foreach (var (kernel, k) in kernels)
        {
            var mapped = Mapped(new MappingSpec { Method = MappingMethod.KernelAverage, Kernel = kernel, KernelWidth = width }, from, to, values);
            for (var i = 0; i < to.Count; i++)
            {
                var (sum, weights) = (0.0, 0.0);
                for (var j = 0; j < from.Count; j++)
                {
                    var q = Distance(from, j, to, i) / width;
                    if (q < 1)
                    {
                        (sum, weights) = (sum + (k(q) * values[j]), weights + k(q));
                    }
                }

                var expected = weights > 0 ? sum / weights : values[Nearest(from, to, i)];
                Assert.True(Math.Abs(expected - mapped[i]) <= 1e-9 * (1 + Math.Abs(expected)), $"{name}, {kernel}: target {i} has {mapped[i]:R} instead of {expected:R}");
            }
        }
    }

    [Theory]
    [InlineData(3)]
    [InlineData(2)]
    public void Fitted_gradients_are_least_squares_over_the_nearest_points(int dimensions)
    {
        var (from, to) = (Clouds.Random(300, dimensions, 8), Clouds.Random(200, dimensions, 9));
        var values = Clouds.Values(from, Clouds.Franke);
        var mapped = Mapped(new MappingSpec { Method = MappingMethod.NearestNeighborGradient, GradientNeighbors = 9 }, from, to, values);
        for (var i = 0; i < to.Count; i++)
        {
            var center = Nearest(from, to, i);
            int[] around = [.. Enumerable.Range(0, from.Count).OrderBy(j => Distance(from, j, from, center)).Take(10)];
            var d = Matrix<double>.Build.Dense(10, dimensions, (r, k) => from.Coordinates[(3 * around[r]) + k] - from.Coordinates[(3 * center) + k]);
            var gradient = d.PseudoInverse() * Vector<double>.Build.Dense(10, r => values[around[r]] - values[center]);
            var expected = values[center];
            for (var k = 0; k < dimensions; k++)
            {
                expected += gradient[k] * (to.Coordinates[(3 * i) + k] - from.Coordinates[(3 * center) + k]);
            }

            Assert.Equal(expected, mapped[i], 1e-11);
        }
    }

    [Fact]
    public void Nearest_projection_finds_the_closest_point_of_all_primitives()
    {
        // A bumpy surface of triangles and quadrilaterals that leaves some points alone, and a loose edge above it.
        var square = Clouds.Square(9);
        var coordinates = square.Coordinates.ToArray();
        for (var p = 0; p < square.Count; p++)
        {
            coordinates[(3 * p) + 2] = 0.2 * Math.Sin(9 * coordinates[3 * p]) * Math.Cos(7 * coordinates[(3 * p) + 1]);
        }

        double[] all = [.. coordinates, 0.1, 0.1, 0.5, 0.9, 0.8, 0.6, 0.5, 0.2, 0.4];
        var mesh = new PointCloud(all, new Connectivity { Triangles = square.Connectivity.Triangles[..180], Quadrilaterals = [60, 61, 70, 69, 62, 63, 72, 71], Edges = [81, 82] });
        var raw = Clouds.Random(600, 3, 10).Coordinates.ToArray();
        var to = new PointCloud([.. raw.Select(x => (1.6 * x) - 0.3)]);

        // Mapped places are the closest points themselves.
        var places = new double[3 * to.Count];
        new MappingSpec { Method = MappingMethod.NearestProjection }.Build(mesh, to, ChunkedLoop.Serial).Apply(all, places, 3);
        Vector<double> Node(int p) => Vector<double>.Build.Dense([all[3 * p], all[(3 * p) + 1], all[(3 * p) + 2]]);
        var triangles = mesh.Connectivity.Triangles.Chunk(3).ToList();
        var quads = mesh.Connectivity.Quadrilaterals.Chunk(4).SelectMany(q =>
            (Node(q[0]) - Node(q[2])).L2Norm() <= (Node(q[1]) - Node(q[3])).L2Norm()
                ? new int[][] { [q[0], q[1], q[2]], [q[0], q[2], q[3]] } : [[q[0], q[1], q[3]], [q[1], q[2], q[3]]]);
        triangles.AddRange(quads);
        var edges = triangles.SelectMany(t => new int[][] { [t[0], t[1]], [t[1], t[2]], [t[2], t[0]] }).Append([81, 82]).ToList();
        for (var i = 0; i < to.Count; i++)
        {
            var y = Vector<double>.Build.Dense(to.Coordinates.Slice(3 * i, 3).ToArray());
            var least = Enumerable.Range(0, mesh.Count).Min(p => (Node(p) - y).L2Norm());
            foreach (var e in edges)
            {
                var along = Node(e[1]) - Node(e[0]);
                var t = along * (y - Node(e[0])) / (along * along);
                least = t is >= 0 and <= 1 ? Math.Min(least, (Node(e[0]) + (t * along) - y).L2Norm()) : least;
            }

            foreach (var t in triangles)
            {
                // Barycentric weights of the foot of the perpendicular, by normal equations.
                var sides = Matrix<double>.Build.DenseOfColumnVectors(Node(t[1]) - Node(t[0]), Node(t[2]) - Node(t[0]));
                var w = sides.TransposeThisAndMultiply(sides).Inverse() * sides.TransposeThisAndMultiply(y - Node(t[0]));
                least = w[0] >= 0 && w[1] >= 0 && w[0] + w[1] <= 1 ? Math.Min(least, (Node(t[0]) + (sides * w) - y).L2Norm()) : least;
            }

            var found = (Vector<double>.Build.Dense(places.AsSpan(3 * i, 3).ToArray()) - y).L2Norm();
            Assert.Equal(least, found, 1e-12);
        }
    }

    [Fact]
    public void Linear_interpolation_in_cells_finds_every_place_inside_and_projects_those_outside()
    {
        var mesh = Clouds.Cube(7);
        var to = new PointCloud([.. Clouds.Random(2000, 3, 11).Coordinates.ToArray().Select(x => (1.4 * x) - 0.2)]);
        var places = new double[3 * to.Count];
        new MappingSpec { Method = MappingMethod.LinearCell }.Build(mesh, to, ChunkedLoop.Serial).Apply(mesh.Coordinates, places, 3);
        for (var k = 0; k < places.Length; k++)
        {
            // The closest point of a cube is found coordinate by coordinate.
            Assert.Equal(Math.Clamp(to.Coordinates[k], 0, 1), places[k], 1e-12);
        }
    }

    public static TheoryData<RadialBasis, PolynomialTerm> Radial
    {
        get
        {
            var data = new TheoryData<RadialBasis, PolynomialTerm>();
            foreach (var basis in Enum.GetValues<RadialBasis>())
            {
                foreach (var polynomial in Enum.GetValues<PolynomialTerm>())
                {
                    data.Add(basis, polynomial);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Radial))]
    public void Radial_basis_mapping_is_the_solution_of_its_equations(RadialBasis basis, PolynomialTerm polynomial)
    {
        var (from, to) = (Clouds.Random(90, 3, 12), Clouds.Random(70, 3, 13));
        var spec = Spec(MappingMethod.RadialBasis, basis, polynomial);
        var values = Clouds.Values(from, (x, y, z) => Math.Sin(4 * x) + (Math.Cos(3 * y) * z) + 2);
        int[] all = [.. Enumerable.Range(0, from.Count)];

        var expected = Interpolated(from, all, to, [.. Enumerable.Range(0, to.Count)], spec, values);
        var mapped = Mapped(spec, from, to, values);

        for (var i = 0; i < to.Count; i++)
        {
            Assert.Equal(expected[i], mapped[i], 1e-9);
        }
    }

    [Theory]
    [MemberData(nameof(Radial))]
    public void Conservative_radial_basis_mapping_keeps_sums_with_every_basis_and_polynomial(RadialBasis basis, PolynomialTerm polynomial)
    {
        foreach (var method in new[] { MappingMethod.RadialBasis, MappingMethod.PartitionOfUnity })
        {
            var (from, to) = (Clouds.Random(400, 3, 14), Clouds.Random(300, 3, 15));
            var values = Clouds.Values(from, (x, y, z) => x - y + (z * z));

            var mapped = Mapped(Spec(method, basis, polynomial) with { Constraint = MappingConstraint.Conservative }, from, to, values);

            Assert.InRange((FixedOrderSum.Of(mapped) - FixedOrderSum.Of(values)) / FixedOrderSum.Of(Array.ConvertAll(values, Math.Abs)), -1e-12, 1e-12);
        }
    }

    [Theory]
    [InlineData(3, 700)]
    [InlineData(2, 500)]
    public void Partition_of_unity_is_the_blend_of_its_cells(int dimensions, int count)
    {
        var (from, to) = (Clouds.Random(count, dimensions, 16), Clouds.Random(150, dimensions, 17));
        var spec = Spec(MappingMethod.PartitionOfUnity, RadialBasis.CompactC2, PolynomialTerm.On);
        var values = Clouds.Values(from, Clouds.Franke);
        double At(PointCloud cloud, int i, int k) => cloud.Coordinates[(3 * i) + k];

        // Halve at the median of the widest axis until a tenth of a hundred points is left: a fifth of a cluster.
        var cells = new List<(double[] Low, double[] High, int[] Points)>();
        void Halve(double[] low, double[] high, int[] points)
        {
            double[] extent = [.. Enumerable.Range(0, 3).Select(k => points.Max(p => At(from, p, k)) - points.Min(p => At(from, p, k)))];
            if (points.Length <= 10)
            {
                cells.Add((low, high, points));
                return;
            }

            var axis = Array.IndexOf(extent, extent.Max());
            double[] sorted = [.. points.Select(p => At(from, p, axis)).Order()];
            var plane = (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
            double[] Set(double[] corner) => [.. corner.Select((x, k) => k == axis ? plane : x)];
            Halve(low, Set(high), [.. points.Where(p => At(from, p, axis) < plane)]);
            Halve(Set(low), high, [.. points.Where(p => At(from, p, axis) >= plane)]);
        }

        var (least, most) = (double.NegativeInfinity, double.PositiveInfinity);
        Halve([least, least, least], [most, most, most], [.. Enumerable.Range(0, from.Count)]);

        var (sum, weights) = (new double[to.Count], new double[to.Count]);
        foreach (var (low, high, points) in cells)
        {
            double Inner(int k) => points.Min(p => At(from, p, k));
            double Outer(int k) => points.Max(p => At(from, p, k));
            var margin = 0.15 * Enumerable.Range(0, 3).Max(k => Outer(k) - Inner(k));
            static double Step(double u) => u <= 0 ? 0 : u >= 1 ? 1 : (6 * Math.Pow(u, 5)) - (15 * Math.Pow(u, 4)) + (10 * Math.Pow(u, 3));
            double Weight(PointCloud cloud, int i) => Enumerable.Range(0, 3).Aggregate(1.0, (w, k) =>
                w * Step((At(cloud, i, k) - low[k] + margin) / (2 * margin)) * Step((high[k] - At(cloud, i, k) + margin) / (2 * margin)));
            double ToBox(int j) => Enumerable.Range(0, 3).Select(k => Math.Pow(At(from, j, k) - Math.Clamp(At(from, j, k), Inner(k), Outer(k)), 2)).Aggregate(0.0, (a, b) => a + b);
            var nearest = Enumerable.Range(0, from.Count).OrderBy(ToBox).Take(50);
            int[] sources = [.. nearest.Union(Enumerable.Range(0, from.Count).Where(j => Weight(from, j) > 0))];
            int[] targets = [.. Enumerable.Range(0, to.Count).Where(i => Weight(to, i) > 0)];
            if (targets.Length > 0)
            {
                var local = Interpolated(from, sources, to, targets, spec, values, degree: 2);
                for (var t = 0; t < targets.Length; t++)
                {
                    sum[targets[t]] += Weight(to, targets[t]) * local[t];
                    weights[targets[t]] += Weight(to, targets[t]);
                }
            }
        }

        var mapped = Mapped(spec, from, to, values);
        for (var i = 0; i < to.Count; i++)
        {
            Assert.Equal(sum[i] / weights[i], mapped[i], 1e-9);
        }
    }

    internal static MappingSpec Spec(MappingMethod method, RadialBasis basis, PolynomialTerm polynomial) => new()
    {
        Method = method,
        Basis = basis,
        Polynomial = polynomial,
        SupportRadius = basis is RadialBasis.ThinPlateSpline or RadialBasis.VolumeSpline or RadialBasis.Multiquadric or RadialBasis.InverseMultiquadric or RadialBasis.Gaussian ? null : 0.6,
        ShapeParameter = basis switch { RadialBasis.Multiquadric or RadialBasis.InverseMultiquadric => 0.1, RadialBasis.Gaussian => 6, _ => null },
    };

    // The definition, solved by a library: polynomials [1, x, y, z] and their products as they stand, on points that are not coplanar or have z = 0.
    private static double[] Interpolated(PointCloud from, int[] sources, PointCloud to, int[] targets, MappingSpec spec, double[] values, int degree = 1)
    {
        double Phi(double r)
        {
            var (p, s) = (r / (spec.SupportRadius ?? 1), spec.ShapeParameter ?? 0);
            var q = Math.Max(0, 1 - p);
            return spec.Basis switch
            {
                RadialBasis.ThinPlateSpline => r > 0 ? r * r * Math.Log(r) : 0,
                RadialBasis.VolumeSpline => r,
                RadialBasis.Multiquadric => Math.Sqrt((s * s) + (r * r)),
                RadialBasis.InverseMultiquadric => 1 / Math.Sqrt((s * s) + (r * r)),
                RadialBasis.Gaussian => Math.Max(0, Math.Exp(-s * s * r * r) - 1e-9),
                RadialBasis.CompactC0 => Math.Pow(q, 2),
                RadialBasis.CompactC2 => Math.Pow(q, 4) * ((4 * p) + 1),
                RadialBasis.CompactC4 => Math.Pow(q, 6) * ((35 * p * p) + (18 * p) + 3),
                RadialBasis.CompactC6 => Math.Pow(q, 8) * ((32 * Math.Pow(p, 3)) + (25 * p * p) + (8 * p) + 1),
                RadialBasis.CompactC8 => Math.Pow(q, 10) * ((1287 * Math.Pow(p, 4)) + (1350 * Math.Pow(p, 3)) + (630 * p * p) + (150 * p) + 15),
                _ => p >= 1 ? 0 : p == 0 ? 1 : 1 - (30 * p * p) - (10 * Math.Pow(p, 3)) + (45 * Math.Pow(p, 4)) - (6 * Math.Pow(p, 5)) - (60 * Math.Pow(p, 3) * Math.Log(p)),
            };
        }

        var linear = Enumerable.Range(0, from.Count).All(j => from.Coordinates[(3 * j) + 2] == 0) ? 3 : 4;
        (int First, int Second)[] terms = [.. Enumerable.Range(0, linear).SelectMany(k => Enumerable.Range(0, k + 1).Select(l => (k, l))).Where(t => t.l == 0 || degree > 1)];
        var columns = terms.Length;
        double Factor(PointCloud cloud, int i, int k) => k == 0 ? 1 : cloud.Coordinates[(3 * i) + k - 1];
        Matrix<double> Polynomials(PointCloud cloud, int[] chosen) => Matrix<double>.Build.Dense(chosen.Length, columns, (i, k) => Factor(cloud, chosen[i], terms[k].First) * Factor(cloud, chosen[i], terms[k].Second));
        var c = Matrix<double>.Build.Dense(sources.Length, sources.Length, (i, j) => Phi(Distance(from, sources[i], from, sources[j])));
        var a = Matrix<double>.Build.Dense(targets.Length, sources.Length, (i, j) => Phi(Distance(to, targets[i], from, sources[j])));
        var f = Vector<double>.Build.Dense(sources.Length, j => values[sources[j]]);
        var (q, v) = (Polynomials(from, sources), Polynomials(to, targets));
        switch (spec.Polynomial)
        {
            case PolynomialTerm.Off:
                return (a * c.QR().Solve(f)).ToArray();
            case PolynomialTerm.On:
                var zero = Matrix<double>.Build.Dense(columns, columns);
                var whole = Matrix<double>.Build.DenseOfMatrixArray(new[,] { { c, q }, { q.Transpose(), zero } });
                return (a.Append(v) * whole.QR().Solve(Vector<double>.Build.DenseOfEnumerable(f.Concat(new double[columns])))).ToArray();
            default:
                var b = q.QR().Solve(f);
                return ((a * c.QR().Solve(f - (q * b))) + (v * b)).ToArray();
        }
    }

    private static double[] Mapped(MappingSpec spec, PointCloud from, PointCloud to, double[] values)
    {
        var mapped = new double[to.Count];
        spec.Build(from, to, ChunkedLoop.Serial).Apply(values, mapped, 1);
        return mapped;
    }

    private static double Distance(PointCloud a, int i, PointCloud b, int j) => Math.Sqrt(Squared(a, i, b, j));

    private static double Squared(PointCloud a, int i, PointCloud b, int j)
    {
        var sum = 0.0;
        for (var k = 0; k < 3; k++)
        {
            var difference = a.Coordinates[(3 * i) + k] - b.Coordinates[(3 * j) + k];
            sum += difference * difference;
        }

        return sum;
    }

    private static int Nearest(PointCloud from, PointCloud to, int i)
    {
        var (best, found) = (double.PositiveInfinity, -1);
        for (var j = 0; j < from.Count; j++)
        {
            var squared = Squared(to, i, from, j);
            if (squared < best)
            {
                (best, found) = (squared, j);
            }
        }

        return found;
    }
}

using System.Collections.Immutable;
using ActorMultiscale.Physics.Coupling.Mapping;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Tests.Coupling.Mapping;

/// <summary>Integrals, given gradients, clouds that change, and what is said of settings that cannot be.</summary>
public sealed class MappingSpecTests
{
    [Theory]
    [InlineData(MappingMethod.NearestNeighbor)]
    [InlineData(MappingMethod.NearestProjection)]
    [InlineData(MappingMethod.NearestNeighborGradient)]
    public void Scaled_mapping_keeps_the_integral_of_every_component(MappingMethod method)
    {
        // Twelve components, of which the last is zero everywhere: it stays zero.
        var (from, to) = (Clouds.Square(14), Clouds.Square(9));
        const int components = 12;
        var values = new double[components * from.Count];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = i % components == components - 1 ? 0 : Clouds.Franke(from.Coordinates[3 * (i / components)], from.Coordinates[(3 * (i / components)) + 1], 0) - (0.3 * (i % components));
        }

        var mapped = new double[components * to.Count];
        new MappingSpec { Method = method, Constraint = MappingConstraint.ScaledConsistentSurface }.Build(from, to, ChunkedLoop.Serial).Apply(values, mapped, components);

        for (var c = 0; c < components; c++)
        {
            Assert.Equal(Trapezoids(values, 14, components, c), Trapezoids(mapped, 9, components, c), 1e-13);
        }
    }

    [Fact]
    public void Scaled_mapping_over_volumes_keeps_the_integral_over_cells()
    {
        var (from, to) = (Clouds.Cube(6), Clouds.Cube(5));
        var values = Clouds.Values(from, (x, y, z) => 1 + Math.Sin(3 * x) + (y * z));
        var mapped = new double[to.Count];
        var spec = new MappingSpec { Method = MappingMethod.LinearCell, Constraint = MappingConstraint.ScaledConsistentVolume };
        spec.Build(from, to, ChunkedLoop.Serial).Apply(values, mapped, 1);

        Assert.Equal(OverTetrahedra(from, values, 6), OverTetrahedra(to, mapped, 5), 1e-12);
        var plain = new double[to.Count];
        (spec with { Constraint = MappingConstraint.Consistent }).Build(from, to, ChunkedLoop.Serial).Apply(values, plain, 1);
        Assert.NotEqual(OverTetrahedra(from, values, 6), OverTetrahedra(to, plain, 5), 1e-6);
    }

    [Fact]
    public void Scaled_mapping_over_edges_keeps_the_integral_along_a_line()
    {
        var (from, to) = (Clouds.Connected(PointCloud.OnLine([0, 0.1, 0.4, 0.5, 1])), Clouds.Connected(PointCloud.OnLine([0, 0.25, 0.7, 1])));
        var mapped = new double[4];
        new MappingSpec { Constraint = MappingConstraint.ScaledConsistentSurface }.Build(from, to, ChunkedLoop.Serial).Apply([1, 3, 2, -1, 5], mapped, 1);

        // 0.1·(1+3)/2 + 0.3·(3+2)/2 + 0.1·(2−1)/2 + 0.5·(−1+5)/2 = 0.2 + 0.75 + 0.05 + 1.
        var integral = (0.25 * (mapped[0] + mapped[1]) / 2) + (0.45 * (mapped[1] + mapped[2]) / 2) + (0.3 * (mapped[2] + mapped[3]) / 2);
        Assert.Equal(2.0, integral, 1e-14);
    }

    [Fact]
    public void Given_gradients_make_nearest_neighbor_second_order()
    {
        var errors = new List<double>();
        foreach (var n in new[] { 21, 41, 81 })
        {
            var (from, to) = (Clouds.Square(n), Clouds.Centers(53));
            var gradients = new double[6 * from.Count];
            var values = new double[2 * from.Count];
            for (var i = 0; i < from.Count; i++)
            {
                var (x, y) = (from.Coordinates[3 * i], from.Coordinates[(3 * i) + 1]);
                (values[2 * i], values[(2 * i) + 1]) = (Math.Sin(3 * x) * Math.Cos(2 * y), x - (3 * y));
                (gradients[6 * i], gradients[(6 * i) + 1]) = (3 * Math.Cos(3 * x) * Math.Cos(2 * y), -2 * Math.Sin(3 * x) * Math.Sin(2 * y));
                (gradients[(6 * i) + 3], gradients[(6 * i) + 4]) = (1, -3);
            }

            var mapped = new double[2 * to.Count];
            var mapping = Assert.IsType<GradientMapping>(new MappingSpec { Method = MappingMethod.NearestNeighborGradient }.Build(from, to, ChunkedLoop.Serial));
            mapping.Apply(values, gradients, mapped, 2);
            double[] Part(int c) => [.. Enumerable.Range(0, to.Count).Select(i => mapped[(2 * i) + c])];
            errors.Add(Clouds.RootMeanSquare(Part(0), Clouds.Values(to, (x, y, _) => Math.Sin(3 * x) * Math.Cos(2 * y))));
            Assert.Equal(0, Clouds.RootMeanSquare(Part(1), Clouds.Values(to, (x, y, _) => x - (3 * y))), 1e-14);
            _ = Assert.Throws<ArgumentException>(() => mapping.Apply(values, new double[3], mapped, 2));
        }

        Assert.InRange(Math.Log2(errors[1] / errors[2]), 1.8, 2.2);
    }

    [Theory]
    [InlineData(MappingMethod.NearestNeighborGradient, MappingConstraint.Consistent)]
    [InlineData(MappingMethod.NearestNeighborGradient, MappingConstraint.Conservative)]
    [InlineData(MappingMethod.PartitionOfUnity, MappingConstraint.Consistent)]
    [InlineData(MappingMethod.PartitionOfUnity, MappingConstraint.Conservative)]
    public void Many_points_on_many_threads_give_the_bits_of_one(MappingMethod method, MappingConstraint constraint)
    {
        // More points than one chunk of the loop over them holds.
        var (from, to) = (Clouds.Random(9000, 3, 1), Clouds.Random(10_000, 3, 2));
        var spec = new MappingSpec { Method = method, Constraint = constraint, Basis = RadialBasis.CompactC2, SupportRadius = method == MappingMethod.PartitionOfUnity ? 0.2 : null };
        var values = Clouds.Values(from, Clouds.Franke);
        var (one, many) = (new double[to.Count], new double[to.Count]);

        spec.Build(from, to, ChunkedLoop.Serial).Apply(values, one, 1);
        spec.Build(from, to, new ChunkedLoop(4)).Apply(values, many, 1);

        Assert.Equal(one, many);
    }

    [Fact]
    public void Without_a_polynomial_what_lies_out_of_reach_goes_to_the_nearest_point()
    {
        // Loads at the first node, at the last one, and far behind it.
        var (loads, nodes) = (PointCloud.OnLine([0, 1, 9]), PointCloud.OnLine([0, 0.25, 0.5, 0.75, 1]));
        foreach (var method in new[] { MappingMethod.RadialBasis, MappingMethod.PartitionOfUnity })
        {
            var mapped = new double[5];
            new MappingSpec { Method = method, Polynomial = PolynomialTerm.Off, SupportRadius = 0.6, Constraint = MappingConstraint.Conservative }
                .Build(loads, nodes, ChunkedLoop.Serial).Apply([2, 3, 5], mapped, 1);
            Assert.Equal([2, 0, 0, 0, 8], mapped.Select(x => Math.Round(x, 12)));
        }
    }

    [Fact]
    public void Clusters_follow_the_density_of_points_and_reach_beyond_them()
    {
        // From points a thousandth apart to points a tenth apart, and targets as far outside as the cloud is wide.
        var from = new PointCloud([.. Clouds.Random(3000, 3, 1).Coordinates.ToArray().Select(x => x * x * x)]);
        var to = new PointCloud([.. Clouds.Random(1000, 3, 2).Coordinates.ToArray().Select(x => (3 * x) - 1)]);
        var mapped = new double[to.Count];
        static double Linear(double x, double y, double z) => 1 + x - (2 * y) + (3 * z);

        new MappingSpec { Method = MappingMethod.PartitionOfUnity, Basis = RadialBasis.ThinPlateSpline, Polynomial = PolynomialTerm.On }
            .Build(from, to, ChunkedLoop.Serial).Apply(Clouds.Values(from, Linear), mapped, 1);

        Assert.Equal(0, Clouds.RootMeanSquare(mapped, Clouds.Values(to, Linear)), 1e-9);
    }

    [Fact]
    public void Everything_wrong_with_settings_is_said_at_once()
    {
        var spec = new MappingSpec { Method = MappingMethod.PartitionOfUnity, Basis = RadialBasis.Multiquadric, SupportRadius = -1, ClusterSize = 2, Overlap = 0.9, KernelWidth = 1 };
        Assert.Equal(6, spec.Faults().Length);
        var fault = Assert.Throws<ArgumentException>(() => spec.Build(Clouds.Square(3), Clouds.Square(4), ChunkedLoop.Serial));
        Assert.All(spec.Faults(), sentence => Assert.Contains(sentence, fault.Message, StringComparison.Ordinal));
        Assert.Empty(new MappingSpec().Faults());
    }

    public static TheoryData<MappingSpec, string> Unfit => new()
    {
        { new MappingSpec { Method = MappingMethod.RadialBasis }, "needs a support radius" },
        { new MappingSpec { Method = MappingMethod.RadialBasis, SupportRadius = double.NaN }, "support radius is NaN" },
        { new MappingSpec { Method = MappingMethod.RadialBasis, Basis = RadialBasis.Gaussian }, "or a shape parameter" },
        { new MappingSpec { Method = MappingMethod.RadialBasis, Basis = RadialBasis.ThinPlateSpline, SupportRadius = 1 }, "has no support radius" },
        { new MappingSpec { SupportRadius = 1 }, "has no support radius" },
        { new MappingSpec { Method = MappingMethod.KernelAverage }, "needs a kernel width" },
        { new MappingSpec { Method = MappingMethod.NearestProjection }, "come from has no connectivity" },
        { new MappingSpec { Method = MappingMethod.LinearCell, Constraint = MappingConstraint.Conservative }, "go to has no connectivity" },
        { new MappingSpec { Constraint = MappingConstraint.ScaledConsistentVolume }, "no connectivity to integrate over" },
        { new MappingSpec { Method = (MappingMethod)99 }, "method 99 is not known" },
    };

    [Theory]
    [MemberData(nameof(Unfit))]
    public void Settings_that_do_not_fit_are_refused(MappingSpec spec, string expected)
    {
        var (from, to) = (Clouds.Random(10, 3, 1), Clouds.Random(12, 3, 2));
        Assert.Contains(expected, string.Join(" ", spec.Faults(from, to)), StringComparison.Ordinal);
        _ = Assert.Throws<ArgumentException>(() => spec.Build(from, to, ChunkedLoop.Serial));
    }

    [Fact]
    public void Point_sets_that_are_empty_or_too_large_for_a_dense_system_are_refused()
    {
        var (some, none, many) = (Clouds.Random(10, 3, 1), new PointCloud([]), Clouds.Random(MappingSpec.GreatestDirect + 1, 3, 1));
        Assert.Contains("no points", Assert.Single(new MappingSpec().Faults(none, some)), StringComparison.Ordinal);
        Assert.Contains("no points", Assert.Single(new MappingSpec().Faults(some, none)), StringComparison.Ordinal);
        Assert.Contains("PartitionOfUnity", Assert.Single(new MappingSpec { Method = MappingMethod.RadialBasis, SupportRadius = 1 }.Faults(many, some)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_cloud_that_cannot_be_is_refused_and_one_that_changed_is_noticed()
    {
        double[] places = [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1];
        var mesh = new PointCloud(places, new Connectivity { Triangles = [0, 1, 2] });
        Assert.Equal(mesh.Fingerprint, new PointCloud([.. places], new Connectivity { Triangles = [0, 1, 2] }).Fingerprint);
        ImmutableArray<PointCloud> others =
        [
            new PointCloud(places), new PointCloud(places, new Connectivity { Triangles = [0, 2, 1] }), new PointCloud(places, new Connectivity { Edges = [0, 1] }),
            new PointCloud([.. places.Select((x, k) => k == 3 ? Math.BitIncrement(x) : x)], new Connectivity { Triangles = [0, 1, 2] }),
            new PointCloud(places, new Connectivity { Tetrahedra = [0, 1, 2, 3] }), new PointCloud(places, new Connectivity { Quadrilaterals = [0, 1, 2, 3] }),
        ];
        Assert.Equal(others.Length + 1, others.Select(o => o.Fingerprint).Append(mesh.Fingerprint).Distinct().Count());

        void Refused(string expected, double[] coordinates, Connectivity? connectivity = null) =>
            Assert.Contains(expected, Assert.Throws<ArgumentException>(() => new PointCloud(coordinates, connectivity)).Message, StringComparison.Ordinal);
        Refused("4 coordinates", [0, 0, 0, 1]);
        Refused("Coordinate y of point 1 is NaN", [0, 0, 0, 1, double.NaN, 0]);
        Refused("names point 4", places, new Connectivity { Edges = [0, 4] });
        Refused("names point -1", places, new Connectivity { Hexahedra = [-1, 0, 1, 2, 3, 4, 5, 6] });
        Refused("twice", places, new Connectivity { Triangles = [0, 1, 1] });
        Refused("has 3 entries", places, new Connectivity { Edges = [0, 1, 2] });
    }

    // ∫ of the linear interpolant on n × n nodes, cells split from lower left to upper right: two triangles of area h²/2 each.
    private static double Trapezoids(double[] values, int n, int components, int c)
    {
        var sum = 0.0;
        double At(int i, int j) => values[(((j * n) + i) * components) + c];
        for (var j = 0; j + 1 < n; j++)
        {
            for (var i = 0; i + 1 < n; i++)
            {
                sum += ((2 * At(i, j)) + At(i + 1, j) + (2 * At(i + 1, j + 1)) + At(i, j + 1)) / 6;
            }
        }

        return sum / ((n - 1) * (n - 1));
    }

    // The same in a cube, whose cells are split into six tetrahedra of equal volume around the diagonal.
    private static double OverTetrahedra(PointCloud cube, double[] values, int n)
    {
        var sum = 0.0;
        foreach (var cell in cube.Connectivity.Hexahedra.Chunk(8))
        {
            for (var corner = 0; corner < 8; corner++)
            {
                // The diagonal's ends belong to all six, the others to two each.
                sum += values[cell[corner]] * (corner is 0 or 6 ? 6 : 2) / 24;
            }
        }

        return sum / Math.Pow(n - 1, 3);
    }
}

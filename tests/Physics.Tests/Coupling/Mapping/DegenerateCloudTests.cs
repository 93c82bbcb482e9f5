using ActorMultiscale.Physics.Coupling.Mapping;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Tests.Coupling.Mapping;

/// <summary>Points that do not spread: every method keeps constants and sums on them, or refuses them by one clear sentence.</summary>
public sealed class DegenerateCloudTests
{
    public static TheoryData<string, MappingSpec> Methods
    {
        get
        {
            var data = new TheoryData<string, MappingSpec>
            {
                { "nearest neighbor", new MappingSpec() },
                { "gradient", new MappingSpec { Method = MappingMethod.NearestNeighborGradient } },
                { "projection", new MappingSpec { Method = MappingMethod.NearestProjection } },
                { "cell", new MappingSpec { Method = MappingMethod.LinearCell } },
                { "clusters as they come", new MappingSpec { Method = MappingMethod.PartitionOfUnity } },
                { "average", new MappingSpec { Method = MappingMethod.KernelAverage, KernelWidth = 0.3 } },
            };
            foreach (var basis in Enum.GetValues<RadialBasis>())
            {
                foreach (var polynomial in new[] { PolynomialTerm.On, PolynomialTerm.Separate })
                {
                    data.Add($"direct, {basis}, {polynomial}", MappingTwinTests.Spec(MappingMethod.RadialBasis, basis, polynomial));
                    data.Add($"clusters, {basis}, {polynomial}", MappingTwinTests.Spec(MappingMethod.PartitionOfUnity, basis, polynomial));
                }
            }

            return data;
        }
    }

    private static readonly (string Name, PointCloud Cloud)[] _flat =
    [
        ("one point", Joined([0.3, 0.2, 0.1])),
        ("two points", Joined([0, 0, 0, 0.3, 0.2, 0.1])),
        ("collinear, oblique", Joined([.. Enumerable.Range(0, 40).SelectMany(i => new[] { 0.068 * i, 0.044 * i, -0.076 * i })])),
        ("coplanar, oblique", Joined([.. Enumerable.Range(0, 64).SelectMany(i => new[] { 0.1 * (i % 8), 0.11 * (i / 8), (0.1 * (i % 8)) - (0.22 * (i / 8)) })])),
        ("almost coplanar", Joined([.. Enumerable.Range(0, 64).SelectMany(i => new[] { 0.1 * (i % 8), 0.11 * (i / 8), 1e-12 * (i % 5) })])),
        ("far from the origin", Joined([.. Enumerable.Range(0, 64).SelectMany(i => new[] { 1e4 + (0.1 * (i % 8)), 0.11 * (i / 8), -1e4 })])),
    ];

    [Theory]
    [MemberData(nameof(Methods))]
    public void Flat_clouds_keep_constants_and_sums(string name, MappingSpec spec)
    {
        foreach (var (cloud, points) in _flat)
        {
            // Targets near the sources, off their line or plane.
            var shift = points.Coordinates.ToArray().Select((x, k) => x + (0.013 * ((k * 7 % 5) - 2))).ToArray();
            var targets = Joined(shift);
            var (ones, sums) = (new double[targets.Count], new double[points.Count]);

            spec.Build(points, targets, ChunkedLoop.Serial).Apply(Filled(points.Count), ones, 1);
            (spec with { Constraint = MappingConstraint.Conservative }).Build(targets, points, ChunkedLoop.Serial).Apply(Filled(targets.Count), sums, 1);

            Assert.All(ones, v => Assert.True(Math.Abs(v - 1) < 1e-11, $"{name}, {cloud}: 1 became {v:R}"));
            Assert.True(Math.Abs(FixedOrderSum.Of(sums) - targets.Count) <= 1e-12 * FixedOrderSum.Of(Array.ConvertAll(sums, Math.Abs)), $"{name}, {cloud}: the sum {targets.Count} became {FixedOrderSum.Of(sums):R}");
        }
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void Coinciding_sources_are_mapped_by_local_methods_and_refused_by_radial_functions(string name, MappingSpec spec)
    {
        var twice = Joined([.. Enumerable.Range(0, 40).SelectMany(i => new[] { 0.1 * (i / 2 % 5), 0.13 * (i / 10), 0 })]);
        var targets = Joined([.. Clouds.Random(30, 2, 1).Coordinates]);
        var mapped = new double[targets.Count];
        if (spec.Method is MappingMethod.RadialBasis or MappingMethod.PartitionOfUnity)
        {
            var fault = Assert.Throws<InvalidOperationException>(() => spec.Build(twice, targets, ChunkedLoop.Serial));
            Assert.Contains("The points 0 and 1 coincide", fault.Message, StringComparison.Ordinal);
        }
        else
        {
            spec.Build(twice, targets, ChunkedLoop.Serial).Apply(Filled(twice.Count), mapped, 1);
            Assert.All(mapped, v => Assert.True(Math.Abs(v - 1) < 1e-12, $"{name}: 1 became {v:R}"));
        }
    }

    [Fact]
    public void Cells_without_area_or_volume_do_no_harm()
    {
        // A tetrahedron and a triangle squeezed flat, beside sound ones.
        double[] places = [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0.5, 0, 0];
        var mesh = new PointCloud(places, new Connectivity { Tetrahedra = [0, 1, 2, 4, 0, 1, 2, 3], Triangles = [0, 4, 1, 0, 1, 2] });
        var targets = new PointCloud([0.2, 0.1, 0.1, 0.5, -1, 0, 0.25, 0, 0, 2, 2, 2]);
        foreach (var method in new[] { MappingMethod.LinearCell, MappingMethod.NearestProjection })
        {
            var mapped = new double[12];
            new MappingSpec { Method = method }.Build(mesh, targets, ChunkedLoop.Serial).Apply(places, mapped, 3);
            Assert.Equal([0.5, 0, 0, 0.25, 0, 0], mapped[3..9].Select(x => Math.Round(x, 12)));
            Assert.All(mapped, v => Assert.True(double.IsFinite(v)));
        }
    }

    [Fact]
    public void A_system_that_amplifies_errors_is_refused()
    {
        // A Gaussian a thousand times as wide as the distance between points: all rows of the matrix are alike.
        var spec = new MappingSpec { Method = MappingMethod.RadialBasis, Basis = RadialBasis.Gaussian, ShapeParameter = 1e-3, Polynomial = PolynomialTerm.Off };
        var fault = Assert.Throws<InvalidOperationException>(() => spec.Build(Clouds.Random(200, 3, 1), Clouds.Random(200, 3, 2), ChunkedLoop.Serial));
        Assert.Contains("radial basis matrix of 200 points is singular", fault.Message, StringComparison.Ordinal);
    }

    private static PointCloud Joined(double[] coordinates) => Clouds.Connected(new PointCloud(coordinates));

    private static double[] Filled(int count)
    {
        var values = new double[count];
        Array.Fill(values, 1);
        return values;
    }
}

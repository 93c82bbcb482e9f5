using System.Globalization;
using ActorMultiscale.Physics.Coupling.Mapping;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using Xunit.Abstractions;

namespace ActorMultiscale.Tests.Coupling.Mapping;

/// <summary>How well fields are mapped: against a published table, and by observed order.</summary>
public sealed class MappingAccuracyTests(ITestOutputHelper output)
{
    private static readonly int[] _sizes = [11, 21, 41];
    private static readonly MappingSpec _clusters = new() { Method = MappingMethod.PartitionOfUnity, Basis = RadialBasis.CompactC6, SupportRadius = 0.5 };

    // Root mean square errors of preCICE 3.4.1 for Franke's function, from n × n nodes to 50 × 50 centers.
    public static TheoryData<string, MappingSpec, double[]> Franke => new()
    {
        { "nearest neighbor", new MappingSpec(), [4.652905e-2, 2.229184e-2, 1.111174e-2] },
        { "nearest projection", new MappingSpec { Method = MappingMethod.NearestProjection }, [1.379831e-2, 3.550835e-3, 8.970102e-4] },
        { "thin plate, separate", Direct(RadialBasis.ThinPlateSpline, PolynomialTerm.Separate), [2.859211e-3, 2.695047e-4, 5.340907e-5] },
        { "thin plate, on", Direct(RadialBasis.ThinPlateSpline, PolynomialTerm.On), [2.621208e-3, 1.901915e-4, 3.322203e-5] },
        { "volume spline, separate", Direct(RadialBasis.VolumeSpline, PolynomialTerm.Separate), [7.100243e-3, 9.934518e-4, 1.442884e-4] },
        { "compact C0, separate", Direct(RadialBasis.CompactC0, PolynomialTerm.Separate, 0.5), [7.039696e-3, 1.102596e-3, 2.449800e-4] },
        { "compact C2, separate", Direct(RadialBasis.CompactC2, PolynomialTerm.Separate, 0.5), [3.133771e-3, 4.696408e-4, 8.436778e-5] },
        { "compact C6, separate", Direct(RadialBasis.CompactC6, PolynomialTerm.Separate, 0.5), [3.894439e-3, 2.771886e-4, 1.660854e-5] },
        { "compact C6, off", Direct(RadialBasis.CompactC6, PolynomialTerm.Off, 0.5), [5.678161e-3, 3.632323e-4, 2.026936e-5] },
    };

    [Theory]
    [MemberData(nameof(Franke))]
    public void Franke_errors_are_the_published_ones_within_one_percent(string name, MappingSpec spec, double[] published)
    {
        for (var s = 0; s < _sizes.Length; s++)
        {
            var error = FrankeError(spec, _sizes[s]);
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}, n = {_sizes[s]}: {error:E6}, published {published[s]:E6}, ratio {error / published[s]:F6}"));
            Assert.InRange(error / published[s], 0.99, 1.01);
        }
    }

    [Fact]
    public void Partition_of_unity_is_at_least_as_accurate_as_published()
    {
        // How clusters are laid is no part of the method, so that errors of two implementations are not equal.
        double[] greatest = [2.382871e-3, 1.869000e-4, 1.037380e-5];
        for (var s = 0; s < _sizes.Length; s++)
        {
            var error = FrankeError(_clusters, _sizes[s]);
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"n = {_sizes[s]}: {error:E6}, bound {greatest[s]:E6}, ratio {error / greatest[s]:F6}"));
            Assert.InRange(error / greatest[s], 0.1, 1);
        }
    }

    // Not for the three numbers alone: from every grid and cloud it errs less than the same functions on all points at once, and less the finer it is.
    [Fact]
    public void Partition_of_unity_errs_less_than_all_points_at_once_and_less_the_finer_the_points()
    {
        var direct = _clusters with { Method = MappingMethod.RadialBasis };
        var before = double.PositiveInfinity;
        foreach (var n in new[] { 7, 9, 11, 13, 15, 17, 21, 31, 41 })
        {
            var (error, whole) = (FrankeError(_clusters, n), FrankeError(direct, n));
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"n = {n}: {error:E3}, all at once {whole:E3}"));
            Assert.True(error < whole);
            Assert.True(error < before);
            before = error;
        }

        for (var seed = 1UL; seed <= 3; seed++)
        {
            before = double.PositiveInfinity;
            foreach (var count in new[] { 121, 441, 1681 })
            {
                var cloud = Clouds.Random(count, 2, seed);
                var (error, whole) = (FrankeError(_clusters, cloud), FrankeError(direct, cloud));
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{count} random points: {error:E3}, all at once {whole:E3}"));
                Assert.True(error < whole);
                Assert.True(error < before);
                before = error;
            }
        }
    }

    [Fact]
    public void Clusters_keep_quadratic_fields()
    {
        static double Field(double x, double y, double z) => 1 + (2 * x) - y + (3 * x * y) - (x * x) + (0.5 * y * y) + (z * ((2 * x) - z));
        foreach (var basis in new[] { RadialBasis.CompactC2, RadialBasis.CompactC6, RadialBasis.ThinPlateSpline })
        {
            foreach (var dimensions in new[] { 2, 3 })
            {
                var (from, to) = (Clouds.Random(600, dimensions, 5), Clouds.Random(400, dimensions, 6));
                var mapped = new double[to.Count];
                new MappingSpec { Method = MappingMethod.PartitionOfUnity, Basis = basis, Polynomial = PolynomialTerm.On }.Build(from, to, ChunkedLoop.Serial).Apply(Clouds.Values(from, Field), mapped, 1);
                Assert.InRange(Clouds.RootMeanSquare(mapped, Clouds.Values(to, Field)), 0, 1e-8);
            }
        }
    }

    [Fact]
    public void Polynomials_are_orthonormal_on_their_points_and_as_many_as_these_determine()
    {
        static int Terms(Vec3[] points)
        {
            int[] all = [.. Enumerable.Range(0, points.Length)];
            var center = points.Aggregate(Vec3.Zero, (a, b) => a + b) / points.Length;
            var polynomials = new OrthonormalPolynomials(points, new PrincipalAxes(points, all, center), 2);
            for (var k = 0; k < polynomials.Count; k++)
            {
                for (var l = 0; l <= k; l++)
                {
                    Assert.Equal(k == l ? 1 : 0, FixedOrderSum.Dot(polynomials.AtPoints(k), polynomials.AtPoints(l)), 1e-11);
                }

                for (var j = 0; j < points.Length; j++)
                {
                    Assert.Equal(polynomials.AtPoints(k)[j], polynomials.At(k, points[j]), 1e-11);
                }
            }

            return polynomials.Count;
        }

        static Vec3[] Points(int count, Func<double, double, double, Vec3> at)
        {
            var random = new Random(7);
            return [.. Enumerable.Range(0, count).Select(_ => at(random.NextDouble(), random.NextDouble(), random.NextDouble()))];
        }

        Assert.Equal(10, Terms(Points(50, (x, y, z) => new(x, y, z))));
        Assert.Equal(4, Terms(Points(29, (x, y, z) => new(x, y, z))));
        Assert.Equal(6, Terms(Points(50, (x, y, _) => new(x, y, 1))));
        Assert.Equal(7, Terms(Points(50, (x, y, z) => new(x, y, 0.01 * z))));                                   // Thin: no squares across.
        Assert.Equal(3, Terms(Points(50, (x, _, _) => new(x, 2 * x, -x))));
        Assert.Equal(5, Terms(Points(50, (x, _, _) => new(Math.Cos(6 * x), Math.Sin(6 * x), 0))));              // On a circle.
        Assert.Equal(9, Terms(Points(50, (x, y, _) => new(Math.Cos(6 * x) * Math.Sin(3 * y), Math.Sin(6 * x) * Math.Sin(3 * y), Math.Cos(3 * y)))));
    }

    // preCICE 3.4.1, from 21 × 21 nodes to 50 × 50 centers: the sums before and after. It loses 0.0185 without a polynomial; we lose nothing.
    [Fact]
    public void Conservative_sums_are_the_published_ones()
    {
        var (from, to) = (Clouds.Connected(Clouds.Square(21)), Clouds.Connected(Clouds.Centers(50)));
        var values = Clouds.Values(from, Clouds.Franke);
        Assert.Equal(175.973307626, FixedOrderSum.Of(values), 5e-10);
        Assert.Equal(1017.529435543, FixedOrderSum.Of(Clouds.Values(to, Clouds.Franke)), 5e-10);
        foreach (var spec in new[]
        {
            new MappingSpec(), new MappingSpec { Method = MappingMethod.NearestProjection }, new MappingSpec { Method = MappingMethod.NearestNeighborGradient },
            Direct(RadialBasis.ThinPlateSpline, PolynomialTerm.Separate), Direct(RadialBasis.CompactC6, PolynomialTerm.Off, 0.5),
        })
        {
            var mapped = new double[to.Count];
            (spec with { Constraint = MappingConstraint.Conservative }).Build(from, to, ChunkedLoop.Serial).Apply(values, mapped, 1);
            Assert.Equal(175.973307626, FixedOrderSum.Of(mapped), 5e-10);
        }
    }

    public static TheoryData<string, MappingSpec, double, double> Orders => new()
    {
        { "nearest neighbor", new MappingSpec(), 0.9, 1.1 },
        { "fitted gradient", new MappingSpec { Method = MappingMethod.NearestNeighborGradient }, 1.8, 2.5 },
        { "nearest projection", new MappingSpec { Method = MappingMethod.NearestProjection }, 1.9, 2.1 },

        // What reproduces linear fields from a fixed number of neighbors is of second order at least, what reproduces quadratic ones of third.
        { "clusters, thin plates", new MappingSpec { Method = MappingMethod.PartitionOfUnity, Basis = RadialBasis.ThinPlateSpline, Polynomial = PolynomialTerm.On }, 2.6, 4 },
        { "clusters, as they come", new MappingSpec { Method = MappingMethod.PartitionOfUnity }, 2.6, 4 },
        { "clusters, C2", new MappingSpec { Method = MappingMethod.PartitionOfUnity, Basis = RadialBasis.CompactC2, SupportRadius = 0.5 }, 2.6, 4 },
    };

    [Theory]
    [MemberData(nameof(Orders))]
    public void Errors_fall_with_the_promised_order(string name, MappingSpec spec, double least, double most)
    {
        double Error(int n)
        {
            var (from, to) = (Clouds.Square(n), Clouds.Centers(97));
            var mapped = new double[to.Count];
            static double Field(double x, double y, double z) => Math.Sin((5 * x) + 1) * Math.Cos(4 * y);
            spec.Build(from, to, ChunkedLoop.Serial).Apply(Clouds.Values(from, Field), mapped, 1);
            return Clouds.RootMeanSquare(mapped, Clouds.Values(to, Field));
        }

        var (coarse, fine) = (Error(34), Error(67));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: {coarse:E3}, {fine:E3}, order {Math.Log2(coarse / fine):F3}"));
        Assert.InRange(Math.Log2(coarse / fine), least, most);
    }

    [Fact]
    public void Linear_interpolation_in_cells_is_of_second_order()
    {
        double Error(int n)
        {
            var (from, to) = (Clouds.Cube(n), Clouds.Random(3000, 3, 1));
            var mapped = new double[to.Count];
            static double Field(double x, double y, double z) => Math.Sin((3 * x) + 1) * Math.Cos(2 * y) * (1 + (z * z));
            new MappingSpec { Method = MappingMethod.LinearCell }.Build(from, to, ChunkedLoop.Serial).Apply(Clouds.Values(from, Field), mapped, 1);
            return Clouds.RootMeanSquare(mapped, Clouds.Values(to, Field));
        }

        Assert.InRange(Math.Log2(Error(10) / Error(19)), 1.85, 2.15);
    }

    private static MappingSpec Direct(RadialBasis basis, PolynomialTerm polynomial, double? support = null) =>
        new() { Method = MappingMethod.RadialBasis, Basis = basis, Polynomial = polynomial, SupportRadius = support };

    private static double FrankeError(MappingSpec spec, int n) => FrankeError(spec, Clouds.Square(n));

    private static double FrankeError(MappingSpec spec, PointCloud from)
    {
        var to = Clouds.Centers(50);
        var mapped = new double[to.Count];
        spec.Build(from, to, ChunkedLoop.Serial).Apply(Clouds.Values(from, Clouds.Franke), mapped, 1);
        return Clouds.RootMeanSquare(mapped, Clouds.Values(to, Clouds.Franke));
    }
}

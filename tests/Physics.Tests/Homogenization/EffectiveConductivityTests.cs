using ActorMultiscale.Physics.Continuum.Materials;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Homogenization;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Tests.Homogenization;

/// <summary>Conductivities of composites, and bounds.</summary>
public sealed class EffectiveConductivityTests
{
    private static Matrix3 Isotropic(double k) => k * Matrix3.Identity;

    private static Matrix3 Of(Mesh mesh, int degree, BoundaryCondition condition, double stiff = 10, double soft = 1) =>
        EffectiveConductivity.Of(mesh, degree, Phases.ByRegion(mesh, ("stiff", Isotropic(stiff)), ("soft", Isotropic(soft))), condition);

    // Keller, J. Math. Phys. 5 (1964) 548: a checkerboard conducts as the geometric mean. Cells are finer toward the corners where four squares meet.
    [Fact]
    public void A_checkerboard_conducts_as_the_geometric_mean()
    {
        static double Finer(double x) => (0.5 * Math.Floor(2 * x)) + (0.25 * (1 - Math.Cos(Math.PI * ((2 * x) - Math.Floor(2 * x)))));
        double At(int n, BoundaryCondition condition)
        {
            var mesh = StructuredMesh.Rectangle(1, 1, n, n).Moved(x => new(Finer(x.X), Finer(x.Y), 0))
                .WithRegion("stiff", x => (x.X < 0.5) == (x.Y < 0.5)).WithRegion("soft", x => (x.X < 0.5) != (x.Y < 0.5));
            var k = Of(mesh, 2, condition);
            Assert.Equal(k.XX, k.YY, 1e-10);
            Assert.True(condition != BoundaryCondition.Periodic || Math.Abs(k.XY) < 1e-10);
            return k.XX;
        }

        // The energy is minimized over fewer functions: from above.
        var (coarse, fine) = (At(16, BoundaryCondition.Periodic), At(32, BoundaryCondition.Periodic));
        Assert.InRange(fine, Math.Sqrt(10), coarse);
        Assert.Equal(Math.Sqrt(10), fine, 0.02 * Math.Sqrt(10));
        Assert.True(At(32, BoundaryCondition.Static) < Math.Sqrt(10) - 0.1);
        Assert.True(At(32, BoundaryCondition.Kinematic) > fine + 0.1);
    }

    [Fact]
    public void Conductivities_and_islands_that_do_not_conduct_are_refused()
    {
        var square = StructuredMesh.Rectangle(1, 1, 2, 2);
        var box = StructuredMesh.Box(new(1, 1, 1), 2, 2, 2);
        string Fault(Mesh mesh, Matrix3 k, BoundaryCondition condition = BoundaryCondition.Periodic) =>
            Assert.Throws<ScaleModelException>(() => EffectiveConductivity.Of(mesh, 1, Phases.Uniform(mesh, k), condition)).Message;
        foreach (var k in new[]
        {
            new Matrix3(1, 1, 0, -1, 1, 0, 0, 0, 1), Isotropic(-1), Isotropic(0), Isotropic(double.NaN), Isotropic(double.PositiveInfinity), new Matrix3(1, 2, 0, 2, 1, 0, 0, 0, 1),
        })
        {
            Assert.Contains("symmetric and positive definite", Fault(square, k), StringComparison.Ordinal);
            Assert.Contains("symmetric and positive definite", Fault(box, k), StringComparison.Ordinal);
        }

        Assert.Contains("symmetric and positive definite", Fault(box, Matrix3.Diagonal(1, 1, 0)), StringComparison.Ordinal);
        Assert.Equal(1, EffectiveConductivity.Of(square, 1, Phases.Uniform(square, Matrix3.Diagonal(1, 1, 0))).XX, 1e-14);
        var island = StructuredMesh.Kept(StructuredMesh.Rectangle(1, 1, 5, 5), x => Math.Max(Math.Abs(x.X - 0.5), Math.Abs(x.Y - 0.5)) is < 0.1 or > 0.3);
        foreach (var condition in Enum.GetValues<BoundaryCondition>())
        {
            Assert.Contains("Does an island of material lie in a pore", Fault(island, Isotropic(1), condition), StringComparison.Ordinal);
        }
    }

    // Pores are the limit of phases that are all but nothing.
    [Fact]
    public void Bounds_of_pores_are_limits()
    {
        Assert.Equal(0.4, EffectiveBounds.HashinShtrikmanConductivity(1, 0, 0.5), 1e-14);
        Func<double, double>[] bounds =
        [
            k => EffectiveBounds.HashinShtrikmanConductivity(2, k, 0.3), k => EffectiveBounds.HashinShtrikmanConductivity(k, 2, 0.3),
            k => EffectiveBounds.HashinShtrikmanBulk((2, 1), k, 0.3), k => EffectiveBounds.HashinShtrikmanBulk((k, k), 2, 0.3), k => EffectiveBounds.HashinShtrikmanBulk((k, 1), 2, 0.3),
            k => EffectiveBounds.HashinShtrikmanShear((2, 1), k, 0.3), k => EffectiveBounds.HashinShtrikmanShear((k, k), 2, 0.3), k => EffectiveBounds.HashinShtrikmanShear((k, k), 2, 1),
            k => EffectiveBounds.Reuss((0.3, Tangent6.Isotropic(1, 0.3)), (0.7, k * Tangent6.Isotropic(1, 0.2)))[0, 0],
            k => EffectiveBounds.Voigt((0.3, Tangent6.Isotropic(1, 0.3)), (0.7, k * Tangent6.Isotropic(1, 0.2)))[0, 0],
        ];
        Assert.All(bounds, bound => Assert.Equal(bound(1e-9), bound(0), 1e-7));

        // A phase without a part does not count.
        var one = Tangent6.Isotropic(1, 0.3);
        Assert.Equal(one[0, 0], EffectiveBounds.Reuss((1, one), (0, 0 * one))[0, 0], 1e-14);
    }

    [Fact]
    public void Moduli_without_sense_have_no_bounds()
    {
        string Fault(Func<object> bound) => Assert.Throws<ScaleModelException>(bound).Message;
        Assert.Contains("found 1 and -1, 2", Fault(() => EffectiveBounds.HashinShtrikmanBulk((1, -1), 2, 0.5)), StringComparison.Ordinal);
        Assert.Contains("found 1 and -1, 2", Fault(() => EffectiveBounds.HashinShtrikmanShear((-1, 1), 2, 0.5)), StringComparison.Ordinal);
        Assert.Contains("found 1, -2", Fault(() => EffectiveBounds.HashinShtrikmanConductivity(1, -2, 0.5)), StringComparison.Ordinal);
        Assert.Contains("found 4", Fault(() => EffectiveBounds.HashinShtrikmanConductivity(1, 2, 0.5, 4)), StringComparison.Ordinal);
        Assert.Contains("has no inverse", Fault(() => EffectiveBounds.Reuss((0.5, Tangent6.Isotropic(1, 0.3)), (0.5, Tangent6.Cubic(1, 1, 1)))), StringComparison.Ordinal);
    }

    [Fact]
    public void A_random_composite_lies_within_the_bounds_of_Hashin_and_Shtrikman()
    {
        var mesh = RepresentativeVolumeElementTests.Random(3, 8, 2, 0.2, isCube: true);
        var fraction = mesh.Region("stiff").Length / 512.0;
        Assert.Equal(0.2, fraction, 1e-3);
        var k = Of(mesh, 1, BoundaryCondition.Periodic);
        var values = SymTensor3.SymmetricPart(k).Principal().Values;
        foreach (var value in new[] { values.X, values.Y, values.Z })
        {
            Assert.InRange(value, EffectiveBounds.HashinShtrikmanConductivity(1, 10, fraction), EffectiveBounds.HashinShtrikmanConductivity(10, 1, 1 - fraction));
        }
    }

    [Theory]
    [InlineData(2, 5, 2)]
    [InlineData(3, 4, 1)]
    public void Conductivities_are_ordered_by_the_conditions(int dimension, int n, int degree)
    {
        var mesh = RepresentativeVolumeElementTests.Random(dimension, n, 9);
        var (a, b, c) = (Of(mesh, degree, BoundaryCondition.Static), Of(mesh, degree, BoundaryCondition.Periodic), Of(mesh, degree, BoundaryCondition.Kinematic));
        var fraction = (double)mesh.Region("stiff").Length / mesh.CellCount;
        var one = dimension == 3 ? Matrix3.Identity : Matrix3.Diagonal(1, 1, 0);
        Matrix3[] rising = [1 / ((fraction / 10) + (1 - fraction)) * one, a, b, c, ((10 * fraction) + 1 - fraction) * one];
        for (var k = 0; k + 1 < rising.Length; k++)
        {
            var values = SymTensor3.SymmetricPart(rising[k + 1] - rising[k]).Principal().Values;
            Assert.True(Math.Min(values.X, Math.Min(values.Y, values.Z)) > -1e-12);
            Assert.True(Math.Max(values.X, Math.Max(values.Y, values.Z)) > 1e-3);
        }
    }

    [Theory]
    [InlineData(BoundaryCondition.Kinematic)]
    [InlineData(BoundaryCondition.Periodic)]
    [InlineData(BoundaryCondition.Static)]
    public void A_homogeneous_element_conducts_as_its_phase(BoundaryCondition condition)
    {
        var k = new Matrix3(3, 0.5, 0.2, 0.5, 2, -0.3, 0.2, -0.3, 1);
        var box = StructuredMesh.Box(new(1, 2, 1.5), 2, 3, 2, CellShape.Tetrahedron);
        var off = EffectiveConductivity.Of(box, 2, Phases.Uniform(box, k), condition) - k;
        Assert.True(Matrix3.Contract(off, off) < 1e-24);
        var square = StructuredMesh.Rectangle(2, 1, 3, 3);
        var plane = EffectiveConductivity.Of(square, 1, Phases.Uniform(square, k), condition) - new Matrix3(3, 0.5, 0, 0.5, 2, 0, 0, 0, 0);
        Assert.True(Matrix3.Contract(plane, plane) < 1e-24);
    }

    // Rows of the table in the theory of Hashin and Shtrikman for E = 10 and 1, ν = 0.3, one half of each, and for k = 10 and 1 with a fifth of the better.
    [Fact]
    public void Bounds_have_the_values_of_their_formulas()
    {
        (double Bulk, double Shear) Moduli(double young) => (young / (3 * (1 - 0.6)), young / 2.6);
        var (stiff, soft) = (Moduli(10), Moduli(1));
        var bulk = (EffectiveBounds.HashinShtrikmanBulk(soft, stiff.Bulk, 0.5), EffectiveBounds.HashinShtrikmanBulk(stiff, soft.Bulk, 0.5));
        var shear = (EffectiveBounds.HashinShtrikmanShear(soft, stiff.Shear, 0.5), EffectiveBounds.HashinShtrikmanShear(stiff, soft.Shear, 0.5));
        static double Young((double Bulk, double Shear) m) => 9 * m.Bulk * m.Shear / ((3 * m.Bulk) + m.Shear);
        Assert.Equal(
            [1.823899, 3.135314, 0.935315, 1.643357, 2.396324, 4.196823],
            new[] { bulk.Item1, bulk.Item2, shear.Item1, shear.Item2, Young((bulk.Item1, shear.Item1)), Young((bulk.Item2, shear.Item2)) }.Select(x => Math.Round(x, 6)));
        Assert.Equal(
            [1.529412, 2.340426],
            new[] { EffectiveBounds.HashinShtrikmanConductivity(1, 10, 0.2), EffectiveBounds.HashinShtrikmanConductivity(10, 1, 0.8) }.Select(x => Math.Round(x, 6)));

        (double, Tangent6)[] halves = [(0.5, Tangent6.Isotropic(10, 0.3)), (0.5, Tangent6.Isotropic(1, 0.3))];
        var (voigt, reuss) = (EffectiveBounds.Voigt(halves), EffectiveBounds.Reuss(halves));
        Assert.Equal([4.583333, 2.115385, 1.515152, 0.699301], new[] { voigt.BulkModulus, voigt[3, 3], reuss.BulkModulus, reuss[3, 3] }.Select(x => Math.Round(x, 6)));

        // In the plane the two bounds are the conductivities of coated cylinders; of equal halves the product is that of the phases (Keller).
        Assert.Equal(10, EffectiveBounds.HashinShtrikmanConductivity(1, 10, 0.5, 2) * EffectiveBounds.HashinShtrikmanConductivity(10, 1, 0.5, 2), 1e-12);
        Assert.Equal(3, EffectiveBounds.HashinShtrikmanConductivity(3, 3, 0.4));
        Assert.Contains("add up to 0.9", Assert.Throws<ScaleModelException>(() => EffectiveBounds.Voigt((0.5, voigt), (0.4, reuss))).Message, StringComparison.Ordinal);
        Assert.Contains("a fraction is a part of one", Assert.Throws<ScaleModelException>(() => EffectiveBounds.HashinShtrikmanConductivity(1, 2, 1.5)).Message, StringComparison.Ordinal);
    }
}

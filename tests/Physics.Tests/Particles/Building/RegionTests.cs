using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Particles.Building;
using CsCheck;

namespace ActorMultiscale.Tests.Particles.Building;

public sealed class RegionTests
{
    private static readonly Gen<double> _number = Gen.Double[-2, 2];

    private static readonly Gen<Vec3> _point = Gen.Select(_number, _number, _number, (x, y, z) => new Vec3(x, y, z));

    private static readonly Gen<Region> _region = Gen.Select(_point, _point, Gen.Double[0.1, 3], Gen.Int[0, 3], (a, b, r, kind) => (Region)(kind switch
    {
        0 => new Block(a, a + new Vec3(r, r / 2, 2 * r)),
        1 => new Sphere(a, r),
        2 => new Cylinder(a, a + new Vec3(r, 0.1, b.Z), r),
        _ => new HalfSpace(a, b + new Vec3(5, 0, 0)),
    }));

    [Fact]
    public void Regions_combine_as_sets_do() => Gen.Select(_region, _region, _point).Sample((a, b, x) =>
    {
        var (inA, inB) = (a.Contains(x), b.Contains(x));
        return (a | b).Contains(x) == (inA || inB) && (a & b).Contains(x) == (inA && inB) && (a - b).Contains(x) == (inA && !inB) && (!a).Contains(x) == !inA
            && Region.Everywhere.Contains(x) && !Region.Nowhere.Contains(x);
    });

    // The share of a cube that a region fills is its volume: 4π/3 r³, π r² h, and half of the cube. 10⁶ points of a grid; the error is that of the surface cells.
    [Fact]
    public void Volumes_are_those_of_the_bodies()
    {
        const int n = 100;
        double Volume(Region region)
        {
            var count = 0;
            for (var i = 0; i < n * n * n; i++)
            {
                var x = new Vec3((i % n) + 0.5, (i / n % n) + 0.5, (i / (n * n)) + 0.5);
                count += region.Contains((1.0 / n * x) - new Vec3(0.5, 0.5, 0.5)) ? 1 : 0;
            }

            return (double)count / (n * n * n);
        }

        Assert.Equal(4 * Math.PI / 3 * 0.064, Volume(new Sphere(Vec3.Zero, 0.4)), 1e-3);
        Assert.Equal(Math.PI * 0.09 * 0.5, Volume(new Cylinder(new(0, -0.25, 0), new(0, 0.25, 0), 0.3)), 1e-3);
        Assert.Equal(0.5, Volume(new HalfSpace(Vec3.Zero, new(1, 2, 3))), 1e-3);
        Assert.Equal(0.2 * 0.3 * 0.4, Volume(new Block(new(-0.1, -0.2, -0.3), new(0.1, 0.1, 0.1))), 1e-3);
    }

    [Fact]
    public void Blocks_side_by_side_share_no_point_and_lose_none() => Gen.Select(_point, _number).Sample((x, cut) =>
    {
        const double far = double.PositiveInfinity;
        var left = new Block(new(-far, -far, -far), new(cut, far, far));
        var right = new Block(new(cut, -far, -far), new(far, far, far));
        var onCut = x with { X = cut };
        return left.Contains(x) != right.Contains(x) && !left.Contains(onCut) && right.Contains(onCut);
    });

    [Fact]
    public void What_is_no_body_is_refused()
    {
        Assert.Contains("above the lower", Assert.Throws<ScaleModelException>(() => new Block(new(0, 0, 0), new(1, 0, 1))).Message, StringComparison.Ordinal);
        Assert.Contains("radius of -1", Assert.Throws<ScaleModelException>(() => new Sphere(Vec3.Zero, -1)).Message, StringComparison.Ordinal);
        Assert.Contains("radius of NaN", Assert.Throws<ScaleModelException>(() => new Cylinder(Vec3.Zero, new(1, 0, 0), double.NaN)).Message, StringComparison.Ordinal);
        Assert.Contains("direction", Assert.Throws<ScaleModelException>(() => new Cylinder(new(1, 0, 0), new(1, 0, 0), 1)).Message, StringComparison.Ordinal);
        Assert.Contains("direction", Assert.Throws<ScaleModelException>(() => new HalfSpace(Vec3.Zero, Vec3.Zero)).Message, StringComparison.Ordinal);
    }
}

using ActorMultiscale.Physics.Coupling.Mapping;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Testing;

namespace ActorMultiscale.Tests.Coupling.Mapping;

// Every method under the contract, between clouds of every kind: on a line, a plane, a curved surface, in space, with a mesh and without.
public sealed class NearestNeighborMappingTests : MappingContract
{
    protected override MappingSpec Spec => new();
    protected override PointCloud From => Clouds.Random(700, 3, 1);
    protected override PointCloud To => Clouds.Random(900, 3, 2);
}

public sealed class FittedGradientMappingTests : MappingContract
{
    protected override MappingSpec Spec => new() { Method = MappingMethod.NearestNeighborGradient };
    protected override PointCloud From => Clouds.Random(700, 3, 3);
    protected override PointCloud To => Clouds.Random(900, 3, 4);
    protected override bool IsLinearlyExact => true;
}

public sealed class FittedGradientOnAPlaneMappingTests : MappingContract
{
    protected override MappingSpec Spec => new() { Method = MappingMethod.NearestNeighborGradient, GradientNeighbors = 8 };
    protected override PointCloud From => Clouds.Random(400, 2, 5);
    protected override PointCloud To => Clouds.Random(300, 2, 6);
    protected override bool IsLinearlyExact => true;
}

public sealed class NearestProjectionMappingTests : MappingContract
{
    protected override MappingSpec Spec => new() { Method = MappingMethod.NearestProjection };
    protected override PointCloud From => Clouds.Square(15);
    protected override PointCloud To => Clouds.Connected(Clouds.Random(300, 2, 8));
    protected override bool IsLinearlyExact => true;
}

public sealed class LinearCellMappingTests : MappingContract
{
    protected override MappingSpec Spec => new() { Method = MappingMethod.LinearCell };
    protected override PointCloud From => Clouds.Cube(6);
    protected override PointCloud To => Clouds.Connected(Clouds.Random(500, 3, 9));
    protected override bool IsLinearlyExact => true;
}

public sealed class DirectCompactMappingTests : MappingContract
{
    protected override MappingSpec Spec => new() { Method = MappingMethod.RadialBasis, SupportRadius = 0.4 };
    protected override PointCloud From => Clouds.Random(250, 3, 10);
    protected override PointCloud To => Clouds.Random(300, 3, 11);
    protected override bool IsLinearlyExact => true;
    protected override double RoundOff => 1e-12;
}

public sealed class DirectThinPlateMappingTests : MappingContract
{
    protected override MappingSpec Spec => new() { Method = MappingMethod.RadialBasis, Basis = RadialBasis.ThinPlateSpline, Polynomial = PolynomialTerm.On };
    protected override PointCloud From => Clouds.Random(250, 2, 12);
    protected override PointCloud To => Clouds.Random(300, 2, 13);
    protected override bool IsLinearlyExact => true;
    protected override double RoundOff => 1e-12;
}

public sealed class DirectWithoutPolynomialMappingTests : MappingContract
{
    protected override MappingSpec Spec => new() { Method = MappingMethod.RadialBasis, SupportRadius = 0.6, Basis = RadialBasis.CompactC2, Polynomial = PolynomialTerm.Off };
    protected override PointCloud From => Clouds.Random(250, 3, 14);
    protected override PointCloud To => Clouds.Random(300, 3, 15);
    protected override bool KeepsConstants => false;
    protected override double RoundOff => 1e-12;
}

public sealed class PartitionOfUnityMappingTests : MappingContract
{
    protected override MappingSpec Spec => new() { Method = MappingMethod.PartitionOfUnity, SupportRadius = 0.3, Basis = RadialBasis.CompactC4 };
    protected override PointCloud From => Clouds.Random(2000, 3, 16);
    protected override PointCloud To => Clouds.Random(1500, 3, 17);
    protected override bool IsLinearlyExact => true;
    protected override double RoundOff => 1e-12;
}

public sealed class PartitionOfUnityAsItComesMappingTests : MappingContract
{
    protected override MappingSpec Spec => new() { Method = MappingMethod.PartitionOfUnity };
    protected override PointCloud From => Clouds.Random(2000, 2, 26);
    protected override PointCloud To => Clouds.Random(1500, 2, 27);
    protected override bool IsLinearlyExact => true;

    // Random points come arbitrarily close to each other, and random values there make the interpolant swing.
    protected override double RoundOff => 1e-9;
}

public sealed class PartitionOfUnityOnASphereMappingTests : MappingContract
{
    protected override MappingSpec Spec => new() { Method = MappingMethod.PartitionOfUnity, SupportRadius = 0.5, Basis = RadialBasis.CompactC2 };
    protected override PointCloud From => Clouds.Sphere(1500, 18);
    protected override PointCloud To => Clouds.Sphere(1200, 19);
    protected override bool IsLinearlyExact => true;
    protected override double RoundOff => 1e-11;
}

public sealed class PartitionOfUnityOnAGridMappingTests : MappingContract
{
    protected override MappingSpec Spec => new() { Method = MappingMethod.PartitionOfUnity, SupportRadius = 0.3, Basis = RadialBasis.CompactC2 };
    protected override PointCloud From => Clouds.Square(31);
    protected override PointCloud To => Clouds.Square(26);
    protected override bool IsLinearlyExact => true;
    protected override double RoundOff => 1e-12;
}

public sealed class LucyAverageMappingTests : MappingContract
{
    protected override MappingSpec Spec => new() { Method = MappingMethod.KernelAverage, KernelWidth = 0.2 };
    protected override PointCloud From => Clouds.Random(700, 3, 20);
    protected override PointCloud To => Clouds.Random(600, 3, 21);
    protected override bool Interpolates => false;
}

public sealed class QuinticAverageMappingTests : MappingContract
{
    protected override MappingSpec Spec => new() { Method = MappingMethod.KernelAverage, KernelWidth = 0.05, Kernel = AveragingKernel.Quintic };
    protected override PointCloud From => Clouds.Random(400, 2, 22);
    protected override PointCloud To => Clouds.Random(600, 2, 23);
    protected override bool Interpolates => false;
}

public sealed class GaussianAverageMappingTests : MappingContract
{
    protected override MappingSpec Spec => new() { Method = MappingMethod.KernelAverage, KernelWidth = 0.15, Kernel = AveragingKernel.Gaussian };
    protected override PointCloud From => Clouds.Random(700, 3, 24);
    protected override PointCloud To => Clouds.Random(600, 3, 25);
    protected override bool Interpolates => false;
}

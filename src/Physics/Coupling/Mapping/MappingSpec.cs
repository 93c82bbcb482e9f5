using System.Collections.Immutable;
using System.Globalization;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Coupling.Mapping;

/// <summary>Which data mapping, as plain data. Lengths are in meters.</summary>
public sealed record MappingSpec
{
    /// <summary>The most points on either side of <see cref="MappingMethod.RadialBasis"/>: its matrix has as many numbers as the square.</summary>
    public const int GreatestDirect = 10_000;

    /// <summary>How a target value is made.</summary>
    public MappingMethod Method { get; init; } = MappingMethod.NearestNeighbor;

    /// <summary>What is kept.</summary>
    public MappingConstraint Constraint { get; init; } = MappingConstraint.Consistent;

    /// <summary>The radial basis function.</summary>
    public RadialBasis Basis { get; init; } = RadialBasis.CompactC4;

    /// <summary>What becomes of the linear part of the data in radial basis function mapping.</summary>
    public PolynomialTerm Polynomial { get; init; } = PolynomialTerm.Separate;

    /// <summary>
    /// Where a compact basis vanishes, m; for the Gaussian an alternative to <see cref="ShapeParameter"/>. <see cref="MappingMethod.PartitionOfUnity"/>
    /// may leave it out: each cluster then takes ten times the distance between its points.
    /// </summary>
    public double? SupportRadius { get; init; }

    /// <summary>The parameter s of multiquadrics, m, or of the Gaussian, 1/m.</summary>
    public double? ShapeParameter { get; init; }

    /// <summary>How many source points a cluster of <see cref="MappingMethod.PartitionOfUnity"/> interpolates, at least 8.</summary>
    public int ClusterSize { get; init; } = 50;

    /// <summary>How far the blending of neighboring clusters reaches to either side of their border, over the greatest extent of the points in the cluster's cell; above 0, at most 0.5.</summary>
    public double Overlap { get; init; } = 0.15;

    /// <summary>How many nearest points a gradient is fitted to, at least 3.</summary>
    public int GradientNeighbors { get; init; } = 12;

    /// <summary>The kernel of <see cref="MappingMethod.KernelAverage"/>.</summary>
    public AveragingKernel Kernel { get; init; } = AveragingKernel.Lucy;

    /// <summary>The distance at which the kernel vanishes, m.</summary>
    public double? KernelWidth { get; init; }

    private bool IsRadial => Method is MappingMethod.RadialBasis or MappingMethod.PartitionOfUnity;

    private bool IsCompact => Basis is RadialBasis.CompactC0 or RadialBasis.CompactC2 or RadialBasis.CompactC4 or RadialBasis.CompactC6 or RadialBasis.CompactC8 or RadialBasis.CompactThinPlateSpline;

    private bool IsScaled => Constraint is MappingConstraint.ScaledConsistentSurface or MappingConstraint.ScaledConsistentVolume;

    /// <summary>Everything that is wrong with these settings, one sentence each; empty if nothing is.</summary>
    public ImmutableArray<string> Faults()
    {
        var faults = ImmutableArray.CreateBuilder<string>();
        void Require(bool holds, FormattableString fault)
        {
            if (!holds)
            {
                faults.Add(fault.ToString(CultureInfo.InvariantCulture));
            }
        }

        static bool IsLength(double? x) => x is null || (x > 0 && double.IsFinite(x.Value));
        Require(Enum.IsDefined(Method), $"The method {Method} is not known.");
        Require(Enum.IsDefined(Constraint), $"The constraint {Constraint} is not known.");
        Require(Enum.IsDefined(Basis), $"The basis {Basis} is not known.");
        Require(Enum.IsDefined(Polynomial), $"The polynomial {Polynomial} is not known.");
        Require(Enum.IsDefined(Kernel), $"The kernel {Kernel} is not known.");
        Require(IsLength(SupportRadius), $"The support radius is {SupportRadius}; it is a positive number of meters.");
        Require(IsLength(ShapeParameter), $"The shape parameter is {ShapeParameter}; it is a positive number.");
        Require(IsLength(KernelWidth), $"The kernel width is {KernelWidth}; it is a positive number of meters.");
        Require(ClusterSize >= 8, $"The cluster size is {ClusterSize}; it is at least 8 points, and 50 is common.");
        Require(Overlap is > 0 and <= 0.5, $"The overlap is {Overlap}; it is above 0 and at most 0.5, and 0.15 is common.");
        Require(GradientNeighbors >= 3, $"The number of gradient neighbors is {GradientNeighbors}; it is at least 3.");
        if (IsRadial)
        {
            var ofShape = Basis is RadialBasis.Multiquadric or RadialBasis.InverseMultiquadric;
            var gaussian = Basis == RadialBasis.Gaussian;
            Require(!IsCompact || SupportRadius is not null || Method == MappingMethod.PartitionOfUnity, $"The basis {Basis} needs a support radius: ten times the distance between points is common.");
            Require(!ofShape || ShapeParameter is not null, $"The basis {Basis} needs a shape parameter: about the distance between points, in meters.");
            Require(!gaussian || SupportRadius is null != ShapeParameter is null, $"The basis {Basis} needs a support radius or a shape parameter, and not both.");
            Require(IsCompact || gaussian || SupportRadius is null, $"The basis {Basis} has no support radius, but {SupportRadius} is given.");
            Require(ofShape || gaussian || ShapeParameter is null, $"The basis {Basis} has no shape parameter, but {ShapeParameter} is given.");
        }
        else
        {
            Require(SupportRadius is null, $"The method {Method} has no support radius, but {SupportRadius} is given.");
            Require(ShapeParameter is null, $"The method {Method} has no shape parameter, but {ShapeParameter} is given.");
        }

        Require(Method == MappingMethod.KernelAverage || KernelWidth is null, $"The method {Method} has no kernel width, but {KernelWidth} is given.");
        Require(Method != MappingMethod.KernelAverage || KernelWidth is not null, $"The method {Method} needs a kernel width: some times the distance between points.");
        return faults.ToImmutable();
    }

    /// <summary>Everything that is wrong with these settings, or with mapping between these point sets by them, one sentence each.</summary>
    /// <param name="from">Where values come from.</param>
    /// <param name="to">Where values go to.</param>
    public ImmutableArray<string> Faults(PointCloud from, PointCloud to)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(to);
        var faults = Faults().ToBuilder();
        foreach (var (cloud, word) in new[] { (from, "come from"), (to, "go to") })
        {
            if (cloud.Count == 0)
            {
                faults.Add($"The point set that values {word} has no points; a mapping needs at least one.");
            }

            if (Method == MappingMethod.RadialBasis && cloud.Count > GreatestDirect)
            {
                faults.Add($"The point set that values {word} has {cloud.Count} points; {MappingMethod.RadialBasis} takes at most {GreatestDirect}. Use {MappingMethod.PartitionOfUnity}.");
            }

            if (IsScaled && Measure.Of(cloud, Constraint == MappingConstraint.ScaledConsistentVolume) is null)
            {
                faults.Add($"The point set that values {word} has no connectivity to integrate over; {Constraint} needs {(Constraint == MappingConstraint.ScaledConsistentVolume ? "tetrahedra, hexahedra, triangles or quadrilaterals" : "triangles, quadrilaterals or edges")}.");
            }
        }

        var (source, word2) = Constraint == MappingConstraint.Conservative ? (to, "go to") : (from, "come from");
        if (Method is MappingMethod.NearestProjection or MappingMethod.LinearCell && source.Connectivity.IsEmpty && source.Count > 1)
        {
            faults.Add($"The point set that values {word2} has no connectivity; {Method} interpolates between connected points. Declare edges, triangles or cells there, or use {MappingMethod.NearestNeighbor}.");
        }

        return faults.ToImmutable();
    }

    /// <summary>Makes the mapping.</summary>
    /// <param name="from">Where values come from.</param>
    /// <param name="to">Where values go to.</param>
    /// <param name="loop">Who works, now and when the mapping is applied; the result does not depend on it.</param>
    /// <exception cref="ArgumentException">Something is wrong with the settings or the point sets; the message lists everything that is.</exception>
    /// <exception cref="InvalidOperationException">The points do not determine the mapping: a radial basis matrix is singular or ill-conditioned.</exception>
    public IDataMapping Build(PointCloud from, PointCloud to, ChunkedLoop loop)
    {
        ArgumentNullException.ThrowIfNull(loop);
        var faults = Faults(from, to);
        if (!faults.IsEmpty)
        {
            throw new ArgumentException(string.Join(" ", faults));
        }

        // Conservative mapping is the transpose of the consistent one that leads the other way.
        var transposed = Constraint == MappingConstraint.Conservative;
        var (sources, targets) = transposed ? (to, from) : (from, to);
        IDataMapping mapping;
        if (IsRadial)
        {
            var blocks = Method == MappingMethod.RadialBasis
                ? RadialBlocks.Direct(sources, targets, this, transposed, loop)
                : RadialBlocks.Clusters(sources, targets, this, transposed, loop);
            mapping = new BlockMapping(from.Count, to.Count, transposed ? Array.ConvertAll(blocks, b => b.Transposed()) : blocks, loop);
        }
        else
        {
            var weights = Method switch
            {
                MappingMethod.NearestNeighborGradient => LocalWeights.FittedGradient(sources, targets, GradientNeighbors, loop),
                MappingMethod.NearestProjection => ProjectionWeights.Projection(sources, targets, loop),
                MappingMethod.LinearCell => ProjectionWeights.Cells(sources, targets, loop),
                MappingMethod.KernelAverage => LocalWeights.KernelAverage(sources, targets, Kernel, KernelWidth!.Value, loop),
                _ => NearestNeighbor.Build(sources, targets, loop).Weights,
            };
            mapping = new SparseMapping(transposed ? weights.Transposed() : weights, loop);
            if (Method == MappingMethod.NearestNeighborGradient && Constraint == MappingConstraint.Consistent)
            {
                mapping = new GradientMapping(mapping, from, to, loop);
            }
        }

        var ofVolume = Constraint == MappingConstraint.ScaledConsistentVolume;
        return IsScaled ? new ScaledMapping(mapping, Measure.Of(from, ofVolume)!, Measure.Of(to, ofVolume)!) : mapping;
    }

    /// <summary>The points of a cloud as vectors.</summary>
    internal static Vec3[] Points(PointCloud cloud)
    {
        var points = new Vec3[cloud.Count];
        for (var i = 0; i < points.Length; i++)
        {
            points[i] = new Vec3(cloud.Coordinates[3 * i], cloud.Coordinates[(3 * i) + 1], cloud.Coordinates[(3 * i) + 2]);
        }

        return points;
    }
}

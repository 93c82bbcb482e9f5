namespace ActorMultiscale.Physics.Coupling.Mapping;

/// <summary>How the value at a target point is made from values at source points.</summary>
public enum MappingMethod
{
    /// <summary>The value of the nearest source point; the lower index wins a tie. Order 1.</summary>
    NearestNeighbor,

    /// <summary>The value of the nearest source point and its gradient times the distance. Order 2. The gradient is fitted to the nearest values, or given: <see cref="GradientMapping"/>.</summary>
    NearestNeighborGradient,

    /// <summary>Linear interpolation at the closest point of the source's triangles and edges. Order 2.</summary>
    NearestProjection,

    /// <summary>Linear interpolation in the tetrahedron that contains the target; where none does, nearest projection. Order 2.</summary>
    LinearCell,

    /// <summary>Radial basis functions over all source points at once: a dense system. For some thousand points.</summary>
    RadialBasis,

    /// <summary>Radial basis functions over overlapping clusters of source points, blended smoothly. For any number of points.</summary>
    PartitionOfUnity,

    /// <summary>The mean of the source values around the target, weighted by a kernel of the distance (Shepard). Order 1; smooths.</summary>
    KernelAverage,
}

/// <summary>What a data mapping keeps.</summary>
public enum MappingConstraint
{
    /// <summary>Constants stay constant: for intensive quantities.</summary>
    Consistent,

    /// <summary>Sums stay equal: for extensive quantities. The transpose of the consistent mapping that leads the other way.</summary>
    Conservative,

    /// <summary>Consistent, then each component is scaled so that its integral over faces (or, without faces, edges) stays equal.</summary>
    ScaledConsistentSurface,

    /// <summary>Consistent, then each component is scaled so that its integral over cells (or, without cells, faces) stays equal.</summary>
    ScaledConsistentVolume,
}

/// <summary>A radial basis function φ(r). Compact ones vanish from the support radius R on; p = r/R.</summary>
public enum RadialBasis
{
    /// <summary>r² ln r (Duchon). Depends on the unit of length unless the polynomial is solved with it.</summary>
    ThinPlateSpline,

    /// <summary>r.</summary>
    VolumeSpline,

    /// <summary>√(s² + r²), s the shape parameter in m (Hardy).</summary>
    Multiquadric,

    /// <summary>1/√(s² + r²), s the shape parameter in m.</summary>
    InverseMultiquadric,

    /// <summary>exp(−(s r)²), s the shape parameter in 1/m, or from the support radius at which it has fallen to 10⁻⁹; cut there.</summary>
    Gaussian,

    /// <summary>(1−p)² (Wendland).</summary>
    CompactC0,

    /// <summary>(1−p)⁴ (4p+1) (Wendland).</summary>
    CompactC2,

    /// <summary>(1−p)⁶ (35p²+18p+3) (Wendland).</summary>
    CompactC4,

    /// <summary>(1−p)⁸ (32p³+25p²+8p+1) (Wendland).</summary>
    CompactC6,

    /// <summary>(1−p)¹⁰ (1287p⁴+1350p³+630p²+150p+15)  (after Wendland).</summary>
    CompactC8,

    /// <summary>1 − 30p² − 10p³ + 45p⁴ − 6p⁵ − 60p³ ln p.</summary>
    CompactThinPlateSpline,
}

/// <summary>What becomes of the linear part of the data in radial basis function mapping.</summary>
public enum PolynomialTerm
{
    /// <summary>No polynomial. Constants are then kept only approximately, and values far from all sources fall to zero.</summary>
    Off,

    /// <summary>A linear polynomial in one system with the radial part; a quadratic one in clusters of a partition of unity whose points determine it.</summary>
    On,

    /// <summary>A linear polynomial fitted first, by least squares; the radial part interpolates what is left. In clusters of a partition of unity the same as <see cref="On"/>, which errs less.</summary>
    Separate,
}

/// <summary>A kernel K(q) of the distance over its width, q = r/width.</summary>
public enum AveragingKernel
{
    /// <summary>(1+3q)(1−q)³ (L. B. Lucy, Astron. J. 82 (1977) 1013).</summary>
    Lucy,

    /// <summary>The quintic spline (3−Q)⁵ − 6(2−Q)⁵ + 15(1−Q)⁵ with Q = 3q, each term as long as it is positive (Morris, Fox, Zhu, J. Comput. Phys. 136 (1997) 214).</summary>
    Quintic,

    /// <summary>exp(−9 q²), cut at q = 1: the width is three of the lengths over which it falls to 1/e.</summary>
    Gaussian,
}

namespace ActorMultiscale.Physics.Coupling.Mapping;

/// <summary>A radial basis function with its lengths, as a function of the squared distance.</summary>
/// <remarks>
/// Compact ones after H. Wendland, Adv. Comput. Math. 4 (1995) 389, in three dimensions; multiquadrics after R. L. Hardy, J. Geophys.
/// Res. 76 (1971) 1905; thin plates after J. Duchon, RAIRO Anal. Numér. 10 (1976) 5. Constant factors do not matter and are left out.
/// </remarks>
internal readonly struct RadialFunction
{
    // Where a Gaussian is cut.
    private const double GaussianFloor = 1e-9;

    private readonly RadialBasis _basis;
    private readonly double _length;
    private readonly double _squaredCut;
    private readonly double _shift;

    public RadialFunction(RadialBasis basis, double? supportRadius, double? shapeParameter)
    {
        _basis = basis;
        (_length, _squaredCut) = basis switch
        {
            RadialBasis.ThinPlateSpline or RadialBasis.VolumeSpline => (1, double.PositiveInfinity),
            RadialBasis.Multiquadric or RadialBasis.InverseMultiquadric => (shapeParameter!.Value, double.PositiveInfinity),
            RadialBasis.Gaussian when shapeParameter is { } s => (s, -Math.Log(GaussianFloor) / (s * s)),
            RadialBasis.Gaussian => (Math.Sqrt(-Math.Log(GaussianFloor)) / supportRadius!.Value, supportRadius.Value * supportRadius.Value),
            _ => (1 / supportRadius!.Value, supportRadius.Value * supportRadius.Value),
        };

        // A Gaussian that is cut would jump; it is shifted so that it does not.
        _shift = basis == RadialBasis.Gaussian ? GaussianFloor : 0;
    }

    /// <summary>φ at the distance r, given r² in m².</summary>
    public double At(double squared)
    {
        if (squared >= _squaredCut)
        {
            return 0;
        }

        switch (_basis)
        {
            case RadialBasis.ThinPlateSpline:
                return squared > 0 ? 0.5 * squared * Math.Log(squared) : 0;
            case RadialBasis.VolumeSpline:
                return Math.Sqrt(squared);
            case RadialBasis.Multiquadric:
                return Math.Sqrt((_length * _length) + squared);
            case RadialBasis.InverseMultiquadric:
                return 1 / Math.Sqrt((_length * _length) + squared);
            case RadialBasis.Gaussian:
                return Math.Exp(-_length * _length * squared) - _shift;
        }

        var p = Math.Sqrt(squared) * _length;
        var q = Math.Max(0, 1 - p);
        var (q2, q4) = (q * q, q * q * q * q);
        return _basis switch
        {
            RadialBasis.CompactC0 => q2,
            RadialBasis.CompactC2 => q4 * ((4 * p) + 1),
            RadialBasis.CompactC4 => q4 * q2 * ((((35 * p) + 18) * p) + 3),
            RadialBasis.CompactC6 => q4 * q4 * ((((((32 * p) + 25) * p) + 8) * p) + 1),
            RadialBasis.CompactC8 => q4 * q4 * q2 * ((((((((1287 * p) + 1350) * p) + 630) * p) + 150) * p) + 15),
            _ => p > 0 ? 1 + (p * p * (-30 + (p * (-10 + (p * (45 - (6 * p))) - (60 * Math.Log(p)))))) : 1,
        };
    }
}

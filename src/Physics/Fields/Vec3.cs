namespace ActorMultiscale.Physics.Fields;

/// <summary>A vector of three Cartesian components, in whatever unit its user states.</summary>
/// <param name="X">Component along x.</param>
/// <param name="Y">Component along y.</param>
/// <param name="Z">Component along z.</param>
public readonly record struct Vec3(double X, double Y, double Z)
{
    /// <summary>The null vector.</summary>
    public static Vec3 Zero => default;

    /// <summary>The component of the given index: 0 is x, 1 is y, 2 is z.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The index is not 0, 1 or 2.</exception>
    public double this[int axis] => axis switch
    {
        0 => X,
        1 => Y,
        2 => Z,
        _ => throw new ArgumentOutOfRangeException(nameof(axis), axis, "A vector has the components 0, 1 and 2."),
    };

    /// <summary>a · b.</summary>
    public static double Dot(Vec3 a, Vec3 b) => (a.X * b.X) + (a.Y * b.Y) + (a.Z * b.Z);

    /// <summary>a × b.</summary>
    public static Vec3 Cross(Vec3 a, Vec3 b) =>
        new((a.Y * b.Z) - (a.Z * b.Y), (a.Z * b.X) - (a.X * b.Z), (a.X * b.Y) - (a.Y * b.X));

    /// <summary>v · v.</summary>
    public double NormSquared => Dot(this, this);

    /// <summary>|v|.</summary>
    public double Norm => Math.Sqrt(NormSquared);

    /// <summary>v / |v|.</summary>
    /// <exception cref="InvalidOperationException">The vector is null or not finite.</exception>
    public Vec3 Normalized() =>
        Norm is > 0 and < double.PositiveInfinity ? this / Norm : throw new InvalidOperationException($"The vector {this} has no direction.");

    /// <summary>The sum.</summary>
    public static Vec3 operator +(Vec3 a, Vec3 b) => new(a.X + b.X, a.Y + b.Y, a.Z + b.Z);

    /// <summary>The difference.</summary>
    public static Vec3 operator -(Vec3 a, Vec3 b) => new(a.X - b.X, a.Y - b.Y, a.Z - b.Z);

    /// <summary>The opposite vector.</summary>
    public static Vec3 operator -(Vec3 a) => new(-a.X, -a.Y, -a.Z);

    /// <summary>The vector stretched by a factor.</summary>
    public static Vec3 operator *(double factor, Vec3 a) => new(factor * a.X, factor * a.Y, factor * a.Z);

    /// <summary>The vector divided by a number.</summary>
    public static Vec3 operator /(Vec3 a, double divisor) => new(a.X / divisor, a.Y / divisor, a.Z / divisor);
}

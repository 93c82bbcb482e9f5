using System.Collections.Immutable;
using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Particles.Interactions;

/// <summary>The energy of three atoms 1-2-3 by their angle θ at the second. Implement it as a struct.</summary>
public interface IAngleLaw
{
    /// <summary>How many kinds of angles there are parameters for.</summary>
    int Kinds { get; }

    /// <summary>E′(θ) and E(θ).</summary>
    /// <param name="angle">θ in radians, 0 to π.</param>
    /// <param name="kind">The kind of the angle: below <see cref="Kinds"/>.</param>
    /// <param name="energy">E(θ).</param>
    double Slope(double angle, int kind, out double energy);
}

/// <summary>
/// Forces of an angle, with a = x₁ − x₂, b = x₃ − x₂, n = a × b, θ = atan2(|n|, a·b):
/// f₁ = −E′(θ) a × n/(|a|²|n|), f₃ = −E′(θ) n × b/(|b|²|n|), f₂ = −f₁ − f₃.
/// </summary>
/// <remarks>Three atoms in a line have no plane in which they could bend: they then have no force.</remarks>
internal readonly unsafe struct AngleTerm<TLaw>(TLaw law) : ITerm where TLaw : struct, IAngleLaw
{
    public static int Size => 3;

    public static string Name => "angle";

    public int Kinds => law.Kinds;

    public static ImmutableArray<Connection> Of(AtomConfiguration atoms) => atoms.Angles;

    public double Forces(Vec3* d, Vec3* f, int kind)
    {
        var (a, b) = (d[0], -d[1]);
        var n = Vec3.Cross(a, b);
        var sine = n.Norm;
        var slope = law.Slope(Math.Atan2(sine, Vec3.Dot(a, b)), kind, out var energy);
        if (sine == 0)
        {
            (f[0], f[1], f[2]) = (Vec3.Zero, Vec3.Zero, Vec3.Zero);
            return energy;
        }

        f[0] = -slope / (a.NormSquared * sine) * Vec3.Cross(a, n);
        f[2] = -slope / (b.NormSquared * sine) * Vec3.Cross(n, b);
        f[1] = -(f[0] + f[2]);
        return energy;
    }
}

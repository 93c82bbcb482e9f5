using System.Collections.Immutable;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles.Building;

/// <summary>
/// A part of space, for choosing atoms. Immutable. Lengths are in the unit of length of the atoms. Regions combine: <c>a | b</c> is what lies in either,
/// <c>a &amp; b</c> what lies in both, <c>!a</c> what lies outside, <c>a - b</c> what lies in the first but not in the second.
/// </summary>
public abstract record Region
{
    /// <summary>Everything.</summary>
    public static Region Everywhere { get; } = new Intersection([]);

    /// <summary>Nothing.</summary>
    public static Region Nowhere { get; } = new Union([]);

    /// <summary>Whether the point lies in the region.</summary>
    public abstract bool Contains(Vec3 x);

    /// <summary>What lies in either.</summary>
    public static Region operator |(Region a, Region b) => new Union([a, b]);

    /// <summary>What lies in both.</summary>
    public static Region operator &(Region a, Region b) => new Intersection([a, b]);

    /// <summary>What lies outside.</summary>
    public static Region operator !(Region a) => new Complement(a);

    /// <summary>What lies in the first but not in the second.</summary>
    public static Region operator -(Region a, Region b) => a & !b;

    /// <summary>What lies in either.</summary>
    public static Region BitwiseOr(Region left, Region right) => left | right;

    /// <summary>What lies in both.</summary>
    public static Region BitwiseAnd(Region left, Region right) => left & right;

    /// <summary>What lies outside.</summary>
    public static Region LogicalNot(Region region) => !region;

    /// <summary>What lies in the first but not in the second.</summary>
    public static Region Subtract(Region left, Region right) => left - right;
}

/// <summary>
/// The block low ≤ x &lt; high, component by component: blocks side by side share no point. A bound may be infinite.
/// </summary>
public sealed record Block : Region
{
    /// <summary>A block.</summary>
    /// <param name="low">The lower bounds, which belong to it.</param>
    /// <param name="high">The upper bounds, which do not.</param>
    /// <exception cref="ScaleModelException">An upper bound is not above the lower one.</exception>
    public Block(Vec3 low, Vec3 high)
    {
        (Low, High) = low.X < high.X && low.Y < high.Y && low.Z < high.Z
            ? (low, high)
            : throw new ScaleModelException(FormattableString.Invariant($"A block from {low} to {high} is asked for; every upper bound must be above the lower one."));
    }

    /// <summary>The lower bounds.</summary>
    public Vec3 Low { get; }

    /// <summary>The upper bounds.</summary>
    public Vec3 High { get; }

    /// <inheritdoc/>
    public override bool Contains(Vec3 x) =>
        x.X >= Low.X && x.X < High.X && x.Y >= Low.Y && x.Y < High.Y && x.Z >= Low.Z && x.Z < High.Z;
}

/// <summary>The ball |x − center| ≤ radius.</summary>
public sealed record Sphere : Region
{
    /// <summary>A ball.</summary>
    /// <exception cref="ScaleModelException">The radius is not above zero.</exception>
    public Sphere(Vec3 center, double radius)
    {
        (Center, Radius) = (center, Require.Radius(radius));
    }

    /// <summary>Its center.</summary>
    public Vec3 Center { get; }

    /// <summary>Its radius.</summary>
    public double Radius { get; }

    /// <inheritdoc/>
    public override bool Contains(Vec3 x) => (x - Center).NormSquared <= Radius * Radius;
}

/// <summary>The round bar between two flat ends: with t = (x − start) · axis / |axis|², the points of 0 ≤ t &lt; 1 no further than the radius from the axis.</summary>
public sealed record Cylinder : Region
{
    /// <summary>A round bar.</summary>
    /// <param name="start">The middle of one end, which belongs to it.</param>
    /// <param name="end">The middle of the other, which does not.</param>
    /// <param name="radius">Its radius.</param>
    /// <exception cref="ScaleModelException">The ends coincide, or the radius is not above zero.</exception>
    public Cylinder(Vec3 start, Vec3 end, double radius)
    {
        (Start, Axis, Radius) = (start, Require.Direction(end - start), Require.Radius(radius));
    }

    /// <summary>The middle of the first end.</summary>
    public Vec3 Start { get; }

    /// <summary>From the first end to the second.</summary>
    public Vec3 Axis { get; }

    /// <summary>Its radius.</summary>
    public double Radius { get; }

    /// <inheritdoc/>
    public override bool Contains(Vec3 x)
    {
        var r = x - Start;
        var t = Vec3.Dot(r, Axis) / Axis.NormSquared;
        return t is >= 0 and < 1 && (r - (t * Axis)).NormSquared <= Radius * Radius;
    }
}

/// <summary>One side of a plane: (x − point) · normal ≤ 0. The normal points out of it.</summary>
public sealed record HalfSpace : Region
{
    /// <summary>One side of a plane.</summary>
    /// <exception cref="ScaleModelException">The normal has no direction.</exception>
    public HalfSpace(Vec3 point, Vec3 normal)
    {
        (Point, Normal) = (point, Require.Direction(normal));
    }

    /// <summary>A point of the plane.</summary>
    public Vec3 Point { get; }

    /// <summary>The outward normal, of any length.</summary>
    public Vec3 Normal { get; }

    /// <inheritdoc/>
    public override bool Contains(Vec3 x) => Vec3.Dot(x - Point, Normal) <= 0;
}

/// <summary>What lies in any of the parts; nothing if there are none.</summary>
/// <param name="Parts">The parts.</param>
public sealed record Union(ImmutableArray<Region> Parts) : Region
{
    /// <inheritdoc/>
    public override bool Contains(Vec3 x) => Parts.Any(part => part.Contains(x));
}

/// <summary>What lies in all of the parts; everything if there are none.</summary>
/// <param name="Parts">The parts.</param>
public sealed record Intersection(ImmutableArray<Region> Parts) : Region
{
    /// <inheritdoc/>
    public override bool Contains(Vec3 x) => Parts.All(part => part.Contains(x));
}

/// <summary>What does not lie in another region.</summary>
/// <param name="Outside">The other region.</param>
public sealed record Complement(Region Outside) : Region
{
    /// <inheritdoc/>
    public override bool Contains(Vec3 x) => !Outside.Contains(x);
}

internal static class Require
{
    public static double Radius(double radius) => radius is > 0 and < double.PositiveInfinity
        ? radius
        : throw new ScaleModelException(FormattableString.Invariant($"A radius of {radius} is asked for; it must be finite and above zero."));

    public static Vec3 Direction(Vec3 direction) => direction.NormSquared is > 0 and < double.PositiveInfinity
        ? direction
        : throw new ScaleModelException(FormattableString.Invariant($"{direction} is to be a direction; it must be finite, and not null."));
}

using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Particles.Measures;

/// <summary>A straight line y = intercept + slope x.</summary>
/// <param name="Slope">dy/dx.</param>
/// <param name="Intercept">y at x = 0.</param>
public readonly record struct StraightLine(double Slope, double Intercept)
{
    /// <summary>The line through points by least squares: slope = Σ (x − x̄) y / Σ (x − x̄)².</summary>
    /// <exception cref="ScaleModelException">There are fewer than two different x.</exception>
    public static StraightLine Through(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(y.Length, x.Length);
        var mean = FixedOrderSum.Of(x) / x.Length;
        var off = x.ToArray();
        for (var i = 0; i < off.Length; i++)
        {
            off[i] -= mean;
        }

        var spread = FixedOrderSum.Dot(off, off);
        if (!(spread > 0))
        {
            throw new ScaleModelException(FormattableString.Invariant($"A straight line is asked for through {x.Length} points; it needs two or more at different places."));
        }

        var slope = FixedOrderSum.Dot(off, y) / spread;
        return new(slope, (FixedOrderSum.Of(y) / y.Length) - (slope * mean));
    }
}

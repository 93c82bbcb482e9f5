using System.Collections.Immutable;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Bridging;

/// <summary>
/// The partition of mass and energy between atoms and continuum in a handshake region on a line, atoms on the left:
/// the continuum has the weight α(X), the atoms have 1 − α(X), and both weights are kept above a floor.
/// </summary>
/// <remarks>
/// $α = 0$ for X ≤ from, 1 for X ≥ to, and a ramp of $s = (X − \text{from})/(\text{to} − \text{from})$ between. Without the floor the
/// weighted masses vanish at the ends of the ramp, and the matrix of the constraint is singular there.
/// After: S. P. Xiao, T. Belytschko, Comput. Methods Appl. Mech. Eng. 193 (2004) 1645.
/// </remarks>
public sealed class BlendingFunction
{
    private readonly RampShape _shape;

    /// <summary>A ramp over the overlap [<paramref name="from"/>, <paramref name="to"/>].</summary>
    /// <param name="from">Where the continuum begins, in lattice units of the experiment.</param>
    /// <param name="to">Where the atoms end; greater than <paramref name="from"/>.</param>
    /// <param name="floor">The least weight of either side, 0 to ½.</param>
    /// <param name="shape">The ramp.</param>
    public BlendingFunction(double from, double to, double floor, RampShape shape)
    {
        if (!(to > from))
        {
            throw new ScaleModelException(FormattableString.Invariant($"The overlap runs from {from} to {to}; its end must lie beyond its beginning. See the settings 'overlap-from' and 'overlap-to'."));
        }

        ArgumentOutOfRangeException.ThrowIfNegative(floor);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(floor, 0.5);
        (From, To, Floor, _shape) = (from, to, floor, shape);
    }

    /// <summary>Where the continuum begins, lattice units.</summary>
    public double From { get; }

    /// <summary>Where the atoms end, lattice units.</summary>
    public double To { get; }

    /// <summary>The least weight of either side, a pure number.</summary>
    public double Floor { get; }

    /// <summary>The settings by which a model learns of the overlap; the same for atoms, bar and handshake.</summary>
    public static ImmutableArray<Setting> Settings { get; } =
    [
        Setting.Number("overlap-from", "1", "where the bar begins", 360),
        Setting.Number("overlap-to", "1", "where the atoms end", 400),
        Setting.Number("weight-floor", "1", "the least share of mass and energy that either side keeps in the overlap", 0.01, min: 0, max: 0.5),
        Setting.Choice("ramp", "how the share of the bar grows across the overlap", ["linear", "cubic"], "linear"),
    ];

    /// <summary>The blending function that <paramref name="settings"/> describe.</summary>
    public static BlendingFunction Read(ModelSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return new(settings.Number("overlap-from"), settings.Number("overlap-to"), settings.Number("weight-floor"),
            settings.Choice("ramp") == "linear" ? RampShape.Linear : RampShape.Cubic);
    }

    /// <summary>The share of the continuum at <paramref name="x"/> without the floor: α, 0 to 1.</summary>
    public double Alpha(double x)
    {
        var s = Math.Clamp((x - From) / (To - From), 0, 1);
        return _shape == RampShape.Linear ? s : s * s * (3 - (2 * s));
    }

    /// <summary>The weight of the continuum at <paramref name="x"/>: max(α, floor).</summary>
    public double OfContinuum(double x) => Math.Max(Alpha(x), Floor);

    /// <summary>The weight of the atoms at <paramref name="x"/>: max(1 − α, floor).</summary>
    public double OfAtoms(double x) => Math.Max(1 - Alpha(x), Floor);
}

using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles.Interactions;

/// <summary>What a flat wall does to an atom at a distance. Implement it as a struct.</summary>
public interface IWallProfile
{
    /// <summary>Atoms at this distance and beyond do not feel the wall.</summary>
    double Cutoff { get; }

    /// <summary>−E′(r) and E(r).</summary>
    /// <param name="distance">r, above zero and below the cutoff.</param>
    /// <param name="energy">E(r).</param>
    double Force(double distance, out double energy);
}

/// <summary>A flat wall: atoms live on the side to which the normal points, and feel the wall up to a cutoff. An atom in or behind it is an error.</summary>
public readonly struct FlatWall<TProfile> : IExternalField where TProfile : struct, IWallProfile
{
    private readonly TProfile _profile;
    private readonly Vec3 _point;
    private readonly Vec3 _normal;

    /// <summary>The wall through <paramref name="point"/>.</summary>
    /// <param name="point">A point of the wall.</param>
    /// <param name="normal">The direction to the side on which atoms live; of any length above zero.</param>
    /// <param name="profile">What it does.</param>
    /// <exception cref="ScaleModelException">There is no normal.</exception>
    public FlatWall(Vec3 point, Vec3 normal, TProfile profile)
    {
        if (!(normal.NormSquared > 0) || !double.IsFinite(normal.NormSquared + point.NormSquared))
        {
            throw new ScaleModelException(FormattableString.Invariant($"A wall goes through {point} and has the normal {normal}; the point is finite, and the normal longer than zero."));
        }

        (_profile, _point, _normal) = (profile, point, normal.Normalized());
    }

    /// <inheritdoc/>
    public Vec3 Force(in FieldAtom atom, out double energy)
    {
        var distance = Vec3.Dot(_normal, atom.Position - _point);
        energy = 0;
        return distance >= _profile.Cutoff ? Vec3.Zero
            : distance > 0 ? _profile.Force(distance, out energy) * _normal
            : throw new ScaleModelException(FormattableString.Invariant($"An atom, the one of index {atom.Index}, is {-distance} behind a wall through {_point}: the time step is probably too long, or the wall stands in the wrong place."));
    }

    /// <inheritdoc/>
    public string? Fault(AtomConfiguration atoms)
    {
        ArgumentNullException.ThrowIfNull(atoms);

        return PeriodicSides.Across(atoms.Box, _normal) is { } side
            ? $"The box is periodic along side {side}, which leads through a wall: images of atoms would lie behind it."
            : null;
    }
}

/// <summary>
/// E = ε[(2/15)(σ/r)⁹ − (σ/r)³], shifted to vanish at the cutoff: a half-space of Lennard-Jones atoms
/// (W. A. Steele, Surf. Sci. 36 (1973) 317; LAMMPS <c>fix wall/lj93</c>).
/// </summary>
public readonly struct LennardJones93Wall : IWallProfile
{
    private readonly double _epsilon;
    private readonly double _sigma;
    private readonly double _offset;

    /// <summary>A wall of this strength, size and cutoff.</summary>
    /// <exception cref="ScaleModelException">A number is not finite, or not above zero.</exception>
    public LennardJones93Wall(double epsilon, double sigma, double cutoff)
    {
        WallNumbers.Check(epsilon, sigma, cutoff);
        (_epsilon, _sigma, Cutoff) = (epsilon, sigma, cutoff);
        _ = Force(cutoff, out _offset);
    }

    /// <inheritdoc/>
    public double Cutoff { get; }

    /// <inheritdoc/>
    public double Force(double distance, out double energy)
    {
        // −E′ = ε[(6/5) s⁹ − 3 s³]/r
        var s = _sigma / distance;
        var s3 = s * s * s;
        var s9 = s3 * s3 * s3;
        energy = (_epsilon * ((2.0 / 15 * s9) - s3)) - _offset;
        return _epsilon * ((1.2 * s9) - (3 * s3)) / distance;
    }
}

/// <summary>E = 4ε[(σ/r)¹² − (σ/r)⁶], shifted to vanish at the cutoff: an atom at the nearest point of the wall (LAMMPS <c>fix wall/lj126</c>).</summary>
public readonly struct LennardJones126Wall : IWallProfile
{
    private readonly double _epsilon;
    private readonly double _sigma;
    private readonly double _offset;

    /// <summary>A wall of this strength, size and cutoff.</summary>
    /// <exception cref="ScaleModelException">A number is not finite, or not above zero.</exception>
    public LennardJones126Wall(double epsilon, double sigma, double cutoff)
    {
        WallNumbers.Check(epsilon, sigma, cutoff);
        (_epsilon, _sigma, Cutoff) = (epsilon, sigma, cutoff);
        _ = Force(cutoff, out _offset);
    }

    /// <inheritdoc/>
    public double Cutoff { get; }

    /// <inheritdoc/>
    public double Force(double distance, out double energy)
    {
        // −E′ = ε[48 s¹² − 24 s⁶]/r
        var s = _sigma / distance;
        var s6 = s * s * s * s * s * s;
        energy = (4 * _epsilon * s6 * (s6 - 1)) - _offset;
        return _epsilon * s6 * ((48 * s6) - 24) / distance;
    }
}

/// <summary>E = K (r_c − r)²: repulsive only, with the half part of K (LAMMPS <c>fix wall/harmonic</c>).</summary>
public readonly struct HarmonicWall : IWallProfile
{
    private readonly double _stiffness;

    /// <summary>A wall of this K and cutoff.</summary>
    /// <exception cref="ScaleModelException">A number is not finite, or not above zero.</exception>
    public HarmonicWall(double stiffness, double cutoff)
    {
        WallNumbers.Check(stiffness, 1, cutoff);
        (_stiffness, Cutoff) = (stiffness, cutoff);
    }

    /// <inheritdoc/>
    public double Cutoff { get; }

    /// <inheritdoc/>
    public double Force(double distance, out double energy)
    {
        // −E′ = 2K (r_c − r)
        var depth = Cutoff - distance;
        energy = _stiffness * depth * depth;
        return 2 * _stiffness * depth;
    }
}

internal static class WallNumbers
{
    public static void Check(double strength, double sigma, double cutoff)
    {
        if (!(strength >= 0 && sigma > 0 && cutoff > 0) || !double.IsFinite(strength + sigma + cutoff))
        {
            throw new ScaleModelException(FormattableString.Invariant($"A wall has the strength {strength}, σ = {sigma} and cutoff = {cutoff}; the strength is zero or more, the others are above zero."));
        }
    }
}

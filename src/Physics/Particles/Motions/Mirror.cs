using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles.Motions;

/// <summary>A flat mirror: an atom that a drift brings behind it is put as far before it, and its velocity across it is turned around (LAMMPS <c>fix wall/reflect</c>).</summary>
/// <remarks>Where atoms have no inertia (<see cref="Brownian"/>) only their places are reflected. No energy is given or taken. Time may run backward through a reflection, so that energy drifts no more than without mirrors.</remarks>
public sealed record Mirror
{
    /// <summary>A mirror through <paramref name="point"/>.</summary>
    /// <param name="point">A point of it.</param>
    /// <param name="normal">The direction to the side on which the atoms are; of any length above zero.</param>
    /// <exception cref="ScaleModelException">There is no normal.</exception>
    public Mirror(Vec3 point, Vec3 normal)
    {
        if (!(normal.NormSquared > 0) || !double.IsFinite(normal.NormSquared + point.NormSquared))
        {
            throw new ScaleModelException(FormattableString.Invariant($"A mirror goes through {point} and has the normal {normal}; the point is finite, and the normal longer than zero."));
        }

        (Point, Normal) = (point, normal.Normalized());
    }

    /// <summary>A point of it.</summary>
    public Vec3 Point { get; }

    /// <summary>The direction to the side on which the atoms are, of length one.</summary>
    public Vec3 Normal { get; }

    /// <summary>How far a point lies before the mirror; below zero: behind it.</summary>
    public double Distance(Vec3 x) => Vec3.Dot(Normal, x - Point);

    /// <summary>Refuses a box whose images would lie behind the mirror.</summary>
    internal void Check(SimulationBox box)
    {
        if (PeriodicSides.Across(box, Normal) is { } side)
        {
            throw new ScaleModelException($"The box is periodic along side {side}, which leads through a mirror: images of atoms would lie behind it.");
        }
    }

    /// <summary>Refuses atoms behind the mirror, and a box whose images would be.</summary>
    internal void Check(AtomConfiguration atoms)
    {
        Check(atoms.Box);

        var behind = Array.FindIndex(atoms.Positions, x => !(Distance(x) >= 0));
        if (behind >= 0)
        {
            throw new ScaleModelException(FormattableString.Invariant($"Atom {atoms.IdOf(behind)} is {-Distance(atoms.Positions[behind])} behind a mirror through {Point}, whose normal {Normal} leads to where atoms are to be."));
        }
    }
}

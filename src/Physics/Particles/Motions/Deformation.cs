using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles.Motions;

/// <summary>How rates are meant.</summary>
public enum StrainRate
{
    /// <summary>A share of the first length in a unit of time: L(t) = L₀(1 + ε̇t).</summary>
    Engineering,

    /// <summary>A share of the present length in a unit of time: L(t) = L₀ e^(ε̇t).</summary>
    True,
}

/// <summary>
/// A box that is pulled and sheared at constant rates. Atoms go with it: each keeps its fractions of the cell vectors, apart from its own
/// motion (LAMMPS: <c>fix deform … remap x</c> with <c>erate</c> or <c>trate</c>).
/// </summary>
/// <remarks>
/// h(t) = (E(t) + S t) h₀ with E the stretch along the axes x, y, z and S what shears: x moves by S_xy y t, x by S_xz z t, y by S_yz z t. In a box
/// whose cell vectors are the columns of an upper triangle that is the tilt T(t) = T₀ + L₀ γ̇ t of LAMMPS, if not stretched at once along that axis.
/// Boxes are not flipped: a box that has been sheared for long becomes long and thin, and its images many.
/// </remarks>
/// <param name="Rates">ε̇ along x, y and z, in one by the unit of time.</param>
/// <param name="Shears">γ̇: S_yz, S_xz, S_xy, in one by the unit of time.</param>
/// <param name="Kind">How <paramref name="Rates"/> are meant; shears are always of the first lengths.</param>
public sealed record Deformation(Vec3 Rates, Vec3 Shears = default, StrainRate Kind = StrainRate.Engineering)
{
    private const double LeastHeight = 0.1;

    /// <summary>Pulling along an axis, 0 to 2.</summary>
    public static Deformation Tension(int axis, double rate, StrainRate kind = StrainRate.Engineering) =>
        new(new(axis == 0 ? rate : 0, axis == 1 ? rate : 0, axis == 2 ? rate : 0), default, kind);

    /// <summary>Shearing: x moves with y.</summary>
    public static Deformation ShearXY(double rate) => new(default, new(0, 0, rate));

    /// <summary>The box that <paramref name="start"/> has become.</summary>
    /// <param name="start">The box at time 0.</param>
    /// <param name="time">t.</param>
    /// <exception cref="ScaleModelException">Nothing is left of the box, or it is ten times as thin as it was at the same volume.</exception>
    public SimulationBox At(SimulationBox start, double time)
    {
        ArgumentNullException.ThrowIfNull(start);
        double Stretch(double rate) => Kind == StrainRate.True ? Math.Exp(rate * time) : 1 + (rate * time);
        var (x, y, z) = (Stretch(Rates.X), Stretch(Rates.Y), Stretch(Rates.Z));
        if (!(x > 0 && y > 0 && z > 0 && double.IsFinite(x * y * z)))
        {
            throw new ScaleModelException(FormattableString.Invariant($"After a time of {time} the box would be stretched by the factors {x}, {y} and {z}: nothing is left of it. Pull for a shorter time, or more slowly."));
        }

        var shear = time * Shears;
        var box = start.Deformed(new(x, shear.Z, shear.Y, 0, y, shear.X, 0, 0, z));
        var (before, now) = (start.Heights, box.Heights);
        for (var side = 0; side < 3; side++)
        {
            var least = LeastHeight * before[side] * Math.Min(x, Math.Min(y, z));
            if (now[side] < least)
            {
                throw new ScaleModelException(FormattableString.Invariant($"After a time of {time} the box has been sheared so far that it is {now[side]} thick along side {"abc"[side]}, from {before[side]} at first. Boxes are not flipped here: shear less far, or go on from a box with the same images that is less skewed."));
            }
        }

        return box;
    }
}

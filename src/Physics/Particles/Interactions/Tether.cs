using System.Collections.Immutable;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles.Interactions;

/// <summary>Springs from atoms to points that stay: E = ½ K |x − x₀|², by unwrapped positions (LAMMPS <c>fix spring/self</c>).</summary>
public readonly struct Tether : IExternalField
{
    private readonly double _stiffness;
    private readonly ImmutableArray<Vec3> _anchors;         // One for each atom, or one for all.

    private Tether(double stiffness, ImmutableArray<Vec3> anchors)
    {
        if (!(stiffness >= 0) || !double.IsFinite(stiffness) || anchors.Any(x => !double.IsFinite(x.NormSquared)))
        {
            throw new ScaleModelException(FormattableString.Invariant($"A tether has K = {stiffness}; it is zero or more, and the points are finite."));
        }

        (_stiffness, _anchors) = (stiffness, anchors);
    }

    /// <summary>Every atom to one point.</summary>
    /// <exception cref="ScaleModelException">A number makes no sense.</exception>
    public static Tether ToPoint(double stiffness, Vec3 point) => new(stiffness, [point]);

    /// <summary>Every atom to a point of its own: where it stood in a configuration, for instance.</summary>
    /// <exception cref="ScaleModelException">A number makes no sense.</exception>
    public static Tether ToPoints(double stiffness, ImmutableArray<Vec3> points) => new(stiffness, points);

    /// <inheritdoc/>
    public Vec3 Force(in FieldAtom atom, out double energy)
    {
        var d = atom.Unwrapped - (_anchors.Length == 1 ? _anchors[0] : _anchors[atom.Index]);
        energy = 0.5 * _stiffness * d.NormSquared;
        return -_stiffness * d;
    }

    /// <inheritdoc/>
    public string? Fault(AtomConfiguration atoms)
    {
        ArgumentNullException.ThrowIfNull(atoms);
        return _anchors.Length == 1 || _anchors.Length == atoms.Count ? null : $"There are {_anchors.Length} points for the tethers of {atoms.Count} atoms; there is one for all, or one for each.";
    }
}

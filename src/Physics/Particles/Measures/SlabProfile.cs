using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles.Measures;

/// <summary>Density, velocity and temperature along one side of a box that is cut into slabs of the same thickness, the mean over all that was added.</summary>
public sealed class SlabProfile
{
    private readonly double[] _atoms;
    private readonly double[] _masses;
    private readonly Vec3[] _momenta;
    private readonly double[] _squares;         // Σ m v²
    private long _samples;
    private double _slabVolume;
    private UnitSystem? _units;

    /// <summary>A profile of nothing.</summary>
    /// <param name="slabs">Into how many slabs the box is cut.</param>
    /// <param name="side">Along which of its sides, 0 to 2.</param>
    /// <exception cref="ScaleModelException">There is no slab, or no such side.</exception>
    public SlabProfile(int slabs, int side)
    {
        if (slabs < 1 || side is < 0 or > 2)
        {
            throw new ScaleModelException($"A profile of {slabs} slabs along the side {side} is asked for; there must be one or more, and sides are 0, 1 and 2.");
        }

        Side = side;
        (_atoms, _masses, _momenta, _squares) = (new double[slabs], new double[slabs], new Vec3[slabs], new double[slabs]);
    }

    /// <summary>How many slabs there are.</summary>
    public int Slabs => _atoms.Length;

    /// <summary>Along which side they lie.</summary>
    public int Side { get; }

    /// <summary>The slab in which a point lies, or its image in the box; beyond the ends of a side that is not periodic the last slabs go on.</summary>
    public static int SlabOf(SimulationBox box, Vec3 x, int slabs, int side)
    {
        ArgumentNullException.ThrowIfNull(box);
        var s = box.Fraction(x)[side];
        s = box.IsPeriodic(side) ? s - Math.Floor(s) : s;
        return (int)Math.Clamp(s * slabs, 0, slabs - 1);
    }

    /// <summary>Adds the atoms of a moment; all atoms that are added have the same units.</summary>
    public void Add(AtomConfiguration atoms)
    {
        ArgumentNullException.ThrowIfNull(atoms);
        (_units, _slabVolume) = (atoms.Units, atoms.Box.Volume / Slabs);
        _samples++;
        for (var i = 0; i < atoms.Count; i++)
        {
            var slab = SlabOf(atoms.Box, atoms.Positions[i], Slabs, Side);
            var (mass, v) = (atoms.Species[atoms.Kinds[i]].Mass, atoms.Velocities.Length == 0 ? Vec3.Zero : atoms.Velocities[i]);
            _atoms[slab]++;
            _masses[slab] += mass;
            _momenta[slab] += mass * v;
            _squares[slab] += mass * v.NormSquared;
        }
    }

    /// <summary>Atoms a volume in each slab.</summary>
    public double[] Densities() => [.. _atoms.Select(n => n / (_samples * _slabVolume))];

    /// <summary>The velocity of the flow in each slab, Σ m v / Σ m; not a number where there never was an atom.</summary>
    public Vec3[] Velocities() => [.. _momenta.Zip(_masses, (p, m) => p / m)];

    /// <summary>The temperature of each slab, [Σ m v² − (Σ m v)²/Σ m] / (3 n k_B): relative to the flow; not a number where there never was an atom.</summary>
    public double[] Temperatures() => [.. Enumerable.Range(0, Slabs).Select(s =>
        _units is null ? double.NaN : _units.MassVelocitySquared * (_squares[s] - (_momenta[s].NormSquared / _masses[s])) / (3 * _atoms[s] * _units.Boltzmann))];
}

using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles.Motions;

/// <summary>
/// The enthalpy U + P V as a function of coordinates q: three of each atom, in the order of the configuration, and those of the box.
/// </summary>
/// <remarks>
/// With the box h = F h₀, F = 1 + E, atoms are at x = o + F q and ∂U/∂q = −Fᵀ f. A change dE changes the enthalpy by
/// −(W − P V 1) F⁻ᵀ : dE. E is an upper triangle at most, so that a box is not turned, and is multiplied by √N (V₀/N)^(1/3): it is then about as stiff as an atom's
/// coordinate is. (Metric after E. B. Tadmor, G. S. Smith, N. Bernstein, E. Kaxiras, Phys. Rev. B 59 (1999) 235.)
/// </remarks>
internal sealed class Landscape
{
    private readonly Mover _mover;
    private readonly BoxRelaxation? _box;
    private readonly double _force;
    private readonly SimulationBox _start;
    private readonly double _scale;
    private readonly Vec3[] _positions;
    private readonly (int Row, int Column)[] _entries;      // Of E that are free; for a hydrostatic one xx stands for all three.

    /// <summary>The landscape around the present positions.</summary>
    /// <exception cref="ScaleModelException">The box is to be relaxed and is not periodic, or a number makes no sense.</exception>
    public Landscape(Mover mover, BoxRelaxation? box, double force)
    {
        if (box is not null && !(double.IsFinite(box.Pressure) && box.Tolerance > 0 && double.IsFinite(box.Tolerance)))
        {
            throw new ScaleModelException(FormattableString.Invariant($"A box is to be relaxed to a pressure of {box.Pressure} within {box.Tolerance}; the first must be finite and the second above zero."));
        }

        if (box is not null && !(mover.Box.IsPeriodic(0) && mover.Box.IsPeriodic(1) && mover.Box.IsPeriodic(2)))
        {
            throw new ScaleModelException($"A box with the sides {mover.Box.SideA}, {mover.Box.SideB} and {mover.Box.SideC} is to be relaxed; only one that is periodic along all of them has a pressure on its atoms.");
        }

        if (box is not null)
        {
            Motion.RefuseFields(mover, "A box is to be relaxed");
        }

        (_mover, _box, _force, _start) = (mover, box, force, mover.Box);
        _positions = new Vec3[mover.Count];
        _scale = Math.Sqrt(mover.Count) * Math.Cbrt(_start.Volume / mover.Count);
        _entries = box?.Freedom switch
        {
            null => [],
            BoxFreedom.Hydrostatic => [(0, 0)],
            BoxFreedom.Axes => [(0, 0), (1, 1), (2, 2)],
            _ => [(0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)],
        };
        MeanMass = mover.Start.Kinds.Average(k => mover.Start.Species[k].Mass);
    }

    /// <summary>How many coordinates there are.</summary>
    public int Length => (3 * _mover.Count) + _entries.Length;

    /// <summary>The mean mass of an atom.</summary>
    public double MeanMass { get; }

    /// <summary>Acceleration of a unit of mass by a unit of force.</summary>
    public double ForceToAcceleration => _mover.Start.Units.ForceToAcceleration;

    /// <summary>A length that no coordinate should go at once: a third of the skin, about a tenth of the size of an atom.</summary>
    public double LongestMove => _mover.Skin / 3;

    /// <summary>How often forces were computed.</summary>
    public long Evaluations { get; private set; }

    /// <summary>Whether forces and pressure are as small as was asked for.</summary>
    public bool IsConverged { get; private set; }

    /// <summary>What there is now.</summary>
    public Minimum Now { get; private set; } = new(false, 0, double.NaN, double.NaN, default);

    /// <summary>The present coordinates.</summary>
    public double[] Start()
    {
        var q = new double[Length];
        _mover.CopyPositions(_positions);
        for (var i = 0; i < _positions.Length; i++)
        {
            var x = _positions[i] - _start.Origin;
            (q[3 * i], q[(3 * i) + 1], q[(3 * i) + 2]) = (x.X, x.Y, x.Z);
        }

        return q;
    }

    /// <summary>Puts the atoms at <paramref name="q"/>; returns the enthalpy and sets its <paramref name="gradient"/>.</summary>
    public double Evaluate(double[] q, double[] gradient)
    {
        var f = Map(q);
        var map = f.Transposed;
        var box = _box is null ? _start : _start.Deformed(f);
        for (var i = 0; i < _positions.Length; i++)
        {
            _positions[i] = _start.Origin + (f * new Vec3(q[3 * i], q[(3 * i) + 1], q[(3 * i) + 2]));
        }

        _mover.Place(_positions, box);
        _mover.Evaluate(counts: true);
        Evaluations++;
        var most = 0.0;
        for (var i = 0; i < _positions.Length; i++)
        {
            var force = _mover.Atoms.Force(i);
            var slope = map * force;
            var atom = 3 * _mover.Atoms.Ids[i];
            (gradient[atom], gradient[atom + 1], gradient[atom + 2]) = (-slope.X, -slope.Y, -slope.Z);
            most = Math.Max(most, force.NormSquared);         // What is not a number stays.
        }

        var (energy, virial) = _mover.Sums;
        var units = _mover.Start.Units;
        var pressure = units.Pressure / box.Volume * virial;
        var (enthalpy, isRelaxed) = (energy, true);
        if (_box is { } wanted)
        {
            var work = wanted.Pressure / units.Pressure * box.Volume;
            enthalpy += work;
            var slope = (virial - (work * SymTensor3.Identity)).ToMatrix() * f.Inverse().Transposed;
            for (var e = 0; e < _entries.Length; e++)
            {
                var (row, column) = _entries[e];
                gradient[(3 * _positions.Length) + e] = -(wanted.Freedom == BoxFreedom.Hydrostatic ? slope.XX + slope.YY + slope.ZZ : slope[row, column]) / _scale;
            }

            double Off(double p) => Math.Abs(p - wanted.Pressure);
            var off = wanted.Freedom == BoxFreedom.Hydrostatic ? Off(pressure.Trace / 3) : Math.Max(Off(pressure.XX), Math.Max(Off(pressure.YY), Off(pressure.ZZ)));
            if (wanted.Freedom == BoxFreedom.Full)
            {
                off = Math.Max(off, Math.Max(Math.Abs(pressure.YZ), Math.Max(Math.Abs(pressure.XZ), Math.Abs(pressure.XY))));
            }

            isRelaxed = off <= wanted.Tolerance;
        }

        IsConverged = isRelaxed && Math.Sqrt(most) <= _force;
        Now = new(IsConverged, Evaluations, energy, Math.Sqrt(most), pressure);
        return enthalpy;
    }

    private Matrix3 Map(double[] q)
    {
        Span<double> e = stackalloc double[9];
        e.Clear();
        for (var k = 0; k < _entries.Length; k++)
        {
            e[(3 * _entries[k].Row) + _entries[k].Column] = q[(3 * _positions.Length) + k] / _scale;
        }

        return _box?.Freedom == BoxFreedom.Hydrostatic
            ? Matrix3.Diagonal(1 + e[0], 1 + e[0], 1 + e[0])
            : new(1 + e[0], e[1], e[2], 0, 1 + e[4], e[5], 0, 0, 1 + e[8]);
    }
}

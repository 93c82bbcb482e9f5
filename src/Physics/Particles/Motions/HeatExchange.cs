using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles.Measures;

namespace ActorMultiscale.Physics.Particles.Motions;

/// <summary>
/// Atoms of which those in the first of some slabs, the sink, give energy at a constant rate to those in the middle one, the source, at the beginning of each step; in between energy is
/// conserved. Momentum of each slab stays as it is.
/// </summary>
/// <remarks>
/// With the rate ℱ, above zero in the source and below in the sink, and for the atoms of the slab v̄ their mean velocity, M their mass, K the kinetic energy of their motion relative to v̄ and uᵢ = vᵢ − v̄:
/// vᵢ ← v̄ + √(1 + ℱΔt/K) uᵢ, and xᵢ ← xᵢ − Δt³ εᵢ with
/// εᵢ = ℱ/(2K²) [ℱ/48 + (1/6) Σⱼ fⱼ·uⱼ] uᵢ − ℱ/(12K) [fᵢ/mᵢ − Σⱼ fⱼ/M].
/// The second, which Δt³ makes small, takes away the largest part of the error of a step: without it energy drifts (eHEX/a: P. Wirnsberger, D. Frenkel, C. Dellago, J. Chem. Phys. 143 (2015) 124104,
/// eq. 20; LAMMPS <c>fix ehex</c>). Without it this is the exchange of T. Ikeshoji, B. Hafskjold, Mol. Phys. 81 (1994) 251.
/// </remarks>
public sealed class HeatExchange : Motion
{
    // What is summed of a slab: mass, momentum, twice the kinetic energy, forces, and f·v; masses so that m v² is an energy.
    private const int Sums = 9;
    private readonly Action<int, int, int> _sum;
    private readonly Action<int, int, int> _exchange;
    private readonly Slab[] _now = new Slab[2];         // The sink, and the source.
    private double[] _partial = [];                     // A number of each slab, and a chunk.
    private double[] _entries = [];
    private Mover? _mover;
    private double _cube;

    /// <summary>An exchange.</summary>
    /// <param name="rate">ℱ, energy a unit of time, above zero.</param>
    /// <param name="slabs">Into how many slabs the box is cut, an even number.</param>
    /// <param name="side">Along which side, 0 to 2.</param>
    /// <param name="isCorrected">Whether positions are corrected.</param>
    /// <exception cref="ScaleModelException">A number makes no sense.</exception>
    public HeatExchange(double rate, int slabs, int side, bool isCorrected = true)
    {
        if (slabs < 2 || slabs % 2 != 0 || side is < 0 or > 2)
        {
            throw new ScaleModelException($"Heat is to be exchanged between two of {slabs} slabs along the side {side}; slabs are an even number, and sides are 0, 1 and 2.");
        }

        (Rate, Slabs, Side, IsCorrected) = (Positive(rate, "rate at which heat is exchanged"), slabs, side, isCorrected);
        (_sum, _exchange) = (Sum, Exchange);
    }

    /// <summary>ℱ.</summary>
    public double Rate { get; }

    /// <summary>Into how many slabs the box is cut: the sink is the first, the source the one in the middle.</summary>
    public int Slabs { get; }

    /// <summary>Along which side they lie.</summary>
    public int Side { get; }

    /// <summary>Whether positions are corrected.</summary>
    public bool IsCorrected { get; }

    private protected override void Prepare(Mover mover)
    {
        if (!mover.Box.IsPeriodic(Side))
        {
            throw new ScaleModelException($"Heat is to flow along the side {Side} of a box, both ways from the source to the sink; that side must be periodic.");
        }

        var chunks = ChunkedLoop.Chunks(mover.Count, Mover.Chunk);
        (_mover, _partial, _entries) = (mover, new double[2 * Sums * chunks], new double[chunks]);
    }

    internal override void Step(Mover mover, double step)
    {
        mover.Settle();
        mover.Loop.Run(mover.Count, Mover.Chunk, _sum);
        for (var s = 0; s < 2; s++)
        {
            _now[s] = Of(s, (s == 0 ? -1 : 1) * Rate, step);
        }

        _cube = step * step * step;
        mover.Touch();
        mover.Loop.Run(mover.Count, Mover.Chunk, _exchange);
        VelocityVerlet.Whole(mover, step);
    }

    internal override double? Conserved(Mover mover, double total) => Deformation is null ? total : null;

    private Slab Of(int s, double rate, double step)
    {
        double Entry(int e)
        {
            for (var c = 0; c < _entries.Length; c++)
            {
                _entries[c] = _partial[(2 * Sums * c) + (Sums * s) + e];
            }

            return FixedOrderSum.Of(_entries);
        }

        var (mass, force) = (Entry(0), new Vec3(Entry(5), Entry(6), Entry(7)));
        var mean = new Vec3(Entry(1), Entry(2), Entry(3)) / mass;
        var kinetic = 0.5 * (Entry(4) - (mass * mean.NormSquared));
        var square = 1 + (rate * step / kinetic);
        if (!(kinetic > 0 && square > 0))
        {
            throw new ScaleModelException(FormattableString.Invariant($"The {(s == 0 ? "sink" : "source")} has a kinetic energy of {kinetic}, and {rate * step} is to be added in a step. Give less, or make slabs thicker."));
        }

        var power = Entry(8) - Vec3.Dot(mean, force);
        return new(mean, Math.Sqrt(square), rate / (2 * kinetic * kinetic) * ((rate / 48) + (power / 6)), rate / (12 * kinetic), force / mass);
    }

    // The slab of an atom: 0 the sink, 1 the source, −1 another.
    private int SlabOf(Vec3 x)
    {
        var slab = SlabProfile.SlabOf(_mover!.Box, x, Slabs, Side);
        return slab == 0 ? 0 : slab == Slabs / 2 ? 1 : -1;
    }

    private unsafe void Sum(int chunk, int first, int past)
    {
        var atoms = _mover!.Atoms;
        var sums = _partial.AsSpan(2 * Sums * chunk, 2 * Sums);
        sums.Clear();
        for (var i = first; i < past; i++)
        {
            if (SlabOf(atoms.Position(i)) is >= 0 and var slab)
            {
                var of = sums.Slice(Sums * slab, Sums);
                var (mass, v, f) = (1 / atoms.V[(4L * i) + 3], atoms.Velocity(i), atoms.Force(i));
                of[0] += mass;
                of[1] += mass * v.X;
                of[2] += mass * v.Y;
                of[3] += mass * v.Z;
                of[4] += mass * v.NormSquared;
                of[5] += f.X;
                of[6] += f.Y;
                of[7] += f.Z;
                of[8] += Vec3.Dot(f, v);
            }
        }
    }

    private unsafe void Exchange(int chunk, int first, int past)
    {
        var atoms = _mover!.Atoms;
        for (var i = first; i < past; i++)
        {
            var x = atoms.Position(i);
            if (SlabOf(x) is >= 0 and var slab)
            {
                var (now, inverseMass) = (_now[slab], atoms.V[(4L * i) + 3]);
                var u = atoms.Velocity(i) - now.Mean;
                ParticleStore.Write(atoms.V, i, now.Mean + (now.Factor * u), inverseMass);
                if (IsCorrected)
                {
                    var epsilon = (now.OfVelocity * u) - (now.OfForce * ((inverseMass * atoms.Force(i)) - now.Acceleration));
                    ParticleStore.Write(atoms.X, i, x - (_cube * epsilon), atoms.X[(4L * i) + 3]);
                }
            }
        }
    }

    private readonly record struct Slab(Vec3 Mean, double Factor, double OfVelocity, double OfForce, Vec3 Acceleration);
}

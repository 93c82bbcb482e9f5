using System.Runtime.Intrinsics;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Particles.Motions;

/// <summary>Atoms in a bath that brakes and pushes each by itself: m dv = f dt − γ m v dt + √(2γ m k_B T) dW.</summary>
/// <remarks>
/// The step is BAOAB: half a kick, half a drift, v ← c v + √((1 − c²) k_B T / m) ξ with c = e^(−γΔt) and ξ normal, half a drift, half a kick.
/// For an oscillator the distribution of positions has no error at all in Δt.
/// B. Leimkuhler, C. Matthews, Appl. Math. Res. Express 2013 (2013) 34.
/// </remarks>
public sealed class Langevin : Motion
{
    private readonly Philox _random;
    private readonly Action<int, int, int> _bath;
    private long[] _numbers = [];
    private Mover? _mover;
    private double _keep;
    private double _spread;

    /// <summary>A bath.</summary>
    /// <param name="temperature">T, in the unit of temperature of the atoms; not below zero.</param>
    /// <param name="friction">γ, the rate at which velocities are forgotten, in one by the unit of time; above zero.</param>
    /// <param name="seed">Which draw.</param>
    /// <exception cref="Models.ScaleModelException">A number makes no sense.</exception>
    public Langevin(double temperature, double friction, ulong seed)
    {
        (Temperature, Friction) = (NotNegative(temperature, "temperature of the bath"), Positive(friction, "friction"));
        (_random, _bath) = (new(seed, Stream), Bath);
    }

    /// <summary>T.</summary>
    public double Temperature { get; }

    /// <summary>γ.</summary>
    public double Friction { get; }

    private protected override bool KeepsMomentum => false;

    private protected override void Prepare(Mover mover) => (_mover, _numbers) = (mover, NumbersOf(mover));

    internal override void Step(Mover mover, double step)
    {
        mover.Kick(0.5 * step);
        mover.Drift(0.5 * step);
        _keep = Math.Exp(-Friction * step);
        _spread = Math.Sqrt((1 - (_keep * _keep)) * mover.Start.Units.Boltzmann * Temperature);
        mover.Loop.Run(mover.Count, Mover.Chunk, _bath);
        mover.Drift(0.5 * step);
        mover.Evaluate(counts: false);
        mover.Kick(0.5 * step);
    }

    private void Bath(int chunk, int first, int past) => Push(_mover!.Atoms, first, past, _random, _mover.Steps, _numbers, _keep, _spread);

    /// <summary>The stream of the numbers that are drawn.</summary>
    internal static ulong Stream { get; } = Fingerprint.OfName("langevin");

    /// <summary>v ← c v + s √(1/m) ξ of some atoms, with ξ by seed, number of the step and number of the atom.</summary>
    /// <param name="atoms">The atoms.</param>
    /// <param name="first">The first.</param>
    /// <param name="past">Behind the last.</param>
    /// <param name="random">Draws.</param>
    /// <param name="step">Number of the step.</param>
    /// <param name="numbers">The number of each atom, by its entry in <see cref="ParticleStore.Ids"/>.</param>
    /// <param name="kept">c.</param>
    /// <param name="width">s.</param>
    internal static unsafe void Push(ParticleStore atoms, int first, int past, Philox random, long step, long[] numbers, double kept, double width)
    {
        var v = atoms.V;
        var keep = Vector256.Create(kept, kept, kept, 1);
        for (var i = first; i < past; i++)
        {
            // The fourth entry of a row of velocities is 1/m.
            var (x, y, z, _) = random.Normals(step, 0, numbers[atoms.Ids[i]]);
            var row = v + (4L * i);
            var spread = width * Math.Sqrt(row[3]);
            ((keep * Vector256.LoadAligned(row)) + Vector256.Create(spread * x, spread * y, spread * z, 0)).StoreAligned(row);
        }
    }
}

using System.Runtime.Intrinsics;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Particles.Motions;

/// <summary>Atoms in a bath so thick that they have no inertia: dx = f/(m γ) dt + √(2 k_B T / (m γ)) dW.</summary>
/// <remarks>
/// x ← x + Δt f/(m γ) + √(2Δt k_B T / (m γ)) ξ with ξ normal (Euler–Maruyama; D. L. Ermak, J. Chem. Phys. 62 (1975) 4189). For an oscillator of
/// the frequency ω the mean square of positions is too large by the factor 1/(1 − Δt ω²/2γ). Velocities take no part: they stay as they
/// are, and so does what is measured of them. A <see cref="Mirror"/> puts atoms back before it, and as they have no momentum it gives them none.
/// </remarks>
public sealed class Brownian : Motion
{
    private readonly Philox _random;
    private readonly Action<int, int, int> _walk;
    private long[] _numbers = [];
    private Mover? _mover;
    private double _drift;
    private double _spread;

    /// <summary>A bath.</summary>
    /// <param name="temperature">T, in the unit of temperature of the atoms; not below zero.</param>
    /// <param name="friction">γ, so that an atom diffuses with D = k_B T/(m γ); in one by the unit of time; above zero.</param>
    /// <param name="seed">Which draw.</param>
    /// <exception cref="Models.ScaleModelException">A number makes no sense.</exception>
    public Brownian(double temperature, double friction, ulong seed)
    {
        (Temperature, Friction) = (NotNegative(temperature, "temperature of the bath"), Positive(friction, "friction"));
        (_random, _walk) = (new(seed, Fingerprint.OfName("brownian")), Walk);
    }

    /// <summary>T.</summary>
    public double Temperature { get; }

    /// <summary>γ.</summary>
    public double Friction { get; }

    private protected override bool KeepsMomentum => false;

    private protected override void Prepare(Mover mover) => (_mover, _numbers) = (mover, NumbersOf(mover));

    internal override void Step(Mover mover, double step)
    {
        _drift = step / Friction;
        _spread = Math.Sqrt(2 * step * mover.Start.Units.Boltzmann * Temperature / Friction);
        mover.Walk(step, _walk, hasInertia: false);
        mover.Evaluate(counts: false);
    }

    private unsafe void Walk(int chunk, int first, int past)
    {
        var x = _mover!.Atoms.X;
        var v = _mover.Atoms.V;
        var f = _mover.Atoms.F;
        for (var i = first; i < past; i++)
        {
            // The fourth entry of a row of velocities is 1/m.
            var (a, b, c, _) = _random.Normals(_mover.Steps, 0, _numbers[_mover.Atoms.Ids[i]]);
            var thrust = v[(4L * i) + 3];
            var spread = _spread * Math.Sqrt(thrust);
            var push = Vector256.Create(_drift * thrust) * Vector256.LoadAligned(f + (4L * i));
            (Vector256.LoadAligned(x + (4L * i)) + push + Vector256.Create(spread * a, spread * b, spread * c, 0)).StoreAligned(x + (4L * i));
        }
    }
}

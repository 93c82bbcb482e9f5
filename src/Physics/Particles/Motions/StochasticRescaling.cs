using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Particles.Motions;

/// <summary>
/// Velocities scaled after each step by a random factor, so that the kinetic energy K goes to its mean in a bath at a rate and has the
/// fluctuations of the canonical distribution.
/// </summary>
/// <remarks>
/// K ← α² K with K̄ = n k_B T/2, n degrees of freedom, c = e^(−Δt/τ), R normal and S the sum of n − 1 squares of normal numbers, which is twice
/// a number of the Gamma distribution of the shape (n − 1)/2:
/// α² = c + (1 − c)(R² + S) K̄/(n K) + 2R √(c (1 − c) K̄/(n K)); the sign of α is that of R + √(c n K / ((1 − c) K̄)).
/// What is conserved is the energy less the heat that the bath has given.
/// G. Bussi, D. Donadio, M. Parrinello, J. Chem. Phys. 126 (2007) 014101, eq. A7 and A8.
/// </remarks>
public sealed class StochasticRescaling : Motion
{
    private readonly Philox _random;
    private double _heat;

    /// <summary>A bath.</summary>
    /// <param name="temperature">T, in the unit of temperature of the atoms; above zero.</param>
    /// <param name="time">τ, in the unit of time.</param>
    /// <param name="seed">Which draw.</param>
    /// <exception cref="Models.ScaleModelException">A number makes no sense.</exception>
    public StochasticRescaling(double temperature, double time, ulong seed)
    {
        (Temperature, Time) = (Positive(temperature, "temperature of the bath"), Positive(time, "time of the thermostat"));
        _random = new(seed, Fingerprint.OfName("stochastic-rescaling"));
    }

    /// <summary>T.</summary>
    public double Temperature { get; }

    /// <summary>τ.</summary>
    public double Time { get; }

    private protected override void Prepare(Mover mover) => NeedsTwo(mover);

    internal override void Step(Mover mover, double step)
    {
        VelocityVerlet.Whole(mover, step);
        var now = mover.Kinetic().Trace;
        if (now > 0)
        {
            var freedom = DegreesOfFreedom(mover);
            var part = mover.Start.Units.Boltzmann * Temperature / now;        // K̄/(n K)
            var keep = Math.Exp(-step / Time);
            var r = _random.Normal(mover.Steps, 0, 0).First;
            var s = 2 * Gamma(0.5 * (freedom - 1), mover.Steps);
            var square = keep + ((1 - keep) * part * ((r * r) + s)) + (2 * r * Math.Sqrt(keep * (1 - keep) * part));
            var isBackward = r + Math.Sqrt(keep / ((1 - keep) * part)) < 0;
            mover.Scale((isBackward ? -1 : 1) * Math.Sqrt(square));
            _heat += 0.5 * (square - 1) * now;
        }
    }

    internal override double? Conserved(Mover mover, double total) => Deformation is null ? total - _heat : null;

    internal override void Archive(Models.StateArchive archive) => archive.Value("heat", ref _heat);

    // G. Marsaglia, W. W. Tsang, ACM Trans. Math. Softw. 26 (2000) 363, for shapes of one and more: d = k − 1/3, c = 1/√(9d);
    // d (1 + c x)³ with x normal, taken with the right probability.
    private double Gamma(double shape, long step)
    {
        var d = shape - (1.0 / 3);
        var c = 1 / Math.Sqrt(9 * d);
        for (var draw = 0L; ; draw++)
        {
            var x = _random.Normal(step, 1, 0, draw).First;
            var v = Math.Pow(1 + (c * x), 3);
            if (v > 0 && Math.Log(_random.Uniform(step, 2, 0, draw)) < (0.5 * x * x) + d - (d * v) + (d * Math.Log(v)))
            {
                return d * v;
            }
        }
    }
}

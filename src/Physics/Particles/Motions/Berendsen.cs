namespace ActorMultiscale.Physics.Particles.Motions;

/// <summary>
/// Velocities scaled after each step so that the temperature T goes to that of the bath, T₀, at a rate: v ← λ v, λ² = 1 + Δt/τ (T₀/T − 1).
/// </summary>
/// <remarks>
/// Good for coming to a temperature and no more: fluctuations are not those of any ensemble. <see cref="StochasticRescaling"/> does the same with right ones.
/// H. J. C. Berendsen et al., J. Chem. Phys. 81 (1984) 3684, eq. 11.
/// </remarks>
public sealed class Berendsen : Motion
{
    private double _heat;

    /// <summary>A bath.</summary>
    /// <param name="temperature">T₀, in the unit of temperature of the atoms; not below zero.</param>
    /// <param name="time">τ, in the unit of time, not below a step.</param>
    /// <exception cref="Models.ScaleModelException">A number makes no sense.</exception>
    public Berendsen(double temperature, double time) => (Temperature, Time) = (NotNegative(temperature, "temperature of the bath"), Positive(time, "time of the thermostat"));

    /// <summary>T₀.</summary>
    public double Temperature { get; }

    /// <summary>τ.</summary>
    public double Time { get; }

    private protected override void Prepare(Mover mover) => NeedsTwo(mover);

    internal override void Step(Mover mover, double step)
    {
        VelocityVerlet.Whole(mover, step);
        var now = mover.Kinetic().Trace;
        var wanted = DegreesOfFreedom(mover) * mover.Start.Units.Boltzmann * Temperature;
        if (now > 0)
        {
            var square = 1 + (Math.Min(1, step / Time) * ((wanted / now) - 1));
            mover.Scale(Math.Sqrt(square));
            _heat += 0.5 * (square - 1) * now;
        }
    }

    // Energy less the heat that the bath has given.
    internal override double? Conserved(Mover mover, double total) => Deformation is null ? total - _heat : null;

    internal override void Archive(Models.StateArchive archive) => archive.Value("heat", ref _heat);
}

using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles.Motions;

/// <summary>Constant temperature by a chain of Nosé–Hoover thermostats: no random numbers, and an energy of atoms and chain that is conserved.</summary>
/// <remarks>
/// Half a step of the chain, a step of velocity Verlet, half a step of the chain: of second order, and reversible.
/// Conserved: K + U + Σ ½ Q_j v_j² + n k_B T ξ₁ + Σ_(j&gt;1) k_B T ξ_j.
/// G. J. Martyna, M. L. Klein, M. Tuckerman, J. Chem. Phys. 97 (1992) 2635; G. J. Martyna et al., Mol. Phys. 87 (1996) 1117.
/// </remarks>
public sealed class NoseHoover : Motion
{
    private readonly int _length;
    private NoseHooverChain? _chain;

    /// <summary>A chain.</summary>
    /// <param name="temperature">T, in the unit of temperature of the atoms; above zero.</param>
    /// <param name="time">τ: 2πτ is about the period at which the temperature swings; in the unit of time, some tens of steps at least.</param>
    /// <param name="length">How many thermostats; at least one.</param>
    /// <exception cref="ScaleModelException">A number makes no sense.</exception>
    public NoseHoover(double temperature, double time, int length = 3)
    {
        (Temperature, Time) = (Positive(temperature, "temperature of the bath"), Positive(time, "time of the thermostat"));
        _length = length >= 1 ? length : throw new ScaleModelException($"A chain of {length} thermostats is asked for; it has one at least, three as a rule.");
    }

    /// <summary>T.</summary>
    public double Temperature { get; }

    /// <summary>τ.</summary>
    public double Time { get; }

    private protected override void Prepare(Mover mover)
    {
        NeedsTwo(mover);
        _chain = new(mover.Start.Units.Boltzmann * Temperature, DegreesOfFreedom(mover), Time, _length);
    }

    internal override void Begin(Mover mover)
    {
        // Forces that somebody sets are not known before.
        _chain!.Freedom = DegreesOfFreedom(mover);
        base.Begin(mover);
    }

    internal override void Step(Mover mover, double step)
    {
        mover.Scale(_chain!.Move(mover.Kinetic().Trace, 0.5 * step));
        VelocityVerlet.Whole(mover, step);
        mover.Scale(_chain.Move(mover.Kinetic().Trace, 0.5 * step));
    }

    internal override double? Conserved(Mover mover, double total) => Deformation is null ? total + _chain!.Energy() : null;

    internal override void Archive(StateArchive archive) => _chain!.Archive(archive, "chain");
}

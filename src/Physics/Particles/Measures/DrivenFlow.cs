using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles.Motions;

namespace ActorMultiscale.Physics.Particles.Measures;

/// <summary>
/// What drives a steady flow of heat or momentum through a periodic box: it takes from the slab 0, the sink, and gives to the slab in the middle,
/// the source, and keeps energy and momentum of the whole.
/// </summary>
public abstract class FlowDrive
{
    /// <summary>
    /// Velocities are exchanged between the fastest atom of the sink and the slowest of the source, which makes the sink cold. Atoms of different mass
    /// collide head-on, v′ = −v + 2 (m₁v₁ + m₂v₂)/(m₁ + m₂), which for equal ones is an exchange.
    /// </summary>
    /// <remarks>After: Müller-Plathe, J. Chem. Phys. 106 (1997) 6082; for mixtures Nieto-Draghi, Avalos, Mol. Phys. 101 (2003) 2303.</remarks>
    public static FlowDrive ExchangeOfHeat { get; } = new ExchangeOfPairs();

    /// <summary>A component of velocity is exchanged between the atom of the sink that has most of it and that of the source that has least.</summary>
    /// <remarks>
    /// After: Müller-Plathe, Phys. Rev. E 59 (1999) 4894. The exchange takes heat where it acts, and friction gives it in between, so that a strong flow is
    /// warmer there: see what half of the rate gives.
    /// </remarks>
    /// <param name="along">Which component, 0 to 2; not that across the slabs.</param>
    /// <exception cref="ScaleModelException">There is no such component.</exception>
    public static FlowDrive ExchangeOfMomentum(int along) => along is >= 0 and <= 2
        ? new MomentumExchange(along)
        : throw new ScaleModelException($"Momentum is to be exchanged along the axis {along}; axes are 0, 1 and 2.");

    /// <summary>
    /// An energy is taken from the sink and given to the source whenever it is called, by velocities relative to those of the slab:
    /// v′ = v̄ + √(1 ± ΔE/K) (v − v̄), where K is the kinetic energy of that motion.
    /// </summary>
    /// <remarks>
    /// After: Ikeshoji, Hafskjold, Mol. Phys. 81 (1994) 251. Velocities change at once and not along a step, so that energy drifts with the square
    /// of what is given at a time (Wirnsberger, Frenkel, Dellago, J. Chem. Phys. 143 (2015) 124104): little, and seldom too much, is given if K is large against it.
    /// Long trajectories want <see cref="Steady"/>.
    /// </remarks>
    /// <param name="energy">ΔE, in the unit of energy.</param>
    public static FlowDrive SourceAndSink(double energy) => energy > 0 && double.IsFinite(energy)
        ? new Heating(energy)
        : throw new ScaleModelException(FormattableString.Invariant($"A heat source is to give {energy} at a time; that must be above zero."));

    /// <summary>A flow of heat that the motion of the engine drives in every step; energy hardly drifts.</summary>
    /// <param name="motion">The motion of the engine; its slabs are those that are measured.</param>
    public static FlowDrive Steady(HeatExchange motion)
    {
        ArgumentNullException.ThrowIfNull(motion);
        return new InMotion(motion);
    }

    /// <summary>What is wrong with this drive for an engine that is cut into slabs along a side; null if nothing is.</summary>
    internal virtual string? Fault(MolecularDynamics engine, int slabs, int side) => null;

    /// <summary>Drives once after a time: gives the new velocities, and how much energy or momentum went from the sink to the source, in units of energy, or of mass and velocity.</summary>
    internal abstract double Drive(AtomConfiguration atoms, int[] slabs, int source, Vec3[] velocities, double time);

    /// <summary>What the flow is driven by: temperature, or a velocity.</summary>
    internal abstract double[] Level(SlabProfile profile);

    /// <summary>A unit of what is moved over the unit of the coefficient times those of the gradient, area and time.</summary>
    internal virtual double Unit(UnitSystem units) => 1;

    private static double Mass(AtomConfiguration atoms, int i) => atoms.Species[atoms.Kinds[i]].Mass;

    // The atom of a slab where a measure is greatest; the first of equals; −1: there is none.
    private static int Most(int[] slabs, int slab, Func<int, double> measure)
    {
        var best = -1;
        for (var i = 0; i < slabs.Length; i++)
        {
            if (slabs[i] == slab && (best < 0 || measure(i) > measure(best)))
            {
                best = i;
            }
        }

        return best;
    }

    private sealed class ExchangeOfPairs : FlowDrive
    {
        internal override double Drive(AtomConfiguration atoms, int[] slabs, int source, Vec3[] velocities, double time)
        {
            double Twice(int i) => Mass(atoms, i) * velocities[i].NormSquared;
            var (hot, cold) = (Most(slabs, 0, Twice), Most(slabs, source, i => -Twice(i)));
            if (hot < 0 || cold < 0 || Twice(hot) <= Twice(cold))
            {
                return 0;
            }

            var before = Twice(cold);
            var (m, n) = (Mass(atoms, hot), Mass(atoms, cold));
            var twice = 2 / (m + n) * ((m * velocities[hot]) + (n * velocities[cold]));
            (velocities[hot], velocities[cold]) = (twice - velocities[hot], twice - velocities[cold]);
            return 0.5 * atoms.Units.MassVelocitySquared * (Twice(cold) - before);
        }

        internal override double[] Level(SlabProfile profile) => profile.Temperatures();
    }

    private sealed class InMotion(HeatExchange motion) : FlowDrive
    {
        internal override string? Fault(MolecularDynamics engine, int slabs, int side) =>
            !engine.IsMovedBy(motion) ? "the engine is moved by another motion than the one that is to drive the flow"
            : (slabs, side) == (motion.Slabs, motion.Side) ? null : $"the motion drives a flow between {motion.Slabs} slabs along the side {motion.Side}";

        internal override double Drive(AtomConfiguration atoms, int[] slabs, int source, Vec3[] velocities, double time) => time * motion.Rate;

        internal override double[] Level(SlabProfile profile) => profile.Temperatures();
    }

    private sealed class MomentumExchange(int along) : FlowDrive
    {
        internal override string? Fault(MolecularDynamics engine, int slabs, int side) =>
            side == along ? $"momentum along the axis {along} is to be exchanged, which is that across the slabs" : null;

        internal override double Drive(AtomConfiguration atoms, int[] slabs, int source, Vec3[] velocities, double time)
        {
            var (fast, slow) = (Most(slabs, 0, i => velocities[i][along]), Most(slabs, source, i => -velocities[i][along]));
            if (fast < 0 || slow < 0 || velocities[fast][along] <= velocities[slow][along])
            {
                return 0;
            }

            var (m, n) = (Mass(atoms, fast), Mass(atoms, slow));
            var twice = 2 * ((m * velocities[fast][along]) + (n * velocities[slow][along])) / (m + n);
            var gain = n * (twice - (2 * velocities[slow][along]));
            velocities[fast] = With(velocities[fast], twice - velocities[fast][along]);
            velocities[slow] = With(velocities[slow], twice - velocities[slow][along]);
            return gain;
        }

        internal override double[] Level(SlabProfile profile) => [.. profile.Velocities().Select(v => v[along])];

        // Mass times velocity over area and time as a pressure.
        internal override double Unit(UnitSystem units) => units.MassVelocitySquared * units.Pressure;

        private Vec3 With(Vec3 v, double component) => along switch { 0 => v with { X = component }, 1 => v with { Y = component }, _ => v with { Z = component } };
    }

    private sealed class Heating(double energy) : FlowDrive
    {
        internal override double Drive(AtomConfiguration atoms, int[] slabs, int source, Vec3[] velocities, double time)
        {
            Scale(atoms, slabs, source, velocities, energy);
            Scale(atoms, slabs, 0, velocities, -energy);
            return energy;
        }

        internal override double[] Level(SlabProfile profile) => profile.Temperatures();

        private static void Scale(AtomConfiguration atoms, int[] slabs, int slab, Vec3[] velocities, double energy)
        {
            int[] within = [.. Enumerable.Range(0, slabs.Length).Where(i => slabs[i] == slab)];
            var mass = FixedOrderSum.Of([.. within.Select(i => Mass(atoms, i))]);
            double Momentum(int axis) => FixedOrderSum.Of([.. within.Select(i => Mass(atoms, i) * velocities[i][axis])]);
            var mean = new Vec3(Momentum(0), Momentum(1), Momentum(2)) / mass;
            var kinetic = 0.5 * atoms.Units.MassVelocitySquared * FixedOrderSum.Of([.. within.Select(i => Mass(atoms, i) * (velocities[i] - mean).NormSquared)]);
            if (!(kinetic > 0 && kinetic + energy > 0))
            {
                throw new ScaleModelException(FormattableString.Invariant($"Slab {slab} holds {within.Length} atoms with a kinetic energy of {kinetic}, and {energy} is to be added. Give less at a time, or make slabs thicker."));
            }

            var factor = Math.Sqrt(1 + (energy / kinetic));
            foreach (var i in within)
            {
                velocities[i] = mean + (factor * (velocities[i] - mean));
            }
        }
    }
}

/// <summary>A transport coefficient from a flow that is driven and the gradient that it makes.</summary>
/// <param name="Coefficient">Flow over gradient: a thermal conductivity (energy over length, time and temperature) or a viscosity (pressure times time).</param>
/// <param name="Flux">What flows through a unit of area in a unit of time, from the source to the sink: energy, or momentum as a pressure.</param>
/// <param name="Gradient">By how much temperature or velocity rises a length toward the source, the mean of both ways.</param>
/// <param name="Profiles">Temperature or velocity of each slab, a block each.</param>
public sealed record DrivenFlow(Estimate Coefficient, Estimate Flux, Estimate Gradient, IReadOnlyList<double[]> Profiles)
{
    /// <summary>Drives a flow through the atoms of an engine and measures it.</summary>
    /// <param name="engine">The engine; its box is periodic along the side, several times longer than the slabs are thick, and conserves energy.</param>
    /// <param name="drive">What drives.</param>
    /// <param name="slabs">Into how many slabs the box is cut, an even number; 20, for instance.</param>
    /// <param name="side">Along which side.</param>
    /// <param name="every">How many steps lie between two calls of the drive, and two looks: the more, the weaker is the flow.</param>
    /// <param name="step">The length of a step.</param>
    /// <param name="settle">How many calls pass before anything is measured: heat must have crossed the box several times.</param>
    /// <param name="blocks">How many blocks are measured, for error bars: ten or so.</param>
    /// <param name="calls">How many calls a block has.</param>
    /// <param name="loop">The way to run a loop on several threads.</param>
    /// <param name="drop">How many slabs on each side of source and sink do not count for the gradient, beside these.</param>
    /// <param name="cancellation">Signalled when nobody wants the rest.</param>
    /// <exception cref="ScaleModelException">A number is out of range, an atom is nowhere, or nothing flows.</exception>
    public static DrivenFlow Of(
        MolecularDynamics engine, FlowDrive drive, int slabs, int side, int every, double step, int settle, int blocks, int calls, ChunkedLoop loop, int drop = 2, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(engine);
        ArgumentNullException.ThrowIfNull(drive);
        ArgumentNullException.ThrowIfNull(loop);
        if (slabs < 2 || slabs % 2 != 0 || side is < 0 or > 2 || every < 1 || settle < 0 || blocks < 2 || calls < 1 || drop < 0 || !(step > 0 && double.IsFinite(step)) || !engine.Box.IsPeriodic(side))
        {
            throw new ScaleModelException(FormattableString.Invariant($"A flow is to be driven through {slabs} slabs along the side {side}, every {every} steps of {step}, in {blocks} blocks of {calls} calls after {settle}, without {drop} slabs. The side must be periodic, slabs an even number, blocks two or more, calls and steps one or more, a step longer than zero, and nothing below zero."));
        }

        // Two slabs at least must be left between source and sink for a gradient; it would be late to say so at the end.
        if ((slabs / 2) - 1 - (2 * drop) < 2)
        {
            throw new ScaleModelException($"Of {slabs} slabs {slabs / 2 - 1} lie between source and sink; without {drop} on each side there must be two or more for a gradient. Take more slabs, or drop fewer.");
        }

        if (drive.Fault(engine, slabs, side) is { } fault)
        {
            throw new ScaleModelException($"A flow cannot be driven through {slabs} slabs along the side {side}: {fault}.");
        }

        var source = slabs / 2;
        double Push(SlabProfile? profile)
        {
            engine.Advance(every, step, loop, cancellation);
            var atoms = engine.Configuration();
            profile?.Add(atoms);
            var moved = drive.Drive(atoms, [.. atoms.Positions.Select(x => SlabProfile.SlabOf(atoms.Box, x, slabs, side))], source, atoms.Velocities, every * step);
            engine.SetVelocities(atoms.Velocities);
            return moved;
        }

        for (var call = 0; call < settle; call++)
        {
            Push(null);
        }

        var units = engine.Configuration().Units;
        var height = engine.Box.Heights[side];
        var perAmount = drive.Unit(units) / (2 * (engine.Box.Volume / height) * calls * every * step);
        var (profiles, fluxes) = (new List<double[]>(), new double[blocks]);
        for (var block = 0; block < blocks; block++)
        {
            var profile = new SlabProfile(slabs, side);
            for (var call = 0; call < calls; call++)
            {
                fluxes[block] += perAmount * Push(profile);
            }

            profiles.Add(drive.Level(profile));
        }

        var (flux, gradient) = (Estimate.OfIndependent(fluxes), TemperatureGradient.Between(profiles, height / slabs, source, 0, drop));
        return flux.Value > 0 && double.IsFinite(gradient.Value) && gradient.Value != 0
            ? new(flux / gradient, flux, gradient, profiles)
            : throw new ScaleModelException(FormattableString.Invariant($"A flow of {flux} with a gradient of {gradient} was measured: no coefficient follows. Drive more often, or make slabs thicker so that none is empty."));
    }
}

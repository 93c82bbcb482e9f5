using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles.Building;
using ActorMultiscale.Physics.Particles.Measures;
using ActorMultiscale.Physics.Particles.Motions;

namespace ActorMultiscale.Physics.Particles;

/// <summary>How transport coefficients are measured.</summary>
internal enum TransportMethod
{
    /// <summary>They are not.</summary>
    None,

    /// <summary>From fluctuations at equilibrium, <see cref="EquilibriumTransport"/>.</summary>
    GreenKubo,

    /// <summary>From flows that are driven along z, <see cref="DrivenFlow"/>.</summary>
    Driven,
}

/// <summary>What is to be done with atoms to measure them. All numbers are in the units of the atoms.</summary>
internal sealed record MatterPlan
{
    /// <summary>Where they start, and what acts on them.</summary>
    public required MovingAtoms Moving { get; init; }

    /// <summary>Whether they are to be a solid, which has elastic constants, or a fluid, which has a viscosity and diffuses.</summary>
    public required bool IsSolid { get; init; }

    /// <summary>T.</summary>
    public required double Temperature { get; init; }

    /// <summary>The temperature at which they are molten first; null: they are not.</summary>
    public double? Melt { get; init; }

    /// <summary>Chooses velocities and noise.</summary>
    public required ulong Seed { get; init; }

    /// <summary>The length of a step.</summary>
    public required double Step { get; init; }

    /// <summary>The time within which baths act.</summary>
    public required double BathTime { get; init; }

    /// <summary>How the box comes to the pressure; null: it stays as it is.</summary>
    public BoxFreedom? Box { get; init; }

    /// <summary>The pressure to which it comes.</summary>
    public double Pressure { get; init; }

    /// <summary>The time within which it does.</summary>
    public double PressureTime { get; init; }

    /// <summary>Steps before each measurement.</summary>
    public required int Equilibration { get; init; }

    /// <summary>Steps of each measurement.</summary>
    public required int Sampling { get; init; }

    /// <summary>Steps between two looks.</summary>
    public required int Every { get; init; }

    /// <summary>Blocks, for error bars.</summary>
    public required int Blocks { get; init; }

    /// <summary>How transport coefficients are measured.</summary>
    public TransportMethod Transport { get; init; }

    /// <summary>The longest lag of correlations.</summary>
    public double LongestLag { get; init; }

    /// <summary>Slabs along z of a driven flow.</summary>
    public int Slabs { get; init; }

    /// <summary>Steps between two exchanges that drive it.</summary>
    public int ExchangeEvery { get; init; }

    /// <summary>Called after each step of each engine.</summary>
    public Action? OnStep { get; init; }

    /// <summary>Steps of all parts together, about.</summary>
    public long Steps
    {
        get
        {
            var part = (long)Equilibration + Sampling;
            var driven = Transport == TransportMethod.Driven && !IsSolid ? 2 : Transport == TransportMethod.None ? 0 : 1;
            return (Melt is null ? 1L : 2L) * Equilibration + (Box is null ? 0 : part) + part + (driven * part);
        }
    }

    /// <summary>Looks in a block.</summary>
    public int LooksInBlock => Sampling / (Every * Blocks);
}

/// <summary>What was measured, in the units of the atoms.</summary>
internal sealed record MeasuredMatter
{
    /// <summary>The atoms at the end, in the box in which they were measured.</summary>
    public required AtomConfiguration Atoms { get; init; }

    /// <summary>The volume of that box; exact where it was given.</summary>
    public required Estimate Volume { get; init; }

    public required Estimate Temperature { get; init; }

    public required Estimate Pressure { get; init; }

    /// <summary>σ, the negative mean of the pressure.</summary>
    public required SymTensor3 Stress { get; init; }

    /// <summary>Potential energy and that of motion, of all atoms together.</summary>
    public required Estimate Energy { get; init; }

    /// <summary>Of a solid.</summary>
    public ThermalElasticity? Elasticity { get; init; }

    /// <summary>Of a fluid; not corrected for the size of the box.</summary>
    public Estimate? Diffusion { get; init; }

    /// <summary>Of a fluid, where transport is measured.</summary>
    public Estimate? Viscosity { get; init; }

    /// <summary>Where transport is measured.</summary>
    public Estimate? Conductivity { get; init; }
}

/// <summary>Brings atoms to equilibrium and measures what a continuum of them needs to know.</summary>
/// <remarks>
/// One after the other: a fluid is molten by a Langevin bath; all atoms come to the temperature in one; the box comes to the pressure, and its mean is taken as the box from then on (Martyna, Tobias,
/// Klein); in that box the atoms are looked at in a bath of Nosé and Hoover, which gives mean values and, of a solid, isothermal elastic constants, of a fluid diffusion; transport is measured at constant
/// energy, the mean of that before. Every part is preceded by steps that do not count.
/// </remarks>
internal static class MatterAtEquilibrium
{
    // Atoms of a crystal at its melting point are about a tenth of the distance of neighbors away from their places (Lindemann), and so less than a fifth from where they were at another time.
    private const double Wandering = 0.4;

    /// <summary>Measures.</summary>
    /// <param name="plan">What is to be done.</param>
    /// <param name="loop">The way to run a loop on several threads; changes no bit.</param>
    /// <param name="cancellation">Signalled when nobody wants the rest.</param>
    /// <param name="report">Hears which part of all steps is done, from 0 to 1; nobody if null.</param>
    /// <exception cref="ScaleModelException">Atoms are lost, a solid melts, a fluid freezes, or a transport coefficient does not settle.</exception>
    public static MeasuredMatter Measure(MatterPlan plan, ChunkedLoop loop, CancellationToken cancellation, Action<double>? report = null)
    {
        plan = plan with { OnStep = new StepCount(plan.Steps, report).Add };
        var (atoms, volume) = AtPressure(plan, AtTemperature(plan, loop, cancellation), loop, cancellation);
        var found = InBath(plan, atoms, volume, loop, cancellation);
        return plan.Transport switch
        {
            TransportMethod.GreenKubo => Fluctuating(plan, found, loop, cancellation),
            TransportMethod.Driven => Driven(plan, found, loop, cancellation),
            _ => found,
        };
    }

    private static AtomConfiguration AtTemperature(MatterPlan plan, ChunkedLoop loop, CancellationToken cancellation)
    {
        AtomConfiguration Bathed(AtomConfiguration atoms, double temperature, ulong stage)
        {
            var engine = Engine(plan, Warm(atoms, temperature, SeedOf(plan, stage)), new Langevin(temperature, 1 / plan.BathTime, SeedOf(plan, stage)));
            engine.Advance(plan.Equilibration, plan.Step, loop, cancellation);
            return engine.Configuration();
        }

        var start = plan.Moving.Atoms;
        return Bathed(plan.Melt is { } melt ? Bathed(start, melt, 1) : start, plan.Temperature, 2);
    }

    private static (AtomConfiguration Atoms, Estimate Volume) AtPressure(MatterPlan plan, AtomConfiguration atoms, ChunkedLoop loop, CancellationToken cancellation)
    {
        if (plan.Box is not { } freedom)
        {
            return (atoms, new(atoms.Box.Volume, 0));
        }

        var engine = Engine(plan, Warm(atoms, plan.Temperature, SeedOf(plan, 3)), new MartynaTobiasKlein(plan.Temperature, plan.BathTime, plan.Pressure, plan.PressureTime, freedom));
        engine.Advance(plan.Equilibration, plan.Step, loop, cancellation);
        BlockAverage volume = new(), x = new(), y = new(), z = new();
        for (var look = 0; look < plan.LooksInBlock * plan.Blocks; look++)
        {
            engine.Advance(plan.Every, plan.Step, loop, cancellation);
            var cell = engine.Box.Cell;
            volume.Add(engine.Box.Volume);
            x.Add(cell.XX);
            y.Add(cell.YY);
            z.Add(cell.ZZ);
        }

        // The mean box. Along axes the mean of each length; otherwise the mean volume.
        var last = engine.Configuration();
        var now = last.Box;
        var scale = Math.Cbrt(volume.Result().Value / now.Volume);
        var stretch = freedom == BoxFreedom.Axes
            ? Matrix3.Diagonal(x.Result().Value / now.Cell.XX, y.Result().Value / now.Cell.YY, z.Result().Value / now.Cell.ZZ)
            : Matrix3.Diagonal(scale, scale, scale);
        var mean = CrystalAtRest.Deformed(last, stretch);
        return (mean, new(mean.Box.Volume, volume.Result().Error));
    }

    private static MeasuredMatter InBath(MatterPlan plan, AtomConfiguration atoms, Estimate volume, ChunkedLoop loop, CancellationToken cancellation)
    {
        var engine = Engine(plan, Warm(atoms, plan.Temperature, SeedOf(plan, 4)), new NoseHoover(plan.Temperature, plan.BathTime));
        engine.Advance(plan.Equilibration, plan.Step, loop, cancellation);
        var from = engine.Configuration().Positions;
        var interval = plan.Every * plan.Step;
        var stride = Math.Max(1, (int)(plan.LongestLag / (40 * interval)));
        var elasticity = plan.IsSolid ? new ThermalElasticity(plan.Moving.Interactions, Math.Max(1, plan.LooksInBlock / 4), plan.LooksInBlock, plan.Moving.LeftOut) : null;
        var motion = plan.IsSolid ? null : new MeanSquareDisplacement(engine.Count, stride * interval, plan.LongestLag, plan.LooksInBlock * interval);
        BlockAverage temperature = new(), pressure = new(), energy = new();
        var stress = SymTensor3.Zero;
        var looks = plan.LooksInBlock * plan.Blocks;
        for (var look = 0; look < looks; look++)
        {
            engine.Advance(plan.Every, plan.Step, loop, cancellation);
            var now = engine.Measure(loop);
            temperature.Add(now.Temperature);
            pressure.Add(now.Pressure.Trace / 3);
            energy.Add(now.Total);
            stress -= now.Pressure / looks;
            elasticity?.Add(engine, loop);
            if (look % stride == 0)
            {
                motion?.Add(engine.Configuration().Positions);
            }
        }

        var last = engine.Configuration();
        RequireState(plan, from, last);
        return new()
        {
            Atoms = last, Volume = volume, Temperature = temperature.Result().Estimate, Pressure = pressure.Result().Estimate, Stress = stress, Energy = energy.Result().Estimate,
            Elasticity = elasticity, Diffusion = motion?.Diffusion(0.4 * plan.LongestLag, plan.LongestLag),
        };
    }

    private static MeasuredMatter Fluctuating(MatterPlan plan, MeasuredMatter found, ChunkedLoop loop, CancellationToken cancellation)
    {
        var engine = Isolated(plan, found, loop);
        engine.Advance(plan.Equilibration, plan.Step, loop, cancellation);
        var interval = plan.Every * plan.Step;
        var transport = EquilibriumTransport.Of(
            engine, found.Atoms.Units, (long)plan.LooksInBlock * plan.Blocks, plan.Every, plan.Step, plan.LongestLag, plan.LooksInBlock * interval, loop, hasHeat: true, cancellation);
        return found with { Conductivity = Settled(transport.Conductivity, "thermal conductivity"), Viscosity = plan.IsSolid ? null : Settled(transport.Viscosity, "viscosity") };

        static Estimate Settled(PlateauIntegral integral, string what) => integral.IsFlat
            ? integral.Value
            : throw new ScaleModelException(FormattableString.Invariant(
                $"The integral of Green and Kubo for the {what} still changes at the longest lag, {integral.Times[^1]} in the unit of time of the atoms, where it is {integral.Value}: it has no value yet. Raise 'longest-lag', and 'sampling' with it."));
    }

    private static MeasuredMatter Driven(MatterPlan plan, MeasuredMatter found, ChunkedLoop loop, CancellationToken cancellation)
    {
        // In a crystal a slab may lie between two planes of atoms.
        var slabs = new int[plan.Slabs];
        foreach (var x in found.Atoms.Positions)
        {
            slabs[SlabProfile.SlabOf(found.Atoms.Box, x, plan.Slabs, 2)]++;
        }

        if (Array.IndexOf(slabs, 0) is >= 0 and var empty)
        {
            throw new ScaleModelException($"Slab {empty + 1} of {plan.Slabs} along z is empty, and has no temperature. Lower 'slabs', in a crystal to the number of its planes or half of it, or give more cells along z.");
        }

        Estimate Flow(FlowDrive drive) => DrivenFlow.Of(
            Isolated(plan, found, loop), drive, plan.Slabs, 2, plan.ExchangeEvery, plan.Step, plan.Equilibration / plan.ExchangeEvery, plan.Blocks,
            plan.Sampling / (plan.Blocks * plan.ExchangeEvery), loop, cancellation: cancellation).Coefficient;

        return found with { Conductivity = Flow(FlowDrive.ExchangeOfHeat), Viscosity = plan.IsSolid ? null : Flow(FlowDrive.ExchangeOfMomentum(0)) };
    }

    private static MolecularDynamics Engine(MatterPlan plan, AtomConfiguration atoms, Motion? motion)
    {
        var engine = plan.Moving.Engine(atoms, motion);
        engine.OnStep = _ => plan.OnStep!();
        return engine;
    }

    private sealed class StepCount(long all, Action<double>? report)
    {
        private long _done;

        public void Add() => report?.Invoke(Math.Min(1, (double)++_done / all));
    }

    // At constant energy, the mean of that in the bath: v ← v √((K + Ē − E)/K).
    private static MolecularDynamics Isolated(MatterPlan plan, MeasuredMatter found, ChunkedLoop loop)
    {
        var engine = Engine(plan, found.Atoms, null);
        var now = engine.Measure(loop);
        var kinetic = now.Kinetic + found.Energy.Value - now.Total;
        if (!(kinetic > 0))
        {
            throw new ScaleModelException(FormattableString.Invariant($"The atoms have an energy of {now.Total}, {found.Energy.Value} in the mean, of which {now.Kinetic} is motion: the mean cannot be reached by their velocities. Raise 'sampling'; there are probably very few atoms."));
        }

        var factor = Math.Sqrt(kinetic / now.Kinetic);
        engine.SetVelocities(Array.ConvertAll(found.Atoms.Velocities, v => factor * v));
        return engine;
    }

    private static void RequireState(MatterPlan plan, Vec3[] from, AtomConfiguration to)
    {
        var squares = new double[from.Length];
        for (var i = 0; i < squares.Length; i++)
        {
            squares[i] = (to.Positions[i] - from[i]).NormSquared;
        }

        var wandered = Math.Sqrt(FixedOrderSum.Of(squares) / squares.Length) / Math.Cbrt(to.Box.Volume / to.Count);
        if (plan.IsSolid != wandered < Wandering)
        {
            var found = FormattableString.Invariant($"While it was measured, atoms went {wandered:G3} of their distance");
            throw new ScaleModelException(plan.IsSolid
                ? $"{found}: what should be a solid is molten. Take a lower temperature or a higher pressure, or the model molecular-fluid."
                : $"{found}: what should be a fluid does not flow. Take a higher temperature, a lower density or a higher 'melt-temperature', or more 'sampling'; or the model molecular-solid.");
        }
    }

    // Each part has velocities and noise of its own: seeds of users are below 2³², and replicas lie above that.
    private static ulong SeedOf(MatterPlan plan, ulong part) => plan.Seed + (part << 60);

    // Positions at equilibrium tell nothing of velocities, so that fresh ones are as good, and have no momentum together.
    private static AtomConfiguration Warm(AtomConfiguration atoms, double temperature, ulong seed) => atoms with { Velocities = ThermalVelocities.Draw(atoms, temperature, seed) };
}

using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Particles.Measures;

/// <summary>
/// Shear viscosity and thermal conductivity of a fluid, or a conductivity of a crystal, from what an engine does at equilibrium: it is looked at every so
/// many steps, and nothing is kept but correlations.
/// </summary>
/// <remarks>
/// See <see cref="GreenKubo"/>. The engine conserves energy and its atoms have no momentum together: a thermostat that disturbs the motion changes
/// what is measured. In a mixture the conductivity holds the heat that diffusion carries.
/// </remarks>
public sealed class EquilibriumTransport
{
    private readonly UnitSystem _units;
    private readonly BlockedCorrelator _stress;
    private readonly BlockedCorrelator? _heat;
    private readonly BlockAverage _temperature = new();
    private readonly BlockAverage _pressure = new();
    private double _volume;

    /// <summary>A measure that has seen nothing.</summary>
    /// <param name="units">The units of the atoms.</param>
    /// <param name="interval">The time between two looks: a fifth or less of the time in which stress forgets itself, 0.015 in a Lennard-Jones fluid for instance.</param>
    /// <param name="longest">The longest lag: several times the memory of stress and flux.</param>
    /// <param name="block">How long a block is; ten longest lags, for instance. A trajectory has ten or more.</param>
    /// <param name="hasHeat">Whether the conductivity is wanted too, for which each interaction must divide its energy among atoms.</param>
    /// <exception cref="ScaleModelException">A time is out of range.</exception>
    public EquilibriumTransport(UnitSystem units, double interval, double longest, double block, bool hasHeat = true)
    {
        _units = units;
        _stress = new(GreenKubo.Shears, CorrelationKind.Product, interval, longest, block);
        _heat = hasHeat ? new(3, CorrelationKind.Product, interval, longest, block) : null;
    }

    /// <summary>Runs an engine and measures.</summary>
    /// <param name="engine">The engine, at equilibrium.</param>
    /// <param name="units">The units of its atoms.</param>
    /// <param name="looks">How often it is looked at.</param>
    /// <param name="every">How many steps lie between two looks.</param>
    /// <param name="step">The length of a step.</param>
    /// <param name="longest">The longest lag.</param>
    /// <param name="block">The length of a block.</param>
    /// <param name="loop">The way to run a loop on several threads.</param>
    /// <param name="hasHeat">Whether the conductivity is wanted too.</param>
    /// <param name="cancellation">Signalled when nobody wants the rest.</param>
    /// <exception cref="ScaleModelException">A number is out of range, or an atom is nowhere.</exception>
    public static EquilibriumTransport Of(
        MolecularDynamics engine, UnitSystem units, long looks, int every, double step, double longest, double block, ChunkedLoop loop, bool hasHeat = true, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(engine);
        ArgumentOutOfRangeException.ThrowIfLessThan(every, 1);
        var measure = new EquilibriumTransport(units, every * step, longest, block, hasHeat);
        for (var look = 0L; look < looks; look++)
        {
            engine.Advance(every, step, loop, cancellation);
            measure.Add(engine, loop);
        }

        return measure;
    }

    /// <summary>The temperature, the mean over all looks.</summary>
    public BlockedMean Temperature => _temperature.Result();

    /// <summary>The pressure, the mean over all looks, in the unit of pressure.</summary>
    public BlockedMean Pressure => _pressure.Result();

    /// <summary>The shear viscosity, in the unit of pressure times that of time, with the running integral.</summary>
    /// <exception cref="ScaleModelException">Fewer than two blocks are complete.</exception>
    public PlateauIntegral Viscosity => GreenKubo.ViscosityFactor(_units, _volume, Temperature.Value) * PlateauIntegral.Of(_stress.Result());

    /// <summary>The thermal conductivity, in the unit of energy over those of length, time and temperature, with the running integral.</summary>
    /// <exception cref="ScaleModelException">Fewer than two blocks are complete, or heat was not asked for.</exception>
    public PlateauIntegral Conductivity => _heat is null
        ? throw new ScaleModelException("A thermal conductivity is asked for, but the flow of heat was not measured.")
        : GreenKubo.ConductivityFactor(_units, _volume, Temperature.Value) * PlateauIntegral.Of(_heat.Result());

    /// <summary>Looks at an engine.</summary>
    /// <exception cref="ScaleModelException">What it measures is not finite, or an interaction does not divide its energy among atoms.</exception>
    public void Add(MolecularDynamics engine, ChunkedLoop loop)
    {
        ArgumentNullException.ThrowIfNull(engine);
        _volume = engine.Box.Volume;
        var now = engine.Measure(loop);
        Span<double> shears = stackalloc double[GreenKubo.Shears];
        GreenKubo.ShearComponents(now.Pressure, shears);
        _stress.Add(shears);
        _temperature.Add(now.Temperature);
        _pressure.Add(now.Pressure.Trace / 3);
        if (_heat is { } heat)
        {
            var (carried, passed) = HeatFlux.Of(engine.Configuration(), engine.Shares(loop));
            var flux = (carried + passed) / _volume;
            heat.Add([flux.X, flux.Y, flux.Z]);
        }
    }

    /// <summary>Saves or restores what it has seen; its times are those of the constructor.</summary>
    public void Archive(StateArchive archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        archive.Value("volume", ref _volume);
        _stress.Archive(archive);
        _heat?.Archive(archive);
        _temperature.Archive(archive);
        _pressure.Archive(archive);
    }
}

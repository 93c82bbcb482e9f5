using System.Collections.Immutable;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles.Interactions;

namespace ActorMultiscale.Physics.Particles;

/// <summary>
/// Atoms as a participant: <see cref="MolecularDynamics"/> with what an experiment says of them. Other participants may push each atom; they are
/// told where the atoms are, how fast, how hot, and under what stress.
/// </summary>
/// <remarks>
/// A window has as many equal steps as the setting <c>step</c> asks for at least. Positions are not
/// wrapped into the box. Where all is in the units of the potential, a second of the experiment is one unit of time.
/// </remarks>
public sealed class MolecularDynamicsModel : IScaleModel
{
    private readonly MolecularDynamicsSettings _settings;
    private readonly AtomConfiguration _start;
    private readonly MolecularDynamics _engine;
    private readonly AppliedForces _applied = new();
    private readonly Ports _ports;
    private readonly double _mass;
    private readonly double _step;

    /// <summary>Atoms that <paramref name="settings"/> describe.</summary>
    /// <param name="settings">Values of the settings of <see cref="Entry"/>.</param>
    /// <param name="isReduced">Whether all is in the units of the potential.</param>
    /// <param name="reader">Reads atoms from files.</param>
    /// <exception cref="ScaleModelException">Settings do not fit together; all that is wrong is named. Or a file cannot be read.</exception>
    public MolecularDynamicsModel(ModelSettings settings, bool isReduced, AtomReader reader)
    {
        ArgumentNullException.ThrowIfNull(settings);
        _settings = new(settings, isReduced, reader);
        (_start, var interactions, var skin, var leftOut) = _settings.Read();
        _engine = new(_start, [.. interactions(), _applied], skin, leftOut, _settings.Motion());
        _step = settings.Number("step") / _settings.Time;
        _mass = FixedOrderSum.Of([.. _start.Kinds.Select(k => _start.Species[k].Mass)]);
        _ports = new(isReduced);
        var atoms = _start.Count;
        Description = new(
            new(_ports.ExternalForce, atoms), new(_ports.Positions, atoms), new(_ports.Velocities, atoms), new(_ports.Temperature, 1), new(_ports.Energy, 1),
            new(_ports.Potential, 1), new(_ports.Conserved, 1), new(_ports.Pressure, 1), new(_ports.Stress, 1), new(_ports.Density, 1), new(_ports.Cell, 3));
    }

    /// <summary>The model for experiments, in SI units.</summary>
    /// <param name="reader">Reads atoms from files.</param>
    public static ModelEntry Entry(AtomReader reader) => new("molecular-dynamics",
        "Atoms from a file or a lattice: pair potentials, embedded atoms, bonds; thermostats, a barostat, straining", MolecularDynamicsSettings.All(isReduced: false),
        settings => new MolecularDynamicsModel(settings, isReduced: false, reader));

    /// <summary>The same in the units of the potential: all settings and ports are bare numbers.</summary>
    /// <param name="reader">Reads atoms from files.</param>
    public static ModelEntry ReducedEntry(AtomReader reader) => new("molecular-dynamics-reduced",
        "The same as molecular-dynamics, in the units of the potential: σ, ε, m and k_B are one", MolecularDynamicsSettings.All(isReduced: true),
        settings => new MolecularDynamicsModel(settings, isReduced: true, reader));

    /// <inheritdoc/>
    public ModelDescription Description { get; }

    /// <inheritdoc/>
    public void Initialize(PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        Write(outputs, 0, ChunkedLoop.Serial);
    }

    /// <inheritdoc/>
    public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(outputs);
        var window = context.Window;
        var length = window.Length / _settings.Time;
        var steps = (int)Math.Clamp(Math.Ceiling((length / _step) - 1e-9), 1, 1e9);
        using var team = context.Loop.Gather();
        var before = _engine.Steps;
        _engine.OnStep = all => context.Report((double)(all - before) / steps);
        if (!inputs.IsConnected(_ports.ExternalForce))
        {
            _applied.Forces = [];
            _engine.Advance(steps, length / steps, team.Loop, context.Cancellation);
        }
        else
        {
            // The first half of a step's kick is by the forces before, the second by those at its end.
            Push(inputs, window.Start);
            _ = _engine.Measure(team.Loop);
            for (var s = 0; s < steps; s++)
            {
                Push(inputs, window.EndOfStep(s, steps));
                _engine.Advance(1, length / steps, team.Loop, context.Cancellation);
            }
        }

        Write(outputs, window.End, team.Loop);
    }

    /// <inheritdoc/>
    public void Archive(StateArchive archive) => _engine.Archive(archive);

    private void Write(PortWriter outputs, double time, ChunkedLoop loop)
    {
        var units = _settings.Units.Si;
        var now = _engine.Measure(loop);
        var atoms = _engine.Configuration();
        void All(Port<Vec3> port, Vec3[] values, double unit)
        {
            var to = outputs.Write(port, time);
            for (var i = 0; i < values.Length; i++)
            {
                to[i] = unit * values[i];
            }
        }

        All(_ports.Positions, atoms.Positions, units.Length);
        All(_ports.Velocities, atoms.Velocities, units.Length / units.Time);
        outputs.Write(_ports.Temperature, time, now.Temperature);
        outputs.Write(_ports.Energy, time, units.Energy * now.Total);
        outputs.Write(_ports.Potential, time, units.Energy * now.Potential);
        outputs.Write(_ports.Conserved, time, units.Energy * (now.Conserved ?? now.Total));
        outputs.Write(_ports.Pressure, time, _settings.Pressure * now.Pressure.Trace / 3);
        outputs.Write(_ports.Stress, time)[0] = -_settings.Pressure * now.Pressure;
        outputs.Write(_ports.Density, time, units.Mass * _mass / (_engine.Box.Volume * units.Length * units.Length * units.Length));
        var cell = outputs.Write(_ports.Cell, time);
        for (var c = 0; c < 3; c++)
        {
            cell[c] = units.Length * _engine.Box.Cell.Column(c);
        }
    }

    private void Push(PortReader inputs, double time)
    {
        var forces = inputs.Read(_ports.ExternalForce, time);
        var to = _applied.Forces.Length == forces.Length ? _applied.Forces : new Vec3[forces.Length];
        for (var i = 0; i < to.Length; i++)
        {
            to[i] = forces[i] / _settings.Force;
        }

        _applied.Forces = to;
    }

    private sealed class Ports(bool isReduced)
    {
        public Port<Vec3> ExternalForce { get; } = Port.In<Vec3>("external-force", Bare(isReduced, Quantities.Force)) with { Optional = true };

        public Port<Vec3> Positions { get; } = Port.Out<Vec3>("positions", Bare(isReduced, new("x", Unit.Parse("m"))));

        public Port<Vec3> Velocities { get; } = Port.Out<Vec3>("velocities", Bare(isReduced, Quantities.Velocity));

        public Port<double> Temperature { get; } = Port.Out<double>("temperature", Bare(isReduced, Quantities.Temperature));

        public Port<double> Energy { get; } = Port.Out<double>("energy", Bare(isReduced, Quantities.Energy));

        public Port<double> Potential { get; } = Port.Out<double>("potential-energy", Bare(isReduced, Quantities.Energy));

        public Port<double> Conserved { get; } = Port.Out<double>("conserved", Bare(isReduced, Quantities.Energy));

        public Port<double> Pressure { get; } = Port.Out<double>("pressure", Bare(isReduced, new("p", Unit.Parse("Pa"))));

        public Port<SymTensor3> Stress { get; } = Port.Out<SymTensor3>("stress", Bare(isReduced, Quantities.Stress));

        public Port<double> Density { get; } = Port.Out<double>("density", Bare(isReduced, new("ρ", Unit.Parse("kg/m^3"))));

        public Port<Vec3> Cell { get; } = Port.Out<Vec3>("cell", Bare(isReduced, new("h", Unit.Parse("m"))));

        private static Quantity Bare(bool isReduced, Quantity quantity) => isReduced ? quantity with { Unit = Unit.One } : quantity;
    }
}

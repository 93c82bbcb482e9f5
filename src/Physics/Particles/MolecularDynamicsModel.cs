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
    private readonly MolecularDynamicsPorts _ports;
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
        _ports = new(isReduced, _settings.Units);
        var atoms = _start.Count;
        Description = new([new(_ports.ExternalForce, atoms), new(_ports.Positions, atoms), new(_ports.Velocities, atoms), .. _ports.Measured]);
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
        var now = _engine.Measure(loop);
        var atoms = _engine.Configuration();
        _ports.WriteAtoms(outputs, time, atoms.Positions, atoms.Velocities);
        _ports.Write(outputs, time, now, _engine.Box, _mass);
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
}

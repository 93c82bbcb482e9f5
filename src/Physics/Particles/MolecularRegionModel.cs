using System.Collections.Immutable;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Particles;

/// <summary>
/// Atoms of one element in a periodic box at constant energy: a lattice with thermal velocities that moves by velocity Verlet
/// (W. C. Swope et al., J. Chem. Phys. 76 (1982) 637). Where the forces come from is the affair of an <see cref="IForceEngine"/>.
/// </summary>
/// <remarks>A window has as many equal steps as the setting <c>step</c> asks for at least. Positions are not wrapped into the box.</remarks>
public sealed class MolecularRegionModel : IScaleModel, IDisposable
{
    private const double Boltzmann = 1.380649e-23;      // J/K, exact in the SI.

    private static readonly Port<Vec3> _external = Port.In<Vec3>("external-force", Quantities.Force) with { Optional = true };
    private static readonly Port<Vec3> _positionOut = Port.Out<Vec3>("positions", new("x", Unit.Parse("m")));
    private static readonly Port<Vec3> _velocityOut = Port.Out<Vec3>("velocities", Quantities.Velocity);
    private static readonly Port<double> _temperatureOut = Port.Out<double>("temperature", Quantities.Temperature);

    // These need forces, which at the start of the run nobody has computed: another program may have to be waited for.
    private static readonly Port<double> _energyOut = Port.Out<double>("energy", Quantities.Energy) with { HasStart = false };
    private static readonly Port<double> _potentialOut = Port.Out<double>("potential-energy", Quantities.Energy) with { HasStart = false };
    private static readonly Port<double> _pressureOut = Port.Out<double>("pressure", new("p", Unit.Parse("Pa"))) with { HasStart = false };

    private readonly IForceEngine _engine;
    private readonly Matrix3 _cell;
    private readonly double _mass;
    private readonly double _step;
    private readonly double _startTemperature;
    private readonly long _seed;
    private Vec3[] _positions;
    private Vec3[] _velocities;
    private Vec3[] _forces = [];        // Of the present positions; empty while unknown.

    /// <summary>A region that <paramref name="settings"/> describe, with forces of <paramref name="engine"/>.</summary>
    /// <param name="settings">Values of <see cref="Settings"/>.</param>
    /// <param name="engine">Computes the forces.</param>
    public MolecularRegionModel(ModelSettings settings, IForceEngine engine)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(engine);
        _engine = engine;
        var cells = settings.Integer("cells");
        var kind = CrystalSettings.LatticeOf(settings);
        const double angstrom = 1e-10;      // m; the crystal is built in Å.
        var crystal = Crystal.Perfect(kind, settings.Number("lattice-constant") / angstrom, Orientation.Cube, (cells, cells, cells));
        _cell = Matrix3.FromColumns(angstrom * crystal.Cell.Column(0), angstrom * crystal.Cell.Column(1), angstrom * crystal.Cell.Column(2));
        _positions = [.. crystal.Positions.ToArray().Select(x => angstrom * x)];
        _velocities = new Vec3[_positions.Length];
        if (_positions.Length < 2)
        {
            throw new ScaleModelException("The region has one atom, which has no motion relative to the rest; give it more 'cells'.");
        }

        (_mass, _step, _startTemperature, _seed) = (settings.Number("mass"), settings.Number("step"), settings.Number("temperature"), settings.Integer("seed"));
        var atoms = _positions.Length;
        Description = new(
            new(_external, atoms), new(_positionOut, atoms), new(_velocityOut, atoms), new(_temperatureOut, 1),
            new(_energyOut, 1), new(_potentialOut, 1), new(_pressureOut, 1));
    }

    /// <summary>The settings of the region itself, whatever the engine. By default solid argon.</summary>
    public static ImmutableArray<Setting> Settings { get; } =
    [
        Setting.Choice("lattice", "crystal lattice at the start", ["fcc", "bcc", "sc"], "fcc"),
        Setting.Positive("lattice-constant", "m", "lattice constant at the start", 5.3e-10),
        Setting.Integer("cells", "cubic unit cells along each axis", 3, min: 1, max: 20),
        Setting.Positive("mass", "kg", "mass of an atom", 6.6335e-26),
        Setting.Number("temperature", "K", "temperature of the velocities at the start", 40, min: 0),
        Setting.Integer("seed", "number that chooses the velocities at the start", 1, min: 0, max: int.MaxValue),
        Setting.Positive("step", "s", "longest time step; a window has a whole number of equal steps", 2e-15),
    ];

    /// <summary>The model for experiments, with Lennard-Jones forces computed here.</summary>
    public static ModelEntry Entry { get; } = new("md-region", "Atoms in a periodic box at constant energy, with Lennard-Jones forces",
        [.. Settings, .. LennardJones.Settings], settings => new MolecularRegionModel(settings, LennardJones.Of(settings)));

    /// <inheritdoc/>
    public ModelDescription Description { get; }

    /// <summary>The cell vectors as columns, m.</summary>
    public Matrix3 Cell => _cell;

    /// <inheritdoc/>
    public void Initialize(PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        Thermalize();
        WriteState(outputs, 0);
    }

    /// <inheritdoc/>
    public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(outputs);
        var window = context.Window;
        var pushed = inputs.IsConnected(_external);
        var steps = (int)Math.Clamp(Math.Ceiling((window.Length / _step) - 1e-9), 1, 1e9);

        var before = _forces.Length > 0 ? _forces : Evaluate(context).Forces;
        if (pushed)
        {
            before = Sum(before, inputs.Read(_external, window.Start));
        }

        AtomForces response = null!;
        var dt = window.Length / steps;
        for (var step = 0; step < steps; step++)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            var next = window.EndOfStep(step, steps);
            for (var i = 0; i < _positions.Length; i++)
            {
                // v(t + Δt/2) = v + Δt f(t) / 2m,  x(t + Δt) = x + Δt v(t + Δt/2),  v(t + Δt) = v(t + Δt/2) + Δt f(t + Δt) / 2m
                _velocities[i] += 0.5 * dt / _mass * before[i];
                _positions[i] += dt * _velocities[i];
            }

            response = Evaluate(context);
            before = pushed ? Sum(response.Forces, inputs.Read(_external, next)) : response.Forces;
            for (var i = 0; i < _positions.Length; i++)
            {
                _velocities[i] += 0.5 * dt / _mass * before[i];
            }
        }

        _forces = response.Forces;
        WriteState(outputs, window.End);
        var kinetic = Kinetic();
        outputs.Write(_potentialOut, window.End, response.Energy);
        outputs.Write(_energyOut, window.End, response.Energy + kinetic);

        // p = (2K + tr W) / 3V
        outputs.Write(_pressureOut, window.End, ((2 * kinetic) + response.Virial.Trace) / (3 * _cell.Determinant));
    }

    /// <summary>Ends an engine that holds more than memory, such as a connection.</summary>
    public void Dispose() => (_engine as IDisposable)?.Dispose();

    /// <inheritdoc/>
    public void Archive(StateArchive archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        _ = archive.Version(1);
        archive.Field("positions", ref _positions);
        archive.Field("velocities", ref _velocities);

        // A function of the positions, but perhaps of another program, which need not give the same bits twice.
        archive.Field("forces", ref _forces);
    }

    private static Vec3[] Sum(Vec3[] a, ReadOnlySpan<Vec3> b)
    {
        var sum = new Vec3[a.Length];
        for (var i = 0; i < a.Length; i++)
        {
            sum[i] = a[i] + b[i];
        }

        return sum;
    }

    private AtomForces Evaluate(AdvanceContext context) => _engine.Evaluate(_cell, _positions, context.Loop, context.Cancellation);

    // Normal velocities without common motion, scaled to the temperature asked for exactly.
    private void Thermalize()
    {
        var random = new Philox((ulong)_seed, Fingerprint.OfName("md-region"));
        for (var i = 0; i < _velocities.Length; i++)
        {
            var (x, y) = random.Normal(0, 0, i);
            _velocities[i] = new Vec3(x, y, random.Normal(0, 0, i, 1).First);
        }

        double Mean(Func<Vec3, double> entry) => FixedOrderSum.Of(Array.ConvertAll(_velocities, v => entry(v))) / _velocities.Length;
        var mean = new Vec3(Mean(v => v.X), Mean(v => v.Y), Mean(v => v.Z));
        _velocities = Array.ConvertAll(_velocities, v => v - mean);
        var scale = Math.Sqrt(_startTemperature / Temperature());
        _velocities = Array.ConvertAll(_velocities, v => scale * v);
    }

    private double Kinetic() => 0.5 * _mass * FixedOrderSum.Of(Array.ConvertAll(_velocities, v => v.NormSquared));

    // 2K = (3N − 3) k T: the common motion does not count.
    private double Temperature() => 2 * Kinetic() / (3.0 * (_velocities.Length - 1) * Boltzmann);

    private void WriteState(PortWriter outputs, double time)
    {
        _positions.CopyTo(outputs.Write(_positionOut, time));
        _velocities.CopyTo(outputs.Write(_velocityOut, time));
        outputs.Write(_temperatureOut, time, Temperature());
    }
}

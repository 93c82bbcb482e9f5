using ActorMultiscale.Physics.Adaptivity;
using ActorMultiscale.Physics.Bridging;
using ActorMultiscale.Physics.CoarseGraining;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Continuum;

/// <summary>
/// The continuum of a bridging domain on a line: an elastic bar of linear elements with lumped mass that fades in across the overlap,
/// and takes another mesh whenever a refiner sends one. Reduced units, as the atoms.
/// </summary>
/// <remarks>
/// <para>A window is one step, which may be several steps of the atoms. The impulses that came in the meantime act each at its own time:
/// with the time τ left after an impulse J the displacement gains τ J/M̄ beside the free drift.</para>
/// <para>A mesh sent by the refiner is taken at the start of the first window in which it stands, on the whole step: displacements u_n by nodal
/// values, velocities v_n by restriction, half-step velocities from them by the new mesh's own forces. The change of energy there is booked.
/// The nodes in the overlap and their masses must stay as they are, since the handshake was made for them.</para>
/// </remarks>
/// <seealso cref="ElasticBar"/>
public sealed class ElasticBarModel : IScaleModel
{
    private static readonly Port<double> ImpulseIn = Port.In<double>("impulse", new("J", Unit.One, Nature.Extensive, TimeMeaning.WindowIntegral));
    private static readonly Port<double> MeshIn = Port.In<double>("mesh", new("X", Unit.One)) with { Optional = true };
    private static readonly Port<TransferEntry> DisplacementTransferIn = Port.In<TransferEntry>("displacement-transfer", new("T_u", Unit.One)) with { Optional = true };
    private static readonly Port<TransferEntry> VelocityTransferIn = Port.In<TransferEntry>("velocity-transfer", new("T_v", Unit.One)) with { Optional = true };
    private static readonly Port<double> OverlapVelocityOut = Port.Out<double>("overlap-velocity", new("V*", Unit.One));
    private static readonly Port<double> OverlapMassOut = Port.Out<double>("overlap-mass", new("M̄", Unit.One, Nature.Extensive));
    private static readonly Port<double> PositionOut = Port.Out<double>("position", new("X", Unit.One));
    private static readonly Port<double> DisplacementOut = Port.Out<double>("displacement", new("u", Unit.One));
    private static readonly Port<double> IndicatorOut = Port.Out<double>("indicator", new("η", Unit.One));

    // Energy and invariant are those of the window's start, after a change of mesh there; momentum is that of the
    // kicked velocities at the window's end, in which every impulse so far is contained.
    private static readonly Port<Balance> BalanceOut = Port.Out<Balance>("balance", new("E, I, p, |p|", Unit.One, Nature.Extensive)) with { HasStart = false };
    private static readonly Port<TransferBooking> BookedOut = Port.Out<TransferBooking>("booked", new("ΣΔE, ΣΔI, Σ|ΔE|", Unit.One, Nature.Extensive)) with { HasStart = false };
    private static readonly Port<double> ElementsOut = Port.Out<double>("elements", new("n", Unit.One)) with { HasStart = false };
    private static readonly Port<double> MeanElementsOut = Port.Out<double>("mean-elements", new("⟨n⟩", Unit.One)) with { HasStart = false };
    private static readonly Port<double> PeakElementsOut = Port.Out<double>("peak-elements", new("max n", Unit.One)) with { HasStart = false };

    private readonly BlendingFunction _blending;
    private readonly double _density;
    private readonly double _modulus;
    private readonly FixedStep _step;
    private readonly double[] _firstNodes;
    private ElasticBar _bar;
    private TransferBooking _booked;
    private long _steps;
    private long _cellSteps;        // Σ over steps of the number of cells.
    private long _peakCells;

    private ElasticBarModel(ModelSettings settings)
    {
        _blending = BlendingFunction.Read(settings);
        _density = settings.Number("density");
        _modulus = settings.Number("modulus");
        _step = new FixedStep(settings);
        var (end, cell) = (settings.Number("end"), settings.Number("cell"));
        if (!(end > _blending.To + cell) || !IsWhole((end - _blending.From) / cell) || !IsWhole((_blending.To - _blending.From) / cell))
        {
            throw new ScaleModelException(FormattableString.Invariant($"The bar from {_blending.From} to {end} with its overlap up to {_blending.To} is no whole number of cells of {cell}. Change 'end', 'cell' or the overlap."));
        }

        _firstNodes = ElasticBar.UniformNodes(_blending.From, end, cell);
        _bar = new ElasticBar(_firstNodes, _density, _modulus, _blending);
        var overlap = PointCloud.OnLine(_bar.Nodes[.._bar.InOverlap]);
        Description = new(
            new(ImpulseIn, _bar.InOverlap, overlap), new(MeshIn, PortLayout.Varying),
            new(DisplacementTransferIn, PortLayout.Varying), new(VelocityTransferIn, PortLayout.Varying),
            new(OverlapVelocityOut, _bar.InOverlap, overlap), new(OverlapMassOut, _bar.InOverlap, overlap),
            new(PositionOut, PortLayout.Varying), new(DisplacementOut, PortLayout.Varying), new(IndicatorOut, PortLayout.Varying),
            new(BalanceOut, 1), new(BookedOut, 1), new(ElementsOut, 1), new(MeanElementsOut, 1), new(PeakElementsOut, 1))
        {
            IsLight = true,
        };
    }

    /// <summary>The model for experiments.</summary>
    public static ModelEntry Entry { get; } = new("elastic-bar", "An elastic bar of linear elements that fades in across an overlap with atoms, on a fixed or an adaptive mesh",
        [
            Setting.Number("end", "1", "where the bar ends; it begins with the overlap", 960),
            Setting.Positive("cell", "1", "length of its cells at the start, the finest of all", 5),
            Setting.Positive("density", "1", "mass per length, m/a of the chain", 1),
            Setting.Positive("modulus", "1", "modulus times cross section, K a of the chain", 1),
            FixedStep.Setting,
            .. BlendingFunction.Settings,
        ],
        settings => new ElasticBarModel(settings));

    /// <inheritdoc/>
    public ModelDescription Description { get; }

    /// <inheritdoc/>
    public void Initialize(PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        _bar = new ElasticBar(_firstNodes, _density, _modulus, _blending);     // At rest.
        (_booked, _steps, _cellSteps, _peakCells) = (default, 0, 0, 0);
        WriteState(outputs, 0);
    }

    /// <inheritdoc/>
    public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(outputs);
        var window = context.Window;
        _step.Require(window);
        _bar.Row.Open(_step.Length);
        StrikeImpulses(inputs.Samples(ImpulseIn), window.End);
        if (inputs.IsConnected(MeshIn) && inputs.Samples(MeshIn).Start == window.Start)
        {
            TakeMesh(inputs.Read(MeshIn, window.Start), inputs.Read(DisplacementTransferIn, window.Start), inputs.Read(VelocityTransferIn, window.Start));
        }

        var (energy, invariant) = Energies();
        _bar.Row.Close(_step.Length);
        _steps++;
        _cellSteps += _bar.Cells;
        _peakCells = Math.Max(_peakCells, _bar.Cells);

        WriteState(outputs, window.End);
        outputs.Write(BalanceOut, window.End)[0] = new Balance(energy, invariant, Momentum(magnitude: false), Momentum(magnitude: true));
        outputs.Write(BookedOut, window.End)[0] = _booked;
        outputs.Write(ElementsOut, window.End, _bar.Cells);
        outputs.Write(MeanElementsOut, window.End, (double)_cellSteps / _steps);
        outputs.Write(PeakElementsOut, window.End, _peakCells);
    }

    /// <inheritdoc/>
    public void Archive(StateArchive archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        _ = archive.Version(1);
        var nodes = _bar.Nodes.ToArray();
        archive.Field("nodes", ref nodes);
        if (archive.IsRestoring)
        {
            _bar = new ElasticBar(nodes, _density, _modulus, _blending);
        }

        _bar.Row.Archive(archive);
        archive.Value("booked", ref _booked);
        archive.Value("steps", ref _steps);
        archive.Value("cell-steps", ref _cellSteps);
        archive.Value("peak-cells", ref _peakCells);
    }

    private static bool IsWhole(double ratio) => Math.Abs(ratio - Math.Round(ratio)) < 1e-9;

    // Every sample is the impulse of one step of the atoms, given at the beginning of that step.
    private void StrikeImpulses(Waveform impulses, double end)
    {
        var given = impulses.Start;
        foreach (var sample in impulses.Samples)
        {
            _bar.Row.Strike(0, sample.Values, impulses.Samples.Count == 1 ? _step.Length : end - given);
            given = sample.Time;
        }
    }

    private void TakeMesh(ReadOnlySpan<double> nodes, ReadOnlySpan<TransferEntry> displacement, ReadOnlySpan<TransferEntry> velocity)
    {
        if (nodes.SequenceEqual(_bar.Nodes))
        {
            return;
        }

        RequireMesh(nodes);
        var fresh = new ElasticBar(nodes.ToArray(), _density, _modulus, _blending);
        if (!fresh.Nodes[..fresh.InOverlap].SequenceEqual(_bar.Nodes[.._bar.InOverlap])
            || !fresh.Row.Mass[..fresh.InOverlap].SequenceEqual(_bar.Row.Mass[.._bar.InOverlap]))
        {
            throw new ScaleModelException($"The new mesh changes the nodes in the overlap or their masses; the handshake was made for the old ones. Let the refiner freeze the cells up to the one beyond the overlap.");
        }

        var old = _bar.Row;
        var v = new double[old.Count];
        for (var j = 0; j < v.Length; j++)
        {
            v[j] = old.OnStep(j);
        }

        var before = Energies();
        var (u, w) = (new double[nodes.Length], new double[nodes.Length]);
        TransferEntry.Apply(displacement, old.Displacement, u);
        TransferEntry.Apply(velocity, v, w);
        fresh.Row.TakeOver(old, u, w, fresh.InOverlap, _step.Length);
        _bar = fresh;
        var after = Energies();
        var change = after.Energy - before.Energy;
        _booked = new(_booked.Energy + change, _booked.Invariant + after.Invariant - before.Invariant, _booked.Magnitude + Math.Abs(change));
    }

    private void RequireMesh(ReadOnlySpan<double> nodes)
    {
        var increasing = nodes.Length >= 2;
        for (var j = 1; j < nodes.Length; j++)
        {
            increasing &= nodes[j] > nodes[j - 1];
        }

        if (!increasing || nodes[0] != _bar.Nodes[0] || nodes[^1] != _bar.Nodes[^1])
        {
            throw new ScaleModelException(FormattableString.Invariant($"The new mesh of {nodes.Length} nodes does not run upwards from {_bar.Nodes[0]} to {_bar.Nodes[^1]}, as the bar does. Give the refiner the bar's 'begin', 'end' and 'cell'."));
        }
    }

    private (double Energy, double Invariant) Energies()
    {
        var (energy, invariant) = (new double[_bar.Row.Count], new double[_bar.Row.Count]);
        _bar.Row.Energies(energy, invariant);
        return (FixedOrderSum.Of(energy), FixedOrderSum.Of(invariant));
    }

    private double Momentum(bool magnitude)
    {
        var momentum = new double[_bar.Row.Count];
        for (var j = 0; j < momentum.Length; j++)
        {
            momentum[j] = _bar.Row.Mass[j] * (magnitude ? Math.Abs(_bar.Row.Kicked[j]) : _bar.Row.Kicked[j]);
        }

        return FixedOrderSum.Of(momentum);
    }

    private void WriteState(PortWriter outputs, double time)
    {
        _bar.Row.Kicked[.._bar.InOverlap].CopyTo(outputs.Write(OverlapVelocityOut, time));
        _bar.Row.Mass[.._bar.InOverlap].CopyTo(outputs.Write(OverlapMassOut, time));
        _bar.Nodes.CopyTo(outputs.WriteList(PositionOut, time, _bar.Nodes.Length));
        _bar.Row.Displacement.CopyTo(outputs.WriteList(DisplacementOut, time, _bar.Nodes.Length));
        _bar.EnergyDensity(_density, _modulus, outputs.WriteList(IndicatorOut, time, _bar.Cells));
    }
}

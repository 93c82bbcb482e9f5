using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Adaptivity;

/// <summary>
/// The refiner of a bar as a participant of its own: it hears an indicator for every cell, and answers with a mesh that follows the wave and with
/// the operators that take the fields there. Its peer reads both at the start of the next window.
/// </summary>
/// <remarks>
/// Thresholds are relative to the greatest indicator of the run so far, so that one setting serves pulses of any height. Where the mesh
/// stays, the operators are empty lists. The cells in the overlap and the one beyond are frozen at the finest level: the masses of the
/// overlap's nodes, for which the handshake was factored, never change.
/// </remarks>
/// <seealso cref="CellForest"/>
/// <seealso cref="ConservativeTransfer"/>
public sealed class BarRefinerModel : IScaleModel
{
    private static readonly Port<double> IndicatorIn = Port.In<double>("indicator", new("η", Unit.One));
    private static readonly Port<double> MeshOut = Port.Out<double>("mesh", new("X", Unit.One));
    private static readonly Port<TransferEntry> DisplacementTransferOut = Port.Out<TransferEntry>("displacement-transfer", new("T_u", Unit.One));
    private static readonly Port<TransferEntry> VelocityTransferOut = Port.Out<TransferEntry>("velocity-transfer", new("T_v", Unit.One));
    private static readonly Port<double> ChangesOut = Port.Out<double>("changes", new("n", Unit.One));

    private readonly double _begin;
    private readonly double _cell;
    private readonly int _roots;
    private readonly int _levels;
    private readonly int _frozen;
    private readonly double _refineAbove;
    private readonly double _coarsenBelow;
    private readonly int _buffer;
    private CellForest _forest;
    private double _peak;           // The greatest indicator so far.
    private long _changes;

    private BarRefinerModel(ModelSettings settings)
    {
        _begin = settings.Number("begin");
        _cell = settings.Number("cell");
        _levels = settings.Integer("levels");
        _refineAbove = settings.Number("refine-above");
        _coarsenBelow = settings.Number("coarsen-below");
        _buffer = settings.Integer("buffer");
        var (end, frozenTo) = (settings.Number("end"), settings.Number("frozen-to"));
        var roots = (end - _begin) / (_cell * (1 << _levels));
        _roots = (int)Math.Round(roots);
        if (_roots < 1 || Math.Abs(roots - _roots) > 1e-9)
        {
            throw new ScaleModelException(FormattableString.Invariant($"The bar from {_begin} to {end} is {roots} cells of the coarsest level, which is no whole number. Change 'end', 'cell' or 'levels'."));
        }

        if (!(_coarsenBelow < _refineAbove))
        {
            throw new ScaleModelException(FormattableString.Invariant($"'coarsen-below' is {_coarsenBelow} and 'refine-above' {_refineAbove}; without a gap between them cells flip to and fro."));
        }

        _frozen = (int)Math.Ceiling(((frozenTo - _begin) / _cell) - 1e-9) + 1;
        _forest = CellForest.Coarsest(_roots, _levels, _frozen);
        Description = new(new(IndicatorIn, PortLayout.Varying), new(MeshOut, PortLayout.Varying),
            new(DisplacementTransferOut, PortLayout.Varying), new(VelocityTransferOut, PortLayout.Varying), new(ChangesOut, 1))
        {
            IsLight = true,
        };
    }

    /// <summary>The model for experiments.</summary>
    public static ModelEntry Entry { get; } = new("bar-refiner", "Refines and coarsens the mesh of a bar where its indicator asks for it, with conservative transfer",
        [
            Setting.Number("begin", "1", "where the bar begins", 360),
            Setting.Number("end", "1", "where it ends", 960),
            Setting.Positive("cell", "1", "length of the finest cells, with which the bar is made", 5),
            Setting.Integer("levels", "how often a coarsest cell is halved to the finest", 2, 0, 16),
            Setting.Number("frozen-to", "1", "up to where nodes keep their masses: the end of the overlap", 400),
            Setting.Positive("refine-above", "1", "cells are halved whose indicator exceeds this share of the greatest so far", DefaultRefineAbove),
            Setting.Positive("coarsen-below", "1", "siblings are merged whose indicators lie below this share", DefaultCoarsenBelow),
            Setting.Integer("buffer", "how many cells beside a marked one are halved with it", 1, 0, 1000),
        ],
        settings => new BarRefinerModel(settings));

    /// <summary>
    /// The default of <c>refine-above</c>. With it and <see cref="DefaultCoarsenBelow"/>, all changes of mesh behind and before a Gaussian pulse that crosses
    /// 300 lattice spacings cost less than 1e-4 of its energy, on 40 % of the finest cells.
    /// </summary>
    public const double DefaultRefineAbove = 2e-4;

    /// <summary>The default of <c>coarsen-below</c>.</summary>
    public const double DefaultCoarsenBelow = 5e-5;

    /// <inheritdoc/>
    public ModelDescription Description { get; }

    /// <inheritdoc/>
    public void Initialize(PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        (_peak, _changes) = (0, 0);
        _forest = CellForest.Coarsest(_roots, _levels, _frozen);
        Write(outputs, 0, CellForest.Finest(_roots, _levels));      // The bar is made with the finest cells.
    }

    /// <inheritdoc/>
    public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(outputs);
        var end = context.Window.End;
        var indicator = inputs.Read(IndicatorIn, end);
        if (indicator.Length != _forest.Count)
        {
            throw new ScaleModelException($"The indicator has {indicator.Length} cells and the refiner's mesh {_forest.Count}; 'begin', 'end', 'cell' and 'levels' must be those of the bar.");
        }

        foreach (var value in indicator)
        {
            _peak = Math.Max(_peak, value);
        }

        var marks = new Mark[indicator.Length];
        new PulseMarker(_refineAbove * _peak, _coarsenBelow * _peak, _buffer).Mark(indicator, marks);
        var old = _forest;
        _forest = old.Adapt(marks, _frozen);
        Write(outputs, end, old);
    }

    /// <inheritdoc/>
    public void Archive(StateArchive archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        _ = archive.Version(1);
        var starts = _forest.Starts.ToArray();
        archive.Field("cells", ref starts);
        if (archive.IsRestoring)
        {
            _forest = CellForest.FromStarts(_levels, starts);
        }

        archive.Value("peak", ref _peak);
        archive.Value("changes", ref _changes);
    }

    private void Write(PortWriter outputs, double time, CellForest old)
    {
        var nodes = _forest.Nodes(_begin, _cell);
        nodes.CopyTo(outputs.WriteList(MeshOut, time, nodes.Length));
        if (old.Starts.SequenceEqual(_forest.Starts))
        {
            _ = outputs.WriteList(DisplacementTransferOut, time, 0);
            _ = outputs.WriteList(VelocityTransferOut, time, 0);
        }
        else
        {
            var transfer = ConservativeTransfer.Between(old.Nodes(_begin, _cell), nodes);
            transfer.Displacement.CopyTo(outputs.WriteList(DisplacementTransferOut, time, transfer.Displacement.Length));
            transfer.Velocity.CopyTo(outputs.WriteList(VelocityTransferOut, time, transfer.Velocity.Length));
            _changes++;
        }

        outputs.Write(ChangesOut, time, _changes);
    }
}

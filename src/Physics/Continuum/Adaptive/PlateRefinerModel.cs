using ActorMultiscale.Physics.Adaptivity;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Continuum.Adaptive;

/// <summary>
/// The refiner of a plate as a participant of its own: it hears an indicator for every cell and answers with the leaves of a quadtree that follows it. Its peers
/// read them at the start of their next window and take their fields there.
/// </summary>
/// <remarks>
/// A mesh is sent as its leaves, not as points: with the roots that all have in common they are the mesh, and with those of the mesh before they are all operators that
/// take fields from the one to the other, so that each peer makes those that it needs.
/// </remarks>
/// <seealso cref="TreeForest"/>
/// <seealso cref="MeshTransfer"/>
public sealed class PlateRefinerModel : IScaleModel
{
    private static readonly Port<double> _indicator = Port.In<double>("indicator", new("η", Unit.One));
    private static readonly Port<LeafEntry> _leaves = Port.Out<LeafEntry>("mesh", new("leaves", Unit.One));
    private static readonly Port<double> _changes = Port.Out<double>("changes", new("n", Unit.One));

    private readonly AdaptiveMesh _first;
    private readonly int _finest;
    private readonly double _refineAbove;
    private readonly double _coarsenBelow;
    private TreeForest _forest;
    private long _changed;

    private PlateRefinerModel(ModelSettings settings)
    {
        _first = Plate.Mesh(settings);
        _forest = _first.Forest;
        _finest = settings.Integer("finest-level");
        (_refineAbove, _coarsenBelow) = (settings.Number("refine-above"), settings.Number("coarsen-below"));
        _ = Marking.Between([], _refineAbove, _coarsenBelow);
        if (_finest < _forest.LevelOf(0))
        {
            throw new ScaleModelException($"'finest-level' is {_finest} and 'start-level' {_forest.LevelOf(0)}; the mesh at the start is no finer than the finest one.");
        }
    }

    /// <summary>The model for experiments.</summary>
    public static ModelEntry Entry { get; } = new("plate-refiner", "Refines and coarsens the quadtree mesh of a plate where its indicator asks for it",
        [
            .. Plate.Settings,
            Setting.Integer("finest-level", "how often a root cell is cut at most", 6, 0, 20),
            Setting.Positive("refine-above", "1", "cells are cut whose indicator is greater", 1e-2),
            Setting.Positive("coarsen-below", "1", "four siblings are merged whose indicators are all lower; less than half of refine-above", 2e-3),
        ],
        settings => new PlateRefinerModel(settings));

    /// <inheritdoc/>
    public ModelDescription Description { get; } = new(new(_indicator, PortLayout.Varying), new(_leaves, PortLayout.Varying), new(_changes, 1)) { IsLight = true };

    /// <inheritdoc/>
    public void Initialize(PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        (_forest, _changed) = (_first.Forest, 0);
        Write(outputs, 0);
    }

    /// <inheritdoc/>
    public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(outputs);
        var end = context.Window.End;
        var indicator = inputs.Read(_indicator, end);
        if (indicator.Length != _forest.Count)
        {
            throw new ScaleModelException($"The indicator has {indicator.Length} cells and the refiner's mesh {_forest.Count}; the settings of the plate must be those of the peer.");
        }

        var old = _forest;
        _forest = old.Adapt(Marking.Between(indicator, _refineAbove, _coarsenBelow), _finest);
        _changed += old.Codes.SequenceEqual(_forest.Codes) ? 0 : 1;
        Write(outputs, end);
    }

    /// <inheritdoc/>
    public void Archive(StateArchive archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        _ = archive.Version(1);
        var codes = _forest.Codes.ToArray();
        archive.Field("leaves", ref codes);
        if (archive.IsRestoring)
        {
            _forest = TreeForest.FromCodes(_first.Forest.Roots, codes);
        }

        archive.Value("changes", ref _changed);
    }

    private void Write(PortWriter outputs, double time)
    {
        var leaves = LeafEntry.Of(_forest);
        leaves.CopyTo(outputs.WriteList(_leaves, time, leaves.Length));
        outputs.Write(_changes, time, _changed);
    }
}

using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles;

/// <summary>
/// A strip of atoms that is pulled along x while its sides come to rest: the experiment against which a continuum is judged. It has no
/// state: every window pulls the same strip.
/// </summary>
public sealed class AtomStripModel : IScaleModel
{
    private static readonly Port<double> _modulus = Port.Out<double>("young-modulus", new Quantity("E", Unit.Parse("Pa"))) with { HasStart = false };
    private static readonly Port<double> _poissonY = Port.Out<double>("poisson-ratio-y", new Quantity("ν_xy", Unit.One)) with { HasStart = false };
    private static readonly Port<double> _poissonZ = Port.Out<double>("poisson-ratio-z", new Quantity("ν_xz", Unit.One)) with { HasStart = false };

    private readonly IEmbeddedAtomPotential _potential;
    private readonly Lattice _lattice;
    private readonly Orientation _orientation;
    private readonly double _strain;
    private readonly (int, int, int) _cells;

    private AtomStripModel(ModelSettings settings)
    {
        _potential = CrystalSettings.PotentialOf(settings);
        _lattice = CrystalSettings.LatticeOf(settings);
        _orientation = CrystalSettings.OrientationOf(settings);
        _strain = settings.Number("strain");
        _cells = (settings.Integer("length"), settings.Integer("width"), settings.Integer("width"));
    }

    /// <summary>The model for experiments.</summary>
    public static ModelEntry Entry { get; } = new("atom-strip", "A strip of embedded atoms pulled along x, its sides relaxed: Young's modulus and Poisson's ratios",
        [
            .. CrystalSettings.Potential, CrystalSettings.Orientation,
            Setting.Number("strain", "1", "it is pulled by plus and minus this strain", 1e-4, 1e-5, 1e-2),
            Setting.Integer("length", "cells along x", 2, 1, 20),
            Setting.Integer("width", "cells along y and z", 1, 1, 20),
        ],
        settings => new AtomStripModel(settings));

    /// <inheritdoc/>
    public ModelDescription Description { get; } = new(new(_modulus, 1), new(_poissonY, 1), new(_poissonZ, 1));

    /// <inheritdoc/>
    public void Initialize(PortWriter outputs) { }

    /// <inheritdoc/>
    public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(outputs);
        var a0 = CrystalProperties.Measure(_potential, _lattice).LatticeConstant;
        var found = TensileStrip.Pull(_potential, Crystal.Perfect(_lattice, a0, _orientation, _cells), _strain);
        var end = context.Window.End;
        outputs.Write(_modulus, end, CrystalProperties.PascalPerMetalStress * found.YoungsModulus);
        outputs.Write(_poissonY, end, found.PoissonsRatioY);
        outputs.Write(_poissonZ, end, found.PoissonsRatioZ);
    }

    /// <inheritdoc/>
    public void Archive(StateArchive archive) { }
}

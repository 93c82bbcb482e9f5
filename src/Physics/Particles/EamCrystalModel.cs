using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles;

/// <summary>
/// A perfect crystal at zero temperature that says what a continuum of it would need to know. It has no state: every window
/// measures the same crystal anew.
/// </summary>
public sealed class EamCrystalModel : IScaleModel
{
    private const double Angstrom = 1e-10;      // m

    private static readonly Port<double> _tangent = Port.Out<double>("tangent", Quantities.Modulus) with { HasStart = false };
    private static readonly Port<SymTensor3> _residual = Port.Out<SymTensor3>("residual-stress", Quantities.Stress) with { HasStart = false };
    private static readonly Port<SymTensor3> _stress = Port.Out<SymTensor3>("stress", Quantities.Stress) with { HasStart = false };
    private static readonly Port<double> _lattice = Scalar("lattice-constant", "a", "m");
    private static readonly Port<double> _energy = Scalar("cohesive-energy", "E", "J");
    private static readonly Port<double> _c11 = Scalar("c11", "C11", "Pa");
    private static readonly Port<double> _c12 = Scalar("c12", "C12", "Pa");
    private static readonly Port<double> _c44 = Scalar("c44", "C44", "Pa");
    private static readonly Port<double> _bulk = Scalar("bulk-modulus", "B", "Pa");
    private static readonly Port<double> _axial = Scalar("strained-stress", "σ_xx", "Pa");

    private readonly IEmbeddedAtomPotential _potential;
    private readonly Lattice _kind;
    private readonly double _strain;

    private EamCrystalModel(ModelSettings settings)
    {
        _potential = CrystalSettings.PotentialOf(settings);
        _kind = CrystalSettings.LatticeOf(settings);
        _strain = settings.Number("strain");
    }

    /// <summary>The model for experiments.</summary>
    public static ModelEntry Entry { get; } = new("eam-crystal", "A perfect crystal of embedded atoms: lattice constant, energy, stress and elastic constants",
        [.. CrystalSettings.Potential, Setting.Number("strain", "1", "the uniaxial strain along x at which the stress is told", 1e-3, -0.05, 0.05)],
        settings => new EamCrystalModel(settings));

    /// <inheritdoc/>
    public ModelDescription Description { get; } = new(
        new(_tangent, 36), new(_residual, 1), new(_stress, 1), new(_lattice, 1), new(_energy, 1), new(_c11, 1), new(_c12, 1), new(_c44, 1), new(_bulk, 1), new(_axial, 1));

    /// <inheritdoc/>
    public void Initialize(PortWriter outputs) { }

    /// <inheritdoc/>
    public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(outputs);
        var found = CrystalProperties.Measure(_potential, _kind);
        var end = context.Window.End;
        var tangent = CrystalProperties.PascalPerMetalStress * found.Tangent;
        tangent.Entries.CopyTo(outputs.Write(_tangent, end));
        outputs.Write(_residual, end)[0] = CrystalProperties.PascalPerMetalStress * found.ResidualStress;
        var strained = Crystal.Perfect(_kind, found.LatticeConstant, Orientation.Cube, (1, 1, 1)).Strained(new SymTensor3(_strain, 0, 0, 0, 0, 0)).Evaluate(_potential);
        var stress = CrystalProperties.PascalPerMetalStress * strained.Stress;
        outputs.Write(_stress, end)[0] = stress;
        outputs.Write(_axial, end, stress.XX);
        outputs.Write(_lattice, end, Angstrom * found.LatticeConstant);
        outputs.Write(_energy, end, CrystalProperties.JoulePerElectronVolt * found.CohesiveEnergy);
        outputs.Write(_c11, end, tangent[0, 0]);
        outputs.Write(_c12, end, tangent[0, 1]);
        outputs.Write(_c44, end, tangent[3, 3]);
        outputs.Write(_bulk, end, tangent.BulkModulus);
    }

    /// <inheritdoc/>
    public void Archive(StateArchive archive) { }

    private static Port<double> Scalar(string name, string symbol, string unit) =>
        Port.Out<double>(name, new Quantity(symbol, Unit.Parse(unit))) with { HasStart = false };
}

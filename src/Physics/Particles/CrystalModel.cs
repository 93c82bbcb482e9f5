using System.Collections.Immutable;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Particles.Interactions;
using ActorMultiscale.Physics.Particles.Measures;

namespace ActorMultiscale.Physics.Particles;

/// <summary>
/// What a continuum of atoms at zero temperature would need to know, found with the very potential and cutoff with which they move: lattice
/// constant, density, energy, stress and elastic constants. It has no state: every window tells the same.
/// </summary>
public sealed class CrystalModel : IScaleModel
{
    private readonly MolecularDynamicsSettings _settings;
    private readonly Func<ImmutableArray<Interaction>> _interactions;
    private readonly double _guess;
    private readonly bool _isRelaxed;
    private readonly Ports _ports;
    private (double Lattice, AtomConfiguration Crystal, double Energy, SymTensor3 Stress, Tangent6 Tangent)? _found;      // A function of the settings.

    private CrystalModel(ModelSettings settings, bool isReduced)
    {
        _settings = new(settings, isReduced, (_, _) => throw new InvalidOperationException("A crystal is put on its lattice."));
        _guess = settings.Number("lattice-constant") / _settings.Length;
        _isRelaxed = settings.Flag("without-pressure");
        _interactions = _settings.InteractionsOfCrystal(_guess);       // Its faults now, not when the first window begins.
        _ports = new(isReduced);
        Description = new(new(_ports.Tangent, 36), new(_ports.Residual, 1), new(_ports.Lattice, 1), new(_ports.Density, 1), new(_ports.Energy, 1),
            new(_ports.C11, 1), new(_ports.C12, 1), new(_ports.C44, 1), new(_ports.Bulk, 1));
    }

    /// <summary>The model for experiments, in SI units.</summary>
    public static ModelEntry Entry { get; } = EntryOf("molecular-crystal", isReduced: false, "A perfect crystal of any potential of molecular-dynamics: lattice constant, density, energy, stress and elastic constants");

    /// <summary>The same in the units of the potential: all settings and ports are bare numbers.</summary>
    public static ModelEntry ReducedEntry { get; } = EntryOf("molecular-crystal-reduced", isReduced: true, "The same as molecular-crystal, in the units of the potential");

    /// <inheritdoc/>
    public ModelDescription Description { get; }

    /// <inheritdoc/>
    public void Initialize(PortWriter outputs) { }

    /// <inheritdoc/>
    public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(outputs);
        var (a, crystal, energy, stress, inner) = _found ??= Find(context);
        var tangent = _settings.Pressure * inner;
        var end = context.Window.End;
        var si = _settings.Units.Si;
        tangent.Entries.CopyTo(outputs.Write(_ports.Tangent, end));
        outputs.Write(_ports.Residual, end)[0] = _settings.Pressure * stress;
        outputs.Write(_ports.Lattice, end, si.Length * a);
        outputs.Write(_ports.Density, end, si.Mass * crystal.Species[0].Mass * crystal.Count / (crystal.Box.Volume * si.Length * si.Length * si.Length));
        outputs.Write(_ports.Energy, end, si.Energy * energy / crystal.Count);
        outputs.Write(_ports.C11, end, tangent[0, 0]);
        outputs.Write(_ports.C12, end, tangent[0, 1]);
        outputs.Write(_ports.C44, end, tangent[3, 3]);
        outputs.Write(_ports.Bulk, end, tangent.BulkModulus);
    }

    /// <inheritdoc/>
    public void Archive(StateArchive archive) { }

    private (double, AtomConfiguration, double, SymTensor3, Tangent6) Find(AdvanceContext context)
    {
        ImmutableArray<Interaction> Interactions()
        {
            context.Cancellation.ThrowIfCancellationRequested();
            return _interactions();
        }

        var a = _isRelaxed ? CrystalAtRest.LatticeConstant(_settings.Crystal, Interactions, _guess, loop: context.Loop) : _guess;
        var crystal = _settings.Crystal(a);
        var (energy, stress) = CrystalAtRest.Evaluate(crystal, Interactions(), context.Loop);
        return (a, crystal, energy, stress, CrystalAtRest.ElasticConstants(crystal, Interactions, loop: context.Loop));
    }

    private static ModelEntry EntryOf(string name, bool isReduced, string meaning)
    {
        ImmutableArray<Setting> settings =
        [
            .. MolecularDynamicsSettings.OfCrystal(isReduced)

                // Of lattices whose atoms are centers of symmetry, and follow the strain.
                .Select(s => s.Key == "lattice" ? s with { Choices = ["fcc", "bcc", "sc"] } : s),
            Setting.Flag("without-pressure", "whether the lattice constant is that at which there is no pressure, to be looked for near the one given", true),
        ];
        return new(name, meaning, settings, given => new CrystalModel(given, isReduced));
    }

    private sealed class Ports(bool isReduced)
    {
        public Port<double> Tangent { get; } = Scalar("tangent", Quantities.Modulus, isReduced);

        public Port<SymTensor3> Residual { get; } = Port.Out<SymTensor3>("residual-stress", Bare(Quantities.Stress, isReduced)) with { HasStart = false };

        public Port<double> Lattice { get; } = Scalar("lattice-constant", new("a", Unit.Parse("m")), isReduced);

        public Port<double> Density { get; } = Scalar("density", new("ρ", Unit.Parse("kg/m^3")), isReduced);

        public Port<double> Energy { get; } = Scalar("energy-per-atom", new("E", Unit.Parse("J")), isReduced);

        public Port<double> C11 { get; } = Scalar("c11", new("C11", Unit.Parse("Pa")), isReduced);

        public Port<double> C12 { get; } = Scalar("c12", new("C12", Unit.Parse("Pa")), isReduced);

        public Port<double> C44 { get; } = Scalar("c44", new("C44", Unit.Parse("Pa")), isReduced);

        public Port<double> Bulk { get; } = Scalar("bulk-modulus", new("B", Unit.Parse("Pa")), isReduced);

        private static Port<double> Scalar(string name, Quantity quantity, bool isReduced) => Port.Out<double>(name, Bare(quantity, isReduced)) with { HasStart = false };

        private static Quantity Bare(Quantity quantity, bool isReduced) => isReduced ? quantity with { Unit = Unit.One } : quantity;
    }
}

using System.Collections.Immutable;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles.Measures;

namespace ActorMultiscale.Physics.Particles;

/// <summary>
/// What a continuum of warm atoms needs to know, measured with the very potential and cutoff with which they move: density and pressure, elastic constants of a solid, diffusion and viscosity
/// of a fluid, thermal conductivity, each with its standard error.
/// </summary>
/// <remarks>
/// The first window measures, however long it is; all later ones tell the same. A peer that needs the numbers stands in a later stage. What was measured is the state: a run that is resumed, or a later run
/// stage, does not measure again.
/// </remarks>
public sealed class MatterModel : IScaleModel
{
    private readonly MolecularDynamicsSettings _settings;
    private readonly MatterPlan _plan;
    private readonly bool _isReduced;
    private readonly ImmutableArray<Output> _outputs;
    private readonly int _numbers;
    private double[] _told = [];            // All out-ports one after the other, in their units; empty before the first window.
    private double[]? _measured;            // The same, once known: a function of the settings.

    private MatterModel(ModelSettings settings, bool isSolid, bool isReduced, AtomReader reader)
    {
        _isReduced = isReduced;
        _settings = new(settings, isReduced, reader);
        _plan = _settings.Matter(isSolid);
        _outputs = [.. Outputs(settings)];
        _numbers = _outputs.Sum(o => o.Layout.Length);
        Description = new([.. _outputs.Select(o => o.Layout)]);
    }

    /// <summary>A solid, in SI units.</summary>
    /// <param name="reader">Reads atoms from files.</param>
    public static ModelEntry Solid(AtomReader reader) => EntryOf("molecular-solid",
        "A solid at a temperature, of any potential of molecular-dynamics, measured once: lattice constant, density, stress, elastic constants, conductivity", isSolid: true, isReduced: false, reader);

    /// <summary>A solid, in the units of the potential: all settings and ports are bare numbers.</summary>
    /// <param name="reader">Reads atoms from files.</param>
    public static ModelEntry ReducedSolid(AtomReader reader) => EntryOf("molecular-solid-reduced", "The same as molecular-solid, in the units of the potential", isSolid: true, isReduced: true, reader);

    /// <summary>A fluid, in SI units.</summary>
    /// <param name="reader">Reads atoms from files.</param>
    public static ModelEntry Fluid(AtomReader reader) => EntryOf("molecular-fluid",
        "A fluid at a temperature, of any potential of molecular-dynamics, measured once: density, pressure, diffusion, viscosity, conductivity", isSolid: false, isReduced: false, reader);

    /// <summary>A fluid, in the units of the potential: all settings and ports are bare numbers.</summary>
    /// <param name="reader">Reads atoms from files.</param>
    public static ModelEntry ReducedFluid(AtomReader reader) => EntryOf("molecular-fluid-reduced", "The same as molecular-fluid, in the units of the potential", isSolid: false, isReduced: true, reader);

    /// <inheritdoc/>
    public ModelDescription Description { get; }

    /// <inheritdoc/>
    public void Initialize(PortWriter outputs) => _told = [];

    /// <inheritdoc/>
    public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(outputs);
        if (_told.Length == 0)
        {
            _told = _measured ??= Measure(context);
        }

        var at = 0;
        foreach (var (layout, _) in _outputs)
        {
            _told.AsSpan(at, layout.Length).CopyTo(outputs.WriteNumbers(layout.Port, context.Window.End, layout.Points));
            at += layout.Length;
        }
    }

    /// <inheritdoc/>
    public void Archive(StateArchive archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        _ = archive.Version(1);
        var told = _told;
        archive.Field("told", ref told);
        if (archive.IsRestoring)
        {
            _told = told.Length == 0 || told.Length == _numbers
                ? told
                : throw new InvalidDataException($"The archive holds {told.Length} measured numbers, and with these settings there are {_numbers}.");
        }
    }

    private double[] Measure(AdvanceContext context)
    {
        using var team = context.Loop.Gather();
        var found = MatterAtEquilibrium.Measure(_plan, team.Loop, context.Cancellation, context.Report);
        return [.. _outputs.SelectMany(o => o.Of(found))];
    }

    private List<Output> Outputs(ModelSettings settings)
    {
        var si = _settings.Units.Si;
        var (pressure, volume) = (_settings.Pressure, si.Length * si.Length * si.Length);
        var atoms = _plan.Moving.Atoms;
        var mass = FixedOrderSum.Of([.. atoms.Kinds.Select(k => atoms.Species[k].Mass)]);
        List<Output> all =
        [
            .. Measured("temperature", "T", "K", found => found.Temperature),
            .. Measured("pressure", "p", "Pa", found => pressure * found.Pressure),
            .. Measured("density", "ρ", "kg/m^3", found => si.Mass * mass / volume * (new Estimate(1, 0) / found.Volume)),
            .. Measured("energy-per-atom", "E", "J", found => si.Energy / atoms.Count * found.Energy),
        ];
        if (_plan.IsSolid)
        {
            all.AddRange(OfSolid(settings, pressure));
        }
        else
        {
            all.AddRange(Measured("diffusion", "D", "m^2/s", found => si.Length * si.Length / si.Time * found.Diffusion!.Value));
        }

        if (_plan.Transport != TransportMethod.None)
        {
            all.AddRange(Measured("thermal-conductivity", "κ", "W/m/K", found => si.Energy / (si.Length * si.Time * si.Temperature) * found.Conductivity!.Value));
            if (!_plan.IsSolid)
            {
                all.AddRange(Measured("viscosity", "η", "Pa s", found => pressure * si.Time * found.Viscosity!.Value));
            }
        }

        return all;
    }

    private List<Output> OfSolid(ModelSettings settings, double pressure)
    {
        var all = new List<Output>();
        if (settings.File("atoms") is null)
        {
            // V grows as the cube of all lengths together; of hcp, whose axes may go their own ways, this is the mean of them.
            var (v0, a0) = (_plan.Moving.Atoms.Box.Volume, settings.Number("lattice-constant"));
            all.AddRange(Measured("lattice-constant", "a", "m", found =>
            {
                var a = a0 * Math.Cbrt(found.Volume.Value / v0);
                return new(a, a * found.Volume.Error / (3 * found.Volume.Value));
            }));
        }

        var isCubic = settings.Choice("symmetry") == "cubic";
        all.Add(Numbers(Port.Out<SymTensor3>("residual-stress", Bare(Quantities.Stress)), 1, found => Six(pressure * (isCubic ? found.Stress.Trace / 3 * SymTensor3.Identity : found.Stress))));
        all.Add(Numbers(Port.Out<double>("tangent", Bare(Quantities.Modulus)), 36, found => (pressure * Tangent(found, isCubic)).Entries.ToArray()));
        if (isCubic)
        {
            all.AddRange(Measured("c11", "C11", "Pa", found => pressure * found.Elasticity!.Cubic().C11));
            all.AddRange(Measured("c12", "C12", "Pa", found => pressure * found.Elasticity!.Cubic().C12));
            all.AddRange(Measured("c44", "C44", "Pa", found => pressure * found.Elasticity!.Cubic().C44));
        }

        all.AddRange(Measured("bulk-modulus", "B", "Pa", found => pressure * found.Elasticity!.Cubic().Bulk));
        return all;
    }

    private static Tangent6 Tangent(MeasuredMatter found, bool isCubic)
    {
        if (!isCubic)
        {
            return new Tangent6([.. found.Elasticity!.Result().Select(e => e.Value)]).Symmetrized();
        }

        var (c11, c12, c44, _) = found.Elasticity!.Cubic();
        return Tangent6.Cubic(c11.Value, c12.Value, c44.Value);
    }

    private static double[] Six(SymTensor3 s) => [s.XX, s.YY, s.ZZ, s.YZ, s.XZ, s.XY];

    // A number and its standard error.
    private Output[] Measured(string name, string symbol, string unit, Func<MeasuredMatter, Estimate> of) =>
    [
        Numbers(Port.Out<double>(name, Bare(new(symbol, Unit.Parse(unit)))), 1, found => [of(found).Value]),
        Numbers(Port.Out<double>($"{name}-error", Bare(new($"σ({symbol})", Unit.Parse(unit)))), 1, found => [of(found).Error]),
    ];

    private static Output Numbers(Port port, int points, Func<MeasuredMatter, double[]> of) => new(new(port with { HasStart = false }, points), of);

    private Quantity Bare(Quantity quantity) => _isReduced ? quantity with { Unit = Unit.One } : quantity;

    private static ModelEntry EntryOf(string name, string meaning, bool isSolid, bool isReduced, AtomReader reader) =>
        new(name, meaning, MolecularDynamicsSettings.OfMatter(isSolid, isReduced), settings => new MatterModel(settings, isSolid, isReduced, reader));

    private sealed record Output(PortLayout Layout, Func<MeasuredMatter, double[]> Of);
}

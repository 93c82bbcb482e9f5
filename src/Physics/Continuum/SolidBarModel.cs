using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Continuum;

/// <summary>
/// A bar of finite elements, pulled along x, whose material it hears: a tangent and a residual stress in the axes of the crystal,
/// which it turns into its own. It has no state: every window pulls the same bar.
/// </summary>
public sealed class SolidBarModel : IScaleModel
{
    private static readonly Port<double> _tangent = Port.In<double>("tangent", Quantities.Modulus);
    private static readonly Port<SymTensor3> _residual = Port.In<SymTensor3>("residual-stress", Quantities.Stress) with { Optional = true };
    private static readonly Port<double> _modulus = Port.Out<double>("young-modulus", new Quantity("E", Unit.Parse("Pa"))) with { HasStart = false };
    private static readonly Port<double> _poissonY = Port.Out<double>("poisson-ratio-y", new Quantity("ν_xy", Unit.One)) with { HasStart = false };
    private static readonly Port<double> _poissonZ = Port.Out<double>("poisson-ratio-z", new Quantity("ν_xz", Unit.One)) with { HasStart = false };
    private static readonly Port<double> _stress = Port.Out<double>("axial-stress", Quantities.Stress) with { HasStart = false };

    private readonly Vec3 _size;
    private readonly (int, int, int) _cells;
    private readonly double _strain;
    private readonly Matrix3 _axes;

    private SolidBarModel(ModelSettings settings)
    {
        _size = new Vec3(settings.Number("length"), settings.Number("width"), settings.Number("width"));
        _cells = (settings.Integer("cells-along"), settings.Integer("cells-across"), settings.Integer("cells-across"));
        _strain = settings.Number("strain");
        _axes = settings.Choice("orientation") == "100"
            ? Matrix3.Identity
            : Matrix3.FromRows(new Vec3(1, 1, 0).Normalized(), new Vec3(-1, 1, 0).Normalized(), new Vec3(0, 0, 1));
    }

    /// <summary>The model for experiments.</summary>
    public static ModelEntry Entry { get; } = new("solid-bar", "A bar of 3-D finite elements pulled along x, with the material that it hears",
        [
            Setting.Positive("length", "m", "length of the bar", 0.1),
            Setting.Positive("width", "m", "width and height of the bar", 0.02),
            Setting.Integer("cells-along", "hexahedra along the bar", 10, 1, 200),
            Setting.Integer("cells-across", "hexahedra across the bar, both ways", 2, 1, 100),
            Setting.Choice("orientation", "crystal axis along the bar: [100], or [110] with [-110] along y", ["100", "110"], "100"),
            Setting.Number("strain", "1", "it is pulled by plus and minus this strain", 1e-4, 1e-9, 0.1),
        ],
        settings => new SolidBarModel(settings));

    /// <inheritdoc/>
    public ModelDescription Description { get; } =
        new(new(_tangent, 36), new(_residual, 1), new(_modulus, 1), new(_poissonY, 1), new(_poissonZ, 1), new(_stress, 1));

    /// <inheritdoc/>
    public void Initialize(PortWriter outputs) { }

    /// <inheritdoc/>
    public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(outputs);
        var end = context.Window.End;
        var tangent = new Tangent6(inputs.Read(_tangent, end)).Rotated(_axes);
        var residual = inputs.IsConnected(_residual) ? inputs.Read(_residual, end)[0].Rotated(_axes) : SymTensor3.Zero;
        TensileResponse response;
        double stress;
        try
        {
            (response, stress) = SolidBar.Pull(_size, _cells, tangent, residual, _strain);
        }
        catch (Exception fault) when (fault is InvalidOperationException or ArgumentException or ScaleModelException)
        {
            throw new ScaleModelException($"The bar cannot be solved with the tangent that it hears: {fault.Message}", fault);
        }

        outputs.Write(_modulus, end, response.YoungsModulus);
        outputs.Write(_poissonY, end, response.PoissonsRatioY);
        outputs.Write(_poissonZ, end, response.PoissonsRatioZ);
        outputs.Write(_stress, end, stress);
    }

    /// <inheritdoc/>
    public void Archive(StateArchive archive) { }
}

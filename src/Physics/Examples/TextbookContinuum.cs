using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Examples;

/// <summary>
/// The continuum half of the first textbook example: a body under a constant load whose stress grows with the strain rate,
/// dσ/dt = E dε/dt (reduced units). It passes the load on to the atoms.
/// </summary>
public sealed class TextbookContinuum : IScaleModel
{
    private static readonly Port<double> RateIn = Port.In<double>("strain-rate", new Quantity("dε/dt", Unit.One, Time: TimeMeaning.WindowAverage));
    private static readonly Port<double> ForceOut = Port.Out<double>("force", new Quantity("F", Unit.One));
    private static readonly Port<double> StressOut = Port.Out<double>("stress", new Quantity("σ", Unit.One));

    private readonly double _load;
    private readonly double _modulus;
    private double _stress;

    private TextbookContinuum(ModelSettings settings) => (_load, _modulus) = (settings.Number("load"), settings.Number("modulus"));

    /// <summary>The model for experiments.</summary>
    public static ModelEntry Entry { get; } = new("textbook-continuum", "A loaded body whose stress grows with the strain rate",
        [
            Setting.Number("load", "1", "the force that it passes on to the atoms", 1),
            Setting.Positive("modulus", "1", "stress per strain", 1),
        ],
        settings => new TextbookContinuum(settings));

    /// <summary>Of one point each: <c>strain-rate</c> dε/dt (mean over the window) in; <c>force</c> F and <c>stress</c> σ out. All in reduced units.</summary>
    public ModelDescription Description { get; } = new(new(RateIn, 1), new(ForceOut, 1), new(StressOut, 1)) { IsLight = true };

    /// <inheritdoc/>
    public void Initialize(PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        _stress = 0;
        Write(outputs, 0);
    }

    /// <inheritdoc/>
    public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(outputs);
        var window = context.Window;
        _stress += _modulus * inputs.Read(RateIn, window.End)[0] * window.Length;      // σ ← σ + E (dε/dt) Δt
        Write(outputs, window.End);
    }

    /// <inheritdoc/>
    public void Archive(StateArchive archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        archive.Value("stress", ref _stress);
    }

    private void Write(PortWriter outputs, double time)
    {
        outputs.Write(ForceOut, time, _load);
        outputs.Write(StressOut, time, _stress);
    }
}

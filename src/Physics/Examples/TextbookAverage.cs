using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Examples;

/// <summary>
/// The second textbook example: the effective stress of many atoms, σ = Σᵢ wᵢ / Σᵢ Vᵢ, where wᵢ is the virial of atom i and
/// Vᵢ = V its share of the volume (reduced units).
/// </summary>
public sealed class TextbookAverage : IScaleModel
{
    private static readonly Quantity Stress = new("σ", Unit.One);
    private static readonly Port<DiagonalTensor> VirialIn = Port.In<DiagonalTensor>("virial", new Quantity("w", Unit.One));
    private static readonly Port<double> XxOut = Port.Out<double>("stress-xx", Stress);
    private static readonly Port<double> YyOut = Port.Out<double>("stress-yy", Stress);
    private static readonly Port<double> ZzOut = Port.Out<double>("stress-zz", Stress);

    private readonly double _volume;

    private TextbookAverage(ModelSettings settings)
    {
        _volume = settings.Number("volume");
        Description = new(new(VirialIn, settings.Integer("atoms")), new(XxOut, 1), new(YyOut, 1), new(ZzOut, 1)) { IsLight = true };
    }

    /// <summary>The model for experiments.</summary>
    public static ModelEntry Entry { get; } = new("textbook-average", "The effective stress of many atoms",
        [
            Setting.Integer("atoms", "how many atoms there are", 100, 1, 1_000_000),
            Setting.Positive("volume", "1", "each atom's share of the volume", 1),
        ],
        settings => new TextbookAverage(settings));

    /// <summary>
    /// In: <c>virial</c> w, xx yy zz of every atom. Out, of one point each: <c>stress-xx</c>, <c>stress-yy</c>, <c>stress-zz</c>.
    /// All in reduced units.
    /// </summary>
    public ModelDescription Description { get; }

    /// <inheritdoc/>
    public void Initialize(PortWriter outputs) => Write(outputs, 0, default);

    /// <inheritdoc/>
    public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(inputs);
        var virials = inputs.Read(VirialIn, context.Window.End);
        var (xx, yy, zz) = (0.0, 0.0, 0.0);
        foreach (var virial in virials)
        {
            (xx, yy, zz) = (xx + virial.Xx, yy + virial.Yy, zz + virial.Zz);
        }

        var volume = _volume * virials.Length;
        Write(outputs, context.Window.End, new(xx / volume, yy / volume, zz / volume));
    }

    /// <summary>Nothing: the average is a function of the atoms.</summary>
    public void Archive(StateArchive archive) { }

    private static void Write(PortWriter outputs, double time, DiagonalTensor stress)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        outputs.Write(XxOut, time, stress.Xx);
        outputs.Write(YyOut, time, stress.Yy);
        outputs.Write(ZzOut, time, stress.Zz);
    }
}

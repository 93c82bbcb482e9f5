using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Examples;

/// <summary>
/// The atomic half of the first textbook example: overdamped atoms under a force, dx/dt = F (reduced units, mobility 1). They span a specimen
/// of length L, so that their motion strains it at the rate F / L. For an example with true dynamics see <see cref="OscillatorMass"/>.
/// </summary>
public sealed class TextbookAtoms : IScaleModel
{
    private static readonly Port<double> ForceIn = Port.In<double>("force", new Quantity("F", Unit.One));
    private static readonly Port<double> PositionOut = Port.Out<double>("position", new Quantity("x", Unit.One));

    // The mean over the window: whoever integrates it gets exactly the distance that the atoms went.
    private static readonly Port<double> RateOut = Port.Out<double>("strain-rate", new Quantity("dε/dt", Unit.One, Time: TimeMeaning.WindowAverage));

    private readonly double _length;
    private double _position;

    private TextbookAtoms(ModelSettings settings) => _length = settings.Number("length");

    /// <summary>The model for experiments.</summary>
    public static ModelEntry Entry { get; } = new("textbook-atoms", "Overdamped atoms that move under a force",
        [Setting.Positive("length", "1", "length of the specimen that the atoms strain", 10)],
        settings => new TextbookAtoms(settings));

    /// <summary>Of one point each: <c>force</c> F in; <c>position</c> x and <c>strain-rate</c> F / L (mean over the window) out. All in reduced units.</summary>
    public ModelDescription Description { get; } = new(new(ForceIn, 1), new(PositionOut, 1), new(RateOut, 1)) { IsLight = true };

    /// <inheritdoc/>
    public void Initialize(PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        _position = 0;
        outputs.Write(PositionOut, 0, _position);
        outputs.Write(RateOut, 0, 0.0);
    }

    /// <inheritdoc/>
    public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(outputs);
        var window = context.Window;
        var force = inputs.Read(ForceIn, window.Start)[0];
        _position += force * window.Length;                         // x ← x + F Δt
        outputs.Write(PositionOut, window.End, _position);
        outputs.Write(RateOut, window.End, force / _length);
    }

    /// <inheritdoc/>
    public void Archive(StateArchive archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        archive.Value("position", ref _position);
    }
}

using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace Snippets;

#region heater
/// <summary>A heater of constant power; a negative one cools.</summary>
public sealed class Heater(double power) : IScaleModel
{
    private static readonly Port<double> PowerOut = Port.Out<double>("power", Quantities.HeatPower);

    public ModelDescription Description { get; } = new(new PortLayout(PowerOut, 1));

    public void Initialize(PortWriter outputs) => outputs.Write(PowerOut, 0, power);

    public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs) =>
        outputs.Write(PowerOut, context.Window.End, power);

    public void Archive(StateArchive archive) { }                               // Nothing changes.

    public static ModelEntry Entry { get; } = new("heater", "A heater of constant power",
        [Setting.Number("power", "W", "the power; a negative one cools", 100)],
        settings => new Heater(settings.Number("power")));
}
#endregion

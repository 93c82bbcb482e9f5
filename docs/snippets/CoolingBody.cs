#region usings
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
#endregion

namespace Snippets;

#region model
/// <summary>A body of uniform temperature T that takes up heat: C dT/dt = P.</summary>
public sealed class CoolingBody(double heatCapacity) : IScaleModel
{
    private static readonly Port<double> HeatIn = Port.In<double>("heat", Quantities.HeatPower);
    private static readonly Port<double> TemperatureOut = Port.Out<double>("temperature", Quantities.Temperature);
    private double _temperature = 293.15;                                       // K

    public ModelDescription Description { get; } = new(new(HeatIn, 1), new(TemperatureOut, 1));

    public void Initialize(PortWriter outputs) => outputs.Write(TemperatureOut, 0, _temperature);

    public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
    {
        var window = context.Window;
        var power = inputs.Read(HeatIn, window.End)[0];                         // W, the mean over the window
        _temperature += power * window.Length / heatCapacity;
        outputs.Write(TemperatureOut, window.End, _temperature);
    }

    public void Archive(StateArchive archive) => archive.Value("temperature", ref _temperature);

    #region entry
    public static ModelEntry Entry { get; } = new("cooling-body", "A body of uniform temperature that takes up heat",
        [Setting.Positive("heat-capacity", "J/K", "the heat that warms the body by one kelvin")],
        settings => new CoolingBody(settings.Number("heat-capacity")));
    #endregion
}
#endregion

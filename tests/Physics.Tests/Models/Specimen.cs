using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Tests.Models;

/// <summary>
/// A faultless little model: a body that follows an outer temperature, T' = (T_outer − T + P) / τ, by implicit Euler, with an
/// optional heater P. Its derived classes each make one mistake.
/// </summary>
internal class Specimen : IScaleModel
{
    protected static readonly Port<double> OuterIn = Port.In<double>("outer-temperature", Quantities.Temperature);
    protected static readonly Port<double> HeaterIn = Port.In<double>("heater", Quantities.Temperature) with { Optional = true };
    protected static readonly Port<double> BodyOut = Port.Out<double>("temperature", Quantities.Temperature);
    protected static readonly Port<double> MeanOut = Port.Out<double>("mean-temperature", Quantities.Temperature with { Time = TimeMeaning.WindowAverage }) with { HasStart = false };

    protected const double Tau = 0.5;       // s
    protected double Temperature;           // K
    protected double Energy;                // Of all inputs so far.

    public virtual ModelDescription Description { get; } = new(new(OuterIn, 1), new(HeaterIn, 1), new(BodyOut, 1), new(MeanOut, 1));

    public virtual void Initialize(PortWriter outputs)
    {
        (Temperature, Energy) = (2, 0);
        outputs.Write(BodyOut, 0, Temperature);
    }

    public virtual void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
    {
        var before = Temperature;
        var heater = inputs.IsConnected(HeaterIn) ? inputs.Read(HeaterIn, context.Window.End)[0] : 0;
        var outer = inputs.Read(OuterIn, context.Window.End)[0];
        var dt = Step(context);
        Temperature = (Temperature + (dt / Tau * (outer + heater))) / (1 + (dt / Tau));
        Energy += heater * dt;
        Write(outputs, context.Window, 0.5 * (before + Temperature));
    }

    public virtual void Archive(StateArchive archive)
    {
        archive.Value("temperature", ref Temperature);
        archive.Value("energy", ref Energy);
    }

    protected virtual double Step(AdvanceContext context) => context.Window.Length;

    protected virtual void Write(PortWriter outputs, TimeWindow window, double mean)
    {
        outputs.Write(BodyOut, window.End, Temperature + (1e-3 * Energy));
        outputs.Write(MeanOut, window.End, mean);
    }
}

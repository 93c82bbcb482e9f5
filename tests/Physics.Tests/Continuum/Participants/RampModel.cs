using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Tests.Continuum.Participants;

/// <summary>Gives what rises in time, component by component, and more of it farther along x.</summary>
internal sealed class RampModel(Port port, double[] rates) : IScaleModel
{
    private static readonly PointCloud _points = new([0, 0, 0, 0.4, 0.5, 0, 1, 1, 0]);

    /// <summary>What is there at the start, in times of what a second brings.</summary>
    public double Start { get; init; }

    public ModelDescription Description { get; } = new(new PortLayout(port, _points.Count, _points));

    public void Initialize(PortWriter outputs) => Write(outputs, 0);

    public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs) => Write(outputs, context.Window.End);

    public void Archive(StateArchive archive) => _ = archive.Version(1);

    private void Write(PortWriter outputs, double time)
    {
        var values = outputs.WriteNumbers(port, time, _points.Count);
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = (Start + time) * rates[i % rates.Length] * (1 + _points.Coordinates[3 * (i / rates.Length)]);
        }
    }
}

using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Testing;

/// <summary>What stands in for all the peers of a model: it offers constants at the model's in-ports and writes down what comes from its out-ports.</summary>
internal sealed class DummyPeer : IScaleModel
{
    private readonly List<(Port<double> Port, double[] Values)> _offers = [];
    private readonly List<Port> _receives = [];
    private readonly Action<string, IReadOnlyList<FieldSample>> _onReceived;

    /// <summary>The mirror image of <paramref name="subject"/>.</summary>
    /// <param name="subject">The ports to mirror; names are kept, directions turned.</param>
    /// <param name="valuesOf">The constant for an in-port of the subject.</param>
    /// <param name="onReceived">Called for every out-port of the subject after every window, with a copy of what was written in it.</param>
    public DummyPeer(ModelDescription subject, Func<PortLayout, double[]> valuesOf, Action<string, IReadOnlyList<FieldSample>> onReceived)
    {
        _onReceived = onReceived;
        var layouts = new List<PortLayout>();
        foreach (var layout in subject.Ports)
        {
            var turned = layout.Port.Direction == PortDirection.In ? PortDirection.Out : PortDirection.In;
            var port = new Port<double>(layout.Port.Name, turned, layout.Port.Quantity) { Components = layout.Port.Components };
            layouts.Add(new PortLayout(port, layout.Points, layout.Geometry));
            if (turned == PortDirection.Out)
            {
                _offers.Add((port, valuesOf(layout)));
            }
            else
            {
                _receives.Add(port);
            }
        }

        Description = new([.. layouts]);
    }

    public ModelDescription Description { get; }

    public void Initialize(PortWriter outputs) => Write(outputs, 0);

    public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
    {
        foreach (var port in _receives)
        {
            _onReceived(port.Name, [.. inputs.Samples(port).Samples.Where(s => s.Time > context.Window.Start).Select(s => new FieldSample(s.Time, s.Values.ToArray()))]);
        }

        Write(outputs, context.Window.End);
    }

    public void Archive(StateArchive archive) => _ = archive.Version(1);

    private void Write(PortWriter outputs, double time)
    {
        foreach (var (port, values) in _offers)
        {
            values.CopyTo(outputs.WriteList(port, time, values.Length / port.Components));
        }
    }
}

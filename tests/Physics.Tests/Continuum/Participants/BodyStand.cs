using System.Collections.Immutable;
using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Continuum.Participants;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Tests.Continuum.Participants;

/// <summary>A body that is driven by hand, with in-ports that are functions of place and time.</summary>
internal sealed class BodyStand
{
    private readonly IScaleModel _model;
    private readonly double _tick;
    private ImmutableArray<ImmutableArray<FieldSample>> _last;
    private long _now;

    public BodyStand(IScaleModel model, double window)
    {
        (_model, _tick, Description) = (model, window / 1024, model.Description);
        var outputs = PortWriter.ForStart(Description, 0);
        model.Initialize(outputs);
        _last = outputs.Publish();
    }

    public ModelDescription Description { get; }

    public static BodyStand Heat(double window, params (string Key, object Value)[] settings) => new(Participant.Of("body", HeatModel.Entry(NoFiles), settings).CreateModel(), window);

    public static BodyStand Solid(double window, params (string Key, object Value)[] settings) => new(Participant.Of("body", SolidModel.Entry(NoFiles), settings).CreateModel(), window);

    public static Mesh NoFiles(InputFile file) => throw new InvalidOperationException("No file was given.");

    public static ImmutableArray<double> Numbers(params double[] numbers) => [.. numbers];

    public static ImmutableArray<string> Names(params string[] names) => [.. names];

    /// <summary>A window on. Ports without a function are not connected.</summary>
    /// <param name="inputs">Of each in-port its value at a place and a time; scalars are the x of it.</param>
    public void Advance(params (string Port, Func<Vec3, double, Vec3> Value)[] inputs)
    {
        var window = new TimeWindow(_now, _now + 1024, _tick);
        _now += 1024;
        var outputs = PortWriter.ForWindow(Description, window, null);
        Waveform? Of(PortLayout layout)
        {
            if (layout.Port.Direction == PortDirection.Out || inputs.FirstOrDefault(i => i.Port == layout.Port.Name) is not { Value: { } value })
            {
                return null;
            }

            FieldSample At(double time)
            {
                var values = new double[layout.Length];
                for (var n = 0; n < layout.Points; n++)
                {
                    var of = value(layout.Geometry is { } points ? new(points.Coordinates[3 * n], points.Coordinates[(3 * n) + 1], points.Coordinates[(3 * n) + 2]) : Vec3.Zero, time);
                    for (var c = 0; c < layout.Port.Components; c++)
                    {
                        values[(n * layout.Port.Components) + c] = of[c];
                    }
                }

                return new(time, values);
            }

            var meaning = layout.Port.Quantity.Time;
            return new Waveform(window.Start, meaning == TimeMeaning.Instant ? [At(window.Start), At(window.End)] : [At(window.End)], meaning, 1);
        }

        var reader = new PortReader(Description, window, [.. Description.Ports.Select(Of)]);
        _model.Advance(new(window, null, new Philox(1, 1), ChunkedLoop.Serial, default), reader, outputs);
        _last = outputs.Publish();
    }

    /// <summary>What the body shows on its mesh.</summary>
    public MeshView View() => ((IViewable)_model).View();

    /// <summary>What an out-port held last.</summary>
    public double[] Read(string port) => _last[Description.IndexOf(port)][^1].Values.ToArray();

    /// <summary>All that an out-port held in the last window.</summary>
    public double[][] Samples(string port) => [.. _last[Description.IndexOf(port)].Select(s => s.Values.ToArray())];

    public Vec3[] Vectors(string port) => [.. Read(port).Chunk(3).Select(v => new Vec3(v[0], v[1], v[2]))];

    public Vec3[] Places(string port) => [.. Description.Ports[Description.IndexOf(port)].Geometry!.Coordinates.ToArray().Chunk(3).Select(v => new Vec3(v[0], v[1], v[2]))];

    public Vec3 Sum(string port) => Vectors(port).Aggregate(Vec3.Zero, (a, b) => a + b);
}

using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Examples;

/// <summary>
/// The elastic wall of a tube: its cross section follows the pressure at once, a = a₀ (c² / (c² − p/2))², where c is the speed of
/// pulses in the tube at rest (Moens, Korteweg) and p the pressure over the density.
/// </summary>
/// <remarks>
/// After: Degroote, Bruggeman, Haelterman, Vierendeels, Comput. Struct. 86 (2008) 2224, eq. (4). The larger c, the stiffer the wall.
/// </remarks>
public sealed class TubeWall : IScaleModel
{
    internal static readonly Quantity Pressure = new("p/ρ", Unit.Parse("m^2/s^2"));
    internal static readonly Quantity Area = new("a", Unit.Parse("m^2"));
    private static readonly Port<double> PressureIn = Port.In<double>("pressure", Pressure);
    private static readonly Port<double> AreaOut = Port.Out<double>("area", Area);
    private static readonly Port<double> MiddleOut = Port.Out<double>("middle-area", Area);

    private readonly double _area;
    private readonly double _pulse;
    private readonly int _substeps;

    private TubeWall(ModelSettings settings)
    {
        _area = settings.Number("area");
        _pulse = settings.Number("pulse-speed");
        _substeps = settings.Integer("substeps");
        var nodes = TubeFlow.Nodes(settings.Integer("cells"), settings.Number("length"));
        Description = new(new(PressureIn, nodes.Count, nodes), new(AreaOut, nodes.Count, nodes), new(MiddleOut, 1));
    }

    /// <summary>The model for experiments.</summary>
    public static ModelEntry Entry { get; } = new("tube-wall", "The elastic wall of a tube",
        [
            Setting.Integer("cells", "cells along the tube", 50, 4, 100_000),
            Setting.Positive("length", "m", "length of the tube", 10),
            Setting.Positive("area", "m^2", "cross section a₀ without pressure", 1),
            Setting.Positive("pulse-speed", "m/s", "speed c of pulses in the tube at rest: √(E h / 2 ρ r) for a wall of thickness h and modulus E about a radius r"),
            Setting.Integer("substeps", "values that the wall writes in a window", 1, 1, 1_000_000),
        ],
        settings => new TubeWall(settings));

    /// <summary>
    /// Ports on cells + 2 nodes, the inlet, the middles of the cells and the outlet: <c>pressure</c> (in), <c>area</c> (out).
    /// <c>middle-area</c> is that of the node halfway.
    /// </summary>
    public ModelDescription Description { get; }

    /// <inheritdoc/>
    public void Initialize(PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        outputs.Write(AreaOut, 0).Fill(_area);
        outputs.Write(MiddleOut, 0, _area);
    }

    /// <inheritdoc/>
    public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(outputs);
        for (var step = 0; step < _substeps; step++)
        {
            var time = context.Window.EndOfStep(step, _substeps);
            var pressure = inputs.Read(PressureIn, time);
            var area = outputs.Write(AreaOut, time);
            for (var i = 0; i < area.Length; i++)
            {
                var squared = (_pulse * _pulse) - (pressure[i] / 2);
                if (!(squared > 0))
                {
                    throw new ScaleModelException(FormattableString.Invariant(
                        $"The wall bursts: at t = {time:g6} s the pressure over the density is {pressure[i]:g6} m²/s² at node {i}; below {2 * _pulse * _pulse:g6} is allowed. The iteration with the fluid probably diverges: relax it, or use a quasi-Newton acceleration."));
                }

                var ratio = _pulse * _pulse / squared;
                area[i] = _area * ratio * ratio;
            }

            outputs.Write(MiddleOut, time, area[area.Length / 2]);
        }
    }

    /// <summary>The wall has no mass and no memory: nothing but the version.</summary>
    public void Archive(StateArchive archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        _ = archive.Version(1);
    }
}

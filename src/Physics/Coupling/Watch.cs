using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Coupling;

/// <summary>What a watch makes of the values of a port.</summary>
public enum WatchKind
{
    /// <summary>The value at one place, interpolated on the port's mesh; or at the nearest point where there is no mesh.</summary>
    Value,

    /// <summary>∫ f dV over the port's cells; over its faces where there are no cells, over its edges where there are no faces either.</summary>
    Integral,

    /// <summary>The integral over the size of what is integrated over; of points without a mesh the arithmetic mean.</summary>
    Mean,

    /// <summary>Σ f over the points: what an extensive quantity is in all.</summary>
    Sum,

    /// <summary>The least value, component by component.</summary>
    Least,

    /// <summary>The greatest value, component by component.</summary>
    Greatest,
}

/// <summary>
/// A number, or a few, that are kept of an out-port after every root window: its value at a place, or an integral. Watching changes no
/// bit of a run.
/// </summary>
/// <param name="Name">Name, lower-kebab, unique in the experiment. Its numbers are the metrics <c>watch.name</c>, or <c>watch.name.i</c> where there are several.</param>
/// <param name="Port">The out-port, <c>participant.port</c>, or a slot of it.</param>
/// <param name="Kind">What is made of its values.</param>
public sealed record Watch(string Name, string Port, WatchKind Kind)
{
    /// <summary>The place, m, of <see cref="WatchKind.Value"/>; null where the port has one point.</summary>
    public Vec3? At { get; init; }
}

/// <summary>A watch of a coupled system.</summary>
/// <param name="Spec">What the experiment says.</param>
/// <param name="Participant">Index of the writing participant.</param>
/// <param name="Port">Index of the out-port in its description.</param>
/// <param name="Slot">The slot of a vector port; −1 for the whole port.</param>
/// <param name="Components">How many numbers it gives.</param>
/// <param name="Unit">Their unit.</param>
public sealed record WatchNode(Watch Spec, int Participant, int Port, int Slot, int Components, string Unit)
{
    /// <summary>The metrics that hold its last numbers.</summary>
    public IEnumerable<string> Metrics => MetricsOf(Spec.Name, Components);

    internal static IEnumerable<string> MetricsOf(string name, int components) =>
        components == 1 ? [$"watch.{name}"] : Enumerable.Range(0, components).Select(i => $"watch.{name}.{i}");
}

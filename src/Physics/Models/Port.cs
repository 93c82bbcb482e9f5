using System.Runtime.CompilerServices;
using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Models;

/// <summary>Which way a port faces.</summary>
public enum PortDirection
{
    /// <summary>The participant reads it.</summary>
    In,

    /// <summary>The participant writes it.</summary>
    Out,
}

/// <summary>A typed end point of a participant. Participants know their ports, never their peers.</summary>
/// <param name="Name">Name, lower-kebab, unique within the participant.</param>
/// <param name="Direction">Which way it faces.</param>
/// <param name="Quantity">What it carries.</param>
/// <param name="Components">Numbers per point: 1 for a scalar, 3 for a vector, 6 for a symmetric tensor.</param>
public abstract record Port(string Name, PortDirection Direction, Quantity Quantity, int Components)
{
    /// <summary>An in-port that may stay unconnected; the model asks <see cref="PortReader.IsConnected"/>.</summary>
    public bool Optional { get; init; }

    /// <summary>Whether <see cref="IScaleModel.Initialize"/> writes a value for the start of the run. Out-ports do unless they say otherwise.</summary>
    public bool HasStart { get; init; } = true;

    /// <summary>The phase of the step in which the port is read or written; <see langword="null"/> for models without phases.</summary>
    public string? Phase { get; init; }

    /// <summary>A scalar out-port whose value users watch while a run goes on: an entry of the conservation ledger.</summary>
    public bool InLedger { get; init; }

    /// <summary>An in-port of values of type <typeparamref name="T"/>.</summary>
    public static Port<T> In<T>(string name, Quantity quantity) where T : unmanaged => new(name, PortDirection.In, quantity);

    /// <summary>An out-port of values of type <typeparamref name="T"/>.</summary>
    public static Port<T> Out<T>(string name, Quantity quantity) where T : unmanaged => new(name, PortDirection.Out, quantity);
}

/// <summary>A port of values of type <typeparamref name="T"/>: <see cref="double"/>, or a struct that is a row of doubles.</summary>
/// <param name="Name">Name, lower-kebab, unique within the participant.</param>
/// <param name="Direction">Which way it faces.</param>
/// <param name="Quantity">What it carries.</param>
public sealed record Port<T>(string Name, PortDirection Direction, Quantity Quantity)
    : Port(Name, Direction, Quantity, Unsafe.SizeOf<T>() / sizeof(double))
    where T : unmanaged;

/// <summary>How many points a port has, and where.</summary>
/// <param name="Port">The port.</param>
/// <param name="Points">The number of points; <see cref="Varying"/> for a list whose length the writer chooses each time.</param>
/// <param name="Geometry">Where the points lie, if that matters.</param>
public sealed record PortLayout(Port Port, int Points, PointCloud? Geometry = null)
{
    /// <summary>A list without a mesh, of a length that may change with every sample.</summary>
    public const int Varying = -1;

    /// <summary>
    /// The number of equal parts of a vector port, each the business of one member of an ensemble; 1 for others. The points of slot s
    /// are s · Points / Slots and those that follow.
    /// </summary>
    public int Slots { get; init; } = 1;

    /// <summary>The layout of one slot.</summary>
    /// <param name="slot">Its index; −1 for the port as a whole.</param>
    public PortLayout Slot(int slot)
    {
        if (slot < 0)
        {
            return this;
        }

        var points = Points / Slots;
        var coordinates = Geometry is { } cloud && cloud.Count == Points ? cloud.Coordinates.Slice(3 * slot * points, 3 * points).ToArray() : null;
        return new PortLayout(Port, points, coordinates is null ? null : new PointCloud(coordinates));
    }

    /// <summary>Numbers per sample, or <see cref="Varying"/>.</summary>
    public int Length => Points == Varying ? Varying : Points * Port.Components;
}

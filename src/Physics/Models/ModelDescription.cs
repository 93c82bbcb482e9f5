using System.Collections.Immutable;

namespace ActorMultiscale.Physics.Models;

/// <summary>What a scale model says of itself: its ports and how it may be treated.</summary>
public sealed record ModelDescription
{
    /// <summary>A model with <paramref name="ports"/>, in-ports and out-ports in any order.</summary>
    /// <param name="ports">Every port once.</param>
    public ModelDescription(params ImmutableArray<PortLayout> ports)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var layout in ports)
        {
            if (!names.Add(layout.Port.Name))
            {
                throw new ArgumentException($"The port '{layout.Port.Name}' is declared twice; names of ports are unique within a model.", nameof(ports));
            }

            if (layout.Slots < 1 || (layout.Slots > 1 && (layout.Points == PortLayout.Varying || layout.Points % layout.Slots != 0)))
            {
                throw new ArgumentException($"The vector port '{layout.Port.Name}' has {layout.Points} points in {layout.Slots} slots; every slot has the same number of points.", nameof(ports));
            }
        }

        Ports = ports;
    }

    /// <summary>Every port with its number of points.</summary>
    public ImmutableArray<PortLayout> Ports { get; }

    /// <summary>The phases of a step, in order; empty for a model that advances in one go.</summary>
    public ImmutableArray<string> Phases { get; init; } = [];

    /// <summary>
    /// A model whose <see cref="IScaleModel.Advance"/> takes microseconds. It is advanced without a change of thread.
    /// </summary>
    public bool IsLight { get; init; }

    /// <summary>How many members of a team compute it together: see <see cref="TeamModel"/>. 1 for a model that is no team.</summary>
    public int Members { get; init; } = 1;

    /// <summary>
    /// Whether what computes the model may be gone all of a sudden, such as a process of its own. Checkpoints are then kept, so that the model
    /// can be made anew and repeat its window.
    /// </summary>
    public bool MayBeLost { get; init; }

    /// <summary>Whether the model can be set back to a state that it had. One that cannot takes part only where nobody goes back, and its runs are not resumed.</summary>
    public bool CanRestore { get; init; } = true;

    /// <summary>The largest step that is stable, or the fastest time scale that the model resolves, s; unknown if null. Windows are compared with it.</summary>
    public double? FastestTimeScale { get; init; }

    /// <summary>The index of the port called <paramref name="name"/> in <see cref="Ports"/>, or −1.</summary>
    public int IndexOf(string name)
    {
        for (var i = 0; i < Ports.Length; i++)
        {
            if (Ports[i].Port.Name == name)
            {
                return i;
            }
        }

        return -1;
    }
}

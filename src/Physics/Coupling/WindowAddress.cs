using System.Globalization;

namespace ActorMultiscale.Physics.Coupling;

/// <summary>
/// Where in the tree of groups an order or an answer belongs: the path of (group, window, iteration, attempt, stage) from the
/// root down. An answer with any other address than the one that is awaited is dropped and counted.
/// </summary>
/// <param name="Parent">The address in the parent group; null for the root.</param>
/// <param name="Group">Index of the group in the coupled system.</param>
/// <param name="Window">Index of the window; for a nested group within its parent's window.</param>
/// <param name="Iteration">Index of the iteration inside the window.</param>
/// <param name="Attempt">How often the window was begun anew.</param>
/// <param name="Stage">Index of the stage: a participant with phases advances in several, and an answer belongs to one.</param>
public sealed record WindowAddress(WindowAddress? Parent, int Group, long Window, int Iteration, int Attempt, int Stage)
{
    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{(Parent is null ? "" : Parent + "/")}{Group}:{Window}.{Iteration}.{Attempt}.{Stage}");
}

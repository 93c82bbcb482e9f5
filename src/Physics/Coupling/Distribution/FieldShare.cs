using System.Collections.Immutable;

namespace ActorMultiscale.Physics.Coupling.Distribution;

/// <summary>The share of the fields that one <see cref="FieldExchange"/> holds.</summary>
/// <param name="Conduits">Of each conduit, whether it is held.</param>
/// <param name="Participants">Of each participant, whether its last samples and fingerprints are held.</param>
/// <param name="Groups">Of each group, whether its acceleration is.</param>
internal sealed record FieldShare(ImmutableArray<bool> Conduits, ImmutableArray<bool> Participants, ImmutableArray<bool> Groups)
{
    /// <summary>Everything.</summary>
    public static FieldShare Whole(CoupledSystem system) => new(
        [.. Enumerable.Repeat(true, system.Conduits.Length)],
        [.. Enumerable.Repeat(true, system.Participants.Length)],
        [.. Enumerable.Repeat(true, system.Groups.Length)]);

    /// <summary>Of every participant what it tells the coordinator: single numbers, fingerprints, watches. No conduit.</summary>
    public static FieldShare Ledger(CoupledSystem system) => new(
        [.. Enumerable.Repeat(false, system.Conduits.Length)],
        [.. Enumerable.Repeat(true, system.Participants.Length)],
        [.. Enumerable.Repeat(false, system.Groups.Length)]);
}

using System.Collections.Immutable;

namespace ActorMultiscale.Host.Composition;

/// <summary>
/// What <see cref="HoconScanner"/> made of a text. With faults the tree is a best guess, good enough to look for further faults.
/// </summary>
/// <param name="Root">The whole text as one section.</param>
/// <param name="Faults">All faults, sorted by position; empty if the text is sound.</param>
public sealed record ScanResult(ConfigObject Root, ImmutableArray<Fault> Faults)
{
    /// <summary>
    /// Whether braces and brackets match. If they do, a binder may read <see cref="Root"/> in spite of other faults and so report
    /// everything at once; if not, keys may sit in the wrong section and its complaints would mislead.
    /// </summary>
    public bool IsStructureSound { get; init; } = true;
}

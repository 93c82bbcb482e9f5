using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Adaptivity;

/// <summary>One leaf of a forest as a row of doubles, so that lists of them pass through ports; each of the three is a whole number that a double holds exactly.</summary>
/// <param name="Root">The root cell.</param>
/// <param name="Place">Where the leaf begins on the Morton curve of its root, in finest cells.</param>
/// <param name="Level">How often the root was halved.</param>
public readonly record struct LeafEntry(double Root, double Place, double Level)
{
    /// <summary>The leaves of a forest.</summary>
    public static LeafEntry[] Of(TreeForest forest)
    {
        ArgumentNullException.ThrowIfNull(forest);
        var bits = forest.Dimension * forest.Roots.MaxLevel;
        var entries = new LeafEntry[forest.Count];
        for (var n = 0; n < entries.Length; n++)
        {
            var code = forest.Codes[n];
            entries[n] = new(code >> (5 + bits), (code >> 5) & ((1UL << bits) - 1), code & 31);
        }

        return entries;
    }

    /// <summary>The codes of leaves, for <see cref="TreeForest.FromCodes"/>, which looks at whether they are a forest.</summary>
    /// <param name="roots">The root cells.</param>
    /// <param name="entries">The leaves.</param>
    /// <exception cref="ScaleModelException">A number is not whole, or out of range.</exception>
    public static ulong[] Codes(TreeRoots roots, ReadOnlySpan<LeafEntry> entries)
    {
        ArgumentNullException.ThrowIfNull(roots);
        var bits = roots.Dimension * roots.MaxLevel;
        var codes = new ulong[entries.Length];
        for (var n = 0; n < codes.Length; n++)
        {
            var (root, place, level) = entries[n];
            if (!(root >= 0 && root < roots.Count && place >= 0 && place < 1UL << bits && level >= 0 && level <= roots.MaxLevel)
                || root != Math.Floor(root) || place != Math.Floor(place) || level != Math.Floor(level))
            {
                throw new ScaleModelException(FormattableString.Invariant(
                    $"Leaf {n} of the mesh is at {place} of root cell {root} and has level {level}; the forest has {roots.Count} root cells, 2^{bits} places in each, and {roots.MaxLevel} levels. It was made for another mesh."));
            }

            codes[n] = ((((ulong)root << bits) | (ulong)place) << 5) | (ulong)level;
        }

        return codes;
    }
}

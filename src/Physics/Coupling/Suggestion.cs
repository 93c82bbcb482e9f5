namespace ActorMultiscale.Physics.Coupling;

/// <summary>Finds what the user probably meant.</summary>
public static class Suggestion
{
    /// <summary>The candidate nearest to <paramref name="word"/>, or null if none is near enough to be meant.</summary>
    public static string? Nearest(string word, IEnumerable<string> candidates)
    {
        ArgumentNullException.ThrowIfNull(word);
        ArgumentNullException.ThrowIfNull(candidates);
        var allowed = Math.Max(1, word.Length / 3);
        var (best, distance) = ((string?)null, allowed + 1);
        foreach (var candidate in candidates.Order(StringComparer.Ordinal))
        {
            var d = candidate.Length > word.Length && candidate.StartsWith(word, StringComparison.OrdinalIgnoreCase) ? 1 : Distance(word, candidate);
            if (d < distance)
            {
                (best, distance) = (candidate, d);
            }
        }

        return best;
    }

    /// <summary>" Did you mean '…'?", or what there is to choose from, or nothing.</summary>
    public static string Sentence(string word, IReadOnlyCollection<string> candidates)
    {
        ArgumentNullException.ThrowIfNull(candidates);
        return Nearest(word, candidates) is { } near ? $" Did you mean '{near}'?"
            : candidates.Count == 0 ? ""
            : $" There are: {string.Join(", ", candidates.Order(StringComparer.Ordinal))}.";
    }

    // Damerau–Levenshtein distance with adjacent transpositions (optimal string alignment), case folded.
    private static int Distance(string a, string b)
    {
        var rows = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            rows[i, 0] = i;
        }

        for (var j = 0; j <= b.Length; j++)
        {
            rows[0, j] = j;
        }

        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                var (x, y) = (char.ToLowerInvariant(a[i - 1]), char.ToLowerInvariant(b[j - 1]));
                var d = Math.Min(Math.Min(rows[i - 1, j] + 1, rows[i, j - 1] + 1), rows[i - 1, j - 1] + (x == y ? 0 : 1));
                if (i > 1 && j > 1 && x == char.ToLowerInvariant(b[j - 2]) && char.ToLowerInvariant(a[i - 2]) == y)
                {
                    d = Math.Min(d, rows[i - 2, j - 2] + 1);
                }

                rows[i, j] = d;
            }
        }

        return rows[a.Length, b.Length];
    }
}

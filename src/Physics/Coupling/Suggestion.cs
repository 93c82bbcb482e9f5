namespace ActorMultiscale.Physics.Coupling;

/// <summary>Guesses what a user meant by a word that is not known.</summary>
public static class Suggestion
{
    private const int LongestWord = 64;

    /// <summary>The participant of a port's address: <c>rve[3]</c> of <c>rve[3].stress</c>.</summary>
    public static string OwnerOf(string address)
    {
        ArgumentNullException.ThrowIfNull(address);
        var dot = address.IndexOf('.', StringComparison.Ordinal);
        return dot < 0 ? address : address[..dot];
    }

    /// <summary>The participant or group that an entry or address begins with: up to a port, a phase or an index.</summary>
    public static string BaseOf(string address)
    {
        ArgumentNullException.ThrowIfNull(address);
        var end = address.AsSpan().IndexOfAny('.', ':', '[');
        return end < 0 ? address : address[..end];
    }

    /// <summary>
    /// The candidate that is nearest to a word: the same but for case and separators, a few slips of the finger away (Damerau–Levenshtein
    /// distance, at most a third of the word), or its beginning. <see langword="null"/> if none is near.
    /// </summary>
    /// <param name="word">What the user wrote.</param>
    /// <param name="candidates">What is allowed.</param>
    public static string? Nearest(string word, IEnumerable<string> candidates)
    {
        ArgumentNullException.ThrowIfNull(word);
        ArgumentNullException.ThrowIfNull(candidates);
        if (word.Length is 0 or > LongestWord)
        {
            return null;
        }

        var plainWord = Plain(word);
        return candidates
            .Where(candidate => candidate.Length is > 0 and <= LongestWord)
            .Select(candidate => (Candidate: candidate, Distance: Distance(plainWord, Plain(candidate))))
            .Where(pair => pair.Distance < int.MaxValue)
            .OrderBy(pair => pair.Distance)
            .ThenBy(pair => Math.Abs(pair.Candidate.Length - word.Length))
            .ThenBy(pair => pair.Candidate, StringComparer.Ordinal)
            .Select(pair => pair.Candidate)
            .FirstOrDefault();
    }

    /// <summary>
    /// A sentence to append to a message: <c> Did you mean 'x'?</c>, or the list of what is allowed where nothing is near.
    /// </summary>
    public static string Sentence(string word, IReadOnlyCollection<string> candidates) =>
        Nearest(word, candidates) is { } nearest ? $"Did you mean '{nearest}'?"
        : candidates.Count == 0 ? "Nothing is allowed here."
        : $"Allowed: {List(candidates)}.";

    /// <summary>The candidates in quotes, with commas; a long list is cut.</summary>
    public static string List(IReadOnlyCollection<string> candidates)
    {
        const int shown = 20;
        var list = string.Join(", ", candidates.Take(shown).Select(candidate => $"'{candidate}'"));
        return candidates.Count > shown ? $"{list} and {candidates.Count - shown} more" : list;
    }

    private static string Plain(string word) =>
        string.Concat(word.Where(c => c is not ('-' or '_' or ' '))).ToLowerInvariant();

    private static int Distance(string word, string candidate)
    {
        if (word.Length == 0 || candidate.Length == 0)
        {
            return int.MaxValue;
        }

        var slips = EditDistance(word, candidate);
        if (slips <= Math.Max(1, word.Length / 3) && slips < Math.Max(word.Length, candidate.Length))
        {
            return slips;
        }

        var begins = Math.Min(word.Length, candidate.Length) >= 2
            && (candidate.StartsWith(word, StringComparison.Ordinal) || word.StartsWith(candidate, StringComparison.Ordinal));
        return begins ? LongestWord + Math.Abs(word.Length - candidate.Length) : int.MaxValue;
    }

    /// <summary>Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).</summary>
    private static int EditDistance(string a, string b)
    {
        var beforeLast = new int[b.Length + 1];
        var last = Enumerable.Range(0, b.Length + 1).ToArray();
        var row = new int[b.Length + 1];
        for (var i = 1; i <= a.Length; i++)
        {
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var replace = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                row[j] = Math.Min(replace, 1 + Math.Min(last[j], row[j - 1]));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    row[j] = Math.Min(row[j], beforeLast[j - 2] + 1);
                }
            }

            (beforeLast, last, row) = (last, row, beforeLast);
        }

        return last[b.Length];
    }
}

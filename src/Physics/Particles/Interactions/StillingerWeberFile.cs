using System.Collections.Immutable;
using System.Globalization;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles.Interactions;

/// <summary>
/// A file of Stillinger–Weber potentials as LAMMPS reads it (<c>pair_style sw</c>): entries of three elements and ε, σ, a, λ, γ, cos θ₀, A, B, p, q and a tolerance, an entry over one line or several.
/// </summary>
/// <remarks>
/// The first element is the atom in the middle. The tolerance must be zero: with another LAMMPS cuts sooner than the potential ends.
/// </remarks>
public sealed class StillingerWeberFile
{
    private const int WordsInEntry = 14;
    private readonly InputFile _file;
    private readonly Dictionary<(string, string, string), StillingerWeberParameters> _entries = [];

    private StillingerWeberFile(InputFile file) => _file = file;

    /// <summary>The elements that stand in the middle of an entry, in ordinal order.</summary>
    public ImmutableArray<string> Elements => [.. _entries.Keys.Select(k => k.Item1).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>Reads a file.</summary>
    /// <param name="file">The file.</param>
    /// <exception cref="ScaleModelException">It is no such file; all that is wrong with its entries is named, with lines.</exception>
    public static StillingerWeberFile Parse(InputFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        var (read, faults) = (new StillingerWeberFile(file), new List<string>());
        var entry = new List<(string Word, int Line)>();
        var lines = file.Text.Split('\n');
        for (var at = 0; at < lines.Length; at++)
        {
            var text = lines[at].IndexOf('#', StringComparison.Ordinal) is >= 0 and var comment ? lines[at][..comment] : lines[at];
            entry.AddRange(text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(word => (word, at + 1)));
            if (entry.Count >= WordsInEntry)
            {
                read.Add(entry, faults);
                entry.Clear();
            }
        }

        if (entry.Count > 0)
        {
            faults.Add(FormattableString.Invariant($"line {entry[0].Line}: the last entry has {entry.Count} words of {WordsInEntry}; the file is probably cut off"));
        }

        if (read._entries.Count == 0 && faults.Count == 0)
        {
            faults.Add("there is no entry");
        }

        return faults.Count == 0 ? read : throw new ScaleModelException($"The potential '{file.Name}' is no Stillinger-Weber file: {string.Join("; ", faults)}.");
    }

    /// <summary>The numbers of each triple of kinds: for <see cref="Interaction.StillingerWeber(int, Func{int, int, int, StillingerWeberParameters})"/>.</summary>
    /// <param name="names">The element of each kind.</param>
    /// <exception cref="ScaleModelException">The file has no entry for some; all of them are named.</exception>
    public Func<int, int, int, StillingerWeberParameters> Of(ImmutableArray<string> names)
    {
        var missing = (from i in names from j in names from k in names where !_entries.ContainsKey((i, j, k)) select $"{i} {j} {k}").Distinct().ToList();
        return missing.Count == 0
            ? (i, j, k) => _entries[(names[i], names[j], names[k])]
            : throw new ScaleModelException($"The potential '{_file.Name}' has no entry for {string.Join(", ", missing.Take(10))}{(missing.Count > 10 ? ", …" : "")}; it has {string.Join(", ", Elements)} in the middle. The kinds of atoms are called by their elements; 'species' may rename them.");
    }

    // Of an angle with two different ends ε, λ and cos θ₀ count alone, and files have zeros for the rest.
    private static StillingerWeberParameters OfAngle(bool isAngleAlone, StillingerWeberParameters all) =>
        isAngleAlone ? all with { Sigma = 1, Reach = 1, Gamma = 0, A = 0, B = 0, P = 0, Q = 0 } : all;

    private void Add(List<(string Word, int Line)> entry, List<string> faults)
    {
        var line = entry[0].Line;
        if (entry.Count > WordsInEntry)
        {
            faults.Add(FormattableString.Invariant($"line {line}: an entry has {entry.Count} words; there are {WordsInEntry}, three elements and eleven numbers"));
            return;
        }

        var numbers = new double[11];
        for (var n = 0; n < numbers.Length; n++)
        {
            var (word, at) = entry[n + 3];
            if (!double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out numbers[n]) || !double.IsFinite(numbers[n]))
            {
                faults.Add(FormattableString.Invariant($"line {at}: found '{word}' where number {n + 1} of 11 of an entry is needed"));
                return;
            }
        }

        var key = (entry[0].Word, entry[1].Word, entry[2].Word);
        var found = OfAngle(key.Item2 != key.Item3, new(numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5], numbers[6], numbers[7], numbers[8], numbers[9]));
        if (numbers[10] != 0)
        {
            faults.Add(FormattableString.Invariant($"line {line}: the tolerance is {numbers[10]}; it must be 0"));
        }
        else if (found.Fault is { } fault)
        {
            faults.Add(FormattableString.Invariant($"line {line}: {fault}"));
        }
        else if (!_entries.TryAdd(key, found))
        {
            faults.Add(FormattableString.Invariant($"line {line}: {key.Item1} {key.Item2} {key.Item3} stands there a second time"));
        }
    }
}

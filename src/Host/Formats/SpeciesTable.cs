using System.Collections.Immutable;
using System.Globalization;
using ActorMultiscale.Physics.Particles;

namespace ActorMultiscale.Host.Formats;

/// <summary>Species as they come up in a file that has no list of them: by number, by name, or by name and mass.</summary>
internal sealed class SpeciesTable(TextLines lines, ImmutableArray<Species> given)
{
    private readonly Dictionary<string, string>.AlternateLookup<ReadOnlySpan<char>> _names = new Dictionary<string, string>().GetAlternateLookup<ReadOnlySpan<char>>();
    private readonly Dictionary<(string Name, double Mass), int> _kinds = [];
    private readonly SortedDictionary<long, (string Name, double Mass)> _types = [];

    /// <summary>One text for all words that are equal.</summary>
    public string Name(ReadOnlySpan<char> word)
    {
        if (!_names.TryGetValue(word, out var name))
        {
            name = word.ToString();
            _names[word] = name;
        }

        return name;
    }

    /// <summary>The kind of each atom of a frame, of which the lines just read tell types (from 1), names or masses.</summary>
    public int[] Kinds(int count, long[]? types, string[]? names, double[]? masses)
    {
        var kinds = new int[count];
        for (var i = 0; i < count; i++)
        {
            kinds[i] = types is not null ? OfType(types[i], names?[i], masses?[i])
                : names is not null ? OfName(names[i], masses?[i])
                : throw lines.Stop("the atoms, which end here, do not tell their species: a column with types or names is missing");
        }

        return kinds;
    }

    /// <summary>All species, once the file has been read.</summary>
    public ImmutableArray<Species> Complete()
    {
        if (!given.IsDefault)
        {
            return given;
        }

        if (_types.Count == 0)
        {
            return [.. _kinds.OrderBy(pair => pair.Value).Select(pair => new Species(pair.Key.Name, pair.Key.Mass))];
        }

        // Numbers without atoms would be species of which nothing is known.
        var expected = 1L;
        foreach (var type in _types.Keys)
        {
            if (type != expected++)
            {
                throw lines.Stop(string.Create(CultureInfo.InvariantCulture, $"the file ends, and no atom of it has the type {expected - 1}, though there are some of the type {type}: nothing is known of that species. Name the species where the file is read"));
            }
        }

        return [.. _types.Values.Select(t => new Species(t.Name, t.Mass))];
    }

    private int OfType(long type, string? name, double? mass)
    {
        if (!given.IsDefault)
        {
            return type <= given.Length ? (int)type - 1 : throw lines.Stop(string.Create(CultureInfo.InvariantCulture, $"an atom of those that end here has the type {type}, but {given.Length} species are given"));
        }

        if (!_types.TryGetValue(type, out var known))
        {
            name ??= type.ToString(CultureInfo.InvariantCulture);
            _types[type] = (name, MassOf(name, mass));
        }
        else if ((name is not null && name != known.Name) || (mass is not null && mass != known.Mass))
        {
            static string Told(string name, double? mass) => $"'{TextLines.Shown(name)}'{(mass is null ? "" : string.Create(CultureInfo.InvariantCulture, $" of the mass {mass}"))}";
            throw lines.Stop(string.Create(CultureInfo.InvariantCulture, $"two atoms of the type {type}, one of them among those that end here, differ: {Told(known.Name, mass is null ? null : known.Mass)} and {Told(name ?? known.Name, mass)}. A type has one name and one mass"));
        }

        return (int)type - 1;
    }

    private int OfName(string name, double? mass)
    {
        if (!given.IsDefault)
        {
            var at = Enumerable.Range(0, given.Length).FirstOrDefault(k => given[k].Name == name && (mass is null || mass == given[k].Mass), -1);
            at = at >= 0 ? at : Enumerable.Range(0, given.Length).FirstOrDefault(k => given[k].Name == name, -1);
            return at >= 0 ? at : throw lines.Stop($"an atom of those that end here is called '{TextLines.Shown(name)}', but the species given are {string.Join(", ", given.Select(s => s.Name))}");
        }

        var key = (name, MassOf(name, mass));
        if (!_kinds.TryGetValue(key, out var kind))
        {
            _kinds[key] = kind = _kinds.Count;
        }

        return kind;
    }

    private double MassOf(string name, double? mass) =>
        mass is { } told
            ? told > 0 ? told : throw lines.Stop(string.Create(CultureInfo.InvariantCulture, $"an atom of those that end here has the mass {told}; it must be above zero"))
            : ChemicalElements.Mass(name) ?? throw lines.Stop($"nothing tells the mass of the atoms called '{TextLines.Shown(name)}', some of which end here: there is no column with masses, and no chemical element of this name. Name the species where the file is read");
}

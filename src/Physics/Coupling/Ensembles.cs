using System.Collections.Immutable;
using System.Globalization;

namespace ActorMultiscale.Physics.Coupling;

/// <summary>
/// Writes ensembles out: a participant with a count becomes that many, <c>rve[0]</c>, <c>rve[1]</c>, …, and <c>[*]</c> in a conduit becomes
/// one conduit for each. After that nobody needs to know of ensembles.
/// </summary>
/// <remarks>
/// <c>macro.strain[*]</c> → <c>rve[*].strain</c> gives every member its slot of a vector port; <c>rve[*].stress</c> → <c>macro.stress[*]</c> gathers them;
/// <c>macro.load</c> → <c>rve[*].load</c> gives the whole port to everyone; <c>rve[*].a</c> → <c>rve[*].b</c> joins members one by one.
/// </remarks>
internal static class Ensembles
{
    /// <summary>The name without the index of an ensemble's member or slot.</summary>
    public static string BaseName(string name) => name.IndexOf('[', StringComparison.Ordinal) is > 0 and var bracket ? name[..bracket] : name;

    /// <summary>The experiment written out; for each of its conduits the index of the one that was written; and what is wrong, by path.</summary>
    public static (Experiment Experiment, ImmutableArray<int> Origins, ImmutableArray<(string Path, string Message)> Faults) Expand(Experiment experiment)
    {
        if (experiment.Participants.All(p => p.Count is null))
        {
            return (experiment, [.. Enumerable.Range(0, experiment.Conduits.Length)], []);
        }

        var counts = experiment.Participants.Where(p => p.Count is not null).GroupBy(p => p.Name, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.First().Count!.Value, StringComparer.Ordinal);
        var faults = ImmutableArray.CreateBuilder<(string, string)>();
        foreach (var (name, count) in counts.Where(c => c.Value is < 1 or > 1_000_000))
        {
            faults.Add(($"participants.{name}.count", string.Create(CultureInfo.InvariantCulture, $"An ensemble has 1 to 1000000 members; found {count}.")));
        }

        if (faults.Count > 0)
        {
            return (experiment, [.. Enumerable.Range(0, experiment.Conduits.Length)], faults.ToImmutable());
        }

        var conduits = ImmutableArray.CreateBuilder<Conduit>();
        var origins = ImmutableArray.CreateBuilder<int>();
        for (var i = 0; i < experiment.Conduits.Length; i++)
        {
            foreach (var conduit in Expand(experiment.Conduits[i], counts, fault => faults.Add(($"conduits.{i}", fault))))
            {
                conduits.Add(conduit);
                origins.Add(i);
            }
        }

        CouplingScheme Scheme(CouplingScheme scheme) => scheme with
        {
            Stages = [.. scheme.Stages.Select(stage => stage.SelectMany(entry => Members(entry, counts)).ToImmutableArray())],
            Iteration = scheme.Iteration with
            {
                Criteria = [.. scheme.Iteration.Criteria.SelectMany(c => Ends(c.Conduit, conduits, experiment.Conduits, origins).Select(end => c with { Conduit = end }))],
            },
        };
        return (experiment with
        {
            Participants = [.. experiment.Participants.SelectMany(p => p.Count is { } count
                ? Enumerable.Range(0, count).Select(m => p with { Name = Member(p.Name, m), Count = null, EnsembleIndex = m })
                : [p])],
            Conduits = conduits.ToImmutable(),
            Scheme = Scheme(experiment.Scheme),
            Groups = [.. experiment.Groups.Select(g => g with { Scheme = Scheme(g.Scheme) })],
        }, origins.ToImmutable(), faults.ToImmutable());
    }

    private static string Member(string name, int index) => string.Create(CultureInfo.InvariantCulture, $"{name}[{index}]");

    // A stage's entry: the whole ensemble, in a phase or not.
    private static IEnumerable<string> Members(string entry, Dictionary<string, int> counts)
    {
        var colon = entry.IndexOf(':', StringComparison.Ordinal);
        var (name, phase) = colon < 0 ? (entry, "") : (entry[..colon], entry[colon..]);
        var ensemble = name.EndsWith("[*]", StringComparison.Ordinal) ? name[..^3] : name;
        return counts.TryGetValue(ensemble, out var count) ? Enumerable.Range(0, count).Select(m => Member(ensemble, m) + phase) : [entry];
    }

    private static IEnumerable<Conduit> Expand(Conduit conduit, Dictionary<string, int> counts, Action<string> fault)
    {
        var (from, to) = (EnsembleOf(conduit.From, counts), EnsembleOf(conduit.To, counts));
        var name = $"{conduit.From} → {conduit.To}";
        if (from is null && to is null)
        {
            if (conduit.From.Contains("[*]", StringComparison.Ordinal) || conduit.To.Contains("[*]", StringComparison.Ordinal))
            {
                fault($"The conduit {name} names '[*]', but neither end is an ensemble: a participant with a 'count'.");
            }

            return [conduit];
        }

        if (from is { } a && to is { } b && counts[a] != counts[b])
        {
            fault(string.Create(CultureInfo.InvariantCulture, $"The conduit {name} joins {counts[a]} members to {counts[b]}; members are joined one by one."));
            return [];
        }

        if (from is not null && to is null && !conduit.To.EndsWith("[*]", StringComparison.Ordinal))
        {
            fault($"The conduit {name} leads from all members of an ensemble to one port. Let it lead to the slots of a vector port: '{conduit.To}[*]'.");
            return [];
        }

        static string At(string address, int index) => address.Replace("[*]", string.Create(CultureInfo.InvariantCulture, $"[{index}]"), StringComparison.Ordinal);
        return Enumerable.Range(0, counts[from ?? to!]).Select(m => conduit with { From = At(conduit.From, m), To = At(conduit.To, m) });
    }

    private static string? EnsembleOf(string address, Dictionary<string, int> counts)
    {
        var star = address.IndexOf("[*].", StringComparison.Ordinal);
        return star > 0 && counts.ContainsKey(address[..star]) ? address[..star] : null;
    }

    // The ends of the conduits that were written out from the one that a criterion names.
    private static List<string> Ends(string end, ImmutableArray<Conduit>.Builder conduits, ImmutableArray<Conduit> written, ImmutableArray<int>.Builder origins)
    {
        var found = Enumerable.Range(0, conduits.Count).Where(i => written[origins[i]].To == end).Select(i => conduits[i].To).ToList();
        return found.Count > 0 ? found : [end];
    }
}

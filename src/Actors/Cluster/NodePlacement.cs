using System.Collections.Immutable;
using ActorMultiscale.Physics.Coupling;

namespace ActorMultiscale.Actors.Cluster;

/// <summary>A node on which participants may be placed.</summary>
/// <param name="Address">Where it is.</param>
/// <param name="Roles">Its roles.</param>
/// <param name="Cores">Cores that it may use.</param>
internal sealed record NodeOffer(NodeAddress Address, ImmutableArray<string> Roles, int Cores);

/// <summary>Which participant goes to which node. It decides how fast a run is, and no bit of its result.</summary>
/// <remarks>
/// One after the other, the costliest first, each goes to the node that will then be done first (load over cores) among those that have its role; of equal ones to the one
/// with which it exchanges most. Costs are those that were measured, or else guessed from the ports.
/// </remarks>
internal static class NodePlacement
{
    // A light participant, and what nobody has measured.
    private const double Light = 1e-3;

    /// <summary>Places the participants.</summary>
    /// <param name="system">The coupled system.</param>
    /// <param name="offers">The nodes, in the order of their addresses.</param>
    /// <param name="costs">Measured seconds of each participant in a window; 0 where there is no measure.</param>
    /// <exception cref="InvalidOperationException">No node has a role that a participant needs.</exception>
    public static (ImmutableArray<NodeAddress> Nodes, ImmutableArray<int> Participants, ImmutableArray<TeamSites> Teams) Choose(CoupledSystem system, ImmutableArray<NodeOffer> offers, IReadOnlyList<double> costs)
    {
        var weights = system.Participants.Select(p => costs[p.Index] > 0 ? costs[p.Index] : p.Description.IsLight ? Light : 1).ToArray();
        var rules = system.Participants.Select(p => system.Experiment.Placement.FirstOrDefault(rule => rule.Concerns(p.Name))).ToArray();
        var load = new double[offers.Length];
        var chosen = Enumerable.Repeat(-1, weights.Length).ToArray();
        var teams = new Dictionary<int, int[]>();
        foreach (var p in Enumerable.Range(0, weights.Length).OrderByDescending(p => weights[p]))
        {
            var role = rules[p]?.Role;
            var allowed = Enumerable.Range(0, offers.Length).Where(n => role is null || offers[n].Roles.Contains(role)).ToList();
            if (allowed.Count == 0)
            {
                throw new InvalidOperationException($"'{system.Participants[p].Name}' is to be on a node of the role '{role}', and there is none.");
            }

            if (rules[p]?.With is { } partner && system.Participants.FirstOrDefault(q => q.Name == partner) is { } other && chosen[other.Index] >= 0)
            {
                allowed = allowed.Contains(chosen[other.Index]) ? [chosen[other.Index]] : allowed;
            }

            if (system.Participants[p].Description.Members is > 1 and var members && allowed.Count > 1)
            {
                teams[p] = Spread(members, allowed, offers);
                chosen[p] = teams[p][0];
                foreach (var node in teams[p])
                {
                    load[node] += weights[p] / members;
                }

                continue;
            }

            var best = allowed.MinBy(n => ((load[n] + weights[p]) / offers[n].Cores, -Shared(system, chosen, p, n), n));
            chosen[p] = best;
            load[best] += weights[p];
        }

        // Only nodes that have something to do.
        var used = chosen.Concat(teams.Values.SelectMany(team => team)).Distinct().Order().ToList();
        return ([.. used.Select(n => offers[n].Address)], [.. chosen.Select(n => used.IndexOf(n))],
            [.. teams.OrderBy(team => team.Key).Select(team => new TeamSites(team.Key, [.. team.Value.Select(n => used.IndexOf(n))]))]);
    }

    // Members that follow each other are mostly neighbors: each node has a run of them, as long as its cores are many.
    private static int[] Spread(int members, List<int> allowed, ImmutableArray<NodeOffer> offers)
    {
        var (cores, sum) = (allowed.Sum(n => offers[n].Cores), 0);
        var result = new int[members];
        var at = 0;
        foreach (var node in allowed)
        {
            sum += offers[node].Cores;
            for (var end = (int)((long)members * sum / cores); at < end; at++)
            {
                result[at] = node;
            }
        }

        return result;
    }

    private static long Shared(CoupledSystem system, int[] chosen, int participant, int node) => system.Conduits
        .Where(c => (c.Producer == participant && chosen[c.Consumer] == node) || (c.Consumer == participant && chosen[c.Producer] == node))
        .Sum(c => (long)Math.Max(1, system.Participants[c.Producer].Description.Ports[c.ProducerPort].Length));
}

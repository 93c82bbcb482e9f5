using System.Collections.Immutable;
using System.Globalization;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Actors.Cluster;

/// <summary>A node on which participants may be placed.</summary>
/// <param name="Address">Where it is.</param>
/// <param name="Roles">Its roles.</param>
/// <param name="Cores">Cores that it may use.</param>
internal sealed record NodeOffer(NodeAddress Address, ImmutableArray<string> Roles, int Cores)
{
    /// <summary>Whether it was started to try an experiment on, and told no roles: it has all of them, and nobody waits for more such nodes.</summary>
    public bool IsTrial { get; init; }

    /// <summary>Whether a participant that is to be on a node of <paramref name="role"/> may be on this one; of none, on any.</summary>
    public bool Has(string role) => IsTrial || role.Length == 0 || Roles.Contains(role);
}

/// <summary>Which participants are on which nodes.</summary>
/// <param name="Nodes">The nodes that have any.</param>
/// <param name="Participants">Of each participant the index of its node.</param>
/// <param name="Teams">Of teams on several nodes the nodes of their members.</param>
internal sealed record ChosenNodes(ImmutableArray<NodeAddress> Nodes, ImmutableArray<int> Participants, ImmutableArray<TeamSites> Teams);

/// <summary>Which participant goes to which node. It decides how fast a run is, and no bit of its result.</summary>
/// <remarks>
/// One after the other, the costliest first, each goes to the node that will then be done first (load over cores) among those that have its role; of nodes that are about
/// equal in that to the one with which it exchanges most. Those that are to share a node go together where a node has the roles of all of them; otherwise each follows its partner
/// where its role allows it. A team of several members is spread over all nodes that it may be on. Costs are those that were measured, or else guessed.
/// </remarks>
internal static class NodePlacement
{
    /// <summary>Nodes are about equal that differ by no more than this part of the time that all would take if they were spread evenly.</summary>
    public const double Slack = 0.05;

    // What nobody has measured, as a part of what costs much.
    private const double Light = 1e-3;

    /// <summary>Places the participants.</summary>
    /// <param name="system">The coupled system.</param>
    /// <param name="offers">The nodes, in the order of their addresses.</param>
    /// <param name="costs">Measured seconds of each participant in a window; 0 where there is no measure.</param>
    /// <exception cref="InvalidOperationException">No node, or fewer than are wanted, has a role that a participant needs.</exception>
    public static ChosenNodes Choose(CoupledSystem system, ImmutableArray<NodeOffer> offers, IReadOnlyList<double> costs)
    {
        var weights = WeightsOf(system, costs);
        var rules = system.Participants.Select(p => system.Experiment.Placement.FirstOrDefault(rule => rule.Concerns(p.Name))).ToArray();
        var partners = PartnersOf(system, rules);
        var exchanged = ExchangesOf(system);
        int LeastOf(int participant) => offers.Any(offer => offer.IsTrial) ? 1 : rules[participant]?.LeastNodes ?? 1;
        var byRole = new Dictionary<string, int[]>(StringComparer.Ordinal);
        int[] Allowed(int participant)
        {
            var role = rules[participant]?.Role ?? "";
            if (!byRole.TryGetValue(role, out var allowed))
            {
                byRole[role] = allowed = [.. Enumerable.Range(0, offers.Length).Where(n => offers[n].Has(role))];
            }

            var (least, name) = (LeastOf(participant), system.Participants[participant].Name);
            return allowed.Length >= least ? allowed : throw new InvalidOperationException(
                least > 1 ? string.Create(CultureInfo.InvariantCulture, $"'{name}' waits for {least} nodes{(role.Length > 0 ? $" of the role '{role}'" : "")}, and {allowed.Length} {(allowed.Length == 1 ? "is" : "are")} there.")
                : role.Length > 0 ? $"'{name}' is to be on a node of the role '{role}', and there is none."
                : "There is no node that could take a participant.");
        }

        bool IsTeam(int participant) => system.Participants[participant].Description.Members > 1;
        var load = new double[offers.Length];
        var chosen = Enumerable.Repeat(-1, weights.Length).ToArray();
        var teams = new Dictionary<int, int[]>();
        var slack = Slack * FixedOrderSum.Of(weights) / offers.Sum(offer => offer.Cores);
        void Put(IReadOnlyCollection<int> together, double weight, int[] allowed)
        {
            var traffic = new long[offers.Length];
            foreach (var (other, length) in together.SelectMany(p => exchanged[p]).Where(e => chosen[e.Other] >= 0))
            {
                traffic[chosen[other]] += length;
            }

            double DoneAt(int node) => (load[node] + weight) / offers[node].Cores;
            var least = allowed.Min(DoneAt);
            var best = allowed.Where(node => DoneAt(node) <= least + slack).MinBy(node => (-traffic[node], DoneAt(node), node));
            load[best] += weight;
            foreach (var participant in together)
            {
                chosen[participant] = best;
            }
        }

        var units = Enumerable.Range(0, weights.Length).GroupBy(p => Leader(p, partners)).Select(unit => (Members: unit.ToArray(), Weight: FixedOrderSum.Of([.. unit.Select(p => weights[p])])));
        foreach (var (members, weight) in units.OrderByDescending(unit => unit.Weight).ThenBy(unit => unit.Members[0]))
        {
            var forAll = members.Select(Allowed).Aggregate((a, b) => ReferenceEquals(a, b) ? a : [.. a.Intersect(b)]);
            if (forAll.Length > 0 && !members.Any(IsTeam))
            {
                Put(members, weight, forAll);
                continue;
            }

            foreach (var participant in members.OrderBy(p => Depth(p, partners)))
            {
                var allowed = Allowed(participant);
                var partner = partners[participant] >= 0 ? chosen[partners[participant]] : -1;
                if (allowed.Contains(partner) && !(IsTeam(participant) && LeastOf(participant) > 1))
                {
                    allowed = [partner];
                }

                if (IsTeam(participant) && allowed.Length > 1)
                {
                    var team = teams[participant] = Spread(system.Participants[participant].Description.Members, allowed, offers, LeastOf(participant));
                    chosen[participant] = team[0];
                    foreach (var node in team)
                    {
                        load[node] += weights[participant] / team.Length;
                    }

                    continue;
                }

                Put([participant], weights[participant], allowed);
            }
        }

        // Only nodes that have something to do.
        var used = chosen.Concat(teams.Values.SelectMany(team => team)).Distinct().Order().ToList();
        return new ChosenNodes([.. used.Select(n => offers[n].Address)], [.. chosen.Select(node => used.IndexOf(node))],
            [.. teams.OrderBy(team => team.Key).Select(team => new TeamSites(team.Key, [.. team.Value.Select(node => used.IndexOf(node))]))]);
    }

    // Members that follow each other are mostly neighbors: each node has a run of them, as long as its cores are many; where no fewer than some nodes could hold them, so many have one at least.
    private static int[] Spread(int members, int[] allowed, ImmutableArray<NodeOffer> offers, int least)
    {
        var (cores, sum) = (allowed.Sum(n => offers[n].Cores), 0);
        var result = new int[members];
        var at = 0;
        for (var i = 0; i < allowed.Length; i++)
        {
            sum += offers[allowed[i]].Cores;
            var end = (int)((long)members * sum / cores);
            if (i < least && least <= members)
            {
                end = Math.Clamp(end, at + 1, members - (least - 1 - i));
            }

            for (; at < end; at++)
            {
                result[at] = allowed[i];
            }
        }

        return result;
    }

    /// <summary>How long the node that is done last computes in a window, s; null where one of the chosen is not among those that are there.</summary>
    public static double? Longest(CoupledSystem system, ImmutableArray<NodeOffer> offers, ChosenNodes chosen, IReadOnlyList<double> costs)
    {
        var (weights, load) = (WeightsOf(system, costs), new double[chosen.Nodes.Length]);
        for (var p = 0; p < weights.Length; p++)
        {
            ImmutableArray<int> at = chosen.Teams.FirstOrDefault(team => team.Participant == p) is { Sites.IsDefault: false } team ? team.Sites : [chosen.Participants[p]];
            foreach (var node in at)
            {
                load[node] += weights[p] / at.Length;
            }
        }

        var cores = chosen.Nodes.Select(address => offers.FirstOrDefault(offer => offer.Address == address)?.Cores ?? 0).ToArray();
        return cores.Contains(0) ? null : load.Select((seconds, node) => seconds / cores[node]).Max();
    }

    // What was measured; of the others a guess, in the same measure. All members of a team compute as long as the team does.
    private static double[] WeightsOf(CoupledSystem system, IReadOnlyList<double> costs)
    {
        double[] guesses = [.. system.Participants.Select(p => p.Description.IsLight ? Light : 1)];
        int[] measured = [.. Enumerable.Range(0, guesses.Length).Where(p => costs[p] > 0)];
        var scale = measured.Length == 0 ? 1 : FixedOrderSum.Of([.. measured.Select(p => costs[p])]) / FixedOrderSum.Of([.. measured.Select(p => guesses[p])]);
        return [.. guesses.Select((guess, p) => (costs[p] > 0 ? costs[p] : scale * guess) * system.Participants[p].Description.Members)];
    }

    private static int[] PartnersOf(CoupledSystem system, PlacementRule?[] rules)
    {
        var byName = system.Participants.ToDictionary(p => p.Name, p => p.Index, StringComparer.Ordinal);
        return [.. system.Participants.Select(p => rules[p.Index]?.PartnerOf(p.Name) is { } partner && byName.TryGetValue(partner, out var index) ? index : -1)];
    }

    private static int Leader(int participant, int[] partners) => partners[participant] < 0 ? participant : Leader(partners[participant], partners);

    private static int Depth(int participant, int[] partners) => partners[participant] < 0 ? 0 : 1 + Depth(partners[participant], partners);

    // Of each participant whom it writes to or reads from, and how many numbers at a time.
    private static List<(int Other, long Length)>[] ExchangesOf(CoupledSystem system)
    {
        List<(int, long)>[] exchanges = [.. system.Participants.Select(_ => new List<(int, long)>())];
        foreach (var conduit in system.Conduits)
        {
            var length = (long)Math.Max(1, system.Participants[conduit.Producer].Description.Ports[conduit.ProducerPort].Length);
            exchanges[conduit.Producer].Add((conduit.Consumer, length));
            exchanges[conduit.Consumer].Add((conduit.Producer, length));
        }

        return exchanges;
    }
}

using System.Collections.Immutable;
using ActorMultiscale.Actors.Cluster;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using CsCheck;

namespace ActorMultiscale.Tests.Actors.Cluster;

/// <summary>Who is computed where in a cluster: roles, company, balance, neighbors.</summary>
public sealed class NodePlacementTests
{
    private static readonly ModelEntry _heavy = new("heavy", "", _ => new Echo(isLight: false));
    private static readonly ModelEntry _light = new("light", "", _ => new Echo(isLight: true));

    private static CoupledSystem Of(IEnumerable<(string Name, ModelEntry Model)> participants, IEnumerable<(string From, string To)>? conduits = null, params ImmutableArray<PlacementRule> rules) => Composition.Compose(new Experiment
    {
        Name = "placed",
        Until = 1,
        Window = 1,
        Participants = [.. participants.Select(p => Participant.Of(p.Name, p.Model))],
        Conduits = [.. (conduits ?? []).Select(c => new Conduit(c.From + ".out", c.To + ".in"))],
        Scheme = CouplingScheme.Parallel([.. participants.Select(p => p.Name)]),
        Placement = rules,
    });

    private static IEnumerable<(string, ModelEntry)> Alike(int count, ModelEntry model) => Enumerable.Range(0, count).Select(i => ($"p{i:000}", model));

    private static NodeOffer Node(int port, int cores, params ImmutableArray<string> roles) => new(new NodeAddress("127.0.0.1", port), roles, cores);

    private static NodeAddress AddressOf(CoupledSystem system, ChosenNodes chosen, string name) => chosen.Nodes[chosen.Participants[system.Participants.Single(p => p.Name == name).Index]];

    private static double[] NoCosts(CoupledSystem system) => new double[system.Participants.Length];

    [Fact]
    public void A_participant_goes_to_a_node_that_has_its_role_however_busy_that_is()
    {
        var system = Of(Alike(6, _heavy).Append(("atoms", _heavy)), null, new PlacementRule("p*") { Role = "fe" }, new PlacementRule("atoms") { Role = "md" });
        ImmutableArray<NodeOffer> offers = [Node(1, 64, "md"), Node(2, 1, "fe"), Node(3, 64)];

        var chosen = NodePlacement.Choose(system, offers, NoCosts(system));

        Assert.Equal(offers[0].Address, AddressOf(system, chosen, "atoms"));
        Assert.All(Enumerable.Range(0, 6), i => Assert.Equal(offers[1].Address, AddressOf(system, chosen, $"p{i:000}")));
        Assert.Equal(2, chosen.Nodes.Length);
    }

    [Fact]
    public void A_role_that_no_node_has_is_named()
    {
        var system = Of([("atoms", _heavy)], null, new PlacementRule("atoms") { Role = "md" });

        Assert.Contains("'atoms' is to be on a node of the role 'md'", Assert.Throws<InvalidOperationException>(() => NodePlacement.Choose(system, [Node(1, 4, "fe")], NoCosts(system))).Message);
        Assert.Contains("no node", Assert.Throws<InvalidOperationException>(() => NodePlacement.Choose(Of([("atoms", _heavy)]), [], [0])).Message);
    }

    [Fact]
    public void Whoever_wants_many_nodes_is_placed_when_they_are_there()
    {
        var system = Of([("atoms", _heavy), ("bar", _heavy)], null, new PlacementRule("atoms") { Role = "md", LeastNodes = 2 });
        ImmutableArray<NodeOffer> two = [Node(1, 4, "md"), Node(2, 4)];

        Assert.Contains("'atoms' waits for 2 nodes of the role 'md', and 1 is there", Assert.Throws<InvalidOperationException>(() => NodePlacement.Choose(system, two, NoCosts(system))).Message);
        Assert.Equal(2, NodePlacement.Choose(system, two.Add(Node(3, 4, "md")), NoCosts(system)).Nodes.Length);

        // Of a trial each node has all roles, and there are as many as there are.
        Assert.Single(NodePlacement.Choose(system, [Node(1, 4) with { IsTrial = true }], NoCosts(system)).Nodes);
    }

    [Theory]
    [InlineData(4, 3, new[] { 16, 1, 1 }, new[] { 2, 1, 1 })]
    [InlineData(4, 1, new[] { 16, 1, 1 }, new[] { 3, 0, 1 })]
    [InlineData(9, 3, new[] { 1, 1, 16, 16 }, new[] { 1, 1, 2, 5 })]
    [InlineData(2, 3, new[] { 1, 1, 16 }, new[] { 0, 0, 2 })]
    public void A_team_is_on_as_many_nodes_as_it_wants(int members, int least, int[] cores, int[] expected)
    {
        var system = Of([("team", new ModelEntry("team", "", _ => new Echo(isLight: false, members)))], null, new PlacementRule("team") { LeastNodes = least });
        ImmutableArray<NodeOffer> offers = [.. cores.Select((n, i) => Node(i + 1, n))];

        var chosen = NodePlacement.Choose(system, offers, NoCosts(system));

        var at = chosen.Teams.Single().Sites.Select(site => chosen.Nodes[site]).ToList();
        Assert.Equal(expected, offers.Select(offer => at.Count(node => node == offer.Address)));
    }

    [Fact]
    public void A_team_whose_partner_is_elsewhere_follows_it_only_if_one_node_could_hold_it()
    {
        var team = new ModelEntry("team", "", _ => new Echo(isLight: false, 6));
        int NodesOf(PlacementRule rule)
        {
            var system = Of([("team", team), ("bar", _heavy)], null, rule);
            var chosen = NodePlacement.Choose(system, [Node(1, 4), Node(2, 4), Node(3, 4)], NoCosts(system));
            return chosen.Teams.IsEmpty ? 1 : chosen.Teams[0].Sites.Distinct().Count();
        }

        Assert.Equal(1, NodesOf(new PlacementRule("team") { With = "bar" }));
        Assert.Equal(3, NodesOf(new PlacementRule("team") { With = "bar", LeastNodes = 2 }));
    }

    [Fact]
    public void Those_that_are_to_be_together_are_whoever_of_them_costs_more()
    {
        // A chain: c with b with a; the last of them costs most, and each alone would go elsewhere.
        var system = Of([("a", _heavy), ("b", _heavy), ("c", _heavy), ("x", _heavy), ("y", _heavy)], null, new PlacementRule("c") { With = "b" }, new PlacementRule("b") { With = "a" });
        ImmutableArray<NodeOffer> offers = [Node(1, 2), Node(2, 2), Node(3, 2)];
        var all = Gen.Double[0.1, 10].Array[5];

        all.Sample(costs =>
        {
            var chosen = NodePlacement.Choose(system, offers, costs);
            Assert.Equal(AddressOf(system, chosen, "a"), AddressOf(system, chosen, "b"));
            Assert.Equal(AddressOf(system, chosen, "a"), AddressOf(system, chosen, "c"));
        }, iter: 50);
    }

    [Fact]
    public void Company_gives_way_to_roles_and_counts_where_they_allow_it()
    {
        var rules = new[] { new PlacementRule("a") { Role = "md" }, new PlacementRule("b") { Role = "fe", With = "a" }, new PlacementRule("c") { With = "b" } };
        var system = Of([("a", _heavy), ("b", _heavy), ("c", _heavy)], null, [.. rules]);

        ImmutableArray<NodeOffer> apart = [Node(1, 2, "md"), Node(2, 2, "fe"), Node(3, 2)];
        var chosen = NodePlacement.Choose(system, apart, NoCosts(system));
        Assert.Equal((apart[0].Address, apart[1].Address, apart[1].Address), (AddressOf(system, chosen, "a"), AddressOf(system, chosen, "b"), AddressOf(system, chosen, "c")));

        ImmutableArray<NodeOffer> both = [Node(1, 2, "md"), Node(2, 2, "fe"), Node(3, 2, "fe", "md")];
        Assert.Equal(both[2].Address, Assert.Single(NodePlacement.Choose(system, both, NoCosts(system)).Nodes));
    }

    [Fact]
    public void No_node_is_done_later_than_the_last_participant_explains()
    {
        // Whoever is placed last goes where it is done first, up to the slack: (what is there + w for each node) / all cores bounds that from above.
        var cases = Gen.Select(Gen.Double[1e-3, 3].Array[1, 60], Gen.Int[1, 32].Array[1, 6], Gen.Bool);
        cases.Sample((costs, cores, areLight) =>
        {
            var system = Of(Alike(costs.Length, areLight ? _light : _heavy));
            ImmutableArray<NodeOffer> offers = [.. cores.Select((count, n) => Node(n + 1, count))];

            var chosen = NodePlacement.Choose(system, offers, costs);

            var (total, all) = (costs.Aggregate((a, b) => a + b), cores.Sum());
            var bound = ((1 + NodePlacement.Slack) * total / all) + ((cores.Length - 1) * costs.Max() / all);
            Assert.InRange(NodePlacement.Longest(system, offers, chosen, costs)!.Value, total / all * (1 - 1e-12), bound * (1 + 1e-12));
        }, iter: 300);
    }

    [Fact]
    public void Thousands_of_light_ones_are_spread_by_cores()
    {
        var system = Of(Alike(3000, _light));
        ImmutableArray<NodeOffer> offers = [Node(1, 1), Node(2, 2), Node(3, 3)];

        var chosen = NodePlacement.Choose(system, offers, NoCosts(system));

        foreach (var (node, share) in new[] { (0, 500), (1, 1000), (2, 1500) })
        {
            Assert.InRange(chosen.Participants.Count(at => chosen.Nodes[at] == offers[node].Address), share - 5, share + 5);
        }
    }

    [Fact]
    public void Of_equal_nodes_it_is_the_one_where_most_is_exchanged()
    {
        // Two pairs that talk, named so that their order alone would part them.
        var system = Of([("a", _heavy), ("b", _heavy), ("c", _heavy), ("d", _heavy)], [("a", "d"), ("d", "a"), ("b", "c"), ("c", "b")]);
        ImmutableArray<NodeOffer> offers = [Node(1, 4), Node(2, 4)];

        var chosen = NodePlacement.Choose(system, offers, NoCosts(system));

        Assert.Equal(2, chosen.Nodes.Length);
        Assert.Equal(AddressOf(system, chosen, "a"), AddressOf(system, chosen, "d"));
        Assert.Equal(AddressOf(system, chosen, "b"), AddressOf(system, chosen, "c"));
    }

    [Fact]
    public void A_team_is_spread_over_the_nodes_of_its_role_by_their_cores()
    {
        var system = Of([("atoms", new ModelEntry("team", "", _ => new Echo(isLight: false, members: 6))), ("bar", _heavy)], null,
            new PlacementRule("atoms") { Role = "md" }, new PlacementRule("bar") { With = "atoms" });
        ImmutableArray<NodeOffer> offers = [Node(1, 2, "md"), Node(2, 9, "fe"), Node(3, 4, "md")];

        var chosen = NodePlacement.Choose(system, offers, NoCosts(system));

        Assert.Equal([offers[0].Address, offers[2].Address], chosen.Nodes.AsEnumerable());
        var team = Assert.Single(chosen.Teams);
        Assert.Equal(system.Participants.Single(p => p.Name == "atoms").Index, team.Participant);
        Assert.Equal([0, 0, 1, 1, 1, 1], team.Sites.AsEnumerable());
        Assert.Equal((offers[0].Address, offers[0].Address), (AddressOf(system, chosen, "atoms"), AddressOf(system, chosen, "bar")));

        // Six members of a second each: two on two cores with the second of the bar, four on four.
        Assert.Equal(1.5, NodePlacement.Longest(system, offers, chosen, [1, 1])!.Value, 1e-12);
    }

    [Fact]
    public void What_was_measured_counts_and_what_was_not_is_guessed_in_the_same_measure()
    {
        // One that was measured at a millisecond; the other of the same kind is taken for as costly, and the third is twice both.
        var system = Of([("a", _heavy), ("b", _heavy), ("c", _heavy)]);
        ImmutableArray<NodeOffer> offers = [Node(1, 1), Node(2, 1)];

        var chosen = NodePlacement.Choose(system, offers, [1e-3, 0, 3e-3]);

        Assert.Equal(AddressOf(system, chosen, "a"), AddressOf(system, chosen, "b"));
        Assert.NotEqual(AddressOf(system, chosen, "a"), AddressOf(system, chosen, "c"));
        Assert.Null(NodePlacement.Longest(system, offers[..1], chosen, [1e-3, 0, 3e-3]));
    }

    [Fact]
    public void The_same_question_has_the_same_answer()
    {
        var costs = Gen.Double[1e-3, 3].Array[40];
        costs.Sample(given =>
        {
            var system = Of(Alike(40, _heavy), Enumerable.Range(0, 39).Select(i => ($"p{i:000}", $"p{i + 1:000}")));
            ImmutableArray<NodeOffer> offers = [Node(1, 4), Node(2, 8), Node(3, 4)];
            var (once, again) = (NodePlacement.Choose(system, offers, given), NodePlacement.Choose(system, offers, [.. given]));
            Assert.Equal(once.Nodes.AsEnumerable(), again.Nodes);
            Assert.Equal(once.Participants.AsEnumerable(), again.Participants);
        }, iter: 20);
    }

    [Fact]
    public void Thousands_of_members_of_unlike_cost_are_spread_evenly_over_a_hundred_nodes()
    {
        // A tenth of them costs 25 to 50 times as much as the others.
        const int Members = 10_000;
        var random = new Philox(7, 0);
        var system = Composition.Compose(new Experiment
        {
            Name = "ensemble",
            Until = 1,
            Window = 1,
            Participants = [Participant.Of("macro", _heavy), Participant.Of("rve", _heavy) with { Count = Members }],
            Conduits = [new("macro.out", "rve[*].in")],
            Scheme = CouplingScheme.Serial("macro", "rve"),
        });
        double[] costs = [.. system.Participants.Select(p => random.Uniform(0, 0, p.Index) < 0.1 ? 50 : 1 + random.Uniform(1, 0, p.Index))];
        ImmutableArray<NodeOffer> offers = [.. Enumerable.Range(1, 100).Select(port => Node(port, port % 2 == 0 ? 4 : 8))];
        var even = FixedOrderSum.Of(costs) / offers.Sum(offer => offer.Cores);

        var blind = NodePlacement.Choose(system, offers, NoCosts(system));
        var seeing = NodePlacement.Choose(system, offers, costs);

        Assert.True(NodePlacement.Longest(system, offers, blind, costs) > 1.2 * even, "By number alone, some node has much more to do than others.");
        Assert.True(NodePlacement.Longest(system, offers, seeing, costs) < 1.1 * even);
        Assert.True(Rebalancing.IsWorthwhile(system, offers, blind, [.. costs], 1000));
        Assert.False(Rebalancing.IsWorthwhile(system, offers, seeing, [.. costs], 1000));
    }

    // Writes what it reads.
    private sealed class Echo(bool isLight, int members = 1) : IScaleModel
    {
        private static readonly Quantity _number = new("x", Unit.One);
        private static readonly Port<double> _in = Port.In<double>("in", _number) with { Optional = true };
        private static readonly Port<double> _out = Port.Out<double>("out", _number);

        public ModelDescription Description { get; } = new(new(_in, 1), new(_out, 1)) { IsLight = isLight, Members = members };

        public void Initialize(PortWriter outputs) => outputs.Write(_out, 0, 0);

        public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs) =>
            outputs.Write(_out, context.Window.End, inputs.IsConnected(_in) ? inputs.Read(_in, context.Window.End)[0] : 0);

        public void Archive(StateArchive archive) { }
    }
}

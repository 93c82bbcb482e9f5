using System.Collections.Immutable;
using ActorMultiscale.Actors.Cluster;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Examples;

namespace ActorMultiscale.Tests.Actors.Cluster;

/// <summary>What participants cost, and when a run is better off elsewhere.</summary>
public sealed class RebalancingTests
{
    private static readonly CoupledSystem _pair = Composition.Compose(new Experiment
    {
        Name = "oscillator",
        Until = 1,
        Window = 0.02,
        Participants =
        [
            Participant.Of("left", OscillatorMass.Entry, ("side", "left")),
            Participant.Of("right", OscillatorMass.Entry, ("side", "right")),
        ],
        Conduits = [new("left.spring-force", "right.force"), new("right.spring-force", "left.force")],
        Scheme = CouplingScheme.Parallel("left", "right"),
    });

    private static readonly ImmutableArray<NodeOffer> _two = [new(new NodeAddress("127.0.0.1", 1), [], 1), new(new NodeAddress("127.0.0.1", 2), [], 1)];
    private static readonly ChosenNodes _together = new([_two[0].Address], [0, 0], []);
    private static readonly ChosenNodes _apart = new([_two[0].Address, _two[1].Address], [0, 1], []);

    [Fact]
    public void Costs_are_seconds_in_a_window_of_late()
    {
        var costs = new MeasuredCosts(2);
        costs.Begin(10);
        costs.Add(0, 3_000_000_000);
        Assert.Empty(costs.Of(10));         // No window is accepted yet.

        costs.Add(0, 1_000_000_000);
        costs.Add(1, 500_000_000);
        Assert.Equal([2.0, 0.25], costs.Of(12).AsEnumerable());
        Assert.Equal([2.0, 0.25], costs.Of(12).AsEnumerable());

        // What it costs now is what counts in the end.
        ImmutableArray<double> late = [];
        for (var window = 13; window < 413; window++)
        {
            costs.Add(1, 4_000_000_000);
            late = costs.Of(window);
        }

        Assert.Equal(0, late[0], 1e-6);
        Assert.Equal(4, late[1], 1e-6);
    }

    [Fact]
    public void A_run_moves_for_a_fifth_of_its_time_and_not_for_less()
    {
        // On one node with one core: 1 + c seconds a window; on two: the greater.
        Assert.True(Rebalancing.IsWorthwhile(_pair, _two, _together, [1, 0.3], 1000));
        Assert.False(Rebalancing.IsWorthwhile(_pair, _two, _together, [1, 0.2], 1000));
        Assert.False(Rebalancing.IsWorthwhile(_pair, _two, _apart, [1, 1], 1000));
    }

    [Fact]
    public void A_run_moves_only_by_what_was_measured_and_where_enough_of_it_is_left()
    {
        Assert.False(Rebalancing.IsWorthwhile(_pair, _two, _together, [], 1000));
        Assert.True(Rebalancing.IsWorthwhile(_pair, _two, _together, [1, 1], 6));
        Assert.False(Rebalancing.IsWorthwhile(_pair, _two, _together, [1, 1], 4));
        Assert.False(Rebalancing.IsWorthwhile(_pair, _two, _together, [1e-6, 1e-6], 1000));
    }

    [Fact]
    public void Nobody_moves_while_a_node_of_the_run_does_not_answer()
    {
        Assert.False(Rebalancing.IsWorthwhile(_pair, [_two[1]], _together, [1, 1], 1000));
        Assert.False(Rebalancing.IsWorthwhile(_pair, [], _together, [1, 1], 1000));
    }

    [Fact]
    public void A_node_that_comes_with_more_cores_is_worth_it()
    {
        var large = new NodeOffer(new NodeAddress("127.0.0.1", 9), [], 8);

        Assert.True(Rebalancing.IsWorthwhile(_pair, [.. _two, large], _apart, [1, 1], 1000));
        Assert.False(Rebalancing.IsWorthwhile(_pair, _two, _apart, [1, 1], 1000));
    }
}

using System.Collections.Immutable;
using ActorMultiscale.Physics.Coupling;

namespace ActorMultiscale.Actors.Cluster;

/// <summary>Whether a run is better off on other nodes than it is on.</summary>
internal static class Rebalancing
{
    /// <summary>So much of its time a move must save: less may be noise.</summary>
    public const double LeastGain = 0.2;

    // A snapshot, sites that open, states that are restored.
    private const double SecondsOfMove = 5;

    /// <summary>Whether it is: the node that is done last is done sooner by more than <see cref="LeastGain"/> of its time, and over the rest of the run that is more than the move takes.</summary>
    /// <param name="system">The coupled system.</param>
    /// <param name="offers">The nodes that are there.</param>
    /// <param name="now">Where it is.</param>
    /// <param name="costs">Measured seconds of each participant in a window; empty where nothing was measured yet.</param>
    /// <param name="windowsLeft">How many root windows are left.</param>
    public static bool IsWorthwhile(CoupledSystem system, ImmutableArray<NodeOffer> offers, ChosenNodes now, ImmutableArray<double> costs, double windowsLeft)
    {
        if (costs.IsDefaultOrEmpty || NodePlacement.Longest(system, offers, now, costs) is not { } present)
        {
            return false;
        }

        try
        {
            var next = NodePlacement.Longest(system, offers, NodePlacement.Choose(system, offers, costs), costs)!.Value;
            return present - next > LeastGain * present && (present - next) * windowsLeft > SecondsOfMove;
        }
        catch (InvalidOperationException)
        {
            // A node of a role is away for the moment; where the run is, it has all.
            return false;
        }
    }
}

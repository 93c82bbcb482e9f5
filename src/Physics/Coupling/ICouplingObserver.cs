using System.Collections.Immutable;
using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Coupling;

/// <summary>
/// Hears what happens inside of a coupled run, in order and on the thread that drives it. It must return at once. Nothing that it hears or
/// does enters a result.
/// </summary>
public interface ICouplingObserver
{
    /// <summary>The time on a clock of the observer's, which alone knows what it means.</summary>
    long Now();

    /// <summary>An implicit group measured an iteration.</summary>
    /// <param name="address">Where in the tree of groups it was.</param>
    /// <param name="window">The group's window.</param>
    /// <param name="converged">Whether all criteria held and the group had its least number of iterations.</param>
    /// <param name="residuals">One per criterion of the group; empty where it iterates a fixed number of times.</param>
    void Iterated(WindowAddress address, TimeWindow window, bool converged, ImmutableArray<Residual> residuals);

    /// <summary>Values of a conduit were mapped, or its mapping was built, from <paramref name="began"/> until now.</summary>
    void Mapped(int conduit, long began);

    /// <summary>A group's next iterate was made, or its acceleration learned, from <paramref name="began"/> until now.</summary>
    void Accelerated(int group, long began);

    /// <summary>A root window was accepted.</summary>
    /// <param name="window">The window.</param>
    /// <param name="watched">The numbers of the watches, in order.</param>
    void Accepted(TimeWindow window, ReadOnlySpan<double> watched);
}

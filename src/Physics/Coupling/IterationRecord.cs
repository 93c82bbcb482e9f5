using System.Collections.Immutable;
using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Coupling;

/// <summary>One iteration of an implicit group, as it was measured. It is told to whoever watches, and enters nothing that is hashed.</summary>
/// <param name="RootWindow">Index of the root window that it lies in.</param>
/// <param name="Group">Name of the group.</param>
/// <param name="Address">Where in the tree of groups it was.</param>
/// <param name="Window">The group's window.</param>
/// <param name="Converged">Whether all criteria held and the group had its least number of iterations.</param>
/// <param name="Residuals">One per criterion of the group; empty where it iterates a fixed number of times.</param>
public sealed record IterationRecord(long RootWindow, string Group, WindowAddress Address, TimeWindow Window, bool Converged,
    ImmutableArray<CriterionResidual> Residuals);

/// <summary>What one criterion saw.</summary>
/// <param name="Conduit">The conduit that is measured.</param>
/// <param name="Distance">‖H(x) − x‖, in the unit of the conduit's quantity.</param>
/// <param name="Norm">‖H(x)‖, in the same unit.</param>
public sealed record CriterionResidual(string Conduit, double Distance, double Norm);

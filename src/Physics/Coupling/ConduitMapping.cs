using System.Diagnostics.CodeAnalysis;
using ActorMultiscale.Physics.Coupling.Mapping;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Coupling;

/// <summary>Which mapping a conduit needs between two layouts: settled before the run, and again whenever a mesh changes.</summary>
internal static class ConduitMapping
{
    /// <summary>The mapping, null for point by point; or what is wrong, as a sentence.</summary>
    public static bool TryBuild(Conduit conduit, PortLayout from, PortLayout to, out IDataMapping? map, [NotNullWhen(false)] out string? fault)
    {
        (map, fault) = (null, null);
        var name = $"{conduit.From} → {conduit.To}";
        if (from.Points == PortLayout.Varying || to.Points == PortLayout.Varying)
        {
            if (from.Points != to.Points || conduit.Mapping is not null)
            {
                fault = $"The conduit {name} joins a list of varying length to a field of fixed points, or maps it; lists pass as they are, from list to list.";
            }

            return fault is null;
        }

        if (conduit.Mapping is null && from.Points == to.Points)
        {
            return true;
        }

        if (conduit.IsPointByPoint)
        {
            fault = $"The conduit {name} joins {from.Points} points to {to.Points} one by one. Leave 'mapping' out, or name a method.";
            return false;
        }

        if (from.Points == 0 || to.Points == 0)
        {
            fault = $"The conduit {name} joins {from.Points} points to {to.Points}, and nothing can be mapped to or from no points.";
            return false;
        }

        if (from.Geometry is null || to.Geometry is null || from.Geometry.Count != from.Points || to.Geometry.Count != to.Points)
        {
            fault = $"The conduit {name} joins {from.Points} points to {to.Points}, and {(from.Geometry is null ? conduit.From : conduit.To)} does not say where its points lie, so that they cannot be mapped.";
            return false;
        }

        var spec = conduit.Mapping ?? new MappingSpec();
        if (spec.Method == MappingMethod.NearestNeighbor && spec.Constraint is MappingConstraint.Consistent or MappingConstraint.Conservative
            && from.Geometry.Fingerprint == to.Geometry.Fingerprint && AreDistinct(from.Geometry))
        {
            return true;        // Every point is its own nearest neighbor.
        }

        if (spec.Constraint is MappingConstraint.Consistent or MappingConstraint.Conservative)
        {
            spec = spec with { Constraint = to.Port.Quantity.Nature == Nature.Extensive ? MappingConstraint.Conservative : MappingConstraint.Consistent };
        }

        if (spec.Faults(from.Geometry, to.Geometry) is { IsEmpty: false } faults)
        {
            fault = $"The conduit {name} cannot be mapped: {string.Join(" ", faults)}";
            return false;
        }

        try
        {
            map = spec.Build(from.Geometry, to.Geometry, ChunkedLoop.Serial);
            return true;
        }
        catch (InvalidOperationException reason)
        {
            fault = $"The conduit {name} cannot be mapped: {reason.Message}";
            return false;
        }
    }

    // Of coinciding points the first is the nearest neighbor of all.
    private static bool AreDistinct(PointCloud points)
    {
        var seen = new HashSet<(double, double, double)>(points.Count);
        var coordinates = points.Coordinates;
        for (var i = 0; i < points.Count; i++)
        {
            if (!seen.Add((coordinates[3 * i], coordinates[(3 * i) + 1], coordinates[(3 * i) + 2])))
            {
                return false;
            }
        }

        return true;
    }
}

using System.Collections.Immutable;

namespace ActorMultiscale.Physics.Models;

/// <summary>Point clouds in archives: for models whose mesh is a part of their state, and for the exchange that maps to it.</summary>
public static class MeshArchive
{
    /// <summary>Names a point cloud with its connectivity. Restoring the points that are there already keeps the same object.</summary>
    /// <param name="archive">The archive.</param>
    /// <param name="name">The entry's name.</param>
    /// <param name="points">The cloud; replaced when an unlike one is restored.</param>
    /// <exception cref="InvalidDataException">The bytes are no point cloud.</exception>
    public static void Points(this StateArchive archive, string name, ref PointCloud points)
    {
        ArgumentNullException.ThrowIfNull(archive);
        ArgumentNullException.ThrowIfNull(points);
        var coordinates = points.Coordinates.ToArray();
        archive.Field(name + " coordinates", ref coordinates);
        var connectivity = points.Connectivity;
        var restored = new Connectivity
        {
            Edges = List(archive, name + " edges", connectivity.Edges),
            Triangles = List(archive, name + " triangles", connectivity.Triangles),
            Quadrilaterals = List(archive, name + " quadrilaterals", connectivity.Quadrilaterals),
            Tetrahedra = List(archive, name + " tetrahedra", connectivity.Tetrahedra),
            Hexahedra = List(archive, name + " hexahedra", connectivity.Hexahedra),
        };
        try
        {
            var cloud = new PointCloud(coordinates, restored);
            points = cloud.Fingerprint == points.Fingerprint ? points : cloud;
        }
        catch (ArgumentException fault)
        {
            throw new InvalidDataException($"The entry '{name}' is no mesh: {fault.Message}", fault);
        }
    }

    private static ImmutableArray<int> List(StateArchive archive, string name, ImmutableArray<int> list)
    {
        var values = list.ToArray();
        archive.Field(name, ref values);
        return [.. values];
    }
}

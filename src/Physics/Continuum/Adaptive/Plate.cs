using System.Collections.Immutable;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Continuum.Adaptive;

/// <summary>The rectangle from whose root cells a refiner and its peers grow their meshes: the settings that both have in common.</summary>
internal static class Plate
{
    public static ImmutableArray<Setting> Settings { get; } =
    [
        Setting.Positive("width", "1", "the plate along x", 4),
        Setting.Positive("height", "1", "the plate along y", 2),
        Setting.Integer("cells-along", "root cells along x", 4, 1, 300),
        Setting.Integer("cells-across", "root cells along y", 2, 1, 300),
        Setting.Integer("start-level", "how often all root cells are cut at the start", 2, 0, 10),
    ];

    public static AdaptiveMesh Mesh(ModelSettings settings) => AdaptiveMesh.Of(
        StructuredMesh.Rectangle(settings.Number("width"), settings.Number("height"), settings.Integer("cells-along"), settings.Integer("cells-across")),
        settings.Integer("start-level"));
}

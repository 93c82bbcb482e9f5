using System.Collections.Immutable;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles;

/// <summary>The settings that all models of embedded-atom crystals share.</summary>
internal static class CrystalSettings
{
    public static ImmutableArray<Setting> Potential { get; } =
    [
        Setting.File("potential", "a funcfl or setfl file; without one, Sutton-Chen copper is taken", optional: true),
        new Setting("element", SettingKind.Text, "the element to take from a setfl file that holds several") { Default = "" },
        Setting.Choice("lattice", "the lattice", ["fcc", "bcc", "sc"], "fcc"),
        Setting.Positive("cutoff", "Å", "where the pairs of Sutton-Chen copper are cut, plainly", 9),
    ];

    public static Setting Orientation { get; } =
        Setting.Choice("orientation", "crystal axis along x: [100], or [110] with [-110] along y", ["100", "110"], "100");

    public static IEmbeddedAtomPotential PotentialOf(ModelSettings settings) =>
        settings.File("potential") is { } file ? EamTable.Parse(file, settings.Text("element")) : SuttonChen.Copper(settings.Number("cutoff"));

    public static Lattice LatticeOf(ModelSettings settings) =>
        settings.Choice("lattice") switch { "fcc" => Lattice.Fcc, "bcc" => Lattice.Bcc, _ => Lattice.Sc };

    public static Orientation OrientationOf(ModelSettings settings) =>
        settings.Choice("orientation") == "100" ? Particles.Orientation.Cube : Particles.Orientation.FaceDiagonal;
}

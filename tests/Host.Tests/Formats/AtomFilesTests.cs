using ActorMultiscale.Host.Formats;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Physics.Particles.Building;

namespace ActorMultiscale.Tests.Host.Formats;

public sealed class AtomFilesTests
{
    private static readonly AtomConfiguration _copper = LatticeBuilder.Repeat(ConventionalCell.Of(Lattice.Fcc, 3.615), (2, 3, 2), UnitSystem.Metal, [new("Cu", 63.546)]);

    [Theory]
    [InlineData("copper.data")]
    [InlineData("COPPER.LMP")]
    [InlineData("copper.dump")]
    [InlineData("copper.xyz")]
    public void The_end_of_the_name_tells_the_format(string name)
    {
        var text = FormatStand.Written(to =>
        {
            switch (Path.GetExtension(name).ToUpperInvariant())
            {
                case ".DUMP":
                    LammpsDump.Write(to, [new(0, _copper with { Positions = new ActorMultiscale.Physics.Fields.Vec3[_copper.Count] }), new(1, _copper)]);
                    break;
                case ".XYZ":
                    ExtendedXyz.Write(to, [new(_copper)]);
                    break;
                default:
                    LammpsData.Write(to, new(_copper));
                    break;
            }
        });
        var read = AtomFiles.Read(new InputFile(name, text), UnitSystem.Metal);
        Assert.Equal(_copper.Count, read.Count);
        Assert.All(read.Positions.Zip(_copper.Positions), p => Assert.True((p.Item1 - p.Item2).Norm < 1e-12));
    }

    [Fact]
    public void Other_names_and_other_texts_are_refused()
    {
        Assert.Contains(".lammpstrj", Assert.Throws<ScaleModelException>(() => AtomFiles.Read(new InputFile("copper.txt", ""), UnitSystem.Metal)).Message, StringComparison.Ordinal);
        Assert.Contains("copper.data", Assert.Throws<ScaleModelException>(() => AtomFiles.Read(new InputFile("copper.data", "no atoms\n"), UnitSystem.Metal)).Message, StringComparison.Ordinal);
    }
}

using ActorMultiscale.Host.Composition;
using ActorMultiscale.Host.Formats;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Tests.Host.Formats;

/// <summary>Bodies whose meshes come from files.</summary>
public sealed class MeshFilesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("actor-multiscale-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    // Two squares of the edge 1, side by side: one of a quadrilateral, one of two triangles.
    private const string Text = """
        $MeshFormat
        2.2 0 8
        $EndMeshFormat
        $PhysicalNames
        4
        1 1 "cold"
        1 2 "hot"
        2 3 "one"
        2 4 "two"
        $EndPhysicalNames
        $Nodes
        6
        1 0 0 0
        2 1 0 0
        3 2 0 0
        4 0 1 0
        5 1 1 0
        6 2 1 0
        $EndNodes
        $Elements
        5
        1 1 2 1 1 4 1
        2 1 2 2 2 3 6
        3 3 2 3 1 1 2 5 4
        4 2 2 4 1 2 3 6
        5 2 2 4 1 2 6 5
        $EndElements
        """;

    private string Written(string settings, string name = "wall.msh", string text = Text)
    {
        File.WriteAllText(Path.Combine(_folder, name), text.ReplaceLineEndings("\n"));
        var file = Path.Combine(_folder, "wall.conf");
        File.WriteAllText(file, $$"""
            name = wall
            until = 1 s
            window = 1 s
            participants {
              wall {
                model = heat
                settings { {{settings}} }
              }
            }
            conduits = []
            scheme { stages = [[wall]] }
            watches { out { port = wall.heat-out-hot, take = sum } }
            """.ReplaceLineEndings("\n"));
        return file;
    }

    // Lengths of the file in mm; series of two resistances.
    [Fact]
    public void A_body_has_the_regions_and_surfaces_of_its_file()
    {
        var file = Written("""
            mesh = wall.msh, mesh-unit = 1 mm, thickness = 2 mm, scheme = steady, regions = [two, one], conductivity = [4 W/m K^-1, 1 W/m K^-1]
            fixed-temperature = [cold, hot], fixed-temperatures = [0 K, 5 K], heat-out = [hot]
            """);
        var metrics = new SerialRunner(ExperimentLoader.Load(file, []).System).Run().Metrics;
        Assert.Equal(-5 / ((1 / 1.0) + (1 / 4.0)) * 2e-3, metrics["watch.out"], 1e-14);
    }

    // Of the kinds of values the loader says file, line and key, of what does not fit together the model says all, with the line of the participant.
    [Fact]
    public void What_is_wrong_is_said_with_file_line_and_key()
    {
        string Message(string settings) => Assert.Throws<InvalidExperimentException>(() => ExperimentLoader.Load(Written(settings), [])).Message;
        var values = Message("mesh = wal.msh, thickness = 2 kg, heat-out = [hot], scheme = stedy, capacity = [1 J]");
        foreach (var part in (string[])["wall.conf:7:", "settings.mesh'", "settings.thickness'", "settings.scheme'", "settings.capacity", "wall.msh"])
        {
            Assert.Contains(part, values, StringComparison.Ordinal);
        }

        var fit = Message("mesh = wall.msh, cells = [2, 2], regions = [one, three], conductivity = [1, 2, 3], heat-out = [hot], fixed-temperature = [warm]");
        foreach (var part in (string[])
            ["wall.conf:5:", "'cells' is of a rectangle or box, and 'mesh' is given", "'regions' names 'three'; the mesh has one, two", "'conductivity' has 3 numbers", "'fixed-temperature' names the surface 'warm'; the mesh has cold, hot"])
        {
            Assert.Contains(part, fit, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Other_files_are_refused()
    {
        string Fault(string name, string text) => Assert.Throws<ScaleModelException>(() => MeshFiles.Read(new InputFile(name, text))).Message;
        Assert.Contains("it may be .msh (Gmsh)", Fault("wall.vtu", Text), StringComparison.Ordinal);
        Assert.Contains("the mesh is binary", Fault("wall.msh", Text.Replace("2.2 0 8", "2.2 1 8", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Contains("wall.msh:", Fault("wall.msh", "no mesh\n"), StringComparison.Ordinal);
    }
}

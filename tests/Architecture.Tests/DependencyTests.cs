using System.Reflection;
using System.Text.RegularExpressions;
using ActorMultiscale.Actors;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Tests.Architecture;

/// <summary>Who may know whom: Host → Actors → Physics → the base library and MathNet.Numerics.</summary>
public sealed partial class DependencyTests
{
    private static readonly Assembly _physics = typeof(IScaleModel).Assembly;
    private static readonly Assembly _actors = typeof(ActorRun).Assembly;

    [Fact]
    public void Physics_references_the_base_library_and_MathNet_alone() => Assert.All(
        _physics.GetReferencedAssemblies(),
        name => Assert.True(IsBaseLibrary(name) || name.Name == "MathNet.Numerics", name.FullName));

    [Fact]
    public void Actors_do_not_reference_the_host() =>
        Assert.DoesNotContain(_actors.GetReferencedAssemblies(), name => name.Name is "Host" or "System.CommandLine" or "Spectre.Console");

    // Namespaces inside Physics, and those that each may use.
    [Theory]
    [InlineData("Fields", "")]
    [InlineData("Numerics", "")]
    [InlineData("Models", "Fields Numerics")]
    [InlineData("Coupling", "Fields Numerics Models")]
    [InlineData("Mechanics", "Fields Numerics Models")]
    [InlineData("Bridging", "Fields Numerics Models")]
    [InlineData("CoarseGraining", "Fields Numerics Models")]
    [InlineData("Adaptivity", "Fields Numerics Models")]
    [InlineData("Particles", "Fields Numerics Models Mechanics Bridging CoarseGraining")]
    [InlineData("Continuum", "Fields Numerics Models Mechanics Bridging CoarseGraining Adaptivity")]
    [InlineData("Homogenization", "Fields Numerics Models Continuum")]
    [InlineData("Examples", "Fields Numerics Models")]
    public void Namespaces_of_Physics_use_only_what_stands_below_them(string space, string allowed)
    {
        var folder = Path.Combine(Repository.Root, "src", "Physics", space);
        var permitted = allowed.Split(' ').Append(space).ToHashSet();
        foreach (var file in Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories))
        {
            foreach (Match use in UsingPhysics().Matches(File.ReadAllText(file)))
            {
                Assert.True(permitted.Contains(use.Groups[1].Value), $"{Path.GetRelativePath(Repository.Root, file)} uses {use.Value}");
            }
        }
    }

    [Theory]
    [InlineData(@"\basync\b|\bawait\b")]
    [InlineData(@"System\.IO\.File\b|\bFile\.(Read|Write|Open)|FileStream|StreamReader")]
    [InlineData(@"\bJson|ILogger|Environment\.(GetEnvironmentVariable|MachineName)")]
    [InlineData(@"\bAkka\b")]
    public void Physics_does_no_input_or_output_and_knows_no_actors(string forbidden) =>
        Assert.All(Sources("src/Physics"), file => Assert.False(Regex.IsMatch(WithoutComments(file), forbidden), $"{file} matches {forbidden}"));

    [Fact]
    public void Actors_know_no_model()
    {
        var models = _physics.GetTypes().Where(t => typeof(IScaleModel).IsAssignableFrom(t) && t is { IsClass: true, IsAbstract: false }).Select(t => t.Name).ToList();
        Assert.NotEmpty(models);
        Assert.All(Sources("src/Actors"), file => Assert.DoesNotContain(models, name => Regex.IsMatch(WithoutComments(file), $@"\b{name}\b")));
    }

    [Fact]
    public void The_protocols_are_pure() =>
        Assert.All(Sources("src/Actors/Protocol"), file => Assert.DoesNotMatch(@"\bAkka\b|\bTask\b|Thread", WithoutComments(file)));

    [Fact]
    public void The_data_plane_knows_no_actors_and_needs_no_pool() =>
        Assert.All(Sources("src/Actors/DataPlane"), file => Assert.DoesNotMatch(@"\bAkka\b|\bawait\b|ThreadPool|Task\.Run", WithoutComments(file)));

    [Fact]
    public void Every_model_of_Physics_is_in_the_catalogue()
    {
        var made = Host.Composition.BuiltInModels.Catalogue().Entries.Select(e => e.Kind).ToHashSet();
        var entries = _physics.GetTypes().SelectMany(t => t.GetProperties(BindingFlags.Public | BindingFlags.Static))
            .Where(p => p.PropertyType == typeof(ModelEntry)).Select(p => ((ModelEntry)p.GetValue(null)!).Kind).ToList();
        Assert.NotEmpty(entries);
        Assert.All(entries, kind => Assert.Contains(kind, made));
    }

    private static bool IsBaseLibrary(AssemblyName name) => name.Name!.StartsWith("System.", StringComparison.Ordinal) || name.Name is "System" or "netstandard" or "mscorlib";

    private static IEnumerable<string> Sources(string folder) =>
        Directory.EnumerateFiles(Path.Combine(Repository.Root, folder), "*.cs", SearchOption.AllDirectories);

    private static string WithoutComments(string file) => Comment().Replace(File.ReadAllText(file), "");

    [GeneratedRegex(@"^\s*using ActorMultiscale\.Physics\.(\w+)", RegexOptions.Multiline)]
    private static partial Regex UsingPhysics();

    [GeneratedRegex(@"//.*$|""(\\.|[^""\\])*""", RegexOptions.Multiline)]
    private static partial Regex Comment();
}

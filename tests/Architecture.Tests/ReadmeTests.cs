using ActorMultiscale.Host.Composition;

namespace ActorMultiscale.Tests.Architecture;

/// <summary>What the documents show is what the program does.</summary>
public sealed class ReadmeTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("actor-multiscale-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string Block(string document, string language)
    {
        var text = File.ReadAllText(Path.Combine(Repository.Root, document));
        var start = text.IndexOf($"```{language}\n", StringComparison.Ordinal) + language.Length + 4;
        return text[start..text.IndexOf("```", start, StringComparison.Ordinal)];
    }

    [Fact]
    public void The_experiment_of_the_README_is_valid()
    {
        var file = Path.Combine(_folder, "readme.conf");
        File.WriteAllText(file, Block("README.md", "hocon"));

        Assert.Empty(ExperimentLoader.Load(file, []).Warnings);
    }

    [Fact]
    public void The_fault_that_the_README_shows_is_what_the_program_says()
    {
        var file = Path.Combine(_folder, "my.conf");
        File.WriteAllText(file, Block("README.md", "hocon").Replace("to = right.force", "to = right.forse", StringComparison.Ordinal));
        var message = Assert.Throws<InvalidExperimentException>(() => ExperimentLoader.Load(file, [])).Message.Replace(file, "my.conf", StringComparison.Ordinal);

        Assert.Contains("my.conf:11:32: key 'conduits.0.to': 'right' has no in-port 'forse'. Did you mean 'force'?", message, StringComparison.Ordinal);
        Assert.Contains("my.conf:11:32: key 'conduits.0.to': 'right' has no in-port 'forse'. Did you mean 'force'?", File.ReadAllText(Path.Combine(Repository.Root, "README.md")), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_file_that_the_documents_name_is_there()
    {
        var readme = File.ReadAllText(Path.Combine(Repository.Root, "README.md"));
        foreach (System.Text.RegularExpressions.Match link in System.Text.RegularExpressions.Regex.Matches(readme, @"\]\(([^)#]+)\)"))
        {
            Assert.True(Path.Exists(Path.Combine(Repository.Root, link.Groups[1].Value)), link.Groups[1].Value);
        }

        foreach (System.Text.RegularExpressions.Match name in System.Text.RegularExpressions.Regex.Matches(readme, @"`([\w/-]+\.conf)`"))
        {
            Assert.True(File.Exists(Path.Combine(Repository.Root, "hocon", "experiments", name.Groups[1].Value)), name.Groups[1].Value);
        }
    }

    [Fact]
    public void Every_key_that_the_program_binds_is_in_the_list_of_keys()
    {
        var loader = File.ReadAllText(Path.Combine(Repository.Root, "src", "Host", "Composition", "ExperimentLoader.cs"));
        var keys = File.ReadAllText(Path.Combine(Repository.Root, "docs", "experiments.md"));
        foreach (System.Text.RegularExpressions.Match key in System.Text.RegularExpressions.Regex.Matches(loader, @"(?:Text|Number|Integer|Flag|Choice<\w+>|Texts|Section|Sections|Items)\(""([\w-]+)"""))
        {
            Assert.Contains(key.Groups[1].Value, keys, StringComparison.Ordinal);
        }
    }
}

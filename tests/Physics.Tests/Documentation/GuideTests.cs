using System.Text.RegularExpressions;

namespace ActorMultiscale.Tests.Documentation;

/// <summary>
/// Code in the guides is code that is compiled and run. A line <c>&lt;!-- snippet: path#region --&gt;</c> stands above each
/// block and says where its text comes from; without a region it is the whole file.
/// </summary>
public sealed partial class GuideTests
{
    private static readonly string _root = RootOfRepository();

    public static TheoryData<string, int> Blocks
    {
        get
        {
            var blocks = new TheoryData<string, int>();
            foreach (var guide in Directory.EnumerateFiles(Path.Combine(_root, "docs"), "*.md", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
            {
                for (var i = 0; i < BlocksOf(guide).Count; i++)
                {
                    blocks.Add(Path.GetRelativePath(_root, guide), i);
                }
            }

            return blocks;
        }
    }

    [Theory]
    [MemberData(nameof(Blocks))]
    public void A_block_of_code_is_the_region_that_it_names(string guide, int block)
    {
        var (source, text) = BlocksOf(Path.Combine(_root, guide))[block];

        Assert.Equal(TextOf(source), text);
    }

    [Fact]
    public void Every_block_of_CSharp_and_HOCON_in_the_guide_to_writing_a_model_names_its_source()
    {
        var text = File.ReadAllText(Path.Combine(_root, "docs", "write-a-model.md"));

        Assert.Equal(CodeFence().Count(text), Block().Count(text));
        Assert.InRange(Block().Count(text), 5, int.MaxValue);       // The guide has a model, its entry, a library, an experiment and a test.
    }

    private static List<(string Source, string Text)> BlocksOf(string guide) =>
        [.. Block().Matches(File.ReadAllText(guide)).Select(m => (m.Groups["source"].Value, m.Groups["text"].Value))];

    private static string TextOf(string source)
    {
        var (path, region) = source.Split('#') is [var file, var name] ? (file, name) : (source, null);
        var lines = File.ReadAllLines(Path.Combine(_root, path));
        if (region is null)
        {
            return string.Join('\n', lines) + "\n";
        }

        // From "#region name" to its "#endregion"; regions inside it are left out of the guide, name and all.
        var kept = new List<string>();
        var (depth, hidden) = (0, 0);
        foreach (var line in lines)
        {
            var trimmed = line.Trim();
            if (trimmed.StartsWith("#region ", StringComparison.Ordinal))
            {
                depth += depth > 0 || trimmed == "#region " + region ? 1 : 0;
                hidden += depth > 1 ? 1 : 0;
            }
            else if (trimmed == "#endregion" && depth > 0)
            {
                hidden -= depth > 1 ? 1 : 0;
                if (--depth == 0)
                {
                    break;
                }
            }
            else if (depth > 0 && hidden == 0)
            {
                kept.Add(line);
            }
        }

        Assert.True(kept.Count > 0, $"'{path}' has no region '{region}'.");
        var indent = kept.Where(l => l.Length > 0).Min(l => l.Length - l.TrimStart().Length);
        var shown = string.Join('\n', kept.Select(l => l.Length > 0 ? l[indent..] : l)) + "\n";
        return EmptyLinesBeforeBrace().Replace(shown, "\n}");       // What a hidden region leaves behind.
    }

    private static string RootOfRepository()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "ActorMultiscale.sln")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The tests run outside the repository.");
        }

        return folder;
    }

    [GeneratedRegex(@"<!-- snippet: (?<source>\S+) -->\n```(csharp|hocon)\n(?<text>.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex("^```(csharp|cs|hocon|conf)", RegexOptions.Multiline)]
    private static partial Regex CodeFence();

    [GeneratedRegex(@"\n\n+\}")]
    private static partial Regex EmptyLinesBeforeBrace();
}

using ActorMultiscale.Host.Composition;
using Akka.Configuration;
using CsCheck;

namespace ActorMultiscale.Tests.Composition;

public sealed class HoconScannerPropertyTests
{
    private static readonly SourcePosition _nowhere = new("any.conf", 1, 1);

    private static readonly string[] _fragments =
    [
        "{", "}", "[", "]", "=", ":", ",", "\n", "\r\n", "\r", " ", "\t", "  ", ".", "\"", "\"\"\"", "\\", "\\u12", "\\ud83d", "#", "//", "/", "$", "${", "${?x}",
        "+=", "+", "-", "include", "include \"x\"", "a", "b.c", "dt", "10 ms", "1e+5", "3.615 Å", "\0", "\u0007", "\ud83d", "\ude00", "\uFEFF", "\uFFFD", "'", "?",
        "x = 1\n", "y {\n", "  }\n", "z = [1,\n", "\u2028", "\u00a0",
    ];

    private static readonly Gen<string> _plainName =
        Gen.String[Gen.Char["abcdefgxyz019-_"], 1, 8];

    private static readonly Gen<string> _name =
        Gen.Frequency((4, _plainName), (1, Gen.String[Gen.Char["ab.= {}[]#\"\\/ Å"], 1, 6]));

    private static readonly Gen<string> _quotedText =
        Gen.String[Gen.Char["abc 019.,:=+?!@#$%^&*(){}[]<>/\\\"'`~|;\t\n\rÅµ·é\u0001"], 0, 12];

    private static readonly Gen<string> _unquotedText = Gen.OneOf(
        Gen.Double[-1e6, 1e6].Select(number => number.ToString("R", System.Globalization.CultureInfo.InvariantCulture)),
        AnyOf("true", "off", "10 ms", "3.615 Å", "7850 kg/m^3", "1e+5", "N·s*m", "heat", "a/b", "x(y)", "<1>", "50 %", "include", "-"),
        Gen.String[Gen.Char["abcdefgh0123456789-_.+*^%;|~<>()"], 1, 10]);

    private static readonly Gen<ConfigNode> _scalar = Gen.OneOf(
        _unquotedText.Select(text => (ConfigNode)new ConfigScalar(_nowhere, text, false)),
        _quotedText.Select(text => (ConfigNode)new ConfigScalar(_nowhere, text, true)));

    private static readonly Gen<ConfigObject> _tree = Gen.Recursive<ConfigObject>((depth, self) => Section(depth, self, _name, _scalar));

    [Fact]
    public void Returns_for_any_text_without_an_exception() =>
        Gen.Frequency(
                (1, Gen.String[0, 200]),
                (4, AnyOf(_fragments).Array[0, 60].Select(string.Concat)))
            .Sample(CheckAnyText, iter: 20_000);

    [Fact]
    public void Returns_for_any_mutation_of_a_valid_text_without_an_exception() =>
        Gen.Select(_tree, Gen.UInt, Gen.Select(Gen.Int[0, 3], Gen.Int[0, int.MaxValue - 1], AnyOf(_fragments)).Array[1, 4])
            .Select((tree, style, mutations) => mutations.Aggregate(TreeWriter.Write(tree, style), Mutate))
            .Sample(CheckAnyText, iter: 10_000);

    [Fact]
    public void Scans_a_written_tree_back_to_the_same_tree() =>
        Gen.Select(_tree, Gen.UInt).Sample(
            (tree, style) =>
            {
                var result = HoconScanner.Scan("any.conf", TreeWriter.Write(tree, style));
                Assert.Empty(result.Faults);
                Assert.Equal(Trees.Shape(tree), Trees.Shape(result.Root));
            },
            iter: 10_000);

    [Fact]
    public void Every_position_points_at_the_beginning_of_its_value() =>
        Gen.Select(_tree, Gen.UInt).Sample(
            (tree, style) =>
            {
                var text = TreeWriter.Write(tree, style);
                var lines = text.Replace("\r\n", "\n", StringComparison.Ordinal).Split('\n');
                foreach (var scalar in Scalars(HoconScanner.Scan("any.conf", text).Root))
                {
                    var there = lines[scalar.Position.Line - 1][(scalar.Position.Column - 1)..];
                    Assert.StartsWith(scalar.Quoted ? "\"" : scalar.Text, there, StringComparison.Ordinal);
                }
            },
            iter: 2_000);

    /// <summary>Only what the embedded parser of Akka understands: plain keys, words and numbers, quoted text without escapes, no comma behind a brace.</summary>
    [Fact]
    public void Gives_the_same_leaf_values_as_the_parser_of_Akka_on_valid_texts()
    {
        var word = Gen.OneOf(
            AnyOf("true", "off", "10 ms", "heat", "1e-15", "-3.5", "0.1 s", "a-b", "x_y"),
            Gen.Int.Select(number => number.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        var text = Gen.String[Gen.Char["abc 019.,:=#{}[]/Å"], 1, 10].Where(text => text.Trim() == text);
        var scalar = Gen.OneOf(
            word.Select(value => (ConfigNode)new ConfigScalar(_nowhere, value, false)),
            text.Select(value => (ConfigNode)new ConfigScalar(_nowhere, value, true)));
        var key = Gen.String[Gen.Char["abcdefgh"], 1, 5];
        Gen.Recursive<ConfigObject>((depth, self) => Section(depth, self, key, scalar, arraysOfScalarsOnly: true)).Sample(
            tree =>
            {
                var written = TreeWriter.WritePlainly(tree);
                var root = HoconScanner.Scan("any.conf", written).Root;
                var theirs = ConfigurationFactory.ParseString(written);
                CompareWithAkka(root, theirs, "");
            },
            iter: 2_000,
            threads: 1);
    }

    [Theory]
    [InlineData("[")]
    [InlineData("{")]
    [InlineData("}")]
    [InlineData("]")]
    [InlineData("a{")]
    [InlineData("a=[")]
    [InlineData("a.")]
    [InlineData("a ")]
    [InlineData("a\n")]
    [InlineData("a=1\n")]
    [InlineData("\"")]
    [InlineData("\"\"\"a")]
    [InlineData("a\"")]
    [InlineData("a=[{]")]
    [InlineData("a={[}")]
    [InlineData("{}")]
    [InlineData("[] ")]
    [InlineData("a{}")]
    [InlineData(" ")]
    [InlineData("\t\n")]
    [InlineData(",")]
    [InlineData("#")]
    [InlineData("${")]
    [InlineData("a=${")]
    [InlineData("+=")]
    [InlineData("\\u")]
    [InlineData("a=\"\\")]
    [InlineData("\0a")]
    [InlineData("x = [a b\n")]
    [InlineData("x = [\na = \n")]
    public async Task Needs_linear_time_for_four_megabytes_of_anything(string pattern)
    {
        var text = string.Concat(Enumerable.Repeat(pattern, HoconScanner.MaximumLength / pattern.Length));

        var result = await Task.Run(() => HoconScanner.Scan("any.conf", text)).WaitAsync(TimeSpan.FromSeconds(60));

        Assert.NotNull(result.Root);
    }

    private static void CheckAnyText(string text)
    {
        var result = HoconScanner.Scan("any.conf", text);
        var lines = text.TrimStart('\uFEFF').Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n').Split('\n');
        Assert.All(result.Faults, fault =>
        {
            Assert.InRange(fault.Position.Line, 1, lines.Length);
            Assert.InRange(fault.Position.Column, 1, lines[fault.Position.Line - 1].Length + 2);
            Assert.NotEmpty(fault.Message);
        });
        FaultReport.Render(result.Faults, _ => text);
        var faults = new List<Fault>();
        ConfigOverride.Apply(result.Root, text, faults);
        ReadEverything(new ConfigReader(result.Root, faults, directory: "/"));
    }

    private static void ReadEverything(ConfigReader reader)
    {
        foreach (var name in reader.Names.Take(20).ToList())
        {
            reader.Text(name);
            reader.Number(name, ActorMultiscale.Physics.Fields.Unit.One);
            reader.Integer(name);
            reader.Flag(name);
            reader.Texts(name);
            ReadEverything(reader.Section(name));
            foreach (var item in reader.Items(name))
            {
                ReadEverything(item);
            }
        }

        reader.Finish();
    }

    private static string Mutate(string text, (int Kind, int At, string Fragment) mutation)
    {
        var at = mutation.At % (text.Length + 1);
        var length = Math.Min(mutation.At % 7, text.Length - at);
        return mutation.Kind switch
        {
            0 => text.Insert(at, mutation.Fragment),
            1 => text.Remove(at, length),
            2 => text.Remove(at, length).Insert(at, mutation.Fragment),
            _ => text[..at],
        };
    }

    private static Gen<ConfigObject> Section(int depth, Gen<ConfigObject> self, Gen<string> name, Gen<ConfigNode> scalar, bool arraysOfScalarsOnly = false)
    {
        var section = self.Select(inner => (ConfigNode)inner);
        var element = arraysOfScalarsOnly || depth > 3 ? scalar : Gen.Frequency((3, scalar), (1, section), (1, Array(scalar)));
        var value = depth > 3 ? scalar : Gen.Frequency((3, scalar), (2, section), (1, Array(element)));
        return Gen.Select(name, value).List[arraysOfScalarsOnly ? 1 : 0, 4].Select(entries => new ConfigObject(
            _nowhere,
            [.. entries.DistinctBy(entry => entry.Item1).Select(entry => new ConfigEntry(entry.Item1, _nowhere, entry.Item2))]));
    }

    private static Gen<T> AnyOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(index => values[index]);

    private static Gen<ConfigNode> Array(Gen<ConfigNode> element) =>
        element.List[0, 4].Select(items => (ConfigNode)new ConfigArray(_nowhere, [.. items]));

    private static IEnumerable<ConfigScalar> Scalars(ConfigNode node) => node switch
    {
        ConfigScalar scalar => [scalar],
        ConfigArray array => array.Items.SelectMany(Scalars),
        ConfigObject section => section.Entries.SelectMany(entry => Scalars(entry.Value)),
        _ => [],
    };

    private static void CompareWithAkka(ConfigObject ours, Config theirs, string path)
    {
        foreach (var entry in ours.Entries)
        {
            var key = path + entry.Name;
            switch (entry.Value)
            {
                case ConfigScalar scalar:
                    Assert.Equal(theirs.GetString(key), scalar.Text);
                    break;
                case ConfigArray array:
                    Assert.Equal(theirs.GetStringList(key), array.Items.Cast<ConfigScalar>().Select(item => item.Text));
                    break;
                case ConfigObject section:
                    CompareWithAkka(section, theirs, key + ".");
                    break;
                default:
                    Assert.Fail($"{key} is unreadable");
                    break;
            }
        }
    }
}

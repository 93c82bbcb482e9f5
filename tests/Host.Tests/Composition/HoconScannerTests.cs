using ActorMultiscale.Host.Composition;

namespace ActorMultiscale.Tests.Composition;

public sealed class HoconScannerTests
{
    private const string File = "bar.conf";

    [Theory]
    [InlineData("a = 1", "a=1")]
    [InlineData("a : 1", "a=1")]
    [InlineData("a=1,b=2", "a=1|b=2")]
    [InlineData("a = 1,\nb = 2,\n", "a=1|b=2")]
    [InlineData("a { b = 1 }", "a.b=1")]
    [InlineData("a = { b = 1 }", "a.b=1")]
    [InlineData("a\n{\n  b = 1\n}", "a.b=1")]
    [InlineData("a =\n  { b = 1 }", "a.b=1")]
    [InlineData("a =\n  # the list\n  [1, 2]", "a.0=1|a.1=2")]
    [InlineData("a.b.c = 1\na { b { d = 2 } }", "a.b.c=1|a.b.d=2")]
    [InlineData("\"x.y\" = 1", "\"x.y\"=1")]
    [InlineData("\"x.y\".z = 1", "\"x.y\".z=1")]
    [InlineData("a = 10 ms # comment", "a=10 ms")]
    [InlineData("a = 3.615 Å // comment", "a=3.615 Å")]
    [InlineData("a = 7850 kg/m^3", "a=7850 kg/m^3")]
    [InlineData("a = 1e+5 N·s*m", "a=1e+5 N·s*m")]
    [InlineData("a = \"x # { [ , = // y\"", "a='x # { [ , = // y'")]
    [InlineData("a = \"q\\\" \\\\ \\/ \\u00c5 \\n\"", "a='q\" \\ / Å \n'")]
    [InlineData("a = \"\\ud83d\\ude00\"", "a='\U0001F600'")]
    [InlineData("a = \"\"\"one\r\n\"two\" \\n\"\"\"\"", "a='one\n\"two\" \\n\"'")]
    [InlineData("a = \"\"", "a=''")]
    [InlineData("a = [1, 2, [c, \"d\"],]", "a.0=1|a.1=2|a.2.0=c|a.2.1='d'")]
    [InlineData("a = [\n  1\n  2 # two\n\n  3\n]", "a.0=1|a.1=2|a.2=3")]
    [InlineData("a = [ { b = 1 }, { b = 2 } ]", "a.0.b=1|a.1.b=2")]
    [InlineData("{ \"a\": { \"b\": [true, null, -1.5e-3] } }", "a.b.0=true|a.b.1=null|a.b.2=-1.5e-3")]
    [InlineData("\uFEFFa = 1\r\nb = 2\r\n", "a=1|b=2")]
    [InlineData("a = 1\rb = 2", "a=1|b=2")]
    [InlineData("\ta\t=\t1\t", "a=1")]
    [InlineData("include = 5", "include=5")]
    [InlineData("größe = klein", "größe=klein")]
    [InlineData("", "")]
    [InlineData("# nothing\n// but comments", "")]
    public void Reads_what_the_language_allows(string text, string leaves)
    {
        var result = HoconScanner.Scan(File, text);

        Assert.Empty(result.Faults);
        Assert.True(result.IsStructureSound);
        Assert.Equal(leaves, string.Join('|', Trees.Leaves(result.Root)));
    }

    [Theory]
    [InlineData("dt 5", 1, 4, "dt", "no '='")]
    [InlineData("window {\n  dt 5\n}", 2, 6, "window.dt", "Write dt = 5")]
    [InlineData("a = 1\ndt\nb = 2", 2, 1, "dt", "no '=' and no value")]
    [InlineData("a =\nb = 2", 1, 1, "a", "no value after the '='")]
    [InlineData("a = , b = 2", 1, 1, "a", "no value")]
    [InlineData("= 5", 1, 1, "", "where a key should be")]
    [InlineData("{ = 5 }", 1, 3, "", "where a key should be")]
    [InlineData("\"\" = 5", 1, 1, "", "empty key")]
    [InlineData("a..b = 5", 1, 3, "a", "empty segment")]
    [InlineData(".a = 5", 1, 1, "", "empty segment")]
    [InlineData("a. = 5", 1, 3, "a", "empty segment")]
    [InlineData("my key = 5", 1, 1, "my", "has a space")]
    [InlineData("a@b = 5", 1, 2, "", "'@' may not stand in a key")]
    [InlineData("a = 1\na = 2", 2, 1, "a", "defined twice: in line 1 and again in line 2")]
    [InlineData("a { b = 1 }\na.b = 2", 2, 3, "a.b", "in line 1 and again in line 2")]
    [InlineData("a { b = 1 }\na = 2", 2, 1, "a", "a section in line 1 and a value here")]
    [InlineData("a = 2\na { b = 1 }", 2, 1, "a", "a value in line 1 and a section here")]
    [InlineData("a = 2\na.b = 1", 2, 1, "a", "a value in line 1 and a section here")]
    [InlineData("a = \"x\nb = 2", 1, 5, "a", "not closed on its line")]
    [InlineData("\"a = 1\nb = 2", 1, 1, "", "not closed on its line")]
    [InlineData("a = \"\"\"x\nb = 2", 1, 5, "a", "triple quotes are not closed")]
    [InlineData("a = \"C:\\data\"", 1, 8, "a", "'\\d' is no escape")]
    [InlineData("a = \"\\ud83d\"", 1, 5, "a", "half of a surrogate pair")]
    [InlineData("a = 'x'", 1, 5, "a", "single quotes")]
    [InlineData("a = x:y", 1, 6, "a", "':' inside a value")]
    [InlineData("a = 1 b = 2", 1, 9, "a", "'=' inside a value")]
    [InlineData("a = b?", 1, 6, "a", "'?' may not stand")]
    [InlineData("a = x \"y\"", 1, 7, "a", "a quote inside text")]
    [InlineData("a = \"x\" \"y\"", 1, 9, "a", "after the closing quote comes")]
    [InlineData("a = 5 { b = 1 }", 1, 7, "a", "'{' after text")]
    [InlineData("a { b = 1 } c = 2", 1, 13, "a", "after the '}' comes 'c'")]
    [InlineData("a = [1] b = 2", 1, 9, "a", "after the ']' comes 'b'")]
    [InlineData("a = 1,5", 1, 7, "5", "1.5, not 1,5")]
    [InlineData("a = [1 2 3]", 1, 6, "a.0", "Put commas between them")]
    [InlineData("a = [\"x\" \"y\"]", 1, 10, "a.0", "Two elements need a comma")]
    [InlineData("a = [1,, 2]", 1, 8, "a", "a comma with nothing before it")]
    [InlineData("a = [, 2]", 1, 6, "a", "a comma with nothing before it")]
    [InlineData("a = [b = 1]", 1, 8, "a.0", "element of an array, which has no key")]
    [InlineData("a = [\n    b = 1\n  ]", 2, 5, "a", "an element of an array has no key")]
    [InlineData("include \"other.conf\"\na = 1", 1, 1, "include", "'include' is not supported")]
    [InlineData("include file(\"other.conf\")\na = 1", 1, 1, "include", "'include' is not supported")]
    [InlineData("a = ${HOME}", 1, 5, "a", "substitution '${HOME}' is not supported")]
    [InlineData("a = ${?HOME}/x", 1, 5, "a", "substitution '${?HOME}' is not supported")]
    [InlineData("${x} = 1", 1, 1, "", "substitution '${x}'")]
    [InlineData("a = [1]\na += 2", 2, 3, "a", "'+=' is not supported")]
    [InlineData("[1, 2]", 1, 1, "", "not of an array")]
    [InlineData("{ a = 1 }\nb = 2", 2, 1, "", "closes the whole file")]
    [InlineData("a = 1\0", 1, 6, "", "control character U+0000")]
    [InlineData("a = 1 # \u0007", 1, 9, "", "control character U+0007")]
    [InlineData("a = 1\u200b", 1, 6, "", "invisible character U+200B")]
    [InlineData("a = caf\uFFFD", 1, 8, "", "Save it as UTF-8")]
    [InlineData("a { b = 1 }\n}\nc = 2", 2, 1, "", "this '}' closes nothing")]
    [InlineData("a = 1 ]\nb = 2", 1, 7, "", "this ']' closes nothing")]
    [InlineData("a {\n  b {\n    c = 1\n    }\n  }\n}", 6, 1, "", "the one in line 4 may be the one too many")]
    [InlineData("a {\n  b = 1", 1, 3, "a", "opened here in line 1 is never closed")]
    [InlineData("a {\n  b {\n    c = 1\n\n  d = 2\n}\n", 2, 5, "a.b", "Line 5 is indented as if")]
    [InlineData("a {\n  b {\n    c = 1\n}\n", 2, 5, "a.b", "The '}' in line 4 is indented like an outer one")]
    [InlineData("a {\n  b = 1\nc {\n  d = 1\n}\n", 1, 3, "a", "Line 3 is indented as if")]
    [InlineData("a = [1, 2, 3", 1, 5, "a", "The file ends without its ']'")]
    [InlineData("x {\n  a = [1, 2\n  b = 3\n}", 2, 7, "x.a", "Put a ']' before line 3, where 'b' begins")]
    [InlineData("x {\n  a = [1, 2\n}", 2, 7, "x.a", "Put a ']' before the '}' in line 3")]
    [InlineData("x {\n  a = [1, 2}\n}", 2, 12, "x.a", "is closed by '}'. Write ']'")]
    [InlineData("x = [\n  { a = 1 ]\n]", 2, 11, "x.0", "is closed by ']'. Write '}'")]
    [InlineData("x {\n  a = 1\n]", 3, 1, "x", "is closed by ']'. Write '}'")]
    [InlineData("a { b = [1, 2 }", 1, 9, "a.b", "Put a ']' before the '}' in line 1")]
    public void Names_place_key_and_cause_of_a_fault(string text, int line, int column, string key, string phrase)
    {
        var fault = Assert.Single(HoconScanner.Scan(File, text).Faults);

        Assert.Equal(new SourcePosition(File, line, column), fault.Position);
        Assert.Equal(key, fault.Key);
        Assert.Contains(phrase, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Finds_four_faults_of_one_file_at_once()
    {
        const string text = """
            window { length 0.1 s }
            participants {
              bar { model = "heat }
              bar2.model = ${MODEL}
            }
            conduits = [ { from = bar.flux, to = rod.heat } ]
            scheme = serial
            scheme = parallel
            """;

        var faults = HoconScanner.Scan(File, text).Faults;

        Assert.Equal(["1:17 window.length", "3:17 participants.bar.model", "4:16 participants.bar2.model", "8:1 scheme"],
            faults.Select(fault => $"{fault.Position.Line}:{fault.Position.Column} {fault.Key}"));
    }

    [Fact]
    public void Half_of_a_surrogate_pair_is_refused()
    {
        var fault = Assert.Single(HoconScanner.Scan(File, "a = \ud83d").Faults);

        Assert.Equal(new SourcePosition(File, 1, 5), fault.Position);
        Assert.Contains("half of a surrogate pair (U+D83D)", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_brace_does_not_hide_what_comes_after_it()
    {
        const string text = """
            participants {
              atoms {
                model = lennard-jones
              bar {
                model = heat
              }
            }
            window {
              length 0.1
            }
            """;

        var result = HoconScanner.Scan(File, text);

        Assert.Equal(["2:9 participants.atoms", "9:10 window.length"], result.Faults.Select(fault => $"{fault.Position.Line}:{fault.Position.Column} {fault.Key}"));
        Assert.False(result.IsStructureSound);
        Assert.Equal(
            ["participants.atoms.model=lennard-jones", "participants.bar.model=heat", "window.length=0.1"],
            Trees.Leaves(result.Root));
    }

    [Fact]
    public void Positions_point_at_keys_and_values()
    {
        var root = HoconScanner.Scan(File, "# x\na {\n  b.c =  \"1\"\n}").Root;

        Assert.True(root.TryGet("a", out var a));
        Assert.Equal(new SourcePosition(File, 2, 1), a.KeyPosition);
        Assert.Equal(new SourcePosition(File, 2, 3), a.Value.Position);
        Assert.True(((ConfigObject)a.Value).TryGet("b", out var b));
        Assert.True(((ConfigObject)b.Value).TryGet("c", out var c));
        Assert.Equal(new SourcePosition(File, 3, 5), c.KeyPosition);
        Assert.Equal(new SourcePosition(File, 3, 10), c.Value.Position);
    }

    [Fact]
    public void Entries_keep_the_order_in_which_they_first_appear()
    {
        var root = HoconScanner.Scan(File, "z = 1\na.x = 2\nm = 3\na.b = 4").Root;

        Assert.Equal(["z=1", "a.x=2", "a.b=4", "m=3"], Trees.Leaves(root));
    }

    [Theory]
    [InlineData(64, true)]
    [InlineData(65, false)]
    public void Nesting_has_a_limit(int depth, bool isAllowed)
    {
        var arrays = HoconScanner.Scan(File, "a = " + new string('[', depth) + new string(']', depth));
        var keys = HoconScanner.Scan(File, string.Join('.', Enumerable.Repeat("k", depth)) + " = 1");

        Assert.Equal(isAllowed, arrays.Faults.IsEmpty);
        Assert.Equal(isAllowed, keys.Faults.IsEmpty);
        Assert.All(arrays.Faults.Concat(keys.Faults), fault => Assert.Contains("64", fault.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void A_file_that_is_too_large_is_refused()
    {
        var fault = Assert.Single(HoconScanner.Scan(File, new string(' ', HoconScanner.MaximumLength + 1)).Faults);

        Assert.Contains("at most 4194304", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_number_of_faults_is_limited()
    {
        var faults = HoconScanner.Scan(File, string.Concat(Enumerable.Repeat("}\n", 5000))).Faults;

        Assert.Equal(201, faults.Length);
        Assert.Contains("more than 200 faults", faults[^1].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_value_that_could_not_be_read_stands_in_the_tree_as_unreadable()
    {
        var root = HoconScanner.Scan(File, "a = ${x}\nb\nc += 1").Root;

        Assert.Equal(["a", "b", "c"], root.Entries.Select(entry => entry.Name));
        Assert.All(root.Entries, entry => Assert.IsType<ConfigUnreadable>(entry.Value));
    }
}

using ActorMultiscale.Host.Composition;
using ActorMultiscale.Physics.Fields;
using CsCheck;

namespace ActorMultiscale.Tests.Composition;

public sealed class ConfigReaderTests
{
    private static readonly Unit _second = Unit.Parse("s");
    private static readonly Unit _metre = Unit.Parse("m");

    private readonly List<Fault> _faults = [];

    public enum Measure
    {
        Absolute,
        RelativeResidual,
        IQNColumns,
    }

    [Theory]
    [InlineData("0.1", 0.1)]
    [InlineData("10 ms", 0.01)]
    [InlineData("10ms", 0.01)]
    [InlineData("3 ms", 0.003)]
    [InlineData("7 µs", 7e-6)]
    [InlineData("7 us", 7e-6)]
    [InlineData("7 \u03BCs", 7e-6)]
    [InlineData("2.5 fs", 2.5e-15)]
    [InlineData("2 min", 120)]
    [InlineData("1e-3 s", 1e-3)]
    [InlineData("-5 s", -5)]
    [InlineData("+.5", 0.5)]
    [InlineData("5.", 5)]
    [InlineData("\"10 ms\"", 0.01)]
    [InlineData("1e-15", 1e-15)]
    public void Reads_numbers_with_and_without_unit(string written, double expected)
    {
        Assert.Equal(expected, Read($"x = {written}").Number("x", _second));
        Assert.Empty(_faults);
    }

    [Theory]
    [InlineData("3.615 Å", "m", 3.615e-10)]
    [InlineData("3.615 \u212B", "m", 3.615e-10)]
    [InlineData("3.615 Å", "nm", 0.3615)]
    [InlineData("1 eV", "J", 1.602176634e-19)]
    [InlineData("1 meV", "eV", 0.001)]
    [InlineData("7.85 g/cm^3", "kg/m^3", 7850)]
    [InlineData("7850 kg/m³", "kg/m^3", 7850)]
    [InlineData("210 GPa", "Pa", 210e9)]
    [InlineData("50 %", "1", 0.5)]
    [InlineData("0.3", "1", 0.3)]
    public void Converts_units_without_loss(string written, string unit, double expected)
    {
        Assert.Equal(expected, Read($"x = {written}").Number("x", Unit.Parse(unit)));
        Assert.Empty(_faults);
    }

    [Fact]
    public void A_number_in_the_unit_itself_keeps_every_bit() =>
        Gen.Double.Where(double.IsFinite).Sample(number =>
        {
            var text = number.ToString("R", System.Globalization.CultureInfo.InvariantCulture);
            Assert.Equal(number, Read($"x = {text}").Number("x", _second));
            Assert.Equal(number, Read($"x = {text} s").Number("x", _second));
        });

    [Fact]
    public void A_decimal_prefix_is_the_same_as_an_exponent() =>
        Gen.Double[-1e6, 1e6].Sample(number =>
        {
            var text = number.ToString("F6", System.Globalization.CultureInfo.InvariantCulture);
            Assert.Equal(Read($"x = {text}e-12").Number("x", _second), Read($"x = {text} ps").Number("x", _second));
            Assert.Equal(Read($"x = {text}e3").Number("x", _metre), Read($"x = {text} km").Number("x", _metre));
        });

    [Theory]
    [InlineData("0e99999999999 ms", 0)]
    [InlineData("-0.0 ms", -0.0)]
    [InlineData("1e-300 fs", 1e-315)]
    public void Odd_exponents_do_not_matter(string written, double expected) =>
        Assert.Equal(expected, Read($"x = {written}").Number("x", _second));

    [Theory]
    [InlineData("soon", "found 'soon', which is not a number. Expected a time such as '0.1 s'")]
    [InlineData("NaN", "'NaN' is not finite")]
    [InlineData("-Infinity", "'-Infinity' is not finite")]
    [InlineData("inf", "is not finite")]
    [InlineData("1e999", "too large")]
    [InlineData("1e-999", "too small")]
    [InlineData("1e308 h", "out of range when converted to s")]
    [InlineData("0x1F", "hexadecimal")]
    [InlineData("\"1,5\"", "the decimal point is '.'")]
    [InlineData("1_000", "digits are not grouped")]
    [InlineData("1 2", "more than one number")]
    [InlineData("5zz", "'zz' is not a known unit")]
    [InlineData("5 sec", "Did you mean 's'?")]
    [InlineData("5 S", "Did you mean 's'?")]
    [InlineData("10 m", "found '10 m', which is a length. Expected a time such as '0.1 s'. 'm' is metre; minutes are 'min'")]
    [InlineData("10 mm", "which is a length")]
    [InlineData("10 kg m^2", "which is a quantity in kg m^2")]
    [InlineData("10 s/", "ends in '/'")]
    [InlineData("10 s^x", "not a whole number")]
    [InlineData("[1]", "found an array [ … ]; expected a time such as '0.1 s'")]
    [InlineData("{ a = 1 }", "found a section { … }; expected a time such as '0.1 s'")]
    [InlineData("0", "it has to be greater than 0 s")]
    [InlineData("20 s", "it has to be at most 10 s")]
    public void Says_why_a_number_is_refused(string written, string phrase)
    {
        var number = Read($"window {{\n  length = {written}\n}}").Section("window").Number("length", _second, min: 0, max: 10, exclusiveMin: true);

        Assert.Equal(double.NaN, number);
        var fault = Assert.Single(_faults);
        Assert.Equal(new SourcePosition("bar.conf", 2, 12), fault.Position);
        Assert.Equal("window.length", fault.Key);
        Assert.Contains(phrase, fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("20", 20)]
    [InlineData("1e6", 1_000_000)]
    [InlineData("-3", -3)]
    [InlineData("9223372036854775807", long.MaxValue)]
    public void Reads_whole_numbers(string written, long expected)
    {
        Assert.Equal(expected, Read($"x = {written}").Integer("x"));
        Assert.Empty(_faults);
    }

    [Theory]
    [InlineData("2.5", "not a whole number")]
    [InlineData("1e-30", "not a whole number")]
    [InlineData("1e30", "out of range")]
    [InlineData("1e20", "at most 100")]
    [InlineData("-1", "at least 0")]
    [InlineData("5 s", "without a unit")]
    [InlineData("many", "expected a whole number")]
    public void Says_why_a_whole_number_is_refused(string written, string phrase)
    {
        Read($"x = {written}").Integer("x", min: 0, max: 100);

        Assert.Contains(phrase, Assert.Single(_faults).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Reads_flags_texts_and_choices()
    {
        var reader = Read("a = on\nb = no\nc = hello\nd = relative-residual\ne = iqn-columns\nf = serial");

        Assert.True(reader.Flag("a"));
        Assert.False(reader.Flag("b"));
        Assert.Equal("hello", reader.Text("c"));
        Assert.Equal(Measure.RelativeResidual, reader.Choice<Measure>("d"));
        Assert.Equal(Measure.IQNColumns, reader.Choice<Measure>("e"));
        Assert.Equal("serial", reader.Choice("f", ["serial", "parallel"]));
        Assert.Empty(_faults);
    }

    [Fact]
    public void Says_what_is_allowed_where_a_choice_is_not()
    {
        var reader = Read("a = yess\nb = relativ-residual\nc = sreial\nd = RelativeResidual");
        reader.Flag("a");
        reader.Choice<Measure>("b");
        reader.Choice("c", ["serial", "parallel"]);
        reader.Choice<Measure>("d");

        Assert.Equal(
            [
                "found 'yess'; expected one of 'true', 'false', 'on', 'off', 'yes', 'no'. Did you mean 'yes'?",
                "found 'relativ-residual'; expected one of 'absolute', 'relative-residual', 'iqn-columns'. Did you mean 'relative-residual'?",
                "found 'sreial'; expected one of 'serial', 'parallel'. Did you mean 'serial'?",
                "found 'RelativeResidual'; expected one of 'absolute', 'relative-residual', 'iqn-columns'. Did you mean 'relative-residual'?",
            ],
            _faults.Select(fault => fault.Message));
    }

    [Fact]
    public void Gives_the_fallback_where_a_key_does_not_occur()
    {
        var reader = Read("");

        Assert.Equal("x", reader.Text("a", "x"));
        Assert.Equal(2.5, reader.Number("b", _second, 2.5));
        Assert.Equal(7, reader.Integer("c", 7));
        Assert.True(reader.Flag("d", true));
        Assert.Equal(Measure.Absolute, reader.Choice<Measure>("e", Measure.Absolute));
        Assert.Equal("p", reader.Choice("f", ["s", "p"], "p"));
        Assert.Equal([1.0], reader.Numbers("g", _second, fallback: [1.0]).ToArray());
        Assert.Equal(["x"], reader.Texts("h", ["x"]).ToArray());
        Assert.Equal(3, reader.Section("i", required: false).Integer("j", 3));
        Assert.Empty(reader.Sections("k", required: false));
        Assert.Empty(reader.Items("l", required: false));
        Assert.Null(reader.Node("m"));
        Assert.False(reader.Has("n"));
        Assert.Empty(_faults);
    }

    [Fact]
    public void Reports_every_required_key_that_is_missing_at_the_section_but_nothing_inside_a_missing_section()
    {
        var window = Read("\nwindow {}").Section("window");
        window.Number("length", _second);
        window.Section("controller").Integer("order");

        Assert.Equal(["window.length", "window.controller"], _faults.Select(fault => fault.Key));
        Assert.All(_faults, fault => Assert.Equal(new SourcePosition("bar.conf", 2, 8), fault.Position));
        Assert.Equal("missing in section 'window'. Expected a time such as '0.1 s'", _faults[0].Message);
    }

    [Fact]
    public void Reports_unknown_keys_with_a_guess_or_with_what_is_allowed()
    {
        using (var reader = Read("window { lenght = 1, colour = 2 }\nextra = 3"))
        {
            var window = reader.Section("window");
            window.Number("length", _second, 1);
            window.Integer("steps", 1);
            Assert.Same(window, reader.Section("window"));
        }

        Assert.Equal(
            [
                "2 extra unknown key at the top level. Allowed: 'window'.",
                "1 window.lenght unknown key in 'window'. Did you mean 'length'?",
                "1 window.colour unknown key in 'window'. Allowed: 'length', 'steps'.",
            ],
            _faults.Select(fault => $"{fault.Position.Line} {fault.Key} {fault.Message}"));
    }

    [Fact]
    public void Finishing_twice_reports_once()
    {
        var reader = Read("a = 1");
        reader.Finish();
        reader.Dispose();

        Assert.Single(_faults);
    }

    [Fact]
    public void Reads_arrays_of_numbers_and_texts()
    {
        var reader = Read("x = [1 mm, 2, \"3 m\"]\ny = [a, \"b c\"]");

        Assert.Equal([0.001, 2, 3], reader.Numbers("x", _metre, 3).ToArray());
        Assert.Equal(["a", "b c"], reader.Texts("y").ToArray());
        Assert.Empty(_faults);
    }

    [Fact]
    public void Names_the_element_of_an_array_that_is_wrong()
    {
        var reader = Read("x = [1, two, [3], 4 s]\ny = [a, { b = 1 }]\nz = [1, 2]\nw = 1");
        reader.Numbers("x", _metre);
        reader.Texts("y");
        reader.Numbers("z", _metre, 3);
        reader.Numbers("w", _metre, 3);

        Assert.Equal(["x.1", "x.2", "x.3", "y.1", "z", "w"], _faults.Select(fault => fault.Key));
        Assert.Equal(new SourcePosition("bar.conf", 1, 9), _faults[0].Position);
        Assert.Equal("found 2 numbers; expected 3", _faults[4].Message);
        Assert.StartsWith("found the value '1'; expected an array of 3 numbers", _faults[5].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Reads_named_sections_and_arrays_of_sections()
    {
        var reader = Read("participants { atoms { n = 1 }, \"b.ar\" { n = 2 }, x = 3 }\nconduits = [ { degree = 1 }, 2, { degre = 3 } ]");

        Assert.Equal(["atoms 1 participants.atoms", "b.ar 2 participants.\"b.ar\""],
            reader.Sections("participants").Select(pair => $"{pair.Name} {pair.Reader.Integer("n")} {pair.Reader.Key}"));
        Assert.Equal([1, 0], reader.Items("conduits").Select(item => item.Integer("degree", 0)));
        reader.Finish();
        Assert.Equal(["participants.x", "conduits.1", "conduits.2.degre"], _faults.Select(fault => fault.Key));
    }

    [Fact]
    public void Keeps_silent_about_what_the_scanner_has_reported()
    {
        var scan = HoconScanner.Scan("bar.conf", "a = ${x}\nb\nc = 'q'\nd { = 3 }\nunknown = 1,5");
        using (var reader = new ConfigReader(scan.Root, _faults))
        {
            reader.Number("a", _second);
            reader.Section("b").Text("inner");
            reader.Numbers("c", _second);
            reader.Section("d").Text("e", "");
        }

        Assert.Equal(5, scan.Faults.Length);
        Assert.Equal("unknown", Assert.Single(_faults).Key);
    }

    [Fact]
    public void Own_faults_carry_path_and_position()
    {
        var section = Read("a {\n  b = 1\n}").Section("a");
        section.Fault("b", "too bold");
        section.Fault("none", "too shy");

        Assert.Equal([new Fault(new SourcePosition("bar.conf", 2, 7), "a.b", "too bold"), new Fault(new SourcePosition("bar.conf", 1, 3), "a.none", "too shy")], _faults);
    }

    [Fact]
    public void Paths_start_at_the_directory_of_the_experiment_file()
    {
        var directory = Directory.CreateTempSubdirectory();
        try
        {
            var file = Path.Combine(directory.FullName, "copper.eam");
            File.WriteAllText(file, "");
            var scan = HoconScanner.Scan(
                Path.Combine(directory.FullName, "bar.conf"),
                "good = ./copper.eam\nslip = coper.eam\nlost = data/copper.eam\ndir = .\nempty = \"\"\nbad = \"\\u0000\"");
            var reader = new ConfigReader(scan.Root, _faults);

            Assert.Equal(file, reader.Path("good"));
            Assert.Empty(_faults);
            Assert.Equal(Path.Combine(directory.FullName, "x"), reader.Path("none", "x"));
            foreach (var key in new[] { "slip", "lost", "dir", "empty", "bad" })
            {
                reader.Path(key);
            }

            Assert.Equal(["slip", "lost", "dir", "empty", "bad"], _faults.Select(fault => fault.Key));
            Assert.Contains($"missing file '{Path.Combine(directory.FullName, "coper.eam")}'", _faults[0].Message, StringComparison.Ordinal);
            Assert.Contains("Did you mean 'copper.eam'?", _faults[0].Message, StringComparison.Ordinal);
            Assert.Contains("directory", _faults[1].Message, StringComparison.Ordinal);
            Assert.Contains("is a directory", _faults[2].Message, StringComparison.Ordinal);
            Assert.Contains("empty path", _faults[3].Message, StringComparison.Ordinal);
            Assert.Contains("control character", _faults[4].Message, StringComparison.Ordinal);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private ConfigReader Read(string text)
    {
        var scan = HoconScanner.Scan("bar.conf", text);
        Assert.Empty(scan.Faults);
        return new ConfigReader(scan.Root, _faults);
    }
}

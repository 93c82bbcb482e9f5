using System.Collections.Immutable;
using System.Globalization;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Host.Composition;

/// <summary>
/// Reads a block of keys by type. What is wrong is noted and reading goes on with a harmless value, so that all faults of a
/// file are found at once; keys that nobody asked for are unknown (<see cref="Finish"/>).
/// </summary>
public sealed class ConfigReader
{
    private readonly ConfigObject _block;
    private readonly string _path;
    private readonly List<Fault> _faults;
    private readonly SortedSet<string> _asked = new(StringComparer.Ordinal);

    /// <summary>A reader of <paramref name="block"/>, which stands at the dotted <paramref name="path"/>; faults go to <paramref name="faults"/>.</summary>
    public ConfigReader(ConfigObject block, string path, List<Fault> faults)
    {
        _block = block;
        _path = path;
        _faults = faults;
    }

    /// <summary>Where the block stands.</summary>
    public SourcePosition Position => _block.Position;

    /// <summary>The names of the keys, in order.</summary>
    public IEnumerable<string> Keys => _block.Entries.Select(e => e.Name);

    /// <summary>Whether the key is there.</summary>
    public bool Has(string key) => _block.Find(key) is not null;

    /// <summary>The value as it stands, or null.</summary>
    public ConfigNode? Node(string key)
    {
        _asked.Add(key);
        return _block.Find(key)?.Value;
    }

    /// <summary>Notes a fault at a key.</summary>
    public void Fault(string key, string message) =>
        _faults.Add(new Fault(_block.Find(key)?.KeyPosition ?? _block.Position, PathOf(key), message));

    /// <summary>A text; <paramref name="missing"/> where it is not there, or a fault if that is null.</summary>
    public string Text(string key, string? missing = null)
    {
        var scalar = Scalar(key, "a text", missing is null);
        return scalar?.Text ?? missing ?? "";
    }

    /// <summary>A number in <paramref name="unit"/>: bare, or with a unit of the same dimension.</summary>
    public double Number(string key, Unit unit, double? missing = null, double min = double.NegativeInfinity, double max = double.PositiveInfinity, bool above = false)
    {
        ArgumentNullException.ThrowIfNull(unit);
        if (Scalar(key, Example(unit), missing is null) is not { } scalar)
        {
            return missing ?? double.NaN;
        }

        var value = ParseNumber(key, scalar, unit);
        if (double.IsFinite(value) && !(value <= max && (above ? value > min : value >= min)))
        {
            Fault(key, Invariant($"{scalar.Text} is out of range; allowed is {Range(min, max, above)}{(unit == Unit.One ? "" : " " + unit)}."));
        }

        return value;
    }

    /// <summary>A whole number.</summary>
    public long Integer(string key, long? missing = null, long min = long.MinValue, long max = long.MaxValue)
    {
        if (Scalar(key, "a whole number", missing is null) is not { } scalar)
        {
            return missing ?? min;
        }

        if (!TryParseInteger(scalar.Text, out var value))
        {
            Fault(key, $"A whole number is needed; found '{scalar.Text}'.");
            return missing ?? Math.Max(min, 1);
        }

        if (value < min || value > max)
        {
            Fault(key, Invariant($"{value} is out of range; allowed is {Range(min == long.MinValue ? double.NegativeInfinity : min, max == long.MaxValue ? double.PositiveInfinity : max, false)}."));
            return Math.Clamp(value, min, max);
        }

        return value;
    }

    /// <summary>True or false: true, on, yes; false, off, no.</summary>
    public bool Flag(string key, bool? missing = null)
    {
        if (Scalar(key, "true or false", missing is null) is not { } scalar)
        {
            return missing ?? false;
        }

        switch (scalar.Text)
        {
            case "true" or "on" or "yes":
                return true;
            case "false" or "off" or "no":
                return false;
            default:
                Fault(key, $"True or false is needed; found '{scalar.Text}'.");
                return missing ?? false;
        }
    }

    /// <summary>One of <paramref name="allowed"/>.</summary>
    public string Choice(string key, IReadOnlyCollection<string> allowed, string? missing = null)
    {
        ArgumentNullException.ThrowIfNull(allowed);
        if (Scalar(key, "one of " + string.Join(", ", allowed), missing is null) is not { } scalar)
        {
            return missing ?? allowed.First();
        }

        if (!allowed.Contains(scalar.Text))
        {
            Fault(key, $"'{scalar.Text}' is none of {string.Join(", ", allowed)}.{(Suggestion.Nearest(scalar.Text, allowed) is { } near ? $" Did you mean '{near}'?" : "")}");
            return missing ?? allowed.First();
        }

        return scalar.Text;
    }

    /// <summary>A list of texts.</summary>
    public ImmutableArray<string> Texts(string key, bool required = false)
    {
        var texts = ImmutableArray.CreateBuilder<string>();
        foreach (var item in Array(key, "a list of texts, such as [a, b]", required))
        {
            if (item is ConfigScalar scalar)
            {
                texts.Add(scalar.Text);
            }
            else
            {
                Fault(key, $"Every item of the list is a text; found {KindOf(item)}.");
            }
        }

        return texts.ToImmutable();
    }

    /// <summary>A list of numbers in <paramref name="unit"/>.</summary>
    public ImmutableArray<double> Numbers(string key, Unit unit)
    {
        var numbers = ImmutableArray.CreateBuilder<double>();
        foreach (var item in Array(key, "a list of numbers, such as [1, 2.5]", required: true))
        {
            if (item is ConfigScalar scalar)
            {
                numbers.Add(ParseNumber(key, scalar, unit));
            }
            else
            {
                Fault(key, $"Every item of the list is a number; found {KindOf(item)}.");
            }
        }

        return numbers.ToImmutable();
    }

    /// <summary>The items of a list.</summary>
    public ImmutableArray<ConfigNode> Array(string key, string example, bool required)
    {
        switch (Node(key))
        {
            case ConfigArray array:
                return array.Items;
            case null:
                if (required)
                {
                    Missing(key, example);
                }

                return [];
            case var other:
                Fault(key, $"{Capital(example)} is needed; found {KindOf(other)}.");
                return [];
        }
    }

    /// <summary>A block of keys; an empty one where it is not there.</summary>
    public ConfigReader Section(string key, bool required = false)
    {
        switch (Node(key))
        {
            case ConfigObject block:
                return new ConfigReader(block, PathOf(key), _faults);
            case null:
                if (required)
                {
                    Missing(key, $"a block '{key} {{ … }}'");
                }

                break;
            case var other:
                Fault(key, $"A block '{key} {{ … }}' is needed; found {KindOf(other)}.");
                break;
        }

        return new ConfigReader(new ConfigObject(_block.Find(key)?.KeyPosition ?? _block.Position, []), PathOf(key), _faults);
    }

    /// <summary>The blocks inside a block, by name.</summary>
    public IEnumerable<(string Name, ConfigReader Reader)> Sections(string key, bool required = false)
    {
        var outer = Section(key, required);
        foreach (var name in outer.Keys.ToList())
        {
            yield return (name, outer.Section(name));
        }
    }

    /// <summary>A list of blocks.</summary>
    public IEnumerable<ConfigReader> Items(string key, bool required = false)
    {
        var index = 0;
        foreach (var item in Array(key, "a list of blocks, such as [ { … }, { … } ]", required))
        {
            var path = string.Create(CultureInfo.InvariantCulture, $"{PathOf(key)}.{index++}");
            if (item is ConfigObject block)
            {
                yield return new ConfigReader(block, path, _faults);
            }
            else
            {
                _faults.Add(new Fault(item.Position, path, $"A block '{{ … }}' is needed; found {KindOf(item)}."));
            }
        }
    }

    /// <summary>Notes every key that nobody asked for.</summary>
    public void Finish()
    {
        foreach (var entry in _block.Entries)
        {
            if (!_asked.Contains(entry.Name))
            {
                _faults.Add(new Fault(entry.KeyPosition, PathOf(entry.Name), $"There is no such key here.{Suggestion.Sentence(entry.Name, _asked)}"));
            }
        }
    }

    /// <summary>Reads a number that may be followed by a unit; false if it is none.</summary>
    public static bool TrySplitNumber(string text, out double value, out string unit)
    {
        ArgumentNullException.ThrowIfNull(text);
        var end = 0;
        while (end < text.Length && (char.IsAsciiDigit(text[end]) || text[end] is '.'
            || (text[end] is '+' or '-' && (end == 0 || text[end - 1] is 'e' or 'E'))
            || (text[end] is 'e' or 'E' && end > 0 && end + 1 < text.Length && (char.IsAsciiDigit(text[end + 1]) || text[end + 1] is '+' or '-'))))
        {
            end++;
        }

        unit = text[end..].Trim();
        return double.TryParse(text.AsSpan(0, end), NumberStyles.Float, CultureInfo.InvariantCulture, out value)
            && double.IsFinite(value)
            && (end == text.Length || text[end] is ' ' or '\t' || char.IsLetter(text[end]) || text[end] is '%' or '°')
            && (unit.Length == 0 || !char.IsAsciiDigit(unit[0]) || unit == "1");
    }

    private double ParseNumber(string key, ConfigScalar scalar, Unit unit)
    {
        if (!TrySplitNumber(scalar.Text, out var value, out var symbol))
        {
            var comma = scalar.Text.Contains(',', StringComparison.Ordinal) ? " Decimals are written with a point." : "";
            Fault(key, $"{Capital(Example(unit))} is needed; found '{scalar.Text}'.{comma}");
            return double.NaN;
        }

        if (symbol.Length == 0)
        {
            return value;
        }

        if (!Unit.TryParse(symbol, out var found, out var fault))
        {
            Fault(key, $"{Capital(Example(unit))} is needed; found '{scalar.Text}', and {fault}.{(Suggestion.Nearest(symbol, Unit.KnownSymbols) is { } near && near != symbol ? $" Did you mean '{near}'?" : "")}");
            return double.NaN;
        }

        if (!found.IsCompatibleWith(unit))
        {
            Fault(key, $"{Capital(Example(unit))} is needed; found '{scalar.Text}', whose unit measures something else ({found.Dimension} instead of {unit.Dimension}).");
            return double.NaN;
        }

        // Equal scales leave the number as it is written, to the last bit.
        return found.Scale == unit.Scale ? value : value * (found.Scale / unit.Scale);
    }

    private ConfigScalar? Scalar(string key, string example, bool required)
    {
        switch (Node(key))
        {
            case ConfigScalar scalar:
                return scalar;
            case null:
                if (required)
                {
                    Missing(key, example);
                }

                return null;
            case var other:
                Fault(key, $"{Capital(example)} is needed; found {KindOf(other)}.");
                return null;
        }
    }

    private void Missing(string key, string example) =>
        _faults.Add(new Fault(_block.Position, PathOf(key), $"The key '{key}' is missing; {example} is needed."));

    private string PathOf(string key) => _path.Length == 0 ? key : $"{_path}.{key}";

    private static bool TryParseInteger(string text, out long value)
    {
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value))
        {
            return true;
        }

        // 1e6 is a whole number too.
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number == Math.Floor(number) && Math.Abs(number) < 1e15)
        {
            value = (long)number;
            return true;
        }

        return false;
    }

    private static string Example(Unit unit) => unit.Dimension == default ? "a number" : unit.Dimension == Unit.Parse("s").Dimension ? "a time, such as '0.1 s'," : $"a number, such as '1 {unit}',";

    private static string KindOf(ConfigNode node) => node switch
    {
        ConfigScalar scalar => $"'{scalar.Text}'",
        ConfigArray => "a list",
        _ => "a block",
    };

    private static string Range(double min, double max, bool above)
    {
        var low = double.IsNegativeInfinity(min) ? "" : Invariant($"{(above ? "above" : "at least")} {min}");
        var high = double.IsPositiveInfinity(max) ? "" : Invariant($"at most {max}");
        return low.Length > 0 && high.Length > 0 ? $"{low} and {high}" : low + high;
    }

    private static string Capital(string text) => char.ToUpperInvariant(text[0]) + text[1..];

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Host.Composition;

/// <summary>
/// Reads one section of an experiment by asking for its keys. Whatever is wrong goes to a shared list of faults, never into an exception,
/// so that one pass over an experiment finds everything. A key that nobody asked for is unknown: <see cref="Finish"/> reports it.
/// </summary>
/// <remarks>
/// After a fault an accessor returns its fallback or, without one, something of the right type (an empty text, NaN, zero, the first
/// choice). Such values are not meant to be used: look at the list of faults first. An accessor without a fallback makes its key required.
/// </remarks>
public sealed class ConfigReader : IDisposable
{
    private readonly ConfigObject _section;
    private readonly List<Fault> _faults;
    private readonly string _directory;
    private readonly bool _isSilent;
    private readonly SortedSet<string> _known = new(StringComparer.Ordinal);
    private readonly Dictionary<ConfigObject, ConfigReader> _children = new(ReferenceEqualityComparer.Instance);
    private bool _isFinished;

    /// <summary>Wraps a section.</summary>
    /// <param name="section">The section, usually the root of a file.</param>
    /// <param name="faults">Takes what is wrong; shared with the readers of inner sections.</param>
    /// <param name="key">The dotted path of the section; empty for the root.</param>
    /// <param name="directory">What relative paths are relative to; by default the directory of the file that the
    /// section stands in.</param>
    public ConfigReader(ConfigObject section, List<Fault> faults, string key = "", string? directory = null)
        : this(section, faults, key, directory ?? DirectoryOf(section), isSilent: false)
    {
    }

    private ConfigReader(ConfigObject section, List<Fault> faults, string key, string directory, bool isSilent)
    {
        ArgumentNullException.ThrowIfNull(section);
        ArgumentNullException.ThrowIfNull(faults);
        ArgumentNullException.ThrowIfNull(key);
        _section = section;
        _faults = faults;
        _directory = directory;
        _isSilent = isSilent;
        Key = key;
    }

    /// <summary>The dotted path of this section; empty for the root.</summary>
    public string Key { get; }

    /// <summary>Where this section begins.</summary>
    public SourcePosition Position => _section.Position;

    /// <summary>The keys that stand in this section, in order of appearance.</summary>
    public IEnumerable<string> Names => _section.Entries.Select(static entry => entry.Name);

    /// <summary>Whether the key stands in this section. Asking makes the key known.</summary>
    public bool Has(string key) => Node(key) is not null;

    /// <summary>The value as it was written, or <see langword="null"/>. Asking makes the key, and whatever is in it, known.</summary>
    public ConfigNode? Node(string key)
    {
        _known.Add(key);
        return _section.TryGet(key, out var entry) ? entry.Value : null;
    }

    /// <summary>Where the value of the key stands; where the section begins if the key does not occur.</summary>
    public SourcePosition PositionOf(string key) => _section.TryGet(key, out var entry) ? entry.Value.Position : Position;

    /// <summary>Reports something about the value of a key.</summary>
    public void Fault(string key, string message) => ReportAt(PositionOf(key), KeyPath.Join(Key, key), message);

    /// <summary>Reads a text.</summary>
    public string Text(string key, string? fallback = null) =>
        Scalar(key, fallback is null, "a text") is { } scalar ? scalar.Text : fallback ?? "";

    /// <summary>Reads a number, bare or with a unit: <c>10 ms</c> is 0.01 if <paramref name="unit"/> is second.</summary>
    /// <param name="key">The key.</param>
    /// <param name="unit">The unit of the result, and of a bare number.</param>
    /// <param name="fallback">The value if the key does not occur.</param>
    /// <param name="min">The smallest value allowed, in <paramref name="unit"/>.</param>
    /// <param name="max">The largest value allowed, in <paramref name="unit"/>.</param>
    /// <param name="exclusiveMin">Whether <paramref name="min"/> itself is not allowed.</param>
    public double Number(
        string key,
        Unit unit,
        double? fallback = null,
        double min = double.NegativeInfinity,
        double max = double.PositiveInfinity,
        bool exclusiveMin = false)
    {
        ArgumentNullException.ThrowIfNull(unit);
        if (Scalar(key, fallback is null, QuantityText.Expected(unit)) is not { } scalar)
        {
            return fallback ?? double.NaN;
        }

        if (!QuantityText.TryRead(scalar.Text, unit, out var value, out var fault))
        {
            Fault(key, fault);
            return fallback ?? double.NaN;
        }

        var isTooSmall = exclusiveMin ? value <= min : value < min;
        if (!isTooSmall && value <= max)
        {
            return value;
        }

        var symbol = unit.Dimension == default ? "" : " " + unit.Symbol;
        var allowed = isTooSmall
            ? $"{(exclusiveMin ? "greater than" : "at least")} {Written(min)}{symbol}"
            : $"at most {Written(max)}{symbol}";
        Fault(key, $"found '{Shorten(scalar.Text)}'; it has to be {allowed}");
        return fallback ?? double.NaN;
    }

    /// <summary>Reads a whole number; <c>1e6</c> is one.</summary>
    public long Integer(string key, long? fallback = null, long min = long.MinValue, long max = long.MaxValue)
    {
        if (Scalar(key, fallback is null, "a whole number") is not { } scalar)
        {
            return fallback ?? Math.Clamp(0, min, max);
        }

        if (!decimal.TryParse(scalar.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
        {
            var isNumber = QuantityText.TryRead(scalar.Text, Unit.One, out _, out _);
            Fault(key, isNumber
                ? $"'{Shorten(scalar.Text)}' is out of range"
                : $"found '{Shorten(scalar.Text)}'; expected a whole number such as '20', without a unit");
        }
        else if (number != decimal.Truncate(number) || (number == 0 && QuantityText.HasNonZeroDigit(scalar.Text)))
        {
            Fault(key, $"found '{Shorten(scalar.Text)}', which is not a whole number");
        }
        else if (number < min || number > max)
        {
            var allowed = number < min ? $"at least {Written(min)}" : $"at most {Written(max)}";
            Fault(key, $"found '{Shorten(scalar.Text)}'; it has to be {allowed}");
        }
        else
        {
            return (long)number;
        }

        return fallback ?? Math.Clamp(0, min, max);
    }

    /// <summary>Reads a flag: <c>true</c>, <c>on</c>, <c>yes</c> or <c>false</c>, <c>off</c>, <c>no</c>.</summary>
    public bool Flag(string key, bool? fallback = null)
    {
        string[] allowed = ["true", "false", "on", "off", "yes", "no"];
        return OneOf(key, allowed, fallback is null) switch
        {
            "true" or "on" or "yes" => true,
            "false" or "off" or "no" => false,
            _ => fallback ?? false,
        };
    }

    /// <summary>
    /// Reads a choice between the names of an enumeration in kebab case: <c>relative-residual</c> for <c>RelativeResidual</c>.
    /// </summary>
    public TEnum Choice<TEnum>(string key, TEnum? fallback = null)
        where TEnum : struct, Enum
    {
        var names = Enum.GetNames<TEnum>();
        var words = System.Array.ConvertAll(names, Kebab);
        return OneOf(key, words, fallback is null) is { } chosen
            ? Enum.Parse<TEnum>(names[System.Array.IndexOf(words, chosen)])
            : fallback ?? default;
    }

    /// <summary>Reads a choice between given words.</summary>
    public string Choice(string key, IReadOnlyCollection<string> allowed, string? fallback = null)
    {
        ArgumentNullException.ThrowIfNull(allowed);
        return OneOf(key, allowed, fallback is null) ?? fallback ?? allowed.FirstOrDefault("");
    }

    /// <summary>
    /// Reads the path of a file that exists and makes it absolute. Relative paths start at the directory of the experiment file.
    /// </summary>
    /// <param name="key">The key.</param>
    /// <param name="fallback">The path if the key does not occur; whether there is such a file is then not checked.</param>
    public string Path(string key, string? fallback = null)
    {
        if (Scalar(key, fallback is null, "the path of a file") is not { } scalar)
        {
            return string.IsNullOrEmpty(fallback) ? "" : System.IO.Path.GetFullPath(fallback, _directory);
        }

        if (scalar.Text.Length == 0 || scalar.Text.Any(char.IsControl))
        {
            Fault(key, scalar.Text.Length == 0
                ? "found an empty path; expected the path of a file"
                : "the path has a control character in it. Write '/' or '\\\\' between directories");
            return fallback ?? "";
        }

        try
        {
            var path = System.IO.Path.GetFullPath(scalar.Text, _directory);
            if (!File.Exists(path))
            {
                Fault(key, MissingFile(path));
            }

            return path;
        }
        catch (Exception exception)
            when (exception is IOException or ArgumentException or NotSupportedException or UnauthorizedAccessException)
        {
            Fault(key, $"'{Shorten(scalar.Text)}' is not a path: {exception.Message}");
            return fallback ?? "";
        }
    }

    /// <summary>Reads an array of numbers, each as <see cref="Number"/> does.</summary>
    /// <param name="key">The key.</param>
    /// <param name="unit">The unit of the results, and of bare numbers.</param>
    /// <param name="count">How many there have to be, if that is given.</param>
    /// <param name="fallback">The values if the key does not occur.</param>
    public ImmutableArray<double> Numbers(string key, Unit unit, int? count = null, ImmutableArray<double>? fallback = null)
    {
        ArgumentNullException.ThrowIfNull(unit);
        var number = count is null ? "" : $"{Written(count.Value)} ";
        if (Array(key, fallback is null, $"an array of {number}numbers, each {QuantityText.Expected(unit)}") is not { } array)
        {
            return fallback ?? [];
        }

        var values = ImmutableArray.CreateBuilder<double>(array.Items.Length);
        foreach (var (element, item) in Elements(key, array))
        {
            if (item is not ConfigScalar scalar)
            {
                ReportKind(item, element, QuantityText.Expected(unit));
            }
            else if (QuantityText.TryRead(scalar.Text, unit, out var value, out var fault))
            {
                values.Add(value);
            }
            else
            {
                ReportAt(scalar.Position, element, fault);
            }
        }

        if (count is not null && array.Items.Length != count)
        {
            Fault(key, $"found {array.Items.Length} numbers; expected {number.TrimEnd()}");
        }

        return values.ToImmutable();
    }

    /// <summary>Reads an array of texts.</summary>
    /// <param name="key">The key.</param>
    /// <param name="fallback">The texts if the key does not occur.</param>
    public ImmutableArray<string> Texts(string key, ImmutableArray<string>? fallback = null)
    {
        if (Array(key, fallback is null, "an array of texts") is not { } array)
        {
            return fallback ?? [];
        }

        var texts = ImmutableArray.CreateBuilder<string>(array.Items.Length);
        foreach (var (element, item) in Elements(key, array))
        {
            if (item is ConfigScalar scalar)
            {
                texts.Add(scalar.Text);
            }
            else
            {
                ReportKind(item, element, "a text");
            }
        }

        return texts.ToImmutable();
    }

    /// <summary>
    /// Reads an inner section. If it does not occur, the reader is one of an empty section: an optional one then gives the fallbacks of its
    /// keys; a required one is reported once and its own keys are not.
    /// </summary>
    public ConfigReader Section(string key, bool required = true)
    {
        const string expected = "a section { … }";
        var node = Find(key, required, expected);
        if (node is ConfigObject section)
        {
            return Child(section, KeyPath.Join(Key, key));
        }

        if (node is not null)
        {
            ReportKind(node, KeyPath.Join(Key, key), expected);
        }

        var isReported = required || _section.TryGet(key, out _);
        var empty = new ConfigObject(PositionOf(key), []);
        return new ConfigReader(empty, _faults, KeyPath.Join(Key, key), _directory, isSilent: _isSilent || isReported);
    }

    /// <summary>Reads a section of named sections: <c>participants { atoms { … }, bar { … } }</c>.</summary>
    public IReadOnlyList<(string Name, ConfigReader Reader)> Sections(string key, bool required = true)
    {
        const string expected = "a section of named sections: name { … }";
        var node = Find(key, required, expected);
        if (node is not ConfigObject parent)
        {
            ReportKind(node, KeyPath.Join(Key, key), expected);
            return [];
        }

        var readers = new List<(string, ConfigReader)>();
        foreach (var entry in parent.Entries)
        {
            var path = KeyPath.Join(KeyPath.Join(Key, key), entry.Name);
            if (entry.Value is ConfigObject section)
            {
                readers.Add((entry.Name, Child(section, path)));
            }
            else
            {
                ReportKind(entry.Value, path, "a section { … }");
            }
        }

        return readers;
    }

    /// <summary>Reads an array of sections: <c>conduits = [ { … }, { … } ]</c>.</summary>
    public IReadOnlyList<ConfigReader> Items(string key, bool required = true)
    {
        if (Array(key, required, "an array of sections: [ { … }, { … } ]") is not { } array)
        {
            return [];
        }

        var readers = new List<ConfigReader>();
        foreach (var (element, item) in Elements(key, array))
        {
            if (item is ConfigObject section)
            {
                readers.Add(Child(section, element));
            }
            else
            {
                ReportKind(item, element, "a section { … }");
            }
        }

        return readers;
    }

    /// <summary>Reports every key that was not asked for, here and in all inner sections that were read. Does so once.</summary>
    public void Finish()
    {
        if (_isFinished)
        {
            return;
        }

        _isFinished = true;
        foreach (var entry in _section.Entries.Where(entry => !_known.Contains(entry.Name) && entry.Value is not ConfigUnreadable))
        {
            var where = Key.Length == 0 ? "at the top level" : $"in '{Key}'";
            ReportAt(entry.KeyPosition, KeyPath.Join(Key, entry.Name), $"unknown key {where}. {Suggestion.Sentence(entry.Name, _known)}");
        }

        foreach (var child in _children.Values)
        {
            child.Finish();
        }
    }

    /// <summary>The same as <see cref="Finish"/>, for <see langword="using"/>.</summary>
    public void Dispose() => Finish();

    private static string DirectoryOf(ConfigObject section)
    {
        ArgumentNullException.ThrowIfNull(section);
        var file = section.Position.File;
        return file.Length == 0 || file.Contains('\0', StringComparison.Ordinal)
            ? Directory.GetCurrentDirectory()
            : System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(file)) ?? Directory.GetCurrentDirectory();
    }

    private ConfigReader Child(ConfigObject section, string key)
    {
        if (!_children.TryGetValue(section, out var child))
        {
            child = new ConfigReader(section, _faults, key, _directory, _isSilent);
            _children.Add(section, child);
        }

        return child;
    }

    private static IEnumerable<(string Key, ConfigNode Item)> Numbered(string key, ConfigArray array) =>
        array.Items.Select((item, index) => (string.Create(CultureInfo.InvariantCulture, $"{key}.{index}"), item));

    private IEnumerable<(string Key, ConfigNode Item)> Elements(string key, ConfigArray array) => Numbered(KeyPath.Join(Key, key), array);

    /// <summary>
    /// The value of the key, now known; <see langword="null"/> if there is none that could be read, which has then been reported if it has
    /// to be.
    /// </summary>
    private ConfigNode? Find(string key, bool required, string expected)
    {
        var node = Node(key);
        if (node is null && required)
        {
            var where = Key.Length == 0 ? "the experiment" : $"section '{Key}'";
            ReportAt(Position, KeyPath.Join(Key, key), $"missing in {where}. Expected {expected}");
        }

        return node is ConfigUnreadable ? null : node;
    }

    private ConfigScalar? Scalar(string key, bool required, string expected)
    {
        var node = Find(key, required, expected);
        if (node is not ConfigScalar)
        {
            ReportKind(node, KeyPath.Join(Key, key), expected);
        }

        return node as ConfigScalar;
    }

    private ConfigArray? Array(string key, bool required, string expected)
    {
        var node = Find(key, required, expected);
        if (node is not ConfigArray)
        {
            ReportKind(node, KeyPath.Join(Key, key), expected);
        }

        return node as ConfigArray;
    }

    /// <summary>The chosen word, or <see langword="null"/>.</summary>
    private string? OneOf(string key, IReadOnlyCollection<string> allowed, bool required)
    {
        if (Scalar(key, required, $"one of {Suggestion.List(allowed)}") is not { } scalar)
        {
            return null;
        }

        if (allowed.Contains(scalar.Text, StringComparer.Ordinal))
        {
            return scalar.Text;
        }

        var guess = Suggestion.Nearest(scalar.Text, allowed) is { } nearest ? $" Did you mean '{nearest}'?" : "";
        Fault(key, $"found '{Shorten(scalar.Text)}'; expected one of {Suggestion.List(allowed)}.{guess}");
        return null;
    }

    private void ReportKind(ConfigNode? node, string key, string expected)
    {
        var found = node switch
        {
            null or ConfigUnreadable => null,
            ConfigObject => "a section { … }",
            ConfigArray => "an array [ … ]",
            ConfigScalar scalar => $"the value '{Shorten(scalar.Text)}'",
            _ => throw new NotSupportedException($"A node of type {node.GetType().Name} is not known here."),
        };
        if (found is not null)
        {
            ReportAt(node!.Position, key, $"found {found}; expected {expected}");
        }
    }

    private void ReportAt(SourcePosition position, string key, string message)
    {
        if (!_isSilent)
        {
            _faults.Add(new Fault(position, key, message));
        }
    }

    private static string MissingFile(string path)
    {
        if (Directory.Exists(path))
        {
            return $"'{path}' is a directory; expected a file";
        }

        var missing = path;
        var directory = System.IO.Path.GetDirectoryName(path);
        while (directory is not null && !Directory.Exists(directory))
        {
            missing = directory;
            directory = System.IO.Path.GetDirectoryName(directory);
        }

        var names = directory is null ? [] : Neighbours(directory);
        var guess = Suggestion.Nearest(System.IO.Path.GetFileName(missing), names) is { } nearest ? $" Did you mean '{nearest}'?" : "";
        var first = missing == path ? "" : $": already the directory '{missing}' does not exist";
        return $"missing file '{path}'{first}. Relative paths start at the directory of the experiment file.{guess}";
    }

    private static List<string> Neighbours(string directory)
    {
        const int most = 10_000;
        try
        {
            return new DirectoryInfo(directory).EnumerateFileSystemInfos().Take(most).Select(static entry => entry.Name).ToList();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary><c>RelativeResidual</c> to <c>relative-residual</c>.</summary>
    /// <summary>A name of code as users write it: <c>nearest-neighbor</c> for <c>NearestNeighbor</c>.</summary>
    public static string KebabOf(string name) => Kebab(name);

    private static string Kebab(string name)
    {
        var kebab = new StringBuilder();
        for (var i = 0; i < name.Length; i++)
        {
            var startsWord = i > 0 && char.IsUpper(name[i])
                && (!char.IsUpper(name[i - 1]) || (i + 1 < name.Length && char.IsLower(name[i + 1])));
            if (name[i] == '_' || (startsWord && name[i - 1] != '_'))
            {
                kebab.Append('-');
            }

            if (name[i] != '_')
            {
                kebab.Append(char.ToLowerInvariant(name[i]));
            }
        }

        return kebab.ToString();
    }

    private static string Written<T>(T number)
        where T : IFormattable => number.ToString(null, CultureInfo.InvariantCulture);

    private static string Shorten(string text) => text.Length <= 40 ? text : text[..40] + "…";
}

using System.Collections.Immutable;

namespace ActorMultiscale.Physics.Models;

/// <summary>The settings of one participant, complete with defaults, as its model reads them.</summary>
public sealed class ModelSettings
{
    private readonly ModelEntry _entry;
    private readonly ImmutableSortedDictionary<string, object> _given;

    private ModelSettings(ModelSettings other, int ensembleIndex) => (Name, _entry, _given, EnsembleIndex) = (other.Name, other._entry, other._given, ensembleIndex);

    /// <summary>The index of the participant in its ensemble; 0 where it is none.</summary>
    public int EnsembleIndex { get; }

    /// <summary>The same settings for another member of an ensemble.</summary>
    public ModelSettings WithEnsembleIndex(int index) => new(this, index);

    /// <summary>Settings of the participant <paramref name="name"/>.</summary>
    /// <param name="name">The participant's name.</param>
    /// <param name="entry">The model, which says what settings there are.</param>
    /// <param name="given">
    /// What the experiment gives: <see cref="double"/>, <see cref="long"/>, <see cref="bool"/>, <see cref="string"/>,
    /// <see cref="ImmutableArray{T}"/> of doubles or of texts, or <see cref="InputFile"/>; a whole number will do for a number.
    /// </param>
    /// <exception cref="ScaleModelException">A value is unknown, missing, of the wrong kind or out of range; the message names all of them.</exception>
    public ModelSettings(string name, ModelEntry entry, IEnumerable<KeyValuePair<string, object>> given)
    {
        ArgumentNullException.ThrowIfNull(entry);
        Name = name;
        _entry = entry;
        _given = given.ToImmutableSortedDictionary(StringComparer.Ordinal);
        var faults = Faults(entry, _given);
        if (!faults.IsEmpty)
        {
            throw new ScaleModelException($"The settings of '{name}' ({entry.Kind}): " + string.Join(" ", faults.Select(f => f.Message)));
        }
    }

    /// <summary>The participant's name.</summary>
    public string Name { get; }

    /// <summary>What the experiment gives, without defaults.</summary>
    public IReadOnlyDictionary<string, object> Given => _given;

    /// <summary>Whether the setting has a value, its own or a default.</summary>
    public bool Has(string key) => ValueOf(key) is not null;

    /// <summary>A number, in the unit that the setting declares.</summary>
    public double Number(string key) => ValueOf(key) is { } value ? ToNumber(value) : throw Missing(key);

    /// <summary>A whole number.</summary>
    public int Integer(string key) => checked((int)Get<long>(key));

    /// <summary>True or false.</summary>
    public bool Flag(string key) => Get<bool>(key);

    /// <summary>One of the setting's words.</summary>
    public string Choice(string key) => Get<string>(key);

    /// <summary>A text.</summary>
    public string Text(string key) => Get<string>(key);

    /// <summary>A list of numbers.</summary>
    public ImmutableArray<double> Numbers(string key) => Get<ImmutableArray<double>>(key);

    /// <summary>A list of texts.</summary>
    public ImmutableArray<string> Texts(string key) => Get<ImmutableArray<string>>(key);

    /// <summary>An input file, or null where an optional one is not given.</summary>
    public InputFile? File(string key) => ValueOf(key) as InputFile;

    /// <summary>What is wrong with <paramref name="given"/>, setting by setting.</summary>
    public static ImmutableArray<(string Key, string Message)> Faults(ModelEntry entry, IReadOnlyDictionary<string, object> given)
    {
        ArgumentNullException.ThrowIfNull(entry);
        ArgumentNullException.ThrowIfNull(given);
        var faults = ImmutableArray.CreateBuilder<(string, string)>();
        foreach (var key in given.Keys.Where(key => entry.Settings.All(s => s.Key != key)).Order(StringComparer.Ordinal))
        {
            faults.Add((key, $"'{key}' is no setting of the model '{entry.Kind}'; its settings are: {string.Join(", ", entry.Settings.Select(s => s.Key))}."));
        }

        foreach (var setting in entry.Settings)
        {
            if (!given.TryGetValue(setting.Key, out var value))
            {
                if (setting.Default is null && !setting.Optional)
                {
                    faults.Add((setting.Key, $"the setting '{setting.Key}' is missing: {setting.Meaning}"));
                }
            }
            else if (FaultOf(setting, value) is { } fault)
            {
                faults.Add((setting.Key, fault));
            }
        }

        return faults.ToImmutable();
    }

    private static string? FaultOf(Setting setting, object value)
    {
        FormattableString? fault = setting.Kind switch
        {
            SettingKind.Number when value is not (double or long or int) => $"'{setting.Key}' takes a number in {setting.Unit}; found '{value}'.",
            SettingKind.Number when !InRange(setting, ToNumber(value)) => $"'{setting.Key}' is {ToNumber(value)} {setting.Unit}; allowed is {RangeOf(setting)}.",
            SettingKind.Integer when value is not (long or int) => $"'{setting.Key}' takes a whole number; found '{value}'.",
            SettingKind.Integer when !InRange(setting, ToNumber(value)) => $"'{setting.Key}' is {value}; allowed is {RangeOf(setting)}.",
            SettingKind.Flag when value is not bool => $"'{setting.Key}' is true or false; found '{value}'.",
            SettingKind.Choice when value is not string word || !setting.Choices.Contains(word) => $"'{setting.Key}' is one of {string.Join(", ", setting.Choices)}; found '{value}'.",
            SettingKind.Text when value is not string => $"'{setting.Key}' takes a text; found '{value}'.",
            SettingKind.Numbers when value is not ImmutableArray<double> => $"'{setting.Key}' takes a list of numbers in {setting.Unit}; found '{value}'.",
            SettingKind.Numbers when value is ImmutableArray<double> list && !list.All(double.IsFinite) => $"'{setting.Key}' takes finite numbers.",
            SettingKind.Texts when value is not ImmutableArray<string> => $"'{setting.Key}' takes a list of texts; found '{value}'.",
            SettingKind.Path when value is not string => $"'{setting.Key}' takes a path; found '{value}'.",
            SettingKind.File when value is not InputFile => $"'{setting.Key}' takes a file.",
            _ => null,
        };
        return fault?.ToString(System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>The allowed range of a numeric setting, in words.</summary>
    public static string RangeOf(Setting setting)
    {
        ArgumentNullException.ThrowIfNull(setting);
        var low = double.IsNegativeInfinity(setting.Minimum) || setting.Minimum == long.MinValue ? null : (FormattableString)$"{(setting.AboveMinimum ? "above" : "at least")} {setting.Minimum}";
        var high = double.IsPositiveInfinity(setting.Maximum) || setting.Maximum >= long.MaxValue ? null : (FormattableString)$"at most {setting.Maximum}";
        return string.Join(" and ", new[] { low, high }.OfType<FormattableString>().Select(FormattableString.Invariant)) is { Length: > 0 } text ? text : "any";
    }

    private static bool InRange(Setting setting, double value) =>
        double.IsFinite(value) && value <= setting.Maximum && (setting.AboveMinimum ? value > setting.Minimum : value >= setting.Minimum);

    private static double ToNumber(object value) => value switch { double d => d, long l => l, int i => i, _ => double.NaN };

    private T Get<T>(string key) => ValueOf(key) switch
    {
        T value => value,
        int number when typeof(T) == typeof(long) => (T)(object)(long)number,
        null => throw Missing(key),
        var other => throw new ScaleModelException($"The setting '{key}' of '{Name}' is declared as {other.GetType().Name} and read as {typeof(T).Name}."),
    };

    private ScaleModelException Missing(string key) => new($"The setting '{key}' of '{Name}' has no value; the model reads it but did not declare it as required.");

    private object? ValueOf(string key)
    {
        if (_given.TryGetValue(key, out var value))
        {
            return value;
        }

        foreach (var setting in _entry.Settings)
        {
            if (setting.Key == key)
            {
                return setting.Default;
            }
        }

        throw new ScaleModelException($"The model '{_entry.Kind}' reads the setting '{key}', which it does not declare.");
    }
}

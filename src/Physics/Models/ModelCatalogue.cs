using System.Collections.Immutable;

namespace ActorMultiscale.Physics.Models;

/// <summary>A kind of scale model that experiments can name.</summary>
/// <param name="Kind">The word used in experiments, lower-kebab.</param>
/// <param name="Summary">One sentence: what it solves.</param>
/// <param name="Settings">What can be set.</param>
/// <param name="Create">Makes a fresh model from complete settings.</param>
public sealed record ModelEntry(string Kind, string Summary, ImmutableArray<Setting> Settings, Func<ModelSettings, IScaleModel> Create)
{
    /// <summary>A model without settings.</summary>
    public ModelEntry(string kind, string summary, Func<ModelSettings, IScaleModel> create) : this(kind, summary, [], create) { }

    /// <summary>
    /// Divides the body that settings describe into sub-domains; null for a kind that is computed by one participant. It throws
    /// <see cref="ScaleModelException"/>, which names all that keeps the body from being divided so.
    /// </summary>
    public Func<ModelSettings, Subdomains, DividedModel>? Divide { get; init; }

    /// <summary>
    /// Settings with which a model can be made to show its ports: defaults, and the least allowed value, the first word or zero where
    /// there is none; null where an input file is needed.
    /// </summary>
    public ModelSettings? Example()
    {
        var given = new List<KeyValuePair<string, object>>();
        foreach (var setting in Settings.Where(s => s.Default is null && !s.Optional))
        {
            object? value = setting.Kind switch
            {
                SettingKind.Number => double.IsNegativeInfinity(setting.Minimum) ? Math.Min(1, setting.Maximum) : setting.AboveMinimum ? Math.Min(setting.Minimum + 1, setting.Maximum) : setting.Minimum,
                SettingKind.Integer => setting.Minimum <= long.MinValue ? 1L : (long)setting.Minimum,
                SettingKind.Flag => false,
                SettingKind.Choice => setting.Choices[0],
                SettingKind.Numbers => ImmutableArray.Create(1.0),
                SettingKind.Text => "",
                _ => null,
            };
            if (value is null)
            {
                return null;
            }

            given.Add(new(setting.Key, value));
        }

        return new ModelSettings("example", this, given);
    }
}

/// <summary>The kinds of scale model that experiments can name.</summary>
public sealed class ModelCatalogue
{
    private readonly SortedDictionary<string, ModelEntry> _entries = new(StringComparer.Ordinal);

    /// <summary>Every entry, in ordinal order of kinds.</summary>
    public IEnumerable<ModelEntry> Entries => _entries.Values;

    /// <summary>Adds a kind of model.</summary>
    /// <exception cref="ArgumentException">The kind is already there.</exception>
    public ModelCatalogue Add(ModelEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return _entries.TryAdd(entry.Kind, entry)
            ? this
            : throw new ArgumentException($"The catalogue has a model '{entry.Kind}' already; give yours another name.", nameof(entry));
    }

    /// <summary>The entry called <paramref name="kind"/>, or null.</summary>
    public ModelEntry? Find(string kind) => _entries.GetValueOrDefault(kind);
}

/// <summary>
/// The one class by which an assembly of user-written models introduces itself. It has a public constructor without
/// parameters; an experiment names the assembly under <c>models</c>.
/// </summary>
public interface IModelLibrary
{
    /// <summary>Adds the assembly's models.</summary>
    void AddTo(ModelCatalogue catalogue);
}

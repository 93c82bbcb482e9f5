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

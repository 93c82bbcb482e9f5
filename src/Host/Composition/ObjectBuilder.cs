namespace ActorMultiscale.Host.Composition;

/// <summary>A section while it is being read: dotted keys and repeated blocks add to the same section.</summary>
internal sealed class ObjectBuilder(SourcePosition position)
{
    private readonly List<Slot> _slots = [];
    private readonly Dictionary<string, Slot> _byName = new(StringComparer.Ordinal);

    /// <summary>The key under that name, or <see langword="null"/>.</summary>
    public Slot? Find(string name) => _byName.GetValueOrDefault(name);

    public void AddValue(string name, SourcePosition keyPosition, ConfigNode value) => Add(new Slot(name, keyPosition, value, null));

    public ObjectBuilder AddSection(string name, SourcePosition keyPosition, SourcePosition sectionPosition)
    {
        var section = new ObjectBuilder(sectionPosition);
        Add(new Slot(name, keyPosition, null, section));
        return section;
    }

    public ConfigObject Build() => new(position, [.. _slots.Select(static slot => slot.Build())]);

    private void Add(Slot slot)
    {
        _slots.Add(slot);
        _byName.Add(slot.Name, slot);
    }

    /// <summary>A key with either a finished value or a section that may still grow.</summary>
    internal sealed record Slot(string Name, SourcePosition KeyPosition, ConfigNode? Value, ObjectBuilder? Section)
    {
        public ConfigEntry Build() => new(Name, KeyPosition, Value ?? Section!.Build());
    }
}

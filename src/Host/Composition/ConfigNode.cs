using System.Collections.Immutable;

namespace ActorMultiscale.Host.Composition;

/// <summary>A place in a text; lines and columns count from 1.</summary>
public readonly record struct SourcePosition(string File, int Line, int Column)
{
    /// <inheritdoc/>
    public override string ToString() => Line == 0 ? File : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{File}:{Line}:{Column}");
}

/// <summary>Something wrong with a text.</summary>
/// <param name="Position">Where.</param>
/// <param name="Key">The dotted path of the key; empty where there is none.</param>
/// <param name="Message">What was found, what is allowed, and the likely cause.</param>
public sealed record Fault(SourcePosition Position, string Key, string Message);

/// <summary>A value in a text.</summary>
public abstract record ConfigNode(SourcePosition Position);

/// <summary>A number, word or text, as it was written.</summary>
public sealed record ConfigScalar(SourcePosition Position, string Text, bool Quoted) : ConfigNode(Position);

/// <summary>A list.</summary>
public sealed record ConfigArray(SourcePosition Position, ImmutableArray<ConfigNode> Items) : ConfigNode(Position);

/// <summary>A block of keys, in order of appearance.</summary>
public sealed record ConfigObject(SourcePosition Position, ImmutableArray<ConfigEntry> Entries) : ConfigNode(Position)
{
    /// <summary>The entry called <paramref name="name"/>, or null.</summary>
    public ConfigEntry? Find(string name)
    {
        foreach (var entry in Entries)
        {
            if (entry.Name == name)
            {
                return entry;
            }
        }

        return null;
    }
}

/// <summary>A key with its value.</summary>
public sealed record ConfigEntry(string Name, SourcePosition KeyPosition, ConfigNode Value);

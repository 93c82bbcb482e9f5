using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace ActorMultiscale.Host.Composition;

/// <summary>A value in an experiment file, with the place where it was written.</summary>
/// <param name="Position">Where the value begins.</param>
public abstract record ConfigNode(SourcePosition Position);

/// <summary>A single value: text, number, flag or quantity. What it means is decided by who reads it.</summary>
/// <param name="Position">Where the value begins.</param>
/// <param name="Text">The text without quotes, escapes resolved.</param>
/// <param name="Quoted">Whether it stood in quotes.</param>
public sealed record ConfigScalar(SourcePosition Position, string Text, bool Quoted) : ConfigNode(Position);

/// <summary>A list of values: <c>[a, b, c]</c>.</summary>
/// <param name="Position">Where the bracket opens.</param>
/// <param name="Items">The elements in order.</param>
public sealed record ConfigArray(SourcePosition Position, ImmutableArray<ConfigNode> Items) : ConfigNode(Position);

/// <summary>A section: keys with values.</summary>
/// <param name="Position">Where the section is first opened, or where its first dotted key stands.</param>
/// <param name="Entries">The entries in order of appearance; no name occurs twice.</param>
public sealed record ConfigObject(SourcePosition Position, ImmutableArray<ConfigEntry> Entries) : ConfigNode(Position)
{
    /// <summary>Finds the entry of that name.</summary>
    public bool TryGet(string name, [NotNullWhen(true)] out ConfigEntry? entry)
    {
        foreach (var candidate in Entries)
        {
            if (string.Equals(candidate.Name, name, StringComparison.Ordinal))
            {
                entry = candidate;
                return true;
            }
        }

        entry = null;
        return false;
    }
}

/// <summary>A value that the scanner could not read and has already complained about. Readers pass over it in silence.</summary>
/// <param name="Position">Where the value begins.</param>
public sealed record ConfigUnreadable(SourcePosition Position) : ConfigNode(Position);

/// <summary>One key of a section with its value.</summary>
/// <param name="Name">The key without quotes; a single segment, even if it holds a dot.</param>
/// <param name="KeyPosition">Where the key was written.</param>
/// <param name="Value">The value.</param>
public sealed record ConfigEntry(string Name, SourcePosition KeyPosition, ConfigNode Value);

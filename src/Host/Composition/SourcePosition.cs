using System.Globalization;

namespace ActorMultiscale.Host.Composition;

/// <summary>A place in a text that a user wrote.</summary>
/// <param name="File">The file as the user named it, or <c>--set</c> for the command line.</param>
/// <param name="Line">The line, from 1.</param>
/// <param name="Column">The column in UTF-16 code units, from 1; a byte order mark does not count.</param>
public readonly record struct SourcePosition(string File, int Line, int Column)
{
    /// <summary>The position as editors and terminals understand it: <c>file:line:column</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{File}:{Line}:{Column}");
}

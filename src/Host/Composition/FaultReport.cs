using System.Text;

namespace ActorMultiscale.Host.Composition;

/// <summary>Writes faults the way compilers do: place, key, message, the line itself and a caret under the column.</summary>
public static class FaultReport
{
    private const int WidestExcerpt = 120;

    /// <summary>The whole report, faults sorted by position, with their number in the last line; empty if there are none.</summary>
    /// <param name="faults">The faults in any order.</param>
    /// <param name="sourceOf">Gives the text of a file, or <see langword="null"/> where it is not at hand; then the
    /// excerpt is left out.</param>
    public static string Render(IReadOnlyList<Fault> faults, Func<string, string?> sourceOf)
    {
        ArgumentNullException.ThrowIfNull(faults);
        ArgumentNullException.ThrowIfNull(sourceOf);
        if (faults.Count == 0)
        {
            return "";
        }

        var linesOf = new Dictionary<string, string[]?>(StringComparer.Ordinal);
        var report = new StringBuilder();
        var sorted = faults
            .OrderBy(fault => fault.Position.File, StringComparer.Ordinal)
            .ThenBy(fault => fault.Position.Line)
            .ThenBy(fault => fault.Position.Column);
        foreach (var fault in sorted)
        {
            if (!linesOf.TryGetValue(fault.Position.File, out var lines))
            {
                lines = sourceOf(fault.Position.File) is { } text ? Lines(text) : null;
                linesOf.Add(fault.Position.File, lines);
            }

            var key = fault.Key.Length == 0 ? "" : $"key '{fault.Key}': ";
            report.Append(Printable($"{fault.Position}: {key}{fault.Message}")).Append('\n');
            if (lines is not null && fault.Position.Line >= 1 && fault.Position.Line <= lines.Length)
            {
                AppendExcerpt(report, lines[fault.Position.Line - 1], fault.Position.Column);
            }
        }

        return report.Append(faults.Count == 1 ? "1 fault" : $"{faults.Count} faults").Append('\n').ToString();
    }

    private static string[] Lines(string text) =>
        text.TrimStart('\uFEFF').Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n').Split('\n');

    private static void AppendExcerpt(StringBuilder report, string line, int column)
    {
        var at = Math.Clamp(column - 1, 0, line.Length);
        var start = at < WidestExcerpt * 2 / 3 ? 0 : at - (WidestExcerpt / 2);
        var length = Math.Min(WidestExcerpt, line.Length - start);
        var lead = start > 0 ? "…" : "";
        var tail = start + length < line.Length ? "…" : "";
        report.Append("    ").Append(lead).Append(Printable(line.Substring(start, length))).Append(tail).Append('\n');
        report.Append(' ', 4 + lead.Length + at - start).Append("^\n");
    }

    /// <summary>A terminal must not obey what a file contains, and every character must keep its column.</summary>
    private static string Printable(string text) =>
        string.Create(text.Length, text, static (span, source) =>
        {
            for (var i = 0; i < span.Length; i++)
            {
                var whole = char.IsHighSurrogate(source[i]) ? i + 1 < source.Length && char.IsLowSurrogate(source[i + 1])
                    : !char.IsLowSurrogate(source[i]) || (i > 0 && char.IsHighSurrogate(source[i - 1]));
                span[i] = source[i] == '\t' ? ' ' : char.IsControl(source[i]) || !whole ? '\uFFFD' : source[i];
            }
        });
}

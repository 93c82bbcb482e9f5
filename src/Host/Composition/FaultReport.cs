using System.Text;

namespace ActorMultiscale.Host.Composition;

/// <summary>An experiment is invalid; the message names everything that is wrong with it.</summary>
public sealed class InvalidExperimentException : Exception
{
    /// <summary>An exception without a text.</summary>
    public InvalidExperimentException() { }

    /// <summary>An exception with a report.</summary>
    public InvalidExperimentException(string message) : base(message) { }

    /// <summary>An exception with its cause.</summary>
    public InvalidExperimentException(string message, Exception inner) : base(message, inner) { }
}

/// <summary>Shows faults to people: place, key, sentence, and the line with a caret.</summary>
public static class FaultReport
{
    private const int MostShown = 50;
    private const int WidestLine = 160;

    /// <summary>The report of <paramref name="faults"/>, in order of their places.</summary>
    /// <param name="faults">At least one.</param>
    /// <param name="text">The text in which they are.</param>
    public static string Render(IEnumerable<Fault> faults, string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var lines = text.Split('\n');
        var ordered = faults.Distinct().OrderBy(f => f.Position.Line).ThenBy(f => f.Position.Column).ToList();
        var report = new StringBuilder();
        foreach (var fault in ordered.Take(MostShown))
        {
            report.Append(fault.Position).Append(": ");
            if (fault.Key.Length > 0)
            {
                report.Append('\'').Append(fault.Key).Append("': ");
            }

            report.AppendLine(fault.Message);
            if (fault.Position.Line > 0 && fault.Position.Line <= lines.Length && lines[fault.Position.Line - 1].Length is > 0 and <= WidestLine)
            {
                var line = lines[fault.Position.Line - 1].TrimEnd('\r');
                report.Append("    ").AppendLine(Printable(line));
                report.Append(' ', 4 + Math.Clamp(fault.Position.Column - 1, 0, line.Length)).AppendLine("^");
            }
        }

        if (ordered.Count > MostShown)
        {
            report.AppendLine($"… and {ordered.Count - MostShown} more");
        }

        return report.Append(ordered.Count == 1 ? "1 fault" : $"{ordered.Count} faults").ToString();
    }

    // Tabs keep their place as one blank, so that the caret stands under what it means.
    private static string Printable(string line) => string.Concat(line.Select(c => char.IsControl(c) ? ' ' : c));
}

using System.Text;

namespace ActorMultiscale.Host.Composition;

/// <summary>How keys are written: plain segments, joined by dots, in quotes where they hold anything else.</summary>
internal static class KeyPath
{
    /// <summary>Whether the character may stand in a key without quotes.</summary>
    public static bool IsPlain(char c) => char.IsLetterOrDigit(c) || c is '_' or '-';

    public static string Join(string parent, string name) => parent.Length == 0 ? Segment(name) : parent + "." + Segment(name);

    private static string Segment(string name) => name.Length > 0 && name.All(IsPlain) ? name : Quote(name);

    private static string Quote(string name)
    {
        var quoted = new StringBuilder("\"");
        foreach (var c in name)
        {
            quoted.Append(c is '"' or '\\' ? "\\" : "").Append(char.IsControl(c) ? '\uFFFD' : c);
        }

        return quoted.Append('"').ToString();
    }
}

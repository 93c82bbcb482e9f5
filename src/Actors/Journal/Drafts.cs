using System.Diagnostics;
using System.Globalization;

namespace ActorMultiscale.Actors.Journal;

/// <summary>Files that are being made: they carry the number of the process that makes them, and get their name when they are whole.</summary>
internal static class Drafts
{
    /// <summary>The draft of <paramref name="file"/> by this process.</summary>
    public static string NameOf(string file) => string.Create(CultureInfo.InvariantCulture, $"{file}.{Environment.ProcessId}.new");

    /// <summary>Removes drafts of the files called <paramref name="name"/> (a pattern) whose process is gone: nobody will ever finish them.</summary>
    public static void RemoveAbandoned(string folder, string name)
    {
        foreach (var draft in Directory.EnumerateFiles(folder, name + ".*.new*"))
        {
            var parts = Path.GetFileName(draft).Split(".new")[0].Split('.');
            if (int.TryParse(parts[^1], CultureInfo.InvariantCulture, out var id) && !Process.GetProcesses().Any(p => p.Id == id))
            {
                File.Delete(draft);
            }
        }
    }
}

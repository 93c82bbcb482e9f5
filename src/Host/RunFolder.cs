using System.Globalization;
using System.Security.Cryptography;
using ActorMultiscale.Actors.Journal;

namespace ActorMultiscale.Host;

/// <summary>Where runs are kept: a folder with one SQLite file a run.</summary>
/// <param name="path">The folder; made when the first run is.</param>
public sealed class RunFolder(string path)
{
    private const string Extension = ".sqlite";

    /// <summary>The folder.</summary>
    public string Path { get; } = path;

    /// <summary>The file of the run called <paramref name="run"/>.</summary>
    /// <exception cref="RunStoreException">That is no name of a run.</exception>
    public string FileOf(string run)
    {
        ArgumentNullException.ThrowIfNull(run);
        return IsName(run)
            ? System.IO.Path.Combine(Path, run + Extension)
            : throw new RunStoreException($"'{run}' is no name of a run: 1 to 64 lower-case letters, digits, '-', '_' and '.' are, beginning with a letter or digit.");
    }

    /// <summary>A fresh name for a run of <paramref name="experiment"/>.</summary>
    public string NewName(string experiment, DateTimeOffset now)
    {
        string name;
        do
        {
            name = string.Create(CultureInfo.InvariantCulture, $"{experiment}-{now.UtcDateTime:yyyyMMdd-HHmmss}-{RandomNumberGenerator.GetHexString(4, lowercase: true)}");
        }
        while (File.Exists(FileOf(name)));
        return name;
    }

    /// <summary>The newest run, or null.</summary>
    public string? Last() => List().FirstOrDefault().Summary?.Run;

    /// <summary>All runs, newest first. A file that cannot be read is listed with what is wrong with it.</summary>
    public IEnumerable<(RunSummary? Summary, string File, string Fault)> List()
    {
        if (!Directory.Exists(Path))
        {
            return [];
        }

        var runs = new List<(RunSummary? Summary, string File, string Fault)>();
        foreach (var file in Directory.EnumerateFiles(Path, "*" + Extension).Order(StringComparer.Ordinal))
        {
            try
            {
                using var store = RunStore.Open(file);
                runs.Add((store.Summary(), file, ""));
            }
            catch (RunStoreException fault)
            {
                runs.Add((null, file, fault.Message));
            }
        }

        return runs.OrderByDescending(r => r.Summary?.Started ?? DateTimeOffset.MinValue).ThenByDescending(r => r.Summary?.Run, StringComparer.Ordinal);
    }

    /// <summary>Opens the run called <paramref name="run"/>.</summary>
    /// <exception cref="RunStoreException">There is none.</exception>
    public RunStore Open(string run)
    {
        var file = FileOf(run);
        if (!File.Exists(file))
        {
            List<string> known = [.. List().Select(r => r.Summary?.Run).OfType<string>().Take(20)];
            throw new RunStoreException($"There is no run '{run}' in '{Path}'. {(known.Count == 0 ? "There are none at all; '--store' names another folder." : Physics.Coupling.Suggestion.Sentence(run, known))}");
        }

        return RunStore.Open(file);
    }

    /// <summary>Removes the run called <paramref name="run"/> with everything that belongs to it.</summary>
    /// <exception cref="RunStoreException">There is none, or it is being computed.</exception>
    public void Remove(string run)
    {
        var file = FileOf(run);
        using (var store = Open(run))
        {
            store.Acquire();
        }

        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        foreach (var part in new[] { file, file + "-wal", file + "-shm" })
        {
            File.Delete(part);
        }
    }

    private static bool IsName(string run) =>
        run.Length is > 0 and <= 64 && char.IsAsciiLetterOrDigit(run[0]) && run.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '_' or '.');
}

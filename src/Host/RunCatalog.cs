using System.Globalization;
using System.Security.Cryptography;
using ActorMultiscale.Actors.Journal;

namespace ActorMultiscale.Host;

/// <summary>Where runs are kept: a folder with one SQLite file a run, or a PostgreSQL database.</summary>
public abstract class RunCatalog
{
    /// <summary>The catalog that <c>--store</c> names: <c>postgresql:…</c> (see <see cref="PostgresDatabase"/>), or else a folder.</summary>
    /// <exception cref="RunStoreException">The text is no store.</exception>
    public static RunCatalog Of(string store)
    {
        ArgumentNullException.ThrowIfNull(store);
        return store.StartsWith("postgresql:", StringComparison.Ordinal) || store.StartsWith("postgres:", StringComparison.Ordinal)
            ? new RunServer(new PostgresDatabase(store))
            : new RunFolder(store);
    }

    /// <summary>The catalog as messages name it.</summary>
    public abstract string Name { get; }

    /// <summary>The database of the run called <paramref name="run"/>.</summary>
    protected abstract StoreDatabase DatabaseOf(string run);

    /// <summary>Whether there is a run of that name.</summary>
    public abstract bool Exists(string run);

    /// <summary>All runs, newest first. A run that cannot be read is listed with what is wrong with it.</summary>
    public abstract IEnumerable<(RunSummary? Summary, string Place, string Fault)> List();

    /// <summary>Makes a run, whole or not at all.</summary>
    /// <exception cref="RunStoreException">There is one of that name, or it cannot be made.</exception>
    public RunStore Create(RunOrigin origin, IEnumerable<byte[]> inputs, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(origin);
        return RunStore.Create(DatabaseOf(origin.Run), origin, inputs, now);
    }

    /// <summary>A fresh name for a run of <paramref name="experiment"/>.</summary>
    public string NewName(string experiment, DateTimeOffset now)
    {
        string name;
        do
        {
            name = string.Create(CultureInfo.InvariantCulture, $"{experiment}-{now.UtcDateTime:yyyyMMdd-HHmmss}-{RandomNumberGenerator.GetHexString(4, lowercase: true)}");
        }
        while (Exists(name));
        return name;
    }

    /// <summary>The newest run, or null.</summary>
    public string? Last() => List().FirstOrDefault().Summary?.Run;

    /// <summary>Opens the run called <paramref name="run"/>.</summary>
    /// <exception cref="RunStoreException">There is none.</exception>
    public RunStore Open(string run)
    {
        var database = DatabaseOf(run);
        if (!Exists(run))
        {
            List<string> known = [.. List().Select(r => r.Summary?.Run).OfType<string>().Take(20)];
            throw new RunStoreException($"There is no run '{run}' in '{Name}'. {(known.Count == 0 ? "There are none at all; '--store' names another place." : Physics.Coupling.Suggestion.Sentence(run, known))}");
        }

        return RunStore.Open(database, run);
    }

    /// <summary>Makes a run of an exported one.</summary>
    /// <param name="file">The file; not trusted.</param>
    /// <param name="name">The name of the run here; null for the one that it had.</param>
    /// <exception cref="RunStoreException">There is a run of that name, or something is wrong with the file.</exception>
    public ArchivedRun Import(string file, string? name)
    {
        var run = Checked(name ?? RunArchive.NameIn(file));
        return RunArchive.Import(DatabaseOf(run), run, file);
    }

    /// <summary>Removes the run called <paramref name="run"/> with everything that belongs to it.</summary>
    /// <param name="run">The run.</param>
    /// <param name="takesOver">See <see cref="RunStore.Acquire"/>.</param>
    /// <exception cref="RunStoreException">There is none, or it is being computed.</exception>
    public void Remove(string run, bool takesOver = false)
    {
        using var store = Open(run);
        store.Acquire(takesOver);
        store.Remove();
    }

    /// <summary>Sorts a listing, newest first.</summary>
    protected static IEnumerable<(RunSummary? Summary, string Place, string Fault)> Sorted(IEnumerable<(RunSummary? Summary, string Place, string Fault)> runs) =>
        runs.OrderByDescending(r => r.Summary?.Started ?? DateTimeOffset.MinValue).ThenByDescending(r => r.Summary?.Run, StringComparer.Ordinal);

    /// <summary>Refuses what is no name of a run.</summary>
    protected static string Checked(string run)
    {
        ArgumentNullException.ThrowIfNull(run);
        return run.Length is > 0 and <= 64 && char.IsAsciiLetterOrDigit(run[0]) && run.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '_' or '.')
            ? run
            : throw new RunStoreException($"'{run}' is no name of a run: 1 to 64 lower-case letters, digits, '-', '_' and '.' are, beginning with a letter or digit.");
    }
}

/// <summary>A folder with one SQLite file a run.</summary>
/// <param name="path">The folder; made when the first run is.</param>
public sealed class RunFolder(string path) : RunCatalog
{
    private const string Extension = ".sqlite";

    /// <inheritdoc/>
    public override string Name => path;

    /// <summary>The file of the run called <paramref name="run"/>.</summary>
    /// <exception cref="RunStoreException">That is no name of a run.</exception>
    public string FileOf(string run) => Path.Combine(path, Checked(run) + Extension);

    /// <inheritdoc/>
    protected override StoreDatabase DatabaseOf(string run) => new SqliteDatabase(FileOf(run));

    /// <inheritdoc/>
    public override bool Exists(string run) => File.Exists(FileOf(run));

    /// <inheritdoc/>
    public override IEnumerable<(RunSummary? Summary, string Place, string Fault)> List()
    {
        if (!Directory.Exists(path))
        {
            return [];
        }

        var runs = new List<(RunSummary? Summary, string Place, string Fault)>();
        foreach (var file in Directory.EnumerateFiles(path, "*" + Extension).Order(StringComparer.Ordinal))
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

        return Sorted(runs);
    }
}

/// <summary>The runs in a PostgreSQL database.</summary>
/// <param name="database">The database.</param>
public sealed class RunServer(PostgresDatabase database) : RunCatalog
{
    /// <inheritdoc/>
    public override string Name => database.Name;

    /// <inheritdoc/>
    protected override StoreDatabase DatabaseOf(string run)
    {
        Checked(run);
        return database;
    }

    /// <inheritdoc/>
    public override bool Exists(string run) => RunStore.NamesIn(database, Checked(run)).Any();

    /// <inheritdoc/>
    public override IEnumerable<(RunSummary? Summary, string Place, string Fault)> List()
    {
        var runs = new List<(RunSummary? Summary, string Place, string Fault)>();
        foreach (var run in RunStore.NamesIn(database))
        {
            try
            {
                using var store = RunStore.Open(database, run);
                runs.Add((store.Summary(), run, ""));
            }
            catch (RunStoreException fault)
            {
                runs.Add((null, run, fault.Message));
            }
        }

        return Sorted(runs);
    }
}

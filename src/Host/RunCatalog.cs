using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Host.Commands;

namespace ActorMultiscale.Host;

/// <summary>Where runs are kept: a folder with one SQLite file a run, or a PostgreSQL database.</summary>
public abstract class RunCatalog
{
    /// <summary>The catalog that <c>--store</c> names: <c>postgresql:…</c> (see <see cref="PostgresDatabase"/>), or else a folder.</summary>
    /// <exception cref="RunStoreException">The text is no store.</exception>
    public static RunCatalog Of(string store)
    {
        ArgumentNullException.ThrowIfNull(store);
        if (PostgresDatabase.IsNamedBy(store))
        {
            return new RunServer(new PostgresDatabase(store));
        }

        // Not repeated: it may hold a password. As a folder's name it would stand on the disk.
        return store.Contains("://", StringComparison.Ordinal) ? throw new RunStoreException("The value of --store is no store: a folder is, or postgresql://user@host/database.") : new RunFolder(store);
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

    /// <summary>Removes what no run needs any more.</summary>
    /// <param name="runs">The runs whose old snapshots are let go; all if empty.</param>
    /// <param name="keep">How many snapshots each keeps; null for all.</param>
    /// <param name="now">The time.</param>
    /// <param name="isDry">Whether it is only told what would be removed.</param>
    public abstract GarbageOutput Collect(IReadOnlyList<string> runs, int? keep, DateTimeOffset now, bool isDry);

    /// <summary>Carries <paramref name="work"/> out on the runs named, or on all, each held by this process. Runs that another process computes, and damaged ones, are left alone and named.</summary>
    private protected void Held(IReadOnlyList<string> runs, ImmutableArray<LeftRun>.Builder left, Action<string, RunStore> work)
    {
        IEnumerable<(string Run, string Fault)> all = runs.Count > 0 ? runs.Select(run => (run, "")) : List().Select(r => (r.Summary?.Run ?? r.Place, r.Fault));
        foreach (var (run, fault) in all.OrderBy(r => r.Run, StringComparer.Ordinal))
        {
            if (fault.Length > 0)
            {
                left.Add(new LeftRun(run, fault, IsDamaged: true));
                continue;
            }

            try
            {
                using var store = Open(run);
                if (!store.TryHold())
                {
                    left.Add(new LeftRun(run, "it is being computed", IsDamaged: false));
                    continue;
                }

                try
                {
                    // Held, it cannot be removed any more.
                    if (Exists(run))
                    {
                        work(run, store);
                    }
                }
                finally
                {
                    store.Release();
                }
            }
            catch (RunStoreException broken) when (!broken.Passes)
            {
                if (Exists(run))        // Otherwise it was removed since it was listed.
                {
                    left.Add(new LeftRun(run, broken.Message, IsDamaged: true));
                }
            }
        }
    }

    /// <summary>The runs that the cluster <paramref name="cluster"/> keeps going. A record that is damaged is nobody's.</summary>
    /// <exception cref="RunStoreException">The store is away.</exception>
    public abstract IReadOnlyList<string> Kept(string cluster);

    /// <summary>Refuses names of runs that there are not.</summary>
    private protected void Expect(IReadOnlyList<string> runs)
    {
        foreach (var run in runs)
        {
            Open(run).Dispose();
        }
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
    public override IReadOnlyList<string> Kept(string cluster)
    {
        var kept = new List<string>();
        foreach (var file in Directory.Exists(path) ? Directory.EnumerateFiles(path, "*" + Extension).Order(StringComparer.Ordinal) : Enumerable.Empty<string>())
        {
            try
            {
                kept.AddRange(RunStore.KeptIn(new SqliteDatabase(file), cluster));
            }
            catch (RunStoreException fault) when (SqliteDatabase.IsBusy(fault.InnerException))
            {
                throw new RunStoreException(fault.Message, fault) { Passes = true };
            }
            catch (RunStoreException)
            {
                // Nobody could go on with it.
            }
        }

        return kept;
    }

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

    /// <inheritdoc/>
    public override GarbageOutput Collect(IReadOnlyList<string> runs, int? keep, DateTimeOffset now, bool isDry)
    {
        Expect(runs);
        var left = ImmutableArray.CreateBuilder<LeftRun>();
        var output = new GarbageOutput(0, 0, 0, isDry) { FileBytesBefore = isDry ? null : 0, FileBytesAfter = isDry ? null : 0 };
        Held(runs, left, (_, store) =>
        {
            var released = keep is { } least ? store.ReleaseSnapshots(least, now, isDry) : null;
            var collected = store.Collect(released, isDry);
            output = output with
            {
                Snapshots = output.Snapshots + collected.Released,
                Chunks = output.Chunks + collected.Swept.Chunks,
                Bytes = output.Bytes + collected.Swept.Bytes,
                FileBytesBefore = output.FileBytesBefore + collected.File?.Before,
                FileBytesAfter = output.FileBytesAfter + collected.File?.After,
            };
        });
        return output with { Left = left.ToImmutable() };
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
    public override IReadOnlyList<string> Kept(string cluster) => RunStore.KeptIn(database, cluster);

    /// <summary>Removes the chunks that no run refers to.</summary>
    /// <exception cref="RunStoreException">A record is damaged: nothing was removed.</exception>
    public SweptChunks Sweep() => RunStore.Sweep(database, ImmutableDictionary<string, RunEvent.SnapshotsReleased>.Empty, isDry: false);

    /// <inheritdoc/>
    public override GarbageOutput Collect(IReadOnlyList<string> runs, int? keep, DateTimeOffset now, bool isDry)
    {
        var left = ImmutableArray.CreateBuilder<LeftRun>();
        var released = ImmutableDictionary.CreateBuilder<string, RunEvent.SnapshotsReleased>(StringComparer.Ordinal);
        Expect(runs);
        if (keep is { } least)
        {
            // Where a record is damaged nothing can be removed: then nothing is let go either.
            RunStore.Sweep(database, released, isDry: true);
            Held(runs, left, (run, store) =>
            {
                if (store.ReleaseSnapshots(least, now, isDry) is { } letGo)
                {
                    released[run] = letGo;
                }
            });
        }

        var swept = RunStore.Sweep(database, released, isDry);
        return new GarbageOutput(released.Values.Sum(r => r.Windows.Length), swept.Chunks, swept.Bytes, isDry) { Left = left.ToImmutable() };
    }

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

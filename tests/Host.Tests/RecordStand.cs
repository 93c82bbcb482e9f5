using System.Data.Common;
using System.Diagnostics;
using System.Text.Json;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Host;
using ActorMultiscale.Testing;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace ActorMultiscale.Tests.Host;

/// <summary>What tests of records share: a folder and a store of their own, the program as a process, and a look into the database from outside.</summary>
public abstract class RecordStand(PostgresServer server) : IClassFixture<PostgresServer>, IDisposable
{
    /// <summary>The stores on which tests run.</summary>
    public static TheoryData<string> Stores => [.. PostgresServer.Stores];

    private protected static string Oscillator => HostProcess.Experiment("oscillator.conf");

    /// <summary>The server, of which each test has a database.</summary>
    protected PostgresServer Server { get; } = server;

    /// <summary>The folder in which the program runs.</summary>
    protected string Folder { get; } = Directory.CreateTempSubdirectory("actor-multiscale-").FullName;

    /// <summary>The store, as <c>--store</c> names it.</summary>
    protected string Store { get; set; } = "runs";

    /// <summary>The store as this process uses it.</summary>
    protected RunCatalog Catalog => RunCatalog.Of(IsFiles ? Path.Combine(Folder, Store) : Store);

    /// <summary>Whether runs are SQLite files.</summary>
    protected bool IsFiles => !Store.StartsWith("postgresql:", StringComparison.Ordinal);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Removes what the test has made.</summary>
    protected virtual void Dispose(bool disposing) => Directory.Delete(Folder, recursive: true);

    /// <summary>Takes a store: files in the folder, or a new database of the server.</summary>
    protected void Use(string store) => Store = store == "sqlite" ? "runs" : Server.NewDatabase();

    private protected HostProcess Start(params string[] arguments) => HostProcess.Start(Folder, [.. arguments, "--store", Store]);

    private protected (int Code, string Out, string Error) Host(params string[] arguments) => HostCall.Run(Folder, [.. arguments, "--store", Store]);

    /// <summary>What a command prints with <c>--json</c>, where it ends with <paramref name="code"/>.</summary>
    protected JsonElement Json(int code, params string[] arguments)
    {
        var (found, output, error) = Host([.. arguments, "--json"]);
        Assert.True(found == code, $"exit code {found}: {output} {error}");
        return JsonDocument.Parse(output).RootElement;
    }

    /// <summary>A run that takes some seconds and has a snapshot every now and then.</summary>
    private protected static string[] Long(string name, double until = 100) =>
        ["run", Oscillator, "--name", name, "--quiet", "--set", FormattableString.Invariant($"until={until}"), "--set", "snapshots={ every = 500, interval = 0.2 s }"];

    /// <summary>A connection to the database of a run.</summary>
    protected DbConnection Connect(string run)
    {
        DbConnection connection = IsFiles
            ? new SqliteConnection($"Data Source={Path.Combine(Folder, Store, run + ".sqlite")};Pooling=False")
            : new NpgsqlConnection(new PostgresDatabase(Store).ConnectionString + ";Pooling=false");
        connection.Open();
        return connection;
    }

    /// <summary>Does something to the database of a run; gives how many rows it touched.</summary>
    protected int Execute(string run, string sql, params (string Name, object Value)[] values)
    {
        using var connection = Connect(run);
        using var command = Command(connection, sql, values);
        return command.ExecuteNonQuery();
    }

    /// <summary>The one value that the database of a run answers.</summary>
    protected T Ask<T>(string run, string sql, params (string Name, object Value)[] values)
    {
        using var connection = Connect(run);
        using var command = Command(connection, sql, values);
        return (T)command.ExecuteScalar()!;
    }

    private static DbCommand Command(DbConnection connection, string sql, (string Name, object Value)[] values)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in values)
        {
            Add(command, name, value);
        }

        return command;
    }

    /// <summary>Gives a command a value.</summary>
    protected static void Add(DbCommand command, string name, object value)
    {
        ArgumentNullException.ThrowIfNull(command);
        var parameter = command.CreateParameter();
        (parameter.ParameterName, parameter.Value) = (name, value);
        command.Parameters.Add(parameter);
    }

    /// <summary>Returns as soon as there is a run of that name: looked for directly, for it is killed before its first event only by somebody who is quick.</summary>
    protected void AwaitRecord(string run)
    {
        var catalog = Catalog;
        for (var patience = Stopwatch.StartNew(); !catalog.Exists(run);)
        {
            Assert.True(patience.Elapsed < TimeSpan.FromMinutes(1), $"the run '{run}' was not made");
        }
    }

    /// <summary>Returns when the run has a window.</summary>
    protected void AwaitFirstWindows(string run) => AwaitWindows(run, 1);

    /// <summary>Returns when the run has so many windows.</summary>
    protected void AwaitWindows(string run, long windows) => AwaitWindows(Catalog, run, windows);

    internal static void AwaitWindows(RunCatalog catalog, string run, long windows)
    {
        for (var patience = Stopwatch.StartNew(); Windows(catalog, run) < windows;)
        {
            Assert.True(patience.Elapsed < TimeSpan.FromMinutes(1), $"the run '{run}' has {Windows(catalog, run)} windows, and {windows} were waited for");
        }
    }

    /// <summary>How many windows are recorded of a run, which need not be there yet.</summary>
    protected long Windows(string run) => Windows(Catalog, run);

    private static long Windows(RunCatalog catalog, string run)
    {
        if (!catalog.Exists(run))
        {
            return 0;
        }

        using var store = catalog.Open(run);
        return store.Summary().Windows;
    }

    /// <summary>The database itself finds nothing wrong.</summary>
    protected void CheckDatabase()
    {
        foreach (var file in IsFiles ? Directory.EnumerateFiles(Path.Combine(Folder, Store), "*.sqlite") : [])
        {
            Assert.Equal("ok", Ask<string>(Path.GetFileNameWithoutExtension(file), "PRAGMA integrity_check"));
        }
    }

    /// <summary>Writes something else into the experiment of a run and draws the chain and its marks anew: only computing again can tell.</summary>
    protected void Forge(string run, string old, string with)
    {
        using var connection = Connect(run);
        using var file = Catalog.Open(run);
        RewrittenJournal.Write(file, connection, most: 4096,
            what => what is RunEvent.RunStarted { Origin: var origin } started ? started with { Origin = origin with { Text = origin.Text.Replace(old, with, StringComparison.Ordinal) } } : what);
    }
}

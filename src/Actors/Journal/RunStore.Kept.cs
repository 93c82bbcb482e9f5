namespace ActorMultiscale.Actors.Journal;

public sealed partial class RunStore
{
    /// <summary>The name of a cluster to which nobody has given another; what earlier versions kept belongs to it.</summary>
    public const string DefaultCluster = "actormultiscale";

    // The default is for stores, and nodes, of a version that knew no names.
    private const string KeptColumn = $"cluster TEXT NOT NULL DEFAULT '{DefaultCluster}'";

    /// <summary>The cluster <paramref name="cluster"/> keeps the run going from now on, whatever node is lost.</summary>
    /// <exception cref="RunStoreException">Another one keeps it.</exception>
    public void Keep(string cluster) => Locked(() =>
    {
        if (!HasTable("kept"))
        {
            StoreDatabase.Execute(_connection, null, $"CREATE TABLE IF NOT EXISTS kept (run TEXT PRIMARY KEY, {KeptColumn})");
        }

        if (!KeptHasNames)
        {
            StoreDatabase.Execute(_connection, null, $"ALTER TABLE kept {Database.AddColumn} {KeptColumn}");
        }

        StoreDatabase.Execute(_connection, null, "INSERT INTO kept (run, cluster) VALUES (@run, @cluster) ON CONFLICT DO NOTHING", ("@run", Run), ("@cluster", cluster));
        return FindKeeper() is { } keeper && keeper != cluster ? throw KeptByAnother(keeper) : true;
    });

    /// <summary>No cluster keeps the run any more, or not that of the name <paramref name="cluster"/>.</summary>
    public void Unkeep(string? cluster = null) => Locked(() => FindKeeper() is { } keeper && (cluster is null || keeper == cluster)
        ? StoreDatabase.Execute(_connection, null, "DELETE FROM kept WHERE run = @run", ("@run", Run))
        : 0);

    /// <summary>The runs in a database that the cluster <paramref name="cluster"/> keeps going.</summary>
    /// <exception cref="RunStoreException">It is none, or is away.</exception>
    public static IReadOnlyList<string> KeptIn(StoreDatabase database, string cluster)
    {
        ArgumentNullException.ThrowIfNull(database);
        return Guarded(database, () =>
        {
            var kept = new List<string>();
            using var connection = database.Connect();
            if (database.HasTable(connection, "kept") && (database.HasColumn(connection, "kept", "cluster") is var hasNames && (hasNames || cluster == DefaultCluster)))
            {
                using var command = StoreDatabase.Command(connection, null,
                    $"SELECT kept.run FROM kept JOIN run ON run.run = kept.run{(hasNames ? " WHERE kept.cluster = @cluster" : "")} ORDER BY kept.run", ("@cluster", cluster));
                using var reader = command.ExecuteReader();
                while (reader.Read())
                {
                    kept.Add(reader.GetString(0));
                }
            }

            return kept;
        });
    }

    /// <summary>The name of the cluster that keeps the run going; null where none does.</summary>
    public string? KeptBy => Locked(FindKeeper, evenIfRobbed: true);

    /// <summary>What is said where a cluster is told to carry out what another one keeps.</summary>
    internal RunStoreException KeptByAnother(string keeper) =>
        new($"The cluster '{keeper}' keeps the run '{Run}' going: 'stop {Run} --cluster HOST:PORT' there ends that; if that cluster is gone for good, 'resume {Run} --take-over' takes the run from it.");

    private bool KeptHasNames => Database.HasColumn(_connection, "kept", "cluster");

    private string? FindKeeper() => !HasTable("kept") ? null
        : KeptHasNames ? Scalar("SELECT cluster FROM kept WHERE run = @run") as string
        : Scalar("SELECT run FROM kept WHERE run = @run") is null ? null : DefaultCluster;
}

namespace ActorMultiscale.Actors.Journal;

public sealed partial class RunStore
{
    private const string KeptTable = "CREATE TABLE IF NOT EXISTS kept (run TEXT PRIMARY KEY)";

    /// <summary>A cluster keeps the run going from now on, whatever node is lost.</summary>
    public void Keep() => Locked(() =>
    {
        if (!HasTable("kept"))
        {
            StoreDatabase.Execute(_connection, null, KeptTable);
        }

        return StoreDatabase.Execute(_connection, null, "INSERT INTO kept (run) VALUES (@run) ON CONFLICT DO NOTHING", ("@run", Run));
    });

    /// <summary>No cluster keeps the run any more.</summary>
    public void Unkeep() => Locked(() => HasTable("kept") ? StoreDatabase.Execute(_connection, null, "DELETE FROM kept WHERE run = @run", ("@run", Run)) : 0);

    /// <summary>Whether a cluster keeps the run going.</summary>
    public bool IsKept => Locked(() => HasTable("kept") && Scalar("SELECT 1 FROM kept WHERE run = @run") is not null);
}

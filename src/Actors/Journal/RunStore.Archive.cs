using System.Data.Common;
using ActorMultiscale.Actors.Observation;

namespace ActorMultiscale.Actors.Journal;

// What a store does as a whole, beside the work of a run that is computed.
public sealed partial class RunStore
{
    /// <summary>Makes a run from rows that are there already, whole or not at all; null where there is one of the name.</summary>
    internal static RunStore? MakeFrom(StoreDatabase database, string run, Func<DbConnection, DbTransaction, bool> fill) => Guarded(database, () =>
        database.Make(run, Tables(database) + database.Journal + ObservationStore.Table(database), fill) is { } made ? new RunStore(database, made, run) : null);

    /// <summary>Reads the run as it is at one moment, on a connection of its own.</summary>
    /// <exception cref="RunStoreException">The record is damaged.</exception>
    internal T Archive<T>(Func<StoredRun, T> read) => Guarded(Database, () =>
    {
        using var connection = Database.Connect();
        using var transaction = Database.BeginReading(connection);
        try
        {
            return read(new StoredRun(Database, Run, connection, transaction));
        }
        catch (InvalidDataException fault)
        {
            throw new RunStoreException($"The record of '{Run}' in '{Database.Name}' is damaged. {fault.Message}", fault);
        }
    });
}

using System.Collections.Immutable;
using ActorMultiscale.Actors.Observation;

namespace ActorMultiscale.Actors.Journal;

/// <summary>What the store's own check found of a run: everything that is recorded was read, and nothing computed.</summary>
/// <param name="Run">The run.</param>
/// <param name="Events">How many events its journal has.</param>
/// <param name="Windows">How many windows they commit, as far as they can be trusted.</param>
/// <param name="Snapshots">How many snapshots are named.</param>
/// <param name="Chunks">How many chunks are named.</param>
/// <param name="Faults">What is wrong, a sentence each; empty for a sound record.</param>
public sealed record RecordCheck(string Run, long Events, long Windows, int Snapshots, int Chunks, ImmutableArray<string> Faults)
{
    /// <summary>Whether nothing is wrong.</summary>
    public bool IsSound => Faults.IsEmpty;

    /// <summary>
    /// Reads every event and every chunk of the run in <paramref name="store"/>: the database itself, the chain of hashes and its head, the row of the
    /// run, the chunks that events name, and what was observed. A run that is being computed may be checked too.
    /// </summary>
    /// <exception cref="RunStoreException">The store cannot be used at all.</exception>
    public static RecordCheck Of(RunStore store)
    {
        ArgumentNullException.ThrowIfNull(store);
        var faults = ImmutableArray.CreateBuilder<string>();
        T? Tried<T>(Func<T> read) where T : class
        {
            try
            {
                return read();
            }
            catch (RunStoreException fault) when (!fault.Passes)
            {
                faults.Add(fault.Message);
                return null;
            }
        }

        if (store.Damage() is { } damage)
        {
            faults.Add($"The database '{store.Database.Name}' is damaged: {damage}");
        }

        var summary = Tried(store.Summary);
        var origin = Tried(store.Origin);
        var history = Tried(store.History);

        // Behind a damaged event nothing follows from anything; but what events name there must still be there.
        List<RunEvent> events = [.. Tried(() => store.HasJournal ? [.. store.Entries()] : new List<JournalEntry>())?.Select(Decoded).OfType<RunEvent>() ?? []];
        if (origin is not null && events.OfType<RunEvent.RunStarted>().FirstOrDefault() is { } started && RunEventCodec.OriginToText(started.Origin) != RunEventCodec.OriginToText(origin))
        {
            faults.Add($"The row of the run '{store.Run}' says that it was started from something else than its first event does. The event counts.");
        }

        if (summary is { Status: "completed" } && history is not null && (history.End is not { Outcome: Physics.Coupling.RunOutcome.Completed } end || (end.FinalHash, end.Windows) != (summary.FinalHash, summary.Windows)))
        {
            faults.Add($"The row of the run '{store.Run}' says that it is complete, with other windows or another hash than its journal does. The journal counts.");
        }

        List<SnapshotReference> snapshots = [.. (origin?.Begins is { } begins ? [begins] : Enumerable.Empty<SnapshotReference>()).Concat(events.OfType<RunEvent.SnapshotTaken>().Select(e => e.Snapshot))];
        var whose = new Dictionary<string, string>();
        foreach (var input in origin is null ? [] : origin.Inputs.AddRange(origin.Carried))
        {
            whose.TryAdd(input.Hash, $"the input '{input.Name}'");
        }

        foreach (var snapshot in snapshots)
        {
            foreach (var hash in snapshot.States.Insert(0, snapshot.Fields))
            {
                whose.TryAdd(hash, FormattableString.Invariant($"the snapshot at window {snapshot.Window}"));
            }
        }

        foreach (var fields in events.OfType<RunEvent.FieldsRecorded>().SelectMany(e => e.Fields))
        {
            whose.TryAdd(fields.Chunk, FormattableString.Invariant($"the fields of the windows {fields.First} to {fields.End - 1}"));
        }

        foreach (var (hash, what) in whose)
        {
            try
            {
                store.ReadChunk(hash);
            }
            catch (RunStoreException fault) when (!fault.Passes)
            {
                faults.Add($"In {what}: {fault.Message}");
            }
        }

        Tried(() => ObservationStore.Read(store));
        return new RecordCheck(store.Run, history?.Chain.Events ?? events.Count, history?.Windows ?? 0, snapshots.Count, whose.Count, faults.ToImmutable());
    }

    private static RunEvent? Decoded(JournalEntry entry)
    {
        try
        {
            return RunEventCodec.Decode(entry);
        }
        catch (InvalidDataException)
        {
            return null;        // Named by the history.
        }
    }
}

using System.Collections.Immutable;
using ActorMultiscale.Actors.Observation;

namespace ActorMultiscale.Actors.Journal;

/// <summary>What the store's own check found of a run: everything that is recorded was read, and nothing computed.</summary>
/// <param name="Run">The run.</param>
/// <param name="Events">How many events its journal has.</param>
/// <param name="Windows">How many windows they commit, up to the first event that is damaged.</param>
/// <param name="Snapshots">How many snapshots there are; those that were let go are not looked for.</param>
/// <param name="Chunks">How many chunks are named.</param>
/// <param name="Faults">What is wrong, a sentence each; empty for a sound record.</param>
public sealed record RecordCheck(string Run, long Events, long Windows, int Snapshots, int Chunks, ImmutableArray<string> Faults)
{
    /// <summary>Whether nothing is wrong.</summary>
    public bool IsSound => Faults.IsEmpty;

    /// <summary>
    /// Reads every event and every chunk of the run in <paramref name="store"/>: the database itself, the chain of hashes and its head, the row of the
    /// run, the chunks that events name, and what was observed. A run that is being computed may be checked too. Nothing large is held: events go by one at a time, and chunks by
    /// their pieces.
    /// </summary>
    /// <exception cref="RunStoreException">The store cannot be used at all.</exception>
    public static RecordCheck Of(RunStore store)
    {
        ArgumentNullException.ThrowIfNull(store);
        var faults = ImmutableArray.CreateBuilder<string>();
        bool Tried(Action work, string of = "")
        {
            try
            {
                work();
                return true;
            }
            catch (RunStoreException fault) when (!fault.Passes)
            {
                faults.Add(of + fault.Message);
                return false;
            }
        }

        if (store.Damage() is { } damage)
        {
            faults.Add($"The database '{store.Database.Name}' is damaged: {damage}");
        }

        RunSummary? summary = null;
        RunOrigin? origin = null;
        var (events, head, started) = (0L, (Events: 0L, Hash: ""), (RunOrigin?)null);
        var (history, references) = (new RunHistory(), new RunReferences(null));
        Tried(() => summary = store.Summary());
        Tried(() => origin = store.Origin());
        Tried(() => references = store.Sound(() => new RunReferences(origin)));
        var isWhole = Tried(() => head = store.Head());         // Before the events: a run that goes on writes some meanwhile.
        var isRead = Tried(() =>
        {
            foreach (var entry in store.Entries())
            {
                // Behind a damaged event nothing follows from anything; but what events name there must still be there.
                events++;
                RunEvent? what = null;
                isWhole = isWhole && Tried(() => store.Sound(() => what = history.Apply(entry)));
                what ??= Decoded(entry);
                started ??= (what as RunEvent.RunStarted)?.Origin;
                if (what is not null)
                {
                    Tried(() => store.Sound(() =>
                    {
                        references.Apply(what);
                        return what;
                    }));
                }
            }
        });
        isWhole = isWhole && isRead && Tried(() => store.CheckHead(history, head));
        if (origin is not null && started is not null && RunEventCodec.OriginToText(started) != RunEventCodec.OriginToText(origin))
        {
            faults.Add($"The row of the run '{store.Run}' says that it was started from something else than its first event does. The event counts.");
        }

        if (summary is { Status: "completed" } && isWhole && (history.End is not { Outcome: Physics.Coupling.RunOutcome.Completed } end || (end.FinalHash, end.Windows) != (summary.FinalHash, summary.Windows)))
        {
            faults.Add($"The row of the run '{store.Run}' says that it is complete, with other windows or another hash than its journal does. The journal counts.");
        }

        var uses = references.Uses();
        foreach (var (hash, use) in uses)
        {
            Tried(() => store.CheckChunk(hash), $"In {use}: ");
        }

        Tried(() => ObservationStore.Read(store));
        return new RecordCheck(store.Run, events, history.Windows, references.Snapshots, uses.Count, faults.ToImmutable());
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

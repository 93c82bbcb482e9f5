using System.Collections.Immutable;
using System.Globalization;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Host.Composition;
using ActorMultiscale.Physics.Coupling;

namespace ActorMultiscale.Host.Commands;

/// <summary>A run as its record has it: its windows, its snapshots, and the experiment to compute it again.</summary>
internal sealed class RecordedRun
{
    private readonly RunStore _store;

    private RecordedRun(string name, RunStore store, RunHistory history)
    {
        (Name, _store, History) = (name, store, history);
        Loaded = ExperimentLoader.Reload(store, history.Origin!, history.Until);
    }

    /// <summary>The run in <paramref name="store"/>.</summary>
    /// <exception cref="RunStoreException">It has no events, or is damaged.</exception>
    public static RecordedRun Of(string name, RunStore store)
    {
        var history = store.History();
        return history.Origin is null ? throw new RunStoreException($"The run '{name}' has no events yet.") : new RecordedRun(name, store, history);
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>What its journal says.</summary>
    public RunHistory History { get; }

    /// <summary>The experiment.</summary>
    public LoadedExperiment Loaded { get; }

    /// <summary>The window at which it began: above 0 for a fork.</summary>
    public long FirstWindow => History.Origin!.Begins?.Window ?? 0;

    /// <summary>The window behind its last one.</summary>
    public long Windows => History.Windows;

    /// <summary>The windows that <c>--from</c> and <c>--to</c> choose; all where they are not given.</summary>
    /// <param name="from">The first one.</param>
    /// <param name="to">The one before which to stop.</param>
    /// <exception cref="RunStoreException">The run has not these windows.</exception>
    public (long First, long End) Choose(long? from, long? to)
    {
        var (first, end) = (from ?? FirstWindow, to ?? Windows);
        return first >= FirstWindow && first < end && end <= Windows ? (first, end) : throw new RunStoreException(FormattableString.Invariant(
            $"The run '{Name}' has the windows {FirstWindow} to {Windows - 1}; found --from {from?.ToString(CultureInfo.InvariantCulture) ?? "(none)"} --to {end}. --from is the first one to compute, --to the one before which to stop."));
    }

    /// <summary>Its windows from <paramref name="window"/> on.</summary>
    public IEnumerable<WindowRecord> WindowsFrom(long window) =>
        _store.Entries().Select(RunEventCodec.Decode).OfType<RunEvent.WindowsCommitted>().SelectMany(committed => committed.Windows).Where(record => record.Index >= window);

    /// <summary>Its recorded fields.</summary>
    public RecordedFields Fields => new(_store, History, Loaded.System);

    /// <summary>The windows whose fields are recorded, in words.</summary>
    public string FieldsInWords => RunsCommand.WindowsInWords(History.FieldStretches);

    /// <summary>What was counted in the windows before <paramref name="window"/>, those of the run's parents too.</summary>
    public ImmutableArray<long> CountsBefore(long window)
    {
        var metrics = RunMetrics.From(History.Origin!.Counted);
        foreach (var record in WindowsFrom(0).TakeWhile(record => record.Index < window))
        {
            metrics.Add(record);
        }

        return metrics.Counts;
    }

    // A snapshot that is gone on purpose is no damage, and yet the reason why computing takes longer.
    private void TellReleased(long begin, long window)
    {
        if (History.Released.GetViewBetween(begin, window) is { Count: > 0 } released)
        {
            Console.Error.WriteLine($"note: the snapshot of '{Name}' at window {released.Max} was let go by 'runs gc'; computing begins at window {begin}");
        }
    }

    /// <summary>
    /// The last snapshot at or before <paramref name="window"/>; null where the run's beginning is nearer. One that is damaged is named on standard error, and
    /// the one before it taken: computing again from there is longer, and gives the same.
    /// </summary>
    /// <exception cref="RunStoreException">The run is a fork, and what it begins with is damaged, or lies behind the window.</exception>
    public RunSnapshot? SnapshotBefore(long window)
    {
        var before = History.Snapshots.Where(s => s.Window <= window).OrderByDescending(s => s.Window);
        if (_store.LoadFirst(before, static text => Console.Error.WriteLine("warning: " + text)) is { } snapshot)
        {
            TellReleased(snapshot.Window, window);
            return snapshot;
        }

        TellReleased(0, window);
        return FirstWindow == 0 ? null : throw new RunStoreException(
            $"The run '{Name}' begins at window {FirstWindow} with the state of '{History.Origin!.Parent}', and {(window < FirstWindow ? $"has no window {window}" : "that state is damaged: there is nothing to compute from")}.");
    }
}

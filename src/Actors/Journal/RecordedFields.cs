using System.Collections.Immutable;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Recording;
using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Actors.Journal;

/// <summary>The recorded fields of a run, read from its store.</summary>
/// <param name="store">The store.</param>
/// <param name="history">The run's history.</param>
/// <param name="system">The coupled system of the run.</param>
public sealed class RecordedFields(RunStore store, RunHistory history, CoupledSystem system)
{
    private static readonly TimeSpan _longestWait = TimeSpan.FromDays(1);

    /// <summary>The windows whose fields are recorded: each stretch without a gap, in order.</summary>
    public ImmutableArray<WindowRange> Stretches => history.FieldStretches;

    /// <summary>Whether the fields of all windows from <paramref name="from"/> to before <paramref name="to"/> are recorded.</summary>
    public bool Has(long from, long to) => Stretches.Any(stretch => stretch.From <= from && stretch.To >= to);

    /// <summary>
    /// The recorded windows from <paramref name="from"/> to before <paramref name="to"/>, in order; before the first window of a run, the values at its start (with index −1), if it is
    /// among them.
    /// </summary>
    /// <exception cref="RunStoreException">A chunk is missing or damaged. Said while the windows are read.</exception>
    public IEnumerable<RecordedWindow> Windows(long from, long to)
    {
        foreach (var reference in history.Fields.Where(reference => reference.First < to && reference.End > from))
        {
            using var windows = FieldBlockReader.Read(system, store.ReadChunk(reference.Chunk)).GetEnumerator();
            while (Next(windows, reference) is { } window)
            {
                if (window.Index < 0 ? from <= 0 : window.Index >= from && window.Index < to)
                {
                    yield return window;
                }
            }
        }
    }

    /// <summary>
    /// Plays recorded samples to observers, in order of time: of one time, participant after participant. Nothing is computed.
    /// </summary>
    /// <param name="from">The first window.</param>
    /// <param name="to">The window before which to stop.</param>
    /// <param name="speed">How much of the run's time, s, passes in a second; null to play without waiting.</param>
    /// <param name="observers">Who is told.</param>
    /// <param name="clock">The clock by which is waited.</param>
    /// <param name="cancellation">Ends the playing.</param>
    /// <returns>How many windows were played.</returns>
    /// <exception cref="RunStoreException">A chunk is missing or damaged.</exception>
    public async Task<long> PlayAsync(long from, long to, double? speed, IReadOnlyList<IFieldObserver> observers, TimeProvider clock, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(observers);
        ArgumentNullException.ThrowIfNull(clock);
        var (began, first, played) = (clock.GetTimestamp(), double.NaN, 0L);
        foreach (var window in Windows(from, to))
        {
            foreach (var frame in Frames(window))
            {
                cancellation.ThrowIfCancellationRequested();
                first = double.IsNaN(first) ? frame.Sample.Time : first;
                // A timer goes for some weeks at most; whoever plays slower than that waits for it again.
                while (speed is { } pace && TimeSpan.FromSeconds(Math.Min(1e9, (frame.Sample.Time - first) / pace)) - clock.GetElapsedTime(began) is var wait && wait > TimeSpan.Zero)
                {
                    await Task.Delay(wait < _longestWait ? wait : _longestWait, clock, cancellation).ConfigureAwait(false);
                }

                foreach (var observer in observers)
                {
                    observer.Show(frame);
                }
            }

            played += window.Index < 0 ? 0 : 1;
        }

        return played;
    }

    private static IEnumerable<FieldFrame> Frames(RecordedWindow window) => window.Advances
        .SelectMany(advance => advance.Outputs.SelectMany((samples, port) => samples.Select(sample => new FieldFrame(window.Index, advance.Participant, port, sample))))
        .OrderBy(frame => frame.Sample.Time).ThenBy(frame => frame.Participant);     // A stable sort: otherwise as they were written.

    private static RecordedWindow? Next(IEnumerator<RecordedWindow> windows, FieldsReference reference)
    {
        try
        {
            return windows.MoveNext() ? windows.Current : null;
        }
        catch (InvalidDataException fault)
        {
            throw new RunStoreException($"The recorded fields of the windows {reference.First} to {reference.End - 1} (chunk {reference.Chunk}) do not fit the run's participants, or are damaged: {fault.Message}", fault);
        }
    }
}

/// <summary>Watches the fields of a run.</summary>
public interface IFieldObserver
{
    /// <summary>An out-port has a new value.</summary>
    void Show(FieldFrame frame);
}

/// <summary>A value of an out-port.</summary>
/// <param name="Window">Index of the root window; −1 for the start of the run.</param>
/// <param name="Participant">Index of the participant in the coupled system.</param>
/// <param name="Port">Index of the port in its description.</param>
/// <param name="Sample">When, and the numbers.</param>
public sealed record FieldFrame(long Window, int Participant, int Port, FieldSample Sample);

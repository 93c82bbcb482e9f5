using System.Buffers;
using System.Collections.Concurrent;
using System.Collections.Immutable;
using ActorMultiscale.Actors.Cluster;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Actors.Observation;

/// <summary>
/// Observes one process of a run for its <see cref="ObservationStore"/>: iterations, watches, and where the time goes. Belongs to the
/// coordinator's thread, but for <see cref="Stored"/> and <see cref="Now"/>.
/// </summary>
/// <remarks>
/// A row of timing ends with a root window, but takes a millisecond at least: windows that cost less share one, so that what is stored
/// is bounded by the time and not by the number of windows. Who was at work when is kept where a row is one window.
/// </remarks>
internal sealed class RunObserver : ICouplingObserver
{
    private const int MostSpans = 4096;         // Of one row; the sums hold beyond.
    private const long ShortestRow = 1_000_000;

    private readonly CoupledSystem _system;
    private readonly ObservationStore _store;
    private readonly TimeProvider _clock;
    private readonly bool _hasDetails;
    private readonly WorkAccount _account;
    private readonly long _began;
    private readonly double _nanoseconds;       // A tick of the clock.
    private readonly ArrayBufferWriter<byte> _bytes = new(1024);
    private readonly List<WorkSpan> _spans = [];
    private readonly ParticipantTime[] _times;
    private readonly ConcurrentQueue<(long Began, long Ended)> _stored = new();
    private long _window;
    private long _rowWindow;
    private long _rowBegan;
    private long _accelerating;
    private long _storing;

    /// <summary>An observer of what follows root window <paramref name="firstWindow"/>.</summary>
    /// <param name="system">The coupled system.</param>
    /// <param name="firstWindow">The first root window that is computed now.</param>
    /// <param name="store">Where everything goes.</param>
    /// <param name="hasDetails">Whether iterations and times are kept; otherwise the watches alone, which the experiment asks for.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="account">What the coordinator spends.</param>
    public RunObserver(CoupledSystem system, long firstWindow, ObservationStore store, bool hasDetails, TimeProvider clock, WorkAccount account)
    {
        _account = account;
        (_system, _store, _clock, _hasDetails) = (system, store, clock, hasDetails);
        _window = _rowWindow = firstWindow;
        _times = new ParticipantTime[system.Participants.Length];
        _nanoseconds = 1e9 / clock.TimestampFrequency;
        _began = clock.GetTimestamp();
        ObservationBytes.WriteLegend(_bytes, system, firstWindow, (clock.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100);
        Send();
    }

    /// <inheritdoc/>
    public long Now() => _hasDetails ? (long)((_clock.GetTimestamp() - _began) * _nanoseconds) : 0;

    /// <inheritdoc/>
    public void Iterated(WindowAddress address, TimeWindow window, bool converged, ImmutableArray<Residual> residuals)
    {
        if (_hasDetails)
        {
            ObservationBytes.WriteIteration(_bytes, _window, address, window, converged, residuals);
            Send();
        }
    }

    /// <inheritdoc/>
    public void Mapped(int conduit, long began)
    {
        if (_hasDetails)
        {
            var length = Keep(WorkKind.Mapping, conduit, began, Now());
            ref var time = ref _times[_system.Conduits[conduit].Consumer];
            time = time with { Mapping = time.Mapping + length };
        }
    }

    /// <inheritdoc/>
    public void Accelerated(int group, long began)
    {
        if (_hasDetails)
        {
            _accelerating += Keep(WorkKind.Accelerating, group, began, Now());
        }
    }

    /// <summary>All participants stand at their start: time counts from here.</summary>
    public void Begin() => _rowBegan = Now();

    /// <summary>A participant advanced, or else saved its state.</summary>
    public void Worked(int participant, bool isAdvance, long began, long ended)
    {
        if (_hasDetails)
        {
            var length = Keep(isAdvance ? WorkKind.Computing : WorkKind.Persisting, participant, began, ended);
            ref var time = ref _times[participant];
            time = isAdvance
                ? time with { Computing = time.Computing + length, Advances = time.Advances + 1 }
                : time with { Persisting = time.Persisting + length };
        }
    }

    /// <summary>A site mapped and accelerated: for how long is known, and not when.</summary>
    public void Worked(SiteWorked work)
    {
        if (_hasDetails)
        {
            foreach (var (conduit, length) in work.Mapped)
            {
                ref var time = ref _times[_system.Conduits[conduit].Consumer];
                time = time with { Mapping = time.Mapping + length };
            }

            foreach (var (_, length) in work.Accelerated)
            {
                _accelerating += length;
            }

            if (work.Spent is { } spent)
            {
                ObservationBytes.WriteWork(_bytes, _window, work.Site, spent);

                // Sites tell about equally often: the coordinator does so with the first.
                if (work.Site == 0 && _account.Sum() is { } own)
                {
                    ObservationBytes.WriteWork(_bytes, _window, WorkRow.Coordinator, own);
                }

                Send();
            }
        }
    }

    /// <summary>The store wrote from <paramref name="began"/> until now. From any thread.</summary>
    public void Stored(long began)
    {
        if (_hasDetails)
        {
            _stored.Enqueue((began, Now()));
        }
    }

    /// <inheritdoc/>
    public void Accepted(TimeWindow window, ReadOnlySpan<double> watched)
    {
        if (watched.Length > 0)
        {
            ObservationBytes.WriteWatches(_bytes, _window, window.EndTick, watched);
            Send();
        }

        _window++;
        if (_hasDetails && Now() - _rowBegan >= ShortestRow)
        {
            EndRow();
        }
    }

    /// <summary>Ends the row of timing at hand, at a root boundary; after the last window it holds what the last snapshot took.</summary>
    public void EndRow()
    {
        if (!_hasDetails || (_window == _rowWindow && _spans.Count == 0))
        {
            return;
        }

        var now = Now();
        while (_stored.TryDequeue(out var stored))
        {
            _storing += Keep(WorkKind.Storing, 0, stored.Began, stored.Ended);
        }

        var windows = _window - _rowWindow;
        ObservationBytes.WriteTiming(_bytes, _rowWindow, windows, _rowBegan, now - _rowBegan, _times, _accelerating, _storing,
            windows <= 1 ? System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_spans) : []);
        Send();
        Array.Clear(_times);
        _spans.Clear();
        (_accelerating, _storing) = (0, 0);
        (_rowWindow, _rowBegan) = (_window, now);
    }

    /// <summary>Returns when everything that was observed so far is stored, or cannot be.</summary>
    public void Flush() => _store.Flush();

    private long Keep(WorkKind kind, int who, long began, long ended)
    {
        if (_spans.Count < MostSpans)
        {
            _spans.Add(new WorkSpan(kind, who, began, ended - began));
        }

        return ended - began;
    }

    private void Send()
    {
        _store.Add(_bytes.WrittenSpan);
        _bytes.ResetWrittenCount();
    }
}

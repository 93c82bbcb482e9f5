using System.Diagnostics;
using ActorMultiscale.Physics.Coupling;

namespace ActorMultiscale.Actors.Observation;

/// <summary>The activity of the root window that is computed, by its identity: those who compute in it read it from threads of theirs.</summary>
internal sealed class WindowTrace
{
    private volatile string? _parent;

    /// <summary>The identity; null where nobody traces.</summary>
    public string? Parent
    {
        get => _parent;
        set => _parent = value;
    }
}

/// <summary>What a coordinator tells <see cref="Telemetry"/>: root windows, waits, and how long the journal takes. Belongs to its thread.</summary>
internal sealed class RunTelemetry(CoupledSystem system, string run, TimeProvider clock, WindowTrace trace) : IDisposable
{
    private readonly long[] _worked = new long[system.Participants.Length];           // In the present window, ns.
    private readonly Queue<(long Windows, long At)> _committed = new();
    private readonly KeyValuePair<string, object?> _run = new("run", run);
    private Activity? _window;
    private long _windows;
    private bool _isOpen;
    private long _began;        // When the present window began; 0 where nobody wanted to know.

    /// <summary>Whether the time that participants compute is to be told with their answers.</summary>
    public static bool WantsTimes => Telemetry.BarrierSeconds.Enabled;

    /// <summary>A participant is told to advance: with the first after a root boundary the next root window begins.</summary>
    public void Ordered()
    {
        if (_isOpen)
        {
            return;
        }

        (_isOpen, _began) = (true, 0);
        if (Telemetry.IsListenedTo)
        {
            _began = clock.GetTimestamp();
            _window = Telemetry.Begin("window", null)?.SetTag("run", _run.Value).SetTag("window", _windows);
            trace.Parent = _window?.Id;
        }
    }

    /// <summary>A participant has computed for so long.</summary>
    public void Worked(int participant, long nanoseconds) => _worked[participant] += nanoseconds;

    /// <summary>So many root windows are accepted by now.</summary>
    public void Accepted(long windows)
    {
        if (windows == _windows)
        {
            return;
        }

        _windows = windows;
        if (!_isOpen)
        {
            return;
        }

        if (_began != 0)
        {
            var seconds = clock.GetElapsedTime(_began).TotalSeconds;
            Telemetry.WindowSeconds.Record(seconds, _run);
            if (Telemetry.BarrierSeconds.Enabled)
            {
                foreach (var node in system.Participants)
                {
                    Telemetry.BarrierSeconds.Record(Math.Max(0, seconds - (_worked[node.Index] * 1e-9)), _run, new("participant", node.Name));
                }
            }
        }

        Array.Clear(_worked);
        Dispose();
    }

    /// <summary>Windows up to <paramref name="windows"/> (a count) go to the journal.</summary>
    public void Committed(long windows)
    {
        if (Telemetry.JournalSeconds.Enabled)
        {
            _committed.Enqueue((windows, clock.GetTimestamp()));
        }
    }

    /// <summary>Windows up to <paramref name="windows"/> (a count) are durable.</summary>
    public void Durable(long windows)
    {
        while (_committed.TryPeek(out var next) && next.Windows <= windows)
        {
            _committed.Dequeue();
            Telemetry.JournalSeconds.Record(clock.GetElapsedTime(next.At).TotalSeconds, _run);
        }
    }

    /// <summary>The present window ends, accepted or not.</summary>
    public void Dispose()
    {
        _isOpen = false;
        trace.Parent = null;
        _window?.Dispose();
        _window = null;
    }
}

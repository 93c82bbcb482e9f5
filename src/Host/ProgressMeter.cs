using System.Globalization;
using ActorMultiscale.Actors;

namespace ActorMultiscale.Host;

/// <summary>Rate and time left of a run, from what was done in the last seconds.</summary>
/// <param name="start">Where this process took the run up, s.</param>
/// <param name="until">Where the run ends, s.</param>
public sealed class ProgressMeter(double start, double until)
{
    private readonly Queue<(TimeSpan At, double Time, long Windows)> _recent = new();
    private readonly Dictionary<string, (TimeSpan At, double Done)> _underway = [];
    private double _last;
    private long _windows;

    /// <summary>One line for people.</summary>
    /// <param name="elapsed">Wall-clock time since the start.</param>
    /// <param name="progress">How far the run has come.</param>
    public string Line(TimeSpan elapsed, RunProgress progress)
    {
        ArgumentNullException.ThrowIfNull(progress);
        var time = Math.Max(start, progress.Time);
        if (time > _last)
        {
            // Windows have ended since, and those that are underway are others.
            _underway.Clear();
            _last = time;
        }

        if (_recent.Count > 0 && progress.Accepted < _windows)
        {
            // The run went back to a snapshot: what it did before says nothing of its rate.
            _recent.Clear();
            _underway.Clear();
            _last = time;
        }

        _windows = progress.Accepted;
        _recent.Enqueue((elapsed, time, progress.Accepted));
        while (_recent.Count > 2 && elapsed - _recent.Peek().At > TimeSpan.FromSeconds(10))
        {
            _recent.Dequeue();
        }

        var (at, then, windows) = _recent.Peek();
        var seconds = (elapsed - at).TotalSeconds;
        var rate = seconds > 0 ? (progress.Accepted - windows) / seconds : 0;
        var left = time > then && seconds > 0 ? TimeSpan.FromSeconds(Math.Min(1e8, (until - time) / (time - then) * seconds)) : (TimeSpan?)null;
        var ledger = string.Concat(progress.Ledger.Select(entry => string.Create(CultureInfo.InvariantCulture, $"  {entry.Key[(entry.Key.IndexOf('.', StringComparison.Ordinal) + 1)..]} {entry.Value:0.###e+0}")));
        var underway = string.Concat(progress.Underway.Select(entry => InWindow(elapsed, entry.Key, entry.Value)));
        return string.Create(CultureInfo.InvariantCulture,
            $"{100 * Math.Min(1, time / until),5:0.0} %  t = {time:0.####}  {progress.Accepted} windows ({progress.Durable} durable)  {rate:0}/s  {(left is { } l ? Words(l) + " left" : "")}{underway}{ledger}");
    }

    // How far a participant is in its window, and how long that still takes, by what it has done since it was first seen there.
    private string InWindow(TimeSpan elapsed, string name, double done)
    {
        if (!_underway.TryGetValue(name, out var first) || done < first.Done)
        {
            _underway[name] = first = (elapsed, done);
        }

        var left = done > first.Done ? Words((1 - done) / (done - first.Done) * (elapsed - first.At)) + " left" : "";
        return string.Create(CultureInfo.InvariantCulture, $"  {name} at {100 * done:0} % of its window{(left.Length > 0 ? ", " + left : "")}");
    }

    /// <summary>A length of time in words.</summary>
    public static string Words(TimeSpan time) => time.TotalHours >= 1
        ? string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalHours} h {time.Minutes} min")
        : time.TotalMinutes >= 1
        ? string.Create(CultureInfo.InvariantCulture, $"{time.Minutes} min {time.Seconds} s")
        : string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s");
}

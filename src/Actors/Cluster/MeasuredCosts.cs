using System.Collections.Immutable;

namespace ActorMultiscale.Actors.Cluster;

/// <summary>What participants cost: how long each computes in a root window, over the windows of late.</summary>
/// <param name="participants">How many there are.</param>
internal sealed class MeasuredCosts(int participants)
{
    // Of what was measured before, so much counts when windows come to it: costs change while a run goes on.
    private const double Kept = 15.0 / 16;

    private readonly double[] _present = new double[participants];      // Since windows were last counted, s.
    private readonly double[] _seconds = new double[participants];
    private double _windows;
    private long _counted;

    /// <summary>Root windows before <paramref name="windows"/> (a count) are not this process's.</summary>
    public void Begin(long windows) => _counted = windows;

    /// <summary>A participant has computed for so long.</summary>
    public void Add(int participant, long nanoseconds) => _present[participant] += nanoseconds * 1e-9;

    /// <summary>The costs, when so many root windows are accepted.</summary>
    /// <returns>Of each participant the seconds in a window; empty before the first is accepted.</returns>
    public ImmutableArray<double> Of(long windows)
    {
        if (windows > _counted)
        {
            // Work of windows that are not accepted yet waits in the same sums: of the next, a part at most.
            _windows = (Kept * _windows) + (windows - _counted);
            _counted = windows;
            for (var p = 0; p < participants; p++)
            {
                _seconds[p] = (Kept * _seconds[p]) + _present[p];
                _present[p] = 0;
            }
        }

        return _windows > 0 ? [.. _seconds.Select(seconds => seconds / _windows)] : [];
    }
}

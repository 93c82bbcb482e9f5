using ActorMultiscale.Actors;
using ActorMultiscale.Host;

namespace ActorMultiscale.Tests.Host;

/// <summary>The line of progress.</summary>
public sealed class ProgressMeterTests
{
    private static string Line(ProgressMeter meter, double seconds, double time, params KeyValuePair<string, double>[] underway) =>
        meter.Line(TimeSpan.FromSeconds(seconds), new RunProgress(time, (long)time, (long)time, (long)time, []) { Underway = [.. underway] });

    [Fact]
    public void It_tells_the_time_left_of_the_run_and_of_a_window_that_takes_long()
    {
        var meter = new ProgressMeter(0, 100);
        Assert.DoesNotContain("left", Line(meter, 1, 0), StringComparison.Ordinal);
        Assert.Contains("40.0 s left", Line(meter, 11, 20), StringComparison.Ordinal);

        // A quarter of a window took ten seconds, so the rest of it takes 26. The next window is seen anew.
        Assert.EndsWith("  atoms at 10 % of its window", Line(meter, 20, 20, KeyValuePair.Create("atoms", 0.1)), StringComparison.Ordinal);
        Assert.EndsWith("  atoms at 35 % of its window, 26.0 s left", Line(meter, 30, 20, KeyValuePair.Create("atoms", 0.35)), StringComparison.Ordinal);
        Assert.EndsWith("  atoms at 5 % of its window", Line(meter, 60, 21, KeyValuePair.Create("atoms", 0.05)), StringComparison.Ordinal);
        Assert.DoesNotContain("atoms", Line(meter, 61, 22), StringComparison.Ordinal);

        // So is one in which more is done when it is first seen than when the last one was.
        Assert.EndsWith("  atoms at 7 % of its window", Line(meter, 62, 22, KeyValuePair.Create("atoms", 0.07)), StringComparison.Ordinal);
        Assert.EndsWith("  atoms at 9 % of its window", Line(meter, 90, 23, KeyValuePair.Create("atoms", 0.09)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_that_goes_back_to_a_snapshot_is_told_by_what_it_does_from_there()
    {
        var meter = new ProgressMeter(0, 100);
        Line(meter, 0, 0);
        Assert.Contains("  4/s  ", Line(meter, 10, 40), StringComparison.Ordinal);
        Assert.Contains("  0/s  ", Line(meter, 11, 20), StringComparison.Ordinal);
        Assert.Contains("  2/s  ", Line(meter, 16, 30), StringComparison.Ordinal);
    }
}

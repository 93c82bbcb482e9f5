using System.Globalization;

namespace ActorMultiscale.Tests.Cluster.Faults;

/// <summary>What the proof of "never two copies" rests on finds two where there are two.</summary>
public sealed class SiteIntervalsTests
{
    private static string Line(string what, int epoch, int from, int? until, int? inVain = null)
    {
        static string Time(int second) => new DateTimeOffset(2026, 1, 1, 0, 0, second, TimeSpan.Zero).ToString("O", CultureInfo.InvariantCulture);
        static string Member(string name, int? second) => second is { } s ? $",\"{name}\":\"{Time(s)}\"" : "";
        var site = $"{{\"run\":\"r\",\"epoch\":{epoch},\"participants\":[\"a\",\"b\"],\"from\":\"{Time(from)}\"{Member("until", until)}{Member("inVain", inVain)}}}";
        return $"{{\"event\":\"{what}\",\"address\":\"127.0.0.1:1\",\"text\":\"\",\"site\":{site}}}\n";
    }

    [Fact]
    public void Copies_one_after_the_other_are_fine_and_two_at_a_time_are_found()
    {
        var first = Line("site-begins", 1, 0, null) + "{\"event\":\"up\",\"address\":\"x\",\"text\":\"\"}\n" + Line("site-ended", 1, 0, 10, inVain: 20);
        var before = SiteIntervals.Of(first, "one", null, out var inVain);
        Assert.Equal((2, 1), (before.Count, inVain));
        var after = SiteIntervals.Of(Line("site-begins", 2, 12, null), "two", null, out _);
        Assert.Empty(SiteIntervals.Overlaps([.. before, .. after]));
        Assert.Equal(TimeSpan.FromSeconds(2), SiteIntervals.Margin([.. before, .. after]));

        var tooSoon = SiteIntervals.Of(Line("site-begins", 2, 9, null), "two", null, out _);
        Assert.Equal(2, SiteIntervals.Overlaps([.. before, .. tooSoon]).Count());

        // A process that never said that it ended has computed until it did; and one that lives still does.
        var killed = Line("site-begins", 1, 0, null);
        var end = new DateTimeOffset(2026, 1, 1, 0, 0, 11, TimeSpan.Zero);
        Assert.Empty(SiteIntervals.Overlaps([.. SiteIntervals.Of(killed, "one", end, out _), .. after]));
        Assert.NotEmpty(SiteIntervals.Overlaps([.. SiteIntervals.Of(killed, "one", null, out _), .. after]));

        // One that outlasts a short one behind it is compared with the next as well.
        var brief = SiteIntervals.Of(Line("site-begins", 2, 1, null) + Line("site-ended", 2, 1, 2), "two", null, out _);
        var third = SiteIntervals.Of(Line("site-begins", 3, 5, null) + Line("site-ended", 3, 5, 6), "three", null, out _);
        Assert.Equal(4, SiteIntervals.Overlaps([.. before, .. brief, .. third]).Count());
    }
}

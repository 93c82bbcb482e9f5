using System.Globalization;
using System.Text.Json;

namespace ActorMultiscale.Tests.Cluster.Faults;

/// <summary>When a node has computed a participant, by its own lines; one that was killed had no time to say when it ended, and then it is when the process did.</summary>
/// <param name="Run">The run.</param>
/// <param name="Participant">The participant.</param>
/// <param name="Epoch">The incarnation.</param>
/// <param name="Where">The process.</param>
/// <param name="From">Since when.</param>
/// <param name="Until">When the last step that counts was begun or ended.</param>
internal sealed record SiteInterval(string Run, string Participant, int Epoch, string Where, DateTimeOffset From, DateTimeOffset Until);

/// <summary>The lines of nodes about what they compute. All nodes of a test are on one machine: their clocks are one.</summary>
internal static class SiteIntervals
{
    /// <summary>Reads what a process has said.</summary>
    /// <param name="lines">Its lines.</param>
    /// <param name="where">What it is called.</param>
    /// <param name="end">When it ended; null while it runs.</param>
    /// <param name="inVain">How many sites had a step under way when nobody counted on them any more.</param>
    public static List<SiteInterval> Of(string lines, string where, DateTimeOffset? end, out int inVain)
    {
        var open = new Dictionary<(string, int, string), SiteInterval>();
        var all = new List<SiteInterval>();
        inVain = 0;
        foreach (var what in lines.Split('\n', StringSplitOptions.TrimEntries).Where(line => line.EndsWith('}')).Select(line => JsonDocument.Parse(line).RootElement))
        {
            if (what.GetProperty("event").GetString() is not ("site-begins" or "site-ended") || !what.TryGetProperty("site", out var site))
            {
                continue;
            }

            DateTimeOffset? Time(string name) => site.TryGetProperty(name, out var text) ? DateTimeOffset.Parse(text.GetString()!, CultureInfo.InvariantCulture) : null;
            inVain += Time("inVain") is null ? 0 : 1;
            foreach (var participant in site.GetProperty("participants").EnumerateArray().Select(p => p.GetString()!))
            {
                var key = (site.GetProperty("run").GetString()!, site.GetProperty("epoch").GetInt32(), participant);
                if (Time("until") is { } until)
                {
                    open.Remove(key);
                    all.Add(new SiteInterval(key.Item1, participant, key.Item2, where, Time("from")!.Value, until));
                }
                else
                {
                    open[key] = new SiteInterval(key.Item1, participant, key.Item2, where, Time("from")!.Value, end ?? DateTimeOffset.MaxValue);
                }
            }
        }

        return [.. all, .. open.Values];
    }

    /// <summary>Pairs of intervals in which a participant was computed twice at the same time.</summary>
    public static IEnumerable<string> Overlaps(IEnumerable<SiteInterval> intervals) => Neighbors(intervals).Where(pair => pair.After.From < pair.Before.Until)
        .Select(pair => $"'{pair.Before.Participant}' of '{pair.Before.Run}' was computed twice: {pair.Before} and {pair.After}");

    /// <summary>The shortest time between two copies of a participant; null where none had a second one.</summary>
    public static TimeSpan? Margin(IEnumerable<SiteInterval> intervals) => Neighbors(intervals).Select(pair => (TimeSpan?)(pair.After.From - pair.Before.Until)).Min();

    // Each with the one that began next; and with the one that reaches furthest of all before it, for that one may outlast those between.
    private static IEnumerable<(SiteInterval Before, SiteInterval After)> Neighbors(IEnumerable<SiteInterval> intervals)
    {
        foreach (var same in intervals.GroupBy(i => (i.Run, i.Participant)))
        {
            SiteInterval? furthest = null;
            foreach (var next in same.OrderBy(i => i.From))
            {
                if (furthest is not null)
                {
                    yield return (furthest, next);
                }

                furthest = furthest is null || next.Until > furthest.Until ? next : furthest;
            }
        }
    }
}

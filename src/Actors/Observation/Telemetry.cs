using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using ActorMultiscale.Actors.DataPlane;

namespace ActorMultiscale.Actors.Observation;

/// <summary>
/// What tools see of runs while they go on: activities and instruments under one name, by <c>System.Diagnostics</c> alone. Where nobody listens, nothing is measured for it.
/// </summary>
public static class Telemetry
{
    /// <summary>The name of the activity source and of the meter.</summary>
    public const string Name = "ActorMultiscale";

    private static readonly Meter _meter = new(Name);
    private static readonly ConcurrentDictionary<ILinkSource, byte> _links = new();

    /// <summary>Activities: <c>window</c> for a root window, and in it <c>advance</c> for each advance of a participant, wherever that is computed.</summary>
    internal static ActivitySource Source { get; } = new(Name);

    /// <summary>How long root windows take, s; by run.</summary>
    internal static Histogram<double> WindowSeconds { get; } = _meter.CreateHistogram<double>("actor_multiscale.window.duration", "s", "How long root windows take, from one that is accepted to the next");

    /// <summary>How long advances take where they are computed, s; by participant.</summary>
    internal static Histogram<double> AdvanceSeconds { get; } = _meter.CreateHistogram<double>("actor_multiscale.advance.duration", "s", "How long participants compute in an advance");

    /// <summary>How long a participant does not compute in a root window, s; by run and participant.</summary>
    internal static Histogram<double> BarrierSeconds { get; } = _meter.CreateHistogram<double>("actor_multiscale.barrier.wait", "s", "How much of a root window a participant does not compute: it waits for others");

    /// <summary>How long decided windows wait until they are durable, s; by run.</summary>
    internal static Histogram<double> JournalSeconds { get; } = _meter.CreateHistogram<double>("actor_multiscale.journal.latency", "s", "From the decision on windows until they are durable");

    /// <summary>How often a run was begun or went on; by run.</summary>
    internal static Counter<long> Incarnations { get; } = _meter.CreateCounter<long>("actor_multiscale.run.incarnations", null, "How often runs begin, or go on from their record");

    /// <summary>Connections that were sent away; by run.</summary>
    internal static Counter<long> RefusedConnections { get; } = _meter.CreateCounter<long>("actor_multiscale.refused.connections", null, "Connections of strangers that were sent away");

    /// <summary>Messages between nodes that could not be read.</summary>
    internal static Counter<long> RefusedMessages { get; } = _meter.CreateCounter<long>("actor_multiscale.refused.messages", null, "Messages between nodes that were none");

    static Telemetry()
    {
        _meter.CreateObservableCounter("actor_multiscale.link.bytes", () => Links(link => (link.BytesSent, link.BytesReceived)), "By", "Bytes over links of runs, by link and direction");
        _meter.CreateObservableCounter("actor_multiscale.work.cpu", () => Work(sum => sum.Nanoseconds * 1e-9), "s", "Time of processors of sites and coordinators, by what it is spent on");
        _meter.CreateObservableCounter("actor_multiscale.work.messages", () => Work(sum => sum.Messages), null, "Messages that sites and coordinators send to other processes, by what they are for");
        _meter.CreateObservableCounter("actor_multiscale.work.bytes", () => Work(sum => sum.Bytes), "By", "Bytes of these messages");
        _meter.CreateObservableCounter("actor_multiscale.link.messages", () => Links(link => (link.MessagesSent, link.MessagesReceived)), null, "Messages over links of runs, by link and direction");
    }

    /// <summary>Whether somebody wants to know of root windows.</summary>
    internal static bool IsListenedTo => Source.HasListeners() || WindowSeconds.Enabled || BarrierSeconds.Enabled || JournalSeconds.Enabled;

    /// <summary>Begins an activity that is not the current one of anybody: actors change threads.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="parent">The identity of the activity that it is part of; null for none.</param>
    /// <returns>Null where nobody listens.</returns>
    internal static Activity? Begin(string name, string? parent)
    {
        if (!Source.HasListeners())
        {
            return null;
        }

        var before = Activity.Current;
        Activity.Current = null;
        var activity = Source.StartActivity(name, ActivityKind.Internal, parent);
        Activity.Current = before;
        return activity;
    }

    /// <summary>The links of <paramref name="source"/> are counted until it is let go.</summary>
    internal static void Watch(ILinkSource source) => _links[source] = 0;

    /// <summary>The links of <paramref name="source"/> are no more.</summary>
    internal static void LetGo(ILinkSource source) => _links.TryRemove(source, out _);

    private static IEnumerable<Measurement<T>> Work<T>(Func<PurposeSum, T> what)
        where T : struct
    {
        foreach (var source in _links.Keys)
        {
            if (source.Work is { } sum)
            {
                foreach (var purpose in Enum.GetValues<WorkPurpose>())
                {
                    yield return new Measurement<T>(what(sum[purpose]), new("run", source.Run), new("epoch", source.Epoch), new("site", source.Site), new("purpose", purpose.ToString().ToLowerInvariant()));
                }
            }
        }
    }

    private static IEnumerable<Measurement<long>> Links(Func<WireCounters, (long Sent, long Received)> counts)
    {
        foreach (var source in _links.Keys)
        {
            foreach (var (peer, counters) in source.Links)
            {
                var (sent, received) = counts(counters);
                foreach (var (direction, count) in new[] { ("sent", sent), ("received", received) })
                {
                    yield return new Measurement<long>(count, new("run", source.Run), new("epoch", source.Epoch), new("site", source.Site), new("peer", peer), new("direction", direction));
                }
            }
        }
    }
}

/// <summary>Whoever has links that are counted.</summary>
internal interface ILinkSource
{
    /// <summary>The run.</summary>
    string Run { get; }

    /// <summary>Its incarnation.</summary>
    long Epoch { get; }

    /// <summary>The number of this site; the coordinator comes behind the sites.</summary>
    int Site { get; }

    /// <summary>The links with what they have carried, by the site at the other end.</summary>
    ImmutableArray<(int Peer, WireCounters Counters)> Links { get; }

    /// <summary>What it has spent; null where that is not summed up.</summary>
    WorkSum? Work { get; }
}

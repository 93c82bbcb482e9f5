using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using ActorMultiscale.Actors;
using ActorMultiscale.Actors.Observation;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Distribution;
using ActorMultiscale.Physics.Examples;
using ActorMultiscale.Tests.Actors.Cluster;

namespace ActorMultiscale.Tests.Actors;

/// <summary>What <c>dotnet-counters</c>, <c>dotnet-trace</c> and OpenTelemetry see of a run.</summary>
public sealed class TelemetryTests
{
    private const int Windows = 25;

    private static CoupledSystem Oscillator(string name) => Composition.Compose(new Experiment
    {
        Name = name,
        Until = Windows * 0.02,
        Window = 0.02,
        Participants =
        [
            Participant.Of("left", OscillatorMass.Entry, ("side", "left")),
            Participant.Of("right", OscillatorMass.Entry, ("side", "right")),
        ],
        Conduits = [new("left.spring-force", "right.force"), new("right.spring-force", "left.force")],
        Scheme = CouplingScheme.Serial("left", "right"),
    });

    private static async Task RunAsync(CoupledSystem system, bool isSpread)
    {
        if (isSpread)
        {
            var ended = await SpreadRun.Of(system, new FieldPlacement(system, [0, 1], 2)).WaitAsync(TimeSpan.FromMinutes(1));
            Assert.True(ended.Outcome == RunOutcome.Completed, ended.Reason);
            return;
        }

        await using var run = ActorRun.Start(system, new RunSettings { Threads = 2 });
        Assert.Equal(RunStatus.Completed, (await run.Completion.WaitAsync(TimeSpan.FromMinutes(1))).Status);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_root_window_is_an_activity_and_advances_are_its_children(bool isSpread)
    {
        var name = $"traced-{isSpread}".ToLowerInvariant();
        var stopped = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == Telemetry.Name,
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            SampleUsingParentId = static (ref ActivityCreationOptions<string> _) => ActivitySamplingResult.AllData,
            ActivityStopped = stopped.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);

        await RunAsync(Oscillator(name), isSpread);

        // Other tests run beside this one: only what belongs to its windows counts.
        var windows = stopped.Where(a => a.OperationName == "window" && Equals(a.GetTagItem("run"), name)).ToList();
        Assert.Equal(Enumerable.Range(0, Windows).Select(i => (object)(long)i), windows.Select(a => a.GetTagItem("window")));
        Assert.All(windows, window => Assert.Null(window.ParentId));
        foreach (var window in windows)
        {
            var advances = stopped.Where(a => a.OperationName == "advance" && a.ParentId == window.Id).OrderBy(a => a.StartTimeUtc).ToList();
            Assert.Equal(["left", "right"], advances.Select(a => a.GetTagItem("participant")));
            Assert.All(advances, a => Assert.InRange(a.StartTimeUtc, window.StartTimeUtc, window.StartTimeUtc + window.Duration));
        }

        Assert.Null(Activity.Current);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Windows_advances_and_waits_are_measured(bool isSpread)
    {
        var name = $"measured-{isSpread}".ToLowerInvariant();
        var measured = new ConcurrentQueue<(string Instrument, double Value, string Tags)>();
        using var listener = new MeterListener
        {
            InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument.Meter.Name == Telemetry.Name)
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => measured.Enqueue((instrument.Name, value, string.Join(' ', tags.ToArray().Select(t => t.Value)))));
        listener.Start();

        await RunAsync(Oscillator(name), isSpread);

        double[] Of(string instrument, string tags) => [.. measured.Where(m => m.Instrument == instrument && m.Tags == tags).Select(m => m.Value)];
        var windows = Of("actor_multiscale.window.duration", name);
        Assert.Equal(Windows, windows.Length);
        Assert.All(windows, seconds => Assert.InRange(seconds, 1e-9, 60));
        Assert.True(Of("actor_multiscale.advance.duration", "left").Length >= Windows);

        // Of two that advance one after the other, each waits while the other computes, and not longer than the window.
        var (left, right) = (Of("actor_multiscale.barrier.wait", name + " left"), Of("actor_multiscale.barrier.wait", name + " right"));
        Assert.Equal((Windows, Windows), (left.Length, right.Length));
        Assert.All(Enumerable.Range(0, Windows), w => Assert.True(left[w] + right[w] >= windows[w] - 1e-6 && left[w] < windows[w] && right[w] < windows[w], $"{left[w]} {right[w]} {windows[w]}"));
    }
}

using System.Collections.Immutable;
using ActorMultiscale.Actors;
using ActorMultiscale.Actors.Cluster;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Actors.Protocol;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Distribution;
using ActorMultiscale.Physics.Examples;
using Akka.Actor;

namespace ActorMultiscale.Tests.Actors.Cluster;

/// <summary>A coordinator and sites as actors of one process: the shells around the script. The bits are those of the serial runner.</summary>
public sealed class SpreadRunTests
{
    private static readonly ConvergenceCriterion _tight = new("left.force", ResidualMeasure.Relative, 1e-10);

    private static CoupledSystem Oscillator(CouplingScheme scheme) => Composition.Compose(new Experiment
    {
        Name = "oscillator",
        Until = 1,
        Window = 0.02,
        SnapshotEvery = 7,
        Participants =
        [
            Participant.Of("left", OscillatorMass.Entry, ("side", "left")),
            Participant.Of("right", OscillatorMass.Entry, ("side", "right")),
        ],
        Conduits = [new("left.spring-force", "right.force") { Degree = 3 }, new("right.spring-force", "left.force") { Degree = 3 }],
        Scheme = scheme,
    });

    [Theory]
    [InlineData(1, 0, 0)]
    [InlineData(2, 0, 1)]
    [InlineData(2, 1, 0)]
    [InlineData(3, 2, 1)]
    public async Task Sites_and_serial_runner_agree_to_the_last_bit(int sites, int left, int right)
    {
        foreach (var scheme in new[]
        {
            CouplingScheme.Serial("left", "right"),
            CouplingScheme.Parallel("left", "right"),
            CouplingScheme.Serial("left", "right").Iterated(200, _tight),
            CouplingScheme.Parallel("left", "right").Iterated(200, _tight).Relaxed(0.7),
        })
        {
            var system = Oscillator(scheme);
            var serial = new SerialRunner(system).Run();
            Assert.Equal(RunOutcome.Completed, serial.Outcome);

            var ended = await SpreadRun.Of(system, new FieldPlacement(system, [left, right], sites)).WaitAsync(TimeSpan.FromMinutes(1));

            Assert.True(ended.Outcome == RunOutcome.Completed, ended.Reason);
            Assert.Equal((serial.FinalHash, serial.Windows), (ended.FinalHash, ended.Windows));
            Assert.Equal(serial.Metrics, ended.Metrics);
        }
    }
}

/// <summary>A run over sites in one actor system, whose lines are mailboxes.</summary>
internal static class SpreadRun
{
    public static async Task<RunEvent.RunEnded> Of(CoupledSystem system, FieldPlacement placement, params ImmutableArray<TeamSites> teams)
    {
        using var actors = ActorSystem.Create("sites", ActorSettings.For(2, null));
        var ended = new TaskCompletionSource<RunEvent.RunEnded>(TaskCreationOptions.RunContinuationsAsynchronously);
        var lines = new Lines(placement.Sites);
        var settings = new RunSettings();
        var journal = actors.ActorOf(Props.Create(() => new Listener(ended)), "journal");
        for (var i = 0; i < placement.Sites; i++)
        {
            var site = i;
            lines.Sites[i] = actors.ActorOf(Props.Create(() => new SiteActor(system, placement, teams, site, null, settings, lines)), $"site-{i}");
        }

        var protocol = new CoordinatorProtocol(system, new RunHistory(), null, isRecorded: false, placement: placement);
        lines.Coordinator = actors.ActorOf(Props.Create(() => new CoordinatorActor(system, protocol, journal, _ => new RemoteCrew(placement, lines), null)), "coordinator");
        try
        {
            return await ended.Task;
        }
        finally
        {
            await actors.Terminate();
        }
    }

    private sealed class Listener : ReceiveActor
    {
        public Listener(TaskCompletionSource<RunEvent.RunEnded> ended)
        {
            Receive<JournalOrder.End>(end => ended.TrySetResult(end.What));
            ReceiveAny(static _ => { });
        }
    }

    private sealed class Lines(int sites) : ISiteLines, ICoordinatorLines
    {
        private readonly TaskCompletionSource<IActorRef> _coordinator = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public IActorRef[] Sites { get; } = new IActorRef[sites];

        public IActorRef Coordinator { set => _coordinator.SetResult(value); }

        public void ToSite(int site, SiteOrder order) => Sites[site].Tell(Copy(order));

        public void ToCoordinator(object answer) => _coordinator.Task.Result.Tell(Copy(answer));

        public void ToSite(int site, object parcel) => Sites[site].Tell(Copy(parcel));

        // As it would arrive over a network.
        private static object Copy(object message) => SiteCodec.Decode(SiteCodec.Encode(message).Span);

        public void Dispose() { }
    }
}

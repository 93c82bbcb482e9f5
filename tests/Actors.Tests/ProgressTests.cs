using ActorMultiscale.Actors;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Tests.Actors;

/// <summary>A model whose windows take long is heard while it computes, and that changes no number.</summary>
public sealed class ProgressTests
{
    private static readonly Port<double> _out = Port.Out<double>("x", Quantities.Number);

    private sealed class Slow(Action<AdvanceContext> between) : IScaleModel
    {
        private double _x;

        public ModelDescription Description { get; } = new(new PortLayout(_out, 1));

        public void Initialize(PortWriter outputs) => outputs.Write(_out, 0, _x);

        public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
        {
            context.Report(0.25);
            between(context);
            outputs.Write(_out, context.Window.End, ++_x);
        }

        public void Archive(StateArchive archive) => archive.Value("x", ref _x);
    }

    private static CoupledSystem System(Action<AdvanceContext> between) => Composition.Compose(new Experiment
    {
        Name = "slow",
        Window = 1,
        Until = 2,
        Participants = [Participant.Of("solver", new ModelEntry("slow", "", _ => new Slow(between)))],
        Conduits = [],
        Scheme = CouplingScheme.Serial("solver"),
    });

    [Fact]
    public async Task Who_watches_hears_how_far_a_participant_is_in_its_window()
    {
        using var heard = new ManualResetEventSlim();
        var windows = 0;

        // The model waits in its first window until it was heard.
        void Between(AdvanceContext context) => Assert.True(windows++ > 0 || heard.Wait(TimeSpan.FromSeconds(30)), "nobody heard the model");
        void Hear(RunProgress progress)
        {
            if (progress.Underway is [{ Key: "solver", Value: 0.25 }])
            {
                Assert.Equal(0, progress.Accepted);
                heard.Set();
            }
        }

        await using var run = ActorRun.Start(System(Between), new RunSettings { ProgressEvery = TimeSpan.FromMilliseconds(10) }, Hear);
        var report = await run.Completion.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.True(report.Status == RunStatus.Completed, report.Result.Reason);
        Assert.Equal(new SerialRunner(System(_ => { })).Run().FinalHash, report.Result.FinalHash);
    }
}

using System.Collections.Concurrent;
using ActorMultiscale.Actors;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Tests.Actors;

/// <summary>A model that throws, hangs or emits NaN is a decision of the machine, not a crash; and a clock never changes numbers.</summary>
public sealed class FailureTests : IDisposable
{
    private static readonly Port<double> _out = Port.Out<double>("x", Quantities.Number);
    private static readonly Port<double> _in = Port.In<double>("y", Quantities.Number);
    private readonly ManualResetEventSlim _release = new();     // Lets go of whoever would hang for ever.

    public void Dispose()
    {
        _release.Set();
        _release.Dispose();
    }

    /// <summary>x ← ½ x + y + 1; <paramref name="misbehave"/> is called first, and may do anything.</summary>
    private sealed class Model(Action<AdvanceContext> misbehave, Func<AdvanceContext, double> error) : IScaleModel
    {
        private double _x = 1;

        public ModelDescription Description { get; } = new(new(_in, 1), new(_out, 1));

        public void Initialize(PortWriter outputs) => outputs.Write(_out, 0, _x);

        public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
        {
            misbehave(context);
            _x = (0.5 * _x) + inputs.Read(_in, context.Window.End)[0] + context.Window.Length + error(context);
            outputs.Write(_out, context.Window.End, _x);
        }

        public void Archive(StateArchive archive) => archive.Value("x", ref _x);
    }

    private static Experiment Pair(Action<AdvanceContext> misbehave, Func<AdvanceContext, double>? error = null, TimeSpan? limit = null)
    {
        static void Behave(AdvanceContext context) { }
        var bad = new ModelEntry("bad", "", _ => new Model(misbehave, error ?? (static _ => 0)));
        var good = new ModelEntry("good", "", _ => new Model(Behave, static _ => 0));
        return new Experiment
        {
            Name = "pair",
            Window = 1,
            Until = 8,
            Participants = [Participant.Of("bad", bad) with { TimeLimit = limit }, Participant.Of("good", good)],
            Conduits = [new("bad.x", "good.y"), new("good.x", "bad.y")],
            Scheme = CouplingScheme.Parallel("bad", "good"),
        };
    }

    private static async Task<RunReport> Run(Experiment experiment, RunSettings? settings = null)
    {
        await using var run = ActorRun.Start(Composition.Compose(experiment), settings ?? new RunSettings { Threads = 2 });
        return await run.Completion.WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task A_model_that_throws_ends_the_run_with_the_last_good_window()
    {
        var report = await Run(Pair(context => Throw(context.Window.Start >= 3)));

        Assert.Equal(RunStatus.Failed, report.Status);
        Assert.Equal(3, report.Result.Windows);
        Assert.Contains("'bad' failed in the window from t = 3 to 4: InvalidOperationException: broken", report.Result.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_that_needs_shorter_windows_gets_them_and_the_bits_are_those_of_the_serial_runner()
    {
        var experiment = Pair(context => Throw(context.Window is { Start: >= 3, Length: > 0.3 })) with { Halvings = 3 };
        var serial = new SerialRunner(Composition.Compose(experiment)).Run();

        var report = await Run(experiment);

        Assert.Equal(RunStatus.Completed, report.Status);
        Assert.Equal(serial.FinalHash, report.Result.FinalHash);
        Assert.Equal(serial.Metrics, report.Result.Metrics);
        Assert.Equal(3 + (5 * 4), report.Result.Windows);
    }

    [Fact]
    public async Task NaN_never_crosses_a_port()
    {
        var report = await Run(Pair(static _ => { }, context => context.Window.Start >= 5 ? double.NaN : 0));

        Assert.Equal(RunStatus.Failed, report.Status);
        Assert.Equal(5, report.Result.Windows);
        Assert.Contains("only finite numbers cross a port", report.Result.Reason, StringComparison.Ordinal);
        Assert.All(report.Result.Metrics.Values, value => Assert.True(double.IsFinite(value)));
    }

    [Fact]
    public async Task A_model_that_hangs_once_repeats_its_window_and_no_bit_changes()
    {
        var hangs = new ConcurrentQueue<int>([1]);
        void Hang(AdvanceContext context)
        {
            if (context.Window.Start >= 4 && hangs.TryDequeue(out _))
            {
                context.Cancellation.WaitHandle.WaitOne();
                context.Cancellation.ThrowIfCancellationRequested();
            }
        }

        var undisturbed = new SerialRunner(Composition.Compose(Pair(static _ => { }, limit: TimeSpan.FromHours(1)))).Run();
        var report = await Run(Pair(Hang, limit: TimeSpan.FromSeconds(0.5)));

        Assert.True(report.Status == RunStatus.Completed, report.Result.Reason);
        Assert.Equal(undisturbed.FinalHash, report.Result.FinalHash);
        Assert.Equal(1, report.Result.Metrics["retries"]);
    }

    [Fact]
    public async Task A_model_that_hangs_twice_in_a_window_ends_the_run()
    {
        var report = await Run(Pair(context =>
        {
            if (context.Window.Start >= 4)
            {
                context.Cancellation.WaitHandle.WaitOne();
            }
        }, limit: TimeSpan.FromSeconds(0.3)));

        Assert.Equal(RunStatus.Failed, report.Status);
        Assert.Equal(4, report.Result.Windows);
        Assert.Contains("did not answer within its time limit", report.Result.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_that_ignores_cancellation_is_given_up()
    {
        var report = await Run(Pair(context =>
        {
            if (context.Window.Start >= 4)
            {
                _release.Wait(CancellationToken.None);
            }
        }, limit: TimeSpan.FromSeconds(0.3)), new RunSettings { Threads = 2, Grace = TimeSpan.FromSeconds(0.3) });
        _release.Set();

        Assert.Equal(RunStatus.Failed, report.Status);
        Assert.Equal(4, report.Result.Windows);
        Assert.Contains("does not heed cancellation", report.Result.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_that_cannot_start_ends_the_run_with_a_sentence()
    {
        var entry = new ModelEntry("mute", "", _ => new Mute());
        var experiment = Pair(static _ => { });
        experiment = experiment with { Participants = [Participant.Of("bad", entry), experiment.Participants[1]] };

        var report = await Run(experiment);

        Assert.Equal(RunStatus.Failed, report.Status);
        Assert.Contains("'bad' cannot start", report.Result.Reason, StringComparison.Ordinal);
        Assert.Contains("Initialize did not write the out-port 'x'", report.Result.Reason, StringComparison.Ordinal);
    }

    private sealed class Mute : IScaleModel
    {
        public ModelDescription Description { get; } = new(new(_in, 1), new(_out, 1));

        public void Initialize(PortWriter outputs) { }

        public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs) { }

        public void Archive(StateArchive archive) { }
    }

    [Fact]
    public async Task While_all_solver_threads_are_busy_progress_is_told_and_a_stop_is_heard()
    {
        using var answers = new SemaphoreSlim(0);
        var experiment = Pair(context => _release.Wait(CancellationToken.None)) with { Until = 100_000 };
        await using var run = ActorRun.Start(Composition.Compose(experiment), new RunSettings { Threads = 1, ProgressEvery = TimeSpan.FromMilliseconds(5) }, _ => answers.Release());
        async Task TwentyAnswers()
        {
            for (var i = 0; i < 20; i++)
            {
                Assert.True(await answers.WaitAsync(TimeSpan.FromSeconds(30)), "progress is not told while the one solver thread is held");
            }
        }

        await TwentyAnswers();
        run.RequestStop();
        await TwentyAnswers();
        _release.Set();
        var report = await run.Completion.WaitAsync(TimeSpan.FromSeconds(30));

        // One window, if the stop was heard while the solver was held; of a hundred thousand in any case but a few.
        Assert.Equal(RunStatus.Stopped, report.Status);
        Assert.InRange(report.Result.Windows, 1, 1000);
    }

    private static void Throw(bool now)
    {
        if (now)
        {
            throw new InvalidOperationException("broken");
        }
    }
}

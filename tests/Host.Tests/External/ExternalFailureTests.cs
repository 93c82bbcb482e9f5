using System.Diagnostics;
using ActorMultiscale.Actors;
using ActorMultiscale.Host.Composition;
using ActorMultiscale.Physics.Coupling;

namespace ActorMultiscale.Tests.Host.External;

/// <summary>A peer may do whatever it likes: the run ends with one sentence that says what it did, nothing hangs, and no process stays.</summary>
public sealed class ExternalFailureTests : IDisposable
{
    private readonly ExternalStand _stand = new();

    public void Dispose() => _stand.Dispose();

    [NeedsTheory("python3")]
    [InlineData("exit", "ended with exit code 9", "no more licenses")]
    [InlineData("kill", "ended by signal 9 (kill, or out of memory)", "about to kill")]
    [InlineData("hang", "did not answer within 1 s", "'answer-limit' says how much it has")]
    [InlineData("hang-with-child", "did not answer within 1 s", "its process is still there")]
    [InlineData("orphan", "ended with exit code 7", "the connection ended within the length of its answer")]
    [InlineData("truncated", "the connection ended within a frame of 25 bytes", "crashed")]
    [InlineData("oversized", "announced a frame of 4294967280 bytes", "writes to the connection itself")]
    [InlineData("promised", "did not answer within 1 s", "")]
    [InlineData("garbage", "announced a frame of 1919251529 bytes", "writes to the connection itself")]
    [InlineData("empty", "announced a frame of 0 bytes", "")]
    [InlineData("wrong-kind", "a frame of kind 12 where one of kind 10 (Samples) was due", "")]
    [InlineData("unknown-kind", "a frame of kind 200", "")]
    [InlineData("many-samples", "says that it holds 1073741824 of samples", "window from t = 3 to 4")]
    [InlineData("negative-count", "says that it holds -1 of samples", "")]
    [InlineData("more-bytes", "holds 4 bytes more than the samples", "")]
    [InlineData("bad-error", "error message cannot be read", "")]
    [InlineData("nan", "holds NaN", "only finite numbers cross a port")]
    [InlineData("infinite", "only finite numbers cross a port", "")]
    [InlineData("too-few", "wrote 0 numbers to the out-port 'x'", "1 are due")]
    [InlineData("too-many", "wrote 2 numbers to the out-port 'x'", "1 are due")]
    [InlineData("no-samples", "did not write the out-port 'x'", "")]
    [InlineData("too-late", "was written at t = 5", "up to the window's end 4")]
    [InlineData("too-early", "was written at t = 2", "allowed is after 3")]
    [InlineData("too-short", "written last at t = 3.5; the window ends at 4", "")]
    [InlineData("not-a-time", "was written at t = NaN", "")]
    [InlineData("cannot", "says: the mesh is tangled", "")]
    public async Task A_peer_that_misbehaves_in_a_window_is_one_sentence(string mode, string found, string cause)
    {
        var report = await ExternalStand.Run(_stand.Bad(mode, settings: "answer-limit = 1"));

        Assert.Equal(RunStatus.Failed, report.Status);
        Assert.Contains("'bad' failed in the window from t = 3 to 4", report.Result.Reason, StringComparison.Ordinal);
        Assert.Contains(found, report.Result.Reason, StringComparison.Ordinal);
        Assert.Contains(cause, report.Result.Reason, StringComparison.Ordinal);
        Assert.Equal(3, report.Result.Windows);
        _stand.RequireNoProcess();
    }

    [NeedsTheory("python3")]
    [InlineData("never-join", "it ended before it joined", "exit code 3")]
    [InlineData("silent", "nobody joined at 127.0.0.1:", "'start-limit' gives it more time")]
    [InlineData("wrong-token", "it does not know the token", "")]
    [InlineData("http", "someone else was turned away", "")]
    [InlineData("other-version", "it speaks version 2 of the protocol, and this program speaks version 1", "of another release")]
    [InlineData("other-ports", "'out x x 1, 3 components', where the experiment has 'out x x 1'", "one of them was probably changed")]
    [InlineData("cannot-restore", "cannot save and restore its state", "'restores = false'")]
    public async Task A_peer_that_does_not_join_as_it_should_is_one_sentence(string mode, string found, string cause)
    {
        var report = await ExternalStand.Run(_stand.Bad(mode, settings: "start-limit = 4"));

        Assert.Equal(RunStatus.Failed, report.Status);
        Assert.StartsWith("'bad' cannot start: ", report.Result.Reason, StringComparison.Ordinal);
        Assert.Contains(found, report.Result.Reason, StringComparison.Ordinal);
        Assert.Contains(cause, report.Result.Reason, StringComparison.Ordinal);
        Assert.Contains("about to " + mode, report.Result.Reason, StringComparison.Ordinal);
        _stand.RequireNoProcess();
    }

    [NeedsFact("python3")]
    public async Task A_peer_that_is_lost_while_it_is_saved_is_one_sentence()
    {
        var loaded = _stand.Bad("silent-save", settings: "answer-limit = 0.5", more: "snapshots.every = 2");
        var report = await ExternalStand.Run(loaded);
        var (serial, _) = ExternalStand.Serial(loaded);

        Assert.Equal(RunStatus.Failed, report.Status);
        // It is saved at the start of every window, so that it can be made anew; the sentence is the same with and without actors.
        foreach (var reason in new[] { report.Result.Reason, serial.Reason })
        {
            Assert.StartsWith("'bad' failed in the window from t = 0", reason, StringComparison.Ordinal);
            Assert.Contains("cannot be saved: The program of 'bad' is lost: it did not answer within 0.5 s.", reason, StringComparison.Ordinal);
        }

        Assert.Equal(RunOutcome.Failed, serial.Outcome);
        _stand.RequireNoProcess();
    }

    // Bytes are changed, cut, put in, or are noise altogether, in any of the first answers. Some runs end well: not every bit that is
    // changed can be seen in a number.
    [NeedsFact("python3")]
    public async Task Noise_in_any_answer_ends_the_run_at_most()
    {
        var failures = 0;
        for (var seed = 1; seed <= 24; seed++)
        {
            var clock = Stopwatch.StartNew();
            var report = await ExternalStand.Run(_stand.Bad($"fuzz-{seed}", settings: "start-limit = 0.8, answer-limit = 0.3", scheme: "stages = [[bad], [good]], iterate { min = 2, max = 2 }"));

            Assert.True(clock.Elapsed.TotalSeconds < 20, $"seed {seed}: {clock.Elapsed}");
            Assert.True(report.Status is RunStatus.Failed or RunStatus.Completed, $"seed {seed}");
            Assert.True(report.Status == RunStatus.Completed || report.Result.Reason.Contains("'bad'", StringComparison.Ordinal), $"seed {seed}: {report.Result.Reason}");
            failures += report.Status == RunStatus.Failed ? 1 : 0;
            _stand.RequireNoProcess();
        }

        Assert.InRange(failures, 6, 24);
    }

    [NeedsTheory("python3")]
    [InlineData("die-once", "")]
    [InlineData("hang-once", "answer-limit = 1")]
    public async Task A_peer_that_is_lost_in_mid_window_is_made_anew_and_the_run_has_the_same_bits(string mode, string settings)
    {
        const string scheme = "stages = [[bad], [good]], iterate { min = 3, max = 3 }";
        var undisturbed = await ExternalStand.Run(_stand.Bad("good", settings, scheme));
        Assert.Equal(RunStatus.Completed, undisturbed.Status);

        var report = await ExternalStand.Run(_stand.Bad(mode, settings, scheme));
        Assert.True(File.Exists(_stand.Mark), "the peer was never lost");
        Assert.True(report.Status == RunStatus.Completed, report.Result.Reason);
        Assert.Equal(undisturbed.Result.FinalHash, report.Result.FinalHash);

        File.Delete(_stand.Mark);
        var (serial, _) = ExternalStand.Serial(_stand.Bad(mode, settings, scheme));
        Assert.Equal(undisturbed.Result.FinalHash, serial.FinalHash);
        _stand.RequireNoProcess();
    }

    [NeedsFact("python3")]
    public async Task The_time_limit_of_a_participant_cancels_its_peer_and_the_window_is_repeated()
    {
        var undisturbed = await ExternalStand.Run(_stand.Bad("good"));
        var report = await ExternalStand.Run(_stand.Bad("hang-once", participant: "time-limit = 1 s,"));

        Assert.True(report.Status == RunStatus.Completed, report.Result.Reason);
        Assert.Equal(undisturbed.Result.FinalHash, report.Result.FinalHash);
        _stand.RequireNoProcess();
    }

    [NeedsTheory("python3")]
    [InlineData("hang")]
    [InlineData("hang-with-child")]
    public async Task A_run_that_is_given_up_in_mid_window_leaves_no_process(string mode)
    {
        var run = ActorRun.Start(_stand.Bad(mode).System, new RunSettings { Threads = 2 });
        _stand.AwaitMark();
        _stand.AwaitProcesses(mode == "hang" ? 4 : 5);        // Two peers, a watch for each, and the child.

        await run.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(15));

        _stand.RequireNoProcess();
    }

    [NeedsTheory("python3")]
    [InlineData("KILL")]
    [InlineData("INT")]
    public void The_program_leaves_no_process_however_it_ends(string signal)
    {
        _stand.Bad("hang", settings: "answer-limit = 1");
        using var run = HostProcess.Start(_stand.Folder, "run", "experiment.conf", "--name", "one", "--quiet");
        _stand.AwaitMark();
        if (signal == "KILL")
        {
            run.Kill();
        }
        else
        {
            // Twice: at once.
            run.Signal(signal);
            run.Signal(signal);
            run.Wait();
        }

        _stand.RequireNoProcess();
    }

    [NeedsFact("python3")]
    public async Task A_peer_that_cannot_go_back_runs_where_nobody_does_and_is_refused_elsewhere()
    {
        var report = await ExternalStand.Run(_stand.Bad("cannot-restore", settings: "restores = false"));
        Assert.True(report.Status == RunStatus.Completed, report.Result.Reason);
        var with = await ExternalStand.Run(_stand.Bad("good"));
        Assert.Equal(with.Result.Metrics, report.Result.Metrics);

        foreach (var (scheme, participant, more, why) in new[]
        {
            ("stages = [[bad], [good]], iterate { max = 2 }", "", "", "the group 'root' iterates"),
            ("stages = [[bad], [good]]", "", "halvings = 2", "the group 'root' may halve its window"),
            ("stages = [[bad], [good]]", "time-limit = 5 s,", "", "whose windows may be repeated"),
        })
        {
            var fault = Assert.Throws<InvalidExperimentException>(() => _stand.Bad("cannot-restore", "restores = false", scheme, participant, more));
            Assert.Contains("'bad' cannot go back to a state that it had, and ", fault.Message, StringComparison.Ordinal);
            Assert.Contains(why, fault.Message, StringComparison.Ordinal);
        }
    }

    [NeedsTheory("python3")]
    [InlineData("program = no-such-program-anywhere", "There is no program 'no-such-program-anywhere' on the path")]
    [InlineData("program = \"./none\"", "Was it built?")]
    [InlineData("program = python3, listen = \"127.0.0.1:4711\"", "either 'program', which is started, or 'listen'")]
    [InlineData("answer-limit = 1", "either 'program', which is started, or 'listen'")]
    [InlineData("listen = \"192.0.2.1:4711\"", "one on this machine is")]
    [InlineData("program = python3, folder = nowhere", "does not exist")]
    [InlineData("program = python3, ports = []", "at least one port")]
    [InlineData("program = python3, ports = [\"in y\"]", "'in y' describes no port")]
    [InlineData("program = python3, ports = [\"in y x parsec\"]", "'parsec' is not a known unit")]
    [InlineData("program = python3, ports = [\"in y x 1, 0 points\"]", "'0 points' in 'in y x 1, 0 points' means nothing there")]
    [InlineData("program = python3, ports = [\"in Y x 1\"]", "is no name of a port")]
    [InlineData("program = python3, ports = [\"in y x 1\", \"out y x 1\"]", "declared twice")]
    [InlineData("program = python3, ports = [\"in y x 1, phase one\"]", "which 'phases' does not name")]
    public void Settings_that_cannot_be_meant_are_refused_before_anything_starts(string settings, string found)
    {
        var ports = settings.Contains("ports", StringComparison.Ordinal) ? "" : ", ports = [\"out x x 1\"]";
        var fault = Assert.Throws<InvalidExperimentException>(() => _stand.Load($$"""
            name = refused
            until = 1 s
            window = 1 s
            participants { one { model = external, settings { {{settings}}{{ports}} } } }
            scheme { stages = [[one]] }
            """));
        Assert.Contains(found, fault.Message, StringComparison.Ordinal);
    }
}

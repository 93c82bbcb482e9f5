using System.Text.Json;

namespace ActorMultiscale.Tests.Host;

/// <summary>Run stages and runs that begin in the state of another, by real processes.</summary>
public sealed class RunStageTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("actor-multiscale-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string Staged => HostProcess.Experiment("oscillator-stages.conf");

    private (int Code, string Out, string Error) Host(params string[] arguments) => HostProcess.Run(_folder, arguments);

    private JsonElement Shown(string run) => JsonDocument.Parse(Host("runs", "show", run, "--json").Out).RootElement;

    [Fact]
    public void Stages_run_in_order_each_with_a_record_of_its_own_that_can_be_verified()
    {
        var (code, output, error) = Host("run", Staged, "--name", "two", "--quiet");

        Assert.True(code == 0, output + error);
        Assert.Contains("run two.loose: completed, 25 windows", output, StringComparison.Ordinal);
        Assert.Contains("run two.tight: completed, 75 windows", output, StringComparison.Ordinal);
        foreach (var stage in new[] { "two.loose", "two.tight" })
        {
            Assert.Equal(0, Host("verify", stage).Code);
        }

        // The second stage begins where the first ended, not where the model would begin: other bits.
        var (_, alone, _) = Host("run", HostProcess.Experiment("oscillator.conf"), "--name", "alone", "--quiet", "--until", "0.75");
        Assert.NotEqual(HashOf(output), HashOf(alone));
    }

    [Fact]
    public void A_stage_that_was_stopped_is_resumed_and_the_others_follow_with_the_same_bits()
    {
        var (_, whole, _) = Host("run", Staged, "--name", "whole", "--quiet");
        using (var process = HostProcess.Start(_folder, "run", Staged, "--name", "cut", "--quiet", "--set", "run-stages.loose.until=500", "--set", "snapshots.every=100"))
        {
            // As soon as the first stage has its record, and a little: it has fifty thousand windows to go.
            while (!File.Exists(Path.Combine(_folder, "runs", "cut.loose.sqlite")) && !process.HasExited)
            {
                Thread.Sleep(5);
            }

            process.WaitAndKill(TimeSpan.FromSeconds(0.5));
        }

        // Killed in the first stage: nothing of the second is there yet. Resumed to its end, the second follows.
        Assert.False(File.Exists(Path.Combine(_folder, "runs", "cut.tight.sqlite")));
        var (code, resumed, error) = Host("resume", "cut.loose", "--quiet");
        Assert.True(code == 0, resumed + error);
        Assert.Contains("run cut.tight: completed, 75 windows", resumed, StringComparison.Ordinal);

        var (_, undisturbed, _) = Host("run", Staged, "--name", "long", "--quiet", "--set", "run-stages.loose.until=500", "--set", "snapshots.every=100");
        Assert.Equal(HashOf(undisturbed), HashOf(resumed));
        Assert.NotEqual(HashOf(whole), HashOf(resumed));
    }

    [Fact]
    public void A_run_may_begin_in_the_state_of_another_and_says_so()
    {
        Host("run", HostProcess.Experiment("oscillator.conf"), "--name", "first", "--quiet", "--until", "0.5");

        var (code, output, error) = Host("run", HostProcess.Experiment("oscillator.conf"), "--name", "second", "--quiet", "--until", "0.25", "--from", "first");

        Assert.True(code == 0, output + error);
        Assert.Equal(0, Host("verify", "second").Code);
        Assert.Equal("first", Shown("second").GetProperty("origin").GetProperty("parent").GetString());
        var missing = Host("run", HostProcess.Experiment("oscillator.conf"), "--quiet", "--from", "nobody");
        Assert.NotEqual(0, missing.Code);
        Assert.Contains("nobody", missing.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_state_that_does_not_fit_is_named_with_where_it_came_from()
    {
        Host("run", HostProcess.Experiment("partitioned-heat.conf"), "--name", "heat", "--quiet", "--until", "0.2");

        var (code, output, error) = Host("run", HostProcess.Experiment("partitioned-heat.conf"), "--name", "finer", "--quiet", "--from", "heat",
            "--set", "participants.left.settings.cells=20", "--set", "participants.right.settings.cells=20");

        Assert.Equal(1, code);
        Assert.Contains("'heat', window 2", output + error, StringComparison.Ordinal);
    }

    [Fact]
    public void Stages_that_nobody_would_begin_are_refused_before_anything_is()
    {
        var (code, _, error) = HostCall.Run(_folder, "run", Staged, "--name", "left", "--cluster", "127.0.0.1:1", "--detach");

        Assert.Equal(2, code);
        Assert.Contains("with --detach nobody would begin 'tight'", error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_folder, "runs")));
    }

    [Theory]
    [InlineData("run-stages { }", "sections by name")]
    [InlineData("run-stages { a = 1 }", "sections by name")]
    [InlineData("run-stages { a { until = 1 s, shceme { } } }", "shceme")]
    public void What_is_wrong_with_stages_is_named(string stages, string says)
    {
        var text = File.ReadAllText(Staged);
        var file = Path.Combine(_folder, "bad.conf");
        File.WriteAllText(file, text[..text.IndexOf("run-stages", StringComparison.Ordinal)] + stages + "\n");

        var (code, _, error) = Host("check", file);

        Assert.Equal(3, code);
        Assert.Contains(says, error, StringComparison.Ordinal);
        Assert.Contains("bad.conf:", error, StringComparison.Ordinal);
    }

    private static string HashOf(string output) => output[(output.LastIndexOf("final hash ", StringComparison.Ordinal) + 11)..].Split('\n')[0].Trim();
}

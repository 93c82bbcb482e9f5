using System.Text.Json;

namespace ActorMultiscale.Tests.Host;

/// <summary>The command line, by real processes: what it prints, how it ends, what it leaves.</summary>
public sealed class CommandLineTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("actor-multiscale-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string Oscillator => HostProcess.Experiment("oscillator.conf");

    private (int Code, string Out, string Error) Host(params string[] arguments) => HostProcess.Run(_folder, arguments);

    private JsonElement Json(int code, params string[] arguments)
    {
        var (found, output, error) = Host([.. arguments, "--json"]);
        Assert.True(found == code, $"exit code {found}: {output} {error}");
        return JsonDocument.Parse(output).RootElement;
    }

    [Fact]
    public void A_run_prints_one_object_and_gives_the_same_hash_again_on_any_number_of_threads()
    {
        var one = Json(0, "run", Oscillator, "--name", "one", "--threads", "1");
        var two = Json(0, "run", Oscillator, "--name", "two", "--threads", "2");

        Assert.Equal("one", one.GetProperty("run").GetString());
        Assert.Equal("completed", one.GetProperty("status").GetString());
        Assert.Equal(100, one.GetProperty("windows").GetInt64());
        Assert.Equal(386, one.GetProperty("iterations").GetInt64());
        Assert.True(one.GetProperty("wallSeconds").GetDouble() > 0);
        Assert.Equal(64, one.GetProperty("finalHash").GetString()!.Length);
        Assert.Equal(one.GetProperty("finalHash").GetString(), two.GetProperty("finalHash").GetString());
        Assert.Equal(one.GetProperty("metrics").GetRawText(), two.GetProperty("metrics").GetRawText());
        var check = one.GetProperty("checks")[0];
        Assert.True(check.GetProperty("pass").GetBoolean());
        Assert.Equal(1.6297e-3, check.GetProperty("expected").GetDouble());
        Assert.True(check.GetProperty("tolerance").GetDouble() > 0);
        Assert.NotEmpty(check.GetProperty("name").GetString()!);
        Assert.Equal(one.GetProperty("metrics").GetProperty("left.max-error").GetDouble(), check.GetProperty("value").GetDouble());

        // Everything about the runs is under runs/, one file each.
        Assert.Equal(["runs"], Directory.EnumerateFileSystemEntries(_folder).Select(Path.GetFileName));
        Assert.Equal(["one.sqlite", "two.sqlite"], Directory.EnumerateFiles(Path.Combine(_folder, "runs")).Select(Path.GetFileName).Order());
    }

    [Theory]
    [InlineData("dance")]
    [InlineData("run")]
    [InlineData("run", "a.conf", "b.conf")]
    [InlineData("run", "a.conf", "--thread", "2")]
    [InlineData("run", "a.conf", "--threads", "0")]
    [InlineData("resume")]
    [InlineData("runs", "drop")]
    [InlineData("models", "no-such-model")]
    public void A_wrong_command_line_ends_with_2(params string[] arguments)
    {
        var (code, output, error) = Host(arguments);

        Assert.Equal(2, code);
        Assert.Empty(output);
        Assert.NotEmpty(error);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder));
    }

    [Fact]
    public void An_invalid_experiment_ends_with_3_and_leaves_nothing()
    {
        var file = Path.Combine(_folder, "bad.conf");
        File.WriteAllText(file, File.ReadAllText(Oscillator).Replace("right.force", "right.farce", StringComparison.Ordinal));

        foreach (var verb in new[] { "run", "check" })
        {
            var (code, output, error) = Host(verb, "bad.conf");

            Assert.Equal(3, code);
            Assert.Empty(output);
            Assert.Contains("bad.conf:", error, StringComparison.Ordinal);
            Assert.Contains("Did you mean 'force'?", error, StringComparison.Ordinal);
        }

        Assert.Equal(["bad.conf"], Directory.EnumerateFileSystemEntries(_folder).Select(Path.GetFileName));
        Assert.Equal(3, Host("run", "not-there.conf").Code);
    }

    [Fact]
    public void A_check_that_fails_ends_with_4_and_so_does_a_conservation_limit()
    {
        var failed = Json(4, "run", Oscillator, "--set", "expect.impossible={ metric = windows, value = 7, tolerance = 0, source = test }");
        Assert.Equal("completed", failed.GetProperty("status").GetString());
        Assert.False(failed.GetProperty("checks").EnumerateArray().Single(c => c.GetProperty("name").GetString() == "impossible").GetProperty("pass").GetBoolean());

        var broken = Json(4, "run", Oscillator, "--set", "limits={ left.displacement = 0.9 }", "--name", "broken");
        Assert.Equal("limit-broken", broken.GetProperty("status").GetString());
        Assert.Contains("left.displacement", broken.GetProperty("reason").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_store_that_cannot_be_used_ends_with_6()
    {
        File.WriteAllText(Path.Combine(_folder, "taken"), "a file, not a folder");
        Directory.CreateDirectory(Path.Combine(_folder, "runs"));
        File.WriteAllText(Path.Combine(_folder, "runs", "noise.sqlite"), new string('x', 5000));

        Assert.Equal(6, Host("run", Oscillator, "--store", "taken").Code);
        Assert.Equal(6, Host("resume", "noise").Code);
        Assert.Equal(6, Host("resume", "../noise").Code);
        Assert.Equal(6, Host("run", Oscillator, "--name", "../outside").Code);
        Assert.Equal(6, Host("verify", "nothing").Code);
        Json(0, "run", Oscillator, "--name", "twice");
        Assert.Equal(6, Host("run", Oscillator, "--name", "twice").Code);
    }

    [Fact]
    public void Models_of_a_library_run_like_ours_and_a_changed_library_is_refused_at_resume()
    {
        var library = Path.Combine(_folder, "Snippets.dll");
        File.Copy(Path.Combine(AppContext.BaseDirectory, "Snippets.dll"), library);
        File.Copy(Path.Combine(AppContext.BaseDirectory, "cooling.conf"), Path.Combine(_folder, "cooling.conf"));
        var result = Json(0, "run", "cooling.conf", "--name", "cooling");
        Assert.Equal(293.65, result.GetProperty("metrics").GetProperty("body.temperature").GetDouble(), 1e-9);
        Json(0, "resume", "cooling", "--until", "12 s");

        // A byte behind the end changes the hash, though not what is loaded.
        File.AppendAllText(library, "x");
        var (code, _, error) = Host("resume", "cooling", "--until", "14 s");

        Assert.Equal(3, code);
        Assert.Contains("has changed since the run 'cooling' was started", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Models_version_check_and_help_say_what_there_is()
    {
        var models = Json(0, "models");
        var oscillator = models.EnumerateArray().Single(m => m.GetProperty("kind").GetString() == "oscillator-mass");
        Assert.Contains(oscillator.GetProperty("ports").EnumerateArray(), p => p.GetProperty("name").GetString() == "force" && p.GetProperty("unit").GetString() == "N");
        Assert.Contains(oscillator.GetProperty("settings").EnumerateArray(), s => s.GetProperty("key").GetString() == "substeps" && s.GetProperty("default").GetString() == "4");

        // The ports of a program that somebody else wrote stand in the experiment.
        Assert.All(models.EnumerateArray(), m => Assert.Equal(m.GetProperty("kind").GetString() != "external", m.GetProperty("ports").EnumerateArray().Any()));
        Assert.Equal(5, Json(0, "version").GetProperty("format").GetInt32());
        var check = Json(0, "check", Oscillator);
        Assert.Equal(100, check.GetProperty("windows").GetInt64());
        Assert.True(check.GetProperty("memoryBytes").GetInt64() > 0);
        Assert.True(check.GetProperty("diskBytes").GetInt64() > 0);
        foreach (var verb in new[] { "run", "check", "resume", "verify", "runs", "models", "version" })
        {
            Assert.Equal(0, Host(verb, "--help").Code);
        }
    }
}

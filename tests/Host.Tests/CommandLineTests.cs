using System.Diagnostics;
using System.Text.Json;
using Microsoft.Data.Sqlite;

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

    // A run that takes some seconds and has a snapshot every now and then.
    private string[] Long(string name, double until = 100) =>
        ["run", Oscillator, "--name", name, "--quiet", "--set", FormattableString.Invariant($"until={until}"), "--set", "snapshots={ every = 500, interval = 0.2 s }"];

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

    [Fact]
    public void Runs_are_listed_newest_first_shown_verified_and_removed()
    {
        Json(0, "run", Oscillator, "--name", "first");
        Json(0, "run", HostProcess.Experiment("textbook/averaging.conf"), "--name", "second");

        var list = Json(0, "runs", "list");
        Assert.Equal(["second", "first"], list.EnumerateArray().Select(r => r.GetProperty("run").GetString()));
        Assert.Equal(["averaging", "oscillator"], list.EnumerateArray().Select(r => r.GetProperty("experiment").GetString()));
        Assert.All(list.EnumerateArray(), r => Assert.Equal("completed", r.GetProperty("status").GetString()));
        Assert.Equal(100, list[1].GetProperty("windows").GetInt64());
        Assert.Equal(list[1].GetProperty("finalHash").GetString(), Json(0, "runs", "show", "first").GetProperty("finalHash").GetString());
        Assert.True(Json(0, "verify", "first").GetProperty("matches").GetBoolean());
        Assert.Equal(0, Host("runs", "rm", "first").Code);
        Assert.Equal(["second"], Json(0, "runs", "list").EnumerateArray().Select(r => r.GetProperty("run").GetString()));
        Assert.Equal(6, Host("runs", "show", "first").Code);
        Assert.Equal(["second.sqlite"], Directory.EnumerateFiles(Path.Combine(_folder, "runs")).Select(Path.GetFileName));
    }

    [Fact]
    public void Extending_a_finished_run_gives_what_one_long_run_gives()
    {
        Json(0, "run", Oscillator, "--name", "short");
        var extended = Json(0, "resume", "short", "--until", "2 s");
        var whole = Json(0, "run", Oscillator, "--name", "whole", "--until", "2 s");

        Assert.Equal(whole.GetProperty("finalHash").GetString(), extended.GetProperty("finalHash").GetString());
        Assert.Equal(whole.GetProperty("metrics").GetRawText(), extended.GetProperty("metrics").GetRawText());
        Assert.Equal(whole.GetProperty("finalHash").GetString(), Json(0, "resume", "--last").GetProperty("finalHash").GetString());
        Assert.True(Json(0, "verify", "short").GetProperty("matches").GetBoolean());

        var (code, _, error) = Host("resume", "short", "--until", "1.5 s");
        Assert.Equal(6, code);
        Assert.Contains("stands at t = 2 already", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Ctrl_C_takes_a_snapshot_and_the_run_goes_on_to_the_same_hash()
    {
        var undisturbed = Json(0, Long("undisturbed"));
        using var run = HostProcess.Start(_folder, Long("stopped"));
        AwaitFirstWindows("stopped");
        run.Signal("INT");
        var (code, _, error) = run.Wait();

        Assert.True(code == 130, $"{code}: {error}");
        var listed = Json(0, "runs", "list").EnumerateArray().Single(r => r.GetProperty("run").GetString() == "stopped");
        Assert.Equal("stopped", listed.GetProperty("status").GetString());
        Assert.InRange(listed.GetProperty("windows").GetInt64(), 1, 9_999);
        Assert.Equal(undisturbed.GetProperty("finalHash").GetString(), Json(0, "resume", "stopped", "--quiet").GetProperty("finalHash").GetString());
    }

    [Fact]
    public void Killed_at_any_moment_a_run_goes_on_to_the_same_hash()
    {
        var rounds = int.TryParse(Environment.GetEnvironmentVariable("ACTORMULTISCALE_KILL_ROUNDS"), out var given) ? given : 5;
        var clock = Stopwatch.StartNew();
        var undisturbed = Json(0, Long("undisturbed"));
        var length = clock.Elapsed;
        var seed = Environment.TickCount;
        var random = new Random(seed);
        for (var round = 0; round < rounds; round++)
        {
            // Anywhere from before the run exists to after it has ended; and again while it is being resumed.
            var name = $"killed-{round}";
            using (var run = HostProcess.Start(_folder, Long(name)))
            {
                run.WaitAndKill(random.NextDouble() * length);
            }

            if (!File.Exists(Path.Combine(_folder, "runs", name + ".sqlite")))
            {
                continue;       // Killed before there was a run.
            }

            using (var resume = HostProcess.Start(_folder, "resume", name, "--quiet"))
            {
                resume.WaitAndKill(random.NextDouble() * length / 2);
            }

            var resumed = Json(0, "resume", name, "--quiet");
            Assert.True(undisturbed.GetProperty("finalHash").GetString() == resumed.GetProperty("finalHash").GetString(), $"seed {seed}, round {round}");
            Assert.Equal(undisturbed.GetProperty("metrics").GetRawText(), resumed.GetProperty("metrics").GetRawText());
        }

        Assert.DoesNotContain(Directory.EnumerateFiles(Path.Combine(_folder, "runs")), f => f.EndsWith("-wal", StringComparison.Ordinal));
    }

    [Fact]
    public void A_run_that_is_being_computed_is_not_computed_by_another_process()
    {
        using var run = HostProcess.Start(_folder, Long("busy", until: 1000));
        AwaitFirstWindows("busy");

        var (code, _, error) = Host("resume", "busy");
        var (removed, _, _) = Host("runs", "rm", "busy");

        Assert.Equal(6, code);
        Assert.Contains("is being computed by process", error, StringComparison.Ordinal);
        Assert.Equal(6, removed);
        Assert.Equal("running", Json(0, "runs", "list")[0].GetProperty("status").GetString());
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
    public void A_record_that_was_changed_is_not_believed()
    {
        Json(0, "run", Oscillator, "--name", "forged");
        var file = Path.Combine(_folder, "runs", "forged.sqlite");
        using (var connection = new SqliteConnection($"Data Source={file};Pooling=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();

            // One bit of the last window's fingerprint; the length stays.
            command.CommandText = "SELECT message FROM journal WHERE manifest = 'WC2' ORDER BY sequence_number DESC LIMIT 1";
            var message = (byte[])command.ExecuteScalar()!;
            message[^1] ^= 1;
            command.CommandText = "UPDATE journal SET message = $message WHERE sequence_number = (SELECT max(sequence_number) FROM journal WHERE manifest = 'WC2')";
            command.Parameters.AddWithValue("$message", message);
            Assert.Equal(1, command.ExecuteNonQuery());
        }

        foreach (var verb in new[] { "verify", "resume" })
        {
            var (code, _, error) = Host(verb, "forged");

            Assert.Equal(6, code);
            Assert.Contains("damaged", error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_record_whose_tail_is_cut_off_or_whose_middle_is_missing_is_not_believed()
    {
        foreach (var which in new[] { "max", "min" })
        {
            Json(0, "run", Oscillator, "--name", which);
            using (var connection = new SqliteConnection($"Data Source={Path.Combine(_folder, "runs", which + ".sqlite")};Pooling=False"))
            {
                connection.Open();
                using var command = connection.CreateCommand();
                command.CommandText = $"DELETE FROM journal WHERE sequence_number = (SELECT {which}(sequence_number) FROM journal{(which == "min" ? " WHERE manifest = 'WC2'" : "")})";
                Assert.Equal(1, command.ExecuteNonQuery());
            }

            var (code, _, error) = Host("resume", which, "--until", "2 s");
            Assert.Equal(6, code);
            Assert.Contains(which == "max" ? "tail is cut off" : "does not follow", error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_run_that_comes_out_otherwise_than_recorded_ends_with_5()
    {
        // The origin says what is computed again: with one more substep it is another computation.
        Json(0, "run", Oscillator, "--name", "other");
        using (var connection = new SqliteConnection($"Data Source={Path.Combine(_folder, "runs", "other.sqlite")};Pooling=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "SELECT sequence_number, message FROM journal ORDER BY sequence_number";
            var entries = new List<(long Sequence, byte[] Message)>();
            using (var reader = command.ExecuteReader())
            {
                while (reader.Read())
                {
                    entries.Add((reader.GetInt64(0), (byte[])reader[1]));
                }
            }

            // Forge the first event, and draw the chain anew: only computing again can tell.
            // An event is its hash, the hash of the one before, and its content.
            var previous = new byte[32];
            foreach (var (sequence, message) in entries)
            {
                var text = System.Text.Encoding.Latin1.GetString(message, 64, message.Length - 64).Replace("substeps = 4", "substeps = 5", StringComparison.Ordinal);
                byte[] rest = [.. previous, .. System.Text.Encoding.Latin1.GetBytes(text)];
                previous = System.Security.Cryptography.SHA256.HashData(rest);
                command.CommandText = "UPDATE journal SET message = $message WHERE sequence_number = $sequence";
                command.Parameters.Clear();
                command.Parameters.AddWithValue("$message", (byte[])[.. previous, .. rest]);
                command.Parameters.AddWithValue("$sequence", sequence);
                command.ExecuteNonQuery();
            }

            command.CommandText = "UPDATE run SET head_hash = $hash";
            command.Parameters.Clear();
            command.Parameters.AddWithValue("$hash", Convert.ToHexStringLower(previous));
            command.ExecuteNonQuery();
        }

        var verdict = Json(5, "verify", "other");

        Assert.False(verdict.GetProperty("matches").GetBoolean());
        Assert.Contains("window 0", verdict.GetProperty("difference").GetString(), StringComparison.Ordinal);
        Assert.Contains("'left'", verdict.GetProperty("difference").GetString(), StringComparison.Ordinal);
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
        Assert.Equal(2, Json(0, "version").GetProperty("format").GetInt32());
        var check = Json(0, "check", Oscillator);
        Assert.Equal(100, check.GetProperty("windows").GetInt64());
        Assert.True(check.GetProperty("memoryBytes").GetInt64() > 0);
        Assert.True(check.GetProperty("diskBytes").GetInt64() > 0);
        foreach (var verb in new[] { "run", "check", "resume", "verify", "runs", "models", "version" })
        {
            Assert.Equal(0, Host(verb, "--help").Code);
        }
    }

    private void AwaitFirstWindows(string run)
    {
        var patience = Stopwatch.StartNew();
        while (patience.Elapsed < TimeSpan.FromMinutes(1))
        {
            if (File.Exists(Path.Combine(_folder, "runs", run + ".sqlite"))
                && Json(0, "runs", "list").EnumerateArray().Any(r => r.GetProperty("run").GetString() == run && r.GetProperty("windows").GetInt64() > 0))
            {
                return;
            }
        }

        throw new TimeoutException($"The run '{run}' did not get going.");
    }
}

using System.Diagnostics;
using System.Text.Json;
using ActorMultiscale.Testing;

namespace ActorMultiscale.Tests.Host;

/// <summary>Recorded fields, by real processes on every store: replayed as they were, whole after a crash, and enough to compute one participant again alone.</summary>
public sealed class FieldTests(PostgresServer server) : RecordStand(server)
{
    private sealed record Frame(long Window, double Time, string Port, double[] Values);

    private List<Frame> Replay(params string[] arguments)
    {
        var (code, output, error) = Host(["replay", .. arguments, "--json"]);
        Assert.True(code == 0, $"exit code {code}: {error}");
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).Select(o => new Frame(
            o.GetProperty("window").GetInt64(), o.GetProperty("time").GetDouble(), o.GetProperty("port").GetString()!, [.. o.GetProperty("values").EnumerateArray().Select(v => v.GetDouble())]))];
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public void Fields_are_replayed_as_they_were_in_order_of_time(string store)
    {
        Use(store);
        var metrics = Json(0, "run", Oscillator, "--name", "run", "--quiet").GetProperty("metrics");

        var frames = Replay("run");
        Assert.Equal(frames.Select(f => f.Time).Order(), frames.Select(f => f.Time));
        Assert.Equal(Enumerable.Range(-1, 101).Select(i => (long)i), frames.Select(f => f.Window).Distinct());

        // Four substeps a window, and the start.
        var displacement = frames.Where(f => f.Port == "left.displacement").ToList();
        Assert.Equal(401, displacement.Count);
        Assert.Equal((99, 1.0, metrics.GetProperty("left.displacement").GetDouble()), (displacement[^1].Window, displacement[^1].Time, displacement[^1].Values.Single()));

        var some = Replay("run", "--from", "10", "--to", "12", "--port", "left.displacement", "right");
        Assert.Equal([10, 11], some.Select(f => f.Window).Distinct());
        Assert.Equal(displacement.Where(f => f.Window is 10 or 11).Select(f => f.Values.Single()), some.Where(f => f.Port == "left.displacement").Select(f => f.Values.Single()));
        Assert.DoesNotContain(some, f => f.Port.StartsWith("left.", StringComparison.Ordinal) && f.Port != "left.displacement");
        Assert.Contains(some, f => f.Port == "right.displacement");
        Assert.Equal([new RangeOf(0, 100)], Json(0, "runs", "show", "run").GetProperty("fields").EnumerateArray().Select(r => new RangeOf(r.GetProperty("from").GetInt64(), r.GetProperty("to").GetInt64())));

        // At a chosen speed: the ends of windows 0 and 19 are 0.19 s of the run apart.
        var clock = Stopwatch.StartNew();
        Assert.Equal(0, Host("replay", "run", "--from", "1", "--to", "20", "--speed", "0.1 s", "--port", "left.displacement").Code);
        Assert.InRange(clock.Elapsed.TotalSeconds, 1.85, 60);

        foreach (var (arguments, said) in new (string[], string)[]
        {
            (["--from", "100"], "has recorded the fields of the windows 0 to 99"), (["--from", "20", "--to", "20"], "0 to 99"), (["--port", "left.displacemnt"], "Did you mean 'left.displacement'?"), (["--speed", "fast"], "--speed"),
        })
        {
            var (code, output, error) = Host(["replay", "run", .. arguments]);
            Assert.True(code is 3 or 6 && output.Length == 0, $"{code}: {output}");
            Assert.Contains(said, error, StringComparison.Ordinal);
        }
    }

    private sealed record RangeOf(long From, long To);

    [Theory]
    [MemberData(nameof(Stores))]
    public void After_a_crash_no_field_is_missing_and_none_stands_twice(string store)
    {
        Use(store);
        var undisturbed = Json(0, Long("undisturbed", until: 60));
        using (var run = Start(Long("killed", until: 60)))
        {
            AwaitWindows("killed", 1_500);
            run.Kill();
        }

        using (var resume = Start("resume", "killed", "--quiet"))
        {
            AwaitWindows("killed", 3_500);
            resume.Kill();
        }

        Assert.Equal(undisturbed.GetProperty("finalHash").GetString(), Json(0, "resume", "killed", "--quiet").GetProperty("finalHash").GetString());
        Assert.Equal(Host("replay", "undisturbed", "--json").Out, Host("replay", "killed", "--json").Out);
        var difference = Json(0, "diff", "undisturbed", "killed");
        Assert.Contains("6000 recorded windows", difference.GetProperty("note").GetString(), StringComparison.Ordinal);
        Assert.Equal(6_000, Json(0, "verify", "killed", "--participant", "right", "--quiet").GetProperty("windows").GetInt64());
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public void A_participant_is_verified_alone_and_the_one_that_has_changed_is_named(string store)
    {
        Use(store);
        Json(0, "run", Oscillator, "--name", "run", "--quiet", "--set", "snapshots={ every = 30 }");
        foreach (var participant in new[] { "left", "right" })
        {
            Assert.Equal(100, Json(0, "verify", "run", "--participant", participant, "--quiet").GetProperty("windows").GetInt64());
        }

        var some = Json(0, "verify", "run", "--participant", "left", "--from", "65", "--to", "80", "--quiet");
        Assert.Equal(80, some.GetProperty("windows").GetInt64() + some.GetProperty("from").GetInt64());

        // What is computed again by other settings is another solver: of the first participant alone.
        Forge("run", "side = left, integrator = newmark, substeps = 4", "side = left, integrator = newmark, substeps = 5");
        Assert.Equal(100, Json(0, "verify", "run", "--participant", "right", "--quiet").GetProperty("windows").GetInt64());
        var verdict = Json(5, "verify", "run", "--participant", "left", "--quiet");
        Assert.Equal("left", verdict.GetProperty("participant").GetString());
        Assert.Equal((0, "left"), (verdict.GetProperty("window").GetProperty("index").GetInt32(), verdict.GetProperty("window").GetProperty("participant").GetString()));
        Assert.True(verdict.GetProperty("window").GetProperty("port").GetString()!.Length > 0);
        Assert.Contains("window 0", verdict.GetProperty("difference").GetString(), StringComparison.Ordinal);
        Assert.Contains("port '", verdict.GetProperty("difference").GetString(), StringComparison.Ordinal);

        var (code, _, error) = Host("verify", "run", "--participant", "lift");
        Assert.Equal(6, code);
        Assert.Contains("Did you mean 'left'?", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Experiments_with_groups_phases_meshes_that_change_and_quasi_Newton_are_verified_participant_by_participant()
    {
        foreach (var experiment in new[] { "bar-wave.conf", "reaction-diffusion.conf", "picard.conf", "oscillator-adaptive.conf" })
        {
            var (file, name) = (HostProcess.Experiment(experiment), Path.GetFileNameWithoutExtension(experiment));
            Json(0, "run", file, "--name", name, "--quiet");
            var participants = JsonDocument.Parse(HostProcess.Run(Folder, "check", file, "--json").Out).RootElement.GetProperty("participants").EnumerateArray().Select(p => p.GetString()!).ToList();
            Assert.NotEmpty(participants);
            foreach (var participant in participants)
            {
                var (code, output, error) = Host("verify", name, "--participant", participant, "--quiet");
                Assert.True(code == 0, $"{name}, {participant}: {output} {error}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public void Damaged_fields_are_named_and_hinder_nothing_else(string store)
    {
        Use(store);
        Json(0, "run", Oscillator, "--name", "run", "--quiet");
        using (var connection = Connect("run"))
        {
            using var command = connection.CreateCommand();
            command.CommandText = "SELECT message FROM journal WHERE persistence_id = 'run-run' AND manifest = 'FR2'";
            var message = (byte[])command.ExecuteScalar()!;
            var hash = JsonDocument.Parse(message.AsMemory(64)).RootElement.GetProperty("fields")[0].GetProperty("chunk").GetString()!;
            command.CommandText = "SELECT bytes FROM chunk WHERE hash = @hash";
            Add(command, "@hash", hash);
            var bytes = (byte[])command.ExecuteScalar()!;
            bytes[bytes.Length / 2] ^= 1;
            command.CommandText = "UPDATE chunk SET bytes = @bytes WHERE hash = @hash";
            Add(command, "@bytes", bytes);
            Assert.Equal(1, command.ExecuteNonQuery());
        }

        foreach (var verb in new string[][] { ["replay", "run"], ["verify", "run", "--participant", "left"] })
        {
            var (code, _, error) = Host(verb);
            Assert.Equal(6, code);
            Assert.Contains("is damaged", error, StringComparison.Ordinal);
        }

        Assert.True(Json(0, "verify", "run", "--quiet").GetProperty("matches").GetBoolean());
        Json(0, "resume", "run", "--until", "1.2 s", "--quiet");
    }

    // The window that breaks it is not committed, and nothing waits for its fields.
    [Theory]
    [MemberData(nameof(Stores))]
    public void A_run_that_breaks_a_limit_ends_and_has_the_fields_before_that(string store)
    {
        Use(store);
        var ended = Json(4, "run", Oscillator, "--name", "limited", "--quiet", "--set", "limits.left.displacement=0.999999");
        var windows = ended.GetProperty("windows").GetInt64();
        Assert.Equal("limit-broken", ended.GetProperty("status").GetString());
        if (windows > 0)
        {
            Assert.Equal(windows, Replay("limited").Select(f => f.Window).Where(w => w >= 0).Distinct().Count());
        }

        Assert.Equal(0, Host("runs", "check", "limited").Code);
    }

    [Fact]
    public void What_is_not_recorded_is_said()
    {
        Json(0, "run", Oscillator, "--name", "gap", "--quiet", "--no-fields");
        var (code, _, error) = Host("replay", "gap");
        Assert.Equal(6, code);
        Assert.Contains("--no-fields", error, StringComparison.Ordinal);

        Json(0, "resume", "gap", "--until", "1.5 s", "--quiet");
        Assert.Equal(Enumerable.Range(100, 50).Select(i => (long)i), Replay("gap").Select(f => f.Window).Distinct());
        Assert.Contains("recorded are 100 to 149", Host("verify", "gap", "--participant", "left").Error, StringComparison.Ordinal);
        Assert.Equal(50, Json(0, "verify", "gap", "--participant", "left", "--from", "100", "--quiet").GetProperty("windows").GetInt64());

        Json(0, "run", Oscillator, "--name", "outputs", "--quiet", "--set", "participants.left.record=outputs", "--set", "participants.right.record=none");
        Assert.All(Replay("outputs"), f => Assert.StartsWith("left.", f.Port, StringComparison.Ordinal));
        Assert.Contains("'record = outputs'", Host("verify", "outputs", "--participant", "left").Error, StringComparison.Ordinal);
    }
}

using System.Text.Json;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Host;
using ActorMultiscale.Testing;

namespace ActorMultiscale.Tests.Host;

/// <summary><c>runs gc</c> and <c>runs rm</c>: what nobody needs goes, and nothing else, whoever writes meanwhile.</summary>
public sealed class GarbageTests(PostgresServer server) : RecordStand(server)
{
    private long Chunks(string run) => Ask<long>(run, "SELECT count(*) FROM chunk");

    private void Litter(string run)
    {
        var bytes = new byte[1 << 20];
        new Random(3).NextBytes(bytes);
        Execute(run, "INSERT INTO chunk (hash, bytes) VALUES (@hash, @bytes)", ("@hash", RunEventCodec.Hash(bytes)), ("@bytes", bytes));
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public void What_no_run_refers_to_goes_and_everything_else_stays(string store)
    {
        Use(store);
        Json(0, "run", Oscillator, "--name", "run", "--quiet", "--set", "snapshots={ every = 30 }");
        var before = Chunks("run");
        Assert.Equal(0, Json(0, "runs", "gc").GetProperty("chunks").GetInt32());
        Litter("run");

        var dry = Json(0, "runs", "gc", "--dry-run");
        Assert.Equal((1, 1 << 20, before + 1), (dry.GetProperty("chunks").GetInt32(), dry.GetProperty("bytes").GetInt32(), Chunks("run")));
        var output = Json(0, "runs", "gc");
        Assert.Equal((1, 1 << 20, before), (output.GetProperty("chunks").GetInt32(), output.GetProperty("bytes").GetInt32(), Chunks("run")));
        if (IsFiles)
        {
            Assert.InRange(output.GetProperty("fileBytesBefore").GetInt64() - output.GetProperty("fileBytesAfter").GetInt64(), 1 << 20, 2 << 20);
        }

        Json(0, "runs", "export", "run", "run.file");       // Looks at every chunk.
        Assert.True(Json(0, "verify", "run", "--from", "99", "--quiet").GetProperty("matches").GetBoolean());
        CheckDatabase();
        Assert.Equal(2, Host("runs", "gc", "--keep-snapshots", "0").Code);
        Assert.Equal(6, Host("runs", "gc", "nobody").Code);
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public void Old_snapshots_are_let_go_and_that_is_no_damage(string store)
    {
        Use(store);
        string[] often = ["--quiet", "--set", "snapshots={ every = 30, interval = 0.1 s }", "--set", "until=150"];
        var parent = Json(0, ["run", Oscillator, "--name", "run", .. often]);
        var hash = parent.GetProperty("finalHash").GetString();
        List<long> Snapshots(string member) => [.. Json(0, "runs", "show", "run").GetProperty(member).EnumerateArray().Select(w => w.GetInt64())];
        var taken = Snapshots("snapshots");
        Assert.True(taken.Count > 2, $"{taken.Count} snapshots");
        var chunks = Chunks("run");

        var dry = Json(0, "runs", "gc", "run", "--keep-snapshots", "1", "--dry-run");
        Assert.Equal(chunks, Chunks("run"));
        Assert.Equal(taken, Snapshots("snapshots"));
        var output = Json(0, "runs", "gc", "run", "--keep-snapshots", "1");
        Assert.Equal(dry.GetProperty("chunks").GetInt64(), output.GetProperty("chunks").GetInt64());
        Assert.Equal(chunks - Chunks("run"), output.GetProperty("chunks").GetInt64());
        Assert.Equal(taken.Count - 1, output.GetProperty("snapshots").GetInt32());
        Assert.Equal(taken[^1..], Snapshots("snapshots"));
        Assert.Equal(taken[..^1], Snapshots("releasedSnapshots"));
        Assert.Equal(0, Json(0, "runs", "gc", "run", "--keep-snapshots", "1").GetProperty("chunks").GetInt64());

        // From the beginning everything can be computed, and what is told is why it takes longer.
        Assert.True(Json(0, "verify", "run", "--quiet").GetProperty("matches").GetBoolean());
        var at = FormattableString.Invariant($"{taken[^2] + 1}");
        var (code, text, error) = Host("fork", "run", "--at", at, "--name", "fork", "--quiet", "--json");
        Assert.True(code == 0, error);
        Assert.Contains($"at window {taken[^2]} was let go by 'runs gc'", error, StringComparison.Ordinal);
        Assert.DoesNotContain("cannot be used", error, StringComparison.Ordinal);
        Assert.Equal(hash, JsonDocument.Parse(text).RootElement.GetProperty("finalHash").GetString());

        // A fork keeps what it began with; a run that goes on needs its newest only.
        Json(0, "runs", "gc", "--keep-snapshots", "1");
        Assert.Equal(hash, Json(0, "fork", "fork", "--at", at, "--name", "third", "--quiet").GetProperty("finalHash").GetString());
        var longer = Json(0, "resume", "run", "--until", "151 s", "--quiet").GetProperty("finalHash").GetString();
        Assert.Equal(Json(0, ["run", Oscillator, "--name", "whole", .. often, "--until", "151 s"]).GetProperty("finalHash").GetString(), longer);
        Json(0, "runs", "export", "run", "run.file");
        Json(0, "runs", "import", "run.file", "--name", "copy");
        Assert.Equal(taken[..^1], [.. Json(0, "runs", "show", "copy").GetProperty("releasedSnapshots").EnumerateArray().Select(w => w.GetInt64())]);
        CheckDatabase();
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public void A_damaged_record_and_a_run_that_is_computed_are_left_alone(string store)
    {
        Use(store);
        Json(0, "run", Oscillator, "--name", "damaged", "--quiet");
        Litter("damaged");
        Assert.True(Execute("damaged", "DELETE FROM journal WHERE persistence_id = 'run-damaged' AND manifest = 'WC2'") > 0);
        var before = Chunks("damaged");
        var (code, _, error) = Host("runs", "gc", "--keep-snapshots", "1");
        Assert.Equal(6, code);
        Assert.Contains("damaged", error, StringComparison.Ordinal);
        Assert.Equal(before, Chunks("damaged"));

        // Removed, it stands in nobody's way.
        Assert.Equal(0, Host("runs", "rm", "damaged").Code);
        Assert.Equal(0, Json(0, "runs", "gc").GetProperty("chunks").GetInt32());
        using var run = Start(Long("busy", until: 1000));
        AwaitFirstWindows("busy");
        var left = Json(0, "runs", "gc", "--keep-snapshots", "1").GetProperty("left").EnumerateArray().Single();
        Assert.Equal(("busy", "it is being computed"), (left.GetProperty("run").GetString(), left.GetProperty("reason").GetString()));
        Assert.False(run.HasExited);
    }

    [Fact]
    public void Removing_a_run_frees_what_it_alone_needed()
    {
        if (PostgresServer.Missing is not null)
        {
            return;
        }

        Use("postgresql");
        Json(0, "run", Oscillator, "--name", "one", "--quiet");
        var alone = Chunks("one");
        Json(0, "run", Oscillator, "--name", "twin", "--quiet");
        Json(0, "run", HostProcess.Experiment("textbook/averaging.conf"), "--name", "stranger", "--quiet");
        Assert.True(Chunks("one") > alone);
        Assert.Equal(0, Host("runs", "rm", "stranger", "one").Code);
        Assert.Equal(alone, Chunks("twin"));
        Json(0, "runs", "export", "twin", "twin.file");
        Assert.Equal(0, Host("runs", "rm", "twin").Code);
        Assert.Equal(0, Chunks("twin"));
    }

    // Who sweeps holds a run for a moment, too.
    private void Patiently(params string[] arguments)
    {
        for (var tries = 0; ; tries++)
        {
            var (code, _, error) = Host(arguments);
            if (code == 0)
            {
                return;
            }

            Assert.True(tries < 50 && error.Contains("is being computed by process", StringComparison.Ordinal), $"{code}: {error}");
        }
    }

    // Two runs that write the same chunks, a third that is killed and goes on, a fourth that is removed again and again; and all the while somebody sweeps.
    [Theory]
    [MemberData(nameof(Stores))]
    public async Task Whoever_sweeps_while_runs_write_takes_nothing_that_they_need(string store)
    {
        Use(store);
        string[] Busy(string name) => ["run", Oscillator, "--name", name, "--quiet", "--set", "until=60", "--set", "snapshots={ every = 20, interval = 0.1 s }"];
        Directory.CreateDirectory(Path.Combine(Folder, "runs"));
        using var stop = new CancellationTokenSource();
        var (sweeps, swept) = (0, 0L);
        var sweeper = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                swept += Catalog.Collect([], 2, DateTimeOffset.UnixEpoch, isDry: false).Chunks;
                sweeps++;
            }
        });
        using (var one = Start(Busy("one")))
        using (var twin = Start(Busy("twin")))
        {
            using (var killed = Start(Busy("killed")))
            {
                AwaitWindows("killed", 1000);
                killed.Kill();
            }

            Json(0, "run", Oscillator, "--name", "passing", "--quiet");
            Patiently("runs", "rm", "passing");
            Patiently("resume", "killed", "--quiet");
            Assert.Equal(0, one.Wait().Code);
            Assert.Equal(0, twin.Wait().Code);
        }

        await stop.CancelAsync();
        await sweeper;
        Assert.True(sweeps > 10, $"{sweeps} sweeps");
        foreach (var name in new[] { "one", "twin", "killed" })
        {
            Json(0, "runs", "export", name, name + ".file");       // Looks at every chunk.
            Json(0, "resume", name, "--until", "61 s", "--quiet");
            Assert.True(Json(0, "verify", name, "--from", "5000", "--quiet").GetProperty("matches").GetBoolean());
        }

        Assert.True(Json(0, "diff", "one", "killed").GetProperty("same").GetBoolean());
        Console.Error.WriteLine($"{store}: {sweeps} sweeps removed {swept} chunks");
        CheckDatabase();
    }
}

using System.Diagnostics;
using System.Text.Json;
using ActorMultiscale.Testing;

namespace ActorMultiscale.Tests.Host;

/// <summary>A PostgreSQL server that crashes, cuts connections, is away at the wrong moment, or has no space left.</summary>
public sealed class ServerFaultTests(PostgresServer server) : RecordStand(server)
{
    private static bool IsMissing => PostgresServer.Missing is not null;        // Told by the tests of records.

    [Fact]
    public void A_run_outlives_a_server_that_is_killed_and_connections_that_are_cut()
    {
        if (IsMissing)
        {
            return;
        }

        Use("postgresql");
        var hash = Json(0, Long("undisturbed", until: 400)).GetProperty("finalHash").GetString();
        using var killed = Start([.. Long("killed", until: 400), "--json"]);
        AwaitFirstWindows("killed");
        for (var time = 0; time < 2; time++)
        {
            var before = Windows("killed");
            Server.Kill();
            Server.Start();
            AwaitWindows("killed", before + 1);
        }

        Ended(killed, hash, "is away, and the run waits");
        Json(0, "runs", "check", "killed");

        using var cut = Start([.. Long("cut", until: 400), "--json"]);
        AwaitFirstWindows("cut");
        for (var time = 0; time < 3; time++)
        {
            // Between two tries it has no connection that could be cut.
            var before = Windows("cut");
            for (var patience = Stopwatch.StartNew(); Ask<long>("cut", "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()") == 0;)
            {
                Assert.True(patience.Elapsed < TimeSpan.FromMinutes(1) && !cut.HasExited, $"the run is over, or has not come back: {cut.Error}");
            }

            AwaitWindows("cut", before + 1);
        }

        Ended(cut, hash, "");
        Json(0, "runs", "check", "cut");
    }

    [Fact]
    public void A_server_that_is_away_when_a_run_begins_or_ends_is_named_or_waited_for()
    {
        if (IsMissing)
        {
            return;
        }

        Use("postgresql");
        var hash = Json(0, Long("undisturbed", until: 20)).GetProperty("finalHash").GetString();

        // Before there is a run there is nothing to wait for.
        Server.Stop();
        var clock = Stopwatch.StartNew();
        var (code, output, error) = Host(Long("never"));
        Assert.True(code == 6 && output.Length == 0 && clock.Elapsed < TimeSpan.FromSeconds(30), $"{code} after {clock.Elapsed}: {output} {error}");
        Assert.Contains("postgresql://127.0.0.1:", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
        Server.Start();

        // When it has just been made, it waits, or ends and says why; either way it comes to the same.
        using (var begins = Start([.. Long("begins", until: 20), "--json"]))
        {
            AwaitRecord("begins");
            Server.Stop();
            Server.Start();
            var (ended, _, reason) = begins.Wait();
            Assert.True(ended == 0 || (ended == 6 && reason.Contains("postgresql://127.0.0.1:", StringComparison.Ordinal)), $"{ended}: {reason}");
            Assert.Equal(hash, Json(0, "resume", "begins", "--quiet").GetProperty("finalHash").GetString());
        }

        // All is in the journal, and the run's row is about to say so.
        using (var ends = Start([.. Long("ends", until: 20), "--json"]))
        {
            AwaitRecord("ends");
            using (var connection = Connect("ends"))
            {
                using var command = connection.CreateCommand();
                command.CommandText = """
                    SELECT pg_advisory_lock(1);
                    CREATE FUNCTION held() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NEW; END $$;
                    CREATE TRIGGER held BEFORE UPDATE OF status ON run FOR EACH ROW EXECUTE FUNCTION held();
                    """;
                command.ExecuteNonQuery();
                command.CommandText = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
                for (var patience = Stopwatch.StartNew(); (long)command.ExecuteScalar()! == 0;)
                {
                    Assert.True(patience.Elapsed < TimeSpan.FromMinutes(1) && !ends.HasExited, "the run did not come to its end");
                }
            }

            Server.Stop();
            Server.Start();
            Ended(ends, hash, "");
        }

        Assert.Equal(hash, Json(0, "resume", "ends", "--quiet").GetProperty("finalHash").GetString());
        Assert.All(Json(0, "runs", "list").EnumerateArray(), run => Assert.Equal("completed", run.GetProperty("status").GetString()));
        foreach (var run in new[] { "begins", "ends" })
        {
            Json(0, "runs", "check", run);
        }
    }

    // The data of the server or its log have no space left: a run ends and says so, or waits for a server that stops for that.
    [Fact]
    public void On_a_server_whose_disk_is_full_a_run_says_so_and_goes_on_when_there_is_space()
    {
        using var disk = IsMissing ? null : SmallDisk.At(Path.Combine(Folder, "disk"), 400_000);
        if (disk is null)
        {
            return;
        }

        LargeExperiment.WriteTo(Folder);
        var hash = Json(0, LargeExperiment.Run("undisturbed")).GetProperty("finalHash").GetString();
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(Folder, File.GetUnixFileMode(Folder) | UnixFileMode.OtherExecute);      // The server is another user.
        }

        using var full = PostgresServer.In(Path.Combine(Folder, "disk", "server"), "max_wal_size=64MB", "min_wal_size=32MB", "wal_recycle=off");
        Store = full.NewDatabase();
        Json(0, "run", Oscillator, "--name", "small", "--quiet");
        using (var run = Start(LargeExperiment.Run("full")))
        {
            AwaitFirstWindows("full");
            disk.Resize(Used() + 1000);
            for (var patience = Stopwatch.StartNew(); !run.HasExited && !run.Error.Contains("is away, and the run waits", StringComparison.Ordinal);)
            {
                Assert.True(patience.Elapsed < TimeSpan.FromMinutes(1), $"the run says nothing: {run.Error}");
            }

            if (run.HasExited)
            {
                // Its data had no space.
                var (code, output, error) = run.Wait();
                Assert.True(code == 6, $"{code}: {output} {error}");
                Assert.Contains("postgresql://127.0.0.1:", error, StringComparison.Ordinal);
                Assert.Contains("No space left on device", error, StringComparison.Ordinal);
            }

            disk.Resize(800_000);
            full.Restart();
            if (!run.HasExited)
            {
                // Its log had none, which ends a server; the run goes on when there is one again.
                Assert.Equal(0, run.Wait().Code);
            }
        }

        Json(0, "runs", "check", "full");
        Assert.Equal(hash, Json(0, "resume", "full", "--quiet").GetProperty("finalHash").GetString());
        Json(0, "runs", "check", "full");
    }

    private int Used() => (int)(Directory.EnumerateFiles(Path.Combine(Folder, "disk"), "*", SearchOption.AllDirectories).Sum(file => (new FileInfo(file).Length + 4095) / 4096 * 4));

    private static void Ended(HostProcess run, string? hash, string said)
    {
        var (code, output, error) = run.Wait();
        Assert.True(code == 0, $"{code}: {output} {error}");
        Assert.Contains(said, error, StringComparison.Ordinal);
        Assert.Equal(hash, JsonDocument.Parse(output).RootElement.GetProperty("finalHash").GetString());
    }
}

using System.Data.Common;
using System.Diagnostics;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Host;
using ActorMultiscale.Testing;

namespace ActorMultiscale.Tests.Host;

/// <summary><c>runs gc --keep-snapshots</c>: what is let go is freed, and what is kept can be gone on from.</summary>
public sealed class ReleaseTests(PostgresServer server) : RecordStand(server)
{
    private List<SnapshotReference> Snapshots(string run)
    {
        using var file = Catalog.Open(run);
        return [.. file.History().Snapshots];
    }

    private void Execute(string run, string sql)
    {
        using var connection = Connect(run);
        Execute(connection, sql);
    }

    private static void Execute(DbConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private string[] Often(string name) => ["run", Oscillator, "--name", name, "--quiet", "--set", "snapshots={ every = 30, interval = 0.1 s }", "--set", "until=100"];

    [Theory]
    [MemberData(nameof(Stores))]
    public void Of_a_run_that_was_killed_old_snapshots_are_freed_too(string store)
    {
        Use(store);
        using (var process = Start(Long("killed", until: 400)))
        {
            for (var patience = Stopwatch.StartNew(); !Catalog.Exists("killed") || Snapshots("killed").Count < 3;)
            {
                Assert.True(patience.Elapsed < TimeSpan.FromMinutes(1), "there are no snapshots");
            }

            Assert.False(process.HasExited);
            process.Kill();
        }

        var released = Snapshots("killed")[..^1];
        var kept = Snapshots("killed")[^1];
        HashSet<string> gone = [.. released.SelectMany(s => s.States.Add(s.Fields)).Except(kept.States.Add(kept.Fields))];
        Assert.NotEmpty(gone);
        var dry = Json(0, "runs", "gc", "--keep-snapshots", "1", "--dry-run").GetProperty("chunks").GetInt64();
        Assert.Equal(dry, Json(0, "runs", "gc", "--keep-snapshots", "1").GetProperty("chunks").GetInt64());
        using (var file = Catalog.Open("killed"))
        {
            Assert.All(gone, hash => Assert.Throws<RunStoreException>(() => file.ReadChunk(hash)));
        }

        Json(0, "resume", "killed", "--quiet");
        Assert.True(Json(0, "verify", "killed", "--quiet").GetProperty("matches").GetBoolean());
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public void Where_a_snapshot_to_be_kept_is_damaged_none_is_let_go(string store)
    {
        Use(store);
        Json(0, Often("it"));
        var before = Snapshots("it");
        Assert.True(before.Count > 1, $"{before.Count} snapshots");
        var kept = before[^1].States.Add(before[^1].Fields).Except(before[^2].States.Add(before[^2].Fields)).First();
        Execute("it", $"DELETE FROM chunk WHERE hash = '{kept}'");
        var left = Json(6, "runs", "gc", "--keep-snapshots", "1").GetProperty("left").EnumerateArray().Single();
        Assert.Contains($"No snapshot of 'it' was let go: the one at window {before[^1].Window}", left.GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.Equal(before.Select(s => s.Window), Snapshots("it").Select(s => s.Window));
        using var file = Catalog.Open("it");
        Assert.All(before[^2].States.Add(before[^2].Fields), hash => file.ReadChunk(hash));
    }

    [Fact]
    public void Where_the_record_of_another_run_is_damaged_nothing_is_let_go_on_a_server()
    {
        if (PostgresServer.Missing is not null)
        {
            return;     // Told by RecordTests.
        }

        Use("postgresql");
        Json(0, Often("it"));
        Json(0, "run", Oscillator, "--name", "other", "--quiet");
        Execute("other", "DELETE FROM journal WHERE persistence_id = 'run-other' AND manifest = 'WC2'");
        var before = Snapshots("it").Select(s => s.Window).ToList();
        var (code, _, error) = Host("runs", "gc", "it", "--keep-snapshots", "1");
        Assert.True(code == 6, $"{code}: {error}");
        Assert.Contains("'other'", error, StringComparison.Ordinal);
        Assert.Equal(before, Snapshots("it").Select(s => s.Window));
    }

    // The sweep has read all records, and waits for who writes chunks, when the run is replaced.
    [Fact]
    public async Task A_run_that_takes_the_name_of_another_while_it_is_swept_keeps_what_it_needs()
    {
        if (PostgresServer.Missing is not null)
        {
            return;     // Told by RecordTests.
        }

        Use("postgresql");
        Json(0, "run", Oscillator, "--name", "it", "--quiet");
        using var writer = Connect("it");
        Execute(writer, "SET idle_in_transaction_session_timeout = 0; BEGIN; SELECT pg_advisory_xact_lock_shared(4711737657167532850)");
        var sweep = Task.Run(() => Catalog.Collect([], null, DateTimeOffset.UnixEpoch, isDry: false));
        using (var look = Connect("it"))
        using (var waiting = look.CreateCommand())
        {
            waiting.CommandText = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'SELECT pg_sleep%'";
            for (var patience = Stopwatch.StartNew(); (long)waiting.ExecuteScalar()! == 0;)
            {
                Assert.True(patience.Elapsed < TimeSpan.FromMinutes(1), "nobody sweeps");
            }
        }

        Catalog.Remove("it");
        Json(0, Often("it"));
        Execute(writer, "ROLLBACK");
        await sweep;
        Json(0, "runs", "export", "it", "it.file");       // Looks at every chunk.
        Assert.True(Json(0, "verify", "it", "--quiet").GetProperty("matches").GetBoolean());
    }
}

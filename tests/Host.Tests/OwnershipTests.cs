using System.Data.Common;
using System.Diagnostics;
using System.Text.Json;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Host;
using ActorMultiscale.Testing;

namespace ActorMultiscale.Tests.Host;

/// <summary>One process writes a record, whatever happens to it, and however many want to.</summary>
public sealed class OwnershipTests(PostgresServer server) : RecordStand(server)
{
    private void AwaitIncarnations(string run, int count)
    {
        for (var patience = Stopwatch.StartNew(); Ask<long>(run, $"SELECT count(*) FROM journal WHERE persistence_id = 'run-{run}' AND manifest = 'CS2'") < count;)
        {
            Assert.True(patience.Elapsed < TimeSpan.FromMinutes(2), $"nobody took the run '{run}'");
        }
    }

    // A run that somebody has begun and nobody computes; and the hash to which it comes.
    private string? Killed(string run)
    {
        var whole = Json(0, Long("undisturbed", until: 200)).GetProperty("finalHash").GetString();
        using var process = Start(Long(run, until: 200));
        AwaitWindows(run, 500);
        Assert.False(process.HasExited);
        process.Kill();
        return whole;
    }

    private void AssertClean()
    {
        Assert.DoesNotContain(Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories), f => Path.GetExtension(f) != ".sqlite");
        CheckDatabase();
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public void Of_several_processes_that_want_a_run_at_once_one_gets_it(string store)
    {
        Use(store);
        var whole = Killed("wanted");
        Json(0, "resume", "undisturbed", "--until", "200.01 s");       // So that nothing is left of it but its file.
        for (var round = 0; round < 2; round++)
        {
            List<HostProcess> rivals = [.. Enumerable.Range(0, 4).Select(_ => Start("resume", "wanted", "--quiet", "--json"))];
            try
            {
                AwaitIncarnations("wanted", round + 2);
                if (round == 0)
                {
                    // The one that has it is frozen until the others have asked, and keeps it; then it is killed.
                    var taken = Ask<long>("wanted", "SELECT CAST(substr(owner, 1, position) AS BIGINT) FROM (SELECT owner, " + (IsFiles ? "instr(owner, ' ')" : "strpos(owner, ' ')") + " AS position FROM run WHERE run = 'wanted') AS o");
                    var winner = rivals.Single(r => r.Id == taken);
                    winner.Signal("STOP");
                    foreach (var loser in rivals.Where(r => r != winner))
                    {
                        AssertRefused(loser, taken);
                    }

                    Assert.False(winner.HasExited);
                    winner.Kill();
                }
                else
                {
                    var ends = rivals.ConvertAll(r => r.Wait());
                    var (_, text, _) = ends.Single(e => e.Code == 0);
                    Assert.Equal(whole, JsonDocument.Parse(text).RootElement.GetProperty("finalHash").GetString());
                    Assert.All(ends.Where(e => e.Code != 0), e => Assert.True(e.Code == 6 && e.Error.Contains("is being computed by process", StringComparison.Ordinal), $"{e.Code}: {e.Error}"));
                }
            }
            finally
            {
                rivals.ForEach(r => r.Dispose());
            }
        }

        Assert.True(Json(0, "verify", "wanted").GetProperty("matches").GetBoolean());
        AssertClean();
    }

    private static void AssertRefused(HostProcess loser, long owner)
    {
        var (code, output, error) = loser.Wait();
        var sentence = FormattableString.Invariant($"is being computed by process {owner} on {Environment.MachineName}");

        // The whole text, and not as much of it as the framework would show.
        Assert.True(code == 6 && output.Length == 0 && error.Contains(sentence, StringComparison.Ordinal), $"expected: 6, no output, '… {sentence} …'\nfound: {code}\noutput: {output}\nerror: {error}");
    }

    // As with an owner in a container: there its number is another, and here there is no such process.
    [Fact]
    public void An_owner_whose_process_cannot_be_seen_keeps_its_run()
    {
        if (!CanUnshare)
        {
            Console.Error.WriteLine("an owner in a PID namespace of its own is left out: 'unshare --pid' is not permitted here");
            return;
        }

        Use("sqlite");
        var start = new ProcessStartInfo("unshare") { WorkingDirectory = Folder, RedirectStandardError = true };
        string[] command = ["--pid", "--fork", "--kill-child", "--mount-proc", "dotnet", Path.Combine(AppContext.BaseDirectory, "Host.dll"), .. Long("hidden", until: 2000), "--store", Store];
        command.ToList().ForEach(start.ArgumentList.Add);
        using var process = Process.Start(start)!;
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginErrorReadLine();
        try
        {
            AwaitFirstWindows("hidden");
            Assert.InRange(Ask<long>("hidden", "SELECT CAST(substr(owner, 1, instr(owner, ' ')) AS BIGINT) FROM run"), 1, 100);     // Its number in there.
            foreach (var arguments in new string[][] { ["resume", "hidden"], ["resume", "hidden", "--take-over"], ["runs", "rm", "hidden"] })
            {
                var (code, _, error) = Host(arguments);
                Assert.True(code == 6, $"{code}: {error}");
                Assert.Contains("is being computed by process", error, StringComparison.Ordinal);
            }

            Assert.Equal("running", Json(0, "runs", "list")[0].GetProperty("status").GetString());
        }
        finally
        {
            process.Kill();         // And its child with it.
            process.WaitForExit();
        }

        for (var patience = Stopwatch.StartNew(); Json(0, "runs", "list")[0].GetProperty("status").GetString() != "interrupted";)
        {
            Assert.True(patience.Elapsed < TimeSpan.FromMinutes(1), "the run is still owned");
        }

        Assert.Equal(0, Host("runs", "rm", "hidden").Code);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(Folder, "runs")));
    }

    private static bool CanUnshare
    {
        get
        {
            try
            {
                using var process = Process.Start(new ProcessStartInfo("unshare", ["--pid", "--fork", "--mount-proc", "true"]) { RedirectStandardError = true })!;
                process.WaitForExit();
                return process.ExitCode == 0;
            }
            catch (System.ComponentModel.Win32Exception)
            {
                return false;
            }
        }
    }

    [Fact]
    public void A_run_of_another_host_is_taken_only_by_who_says_so()
    {
        Use("sqlite");
        var whole = Killed("far");
        Assert.Equal(1, Execute("far", "UPDATE run SET owner = '4711 2026-01-01T00:00:00.0000000Z elsewhere 6f1c7b1e-0000-4000-8000-000000000000' WHERE run = 'far'"));

        foreach (var arguments in new string[][] { ["resume", "far"], ["runs", "rm", "far"] })
        {
            var (code, _, error) = Host(arguments);
            Assert.True(code == 6, $"{code}: {error}");
            Assert.Contains("is being computed by process 4711 on elsewhere, as far as can be seen from here", error, StringComparison.Ordinal);
            Assert.Contains("'resume far --take-over'", error, StringComparison.Ordinal);
        }

        Assert.Equal("running", Json(0, "runs", "list").EnumerateArray().Single(r => r.GetProperty("run").GetString() == "far").GetProperty("status").GetString());
        Assert.Equal(whole, Json(0, "resume", "far", "--take-over", "--quiet").GetProperty("finalHash").GetString());
        Assert.Equal(whole, Json(0, "resume", "far").GetProperty("finalHash").GetString());

        // The same host after it was started anew, and one of before the locks whose process is gone.
        foreach (var owner in new[] { $"4711 2026-01-01T00:00:00.0000000Z {Environment.MachineName} 6f1c7b1e-0000-4000-8000-000000000000", "4711 2026-01-01T00:00:00.0000000Z" })
        {
            Assert.Equal(1, Execute("far", $"UPDATE run SET owner = '{owner}', status = 'running' WHERE run = 'far'"));
            Assert.Equal("interrupted", Json(0, "runs", "list").EnumerateArray().Single(r => r.GetProperty("run").GetString() == "far").GetProperty("status").GetString());
            Assert.Equal(whole, Json(0, "resume", "far").GetProperty("finalHash").GetString());
        }
    }

    // Where a disk does not tell one host of the other's locks, or a server has lost sight of a process: that one is taken for dead, and lives.
    [Theory]
    [MemberData(nameof(Stores))]
    public void Who_was_taken_for_dead_finds_its_run_taken_and_ends(string store)
    {
        Use(store);
        var whole = Json(0, Long("undisturbed", until: 400)).GetProperty("finalHash").GetString();
        using var first = Start(Long("taken", until: 400));
        AwaitFirstWindows("taken");
        for (var isFrozen = false; !isFrozen;)
        {
            AwaitMoment("taken", first);
            first.Signal("STOP");
            isFrozen = IsMoment("taken");
            Assert.False(first.HasExited);
            if (!isFrozen)
            {
                first.Signal("CONT");
            }
        }

        if (IsFiles)
        {
            // The lock is on a file that nobody finds any more.
            File.Delete(Path.Combine(Folder, Store, "taken.sqlite-owner"));
            Assert.Equal(1, Execute("taken", "UPDATE run SET owner = '4711 2026-01-01T00:00:00.0000000Z elsewhere 6f1c7b1e-0000-4000-8000-000000000000' WHERE run = 'taken'"));
        }

        Assert.Equal(6, Host("resume", "taken").Code);
        using var second = Start("resume", "taken", "--take-over", "--json", "--quiet");
        AwaitIncarnations("taken", 2);
        first.Signal("CONT");
        var (code, _, error) = first.Wait();
        Assert.True(code == 6, $"{code}: {error}");
        Assert.True(IsFiles || error.Contains("nother process", StringComparison.Ordinal), error);

        var (resumed, output, reason) = second.Wait();
        Assert.True(resumed == 0, $"{resumed}: {reason}");
        Assert.Equal(whole, JsonDocument.Parse(output).RootElement.GetProperty("finalHash").GetString());
        Assert.True(Json(0, "verify", "taken").GetProperty("matches").GetBoolean());
        AssertClean();
    }

    private void AwaitMoment(string run, HostProcess process)
    {
        for (var patience = Stopwatch.StartNew(); !IsMoment(run);)
        {
            Assert.True(patience.Elapsed < TimeSpan.FromMinutes(1) && !process.HasExited, $"the run '{run}' was never where it should be frozen");
        }
    }

    // On a server amid a transaction, which must not keep the other from its run; in a file not amid a write, in which it would keep everybody waiting.
    private bool IsMoment(string run)
    {
        if (!IsFiles)
        {
            return Ask<long>(run, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction' AND query LIKE 'INSERT INTO journal%'") > 0;
        }

        using var connection = Connect(run);
        using var command = connection.CreateCommand();
        command.CommandTimeout = 1;
        try
        {
            command.CommandText = "BEGIN IMMEDIATE; ROLLBACK";
            command.ExecuteNonQuery();
            return true;
        }
        catch (Microsoft.Data.Sqlite.SqliteException)
        {
            return false;
        }
    }

    [Fact]
    public void What_a_killed_process_leaves_beside_the_records_is_cleared_away()
    {
        Use("sqlite");
        var folder = Path.Combine(Folder, "runs");
        Killed("killed");
        Assert.True(File.Exists(Path.Combine(folder, "killed.sqlite-owner")));
        foreach (var name in new[] { "half.sqlite-owner", "half.sqlite.new", "half.sqlite.new-journal" })
        {
            File.WriteAllBytes(Path.Combine(folder, name), []);
        }

        // One that is being made, and its owner lives, stays.
        using (var made = new FileStream(Path.Combine(folder, "young.sqlite-owner"), FileMode.Create, FileAccess.ReadWrite, FileShare.None))
        {
            File.WriteAllBytes(Path.Combine(folder, "young.sqlite.new"), []);
            Assert.Equal(6, Host("run", Oscillator, "--name", "young").Code);
            Json(0, "run", Oscillator, "--name", "next");
            Assert.Equal(["killed.sqlite", "killed.sqlite-shm", "killed.sqlite-wal", "next.sqlite", "undisturbed.sqlite", "young.sqlite-owner", "young.sqlite.new"],
                Directory.EnumerateFiles(folder).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal));
        }

        Json(0, "run", Oscillator, "--name", "young");
        Json(0, "resume", "killed", "--quiet");
        AssertClean();
    }

    // As an import has it, that takes its time.
    [Fact]
    public void A_run_begins_and_ends_while_somebody_else_has_not_ended_writing_to_the_journal()
    {
        if (PostgresServer.Missing is not null)
        {
            return;     // Told by RecordTests.
        }

        Use("postgresql");
        Json(0, "run", Oscillator, "--name", "first", "--quiet");
        using var writer = Connect("");
        void Do(string sql)
        {
            using var command = writer.CreateCommand();
            command.CommandText = sql;
            command.ExecuteNonQuery();
        }

        Do("SET idle_in_transaction_session_timeout = 0");
        Do("BEGIN");
        Do("INSERT INTO journal (created, deleted, persistence_id, sequence_number, message) VALUES (0, false, 'run-nobody', 1, '')");
        Json(0, "run", Oscillator, "--name", "second", "--quiet");
        Json(0, "resume", "first", "--until", "2 s", "--quiet");
        Do("ROLLBACK");
    }

    [Fact]
    public void Processes_that_use_an_empty_database_at_once_all_make_their_runs()
    {
        if (PostgresServer.Missing is not null)
        {
            return;     // Told by RecordTests.
        }

        // All come to where the journal's table is made, and wait for somebody who makes one and then does not.
        Use("postgresql");
        using var maker = Connect("");
        using var look = Connect("");
        void Do(DbConnection connection, string sql)
        {
            using var command = connection.CreateCommand();
            command.CommandText = sql;
            command.ExecuteNonQuery();
        }

        Do(maker, $"CREATE SCHEMA {PostgresDatabase.Schema}");
        Do(maker, "SET idle_in_transaction_session_timeout = 0");
        Do(maker, "BEGIN");
        Do(maker, $"CREATE TABLE {PostgresDatabase.Schema}.journal (number INT)");
        List<HostProcess> runs = [.. Enumerable.Range(0, 6).Select(i => Start("run", Oscillator, "--name", $"run-{i}", "--quiet", "--json"))];
        try
        {
            using var waiting = look.CreateCommand();
            waiting.CommandText = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND pid <> pg_backend_pid()";
            for (var patience = Stopwatch.StartNew(); (long)waiting.ExecuteScalar()! < runs.Count;)
            {
                Assert.True(patience.Elapsed < TimeSpan.FromMinutes(2), $"{waiting.ExecuteScalar()} wait for the table");
            }

            Do(maker, "ROLLBACK");
            Assert.All(runs, run =>
            {
                var (code, _, error) = run.Wait();
                Assert.True(code == 0, $"{code}: {error}");
            });
        }
        finally
        {
            runs.ForEach(run => run.Dispose());
        }

        var listed = Json(0, "runs", "list").EnumerateArray().ToList();
        Assert.Equal(runs.Count, listed.Count);
        Assert.All(listed, r => Assert.Equal(("completed", 100L), (r.GetProperty("status").GetString(), r.GetProperty("windows").GetInt64())));
    }
}

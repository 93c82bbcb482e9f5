using System.Diagnostics;
using System.Text.Json;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Host;
using ActorMultiscale.Testing;

namespace ActorMultiscale.Tests.Host;

/// <summary>Records of runs on every store, by real processes: they go on, end in the same hash, and are not believed when they were changed.</summary>
public sealed class RecordTests(PostgresServer server) : RecordStand(server)
{
    /// <summary>Says what is left out, where something is.</summary>
    [Fact]
    public void Records_are_tested_on_both_stores_where_both_are()
    {
        if (PostgresServer.Missing is { } reason)
        {
            Console.Error.WriteLine(reason);
        }

        Assert.Contains("sqlite", PostgresServer.Stores);
        Assert.Equal(PostgresServer.Missing is null, PostgresServer.Stores.Contains("postgresql") && Server.NewDatabase().Length > 0);
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public void Runs_are_listed_newest_first_shown_verified_and_removed(string store)
    {
        Use(store);
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
        Assert.Equal(store == "sqlite" ? ["second.sqlite"] : [], Directory.Exists(Path.Combine(Folder, "runs")) ? Directory.EnumerateFiles(Path.Combine(Folder, "runs")).Select(Path.GetFileName) : []);
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public void Extending_a_finished_run_gives_what_one_long_run_gives(string store)
    {
        Use(store);
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

    [Theory]
    [MemberData(nameof(Stores))]
    public void Ctrl_C_takes_a_snapshot_and_the_run_goes_on_to_the_same_hash(string store)
    {
        Use(store);
        var undisturbed = Json(0, Long("undisturbed"));
        using var run = Start(Long("stopped"));
        AwaitFirstWindows("stopped");
        run.Signal("INT");
        var (code, _, error) = run.Wait();

        Assert.True(code == 130, $"{code}: {error}");
        var listed = Json(0, "runs", "list").EnumerateArray().Single(r => r.GetProperty("run").GetString() == "stopped");
        Assert.Equal("stopped", listed.GetProperty("status").GetString());
        Assert.InRange(listed.GetProperty("windows").GetInt64(), 1, 9_999);
        Assert.Equal(undisturbed.GetProperty("finalHash").GetString(), Json(0, "resume", "stopped", "--quiet").GetProperty("finalHash").GetString());
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public void A_run_that_is_being_computed_is_not_computed_by_another_process(string store)
    {
        Use(store);
        using var run = Start(Long("busy", until: 1000));
        AwaitFirstWindows("busy");

        var (code, _, error) = Host("resume", "busy");
        var (removed, _, _) = Host("runs", "rm", "busy");

        Assert.Equal(6, code);
        Assert.Contains("is being computed by process", error, StringComparison.Ordinal);
        Assert.Equal(6, removed);
        Assert.Equal("running", Json(0, "runs", "list")[0].GetProperty("status").GetString());
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public void A_record_that_was_changed_is_not_believed(string store)
    {
        Use(store);
        Json(0, "run", Oscillator, "--name", "forged");
        using (var connection = Connect("forged"))
        {
            using var command = connection.CreateCommand();

            // One bit of the last window's fingerprint; the length stays.
            command.CommandText = "SELECT message FROM journal WHERE persistence_id = 'run-forged' AND manifest = 'WC2' ORDER BY sequence_number DESC LIMIT 1";
            var message = (byte[])command.ExecuteScalar()!;
            message[^1] ^= 1;
            command.CommandText = "UPDATE journal SET message = @message WHERE sequence_number = (SELECT max(sequence_number) FROM journal WHERE persistence_id = 'run-forged' AND manifest = 'WC2') AND persistence_id = 'run-forged'";
            Add(command, "@message", message);
            Assert.Equal(1, command.ExecuteNonQuery());
        }

        foreach (var verb in new[] { "verify", "resume" })
        {
            var (code, _, error) = Host(verb, "forged");

            Assert.Equal(6, code);
            Assert.Contains("damaged", error, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public void A_run_that_comes_out_otherwise_than_recorded_ends_with_5(string store)
    {
        Use(store);
        // The origin says what is computed again: with one more substep it is another computation.
        Json(0, "run", Oscillator, "--name", "other");
        Forge("other", "substeps = 4", "substeps = 5");

        var verdict = Json(5, "verify", "other");

        Assert.False(verdict.GetProperty("matches").GetBoolean());
        Assert.Contains("window 0", verdict.GetProperty("difference").GetString(), StringComparison.Ordinal);
        Assert.Contains("'left'", verdict.GetProperty("difference").GetString(), StringComparison.Ordinal);
        var first = verdict.GetProperty("window");
        Assert.Equal((0, 0.01, "left"), (first.GetProperty("index").GetInt32(), first.GetProperty("time").GetDouble(), first.GetProperty("participant").GetString()));
        Assert.Contains(first.GetProperty("port").GetString()!, verdict.GetProperty("difference").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_waits_for_a_database_that_is_away_and_goes_on_by_itself()
    {
        if (PostgresServer.Missing is not null)
        {
            return;     // Told by the first test.
        }

        Use("postgresql");
        var undisturbed = Json(0, Long("undisturbed", until: 200));
        using var run = Start([.. Long("waiting", until: 200), "--json"]);
        AwaitFirstWindows("waiting");
        Server.Stop();
        for (var patience = Stopwatch.StartNew(); !run.Error.Contains("is away, and the run waits", StringComparison.Ordinal);)
        {
            Assert.True(patience.Elapsed < TimeSpan.FromMinutes(1) && !run.HasExited, $"the run does not say that it waits: {run.Error}");
        }

        // As long as somebody wants who measures it.
        Thread.Sleep(TimeSpan.FromSeconds(int.TryParse(Environment.GetEnvironmentVariable("ACTORMULTISCALE_AWAY_SECONDS"), out var away) ? away : 0));
        Assert.False(run.HasExited);
        Server.Start();

        var (code, output, error) = run.Wait();
        Assert.True(code == 0, $"{code}: {error}");
        Assert.Contains("is back", error, StringComparison.Ordinal);
        Assert.DoesNotContain("left out", error, StringComparison.Ordinal);
        Assert.Equal(undisturbed.GetProperty("finalHash").GetString(), JsonDocument.Parse(output).RootElement.GetProperty("finalHash").GetString());
        Assert.True(Json(0, "verify", "waiting").GetProperty("matches").GetBoolean());
    }

    // Written when the format was new: the two-mass oscillator up to t = 0.2 s, whole SQLite file. Of format 2: chunks as they are; of format 3: snapshots without
    // a mark; of format 4: snapshots with one, and recorded fields.
    [Theory]
    [InlineData("format-2")]
    [InlineData("format-3")]
    [InlineData("format-4")]
    public void A_record_of_every_format_is_read_shown_and_gone_on_with(string old)
    {
        Directory.CreateDirectory(Path.Combine(Folder, "runs"));
        File.Copy(Path.Combine(AppContext.BaseDirectory, "Corpus", old + ".sqlite"), Path.Combine(Folder, "runs", old + ".sqlite"));

        var shown = Json(0, "runs", "show", old);
        Assert.Equal("completed", shown.GetProperty("status").GetString());
        Assert.Equal(20, shown.GetProperty("windows").GetInt64());
        Json(0, "runs", "check", old);
        if (old == "format-4")
        {
            // Four substeps a window, and the start.
            var (code, fields, error) = Host("replay", old, "--port", "left.displacement", "--json");
            Assert.True(code == 0, error);
            Assert.Equal(81, fields.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        }

        var fresh = Json(0, "run", Oscillator, "--name", "fresh", "--until", "0.2 s");
        var isSameMachine = Json(0, "runs", "show", "fresh").GetProperty("machine").GetRawText() == shown.GetProperty("machine").GetRawText();
        if (isSameMachine)
        {
            Assert.Equal(fresh.GetProperty("finalHash").GetString(), shown.GetProperty("finalHash").GetString());
            Assert.True(Json(0, "verify", old).GetProperty("matches").GetBoolean());
        }

        var extended = Json(0, "resume", old, "--until", "0.4 s", "--other-machine");
        Assert.Equal(40, extended.GetProperty("windows").GetInt64());
        if (isSameMachine)
        {
            Assert.Equal(Json(0, "run", Oscillator, "--name", "whole", "--until", "0.4 s").GetProperty("finalHash").GetString(), extended.GetProperty("finalHash").GetString());
        }
    }

    // Quasi-Newton with its columns, in windows of one length; windows that a controller chooses, by what it has seen; groups within groups.
    public static TheoryData<string, string, int> Forked
    {
        get
        {
            var data = new TheoryData<string, string, int>();
            foreach (var store in PostgresServer.Stores)
            {
                data.Add(store, "reaction-diffusion.conf", 7);
            }

            data.Add("sqlite", "oscillator.conf", 30);
            data.Add("sqlite", "picard.conf", 1);
            data.Add("sqlite", "resonant-circuit.conf", 4);
            data.Add("sqlite", "oscillator-adaptive.conf", 20);
            data.Add("sqlite", "bar-wave-subcycled.conf", 30);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Forked))]
    public void A_fork_without_changes_ends_as_its_parent_wherever_it_begins(string store, string experiment, int every)
    {
        Use(store);
        var parent = Json(0, "run", HostProcess.Experiment(experiment), "--name", "parent", "--quiet", "--set", FormattableString.Invariant($"snapshots={{ every = {every} }}"));
        var windows = parent.GetProperty("windows").GetInt64();
        var hash = parent.GetProperty("finalHash").GetString();

        // At a snapshot, between two, at the beginning, and just before the end.
        foreach (var at in new[] { 0, every, every + 1, windows - 1 }.Distinct())
        {
            var fork = Json(0, "fork", "parent", "--at", FormattableString.Invariant($"{at}"), "--name", FormattableString.Invariant($"fork-{at}"), "--quiet");
            Assert.Equal((at, hash, windows), (at, fork.GetProperty("finalHash").GetString(), fork.GetProperty("windows").GetInt64()));
            Assert.Equal(parent.GetProperty("metrics").GetRawText(), fork.GetProperty("metrics").GetRawText());
        }

        // Nothing of the parent is needed any more.
        Assert.Equal(0, Host("runs", "rm", "parent").Code);
        var name = FormattableString.Invariant($"fork-{every + 1}");
        var origin = Json(0, "runs", "show", name).GetProperty("origin");
        Assert.Equal(("parent", every + 1), (origin.GetProperty("parent").GetString(), origin.GetProperty("parentWindow").GetInt32()));
        var verdict = Json(0, "verify", name, "--quiet");
        Assert.Equal((windows - every - 1, every + 1), (verdict.GetProperty("windows").GetInt64(), verdict.GetProperty("from").GetInt32()));
        Assert.Equal(hash, Json(0, "fork", name, "--at", FormattableString.Invariant($"{every + 2}"), "--quiet").GetProperty("finalHash").GetString());
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public void A_fork_with_changed_settings_goes_another_way_from_there(string store)
    {
        Use(store);
        var parent = Json(0, "run", Oscillator, "--name", "parent", "--quiet");
        // Its errors are others, so that the experiment's checks fail.
        var fork = Json(4, "fork", "parent", "--at", "40", "--set", "participants.left.settings.substeps=8", "--name", "fork", "--quiet");
        var again = Json(4, "fork", "parent", "--at", "40", "--set", "participants.left.settings.substeps=8", "--quiet");

        Assert.NotEqual(parent.GetProperty("finalHash").GetString(), fork.GetProperty("finalHash").GetString());
        Assert.Equal(fork.GetProperty("finalHash").GetString(), again.GetProperty("finalHash").GetString());
        Assert.True(Json(0, "verify", "fork").GetProperty("matches").GetBoolean());

        // Killed as soon as it is there, and in the midst of computing, it goes on as what it is.
        string[] longer = ["fork", "parent", "--at", "40", "--until", "200 s", "--quiet"];
        var whole = Json(0, [.. longer, "--name", "whole"]).GetProperty("finalHash").GetString();
        foreach (var (name, moment) in new (string Name, Action<string> Moment)[] { ("made", AwaitRecord), ("computing", run => AwaitWindows(run, 41)) })
        {
            using (var run = Start([.. longer, "--name", name]))
            {
                moment(name);
                Assert.False(run.HasExited);
                run.Kill();
            }

            Assert.Equal(whole, Json(0, "resume", name, "--quiet").GetProperty("finalHash").GetString());
            Assert.True(Json(0, "diff", "whole", name).GetProperty("same").GetBoolean());
        }
    }

    [Fact]
    public void A_fork_that_cannot_be_says_why_and_leaves_nothing()
    {
        Json(0, "run", Oscillator, "--name", "parent", "--quiet");
        foreach (var (arguments, reason) in new (string[] Arguments, string Reason)[]
        {
            (["--at", "101"], "after 0 to 100 windows; found --at 101"),
            (["--at", "-1"], "found --at -1"),
            (["--at", "40", "--until", "0.3 s"], "Give an --until beyond"),
            (["--at", "40", "--set", "window=0.02"], "divides time otherwise"),
            (["--at", "100"], "Give an --until beyond"),
        })
        {
            var (code, _, error) = Host(["fork", "parent", "--name", "fork", .. arguments]);
            Assert.True(code == 6, $"{code}: {error}");
            Assert.Contains(reason, error, StringComparison.Ordinal);
        }

        Assert.Equal(3, Host("fork", "parent", "--at", "40", "--name", "fork", "--set", "participants.left.settings.sub-steps=8").Code);
        Assert.Equal(6, Host("fork", "nobody", "--at", "1").Code);
        Assert.Single(Json(0, "runs", "list").EnumerateArray());
    }

    // With another number of points nothing that was exchanged fits.
    [Theory]
    [InlineData("reaction-diffusion.conf", 5, "participants.activator.settings.cells=32", "participants.substrate.settings.cells=32")]
    [InlineData("partitioned-heat-iqn.conf", 4, "participants.left.settings.cells=21", "participants.right.settings.cells=21")]
    [InlineData("elastic-tube.conf", 3, "participants.flow.settings.cells=40", "participants.wall.settings.cells=40")]
    [InlineData("bar-wave-subcycled.conf", 1, "participants.atoms.settings.atoms=391", "participants.coarse-grainer.settings.atoms=391")]
    public void A_fork_with_other_numbers_of_points_is_refused_before_there_is_a_run(string experiment, int at, params string[] changes)
    {
        var file = HostProcess.Experiment(experiment);
        Assert.Contains(Host("run", file, "--name", "parent", "--quiet").Code, new[] { 0, 4 });
        var (code, output, error) = Host(["fork", "parent", "--at", FormattableString.Invariant($"{at}"), "--name", "fork", .. changes.SelectMany(c => new[] { "--set", c })]);

        Assert.True(code == 6, $"{code}: {error}");
        Assert.Empty(output);
        Assert.Matches(@"The port '[a-z-]+\.[a-z-]+' has \d+ numbers now, and \d+ in the snapshot", error);
        Assert.Equal(["parent"], Json(0, "runs", "list").EnumerateArray().Select(r => r.GetProperty("run").GetString()));
    }

    [Fact]
    public void A_range_of_windows_is_verified_from_the_snapshot_before_it()
    {
        Json(0, "run", Oscillator, "--name", "run", "--quiet", "--set", "snapshots={ every = 30 }");
        var verdict = Json(0, "verify", "run", "--from", "65", "--to", "80", "--quiet");

        // The first snapshot is always taken; a fast run may leave out the next.
        var from = verdict.GetProperty("from").GetInt64();
        Assert.Contains(from, new long[] { 30, 60 });
        Assert.Equal(80 - from, verdict.GetProperty("windows").GetInt64());
        foreach (var range in new[] { (-1, 5), (50, 50), (0, 101), (100, 100) })
        {
            var (code, _, error) = Host("verify", "run", "--from", FormattableString.Invariant($"{range.Item1}"), "--to", FormattableString.Invariant($"{range.Item2}"));
            Assert.Equal(6, code);
            Assert.Contains("has the windows 0 to 99", error, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("postgresql://tester:s3cret@127.0.0.1:1/nowhere", "postgresql://127.0.0.1:1/nowhere")]
    [InlineData("postgresql:Host=127.0.0.1;Port=1;Database=nowhere;Username=tester;Password=s3cret", "postgresql://127.0.0.1:1/nowhere")]
    [InlineData("postgresql:Hots=127.0.0.1;Password=s3cret", "is no PostgreSQL database")]
    [InlineData("postgresql://tester:s3cret@:port/x", "is no PostgreSQL database")]
    [InlineData("postgresql:", "127.0.0.1 or a host")]
    public void A_database_that_is_not_there_is_named_without_its_password(string store, string named)
    {
        Store = store;
        foreach (var arguments in new[] { ["runs", "list"], new[] { "run", Oscillator, "--name", "x" }, ["resume", "x"] })
        {
            var (code, output, error) = Host(arguments);

            Assert.Equal(6, code);
            Assert.Empty(output);
            Assert.Contains(named, error, StringComparison.Ordinal);
            Assert.DoesNotContain("s3cret", error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_password_is_nowhere_in_the_record()
    {
        if (PostgresServer.Missing is not null)
        {
            return;
        }

        Use("postgresql");
        var plain = Store;
        Store = plain.Replace("tester@", "tester:s3cret@", StringComparison.Ordinal);      // The server trusts, and does not ask.
        Json(0, "run", Oscillator, "--name", "run", "--quiet");
        Store = plain;
        using var connection = Connect("run");
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT (SELECT string_agg(run::text, '') FROM run) || (SELECT string_agg(encode(message, 'escape') || coalesce(journal::text, ''), '') FROM journal)";
        var all = (string)command.ExecuteScalar()!;
        Assert.Contains("oscillator", all, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", all, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public void Two_runs_are_compared_and_only_what_differs_is_told(string store)
    {
        Use(store);
        Json(0, "run", Oscillator, "--name", "one", "--quiet");
        Json(0, "run", Oscillator, "--name", "twin", "--quiet", "--threads", "1");
        Json(4, "fork", "one", "--at", "40", "--set", "participants.left.settings.substeps=8", "--name", "fork", "--quiet");
        Json(0, "run", Oscillator, "--name", "longer", "--quiet", "--until", "1.5 s");

        var same = Json(0, "diff", "one", "twin");
        Assert.True(same.GetProperty("same").GetBoolean());
        Assert.Equal((100, 0, 0, 0), (same.GetProperty("compared").GetInt32(), same.GetProperty("settings").GetArrayLength(), same.GetProperty("metrics").GetArrayLength(), same.GetProperty("fields").GetArrayLength()));

        var other = Json(5, "diff", "one", "fork");
        var setting = other.GetProperty("settings").EnumerateArray().Single();
        Assert.Equal(("participants.left.settings.substeps", "4", "8"), (setting.GetProperty("key").GetString(), setting.GetProperty("a").GetString(), setting.GetProperty("b").GetString()));
        Assert.Equal(40, other.GetProperty("window").GetProperty("index").GetInt32());
        Assert.Contains("'left' wrote something else", other.GetProperty("window").GetProperty("what").GetString(), StringComparison.Ordinal);
        Assert.Equal("left", other.GetProperty("window").GetProperty("participant").GetString());
        Assert.Equal(0.41, other.GetProperty("window").GetProperty("time").GetDouble(), 12);
        var displacement = other.GetProperty("fields").EnumerateArray().Single(f => f.GetProperty("port").GetString() == "left.displacement");
        Assert.Equal((40, 60), (displacement.GetProperty("firstWindow").GetInt32(), displacement.GetProperty("windows").GetInt32()));
        var there = Host("replay", "fork", "--port", "left.displacement", "--from", displacement.GetProperty("window").GetRawText(), "--json").Out.Split('\n')
            .Select(line => JsonDocument.Parse(line).RootElement).First(f => f.GetProperty("time").GetDouble() == displacement.GetProperty("time").GetDouble());
        Assert.Equal(there.GetProperty("values")[0].GetDouble(), displacement.GetProperty("b").GetDouble());

        // The other way round it is the same with both sides exchanged; and what is near enough is not told.
        var turned = Json(5, "diff", "fork", "one");
        Assert.Equal(other.GetProperty("fields").EnumerateArray().Select(f => (f.GetProperty("port").GetString(), f.GetProperty("a").GetDouble(), f.GetProperty("b").GetDouble())),
            turned.GetProperty("fields").EnumerateArray().Select(f => (f.GetProperty("port").GetString(), f.GetProperty("b").GetDouble(), f.GetProperty("a").GetDouble())));
        var near = Json(5, "diff", "one", "fork", "--abs", "0.01", "--rel", "1e-3");
        Assert.DoesNotContain(near.GetProperty("fields").EnumerateArray(), f => f.GetProperty("port").GetString() == "left.displacement");
        Assert.InRange(near.GetProperty("metrics").GetArrayLength(), 0, other.GetProperty("metrics").GetArrayLength() - 1);

        // A longer run agrees as far as both go.
        var longer = Json(5, "diff", "one", "longer");
        Assert.Equal((100, 100), (longer.GetProperty("compared").GetInt32(), longer.GetProperty("window").GetProperty("index").GetInt32()));
        Assert.Equal("until", longer.GetProperty("settings").EnumerateArray().Single().GetProperty("key").GetString());
        Assert.Contains("at the ends of 100 recorded windows", longer.GetProperty("note").GetString(), StringComparison.Ordinal);

        // Runs of other participants have nothing to compare, and that is said.
        Json(0, "run", HostProcess.Experiment("textbook/averaging.conf"), "--name", "stranger", "--quiet");
        var strange = Json(5, "diff", "one", "stranger");
        Assert.Equal((0, 6, 0), (strange.GetProperty("ports").GetInt32(), strange.GetProperty("onlyInA").GetArrayLength(), strange.GetProperty("fields").GetArrayLength()));
        Assert.Contains("no port in common", Host("diff", "one", "stranger").Out, StringComparison.Ordinal);

        var (code, text, _) = Host("diff", "one", "fork");
        Assert.Equal(5, code);
        Assert.Contains(": 'left' wrote something else to its port", text, StringComparison.Ordinal);
        Assert.Equal(2, Host("diff", "one", "fork", "--rel", "-1").Code);
        Assert.Equal(6, Host("diff", "one", "nobody").Code);
    }
}

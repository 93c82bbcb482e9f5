using System.Buffers.Binary;
using System.Diagnostics;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Testing;

namespace ActorMultiscale.Tests.Host;

/// <summary>Runs that move between stores as one file: they arrive as they were, or not at all.</summary>
public sealed class ArchiveTests(PostgresServer server) : RecordStand(server)
{
    public static TheoryData<string, string> Ways
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var from in PostgresServer.Stores)
            {
                foreach (var to in PostgresServer.Stores)
                {
                    data.Add(from, to);
                }
            }

            return data;
        }
    }

    private string InFolder(string name) => Path.Combine(Folder, name);

    // Another store of the kind; what was there stays.
    private string Other(string store) => store == "sqlite" ? "others" : Server.NewDatabase();

    private T At<T>(string store, Func<T> work)
    {
        var here = Store;
        Store = store;
        try
        {
            return work();
        }
        finally
        {
            Store = here;
        }
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void A_run_arrives_in_another_store_as_it_was_and_everything_can_be_done_with_it(string from, string to)
    {
        Use(from);
        var original = Json(0, "run", Oscillator, "--name", "run", "--quiet", "--set", "snapshots={ every = 30 }");
        var hash = original.GetProperty("finalHash").GetString();
        var sent = Json(0, "runs", "export", "run", "first.run");
        var (target, shown) = (Other(to), Json(0, "runs", "show", "run"));

        // There and back, every byte is the same.
        var arrived = At(target, () => Json(0, "runs", "import", "first.run"));
        Assert.Equal((sent.GetProperty("sha256").GetString(), hash, 100), (arrived.GetProperty("sha256").GetString(), arrived.GetProperty("finalHash").GetString(), arrived.GetProperty("windows").GetInt32()));
        At(target, () => Json(0, "runs", "export", "run", "second.run"));
        Assert.Equal(File.ReadAllBytes(InFolder("first.run")), File.ReadAllBytes(InFolder("second.run")));

        // Beside the original it is the same to the bit.
        Json(0, "runs", "import", "second.run", "--name", "twin");
        var difference = Json(0, "diff", "run", "twin");
        Assert.True(difference.GetProperty("same").GetBoolean());
        Assert.Equal(100, difference.GetProperty("compared").GetInt32());

        At(target, () =>
        {
            var there = Json(0, "runs", "show", "run");
            foreach (var member in new[] { "run", "experiment", "status", "windows", "finalHash", "started", "changed", "events", "origin", "machine", "metrics", "snapshots" })
            {
                Assert.Equal(shown.GetProperty(member).GetRawText(), there.GetProperty(member).GetRawText());
            }

            Assert.Equal(0, Host("runs", "show", "run", "--convergence").Code);
            Assert.True(Json(0, "verify", "run").GetProperty("matches").GetBoolean());
            Assert.InRange(Json(0, "verify", "run", "--from", "99", "--quiet").GetProperty("from").GetInt64(), 30, 98);
            Assert.Equal(hash, Json(0, "fork", "run", "--at", "40", "--quiet", "--name", "fork").GetProperty("finalHash").GetString());
            return Json(0, "resume", "run", "--until", "2 s", "--quiet");
        });
        var longer = Json(0, "resume", "run", "--until", "2 s", "--quiet").GetProperty("finalHash").GetString();
        Assert.Equal(longer, At(target, () => Json(0, "runs", "show", "run").GetProperty("finalHash").GetString()));
    }

    // The journal's table as the database describes it.
    private List<string> Columns(string run)
    {
        using var connection = Connect(run);
        using var command = connection.CreateCommand();
        command.CommandText = IsFiles
            ? "SELECT 'column ' || name || ' ' || type || ' ' || \"notnull\" || ' ' || pk FROM pragma_table_info('journal') UNION ALL SELECT 'index ' || l.name || ' ' || l.\"unique\" || ' ' || (SELECT group_concat(name) FROM pragma_index_info(l.name)) FROM pragma_index_list('journal') l ORDER BY 1"
            : "SELECT 'column ' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || is_identity || ' ' || coalesce(identity_generation, '') FROM information_schema.columns WHERE table_schema = 'actor_multiscale' AND table_name = 'journal' UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'actor_multiscale' AND tablename = 'journal' ORDER BY 1";
        using var reader = command.ExecuteReader();
        var columns = new List<string>();
        while (reader.Read())
        {
            columns.Add(reader.GetString(0));
        }

        return columns;
    }

    // The plugin finds the table that an import has made, and makes none of its own.
    [Theory]
    [MemberData(nameof(Stores))]
    public void The_journal_of_an_imported_run_stands_in_a_table_as_the_plugin_makes_it(string store)
    {
        Use(store);
        Json(0, "run", Oscillator, "--name", "run", "--quiet");
        Json(0, "runs", "export", "run", "run.file");
        var own = Columns("run");
        Assert.True(own.Count > 9);
        At(Other(store), () =>
        {
            Json(0, "runs", "import", "run.file");
            Assert.Equal(own, Columns("run"));
            Json(0, "resume", "run", "--until", "1.1 s", "--quiet");
            Assert.Equal(own, Columns("run"));
            return true;
        });
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void An_interrupted_run_goes_on_elsewhere_to_the_same_hash(string from, string to)
    {
        Use(from);
        var undisturbed = Json(0, Long("undisturbed", until: 300));
        using (var run = Start(Long("killed", until: 300)))
        {
            AwaitWindows("killed", 600);

            // A run that is being computed is exported as it stands.
            Json(0, "runs", "export", "killed", "running.file");
            run.Kill();
        }

        Json(0, "runs", "export", "killed", "killed.file");
        At(Other(to), () =>
        {
            foreach (var (file, name) in new[] { ("running.file", "running"), ("killed.file", "killed") })
            {
                Json(0, "runs", "import", file, "--name", name);
                Assert.Contains(Json(0, "runs", "list").EnumerateArray(), r => (r.GetProperty("run").GetString(), r.GetProperty("status").GetString()) == (name, "interrupted"));
                var resumed = Json(0, "resume", name, "--quiet");
                Assert.Equal(undisturbed.GetProperty("finalHash").GetString(), resumed.GetProperty("finalHash").GetString());
                Assert.Equal(undisturbed.GetProperty("metrics").GetRawText(), resumed.GetProperty("metrics").GetRawText());
            }

            return true;
        });
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public void What_cannot_be_exported_or_imported_says_why_and_leaves_nothing(string store)
    {
        Use(store);
        Json(0, "run", Oscillator, "--name", "run", "--quiet", "--set", "snapshots={ every = 30 }");
        Json(0, "runs", "export", "run", "run.file");
        void Refused(string reason, params string[] arguments)
        {
            var (code, output, error) = Host(arguments);
            Assert.True(code == 6, $"{code}: {error}");
            Assert.Contains(reason, error, StringComparison.Ordinal);
            Assert.Empty(output);
        }

        Refused("There is a file 'run.file' already", "runs", "export", "run", "run.file");
        Refused("cannot be exported to 'nowhere/run.file'", "runs", "export", "run", "nowhere/run.file");
        Refused("There is no run 'nobody'", "runs", "export", "nobody", "x.file");
        Refused("There is a run 'run' already", "runs", "import", "run.file");
        Refused("is no name of a run", "runs", "import", "run.file", "--name", "../run");
        Refused("cannot be read", "runs", "import", "nowhere.file", "--name", "x");
        Refused("cannot be read", "runs", "import", ".", "--name", "x");
        File.WriteAllText(InFolder("text.file"), "no run at all");
        Refused("is no exported run", "runs", "import", "text.file");
        File.WriteAllBytes(InFolder("empty.file"), []);
        Refused("is no exported run", "runs", "import", "empty.file", "--name", "x");
        var bytes = File.ReadAllBytes(InFolder("run.file"));
        byte[] newer = [.. bytes];
        BinaryPrimitives.WriteInt32LittleEndian(newer.AsSpan(4), RunArchive.Version + 1);
        File.WriteAllBytes(InFolder("newer.file"), newer);
        Refused("A newer program wrote it", "runs", "import", "newer.file", "--name", "x");
        File.WriteAllBytes(InFolder("cut.file"), bytes[..^1]);
        Refused("cannot be imported", "runs", "import", "cut.file", "--name", "x");
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(InFolder("flipped.file"), bytes);
        Refused("the hash at its end", "runs", "import", "flipped.file", "--name", "x");

        // A chunk of the record is damaged: the copy would be no copy.
        using (var connection = Connect("run"))
        {
            using var command = connection.CreateCommand();
            command.CommandText = "UPDATE chunk SET bytes = @bytes WHERE hash = (SELECT min(hash) FROM chunk)";
            Add(command, "@bytes", new byte[] { 1 });
            Assert.Equal(1, command.ExecuteNonQuery());
        }

        Refused("is damaged", "runs", "export", "run", "damaged.file");
        Assert.Equal(["run"], Json(0, "runs", "list").EnumerateArray().Select(r => r.GetProperty("run").GetString()));
        Assert.DoesNotContain(Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories), f => f.EndsWith(".new", StringComparison.Ordinal) || Path.GetFileName(f) == "damaged.file");
    }

    // A file of a run with a state so large that taking it in takes a while: its journal is written by hand.
    private void MakeLarge(string file, int chunks)
    {
        using var store = RunStore.Create(InFolder("large.sqlite"), new RunOrigin { Run = "large", Experiment = "made", Program = "test", Inputs = [] }, [], DateTimeOffset.UnixEpoch);
        var random = new Random(7);
        List<byte[]> states = [.. Enumerable.Range(0, chunks).Select(_ =>
        {
            var bytes = new byte[1 << 20];
            random.NextBytes(bytes);
            return bytes;
        })];

        // One in two pieces, and one that is smooth.
        states.Add([.. states[0], .. states[1], .. states[2], .. states[3], .. states[4]]);
        states.Add(new byte[3 << 20]);
        var hashes = store.WriteChunks(states);
        var chain = new JournalChain();
        using var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={InFolder("large.sqlite")};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "CREATE TABLE journal (ordering INTEGER PRIMARY KEY, persistence_id TEXT, sequence_number INTEGER, manifest TEXT, message BLOB)";
        command.ExecuteNonQuery();
        foreach (var what in new RunEvent[]
        {
            new RunEvent.RunStarted { At = DateTimeOffset.UnixEpoch, Origin = store.Origin() },
            new RunEvent.SnapshotTaken { At = DateTimeOffset.UnixEpoch, Snapshot = new SnapshotReference(0, 0, hashes[0], hashes) },
        })
        {
            var entry = chain.Extend(what);
            command.Parameters.Clear();
            command.CommandText = "INSERT INTO journal (persistence_id, sequence_number, manifest, message) VALUES ('run-large', @sequence, @manifest, @message)";
            Add(command, "@sequence", chain.Events);
            Add(command, "@manifest", entry.Manifest);
            Add(command, "@message", entry.Payload);
            command.ExecuteNonQuery();
        }

        RunArchive.Export(store, file);
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public void Killed_in_the_midst_of_an_import_there_is_no_run_and_no_rest_and_the_next_one_succeeds(string store)
    {
        Use(store);
        MakeLarge(InFolder("large.file"), 60);
        var clock = Stopwatch.StartNew();
        Json(0, "runs", "import", "large.file", "--name", "whole");
        var length = clock.Elapsed;
        var chunks = Json(0, "runs", "export", "whole", "whole.file").GetProperty("chunks").GetInt32();
        var seed = Environment.TickCount;
        var random = new Random(seed);
        for (var round = 0; round < 6; round++)
        {
            var name = $"killed-{round}";
            bool isDone;
            using (var import = Start("runs", "import", "large.file", "--name", name))
            {
                import.WaitAndKill(length * (0.3 + (0.7 * random.NextDouble())));
                isDone = Json(0, "runs", "list").EnumerateArray().Any(r => r.GetProperty("run").GetString() == name);
            }

            // Whole or not at all: what is listed can be exported, which looks at every chunk.
            if (!isDone)
            {
                Json(0, "runs", "import", "large.file", "--name", name);
            }

            var again = Json(0, "runs", "export", name, $"{name}.file");
            Assert.True(again.GetProperty("chunks").GetInt32() == chunks, $"seed {seed}");
        }

        Assert.DoesNotContain(Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories), f => f.Contains(".new", StringComparison.Ordinal));
        CheckDatabase();
    }

    [Fact]
    public void An_export_that_was_killed_leaves_no_file_and_the_next_one_clears_its_draft()
    {
        MakeLarge(InFolder("large.file"), 60);
        Json(0, "runs", "import", "large.file");
        Json(0, "runs", "export", "large", "undisturbed.file");
        List<string> Drafts() => [.. Directory.EnumerateFiles(Folder, "out.file.*.new")];
        for (var isKilled = false; !isKilled;)
        {
            File.Delete(InFolder("out.file"));
            using var export = Start("runs", "export", "large", "out.file");
            while (!export.HasExited && Drafts().Count == 0)
            {
            }

            export.Kill();
            isKilled = Drafts().Count > 0;      // Otherwise it was quicker, and has ended.
        }

        Assert.False(File.Exists(InFolder("out.file")));
        Json(0, "runs", "export", "large", "out.file");
        Assert.Empty(Drafts());
        Assert.Equal(File.ReadAllBytes(InFolder("undisturbed.file")), File.ReadAllBytes(InFolder("out.file")));
    }
}

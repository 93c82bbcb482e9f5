using System.Data.Common;
using System.Diagnostics;
using System.Text.Json;
using ActorMultiscale.Testing;
using Microsoft.Data.Sqlite;
using SQLitePCL;
using Xunit.Abstractions;

namespace ActorMultiscale.Tests.Host;

/// <summary>
/// Runs killed with <c>kill -9</c> at moments that are known, and at random ones. The program has no hooks for that: it is stopped, looked at from
/// outside through its database, and killed if it stands where it should; otherwise it goes on for a moment.
/// </summary>
public sealed class KillTests(PostgresServer server, ITestOutputHelper output) : RecordStand(server)
{
    private const string Making = "while the record is made";
    private const string BeforeAnything = "before there is anything";
    private const string AtTheEnd = "between the last event and the end of the run's row";
    private const int Attempts = 5;
    private const long SetupLock = 0x4163746F724D5331;      // The lock under which the program makes its tables.

    private const long EndLock = 1;

    private delegate bool Sight(Look look);

    // The hardest first: a few rounds take those.
    private static IEnumerable<(string Name, Sight? IsThere)> Moments =>
    [
        ("amid chunks", look => look.IsAmidChunks()),
        ("between chunks and the event that names them", look => look.Unnamed() > 0),
        ("amid an event", look => look.Events("WC2") > 0 && look.IsAmidEvent()),
        ("between the record and its first event", look => look.Count("SELECT count(*) FROM run") == 1 && look.Count("SELECT count(*) FROM journal") == 0),
        (AtTheEnd, look => look.Events("RE2") == 1 && look.Count("SELECT count(*) FROM run WHERE status = 'running'") == 1),
        (Making, look => look.IsMaking()),
        ("during a window", look => look.Events("WC2") > 0 && !look.IsAmidChunks() && !look.IsAmidEvent()),
        (BeforeAnything, null),
        ("at a random moment", null),
    ];

    [Theory]
    [MemberData(nameof(Stores))]
    public void Killed_at_any_moment_a_run_goes_on_to_the_same_hash(string store)
    {
        var rounds = int.TryParse(Environment.GetEnvironmentVariable("ACTORMULTISCALE_KILL_ROUNDS"), out var given) ? given : 5;
        var seed = Environment.TickCount;
        var random = new Random(seed);
        LargeExperiment.WriteTo(Folder);
        Use(store);
        var clock = Stopwatch.StartNew();
        var undisturbed = Json(0, LargeExperiment.Run("undisturbed"));
        var length = clock.Elapsed;
        var observed = Host("runs", "show", "undisturbed", "--watch", "--json").Out;
        Assert.Contains("middle", observed, StringComparison.Ordinal);
        using (var look = new Look(this, "undisturbed"))
        {
            // What the moments rest on: there are snapshots and fields, and in the end every chunk is named.
            Assert.True(look.Events("ST2") > 1 && look.Events("FR2") > 1);
            Assert.Equal(0, look.Unnamed());
        }

        var hits = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var moments = Moments.ToList();
        var missed = 0;
        for (var round = 0; round < rounds; round++)
        {
            // On PostgreSQL another database, for tables and chunks of before would be found there.
            Use(store);
            var (name, isThere) = moments[round % moments.Count];
            var run = $"killed-{round}";
            var what = FormattableString.Invariant($"seed {seed}, round {round}: killed {name}");
            var after = random.NextDouble() * (name == BeforeAnything ? 0.2 * length : length);
            for (var attempt = 1; !Killed(run, name, isThere, after); attempt++)
            {
                var (removed, _, complaint) = Host("runs", "rm", run);
                Assert.True(removed == 0, $"{what}: {complaint}");
                if (attempt == Attempts)
                {
                    // On a machine that is busy with other things a short moment is over before it is seen.
                    (name, isThere) = ($"at a random moment, for it was not seen {name}", null);
                    missed++;
                }
            }

            hits[name] = hits.GetValueOrDefault(name) + 1;
            var isThereARun = Json(0, "runs", "list").EnumerateArray().Any(r => r.GetProperty("run").GetString() == run);
            if (isThereARun)
            {
                // And again while it is being resumed: before it has said so in the journal, or at random.
                var second = round % 2 == 0 ? "while it is resumed" : "at a random moment after";
                if (KilledAgain(run, round % 2 == 0 ? default(TimeSpan?) : random.NextDouble() * length / 2))
                {
                    hits[second] = hits.GetValueOrDefault(second) + 1;
                }
            }

            // Who was killed before there was a run begins it.
            var (code, text, error) = Host([.. isThereARun ? ["resume", run, "--quiet"] : LargeExperiment.Run(run), "--json"]);
            Assert.True(code == 0, $"{what}: {code}: {error} {text}");
            var ended = JsonDocument.Parse(text).RootElement;
            Assert.True(undisturbed.GetProperty("finalHash").GetString() == ended.GetProperty("finalHash").GetString(), what);
            Assert.Equal(undisturbed.GetProperty("metrics").GetRawText(), ended.GetProperty("metrics").GetRawText());
            Assert.True(observed == Host("runs", "show", run, "--watch", "--json").Out, $"{what}: observations are missing, or stand twice");
            var (isUnsound, faults, _) = Host("runs", "check", run);
            Assert.True(isUnsound == 0, $"{what}: {faults}");
            CheckDatabase();
            Assert.Equal(0, Host("runs", "rm", run).Code);
            Assert.All(Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories), file => Assert.Contains(Path.GetFileName(file), new[] { "large.conf", "undisturbed.sqlite" }));
        }

        Assert.True(missed <= rounds / 5, $"{missed} of {rounds} moments were not seen");
        var summary = FormattableString.Invariant($"{store}: {rounds} rounds, all to the undisturbed hash; killed {string.Join(", ", hits.Select(hit => $"{hit.Key}: {hit.Value}"))} (seed {seed}, {clock.Elapsed.TotalSeconds:0} s)");
        output.WriteLine(summary);
        if (Environment.GetEnvironmentVariable("ACTORMULTISCALE_KILL_SUMMARY") is { Length: > 0 } file)
        {
            File.AppendAllText(file, summary + Environment.NewLine);
        }
    }

    // False where the run has ended by itself.
    private bool Killed(string run, string name, Sight? isThere, TimeSpan after)
    {
        // PostgreSQL lets itself be held where it should be seen.
        using var held = !IsFiles && name is (Making or AtTheEnd) ? Connect(run) : null;
        if (held is not null)
        {
            Execute(held, FormattableString.Invariant($"SELECT pg_advisory_lock({(name == Making ? SetupLock : EndLock)})"));
        }

        using var process = Start(LargeExperiment.Run(run));
        if (held is not null && name == AtTheEnd)
        {
            AwaitRecord(run);
            Execute(held, $"""
                CREATE FUNCTION held() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock({EndLock}); RETURN NEW; END $$;
                CREATE TRIGGER held BEFORE UPDATE OF status ON run FOR EACH ROW WHEN (NEW.status <> 'running') EXECUTE FUNCTION held();
                """);
        }

        if (isThere is null)
        {
            process.WaitAndKill(after);
            return true;
        }

        return KilledWhere(process, run, isThere);
    }

    private static void Execute(DbConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    // While its own recovery is under way, or after a while.
    private bool KilledAgain(string run, TimeSpan? after)
    {
        long before;
        using (var look = new Look(this, run))
        {
            before = look.HasTable("journal") ? look.Events("CS2") : 0;
        }

        using var process = Start("resume", run, "--quiet");
        if (after is { } span)
        {
            process.WaitAndKill(span);
            return true;
        }

        var owner = FormattableString.Invariant($"SELECT count(*) FROM run WHERE owner LIKE '{process.Id} %'");
        return KilledWhere(process, run, look => look.Count(owner) == 1 && (!look.HasTable("journal") || look.Events("CS2") == before));
    }

    private bool KilledWhere(HostProcess process, string run, Sight isThere)
    {
        var look = new Look(this, run);
        try
        {
            for (var clock = Stopwatch.StartNew(); !process.HasExited;)
            {
                Assert.True(clock.Elapsed < TimeSpan.FromMinutes(2), "the run does not end");
                if (!look.Sees(isThere))
                {
                    continue;
                }

                process.Signal("STOP");
                look.Settle();
                if (look.Sees(isThere))
                {
                    // Whoever comes next finds the file as the dead process left it.
                    look.Dispose();
                    process.Kill();
                    return true;
                }

                process.Signal("CONT");
            }

            return false;
        }
        finally
        {
            look.Dispose();
        }
    }

    // What can be seen of a run from outside.
    private sealed class Look(KillTests tests, string run) : IDisposable
    {
        private DbConnection? _connection;

        private string Wal => Path.Combine(tests.Folder, tests.Store, run + ".sqlite-wal");

        public bool Sees(Sight isThere)
        {
            try
            {
                return isThere(this);
            }
            catch (DbException)
            {
                return false;       // There is no such table yet.
            }
        }

        // The server answers what it was asked before its client was stopped, or waits for the rest of a question.
        public void Settle()
        {
            const string Works = """
                SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'active' AND coalesce(wait_event_type, '') NOT IN ('Lock', 'Client')
                """;
            for (var clock = Stopwatch.StartNew(); !tests.IsFiles && Count(Works) > 0;)
            {
                Assert.True(clock.Elapsed < TimeSpan.FromSeconds(30), "the server does not come to rest");
            }
        }

        public long Count(string sql)
        {
            if (_connection is null && tests.IsFiles && !File.Exists(Path.Combine(tests.Folder, tests.Store, run + ".sqlite")))
            {
                return 0;
            }

            using var command = Asked(sql);
            return (long)command.ExecuteScalar()!;
        }

        // Chunks that no event names, and that are no piece of one that is named: of a snapshot, or of fields.
        public int Unnamed()
        {
            // To look at a file that is not there would make it.
            if (!HasTable("journal"))
            {
                return 0;
            }

            var named = new HashSet<string>(StringComparer.Ordinal);
            foreach (var (_, payload) in Rows("SELECT manifest, message FROM journal WHERE manifest IN ('ST2', 'FR2')"))
            {
                var content = JsonDocument.Parse(payload.AsMemory(64)).RootElement;
                named.UnionWith(content.TryGetProperty("snapshot", out var snapshot)
                    ? [snapshot.GetProperty("fields").GetString()!, .. snapshot.GetProperty("states").EnumerateArray().Select(s => s.GetString()!)]
                    : content.GetProperty("fields").EnumerateArray().Select(f => f.GetProperty("chunk").GetString()!));
            }

            foreach (var (hash, bytes) in Rows("SELECT hash, bytes FROM chunk WHERE length(bytes) < 1000").Where(chunk => named.Contains(chunk.Name)))
            {
                // A list of pieces: its mark, a length, and their hashes.
                named.UnionWith(bytes.AsSpan().StartsWith("AML1"u8) ? bytes[12..].Chunk(32).Select(Convert.ToHexStringLower) : []);
            }

            return Rows("SELECT hash, NULL FROM chunk").Count(chunk => !named.Contains(chunk.Name));
        }

        private List<(string Name, byte[] Bytes)> Rows(string sql)
        {
            using var command = Asked(sql);
            using var reader = command.ExecuteReader();
            var rows = new List<(string, byte[])>();
            while (reader.Read())
            {
                rows.Add((reader.GetString(0), reader[1] as byte[] ?? []));
            }

            return rows;
        }

        private DbCommand Asked(string sql)
        {
            var command = (_connection ??= Opened()).CreateCommand();
            command.CommandText = sql;
            command.CommandTimeout = 1;
            return command;
        }

        public long Events(string manifest) => Count($"SELECT count(*) FROM journal WHERE manifest = '{manifest}'");

        public bool HasTable(string table) => Count(tests.IsFiles
            ? $"SELECT count(*) FROM sqlite_master WHERE name = '{table}'"
            : $"SELECT count(*) FROM pg_tables WHERE schemaname = 'actor_multiscale' AND tablename = '{table}'") > 0;

        public bool IsMaking() => tests.IsFiles
            ? Directory.Exists(Path.Combine(tests.Folder, tests.Store)) && Directory.EnumerateFiles(Path.Combine(tests.Folder, tests.Store), "*.new").Any()
            : Count("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") > 0;

        // The first ones, of fields: what SQLite has written of them stands behind what is valid, and somebody holds the lock.
        public bool IsAmidChunks() => tests.IsFiles
            ? Count("SELECT count(*) FROM chunk") == 0 && new FileInfo(Wal) is { Exists: true, Length: > 1 << 20 } && IsLocked()
            : IsAmid("%chunk%");

        public bool IsAmidEvent() => tests.IsFiles ? new FileInfo(Wal) is { Exists: true, Length: < 1 << 20 } && IsLocked() : IsAmid("INSERT INTO journal%");

        public void Dispose()
        {
            _connection?.Dispose();
            _connection = null;
        }

        private DbConnection Opened()
        {
            var connection = tests.Connect(run);
            if (tests.IsFiles)
            {
                using var command = connection.CreateCommand();
                command.CommandText = "PRAGMA busy_timeout=0";
                command.ExecuteNonQuery();
            }

            return connection;
        }

        private bool IsAmid(string statement) => Count(
            $"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL AND query LIKE '{statement}'") > 0;

        // Asked of SQLite itself: the library above it would try again for a second.
        private bool IsLocked()
        {
            var connection = ((SqliteConnection)(_connection ??= Opened())).Handle;
            if (raw.sqlite3_exec(connection, "BEGIN IMMEDIATE") == raw.SQLITE_BUSY)
            {
                return true;
            }

            raw.sqlite3_exec(connection, "ROLLBACK");
            return false;
        }
    }
}

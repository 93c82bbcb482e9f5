using System.Data.Common;
using System.Text.Json;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Testing;

namespace ActorMultiscale.Tests.Host;

/// <summary>Records that were damaged, one thing at a time: every verb says what is wrong, and none passes it over.</summary>
public sealed class DamageTests(PostgresServer server) : RecordStand(server)
{
    // Two masses that do not converge once, so that there is a note too.
    private const string Small = """
        name = small
        until = 0.4 s
        window = 0.01 s
        snapshots { every = 10 }
        participants { left { model = oscillator-mass, settings { side = left } }, right { model = oscillator-mass, settings { side = right } } }
        conduits = [ { from = left.spring-force, to = right.force, degree = 3 }, { from = right.spring-force, to = left.force, degree = 3 } ]
        scheme { stages = [[left], [right]], iterate { max = 2, converge = [ { conduit = left.force, relative = 1e-10 } ] } }
        watches { force { port = left.spring-force } }
        """;

    private static readonly string[] _verbs = ["resume", "verify", "fork", "diff", "show", "replay", "list"];
    private static readonly string[] _all = ["resume", "verify", "fork", "diff", "show", "replay"];
    private static readonly string[] _check = [];
    private static readonly string[] _kinds = ["RS2", "CS2", "WC2", "FR2", "ST2", "NO2", "RE2", "SR2"];

    /// <summary>What is done to a record, what must be said of it, and by which verbs beside the check; the others go on as if nothing were wrong, for to them nothing is.</summary>
    private sealed record Damage(string Name, Action<Surgery> Do, string Sentence, string[] Verbs);

    private static IEnumerable<Damage> ToEvents()
    {
        foreach (var manifest in _kinds)
        {
            yield return new($"a byte of {manifest}", s => s.Flip(s.First(manifest), 70), "Event {0} of the journal cannot be used", _all);
        }

        yield return new("a byte of an event's hash", s => s.Flip(s.First("WC2"), 0), "Event {0} of the journal cannot be used", _all);
        yield return new("a byte of the hash before", s => s.Flip(s.First("WC2"), 40), "Event {0} of the journal cannot be used", _all);
        yield return new("the last byte of the last event", s => s.Flip(s.Count, -1), "Event {0} of the journal cannot be used", _all);
        yield return new("an event cut short", s => s.Execute($"UPDATE journal SET message = substr(message, 1, 50) WHERE sequence_number = {s.Touch(s.First("ST2"))}"), "Event {0} of the journal cannot be used", _all);
        yield return new("an empty event", s => s.Execute($"UPDATE journal SET message = substr(message, 1, 0) WHERE sequence_number = {s.Touch(s.First("ST2"))}"), "Event {0} of the journal cannot be used", _all);
        yield return new("the first event is missing", s => s.Execute("DELETE FROM journal WHERE sequence_number = 1"), "does not follow", _all);
        yield return new("one in the middle is missing", s => s.Execute($"DELETE FROM journal WHERE sequence_number = {s.Count / 2}"), "does not follow", _all);
        yield return new("the last is missing", s => s.Execute($"DELETE FROM journal WHERE sequence_number = {s.Count}"), "its tail is cut off", _all);
        yield return new("all are missing", s => s.Execute("DELETE FROM journal"), "its tail is cut off", _all);
        yield return new("the table is missing", s => s.Execute("DROP TABLE journal"), "its tail is cut off", _all);
        yield return new("two are exchanged", s => s.Execute(
            $"UPDATE journal SET sequence_number = -1 WHERE sequence_number = {s.Count / 2}",
            $"UPDATE journal SET sequence_number = {s.Count / 2} WHERE sequence_number = {(s.Count / 2) + 1}",
            $"UPDATE journal SET sequence_number = {(s.Count / 2) + 1} WHERE sequence_number = -1"), "does not follow", _all);
        yield return new("a number stands twice", s =>
        {
            s.Execute(s.Drop("journal_uq"), s.DropTrigger);
            s.Execute($"INSERT INTO journal (created, deleted, persistence_id, sequence_number, message, manifest, identifier) SELECT created, deleted, persistence_id, sequence_number, message, manifest, identifier FROM journal WHERE sequence_number = {s.Touch((s.Count / 2) + 1) - 1}");
        }, "Event {0} of the journal does not follow", _all);
        yield return new("the last number stands twice", s =>
        {
            s.Execute(s.Drop("journal_uq"), s.DropTrigger);
            s.Execute($"INSERT INTO journal (created, deleted, persistence_id, sequence_number, message, manifest, identifier) SELECT created, deleted, persistence_id, sequence_number, message, manifest, identifier FROM journal WHERE sequence_number = {s.Touch(s.Count + 1) - 1}");
        }, "Event {0} of the journal does not follow", _all);
        yield return new("an unknown kind", s => s.Execute($"UPDATE journal SET manifest = 'ZZ9' WHERE sequence_number = {s.Touch(s.Count / 2)}"), "Event {0} of the journal cannot be used. The journal holds an event of kind 'ZZ9', which this program does not know", _all);
        yield return new("no kind", s => s.Execute($"UPDATE journal SET manifest = '' WHERE sequence_number = {s.Touch(s.Count / 2)}"), "Event {0} of the journal cannot be used. The journal holds an event of kind ''", _all);
        yield return new("another kind", s => s.Execute($"UPDATE journal SET manifest = 'ST2' WHERE sequence_number = {s.Touch(s.First("NO2"))}"), "Event {0} of the journal cannot be used", _all);
        yield return new("another event in its place", s => s.Execute(
            $"UPDATE journal SET message = (SELECT message FROM journal WHERE sequence_number = {s.Count}), manifest = 'SR2' WHERE sequence_number = {s.Touch(s.Count - 1)}"), "Event {0} of the journal does not follow", _all);
    }

    private static IEnumerable<Damage> ToRows()
    {
        yield return new("the head counts more", s => s.Execute("UPDATE run SET head_events = head_events + 1"), "its tail is cut off", _all);
        yield return new("the head counts less", s => s.Execute("UPDATE run SET head_events = head_events - 1"), "its head says", _all);
        yield return new("the head has another hash", s => s.Execute("UPDATE run SET head_hash = CASE substr(head_hash, 1, 2) WHEN 'ab' THEN 'cd' ELSE 'ab' END || substr(head_hash, 3)"), "is not the one that was written", _all);
        yield return new("a newer format", s => s.Execute("UPDATE run SET format = 99"), $"has format 99; this program reads up to {RunEventCodec.Format}. Use a newer program.", _all);
        yield return new("the row is missing", s => s.Execute("DELETE FROM run"), "no run", _all);
        yield return new("an origin that cannot be read", s => s.Execute("UPDATE run SET origin = '{'"), "The row of the run 'it' in ", _check);
        yield return new("another origin", s => s.Execute("UPDATE run SET origin = replace(origin, '0.4 s', '0.5 s')"), "was started from something else than its first event", _check);
        yield return new("another final hash", s => s.Execute("UPDATE run SET final_hash = CASE substr(final_hash, 1, 2) WHEN 'ab' THEN 'cd' ELSE 'ab' END || substr(final_hash, 3)"), "with other windows or another hash than its journal", _check);
        yield return new("other windows", s => s.Execute("UPDATE run SET windows = 7"), "with other windows or another hash than its journal", _check);
        yield return new("a time that is none", s => s.Execute("UPDATE run SET started = 'yesterday'"), "is damaged", ["show"]);
        yield return new("a byte of recorded fields", s => s.FlipChunk(s.Fields(), 20), "The chunk ", ["replay"]);
        yield return new("recorded fields are missing", s => s.Execute($"DELETE FROM chunk WHERE hash = '{s.Fields()}'"), "is missing", ["replay"]);
        yield return new("a byte of what was observed", s => s.Flip("SELECT bytes FROM observation WHERE serial = (SELECT max(serial) FROM observation)", "UPDATE observation SET bytes = @bytes WHERE serial = (SELECT max(serial) FROM observation)", 0), "What was observed of the run 'it'", _check);
    }

    // Of the last snapshot: its fields are a list of pieces, its states chunks.
    private static IEnumerable<Damage> ToChunks()
    {
        yield return new("a byte of the list of pieces", s => s.FlipChunk(s.Snapshot("fields"), 20), "is missing", _check);
        yield return new("the list says another length", s => s.FlipChunk(s.Snapshot("fields"), 11), "is damaged", _check);
        yield return new("no list", s => s.Execute($"DELETE FROM chunk WHERE hash = '{s.Snapshot("fields")}'"), "is missing", _check);
        yield return new("a byte of a piece", s => s.FlipChunk(s.Piece(), 1000), "is damaged", _check);
        yield return new("a piece is missing", s => s.Execute($"DELETE FROM chunk WHERE hash = '{s.Piece()}'"), "is missing", _check);
        yield return new("the head of a piece", s => s.FlipChunk(s.Piece(), 6), "is damaged", _check);
        yield return new("a byte of a state", s => s.FlipChunk(s.Snapshot("state"), 5000), "is damaged", _check);
        yield return new("half of a state", s => s.Execute($"UPDATE chunk SET bytes = substr(bytes, 1, length(bytes) / 2) WHERE hash = '{s.Snapshot("state")}'"), "is damaged", _check);
        yield return new("an empty state", s => s.Execute($"UPDATE chunk SET bytes = substr(bytes, 1, 0) WHERE hash = '{s.Snapshot("state")}'"), "is damaged", _check);
        yield return new("a state is missing", s => s.Execute($"DELETE FROM chunk WHERE hash = '{s.Snapshot("state")}'"), "is missing", _check);
        yield return new("another state in its place", s => s.Execute($"UPDATE chunk SET bytes = (SELECT bytes FROM chunk WHERE hash = '{s.Piece()}') WHERE hash = '{s.Snapshot("state")}'"), "is damaged", _check);
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public void Damaged_events_and_rows_are_named_by_the_check_and_by_every_verb_that_needs_them(string store)
    {
        Use(store);
        File.WriteAllText(Path.Combine(Folder, "small.conf"), Small);
        Json(0, "run", "small.conf", "--name", "it", "--until", "0.2 s", "--quiet");
        Json(0, "resume", "it", "--until", "0.4 s", "--quiet");
        Json(0, "runs", "check", "it");
        Json(0, "runs", "gc", "it", "--keep-snapshots", "1");       // At the end of each part there was one.
        using (var surgery = new Surgery(this))
        {
            Assert.All(_kinds, manifest => Assert.InRange(surgery.First(manifest), 1, surgery.Count));
        }

        var turn = 0;
        EachOn(store, [.. ToEvents(), .. ToRows()], (damage, number) =>
        {
            var sentence = damage.Sentence.Replace("{0}", FormattableString.Invariant($"{number}"), StringComparison.Ordinal);

            var found = Faults();
            Assert.True(found.Contains(sentence, StringComparison.Ordinal), $"{damage.Name}: the check finds '{found}'");

            // All of them read the journal in the same way; each is asked in its turn. Who says nothing need not: what is damaged, it does not need.
            var verb = _verbs[turn++ % _verbs.Length];
            var (code, output, error) = Host(Verb(verb));
            var (expected, text) = damage.Verbs.Contains(verb) ? (6, sentence) : (0, "");
            Assert.True(code == expected && error.Contains(text, StringComparison.Ordinal) && IsCalm(error), $"{damage.Name}, {verb}: {code} {output} {error}");
            Assert.True(expected == 0 || output.Length == 0, $"{damage.Name}, {verb}: {output}");
        });
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public void Damaged_snapshots_are_named_and_not_used(string store)
    {
        Use(store);
        LargeExperiment.WriteTo(Folder);
        var whole = Json(0, [.. LargeExperiment.Run("it"), "--until", "0.4 s"]);
        Json(0, "runs", "check", "it");
        var longer = Json(0, "fork", "it", "--until", "0.6 s", "--name", "longer", "--quiet").GetProperty("finalHash").GetString();
        Assert.Equal(0, Host("runs", "rm", "longer").Code);

        var turn = 0;
        EachOn(store, [.. ToChunks()], (damage, _) =>
        {
            Assert.Contains(Faults().Split('\n'), fault =>
                fault.StartsWith("In the snapshot at window 4: The chunk ", StringComparison.Ordinal) && fault.Contains(damage.Sentence, StringComparison.Ordinal));

            // An older one is.
            var warnings = new List<string>();
            using (var file = Catalog.Open("it"))
            {
                Assert.Equal(2, file.Recover(warnings.Add).Snapshot?.Window);
            }

            Assert.Contains("the snapshot of 'it' at window 4 cannot be used", Assert.Single(warnings), StringComparison.Ordinal);
            if (turn++ % 5 != 0)
            {
                return;
            }

            // Computing is longer, and comes to the same; now and then, for it takes a while.
            var (code, output, error) = Host("fork", "it", "--until", "0.6 s", "--name", "fork", "--quiet", "--json");
            Assert.True(code == 0 && IsCalm(error), $"{damage.Name}: {code} {error}");
            Assert.Contains("the snapshot of 'it' at window 4 cannot be used", error, StringComparison.Ordinal);
            Assert.Equal(longer, JsonDocument.Parse(output).RootElement.GetProperty("finalHash").GetString());
        });
        Assert.Equal(4, whole.GetProperty("windows").GetInt64());
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public void A_run_that_begins_with_a_damaged_state_or_was_never_begun_with_a_damaged_origin_is_refused(string store)
    {
        Use(store);
        File.WriteAllText(Path.Combine(Folder, "small.conf"), Small);
        Json(0, "run", "small.conf", "--name", "parent", "--quiet");
        Json(0, "run", "small.conf", "--name", "it", "--from", "parent", "--quiet");
        var carried = Json(0, "runs", "show", "it").GetProperty("origin").GetProperty("carried")[0].GetProperty("hash").GetString()!;
        using (var surgery = new Surgery(this))
        {
            surgery.FlipChunk(carried, 5);
        }

        foreach (var verb in new[] { "check", "resume", "verify", "fork", "diff" })
        {
            var (code, output, error) = Host(Verb(verb));
            Assert.True(code == 6 && IsCalm(error) && (output + error).Contains($"The chunk {carried} in ", StringComparison.Ordinal), $"{verb}: {code} {output} {error}");
        }

        // Killed before its first event, all it has is its row.
        using (var run = Start("run", "small.conf", "--name", "new", "--quiet"))
        {
            AwaitRecord("new");
            run.Kill();
        }

        Assert.Equal(1, Execute("new", "UPDATE run SET origin = '{ \"run\": 3 ' WHERE run = 'new'"));

        foreach (var arguments in new[] { ["runs", "check", "new"], new[] { "resume", "new" } })
        {
            var (code, output, error) = Host(arguments);
            Assert.True(code == 6 && IsCalm(error), $"{arguments[0]}: {code} {output} {error}");
            Assert.Contains("The row of the run 'new'", output + error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_file_that_is_no_record_is_named()
    {
        File.WriteAllText(Path.Combine(Folder, "small.conf"), Small);
        Json(0, "run", "small.conf", "--name", "whole", "--quiet");
        var whole = File.ReadAllBytes(Path.Combine(Folder, "runs", "whole.sqlite"));
        byte[] garbled = [.. whole];
        garbled.AsSpan(4096 * 3, 4096).Fill(0x5a);
        foreach (var (what, bytes) in new (string, byte[])[] { ("empty", []), ("text", "no database"u8.ToArray()), ("half", whole[..(whole.Length / 2)]), ("header", [.. new byte[100], .. whole[100..]]), ("page", garbled) })
        {
            File.WriteAllBytes(Path.Combine(Folder, "runs", "it.sqlite"), bytes);
            foreach (var verb in new[] { "check", "resume", "show" })
            {
                // A page that nobody needs may lie in ruins; the check finds it.
                var (code, output, error) = Host(Verb(verb));
                Assert.True((code == 6 || (what is "page" or "half" && verb != "check")) && IsCalm(error), $"{what}, {verb}: {code} {output} {error}");
                Assert.True(code == 0 || (output + error).Contains("it.sqlite", StringComparison.Ordinal), $"{what}, {verb}: {output} {error}");
            }

            var (listed, list, _) = Host("runs", "list");
            Assert.Equal(0, listed);
            Assert.Contains("whole", list, StringComparison.Ordinal);
        }
    }

    private static string[] Verb(string verb) => verb switch
    {
        "check" => ["runs", "check", "it"],
        "resume" => ["resume", "it", "--quiet"],
        "verify" => ["verify", "it", "--quiet"],
        "fork" => ["fork", "it", "--at", "40", "--until", "0.5 s", "--name", "fork-of-it", "--quiet"],
        "diff" => ["diff", "it", "it"],
        "replay" => ["replay", "it"],
        "list" => ["runs", "list"],
        _ => ["runs", "show", "it"],
    };

    // What 'runs check' finds: its exit code and its form are those of other tests.
    private string Faults()
    {
        try
        {
            using var file = Catalog.Open("it");
            return string.Join('\n', RecordCheck.Of(file).Faults);
        }
        catch (RunStoreException fault)
        {
            return fault.Message;
        }
    }

    private static bool IsCalm(string error) => !error.Contains("Unhandled", StringComparison.Ordinal) && !error.Contains("   at ", StringComparison.Ordinal);

    // Every damage on a copy of its own.
    private void EachOn(string store, IReadOnlyList<Damage> damages, Action<Damage, long> check)
    {
        var sound = Store;
        for (var i = 0; i < damages.Count; i++)
        {
            if (store == "sqlite")
            {
                Store = FormattableString.Invariant($"copy-{i}");
                Directory.CreateDirectory(Path.Combine(Folder, Store));
                File.Copy(Path.Combine(Folder, sound, "it.sqlite"), Path.Combine(Folder, Store, "it.sqlite"));
            }
            else
            {
                Store = Server.NewDatabase(copyOf: sound);
            }

            long number;
            using (var surgery = new Surgery(this))
            {
                damages[i].Do(surgery);
                number = surgery.Touched;
            }

            check(damages[i], number);
            if (store == "sqlite")
            {
                Directory.Delete(Path.Combine(Folder, Store), recursive: true);
            }
        }
    }

    // A hand in the database.
    private sealed class Surgery(DamageTests tests) : IDisposable
    {
        private readonly DbConnection _connection = tests.Connect("it");

        /// <summary>The event that was touched.</summary>
        public long Touched { get; private set; }

        public long Count => (long)Scalar("SELECT max(sequence_number) FROM journal")!;

        public string DropTrigger => tests.IsFiles ? "DROP TRIGGER journal_head" : "DROP TRIGGER journal_head ON journal";

        public string Drop(string index) => tests.IsFiles ? $"DROP INDEX {index}"
            : $"ALTER TABLE journal DROP CONSTRAINT IF EXISTS {index}; DROP INDEX IF EXISTS {index}";

        public long First(string manifest) => (long)Scalar($"SELECT min(sequence_number) FROM journal WHERE manifest = '{manifest}'")!;

        public long Touch(long number) => Touched = number;

        public void Execute(params string[] statements)
        {
            foreach (var statement in statements)
            {
                using var command = _connection.CreateCommand();
                command.CommandText = statement;
                command.ExecuteNonQuery();
            }
        }

        public void Flip(long number, int at) => Flip($"SELECT message FROM journal WHERE sequence_number = {Touch(number)}", $"UPDATE journal SET message = @bytes WHERE sequence_number = {number}", at);

        public void FlipChunk(string hash, int at) => Flip($"SELECT bytes FROM chunk WHERE hash = '{hash}'", $"UPDATE chunk SET bytes = @bytes WHERE hash = '{hash}'", at);

        // A byte from the end where negative.
        public void Flip(string select, string update, int at)
        {
            var bytes = (byte[])Scalar(select)!;
            bytes[at < 0 ? bytes.Length + at : at] ^= 0x10;
            using var command = _connection.CreateCommand();
            command.CommandText = update;
            Add(command, "@bytes", bytes);
            Assert.Equal(1, command.ExecuteNonQuery());
        }

        // A hash of the last snapshot.
        public string Snapshot(string which)
        {
            var message = (byte[])Scalar("SELECT message FROM journal WHERE manifest = 'ST2' ORDER BY sequence_number DESC LIMIT 1")!;
            var snapshot = JsonDocument.Parse(message.AsMemory(64)).RootElement.GetProperty("snapshot");
            return (which == "fields" ? snapshot.GetProperty("fields") : snapshot.GetProperty("states")[0]).GetString()!;
        }

        // A block of recorded fields.
        public string Fields() => JsonDocument.Parse(((byte[])Scalar("SELECT message FROM journal WHERE manifest = 'FR2' ORDER BY sequence_number LIMIT 1")!).AsMemory(64)).RootElement.GetProperty("fields")[0].GetProperty("chunk").GetString()!;

        public string Piece() => Convert.ToHexStringLower(((byte[])Scalar($"SELECT bytes FROM chunk WHERE hash = '{Snapshot("fields")}'")!).AsSpan(12, 32));

        public void Dispose() => _connection.Dispose();

        private object? Scalar(string sql)
        {
            using var command = _connection.CreateCommand();
            command.CommandText = sql;
            return command.ExecuteScalar();
        }
    }
}

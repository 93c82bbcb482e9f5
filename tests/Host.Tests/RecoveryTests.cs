using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Host;
using ActorMultiscale.Testing;
using Xunit.Abstractions;

namespace ActorMultiscale.Tests.Host;

/// <summary>Going on with a run: from the last snapshot without reading what lies before it, or from an earlier one where that is damaged.</summary>
public sealed class RecoveryTests(PostgresServer server, ITestOutputHelper output) : RecordStand(server)
{
    private List<(long Number, RunEvent.SnapshotTaken Taken)> Snapshots(string run)
    {
        using var store = Catalog.Open(run);
        return [.. from at in store.Entries().Select((entry, i) => (Number: i + 1L, What: RunEventCodec.Decode(entry)))
                   where at.What is RunEvent.SnapshotTaken
                   select (at.Number, (RunEvent.SnapshotTaken)at.What)];
    }

    // A run that was killed some windows after a snapshot, of which there are several, and what it should come to.
    private (JsonElement Whole, long Windows) Killed(string run, double until = 400)
    {
        var whole = Json(0, Long("undisturbed", until));
        using (var process = Start(Long(run, until)))
        {
            AwaitRecord(run);
            AwaitSnapshot(run, 4, window: 3000, behind: 1);
            Assert.False(process.HasExited, "the run was over before it could be killed");
            process.Kill();
        }

        return (whole, Windows(run));
    }

    private static void AssertSame(JsonElement whole, JsonElement resumed)
    {
        Assert.Equal(whole.GetProperty("finalHash").GetString(), resumed.GetProperty("finalHash").GetString());
        Assert.Equal(whole.GetProperty("metrics").GetRawText(), resumed.GetProperty("metrics").GetRawText());
    }

    private static byte[] Flipped(byte[] message)
    {
        message[^1] ^= 1;
        return message;
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public void A_long_journal_is_read_from_its_last_snapshot_and_whatever_is_wrong_from_there_on_is_named(string store)
    {
        Use(store);
        var (whole, _) = Killed("long");
        long events;
        using (var connection = Connect("long"))
        using (var file = Catalog.Open("long"))
        {
            events = RewrittenJournal.Write(file, connection, most: 1);
            file.History();     // Sound, from end to end.
        }

        var snapshots = Snapshots("long");
        var (number, last) = snapshots[^1];
        var mark = last.From!;
        Assert.True(mark.Event > 2000 && snapshots.Count > 2, $"{events} events, {snapshots.Count} snapshots, the last one read from {mark.Event}");
        const string Journal = "journal WHERE persistence_id = 'run-long' AND sequence_number";
        byte[] Message(long at) => Ask<byte[]>("long", $"SELECT message FROM {Journal} = {at}");
        string Refusal()
        {
            using var file = Catalog.Open("long");
            return Assert.Throws<RunStoreException>(() => file.Recent()).Message;
        }

        // Changed where it is read: after the snapshot, in it, and in the first event, which says what was started.
        foreach (var (at, named) in new[] { (events - 1, $"Event {events - 1} "), (number, $"Event {number} "), (1, "Event 1 ") })
        {
            var sound = Message(at);
            Execute("long", $"UPDATE journal SET message = @bytes WHERE persistence_id = 'run-long' AND sequence_number = {at}", ("@bytes", Flipped((byte[])sound.Clone())));
            Assert.Contains(named, Refusal(), StringComparison.Ordinal);
            Execute("long", $"UPDATE journal SET message = @bytes WHERE persistence_id = 'run-long' AND sequence_number = {at}", ("@bytes", sound));
        }

        // A mark that was forged, sealed as if it were right: what follows knows the hash of the true one.
        var marked = Message(number);
        var previous = RunEventCodec.Decode(new JournalEntry("ST2", marked)).Previous;
        foreach (var forged in new[] { mark with { Event = mark.Event - 1 }, mark with { Windows = mark.Windows - 1 }, mark with { Previous = previous }, mark with { First = previous } })
        {
            Execute("long", $"UPDATE journal SET message = @bytes WHERE persistence_id = 'run-long' AND sequence_number = {number}",
                ("@bytes", RunEventCodec.Encode(last with { From = forged, Previous = previous }).Payload));
            Assert.Contains("is damaged", Refusal(), StringComparison.Ordinal);
        }

        Execute("long", $"UPDATE journal SET message = @bytes WHERE persistence_id = 'run-long' AND sequence_number = {number}", ("@bytes", marked));

        // A gap, and a number that stands twice instead: both before the snapshot, where nothing is read.
        Execute("long", IsFiles ? "DROP INDEX journal_uq" : "ALTER TABLE journal DROP CONSTRAINT journal_uq");
        foreach (var (wrong, right) in new[] { ("100000000", "100"), ("101", "100"), ("-100", "100") })
        {
            Execute("long", $"UPDATE journal SET sequence_number = {wrong} WHERE persistence_id = 'run-long' AND sequence_number = {right}");
            Assert.Contains("missing or doubled", Refusal(), StringComparison.Ordinal);
            var back = wrong == "101" ? $"manifest = 'WC2' AND ordering = (SELECT min(ordering) FROM {Journal} = 101)" : $"sequence_number = {wrong}";
            Execute("long", $"UPDATE journal SET sequence_number = {right} WHERE persistence_id = 'run-long' AND {back}");
        }

        // Cut off, with the snapshot and without it.
        foreach (var kept in new[] { events - 1, number - 1 })
        {
            Execute("long", $"UPDATE journal SET persistence_id = 'cut' WHERE persistence_id = 'run-long' AND sequence_number > {kept}");
            Assert.Contains("tail is cut off", Refusal(), StringComparison.Ordinal);
            var (code, _, error) = Host("resume", "long");
            Assert.True(code == 6, error);
            Assert.Contains("tail is cut off", error, StringComparison.Ordinal);
            Execute("long", "UPDATE journal SET persistence_id = 'run-long' WHERE persistence_id = 'cut'");
        }

        // What lies before the snapshot is not read when a run goes on; who verifies it reads everything.
        Execute("long", $"UPDATE journal SET message = @bytes WHERE persistence_id = 'run-long' AND sequence_number = 5", ("@bytes", Flipped(Message(5))));
        AssertSame(whole, Json(0, "resume", "long", "--quiet"));
        var (verdict, _, reason) = Host("verify", "long");
        Assert.True(verdict == 6, reason);
        Assert.Contains("Event 5 ", reason, StringComparison.Ordinal);
    }

    public static TheoryData<string, bool> Damages
    {
        get
        {
            var data = new TheoryData<string, bool>();
            foreach (var store in PostgresServer.Stores)
            {
                data.Add(store, true);
                data.Add(store, false);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Damages))]
    public void Where_the_last_snapshot_is_damaged_a_run_goes_on_from_the_one_before_to_the_same_end(string store, bool isMissing)
    {
        Use(store);
        var (whole, _) = Killed("hurt");
        var taken = Snapshots("hurt").ConvertAll(s => s.Taken.Snapshot);
        Damage("hurt", taken[^1], isMissing);
        var before = taken[^2].Window;

        // Killed again on the way, perhaps before it comes to where the damaged one was: its own snapshots lie before that.
        using (var process = Start("resume", "hurt", "--quiet"))
        {
            AwaitSnapshot("hurt", taken.Count + 1);
            process.Signal("INT");
            var (code, _, error) = process.Wait();
            Assert.True(code is 130 or 0, error);
            Assert.Contains(FormattableString.Invariant($"the snapshot of 'hurt' at window {taken[^1].Window} cannot be used"), error, StringComparison.Ordinal);
            Assert.Contains(isMissing ? "is missing" : "is damaged", error, StringComparison.Ordinal);
        }

        Assert.InRange(Snapshots("hurt")[taken.Count].Taken.Snapshot.Window, before + 1, long.MaxValue);
        var (last, text, warning) = Host("resume", "hurt", "--quiet", "--json");
        Assert.True(last == 0, warning);
        AssertSame(whole, JsonDocument.Parse(text).RootElement);
        Assert.True(Json(0, "verify", "hurt").GetProperty("matches").GetBoolean());

        // Every window was observed once, though some were computed three times.
        var shown = Json(0, "runs", "show", "hurt", "--convergence").EnumerateArray().Select(r => r.GetRawText());
        Assert.Equal(Json(0, "runs", "show", "undisturbed", "--convergence").EnumerateArray().Select(r => r.GetRawText()), shown);
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public void Where_every_snapshot_is_damaged_a_run_begins_anew_and_a_fork_is_refused(string store)
    {
        Use(store);
        var (whole, windows) = Killed("hurt");
        foreach (var (_, taken) in Snapshots("hurt"))
        {
            Damage("hurt", taken.Snapshot, isMissing: false);
        }

        using (var file = Catalog.Open("hurt"))
        {
            var warnings = new List<string>();
            file.Acquire();
            var (history, snapshot) = file.Recover(warnings.Add);
            Assert.Null(snapshot);
            Assert.Equal((windows, 0L), (history.SinceSnapshot.Count, history.MetricsAtSnapshot.Windows));
            Assert.Equal(Snapshots("hurt").Count, warnings.Count);
        }

        AssertSame(whole, Json(0, "resume", "hurt", "--quiet"));
        Assert.True(Json(0, "verify", "hurt", "--from", "4000").GetProperty("from").GetInt64() > 0);      // What was cleared away is there again.

        Json(0, "fork", "undisturbed", "--at", "20000", "--name", "fork", "--quiet");
        foreach (var reference in Snapshots("fork").Select(s => s.Taken.Snapshot).Append(Fork("fork")))
        {
            Damage("fork", reference, isMissing: true);
        }

        var (code, _, error) = Host("resume", "fork", "--until", "500 s");
        Assert.True(code == 6, error);
        Assert.Contains("begins at window 20000 with the state of 'undisturbed', and that state is damaged", error, StringComparison.Ordinal);
    }

    private SnapshotReference Fork(string run)
    {
        using var file = Catalog.Open(run);
        return file.Origin().Begins!;
    }

    private void Damage(string run, SnapshotReference snapshot, bool isMissing)
    {
        var which = $"hash IN ('{string.Join("', '", snapshot.States.Add(snapshot.Fields))}')";
        Assert.True((isMissing ? Execute(run, $"DELETE FROM chunk WHERE {which}") : Execute(run, $"UPDATE chunk SET bytes = @bytes WHERE {which}", ("@bytes", new byte[] { 1, 2, 3 }))) > 0);
    }

    // So many snapshots, the last one at or after that window and with so many events behind it.
    private void AwaitSnapshot(string run, int count, long window = 0, int behind = 0)
    {
        using var file = Catalog.Open(run);
        for (var patience = Stopwatch.StartNew(); ;)
        {
            List<JournalEntry> entries = [.. file.Entries()];
            var last = entries.FindLastIndex(entry => entry.Manifest == "ST2");
            if (entries.Count(entry => entry.Manifest == "ST2") >= count && entries.Count - 1 - last >= behind && ((RunEvent.SnapshotTaken)RunEventCodec.Decode(entries[last])).Snapshot.Window >= window)
            {
                return;
            }

            Assert.True(patience.Elapsed < TimeSpan.FromMinutes(2) && file.Summary().Status is "running" or "interrupted", $"the run '{run}' has {file.Summary().Windows} windows and is {file.Summary().Status}; its last snapshot is event {last + 1} of {entries.Count}");
        }
    }

    // ACTORMULTISCALE_MILLION=1 dotnet test tests/Host.Tests -c Release --filter "FullyQualifiedName~A_run_of_a_million_windows"
    // With =worst every window has an event of its own.
    [Theory]
    [MemberData(nameof(Stores))]
    public void A_run_of_a_million_windows_goes_on_in_two_seconds_and_is_listed_in_one(string store)
    {
        var wanted = Environment.GetEnvironmentVariable("ACTORMULTISCALE_MILLION");
        if (string.IsNullOrEmpty(wanted))
        {
            return;     // It takes minutes to make.
        }

        Use(store);
        Json(0, "run", Oscillator, "--name", "million", "--quiet", "--no-observations", "--until", "10000 s", "--set", "snapshots={ every = 10000, interval = 1 s }");
        using (var connection = Connect("million"))
        using (var file = Catalog.Open("million"))
        {
            RewrittenJournal.Write(file, connection, wanted == "worst" ? 1 : 64);
        }

        // One window more: the process reads the record, computes, takes its snapshot and ends. Then nothing is left to do but to start.
        var (resumed, resume) = Timed("resume", "million", "--quiet", "--until", "10000.01 s");
        Assert.Equal(1_000_001, resumed.GetProperty("windows").GetInt64());
        var (_, list) = Timed("runs", "list");

        // What a process takes that has next to nothing to read.
        Json(0, "run", Oscillator, "--name", "short", "--quiet", "--no-observations");
        var (_, small) = Timed("resume", "short", "--quiet", "--until", "1.01 s");
        using (var file = Catalog.Open("million"))
        {
            var clock = Stopwatch.StartNew();
            var history = file.Recent();
            var recent = clock.Elapsed;
            clock.Restart();
            Assert.Equal(history.Chain.Events, file.History().Chain.Events);
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{store}, {history.Chain.Events} events: resume {resume.TotalSeconds:0.00} s, list {list.TotalSeconds:0.00} s, resume of a run of a hundred windows {small.TotalSeconds:0.00} s; in this process, from the last snapshot {recent.TotalSeconds:0.000} s, all of it {clock.Elapsed.TotalSeconds:0.00} s; load {File.ReadAllText("/proc/loadavg").Trim()}"));
        }

        Assert.InRange(resume, TimeSpan.Zero, TimeSpan.FromSeconds(2));
        Assert.InRange(list, TimeSpan.Zero, TimeSpan.FromSeconds(1));
    }

    private (JsonElement Output, TimeSpan Time) Timed(params string[] arguments)
    {
        var clock = Stopwatch.StartNew();
        var found = Json(0, arguments);
        return (found, clock.Elapsed);
    }
}

using System.Collections.Immutable;
using System.Globalization;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Physics.Coupling;
using Microsoft.Data.Sqlite;

namespace ActorMultiscale.Tests.Actors;

/// <summary>A store with a journal written by hand: what is told of its snapshots and chunks, sound and damaged.</summary>
public sealed class RunStoreTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("actor-multiscale-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string File => Path.Combine(_folder, "run.sqlite");

    private static byte[] FieldsAt(long window) => [1, (byte)window];

    private static byte[] StateAt(long window) => [2, (byte)window];

    private static RunEvent.SnapshotTaken Snapshot(long window) =>
        new RunEvent.SnapshotTaken { At = DateTimeOffset.UnixEpoch, Snapshot = new(window, window * 64, RunEventCodec.Hash(FieldsAt(window)), [RunEventCodec.Hash(StateAt(window))]) };

    private static RunEvent.SnapshotsReleased Released(params ReadOnlySpan<long> windows) => new RunEvent.SnapshotsReleased { At = DateTimeOffset.UnixEpoch, Windows = [.. windows] };

    // Ten windows, and what else there is; the chunks of all snapshots.
    private RunStore Make(params RunEvent[] events)
    {
        var origin = new RunOrigin { Run = "run", Experiment = "experiment", Program = "test" };
        var now = DateTimeOffset.UnixEpoch.ToString("O", CultureInfo.InvariantCulture);
        var database = new SqliteDatabase(File);
        var store = RunStore.MakeFrom(database, "run", (connection, transaction) =>
        {
            var (into, journal) = (new StoredRun(database, "run", connection, transaction), new RunHistory());
            into.Begin(new RunArchive.Head(RunEventCodec.Format, "run", "stopped", 0, "", now, now, 0, "", RunEventCodec.OriginToText(origin)), origin.Experiment);
            foreach (var what in (RunEvent[])
            [
                new RunEvent.RunStarted { At = DateTimeOffset.UnixEpoch, Origin = origin },
                new RunEvent.CoordinatorStarted { At = DateTimeOffset.UnixEpoch, Epoch = 1, Machine = new MachineStamp("os", "rt", "v"), Until = 1 },
                new RunEvent.WindowsCommitted { At = DateTimeOffset.UnixEpoch, Windows = [.. Enumerable.Range(0, 10).Select(i => new WindowRecord(i, i * 64, (i + 1) * 64, 1, 0, 0, 0, true, [], [(ulong)i]))] },
                .. events,
            ])
            {
                into.Append(journal.Chain.Events + 1, journal.Extend(what), what.At);
            }

            into.SetHead(journal.Chain.Events, journal.Chain.HeadHash);
            return true;
        })!;
        store.WriteChunks([.. events.OfType<RunEvent.SnapshotTaken>().SelectMany(e => new[] { FieldsAt(e.Snapshot.Window), StateAt(e.Snapshot.Window) })]);
        return store;
    }

    private void Execute(string sql, params (string Name, object Value)[] parameters)
    {
        using var connection = new SqliteConnection($"Data Source={File};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
        {
            command.Parameters.AddWithValue(name, value);
        }

        Assert.True(command.ExecuteNonQuery() > 0, sql);
    }

    private void Damage(byte[] content) => Execute("UPDATE chunk SET bytes = x'00' WHERE hash = @hash", ("@hash", RunEventCodec.Hash(content)));

    private static (long? Snapshot, int SinceSnapshot, string Warnings) Recovered(RunStore store)
    {
        var warnings = new List<string>();
        var (history, snapshot) = store.Recover(warnings.Add);
        Assert.Equal(history.Snapshot?.Window, snapshot?.Window);
        return (snapshot?.Window, history.SinceSnapshot.Count, string.Join('\n', warnings));
    }

    [Fact]
    public void Snapshots_that_were_let_go_are_not_looked_for_by_the_check()
    {
        using var store = Make(Snapshot(3), Snapshot(6), Snapshot(9));
        Assert.Equal((true, 3, 6), (RecordCheck.Of(store).IsSound, RecordCheck.Of(store).Snapshots, RecordCheck.Of(store).Chunks));
        store.ReleaseSnapshots(1, DateTimeOffset.UnixEpoch, isDry: false);
        Assert.Equal(4, store.Collect(null, isDry: false).Swept.Chunks);
        var found = RecordCheck.Of(store);
        Assert.Empty(found.Faults);
        Assert.Equal((7, 10, 1, 2), (found.Events, found.Windows, found.Snapshots, found.Chunks));
    }

    [Fact]
    public void Behind_a_damaged_event_the_check_still_finds_what_is_missing()
    {
        var chunk = new string('a', 64);
        using var store = Make(Snapshot(3), new RunEvent.FieldsRecorded { At = DateTimeOffset.UnixEpoch, Fields = [new(0, 5, 100, chunk)] });
        Execute("UPDATE journal SET message = x'00' WHERE sequence_number = 3");
        Damage(StateAt(3));
        var faults = RecordCheck.Of(store).Faults;
        Assert.Equal(3, faults.Length);
        Assert.Contains("Event 3 of the journal", faults[0], StringComparison.Ordinal);
        Assert.Contains(faults, fault => fault.StartsWith($"In the fields of the windows 0 to 4: The chunk {chunk} is missing", StringComparison.Ordinal));
        Assert.Contains(faults, fault => fault.StartsWith($"In the snapshot at window 3: The chunk {RunEventCodec.Hash(StateAt(3))} in '{File}' is damaged", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_snapshot_that_was_let_go_is_not_tried(bool isSwept)
    {
        using var store = Make(Snapshot(3), Snapshot(6), Snapshot(9), Released(3, 6));
        Assert.Equal((9, 1, ""), Recovered(store));
        if (isSwept)
        {
            Assert.Equal(4, store.Collect(null, isDry: false).Swept.Chunks);
        }

        Damage(FieldsAt(9));
        var (snapshot, since, warnings) = Recovered(store);
        Assert.Equal((null, 10), (snapshot, since));
        Assert.Single(warnings.Split('\n'));
        Assert.Contains("at window 9 ", warnings, StringComparison.Ordinal);
    }

    [Fact]
    public void A_snapshot_that_was_let_go_and_taken_again_is_used()
    {
        using var store = Make(Snapshot(3), Snapshot(6), Snapshot(9), Released(3, 6), Snapshot(6));
        Assert.Equal((6, 4, ""), Recovered(store));
        Assert.Equal([9L, 6], store.History().Snapshots.Select(s => s.Window));
        Damage(FieldsAt(6));
        Assert.Equal(9, Recovered(store).Snapshot);
    }

    [Fact]
    public void An_export_refuses_a_damaged_snapshot_and_says_how_it_is_let_go()
    {
        using var store = Make(Snapshot(3), Snapshot(6), Snapshot(9));
        var file = Path.Combine(_folder, "file");
        string Refusal() => Assert.Throws<RunStoreException>(() => RunArchive.Export(store, file)).Message;
        Damage(StateAt(6));
        Assert.Contains("In the snapshot at window 6: ", Refusal(), StringComparison.Ordinal);
        Assert.EndsWith(" 'runs gc run --keep-snapshots 1' lets go of it.", Refusal(), StringComparison.Ordinal);
        store.ReleaseSnapshots(1, DateTimeOffset.UnixEpoch, isDry: false);
        RunArchive.Export(store, file);
        System.IO.File.Delete(file);
        Damage(StateAt(9));
        Assert.Contains("In the snapshot at window 9: ", Refusal(), StringComparison.Ordinal);
        Assert.Contains("'resume run'", Refusal(), StringComparison.Ordinal);
        Assert.False(Path.Exists(file));
    }

    [Fact]
    public void An_export_refuses_a_journal_that_is_longer_than_its_head_says()
    {
        using var store = Make(Snapshot(3));
        Execute("UPDATE run SET head_events = head_events - 1");
        Assert.Contains("It has 4 events, and its head says 3", Assert.Throws<RunStoreException>(() => RunArchive.Export(store, Path.Combine(_folder, "file"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_list_that_is_longer_than_any_content_is_refused_before_its_pieces_are_read()
    {
        using var store = Make();
        var zeros = new byte[ChunkCodec.Piece];
        var piece = store.WriteChunk(zeros);
        var hash = new string('b', 64);
        Execute("INSERT INTO chunk (hash, bytes) VALUES (@hash, @bytes)", ("@hash", hash), ("@bytes", ChunkCodec.EncodeList(2000L * ChunkCodec.Piece, Enumerable.Repeat(piece, 2000))));
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("is damaged", Assert.Throws<RunStoreException>(() => store.ReadChunk(hash)).Message, StringComparison.Ordinal);
        Assert.Throws<RunStoreException>(() => store.CheckChunk(hash));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, ChunkCodec.Piece);

        // As long as it may be, but with another hash: no more than a few pieces are ever held.
        Execute("UPDATE chunk SET bytes = @bytes WHERE hash = @hash", ("@hash", hash), ("@bytes", ChunkCodec.EncodeList(40L * ChunkCodec.Piece, Enumerable.Repeat(piece, 40))));
        Assert.Contains($"The chunk {hash} in ", Assert.Throws<RunStoreException>(() => store.ReadChunk(hash)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_parts_of_a_chunk_make_its_content_and_are_held_one_at_a_time()
    {
        var content = new byte[(20 * ChunkCodec.Piece) + 17];
        new Random(1).NextBytes(content.AsSpan(0, 3 * ChunkCodec.Piece));
        var packed = ChunkCodec.Pack(content);
        var kept = packed.Parts.DistinctBy(part => part.Hash).ToDictionary(part => part.Hash, part => part.Bytes);
        IEnumerable<ChunkPart> Parts(byte[] list) => ChunkCodec.Parts(list, packed.Hash, piece => kept[piece]);
        var (at, seen) = (0, new List<WeakReference>());
        foreach (var part in Parts(kept[packed.Hash]))
        {
            Assert.True(content.AsSpan(at, part.Content.Length).SequenceEqual(part.Content));
            at += part.Content.Length;
            if (part.Content != part.Stored)
            {
                seen.Add(new WeakReference(part.Content));
            }

            GC.Collect();
            Assert.InRange(seen.Count(content => content.IsAlive), 0, 2);
        }

        Assert.Equal((content.Length, true), (at, seen.Count > 10));
        ImmutableArray<string> pieces = [.. packed.Parts[..^1].Select(part => part.Hash)];
        foreach (var bad in new[] { ChunkCodec.EncodeList(content.Length - 1, pieces), ChunkCodec.EncodeList(content.Length, [.. pieces.Reverse()]), ChunkCodec.EncodeList(content.Length, pieces[..^1].Insert(0, pieces[^1])) })
        {
            Assert.Throws<InvalidDataException>(() => Parts(bad).Count());
        }
    }
}

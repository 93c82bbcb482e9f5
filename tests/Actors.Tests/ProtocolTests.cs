using System.Collections.Immutable;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Actors.Protocol;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Recording;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using CsCheck;

namespace ActorMultiscale.Tests.Actors;

/// <summary>The protocols of participants and journal are pure: they are tested by calls.</summary>
public sealed class ProtocolTests
{
    private static ParticipantJob.Advance Order(int window) => new(
        new CouplingCommand.Advance(0, new WindowAddress(null, 0, window, 0, 0, 0), new TimeWindow(window, window + 1, 1), null, false, -1, 0),
        new PortReader(new ModelDescription(), new TimeWindow(window, window + 1, 1), []));

    [Fact]
    public void Jobs_are_done_one_after_the_other_and_an_overtaken_advance_is_prepared_only()
    {
        var protocol = new ParticipantProtocol(isLimited: false);
        var first = Assert.IsType<ParticipantEffect.Start>(Assert.Single(protocol.Take(new ParticipantJob.Initialize())));
        Assert.Empty(protocol.Take(Order(1)));
        Assert.Empty(protocol.Take(Order(2)));
        Assert.Empty(protocol.Take(new ParticipantJob.Save(3)));

        var afterFirst = protocol.Done(first.Generation, "ready");
        Assert.Equal("ready", Assert.IsType<ParticipantEffect.Reply>(afterFirst[0]).Answer);
        var second = Assert.IsType<ParticipantEffect.Start>(afterFirst[1]);
        Assert.True(Assert.IsType<ParticipantJob.Advance>(second.Job).PrepareOnly);

        var third = Assert.IsType<ParticipantEffect.Start>(Assert.Single(protocol.Done(second.Generation, null)));
        Assert.False(Assert.IsType<ParticipantJob.Advance>(third.Job).PrepareOnly);
        Assert.Equal(2, ((ParticipantJob.Advance)third.Job).Order.Address.Window);
        Assert.Empty(protocol.Done(second.Generation, "late"));
        Assert.IsType<ParticipantJob.Save>(Assert.IsType<ParticipantEffect.Start>(protocol.Done(third.Generation, "advanced")[1]).Job);
    }

    [Fact]
    public void An_advance_past_its_limit_is_cancelled_and_what_it_says_then_does_not_count()
    {
        var protocol = new ParticipantProtocol(isLimited: true);
        var start = Assert.IsType<ParticipantEffect.Start>(protocol.Take(Order(1))[0]);

        var woken = protocol.Woken(start.Generation, afterGrace: false);
        Assert.IsType<ParticipantEffect.Cancel>(woken[0]);
        Assert.True(Assert.IsType<ParticipantEffect.Wake>(woken[1]).AfterGrace);
        var done = protocol.Done(start.Generation, "a result that came too late");
        Assert.Equal(FailureKind.Timeout, Assert.IsType<CouplingEvent.Failed>(Assert.IsType<ParticipantEffect.Reply>(Assert.Single(done)).Answer).Kind);
        Assert.Empty(protocol.Woken(start.Generation, afterGrace: true));
    }

    [Fact]
    public void An_advance_that_does_not_end_when_cancelled_is_given_up_and_whatever_is_ordered_then_is_refused()
    {
        var protocol = new ParticipantProtocol(isLimited: true);
        var start = Assert.IsType<ParticipantEffect.Start>(protocol.Take(Order(1))[0]);
        protocol.Woken(start.Generation, afterGrace: false);
        Assert.Empty(protocol.Take(Order(2)));

        // The first of them may be one that nobody waits for any more.
        Assert.Equal([1, 2], protocol.Woken(start.Generation, afterGrace: true).Select(WindowThatIsRefused));
        Assert.Equal([3], protocol.Take(Order(3)).Select(WindowThatIsRefused));
        Assert.Empty(protocol.Done(start.Generation, "very late"));
    }

    private static long WindowThatIsRefused(ParticipantEffect effect)
    {
        var failed = Assert.IsType<CouplingEvent.Failed>(Assert.IsType<ParticipantEffect.Reply>(effect).Answer);
        Assert.Equal(FailureKind.Unresponsive, failed.Kind);
        return failed.Address.Window;
    }

    private static WindowRecord Window(long index, ulong fingerprint = 7) => new(index, index, index + 1, 1, 0, 0, 0, true, [], [fingerprint]);

    private static RunEvent.RunEnded End(long windows) => new()
    {
        At = DateTimeOffset.UnixEpoch,
        Outcome = RunOutcome.Completed,
        Reason = "",
        Windows = windows,
        FinalHash = "hash",
        Metrics = ImmutableSortedDictionary<string, double>.Empty,
    };

    // A journal that is told things at random and whose writes end at random must keep its promises.
    [Fact]
    public void Nothing_is_announced_before_it_is_written_chunks_come_before_the_event_that_names_them_and_the_end_is_last() => Gen.Int[0, 99].Array[20, 400].Sample(choices =>
    {
        var protocol = new JournalProtocol(new RunHistory(), TimeProvider.System, urgent: 1 + (choices[0] % 8));
        var written = new List<RunEvent>();
        var stored = new List<long>();
        RunEvent? writing = null;
        RunSnapshot? storing = null;
        StateRows? writingRows = null;
        var (rowsTold, rowsWritten) = (0L, 0L);
        long committed = 0, durable = 0, announced = 0;
        var (ended, endTold, lingers) = (false, false, false);
        void AssertIsIdle()
        {
            Assert.Null(writing);
            Assert.Null(storing);
            Assert.Null(writingRows);
        }

        void CarryOut(ImmutableArray<JournalEffect> effects)
        {
            foreach (var effect in effects)
            {
                switch (effect)
                {
                    case JournalEffect.Persist persist:
                        AssertIsIdle();
                        Assert.False(ended);
                        writing = persist.Event;
                        break;
                    case JournalEffect.Linger:
                        Assert.False(lingers);
                        lingers = true;
                        break;
                    case JournalEffect.StoreChunks store:
                        AssertIsIdle();
                        storing = store.Snapshot;
                        break;
                    case JournalEffect.WriteRows rows:
                        AssertIsIdle();
                        Assert.Equal(rowsWritten, rows.Rows.Number);
                        writingRows = rows.Rows;
                        break;
                    case JournalEffect.Announce announce:
                        Assert.True(announce.Windows <= durable);
                        Assert.True(announce.Windows >= announced);
                        announced = announce.Windows;
                        break;
                    case JournalEffect.Ended:
                        Assert.Equal(committed, durable);
                        Assert.Null(storing);
                        ended = true;
                        break;
                    default:
                        Assert.Fail($"unexpected {effect}");
                        break;
                }
            }
        }

        void FinishWrite()
        {
            var what = writing!;
            writing = null;
            written.Add(what);
            switch (what)
            {
                case RunEvent.WindowsCommitted windows:
                    Assert.Equal(Enumerable.Range(0, windows.Windows.Length).Select(i => durable + i), windows.Windows.Select(w => w.Index));
                    durable += windows.Windows.Length;
                    break;
                case RunEvent.SnapshotTaken taken:
                    Assert.Contains(taken.Snapshot.Window, stored);
                    Assert.True(taken.Snapshot.Window <= durable);
                    break;
            }

            CarryOut(protocol.Persisted(what));
        }

        void FinishStore()
        {
            var snapshot = storing!;
            storing = null;
            stored.Add(snapshot.Window);
            CarryOut(protocol.Stored(new SnapshotReference(snapshot.Window, snapshot.Tick, "f", ["s"])));
        }

        void FinishRows()
        {
            writingRows = null;
            rowsWritten++;
            CarryOut(protocol.RowsWritten());
        }

        void FinishLinger()
        {
            lingers = false;
            CarryOut(protocol.LingerIsOver());
        }

        foreach (var choice in choices)
        {
            Assert.True(committed == durable || writing is not null || storing is not null || writingRows is not null || lingers, "windows wait, and nothing will ever wake the journal");
            Assert.True(ended || rowsTold == rowsWritten || writing is not null || storing is not null || writingRows is not null, "rows wait, and nothing will ever wake the journal");
            switch (choice)
            {
                case < 10 when !endTold:
                    CarryOut(protocol.Rows(new StateRows(0, rowsTold++, [])));
                    break;
                case < 50 when !endTold:
                    CarryOut(protocol.Commit([.. Enumerable.Range(0, 1 + (choice % 3)).Select(_ => Window(committed++))]));
                    break;
                case < 60 when !endTold:
                    CarryOut(protocol.Snapshot(new RunSnapshot(committed, committed, [], [])));
                    break;
                case < 65 when !endTold:
                    CarryOut(protocol.Note("note"));
                    break;
                case < 85 when writing is not null:
                    FinishWrite();
                    break;
                case < 95 when storing is not null:
                    FinishStore();
                    break;
                case < 95 when writingRows is not null:
                    FinishRows();
                    break;
                case < 98 when lingers:
                    FinishLinger();
                    break;
                case 99 when !endTold:
                    endTold = true;
                    CarryOut(protocol.End(End(committed)));
                    break;
            }
        }

        if (!endTold)
        {
            CarryOut(protocol.End(End(committed)));
        }

        while (!ended)
        {
            Assert.True(writing is not null || storing is not null || writingRows is not null, "the journal is stuck");
            if (writing is not null)
            {
                FinishWrite();
            }

            if (storing is not null)
            {
                FinishStore();
            }

            if (writingRows is not null)
            {
                FinishRows();
            }
        }

        Assert.IsType<RunEvent.RunEnded>(written[^1]);
    });

    // A fast run on a slow disk: whenever a write ends, windows wait.
    [Fact]
    public void However_many_windows_and_rows_of_sites_come_snapshots_fields_and_notes_are_written_between_them()
    {
        var protocol = new JournalProtocol(new RunHistory(), TimeProvider.System);
        var committed = 0L;
        var written = new List<RunEvent>();
        var (rowsWritten, isTold) = (0, false);
        var effects = new Queue<JournalEffect>([.. protocol.Commit(Window(committed++)), .. protocol.Rows(new StateRows(0, 0, [])), .. protocol.Rows(new StateRows(1, 0, []))]);
        void Then(ImmutableArray<JournalEffect> more) => more.ToList().ForEach(effects.Enqueue);
        while (effects.TryDequeue(out var effect) && written.Count < 20)
        {
            Then(protocol.Commit(Window(committed++)));     // While the effect is carried out.
            if (written.Count == 2 && !isTold)
            {
                isTold = true;
                Then(protocol.Fields(new FieldBlock(0, (int)committed, [])));
                Then(protocol.Snapshot(new RunSnapshot(committed, committed, [], [])));
                Then(protocol.Note("note"));
            }

            switch (effect)
            {
                case JournalEffect.Persist persist:
                    written.Add(persist.Event);
                    Then(protocol.Persisted(persist.Event));
                    break;
                case JournalEffect.Pack pack:
                    Then(protocol.Packed(new PackedFields(pack.Block.First, pack.Block.Windows, 1, new PackedChunk("f", []))));
                    break;
                case JournalEffect.StoreFields fields:
                    Then(protocol.FieldsStored([.. fields.Fields.Select(f => f.Reference)]));
                    break;
                case JournalEffect.StoreChunks chunks:
                    Then(protocol.Stored(new SnapshotReference(chunks.Snapshot.Window, chunks.Snapshot.Tick, "f", ["s"])));
                    break;
                case JournalEffect.WriteRows rows:
                    rowsWritten++;
                    Then(protocol.Rows(rows.Rows));     // A site has more at once.
                    Then(protocol.RowsWritten());
                    break;
            }
        }

        Assert.InRange(written.FindIndex(what => what is RunEvent.FieldsRecorded), 2, 8);
        Assert.InRange(written.FindIndex(what => what is RunEvent.SnapshotTaken), 2, 8);
        Assert.InRange(written.FindIndex(what => what is RunEvent.Noted), 2, 8);
        Assert.True(written.Count(what => what is RunEvent.WindowsCommitted) > 8);
        Assert.InRange(rowsWritten, written.Count - 1, written.Count + 3);
    }

    [Fact]
    public void Rows_of_a_site_are_written_when_the_store_is_back_and_before_what_came_after_them()
    {
        var record = new RecordProtocol(new ActorMultiscale.Actors.RunStart("r", new() { Run = "r", Experiment = "e", Program = "p", Text = "", Overrides = [], Inputs = [], Seed = 1 }, new("os", "rt", "v"), 1), "s", TimeSpan.FromSeconds(30), TimeProvider.System, urgent: 1);
        record.Start();
        record.Read(new RunHistory());
        record.WriterStarted(1, 0);
        record.Opened();
        record.Written(1);
        record.Written(1);
        record.Loaded(null);
        var rows = new StateRows(2, 5, []);
        Assert.Same(rows, Assert.IsType<JournalEffect.WriteRows>(Assert.Single(record.Rows(rows))).Rows);
        Assert.Empty(record.Commit([Window(0)]));

        Assert.Contains(record.StoreFailed("away", passes: true), effect => effect is JournalEffect.Wait);
        Assert.Same(rows, Assert.IsType<JournalEffect.WriteRows>(Assert.Single(record.TryAgain())).Rows);
        var back = record.RowsWritten();
        Assert.IsType<JournalEffect.Warn>(back[0]);
        Assert.IsType<JournalEffect.Write>(back[1]);

        Assert.Empty(record.Rows(rows));
        Assert.Same(rows, Assert.IsType<JournalEffect.WriteRows>(record.Written(1)[^1]).Rows);
        Assert.IsType<JournalEffect.Unusable>(Assert.Single(record.StoreFailed("full", passes: false)));
        Assert.Empty(record.RowsWritten());
    }

    [Fact]
    public void A_window_that_is_computed_again_is_compared_and_not_written_twice()
    {
        var history = new RunHistory();
        var chain = new JournalChain();
        void Tell(RunEvent what) => history.Apply(chain.Extend(what));
        Tell(new RunEvent.WindowsCommitted { At = DateTimeOffset.UnixEpoch, Windows = [Window(0), Window(1), Window(2)] });
        Tell(new RunEvent.SnapshotTaken { At = DateTimeOffset.UnixEpoch, Snapshot = new(1, 1, "f", []) });
        var protocol = new JournalProtocol(history, TimeProvider.System);

        Assert.Equal(2, Assert.IsType<JournalEffect.Announce>(Assert.Single(protocol.Commit(Window(1)))).Windows);
        Assert.Equal(8UL, Assert.IsType<JournalEffect.Diverged>(Assert.Single(protocol.Commit(Window(2, fingerprint: 8)))).Computed.Fingerprints[0]);
        Assert.IsType<JournalEffect.Persist>(Assert.Single(protocol.Commit(Window(3))));
    }

    public static TheoryData<RunEvent> Events =>
    [
        new RunEvent.RunStarted { At = DateTimeOffset.UnixEpoch, Origin = new() { Run = "r", Experiment = "e", Program = "p", Text = "σ = \"1\"\n", Overrides = ["a=b"], Inputs = [new("n", "h")], Seed = ulong.MaxValue } },
        new RunEvent.CoordinatorStarted { At = DateTimeOffset.UnixEpoch, Epoch = 3, Machine = new("os", "rt", "v"), Until = 0.1 },
        new RunEvent.WindowsCommitted { At = DateTimeOffset.UnixEpoch, Windows = [new(0, 1, 2, 3, 4, 5, 6, false, [1e-300, 0.1, double.PositiveInfinity], [ulong.MaxValue, 0])] },
        new RunEvent.SnapshotTaken { At = DateTimeOffset.UnixEpoch, Snapshot = new(1, 2, "f", ["a", "b"]) },
        new RunEvent.FieldsRecorded { At = DateTimeOffset.UnixEpoch, Fields = [new(3, 4, 5, "c"), new(7, 1, 2, "d")] },
        new RunEvent.Noted { At = DateTimeOffset.UnixEpoch, Text = "π" },
        new RunEvent.RunEnded { At = DateTimeOffset.UnixEpoch, Outcome = RunOutcome.Stopped, Reason = "r", Windows = 9, FinalHash = "h", Metrics = ImmutableSortedDictionary<string, double>.Empty.Add("x", double.NaN) },
    ];

    [Theory]
    [MemberData(nameof(Events))]
    public void Every_event_survives_its_bytes(RunEvent what)
    {
        var entry = RunEventCodec.Encode(what);

        Assert.Equal(entry.Payload, RunEventCodec.Encode(RunEventCodec.Decode(entry)).Payload);
        Assert.Equal(what.GetType(), RunEventCodec.Decode(entry).GetType());
    }

    [Fact]
    public void Bytes_that_are_no_event_are_refused_and_nothing_else_is_made_of_them()
    {
        Assert.Contains("newer", Assert.Throws<InvalidDataException>(() => RunEventCodec.Decode(new JournalEntry("WC3", [1]))).Message, StringComparison.Ordinal);
        string[] manifests = ["RS1", "CS1", "WC1", "ST1", "NO1", "RE1", "RS2", "CS2", "WC2", "ST2", "NO2", "FR2", "RE2", "System.Diagnostics.Process"];
        Gen.Select(Gen.Int[0, manifests.Length - 1], Gen.Byte.Array[0, 200]).Sample((which, bytes) =>
        {
            Assert.IsType<InvalidDataException>(Xunit.Record.Exception(() => RunEventCodec.Decode(new JournalEntry(manifests[which], bytes))));

            // Even where the hash is right.
            byte[] sealedBytes = [.. System.Security.Cryptography.SHA256.HashData([.. new byte[32], .. bytes]), .. new byte[32], .. bytes];
            if (Xunit.Record.Exception(() => RunEventCodec.Decode(new JournalEntry(manifests[which], sealedBytes))) is { } fault)
            {
                Assert.IsType<InvalidDataException>(fault);
            }
        });
    }

    [Fact]
    public void A_chain_with_an_event_missing_repeated_changed_or_exchanged_is_refused()
    {
        var chain = new JournalChain();
        var entries = Enumerable.Range(0, 5).Select(i => chain.Extend(new RunEvent.WindowsCommitted { At = DateTimeOffset.UnixEpoch, Windows = [Window(i)] })).ToList();
        Read(entries);
        Assert.Throws<InvalidDataException>(() => Read(entries.Where((_, i) => i != 2)));
        Assert.Throws<InvalidDataException>(() => Read(entries.Append(entries[4])));
        Assert.Throws<InvalidDataException>(() => Read([entries[0], entries[2], entries[1], entries[3]]));
        var changed = entries[1].Payload.ToArray();
        changed[^1] ^= 1;
        Assert.Throws<InvalidDataException>(() => Read([entries[0], new JournalEntry("WC2", changed), entries[2]]));

        // An event of version 2 proves itself: the last one cannot be changed either, in no bit.
        var last = entries[4].Payload;
        for (var bit = 0; bit < 8 * last.Length; bit++)
        {
            var flipped = last.ToArray();
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Throws<InvalidDataException>(() => Read([.. entries[..4], new JournalEntry("WC2", flipped)]));
        }
    }

    private static Gen<WindowRecord> AnyWindow(Gen<long> ticks, Gen<int> counts) =>
        Gen.Select(Gen.Select(ticks, ticks, ticks), Gen.Select(counts, counts, counts, counts), Gen.Bool, Gen.Double.Array[0, 3], Gen.ULong.Array[0, 3]).Select(
            (time, count, converged, residuals, fingerprints) => new WindowRecord(time.Item1, time.Item2, time.Item3,
                count.Item1, count.Item2, count.Item3, count.Item4, converged, [.. residuals], [.. fingerprints]));

    // Regular runs, as runs are, with something odd in between, as may be.
    [Fact]
    public void Windows_survive_their_bytes_to_the_last_bit()
    {
        var odd = AnyWindow(Gen.OneOf(Gen.Long[0, 1000], Gen.Long[0, long.MaxValue]), Gen.Int[0, int.MaxValue]);
        var choice = Gen.Select(Gen.Int[0, 9], odd);
        choice.Array[0, 60].Sample(choices =>
        {
            var windows = new List<WindowRecord>();
            foreach (var (which, window) in choices)
            {
                windows.Add(which > 0 && windows.Count > 0
                    ? windows[^1] with { Index = windows[^1].Index + 1, StartTick = windows[^1].EndTick, EndTick = windows[^1].EndTick + 64, Residuals = window.Residuals }
                    : window);
            }

            var what = new RunEvent.WindowsCommitted { At = DateTimeOffset.UnixEpoch.AddTicks(choices.Length), Windows = [.. windows], Previous = new string('a', 64) };
            var read = Assert.IsType<RunEvent.WindowsCommitted>(RunEventCodec.Decode(RunEventCodec.Encode(what)));

            Assert.Equal((what.At, what.Previous), (read.At, read.Previous));
            Assert.Equal(windows.Count, read.Windows.Length);
            foreach (var (expected, found) in windows.Zip(read.Windows))
            {
                Assert.Equal(expected.Residuals.Select(BitConverter.DoubleToInt64Bits), found.Residuals.Select(BitConverter.DoubleToInt64Bits));
                Assert.Equal(expected.Fingerprints.AsEnumerable(), found.Fingerprints);
                Assert.Equal(expected with { Residuals = [], Fingerprints = [] }, found with { Residuals = [], Fingerprints = [] });
            }
        });
    }

    [Fact]
    public void Regular_windows_take_little_more_than_their_fingerprints()
    {
        var windows = Enumerable.Range(0, 1000).Select(i => new WindowRecord(i, (long)i << 20, (long)(i + 1) << 20, 1, 0, 0, 0, true, [], [(ulong)i, 1]));

        Assert.InRange(RunEventCodec.Encode(new RunEvent.WindowsCommitted { At = DateTimeOffset.UnixEpoch, Windows = [.. windows] }).Payload.Length, 17_000, 17_100);
    }

    // Bytes of every kind and length, around the bounds of a piece too.
    [Fact]
    public void Chunks_come_back_as_they_were_and_smooth_ones_are_kept_small()
    {
        var folder = Directory.CreateTempSubdirectory("actor-multiscale-").FullName;
        try
        {
            using var store = RunStore.Create(Path.Combine(folder, "run.sqlite"), new RunOrigin { Run = "run", Experiment = "e", Program = "p" }, [], DateTimeOffset.UnixEpoch);
            var random = new Random(1);
            byte[] Noise(int length)
            {
                var bytes = new byte[length];
                random.NextBytes(bytes);
                return bytes;
            }

            byte[] Smooth(int numbers) => [.. System.Runtime.InteropServices.MemoryMarshal.AsBytes<double>(Enumerable.Range(0, numbers).Select(i => Math.Sin(1e-3 * i)).ToArray())];
            List<byte[]> chunks = [[], [7], Noise(255), Noise(256), Noise(5000), Smooth(31), Smooth(1000), [.. Smooth(1000), 1, 2, 3], new byte[100_000],
                [.. "AMZ1"u8, .. Noise(300)], [.. "AML1"u8, .. Noise(8 + 64)], new byte[ChunkCodec.Piece], Smooth((ChunkCodec.Piece / 8) + 1), Noise((2 * ChunkCodec.Piece) + 17)];
            var hashes = store.WriteChunks(chunks);
            foreach (var (chunk, hash) in chunks.Zip(hashes))
            {
                Assert.Equal(RunEventCodec.Hash(chunk), hash);
                Assert.True(chunk.AsSpan().SequenceEqual(store.ReadChunk(hash)), $"{chunk.Length} bytes");
            }

            Assert.InRange(ChunkCodec.Encode(Smooth(100_000)).Length, 1, 700_000);
            Assert.InRange(ChunkCodec.Encode(new byte[100_000]).Length, 1, 200);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // Whatever a store holds: content with the right hash, or nothing; without great memory, and without a fault.
    [Fact]
    public void Damaged_chunks_are_never_taken_for_sound_ones()
    {
        var random = new Random(2);
        var content = System.Runtime.InteropServices.MemoryMarshal.AsBytes<double>(Enumerable.Range(0, 400).Select(i => Math.Sqrt(i)).ToArray()).ToArray();
        var hash = RunEventCodec.Hash(content);
        var good = ChunkCodec.Encode(content);
        Assert.NotEqual(content.Length, good.Length);
        Assert.Equal(content, ChunkCodec.Decode(good, hash));
        var before = GC.GetAllocatedBytesForCurrentThread();
        const int Rounds = 20_000;
        for (var round = 0; round < Rounds; round++)
        {
            var bad = (byte[])good.Clone();
            switch (round % 4)
            {
                case 0:
                    bad[random.Next(bad.Length)] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bad = bad[..random.Next(bad.Length)];
                    break;
                case 2:
                    bad.AsSpan(random.Next(bad.Length)).Fill((byte)random.Next(256));
                    break;
                default:
                    System.Buffers.Binary.BinaryPrimitives.WriteInt64LittleEndian(bad.AsSpan(4), random.NextInt64() >> random.Next(64));
                    break;
            }

            Assert.True(ChunkCodec.Decode(bad, hash) is not { } found || found.AsSpan().SequenceEqual(content));
            Assert.True(ChunkCodec.Pieces(bad) is null);
        }

        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / Rounds, 0, ChunkCodec.Piece);
    }

    // The format is in files of older programs: all first bytes of the numbers, then all second ones, and so on.
    [Fact]
    public void A_compressed_chunk_holds_its_bytes_plane_by_plane()
    {
        foreach (var length in new[] { 256, 257, 263, 264, 512 + 8, 1000, 4096 + 5, 100_001 })
        {
            var content = Enumerable.Range(0, length).Select(i => (byte)((i % 8 * 7) + (i / 80))).ToArray();
            var numbers = length / 8;
            byte[] planes = [.. from plane in Enumerable.Range(0, 8) from number in Enumerable.Range(0, numbers) select content[(number * 8) + plane], .. content[(numbers * 8)..]];
            using var decompressor = new ZstdSharp.Decompressor();

            var stored = ChunkCodec.Encode(content);

            Assert.Equal("AMZ1"u8.ToArray(), stored[..4]);
            Assert.Equal(planes, decompressor.Unwrap(stored.AsSpan(12)).ToArray());
            Assert.Equal(content, ChunkCodec.Decode(stored, RunEventCodec.Hash(content)));
        }
    }

    // What an older program wrote: a run of the two-mass oscillator, resumed once.
    private static List<JournalEntry> FirstFormat() => [.. File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Corpus", "format-1.txt"))
        .Select(line => new JournalEntry(line[..3], System.Text.Encoding.UTF8.GetBytes(line[4..])))];

    [Fact]
    public void A_journal_of_the_first_format_is_read_and_can_be_gone_on_with()
    {
        var history = new RunHistory();
        var entries = FirstFormat();
        foreach (var entry in entries)
        {
            history.Apply(entry);
        }

        Assert.Equal("oscillator", history.Origin!.Experiment);
        Assert.Equal((2, 8L, 8L), (history.Epoch, history.Windows, history.Snapshot!.Window));
        Assert.Equal("f6656eb8b3fe62983f6cc2a05c7a2a49e3f87ca4bfc22717cd76b82963c825ed", history.End!.FinalHash);
        Assert.Equal(28, history.MetricsAtSnapshot.Iterations);

        // The chain goes on across the formats, and its joint is guarded.
        var next = history.Chain.Extend(new RunEvent.WindowsCommitted { At = DateTimeOffset.UnixEpoch, Windows = [Window(8)] });
        Read([.. entries, next]);
        Assert.Throws<InvalidDataException>(() => Read([.. entries[..^1], next]));
        Assert.Throws<InvalidDataException>(() => Read(entries.Where((_, i) => i != 3)));
    }

    private static void Read(IEnumerable<JournalEntry> journal)
    {
        var history = new RunHistory();
        foreach (var entry in journal)
        {
            history.Apply(entry);
        }
    }

    [Fact]
    public void A_store_tells_a_damaged_or_missing_chunk_a_second_run_of_the_name_and_a_newer_format()
    {
        var folder = Directory.CreateTempSubdirectory("actor-multiscale-").FullName;
        try
        {
            var file = Path.Combine(folder, "run.sqlite");
            var origin = new RunOrigin { Run = "run", Experiment = "e", Program = "p" };
            string hash;
            using (var store = RunStore.Create(file, origin, [[1, 2, 3]], DateTimeOffset.UnixEpoch))
            {
                Assert.Equal([1, 2, 3], store.ReadChunk(RunEventCodec.Hash([1, 2, 3])));
                hash = store.WriteChunk([4, 5]);
                Assert.Equal(hash, store.WriteChunk([4, 5]));
                Assert.Equal("p", store.Origin().Program);
                Assert.Contains("missing", Assert.Throws<RunStoreException>(() => store.ReadChunk("abc")).Message, StringComparison.Ordinal);
            }

            Assert.Throws<RunStoreException>(() => RunStore.Create(file, origin, [], DateTimeOffset.UnixEpoch));
            Execute(file, "UPDATE chunk SET bytes = x'00' WHERE hash = '" + hash + "'");
            using (var store = RunStore.Open(file))
            {
                Assert.Contains("damaged", Assert.Throws<RunStoreException>(() => store.ReadChunk(hash)).Message, StringComparison.Ordinal);
            }

            Execute(file, "UPDATE run SET format = 99");
            Assert.Contains("format 99", Assert.Throws<RunStoreException>(() => RunStore.Open(file)).Message, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Execute(string file, string sql)
    {
        using var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={file};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        Assert.Equal(1, command.ExecuteNonQuery());
    }
}

using System.Collections.Immutable;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Physics.Coupling;
using CsCheck;

namespace ActorMultiscale.Tests.Actors;

/// <summary>What a journal says: read from the beginning, and from the mark of any of its snapshots.</summary>
public sealed class RunHistoryTests
{
    private static WindowRecord Window(long index) => new(index, index * 64, (index + 1) * 64, 1 + (int)(index % 5), 0, 0, index % 7 == 0 ? 1 : 0, index % 11 != 0, [], [(ulong)index]);

    private static ImmutableArray<long> CountsBefore(long window)
    {
        var metrics = new RunMetrics();
        for (var index = 0L; index < window; index++)
        {
            metrics.Add(Window(index));
        }

        return metrics.Counts;
    }

    // Batches of any length; snapshots of windows that are committed, somewhere in a batch, and now and then before an earlier one, as after a damaged snapshot.
    private static List<JournalEntry> Journal(int[] choices)
    {
        var history = new RunHistory();
        var journal = new List<JournalEntry>();
        void Write(RunEvent what) => journal.Add(history.Extend(what));
        void Start() => Write(new RunEvent.CoordinatorStarted { At = DateTimeOffset.UnixEpoch, Epoch = history.Epoch + 1, Until = 1 + history.Epoch, Machine = new($"os {history.Epoch}", "rt", "v") });
        Write(new RunEvent.RunStarted { At = DateTimeOffset.UnixEpoch, Origin = new() { Run = "r", Experiment = "e", Program = "p" } });
        Start();
        var newest = 0L;
        foreach (var choice in choices)
        {
            switch (choice % 8)
            {
                case <= 3:
                    var first = history.Windows;
                    Write(new RunEvent.WindowsCommitted { At = DateTimeOffset.UnixEpoch, Windows = [.. Enumerable.Range(0, 1 + (choice / 8 % 9)).Select(i => Window(first + i))] });
                    break;
                case <= 5:
                    if (choice % 8 == 5)
                    {
                        // The next process reads the journal, and is not the one that wrote it. It may have gone back, and so may its snapshots.
                        history = Read(RunHistory.At(null), journal);
                        newest = 0;
                        Start();
                    }

                    var window = Math.Max(newest, history.Windows - (choice / 8 % 12));
                    newest = window;
                    Write(new RunEvent.SnapshotTaken { At = DateTimeOffset.UnixEpoch, Snapshot = new(window, window * 64, "f", ["a"]), Counted = CountsBefore(window) });
                    break;
                case 6:
                    Write(new RunEvent.Noted { At = DateTimeOffset.UnixEpoch, Text = "note" });
                    break;
                default:
                    Write(new RunEvent.RunEnded { At = DateTimeOffset.UnixEpoch, Outcome = RunOutcome.Stopped, Reason = "", Windows = history.Windows, FinalHash = "", Metrics = ImmutableSortedDictionary<string, double>.Empty });
                    Start();
                    break;
            }
        }

        return journal;
    }

    private static RunHistory Read(RunHistory history, IEnumerable<JournalEntry> entries)
    {
        foreach (var entry in entries)
        {
            history.Apply(entry);
        }

        return history;
    }

    private static (long, long, int, double, MachineStamp?, string, string, string) Facts(RunHistory history) => (history.Windows, history.Chain.Events, history.Epoch, history.Until, history.Machine,
        history.Chain.HeadHash, string.Join(' ', history.SinceSnapshot.Select(w => w.Index)), string.Join(' ', history.MetricsAtSnapshot.Counts));

    [Fact]
    public void From_the_mark_of_any_snapshot_a_journal_says_the_same_as_from_its_beginning() => Gen.Int[0, 799].Array[0, 60].Sample(choices =>
    {
        var journal = Journal(choices);
        var whole = Read(new RunHistory(), journal);
        foreach (var taken in journal.Select(RunEventCodec.Decode).OfType<RunEvent.SnapshotTaken>())
        {
            var short_ = Read(RunHistory.At(taken, journal[0]), journal.Skip((int)taken.From!.Event - 1));
            var long_ = Read(RunHistory.At(taken), journal);
            Assert.Equal(Facts(long_), Facts(short_));
            Assert.Equal((whole.Windows, whole.Chain.HeadHash, whole.Epoch), (short_.Windows, short_.Chain.HeadHash, short_.Epoch));
            Assert.Equal("e", short_.Origin!.Experiment);
            Assert.Equal(Enumerable.Range((int)taken.Snapshot.Window, (int)(whole.Windows - taken.Snapshot.Window)), short_.SinceSnapshot.Select(w => (int)w.Index));
            Assert.Equal(CountsBefore(taken.Snapshot.Window).AsEnumerable(), short_.MetricsAtSnapshot.Counts);

            // Nothing is read that could be left out: the first event read is that of the first window after the snapshot, or the snapshot itself.
            Assert.True(RunEventCodec.Decode(journal[(int)taken.From.Event - 1]) is RunEvent.WindowsCommitted read ? read.Windows[^1].Index >= taken.Snapshot.Window : taken.From.Windows <= taken.Snapshot.Window);
        }
    });

    [Fact]
    public void A_snapshot_that_is_taken_again_is_not_let_go_any_more()
    {
        var (writer, reader) = (new RunHistory(), new RunHistory());
        void Write(RunEvent what) => reader.Apply(writer.Extend(what));
        void Snapshot(long window) => Write(new RunEvent.SnapshotTaken { At = DateTimeOffset.UnixEpoch, Snapshot = new(window, window * 64, "f", ["a"]) });
        void Release(params ReadOnlySpan<long> windows) => Write(new RunEvent.SnapshotsReleased { At = DateTimeOffset.UnixEpoch, Windows = [.. windows] });
        Write(new RunEvent.RunStarted { At = DateTimeOffset.UnixEpoch, Origin = new() { Run = "r", Experiment = "e", Program = "p" } });
        Write(new RunEvent.CoordinatorStarted { At = DateTimeOffset.UnixEpoch, Epoch = 1, Until = 1, Machine = new("os", "rt", "v") });
        Write(new RunEvent.WindowsCommitted { At = DateTimeOffset.UnixEpoch, Windows = [.. Enumerable.Range(0, 10).Select(i => Window(i))] });
        foreach (var window in new[] { 3, 6, 9 })
        {
            Snapshot(window);
        }

        Release(3, 6);
        Assert.Equal([3L, 6], reader.Released);
        Snapshot(3);
        Assert.Equal([6L], reader.Released);
        Assert.Equal([9L, 3], reader.Snapshots.Select(s => s.Window));
        Assert.Throws<InvalidDataException>(() => Release(3));
    }

    [Fact]
    public void A_snapshot_that_says_something_else_of_the_events_before_it_is_refused()
    {
        var journal = Journal([0, 8, 24, 4]);
        var taken = (RunEvent.SnapshotTaken)RunEventCodec.Decode(journal[^1]);
        foreach (var forged in new[]
        {
            taken with { From = taken.From! with { Event = 3 } },
            taken with { From = taken.From! with { Windows = 0 } },
            taken with { From = taken.From! with { Previous = RunEventCodec.HashOf(journal[1]) } },
            taken with { From = taken.From! with { Epoch = 7 } },
            taken with { Counted = CountsBefore(taken.Snapshot.Window + 1) },
        })
        {
            // Sealed and chained as if it were right.
            var entry = RunEventCodec.Encode(forged);
            Assert.Contains("says something else", Assert.Throws<InvalidDataException>(() => Read(new RunHistory(), [.. journal[..^1], entry])).Message, StringComparison.Ordinal);
        }

        Assert.Throws<InvalidDataException>(() => RunHistory.At(taken with { From = null }, journal[0]));
        Assert.Throws<InvalidDataException>(() => RunHistory.At(taken with { From = taken.From! with { Windows = 1000 } }, journal[0]));
        Assert.Contains("Event 1", Assert.Throws<InvalidDataException>(() => RunHistory.At(taken, journal[1])).Message, StringComparison.Ordinal);
    }
}

using System.Collections.Concurrent;
using System.Collections.Immutable;
using ActorMultiscale.Actors;
using ActorMultiscale.Actors.Cluster;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Physics.Coupling;

namespace ActorMultiscale.Tests.Actors.Cluster;

/// <summary>States on their way from a site to the store.</summary>
public sealed class SiteStatesTests
{
    private static readonly TimeSpan _soon = TimeSpan.FromSeconds(30);

    private static byte[] Archive(int length, int seed)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    [Fact]
    public void What_is_stored_is_fetched_again_also_where_it_has_many_pieces()
    {
        var told = new BlockingCollection<object>();
        using var states = new SiteStates(new MemoryRows(), TimeSpan.Zero, TimeProvider.System, told.Add);
        byte[][] archives = [.. new[] { 0, 1, 300, ChunkCodec.Piece, ChunkCodec.Piece + 1, (2 * ChunkCodec.Piece) + 77 }.Select(Archive)];
        for (var i = 0; i < archives.Length; i++)
        {
            states.Store(new SavedPart(7, 5, i, archives.Length), archives[i], endsTurn: false);
        }

        for (var i = 0; i < archives.Length; i++)
        {
            Assert.True(told.TryTake(out var answer, _soon));
            var stored = Assert.IsType<ParticipantAnswer.StateStored>(answer);
            Assert.Equal(new ParticipantAnswer.StateStored(7, 5, i, archives.Length, new StatePart.Stored(RunEventCodec.Hash(archives[i]), archives[i].Length)), stored);
            var read = new BlockingCollection<byte[]>();
            states.Fetch(stored.What, read.Add);
            Assert.True(read.TryTake(out var bytes, _soon));
            Assert.Equal(archives[i], bytes);
        }
    }

    [Fact]
    public void Members_archive_one_after_the_other_and_no_more_than_may_wait()
    {
        using var mayWrite = new SemaphoreSlim(0);
        var told = new BlockingCollection<object>();
        using var states = new SiteStates(new MemoryRows { Writes = () => mayWrite.Wait(_soon) }, TimeSpan.Zero, TimeProvider.System, told.Add, mostWaiting: 250, atOnce: 1);
        var begun = 0;
        for (var m = 0; m < 10; m++)
        {
            states.WhenRoom(() => Interlocked.Increment(ref begun));
        }

        // One makes its archive: nobody else begins.
        Assert.Equal(1, begun);
        states.PassTurn();
        Assert.Equal(2, begun);
        states.Store(new SavedPart(0, 1, 0, 10), Archive(100, 0), endsTurn: true);
        states.Store(new SavedPart(0, 1, 1, 10), Archive(100, 1), endsTurn: true);
        Assert.Equal(4, begun);
        states.Store(new SavedPart(0, 1, 2, 10), Archive(100, 2), endsTurn: true);

        // 300 bytes wait.
        Assert.Equal(4, begun);
        Assert.Empty(told);
        mayWrite.Release();
        Assert.True(told.TryTake(out _, _soon));
        Assert.True(SpinWait.SpinUntil(() => begun == 5, _soon));
        mayWrite.Release(100);
    }

    [Fact]
    public void A_store_that_is_away_is_waited_for_and_one_that_fails_is_told_once()
    {
        var told = new BlockingCollection<object>();
        var failures = 2;
        using (var states = new SiteStates(new MemoryRows { Writes = () => Fail(failures-- > 0, passes: true) }, TimeSpan.FromMinutes(1), TimeProvider.System, told.Add))
        {
            states.Store(new SavedPart(0, 1, 0, 1), [1, 2, 3], endsTurn: false);
            Assert.True(told.TryTake(out var answer, _soon));
            Assert.IsType<ParticipantAnswer.StateStored>(answer);
            Assert.Equal(-1, failures);
        }

        foreach (var (passes, patience) in new[] { (false, TimeSpan.FromMinutes(1)), (true, TimeSpan.Zero) })
        {
            using var states = new SiteStates(new MemoryRows { Writes = () => Fail(true, passes) }, patience, TimeProvider.System, told.Add);
            states.Store(new SavedPart(0, 1, 0, 2), [1], endsTurn: false);
            states.Store(new SavedPart(0, 1, 1, 2), [2], endsTurn: false);
            Assert.True(told.TryTake(out var answer, _soon));
            Assert.Equal(new ParticipantAnswer.StoreFails("no"), answer);
            Assert.False(told.TryTake(out _, TimeSpan.FromMilliseconds(50)));
        }
    }

    private static void Fail(bool does, bool passes)
    {
        if (does)
        {
            throw new RunStoreException("no") { Passes = passes };
        }
    }
}

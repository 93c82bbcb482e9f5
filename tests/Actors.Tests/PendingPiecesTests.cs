using System.Collections.Immutable;
using System.Globalization;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Testing;
using Xunit.Abstractions;

namespace ActorMultiscale.Tests.Actors;

/// <summary>Who sweeps a database that many share leaves what is on its way, also where a chunk is written piece by piece by somebody who does not own the run.</summary>
public sealed class PendingPiecesTests(PostgresServer server, ITestOutputHelper output) : IClassFixture<PostgresServer>
{
    [Fact]
    public void Pieces_are_pending_until_their_list_is_and_what_was_never_finished_goes_with_the_run()
    {
        if (PostgresServer.Missing is { } missing)
        {
            output.WriteLine("SKIPPED: " + missing);
            return;
        }

        var database = new PostgresDatabase(server.NewDatabase());
        var none = ImmutableDictionary<string, RunEvent.SnapshotsReleased>.Empty;
        var (content, other) = (new byte[(2 * ChunkCodec.Piece) + 5], new byte[ChunkCodec.Piece + 1]);
        new Random(1).NextBytes(content);
        new Random(2).NextBytes(other);
        using var owner = RunStore.Create(database, new RunOrigin { Run = "run", Experiment = "experiment", Program = "test" }, [], DateTimeOffset.UnixEpoch);
        using (var site = RunStore.Open(database, "run"))
        {
            List<(string Hash, byte[] Bytes)> rows = [.. ChunkCodec.Rows(content)];
            Assert.Equal(4, rows.Count);
            for (var i = 0; i < rows.Count; i++)
            {
                site.WriteRows([rows[i]]);
                Assert.Equal(i < 3 ? i + 1 : 1, Count("pending"));
                Assert.Equal(0, RunStore.Sweep(database, none, isDry: false).Chunks);
            }

            Assert.Equal(content, site.ReadChunk(rows[^1].Hash));
            Assert.Equal(content.Length, site.CheckChunk(rows[^1].Hash));

            // Damaged, and brought again.
            owner.Execute("UPDATE chunk SET bytes = @bytes WHERE hash = @hash", ("@bytes", new byte[] { 1 }), ("@hash", rows[1].Hash));
            Assert.Throws<RunStoreException>(() => site.CheckChunk(rows[^1].Hash));
            site.WriteRows(rows);
            Assert.Equal(content, site.ReadChunk(rows[^1].Hash));

            // Its writer is killed on the way.
            site.WriteRows([ChunkCodec.Rows(other).First()]);
            Assert.Equal(0, RunStore.Sweep(database, none, isDry: false).Chunks);
        }

        owner.Remove();
        Assert.Equal(5, RunStore.Sweep(database, none, isDry: false).Chunks);
        Assert.Equal(0, Count("chunk"));

        long Count(string table)
        {
            using var connection = database.Connect();
            return Convert.ToInt64(StoreDatabase.Scalar(connection, null, $"SELECT count(*) FROM {table}"), CultureInfo.InvariantCulture);
        }
    }
}

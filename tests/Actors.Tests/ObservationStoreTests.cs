using System.Buffers;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Actors.Observation;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Examples;
using ActorMultiscale.Physics.Models;
using Microsoft.Data.Sqlite;

namespace ActorMultiscale.Tests.Actors;

/// <summary>Observations through a database that refuses them for a while, or for good; and those of processes that follow each other.</summary>
public sealed class ObservationStoreTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("actor-multiscale-");

    public void Dispose() => _folder.Delete(recursive: true);

    private static readonly CoupledSystem _system = Composition.Compose(new Experiment
    {
        Name = "watched",
        Window = 1,
        Until = 100,
        Participants = [Participant.Of("wall", TubeWall.Entry, ("cells", 4L), ("pulse-speed", 10.0)), Participant.Of("flow", TubeFlow.Entry, ("cells", 4L), ("pulse-speed", 10.0))],
        Conduits = [new("flow.pressure", "wall.pressure"), new("wall.area", "flow.area")],
        Scheme = CouplingScheme.Serial("flow", "wall"),
        Watches = [new Watch("middle", "wall.middle-area", WatchKind.Value)],
    });

    private RunStore Create() => RunStore.Create(Path.Combine(_folder.FullName, "run.sqlite"), new RunOrigin { Run = "run", Experiment = "watched", Program = "test" }, [], DateTimeOffset.UnixEpoch);

    private static byte[] Bytes(Action<ArrayBufferWriter<byte>> write)
    {
        var bytes = new ArrayBufferWriter<byte>();
        write(bytes);
        return bytes.WrittenSpan.ToArray();
    }

    private static byte[] Legend(long window) => Bytes(to => ObservationBytes.WriteLegend(to, _system, window, 0));

    private static byte[] Row(long window) => Bytes(to => ObservationBytes.WriteWatches(to, window, (window + 1) * _system.Root.NominalTicks, [window * 0.5]));

    private static byte[] Timing(long window, long windows) => Bytes(to => ObservationBytes.WriteTiming(to, window, windows, 0, 1, new ParticipantTime[2], 0, 0, []));

    private static byte[] Work(long windows, int site, long nanoseconds) =>
        Bytes(to => ObservationBytes.WriteWork(to, windows, site, new WorkSum("node", 2 * nanoseconds, 0, [.. Enumerable.Range(0, WorkSum.Count).Select(i => new PurposeSum(nanoseconds, i, 10L * i))])));

    private static void Execute(RunStore store, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={((SqliteDatabase)store.Database).Path};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    [Fact]
    public async Task What_the_database_refuses_for_a_while_is_there_in_the_end()
    {
        using var store = Create();
        await using (var observations = new ObservationStore(store))
        {
            observations.Add(Legend(0));
            observations.Add(Row(0));
            observations.Flush();
            Execute(store, "CREATE TRIGGER full BEFORE INSERT ON observation BEGIN SELECT RAISE(ABORT, 'disk is full'); END");
            for (var window = 1; window < 10; window++)
            {
                observations.Add(Row(window));
                observations.Flush();       // Returns all the same.
            }

            Assert.Single(ObservationStore.Read(store).WatchRows);
            Execute(store, "DROP TRIGGER full");
            observations.Add(Row(10));
        }

        var rows = ObservationStore.Read(store).WatchRows;
        Assert.Equal(Enumerable.Range(0, 11).Select(w => ((long)w, w + 1.0, w * 0.5)), rows.Select(r => (r.Window, r.Time, r.Values[0])));
    }

    // Windows of a row of work count from where its process began, and so do the sums.
    [Fact]
    public async Task What_processes_spend_is_kept_by_incarnation()
    {
        using var store = Create();
        await using (var observations = new ObservationStore(store))
        {
            foreach (var bytes in new[] { Legend(0), Work(3, 0, 30), Work(3, WorkRow.Coordinator, 5), Work(7, 0, 70), Legend(5), Work(9, 0, 41) })
            {
                observations.Add(bytes);
            }
        }

        Assert.Equal([(1, 3L, 0, 30L), (1, 3, -1, 5), (1, 7, 0, 70), (2, 4, 0, 41)],
            ObservationStore.Read(store).Work.Select(row => (row.Incarnation, row.Windows, row.Site, row.Sum[WorkPurpose.Halo].Nanoseconds)));
    }

    [Fact]
    public async Task What_was_stored_though_the_answer_was_lost_is_not_stored_again()
    {
        using var store = Create();
        await using (var observations = new ObservationStore(store))
        {
            observations.Add(Legend(0));
            observations.Flush();
            Execute(store, "CREATE TRIGGER away BEFORE INSERT ON observation BEGIN SELECT RAISE(ABORT, 'away'); END");
            observations.Add(Row(0));
            observations.Flush();
            observations.Add(Row(1));
            observations.Flush();       // Refused together with the one before.
            using var connection = store.Database.Connect();
            using var transaction = connection.BeginTransaction();
            StoreDatabase.Execute(connection, transaction, "DROP TRIGGER away");
            ObservationStore.Insert(connection, transaction, store.Database, store.Run, Row(0));
            transaction.Commit();
        }

        Assert.Equal([0, 1], ObservationStore.Read(store).WatchRows.Select(r => r.Window));
    }

    [Fact]
    public async Task What_the_database_refuses_for_good_is_told_at_the_end()
    {
        using var store = Create();
        var observations = new ObservationStore(store);
        observations.Add(Legend(0));
        observations.Flush();
        Execute(store, "CREATE TRIGGER full BEFORE INSERT ON observation BEGIN SELECT RAISE(ABORT, 'disk is full'); END");
        observations.Add(Row(0));
        var fault = await Assert.ThrowsAsync<SqliteException>(async () => await observations.DisposeAsync());
        Assert.Contains("disk is full", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_process_that_goes_on_from_a_window_voids_what_was_observed_from_there_but_not_what_ended_there()
    {
        using var store = Create();
        await using (var observations = new ObservationStore(store))
        {
            observations.Add(Legend(0));
            for (var window = 0; window < 5; window++)
            {
                observations.Add(Row(window));
                observations.Add(Timing(window, 1));
            }

            observations.Add(Timing(3, 0));     // The snapshot after three windows.
            observations.Add(Legend(3));
            observations.Add(Row(3));
            observations.Add(Timing(3, 1));
        }

        var observed = ObservationStore.Read(store);
        Assert.Equal([0, 1, 2, 3], observed.WatchRows.Select(r => r.Window));
        Assert.Equal([(0, 1), (1, 1), (2, 1), (3, 0), (3, 1)], observed.Timings.Select(t => (t.Window, t.Windows)));
    }
}

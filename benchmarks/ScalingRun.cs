using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using ActorMultiscale.Actors;
using ActorMultiscale.Actors.Cluster;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Actors.Observation;
using ActorMultiscale.Host;

namespace ActorMultiscale.Benchmarks;

/// <summary>What one process has spent in a window, on average over the second half of a run.</summary>
/// <param name="Name"><c>site 0</c> and so on, and <c>coordinator</c>, which shares the process of site 0.</param>
/// <param name="Seconds">Processor time by <see cref="WorkPurpose"/>, s.</param>
/// <param name="Messages">Messages to other processes by purpose.</param>
/// <param name="Bytes">Their bytes.</param>
internal sealed record ScalingShare(string Name, ImmutableArray<double> Seconds, ImmutableArray<double> Messages, ImmutableArray<double> Bytes);

/// <summary>What a run on some nodes has spent in a window, on average over the second half of it: sums over all processes.</summary>
internal sealed record ScalingMeasure
{
    /// <summary>The nodes.</summary>
    public required int Nodes { get; init; }

    /// <summary>By site, and the coordinator.</summary>
    public required ImmutableArray<ScalingShare> Shares { get; init; }

    /// <summary>Processor time of the processes, but for what follows, s.</summary>
    public required double Process { get; init; }

    /// <summary>Of threads of the pool in the coordinator's process that have not said what for: the driver of the database, and the store of observations; s.</summary>
    public required double Database { get; init; }

    /// <summary>Of the threads that make better machine code while a program is young, s. In no other number.</summary>
    public required double Compiling { get; init; }

    /// <summary>By the clock, s.</summary>
    public required double Wall { get; init; }

    /// <summary>Rows of the record, and its bytes in the database; of the whole run, a window.</summary>
    public required double Rows { get; init; }

    /// <summary>See <see cref="Rows"/>.</summary>
    public required double RecordBytes { get; init; }

    /// <summary>The states and fields of a snapshot, bytes.</summary>
    public required double SnapshotBytes { get; init; }

    /// <summary>Where the run ended.</summary>
    public required string Hash { get; init; }

    /// <summary>Processor time of all processes for one purpose, s; the journal's with that of the database's driver.</summary>
    public double Seconds(WorkPurpose purpose) => Shares.Aggregate(purpose == WorkPurpose.Journal ? Database : 0, (sum, share) => sum + share.Seconds[(int)purpose]);

    /// <summary>What is in no purpose: threads that wake and look for work, collections of garbage, heartbeats; s.</summary>
    public double Rest => Process - Enum.GetValues<WorkPurpose>().Aggregate(0.0, (sum, purpose) => sum + Seconds(purpose));

    /// <summary>Messages between processes for one purpose.</summary>
    public double Messages(WorkPurpose purpose) => Shares.Aggregate(0.0, (sum, share) => sum + share.Messages[(int)purpose]);

    /// <summary>Their bytes.</summary>
    public double Bytes(WorkPurpose purpose) => Shares.Aggregate(0.0, (sum, share) => sum + share.Bytes[(int)purpose]);

    /// <summary>The coordinator's share.</summary>
    public ScalingShare Coordinator => Shares.First(share => share.Name == "coordinator");
}

/// <summary>Nodes of this machine, each a process with one thread that computes, which carry out runs that are measured.</summary>
internal sealed class ScalingRun : IAsyncDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan _lookEvery = TimeSpan.FromMilliseconds(200);

    // The kernel counts in these, whatever the machine (USER_HZ of Linux).
    private const double Tick = 0.01;

    private readonly LocalCluster _cluster;
    private readonly string _folder;
    private readonly string _store;
    private readonly Dictionary<string, double> _seen = [];
    private double _pool;
    private double _compiling;

    private ScalingRun(LocalCluster cluster, string folder) => (_cluster, _folder, _store) = (cluster, folder, Path.Combine(folder, "runs"));

    public static async Task<ScalingRun> StartAsync(int nodes, string folder) => new(
        await LocalCluster.StartAsync(ScalingCase.Roles(nodes), Path.Combine(folder, FormattableString.Invariant($"logs-{nodes}")), TimeSpan.FromSeconds(90), "--store", Path.Combine(folder, "runs"), "--threads", "1"), folder);

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    /// <summary>What the processes take while they carry no run: processor time a second of the clock, of all together.</summary>
    public async Task<double> IdleAsync(TimeSpan span)
    {
        var (began, before) = (Stopwatch.GetTimestamp(), Threads());
        await Task.Delay(span);
        var after = Threads();
        return (after.All - before.All - (after.Compiling - before.Compiling)) / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    public async Task<ScalingMeasure> MeasureAsync(ScalingCase what)
    {
        var (nodes, contact) = (_cluster.Nodes.Length, _cluster.Nodes[0].Address);
        var run = FormattableString.Invariant($"run-{Guid.NewGuid():N}");
        var file = Path.Combine(_folder, run + ".conf");
        await File.WriteAllTextAsync(file, what.Text.Replace("UNTIL", (what.Windows * what.Window).ToString("R", CultureInfo.InvariantCulture), StringComparison.Ordinal));
        using (var handOver = Process.Start(new ProcessStartInfo("dotnet", [typeof(LocalCluster).Assembly.Location, "run", file, "--cluster", contact.ToString(), "--store", _store, "--name", run, "--detach"]) { RedirectStandardOutput = true })!)
        {
            await handOver.WaitForExitAsync();
            if (handOver.ExitCode != 0)
            {
                throw new InvalidOperationException($"The run of '{what.Name}' was not taken; '{file}' is the experiment.");
            }
        }

        // From half of the windows on; most of the machine code is as it stays by then.
        var half = what.Windows / 2;
        (long Windows, long At, ThreadTimes Threads)? first = null, last = null;
        await using (var client = RunClient.Towards(contact, null))
        {
            while (true)
            {
                var standing = await client.AskAsync(new RunQuestion(run), _patience) ?? throw new InvalidOperationException("The nodes do not answer.");
                if (standing.State == RunState.Over)
                {
                    if (standing.Status != RunStatus.Completed)
                    {
                        throw new InvalidOperationException($"The run of '{what.Name}' on {nodes} nodes is {standing.Status}: {standing.Note}");
                    }

                    break;
                }

                var threads = Threads();
                if (standing.State == RunState.Running && standing.Accepted >= half && standing.Accepted < what.Windows)
                {
                    last = (standing.Accepted, Stopwatch.GetTimestamp(), threads);
                    first ??= last;
                }

                await Task.Delay(_lookEvery);
            }
        }

        if (first is not { } from || last is not { } to || to.Windows <= from.Windows)
        {
            throw new InvalidOperationException($"The run of '{what.Name}' on {nodes} nodes was over too soon to be looked at; it needs more windows.");
        }

        var windows = (double)(to.Windows - from.Windows);
        using var store = RunCatalog.Of(_store).Open(run);
        var observed = ObservationStore.Read(store);
        var steady = observed.Work.Where(row => row.Windows >= half && row.Windows < what.Windows).GroupBy(row => row.Site).OrderBy(site => site.Key == WorkRow.Coordinator).ThenBy(site => site.Key)
            .Select(site => (Site: site.Key, First: site.First(), Last: site.Last())).ToList();
        var isOn = steady.Count > 0;
        double Rate(WorkRow first, WorkRow last, Func<WorkSum, long> what) => (what(last.Sum) - what(first.Sum)) / (double)(last.Windows - first.Windows);
        ImmutableArray<double> Rates(WorkRow first, WorkRow last, double scale, Func<PurposeSum, long> what) =>
            [.. Enum.GetValues<WorkPurpose>().Select(purpose => scale * Rate(first, last, sum => what(sum[purpose])))];
        var compiling = (to.Threads.Compiling - from.Threads.Compiling) / windows;
        var coordinator = steady.LastOrDefault();
        var onPool = isOn ? 1e-9 * Rate(coordinator.First, coordinator.Last, sum => sum.OnPool) : 0;
        var (rows, bytes, snapshot) = RecordOf(store);
        return new ScalingMeasure
        {
            Nodes = nodes,
            Shares = [.. steady.Select(site => new ScalingShare(site.Site == WorkRow.Coordinator ? "coordinator" : FormattableString.Invariant($"site {site.Site}"),
                Rates(site.First, site.Last, 1e-9, sum => sum.Nanoseconds), Rates(site.First, site.Last, 1, sum => sum.Messages), Rates(site.First, site.Last, 1, sum => sum.Bytes)))],
            Process = ((to.Threads.All - from.Threads.All) / windows) - compiling,
            Database = Math.Max(0, ((to.Threads.Pool - from.Threads.Pool) / windows) - onPool),
            Compiling = compiling,
            Wall = Stopwatch.GetElapsedTime(from.At, to.At).TotalSeconds / windows,
            Rows = rows / (double)what.Windows,
            RecordBytes = bytes / (double)what.Windows,
            SnapshotBytes = snapshot,
            Hash = store.Recent().End?.FinalHash ?? "",
        };
    }

    // What the record has: rows of the journal with blocks of fields; states and fields of the last snapshot by themselves.
    private static (long Rows, long Bytes, long Snapshot) RecordOf(RunStore store)
    {
        var entries = store.Entries().ToList();
        var events = entries.Select(RunEventCodec.Decode).ToList();
        var snapshot = events.OfType<RunEvent.SnapshotTaken>().Last().Snapshot;
        using var connection = store.Database.Connect();
        long Length(IEnumerable<string> chunks) =>
            chunks.Distinct().Sum(hash => Convert.ToInt64(StoreDatabase.Scalar(connection, null, "SELECT length(bytes) FROM chunk WHERE hash = @hash", ("@hash", hash)) ?? 0L, CultureInfo.InvariantCulture));
        var fields = events.OfType<RunEvent.FieldsRecorded>().SelectMany(recorded => recorded.Fields).Select(block => block.Chunk);
        return (entries.Count, entries.Sum(entry => (long)entry.Payload.Length) + Length(fields), Length([snapshot.Fields, .. snapshot.States]));
    }

    private readonly record struct ThreadTimes(double All, double Pool, double Compiling);

    // Of all nodes since they were started, as far as threads were seen before they ended; those of the pool of the first node alone, where the coordinator is.
    private ThreadTimes Threads()
    {
        var all = 0.0;
        foreach (var (index, node) in _cluster.Nodes.Index())
        {
            all += TimeOf(File.ReadAllText(FormattableString.Invariant($"/proc/{node.Id}/stat"))).Time;
            foreach (var thread in Directory.EnumerateDirectories(FormattableString.Invariant($"/proc/{node.Id}/task")))
            {
                string stat;
                try
                {
                    stat = File.ReadAllText(Path.Combine(thread, "stat"));
                }
                catch (IOException)
                {
                    continue;       // It has just ended.
                }

                var (name, time) = TimeOf(stat);
                var more = time - _seen.GetValueOrDefault(thread);
                _seen[thread] = time;
                _pool += index == 0 && name.StartsWith(".NET TP Worker", StringComparison.Ordinal) ? Math.Max(0, more) : 0;
                _compiling += name.StartsWith(".NET Tiered", StringComparison.Ordinal) ? Math.Max(0, more) : 0;
            }
        }

        return new ThreadTimes(all, _pool, _compiling);
    }

    // The name and the processor time of a line of the kernel, in user mode and in the kernel's.
    private static (string Name, double Time) TimeOf(string stat)
    {
        var (open, close) = (stat.IndexOf('(', StringComparison.Ordinal), stat.LastIndexOf(')'));
        var fields = stat[(close + 2)..].Split(' ');
        return (stat[(open + 1)..close], Tick * (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)));
    }
}

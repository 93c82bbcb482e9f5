using System.Diagnostics;
using System.Globalization;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Host;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Testing;
using ActorMultiscale.Tests.Host;

namespace ActorMultiscale.Tests.Cluster.Faults;

/// <summary>
/// A cluster that is kept by somebody: whichever node ends is started again, as a service manager would, unless it is told not to. The store is a PostgreSQL database, or SQLite files that
/// all nodes share; the nodes are on the loopback interface, or each in a network of its own.
/// </summary>
internal sealed class FaultStand : IDisposable
{
    /// <summary>For what needs a start of the runtime and a few messages, on a machine that is busy with other things.</summary>
    public static readonly TimeSpan Soon = TimeSpan.FromSeconds(90);

    private static readonly TimeSpan _startsAgainAfter = TimeSpan.FromSeconds(0.5);
    private static int _stands;
    private readonly Lock _gate = new();
    private readonly List<KeptNode> _nodes = [];
    private readonly List<KeptNode> _gone = [];
    private readonly PostgresServer? _server;
    private readonly NetworkNamespaces? _net;
    private readonly string _folder = Directory.CreateTempSubdirectory("actor-multiscale-faults-").FullName;
    private readonly Thread _manager;
    private readonly string[] _contacts;
    private volatile bool _isOver;

    public FaultStand(int count, PostgresServer? server, NetworkNamespaces? net = null)
    {
        (_server, _net) = (server, net);
        Store = server?.NewDatabase() ?? Path.Combine(_folder, "runs");
        Catalog = RunCatalog.Of(Store);
        var port = 12000 + (Environment.ProcessId % 900 * 10) + (10_000 * (Interlocked.Increment(ref _stands) % 2));      // Of two stands in a row.
        for (var i = 0; i < count; i++)
        {
            _nodes.Add(new KeptNode(i, net is null ? $"127.0.0.1:{port + i}" : NetworkNamespaces.Host(i) + ":21000"));
        }

        _contacts = [.. _nodes.Select(n => n.Address)];
        _manager = new Thread(Manage) { IsBackground = true, Name = "keeps nodes running" };
        try
        {
            _nodes.ForEach(Start);
            _manager.Start();
            AwaitAll();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public string Store { get; }

    public RunCatalog Catalog { get; }

    public IReadOnlyList<KeptNode> Nodes => _nodes;

    public NetworkNamespaces? Net => _net;

    public PostgresServer Server => _server!;

    /// <summary>The node that has been a member for longest, where the keeper is.</summary>
    public KeptNode Keeper => _nodes.Where(n => n.IsUp).MinBy(n => n.UpSince)!;

    /// <summary>Whether nodes that end are started again.</summary>
    public bool StartsAgain { get; set; } = true;

    /// <summary>What the program says with these arguments, on the network of a node.</summary>
    public (int Code, string Out, string Error) Host(int from, params string[] arguments)
    {
        using var process = Start(from, arguments);
        return process.Wait();
    }

    public HostProcess Start(int from, params string[] arguments) => HostProcess.Start(_folder, arguments, _net?.On(from));

    /// <summary>Has the cluster carry an experiment out, and does not wait for its end.</summary>
    public void Begin(string experiment, string run, params string[] settings)
    {
        var alive = _nodes.First(n => n.IsUp);
        var (code, _, error) = Host(alive.Index, ["run", HostProcess.Experiment(experiment), "--name", run, "--store", Store, "--cluster", alive.Address, "--detach", "--quiet", .. settings]);
        Assert.True(code == 0, $"{code}: {error}\n{Said}");
    }

    /// <summary>The hash of the experiment where nothing disturbs it, and no cluster has anything to do with it.</summary>
    public string Undisturbed(string experiment, params string[] settings)
    {
        var name = "undisturbed-" + Guid.NewGuid().ToString("N")[..6];
        var (code, _, error) = HostProcess.Run(_folder, ["run", HostProcess.Experiment(experiment), "--name", name, "--store", Path.Combine(_folder, "undisturbed"), "--quiet", .. settings]);
        Assert.True(code is 0 or 4, $"{code}: {error}");      // Checks speak of the experiment's own end.
        using var store = RunCatalog.Of(Path.Combine(_folder, "undisturbed")).Open(name);
        return store.Recent().End!.FinalHash;
    }

    /// <summary>How many windows a second the cluster carries out of an experiment whose windows are 1 s long.</summary>
    public double Pace(string experiment)
    {
        var run = "pace-" + Guid.NewGuid().ToString("N")[..6];
        Begin(experiment, run, "--until", "1000 s");
        Await(run, look => look.Windows > 2, Soon, "a few windows");
        var (clock, before) = (Stopwatch.StartNew(), Look(run)!.Value.Windows);
        Thread.Sleep(2000);
        var pace = (Look(run)!.Value.Windows - before) / clock.Elapsed.TotalSeconds;
        Host(0, "stop", run, "--cluster", _nodes[0].Address);
        return pace;
    }

    /// <summary>How far the record of a run has come; null where the store is away.</summary>
    public (int Epoch, long Windows, RunEvent.RunEnded? End)? Look(string run)
    {
        try
        {
            using var store = Catalog.Open(run);
            var history = store.Recent();
            return (history.Epoch, history.Windows, history.End);
        }
        catch (RunStoreException fault) when (fault.Passes)
        {
            return null;
        }
    }

    /// <summary>Waits until the record of a run shows something, and does something else again and again meanwhile; how long that took.</summary>
    public TimeSpan Await(string run, Func<(int Epoch, long Windows, RunEvent.RunEnded? End), bool> shows, TimeSpan within, string what, Action? meanwhile = null)
    {
        for (var clock = Stopwatch.StartNew(); ; Thread.Sleep(100))
        {
            meanwhile?.Invoke();
            if (Look(run) is { } look && shows(look))
            {
                return clock.Elapsed;
            }

            Assert.True(clock.Elapsed < within, $"'{run}' did not show {what} within {within.TotalSeconds} s, but {Look(run)}\n{Said}");
        }
    }

    /// <summary>Waits until a run is complete, and checks that it came out as <paramref name="hash"/>, with a sound record and never two copies of a participant.</summary>
    public void Complete(string run, string hash, TimeSpan within)
    {
        Await(run, look => look.End is { Outcome: RunOutcome.Completed }, within, "its end");
        using var store = Catalog.Open(run);
        Assert.True(store.Recent().End!.FinalHash == hash, $"'{run}' ended in {store.Recent().End!.FinalHash} instead of {hash}\n{Said}");
        var check = RecordCheck.Of(store);
        Assert.True(check.IsSound, $"{string.Join(' ', check.Faults)}\n{Said}");
        var intervals = Intervals(run);
        Assert.NotEmpty(intervals);
        var overlaps = SiteIntervals.Overlaps(intervals).ToList();
        Assert.True(overlaps.Count == 0, $"{string.Join('\n', overlaps)}\n{Said}");
    }

    /// <summary>When which node has computed the participants of a run.</summary>
    public List<SiteInterval> Intervals(string run) => [.. _nodes.Concat(_gone).SelectMany(n => n.Intervals(out _)).Where(i => i.Run == run)];

    /// <summary>How many sites had a step under way that went nowhere.</summary>
    public int InVain => _nodes.Sum(n =>
    {
        n.Intervals(out var inVain);
        return inVain;
    });

    /// <summary>Everything that all nodes have said.</summary>
    public string Said => string.Join('\n', _nodes.Concat(_gone).Select(n => $"-- node {n.Index} at {n.Address}\n{n.Said}"));

    /// <summary>Starts all nodes, none of which is there.</summary>
    public void StartAll()
    {
        _nodes.ForEach(Start);
        AwaitAll();
    }

    /// <summary>Has the last nodes leave, until only so many are left.</summary>
    public void Shrink(int count)
    {
        var going = _nodes.Skip(count).ToList();
        lock (_gate)
        {
            _nodes.RemoveRange(count, going.Count);
            _gone.AddRange(going);
        }

        going.ForEach(n => n.Process.Signal("TERM"));
        Await(() => going.All(n => n.HasExited), "nodes that were told to end have ended");
        Await(() => _nodes.All(n => going.All(other => !n.Sees(other.Address))), "the others have heard of it");
    }

    /// <summary>Waits until all nodes are members.</summary>
    public void AwaitAll()
    {
        Await(() => _nodes.All(n => n.IsUp), "all nodes are up");
        // And until the others have heard of it.
        Await(() => _nodes.All(n => _nodes.All(other => other == n || n.Sees(other.Address))), "all nodes see each other");
    }

    public void Dispose()
    {
        _isOver = true;
        if (_manager.IsAlive)
        {
            _manager.Join();
        }

        _nodes.ForEach(n => n.Dispose());
        _gone.ForEach(n => n.Dispose());
        Directory.Delete(_folder, recursive: true);
    }

    internal void Await(Func<bool> isSo, string what)
    {
        for (var clock = Stopwatch.StartNew(); !isSo(); Thread.Sleep(50))
        {
            Assert.True(clock.Elapsed < Soon, $"not within {Soon.TotalSeconds} s: {what}\n{Said}");
        }
    }

    // Always with the same command: the first of the contacts forms the cluster where there is none.
    private void Start(KeptNode node) => node.Started(Start(node.Index, ["node", "--json", "--threads", "1", "--insecure", "--store", Store, "--listen", node.Address, .. _contacts.SelectMany(c => new[] { "--join", c })]));

    private void Manage()
    {
        var sinceWhen = new Stopwatch[_nodes.Count];
        while (!_isOver)
        {
            lock (_gate)
            {
                foreach (var node in _nodes)
                {
                    node.Look();
                    if (!node.HasExited || !StartsAgain)
                    {
                        sinceWhen[node.Index] = Stopwatch.StartNew();
                    }
                    else if (sinceWhen[node.Index].Elapsed > _startsAgainAfter)
                    {
                        Start(node);
                    }
                }
            }

            Thread.Sleep(20);
        }
    }
}

/// <summary>A node, through all of its processes.</summary>
internal sealed class KeptNode(int index, string address) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly List<(HostProcess Process, DateTimeOffset? End)> _processes = [];

    public int Index => index;

    public string Address => address;

    public HostProcess Process => _processes[^1].Process;

    public bool HasExited => Process.HasExited;

    /// <summary>Since when it is a member.</summary>
    public DateTimeOffset UpSince { get; private set; }

    public bool IsUp
    {
        get
        {
            if (HasExited || !Process.Out.Contains("{\"event\":\"up\"", StringComparison.Ordinal))
            {
                return false;
            }

            UpSince = UpSince == default ? DateTimeOffset.UtcNow : UpSince;
            return true;
        }
    }

    public string Said
    {
        get
        {
            lock (_gate)
            {
                return string.Concat(_processes.Select(p => string.Create(CultureInfo.InvariantCulture, $"- process {p.Process.Id}, ended {p.End:O}\n{p.Process.Out}{p.Process.Error}")));
            }
        }
    }

    /// <summary>Whether its last process takes another for a member.</summary>
    public bool Sees(string other)
    {
        var said = Process.Out;
        return said.LastIndexOf($"{{\"event\":\"member-up\",\"address\":\"{other}\"", StringComparison.Ordinal) > said.LastIndexOf($"{{\"event\":\"member-removed\",\"address\":\"{other}\"", StringComparison.Ordinal);
    }

    public void Started(HostProcess process)
    {
        lock (_gate)
        {
            UpSince = default;
            _processes.Add((process, null));
        }
    }

    /// <summary>Writes down when its process ended.</summary>
    public void Look()
    {
        lock (_gate)
        {
            if (_processes.Count > 0 && _processes[^1].End is null && Process.HasExited)
            {
                _processes[^1] = (Process, DateTimeOffset.UtcNow);
            }
        }

        _ = _processes.Count > 0 && IsUp;
    }

    /// <summary><c>kill -9</c>.</summary>
    public void Kill()
    {
        lock (_gate)
        {
            Process.Kill();
            _processes[^1] = (Process, DateTimeOffset.UtcNow);
        }
    }

    public List<SiteInterval> Intervals(out int inVain)
    {
        lock (_gate)
        {
            var (all, sum) = (new List<SiteInterval>(), 0);
            foreach (var (process, end) in _processes)
            {
                all.AddRange(SiteIntervals.Of(process.Out, string.Create(CultureInfo.InvariantCulture, $"node {index}, process {process.Id}"), end, out var some));
                sum += some;
            }

            inVain = sum;
            return all;
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _processes.ForEach(p => p.Process.Dispose());
        }
    }
}

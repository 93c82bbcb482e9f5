using System.Diagnostics;
using System.Text.Json;
using ActorMultiscale.Actors.Cluster;
using ActorMultiscale.Tests.Host;
using Xunit.Abstractions;

namespace ActorMultiscale.Tests.Cluster;

/// <summary>Nodes as operators start them, each a process of its own; those of a test end with it. What they said is shown where a test fails.</summary>
public abstract class ClusterStand : IDisposable
{
    private readonly ITestOutputHelper _output;

    /// <summary>A stand that shows there what its nodes said.</summary>
    protected ClusterStand(ITestOutputHelper output)
    {
        _output = output;
        Folder = Directory.CreateTempSubdirectory("actor-multiscale-cluster-").FullName;
        Store = Path.Combine(Folder, "runs");
    }

    /// <summary>For what needs a start of the runtime and a few messages, on a machine that is busy with other things.</summary>
    protected static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    /// <summary>The variable of the environment that allows tests which take a minute.</summary>
    protected const string LongVariable = "ACTORMULTISCALE_LONG_TESTS";

    private readonly List<NodeProcess> _nodes = [];

    protected static bool IsLongAllowed => Environment.GetEnvironmentVariable(LongVariable) == "1";

    protected string Folder { get; }

    /// <summary>The store of the nodes, as <c>--store</c> names it.</summary>
    protected string Store { get; set; }

    internal NodeProcess Start(params string[] arguments) => Start(arguments, under: null);

    internal NodeProcess Start(string[] arguments, string[]? under, (string Name, string Value)? variable = null, string? build = null)
    {
        var node = new NodeProcess(HostProcess.Start(Folder, ["node", "--json", "--store", Store, .. arguments], under, variable, build));
        _nodes.Add(node);
        return node;
    }

    /// <summary>Starts nodes on the loopback interface, the later ones with the first as contact, and waits until each sees all as members.</summary>
    internal NodeProcess[] Form(int count)
    {
        var clock = Stopwatch.StartNew();
        var first = Start("--role", "coordinator");
        first.WaitFor("listening", first.Address, Soon);
        NodeProcess[] nodes = [first, .. Enumerable.Range(1, count - 1).Select(_ => Start("--role", "md", "--join", first.Address))];
        Await(nodes);
        Say($"{count} nodes are up", clock.Elapsed);
        return nodes;
    }

    /// <summary>Waits until each of them sees the others as members.</summary>
    internal static void Await(params NodeProcess[] nodes)
    {
        foreach (var node in nodes)
        {
            node.WaitFor("up", node.Address, Soon);
            foreach (var other in nodes.Where(other => other != node))
            {
                node.WaitFor("member-up", other.Address, Soon);
            }
        }
    }

    protected (int Code, string Out, string Error) Host(params string[] arguments) => HostProcess.Run(Folder, arguments);

    /// <summary>The members as the node sees them: address and status.</summary>
    internal Dictionary<string, string> Members(NodeProcess node, params string[] arguments)
    {
        var (code, text, error) = Host(["nodes", "--cluster", node.Address, "--json", .. arguments]);
        Assert.True(code == 0, $"{code}: {error}");
        return JsonDocument.Parse(text).RootElement.EnumerateArray().ToDictionary(n => n.GetProperty("address").GetString()!, n => n.GetProperty("status").GetString()!);
    }

    protected void Say(string what, TimeSpan time) => _output.WriteLine(FormattableString.Invariant($"{what}: {time.TotalSeconds:0.0} s"));

    public void Dispose()
    {
        foreach (var node in _nodes)
        {
            _output.WriteLine($"-- node {node.Process.Id}\n{node.Process.Out}{node.Process.Error}");
            node.Process.Dispose();
        }

        Directory.Delete(Folder, recursive: true);
        GC.SuppressFinalize(this);
    }
}

/// <summary>A node and what it says.</summary>
internal sealed class NodeProcess(HostProcess process)
{
    private string? _address;

    public HostProcess Process => process;

    /// <summary>Where it listens.</summary>
    public string Address => _address ??= Listening();

    public bool Says(string happened, string address) => Events().Any(e => e.Event == happened && e.Address == address);

    /// <summary>Waits until the node says that something happened to an address; how long that took.</summary>
    public TimeSpan WaitFor(string happened, string address, TimeSpan within) => Until(() => Says(happened, address), within, $"'{happened}' of {address}");

    /// <summary>Waits until the process ends; its exit code and how long that took.</summary>
    public (int Code, TimeSpan After) WaitForExit(TimeSpan within)
    {
        var after = Until(() => process.HasExited, within, "its end");
        return (process.Wait().Code, after);
    }

    private string Listening()
    {
        Until(() => Events().Any(e => e.Event == "listening"), TimeSpan.FromSeconds(60), "its address");
        return Events().First(e => e.Event == "listening").Address;
    }

    private IEnumerable<(string Event, string Address)> Events() => process.Out.Split('\n', StringSplitOptions.TrimEntries).Where(line => line.EndsWith('}')).Select(line => JsonDocument.Parse(line).RootElement)
        .Select(e => (e.GetProperty("event").GetString()!, e.GetProperty("address").GetString()!));

    private TimeSpan Until(Func<bool> isSo, TimeSpan within, string what)
    {
        for (var clock = Stopwatch.StartNew(); ; Thread.Sleep(20))
        {
            if (isSo())
            {
                return clock.Elapsed;
            }

            // A node that ended says nothing more, except what is still on its way.
            Assert.True(clock.Elapsed < within, $"node {process.Id}{(process.HasExited ? ", which has ended," : "")} did not show {what} within {within.TotalSeconds} s:\n{process.Out}{process.Error}");
        }
    }
}

using System.Diagnostics;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Host;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Testing;
using ActorMultiscale.Tests.Host;
using Xunit.Abstractions;

namespace ActorMultiscale.Tests.Cluster;

/// <summary>
/// A region that is too large for the memory of any of its nodes is computed by four, kept, gone on with when all of them were killed, and ends as in one process that has the memory.
/// Takes a minute or two for each store, and 3 GB: see <see cref="ClusterStand.LongVariable"/>.
/// </summary>
public sealed class LargeRegionTests(PostgresServer server, ITestOutputHelper output) : ClusterStand(output), IClassFixture<PostgresServer>
{
    private const int Nodes = 4;                // Three of them hold the region, and most of those named have to answer before there is a cluster.
    private const long Limit = 384L << 20;      // Of the heap of a process; the region needs more, and 170 MB besides for its state.
    private static readonly (string, string) _limit = ("DOTNET_GCHeapHardLimit", Limit.ToString("X", System.Globalization.CultureInfo.InvariantCulture));
    private static readonly TimeSpan _soon = TimeSpan.FromMinutes(4);
    private readonly ITestOutputHelper _output = output;

    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgresql")]
    public void A_region_that_no_node_could_hold_is_kept_and_gone_on_with_when_all_nodes_were_killed(string store)
    {
        if (!IsLongAllowed)
        {
            _output.WriteLine($"SKIPPED: {LongVariable} is not 1");
            return;
        }

        if (store == "postgresql")
        {
            if (PostgresServer.Missing is { } missing)
            {
                _output.WriteLine("SKIPPED: " + missing);
                return;
            }

            Store = server.NewDatabase();
        }

        var file = Path.Combine(Folder, "region.conf");
        File.WriteAllText(file, """
            name = region
            until = 0.4 s
            window = 0.02 s
            participants {
              atoms {
                model = molecular-domains-reduced
                settings {
                  lattice = fcc, lattice-constant = 1.6796, cells = [64, 64, 64], atom-ports = false
                  temperature = 0.5, seed = 3
                  pair = lennard-jones, cutoff = 1.3, ending = shifted
                  step = 0.005, skin = 0.2
                }
              }
            }
            snapshots { every = 3 }
            scheme { stages = [[atoms]] }
            placement { atoms { least-nodes = 3 } }     # Two have not the memory.
            """);
        using var undisturbed = HostProcess.Start(Folder, ["run", file, "--name", "undisturbed", "--store", Path.Combine(Folder, "undisturbed"), "--quiet"]);
        Assert.Equal(0, undisturbed.Wait().Code);     // One process is what it is: nobody waits for others.
        string hash;
        using (var record = RunCatalog.Of(Path.Combine(Folder, "undisturbed")).Open("undisturbed"))
        {
            hash = record.Recent().End!.FinalHash;
        }

        using (var alone = HostProcess.Start(Folder, ["run", file, "--name", "alone", "--store", Path.Combine(Folder, "undisturbed"), "--quiet"], under: null, _limit))
        {
            var (code, _, error) = alone.Wait();
            Assert.NotEqual(0, code);
            Assert.Contains("OutOfMemory", error, StringComparison.Ordinal);
        }

        var nodes = StartAll();
        var (begun, _, fault) = Host("run", file, "--name", "region", "--store", Store, "--cluster", nodes[0].Address, "--detach", "--quiet");
        Assert.True(begun == 0, fault);
        var at = Await(history => history.Snapshot is not null, "a snapshot").Windows;
        foreach (var node in nodes)
        {
            node.Process.Kill();
            node.WaitForExit(Soon);
        }

        nodes = StartAll();
        var ended = Await(history => history.End is { Outcome: RunOutcome.Completed }, "its end");
        _output.WriteLine($"killed at window {at} of {ended.Windows}, epoch {ended.Epoch} has ended");
        foreach (var node in nodes)
        {
            _output.WriteLine($"{node.Address}: {File.ReadLines($"/proc/{node.Process.Id}/status").First(line => line.StartsWith("VmHWM", StringComparison.Ordinal))}");
        }

        Assert.Equal(hash, ended.End!.FinalHash);
        Assert.InRange(ended.Epoch, 2, int.MaxValue);
        Assert.InRange(at, 1, ended.Windows - 1);
        using var kept = RunCatalog.Of(Store).Open("region");
        var state = ended.Snapshot!.States.Sum(chunk => kept.CheckChunk(chunk));
        _output.WriteLine($"{ended.Snapshot.States.Length} domains, {state >> 20} MB of state");
        Assert.InRange(state, 150L << 20, long.MaxValue);
        Assert.True(RecordCheck.Of(kept).IsSound);
    }

    private NodeProcess[] StartAll()
    {
        var port = 22000 + (Environment.ProcessId % 900 * 10);
        List<string> addresses = [.. Enumerable.Range(0, Nodes).Select(i => FormattableString.Invariant($"127.0.0.1:{port + i}"))];
        NodeProcess[] nodes = [.. addresses.Select(address => Start(["--listen", address, .. addresses.SelectMany(contact => new[] { "--join", contact })], under: null, _limit))];
        Await(nodes);
        return nodes;
    }

    private RunHistory Await(Func<RunHistory, bool> shows, string what)
    {
        for (var clock = Stopwatch.StartNew(); ; Thread.Sleep(200))
        {
            using (var store = RunCatalog.Of(Store).Open("region"))
            {
                var history = store.Recent();
                if (shows(history))
                {
                    return history;
                }

                Assert.False(history.End is { Outcome: RunOutcome.Failed }, history.End?.Reason);
            }

            Assert.True(clock.Elapsed < _soon, $"the run did not show {what}");
        }
    }
}

using System.Diagnostics;
using Xunit.Abstractions;

namespace ActorMultiscale.Tests.Cluster;

/// <summary>Networks that fail between nodes that do not.</summary>
public sealed class PartitionTests(ITestOutputHelper output) : ClusterStand(output)
{
    private readonly ITestOutputHelper _output = output;

    [Fact]
    public void Of_a_cluster_that_is_cut_the_smaller_part_ends_itself_and_the_greater_goes_on()
    {
        if (NetworkNamespaces.Missing is { } reason)
        {
            _output.WriteLine($"SKIPPED: {reason}");
            return;
        }

        using var net = new NetworkNamespaces(3);
        NodeProcess Node(int i, params string[] join) => Start(["--listen", NetworkNamespaces.Host(i) + ":21000", "--insecure", .. join], net.On(i));
        var first = Node(0);
        first.WaitFor("up", first.Address, Soon);
        NodeProcess[] nodes = [first, Node(1, "--join", first.Address), Node(2, "--join", first.Address)];
        Await(nodes);

        // The first has the lowest address, and the part of most nodes goes on all the same.
        var clock = Stopwatch.StartNew();
        net.Cut(0);
        var (code, _) = nodes[0].WaitForExit(Soon);
        Say("the smaller part has ended", clock.Elapsed);
        Assert.Equal(9, code);
        nodes[1].WaitFor("member-removed", nodes[0].Address, Soon);
        Say("the greater part has removed it", clock.Elapsed);
        nodes[2].WaitFor("member-removed", nodes[0].Address, Soon);
        Assert.False(nodes[1].Process.HasExited || nodes[2].Process.HasExited);
        Assert.False(nodes[1].Says("member-unreachable", nodes[2].Address));
    }
}

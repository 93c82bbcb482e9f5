using System.Diagnostics;
using Xunit.Abstractions;

namespace ActorMultiscale.Tests.Cluster;

/// <summary>Networks that fail between nodes that do not.</summary>
public sealed class PartitionTests(ITestOutputHelper output) : ClusterStand(output)
{
    private readonly ITestOutputHelper _output = output;

    [Fact]
    public void Of_a_cluster_that_is_cut_the_smaller_part_ends_itself_and_the_greater_goes_on() => On(net =>
    {
        // The first has the lowest address, and the part of most nodes goes on all the same.
        var nodes = Form(net);
        net.Cut(0);
        OthersGoOnWithoutTheFirst(nodes);
    });

    [Fact]
    public void A_node_that_hears_and_is_not_heard_ends_itself() => On(isLong: true, act: net =>
    {
        var nodes = Form(net);
        net.Mute(0);
        OthersGoOnWithoutTheFirst(nodes);
    });

    [Fact]
    public void A_link_that_flaps_parts_nobody() => On(isLong: true, act: net =>
    {
        var nodes = Form(net);
        net.Flap(0, times: 6, TimeSpan.FromSeconds(1.5), TimeSpan.FromSeconds(3));
        Assert.All(nodes, node => Assert.False(node.Process.HasExited || node.Process.Out.Contains("member-removed", StringComparison.Ordinal)));
    });

    private void On(Action<NetworkNamespaces> act, bool isLong = false)
    {
        if (NetworkNamespaces.Missing is { } reason)
        {
            _output.WriteLine($"SKIPPED: {reason}");
            return;
        }

        if (isLong && !IsLongAllowed)
        {
            _output.WriteLine($"SKIPPED: {LongVariable} is not 1");
            return;
        }

        using var net = new NetworkNamespaces(3);
        act(net);
    }

    private NodeProcess[] Form(NetworkNamespaces net)
    {
        NodeProcess Node(int i, params string[] join) => Start(["--listen", NetworkNamespaces.Host(i) + ":21000", "--insecure", .. join], net.On(i));
        var first = Node(0);
        first.WaitFor("up", first.Address, Soon);
        NodeProcess[] nodes = [first, Node(1, "--join", first.Address), Node(2, "--join", first.Address)];
        Await(nodes);
        return nodes;
    }

    private void OthersGoOnWithoutTheFirst(NodeProcess[] nodes)
    {
        var clock = Stopwatch.StartNew();
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

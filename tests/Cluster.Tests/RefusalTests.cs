using System.Net;
using System.Net.Sockets;
using Xunit.Abstractions;

namespace ActorMultiscale.Tests.Cluster;

/// <summary>Who is not let in, and how the program says so.</summary>
public sealed class RefusalTests(ITestOutputHelper output) : ClusterStand(output)
{
    [Fact]
    public void A_node_on_another_machine_is_refused_unless_it_is_allowed()
    {
        var first = Start();
        first.WaitFor("up", first.Address, Soon);

        // Without vectors the runtime gives other bits: for the cluster that is another machine.
        var other = Start(["--join", first.Address], under: null, ("DOTNET_EnableHWIntrinsic", "0"));
        var (code, _) = other.WaitForExit(Soon);
        Assert.Equal(8, code);
        Assert.Contains("vectors of 128 bit", other.Process.Error, StringComparison.Ordinal);
        Assert.Contains("--other-machine allows that", other.Process.Error, StringComparison.Ordinal);
        Assert.Equal([first.Address], Members(first).Keys);

        Await(first, Start(["--join", first.Address, "--other-machine"], under: null, ("DOTNET_EnableHWIntrinsic", "0")));
    }

    [Fact]
    public void A_cluster_that_is_not_there_ends_with_7()
    {
        // A port that is nobody's for as long as it is held, and not listened to.
        using var held = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        held.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var nobody = held.LocalEndPoint!.ToString()!;

        var (code, _, error) = Host("nodes", "--cluster", nobody);
        Assert.Equal(7, code);
        Assert.Contains($"No node answers at {nobody}", error, StringComparison.Ordinal);

        var node = Start("--join", nobody, "--join-within", "3");
        Assert.Equal(7, node.WaitForExit(Soon).Code);
        Assert.Contains($"No node answers at {nobody} within 3 s", node.Process.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Whoever reaches 10.0.0.5:21000 could control the node", "node", "--listen", "10.0.0.5:21000")]
    [InlineData("0.0.0.0 is none", "node", "--listen", "0.0.0.0:21000")]
    [InlineData("IPv6 addresses are not supported", "node", "--listen", "[::1]:21000")]
    [InlineData("the port is a whole number", "node", "--join", "localhost:seventy")]
    [InlineData("lacks the port", "node", "--join", "localhost")]
    [InlineData("is no name of a role", "node", "--role", "MD!")]
    [InlineData("'Ours' is no name of a cluster", "node", "--cluster-name", "Ours")]
    [InlineData("--join-within takes seconds", "node", "--join-within", "-1")]
    [InlineData("cannot be read", "node", "--certificates", "not-there")]
    [InlineData("Nothing can listen on 203.0.113.7:21000", "node", "--listen", "203.0.113.7:21000", "--insecure")]
    [InlineData("'--cluster' is required", "nodes")]
    [InlineData("neither an IPv4 address nor the name of a host", "certificates", "folder", "--host", "../evil")]
    public void A_node_that_cannot_be_started_so_says_why_and_ends_with_2(string says, params string[] arguments)
    {
        var (code, text, error) = Host(arguments);
        Assert.True(code == 2, $"{code}: {text} {error}");
        Assert.Contains(says, error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }
}

using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Xunit.Abstractions;

namespace ActorMultiscale.Tests.Cluster;

/// <summary>How nodes come and go. The limits are those of the page on nodes, with room for a machine that does other things too.</summary>
public sealed class MembershipTests(ITestOutputHelper output) : ClusterStand(output)
{
    [Fact]
    public void Nodes_form_a_cluster_and_one_that_is_told_to_end_leaves()
    {
        var first = Start("--role", "coordinator", "--health", "127.0.0.1:20871");
        NodeProcess[] nodes = [first, Start("--role", "md", "--role", "continuum", "--join", first.Address), Start("--join", first.Address)];
        Await(nodes);
        Assert.All(nodes, node => Assert.InRange(int.Parse(node.Address.Split(':')[1], System.Globalization.CultureInfo.InvariantCulture), 1024, 32767));

        var list = JsonDocument.Parse(Host("nodes", "--cluster", nodes[1].Address, "--json").Out).RootElement.EnumerateArray().ToList();
        Assert.Equal(nodes.Select(n => n.Address).Order(StringComparer.Ordinal), list.Select(n => n.GetProperty("address").GetString()));
        Assert.All(list, node =>
        {
            Assert.Equal("up", node.GetProperty("status").GetString());
            Assert.Equal(Environment.ProcessorCount, node.GetProperty("cores").GetInt32());
            Assert.InRange(node.GetProperty("load").GetDouble(), 0, 1);
            Assert.True(node.GetProperty("memoryBytes").GetInt64() > 100_000);
            Assert.InRange(node.GetProperty("uptime").GetDouble(), 0.1, 120);
            Assert.True(node.GetProperty("lag").GetProperty("timers").GetDouble() >= 0);
            Assert.Equal(0, node.GetProperty("refused").GetInt64());
        });
        Assert.Equal(["continuum", "md"], list.Single(n => n.GetProperty("address").GetString() == nodes[1].Address).GetProperty("roles").EnumerateArray().Select(r => r.GetString()));
        Assert.Contains(nodes[2].Address, Host("nodes", "--cluster", first.Address).Out, StringComparison.Ordinal);

        using var http = new HttpClient { BaseAddress = new Uri("http://127.0.0.1:20871") };
        HttpStatusCode Ask(string path) => http.Send(new HttpRequestMessage(HttpMethod.Get, path)).StatusCode;
        Assert.Equal(HttpStatusCode.OK, Ask("/healthz/live"));
        Assert.Equal(HttpStatusCode.OK, Ask("/healthz/ready"));
        Assert.Equal(HttpStatusCode.NotFound, Ask("/"));

        nodes[2].Process.Signal("TERM");
        var (code, after) = nodes[2].WaitForExit(Soon);
        Say("a node that is told to end has ended", after);
        Assert.Equal(0, code);
        Assert.InRange(after, TimeSpan.Zero, TimeSpan.FromSeconds(5.5));
        foreach (var node in nodes[..2])
        {
            node.WaitFor("member-leaving", nodes[2].Address, Soon);
            node.WaitFor("member-removed", nodes[2].Address, Soon);
            Assert.False(node.Says("member-unreachable", nodes[2].Address));
        }
    }

    [Fact]
    public void A_node_that_is_killed_is_removed_by_the_others_and_may_come_again()
    {
        var nodes = Form(3);
        var clock = Stopwatch.StartNew();
        nodes[2].Process.Kill();
        nodes[0].WaitFor("member-unreachable", nodes[2].Address, Soon);
        Say("a node that was killed is unreachable", clock.Elapsed);

        // On a machine that is busy with other things it may be removed by the time that somebody asks.
        Assert.Equal("unreachable", Members(nodes[0]).GetValueOrDefault(nodes[2].Address, "unreachable"));
        foreach (var node in nodes[..2])
        {
            node.WaitFor("member-removed", nodes[2].Address, Soon);
        }

        Say("a node that was killed is removed", clock.Elapsed);
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(20));
        clock.Restart();
        Await(nodes[0], nodes[1], Start("--listen", nodes[2].Address, "--join", nodes[0].Address));
        Say("it is up again", clock.Elapsed);
    }

    [Fact]
    public void What_is_left_of_a_cluster_without_most_of_its_nodes_ends_by_itself()
    {
        var nodes = Form(3);
        var clock = Stopwatch.StartNew();
        nodes[1].Process.Kill();
        nodes[2].Process.Kill();
        var (code, _) = nodes[0].WaitForExit(Soon);
        Say("the one that is left has ended", clock.Elapsed);
        Assert.Equal(9, code);
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(25));
    }

    [Fact]
    public void A_node_that_stood_still_for_15_seconds_is_removed_and_ends_when_it_wakes()
    {
        var nodes = Form(3);
        var clock = Stopwatch.StartNew();
        nodes[2].Process.Signal("STOP");
        nodes[0].WaitFor("member-removed", nodes[2].Address, Soon);
        Say("a node that stands still is removed", clock.Elapsed);
        Thread.Sleep(TimeSpan.FromSeconds(Math.Max(0, 15 - clock.Elapsed.TotalSeconds)));
        clock.Restart();
        nodes[2].Process.Signal("CONT");
        var (code, after) = nodes[2].WaitForExit(Soon);
        Say("it has ended after it woke", after);
        Assert.Equal(9, code);
        Assert.InRange(after, TimeSpan.Zero, TimeSpan.FromSeconds(20));
        Assert.Equal(2, Members(nodes[0]).Count);
    }

    [Fact]
    public void Nobody_is_taken_for_dead_while_all_cores_are_busy()
    {
        // A minute, where somebody has the time.
        var time = TimeSpan.FromSeconds(IsLongAllowed ? 60 : 20);
        var nodes = Form(3);
        var clock = Stopwatch.StartNew();
        var threads = Enumerable.Range(0, 2 * Environment.ProcessorCount).Select(_ => new Thread(() =>
        {
            while (clock.Elapsed < time)
            {
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        var lag = JsonDocument.Parse(Host("nodes", "--cluster", nodes[0].Address, "--json").Out).RootElement.EnumerateArray().Max(n => n.GetProperty("lag").GetProperty("greatest").GetDouble());
        Say("the greatest lag of a node in the last seconds", TimeSpan.FromSeconds(lag));
        foreach (var node in nodes)
        {
            Assert.False(node.Process.HasExited);
            Assert.DoesNotContain("member-unreachable", node.Process.Out, StringComparison.Ordinal);
        }
    }
}

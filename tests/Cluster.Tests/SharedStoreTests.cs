using System.Text.Json;
using ActorMultiscale.Host;
using ActorMultiscale.Testing;
using ActorMultiscale.Tests.Host;
using Xunit.Abstractions;

namespace ActorMultiscale.Tests.Cluster;

/// <summary>Two clusters whose runs are in one store: a PostgreSQL database, where there is one to be had.</summary>
public sealed class SharedStoreTests(PostgresServer server, ITestOutputHelper output) : ClusterStand(output), IClassFixture<PostgresServer>
{
    [Fact]
    public void Clusters_of_one_store_keep_apart_and_a_stop_of_which_the_store_knows_nothing_is_told_so()
    {
        var isServer = PostgresServer.Missing is null;
        Store = isServer ? server.NewDatabase() : Store;
        var one = Start("--cluster-name", "one");
        one.WaitFor("up", one.Address, Soon);
        var (code, _, error) = Host("run", HostProcess.Experiment("oscillator.conf"), "--name", "run", "--store", Store, "--cluster", one.Address, "--detach", "--quiet", "--until", "100000 s");
        Assert.True(code == 0, $"{code}: {error}");

        // The keeper of this one looks for what it is to keep as soon as it is there, and answers when it has looked.
        var two = Start("--cluster-name", "two");
        two.WaitFor("up", two.Address, Soon);
        (code, _, error) = Host("attach", "run", "--store", Store, "--cluster", two.Address);
        Assert.Equal(2, code);
        Assert.Contains("the cluster 'two' does not carry 'run' out; the cluster 'one' does", error, StringComparison.Ordinal);
        (code, var text, error) = Host("nodes", "--cluster", one.Address, "--json");
        Assert.True(code == 0, $"{code}: {error}");
        var node = Assert.Single(JsonDocument.Parse(text).RootElement.EnumerateArray());
        Assert.Equal("one", node.GetProperty("cluster").GetString());
        Assert.Equal(1, Assert.Single(node.GetProperty("sites").EnumerateArray()).GetProperty("epoch").GetInt32());

        if (isServer)
        {
            server.Stop();
        }

        using (var stop = HostProcess.Start(Folder, "stop", "run", "--cluster", one.Address))
        {
            if (isServer)
            {
                Assert.True(SpinWait.SpinUntil(() => stop.Error.Contains("the store is away, and does not know yet", StringComparison.Ordinal), Soon), stop.Error);
                Assert.False(stop.HasExited);
                server.Start();
            }

            (code, _, error) = stop.Wait();
        }

        Assert.True(code == 0, $"{code}: {error}");
        Assert.Contains("'run' is over", error, StringComparison.Ordinal);
        using var store = RunCatalog.Of(Store).Open("run");
        Assert.Null(store.KeptBy);
    }
}

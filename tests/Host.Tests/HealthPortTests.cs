using System.Net.Sockets;
using ActorMultiscale.Actors.Cluster;
using ActorMultiscale.Host;

namespace ActorMultiscale.Tests.Host;

/// <summary>Whoever supervises a node is answered, whoever else calls.</summary>
public sealed class HealthPortTests
{
    [Fact]
    public async Task Callers_who_say_nothing_keep_nobody_waiting()
    {
        using var port = new HealthPort(new NodeAddress("127.0.0.1", 0), () => true, () => false);
        List<TcpClient> silent = [.. Enumerable.Range(0, 10).Select(_ => new TcpClient("127.0.0.1", port.Port))];

        // One after the other they would take a second each.
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port.Port}"), Timeout = TimeSpan.FromSeconds(5) };
        Assert.Equal("live\n", await http.GetStringAsync("/healthz/live"));
        Assert.Equal(System.Net.HttpStatusCode.ServiceUnavailable, (await http.GetAsync(new Uri("/healthz/ready", UriKind.Relative))).StatusCode);
        silent.ForEach(client => client.Dispose());
    }
}

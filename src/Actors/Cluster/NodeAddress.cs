using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Akka.Actor;

namespace ActorMultiscale.Actors.Cluster;

/// <summary>Where a node listens, and by which others know it.</summary>
/// <param name="Host">An IPv4 address or the name of a host.</param>
/// <param name="Port">A TCP port; 0 where any will do.</param>
public readonly record struct NodeAddress(string Host, int Port)
{
    // Ports from 32768 on are given out by the system itself: one that was free a moment ago may be taken by a connection.
    private const int FirstPort = 21000;
    private const int Ports = 11000;

    /// <summary>Whether only this machine can reach it.</summary>
    public bool IsLoopback => Host == "localhost" || (IPAddress.TryParse(Host, out var address) && IPAddress.IsLoopback(address));

    /// <summary>Reads <c>host:port</c>, or <c>host</c> for any port.</summary>
    public static bool TryParse(string text, out NodeAddress address, [NotNullWhen(false)] out string? fault)
    {
        ArgumentNullException.ThrowIfNull(text);
        address = default;
        fault = null;
        var colon = text.LastIndexOf(':');
        var (host, port) = colon < 0 ? (text, "0") : (text[..colon], text[(colon + 1)..]);
        if (host.Contains(':', StringComparison.Ordinal))
        {
            fault = $"'{text}' is no address of a node: IPv6 addresses are not supported; give an IPv4 address or a name, such as 10.0.0.5:21000.";
        }
        else if (Uri.CheckHostName(host) is not (UriHostNameType.IPv4 or UriHostNameType.Dns))
        {
            fault = $"'{text}' is no address of a node; it looks like 10.0.0.5:21000 or node-1.example:21000.";
        }
        else if (!ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            fault = $"'{text}' is no address of a node: the port is a whole number from 1 to 65535, found '{port}'.";
        }
        else
        {
            address = new NodeAddress(host, number);
        }

        return fault is null;
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Host}:{Port}");

    /// <summary>Free ports of the host, which is this machine; tried from a place of its own for each process.</summary>
    /// <exception cref="NodeStartException">The host is not this machine.</exception>
    public IEnumerable<NodeAddress> Free()
    {
        var from = Environment.ProcessId % Ports;
        for (var i = 0; i < Ports; i++)
        {
            var address = this with { Port = FirstPort + ((from + i) % Ports) };
            if (address.IsFree())
            {
                yield return address;
            }
        }
    }

    internal static NodeAddress Of(Address address) => new(address.Host ?? "", address.Port ?? 0);

    internal Address ToAkka(bool isSecure) => new(isSecure ? "akka.ssl.tcp" : "akka.tcp", ClusterNode.SystemName, Host, Port);

    private bool IsFree()
    {
        try
        {
            var at = IPAddress.TryParse(Host, out var parsed) ? parsed : Dns.GetHostAddresses(Host, AddressFamily.InterNetwork)[0];
            using var listener = new TcpListener(at, Port);
            listener.Start();
            return true;
        }
        catch (SocketException fault) when (fault.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            return false;
        }
        catch (Exception fault) when (fault is SocketException or IndexOutOfRangeException)
        {
            throw new NodeStartException($"Nothing can listen on '{Host}': {fault.Message}. It has to be an address of this machine.");
        }
    }
}

/// <summary>A node cannot be started as it was told to.</summary>
public sealed class NodeStartException(string message) : Exception(message);

using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace ActorMultiscale.Host.Interop.IPi;

/// <summary>Where an i-PI server listens: <c>host:port</c>, or <c>unix:NAME</c> for the socket <c>/tmp/ipi_NAME</c>.</summary>
/// <param name="Text">As the user wrote it.</param>
/// <param name="EndPoint">The end point.</param>
public sealed record IPiAddress(string Text, EndPoint EndPoint)
{
    // The prefix that i-PI, LAMMPS and ASE all put before a name.
    private const string Prefix = "/tmp/ipi_";

    /// <summary>The path of a UNIX socket; null for TCP.</summary>
    public string? SocketPath => Text.StartsWith("unix:", StringComparison.Ordinal) ? PathOf(Text[5..]) : null;

    /// <summary>Reads an address.</summary>
    /// <exception cref="FormatException">It is none; the message says what is allowed.</exception>
    public static IPiAddress Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.StartsWith("unix:", StringComparison.Ordinal) && text.Length > 5)
        {
            // The kernel's limit on the length of a socket's path is 107 bytes.
            return PathOf(text[5..]).Length <= 107
                ? new(text, new UnixDomainSocketEndPoint(PathOf(text[5..])))
                : throw new FormatException($"The name in '{text}' is too long for a socket; at most 98 characters are allowed.");
        }

        var colon = text.LastIndexOf(':');
        if (colon > 0 && int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and <= 65535)
        {
            var host = text[..colon];
            return new(text, host == "localhost" ? new IPEndPoint(IPAddress.Loopback, port)
                : IPAddress.TryParse(host, out var address) ? new IPEndPoint(address, port) : new DnsEndPoint(host, port));
        }

        throw new FormatException($"'{text}' is no i-PI address. Allowed are host:port, such as localhost:31415, and unix:NAME, which stands for the socket {Prefix}NAME.");
    }

    /// <summary>A socket of the right family.</summary>
    internal Socket CreateSocket() => SocketPath is null
        ? new Socket(EndPoint.AddressFamily == AddressFamily.InterNetworkV6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true }
        : new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    private static string PathOf(string name) => name.StartsWith('/') ? name : Prefix + name;
}

using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using ActorMultiscale.Actors.Cluster;

namespace ActorMultiscale.Host;

/// <summary>
/// Answers whoever supervises a node, over HTTP: <c>GET /healthz/live</c> is 200 while its actors run, <c>GET /healthz/ready</c> while it is a member; otherwise 503.
/// Neither asks a database, a peer or the pool of the runtime: a node is not ended because something else is ill. Each caller has a thread and little time; of more callers than there are
/// threads the rest is sent away.
/// </summary>
public sealed class HealthPort : IDisposable
{
    private const int LongestRequest = 4096;
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(1);
    private const int MostCallers = 16;
    private readonly SemaphoreSlim _callers = new(MostCallers);
    private readonly TcpListener _listener;
    private readonly Func<bool> _isLive;
    private readonly Func<bool> _isReady;
    private volatile bool _isDisposed;

    /// <summary>Listens at <paramref name="address"/>.</summary>
    /// <exception cref="NodeStartException">Nothing can listen there.</exception>
    public HealthPort(NodeAddress address, Func<bool> isLive, Func<bool> isReady)
    {
        (_isLive, _isReady) = (isLive, isReady);
        try
        {
            _listener = new TcpListener(IPAddress.TryParse(address.Host, out var at) ? at : Dns.GetHostAddresses(address.Host, AddressFamily.InterNetwork)[0], address.Port);
            _listener.Start();
        }
        catch (Exception fault) when (fault is SocketException or IndexOutOfRangeException)
        {
            throw new NodeStartException($"The health of the node cannot be told at {address}: {fault.Message}.");
        }

        new Thread(Serve) { IsBackground = true, Name = "health" }.Start();
    }

    /// <summary>The port.</summary>
    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <inheritdoc/>
    public void Dispose()
    {
        _isDisposed = true;
        _listener.Dispose();
    }

    private void Serve()
    {
        while (true)
        {
            Socket caller;
            try
            {
                caller = _listener.AcceptSocket();
            }
            catch (Exception fault) when (fault is SocketException or ObjectDisposedException or InvalidOperationException)
            {
                if (_isDisposed)
                {
                    return;
                }

                Thread.Sleep(100);      // Whoever called hung up, or the process has no handle free: not for ever.
                continue;
            }

            if (!_callers.Wait(0))
            {
                caller.Dispose();
                continue;
            }

            new Thread(() => Meet(caller)) { IsBackground = true, Name = "health of one" }.Start();
        }
    }

    private void Meet(Socket caller)
    {
        try
        {
            using (caller)
            {
                Answer(caller);
            }
        }
        catch (SocketException)
        {
            // Whoever asked is gone, or too slow.
        }
        finally
        {
            _callers.Release();
        }
    }

    private void Answer(Socket caller)
    {
        caller.ReceiveTimeout = caller.SendTimeout = (int)_patience.TotalMilliseconds;
        var began = TimeProvider.System.GetTimestamp();
        var bytes = new byte[LongestRequest];
        var length = 0;
        while (length < bytes.Length && TimeProvider.System.GetElapsedTime(began) < _patience && caller.Receive(bytes, length, bytes.Length - length, SocketFlags.None) is > 0 and var more)
        {
            length += more;
            if (bytes.AsSpan(0, length).IndexOf("\r\n\r\n"u8) >= 0)
            {
                break;
            }
        }

        var line = Encoding.ASCII.GetString(bytes, 0, Math.Max(0, bytes.AsSpan(0, length).IndexOf("\r\n"u8))).Split(' ');
        var (status, text) = line switch
        {
            ["GET" or "HEAD", "/healthz/live", _] => Verdict(_isLive(), "live"),
            ["GET" or "HEAD", "/healthz/ready", _] => Verdict(_isReady(), "ready"),
            ["GET" or "HEAD", _, _] => ("404 Not Found", "There is /healthz/live and /healthz/ready."),
            [_, _, _] => ("405 Method Not Allowed", "GET and HEAD are allowed."),
            _ => ("400 Bad Request", "This is no request."),
        };
        var head = string.Create(CultureInfo.InvariantCulture, $"HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {text.Length + 1}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n");
        caller.Send(Encoding.ASCII.GetBytes(line[0] == "HEAD" ? head : head + text + "\n"));
        caller.Shutdown(SocketShutdown.Send);
    }

    private static (string Status, string Text) Verdict(bool isSo, string what) => isSo ? ("200 OK", what) : ("503 Service Unavailable", $"not {what}");
}

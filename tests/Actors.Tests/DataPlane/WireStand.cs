using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using ActorMultiscale.Actors.DataPlane;

namespace ActorMultiscale.Tests.Actors.DataPlane;

/// <summary>Remembers what a process was told, in order, and lets tests wait for it.</summary>
internal sealed class Ear : IWireReceiver
{
    private readonly object _gate = new();
    private readonly List<WireLink> _opened = [];
    private readonly List<(WireLink Link, byte[] Bytes)> _messages = [];
    private readonly List<(WireLink Link, WireField Field)> _fields = [];
    private readonly List<(WireLink Link, string Reason)> _closed = [];
    private readonly List<string> _refused = [];
    private int _afterClosed;

    public Action<WireLink, byte[]> OnMessage { get; init; } = (_, _) => { };

    public Action<WireLink, WireField> OnField { get; init; } = (_, field) => field.Release();

    public IReadOnlyList<(WireLink Link, byte[] Bytes)> Messages => Copy(_messages);

    public IReadOnlyList<(WireLink Link, WireField Field)> Fields => Copy(_fields);

    public IReadOnlyList<(WireLink Link, string Reason)> Closed => Copy(_closed);

    public IReadOnlyList<string> Refused => Copy(_refused);

    /// <summary>What came of links that had been told as closed, or had not been told as open.</summary>
    public int OutOfTurn => Volatile.Read(ref _afterClosed);

    void IWireReceiver.Opened(WireLink link) => Add(_opened, link);

    void IWireReceiver.Received(WireLink link, ReadOnlySpan<byte> message)
    {
        var bytes = message.ToArray();
        Turn(link);
        OnMessage(link, bytes);
        Add(_messages, (link, bytes));
    }

    void IWireReceiver.Received(WireLink link, WireField field)
    {
        Turn(link);
        OnField(link, field);
        Add(_fields, (link, field));
    }

    void IWireReceiver.Closed(WireLink link, string reason) => Add(_closed, (link, reason));

    void IWireReceiver.Refused(EndPoint? from, string reason) => Add(_refused, reason);

    public WireLink Link(int at = 0)
    {
        Await(_opened, at + 1);
        return Copy(_opened)[at];
    }

    public void AwaitMessages(int count) => Await(_messages, count);

    public void AwaitFields(int count) => Await(_fields, count);

    public string AwaitClosed()
    {
        Await(_closed, 1);
        return Closed[0].Reason;
    }

    public string AwaitRefused(int count = 1)
    {
        Await(_refused, count);
        return Refused[count - 1];
    }

    private void Turn(WireLink link)
    {
        lock (_gate)
        {
            if (!_opened.Contains(link) || _closed.Any(closed => closed.Link == link))
            {
                _afterClosed++;
            }
        }
    }

    private void Add<T>(List<T> to, T what)
    {
        lock (_gate)
        {
            to.Add(what);
            Monitor.PulseAll(_gate);
        }
    }

    private void Await<T>(List<T> what, int count)
    {
        lock (_gate)
        {
            for (var until = DateTime.UtcNow.AddSeconds(20); what.Count < count;)
            {
                Assert.True(DateTime.UtcNow < until && Monitor.Wait(_gate, until - DateTime.UtcNow),
                    $"{what.Count} of {count} came; closed: {string.Join(' ', _closed.Select(c => c.Reason))} refused: {string.Join(' ', _refused)}");
            }
        }
    }

    private List<T> Copy<T>(List<T> what)
    {
        lock (_gate)
        {
            return [.. what];
        }
    }
}

/// <summary>Two processes, both in this one: site 0 listens, site 1 connects to it, or to somebody between.</summary>
internal sealed class WireStand : IDisposable
{
    private WireStand(Ear left, Ear right, WireOptions leftOptions, WireOptions rightOptions)
    {
        (Left, Right) = (left, right);
        LeftWire = Wire.Listen(leftOptions, left);
        RightWire = Wire.Listen(rightOptions, right);
    }

    public Ear Left { get; }

    public Ear Right { get; }

    public Wire LeftWire { get; }

    public Wire RightWire { get; }

    /// <summary>The link as site 0 sees it.</summary>
    public WireLink LeftLink => Left.Link();

    /// <summary>The link as site 1 sees it.</summary>
    public WireLink RightLink { get; private set; } = null!;

    public static ImmutableArray<byte> Token { get; } = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];

    public static WireOptions Options(int site) => new() { Site = site, Token = Token, Epoch = 7, Program = "1.2.3" };

    public static WireOptions Quick(int site) => Options(site) with { Beat = TimeSpan.FromSeconds(0.1) };

    /// <summary>Closes soon over a silence; not so soon that a busy machine looks like one.</summary>
    public static WireOptions Nervous(int site) => Quick(site) with { Silence = TimeSpan.FromSeconds(1.2) };

    public static WireStand Apart(Func<WireOptions, WireOptions>? with = null, Ear? left = null, Ear? right = null, Func<int, WireOptions>? options = null)
    {
        with ??= o => o;
        options ??= Options;
        return new WireStand(left ?? new Ear(), right ?? new Ear(), with(options(0)), with(options(1)));
    }

    public static async Task<WireStand> Joined(Func<WireOptions, WireOptions>? with = null, Ear? left = null, Ear? right = null, Func<int, WireOptions>? options = null, Func<IPEndPoint, Between>? between = null)
    {
        var stand = Apart(with, left, right, options);
        await stand.Join(between?.Invoke(stand.LeftWire.EndPoint).EndPoint ?? stand.LeftWire.EndPoint);
        return stand;
    }

    public async Task Join(IPEndPoint to)
    {
        RightLink = await RightWire.ConnectAsync(to, 0).WaitAsync(TimeSpan.FromSeconds(20));
        _ = LeftLink;
    }

    public void Dispose()
    {
        LeftWire.Dispose();
        RightWire.Dispose();
    }
}

/// <summary>Somebody between two processes, who passes on what they say, changed or not.</summary>
internal sealed class Between : IDisposable
{
    /// <summary>What becomes of bytes: null cuts the connection.</summary>
    /// <param name="connection">0 for messages, 1 for fields.</param>
    /// <param name="isToServer">Which way they go.</param>
    /// <param name="at">How many went that way before.</param>
    /// <param name="bytes">The bytes.</param>
    public delegate byte[]? Change(int connection, bool isToServer, long at, byte[] bytes);

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentBag<TcpClient> _clients = [];
    private readonly Change _change;

    public Between(IPEndPoint to, Change change)
    {
        _change = change;
        _listener.Start();
        EndPoint = (IPEndPoint)_listener.LocalEndpoint;
        _ = Serve(to);
    }

    public IPEndPoint EndPoint { get; }

    /// <summary>Changes one byte, at a place counted from the start of a connection.</summary>
    public static Change Flip(int connection, bool isToServer, long place) => (c, server, at, bytes) =>
    {
        if (c == connection && server == isToServer && place >= at && place < at + bytes.Length)
        {
            bytes[place - at] ^= 0x10;
        }

        return bytes;
    };

    /// <summary>Loses some bytes.</summary>
    public static Change Lose(int connection, bool isToServer, long place, int count) => (c, server, at, bytes) =>
        c == connection && server == isToServer ? [.. bytes.Where((_, i) => at + i < place || at + i >= place + count)] : bytes;

    /// <summary>Passes on what comes before a place, and hangs up.</summary>
    public static Change Cut(int connection, bool isToServer, long place) => (c, server, at, bytes) =>
        c != connection || server != isToServer ? bytes : at >= place ? null : bytes[..(int)Math.Min(bytes.Length, place - at)];

    public void Dispose()
    {
        _listener.Dispose();
        foreach (var client in _clients)
        {
            client.Dispose();
        }
    }

    private async Task Serve(IPEndPoint to)
    {
        for (var connection = 0; ; connection++)
        {
            var from = await _listener.AcceptTcpClientAsync();
            var onward = new TcpClient { NoDelay = true };
            from.NoDelay = true;
            await onward.ConnectAsync(to);
            _clients.Add(from);
            _clients.Add(onward);
            _ = Pass(connection, true, from, onward);
            _ = Pass(connection, false, onward, from);
        }
    }

    private async Task Pass(int connection, bool isToServer, TcpClient from, TcpClient to)
    {
        try
        {
            var buffer = new byte[65536];
            for (var at = 0L; await from.GetStream().ReadAsync(buffer) is var count and > 0; at += count)
            {
                if (_change(connection, isToServer, at, buffer[..count]) is not { } bytes)
                {
                    from.Dispose();
                    to.Dispose();
                    return;
                }

                await to.GetStream().WriteAsync(bytes);
            }

            to.Client.Shutdown(SocketShutdown.Send);
        }
        catch (Exception gone) when (gone is IOException or ObjectDisposedException or InvalidOperationException or SocketException)
        {
            from.Dispose();
            to.Dispose();
        }
    }
}

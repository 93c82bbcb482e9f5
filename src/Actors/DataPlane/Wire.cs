using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;

namespace ActorMultiscale.Actors.DataPlane;

/// <summary>
/// Where a process of a run meets the others: it listens, connects, and keeps the links. Connections of its own, so that however much they carry, nobody's heartbeat waits. Everything
/// happens on threads that belong to it: one that accepts, one that looks at the clock, one for each connection while it introduces itself, and those of the links.
/// </summary>
internal sealed class Wire : IDisposable
{
    // So many strangers are listened to at once; the others wait in line, from which the system takes so many.
    private const int Strangers = 64;
    private const int Line = 1024;

    // As many times as long as a stranger has, who is believed has: it may stand in line behind strangers, here or there.
    private const int Trust = 4;

    // So many are connected to at once: to wait in line is no reason to be late.
    private const int AtOnce = 16;
    private readonly Socket _listener;
    private readonly object _gate = new();
    private readonly HashSet<WireLink> _links = [];
    private readonly Dictionary<Socket, (long Since, bool IsStranger)> _guests = [];      // Connections without a link yet, and whether nobody knows who it is that has connected.
    private readonly Dictionary<Guid, (Hello Hello, WireLane Lane)> _halves = [];      // Who has, with one connection of two.
    private WireCounters _past;
    private int _connecting;
    private bool _isDisposed;
    private long _lookedAt = TimeProvider.System.GetTimestamp();       // When the clock last came by.
    private volatile bool _hasStoodStill;

    private Wire(Socket listener, WireOptions options, IWireReceiver receiver)
    {
        (_listener, Options, Receiver) = (listener, options, receiver);
        EndPoint = (IPEndPoint)listener.LocalEndPoint!;
    }

    /// <summary>Where this process listens.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Who this process is.</summary>
    public WireOptions Options { get; }

    /// <summary>The links that stand, or are about to be told as closed.</summary>
    public ImmutableArray<WireLink> Links
    {
        get
        {
            lock (_gate)
            {
                return [.. _links];
            }
        }
    }

    /// <summary>What all links have carried, those that are no more among them.</summary>
    public WireCounters Counters
    {
        get
        {
            lock (_gate)
            {
                return _links.Aggregate(_past, (sum, link) => sum + link.Counters);
            }
        }
    }

    /// <summary>
    /// Whether this process has ever stood still for longer than <see cref="WireOptions.Silence"/>: it was stopped, or its machine was. Others have given it up then. Known at once when it
    /// goes on, for it is the time since the clock last came by.
    /// </summary>
    public bool HasStoodStill => _hasStoodStill |= TimeProvider.System.GetElapsedTime(Volatile.Read(ref _lookedAt)) > Options.Silence;

    internal IWireReceiver Receiver { get; }

    /// <summary>Listens.</summary>
    /// <param name="options">Who this process is.</param>
    /// <param name="receiver">What it does with what comes.</param>
    /// <param name="at">Where; null for some free port that only this machine reaches.</param>
    /// <exception cref="ArgumentException">The options make no sense.</exception>
    /// <exception cref="WireException">Nobody can listen there.</exception>
    public static Wire Listen(WireOptions options, IWireReceiver receiver, IPEndPoint? at = null)
    {
        options.Check();
        at ??= new IPEndPoint(IPAddress.Loopback, 0);
        var listener = new Socket(at.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            listener.Bind(at);
            listener.Listen(Line);
        }
        catch (SocketException fault)
        {
            listener.Dispose();
            throw new WireException($"Nobody can listen at {at}: {fault.Message}", fault);
        }

        var wire = new Wire(listener, options, receiver);
        Run("accepts", wire.Accept, options);
        Run("clock", wire.Watch, options);
        return wire;
    }

    /// <summary>Makes a link to another process.</summary>
    /// <param name="to">Where it listens: the address of a host, or its name. With certificates its own must be for that host.</param>
    /// <param name="site">Which process it is expected to be.</param>
    /// <returns>Ends with the link; fails with a <see cref="WireException"/> that says why there is none.</returns>
    public Task<WireLink> ConnectAsync(EndPoint to, int site)
    {
        var made = new TaskCompletionSource<WireLink>(TaskCreationOptions.RunContinuationsAsynchronously);
        Run($"connects to {site}", () =>
        {
            try
            {
                made.SetResult(ConnectInTurn(to, site));
            }
            catch (Exception fault)
            {
                made.SetException(fault as WireException ?? new WireException($"No link to site {site} at {to}: {fault.Message}", fault));
            }
        }, Options);
        return made.Task;
    }

    /// <summary>Listens no more, and closes all links; the receiver is told of each.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
            foreach (var guest in _guests.Keys)
            {
                guest.Dispose();
            }

            Monitor.PulseAll(_gate);
        }

        _listener.Dispose();
        foreach (var link in Links)
        {
            link.Close("The process takes no further part in the run.");
        }
    }

    internal void Forget(WireLink link)
    {
        lock (_gate)
        {
            if (_links.Remove(link))
            {
                _past += link.Counters;
            }
        }
    }

    private void Accept()
    {
        while (true)
        {
            Socket socket;
            try
            {
                socket = _listener.Accept();
            }
            catch (Exception fault) when (WireLane.IsBroken(fault))
            {
                lock (_gate)
                {
                    // Whoever hung up too soon, or a process without a free handle: not for ever.
                    if (_isDisposed || Monitor.Wait(_gate, 100) && _isDisposed)
                    {
                        return;
                    }
                }

                continue;
            }

            var from = Remote(socket);
            lock (_gate)
            {
                while (!_isDisposed && _guests.Values.Count(guest => guest.IsStranger) >= Strangers)
                {
                    Monitor.Wait(_gate);
                }
            }

            if (!Enter(socket, isStranger: true))
            {
                socket.Dispose();
                return;
            }

            Run($"meets {from}", () => Meet(socket, from), Options);
        }
    }

    // On a thread of its own: who connects may say nothing at all.
    private void Meet(Socket socket, EndPoint? from)
    {
        var (lane, pair) = ((WireLane?)null, (WireLane?)null);
        try
        {
            lane = WireLane.Of(socket, Options.Certificates, host: null);
            var hello = Hello.Read(lane.Stream);
            var (refusal, first) = (hello.Refusal(Options), ((Hello Hello, WireLane Lane)?)null);
            if (refusal is null)
            {
                (refusal, first) = Pair(hello, lane);
                pair = first?.Lane;
            }

            try
            {
                lane.Stream.Write(new Answer(Options.Site, Options.FieldBudget, refusal ?? "").ToBytes());
            }
            catch when (refusal is null && !hello.IsOfFields)
            {
                lock (_gate)
                {
                    _halves.Remove(hello.Link);
                }

                throw;
            }

            if (refusal is not null)
            {
                lane.Shutdown(SocketShutdown.Send);
                throw new InvalidDataException(refusal);
            }

            if (first is { } messages)
            {
                if (!Leave(socket) | !Leave(messages.Lane.Socket))
                {
                    throw new InvalidDataException("Its second connection came too late.");
                }

                Begin(new WireLink(this, hello.Site, messages.Lane, lane, hello.Budget));
            }
        }
        catch (Exception fault)
        {
            // Whatever a stranger makes of the connection, or of its certificate, ends with the connection.
            var isLate = !Leave(socket);
            socket.Dispose();
            lane?.Dispose();
            pair?.Dispose();
            Refuse(from, isLate ? Late : fault is InvalidDataException ? fault.Message : $"The connection broke before it had said who it is: {fault.Message}");
        }
    }

    private string Late => FormattableString.Invariant($"It did not say who it is within {Options.Patience.TotalSeconds:0.###} s.");

    private string Unanswered => FormattableString.Invariant($"Nobody answered within {Trust * Options.Patience.TotalSeconds:0.###} s.");

    // The connection for messages comes first, and waits for that for fields, which then makes the link.
    private (string? Refusal, (Hello, WireLane)? First) Pair(Hello hello, WireLane lane)
    {
        lock (_gate)
        {
            if (!hello.IsOfFields)
            {
                if (!_halves.TryAdd(hello.Link, (hello, lane)))
                {
                    return ("A link of that number is being made already.", null);
                }

                // Who is known keeps nobody out, least of all its own second connection.
                if (_guests.TryGetValue(lane.Socket, out var guest))
                {
                    _guests[lane.Socket] = guest with { IsStranger = false };
                    Monitor.PulseAll(_gate);
                }

                return (null, null);
            }

            return _halves.TryGetValue(hello.Link, out var first) && first.Hello == hello with { IsOfFields = false, Token = first.Hello.Token } && _halves.Remove(hello.Link)
                ? (null, first)
                : ("It comes for fields, and none has come for messages before.", null);
        }
    }

    private WireLink ConnectInTurn(EndPoint to, int site)
    {
        lock (_gate)
        {
            while (_connecting >= AtOnce && !_isDisposed)
            {
                Monitor.Wait(_gate);
            }

            _connecting++;
        }

        try
        {
            return Connect(to, site);
        }
        finally
        {
            lock (_gate)
            {
                _connecting--;
                Monitor.PulseAll(_gate);
            }
        }
    }

    private WireLink Connect(EndPoint to, int site)
    {
        var hello = new Hello(false, Options.Site, site, Options.Epoch, Options.Token, Guid.NewGuid(), Options.FieldBudget, Options.Program);
        var (messages, _) = Introduce(to, hello);
        try
        {
            var (fields, answer) = Introduce(to, hello with { IsOfFields = true });
            var link = new WireLink(this, answer.Site, messages, fields, answer.Budget);
            return Begin(link) ? link : throw new WireException("This process takes no further part in the run.");
        }
        catch
        {
            messages.Dispose();
            throw;
        }
    }

    private (WireLane Lane, Answer Answer) Introduce(EndPoint to, Hello hello)
    {
        var socket = to is IPEndPoint { AddressFamily: var family } ? new Socket(family, SocketType.Stream, ProtocolType.Tcp) : new Socket(SocketType.Stream, ProtocolType.Tcp);
        WireLane? lane = null;
        try
        {
            if (!Enter(socket, isStranger: false))
            {
                throw new InvalidDataException("This process takes no further part in the run.");
            }

            socket.Connect(to);
            lane = WireLane.Of(socket, Options.Certificates, to is DnsEndPoint named ? named.Host : ((IPEndPoint)to).Address.ToString());
            lane.Stream.Write(hello.ToBytes());
            var answer = Answer.Read(lane.Stream);
            return answer switch
            {
                { Reason.Length: > 0 } => throw new InvalidDataException(answer.Reason),
                _ when answer.Site != hello.To => throw new InvalidDataException($"It is site {answer.Site}."),
                _ when answer.Budget <= 0 => throw new InvalidDataException($"It takes {answer.Budget} bytes of fields."),
                _ when !Leave(socket) => throw new IOException(Unanswered),
                _ => (lane, answer),
            };
        }
        catch (Exception fault)
        {
            var isLate = !Leave(socket) && fault is not InvalidDataException;
            socket.Dispose();
            lane?.Dispose();
            throw new WireException($"No link to site {hello.To} at {to}: {(isLate ? Unanswered : fault.Message)}", fault);
        }
    }

    private bool Begin(WireLink link)
    {
        lock (_gate)
        {
            if (_isDisposed)
            {
                link.Abort();
                return false;
            }

            _links.Add(link);
        }

        link.Start();
        return true;
    }

    private void Refuse(EndPoint? from, string reason)
    {
        lock (_gate)
        {
            _past += new WireCounters { Refused = 1 };
        }

        Receiver.Refused(from, reason);
    }

    private bool Enter(Socket socket, bool isStranger)
    {
        lock (_gate)
        {
            return !_isDisposed && _guests.TryAdd(socket, (TimeProvider.System.GetTimestamp(), isStranger));
        }
    }

    // False where its time was over, and the socket is gone.
    private bool Leave(Socket socket)
    {
        lock (_gate)
        {
            Monitor.PulseAll(_gate);
            return _guests.Remove(socket);
        }
    }

    // The clock: ends when the last link has.
    private void Watch()
    {
        var period = TimeSpan.FromTicks(Math.Clamp(Options.Beat.Ticks / 4, TimeSpan.TicksPerMillisecond, TimeSpan.TicksPerSecond / 4));
        while (true)
        {
            List<WireLane> lost = [];
            lock (_gate)
            {
                if (_isDisposed && _links.Count == 0)
                {
                    return;
                }

                Monitor.Wait(_gate, period);
                _ = HasStoodStill;
                Volatile.Write(ref _lookedAt, TimeProvider.System.GetTimestamp());
                foreach (var late in _guests.Where(guest => TimeProvider.System.GetElapsedTime(guest.Value.Since) > (guest.Value.IsStranger ? 1 : Trust) * Options.Patience).Select(guest => guest.Key).ToList())
                {
                    _guests.Remove(late);
                    late.Dispose();
                    Monitor.PulseAll(_gate);
                    if (_halves.FirstOrDefault(half => half.Value.Lane.Socket == late) is { Value.Lane: { } lane } half)
                    {
                        _halves.Remove(half.Key);
                        lost.Add(lane);
                    }
                }
            }

            foreach (var lane in lost)
            {
                lane.Dispose();
                Refuse(null, "Its connection for messages came, and that for fields did not.");
            }

            foreach (var link in Links)
            {
                link.Tick();
            }
        }
    }

    private static EndPoint? Remote(Socket socket)
    {
        try
        {
            return socket.RemoteEndPoint;
        }
        catch (SocketException)
        {
            return null;
        }
    }

    private static void Run(string what, Action work, WireOptions options) =>
        new Thread(() => work()) { IsBackground = true, Name = $"wire {options.Site} {what}", Priority = ThreadPriority.AboveNormal }.Start();
}

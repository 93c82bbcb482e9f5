using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Host.Interop.External;

/// <summary>
/// A peer that has joined: one question at a time, one answer to each, over one connection. Whatever goes wrong with it is a
/// <see cref="SolverLostException"/>, and then it is ended; what it says against a question is a <see cref="ScaleModelException"/>,
/// and it lives on.
/// </summary>
internal sealed class ExternalPeer : IDisposable
{
    /// <summary>Says where the peer finds the program.</summary>
    public const string AddressVariable = "ACTORMULTISCALE_ADDRESS";

    /// <summary>Says by what word the program knows the peer.</summary>
    public const string TokenVariable = "ACTORMULTISCALE_TOKEN";

    /// <summary>The version of the protocol. A peer of another version is refused.</summary>
    public const int Version = 1;

    private const int Magic = 0x58534D41;               // "AMSX"
    private const int LongestHello = 1 << 26;
    private const int LongestFrame = 1 << 30;
    private static readonly TimeSpan _helloLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan _shutDownLimit = TimeSpan.FromSeconds(1);

    private readonly ExternalSettings _settings;
    private readonly ExternalProcess? _process;
    private readonly TcpListener _listener;
    private readonly FrameWriter _writer = new();
    private readonly string _token;
    private Socket? _socket;
    private byte[] _answer = new byte[1024];
    private int _length;
    private int _state = 1;                             // 0 free, 1 busy, 2 ended.

    /// <summary>Opens the address and starts the program, if there is one to start. <see cref="Join"/> lets it in.</summary>
    public ExternalPeer(ExternalSettings settings)
    {
        _settings = settings;
        _token = settings.Program is not null
            ? Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16))
            : Environment.GetEnvironmentVariable(TokenVariable) is { Length: >= 8 } given
                ? given
                : throw new SolverLostException($"'{settings.Name}' waits for a peer at {settings.Listen}, and nothing says by what word it knows it. Set the environment variable {TokenVariable}, here and for the peer, to the same 8 characters or more.");
        _listener = new TcpListener(settings.Listen ?? new IPEndPoint(IPAddress.Loopback, 0));
        try
        {
            _listener.Start();
        }
        catch (SocketException fault)
        {
            throw new SolverLostException($"'{settings.Name}' cannot wait for its peer at {settings.Listen}: {fault.Message}. Does another program, or another participant, listen there?", fault);
        }

        if (settings.Program is { } program)
        {
            try
            {
                _process = new ExternalProcess(program, (AddressVariable, _listener.LocalEndpoint.ToString()!), (TokenVariable, _token));
            }
            catch (SolverLostException)
            {
                _listener.Dispose();
                throw;
            }
        }
    }

    /// <summary>Whether it was ended, by us or by a fault.</summary>
    public bool IsLost => Volatile.Read(ref _state) == 2;

    /// <summary>Waits until the peer has joined, and compares what it says of itself with the experiment.</summary>
    /// <exception cref="SolverLostException">It does not come, comes in another version, or is another than the experiment describes.</exception>
    public void Join()
    {
        var clock = Stopwatch.StartNew();
        var refused = "";
        while (true)
        {
            if (_state == 2)
            {
                throw Lost("it was ended before it joined");
            }

            if (_process is { HasExited: true })
            {
                throw Lost($"it ended before it joined{refused}", "The program is probably no peer, or did not get as far as joining.");
            }

            if (clock.Elapsed > _settings.StartLimit)
            {
                throw Lost(Text($"nobody joined at {_listener.LocalEndpoint} within {_settings.StartLimit.TotalSeconds} s{refused}"), "The program probably does not join, or not with the address and the token of its environment; 'start-limit' gives it more time.");
            }

            Socket? guest = null;
            try
            {
                if (!_listener.Server.Poll(TimeSpan.FromMilliseconds(20), SelectMode.SelectRead))
                {
                    continue;
                }

                guest = _listener.AcceptSocket();
                guest.NoDelay = true;
                if (Welcome(guest) is not { } fault)
                {
                    break;
                }

                // A stranger, who does not know the word: the peer itself may still come.
                refused = $"; someone else was turned away: {fault}";
                guest.Dispose();
            }
            catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
            {
                guest?.Dispose();
                refused = $"; someone was turned away: {fault.Message}";
            }
        }

        _listener.Dispose();
        Interlocked.CompareExchange(ref _state, 0, 1);
    }

    // Null where the guest is the peer, else why not. A peer that knows the word but does not fit is a fault.
    private string? Welcome(Socket guest)
    {
        string? token;
        try
        {
            Receive(guest, Stopwatch.StartNew(), _helloLimit, LongestHello);
            var hello = new FrameReader(_answer.AsSpan(1, _length - 1));
            if ((FrameKind)_answer[0] != FrameKind.Hello || hello.Int32("its magic number") != Magic)
            {
                return "what it said first is no greeting of this protocol";
            }

            var version = hello.Int32("its version");
            token = hello.Text("its token");
            if (!CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(token), Encoding.UTF8.GetBytes(_token)))
            {
                return "it does not know the token";
            }

            lock (_writer)
            {
                ObjectDisposedException.ThrowIf(_state == 2, this);
                _socket = guest;
            }

            if (version != Version)
            {
                Refuse(Text($"it speaks version {version} of the protocol, and this program speaks version {Version}"), "Its client file is probably of another release; take the one that comes with this program.");
            }

            Compare(ref hello);
        }
        catch (FrameException fault)
        {
            return fault.Message;
        }

        Send(_writer.Begin(FrameKind.Welcome).Text(_settings.Name));
        return null;
    }

    private void Compare(ref FrameReader hello)
    {
        var ours = _settings.Description;
        var flags = hello.Int32("its flags");
        var name = hello.Text("its name");
        var phases = hello.Text("its phases").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var lines = hello.Text("its ports").Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var theirs = new List<string>();
        try
        {
            theirs.AddRange(lines.Select(line => PortLine.Of(PortLine.Parse(line))));
        }
        catch (ScaleModelException fault)
        {
            Refuse($"the ports that it describes cannot be read: {fault.Message}", "The line stands in the program of the peer.");
        }

        const string cause = "The experiment and the program describe the same ports, in the same order; one of them was probably changed.";
        for (var i = 0; i < Math.Max(theirs.Count, ours.Ports.Length); i++)
        {
            var (its, stated) = (i < theirs.Count ? $"'{theirs[i]}'" : "nothing", i < ours.Ports.Length ? $"'{PortLine.Of(ours.Ports[i])}'" : "nothing");
            if (its != stated)
            {
                Refuse(Text($"'{name}' describes as its port number {i + 1} {its}, where the experiment has {stated}"), cause);
            }
        }

        if (!phases.SequenceEqual(ours.Phases))
        {
            Refuse($"'{name}' has the phases [{string.Join(", ", phases)}], where the experiment has [{string.Join(", ", ours.Phases)}]", cause);
        }

        if (ours.CanRestore && (flags & 1) == 0)
        {
            Refuse($"'{name}' cannot save and restore its state, and the experiment says that it can", "Give the program a way to, or set 'restores = false'; the experiment then takes one pass a window and is not resumed.");
        }

        // Coordinates, port by port; none where the peer leaves them to the experiment.
        foreach (var layout in ours.Ports)
        {
            var count = hello.Count("coordinates", sizeof(double));
            var coordinates = new double[count];
            hello.Numbers(coordinates, "coordinates");
            if (count > 0 && !(layout.Geometry is { } geometry && IsClose(geometry.Coordinates, coordinates)))
            {
                Refuse($"the points of its port '{layout.Port.Name}' lie elsewhere than the experiment says{(layout.Geometry is null ? ", which says nothing of them" : "")}", "State the same points in the file that 'geometry' names, one 'PORT x y z' a line.");
            }
        }

        if (!hello.IsAtEnd)
        {
            Refuse($"its greeting holds {hello.Left} bytes more than it should", "Its client file is probably of another release.");
        }
    }

    // The same up to what is lost when numbers are written in decimals.
    private static bool IsClose(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        var isClose = a.Length == b.Length;
        for (var i = 0; isClose && i < a.Length; i++)
        {
            isClose = Math.Abs(a[i] - b[i]) <= 1e-9 * Math.Max(Math.Abs(a[i]), Math.Abs(b[i])) + 1e-300;
        }

        return isClose;
    }

    /// <summary>The state at the start of the run.</summary>
    public void Initialize(PortWriter outputs)
    {
        Ask(_writer.Begin(FrameKind.Initialize).Number(0), FrameKind.Samples);
        ReadSamples(outputs, port => port.HasStart, null);
    }

    /// <summary>One phase of one window.</summary>
    public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
    {
        var (window, description) = (context.Window, _settings.Description);
        var phase = context.Phase is null ? -1 : description.Phases.IndexOf(context.Phase);
        var frame = _writer.Begin(FrameKind.Advance).Int64(window.StartTick).Int64(window.EndTick).Number(window.TickLength).Number(window.Start).Number(window.End).Int32(phase);
        foreach (var layout in description.Ports.Where(l => l.Port.Direction == PortDirection.In))
        {
            if (!inputs.IsConnected(layout.Port))
            {
                frame.Number(window.Start).Int32(0);
                continue;
            }

            var waveform = inputs.Samples(layout.Port);
            frame.Number(waveform.Start).Int32(waveform.Samples.Count);
            foreach (var sample in waveform.Samples)
            {
                frame.Number(sample.Time).Numbers(sample.Values);
            }
        }

        using var cancelled = context.Cancellation.Register(End);
        Ask(frame, FrameKind.Samples);
        ReadSamples(outputs, _ => true, window);
    }

    /// <summary>The bytes of its state.</summary>
    public byte[] Save()
    {
        Ask(_writer.Begin(FrameKind.Save), FrameKind.State);
        return _answer.AsSpan(1, _length - 1).ToArray();
    }

    /// <summary>Takes a state that it, or one before it, has saved.</summary>
    public void Restore(byte[] state)
    {
        Ask(_writer.Begin(FrameKind.Restore).Bytes(state), FrameKind.Done);
        if (_length != 1)
        {
            throw Lost("its answer to 'restore' holds something, and should be empty", "Its client file was probably changed.");
        }
    }

    /// <summary>Lets it go, and ends it if it does not.</summary>
    public void Dispose()
    {
        if (Interlocked.CompareExchange(ref _state, 1, 0) == 0 && _socket is not null)
        {
            try
            {
                Send(_writer.Begin(FrameKind.ShutDown));
                _process?.WaitForExit(_shutDownLimit);
            }
            catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
            {
                // It has gone already.
            }
        }

        End();
        _process?.Dispose();
    }

    /// <summary>Ends it now. May be called by any thread; whoever waits for its answer gets an exception.</summary>
    public void End()
    {
        lock (_writer)
        {
            _state = 2;
            _socket?.Dispose();
            _listener.Dispose();
        }

        _process?.Kill();
    }

    // ---- questions and answers -----------------------------------------------------------------------------------

    private void Ask(FrameWriter question, FrameKind answer)
    {
        if (Interlocked.CompareExchange(ref _state, 1, 0) != 0)
        {
            throw new SolverLostException($"The program of '{_settings.Name}' has been ended.");
        }

        try
        {
            Send(question);
            Receive(_socket!, Stopwatch.StartNew(), _settings.AnswerLimit, LongestFrame);
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException or FrameException)
        {
            throw Lost(_state == 2 ? "it was ended because its answer was not wanted any more" : fault.Message, _state == 2 ? "" : CauseOf(fault));
        }

        Interlocked.CompareExchange(ref _state, 0, 1);
        var kind = (FrameKind)_answer[0];
        if (kind == FrameKind.Error)
        {
            try
            {
                throw new ScaleModelException($"The program of '{_settings.Name}' says: {new FrameReader(_answer.AsSpan(1, _length - 1)).Text("its message")}");
            }
            catch (FrameException fault)
            {
                throw Lost($"its error message cannot be read: {fault.Message}", "The program probably writes to the connection itself.");
            }
        }

        if (kind != answer)
        {
            throw Lost(Text($"it answered with a frame of kind {(int)kind} where one of kind {(int)answer} ({answer}) was due"), "The program probably writes to the connection itself, or its client is not right.");
        }
    }

    private static string CauseOf(Exception fault) => fault switch
    {
        SocketException { SocketErrorCode: SocketError.TimedOut } => "It probably hangs, or needs more time: 'answer-limit' says how much it has.",
        FrameException { Message: var message } when message.StartsWith("it did not answer", StringComparison.Ordinal) => "It probably hangs, or needs more time: 'answer-limit' says how much it has.",
        FrameException { Message: var message } when message.StartsWith("the connection", StringComparison.Ordinal) => "It probably crashed, or was killed.",
        FrameException => "The program probably writes to the connection itself, or its client is not right.",
        _ => "It probably crashed, or was killed.",
    };

    private void Send(FrameWriter frame)
    {
        var bytes = frame.Frame();
        var socket = _socket!;
        var limit = (int)Math.Min(int.MaxValue, _settings.AnswerLimit.TotalMilliseconds);
        if (socket.SendTimeout != limit)
        {
            socket.SendTimeout = limit;
        }

        while (!bytes.IsEmpty)
        {
            bytes = bytes[socket.Send(bytes)..];
        }
    }

    // Fills _answer with kind and content of one frame. A peer that trickles has no more time than one that is silent.
    private void Receive(Socket socket, Stopwatch clock, TimeSpan limit, int longest)
    {
        Span<byte> head = stackalloc byte[4];
        Fill(socket, head, clock, limit, "the length of its answer");
        _length = System.Buffers.Binary.BinaryPrimitives.ReadInt32LittleEndian(head);
        if (_length < 1 || _length > longest)
        {
            throw new FrameException(Text($"it announced a frame of {(uint)_length} bytes; 1 to {longest} are allowed"));
        }

        // The buffer grows with what comes, not with what is announced.
        for (var have = 0; have < _length;)
        {
            var next = Math.Min(_length, Math.Max(have + (1 << 20), 2 * have));
            if (_answer.Length < next)
            {
                Array.Resize(ref _answer, next);
            }

            Fill(socket, _answer.AsSpan(have, next - have), clock, limit, Text($"a frame of {_length} bytes, {have} of which have come"));
            have = next;
        }
    }

    private static void Fill(Socket socket, Span<byte> into, Stopwatch clock, TimeSpan limit, string what)
    {
        while (!into.IsEmpty)
        {
            var left = limit - clock.Elapsed;
            if (left <= TimeSpan.Zero || !socket.Poll(left, SelectMode.SelectRead))
            {
                throw new FrameException(Text($"it did not answer within {limit.TotalSeconds} s"));
            }

            var got = socket.Receive(into);
            if (got == 0)
            {
                throw new FrameException($"the connection ended within {what}");
            }

            into = into[got..];
        }
    }

    // ---- samples -------------------------------------------------------------------------------------------------

    // For every out-port, in the order of the description: how many samples, and each with its time and numbers.
    private void ReadSamples(PortWriter outputs, Func<Port, bool> isDue, TimeWindow? window)
    {
        try
        {
            var answer = new FrameReader(_answer.AsSpan(1, _length - 1));
            foreach (var layout in _settings.Description.Ports.Where(l => l.Port.Direction == PortDirection.Out))
            {
                var port = layout.Port;
                var count = answer.Count("samples", sizeof(double) + sizeof(int));
                for (var s = 0; s < count; s++)
                {
                    var time = answer.Number("the time of a sample");
                    var numbers = answer.Count("numbers", sizeof(double));
                    if (numbers % port.Components != 0 || (layout.Length != PortLayout.Varying && numbers != layout.Length))
                    {
                        throw new ScaleModelException(Text($"The program of '{_settings.Name}' wrote {numbers} numbers to the out-port '{port.Name}' at t = {time}; {(layout.Length == PortLayout.Varying ? $"a multiple of {port.Components}" : layout.Length)} are due."));
                    }

                    if (!isDue(port))
                    {
                        throw new ScaleModelException($"The program of '{_settings.Name}' wrote the out-port '{port.Name}' at the start, which is described with 'no start'. Remove the one or the other.");
                    }

                    answer.Numbers(outputs.WriteNumbers(port, time, numbers / port.Components), "numbers");
                }
            }

            if (!answer.IsAtEnd)
            {
                throw Lost(Text($"its answer holds {answer.Left} bytes more than the samples that it announced"), "The program probably writes to the connection itself.");
            }
        }
        catch (FrameException fault)
        {
            throw Lost($"its samples{(window is { } w ? Text($" for the window from t = {w.Start} to {w.End}") : "")} cannot be read: {fault.Message}", "Its client is not right, or is of another release.");
        }
    }

    private void Refuse(string what, string cause)
    {
        try
        {
            Send(_writer.Begin(FrameKind.Error).Text($"You cannot take part as '{_settings.Name}': {what}."));
        }
        catch (SocketException)
        {
            // It will not hear it, and is gone all the same.
        }

        throw Lost(what, cause);
    }

    private SolverLostException Lost(string what, string cause = "")
    {
        // A peer whose connection has ended is on its way out, and may say why; any other is just looked at.
        var obituary = _process?.Obituary(TimeSpan.FromMilliseconds(what.Contains("connection ended", StringComparison.Ordinal) ? 500 : 50)) ?? "it was started by someone else, and what it wrote stands there";
        End();
        return new SolverLostException($"The program of '{_settings.Name}' is lost: {what}.{(cause.Length > 0 ? " " + cause : "")} Of the program: {obituary}");
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

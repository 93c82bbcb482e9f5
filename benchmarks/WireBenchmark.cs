using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using ActorMultiscale.Actors.DataPlane;

namespace ActorMultiscale.Benchmarks;

/// <summary>A row of the table. Rates are medians over the rounds.</summary>
/// <param name="Case">What goes between two processes of this machine.</param>
/// <param name="Unit">Of the rates: round trips/s, or MB/s of bodies that have arrived and been released (1 MB is 10⁶ bytes).</param>
/// <param name="Ours">Our rate.</param>
/// <param name="Peer">The rate of the peer.</param>
/// <param name="PeerName">The peer: blocking sockets with the bare bytes, without frames, checksums or credit.</param>
/// <param name="Ratio">How many times faster than the peer.</param>
/// <param name="Spread">(Greatest − least) / median of our rounds.</param>
/// <param name="Load">Load of the machine before the case.</param>
public sealed record WireRow(string Case, string Unit, double Ours, double Peer, string PeerName, double Ratio, double Spread, double Load);

/// <summary>The data plane on loopback, between this process and a second one that it starts: itself, as the one that answers. Ours and the peer are measured in turn.</summary>
internal static class WireBenchmark
{
    private const int Rounds = 5;
    private const int Message = 8 << 10;
    private const int LargeBody = 64 << 20;
    private static readonly TimeSpan _perMeasurement = TimeSpan.FromSeconds(1);

    private static WireOptions Options(int site) => new() { Site = site, Token = [.. "of the benchmark"u8], Epoch = 1, Program = "benchmark" };

    public static async Task<int> RunAsync(string[] args)
    {
        if (args is ["serve"])
        {
            return Serve();
        }

        if (args is not ([] or ["--json", _]))
        {
            Console.Error.WriteLine("usage: benchmarks wire [--json FILE]");
            return 2;
        }

        using var second = Start();
        var ports = (await second.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("The second process has not started.")).Split(' ');
        var answers = new Answers();
        using var wire = Wire.Listen(Options(1), answers);
        var link = await wire.ConnectAsync(new IPEndPoint(IPAddress.Loopback, int.Parse(ports[0], CultureInfo.InvariantCulture)), 0);
        using var plain = new Plain(int.Parse(ports[1], CultureInfo.InvariantCulture));

        double OurTrips() => answers.Trips(link);
        for (var round = 0; round < Rounds; round++)
        {
            OurTrips();         // Machine code that is still being made better is not measured.
            plain.Trips();
        }

        var rows = ImmutableArray.CreateBuilder<WireRow>();
        Console.WriteLine($"{"case",-64} {"ours",9} {"peer",9} {"unit",-14} {"ratio",6} {"spread",7} {"load",5}");
        void Measure(string name, string unit, Func<double> ours, Func<double> peer)
        {
            var load = CouplingBenchmark.LoadAverage();
            var (mine, theirs) = (new List<double>(), new List<double>());
            for (var round = 0; round < Rounds; round++)
            {
                mine.Add(ours());
                theirs.Add(peer());
            }

            var (our, their) = (CouplingBenchmark.Median(mine), CouplingBenchmark.Median(theirs));
            var row = new WireRow(name, unit, Math.Round(our, 1), Math.Round(their, 1), "blocking sockets, bare bytes", Math.Round(our / their, 3), Math.Round((mine.Max() - mine.Min()) / our, 3), load);
            rows.Add(row);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{row.Case,-64} {row.Ours,9:0} {row.Peer,9:0} {row.Unit,-14} {row.Ratio,6:0.00} {row.Spread,7:0.00} {row.Load,5:0.00}"));
        }

        Measure("8 kB there and back, one at a time", "round trips/s", OurTrips, plain.Trips);
        foreach (var (length, atOnce) in new[] { (1 << 20, 1), (1 << 20, 8), (LargeBody, 1), (LargeBody, 2) })
        {
            var body = new byte[length];
            new Random(1).NextBytes(body);
            Measure($"bodies of {length >> 20} MB, {atOnce} at once", "MB/s", () => Bodies(body, atOnce, link, answers), () => plain.Bodies(body, atOnce));
        }

        // What a stream of fields costs messages beside it: there are two connections for that.
        var stream = new byte[LargeBody];
        var isOver = false;
        var streaming = Task.Run(async () =>
        {
            while (!Volatile.Read(ref isOver))
            {
                await link.SendFieldAsync([], stream);
            }
        });
        Measure("8 kB there and back beside a stream of bodies of 64 MB", "round trips/s", OurTrips, plain.Trips);
        Volatile.Write(ref isOver, true);
        await streaming;
        second.StandardInput.Close();
        if (args is [_, var file])
        {
            await File.WriteAllTextAsync(file, JsonSerializer.Serialize(rows.ToImmutable(), CouplingBenchmark.Json));
        }

        return 0;
    }

    private static double Bodies(byte[] body, int atOnce, WireLink link, Answers answers)
    {
        var (clock, sent, before) = (Stopwatch.StartNew(), 0, answers.Arrived);
        while (clock.Elapsed < _perMeasurement)
        {
            _ = link.SendFieldAsync([1], body);
            sent++;
            answers.WaitArrived(before + sent - atOnce + 1);
        }

        answers.WaitArrived(before + sent);
        return 1e-6 * sent * body.Length / clock.Elapsed.TotalSeconds;
    }

    private static Process Start()
    {
        var program = Environment.ProcessPath!;
        string[] itself = Path.GetFileNameWithoutExtension(program) == "dotnet" ? [Environment.GetCommandLineArgs()[0]] : [];
        return Process.Start(new ProcessStartInfo(program, [.. itself, "wire", "serve"]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
    }

    // The second process: answers until nobody holds its input open.
    private static int Serve()
    {
        using var wire = Wire.Listen(Options(0), new Echo());
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        new Thread(() => Plain.Serve(listener.AcceptSocket())) { IsBackground = true }.Start();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{wire.EndPoint.Port} {((IPEndPoint)listener.LocalEndpoint).Port}"));
        while (Console.In.Read() >= 0)
        {
        }

        return 0;
    }

    // Sends messages back, and says which fields have arrived.
    private sealed class Echo : IWireReceiver
    {
        public void Opened(WireLink link)
        {
        }

        public void Received(WireLink link, ReadOnlySpan<byte> message) => link.Send(message);

        public void Received(WireLink link, WireField field)
        {
            field.Release();
            if (field.Header.Length > 0)
            {
                link.Send(field.Header);
            }
        }

        public void Closed(WireLink link, string reason)
        {
        }

        public void Refused(EndPoint? from, string reason) => Console.Error.WriteLine(reason);
    }

    private sealed class Answers : IWireReceiver
    {
        private readonly object _gate = new();
        private int _arrived;
        private int _trips;
        private Stopwatch? _clock;
        private string? _closed;

        public int Arrived => Volatile.Read(ref _arrived);

        // Whoever gets a message answers where it gets it, on the thread that reads: at both ends.
        public double Trips(WireLink link)
        {
            lock (_gate)
            {
                (_trips, _clock) = (0, Stopwatch.StartNew());
                var clock = _clock;
                link.Send(new byte[Message]);
                while (_clock is not null && _closed is null)
                {
                    Monitor.Wait(_gate);
                }

                return _trips / clock.Elapsed.TotalSeconds;
            }
        }

        public void WaitArrived(int count)
        {
            lock (_gate)
            {
                while (_arrived < count)
                {
                    if (_closed is not null)
                    {
                        throw new InvalidOperationException(_closed);
                    }

                    Monitor.Wait(_gate);
                }
            }
        }

        public void Opened(WireLink link)
        {
        }

        public void Received(WireLink link, ReadOnlySpan<byte> message)
        {
            lock (_gate)
            {
                if (message.Length < Message)
                {
                    _arrived++;
                }
                else
                {
                    _trips++;
                    if (_clock!.Elapsed < _perMeasurement)
                    {
                        link.Send(message);
                        return;
                    }

                    _clock = null;
                }

                Monitor.Pulse(_gate);
            }
        }

        public void Received(WireLink link, WireField field) => field.Release();

        public void Closed(WireLink link, string reason)
        {
            lock (_gate)
            {
                _closed = reason;
                Monitor.Pulse(_gate);
            }
        }

        public void Refused(EndPoint? from, string reason)
        {
        }
    }

    // The peer: the length of what comes, and the bytes; an echo of what is as long as a message, one byte for what is longer.
    private sealed class Plain : IDisposable
    {
        private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        private readonly byte[] _message = new byte[Message];

        public Plain(int port) => _socket.Connect(IPAddress.Loopback, port);

        public static void Serve(Socket socket)
        {
            socket.NoDelay = true;
            var head = new byte[sizeof(int)];
            while (Read(socket, head))
            {
                var body = GC.AllocateUninitializedArray<byte>(BitConverter.ToInt32(head));
                Read(socket, body);
                socket.Send(body.Length == Message ? body : [1]);
            }
        }

        public double Trips()
        {
            var (clock, count) = (Stopwatch.StartNew(), 0);
            for (; clock.Elapsed < _perMeasurement; count++)
            {
                Send(_message);
                Read(_socket, _message);
            }

            return count / clock.Elapsed.TotalSeconds;
        }

        public double Bodies(byte[] body, int atOnce)
        {
            var (clock, sent, arrived, one) = (Stopwatch.StartNew(), 0, 0, new byte[1]);
            while (clock.Elapsed < _perMeasurement)
            {
                Send(body);
                sent++;
                for (; arrived < sent - atOnce + 1; arrived++)
                {
                    Read(_socket, one);
                }
            }

            for (; arrived < sent; arrived++)
            {
                Read(_socket, one);
            }

            return 1e-6 * sent * body.Length / clock.Elapsed.TotalSeconds;
        }

        public void Dispose() => _socket.Dispose();

        private void Send(byte[] body)
        {
            _socket.Send([BitConverter.GetBytes(body.Length), body]);
        }

        private static bool Read(Socket socket, byte[] to)
        {
            for (var at = 0; at < to.Length;)
            {
                if (socket.Receive(to.AsSpan(at)) is var count and > 0)
                {
                    at += count;
                    continue;
                }

                return false;
            }

            return true;
        }
    }
}

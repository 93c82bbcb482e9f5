using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using ActorMultiscale.Actors.DataPlane;

namespace ActorMultiscale.Benchmarks;

/// <summary>What one process pays for an order to each of some sites and the answer of each.</summary>
/// <param name="Links">The sites.</param>
/// <param name="Seconds">Its processor time for one message sent and one received, s.</param>
/// <param name="OtherSeconds">That of the other end, s.</param>
/// <param name="Rounds">Rounds a second by the clock: orders to all, answers of all.</param>
/// <param name="Threads">Threads of the process.</param>
/// <param name="Opening">How long it took to open the links one after the other, s.</param>
internal sealed record FanOut(int Links, double Seconds, double OtherSeconds, double Rounds, int Threads, double Opening);

/// <summary>A coordinator and its sites without anything but their links: all sites in a second process, each with a link of its own.</summary>
internal static class ScalingFanOut
{
    // About what an order of one advance, and its answer, have.
    private const int Length = 64;
    private static readonly TimeSpan _span = TimeSpan.FromSeconds(2);

    private static WireOptions Options(int site) => new() { Site = site, Token = [.. "of the benchmark"u8], Epoch = 1, Program = "benchmark" };

    public static async Task<FanOut> MeasureAsync(int links)
    {
        var program = Environment.ProcessPath!;
        string[] itself = Path.GetFileNameWithoutExtension(program) == "dotnet" ? [Environment.GetCommandLineArgs()[0]] : [];
        using var second = Process.Start(new ProcessStartInfo(program, [.. itself, "scaling", "serve", links.ToString(CultureInfo.InvariantCulture)]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        var ports = (await second.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("The second process has not started.")).Split(' ').Select(port => int.Parse(port, CultureInfo.InvariantCulture)).ToArray();
        using var answers = new Answers(links);
        using var wire = Wire.Listen(Options(links), answers);
        var opened = Stopwatch.GetTimestamp();
        var all = new List<WireLink>();
        foreach (var (site, port) in ports.Index())
        {
            all.Add(await wire.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), site));
        }

        var opening = Stopwatch.GetElapsedTime(opened).TotalSeconds;
        Run(all, answers);      // Machine code that is still being made better is not measured.
        second.Refresh();
        var (rounds, own, clock, other) = (0, Environment.CpuUsage.TotalTime, Stopwatch.GetTimestamp(), second.TotalProcessorTime);
        rounds = Run(all, answers);
        second.Refresh();
        var (spent, wall, others) = (Environment.CpuUsage.TotalTime - own, Stopwatch.GetElapsedTime(clock).TotalSeconds, second.TotalProcessorTime - other);
        using var process = Process.GetCurrentProcess();
        second.StandardInput.Close();
        return new FanOut(links, spent.TotalSeconds / rounds / links, others.TotalSeconds / rounds / links, rounds / wall, process.Threads.Count, opening);
    }

    /// <summary>The second process: answers until nobody holds its input open.</summary>
    public static int Serve(int links)
    {
        var wires = Enumerable.Range(0, links).Select(site => Wire.Listen(Options(site), new Echo())).ToList();
        Console.WriteLine(string.Join(' ', wires.Select(wire => wire.EndPoint.Port)));
        while (Console.In.Read() >= 0)
        {
        }

        wires.ForEach(wire => wire.Dispose());
        return 0;
    }

    private static int Run(List<WireLink> links, Answers answers)
    {
        var (began, rounds, message) = (Stopwatch.GetTimestamp(), 0, new byte[Length]);
        for (; Stopwatch.GetElapsedTime(began) < _span; rounds++)
        {
            answers.Begin();
            foreach (var link in links)
            {
                link.Send(message);
            }

            answers.Wait();
        }

        return rounds;
    }

    private sealed class Echo : IWireReceiver
    {
        public void Opened(WireLink link)
        {
        }

        public void Received(WireLink link, ReadOnlySpan<byte> message) => link.Send(message);

        public void Received(WireLink link, WireField field) => field.Release();

        public void Closed(WireLink link, string reason)
        {
        }

        public void Refused(EndPoint? from, string reason) => Console.Error.WriteLine(reason);
    }

    private sealed class Answers(int links) : IWireReceiver, IDisposable
    {
        private readonly ManualResetEventSlim _all = new(false, 0);
        private int _missing;

        public void Begin()
        {
            _all.Reset();
            Volatile.Write(ref _missing, links);
        }

        public void Wait() => _all.Wait();

        public void Dispose() => _all.Dispose();

        public void Opened(WireLink link)
        {
        }

        public void Received(WireLink link, ReadOnlySpan<byte> message)
        {
            if (Interlocked.Decrement(ref _missing) == 0)
            {
                _all.Set();
            }
        }

        public void Received(WireLink link, WireField field) => field.Release();

        public void Closed(WireLink link, string reason)
        {
        }

        public void Refused(EndPoint? from, string reason) => Console.Error.WriteLine(reason);
    }
}

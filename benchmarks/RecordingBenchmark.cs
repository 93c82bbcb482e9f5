using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using ActorMultiscale.Actors;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Benchmarks;

/// <summary>A row of the table. Times are medians over the rounds, ms a window; the peer is the same run with a journal and without fields.</summary>
/// <param name="Case">How many bytes of fields a window has, and how long its solvers take.</param>
/// <param name="Ours">With fields, ms a window.</param>
/// <param name="Peer">Without, ms a window.</param>
/// <param name="PeerName">The peer.</param>
/// <param name="Ratio">How many times faster than the peer.</param>
/// <param name="Spread">(Greatest − least) / median of our rounds.</param>
/// <param name="Load">Load of the machine before the case.</param>
/// <param name="Added">What recording adds to a window, ms.</param>
/// <param name="GrowthBytes">How many bytes the journal itself, without chunks, grows a window.</param>
public sealed record RecordingRow(string Case, double Ours, double Peer, string PeerName, double Ratio, double Spread, double Load, double Added, double GrowthBytes);

/// <summary>
/// What it costs a run to record its fields: two solvers write half of them each, values that do not repeat, and take a while for it. A run
/// with fields and one without are measured in turn.
/// </summary>
internal static class RecordingBenchmark
{
    private const int Rounds = 5;

    // Bytes a window; wall-clock time that each solver takes, ms; windows.
    private static readonly ImmutableArray<(int Bytes, double Work, int Windows)> _cases = [(1_000, 0, 20_000), (100_000, 1, 400), (1_000_000, 10, 100), (1_000_000, 0, 100), (10_000_000, 100, 15)];

    public static async Task<int> RunAsync(string[] args)
    {
        if (args is not ([] or ["--json", _]))
        {
            Console.Error.WriteLine("usage: benchmarks recording [--json FILE]");
            return 2;
        }

        await Measure(100_000, 0, 200, recorded: true);      // Warms up.
        var rows = ImmutableArray.CreateBuilder<RecordingRow>();
        Console.WriteLine($"{"case",-52} {"ms/window",10} {"without",10} {"added",8} {"ratio",6} {"spread",7} {"journal B",9} {"load",5}");
        foreach (var (bytes, work, windows) in _cases)
        {
            var load = CouplingBenchmark.LoadAverage();
            var (with, without, growth) = (new List<double>(), new List<double>(), 0.0);
            for (var round = 0; round < Rounds; round++)
            {
                without.Add((await Measure(bytes, work, windows, recorded: false)).Milliseconds);
                (var milliseconds, growth) = await Measure(bytes, work, windows, recorded: true);
                with.Add(milliseconds);
            }

            var (ours, peer) = (CouplingBenchmark.Median(with), CouplingBenchmark.Median(without));
            var row = new RecordingRow(string.Create(CultureInfo.InvariantCulture, $"{bytes} bytes a window, solvers of {work} ms"), Math.Round(ours, 4), Math.Round(peer, 4),
                "the same without fields", Math.Round(peer / ours, 3), Math.Round((with.Max() - with.Min()) / ours, 3), load, Math.Round(ours - peer, 4), Math.Round(growth, 1));
            rows.Add(row);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{row.Case,-52} {row.Ours,10:0.000} {row.Peer,10:0.000} {row.Added,8:0.000} {row.Ratio,6:0.00} {row.Spread,7:0.00} {row.GrowthBytes,9:0} {row.Load,5:0.00}"));
        }

        if (args is [_, var file])
        {
            await File.WriteAllTextAsync(file, JsonSerializer.Serialize(rows.ToImmutable(), CouplingBenchmark.Json));
        }

        return 0;
    }

    private static async Task<(double Milliseconds, double Growth)> Measure(int bytes, double work, int windows, bool recorded)
    {
        var folder = Directory.CreateTempSubdirectory("actor-multiscale-benchmark-").FullName;
        try
        {
            var values = bytes / 2 / sizeof(double);
            var system = Composition.Compose(new Experiment
            {
                Name = "recording",
                SnapshotInterval = TimeSpan.FromHours(1),
                Window = 1,
                Until = windows,
                Participants = [.. new[] { "a", "b" }.Select(name => Participant.Of(name, Busy.Entry, ("values", (long)values), ("work", work)))],
                Conduits = [new("a.out", "b.in"), new("b.out", "a.in")],
                Scheme = CouplingScheme.Serial("a", "b"),
            });
            var origin = new RunOrigin { Run = "benchmark", Experiment = "benchmark", Program = "benchmark" };
            using var store = RunStore.Create(Path.Combine(folder, "run.sqlite"), origin, [], DateTimeOffset.UtcNow);
            await using var run = ActorRun.Start(system, new RunSettings { Threads = 2, RecordsFields = recorded }, store, new RunStart("benchmark", origin, new MachineStamp("", "", ""), system.Experiment.Until));
            var report = await run.Completion;
            if (report.Result.Windows != windows)
            {
                throw new InvalidOperationException($"The benchmark ran {report.Result.Windows} windows instead of {windows}: {report.Result.Reason}");
            }

            return (Busy.MillisecondsBetweenWindows, store.Entries().Sum(entry => (double)entry.Payload.Length) / windows);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>A solver that keeps a processor busy for a while, and writes numbers that look like those of a field: smooth, moving, with noise in the last digits.</summary>
    private sealed class Busy(int values, double work) : IScaleModel
    {
        private static readonly Port<double> _in = Port.In<double>("in", Quantities.Number);
        private static readonly Port<double> _out = Port.Out<double>("out", Quantities.Number);
        private static long _first;
        private static long _last;
        private static long _advances;
        private double _sum;

        /// <summary>From the first advance to the last: what is written after the run has ended is not waited for by any window.</summary>
        public static double MillisecondsBetweenWindows => Stopwatch.GetElapsedTime(_first, _last).TotalMilliseconds / Math.Max(1, (_advances / 2) - 1);

        public static ModelEntry Entry { get; } = new("busy", "Takes a while", [Setting.Integer("values", "how many", 1, 1), Setting.Number("work", "1", "ms of each advance", 0)],
            s => new Busy(s.Integer("values"), s.Number("work")));

        public ModelDescription Description { get; } = new(new(_in, values), new(_out, values));

        public void Initialize(PortWriter outputs)
        {
            (_first, _advances) = (0, 0);
            outputs.Write(_out, 0);
        }

        public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
        {
            var began = Stopwatch.GetTimestamp();
            _first = _first == 0 ? began : _first;
            _last = began;
            _advances++;
            var read = inputs.Read(_in, context.Window.End);
            var write = outputs.Write(_out, context.Window.End);
            var noise = 12345u + (uint)context.Window.StartTick;
            for (var i = 0; i < write.Length; i++)
            {
                noise = (noise * 1664525u) + 1013904223u;
                write[i] = Math.Sin((0.001 * i) + (0.1 * context.Window.End)) + (1e-9 * noise / uint.MaxValue) + (1e-3 * read[i]);
            }

            _sum = write[0];
            while (Stopwatch.GetElapsedTime(began).TotalMilliseconds < work)
            {
                _sum += 1e-300;
            }
        }

        public void Archive(StateArchive archive) => archive.Value("sum", ref _sum);
    }
}

using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using ActorMultiscale.Actors;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Actors.Observation;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Acceleration;
using ActorMultiscale.Physics.Coupling.Mapping;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Benchmarks;

/// <summary>A row of the table. Rates are windows per second, medians over the rounds.</summary>
/// <param name="Case">Scheme, number of values, and how it was run: by actors, by actors with the SQLite journal, or by the serial runner.</param>
/// <param name="Ours">Our rate.</param>
/// <param name="Peer">The rate of the peer.</param>
/// <param name="PeerName">The peer: preCICE 3.4.1 between two processes on two quiet cores (quoted, not measured here), or our own rate without a journal.</param>
/// <param name="Ratio">How many times faster than the peer.</param>
/// <param name="Spread">(Greatest − least) / median of our rounds.</param>
/// <param name="Load">Load of the machine before the case.</param>
public sealed record CouplingRow(string Case, double Ours, double Peer, string PeerName, double Ratio, double Spread, double Load);

/// <summary>
/// What one coupling iteration costs when the solvers do nothing but copy: through the serial runner, through the actors, and
/// through the actors with a journal, and with iterations and times kept as a run of the program does. They are measured in turn, five
/// rounds, so that a drift of the machine meets all.
/// </summary>
internal static class CouplingBenchmark
{
    private const int Rounds = 5;

    public static JsonSerializerOptions Json { get; } = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, WriteIndented = true };

    // preCICE 3.4.1, sockets on loopback, nearest neighbour both ways: medians on two cores of an AMD EPYC (Zen 4).
    private static readonly ImmutableArray<(string Name, int Values, double Peer)> _cases =
    [
        ("serial-explicit", 1, 6495),
        ("serial-explicit", 1_000, 4644),
        ("serial-explicit", 100_000, 58),
        ("parallel-explicit", 1, 7451),
        ("parallel-explicit", 1_000, 5350),
        ("parallel-explicit", 100_000, 73),
        ("serial-implicit, 4 IQN-ILS iterations", 1, 998),
        ("serial-implicit, 4 IQN-ILS iterations", 1_000, 573),
        ("serial-implicit, 4 IQN-ILS iterations", 100_000, 7.4),
    ];

    public static async Task<ImmutableArray<CouplingRow>> RunAsync(TimeSpan perMeasurement)
    {
        var rows = ImmutableArray.CreateBuilder<CouplingRow>();
        // The first case would be measured in machine code that is still being made better.
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < 4 * perMeasurement;)
        {
            await Actors(_cases[0].Name, 1, 200_000, recorded: true);
        }

        foreach (var (name, values, peer) in _cases)
        {
            var load = LoadAverage();

            // A short run of each kind first: it warms up, and says how many windows fill the time.
            async Task<(int Windows, List<double> Rates)> Prepare(Func<int, Task<double>> measure)
            {
                // Never so few that the start and the end of a run, which a journal makes long, outweigh the windows between.
                var least = Math.Clamp(5_000_000 / values, 50, 5_000);
                return (Math.Max(least, (int)(await measure(least) * perMeasurement.TotalSeconds)), []);
            }

            Task<double> OnSerial(int windows) => Task.FromResult(Serial(name, values, windows));
            Task<double> OnActors(int windows) => Actors(name, values, windows, recorded: false);
            Task<double> OnRecord(int windows) => Actors(name, values, windows, recorded: true);
            Task<double> OnObserved(int windows) => Actors(name, values, windows, recorded: true, observed: true);
            var (plainWindows, plain) = await Prepare(OnSerial);
            var (actorWindows, actors) = await Prepare(OnActors);

            // As many windows as without a journal: otherwise what a run costs once would count for more.
            var (recorded, observed) = (new List<double>(), new List<double>());
            for (var round = 0; round < Rounds; round++)
            {
                plain.Add(await OnSerial(plainWindows));
                actors.Add(await OnActors(actorWindows));
                recorded.Add(await OnRecord(actorWindows));
                observed.Add(await OnObserved(actorWindows));
            }

            CouplingRow Row(string how, List<double> rates, double against, string whom) => new(
                string.Create(CultureInfo.InvariantCulture, $"{name}, {values} values, {how}"), Math.Round(Median(rates), 1), against, whom,
                Math.Round(Median(rates) / against, 2), Math.Round((rates.Max() - rates.Min()) / Median(rates), 3), load);
            rows.Add(Row("actors", actors, peer, "preCICE 3.4.1 (quoted)"));
            rows.Add(Row("actors with journal", recorded, Math.Round(Median(actors), 1), "our own without a journal"));
            rows.Add(Row("actors with journal, observed", observed, Math.Round(Median(actors), 1), "our own without a journal"));
            rows.Add(Row("serial runner", plain, peer, "preCICE 3.4.1 (quoted)"));
        }

        return rows.ToImmutable();
    }

    public static void Print(ImmutableArray<CouplingRow> rows)
    {
        Console.WriteLine($"{"case",-76} {"windows/s",10} {"peer",9} {"ratio",8} {"spread",7} {"load",5}  peer is");
        foreach (var row in rows)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{row.Case,-76} {row.Ours,10:0} {row.Peer,9:0.#} {row.Ratio,8:0.00} {row.Spread,7:0.00} {row.Load,5:0.00}  {row.PeerName}"));
        }
    }

    private static double Serial(string name, int values, int windows)
    {
        var system = System(name, values, windows);
        var clock = Stopwatch.StartNew();
        Require(new SerialRunner(system).Run().Windows, windows);
        return windows / clock.Elapsed.TotalSeconds;
    }

    private static async Task<double> Actors(string name, int values, int windows, bool recorded, bool observed = false)
    {
        var system = System(name, values, windows);
        var folder = Directory.CreateTempSubdirectory("actor-multiscale-benchmark-").FullName;
        try
        {
            var origin = new RunOrigin { Run = "benchmark", Experiment = "benchmark", Program = "benchmark" };
            using var store = recorded ? RunStore.Create(Path.Combine(folder, "run.sqlite"), origin, [], DateTimeOffset.UtcNow) : null;
            await using var observations = observed ? new ObservationStore(store!) : null;
            var settings = new RunSettings { Threads = 2, Observations = observations };
            Echo.Restart();
            await using var run = store is null
                ? ActorRun.Start(system, settings)
                : ActorRun.Start(system, settings, store, new RunStart("benchmark", origin, new MachineStamp("", "", ""), system.Experiment.Until));
            var report = await run.Completion;
            var seconds = Echo.SecondsSinceFirstWindow;
            Require(report.Result.Windows, windows);
            return windows / seconds;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Require(long found, int expected)
    {
        if (found != expected)
        {
            throw new InvalidOperationException($"The benchmark ran {found} windows instead of {expected}.");
        }
    }

    // Nearest neighbor both ways, as the peer had it.
    internal static CoupledSystem System(string name, int values, int windows, bool vectors = false) => Composition.Compose(new Experiment
    {
        Name = "echo",
        SnapshotInterval = TimeSpan.FromHours(1),
        Window = 1,
        Until = windows,
        Participants = [Participant.Of("a", Echo.Entry, ("values", (long)values), ("vectors", vectors)), Participant.Of("b", Echo.Entry, ("values", (long)values), ("vectors", vectors))],
        Conduits = [new("a.out", "b.in") { Mapping = new MappingSpec() }, new("b.out", "a.in") { Mapping = new MappingSpec() }],
        Scheme = name switch
        {
            "serial-explicit" => CouplingScheme.Serial("a", "b"),
            "parallel-explicit" => CouplingScheme.Parallel("a", "b"),
            _ => CouplingScheme.Serial("a", "b").Iterated(4).Accelerated(AccelerationSpec.LeastSquares()),
        },
    });

    internal static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    internal static double LoadAverage() => File.Exists("/proc/loadavg")
        ? double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture)
        : double.NaN;

    /// <summary>A solver that does nothing but read, halve and write: numbers, or vectors of three.</summary>
    internal sealed class Echo : IScaleModel
    {
        private static readonly Port<double> _in = Port.In<double>("in", Quantities.Number);
        private static readonly Port<double> _out = Port.Out<double>("out", Quantities.Number);
        private static readonly Port<Vec3> _inVectors = Port.In<Vec3>("in", Quantities.Number);
        private static readonly Port<Vec3> _outVectors = Port.Out<Vec3>("out", Quantities.Number);
        private static long _first;
        private readonly bool _vectors;
        private double _sum;

        private Echo(int values, bool vectors)
        {
            _vectors = vectors;
            Description = vectors
                ? new(new(_inVectors, values, Points(values)), new(_outVectors, values, Points(values))) { IsLight = true }
                : new(new(_in, values, Points(values)), new(_out, values, Points(values))) { IsLight = true };
        }

        /// <summary>Starting an actor system and a database is no part of an iteration: the clock starts with the first window.</summary>
        public static double SecondsSinceFirstWindow => Stopwatch.GetElapsedTime(_first).TotalSeconds;

        public static void Restart() => _first = 0;

        public static ModelEntry Entry { get; } = new("echo", "Reads and writes", [Setting.Integer("values", "how many", 1, 1), Setting.Flag("vectors", "whether of three numbers", false)], s => new Echo(s.Integer("values"), s.Flag("vectors")));

        public ModelDescription Description { get; }

        private static PointCloud Points(int count) => PointCloud.OnLine([.. Enumerable.Range(0, count).Select(i => (double)i)]);

        public void Initialize(PortWriter outputs)
        {
            _ = _vectors ? outputs.Write(_outVectors, 0).Length : outputs.Write(_out, 0).Length;
        }

        public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
        {
            if (_first == 0)
            {
                _first = Stopwatch.GetTimestamp();
            }

            var end = context.Window.End;
            var read = _vectors ? MemoryMarshal.Cast<Vec3, double>(inputs.Read(_inVectors, end)) : inputs.Read(_in, end);
            var write = _vectors ? MemoryMarshal.Cast<Vec3, double>(outputs.Write(_outVectors, end)) : outputs.Write(_out, end);
            for (var i = 0; i < write.Length; i++)
            {
                write[i] = 0.5 * read[i];
            }

            write[0] += 1;
            _sum = write[0];
        }

        public void Archive(StateArchive archive) => archive.Value("sum", ref _sum);
    }
}

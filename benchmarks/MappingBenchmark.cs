using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using ActorMultiscale.Physics.Coupling.Mapping;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Benchmarks;

/// <summary>A row of the table: one mapping, on one thread.</summary>
/// <param name="Case">Method and points.</param>
/// <param name="BuildSeconds">Making the mapping, once, s; the least of the rounds.</param>
/// <param name="Peer">What preCICE 3.4.1 takes to make it, s (quoted from a loaded machine, not measured here); null where there is nothing to quote.</param>
/// <param name="ApplyMilliseconds">Mapping a scalar field, ms: the median of the repetitions.</param>
/// <param name="ApplyLeast">The least of them, ms.</param>
/// <param name="Error">The root mean square error of a smooth field; null for conservative mappings.</param>
/// <param name="Load">Load of the machine before the case. The machine has other work where it is above 1.</param>
public sealed record MappingRow(string Case, double BuildSeconds, double? Peer, double ApplyMilliseconds, double ApplyLeast, double? Error, double Load);

/// <summary>What it costs to make data mappings and to apply them.</summary>
internal static class MappingBenchmark
{
    private const int Rounds = 3;
    private const int Repetitions = 31;
    private const int Many = 100_000;

    public static async Task<int> RunAsync(string[] arguments)
    {
        if (arguments is not ([] or ["--json", _]))
        {
            await Console.Error.WriteLineAsync("usage: benchmarks mapping [--json FILE]");
            return 2;
        }

        var clusters = new MappingSpec { Method = MappingMethod.PartitionOfUnity };
        var c6 = clusters with { Basis = RadialBasis.CompactC6, SupportRadius = 0.5 };
        var (grid, centers) = (Grid(41, 0), Grid(50, 0.5));
        var (plane, plane2, space, space2, sphere, sphere2) =
            (Random(2, 1), Random(2, 2), Random(3, 3), Random(3, 4), Sphere(5), Sphere(6));
        ImmutableArray<(string, MappingSpec, PointCloud, PointCloud, double?)> cases =
        [
            ("thin plate, all at once, 1681 → 2500", new MappingSpec { Method = MappingMethod.RadialBasis, Basis = RadialBasis.ThinPlateSpline }, grid, centers, 13.8),
            ("C6, all at once, 1681 → 2500", c6 with { Method = MappingMethod.RadialBasis }, grid, centers, 1.8),
            ("C6, clusters, 1681 → 2500", c6, grid, centers, 0.055),
            ("C4, clusters, plane, 100000 → 100000", clusters, plane, plane2, null),
            ("C4, clusters, space, 100000 → 100000", clusters, space, space2, null),
            ("C4, clusters, sphere, 100000 → 100000", clusters, sphere, sphere2, null),
            ("the same, conservative", clusters with { Constraint = MappingConstraint.Conservative }, sphere, sphere2, null),
            ("nearest neighbor, space, 100000 → 100000", new MappingSpec(), space, space2, null),
            ("fitted gradient, space, 100000 → 100000", new MappingSpec { Method = MappingMethod.NearestNeighborGradient }, space, space2, null),
            ("Lucy average, space, 100000 → 100000", new MappingSpec { Method = MappingMethod.KernelAverage, KernelWidth = 0.04 }, space, space2, null),
        ];
        Console.WriteLine("case                                       build s   preCICE s (quoted)   apply ms    least ms      error   load");
        var rows = new List<MappingRow>();
        foreach (var (name, spec, from, to, peer) in cases)
        {
            var row = Measure(name, spec, from, to, peer);
            rows.Add(row);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{row.Case,-42} {row.BuildSeconds,7:0.000} {row.Peer,20:0.000} {row.ApplyMilliseconds,10:0.00} {row.ApplyLeast,11:0.00} {row.Error,10:0.0E+0} {row.Load,6:0.00}"));
        }

        if (arguments is ["--json", var file])
        {
            await File.WriteAllTextAsync(file, JsonSerializer.Serialize(rows, CouplingBenchmark.Json));
        }

        return 0;
    }

    private static MappingRow Measure(string name, MappingSpec spec, PointCloud from, PointCloud to, double? peer)
    {
        var load = LoadAverage();
        var (values, exact, mapped) = (Values(from), Values(to), new double[to.Count]);
        var build = double.PositiveInfinity;
        IDataMapping? mapping = null;
        for (var round = 0; round < Rounds; round++)
        {
            mapping = null;
            GC.Collect();
            var start = Stopwatch.GetTimestamp();
            mapping = spec.Build(from, to, ChunkedLoop.Serial);
            build = Math.Min(build, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        var times = new double[Repetitions];
        for (var r = 0; r < Repetitions; r++)
        {
            var start = Stopwatch.GetTimestamp();
            mapping!.Apply(values, mapped, 1);
            times[r] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        Array.Sort(times);
        double? error = spec.Constraint == MappingConstraint.Consistent ? FixedOrderSum.Distance(mapped, exact) / Math.Sqrt(exact.Length) : null;
        return new MappingRow(name, Math.Round(build, 4), peer, Math.Round(times[Repetitions / 2], 3), Math.Round(times[0], 3), error, load);
    }

    private static double[] Values(PointCloud cloud)
    {
        var values = new double[cloud.Count];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = Math.Sin(5 * cloud.Coordinates[3 * i]) * Math.Cos(5 * cloud.Coordinates[(3 * i) + 1]) * Math.Sin((5 * cloud.Coordinates[(3 * i) + 2]) + 1);
        }

        return values;
    }

    private static PointCloud Grid(int n, double shift)
    {
        var coordinates = new double[3 * n * n];
        var width = shift == 0 ? n - 1 : n;
        for (var p = 0; p < n * n; p++)
        {
            (coordinates[3 * p], coordinates[(3 * p) + 1]) = ((p % n + shift) / width, (p / n + shift) / width);
        }

        return new PointCloud(coordinates);
    }

    private static PointCloud Random(int dimensions, ulong seed)
    {
        var random = new Philox(seed, Fingerprint.OfName("benchmark"));
        return new PointCloud([.. Enumerable.Range(0, 3 * Many).Select(k => k % 3 < dimensions ? random.Uniform(k % 3, 0, k / 3) : 0)]);
    }

    private static PointCloud Sphere(ulong seed)
    {
        var random = new Philox(seed, Fingerprint.OfName("benchmark"));
        return new PointCloud([.. Enumerable.Range(0, Many).SelectMany(i =>
        {
            var (z, angle) = ((2 * random.Uniform(0, 0, i)) - 1, 2 * Math.PI * random.Uniform(1, 0, i));
            return new[] { Math.Sqrt(1 - (z * z)) * Math.Cos(angle), Math.Sqrt(1 - (z * z)) * Math.Sin(angle), z };
        })]);
    }

    private static double LoadAverage() => File.Exists("/proc/loadavg")
        ? double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture)
        : double.NaN;
}

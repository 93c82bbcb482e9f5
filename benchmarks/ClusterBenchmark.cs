using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using ActorMultiscale.Actors;
using ActorMultiscale.Actors.Cluster;
using ActorMultiscale.Actors.DataPlane;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Actors.Observation;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Distribution;
using Akka.Actor;

namespace ActorMultiscale.Benchmarks;

/// <summary>
/// What a coupling window costs between two processes of this machine when the solvers do nothing but copy, with a journal of windows and without their fields: the coordinator and one participant are in
/// this process, the other is in a second one. Everything but the membership of a cluster is what a run of a cluster uses.
/// </summary>
internal static class ClusterBenchmark
{
    private const int Rounds = 5;
    private static readonly RunOrigin _origin = new() { Run = "benchmark", Experiment = "benchmark", Program = "benchmark" };

    // preCICE 3.4.1, sockets on loopback, nearest neighbor both ways: medians on two cores of an AMD EPYC (Zen 4).
    private static readonly ImmutableArray<(string Name, int Values, bool Vectors, double Peer)> _cases =
    [
        ("serial-explicit", 1, false, 6495),
        ("serial-explicit", 1_000, false, 4644),
        ("serial-explicit", 1_000, true, 2004),
        ("serial-explicit", 100_000, false, 58),
        ("serial-explicit", 100_000, true, 31.5),
        ("parallel-explicit", 1_000, false, 5350),
        ("parallel-explicit", 100_000, false, 73),
        ("serial-implicit, 4 IQN-ILS iterations", 1_000, false, 573),
        ("serial-implicit, 4 IQN-ILS iterations", 100_000, false, 7.4),
    ];

    public static async Task<int> RunAsync(string[] args)
    {
        if (args is ["serve", var name, var values, var vectors, var windows, var token, var record])
        {
            return await ServeAsync(CouplingBenchmark.System(name, Number(values), Number(windows), vectors == "vectors"), Convert.FromHexString(token), record);
        }

        var (file, seconds) = ((string?)null, 1.0);
        for (var i = 0; i + 1 < args.Length; i += 2)
        {
            (file, seconds) = args[i] switch
            {
                "--json" => (args[i + 1], seconds),
                "--seconds" => (file, double.Parse(args[i + 1], CultureInfo.InvariantCulture)),
                _ => throw new ArgumentException($"'{args[i]}' is not understood; usage: benchmarks cluster [--json FILE] [--seconds S]"),
            };
        }

        var rows = ImmutableArray.CreateBuilder<CouplingRow>();
        foreach (var (scheme, count, isVector, peer) in _cases)
        {
            var load = CouplingBenchmark.LoadAverage();
            var least = Math.Clamp(2_000_000 / count, 20, 2_000);
            var wanted = Math.Max(least, (int)(await MeasureAsync(scheme, count, isVector, least, isSpread: true) * seconds));
            var (apart, together) = (new List<double>(), new List<double>());
            for (var round = 0; round < Rounds; round++)
            {
                apart.Add(await MeasureAsync(scheme, count, isVector, wanted, isSpread: true));
                together.Add(await MeasureAsync(scheme, count, isVector, wanted, isSpread: false));
            }

            CouplingRow Row(string how, List<double> rates, double against, string whom) => new(
                string.Create(CultureInfo.InvariantCulture, $"{scheme}, {count} {(isVector ? "vectors" : "values")}, {how}"), Math.Round(CouplingBenchmark.Median(rates), 1), against, whom,
                Math.Round(CouplingBenchmark.Median(rates) / against, 2), Math.Round((rates.Max() - rates.Min()) / CouplingBenchmark.Median(rates), 3), load);
            rows.Add(Row("two processes", apart, peer, "preCICE 3.4.1 (quoted)"));
            rows.Add(Row("two sites of one process", together, peer, "preCICE 3.4.1 (quoted)"));
        }

        CouplingBenchmark.Print(rows.ToImmutable());
        if (file is not null)
        {
            await File.WriteAllTextAsync(file, JsonSerializer.Serialize(rows.ToImmutable(), CouplingBenchmark.Json));
        }

        return 0;
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static NodeSettings Node(string program) => new() { Identity = new NodeIdentity(program, new MachineStamp("", "", ""), false), Threads = 1 };

    private static OpenSite Order(CoupledSystem system, FieldPlacement placement, int site, byte[] token) =>
        new("benchmark", 1, site, Convert.ToHexString(token), placement.Participants, placement.Homes, placement.Groups, [], 2, RunEventCodec.HashOf(_origin));

    private static FieldPlacement Placement(CoupledSystem system) => new(system, [0, 1], 2);

    private static async Task<double> MeasureAsync(string scheme, int values, bool vectors, int windows, bool isSpread)
    {
        var system = CouplingBenchmark.System(scheme, values, windows, vectors);
        var token = RandomNumberGenerator.GetBytes(WireOptions.TokenLength);
        var folder = Directory.CreateTempSubdirectory("actor-multiscale-benchmark-");
        try
        {
            return await MeasureAsync(system, scheme, values, vectors, windows, isSpread, token, Path.Combine(folder.FullName, "run.sqlite"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<double> MeasureAsync(CoupledSystem system, string scheme, int values, bool vectors, int windows, bool isSpread, byte[] token, string record)
    {
        // Windows are recorded, and their fields are not.
        using var store = RunStore.Create(record, _origin, [], DateTimeOffset.UtcNow);
        using var second = isSpread ? Start(["serve", scheme, values.ToString(CultureInfo.InvariantCulture), vectors ? "vectors" : "values", windows.ToString(CultureInfo.InvariantCulture), Convert.ToHexString(token), record]) : null;
        using var actors = ActorSystem.Create("sites", ActorSettings.For(1, null));
        var first = await OpenAsync(actors, system, 0, token, record);
        var other = second is null ? await OpenAsync(actors, system, 1, token, record)
            : new NodeAddress("127.0.0.1", Number(await second.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("The second process has not started.")));
        var sites = new Pair(system, token, [first, other]);
        CouplingBenchmark.Echo.Restart();
        await using var run = ActorRun.Start(system, new RunSettings { Threads = 1, RecordsFields = false }, store, RunOf(system), static _ => { }, sites);
        var report = await run.Completion;
        var seconds = CouplingBenchmark.Echo.SecondsSinceFirstWindow;
        if (report.Result.Windows != windows)
        {
            throw new InvalidOperationException($"The benchmark ran {report.Result.Windows} windows instead of {windows}: {report.Result.Reason}");
        }

        second?.StandardInput.Close();
        await actors.Terminate();
        return windows / seconds;
    }

    private static RunStart RunOf(CoupledSystem system) => new("benchmark", _origin, new MachineStamp("", "", ""), system.Experiment.Until);

    private static Process Start(string[] args)
    {
        var program = Environment.ProcessPath!;
        string[] itself = Path.GetFileNameWithoutExtension(program) == "dotnet" ? [Environment.GetCommandLineArgs()[0]] : [];
        return Process.Start(new ProcessStartInfo(program, [.. itself, "cluster", .. args]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
    }

    private static async Task<int> ServeAsync(CoupledSystem system, byte[] token, string record)
    {
        using var actors = ActorSystem.Create("sites", ActorSettings.For(1, null));
        var address = await OpenAsync(actors, system, 1, token, record);
        Console.WriteLine(address.Port.ToString(CultureInfo.InvariantCulture));
        while (Console.In.Read() >= 0)
        {
        }

        return 0;
    }

    private static async Task<NodeAddress> OpenAsync(ActorSystem actors, CoupledSystem system, int site, byte[] token, string record)
    {
        var answer = new TaskCompletionSource<object>(TaskCreationOptions.RunContinuationsAsynchronously);
        var asker = actors.ActorOf(Props.Create(() => new Asker(answer)));
        Action<NodeEvent> quiet = static _ => { };
        var order = Order(system, Placement(system), site, token);
        var run = new SourcedRun(system, RunOf(system));
        actors.ActorOf(Props.Create(() => new SiteHost(order, Node("benchmark"), () => run, () => RunStore.Open(record), ActorRefs.Nobody, asker, quiet)).WithDispatcher(SiteHost.Dispatcher));
        return await answer.Task is SiteIsOpen open ? open.Address : throw new InvalidOperationException("The site was not opened.");
    }

    private sealed class Asker : ReceiveActor
    {
        public Asker(TaskCompletionSource<object> answer) => ReceiveAny(what => answer.TrySetResult(what));
    }

    private sealed class Pair(CoupledSystem system, byte[] token, ImmutableArray<NodeAddress> addresses) : ISites
    {
        public async Task<OpenedSites> OpenAsync(CoupledSystem _, int epoch, byte[] fields, Action<object> take, Action<string> lost) =>
            new(Placement(system), await SiteLinks.OpenAsync(new WireOptions { Site = 2, Token = [.. token], Epoch = 1, Program = "benchmark" }, IPAddress.Loopback, addresses, fields, take, lost, WorkAccount.None));
    }
}

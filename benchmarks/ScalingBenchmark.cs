using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using ActorMultiscale.Actors.Observation;

namespace ActorMultiscale.Benchmarks;

/// <summary>All that was measured.</summary>
/// <param name="Cores">Of the machine.</param>
/// <param name="Load">Of the machine, before.</param>
/// <param name="Rounds">How often each run was repeated.</param>
/// <param name="Measured">Runs by case and nodes.</param>
/// <param name="FanOut">What orders and answers cost.</param>
/// <param name="Idle">What nodes without a run cost.</param>
/// <param name="Telemetry">What counting costs.</param>
internal sealed record ScalingData(int Cores, double Load, int Rounds, List<ScalingRuns> Measured, List<FanOut> FanOut, List<ScalingIdle> Idle, List<ScalingCost> Telemetry);

/// <summary>The runs of a case on some nodes.</summary>
internal sealed record ScalingRuns(string Case, int Nodes, List<ScalingMeasure> Runs);

/// <summary>What nodes without a run cost: processor time of all together a second, s.</summary>
internal sealed record ScalingIdle(int Nodes, double Seconds);

/// <summary>Processor time of a window, s, in one way of counting.</summary>
internal sealed record ScalingCost(string Name, double Seconds);

/// <summary>
/// What runs cost on 1, 2 and 4 nodes of this machine, a model that knows 1 and 2 and says what 4 cost, and what each of a thousand nodes would meet. Processor time, messages and bytes are counted:
/// the machine has fewer cores than there are nodes, and the clock says little.
/// </summary>
internal static class ScalingBenchmark
{
    private const string Usage = "usage: benchmarks scaling [--rounds N | --from FILE] [--json FILE] [--doc FILE]; --from takes what an earlier --json has kept instead of measuring";
    private static readonly ImmutableArray<int> _links = [1, 4, 16, 64, 256];

    public static async Task<int> RunAsync(string[] args)
    {
        if (args is ["serve", var links])
        {
            return ScalingFanOut.Serve(int.Parse(links, CultureInfo.InvariantCulture));
        }

        var (rounds, from, json, document) = (3, (string?)null, (string?)null, (string?)null);
        for (var i = 0; i < args.Length; i += 2)
        {
            switch (args[i])
            {
                case "--rounds" when i + 1 < args.Length && int.TryParse(args[i + 1], CultureInfo.InvariantCulture, out rounds) && rounds > 0:
                    break;
                case "--from" when i + 1 < args.Length:
                    from = args[i + 1];
                    break;
                case "--json" when i + 1 < args.Length:
                    json = args[i + 1];
                    break;
                case "--doc" when i + 1 < args.Length:
                    document = args[i + 1];
                    break;
                default:
                    Console.Error.WriteLine($"'{args[i]}' is not understood; {Usage}");
                    return 2;
            }
        }

        var data = from is null ? await MeasureAsync(rounds) : JsonSerializer.Deserialize<ScalingData>(await File.ReadAllTextAsync(from), CouplingBenchmark.Json)!;
        if (json is not null)
        {
            await File.WriteAllTextAsync(json, JsonSerializer.Serialize(data, CouplingBenchmark.Json));
        }

        var tables = Tables(data);
        foreach (var (name, text) in tables)
        {
            Console.WriteLine($"\n{name}\n\n{text}");
        }

        if (document is not null)
        {
            await File.WriteAllTextAsync(document, Fill(await File.ReadAllTextAsync(document), tables));
        }

        return 0;
    }

    /// <summary>Puts tables between their marks, <c>&lt;!-- table NAME --&gt;</c> and <c>&lt;!-- end --&gt;</c>.</summary>
    /// <exception cref="InvalidOperationException">A mark is not there.</exception>
    internal static string Fill(string document, IEnumerable<(string Name, string Text)> tables)
    {
        foreach (var (name, text) in tables)
        {
            var mark = $"<!-- table {name} -->\n";
            var begin = document.IndexOf(mark, StringComparison.Ordinal);
            var end = begin < 0 ? -1 : document.IndexOf("<!-- end -->", begin, StringComparison.Ordinal);
            document = end < 0 ? throw new InvalidOperationException($"The document has no place for the table '{name}'.") : document[..(begin + mark.Length)] + text + document[end..];
        }

        return document;
    }

    // How many windows each has, does not matter to the tables.
    private static ImmutableArray<ScalingCase> Cases => [ScalingCase.Melt(100), ScalingCase.Ring(240)];

    private static async Task<ScalingData> MeasureAsync(int rounds)
    {
        var folder = Directory.CreateTempSubdirectory("scaling-").FullName;
        try
        {
            return await MeasureAsync(rounds, folder);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<ScalingData> MeasureAsync(int rounds, string folder)
    {
        var load = CouplingBenchmark.LoadAverage();
        var fans = new List<FanOut>();
        foreach (var links in _links)
        {
            Say($"an order to each of {links} sites");
            fans.Add(await ScalingFanOut.MeasureAsync(links));
        }

        var measured = new List<ScalingRuns>();
        var idle = new List<ScalingIdle>();
        foreach (var nodes in new[] { 1, 2, 4 })
        {
            await using var cluster = await ScalingRun.StartAsync(nodes, folder);
            var runs = Cases.Select(what => new ScalingRuns(what.Name, nodes, [])).ToList();
            measured.AddRange(runs);
            for (var round = 0; round < rounds; round++)
            {
                foreach (var (what, list) in Cases.Zip(runs))
                {
                    Say($"{what.Name} on {nodes} nodes, round {round + 1} of {rounds}");
                    list.Runs.Add(await cluster.MeasureAsync(what));
                }
            }

            idle.Add(new ScalingIdle(nodes, await cluster.IdleAsync(TimeSpan.FromSeconds(10))));
        }

        return new ScalingData(Environment.ProcessorCount, load, rounds, measured, fans, idle, await TelemetryAsync(rounds, folder));
    }

    private static ImmutableArray<(string Name, string Text)> Tables(ScalingData data)
    {
        ScalingMeasure Of(ScalingCase what, int nodes) => Least(data.Measured.Single(runs => runs.Case == what.Name && runs.Nodes == nodes).Runs);
        foreach (var what in Cases)
        {
            var hashes = data.Measured.Where(runs => runs.Case == what.Name).SelectMany(runs => runs.Runs).Select(run => run.Hash).Distinct().ToList();
            if (hashes.Count > 1)
            {
                throw new InvalidOperationException($"Runs of '{what.Name}' ended in different hashes: {string.Join(", ", hashes)}");
            }
        }

        // Of a message at both ends: what a process with one link takes for one sent and one received.
        var message = data.FanOut[0].Seconds;
        var texts = ImmutableArray.CreateBuilder<(string, string)>();
        texts.Add(("conditions", Line($"{data.Cores} cores, load before it began {data.Load:0.0}; of {data.Rounds} rounds the one that took least; all runs of a case ended in the same hash.\n")));
        foreach (var what in Cases)
        {
            texts.Add((what.Name.Replace(' ', '-'), Compared(ScalingModel.Rows(what, Of(what, 1), Of(what, 2), Of(what, 4), message))));
            texts.Add((what.Name.Replace(' ', '-') + "-by-process", ByProcess(Of(what, 4))));
        }

        texts.Add(("beside", Table(["case", "nodes", "ms a window by the clock", "ms spent on making machine code", "bytes of a snapshot"],
            from what in Cases
            from nodes in new[] { 1, 2, 4 }
            let least = Of(what, nodes)
            select (string[])[what.Name, Line($"{nodes}"), Number(1e3 * least.Wall), Number(1e3 * least.Compiling), Number(least.SnapshotBytes)])));
        foreach (var what in Cases)
        {
            // A round trip with one other is two ways.
            texts.Add((what.Name.Replace(' ', '-') + "-far", Table(["nodes, one part each", "compute", what.IsTeam ? "halo" : "mapping", .. what.IsTeam ? (string[])["asking for new lists"] : [], "on the way", "barrier", "journal, beside"],
                new[] { 27, 125, 343, 1000 }.Select(nodes =>
                {
                    var (compute, exchange, asking, ways, barrier, journal) = ScalingModel.Far(what, Of(what, 1), Of(what, 2), Of(what, 4), message, 0.5 / data.FanOut[0].Rounds, nodes);
                    return (string[])[Line($"{nodes}"), Number(1e3 * compute), Number(1e3 * exchange), .. what.IsTeam ? (string[])[Number(1e3 * asking)] : [], Number(1e3 * ways), Number(1e3 * barrier), Number(1e3 * journal)];
                }))));
        }

        texts.Add(("fan-out", Table(["sites", "µs for an order and its answer", "µs at the site", "rounds a second", "pairs a second of one core", "threads", "ms to open a link"],
            data.FanOut.Select(fan => (string[])[Line($"{fan.Links}"), Number(1e6 * fan.Seconds), Number(1e6 * fan.OtherSeconds), Number(fan.Rounds), Number(1 / fan.Seconds), Line($"{fan.Threads}"), Number(1e3 * fan.Opening / fan.Links)]))));
        texts.Add(("idle", Table(["nodes", "ms a second, all together", "ms a second a node"], data.Idle.Select(i => (string[])[Line($"{i.Nodes}"), Number(1e3 * i.Seconds), Number(1e3 * i.Seconds / i.Nodes)]))));
        texts.Add(("telemetry", Table(["accounts and telemetry", "µs a window, both nodes together", "more than without"],
            data.Telemetry.Select(cost => (string[])[cost.Name, Number(1e6 * cost.Seconds), Line($"{100 * ((cost.Seconds / data.Telemetry[0].Seconds) - 1):0.0} %")]))));
        return texts.ToImmutable();
    }

    // Windows that cost next to nothing show what is spent on counting: processor time of both nodes, in turn without accounts, with them, and with somebody who listens.
    private static async Task<List<ScalingCost>> TelemetryAsync(int rounds, string folder)
    {
        ImmutableArray<(string Name, string Accounts, string Hook)> ways =
        [
            ("none (`ACTORMULTISCALE_ACCOUNTS=off`)", "off", ""),
            ("accounts", "", ""),
            ("accounts, and somebody listens to all instruments and activities", "", typeof(StartupHook).Assembly.Location),
        ];
        var spent = ways.Select(_ => new List<double>()).ToList();
        for (var round = 0; round < rounds; round++)
        {
            foreach (var (index, (name, accounts, hook)) in ways.Index())
            {
                Say($"telemetry: {name}, round {round + 1} of {rounds}");
                Environment.SetEnvironmentVariable("ACTORMULTISCALE_ACCOUNTS", accounts);
                Environment.SetEnvironmentVariable("DOTNET_STARTUP_HOOKS", hook);
                try
                {
                    await using var cluster = await ScalingRun.StartAsync(2, folder);
                    spent[index].Add((await cluster.MeasureAsync(ScalingCase.Masses(60_000))).Process);
                }
                finally
                {
                    Environment.SetEnvironmentVariable("ACTORMULTISCALE_ACCOUNTS", null);
                    Environment.SetEnvironmentVariable("DOTNET_STARTUP_HOOKS", null);
                }
            }
        }

        return [.. ways.Select((way, index) => new ScalingCost(way.Name, spent[index].Min()))];
    }

    // The round that took least: others share the machine, and what they add is no cost of ours.
    private static ScalingMeasure Least(List<ScalingMeasure> rounds) => rounds.MinBy(round => round.Process)!;

    private static string Compared(ImmutableArray<ScalingRow> rows) => Table(["a window", "", "1 node", "2 nodes", "4 nodes", "4 by the model", "off by", "rule"],
        rows.Select(row => (string[])[row.Name, row.Unit, Number(row.One), Number(row.Two), Number(row.Four), Number(row.Predicted), Line($"{100 * row.Error:+0;−0;0} %"), $"`{row.Rule}`"]));

    private static string ByProcess(ScalingMeasure four) => Table(["ms a window, on 4 nodes", .. Enum.GetNames<WorkPurpose>().Select(name => name.ToLowerInvariant()), "messages", "kB"],
        four.Shares.Select(share => (string[])[share.Name, .. share.Seconds.Select(seconds => Number(1e3 * seconds)), Number(share.Messages.Aggregate(0.0, (sum, m) => sum + m)), Number(1e-3 * share.Bytes.Aggregate(0.0, (sum, b) => sum + b))]));

    private static string Table(string[] head, IEnumerable<string[]> rows)
    {
        var text = new StringBuilder($"| {string.Join(" | ", head)} |\n|{string.Concat(Enumerable.Repeat(" --- |", head.Length))}\n");
        foreach (var row in rows)
        {
            text.Append(CultureInfo.InvariantCulture, $"| {string.Join(" | ", row)} |\n");
        }

        return text.ToString();
    }

    // Three digits, or all of those before the point.
    private static string Number(double value) => value == 0 ? "0" : Math.Abs(value) switch
    {
        >= 100 => value.ToString("#,##0", CultureInfo.InvariantCulture),
        >= 10 => value.ToString("0.0", CultureInfo.InvariantCulture),
        >= 1 => value.ToString("0.00", CultureInfo.InvariantCulture),
        _ => value.ToString("G2", CultureInfo.InvariantCulture),
    };

    private static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static void Say(string text) => Console.Error.WriteLine(text);
}

using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using ActorMultiscale.Actors.Observation;

namespace ActorMultiscale.Benchmarks;

/// <summary>
/// What runs cost on 1, 2 and 4 nodes of this machine, a model that knows 1 and 2 and says what 4 cost, and what each of a thousand nodes would meet. Processor time, messages and bytes are counted:
/// the machine has fewer cores than there are nodes, and the clock says little.
/// </summary>
internal static class ScalingBenchmark
{
    private const string Usage = "usage: benchmarks scaling [--rounds N] [--json FILE] [--doc FILE]";
    private static readonly ImmutableArray<int> _links = [1, 4, 16, 64, 256];

    public static async Task<int> RunAsync(string[] args)
    {
        if (args is ["serve", var links])
        {
            return ScalingFanOut.Serve(int.Parse(links, CultureInfo.InvariantCulture));
        }

        var (rounds, json, document) = (3, (string?)null, (string?)null);
        for (var i = 0; i < args.Length; i += 2)
        {
            switch (args[i])
            {
                case "--rounds" when i + 1 < args.Length && int.TryParse(args[i + 1], CultureInfo.InvariantCulture, out rounds) && rounds > 0:
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

        var folder = Directory.CreateTempSubdirectory("scaling-").FullName;
        try
        {
            var tables = await MeasureAsync(rounds, folder);
            foreach (var (name, text) in tables.Texts)
            {
                Console.WriteLine($"\n{name}\n\n{text}");
            }

            if (json is not null)
            {
                await File.WriteAllTextAsync(json, JsonSerializer.Serialize(tables.Rows, CouplingBenchmark.Json));
            }

            if (document is not null)
            {
                await File.WriteAllTextAsync(document, Fill(await File.ReadAllTextAsync(document), tables.Texts));
            }

            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
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

    private static async Task<(ImmutableArray<(string Name, string Text)> Texts, object Rows)> MeasureAsync(int rounds, string folder)
    {
        var load = CouplingBenchmark.LoadAverage();
        var fans = new List<FanOut>();
        foreach (var links in _links)
        {
            Say($"an order to each of {links} sites");
            fans.Add(await ScalingFanOut.MeasureAsync(links));
        }

        ImmutableArray<ScalingCase> cases = [ScalingCase.Melt(100), ScalingCase.Ring(240)];
        var measured = new Dictionary<(string Case, int Nodes), List<ScalingMeasure>>();
        var idle = new List<(int Nodes, double Seconds)>();
        foreach (var nodes in new[] { 1, 2, 4 })
        {
            await using var cluster = await ScalingRun.StartAsync(nodes, folder);
            foreach (var what in cases)
            {
                measured[(what.Name, nodes)] = [];
            }

            for (var round = 0; round < rounds; round++)
            {
                foreach (var what in cases)
                {
                    Say($"{what.Name} on {nodes} nodes, round {round + 1} of {rounds}");
                    measured[(what.Name, nodes)].Add(await cluster.MeasureAsync(what));
                }
            }

            idle.Add((nodes, await cluster.IdleAsync(TimeSpan.FromSeconds(10))));
        }

        var costs = await TelemetryAsync(rounds, folder);
        foreach (var what in cases)
        {
            var hashes = measured.Where(run => run.Key.Case == what.Name).SelectMany(run => run.Value).Select(run => run.Hash).Distinct().ToList();
            if (hashes.Count > 1)
            {
                throw new InvalidOperationException($"Runs of '{what.Name}' ended in different hashes: {string.Join(", ", hashes)}");
            }
        }

        // Of a message at both ends: what a process with one link takes for one sent and one received.
        var message = fans[0].Seconds;
        var rows = cases.ToDictionary(what => what.Name, what => ScalingModel.Rows(what, Middle(measured[(what.Name, 1)]), Middle(measured[(what.Name, 2)]), Middle(measured[(what.Name, 4)]), message));
        var texts = ImmutableArray.CreateBuilder<(string, string)>();
        texts.Add(("conditions", Line($"{Environment.ProcessorCount} cores, load before it began {load:0.0}; medians of {rounds} rounds; all runs of a case ended in the same hash.\n")));
        foreach (var what in cases)
        {
            texts.Add((what.Name.Replace(' ', '-'), Compared(rows[what.Name])));
            texts.Add((what.Name.Replace(' ', '-') + "-by-process", ByProcess(Middle(measured[(what.Name, 4)]))));
        }

        texts.Add(("beside", Table(["case", "nodes", "ms a window by the clock", "ms spent on making machine code", "bytes of a snapshot"],
            from what in cases
            from nodes in new[] { 1, 2, 4 }
            let middle = Middle(measured[(what.Name, nodes)])
            select (string[])[what.Name, Line($"{nodes}"), Number(1e3 * middle.Wall), Number(1e3 * middle.Compiling), Number(middle.SnapshotBytes)])));
        foreach (var what in cases)
        {
            // A round trip with one other is two ways.
            texts.Add((what.Name.Replace(' ', '-') + "-far", Table(["nodes, one part each", "compute", what.IsTeam ? "halo" : "mapping", .. what.IsTeam ? (string[])["sums at member 0"] : [], "on the way", "barrier", "journal, beside"],
                new[] { 27, 125, 343, 1000 }.Select(nodes =>
                {
                    var (compute, exchange, first, ways, barrier, journal) = ScalingModel.Far(what, Middle(measured[(what.Name, 1)]), Middle(measured[(what.Name, 2)]), Middle(measured[(what.Name, 4)]), message, 0.5 / fans[0].Rounds, nodes);
                    return (string[])[Line($"{nodes}"), Number(1e3 * compute), Number(1e3 * exchange), .. what.IsTeam ? (string[])[Number(1e3 * first)] : [], Number(1e3 * ways), Number(1e3 * barrier), Number(1e3 * journal)];
                }))));
        }

        texts.Add(("fan-out", Table(["sites", "µs for an order and its answer", "µs at the site", "rounds a second", "pairs a second of one core", "threads", "ms to open a link"],
            fans.Select(fan => (string[])[Line($"{fan.Links}"), Number(1e6 * fan.Seconds), Number(1e6 * fan.OtherSeconds), Number(fan.Rounds), Number(1 / fan.Seconds), Line($"{fan.Threads}"), Number(1e3 * fan.Opening / fan.Links)]))));
        texts.Add(("idle", Table(["nodes", "ms a second, all together", "ms a second a node"], idle.Select(i => (string[])[Line($"{i.Nodes}"), Number(1e3 * i.Seconds), Number(1e3 * i.Seconds / i.Nodes)]))));
        texts.Add(("telemetry", Table(["accounts and telemetry", "µs a window, both nodes together", "more than without"],
            costs.Select(cost => (string[])[cost.Name, Number(1e6 * cost.Seconds), Line($"{100 * ((cost.Seconds / costs[0].Seconds) - 1):0.0} %")]))));
        return (texts.ToImmutable(), new
        {
            Cores = Environment.ProcessorCount,
            Load = load,
            Rounds = rounds,
            Cases = rows,
            Measured = measured.Select(run => new { run.Key.Case, run.Key.Nodes, Runs = run.Value }),
            FanOut = fans,
            Idle = idle.Select(i => new { i.Nodes, i.Seconds }),
            Telemetry = costs.Select(cost => new { cost.Name, cost.Seconds }),
        });
    }

    // Windows that cost next to nothing show what is spent on counting: processor time of both nodes, in turn without accounts, with them, and with somebody who listens.
    private static async Task<ImmutableArray<(string Name, double Seconds)>> TelemetryAsync(int rounds, string folder)
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

        return [.. ways.Select((way, index) => (way.Name, CouplingBenchmark.Median(spent[index])))];
    }

    // Each number is that in the middle of the rounds.
    private static ScalingMeasure Middle(List<ScalingMeasure> rounds)
    {
        double Of(Func<ScalingMeasure, double> what) => CouplingBenchmark.Median([.. rounds.Select(what)]);
        return rounds[0] with
        {
            Shares =
            [
                .. rounds[0].Shares.Select((share, s) => new ScalingShare(share.Name,
                    [.. share.Seconds.Select((_, p) => Of(round => round.Shares[s].Seconds[p]))],
                    [.. share.Messages.Select((_, p) => Of(round => round.Shares[s].Messages[p]))],
                    [.. share.Bytes.Select((_, p) => Of(round => round.Shares[s].Bytes[p]))])),
            ],
            Process = Of(round => round.Process),
            Database = Of(round => round.Database),
            Compiling = Of(round => round.Compiling),
            Wall = Of(round => round.Wall),
        };
    }

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

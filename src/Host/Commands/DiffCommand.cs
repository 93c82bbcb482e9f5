using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Host.Composition;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Recording;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Host.Commands;

/// <summary><c>diff A B</c>: in what two runs differ, and nothing else.</summary>
internal static class DiffCommand
{
    public static Command Create()
    {
        var (a, b) = (new Argument<string>("a") { Description = "A run" }, new Argument<string>("b") { Description = "Another" });
        var (absolute, relative) = (Tolerance("--abs", "absolute, in the units of each port"), Tolerance("--rel", "relative to the greater of two numbers"));
        var (store, json) = (SharedOptions.Store(), SharedOptions.Json());
        var command = new Command("diff", "Say in what two runs differ: settings, windows, metrics and last values") { a, b, absolute, relative, store, json };
        command.SetAction(parsed =>
        {
            var catalog = RunCatalog.Of(parsed.GetValue(store)!);
            using var first = catalog.Open(parsed.GetValue(a)!);
            using var second = catalog.Open(parsed.GetValue(b)!);
            var output = Compare(RecordedRun.Of(parsed.GetValue(a)!, first), RecordedRun.Of(parsed.GetValue(b)!, second), parsed.GetValue(absolute), parsed.GetValue(relative));
            if (parsed.GetValue(json))
            {
                Console.Out.WriteLine(JsonSerializer.Serialize(output, HostJson.Readable.DiffOutput));
            }
            else
            {
                Print(output);
            }

            return output.Same ? ExitCode.Ok : ExitCode.Mismatch;
        });
        return command;
    }

    private static Option<double> Tolerance(string name, string what)
    {
        var option = new Option<double>(name) { Description = $"By how much numbers may differ, {what}; 0 if not given" };
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && (!double.TryParse(result.Tokens[0].Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) || !double.IsFinite(value) || value < 0))
            {
                result.AddError($"{name} takes a number from 0; found '{result.Tokens[0].Value}'.");
            }
        });
        return option;
    }

    private static DiffOutput Compare(RecordedRun a, RecordedRun b, double absolute, double relative)
    {
        // |x − y| ≤ a + r max(|x|, |y|)
        bool IsClose(double x, double y) => x.Equals(y) || Math.Abs(x - y) <= absolute + (relative * Math.Max(Math.Abs(x), Math.Abs(y)));
        var metrics = Joined(a.History.End?.Metrics ?? ImmutableSortedDictionary<string, double>.Empty, b.History.End?.Metrics ?? ImmutableSortedDictionary<string, double>.Empty)
            .Where(m => !(m.A is { } x && m.B is { } y && IsClose(x, y))).Select(m => new MetricDifference(m.Key, m.A, m.B)).ToImmutableArray();
        List<string> left = [.. a.Loaded.System.OutPorts], right = [.. b.Loaded.System.OutPorts];
        ImmutableArray<(string Port, int A, int B)> common = [.. left.Select((port, i) => (port, i, right.IndexOf(port))).Where(p => p.Item3 >= 0)];
        var (windows, compared) = Divergence(a, b, common);
        var (fields, note) = Fields(a, b, common, IsClose);

        // Within a tolerance bits may differ from the first window on; what counts is how far.
        var isTolerant = absolute > 0 || relative > 0;
        ImmutableArray<SettingDifference> settings = [.. Settings(a, b)];
        return new DiffOutput(a.Name, b.Name, common.Length == left.Count && common.Length == right.Count && settings.IsEmpty && metrics.IsEmpty && fields.IsEmpty && (windows is null || isTolerant), settings, windows, compared, metrics, fields, note)
        {
            Ports = common.Length,
            OnlyInA = [.. left.Except(right)],
            OnlyInB = [.. right.Except(left)],
        };
    }

    private static IEnumerable<(string Key, double? A, double? B)> Joined(ImmutableSortedDictionary<string, double> a, ImmutableSortedDictionary<string, double> b) =>
        a.Keys.Union(b.Keys).Order(StringComparer.Ordinal).Select(key => (key, a.TryGetValue(key, out var x) ? x : (double?)null, b.TryGetValue(key, out var y) ? y : (double?)null));

    // As they stand in the file and on the command line, by key; and where the run ends, which resume may have changed.
    private static IEnumerable<SettingDifference> Settings(RecordedRun a, RecordedRun b)
    {
        var (x, y) = (Flat(a), Flat(b));
        return x.Keys.Union(y.Keys).Order(StringComparer.Ordinal)
            .Where(key => x.GetValueOrDefault(key) != y.GetValueOrDefault(key))
            .Select(key => new SettingDifference(key, x.GetValueOrDefault(key), y.GetValueOrDefault(key)));
    }

    private static Dictionary<string, string> Flat(RecordedRun run)
    {
        var origin = run.History.Origin!;
        var root = HoconScanner.Scan(origin.File, origin.Text).Root;
        foreach (var change in origin.Overrides)
        {
            root = ConfigOverride.Apply(root, change, []);
        }

        var settings = new Dictionary<string, string>(StringComparer.Ordinal);
        void Walk(string key, ConfigNode node)
        {
            switch (node)
            {
                case ConfigObject section:
                    foreach (var entry in section.Entries)
                    {
                        Walk(key.Length == 0 ? entry.Name : $"{key}.{entry.Name}", entry.Value);
                    }

                    break;
                case ConfigArray array:
                    for (var i = 0; i < array.Items.Length; i++)
                    {
                        Walk(string.Create(CultureInfo.InvariantCulture, $"{key}.{i}"), array.Items[i]);
                    }

                    break;
                case ConfigScalar scalar:
                    settings[key] = scalar.Text;
                    break;
            }
        }

        Walk("", root);
        settings["until"] = string.Create(CultureInfo.InvariantCulture, $"{run.History.Until:R} s");
        foreach (var library in origin.Libraries.Concat(origin.Inputs))
        {
            settings[library.Name] = library.Hash[..12];
        }

        return settings;
    }

    // The first window that both have and that differs; ports are compared by name.
    private static (WindowDifference? First, long Compared) Divergence(RecordedRun a, RecordedRun b, ImmutableArray<(string Port, int A, int B)> common)
    {
        var (one, two) = (a.Loaded.System, b.Loaded.System);
        var begin = Math.Max(a.FirstWindow, b.FirstWindow);
        var compared = 0L;
        foreach (var (x, y) in a.WindowsFrom(begin).Zip(b.WindowsFrom(begin)))
        {
            var (from, to) = (one.Window(x.StartTick, x.EndTick), two.Window(y.StartTick, y.EndTick));
            WindowDifference Other(string what, string? port = null) => WindowDifference.Of(x.Index, from.End, port, what);
            var first = (from.Start, from.End) != (to.Start, to.End)
                ? Other(string.Create(CultureInfo.InvariantCulture, $"it goes from t = {from.Start} to {from.End} in '{a.Name}' and from {to.Start} to {to.End} in '{b.Name}'"))
                : common.FirstOrDefault(p => x.Fingerprints[p.A] != y.Fingerprints[p.B]) is { Port: { } port } ? Other("", port)
                : x.Iterations != y.Iterations ? Other($"it took {x.Iterations} iterations in '{a.Name}' and {y.Iterations} in '{b.Name}'")
                : null;
            if (first is not null)
            {
                return (first, compared);
            }

            compared++;
        }

        return (a.Windows == b.Windows ? null : new WindowDifference(Math.Min(a.Windows, b.Windows), double.NaN, null, null,
            $"'{a.Name}' has {a.Windows} windows and '{b.Name}' {b.Windows}; {(compared == 0 ? "they have none in common" : "those that both have agree")}"), compared);
    }

    // Over the recorded windows; the last values too, of what is not recorded up to there.
    private static (ImmutableArray<FieldDifference> Differences, string? Note) Fields(RecordedRun a, RecordedRun b, ImmutableArray<(string Port, int A, int B)> common, Func<double, double, bool> isClose)
    {
        if (RecordedFields(a, b, common, isClose) is not { } recorded)
        {
            return LastValues(a, b, isClose);
        }

        var isToTheEnd = a.History.FieldsEnd == a.Windows && b.History.FieldsEnd == b.Windows;
        if (isToTheEnd && recorded.Ports.Count == common.Length)
        {
            return (recorded.Differences, recorded.Note);
        }

        var (last, note) = LastValues(a, b, isClose);
        return ([.. recorded.Differences, .. last.Where(f => !(isToTheEnd && recorded.Ports.Contains(f.Port)) && !recorded.Differences.Any(d => d.Port == f.Port))],
            $"{recorded.Note}{(isToTheEnd ? $" of {recorded.Ports.Count} ports" : "")}; of what is not recorded up to the end, {note ?? "the last ones"}");
    }

    // What both runs have recorded of the same windows, at the ends of these; null where there is no such window.
    private static (ImmutableArray<FieldDifference> Differences, HashSet<string> Ports, string Note)? RecordedFields(RecordedRun a, RecordedRun b, ImmutableArray<(string Port, int A, int B)> common, Func<double, double, bool> isClose)
    {
        if (a.History.Fields is not [var one, ..] || b.History.Fields is not [var two, ..])
        {
            return null;
        }

        var (begin, end) = (Math.Max(one.First, two.First), Math.Min(a.History.FieldsEnd, b.History.FieldsEnd));
        var (left, right) = (PortsOf(a.Loaded.System), PortsOf(b.Loaded.System));
        var differences = new FieldDifference?[common.Length];
        var (compared, ports) = (0L, new HashSet<string>(StringComparer.Ordinal));
        foreach (var (x, y) in Paired(a.Fields.Windows(begin, end), b.Fields.Windows(begin, end)))
        {
            var time = a.Loaded.System.Window(x.StartTick, x.EndTick).End;
            if (time != b.Loaded.System.Window(y.StartTick, y.EndTick).End)
            {
                continue;
            }

            compared += x.Index < 0 ? 0 : 1;
            for (var i = 0; i < common.Length; i++)
            {
                var (mine, yours) = (left[common[i].A], right[common[i].B]);
                if (x.LastOf(mine.Participant, mine.Port) is not { } p || y.LastOf(yours.Participant, yours.Port) is not { } q)
                {
                    continue;
                }

                ports.Add(common[i].Port);
                if (Difference(common[i].Port, p.Values, q.Values, isClose) is { } found)
                {
                    found = found with { Window = x.Index, Time = time, FirstWindow = differences[i]?.FirstWindow ?? x.Index, Windows = (differences[i]?.Windows ?? 0) + 1 };
                    differences[i] = differences[i] is { } worst && !(found.Distance > worst.Distance) ? worst with { Windows = found.Windows } : found;
                }
            }
        }

        return compared == 0 ? null : ([.. differences.OfType<FieldDifference>()], ports, string.Create(CultureInfo.InvariantCulture, $"values are those at the ends of {compared} recorded windows"));
    }

    // By index; what only one has is passed over.
    private static IEnumerable<(RecordedWindow A, RecordedWindow B)> Paired(IEnumerable<RecordedWindow> a, IEnumerable<RecordedWindow> b)
    {
        using var others = b.GetEnumerator();
        var isThere = others.MoveNext();
        foreach (var window in a)
        {
            while (isThere && others.Current.Index < window.Index)
            {
                isThere = others.MoveNext();
            }

            if (isThere && others.Current.Index == window.Index)
            {
                yield return (window, others.Current);
            }
        }
    }

    // Participant and port, in the order of CoupledSystem.OutPorts.
    private static List<(int Participant, int Port)> PortsOf(CoupledSystem system) =>
        [.. system.Participants.SelectMany(node => Enumerable.Range(0, node.Description.Ports.Length)
            .Where(port => node.Description.Ports[port].Port.Direction == PortDirection.Out).Select(port => (node.Index, port)))];

    // The last values of all out-ports, if both runs have a snapshot at the same time.
    private static (ImmutableArray<FieldDifference> Differences, string? Note) LastValues(RecordedRun a, RecordedRun b, Func<double, double, bool> isClose)
    {
        if (a.SnapshotBefore(a.Windows) is not { } x || b.SnapshotBefore(b.Windows) is not { } y)
        {
            return ([], "values are not compared: a run has no snapshot");
        }

        var (one, two) = (a.Loaded.System, b.Loaded.System);
        var (at, bt) = (one.Window(0, x.Tick).End, two.Window(0, y.Tick).End);
        if (at != bt)
        {
            return ([], string.Create(CultureInfo.InvariantCulture, $"values are not compared: the last snapshots are of t = {at} and {bt}"));
        }

        var (left, right) = (new CouplingCore(one, x.Fields).Fields, new CouplingCore(two, y.Fields).Fields);
        var result = ImmutableArray.CreateBuilder<FieldDifference>();
        foreach (var node in one.Participants)
        {
            var peer = two.Participants.FirstOrDefault(p => p.Name == node.Name);
            for (var port = 0; peer is not null && port < node.Description.Ports.Length; port++)
            {
                var written = node.Description.Ports[port].Port;
                var twin = peer.Description.IndexOf(written.Name);
                if (written.Direction != PortDirection.Out || twin < 0 || left.LastOf(node.Index, port) is not { } mine || right.LastOf(peer.Index, twin) is not { } yours)
                {
                    continue;
                }

                if (Difference($"{node.Name}.{written.Name}", mine.Values, yours.Values, isClose) is { } difference)
                {
                    result.Add(difference);
                }
            }
        }

        return (result.ToImmutable(), null);
    }

    private static FieldDifference? Difference(string port, ReadOnlySpan<double> a, ReadOnlySpan<double> b, Func<double, double, bool> isClose)
    {
        if (a.Length != b.Length)
        {
            return new FieldDifference(port, Math.Max(a.Length, b.Length), Math.Min(a.Length, b.Length), double.NaN, double.NaN);
        }

        var (count, worst) = (0, -1);
        for (var i = 0; i < a.Length; i++)
        {
            if (!isClose(a[i], b[i]))
            {
                count++;
                worst = worst < 0 || Math.Abs(a[i] - b[i]) > Math.Abs(a[worst] - b[worst]) ? i : worst;
            }
        }

        return count == 0 ? null : new FieldDifference(port, count, worst, a[worst], b[worst]);
    }

    private static string Agreement(DiffOutput output) => output.Ports == 0
        ? $"{output.Compared} windows have the same lengths and iterations, and no port in common"
        : $"{output.Compared} windows agree to the bit at {output.Ports} ports";

    private static void Print(DiffOutput output)
    {
        string[] header = ["", output.A, output.B];
        void Table(string title, IEnumerable<string[]> rows)
        {
            if (rows.Any())
            {
                PlainTable.Write(TableForm.People, [title, .. header[1..]], rows);
            }
        }

        Table("setting", output.Settings.Select(s => new[] { s.Key, s.A ?? "(none)", s.B ?? "(none)" }));
        Table("metric", output.Metrics.Select(m => new[] { m.Name, PlainTable.Of(m.A), PlainTable.Of(m.B) }));
        Table("value", output.Fields.Select(f => new[]
        {
            $"{f.Port}{(double.IsNaN(f.A) ? " (other numbers of values)" : $": {f.Count} differ, most at {f.At}")}{(f.Window is { } window ? string.Create(CultureInfo.InvariantCulture, $", in window {window} (t = {f.Time}) of {f.Windows}, the first {f.FirstWindow}") : "")}",
            PlainTable.Of(f.A), PlainTable.Of(f.B),
        }));
        Console.Out.WriteLine(output.Window is { } first
            ? $"{Agreement(output)}; {first.Sentence}"
            : $"{Agreement(output)}, which are all");
        foreach (var (run, ports) in new[] { (output.A, output.OnlyInA), (output.B, output.OnlyInB) })
        {
            if (!ports.IsEmpty)
            {
                Console.Out.WriteLine($"only '{run}' has {string.Join(", ", ports)}");
            }
        }

        if (output.Note is { } note)
        {
            Console.Out.WriteLine(note);
        }

        if (output.Same)
        {
            Console.Out.WriteLine("no difference that counts");
        }
    }
}

/// <summary>In what two runs differ.</summary>
/// <param name="A">The first run.</param>
/// <param name="B">The second.</param>
/// <param name="Same">Whether nothing differs beyond the tolerances.</param>
/// <param name="Settings">Settings that differ.</param>
/// <param name="Window">The first window that differs to the bit.</param>
/// <param name="Compared">How many windows before it agree.</param>
/// <param name="Metrics">Metrics that differ beyond the tolerances; of runs that have ended.</param>
/// <param name="Fields">Values that differ beyond the tolerances: at the ends of the recorded windows, or else the last ones.</param>
/// <param name="Note">What could not be compared.</param>
public sealed record DiffOutput(string A, string B, bool Same, ImmutableArray<SettingDifference> Settings, WindowDifference? Window, long Compared,
    ImmutableArray<MetricDifference> Metrics, ImmutableArray<FieldDifference> Fields, string? Note)
{
    /// <summary>How many out-ports both have; only these are compared.</summary>
    public required int Ports { get; init; }

    /// <summary>The out-ports of the first alone.</summary>
    public required ImmutableArray<string> OnlyInA { get; init; }

    /// <summary>The out-ports of the second alone.</summary>
    public required ImmutableArray<string> OnlyInB { get; init; }
}

/// <summary>A setting that differs; null where a run has none.</summary>
public sealed record SettingDifference(string Key, string? A, string? B);

/// <summary>A metric that differs; null where a run has none.</summary>
public sealed record MetricDifference(string Name, double? A, double? B);

/// <summary>The first window that differs.</summary>
/// <param name="Index">Its number, from 0.</param>
/// <param name="Time">When it ends, s; NaN where one side has no such window.</param>
/// <param name="Participant">Who wrote something else; null where something else differs.</param>
/// <param name="Port">To which of its ports; the first one that differs.</param>
/// <param name="What">What differs, as the rest of a sentence.</param>
public sealed record WindowDifference(long Index, double Time, string? Participant, string? Port, string What)
{
    internal string Sentence => string.Create(CultureInfo.InvariantCulture, $"window {Index}{(double.IsNaN(Time) ? "" : $" (t = {Time})")}: {What}");

    /// <summary>That of a window, and of a port if there is a name of one: <c>participant.port</c>.</summary>
    internal static WindowDifference Of(long index, double time, string? port, string what) => port?.Split('.', 2) is [var participant, var name]
        ? new(index, time, participant, name, $"'{participant}' wrote something else to its port '{name}'")
        : new(index, time, null, null, what);
}

/// <summary>Values of a port that differ: how many, where most, and both numbers there; NaN where the numbers of values differ.</summary>
public sealed record FieldDifference(string Port, int Count, int At, double A, double B)
{
    /// <summary>The recorded window in which they differ most; null where the last values were compared.</summary>
    public long? Window { get; init; }

    /// <summary>Its end, s.</summary>
    public double? Time { get; init; }

    /// <summary>The first recorded window in which they differ.</summary>
    public long? FirstWindow { get; init; }

    /// <summary>In how many windows they differ.</summary>
    public long? Windows { get; init; }

    internal double Distance => double.IsNaN(A) ? double.PositiveInfinity : Math.Abs(A - B);
}

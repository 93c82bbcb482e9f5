using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Actors.Observation;
using Spectre.Console;

namespace ActorMultiscale.Host.Commands;

/// <summary><c>runs list|show|check|rm|gc|export|import</c>: what there is in the store.</summary>
internal static class RunsCommand
{
    public static Command Create() => new("runs", "List, show, check, remove and move runs") { List(), Show(), Check(), Remove(), GarbageCommand.Create(), ArchiveCommands.Export(), ArchiveCommands.Import() };

    private static Command List()
    {
        var (store, json) = (SharedOptions.Store(), SharedOptions.Json());
        var command = new Command("list", "List runs, newest first") { store, json };
        command.SetAction(parsed =>
        {
            var entries = ImmutableArray.CreateBuilder<RunListEntry>();
            foreach (var (summary, file, fault) in RunCatalog.Of(parsed.GetValue(store)!).List())
            {
                if (summary is null)
                {
                    Console.Error.WriteLine($"{file}: {fault}");
                    continue;
                }

                entries.Add(new RunListEntry(summary.Run, summary.Experiment, summary.Status, summary.Windows, summary.FinalHash, summary.Started));
            }

            if (parsed.GetValue(json))
            {
                Console.Out.WriteLine(JsonSerializer.Serialize(entries.ToImmutable(), HostJson.Readable.ImmutableArrayRunListEntry));
                return ExitCode.Ok;
            }

            var table = new Table().Border(TableBorder.Rounded).AddColumns("run", "experiment", "status", "windows", "final hash", "started");
            foreach (var entry in entries)
            {
                table.AddRow(new Text(entry.Run), new Text(entry.Experiment), new Text(entry.Status), new Text(entry.Windows.ToString(CultureInfo.InvariantCulture)),
                    new Text(entry.FinalHash.Length > 12 ? entry.FinalHash[..12] : entry.FinalHash), new Text(entry.Started.ToString("u", CultureInfo.InvariantCulture)));
            }

            ConsoleTables.Write(table);
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Show()
    {
        var name = new Argument<string>("run") { Description = "The run" };
        var (store, json) = (SharedOptions.Store(), SharedOptions.Json());
        var csv = new Option<bool>("--csv") { Description = "Print the table as comma-separated values" };
        var command = new Command("show", "Show what is recorded of a run") { name, store, json, csv };
        var convergence = new ConvergenceView(command);
        var watches = new WatchView(command);
        command.Validators.Add(result =>
        {
            if (result.GetValue(csv) && !convergence.IsWanted(result) && !watches.IsWanted(result))
            {
                result.AddError("--csv prints a table; say which, with --convergence, --iterations or --watch.");
            }
        });
        command.SetAction(parsed =>
        {
            using var file = RunCatalog.Of(parsed.GetValue(store)!).Open(parsed.GetValue(name)!);
            var form = parsed.GetValue(json) ? TableForm.Json : parsed.GetValue(csv) ? TableForm.Csv : TableForm.People;
            if (convergence.IsWanted(parsed.CommandResult))
            {
                convergence.Print(parsed, ObservationStore.Read(file).Iterations, form);
                return ExitCode.Ok;
            }

            if (watches.IsWanted(parsed.CommandResult))
            {
                return watches.Print(parsed, ObservationStore.Read(file), form);
            }

            var summary = file.Summary();
            var history = file.History();
            var details = new RunDetails(summary.Run, summary.Experiment, summary.Status, history.Windows, summary.FinalHash, summary.Started, summary.Changed,
                history.Until, history.Snapshot?.Window, history.Epoch, history.Chain.Events, history.Origin, history.Machine, history.End?.Metrics, [.. history.Notes])
            {
                Fields = history.FieldStretches,
                FieldBytes = history.Fields.Sum(f => f.Bytes),
                Snapshots = [.. history.Snapshots.Select(s => s.Window)],
                ReleasedSnapshots = [.. history.Released],
            };
            if (parsed.GetValue(json))
            {
                Console.Out.WriteLine(JsonSerializer.Serialize(details, HostJson.Readable.RunDetails));
                return ExitCode.Ok;
            }

            var table = new Table().Border(TableBorder.None).HideHeaders().AddColumns("", "");
            void Row(string key, string? value) => table.AddRow(new Text(key), new Text(value ?? ""));
            Row("run", details.Run);
            Row("experiment", $"{details.Experiment}  {details.Origin?.File}");
            if (details.Origin is { Parent.Length: > 0 } origin)
            {
                Row("began as", string.Create(CultureInfo.InvariantCulture, $"{origin.Parent} stood after {origin.ParentWindow} windows"));
            }

            Row("status", details.Status);
            Row("windows", string.Create(CultureInfo.InvariantCulture, $"{details.Windows} (last snapshot at {details.LastSnapshot?.ToString(CultureInfo.InvariantCulture) ?? "none"})"));
            Row("fields", details.Fields.IsEmpty ? "not recorded" : string.Create(CultureInfo.InvariantCulture, $"windows {WindowsInWords(details.Fields)}, {details.FieldBytes / 1e6:0.###} MB before compression"));
            if (!details.Snapshots.IsEmpty)
            {
                Row("snapshots", string.Create(CultureInfo.InvariantCulture, $"{string.Join(", ", details.Snapshots)}{(details.ReleasedSnapshots.IsEmpty ? "" : $" ({details.ReleasedSnapshots.Length} more were let go)")}"));
            }

            Row("until", details.Until.ToString("R", CultureInfo.InvariantCulture));
            Row("final hash", details.FinalHash);
            Row("started", details.Started.ToString("u", CultureInfo.InvariantCulture));
            Row("program", details.Origin?.Program);
            Row("machine", details.Machine is { } m ? $"{m.OperatingSystem}, {m.Runtime}, {m.Vectors}" : "");
            foreach (var (metric, value) in details.Metrics ?? ImmutableSortedDictionary<string, double>.Empty)
            {
                Row("  " + metric, value.ToString("R", CultureInfo.InvariantCulture));
            }

            foreach (var note in details.Notes)
            {
                Row("note", note);
            }

            ConsoleTables.Write(table);
            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>Ranges of windows in words.</summary>
    internal static string WindowsInWords(ImmutableArray<WindowRange> ranges) =>
        ranges.IsEmpty ? "none" : string.Join(" and ", ranges.Select(r => string.Create(CultureInfo.InvariantCulture, $"{r.From} to {r.To - 1}")));

    private static Command Check()
    {
        var name = new Argument<string>("run") { Description = "The run" };
        var (store, json) = (SharedOptions.Store(), SharedOptions.Json());
        var command = new Command("check", "Read everything that is recorded of a run, and say what is damaged; nothing is computed") { name, store, json };
        command.SetAction(parsed =>
        {
            using var file = RunCatalog.Of(parsed.GetValue(store)!).Open(parsed.GetValue(name)!);
            var found = RecordCheck.Of(file);
            Console.Out.WriteLine(parsed.GetValue(json) ? JsonSerializer.Serialize(found, HostJson.Readable.RecordCheck)
                : found.IsSound ? string.Create(CultureInfo.InvariantCulture, $"{found.Run}: {found.Events} events, {found.Windows} windows, {found.Snapshots} snapshots, {found.Chunks} chunks: all is well")
                : string.Join(Environment.NewLine, found.Faults.Select(fault => $"{found.Run}: {fault}")));
            return found.IsSound ? ExitCode.Ok : ExitCode.StoreUnavailable;
        });
        return command;
    }

    private static Command Remove()
    {
        var names = new Argument<string[]>("run") { Description = "The runs", Arity = ArgumentArity.OneOrMore };
        var (store, takeOver) = (SharedOptions.Store(), SharedOptions.TakeOver());
        var command = new Command("rm", "Remove runs for good") { names, store, takeOver };
        command.SetAction(parsed =>
        {
            var catalog = RunCatalog.Of(parsed.GetValue(store)!);
            foreach (var run in parsed.GetValue(names)!)
            {
                catalog.Remove(run, parsed.GetValue(takeOver));
                Console.Error.WriteLine($"removed {run}");
            }

            if (catalog is RunServer server)
            {
                // Chunks are shared: what only these runs needed goes too.
                try
                {
                    Console.Error.WriteLine($"freed {server.Sweep().Bytes} bytes");
                }
                catch (RunStoreException fault) when (!fault.Passes)
                {
                    Console.Error.WriteLine($"their chunks stay: {fault.Message}");
                }
            }

            return ExitCode.Ok;
        });
        return command;
    }
}

/// <summary>A run in a listing.</summary>
public sealed record RunListEntry(string Run, string Experiment, string Status, long Windows, string FinalHash, DateTimeOffset Started);

/// <summary>A run in full.</summary>
public sealed record RunDetails(string Run, string Experiment, string Status, long Windows, string FinalHash, DateTimeOffset Started, DateTimeOffset Changed,
    double Until, long? LastSnapshot, int Epoch, long Events, RunOrigin? Origin, MachineStamp? Machine, ImmutableSortedDictionary<string, double>? Metrics, ImmutableArray<string> Notes)
{
    /// <summary>The windows whose fields are recorded.</summary>
    public ImmutableArray<WindowRange> Fields { get; init; } = [];

    /// <summary>How many bytes these have before they are compressed.</summary>
    public long FieldBytes { get; init; }

    /// <summary>The windows at which there are snapshots, from which the run can be verified and forked without computing what lies before.</summary>
    public ImmutableArray<long> Snapshots { get; init; } = [];

    /// <summary>The windows whose snapshots were let go by <c>runs gc</c>.</summary>
    public ImmutableArray<long> ReleasedSnapshots { get; init; } = [];
}

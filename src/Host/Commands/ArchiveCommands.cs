using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ActorMultiscale.Actors.Journal;

namespace ActorMultiscale.Host.Commands;

/// <summary><c>runs export</c> and <c>runs import</c>: a run as one file, from store to store.</summary>
internal static class ArchiveCommands
{
    public static Command Export()
    {
        var name = new Argument<string>("run") { Description = "The run" };
        var file = new Argument<string>("file") { Description = "The file to be written" };
        var (store, json) = (SharedOptions.Store(), SharedOptions.Json());
        var command = new Command("export", "Write a run, with everything that belongs to it, to one file") { name, file, store, json };
        command.SetAction(parsed =>
        {
            using var run = RunCatalog.Of(parsed.GetValue(store)!).Open(parsed.GetValue(name)!);
            Print(RunArchive.Export(run, parsed.GetValue(file)!), parsed.GetValue(file)!, $"exported to {parsed.GetValue(file)}", parsed.GetValue(json));
            return ExitCode.Ok;
        });
        return command;
    }

    public static Command Import()
    {
        var file = new Argument<string>("file") { Description = "A file that 'runs export' has written" };
        var name = new Option<string?>("--name") { Description = "The name of the run here; without it the one that it had" };
        var (store, json) = (SharedOptions.Store(), SharedOptions.Json());
        var command = new Command("import", "Take in a run from a file, whole or not at all") { file, name, store, json };
        command.SetAction(parsed =>
        {
            var catalog = RunCatalog.Of(parsed.GetValue(store)!);
            var imported = catalog.Import(parsed.GetValue(file)!, parsed.GetValue(name));
            Print(imported, parsed.GetValue(file)!, $"imported into {catalog.Name}", parsed.GetValue(json));
            foreach (var library in imported.Origin.Libraries)
            {
                Console.Error.WriteLine($"note: to compute it, the model library '{library.Name}' (SHA-256 {library.Hash}) must lie where its experiment '{imported.Origin.File}' expects it; it is not in the file");
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static void Print(ArchivedRun run, string file, string what, bool json)
    {
        if (json)
        {
            var output = new ArchiveOutput(run.Run, run.Origin.Experiment, file, run.Windows, run.FinalHash, run.Events, run.Chunks, run.Observations, run.Bytes, run.Sha256, run.Origin.Libraries);
            Console.Out.WriteLine(JsonSerializer.Serialize(output, HostJson.Readable.ArchiveOutput));
            return;
        }

        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"run {run.Run} {what}: {run.Windows} windows, {run.Events} events, {run.Chunks} chunks, {run.Bytes} bytes"));
        Console.Out.WriteLine($"SHA-256 at its end {run.Sha256}");
    }
}

/// <summary>What <c>runs export</c> and <c>runs import</c> print.</summary>
/// <param name="Run">The run's name in this store.</param>
/// <param name="Experiment">Its experiment.</param>
/// <param name="File">The file.</param>
/// <param name="Windows">Root windows.</param>
/// <param name="FinalHash">The final hash; empty where it has not ended.</param>
/// <param name="Events">Events of the journal.</param>
/// <param name="Chunks">Chunks.</param>
/// <param name="Observations">Rows of what was observed.</param>
/// <param name="Bytes">Length of the file.</param>
/// <param name="Sha256">The hash at its end.</param>
/// <param name="Libraries">Model libraries that are needed to compute the run, and are not in the file.</param>
public sealed record ArchiveOutput(string Run, string Experiment, string File, long Windows, string FinalHash, long Events, long Chunks, long Observations, long Bytes,
    string Sha256, ImmutableArray<InputReference> Libraries);

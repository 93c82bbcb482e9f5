using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using System.Text.Json;

namespace ActorMultiscale.Host.Commands;

/// <summary><c>runs gc</c>: removes what no run needs any more.</summary>
internal static class GarbageCommand
{
    public static Command Create()
    {
        var runs = new Argument<string[]>("run") { Description = "The runs; without one, all in the store", Arity = ArgumentArity.ZeroOrMore };
        var keep = new Option<int?>("--keep-snapshots") { Description = "Let go of older snapshots: keep the newest N of each run, and what a fork began with. Without it all are kept" };
        var isDry = new Option<bool>("--dry-run") { Description = "Remove nothing, and say what would be" };
        var (store, json) = (SharedOptions.Store(), SharedOptions.Json());
        keep.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && (!int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var least) || least < 1))
            {
                result.AddError($"--keep-snapshots takes a whole number from 1; found '{result.Tokens[0].Value}'.");
            }
        });
        var command = new Command("gc", "Remove chunks that no run refers to, and old snapshots if wanted") { runs, keep, isDry, store, json };
        command.SetAction(parsed =>
        {
            var catalog = RunCatalog.Of(parsed.GetValue(store)!);
            var output = catalog.Collect(parsed.GetValue(runs) ?? [], parsed.GetValue(keep), TimeProvider.System.GetUtcNow(), parsed.GetValue(isDry));
            Print(output, catalog, parsed.GetValue(json));
            return output.Left.Any(left => left.IsDamaged) ? ExitCode.StoreUnavailable : ExitCode.Ok;
        });
        return command;
    }

    private static void Print(GarbageOutput output, RunCatalog catalog, bool json)
    {
        foreach (var left in output.Left)
        {
            Console.Error.WriteLine($"{left.Run} is left as it is: {left.Reason}");
        }

        if (json)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(output, HostJson.Readable.GarbageOutput));
            return;
        }

        var would = output.DryRun ? "would be " : "";
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{output.Chunks} chunks of {output.Bytes} bytes {would}removed, {output.Snapshots} snapshots {would}let go"));
        if (output is { FileBytesBefore: { } before, FileBytesAfter: { } after })
        {
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"the files had {before} bytes and have {after}"));
        }
        else if (!output.DryRun)
        {
            Console.Out.WriteLine($"what was freed in '{catalog.Name}' is used again by its tables; VACUUM FULL would give it back to the system");
        }
    }
}

/// <summary>What <c>runs gc</c> prints.</summary>
/// <param name="Snapshots">Snapshots that were let go.</param>
/// <param name="Chunks">Chunks that were removed.</param>
/// <param name="Bytes">What these took.</param>
/// <param name="DryRun">Whether all this would be only.</param>
public sealed record GarbageOutput(long Snapshots, long Chunks, long Bytes, bool DryRun)
{
    /// <summary>Length of the files before; null for a database server, and where nothing was removed.</summary>
    public long? FileBytesBefore { get; init; }

    /// <summary>Length of the files after.</summary>
    public long? FileBytesAfter { get; init; }

    /// <summary>The runs that were left as they are.</summary>
    public ImmutableArray<LeftRun> Left { get; init; } = [];
}

/// <summary>A run that <c>runs gc</c> left as it is.</summary>
/// <param name="Run">The run, or its file.</param>
/// <param name="Reason">Why.</param>
/// <param name="IsDamaged">Whether it cannot be read; otherwise another process computes it.</param>
public sealed record LeftRun(string Run, string Reason, bool IsDamaged);

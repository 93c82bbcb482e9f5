using System.CommandLine;
using ActorMultiscale.Actors.Cluster;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Host.Composition;

namespace ActorMultiscale.Host.Commands;

/// <summary>The command line: one verb a file.</summary>
public static class CommandLine
{
    /// <summary>Carries out <paramref name="args"/>; gives the exit code.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        var root = new RootCommand("ActorMultiscale couples simulations of different scales. A run is a record: it can be resumed and verified.")
        {
            RunCommand.Create(),
            CheckCommand.Create(),
            ResumeCommand.Create(),
            ReplayCommand.Create(),
            VtuCommand.Create(),
            VerifyCommand.Create(),
            ForkCommand.Create(),
            DiffCommand.Create(),
            RunsCommand.Create(),
            ProfileCommand.Create(),
            GraphCommand.Create(),
            ModelsCommand.Create(),
            ForcesCommand.Create(),
            NodeCommand.Create(),
            NodesCommand.Create(),
            AttachCommand.Create(),
            StopCommand.Create(),
            CertificatesCommand.Create(),
            VersionCommand.Create(),
        };
        foreach (var option in root.Options.Where(o => o.Name == "--version").ToList())
        {
            root.Options.Remove(option);
        }

        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors)
            {
                await Console.Error.WriteLineAsync(error.Message).ConfigureAwait(false);
            }

            await Console.Error.WriteLineAsync($"'{(args.Length > 0 && !args[0].StartsWith('-') ? args[0] + " " : "")}--help' shows what there is.").ConfigureAwait(false);
            return ExitCode.Usage;
        }

        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }).ConfigureAwait(false);
        }
        catch (RunStoreException fault)
        {
            await Console.Error.WriteLineAsync(fault.Message).ConfigureAwait(false);
            return ExitCode.StoreUnavailable;
        }
        catch (NodeStartException fault)
        {
            await Console.Error.WriteLineAsync(fault.Message).ConfigureAwait(false);
            return ExitCode.Usage;
        }
        catch (InvalidExperimentException fault)
        {
            await Console.Error.WriteLineAsync(fault.Message).ConfigureAwait(false);
            return ExitCode.ExperimentInvalid;
        }
    }
}

/// <summary>Options that several verbs share, each with one meaning.</summary>
internal static class SharedOptions
{
    public static Option<bool> Json() => new("--json") { Description = "Print the result as JSON on standard output" };

    public static Option<bool> Quiet() => new("--quiet", "-q") { Description = "Show no progress" };

    public static Option<string> Store() => new("--store")
    {
        Description = "Where runs are kept: a folder, or postgresql://user@host/database. Without it what ACTORMULTISCALE_STORE says, or else the folder 'runs'",
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable("ACTORMULTISCALE_STORE") is { Length: > 0 } named ? named : "runs",
    };

    public static Option<bool> TakeOver() => new("--take-over") { Description = "Take the run from a process on another host, or one that the database server takes to be there still: when you know that it is gone" };

    public static Option<string?> Until() => new("--until") { Description = "Where the run ends, such as '0.5 s'" };

    public static Option<int> Threads()
    {
        var option = new Option<int>("--threads") { Description = "How many threads compute; changes no bit of the result", DefaultValueFactory = _ => Environment.ProcessorCount };
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && (!int.TryParse(result.Tokens[0].Value, out var threads) || threads is < 1 or > 1024))
            {
                result.AddError($"--threads takes a whole number from 1 to 1024; found '{result.Tokens[0].Value}'.");
            }
        });
        return option;
    }

    public static Option<string[]> Set() => new("--set") { Description = "Change a key of the experiment: --set participants.left.settings.substeps=8", Arity = ArgumentArity.OneOrMore };

    public static Option<string?> Certificates() => new("--certificates") { Description = "The folder with this node's certificate, made by 'certificates': connections are protected, and only nodes with a certificate of the same authority are let in" };

    public static Argument<string> Experiment() => new("experiment") { Description = "The experiment file, such as hocon/experiments/bar-wave.conf" };
}

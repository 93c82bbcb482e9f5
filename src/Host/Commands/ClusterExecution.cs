using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using ActorMultiscale.Actors;
using ActorMultiscale.Actors.Cluster;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Host.Composition;
using ActorMultiscale.Physics.Coupling;

namespace ActorMultiscale.Host.Commands;

/// <summary>Where a run is carried out by a cluster: which one.</summary>
/// <param name="Contact">A node of it.</param>
/// <param name="Certificates">As a node has them; null for connections that nobody protects.</param>
/// <param name="IsDetached">Whether the user does not wait for its end.</param>
/// <param name="EndsWithUs">Whether its nodes end with this process.</param>
internal sealed record ClusterTarget(NodeAddress Contact, NodeCertificates? Certificates, bool IsDetached, bool EndsWithUs = false);

/// <summary>A run that was handed over to a cluster, as scripts see it.</summary>
/// <param name="Run">The run.</param>
/// <param name="Cluster">The name of the cluster.</param>
public sealed record DetachedRunOutput(string Run, string Cluster);

/// <summary>Has a cluster carry out a recorded run, and tells the user of it as <see cref="RunExecution"/> does: what <c>run --cluster</c> and <c>attach</c> have in common.</summary>
internal static class ClusterExecution
{
    private static readonly TimeSpan _lookEvery = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan _betweenTries = TimeSpan.FromSeconds(1);

    // A keeper that begins looks into the store first.
    private static readonly TimeSpan _isKnownWithin = TimeSpan.FromSeconds(5);

    /// <summary>Hands a run over, and waits for its end.</summary>
    public static async Task<int> RunAsync(RunCatalog catalog, string run, LoadedExperiment loaded, RunExecution.Manners manners)
    {
        var target = manners.Cluster!;
        StandardErrorLogger.Sink = line => Console.Error.WriteLine(line);
        await using var client = RunClient.Towards(target.Contact, target.Certificates);
        var before = await EndedAsync(catalog, run).ConfigureAwait(false);
        if (await client.AskAsync(new KeepRun(run), _patience).ConfigureAwait(false) is not { } standing)
        {
            return Unreachable(target.Contact, run);
        }

        if (target.IsDetached)
        {
            // The run stays with the cluster when the store knows of it, not before.
            for (var began = Stopwatch.GetTimestamp(); standing.State != RunState.Over; standing = await client.AskAsync(new RunQuestion(run), _patience).ConfigureAwait(false) ?? standing)
            {
                if (standing.State == RunState.Unknown)
                {
                    // Another keeper, who has not heard of it.
                    _ = await client.AskAsync(new KeepRun(run), _patience).ConfigureAwait(false);
                }

                if (Keeper(catalog, run) is { Name: { } keeper } && keeper == client.Cluster)
                {
                    Console.Out.WriteLine(manners.Json ? JsonSerializer.Serialize(new DetachedRunOutput(run, keeper), HostJson.Readable.DetachedRunOutput) : run);
                    return ExitCode.Ok;
                }

                if (Stopwatch.GetElapsedTime(began) > _patience)
                {
                    return Unreachable(target.Contact, run);
                }

                await Task.Delay(_lookEvery).ConfigureAwait(false);
            }
        }

        return await FollowAsync(client, catalog, run, loaded, manners, isHandedOver: true, before).ConfigureAwait(false);
    }

    /// <summary>Waits for the end of a run, and shows how far it is.</summary>
    /// <param name="client">The way to the cluster.</param>
    /// <param name="catalog">Where the record is.</param>
    /// <param name="run">The run.</param>
    /// <param name="loaded">Its experiment.</param>
    /// <param name="manners">How the user wants it.</param>
    /// <param name="isHandedOver">Whether the cluster was told to carry it out, and is told again where it has forgotten.</param>
    /// <param name="before">How it had ended before it was handed over: that is no answer.</param>
    public static async Task<int> FollowAsync(RunClient client, RunCatalog catalog, string run, LoadedExperiment loaded, RunExecution.Manners manners, bool isHandedOver, RunEvent.RunEnded? before = null)
    {
        var wall = Stopwatch.StartNew();
        ProgressLine? progress = null;
        var interrupts = 0;
        using var wantsOut = new CancellationTokenSource();
        void OnSignal(PosixSignalContext context)
        {
            context.Cancel = true;
            if (Interlocked.Increment(ref interrupts) > 1)
            {
                Environment.Exit(ExitCode.Stopped);
            }

            Console.Error.WriteLine();
            if (loaded.NextStage is { } next && !manners.Cluster!.EndsWithUs)
            {
                Console.Error.WriteLine($"the stage '{next}' is begun by nobody then: 'resume {run} --cluster {manners.Cluster.Contact}' does that when '{run}' is complete");
            }

            Console.Error.WriteLine(manners.Cluster!.EndsWithUs
                ? $"the nodes end with this process; 'resume {run}' goes on with the run"
                : $"the cluster goes on with '{run}': 'attach {run} --cluster {manners.Cluster.Contact}' looks at it again, 'stop {run} --cluster {manners.Cluster.Contact}' ends it");
            wantsOut.Cancel();
        }

        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        try
        {
            var (note, wasKept, unknownSince) = ("", false, (long?)null);
            while (true)
            {
                wantsOut.Token.ThrowIfCancellationRequested();
                if (await client.AskAsync(new RunQuestion(run), _patience, wantsOut.Token).ConfigureAwait(false) is not { } standing)
                {
                    return Unreachable(manners.Cluster!.Contact, run);
                }

                if (standing.State == RunState.Over)
                {
                    progress?.End();
                    return await EndAsync(catalog, run, standing, loaded, manners, before, wall.Elapsed).ConfigureAwait(false);
                }

                // While the store is away nobody knows; the cluster waits for it too.
                wasKept |= standing.State is RunState.Opening or RunState.Running;
                if (standing.State == RunState.Unknown && Keeper(catalog, run) is { IsAway: false, Name: var keeper } && (keeper is null || (client.Cluster is { } asked && keeper != asked)))
                {
                    // A keeper that began after it was over knows nothing of it; and one that ended too soon may not have written down that it was told.
                    progress?.End();
                    if (await EndedAsync(catalog, run).ConfigureAwait(false) is { } end && end.At != before?.At)
                    {
                        return Print(run, end, loaded, manners, wall.Elapsed);
                    }

                    if (keeper is not null)
                    {
                        await Console.Error.WriteLineAsync($"the cluster '{client.Cluster}' does not carry '{run}' out; the cluster '{keeper}' does").ConfigureAwait(false);
                        return ExitCode.Usage;
                    }

                    if (wasKept)
                    {
                        await Console.Error.WriteLineAsync($"'{run}' was told to stop, or was taken from the cluster, and stands where it stood then; 'resume {run}' goes on with it").ConfigureAwait(false);
                        return ExitCode.Stopped;
                    }

                    if (!isHandedOver)
                    {
                        await Console.Error.WriteLineAsync($"the cluster does not carry '{run}' out; 'resume {run} --cluster {manners.Cluster!.Contact}' has it do so").ConfigureAwait(false);
                        return ExitCode.Usage;
                    }

                    await client.AskAsync(new KeepRun(run), _patience, wantsOut.Token).ConfigureAwait(false);
                }

                unknownSince = standing.State == RunState.Unknown ? unknownSince ?? Stopwatch.GetTimestamp() : null;
                if (unknownSince is { } since && Stopwatch.GetElapsedTime(since) > _isKnownWithin && Keeper(catalog, run) is { IsAway: false, Name: { } own } && own == client.Cluster)
                {
                    // The store says that this cluster keeps it, and its keeper has not found that: it is told.
                    unknownSince = null;
                    await client.AskAsync(new KeepRun(run), _patience, wantsOut.Token).ConfigureAwait(false);
                }

                if (standing.State == RunState.Running)
                {
                    note = "";
                    progress ??= new ProgressLine(manners.Quiet, new ProgressMeter(standing.Time, standing.Until));
                    progress.Show(new RunProgress(standing.Time, standing.Accepted, standing.Durable, standing.Iterations, []));
                }
                else if (standing.Note.Length > 0 && standing.Note != note && !manners.Quiet)
                {
                    note = standing.Note;
                    await Console.Error.WriteLineAsync("waiting: " + note).ConfigureAwait(false);
                }

                await Task.Delay(_lookEvery, wantsOut.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Stopped;
        }
        finally
        {
            progress?.Dispose();
        }
    }

    /// <summary>Says that nobody answers.</summary>
    public static int Unreachable(NodeAddress contact, string run)
    {
        Console.Error.WriteLine($"No node answers at {contact}. Is the cluster there, is the address written as that node's 'listening on', and are its connections protected in the same way (--certificates)? What it has of '{run}' is in its store; 'resume {run} --cluster HOST:PORT' hands the run over again.");
        return ExitCode.ClusterUnreachable;
    }

    private static async Task<int> EndAsync(RunCatalog catalog, string run, RunStanding standing, LoadedExperiment loaded, RunExecution.Manners manners, RunEvent.RunEnded? before, TimeSpan wall)
    {
        if (standing.Status is RunStatus.Completed or RunStatus.Stopped or RunStatus.Failed or RunStatus.LimitBroken && await EndedAsync(catalog, run).ConfigureAwait(false) is { } end && (standing.Status == RunStatus.Completed || end.At != before?.At))
        {
            return Print(run, end, loaded, manners, wall);
        }

        Console.Error.WriteLine($"{RunStatusWord.Of(standing.Status)}: {standing.Note}");
        return ExitCode.Of(standing.Status, checksPass: false);
    }

    // The cluster that keeps the run going, as its store knows it, or that the store is away.
    private static (string? Name, bool IsAway) Keeper(RunCatalog catalog, string run)
    {
        try
        {
            using var store = catalog.Open(run);
            return (store.KeptBy, false);
        }
        catch (RunStoreException fault) when (fault.Passes)
        {
            return (null, true);
        }
    }

    // How it ended last, as its record says; waits for a store that is away.
    private static async Task<RunEvent.RunEnded?> EndedAsync(RunCatalog catalog, string run)
    {
        for (var began = Stopwatch.GetTimestamp(); ; await Task.Delay(_betweenTries).ConfigureAwait(false))
        {
            try
            {
                using var store = catalog.Open(run);
                return store.Recent().End;
            }
            catch (RunStoreException fault) when (fault.Passes && Stopwatch.GetElapsedTime(began) < _patience)
            {
                // It may be back soon.
            }
        }
    }

    private static int Print(string run, RunEvent.RunEnded end, LoadedExperiment loaded, RunExecution.Manners manners, TimeSpan wall)
    {
        var status = end.Outcome switch
        {
            RunOutcome.Completed => RunStatus.Completed,
            RunOutcome.Stopped => RunStatus.Stopped,
            RunOutcome.LimitBroken => RunStatus.LimitBroken,
            _ => RunStatus.Failed,
        };
        return RunExecution.Tell(run, new RunReport(status, new RunResult(end.Outcome, end.Reason, end.Windows, end.FinalHash, end.Metrics)), loaded, manners, wall);
    }
}

/// <summary><c>attach RUN</c>: looks at a run that a cluster carries out.</summary>
internal static class AttachCommand
{
    public static Command Create()
    {
        var name = new Argument<string>("run") { Description = "The run" };
        var (contact, certificates, store) = (NodeCommand.AddressOption("--cluster", "Any node of the cluster, as host:port"), SharedOptions.Certificates(), SharedOptions.Store());
        contact.Required = true;
        var (json, quiet) = (SharedOptions.Json(), SharedOptions.Quiet());
        var command = new Command("attach", "Look at a run of a cluster until it ends") { name, contact, certificates, store, json, quiet };
        command.SetAction(async (parsed, _) =>
        {
            var (catalog, run) = (RunCatalog.Of(parsed.GetValue(store)!), parsed.GetValue(name)!);
            LoadedExperiment loaded;
            using (var file = catalog.Open(run))
            {
                var history = file.Recent();
                loaded = ExperimentLoader.Reload(file, history.Chain.Events == 0 ? file.Origin() : history.Origin!, history.Epoch > 0 ? history.Until : null);
            }

            var target = new ClusterTarget(parsed.GetValue(contact), parsed.GetValue(certificates) is { } folder ? NodeCertificates.Load(folder) : null, IsDetached: false);
            StandardErrorLogger.Sink = line => Console.Error.WriteLine(line);
            await using var client = RunClient.Towards(target.Contact, target.Certificates);
            return await ClusterExecution.FollowAsync(client, catalog, run, loaded, new RunExecution.Manners(1, parsed.GetValue(json), parsed.GetValue(quiet), ObservesDetails: true, RecordsFields: true) { Cluster = target }, isHandedOver: false).ConfigureAwait(false);
        });
        return command;
    }
}

/// <summary><c>stop RUN</c>: ends a run that a cluster carries out, at its next window.</summary>
internal static class StopCommand
{
    public static Command Create()
    {
        var name = new Argument<string>("run") { Description = "The run" };
        var (contact, certificates) = (NodeCommand.AddressOption("--cluster", "Any node of the cluster, as host:port"), SharedOptions.Certificates());
        contact.Required = true;
        var command = new Command("stop", "End a run of a cluster at its next window, with a snapshot") { name, contact, certificates };
        command.SetAction(async (parsed, cancellation) =>
        {
            var (address, run) = (parsed.GetValue(contact), parsed.GetValue(name)!);
            StandardErrorLogger.Sink = line => Console.Error.WriteLine(line);
            await using var client = RunClient.Towards(address, parsed.GetValue(certificates) is { } folder ? NodeCertificates.Load(folder) : null);
            var began = Stopwatch.GetTimestamp();
            RunStanding? before = null;
            while (await client.AskAsync(new StopKeeping(run), TimeSpan.FromSeconds(30), cancellation).ConfigureAwait(false) is { } standing)
            {
                switch (standing.State)
                {
                    case RunState.Over:
                        await Console.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"'{run}' is over: {RunStatusWord.Of(standing.Status)} after {standing.Accepted} windows")).ConfigureAwait(false);
                        return ExitCode.Ok;
                    case RunState.Unknown when before is not null:
                        // Its keeper is gone, and left nothing that the next one would go on with.
                        await Console.Error.WriteLineAsync($"'{run}' is stopped; the node that kept it ended before the run did, and 'resume {run}' goes on from its last snapshot").ConfigureAwait(false);
                        return ExitCode.Ok;
                    case RunState.Unknown:
                        await Console.Error.WriteLineAsync($"the cluster has no run '{run}'").ConfigureAwait(false);
                        return ExitCode.Usage;
                }

                if (standing is { IsLetGo: false, Note.Length: > 0 } && standing.Note != before?.Note)
                {
                    await Console.Error.WriteLineAsync("waiting: " + standing.Note).ConfigureAwait(false);
                }

                before = standing;
                if (Stopwatch.GetElapsedTime(began) > TimeSpan.FromMinutes(10))
                {
                    await Console.Error.WriteLineAsync(standing.IsLetGo ? $"'{run}' was told to stop, and has not reached the end of its window yet; 'attach {run} --cluster {address}' looks at it"
                        : $"'{run}' was told to stop, and that is not written down yet: it goes on if its keeper is lost. Tell it again. {standing.Note}").ConfigureAwait(false);
                    return ExitCode.Stopped;
                }

                await Task.Delay(250, cancellation).ConfigureAwait(false);
            }

            if (before is { IsLetGo: false })
            {
                await Console.Error.WriteLineAsync($"'{run}' was told to stop, and it is not known whether that was written down: tell it again when a node answers").ConfigureAwait(false);
            }

            return ClusterExecution.Unreachable(address, run);
        });
        return command;
    }
}

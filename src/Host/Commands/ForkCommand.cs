using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using ActorMultiscale.Actors;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Host.Composition;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Host.Commands;

/// <summary><c>fork RUN --at WINDOW</c>: a new run that goes on from another's state, with other settings.</summary>
internal static class ForkCommand
{
    public static Command Create()
    {
        var parent = new Argument<string>("run") { Description = "The run from whose state the new one goes on" };
        var at = new Option<long?>("--at") { Description = "After how many windows of it; without it, after all that are recorded" };
        var name = new Option<string?>("--name") { Description = "The name of the new run; made from the experiment and the time if not given" };
        var (set, until) = (SharedOptions.Set(), SharedOptions.Until());
        var store = SharedOptions.Store();
        var command = new Command("fork", "Go on from another run's state, with other settings, in a run of its own") { parent, at, set, until, name, store };
        var how = new MannerOptions(command);
        command.SetAction(async (parsed, _) =>
        {
            var catalog = RunCatalog.Of(parsed.GetValue(store)!);
            var changes = parsed.GetValue(set) ?? [];
            var manners = how.Of(parsed);
            LoadedExperiment loaded;
            RunOrigin origin;
            RunSnapshot? state;
            using (var file = catalog.Open(parsed.GetValue(parent)!))
            {
                var record = RecordedRun.Of(parsed.GetValue(parent)!, file);
                var window = parsed.GetValue(at) ?? record.Windows;
                if (window < record.FirstWindow || window > record.Windows)
                {
                    throw new RunStoreException($"The run '{record.Name}' can be forked after {record.FirstWindow} to {record.Windows} windows; found --at {window}.");
                }

                state = StateAfter(record, window, manners);
                loaded = ExperimentLoader.Reload(file, record.History.Origin!, until: null, [.. changes, .. End(record, changes, parsed.GetValue(until))]);
                Check(record, loaded, state, manners.Threads);
                var run = parsed.GetValue(name) ?? catalog.NewName(loaded.System.Experiment.Name, TimeProvider.System.GetUtcNow());
                origin = loaded.OriginOf(RunStages.NameOf(run, loaded)) with
                {
                    Parent = record.Name,
                    ParentWindow = window,
                    Begins = state is null ? null : SnapshotReference.Of(state),
                    Counted = record.CountsBefore(window),
                };
            }

            return await RunStages.StartAsync(catalog, loaded, origin, state, manners).ConfigureAwait(false);
        });
        return command;
    }

    // Where it ends stands among its settings, so that it is known from the first moment on: what the user says, or else where the parent ends now.
    private static IEnumerable<string> End(RecordedRun record, string[] changes, string? until)
    {
        if (until is not null)
        {
            return ["until=" + until];
        }

        var isSaid = changes.Any(change => change.Split('=')[0].Trim() == "until") || record.Loaded.System.Experiment.Until == record.Loaded.OwnUntil;
        return isSaid ? [] : [string.Create(CultureInfo.InvariantCulture, $"until={record.History.Until:R}")];
    }

    // From a snapshot, or computed again from the one before, window by window as recorded; null for the beginning.
    private static RunSnapshot? StateAfter(RecordedRun record, long window, RunExecution.Manners manners)
    {
        var from = record.SnapshotBefore(window);
        if (window == (from?.Window ?? 0))
        {
            return from;
        }

        RunSnapshot? last = null;
        using var line = RecomputationProgress.Line(record, manners.Quiet);
        var (_, difference, _) = VerifyCommand.Recompute(record, from, window, manners.Threads, line.Show, snapshot => last = snapshot);
        return difference is not null
            ? throw new RunStoreException($"The run '{record.Name}' has no snapshot after {window} windows, and computing them again gives something else than it has recorded: {difference.Sentence}. Fork it at a snapshot, or on the machine and with the program that made it.")
            : last?.Window == window ? last : throw new InvalidOperationException($"Computing again stopped at window {last?.Window} instead of {window}.");
    }

    // Whatever does not fit is said before there is a run.
    private static void Check(RecordedRun record, LoadedExperiment loaded, RunSnapshot? state, int threads)
    {
        var (old, now) = (record.Loaded.System, loaded.System);
        const string Instead = "'run FILE --from RUN' begins a new run with the states of the participants alone, whatever else is changed.";
        if (state is null)
        {
            return;
        }

        if (old.TickLength != now.TickLength)
        {
            throw new RunStoreException($"The fork divides time otherwise than '{record.Name}' does: its shortest window or its order of groups has changed, so that it cannot stand at the same moment to the last bit. {Instead}");
        }

        if (!old.Participants.Select(p => p.Name).SequenceEqual(now.Participants.Select(p => p.Name)))
        {
            throw new RunStoreException($"The run '{record.Name}' has the participants {string.Join(", ", old.Participants.Select(p => p.Name))}, and the fork {string.Join(", ", now.Participants.Select(p => p.Name))}; they must be the same. {Instead}");
        }

        if (state.Tick >= now.EndTick)
        {
            throw new RunStoreException($"The run '{record.Name}' stands at t = {old.Window(0, state.Tick).End} there, and the fork ends at t = {now.Experiment.Until}. Give an --until beyond that.");
        }

        try
        {
            _ = new CouplingCore(now, state.Fields);
        }
        catch (InvalidDataException fault)
        {
            throw new RunStoreException($"What the conduits and accelerations of '{record.Name}' hold does not fit the fork: {fault.Message} Ports, points, groups and methods of acceleration must be the same; their numbers may differ. {Instead}", fault);
        }

        foreach (var node in now.Participants)
        {
            using var session = new ParticipantSession(node, now.Experiment.Seed, new ChunkedLoop(threads));
            try
            {
                session.Restore(state.States[node.Index]);
            }
            catch (InvalidDataException fault)
            {
                throw new RunStoreException($"The state of '{node.Name}' in '{record.Name}' does not fit the fork: {fault.Message} Its settings, such as a number of atoms or cells, are probably others now.", fault);
            }
        }
    }
}

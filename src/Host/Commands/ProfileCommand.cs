using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Actors.Observation;

namespace ActorMultiscale.Host.Commands;

/// <summary><c>profile RUN</c>: where the time of a run went, participant by participant.</summary>
internal static class ProfileCommand
{
    public static Command Create()
    {
        var name = new Argument<string>("run") { Description = "The run" };
        var windows = new Option<bool>("--windows") { Description = "A row for every window and participant; windows of less than a millisecond together" };
        var csv = new Option<bool>("--csv") { Description = "Print the table as comma-separated values" };
        var trace = new Option<string?>("--trace") { Description = "Write a trace of who was at work when to this file, which ui.perfetto.dev and chrome://tracing open" };
        var (store, json) = (SharedOptions.Store(), SharedOptions.Json());
        var command = new Command("profile", "Show where the time of a run went: computing, waiting, mapping and persisting") { name, windows, csv, trace, store, json };
        command.SetAction(parsed =>
        {
            var run = parsed.GetValue(name)!;
            using var file = RunCatalog.Of(parsed.GetValue(store)!).Open(run);
            var observed = ObservationStore.Read(file);
            if (observed.Timings.IsEmpty)
            {
                Console.Error.WriteLine($"Nothing is known of the times of the run '{run}': it has no windows yet, was made with --no-observations, or by a program that did not keep them.");
                return ExitCode.RunFailed;
            }

            if (parsed.GetValue(trace) is { } path)
            {
                if (!OutputFile.TryWrite(path, "The trace", to => TraceFile.Write(to, run, observed)))
                {
                    return ExitCode.Usage;
                }

                Console.Error.WriteLine($"wrote {path}; open it at https://ui.perfetto.dev or in chrome://tracing");
            }

            var form = parsed.GetValue(json) ? TableForm.Json : parsed.GetValue(csv) ? TableForm.Csv : TableForm.People;
            if (parsed.GetValue(windows))
            {
                PrintWindows(observed, form);
            }
            else
            {
                Print(ProfileOutput.Of(run, observed), form);
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static void Print(ProfileOutput profile, TableForm form)
    {
        if (form == TableForm.Json)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(profile, HostJson.Readable.ProfileOutput));
            return;
        }

        var share = 100 / Math.Max(profile.WallSeconds, 1e-9);
        PlainTable.Write(form, ["participant", "advances", "computing (s)", "waiting (s)", "mapping (s)", "persisting (s)", "computing (%)"],
            profile.Participants.Select(p => new[] { p.Name, PlainTable.Of(p.Advances), Seconds(p.Computing), Seconds(p.Waiting), Seconds(p.Mapping), Seconds(p.Persisting),
                (p.Computing * share).ToString("0.0", CultureInfo.InvariantCulture) }));
        if (form == TableForm.People)
        {
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{profile.Windows} windows in {profile.WallSeconds:0.000} s, of which the accelerations took {profile.Accelerating:0.000} s; the store wrote for {profile.Storing:0.000} s beside"));
            PrintWork(profile.Work);
        }
    }

    private static void PrintWork(ImmutableArray<ProfileWork> work)
    {
        if (work.IsEmpty)
        {
            return;
        }

        Console.Out.WriteLine();
        PlainTable.Write(TableForm.People, ["process", "node", "windows", .. ProfileWork.Purposes.Select(purpose => $"{purpose} (s)"), "in all (s)", "messages", "bytes"],
            work.Select(w => (string[])[w.Name, w.Node, PlainTable.Of(w.Windows), .. w.Spent.Select(s => Number(s.Seconds)), Number(w.ProcessSeconds), PlainTable.Of(w.Spent.Sum(s => s.Messages)), PlainTable.Of(w.Spent.Sum(s => s.Bytes))]));
        Console.Out.WriteLine("processor time of the present incarnation; 'in all' is the whole process, of which several of a node see the same");
        static string Number(double seconds) => seconds.ToString("0.000", CultureInfo.InvariantCulture);
    }

    private static void PrintWindows(RunObservations observed, TableForm form)
    {
        var rows = from row in observed.Timings
                   from p in Enumerable.Range(0, observed.Participants.Length)
                   let time = row.Participants[p]
                   select new ProfileWindow(row.Window, row.Windows, row.Begin * 1e-9, row.Length * 1e-9, observed.Participants[p], time.Advances,
                       time.Computing * 1e-9, row.Waiting(p) * 1e-9, time.Mapping * 1e-9, time.Persisting * 1e-9);
        if (form == TableForm.Json)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize([.. rows], HostJson.Readable.ImmutableArrayProfileWindow));
            return;
        }

        PlainTable.Write(form, ["window", "windows", "begin (s)", "length (s)", "participant", "advances", "computing (s)", "waiting (s)", "mapping (s)", "persisting (s)"],
            rows.Select(r => new[] { PlainTable.Of(r.Window), PlainTable.Of(r.Windows), Seconds(r.Begin), Seconds(r.Length), r.Participant, PlainTable.Of(r.Advances),
                Seconds(r.Computing), Seconds(r.Waiting), Seconds(r.Mapping), Seconds(r.Persisting) }));
    }

    private static string Seconds(double seconds) => seconds.ToString("0.000000", CultureInfo.InvariantCulture);
}

/// <summary>Where the time of a run went; times in seconds.</summary>
/// <param name="Run">The run.</param>
/// <param name="Windows">Root windows.</param>
/// <param name="WallSeconds">What they took by the clock, in all processes of the run.</param>
/// <param name="Participants">By participant.</param>
/// <param name="Accelerating">In the accelerations of all groups.</param>
/// <param name="Storing">In which the store wrote beside the run.</param>
public sealed record ProfileOutput(string Run, long Windows, double WallSeconds, ImmutableArray<ProfileParticipant> Participants, double Accelerating, double Storing)
{
    /// <summary>What the sites and the coordinator of the last incarnation have spent; empty for a run in one process.</summary>
    public ImmutableArray<ProfileWork> Work { get; init; } = [];

    /// <summary>The sums over what was observed.</summary>
    public static ProfileOutput Of(string run, RunObservations observed)
    {
        ArgumentNullException.ThrowIfNull(observed);
        static double Seconds(long nanoseconds) => nanoseconds * 1e-9;
        return new ProfileOutput(run, observed.Timings.Sum(t => t.Windows), Seconds(observed.Timings.Sum(t => t.Length)),
            [.. observed.Participants.Select((name, p) => new ProfileParticipant(name, observed.Timings.Sum(t => t.Participants[p].Advances),
                Seconds(observed.Timings.Sum(t => t.Participants[p].Computing)), Seconds(observed.Timings.Sum(t => t.Waiting(p))),
                Seconds(observed.Timings.Sum(t => t.Participants[p].Mapping)), Seconds(observed.Timings.Sum(t => t.Participants[p].Persisting))))],
            Seconds(observed.Timings.Sum(t => t.Accelerating)), Seconds(observed.Timings.Sum(t => t.Storing)))
        {
            Work = [.. from row in observed.Work
                       where row.Incarnation == observed.Work[^1].Incarnation
                       group row by row.Site into site
                       orderby site.Key == WorkRow.Coordinator, site.Key
                       select ProfileWork.Of(site.Last())],
        };
    }
}

/// <summary>Where the time of a participant went; times in seconds.</summary>
/// <param name="Name">The participant.</param>
/// <param name="Advances">How often it advanced.</param>
/// <param name="Computing">In its own advances.</param>
/// <param name="Waiting">While others worked.</param>
/// <param name="Mapping">In mappings of what it reads.</param>
/// <param name="Persisting">In saving its state for snapshots.</param>
public sealed record ProfileParticipant(string Name, long Advances, double Computing, double Waiting, double Mapping, double Persisting);

/// <summary>What a site or the coordinator has spent since its incarnation began.</summary>
/// <param name="Name">Who.</param>
/// <param name="Node">In which node's process.</param>
/// <param name="Windows">Root windows meanwhile.</param>
/// <param name="ProcessSeconds">What the process has spent on everything, s of processors.</param>
/// <param name="OnPoolSeconds">How much of <paramref name="Spent"/> was on the runtime's pool, s.</param>
/// <param name="Spent">By purpose.</param>
public sealed record ProfileWork(string Name, string Node, long Windows, double ProcessSeconds, double OnPoolSeconds, ImmutableArray<ProfilePurpose> Spent)
{
    /// <summary>The names of the purposes, in the order of <see cref="Spent"/>.</summary>
    public static ImmutableArray<string> Purposes { get; } = [.. Enum.GetNames<WorkPurpose>().Select(name => name.ToLowerInvariant())];

    /// <summary>The output of a row.</summary>
    public static ProfileWork Of(WorkRow last)
    {
        ArgumentNullException.ThrowIfNull(last);
        return new ProfileWork(last.Site == WorkRow.Coordinator ? "coordinator" : FormattableString.Invariant($"site {last.Site}"), last.Sum.Node, last.Windows, last.Sum.Process * 1e-9, last.Sum.OnPool * 1e-9,
            [.. Purposes.Zip(last.Sum.Purposes, (name, sum) => new ProfilePurpose(name, sum.Nanoseconds * 1e-9, sum.Messages, sum.Bytes))]);
    }
}

/// <summary>What was spent on one purpose.</summary>
/// <param name="Purpose">Its name.</param>
/// <param name="Seconds">Time of processors, s.</param>
/// <param name="Messages">Messages to other processes.</param>
/// <param name="Bytes">Their bytes.</param>
public sealed record ProfilePurpose(string Purpose, double Seconds, long Messages, long Bytes);

/// <summary>Where the time of a participant went in a root window; times in seconds.</summary>
/// <param name="Window">Index of the root window.</param>
/// <param name="Windows">How many windows share the row: those that take less than a millisecond together.</param>
/// <param name="Begin">Begin, after that of the run.</param>
/// <param name="Length">How long the window took.</param>
/// <param name="Participant">The participant.</param>
/// <param name="Advances">How often it advanced.</param>
/// <param name="Computing">In its own advances.</param>
/// <param name="Waiting">While others worked.</param>
/// <param name="Mapping">In mappings of what it reads.</param>
/// <param name="Persisting">In saving its state.</param>
public sealed record ProfileWindow(long Window, long Windows, double Begin, double Length, string Participant, long Advances,
    double Computing, double Waiting, double Mapping, double Persisting);

using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Host.Formats;
using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Host.Commands;

/// <summary><c>vtu RUN PARTICIPANT FOLDER</c>: the mesh of a participant with its fields over time, for ParaView and all else that reads VTK.</summary>
/// <remarks>
/// A record has what goes through ports and, in snapshots, states; it has no meshes with fields. So the participant is computed again alone from its recorded
/// inputs, as <c>verify --participant</c> does: what it shows is that of the run, to the bit, or the command says where not.
/// </remarks>
internal static class VtuCommand
{
    public static Command Create()
    {
        var name = new Argument<string>("run") { Description = "The run" };
        var participant = new Argument<string>("participant") { Description = "A participant of finite elements: heat, solid, heat-plate" };
        var folder = new Argument<string>("folder") { Description = "Where the files are written; made if it is not there" };
        var from = new Option<long?>("--from") { Description = "The first window to show, from its start on; without it, the first of the run" };
        var to = new Option<long?>("--to") { Description = "The window before which to stop. Without it, all that are recorded" };
        var every = new Option<int>("--every") { Description = "One file for so many windows", DefaultValueFactory = _ => 1 };
        every.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && (!int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var windows) || windows < 1))
            {
                result.AddError($"--every takes a whole number above 0; found '{result.Tokens[0].Value}'.");
            }
        });
        var (store, threads, json, quiet) = (SharedOptions.Store(), SharedOptions.Threads(), SharedOptions.Json(), SharedOptions.Quiet());
        var command = new Command("vtu", "Write the mesh and the fields of a participant over time as VTU files, for ParaView") { name, participant, folder, from, to, every, store, threads, json, quiet };
        command.SetAction(parsed =>
        {
            var run = parsed.GetValue(name)!;
            using var file = RunCatalog.Of(parsed.GetValue(store)!).Open(run);
            var record = RecordedRun.Of(run, file);
            var (first, end) = record.Choose(parsed.GetValue(from), parsed.GetValue(to));
            var series = new Series(parsed.GetValue(folder)!, parsed.GetValue(participant)!);
            var isWritten = true;
            var verdict = ParticipantVerification.Verify(record, series.Name, first, end, parsed.GetValue(threads), parsed.GetValue(quiet), (model, windows, time) =>
            {
                var viewable = model as IViewable
                    ?? throw new RunStoreException($"The model of '{series.Name}' has no mesh that it shows; 'heat', 'solid' and 'heat-plate' have one. 'replay' prints what goes through any ports.");
                return isWritten = windows < first || (windows - first) % parsed.GetValue(every) != 0 || series.TryAdd(viewable.View(), windows, time);
            });
            if (!verdict.Matches)
            {
                Console.Error.WriteLine($"{verdict.Sentence}. {(series.Times.IsEmpty ? "Nothing is written" : "What is written ends before")}.");
                if (series.Times.IsEmpty)
                {
                    return ExitCode.Mismatch;
                }
            }

            if (!isWritten || !series.TryEnd())
            {
                return ExitCode.Usage;
            }

            Console.Out.WriteLine(parsed.GetValue(json) ? JsonSerializer.Serialize(new VtuOutput(run, series.Name, series.File, series.Times), HostJson.Readable.VtuOutput)
                : string.Create(CultureInfo.InvariantCulture, $"{series.Times.Length} {(series.Times.Length == 1 ? "time" : "times")} of '{series.Name}' in {series.File}"));
            return verdict.Matches ? ExitCode.Ok : ExitCode.Mismatch;
        });
        return command;
    }

    // NAME.pvd, and beside it a file a time, by the number of windows that lie behind it.
    private sealed class Series(string folder, string name)
    {
        private readonly List<(double Time, string File)> _files = [];

        public string Name => name;

        public string File => Path.Combine(folder, name + ".pvd");

        public ImmutableArray<double> Times => [.. _files.Select(f => f.Time)];

        public bool TryAdd(MeshView view, long windows, double time)
        {
            try
            {
                Directory.CreateDirectory(folder);
                var file = string.Create(CultureInfo.InvariantCulture, $"{name}-{windows:D6}.vtu");
                _files.Add((time, file));
                return OutputFile.TryWrite(Path.Combine(folder, file), "The mesh", to => VtuFile.Write(to, view.Basis, [.. view.NodeFields.Select(Of)], [.. view.CellFields.Select(Of)]));
            }
            catch (Exception fault) when (fault is MeshFileException or IOException or UnauthorizedAccessException or ArgumentException)
            {
                Console.Error.WriteLine(fault is MeshFileException ? fault.Message : $"The folder '{folder}' cannot be made: {fault.Message}");
                return false;
            }
        }

        public bool TryEnd() => OutputFile.TryWrite(File, "The series", to =>
        {
            using var text = new StreamWriter(to, new UTF8Encoding(false));
            VtuFile.WriteSeries(text, _files);
        });

        private static VtuField Of(MeshField field) =>
            field.Components == 6 ? VtuField.OfTensors(field.Name, MemoryMarshal.Cast<double, SymTensor3>(field.Values)) : new(field.Name, field.Components, field.Values);
    }
}

/// <summary>What <c>vtu</c> has written, as scripts see it.</summary>
/// <param name="Run">The run.</param>
/// <param name="Participant">The participant.</param>
/// <param name="Series">The file that names all others.</param>
/// <param name="Times">The times of the files, s.</param>
public sealed record VtuOutput(string Run, string Participant, string Series, ImmutableArray<double> Times);

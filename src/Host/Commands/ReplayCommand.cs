using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Host.Composition;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Host.Commands;

/// <summary><c>replay RUN</c>: plays recorded fields, at a chosen speed, without computing anything.</summary>
internal static class ReplayCommand
{
    public static Command Create()
    {
        var name = new Argument<string>("run") { Description = "The run" };
        var from = new Option<long?>("--from") { Description = "The first window; without it, the first that is recorded" };
        var to = new Option<long?>("--to") { Description = "The window before which to stop; without it, all that are recorded" };
        var speed = new Option<string?>("--speed") { Description = "How much of the run's time passes in a second, such as '0.1 s' or '10 ps'; without it, as fast as it goes" };
        var ports = new Option<string[]>("--port") { Description = "The out-ports to play, 'participant.port' or 'participant'; without it, all", AllowMultipleArgumentsPerToken = true };
        var (store, json) = (SharedOptions.Store(), new Option<bool>("--json") { Description = "Print one object a line, with all numbers" });
        var command = new Command("replay", "Play the recorded fields of a run, without computing anything") { name, from, to, speed, ports, store, json };
        command.SetAction(async (parsed, _) =>
        {
            var run = parsed.GetValue(name)!;
            double? pace = parsed.GetValue(speed) is { } text ? ExperimentLoader.Time(text, "--speed") : null;
            using var file = RunCatalog.Of(parsed.GetValue(store)!).Open(run);
            var record = RecordedRun.Of(run, file);
            var fields = record.Fields;
            if (fields.Stretches is not [var first, ..])
            {
                throw new RunStoreException($"The run '{run}' has no recorded fields: it was run with --no-fields, by an older program, with 'record = none' throughout, or did not come to its first snapshot.");
            }

            var (begin, end) = (parsed.GetValue(from) ?? first.From, parsed.GetValue(to) ?? fields.Stretches[^1].To);
            if (begin < first.From || begin >= end || end > fields.Stretches[^1].To)
            {
                throw new RunStoreException($"The run '{run}' has recorded the fields of the windows {record.FieldsInWords}; found --from {begin} --to {end}. --from is the first one to play, --to the one before which to stop.");
            }

            foreach (var (gap, behind) in Gaps(fields, begin, end))
            {
                await Console.Error.WriteLineAsync($"the fields of the windows {gap} to {behind - 1} are not recorded").ConfigureAwait(false);
            }

            var printer = new Printer(record.Loaded.System, Wanted(record.Loaded.System, parsed.GetValue(ports) ?? []), parsed.GetValue(json), isPaced: pace is not null);
            using var cancellation = new CancellationTokenSource();
            using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context =>
            {
                context.Cancel = true;
                cancellation.Cancel();
            });
            try
            {
                await fields.PlayAsync(begin, end, pace, [printer], TimeProvider.System, cancellation.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return ExitCode.Stopped;
            }
            finally
            {
                printer.Flush();
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static IEnumerable<(long From, long To)> Gaps(RecordedFields fields, long from, long to) =>
        fields.Stretches.Zip(fields.Stretches.Skip(1), (a, b) => (From: a.To, To: b.From)).Where(gap => gap.From < to && gap.To > from);

    // By participant and port; everything where nothing is named.
    private static HashSet<(int, int)> Wanted(CoupledSystem system, string[] names)
    {
        var all = system.Participants.SelectMany(node => node.Description.Ports.Select((layout, port) => (node, layout, port)))
            .Where(p => p.layout.Port.Direction == PortDirection.Out).Select(p => (Name: $"{p.node.Name}.{p.layout.Port.Name}", Participant: p.node.Name, Key: (p.node.Index, p.port))).ToList();
        if (names.FirstOrDefault(name => !all.Exists(p => p.Name == name || p.Participant == name)) is { } unknown)
        {
            throw new RunStoreException($"There is no out-port or participant '{unknown}'. {Suggestion.Sentence(unknown, [.. all.Select(p => p.Name), .. all.Select(p => p.Participant).Distinct()])}");
        }

        return [.. all.Where(p => names.Length == 0 || names.Contains(p.Name) || names.Contains(p.Participant)).Select(p => p.Key)];
    }

    private sealed class Printer(CoupledSystem system, HashSet<(int, int)> wanted, bool json, bool isPaced) : IFieldObserver
    {
        private readonly StringBuilder _lines = new();
        private bool _hasTitle;

        public void Show(FieldFrame frame)
        {
            if (!wanted.Contains((frame.Participant, frame.Port)))
            {
                return;
            }

            var node = system.Participants[frame.Participant];
            var port = $"{node.Name}.{node.Description.Ports[frame.Port].Port.Name}";
            if (json)
            {
                _lines.AppendLine(JsonSerializer.Serialize(new ReplayOutput(frame.Window, frame.Sample.Time, port, frame.Sample.Values.ToArray()), HostJson.Lines.ReplayOutput));
            }
            else
            {
                Print(frame, port);
            }

            // Who waits between moments is to see each of them; otherwise not a system call a line.
            if (isPaced || _lines.Length > 1 << 14)
            {
                Flush();
            }
        }

        public void Flush()
        {
            Console.Out.Write(_lines);
            Console.Out.Flush();
            _lines.Clear();
        }

        private void Print(FieldFrame frame, string port)
        {
            if (!_hasTitle)
            {
                _lines.AppendLine(string.Create(CultureInfo.InvariantCulture, $"{"window",8} {"time (s)",24}  {"port",-32} values"));
                _hasTitle = true;
            }

            var values = frame.Sample.Values;
            _lines.Append(CultureInfo.InvariantCulture, $"{(frame.Window < 0 ? "start" : PlainTable.Of(frame.Window)),8} {frame.Sample.Time,24:R}  {port,-32} ");
            if (values.Length <= 3)
            {
                _lines.AppendLine(string.Join(' ', values.ToArray().Select(value => PlainTable.Of(value))));
                return;
            }

            var (least, greatest, sum) = (double.PositiveInfinity, double.NegativeInfinity, 0.0);
            foreach (var value in values)
            {
                (least, greatest, sum) = (Math.Min(least, value), Math.Max(greatest, value), sum + value);
            }

            _lines.AppendLine(string.Create(CultureInfo.InvariantCulture, $"{values.Length} numbers, {least:G6} to {greatest:G6}, mean {sum / values.Length:G6}"));
        }
    }
}

/// <summary>A recorded value of an out-port, as scripts see it: one a line.</summary>
/// <param name="Window">Index of the root window; −1 for the start of the run.</param>
/// <param name="Time">When, s.</param>
/// <param name="Port">The port, <c>participant.port</c>.</param>
/// <param name="Values">Its numbers, point by point, components interleaved.</param>
public sealed record ReplayOutput(long Window, double Time, string Port, double[] Values);

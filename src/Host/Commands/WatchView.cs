using System.Collections.Immutable;
using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.Json;
using ActorMultiscale.Actors.Observation;
using ActorMultiscale.Physics.Coupling;

namespace ActorMultiscale.Host.Commands;

/// <summary><c>runs show RUN --watch [NAME …]</c>: what the experiment's watches said after every root window.</summary>
internal sealed class WatchView
{
    private readonly Option<string[]> _watch = new("--watch")
    {
        Description = "Show the watches of the experiment, or those named, after every root window",
        Arity = ArgumentArity.ZeroOrMore,
        AllowMultipleArgumentsPerToken = true,
    };

    public WatchView(Command command) => command.Add(_watch);

    public bool IsWanted(SymbolResult result) => result.GetResult(_watch) is { Implicit: false };

    public int Print(ParseResult parsed, RunObservations observed, TableForm form)
    {
        var wanted = parsed.GetValue(_watch) ?? [];
        var known = observed.Watches.Select(w => w.Name).ToList();
        if (known.Count == 0)
        {
            Console.Error.WriteLine("The experiment of the run has no watches: 'watches { tip { port = bar.displacement, at = [1 m] } }' is one.");
        }

        if (wanted.FirstOrDefault(name => !known.Contains(name)) is { } unknown)
        {
            if (known.Count > 0)
            {
                Console.Error.WriteLine($"There is no watch '{unknown}'. {Suggestion.Sentence(unknown, known)}");
            }

            return ExitCode.Usage;
        }

        // Each with the place of its first number in a row.
        var places = observed.Watches.Select((w, i) => (Watch: w, First: observed.Watches.Take(i).Sum(o => o.Components)))
            .Where(w => wanted.Length == 0 || wanted.Contains(w.Watch.Name)).ToList();
        if (form == TableForm.Json)
        {
            var output = new WatchOutput(
                [.. places.Select(p => new WatchSeries(p.Watch.Name, p.Watch.Unit,
                    [.. observed.WatchRows.Select(row => row.Values.AsSpan(p.First, p.Watch.Components).ToImmutableArray())]))],
                [.. observed.WatchRows.Select(row => row.Window)], [.. observed.WatchRows.Select(row => row.Time)]);
            Console.Out.WriteLine(JsonSerializer.Serialize(output, HostJson.Readable.WatchOutput));
            return ExitCode.Ok;
        }

        string[] columns = ["window", "time (s)", .. places.SelectMany(p => Enumerable.Range(0, p.Watch.Components)
            .Select(i => $"{p.Watch.Name}{(p.Watch.Components == 1 ? "" : $".{PlainTable.Of(i)}")}{(p.Watch.Unit is "1" or "" ? "" : $" ({p.Watch.Unit})")}"))];
        PlainTable.Write(form, columns, observed.WatchRows.Select(row => (string[])
            [PlainTable.Of(row.Window), PlainTable.Of(row.Time), .. places.SelectMany(p => Enumerable.Range(p.First, p.Watch.Components)).Select(i => PlainTable.Of(row.Values[i]))]));
        return ExitCode.Ok;
    }
}

/// <summary>What the watches of a run said, as scripts see it.</summary>
/// <param name="Watches">The watches.</param>
/// <param name="Windows">Indices of the root windows.</param>
/// <param name="Times">Their ends, s.</param>
public sealed record WatchOutput(ImmutableArray<WatchSeries> Watches, ImmutableArray<long> Windows, ImmutableArray<double> Times);

/// <summary>What one watch said.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Unit">The unit of its numbers.</param>
/// <param name="Values">Its numbers, window by window.</param>
public sealed record WatchSeries(string Name, string Unit, ImmutableArray<ImmutableArray<double>> Values);

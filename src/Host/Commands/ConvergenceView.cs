using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ActorMultiscale.Actors.Journal;
using Spectre.Console;

namespace ActorMultiscale.Host.Commands;

/// <summary><c>runs show RUN --convergence</c>: how the implicit groups converged.</summary>
internal sealed class ConvergenceView
{
    private readonly Option<bool> _convergence = new("--convergence") { Description = "Show iterations and final residuals of every window of the implicit groups" };
    private readonly Option<bool> _iterations = new("--iterations") { Description = "Show every iteration, not the last of each window only" };
    private readonly Option<bool> _csv = new("--csv") { Description = "Print the table as comma-separated values" };

    public ConvergenceView(Command command)
    {
        command.Add(_convergence);
        command.Add(_iterations);
        command.Add(_csv);
        command.Validators.Add(result =>
        {
            if (result.GetValue(_csv) && !result.GetValue(_convergence) && !result.GetValue(_iterations))
            {
                result.AddError("--csv prints a table; say which, with --convergence or --iterations.");
            }
        });
    }

    public bool IsWanted(ParseResult parsed) => parsed.GetValue(_convergence) || parsed.GetValue(_iterations);

    public void Print(ParseResult parsed, ImmutableArray<IterationRow> rows, bool json)
    {
        var shown = Select(rows, parsed.GetValue(_iterations));
        if (json)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(shown, HostJson.Readable.ImmutableArrayConvergenceRow));
            return;
        }

        string[] columns = ["window", "group", "start", "end", "attempt", "iterations", "conduit", "distance", "norm", "converged"];
        var cells = shown.Select(r => new[] { Whole(r.Window), r.Group, Real(r.Start), Real(r.End), Whole(r.Attempt), Whole(r.Iterations),
            r.Conduit, Real(r.Distance), Real(r.Norm), r.Converged ? "yes" : "no" });
        if (parsed.GetValue(_csv))
        {
            Console.Out.WriteLine(string.Join(',', columns));
            foreach (var row in cells)
            {
                Console.Out.WriteLine(string.Join(',', row.Select(Quoted)));
            }

            return;
        }

        var table = new Table().Border(TableBorder.Rounded).AddColumns(columns);
        foreach (var row in cells)
        {
            table.AddRow(row.Select(cell => new Text(cell)));
        }

        ConsoleTables.Write(table);
    }

    // The iterations of one window follow each other in the table until the address differs in more than the iteration.
    private static ImmutableArray<ConvergenceRow> Select(ImmutableArray<IterationRow> rows, bool all)
    {
        var last = new Dictionary<(long, string, double, int, string), int>();
        for (var i = 0; i < rows.Length; i++)
        {
            last[Key(rows[i])] = rows[i].Iteration;
        }

        return [.. rows.Where(r => all || r.Iteration == last[Key(r)]).Select(r => new ConvergenceRow(
            r.RootWindow, r.Path, r.Group, r.Start, r.End, r.Attempt, r.Iteration + 1, r.Conduit, r.Distance, r.Norm, r.Converged))];
    }

    // The path without the group's own iteration, attempt and stage: the window, inside a particular iteration of those around it.
    private static (long Root, string Window, double Start, int Attempt, string Group) Key(IterationRow row)
    {
        var own = row.Path.LastIndexOf('/') + 1;
        return (row.RootWindow, row.Path[..row.Path.IndexOf('.', own)], row.Start, row.Attempt, row.Group);
    }

    private static string Whole(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Real(double? value) => value?.ToString("R", CultureInfo.InvariantCulture) ?? "";

    private static string Quoted(string cell) => cell.AsSpan().IndexOfAny(",\"\n") < 0 ? cell : $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}

/// <summary>A row of the convergence table: one criterion of a group in one iteration.</summary>
/// <param name="Window">Index of the root window.</param>
/// <param name="Path">The address in the tree of groups.</param>
/// <param name="Group">The group.</param>
/// <param name="Start">Start of the group's window, s.</param>
/// <param name="End">Its end, s.</param>
/// <param name="Attempt">How often the window was begun anew.</param>
/// <param name="Iterations">Iterations so far, this one included.</param>
/// <param name="Conduit">The conduit of the criterion; empty where the group iterates a fixed number of times.</param>
/// <param name="Distance">‖H(x) − x‖.</param>
/// <param name="Norm">‖H(x)‖.</param>
/// <param name="Converged">Whether the group had converged.</param>
public sealed record ConvergenceRow(long Window, string Path, string Group, double Start, double End, int Attempt, int Iterations, string Conduit,
    double? Distance, double? Norm, bool Converged);

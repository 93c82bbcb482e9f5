using System.Collections.Immutable;
using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.Json;
using ActorMultiscale.Actors.Observation;

namespace ActorMultiscale.Host.Commands;

/// <summary><c>runs show RUN --convergence</c>: how the implicit groups converged.</summary>
internal sealed class ConvergenceView
{
    private readonly Option<bool> _convergence = new("--convergence") { Description = "Show iterations and final residuals of every window of the implicit groups" };
    private readonly Option<bool> _iterations = new("--iterations") { Description = "Show every iteration, not the last of each window only" };
    public ConvergenceView(Command command)
    {
        command.Add(_convergence);
        command.Add(_iterations);
    }

    public bool IsWanted(SymbolResult result) => result.GetValue(_convergence) || result.GetValue(_iterations);

    public void Print(ParseResult parsed, ImmutableArray<IterationRow> rows, TableForm form)
    {
        if (rows.IsEmpty)
        {
            Console.Error.WriteLine("No iterations are kept of the run: none of its groups iterates, or it was made with --no-observations.");
        }

        var shown = Select(rows, parsed.GetValue(_iterations));
        if (form == TableForm.Json)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(shown, HostJson.Readable.ImmutableArrayConvergenceRow));
            return;
        }

        PlainTable.Write(form, ["window", "group", "start", "end", "attempt", "iterations", "conduit", "distance", "norm", "converged"],
            shown.Select(r => new[] { PlainTable.Of(r.Window), r.Group, PlainTable.Of(r.Start), PlainTable.Of(r.End), PlainTable.Of(r.Attempt), PlainTable.Of(r.Iterations),
                r.Conduit, PlainTable.Of(r.Distance), PlainTable.Of(r.Norm), r.Converged ? "yes" : "no" }));
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

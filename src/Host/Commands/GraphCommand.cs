using System.CommandLine;
using System.Text;
using ActorMultiscale.Host.Composition;
using ActorMultiscale.Host.Graph;

namespace ActorMultiscale.Host.Commands;

/// <summary><c>graph FILE</c>: draws who hears whom.</summary>
internal static class GraphCommand
{
    public static Command Create()
    {
        var experiment = SharedOptions.Experiment();
        var set = SharedOptions.Set();
        var svg = new Option<string?>("--svg") { Description = "Write the picture to this file" };
        var dot = new Option<string?>("--dot") { Description = "Write the graph for Graphviz to this file" };
        var stage = new Option<string?>("--stage") { Description = "Which run stage to draw; the first where none is named" };
        var command = new Command("graph", "Draw the coupling graph of an experiment; without a file, print it for Graphviz") { experiment, set, svg, dot, stage };
        command.SetAction(parsed =>
        {
            var loaded = ExperimentLoader.Load(parsed.GetValue(experiment)!, parsed.GetValue(set) ?? [], parsed.GetValue(stage));
            if (parsed.GetValue(stage) is { } named && loaded.Stages.IsEmpty)
            {
                Console.Error.WriteLine($"There is no run stage '{named}': '{loaded.File}' is one run, without 'run-stages'. Leave --stage out.");
                return ExitCode.Usage;
            }

            var graph = CouplingGraph.Of(loaded.System);
            var (picture, text) = (parsed.GetValue(svg), parsed.GetValue(dot));
            if (picture is null && text is null)
            {
                Console.Out.Write(GraphDot.Write(graph));
                return ExitCode.Ok;
            }

            return (picture is null || Write(picture, GraphSvg.Write(graph))) && (text is null || Write(text, GraphDot.Write(graph))) ? ExitCode.Ok : ExitCode.Usage;
        });
        return command;
    }

    private static bool Write(string file, string text) => OutputFile.TryWrite(file, "The graph", to => to.Write(Encoding.UTF8.GetBytes(text)));
}

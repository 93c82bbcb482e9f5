using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Text;

namespace ActorMultiscale.Host.Graph;

/// <summary>A coupling graph in the language of Graphviz: groups are clusters, participants are tables with a cell for each port.</summary>
public static class GraphDot
{
    /// <summary>The text of <paramref name="graph"/>.</summary>
    public static string Write(CouplingGraph graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"digraph {Quoted(graph.Name)} {{\n  rankdir=LR;\n  node [shape=plain, fontname=\"monospace\", fontsize=10];\n  edge [fontname=\"monospace\", fontsize=9];\n");
        var clusters = 0;
        Write(text, graph, graph.Root, ref clusters, "  ");
        foreach (var arrow in graph.Arrows)
        {
            var (from, to) = (graph.Boxes[arrow.From], graph.Boxes[arrow.To]);
            text.Append(CultureInfo.InvariantCulture, $"  p{arrow.From}:o{from.Outputs.IndexOf(arrow.FromPort)}:e -> p{arrow.To}:i{to.Inputs.IndexOf(arrow.ToPort)}:w [label={Quoted(graph.Caption(arrow))}{(arrow.IsBackward ? ", style=dashed, constraint=false, color=\"#c2571a\"" : ", color=\"#1f5fa8\"")}];\n");
        }

        return text.Append("}\n").ToString();
    }

    private static void Write(StringBuilder text, CouplingGraph graph, GraphFrame frame, ref int clusters, string indent)
    {
        text.Append(CultureInfo.InvariantCulture, $"{indent}subgraph cluster_{clusters++} {{\n{indent}  label={Quoted(string.Join('\n', frame.Captions))};\n{indent}  labeljust=l;\n");
        foreach (var member in frame.Stages.SelectMany(s => s))
        {
            if (member.Frame is { } inner)
            {
                Write(text, graph, inner, ref clusters, indent + "  ");
                continue;
            }

            var box = graph.Boxes[member.Box];
            text.Append(CultureInfo.InvariantCulture, $"{indent}  p{member.Box} [label=<<TABLE BORDER=\"0\" CELLBORDER=\"1\" CELLSPACING=\"0\"><TR><TD COLSPAN=\"2\"><B>{Markup(box.Title)}</B><BR/>{Markup(box.Kind)}</TD></TR>");
            for (var row = 0; row < Math.Max(box.Inputs.Length, box.Outputs.Length); row++)
            {
                text.Append("<TR>").Append(Cell('i', row, box.Inputs)).Append(Cell('o', row, box.Outputs)).Append("</TR>");
            }

            text.Append("</TABLE>>];\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"{indent}}}\n");
    }

    private static string Quoted(string text) => "\"" + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\l", StringComparison.Ordinal) + (text.Contains('\n', StringComparison.Ordinal) ? "\\l\"" : "\"");

    private static string Cell(char side, int row, ImmutableArray<string> ports) => row < ports.Length
        ? string.Create(CultureInfo.InvariantCulture, $"<TD PORT=\"{side}{row}\" ALIGN=\"{(side == 'i' ? "LEFT" : "RIGHT")}\">{Markup(ports[row])}</TD>")
        : "<TD></TD>";

    private static string Markup(string text) => WebUtility.HtmlEncode(text);
}

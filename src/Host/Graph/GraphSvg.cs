using System.Globalization;
using System.Xml.Linq;

namespace ActorMultiscale.Host.Graph;

/// <summary>A coupling graph as an SVG picture (W3C, Scalable Vector Graphics 1.1): it stands alone and needs no other file.</summary>
public static class GraphSvg
{
    private const string Forward = "#1f5fa8";
    private const string Backward = "#c2571a";

    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    /// <summary>The picture of <paramref name="graph"/>.</summary>
    public static string Write(CouplingGraph graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        var layout = GraphLayout.Of(graph);
        var root = new XElement(Svg + "svg", new XAttribute("width", Number(layout.Width)), new XAttribute("height", Number(layout.Height)),
            new XAttribute("viewBox", $"0 0 {Number(layout.Width)} {Number(layout.Height)}"), new XAttribute("font-family", "DejaVu Sans Mono, Menlo, Consolas, monospace"),
            new XElement(Svg + "title", graph.Name),
            new XElement(Svg + "defs", Head("forward", Forward), Head("backward", Backward)),
            Box(new Rectangle(0, 0, layout.Width, layout.Height), "canvas", "#ffffff", "none", 0),
            Text(16, 32, 16, graph.Name, bold: true));
        for (var i = 0; i < layout.Frames.Count; i++)
        {
            var (frame, place) = layout.Frames[i];
            root.Add(Box(place, "group", i % 2 == 0 ? "#f6f7f9" : "#eceff4", "#8a94a6", 6));
            for (var line = 0; line < frame.Captions.Length; line++)
            {
                root.Add(Text(place.X + 12, place.Y + ((line + 1) * GraphLayout.Line), 12, frame.Captions[line], bold: line == 0));
            }
        }

        for (var i = 0; i < graph.Arrows.Length; i++)
        {
            var backward = graph.Arrows[i].IsBackward;
            root.Add(new XElement(Svg + "polyline", new XAttribute("class", backward ? "backward" : "forward"),
                new XAttribute("points", string.Join(' ', layout.Arrows[i].Corners.Select(c => $"{Number(c.X)},{Number(c.Y)}"))),
                new XAttribute("fill", "none"), new XAttribute("stroke", backward ? Backward : Forward), new XAttribute("stroke-width", "1.5"),
                backward ? new XAttribute("stroke-dasharray", "6 3") : null, new XAttribute("marker-end", $"url(#{(backward ? "backward" : "forward")})")));
        }

        // Texts after all lines, on white: a line that passes ends at the text and goes on behind it.
        for (var i = 0; i < graph.Arrows.Length; i++)
        {
            var label = layout.Arrows[i].Label;
            root.Add(Box(label, "label", "#ffffff", "none", 0));
            root.Add(Text(label.X, label.Y + 11, 11, graph.Caption(graph.Arrows[i]), color: graph.Arrows[i].IsBackward ? Backward : Forward));
        }

        for (var i = 0; i < graph.Boxes.Length; i++)
        {
            AddParticipant(root, layout, graph.Boxes[i], i);
        }

        return new XDocument(root).ToString() + "\n";
    }

    private static void AddParticipant(XElement root, GraphLayout layout, GraphBox box, int index)
    {
        var place = layout.Boxes[index];
        root.Add(Box(place, "participant", "#ffffff", "#2b3340", 3));
        root.Add(Text(place.X + 10, place.Y + 17, 14, box.Title, bold: true));
        root.Add(Text(place.X + 10, place.Y + 33, 11, box.Kind, color: "#5b6675"));
        for (var row = 0; row < box.Inputs.Length; row++)
        {
            root.Add(Text(place.X + 10, layout.PortHeight(index, row) + 4, 11, box.Inputs[row]));
        }

        for (var row = 0; row < box.Outputs.Length; row++)
        {
            root.Add(Text(place.X + place.Width - 10 - GraphLayout.WidthOf(box.Outputs[row], 11), layout.PortHeight(index, row) + 4, 11, box.Outputs[row]));
        }
    }

    private static XElement Head(string name, string color) =>
        new(Svg + "marker", new XAttribute("id", name), new XAttribute("viewBox", "0 0 8 8"), new XAttribute("refX", "8"), new XAttribute("refY", "4"),
            new XAttribute("markerWidth", "7"), new XAttribute("markerHeight", "7"), new XAttribute("orient", "auto"),
            new XElement(Svg + "path", new XAttribute("d", "M0,0 L8,4 L0,8 z"), new XAttribute("fill", color)));

    private static XElement Box(Rectangle place, string kind, string fill, string stroke, double radius) =>
        new(Svg + "rect", new XAttribute("class", kind), new XAttribute("x", Number(place.X)), new XAttribute("y", Number(place.Y)),
            new XAttribute("width", Number(place.Width)), new XAttribute("height", Number(place.Height)), new XAttribute("rx", Number(radius)),
            new XAttribute("fill", fill), new XAttribute("stroke", stroke));

    private static XElement Text(double x, double y, double size, string text, bool bold = false, string color = "#1b222c") =>
        new(Svg + "text", new XAttribute("x", Number(x)), new XAttribute("y", Number(y)), new XAttribute("font-size", Number(size)),
            bold ? new XAttribute("font-weight", "bold") : null, new XAttribute("fill", color), text);

    private static string Number(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);
}

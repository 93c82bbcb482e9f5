using System.Collections.Immutable;

namespace ActorMultiscale.Host.Graph;

/// <summary>
/// Where everything of a coupling graph stands, in pixels. Stages follow each other from left to right, and the boxes of a stage
/// stand above each other in one column. A column and the channels to its sides have their part of the width to themselves,
/// and below all frames every arrow has a line of its own: so an arrow runs across no box, whatever the graph.
/// </summary>
internal sealed class GraphLayout
{
    /// <summary>Height of a line of text.</summary>
    public const double Line = 18;

    private const double Margin = 16;
    private const double Inset = 12;
    private const double Track = 10;
    private const double LaneHeight = 26;

    // The advance of a letter of the common monospaced fonts is 0.6 of the size; the rest is for those that are a little wider.
    private const double LetterWidth = 0.62;

    private readonly CouplingGraph _graph;
    private readonly Rectangle[] _boxes;
    private readonly List<PlacedFrame> _frames = [];
    private readonly List<int>[] _leaving;      // For each box the arrows in the channel to the right of its column; shared by the column.
    private readonly List<int>[] _arriving;
    private readonly double[] _right;           // For each box where the channel to the right of its column begins, and the left one.
    private readonly double[] _left;

    private GraphLayout(CouplingGraph graph)
    {
        _graph = graph;
        _boxes = new Rectangle[graph.Boxes.Length];
        _leaving = new List<int>[graph.Boxes.Length];
        _arriving = new List<int>[graph.Boxes.Length];
        _right = new double[graph.Boxes.Length];
        _left = new double[graph.Boxes.Length];
    }

    /// <summary>Width of the canvas.</summary>
    public double Width { get; private set; }

    /// <summary>Height of the canvas.</summary>
    public double Height { get; private set; }

    /// <summary>For each box where it stands.</summary>
    public IReadOnlyList<Rectangle> Boxes => _boxes;

    /// <summary>Frames, outer before inner.</summary>
    public IReadOnlyList<PlacedFrame> Frames => _frames;

    /// <summary>For each arrow its way.</summary>
    public ImmutableArray<PlacedArrow> Arrows { get; private set; }

    /// <summary>The width of <paramref name="text"/> at a size of letters, a little more than it is, in whole pixels.</summary>
    public static double WidthOf(string text, double size) => Math.Ceiling(text.Length * size * LetterWidth);

    /// <summary>Lays <paramref name="graph"/> out.</summary>
    public static GraphLayout Of(CouplingGraph graph)
    {
        var layout = new GraphLayout(graph);
        var top = Margin + (2 * Line);
        var (right, bottom) = layout.Place(graph.Root, Margin, top);
        layout.PlaceArrows(right, bottom);
        return layout;
    }

    /// <summary>The height at which a port of <paramref name="box"/> stands.</summary>
    public double PortHeight(int box, int row) => _boxes[box].Y + (2 * Line) + 6 + ((row + 0.5) * Line);

    private (double Right, double Bottom) Place(GraphFrame frame, double x, double y)
    {
        var index = _frames.Count;
        _frames.Add(new PlacedFrame(frame, default));
        var (across, below) = (x + Inset, y + (frame.Captions.Length * Line) + Inset);
        var lowest = below;
        foreach (var stage in frame.Stages)
        {
            // Boxes of a stage share a column; frames stand beside each other, to leave the way down free.
            var boxes = stage.Where(m => m.Frame is null).Select(m => m.Box).ToArray();
            if (boxes.Length > 0)
            {
                (across, var end) = PlaceColumn(boxes, across, below);
                lowest = Math.Max(lowest, end);
            }

            foreach (var member in stage)
            {
                if (member.Frame is { } inner)
                {
                    (across, var end) = Place(inner, across, below);
                    across += Inset;
                    lowest = Math.Max(lowest, end);
                }
            }
        }

        var width = Math.Max(across - x, frame.Captions.Max(c => WidthOf(c, 12)) + (2 * Inset));
        _frames[index] = new PlacedFrame(frame, new Rectangle(x, y, width, lowest + Inset - y));
        return (x + width, lowest + Inset);
    }

    private (double Right, double Bottom) PlaceColumn(int[] boxes, double x, double y)
    {
        var arriving = Enumerable.Range(0, _graph.Arrows.Length).Where(a => boxes.Contains(_graph.Arrows[a].To)).ToList();
        var leaving = Enumerable.Range(0, _graph.Arrows.Length).Where(a => boxes.Contains(_graph.Arrows[a].From)).ToList();
        var start = x + ((arriving.Count + 1) * Track) + 6;
        var width = boxes.Max(b => BoxWidth(_graph.Boxes[b]));
        foreach (var box in boxes)
        {
            var ports = Math.Max(_graph.Boxes[box].Inputs.Length, _graph.Boxes[box].Outputs.Length);
            _boxes[box] = new Rectangle(start, y, width, (2 * Line) + 12 + (ports * Line));
            (_arriving[box], _leaving[box], _left[box], _right[box]) = (arriving, leaving, x, start + width);
            y += _boxes[box].Height + Line;
        }

        return (start + width + ((leaving.Count + 1) * Track), y - Line);
    }

    private static double BoxWidth(GraphBox box)
    {
        var ports = box.Inputs.Select(p => WidthOf(p, 11)).DefaultIfEmpty(0).Max() + box.Outputs.Select(p => WidthOf(p, 11)).DefaultIfEmpty(0).Max() + 40;
        return Math.Max(ports, Math.Max(WidthOf(box.Title, 14), WidthOf(box.Kind, 11)) + 20);
    }

    private void PlaceArrows(double right, double bottom)
    {
        var placed = new PlacedArrow[_graph.Arrows.Length];

        // Forward arrows first, short ones before long ones: as nested arcs they cross least.
        var order = Enumerable.Range(0, placed.Length)
            .OrderBy(a => _graph.Arrows[a].IsBackward).ThenBy(a => Math.Abs(_right[_graph.Arrows[a].From] - _left[_graph.Arrows[a].To])).ThenBy(a => a);
        var lane = bottom + LaneHeight;
        foreach (var index in order)
        {
            var arrow = _graph.Arrows[index];
            var (from, to) = (arrow.From, arrow.To);
            var leaves = _right[from] + ((_leaving[from].IndexOf(index) + 1) * Track);
            var arrives = _left[to] + ((_arriving[to].IndexOf(index) + 1) * Track);
            var (start, end) = (PortHeight(from, _graph.Boxes[from].Outputs.IndexOf(arrow.FromPort)), PortHeight(to, _graph.Boxes[to].Inputs.IndexOf(arrow.ToPort)));
            placed[index] = new PlacedArrow([(_right[from], start), (leaves, start), (leaves, lane), (arrives, lane), (arrives, end), (_boxes[to].X, end)],
                new Rectangle(0, lane - 16, WidthOf(_graph.Caption(arrow), 11), 14));
            lane += LaneHeight;
        }

        Arrows = [.. placed.Select(p => p with { Label = PlaceLabel(p, placed) })];
        Width = Math.Max(Arrows.Select(a => a.Label.X + a.Label.Width).Append(right).Max(), Margin + WidthOf(_graph.Name, 16)) + Margin;
        Height = lane - LaneHeight + Margin;
    }

    // Along the arrow's own line, inside its ends or beside them: where the text covers the fewest arrows on their way down and up.
    // A text on its line is found more easily than one beside it: where there is room, that is worth a few.
    private static Rectangle PlaceLabel(PlacedArrow arrow, PlacedArrow[] all)
    {
        const double Gap = 6;
        var (left, right) = (Math.Min(arrow.Corners[1].X, arrow.Corners[4].X), Math.Max(arrow.Corners[1].X, arrow.Corners[4].X));
        var label = arrow.Label;
        var beside = label.Width + (2 * Gap) <= right - left ? 4 : 0;
        double[] starts = [left + Gap, right - Gap - label.Width, right + Gap, left - Gap - label.Width];
        return starts.Where(x => x >= Margin).Select(x => label with { X = x })
            .MinBy(place => (place.X > right || place.X + place.Width < left ? beside : 0) + all.Sum(other => Covers(place, other.Corners[1], other.Corners[2]) + Covers(place, other.Corners[3], other.Corners[4])));
    }

    private static int Covers(Rectangle place, (double X, double Y) a, (double X, double Y) b) =>
        a.X > place.X - 3 && a.X < place.X + place.Width + 3 && Math.Min(a.Y, b.Y) < place.Y + place.Height && Math.Max(a.Y, b.Y) > place.Y ? 1 : 0;
}

/// <summary>A rectangle: left, top, width and height in pixels.</summary>
internal readonly record struct Rectangle(double X, double Y, double Width, double Height);

/// <summary>A frame and where it stands.</summary>
internal sealed record PlacedFrame(GraphFrame Frame, Rectangle Place);

/// <summary>The corners of an arrow's way, and where its text stands.</summary>
internal sealed record PlacedArrow(ImmutableArray<(double X, double Y)> Corners, Rectangle Label);

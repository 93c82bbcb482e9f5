using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using ActorMultiscale.Host.Composition;
using ActorMultiscale.Host.Graph;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Testing;

namespace ActorMultiscale.Tests.Host;

/// <summary>The picture of the coupling graph: for every shipped experiment it is whole, and nothing in it hides anything.</summary>
public sealed class GraphTests : IDisposable
{
    private const string Ensemble = """
        name = pairs
        until = 0.1 s
        window = 0.01 s
        participants {
          left { model = oscillator-mass, count = 3, settings { side = left, integrator = newmark, substeps = 4 } }
          right { model = oscillator-mass, count = 3, settings { side = right, integrator = newmark, substeps = 4 } }
        }
        conduits = [
          { from = "left[*].spring-force", to = "right[*].force", degree = 3 }
          { from = "right[*].spring-force", to = "left[*].force", degree = 2 }
        ]
        scheme {
          stages = [[left], [right]]
          iterate { max = 20, converge = [{ conduit = "left[*].force", relative = 1e-10 }] }
        }
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("actor-multiscale-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    public static TheoryData<string> Experiments() => [.. ShippedExperiments.Names];

    private static LoadedExperiment Load(string name) => ExperimentLoader.Load(HostProcess.Experiment(name), []);

    private CouplingGraph EnsembleGraph()
    {
        var file = Path.Combine(_folder, "ensemble.conf");
        File.WriteAllText(file, Ensemble);
        return CouplingGraph.Of(ExperimentLoader.Load(file, []).System);
    }

    // Sub-domains of one body are one box, as members of an ensemble are, and their ports for each other one port.
    private static string BoxOf(ParticipantNode node) => Suggestion.BaseOf(node.Name);

    private static string TitleOf(CoupledSystem system, ParticipantNode node) =>
        system.Participants.Count(p => BoxOf(p) == BoxOf(node)) is > 1 and var count ? $"{BoxOf(node)} × {count}" : node.Name;

    private static string Drawn(ParticipantNode node, string port) => node.Spec.PartOf is null ? port : Regex.Replace(port, @"-\d+$", "-*");

    private static (string From, string To, bool IsBackward) ArrowOf(CoupledSystem system, ConduitNode conduit)
    {
        string End(int participant, int port) =>
            system.Participants[participant] is var node ? $"{BoxOf(node)}.{Drawn(node, node.Description.Ports[port].Port.Name)}" : "";
        return (End(conduit.Producer, conduit.ProducerPort), End(conduit.Consumer, conduit.ConsumerPort), conduit.IsBackward);
    }

    [Theory]
    [MemberData(nameof(Experiments))]
    public void The_picture_of_every_experiment_is_whole_and_readable(string name)
    {
        var system = Load(name).System;
        var svg = XDocument.Parse(GraphSvg.Write(CouplingGraph.Of(system))).Root!;

        var texts = Elements(svg, "text").Select(t => t.Value).ToList();
        Assert.Contains(system.Experiment.Name, texts);
        foreach (var participant in system.Participants)
        {
            Assert.Contains(TitleOf(system, participant), texts);
            Assert.Contains(participant.Spec.Model.Kind, texts);
        }

        foreach (var box in system.Participants.DistinctBy(BoxOf))
        {
            Assert.All(box.Description.Ports, layout => Assert.Contains(Drawn(box, layout.Port.Name), texts));
        }

        Assert.All(system.Groups, group => Assert.Contains(texts, t => t.StartsWith(group.Spec.Name + ": windows of ", StringComparison.Ordinal)));
        Assert.All(system.Conduits.GroupBy(c => ArrowOf(system, c)), arrow => Assert.Contains(texts, t => t.StartsWith(
            (arrow.Count() > 1 ? $"{arrow.Count()} × " : "") + $"{arrow.Key.From} → {arrow.Key.To}: ", StringComparison.Ordinal)));
        Assert.Equal(system.Conduits.Select(c => ArrowOf(system, c)).Distinct().Count(a => a.IsBackward), Elements(svg, "polyline").Count(l => l.Attribute("stroke-dasharray") is not null));
        Assert.Equal(system.Participants.Select(BoxOf).Distinct().Count(), Rectangles(svg, "participant").Count);
        Assert.Equal(system.Groups.Length, Rectangles(svg, "group").Count);
        NothingHidesAnything(svg);
    }

    [Fact]
    public void The_members_of_an_ensemble_are_one_box_with_their_count()
    {
        var graph = EnsembleGraph();
        var svg = XDocument.Parse(GraphSvg.Write(graph)).Root!;

        Assert.Equal(["left × 3", "right × 3"], graph.Boxes.Select(b => b.Title));
        Assert.Equal(["3 × left.spring-force → right.force: point by point, degree 3", "3 × right.spring-force → left.force: point by point, degree 2, iterated"],
            graph.Arrows.Select(graph.Caption));
        Assert.Equal(["root: windows of 0.01 s", "implicit, one after the other, at most 20 iterations", "stages: left → right"], graph.Root.Captions.AsEnumerable());
        Assert.Equal(2, Rectangles(svg, "participant").Count);
        NothingHidesAnything(svg);
        GraphvizAccepts(GraphDot.Write(graph));
    }

    [Fact]
    public void Nested_frames_and_many_boxes_in_a_stage_keep_apart_and_strange_names_are_escaped()
    {
        // Every box is joined to every other: whatever the order, some arrows have to pass every box.
        const int Count = 9;
        var boxes = Enumerable.Range(0, Count).Select(i => new GraphBox($"box-{i} <&\"{{|}}>", "kind", 1, ["a", "b"], ["c"])).ToList();
        var arrows = from f in Enumerable.Range(0, Count)
                     from t in Enumerable.Range(0, Count)
                     where f != t
                     select new GraphArrow(f, "c", t, f < t ? "a" : "b", f > t, f > t, "point by point, degree 1", 1);
        static GraphMember Box(int i) => new(i, null);
        var innermost = new GraphFrame("innermost", ["innermost"], [[Box(3), Box(4)], [Box(5)]]);
        var inner = new GraphFrame("inner", ["inner", "a caption that is far longer than the boxes of this frame are wide, and then a few words more"], [[Box(2), new(-1, innermost)], [Box(6)]]);
        var graph = new CouplingGraph("all to all", [.. boxes], [.. arrows], new GraphFrame("root", ["root"], [[Box(0), Box(1)], [new(-1, inner), Box(7)], [Box(8)]]));

        var svg = XDocument.Parse(GraphSvg.Write(graph)).Root!;

        Assert.Equal(Count, Rectangles(svg, "participant").Count);
        Assert.Equal(Count * (Count - 1), Elements(svg, "polyline").Count());
        Assert.All(boxes, box => Assert.Contains(Elements(svg, "text"), t => t.Value == box.Name));
        NothingHidesAnything(svg);
        GraphvizAccepts(GraphDot.Write(graph));
    }

    [Theory]
    [MemberData(nameof(Experiments))]
    public void The_text_for_Graphviz_names_everything(string name)
    {
        var system = Load(name).System;
        var dot = GraphDot.Write(CouplingGraph.Of(system));

        Assert.Equal(system.Conduits.Select(c => ArrowOf(system, c)).Distinct().Count(), dot.Split(":w [label=").Length - 1);
        Assert.Equal(system.Groups.Length, dot.Split("subgraph cluster_").Length - 1);
        Assert.All(system.Participants, p => Assert.Contains($"<B>{TitleOf(system, p).Replace("×", "&#215;", StringComparison.Ordinal)}</B><BR/>{p.Spec.Model.Kind}</TD>", dot, StringComparison.Ordinal));
        GraphvizAccepts(dot);
    }

    [Fact]
    public void The_command_writes_both_files_and_says_when_it_cannot()
    {
        var (code, _, error) = HostProcess.Run(_folder, "graph", HostProcess.Experiment("bar-wave.conf"), "--svg", "bar.svg", "--dot", "bar.dot");

        Assert.True(code == 0, error);
        var graph = CouplingGraph.Of(Load("bar-wave.conf").System);
        Assert.Equal(GraphSvg.Write(graph), File.ReadAllText(Path.Combine(_folder, "bar.svg")));
        Assert.Equal(GraphDot.Write(graph), File.ReadAllText(Path.Combine(_folder, "bar.dot")));

        var missing = HostProcess.Run(_folder, "graph", HostProcess.Experiment("bar-wave.conf"), "--svg", "nowhere/bar.svg");
        Assert.NotEqual(0, missing.Code);
        Assert.Contains("nowhere/bar.svg", missing.Error, StringComparison.Ordinal);

        var (stageless, printed, complaint) = HostProcess.Run(_folder, "graph", HostProcess.Experiment("bar-wave.conf"), "--stage", "tight");
        Assert.True(stageless != 0 && printed.Length == 0, printed);
        Assert.Contains("'tight'", complaint, StringComparison.Ordinal);
    }

    private static IEnumerable<XElement> Elements(XElement svg, string name) => svg.Descendants(svg.Name.Namespace + name);

    private static double Number(XElement element, string name) => double.Parse(element.Attribute(name)!.Value, CultureInfo.InvariantCulture);

    private static List<(double Left, double Top, double Right, double Bottom)> Rectangles(XElement svg, string kind) =>
        [.. Elements(svg, "rect").Where(r => r.Attribute("class")?.Value == kind)
            .Select(r => (Number(r, "x"), Number(r, "y"), Number(r, "x") + Number(r, "width"), Number(r, "y") + Number(r, "height")))];

    private static void NothingHidesAnything(XElement svg)
    {
        static bool Overlap((double Left, double Top, double Right, double Bottom) a, (double Left, double Top, double Right, double Bottom) b) =>
            a.Left < b.Right && b.Left < a.Right && a.Top < b.Bottom && b.Top < a.Bottom;
        static bool Within((double Left, double Top, double Right, double Bottom) a, (double Left, double Top, double Right, double Bottom) b) =>
            a.Left >= b.Left && a.Right <= b.Right && a.Top >= b.Top && a.Bottom <= b.Bottom;

        // Texts by the size of letters alone: 0.602 of the size is the advance of DejaVu Sans Mono, 0.76 and 0.24 what stands above and below the line.
        var texts = Elements(svg, "text").Select(t => (Left: Number(t, "x"), Top: Number(t, "y") - (0.76 * Number(t, "font-size")),
            Right: Number(t, "x") + (t.Value.Length * 0.602 * Number(t, "font-size")), Bottom: Number(t, "y") + (0.24 * Number(t, "font-size")))).ToList();
        var (boxes, groups) = (Rectangles(svg, "participant"), Rectangles(svg, "group"));
        var canvas = (0.0, 0.0, Number(svg, "width"), Number(svg, "height"));

        Assert.All(texts.Concat(boxes).Concat(groups), r => Assert.True(Within(r, canvas), $"{r} leaves the canvas {canvas}."));
        Assert.All(boxes, box => Assert.True(Within(box, groups[0]), $"{box} leaves the root's frame {groups[0]}."));
        Distinct(boxes, "boxes");
        Distinct(texts, "texts");
        Assert.All(boxes, box => Assert.All(groups, group => Assert.True(Within(box, group) || !Overlap(box, group), $"{box} stands across the border of {group}.")));
        Assert.All(texts, text => Assert.All(boxes, box => Assert.True(Within(text, box) || !Overlap(text, box), $"The text {text} stands across the border of {box}.")));
        Assert.All(groups, a => Assert.All(groups, b => Assert.True(Within(a, b) || Within(b, a) || !Overlap(a, b), $"The frames {a} and {b} cross.")));

        // The way of an arrow touches a box nowhere but at its ends.
        foreach (var line in Elements(svg, "polyline"))
        {
            var corners = line.Attribute("points")!.Value.Split(' ').Select(p => p.Split(',').Select(x => double.Parse(x, CultureInfo.InvariantCulture)).ToArray()).ToArray();
            for (var i = 0; i + 1 < corners.Length; i++)
            {
                var (a, b) = (corners[i], corners[i + 1]);
                var piece = (Math.Min(a[0], b[0]), Math.Min(a[1], b[1]) - 0.1, Math.Max(a[0], b[0]), Math.Max(a[1], b[1]) + 0.1);
                Assert.All(boxes, box => Assert.False(Overlap(piece, box), $"An arrow runs through {box} at {piece}."));
            }
        }

        static void Distinct(List<(double Left, double Top, double Right, double Bottom)> all, string what)
        {
            for (var i = 0; i < all.Count; i++)
            {
                for (var j = 0; j < i; j++)
                {
                    Assert.False(Overlap(all[i], all[j]), $"Two {what} overlap: {all[i]} and {all[j]}.");
                }
            }
        }
    }

    // Where Graphviz is installed, it has the last word.
    private void GraphvizAccepts(string dot)
    {
        var program = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Select(p => Path.Combine(p, "dot")).FirstOrDefault(File.Exists);
        if (program is null)
        {
            return;
        }

        var file = Path.Combine(_folder, "graph.dot");
        File.WriteAllText(file, dot);
        using var process = Process.Start(new ProcessStartInfo(program, ["-Tplain", "-o", Path.Combine(_folder, "graph.plain"), file]) { RedirectStandardError = true })!;
        var complaint = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0 && !complaint.Contains("rror", StringComparison.Ordinal), complaint + dot);
    }
}

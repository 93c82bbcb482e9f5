using System.Collections.Immutable;
using System.Globalization;
using ActorMultiscale.Host.Composition;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Acceleration;
using ActorMultiscale.Physics.Coupling.Mapping;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Host.Graph;

/// <summary>Who hears whom in a coupled system, in the words of a picture. The members of an ensemble are one box.</summary>
/// <param name="Name">The experiment's name.</param>
/// <param name="Boxes">Participants, in the order of the system.</param>
/// <param name="Arrows">Conduits; those that differ only in the member of an ensemble are one.</param>
/// <param name="Root">The root group.</param>
public sealed record CouplingGraph(string Name, ImmutableArray<GraphBox> Boxes, ImmutableArray<GraphArrow> Arrows, GraphFrame Root)
{
    private static readonly char[] _digits = [.. "0123456789"];

    // Between the entries of a stage.
    private const string Together = " | ";

    /// <summary>The graph of <paramref name="system"/>.</summary>
    public static CouplingGraph Of(CoupledSystem system)
    {
        ArgumentNullException.ThrowIfNull(system);
        var boxes = ImmutableArray.CreateBuilder<GraphBox>();
        var boxOf = new int[system.Participants.Length];
        var known = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var node in system.Participants)
        {
            var name = Suggestion.BaseOf(node.Name);
            if (!known.TryGetValue(name, out var box))
            {
                known[name] = box = boxes.Count;
                boxes.Add(new GraphBox(name, node.Spec.Model.Kind, 0, Ports(node, PortDirection.In), Ports(node, PortDirection.Out)));
            }

            boxes[box] = boxes[box] with { Members = boxes[box].Members + 1 };
            boxOf[node.Index] = box;
        }

        var arrows = ImmutableArray.CreateBuilder<GraphArrow>();
        var drawn = new Dictionary<(int, string, int, string, bool), int>();
        foreach (var conduit in system.Conduits)
        {
            var from = NameOf(system.Participants[conduit.Producer], conduit.ProducerPort);
            var to = NameOf(system.Participants[conduit.Consumer], conduit.ConsumerPort);
            var key = (boxOf[conduit.Producer], from, boxOf[conduit.Consumer], to, conduit.IsBackward);
            if (!drawn.TryGetValue(key, out var arrow))
            {
                drawn[key] = arrow = arrows.Count;
                arrows.Add(new GraphArrow(key.Item1, from, key.Item3, to, conduit.IsBackward,
                    conduit.IsBackward && system.Groups[conduit.Group].Spec.Scheme.Iteration.IsImplicit, Manner(conduit), 0));
            }

            arrows[arrow] = arrows[arrow] with { Conduits = arrows[arrow].Conduits + 1 };
        }

        return new CouplingGraph(system.Experiment.Name, boxes.ToImmutable(), arrows.ToImmutable(), Frame(system, system.Root, boxOf, boxes, []));
    }

    /// <summary>What stands at an arrow: its ports and how values pass.</summary>
    public string Caption(GraphArrow arrow)
    {
        ArgumentNullException.ThrowIfNull(arrow);
        var count = arrow.Conduits > 1 ? string.Create(CultureInfo.InvariantCulture, $"{arrow.Conduits} × ") : "";
        var kind = arrow.IsIterated ? ", iterated" : arrow.IsBackward ? ", of the window before" : "";
        return $"{count}{Boxes[arrow.From].Name}.{arrow.FromPort} → {Boxes[arrow.To].Name}.{arrow.ToPort}: {arrow.Manner}{kind}";
    }

    private static ImmutableArray<string> Ports(ParticipantNode node, PortDirection direction) =>
        [.. node.Description.Ports.Index().Where(l => l.Item.Port.Direction == direction).Select(l => NameOf(node, l.Index)).Distinct(StringComparer.Ordinal)];

    // Ports of a body in sub-domains that differ only in the index of the other one are drawn as one.
    private static string NameOf(ParticipantNode node, int port)
    {
        var name = node.Description.Ports[port].Port.Name;
        return node.Spec.PartOf is not null && name.TrimEnd(_digits) is var stem && stem.EndsWith('-') ? stem + "*" : name;
    }

    private static string Manner(ConduitNode conduit)
    {
        var mapping = conduit switch
        {
            { Map: null } => "point by point",
            { Spec.Mapping: { } spec } => Words(spec.Method) + (spec.Constraint == MappingConstraint.Consistent ? "" : ", " + Words(spec.Constraint)),
            _ => "nearest neighbor",
        };
        return string.Create(CultureInfo.InvariantCulture, $"{mapping}, {(conduit.Spec.Substeps ? $"degree {conduit.Spec.Degree}" : "window end only")}");
    }

    // Every participant is drawn once, in the stage where it first advances; the caption tells all stages.
    private static GraphFrame Frame(CoupledSystem system, GroupNode group, int[] boxOf, IReadOnlyList<GraphBox> boxes, HashSet<int> placed)
    {
        var stages = ImmutableArray.CreateBuilder<ImmutableArray<GraphMember>>();
        var words = new List<string>();
        foreach (var stage in group.Stages)
        {
            var members = ImmutableArray.CreateBuilder<GraphMember>();
            var entries = new List<string>();
            foreach (var entry in stage)
            {
                if (entry.Group >= 0)
                {
                    entries.Add(system.Groups[entry.Group].Spec.Name);
                    members.Add(new GraphMember(-1, Frame(system, system.Groups[entry.Group], boxOf, boxes, placed)));
                    continue;
                }

                var box = boxOf[entry.Participant];
                entries.Add(boxes[box].Name + (entry.Phase is null ? "" : ":" + entry.Phase));
                if (placed.Add(box))
                {
                    members.Add(new GraphMember(box, null));
                }
            }

            words.Add(string.Join(Together, entries.Distinct(StringComparer.Ordinal)));
            if (members.Count > 0)
            {
                stages.Add(members.ToImmutable());
            }
        }

        return new GraphFrame(group.Spec.Name, Captions(system, group, words), stages.ToImmutable());
    }

    private static ImmutableArray<string> Captions(CoupledSystem system, GroupNode group, List<string> stages)
    {
        var window = group.Lengths is { } lengths
            ? string.Create(CultureInfo.InvariantCulture, $"windows of {lengths.ShortestTicks * system.TickLength:G6} to {lengths.LongestTicks * system.TickLength:G6} s")
            : string.Create(CultureInfo.InvariantCulture, $"windows of {group.NominalTicks * system.TickLength:G6} s");
        if (group.Parent >= 0 && group.Lengths is null)
        {
            window += string.Create(CultureInfo.InvariantCulture, $", {group.Spec.Windows} to one of {system.Groups[group.Parent].Spec.Name}");
        }

        var iteration = group.Spec.Scheme.Iteration;
        var order = stages.Count == 1 ? "at once" : stages.TrueForAll(s => !s.Contains(Together, StringComparison.Ordinal)) ? "one after the other" : "in stages";
        var scheme = iteration switch
        {
            { IsImplicit: false } => $"explicit, {order}",
            { Acceleration: { Method: AccelerationMethod.Constant, Relaxation: 1 } } => string.Create(CultureInfo.InvariantCulture, $"implicit, {order}, at most {iteration.Maximum} iterations"),
            { Acceleration: { Method: AccelerationMethod.Constant } a } => string.Create(CultureInfo.InvariantCulture, $"implicit, {order}, at most {iteration.Maximum} iterations, relaxation {a.Relaxation}"),
            _ => string.Create(CultureInfo.InvariantCulture, $"implicit, {order}, at most {iteration.Maximum} iterations, {Words(iteration.Acceleration.Method)} acceleration"),
        };
        return [$"{group.Spec.Name}: {window}", scheme, "stages: " + string.Join(" → ", stages)];
    }

    private static string Words(Enum value) => ConfigReader.KebabOf(value.ToString()).Replace('-', ' ');

    // As an experiment writes it.
    private static string Words(AccelerationMethod method) => method switch
    {
        AccelerationMethod.LeastSquares => "iqn-ils",
        AccelerationMethod.Jacobian => "iqn-imvj",
        _ => Words((Enum)method),
    };
}

/// <summary>A participant, or all members of an ensemble.</summary>
/// <param name="Name">Its name, without an index.</param>
/// <param name="Kind">The kind of model.</param>
/// <param name="Members">How many there are.</param>
/// <param name="Inputs">Names of its in-ports.</param>
/// <param name="Outputs">Names of its out-ports.</param>
public sealed record GraphBox(string Name, string Kind, int Members, ImmutableArray<string> Inputs, ImmutableArray<string> Outputs)
{
    /// <summary>The name, with the count of an ensemble.</summary>
    public string Title => Members > 1 ? string.Create(CultureInfo.InvariantCulture, $"{Name} × {Members}") : Name;
}

/// <summary>A conduit, or those of all members of an ensemble.</summary>
/// <param name="From">Index of the producer's box.</param>
/// <param name="FromPort">Its out-port.</param>
/// <param name="To">Index of the consumer's box.</param>
/// <param name="ToPort">Its in-port.</param>
/// <param name="IsBackward">Whether the consumer advances before, or together with, the producer.</param>
/// <param name="IsIterated">Whether it is an unknown of an implicit group.</param>
/// <param name="Manner">Mapping and degree of interpolation.</param>
/// <param name="Conduits">How many conduits it stands for.</param>
public sealed record GraphArrow(int From, string FromPort, int To, string ToPort, bool IsBackward, bool IsIterated, string Manner, int Conduits);

/// <summary>A group.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Captions">Window, scheme and stages, a line each.</param>
/// <param name="Stages">Those whom each stage is the first to advance; stages that are the first for nobody are left out.</param>
public sealed record GraphFrame(string Name, ImmutableArray<string> Captions, ImmutableArray<ImmutableArray<GraphMember>> Stages);

/// <summary>A member of a stage: a box or a nested frame.</summary>
/// <param name="Box">Index of the box, or −1.</param>
/// <param name="Frame">The nested frame, or null.</param>
public sealed record GraphMember(int Box, GraphFrame? Frame);

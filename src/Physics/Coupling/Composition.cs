using System.Collections.Immutable;
using System.Globalization;
using ActorMultiscale.Physics.Coupling.Mapping;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Coupling;

/// <summary>Turns an experiment into a coupled system, or says everything that is wrong with it, before anything runs.</summary>
public sealed class Composition
{
    private const long TicksOfShortestWindow = 1 << 20;
    private const int DeepestGroup = 30;        // Checkpoints are named by bits of an int.
    private const long MostWindowsPerRoot = 1L << 32;      // Ticks within a root window stay exact as doubles.
    private readonly Experiment _experiment;
    private readonly ImmutableArray<ExperimentFault>.Builder _faults = ImmutableArray.CreateBuilder<ExperimentFault>();
    private readonly SortedDictionary<string, (Participant Spec, ModelDescription Description)> _models = new(StringComparer.Ordinal);
    private readonly HashSet<string> _unknown = new(StringComparer.Ordinal);                  // Participants whose ports are not known.
    private readonly Dictionary<string, CouplingGroup> _specs = new(StringComparer.Ordinal);
    private readonly List<GroupDraft> _groups = [];
    private readonly Dictionary<string, GroupDraft> _groupOf = new(StringComparer.Ordinal);   // By participant.

    private readonly ImmutableArray<WatchDraft>.Builder _watches = ImmutableArray.CreateBuilder<WatchDraft>();
    private readonly ImmutableArray<string> _conduitPaths;       // Where each is written.
    private readonly HashSet<(string Path, string Message)> _said = [];
    private readonly ImmutableArray<string> _divided;             // Participants in sub-domains.
    private readonly bool _isAmbiguous;          // A name stands for two things.

    private Composition(Experiment experiment)
    {
        (var divided, var addedPaths, var faults, _isAmbiguous) = DividedParticipants.Expand(experiment);
        (_experiment, var origins, var others) = Ensembles.Expand(divided);
        _conduitPaths = [.. origins.Select(o => o < experiment.Conduits.Length ? string.Create(CultureInfo.InvariantCulture, $"conduits.{o}") : addedPaths[o - experiment.Conduits.Length])];
        _divided = [.. experiment.Participants.Where(p => p.Subdomains is not null).Select(p => p.Name)];
        foreach (var (path, message) in faults.Concat(others))
        {
            Fault(path, $"{message}");
        }
    }

    /// <summary>The coupled system of <paramref name="experiment"/>.</summary>
    /// <exception cref="ExperimentException">Something is wrong with it; all of it is named.</exception>
    public static CoupledSystem Compose(Experiment experiment)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        var (system, faults) = TryCompose(experiment);
        return system ?? throw new ExperimentException(faults);
    }

    /// <summary>The coupled system, or null, and everything that is wrong or doubtful.</summary>
    public static (CoupledSystem? System, ImmutableArray<ExperimentFault> Faults) TryCompose(Experiment experiment)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        var composition = new Composition(experiment);
        var system = composition.Run();
        return (system, composition._faults.ToImmutable());
    }

    private bool HasErrors => _faults.Any(f => !f.IsWarning);

    private CoupledSystem? Run()
    {
        CheckNumbers();
        if (_isAmbiguous)
        {
            return null;
        }

        DescribeParticipants();
        ResolveGroups();
        CheckStages();
        var conduits = ResolveConduits();
        CheckReferences(conduits);
        return HasErrors || _unknown.Count > 0 ? null : Build(conduits);
    }

    private void Fault(string path, FormattableString message) => Say(path, message.ToString(CultureInfo.InvariantCulture), isWarning: false);

    private void Warn(string path, FormattableString message) => Say(path, message.ToString(CultureInfo.InvariantCulture), isWarning: true);

    // What is wrong with every member of an ensemble is said of the first.
    private void Say(string path, string message, bool isWarning)
    {
        path = WithoutIndices(OfDivided(path));
        if (_said.Add((path, WithoutIndices(message))))
        {
            _faults.Add(new ExperimentFault(path, message, isWarning));
        }
    }

    // What is wrong with the group of a body in sub-domains stands where these are asked for.
    private string OfDivided(string path) =>
        _divided.FirstOrDefault(name => path == $"groups.{name}" || path.StartsWith($"groups.{name}.", StringComparison.Ordinal)) is { } name ? $"participants.{name}.subdomains" : path;

    private static string WithoutIndices(string text)
    {
        var result = new System.Text.StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            var close = text[i] == '[' ? text.IndexOf(']', i) : -1;
            if (close > i + 1 && text.AsSpan(i + 1, close - i - 1).IndexOfAnyExceptInRange('0', '9') < 0)
            {
                i = close;
            }
            else
            {
                result.Append(text[i]);
            }
        }

        return result.ToString();
    }

    private void CheckNumbers()
    {
        RequirePositive("window", _experiment.Window);
        RequirePositive("until", _experiment.Until);
        if (_experiment.Halvings is < 0 or > 16)
        {
            Fault("halvings", $"A window is halved 0 to 16 times; found {_experiment.Halvings}.");
        }

        if (_experiment.RunAhead < 1)
        {
            Fault("run-ahead", $"At least 1 window is computed before it is durable; found {_experiment.RunAhead}.");
        }

        if (_experiment.SnapshotEvery < 0)
        {
            Fault("snapshots.every", $"The number of windows between snapshots is not negative; found {_experiment.SnapshotEvery}.");
        }

        CheckScheme("scheme", _experiment.Scheme);
        CheckLengths("window-lengths", _experiment.Lengths);
        if (_experiment.Window > _experiment.Until && _experiment.Until > 0)
        {
            Warn("window", $"The window ({_experiment.Window}) is longer than the run ({_experiment.Until}); it is cut.");
        }
    }

    private void RequirePositive(string path, double value)
    {
        if (!(value > 0) || double.IsInfinity(value))
        {
            Fault(path, $"'{path}' is a time above zero; found {value}.");
        }
    }

    private void CheckScheme(string path, CouplingScheme scheme)
    {
        var iteration = scheme.Iteration;
        if (iteration.Maximum < 1 || iteration.Minimum < 1 || iteration.Minimum > iteration.Maximum)
        {
            Fault(path + ".iterate.max", $"Iterations run from a least number (found {iteration.Minimum}) of at least 1 to a greatest (found {iteration.Maximum}) not below it.");
        }

        foreach (var fault in iteration.Acceleration.Faults())
        {
            Fault(path + (fault.StartsWith("The relaxation", StringComparison.Ordinal) ? ".iterate.relaxation" : ".iterate.acceleration"), $"{fault}");
        }

        if (!iteration.IsImplicit && !iteration.Criteria.IsEmpty)
        {
            Fault(path + ".iterate", $"Convergence is asked for, but at most one iteration is made. Give 'max' a greater number.");
        }

        for (var i = 0; i < iteration.Criteria.Length; i++)
        {
            if (!(iteration.Criteria[i].Limit > 0))
            {
                Fault($"{path}.iterate.converge.{i}", $"The limit of a convergence criterion is above zero; found {iteration.Criteria[i].Limit}.");
            }

            if (iteration.Criteria[i].Measure == ResidualMeasure.AbsoluteOrRelative && !(iteration.Criteria[i].RelativeLimit > 0))
            {
                Fault($"{path}.iterate.converge.{i}", $"The relative limit of a convergence criterion is above zero; found {iteration.Criteria[i].RelativeLimit}.");
            }
        }

        if (scheme.Stages.IsEmpty || scheme.Stages.Any(s => s.IsEmpty))
        {
            Fault(path + ".stages", $"A scheme has at least one stage, and every stage at least one entry.");
        }
    }

    private void CheckLengths(string path, WindowPolicy? policy)
    {
        if (policy is null)
        {
            return;
        }

        if (!(policy.Shortest > 0) || !(policy.Longest >= policy.Shortest))
        {
            Fault(path, $"The lengths of windows run from a shortest above zero (found {policy.Shortest} s) to a longest not below it (found {policy.Longest} s).");
        }

        if (policy.Controller is { } controller)
        {
            if (!(controller.Absolute >= 0) || !(controller.Relative >= 0) || !(controller.Absolute + controller.Relative > 0))
            {
                Fault(path + ".control", $"The tolerances of a window controller are not negative, and one is above zero; found {controller.Absolute} and {controller.Relative}.");
            }

            if (!(controller.Safety is > 0 and <= 1) || !(controller.LeastFactor is > 0 and < 1) || !(controller.GreatestFactor > 1) || !(controller.Integral > 0) || !(controller.Proportional >= 0))
            {
                Fault(path + ".control", $"A window controller has a safety above 0 and at most 1 (found {controller.Safety}), factors below and above 1 (found {controller.LeastFactor} and {controller.GreatestFactor}), and gains above zero (found {controller.Integral} and {controller.Proportional}).");
            }
        }
    }

    private void DescribeParticipants()
    {
        if (_experiment.Participants.IsEmpty)
        {
            Fault("participants", $"An experiment has at least one participant.");
        }

        foreach (var written in _experiment.Participants)
        {
            var participant = _experiment.Carried.GetValueOrDefault(written.Name) is { } carried ? written with { Carried = carried } : written;
            var path = $"participants.{participant.Name}";
            if (!IsName(Ensembles.BaseName(participant.Name)))
            {
                Fault(path, $"'{participant.Name}' is no name: lower-case letters, digits and '-' are, beginning with a letter.");
            }

            ModelDescription description;
            try
            {
                description = participant.CreateModel().Description;
            }
            catch (Exception fault)
            {
                if (fault is not UnknownModelException)
                {
                    Fault(path, $"The model '{participant.Model.Kind}' cannot be made: {fault.Message}");
                }

                description = new ModelDescription();
                _unknown.Add(participant.Name);
                _models.TryAdd(participant.Name, (participant, description));
                continue;
            }

            if (!_models.TryAdd(participant.Name, (participant, description)))
            {
                Fault(path, $"There are two participants called '{participant.Name}'.");
            }

            foreach (var port in description.Ports.Select(l => l.Port))
            {
                if (port.Phase is { } phase && !description.Phases.Contains(phase))
                {
                    Fault(path, $"The port '{port.Name}' belongs to the phase '{phase}', and the model '{participant.Model.Kind}' has {(description.Phases.IsEmpty ? "no phases" : "the phases " + string.Join(", ", description.Phases))}.");
                }
            }
        }
    }

    private static bool IsName(string name) =>
        name.Length > 0 && char.IsAsciiLetterLower(name[0]) && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');

    // ---- groups --------------------------------------------------------------------------------------------------

    private void ResolveGroups()
    {
        foreach (var group in _experiment.Groups)
        {
            var path = $"groups.{group.Name}";
            CheckScheme(path, group.Scheme);
            CheckLengths(path + ".window-lengths", group.Lengths);
            if (!IsName(group.Name) || group.Name == "root" || _models.ContainsKey(group.Name))
            {
                Fault(path, $"'{group.Name}' cannot name a group: it must be a lower-case name, not 'root', and not that of a participant.");
            }

            if (group.Windows < 1)
            {
                Fault(path + ".windows", $"A group has at least one window per window of its parent; found {group.Windows}.");
            }

            if (group.Halvings is < 0 or > 16)
            {
                Fault(path + ".halvings", $"A window is halved 0 to 16 times; found {group.Halvings}.");
            }

            if (!_specs.TryAdd(group.Name, group))
            {
                Fault(path, $"There are two groups called '{group.Name}'.");
            }
        }

        Visit(new CouplingGroup("root", _experiment.Scheme) { Halvings = _experiment.Halvings, Lengths = _experiment.Lengths }, null, "scheme");
        foreach (var name in _specs.Keys.Where(name => _groups.All(g => g.Spec.Name != name)))
        {
            Fault($"groups.{name}", $"No stage names the group '{name}'. Add it to a stage of its parent.");
        }

        foreach (var name in _models.Keys.Where(name => !_groupOf.ContainsKey(name)))
        {
            Fault($"participants.{name}", $"No stage names the participant '{name}', so it would never advance. Add it to a stage of the scheme.");
        }
    }

    private void Visit(CouplingGroup spec, GroupDraft? parent, string path)
    {
        for (var above = parent; above is not null; above = above.Parent)
        {
            if (above.Spec.Name == spec.Name)
            {
                Fault(path, $"The group '{spec.Name}' contains itself.");
                return;
            }
        }

        if (_groups.Any(g => g.Spec.Name == spec.Name))
        {
            Fault(path, $"The group '{spec.Name}' stands in two groups; a group has one parent.");
            return;
        }

        var draft = new GroupDraft(_groups.Count, spec, parent, path);
        if (draft.Depth > DeepestGroup)
        {
            Fault(path, $"Groups are nested more than {DeepestGroup} deep.");
            return;
        }

        _groups.Add(draft);
        for (var s = 0; s < spec.Scheme.Stages.Length; s++)
        {
            foreach (var entry in spec.Scheme.Stages[s])
            {
                var (name, phase) = Split(entry);
                if (_models.ContainsKey(name))
                {
                    if (_groupOf.TryGetValue(name, out var other) && other != draft)
                    {
                        Fault($"{path}.stages.{s}", $"'{name}' stands in the groups '{other.Spec.Name}' and '{spec.Name}'; a participant is a member of one group.");
                    }

                    _groupOf.TryAdd(name, draft);
                }
                else if (_specs.TryGetValue(name, out var child) && phase is null)
                {
                    Visit(child, draft, $"groups.{name}");
                }
                else
                {
                    Fault($"{path}.stages.{s}", $"'{entry}' is neither a participant nor a group. {Suggestion.Sentence(name, [.. _models.Keys, .. _specs.Keys])}");
                }
            }
        }
    }

    private static (string Name, string? Phase) Split(string entry)
    {
        var colon = entry.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? (entry, null) : (entry[..colon], entry[(colon + 1)..]);
    }

    // Within an iteration every participant advances once in each of its phases, in order; a group runs once.
    private void CheckStages()
    {
        foreach (var group in _groups)
        {
            var seen = new Dictionary<string, List<(int Stage, string? Phase)>>(StringComparer.Ordinal);
            for (var s = 0; s < group.Spec.Scheme.Stages.Length; s++)
            {
                foreach (var entry in group.Spec.Scheme.Stages[s])
                {
                    var (name, phase) = Split(entry);
                    if (!seen.TryGetValue(name, out var list))
                    {
                        seen[name] = list = [];
                    }

                    list.Add((s, phase));
                }
            }

            foreach (var (name, entries) in seen)
            {
                ImmutableArray<string> phases = _models.TryGetValue(name, out var model) ? model.Description.Phases : [];
                var ok = phases.IsEmpty
                    ? entries is [(_, null)]
                    : entries.Select(e => e.Phase).SequenceEqual(phases) && entries.Select(e => e.Stage).Distinct().Count() == entries.Count;
                if (!ok && (_models.ContainsKey(name) || _specs.ContainsKey(name)))
                {
                    Fault($"{group.Path}.stages.{entries[^1].Stage}", phases.IsEmpty
                        ? (FormattableString)$"'{name}' stands in the stages {entries.Count} times or with a phase; it has no phases and stands there once."
                        : $"'{name}' has the phases {string.Join(", ", phases)}; it stands once in a stage for each, in this order, as '{name}:{phases[0]}'.");
                }
            }
        }
    }

    // ---- conduits ------------------------------------------------------------------------------------------------

    private List<ConduitDraft> ResolveConduits()
    {
        var drafts = new List<ConduitDraft>();
        var taken = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < _experiment.Conduits.Length; i++)
        {
            var conduit = _experiment.Conduits[i];
            var path = _conduitPaths[i];
            var from = Resolve(conduit.From, PortDirection.Out, path + ".from");
            var to = Resolve(conduit.To, PortDirection.In, path + ".to");
            if (conduit.Degree is < 0 or > Waveform.MaximumDegree)
            {
                Fault(path + ".degree", $"The degree of interpolation in time is 0 to {Waveform.MaximumDegree}; found {conduit.Degree}.");
            }

            if (to is not null && (!taken.Add(conduit.To) || (to.Value.Slot >= 0 && taken.Contains(PortOf(conduit.To)))))
            {
                Fault(path + ".to", $"Two conduits lead to '{conduit.To}'; an in-port takes one.");
            }

            if (from is { } a && to is { } b)
            {
                CheckMeaning(conduit, path, a.Layout.Port, b.Layout.Port);
                if (_groupOf.TryGetValue(a.Participant, out var ga) && _groupOf.TryGetValue(b.Participant, out var gb))
                {
                    var group = CommonGroup(ga, gb);
                    var producerStage = StageOf(group, a.Participant, a.Layout.Port, last: true);
                    var consumerStage = StageOf(group, b.Participant, b.Layout.Port, last: false);
                    var backward = consumerStage <= producerStage;
                    if (backward && !a.Layout.Port.HasStart)
                    {
                        var cycle = WaitCycle(a.Participant, b.Participant, conduit.From);
                        Fault(path, $"'{b.Participant}' reads '{conduit.From}' before it was ever written: '{a.Participant}' advances later in, or in the same stage of, the group '{group.Spec.Name}', and its port offers no value at the start. {cycle ?? "This is a cycle without initial data."} Change the order of the stages, or let the model write the port in Initialize.");
                    }

                    if (a.Layout.Points == PortLayout.Varying && a.Layout.Port.Quantity.Time != TimeMeaning.Instant)
                    {
                        Fault(path, $"'{conduit.From}' is a list of varying length and a {a.Layout.Port.Quantity.Time}: lists of unlike length have no sum and no mean. Declare it as Instant.");
                    }

                    if (a.Layout.Points == PortLayout.Varying && backward && group.Spec.Scheme.Iteration.IsImplicit)
                    {
                        Fault(path, $"'{conduit.From}' is a list of varying length and cannot be iterated on. Let '{a.Participant}' advance in an earlier stage.");
                    }

                    drafts.Add(new ConduitDraft(i, conduit, a.Participant, a.Layout, b.Participant, b.Layout, group, producerStage, backward, MapOf(conduit, path, a.Layout, b.Layout), GradientOf(conduit, path, a.Participant, a.Layout))
                    {
                        FromSlot = a.Slot,
                        ToSlot = b.Slot,
                    });
                }
            }
        }

        // A conduit that meant a participant and missed has been named already; it was probably meant for the port that lacks one.
        var missing = _experiment.Conduits.Where(c => !taken.Contains(c.To)).Select(c => Suggestion.OwnerOf(c.To)).ToHashSet(StringComparer.Ordinal);
        foreach (var (name, (_, description)) in _models)
        {
            foreach (var layout in description.Ports)
            {
                var address = $"{name}.{layout.Port.Name}";
                var missed = missing.Contains(name);
                var filled = Enumerable.Range(0, layout.Slots).Count(s => taken.Contains($"{address}[{s.ToString(CultureInfo.InvariantCulture)}]"));
                if (filled > 0)
                {
                    if (filled < layout.Slots)
                    {
                        Fault($"participants.{name}", $"Conduits lead to {filled} of the {layout.Slots} slots of the vector port '{address}'; all or none are filled.");
                    }
                }
                else if (layout.Port is { Direction: PortDirection.In, Optional: false } && !taken.Contains(address) && !missed)
                {
                    Fault($"participants.{name}", $"No conduit leads to the in-port '{address}' ({layout.Port.Quantity.Symbol}, {layout.Port.Quantity.Unit}), which its model needs.");
                }
            }
        }

        return drafts;
    }

    // Who waits for whom, as a sentence, where the producer waits in the end for the consumer; null where it does not.
    private string? WaitCycle(string producer, string consumer, string port)
    {
        var waits = new Dictionary<string, (string By, string Port)>(StringComparer.Ordinal) { [producer] = (consumer, port) };
        var line = new Queue<string>([producer]);
        while (line.TryDequeue(out var waiting))
        {
            if (waiting == consumer)
            {
                break;
            }

            foreach (var conduit in _experiment.Conduits.Where(c => Suggestion.OwnerOf(c.To) == waiting))
            {
                var source = Suggestion.OwnerOf(conduit.From);
                if (_models.TryGetValue(source, out var model) && model.Description.IndexOf(PortOf(conduit.From[(source.Length + 1)..])) is >= 0 and var index
                    && !model.Description.Ports[index].Port.HasStart && waits.TryAdd(source, (waiting, conduit.From)))
                {
                    line.Enqueue(source);
                }
            }
        }

        if (!waits.ContainsKey(consumer))
        {
            return null;
        }

        var steps = new List<string>();
        for (var at = consumer; steps.Count == 0 || at != consumer; at = waits[at].By)
        {
            steps.Add($"'{waits[at].By}' waits for '{waits[at].Port}'");
        }

        steps.Reverse();
        return $"This is a wait cycle without initial data: {string.Join(", ", steps)}; so nobody can begin.";
    }

    private static string PortOf(string address) => address.EndsWith(']') ? address[..address.LastIndexOf('[')] : address;

    // A whole port has the slot −1.
    private (string Participant, PortLayout Layout, int Slot)? Resolve(string address, PortDirection direction, string path)
    {
        var whole = PortOf(address);
        if (whole == address)
        {
            return ResolvePort(address, direction, path) is { } port ? (port.Participant, port.Layout, -1) : null;
        }

        if (!int.TryParse(address.AsSpan(whole.Length + 1, address.Length - whole.Length - 2), NumberStyles.None, CultureInfo.InvariantCulture, out var slot))
        {
            Fault(path, $"'{address}' names no slot: a slot is a number counted from 0, or '*' where the other end is an ensemble.");
            return null;
        }

        if (ResolvePort(whole, direction, path) is not { } vector)
        {
            return null;
        }

        if (slot < vector.Layout.Slots)
        {
            // The one slot of a port without slots is the port.
            return vector.Layout.Slots == 1 ? (vector.Participant, vector.Layout, -1) : (vector.Participant, vector.Layout.Slot(slot), slot);
        }

        Fault(path, vector.Layout.Slots == 1
            ? $"'{whole}' is no vector port: it has no slots, and '{address}' names one."
            : (FormattableString)$"'{address}' names a slot that is not there: '{whole}' has {vector.Layout.Slots}, counted from 0.");
        return null;
    }

    private (string Participant, PortLayout Layout)? ResolvePort(string address, PortDirection direction, string path)
    {
        var dot = address.IndexOf('.', StringComparison.Ordinal);
        var (name, port) = dot < 0 ? (address, "") : (address[..dot], address[(dot + 1)..]);
        var kind = direction == PortDirection.In ? "in-port" : "out-port";
        if (!_models.TryGetValue(name, out var model))
        {
            // Of a participant that is not known nobody knows its members.
            if (_unknown.Contains(Ensembles.BaseName(name)))
            {
                return null;
            }

            Fault(path, $"'{address}' names no {kind}: {(_divided.Contains(name)
                ? $"'{name}' is in sub-domains, and ports are those of one of them, such as '{name}[0].{port}'; a peer is connected to each that it touches."
                : $"there is no participant '{name}'. {Suggestion.Sentence(name, _models.Keys)}")}");
            return null;
        }

        var index = model.Description.IndexOf(port);
        if (index >= 0 && model.Description.Ports[index].Port.Direction == direction)
        {
            return (name, model.Description.Ports[index]);
        }

        if (!model.Description.Ports.IsEmpty)
        {
            var candidates = model.Description.Ports.Where(l => l.Port.Direction == direction).Select(l => l.Port.Name).ToList();
            Fault(path, $"'{name}' has no {kind} '{port}'{(index >= 0 ? " (it faces the other way)" : "")}. {Suggestion.Sentence(port, candidates)}");
        }

        return null;
    }

    private void CheckMeaning(Conduit conduit, string path, Port from, Port to)
    {
        var (a, b) = (from.Quantity, to.Quantity);
        var name = $"{conduit.From} → {conduit.To}";
        if (from.Components != to.Components)
        {
            Fault(path, $"The conduit {name} joins {from.Components} numbers per point to {to.Components}.");
        }

        if (!a.Unit.IsCompatibleWith(b.Unit) || a.Unit.Scale != b.Unit.Scale)
        {
            Fault(path, $"The conduit {name} joins {a.Symbol} in {a.Unit} to {b.Symbol} in {b.Unit}. Ports carry the same unit on both sides; one of the two is probably the wrong port.");
        }

        if (a.Nature != b.Nature)
        {
            Fault(path, $"The conduit {name} joins an {Word(a.Nature)} quantity to an {Word(b.Nature)} one; mapping would not keep what either side means.");
        }

        if (a.Time != b.Time)
        {
            Fault(path, $"The conduit {name} joins {(a.Time == TimeMeaning.Instant ? "an" : "a")} {a.Time} to {(b.Time == TimeMeaning.Instant ? "an" : "a")} {b.Time}. What flows would not be conserved even where every iteration converges. Declare the same meaning in time on both ports.");
        }
    }

    private static string Word(Nature nature) => nature == Nature.Intensive ? "intensive" : "extensive";

    private IDataMapping? MapOf(Conduit conduit, string path, PortLayout from, PortLayout to)
    {
        if (conduit.Mapping is { } spec && spec.Faults() is { IsEmpty: false } faults)
        {
            Fault(path + ".mapping", $"The mapping of the conduit {conduit.From} → {conduit.To} is not right: {string.Join(" ", faults)}");
            return null;
        }

        if (!ConduitMapping.TryBuild(conduit, from, to, out var map, out var fault))
        {
            Fault(path, $"{fault}");
        }

        return map;
    }

    // The port of a given gradient, or −1.
    private int GradientOf(Conduit conduit, string path, string producer, PortLayout from)
    {
        if (conduit.Gradient is not { } address)
        {
            return -1;
        }

        if (conduit.Mapping?.Method != MappingMethod.NearestNeighborGradient)
        {
            Fault(path + ".gradient", $"A gradient is of use for the mapping '{nameof(MappingMethod.NearestNeighborGradient)}' alone.");
        }

        if (Resolve(address, PortDirection.Out, path + ".gradient") is not { } gradient)
        {
            return -1;
        }

        if (gradient.Participant != producer || gradient.Layout.Points != from.Points || gradient.Layout.Port.Components != 3 * from.Port.Components)
        {
            Fault(path + ".gradient", $"'{address}' is not the gradient of '{conduit.From}': that is an out-port of '{producer}' with {from.Points} points and {3 * from.Port.Components} numbers at each; found {gradient.Layout.Points} points and {gradient.Layout.Port.Components} numbers.");
        }

        return _models[gradient.Participant].Description.IndexOf(gradient.Layout.Port.Name);
    }

    private static GroupDraft CommonGroup(GroupDraft a, GroupDraft b)
    {
        while (a != b)
        {
            if (a.Depth >= b.Depth)
            {
                a = a.Parent!;
            }
            else
            {
                b = b.Parent!;
            }
        }

        return a;
    }

    // The stage of the group in which the participant, or the nested group that holds it, writes or reads the port.
    private int StageOf(GroupDraft group, string participant, Port port, bool last)
    {
        var member = participant;
        for (var g = _groupOf[participant]; g != group; g = g.Parent!)
        {
            member = g.Spec.Name;
        }

        var stages = group.Entries[member].Where(e => member != participant || port.Phase is null || port.Phase == e.Phase).Select(e => e.Stage).DefaultIfEmpty(-1);
        return last ? stages.Last() : stages.First();
    }

    // ---- references ----------------------------------------------------------------------------------------------

    private void CheckReferences(List<ConduitDraft> conduits)
    {
        var written = _experiment.Conduits.Select(c => c.To).ToHashSet(StringComparer.Ordinal);
        var resolved = conduits.Select(c => c.Spec.To).ToHashSet(StringComparer.Ordinal);
        var lists = conduits.Where(c => c.From.Points == PortLayout.Varying).Select(c => c.Spec.To).ToHashSet(StringComparer.Ordinal);
        foreach (var group in _groups)
        {
            var criteria = group.Spec.Scheme.Iteration.Criteria;
            var inGroup = conduits.Where(c => c.Group == group).Select(c => c.Spec.To).ToHashSet(StringComparer.Ordinal);
            for (var i = 0; i < criteria.Length; i++)
            {
                // A conduit that is written and could not be resolved has been named already.
                var isNamed = !resolved.Contains(criteria[i].Conduit) && written.Contains(criteria[i].Conduit);
                if (lists.Contains(criteria[i].Conduit))
                {
                    Fault($"{group.Path}.iterate.converge.{i}", $"'{criteria[i].Conduit}' takes a list of varying length, of which there is no residual.");
                }
                else if (!inGroup.Contains(criteria[i].Conduit) && !isNamed)
                {
                    Fault($"{group.Path}.iterate.converge.{i}", $"'{criteria[i].Conduit}' is the end of no conduit between members of the group '{group.Spec.Name}'. {Suggestion.Sentence(criteria[i].Conduit, [.. inGroup])}");
                }
            }

            if (group.Spec.Scheme.Iteration.IsImplicit && !conduits.Any(c => c.Group == group && c.IsBackward))
            {
                Warn($"{group.Path}.iterate", $"The group '{group.Spec.Name}' iterates, but none of its participants reads what a later one writes: every iteration after the first repeats the same.");
            }
        }

        // Where a group keeps checkpoints, everybody in it and below may have to go back.
        foreach (var name in _models.Keys.Where(name => !_models[name].Description.CanRestore && _groupOf.ContainsKey(name)))
        {
            for (var group = _groupOf[name]; group is not null; group = group.Parent)
            {
                var why = group.Spec.Scheme.Iteration.IsImplicit ? "iterates" : group.Spec.Halvings > 0 ? "may halve its window" : _models.Any(m => m.Value.Spec.TimeLimit is not null && _groupOf.GetValueOrDefault(m.Key) == group) ? "has a member with a time limit, whose windows may be repeated" : null;
                if (why is not null)
                {
                    Fault($"participants.{name}", $"'{name}' cannot go back to a state that it had, and the group '{group.Spec.Name}' {why}. Let every participant advance once a window (no 'iterate', no 'halvings', no 'time-limit'), or give the model a way to restore its state.");
                }
            }
        }

        var scalars = (from pair in _models
                       from layout in pair.Value.Description.Ports
                       where layout is { Points: 1, Port: { Components: 1, Direction: PortDirection.Out } }
                       select $"{pair.Key}.{layout.Port.Name}").ToList();
        foreach (var group in _groups)
        {
            CheckPolicy(group, conduits);
        }

        foreach (var participant in _experiment.Participants.Where(p => p.ShortensWhenLate))
        {
            if (participant.TimeLimit is null || _experiment.Halvings == 0)
            {
                Fault($"participants.{participant.Name}.when-late", $"A window is shortened where '{participant.Name}' passes its time limit; that takes a 'time-limit', and 'halvings' of the root windows above zero.");
            }
        }

        CheckPlacement();
        ResolveWatches();
        scalars.AddRange(_watches.SelectMany(w => WatchNode.MetricsOf(w.Spec.Name, w.Layout.Port.Components)));
        for (var i = 0; i < _experiment.Limits.Length; i++)
        {
            RequireMetric($"limits.{_experiment.Limits[i].Metric}", _experiment.Limits[i].Metric, scalars);
            if (!(_experiment.Limits[i].Limit >= 0))
            {
                Fault($"limits.{_experiment.Limits[i].Metric}", $"A limit bounds an absolute value and is not negative; found {_experiment.Limits[i].Limit}.");
            }
        }

        foreach (var check in _experiment.Checks)
        {
            RequireMetric($"expect.{check.Name}.metric", check.Metric, [.. scalars, .. RunMetrics.OfRun]);
            if (check.Unit is { } unit && UnitOf(check.Metric) is { } portUnit && !unit.IsCompatibleWith(portUnit))
            {
                Fault($"expect.{check.Name}", $"The check compares '{check.Metric}', which is in {portUnit}, with a number in {unit}.");
            }

            if (check.Value is null && check.AtLeast is null && check.AtMost is null)
            {
                Fault($"expect.{check.Name}", $"The check says nothing: give it a value with a tolerance, at-least or at-most.");
            }
        }

        foreach (var (name, (_, description)) in _models)
        {
            if (description.FastestTimeScale is { } fastest && _groupOf.TryGetValue(name, out var group) && WindowOf(group) > fastest)
            {
                Warn($"participants.{name}", $"'{name}' resolves times of {fastest} and meets its peers only every {WindowOf(group)}: what happens faster does not pass.");
            }
        }
    }

    private void CheckPlacement()
    {
        var rules = _experiment.Placement;
        if (rules.IsEmpty)
        {
            return;
        }

        var names = _experiment.Participants.Select(p => p.Name).Distinct(StringComparer.Ordinal).ToList();
        var bases = names.Select(Ensembles.BaseName).Distinct(StringComparer.Ordinal).ToList();
        var known = names.ToHashSet(StringComparer.Ordinal);
        var partners = new Dictionary<string, string>(StringComparer.Ordinal);
        var holds = new HashSet<PlacementRule>(ReferenceEqualityComparer.Instance);
        foreach (var name in names)
        {
            if (rules.FirstOrDefault(rule => rule.Concerns(name)) is { } rule)
            {
                holds.Add(rule);
                if (rule.PartnerOf(name) is { } partner && known.Contains(partner))
                {
                    partners[name] = partner;
                }
            }
        }

        foreach (var rule in rules)
        {
            var path = $"placement.{rule.Participants}";
            if (!rule.SaysSomething())
            {
                Fault(path, $"The rule says nothing: give it a 'role' that nodes have, a participant 'with' whom to share a node, or a number of 'least-nodes' that have to be there.");
            }

            if (!names.Exists(rule.Concerns))
            {
                var word = rule.IsPrefix ? rule.Participants[..^1] : rule.Participants;
                Fault(path, $"{(rule.IsPrefix ? $"No participant's name begins with '{word}'" : $"There is no participant '{word}'")}. {Suggestion.Sentence(word, bases)}");
            }
            else if (!holds.Contains(rule))
            {
                Warn(path, $"The rule for '{rule.Participants}' holds for nobody: rules that stand before it are of the same participants.");
            }

            if (rule.With is { } with && !known.Contains(with))
            {
                Fault(path + ".with", $"{(bases.Contains(with) ? $"'{with}' is an ensemble, whose members may be on many nodes; name one of them, such as '{with}[0]'." : $"There is no participant '{with}'. {Suggestion.Sentence(with, bases)}")}");
            }
            else if (rule.With == rule.Participants)
            {
                Fault(path + ".with", $"'{rule.With}' is with itself on a node anyway.");
            }
        }

        // Who is with whom leads to somebody who is with nobody.
        var isTold = new HashSet<string>(StringComparer.Ordinal);
        foreach (var first in partners.Keys.Order(StringComparer.Ordinal))
        {
            var way = new List<string>();
            for (var at = first; isTold.Add(at); at = partners[at])
            {
                way.Add(at);
                if (!partners.TryGetValue(at, out var next))
                {
                    break;
                }

                if (way.IndexOf(next) is >= 0 and var begin)
                {
                    var rule = rules.First(r => r.Concerns(next));
                    Fault($"placement.{rule.Participants}.with", $"Who is with whom goes in a circle: {string.Join(" with ", way.Skip(begin).Append(next).Select(name => $"'{name}'"))}. Leave out one of them.");
                    break;
                }
            }
        }
    }

    private void ResolveWatches()
    {
        if (!_experiment.Watches.IsEmpty && _models.ContainsKey("watch"))
        {
            Fault("participants.watch", $"Where there are watches, no participant is called 'watch': 'watch.name' is the metric of a watch.");
        }

        foreach (var watch in _experiment.Watches)
        {
            var path = $"watches.{watch.Name}";
            if (!IsName(watch.Name) || _experiment.Watches.Count(w => w.Name == watch.Name) > 1)
            {
                Fault(path, $"'{watch.Name}' cannot name a watch: lower-case letters, digits and '-' can, beginning with a letter, and each name once.");
            }

            if (watch.At is not null && watch.Kind != WatchKind.Value)
            {
                Fault(path + ".at", $"A place has a value. Leave out 'at', or 'take'.");
            }
            else if (Resolve(watch.Port, PortDirection.Out, path + ".port") is { } port)
            {
                if (watch.Kind == WatchKind.Integral && port.Layout.Port.Quantity.Nature == Nature.Extensive)
                {
                    Fault(path + ".take", $"'{watch.Port}' is an extensive quantity: its values are integrals over each point's share of the body already. Take the sum.");
                }
                else if (!WatchGauge.TryBuild(watch, port.Layout, out _, out var fault))
                {
                    Fault(path, $"{fault}.");
                }

                _watches.Add(new WatchDraft(watch, port.Participant, port.Layout, port.Slot));
            }
        }
    }

    private static string UnitOf(WatchDraft watch)
    {
        var unit = watch.Layout.Port.Quantity.Unit.ToString();
        if (watch.Spec.Kind != WatchKind.Integral)
        {
            return unit;
        }

        var size = WatchGauge.Dimension(watch.Layout.Geometry!) switch { 1 => "m", 2 => "m^2", _ => "m^3" };
        return unit == "1" ? size : $"{unit} {size}";
    }

    private Unit? UnitOf(string metric)
    {
        var dot = metric.IndexOf('.', StringComparison.Ordinal);
        return dot > 0 && _models.TryGetValue(metric[..dot], out var model) && model.Description.IndexOf(metric[(dot + 1)..]) is >= 0 and var port
            ? model.Description.Ports[port].Port.Quantity.Unit
            : null;
    }

    private void CheckPolicy(GroupDraft group, List<ConduitDraft> conduits)
    {
        if (group.Spec.Lengths is not { } policy)
        {
            return;
        }

        var path = group.Parent is null ? "window-lengths" : group.Path + ".window-lengths";
        var members = _groupOf.Where(m => IsWithin(m.Value, group)).Select(m => m.Key).Order(StringComparer.Ordinal).ToList();
        foreach (var name in policy.Follows.Where(name => !members.Contains(name) && !_unknown.Contains(name)))
        {
            Fault(path + ".follow", $"Windows of the group '{group.Spec.Name}' cannot follow '{name}', which is no participant in it. {Suggestion.Sentence(name, members)}");
        }

        var inGroup = conduits.Where(c => c.Group == group).ToList();
        foreach (var (effort, flow) in policy.Controller?.Bonds ?? [])
        {
            var (a, b) = (inGroup.FirstOrDefault(c => c.Spec.To == effort), inGroup.FirstOrDefault(c => c.Spec.To == flow));
            if (a is null || b is null)
            {
                var wrong = a is null ? effort : flow;
                Fault(path + ".control", $"'{wrong}' is the end of no conduit between members of the group '{group.Spec.Name}'. {Suggestion.Sentence(wrong, [.. inGroup.Select(c => c.Spec.To)])}");
            }
            else if (a.To.Length != b.From.Length || a.From.Length != b.To.Length || a.From.Points == PortLayout.Varying)
            {
                Fault(path + ".control", $"'{effort}' and '{flow}' make no power bond: effort and flow have the same number of values at each end.");
            }
        }

        if (policy.Controller is { Bonds.IsEmpty: true } && !inGroup.Any(c => c.IsBackward))
        {
            Fault(path + ".control", $"No conduit of the group '{group.Spec.Name}' is read before it is written, so that there is no first guess whose error could be watched. Name power bonds, or leave the controller out.");
        }
    }

    private double WindowOf(GroupDraft group) => group.Parent is null ? _experiment.Window : WindowOf(group.Parent) / group.Spec.Windows;

    private void RequireMetric(string path, string metric, List<string> known)
    {
        if (!known.Contains(metric) && !_unknown.Contains(metric.Split('.')[0]))
        {
            Fault(path, $"'{metric}' is no scalar out-port, no watch and no number of the run. {Suggestion.Sentence(metric, known)}");
        }
    }

    // ---- building ------------------------------------------------------------------------------------------------

    private CoupledSystem? Build(List<ConduitDraft> drafts)
    {
        // Root window in ticks: the shortest nominal window has 2²⁰ ticks or more, and every nominal window is a whole number.
        Int128 least = 1;
        foreach (var group in _groups)
        {
            var product = (group.Parent?.WindowsPerRoot ?? 1) * (Int128)group.Spec.Windows;
            least = least / Gcd(least, product) * product;
            if (least > MostWindowsPerRoot)
            {
                Fault($"groups.{group.Spec.Name}.windows", $"A root window divides into {least} parts, so that all groups meet their parents on whole ticks; at most {MostWindowsPerRoot} can be told apart. Let the groups have fewer windows, or numbers of them with common factors.");
                return null;
            }

            group.WindowsPerRoot = (long)product;
        }

        var rootTicks = TicksOfShortestWindow * (long)least;
        var tickLength = _experiment.Window / rootTicks;
        var windows = _experiment.Until / _experiment.Window;
        if (windows > (double)long.MaxValue / 4 / rootTicks)
        {
            Fault("until", $"The run has {windows} windows of {rootTicks} ticks, more than can be counted.");
            return null;
        }

        // A run of a whole number of windows ends exactly on the grid, whatever the division says in its last bits.
        var whole = Math.Round(windows);
        var endTick = Math.Abs(windows - whole) <= 1e-12 * Math.Max(1, whole) ? (long)whole * rootTicks : (long)Math.Round(windows * rootTicks);
        if (endTick < 1)
        {
            Fault("until", $"The run ends before its first tick.");
            return null;
        }

        var places = _models.Keys.Index().ToDictionary(name => name.Item, name => name.Index, StringComparer.Ordinal);
        var conduits = drafts.Select((d, i) => new ConduitNode(i, d.From.Points == PortLayout.Varying ? d.Spec with { Degree = 0 } : d.Spec, places[d.Producer], _models[d.Producer].Description.IndexOf(d.From.Port.Name),
            places[d.Consumer], _models[d.Consumer].Description.IndexOf(d.To.Port.Name), d.Group.Index, d.ProducerStage, d.IsBackward,
            d.From.Port.Quantity.Time, d.Map)
        {
            GradientPort = d.GradientPort,
            FromSlot = d.FromSlot,
            ToSlot = d.ToSlot,
        }).ToImmutableArray();
        var byPort = conduits.ToLookup(c => (c.Consumer, c.ConsumerPort));
        var byEnd = conduits.ToDictionary(c => c.Spec.To, c => c.Index, StringComparer.Ordinal);
        var participants = _models.Values.Select((model, index) => new ParticipantNode(index, model.Spec, model.Description, _groupOf[model.Spec.Name].Index)
        {
            IncomingConduits = [.. model.Description.Ports.Select((_, port) => byPort[(index, port)].FirstOrDefault(c => c.ToSlot < 0)?.Index ?? -1)],
            SlotConduits = [.. model.Description.Ports.Select((_, port) => byPort[(index, port)].Where(c => c.ToSlot >= 0).OrderBy(c => c.ToSlot).Select(c => c.Index).ToImmutableArray())],
        }).ToImmutableArray();
        var groups = _groups.Select(g => new GroupNode(g.Index, g.Spec, g.Parent?.Index ?? -1, g.Depth, [.. g.Spec.Scheme.Stages.Select(stage => stage.Select(entry => EntryOf(entry, places)).ToImmutableArray())],
            rootTicks / g.WindowsPerRoot, [.. g.Spec.Scheme.Iteration.Criteria.Select(c => byEnd[c.Conduit])])
        {
            Leaves = [.. participants.Where(p => IsWithin(_groups[p.Group], g)).Select(p => p.Index)],
            Subgroups = [.. _groups.Where(s => s != g && IsWithin(s, g)).Select(s => s.Index)],
            KeepsCheckpoint = g.Spec.Scheme.Iteration.IsImplicit || MayBeginAnew(g, participants),
            MayBeginAnew = MayBeginAnew(g, participants),
            Lengths = LengthsOf(g, tickLength, places, conduits, byEnd),
        }).ToImmutableArray();
        return new CoupledSystem(_experiment, participants, conduits, groups, tickLength, endTick)
        {
            Watches = [.. _watches.Select(w => new WatchNode(w.Spec, places[w.Participant], _models[w.Participant].Description.IndexOf(w.Layout.Port.Name),
                w.Slot, w.Layout.Port.Components, UnitOf(w)))],
        };
    }

    private static bool MayBeginAnew(GroupDraft group, ImmutableArray<ParticipantNode> participants) =>
        group.Spec.Halvings > 0
        || participants.Any(p => p.Group == group.Index && p.Spec.TimeLimit is not null)
        || (participants.Any(p => p.Group == group.Index && p.Description.MayBeLost) && participants.All(p => p.Description.CanRestore));

    private WindowLengths? LengthsOf(GroupDraft group, double tickLength, Dictionary<string, int> places, ImmutableArray<ConduitNode> conduits, Dictionary<string, int> byEnd)
    {
        if (group.Spec.Lengths is not { } policy)
        {
            return null;
        }

        return new WindowLengths(Math.Max(1, (long)Math.Round(policy.Shortest / tickLength)), Math.Max(1, (long)Math.Min(Math.Round(policy.Longest / tickLength), long.MaxValue / 4)),
            policy.Follows.IsEmpty && policy.Controller is null ? [.. places.Where(p => IsWithin(_groupOf[p.Key], group)).Select(p => p.Value).Order()] : [.. policy.Follows.Select(n => places[n])],
            policy.Controller,
            [.. (policy.Controller?.Bonds ?? []).Select(b => (byEnd[b.Effort], byEnd[b.Flow]))],
            [.. conduits.Where(c => c.Group == group.Index && c.IsBackward).Select(c => c.Index)]);
    }

    private StageEntry EntryOf(string entry, Dictionary<string, int> places)
    {
        var (name, phase) = Split(entry);
        return places.TryGetValue(name, out var index) ? new StageEntry(index, phase, -1) : new StageEntry(-1, null, _groups.Single(g => g.Spec.Name == name).Index);
    }

    private static bool IsWithin(GroupDraft group, GroupDraft ancestor)
    {
        for (var g = group; g is not null; g = g.Parent)
        {
            if (g == ancestor)
            {
                return true;
            }
        }

        return false;
    }

    private static Int128 Gcd(Int128 a, Int128 b) => b == 0 ? a : Gcd(b, a % b);

    private sealed class GroupDraft(int index, CouplingGroup spec, GroupDraft? parent, string path)
    {
        public int Index { get; } = index;
        public CouplingGroup Spec { get; } = spec;
        public GroupDraft? Parent { get; } = parent;
        public string Path { get; } = path;
        public int Depth { get; } = parent is null ? 0 : parent.Depth + 1;
        public long WindowsPerRoot { get; set; }

        /// <summary>By participant, or nested group, the stages in which it stands, in order, with the phase.</summary>
        public ILookup<string, (int Stage, string? Phase)> Entries { get; } = spec.Scheme.Stages.Index()
            .SelectMany(stage => stage.Item.Select(entry => (stage.Index, Entry: Split(entry)))).ToLookup(e => e.Entry.Name, e => (e.Index, e.Entry.Phase), StringComparer.Ordinal);
    }

    private sealed record WatchDraft(Watch Spec, string Participant, PortLayout Layout, int Slot);

    private sealed record ConduitDraft(int Index, Conduit Spec, string Producer, PortLayout From, string Consumer, PortLayout To,
        GroupDraft Group, int ProducerStage, bool IsBackward, IDataMapping? Map, int GradientPort)
    {
        public int FromSlot { get; init; } = -1;
        public int ToSlot { get; init; } = -1;
    }
}

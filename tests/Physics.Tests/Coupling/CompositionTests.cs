using System.Collections.Immutable;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Tests.Coupling;

/// <summary>What composition says of malformed experiments, and what it makes of sound ones.</summary>
public sealed class CompositionTests
{
    private static readonly MixerSpec OneInOneOut = new()
    {
        Inputs = [new("heat", TimeMeaning.Instant)],
        Outputs = [new("temperature", TimeMeaning.Instant)],
    };

    private static readonly Experiment Sound = new()
    {
        Name = "sound",
        Until = 10,
        Window = 1,
        Participants = [Mixer.Participant("left", OneInOneOut), Mixer.Participant("right", OneInOneOut)],
        Conduits = [new("left.temperature", "right.heat"), new("right.temperature", "left.heat")],
        Scheme = CouplingScheme.Serial("left", "right"),
    };

    // A model that is nothing but its ports; it never runs.
    private sealed class Ports(ModelDescription description) : IScaleModel
    {
        public ModelDescription Description => description;

        public void Initialize(PortWriter outputs)
        {
        }

        public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
        {
        }

        public void Archive(StateArchive archive)
        {
        }

        public static Participant Participant(string name, params ImmutableArray<PortLayout> ports) => Of(name, () => new ModelDescription(ports));

        public static Participant Of(string name, Func<ModelDescription> describe) =>
            Physics.Coupling.Participant.Of(name, new ModelEntry("ports", "a model for tests", _ => new Ports(describe())));
    }

    private static readonly Quantity Number = Quantities.Number;

    // Two models joined by one conduit, from 'a.out' to 'b.in'.
    private static Experiment Joined(PortLayout from, PortLayout to, bool isPointByPoint = false) => new()
    {
        Name = "joined",
        Until = 10,
        Window = 1,
        Participants = [Ports.Participant("a", from), Ports.Participant("b", to)],
        Conduits = [new("a.out", "b.in") { IsPointByPoint = isPointByPoint }],
        Scheme = CouplingScheme.Serial("a", "b"),
    };

    private static PortLayout Out(Quantity quantity, int points = 1, PointCloud? geometry = null) => new(Port.Out<double>("out", quantity), points, geometry);

    private static PortLayout In(Quantity quantity, int points = 1, PointCloud? geometry = null) => new(Port.In<double>("in", quantity), points, geometry);

    private static Experiment WithStages(params ImmutableArray<ImmutableArray<string>> stages) => Sound with { Scheme = CouplingScheme.Staged(stages) };

    private static Experiment WithGroups(CouplingScheme scheme, params ImmutableArray<CouplingGroup> groups) => Sound with { Scheme = scheme, Groups = groups };

    private static Experiment WithPhases(params ImmutableArray<ImmutableArray<string>> stages) => WithStages(stages) with
    {
        Participants = [Mixer.Participant("left", OneInOneOut with { Phases = ["predict", "correct"] }), Sound.Participants[1]],
    };

    private static Experiment WithCriterion(ConvergenceCriterion criterion) => Sound with { Scheme = Sound.Scheme.Iterated(5, criterion) };

    public static TheoryData<string, string, string> Malformed { get; } = [];

    private static readonly Dictionary<string, Experiment> Experiments = new()
    {
        ["a window of no length|window|above zero; found 0"] = Sound with { Window = 0 },
        ["a negative window|window|found -1"] = Sound with { Window = -1 },
        ["a window that is no number|window|found NaN"] = Sound with { Window = double.NaN },
        ["an endless window|window|above zero"] = Sound with { Window = double.PositiveInfinity },
        ["an end that is no number|until|found NaN"] = Sound with { Until = double.NaN },
        ["an end before the start|until|found -3"] = Sound with { Until = -3 },
        ["an end without end|until|above zero"] = Sound with { Until = double.PositiveInfinity },
        ["an end before the first tick|until|before its first tick"] = Sound with { Until = 1e-9 },
        ["more windows than can be counted|until|more than can be counted"] = Sound with { Until = 1e20 },
        ["negative halvings|halvings|0 to 16 times; found -1"] = Sound with { Halvings = -1 },
        ["too many halvings|halvings|found 17"] = Sound with { Halvings = 17 },
        ["no window ahead|run-ahead|found 0"] = Sound with { RunAhead = 0 },
        ["snapshots at negative distances|snapshots.every|found -1"] = Sound with { SnapshotEvery = -1 },
        ["no participants|participants|at least one"] = Sound with { Participants = [], Conduits = [] },
        ["a name in capitals|participants.Left|is no name"] = Sound with { Participants = [.. Sound.Participants, Mixer.Participant("Left", new MixerSpec())] },
        ["two of one name|participants.left|two participants called 'left'"] = Sound with { Participants = [.. Sound.Participants, Sound.Participants[0]] },
        ["a model that throws|participants.left|cannot be made: no such material"] = Sound with
        {
            Participants = [Ports.Of("left", () => throw new ScaleModelException("no such material")), Sound.Participants[1]],
        },
        ["a port of an unknown phase|participants.left|the phase 'predikt', and the model 'mixer' has the phases predict, correct"] = WithPhases(["left:predict"], ["right"], ["left:correct"]) with
        {
            Participants = [Mixer.Participant("left", OneInOneOut with { Phases = ["predict", "correct"], Outputs = [new("temperature", TimeMeaning.Instant, "predikt")] }), Sound.Participants[1]],
        },
        ["a port of a phase where there are none|participants.right|has no phases"] = Sound with
        {
            Participants = [Sound.Participants[0], Mixer.Participant("right", OneInOneOut with { Inputs = [new("heat", TimeMeaning.Instant, "predict")] })],
        },

        ["an unknown participant|conduits.0.from|no participant 'lfet'. Did you mean 'left'?"] = Sound with { Conduits = [new("lfet.temperature", "right.heat"), Sound.Conduits[1]] },
        ["an unknown out-port|conduits.0.from|no out-port 'temperatur'. Did you mean 'temperature'?"] = Sound with { Conduits = [new("left.temperatur", "right.heat"), Sound.Conduits[1]] },
        ["an unknown in-port|conduits.1.to|no in-port 'hat'. Did you mean 'heat'?"] = Sound with { Conduits = [Sound.Conduits[0], new("right.temperature", "left.hat")] },
        ["an in-port to read from|conduits.0.from|no out-port 'heat' (it faces the other way)"] = Sound with { Conduits = [new("left.heat", "right.heat"), Sound.Conduits[1]] },
        ["an out-port to write to|conduits.1.to|no in-port 'temperature' (it faces the other way)"] = Sound with { Conduits = [Sound.Conduits[0], new("right.temperature", "left.temperature")] },
        ["an address without a port|conduits.0.from|no out-port ''"] = Sound with { Conduits = [new("left", "right.heat"), Sound.Conduits[1]] },
        ["two conduits to one port|conduits.2.to|Two conduits lead to 'left.heat'"] = Sound with { Conduits = [.. Sound.Conduits, new("left.temperature", "left.heat")] },
        ["a port that hears nobody|participants.left|No conduit leads to the in-port 'left.heat'"] = Sound with { Conduits = [Sound.Conduits[0]] },
        ["a negative degree|conduits.0.degree|found -1"] = Sound with { Conduits = [Sound.Conduits[0] with { Degree = -1 }, Sound.Conduits[1]] },
        ["too high a degree|conduits.1.degree|0 to 5; found 6"] = Sound with { Conduits = [Sound.Conduits[0], Sound.Conduits[1] with { Degree = 6 }] },
        ["unlike units|conduits.0|x in K to x in m"] = Joined(Out(Number with { Unit = Unit.Parse("K") }), In(Number with { Unit = Unit.Parse("m") })),
        ["unlike scales of a unit|conduits.0|x in mm to x in m"] = Joined(Out(Number with { Unit = Unit.Parse("mm") }), In(Number with { Unit = Unit.Parse("m") })),
        ["unlike natures|conduits.0|an extensive quantity to an intensive one"] = Joined(Out(Number with { Nature = Nature.Extensive }), In(Number)),
        ["unlike meanings in time|conduits.0|an Instant to a WindowAverage"] = Joined(Out(Number), In(Number with { Time = TimeMeaning.WindowAverage })),
        ["unlike numbers of components|conduits.0|1 numbers per point to 2"] = Joined(Out(Number), new PortLayout(Port.In<(double, double)>("in", Number), 1)),
        ["unlike numbers of points, one by one|conduits.0|2 points to 3 one by one"] = Joined(Out(Number, 2), In(Number, 3), isPointByPoint: true),
        ["points that lie nowhere|conduits.0|a.out does not say where its points lie"] = Joined(Out(Number, 2), In(Number, 3, PointCloud.OnLine([0, 1, 2]))),
        ["fewer places than points|conduits.0|b.in does not say where its points lie"] = Joined(Out(Number, 2, PointCloud.OnLine([0, 1])), In(Number, 3, PointCloud.OnLine([0, 1]))),
        ["a mapping from no points|conduits.0|to or from no points"] = Joined(Out(Number, 0, PointCloud.OnLine([])), In(Number, 3, PointCloud.OnLine([0, 1, 2]))),
        ["a mapping to no points|conduits.0|to or from no points"] = Joined(Out(Number with { Nature = Nature.Extensive }, 3, PointCloud.OnLine([0, 1, 2])), In(Number with { Nature = Nature.Extensive }, 0, PointCloud.OnLine([]))),
        ["a list into a field|conduits.0|a list of varying length to a field"] = Joined(Out(Number, PortLayout.Varying), In(Number, 3)),
        ["a list that is an average|conduits.0|have no sum and no mean"] = Joined(Out(Number with { Time = TimeMeaning.WindowAverage }, PortLayout.Varying), In(Number with { Time = TimeMeaning.WindowAverage }, PortLayout.Varying)),
        ["a list to iterate on|conduits.0|cannot be iterated on"] = Joined(Out(Number, PortLayout.Varying), In(Number, PortLayout.Varying)) with { Scheme = CouplingScheme.Serial("b", "a").Iterated(3) },
        ["a residual of a list|scheme.iterate.converge.0|of which there is no residual"] = Joined(Out(Number, PortLayout.Varying), In(Number, PortLayout.Varying)) with
        {
            Scheme = CouplingScheme.Serial("a", "b").Iterated(3, new ConvergenceCriterion("b.in", ResidualMeasure.Absolute, 1)),
        },
        ["a cycle without initial data|conduits.1|This is a cycle without initial data"] = Sound with
        {
            Participants = [Sound.Participants[0], Mixer.Participant("right", OneInOneOut with { Outputs = [new("temperature", TimeMeaning.Instant, HasStart: false)] })],
        },
        ["a stage that reads itself without initial data|conduits.0|advances later in, or in the same stage of, the group 'root'"] = WithStages(["left", "right"]) with
        {
            Participants = [Mixer.Participant("left", OneInOneOut with { Outputs = [new("temperature", TimeMeaning.Instant, HasStart: false)] }), Sound.Participants[1]],
        },

        ["no stages|scheme.stages|at least one stage"] = WithStages(),
        ["an empty stage|scheme.stages|every stage at least one entry"] = WithStages(["left"], [], ["right"]),
        ["an unknown entry|scheme.stages.1|'rigth' is neither a participant nor a group. Did you mean 'right'?"] = WithStages(["left"], ["rigth"]),
        ["a participant in no stage|participants.right|would never advance"] = WithStages(["left"]),
        ["a participant in two stages|scheme.stages.2|stands in the stages 2 times"] = WithStages(["left"], ["right"], ["left"]),
        ["a participant twice in one stage|scheme.stages.0|stands in the stages 2 times"] = WithStages(["left", "right", "left"]),
        ["a phase that is not there|scheme.stages.0|it has no phases and stands there once"] = WithStages(["left:predict"], ["right"]),
        ["phases left out|scheme.stages.0|'left' has the phases predict, correct; it stands once in a stage for each"] = WithPhases(["left"], ["right"]),
        ["phases in the wrong order|scheme.stages.1|in this order, as 'left:predict'"] = WithPhases(["left:correct", "right"], ["left:predict"]),
        ["phases in one stage|scheme.stages.0|stands once in a stage for each"] = WithPhases(["left:predict", "left:correct", "right"]),
        ["an unknown phase|scheme.stages.1|has the phases predict, correct"] = WithPhases(["left:predict", "right"], ["left:project"]),
        ["a participant in two groups|groups.inner.stages.0|stands in the groups 'root' and 'inner'"] = WithGroups(CouplingScheme.Serial("left", "right", "inner"), new CouplingGroup("inner", CouplingScheme.Serial("right"))),
        ["a group that nobody names|groups.inner|No stage names the group 'inner'"] = WithGroups(Sound.Scheme, new CouplingGroup("inner", CouplingScheme.Serial("right"))),
        ["a group that contains itself|groups.inner|contains itself"] = WithGroups(CouplingScheme.Serial("left", "inner"), new CouplingGroup("inner", CouplingScheme.Serial("right", "inner"))),
        ["groups that contain each other|groups.first|The group 'first' contains itself"] = WithGroups(CouplingScheme.Serial("left", "first"),
            new CouplingGroup("first", CouplingScheme.Serial("right", "second")), new CouplingGroup("second", CouplingScheme.Serial("first"))),
        ["a group in two groups|groups.inner|a group has one parent"] = WithGroups(CouplingScheme.Serial("outer", "inner"),
            new CouplingGroup("outer", CouplingScheme.Serial("left", "inner")), new CouplingGroup("inner", CouplingScheme.Serial("right"))),
        ["a group twice in a stage|scheme.stages.0|stands in the stages 2 times"] = WithGroups(CouplingScheme.Parallel("left", "inner", "inner"), new CouplingGroup("inner", CouplingScheme.Serial("right"))),
        ["two groups of one name|groups.inner|two groups called 'inner'"] = WithGroups(CouplingScheme.Serial("left", "inner"),
            new CouplingGroup("inner", CouplingScheme.Serial("right")), new CouplingGroup("inner", CouplingScheme.Serial("right"))),
        ["a group with a participant's name|groups.left|not that of a participant"] = WithGroups(CouplingScheme.Serial("left", "right"), new CouplingGroup("left", CouplingScheme.Serial("right"))),
        ["a group called root|groups.root|cannot name a group"] = WithGroups(CouplingScheme.Serial("left", "root"), new CouplingGroup("root", CouplingScheme.Serial("right"))),
        ["a group of no windows|groups.inner.windows|found 0"] = WithGroups(CouplingScheme.Serial("left", "inner"), new CouplingGroup("inner", CouplingScheme.Serial("right"), 0)),
        ["a group of too many windows|groups.second.windows|at most 4294967296"] = WithGroups(CouplingScheme.Serial("first", "second"),
            new CouplingGroup("first", CouplingScheme.Serial("left"), int.MaxValue), new CouplingGroup("second", CouplingScheme.Serial("right"), int.MaxValue - 1)),
        ["a nest of too many windows|groups.second.windows|at most 4294967296"] = WithGroups(CouplingScheme.Serial("left", "first"),
            new CouplingGroup("first", CouplingScheme.Serial("second"), int.MaxValue), new CouplingGroup("second", CouplingScheme.Serial("third"), int.MaxValue),
            new CouplingGroup("third", CouplingScheme.Serial("right"), int.MaxValue)),
        ["a group halved too often|groups.inner.halvings|found 99"] = WithGroups(CouplingScheme.Serial("left", "inner"), new CouplingGroup("inner", CouplingScheme.Serial("right")) { Halvings = 99 }),

        ["no iteration|scheme.iterate.max|found 0"] = Sound with { Scheme = Sound.Scheme.Iterated(0) },
        ["a least number above the greatest|scheme.iterate.max|least number (found 4)"] = Sound with { Scheme = Sound.Scheme with { Iteration = new IterationPolicy(4, 3, [], new Physics.Coupling.Acceleration.AccelerationSpec()) } },
        ["a relaxation of nothing|scheme.iterate.relaxation|found 0"] = Sound with { Scheme = Sound.Scheme.Iterated(3).Relaxed(0) },
        ["a relaxation that is no number|scheme.iterate.relaxation|found NaN"] = Sound with { Scheme = Sound.Scheme.Iterated(3).Relaxed(double.NaN) },
        ["a criterion without iterations|scheme.iterate|at most one iteration is made"] = Sound with { Scheme = Sound.Scheme.Iterated(1, new ConvergenceCriterion("left.heat", ResidualMeasure.Absolute, 1)) },
        ["a criterion without a limit|scheme.iterate.converge.0|above zero; found 0"] = WithCriterion(new("left.heat", ResidualMeasure.Absolute, 0)),
        ["a criterion that is no number|scheme.iterate.converge.0|found NaN"] = WithCriterion(new("left.heat", ResidualMeasure.Absolute, double.NaN)),
        ["a criterion on no conduit|scheme.iterate.converge.0|'left.haet' is the end of no conduit between members of the group 'root'. Did you mean 'left.heat'?"] = WithCriterion(new("left.haet", ResidualMeasure.Absolute, 1)),
        ["a criterion on another group's conduit|groups.inner.iterate.converge.0|'left.heat' is the end of no conduit"] = WithGroups(CouplingScheme.Serial("left", "inner"),
            new CouplingGroup("inner", CouplingScheme.Serial("right").Iterated(3, new ConvergenceCriterion("left.heat", ResidualMeasure.Absolute, 1)))),

        ["a limit on nothing|limits.left.temperatur|'left.temperatur' is no scalar out-port"] = Sound with { Limits = [new("left.temperatur", 1)] },
        ["a negative limit|limits.left.temperature|found -1"] = Sound with { Limits = [new("left.temperature", -1)] },
        ["a limit that is no number|limits.left.temperature|found NaN"] = Sound with { Limits = [new("left.temperature", double.NaN)] },
        ["a check on nothing|expect.warm.metric|Did you mean 'windows'?"] = Sound with { Checks = [new("warm", "window", "theory") { AtLeast = 1 }] },
        ["a check that says nothing|expect.warm|says nothing"] = Sound with { Checks = [new("warm", "left.temperature", "theory")] },
    };

    static CompositionTests()
    {
        foreach (var key in Experiments.Keys)
        {
            var parts = key.Split('|');
            Malformed.Add(parts[0], parts[1], parts[2]);
        }
    }

    [Theory]
    [MemberData(nameof(Malformed))]
    public void A_malformed_experiment_is_told_where_and_what(string what, string path, string phrase)
    {
        var (system, faults) = Composition.TryCompose(Experiments[$"{what}|{path}|{phrase}"]);

        Assert.Null(system);
        Assert.True(faults.Any(f => !f.IsWarning && f.Path == path && f.Message.Contains(phrase, StringComparison.Ordinal)), string.Join("\n", faults));
    }

    [Fact]
    public void All_faults_of_an_experiment_are_told_at_once()
    {
        var experiment = Sound with
        {
            Window = double.NaN,
            RunAhead = 0,
            Conduits = [new("lfet.temperature", "right.heat"), new("right.temperature", "left.heat") { Degree = 9 }],
            Scheme = CouplingScheme.Serial("left", "right", "middle").Relaxed(3),
            Limits = [new("nothing", 1)],
        };

        var faults = Assert.Throws<ExperimentException>(() => Composition.Compose(experiment)).Faults;

        Assert.Equal(["window", "run-ahead", "scheme.iterate.relaxation", "scheme.stages.2", "conduits.0.from", "conduits.1.degree", "limits.nothing"], faults.Select(f => f.Path));
    }

    [Fact]
    public void A_sound_experiment_has_no_fault_and_no_warning()
    {
        var (system, faults) = Composition.TryCompose(Sound);

        Assert.Empty(faults);
        Assert.Equal(["left.temperature", "right.temperature"], system!.OutPorts);
        Assert.Equal([false, true], system.Conduits.Select(c => c.IsBackward));
    }

    public static TheoryData<string, string> Doubtful { get; } = new()
    {
        { "a window longer than the run", "window" },
        { "iterations that repeat the same", "scheme.iterate" },
        { "a window longer than what the model resolves", "participants.a" },
    };

    [Theory]
    [MemberData(nameof(Doubtful))]
    public void A_doubtful_experiment_is_composed_with_a_warning(string what, string path)
    {
        var forward = Joined(Out(Number), In(Number));
        var (system, faults) = Composition.TryCompose(what switch
        {
            "a window longer than the run" => forward with { Window = 20 },
            "iterations that repeat the same" => forward with { Scheme = forward.Scheme.Iterated(3) },
            _ => forward with { Participants = [Ports.Of("a", () => new ModelDescription(Out(Number)) { FastestTimeScale = 0.5 }), forward.Participants[1]] },
        });

        Assert.NotNull(system);
        Assert.Equal(path, Assert.Single(faults).Path);
        Assert.True(faults[0].IsWarning);
    }

    // ---- time ----------------------------------------------------------------------------------------------------

    private static CoupledSystem Nested(params int[] windows)
    {
        var groups = windows.Select((n, i) => new CouplingGroup($"g{i}", CouplingScheme.Serial(i + 1 < windows.Length ? $"g{i + 1}" : "right"), n));
        return Composition.Compose(WithGroups(CouplingScheme.Serial("left", "g0"), [.. groups]));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(2, 5)]
    [InlineData(3, 7, 11)]
    [InlineData(50, 10, 10)]
    public void Windows_of_nested_groups_are_whole_ticks(params int[] windows)
    {
        var system = Nested(windows);

        for (var i = 0; i < windows.Length; i++)
        {
            Assert.Equal(system.Groups[i].NominalTicks, windows[i] * system.Groups[i + 1].NominalTicks);
        }

        Assert.All(system.Groups, g => Assert.True(g.NominalTicks >= 1 << 20));
        Assert.Equal(10 * system.Root.NominalTicks, system.EndTick);
    }

    [Fact]
    public void Sibling_groups_divide_the_root_window_by_numbers_without_a_common_factor()
    {
        var system = Composition.Compose(WithGroups(CouplingScheme.Serial("g", "h"), new CouplingGroup("g", CouplingScheme.Serial("left"), 7), new CouplingGroup("h", CouplingScheme.Serial("right"), 9)));

        Assert.Equal(system.Root.NominalTicks, 7 * system.Groups[1].NominalTicks);
        Assert.Equal(system.Root.NominalTicks, 9 * system.Groups[2].NominalTicks);
    }

    [Theory]
    [InlineData(0.1, 0.3, 3)]
    [InlineData(0.1, 1.0, 10)]
    [InlineData(1e-15, 1e-12, 1000)]
    [InlineData(0.7, 70000.0, 100000)]
    [InlineData(1.0 / 3, 1e6, 3000000)]
    public void A_whole_number_of_windows_ends_on_the_grid(double window, double until, long windows)
    {
        var system = Composition.Compose(Sound with { Window = window, Until = until });

        Assert.Equal(windows * system.Root.NominalTicks, system.EndTick);
        Assert.Equal(windows, system.NominalWindows);
        Assert.Equal(until, system.Window(0, system.EndTick).End, until * 1e-15);
    }

    [Theory]
    [InlineData(1, 2.5, 3)]
    [InlineData(1, 1e9 + 0.25, 1_000_000_001)]
    public void A_last_window_that_is_cut_ends_with_the_run(double window, double until, long windows)
    {
        var system = Composition.Compose(Sound with { Window = window, Until = until });

        Assert.Equal(until, system.Window(0, system.EndTick).End, until * 1e-15);
        Assert.Equal(windows, system.NominalWindows);
    }

    [Fact]
    public void A_conduit_belongs_to_the_innermost_group_of_both_its_ends()
    {
        var system = Composition.Compose(Sound with
        {
            Participants = [.. Sound.Participants, Mixer.Participant("third", OneInOneOut), Mixer.Participant("fourth", OneInOneOut)],
            Conduits = [.. Sound.Conduits, new("fourth.temperature", "third.heat"), new("left.temperature", "fourth.heat")],
            Scheme = CouplingScheme.Serial("outer", "fourth"),
            Groups = [new CouplingGroup("outer", CouplingScheme.Serial("inner", "third")), new CouplingGroup("inner", CouplingScheme.Serial("left", "right"))],
        });

        Assert.Equal(["inner", "inner", "root", "root"], system.Conduits.Select(c => system.Groups[c.Group].Spec.Name));
        Assert.Equal([false, true, true, false], system.Conduits.Select(c => c.IsBackward));
    }
}

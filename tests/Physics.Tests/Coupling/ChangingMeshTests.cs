using System.Collections.Immutable;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Mapping;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Tests.Coupling;

/// <summary>Meshes that change between windows: in serial, parallel, iterated and nested groups, and across a snapshot.</summary>
public sealed class ChangingMeshTests
{
    private static readonly Quantity _temperature = new("T", Unit.Parse("K"), Nature.Intensive, TimeMeaning.Instant);
    private static readonly Quantity _force = new("F", Unit.Parse("N"), Nature.Extensive, TimeMeaning.Instant);

    // Points on [0, 1]; their number and places depend on the window that begins.
    private static PointCloud Mesh(int points, double shift)
    {
        var x = new double[points];
        for (var i = 0; i < points; i++)
        {
            x[i] = (i + shift) / points;
        }

        var line = PointCloud.OnLine(x);
        return new PointCloud(line.Coordinates.ToArray(), new Connectivity { Edges = [.. Enumerable.Range(0, points - 1).SelectMany(i => new[] { i, i + 1 })] });
    }

    /// <summary>
    /// Writes T = 1 + 2x + t and forces that sum to 1 + t on a mesh that changes at the end of every window; hears the same of its peer and
    /// keeps the greatest error. The change depends on how many windows it made, which is state.
    /// </summary>
    private sealed class Moving(int least, bool failsOnce) : IScaleModel
    {
        private static readonly Port<double> _t = Port.Out<double>("t", _temperature);
        private static readonly Port<double> _f = Port.Out<double>("f", _force);
        private static readonly Port<double> _heardT = Port.In<double>("heard-t", _temperature);
        private static readonly Port<double> _heardF = Port.In<double>("heard-f", _force);
        private static readonly Port<double> _errorT = Port.Out<double>("error-t", _temperature);
        private static readonly Port<double> _errorF = Port.Out<double>("error-f", _force);
        private static readonly Port<double> _points = Port.Out<double>("points", Quantities.Number);

        private PointCloud _mesh = Mesh(least, 0.5);
        private long _windows;
        private double _worstT;
        private double _worstF;
        private bool _hasFailed = !failsOnce;

        public ModelDescription Description { get; } = new(
            new(_t, least, Mesh(least, 0.5)), new(_f, least, Mesh(least, 0.5)), new(_heardT, least, Mesh(least, 0.5)), new(_heardF, least, Mesh(least, 0.5)),
            new(_errorT, 1), new(_errorF, 1), new(_points, 1));

        public void Initialize(PortWriter outputs) => Write(outputs, 0);

        public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
        {
            var window = context.Window;
            foreach (var time in new[] { window.Start + (0.5 * window.Length), window.End })
            {
                var heard = inputs.Read(_heardT, time);
                Assert.Equal(_mesh.Count, heard.Length);
                Assert.Equal(_mesh.Count, inputs.Layouts[2].Points);
                for (var i = 0; i < heard.Length; i++)
                {
                    // The peer's mesh ends somewhere short of 0 and 1; nearest projection holds the end values there.
                    var x = Math.Clamp(_mesh.Coordinates[3 * i], 0.2, 0.8);
                    _worstT = x == _mesh.Coordinates[3 * i] ? Math.Max(_worstT, Math.Abs(heard[i] - (1 + (2 * x)))) : _worstT;
                }

                var sum = 0.0;
                foreach (var force in inputs.Read(_heardF, time))
                {
                    sum += force;
                }

                _worstF = Math.Max(_worstF, Math.Abs(sum - 1));
                Write(outputs, time);
            }

            _windows++;
            var next = Mesh(least + (int)(_windows % 4), 0.3 + (0.1 * (_windows % 3)));
            Fill(outputs.ChangeMesh(_t, next), next);
            outputs.ChangeMesh(_f, next).Fill(1.0 / next.Count);
            outputs.ChangeInputMesh(_heardT, next);
            outputs.ChangeInputMesh(_heardF, next);
            _mesh = next;
            if (!_hasFailed && window.Start > 2)
            {
                _hasFailed = true;
                throw new ScaleModelException("once");
            }
        }

        public void Archive(StateArchive archive)
        {
            archive.Points("mesh", ref _mesh);
            archive.Value("windows", ref _windows);
            archive.Value("worst-t", ref _worstT);
            archive.Value("worst-f", ref _worstF);
        }

        private static void Fill(Span<double> values, PointCloud mesh)
        {
            for (var i = 0; i < values.Length; i++)
            {
                values[i] = 1 + (2 * mesh.Coordinates[3 * i]);
            }
        }

        private void Write(PortWriter outputs, double time)
        {
            Fill(outputs.Write(_t, time), _mesh);
            outputs.Write(_f, time).Fill(1.0 / _mesh.Count);
            outputs.Write(_errorT, time, _worstT);
            outputs.Write(_errorF, time, _worstF);
            outputs.Write(_points, time, _mesh.Count);
        }

        public static Participant Participant(string name, int least, bool failsOnce = false) =>
            Physics.Coupling.Participant.Of(name, new ModelEntry("moving", "a mesh that moves", _ => new Moving(least, failsOnce)));
    }

    internal static Experiment Pair(CouplingScheme scheme, bool failsOnce = false) => new()
    {
        Name = "moving",
        Until = 8,
        Window = 1,
        Participants = [Moving.Participant("a", 20), Moving.Participant("b", 27, failsOnce)],
        Conduits = [.. new[] { ("a", "b"), ("b", "a") }.SelectMany(w => new[]
        {
            new Conduit($"{w.Item1}.t", $"{w.Item2}.heard-t") { Mapping = new MappingSpec { Method = MappingMethod.NearestProjection } },
            new Conduit($"{w.Item1}.f", $"{w.Item2}.heard-f") { Mapping = new MappingSpec { Method = MappingMethod.NearestProjection } },
        })],
        Scheme = scheme,
        Halvings = 2,
        SnapshotEvery = 3,
    };

    internal static CouplingScheme SchemeOf(string kind) => kind switch
    {
        "serial" => CouplingScheme.Serial("a", "b"),
        "parallel" => CouplingScheme.Parallel("a", "b"),
        "serial-implicit" => CouplingScheme.Serial("a", "b").Iterated(4, new ConvergenceCriterion("a.heard-t", ResidualMeasure.Relative, 1e-9)),
        _ => CouplingScheme.Parallel("a", "b").Iterated(4, new ConvergenceCriterion("a.heard-t", ResidualMeasure.Relative, 1e-9)).Relaxed(0.5),
    };

    [Theory]
    [InlineData("serial")]
    [InlineData("parallel")]
    [InlineData("serial-implicit")]
    [InlineData("parallel-implicit")]
    public void Fields_on_moving_meshes_are_mapped_anew_in_every_window_of_every_scheme(string kind)
    {
        var system = Composition.Compose(Pair(SchemeOf(kind)));

        var run = SerialTrace.Run(system);

        Assert.True(run.Result.Outcome == RunOutcome.Completed, run.Result.Reason);
        foreach (var name in new[] { "a", "b" })
        {
            // A linear field is mapped without error, and sums are kept.
            Assert.InRange(run.Result.Metrics[$"{name}.error-t"], 0, 1e-13);
            Assert.InRange(run.Result.Metrics[$"{name}.error-f"], 0, 1e-14);
        }

        Assert.NotEqual(20, run.Result.Metrics["a.points"]);
    }

    [Theory]
    [InlineData("serial")]
    [InlineData("parallel-implicit")]
    public void A_run_resumed_after_meshes_have_changed_goes_on_as_if_it_had_never_paused(string kind)
    {
        var whole = SerialTrace.Run(Composition.Compose(Pair(SchemeOf(kind))));
        Assert.True(whole.Snapshots.Length > 1);
        foreach (var snapshot in whole.Snapshots)
        {
            var resumed = SerialTrace.Run(Composition.Compose(Pair(SchemeOf(kind))), snapshot);
            Assert.Equal(whole.Result.FinalHash, resumed.Result.FinalHash);
        }
    }

    [Fact]
    public void A_window_that_is_repeated_forgets_the_change_of_mesh()
    {
        var run = SerialTrace.Run(Composition.Compose(Pair(SchemeOf("serial"), failsOnce: true)));

        Assert.True(run.Result.Outcome == RunOutcome.Completed, run.Result.Reason);
        Assert.True(run.Trace.Records.Any(r => r.Attempts > 0));
        Assert.InRange(run.Result.Metrics["b.error-t"], 0, 1e-13);
    }

    [Fact]
    public void A_mesh_inside_a_nested_group_changes_with_the_windows_of_that_group()
    {
        var watcher = Mixer.Participant("watcher", new MixerSpec { Inputs = [new("in", TimeMeaning.Instant)], Outputs = [new("out", TimeMeaning.Instant)] });
        var experiment = Pair(CouplingScheme.Serial("inner", "watcher"));
        experiment = experiment with
        {
            Participants = experiment.Participants.Add(watcher),
            Conduits = experiment.Conduits.Add(new Conduit("a.points", "watcher.in")),
            Groups = [new CouplingGroup("inner", CouplingScheme.Serial("a", "b"), 4)],
        };

        var run = SerialTrace.Run(Composition.Compose(experiment));

        Assert.True(run.Result.Outcome == RunOutcome.Completed, run.Result.Reason);
        Assert.InRange(run.Result.Metrics["a.error-t"], 0, 1e-13);
    }

    [Fact]
    public void A_change_in_the_middle_of_the_window_in_which_others_see_the_mesh_is_refused_with_a_sentence()
    {
        var experiment = Pair(CouplingScheme.Serial("inner", "b")) with { Groups = [new CouplingGroup("inner", CouplingScheme.Serial("a"), 2)], Halvings = 0 };

        var run = SerialTrace.Run(Composition.Compose(experiment));

        Assert.Equal(RunOutcome.Failed, run.Result.Outcome);
        Assert.Contains("in the middle of a window of the group 'root'", run.Result.Reason, StringComparison.Ordinal);
    }
}

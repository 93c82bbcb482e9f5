using System.Collections.Immutable;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Tests.Coupling;

/// <summary>What watches make of the values on a mesh: linear fields exactly, on every kind of cell, also when the mesh moves.</summary>
public sealed class WatchTests
{
    private static readonly Quantity _temperature = new("T", Unit.Parse("K"));
    private static readonly Quantity _force = new("F", Unit.Parse("N"), Nature.Extensive);
    private static readonly Port<Vec3> _t = Port.Out<Vec3>("t", _temperature);

    // f = (1 + x + 2y + 3z + t, x, −1), whose integrals over boxes are known.
    private static Vec3 Field(ReadOnlySpan<double> place, double time) => new(1 + place[0] + (2 * place[1]) + (3 * place[2]) + time, place[0], -1);

    /// <summary>Writes the field on its mesh, which is stretched by the factor 2 once the time 1 is passed.</summary>
    private sealed class Body(PointCloud start, bool stretches = false) : IScaleModel
    {
        private PointCloud? _changed;

        private PointCloud Mesh => _changed ?? start;

        public ModelDescription Description => new(new PortLayout(_t, start.Count, start));

        public void Initialize(PortWriter outputs) => Write(outputs, 0);

        public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
        {
            Write(outputs, context.Window.End);
            if (stretches && context.Window.End == 1)
            {
                _changed = new PointCloud([.. start.Coordinates.ToArray().Select(x => 2 * x)], start.Connectivity);
                outputs.ChangeMesh(_t, _changed);
            }
        }

        public void Archive(StateArchive archive)
        {
            _ = archive.Version(1);
            var mesh = Mesh;
            archive.Points("mesh", ref mesh);
            _changed = mesh;
        }

        private void Write(PortWriter outputs, double time)
        {
            // After a change of mesh the window that follows is the first on it.
            var values = outputs.Write(_t, time);
            for (var i = 0; i < Mesh.Count; i++)
            {
                values[i] = Field(Mesh.Coordinates.Slice(3 * i, 3), time);
            }
        }
    }

    private static PointCloud Cloud(Connectivity? mesh, params double[][] points) => new([.. points.SelectMany(p => p)], mesh);

    // The box [0, 2] × [0, 1] (× [0, 1]); every mesh with the integral of (x, y, z) over it.
    public static TheoryData<string> Meshes => ["edges", "triangles", "quadrilaterals", "tetrahedra", "hexahedra"];

    private static (PointCloud Mesh, double Size, Vec3 Center) MeshOf(string kind)
    {
        double[][] square = [[0, 0, 0], [2, 0, 0], [2, 1, 0], [0, 1, 0]];
        double[][] cube = [.. square, .. square.Select(p => new[] { p[0], p[1], 1 })];
        return kind switch
        {
            "edges" => (Cloud(new() { Edges = [0, 1, 1, 2] }, [0, 0, 0], [0.5, 0, 0], [2, 0, 0]), 2, new(1, 0, 0)),
            "triangles" => (Cloud(new() { Triangles = [0, 1, 2, 0, 2, 3] }, square), 2, new(1, 0.5, 0)),
            "quadrilaterals" => (Cloud(new() { Quadrilaterals = [0, 1, 2, 3] }, square), 2, new(1, 0.5, 0)),
            "tetrahedra" => (Cloud(new() { Tetrahedra = [0, 1, 3, 4, 1, 2, 3, 6, 1, 4, 5, 6, 3, 4, 6, 7, 1, 3, 4, 6] }, cube), 2, new(1, 0.5, 0.5)),
            _ => (Cloud(new() { Hexahedra = [0, 1, 2, 3, 4, 5, 6, 7] }, cube), 2, new(1, 0.5, 0.5)),
        };
    }

    private static Experiment Of(IScaleModel model, params Watch[] watches) => new()
    {
        Name = "watched",
        Until = 2,
        Window = 0.5,
        Participants = [Participant.Of("body", new ModelEntry("body", "", _ => model))],
        Conduits = [],
        Scheme = CouplingScheme.Serial("body"),
        Watches = [.. watches],
    };

    private static ImmutableSortedDictionary<string, double> Run(Experiment experiment) => new SerialRunner(Composition.Compose(experiment)).Run().Metrics;

    private static void AssertIs(Vec3 expected, ImmutableSortedDictionary<string, double> metrics, string watch)
    {
        for (var c = 0; c < 3; c++)
        {
            Assert.Equal(expected[c], metrics[$"watch.{watch}.{c}"], 13);
        }
    }

    [Theory]
    [MemberData(nameof(Meshes))]
    public void Linear_fields_are_watched_exactly(string kind)
    {
        var (mesh, size, center) = MeshOf(kind);
        var at = kind == "edges" ? new Vec3(1.3, 0, 0) : kind is "triangles" or "quadrilaterals" ? new Vec3(1.3, 0.4, 0) : new Vec3(1.3, 0.4, 0.2);
        var metrics = Run(Of(new Body(mesh),
            new Watch("place", "body.t", WatchKind.Value) { At = at },
            new Watch("integral", "body.t", WatchKind.Integral),
            new Watch("mean", "body.t", WatchKind.Mean),
            new Watch("sum", "body.t", WatchKind.Sum),
            new Watch("least", "body.t", WatchKind.Least),
            new Watch("greatest", "body.t", WatchKind.Greatest)));
        AssertIs(Field([at.X, at.Y, at.Z], 2), metrics, "place");
        AssertIs(size * Field([center.X, center.Y, center.Z], 2), metrics, "integral");
        AssertIs(Field([center.X, center.Y, center.Z], 2), metrics, "mean");
        var values = Enumerable.Range(0, mesh.Count).Select(i => Field(mesh.Coordinates.Slice(3 * i, 3), 2)).ToList();
        AssertIs(new(values.Sum(v => v.X), values.Sum(v => v.Y), values.Sum(v => v.Z)), metrics, "sum");
        AssertIs(new(values.Min(v => v.X), values.Min(v => v.Y), values.Min(v => v.Z)), metrics, "least");
        AssertIs(new(values.Max(v => v.X), values.Max(v => v.Y), values.Max(v => v.Z)), metrics, "greatest");
    }

    [Theory]
    [MemberData(nameof(Meshes))]
    public void A_watch_follows_its_mesh(string kind)
    {
        var (mesh, size, center) = MeshOf(kind);
        var dimension = kind == "edges" ? 1 : kind is "triangles" or "quadrilaterals" ? 2 : 3;
        var metrics = Run(Of(new Body(mesh, stretches: true),
            new Watch("place", "body.t", WatchKind.Value) { At = new(3.2, 0, 0) },
            new Watch("integral", "body.t", WatchKind.Integral)));
        AssertIs(Field([3.2, 0, 0], 2), metrics, "place");
        AssertIs(size * Math.Pow(2, dimension) * Field([2 * center.X, 2 * center.Y, 2 * center.Z], 2), metrics, "integral");
    }

    [Fact]
    public void Points_without_a_mesh_have_a_nearest_one_and_an_arithmetic_mean()
    {
        var cloud = Cloud(null, [0, 0, 0], [1, 0, 0], [4, 0, 0]);
        var metrics = Run(Of(new Body(cloud),
            new Watch("place", "body.t", WatchKind.Value) { At = new(1.4, 3, 0) },
            new Watch("mean", "body.t", WatchKind.Mean)));
        AssertIs(Field([1, 0, 0], 2), metrics, "place");
        AssertIs(Field([5.0 / 3, 0, 0], 2), metrics, "mean");
    }

    [Fact]
    public void Watching_changes_no_bit()
    {
        var (mesh, _, _) = MeshOf("hexahedra");
        string HashOf(params Watch[] watches) => new SerialRunner(Composition.Compose(Of(new Body(mesh), watches))).Run().FinalHash;
        Assert.Equal(HashOf(), HashOf(new Watch("integral", "body.t", WatchKind.Integral)));
    }

    [Fact]
    public void A_limit_may_be_set_on_a_watch()
    {
        var (mesh, _, _) = MeshOf("edges");
        var experiment = Of(new Body(mesh), new Watch("greatest", "body.t", WatchKind.Greatest)) with { Limits = [new ConservationLimit("watch.greatest.0", 4.2)] };
        var result = new SerialRunner(Composition.Compose(experiment)).Run();
        Assert.Equal(RunOutcome.LimitBroken, result.Outcome);       // 3 + t passes 4.2 in the window that ends at 1.5.
        Assert.Equal(2, result.Windows);
    }

    [Fact]
    public void A_limit_on_a_watch_that_is_no_number_any_more_ends_the_run()
    {
        var huge = Cloud(null, [0, 0, 0], [1, 0, 0]);
        var experiment = Of(new Huge(huge), new Watch("sum", "body.t", WatchKind.Sum)) with { Limits = [new ConservationLimit("watch.sum", double.MaxValue)] };
        var result = new SerialRunner(Composition.Compose(experiment)).Run();
        Assert.Equal(RunOutcome.LimitBroken, result.Outcome);
        Assert.Contains("watch.sum", result.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain("watch.sum", result.Metrics.Keys);
    }

    // Two numbers whose sum is none.
    private sealed class Huge(PointCloud mesh) : IScaleModel
    {
        private static readonly Port<double> _huge = Port.Out<double>("t", _force);

        public ModelDescription Description => new(new PortLayout(_huge, mesh.Count, mesh));

        public void Initialize(PortWriter outputs) => outputs.Write(_huge, 0).Fill(1);

        public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs) => outputs.Write(_huge, context.Window.End).Fill(context.Window.End > 1 ? double.MaxValue : 1);

        public void Archive(StateArchive archive) => _ = archive.Version(1);
    }

    public static TheoryData<string, string> Wrong => new()
    {
        { "no such port", "there is no participant 'bady'. Did you mean 'body'?" },
        { "many points", "has 3 points; give the place 'at' of the value" },
        { "place of an integral", "A place has a value. Leave out 'at', or 'take'." },
        { "no mesh", "has no mesh to integrate over" },
        { "extensive", "Take the sum." },
        { "twice", "and each name once" },
        { "name", "cannot name a watch" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void What_is_wrong_with_a_watch_is_said_before_the_run(string what, string said)
    {
        var (mesh, _, _) = MeshOf("edges");
        var bare = Cloud(null, [0, 0, 0], [1, 0, 0]);
        var sum = new Watch("a", "body.t", WatchKind.Sum);
        var experiment = what switch
        {
            "no such port" => Of(new Body(mesh), sum with { Port = "bady.t" }),
            "many points" => Of(new Body(mesh), sum with { Kind = WatchKind.Value }),
            "place of an integral" => Of(new Body(mesh), sum with { Kind = WatchKind.Integral, At = Vec3.Zero }),
            "no mesh" => Of(new Body(bare), sum with { Kind = WatchKind.Integral }),
            "extensive" => Of(new Pushing(mesh), sum with { Kind = WatchKind.Integral }),
            "twice" => Of(new Body(mesh), sum, sum),
            _ => Of(new Body(mesh), sum with { Name = "A b" }),
        };
        var fault = Assert.Throws<ExperimentException>(() => Composition.Compose(experiment));
        Assert.Contains(said, fault.Message, StringComparison.Ordinal);
    }

    private sealed class Pushing(PointCloud mesh) : IScaleModel
    {
        public ModelDescription Description { get; } = new(new PortLayout(Port.Out<double>("t", _force), mesh.Count, mesh));

        public void Initialize(PortWriter outputs) => throw new NotSupportedException();

        public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs) => throw new NotSupportedException();

        public void Archive(StateArchive archive) => throw new NotSupportedException();
    }
}

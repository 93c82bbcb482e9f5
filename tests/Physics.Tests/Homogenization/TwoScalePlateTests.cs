using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Materials;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Homogenization;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Tests.Homogenization;

/// <summary>Two scales whose volume elements are participants, beside the same body with the volume element for its law.</summary>
public sealed class TwoScalePlateTests
{
    private const double Speed = 0.006;

    private static Experiment Plate(params (string Key, object Value)[] ofElements) => new()
    {
        Name = "plate",
        Until = 2,
        Window = 1,
        Participants =
        [
            Participant.Of("plate", TwoScalePlateModel.Entry, ("radial", 1L), ("around", 2L), ("speed", Speed)),
            Participant.Of("rve", VolumeElementModel.Entry, ofElements) with { Count = 8 },
        ],
        Conduits =
        [
            new("plate.strain[*]", "rve[*].strain"), new("rve[*].stress", "plate.stress[*]"),
            new("rve[*].tangent", "plate.tangent[*]"), new("rve[*].answered-strain", "plate.answered-strain[*]"),
        ],
        Scheme = CouplingScheme.Serial("plate", "rve").Iterated(30, new ConvergenceCriterion("plate.stress[*]", ResidualMeasure.Relative, 1e-9)),
    };

    // The force on the right edge at the end of each step: Newton's method on the plate, with a volume element at each point within.
    private static double ForceOfOneBody(int steps)
    {
        static bool IsFiber(Vec3 x) => (x - new Vec3(0.5, 0.5, 0)).Norm < 0.35;
        var mesh = StructuredMesh.Rectangle(1, 1, 4, 4).WithRegion("fiber", IsFiber).WithRegion("metal", x => !IsFiber(x));
        var element = new RepresentativeVolumeElement(mesh, 1, Phases.ByRegion<IConstitutiveLaw>(
            mesh, ("fiber", new ElasticLaw(Tangent6.Isotropic(400e9, 0.2))), ("metal", new J2Plasticity(70e9, 0.3, 200e6, 3e9))));
        var basis = Basis.Vector(StructuredMesh.PlateWithHole(1, 3, 1, 2), degree: 2, quadratureDegree: 2);
        var (u, state, force) = (new double[basis.DofCount], SolidBody.InitialState(basis, element), 0.0);
        for (var step = 1; step <= steps; step++)
        {
            SystemResponse? last = null;
            u = Newton.Solve(u, TwoScalePlateModel.Held(basis, Speed * step), v => last = SolidBody.Respond(basis, element, v, state), (a, y) => FactorOrIterate.Factored(a)(y)).Solution;
            (state, force) = (last!.State, basis.NodesOn("right").Sum(n => last.Force[basis.Dof(n)]));
        }

        return force;
    }

    [Fact]
    public void Volume_elements_that_are_participants_give_the_force_of_one_body_that_has_them_for_its_law_however_many_periods_they_have()
    {
        var (elastic, whole) = (2 * ForceOfOneBody(1), ForceOfOneBody(2));
        Assert.True(whole < 0.98 * elastic, "The metal yields.");
        foreach (var most in new[] { 1L, 2L })
        {
            var run = new SerialRunner(Composition.Compose(Plate(("cells", 4L), ("most-periods", most)))).Run();
            Assert.True(run.Outcome == RunOutcome.Completed, run.Reason);
            Assert.Equal(whole, run.Metrics["plate.force"], 1e-7 * whole);
        }
    }

    [Fact]
    public void Members_draw_their_numbers_of_periods_and_all_numbers_occur()
    {
        int PeriodsOf(int member)
        {
            var settings = new ModelSettings("rve", VolumeElementModel.Entry, [new("cells", 3L), new("most-periods", 3L)]).WithEnsembleIndex(member);
            var model = VolumeElementModel.Entry.Create(settings);
            var bytes = StateArchive.Save(model.Archive).Length;
            return bytes;
        }

        // The state is as long as the mesh is large.
        var lengths = Enumerable.Range(0, 60).Select(PeriodsOf).ToList();
        Assert.Equal(3, lengths.Distinct().Count());
        Assert.Equal(lengths, Enumerable.Range(0, 60).Select(PeriodsOf));
        Assert.All(lengths.GroupBy(length => length), of => Assert.InRange(of.Count(), 8, 35));
    }

    [Theory]
    [InlineData("rve", "The region 'fiber' has no cell")]
    [InlineData("periods", "'most-periods' is 1; it is at least 'periods', which is 2")]
    [InlineData("plate", "'half' is 1 m; it is more than 'radius', which is 1 m")]
    public void What_cannot_be_made_is_told(string what, string says)
    {
        Func<object> make = what switch
        {
            "rve" => () => VolumeElementModel.Entry.Create(new ModelSettings("rve", VolumeElementModel.Entry, [new("cells", 2L)])),
            "periods" => () => VolumeElementModel.Entry.Create(new ModelSettings("rve", VolumeElementModel.Entry, [new("periods", 2L)])),
            _ => () => TwoScalePlateModel.Entry.Create(new ModelSettings("plate", TwoScalePlateModel.Entry, [new("half", 1.0), new("speed", 0.0)])),
        };
        Assert.Contains(says, Assert.Throws<ScaleModelException>(make).Message, StringComparison.Ordinal);
    }
}

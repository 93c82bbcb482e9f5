using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Materials;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using Snippets;

namespace ActorMultiscale.Tests.Documentation;

/// <summary>The examples of the guide to homogenization.</summary>
public sealed class CompositeTests
{
    private static double[] Solve(Physics.Numerics.CsrMatrix a, double[] y)
    {
        var x = new double[y.Length];
        Physics.Numerics.Sparse.SparseLdl.PositiveDefinite(a).Solve(y, x);
        return x;
    }

    // Stiffer than the metal alone, softer than a plate that does not yield.
    [Fact]
    public void The_plate_with_fibers_yields_at_a_higher_force_than_the_metal()
    {
        double Alone(IConstitutiveLaw law)
        {
            var basis = Basis.Vector(StructuredMesh.PlateWithHole(1, 3, 3, 4), 2, 2);
            var (state, force) = (SolidBody.InitialState(basis, law), Array.Empty<double>());
            _ = Newton.Solve(new double[basis.DofCount], new Constraints(basis.DofCount).Fix(basis, basis.NodesOn("left"), 0, 0).Fix(basis, basis.NodesOn("bottom"), 1, 0)
                .Fix(basis, basis.NodesOn("right"), 0, 0.02), v =>
                {
                    var response = SolidBody.Respond(basis, law, v, state);
                    force = response.Force;
                    return response;
                }, Solve);
            return basis.NodesOn("right").Sum(n => force[basis.Dof(n, 0)]);
        }

        var found = Composite.ForceOnPlate(4, Solve);

        // What two-scale-plate.conf expects of the same elements as participants, in GN/m.
        Assert.Equal(0.9828087244, found, 1e-9);
        Assert.InRange(found, 1.05 * Alone(new J2Plasticity(70, 0.3, 0.2, 3)), 0.95 * Alone(new ElasticLaw(Composite.Fiber(4).EffectiveStiffness())));
    }

    [Fact]
    public void The_fiber_makes_the_metal_stiffer()
    {
        var c = Composite.Fiber(16).EffectiveStiffness();
        Assert.InRange(c[0, 0], 1.2 * Tangent6.Isotropic(70, 0.3)[0, 0], 0.8 * Tangent6.Isotropic(400, 0.2)[0, 0]);
        Assert.Equal(c[0, 0], c[1, 1], 1e-9);
    }
}

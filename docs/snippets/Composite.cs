using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Materials;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Homogenization;
using ActorMultiscale.Physics.Numerics;

namespace Snippets;

/// <summary>Materials with structure by example.</summary>
public static class Composite
{
    #region element
    /// <summary>A square of metal about a stiff fiber.</summary>
    public static RepresentativeVolumeElement Fiber(int n)
    {
        static bool IsFiber(Vec3 x) => (x - new Vec3(0.5, 0.5, 0)).Norm < 0.35;
        var mesh = StructuredMesh.Rectangle(1, 1, n, n).WithRegion("fiber", IsFiber).WithRegion("metal", x => !IsFiber(x));
        var phases = Phases.ByRegion<IConstitutiveLaw>(
            mesh,
            ("fiber", new ElasticLaw(Tangent6.Isotropic(young: 400, poisson: 0.2))),
            ("metal", new J2Plasticity(young: 70, poisson: 0.3, yield: 0.2, isotropic: 3)));
        return new(mesh, degree: 1, phases, BoundaryCondition.Periodic);
    }
    #endregion

    #region twoscale
    /// <summary>A plate with a hole, of metal with fibers, pulled in two steps: the force.</summary>
    public static double ForceOnPlate(int cells, Func<CsrMatrix, double[], double[]> solve)
    {
        var basis = Basis.Vector(StructuredMesh.PlateWithHole(radius: 1, half: 3, radial: 3, around: 4), degree: 2, quadratureDegree: 2);
        IConstitutiveLaw law = Fiber(cells);
        var (u, state, force) = (new double[basis.DofCount], SolidBody.InitialState(basis, law), 0.0);
        foreach (var pull in new[] { 0.01, 0.02 })
        {
            var constraints = new Constraints(basis.DofCount).Fix(basis, basis.NodesOn("left"), component: 0, value: 0)
                .Fix(basis, basis.NodesOn("bottom"), component: 1, value: 0).Fix(basis, basis.NodesOn("right"), component: 0, value: pull);
            SystemResponse? last = null;
            u = Newton.Solve(u, constraints, v => last = SolidBody.Respond(basis, law, v, state), solve).Solution;
            state = last!.State;        // The step is accepted.
            force = basis.NodesOn("right").Sum(n => last.Force[basis.Dof(n, 0)]);
        }

        return force;
    }
    #endregion
}

using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Fracture;
using ActorMultiscale.Physics.Continuum.Materials;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Numerics;

namespace Snippets;

/// <summary>Interfaces that break and cracks, by example.</summary>
public static class Cracks
{
    #region glue
    /// <summary>Two blocks glued together and pulled apart in steps: the energy that the glue has used up.</summary>
    public static double Debonded(double length, int steps, Func<CsrMatrix, double[], double[]> solve)
    {
        var mesh = StructuredMesh.Rectangle(1, 2, 4, 8).WithInnerBoundary("glue", x => x.Y == 1);
        var basis = Basis.Vector(MeshCut.Along(mesh, "glue"), degree: 1);
        var glue = new CohesiveInterface(basis, "glue");
        var law = new EffectiveOpening(TractionCurve.Bilinear(stiffness: 1000, strength: 1, toughness: 0.4));
        var stiffness = Assembly.Matrix(basis, Elasticity.Stiffness(Tangent6.Isotropic(young: 20, poisson: 0.3)));
        var (u, state) = (new double[basis.DofCount], glue.InitialState(law));
        for (var n = 1; n <= steps; n++)
        {
            var constraints = new Constraints(basis.DofCount).Fix(basis, basis.NodesOn("bottom"), x => Vec3.Zero)
                .Fix(basis, basis.NodesOn("top"), x => new Vec3(0, length * n / steps, 0));
            u = Newton.Solve(u, constraints, v =>
            {
                var force = new double[v.Length];
                stiffness.Multiply(v, force);
                return glue.Respond(law, v, state).With(force, stiffness);
            }, solve).Solution;
            state = glue.Respond(law, u, state).State;
        }

        return glue.Dissipated(law, state);
    }
    #endregion

    #region ring
    /// <summary>A strip of width 1 with a crack of ½ from its left edge, under a tension of 1: its K_I.</summary>
    public static double Intensity()
    {
        // Cells grow with the distance from the tip.
        static double Graded(double s) => s * s * s;
        var mesh = StructuredMesh.Rectangle(2, 2, 24, 24).Moved(x => new(0.5 + (0.5 * Graded(x.X - 1)), 3 * Graded(x.Y - 1), 0))
            .WithInnerBoundary("crack", x => x.Y == 0 && x.X <= 0.5);
        var basis = Basis.Vector(MeshCut.Along(mesh, "crack"), degree: 2);
        var tangent = Elasticity.PlaneStress(Tangent6.Isotropic(young: 1, poisson: 0.3));
        var tension = Assembly.Vector(basis, Elasticity.Traction(x => new Vec3(0, 1, 0)), Domain.Boundary("top"));
        var u = new Constraints(basis.DofCount).Fix(basis, basis.NodesOn("bottom"), component: 1, value: 0)
            .Fix(basis.Dof(basis.NodesOn("bottom")[0], component: 0), value: 0)
            .Solve(Assembly.Matrix(basis, Elasticity.Stiffness(tangent)), tension);

        var ring = new DomainIntegral(basis, tip: new Vec3(0.5, 0, 0), ahead: new Vec3(1, 0, 0), inner: 0.1, outer: 0.4);
        return ring.IntensityFactors(u, young: 1, poisson: 0.3, isPlaneStress: true).ModeI;
    }
    #endregion
}

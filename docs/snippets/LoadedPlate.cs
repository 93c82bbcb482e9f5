#region usings
using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
#endregion

namespace Snippets;

/// <summary>Finite elements by example.</summary>
public static class LoadedPlate
{
    #region heat
    /// <summary>−Δu = 1 on the unit square with u = 0 all round: the mean of u.</summary>
    public static double MeanOfPoisson(int n)
    {
        var mesh = StructuredMesh.Rectangle(1, 1, n, n);
        var basis = Basis.Scalar(mesh, degree: 2);

        // Find u with ∫ ∇u·∇v = ∫ v for all v.
        var a = BilinearForm.Scalar(u => ScalarJet.Flux(u.Gradient));
        var l = LinearForm.Scalar(x => ScalarJet.Source(1));
        var constraints = new Constraints(basis.DofCount).Fix(basis, basis.NodesOnSurface(), component: 0, value: 0);
        var u = constraints.Solve(Assembly.Matrix(basis, a), Assembly.Vector(basis, l));

        return Assembly.Integral(basis, u, (QuadraturePoint x, ScalarJet jet) => jet.Value);
    }
    #endregion

    #region elasticity
    /// <summary>A quarter of a plate with a hole, pulled along x by a stress of 1: the stress at the top of the hole.</summary>
    public static double StressAtHole()
    {
        var mesh = StructuredMesh.PlateWithHole(radius: 1, half: 20, radial: 24, around: 24, growth: 1.15);
        var basis = Basis.Vector(mesh, degree: 2);
        var tangent = Elasticity.PlaneStress(Tangent6.Isotropic(young: 1, poisson: 0.3));

        // Find u with ∫ σ(u):ε(v) = ∫ t·v for all v; by symmetry nothing moves across the axes.
        var k = Assembly.Matrix(basis, Elasticity.Stiffness(tangent));
        var f = Assembly.Vector(basis, Elasticity.Traction(x => new Vec3(1, 0, 0)), Domain.Boundary("right"));
        var u = new Constraints(basis.DofCount)
            .Fix(basis, basis.NodesOn("left"), component: 0, value: 0)
            .Fix(basis, basis.NodesOn("bottom"), component: 1, value: 0)
            .Solve(k, f);

        new CellLocator(mesh).TryFind(new Vec3(0, 1, 0), out var cell, out var at);
        return tangent.Stress(basis.VectorAt(u, cell, at).Strain).XX;
    }
    #endregion
}

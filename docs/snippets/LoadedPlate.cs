#region usings
using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Fracture;
using ActorMultiscale.Physics.Continuum.Materials;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Continuum.Time;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Numerics;
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

    #region block
    /// <summary>A block clamped at its left face that sags under its weight: the work of the weight.</summary>
    public static double WorkOfWeight(int n, ChunkedLoop loop)
    {
        var basis = Basis.Vector(StructuredMesh.Box(new Vec3(1, 1, 1), n, n, n), degree: 1);
        var weight = Assembly.Vector(basis, Elasticity.BodyForce(x => new Vec3(0, 0, -1)), loop: loop);
        var clamped = new Constraints(basis.DofCount).Fix(basis, basis.NodesOn("left"), x => Vec3.Zero);
        var result = StaticProblem.Solve(basis, Elasticity.Stiffness(Tangent6.Isotropic(young: 1, poisson: 0.3)), weight, clamped, tolerance: 1e-8, loop);
        return FixedOrderSum.Dot(weight, result.Solution);
    }
    #endregion

    #region cooling
    /// <summary>A bar with the temperature sin πx and ends at 0, a conductivity and capacity of 1: the temperature of its middle after a time of 0.1.</summary>
    public static double CooledBar(int cells, int steps)
    {
        var basis = Basis.Scalar(StructuredMesh.Interval(1, cells), degree: 1);
        var (m, k) = (Assembly.Matrix(basis, Heat.Capacity(1)), Assembly.Matrix(basis, Heat.Conduction(1)));
        var ends = new Constraints(basis.DofCount).Fix(basis, basis.NodesOnSurface(), component: 0, value: 0);
        var cooling = new ImplicitDiffusion(m, k, load: t => new double[basis.DofCount], ends, DiffusionScheme.Bdf2, step: 0.1 / steps);
        var course = cooling.Start(basis.Interpolate(x => Math.Sin(Math.PI * x.X)));
        for (var n = 0; n < steps; n++)
        {
            course = cooling.Next(course);
        }

        return course.Value[cells / 2];
    }
    #endregion

    #region explicit
    /// <summary>A block let go after its end was pulled: the energy at the end over that at the beginning.</summary>
    public static double EnergyAfter(int steps)
    {
        var mesh = StructuredMesh.Box(new Vec3(4, 1, 1), 16, 4, 4);
        var basis = Basis.Vector(mesh, degree: 1);
        var body = new HexDynamics(mesh, young: 1, poisson: 0.3, density: 1);
        var clamped = new Constraints(basis.DofCount).Fix(basis, basis.NodesOn("left"), x => Vec3.Zero);
        var start = basis.Interpolate(x => new Vec3(0.01 * x.X, 0, 0));
        var motion = new CentralDifference(body.Mass, damping: null, (t, u, f) => body.Forces(u, f), clamped, start, new double[basis.DofCount]);
        for (var n = 0; n < steps; n++)
        {
            motion.Advance(0.5 * body.LongestStep);
        }

        return (motion.KineticEnergy + body.Energy(motion.Displacement)) / body.Energy(start);
    }
    #endregion

    #region rubber
    /// <summary>A rubber block stretched to twice its length in steps: the force.</summary>
    public static double ForceOfStretch(Func<CsrMatrix, double[], double[]> solve)
    {
        var basis = Basis.Vector(StructuredMesh.Box(new Vec3(1, 1, 1), 2, 2, 2), degree: 1);
        var rubber = new NeoHookean(young: 3, poisson: 0.3);
        var u = new double[basis.DofCount];
        for (var stretch = 0.25; stretch <= 1; stretch += 0.25)
        {
            var constraints = new Constraints(basis.DofCount).Fix(basis, basis.NodesOn("left"), x => Vec3.Zero)
                .Fix(basis, basis.NodesOn("right"), x => new Vec3(stretch, 0, 0));
            u = Newton.Solve(u, constraints, v => HyperelasticBody.Respond(basis, rubber, v), solve).Solution;
        }

        var force = HyperelasticBody.Respond(basis, rubber, u).Force;
        return basis.NodesOn("right").Sum(n => force[basis.Dof(n, 0)]);
    }
    #endregion

    #region crack
    /// <summary>A bar of 20 times the length of its cracks, held at both ends and pulled until it breaks: its strength, and the energy of its crack.</summary>
    public static (double Strength, double Energy) Break()
    {
        var mesh = StructuredMesh.Interval(2, 81);
        var material = new PhaseFieldMaterial(young: 1, poisson: 0, toughness: 1, length: 0.1, CrackDensity.AT1, EnergySplit.None);
        var bar = new PhaseFieldBody(mesh, material, intact: [0, 81]);
        var state = bar.Start();
        var strength = 0.0;
        for (var u = 0.0; state.Damage.Max() < 0.99; u += 0.04)
        {
            state = bar.Next(state, new Constraints(82).Fix(0, 0).Fix(81, u));
            strength = Math.Max(strength, state.Force[81]);
        }

        return (strength, state.SurfaceEnergy);
    }
    #endregion
}

#region usings
using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Continuum.Time;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Numerics.Sparse;
#endregion

namespace Snippets;

/// <summary>Incompressible flow by example.</summary>
public static class ViscousFlow
{
    #region channel
    /// <summary>Flow through a channel of height 1 and length 2 with a viscosity of 1: the pressure at its entry.</summary>
    public static double PressureOfChannel(int n)
    {
        var mesh = StructuredMesh.Rectangle(2, 1, 2 * n, n);
        var velocity = Basis.Vector(mesh, degree: 2);
        var pressure = Basis.Scalar(mesh, degree: 1);

        // Find u and p with ∫ ∇u:∇v − ∫ p div v = 0 for all v and −∫ q div u = 0 for all q; the right end is open.
        var a = BilinearForm.Vector(u => VectorJet.Flux(u.Gradient));
        var b = MixedForm.VectorToScalar(u => ScalarJet.Source(-u.Gradient.Trace));
        var given = new Constraints(velocity.DofCount)
            .Fix(velocity, velocity.NodesOn("left"), x => new Vec3(x.Y * (1 - x.Y), 0, 0))
            .Fix(velocity, velocity.NodesOn("bottom"), x => Vec3.Zero)
            .Fix(velocity, velocity.NodesOn("top"), x => Vec3.Zero);
        var flow = SaddleProblem.Solve(velocity, pressure, a, b, Flow.Schur(viscosity: 1), load: new double[velocity.DofCount], given);

        return flow.Pressure[pressure.NodesOn("left")[0]];
    }
    #endregion

    #region swinging
    /// <summary>A plate below a deep fluid swings by sin 2πt; density and viscosity are 1: the speed of the fluid half above it.</summary>
    public static double SpeedAbovePlate(double time, int steps)
    {
        var mesh = StructuredMesh.Rectangle(0.1, 5, 1, 50);
        var (velocity, pressure) = (Basis.Vector(mesh, degree: 2), Basis.Scalar(mesh, degree: 1));
        var flow = new IncompressibleFlow(velocity, pressure, density: 1, Flow.GradientViscosity(1));
        Constraints Given(double t) => Constraints.Join(
            new Constraints(velocity.DofCount)
                .Fix(velocity, velocity.NodesOn("bottom"), x => new Vec3(Math.Sin(2 * Math.PI * t), 0, 0))
                .Fix(velocity, velocity.NodesOn("top"), x => Vec3.Zero),
            new Constraints(pressure.DofCount));
        var motion = new ImplicitDiffusion(
            flow.Mass, flow.Stokes, load: t => new double[flow.DofCount], Given, DiffusionScheme.Bdf2, step: time / steps, SaddleProblem.Factor);
        var course = motion.Start(new double[flow.DofCount]);
        for (var n = 0; n < steps; n++)
        {
            course = motion.Next(course);
        }

        new CellLocator(mesh).TryFind(new Vec3(0, 0.5, 0), out var cell, out var at);
        return velocity.VectorAt(flow.VelocityOf(course.Value), cell, at).Value.X;
    }
    #endregion

    #region inertia
    /// <summary>The flow with given velocities all round and a pressure of 0 at the first node, by Newton's method from rest.</summary>
    public static double[] FlowWithInertia(IncompressibleFlow flow, Func<Vec3, Vec3> round)
    {
        var given = Constraints.Join(
            new Constraints(flow.Velocity.DofCount).Fix(flow.Velocity, flow.Velocity.NodesOnSurface(), round),
            new Constraints(flow.Pressure.DofCount).Fix(0, 0));
        return Newton.Solve(new double[flow.DofCount], given, x => flow.Respond(x), (matrix, right) =>
        {
            var change = new double[right.Length];
            new SparseLu(matrix).Solve(right, change);
            return change;
        }).Solution;
    }
    #endregion
}

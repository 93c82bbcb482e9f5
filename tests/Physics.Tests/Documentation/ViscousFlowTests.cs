using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using Snippets;

namespace ActorMultiscale.Tests.Documentation;

/// <summary>The examples of flow in the guide to finite elements.</summary>
public sealed class ViscousFlowTests
{
    // u = y (1 − y) asks for ∂p/∂x = −2.
    [Fact]
    public void The_pressure_drives_the_channel() => Assert.Equal(4, ViscousFlow.PressureOfChannel(4), 1e-10);

    // Stokes' second problem: u = e^{−ky} sin(ωt − ky) with k = √(ω/2ν) = √π, once the start is forgotten.
    [Fact]
    public void The_fluid_follows_the_plate()
    {
        var k = Math.Sqrt(Math.PI) * 0.5;
        Assert.Equal(Math.Exp(-k) * Math.Sin((2 * Math.PI * 6.2) - k), ViscousFlow.SpeedAbovePlate(6.2, 620), 2e-3);
    }

    // A jet on the axis of a square against a wall, u = (x, −y), is a flow with p = −½ (x² + y²): a quadratic one of the elements but for the pressure.
    [Fact]
    public void Flow_with_inertia_is_found()
    {
        var mesh = StructuredMesh.Rectangle(1, 1, 4, 4, CellShape.Triangle);
        var flow = new IncompressibleFlow(Basis.Vector(mesh, 2), Basis.Scalar(mesh, 1), 1, Flow.Viscosity(0.1));
        var x = ViscousFlow.FlowWithInertia(flow, x => new(x.X, -x.Y, 0));
        var (l2, _) = Assembly.Error(flow.Velocity, flow.VelocityOf(x), x => new VectorJet(new(x.X, -x.Y, 0), default));
        Assert.InRange(l2, 0, 5e-3);
        Assert.Equal(-1, flow.PressureOf(x)[flow.Pressure.NodesWhere(p => p.X == 1 && p.Y == 1)[0]], 0.15);
    }
}

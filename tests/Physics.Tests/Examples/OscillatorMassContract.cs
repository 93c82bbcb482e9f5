using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Examples;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Testing;

namespace ActorMultiscale.Tests.Examples;

public abstract class OscillatorMassContract(string integrator, double order) : ScaleModelContract<OscillatorMass>
{
    protected override OscillatorMass Create() =>
        (OscillatorMass)Participant.Of("mass", OscillatorMass.Entry, ("side", "right"), ("integrator", integrator)).CreateModel();

    protected override ModelEntry Entry => OscillatorMass.Entry;

    // Short against the period ⅓ s of the fast mode; long enough that order 4 stands out from the interpolation of inputs.
    protected override double WindowLength => order > 2 ? 0.05 : 0.01;

    protected override SplitWindow Split => SplitWindow.OfOrder(order);

    // The exact force of the other mass. Its value at t = 0 is the one that the mass takes its first acceleration from.
    protected override void FillInput(Port port, double time, Span<double> values) =>
        values[0] = 8 * Math.PI * Math.PI * (Math.Cos(2 * Math.PI * time) + Math.Cos(6 * Math.PI * time));
}

public sealed class NewmarkOscillatorMassTests() : OscillatorMassContract("newmark", 2);

public sealed class GeneralizedAlphaOscillatorMassTests() : OscillatorMassContract("generalized-alpha", 2);

public sealed class RungeKuttaOscillatorMassTests() : OscillatorMassContract("runge-kutta-4", 4);

using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Tests.Continuum;

/// <summary>The tensile test on finite elements.</summary>
public sealed class SolidBarTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_pulled_bar_has_the_moduli_of_its_tangent(bool diagonal)
    {
        var axes = diagonal ? Matrix3.FromRows(new Vec3(1, 1, 0).Normalized(), new Vec3(-1, 1, 0).Normalized(), new Vec3(0, 0, 1)) : Matrix3.Identity;
        var tangent = Tangent6.Cubic(167.27, 124.15, 76.45).Rotated(axes);
        var (response, stress) = SolidBar.Pull(new Vec3(0.1, 0.02, 0.03), (5, 2, 3), tangent, new SymTensor3(0.2, 0, 0, 0, 0, 0), 1e-3);

        // The stress is uniform: the discrete solution is the exact one, to the tolerance 1e-13 of the solver over the strain.
        var young = tangent.YoungsModulus(new Vec3(1, 0, 0));
        Assert.Equal(young, response.YoungsModulus, 1e-9 * young);
        Assert.Equal(tangent.PoissonsRatio(new Vec3(1, 0, 0), new Vec3(0, 1, 0)), response.PoissonsRatioY, 1e-9);
        Assert.Equal(tangent.PoissonsRatio(new Vec3(1, 0, 0), new Vec3(0, 0, 1)), response.PoissonsRatioZ, 1e-9);
        Assert.Equal(0.2 + (1e-3 * young), stress, 1e-9);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(-100)]
    [InlineData(0)]
    public void A_bar_says_that_its_tangent_is_none_of_a_solid(double c11)
    {
        var bar = Participant.Of("bar", SolidBarModel.Entry).CreateModel();
        var window = new TimeWindow(0, 1024, 1.0 / 1024);
        Waveform? Heard(PortLayout layout) =>
            layout.Port.Name == "tangent" ? new(window.Start, [new FieldSample(window.End, Tangent6.Cubic(c11, 0, c11).Entries.ToArray())], layout.Port.Quantity.Time, 0) : null;
        var reader = new PortReader(bar.Description, window, [.. bar.Description.Ports.Select(Heard)]);

        var fault = Assert.Throws<ScaleModelException>(
            () => bar.Advance(new(window, null, new Philox(1, 1), ChunkedLoop.Serial, default), reader, PortWriter.ForWindow(bar.Description, window, null)));
        Assert.StartsWith("The bar cannot be solved with the tangent that it hears: ", fault.Message, StringComparison.Ordinal);
    }
}

using ActorMultiscale.Physics.Bridging;
using ActorMultiscale.Physics.Models;
using CsCheck;

namespace ActorMultiscale.Tests.Bridging;

public sealed class BlendingFunctionTests
{
    [Theory]
    [InlineData(RampShape.Linear)]
    [InlineData(RampShape.Cubic)]
    public void Weights_sum_to_one_wherever_no_floor_lifts_them(RampShape shape)
    {
        var blending = new BlendingFunction(360, 400, 0, shape);

        Gen.Double[300, 460].Sample(x => Assert.Equal(1, blending.OfContinuum(x) + blending.OfAtoms(x), 1e-15));
    }

    [Theory]
    [InlineData(RampShape.Linear, 0.25)]
    [InlineData(RampShape.Cubic, 0.15625)]
    public void The_ramp_rises_from_zero_to_one(RampShape shape, double quarter)
    {
        var blending = new BlendingFunction(360, 400, 0.01, shape);

        Assert.Equal(0, blending.Alpha(360));
        Assert.Equal(quarter, blending.Alpha(370), 1e-15);
        Assert.Equal(0.5, blending.Alpha(380), 1e-15);
        Assert.Equal(1, blending.Alpha(400));
        Assert.Equal(0.01, blending.OfContinuum(360));
        Assert.Equal(0.01, blending.OfAtoms(400));
    }

    [Fact]
    public void An_overlap_without_length_is_refused() =>
        Assert.Contains("overlap", Assert.Throws<ScaleModelException>(() => new BlendingFunction(400, 400, 0.01, RampShape.Linear)).Message, StringComparison.Ordinal);
}

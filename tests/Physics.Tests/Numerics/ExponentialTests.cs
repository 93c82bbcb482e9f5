using System.Runtime.Intrinsics;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Tests.Numerics;

public sealed class ExponentialTests
{
    [Fact]
    public void It_is_that_of_the_library_but_for_the_last_bits()
    {
        var noise = new Philox(4, 2);
        for (var k = 0; k < 100_000; k++)
        {
            var size = (k % 3) switch { 0 => 1416.0, 1 => 40, _ => 1e-3 };
            var x = size * (noise.Uniform(k, 0, 0) - 0.5);
            var found = Exponential.Of(Vector512.Create(x))[k % 8];
            Assert.True(Math.Abs(found - Math.Exp(x)) <= 3e-16 * Math.Exp(x), $"exp({x:R}) = {found:R} instead of {Math.Exp(x):R}");
        }
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(-0.0, 1)]
    [InlineData(-1000, 0)]
    [InlineData(double.NegativeInfinity, 0)]
    [InlineData(1000, double.PositiveInfinity)]
    [InlineData(double.PositiveInfinity, double.PositiveInfinity)]
    [InlineData(double.NaN, double.NaN)]
    public void At_its_ends_it_is_what_it_should_be(double x, double expected) => Assert.Equal(expected, Exponential.Of(Vector512.Create(x))[5]);
}

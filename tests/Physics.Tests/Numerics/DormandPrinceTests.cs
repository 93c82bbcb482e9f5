using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Tests.Numerics;

public sealed class DormandPrinceTests
{
    // A pendulum swung far, y'' = −sin y: not linear, without a simple solution.
    private static void Pendulum(double time, ReadOnlySpan<double> y, Span<double> slope) => (slope[0], slope[1]) = (y[1], -Math.Sin(y[0]));

    // The twin: many equal steps of the classical method.
    private static double[] Slowly(double[] y, double from, double to, int steps, DormandPrince.Slope slope)
    {
        y = [.. y];
        double[] Slope(double t, double[] at)
        {
            var k = new double[at.Length];
            slope(t, at, k);
            return k;
        }

        static double[] Plus(double[] a, double h, double[] b) => [.. a.Zip(b, (x, z) => x + (h * z))];
        var h = (to - from) / steps;
        for (var step = 0; step < steps; step++)
        {
            var t = from + (step * h);
            var k1 = Slope(t, y);
            var k2 = Slope(t + (h / 2), Plus(y, h / 2, k1));
            var k3 = Slope(t + (h / 2), Plus(y, h / 2, k2));
            var k4 = Slope(t + h, Plus(y, h, k3));
            y = [.. y.Select((v, i) => v + (h / 6 * (k1[i] + (2 * k2[i]) + (2 * k3[i]) + k4[i])))];
        }

        return y;
    }

    [Theory]
    [InlineData(1e-6, 1e-4)]
    [InlineData(1e-9, 1e-7)]
    [InlineData(1e-12, 1e-10)]
    public void A_pendulum_swings_as_with_many_small_steps(double tolerance, double allowed)
    {
        double[] start = [2.5, 0.3];
        double[] y = [.. start];

        _ = DormandPrince.Integrate(y, 1, 9, tolerance, Pendulum);

        var twin = Slowly(start, 1, 9, 40_000, Pendulum);
        Assert.Equal(twin[0], y[0], allowed);
        Assert.Equal(twin[1], y[1], allowed);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void One_step_is_exact_for_polynomials_up_to_degree_five(int degree)
    {
        double[] y = [0];

        _ = DormandPrince.Integrate(y, 0, 1, 1e-12, (t, _, slope) => slope[0] = Math.Pow(t, degree));

        Assert.Equal(1.0 / (degree + 1), y[0], 1e-14);
    }

    // The error of a step is of order 5 in its length, hence steps ~ tolerance^(−1/5).
    [Fact]
    public void Steps_grow_with_the_fifth_root_of_the_tolerance()
    {
        static double Steps(double tolerance)
        {
            double[] y = [2.5, 0.3];
            return DormandPrince.Integrate(y, 0, 100, tolerance, Pendulum);
        }

        Assert.Equal(10, Steps(1e-11) / Steps(1e-6), 1.5);
    }

    [Fact]
    public void A_pole_is_an_error_that_says_where()
    {
        double[] y = [1];      // y' = y² has its pole at t = 1.

        var fault = Assert.Throws<ArithmeticException>(() => DormandPrince.Integrate(y, 0, 2, 1e-9, (_, at, slope) => slope[0] = at[0] * at[0]));

        Assert.Contains("t = 1", fault.Message, StringComparison.Ordinal);
    }
}

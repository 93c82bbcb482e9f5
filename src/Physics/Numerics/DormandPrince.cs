namespace ActorMultiscale.Physics.Numerics;

/// <summary>
/// The explicit Runge–Kutta pair of orders 5 and 4 of Dormand and Prince with steps chosen so that the error of each, estimated
/// from the difference of the two orders, stays below a tolerance. The solution goes on with order 5.
/// </summary>
/// <remarks>
/// After: Dormand, Prince, J. Comput. Appl. Math. 6 (1980) 19, table 2; step control: Hairer, Nørsett, Wanner, "Solving Ordinary
/// Differential Equations I", 2nd ed. (1993), section II.4. Every call begins with the whole interval as the first step it
/// tries, so that the result is a function of its arguments alone and nothing must be kept between calls.
/// </remarks>
public static class DormandPrince
{
    private const int Stages = 7;
    private const double Safety = 0.9;
    private const double LeastFactor = 0.2;
    private const double GreatestFactor = 5;

    private static readonly double[] Nodes = [0, 1.0 / 5, 3.0 / 10, 4.0 / 5, 8.0 / 9, 1, 1];

    private static readonly double[][] Weights =
    [
        [],
        [1.0 / 5],
        [3.0 / 40, 9.0 / 40],
        [44.0 / 45, -56.0 / 15, 32.0 / 9],
        [19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729],
        [9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656],
        [35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84],
    ];

    // Order 5 less order 4.
    private static readonly double[] Difference =
        [71.0 / 57600, 0, -71.0 / 16695, 71.0 / 1920, -17253.0 / 339200, 22.0 / 525, -1.0 / 40];

    /// <summary>The right-hand side of y' = f(t, y).</summary>
    /// <param name="time">t.</param>
    /// <param name="state">y.</param>
    /// <param name="slope">Where y' goes; every entry is to be written.</param>
    public delegate void Slope(double time, ReadOnlySpan<double> state, Span<double> slope);

    /// <summary>Replaces y(from) by y(to).</summary>
    /// <param name="state">y at the start; overwritten.</param>
    /// <param name="from">Start.</param>
    /// <param name="to">End, after the start.</param>
    /// <param name="tolerance">Greatest error of a step in any component yᵢ, as a part of 1 + |yᵢ|.</param>
    /// <param name="slope">The right-hand side.</param>
    /// <returns>The number of steps taken.</returns>
    /// <exception cref="ArithmeticException">The tolerance cannot be met: the right-hand side is not finite, or has a pole.</exception>
    public static int Integrate(Span<double> state, double from, double to, double tolerance, Slope slope)
    {
        ArgumentNullException.ThrowIfNull(slope);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(to, from);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(tolerance, 0);
        var size = state.Length;
        var slopes = new double[Stages * size];
        var trial = new double[size];
        var (time, step, steps) = (from, to - from, 0);
        while (true)
        {
            var isLast = time + step >= to;
            step = isLast ? to - time : step;
            var error = Step(state, trial, slopes, time, step, slope) / tolerance;
            if (error <= 1)
            {
                trial.CopyTo(state);
                steps++;
                if (isLast)
                {
                    return steps;
                }

                time += step;
            }

            // The error of a step is of order 5. A comparison with NaN is false, and the step shrinks.
            step *= error > 0 ? Math.Clamp(Safety * Math.Pow(error, -0.2), LeastFactor, GreatestFactor) : error == 0 ? GreatestFactor : LeastFactor;
            if (step <= 1e-14 * Math.Max(Math.Abs(from), Math.Abs(to)))
            {
                throw new ArithmeticException(FormattableString.Invariant(
                    $"A step of {step:g3} at t = {time:g6} still misses the tolerance {tolerance:g3}. The right-hand side is not finite or has a pole there, or the tolerance is below round-off; 1e-13 is the least that makes sense."));
            }
        }
    }

    // kᵢ = f(t + cᵢ h, y + h Σⱼ aᵢⱼ kⱼ). The seventh stage stands at the new y, and so `trial` ends as the result.
    private static double Step(ReadOnlySpan<double> state, Span<double> trial, Span<double> slopes, double time, double step, Slope slope)
    {
        var size = state.Length;
        for (var stage = 0; stage < Stages; stage++)
        {
            for (var i = 0; i < size; i++)
            {
                var sum = 0.0;
                for (var before = 0; before < stage; before++)
                {
                    sum += Weights[stage][before] * slopes[(before * size) + i];
                }

                trial[i] = state[i] + (step * sum);
            }

            slope(time + (Nodes[stage] * step), trial, slopes.Slice(stage * size, size));
        }

        var error = 0.0;
        for (var i = 0; i < size; i++)
        {
            var sum = 0.0;
            for (var stage = 0; stage < Stages; stage++)
            {
                sum += Difference[stage] * slopes[(stage * size) + i];
            }

            var part = Math.Abs(step * sum) / (1 + Math.Max(Math.Abs(state[i]), Math.Abs(trial[i])));
            error = double.IsNaN(part) ? double.NaN : Math.Max(error, part);
        }

        return error;
    }
}

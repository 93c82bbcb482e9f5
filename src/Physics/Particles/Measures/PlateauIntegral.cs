using System.Collections.Immutable;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles.Measures;

/// <summary>The time integral of a correlation function, read where it no longer grows.</summary>
/// <remarks>
/// Integrals run by the trapezoidal rule, a block of the trajectory each. The plateau is the first [W, 2W] on which the running integral nowhere
/// differs from its value at W by more than twice the standard error of that difference (from the blocks), and the value is read at 2W. So the integral
/// goes on as long as the data say that it changes, and stops before noise alone is added. What a correlation that falls like e^(−t/τ) loses is
/// then small against the error given; a slow tail below the noise cannot be seen, and a longer trajectory moves the plateau out.
/// </remarks>
/// <param name="Value">The integral, with its error from the blocks.</param>
/// <param name="From">W, in the unit of time.</param>
/// <param name="To">2W, or where the integral was read.</param>
/// <param name="IsFlat">Whether a plateau was found among the lags. If not, the value is that at the longest lag, and neither it nor its error is to be trusted.</param>
/// <param name="Times">The lags.</param>
/// <param name="Running">The integral up to each of them: what to plot.</param>
public sealed record PlateauIntegral(Estimate Value, double From, double To, bool IsFlat, double[] Times, Estimate[] Running)
{
    /// <summary>The integral with a plateau that is sought.</summary>
    /// <exception cref="ScaleModelException">There are fewer than two blocks.</exception>
    public static PlateauIntegral Of(CorrelationBlocks blocks)
    {
        ArgumentNullException.ThrowIfNull(blocks);
        var (times, integrals) = (blocks.Times, Integrate(blocks));
        var running = CorrelationBlocks.Over(integrals);
        var (from, to) = (1, 1);
        for (; from < times.Length; from++)
        {
            while (to < times.Length - 1 && times[to] < 2 * times[from] * (1 - 1e-12))
            {
                to++;
            }

            if (times[to] < 2 * times[from] * (1 - 1e-12))
            {
                break;
            }

            if (Enumerable.Range(from + 1, to - from).All(i => IsZero(Estimate.OfIndependent([.. integrals.Select(c => c[i] - c[from])]))))
            {
                return new(running[to], times[from], times[to], IsFlat: true, times, running);
            }
        }

        return new(running[^1], times[^1], times[^1], IsFlat: false, times, running);
    }

    /// <summary>The integral up to the lag next to <paramref name="time"/>, whether it is flat there or not.</summary>
    /// <exception cref="ScaleModelException">There are fewer than two blocks, or the time is beyond the lags.</exception>
    public static PlateauIntegral At(CorrelationBlocks blocks, double time)
    {
        ArgumentNullException.ThrowIfNull(blocks);
        if (!(time >= 0 && time <= blocks.Times[^1] * (1 + 1e-12)))
        {
            throw new ScaleModelException(FormattableString.Invariant($"A correlation is to be integrated up to {time}, and is known from 0 to {blocks.Times[^1]}."));
        }

        var running = CorrelationBlocks.Over(Integrate(blocks));
        var at = Enumerable.Range(0, running.Length).MinBy(i => Math.Abs(blocks.Times[i] - time));
        return new(running[at], blocks.Times[at], blocks.Times[at], IsFlat: true, blocks.Times, running);
    }

    /// <summary>The integral in another unit.</summary>
    public static PlateauIntegral operator *(double factor, PlateauIntegral integral)
    {
        ArgumentNullException.ThrowIfNull(integral);
        return integral with { Value = factor * integral.Value, Running = Array.ConvertAll(integral.Running, r => factor * r) };
    }

    private static bool IsZero(Estimate difference) => Math.Abs(difference.Value) <= 2 * difference.Error;

    private static ImmutableArray<double[]> Integrate(CorrelationBlocks blocks) =>
    [
        .. blocks.Curves.Select(curve =>
        {
            var integral = new double[curve.Length];
            for (var i = 1; i < curve.Length; i++)
            {
                integral[i] = integral[i - 1] + (0.5 * (curve[i] + curve[i - 1]) * (blocks.Times[i] - blocks.Times[i - 1]));
            }

            return integral;
        }),
    ];
}

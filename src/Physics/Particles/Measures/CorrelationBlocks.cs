using System.Collections.Immutable;
using ActorMultiscale.Physics.Models;
using MathNet.Numerics.LinearRegression;

namespace ActorMultiscale.Physics.Particles.Measures;

/// <summary>One time correlation, measured in several stretches of a trajectory: what they differ by is the error.</summary>
/// <param name="Times">The lags, ascending from 0, in the unit of time.</param>
/// <param name="Curves">Of every block the correlation at all lags.</param>
public sealed record CorrelationBlocks(double[] Times, ImmutableArray<double[]> Curves)
{
    /// <summary>Mean and error at every lag.</summary>
    /// <exception cref="ScaleModelException">There are fewer than two blocks.</exception>
    public Estimate[] Mean() => Over(Curves);

    /// <summary>The diffusion coefficient from mean square displacements of <em>one</em> component: half the slope of a straight line through those at lags in a range.</summary>
    /// <remarks>⟨Δx²⟩ = 2 D t + c: after the first collisions and before the box is crossed. A straight line by least squares a block, all lags of the same weight.</remarks>
    /// <param name="from">The first lag, in the unit of time.</param>
    /// <param name="to">The last lag.</param>
    /// <exception cref="ScaleModelException">There are fewer than two blocks, or fewer than two lags in the range.</exception>
    public Estimate HalfSlope(double from, double to)
    {
        var lags = Enumerable.Range(0, Times.Length).Where(i => Times[i] >= from && Times[i] <= to).ToArray();
        if (lags.Length < 2)
        {
            throw new ScaleModelException(FormattableString.Invariant($"A slope is asked for between the lags {from} and {to}, where {lags.Length} are known; the longest is {Times[^1]}. Take a wider range or measure longer lags."));
        }

        var times = Array.ConvertAll(lags, i => Times[i]);
        return 0.5 * Estimate.OfIndependent([.. Curves.Select(c => SimpleRegression.Fit(times, Array.ConvertAll(lags, i => c[i])).B)]);
    }

    /// <summary>Mean and error of every entry of curves of the same length.</summary>
    internal static Estimate[] Over(IReadOnlyList<double[]> curves)
    {
        var estimates = new Estimate[curves.Count == 0 ? 0 : curves[0].Length];
        for (var i = 0; i < estimates.Length; i++)
        {
            estimates[i] = Estimate.OfIndependent([.. curves.Select(c => c[i])]);
        }

        return estimates;
    }
}

using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Particles.Measures;

/// <summary>The integrated autocorrelation time of a series.</summary>
/// <param name="Time">τ = ½ + Σ ρ(t), with its error, in steps of the series. Independent values have ½.</param>
/// <param name="Window">W, the lag at which the sum was cut.</param>
/// <param name="IsConverged">Whether the window closed within the series; if not, τ is a lower bound.</param>
public readonly record struct AutocorrelationTime(Estimate Time, int Window, bool IsConverged)
{
    /// <summary>How many values count as much as one independent one: 2τ. The error of the mean is √(2τ c(0) / n).</summary>
    public double Inefficiency => 2 * Time.Value;

    /// <summary>τ of a series, equally spaced in time.</summary>
    /// <remarks>
    /// The sum is cut at the smallest W ≥ c max(τ(W), 1): later terms are noise alone, and c steps are always looked at, because τ(1) of a series that
    /// swings to and fro is near zero or below. After: Sokal, "Monte Carlo methods in statistical mechanics:
    /// foundations and new algorithms" (Cargèse 1996); Madras, Sokal, J. Stat. Phys. 50 (1988) 109, for the
    /// error, $σ_τ² = 2 (2W + 1) τ² / n$. That the mean is the series' own makes τ too small by the factor 1 − (2W + 1)/n, which is
    /// undone: Wolff, Comput. Phys. Commun. 156 (2004) 143. The error is that of a long memory; of series that swing to and fro it is somewhat
    /// too small. Takes O(n W) operations.
    /// </remarks>
    /// <param name="series">The values.</param>
    /// <param name="windowFactor">c: of an exponential correlation e⁻ᶜ of τ is lost.</param>
    /// <exception cref="ScaleModelException">There are fewer than eight values, they do not change, or one is not finite.</exception>
    public static AutocorrelationTime Of(ReadOnlySpan<double> series, double windowFactor = 5)
    {
        var n = series.Length;
        if (n < 8)
        {
            throw new ScaleModelException(FormattableString.Invariant($"The series has {n} values; a correlation time needs at least 8. Measure for longer or more often."));
        }

        var mean = FixedOrderSum.Of(series) / n;
        var x = series.ToArray();
        for (var i = 0; i < n; i++)
        {
            x[i] -= mean;
        }

        var variance = FixedOrderSum.Dot(x, x) / n;
        if (!(variance > 0 && double.IsFinite(variance)))
        {
            throw new ScaleModelException(FormattableString.Invariant($"The series has the variance {variance}; a correlation time needs finite values that change."));
        }

        // τ(W) = ½ + Σ_{t ≤ W} ρ(t), ρ(t) = Σ x(s) x(s + t) / ((n − t) c(0)).
        var (time, window, converged) = (0.5, 0, false);
        while (!converged && window < n / 2)
        {
            window++;
            time += FixedOrderSum.Dot(x.AsSpan(0, n - window), x.AsSpan(window)) / ((n - window) * variance);
            converged = window >= windowFactor * Math.Max(time, 1);
        }

        time *= 1 + (((2.0 * window) + 1) / n);
        return new(new(time, Math.Abs(time) * Math.Sqrt(2 * ((2.0 * window) + 1) / n)), window, converged);
    }
}

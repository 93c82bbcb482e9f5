using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Particles.Motions;

/// <summary>Conjugate gradients: fast where the least is near and the landscape about it is a valley.</summary>
/// <remarks>
/// d = −g + β d with β = max(0, g·(g − g_before)/(g_before·g_before)) (E. Polak, G. Ribière, Rev. Fr. Inform. Rech. Opér. 3 (1969) 35; the
/// maximum after J. C. Gilbert, J. Nocedal, SIAM J. Optim. 2 (1992) 21). Along d the slope is brought to a tenth of what it was, by the secant of
/// the slopes within what encloses the least. Where energies differ by no more than rounding, slopes alone decide (W. W. Hager, H. Zhang,
/// SIAM J. Optim. 16 (2005) 170): forces can be made as small as rounding lets them be.
/// </remarks>
public sealed class PolakRibiere : Minimizer
{
    private const double Slope = 0.1;       // What of the slope may be left.
    private const double Rounding = 1e-13;  // Of an energy.
    private const int MostTrials = 30;

    internal override Minimum Run(Landscape landscape, long most, CancellationToken cancellation)
    {
        var x = landscape.Start();
        var (g, before, d, trial, slopes) = (new double[x.Length], new double[x.Length], new double[x.Length], new double[x.Length], new double[x.Length]);
        var energy = landscape.Evaluate(x, g);
        var (length, last) = (0.0, 0.0);      // Of the last move along d: Δα and the slope it began with.
        while (!landscape.IsConverged && landscape.Evaluations < most)
        {
            cancellation.ThrowIfCancellationRequested();
            var norm = FixedOrderSum.Dot(before, before);
            var beta = norm > 0 ? Math.Max(0, (FixedOrderSum.Dot(g, g) - FixedOrderSum.Dot(g, before)) / norm) : 0;
            for (var i = 0; i < d.Length; i++)
            {
                d[i] = (beta * d[i]) - g[i];
            }

            var slope = FixedOrderSum.Dot(g, d);
            if (!(slope < 0))
            {
                for (var i = 0; i < d.Length; i++)
                {
                    d[i] = -g[i];
                }

                slope = -FixedOrderSum.Dot(g, g);
            }

            var longest = 0.0;
            foreach (var entry in d)
            {
                longest = Math.Max(longest, Math.Abs(entry));
            }

            // No farther than this at once; at first as far as the last move would have had to go for the same gain.
            var far = landscape.LongestMove / longest;
            var alpha = Math.Min(far, length > 0 ? length * last / slope : 0.1 * far);
            var (low, lowSlope, high, highSlope) = (0.0, slope, double.PositiveInfinity, 0.0);
            var isFound = false;
            for (var t = 0; t < MostTrials && !isFound; t++)
            {
                for (var i = 0; i < x.Length; i++)
                {
                    trial[i] = x[i] + (alpha * d[i]);
                }

                var found = landscape.Evaluate(trial, slopes);
                var there = FixedOrderSum.Dot(slopes, d);
                var isLower = found <= energy + (Rounding * Math.Abs(energy));
                isFound = isLower && (Math.Abs(there) <= -Slope * slope || (alpha >= far && there < 0) || landscape.IsConverged);
                if (isFound)
                {
                    (length, last, energy) = (alpha, slope, found);
                    (x, trial) = (trial, x);
                    (before, g, slopes) = (g, slopes, before);
                }
                else if (isLower && there < 0)
                {
                    // Too short: where the secant of the slopes is zero, not too far beyond.
                    var next = alpha + (there < lowSlope ? double.PositiveInfinity : (alpha - low) * there / (lowSlope - there));
                    (low, lowSlope) = (alpha, there);
                    alpha = double.IsPositiveInfinity(high) ? Math.Min(far, Math.Min(next, 5 * alpha)) : Between(low, lowSlope, high, highSlope);
                }
                else
                {
                    // Too far; a slope that still falls is that of another valley and says nothing.
                    (high, highSlope) = (alpha, Math.Max(0, there));
                    alpha = Between(low, lowSlope, high, highSlope);
                }
            }

            if (!isFound)
            {
                // Nothing is left but rounding, or the direction was bad: from here on downhill once more, and then no more.
                landscape.Evaluate(x, g);
                if (length == 0)
                {
                    break;
                }

                (length, last) = (0, 0);
                Array.Clear(before);
            }
        }

        return landscape.Now;
    }

    // Where the secant of the slopes is zero; in the middle if that is not well inside.
    private static double Between(double low, double lowSlope, double high, double highSlope)
    {
        var part = highSlope > 0 ? lowSlope / (lowSlope - highSlope) : 0.5;
        return low + (Math.Clamp(part, 0.05, 0.95) * (high - low));
    }
}

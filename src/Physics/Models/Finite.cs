using System.Globalization;

namespace ActorMultiscale.Physics.Models;

/// <summary>The guard at the ports: NaN and infinity never cross one.</summary>
internal static class Finite
{
    /// <exception cref="ScaleModelException">A value is not finite.</exception>
    public static void Require(ReadOnlySpan<double> values, string port, double time)
    {
        // x − x is 0 for finite x and NaN for the others: one pass without a branch, which vectorizes.
        var sum = 0.0;
        foreach (var value in values)
        {
            sum += value - value;
        }

        if (sum == 0)
        {
            return;
        }

        for (var i = 0; i < values.Length; i++)
        {
            if (!double.IsFinite(values[i]))
            {
                throw new ScaleModelException(string.Create(CultureInfo.InvariantCulture,
                    $"The port '{port}' holds {values[i]} (number {i} of {values.Length}) at t = {time}; only finite numbers cross a port. The step is probably too long, or the state before it was already bad."));
            }
        }
    }
}

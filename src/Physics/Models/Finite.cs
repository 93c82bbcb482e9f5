using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;

namespace ActorMultiscale.Physics.Models;

/// <summary>The guard at the ports: NaN and infinity never cross one.</summary>
internal static class Finite
{
    /// <exception cref="ScaleModelException">A value is not finite.</exception>
    public static void Require(ReadOnlySpan<double> values, string port, double time)
    {
        // x − x is 0 for finite x and NaN for the others: one pass without a branch.
        var vectors = MemoryMarshal.Cast<double, Vector<double>>(values);
        var sums = Vector<double>.Zero;
        foreach (var vector in vectors)
        {
            sums += vector - vector;
        }

        var sum = Vector.Sum(sums);
        foreach (var value in values[(vectors.Length * Vector<double>.Count)..])
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

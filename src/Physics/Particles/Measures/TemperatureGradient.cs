using ActorMultiscale.Physics.Models;
using MathNet.Numerics.LinearRegression;

namespace ActorMultiscale.Physics.Particles.Measures;

/// <summary>
/// The gradient of temperature between a source and a sink of heat in a periodic box cut into bins: straight lines on both ways from the source to the sink, without the bins of source and
/// sink and those around them, where the profile is bent.
/// </summary>
/// <remarks>
/// After: Müller-Plathe, J. Chem. Phys. 106 (1997) 6082. Errors come from profiles of several stretches of the trajectory: bins of one profile are not
/// independent of each other, so that their scatter about the line says little.
/// </remarks>
public static class TemperatureGradient
{
    /// <summary>How much warmer it gets a length on the way from the sink to the source, the mean of both ways: above zero where heat flows as it should.</summary>
    /// <param name="profiles">Of each block of the trajectory, the temperature of every bin.</param>
    /// <param name="binLength">The length of a bin, across the planes that cut the box.</param>
    /// <param name="source">The bin of the source.</param>
    /// <param name="sink">The bin of the sink.</param>
    /// <param name="drop">How many bins on each side of source and sink are left out, beside these.</param>
    /// <exception cref="ScaleModelException">There are fewer than two profiles, their lengths differ, or fewer than two bins are left on a way.</exception>
    public static Estimate Between(IReadOnlyList<double[]> profiles, double binLength, int source, int sink, int drop = 1)
    {
        ArgumentNullException.ThrowIfNull(profiles);
        var bins = profiles.Count == 0 ? 0 : profiles[0].Length;
        if (profiles.Any(p => p.Length != bins) || (uint)source >= bins || (uint)sink >= bins || drop < 0 || !(binLength > 0))
        {
            throw new ScaleModelException(FormattableString.Invariant($"A gradient is asked for in {profiles.Count} profiles of {bins} bins of the length {binLength}, with the source in bin {source} and the sink in bin {sink}. All profiles must have the same bins, and source and sink must be among them."));
        }

        var up = Way(sink, source, bins, drop, 1);
        var down = Way(sink, source, bins, drop, -1);
        if (up.Length < 2 || down.Length < 2)
        {
            throw new ScaleModelException(FormattableString.Invariant($"Between the source in bin {source} and the sink in bin {sink} of {bins} there are {up.Length} and {down.Length} bins left, without {drop} on each side of both; a slope needs two. Use more bins."));
        }

        return Estimate.OfIndependent([.. profiles.Select(p => 0.5 * (Slope(p, up, binLength) + Slope(p, down, binLength)))]);
    }

    // From the sink to the source in steps of one bin, across the periodic side where it must be.
    private static int[] Way(int sink, int source, int bins, int drop, int step)
    {
        var length = (((source - sink) * step % bins) + bins) % bins;
        return [.. Enumerable.Range(1, Math.Max(length - 1, 0)).Where(i => i > drop && i < length - drop).Select(i => (((sink + (i * step)) % bins) + bins) % bins)];
    }

    // Bins of a way follow each other: the i-th is i lengths from the first.
    private static double Slope(double[] profile, int[] way, double binLength) =>
        SimpleRegression.Fit([.. way.Select((_, i) => i * binLength)], [.. way.Select(bin => profile[bin])]).B;
}

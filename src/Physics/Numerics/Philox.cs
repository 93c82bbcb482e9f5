namespace ActorMultiscale.Physics.Numerics;

/// <summary>
/// Counter-based random numbers: a pure function of key and counter, with no state to save. Restarts and thread counts cannot change them.
/// </summary>
/// <remarks>
/// Philox4x64-10 after Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC'11 (2011).
/// The key is (seed, hash of the participant's name); the counter is (start tick of the window, substep, particle, draw).
/// Neither window indices nor iterations enter, so a repeated iteration sees the same noise.
/// </remarks>
public readonly struct Philox(ulong seed, ulong stream)
{
    private const ulong MultiplierA = 0xD2E7470EE14C6C93;
    private const ulong MultiplierB = 0xCA5A826395121157;
    private const ulong WeylA = 0x9E3779B97F4A7C15;
    private const ulong WeylB = 0xBB67AE8584CAA73B;

    /// <summary>Four independent 64-bit numbers for one counter.</summary>
    public (ulong A, ulong B, ulong C, ulong D) Bits(ulong tick, ulong substep, ulong particle, ulong draw)
    {
        var (c0, c1, c2, c3) = (tick, substep, particle, draw);
        var (k0, k1) = (seed, stream);
        for (var round = 0; round < 10; round++)
        {
            var highA = Math.BigMul(MultiplierA, c0, out var lowA);
            var highB = Math.BigMul(MultiplierB, c2, out var lowB);
            (c0, c1, c2, c3) = (highB ^ c1 ^ k0, lowB, highA ^ c3 ^ k1, lowA);
            k0 += WeylA;
            k1 += WeylB;
        }

        return (c0, c1, c2, c3);
    }

    /// <summary>A uniform number in (0, 1), of 53 bits; never 0 and never 1.</summary>
    public double Uniform(long tick, long substep, long particle, long draw = 0)
    {
        var (a, _, _, _) = Bits((ulong)tick, (ulong)substep, (ulong)particle, (ulong)draw);
        return ToUnit(a);
    }

    /// <summary>Two independent standard normal numbers. Box–Muller, Ann. Math. Stat. 29 (1958) 610.</summary>
    public (double First, double Second) Normal(long tick, long substep, long particle, long draw = 0)
    {
        var (a, b, _, _) = Bits((ulong)tick, (ulong)substep, (ulong)particle, (ulong)draw);
        return BoxMuller(a, b);
    }

    /// <summary>Four independent standard normal numbers; the first two are those of <see cref="Normal"/>.</summary>
    public (double First, double Second, double Third, double Fourth) Normals(long tick, long substep, long particle, long draw = 0)
    {
        var (a, b, c, d) = Bits((ulong)tick, (ulong)substep, (ulong)particle, (ulong)draw);
        var ((first, second), (third, fourth)) = (BoxMuller(a, b), BoxMuller(c, d));
        return (first, second, third, fourth);
    }

    private static (double First, double Second) BoxMuller(ulong a, ulong b)
    {
        var radius = Math.Sqrt(-2 * Math.Log(ToUnit(a)));
        var (sine, cosine) = Math.SinCos(2 * Math.PI * ToUnit(b));
        return (radius * cosine, radius * sine);
    }

    private static double ToUnit(ulong bits) => ((bits >> 11) + 0.5) * (1.0 / (1UL << 53));
}

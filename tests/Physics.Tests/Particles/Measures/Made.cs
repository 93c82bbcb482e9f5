using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles;

namespace ActorMultiscale.Tests.Particles.Measures;

/// <summary>Series and atoms of which everything is known.</summary>
internal static class Made
{
    /// <summary>xₜ₊₁ = φ xₜ + √(1 − φ²) ξ: of variance 1 and correlation φᵗ, stationary from the start.</summary>
    public static double[] Autoregressive(double memory, int length, ulong seed, ulong stream = 0)
    {
        var (random, series, kick) = (new Philox(seed, stream), new double[length], Math.Sqrt(1 - (memory * memory)));
        for (var t = 0; t < length; t++)
        {
            var noise = random.Normal(t, 0, 0).First;
            series[t] = t == 0 ? noise : (memory * series[t - 1]) + (kick * noise);
        }

        return series;
    }

    /// <summary>Atoms anywhere in a box, and some of them several boxes away.</summary>
    public static Vec3[] Gas(SimulationBox box, int atoms, ulong seed)
    {
        var random = new Philox(seed, 1);
        double Place(int i, int k) => random.Uniform(i, k, 0) + (box.IsPeriodic(k) ? Math.Floor(5 * random.Uniform(i, k, 1)) - 2 : 0);
        return [.. Enumerable.Range(0, atoms).Select(i => box.Point(new(Place(i, 0), Place(i, 1), Place(i, 2))))];
    }

    /// <summary>A box of random shape, not far from a cube of the given size.</summary>
    public static SimulationBox Box(double size, ulong seed)
    {
        var random = new Philox(seed, 2);
        double Part(int k, double low, double high) => size * (low + ((high - low) * random.Uniform(0, 0, k)));
        return new(new(Part(0, -1, 1), Part(1, -1, 1), Part(2, -1, 1)),
            Matrix3.FromColumns(new(Part(3, 0.9, 1.3), Part(4, -0.1, 0.1), 0), new(Part(5, -0.5, 0.5), Part(6, 0.9, 1.3), Part(7, -0.1, 0.1)), new(Part(8, -0.5, 0.5), Part(9, -0.5, 0.5), Part(10, 0.9, 1.3))));
    }

    /// <summary>A periodic crystal of n³ cells with the given basis, in units of the cell's sides.</summary>
    public static (SimulationBox Box, Vec3[] Positions) Crystal(Vec3 sides, int n, params Vec3[] basis)
    {
        var box = SimulationBox.Orthogonal(n * sides.X, n * sides.Y, n * sides.Z);
        var cells = from z in Enumerable.Range(0, n) from y in Enumerable.Range(0, n) from x in Enumerable.Range(0, n) select new Vec3(x, y, z);
        return (box, [.. cells.SelectMany(c => basis, (c, b) => new Vec3((c.X + b.X) * sides.X, (c.Y + b.Y) * sides.Y, (c.Z + b.Z) * sides.Z))]);
    }

    public static (SimulationBox Box, Vec3[] Positions) Fcc(double a, int n) => Crystal(new(a, a, a), n, Vec3.Zero, new(0.5, 0.5, 0), new(0.5, 0, 0.5), new(0, 0.5, 0.5));

    public static (SimulationBox Box, Vec3[] Positions) Bcc(double a, int n) => Crystal(new(a, a, a), n, Vec3.Zero, new(0.5, 0.5, 0.5));

    /// <summary>With right angles and the ideal ratio c/a = √(8/3).</summary>
    public static (SimulationBox Box, Vec3[] Positions) Hcp(double a, int n) =>
        Crystal(new(a, a * Math.Sqrt(3), a * Math.Sqrt(8.0 / 3)), n, Vec3.Zero, new(0.5, 0.5, 0), new(0.5, 5.0 / 6, 0.5), new(0, 1.0 / 3, 0.5));

    public static Vec3[] Shaken(Vec3[] positions, double deviation, ulong seed)
    {
        var random = new Philox(seed, 3);
        return [.. positions.Select((x, i) => x + (deviation * new Vec3(random.Normal(i, 0, 0).First, random.Normal(i, 0, 0).Second, random.Normal(i, 0, 1).First)))];
    }

    /// <summary>How far a share of n independent cases may be from its expectation: four standard deviations.</summary>
    public static double Scatter(double share, int n) => 4 * Math.Sqrt(share * (1 - share) / n);
}

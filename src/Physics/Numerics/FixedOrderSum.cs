using System.Runtime.Intrinsics;

namespace ActorMultiscale.Physics.Numerics;

/// <summary>Sums whose order of additions depends on the length alone: the same bits on any number of threads and any vector width.</summary>
public static class FixedOrderSum
{
    private const int Chunk = 128;
    private const int Lanes = 8;

    /// <summary>Σ xᵢ. Chunks of 128 in order, combined pairwise.</summary>
    public static double Of(ReadOnlySpan<double> x)
    {
        if (x.Length > Chunk)
        {
            var half = Half(x.Length);
            return Of(x[..half]) + Of(x[half..]);
        }

        var sum = 0.0;
        foreach (var value in x)
        {
            sum += value;
        }

        return sum;
    }

    /// <summary>Σ xᵢ yᵢ.</summary>
    public static double Dot(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(y.Length, x.Length);
        if (x.Length > Chunk)
        {
            var half = Half(x.Length);
            return Dot(x[..half], y[..half]) + Dot(x[half..], y[half..]);
        }

        // Eight partial sums side by side: lane l sums every eighth product from l on, whatever the hardware's width.
        var lanes = Vector512<double>.Zero;
        var i = 0;
        for (; i + Lanes <= x.Length; i += Lanes)
        {
            lanes += Vector512.Create(x.Slice(i, Lanes)) * Vector512.Create(y.Slice(i, Lanes));
        }

        var sum = Add(lanes);
        for (; i < x.Length; i++)
        {
            sum += x[i] * y[i];
        }

        return sum;
    }

    /// <summary>√Σ xᵢ².</summary>
    public static double Norm(ReadOnlySpan<double> x) => Math.Sqrt(Dot(x, x));

    /// <summary>√Σ (xᵢ − yᵢ)².</summary>
    public static double Distance(ReadOnlySpan<double> x, ReadOnlySpan<double> y) => Math.Sqrt(SquaredDistance(x, y));

    private static double SquaredDistance(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(y.Length, x.Length);
        if (x.Length > Chunk)
        {
            var half = Half(x.Length);
            return SquaredDistance(x[..half], y[..half]) + SquaredDistance(x[half..], y[half..]);
        }

        var lanes = Vector512<double>.Zero;
        var i = 0;
        for (; i + Lanes <= x.Length; i += Lanes)
        {
            var differences = Vector512.Create(x.Slice(i, Lanes)) - Vector512.Create(y.Slice(i, Lanes));
            lanes += differences * differences;
        }

        var sum = Add(lanes);
        for (; i < x.Length; i++)
        {
            var difference = x[i] - y[i];
            sum += difference * difference;
        }

        return sum;
    }

    // In a fixed order; the sum of a vector as the hardware does it is in any.
    private static double Add(Vector512<double> lanes)
    {
        var sum = 0.0;
        for (var l = 0; l < Lanes; l++)
        {
            sum += lanes[l];
        }

        return sum;
    }

    // The larger half is a whole number of chunks, so that equal prefixes are summed alike.
    private static int Half(int length) => ((length / 2) + Chunk - 1) / Chunk * Chunk;
}

using System.Numerics;
using ActorMultiscale.Physics.Numerics;
using CsCheck;

namespace ActorMultiscale.Tests.Numerics;

public sealed class FixedOrderSumTests
{
    private static readonly Gen<double[]> Numbers =
        from sizes in Gen.Int[-40, 40].Array[0, 700]
        from mantissas in Gen.Double[-1, 1].Array[sizes.Length]
        select mantissas.Zip(sizes, (m, e) => Math.ScaleB(m, e)).ToArray();

    // Every double is a whole multiple of 2⁻¹⁰⁷⁴.
    private static BigInteger Exact(double x)
    {
        var bits = BitConverter.DoubleToInt64Bits(x);
        var exponent = (int)((bits >> 52) & 0x7FF);
        var mantissa = (bits & 0xFFFFFFFFFFFFF) | (exponent == 0 ? 0 : 1L << 52);
        return (bits < 0 ? -1 : 1) * (new BigInteger(mantissa) << Math.Max(0, exponent - 1));
    }

    private static double Value(BigInteger units) => (double)(units >> 900) * Math.Pow(2, 900 - 1074);

    [Fact]
    public void A_sum_is_within_round_off_of_the_exact_one() => Numbers.Sample(x =>
    {
        var exact = x.Aggregate(BigInteger.Zero, (sum, value) => sum + Exact(value));
        var magnitude = x.Sum(Math.Abs);

        // At most 128 additions in a chunk and 3 levels of pairs, each off by half a unit in the last place.
        Assert.Equal(Value(exact), FixedOrderSum.Of(x), (131 * Math.Pow(2, -53) * magnitude) + 1e-50);
    });

    [Fact]
    public void Whole_numbers_are_summed_exactly() => Gen.Int[-1_000_000, 1_000_000].Array[0, 2000].Sample(x =>
    {
        double[] y = [.. x.Select(i => (double)i)];

        Assert.Equal(x.Sum(i => (long)i), FixedOrderSum.Of(y));
        Assert.Equal(x.Sum(i => (long)i * i), FixedOrderSum.Dot(y, y));
        Assert.Equal(Math.Sqrt(x.Sum(i => 4L * i * i)), FixedOrderSum.Distance(y, [.. y.Select(v => -v)]));
    });

    [Fact]
    public void A_long_sum_loses_far_less_than_one_addition_after_the_other()
    {
        double[] tenths = [.. Enumerable.Repeat(0.1, 1_000_000)];
        var naive = tenths.Aggregate(0.0, (sum, x) => sum + x);

        Assert.True(Math.Abs(FixedOrderSum.Of(tenths) - 100_000) < Math.Abs(naive - 100_000) / 1000);
    }

    [Fact]
    public void Where_the_numbers_lie_in_memory_changes_no_bit() => Numbers.Sample(x =>
    {
        double[] shifted = [1, 2, 3, .. x, 4];

        Assert.Equal(FixedOrderSum.Of(x), FixedOrderSum.Of(shifted.AsSpan(3, x.Length)));
    });

    [Fact]
    public void Unequal_lengths_are_refused() => Assert.Throws<ArgumentOutOfRangeException>(() => FixedOrderSum.Dot([1], [1, 2]));
}

using ActorMultiscale.Physics.Numerics;
using CsCheck;

namespace ActorMultiscale.Tests.Numerics;

public sealed class FingerprintTests
{
    private static readonly Gen<double[]> Numbers = Gen.Double[-1, 1].Array[1, 40];

    [Fact]
    public void Any_single_bit_changes_it() => Gen.Select(Numbers, Gen.Int[0, 39], Gen.Int[0, 63]).Sample((x, index, bit) =>
    {
        var y = x.ToArray();
        index %= x.Length;
        y[index] = BitConverter.Int64BitsToDouble(BitConverter.DoubleToInt64Bits(x[index]) ^ (1L << bit));

        Assert.NotEqual(Fingerprint.Fold(Fingerprint.Empty, x), Fingerprint.Fold(Fingerprint.Empty, y));
    });

    [Fact]
    public void Order_and_length_change_it() => Numbers.Where(x => x.Length > 1 && x[0] != x[1]).Sample(x =>
    {
        var swapped = x.ToArray();
        (swapped[0], swapped[1]) = (x[1], x[0]);
        var print = Fingerprint.Fold(Fingerprint.Empty, x);

        Assert.NotEqual(print, Fingerprint.Fold(Fingerprint.Empty, swapped));
        Assert.NotEqual(print, Fingerprint.Fold(Fingerprint.Empty, x.AsSpan(1)));
        Assert.NotEqual(print, Fingerprint.Fold(print, []));
        Assert.NotEqual(print, Fingerprint.Fold(Fingerprint.Empty, [.. x, 0.0]));
    });

    [Fact]
    public void Zero_and_minus_zero_differ() => Assert.NotEqual(Fingerprint.Fold(1, [0.0]), Fingerprint.Fold(1, [-0.0]));

    [Fact]
    public void Names_differ() =>
        Assert.Equal(1000, Enumerable.Range(0, 1000).Select(i => Fingerprint.OfName($"rve-{i}")).Distinct().Count());
}

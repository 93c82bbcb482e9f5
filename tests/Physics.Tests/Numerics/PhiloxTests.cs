using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Tests.Numerics;

public sealed class PhiloxTests
{
    [Fact]
    public void The_bits_are_those_of_the_published_known_answers()
    {
        const ulong ones = ulong.MaxValue;

        // kat_vectors of Random123, philox4x64-10.
        Assert.Equal((0x16554d9eca36314cUL, 0xdb20fe9d672d0fdcUL, 0xd7e772cee186176bUL, 0x7e68b68aec7ba23bUL), new Philox(0, 0).Bits(0, 0, 0, 0));
        Assert.Equal((0x87b092c3013fe90bUL, 0x438c3c67be8d0224UL, 0x9cc7d7c69cd777b6UL, 0xa09caebf594f0ba0UL), new Philox(ones, ones).Bits(ones, ones, ones, ones));
    }

    // Seeds are fixed. Were they drawn afresh, a bound of 5 standard errors would raise a false alarm once in 1.7 million moments.
    [Fact]
    public void Uniform_numbers_have_the_moments_of_the_uniform_distribution()
    {
        const int n = 200_000;
        var random = new Philox(1, 2);
        var numbers = Enumerable.Range(0, n).Select(i => random.Uniform(17, i % 7, i)).ToArray();

        Assert.Equal(0.5, numbers.Average(), 5 * Math.Sqrt(1.0 / 12 / n));
        Assert.Equal(1.0 / 3, numbers.Average(u => u * u), 5 * Math.Sqrt(4.0 / 45 / n));
        Assert.All(numbers, u => Assert.InRange(u, double.Epsilon, 1 - double.Epsilon));
    }

    [Fact]
    public void Normal_numbers_have_the_moments_of_the_normal_distribution_and_come_in_independent_pairs()
    {
        const int n = 100_000;
        var random = new Philox(3, 4);
        var pairs = Enumerable.Range(0, n).Select(i => random.Normal(0, i, 5, 1)).ToArray();
        var numbers = pairs.SelectMany(p => new[] { p.First, p.Second }).ToArray();

        Assert.Equal(0, numbers.Average(), 5 * Math.Sqrt(1.0 / (2 * n)));
        Assert.Equal(1, numbers.Average(x => x * x), 5 * Math.Sqrt(2.0 / (2 * n)));
        Assert.Equal(0, numbers.Average(x => x * x * x), 5 * Math.Sqrt(15.0 / (2 * n)));
        Assert.Equal(3, numbers.Average(x => x * x * x * x), 5 * Math.Sqrt(96.0 / (2 * n)));
        Assert.Equal(0, pairs.Average(p => p.First * p.Second), 5 * Math.Sqrt(1.0 / n));
    }

    [Fact]
    public void Every_part_of_the_counter_and_of_the_key_matters()
    {
        ulong[] first =
        [
            new Philox(1, 1).Bits(1, 1, 1, 1).A, new Philox(2, 1).Bits(1, 1, 1, 1).A, new Philox(1, 2).Bits(1, 1, 1, 1).A,
            new Philox(1, 1).Bits(2, 1, 1, 1).A, new Philox(1, 1).Bits(1, 2, 1, 1).A, new Philox(1, 1).Bits(1, 1, 2, 1).A, new Philox(1, 1).Bits(1, 1, 1, 2).A,
        ];

        Assert.Equal(first.Length, first.Distinct().Count());
    }
}

using ActorMultiscale.Physics.Fields;
using CsCheck;

namespace ActorMultiscale.Tests.Fields;

public sealed class WaveformTests
{
    // Times of a window that begins at 2, at least a hundredth of the mean distance apart, the first at the window's start.
    private static readonly Gen<double[]> Times =
        from steps in Gen.Double[0.01, 1].Array[1, 12]
        select steps.Aggregate(new List<double> { 2 }, (times, step) =>
        {
            times.Add(times[^1] + step);
            return times;
        }).ToArray();

    private static readonly Gen<double[]> Coefficients = Gen.Double[-1, 1].Array[6];

    // Collocation of degree 5 at times as uneven as these has a condition number below 10⁶.
    private const double RoundOff = 1e-9;

    private static double Polynomial(double[] coefficients, int degree, double t) =>
        Enumerable.Range(0, degree + 1).Sum(k => coefficients[k] * Math.Pow((t - 2) / 3, k));

    private static Waveform Through(double[] times, Func<double, double> f, int degree) =>
        new(times[0], [.. times.Select(t => new FieldSample(t, [f(t), -f(t)]))], TimeMeaning.Instant, degree);

    private static double At(Waveform waveform, double time)
    {
        var values = new double[2];
        waveform.At(time, values);
        Assert.Equal(values[0], -values[1]);
        return values[0];
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void A_spline_reproduces_polynomials_of_its_degree(int degree) =>
        Gen.Select(Times, Coefficients, Gen.Double[0, 1]).Sample((times, coefficients, where) =>
        {
            // Through too few samples the degree falls to one less than their number.
            var reached = Math.Min(degree, times.Length - 1);
            var waveform = Through(times, t => Polynomial(coefficients, reached, t), degree);
            var time = times[0] + (where * (times[^1] - times[0]));

            Assert.Equal(Polynomial(coefficients, reached, time), At(waveform, time), RoundOff * Math.Pow(4, reached));
        });

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    public void A_spline_does_not_reproduce_polynomials_of_a_higher_degree(int degree)
    {
        double[] times = [2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6];

        Assert.NotEqual(Math.Pow(2.2, degree + 1), At(Through(times, t => Math.Pow(t, degree + 1), degree), 2.2), 1e-6);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void Stored_samples_are_read_as_they_are_and_held_at_both_ends(int degree) =>
        Gen.Select(Times, Gen.Double[-1, 1].Array[13]).Sample((times, values) =>
        {
            var waveform = Through(times, t => values[Array.IndexOf(times, t)], degree);

            Assert.All(times, (t, i) => Assert.Equal(values[i], At(waveform, t)));
            Assert.Equal(values[0], At(waveform, 1.5));
            Assert.Equal(values[times.Length - 1], At(waveform, times[^1] + 1));
        });

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void A_spline_passes_through_its_samples(int degree) =>
        Gen.Select(Times, Gen.Double[-1, 1].Array[13]).Sample((times, values) =>
        {
            var waveform = Through(times, t => values[Array.IndexOf(times, t)], degree);

            // A hair beside the stored time it is the spline that is read.
            Assert.All(times[1..^1], (t, i) => Assert.Equal(values[i + 1], At(waveform, Math.BitIncrement(t)), 1e-7));
        });

    [Fact]
    public void Degree_zero_takes_the_first_sample_at_or_after()
    {
        var waveform = Through([2, 3, 5], t => t, 0);

        Assert.Equal([2, 3, 3, 5, 5, 5], new[] { 2, 2.1, 3, 3.1, 5, 6 }.Select(t => At(waveform, t)));
    }

    [Fact]
    public void A_long_waveform_costs_no_more_than_its_length()
    {
        // Full matrices would need gigabytes and minutes here.
        double[] times = [.. Enumerable.Range(0, 20_001).Select(i => 2 + (i * 0.001))];
        var waveform = Through(times, t => (t - 2) * (t - 5) * (t - 9), 3);

        Assert.Equal((11.23456 - 2) * (11.23456 - 5) * (11.23456 - 9), At(waveform, 11.23456), 1e-8);
    }

    [Fact]
    public void Times_must_increase()
    {
        Assert.Throws<ArgumentException>(() => Through([2, 2], t => t, 1));
        Assert.Throws<ArgumentException>(() => Through([2, double.NaN], t => t, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Through([2, 3], t => t, 6));
    }

    // ---- averages and integrals ----------------------------------------------------------------------------------

    private static double Over(Waveform waveform, double from, double to)
    {
        var values = new double[1];
        if (waveform.Meaning == TimeMeaning.WindowAverage)
        {
            waveform.Average(from, to, values);
        }
        else
        {
            waveform.Integral(from, to, values);
        }

        return values[0];
    }

    private static Waveform Intervals(TimeMeaning meaning, double[] times, double[] values) =>
        new(times[0], [.. times.Skip(1).Select((t, i) => new FieldSample(t, [values[i]]))], meaning, 3);

    private static readonly Gen<(double[] Times, double[] Values, double[] Cuts)> Cut =
        from times in Times
        from values in Gen.Double[-1, 1].Array[12]
        from cuts in Gen.Double[-0.5, 1.5].Array[1, 6]
        select (times, values, cuts.Select(c => times[0] + (c * (times[^1] - times[0]))).Distinct().Order().ToArray());

    [Fact]
    public void Integrals_add_up_over_any_cuts_also_past_the_ends() => Cut.Sample((times, values, cuts) =>
    {
        var waveform = Intervals(TimeMeaning.WindowIntegral, times, values);
        var parts = cuts.Zip(cuts.Skip(1), (a, b) => Over(waveform, a, b)).Sum();

        // Densities are at most 1/0.01, and the sum has at most 18 terms.
        Assert.Equal(cuts.Length < 2 ? 0 : Over(waveform, cuts[0], cuts[^1]), parts, 1e-10);
    });

    [Fact]
    public void Averages_weighted_by_time_add_up_over_any_cuts_also_past_the_ends() => Cut.Sample((times, values, cuts) =>
    {
        var waveform = Intervals(TimeMeaning.WindowAverage, times, values);
        var parts = cuts.Zip(cuts.Skip(1), (a, b) => (b - a) * Over(waveform, a, b)).Sum();

        Assert.Equal(cuts.Length < 2 ? 0 : (cuts[^1] - cuts[0]) * Over(waveform, cuts[0], cuts[^1]), parts, 1e-12);
    });

    [Fact]
    public void Splitting_a_window_conserves_its_total() => Cut.Sample((times, values, cuts) =>
    {
        var waveform = Intervals(TimeMeaning.WindowIntegral, times, values);
        double[] all = [times[0], .. cuts.Where(c => c > times[0] && c < times[^1]), times[^1]];

        Assert.Equal(values.Take(times.Length - 1).Sum(), all.Zip(all.Skip(1), (a, b) => Over(waveform, a, b)).Sum(), 1e-10);
    });

    [Theory]
    [InlineData(TimeMeaning.WindowAverage)]
    [InlineData(TimeMeaning.WindowIntegral)]
    public void Whole_intervals_are_read_to_the_last_bit(TimeMeaning meaning) => Cut.Sample((times, values, _) =>
    {
        var waveform = Intervals(meaning, times, values);

        Assert.All(times.Skip(1), (t, i) => Assert.Equal(values[i], Over(waveform, times[i], t)));
    });

    [Fact]
    public void A_constant_average_is_that_constant_over_any_part() =>
        Gen.Select(Times, Gen.Double[0, 1], Gen.Double[0, 1]).Where((_, a, b) => Math.Abs(a - b) > 1e-3).Sample((times, a, b) =>
        {
            var waveform = Intervals(TimeMeaning.WindowAverage, times, [.. times.Select(_ => 7.0)]);
            var length = times[^1] - times[0];

            Assert.Equal(7, Over(waveform, times[0] + (Math.Min(a, b) * length), times[0] + (Math.Max(a, b) * length)), 1e-9);
        });

    [Fact]
    public void Each_meaning_is_read_in_its_own_way_only()
    {
        var instant = Through([2, 3], t => t, 1);
        var average = Intervals(TimeMeaning.WindowAverage, [2, 3], [1]);
        var values = new double[2];

        Assert.Throws<InvalidOperationException>(() => instant.Average(2, 3, values));
        Assert.Throws<InvalidOperationException>(() => average.Integral(2, 3, values));
        Assert.Throws<InvalidOperationException>(() => average.At(2.5, values));
    }

    [Fact]
    public void An_average_of_no_time_at_all_is_refused()
    {
        Assert.Throws<ArgumentException>(() => new Waveform(2, [new FieldSample(2, [1])], TimeMeaning.WindowAverage, 1));
        Assert.Throws<ArgumentException>(() => Over(Intervals(TimeMeaning.WindowAverage, [2, 3], [1]), 2.5, 2.5));
        Assert.Equal(0, Over(Intervals(TimeMeaning.WindowIntegral, [2, 3], [1]), 2.5, 2.5));
    }
}

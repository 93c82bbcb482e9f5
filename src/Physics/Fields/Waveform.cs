using System.Globalization;

namespace ActorMultiscale.Physics.Fields;

/// <summary>
/// The samples of one conduit over a time window, and how they are read in between.
/// The first sample stands at the window's start (the last value of the window before) unless none is known yet.
/// </summary>
/// <remarks>
/// Instants are interpolated by a B-spline of the given degree through <em>all</em> samples, with averaged knots
/// (C. de Boor, A Practical Guide to Splines, ch. XIII; as used for waveform iteration by Rüth, Uekermann, Mehl,
/// Birken, Monge, Bungartz, Int. J. Numer. Meth. Eng. 122 (2021) 5236). Degree 0 takes the first sample at or after
/// the time. Averages and integrals are piecewise constant densities over the interval that ends at each sample.
/// Past the last sample the value, or the density, is held constant.
/// </remarks>
public sealed class Waveform
{
    private readonly FieldSample[] _samples;
    private double[]? _knots;
    private double[]? _factors;          // Nⱼ(tᵢ) = L U in place, row by row: columns i − degree … i + degree.

    /// <summary>A waveform through <paramref name="samples"/>, whose times increase strictly.</summary>
    /// <param name="start">Start of the interval that the samples describe, s.</param>
    /// <param name="samples">At least one sample; a first instant at <paramref name="start"/> is the value there.</param>
    /// <param name="meaning">How samples stand in time.</param>
    /// <param name="degree">Degree of interpolation, 0 to 5; used for instants only.</param>
    public Waveform(double start, IReadOnlyList<FieldSample> samples, TimeMeaning meaning, int degree)
    {
        ArgumentNullException.ThrowIfNull(samples);
        ArgumentOutOfRangeException.ThrowIfZero(samples.Count, nameof(samples));
        ArgumentOutOfRangeException.ThrowIfNegative(degree);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(degree, MaximumDegree);
        for (var i = 1; i < samples.Count; i++)
        {
            if (!(samples[i].Time > samples[i - 1].Time))
            {
                throw new ArgumentException("The times of a waveform's samples increase strictly.", nameof(samples));
            }
        }

        if (meaning != TimeMeaning.Instant && !(samples[0].Time > start))
        {
            throw new ArgumentException("An average or an integral belongs to an interval: its first sample stands past the start.", nameof(samples));
        }

        Start = start;
        _samples = [.. samples];
        Meaning = meaning;
        Degree = degree;
    }

    /// <summary>
    /// The waveform of a vector port, slot after slot. Where the slots' samples stand at the same times these are joined; otherwise the slots
    /// are read at each of the times that any of them has.
    /// </summary>
    /// <param name="slots">One waveform per slot, of the same meaning and degree, over the same window.</param>
    public static Waveform? OfSlots(IReadOnlyList<Waveform> slots)
    {
        ArgumentNullException.ThrowIfNull(slots);
        if (slots.Count == 0)
        {
            return null;
        }

        var times = new SortedSet<double>(slots.SelectMany(s => s._samples.Select(x => x.Time)));
        var samples = new List<FieldSample>(times.Count);
        var length = slots.Sum(s => s.Last.Length);
        var before = slots[0].Start;
        foreach (var time in times)
        {
            var values = new double[length];
            var at = 0;
            foreach (var slot in slots)
            {
                var part = values.AsSpan(at, slot.Last.Length);
                at += part.Length;
                switch (slot.Meaning)
                {
                    case TimeMeaning.Instant:
                        slot.At(time, part);
                        break;
                    case TimeMeaning.WindowAverage:
                        slot.Average(before, time, part);
                        break;
                    default:
                        slot.Integral(before, time, part);
                        break;
                }
            }

            samples.Add(new FieldSample(time, values));
            before = time;
        }

        return new Waveform(slots[0].Start, samples, slots[0].Meaning, slots[0].Degree);
    }

    /// <summary>The highest degree of interpolation.</summary>
    public const int MaximumDegree = 5;

    /// <summary>Start of the window that the waveform describes, s.</summary>
    public double Start { get; }

    /// <summary>How samples stand in time.</summary>
    public TimeMeaning Meaning { get; }

    /// <summary>Degree of interpolation.</summary>
    public int Degree { get; }

    /// <summary>The samples, in order of time.</summary>
    public IReadOnlyList<FieldSample> Samples => _samples;

    /// <summary>Calls <paramref name="visit"/> with every sample.</summary>
    internal void VisitSamples(Action<FieldSample> visit)
    {
        foreach (var sample in _samples)
        {
            visit(sample);
        }
    }

    /// <summary>The last sample.</summary>
    public FieldSample Last => _samples[^1];

    /// <summary>The stored sample at exactly <paramref name="time"/>, or the one that holds there by degree 0 or constant extrapolation; else null.</summary>
    public FieldSample? Stored(double time)
    {
        if (time >= _samples[^1].Time || _samples.Length == 1)
        {
            return _samples[^1];
        }

        if (time <= _samples[0].Time)
        {
            return _samples[0];
        }

        var next = _samples[FirstAtOrAfter(time)];
        return next.Time == time || Degree == 0 ? next : null;
    }

    /// <summary>Writes the value at <paramref name="time"/> of a waveform of instants.</summary>
    public void At(double time, Span<double> into)
    {
        Require(TimeMeaning.Instant);
        if (Stored(time) is { } stored)
        {
            stored.Values.CopyTo(into);
            return;
        }

        var degree = Math.Min(Degree, _samples.Length - 1);
        if (degree == 1)
        {
            var next = FirstAtOrAfter(time);
            var (a, b) = (_samples[next - 1], _samples[next]);
            var weight = (time - a.Time) / (b.Time - a.Time);
            for (var i = 0; i < into.Length; i++)
            {
                into[i] = ((1 - weight) * a.Values[i]) + (weight * b.Values[i]);
            }
        }
        else
        {
            Combine(SplineWeights(time, degree), into);
        }
    }

    /// <summary>Writes the mean over [<paramref name="from"/>, <paramref name="to"/>] of a waveform of averages: Σ overlapᵢ·xᵢ / (to − from).</summary>
    public void Average(double from, double to, Span<double> into)
    {
        Require(TimeMeaning.WindowAverage);
        if (!(to > from))
        {
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"There is no average from t = {from} to {to}: the interval must have a length."), nameof(to));
        }

        Accumulate(from, to, into, static (overlap, _, total) => overlap / total);
    }

    /// <summary>Writes the integral over [<paramref name="from"/>, <paramref name="to"/>] of a waveform of integrals; an interval that is cut gives its share.</summary>
    public void Integral(double from, double to, Span<double> into)
    {
        Require(TimeMeaning.WindowIntegral);
        Accumulate(from, to, into, static (overlap, length, _) => overlap / length);
    }

    private void Accumulate(double from, double to, Span<double> into, Func<double, double, double, double> weigh)
    {
        into.Clear();
        for (var s = 0; s < _samples.Length; s++)
        {
            // Before the first interval and past the last one its density is held.
            var sample = _samples[s];
            var begin = s == 0 ? Start : _samples[s - 1].Time;
            var overlap = Math.Min(to, s == _samples.Length - 1 ? to : sample.Time) - Math.Max(from, s == 0 ? from : begin);
            if (overlap <= 0)
            {
                continue;
            }

            // The whole of an interval is taken as stored: a weight of exactly one loses nothing.
            var weight = weigh(overlap, sample.Time - begin, to - from);
            for (var i = 0; i < into.Length; i++)
            {
                into[i] += weight * sample.Values[i];
            }
        }
    }

    private void Require(TimeMeaning meaning)
    {
        if (Meaning != meaning)
        {
            throw new InvalidOperationException($"The waveform carries {Meaning}, and was read as {meaning}.");
        }
    }

    private int FirstAtOrAfter(double time)
    {
        var (low, high) = (0, _samples.Length - 1);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = _samples[middle].Time < time ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    private void Combine(ReadOnlySpan<double> weights, Span<double> into)
    {
        into.Clear();
        for (var s = 0; s < weights.Length; s++)
        {
            var values = _samples[s].Values;
            for (var i = 0; i < into.Length; i++)
            {
                into[i] += weights[s] * values[i];
            }
        }
    }

    // x(t) = Σⱼ Nⱼ(t) cⱼ with A c = y, Aᵢⱼ = Nⱼ(tᵢ). Hence x(t) = wᵀ y with Aᵀ w = N(t): one banded system in the number of
    // samples, whatever the number of points.
    private double[] SplineWeights(double time, int degree)
    {
        var knots = _knots ??= Knots(degree);
        var factors = _factors ??= Factor(knots, degree);
        var weights = new double[_samples.Length];
        Span<double> local = stackalloc double[MaximumDegree + 1];
        var first = BasisFunctions(knots, degree, Parameter(time), local);
        local[..(degree + 1)].CopyTo(weights.AsSpan(first));
        SolveTransposed(factors, degree, weights);
        return weights;
    }

    private double Parameter(double time) => (time - _samples[0].Time) / (_samples[^1].Time - _samples[0].Time);

    private double[] Knots(int degree)
    {
        var count = _samples.Length;
        var knots = new double[count + degree + 1];
        for (var i = 0; i <= degree; i++)
        {
            knots[count + i] = 1;
        }

        for (var j = 1; j < count - degree; j++)
        {
            var sum = 0.0;
            for (var i = j; i < j + degree; i++)
            {
                sum += Parameter(_samples[i].Time);
            }

            knots[degree + j] = sum / degree;
        }

        return knots;
    }

    // Cox–de Boor recursion: the degree + 1 functions that do not vanish at t. Returns the index of the first.
    private static int BasisFunctions(double[] knots, int degree, double t, Span<double> local)
    {
        var last = knots.Length - degree - 2;
        var span = degree;
        while (span < last && t >= knots[span + 1])
        {
            span++;
        }

        Span<double> left = stackalloc double[MaximumDegree + 1];
        Span<double> right = stackalloc double[MaximumDegree + 1];
        local[0] = 1;
        for (var j = 1; j <= degree; j++)
        {
            left[j] = t - knots[span + 1 - j];
            right[j] = knots[span + j] - t;
            var saved = 0.0;
            for (var r = 0; r < j; r++)
            {
                var term = local[r] / (right[r + 1] + left[j - r]);
                local[r] = saved + (right[r + 1] * term);
                saved = left[j - r] * term;
            }

            local[j] = saved;
        }

        return span - degree;
    }

    // A is totally positive, so that elimination is stable without exchanging rows (de Boor, Pinkus, Numer. Math. 27 (1977) 485)
    // and stays within the band.
    private double[] Factor(double[] knots, int degree)
    {
        var (n, width) = (_samples.Length, (2 * degree) + 1);
        var a = new double[n * width];
        Span<double> local = stackalloc double[MaximumDegree + 1];
        for (var i = 0; i < n; i++)
        {
            var first = BasisFunctions(knots, degree, Parameter(_samples[i].Time), local);
            for (var j = 0; j <= degree; j++)
            {
                a[(i * width) + first + j - i + degree] = local[j];
            }
        }

        for (var k = 0; k < n; k++)
        {
            var end = Math.Min(n - 1, k + degree);
            for (var i = k + 1; i <= end; i++)
            {
                var factor = a[(i * width) + k - i + degree] /= a[(k * width) + degree];
                for (var j = k + 1; j <= end; j++)
                {
                    a[(i * width) + j - i + degree] -= factor * a[(k * width) + j - k + degree];
                }
            }
        }

        return a;
    }

    // A = L U, so Aᵀ = Uᵀ Lᵀ: forward with Uᵀ, then back with Lᵀ.
    private static void SolveTransposed(double[] lu, int degree, Span<double> b)
    {
        var (n, width) = (b.Length, (2 * degree) + 1);
        for (var i = 0; i < n; i++)
        {
            for (var j = Math.Max(0, i - degree); j < i; j++)
            {
                b[i] -= lu[(j * width) + i - j + degree] * b[j];
            }

            b[i] /= lu[(i * width) + degree];
        }

        for (var i = n - 1; i >= 0; i--)
        {
            for (var j = i + 1; j <= Math.Min(n - 1, i + degree); j++)
            {
                b[i] -= lu[(j * width) + i - j + degree] * b[j];
            }
        }
    }
}

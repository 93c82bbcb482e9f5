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
/// Past the last sample the value is held constant.
/// </remarks>
public sealed class Waveform
{
    private readonly FieldSample[] _samples;
    private double[]? _collocation;      // Row-major Nⱼ(tᵢ), factored in place on first use.
    private int[]? _pivots;

    /// <summary>A waveform through <paramref name="samples"/>, whose times increase strictly.</summary>
    /// <param name="start">Start of the interval that the samples describe, s.</param>
    /// <param name="samples">At least one sample; a first one at <paramref name="start"/> is the value there.</param>
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

        Start = start;
        _samples = [.. samples];
        Meaning = meaning;
        Degree = degree;
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

    /// <summary>The last sample.</summary>
    public FieldSample Last => _samples[^1];

    /// <summary>The stored sample at exactly <paramref name="time"/>, or the one that holds there by constant extrapolation; else null.</summary>
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

        foreach (var sample in _samples)
        {
            if (sample.Time == time)
            {
                return sample;
            }
        }

        return null;
    }

    /// <summary>Writes the value at <paramref name="time"/> (instants).</summary>
    public void At(double time, Span<double> into)
    {
        if (Stored(time) is { } stored)
        {
            stored.Values.CopyTo(into);
            return;
        }

        var degree = Math.Min(Degree, _samples.Length - 1);
        if (degree == 0)
        {
            _samples[FirstAtOrAfter(time)].Values.CopyTo(into);
        }
        else if (degree == 1)
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
            var sample = _samples[s];
            var begin = s == 0 ? Start : _samples[s - 1].Time;
            var end = s == _samples.Length - 1 ? Math.Max(sample.Time, to) : sample.Time;
            var overlap = Math.Min(to, end) - Math.Max(from, begin);
            if (overlap <= 0)
            {
                continue;
            }

            // The whole of an interval is taken as stored: a weight of exactly one loses nothing.
            var weight = weigh(overlap, end - begin, to - from);
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
        var index = 0;
        while (_samples[index].Time < time)
        {
            index++;
        }

        return index;
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

    // x(t) = Σⱼ Nⱼ(t) cⱼ with A c = y, Aᵢⱼ = Nⱼ(tᵢ). Hence x(t) = wᵀ y with Aᵀ w = N(t):
    // one small system in the number of samples, whatever the number of points.
    private double[] SplineWeights(double time, int degree)
    {
        var count = _samples.Length;
        var knots = Knots(degree);
        var right = new double[count];
        BasisFunctions(knots, degree, Parameter(time), right);
        if (_collocation is null)
        {
            var matrix = new double[count * count];
            for (var i = 0; i < count; i++)
            {
                BasisFunctions(knots, degree, Parameter(_samples[i].Time), matrix.AsSpan(i * count, count));
            }

            _pivots = Factor(matrix, count);
            _collocation = matrix;
        }

        SolveTransposed(_collocation, _pivots!, count, right);
        return right;
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

    // Cox–de Boor recursion; all functions at one parameter.
    private static void BasisFunctions(double[] knots, int degree, double t, Span<double> values)
    {
        values.Clear();
        var count = values.Length;
        var span = degree;
        while (span < count - 1 && t >= knots[span + 1])
        {
            span++;
        }

        Span<double> local = stackalloc double[MaximumDegree + 1];
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

        for (var j = 0; j <= degree; j++)
        {
            values[span - degree + j] = local[j];
        }
    }

    // LU with partial pivoting, row-major, in place. The number of samples in a window is small.
    private static int[] Factor(double[] a, int n)
    {
        var pivots = new int[n];
        for (var k = 0; k < n; k++)
        {
            var pivot = k;
            for (var i = k + 1; i < n; i++)
            {
                if (Math.Abs(a[(i * n) + k]) > Math.Abs(a[(pivot * n) + k]))
                {
                    pivot = i;
                }
            }

            pivots[k] = pivot;
            if (pivot != k)
            {
                for (var j = 0; j < n; j++)
                {
                    (a[(k * n) + j], a[(pivot * n) + j]) = (a[(pivot * n) + j], a[(k * n) + j]);
                }
            }

            for (var i = k + 1; i < n; i++)
            {
                var factor = a[(i * n) + k] /= a[(k * n) + k];
                for (var j = k + 1; j < n; j++)
                {
                    a[(i * n) + j] -= factor * a[(k * n) + j];
                }
            }
        }

        return pivots;
    }

    // P A = L U, so Aᵀ = Uᵀ Lᵀ P: forward with Uᵀ, back with Lᵀ, then undo the exchanges.
    private static void SolveTransposed(double[] lu, int[] pivots, int n, Span<double> b)
    {
        for (var i = 0; i < n; i++)
        {
            for (var j = 0; j < i; j++)
            {
                b[i] -= lu[(j * n) + i] * b[j];
            }

            b[i] /= lu[(i * n) + i];
        }

        for (var i = n - 1; i >= 0; i--)
        {
            for (var j = i + 1; j < n; j++)
            {
                b[i] -= lu[(j * n) + i] * b[j];
            }
        }

        for (var k = n - 1; k >= 0; k--)
        {
            (b[k], b[pivots[k]]) = (b[pivots[k]], b[k]);
        }
    }
}

using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles.Measures;

/// <summary>
/// Time correlation of a vector of signals while it comes in, at every lag up to a longest: exact, with every sample as an origin of time. Memory and work a sample
/// grow with the longest lag; <see cref="MultipleTau"/> is for long ones.
/// </summary>
/// <remarks>After: Allen, Tildesley, "Computer Simulation of Liquids", 2nd ed. (2017), section 8.3.</remarks>
public sealed class WindowCorrelator
{
    private readonly int _width;
    private readonly CorrelationKind _kind;
    private double[] _recent;
    private double[] _sums;
    private long _samples;

    /// <summary>A correlator that has seen nothing.</summary>
    /// <param name="width">How many signals are correlated, each with itself; the result is their mean.</param>
    /// <param name="kind">What is averaged.</param>
    /// <param name="lags">How many lags: 0 to this less one, in samples.</param>
    public WindowCorrelator(int width, CorrelationKind kind, int lags)
    {
        if (width < 1 || lags < 1)
        {
            throw new ScaleModelException(FormattableString.Invariant($"A correlator is asked for with {width} signals and {lags} lags; it needs one or more of both."));
        }

        (_width, _kind, _recent, _sums) = (width, kind, new double[width * lags], new double[lags]);
    }

    /// <summary>How many samples have come.</summary>
    public long Samples => _samples;

    /// <summary>Takes the next sample.</summary>
    /// <param name="sample">One value of every signal.</param>
    public void Add(ReadOnlySpan<double> sample)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(sample.Length, _width);
        sample.CopyTo(Recent(_samples));
        for (var lag = 0; lag < _sums.Length && lag <= _samples; lag++)
        {
            _sums[lag] += Correlation.Of(_kind, Recent(_samples - lag), sample);
        }

        _samples++;
    }

    /// <summary>The lags of which pairs have been seen, in samples, and the mean of each over pairs and signals.</summary>
    public (long[] Lags, double[] Values) Result()
    {
        var count = (int)Math.Min(_samples, _sums.Length);
        var (lags, values) = (new long[count], new double[count]);
        for (var lag = 0; lag < count; lag++)
        {
            (lags[lag], values[lag]) = (lag, _sums[lag] / (_samples - lag) / _width);
        }

        return (lags, values);
    }

    /// <summary>Saves or restores what it has seen; its shape is that of the constructor.</summary>
    public void Archive(StateArchive archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        var (recent, sums) = (_recent.Length, _sums.Length);
        archive.Value("samples", ref _samples);
        archive.Field("recent", ref _recent);
        archive.Field("sums", ref _sums);
        if (_recent.Length != recent || _sums.Length != sums)
        {
            throw new InvalidDataException("The archive holds a correlator of another number of signals or lags.");
        }
    }

    private Span<double> Recent(long sample) => _recent.AsSpan((int)(sample % _sums.Length) * _width, _width);
}

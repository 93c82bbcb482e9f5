using System.Collections.Immutable;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles.Measures;

/// <summary>What is averaged over all pairs of times that are τ apart.</summary>
public enum CorrelationKind
{
    /// <summary>x(t) x(t + τ): a correlation function.</summary>
    Product,

    /// <summary>(x(t + τ) − x(t))²: a mean square displacement.</summary>
    SquaredDifference,
}

/// <summary>
/// Time correlation of a vector of signals while it comes in, from short lags to very long ones: lags are spaced more widely the longer they are,
/// so that memory and work grow with the logarithm of the longest.
/// </summary>
/// <remarks>
/// Level l keeps the last p values at the spacing mˡ. Of products, values of a level are the means of m of the level below, which
/// makes the noise small and blurs the correlation over a time shorter than m/p of its lag; of squared differences they are every m-th value,
/// which blurs nothing. With p = 16 and m = 2 a sample costs at most 16 + 8 + 4 + … &lt; 32 products a signal.
/// After: Ramírez, Sukumaran, Vorselaars, Likhtman, J. Chem. Phys. 133 (2010) 154103.
/// </remarks>
public sealed class MultipleTau
{
    private readonly int _width;
    private readonly CorrelationKind _kind;
    private readonly int _points;
    private readonly int _averaging;
    private readonly double[][] _recent;    // Of each level, a ring of p values of all signals.
    private readonly double[][] _gathered;  // Of each level, what has come of the next value of the level above.
    private long[] _taken;                  // How many values each level has taken.
    private double[] _sums;                 // Of each level and index of lag, over pairs of times and signals.
    private long[] _pairs;

    /// <summary>A correlator that has seen nothing.</summary>
    /// <param name="width">How many signals are correlated, each with itself; the result is their mean.</param>
    /// <param name="kind">What is averaged.</param>
    /// <param name="levels">How many levels: the longest lag is (p − 1) m^(levels − 1) samples.</param>
    /// <param name="points">p, a multiple of m.</param>
    /// <param name="averaging">m, two or more.</param>
    /// <exception cref="ScaleModelException">A number is out of range.</exception>
    public MultipleTau(int width, CorrelationKind kind, int levels, int points = 16, int averaging = 2)
    {
        if (width < 1 || levels is < 1 or > 60 || averaging < 2 || points < averaging || points % averaging != 0 || (levels - 1) * Math.Log2(averaging) + Math.Log2(points) > 60)
        {
            throw new ScaleModelException(FormattableString.Invariant($"A correlator is asked for with {width} signals, {levels} levels, {points} points and averages of {averaging}; it needs a signal and a level or more, averages of two or more, and a multiple of that many points."));
        }

        (_width, _kind, _points, _averaging) = (width, kind, points, averaging);
        _recent = new double[levels][];
        _gathered = new double[levels][];
        for (var l = 0; l < levels; l++)
        {
            (_recent[l], _gathered[l]) = (new double[points * width], new double[width]);
        }

        (_taken, _sums, _pairs) = (new long[levels], new double[levels * points], new long[levels * points]);
    }

    /// <summary>The levels that reach a lag of <paramref name="longest"/> samples.</summary>
    public static int LevelsFor(long longest, int points = 16, int averaging = 2)
    {
        var levels = 1;
        for (var reach = (double)points - 1; reach < longest; reach *= averaging)
        {
            levels++;
        }

        return levels;
    }

    /// <summary>All lags of so many levels, in samples, ascending.</summary>
    public static ImmutableArray<long> LagsOf(int levels, int points = 16, int averaging = 2) => [.. Entries(levels, points, averaging).Select(e => e.Lag)];

    /// <summary>How many samples have come.</summary>
    public long Samples => _taken[0];

    /// <summary>Takes the next sample.</summary>
    /// <param name="sample">One value of every signal.</param>
    public void Add(ReadOnlySpan<double> sample)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(sample.Length, _width);
        for (var l = 0; ; l++)
        {
            Take(l, sample);
            if (l == _taken.Length - 1)
            {
                return;
            }

            var (gathered, phase) = (_gathered[l], _taken[l] % _averaging);
            if (_kind == CorrelationKind.Product)
            {
                for (var i = 0; i < _width; i++)
                {
                    gathered[i] = (phase == 1 ? 0 : gathered[i]) + (sample[i] / _averaging);
                }
            }
            else if (phase == 1)
            {
                sample.CopyTo(gathered);
            }

            if (phase != 0)
            {
                return;
            }

            sample = gathered;
        }
    }

    /// <summary>The lags of which pairs have been seen, in samples, and the mean of each over pairs and signals.</summary>
    public (long[] Lags, double[] Values) Result()
    {
        var (lags, values) = (new List<long>(), new List<double>());
        foreach (var (level, j, lag) in Entries(_taken.Length, _points, _averaging))
        {
            var entry = (level * _points) + j;
            if (_pairs[entry] > 0)
            {
                lags.Add(lag);
                values.Add(_sums[entry] / _pairs[entry] / _width);
            }
        }

        return ([.. lags], [.. values]);
    }

    /// <summary>Forgets all that it has seen.</summary>
    public void Clear()
    {
        Array.Clear(_taken);
        Array.Clear(_sums);
        Array.Clear(_pairs);
    }

    /// <summary>Saves or restores what it has seen; its shape is that of the constructor.</summary>
    public void Archive(StateArchive archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        var (levels, pairs) = (_taken.Length, _pairs.Length);
        archive.Field("taken", ref _taken);
        archive.Field("sums", ref _sums);
        archive.Field("pairs", ref _pairs);
        for (var l = 0; l < levels; l++)
        {
            archive.Field("recent", ref _recent[l]);
            archive.Field("gathered", ref _gathered[l]);
            if (_recent[l].Length != _points * _width || _gathered[l].Length != _width)
            {
                throw new InvalidDataException("The archive holds a correlator of another number of signals or points.");
            }
        }

        if (_taken.Length != levels || _sums.Length != pairs || _pairs.Length != pairs)
        {
            throw new InvalidDataException("The archive holds a correlator with other levels.");
        }
    }

    private static IEnumerable<(int Level, int Index, long Lag)> Entries(int levels, int points, int averaging)
    {
        var spacing = 1L;
        for (var l = 0; l < levels; l++, spacing *= averaging)
        {
            for (var j = l == 0 ? 0 : points / averaging; j < points; j++)
            {
                yield return (l, j, j * spacing);
            }
        }
    }

    // Lags below p / m of the upper levels are those of the level below, which knows them better.
    private void Take(int l, ReadOnlySpan<double> value)
    {
        var ring = _recent[l];
        value.CopyTo(ring.AsSpan((int)(_taken[l] % _points) * _width, _width));
        var newest = _taken[l]++;
        for (var j = l == 0 ? 0 : _points / _averaging; j < _points && j <= newest; j++)
        {
            var old = ring.AsSpan((int)((newest - j) % _points) * _width, _width);
            _sums[(l * _points) + j] += Correlation.Of(_kind, old, value);
            _pairs[(l * _points) + j]++;
        }
    }
}

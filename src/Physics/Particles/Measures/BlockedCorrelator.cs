using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles.Measures;

/// <summary>
/// A <see cref="MultipleTau"/> correlator that starts anew with every block of a trajectory and keeps the curve of each, for error bars. Memory is bounded: when 64 curves are
/// there, neighbors are averaged, and from then on each curve is that of twice as many blocks.
/// </summary>
public sealed class BlockedCorrelator
{
    private const int MostCurves = 64;
    private readonly MultipleTau _correlator;
    private readonly double _interval;
    private readonly long _blockSamples;
    private readonly double[] _times;

    private double[] _curves = [];      // Those that are complete, one after the other.
    private double[] _sum;              // Of the blocks of the curve to come.
    private long _blocksInSum;
    private long _blocksACurve = 1;

    /// <summary>A correlator that has seen nothing.</summary>
    /// <param name="width">How many signals are correlated, each with itself; curves are their mean.</param>
    /// <param name="kind">What is averaged.</param>
    /// <param name="interval">The time between samples, above zero.</param>
    /// <param name="longest">The longest lag, in the unit of time: beyond the memory of the signals.</param>
    /// <param name="block">How long a block is, in the unit of time: at least twice the longest lag; ten times is good. A trajectory should have ten or more.</param>
    /// <exception cref="ScaleModelException">A time is out of range.</exception>
    public BlockedCorrelator(int width, CorrelationKind kind, double interval, double longest, double block)
    {
        if (!(interval > 0 && longest >= interval && block >= 2 * longest && block / interval < 1e15))
        {
            throw new ScaleModelException(FormattableString.Invariant($"A correlation is asked for with samples every {interval}, lags up to {longest} and blocks of {block}; the interval must be above zero, the longest lag at least one interval, and a block at least twice the longest lag."));
        }

        _interval = interval;
        var reach = (long)Math.Round(longest / interval);
        _blockSamples = Math.Max((long)Math.Round(block / interval), (2 * reach) + 1);
        var levels = MultipleTau.LevelsFor(reach);
        _correlator = new MultipleTau(width, kind, levels);

        // A block is long enough for pairs at all of them.
        _times = [.. MultipleTau.LagsOf(levels).Where(l => l <= reach).Select(l => l * interval)];
        _sum = new double[_times.Length];
    }

    /// <summary>How many samples the block that runs has taken.</summary>
    public long SamplesInBlock => _correlator.Samples;

    /// <summary>How many curves are complete.</summary>
    public int Curves => _curves.Length / _times.Length;

    /// <summary>Takes the next sample.</summary>
    /// <param name="sample">One value of every signal.</param>
    public void Add(ReadOnlySpan<double> sample)
    {
        _correlator.Add(sample);
        if (_correlator.Samples == _blockSamples)
        {
            Complete();
        }
    }

    /// <summary>The curves of all blocks that are complete.</summary>
    /// <exception cref="ScaleModelException">There are fewer than two.</exception>
    public CorrelationBlocks Result() => Curves >= 2
        ? new(_times, [.. _curves.Chunk(_times.Length)])
        : throw new ScaleModelException(FormattableString.Invariant($"{Curves} blocks of {_blockSamples * _interval} are complete; error bars need two or more, and should have ten. Measure for longer, or in shorter blocks."));

    /// <summary>Saves or restores what it has seen; its times are those of the constructor.</summary>
    public void Archive(StateArchive archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        archive.Field("curves", ref _curves);
        archive.Field("sum", ref _sum);
        archive.Value("blocks-in-sum", ref _blocksInSum);
        archive.Value("blocks-a-curve", ref _blocksACurve);
        _correlator.Archive(archive);
        if (_sum.Length != _times.Length || _curves.Length % _times.Length != 0)
        {
            throw new InvalidDataException("The archive holds a correlation with other lags.");
        }
    }

    private void Complete()
    {
        var values = _correlator.Result().Values;
        _correlator.Clear();
        for (var i = 0; i < _sum.Length; i++)
        {
            _sum[i] += values[i];
        }

        if (++_blocksInSum < _blocksACurve)
        {
            return;
        }

        _curves = [.. _curves, .. _sum.Select(s => s / _blocksACurve)];
        Array.Clear(_sum);
        _blocksInSum = 0;
        if (Curves == MostCurves)
        {
            var (count, halved) = (_times.Length, new double[_curves.Length / 2]);
            for (var i = 0; i < halved.Length; i++)
            {
                var first = (i / count * 2 * count) + (i % count);
                halved[i] = 0.5 * (_curves[first] + _curves[first + count]);
            }

            (_curves, _blocksACurve) = (halved, 2 * _blocksACurve);
        }
    }
}

using System.Collections.Immutable;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles.Measures;

/// <summary>
/// The mean of a correlated series and its standard error by blocking: while the series comes in, with a memory that grows with the
/// logarithm of its length.
/// </summary>
/// <remarks>
/// Level l holds means of blocks of 2ˡ values; each step takes the mean of two neighbors, and what is left alone at the end does not take part.
/// If blocks of a level were independent, the error of the mean would be $σ_l = \sqrt{c_0 / (n_l − 1)}$, where $c_0$ is the variance of its
/// n blocks with divisor n, and $σ_l$ itself would be uncertain by $σ_l / \sqrt{2 (n_l − 1)}$. It grows with l and comes to a plateau where
/// blocks are longer than the memory of the series.
/// After: Flyvbjerg, Petersen, J. Chem. Phys. 91 (1989) 461.
/// <para>
/// The level is chosen where bias, ~ τ / 2ˡ, and scatter, ~ √(2ˡ / n), of $σ_l²$ are balanced: the first with
/// $(2^l)³ > 2 n (σ_l / σ_0)⁴$.
/// After: Lee, Conduit, Nemec, López Ríos, Drummond, Phys. Rev. E 83 (2011) 066706; Wolff, Comput. Phys. Commun. 156 (2004) 143.
/// </para>
/// </remarks>
public sealed class BlockAverage
{
    private const int LeastBlocks = 4;

    // Count, mean and sum of squared deviations of the blocks of a level, and the block that still waits for its neighbor.
    private double[] _count = [];
    private double[] _mean = [];
    private double[] _squares = [];
    private double[] _waiting = [];
    private long _samples;

    /// <summary>How many values have come.</summary>
    public long Samples => _samples;

    /// <summary>Mean and error of a series, equally spaced in time.</summary>
    /// <exception cref="ScaleModelException">It has fewer than eight values, or one is not finite.</exception>
    public static BlockedMean Of(ReadOnlySpan<double> series)
    {
        var average = new BlockAverage();
        foreach (var x in series)
        {
            average.Add(x);
        }

        return average.Result();
    }

    /// <summary>Takes the next value.</summary>
    /// <exception cref="ScaleModelException">It is not finite.</exception>
    public void Add(double value)
    {
        if (!double.IsFinite(value))
        {
            throw new ScaleModelException(FormattableString.Invariant($"Value {_samples} of a series to be averaged is {value}; all must be finite. The simulation has probably become unstable."));
        }

        _samples++;
        for (var level = 0; ; level++)
        {
            if (level == _count.Length)
            {
                Array.Resize(ref _count, level + 1);
                Array.Resize(ref _mean, level + 1);
                Array.Resize(ref _squares, level + 1);
                Array.Resize(ref _waiting, level + 1);
            }

            // Welford, Technometrics 4 (1962) 419: no cancellation, however large the mean.
            _count[level]++;
            var off = value - _mean[level];
            _mean[level] += off / _count[level];
            _squares[level] += off * (value - _mean[level]);
            if (((_samples >> level) & 1) == 1)
            {
                _waiting[level] = value;
                return;
            }

            value = 0.5 * (_waiting[level] + value);
        }
    }

    /// <summary>The mean so far, and its error.</summary>
    /// <exception cref="ScaleModelException">Fewer than eight values have come.</exception>
    public BlockedMean Result()
    {
        if (_samples < 2 * LeastBlocks)
        {
            throw new ScaleModelException(FormattableString.Invariant($"The series has {_samples} values; an error bar by blocking needs at least {2 * LeastBlocks}. Measure for longer or more often."));
        }

        var levels = ImmutableArray.CreateBuilder<BlockLevel>();
        for (var level = 0; level < _count.Length && _count[level] >= LeastBlocks; level++)
        {
            // σ = √(c₀ / (n − 1)), δσ = σ / √(2 (n − 1)).
            var error = Math.Sqrt(_squares[level] / _count[level] / (_count[level] - 1));
            levels.Add(new(1L << level, (long)_count[level], error, error / Math.Sqrt(2 * (_count[level] - 1))));
        }

        var plain = levels[0].Error;
        foreach (var level in levels)
        {
            // B³ > 2 n (σ_l / σ₀)⁴. A constant series has no errors, and any level will do.
            var growth = plain > 0 ? level.Error / plain : 1;
            if (Math.Pow(level.Size, 3) > 2.0 * _samples * Math.Pow(growth, 4))
            {
                return new(_mean[0], level, IsConverged: true, levels.ToImmutable());
            }
        }

        return new(_mean[0], levels.MaxBy(l => l.Error), IsConverged: plain == 0, levels.ToImmutable());
    }

    /// <summary>Saves or restores what has come.</summary>
    public void Archive(StateArchive archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        archive.Value("samples", ref _samples);
        archive.Field("count", ref _count);
        archive.Field("mean", ref _mean);
        archive.Field("squares", ref _squares);
        archive.Field("waiting", ref _waiting);
    }
}

/// <summary>The error of a mean if blocks of one size are taken as independent.</summary>
/// <param name="Size">Values in a block.</param>
/// <param name="Blocks">How many blocks.</param>
/// <param name="Error">The standard error of the mean.</param>
/// <param name="ErrorOfError">The standard error of that error.</param>
public readonly record struct BlockLevel(long Size, long Blocks, double Error, double ErrorOfError);

/// <summary>A mean with its error by blocking.</summary>
/// <param name="Value">The mean of all values.</param>
/// <param name="Plateau">The blocks from which the error is taken.</param>
/// <param name="IsConverged">
/// Whether the series is long enough for a plateau. If not, the largest error of any size is given, and the true one is probably larger still.
/// </param>
/// <param name="Levels">All sizes, from single values to four blocks: what to plot if the choice is in doubt.</param>
public sealed record BlockedMean(double Value, BlockLevel Plateau, bool IsConverged, ImmutableArray<BlockLevel> Levels)
{
    /// <summary>The standard error of the mean.</summary>
    public double Error => Plateau.Error;

    /// <summary>The standard error of <see cref="Error"/>.</summary>
    public double ErrorOfError => Plateau.ErrorOfError;

    /// <summary>Mean and error alone.</summary>
    public Estimate Estimate => new(Value, Error);

    /// <summary>How many values of the series count as much as one independent one: σ² over that of independent values, 2τ of <see cref="AutocorrelationTime"/>.</summary>
    public double Inefficiency => Levels[0].Error > 0 ? Math.Pow(Error / Levels[0].Error, 2) : 1;
}

using System.Collections.Immutable;
using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Coupling.Acceleration;

/// <summary>
/// Carries what was learned on the time grids of some blocks to those of others: a difference of iterates is a waveform as they are, which
/// begins with zero where the value at the window's start is known, and is read at the new times in shares of the window.
/// </summary>
/// <remarks>
/// Reading is linear: per block a matrix R (new samples × old ones), the same for every point. A linear map J that takes old rows to old rows
/// becomes R J R′, with R′ from the new grid to the old one; its right factors are multiplied by R′ᵀ.
/// </remarks>
internal sealed class GridTransfer
{
    // Times of grids that differ by less than this share of the window are the same but for round-off.
    private const double SameTime = 1e-9;

    private readonly ImmutableArray<IterateBlock> _from;
    private readonly ImmutableArray<IterateBlock> _to;
    private readonly bool _endsOnly;
    private readonly double[][][] _forward;
    private readonly double[][][] _back;

    /// <summary>Between blocks that are <see cref="AreAlike">alike</see>.</summary>
    /// <param name="from">Blocks on the old grids.</param>
    /// <param name="to">Blocks on the new grids.</param>
    /// <param name="endsOnly">Whether rows of V are those of windows' ends alone, which stay what they are.</param>
    public GridTransfer(ImmutableArray<IterateBlock> from, ImmutableArray<IterateBlock> to, bool endsOnly)
    {
        (_from, _to, _endsOnly) = (from, to, endsOnly);
        _forward = [.. from.Zip(to, Matrix)];
        _back = [.. to.Zip(from, Matrix)];
    }

    /// <summary>Whether blocks differ in their grids at most.</summary>
    public static bool AreAlike(ImmutableArray<IterateBlock> a, ImmutableArray<IterateBlock> b)
    {
        var areAlike = a.Length == b.Length;
        for (var i = 0; areAlike && i < a.Length; i++)
        {
            areAlike = a[i].Length == b[i].Length && a[i].IsAccelerated == b[i].IsAccelerated && a[i].Meaning == b[i].Meaning;
        }

        return areAlike;
    }

    /// <summary>Whether alike blocks stand on the same grids.</summary>
    public static bool AreOnOneGrid(ImmutableArray<IterateBlock> a, ImmutableArray<IterateBlock> b)
    {
        for (var i = 0; i < a.Length; i++)
        {
            if (a[i].Samples != b[i].Samples)
            {
                return false;
            }

            for (var s = 0; s < a[i].Samples; s++)
            {
                if (!(Math.Abs(a[i].Time(s) - b[i].Time(s)) <= SameTime))
                {
                    return false;
                }
            }
        }

        return true;
    }

    /// <summary>R v for a vector of all blocks.</summary>
    public double[] OnAll(double[] v) => Apply(v, _forward, transposed: false, onlyAccelerated: false);

    /// <summary>R v for a vector of rows of V, in an array of its own.</summary>
    public double[] OnRows(double[] v) => _endsOnly ? [.. v] : Apply(v, _forward, transposed: false, onlyAccelerated: true);

    /// <summary>R′ᵀ z for a right factor of a map from rows of V, in an array of its own.</summary>
    public double[] OnFactors(double[] z) => _endsOnly ? [.. z] : Apply(z, _back, transposed: true, onlyAccelerated: true);

    private double[] Apply(double[] v, double[][][] matrices, bool transposed, bool onlyAccelerated)
    {
        var length = 0;
        foreach (var block in _to)
        {
            length += block.IsAccelerated || !onlyAccelerated ? block.Samples * block.Length : 0;
        }

        var result = new double[length];
        var (read, written) = (0, 0);
        for (var b = 0; b < _to.Length; b++)
        {
            if (onlyAccelerated && !_to[b].IsAccelerated)
            {
                continue;
            }

            var points = _to[b].Length;
            for (var s = 0; s < _to[b].Samples; s++)
            {
                for (var old = 0; old < _from[b].Samples; old++)
                {
                    var share = transposed ? matrices[b][old][s] : matrices[b][s][old];
                    if (share != 0)
                    {
                        ColumnFactors.AddMultiple(share, v.AsSpan(read + (old * points), points), result.AsSpan(written + (s * points), points));
                    }
                }
            }

            read += _from[b].Samples * points;
            written += _to[b].Samples * points;
        }

        return result;
    }

    // One row per sample of the new grid: what is read there of unit vectors, one per sample of the old one.
    private static double[][] Matrix(IterateBlock from, IterateBlock to)
    {
        var samples = new List<FieldSample>(from.Samples + 1);
        if (from.Meaning == TimeMeaning.Instant && from.Time(0) > 0)
        {
            samples.Add(new FieldSample(0, new double[from.Samples]));
        }

        for (var s = 0; s < from.Samples; s++)
        {
            var unit = new double[from.Samples];
            unit[s] = 1;
            samples.Add(new FieldSample(from.Time(s), unit));
        }

        var waveform = new Waveform(0, samples, from.Meaning, from.Degree);
        var rows = new double[to.Samples][];
        for (var s = 0; s < rows.Length; s++)
        {
            rows[s] = new double[from.Samples];
            var before = s == 0 ? 0 : to.Time(s - 1);
            switch (from.Meaning)
            {
                case TimeMeaning.Instant:
                    waveform.At(to.Time(s), rows[s]);
                    break;
                case TimeMeaning.WindowAverage:
                    waveform.Average(before, to.Time(s), rows[s]);
                    break;
                default:
                    waveform.Integral(before, to.Time(s), rows[s]);
                    break;
            }
        }

        return rows;
    }
}

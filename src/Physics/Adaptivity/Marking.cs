namespace ActorMultiscale.Physics.Adaptivity;

/// <summary>Which cells are cut and which are merged, by their indicators. Pure functions; ties are broken by nothing but the indicators, so the order of cells does not matter.</summary>
public static class Marking
{
    // A factor of 2^(1/16) between bins of η²; 64 octaves.
    private const int BinsPerOctave = 16;
    private const int Octaves = 64;

    /// <summary>
    /// The cells with the greatest indicators that hold the share θ² of Σ η², up to the width of a bin: η is sorted into bins by its logarithm, and whole bins are
    /// taken from the greatest on. O(N).
    /// </summary>
    /// <remarks>
    /// The set is at most one bin greater than the smallest set that has the share: its least η² is within a factor of 2^(1/16) of the least of that set.
    /// After: Dörfler, SIAM J. Numer. Anal. 33 (1996) 1106; with bins: Stevenson, Found. Comput. Math. 7 (2007) 245.
    /// </remarks>
    /// <param name="indicators">η, one a cell; signs do not matter.</param>
    /// <param name="theta">θ, above 0 and at most 1. Below about ½ refinement has the best rate that there is.</param>
    /// <returns>Refine or Keep, one a cell.</returns>
    public static Mark[] Bulk(ReadOnlySpan<double> indicators, double theta = 0.5)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(theta);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(theta, 1);
        var marks = new Mark[indicators.Length];
        var (greatest, whole) = (0.0, 0.0);
        foreach (var eta in indicators)
        {
            greatest = Math.Max(greatest, RequireFinite(eta));
            whole += eta * eta;
        }

        if (greatest == 0)
        {
            return marks;
        }

        var sums = new double[(BinsPerOctave * Octaves) + 1];
        foreach (var eta in indicators)
        {
            sums[Bin(eta, greatest)] += eta * eta;
        }

        // Round-off must not keep θ = 1 from ending.
        var (last, sum) = (0, sums[0]);
        while (sum < theta * theta * whole * (1 - 1e-13) && last + 1 < sums.Length)
        {
            sum += sums[++last];
        }

        for (var c = 0; c < marks.Length; c++)
        {
            marks[c] = indicators[c] != 0 && Bin(indicators[c], greatest) <= last ? Mark.Refine : Mark.Keep;
        }

        return marks;
    }

    /// <summary>
    /// The same with merging: a cell that is not cut is to be merged if its η is below a share of the root mean square. A cell that was cut at this share of the mean
    /// gets children with about half of its η or less; the share must be well below that for cells not to flip to and fro.
    /// </summary>
    /// <param name="indicators">η, one a cell.</param>
    /// <param name="theta">θ of <see cref="Bulk"/>.</param>
    /// <param name="coarsenBelow">The share, at most ¼; the gap to what is cut is the hysteresis.</param>
    public static Mark[] BulkAndMerge(ReadOnlySpan<double> indicators, double theta = 0.5, double coarsenBelow = 0.1)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(coarsenBelow);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(coarsenBelow, 0.25);
        var marks = Bulk(indicators, theta);
        var squares = 0.0;
        foreach (var eta in indicators)
        {
            squares += eta * eta;
        }

        var limit = coarsenBelow * Math.Sqrt(squares / Math.Max(1, indicators.Length));
        for (var c = 0; c < marks.Length; c++)
        {
            marks[c] = marks[c] == Mark.Keep && Math.Abs(indicators[c]) < limit ? Mark.Coarsen : marks[c];
        }

        return marks;
    }

    /// <summary>Marks by two thresholds: cut above the one, merge below the other, and stay between. For fields that move, where the tolerance of a cell is known.</summary>
    /// <param name="indicators">η, one a cell.</param>
    /// <param name="refineAbove">Cells with a greater η are cut.</param>
    /// <param name="coarsenBelow">Cells with a lower η are to be merged; less than half of the other threshold, so that children just made are not merged again.</param>
    public static Mark[] Between(ReadOnlySpan<double> indicators, double refineAbove, double coarsenBelow)
    {
        if (!(coarsenBelow >= 0 && coarsenBelow < 0.5 * refineAbove))
        {
            throw new Models.ScaleModelException(FormattableString.Invariant(
                $"Cells are cut above {refineAbove} and merged below {coarsenBelow}; the second is less than half of the first, or cells flip to and fro."));
        }

        var marks = new Mark[indicators.Length];
        for (var c = 0; c < marks.Length; c++)
        {
            var eta = RequireFinite(indicators[c]);
            marks[c] = eta > refineAbove ? Mark.Refine : eta < coarsenBelow ? Mark.Coarsen : Mark.Keep;
        }

        return marks;
    }

    private static double RequireFinite(double eta) =>
        double.IsFinite(eta) ? Math.Abs(eta) : throw new Models.ScaleModelException(FormattableString.Invariant($"An indicator is {eta}; indicators are finite."));

    private static int Bin(double eta, double greatest) =>
        (int)Math.Min(BinsPerOctave * Octaves, BinsPerOctave * 2 * Math.Log2(greatest / Math.Abs(eta)));
}

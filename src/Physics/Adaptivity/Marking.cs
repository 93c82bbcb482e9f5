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
        var greatest = Greatest(indicators);
        if (greatest == 0)
        {
            return marks;
        }

        var sums = Sums(indicators, greatest);
        var whole = 0.0;
        foreach (var square in sums)
        {
            whole += square;
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
    /// How often each cell is to be cut so that √Σ η² falls to a tolerance with errors of cells about equal, by what theory says of smooth solutions: a cell cut c times has
    /// 2^(d c) parts with η 2^(−c (p + d/2)) each. For few rounds with large steps; where the solution is singular, the next round sees what is left. O(N).
    /// </summary>
    /// <remarks>
    /// For a given number of cells the sum is least where no cell has a greater η than others could have: all cells are cut until theirs is below one threshold, which is found
    /// among bins of η². After: Babuška, Rheinboldt, SIAM J. Numer. Anal. 15 (1978) 736 (equal errors are best).
    /// </remarks>
    /// <param name="indicators">η, one a cell; signs do not matter.</param>
    /// <param name="tolerance">What √Σ η² is to be, positive. Nothing is cut if it is so already.</param>
    /// <param name="degree">p, the order of the error: the degree of the elements, for the energy.</param>
    /// <param name="dimension">d.</param>
    /// <param name="most">The most cuts of one cell, whatever the tolerance. Estimates on coarse cells say little about much finer ones.</param>
    /// <returns>0 or more, one a cell; for <see cref="TreeForest.Cut"/>.</returns>
    public static int[] Cuts(ReadOnlySpan<double> indicators, double tolerance, int degree, int dimension, int most = 2)
    {
        if (!(tolerance > 0 && double.IsFinite(tolerance)))
        {
            throw new Models.ScaleModelException(FormattableString.Invariant($"The tolerance is {tolerance}; it is positive and finite."));
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(degree, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(dimension, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(most, 1);
        var cuts = new int[indicators.Length];
        var greatest = Greatest(indicators);
        if (greatest == 0)
        {
            return cuts;
        }

        var sums = Sums(indicators, greatest);
        tolerance *= Unit(greatest);

        // η² falls by 2^(2 p + d) a cut, that of a cell with all its parts by 4^p. The threshold is found as if cells could be cut at will, or those that cannot would have others pay.
        int CutsOf(int bin, int threshold) => bin >= threshold ? 0 : 1 + ((threshold - bin - 1) / (BinsPerOctave * ((2 * degree) + dimension)));
        double After(int threshold)
        {
            var sum = 0.0;
            for (var bin = 0; bin < sums.Length; bin++)
            {
                sum += sums[bin] * Math.ScaleB(1, -2 * degree * CutsOf(bin, threshold));
            }

            return sum;
        }

        var (low, high) = (0, sums.Length - 1);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = After(middle) <= tolerance * tolerance ? (low, middle) : (middle + 1, high);
        }

        for (var c = 0; c < cuts.Length; c++)
        {
            cuts[c] = indicators[c] == 0 ? 0 : Math.Min(most, CutsOf(Bin(indicators[c], greatest), low));
        }

        return cuts;
    }

    /// <summary>
    /// The same as <see cref="Bulk"/> with merging: a cell that is not cut is to be merged if its η is below a share of the root mean square. A cell that was cut at this share of the mean
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
        var unit = Unit(Greatest(indicators));
        var squares = 0.0;
        foreach (var eta in indicators)
        {
            squares += unit * eta * (unit * eta);
        }

        var limit = coarsenBelow * Math.Sqrt(squares / Math.Max(1, indicators.Length)) / unit;
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

    private static double Greatest(ReadOnlySpan<double> indicators)
    {
        var greatest = 0.0;
        foreach (var eta in indicators)
        {
            greatest = Math.Max(greatest, RequireFinite(eta));
        }

        return greatest;
    }

    // A power of two that brings the greatest η to about 1, so that squares neither overflow nor vanish; products with it are exact.
    private static double Unit(double greatest) => greatest == 0 ? 1 : Math.ScaleB(1, -Math.Clamp(Math.ILogB(greatest), -1000, 1000));

    // Σ η² of each bin, in that unit.
    private static double[] Sums(ReadOnlySpan<double> indicators, double greatest)
    {
        var (sums, unit) = (new double[(BinsPerOctave * Octaves) + 1], Unit(greatest));
        foreach (var eta in indicators)
        {
            sums[Bin(eta, greatest)] += unit * eta * (unit * eta);
        }

        return sums;
    }

    private static int Bin(double eta, double greatest) =>
        (int)Math.Min(BinsPerOctave * Octaves, BinsPerOctave * 2 * Math.Log2(greatest / Math.Abs(eta)));
}

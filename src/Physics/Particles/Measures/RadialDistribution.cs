using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Particles.Measures;

/// <summary>
/// The radial distribution function g(r), of all atoms and by pairs of species: how many atoms are at the distance r of another, over how many
/// would be if their places were independent. Configurations are added one after the other; the box may change its shape between them.
/// </summary>
/// <remarks>
/// $g_{ab}(r) = \langle n_{ab} \rangle \big/ \frac{4π}{3} (r_+³ − r_-³) \langle N_a N_b / V \rangle$, with $n_{ab}$ pairs (a, b) between the
/// edges $r_-$ and $r_+$ of a bin; $N_a (N_a − 1)$ if a = b, so that independent atoms have g = 1 exactly in the mean.
/// After: Allen, Tildesley, "Computer Simulation of Liquids", 2nd ed. (2017), section 8.2.
/// </remarks>
public sealed class RadialDistribution
{
    private const int CellsPerChunk = 64;
    private const int MostBlocks = 32;
    private readonly double _cutoff;
    private readonly int _bins;
    private readonly int _species;
    private readonly int[] _row;        // Of a pair of species: the histogram in which it is counted.

    // Whole numbers: sums are exact, in whatever order.
    private long[] _pairs;

    // Σ over configurations of the pairs a volume, and of the atoms of each species.
    private double[] _ideal;
    private long[] _atoms;
    private long _samples;

    // Blocks of as many configurations each: what there was of pairs and of ideal pairs when each ended. Where there would be too many, two become one.
    private long[] _blockPairs = [];
    private double[] _blockIdeal = [];
    private long _blockSize = 1;

    /// <summary>Empty histograms.</summary>
    /// <param name="cutoff">The largest r, above zero; at most half of the least height of any box that is added.</param>
    /// <param name="bins">How many bins from 0 to there.</param>
    /// <param name="species">How many kinds of atoms there are.</param>
    public RadialDistribution(double cutoff, int bins, int species = 1)
    {
        if (!(cutoff > 0 && double.IsFinite(cutoff)) || bins < 1 || species < 1)
        {
            throw new ScaleModelException(FormattableString.Invariant($"A radial distribution is asked for up to r = {cutoff} in {bins} bins for {species} species; all must be above zero."));
        }

        (_cutoff, _bins, _species) = (cutoff, bins, species);
        _row = new int[species * species];
        var rows = 0;
        for (var a = 0; a < species; a++)
        {
            for (var b = a; b < species; b++)
            {
                _row[(a * species) + b] = _row[(b * species) + a] = rows++;
            }
        }

        (_pairs, _ideal, _atoms) = (new long[rows * bins], new double[rows], new long[species]);
    }

    /// <summary>How many configurations have been added.</summary>
    public long Samples => _samples;

    /// <summary>The middles of the bins, in the unit of length of the positions.</summary>
    public double[] Radii => [.. Enumerable.Range(0, _bins).Select(i => (i + 0.5) * _cutoff / _bins)];

    /// <summary>Adds a configuration.</summary>
    /// <param name="box">Periodic on all sides, of any shape.</param>
    /// <param name="positions">Where the atoms are, wrapped or not.</param>
    /// <param name="kinds">The species of each, from 0; empty: all of species 0.</param>
    /// <param name="loop">On what threads; the caller's if null. The result is the same on any.</param>
    /// <exception cref="ScaleModelException">The box is too small or not periodic, or an atom is nowhere or of an unknown kind.</exception>
    public void Add(SimulationBox box, ReadOnlySpan<Vec3> positions, ReadOnlySpan<int> kinds = default, ChunkedLoop? loop = null)
    {
        ArgumentNullException.ThrowIfNull(box);
        if (!box.IsPeriodic(0) || !box.IsPeriodic(1) || !box.IsPeriodic(2))
        {
            throw new ScaleModelException("A radial distribution compares with atoms that are spread evenly over the whole volume; the box must be periodic on all sides.");
        }

        var height = Math.Min(box.Heights.X, Math.Min(box.Heights.Y, box.Heights.Z));
        if (_cutoff > 0.5 * height * (1 + 1e-12))
        {
            throw new ScaleModelException(FormattableString.Invariant($"The radial distribution reaches to r = {_cutoff} and the least height of the box is {height}; beyond half of it atoms would be seen with their own images. Take a larger box or a shorter range."));
        }

        var kindOf = kinds.ToArray();
        if (kindOf.Length == 0)
        {
            kindOf = new int[positions.Length];
        }

        ArgumentOutOfRangeException.ThrowIfNotEqual(kindOf.Length, positions.Length);
        var atoms = new long[_species];
        for (var i = 0; i < kindOf.Length; i++)
        {
            if ((uint)kindOf[i] >= _species)
            {
                throw new ScaleModelException(FormattableString.Invariant($"Atom {i} is of species {kindOf[i]}; the radial distribution knows 0 to {_species - 1}."));
            }

            atoms[kindOf[i]]++;
        }

        var grid = new CellGrid(box, positions, _cutoff);
        var histograms = new long[ChunkedLoop.Chunks(grid.Cells, CellsPerChunk)][];
        (loop ?? ChunkedLoop.Serial).Run(grid.Cells, CellsPerChunk, (chunk, first, past) =>
        {
            var counter = new Counter(histograms[chunk] = new long[_pairs.Length], kindOf, _row, _species, _bins, _bins / _cutoff);
            for (var cell = first; cell < past; cell++)
            {
                grid.Visit(cell, _cutoff, once: true, ref counter);
            }
        });
        foreach (var histogram in histograms)
        {
            for (var i = 0; i < _pairs.Length; i++)
            {
                _pairs[i] += histogram[i];
            }
        }

        for (var a = 0; a < _species; a++)
        {
            _atoms[a] += atoms[a];
            for (var b = a; b < _species; b++)
            {
                _ideal[_row[(a * _species) + b]] += (a == b ? 0.5 * atoms[a] * (atoms[a] - 1) : (double)atoms[a] * atoms[b]) / box.Volume;
            }
        }

        _samples++;
        EndBlock();
    }

    /// <summary>g of all atoms, one value a bin.</summary>
    /// <exception cref="ScaleModelException">There were no two atoms.</exception>
    public double[] Total() => Ratio(_ => true);

    /// <summary>The error of each value of <see cref="Total"/>, as <see cref="Blocks"/> tell it.</summary>
    /// <exception cref="ScaleModelException">There are fewer than two blocks, or a block without two atoms.</exception>
    public double[] TotalError() => Error(_ => true);

    /// <summary>The error of each value of <see cref="Of"/>, as <see cref="Blocks"/> tell it.</summary>
    /// <exception cref="ScaleModelException">There are fewer than two blocks, or a block without such pairs.</exception>
    public double[] ErrorOf(int a, int b) => Error(row => row == Row(a, b));

    /// <summary>
    /// How many blocks of equal length the configurations make, in the order in which they were added: 16 to 31 once there are as many. The errors are those of the mean of blocks that are independent of
    /// each other, which they are where a block is longer than the fluid remembers; to as much as 1/√(2(n − 1)) of themselves, a fifth.
    /// </summary>
    public int Blocks => _blockIdeal.Length / _ideal.Length;

    /// <summary>g of atoms of the species <paramref name="a"/> and <paramref name="b"/>, one value a bin.</summary>
    /// <exception cref="ScaleModelException">There were no such pairs.</exception>
    public double[] Of(int a, int b) => Ratio(row => row == Row(a, b));

    /// <summary>How many atoms of the species <paramref name="b"/> one of <paramref name="a"/> has within the outer edge of each bin, in the mean.</summary>
    /// <exception cref="ScaleModelException">There were no such pairs.</exception>
    public double[] Coordination(int a = 0, int b = 0)
    {
        var (row, sum, numbers) = (Row(a, b), 0L, new double[_bins]);
        for (var i = 0; i < _bins; i++)
        {
            // Each pair of equals is counted once, and is seen from both ends.
            sum += (a == b ? 2 : 1) * _pairs[(row * _bins) + i];
            numbers[i] = _atoms[a] > 0 ? (double)sum / _atoms[a] : throw NoPairs();
        }

        return numbers;
    }

    /// <summary>Saves or restores the histograms; the range and the species are those of the constructor.</summary>
    public void Archive(StateArchive archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        archive.Value("samples", ref _samples);
        archive.Field("pairs", ref _pairs);
        archive.Field("ideal", ref _ideal);
        archive.Field("atoms", ref _atoms);
        archive.Value("block-size", ref _blockSize);
        archive.Field("block-pairs", ref _blockPairs);
        archive.Field("block-ideal", ref _blockIdeal);
        if (_blockSize < 1 || _blockIdeal.Length != _samples / _blockSize * _ideal.Length || _blockPairs.Length != _blockIdeal.Length * _bins || _pairs.Length != _ideal.Length * _bins || _atoms.Length != _species || _ideal.Length != _species * (_species + 1) / 2)
        {
            throw new InvalidDataException("The archive holds a radial distribution with other bins or species.");
        }
    }

    private static ScaleModelException NoPairs() => new("The radial distribution of these species is not known: no configuration had a pair of them.");

    private int Row(int a, int b) => (uint)a < _species && (uint)b < _species
        ? _row[(a * _species) + b]
        : throw new ScaleModelException(FormattableString.Invariant($"The radial distribution knows the species 0 to {_species - 1}, and {a} and {b} are asked for."));

    // Sums up to the end of a block are kept, not those of the block: what two blocks make together is then what the second says.
    private void EndBlock()
    {
        if (_samples % _blockSize != 0)
        {
            return;
        }

        (_blockPairs, _blockIdeal) = ([.. _blockPairs, .. _pairs], [.. _blockIdeal, .. _ideal]);
        if (Blocks == MostBlocks)
        {
            T[] EverySecond<T>(T[] all, int length) => [.. Enumerable.Range(0, MostBlocks / 2).SelectMany(k => all[(((2 * k) + 1) * length)..(((2 * k) + 2) * length)])];
            (_blockPairs, _blockIdeal, _blockSize) = (EverySecond(_blockPairs, _pairs.Length), EverySecond(_blockIdeal, _ideal.Length), 2 * _blockSize);
        }
    }

    private double[] Error(Func<int, bool> counts)
    {
        if (Blocks < 2)
        {
            throw new ScaleModelException($"The error of a radial distribution follows from two or more configurations; there are {_samples}.");
        }

        var blocks = new double[Blocks][];
        for (var block = 0; block < blocks.Length; block++)
        {
            long Pairs(int i) => _blockPairs[(block * _pairs.Length) + i] - (block == 0 ? 0 : _blockPairs[((block - 1) * _pairs.Length) + i]);
            double Ideal(int i) => _blockIdeal[(block * _ideal.Length) + i] - (block == 0 ? 0 : _blockIdeal[((block - 1) * _ideal.Length) + i]);
            blocks[block] = Ratio(counts, [.. Enumerable.Range(0, _pairs.Length).Select(Pairs)], [.. Enumerable.Range(0, _ideal.Length).Select(Ideal)]);
        }

        return [.. Enumerable.Range(0, _bins).Select(bin => Estimate.OfIndependent([.. blocks.Select(g => g[bin])]).Error)];
    }

    private double[] Ratio(Func<int, bool> counts) => Ratio(counts, _pairs, _ideal);

    private double[] Ratio(Func<int, bool> counts, long[] pairs, double[] ideals)
    {
        var (g, ideal) = (new double[_bins], 0.0);
        for (var row = 0; row < ideals.Length; row++)
        {
            if (counts(row))
            {
                ideal += ideals[row];
                for (var i = 0; i < _bins; i++)
                {
                    g[i] += pairs[(row * _bins) + i];
                }
            }
        }

        if (!(ideal > 0))
        {
            throw NoPairs();
        }

        for (var i = 0; i < _bins; i++)
        {
            // 4π/3 (r₊³ − r₋³), r± = i and i + 1 widths.
            g[i] /= ideal * 4 * Math.PI / 3 * Math.Pow(_cutoff / _bins, 3) * ((3.0 * i * (i + 1)) + 1);
        }

        return g;
    }

    private readonly struct Counter(long[] pairs, int[] kinds, int[] row, int species, int bins, double binsPerLength) : IPairVisitor
    {
        public void Visit(int i, int j, Vec3 offset, double squared)
        {
            // A distance just below the cutoff may round up to it.
            var bin = Math.Min((int)(Math.Sqrt(squared) * binsPerLength), bins - 1);
            pairs[(row[(kinds[i] * species) + kinds[j]] * bins) + bin]++;
        }
    }
}

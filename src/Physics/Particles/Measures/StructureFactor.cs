using System.Runtime.Intrinsics;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Particles.Measures;

/// <summary>
/// The static structure factor S(k) = |Σ exp(i k · r_j)|² / N at every k of the reciprocal lattice of a periodic box up to a largest, and its mean over spherical shells.
/// Configurations are added one after the other; the box may change its shape between them.
/// </summary>
/// <remarks>
/// k = 2π C⁻ᵀ (h, k, l) with the cell vectors as columns of C; of k and −k, which have the same S, one is computed, and k = 0 is left out. No other k is possible: elsewhere
/// the edges of the box would be seen. Takes time in proportion to atoms times vectors, that is to k³ V N.
/// After: Allen, Tildesley, "Computer Simulation of Liquids", 2nd ed. (2017), section 2.6.
/// </remarks>
public sealed class StructureFactor
{
    private const int Lanes = 8;
    private readonly double _longest;
    private readonly int _bins;
    private double[] _sums;
    private long[] _vectors;
    private long _samples;

    /// <summary>Empty shells.</summary>
    /// <param name="longest">The largest |k|, above zero, in the inverse of the unit of length.</param>
    /// <param name="bins">How many shells from 0 to there.</param>
    public StructureFactor(double longest, int bins)
    {
        if (!(longest > 0 && double.IsFinite(longest)) || bins < 1)
        {
            throw new ScaleModelException(FormattableString.Invariant($"A structure factor is asked for up to k = {longest} in {bins} shells; both must be above zero."));
        }

        (_longest, _bins, _sums, _vectors) = (longest, bins, new double[bins], new long[bins]);
    }

    /// <summary>How many configurations have been added.</summary>
    public long Samples => _samples;

    /// <summary>The middles of the shells.</summary>
    public double[] Wavenumbers => [.. Enumerable.Range(0, _bins).Select(i => (i + 0.5) * _longest / _bins)];

    /// <summary>How many vectors have been seen in each shell; one of k and −k counts.</summary>
    public long[] Vectors => [.. _vectors];

    /// <summary>S of each shell, the mean over vectors and configurations; not a number where a shell is between the vectors of the box.</summary>
    public double[] Values => [.. _sums.Select((s, i) => s / _vectors[i])];

    /// <summary>S at every reciprocal vector of a configuration with |k| up to <paramref name="longest"/>, one of k and −k each, in a fixed order.</summary>
    /// <param name="box">Periodic on all sides, of any shape.</param>
    /// <param name="positions">Where the atoms are, wrapped or not.</param>
    /// <param name="longest">The largest |k|.</param>
    /// <param name="loop">On what threads; the caller's if null. The result is the same on any.</param>
    /// <exception cref="ScaleModelException">The box is not periodic, there is no atom, or one is nowhere.</exception>
    public static IReadOnlyList<(Vec3 Wavevector, double Value)> At(SimulationBox box, ReadOnlySpan<Vec3> positions, double longest, ChunkedLoop? loop = null)
    {
        ArgumentNullException.ThrowIfNull(box);
        if (!box.IsPeriodic(0) || !box.IsPeriodic(1) || !box.IsPeriodic(2) || positions.Length == 0)
        {
            throw new ScaleModelException(FormattableString.Invariant($"A structure factor is asked for of {positions.Length} atoms; it needs some, in a box that is periodic on all sides."));
        }

        var n = positions.Length;
        var (a, b, c) = (new double[n], new double[n], new double[n]);
        for (var i = 0; i < n; i++)
        {
            var s = box.Fraction(box.Wrap(positions[i]));
            (a[i], b[i], c[i]) = (s.X, s.Y, s.Z);
            if (!double.IsFinite(s.X + s.Y + s.Z))
            {
                throw new ScaleModelException(FormattableString.Invariant($"Atom {i} is at {positions[i]}; positions must be finite. The simulation has probably become unstable."));
            }
        }

        // h = k · a / 2π, so that |h| ≤ |k| |a| / 2π.
        var reciprocal = box.Cell.Inverse().Transposed;
        int Most(int side) => (int)Math.Floor(longest * box.Cell.Column(side).Norm / (2 * Math.PI) * (1 + 1e-12));
        var (mostA, mostB, mostC) = (Most(0), Most(1), Most(2));
        var lines = new List<(int H, int K)>();
        for (var h = 0; h <= mostA; h++)
        {
            for (var k = h == 0 ? 0 : -mostB; k <= mostB; k++)
            {
                lines.Add((h, k));
            }
        }

        var found = new List<(Vec3, double)>[lines.Count];
        (loop ?? ChunkedLoop.Serial).Run(lines.Count, 1, (line, _, _) =>
        {
            var (h, k) = lines[line];
            var values = found[line] = [];
            double[] cosine = [], sine = [], turnCosine = [], turnSine = [];
            for (var l = (h, k) == (0, 0) ? 1 : -mostC; l <= mostC; l++)
            {
                var wavevector = 2 * Math.PI * (reciprocal * new Vec3(h, k, l));
                if (wavevector.Norm > longest * (1 + 1e-12))
                {
                    continue;
                }

                // Vectors of a line within the sphere follow each other: from one to the next all phases turn by 2π c.
                if (cosine.Length == 0)
                {
                    (cosine, sine, turnCosine, turnSine) = (new double[n], new double[n], new double[n], new double[n]);
                    for (var i = 0; i < n; i++)
                    {
                        (sine[i], cosine[i]) = Math.SinCos(2 * Math.PI * ((h * a[i]) + (k * b[i]) + (l * c[i])));
                        (turnSine[i], turnCosine[i]) = Math.SinCos(2 * Math.PI * c[i]);
                    }
                }

                var (real, imaginary) = SumAndTurn(cosine, sine, turnCosine, turnSine);
                values.Add((wavevector, ((real * real) + (imaginary * imaginary)) / n));
            }
        });
        return [.. found.SelectMany(f => f)];
    }

    /// <summary>Adds a configuration.</summary>
    /// <param name="box">Periodic on all sides, of any shape.</param>
    /// <param name="positions">Where the atoms are, wrapped or not.</param>
    /// <param name="loop">On what threads; the caller's if null. The result is the same on any.</param>
    /// <exception cref="ScaleModelException">The box is not periodic, there is no atom, or one is nowhere.</exception>
    public void Add(SimulationBox box, ReadOnlySpan<Vec3> positions, ChunkedLoop? loop = null)
    {
        foreach (var (wavevector, value) in At(box, positions, _longest, loop))
        {
            var bin = Math.Min((int)(wavevector.Norm / _longest * _bins), _bins - 1);
            _sums[bin] += value;
            _vectors[bin]++;
        }

        _samples++;
    }

    /// <summary>Saves or restores the shells; how many there are is the constructor's.</summary>
    public void Archive(StateArchive archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        archive.Value("samples", ref _samples);
        archive.Field("sums", ref _sums);
        archive.Field("vectors", ref _vectors);
        if (_sums.Length != _bins || _vectors.Length != _bins)
        {
            throw new InvalidDataException("The archive holds a structure factor with other shells.");
        }
    }

    // Σ exp(i φ), and φ → φ + turn of every atom. Eight partial sums side by side, whatever the hardware's width, and the rest one by one.
    private static (double Real, double Imaginary) SumAndTurn(double[] cosine, double[] sine, double[] turnCosine, double[] turnSine)
    {
        var (reals, imaginaries) = (Vector512<double>.Zero, Vector512<double>.Zero);
        var i = 0;
        for (; i + Lanes <= cosine.Length; i += Lanes)
        {
            var (c, s) = (Vector512.LoadUnsafe(ref cosine[i]), Vector512.LoadUnsafe(ref sine[i]));
            var (tc, ts) = (Vector512.LoadUnsafe(ref turnCosine[i]), Vector512.LoadUnsafe(ref turnSine[i]));
            reals += c;
            imaginaries += s;
            ((c * tc) - (s * ts)).StoreUnsafe(ref cosine[i]);
            ((s * tc) + (c * ts)).StoreUnsafe(ref sine[i]);
        }

        var (real, imaginary) = (0.0, 0.0);
        for (var lane = 0; lane < Lanes; lane++)
        {
            real += reals[lane];
            imaginary += imaginaries[lane];
        }

        for (; i < cosine.Length; i++)
        {
            var (c, s) = (cosine[i], sine[i]);
            real += c;
            imaginary += s;
            (cosine[i], sine[i]) = ((c * turnCosine[i]) - (s * turnSine[i]), (s * turnCosine[i]) + (c * turnSine[i]));
        }

        return (real, imaginary);
    }
}

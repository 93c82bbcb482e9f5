using System.Collections.Immutable;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Particles;

/// <summary>
/// Lennard-Jones atoms with a cutoff, shifted so that the energy of a pair is continuous there:
/// φ(r) = 4ε[(σ/r)¹² − (σ/r)⁶] − φ₀ for r &lt; r_c, with φ₀ such that φ(r_c) = 0. Forces keep their small jump at r_c.
/// </summary>
/// <remarks>
/// J. E. Lennard-Jones, Proc. R. Soc. A 106 (1924) 463. Every pair is looked at, so the cost grows with the square of the number of atoms:
/// meant for regions of up to some thousand atoms.
/// </remarks>
public sealed class LennardJones : IForceEngine
{
    private const int Rows = 16;        // Atoms per chunk.

    private readonly double _epsilon;
    private readonly double _sigma;
    private readonly double _cutoff;
    private readonly double _shift;

    /// <summary>A potential of the given strength and length.</summary>
    /// <param name="epsilon">Depth ε of the unshifted well, J.</param>
    /// <param name="sigma">Distance σ at which the unshifted energy vanishes, m.</param>
    /// <param name="cutoff">r_c, m.</param>
    /// <exception cref="ScaleModelException">A parameter is not positive.</exception>
    public LennardJones(double epsilon, double sigma, double cutoff)
    {
        if (!(epsilon > 0 && sigma > 0 && cutoff > 0) || !double.IsFinite(epsilon + sigma + cutoff))
        {
            throw new ScaleModelException(FormattableString.Invariant($"A Lennard-Jones potential has ε = {epsilon} J, σ = {sigma} m and cutoff = {cutoff} m; all three are above zero."));
        }

        (_epsilon, _sigma, _cutoff) = (epsilon, sigma, cutoff);
        var s6 = Math.Pow(sigma / cutoff, 6);
        _shift = 4 * epsilon * ((s6 * s6) - s6);
    }

    /// <summary>What experiments can set; argon by default (A. Rahman, Phys. Rev. 136 (1964) A405: ε/k = 120 K, σ = 3.4 Å).</summary>
    public static ImmutableArray<Setting> Settings { get; } =
    [
        Setting.Positive("epsilon", "J", "depth ε of the Lennard-Jones well", 1.65678e-21),
        Setting.Positive("sigma", "m", "distance σ at which the Lennard-Jones energy vanishes", 3.4e-10),
        Setting.Positive("cutoff", "m", "distance beyond which atoms do not feel each other; at most half of the box", 7.65e-10),
    ];

    /// <summary>The potential that <paramref name="settings"/> give.</summary>
    public static LennardJones Of(ModelSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return new LennardJones(settings.Number("epsilon"), settings.Number("sigma"), settings.Number("cutoff"));
    }

    /// <inheritdoc/>
    public AtomForces Evaluate(Matrix3 cell, ReadOnlySpan<Vec3> positions, ChunkedLoop loop, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(loop);
        var (a, b, c) = (cell.Column(0), cell.Column(1), cell.Column(2));
        var volume = Math.Abs(cell.Determinant);

        // An image within r_c is the nearest one if r_c is at most half of every height of the cell: then no fractional coordinate of it exceeds ½.
        var height = volume / Math.Max(Vec3.Cross(b, c).Norm, Math.Max(Vec3.Cross(c, a).Norm, Vec3.Cross(a, b).Norm));
        if (!(_cutoff <= 0.5 * height * (1 + 1e-12)))
        {
            throw new ScaleModelException(FormattableString.Invariant($"The cutoff is {_cutoff} m and the least height of the box {height} m; the cutoff may be at most half of it, or an atom would feel two images of another. Take a larger box or a shorter cutoff."));
        }

        var inverse = cell.Inverse();
        var atoms = positions.ToArray();
        var n = atoms.Length;
        var forces = new Vec3[n];
        var energies = new double[n];
        var virials = new SymTensor3[n];

        // Each atom sums over all others in order and writes to its own place: the same bits on any number of threads.
        loop.Run(n, Rows, (_, first, past) =>
        {
            cancellation.ThrowIfCancellationRequested();
            for (var i = first; i < past; i++)
            {
                var (force, energy, virial) = (Vec3.Zero, 0.0, SymTensor3.Zero);
                for (var j = 0; j < n; j++)
                {
                    if (j == i)
                    {
                        continue;
                    }

                    // From j to the nearest image of i.
                    var x = atoms[i] - atoms[j];
                    var s = inverse * x;
                    x -= cell * new Vec3(Math.Round(s.X), Math.Round(s.Y), Math.Round(s.Z));
                    var r2 = x.NormSquared;
                    if (r2 >= _cutoff * _cutoff)
                    {
                        continue;
                    }

                    // −φ′/r = 24ε [2 (σ/r)¹² − (σ/r)⁶] / r²; half of the pair's energy and virial is each atom's.
                    var q2 = _sigma * _sigma / r2;
                    var q6 = q2 * q2 * q2;
                    var strength = 24 * _epsilon * ((2 * q6 * q6) - q6) / r2;
                    energy += 0.5 * ((4 * _epsilon * ((q6 * q6) - q6)) - _shift);
                    force += strength * x;
                    virial += 0.5 * strength * SymTensor3.Dyad(x);
                }

                (forces[i], energies[i], virials[i]) = (force, energy, virial);
            }
        });

        double Sum(Func<SymTensor3, double> entry) => FixedOrderSum.Of(Array.ConvertAll(virials, v => entry(v)));
        var total = FixedOrderSum.Of(energies);
        var virial = new SymTensor3(Sum(v => v.XX), Sum(v => v.YY), Sum(v => v.ZZ), Sum(v => v.YZ), Sum(v => v.XZ), Sum(v => v.XY));
        return double.IsFinite(total)
            ? new AtomForces(total, forces, virial)
            : throw new ScaleModelException("The Lennard-Jones energy is not finite: two atoms lie upon each other, or a position is not finite. The time step is probably too long.");
    }
}

using System.Runtime.Intrinsics;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles.Interactions;

namespace ActorMultiscale.Physics.Particles.OpenBoundary;

/// <summary>
/// What the fluid beyond an open boundary would do to the atoms before it, on the average: F(r) = −ρ ∫_r^{r_c} ∫ 2πx g(s) φ′(s) (z/s) dx dz along
/// the normal, with s² = x² + z² (T. Werder, J. H. Walther, P. Koumoutsakos, J. Comput. Phys. 205 (2005) 373, eq. 12).
/// </summary>
/// <remarks>
/// With dx x/s = ds the inner integral is w(z) = ∫_z^{r_c} g φ′ ds, and F(r) = −2πρ ∫_r^{r_c} z w(z) dz. The energy of the field is E(r) = ∫_r^{r_c} F dr, a potential of
/// mean force: it keeps the books of energy, and is not what an atom has with the fluid beyond, as g changes with the atom. That is <see cref="MeanEnergy"/>.
/// </remarks>
public readonly struct BoundaryForce : IExternalField
{
    private readonly HermiteTable _force;
    private readonly HermiteTable _energy;
    private readonly HermiteTable _mean;
    private readonly Vec3 _point;
    private readonly Vec3 _normal;
    private readonly double _cutoff;

    /// <summary>The boundary through a point.</summary>
    /// <param name="point">A point of it.</param>
    /// <param name="normal">The direction to the side on which the atoms are; of any length above zero.</param>
    /// <param name="density">ρ of the fluid, atoms a volume.</param>
    /// <param name="potential">How two atoms act on each other.</param>
    /// <param name="distribution">g(r), the radial distribution of the fluid at distances up to the cutoff; zero where atoms never are.</param>
    /// <param name="core">Below this distance atoms never are: g is zero, whatever <paramref name="distribution"/> says.</param>
    /// <param name="points">Points of the table, 100 or more.</param>
    /// <exception cref="ScaleModelException">A number makes no sense.</exception>
    public BoundaryForce(Vec3 point, Vec3 normal, double density, IPairPotential potential, Func<double, double> distribution, double core, int points = 2000)
    {
        ArgumentNullException.ThrowIfNull(potential);
        ArgumentNullException.ThrowIfNull(distribution);
        if (!(normal.NormSquared > 0 && density > 0 && core >= 0 && core < potential.Cutoff && points >= 100) || !double.IsFinite(normal.NormSquared + point.NormSquared + density))
        {
            throw new ScaleModelException(FormattableString.Invariant(
                $"A boundary goes through {point} with the normal {normal}, of a fluid of density {density} without atoms nearer than {core}, in {points} points; normal and density are above zero, the core is shorter than the cutoff {potential.Cutoff}, and there are 100 points at least."));
        }

        (_point, _normal, _cutoff) = (point, normal.Normalized(), potential.Cutoff);
        var h = _cutoff / points;

        // Integrals from the cutoff inward, each piece by Simpson's rule with the value in its middle; φ′ at the cutoff is that just before it.
        var last = _cutoff * _cutoff * (1 - 1e-15);
        double Slope(double s) => s <= core ? 0 : -s * potential.ForceOverDistance(Math.Min(s * s, last), 0, 0, out _) * distribution(s);
        var (w, half) = (new double[points + 1], new double[points]);       // w at the points, and in the middle of the pieces.
        for (var k = points - 1; k >= 0; k--)
        {
            var (a, q, m, p, b) = (Slope(k * h), Slope((k + 0.25) * h), Slope((k + 0.5) * h), Slope((k + 0.75) * h), Slope((k + 1) * h));
            half[k] = w[k + 1] + (h / 12 * (m + (4 * p) + b));
            w[k] = half[k] + (h / 12 * (a + (4 * q) + m));
        }

        var (force, energy) = (new double[points + 1], new double[points + 1]);
        for (var k = points - 1; k >= 0; k--)
        {
            double Of(double z, double value) => -2 * Math.PI * density * z * value;
            var (a, m, b) = (Of(k * h, w[k]), Of((k + 0.5) * h, half[k]), Of((k + 1) * h, w[k + 1]));
            force[k] = force[k + 1] + (h / 6 * (a + (4 * m) + b));
        }

        // E(r) = ∫_r^{r_c} F dr; the trapezoidal rule with its correction by slopes, F′(r) = 2πρ r w(r), is of fourth order.
        for (var k = points - 1; k >= 0; k--)
        {
            double Bend(int i) => 2 * Math.PI * density * i * h * w[i];
            energy[k] = energy[k + 1] + (0.5 * h * (force[k] + force[k + 1])) + (h * h / 12 * (Bend(k) - Bend(k + 1)));
        }

        // With x dx = s ds the mean energy is 2πρ ∫_r^{r_c} a(z) dz, a(z) = ∫_z^{r_c} s g φ ds; both as above.
        double Energy(double s)
        {
            if (s <= core)
            {
                return 0;
            }

            potential.ForceOverDistance(Math.Min(s * s, last), 0, 0, out var phi);
            return s * phi * distribution(s);
        }

        var (inner, mean) = (0.0, new double[points + 1]);
        for (var k = points - 1; k >= 0; k--)
        {
            var (a, q, m, p, b) = (Energy(k * h), Energy((k + 0.25) * h), Energy((k + 0.5) * h), Energy((k + 0.75) * h), Energy((k + 1) * h));
            var middle = inner + (h / 12 * (m + (4 * p) + b));
            var next = middle + (h / 12 * (a + (4 * q) + m));
            mean[k] = mean[k + 1] + (2 * Math.PI * density * h / 6 * (next + (4 * middle) + inner));
            inner = next;
        }

        (_force, _energy, _mean) = (new(force, h), new(energy, h), new(mean, h));
    }

    /// <summary>The boundary of a fluid whose atoms act on each other by a pair law: those of its kind 0.</summary>
    /// <param name="point">A point of it.</param>
    /// <param name="normal">The direction to the side on which the atoms are; of any length above zero.</param>
    /// <param name="density">ρ of the fluid, atoms a volume.</param>
    /// <param name="law">How two atoms act on each other.</param>
    /// <param name="distribution">g(r), the radial distribution of the fluid at distances up to the cutoff; zero where atoms never are.</param>
    /// <param name="core">Below this distance atoms never are: g is zero, whatever <paramref name="distribution"/> says.</param>
    /// <exception cref="ScaleModelException">A number makes no sense.</exception>
    public static BoundaryForce Of<TLaw>(Vec3 point, Vec3 normal, double density, TLaw law, Func<double, double> distribution, double core) where TLaw : struct, IPairLaw =>
        new(point, normal, density, new FirstKind<TLaw>(law), distribution, core);

    /// <summary>
    /// The mean energy of an atom at a place with the fluid beyond, u(r) = ρ ∫ g φ dV over all that lies beyond: 2πρ ∫_r^{r_c} (s − r) s g φ ds. Upon the boundary that is
    /// half of what an atom within the fluid has with all others: their potential energy over their number.
    /// </summary>
    /// <param name="position">The place; beyond the boundary it counts as upon it.</param>
    /// <param name="slope">The gradient of it.</param>
    public double MeanEnergy(Vec3 position, out Vec3 slope)
    {
        var distance = Math.Max(0, Vec3.Dot(_normal, position - _point));
        slope = Vec3.Zero;
        if (distance >= _cutoff)
        {
            return 0;
        }

        var (value, along) = _mean.At(distance);
        slope = along * _normal;
        return value;
    }

    /// <summary>The force on an atom, and the potential of this mean force.</summary>
    /// <param name="atom">The atom.</param>
    /// <param name="energy">E(r), of which the force is minus the gradient.</param>
    /// <exception cref="ScaleModelException">The atom is beyond the boundary.</exception>
    public Vec3 Force(in FieldAtom atom, out double energy)
    {
        var distance = Vec3.Dot(_normal, atom.Position - _point);
        energy = 0;
        if (distance >= _cutoff)
        {
            return Vec3.Zero;
        }

        // An atom upon the boundary may be beyond it by an error of rounding.
        if (!(distance >= -1e-9 * _cutoff))
        {
            throw new ScaleModelException(FormattableString.Invariant($"An atom, the one of index {atom.Index}, is {-distance} beyond an open boundary through {_point}: take it away, or reflect it, before the next step."));
        }

        distance = Math.Max(0, distance);
        energy = _energy.At(distance).Value;
        return _force.At(distance).Value * _normal;
    }

    private readonly struct FirstKind<TLaw>(TLaw law) : IPairPotential where TLaw : struct, IPairLaw
    {
        public double Cutoff => law.Cutoff;

        public double ForceOverDistance(double r2, int kind, int other, out double energy)
        {
            var own = law;
            own.Begin(0);
            var force = own.ForceOverDistance(Vector512.Create(r2), Vector512<double>.Zero, true, out var energies);
            energy = energies[0];
            return force[0];
        }
    }
}

using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Continuum.Materials;

/// <summary>The traction T(δ) of an interface that opens for the first time. T/δ never rises, so that unloading to the origin gives back no more than was put in.</summary>
public abstract class TractionCurve
{
    private protected TractionCurve(double stiffness, double strength, double toughness) => (Stiffness, Strength, Toughness) = (stiffness, strength, toughness);

    /// <summary>T′(0), N/m³. It adds the compliance 1/K to the body: where a body of the modulus E and the length h has an interface, K ≥ 50 E/h adds 2 % or less.</summary>
    public double Stiffness { get; }

    /// <summary>The largest traction, N/m².</summary>
    public double Strength { get; }

    /// <summary>G_c = ∫ T dδ over all openings, J/m²; infinite if the interface never breaks.</summary>
    public double Toughness { get; }

    /// <summary>T and dT/dδ. Where the curve has a kink, the derivative is that beyond it.</summary>
    /// <param name="opening">δ, m, zero or more.</param>
    public abstract (double Traction, double Slope) At(double opening);

    /// <summary>∫ T from 0 to δ, J/m².</summary>
    /// <param name="opening">δ, m, zero or more.</param>
    public abstract double Work(double opening);

    /// <summary>A rise to the strength and a fall to zero, both linear: T = K δ up to δ₀ = σ/K, then down to zero at δ_f = 2 G_c/σ.</summary>
    /// <remarks>After: Geubelle, Baylor, Composites B 29, 589 (1998).</remarks>
    /// <param name="stiffness">K, N/m³.</param>
    /// <param name="strength">σ, N/m².</param>
    /// <param name="toughness">G_c, J/m², above σ²/(2K).</param>
    /// <exception cref="ScaleModelException">A number is out of its range.</exception>
    public static TractionCurve Bilinear(double stiffness, double strength, double toughness)
    {
        RequirePositive(stiffness, strength, toughness);
        return toughness > strength * strength / (2 * stiffness)
            ? Table([0, strength / stiffness, 2 * toughness / strength], [0, strength, 0])
            : throw new ScaleModelException(FormattableString.Invariant(
                $"A bilinear interface with K = {stiffness} and the strength {strength} has used {strength * strength / (2 * stiffness)} when it begins to break; a toughness above that is needed, found {toughness}. Take a larger K."));
    }

    /// <summary>A rise to the strength, then a traction that stays: the strip of Dugdale, which yields and does not break.</summary>
    /// <remarks>After: Dugdale, J. Mech. Phys. Solids 8, 100 (1960).</remarks>
    /// <param name="stiffness">K, N/m³.</param>
    /// <param name="strength">σ, N/m².</param>
    /// <exception cref="ScaleModelException">A number is not positive.</exception>
    public static TractionCurve Constant(double stiffness, double strength)
    {
        RequirePositive(stiffness, strength, 1);
        return Table([0, strength / stiffness], [0, strength]);
    }

    /// <summary>A smooth rise and fall: T = e σ (δ/δ_c) exp(−δ/δ_c), with the strength σ at δ_c and G_c = e σ δ_c.</summary>
    /// <remarks>The universal binding curve: Rose, Ferrante, Smith, Phys. Rev. Lett. 47, 675 (1981); as a cohesive law: Ortiz, Pandolfi, Int. J. Numer. Methods Eng. 44, 1267 (1999).</remarks>
    /// <param name="strength">σ, N/m².</param>
    /// <param name="toughness">G_c, J/m².</param>
    /// <exception cref="ScaleModelException">A number is not positive.</exception>
    public static TractionCurve Exponential(double strength, double toughness)
    {
        RequirePositive(1, strength, toughness);
        return new ExponentialCurve(strength, toughness / (Math.E * strength));
    }

    /// <summary>Linear between given points, as those of a finer model that was pulled apart. Beyond the last the traction stays what it is there: a table of something that breaks ends with zero.</summary>
    /// <param name="openings">δ, m: rising from 0.</param>
    /// <param name="tractions">T, N/m²: 0, then above zero, the last zero or more.</param>
    /// <exception cref="ScaleModelException">The numbers make no such curve; all faults at once.</exception>
    public static TractionCurve Table(ReadOnlySpan<double> openings, ReadOnlySpan<double> tractions) => TractionTable.Of(openings, tractions);

    private static void RequirePositive(double stiffness, double strength, double toughness)
    {
        if (!(stiffness > 0 && strength > 0 && toughness > 0 && double.IsFinite(stiffness + strength + toughness)))
        {
            throw new ScaleModelException(FormattableString.Invariant($"An interface has a stiffness, a strength and a toughness above zero; found {stiffness}, {strength} and {toughness}."));
        }
    }
}

internal sealed class ExponentialCurve(double strength, double scale) : TractionCurve(Math.E * strength / scale, strength, Math.E * strength * scale)
{
    /// <inheritdoc/>
    public override (double Traction, double Slope) At(double opening)
    {
        var x = opening / scale;
        var falling = Stiffness * Math.Exp(-x);
        return (falling * opening, falling * (1 - x));
    }

    /// <inheritdoc/>
    public override double Work(double opening)
    {
        // ∫ x exp(−x) = 1 − (1 + x) exp(−x)
        var x = opening / scale;
        return Toughness * (1 - ((1 + x) * Math.Exp(-x)));
    }
}

internal sealed class TractionTable : TractionCurve
{
    private readonly double[] _openings;
    private readonly double[] _tractions;
    private readonly double[] _work;        // Up to each opening.

    private TractionTable(double[] openings, double[] tractions, double[] work)
        : base(tractions[1] / openings[1], tractions.Max(), tractions[^1] == 0 ? work[^1] : double.PositiveInfinity) =>
        (_openings, _tractions, _work) = (openings, tractions, work);

    public static TractionTable Of(ReadOnlySpan<double> openings, ReadOnlySpan<double> tractions)
    {
        if (openings.Length != tractions.Length || openings.Length < 2)
        {
            throw new ScaleModelException($"A table of tractions has as many openings as tractions, two or more; found {openings.Length} and {tractions.Length}.");
        }

        List<string> faults = [];
        if (openings[0] != 0 || tractions[0] != 0)
        {
            faults.Add(FormattableString.Invariant($"it begins with ({openings[0]}, {tractions[0]}) instead of (0, 0): openings count from where the sides are at rest."));
        }

        var work = new double[openings.Length];
        for (var n = 1; n < openings.Length && faults.Count < 20; n++)
        {
            var (d, t) = (openings[n], tractions[n]);
            if (!(d > openings[n - 1] && double.IsFinite(d)))
            {
                faults.Add(FormattableString.Invariant($"opening {n} is {d}, after {openings[n - 1]}: openings rise."));
            }
            else if (!(t >= 0 && double.IsFinite(t) && (t > 0 || n == openings.Length - 1)))
            {
                faults.Add(FormattableString.Invariant($"traction {n} is {t}: tractions are above zero, and the last is zero or more."));
            }
            else if (n > 1 && t / d > tractions[n - 1] / openings[n - 1] * (1 + 1e-12))
            {
                faults.Add(FormattableString.Invariant($"traction {n} over its opening, {t / d}, is above that before, {tractions[n - 1] / openings[n - 1]}: unloading would give back more than was put in."));
            }

            work[n] = work[n - 1] + (0.5 * (t + tractions[n - 1]) * (d - openings[n - 1]));
        }

        if (faults.Count == 0 && tractions[1] == 0)
        {
            faults.Add("all tractions are zero.");
        }

        return faults.Count == 0 ? new(openings.ToArray(), tractions.ToArray(), work) : throw new ScaleModelException("This is no table of tractions: " + string.Join(" ", faults));
    }

    /// <inheritdoc/>
    public override (double Traction, double Slope) At(double opening)
    {
        var n = Interval(opening);
        return (_tractions[n] + (Slope(n) * (opening - _openings[n])), Slope(n));
    }

    /// <inheritdoc/>
    public override double Work(double opening)
    {
        var n = Interval(opening);
        return _work[n] + (0.5 * (_tractions[n] + At(opening).Traction) * (opening - _openings[n]));
    }

    // The last point at or before the opening. A number that is none is handed on: it tells a search that it went too far.
    private int Interval(double opening)
    {
        var found = Array.BinarySearch(_openings, opening);
        return found >= 0 ? found : Math.Max(0, ~found - 1);
    }

    private double Slope(int n) => n + 1 < _openings.Length ? (_tractions[n + 1] - _tractions[n]) / (_openings[n + 1] - _openings[n]) : 0;
}

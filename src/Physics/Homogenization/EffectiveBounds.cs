using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using MathNet.Numerics.LinearAlgebra;

namespace ActorMultiscale.Physics.Homogenization;

/// <summary>Bounds of effective properties by little that is known of the structure.</summary>
public static class EffectiveBounds
{
    /// <summary>Voigt's bound from above, C ≤ Σ f_i C_i: all phases have one strain. The bound of any structure.</summary>
    /// <param name="phases">f_i and C_i, Pa; the f_i are parts of one.</param>
    /// <exception cref="ScaleModelException">Fractions are not parts of one.</exception>
    /// <returns>The bound, Pa.</returns>
    public static Tangent6 Voigt(params ReadOnlySpan<(double Fraction, Tangent6 Stiffness)> phases) => new(Mean(phases, c => c).ToRowMajorArray());

    /// <summary>Reuss' bound from below, C⁻¹ ≤ Σ f_i C_i⁻¹: all phases have one stress. The bound of any structure.</summary>
    /// <param name="phases">f_i and C_i, Pa, positive definite, or zero of pores; the f_i are parts of one.</param>
    /// <exception cref="ScaleModelException">Fractions are not parts of one, or a stiffness that is not zero has no inverse.</exception>
    /// <returns>The bound, Pa; zero if there are pores.</returns>
    public static Tangent6 Reuss(params ReadOnlySpan<(double Fraction, Tangent6 Stiffness)> phases)
    {
        var hasPores = false;
        foreach (var (fraction, stiffness) in phases)
        {
            hasPores |= fraction > 0 && stiffness.Entries.IndexOfAnyExcept(0.0) < 0;
        }

        // Pores take any strain without stress: with a part of them the compliance is infinite, and the bound zero.
        var compliance = Mean(phases, c => c.Exists(x => x != 0) ? c.Inverse() : c);
        return hasPores ? new(new double[36]) : compliance.Enumerate().All(double.IsFinite) ? new(compliance.Inverse().ToRowMajorArray())
            : throw new ScaleModelException("The stiffness of a phase has no inverse. Stiffnesses are positive definite, or zero of pores.");
    }

    /// <summary>
    /// The bulk modulus that Hashin and Shtrikman bound that of two isotropic phases in space with: κ₁ + f₂/(1/(κ₂ − κ₁) + 3f₁/(3κ₁ + 4μ₁)); from below if the first is
    /// the softer phase in both moduli, from above if it is the stiffer.
    /// </summary>
    /// <remarks>Hashin, Shtrikman, J. Mech. Phys. Solids 11, 127 (1963). The composite is isotropic as a whole; the bulk modulus of a cubic one has the same bounds.</remarks>
    /// <param name="first">κ₁ and μ₁, Pa, at least zero; zero of pores.</param>
    /// <param name="second">κ₂, Pa, at least zero.</param>
    /// <param name="fraction">f₂.</param>
    /// <exception cref="ScaleModelException">A modulus is negative or not finite, or the fraction is no part of one.</exception>
    /// <returns>The bound, Pa.</returns>
    public static double HashinShtrikmanBulk((double Bulk, double Shear) first, double second, double fraction) =>
        Bound(first.Bulk, second, fraction, 3 / ((3 * first.Bulk) + (4 * first.Shear)), first.Shear);

    /// <summary>The same of the shear modulus: μ₁ + f₂/(1/(μ₂ − μ₁) + 6f₁(κ₁ + 2μ₁)/(5μ₁(3κ₁ + 4μ₁))).</summary>
    /// <remarks>Hashin, Shtrikman, J. Mech. Phys. Solids 11, 127 (1963). For composites that are isotropic as a whole.</remarks>
    /// <param name="first">κ₁ and μ₁, Pa, at least zero; zero of pores.</param>
    /// <param name="second">μ₂, Pa, at least zero.</param>
    /// <param name="fraction">f₂.</param>
    /// <exception cref="ScaleModelException">A modulus is negative or not finite, or the fraction is no part of one.</exception>
    /// <returns>The bound, Pa.</returns>
    public static double HashinShtrikmanShear((double Bulk, double Shear) first, double second, double fraction) =>
        Bound(
            first.Shear, second, fraction,
            first.Shear == 0 ? double.PositiveInfinity : 6 * (first.Bulk + (2 * first.Shear)) / (5 * first.Shear * ((3 * first.Bulk) + (4 * first.Shear))), first.Bulk);

    /// <summary>The same of the conductivity: k₁ + f₂/(1/(k₂ − k₁) + f₁/(d k₁)); from below if the first phase conducts less, from above if it conducts more.</summary>
    /// <remarks>Hashin, Shtrikman, J. Appl. Phys. 33, 3125 (1962); in d dimensions: Torquato, "Random Heterogeneous Materials" (2002).</remarks>
    /// <param name="first">k₁, W/(m K) or the unit of whatever diffuses, at least zero; zero of pores.</param>
    /// <param name="second">k₂, in the same unit, at least zero.</param>
    /// <param name="fraction">f₂.</param>
    /// <param name="dimension">d, 2 or 3.</param>
    /// <exception cref="ScaleModelException">A conductivity is negative or not finite, the fraction is no part of one, or the dimension is another.</exception>
    /// <returns>The bound, in the unit of k₁.</returns>
    public static double HashinShtrikmanConductivity(double first, double second, double fraction, int dimension = 3) => dimension is 2 or 3
        ? Bound(first, second, fraction, 1 / (dimension * first))
        : throw new ScaleModelException($"Bounds of conductivities are those of 2 or 3 dimensions; found {dimension}.");

    // Other is the first phase's other modulus, if it has one, of which the ease was made. The ease of a pore is infinite.
    private static double Bound(double first, double second, double fraction, double ease, double other = 0)
    {
        if (!(first >= 0 && second >= 0 && other >= 0 && double.IsFinite(first + second + other) && fraction >= 0 && fraction <= 1))
        {
            var moduli = other == 0 ? FormattableString.Invariant($"{first}, {second}") : FormattableString.Invariant($"{first} and {other}, {second}");
            throw new ScaleModelException(FormattableString.Invariant($"Moduli are finite and at least zero, and a fraction is a part of one; found {moduli} and {fraction}."));
        }

        return first == second || fraction == 0 ? first : fraction == 1 ? second : first + (fraction / ((1 / (second - first)) + ((1 - fraction) * ease)));
    }

    private static Matrix<double> Mean(ReadOnlySpan<(double Fraction, Tangent6 Stiffness)> phases, Func<Matrix<double>, Matrix<double>> of)
    {
        var sum = Matrix<double>.Build.Dense(6, 6);
        var whole = 0.0;
        foreach (var (fraction, stiffness) in phases)
        {
            if (!(fraction >= 0))
            {
                throw new ScaleModelException(FormattableString.Invariant($"A phase has the fraction {fraction}; fractions are parts of one."));
            }

            whole += fraction;
            sum += fraction * of(Matrix<double>.Build.DenseOfRowMajor(6, 6, stiffness.Entries.ToArray()));
        }

        return Math.Abs(whole - 1) <= 1e-9 ? sum : throw new ScaleModelException(FormattableString.Invariant($"The fractions of the phases add up to {whole}; they are parts of one."));
    }
}

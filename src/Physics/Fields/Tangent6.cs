using MathNet.Numerics.LinearAlgebra;

namespace ActorMultiscale.Physics.Fields;

/// <summary>
/// The stiffness of a material, dσ/dε, as a 6 × 6 matrix in Voigt order xx, yy, zz, yz, xz, xy, for strains with engineering
/// shears: σ = C · (εxx, εyy, εzz, 2εyz, 2εxz, 2εxy). Its unit is that of its stresses. Immutable.
/// </summary>
public sealed class Tangent6
{
    private static readonly int[] _first = [0, 1, 2, 1, 0, 0];
    private static readonly int[] _second = [0, 1, 2, 2, 2, 1];
    private static readonly int[,] _voigt = { { 0, 5, 4 }, { 5, 1, 3 }, { 4, 3, 2 } };

    private readonly double[] _c;

    /// <summary>A tangent with the given entries.</summary>
    /// <param name="rowMajor">36 numbers, row by row; copied.</param>
    public Tangent6(ReadOnlySpan<double> rowMajor)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(rowMajor.Length, 36);
        _c = rowMajor.ToArray();
    }

    /// <summary>The entries, 36 numbers, row by row.</summary>
    public ReadOnlySpan<double> Entries => _c;

    /// <summary>dσ_row/dε_column by Voigt indices 0 … 5.</summary>
    public double this[int row, int column] => _c[(row * 6) + column];

    /// <summary>A cubic crystal whose cube edges lie along x, y and z.</summary>
    /// <param name="c11">C11, stress.</param>
    /// <param name="c12">C12, stress.</param>
    /// <param name="c44">C44, stress.</param>
    public static Tangent6 Cubic(double c11, double c12, double c44) => new(
    [
        c11, c12, c12, 0, 0, 0,
        c12, c11, c12, 0, 0, 0,
        c12, c12, c11, 0, 0, 0,
        0, 0, 0, c44, 0, 0,
        0, 0, 0, 0, c44, 0,
        0, 0, 0, 0, 0, c44,
    ]);

    /// <summary>A material that is alike in all directions.</summary>
    /// <remarks>λ = E ν / ((1 + ν)(1 − 2ν)), μ = E / (2(1 + ν)); C11 = λ + 2μ, C12 = λ, C44 = μ.</remarks>
    /// <param name="young">Young's modulus E, stress.</param>
    /// <param name="poisson">Poisson's ratio ν, −1 to ½ exclusive.</param>
    public static Tangent6 Isotropic(double young, double poisson)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(poisson, -1);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(poisson, 0.5);
        var lambda = young * poisson / ((1 + poisson) * (1 - (2 * poisson)));
        var mu = young / (2 * (1 + poisson));
        return Cubic(lambda + (2 * mu), lambda, mu);
    }

    /// <summary>The stress of a strain, σ = C : ε.</summary>
    public SymTensor3 Stress(SymTensor3 strain)
    {
        Span<double> e = stackalloc double[6];
        Span<double> s = stackalloc double[6];
        strain.VoigtStrain(e);
        for (var row = 0; row < 6; row++)
        {
            var sum = 0.0;
            for (var column = 0; column < 6; column++)
            {
                sum += _c[(row * 6) + column] * e[column];
            }

            s[row] = sum;
        }

        return SymTensor3.FromVoigtStress(s);
    }

    /// <summary>The strain of a stress, ε = C⁻¹ : σ.</summary>
    /// <exception cref="InvalidOperationException">The tangent is singular.</exception>
    public SymTensor3 Strain(SymTensor3 stress)
    {
        var c = Matrix<double>.Build.DenseOfRowMajor(6, 6, _c);
        var e = c.Solve(Vector<double>.Build.Dense([stress.XX, stress.YY, stress.ZZ, stress.YZ, stress.XZ, stress.XY])).ToArray();
        return Array.TrueForAll(e, double.IsFinite)
            ? SymTensor3.FromVoigtStrain(e)
            : throw new InvalidOperationException("The tangent is singular: a strain without stress exists, so no stress has one strain.");
    }

    /// <summary>Young's modulus in uniaxial tension along a direction: E(n) = 1 / (n⊗n : C⁻¹ : n⊗n).</summary>
    /// <remarks>After: Nye, "Physical Properties of Crystals" (1957), section VIII.8.</remarks>
    /// <param name="direction">n, of any length but null.</param>
    public double YoungsModulus(Vec3 direction)
    {
        var n = SymTensor3.Dyad(direction.Normalized());
        return 1 / SymTensor3.Contract(n, Strain(n));
    }

    /// <summary>Poisson's ratio ν(n, m) = −ε_mm/ε_nn of uniaxial tension along n, seen along m.</summary>
    /// <param name="direction">n, of any length but null.</param>
    /// <param name="across">m, of any length but null, at right angles to n.</param>
    public double PoissonsRatio(Vec3 direction, Vec3 across)
    {
        var n = SymTensor3.Dyad(direction.Normalized());
        var strain = Strain(n);
        return -SymTensor3.Contract(SymTensor3.Dyad(across.Normalized()), strain) / SymTensor3.Contract(n, strain);
    }

    /// <summary>The bulk modulus of a uniform dilatation (Voigt's average): (1/9) Σ C_IJ over I, J in xx, yy, zz.</summary>
    public double BulkModulus => Stress(SymTensor3.Identity).Trace / 9;

    /// <summary>The same material in other axes.</summary>
    /// <remarks>
    /// C′ᵢⱼₖₗ = Rᵢₚ Rⱼ_q Rₖᵣ Rₗₛ C_pqrs, written out. After: Nye, "Physical Properties of Crystals" (1957), section VIII.2.
    /// </remarks>
    /// <param name="axes">R: its rows are the new unit axes in the present frame, so R Rᵀ = 1.</param>
    public Tangent6 Rotated(Matrix3 axes)
    {
        var rotated = new double[36];
        for (var row = 0; row < 6; row++)
        {
            for (var column = 0; column < 6; column++)
            {
                var (i, j, k, l) = (_first[row], _second[row], _first[column], _second[column]);
                var sum = 0.0;
                for (var pq = 0; pq < 9; pq++)
                {
                    for (var rs = 0; rs < 9; rs++)
                    {
                        var (p, q, r, s) = (pq / 3, pq % 3, rs / 3, rs % 3);
                        sum += axes[i, p] * axes[j, q] * axes[k, r] * axes[l, s] * this[_voigt[p, q], _voigt[r, s]];
                    }
                }

                rotated[(row * 6) + column] = sum;
            }
        }

        return new(rotated);
    }

    /// <summary>½ (C + Cᵀ): a measured tangent freed from the asymmetry that finite differences leave.</summary>
    public Tangent6 Symmetrized()
    {
        var c = new double[36];
        for (var n = 0; n < 36; n++)
        {
            c[n] = 0.5 * (_c[n] + _c[(n % 6 * 6) + (n / 6)]);
        }

        return new(c);
    }

    /// <summary>The tangent times a number, for example to change its unit.</summary>
    public static Tangent6 operator *(double factor, Tangent6 tangent)
    {
        ArgumentNullException.ThrowIfNull(tangent);
        return new(Array.ConvertAll(tangent._c, entry => factor * entry));
    }
}

using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles.Interactions;

/// <summary>The strength and the size of atoms of a kind.</summary>
/// <param name="Epsilon">Depth ε of the well, ≥ 0.</param>
/// <param name="Sigma">Distance σ at which the energy vanishes, above zero.</param>
public readonly record struct WellAndSize(double Epsilon, double Sigma);

/// <summary>How ε and σ of two kinds follow from those of each.</summary>
public enum MixingRule
{
    /// <summary>ε = √(εᵢεⱼ), σ = √(σᵢσⱼ).</summary>
    Geometric,

    /// <summary>ε = √(εᵢεⱼ), σ = (σᵢ + σⱼ)/2: H. A. Lorentz, Ann. Phys. 248 (1881) 127; D. Berthelot, C. R. Acad. Sci. 126 (1898) 1703.</summary>
    Arithmetic,

    /// <summary>ε = 2√(εᵢεⱼ) σᵢ³σⱼ³/(σᵢ⁶ + σⱼ⁶), σ⁶ = (σᵢ⁶ + σⱼ⁶)/2: M. Waldman, A. T. Hagler, J. Comput. Chem. 14 (1993) 1077.</summary>
    SixthPower,
}

/// <summary>
/// φ(r) = 4ε[(σ/r)¹² − (σ/r)⁶] of one kind of atoms, up to the cutoff (J. E. Lennard-Jones, Proc. R. Soc. A 106 (1924) 463).
/// </summary>
public readonly struct LennardJonesLaw : IPairLaw
{
    private readonly double _c12;       // 48 ε σ¹²
    private readonly double _c6;        // 24 ε σ⁶
    private readonly double _minusC6;
    private readonly float _perSize2;   // σ⁻²
    private readonly float _strength;   // 24 ε/σ²
    private readonly float _depth;      // 4 ε

    /// <summary>A potential of this strength, size and cutoff.</summary>
    /// <exception cref="ScaleModelException">A number is not finite, or not above zero.</exception>
    public LennardJonesLaw(double epsilon, double sigma, double cutoff)
    {
        if (!(epsilon >= 0 && sigma > 0 && cutoff > 0) || !double.IsFinite(epsilon + sigma + cutoff))
        {
            throw new ScaleModelException(FormattableString.Invariant($"A Lennard-Jones potential has ε = {epsilon}, σ = {sigma} and cutoff = {cutoff}; ε is zero or more, the others are above zero."));
        }

        var s6 = Math.Pow(sigma, 6);
        (_c12, _c6, _minusC6, Cutoff) = (48 * epsilon * s6 * s6, 24 * epsilon * s6, -24 * epsilon * s6, cutoff);
        (_perSize2, _strength, _depth) = ((float)(1 / (sigma * sigma)), (float)(24 * epsilon / (sigma * sigma)), (float)(4 * epsilon));
    }

    /// <inheritdoc/>
    public double Cutoff { get; }

    /// <inheritdoc/>
    public void Begin(int kind)
    {
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector512<double> ForceOverDistance(Vector512<double> r2, Vector512<double> kinds, bool wantsEnergy, out Vector512<double> energy)
    {
        // −φ′/r = [48 ε σ¹² r⁻⁶ − 24 ε σ⁶] r⁻⁶ r⁻²
        var inverse2 = Vector512<double>.One / r2;
        var inverse6 = inverse2 * inverse2 * inverse2;
        energy = wantsEnergy ? inverse6 * ((inverse6 * Vector512.Create(_c12 / 12)) - Vector512.Create(_c6 / 6)) : default;
        return inverse6 * inverse2 * Vector512.FusedMultiplyAdd(inverse6, Vector512.Create(_c12), Vector512.Create(_minusC6));
    }

    /// <inheritdoc/>
    public bool HasSingle => true;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector512<float> ForceOverDistance(Vector512<float> r2, Vector512<int> kinds, bool wantsEnergy, out Vector512<float> energy) =>
        LennardJonesInSingle.ForceOverDistance(r2, Vector512.Create(_perSize2), Vector512.Create(_strength), Vector512.Create(_depth), wantsEnergy, out energy);

    /// <summary>
    /// What is missing beyond the cutoff where the density is uniform (M. P. Allen, D. J. Tildesley, Computer Simulation of Liquids, eq. 2.140 and 2.143):
    /// energy an atom (8/3)πρε σ³ [(σ/r_c)⁹/3 − (σ/r_c)³], pressure (16/3)πρ²ε σ³ [2(σ/r_c)⁹/3 − (σ/r_c)³].
    /// </summary>
    /// <param name="density">Atoms a volume, ρ.</param>
    public (double EnergyPerAtom, double Pressure) Tail(double density)
    {
        var s3 = _c6 == 0 ? 0 : Math.Sqrt(_c12 / (2 * _c6));        // σ³
        var epsilon = _c12 == 0 ? 0 : _c6 * _c6 / (12 * _c12);
        var q3 = s3 / (Cutoff * Cutoff * Cutoff);
        return (8.0 / 3 * Math.PI * density * epsilon * s3 * ((q3 * q3 * q3 / 3) - q3),
            16.0 / 3 * Math.PI * density * density * epsilon * s3 * ((2.0 / 3 * q3 * q3 * q3) - q3));
    }
}

/// <summary>φ(r) = 4ε[(σ/r)¹² − (σ/r)⁶] of up to eight kinds of atoms, with ε and σ of every pair of them, and one cutoff.</summary>
public struct LennardJonesMixture : IPairLaw
{
    private readonly KindTable _c12;
    private readonly KindTable _c6;
    private readonly KindTable _perSize2;
    private readonly KindTable _strength;
    private readonly KindTable _depth;
    private Vector512<double> _row12;
    private Vector512<double> _row6;
    private Vector512<float> _perSize2Row;
    private Vector512<float> _strengthRow;
    private Vector512<float> _depthRow;

    /// <summary>A mixture whose pairs of unlike kinds follow a rule; those of like kinds are as they are given.</summary>
    /// <exception cref="ScaleModelException">There are no kinds or more than eight, or a number is not finite, ε is below zero, or σ or the cutoff is not above it.</exception>
    public LennardJonesMixture(ImmutableArray<WellAndSize> kinds, MixingRule rule, double cutoff)
        : this(kinds.Length, (i, j) => i == j ? kinds[i] : Mix(kinds[i], kinds[j], rule), cutoff)
    {
    }

    /// <summary>A mixture with ε and σ for each pair of kinds.</summary>
    /// <exception cref="ScaleModelException">There are no kinds or more than eight, or a number is not finite or not above zero.</exception>
    public LennardJonesMixture(int kinds, Func<int, int, WellAndSize> pair, double cutoff)
    {
        ArgumentNullException.ThrowIfNull(pair);
        if (kinds is < 1 or > KindTable.MostKinds)
        {
            throw new ScaleModelException($"A Lennard-Jones mixture has 1 to {KindTable.MostKinds} kinds of atoms; these are {kinds}.");
        }

        for (var i = 0; i < kinds; i++)
        {
            for (var j = 0; j < kinds; j++)
            {
                _ = new LennardJonesLaw(pair(i, j).Epsilon, pair(i, j).Sigma, cutoff);       // Refuses what makes no sense.
            }
        }

        (Cutoff, Kinds) = (cutoff, kinds);
        _c12 = new(kinds, (i, j) => 48 * pair(i, j).Epsilon * Math.Pow(pair(i, j).Sigma, 12));
        _c6 = new(kinds, (i, j) => 24 * pair(i, j).Epsilon * Math.Pow(pair(i, j).Sigma, 6));
        _perSize2 = new(kinds, (i, j) => Math.Pow(pair(i, j).Sigma, -2));
        _strength = new(kinds, (i, j) => 24 * pair(i, j).Epsilon * Math.Pow(pair(i, j).Sigma, -2));
        _depth = new(kinds, (i, j) => 4 * pair(i, j).Epsilon);
    }

    /// <inheritdoc/>
    public double Cutoff { get; }

    /// <inheritdoc/>
    public int Kinds { get; }

    /// <summary>ε and σ of a pair of kinds.</summary>
    public static WellAndSize Mix(WellAndSize a, WellAndSize b, MixingRule rule)
    {
        var root = Math.Sqrt(a.Epsilon * b.Epsilon);
        var (a3, b3) = (Math.Pow(a.Sigma, 3), Math.Pow(b.Sigma, 3));
        return rule switch
        {
            MixingRule.Geometric => new(root, Math.Sqrt(a.Sigma * b.Sigma)),
            MixingRule.Arithmetic => new(root, 0.5 * (a.Sigma + b.Sigma)),
            _ => new(2 * root * a3 * b3 / ((a3 * a3) + (b3 * b3)), Math.Pow(0.5 * ((a3 * a3) + (b3 * b3)), 1.0 / 6)),
        };
    }

    /// <inheritdoc/>
    public void Begin(int kind)
    {
        (_row12, _row6) = (_c12.Row(kind), _c6.Row(kind));
        (_perSize2Row, _strengthRow, _depthRow) = (_perSize2.RowInSingle(kind), _strength.RowInSingle(kind), _depth.RowInSingle(kind));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly Vector512<double> ForceOverDistance(Vector512<double> r2, Vector512<double> kinds, bool wantsEnergy, out Vector512<double> energy)
    {
        var (c12, c6) = (KindTable.Of(_row12, kinds), KindTable.Of(_row6, kinds));
        var inverse2 = Vector512<double>.One / r2;
        var inverse6 = inverse2 * inverse2 * inverse2;
        energy = wantsEnergy ? inverse6 * ((inverse6 * c12 / Vector512.Create(12.0)) - (c6 / Vector512.Create(6.0))) : default;
        return inverse6 * ((inverse6 * c12) - c6) * inverse2;
    }

    /// <inheritdoc/>
    public readonly bool HasSingle => true;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly Vector512<float> ForceOverDistance(Vector512<float> r2, Vector512<int> kinds, bool wantsEnergy, out Vector512<float> energy) =>
        LennardJonesInSingle.ForceOverDistance(r2, KindTable.Of(_perSize2Row, kinds), KindTable.Of(_strengthRow, kinds), KindTable.Of(_depthRow, kinds), wantsEnergy, out energy);
}

/// <summary>The Lennard-Jones potential in single precision, in units of ε and σ, so that no power of r leaves what single precision holds.</summary>
internal static class LennardJonesInSingle
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> ForceOverDistance(
        Vector512<float> r2, Vector512<float> perSize2, Vector512<float> strength, Vector512<float> depth, bool wantsEnergy, out Vector512<float> energy)
    {
        // −φ′/r = (24 ε/σ²) s⁻⁸ (2 s⁻⁶ − 1) with s = r/σ
        var inverse2 = Vector512<float>.One / (r2 * perSize2);
        var inverse6 = inverse2 * inverse2 * inverse2;
        energy = wantsEnergy ? depth * inverse6 * (inverse6 - Vector512<float>.One) : default;
        return strength * inverse2 * inverse6 * (inverse6 + inverse6 - Vector512<float>.One);
    }
}

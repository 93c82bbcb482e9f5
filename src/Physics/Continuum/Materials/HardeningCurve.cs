using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Continuum.Materials;

/// <summary>The yield stress of a metal in tension over its equivalent plastic strain: straight lines between points. Immutable.</summary>
public sealed class HardeningCurve
{
    private readonly double[] _strains;
    private readonly double[] _stresses;
    private readonly double[] _slopes;      // After each point; the last one goes on.

    private HardeningCurve(double[] strains, double[] stresses, double[] slopes) => (_strains, _stresses, _slopes) = (strains, stresses, slopes);

    /// <summary>A table, as a test in tension gives it. Beyond its last point the stress stays.</summary>
    /// <param name="plasticStrains">α, from zero on, each greater than the one before.</param>
    /// <param name="stresses">σ_y, Pa, above zero, none less than the one before.</param>
    /// <exception cref="ScaleModelException">The table is none of these.</exception>
    public static HardeningCurve Table(ReadOnlySpan<double> plasticStrains, ReadOnlySpan<double> stresses)
    {
        if (plasticStrains.Length != stresses.Length || plasticStrains.Length == 0)
        {
            throw new ScaleModelException($"A hardening curve has a stress for each plastic strain; found {stresses.Length} stresses and {plasticStrains.Length} strains.");
        }

        for (var n = 0; n < stresses.Length; n++)
        {
            var fits = n == 0 ? plasticStrains[0] == 0 && stresses[0] > 0 : plasticStrains[n] > plasticStrains[n - 1] && stresses[n] >= stresses[n - 1];
            if (!fits || !double.IsFinite(plasticStrains[n] + stresses[n]))
            {
                throw new ScaleModelException(FormattableString.Invariant(
                    $"Point {n} of a hardening curve is ({plasticStrains[n]}, {stresses[n]}); plastic strains begin with zero and rise, stresses are above zero and do not fall."));
            }
        }

        var slopes = new double[stresses.Length];
        for (var n = 0; n + 1 < slopes.Length; n++)
        {
            slopes[n] = (stresses[n + 1] - stresses[n]) / (plasticStrains[n + 1] - plasticStrains[n]);
        }

        return new(plasticStrains.ToArray(), stresses.ToArray(), slopes);
    }

    /// <summary>σ_y + K α.</summary>
    /// <param name="yield">σ_y, Pa, above zero.</param>
    /// <param name="slope">K, Pa, at least zero.</param>
    /// <exception cref="ScaleModelException">A modulus is out of its range.</exception>
    public static HardeningCurve Linear(double yield, double slope) => yield > 0 && slope >= 0 && double.IsFinite(yield + slope)
        ? new([0], [yield], [slope])
        : throw new ScaleModelException(FormattableString.Invariant($"A metal has a yield stress above zero and a hardening modulus of at least zero; found σ_y = {yield}, K = {slope}."));

    /// <summary>The yield stress, Pa.</summary>
    /// <param name="plasticStrain">α, at least zero.</param>
    public double Stress(double plasticStrain)
    {
        var part = PartOf(plasticStrain);
        return _stresses[part] + (_slopes[part] * (plasticStrain - _strains[part]));
    }

    /// <summary>The part that a plastic strain is in; at a point, the one after it.</summary>
    internal int PartOf(double plasticStrain)
    {
        var found = Array.BinarySearch(_strains, plasticStrain);
        return Math.Max(0, found >= 0 ? found : ~found - 1);
    }

    /// <summary>The slope of a part, Pa.</summary>
    internal double Slope(int part) => _slopes[part];

    /// <summary>The plastic strain at the end of a part; infinite for the last.</summary>
    internal double End(int part) => part + 1 < _strains.Length ? _strains[part + 1] : double.PositiveInfinity;
}

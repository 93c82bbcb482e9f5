namespace ActorMultiscale.Physics.Particles;

/// <summary>The Sutton–Chen potential, an embedded-atom potential in closed form, cut plainly.</summary>
/// <remarks>
/// E = ε [½ Σᵢ Σⱼ≠ᵢ (a/rᵢⱼ)ⁿ − c Σᵢ √ρᵢ], ρᵢ = Σⱼ≠ᵢ (a/rᵢⱼ)ᵐ;
/// φ′ = −n ε (a/r)ⁿ / r, ρ′ = −m (a/r)ᵐ / r, F = −c ε √ρ, F′ = −c ε / (2√ρ).
/// After: Sutton, Chen, Phil. Mag. Lett. 61 (1990) 139; the constants of copper are those of its table 1.
/// </remarks>
/// <param name="epsilon">ε, eV.</param>
/// <param name="a">a, Å.</param>
/// <param name="c">c.</param>
/// <param name="n">n, exponent of the repulsion.</param>
/// <param name="m">m, exponent of the density.</param>
/// <param name="cutoff">Where pairs are cut, Å.</param>
public sealed class SuttonChen(double epsilon, double a, double c, int n, int m, double cutoff) : IEmbeddedAtomPotential
{
    /// <summary>Copper.</summary>
    /// <param name="cutoff">Where pairs are cut, Å.</param>
    public static SuttonChen Copper(double cutoff = 9.0) => new(0.012382, 3.61, 39.432, 9, 6, cutoff);

    /// <inheritdoc/>
    public double Cutoff { get; } = cutoff;

    /// <summary>ε, a and the exponents n and m.</summary>
    internal (double Epsilon, double A, int N, int M) Parameters => (epsilon, a, n, m);

    /// <inheritdoc/>
    public double LatticeGuess => a;

    /// <inheritdoc/>
    public (double Value, double Slope) Pair(double r)
    {
        var value = epsilon * Power(a / r, n);
        return (value, -n * value / r);
    }

    /// <inheritdoc/>
    public (double Value, double Slope) Density(double r)
    {
        var value = Power(a / r, m);
        return (value, -m * value / r);
    }

    /// <inheritdoc/>
    public (double Value, double Slope) Embedding(double density)
    {
        var root = Math.Sqrt(density);
        return (-c * epsilon * root, -c * epsilon / (2 * root));
    }

    // Whole powers by multiplication: the same bits on every library of mathematical functions.
    private static double Power(double x, int exponent)
    {
        var power = 1.0;
        for (var square = x; exponent > 0; exponent >>= 1, square *= square)
        {
            if ((exponent & 1) == 1)
            {
                power *= square;
            }
        }

        return power;
    }
}

using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Particles.Measures;

/// <summary>What was measured, and how well.</summary>
/// <param name="Value">The best guess, in the unit of the quantity.</param>
/// <param name="Error">Its standard error σ, in the same unit; 0: exact; infinite: unknown.</param>
public readonly record struct Estimate(double Value, double Error)
{
    /// <summary>Whether two estimates of independent origin may be of the same quantity: |x − y| ≤ n √(σ_x² + σ_y²).</summary>
    /// <param name="other">The other.</param>
    /// <param name="sigmas">n. At 2.5 one of 80 pairs of normally distributed estimates of the same quantity is held to differ.</param>
    /// <returns>False also where a number is not finite: what is unknown agrees with nothing.</returns>
    public bool Agrees(Estimate other, double sigmas = 2.5) =>
        double.IsFinite(Error) && double.IsFinite(other.Error) && Math.Abs(Value - other.Value) <= sigmas * Math.Sqrt((Error * Error) + (other.Error * other.Error));

    /// <summary>Mean and standard error, √(Σ (xᵢ − x̄)² / (n (n − 1))), of samples that do not depend on each other.</summary>
    /// <exception cref="ScaleModelException">There are fewer than two, or one is not finite.</exception>
    public static Estimate OfIndependent(ReadOnlySpan<double> samples)
    {
        if (samples.Length < 2)
        {
            throw new ScaleModelException(FormattableString.Invariant($"An error bar needs two independent samples or more, and {samples.Length} are given. Measure for longer, or in shorter blocks."));
        }

        var mean = FixedOrderSum.Of(samples) / samples.Length;
        if (!double.IsFinite(mean))
        {
            throw new ScaleModelException("A sample is not finite; its mean has no value.");
        }

        var deviations = samples.ToArray();
        for (var i = 0; i < deviations.Length; i++)
        {
            deviations[i] -= mean;
        }

        return new(mean, FixedOrderSum.Norm(deviations) / Math.Sqrt((double)samples.Length * (samples.Length - 1)));
    }

    /// <summary>The sum of independent estimates: errors add in squares.</summary>
    public static Estimate operator +(Estimate a, Estimate b) => new(a.Value + b.Value, Hypotenuse(a.Error, b.Error));

    /// <summary>The difference of independent estimates: errors add in squares.</summary>
    public static Estimate operator -(Estimate a, Estimate b) => new(a.Value - b.Value, Hypotenuse(a.Error, b.Error));

    /// <summary>The estimate in another unit.</summary>
    public static Estimate operator *(double factor, Estimate a) => new(factor * a.Value, Math.Abs(factor) * a.Error);

    /// <summary>The ratio of independent estimates, to first order: σ² = (σ_a / b)² + (a σ_b / b²)².</summary>
    public static Estimate operator /(Estimate a, Estimate b) => new(a.Value / b.Value, Hypotenuse(a.Error / b.Value, a.Value * b.Error / (b.Value * b.Value)));

    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"{Value:G6} ± {Error:G2}");

    private static double Hypotenuse(double a, double b) => Math.Sqrt((a * a) + (b * b));
}

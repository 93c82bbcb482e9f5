namespace ActorMultiscale.Physics.Numerics.Sparse;

/// <summary>How an <see cref="AmgPreconditioner"/> is built.</summary>
public sealed record AmgOptions
{
    /// <summary>
    /// θ: on the finest level a coupling is strong where ‖A_ij‖ &gt; θ √(‖A_ii‖ ‖A_jj‖); each coarser level halves it. 0 … 1.
    /// Vaněk, Mandel and Brezina use 0.08; the couplings of hexahedra are weaker than that in all directions alike.
    /// </summary>
    public double Strength { get; init; } = 0.02;

    /// <summary>The degree of the Chebyshev polynomial before and after each coarse correction: products with the matrix a sweep. At least 1.</summary>
    public int Degree { get; init; } = 2;

    /// <summary>The smoother works on eigenvalues of D⁻¹A from λ/this to λ, its largest. More than 1.</summary>
    public double SmoothedRange { get; init; } = 16;

    /// <summary>A level of at most so many unknowns is solved directly. At least 1.</summary>
    public int CoarsestUnknowns { get; init; } = 500;

    /// <summary>The most levels. At least 1.</summary>
    public int MaxLevels { get; init; } = 20;

    /// <summary>
    /// Whether the cycle computes in single precision, which halves its time. The solution is as exact as the solver that calls it makes it.
    /// </summary>
    public bool SinglePrecision { get; init; } = true;

    internal AmgOptions Validated()
    {
        ArgumentOutOfRangeException.ThrowIfNegative(Strength);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Strength, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(Degree, 1);
        if (!(SmoothedRange > 1) || double.IsInfinity(SmoothedRange))
        {
            throw new ArgumentOutOfRangeException(nameof(SmoothedRange), SmoothedRange, "The smoother's range of eigenvalues is a finite ratio above 1.");
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(CoarsestUnknowns, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxLevels, 1);
        return this;
    }
}

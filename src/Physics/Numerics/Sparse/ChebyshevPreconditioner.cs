namespace ActorMultiscale.Physics.Numerics.Sparse;

/// <summary>
/// A Chebyshev polynomial in D⁻¹A, with the diagonal blocks D: as many products with A as its degree less one, and nothing that runs row
/// after row, so any number of threads share it.
/// Usable by one caller at a time; allocates nothing once built.
/// </summary>
/// <remarks>After: Saad, "Iterative Methods for Sparse Linear Systems", 2nd ed. (2003), sections 12.3.2 and 6.7.3 (the largest eigenvalue).</remarks>
public sealed class ChebyshevPreconditioner : IPreconditioner
{
    private readonly BlockSmoother<double> _smoother;
    private readonly int _degree;
    private readonly double _range;

    /// <summary>The preconditioner of a matrix by single rows.</summary>
    /// <param name="matrix">A, symmetric positive definite. Copied.</param>
    /// <param name="degree">The degree, at least 1.</param>
    /// <param name="range">Eigenvalues of D⁻¹A from λ/range to λ, its largest, are made about equal; above 1.</param>
    /// <param name="loop">The threads; the caller's if null.</param>
    /// <exception cref="ArgumentException">A is not square, or a diagonal entry is not positive.</exception>
    public ChebyshevPreconditioner(CsrMatrix matrix, int degree = 4, double range = 30, ChunkedLoop? loop = null)
        : this(BcsrMatrix.FromCsr(matrix, 1, loop), degree, range, loop)
    {
    }

    /// <summary>The preconditioner of a matrix by blocks.</summary>
    /// <param name="matrix">A, symmetric positive definite. Kept, not copied.</param>
    /// <param name="degree">The degree, at least 1.</param>
    /// <param name="range">Eigenvalues of D⁻¹A from λ/range to λ, its largest, are made about equal; above 1.</param>
    /// <param name="loop">The threads; the caller's if null.</param>
    /// <exception cref="ArgumentException">A is not square, or a diagonal block is not positive definite.</exception>
    public ChebyshevPreconditioner(BcsrMatrix matrix, int degree = 4, double range = 30, ChunkedLoop? loop = null)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        ArgumentOutOfRangeException.ThrowIfNotEqual(matrix.ColumnCount, matrix.RowCount, nameof(matrix));
        ArgumentOutOfRangeException.ThrowIfLessThan(degree, 1);
        if (!(range > 1) || double.IsInfinity(range))
        {
            throw new ArgumentOutOfRangeException(nameof(range), range, "The range of eigenvalues is a finite ratio above 1.");
        }

        loop ??= ChunkedLoop.Serial;
        (_degree, _range) = (degree, range);
        _smoother = new(matrix.Storage, DiagonalBlocks.Inverse(matrix.Storage, 0, loop), loop);
    }

    /// <summary>An estimate of the largest eigenvalue of D⁻¹A, from below and within a tenth.</summary>
    public double LargestEigenvalue => _smoother.Largest;

    /// <inheritdoc/>
    public void Apply(ReadOnlySpan<double> r, Span<double> z)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(r.Length, _smoother.Right.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(z.Length, _smoother.Right.Length);
        r.CopyTo(_smoother.Right);
        _smoother.Smooth(_degree, _range, fromZero: true, withRest: false);
        _smoother.Solution.CopyTo(z);
    }
}

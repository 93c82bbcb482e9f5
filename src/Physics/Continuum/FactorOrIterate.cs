using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Numerics.Sparse;

namespace ActorMultiscale.Physics.Continuum;

/// <summary>
/// The one rule by which systems are factored or solved by iterations. What is solved with one matrix many times, as steps in time are, or has nothing to iterate with, is factored. What is solved with
/// it once or a few times is factored as long as it is small: up to <see cref="BesideMultigrid"/> unknowns where multigrid is the other way, and up to
/// <see cref="BesideOthers"/> where iterations are slower or less robust than that.
/// </summary>
public static class FactorOrIterate
{
    /// <summary>Up to so many unknowns a factorization takes less time than multigrid takes to set up.</summary>
    public const int BesideMultigrid = 3000;

    /// <summary>
    /// Up to so many unknowns a factorization takes no longer than minimal residuals take for a saddle point: as long in the plane, and in space twice as long at half as many again. Conjugate gradients
    /// with SSOR may be faster, but rounding keeps them from where they should get where thin bodies make a bad condition.
    /// </summary>
    public const int BesideOthers = 10_000;

    /// <summary>What solves A x = y any number of times by a factorization.</summary>
    /// <param name="matrix">A, symmetric; positive definite unless said otherwise.</param>
    /// <param name="loop">The threads; one if null.</param>
    /// <param name="isDefinite">Whether A is positive definite.</param>
    /// <exception cref="InvalidOperationException">A pivot is rounding alone, or not positive where A is to be positive definite.</exception>
    internal static Func<double[], double[]> Factored(CsrMatrix matrix, ChunkedLoop? loop = null, bool isDefinite = true)
    {
        var factor = isDefinite ? SparseLdl.PositiveDefinite(matrix, loop) : SparseLdl.Indefinite(matrix, loop);
        return y =>
        {
            var x = new double[y.Length];
            _ = factor.Solve(y, x);
            return x;
        };
    }

    /// <summary>What solves A x = y a few times: by a factorization if A is small, else by conjugate gradients with multigrid.</summary>
    /// <param name="matrix">A, symmetric and positive definite.</param>
    /// <param name="blockSize">The unknowns of a node; 1 where some of them were taken out.</param>
    /// <param name="kernel">The near-kernel of A.</param>
    /// <param name="tolerance">The residual that iterations reach, relative to y.</param>
    /// <param name="loop">The threads; one if null.</param>
    /// <exception cref="InvalidOperationException">A is not positive definite, or the residual was not reached.</exception>
    internal static Func<double[], double[]> Prepared(CsrMatrix matrix, int blockSize, Func<NearKernel> kernel, double tolerance, ChunkedLoop? loop)
    {
        if (matrix.RowCount <= BesideMultigrid)
        {
            return Factored(matrix, loop);
        }

        var blocks = BcsrMatrix.FromCsr(matrix, blockSize, loop);
        var multigrid = new AmgPreconditioner(blocks, kernel(), loop: loop);
        return y =>
        {
            var x = new double[y.Length];
            _ = ConjugateGradient.Solve(blocks.On(loop ?? ChunkedLoop.Serial), y, x, multigrid, tolerance, loop: loop);
            return x;
        };
    }
}

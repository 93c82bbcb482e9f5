using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Numerics.Sparse;

namespace ActorMultiscale.Physics.Continuum;

/// <summary>A solution and how it was found.</summary>
/// <param name="Solution">u, one number a dof.</param>
/// <param name="Iterations">Of conjugate gradients; 0 for a factorization.</param>
/// <param name="RelativeResidual">‖y − A x‖ / ‖y‖ of the system without its constraints.</param>
public sealed record StaticResult(double[] Solution, int Iterations, double RelativeResidual);

/// <summary>Positive definite problems in one call: a(u, v) = l(v) under constraints, as heat conduction and elasticity are; small ones are factored (<see cref="FactorOrIterate"/>).</summary>
public static class StaticProblem
{
    /// <summary>Finds u with a(u, v) = l(v).</summary>
    /// <param name="basis">The functions.</param>
    /// <param name="form">a, symmetric and positive definite where the constraints leave dofs free.</param>
    /// <param name="load">l, one number a dof: a sum of <see cref="Assembly.Vector"/>.</param>
    /// <param name="constraints">What is given.</param>
    /// <param name="tolerance">The residual that conjugate gradients reach, relative to the load.</param>
    /// <param name="loop">The threads; one if null. The bits do not depend on it.</param>
    /// <exception cref="ScaleModelException">The matrix is not positive definite (is a body free to move?), or the residual was not reached.</exception>
    public static StaticResult Solve(Basis basis, BilinearForm form, ReadOnlySpan<double> load, Constraints constraints, double tolerance = 1e-10, ChunkedLoop? loop = null) =>
        Solve(basis, Assembly.Blocks(basis, form, null, loop), load, constraints, tolerance, loop);

    /// <summary>The same with a matrix that is there: by factorization if it is small, by conjugate gradients with multigrid else.</summary>
    /// <param name="basis">The functions; tell the near-kernel.</param>
    /// <param name="matrix">K, symmetric and positive definite where the constraints leave dofs free.</param>
    /// <param name="load">f, one number a dof.</param>
    /// <param name="constraints">What is given.</param>
    /// <param name="tolerance">The residual that conjugate gradients reach, relative to the load.</param>
    /// <param name="loop">The threads; one if null. The bits do not depend on it.</param>
    /// <exception cref="ScaleModelException">The matrix is not positive definite (is a body free to move?), or the residual was not reached.</exception>
    public static StaticResult Solve(Basis basis, BcsrMatrix matrix, ReadOnlySpan<double> load, Constraints constraints, double tolerance = 1e-10, ChunkedLoop? loop = null)
    {
        ArgumentNullException.ThrowIfNull(basis);
        ArgumentNullException.ThrowIfNull(matrix);
        ArgumentNullException.ThrowIfNull(constraints);
        loop ??= ChunkedLoop.Serial;
        var system = constraints.CondenseBlocks(matrix, load, loop);
        var x = new double[basis.DofCount];
        if (basis.DofCount <= FactorOrIterate.BesideMultigrid)
        {
            _ = Solving.Of(() => SparseLdl.PositiveDefinite(system.Matrix.ToCsr(), loop).Solve(system.Right, x));
            var product = new double[x.Length];
            system.Matrix.Multiply(x, product);
            var norm = FixedOrderSum.Norm(system.Right);
            return new(system.Expand(x), 0, norm == 0 ? 0 : FixedOrderSum.Distance(product, system.Right) / norm);
        }

        var multigrid = new AmgPreconditioner(system.Matrix, basis.RigidMotions(), loop: loop);
        var result = Solving.Of(() => ConjugateGradient.Solve(system.Matrix.On(loop), system.Right, x, multigrid, tolerance, loop: loop));
        return new(system.Expand(x), result.Iterations, result.RelativeResidual);
    }
}

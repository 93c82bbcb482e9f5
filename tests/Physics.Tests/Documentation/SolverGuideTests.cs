using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Numerics.Sparse;
using ActorMultiscale.Tests.Numerics.Sparse;

namespace ActorMultiscale.Tests.Documentation;

public sealed class SolverGuideTests
{
    [Fact]
    public void A_clamped_solid_is_solved_by_multigrid_and_by_a_factorization()
    {
        var (matrix, places, load) = TestMatrices.Elasticity(8);

        #region solve
        using var team = new ChunkedLoop(degree: 2).Gather();
        var blocks = BcsrMatrix.FromCsr(matrix, blockSize: 3, team.Loop);
        var kernel = NearKernel.RigidBodyModes(places, dimension: 3);
        var preconditioner = new AmgPreconditioner(blocks, kernel, loop: team.Loop);

        var displacement = new double[blocks.RowCount];
        var result = ConjugateGradient.Solve(blocks.On(team.Loop), load, displacement, preconditioner, 1e-10, loop: team.Loop);
        #endregion

        #region factor
        var factor = SparseLdl.PositiveDefinite(matrix, team.Loop);
        var exact = new double[factor.Size];
        var backwardError = factor.Solve(load, exact);
        #endregion

        Assert.InRange(result.Iterations, 5, 20);
        Assert.InRange(backwardError, 0, 1e-15);
        Assert.True(FixedOrderSum.Distance(displacement, exact) < 1e-8 * FixedOrderSum.Norm(exact));
    }
}

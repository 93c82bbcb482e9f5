using ActorMultiscale.Physics.Adaptivity;
using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Adaptive;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Tests.Documentation;

/// <summary>What docs/adaptive-meshes.md shows.</summary>
public sealed class AdaptiveGuideTests
{
    [Fact]
    public void The_loop_ends_with_a_mesh_that_is_fine_at_the_corner()
    {
        #region loop
        (Basis Basis, double[] U) Solve(AdaptiveMesh mesh)
        {
            var basis = Basis.Scalar(mesh.Mesh, degree: 2);
            var constraints = mesh.Constrain(basis);
            constraints.Fix(basis, mesh.NodesOn(basis, constraints), _ => 0);
            return (basis, constraints.Solve(Assembly.Matrix(basis, Heat.Conduction(1)), Assembly.Vector(basis, Heat.Source(_ => 1))));
        }

        var rounds = AdaptiveLoop.Run<(Basis Basis, double[] U)>(
            AdaptiveMesh.Of(StructuredMesh.LShape(2)), (mesh, _) => Solve(mesh),
            (mesh, s) => ErrorEstimator.Recovery(mesh, s.Basis, s.U));
        var last = rounds.First(step => ErrorEstimator.Total(step.Indicators) < 5e-3);
        #endregion

        var energy = Assembly.Integral(last.Solution.Basis, last.Solution.U, (_, jet) => jet.Gradient.NormSquared);
        Assert.Equal(0.2140758, energy, 4e-5);
        Assert.True(last.Mesh.Forest.LeavesAtLevels.Length > 3);
    }

    [Fact]
    public void Rounds_with_the_multigrid_of_the_rounds_reach_their_tolerance()
    {
        #region multigrid
        GeometricMultigrid? multigrid = null;
        (AdaptiveMesh Mesh, Basis Basis, double[] U)? old = null;
        for (var mesh = AdaptiveMesh.Of(StructuredMesh.LShape(2)); ;)
        {
            var basis = Basis.Scalar(mesh.Mesh, degree: 1);
            var constraints = mesh.Constrain(basis);
            constraints.Fix(basis, mesh.NodesOn(basis, constraints), _ => 0);
            var system = constraints.CondenseBlocks(Assembly.Blocks(basis, Heat.Conduction(1)), Assembly.Vector(basis, Heat.Source(_ => 1)));
            multigrid = new GeometricMultigrid(mesh, basis, system, multigrid);
            var x = old is { } o ? new MeshTransfer(o.Mesh, mesh).Interpolate(o.Basis, o.U, basis) : new double[basis.DofCount];
            ConjugateGradient.Solve(system.Matrix, system.Right, x, multigrid, relativeTolerance: 1e-5);
            old = (mesh, basis, system.Expand(x));
            var indicators = ErrorEstimator.Recovery(mesh, basis, old.Value.U);
            var estimate = ErrorEstimator.Total(indicators);
            if (estimate < 0.01)
            {
                break;
            }

            mesh = mesh.Cut(Marking.Cuts(indicators, Math.Max(0.0099, 0.4 * estimate), degree: 1, dimension: 2));
        }
        #endregion

        // ∫ |∇(u − u_h)|² = ∫ |∇u|² − ∫ |∇u_h|² for given values of zero.
        var energy = Assembly.Integral(old.Value.Basis, old.Value.U, (_, jet) => jet.Gradient.NormSquared);
        Assert.Equal(0.01, Math.Sqrt(0.2140758 - energy), 0.001);
        Assert.InRange(multigrid.Levels.Count, 3, 12);
    }
}

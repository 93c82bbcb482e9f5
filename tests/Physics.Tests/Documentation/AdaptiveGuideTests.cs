using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Adaptive;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Meshes;

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
}

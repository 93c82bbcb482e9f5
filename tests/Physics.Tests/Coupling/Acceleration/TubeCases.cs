using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Acceleration;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Tests.Examples;
using Xunit.Abstractions;

namespace ActorMultiscale.Tests.Coupling;

/// <summary>
/// Pressures of thousands beside cross sections of about 1, in parallel stages, where the residual sits now in one, now in the other:
/// what a scaling of unlike quantities has to stand.
/// </summary>
public sealed class TubeCases(ITestOutputHelper output)
{
    // With short windows the added mass amplifies round-off: a limit of 1e-11 is below what the flow can tell, 1e-8 is not.
    [Theory]
    [InlineData(200, 0.04, false, 1e-11, 8.5, 8.5)]
    [InlineData(200, 0.04, true, 1e-11, 8.5, 9)]
    [InlineData(200, 0.01, false, 1e-8, 5.5, 6)]
    [InlineData(200, 0.01, true, 1e-8, 6, 6.5)]
    [InlineData(100, 0.04, false, 1e-11, 9.6, 9)]
    [InlineData(100, 0.04, true, 1e-11, 9.5, 11)]
    [InlineData(100, 0.01, false, 1e-8, 7, 7)]
    [InlineData(100, 0.01, true, 1e-8, 7, 7)]
    [InlineData(40, 0.04, false, 1e-11, 13.2, 11)]
    [InlineData(40, 0.04, true, 1e-11, 12.5, 15)]
    [InlineData(40, 0.01, false, 1e-8, 11, 9.5)]
    [InlineData(40, 0.01, true, 1e-8, 7.5, 11.5)]
    public void The_usual_settings_converge_in_every_window(double pulse, double window, bool parallel, double limit, double leastSquares, double jacobian)
    {
        Converges(pulse, window, parallel, limit, AccelerationSpec.LeastSquares(), leastSquares);
        Converges(pulse, window, parallel, limit, AccelerationSpec.Jacobian(), jacobian);
    }

    // But for the residual alone: with parallel stages it is round-off in one quantity or the other at every start, and weights by it amplify that.
    [Theory]
    [InlineData(BlockScaling.Constant)]
    [InlineData(BlockScaling.Value)]
    [InlineData(BlockScaling.ResidualSum)]
    public void Every_lasting_scaling_converges_with_parallel_stages(BlockScaling scaling)
    {
        foreach (var (pulse, window) in new[] { (200, 0.04), (200, 0.01), (100, 0.04), (100, 0.01), (40, 0.04), (40, 0.01) })
        {
            Converges(pulse, window, true, 1e-8, AccelerationSpec.LeastSquares() with { Scaling = scaling }, 11);
        }
    }

    private void Converges(double pulse, double window, bool parallel, double limit, AccelerationSpec acceleration, double most)
    {
        var result = new SerialRunner(Composition.Compose(ElasticTubeTests.Tube(pulse, window, parallel, acceleration, limit))).Run();

        Assert.True(result.Outcome == RunOutcome.Completed, result.Reason);
        output.WriteLine(FormattableString.Invariant($"c = {pulse}, window {window}, {(parallel ? "parallel" : "serial")}, {acceleration.Method}, {acceleration.Scaling}: {result.Metrics["iterations.mean"]:F2}, at most {result.Metrics["iterations.max"]}"));
        Assert.Equal(0, result.Metrics["not-converged"]);
        Assert.InRange(result.Metrics["iterations.mean"], 1, most);
    }
}

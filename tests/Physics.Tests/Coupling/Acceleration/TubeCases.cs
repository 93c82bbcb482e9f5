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
    [InlineData(200, 0.04, false, 1e-11, 8.5)]
    [InlineData(200, 0.04, true, 1e-11, 8.5)]
    [InlineData(200, 0.01, false, 1e-8, 5.5)]
    [InlineData(200, 0.01, true, 1e-8, 6)]
    [InlineData(100, 0.04, false, 1e-11, 9.6)]
    [InlineData(100, 0.04, true, 1e-11, 10.3)]
    [InlineData(100, 0.01, false, 1e-8, 7)]
    [InlineData(100, 0.01, true, 1e-8, 7)]
    [InlineData(40, 0.04, false, 1e-11, 13.2)]
    [InlineData(40, 0.04, true, 1e-11, 13.2)]
    [InlineData(40, 0.01, true, 1e-8, 8)]
    public void The_usual_settings_converge_in_every_window(double pulse, double window, bool parallel, double limit, double most)
    {
        var result = new SerialRunner(Composition.Compose(ElasticTubeTests.Tube(pulse, window, parallel, AccelerationSpec.LeastSquares(), limit))).Run();

        Assert.True(result.Outcome == RunOutcome.Completed, result.Reason);
        output.WriteLine(FormattableString.Invariant($"c = {pulse}, window {window}, {(parallel ? "parallel" : "serial")}: {result.Metrics["iterations.mean"]:F2}, at most {result.Metrics["iterations.max"]}"));
        Assert.Equal(0, result.Metrics["not-converged"]);
        Assert.InRange(result.Metrics["iterations.mean"], 1, most);
    }
}

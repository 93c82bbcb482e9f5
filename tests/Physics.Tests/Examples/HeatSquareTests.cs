using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Examples;

namespace ActorMultiscale.Tests.Examples;

/// <summary>
/// Partitioned heat conduction against the iterations that preCICE 3.4.1 makes on the same discretization (window 0.1 to
/// t = 1, relative limit 1e-10 on both conduits, at most 100 iterations).
/// </summary>
public sealed class HeatSquareTests
{
    private static readonly CouplingScheme _serial = CouplingScheme.Serial("left", "right");

    private static Experiment PartitionedHeat(CouplingScheme scheme, double relaxation, int substeps = 1, int cells = 11, double until = 1) => new()
    {
        Name = "partitioned-heat",
        Until = until,
        Window = 0.1,
        Participants =
        [
            Participant.Of("left", HeatSquare.Entry, ("side", "dirichlet"), ("substeps", (long)substeps), ("cells", (long)cells)),
            Participant.Of("right", HeatSquare.Entry, ("side", "neumann"), ("substeps", (long)substeps), ("cells", (long)cells)),
        ],
        Conduits = [new("left.flux", "right.flux"), new("right.temperature", "left.temperature")],
        Scheme = scheme.Iterated(100,
            new("left.temperature", ResidualMeasure.Relative, 1e-10), new("right.flux", ResidualMeasure.Relative, 1e-10)).Relaxed(relaxation),
    };

    private static RunResult Run(Experiment experiment) => new SerialRunner(Composition.Compose(experiment)).Run();

    [Theory]
    [InlineData(1)]
    [InlineData(10)]
    public void Serial_iterations_with_relaxation_one_half_reach_the_exact_solution_in_28_3_iterations_a_window(int substeps)
    {
        var result = Run(PartitionedHeat(_serial, 0.5, substeps));

        Assert.Equal(RunOutcome.Completed, result.Outcome);
        Assert.Equal(0, result.Metrics["not-converged"]);
        Assert.Equal(28.3, result.Metrics["iterations.mean"], 0.3);

        // The discretization is exact, so the limit 1e-10 of the iteration and round-off are all there is. (What takes the 28
        // iterations are the two corners, which the left square receives, but knows better; the rest is there after 18.)
        Assert.InRange(result.Metrics["left.max-error"], 0, 1e-9);
        Assert.InRange(result.Metrics["right.max-error"], 0, 1e-9);
    }

    [Fact]
    public void The_first_windows_take_29_29_29_28_iterations()
    {
        var iterations = new List<long>();

        new SerialRunner(Composition.Compose(PartitionedHeat(_serial, 0.5))) { OnWindow = record => { iterations.Add(record.Iterations); return true; } }.Run();

        Assert.Equal([29, 29, 29, 28], iterations.Take(4));
    }

    [Fact]
    public void Without_relaxation_the_iteration_does_not_converge()
    {
        var result = Run(PartitionedHeat(_serial, 1));

        Assert.Equal(10, result.Metrics["not-converged"]);
        Assert.Equal(100, result.Metrics["iterations.mean"]);
        Assert.Equal(1.8e-4, Math.Max(result.Metrics["left.max-error"], result.Metrics["right.max-error"]), 0.1e-4);
    }

    [Fact]
    public void Parallel_iterations_take_twice_as_many()
    {
        var result = Run(PartitionedHeat(CouplingScheme.Parallel("left", "right"), 0.5));

        // The residual shrinks by 1/√2 an iteration, so the last bits of a norm can move a window by one: here all ten take 59.
        Assert.Equal(0, result.Metrics["not-converged"]);
        Assert.Equal(59.4, result.Metrics["iterations.mean"], 0.6);
        Assert.InRange(result.Metrics["right.max-error"], 0, 1e-9);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    public void Quadratics_are_exact_on_any_grid(int cells)
    {
        var result = Run(PartitionedHeat(_serial, 0.5, cells: cells, until: 0.2));

        Assert.Equal(0, result.Metrics["not-converged"]);
        Assert.InRange(result.Metrics["left.max-error"], 0, 1e-9);
        Assert.InRange(result.Metrics["right.max-error"], 0, 1e-9);
    }
}

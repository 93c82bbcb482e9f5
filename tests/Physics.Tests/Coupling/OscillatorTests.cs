using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Examples;

namespace ActorMultiscale.Tests.Coupling;

/// <summary>
/// The two-mass oscillator against the errors that preCICE 3.4.1 reaches on it (serial-implicit, relative limit 1e-10, no acceleration).
/// </summary>
public sealed class OscillatorTests
{
    public static Experiment Oscillator(double window, string integrator, int degree, int substeps = 4, bool exchangeSubsteps = true) => new()
    {
        Name = "oscillator",
        Until = 1,
        Window = window,
        Participants =
        [
            Participant.Of("left", OscillatorMass.Entry, ("side", "left"), ("integrator", integrator), ("substeps", (long)substeps)),
            Participant.Of("right", OscillatorMass.Entry, ("side", "right"), ("integrator", integrator), ("substeps", (long)substeps)),
        ],
        Conduits =
        [
            new("left.spring-force", "right.force") { Degree = degree, Substeps = exchangeSubsteps },
            new("right.spring-force", "left.force") { Degree = degree, Substeps = exchangeSubsteps },
        ],
        Scheme = CouplingScheme.Serial("left", "right").Iterated(200,
            new("left.force", ResidualMeasure.Relative, 1e-10), new("right.force", ResidualMeasure.Relative, 1e-10)),
    };

    [Theory]
    [InlineData("newmark", 1, true, 0.04, 2.5975e-2, 2.5058e-2)]
    [InlineData("newmark", 3, true, 0.02, 6.5141e-3, 6.2850e-3)]
    [InlineData("newmark", 3, true, 0.01, 1.6297e-3, 1.5724e-3)]
    [InlineData("newmark", 1, true, 0.0025, 1.0189e-4, 9.8297e-5)]
    [InlineData("newmark", 1, false, 0.02, 2.8214e-2, null)]
    [InlineData("generalized-alpha", 1, true, 0.02, 5.3423e-3, null)]
    [InlineData("generalized-alpha", 3, true, 0.02, 3.6365e-3, 3.3409e-3)]
    [InlineData("runge-kutta-4", 3, true, 0.04, 3.0173e-5, 2.7655e-5)]
    [InlineData("runge-kutta-4", 3, true, 0.01, 1.1683e-7, 1.0706e-7)]
    [InlineData("runge-kutta-4", 1, true, 0.02, 1.5565e-3, null)]
    [InlineData("runge-kutta-4", 1, false, 0.01, 6.2136e-3, null)]
    public void Errors_are_those_of_the_published_table(string integrator, int degree, bool substeps, double window, double left, double? right)
    {
        var result = new SerialRunner(Composition.Compose(Oscillator(window, integrator, degree, exchangeSubsteps: substeps))).Run();

        Assert.Equal(RunOutcome.Completed, result.Outcome);
        Assert.Equal(0, result.Metrics["not-converged"]);
        Assert.Equal(left, result.Metrics["left.max-error"], 0.002 * left);     // The table has five digits; 0.2 % covers the limit 1e-10 of the iteration.
        if (right is { } value)
        {
            Assert.Equal(value, result.Metrics["right.max-error"], 0.002 * value);
        }
    }

    [Theory]
    [InlineData("newmark", 3, 2)]
    [InlineData("generalized-alpha", 3, 2)]
    [InlineData("runge-kutta-4", 3, 4)]
    [InlineData("runge-kutta-4", 1, 2)]
    public void The_observed_order_is_that_of_the_weakest_link(string integrator, int degree, double order)
    {
        double Error(double window) => new SerialRunner(Composition.Compose(Oscillator(window, integrator, degree))).Run().Metrics["left.max-error"];

        Assert.Equal(order, Math.Log2(Error(0.02) / Error(0.01)), 0.05);
    }

    [Theory]
    [InlineData(0.04, 4.84)]
    [InlineData(0.02, 4.00)]
    [InlineData(0.01, 3.86)]
    public void Iterations_per_window_are_those_of_the_published_table(double window, double mean)
    {
        var result = new SerialRunner(Composition.Compose(Oscillator(window, "newmark", 3))).Run();

        Assert.Equal(mean, result.Metrics["iterations.mean"], 0.05);
    }

    [Theory]
    [InlineData(true, 0.04, 1.681)]
    [InlineData(true, 0.01, 2.759e-1)]
    [InlineData(false, 0.04, 4.548)]
    [InlineData(false, 0.01, 6.368e-1)]
    public void Explicit_schemes_have_the_errors_of_the_published_table(bool serial, double window, double left)
    {
        var experiment = Oscillator(window, "newmark", 1, substeps: 1) with
        {
            Scheme = serial ? CouplingScheme.Serial("left", "right") : CouplingScheme.Parallel("left", "right"),
        };

        var result = new SerialRunner(Composition.Compose(experiment)).Run();

        Assert.Equal(left, result.Metrics["left.max-error"], 0.002 * left);
    }
}
